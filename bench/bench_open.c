/* bench/bench_open.c — opening a store that holds many agents and servers, with its log and registry, and finding one
 * agent; and what that takes of memory. It must not grow with the store. The largest, 1 000 000 agents and 100 000
 * servers, is made only when asked for by name ("open"): that takes about half a minute and half a gigabyte in /var/tmp. */
#define _GNU_SOURCE
#include "bench.h"

#include <aim/agent.h>
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SQLITE
#include <aim/sqlite.h>

#define GROUP 2000u
#define SAMPLES 9u
#define TEXT 480u

typedef struct filling {
	aim_store *store;
	size_t n;
	aim_store_op ops[GROUP];
	char keys[GROUP][96];
	char values[GROUP][TEXT];
} filling;

static void flush(filling *f)
{
	aim_store_batch batch = {f->ops, f->n, AIM_OK, 0};
	if (f->n == 0)
		return;
	bench_must(aim__store_apply_group(f->store, &batch, 1, NULL), "fill");
	bench_must(batch.status, "fill");
	f->n = 0;
}

static void put(filling *f, const char *prefix, const char *key, const char *value)
{
	aim_store_op *op = &f->ops[f->n];
	int key_len = snprintf(f->keys[f->n], sizeof f->keys[0], "%s%s", prefix, key);
	int value_len = snprintf(f->values[f->n], TEXT, "%s", value);
	memset(op, 0, sizeof *op);
	op->kind = AIM_STORE_PUT;
	op->key = aim_bytes_from(f->keys[f->n], (size_t)key_len);
	op->value = aim_bytes_from(f->values[f->n], (size_t)value_len);
	if (++f->n == GROUP)
		flush(f);
}

/* The record and the index of its name, as registering writes them. */
static void put_subject(filling *f, const char *kind, const char *prefix, const char *own, size_t i)
{
	char by_id[32], by_name[48], id[40], name[64], value[TEXT];
	snprintf(id, sizeof id, "%s%032zx", prefix, i + 1);
	snprintf(name, sizeof name, "default/%s-%zu", kind, i);
	snprintf(by_id, sizeof by_id, "%s/", kind);
	snprintf(by_name, sizeof by_name, "%s-name/", kind);
	snprintf(value, sizeof value,
	         "{\"id\":\"%s\",\"name\":\"%s-%zu\",\"namespace\":\"default\",\"description\":\"one of many that a registry "
	         "holds\",\"owner\":\"ana@example.org\",\"capabilities\":[\"files:read\",\"db:query\"],\"status\":\"verified\","
	         "\"created_at\":\"2026-01-01T00:00:00.000000Z\",\"updated_at\":\"2026-01-01T00:00:00.000000Z\",%s}",
	         id, kind, i, own);
	put(f, by_id, id, value);
	snprintf(value, sizeof value, "{\"id\":\"%s\"}", id);
	put(f, by_name, name, value);
}

static void fill(const char *path, size_t n_agents, size_t n_servers)
{
	filling *f = calloc(1, sizeof *f);
	if (!f)
		exit(1);
	bench_must(aim_sqlite_open(bench_ctx(), aim_str_from(path), NULL, &f->store, NULL), "store");
	for (size_t i = 0; i < n_agents; i++)
		put_subject(f, "agent", "agt_", "\"type\":\"ai_agent\"", i);
	for (size_t i = 0; i < n_servers; i++)
		put_subject(f, "server", "srv_", "\"url\":\"https://mcp.example.org/\"", i);
	flush(f);
	aim_store_free(f->store);
	free(f);
}

typedef struct opening {
	const char *path;
	size_t n_agents;
	double bytes; /* of this process's own, more than before */
} opening;

/* Pages that only this process has, in bytes; 0 where the system does not say. */
static double private_bytes(void)
{
	char line[256];
	double sum = 0;
	unsigned long kib;
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Private_Dirty: %lu kB", &kib) == 1)
			sum += (double)kib * 1024;
	if (f)
		fclose(f);
	return sum;
}

static void open_and_find(void *arg, size_t n)
{
	opening *o = arg;
	char id[40];
	snprintf(id, sizeof id, "agt_%032zx", o->n_agents / 2);
	for (size_t i = 0; i < n; i++) {
		aim_store *store = NULL;
		aim_audit *log = NULL;
		aim_registry *registry = NULL;
		aim_agent *agent = NULL;
		double before = private_bytes();
		bench_must(aim_sqlite_open(bench_ctx(), aim_str_from(o->path), NULL, &store, NULL), "open");
		bench_must(aim_audit_open(store, NULL, &log, NULL), "audit");
		bench_must(aim_registry_open(log, NULL, &registry, NULL), "registry");
		bench_must(aim_agent_find(registry, aim_str_from(id), &agent, NULL), "find");
		o->bytes = private_bytes() - before;
		aim_agent_free(agent);
		aim_registry_free(registry);
		aim_audit_free(log);
		aim_store_free(store);
	}
}

static double one_size(const char *name, const char *memory_name, size_t n_agents)
{
	char path[] = "/var/tmp/aim-bench-open-XXXXXX";
	opening o = {path, n_agents, 0};
	if (!bench_wanted(name) && !bench_wanted(memory_name))
		return 0;
	int fd = mkstemp(path);
	if (fd < 0)
		exit(1);
	close(fd);
	fill(path, n_agents, n_agents / 10);
	double ns = bench_run_fixed(name, open_and_find, &o, 0, SAMPLES, 1);
	bench_value(memory_name, o.bytes);
	bench_remove_store(path);
	return ns;
}

int main(int argc, char **argv)
{
	bench_init(argc, argv);
	double small = one_size("open/agents-1k", "open/memory-1k", 1000);
	double last = one_size("open/agents-100k", "open/memory-100k", 100000);
	if (argc > 1)
		last = one_size("open/agents-1m", "open/memory-1m", 1000000);
	bench_ratio("open/growth", last, small);
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
