/* assess/advisory_check.c — holds packages against the set and what is fetched. Layer assess.
 *
 * A package starts unknown, for want of a source; a source that answers makes it clean; each record may take that
 * away again. Findings of one package that are the same advisory (by id or alias) are one. */
#include "assess/advisory.h"

#include "assess/version.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/json.h"

#include <string.h>

AIM__NO_PADDING(aim_advisory_package, 2 * sizeof(uint32_t) + 4 * sizeof(aim_str));
AIM__NO_PADDING(aim_advisory_outcome, 6 * sizeof(uint32_t) + 5 * sizeof(aim_str));
AIM__NO_PADDING(aim_advisory_finding, 8 * sizeof(uint32_t) + 4 * sizeof(aim_str));
AIM__NO_PADDING(aim_advisory_summary, 16 * sizeof(uint32_t));

#define LAYER AIM_LAYER_ASSESS
#define MAX_PACKAGES 10000u
#define MAX_TEXT 4096u

struct aim_advisory_result {
	aim_advisory *set;
	aim__arena arena; /* text of outcomes and findings */
	aim_advisory_outcome *outcomes;
	size_t n_outcomes, cap_outcomes;
	aim_advisory_finding *findings;
	size_t n_findings, cap_findings;
	aim_advisory_summary summary;
	aim_buf key, answer;
};

/* One package that is being checked. */
typedef struct checking {
	aim_advisory_result *result;
	const aim_advisory_package *package;
	aim_advisory_outcome outcome;
	size_t first; /* its first finding */
	int answered;
} checking;

/* --- findings ------------------------------------------------------------------------------------------------------------- */

static void doubt(checking *c, uint32_t reason)
{
	if (c->outcome.reason == AIM_ADVISORY_REASON_NONE)
		c->outcome.reason = reason;
}

static aim_status copy(aim__arena *arena, aim_str *text)
{
	*text = aim__arena_copy(arena, text->ptr ? *text : aim_str_from(""));
	return text->ptr ? AIM_OK : AIM_E_NOMEM;
}

/* Whether a list of words between spaces has the word. */
static int has_word(aim_str list, aim_str word)
{
	for (size_t i = 0, end; i < list.len; i = end + 1) {
		for (end = i; end < list.len && list.ptr[end] != ' ';)
			end++;
		if (aim_str_equal((aim_str){list.ptr + i, end - i}, word))
			return 1;
	}
	return 0;
}

static int is_same(const aim_advisory_finding *a, const aim_advisory_finding *b)
{
	return aim_str_equal(a->id, b->id) || has_word(a->aliases, b->id) || has_word(b->aliases, a->id);
}

static aim_status join_aliases(aim__arena *arena, const aim__advisory_record *record, aim_str *out)
{
	size_t len = 0;
	aim_json_value list = aim__json_member_text(record->doc, AIM_JSON_ROOT, "aliases");
	for (aim_json_value v = aim__json_first(record->doc, list); v != AIM_JSON_NONE; v = aim__json_next(record->doc, v))
		len += aim__json_string(record->doc, v).len + 1;
	char *text = aim__arena_bytes(arena, len + 1);
	if (!text)
		return AIM_E_NOMEM;
	*out = (aim_str){text, 0};
	for (aim_json_value v = aim__json_first(record->doc, list); v != AIM_JSON_NONE; v = aim__json_next(record->doc, v)) {
		aim_str alias = aim__json_string(record->doc, v);
		if (out->len)
			text[out->len++] = ' ';
		if (alias.len)
			memcpy(text + out->len, alias.ptr, alias.len);
		out->len += alias.len;
	}
	text[out->len] = 0;
	return AIM_OK;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* The same advisory from two sources: certain beats possible, the worse rating beats the better. */
static int merge(checking *c, const aim_advisory_finding *f)
{
	aim_advisory_result *r = c->result;
	for (size_t i = c->first; i < r->n_findings; i++) {
		aim_advisory_finding *kept = &r->findings[i];
		if (!is_same(kept, f))
			continue;
		if (f->status == AIM_ADVISORY_AFFECTED) {
			kept->status = f->status;
			kept->reason = AIM_ADVISORY_REASON_NONE;
			kept->fixed = kept->fixed.len ? kept->fixed : f->fixed;
		}
		kept->severity = larger(kept->severity, f->severity);
		kept->score = larger(kept->score, f->score);
		return 1;
	}
	return 0;
}

static aim_status add_finding(checking *c, const aim__advisory_record *record, aim__advisory_match m)
{
	aim_advisory_result *r = c->result;
	aim_advisory_finding f = {
		.struct_size = sizeof f,
		.flags = record->flags & AIM_ADVISORY_MANUAL,
		.package = (uint32_t)r->n_outcomes,
		.status = m.status,
		.severity = record->severity,
		.score = record->score,
		.reason = m.reason,
		.id = record->id,
		.summary = aim__json_string(record->doc, aim__json_member_text(record->doc, AIM_JSON_ROOT, "summary")),
		.fixed = m.fixed,
	};
	void *items = r->findings;
	aim_status rc = join_aliases(&r->arena, record, &f.aliases);
	if (rc == AIM_OK)
		rc = copy(&r->arena, &f.id);
	if (rc == AIM_OK)
		rc = copy(&r->arena, &f.summary);
	if (rc == AIM_OK)
		rc = copy(&r->arena, &f.fixed);
	if (rc != AIM_OK || merge(c, &f))
		return rc;
	rc = aim__grow(r->set->ctx, &items, &r->cap_findings, r->n_findings + 1, sizeof *r->findings, 16, 0);
	r->findings = items;
	if (rc == AIM_OK)
		r->findings[r->n_findings++] = f;
	return rc;
}

static aim_status hold_against(checking *c, const aim__advisory_record *record)
{
	aim__advisory_match m = aim__advisory_match_record(record, c->package);
	if (m.status == AIM_ADVISORY_UNKNOWN)
		doubt(c, m.reason);
	return m.status == AIM_ADVISORY_CLEAN ? AIM_OK : add_finding(c, record, m);
}

/* --- what was loaded and added -------------------------------------------------------------------------------------------- */

static aim_status look_up(checking *c, aim_str name)
{
	aim_advisory_result *r = c->result;
	aim_status rc = aim__advisory_key(&r->key, c->package->ecosystem, name);
	if (rc != AIM_OK)
		return rc;
	const uintptr_t *found = aim__map_find(&r->set->by_name, aim_bytes_from(r->key.ptr, r->key.len));
	for (const aim__advisory_link *l = found ? (const aim__advisory_link *)*found : NULL; rc == AIM_OK && l; l = l->next)
		rc = hold_against(c, l->record);
	return rc;
}

/* A package of Go is of the module that its path begins with. */
static aim_status check_loaded(checking *c)
{
	aim_advisory *set = c->result->set;
	aim_str name = c->package->name;
	const aim__ecosystem *eco = aim__ecosystem_find(c->package->ecosystem);
	aim_status rc = look_up(c, name);
	while (rc == AIM_OK && eco && eco->flags & AIM__ECOSYSTEM_MODULES && name.len) {
		do
			name.len--;
		while (name.len && name.ptr[name.len] != '/');
		if (name.len)
			rc = look_up(c, name);
	}
	aim_str known = eco ? aim_str_from(eco->name) : c->package->ecosystem;
	if (aim__map_find(&set->ecosystems, aim_bytes_from_str(known))) {
		c->answered = 1;
		if (set->n_unreadable)
			doubt(c, AIM_ADVISORY_REASON_RECORD);
	}
	return rc;
}

/* --- what is fetched ------------------------------------------------------------------------------------------------------ */

static aim_status answer_key(checking *c)
{
	aim_buf *key = &c->result->key;
	aim_status rc = aim__advisory_key(key, c->package->ecosystem, c->package->name);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(key, 0);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(key, c->package->ecosystem);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(key, 0);
	return rc == AIM_OK ? aim__buf_add_str(key, c->package->version) : rc;
}

static aim_status use_answer(checking *c, const aim__advisory_text *text)
{
	aim_status rc = AIM_OK;
	c->answered = 1;
	for (size_t i = 0; rc == AIM_OK && i < text->n; i++)
		rc = hold_against(c, text->items[i]);
	if (text->n_unreadable)
		doubt(c, AIM_ADVISORY_REASON_RECORD);
	return rc;
}

static aim_status fetch_failed(checking *c, const aim_error *problem)
{
	aim_str message = aim_str_from(problem->message);
	doubt(c, AIM_ADVISORY_REASON_FETCH);
	aim_status rc = copy(&c->result->arena, &message);
	c->outcome.details = message;
	return rc;
}

/* Fetches without the lock; two threads may fetch the same, and the later answer stays. */
static aim_status fetch(checking *c, int64_t now_us)
{
	aim_advisory_result *r = c->result;
	aim_advisory *set = r->set;
	aim_error problem = {0};
	aim__advisory_text text;
	aim_buf_clear(&r->answer);
	aim_status rc = set->options.fetch(set->options.user, c->package, &r->answer, &problem);
	if (rc != AIM_OK)
		return fetch_failed(c, &problem);
	rc = aim__advisory_text_read(set->ctx, aim_bytes_from(r->answer.ptr, r->answer.len), set->options.max_records, NULL,
	                             &text, &problem);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK)
		return fetch_failed(c, &problem);
	rc = use_answer(c, &text);
	if (rc != AIM_OK || text.n_unreadable || text.bytes > set->options.max_bytes) { /* half an answer is not kept */
		aim__advisory_text_free(set->ctx, &text);
		return rc;
	}
	rc = answer_key(c);
	aim__mutex_lock(&set->lock);
	if (rc == AIM_OK)
		rc = aim__advisory_keep(set, aim_bytes_from(r->key.ptr, r->key.len), now_us, &text);
	else
		aim__advisory_text_free(set->ctx, &text);
	aim__mutex_unlock(&set->lock);
	return rc;
}

/* --- one package ---------------------------------------------------------------------------------------------------------- */

static void count(aim_advisory_summary *s, const aim_advisory_finding *f)
{
	uint32_t *const by_severity[] = {&s->unrated, &s->low, &s->low, &s->medium, &s->high, &s->critical};
	if (f->status == AIM_ADVISORY_AFFECTED)
		++*by_severity[f->severity];
	else
		s->possible++;
}

/* The verdict, from what was found. */
static void conclude(checking *c)
{
	aim_advisory_result *r = c->result;
	aim_advisory_outcome *o = &c->outcome;
	aim_advisory_summary *s = &r->summary;
	for (size_t i = c->first; i < r->n_findings; i++) {
		count(s, &r->findings[i]);
		if (r->findings[i].status != AIM_ADVISORY_AFFECTED)
			continue;
		o->status = AIM_ADVISORY_AFFECTED;
		o->severity = larger(o->severity, r->findings[i].severity);
	}
	if (!c->answered)
		doubt(c, AIM_ADVISORY_REASON_SOURCE);
	if (!c->package->version.len)
		doubt(c, AIM_ADVISORY_REASON_VERSION);
	if (o->status == AIM_ADVISORY_AFFECTED)
		o->reason = AIM_ADVISORY_REASON_NONE;
	else if (o->reason == AIM_ADVISORY_REASON_NONE)
		o->status = AIM_ADVISORY_CLEAN;
	s->packages++;
	s->clean += o->status == AIM_ADVISORY_CLEAN;
	s->affected += o->status == AIM_ADVISORY_AFFECTED;
	s->unknown += o->status == AIM_ADVISORY_UNKNOWN;
}

/* Past the limit findings are counted and not kept. */
static void trim(checking *c)
{
	aim_advisory_result *r = c->result;
	size_t max = r->set->options.max_findings;
	if (r->n_findings > max) {
		r->summary.dropped += (uint32_t)(r->n_findings - max);
		r->n_findings = max;
	}
	c->outcome.n_findings = r->n_findings > c->first ? (uint32_t)(r->n_findings - c->first) : 0;
}

static aim_status fill_outcome(checking *c)
{
	const aim_advisory_package *p = c->package;
	aim_advisory_outcome *o = &c->outcome;
	aim__arena *arena = &c->result->arena;
	*o = (aim_advisory_outcome){.struct_size = sizeof *o, .flags = p->flags, .ecosystem = p->ecosystem, .name = p->name,
	                            .version = p->version, .requirement = p->requirement, .details = aim_str_from("")};
	aim_status rc = copy(arena, &o->ecosystem);
	if (rc == AIM_OK)
		rc = copy(arena, &o->name);
	if (rc == AIM_OK)
		rc = copy(arena, &o->version);
	return rc == AIM_OK ? copy(arena, &o->requirement) : rc;
}

static aim_status check_one(aim_advisory_result *r, const aim_advisory_package *package, int64_t now_us)
{
	checking c = {.result = r, .package = package, .first = r->n_findings};
	aim_advisory *set = r->set;
	int cached = 0;
	aim_status rc = fill_outcome(&c);
	if (rc != AIM_OK)
		return rc;
	aim__mutex_lock(&set->lock);
	rc = check_loaded(&c);
	if (rc == AIM_OK && set->options.fetch)
		rc = answer_key(&c);
	if (rc == AIM_OK && set->options.fetch) {
		const aim__advisory_answer *a = aim__advisory_cached(set, aim_bytes_from(r->key.ptr, r->key.len), now_us);
		cached = a != NULL;
		rc = a ? use_answer(&c, &a->text) : AIM_OK;
	}
	aim__mutex_unlock(&set->lock);
	if (rc == AIM_OK && set->options.fetch && !cached)
		rc = fetch(&c, now_us);
	if (rc != AIM_OK)
		return rc;
	conclude(&c);
	trim(&c);
	r->outcomes[r->n_outcomes++] = c.outcome;
	return AIM_OK;
}

/* --- all ------------------------------------------------------------------------------------------------------------------ */

static void empty(aim_advisory_result *r)
{
	aim__arena_reset(&r->arena);
	r->n_outcomes = r->n_findings = 0;
	r->summary = (aim_advisory_summary){.struct_size = sizeof r->summary};
}

static aim_status check_package(const aim_advisory_package *p, aim_error *err)
{
	const aim_str texts[] = {p->ecosystem, p->name, p->version, p->requirement};
	for (size_t i = 0; i < 4; i++)
		if (texts[i].len > MAX_TEXT || (!texts[i].ptr && texts[i].len))
			return aim__fail(err, AIM_E_INVALID, LAYER, "a text of a package has more than %u bytes", MAX_TEXT);
	if (!p->ecosystem.len || !p->name.len)
		return aim__fail(err, AIM_E_INVALID, LAYER, "a package has an ecosystem and a name");
	return AIM_OK;
}

static aim_status check_all(aim_advisory_result *r, const aim_advisory_package *packages, size_t n, aim_error *err)
{
	int64_t now_us;
	void *items = r->outcomes;
	aim_status rc = aim_ctx_now_us(r->set->ctx, &now_us);
	if (rc == AIM_OK)
		rc = aim__grow(r->set->ctx, &items, &r->cap_outcomes, n, sizeof *r->outcomes, 4, MAX_PACKAGES);
	r->outcomes = items;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	for (size_t i = 0; i < n; i++) {
		rc = check_package(&packages[i], err);
		if (rc != AIM_OK)
			return rc;
		rc = check_one(r, &packages[i], now_us);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, LAYER);
	}
	r->summary.has_critical = r->summary.critical > 0;
	r->summary.safe = n > 0 && r->summary.clean == r->summary.packages;
	return AIM_OK;
}

aim_status aim_advisory_check(aim_advisory *set, const aim_advisory_package *packages, size_t n, aim_advisory_result *result,
                              aim_error *err)
{
	if (!set || !result || result->set != set || (!packages && n))
		return AIM__MISUSE(set ? set->ctx : NULL, "set, its result and packages are required");
	empty(result);
	if (n > MAX_PACKAGES)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "%zu packages; at most %u are checked at once", n, MAX_PACKAGES);
	aim_status rc = check_all(result, packages, n, err);
	if (rc != AIM_OK)
		empty(result);
	return rc;
}

aim_status aim_advisory_result_new(aim_advisory *set, aim_advisory_result **out)
{
	if (!set || !out)
		return AIM__MISUSE(set ? set->ctx : NULL, "set and out are required");
	aim_advisory_result *r = aim__alloc_zeroed(set->ctx, sizeof *r);
	if (!r)
		return AIM_E_NOMEM;
	r->set = aim__advisory_ref(set);
	aim__arena_init(&r->arena, set->ctx, 1024, 0);
	aim__buf_init(&r->key, set->ctx);
	aim__buf_init(&r->answer, set->ctx);
	empty(r);
	*out = r;
	return AIM_OK;
}

void aim_advisory_result_free(aim_advisory_result *result)
{
	if (!result)
		return;
	aim_advisory *set = result->set;
	aim__arena_dispose(&result->arena);
	aim__buf_dispose(&result->key);
	aim__buf_dispose(&result->answer);
	aim__free(set->ctx, result->outcomes, result->cap_outcomes * sizeof *result->outcomes);
	aim__free(set->ctx, result->findings, result->cap_findings * sizeof *result->findings);
	aim__free(set->ctx, result, sizeof *result);
	aim_advisory_free(set);
}

const aim_advisory_outcome *aim_advisory_outcome_at(const aim_advisory_result *result, size_t index)
{
	return result && index < result->n_outcomes ? &result->outcomes[index] : NULL;
}

size_t aim_advisory_finding_count(const aim_advisory_result *result)
{
	return result ? result->n_findings : 0;
}

const aim_advisory_finding *aim_advisory_finding_at(const aim_advisory_result *result, size_t index)
{
	return result && index < result->n_findings ? &result->findings[index] : NULL;
}

aim_status aim_advisory_summarize(const aim_advisory_result *result, aim_advisory_summary *out)
{
	if (!result || !out)
		return AIM__MISUSE(result ? result->set->ctx : NULL, "result and out are required");
	return aim__sized_out(out, &result->summary, sizeof result->summary, sizeof result->summary);
}
