/* identity/usage.c — counting calls, and what was counted. Layer identity; what a call was allowed to do is no
 * question here. */
#include "identity/usage.h"

#include "audit/trail_sketch.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/pattern.h"
#include "identity/subject.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_usage_call, 16 + 6 * P);
AIM__NO_PADDING(aim_usage, 8 + 12 * 8 + 4 * P);
#undef P

#define BY_CAPABILITY "usage/"
#define TOTAL "usage-total/"
#define MAX_COUNT UINT64_C(9007199254740991) /* RFC 7493 §2.2 */

typedef struct stored_usage {
	aim_str subject, capability, name_space;
	uint64_t n_successes, n_failures, n_unreported;
	uint64_t sum_us, max_us;
	uint64_t n_capabilities; /* of a server's total: rows that there are */
	int64_t first_us, last_us;
	aim_bytes latency; /* pairs of a counter of the sketch and its count, in one array */
} stored_usage;

#define FIELD(name, member, type, required) {name, offsetof(stored_usage, member), type, required, NULL}
static const aim__field usage_fields[] = {
	FIELD("subject", subject, AIM__FIELD_TEXT, 1),
	FIELD("capability", capability, AIM__FIELD_TEXT, 0),
	FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	FIELD("successes", n_successes, AIM__FIELD_UINT, 0),
	FIELD("failures", n_failures, AIM__FIELD_UINT, 0),
	FIELD("unreported", n_unreported, AIM__FIELD_UINT, 0),
	FIELD("sum_us", sum_us, AIM__FIELD_UINT, 0),
	FIELD("max_us", max_us, AIM__FIELD_UINT, 0),
	FIELD("capabilities", n_capabilities, AIM__FIELD_UINT, 0),
	FIELD("first_at", first_us, AIM__FIELD_TIME_US, 1),
	FIELD("last_at", last_us, AIM__FIELD_TIME_US, 1),
	FIELD("latency", latency, AIM__FIELD_JSON, 0),
};
#undef FIELD
static const aim__fields usage_table = {usage_fields, sizeof usage_fields / sizeof *usage_fields};

/* A row that was read; its text lives in the arena. On the heap: the sketch is some kilobytes. */
typedef struct usage_row {
	aim__record record;
	aim__arena arena;
	aim_buf key, text;
	aim_json doc; /* of latency */
	stored_usage usage;
	aim__sketch sketch;
} usage_row;

static usage_row *row_new(aim_registry *registry)
{
	usage_row *row = aim__alloc_zeroed(registry->ctx, sizeof *row);
	if (!row)
		return NULL;
	aim__record_init(&row->record, registry);
	aim__arena_init(&row->arena, registry->ctx, 512, 0);
	aim__buf_init(&row->key, registry->ctx);
	aim__buf_init(&row->text, registry->ctx);
	aim__json_init(&row->doc, registry->ctx);
	return row;
}

static void row_free(usage_row *row)
{
	if (!row)
		return;
	aim_ctx *ctx = row->record.registry->ctx;
	aim__json_dispose(&row->doc);
	aim__buf_dispose(&row->text);
	aim__buf_dispose(&row->key);
	aim__arena_dispose(&row->arena);
	aim__record_dispose(&row->record);
	aim__free(ctx, row, sizeof *row);
}

/* ---- the sketch as an array ---- */

static aim_status write_latency(usage_row *row, aim_error *err)
{
	aim__json_writer w;
	aim_buf_clear(&row->text);
	aim__write_init(&w, &row->text);
	aim__write_begin_array(&w);
	for (size_t i = 0; i < AIM__SKETCH_COUNTERS; i++) {
		if (row->sketch.counters[i] == 0)
			continue;
		aim__write_uint64(&w, i);
		aim__write_uint64(&w, row->sketch.counters[i]);
	}
	aim__write_end_array(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	row->usage.latency = aim_buf_bytes(&row->text);
	return AIM_OK;
}

/* 1 when all of the array is counters with counts. */
static int read_counters(usage_row *row)
{
	aim_json_value v = aim_json_first(&row->doc, AIM_JSON_ROOT);
	while (v != AIM_JSON_NONE) {
		int64_t counter, count;
		if (aim_json_int64(&row->doc, v, &counter) != AIM_OK || counter < 0 ||
		    counter >= (int64_t)AIM__SKETCH_COUNTERS)
			return 0;
		v = aim_json_next(&row->doc, v);
		if (v == AIM_JSON_NONE || aim_json_int64(&row->doc, v, &count) != AIM_OK || count < 1)
			return 0;
		row->sketch.counters[counter] = (uint64_t)count;
		row->sketch.n += (uint64_t)count;
		v = aim_json_next(&row->doc, v);
	}
	return 1;
}

static aim_status read_latency(usage_row *row, aim_bytes key, aim_error *err)
{
	memset(&row->sketch, 0, sizeof row->sketch);
	if (row->usage.latency.len == 0)
		return AIM_OK;
	aim_status rc = aim_json_parse(&row->doc, row->usage.latency, AIM_JSON_BORROW, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK || aim_json_type(&row->doc, AIM_JSON_ROOT) != AIM_JSON_ARRAY || !read_counters(row))
		return aim__record_corrupt(key, "latency", err);
	row->sketch.sum = row->usage.sum_us;
	row->sketch.max = row->usage.max_us < (uint64_t)AIM__SKETCH_MAX ? (int64_t)row->usage.max_us : AIM__SKETCH_MAX;
	return AIM_OK;
}

/* ---- rows ---- */

static aim_status parse_row(usage_row *row, aim_bytes key, aim_error *err)
{
	aim__arena_reset(&row->arena);
	memset(&row->usage, 0, sizeof row->usage);
	aim_status rc = aim__record_read(&row->record, key, &usage_table, &row->arena, &row->usage, err);
	return rc == AIM_OK ? read_latency(row, key, err) : rc;
}

/* Reads the row of a key; one that is not there is all zero, with version 0. */
static aim_status load_row(usage_row *row, const char *prefix, const aim_str *parts, size_t n_parts, aim_error *err)
{
	aim_status rc = aim__record_key(&row->key, prefix, parts, n_parts, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&row->record, aim_buf_bytes(&row->key), err);
	if (rc == AIM_OK)
		return parse_row(row, aim_buf_bytes(&row->key), err);
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	memset(&row->usage, 0, sizeof row->usage);
	memset(&row->sketch, 0, sizeof row->sketch);
	row->record.version = 0;
	return AIM_OK;
}

static void count_one(usage_row *row, const aim__usage_outcome *call)
{
	stored_usage *u = &row->usage;
	uint64_t *counts[] = {[AIM_USAGE_SUCCESS] = &u->n_successes, [AIM_USAGE_FAILURE] = &u->n_failures,
	                      [AIM_USAGE_UNREPORTED] = &u->n_unreported};
	*counts[call->outcome] += *counts[call->outcome] < MAX_COUNT;
	if (u->first_us == 0)
		u->first_us = call->time_us;
	if (call->time_us > u->last_us)
		u->last_us = call->time_us;
	if (call->latency_us < 0 || row->sketch.n == MAX_COUNT)
		return;
	aim__sketch_add(&row->sketch, call->latency_us);
	u->sum_us = row->sketch.sum < MAX_COUNT ? row->sketch.sum : MAX_COUNT;
	u->max_us = (uint64_t)row->sketch.max;
}

static void count_calls(usage_row *row, const aim__usage_many *many)
{
	for (size_t i = 0; i < many->n; i++)
		count_one(row, &many->outcomes[i]);
}

static aim_status put_row(usage_row *row, aim__batch *batch, const char *prefix, const aim_str *parts, size_t n_parts,
                          aim_error *err)
{
	aim_status rc = row->sketch.n ? write_latency(row, err) : AIM_OK;
	if (rc != AIM_OK)
		return rc;
	return aim__batch_add(batch, row->record.version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT,
	                      row->record.version, prefix, parts, n_parts, &usage_table, &row->usage, err);
}

static aim_status count_capability(usage_row *row, aim__batch *batch, const aim__usage_many *many, aim_error *err)
{
	aim_str parts[3] = {aim_registry_name_space(batch->registry), many->server, many->capability};
	aim_status rc = load_row(row, BY_CAPABILITY, parts, 3, err);
	if (rc != AIM_OK)
		return rc;
	row->usage.name_space = parts[0];
	row->usage.subject = parts[1];
	row->usage.capability = parts[2];
	count_calls(row, many);
	return put_row(row, batch, BY_CAPABILITY, parts, 3, err);
}

/* *io_new: 1 when the call is to be the first of a new row; 0 when there is no room for one. */
static aim_status count_total(usage_row *row, aim__batch *batch, aim_str subject, const aim__usage_many *many,
                              int *io_new, aim_error *err)
{
	aim_str parts[2] = {aim_registry_name_space(batch->registry), subject};
	aim_status rc = load_row(row, TOTAL, parts, 2, err);
	if (rc != AIM_OK)
		return rc;
	row->usage.name_space = parts[0];
	row->usage.subject = subject;
	*io_new = *io_new && row->usage.n_capabilities < AIM_USAGE_MAX_CAPABILITIES;
	if (*io_new)
		row->usage.n_capabilities++;
	count_calls(row, many);
	return put_row(row, batch, TOTAL, parts, 2, err);
}

/* The total is written in the same batch, under the version that was read: a row is new for one of two who see it
 * missing. */
static aim_status count_server(usage_row *row, aim__batch *batch, const aim__usage_many *many, aim_error *err)
{
	aim__usage_many known = *many;
	aim_str parts[3] = {aim_registry_name_space(batch->registry), many->server, many->capability};
	aim_status rc = load_row(row, BY_CAPABILITY, parts, 3, err);
	int missing = rc == AIM_OK && row->record.version == 0;
	int fits = missing;
	if (rc == AIM_OK)
		rc = count_total(row, batch, many->server, many, &fits, err);
	if (missing && !fits)
		known.capability = aim_str_from(AIM_USAGE_OTHER);
	return rc == AIM_OK ? count_capability(row, batch, &known, err) : rc;
}

aim_status aim__usage_prepare_many(aim__batch *batch, const aim__usage_many *many, aim_error *err)
{
	int none = 0;
	usage_row *row = row_new(batch->registry);
	if (!row)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	aim_status rc = count_total(row, batch, many->agent, many, &none, err);
	if (rc == AIM_OK && many->server.len)
		rc = count_server(row, batch, many, err);
	row_free(row);
	return rc;
}

aim_status aim__usage_prepare(aim__batch *batch, const aim_usage_call *call, int64_t now_us, aim_error *err)
{
	aim__usage_outcome one = {call->outcome, 0, call->latency_us, now_us};
	aim__usage_many many = {call->agent, call->server, call->capability, &one, 1};
	return aim__usage_prepare_many(batch, &many, err);
}

/* ---- a call of the host's ---- */

/* Members in canonical order. */
static aim_status add_record(aim__batch *batch, const aim_usage_call *call, int64_t now_us, aim_error *err)
{
	static const char *const outcomes[] = {"", "success", "failure", "unreported"};
	aim__json_writer w;
	aim_audit_record *r = aim__batch_record(batch, "usage_recorded", call->server, now_us);
	r->agent = call->agent;
	r->action = call->capability;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	if (call->latency_us >= 0)
		aim__write_member_int64(&w, "latency_us", call->latency_us);
	aim__write_member_text(&w, "outcome", outcomes[call->outcome]);
	aim__write_end_object(&w);
	r->data = aim_buf_str(&batch->data);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status add_once(aim_registry *registry, const aim_usage_call *call, aim_error *err)
{
	aim__batch batch;
	int64_t now_us;
	aim_status rc = aim_ctx_now_us(registry->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__batch_init(&batch, registry);
	rc = aim__usage_prepare(&batch, call, now_us, err);
	if (rc == AIM_OK)
		rc = add_record(&batch, call, now_us, err);
	batch.records[0].data = aim_buf_str(&batch.data);
	aim__change change = {.ops = batch.ops, .n_ops = batch.n_ops, .records = batch.records, .n_records = 1};
	if (rc == AIM_OK) /* nothing that anybody remembers of the registry changes */
		rc = aim__audit_commit(registry->log, &change, err);
	aim__batch_dispose(&batch);
	return rc;
}

static aim_status check_call(const aim_ctx *ctx, const aim_usage_call *c, aim_error *err)
{
	if (c->outcome < AIM_USAGE_SUCCESS || c->outcome > AIM_USAGE_UNREPORTED || c->latency_us < -1 ||
	    c->latency_us > (int64_t)MAX_COUNT)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "a call has an outcome AIM_USAGE_* and a latency, or -1");
	if (c->server.len && (c->capability.len > ctx->limits.max_name_bytes || !aim__capability_valid(c->capability, 0)))
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY, "the capability of the call is none");
	return AIM_OK;
}

/* The id in its stored form, when there is such a subject. */
static aim_status resolve(aim_registry *registry, const aim__subject_kind *kind, aim_str id, char out[AIM__ID_SIZE],
                          aim_error *err)
{
	aim__subject *subject = NULL;
	aim_status rc = aim__subject_find(registry, kind, id, &subject, err);
	if (rc == AIM_OK)
		memcpy(out, subject->id.ptr, AIM__ID_SIZE);
	aim__subject_free(subject);
	return rc;
}

aim_status aim_usage_add(aim_registry *registry, const aim_usage_call *call, aim_error *err)
{
	aim_usage_call c = {.struct_size = sizeof c};
	char agent[AIM__ID_SIZE], server[AIM__ID_SIZE];
	if (!registry || !call)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and call are required");
	aim_status rc = aim__sized_in(&c, sizeof c, call, sizeof c, "aim_usage_call", err);
	if (rc == AIM_OK)
		rc = check_call(registry->ctx, &c, err);
	if (rc == AIM_OK)
		rc = resolve(registry, &aim__agent_kind, c.agent, agent, err);
	if (rc == AIM_OK && c.server.len)
		rc = resolve(registry, &aim__server_kind, c.server, server, err);
	if (rc != AIM_OK)
		return rc;
	c.agent = aim_str_from(agent);
	if (c.server.len)
		c.server = aim_str_from(server);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = add_once(registry, &c, err);
	return rc;
}

/* ---- reading ---- */

static void tell(const usage_row *row, aim_usage *out)
{
	const stored_usage *u = &row->usage;
	const aim__sketch *s = &row->sketch;
	out->n_calls = u->n_successes + u->n_failures + u->n_unreported;
	out->n_successes = u->n_successes;
	out->n_failures = u->n_failures;
	out->n_unreported = u->n_unreported;
	out->n_timed = s->n;
	out->sum_us = u->sum_us;
	out->max_us = s->n ? s->max : -1;
	out->mean_us = aim__sketch_mean(s);
	out->p50_us = aim__sketch_percentile(s, 50);
	out->p95_us = aim__sketch_percentile(s, 95);
	out->first_us = u->first_us;
	out->last_us = u->last_us;
	out->subject = u->subject;
	out->capability = u->capability;
}

aim_status aim_usage_total(aim_registry *registry, aim_str subject, aim_usage *out, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	char id[AIM__ID_SIZE];
	aim_usage usage = {.struct_size = sizeof usage};
	aim_str nothing = {NULL, 0};
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__subject_kind_needed(subject, &kind, err);
	if (rc == AIM_OK)
		rc = resolve(registry, kind, subject, id, err);
	if (rc != AIM_OK)
		return rc;
	usage_row *row = row_new(registry);
	if (!row)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	aim_str parts[2] = {aim_registry_name_space(registry), aim_str_from(id)};
	rc = load_row(row, TOTAL, parts, 2, err);
	if (rc == AIM_OK) {
		tell(row, &usage);
		usage.subject = usage.capability = nothing;
		rc = aim__sized_out(out, &usage, sizeof usage, sizeof usage);
	}
	row_free(row);
	return rc;
}

typedef struct listing {
	usage_row *row;
	aim_usage_visit visit;
	void *user;
	size_t left;
	int done;
} listing;

static aim_status visit_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	listing *l = user;
	aim_usage usage = {.struct_size = sizeof usage};
	(void)version;
	aim_status rc = aim__record_parse(&l->row->record, key, value, err);
	if (rc == AIM_OK)
		rc = parse_row(l->row, key, err);
	if (rc != AIM_OK)
		return rc;
	tell(l->row, &usage);
	rc = l->visit(l->user, &usage);
	l->done = rc == AIM_OK && --l->left == 0;
	return l->done ? AIM_E_SPACE : rc; /* any failure ends the walk */
}

static aim_status walk(listing *l, const char *server, aim_str after, aim_error *err)
{
	aim_registry *registry = l->row->record.registry;
	aim_buf behind;
	aim_str parts[3] = {aim_registry_name_space(registry), aim_str_from(server), {NULL, 0}};
	aim__buf_init(&behind, registry->ctx);
	aim_status rc = aim__record_key(&l->row->key, BY_CAPABILITY, parts, 3, err);
	parts[2] = after;
	if (rc == AIM_OK && after.len)
		rc = aim__record_key(&behind, BY_CAPABILITY, parts, 3, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&l->row->key), aim_buf_bytes(&behind), visit_row, l, err);
	aim__buf_dispose(&behind);
	return rc;
}

aim_status aim_usage_list(aim_registry *registry, aim_str server, aim_str after, size_t limit, aim_usage_visit visit,
                          void *user, aim_error *err)
{
	char id[AIM__ID_SIZE];
	listing l = {.visit = visit, .user = user, .left = limit ? limit : SIZE_MAX};
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim_status rc = resolve(registry, &aim__server_kind, server, id, err);
	if (rc != AIM_OK)
		return rc;
	l.row = row_new(registry);
	if (!l.row)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	rc = walk(&l, id, after, err);
	row_free(l.row);
	return rc == AIM_E_SPACE && l.done ? AIM_OK : rc;
}
