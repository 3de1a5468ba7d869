/* enforce/action.c — the verifier, a check from request to ticket, and the guarded call. Layer enforce. */
#include "enforce/action.h"

#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "enforce/pattern.h"
#include "identity/check.h"
#include "identity/pattern.h"

#include <aim/confidence.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_action_risk, 2 * P + 8);
AIM__NO_PADDING(aim_action_question, 8 + 8 + 18 * P);
AIM__NO_PADDING(aim_action_options, 16 + 9 * P);
AIM__NO_PADDING(aim_action_request, 16 + 14 * P + 8 + 5 * P);
AIM__NO_PADDING(aim_action_ticket, 8 + 16 + AIM_ACTION_ID_SIZE + AIM_ACTION_TOKEN_SIZE);
#undef P

#define DEFAULT_SOURCE "action-verifier"
#define US_PER_S INT64_C(1000000)
#define VERIFIER_FLAGS (AIM_ACTION_ALLOW_PROVISIONAL | AIM_ACTION_REQUIRE_SIGNED | AIM_ACTION_REQUIRE_APPROVAL | \
	AIM_ACTION_KEEP_APPROVALS)

/* ---- the verifier ---- */

static aim_status take_options(const aim_ctx *ctx, const aim_action_options *options, aim_action_options *out,
                               aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, options, sizeof *out, "aim_action_options", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags & ~VERIFIER_FLAGS)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_action_options.flags has an unknown bit");
	if (out->ttl_s > AIM_ACTION_MAX_TTL_S || (!out->risks && out->n_risks))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "ttl_s is at most %u, and n_risks counts risks",
		                 AIM_ACTION_MAX_TTL_S);
	if (out->n_risks > AIM_ACTION_MAX_RISKS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE, "more than %u rows of risks", AIM_ACTION_MAX_RISKS);
	if (out->ttl_s == 0)
		out->ttl_s = AIM_ACTION_DEFAULT_TTL_S;
	if (out->max_open == 0)
		out->max_open = AIM_ACTION_DEFAULT_OPEN;
	if (out->source.len == 0)
		out->source = aim_str_from(DEFAULT_SOURCE);
	return aim__check_name(ctx, "source", out->source, AIM__CHECK_REQUIRED, err);
}

static aim_status copy_text(aim__arena *arena, aim_str *text, aim_error *err)
{
	aim_str copy = aim__arena_copy(arena, *text);
	if (!copy.ptr)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	*text = copy;
	return AIM_OK;
}

static aim_status copy_risks(aim_action_verifier *v, aim_error *err)
{
	aim_status rc = AIM_OK;
	size_t n = v->options.n_risks;
	v->risks = n ? aim__alloc_zeroed(v->ctx, n * sizeof *v->risks) : NULL;
	if (n && !v->risks)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		v->risks[i] = v->options.risks[i];
		if (!aim__capability_valid(v->risks[i].capability, 1) || v->risks[i].risk < AIM_DECISION_RISK_LOW ||
		    v->risks[i].risk > AIM_DECISION_RISK_CRITICAL || v->risks[i].reserved)
			return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_ENFORCE,
			                 "row %zu of risks has no capability pattern or no risk", i);
		rc = copy_text(&v->arena, &v->risks[i].capability, err);
	}
	return rc;
}

aim_status aim_action_verifier_new(aim_registry *registry, const aim_action_options *options,
                                   aim_action_verifier **out, aim_error *err)
{
	aim_action_options o = {.struct_size = sizeof o};
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = take_options(registry->ctx, options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_action_verifier *v = aim__alloc_zeroed(registry->ctx, sizeof *v);
	if (!v)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	v->ctx = aim__ctx_ref(registry->ctx);
	v->registry = aim__registry_ref(registry);
	v->options = o;
	aim__arena_init(&v->arena, v->ctx, 512, 0);
	rc = copy_text(&v->arena, &v->options.source, err);
	if (rc == AIM_OK)
		rc = copy_risks(v, err);
	if (rc == AIM_OK && !o.ledger)
		rc = aim_ledger_open(registry, NULL, &v->own_ledger, err);
	if (rc == AIM_OK)
		*out = v;
	else
		aim_action_verifier_free(v);
	return rc;
}

void aim_action_verifier_free(aim_action_verifier *v)
{
	if (!v)
		return;
	aim_ctx *ctx = v->ctx;
	aim_ledger_free(v->own_ledger);
	if (v->risks)
		aim__free(ctx, v->risks, v->options.n_risks * sizeof *v->risks);
	aim__arena_dispose(&v->arena);
	aim__registry_unref(v->registry);
	aim__free(ctx, v, sizeof *v);
	aim__ctx_unref(ctx);
}

/* ---- what is asked ---- */

static aim_status check_capabilities(const aim_action_verifier *v, const aim_action_request *q, aim_error *err)
{
	for (size_t i = 0; i < q->n_capabilities; i++)
		if (!q->capabilities[i].ptr || q->capabilities[i].len > v->ctx->limits.max_name_bytes)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "capability %zu of the request is none", i);
	return AIM_OK;
}

static aim_status check_request(const aim_action_verifier *v, const aim_action_request *q, aim_error *err)
{
	if (q->flags & ~AIM_ACTION_REQUIRE_APPROVAL || q->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_action_request has an unknown flag");
	if (q->risk > AIM_DECISION_RISK_CRITICAL || (!q->capabilities && q->n_capabilities))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "risk is one of AIM_DECISION_RISK_*, and n_capabilities counts capabilities");
	if (q->action.len > v->ctx->limits.max_name_bytes || !aim__capability_valid(q->action, 0))
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_ENFORCE,
		                 "an action is a capability without wildcards, such as mcp_tool:web_search");
	if ((!q->context.ptr && q->context.len) || (!q->signature.ptr && q->signature.len))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "context or signature has a length and no pointer");
	aim_status rc = aim__check_text("resource", q->resource, AIM__ACTION_RESOURCE_MAX, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("session", q->session, AIM__ACTION_SESSION_MAX, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("nonce", q->nonce, AIM__ACTION_NONCE_MAX, 0, err);
	return rc == AIM_OK ? check_capabilities(v, q, err) : rc;
}

/* "mcp_tool:web_search" is the action mcp_tool on the tool web_search; everything else is an action by its whole
 * name. */
static void fill_policy_request(aim__action_run *run)
{
	static const char tool[] = "mcp_tool:", other[] = "mcp_";
	const aim_action_request *q = run->asked;
	aim_request *r = &run->request;
	*r = (aim_request){.struct_size = sizeof *r, .trust_micro = AIM_DECISION_NO_TRUST, .risk = run->risk};
	r->now_us = run->now_us;
	r->action = q->action;
	r->resource = q->resource;
	r->capabilities = q->capabilities;
	r->n_capabilities = q->n_capabilities;
	const char *colon = memchr(q->action.ptr, ':', q->action.len);
	if (!colon || q->action.len < sizeof other || memcmp(q->action.ptr, other, sizeof other - 1) != 0)
		return;
	size_t head = (size_t)(colon - q->action.ptr);
	aim_str rest = {colon + 1, q->action.len - head - 1};
	r->action.len = head;
	if (head == sizeof tool - 2 && memcmp(q->action.ptr, tool, head) == 0)
		r->tool = rest;
	else if (r->resource.len == 0)
		r->resource = rest;
}

static aim_status prepare(aim__action_run *run, aim_error *err)
{
	const aim_action_request *q = run->asked;
	aim_status rc = check_request(run->verifier, q, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_ctx_now_us(run->verifier->ctx, &run->now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	uint32_t least = aim_action_risk_of(run->verifier, q->action);
	run->risk = q->risk > least ? q->risk : least;
	fill_policy_request(run);
	return aim__action_context(run->verifier->ctx, q->context, &run->context, err);
}

/* ---- the record of a decision ---- */

static void fill_record(const aim__action_run *run, aim_decision *d, aim_audit_record *r)
{
	r->time_us = run->now_us;
	r->trust_micro = d->trust_micro;
	r->agent = aim_agent_id(run->agent);
	r->did = aim_agent_did(run->agent);
	r->session = run->asked->session;
	r->subject = aim_server_id(run->server);
	r->action = run->asked->action;
	r->resource = run->asked->resource;
	r->decision = aim_str_from(aim_decision_effect_name(d->effect));
	r->reason_code = aim_decision_reason_code(d);
	r->reason = aim_decision_reason(d);
	r->policy_hash = aim_decision_policy_hash(d);
	r->rule = aim_decision_rule(d);
	r->arguments = aim_buf_bytes(&run->context);
}

/* Strangers cannot fill the log: they are counted. */
static aim_status record_refusal(const aim__action_run *run, aim_decision *d, aim_error *err)
{
	aim_audit *log = run->verifier->registry->log;
	aim_audit_record r = {.struct_size = sizeof r, .kind = {"action_check", 12}};
	if (run->stranger) {
		char code[64];
		aim__format(code, sizeof code, "action.%.*s", AIM__STR(aim_decision_reason_code(d)));
		return aim_audit_count_failure(log, aim_str_from(code), run->now_us, err);
	}
	fill_record(run, d, &r);
	return aim_audit_append(log, &r, NULL, err);
}

/* ---- the ticket of what is allowed ---- */

/* Whether an attestation of the server counts now. */
static aim_status is_attested(const aim__action_run *run, uint32_t *out, aim_error *err)
{
	aim_confidence *c = NULL;
	aim_confidence_summary sum = {.struct_size = sizeof sum};
	const aim_confidence_query query = {.struct_size = sizeof query, .as_of_us = run->now_us};
	aim_ledger *ledger = run->verifier->options.ledger ? run->verifier->options.ledger : run->verifier->own_ledger;
	aim_status rc = aim_confidence_compute(ledger, aim_server_id(run->server), &query, &c, err);
	if (rc == AIM_OK)
		rc = aim_confidence_read(c, &sum);
	aim_confidence_free(c);
	*out = rc == AIM_OK && sum.n_counted > 0;
	return rc;
}

/* The agent's first use of the server in the session, unless one was counted before. */
static aim_status first_use(const aim__action_run *run, char text[AIM__ACTION_USE_SIZE], aim__action *a,
                            aim_error *err)
{
	aim__trust_stored_event stored;
	if (!run->server || a->session.len == 0)
		return AIM_OK;
	aim_status rc = aim__action_use_id(run->verifier->ctx, a->session, a->server, text, err);
	if (rc != AIM_OK)
		return rc;
	aim_str parts[2] = {a->agent, aim_str_from(text)};
	rc = aim__trust_get(run->trust, AIM__TRUST_EVENT, parts, 2, &aim__trust_event_table, &stored, sizeof stored, err);
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	a->first_use = parts[1];
	return is_attested(run, &a->attested, err);
}

static aim_status write_data(aim__batch *batch, const aim__action *a, aim_error *err)
{
	static const char *const risks[] = {"unknown", "low", "medium", "high", "critical"};
	aim__json_writer w;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "action", a->id);
	aim__write_member_text(&w, "risk", risks[a->risk]);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

static aim_status build(const aim__action_run *run, aim__batch *batch, const aim__action *a, aim_decision *d,
                        aim_error *err)
{
	aim_status rc = aim__action_count(batch, a, 1, run->verifier->options.max_open, err); /* first: see issue() */
	if (rc == AIM_OK)
		rc = aim__batch_add(batch, AIM_STORE_PUT_IF_ABSENT, 0, AIM__ACTION, &a->id, 1, &aim__action_table, a, err);
	if (rc == AIM_OK)
		rc = aim__action_due(batch, AIM_STORE_PUT, a, err);
	if (rc == AIM_OK)
		rc = write_data(batch, a, err);
	if (rc != AIM_OK)
		return rc;
	aim_audit_record *r = aim__batch_record(batch, "action_check", a->server, run->now_us);
	fill_record(run, d, r);
	r->data = aim_buf_str(&batch->data);
	return AIM_OK;
}

static aim_status commit(const aim__action_run *run, const aim__action *a, aim_decision *d, aim_error *err)
{
	aim__batch batch;
	aim__batch_init(&batch, run->verifier->registry);
	aim_status rc = build(run, &batch, a, d, err);
	aim__change change = {.ops = batch.ops, .n_ops = batch.n_ops, .records = batch.records, .n_records = 1};
	if (rc == AIM_OK) /* nothing that anybody remembers of the registry changes */
		rc = aim__audit_commit(run->verifier->registry->log, &change, err);
	aim__batch_dispose(&batch);
	return rc;
}

static aim_status issue(const aim__action_run *run, aim_decision *d, aim_action_ticket *ticket, aim_error *err)
{
	char use[AIM__ACTION_USE_SIZE];
	const aim_action_verifier *v = run->verifier;
	aim__action a = {.state = AIM_ACTION_OPEN, .risk = run->risk, .checked_us = run->now_us};
	aim_status rc = aim__id_new(v->ctx, AIM__ACTION_ID_PREFIX, run->now_us, ticket->id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	a.id = aim_str_from(ticket->id);
	a.name_space = aim_registry_name_space(v->registry);
	a.agent = aim_agent_id(run->agent);
	a.server = aim_server_id(run->server);
	a.action = run->asked->action;
	a.resource = run->asked->resource;
	a.session = run->asked->session;
	a.expires_at_us = run->now_us + v->options.ttl_s * US_PER_S;
	ticket->risk = run->risk;
	ticket->expires_at_us = a.expires_at_us;
	ticket->trust_micro = d->trust_micro;
	rc = aim__action_token_new(v->ctx, ticket->id, ticket->token, a.token_hash, err);
	if (rc == AIM_OK)
		rc = first_use(run, use, &a, err);
	return rc == AIM_OK ? commit(run, &a, d, err) : rc;
}

/* What was allowed and cannot be recorded did not happen. */
static aim_status finish(const aim__action_run *run, aim_decision *d, aim_action_ticket *ticket, aim_error *err)
{
	aim_status rc = issue(run, d, ticket, err);
	if (rc == AIM_OK)
		return AIM_OK;
	if (rc != AIM_E_STORE_BOUND)
		return aim__decision_fault(d, AIM__REASON_AUDIT_FAILED, rc);
	d->rule = AIM__RULE_NONE;
	aim__decision_explain(d, AIM__REASON_ACTIONS_OPEN, "%u actions of the agent are open", run->verifier->options.max_open);
	return aim__decision_end(d, AIM_DENIED);
}

/* Overdue actions of anybody: those of this agent count in its trust. That they cannot be closed now is no reason to
 * refuse this one; whoever sweeps is told. */
static void sweep_some(aim_action_verifier *v)
{
	aim_status rc = aim_action_sweep(v, AIM__ACTION_LAZY, NULL, NULL);
	if (rc != AIM_OK && rc != AIM_E_CONFLICT)
		aim__ctx_log(v->ctx, AIM_LOG_WARNING, "overdue actions cannot be closed: %s", aim_status_text(rc));
}

static aim_status check(aim__action_run *run, aim_decision *d, aim_action_ticket *ticket, aim_error *err)
{
	aim_status rc = prepare(run, err);
	if (rc != AIM_OK)
		return aim__decision_fault(d, AIM__REASON_INVALID_REQUEST, rc);
	sweep_some(run->verifier);
	rc = aim__action_decide(run, d, err);
	if (rc == AIM_OK)
		rc = finish(run, d, ticket, err);
	if (rc == AIM_OK)
		return AIM_OK;
	if (rc != AIM_DENIED && rc != AIM_ASK)
		aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	aim_status recorded = record_refusal(run, d, rc == AIM_DENIED || rc == AIM_ASK ? err : NULL);
	if (recorded != AIM_OK && (rc == AIM_DENIED || rc == AIM_ASK))
		return aim__decision_fault(d, AIM__REASON_AUDIT_FAILED, recorded);
	return rc;
}

aim_status aim_action_check(aim_action_verifier *verifier, const aim_action_request *request, aim_decision *decision,
                            aim_action_ticket *out_ticket, aim_error *err)
{
	aim_action_request q = {.struct_size = sizeof q};
	aim_action_ticket ticket = {.struct_size = sizeof ticket};
	aim__action_run run;
	if (!decision)
		return AIM__MISUSE(verifier ? verifier->ctx : NULL, "decision is required");
	aim__decision_begin(decision);
	if (!verifier || !request || !out_ticket || out_ticket->struct_size < sizeof ticket) {
		AIM__MISUSE(decision->ctx, "verifier, request and out_ticket with its struct_size are required");
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, AIM_E_INVALID);
	}
	aim_status rc = aim__sized_in(&q, sizeof q, request, sizeof q, "aim_action_request", err);
	if (rc != AIM_OK)
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, rc);
	aim__action_run_init(&run, verifier, &q);
	rc = check(&run, decision, &ticket, err);
	aim__action_run_dispose(&run);
	if (rc == AIM_OK)
		rc = aim__sized_out(out_ticket, &ticket, sizeof ticket, sizeof ticket);
	aim__wipe(&ticket, sizeof ticket);
	return rc;
}

/* ---- the guarded call ---- */

static aim_status run_body(aim_action_verifier *v, const aim_action_request *request, const aim_action_ticket *ticket,
                           aim_action_body body, void *user, aim_status *out_body, aim_action_result *out_result,
                           aim_error *err)
{
	int64_t from_us = 0, to_us = 0;
	aim_action_outcome o = {.struct_size = sizeof o, .latency_us = -1};
	aim_status timed = aim_ctx_now_us(v->ctx, &from_us);
	aim_status rc = body(user, ticket, &o.summary);
	if (timed == AIM_OK && aim_ctx_now_us(v->ctx, &to_us) == AIM_OK)
		o.latency_us = to_us > from_us ? to_us - from_us : -1;
	o.outcome = rc == AIM_OK ? AIM_ACTION_SUCCESS : AIM_ACTION_FAILURE;
	o.agent = request->agent;
	o.token = aim_str_from(ticket->token);
	if (out_body)
		*out_body = rc;
	/* A summary that cannot be kept is left out: the outcome is what counts. */
	if (aim__check_text("summary", o.summary, AIM__REASON_MAX, 0, NULL) != AIM_OK)
		o.summary = (aim_str){NULL, 0};
	aim_status reported = aim_action_report(v, &o, out_result, err);
	return rc == AIM_OK ? reported : rc;
}

aim_status aim_action_guarded_call(aim_action_verifier *verifier, const aim_action_request *request,
                                   aim_decision *decision, aim_action_body body, void *user, aim_status *out_body,
                                   aim_action_result *out_result, aim_error *err)
{
	aim_action_ticket ticket = {.struct_size = sizeof ticket};
	if (out_body)
		*out_body = AIM_DENIED;
	if (!verifier || !request || !decision || !body || (out_result && out_result->struct_size < sizeof *out_result))
		return AIM__MISUSE(verifier ? verifier->ctx : NULL,
		                   "verifier, request, decision and body are required, and out_result with its struct_size");
	aim_status rc = aim_action_check(verifier, request, decision, &ticket, err);
	if (rc == AIM_OK)
		rc = run_body(verifier, request, &ticket, body, user, out_body, out_result, err);
	aim__wipe(&ticket, sizeof ticket);
	return rc;
}
