/* assess/drift_change.c — one change of a drift record: the record, its alert, the trust of its subject and the audit
 * record of it, in one transaction. Layer assess. */
#include "assess/drift.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/writer.h"

#include <string.h>

#define SOURCE "libaim:drift"
#define MESSAGE_BYTES 256u

static const aim_str nothing = {NULL, 0};

aim__drift_change *aim__drift_change_join(aim_drift *d, aim__trust_work *trust, aim_str subject, aim_str part,
                                          int64_t now_us)
{
	aim__drift_change *c = aim__alloc_zeroed(d->ctx, sizeof *c);
	if (!c)
		return NULL;
	c->d = d;
	c->trust = c->shared = trust;
	c->now_us = now_us;
	c->subject = subject;
	c->part = part;
	aim__arena_init(&c->arena, d->ctx, 2048, 0);
	aim__buf_init(&c->key, d->ctx);
	aim__buf_init(&c->value, d->ctx);
	aim__record_init(&c->reading, d->registry);
	aim__alert_change_init(&c->alert, d->alerts);
	aim__batch_init(&c->trust_step, d->registry);
	return c;
}

aim__drift_change *aim__drift_change_new(aim_drift *d, aim_str subject, aim_str part, int64_t now_us)
{
	aim__trust_work *trust = aim__trust_work_new(d->registry);
	aim__drift_change *c = trust ? aim__drift_change_join(d, trust, subject, part, now_us) : NULL;
	if (!c) {
		aim__trust_work_free(trust);
		return NULL;
	}
	c->shared = NULL;
	return c;
}

void aim__drift_change_free(aim__drift_change *c)
{
	if (!c)
		return;
	aim_ctx *ctx = c->d->ctx;
	aim__batch_dispose(&c->trust_step);
	aim__alert_change_dispose(&c->alert);
	if (!c->shared)
		aim__trust_work_free(c->trust);
	aim__record_dispose(&c->reading);
	aim__buf_dispose(&c->value);
	aim__buf_dispose(&c->key);
	aim__arena_dispose(&c->arena);
	aim__free(ctx, c, sizeof *c);
}

/* ---- operations ---- */

static aim_status keep(aim__drift_change *c, aim_str *text, aim_error *err)
{
	if (text->len == 0)
		return AIM_OK;
	*text = aim__arena_copy(&c->arena, *text);
	return text->ptr ? AIM_OK : aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
}

/* The next operation on prefix and parts, with the value in c->value; both are copied. */
static aim_status add_op(aim__drift_change *c, uint32_t kind, uint64_t version, const char *prefix,
                         const aim_str *parts, size_t n_parts, aim_error *err)
{
	aim_status rc = aim__record_key(&c->key, prefix, parts, n_parts, err);
	aim_str key = aim_buf_str(&c->key), value = kind == AIM_STORE_DELETE ? nothing : aim_buf_str(&c->value);
	if (rc == AIM_OK)
		rc = keep(c, &key, err);
	if (rc == AIM_OK)
		rc = keep(c, &value, err);
	if (rc != AIM_OK)
		return rc;
	if (c->n_ops == AIM__DRIFT_OPS)
		return aim__fail_plain(err, AIM_E_INTERNAL, AIM_LAYER_ASSESS);
	aim_store_op op = {.kind = kind, .version = version};
	op.key = aim_bytes_from_str(key);
	op.value = aim_bytes_from_str(value);
	c->ops[c->n_ops++] = op;
	return AIM_OK;
}

static aim_status set_value(aim__drift_change *c, const char *text, aim_error *err)
{
	aim_buf_clear(&c->value);
	aim_status rc = aim__buf_add_text(&c->value, text);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static aim_status put_record(aim__drift_change *c, const aim__drift_stored *s, uint64_t version, aim_error *err)
{
	aim_buf_clear(&c->value);
	aim_status rc = aim__fields_object(&c->value, &aim__drift_table, s);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	return add_op(c, version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT, version, AIM__DRIFT_RECORD, &s->id, 1,
	              err);
}

static aim_status put_place(aim__drift_change *c, aim_error *err)
{
	aim_str parts[2] = {c->subject, c->part};
	aim__json_writer w;
	aim_buf_clear(&c->value);
	aim__write_init(&w, &c->value);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "id", c->fresh.id);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	return add_op(c, c->place_version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT, c->place_version,
	              AIM__DRIFT_PLACE, parts, 2, err);
}

static int begins(aim_str text, const char *with)
{
	size_t len = strlen(with);
	return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

/* So that what happens to the server's record happens to this one. */
static aim_status index_seen(aim__drift_change *c, uint32_t kind, aim_error *err)
{
	if (!begins(c->part, AIM__DRIFT_URL))
		return AIM_OK;
	size_t skip = strlen(AIM__DRIFT_URL);
	aim_str parts[2] = {{c->part.ptr + skip, c->part.len - skip}, c->subject};
	aim_status rc = set_value(c, "{}", err);
	return rc == AIM_OK ? add_op(c, kind, 0, AIM__DRIFT_SEEN, parts, 2, err) : rc;
}

static aim_status index_new(aim__drift_change *c, aim_error *err)
{
	aim_str of[2] = {c->subject, c->fresh.id};
	aim_status rc = set_value(c, "{}", err);
	if (rc == AIM_OK)
		rc = add_op(c, AIM_STORE_PUT, 0, AIM__DRIFT_LIVE, &c->fresh.id, 1, err);
	if (rc == AIM_OK)
		rc = add_op(c, AIM_STORE_PUT, 0, AIM__DRIFT_OF, of, 2, err);
	return rc == AIM_OK ? index_seen(c, AIM_STORE_PUT, err) : rc;
}

/* ---- reading ---- */

aim_status aim__drift_load_id(aim__drift_change *c, aim_str id, aim_error *err)
{
	aim_status rc = aim__record_key(&c->key, AIM__DRIFT_RECORD, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&c->reading, aim_buf_bytes(&c->key), err);
	if (rc != AIM_OK)
		return rc;
	memset(&c->old, 0, sizeof c->old);
	rc = aim__record_read(&c->reading, aim_buf_bytes(&c->key), &aim__drift_table, &c->arena, &c->old, err);
	if (rc == AIM_OK && !aim_str_equal(c->old.name_space, aim_registry_name_space(c->d->registry)))
		rc = AIM_E_NOT_FOUND;
	c->old_version = c->reading.version;
	c->has_old = rc == AIM_OK;
	return rc;
}

aim_status aim__drift_load(aim__drift_change *c, aim_error *err)
{
	aim_str parts[2] = {c->subject, c->part};
	aim_status rc = aim__record_key(&c->key, AIM__DRIFT_PLACE, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&c->reading, aim_buf_bytes(&c->key), err);
	c->place_version = rc == AIM_OK ? c->reading.version : 0;
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc != AIM_OK)
		return rc;
	aim_str id = aim_json_string(&c->reading.doc, aim__json_member_text(&c->reading.doc, AIM_JSON_ROOT, "id"));
	rc = keep(c, &id, err);
	if (rc == AIM_OK)
		rc = aim__drift_load_id(c, id, err);
	/* Closed between the two reads. */
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && c->old.state == AIM_DRIFT_CLOSED))
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_ASSESS);
	return rc;
}

/* ---- trust ---- */

static aim_trust_finding trust_finding(const aim__drift_change *c, uint32_t kind, uint32_t severity, aim_str id)
{
	aim_trust_finding f = {.struct_size = sizeof f, .kind = kind, .severity = severity};
	f.subject = c->subject;
	f.source = aim_str_from(SOURCE);
	f.id = id;
	f.cause = c->part;
	return f;
}

static aim_status trust_close(aim__drift_change *c, uint32_t kind, aim_str id, int *changed, aim_error *err)
{
	aim_trust_finding f = trust_finding(c, kind, kind == AIM_TRUST_ALERT ? AIM_TRUSTSCORE_LOW : 0, id);
	aim_status rc = id.len ? aim__trust_set_finding(c->trust, &f, 0, changed, err) : AIM_OK;
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

static aim_status trust_open_alert(aim__drift_change *c, int *changed, aim_error *err)
{
	const aim_alert *a = c->alert.alert;
	if (a->severity <= AIM_ALERT_INFO)
		return AIM_OK;
	aim_trust_finding f = trust_finding(c, AIM_TRUST_ALERT, a->severity - AIM_ALERT_INFO, a->id);
	return aim__trust_set_finding(c->trust, &f, 1, changed, err);
}

static aim_status trust_begin(aim__drift_change *c, aim_error *err)
{
	/* Loaded by a part before this one. */
	if (c->shared && c->trust->subject[0])
		return AIM_OK;
	aim_status rc = aim__trust_load(c->trust, c->subject, aim_str_from(SOURCE), err);
	if (rc == AIM_OK)
		aim__trust_begin(c->trust);
	return rc;
}

static aim_status trust_finish(aim__drift_change *c, const char *how, aim_str id, int changed, aim_error *err)
{
	aim__trust_note note = {"drift", how, aim_str_from(SOURCE), id, c->part};
	if (!changed)
		return AIM_OK;
	aim_status rc = c->shared ? aim__trust_step(c->trust, &note, err) : aim__trust_finish(c->trust, &note, err);
	if (rc == AIM_OK)
		aim__trust_next(c->trust, &c->trust_step);
	return rc;
}

static aim_status trust_opened(aim__drift_change *c, aim_error *err)
{
	aim_trust_finding f = trust_finding(c, AIM_TRUST_DRIFT, 0, c->fresh.id);
	int changed = 0;
	aim_status rc = trust_begin(c, err);
	if (rc == AIM_OK && c->has_old)
		rc = trust_close(c, AIM_TRUST_DRIFT, c->old.id, &changed, err);
	/* A person has resolved the old one's alert meanwhile. */
	if (rc == AIM_OK && c->has_old && !aim_str_equal(c->old.alert, c->fresh.alert))
		rc = trust_close(c, AIM_TRUST_ALERT, c->old.alert, &changed, err);
	if (rc == AIM_OK)
		rc = aim__trust_set_finding(c->trust, &f, 1, &changed, err);
	if (rc == AIM_OK)
		rc = trust_open_alert(c, &changed, err);
	return rc == AIM_OK ? trust_finish(c, "opened", c->fresh.id, changed, err) : rc;
}

static aim_status trust_closed(aim__drift_change *c, aim_error *err)
{
	int changed = 0;
	aim_status rc = trust_begin(c, err);
	if (rc == AIM_OK)
		rc = trust_close(c, AIM_TRUST_DRIFT, c->old.id, &changed, err);
	if (rc == AIM_OK)
		rc = trust_close(c, AIM_TRUST_ALERT, c->old.alert, &changed, err);
	return rc == AIM_OK ? trust_finish(c, "resolved", c->old.id, changed, err) : rc;
}

/* ---- the alert ---- */

static const aim_drift_finding *worst_of(const aim_drift *d, size_t first)
{
	const aim_drift_finding *worst = &d->findings[first];
	for (size_t i = first; i < d->n_findings; i++)
		if (d->findings[i].kind != AIM_DRIFT_FIRST_SEEN &&
		    (worst->kind == AIM_DRIFT_FIRST_SEEN || d->findings[i].severity > worst->severity))
			worst = &d->findings[i];
	return worst;
}

static aim_status alert_key(aim__drift_change *c, aim_str *out, aim_error *err)
{
	aim_buf_clear(&c->value);
	aim_status rc = aim__buf_add_text(&c->value, "drift:");
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&c->value, c->subject);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&c->value, ':');
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&c->value, c->part);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	*out = aim_buf_str(&c->value);
	return keep(c, out, err);
}

/* Names that a server chose stand in the record, not here. */
static aim_status alert_details(aim__drift_change *c, const aim_drift_finding *worst, aim_str *out, aim_error *err)
{
	aim__json_writer w;
	aim_buf_clear(&c->value);
	aim__write_init(&w, &c->value);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "drift", c->fresh.id);
	aim__write_member_int64(&w, "n_findings", (int64_t)c->fresh.n_findings);
	aim__write_member_string(&w, "part", c->part);
	aim__write_member_text(&w, "worst", aim_drift_kind_name(worst->kind));
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	*out = aim_buf_str(&c->value);
	return keep(c, out, err);
}

static const char *title_of(const aim__drift_change *c, const aim_drift_finding *worst)
{
	int agent = c->subject.ptr[0] == 'a';
	if (worst->kind == AIM_DRIFT_BEHAVIOUR)
		return agent ? "An agent does not behave as it used to" : "A server does not behave as it used to";
	return agent ? "An agent does what it was not registered for" : "A server is not what was approved";
}

static aim_status raise_alert(aim__drift_change *c, const aim_drift_finding *worst, aim_error *err)
{
	char message[MESSAGE_BYTES];
	aim_alert_spec spec = {.struct_size = sizeof spec, .severity = c->fresh.severity, .subject = c->subject};
	spec.kind = aim_str_from(aim_drift_kind_name(worst->kind));
	spec.title = aim_str_from(title_of(c, worst));
	size_t n = aim__format(message, sizeof message, "%llu findings in %.*s, the worst: %s",
	                       (unsigned long long)c->fresh.n_findings, AIM__STR(c->part), aim_drift_kind_name(worst->kind));
	spec.message = (aim_str){message, n};
	aim_status rc = alert_key(c, &spec.key, err);
	if (rc == AIM_OK)
		rc = alert_details(c, worst, &spec.details, err);
	return rc == AIM_OK ? aim__alert_prepare(&c->alert, &spec, err) : rc;
}

/* An alert that was forgotten, or moved by a person, stays as it is. */
static aim_status step_alert(aim__drift_change *c, uint32_t state, const aim_drift_step *step, aim_error *err)
{
	aim_alert_step s = {.struct_size = sizeof s, .state = state, .actor = step->actor, .reason = step->reason};
	if (c->old.alert.len == 0)
		return AIM_OK;
	aim_status rc = aim__alert_prepare_step(&c->alert, c->old.alert, &s, err);
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

/* ---- the records ---- */

static aim_status add_audit(aim__drift_change *c, const char *kind, aim_str id, const aim_drift_step *step, size_t first,
                            aim_error *err)
{
	aim_audit_record *r = &c->records[c->n_records++];
	*r = (aim_audit_record){.struct_size = sizeof *r, .trust_micro = AIM_AUDIT_NO_TRUST, .time_us = c->now_us};
	r->kind = aim_str_from(kind);
	r->action = aim_str_from("drift");
	r->subject = c->subject;
	r->resource = id;
	r->agent = c->agent;
	r->session = c->session;
	r->user = step->actor;
	r->reason = step->reason;
	aim_buf_clear(&c->value);
	aim_status rc = aim__drift_write_data(c->part, c->d->findings + first, c->d->n_findings - first, &c->value);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	r->data = aim_buf_str(&c->value);
	return keep(c, &r->data, err);
}

static aim_status supersede(aim__drift_change *c, aim_error *err)
{
	if (!c->has_old)
		return AIM_OK;
	aim__drift_stored s = c->old;
	s.state = AIM_DRIFT_CLOSED;
	s.how = AIM_DRIFT_SUPERSEDED;
	s.closed_us = c->now_us;
	aim_status rc = put_record(c, &s, c->old_version, err);
	return rc == AIM_OK ? add_op(c, AIM_STORE_DELETE, 0, AIM__DRIFT_LIVE, &s.id, 1, err) : rc;
}

static aim_status begin_record(aim__drift_change *c, size_t first, const uint8_t set[32], aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim__drift_stored *s = &c->fresh;
	aim_status rc = aim__id_new(c->d->ctx, AIM__DRIFT_ID, c->now_us, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	s->id = (aim_str){id, AIM__ID_LEN};
	rc = keep(c, &s->id, err);
	s->name_space = aim_registry_name_space(c->d->registry);
	s->subject = c->subject;
	s->part = c->part;
	s->state = AIM_DRIFT_OPEN;
	s->opened_us = c->now_us;
	memcpy(s->set, set, sizeof s->set);
	s->severity = worst_of(c->d, first)->severity;
	for (size_t i = first; i < c->d->n_findings; i++)
		s->n_findings += c->d->findings[i].kind != AIM_DRIFT_FIRST_SEEN;
	aim_buf_clear(&c->value);
	if (rc == AIM_OK && (rc = aim__drift_write_findings(c->d->findings + first, c->d->n_findings - first, &c->value)) !=
	                            AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	aim_str findings = aim_buf_str(&c->value);
	if (rc == AIM_OK)
		rc = keep(c, &findings, err);
	s->findings = aim_bytes_from_str(findings);
	return rc;
}

static aim_status open_record(aim__drift_change *c, size_t first, const uint8_t set[32], aim_error *err)
{
	const aim_drift_step nobody = {.struct_size = sizeof nobody};
	aim_status rc = begin_record(c, first, set, err);
	if (rc == AIM_OK)
		rc = raise_alert(c, worst_of(c->d, first), err);
	if (rc != AIM_OK)
		return rc;
	c->has_fresh = 1;
	c->fresh.alert = c->alert.alert->id;
	rc = supersede(c, err);
	if (rc == AIM_OK)
		rc = put_record(c, &c->fresh, 0, err);
	if (rc == AIM_OK)
		rc = put_place(c, err);
	if (rc == AIM_OK)
		rc = index_new(c, err);
	if (rc == AIM_OK)
		rc = trust_opened(c, err);
	return rc == AIM_OK ? add_audit(c, "drift_detected", c->fresh.id, &nobody, first, err) : rc;
}

aim_status aim__drift_settle(aim__drift_change *c, size_t first, const uint8_t set[32], aim_error *err)
{
	static const aim_drift_step as_before = {sizeof as_before, 0, {NULL, 0}, {"as it was approved", 18}};
	size_t n = 0;
	for (size_t i = first; i < c->d->n_findings; i++)
		n += c->d->findings[i].kind != AIM_DRIFT_FIRST_SEEN;
	if (n == 0)
		return c->has_old ? aim__drift_close(c, AIM_DRIFT_RETURNED, &as_before, err) : AIM_OK;
	if (c->has_old && aim__surface_equal(c->old.set, set))
		return AIM_OK;
	return open_record(c, first, set, err);
}

aim_status aim__drift_close(aim__drift_change *c, uint32_t how, const aim_drift_step *step, aim_error *err)
{
	aim_str place[2] = {c->subject, c->part};
	aim__drift_stored s = c->old;
	s.state = AIM_DRIFT_CLOSED;
	s.how = how;
	s.closed_us = c->now_us;
	s.closed_by = step->actor;
	s.closed_why = step->reason;
	aim_status rc = put_record(c, &s, c->old_version, err);
	if (rc == AIM_OK)
		rc = add_op(c, AIM_STORE_DELETE, 0, AIM__DRIFT_PLACE, place, 2, err);
	if (rc == AIM_OK)
		rc = add_op(c, AIM_STORE_DELETE, 0, AIM__DRIFT_LIVE, &s.id, 1, err);
	if (rc == AIM_OK)
		rc = index_seen(c, AIM_STORE_DELETE, err);
	if (rc == AIM_OK)
		rc = step_alert(c, AIM_ALERT_RESOLVED, step, err);
	if (rc == AIM_OK)
		rc = trust_closed(c, err);
	return rc == AIM_OK ? add_audit(c, "drift_closed", s.id, step, c->d->n_findings, err) : rc;
}

aim_status aim__drift_note_seen(aim__drift_change *c, const aim_drift_step *step, aim_error *err)
{
	aim__drift_stored s = c->old;
	s.state = AIM_DRIFT_ACKNOWLEDGED;
	s.acknowledged_us = c->now_us;
	s.acknowledged_by = step->actor;
	s.acknowledged_why = step->reason;
	aim_status rc = put_record(c, &s, c->old_version, err);
	if (rc == AIM_OK)
		rc = step_alert(c, AIM_ALERT_ACKNOWLEDGED, step, err);
	return rc == AIM_OK ? add_audit(c, "drift_acknowledged", s.id, step, c->d->n_findings, err) : rc;
}

/* ---- committing ---- */

static void add_all(aim__drift_change *c, const aim_store_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c->ops[c->n_ops++] = ops[i];
}

/* Own operations are at most 9, an alert's 6, and those of trust 16. */
_Static_assert(9 + AIM__ALERT_OPS + AIM__BATCH_OPS <= AIM__DRIFT_OPS, "the operations of a drift record fit");

void aim__drift_gather(aim__drift_change *c, aim__baseline_addition *out)
{
	add_all(c, c->alert.ops, c->alert.n_ops);
	add_all(c, c->trust_step.ops, c->trust_step.n_ops);
	if (c->alert.n_ops)
		c->records[c->n_records++] = c->alert.record;
	for (size_t i = 0; i < c->trust_step.n_records; i++)
		c->records[c->n_records++] = c->trust_step.records[i];
	out->ops = c->ops;
	out->n_ops = c->n_ops;
	out->records = c->records;
	out->n_records = c->n_records;
}

aim_status aim__drift_commit(aim__drift_change *c, aim_error *err)
{
	aim__baseline_addition all;
	aim__drift_gather(c, &all);
	return all.n_ops ? aim__record_commit(c->d->registry, all.ops, all.n_ops, all.records, all.n_records, NULL, err)
	                 : AIM_OK;
}

void aim__drift_committed(const aim__drift_change *c)
{
	const aim_drift_options *o = &c->d->options;
	aim_drift_record shown;
	if (!c->has_fresh || !o->notify)
		return;
	aim__drift_show(&c->fresh, &shown);
	aim_status rc = o->notify(o->user, &shown);
	if (rc != AIM_OK)
		aim__ctx_log(c->d->ctx, AIM_LOG_WARNING, "drift %.*s: the host's callback failed: %s", AIM__STR(c->fresh.id),
		             aim_status_text(rc));
}
