/* identity/grantrequest.c — asking for capabilities, and deciding about it. Layer identity.
 *
 *     grant-request/<id>                      the request
 *     grant-request-of/<agent>/<id>           {}: all of an agent
 *     grant-request-live/<namespace>/<id>     {}: pending
 *     grant-request-same/<namespace>/<agent>/<capability>/<resource>   {"id":…}: the one that is pending
 *     grant-request-count/<agent>             counter of what is pending */
#include <aim/grantrequest.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "base/time.h"
#include "identity/check.h"
#include "identity/grant.h"
#include "identity/subject.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_grantrequest_spec, 8 + 8 * P + 8);
AIM__NO_PADDING(aim_grantrequest, 8 + 3 * 8 + 16 * P);
AIM__NO_PADDING(aim_grantrequest_decision, 16 + 8 + 4 * P);
#undef P

#define ID_PREFIX "crq_"
#define BY_ID "grant-request/"
#define OF_AGENT "grant-request-of/"
#define LIVE "grant-request-live/"
#define SAME "grant-request-same/"
#define COUNT "grant-request-count/"
#define KEEP_US (AIM_GRANTREQUEST_KEEP_S * INT64_C(1000000))

typedef struct stored_request {
	aim_str id, agent, name_space, capability, resource, reason, decided_by, decided_why, grant;
	int64_t expires_at_s, requested_us, decided_us;
	uint32_t state, reserved;
} stored_request;

static const char *const state_names[] = {"unknown", "pending", "approved", "denied", NULL};

#define FIELD(name, member, type, required) {name, offsetof(stored_request, member), type, required, NULL}
static const aim__field request_fields[] = {
	FIELD("id", id, AIM__FIELD_TEXT, 1),
	FIELD("agent", agent, AIM__FIELD_TEXT, 1),
	FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	{"state", offsetof(stored_request, state), AIM__FIELD_NAME, 1, state_names},
	FIELD("capability", capability, AIM__FIELD_TEXT, 1),
	FIELD("resource", resource, AIM__FIELD_TEXT, 0),
	FIELD("reason", reason, AIM__FIELD_TEXT, 0),
	FIELD("expires_at", expires_at_s, AIM__FIELD_TIME_S, 0),
	FIELD("requested_at", requested_us, AIM__FIELD_TIME_US, 1),
	FIELD("decided_at", decided_us, AIM__FIELD_TIME_US, 0),
	FIELD("decided_by", decided_by, AIM__FIELD_TEXT, 0),
	FIELD("decided_why", decided_why, AIM__FIELD_TEXT, 0),
	FIELD("grant", grant, AIM__FIELD_TEXT, 0),
};
#undef FIELD
static const aim__fields request_table = {request_fields, sizeof request_fields / sizeof *request_fields};
static const aim__fields empty_table = {NULL, 0};

const char *aim_grantrequest_state_name(uint32_t state)
{
	return state_names[state <= AIM_GRANTREQUEST_DENIED ? state : 0];
}

/* ---- what both changes write ---- */

static aim_status step_count(aim__batch *batch, aim_str agent, int64_t by, aim_error *err)
{
	aim_status rc = aim__batch_add(batch, AIM_STORE_ADD, 0, COUNT, &agent, 1, NULL, NULL, err);
	if (rc != AIM_OK)
		return rc;
	batch->ops[batch->n_ops - 1].delta = by;
	batch->ops[batch->n_ops - 1].bound = by > 0 ? AIM_GRANTREQUEST_MAX_PENDING : 0;
	return AIM_OK;
}

/* Members in canonical order. */
static aim_status write_data(aim__batch *batch, const stored_request *r, aim_error *err)
{
	aim__json_writer w;
	aim_buf_clear(&batch->data);
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "capability", r->capability);
	if (r->expires_at_s)
		aim__write_member_int64(&w, "expires_at_s", r->expires_at_s);
	if (r->grant.len)
		aim__write_member_string(&w, "grant", r->grant);
	aim__write_member_string(&w, "request", r->id);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status add_record(aim__batch *batch, const char *kind, const stored_request *r, int64_t now_us,
                             aim_error *err)
{
	aim_audit_record *record = aim__batch_record(batch, kind, r->agent, now_us);
	record->user = r->decided_by;
	record->action = r->capability;
	record->resource = r->resource;
	record->reason = r->state == AIM_GRANTREQUEST_PENDING ? r->reason : r->decided_why;
	return write_data(batch, r, err);
}

static aim_status now_us(const aim_ctx *ctx, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(ctx, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* ---- asking ---- */

/* What the grant would be, for the checks of grants. */
static aim_status check_spec(const aim_ctx *ctx, const aim_grantrequest_spec *s, aim_error *err)
{
	aim_grant_spec grant = {.struct_size = sizeof grant, .expires_at_s = s->expires_at_s};
	if (s->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY, "aim_grantrequest_spec.flags must be 0");
	grant.capability = s->capability;
	grant.resource = s->resource;
	grant.reason = s->reason;
	return aim__grant_check_spec(ctx, &grant, err);
}

static aim_status build_request(aim__batch *batch, const stored_request *r, aim_error *err)
{
	aim_str of[2] = {r->agent, r->id};
	aim_str live[2] = {r->name_space, r->id};
	aim_str same[4] = {r->name_space, r->agent, r->capability, r->resource};
	aim_status rc = aim__batch_add_index(batch, SAME, same, 4, r->id, err); /* first: see explain() */
	if (rc == AIM_OK)
		rc = aim__batch_add(batch, AIM_STORE_PUT_IF_ABSENT, 0, BY_ID, &r->id, 1, &request_table, r, err);
	if (rc == AIM_OK)
		rc = aim__batch_add(batch, AIM_STORE_PUT, 0, OF_AGENT, of, 2, &empty_table, r, err);
	if (rc == AIM_OK)
		rc = aim__batch_add(batch, AIM_STORE_PUT, 0, LIVE, live, 2, &empty_table, r, err);
	if (rc == AIM_OK)
		rc = step_count(batch, r->agent, 1, err);
	return rc == AIM_OK ? add_record(batch, "capability_requested", r, r->requested_us, err) : rc;
}

/* Why the commit was refused. When the other request was decided meanwhile, the caller may try again. */
static aim_status explain(const aim__batch *batch, const stored_request *r, aim_status rc, uint32_t failed_op,
                          aim_error *err)
{
	char id[AIM__ID_SIZE];
	if (rc == AIM_E_STORE_BOUND)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "%u requests of %.*s are pending",
		                 AIM_GRANTREQUEST_MAX_PENDING, AIM__STR(r->agent));
	if (failed_op != 0)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY);
	rc = aim__subject_index(batch->registry, batch->ops[0].key, id, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY);
	if (rc != AIM_OK)
		return rc;
	return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "%s asks for the same and is pending", id);
}

static aim_status commit_request(aim__batch *batch, const stored_request *r, aim_error *err)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		uint32_t failed_op = 0;
		rc = aim__batch_commit(batch, &failed_op, err);
		if (rc == AIM_E_CONFLICT || rc == AIM_E_STORE_BOUND)
			rc = explain(batch, r, rc, failed_op, err);
	}
	return rc;
}

static aim_status create(aim_registry *registry, stored_request *r, char id[AIM__ID_SIZE], aim_error *err)
{
	aim__batch batch;
	aim_status rc = now_us(registry->ctx, &r->requested_us, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__id_new(registry->ctx, ID_PREFIX, r->requested_us, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	r->id = aim_str_from(id);
	r->name_space = aim_registry_name_space(registry);
	aim__batch_init(&batch, registry);
	rc = build_request(&batch, r, err);
	if (rc == AIM_OK)
		rc = commit_request(&batch, r, err);
	aim__batch_dispose(&batch);
	return rc;
}

aim_status aim_grantrequest_create(aim_registry *registry, const aim_grantrequest_spec *spec, char *out_id,
                                   aim_error *err)
{
	aim_grantrequest_spec s = {.struct_size = sizeof s};
	char agent[AIM__ID_SIZE], id[AIM__ID_SIZE];
	if (!registry || !spec)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and spec are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, sizeof s, "aim_grantrequest_spec", err);
	if (rc == AIM_OK)
		rc = check_spec(registry->ctx, &s, err);
	if (rc == AIM_OK)
		rc = aim__subject_usable(registry, &aim__agent_kind, s.agent, agent, err);
	if (rc != AIM_OK)
		return rc;
	stored_request r = {.state = AIM_GRANTREQUEST_PENDING, .expires_at_s = s.expires_at_s};
	r.agent = aim_str_from(agent);
	r.capability = s.capability;
	r.resource = s.resource;
	r.reason = s.reason;
	rc = create(registry, &r, id, err);
	if (rc == AIM_OK && out_id)
		memcpy(out_id, id, AIM__ID_SIZE);
	return rc;
}

/* ---- reading ---- */

/* A request that was read; its text lives in the arena. */
typedef struct request_work {
	aim__record record;
	aim__arena arena;
	aim_buf key;
	stored_request request;
} request_work;

static void work_init(request_work *w, aim_registry *registry)
{
	memset(w, 0, sizeof *w);
	aim__record_init(&w->record, registry);
	aim__arena_init(&w->arena, registry->ctx, 1024, 0);
	aim__buf_init(&w->key, registry->ctx);
}

static void work_dispose(request_work *w)
{
	aim__buf_dispose(&w->key);
	aim__arena_dispose(&w->arena);
	aim__record_dispose(&w->record);
}

/* id is in its stored form. AIM_E_NOT_FOUND leaves err untouched; a request of another namespace is none. */
static aim_status load(request_work *w, aim_str id, aim_error *err)
{
	aim__arena_reset(&w->arena);
	memset(&w->request, 0, sizeof w->request);
	aim_status rc = aim__record_key(&w->key, BY_ID, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&w->record, aim_buf_bytes(&w->key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&w->record, aim_buf_bytes(&w->key), &request_table, &w->arena, &w->request, err);
	if (rc == AIM_OK && !aim_str_equal(w->request.id, id))
		rc = aim__record_corrupt(aim_buf_bytes(&w->key), "id", err);
	if (rc == AIM_OK && !aim_str_equal(w->request.name_space, aim_registry_name_space(w->record.registry)))
		rc = AIM_E_NOT_FOUND;
	return rc;
}

static aim_status find(request_work *w, aim_str id, aim_error *err)
{
	char stored[AIM__ID_SIZE];
	aim_status rc = aim__id_parse(ID_PREFIX, id, stored, err);
	if (rc == AIM_OK)
		rc = load(w, aim_str_from(stored), err);
	if (rc == AIM_E_NOT_FOUND)
		rc = aim__fail(err, rc, AIM_LAYER_IDENTITY, "there is no request %.*s", AIM__STR(id));
	return rc;
}

static aim_status show(const stored_request *r, aim_grantrequest_visit visit, void *user)
{
	aim_grantrequest request = {.struct_size = sizeof request, .state = r->state};
	request.expires_at_s = r->expires_at_s;
	request.requested_us = r->requested_us;
	request.decided_us = r->decided_us;
	request.id = r->id;
	request.agent = r->agent;
	request.capability = r->capability;
	request.resource = r->resource;
	request.reason = r->reason;
	request.decided_by = r->decided_by;
	request.decided_why = r->decided_why;
	request.grant = r->grant;
	return visit(user, &request);
}

aim_status aim_grantrequest_find(aim_registry *registry, aim_str id, aim_grantrequest_visit visit, void *user,
                                 aim_error *err)
{
	request_work w;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	work_init(&w, registry);
	aim_status rc = find(&w, id, err);
	if (rc == AIM_OK)
		rc = show(&w.request, visit, user);
	work_dispose(&w);
	return rc;
}

/* ---- listing: an index is walked, and each request that it names is read ---- */

typedef struct listing {
	request_work work;
	aim_grantrequest_visit visit;
	void *user;
	uint32_t state;
	int done;
	size_t left;
} listing;

static aim_status visit_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	listing *l = user;
	aim_str id = {(const char *)key.ptr + key.len - AIM__ID_LEN, AIM__ID_LEN};
	(void)value, (void)version;
	if (key.len < AIM__ID_LEN)
		return aim__record_corrupt(key, NULL, err);
	aim_status rc = load(&l->work, id, err);
	if (rc == AIM_E_NOT_FOUND) /* forgotten meanwhile, or another namespace's */
		return AIM_OK;
	if (rc != AIM_OK || (l->state && l->work.request.state != l->state))
		return rc;
	rc = show(&l->work.request, l->visit, l->user);
	l->done = rc == AIM_OK && --l->left == 0;
	return l->done ? AIM_E_SPACE : rc; /* any failure ends the walk */
}

/* The index that has least to do with others: an agent's, that of the pending, or all. */
static aim_status walk(listing *l, aim_str agent, aim_str after, aim_error *err)
{
	aim_registry *registry = l->work.record.registry;
	const char *prefix = agent.len ? OF_AGENT : l->state == AIM_GRANTREQUEST_PENDING ? LIVE : BY_ID;
	aim_str parts[2] = {agent.len ? agent : aim_registry_name_space(registry), {NULL, 0}};
	int whole = strcmp(prefix, BY_ID) == 0;
	aim_buf from, behind;
	aim__buf_init(&from, registry->ctx);
	aim__buf_init(&behind, registry->ctx);
	aim_status rc = aim__record_key(&from, prefix, parts, whole ? 0 : 2, err);
	parts[whole ? 0 : 1] = after;
	if (rc == AIM_OK && after.len)
		rc = aim__record_key(&behind, prefix, parts, whole ? 1 : 2, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&from), aim_buf_bytes(&behind), visit_row, l, err);
	aim__buf_dispose(&behind);
	aim__buf_dispose(&from);
	return rc;
}

aim_status aim_grantrequest_list(aim_registry *registry, aim_str agent, uint32_t state, aim_str after, size_t limit,
                                 aim_grantrequest_visit visit, void *user, aim_error *err)
{
	char agent_id[AIM__ID_SIZE] = "", after_id[AIM__ID_SIZE] = "";
	listing l = {.visit = visit, .user = user, .state = state, .left = limit ? limit : SIZE_MAX};
	aim_status rc = AIM_OK;
	if (!registry || !visit || state > AIM_GRANTREQUEST_DENIED)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, visit and a known state are required");
	if (agent.len)
		rc = aim__id_parse(aim__agent_kind.id_prefix, agent, agent_id, err);
	if (rc == AIM_OK && after.len)
		rc = aim__id_parse(ID_PREFIX, after, after_id, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&l.work, registry);
	rc = walk(&l, aim_str_from(agent_id), aim_str_from(after_id), err);
	work_dispose(&l.work);
	return rc == AIM_E_SPACE && l.done ? AIM_OK : rc;
}

/* ---- deciding ---- */

static aim_status take_decision(const aim_ctx *ctx, const aim_grantrequest_decision *decision,
                                aim_grantrequest_decision *out, aim_error *err)
{
	char text[AIM__TIME_TEXT_SIZE];
	aim_status rc = aim__sized_in(out, sizeof *out, decision, sizeof *out, "aim_grantrequest_decision", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_grantrequest_decision.flags and .reserved must be 0");
	if (out->state != AIM_GRANTREQUEST_APPROVED && out->state != AIM_GRANTREQUEST_DENIED)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "a request is approved or denied, not %s",
		                 aim_grantrequest_state_name(out->state));
	if (out->state == AIM_GRANTREQUEST_DENIED && out->reason.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "denying a request needs a reason");
	if (out->expires_at_s < 0 || aim__time_format_s(text, out->expires_at_s) != AIM_OK)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "expires_at_s is not within the years 1970 to 9999");
	rc = aim__check_text("reason", out->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	return rc == AIM_OK ? aim__check_name(ctx, "actor", out->actor, AIM__CHECK_REQUIRED, err) : rc;
}

/* Whether this request may be decided so, now. */
static aim_status check_decision(aim_registry *registry, const stored_request *r,
                                 const aim_grantrequest_decision *d, aim_error *err)
{
	aim__subject *agent = NULL;
	if (r->state != AIM_GRANTREQUEST_PENDING)
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_IDENTITY, "%.*s was %s by %.*s", AIM__STR(r->id),
		                 aim_grantrequest_state_name(r->state), AIM__STR(r->decided_by));
	if (d->expires_at_s && r->expires_at_s && d->expires_at_s > r->expires_at_s)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "the grant would end later than was asked for");
	aim_status rc = aim__subject_find(registry, &aim__agent_kind, r->agent, &agent, err);
	if (rc != AIM_OK)
		return rc;
	if (aim__subject_is(agent, d->actor) || aim_str_equal(agent->name, d->actor))
		rc = aim__fail(err, AIM_E_GRANTREQUEST_SELF, AIM_LAYER_IDENTITY, "%.*s may not decide about its own request",
		               AIM__STR(r->agent));
	else if (agent->status == AIM_REGISTRY_REVOKED && d->state == AIM_GRANTREQUEST_APPROVED)
		rc = aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "agent %.*s is revoked", AIM__STR(r->agent));
	aim__subject_free(agent);
	return rc;
}

static aim_status add_grant(aim__batch *batch, stored_request *r, char grant_id[AIM__ID_SIZE], aim_error *err)
{
	aim__grant grant = {.agent = r->agent, .capability = r->capability, .resource = r->resource,
	                    .reason = r->reason, .actor = r->decided_by, .expires_at_s = r->expires_at_s};
	aim_status rc = aim__grant_put(batch, &grant, grant_id, err);
	r->grant = aim_str_from(grant_id);
	return rc;
}

static aim_status put_decided(aim__batch *batch, const stored_request *r, uint64_t version, aim_error *err)
{
	int64_t expires_at_us = r->decided_us + KEEP_US;
	aim_str of[2] = {r->agent, r->id};
	aim_status rc =
		aim__batch_add(batch, AIM_STORE_PUT_IF_VERSION, version, BY_ID, &r->id, 1, &request_table, r, err);
	if (rc != AIM_OK)
		return rc;
	batch->ops[batch->n_ops - 1].expires_at_us = expires_at_us;
	rc = aim__batch_add(batch, AIM_STORE_PUT, 0, OF_AGENT, of, 2, &empty_table, r, err);
	if (rc == AIM_OK)
		batch->ops[batch->n_ops - 1].expires_at_us = expires_at_us;
	return rc;
}

/* The request was pending at that version, so the index keys are its own. */
static aim_status forget_pending(aim__batch *batch, const stored_request *r, aim_error *err)
{
	aim_str live[2] = {r->name_space, r->id};
	aim_str same[4] = {r->name_space, r->agent, r->capability, r->resource};
	aim_status rc = aim__batch_add(batch, AIM_STORE_DELETE, 0, LIVE, live, 2, NULL, NULL, err);
	if (rc == AIM_OK)
		rc = aim__batch_add(batch, AIM_STORE_DELETE, 0, SAME, same, 4, NULL, NULL, err);
	return rc == AIM_OK ? step_count(batch, r->agent, -1, err) : rc;
}

static aim_status build_decision(aim__batch *batch, request_work *w, const aim_grantrequest_decision *d,
                                 char grant_id[AIM__ID_SIZE], aim_error *err)
{
	stored_request *r = &w->request;
	int approved = d->state == AIM_GRANTREQUEST_APPROVED;
	r->state = d->state;
	r->decided_by = d->actor;
	r->decided_why = d->reason;
	if (d->expires_at_s)
		r->expires_at_s = d->expires_at_s;
	aim_status rc = now_us(batch->registry->ctx, &r->decided_us, err);
	if (rc == AIM_OK && approved)
		rc = add_grant(batch, r, grant_id, err);
	if (rc == AIM_OK)
		rc = put_decided(batch, r, w->record.version, err);
	if (rc == AIM_OK)
		rc = forget_pending(batch, r, err);
	if (rc == AIM_OK)
		rc = add_record(batch, approved ? "capability_approved" : "capability_denied", r, r->decided_us, err);
	return rc;
}

static aim_status decide_once(request_work *w, aim_str id, const aim_grantrequest_decision *d,
                              char grant_id[AIM__ID_SIZE], aim_error *err)
{
	aim__batch batch;
	aim_registry *registry = w->record.registry;
	aim_status rc = find(w, id, err);
	if (rc == AIM_OK)
		rc = check_decision(registry, &w->request, d, err);
	if (rc != AIM_OK)
		return rc;
	aim__batch_init(&batch, registry);
	rc = build_decision(&batch, w, d, grant_id, err);
	if (rc == AIM_OK)
		rc = aim__batch_commit(&batch, NULL, err);
	aim__batch_dispose(&batch);
	return rc == AIM_E_STORE_BOUND ? aim__grant_too_many(w->request.agent, err) : rc;
}

aim_status aim_grantrequest_decide(aim_registry *registry, aim_str id, const aim_grantrequest_decision *decision,
                                   char *out_grant, aim_error *err)
{
	aim_grantrequest_decision d = {.struct_size = sizeof d};
	char grant_id[AIM__ID_SIZE] = "";
	request_work w;
	if (!registry || !decision)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and decision are required");
	aim_status rc = take_decision(registry->ctx, decision, &d, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&w, registry);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = decide_once(&w, id, &d, grant_id, err);
	work_dispose(&w);
	if (rc == AIM_OK && out_grant && d.state == AIM_GRANTREQUEST_APPROVED)
		memcpy(out_grant, grant_id, AIM__ID_SIZE);
	return rc;
}
