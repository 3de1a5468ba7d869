/* capability_request — an agent asks for a capability, a person approves it, and the agent has it. */
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

static aim_status show(void *user, const aim_grantrequest *request)
{
	(void)user;
	printf("%.12s… asks for %s: %s\n", request->agent.ptr, request->capability.ptr, request->reason.ptr);
	return AIM_OK;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	char id[AIM_GRANTREQUEST_ID_SIZE];
	aim_str none = {NULL, 0};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	aim_agent_spec who = {.struct_size = sizeof who, .status = AIM_REGISTRY_VERIFIED};
	who.name = aim_str_from("reporter");
	check(aim_agent_register(registry, &who, &agent, &err));

	aim_grantrequest_spec spec = {.struct_size = sizeof spec};
	spec.agent = aim_agent_id(agent);
	spec.capability = aim_str_from("files:write");
	spec.resource = aim_str_from("/srv/reports/**");
	spec.reason = aim_str_from("writes the monthly report");
	check(aim_grantrequest_create(registry, &spec, id, &err));
	check(aim_grantrequest_list(registry, none, AIM_GRANTREQUEST_PENDING, none, 0, show, NULL, &err));

	aim_grantrequest_decision decision = {.struct_size = sizeof decision, .state = AIM_GRANTREQUEST_APPROVED};
	decision.actor = aim_str_from("ana@example.org");
	check(aim_grantrequest_decide(registry, aim_str_from(id), &decision, NULL, &err));
	check(aim_grant_check(registry, spec.agent, spec.capability, aim_str_from("/srv/reports/may.txt"), 1, &err));
	printf("approved: it may write /srv/reports/may.txt\n");

	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
