/* assess/trust_store.c — reading a subject's trust and committing a change of it. Layer assess. */
#include "assess/trust_store.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/agent.h"
#include "identity/subject.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TABLE(fields) {fields, COUNT(fields)}
#define FIELD(type, name, member, kind, required) {name, offsetof(type, member), kind, required, NULL}
#define NAMED(type, name, member, names) {name, offsetof(type, member), AIM__FIELD_NAME, 1, names}

static const char *const factor_names[] = {"unknown",    "verification_status", "uptime",          "success_rate",
                                           "security_alerts", "compliance",     "age",             "drift_detection",
                                           "user_feedback",   NULL};
static const char *const severity_names[] = {"none", "low", "medium", "high", "critical", NULL};
static const char *const outcome_names[] = {"none", "good", "bad", NULL};
static const char *const kind_names[] = {"none", "alert", "drift", NULL};

#define S aim__trust_state
static const aim__field state_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "score_micro", score_micro, AIM__FIELD_UINT, 0),
	FIELD(S, "changes", n_changes, AIM__FIELD_UINT, 0),
	FIELD(S, "changed_at", changed_us, AIM__FIELD_TIME_US, 1),
	FIELD(S, "evidence", evidence, AIM__FIELD_JSON, 1),
};
#undef S
#define S aim__trust_stored_event
static const aim__field event_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "id", id, AIM__FIELD_TEXT, 1),
	FIELD(S, "source", source, AIM__FIELD_TEXT, 1),
	NAMED(S, "factor", factor, factor_names),
	NAMED(S, "outcome", outcome, outcome_names),
	FIELD(S, "time", time_us, AIM__FIELD_TIME_US, 1),
};
#undef S
#define S aim__trust_stored_count
static const aim__field count_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "source", source, AIM__FIELD_TEXT, 0),
	NAMED(S, "factor", factor, factor_names),
	FIELD(S, "day", day, AIM__FIELD_UINT, 0),
	FIELD(S, "good", good, AIM__FIELD_UINT, 0),
	FIELD(S, "bad", bad, AIM__FIELD_UINT, 0),
};
#undef S
#define S aim__trust_stored_open
static const aim__field open_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "id", id, AIM__FIELD_TEXT, 1),
	FIELD(S, "source", source, AIM__FIELD_TEXT, 1),
	FIELD(S, "cause", cause, AIM__FIELD_TEXT, 0),
	NAMED(S, "kind", kind, kind_names),
	{"severity", offsetof(S, severity), AIM__FIELD_NAME, 0, severity_names},
	FIELD(S, "opened_at", opened_us, AIM__FIELD_TIME_US, 1),
};
#undef S
#define S aim__trust_stored_change
static const aim__field change_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "number", number, AIM__FIELD_UINT, 1),
	FIELD(S, "time", time_us, AIM__FIELD_TIME_US, 1),
	FIELD(S, "old_micro", old_micro, AIM__FIELD_UINT, 0),
	FIELD(S, "new_micro", new_micro, AIM__FIELD_UINT, 0),
	FIELD(S, "cause", cause, AIM__FIELD_TEXT, 0),
	FIELD(S, "event", event, AIM__FIELD_TEXT, 0),
	FIELD(S, "source", source, AIM__FIELD_TEXT, 0),
};
#undef S
const aim__fields aim__trust_state_table = TABLE(state_fields);
const aim__fields aim__trust_event_table = TABLE(event_fields);
const aim__fields aim__trust_count_table = TABLE(count_fields);
const aim__fields aim__trust_open_table = TABLE(open_fields);
const aim__fields aim__trust_change_table = TABLE(change_fields);

/* ---- work ---- */

aim__trust_work *aim__trust_work_new(aim_registry *registry)
{
	aim__trust_work *w = aim__alloc_zeroed(registry->ctx, sizeof *w);
	if (!w)
		return NULL;
	w->registry = registry;
	aim__batch_init(&w->batch, registry);
	aim__record_init(&w->record, registry);
	aim__arena_init(&w->arena, registry->ctx, 1024, 0);
	aim__buf_init(&w->key, registry->ctx);
	aim__buf_init(&w->text, registry->ctx);
	return w;
}

void aim__trust_work_free(aim__trust_work *w)
{
	if (!w)
		return;
	aim__buf_dispose(&w->text);
	aim__buf_dispose(&w->key);
	aim__arena_dispose(&w->arena);
	aim__record_dispose(&w->record);
	aim__batch_dispose(&w->batch);
	aim__free(w->registry->ctx, w, sizeof *w);
}

aim_status aim__trust_get(aim__trust_work *w, const char *prefix, const aim_str *parts, size_t n_parts,
                          const aim__fields *table, void *out, size_t size, aim_error *err)
{
	memset(out, 0, size);
	aim_status rc = aim__record_key(&w->key, prefix, parts, n_parts, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&w->record, aim_buf_bytes(&w->key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&w->record, aim_buf_bytes(&w->key), table, &w->arena, out, err);
	return rc;
}

/* ---- loading ---- */

static aim_status read_state(aim__trust_work *w, int64_t created_us, aim_error *err)
{
	aim__trust_state state;
	aim_str subject = aim_str_from(w->subject);
	w->version = w->n_changes = 0;
	aim_status rc = aim__trust_get(w, AIM__TRUST_STATE, &subject, 1, &aim__trust_state_table, &state, sizeof state, err);
	if (rc == AIM_E_NOT_FOUND) {
		(void)aim__trust_evidence_init(&w->evidence, w->registry->ctx, subject, created_us);
		return AIM_OK;
	}
	if (rc != AIM_OK)
		return rc;
	w->version = w->record.version;
	w->n_changes = state.n_changes;
	rc = aim__trust_evidence_parse(&w->evidence, w->registry->ctx, state.evidence, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	return rc == AIM_OK ? AIM_OK : aim__record_corrupt(aim_buf_bytes(&w->key), "evidence", err);
}

static int64_t ceiling_of(const aim__subject *subject)
{
	if (subject->kind != &aim__agent_kind)
		return AIM_TRUSTSCORE_ONE;
	return aim_agent_trust_ceiling_micro((const aim_agent *)(const void *)subject);
}

aim_status aim__trust_load(aim__trust_work *w, aim_str subject, aim_str source, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	aim__subject *found = NULL;
	aim_status rc = aim__subject_kind_needed(subject, &kind, err);
	if (rc == AIM_OK)
		rc = aim__subject_find(w->registry, kind, subject, &found, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(w->registry->ctx, &w->now_us)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (rc != AIM_OK)
		goto out;
	memcpy(w->subject, found->id.ptr, AIM__ID_SIZE);
	if (aim__subject_is(found, source)) {
		rc = aim__fail(err, AIM_E_TRUST_SELF, AIM_LAYER_ASSESS, "%s may not give evidence about itself", w->subject);
		goto out;
	}
	aim__arena_reset(&w->arena);
	/* A batch serves once: what an attempt before this one wrote is still in it. */
	aim__batch_dispose(&w->batch);
	aim__batch_init(&w->batch, w->registry);
	rc = read_state(w, found->created_us, err);
	if (rc == AIM_OK)
		w->evidence.ceiling_micro = ceiling_of(found);
out:
	aim__subject_free(found);
	return rc;
}

aim_status aim__trust_open_prefix(aim__trust_work *w, uint32_t rank, aim_error *err)
{
	char digit[2] = {(char)('0' + rank), 0};
	aim_str parts[3] = {aim_str_from(w->subject), aim_str_from(digit), {NULL, 0}};
	return aim__record_key(&w->key, AIM__TRUST_OPEN, parts, 3, err);
}

/* ---- changing ---- */

void aim__trust_begin(aim__trust_work *w)
{
	aim__trust_compute(aim_trustscore_profile_named(aim_str_from("aim-8")), &w->evidence, w->now_us, &w->before);
}

static aim_status add_state(aim__trust_work *w, aim_error *err)
{
	aim_str subject = aim_str_from(w->subject);
	aim_buf_clear(&w->text);
	aim_status rc = aim_trustscore_evidence_write(&w->evidence, &w->text, err);
	if (rc != AIM_OK)
		return rc;
	aim__trust_state state = {.subject = subject, .score_micro = (uint64_t)w->after.sum.score_micro};
	state.n_changes = w->n_changes;
	state.changed_us = w->now_us;
	state.evidence = aim_buf_bytes(&w->text);
	return aim__batch_add(&w->batch, w->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT, w->version,
	                      AIM__TRUST_STATE, &subject, 1, &aim__trust_state_table, &state, err);
}

static aim_status add_history(aim__trust_work *w, const aim__trust_note *note, aim_error *err)
{
	char slot[21];
	slot[aim__u64_text(slot, w->n_changes % AIM_TRUST_HISTORY)] = 0;
	aim_str parts[2] = {aim_str_from(w->subject), aim_str_from(slot)};
	aim__trust_stored_change c = {.subject = parts[0], .number = ++w->n_changes, .time_us = w->now_us};
	c.cause = note->cause.len ? note->cause : aim_str_from(note->what);
	c.event = note->id;
	c.source = note->source;
	c.old_micro = (uint64_t)w->before.sum.score_micro;
	c.new_micro = (uint64_t)w->after.sum.score_micro;
	return aim__batch_add(&w->batch, AIM_STORE_PUT, 0, AIM__TRUST_HISTORY, parts, 2, &aim__trust_change_table, &c, err);
}

/* Members in canonical order, as the log wants them. */
static aim_status write_data(aim__trust_work *w, const aim__trust_note *note, aim_error *err)
{
	aim__json_writer j;
	aim_buf_clear(&w->batch.data);
	aim__write_init(&j, &w->batch.data);
	aim__write_begin_object(&j);
	aim__write_member_string(&j, "event", note->id);
	aim__write_member_text(&j, "evidence", note->what);
	aim__write_member_text(&j, "how", note->how);
	aim__write_member_int64(&j, "new_micro", w->after.sum.score_micro);
	aim__write_member_int64(&j, "old_micro", w->before.sum.score_micro);
	aim__write_member_text(&j, "profile", "aim-8");
	aim__write_end_object(&j);
	aim_status rc = aim__write_finish(&j);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static void add_record(aim__trust_work *w, const char *kind, const aim__trust_note *note)
{
	aim_audit_record *r = aim__batch_record(&w->batch, kind, aim_str_from(w->subject), w->now_us);
	r->user = note->source;
	r->reason = note->cause;
	r->trust_micro = w->after.sum.score_micro;
}

aim_status aim__trust_step(aim__trust_work *w, const aim__trust_note *note, aim_error *err)
{
	aim_status rc = AIM_OK;
	aim__trust_compute(aim_trustscore_profile_named(aim_str_from("aim-8")), &w->evidence, w->now_us, &w->after);
	int moved = w->before.sum.score_micro != w->after.sum.score_micro;
	if (moved)
		rc = add_history(w, note, err);
	if (rc == AIM_OK)
		rc = write_data(w, note, err);
	if (rc != AIM_OK)
		return rc;
	add_record(w, "trust_evidence", note);
	if (moved)
		add_record(w, "trust_score_changed", note);
	for (size_t i = 0; i < w->batch.n_records; i++)
		w->batch.records[i].data = aim_buf_str(&w->batch.data);
	return AIM_OK;
}

aim_status aim__trust_put_state(aim__trust_work *w, aim_error *err)
{
	return add_state(w, err);
}

aim_status aim__trust_finish(aim__trust_work *w, const aim__trust_note *note, aim_error *err)
{
	aim_status rc = aim__trust_step(w, note, err);
	return rc == AIM_OK ? aim__trust_put_state(w, err) : rc;
}

void aim__trust_next(aim__trust_work *w, aim__batch *out_step)
{
	aim__batch_dispose(out_step);
	*out_step = w->batch;
	aim__batch_init(&w->batch, w->registry);
	w->before = w->after;
}

aim_status aim__trust_commit(aim__trust_work *w, const aim__trust_note *note, aim_error *err)
{
	aim_status rc = aim__trust_finish(w, note, err);
	if (rc != AIM_OK)
		return rc;
	return aim__record_commit(w->registry, w->batch.ops, w->batch.n_ops, w->batch.records, w->batch.n_records, NULL, err);
}

aim_status aim__trust_tell(const aim__trust_work *w, uint32_t flags, aim_trust_change *out)
{
	aim_trust_change change = {.struct_size = sizeof change, .flags = flags};
	if (!out)
		return AIM_OK;
	change.old_micro = w->before.sum.score_micro;
	change.new_micro = flags & AIM_TRUST_COUNTED ? w->after.sum.score_micro : w->before.sum.score_micro;
	return aim__sized_out(out, &change, sizeof change, sizeof change);
}
