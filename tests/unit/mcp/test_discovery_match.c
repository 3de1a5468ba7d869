/* A registered server and the ones that were found: the same launch or URL, a name alone, or neither. */
#include "support.h"

#include <aim/discovery.h>

#include <stdio.h>
#include <string.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_store *store;
static aim_audit *log_;
static aim_registry *registry;
static aim_discovery *found;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	assert_status(aim_audit_open(store, NULL, &log_, NULL), AIM_OK);
	assert_status(aim_registry_open(log_, NULL, &registry, NULL), AIM_OK);
	assert_status(aim_discovery_new(ctx, NULL, &found, NULL), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_discovery_free(found);
	aim_registry_free(registry);
	assert_status(aim_audit_close(log_, NULL), AIM_OK);
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
	return 0;
}

static void find(const char *json)
{
	aim_discovery_file f = {.struct_size = sizeof f, .client = aim_str_from("Cursor")};
	f.bytes = aim_bytes_from_str(aim_str_from(json));
	assert_status(aim_discovery_parse(found, &f, NULL), AIM_OK);
}

/* words: the command and its arguments, or one URL. */
static aim_server *registered(const char *name, const char *const *words)
{
	aim_str args[8];
	aim_server *server = NULL;
	aim_server_spec spec = {.struct_size = sizeof spec, .args = args};
	spec.name = aim_str_from(name);
	if (strstr(words[0], "://"))
		spec.url = aim_str_from(words[0]);
	else
		spec.command = aim_str_from(words[0]);
	for (size_t i = 1; words[i]; i++)
		args[spec.n_args++] = aim_str_from(words[i]);
	assert_status(aim_server_register(registry, &spec, &server, NULL), AIM_OK);
	return server;
}

static uint32_t match(size_t index, const aim_server *server)
{
	uint32_t out = 99;
	assert_status(aim_discovery_match(found, index, server, &out, NULL), AIM_OK);
	return out;
}

/* What a file says, what is registered under the same name, and what the two are to each other. */
static const struct {
	const char *entry;
	const char *words[6];
	uint32_t expected;
} cases[] = {
	{"{\"command\": \"npx\", \"args\": [\"-y\", \"files\", \"/a\"]}", {"npx", "-y", "files", "/a"}, AIM_DISCOVERY_SAME},
	{"{\"command\": \"npx\", \"args\": [\"-y\", \"files\", \"/a\"]}", {"npx", "-y", "files", "/b"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"npx\", \"args\": [\"-y\", \"files\", \"/a\"]}", {"npx", "-y", "files"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"npx\", \"args\": [\"-y\", \"files\"]}", {"npx", "-y", "files", "/a"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"npx -y\"}", {"npx", "-y"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"cmd\", \"args\": [\"/c\", \"npx\", \"x\"]}", {"npx", "x"}, AIM_DISCOVERY_SAME},
	{"{\"command\": \"npx\", \"args\": [\"x\"]}", {"cmd", "/c", "npx", "x"}, AIM_DISCOVERY_SAME},
	/* secrets: the very one, the mask that stands for it, and another one */
	{"{\"command\": \"npx\", \"args\": [\"x\", \"--token\", \"s3cret\"]}", {"npx", "x", "--token", "s3cret"}, AIM_DISCOVERY_SAME},
	{"{\"command\": \"npx\", \"args\": [\"x\", \"--token\", \"s3cret\"]}", {"npx", "x", "--token", "***"}, AIM_DISCOVERY_SAME},
	{"{\"command\": \"npx\", \"args\": [\"x\", \"--token\", \"s3cret\"]}", {"npx", "x", "--token", "other"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"npx\", \"args\": [\"x\"]}", {"npx", "***"}, AIM_DISCOVERY_NAMESAKE},
	/* through aim-guard */
	{"{\"command\": \"/usr/bin/aim-guard\", \"args\": [\"stdio\", \"--store\", \"a\", \"--\", \"npx\", \"x\", \"--token\", \"s3cret\"]}",
	 {"npx", "x", "--token", "s3cret"}, AIM_DISCOVERY_SAME},
	{"{\"command\": \"aim-guard\", \"args\": [\"stdio\", \"--\", \"npx\", \"x\", \"--token\", \"s3cret\"]}",
	 {"npx", "x", "--token", "***"}, AIM_DISCOVERY_SAME},
	{"{\"command\": \"aim-guard\", \"args\": [\"stdio\", \"--\", \"npx\", \"y\"]}", {"npx", "x"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"aim-guard\", \"args\": [\"stdio\", \"--\"]}", {"npx"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"not-aim-guard\", \"args\": [\"--\", \"npx\"]}", {"npx"}, AIM_DISCOVERY_NAMESAKE},
	/* URLs */
	{"{\"url\": \"https://MCP.example:443/v1/\"}", {"https://mcp.example/v1"}, AIM_DISCOVERY_SAME},
	{"{\"url\": \"https://mcp.example/v1?token=s3cret\"}", {"https://mcp.example/v1?token=***"}, AIM_DISCOVERY_SAME},
	{"{\"url\": \"https://mcp.example/v1?token=s3cret\"}", {"https://mcp.example/v1?token=s3cret"}, AIM_DISCOVERY_SAME},
	{"{\"url\": \"https://mcp.example/v1?token=s3cret\"}", {"https://mcp.example/v1?token=other"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"url\": \"https://ada:s3cret@mcp.example/v3\"}", {"https://mcp.example/v3"}, AIM_DISCOVERY_SAME},
	{"{\"url\": \"https://mcp.example@evil.example/v4\"}", {"https://mcp.example/v4"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"url\": \"https://mcp.example/v1\"}", {"https://mcp.example/v2"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"url\": \"https://mcp.example/v1\"}", {"http://mcp.example/v1"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"url\": \"https://mcp.example/v1\"}", {"npx", "x"}, AIM_DISCOVERY_NAMESAKE},
	{"{\"command\": \"npx\"}", {"https://mcp.example/v1"}, AIM_DISCOVERY_NAMESAKE},
};

static void test_launches_and_urls(void **state)
{
	char json[400], name[20];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_discovery_free(found);
		assert_status(aim_discovery_new(ctx, NULL, &found, NULL), AIM_OK);
		snprintf(name, sizeof name, "s%zu", i);
		snprintf(json, sizeof json, "{\"mcpServers\": {\"%s\": %s}}", name, cases[i].entry);
		find(json);
		aim_server *server = registered(name, cases[i].words);
		uint32_t got = match(0, server);
		if (got != cases[i].expected)
			fail_msg("case %zu, %s: %u", i, cases[i].entry, got);
		aim_server_free(server);
	}
}

/* Any of a row's names counts, but not one that was given up; the launch counts whatever the status is. */
static void test_names(void **state)
{
	static const char *const other[] = {"node", "other.js", NULL};
	static const char *const same[] = {"npx", "x", NULL};
	aim_registry_move revoke = {.struct_size = sizeof revoke, .status = AIM_REGISTRY_REVOKED};
	(void)state;
	find("{\"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [\"x\"]}, \"b\": {\"command\": \"npx\", \"args\": [\"x\"]}}}");
	aim_server *namesake = registered("b", other);
	aim_server *stranger = registered("c", other);
	aim_server *launched = registered("d", same);
	assert_int_equal(match(0, namesake), AIM_DISCOVERY_NAMESAKE);
	assert_int_equal(match(0, stranger), AIM_DISCOVERY_OTHER);
	assert_int_equal(match(0, launched), AIM_DISCOVERY_SAME);
	aim_server *gone[] = {NULL, NULL};
	assert_status(aim_server_move(registry, aim_server_id(namesake), &revoke, NULL), AIM_OK);
	assert_status(aim_server_move(registry, aim_server_id(launched), &revoke, NULL), AIM_OK);
	assert_status(aim_server_find(registry, aim_server_id(namesake), &gone[0], NULL), AIM_OK);
	assert_status(aim_server_find(registry, aim_server_id(launched), &gone[1], NULL), AIM_OK);
	assert_int_equal(match(0, gone[0]), AIM_DISCOVERY_OTHER);
	assert_int_equal(match(0, gone[1]), AIM_DISCOVERY_SAME);
	aim_server *all[] = {namesake, stranger, launched, gone[0], gone[1]};
	for (size_t i = 0; i < 5; i++)
		aim_server_free(all[i]);
}

static void test_arguments(void **state)
{
	static const char *const words[] = {"npx", "x", NULL};
	uint32_t out = 99;
	(void)state;
	aim_server *server = registered("a", words);
	assert_status(aim_discovery_match(found, 0, server, &out, NULL), AIM_E_NOT_FOUND);
	assert_int_equal(out, AIM_DISCOVERY_OTHER);
	out = 99;
	assert_status(aim_discovery_match(NULL, 0, server, &out, NULL), AIM_E_INVALID);
	assert_int_equal(out, AIM_DISCOVERY_OTHER);
	assert_status(aim_discovery_match(found, 0, NULL, &out, NULL), AIM_E_INVALID);
	assert_status(aim_discovery_match(found, 0, server, NULL, NULL), AIM_E_INVALID);
	aim_server_free(server);
}

static aim_status match_with_little_memory(aim_ctx *poor, void *user)
{
	aim_discovery *d = NULL;
	uint32_t out;
	aim_discovery_file f = {.struct_size = sizeof f, .client = aim_str_from("Cursor")};
	f.bytes = aim_bytes_from_str(aim_str_from("{\"mcpServers\": {\"a\": {\"command\": \"npx\"}, \"b\": {\"url\": \"http://b\"}}}"));
	aim_status rc = aim_discovery_new(poor, NULL, &d, NULL);
	if (rc == AIM_OK)
		rc = aim_discovery_parse(d, &f, NULL);
	for (size_t i = 0; i < 2 && rc == AIM_OK; i++)
		rc = aim_discovery_match(d, i, ((aim_server **)user)[i], &out, NULL);
	aim_discovery_free(d);
	return rc;
}

static void test_no_memory(void **state)
{
	static const char *const words[] = {"npx", NULL}, *const url[] = {"http://b", NULL};
	(void)state;
	aim_server *servers[] = {registered("a", words), registered("b", url)};
	test_each_allocation_fails(match_with_little_memory, servers);
	aim_server_free(servers[0]);
	aim_server_free(servers[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_launches_and_urls), TEST(test_names), TEST(test_arguments), TEST(test_no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
