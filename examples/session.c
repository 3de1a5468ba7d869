/* session — an agent gets a token for an hour, shows it, and loses it. */
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
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));

	aim_agent *agent = NULL;
	aim_agent_spec a = {.struct_size = sizeof a, .status = AIM_REGISTRY_VERIFIED};
	a.name = aim_str_from("invoice-bot");
	check(aim_agent_register(registry, &a, &agent, &err));

	char token[AIM_SESSION_TOKEN_SIZE];
	aim_session_spec s = {.struct_size = sizeof s};
	s.agent = aim_agent_id(agent);
	s.user = aim_str_from("ana@example.org");
	check(aim_session_create(registry, &s, token, NULL, &err));

	aim_session session = {.struct_size = sizeof session};
	check(aim_session_validate(registry, s.agent, aim_str_from(token), &session, &err));
	printf("session %.12s… of %s, for %s\n", session.id, aim_agent_name(agent).ptr, session.user);

	check(aim_session_revoke(registry, aim_str_from(token), s.user, &err));
	if (aim_session_validate(registry, s.agent, aim_str_from(token), NULL, &err) == AIM_OK)
		return 1;
	printf("after revocation: %s\n", err.message);
	aim_key_wipe(token, sizeof token);

	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
