/* assess/advisory_cache.c — answers of the host's fetch, for a while. Layer assess.
 *
 * Answers that hold nothing are kept like the others; failed ones never come here. The oldest makes room. */
#include "assess/advisory.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <string.h>

static void drop(aim_advisory *set, size_t i)
{
	aim__advisory_answer *a = &set->answers[i];
	set->answer_bytes -= a->text.bytes;
	aim__advisory_text_free(set->ctx, &a->text);
	aim__free(set->ctx, a->key, a->key_len);
	*a = set->answers[--set->n_answers];
}

static size_t find(const aim_advisory *set, aim_bytes key)
{
	size_t i = 0;
	while (i < set->n_answers && (set->answers[i].key_len != key.len || memcmp(set->answers[i].key, key.ptr, key.len) != 0))
		i++;
	return i;
}

static void drop_oldest(aim_advisory *set)
{
	size_t oldest = 0;
	for (size_t i = 1; i < set->n_answers; i++)
		if (set->answers[i].fetched_us < set->answers[oldest].fetched_us)
			oldest = i;
	drop(set, oldest);
}

/* A clock that was put back makes an answer old, not young. */
const aim__advisory_answer *aim__advisory_cached(aim_advisory *set, aim_bytes key, int64_t now_us)
{
	size_t i = find(set, key);
	if (i == set->n_answers)
		return NULL;
	int64_t since = set->answers[i].fetched_us;
	if (now_us >= since && (uint64_t)(now_us - since) < set->options.cache_ms * 1000u)
		return &set->answers[i];
	drop(set, i);
	return NULL;
}

static aim_status keep(aim_advisory *set, aim_bytes key, int64_t now_us, aim__advisory_text *text)
{
	void *items = set->answers;
	size_t i = find(set, key);
	if (i < set->n_answers)
		drop(set, i);
	while (set->n_answers && (set->n_answers >= set->options.max_answers ||
	                          set->answer_bytes + text->bytes > set->options.max_bytes))
		drop_oldest(set);
	aim_status rc = aim__grow(set->ctx, &items, &set->cap_answers, set->n_answers + 1, sizeof *set->answers, 16, 0);
	set->answers = items;
	uint8_t *copy = rc == AIM_OK ? aim__alloc(set->ctx, key.len) : NULL;
	if (!copy)
		return AIM_E_NOMEM;
	memcpy(copy, key.ptr, key.len);
	set->answers[set->n_answers++] = (aim__advisory_answer){copy, key.len, now_us, *text};
	set->answer_bytes += text->bytes;
	return AIM_OK;
}

aim_status aim__advisory_keep(aim_advisory *set, aim_bytes key, int64_t now_us, aim__advisory_text *text)
{
	aim_status rc = keep(set, key, now_us, text);
	if (rc != AIM_OK)
		aim__advisory_text_free(set->ctx, text);
	return rc;
}

void aim__advisory_cache_clear(aim_advisory *set)
{
	while (set->n_answers)
		drop(set, set->n_answers - 1);
	aim__free(set->ctx, set->answers, set->cap_answers * sizeof *set->answers);
	set->answers = NULL;
	set->cap_answers = 0;
}
