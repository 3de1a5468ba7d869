/* enforce/action_close.c — what came of an action: its result, the trust of both sides, the usage and the records of all
 * that are one batch. Layer enforce. */
#include "enforce/action.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/subject.h"
#include "identity/usage.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_action_outcome, 8 + 8 + 6 * P);
AIM__NO_PADDING(aim_action_result, 8 + 5 * 8 + AIM_ACTION_ID_SIZE);
#undef P

#define KEEP_US (AIM_ACTION_KEEP_S * INT64_C(1000000))
#define EVENT_SIZE (AIM__ID_SIZE + 2u)

/* All that one commit writes. On the heap: the parts are some kilobytes each. */
#define MAX_OPS (3u * (AIM__BATCH_OPS + 1u))
#define MAX_RECORDS (3u * AIM__BATCH_RECORDS)
typedef struct closing {
	const aim_action_verifier *v;
	aim__action *a;
	aim__trust_work *agent;
	aim__trust_work *server; /* NULL: none, or nothing to say about it */
	aim__batch batch;        /* the action's own */
	aim_store_op ops[MAX_OPS];
	size_t n_ops;
	aim_audit_record records[MAX_RECORDS];
	size_t n_records;
} closing;

static const char *outcome_name(uint32_t outcome)
{
	static const char *const names[] = {"none", "open", "success", "failure", "unreported"};
	return names[outcome];
}

static uint32_t good_or_bad(uint32_t outcome)
{
	return outcome == AIM_ACTION_SUCCESS ? AIM_TRUST_GOOD : AIM_TRUST_BAD;
}

/* ---- evidence ---- */

static void event(aim_trust_event *e, aim_str subject, aim_str source, char text[EVENT_SIZE], const char *id,
                  const char *suffix)
{
	*e = (aim_trust_event){.struct_size = sizeof *e, .flags = AIM_TRUST_ROOTED, .outcome = AIM_TRUST_GOOD};
	e->subject = subject;
	e->source = source;
	text[aim__format(text, EVENT_SIZE, "%s%s", id, suffix)] = '\0';
	e->id = aim_str_from(text);
}

/* That it was verified, what came of it and, for an agent, its first use of the server in the session. */
static aim_status add_evidence(aim__trust_work *w, const aim__action *a, aim_str subject, aim_str source, int is_agent,
                               aim_error *err)
{
	aim_trust_event events[3];
	char ids[2][EVENT_SIZE];
	size_t n = 2;
	aim__trust_note note = {"action", outcome_name(a->state), source, a->id, {NULL, 0}};
	event(&events[0], subject, source, ids[0], a->id.ptr, ":v");
	events[0].factor = AIM_TRUSTSCORE_VERIFICATION;
	event(&events[1], subject, source, ids[1], a->id.ptr, ":s");
	events[1].factor = AIM_TRUSTSCORE_SUCCESS;
	events[1].outcome = good_or_bad(a->state);
	if (is_agent && a->first_use.len) {
		events[2] = events[0];
		events[2].factor = AIM_TRUSTSCORE_COMPLIANCE;
		events[2].outcome = a->attested ? AIM_TRUST_GOOD : AIM_TRUST_BAD;
		events[2].id = a->first_use;
		n = 3;
	}
	return aim__trust_prepare(w, events, n, &note, err);
}

/* An agent that says nothing says nothing about the server. */
static aim_status both_sides(closing *c, aim_error *err)
{
	aim_registry *registry = c->v->registry;
	const aim__action *a = c->a;
	int about_server = a->server.len && a->state != AIM_ACTION_UNREPORTED;
	c->agent = aim__trust_work_new(registry);
	c->server = about_server ? aim__trust_work_new(registry) : NULL;
	if (!c->agent || (about_server && !c->server))
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	aim_status rc = add_evidence(c->agent, a, a->agent, c->v->options.source, 1, err);
	if (rc == AIM_OK && about_server)
		rc = add_evidence(c->server, a, a->server, a->agent, 0, err);
	return rc;
}

/* ---- the action itself ---- */

/* Members in canonical order. */
static aim_status write_data(closing *c, aim_error *err)
{
	const aim__action *a = c->a;
	aim__json_writer w;
	aim__write_init(&w, &c->batch.data);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "action", a->id);
	aim__write_member_int64(&w, "agent_new_micro", (int64_t)a->agent_new);
	aim__write_member_int64(&w, "agent_old_micro", (int64_t)a->agent_old);
	if (a->latency_us)
		aim__write_member_int64(&w, "latency_us", (int64_t)a->latency_us - 1);
	aim__write_member_text(&w, "outcome", outcome_name(a->state));
	if (c->server) {
		aim__write_member_int64(&w, "server_new_micro", (int64_t)a->server_new);
		aim__write_member_int64(&w, "server_old_micro", (int64_t)a->server_old);
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

static aim_status add_record(closing *c, aim_error *err)
{
	const aim__action *a = c->a;
	aim_audit_record *r = aim__batch_record(&c->batch, "action_report", a->server, a->closed_us);
	r->agent = a->agent;
	r->session = a->session;
	r->action = a->action;
	r->resource = a->resource;
	r->reason = a->summary;
	r->trust_micro = (int64_t)a->agent_new;
	aim_status rc = write_data(c, err);
	r->data = aim_buf_str(&c->batch.data);
	return rc;
}

static aim_status add_usage(closing *c, aim_error *err)
{
	static const uint32_t outcomes[] = {[AIM_ACTION_SUCCESS] = AIM_USAGE_SUCCESS,
	                                    [AIM_ACTION_FAILURE] = AIM_USAGE_FAILURE,
	                                    [AIM_ACTION_UNREPORTED] = AIM_USAGE_UNREPORTED};
	aim_usage_call call = {.struct_size = sizeof call, .outcome = outcomes[c->a->state]};
	call.latency_us = (int64_t)c->a->latency_us - 1;
	call.agent = c->a->agent;
	call.server = c->a->server;
	call.capability = c->a->action;
	return aim__usage_prepare(&c->batch, &call, c->a->closed_us, err);
}

static aim_status add_action(closing *c, uint64_t version, aim_error *err)
{
	aim__action *a = c->a;
	a->agent_old = (uint64_t)c->agent->before.sum.score_micro;
	a->agent_new = (uint64_t)c->agent->after.sum.score_micro;
	a->server_old = c->server ? (uint64_t)c->server->before.sum.score_micro : 0;
	a->server_new = c->server ? (uint64_t)c->server->after.sum.score_micro : 0;
	aim_status rc = aim__batch_add(&c->batch, AIM_STORE_PUT_IF_VERSION, version, AIM__ACTION, &a->id, 1,
	                               &aim__action_table, a, err);
	if (rc != AIM_OK)
		return rc;
	c->batch.ops[0].expires_at_us = a->closed_us + KEEP_US;
	rc = aim__action_due(&c->batch, AIM_STORE_DELETE, a, err);
	if (rc == AIM_OK)
		rc = aim__action_count(&c->batch, a, -1, 0, err);
	if (rc == AIM_OK)
		rc = add_usage(c, err);
	return rc == AIM_OK ? add_record(c, err) : rc;
}

/* ---- one batch ---- */

static void gather(closing *c, const aim__batch *batch)
{
	memcpy(c->ops + c->n_ops, batch->ops, batch->n_ops * sizeof *batch->ops);
	memcpy(c->records + c->n_records, batch->records, batch->n_records * sizeof *batch->records);
	c->n_ops += batch->n_ops;
	c->n_records += batch->n_records;
}

/* Not a change that anybody remembers of the registry: its generation stays. */
static aim_status commit(closing *c, aim_error *err)
{
	gather(c, &c->batch);
	gather(c, &c->agent->batch);
	if (c->server)
		gather(c, &c->server->batch);
	aim__change change = {.ops = c->ops, .n_ops = c->n_ops, .records = c->records, .n_records = c->n_records};
	return aim__audit_commit(c->v->registry->log, &change, err);
}

static void tell(const closing *c, aim_action_result *out)
{
	const aim__action *a = c->a;
	if (!out)
		return;
	out->latency_us = (int64_t)a->latency_us - 1;
	out->agent_old_micro = (int64_t)a->agent_old;
	out->agent_new_micro = (int64_t)a->agent_new;
	out->server_old_micro = c->server ? (int64_t)a->server_old : AIM_DECISION_NO_TRUST;
	out->server_new_micro = c->server ? (int64_t)a->server_new : AIM_DECISION_NO_TRUST;
	memcpy(out->id, a->id.ptr, AIM__ID_SIZE);
}

aim_status aim__action_close(const aim_action_verifier *v, aim__action_row *row, uint32_t outcome, aim_str summary,
                             int64_t latency_us, int64_t now_us, aim_action_result *result, aim_error *err)
{
	closing *c = aim__alloc_zeroed(v->ctx, sizeof *c);
	if (!c)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	c->v = v;
	c->a = &row->is;
	aim__batch_init(&c->batch, v->registry);
	row->is.state = outcome;
	row->is.summary = summary;
	row->is.closed_us = now_us;
	row->is.latency_us = (uint64_t)(latency_us + 1);
	aim_status rc = both_sides(c, err);
	if (rc == AIM_OK)
		rc = add_action(c, row->record.version, err);
	if (rc == AIM_OK)
		rc = commit(c, err);
	if (rc == AIM_OK)
		tell(c, result);
	aim__batch_dispose(&c->batch);
	aim__trust_work_free(c->server);
	aim__trust_work_free(c->agent);
	aim__free(v->ctx, c, sizeof *c);
	return rc;
}

/* ---- reporting ---- */

/* A token that is none, or somebody else's: all of them look alike. */
static aim_status refuse_token(const aim_action_verifier *v, int64_t now_us, aim_error *err)
{
	aim_status rc = aim_audit_count_failure(v->registry->log, aim_str_from("action.token"), now_us, err);
	if (rc != AIM_OK)
		return rc;
	return aim__fail(err, AIM_E_ACTION_TOKEN, AIM_LAYER_ENFORCE, "this agent has no open action with this token");
}

static aim_status check_state(const aim__action *a, aim_error *err)
{
	if (a->state == AIM_ACTION_OPEN)
		return AIM_OK;
	if (a->state == AIM_ACTION_UNREPORTED)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_ENFORCE, "%.*s was not reported in time", AIM__STR(a->id));
	return aim__fail(err, AIM_E_ACTION_REPORTED, AIM_LAYER_ENFORCE, "%.*s was reported before", AIM__STR(a->id));
}

static int64_t latency_of(const aim_action_outcome *o, const aim__action *a, int64_t now_us)
{
	if (o->latency_us != 0)
		return o->latency_us;
	return now_us > a->checked_us ? now_us - a->checked_us : 0;
}

static aim_status report_once(aim_action_verifier *v, const aim_action_outcome *o, const char *agent,
                              aim__action_row *row, aim_action_result *result, aim_error *err)
{
	char id[AIM__ID_SIZE];
	uint8_t hash[32];
	int64_t now_us;
	aim_status rc = aim_ctx_now_us(v->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	rc = aim__action_token_read(v->ctx, o->token, id, hash, err);
	if (rc == AIM_OK)
		rc = aim__action_load(row, aim_str_from(id), err);
	if (rc == AIM_E_ACTION_TOKEN || rc == AIM_E_NOT_FOUND)
		return refuse_token(v, now_us, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim__equal_constant_time(hash, row->is.token_hash, sizeof hash) ||
	    !aim_str_equal(row->is.agent, aim_str_from(agent)))
		return refuse_token(v, now_us, err);
	rc = check_state(&row->is, err);
	if (rc != AIM_OK)
		return rc;
	int late = now_us >= row->is.expires_at_us;
	aim_str nothing = {NULL, 0};
	rc = aim__action_close(v, row, late ? AIM_ACTION_UNREPORTED : o->outcome, late ? nothing : o->summary,
	                       late ? -1 : latency_of(o, &row->is, now_us), now_us, result, err);
	return rc == AIM_OK ? late ? check_state(&row->is, err) : AIM_OK : rc;
}

static aim_status check_outcome(const aim_action_outcome *o, aim_error *err)
{
	if (o->outcome != AIM_ACTION_SUCCESS && o->outcome != AIM_ACTION_FAILURE)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "an action succeeded or failed, nothing else");
	if (o->latency_us < -1 || o->latency_us > INT64_C(1) << 52)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "latency_us is microseconds, 0 or -1");
	return aim__check_text("summary", o->summary, AIM__REASON_MAX, 0, err);
}

aim_status aim_action_report(aim_action_verifier *verifier, const aim_action_outcome *outcome,
                             aim_action_result *out_result, aim_error *err)
{
	aim_action_outcome o = {.struct_size = sizeof o};
	aim_action_result result = {.struct_size = sizeof result};
	char agent[AIM__ID_SIZE];
	aim__action_row row;
	if (!verifier || !outcome || (out_result && out_result->struct_size < sizeof *out_result))
		return AIM__MISUSE(verifier ? verifier->ctx : NULL,
		                   "verifier and outcome are required, and out_result with its struct_size");
	aim_status rc = aim__sized_in(&o, sizeof o, outcome, sizeof o, "aim_action_outcome", err);
	if (rc == AIM_OK)
		rc = check_outcome(&o, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(aim__agent_kind.id_prefix, o.agent, agent, err);
	if (rc != AIM_OK)
		return rc;
	aim__action_row_init(&row, verifier->registry);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = report_once(verifier, &o, agent, &row, &result, err);
	aim__action_row_dispose(&row);
	if (rc == AIM_OK && out_result)
		rc = aim__sized_out(out_result, &result, sizeof result, sizeof result);
	return rc;
}

/* ---- sweeping ---- */

typedef struct sweeping {
	aim_action_verifier *v;
	aim__action_row row;
	int64_t now_us;
	uint64_t left, n;
	int done;
} sweeping;

static aim_status close_overdue(sweeping *s, aim_str id, aim_error *err)
{
	aim_str nothing = {NULL, 0};
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		rc = aim__action_load(&s->row, id, err);
		if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && s->row.is.state != AIM_ACTION_OPEN))
			return AIM_OK; /* somebody else was faster */
		if (rc == AIM_OK)
			rc = aim__action_close(s->v, &s->row, AIM_ACTION_UNREPORTED, nothing, -1, s->now_us, NULL, err);
	}
	s->n += rc == AIM_OK;
	return rc;
}

/* The key ends in the time, '/' and the id. */
static aim_status visit_due(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	sweeping *s = user;
	uint64_t due_us = 0;
	(void)value, (void)version;
	if (key.len < AIM__ID_LEN + 17)
		return aim__record_corrupt(key, NULL, err);
	const char *id = (const char *)key.ptr + key.len - AIM__ID_LEN;
	for (const char *digit = id - 17; digit < id - 1; digit++)
		due_us = due_us << 4 | (uint64_t)(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
	s->done = (int64_t)due_us > s->now_us || s->left == 0;
	if (s->done)
		return AIM_E_SPACE; /* any failure ends the walk */
	s->left--;
	return close_overdue(s, (aim_str){id, AIM__ID_LEN}, err);
}

aim_status aim_action_sweep(aim_action_verifier *verifier, uint64_t limit, uint64_t *out_n, aim_error *err)
{
	sweeping s = {.v = verifier, .left = limit ? limit : UINT64_MAX};
	aim_buf prefix;
	if (!verifier)
		return AIM__MISUSE(NULL, "verifier is required");
	aim_status rc = aim_ctx_now_us(verifier->ctx, &s.now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	aim_str parts[2] = {aim_registry_name_space(verifier->registry), {NULL, 0}};
	aim__action_row_init(&s.row, verifier->registry);
	aim__buf_init(&prefix, verifier->ctx);
	rc = aim__record_key(&prefix, AIM__ACTION_DUE, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(verifier->registry, aim_buf_bytes(&prefix), aim_bytes_from(NULL, 0), visit_due, &s, err);
	aim__buf_dispose(&prefix);
	aim__action_row_dispose(&s.row);
	if (out_n)
		*out_n = s.n;
	return rc == AIM_E_SPACE && s.done ? AIM_OK : rc;
}
