/* assess/baseline_observe.c — comparing a list with its baseline. Layer assess.
 *
 * The common case comes first: bytes that equal the stored ones are not parsed, and a list of nothing
 * else allocates and writes nothing. */
#include "assess/baseline_state.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/record.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_baseline_item, 4 * P);
AIM__NO_PADDING(aim_baseline_observation, 16 + 6 * P);
AIM__NO_PADDING(aim_baseline_finding, 24 + 4 * P + 2 * AIM_FINGERPRINT_LEN);
#undef P

/* An audit record names so many findings and counts the rest; names are cut to so many bytes. */
#define RECORD_FINDINGS 32u
#define RECORD_NAME_BYTES 128u

/* ---- one definition ---- */

static aim_status fail_item(const aim__baseline_look *o, aim_status status, aim_str name, const char *what)
{
	return aim__fail(o->err, status, AIM_LAYER_ASSESS, "the %s \"%.*s\" %s",
	                 aim__fingerprint_kinds[o->kind], AIM__STR(name), what);
}

/* Parses and fingerprints; out->raw is a copy without white space around it. */
static aim_status read_definition(const aim__baseline_look *o, const aim_baseline_item *item,
                                  aim__definition *out)
{
	aim_baseline *b = o->b;
	aim_fingerprint f = {.struct_size = sizeof f};
	aim_status rc = aim_json_parse(&b->doc, item->raw, AIM_JSON_BORROW, o->err);
	if (rc == AIM_OK)
		rc = aim__fingerprint(b->ctx, o->kind, &b->doc, AIM_JSON_ROOT, &b->scratch, &f, o->err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(aim__definition_name(o->kind, &b->doc, AIM_JSON_ROOT), item->name))
		return fail_item(o, AIM_E_ASSESS_DEFINITION, item->name, "calls itself by another name");
	rc = aim__definition_copy(b->ctx, aim_json_raw(&b->doc, AIM_JSON_ROOT), &f, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(o->err, rc, AIM_LAYER_ASSESS);
}

/* The entry is what it was: a stored candidate is over. */
static void judge_unchanged(aim__entry *e)
{
	memset(&e->next.candidate, 0, sizeof e->next.candidate);
	e->next.gone = 0;
	e->next_verdict = AIM_BASELINE_UNCHANGED;
}

static void judge_candidate(aim__entry *e)
{
	e->next.gone = 0;
	e->next_verdict = e->cur.state ? AIM_BASELINE_CHANGED : AIM_BASELINE_ADDED;
}

/* Keeps other bytes of a known definition, so that the next look is a plain comparison again. */
static void keep_alias(const aim__baseline_look *o, aim__entry *e, aim__definition *fresh)
{
	aim__definition_dispose(o->b->ctx, &e->alias);
	e->alias = *fresh;
}

static void judge_fresh(const aim__baseline_look *o, aim__entry *e, aim__definition *fresh)
{
	if (o->first) {
		e->next.state = AIM_BASELINE_PENDING;
		e->next.version = 1;
		e->next.baseline = *fresh;
		e->next_verdict = AIM_BASELINE_FIRST_SEEN;
	} else if (e->cur.state && aim__surface_equal(fresh->surface, e->cur.baseline.surface)) {
		judge_unchanged(e);
		keep_alias(o, e, fresh);
	} else if (e->cur.candidate.raw &&
	           aim__surface_equal(fresh->surface, e->cur.candidate.surface)) {
		judge_candidate(e);
		keep_alias(o, e, fresh);
	} else {
		judge_candidate(e);
		e->next.candidate = *fresh;
	}
}

static aim_status judge(const aim__baseline_look *o, aim__entry *e, const aim_baseline_item *item)
{
	aim__definition fresh = {0};
	const aim__definition *alias = aim__definition_is(&e->alias, item->raw) ? &e->alias : NULL;
	if (aim__definition_is(&e->cur.baseline, item->raw) ||
	    (alias && e->cur.state && aim__surface_equal(alias->surface, e->cur.baseline.surface))) {
		judge_unchanged(e);
		return AIM_OK;
	}
	if (aim__definition_is(&e->cur.candidate, item->raw) ||
	    (alias && e->cur.candidate.raw &&
	     aim__surface_equal(alias->surface, e->cur.candidate.surface))) {
		judge_candidate(e);
		return AIM_OK;
	}
	aim_status rc = read_definition(o, item, &fresh);
	if (rc == AIM_OK)
		judge_fresh(o, e, &fresh);
	return rc;
}

static aim_status observe_item(const aim__baseline_look *o, const aim_baseline_item *item)
{
	if (!item->name.ptr || item->name.len == 0 || !item->raw.ptr)
		return aim__fail(o->err, AIM_E_ASSESS_DEFINITION, AIM_LAYER_ASSESS,
		                 "an item of a list of %ss has no name or no text",
		                 aim__fingerprint_kinds[o->kind]);
	aim__entry *e = aim__entry_find(o->list, item->name);
	if (e && e->seen == o->b->n_observations)
		return fail_item(o, AIM_E_ASSESS_DUPLICATE, item->name, "is in the list twice");
	if (!e) {
		e = aim__entry_add(o->b->ctx, o->list, item->name);
		if (!e)
			return aim__fail_plain(o->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
		e->fresh = 1;
	}
	e->seen = o->b->n_observations;
	return judge(o, e, item);
}

/* What was not in the list. */
static void observe_missing(const aim__baseline_look *o)
{
	for (size_t i = 0; i < o->list->n; i++) {
		aim__entry *e = o->list->entries[i];
		if (e->seen == o->b->n_observations)
			continue;
		memset(&e->next.candidate, 0, sizeof e->next.candidate);
		e->next.gone = e->cur.state != 0;
		e->next_verdict = e->cur.state ? AIM_BASELINE_REMOVED : 0;
	}
}

/* ---- findings ---- */

/* Needs both definitions parsed: done once for a change and kept with the entry. */
static aim_status compare_entry(const aim__baseline_look *o, aim__entry *e)
{
	aim_baseline *b = o->b;
	aim__difference found;
	aim_bytes before = aim_bytes_from(e->next.baseline.raw, e->next.baseline.len);
	aim_bytes after = aim_bytes_from(e->next.candidate.raw, e->next.candidate.len);
	if (e->compared && e->cur.candidate.raw == e->next.candidate.raw &&
	    e->cur.baseline.raw == e->next.baseline.raw)
		return AIM_OK;
	aim_status rc = aim_json_parse(&b->doc, before, AIM_JSON_BORROW, o->err);
	if (rc == AIM_OK)
		rc = aim_json_parse(&b->other, after, AIM_JSON_BORROW, o->err);
	if (rc == AIM_OK)
		rc = aim__difference_find(b->ctx, &b->doc, &b->other, &found, o->err);
	if (rc != AIM_OK)
		return rc;
	aim__difference_dispose(b->ctx, &e->difference);
	e->difference = found;
	e->compared = 0; /* of next; true of cur once that is committed */
	return AIM_OK;
}

static void fill_finding(const aim__baseline_look *o, const aim__entry *e, aim_baseline_finding *f)
{
	static const uint32_t severities[] = {
		[AIM_BASELINE_FIRST_SEEN] = AIM_BASELINE_INFO,
		[AIM_BASELINE_ADDED] = AIM_BASELINE_MEDIUM,
		[AIM_BASELINE_CHANGED] = AIM_BASELINE_HIGH,
		[AIM_BASELINE_REMOVED] = AIM_BASELINE_INFO,
	};
	memset(f, 0, sizeof *f);
	f->struct_size = sizeof *f;
	f->kind = o->kind;
	f->verdict = e->next_verdict;
	f->severity = severities[e->next_verdict];
	f->name = e->name;
	if (e->next_verdict == AIM_BASELINE_CHANGED) {
		f->severity = e->difference.severity;
		f->changes = e->difference.changes;
		f->members = e->difference.members;
		f->n_members = e->difference.n_members;
	}
	memcpy(f->baseline_surface, e->next.baseline.surface, AIM_FINGERPRINT_LEN);
	if (e->next_verdict == AIM_BASELINE_FIRST_SEEN)
		memcpy(f->observed_surface, e->next.baseline.surface, AIM_FINGERPRINT_LEN);
	else if (e->next_verdict != AIM_BASELINE_REMOVED)
		memcpy(f->observed_surface, e->next.candidate.surface, AIM_FINGERPRINT_LEN);
}

static aim_status find(const aim__baseline_look *o)
{
	aim_baseline *b = o->b;
	for (size_t i = 0; i < o->list->n; i++) {
		aim__entry *e = o->list->entries[i];
		if (e->next_verdict == 0 || e->next_verdict == AIM_BASELINE_UNCHANGED)
			continue;
		aim_status rc = e->next_verdict == AIM_BASELINE_CHANGED ? compare_entry(o, e) : AIM_OK;
		void *items = b->findings;
		if (rc == AIM_OK)
			rc = aim__grow(b->ctx, &items, &b->cap_findings, b->n_findings + 1, sizeof *b->findings, 16,
			               0);
		b->findings = items;
		if (rc != AIM_OK)
			return rc == AIM_E_NOMEM ? aim__fail_plain(o->err, rc, AIM_LAYER_ASSESS) : rc;
		fill_finding(o, e, &b->findings[b->n_findings++]);
	}
	return AIM_OK;
}

/* ---- the audit record ---- */

static aim_str cut_name(aim_str name)
{
	if (name.len <= RECORD_NAME_BYTES)
		return name;
	name.len = RECORD_NAME_BYTES;
	while (name.len > 0 && ((uint8_t)name.ptr[name.len] & 0xC0) == 0x80)
		name.len--;
	return name;
}

static void write_hash(aim__json_writer *w, const char *name, const uint8_t surface[32])
{
	char text[AIM_FINGERPRINT_TEXT_SIZE];
	aim_fingerprint f = {.struct_size = sizeof f};
	memcpy(f.surface, surface, sizeof f.surface);
	if (aim_fingerprint_text(&f, text) == AIM_OK)
		aim__write_member_text(w, name, text);
}

/* Members in canonical order. */
static void write_finding(aim__json_writer *w, const aim_baseline_finding *f)
{
	aim__write_begin_object(w);
	if (f->verdict != AIM_BASELINE_REMOVED)
		write_hash(w, "fingerprint", f->observed_surface);
	if (f->n_members) {
		aim__write_key(w, "members");
		aim__write_begin_array(w);
		for (size_t i = 0; i < f->n_members && i < RECORD_FINDINGS; i++)
			aim__write_string(w, cut_name(f->members[i]));
		aim__write_end_array(w);
	}
	aim__write_member_string(w, "name", cut_name(f->name));
	aim__write_member_int64(w, "severity", f->severity);
	aim__write_member_text(w, "verdict", aim_baseline_verdict_name(f->verdict));
	aim__write_end_object(w);
}

static aim_status write_data(const aim__baseline_look *o, aim_buf *out)
{
	const aim_baseline *b = o->b;
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "findings");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < b->n_findings && i < RECORD_FINDINGS; i++)
		write_finding(&w, &b->findings[i]);
	aim__write_end_array(&w);
	aim__write_member_text(&w, "kind", aim__fingerprint_kinds[o->kind]);
	aim__write_member_int64(&w, "n_findings", (int64_t)b->n_findings);
	aim__write_member_int64(&w, "n_listed", (int64_t)o->observation.n_items);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

aim_status aim__baseline_look_record(const aim__baseline_look *o, aim_buf *data, aim_audit_record *out)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST, .time_us = o->now_us};
	aim_status rc = write_data(o, data);
	if (rc != AIM_OK)
		return aim__fail_plain(o->err, rc, AIM_LAYER_ASSESS);
	r.kind = aim_str_from(o->first ? "baseline_created" : o->b->n_findings ? "drift_detected" : "drift_closed");
	r.agent = o->observation.agent;
	r.session = o->observation.session;
	r.subject = aim_str_from(o->b->server);
	r.action = aim_str_from(aim__fingerprint_kinds[o->kind]);
	r.data = aim_buf_str(data);
	*out = r;
	return AIM_OK;
}

static aim_status commit(const aim__baseline_look *o, int dirty, const aim__baseline_addition *addition)
{
	aim_baseline *b = o->b;
	aim_buf data;
	aim_audit_record r;
	aim__buf_init(&data, b->ctx);
	aim_status rc = aim__baseline_look_record(o, &data, &r);
	if (rc == AIM_OK)
		rc = aim__baseline_commit(b, dirty ? 1u << o->kind : 0, o->now_us, &r, addition, o->err);
	else
		aim__list_drop(b->ctx, o->list);
	aim__buf_dispose(&data);
	return rc;
}

/* ---- observing ---- */

void aim__baseline_look_done(const aim__baseline_look *o)
{
	for (size_t i = 0; i < o->list->n; i++) {
		aim__entry *e = o->list->entries[i];
		e->verdict = e->next_verdict;
		e->compared = e->verdict == AIM_BASELINE_CHANGED;
		if (e->verdict == AIM_BASELINE_REMOVED)
			continue;
		e->last_seen_us = o->now_us;
		const aim__definition *shown = e->verdict == AIM_BASELINE_CHANGED || e->verdict == AIM_BASELINE_ADDED
		                                       ? &e->cur.candidate
		                                       : &e->cur.baseline;
		if (!e->shown_hex[0] || !aim__surface_equal(e->shown, shown->surface))
			aim__entry_show(e, shown->surface);
	}
}

int aim__baseline_look_dirty(const aim__baseline_look *o)
{
	for (size_t i = 0; i < o->list->n; i++)
		if (aim__entry_dirty(o->list->entries[i]))
			return 1;
	return o->first;
}

aim_status aim__baseline_look_prepare(aim__baseline_look *o)
{
	aim_baseline *b = o->b;
	b->n_findings = 0;
	aim_status rc = aim__list_refresh(b, o->kind, NULL, o->err);
	if (rc != AIM_OK)
		return rc;
	o->first = o->list->version == 0;
	b->n_observations++;
	for (size_t i = 0; rc == AIM_OK && i < o->observation.n_items; i++)
		rc = observe_item(o, &o->observation.items[i]);
	if (rc == AIM_OK) {
		observe_missing(o);
		rc = find(o);
	}
	if (rc != AIM_OK)
		aim__list_drop(b->ctx, o->list);
	return rc;
}

static aim_status settle(const aim__baseline_look *o, const aim__baseline_joiner *joiner)
{
	aim__baseline_addition addition = {.ops = NULL};
	int dirty = aim__baseline_look_dirty(o);
	aim_status rc = AIM_OK;
	if (joiner)
		rc = joiner->join(joiner->user, o->b, o->kind, o->now_us, &addition, o->err);
	if (rc != AIM_OK) {
		aim__list_drop(o->b->ctx, o->list);
		return rc;
	}
	return dirty || addition.n_ops ? commit(o, dirty, &addition) : AIM_OK;
}

static aim_status observe_once(aim__baseline_look *o, const aim__baseline_joiner *joiner)
{
	aim_status rc = aim__baseline_look_prepare(o);
	if (rc == AIM_OK)
		rc = settle(o, joiner);
	if (rc == AIM_OK)
		aim__baseline_look_done(o);
	else
		o->b->n_findings = 0;
	return rc;
}

static aim_status take_observation(const aim_baseline *b, const aim_baseline_observation *observation,
                                   aim_baseline_observation *out, aim_error *err)
{
	aim_status rc =
		aim__sized_in(out, sizeof *out, observation, sizeof *out, "aim_baseline_observation", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS,
		                 "aim_baseline_observation.flags must be 0");
	if (out->kind == 0 || out->kind >= AIM__FINGERPRINT_KINDS || (out->n_items && !out->items))
		return AIM__MISUSE(b->ctx, "observation needs a kind and items");
	if (out->n_items > b->ctx->limits.max_tools)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "a list of %zu %ss; at most %u are allowed",
		                 out->n_items, aim__fingerprint_kinds[out->kind], b->ctx->limits.max_tools);
	return AIM_OK;
}

aim_status aim_baseline_observe(aim_baseline *baseline, const aim_baseline_observation *observation,
                                aim_error *err)
{
	return aim__baseline_observe(baseline, observation, NULL, err);
}

aim_status aim__baseline_look_begin(aim__baseline_look *o, aim_baseline *b, const aim_baseline_observation *observation,
                                    aim_error *err)
{
	*o = (aim__baseline_look){.b = b, .observation = {.struct_size = sizeof o->observation}, .err = err};
	aim_status rc = take_observation(b, observation, &o->observation, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(b->ctx, &o->now_us)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (rc != AIM_OK)
		return rc;
	o->kind = o->observation.kind;
	o->list = &b->lists[o->kind];
	return AIM_OK;
}

aim_status aim__baseline_observe(aim_baseline *baseline, const aim_baseline_observation *observation,
                                 const aim__baseline_joiner *joiner, aim_error *err)
{
	aim__baseline_look o;
	if (!baseline || !observation)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and observation are required");
	baseline->n_findings = 0;
	aim_status rc = aim__baseline_look_begin(&o, baseline, observation, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = observe_once(&o, joiner);
	return rc;
}
