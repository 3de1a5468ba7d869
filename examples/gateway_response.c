/* gateway_response — what a tool answered passes the gateway's response policy before the model sees it. */
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

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_scanner *scanner = NULL;
	aim_gateway *gateway = NULL;
	aim_response *response = NULL;
	static const char answer[] = "{\"content\":[{\"type\":\"text\",\"text\":\"Write to ana@example.com\"}]}";
	aim_response_options policy = {.struct_size = sizeof policy, .policy = AIM_RESPONSE_SANITIZE};
	aim_response_verdict verdict = {.struct_size = sizeof verdict};
	aim_request request = {.struct_size = sizeof request, .trust_micro = AIM_DECISION_NO_TRUST};
	aim_gateway_options o = {.struct_size = sizeof o};

	policy.min_severity = AIM_SCAN_INFO; /* addresses are information */
	request.agent = aim_str_from("agent-alpha");
	request.tool = aim_str_from("lookup");
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_scan_new(ctx, NULL, &scanner, &err));
	o.scanner = scanner;
	o.response = &policy;
	check(aim_gateway_new(ctx, &o, &gateway, &err));
	check(aim_gateway_response_new(gateway, &response, &err)); /* one for each thread */
	check(aim_gateway_intercept_response(gateway, &request, aim_bytes_from(answer, sizeof answer - 1), response, &verdict,
	                                     &err));
	printf("%s: %.*s\n", aim_response_action_name(verdict.action), (int)verdict.content.len,
	       (const char *)verdict.content.ptr);
	for (size_t i = 0; i < aim_response_threat_count(response); i++)
		printf("- %s\n", aim_response_threat_at(response, i)->rule.ptr);
	int sanitised = verdict.action == AIM_RESPONSE_SANITIZE;

	aim_response_free(response);
	aim_gateway_free(gateway);
	aim_scan_free(scanner);
	aim_ctx_free(ctx);
	return sanitised ? 0 : 1;
}
