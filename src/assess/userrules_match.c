/* assess/userrules_match.c — rules that users write, held against one view of a text. Layer assess.
 *
 * A rule speaks once per field: in the first view that it matches in. Text is folded only where that can change what a
 * rule sees. A rule whose match is unknown is told as a limit that was reached. */
#include "assess/scan.h"
#include "assess/unicode.h"
#include "base/mem.h"

#include <string.h>

size_t aim__user_fold(aim_str text, uint8_t *out, uint32_t *map)
{
	const uint8_t *p = (const uint8_t *)text.ptr, *end = p + text.len;
	uint8_t bytes[4];
	size_t n = 0;
	while (p < end) {
		uint32_t image[AIM__UNICODE_IMAGE_MAX];
		size_t len = 1;
		uint32_t at = (uint32_t)(p - (const uint8_t *)text.ptr);
		uint32_t cp = aim__unicode_read(p, end, &len);
		size_t n_image = cp < 0x80 ? aim__unicode_fold_one(cp, image)
		                           : aim__unicode_disguise(cp, image, AIM__UNICODE_IMAGE_MAX);
		for (size_t i = 0; i < n_image; i++) {
			size_t written = aim__unicode_write(image[i], out ? out + n : bytes);
			for (size_t k = 0; map && k < written; k++)
				map[n + k] = at;
			n += written;
		}
		p += len;
	}
	if (map)
		map[n] = (uint32_t)text.len;
	return n;
}

aim_status aim__user_matching_init(const aim__user_rules *rules, aim__user_matching *out)
{
	memset(out, 0, sizeof *out);
	if (!rules)
		return AIM_OK;
	out->told = aim__alloc_zeroed(rules->ctx, (rules->n + 1) * sizeof *out->told);
	aim_status rc = out->told ? aim_patterns_scratch_new(rules->plain, &out->plain) : AIM_E_NOMEM;
	if (rc == AIM_OK && rules->folded)
		rc = aim_patterns_scratch_new(rules->folded, &out->folded);
	return rc;
}

void aim__user_matching_dispose(const aim__user_rules *rules, aim__user_matching *m)
{
	if (!rules)
		return;
	aim_patterns_scratch_free(m->folded);
	aim_patterns_scratch_free(m->plain);
	aim__free(rules->ctx, m->told, (rules->n + 1) * sizeof *m->told);
}

/* ---- fields ---- */

/* field is the pointer or one that leads to it. */
static int leads_to(aim_str field, aim_str pointer)
{
	return pointer.len >= field.len && memcmp(pointer.ptr, field.ptr, field.len) == 0 &&
	       (pointer.len == field.len || pointer.ptr[field.len] == '/');
}

static int is_in_scope(aim_scan_result *r, const aim__user_rule *rule)
{
	aim_str pointer;
	if (rule->n_fields == 0)
		return 1;
	if (!aim__finding_pointer(r, &r->place, &pointer))
		return 0;
	for (uint32_t i = 0; i < rule->n_fields; i++)
		if (leads_to(rule->fields[i], pointer))
			return 1;
	return 0;
}

/* ---- one text ---- */

static void tell_unknown(aim_scan_result *r, const aim__user_rule *rule)
{
	static const char head[] = "matching of rule ";
	char text[sizeof head + 64];
	memcpy(text, head, sizeof head - 1);
	memcpy(text + sizeof head - 1, rule->id.ptr, rule->id.len);
	text[sizeof head - 1 + rule->id.len] = 0;
	aim__finding_limit(r, text);
}

static void tell(aim_scan_result *r, const aim__scan_view *view, uint32_t index, const aim_pattern_hit *hit)
{
	const aim__user_rule *rule = &r->scanner->rules->rules[index];
	if (r->user.told[index] == r->user.field || !is_in_scope(r, rule))
		return;
	r->user.told[index] = r->user.field;
	aim__found found = {.user = rule, .severity = rule->severity, .threat = rule->threat, .start = (uint32_t)hit->start,
	                    .end = (uint32_t)hit->end, .view = view, .place = r->place};
	aim__finding_add(r, &found);
}

/* rule_of: the rule of each pattern; NULL when they have the same index. */
static void match(aim_scan_result *r, const aim__scan_view *view, const aim_pattern_set *set, aim_pattern_scratch *scratch,
                  const uint32_t *rule_of)
{
	aim_str text = {(const char *)view->ptr, view->len};
	uint32_t outcome = AIM_PATTERNS_UNKNOWN;
	r->work += view->len;
	aim_status rc = aim_patterns_match(set, scratch, text, 0, &outcome, NULL);
	if (rc != AIM_OK) {
		r->failed = rc;
		return;
	}
	for (size_t i = 0; i < aim_patterns_hit_count(scratch); i++)
		tell(r, view, aim_patterns_hit_at(scratch, i)->id, aim_patterns_hit_at(scratch, i));
	for (size_t i = 0; i < aim_patterns_count(set); i++) {
		const aim__user_rule *rule = &r->scanner->rules->rules[rule_of ? rule_of[i] : i];
		if (aim_patterns_outcome_at(scratch, i) == AIM_PATTERNS_UNKNOWN && is_in_scope(r, rule))
			tell_unknown(r, rule);
	}
}

static int is_ascii(const aim__scan_view *view)
{
	uint8_t all = 0;
	for (uint32_t i = 0; i < view->len; i++)
		all |= view->ptr[i];
	return all < 0x80;
}

/* "folded", "folded base64": how a view is called once it is folded. */
static void name_folded(aim__scan_view *view)
{
	static const char head[] = "folded ";
	size_t len = sizeof head - 1;
	if (view->name_len == 0)
		len--;
	if (len + view->name_len > AIM__SCAN_VIEW_NAME)
		view->name_len = (uint32_t)(AIM__SCAN_VIEW_NAME - len);
	memmove(view->name + len, view->name, view->name_len);
	memcpy(view->name, head, len);
	view->name_len += (uint32_t)len;
}

static void match_folded(aim_scan_result *r, const aim__scan_view *view)
{
	const aim__user_rules *rules = r->scanner->rules;
	aim_str text = {(const char *)view->ptr, view->len};
	size_t len = aim__user_fold(text, NULL, NULL);
	r->work += view->len;
	if (len > r->scanner->options.max_decoded_bytes + 8 * (uint64_t)view->len) {
		aim__finding_limit(r, "folded text");
		return;
	}
	uint8_t *bytes = aim__arena_bytes(&r->views, len + 1);
	uint32_t *map = aim__arena_array(&r->views, len + 1, sizeof *map);
	if (!bytes || !map) {
		r->failed = AIM_E_NOMEM;
		return;
	}
	(void)aim__user_fold(text, bytes, map);
	for (size_t i = 0; view->map && i <= len; i++)
		map[i] = view->map[map[i]];
	aim__scan_view folded = *view;
	folded.ptr = bytes;
	folded.len = (uint32_t)len;
	folded.map = map;
	name_folded(&folded);
	match(r, &folded, rules->folded, r->user.folded, rules->folded_of);
}

void aim__user_begin(aim_scan_result *r)
{
	if (r->scanner->rules && ++r->user.field == 0) {
		memset(r->user.told, 0, (r->scanner->rules->n + 1) * sizeof *r->user.told);
		r->user.field = 1;
	}
}

void aim__user_read(aim_scan_result *r, const aim__scan_view *view)
{
	const aim__user_rules *rules = r->scanner->rules;
	if (!rules || rules->n == 0)
		return;
	match(r, view, rules->plain, r->user.plain, NULL);
	if (rules->folded && (rules->differs || !is_ascii(view)))
		match_folded(r, view);
}
