/* bench/bench_guard.c — one call through the guard: the client's line in, decided by a policy, recorded
 * (buffered), forwarded; the server's reply in, matched, recorded, forwarded. The bar is for the first half
 * alone; a request must be answered for the next to be like it, so both halves are in the figure. Records go
 * into an SQLite file, as aim-guard's do: a store in memory would count the rows it keeps as allocations. */
#include "bench.h"

#include <aim/agent.h>
#include <aim/authorizer.h>
#include <aim/guard.h>
#include <aim/server.h>
#include <aim/sqlite.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "bench-guard.tmp"

typedef struct path {
	aim_store *store;
	aim_audit *log;
	aim_authorizer *authorizer;
	aim_registry *registry; /* NULL: none */
	aim_agent *agent;
	aim_server *server;
	aim_guard *guard;
	char request[1024];
	char reply[1024];
	size_t request_len;
	size_t reply_len;
} path;

static void pass(aim_guard *guard, uint32_t from, const char *line, size_t len)
{
	size_t used;
	uint32_t to = from == AIM_GUARD_CLIENT ? AIM_GUARD_SERVER : AIM_GUARD_CLIENT;
	bench_must(aim_guard_feed(guard, from, aim_bytes_from(line, len), &used, NULL), "feed");
	aim_bytes out = aim_guard_output(guard, to);
	if (used != len || out.len == 0)
		bench_must(AIM_E_INTERNAL, "a line was not forwarded");
	bench_must(aim_guard_consume(guard, to, out.len), "consume");
}

static void call(void *arg, size_t n)
{
	path *p = arg;
	for (size_t i = 0; i < n; i++) {
		pass(p->guard, AIM_GUARD_CLIENT, p->request, p->request_len);
		pass(p->guard, AIM_GUARD_SERVER, p->reply, p->reply_len);
	}
}

static void ping(void *arg, size_t n)
{
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
	static const char reply[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n";
	path *p = arg;
	for (size_t i = 0; i < n; i++) {
		pass(p->guard, AIM_GUARD_CLIENT, request, sizeof request - 1);
		pass(p->guard, AIM_GUARD_SERVER, reply, sizeof reply - 1);
	}
}

static void make_policy(path *p, size_t n_rules)
{
	size_t cap = 200 + n_rules * 80, len = 0;
	char *text = malloc(cap);
	aim_policy *policy = NULL;
	if (!text)
		exit(1);
	len += (size_t)snprintf(text, cap, "{\"version\":1,\"name\":\"bench\",\"rules\":[");
	for (size_t i = 0; i < n_rules; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s{\"id\":\"r%zu\",\"effect\":\"allow\",\"tools\":[\"tool_%zu\"]}",
		                        i ? "," : "", i, i);
	len += (size_t)snprintf(text + len, cap - len, "]}");
	bench_must(aim_policy_compile(bench_ctx(), aim_bytes_from(text, len), NULL, &policy, NULL, NULL), "policy");
	bench_must(aim_authorizer_new(bench_ctx(), policy, &p->authorizer, NULL), "authorizer");
	aim_policy_unref(policy);
	free(text);
}

static void list(path *p, size_t n_tools)
{
	size_t cap = 200 + n_tools * 120, len = 0;
	char *text = malloc(cap);
	static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";
	if (!text)
		exit(1);
	len += (size_t)snprintf(text, cap, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[");
	for (size_t i = 0; i < n_tools; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s{\"name\":\"tool_%zu\",\"inputSchema\":{\"type\":\"object\"}}",
		                        i ? "," : "", i);
	len += (size_t)snprintf(text + len, cap - len, "]}}\n");
	pass(p->guard, AIM_GUARD_CLIENT, request, sizeof request - 1);
	pass(p->guard, AIM_GUARD_SERVER, text, len);
	free(text);
}

/* As aim-guard is by default: usage, trust and behaviour are counted, and brought to the store whenever 1,024 wait. */
static void learn(path *p, aim_guard_options *o)
{
	aim_agent_spec agent = {.struct_size = sizeof agent, .name = aim_str_from("agent")};
	aim_server_spec server = {.struct_size = sizeof server, .name = aim_str_from("server"), .command = aim_str_from("s")};
	bench_must(aim_registry_open(p->log, NULL, &p->registry, NULL), "registry");
	agent.status = AIM_REGISTRY_VERIFIED;
	bench_must(aim_agent_register(p->registry, &agent, &p->agent, NULL), "agent");
	bench_must(aim_server_register(p->registry, &server, &p->server, NULL), "server");
	o->flags = AIM_GUARD_LEARN | AIM_GUARD_LINK;
	o->registry = p->registry;
	o->agent = aim_agent_id(p->agent);
	o->server = aim_server_id(p->server);
}

static void path_open(path *p, int logged, int learning, size_t n)
{
	aim_guard_options o = {.struct_size = sizeof o};
	aim_audit_options buffered = {.struct_size = sizeof buffered, .durability = AIM_AUDIT_BUFFERED};
	memset(p, 0, sizeof *p);
	bench_remove_store(PATH);
	bench_must(aim_sqlite_open(bench_ctx(), aim_str_from(PATH), NULL, &p->store, NULL), "store");
	bench_must(aim_audit_open(p->store, &buffered, &p->log, NULL), "audit");
	make_policy(p, n);
	o.audit = logged ? p->log : NULL;
	o.authorizer = p->authorizer;
	o.agent = aim_str_from("agt_0197a8b2c3d4e5f60718293a4b5c6d7e");
	o.server = aim_str_from("srv_0197a8b2c3d4e5f60718293a4b5c6d7e");
	if (learning)
		learn(p, &o);
	bench_must(aim_guard_new(bench_ctx(), &o, &p->guard, NULL), "guard");
	list(p, n);
	p->request_len = (size_t)snprintf(p->request, sizeof p->request,
		"{\"jsonrpc\":\"2.0\",\"id\":42,\"method\":\"tools/call\",\"params\":{\"name\":\"tool_%zu\",\"arguments\":{\"path\":"
		"\"/home/ana/reports/2026/q3/summary.md\",\"pattern\":\"*.md\",\"excludePatterns\":[\"draft-*\",\"old/**\"],\"limit\":100,"
		"\"note\":\"Look for the figures of the third quarter and give them as a table, one line for each region; leave out what is "
		"marked as preliminary.\"},\"_meta\":{\"progressToken\":42}}}\n", n / 2);
	p->reply_len = (size_t)snprintf(p->reply, sizeof p->reply,
		"{\"jsonrpc\":\"2.0\",\"id\":42,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"/home/ana/reports/2026/q3/summary.md\\n"
		"/home/ana/reports/2026/q3/regions.md\"}],\"isError\":false}}\n");
}

static void path_close(path *p)
{
	aim_guard_free(p->guard);
	aim_server_free(p->server);
	aim_agent_free(p->agent);
	aim_registry_free(p->registry);
	aim_authorizer_free(p->authorizer);
	aim_audit_free(p->log);
	aim_store_free(p->store);
	bench_remove_store(PATH);
}

int main(int argc, char **argv)
{
	path p;
	double small, large;
	bench_init(argc, argv);
	path_open(&p, 1, 0, 10);
	small = bench_run("guard/tools-call", call, &p, p.request_len + p.reply_len);
	path_close(&p);
	path_open(&p, 1, 1, 10);
	bench_run("guard/tools-call-learning", call, &p, p.request_len + p.reply_len);
	path_close(&p);
	path_open(&p, 0, 0, 10);
	bench_run("guard/tools-call-unrecorded", call, &p, p.request_len + p.reply_len);
	bench_run("guard/ping", ping, &p, 0);
	path_close(&p);
	path_open(&p, 1, 0, 1000);
	large = bench_run("guard/tools-call-1000-tools", call, &p, p.request_len + p.reply_len);
	path_close(&p);
	bench_ratio("guard/growth-10-to-1000-tools", large, small);
	return 0;
}
