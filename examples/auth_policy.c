/* auth_policy — a server must be reached with OAuth 2 over TLS 1.3; one without TLS is refused. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static const char rules[] = "{\"servers\":{\"github\":{\"methods\":[\"oauth2\"],\"min_tls\":\"1.3\"}}}";
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
	aim_authpolicy *policy = NULL;
	aim_decision *decision = NULL;
	aim_authpolicy_request r = {.struct_size = sizeof r, .tls_version = AIM_AUTHPOLICY_TLS_1_3};

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_decision_new(ctx, &decision, &err));
	check(aim_authpolicy_read(ctx, aim_bytes_from(rules, sizeof rules - 1), AIM_CONFIG_JSON, &policy, &err));
	r.server = aim_str_from("github");
	r.method = aim_str_from("oauth2");
	r.url = aim_str_from("https://api.example.com/mcp");
	check(aim_authpolicy_check(policy, &r, decision, &err));
	r.url = aim_str_from("http://api.example.com/mcp");
	aim_status refused = aim_authpolicy_check(policy, &r, decision, &err);
	aim_str why = aim_decision_reason(decision);
	printf("%.*s\n", (int)why.len, why.ptr);

	aim_authpolicy_free(policy);
	aim_decision_free(decision);
	aim_ctx_free(ctx);
	return refused == AIM_DENIED ? 0 : 1;
}
