/* audit/alert_change.c — raising alerts and moving them along, each with its record. Layer audit. */
#include "audit/alert.h"

#include "audit/log.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "store/id.h"
#include "store/walk.h"

#include <string.h>

#define ID_PREFIX "alr_"
#define DAY_US INT64_C(86400000000)
#define MAX_OCCURRENCES UINT64_C(9007199254740991) /* RFC 7493 §2.2 */

void aim__alert_change_init(aim__alert_change *c, aim_alerts *alerts)
{
	memset(c, 0, sizeof *c);
	c->alerts = alerts;
	aim__arena_init(&c->arena, alerts->ctx, 1024, 0);
	aim__buf_init(&c->key, alerts->ctx);
	aim__buf_init(&c->value, alerts->ctx);
}

void aim__alert_change_dispose(aim__alert_change *c)
{
	aim_alert_free(c->alert);
	aim__buf_dispose(&c->value);
	aim__buf_dispose(&c->key);
	aim__arena_dispose(&c->arena);
}

/* ---- operations ---- */

static aim_status keep(aim__arena *arena, aim_str *text, aim_error *err)
{
	if (text->len == 0)
		return AIM_OK;
	aim_str copy = aim__arena_copy(arena, *text);
	if (!copy.ptr)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	*text = copy;
	return AIM_OK;
}

/* The next operation on prefix and parts; key and value are copied. */
static aim_status add_op(aim__alert_change *c, const aim_store_op *op, const char *prefix, const aim_str *parts,
                         size_t n_parts, aim_error *err)
{
	aim_str value = {(const char *)op->value.ptr, op->value.len};
	aim_status rc = aim__store_key(&c->key, prefix, parts, n_parts, err);
	aim_str key = aim_buf_str(&c->key);
	if (rc == AIM_OK)
		rc = keep(&c->arena, &key, err);
	if (rc == AIM_OK)
		rc = keep(&c->arena, &value, err);
	if (rc != AIM_OK)
		return rc;
	if (c->n_ops == AIM__ALERT_OPS)
		return aim__fail_plain(err, AIM_E_INTERNAL, AIM_LAYER_AUDIT);
	c->ops[c->n_ops] = *op;
	c->ops[c->n_ops].key = aim_bytes_from_str(key);
	c->ops[c->n_ops++].value = aim_bytes_from_str(value);
	return AIM_OK;
}

static aim_status count(aim__alert_change *c, uint32_t severity, int64_t by, aim_error *err)
{
	const aim_store_op op = {.kind = AIM_STORE_ADD, .delta = by, .bound = by > 0 ? INT64_MAX : 0};
	const aim_str parts[2] = {c->alert->subject, aim_str_from(aim_alert_severity_name(severity))};
	return add_op(c, &op, AIM__ALERT_COUNT, parts, 2, err);
}

static aim_status put(aim__alert_change *c, int64_t expires_at_us, aim_error *err)
{
	aim_store_op op = {.kind = c->alert->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT};
	op.version = c->alert->version;
	op.expires_at_us = expires_at_us;
	aim_buf_clear(&c->value);
	aim_status rc = aim__alert_write(c->alert, &c->value, err);
	op.value = aim_buf_bytes(&c->value);
	return rc == AIM_OK ? add_op(c, &op, AIM__ALERT_PREFIX, &c->alert->id, 1, err) : rc;
}

static const aim_str nothing = {"{}", 2};

static aim_status put_index(aim__alert_change *c, const char *prefix, const aim_str *parts, size_t n_parts,
                            int64_t expires_at_us, aim_error *err)
{
	const aim_store_op op = {.kind = AIM_STORE_PUT, .value = aim_bytes_from_str(nothing),
	                         .expires_at_us = expires_at_us};
	return add_op(c, &op, prefix, parts, n_parts, err);
}

static aim_status put_of(aim__alert_change *c, int64_t expires_at_us, aim_error *err)
{
	const aim_str parts[2] = {c->alert->subject, c->alert->id};
	return put_index(c, AIM__ALERT_OF, parts, 2, expires_at_us, err);
}

/* ---- the record ---- */

/* What the alert says goes into the record when it says something new. */
static aim_status describe(aim__alert_change *c, const aim_alert *a, int in_full, aim_error *err)
{
	aim__json_writer w;
	aim_buf_clear(&c->value);
	aim__write_init(&w, &c->value);
	aim__write_begin_object(&w);
	if (in_full && a->details.len) {
		aim__write_key(&w, "details");
		aim__write_raw(&w, a->details);
	}
	aim__write_member_string(&w, "kind", a->kind);
	if (in_full && a->message.len)
		aim__write_member_string(&w, "message", a->message);
	aim__write_member_int64(&w, "occurrences", (int64_t)a->occurrences);
	aim__write_member_text(&w, "severity", aim_alert_severity_name(a->severity));
	if (in_full)
		aim__write_member_string(&w, "title", a->title);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	c->record.data = aim_buf_str(&c->value);
	return keep(&c->arena, &c->record.data, err);
}

static aim_status record(aim__alert_change *c, const char *action, aim_str actor, aim_str reason, int in_full,
                         aim_error *err)
{
	aim_audit_record *r = &c->record;
	*r = (aim_audit_record){.struct_size = sizeof *r, .trust_micro = AIM_AUDIT_NO_TRUST, .time_us = c->now_us};
	r->kind = aim_str_from("alert");
	r->action = aim_str_from(action);
	r->subject = c->alert->subject;
	r->resource = c->alert->id;
	r->user = actor;
	r->reason = reason;
	aim_status rc = keep(&c->arena, &r->user, err);
	if (rc == AIM_OK)
		rc = keep(&c->arena, &r->reason, err);
	return rc == AIM_OK ? describe(c, c->alert, in_full, err) : rc;
}

/* ---- raising ---- */

/* Canonical, so that equal details are equal bytes. */
static aim_status take_details(aim__alert_change *c, aim_str details, aim_error *err)
{
	aim_json doc;
	c->alert->details = aim_bytes_from(NULL, 0);
	if (details.len == 0)
		return AIM_OK;
	aim__json_init(&doc, c->alerts->ctx);
	aim_buf_clear(&c->value);
	aim_status rc = aim_json_parse(&doc, aim_bytes_from_str(details), AIM_JSON_BORROW, err);
	if (rc == AIM_OK && aim__json_type(&doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		rc = aim__fail(err, AIM_E_JSON_TYPE, AIM_LAYER_AUDIT, "an alert's details must be a JSON object");
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(&doc, AIM_JSON_ROOT, 0, &c->value, err);
	aim_str text = aim_buf_str(&c->value);
	if (rc == AIM_OK)
		rc = keep(&c->alert->arena, &text, err);
	if (rc == AIM_OK)
		c->alert->details = aim_bytes_from_str(text);
	aim__json_dispose(&doc);
	return rc;
}

static aim_status take_words(aim__alert_change *c, const aim_alert_spec *spec, aim_error *err)
{
	aim_alert *a = c->alert;
	a->severity = spec->severity;
	a->title = spec->title;
	a->message = spec->message;
	aim_status rc = keep(&a->arena, &a->title, err);
	if (rc == AIM_OK)
		rc = keep(&a->arena, &a->message, err);
	return rc == AIM_OK ? take_details(c, spec->details, err) : rc;
}

static aim_status begin_alert(aim__alert_change *c, const aim_alert_spec *spec, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_status rc = aim__id_new(c->alerts->ctx, ID_PREFIX, c->now_us, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	rc = aim__alert_new(c->alerts->ctx, &c->alert, err);
	if (rc != AIM_OK)
		return rc;
	aim_alert *a = c->alert;
	aim_str *const texts[] = {&a->id, &a->subject, &a->kind, &a->key, &a->raised_by};
	a->id = (aim_str){id, AIM__ID_LEN};
	a->subject = spec->subject;
	a->kind = spec->kind;
	a->key = spec->key;
	a->raised_by = spec->actor;
	a->state = AIM_ALERT_OPEN;
	a->occurrences = 1;
	a->raised_us = a->last_seen_us = c->now_us;
	for (size_t i = 0; rc == AIM_OK && i < sizeof texts / sizeof *texts; i++)
		rc = keep(&a->arena, texts[i], err);
	return rc == AIM_OK ? take_words(c, spec, err) : rc;
}

static aim_status put_place(aim__alert_change *c, aim_error *err)
{
	aim__json_writer w;
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT};
	aim_buf_clear(&c->value);
	aim__write_init(&w, &c->value);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "alert", c->alert->id);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	op.value = aim_buf_bytes(&c->value);
	return add_op(c, &op, AIM__ALERT_BY_KEY, &c->alert->key, 1, err);
}

static aim_status raise_new(aim__alert_change *c, const aim_alert_spec *spec, aim_error *err)
{
	aim_status rc = begin_alert(c, spec, err);
	if (rc == AIM_OK)
		rc = put_place(c, err);
	if (rc == AIM_OK)
		rc = put(c, 0, err);
	if (rc == AIM_OK)
		rc = put_index(c, AIM__ALERT_LIVE, &c->alert->id, 1, 0, err);
	if (rc == AIM_OK)
		rc = put_of(c, 0, err);
	if (rc == AIM_OK)
		rc = count(c, c->alert->severity, 1, err);
	return rc == AIM_OK ? record(c, "raised", spec->actor, (aim_str){NULL, 0}, 1, err) : rc;
}

static aim_status raise_again(aim__alert_change *c, const aim_alert_spec *spec, aim_error *err)
{
	aim_alert *a = c->alert;
	aim_status rc = AIM_OK;
	uint32_t before = a->severity;
	int worse = spec->severity > before;
	a->occurrences += a->occurrences < MAX_OCCURRENCES;
	if (c->now_us > a->last_seen_us)
		a->last_seen_us = c->now_us;
	if (worse)
		rc = take_words(c, spec, err);
	if (rc == AIM_OK)
		rc = put(c, 0, err);
	if (rc == AIM_OK && worse)
		rc = count(c, before, -1, err);
	if (rc == AIM_OK && worse)
		rc = count(c, a->severity, 1, err);
	const char *action = worse ? "escalated" : "repeated";
	return rc == AIM_OK ? record(c, action, spec->actor, (aim_str){NULL, 0}, worse, err) : rc;
}

/* The unresolved alert of a key. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status load_by_key(aim__alert_change *c, aim_str key, aim_error *err)
{
	aim_str id = {NULL, 0};
	aim_status rc = aim__store_key(&c->key, AIM__ALERT_BY_KEY, &key, 1, err);
	if (rc == AIM_OK)
		rc = aim__store_get(c->alerts->store, aim_buf_bytes(&c->key), &c->value, NULL, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__alert_place_read(c->alerts, aim_buf_bytes(&c->key), aim_buf_bytes(&c->value), &c->arena, &id, err);
	if (rc == AIM_OK)
		rc = aim__alert_load(c->alerts, id, &c->alert, err);
	/* Resolved and forgotten between the two reads. */
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && c->alert->state == AIM_ALERT_RESOLVED))
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_AUDIT);
	return rc;
}

/* Without a key: kind and subject. A kind has no ':'. */
static aim_status default_key(aim__alert_change *c, aim_alert_spec *spec, aim_error *err)
{
	if (spec->key.len)
		return AIM_OK;
	aim_buf_clear(&c->value);
	aim_status rc = aim__buf_add_str(&c->value, spec->kind);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&c->value, ':');
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&c->value, spec->subject);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	spec->key = aim_buf_str(&c->value);
	return keep(&c->arena, &spec->key, err);
}

static aim_status now(aim__alert_change *c, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(c->alerts->ctx, &c->now_us);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}

aim_status aim__alert_prepare(aim__alert_change *c, const aim_alert_spec *spec, aim_error *err)
{
	aim_alert_spec s;
	aim_status rc = aim__alert_check_spec(c->alerts->ctx, spec, &s, err);
	if (rc == AIM_OK)
		rc = now(c, err);
	if (rc == AIM_OK)
		rc = default_key(c, &s, err);
	if (rc == AIM_OK)
		rc = load_by_key(c, s.key, err);
	if (rc == AIM_E_NOT_FOUND)
		return raise_new(c, &s, err);
	return rc == AIM_OK ? raise_again(c, &s, err) : rc;
}

void aim__alert_committed(const aim__alert_change *c)
{
	const aim_alerts_options *o = &c->alerts->options;
	if (!o->notify || c->alert->version != 0)
		return;
	aim_status rc = o->notify(o->user, c->alert);
	if (rc != AIM_OK)
		aim__ctx_log(c->alerts->ctx, AIM_LOG_WARNING, "alert %.*s: the host's callback failed: %s",
		             AIM__STR(c->alert->id), aim_status_text(rc));
}

static aim_status commit(aim__alert_change *c, aim_error *err)
{
	aim__change change = {.ops = c->ops, .n_ops = c->n_ops, .records = &c->record, .n_records = 1};
	return aim__audit_commit(c->alerts->log, &change, err);
}

static aim_status raise_once(aim_alerts *alerts, const aim_alert_spec *spec, aim_alert **out, aim_error *err)
{
	aim__alert_change c;
	aim__alert_change_init(&c, alerts);
	aim_status rc = aim__alert_prepare(&c, spec, err);
	if (rc == AIM_OK)
		rc = commit(&c, err);
	if (rc == AIM_OK)
		aim__alert_committed(&c);
	if (rc == AIM_OK && out) {
		*out = c.alert;
		c.alert = NULL;
	}
	aim__alert_change_dispose(&c);
	return rc;
}

aim_status aim_alert_raise(aim_alerts *alerts, const aim_alert_spec *spec, aim_alert **out, aim_error *err)
{
	if (!alerts || !spec)
		return AIM__MISUSE(alerts ? alerts->ctx : NULL, "alerts and spec are required");
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__COMMIT_ATTEMPTS; i++)
		rc = raise_once(alerts, spec, out, err);
	return rc;
}

/* ---- moving ---- */

static aim_status note_step(aim__alert_change *c, const aim_alert_step *step, aim_error *err)
{
	aim_alert *a = c->alert;
	int resolved = step->state == AIM_ALERT_RESOLVED;
	aim_str *by = resolved ? &a->resolved_by : &a->acknowledged_by;
	aim_str *why = resolved ? &a->resolved_why : &a->acknowledged_why;
	*(resolved ? &a->resolved_us : &a->acknowledged_us) = c->now_us;
	*by = step->actor;
	*why = step->reason;
	a->state = step->state;
	aim_status rc = keep(&a->arena, by, err);
	return rc == AIM_OK ? keep(&a->arena, why, err) : rc;
}

static aim_status forget_live(aim__alert_change *c, aim_error *err)
{
	const aim_store_op op = {.kind = AIM_STORE_DELETE};
	aim_status rc = add_op(c, &op, AIM__ALERT_BY_KEY, &c->alert->key, 1, err);
	if (rc == AIM_OK)
		rc = add_op(c, &op, AIM__ALERT_LIVE, &c->alert->id, 1, err);
	return rc == AIM_OK ? count(c, c->alert->severity, -1, err) : rc;
}

static aim_status prepare_step(aim__alert_change *c, const aim_alert_step *step, aim_error *err)
{
	uint32_t days = c->alerts->options.keep_resolved_days;
	int resolved = step->state == AIM_ALERT_RESOLVED;
	int64_t expires_at_us = resolved && days ? c->now_us + (int64_t)days * DAY_US : 0;
	aim_status rc = note_step(c, step, err);
	if (rc == AIM_OK)
		rc = put(c, expires_at_us, err);
	if (rc == AIM_OK && expires_at_us)
		rc = put_of(c, expires_at_us, err);
	if (rc == AIM_OK && resolved)
		rc = forget_live(c, err);
	return rc == AIM_OK ? record(c, aim_alert_state_name(step->state), step->actor, step->reason, 0, err) : rc;
}

aim_status aim__alert_prepare_step(aim__alert_change *c, aim_str id, const aim_alert_step *step, aim_error *err)
{
	aim_status rc = aim__alert_load(c->alerts, id, &c->alert, err);
	if (rc != AIM_OK || !aim_alert_move_allowed(c->alert->state, step->state) || c->alert->state == step->state)
		return rc;
	rc = now(c, err);
	return rc == AIM_OK ? prepare_step(c, step, err) : rc;
}

static aim_status move_once(aim__alert_change *c, aim_str id, const aim_alert_step *step, aim_error *err)
{
	aim_status rc = aim__alert_load(c->alerts, id, &c->alert, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, AIM_LAYER_AUDIT, "there is no alert %.*s", AIM__STR(id));
	if (rc != AIM_OK || c->alert->state == step->state)
		return rc;
	if (!aim_alert_move_allowed(c->alert->state, step->state))
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_AUDIT, "alert %.*s is %s: it cannot become %s", AIM__STR(id),
		                 aim_alert_state_name(c->alert->state), aim_alert_state_name(step->state));
	rc = now(c, err);
	if (rc == AIM_OK)
		rc = prepare_step(c, step, err);
	return rc == AIM_OK ? commit(c, err) : rc;
}

aim_status aim_alert_move(aim_alerts *alerts, aim_str id, const aim_alert_step *step, aim_error *err)
{
	aim_alert_step s;
	char own[AIM__ID_SIZE];
	if (!alerts || !step)
		return AIM__MISUSE(alerts ? alerts->ctx : NULL, "alerts and step are required");
	aim_status rc = aim__alert_check_step(alerts->ctx, step, &s, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(ID_PREFIX, id, own, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__COMMIT_ATTEMPTS; i++) {
		aim__alert_change c;
		aim__alert_change_init(&c, alerts);
		rc = move_once(&c, (aim_str){own, AIM__ID_LEN}, &s, err);
		aim__alert_change_dispose(&c);
	}
	return rc;
}
