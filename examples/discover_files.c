/* discover_files — the servers that the clients of this user are told to use, read from disk, and which of them are registered.
 * Nothing is started. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

/* For each registered server: the ones found that it is. */
static aim_status compare(void *user, const aim_server *server)
{
	const aim_discovery *found = user;
	for (size_t i = 0; i < aim_discovery_count(found); i++) {
		uint32_t match = AIM_DISCOVERY_OTHER;
		aim_status rc = aim_discovery_match(found, i, server, &match, NULL);
		if (rc != AIM_OK)
			return rc;
		if (match == AIM_DISCOVERY_SAME)
			printf("%zu is %s\n", i, aim_server_id(server).ptr);
	}
	return AIM_OK;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_discovery *found = NULL;
	aim_error err = {0};
	aim_discovery_reader reader = {.struct_size = sizeof reader};
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX};
	place.home = aim_str_from(getenv("HOME"));
	place.cwd = aim_str_from(".");
	int failed = aim_ctx_new(NULL, &ctx, &err) != AIM_OK || aim_store_open_memory(ctx, NULL, &store, &err) != AIM_OK ||
	             aim_audit_open(store, NULL, &log, &err) != AIM_OK ||
	             aim_registry_open(log, NULL, &registry, &err) != AIM_OK ||
	             aim_discovery_new(ctx, NULL, &found, &err) != AIM_OK || aim_discoveryfile_reader(&reader) != AIM_OK ||
	             aim_discovery_scan(found, &place, &reader, &err) != AIM_OK ||
	             aim_server_list(registry, aim_str_from(NULL), 0, compare, found, &err) != AIM_OK;
	printf("%zu servers, %zu problems\n", aim_discovery_count(found), aim_discovery_problem_count(found));
	if (failed)
		fprintf(stderr, "%s\n", err.message);
	aim_discovery_free(found);
	aim_registry_free(registry);
	failed |= aim_audit_close(log, NULL) != AIM_OK;
	aim_store_free(store);
	aim_ctx_free(ctx);
	return failed;
}
