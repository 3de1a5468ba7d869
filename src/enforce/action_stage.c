/* enforce/action_stage.c — the stages of a check, in their order. Layer enforce.
 *
 * Each looks at what is stored now; nothing is remembered from one check to the next. A human may take long to answer, so
 * what was true before the question is looked at again behind it. */
#include "enforce/action.h"

#include <aim/approval.h>

#include "assess/baseline_state.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "enforce/authorizer.h"
#include "identity/agent.h"
#include "identity/grants.h"
#include "identity/server.h"

#include <aim/keyring.h>
#include <string.h>

#define US_PER_S 1000000

void aim__action_run_init(aim__action_run *run, aim_action_verifier *v, const aim_action_request *q)
{
	memset(run, 0, sizeof *run);
	run->verifier = v;
	run->asked = q;
	aim__buf_init(&run->context, v->ctx);
}

static void forget(aim__action_run *run)
{
	aim_agent_free(run->agent);
	aim_server_free(run->server);
	aim__trust_work_free(run->trust);
	run->agent = NULL;
	run->server = NULL;
	run->trust = NULL;
	run->policy_asks = 0;
}

void aim__action_run_dispose(aim__action_run *run)
{
	forget(run);
	aim__buf_dispose(&run->context);
}

/* A refusal of this table, not of the policy that was asked before. */
#define REFUSE(call, ...) (aim__decision_explain((call)->decision, __VA_ARGS__), refuse(call))

static aim_status refuse(aim__call *call)
{
	call->decision->rule = AIM__RULE_NONE;
	return AIM_DENIED;
}

/* ---- who asks ---- */

static aim_status identity_known(aim__call *call)
{
	aim__action_run *run = call->state;
	aim_status rc = aim_agent_find(run->verifier->registry, run->asked->agent, &run->agent, call->err);
	if (rc == AIM_OK) {
		run->request.agent = aim_agent_id(run->agent);
		run->request.did = aim_agent_did(run->agent);
		return AIM_OK;
	}
	if (rc != AIM_E_NOT_FOUND && rc != AIM_E_INVALID)
		return rc;
	run->stranger = 1;
	return REFUSE(call, AIM__REASON_AGENT_UNKNOWN, "Agent is not registered");
}

/* The signature is looked at behind this: until then a request that has or needs one proves nothing. */
static int is_unproven(const aim__action_run *run)
{
	return run->asked->signature.len != 0 || run->verifier->options.flags & AIM_ACTION_REQUIRE_SIGNED;
}

static aim_status agent_active(aim__call *call)
{
	aim__action_run *run = call->state;
	if (aim_agent_is_active(run->agent, run->now_us))
		return AIM_OK;
	uint32_t status = aim_agent_status(run->agent);
	run->stranger = !run->proven && is_unproven(run);
	return REFUSE(call, AIM__REASON_AGENT_INACTIVE, "Agent '%.*s' is %s", AIM__STR(aim_agent_name(run->agent)),
	              status == AIM_REGISTRY_VERIFIED ? "expired" : aim_registry_status_name(status));
}

/* What of a signed request refuses it; anything else is a failure. */
static int is_refusal(aim_status rc)
{
	static const aim_status refusals[] = {AIM_E_UNTRUSTED_KEY, AIM_E_KEY_REVOKED, AIM_E_KEY_EARLY, AIM_E_EXPIRED,
	                                      AIM_E_ID_STATUS, AIM_E_TIMESTAMP, AIM_E_STALE, AIM_E_FUTURE, AIM_E_REPLAY,
	                                      AIM_E_REPLAY_FULL, AIM_E_SIGNATURE, AIM_E_KEY};
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (rc == refusals[i])
			return 1;
	return 0;
}

static aim_status verify(aim__action_run *run, aim_error *err)
{
	const aim_action_verifier *v = run->verifier;
	const aim_action_request *q = run->asked;
	aim_keyring_entry entry = {.struct_size = sizeof entry};
	if (!v->options.replay)
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_ENFORCE, "this verifier has no replay guard");
	if (!q->public_key)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_ENFORCE, "a signed request names its key");
	aim_status rc = aim_keyring_check(v->registry, q->public_key, run->now_us, 0, &entry, err);
	if (rc == AIM_OK && strcmp(entry.subject, aim_agent_id(run->agent).ptr) != 0)
		rc = aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_ENFORCE, "the key speaks for somebody else");
	if (rc != AIM_OK)
		return rc;
	return aim__action_verify(v->options.replay, q, aim_buf_bytes(&run->context), run->now_us, err);
}

static aim_status signature_valid(aim__call *call)
{
	aim__action_run *run = call->state;
	aim_error why = {.status = AIM_OK};
	if (run->asked->signature.len == 0 && !(run->verifier->options.flags & AIM_ACTION_REQUIRE_SIGNED))
		return AIM_OK;
	if (run->asked->signature.len == 0) {
		run->stranger = 1;
		return REFUSE(call, AIM__REASON_SIGNATURE_REQUIRED, "The request is not signed");
	}
	aim_status rc = verify(run, &why);
	run->proven = rc == AIM_OK;
	if (run->proven)
		return AIM_OK;
	run->stranger = 1;
	if (is_refusal(rc))
		return REFUSE(call, AIM__REASON_SIGNATURE_REFUSED, "The signed request is refused: %s", aim_status_text(rc));
	if (call->err)
		*call->err = why;
	return rc;
}

/* ---- what for ---- */

static aim_status grant_covers(aim__call *call)
{
	const aim__action_run *run = call->state;
	aim_str action = run->asked->action, id = {NULL, 0};
	aim__grants *grants = NULL;
	aim_status rc = aim__grants_load(run->verifier->registry, aim_agent_id(run->agent), &grants, call->err);
	if (rc == AIM_OK)
		rc = aim__grants_check(grants, action, run->asked->resource, run->now_us / US_PER_S, &id);
	if (rc == AIM_DENIED && id.len)
		rc = REFUSE(call, AIM__REASON_GRANT_DENIES, "Grant %.*s denies '%.*s'", AIM__STR(id), AIM__STR(action));
	else if (rc == AIM_DENIED)
		rc = REFUSE(call, AIM__REASON_GRANT_MISSING, "No grant covers '%.*s'", AIM__STR(action));
	aim__grants_free(grants);
	return rc;
}

/* ---- on which server ---- */

static aim_status server_status(aim__call *call, const aim__action_run *run)
{
	uint32_t status = aim_server_status(run->server);
	aim_str name = aim_server_name(run->server);
	if (status == AIM_REGISTRY_VERIFIED || (status == AIM_REGISTRY_PENDING && run->risk < AIM_DECISION_RISK_HIGH))
		return AIM_OK;
	if (status == AIM_REGISTRY_PENDING)
		return REFUSE(call, AIM__REASON_SERVER_PENDING, "Server '%.*s' is pending: high risk needs a verified one",
		              AIM__STR(name));
	return REFUSE(call, AIM__REASON_SERVER_INACTIVE, "Server '%.*s' is %s", AIM__STR(name),
	              aim_registry_status_name(status));
}

/* What is stored of its baseline, and what is open in its evidence. */
static aim_status server_vetoes(const aim__action_run *run, uint64_t *out_drift, uint64_t *out_alerts, aim_error *err)
{
	aim_str nobody = {NULL, 0}, id = aim_server_id(run->server);
	aim_registry *registry = run->verifier->registry;
	aim_status rc = aim__baseline_drift(registry, id, out_drift, err);
	if (rc != AIM_OK)
		return rc;
	aim__trust_work *w = aim__trust_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	rc = aim__trust_load(w, id, nobody, err);
	*out_drift += w->evidence.drift;
	*out_alerts = w->evidence.alerts[AIM_TRUSTSCORE_CRITICAL];
	aim__trust_work_free(w);
	return rc;
}

static aim_status server_fit(aim__call *call)
{
	aim__action_run *run = call->state;
	uint64_t drift = 0, alerts = 0;
	if (run->asked->server.len == 0)
		return AIM_OK;
	aim_status rc = aim_server_find(run->verifier->registry, run->asked->server, &run->server, call->err);
	if (rc == AIM_E_NOT_FOUND || rc == AIM_E_INVALID)
		return REFUSE(call, AIM__REASON_SERVER_UNKNOWN, "Server is not registered");
	if (rc != AIM_OK)
		return rc;
	run->request.server = aim_server_name(run->server);
	rc = server_status(call, run);
	if (rc != AIM_OK || run->risk < AIM_DECISION_RISK_MEDIUM)
		return rc;
	rc = server_vetoes(run, &drift, &alerts, call->err);
	if (rc == AIM_OK && drift)
		return REFUSE(call, AIM__REASON_SERVER_DRIFT, "Server '%.*s' has changed and nobody has approved it",
		              AIM__STR(aim_server_name(run->server)));
	if (rc == AIM_OK && alerts)
		return REFUSE(call, AIM__REASON_SERVER_ALERT, "Server '%.*s' has an open critical alert",
		              AIM__STR(aim_server_name(run->server)));
	return rc;
}

/* ---- by which rules ---- */

static aim_status load_trust(aim__action_run *run, aim_error *err)
{
	aim_str nobody = {NULL, 0};
	if (run->trust)
		return AIM_OK;
	aim__trust_work *w = aim__trust_work_new(run->verifier->registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	aim_status rc = aim__trust_load(w, aim_agent_id(run->agent), nobody, err);
	if (rc != AIM_OK) {
		aim__trust_work_free(w);
		return rc;
	}
	aim__trust_begin(w);
	run->trust = w;
	run->request.trust_micro = w->before.sum.score_micro;
	return AIM_OK;
}

/* That the policy asks is for the last stage: what refuses without asking comes first. */
static aim_status policy_allows(aim__call *call)
{
	aim__action_run *run = call->state;
	aim_authorizer *authorizer = run->verifier->options.authorizer;
	aim_status rc = load_trust(run, call->err);
	if (rc != AIM_OK)
		return rc;
	call->decision->trust_micro = run->request.trust_micro;
	if (!authorizer) {
		aim__decision_because(call->decision, AIM__REASON_ACTION_ALLOWED);
		return AIM_OK;
	}
	aim__authorizer_hold(authorizer, call->decision);
	aim__call inner = {&run->request, call->decision, call->decision->policy, call->err};
	rc = aim__policy_stage(&inner);
	run->policy_asks = rc == AIM_ASK;
	return rc == AIM_ASK ? AIM_OK : rc;
}

static const int64_t least_micro[] = {
	[AIM_DECISION_RISK_LOW] = 300000,
	[AIM_DECISION_RISK_MEDIUM] = 500000,
	[AIM_DECISION_RISK_HIGH] = 700000,
	[AIM_DECISION_RISK_CRITICAL] = 700000,
};

_Static_assert(AIM_DECISION_RISK_LOW == AIM_TRUSTSCORE_RISK_LOW && AIM_DECISION_RISK_HIGH == AIM_TRUSTSCORE_RISK_HIGH,
               "one scale of risk");

static aim_status trust_reaches(aim__call *call)
{
	aim__action_run *run = call->state;
	aim_error why = {.status = AIM_OK};
	uint32_t gate = run->risk < AIM_DECISION_RISK_HIGH ? run->risk : AIM_DECISION_RISK_HIGH;
	uint32_t flags = run->verifier->options.flags & AIM_ACTION_ALLOW_PROVISIONAL ? AIM_TRUSTSCORE_ALLOW_PROVISIONAL : 0;
	aim_status rc = load_trust(run, call->err);
	if (rc == AIM_OK)
		rc = aim_trustscore_gate(&run->trust->before, aim_agent_id(run->agent), gate, least_micro[run->risk], flags,
		                         &why);
	if (rc == AIM_DENIED)
		return REFUSE(call, AIM__REASON_TRUST_GATE, "%s", why.message);
	return rc;
}

/* ---- with whose consent ---- */

static const aim__stage again[] = {
	{"identity", identity_known}, {"status", agent_active},  {"grant", grant_covers},
	{"server", server_fit},       {"policy", policy_allows}, {"trust", trust_reaches},
};

/* Minutes may have passed. */
static aim_status look_again(aim__call *call)
{
	aim__action_run *run = call->state;
	aim_status rc = aim_ctx_now_us(run->verifier->ctx, &run->now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(call->err, rc, AIM_LAYER_ENFORCE);
	run->request.now_us = run->now_us; /* what a policy says of times is asked of the time of the answer */
	forget(run);
	for (size_t i = 0; rc == AIM_OK && i < sizeof again / sizeof *again; i++)
		rc = again[i].run(call);
	return rc;
}

static uint32_t ask_human(const aim__action_run *run, const aim_decision *d)
{
	aim_action_question q = {.struct_size = sizeof q, .risk = run->risk, .trust_micro = run->request.trust_micro};
	q.agent = aim_agent_id(run->agent);
	q.agent_name = aim_agent_name(run->agent);
	q.server = aim_server_id(run->server);
	q.server_name = aim_server_name(run->server);
	q.action = run->asked->action;
	q.resource = run->asked->resource;
	q.session = run->asked->session;
	q.context = aim_buf_bytes(&run->context);
	q.rule = aim_decision_rule(d);
	return run->verifier->options.approve(run->verifier->options.user, &q);
}

/* Everything else allows it at this moment, so using an approval up is also the recheck. */
static aim_status kept_approval(aim__call *call)
{
	const aim__action_run *run = call->state;
	aim_approval_spec s = {.struct_size = sizeof s, .risk = run->risk};
	s.agent = aim_agent_id(run->agent);
	s.server = aim_server_id(run->server);
	s.tool = run->asked->action;
	s.resource = run->asked->resource;
	s.policy_hash = aim_decision_policy_hash(call->decision);
	s.arguments = aim_buf_bytes(&run->context);
	aim_status rc = aim_approval_ask(run->verifier->registry, &s, call->decision->approval, call->err);
	if (rc == AIM_ASK)
		(void)REFUSE(call, AIM__REASON_APPROVAL_REQUIRED, "Awaiting human approval");
	if (rc == AIM_DENIED)
		return REFUSE(call, AIM__REASON_APPROVAL_DENIED, "Human approval denied");
	if (rc == AIM_OK)
		(void)REFUSE(call, AIM__REASON_APPROVED, "Approved by human reviewer");
	else if (rc != AIM_ASK)
		aim__decision_because(call->decision, AIM__REASON_FAULT);
	return rc;
}

static aim_status approved(aim__call *call)
{
	aim__action_run *run = call->state;
	uint32_t flags = run->verifier->options.flags | run->asked->flags;
	uint32_t from = flags & AIM_ACTION_REQUIRE_APPROVAL ? AIM_DECISION_RISK_HIGH : AIM_DECISION_RISK_CRITICAL;
	if (!run->policy_asks && run->risk < from)
		return AIM_OK;
	if (!run->verifier->options.approve && run->verifier->options.flags & AIM_ACTION_KEEP_APPROVALS)
		return kept_approval(call);
	if (!run->verifier->options.approve) {
		if (run->policy_asks)
			return AIM_ASK; /* the rule says why */
		(void)REFUSE(call, AIM__REASON_APPROVAL_REQUIRED, "Awaiting human approval");
		return AIM_ASK;
	}
	if (ask_human(run, call->decision) != AIM_ACTION_APPROVED)
		return REFUSE(call, AIM__REASON_APPROVAL_DENIED, "Human approval denied");
	aim_status rc = look_again(call);
	if (rc != AIM_OK)
		return rc;
	(void)REFUSE(call, AIM__REASON_APPROVED, "Approved by human reviewer");
	return AIM_OK;
}

static const aim__stage stages[] = {
	{"identity", identity_known}, {"status", agent_active},  {"signature", signature_valid}, {"grant", grant_covers},
	{"server", server_fit},       {"policy", policy_allows}, {"trust", trust_reaches},       {"approval", approved},
};

aim_status aim__action_decide(aim__action_run *run, aim_decision *decision, aim_error *err)
{
	aim__call call = {&run->request, decision, run, err};
	return aim__stages_run(stages, sizeof stages / sizeof *stages, &call);
}
