/* enforce/action_risk.c — how risky a capability is. Layer enforce. */
#include "enforce/action.h"

#include "identity/pattern.h"

typedef struct builtin {
	const char *capability;
	uint32_t risk;
} builtin;

/* What reads is low, what writes medium, what deletes, sends out or runs code high; what acts as somebody else, moves
 * money or hands out everything is critical. */
static const builtin builtins[] = {
	{"file:read", AIM_DECISION_RISK_LOW},         {"file:list", AIM_DECISION_RISK_LOW},
	{"files:read", AIM_DECISION_RISK_LOW},        {"files:list", AIM_DECISION_RISK_LOW},
	{"db:query", AIM_DECISION_RISK_LOW},          {"db:read", AIM_DECISION_RISK_LOW},
	{"mcp_resource:*", AIM_DECISION_RISK_LOW},    {"mcp_prompt:*", AIM_DECISION_RISK_LOW},
	{"mcp_tool:*", AIM_DECISION_RISK_MEDIUM},     {"mcp:tool_use", AIM_DECISION_RISK_MEDIUM},
	{"mcp_sampling", AIM_DECISION_RISK_MEDIUM},   {"mcp_sampling:*", AIM_DECISION_RISK_MEDIUM},
	{"file:write", AIM_DECISION_RISK_MEDIUM},     {"files:write", AIM_DECISION_RISK_MEDIUM},
	{"db:write", AIM_DECISION_RISK_MEDIUM},       {"api:call", AIM_DECISION_RISK_MEDIUM},
	{"network:*", AIM_DECISION_RISK_MEDIUM},      {"file:delete", AIM_DECISION_RISK_HIGH},
	{"files:delete", AIM_DECISION_RISK_HIGH},     {"db:delete", AIM_DECISION_RISK_HIGH},
	{"db:admin", AIM_DECISION_RISK_HIGH},         {"email:send", AIM_DECISION_RISK_HIGH},
	{"code:execute", AIM_DECISION_RISK_HIGH},     {"shell:*", AIM_DECISION_RISK_HIGH},
	{"process:*", AIM_DECISION_RISK_HIGH},        {"secrets:*", AIM_DECISION_RISK_HIGH},
	{"data:export", AIM_DECISION_RISK_CRITICAL},  {"user:impersonate", AIM_DECISION_RISK_CRITICAL},
	{"payment:*", AIM_DECISION_RISK_CRITICAL},    {"system:admin", AIM_DECISION_RISK_CRITICAL},
};

uint32_t aim_action_risk_of(const aim_action_verifier *v, aim_str action)
{
	uint32_t risk = AIM_DECISION_RISK_UNKNOWN;
	if (!v || !aim__capability_valid(action, 0))
		return AIM_DECISION_RISK_CRITICAL;
	for (size_t i = 0; i < v->options.n_risks; i++)
		if (v->risks[i].risk > risk && aim__capability_covers(v->risks[i].capability, action))
			risk = v->risks[i].risk;
	if (risk != AIM_DECISION_RISK_UNKNOWN)
		return risk;
	for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
		if (builtins[i].risk > risk && aim__capability_covers(aim_str_from(builtins[i].capability), action))
			risk = builtins[i].risk;
	return risk != AIM_DECISION_RISK_UNKNOWN ? risk : AIM_DECISION_RISK_MEDIUM;
}
