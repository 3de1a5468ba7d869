/* action_check — may the agent do this? Then what came of it, and what that did to its trust. */
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

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	aim_action_verifier *verifier = NULL;
	aim_decision *decision = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	aim_agent_spec who = {.struct_size = sizeof who, .status = AIM_REGISTRY_VERIFIED};
	who.name = aim_str_from("researcher");
	check(aim_agent_register(registry, &who, &agent, &err));
	aim_server_spec where = {.struct_size = sizeof where, .status = AIM_REGISTRY_VERIFIED};
	where.name = aim_str_from("search");
	where.url = aim_str_from("https://mcp.example.org/");
	check(aim_server_register(registry, &where, &server, &err));
	aim_grant_spec grant = {.struct_size = sizeof grant, .agent = aim_agent_id(agent)};
	grant.capability = aim_str_from("mcp_tool:*");
	check(aim_grant_add(registry, &grant, NULL, &err));

	check(aim_action_verifier_new(registry, NULL, &verifier, &err));
	check(aim_decision_new(ctx, &decision, &err));
	aim_action_request q = {.struct_size = sizeof q, .agent = aim_agent_id(agent), .server = aim_server_id(server)};
	aim_action_ticket ticket = {.struct_size = sizeof ticket};
	q.action = aim_str_from("files:delete");
	aim_status refused = aim_action_check(verifier, &q, decision, &ticket, &err);
	printf("files:delete: %s\n", aim_decision_reason(decision).ptr);
	q.action = aim_str_from("mcp_tool:web_search");
	check(aim_action_check(verifier, &q, decision, &ticket, &err));
	printf("web_search:   %s\n", aim_decision_reason(decision).ptr);

	aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_SUCCESS, .agent = aim_agent_id(agent)};
	aim_action_result result = {.struct_size = sizeof result};
	o.token = aim_str_from(ticket.token);
	o.summary = aim_str_from("Found 10 results");
	check(aim_action_report(verifier, &o, &result, &err));
	printf("trust of the agent: %.4f -> %.4f\n", (double)result.agent_old_micro / 1e6,
	       (double)result.agent_new_micro / 1e6);
	aim_status again = aim_action_report(verifier, &o, NULL, &err);
	printf("again: %s\n", aim_status_text(again));

	aim_decision_free(decision);
	aim_action_verifier_free(verifier);
	aim_server_free(server);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return refused == AIM_DENIED && again == AIM_E_ACTION_REPORTED ? 0 : 1;
}
