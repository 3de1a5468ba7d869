/* register_and_list — an agent and a server, a link between them, a grant, and the list of agents. */
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

static aim_status show(void *user, const aim_agent *agent)
{
	(void)user;
	printf("%s  %-12s %s\n", aim_agent_id(agent).ptr, aim_agent_name(agent).ptr,
	       aim_registry_status_name(aim_agent_status(agent)));
	return AIM_OK;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));

	aim_agent *agent = NULL;
	aim_agent_spec a = {.struct_size = sizeof a};
	a.name = aim_str_from("invoice-bot");
	a.owner = aim_str_from("ana@example.org");
	a.status = AIM_REGISTRY_VERIFIED;
	check(aim_agent_register(registry, &a, &agent, &err));

	aim_server *server = NULL;
	aim_server_spec s = {.struct_size = sizeof s};
	s.name = aim_str_from("filesystem");
	s.command = aim_str_from("mcp-server-filesystem");
	check(aim_server_register(registry, &s, &server, &err));
	check(aim_link_add(registry, aim_agent_id(agent), aim_server_id(server), a.owner, &err));

	aim_grant_spec g = {.struct_size = sizeof g};
	g.agent = aim_agent_id(agent);
	g.capability = aim_str_from("files:*");
	g.resource = aim_str_from("/srv/invoices/**");
	check(aim_grant_add(registry, &g, NULL, &err));

	check(aim_agent_list(registry, aim_str_from(""), 0, show, NULL, &err));
	static const char *const paths[] = {"/srv/invoices/2026/11.pdf", "/etc/passwd"};
	for (size_t i = 0; i < 2; i++)
		printf("files:read %s: %s\n", paths[i],
		       aim_grant_check(registry, g.agent, aim_str_from("files:read"), aim_str_from(paths[i]),
		                       1800000000, &err) == AIM_OK
		               ? "granted"
		               : err.message);

	aim_server_free(server);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
