/* assess/field.c — one text with all that it says under an encoding: signals become findings. Layer assess.
 *
 * A signal of weight 100 decides alone. Weaker ones add up: within one text, the strongest of each category; over the
 * texts of a definition with a higher bar, because what stands apart belongs together less. Under an encoding, in
 * disguise or out of sight the bar is lower: nobody hides an ordinary sentence. */
#include "assess/scan.h"

#include <string.h>

#define DECIDES 100u
#define DECIDES_HIDDEN 50u
#define DECIDES_OVER_FIELDS 150u
#define TELLS 60u /* worth a note */
#define DETAILS 240u

typedef struct tally {
	uint16_t weights[AIM__RULE_CATEGORIES];
	const aim__scan_signal *best[AIM__RULE_CATEGORIES];
	uint32_t total;
	uint32_t strongest; /* category */
	uint32_t disguised;
} tally;

static void count(const aim_scan_result *r, const aim__scan_view *view, uint32_t from, tally *out)
{
	memset(out, 0, sizeof *out);
	for (uint32_t i = 0; i < r->n_signals; i++) {
		const aim__scan_signal *s = &r->signals[i];
		const aim__rule *rule = &aim__rules[s->rule];
		if (s->start < from || (view->known && view->known[s->rule >> 6] >> (s->rule & 63) & 1))
			continue;
		out->disguised |= s->disguised;
		if (rule->weight <= out->weights[rule->category])
			continue;
		out->weights[rule->category] = rule->weight;
		out->best[rule->category] = s;
	}
	for (uint32_t c = 0; c < AIM__RULE_CATEGORIES; c++) {
		out->total += out->weights[c];
		if (out->weights[c] > out->weights[out->strongest])
			out->strongest = c;
	}
}

/* "also secrecy, exfiltrate": the other rules that gave a signal. */
static aim_str also(const tally *t, char out[DETAILS])
{
	size_t n = 0;
	for (uint32_t c = 0; c < AIM__RULE_CATEGORIES; c++) {
		if (!t->best[c] || c == t->strongest)
			continue;
		const char *id = aim__rules[t->best[c]->rule].id;
		size_t len = strlen(id), head = n ? 2 : 5;
		if (n + head + len > DETAILS)
			break;
		memcpy(out + n, n ? ", " : "also ", head);
		memcpy(out + n + head, id, len);
		n += head + len;
	}
	aim_str text = {out, n};
	return text;
}

static void report(aim_scan_result *r, const aim__scan_view *view, const aim__scan_signal *s, uint32_t severity,
                   aim_str details)
{
	const aim__rule *rule = &aim__rules[s->rule];
	uint32_t threat = rule->type;
	if (r->place.part == AIM__PART_SCHEMA && threat == AIM_SCAN_DESCRIPTION_INJECTION)
		threat = AIM_SCAN_TOOL_POISONING;
	aim__found found = {.rule = s->rule, .severity = severity, .threat = threat, .start = s->start, .end = s->end,
	                    .view = view, .place = r->place, .details = details};
	aim__finding_add(r, &found);
}

/* In clear: what decides alone, what decides together, and what waits for the other fields. */
static void judge_plain(aim_scan_result *r, const aim__scan_view *view, const tally *t)
{
	char details[DETAILS];
	if (t->total >= DECIDES) {
		report(r, view, t->best[t->strongest], AIM_SCAN_CRITICAL, also(t, details));
		for (uint32_t c = 0; c < AIM__RULE_CATEGORIES; c++)
			if (c != t->strongest && t->weights[c] >= DECIDES)
				report(r, view, t->best[c], AIM_SCAN_CRITICAL, aim_str_from(""));
		return;
	}
	if (t->total >= TELLS)
		report(r, view, t->best[t->strongest], AIM_SCAN_INFO, also(t, details));
	for (uint32_t c = 0; c < AIM__RULE_CATEGORIES; c++) {
		if (t->weights[c] <= r->weights[c])
			continue;
		r->weights[c] = t->weights[c];
		r->strongest[c] = *t->best[c];
		r->places[c] = r->place;
	}
}

static void judge_hidden(aim_scan_result *r, const aim__scan_view *view, const tally *t, uint32_t rule)
{
	char details[DETAILS];
	const aim__scan_signal *s = t->best[t->strongest];
	aim_str others = also(t, details);
	size_t len = strlen(aim__rules[s->rule].id), room = others.len ? 2 : 0;
	if (others.len + room + len <= DETAILS) {
		memmove(details + len + room, details, others.len);
		memcpy(details + len, "; ", room);
		memcpy(details, aim__rules[s->rule].id, len);
		others.len += room + len;
	}
	others.ptr = details;
	aim__found found = {.rule = rule, .severity = AIM_SCAN_CRITICAL, .start = s->start, .end = s->end, .view = view,
	                    .place = r->place, .details = others};
	aim__finding_add(r, &found);
}

static void plain_finding(aim_scan_result *r, const aim__scan_view *view, uint32_t rule, uint32_t severity,
                          uint32_t start, uint32_t end)
{
	aim__found found = {.rule = rule, .severity = severity, .start = start, .end = end, .view = view, .place = r->place};
	aim__finding_add(r, &found);
}

static uint32_t char_end(const aim__scan_view *view, uint32_t at)
{
	uint32_t end = at + 1;
	while (end < view->len && (view->ptr[end] & 0xC0) == 0x80)
		end++;
	return end;
}

/* What nobody sees, in whatever view. */
static void report_traits(aim_scan_result *r, const aim__scan_view *view)
{
	const aim__scan_traits *t = &r->traits;
	if (t->n_tags)
		plain_finding(r, view, AIM__RULE_TAG_TEXT, AIM_SCAN_CRITICAL, t->tags, char_end(view, t->tags));
	else if (t->n_invisible)
		plain_finding(r, view, AIM__RULE_INVISIBLE_CHARACTER, AIM_SCAN_CRITICAL, t->invisible,
		              char_end(view, t->invisible));
	if (t->n_control)
		plain_finding(r, view, AIM__RULE_CONTROL_CHARACTER, AIM_SCAN_CRITICAL, t->control, char_end(view, t->control));
	if (t->comment_end)
		plain_finding(r, view, AIM__RULE_COMMENT, AIM_SCAN_CRITICAL, t->comment, t->comment_end);
	if (t->bad_utf8 && !view->name_len)
		plain_finding(r, view, AIM__RULE_NOT_READABLE, AIM_SCAN_WARNING, t->bad_utf8 - 1, t->bad_utf8);
}

static void read_decoded(aim_scan_result *r, const aim__scan_view *view);

/* Text in tag characters, as the text that it is. */
static void read_tags(aim_scan_result *r, const aim__scan_view *view, uint32_t first)
{
	uint8_t *bytes = aim__arena_bytes(&r->views, view->len);
	uint32_t *map = aim__arena_array(&r->views, (size_t)view->len + 1, sizeof *map);
	if (!bytes || !map) {
		r->failed = AIM_E_NOMEM;
		return;
	}
	aim__scan_view inner = {.ptr = bytes, .map = map, .depth = view->depth + 1, .name = "tag characters", .name_len = 14,
	                        .done = view->done};
	for (uint32_t p = first; p + 3 < view->len; p++) {
		const uint8_t *c = view->ptr + p;
		if (c[0] != 0xF3 || c[1] != 0xA0 || (c[2] != 0x80 && c[2] != 0x81))
			continue;
		map[inner.len] = view->map ? view->map[p] : p;
		bytes[inner.len++] = (uint8_t)((c[2] & 1) << 6 | (c[3] & 0x3F));
	}
	map[inner.len] = inner.len ? map[inner.len - 1] + 4 : 0;
	r->work += view->len;
	r->n_views++;
	if (view->depth < r->scanner->options.max_depth)
		read_decoded(r, &inner);
}

static void derive(aim_scan_result *r, aim__scan_view *view)
{
	aim__scan_traits traits = r->traits; /* reading a view overwrites them */
	uint64_t known[AIM__RULE_SETS];
	memcpy(known, r->rules_seen, sizeof known);
	const uint64_t *before = view->known;
	for (size_t i = 0; before && i < AIM__RULE_SETS; i++)
		known[i] |= before[i];
	view->known = known; /* handed on to the views of this one */
	if (traits.n_tags)
		read_tags(r, view, traits.tags);
	aim__views_derive(r, view, &traits, read_decoded);
	view->known = before;
}

static void read_decoded(aim_scan_result *r, const aim__scan_view *view)
{
	aim__scan_view own = *view;
	tally t;
	aim__words_read(r, &own);
	count(r, &own, 0, &t);
	report_traits(r, &own);
	if (r->watch)
		r->watch(r->watcher, &own);
	if (t.total >= DECIDES_HIDDEN)
		judge_hidden(r, &own, &t, AIM__RULE_ENCODED_INSTRUCTION);
	else if (own.done == 0 && r->traits.words >= 3)
		plain_finding(r, &own, AIM__RULE_ENCODED_TEXT, AIM_SCAN_INFO, 0, own.len);
	aim__user_read(r, &own);
	derive(r, &own);
}

static void judge(aim_scan_result *r, const aim__scan_view *view)
{
	tally all, behind;
	count(r, view, 0, &all);
	report_traits(r, view);
	if (r->traits.pushed) {
		count(r, view, r->traits.pushed - 1, &behind);
		if (behind.total >= DECIDES_HIDDEN)
			judge_hidden(r, view, &behind, AIM__RULE_PUSHED_AWAY);
		else
			plain_finding(r, view, AIM__RULE_PUSHED_AWAY, AIM_SCAN_INFO, r->traits.pushed - 1, r->traits.pushed);
	}
	if (all.disguised && all.total >= DECIDES_HIDDEN)
		judge_hidden(r, view, &all, AIM__RULE_DISGUISED_LETTERS);
	else if (all.total)
		judge_plain(r, view, &all);
}

void aim__field_scan(aim_scan_result *r, aim_str text, aim__scan_place place)
{
	const aim_scan_options *o = &r->scanner->options;
	aim__scan_view view = {.ptr = (const uint8_t *)text.ptr, .len = (uint32_t)text.len};
	if (text.len == 0)
		return;
	r->place = place;
	if (text.len > o->max_text_bytes) {
		view.len = (uint32_t)o->max_text_bytes;
		aim__finding_limit(r, "length of a text");
	}
	r->decoded_limit = r->decoded_bytes + o->max_decoded_bytes + 8 * (uint64_t)view.len;
	aim__user_begin(r);
	aim__words_read(r, &view);
	judge(r, &view);
	aim__user_read(r, &view);
	derive(r, &view);
}

void aim__field_scan_short(aim_scan_result *r, aim_str text, aim__scan_place place)
{
	aim__scan_view view = {.ptr = (const uint8_t *)text.ptr, .len = (uint32_t)text.len};
	if (text.len == 0)
		return;
	r->place = place;
	aim__user_begin(r);
	aim__user_read(r, &view);
}

void aim__field_finish(aim_scan_result *r)
{
	tally t = {{0}, {NULL}, 0, 0, 0};
	char details[DETAILS];
	for (uint32_t c = 0; c < AIM__RULE_CATEGORIES; c++) {
		t.weights[c] = r->weights[c];
		t.best[c] = r->weights[c] ? &r->strongest[c] : NULL;
		t.total += t.weights[c];
		if (t.weights[c] > t.weights[t.strongest])
			t.strongest = c;
	}
	if (t.total < DECIDES_OVER_FIELDS)
		return;
	r->place = r->places[t.strongest];
	aim_str text = r->place.doc ? aim__json_string(r->place.doc, r->place.value) : aim_str_from("");
	aim__scan_view view = {.ptr = (const uint8_t *)text.ptr, .len = (uint32_t)text.len};
	report(r, &view, t.best[t.strongest], AIM_SCAN_CRITICAL, also(&t, details));
}
