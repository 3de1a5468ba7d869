/* cli/aim/audit_stats.c — aim audit stats: counts by tool, server and agent. */
#include "../common/progress.h"
#include "audit.h"

#include <stdio.h>

static const column columns[] = {
	{"group", NULL, COLUMN_HIDDEN},
	{"server", "SERVER", COLUMN_SHRINKS},
	{"name", "NAME", COLUMN_SHRINKS},
	{"records", "RECORDS", COLUMN_NUMBER},
	{"allowed", "ALLOWED", COLUMN_NUMBER},
	{"denied", "DENIED", COLUMN_NUMBER},
	{"asked", "ASKED", COLUMN_NUMBER},
	{"results", "RESULTS", COLUMN_NUMBER},
	{"succeeded", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{"success_micro", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "SUCCESS", COLUMN_NUMBER},
	{"latency_mean_us", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "MEAN", COLUMN_NUMBER},
	{"latency_p95_us", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "P95", COLUMN_NUMBER},
	{"latency_max_us", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{"last_us", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{NULL, "LAST", 0},
};

static void whole(table *t, int64_t number)
{
	if (number < 0)
		table_none(t);
	else
		table_number(t, (uint64_t)number);
}

static void percent(table *t, int64_t micro)
{
	char text[32] = "";
	if (micro >= 0)
		snprintf(text, sizeof text, "%lld.%lld %%", (long long)(micro / 10000), (long long)(micro / 1000 % 10));
	table_text(t, aim_str_from(text));
}

static void milliseconds(table *t, int64_t us)
{
	char text[40] = "";
	if (us >= 0)
		snprintf(text, sizeof text, "%lld.%lld ms", (long long)(us / 1000), (long long)(us / 100 % 10));
	table_text(t, aim_str_from(text));
}

static void when(table *t, int64_t us)
{
	char text[40];
	table_text(t, aim_str_from(us > 0 ? time_text(us, text, sizeof text) : ""));
}

static void add_group(table *t, const char *grouping, const aim_trail_group *g)
{
	const uint64_t counts[] = {g->n_records, g->n_allowed, g->n_denied, g->n_asked, g->n_results, g->n_succeeded};
	int is_rest = (g->flags & AIM_TRAIL_REST) != 0;
	table_text(t, aim_str_from(grouping));
	table_text(t, is_rest ? aim_str_from("(all others)") : g->server);
	table_text(t, g->name);
	for (size_t i = 0; i < N(counts); i++)
		table_number(t, counts[i]);
	whole(t, g->success_micro);
	percent(t, g->success_micro);
	whole(t, g->latency_mean_us);
	milliseconds(t, g->latency_mean_us);
	whole(t, g->latency_p95_us);
	milliseconds(t, g->latency_p95_us);
	whole(t, g->latency_max_us);
	whole(t, g->last_us);
	when(t, g->last_us);
	table_row_end(t);
}

static void show_totals(const aim_trail_totals *totals)
{
	char text[40];
	answer a;
	answer_begin(&a);
	answer_text(&a, "group", NULL, aim_str_from("total"));
	answer_number(&a, "records", "records", totals->n_records);
	answer_number(&a, "allowed", "allowed", totals->n_allowed);
	answer_number(&a, "denied", "denied", totals->n_denied);
	answer_number(&a, "asked", "asked", totals->n_asked);
	answer_number(&a, "results", "results", totals->n_results);
	answer_number(&a, "succeeded", "succeeded", totals->n_succeeded);
	if (totals->n_records) {
		answer_number(&a, "first_us", NULL, (uint64_t)totals->first_us);
		answer_number(&a, "last_us", NULL, (uint64_t)totals->last_us);
		answer_text(&a, NULL, "first", aim_str_from(time_text(totals->first_us, text, sizeof text)));
		answer_text(&a, NULL, "last", aim_str_from(time_text(totals->last_us, text, sizeof text)));
	}
	answer_end(&a);
}

static int show_grouping(const aim_trail_stats *stats, uint32_t grouping)
{
	static const char *const names[] = {"tool", "server", "agent"};
	size_t n = aim_trail_stats_count(stats, grouping);
	if (n == 0)
		return EXIT_OK;
	table *t = table_new(columns, N(columns));
	if (!t)
		return EXIT_FAILED;
	if (!screen_is_json())
		printf("\n%sby %s%s\n", style(STYLE_DIM), names[grouping], style(STYLE_NONE));
	for (size_t i = 0; i < n; i++) {
		aim_trail_group g = {.struct_size = sizeof g};
		if (aim_trail_stats_group(stats, grouping, i, &g) == AIM_OK)
			add_group(t, names[grouping], &g);
	}
	table_free(t, NULL);
	return EXIT_OK;
}

static int show(const aim_trail_stats *stats)
{
	aim_trail_totals totals = {.struct_size = sizeof totals};
	aim_status rc = aim_trail_stats_totals(stats, &totals);
	if (rc != AIM_OK)
		return failed("statistics", rc, NULL);
	show_totals(&totals);
	int code = EXIT_OK;
	for (uint32_t i = 0; i < AIM_TRAIL_N_GROUPINGS && code == EXIT_OK; i++)
		code = show_grouping(stats, i);
	return code;
}

int run_audit_stats(program *p)
{
	record_filter f;
	aim_error err = {0};
	aim_trail_stats *stats = NULL;
	const audit_options *o = p->options;
	int code = open_log(p, o->log, 0);
	if (code == EXIT_OK)
		code = audit_filter(p, o, &f);
	if (code != EXIT_OK)
		return code;
	progress_begin("counting records", is_quiet(p));
	aim_status rc = aim_trail_stats_new(p->ctx, NULL, &stats, &err);
	if (rc == AIM_OK)
		rc = aim_trail_stats_collect(stats, p->log, &f.asked, NULL, &err);
	progress_end();
	code = rc == AIM_OK ? show(stats) : audit_read_failed(p, rc, &err);
	aim_trail_stats_free(stats);
	return code;
}
