/* trust_mesh — interactions with a peer, its five dimensions and tier, and whether it may be trusted. */
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

static void report(aim_registry *registry, aim_str peer, uint32_t outcome)
{
	aim_trustmesh_change change = {.struct_size = sizeof change};
	aim_trustmesh_interaction i = {.struct_size = sizeof i, .outcome = outcome, .subject = peer};
	i.source = aim_str_from("gateway-1");
	i.cause = aim_str_from("asked for a report");
	check(aim_trustmesh_record(registry, &i, NULL, &change, &err));
	printf("%s: %u, %s\n", aim_trustmesh_outcome_name(outcome), change.after[AIM_TRUSTMESH_OVERALL],
	       aim_trustinterop_tier_name(change.new_tier));
}

static void ask(aim_registry *registry, aim_str peer)
{
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	aim_status rc = aim_trustmesh_check(registry, peer, 500, NULL, &mesh, &err);
	if (rc == AIM_OK)
		printf("trusted: competence %u, integrity %u\n", mesh.competence, mesh.integrity);
	else if (rc == AIM_DENIED)
		printf("not trusted: %s\n", err.message);
	else
		check(rc);
}

static aim_status show(void *user, const aim_trustmesh_moment *m)
{
	(void)user;
	printf("  %llu: %s %+d\n", (unsigned long long)m->number, aim_trustmesh_outcome_name(m->outcome),
	       (int)m->after[AIM_TRUSTMESH_OVERALL] - (int)m->before[AIM_TRUSTMESH_OVERALL]);
	return AIM_OK;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("report-bot")};
	check(aim_agent_register(registry, &spec, &agent, &err));

	report(registry, aim_agent_id(agent), AIM_TRUSTINTEROP_SUCCESS);
	ask(registry, aim_agent_id(agent));
	report(registry, aim_agent_id(agent), AIM_TRUSTINTEROP_FAILURE);
	ask(registry, aim_agent_id(agent));
	ask(registry, aim_str_from("did:mesh:abc123")); /* nobody knows it */
	check(aim_trustmesh_history(registry, aim_agent_id(agent), 0, show, NULL, &err));

	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
