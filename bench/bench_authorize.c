/* bench/bench_authorize.c — deciding one call: pre-parsed at four sizes of policy, from raw JSON, and on
 * two threads while the policy is being replaced.
 *
 * Every policy has ten rules per tool, so its size is the number of *other* tools' rules. Requests go
 * through the tools in an order no prefetcher guesses. Their texts lie in the order of the calls, each a copy: the text
 * of a request was written a moment before, so fetching it is no part of deciding. */
#include "bench.h"

#include <aim/authorizer.h>
#include <aim/json.h>

#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_PER_TOOL 10
#define N_CALLS 4096

static const char *const rule_tails[RULES_PER_TOOL] = {
	"\"effect\":\"deny\",\"agents\":[\"intruder\",\"did:aim:intruder\"]",
	"\"effect\":\"deny\",\"trust\":{\"max\":99999}",
	"\"effect\":\"deny\",\"servers\":\"retired-server\"",
	"\"effect\":\"deny\",\"agents\":\"visitor\",\"risk\":[\"high\",\"critical\"]",
	"\"effect\":\"ask\",\"agents\":\"night-shift\"",
	"\"effect\":\"ask\",\"servers\":[\"production\",\"billing\"],\"risk\":\"critical\"",
	"\"effect\":\"ask\",\"trust\":{\"max\":299999}",
	"\"effect\":\"allow\",\"agents\":\"auditor\"",
	"\"effect\":\"allow\",\"agents\":\"reporter\",\"capabilities\":\"fs:admin\"",
	"\"effect\":\"allow\",\"agents\":[\"reporter\",\"planner\"],\"trust\":{\"min\":300000}",
};

typedef struct scene {
	aim_policy *policies[2]; /* the same text twice: something to swap */
	aim_authorizer *authorizer;
	aim_decision *decision;
	size_t n_tools;
	aim_request request;
	char (*calls)[32]; /* the tool of each call, one after the other */
	size_t at;
} scene;

static const aim_str held[] = {{"fs:read", 7}, {"net:fetch", 9}};

static char *document(size_t n_tools)
{
	char *text = malloc(200 + n_tools * RULES_PER_TOOL * 200);
	size_t at = 0;
	if (!text)
		exit(1);
	at += (size_t)sprintf(text, "{\"version\":1,\"name\":\"bench\",\"rules\":[");
	for (size_t i = 0; i < n_tools * RULES_PER_TOOL; i++)
		at += (size_t)sprintf(text + at, "%s{\"id\":\"rule-%zu\",\"tools\":\"tool_%zu_call\",%s}",
		                      i ? "," : "", i, i / RULES_PER_TOOL, rule_tails[i % RULES_PER_TOOL]);
	sprintf(text + at, "]}");
	return text;
}

static void name_tool(char name[32], size_t tool)
{
	snprintf(name, 32, "tool_%zu_call", tool);
}

static void set_up(scene *s, size_t n_rules)
{
	aim_ctx *ctx = bench_ctx();
	aim_error err = {0};
	uint64_t random = 88172645463325252u;
	memset(s, 0, sizeof *s);
	s->n_tools = n_rules / RULES_PER_TOOL;
	char *text = document(s->n_tools);
	for (int i = 0; i < 2; i++)
		bench_must(aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), NULL, &s->policies[i],
		                              NULL, &err), err.message);
	free(text);
	bench_must(aim_authorizer_new(ctx, s->policies[0], &s->authorizer, &err), err.message);
	bench_must(aim_decision_new(ctx, &s->decision, &err), err.message);
	s->calls = calloc(N_CALLS, sizeof *s->calls);
	if (!s->calls)
		exit(1);
	for (size_t i = 0; i < N_CALLS; i++) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		name_tool(s->calls[i], (size_t)(random % s->n_tools));
	}
	aim_request *r = &s->request;
	r->struct_size = sizeof *r;
	r->agent = aim_str_from("reporter");
	r->did = aim_str_from("did:aim:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
	r->server = aim_str_from("files");
	r->action = aim_str_from("mcp_tool");
	r->capabilities = held;
	r->n_capabilities = 2;
	r->trust_micro = 620000;
	r->risk = AIM_DECISION_RISK_LOW;
}

static void tear_down(scene *s)
{
	aim_decision_free(s->decision);
	aim_authorizer_free(s->authorizer);
	aim_policy_unref(s->policies[0]);
	aim_policy_unref(s->policies[1]);
	free(s->calls);
}

static aim_str next_tool(scene *s)
{
	return aim_str_from(s->calls[s->at++ % N_CALLS]);
}

static void decide(void *arg, size_t n)
{
	scene *s = arg;
	for (size_t i = 0; i < n; i++) {
		s->request.tool = next_tool(s);
		if (aim_authorizer_decide(s->authorizer, &s->request, s->decision, NULL) != AIM_OK)
			bench_must(aim_decision_status(s->decision), "not allowed");
	}
}

static void decide_unknown_tool(void *arg, size_t n)
{
	scene *s = arg;
	aim_request r = s->request;
	r.tool = aim_str_from("a_tool_no_rule_names");
	for (size_t i = 0; i < n; i++)
		if (aim_authorizer_decide(s->authorizer, &r, s->decision, NULL) != AIM_DENIED)
			bench_must(AIM_E_INTERNAL, "allowed");
}

/* ---- the yardstick ---- */

typedef struct lookups {
	scene *s;
	aim__map map;
} lookups;

static void look_up(void *arg, size_t n)
{
	lookups *l = arg;
	for (size_t i = 0; i < n; i++)
		bench_keep(aim__map_find(&l->map, aim_bytes_from_str(next_tool(l->s))));
}

static double measure_lookup(scene *s)
{
	lookups l = {.s = s};
	aim__map_init(&l.map, bench_ctx(), 0);
	char (*names)[32] = calloc(s->n_tools, sizeof *names);
	if (!names)
		exit(1);
	for (size_t i = 0; i < s->n_tools; i++) {
		name_tool(names[i], i);
		bench_must(aim__map_put(&l.map, aim_bytes_from_str(aim_str_from(names[i])), i), "map");
	}
	double ns = bench_run("authorise/one-lookup", look_up, &l, 0);
	aim__map_dispose(&l.map);
	free(names);
	return ns;
}

/* ---- from raw JSON ---- */

static const char message[] =
	"{\"jsonrpc\":\"2.0\",\"id\":4711,\"method\":\"tools/call\",\"params\":{\"name\":\"tool_7_call\","
	"\"arguments\":{\"path\":\"/srv/reports/2026/quarter-3/summary.md\",\"encoding\":\"utf-8\",\"head\":200,"
	"\"filter\":{\"author\":\"finance\",\"since\":\"2026-07-01\",\"tags\":[\"final\",\"signed\",\"public\"]},"
	"\"note\":\"needed for the board meeting on Thursday, please keep the tables as they are\"},"
	"\"_meta\":{\"progressToken\":\"p-4711\"}}}";

typedef struct raw {
	scene *s;
	aim_json *doc;
} raw;

static void parse(void *arg, size_t n)
{
	raw *r = arg;
	aim_bytes text = aim_bytes_from(message, sizeof message - 1);
	for (size_t i = 0; i < n; i++)
		bench_must(aim_json_parse(r->doc, text, AIM_JSON_BORROW, NULL), "message");
}

static void parse_and_decide(void *arg, size_t n)
{
	raw *r = arg;
	aim_request request = r->s->request;
	for (size_t i = 0; i < n; i++) {
		parse(r, 1);
		aim_json_value params = aim_json_member(r->doc, AIM_JSON_ROOT, aim_str_from("params"));
		request.tool = aim_json_string(r->doc, aim_json_member(r->doc, params, aim_str_from("name")));
		aim_status rc = aim_authorizer_decide(r->s->authorizer, &request, r->s->decision, NULL);
		bench_must(rc, "not allowed");
		bench_keep(aim_decision_id(r->s->decision).ptr);
		bench_keep(aim_decision_stage_at(r->s->decision, 0).ptr);
	}
}

static void measure_raw(scene *s)
{
	raw r = {s, NULL};
	bench_must(aim_json_new(bench_ctx(), &r.doc), "document");
	double parsing = bench_run("authorise/parse-alone", parse, &r, sizeof message - 1);
	double both = bench_run("authorise/raw-json", parse_and_decide, &r, sizeof message - 1);
	bench_percentile("authorise/raw-json-p99", parse_and_decide, &r, 99);
	bench_ratio("authorise/raw-json-per-parse", both, parsing);
	aim_json_free(r.doc);
}

/* ---- two threads ---- */

#define SWAP_EVERY 1024
#define THREAD_DECISIONS ((size_t)1 << 21)
#define ROUNDS 9

typedef struct worker {
	scene *s;
	int swaps;
	atomic_int *go;
	pthread_t thread;
} worker;

static void *work(void *arg)
{
	worker *w = arg;
	scene mine = *w->s;
	bench_must(aim_decision_new(bench_ctx(), &mine.decision, NULL), "decision");
	while (!atomic_load(w->go))
		;
	for (size_t done = 0; done < THREAD_DECISIONS; done += SWAP_EVERY) {
		decide(&mine, SWAP_EVERY);
		if (w->swaps)
			aim_authorizer_replace(w->s->authorizer, w->s->policies[done / SWAP_EVERY % 2]);
	}
	aim_decision_free(mine.decision);
	return NULL;
}

/* Decisions per nanosecond of n threads together, the first of which replaces the policy. */
static double throughput(scene *s, int n)
{
	worker workers[2];
	atomic_int go = 0;
	for (int i = 0; i < n; i++) {
		workers[i] = (worker){.s = s, .swaps = i == 0, .go = &go};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			exit(1);
	}
	double start = bench_now_ns();
	atomic_store(&go, 1);
	for (int i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	return (double)THREAD_DECISIONS * n / (bench_now_ns() - start);
}

/* The best round of each: the others shared the processor with something else. */
static void measure_threads(scene *s)
{
	double one = 0, two = 0;
	if (!bench_wanted("authorise/two-threads"))
		return;
	for (int i = 0; i < ROUNDS; i++) {
		double a = throughput(s, 1);
		double b = throughput(s, 2);
		one = a > one ? a : one;
		two = b > two ? b : two;
	}
	bench_value("authorise/two-threads", two / one);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {10, 100, 1000, 10000};
	double ns[4];
	scene s;
	bench_init(argc, argv);
	for (int i = 0; i < 4; i++) {
		char name[64];
		set_up(&s, sizes[i]);
		snprintf(name, sizeof name, "authorise/parsed-%zu", sizes[i]);
		ns[i] = bench_run(name, decide, &s, 0);
		if (i < 3)
			tear_down(&s);
	}
	bench_ratio("authorise/growth-10-to-10000", ns[3], ns[0]);
	bench_ratio("authorise/parsed-per-lookup", ns[3], measure_lookup(&s));
	bench_run("authorise/unknown-tool", decide_unknown_tool, &s, 0);
	measure_raw(&s);
	measure_threads(&s);
	tear_down(&s);
	return 0;
}
