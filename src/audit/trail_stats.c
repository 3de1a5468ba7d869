/* audit/trail_stats.c — records counted, by tool, server and agent. Layer audit. Whole numbers only; the
 * number of groups is bounded, and what does not fit is counted together and says so. */
#include "audit/trail.h"

#include "audit/trail_sketch.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_trail_stats_options, 8 + 2 * 4);
AIM__NO_PADDING(aim_trail_totals, 8 + 8 * 8);
AIM__NO_PADDING(aim_trail_group, 8 + 2 * 2 * P + 11 * 8);
#undef P

#define DEFAULT_MAX_GROUPS 1000u
#define MAX_MAX_GROUPS 100000u
#define PERCENTILE 95u

/* What one record adds. */
typedef struct sample {
	aim_str server, name;
	int64_t time_us;
	int allowed, denied, asked;
	int is_result, succeeded;
	int64_t latency_us; /* −1: none */
} sample;

typedef struct group {
	uint64_t n_records, n_allowed, n_denied, n_asked, n_results, n_succeeded;
	int64_t last_us;
	aim__sketch *latency; /* NULL until there is one */
	size_t server_len, name_len;
	size_t key_len;
	uint8_t key[]; /* length of server, server, name */
} group;

typedef struct grouping {
	aim__map index; /* key to number */
	group **groups;
	size_t n, cap;
	group *rest; /* NULL until max_groups is reached */
} grouping;

struct aim_trail_stats {
	aim_ctx *ctx; /* referenced */
	size_t max_groups;
	aim_trail_totals totals;
	grouping groupings[AIM_TRAIL_N_GROUPINGS];
	aim_buf key; /* scratch */
};

static aim_status take_options(const aim_trail_stats_options *options, size_t *out_max, aim_error *err)
{
	aim_trail_stats_options o = {.struct_size = sizeof o};
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_trail_stats_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o.flags != 0 || o.reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "aim_trail_stats_options.flags and .reserved must be 0");
	if (o.max_groups > MAX_MAX_GROUPS)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "aim_trail_stats_options.max_groups is more than %u", MAX_MAX_GROUPS);
	*out_max = o.max_groups ? o.max_groups : DEFAULT_MAX_GROUPS;
	return AIM_OK;
}

aim_status aim_trail_stats_new(aim_ctx *ctx, const aim_trail_stats_options *options, aim_trail_stats **out,
                               aim_error *err)
{
	size_t max_groups = 0;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(options, &max_groups, err);
	if (rc != AIM_OK)
		return rc;
	aim_trail_stats *s = aim__alloc_zeroed(ctx, sizeof *s);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	s->ctx = aim__ctx_ref(ctx);
	s->max_groups = max_groups;
	aim__buf_init(&s->key, ctx);
	for (size_t i = 0; i < AIM_TRAIL_N_GROUPINGS; i++)
		aim__map_init(&s->groupings[i].index, ctx, 0);
	*out = s;
	return AIM_OK;
}

static void group_free(const aim_ctx *ctx, group *g)
{
	if (!g)
		return;
	aim__free(ctx, g->latency, sizeof *g->latency);
	aim__free(ctx, g, sizeof *g + g->key_len);
}

void aim_trail_stats_free(aim_trail_stats *s)
{
	if (!s)
		return;
	aim_ctx *ctx = s->ctx;
	for (size_t i = 0; i < AIM_TRAIL_N_GROUPINGS; i++) {
		grouping *by = &s->groupings[i];
		for (size_t k = 0; k < by->n; k++)
			group_free(ctx, by->groups[k]);
		group_free(ctx, by->rest);
		aim__free(ctx, by->groups, by->cap * sizeof(group *));
		aim__map_dispose(&by->index);
	}
	aim__buf_dispose(&s->key);
	aim__free(ctx, s, sizeof *s);
	aim__ctx_unref(ctx);
}

/* ---- finding the group ---- */

static aim_status write_key(aim_trail_stats *s, const sample *x)
{
	uint64_t server_len = x->server.len;
	aim__buf_truncate(&s->key, 0);
	aim_status rc = aim__buf_add(&s->key, &server_len, sizeof server_len);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&s->key, x->server);
	return rc == AIM_OK ? aim__buf_add_str(&s->key, x->name) : rc;
}

static group *group_new(const aim_trail_stats *s, const sample *x, aim_bytes key)
{
	group *g = aim__alloc_zeroed(s->ctx, sizeof *g + key.len);
	if (!g)
		return NULL;
	g->server_len = x->server.len;
	g->name_len = x->name.len;
	g->key_len = key.len;
	if (key.len)
		memcpy(g->key, key.ptr, key.len);
	return g;
}

static aim_status add_group(aim_trail_stats *s, grouping *by, const sample *x, group **out)
{
	void *groups = by->groups;
	aim_status rc = aim__grow(s->ctx, &groups, &by->cap, by->n + 1, sizeof(group *), 16, 0);
	by->groups = groups;
	if (rc != AIM_OK)
		return rc;
	group *g = group_new(s, x, aim_buf_bytes(&s->key));
	if (!g)
		return AIM_E_NOMEM;
	rc = aim__map_add(&by->index, aim_bytes_from(g->key, g->key_len), by->n);
	if (rc != AIM_OK) {
		group_free(s->ctx, g);
		return rc;
	}
	by->groups[by->n++] = g;
	*out = g;
	return AIM_OK;
}

static aim_status find_group(aim_trail_stats *s, grouping *by, const sample *x, group **out)
{
	aim_status rc = write_key(s, x);
	if (rc != AIM_OK)
		return rc;
	const uintptr_t *found = aim__map_find(&by->index, aim_buf_bytes(&s->key));
	if (found) {
		*out = by->groups[*found];
		return AIM_OK;
	}
	if (by->n < s->max_groups)
		return add_group(s, by, x, out);
	if (!by->rest)
		by->rest = group_new(s, &(sample){.time_us = 0}, (aim_bytes){NULL, 0});
	*out = by->rest;
	return by->rest ? AIM_OK : AIM_E_NOMEM;
}

/* Everything that can fail comes first, so that a record counts everywhere or nowhere. */
static aim_status prepare(aim_trail_stats *s, uint32_t grouping_number, const sample *x, group **out)
{
	aim_status rc = find_group(s, &s->groupings[grouping_number], x, out);
	if (rc != AIM_OK || x->latency_us < 0 || (*out)->latency)
		return rc;
	(*out)->latency = aim__alloc_zeroed(s->ctx, sizeof *(*out)->latency);
	return (*out)->latency ? AIM_OK : AIM_E_NOMEM;
}

/* ---- counting ---- */

static void count(group *g, const sample *x)
{
	g->n_records++;
	g->n_allowed += (uint64_t)x->allowed;
	g->n_denied += (uint64_t)x->denied;
	g->n_asked += (uint64_t)x->asked;
	g->n_results += (uint64_t)x->is_result;
	g->n_succeeded += (uint64_t)x->succeeded;
	if (x->time_us > g->last_us)
		g->last_us = x->time_us;
	if (x->latency_us >= 0)
		aim__sketch_add(g->latency, x->latency_us);
}

static void count_totals(aim_trail_totals *t, const sample *x)
{
	if (t->n_records == 0 || x->time_us < t->first_us)
		t->first_us = x->time_us;
	if (x->time_us > t->last_us)
		t->last_us = x->time_us;
	t->n_records++;
	t->n_allowed += (uint64_t)x->allowed;
	t->n_denied += (uint64_t)x->denied;
	t->n_asked += (uint64_t)x->asked;
	t->n_results += (uint64_t)x->is_result;
	t->n_succeeded += (uint64_t)x->succeeded;
}

static int text_is(const aim_trail_record *r, uint32_t text, const char *value)
{
	return aim_str_equal(aim_trail_record_text(r, text), aim_str_from(value));
}

/* The guard writes data.latency_us and data.success into a tool_result. */
static void read_result(const aim_trail_record *r, sample *x)
{
	const aim_json *doc = &r->doc;
	aim_json_value data = aim__json_member_text(doc, AIM_JSON_ROOT, "data");
	int32_t success = 0;
	(void)aim_json_bool(doc, aim__json_member_text(doc, data, "success"), &success);
	if (aim_json_int64(doc, aim__json_member_text(doc, data, "latency_us"), &x->latency_us) != AIM_OK ||
	    x->latency_us < 0)
		x->latency_us = -1;
	x->is_result = 1;
	x->succeeded = success;
}

aim_status aim_trail_stats_add(void *stats, const aim_trail_record *record)
{
	aim_trail_stats *s = stats;
	group *by_tool = NULL, *by_server = NULL, *by_agent = NULL;
	aim_status rc = AIM_OK;
	if (!s || !record)
		return AIM__MISUSE(s ? s->ctx : NULL, "stats and record are required");
	sample x = {.time_us = aim_trail_record_time_us(record), .latency_us = -1};
	x.allowed = text_is(record, AIM_TRAIL_DECISION, "allow");
	x.denied = text_is(record, AIM_TRAIL_DECISION, "deny");
	x.asked = text_is(record, AIM_TRAIL_DECISION, "ask");
	if (text_is(record, AIM_TRAIL_KIND, "tool_result"))
		read_result(record, &x);
	if (x.is_result || text_is(record, AIM_TRAIL_KIND, "tool_call")) {
		x.server = aim_trail_record_text(record, AIM_TRAIL_SUBJECT);
		rc = prepare(s, AIM_TRAIL_BY_SERVER, &x, &by_server);
		x.name = aim_trail_record_text(record, AIM_TRAIL_ACTION);
		if (rc == AIM_OK)
			rc = prepare(s, AIM_TRAIL_BY_TOOL, &x, &by_tool);
	}
	x.server = (aim_str){NULL, 0};
	x.name = aim_trail_record_text(record, AIM_TRAIL_AGENT);
	if (rc == AIM_OK && x.name.ptr)
		rc = prepare(s, AIM_TRAIL_BY_AGENT, &x, &by_agent);
	if (rc != AIM_OK)
		return rc;
	group *const groups[] = {by_tool, by_server, by_agent};
	for (size_t i = 0; i < 3; i++)
		if (groups[i])
			count(groups[i], &x);
	count_totals(&s->totals, &x);
	return AIM_OK;
}

aim_status aim_trail_stats_collect(aim_trail_stats *stats, aim_audit *log, const aim_trail_filter *filter,
                                   uint64_t *position, aim_error *err)
{
	aim_trail_query q = {.struct_size = sizeof q, .limit = UINT64_MAX, .filter = filter};
	aim_status rc;
	if (!stats || !log)
		return AIM__MISUSE(log ? log->ctx : NULL, "stats and log are required");
	if (position)
		rc = aim_trail_follow(log, position, filter, 0, aim_trail_stats_add, stats, err);
	else
		rc = aim_trail_read(log, &q, aim_trail_stats_add, stats, NULL, err);
	if (rc == AIM_E_NOMEM)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return rc;
}

/* ---- results ---- */

aim_status aim_trail_stats_totals(const aim_trail_stats *stats, aim_trail_totals *out)
{
	if (!stats || !out)
		return AIM__MISUSE(stats ? stats->ctx : NULL, "stats and out are required");
	aim_trail_totals totals = stats->totals;
	totals.struct_size = sizeof totals;
	return aim__sized_out(out, &totals, sizeof totals, sizeof totals);
}

size_t aim_trail_stats_count(const aim_trail_stats *stats, uint32_t grouping_number)
{
	if (!stats || grouping_number >= AIM_TRAIL_N_GROUPINGS)
		return 0;
	const grouping *by = &stats->groupings[grouping_number];
	return by->n + (by->rest && by->rest->n_records ? 1 : 0);
}

static void show_group(const group *g, aim_trail_group *out)
{
	const char *text = (const char *)g->key + sizeof(uint64_t);
	out->n_records = g->n_records;
	out->n_allowed = g->n_allowed;
	out->n_denied = g->n_denied;
	out->n_asked = g->n_asked;
	out->n_results = g->n_results;
	out->n_succeeded = g->n_succeeded;
	out->success_micro = -1;
	if (g->n_results)
		out->success_micro = (int64_t)(g->n_succeeded * 1000000u / g->n_results);
	out->latency_mean_us = g->latency ? aim__sketch_mean(g->latency) : -1;
	out->latency_p95_us = g->latency ? aim__sketch_percentile(g->latency, PERCENTILE) : -1;
	out->latency_max_us = g->latency ? g->latency->max : -1;
	out->last_us = g->last_us;
	if (g->server_len)
		out->server = (aim_str){text, g->server_len};
	if (g->name_len)
		out->name = (aim_str){text + g->server_len, g->name_len};
}

aim_status aim_trail_stats_group(const aim_trail_stats *stats, uint32_t grouping_number, size_t index,
                                 aim_trail_group *out)
{
	aim_trail_group row = {.struct_size = sizeof row};
	if (!stats || !out || grouping_number >= AIM_TRAIL_N_GROUPINGS)
		return AIM__MISUSE(stats ? stats->ctx : NULL, "stats, a grouping and out are required");
	const grouping *by = &stats->groupings[grouping_number];
	if (index >= aim_trail_stats_count(stats, grouping_number))
		return AIM_E_NOT_FOUND;
	if (index == by->n)
		row.flags = AIM_TRAIL_REST;
	show_group(index < by->n ? by->groups[index] : by->rest, &row);
	return aim__sized_out(out, &row, sizeof row, sizeof row);
}
