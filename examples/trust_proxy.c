/* trust_proxy — gate tools on identity, trust, capabilities and rate. */
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

static aim_status ask(aim_proxy *proxy, aim_decision *decision, const char *tool, int64_t trust)
{
	aim_request call = {.struct_size = sizeof call, .trust_micro = trust * 1000};
	call.did = aim_str_from("did:mesh:agent-1");
	call.tool = aim_str_from(tool);
	aim_status rc = aim_proxy_authorize(proxy, &call, decision, &err);
	printf("%-12s trust %3lld  %.*s\n", tool, (long long)trust, (int)aim_decision_reason(decision).len,
	       aim_decision_reason(decision).ptr);
	return rc;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_proxy *proxy = NULL;
	aim_decision *decision = NULL;
	aim_proxy_options options = {.struct_size = sizeof options, .default_min_trust = 300};
	aim_proxy_tool write = {.struct_size = sizeof write, .flags = AIM_PROXY_TOOL_MIN_TRUST};
	aim_proxy_tool search = {.struct_size = sizeof search};
	write.name = aim_str_from("file_write");
	write.min_trust = 800;
	search.name = aim_str_from("web_search");
	search.max_calls_per_minute = 2;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_proxy_new(ctx, &options, &proxy, &err));
	check(aim_proxy_set_tool(proxy, &write, &err));
	check(aim_proxy_set_tool(proxy, &search, &err));
	check(aim_decision_new(ctx, &decision, &err));

	aim_status refused = ask(proxy, decision, "file_write", 600);
	check(ask(proxy, decision, "file_write", 900));
	check(ask(proxy, decision, "web_search", 600));
	check(ask(proxy, decision, "web_search", 600));
	aim_status limited = ask(proxy, decision, "web_search", 600);

	aim_decision_free(decision);
	aim_proxy_free(proxy);
	aim_ctx_free(ctx);
	return refused == AIM_DENIED && limited == AIM_DENIED ? 0 : 1;
}
