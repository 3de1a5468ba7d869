/* Secrets in command lines and URLs, whatever they look like; and what is left alone. */
#include "support.h"

#include "base/buf.h"
#include "mcp/mask.h"
#include <string.h>

static test_heap heap;

static const struct {
	const char *words[4];
	const char *shown;
} cases[] = {
	{{"npx", "-y", "@modelcontextprotocol/server-filesystem", "/home/ada/My Documents"}, "npx|-y|@modelcontextprotocol/server-filesystem|/home/ada/My Documents"},
	{{"--token", "abc"}, "--token|***"},
	{{"--token=abc"}, "--token=***"},
	{{"--token=${TOKEN}"}, "--token=${TOKEN}"},
	{{"--token", "$TOKEN"}, "--token|$TOKEN"},
	{{"--token=${TOKEN:-abc}"}, "--token=***"},
	{{"--api-key", "x", "--port", "8080"}, "--api-key|***|--port|8080"},
	{{"--ApiKey:x"}, "--ApiKey:***"},
	{{"API_KEY=x"}, "API_KEY=***"},
	{{"--header", "X-Anything: v"}, "--header|X-Anything: ***"},
	{{"--header=X-Anything: v"}, "--header=X-Anything: ***"},
	{{"-H", "Authorization:Bearer x"}, "-H|Authorization:***"},
	{{"Authorization: Basic dTpw"}, "Authorization: ***"},
	{{"-e", "PLAIN=value"}, "-e|PLAIN=***"},
	{{"-e", "PLAIN"}, "-e|PLAIN"},
	{{"--env=PLAIN=value"}, "--env=PLAIN=***"},
	{{"sh", "-c", "X_SECRET=a npx b --password 'c d'"}, "sh|-c|X_SECRET=***"},
	{{"run --password c d"}, "run --password ***"},
	{{"{\"token\":\"abc\"}"}, "{\"token\":***"},
	{{"https://u:p@h.example/x"}, "https://***@h.example/x"},
	{{"https://u:p@ss@h.example/x"}, "https://***@h.example/x"},
	{{"https:/u:p@h.example/x"}, "https:/***@h.example/x"},
	{{"https:///u:p@h.example/x"}, "https:///***@h.example/x"},
	{{"https:\\\\u:p@h.example/x"}, "https:\\\\***@h.example/x"},
	{{"x=https:/u:p@h ftp:/v:q@i"}, "x=https:/***@h ftp:/***@i"},
	{{"s3://u:p@h"}, "s3://***@h"},
	{{"C:/a/b@c"}, "C:/a/b@c"},
	{{"https:/"}, "https:/"},
	{{"postgresql://user:pw@db:5432/x?ssl=1"}, "postgresql://***@db:5432/x?ssl=1"},
	{{"--db=mysql://u:p@h/x"}, "--db=mysql://***@h/x"},
	{{"https://h/x?a=1&access_token=v#f"}, "https://h/x?a=1&access_token=***"},
	{{"https://h/x?%74oken=v"}, "https://h/x?%74oken=***"},
	{{"https://h/x?sig=v"}, "https://h/x?sig=***"},
	{{"https://h/mcp/9f86d081884c7d659a2feaa0c55ad015/sse"}, "https://h/mcp/***/sse"},
	{{"https://h/3f2504e0-4f89-41d3-9a0c-0305e82c3301"}, "https://h/***"},
	{{"ghp_0123456789abcdefghijABCDEFGHIJ012345"}, "***"},
	{{"sk-ant-api03-abcdefghijk"}, "***"},
	{{"xoxb-1234-5678-abcd"}, "***"},
	{{"AKIAIOSFODNN7EXAMPLE"}, "***"},
	{{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"}, "***"},
	{{"mcp-server-sqlite@2024.11.5", "server_v10.2.33"}, "mcp-server-sqlite@2024.11.5|server_v10.2.33"},
	{{"--max-tokens-per-call"}, "--max-tokens-per-call"},
	{{""}, ""},
	{{"ghcr.io/github/github-mcp-server:v0.20.1"}, "ghcr.io/github/github-mcp-server:v0.20.1"},
};

static void command_lines(void **state)
{
	(void)state;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf out;
	aim__buf_init(&out, ctx);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t mask = AIM__MASK_NOTHING;
		aim_buf_clear(&out);
		for (size_t j = 0; j < 4 && cases[i].words[j]; j++) {
			if (j)
				assert_status(aim__buf_add_byte(&out, '|'), AIM_OK);
			assert_status(aim__mask(&out, aim_str_from(cases[i].words[j]), &mask), AIM_OK);
		}
		assert_text(aim_buf_str(&out), cases[i].shown);
	}
	aim__buf_dispose(&out);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(command_lines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
