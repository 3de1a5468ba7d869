/* Counts what an audit log holds: decisions, and how often and how fast each tool answered. */
#include <aim/aim.h>

#include <stdio.h>

static aim_status call(aim_audit *log, const char *tool, const char *data, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from("tool_call");
	record.subject = aim_str_from("files");
	record.action = aim_str_from(tool);
	record.decision = aim_str_from("allow");
	aim_status rc = aim_audit_append(log, &record, NULL, err);
	record.kind = aim_str_from("tool_result");
	record.decision = aim_str_from(NULL);
	record.data = aim_str_from(data);
	return rc == AIM_OK ? aim_audit_append(log, &record, NULL, err) : rc;
}

static void show(const aim_trail_stats *stats)
{
	aim_trail_totals totals = {.struct_size = sizeof totals};
	aim_trail_group row = {.struct_size = sizeof row};
	if (aim_trail_stats_totals(stats, &totals) == AIM_OK)
		printf("%llu records, %llu allowed, %llu denied\n", (unsigned long long)totals.n_records,
		       (unsigned long long)totals.n_allowed, (unsigned long long)totals.n_denied);
	for (size_t i = 0; aim_trail_stats_group(stats, AIM_TRAIL_BY_TOOL, i, &row) == AIM_OK; i++)
		printf("%.*s: %llu calls, success %lld ppm, mean %lld us, p95 %lld us\n", (int)row.name.len,
		       row.name.ptr, (unsigned long long)row.n_allowed, (long long)row.success_micro,
		       (long long)row.latency_mean_us, (long long)row.latency_p95_us);
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_trail_stats *stats = NULL;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = call(log, "read_file", "{\"latency_us\":1200,\"success\":true}", &err);
	if (rc == AIM_OK)
		rc = call(log, "write_file", "{\"latency_us\":5300,\"success\":false}", &err);
	if (rc == AIM_OK)
		rc = aim_trail_stats_new(ctx, NULL, &stats, &err);
	if (rc == AIM_OK)
		rc = aim_trail_stats_collect(stats, log, NULL, NULL, &err);
	if (rc == AIM_OK)
		show(stats);
	else
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_trail_stats_free(stats);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
