/* approval — a call waits for a person, and goes on once: asked, approved, used up. */
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

static aim_status show(void *user, const aim_approval *a)
{
	(void)user;
	printf("%.*s: %.*s %.*s is %s\n", (int)a->agent.len, a->agent.ptr, (int)a->tool.len, a->tool.ptr,
	       (int)a->arguments.len, (const char *)a->arguments.ptr, aim_approval_state_name(a->state));
	return AIM_OK;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec spec = {.struct_size = sizeof spec, .risk = AIM_DECISION_RISK_HIGH};
	aim_approval_decision yes = {.struct_size = sizeof yes, .state = AIM_APPROVAL_APPROVED};
	aim_approval_wait wait = {.struct_size = sizeof wait};

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));

	spec.agent = aim_str_from("release-bot");
	spec.tool = aim_str_from("deploy");
	spec.arguments = aim_bytes_from("{\"to\":\"production\"}", 19);
	if (aim_approval_ask(registry, &spec, id, &err) != AIM_ASK)
		return 1;
	check(aim_approval_list(registry, AIM_APPROVAL_PENDING, aim_str_from(""), 0, show, NULL, &err));
	if (aim_approval_poll(registry, aim_str_from(id), &wait, &err) != AIM_ASK)
		return 1;

	yes.actor = aim_str_from("ana@example.org"); /* in another process */
	check(aim_approval_decide(registry, aim_str_from(id), &yes, &err));

	check(aim_approval_ask(registry, &spec, id, &err));
	check(aim_approval_find(registry, aim_str_from(id), show, NULL, &err));
	aim_status again = aim_approval_use(registry, &spec, NULL, &err);

	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return again == AIM_DENIED ? 0 : 1;
}
