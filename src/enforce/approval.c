/* enforce/approval.c — asking for an approval, deciding about it, and using it up. Layer enforce.
 *
 * What is bound is hashed; the index of that hash names the one approval that answers. The record's version decides
 * between two that use it, or use and decide it, at the same time. */
#include "enforce/approval.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/provider.h"
#include "identity/check.h"
#include "identity/subject.h"
#include "identity/agent.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_approval_spec, 24 + 16 * P);
AIM__NO_PADDING(aim_approval_decision, 16 + 4 * P);
#undef P

#define LAYER AIM_LAYER_ENFORCE
#define US_PER_S INT64_C(1000000)
#define TOOL_MAX 4096u

/* One question under way. */
typedef struct question {
	aim_registry *registry;
	const aim_approval_spec *spec;
	aim_buf arguments; /* canonical */
	uint8_t arguments_hash[32], binding[32];
	char binding_hex[65];
	int may_ask;
	int64_t now_us;
	aim__approval_row row; /* the one that answers */
	aim__record index;
	uint64_t index_version; /* 0: none */
	char id[AIM__ID_SIZE];
} question;

/* ---- what is bound ---- */

static aim_status check_spec(const aim_ctx *ctx, const aim_approval_spec *s, aim_error *err)
{
	if (s->flags & ~AIM_APPROVAL_HIDE_ARGUMENTS || s->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_approval_spec has an unknown flag");
	if (s->risk > AIM_DECISION_RISK_CRITICAL || s->urgency > AIM_APPROVAL_URGENT || s->ttl_s > AIM_APPROVAL_MAX_TTL_S ||
	    (s->arguments.len && !s->arguments.ptr))
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "risk, urgency, ttl_s (at most %u) or arguments of aim_approval_spec is out of range",
		                 AIM_APPROVAL_MAX_TTL_S);
	aim_status rc = aim__check_name(ctx, "agent", s->agent, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("tool", s->tool, TOOL_MAX, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("server", s->server, TOOL_MAX, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("resource", s->resource, TOOL_MAX, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("tool_fingerprint", s->tool_fingerprint, 256, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("policy_hash", s->policy_hash, 256, 0, err);
	return rc == AIM_OK ? aim__check_text("reason", s->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err) : rc;
}

/* No number is rounded: two that differ are two questions. */
static aim_status take_arguments(question *q, aim_error *err)
{
	aim_json doc;
	if (q->spec->arguments.len == 0)
		return AIM_OK;
	aim__json_init(&doc, q->registry->ctx);
	aim_status rc = aim_json_parse(&doc, q->spec->arguments, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(&doc, AIM_JSON_ROOT, AIM_JSON_JCS_EXACT_TEXT, &q->arguments, err);
	aim__json_dispose(&doc);
	if (rc != AIM_OK)
		return rc;
	rc = aim__sha256_one(q->registry->ctx, q->arguments.ptr, q->arguments.len, q->arguments_hash);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

/* Members in canonical order. */
static aim_status bind(question *q, aim_error *err)
{
	static const char label[] = "libaim/approval/v1\n";
	char hex[65] = "";
	aim_buf text;
	aim__json_writer w;
	if (q->arguments.len)
		aim__hex_write(aim_bytes_from(q->arguments_hash, 32), hex);
	hex[64] = '\0';
	aim__buf_init(&text, q->registry->ctx);
	aim__write_init(&w, &text);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "agent", q->spec->agent);
	aim__write_member_text(&w, "arguments", hex);
	aim__write_member_string(&w, "namespace", aim_registry_name_space(q->registry));
	aim__write_member_string(&w, "policy", q->spec->policy_hash);
	aim__write_member_string(&w, "resource", q->spec->resource);
	aim__write_member_string(&w, "server", q->spec->server);
	aim__write_member_string(&w, "tool", q->spec->tool);
	aim__write_member_string(&w, "tool_fingerprint", q->spec->tool_fingerprint);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	const aim_bytes parts[] = {aim_bytes_from(label, sizeof label - 1), aim_buf_bytes(&text)};
	if (rc == AIM_OK)
		rc = aim__sha256(q->registry->ctx, parts, 2, q->binding);
	aim__buf_dispose(&text);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	aim__hex_write(aim_bytes_from(q->binding, 32), q->binding_hex);
	q->binding_hex[64] = '\0';
	return AIM_OK;
}

/* ---- the one that answers ---- */

/* AIM_E_NOT_FOUND: none, or one that is over. */
static aim_status look_up(question *q, aim_error *err)
{
	aim_str parts[2] = {aim_registry_name_space(q->registry), aim_str_from(q->binding_hex)};
	q->index_version = 0;
	aim_status rc = aim__record_key(&q->row.key, AIM__APPROVAL_FOR, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&q->index, aim_buf_bytes(&q->row.key), err);
	if (rc != AIM_OK)
		return rc;
	q->index_version = q->index.version;
	aim_str id = aim_json_string(&q->index.doc, aim_json_member(&q->index.doc, AIM_JSON_ROOT, aim_str_from("id")));
	if (id.len != AIM__ID_LEN)
		return aim__record_corrupt(aim_buf_bytes(&q->row.key), "id", err);
	memcpy(q->id, id.ptr, AIM__ID_LEN);
	q->id[AIM__ID_LEN] = '\0';
	rc = aim__approval_load(&q->row, aim_str_from(q->id), err);
	if (rc == AIM_OK && memcmp(q->row.is.binding, q->binding, 32) != 0)
		return aim__record_corrupt(aim_buf_bytes(&q->row.key), "binding", err);
	uint32_t state = rc == AIM_OK ? aim__approval_state(&q->row.is, q->now_us) : AIM_APPROVAL_EXPIRED;
	int over = state == AIM_APPROVAL_USED || state == AIM_APPROVAL_EXPIRED || q->now_us >= q->row.is.expires_at_us;
	return rc == AIM_OK && over ? AIM_E_NOT_FOUND : rc;
}

/* ---- what changes write ---- */

static aim_status add_record(aim__batch *batch, const char *kind, const aim__approval *a, int64_t now_us,
                             aim_error *err)
{
	aim__json_writer w;
	char hex[65];
	aim__hex_write(aim_bytes_from(a->arguments_hash, 32), hex);
	hex[64] = '\0';
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "arguments_hash", hex);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	aim_audit_record *r = aim__batch_record(batch, kind, a->server, now_us);
	r->agent = a->agent;
	r->approval = a->id;
	r->tool_fingerprint = a->tool_fingerprint;
	r->action = a->tool;
	r->resource = a->resource;
	r->user = a->decided_by;
	r->policy_hash = a->policy_hash;
	r->reason = a->state == AIM_APPROVAL_PENDING ? a->reason : a->decided_why;
	return AIM_OK;
}

static void last_expires(aim__batch *batch, int64_t at_us)
{
	batch->ops[batch->n_ops - 1].expires_at_us = at_us;
}

static aim_status put(aim__batch *batch, const aim__approval *a, uint64_t version, aim_error *err)
{
	uint32_t kind = version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT;
	aim_status rc = aim__batch_add(batch, kind, version, AIM__APPROVAL, &a->id, 1, &aim__approval_table, a, err);
	if (rc == AIM_OK)
		last_expires(batch, a->expires_at_us + AIM_APPROVAL_KEEP_S * US_PER_S);
	return rc;
}

/* Both indexes of what is pending. */
static aim_status pending(aim__batch *batch, uint32_t kind, const aim__approval *a, aim_error *err)
{
	static const aim__fields empty = {NULL, 0};
	aim_str live[2] = {a->name_space, a->id}, of[2] = {a->agent, a->id};
	const aim__fields *value = kind == AIM_STORE_PUT ? &empty : NULL;
	aim_status rc = aim__batch_add(batch, kind, 0, AIM__APPROVAL_LIVE, live, 2, value, a, err);
	if (rc != AIM_OK)
		return rc;
	if (value)
		last_expires(batch, a->expires_at_us);
	rc = aim__batch_add(batch, kind, 0, AIM__APPROVAL_OF, of, 2, value, a, err);
	if (rc == AIM_OK && value)
		last_expires(batch, a->expires_at_us);
	return rc;
}

/* ---- asking ---- */

static aim_status count_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	(void)key, (void)value, (void)version, (void)err;
	return ++*(size_t *)user < AIM_APPROVAL_MAX_PENDING ? AIM_OK : AIM_E_SPACE;
}

static aim_status check_room(question *q, aim_error *err)
{
	size_t n = 0;
	aim_bytes from_start = {NULL, 0};
	aim_str parts[2] = {q->spec->agent, {NULL, 0}};
	aim_status rc = aim__record_key(&q->row.key, AIM__APPROVAL_OF, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(q->registry, aim_buf_bytes(&q->row.key), from_start, count_row, &n, err);
	if (rc == AIM_E_SPACE && n == AIM_APPROVAL_MAX_PENDING)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "%u approvals of %.*s are pending", AIM_APPROVAL_MAX_PENDING,
		                 AIM__STR(q->spec->agent));
	return rc;
}

static aim__approval draft(const question *q)
{
	const aim_approval_spec *s = q->spec;
	aim__approval a = {.state = AIM_APPROVAL_PENDING, .risk = s->risk, .asked_us = q->now_us};
	int kept = !(s->flags & AIM_APPROVAL_HIDE_ARGUMENTS) && q->arguments.len <= AIM_APPROVAL_MAX_ARGUMENTS;
	a.urgency = s->urgency ? s->urgency : AIM_APPROVAL_NORMAL;
	a.expires_at_us = q->now_us + (s->ttl_s ? s->ttl_s : AIM_APPROVAL_DEFAULT_TTL_S) * US_PER_S;
	a.id = aim_str_from(q->id);
	a.name_space = aim_registry_name_space(q->registry);
	a.agent = s->agent;
	a.server = s->server;
	a.tool = s->tool;
	a.resource = s->resource;
	a.tool_fingerprint = s->tool_fingerprint;
	a.policy_hash = s->policy_hash;
	a.reason = s->reason;
	if (kept && q->arguments.len)
		a.arguments = aim_bytes_from(q->arguments.ptr, q->arguments.len);
	memcpy(a.arguments_hash, q->arguments_hash, 32);
	memcpy(a.binding, q->binding, 32);
	return a;
}

static const aim__field index_fields[] = {{"id", offsetof(aim__approval, id), AIM__FIELD_TEXT, 1, NULL}};
static const aim__fields index_table = {index_fields, 1};

static aim_status build_question(const question *q, aim__batch *batch, const aim__approval *a, aim_error *err)
{
	uint32_t kind = q->index_version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT;
	aim_str parts[2] = {a->name_space, aim_str_from(q->binding_hex)};
	aim_status rc =
		aim__batch_add(batch, kind, q->index_version, AIM__APPROVAL_FOR, parts, 2, &index_table, a, err);
	if (rc != AIM_OK)
		return rc;
	last_expires(batch, a->expires_at_us);
	rc = put(batch, a, 0, err);
	if (rc == AIM_OK)
		rc = pending(batch, AIM_STORE_PUT, a, err);
	return rc == AIM_OK ? add_record(batch, "approval_requested", a, q->now_us, err) : rc;
}

static aim_status put_before_a_person(question *q, aim_error *err)
{
	aim__batch batch;
	q->id[0] = '\0';
	if (!q->may_ask)
		return AIM_DENIED;
	aim_status rc = check_room(q, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__id_new(q->registry->ctx, AIM__APPROVAL_PREFIX, q->now_us, q->id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	aim__approval a = draft(q);
	aim__batch_init(&batch, q->registry);
	rc = build_question(q, &batch, &a, err);
	if (rc == AIM_OK)
		rc = aim__batch_commit(&batch, NULL, err);
	aim__batch_dispose(&batch);
	return rc == AIM_OK ? AIM_ASK : rc;
}

static aim_status use_up(question *q, aim_error *err)
{
	aim__batch batch;
	aim__approval a = q->row.is;
	aim_str parts[2] = {a.name_space, aim_str_from(q->binding_hex)};
	a.state = AIM_APPROVAL_USED;
	a.used_us = q->now_us;
	aim__batch_init(&batch, q->registry);
	aim_status rc = put(&batch, &a, q->row.record.version, err);
	if (rc == AIM_OK)
		rc = aim__batch_add(&batch, AIM_STORE_DELETE, 0, AIM__APPROVAL_FOR, parts, 2, NULL, NULL, err);
	if (rc == AIM_OK)
		rc = add_record(&batch, "approval_used", &a, q->now_us, err);
	if (rc == AIM_OK)
		rc = aim__batch_commit(&batch, NULL, err);
	aim__batch_dispose(&batch);
	return rc;
}

static aim_status ask_once(question *q, aim_error *err)
{
	aim_status rc = look_up(q, err);
	if (rc == AIM_E_NOT_FOUND)
		return put_before_a_person(q, err);
	if (rc != AIM_OK)
		return rc;
	switch (q->row.is.state) {
	case AIM_APPROVAL_APPROVED:
		return use_up(q, err);
	case AIM_APPROVAL_PENDING:
		return AIM_ASK;
	default:
		return AIM_DENIED;
	}
}

static aim_status ask(question *q, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(q->registry->ctx, &q->now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	rc = take_arguments(q, err);
	if (rc == AIM_OK)
		rc = bind(q, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = ask_once(q, err);
	return rc;
}

static aim_status answer(aim_registry *registry, const aim_approval_spec *spec, int may_ask, char *out_id,
                         aim_error *err)
{
	aim_approval_spec s = {.struct_size = sizeof s};
	question q;
	if (out_id)
		out_id[0] = '\0';
	if (!registry || !spec)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and spec are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, sizeof s, "aim_approval_spec", err);
	if (rc == AIM_OK)
		rc = check_spec(registry->ctx, &s, err);
	if (rc != AIM_OK)
		return rc;
	memset(&q, 0, sizeof q);
	q.registry = registry;
	q.spec = &s;
	q.may_ask = may_ask;
	aim__buf_init(&q.arguments, registry->ctx);
	aim__approval_row_init(&q.row, registry);
	aim__record_init(&q.index, registry);
	rc = ask(&q, err);
	aim__record_dispose(&q.index);
	aim__approval_row_dispose(&q.row);
	aim__buf_dispose(&q.arguments);
	if (out_id && (rc == AIM_OK || rc == AIM_ASK || rc == AIM_DENIED))
		memcpy(out_id, q.id, AIM__ID_SIZE);
	return rc;
}

aim_status aim_approval_ask(aim_registry *registry, const aim_approval_spec *spec, char *out_id, aim_error *err)
{
	return answer(registry, spec, 1, out_id, err);
}

aim_status aim_approval_use(aim_registry *registry, const aim_approval_spec *spec, char *out_id, aim_error *err)
{
	return answer(registry, spec, 0, out_id, err);
}

/* ---- deciding ---- */

static aim_status take_decision(const aim_ctx *ctx, const aim_approval_decision *decision, aim_approval_decision *d,
                                aim_error *err)
{
	aim_status rc = aim__sized_in(d, sizeof *d, decision, sizeof *d, "aim_approval_decision", err);
	if (rc != AIM_OK)
		return rc;
	if (d->flags || d->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_approval_decision.flags and .reserved must be 0");
	if (d->state != AIM_APPROVAL_APPROVED && d->state != AIM_APPROVAL_DENIED)
		return aim__fail(err, AIM_E_INVALID, LAYER, "an approval is approved or denied, not %s",
		                 aim_approval_state_name(d->state));
	rc = aim__check_text("reason", d->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	return rc == AIM_OK ? aim__check_name(ctx, "actor", d->actor, AIM__CHECK_REQUIRED, err) : rc;
}

/* Under its id, its name, or any other it is registered with. */
static aim_status check_actor(aim_registry *registry, const aim__approval *a, aim_str actor, aim_error *err)
{
	aim__subject *agent = NULL;
	int self = aim_str_equal(a->agent, actor);
	if (!self) {
		aim_status rc = aim__subject_find(registry, &aim__agent_kind, a->agent, &agent, NULL);
		if (rc != AIM_OK && rc != AIM_E_NOT_FOUND && rc != AIM_E_INVALID)
			return aim__fail_plain(err, rc, LAYER);
		self = rc == AIM_OK && (aim__subject_is(agent, actor) || aim_str_equal(agent->name, actor));
		if (rc == AIM_OK)
			aim__subject_free(agent);
	}
	return self ? aim__fail(err, AIM_E_GRANTREQUEST_SELF, LAYER, "%.*s may not decide about its own call",
	                        AIM__STR(a->agent))
	            : AIM_OK;
}

static aim_status check_decidable(aim_registry *registry, const aim__approval *a, aim_str actor, int64_t now_us,
                                  aim_error *err)
{
	if (a->state != AIM_APPROVAL_PENDING)
		return aim__fail(err, AIM_E_STATE, LAYER, "%.*s was %s by %.*s", AIM__STR(a->id),
		                 a->state == AIM_APPROVAL_DENIED ? "denied" : "approved", AIM__STR(a->decided_by));
	if (now_us >= a->expires_at_us)
		return aim__fail(err, AIM_E_EXPIRED, LAYER, "%.*s is over", AIM__STR(a->id));
	return check_actor(registry, a, actor, err);
}

static aim_status decide_once(aim__approval_row *row, aim_str id, const aim_approval_decision *d, aim_error *err)
{
	aim__batch batch;
	aim__approval a;
	int64_t now_us = 0;
	aim_registry *registry = row->record.registry;
	aim_status rc = aim_ctx_now_us(registry->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	rc = aim__approval_find(row, id, err);
	if (rc == AIM_OK)
		rc = check_decidable(registry, &row->is, d->actor, now_us, err);
	if (rc != AIM_OK)
		return rc;
	a = row->is;
	a.state = d->state;
	a.decided_us = now_us;
	a.decided_by = d->actor;
	a.decided_why = d->reason;
	aim__batch_init(&batch, registry);
	rc = put(&batch, &a, row->record.version, err);
	if (rc == AIM_OK)
		rc = pending(&batch, AIM_STORE_DELETE, &a, err);
	if (rc == AIM_OK)
		rc = add_record(&batch, d->state == AIM_APPROVAL_APPROVED ? "approval_granted" : "approval_denied", &a, now_us, err);
	if (rc == AIM_OK)
		rc = aim__batch_commit(&batch, NULL, err);
	aim__batch_dispose(&batch);
	return rc;
}

aim_status aim_approval_decide(aim_registry *registry, aim_str id, const aim_approval_decision *decision,
                               aim_error *err)
{
	aim_approval_decision d = {.struct_size = sizeof d};
	aim__approval_row row;
	if (!registry || !decision)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and decision are required");
	aim_status rc = take_decision(registry->ctx, decision, &d, err);
	if (rc != AIM_OK)
		return rc;
	aim__approval_row_init(&row, registry);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = decide_once(&row, id, &d, err);
	aim__approval_row_dispose(&row);
	return rc;
}
