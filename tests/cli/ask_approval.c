/* ask_approval STORE AGENT TOOL ARGUMENTS — what a host does before a call that needs a person: prints the status of the
 * asking and the id of the approval. Each run is a process of its own. */
#include <aim/aim.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	char id[AIM_APPROVAL_ID_SIZE] = "";
	aim_error err = {0};
	aim_approval_spec s = {.struct_size = sizeof s, .risk = AIM_DECISION_RISK_HIGH};
	if (argc != 5)
		return 2;
	s.agent = aim_str_from(argv[2]);
	s.tool = aim_str_from(argv[3]);
	s.arguments = aim_bytes_from(argv[4], strlen(argv[4]));
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_sqlite_open(ctx, aim_str_from(argv[1]), NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = aim_registry_open(log, NULL, &registry, &err);
	if (rc == AIM_OK)
		rc = aim_approval_ask(registry, &s, id, &err);
	printf("%s %s\n", aim_status_name(rc), id);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
