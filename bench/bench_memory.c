/* bench/bench_memory.c — memory of this process's own once everything is open that a host opens: context,
 * SQLite store, audit log, registry, policy, decision. Linux counts it in /proc/self/smaps_rollup. */
#include "bench.h"

#include <aim/authorizer.h>
#include <aim/registry.h>
#include <aim/sqlite.h>

#include <stdio.h>
#include <string.h>

#define PATH "bench-memory.tmp"

typedef struct host {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_policy *policy;
	aim_decision *decision;
} host;

static void host_open(host *h)
{
	static const char policy[] = "{\"version\":1,\"name\":\"bench\",\"rules\":[{\"id\":\"read\",\"effect\":\"allow\","
	                             "\"tools\":\"read_*\"}]}";
	memset(h, 0, sizeof *h);
	bench_remove_store(PATH);
	bench_must(aim_ctx_new(NULL, &h->ctx, NULL), "context");
	bench_must(aim_sqlite_open(h->ctx, aim_str_from(PATH), NULL, &h->store, NULL), "store");
	bench_must(aim_audit_open(h->store, NULL, &h->log, NULL), "audit");
	bench_must(aim_registry_open(h->log, NULL, &h->registry, NULL), "registry");
	bench_must(aim_policy_compile(h->ctx, aim_bytes_from(policy, sizeof policy - 1), NULL, &h->policy, NULL, NULL),
	           "policy");
	bench_must(aim_decision_new(h->ctx, &h->decision, NULL), "decision");
}

static void host_close(host *h)
{
	aim_decision_free(h->decision);
	aim_policy_unref(h->policy);
	aim_registry_free(h->registry);
	aim_audit_free(h->log);
	aim_store_free(h->store);
	aim_ctx_free(h->ctx);
	bench_remove_store(PATH);
}

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

int main(int argc, char **argv)
{
	host h;
	bench_init(argc, argv);
	if (!bench_wanted("size/private-memory"))
		return 0;
	host_open(&h);
	double bytes = private_bytes();
	if (bytes > 0)
		bench_value("size/private-memory", bytes);
	host_close(&h);
	return 0;
}
