/* discover — the servers that the clients of one user are told to use, from files that the host hands over. */
#include <aim/aim.h>
#include <stdio.h>
#include <string.h>

static const char cursor[] = "{\"mcpServers\": {\"files\": {\"command\": \"npx\", \"args\": [\"-y\", \"files\", \"--token\", \"s3cret\"]}}}";
static const char codex[] = "[mcp_servers.docs]\nurl = \"https://ada:s3cret@docs.example/mcp\"\n";

/* A host reads from its disk here; the library never does. */
static aim_status read_file(void *user, aim_str path, uint64_t max_bytes, aim_buf *out, aim_error *err)
{
	(void)user;
	(void)max_bytes;
	(void)err;
	if (strcmp(path.ptr, "/home/ada/.cursor/mcp.json") == 0)
		return aim_buf_append(out, aim_bytes_from_str(aim_str_from(cursor)));
	if (strcmp(path.ptr, "/home/ada/.codex/config.toml") == 0)
		return aim_buf_append(out, aim_bytes_from_str(aim_str_from(codex)));
	return AIM_E_NOT_FOUND;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_discovery *found = NULL;
	aim_buf *json = NULL;
	aim_error err = {0};
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX, .home = aim_str_from("/home/ada")};
	aim_discovery_reader reader = {.struct_size = sizeof reader, .read = read_file};
	int failed = aim_ctx_new(NULL, &ctx, &err) != AIM_OK || aim_discovery_new(ctx, NULL, &found, &err) != AIM_OK ||
	             aim_buf_new(ctx, &json) != AIM_OK || aim_discovery_scan(found, &place, &reader, &err) != AIM_OK;
	for (size_t i = 0; !failed && i < aim_discovery_count(found); i++) {
		aim_buf_clear(json);
		failed = aim_discovery_write(found, i, json) != AIM_OK;
		puts(failed ? "" : aim_buf_str(json).ptr);
	}
	failed |= aim_discovery_count(found) != 2;
	if (failed)
		fprintf(stderr, "%s\n", err.message);
	aim_buf_free(json);
	aim_discovery_free(found);
	aim_ctx_free(ctx);
	return failed;
}
