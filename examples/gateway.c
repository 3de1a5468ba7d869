/* gateway — every call of a tool goes through lists, a look at its arguments and a budget before it is made. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static uint32_t ask_somebody(void *user, const aim_gateway_call *call)
{
	(void)user;
	printf("approve %.*s? ", (int)call->arguments.len, (const char *)call->arguments.ptr);
	return AIM_GATEWAY_APPROVED;
}

static aim_status intercept(aim_gateway *gateway, aim_decision *decision, const char *tool, const char *arguments)
{
	aim_request request = {.struct_size = sizeof request, .trust_micro = AIM_DECISION_NO_TRUST};
	aim_gateway_call call = {.struct_size = sizeof call, .request = &request};
	request.agent = aim_str_from("agent-alpha");
	request.tool = aim_str_from(tool);
	call.arguments = aim_bytes_from(arguments, strlen(arguments));
	aim_status rc = aim_gateway_intercept(gateway, &call, decision, &err);
	aim_str why = aim_decision_reason(decision);
	printf("%-10s %.*s\n", tool, (int)why.len, why.ptr);
	return rc;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_gateway *gateway = NULL;
	aim_decision *decision = NULL;
	aim_buf *config = NULL;
	uint64_t n = 0;
	static const char server[] = "{\"command\":\"python\",\"args\":[\"-m\",\"my_server\"]}";
	const aim_str denied[] = {aim_str_from("shell")}, sensitive[] = {aim_str_from("deploy")};
	const aim_pattern blocked[] = {{sizeof *blocked, 0, AIM_PATTERN_REGEX, 0, aim_str_from(";\\s*(rm|del)\\b")}};
	aim_gateway_options o = {.struct_size = sizeof o, .flags = AIM_GATEWAY_BUDGET, .max_calls = 50};
	aim_gateway_counts counts = {.struct_size = sizeof counts};

	o.name = aim_str_from("production");
	o.denied = denied;
	o.n_denied = 1;
	o.sensitive = sensitive;
	o.n_sensitive = 1;
	o.blocked = blocked;
	o.n_blocked = 1;
	o.approve = ask_somebody;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_gateway_new(ctx, &o, &gateway, &err));
	check(aim_decision_new(ctx, &decision, &err));
	check(intercept(gateway, decision, "search", "{\"query\":\"quarterly earnings\"}"));
	check(intercept(gateway, decision, "deploy", "{\"to\":\"production\"}"));
	int refused = intercept(gateway, decision, "Shell", "{}") == AIM_DENIED;
	refused += intercept(gateway, decision, "search", "{\"query\":\"x; rm -rf /\"}") == AIM_DENIED;
	check(aim_gateway_count(gateway, aim_str_from("agent-alpha"), &n, &err));
	check(aim_gateway_stats(gateway, &counts));
	printf("%llu of %llu calls were allowed under %.8s…\n", (unsigned long long)counts.n_allowed,
	       (unsigned long long)counts.n_total, aim_gateway_policy_hash(gateway).ptr);
	check(aim_gateway_reset(gateway, aim_str_from("agent-alpha"), &err));
	check(aim_gateway_reset_all(gateway, &err));

	check(aim_buf_new(ctx, &config));
	check(aim_gateway_wrap(ctx, aim_bytes_from(server, sizeof server - 1), &o, config, &err));
	printf("%.*s\n", (int)aim_buf_str(config).len, aim_buf_str(config).ptr);

	aim_buf_free(config);
	aim_decision_free(decision);
	aim_gateway_free(gateway);
	aim_ctx_free(ctx);
	return refused == 2 && n == 2 ? 0 : 1;
}
