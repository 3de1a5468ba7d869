/* assess/signals.c — chains of concepts. Layer assess; knows words only as concepts.
 *
 * Each word that belongs to a concept tries the places that the concept has in chains. A place is taken when the one
 * before it was taken near enough, in the same sentence. The nearest earlier word is the best, so the last one that took
 * a place is kept, and one more for concepts that began before it; the work for a word is bounded by the rules alone. */
#include "assess/scan.h"

#include <string.h>

/* Words of one text are never near those of another. */
#define FAR 1024u
#define WORD_MAX 0xF0000000u

void aim__signals_begin(aim_scan_result *r)
{
	if (r->word > WORD_MAX) {
		memset(r->stages, 0, sizeof r->stages);
		memset(r->seen, 0, sizeof r->seen);
		r->word = 0;
	}
	r->word += FAR;
	r->text_word = r->sentence_word = r->word;
	r->disguised_word = 0;
	r->n_signals = 0;
	memset(r->rules_seen, 0, sizeof r->rules_seen);
}

static void keep(aim_scan_result *r, uint32_t rule, uint32_t start, uint32_t end, int disguised)
{
	uint64_t bit = (uint64_t)1 << (rule & 63);
	if (r->rules_seen[rule >> 6] & bit || r->n_signals == AIM__SCAN_SIGNALS)
		return;
	r->rules_seen[rule >> 6] |= bit;
	aim__scan_signal *signal = &r->signals[r->n_signals++];
	signal->rule = (uint16_t)rule;
	signal->disguised = (uint16_t)disguised;
	signal->start = start;
	signal->end = end;
}

void aim__signals_add(aim_scan_result *r, uint32_t rule, uint32_t start, uint32_t end)
{
	keep(r, rule, start, end, 0);
}

static void yield(aim_scan_result *r, const aim__rule_chain *chain, const aim__scan_slot *begin, uint32_t end);

/* What took the stage before, near enough: the thing that takes this one begins at word `begin`, behind its end. */
static const aim__scan_slot *nearest(const aim_scan_result *r, const aim__scan_stage *before, const aim__rule_step *s,
                                     uint32_t begin)
{
	uint32_t first = s->flags & AIM__STEP_ACROSS ? r->text_word : r->sentence_word;
	if (before->last.word >= first && begin - before->last.word - 1 <= s->gap)
		return &before->last;
	if (before->older.word >= first && begin - before->older.word - 1 <= s->gap)
		return &before->older;
	return NULL;
}

static void take(aim__scan_stage *stage, const aim__scan_slot *from)
{
	if (stage->last.word != from->word)
		stage->older = stage->last;
	stage->last = *from;
}

static void step(aim_scan_result *r, const aim__rule_step *s, const aim__scan_slot *begin, uint32_t end)
{
	const aim__scan_stage *stage = s->flags & AIM__STEP_BEHIND_CONCEPT ? &r->seen[s->before] : &r->stages[s->before];
	const aim__scan_slot *before = nearest(r, stage, s, begin->start_word);
	if (!before)
		return;
	aim__scan_slot from = {r->word, before->start_word, before->start};
	if (s->flags & AIM__STEP_LAST)
		yield(r, &aim__rule_chains[s->chain], &from, end);
	else
		take(&r->stages[s->slot], &from);
}

static void see(aim_scan_result *r, uint32_t concept, const aim__scan_slot *begin, uint32_t end)
{
	uint32_t i = aim__rule_steps_of[concept], stop = aim__rule_steps_of[concept + 1];
	r->work += stop - i;
	for (; i < stop; i++)
		if (aim__rule_steps[i].flags & AIM__STEP_ALONE)
			yield(r, &aim__rule_chains[aim__rule_steps[i].chain], begin, end);
		else
			step(r, &aim__rule_steps[i], begin, end);
	take(&r->seen[concept], begin);
}

static int is_excused(const aim_scan_result *r, const aim__rule_chain *chain, const aim__scan_slot *begin)
{
	uint32_t last = chain->unless ? r->seen[chain->unless].last.word : 0;
	return last >= r->sentence_word && last < begin->start_word && begin->start_word - last <= chain->unless_gap + 1u;
}

static void yield(aim_scan_result *r, const aim__rule_chain *chain, const aim__scan_slot *begin, uint32_t end)
{
	if (chain->yields & AIM__CHAIN_CONCEPT)
		see(r, chain->yields & ~AIM__CHAIN_CONCEPT, begin, end); /* compile.py refuses cycles, and depth beyond six */
	else if (!is_excused(r, chain, begin))
		keep(r, chain->yields, begin->start, end, r->disguised_word >= begin->start_word && r->disguised_word);
}

void aim__signals_see(aim_scan_result *r, uint32_t concept, uint32_t start, uint32_t end)
{
	aim__scan_slot begin = {r->word, r->word, start};
	see(r, concept, &begin, end);
}
