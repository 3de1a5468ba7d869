/* bench/bench_gateway.c — one call through the gateway with its built-in patterns: arguments of 200 bytes and of 4 kB, from
 * raw JSON to the decision. */
#include "bench.h"

#include <aim/gateway.h>

#include <stdio.h>
#include <string.h>

typedef struct passing {
	aim_gateway *gateway;
	aim_decision *decision;
	aim_gateway_call call;
	aim_request request;
	char arguments[5000];
} passing;

static void intercept(void *arg, size_t n)
{
	passing *p = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_gateway_intercept(p->gateway, &p->call, p->decision, NULL), "intercept");
}

/* Ordinary words under names, in exactly so many bytes. */
static void fill(passing *p, size_t bytes)
{
	static const char *const words[] = {"quarterly", "earnings", "of the northern", "region, compared", "with 2025"};
	size_t len = 1;
	p->arguments[0] = '{';
	for (unsigned i = 0; len + 64 < bytes; i++)
		len += (size_t)snprintf(p->arguments + len, sizeof p->arguments - len, "%s\"field_%u\":\"%s %s\"", i ? "," : "", i,
		                        words[i % 5], words[(i + 2) % 5]);
	len += (size_t)snprintf(p->arguments + len, sizeof p->arguments - len, ",\"rest\":\"");
	for (; len + 2 < bytes; len++)
		p->arguments[len] = "the rest of it "[len % 15];
	p->arguments[len++] = '"';
	p->arguments[len++] = '}';
	p->call.arguments = aim_bytes_from(p->arguments, len);
}

int main(int argc, char **argv)
{
	passing p;
	aim_str denied[] = {aim_str_from("shell"), aim_str_from("execute_code")};
	aim_gateway_options o = {.struct_size = sizeof o, .flags = AIM_GATEWAY_BUDGET, .max_calls = UINT32_MAX};
	memset(&p, 0, sizeof p);
	bench_init(argc, argv);
	o.denied = denied;
	o.n_denied = 2;
	bench_must(aim_gateway_new(bench_ctx(), &o, &p.gateway, NULL), "gateway");
	bench_must(aim_decision_new(bench_ctx(), &p.decision, NULL), "decision");
	p.request = (aim_request){.struct_size = sizeof p.request, .trust_micro = AIM_DECISION_NO_TRUST};
	p.request.agent = aim_str_from("agent-alpha");
	p.request.tool = aim_str_from("search");
	p.call = (aim_gateway_call){.struct_size = sizeof p.call, .request = &p.request};
	fill(&p, 200);
	bench_run("gateway/200B", intercept, &p, p.call.arguments.len);
	fill(&p, 4096);
	bench_run("gateway/4kB", intercept, &p, p.call.arguments.len);
	aim_decision_free(p.decision);
	aim_gateway_free(p.gateway);
	return 0;
}
