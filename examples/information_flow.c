/* information_flow — private data, untrusted content and a way out never meet in one session. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t now_us = 1780000000000000;
static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static aim_status ask(aim_flow *flow, const char *tool, uint32_t labels)
{
	aim_flow_call call = {.struct_size = sizeof call, .labels = labels};
	call.agent = aim_str_from("agt_1");
	call.session = aim_str_from("mail run");
	call.tool = aim_str_from(tool);
	aim_status rc = aim_flow_check(flow, &call, now_us, NULL, &err);
	printf("%-10s  %s\n", tool, rc == AIM_OK ? "allowed" : err.message);
	return rc;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_flow *flow = NULL;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_flow_new(ctx, NULL, &flow, &err));
	check(ask(flow, "read_mail", AIM_FLOW_PRIVATE | AIM_FLOW_UNTRUSTED));
	aim_status refused = ask(flow, "send_mail", AIM_FLOW_SEND);
	check(ask(flow, "read_mail", AIM_FLOW_PRIVATE));

	aim_flow_free(flow);
	aim_ctx_free(ctx);
	return refused == AIM_DENIED ? 0 : 1;
}
