/* Servers in the configuration of every client: found, told apart, put together, without their secrets; broken and
 * hostile files are reported, and the rest go on. */
#include "support.h"

#include "discovery_home.h"

#include "base/buf.h"
#include <stdio.h>
#include <stdlib.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_discovery *found;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	return aim_discovery_new(ctx, NULL, &found, NULL) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim_discovery_free(found);
	test_ctx_done(ctx, &heap);
	return 0;
}

static const aim_discovery_variable environment[] = {
	{{"MCP_SERVER_WEATHER", 18}, {"https://weather.example/mcp?token=" CANARY, 34 + sizeof CANARY - 1}},
	{{"MCP_SERVER_NOT_A_URL", 20}, {"yes", 3}},
	{{"MCP_SERVER_", 11}, {"https://x.example", 17}},
	{{"OTHER", 5}, {"https://other.example", 21}},
};

static aim_discovery_place linux_place(void)
{
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX};
	place.home = aim_str_from("/h");
	place.cwd = aim_str_from("/p");
	place.variables = environment;
	place.n_variables = sizeof environment / sizeof *environment;
	return place;
}

static void scan(home *h)
{
	aim_error err = {0};
	aim_discovery_place place = linux_place();
	aim_discovery_reader reader = home_reader(h);
	if (aim_discovery_scan(found, &place, &reader, &err) != AIM_OK)
		fail_msg("%s", err.message);
}

/* The server called name as JSON; "" when there is none. Borrowed until the next call. */
static const char *json_of(const char *name)
{
	static char text[4096];
	aim_buf buf;
	text[0] = '\0';
	aim__buf_init(&buf, ctx);
	for (size_t i = 0; i < aim_discovery_count(found); i++) {
		aim_discovery_server s = {.struct_size = sizeof s};
		assert_status(aim_discovery_at(found, i, &s), AIM_OK);
		if (!aim_str_equal(s.name, aim_str_from(name)))
			continue;
		assert_status(aim_discovery_write(found, i, &buf), AIM_OK);
		snprintf(text, sizeof text, "%.*s", (int)buf.len, (const char *)buf.ptr);
	}
	aim__buf_dispose(&buf);
	return text;
}

static void assert_server(const char *name, const char *part)
{
	const char *json = json_of(name);
	if (!strstr(json, part))
		fail_msg("%s: no %s in %s", name, part, json);
}

static int has_yaml(void)
{
	aim_json *doc = NULL;
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	aim_status rc = aim_config_parse(doc, aim_bytes_from("a: 1", 4), AIM_CONFIG_YAML, NULL);
	aim_json_free(doc);
	return rc == AIM_OK;
}

static const struct {
	const char *name;
	const char *parts[5];
} expected[] = {
	{"github", {"\"client\":\"Claude Desktop\"", "\"args\":[\"run\",\"-i\",\"--rm\",\"-e\",\"GITHUB_TOKEN=***\",\"ghcr.io/github/github-mcp-server\"]", "\"variables\":[{\"name\":\"GITHUB_TOKEN\"}]"}},
	{"sentry", {"\"transport\":\"http\"", "\"url\":\"https://mcp.sentry.dev/mcp\"", "\"headers\":[\"Authorization\"]"}},
	{"db", {"\"pointer\":\"/projects/~1w~1a~0b/mcpServers/db\"", "\"args\":[\"mcp-db\",\"--dsn\",\"***\"]"}},
	{"old", {"/h/.claude/settings.json"}},
	{"plug", {"\"command\":\"${CLAUDE_PLUGIN_ROOT}/run\"", "\"pointer\":\"/plug\""}},
	{"company", {"/etc/claude-code/managed-mcp.json"}},
	{"linear", {"\"transport\":\"sse\"", "\"line\":2"}},
	{"perplexity", {"\"--token\",\"***\"", "\"client\":\"VS Code\"", "\"line\":5"}},
	{"inProfile", {"profiles/5a1b/mcp.json"}},
	{"legacy", {"\"pointer\":\"/mcp/servers/legacy\""}},
	{"ws", {"\"transport\":\"ws\"", "wss://ws.example/mcp?api_key=***"}},
	{"figma", {"\"headers\":[\"X-Figma-Token\"]", "https://figma.example/mcp"}},
	{"zed-pg", {"\"command\":\"zed-pg\",\"args\":[\"--db\"]"}},
	{"zed-new", {"\"extra\":[\"source\"]"}},
	{"gem", {"\"transport\":\"http\"", "\"extra\":[\"timeout\"]"}},
	{"anti", {"\"client\":\"Antigravity\""}},
	{"docs", {"\"--api-key=***\"", "[{\"name\":\"API_KEY\"},{\"name\":\"HOME_TOKEN\"}]", "\"line\":3,\"column\":14"}},
	{"web", {"\"disabled\":true,\"origins\"", "[{\"name\":\"WEB_TOKEN\"}]"}},
	{"kiro", {"kiro-mcp@latest"}},
	{"oc", {"\"command\":\"bun\",\"args\":[\"x\",\"oc-mcp\"]", "[{\"name\":\"OC\"}]"}},
	{"ocr", {"\"disabled\":true"}},
	{"oc2", {"opencode.jsonc"}},
	{"amp", {"\"pointer\":\"/amp.mcpServers/amp\""}},
	{"crush", {"\"transport\":\"sse\""}},
	{"cop", {"\"extra\":[\"tools\"]", "Copilot CLI"}},
	{"fac", {"Factory"}},
	{"kimi", {"Kimi"}},
	{"vibe", {"http://localhost:8000", "\"headers\":[\"Authorization\"]", "[{\"name\":\"VIBE_KEY\"}]", "\"pointer\":\"/mcp_servers/0\""}},
	{"fetch", {"Mistral Vibe"}},
	{"WEATHER", {"\"client\":\"environment\"", "\"path\":\"MCP_SERVER_WEATHER\"", "?token=***"}},
};

static const struct {
	const char *name;
	const char *parts[5];
} expected_yaml[] = {
	{"sqlite", {"Continue", "[{\"name\":\"DB_SECRET\"}]", "\"line\":4"}},
	{"remote", {"https://***@continue.example/mcp", "\"headers\":[\"X-Key\"]"}},
	{"tavily", {"\"command\":\"npx\",\"args\":[\"-y\",\"tavily-mcp\"]", "[{\"name\":\"TAVILY\"},{\"name\":\"TAVILY_API_KEY\"}]"}},
	{"far", {"https://goose.example/mcp", "Goose"}},
};

static void every_client(void **state)
{
	(void)state;
	home h = {.files = home_files, .n = N_HOME_FILES};
	scan(&h);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		for (size_t j = 0; j < 5 && expected[i].parts[j]; j++)
			assert_server(expected[i].name, expected[i].parts[j]);
	for (size_t i = 0; has_yaml() && i < sizeof expected_yaml / sizeof *expected_yaml; i++)
		for (size_t j = 0; j < 5 && expected_yaml[i].parts[j]; j++)
			assert_server(expected_yaml[i].name, expected_yaml[i].parts[j]);
	assert_string_equal(json_of("developer"), "");
	assert_string_equal(json_of("by-extension"), "");
	for (size_t i = 0; has_yaml() && i < aim_discovery_problem_count(found); i++) {
		aim_discovery_problem p = {.struct_size = sizeof p};
		assert_status(aim_discovery_problem_at(found, i, &p), AIM_OK);
		fail_msg("%.*s:%u: %s", (int)p.path.len, p.path.ptr, p.line, p.message.ptr);
	}
}

static void same_server_is_one_row(void **state)
{
	(void)state;
	home h = {.files = home_files, .n = N_HOME_FILES};
	scan(&h);
	aim_discovery_server s = {.struct_size = sizeof s};
	size_t n_three = 0;
	for (size_t i = 0; i < aim_discovery_count(found); i++) {
		assert_status(aim_discovery_at(found, i, &s), AIM_OK);
		n_three += s.n_origins == 3;
	}
	assert_int_equal(n_three, 1); /* Claude Desktop, the project, Cursor under another name */
	assert_server("files", "/h/.cursor/mcp.json");
	assert_server("files", "/p/.mcp.json");
	assert_server("lm", "\"client\":\"Amazon Q\""); /* host in capitals, default port, slash at the end */
	/* Switched off in one place, on in the other. */
	assert_server("cline", "\"disabled\":false,\"origins\"");
	assert_server("cline", "\"name\":\"cline\",\"line\":1,\"column\":26,\"disabled\":true");
	size_t before = aim_discovery_count(found);
	scan(&h);
	assert_int_equal(aim_discovery_count(found), before);
}

/* All that can be asked of a collection, one after the other. */
static void append_everything(aim_buf *out)
{
	for (size_t i = 0; i < aim_discovery_count(found); i++) {
		assert_status(aim_discovery_write(found, i, out), AIM_OK);
		for (uint32_t list = AIM_DISCOVERY_ARGS; list <= AIM_DISCOVERY_DIGESTS; list++)
			for (size_t at = 0; aim_discovery_text(found, i, list, at).ptr; at++)
				assert_status(aim__buf_add_str(out, aim_discovery_text(found, i, list, at)), AIM_OK);
	}
	for (size_t i = 0; i < aim_discovery_problem_count(found); i++) {
		aim_discovery_problem p = {.struct_size = sizeof p};
		assert_status(aim_discovery_problem_at(found, i, &p), AIM_OK);
		assert_status(aim__buf_add_str(out, p.message), AIM_OK);
		assert_status(aim__buf_add_str(out, p.pointer), AIM_OK);
	}
}

static void order_does_not_depend_on_files(void **state)
{
	(void)state;
	home_file turned[N_HOME_FILES];
	aim_buf first, second;
	for (size_t i = 0; i < N_HOME_FILES; i++)
		turned[i] = home_files[N_HOME_FILES - 1 - i];
	aim__buf_init(&first, ctx);
	aim__buf_init(&second, ctx);
	home h = {.files = home_files, .n = N_HOME_FILES};
	scan(&h);
	append_everything(&first);
	aim_discovery_free(found);
	assert_status(aim_discovery_new(ctx, NULL, &found, NULL), AIM_OK);
	for (size_t i = 0; i < N_HOME_FILES; i++) /* one by one, backwards */
		if (strstr(turned[i].path, "/.cursor/") || strstr(turned[i].path, "/p/.mcp") || strstr(turned[i].path, "/Claude/")) {
			home one = {.files = &turned[i], .n = 1};
			scan(&one);
		}
	home all = {.files = turned, .n = N_HOME_FILES};
	scan(&all);
	append_everything(&second);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.ptr, second.ptr, first.len);
	aim__buf_dispose(&first);
	aim__buf_dispose(&second);
}

static void no_secret_is_shown(void **state)
{
	(void)state;
	aim_buf all;
	home h = {.files = home_files, .n = N_HOME_FILES};
	scan(&h);
	aim__buf_init(&all, ctx);
	append_everything(&all);
	assert_true(all.len > 4000);
	assert_null(strstr((const char *)all.ptr, CANARY));
	aim__buf_dispose(&all);
}

/* A secret that stands where a member's name should is not shown as the way to what is wrong there. */
static void no_secret_in_a_pointer(void **state)
{
	(void)state;
	static const char *const texts[] = {"{\"mcpServers\":{\"a\":{\"env\":{\"sk-ant-api03-abcdefghijk\":}}}}",
	                                    "{\"mcpServers\":{\"--token=abc\":7}}"};
	static const char *const shown[] = {"/mcpServers/--token=***", "/mcpServers/a/env/***"}; /* in their order */
	for (size_t i = 0; i < 2; i++) {
		aim_discovery_file f = {.struct_size = sizeof f, .client = aim_str_from("Cursor"), .path = aim_str_from("/h/x")};
		f.bytes = aim_bytes_from(texts[i], strlen(texts[i]));
		assert_status(aim_discovery_parse(found, &f, NULL), i ? AIM_OK : AIM_E_JSON_SYNTAX);
	}
	for (size_t i = 0; i < 2; i++) {
		aim_discovery_problem p = {.struct_size = sizeof p};
		assert_status(aim_discovery_problem_at(found, i, &p), AIM_OK);
		assert_text(p.pointer, shown[i]);
	}
}

static void digests_show_change(void **state)
{
	(void)state;
	static const char *const texts[] = {"{\"mcpServers\":{\"a\":{\"command\":\"x\",\"env\":{\"K\":\"one\"}}}}",
	                                    "{\"mcpServers\":{\"a\":{\"command\":\"x\",\"env\":{\"K\":\"two\"}}}}"};
	char digests[2][65] = {{0}};
	aim_discovery_options o = {.struct_size = sizeof o, .digest_key = aim_bytes_from("0123456789abcdef", 16)};
	for (int i = 0; i < 2; i++) {
		aim_discovery_free(found);
		assert_status(aim_discovery_new(ctx, &o, &found, NULL), AIM_OK);
		aim_discovery_file f = {.struct_size = sizeof f, .client = aim_str_from("Cursor"), .bytes = aim_bytes_from(texts[i], strlen(texts[i]))};
		assert_status(aim_discovery_parse(found, &f, NULL), AIM_OK);
		aim_str digest = aim_discovery_text(found, 0, AIM_DISCOVERY_DIGESTS, 0);
		assert_int_equal(digest.len, 64);
		memcpy(digests[i], digest.ptr, 64);
	}
	assert_string_not_equal(digests[0], digests[1]);
	o.digest_key.len = 15;
	aim_discovery *none = NULL;
	assert_status(aim_discovery_new(ctx, &o, &none, NULL), AIM_E_INVALID);
}

static void broken_files_are_reported(void **state)
{
	(void)state;
	static const home_file files[] = {
		{"/h/.cursor/mcp.json", "{\"mcpServers\": {\n  \"a\": {\"command\": }}}"},
		{"/h/.codex/config.toml", "[mcp_servers.a]\ncommand = npx\n"},
		{"/h/.config/zed/settings.json", "{\"context_servers\": {\"z\": {\"command\": \"z\"}}, \"x\": \xff}"},
		{"/h/.kiro/settings/mcp.json", "{\"mcpServers\": {\"bad\": 7, \"worse\": {\"args\": []}, \"empty\": {}, \"good\": {\"command\": \"good\"}}}"},
		{"/h/.kimi/mcp.json", "{\"mcpServers\": \"none\"}"},
		{"/h/.factory/mcp.json", "{}"},
		{"/h/.lmstudio/mcp.json", ""},
		{"/h/.copilot/mcp-config.json", "x"},
	};
	home h = {.files = files, .n = sizeof files / sizeof *files, .broken = "/h/.copilot/mcp-config.json"};
	scan(&h);
	static const struct {
		const char *path;
		aim_status status;
		uint32_t line, column;
		const char *pointer;
	} problems[] = {
		{"/h/.codex/config.toml", AIM_E_TOML, 2, 11, ""},
		{"/h/.config/zed/settings.json", AIM_E_UTF8, 1, 51, "/x"},
		{"/h/.copilot/mcp-config.json", AIM_E_IO, 0, 0, ""},
		{"/h/.cursor/mcp.json", AIM_E_JSON_SYNTAX, 2, 20, "/mcpServers/a/command"},
		{"/h/.kimi/mcp.json", AIM_E_DISCOVERY_ENTRY, 1, 16, "/mcpServers"},
		{"/h/.kiro/settings/mcp.json", AIM_E_DISCOVERY_ENTRY, 1, 24, "/mcpServers/bad"},
		{"/h/.kiro/settings/mcp.json", AIM_E_DISCOVERY_ENTRY, 1, 36, "/mcpServers/worse"},
		{"/h/.lmstudio/mcp.json", AIM_E_JSON_SYNTAX, 1, 1, ""},
	};
	for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
		aim_discovery_problem p = {.struct_size = sizeof p};
		assert_status(aim_discovery_problem_at(found, i, &p), AIM_OK);
		assert_text(p.path, problems[i].path);
		assert_status(p.status, problems[i].status);
		assert_text(p.pointer, problems[i].pointer);
		if (p.line != problems[i].line || p.column != problems[i].column)
			fail_msg("%s: %u:%u", problems[i].path, p.line, p.column);
	}
	assert_int_equal(aim_discovery_problem_count(found), sizeof problems / sizeof *problems);
	assert_server("good", "Kiro");
	assert_int_equal(aim_discovery_count(found), 2); /* and the one of the environment */
}

static aim_status parse(const char *client, aim_bytes bytes, uint32_t format)
{
	aim_discovery_file f = {.struct_size = sizeof f, .client = aim_str_from(client), .bytes = bytes, .format = format};
	return aim_discovery_parse(found, &f, NULL);
}

static void hostile_files(void **state)
{
	(void)state;
	size_t n = (size_t)10 << 20;
	char *large = malloc(n);
	assert_non_null(large);
	memset(large, '[', n);
	assert_status(parse("Cursor", aim_bytes_from(large, n), 0), AIM_E_JSON_DEPTH);
	assert_int_not_equal(parse("Goose", aim_bytes_from(large, n), AIM_CONFIG_YAML), AIM_OK);
	assert_status(parse("Codex", aim_bytes_from(large, n), AIM_CONFIG_TOML), AIM_E_TOML);
	memset(large, 0, n);
	assert_status(parse("Cursor", aim_bytes_from(large, n), 0), AIM_E_JSON_SYNTAX);
	assert_int_not_equal(parse("Goose", aim_bytes_from(large, n), AIM_CONFIG_YAML), AIM_OK);
	assert_status(parse("Codex", aim_bytes_from(large, n), AIM_CONFIG_TOML), AIM_E_TOML);
	memset(large, 0x80, n);
	assert_status(parse("Codex", aim_bytes_from(large, n), AIM_CONFIG_TOML), AIM_E_UTF8);
	free(large);
	assert_int_equal(aim_discovery_count(found), 0);
	assert_status(parse("Nobody", aim_bytes_from("{}", 2), 0), AIM_E_NOT_FOUND);
	assert_status(parse("", aim_bytes_from("{\"servers\":{\"a\":{\"url\":\"http://a\"},\"b\":1}}", 42), 0), AIM_OK);
	assert_int_equal(aim_discovery_count(found), 1);
}

static void limits(void **state)
{
	(void)state;
	aim_discovery_options o = {.struct_size = sizeof o, .max_servers = 2, .max_files = 1000, .max_file_bytes = 300};
	home h = {.files = home_files, .n = N_HOME_FILES};
	aim_discovery_free(found);
	assert_status(aim_discovery_new(ctx, &o, &found, NULL), AIM_OK);
	scan(&h);
	assert_int_equal(aim_discovery_count(found), 2);
	int too_large = 0, too_many = 0;
	for (size_t i = 0; i < aim_discovery_problem_count(found); i++) {
		aim_discovery_problem p = {.struct_size = sizeof p};
		assert_status(aim_discovery_problem_at(found, i, &p), AIM_OK);
		too_large += p.status == AIM_E_JSON_SIZE;
		too_many += p.status == AIM_E_DISCOVERY_ENTRY;
	}
	assert_true(too_large > 0 && too_many > 0);
	aim_discovery_place place = linux_place();
	aim_discovery_reader reader = home_reader(&h);
	o.max_files = 3;
	aim_discovery_free(found);
	assert_status(aim_discovery_new(ctx, &o, &found, NULL), AIM_OK);
	h.n_reads = 0;
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_E_LIMIT);
	assert_true(h.n_reads <= 3);
}

static void other_platforms(void **state)
{
	(void)state;
	static const home_file files[] = {
		{"/Users/ada/Library/Application Support/Claude/claude_desktop_config.json", "{\"mcpServers\":{\"mac\":{\"command\":\"mac\"}}}"},
		{"C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json",
		 "\xEF\xBB\xBF{\"mcpServers\":{\"win\":{\"command\":\"cmd\",\"args\":[\"/c\",\"npx\",\"win\"]}}}"},
		{"D:\\Data\\Code\\User\\mcp.json", "{\"servers\":{\"other\":{\"command\":\"npx\",\"args\":[\"win\"]}}}"},
		{"/x/codex/config.toml", "[mcp_servers.moved]\ncommand = \"moved\"\n"},
		{"/cfg/zed/settings.json", "{\"context_servers\":{\"xdg\":{\"command\":\"xdg\"}}}"},
	};
	static const aim_discovery_variable moved[] = {{{"APPDATA", 7}, {"D:\\Data", 7}},
	                                               {{"CODEX_HOME", 10}, {"/x/codex", 8}},
	                                               {{"XDG_CONFIG_HOME", 15}, {"/cfg", 4}}};
	home h = {.files = files, .n = sizeof files / sizeof *files};
	aim_discovery_reader reader = home_reader(&h);
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_MACOS, .home = aim_str_from("/Users/ada")};
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_OK);
	place.platform = AIM_PLATFORM_WINDOWS;
	place.home = aim_str_from("C:\\Users\\ada");
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_OK);
	place.variables = moved;
	place.n_variables = 3;
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_OK);
	place.platform = AIM_PLATFORM_LINUX;
	reader.list = NULL;
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_OK);
	assert_server("mac", "Claude Desktop");
	assert_server("moved", "/x/codex/config.toml");
	assert_server("xdg", "/cfg/zed/settings.json");
	assert_server("other", "claude_desktop_config.json"); /* "cmd /c npx win" and "npx win" are one */
	place.platform = 9;
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_E_INVALID);
	place.platform = AIM_PLATFORM_LINUX;
	reader.read = NULL;
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_E_INVALID);
}

static aim_status scan_once(aim_ctx *c, void *arg)
{
	home h = {.files = home_files, .n = N_HOME_FILES};
	aim_discovery *d = NULL;
	aim_discovery_options o = {.struct_size = sizeof o, .digest_key = aim_bytes_from("0123456789abcdef", 16)};
	aim_error err = {0};
	(void)arg;
	aim_status rc = aim_discovery_new(c, &o, &d, &err);
	aim_discovery_file f = {.struct_size = sizeof f, .client = aim_str_from("Codex"), .format = AIM_CONFIG_TOML};
	for (size_t i = 0; i < N_HOME_FILES && rc == AIM_OK; i++)
		if (strstr(h.files[i].path, ".codex")) {
			f.bytes = aim_bytes_from_str(aim_str_from(h.files[i].text));
			rc = aim_discovery_parse(d, &f, &err);
		}
	f.client = aim_str_from("Claude Code");
	f.format = 0;
	f.bytes = aim_bytes_from_str(aim_str_from(home_files[1].text));
	if (rc == AIM_OK)
		rc = aim_discovery_parse(d, &f, &err);
	home few = {.files = home_files, .n = 5};
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX, .home = aim_str_from("/h")};
	aim_discovery_reader reader = home_reader(&few);
	if (rc == AIM_OK)
		rc = aim_discovery_scan(d, &place, &reader, &err);
	aim_discovery_free(d);
	return rc;
}

static void out_of_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(scan_once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_client, setup, teardown),
		cmocka_unit_test_setup_teardown(same_server_is_one_row, setup, teardown),
		cmocka_unit_test_setup_teardown(order_does_not_depend_on_files, setup, teardown),
		cmocka_unit_test_setup_teardown(no_secret_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(no_secret_in_a_pointer, setup, teardown),
		cmocka_unit_test_setup_teardown(digests_show_change, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_files_are_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_files, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(other_platforms, setup, teardown),
		cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
