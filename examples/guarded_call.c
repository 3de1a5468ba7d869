/* guarded_call — check, act and report in one call; a human is asked about what is critical. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

/* A real host asks somebody, and waits. */
static uint32_t ask(void *user, const aim_action_question *question)
{
	(void)user;
	printf("may %s do %s? no.\n", question->agent_name.ptr, question->action.ptr);
	return AIM_ACTION_DENIED;
}

static aim_status search(void *user, const aim_action_ticket *ticket, aim_str *out_summary)
{
	(void)ticket;
	(*(int *)user)++;
	*out_summary = aim_str_from("Found 10 results");
	return AIM_OK;
}

static aim_status call(aim_action_verifier *verifier, aim_decision *decision, aim_str agent, const char *action, int *runs)
{
	aim_action_request q = {.struct_size = sizeof q, .agent = agent};
	q.action = aim_str_from(action);
	aim_status rc = aim_action_guarded_call(verifier, &q, decision, search, runs, NULL, NULL, &err);
	aim_str reason = aim_decision_reason(decision);
	printf("%s: %.*s\n", action, (int)reason.len, reason.ptr);
	return rc;
}

int main(void)
{
	int runs = 0;
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_action_verifier *verifier = NULL;
	aim_decision *decision = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	aim_agent_spec who = {.struct_size = sizeof who, .status = AIM_REGISTRY_VERIFIED};
	who.name = aim_str_from("researcher");
	check(aim_agent_register(registry, &who, &agent, &err));
	aim_grant_spec grant = {.struct_size = sizeof grant, .agent = aim_agent_id(agent)};
	grant.capability = aim_str_from("*");
	check(aim_grant_add(registry, &grant, NULL, &err));
	aim_action_options options = {.struct_size = sizeof options, .flags = AIM_ACTION_ALLOW_PROVISIONAL, .approve = ask};
	check(aim_action_verifier_new(registry, &options, &verifier, &err));
	check(aim_decision_new(ctx, &decision, &err));

	for (int i = 0; i < 30; i++) /* it earns the trust that critical actions need */
		check(call(verifier, decision, aim_agent_id(agent), "mcp_tool:web_search", &runs));
	aim_status asked = call(verifier, decision, aim_agent_id(agent), "payment:send", &runs);

	aim_decision_free(decision);
	aim_action_verifier_free(verifier);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return asked == AIM_DENIED && runs == 30 ? 0 : 1;
}
