/* assess/drift_behaviour.c — what deviates from usual behaviour, as one record of its subject that grows until a person
 * resolves it. Layer assess. */
#include "assess/drift.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "crypto/provider.h"
#include "identity/subject.h"

#include <string.h>

#define SET_LABEL "libaim/drift-set/v1\nbehaviour"

typedef struct noting {
	aim_drift *d;
	const aim_behaviour_finding *seen;
	char subject[AIM__ID_SIZE];
	int64_t now_us;
	aim_error *err;
} noting;

/* ---- the findings of the record ---- */

static uint32_t what_named(aim_str name)
{
	for (uint32_t what = AIM_BEHAVIOUR_NEW_ACTION; what <= AIM_BEHAVIOUR_UNEXPECTED_RESPONSE; what++)
		if (aim_str_equal(name, aim_str_from(aim_behaviour_name(what))))
			return what;
	return 0;
}

/* What the open record holds stays in the one that takes its place. */
static aim_status add_known(const noting *n, const aim__drift_stored *old)
{
	static const char *const names[] = {"class", "name", "old", "new"};
	const aim_json *doc = &n->d->before;
	aim_status rc = aim_json_parse(&n->d->before, old->findings, AIM_JSON_BORROW, n->err);
	if (rc != AIM_OK)
		return rc;
	for (aim_json_value v = aim_json_first(doc, AIM_JSON_ROOT); rc == AIM_OK && v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		aim_str texts[4];
		for (size_t i = 0; i < 4; i++)
			texts[i] = aim_json_string(doc, aim__json_member_text(doc, v, names[i]));
		aim_drift_finding f = {.kind = AIM_DRIFT_BEHAVIOUR, .change_class = what_named(texts[0]), .name = texts[1]};
		f.subject = aim_str_from(n->subject);
		f.old_fragment = aim_bytes_from_str(texts[2]);
		f.new_fragment = aim_bytes_from_str(texts[3]);
		rc = aim__drift_add(n->d, &f, n->err);
	}
	return rc;
}

static aim_status add_seen(const noting *n)
{
	char expected[24], observed[24];
	aim_drift_finding f = {.kind = AIM_DRIFT_BEHAVIOUR, .change_class = n->seen->what, .name = n->seen->action};
	f.subject = aim_str_from(n->subject);
	f.old_fragment = aim_bytes_from(expected, aim__i64_text(expected, n->seen->expected));
	f.new_fragment = aim_bytes_from(observed, aim__i64_text(observed, n->seen->observed));
	return aim__drift_add(n->d, &f, n->err);
}

static int is_known(const noting *n)
{
	for (size_t i = 0; i < n->d->n_findings; i++)
		if (n->d->findings[i].change_class == n->seen->what && aim_str_equal(n->d->findings[i].name, n->seen->action))
			return 1;
	return 0;
}

/* A record that is full gives up its least grave finding for a graver one, and else stays as it is: a subject that
 * invents actions can neither make records for ever nor push out what is worse. */
static int make_room(aim_drift *d)
{
	size_t last = d->n_findings - 1, least = 0;
	if (last < AIM__DRIFT_KEPT)
		return 1;
	for (size_t i = 0; i < last; i++)
		if (d->findings[i].severity < d->findings[least].severity)
			least = i;
	int graver = d->findings[last].severity > d->findings[least].severity;
	if (graver)
		d->findings[least] = d->findings[last];
	d->n_findings--;
	return graver;
}

/* ---- the record ---- */

static aim_status hash_set(const noting *n, uint8_t out[32])
{
	aim_drift *d = n->d;
	aim_bytes parts[2] = {aim_bytes_from_str(aim_str_from(SET_LABEL))};
	aim_buf_clear(&d->text);
	aim_status rc = aim__drift_write_findings(d->findings, d->n_findings, &d->text);
	parts[1] = aim_buf_bytes(&d->text);
	if (rc == AIM_OK)
		rc = aim__sha256(d->ctx, parts, 2, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(n->err, rc, AIM_LAYER_ASSESS);
}

static aim_status settle(const noting *n, aim__drift_change *change)
{
	uint8_t set[32];
	aim_status rc = aim__drift_load(change, n->err);
	if (rc == AIM_OK && change->has_old)
		rc = add_known(n, &change->old);
	if (rc != AIM_OK || is_known(n))
		return rc;
	rc = add_seen(n);
	if (rc != AIM_OK || !make_room(n->d))
		return rc;
	rc = hash_set(n, set);
	if (rc == AIM_OK)
		rc = aim__drift_settle(change, 0, set, n->err);
	if (rc == AIM_OK)
		rc = aim__drift_commit(change, n->err);
	if (rc == AIM_OK)
		aim__drift_committed(change);
	return rc;
}

static aim_status note_once(const noting *n)
{
	aim_str subject = aim_str_from(n->subject);
	aim__drift_change *change = aim__drift_change_new(n->d, subject, aim_str_from(AIM__DRIFT_BEHAVIOUR), n->now_us);
	if (!change)
		return aim__fail_plain(n->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	if (memcmp(n->subject, aim__agent_kind.id_prefix, 4) == 0)
		change->agent = subject;
	n->d->n_findings = 0;
	aim__arena_reset(&n->d->arena);
	aim_status rc = settle(n, change);
	aim__drift_change_free(change);
	return rc;
}

/* ---- the call ---- */

static aim_status find_subject(noting *n)
{
	const aim__subject_kind *kind = NULL;
	aim__subject *subject = NULL;
	aim_status rc = aim__subject_kind_needed(n->seen->subject, &kind, n->err);
	if (rc == AIM_OK)
		rc = aim__subject_find(n->d->registry, kind, n->seen->subject, &subject, n->err);
	if (rc == AIM_OK)
		memcpy(n->subject, subject->id.ptr, AIM__ID_SIZE);
	aim__subject_free(subject);
	return rc;
}

static aim_status take(const aim_behaviour_finding *finding, aim_behaviour_finding *f, aim_error *err)
{
	aim_status rc = aim__sized_in(f, sizeof *f, finding, sizeof *f, "aim_behaviour_finding", err);
	if (rc != AIM_OK)
		return rc;
	if (f->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_behaviour_finding.reserved must be 0");
	if (f->what == 0 || f->what > AIM_BEHAVIOUR_UNEXPECTED_RESPONSE || f->over > 1)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_behaviour_finding: what is 1 to 7, over 0 or 1");
	if (f->action.len == 0 || f->action.len > AIM_BEHAVIOUR_MAX_NAME_BYTES || !f->action.ptr)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_behaviour_finding: an action has 1 to %u bytes",
		                 AIM_BEHAVIOUR_MAX_NAME_BYTES);
	return AIM_OK;
}

aim_status aim_drift_note_behaviour(aim_drift *drift, const aim_behaviour_finding *finding, aim_error *err)
{
	aim_behaviour_finding f = {.struct_size = sizeof f};
	noting n = {.d = drift, .seen = &f, .err = err};
	if (!drift || !finding)
		return AIM__MISUSE(drift ? drift->ctx : NULL, "drift and finding are required");
	drift->n_findings = 0;
	aim_status rc = take(finding, &f, err);
	if (rc == AIM_OK)
		rc = find_subject(&n);
	if (rc != AIM_OK || f.over)
		return rc; /* what is usual again still has to be explained */
	rc = aim_ctx_now_us(drift->ctx, &n.now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = note_once(&n);
	if (rc != AIM_OK)
		drift->n_findings = 0;
	return rc;
}
