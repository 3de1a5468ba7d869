/* enforce/gatedtool_stage.c — the stages of a call of a gated tool, in their order. Layer enforce.
 *
 * They run outside the set's mutex: the tool is referenced and immutable, its breaker has a lock of its own. The
 * breaker is asked last, so that a call that another stage refuses never is the probe. */
#include "enforce/gatedtool.h"

#include "base/error.h"
#include "base/format.h"
#include "identity/pattern.h"

#include <aim/agent.h>
#include <string.h>

#define MICRO_PER_POINT 1000

static aim_status refuse(aim__call *call, aim__reason reason)
{
	aim__decision_because(call->decision, reason);
	return AIM_DENIED;
}

static aim_status size_is_bounded(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	if (run->arguments.len <= AIM_GATEDTOOL_MAX_ARGUMENTS)
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_ARGUMENTS_TOO_LARGE, "Arguments too large: %zu > %u bytes",
	                      run->arguments.len, AIM_GATEDTOOL_MAX_ARGUMENTS);
	return AIM_DENIED;
}

static aim_status tool_exists(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	if (run->tool)
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_TOOL_UNKNOWN, "Unknown tool: %.*s",
	                      AIM__STR(call->request->tool));
	return AIM_DENIED;
}

static aim_status caller_is_verified(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	const aim_gatedtool_options *o = &run->set->options;
	aim_gatedtool_caller caller = {.struct_size = sizeof caller};
	aim_error why = {0};
	if (!o->identify)
		return AIM_OK;
	aim_status rc = o->identify(o->identify_user, call->request, &caller, &why);
	int verified = rc == AIM_OK && caller.identity == AIM_GATEDTOOL_IDENTITY_VERIFIED;
	run->call->identity = verified ? AIM_GATEDTOOL_IDENTITY_VERIFIED : AIM_GATEDTOOL_IDENTITY_REFUSED;
	run->call->sponsored = verified && caller.sponsored == 1;
	if (verified)
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_IDENTITY_REFUSED, "Caller identity not verified: %.*s",
	                      AIM__STR(call->request->did));
	return AIM_DENIED;
}

static aim_status trust_reaches_minimum(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	int64_t trust = call->request->trust_micro;
	uint32_t min = aim__gatedtool_minimum(run->set, run->tool);
	call->decision->trust_micro = trust;
	if (min == 0 || (trust != AIM_DECISION_NO_TRUST && trust >= (int64_t)min * MICRO_PER_POINT))
		return AIM_OK;
	if (trust == AIM_DECISION_NO_TRUST)
		aim__decision_explain(call->decision, AIM__REASON_TRUST_BELOW_MINIMUM,
		                      "Insufficient trust score: unknown < %u", min);
	else
		aim__decision_explain(call->decision, AIM__REASON_TRUST_BELOW_MINIMUM,
		                      "Insufficient trust score: %lld < %u", (long long)(trust / MICRO_PER_POINT), min);
	return AIM_DENIED;
}

static aim_status capability_is_held(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	const aim_request *q = call->request;
	aim_str needed = run->tool->capability;
	if (needed.len == 0)
		return AIM_OK;
	for (size_t i = 0; i < q->n_capabilities; i++)
		if (aim__capability_valid(q->capabilities[i], 1) && aim__capability_covers(q->capabilities[i], needed))
			return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_CAPABILITY_MISSING, "Missing capability: %.*s",
	                      AIM__STR(needed));
	return AIM_DENIED;
}

/* The caller by its id, else by its DID. AIM_E_NOT_FOUND when the registry knows neither. */
static aim_status find_caller(aim_registry *registry, const aim_request *q, aim_agent **out, aim_error *err)
{
	if (q->agent.len)
		return aim_agent_find(registry, q->agent, out, err);
	if (q->did.len)
		return aim_agent_find_did(registry, q->did, out, err);
	return AIM_E_NOT_FOUND;
}

/* A human stands for an agent whose owner's address has been verified, as long as the agent may act. */
static aim_status ask_registry(aim_registry *registry, const aim__gatedtool_run *run, const aim_request *q,
                               int *out_stands, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_error unknown = {0};
	aim_status rc = find_caller(registry, q, &agent, &unknown);
	if (rc == AIM_E_NOT_FOUND || rc == AIM_E_INVALID || rc == AIM_E_ID_DID)
		return AIM_OK;
	if (rc != AIM_OK) {
		if (err)
			*err = unknown;
		return rc;
	}
	*out_stands = aim_agent_owner(agent).len && aim_agent_owner_is_verified(agent) &&
	              aim_agent_is_active(agent, run->call->started_us);
	if (*out_stands && q->did.len) { /* the id and the DID must be of one agent */
		aim_agent *same = NULL;
		rc = aim_agent_find_did(registry, q->did, &same, &unknown);
		*out_stands = rc == AIM_OK && aim_str_equal(aim_agent_id(same), aim_agent_id(agent));
		aim_agent_free(same);
	}
	aim_agent_free(agent);
	return AIM_OK;
}

static aim_status sponsor_stands(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	aim_registry *registry = run->set->options.registry;
	int stands = 0;
	if (!(run->tool->flags & AIM_GATEDTOOL_SPONSOR))
		return AIM_OK;
	aim_status rc = AIM_OK;
	if (registry)
		rc = ask_registry(registry, run, call->request, &stands, call->err);
	else
		stands = run->call->sponsored == 1;
	if (rc != AIM_OK)
		return rc;
	return stands ? AIM_OK : refuse(call, AIM__REASON_SPONSOR_MISSING);
}

static aim_status arguments_are_object(aim__call *call)
{
	const aim__gatedtool_run *run = call->state;
	aim_json *doc = &run->call->given;
	aim_error why = {0};
	aim_bytes text = run->arguments.len ? run->arguments : aim_bytes_from("{}", 2);
	aim_status rc = aim_json_parse(doc, text, 0, &why);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc == AIM_OK && aim__json_type(doc, AIM_JSON_ROOT) == AIM_JSON_OBJECT)
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_ARGUMENTS_INVALID, "Arguments of '%.*s' are not a JSON object%s%s",
	                      AIM__STR(run->tool->name), rc == AIM_OK ? "" : ": ", rc == AIM_OK ? "" : why.message);
	return AIM_DENIED;
}

static aim_status breaker_is_closed(aim__call *call)
{
	aim__gatedtool_run *run = call->state;
	aim_breaker_status now = {.struct_size = sizeof now};
	aim_error why = {0};
	run->ticket.struct_size = sizeof run->ticket;
	aim_status rc = aim_breaker_enter(run->tool->breaker, &run->ticket, &why);
	if (rc != AIM_E_BREAKER_OPEN)
		return rc;
	if (aim_breaker_read(run->tool->breaker, &now) != AIM_OK)
		return refuse(call, AIM__REASON_CIRCUIT_OPEN);
	aim__decision_explain(call->decision, AIM__REASON_CIRCUIT_OPEN,
	                      "Circuit breaker open: %.*s has %u consecutive failures", AIM__STR(run->tool->name),
	                      now.n_failures);
	return AIM_DENIED;
}

static const aim__stage gatedtool_stages[] = {
	{"argument_size", size_is_bounded},
	{"tool_exists", tool_exists},
	{"identity", caller_is_verified},
	{"trust", trust_reaches_minimum},
	{"capability", capability_is_held},
	{"sponsor", sponsor_stands},
	{"arguments", arguments_are_object},
	{"breaker", breaker_is_closed},
};

aim_status aim__gatedtool_judge(aim__gatedtool_run *run, const aim_request *request, aim_error *err)
{
	aim__call call = {request, run->call->decision, run, err};
	aim_status rc = aim__stages_run(gatedtool_stages, sizeof gatedtool_stages / sizeof *gatedtool_stages, &call);
	if (rc == AIM_OK)
		aim__decision_because(call.decision, AIM__REASON_AUTHORIZED);
	else if (rc != AIM_DENIED && err && err->status != rc)
		aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	return rc;
}
