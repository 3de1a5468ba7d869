/* bench/bench_baseline.c — fingerprinting a tool, and looking again at a list that did not change: from the
 * raw tools/list through parsing to the verdicts, as the guard does it. */
#include "bench.h"

#include "identity/grants.h"

#include <aim/baseline.h>
#include <aim/server.h>
#include <aim/agent.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct world {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_server *server;
	aim_agent *agent;
	aim__grants *grants;
} world;

static void world_open(world *w)
{
	w->ctx = bench_ctx();
	bench_must(aim_store_open_memory(w->ctx, NULL, &w->store, NULL), "store");
	bench_must(aim_audit_open(w->store, NULL, &w->log, NULL), "audit");
	bench_must(aim_registry_open(w->log, NULL, &w->registry, NULL), "registry");
	aim_agent_spec a = {.struct_size = sizeof a, .name = aim_str_from("agent")};
	bench_must(aim_agent_register(w->registry, &a, &w->agent, NULL), "agent");
	for (int i = 0; i < 20; i++) {
		char capability[32];
		snprintf(capability, sizeof capability, "tools:group%d:*", i);
		aim_grant_spec g = {.struct_size = sizeof g, .agent = aim_agent_id(w->agent)};
		g.capability = aim_str_from(capability);
		bench_must(aim_grant_add(w->registry, &g, NULL, NULL), "grant");
	}
	bench_must(aim__grants_load(w->registry, aim_agent_id(w->agent), &w->grants, NULL), "grants");
}

static void world_close(world *w)
{
	aim__grants_free(w->grants);
	aim_agent_free(w->agent);
	aim_registry_free(w->registry);
	aim_audit_free(w->log);
	aim_store_free(w->store);
}

/* A list of n tools of about 900 bytes. */
static char *make_list(size_t n, size_t *out_len)
{
	static const char tail[] =
		"\"description\":\"Recursively search for files and directories matching a pattern. Searches "
		"through all subdirectories from the starting path. The search is case-insensitive and matches "
		"partial names. Returns full paths to all matching items. Great for finding files when you don't "
		"know their exact location.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"path\":{"
		"\"type\":\"string\",\"description\":\"Directory in which the search begins\"},\"pattern\":{"
		"\"type\":\"string\",\"description\":\"Glob pattern for names\"},\"excludePatterns\":{\"type\":"
		"\"array\",\"items\":{\"type\":\"string\"},\"default\":[]}},\"required\":[\"path\",\"pattern\"],"
		"\"additionalProperties\":false,\"$schema\":\"http://json-schema.org/draft-07/schema#\"},"
		"\"annotations\":{\"readOnlyHint\":true,\"destructiveHint\":false}}";
	size_t cap = n * (sizeof tail + 40) + 64, len = 0;
	char *text = malloc(cap);
	if (!text)
		exit(1);
	len += (size_t)snprintf(text, cap, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[");
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s{\"name\":\"search_files_%zu\",%s", i ? "," : "",
		                        i, tail);
	len += (size_t)snprintf(text + len, cap - len, "]}}");
	*out_len = len;
	return text;
}

typedef struct looking {
	aim_baseline *baseline;
	aim_json *doc;
	aim_bytes list;
	aim_baseline_item *items;
	size_t n_items;
} looking;

static void parse(void *arg, size_t n)
{
	looking *l = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_json_parse(l->doc, l->list, AIM_JSON_BORROW, NULL), "parse");
}

static void look(void *arg, size_t n)
{
	looking *l = arg;
	for (size_t i = 0; i < n; i++) {
		size_t used = 0;
		bench_must(aim_json_parse(l->doc, l->list, AIM_JSON_BORROW, NULL), "parse");
		aim_json_value tools = aim_json_at(l->doc, AIM_JSON_ROOT, aim_str_from("/result/tools"));
		for (aim_json_value t = aim_json_first(l->doc, tools); t != AIM_JSON_NONE;
		     t = aim_json_next(l->doc, t)) {
			l->items[used].name = aim_json_string(l->doc, aim_json_member(l->doc, t, aim_str_from("name")));
			l->items[used++].raw = aim_json_raw(l->doc, t);
		}
		aim_baseline_observation o = {.struct_size = sizeof o, .kind = AIM_FINGERPRINT_TOOL};
		o.items = l->items;
		o.n_items = used;
		bench_must(aim_baseline_observe(l->baseline, &o, NULL), "observe");
	}
}

/* Returns the ns of looking at n_tools tools again. */
static double recheck(world *w, size_t n_tools)
{
	looking l = {.n_items = n_tools};
	size_t len;
	char name[64];
	aim_server_spec spec = {.struct_size = sizeof spec, .url = aim_str_from("stdio://")};
	snprintf(name, sizeof name, "server with %zu tools", n_tools);
	spec.name = aim_str_from(name);
	char *list = make_list(n_tools, &len);
	l.list = aim_bytes_from(list, len);
	l.items = calloc(n_tools, sizeof *l.items);
	bench_must(aim_server_register(w->registry, &spec, &w->server, NULL), "server");
	bench_must(aim_baseline_open(w->registry, aim_server_id(w->server), &l.baseline, NULL), "baseline");
	bench_must(aim_json_new(w->ctx, &l.doc), "json");
	look(&l, 2);
	snprintf(name, sizeof name, "baseline/recheck-%zu", n_tools);
	double all = bench_run(name, look, &l, len);
	snprintf(name, sizeof name, "baseline/parse-list-%zu", n_tools);
	double parsing = bench_run(name, parse, &l, len);
	if (n_tools == 100)
		bench_ratio("baseline/recheck-per-parse", all, parsing);
	aim_json_free(l.doc);
	aim_baseline_free(l.baseline);
	aim_server_free(w->server);
	free(l.items);
	free(list);
	return all;
}

typedef struct printing {
	aim_ctx *ctx;
	aim_json *doc;
	aim_json_value tool;
} printing;

static void fingerprint(void *arg, size_t n)
{
	printing *p = arg;
	aim_fingerprint f = {.struct_size = sizeof f};
	for (size_t i = 0; i < n; i++)
		bench_must(aim_fingerprint_value(p->ctx, AIM_FINGERPRINT_TOOL, p->doc, p->tool, &f, NULL),
		           "fingerprint");
	bench_keep(&f);
}

static void fingerprint_tool(world *w)
{
	printing p = {.ctx = w->ctx};
	size_t len;
	char *list = make_list(1, &len);
	bench_must(aim_json_new(w->ctx, &p.doc), "json");
	bench_must(aim_json_parse(p.doc, aim_bytes_from(list, len), 0, NULL), "parse");
	p.tool = aim_json_at(p.doc, AIM_JSON_ROOT, aim_str_from("/result/tools/0"));
	bench_run("fingerprint/tool-1k", fingerprint, &p, aim_json_raw(p.doc, p.tool).len);
	aim_json_free(p.doc);
	free(list);
}

static void check_grant(void *arg, size_t n)
{
	world *w = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim__grants_check(w->grants, aim_str_from("tools:group19:read"),
		                             aim_str_from("/srv/data/x"), 1, NULL), "check");
}

static void find_agent(void *arg, size_t n)
{
	world *w = arg;
	for (size_t i = 0; i < n; i++) {
		aim_agent *agent = NULL;
		bench_must(aim_agent_find_name(w->registry, aim_str_from("agent"), &agent, NULL), "find");
		aim_agent_free(agent);
	}
}

int main(int argc, char **argv)
{
	world w = {0};
	bench_init(argc, argv);
	world_open(&w);
	fingerprint_tool(&w);
	double few = recheck(&w, 10);
	recheck(&w, 100);
	double many = recheck(&w, 1000);
	bench_ratio("baseline/recheck-growth-per-tool", many, few * 100);
	bench_run("identity/check-20-grants", check_grant, &w, 0);
	bench_run("identity/find-by-name", find_agent, &w, 0);
	world_close(&w);
	return 0;
}
