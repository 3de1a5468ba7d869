/* Arguments and names from outside through the gateway: no crash, no leak, and one of three answers with a reason. What the
 * same gateway allowed it allows again. */
#include "support.h"

#include <aim/gateway.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_status intercept(aim_gateway *g, aim_decision *d, aim_str tool, aim_bytes arguments)
{
	aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST};
	aim_gateway_call c = {.struct_size = sizeof c, .request = &r, .arguments = arguments};
	r.agent = aim_str_from("bot");
	r.tool = tool;
	aim_status rc = aim_gateway_intercept(g, &c, d, NULL);
	if (rc != aim_decision_status(d) || (rc == AIM_OK) != (aim_decision_effect(d) == AIM_DECISION_ALLOW) ||
	    aim_decision_reason(d).len == 0)
		abort();
	return rc;
}

/* The input is the name of a tool, and behind the first line end its arguments. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	test_heap heap;
	aim_gateway *g = NULL;
	aim_decision *d = NULL;
	const aim_str denied[] = {{"shell", 5}, {"execute_code", 12}};
	const aim_pattern blocked[] = {{sizeof *blocked, 0, AIM_PATTERN_LITERAL, 0, {"drop table", 10}},
	                               {sizeof *blocked, 0, AIM_PATTERN_GLOB, 0, {"*.internal", 10}}};
	aim_gateway_options o = {.struct_size = sizeof o, .flags = AIM_GATEWAY_BUDGET, .max_calls = 5};
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;
	aim_str tool = {(const char *)data, n};
	aim_bytes arguments = aim_bytes_from(end ? end + 1 : NULL, end ? size - n - 1 : 0);
	aim_ctx *ctx = test_ctx(&heap);
	o.denied = denied;
	o.n_denied = 2;
	o.blocked = blocked;
	o.n_blocked = 2;
	if (aim_gateway_new(ctx, &o, &g, NULL) != AIM_OK || aim_decision_new(ctx, &d, NULL) != AIM_OK)
		abort();
	if (intercept(g, d, tool, arguments) != intercept(g, d, tool, arguments))
		abort();
	aim_decision_free(d);
	aim_gateway_free(g);
	test_ctx_done(ctx, &heap);
	return 0;
}
