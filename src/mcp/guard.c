/* mcp/guard.c — the public face of the guard: options, feeding, output, end. Layer mcp. What happens to a
 * line is decided in flow.c. */
#include "mcp/guard.h"

#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "identity/registry.h"
#include "mcp/inspect.h"

#include <string.h>

#define MALFORMED_PER_MINUTE 20u
#define FIRST_SIZE offsetof(aim_guard_options, flow) /* destroy is the last of it */

AIM__NO_PADDING(aim_guard_options, 4 * 4 + 3 * sizeof(void *) + 5 * sizeof(aim_str) + 9 * sizeof(void *) + 2 * 4);
AIM__NO_PADDING(aim_guard_event, 6 * 4 + 11 * sizeof(aim_str));
AIM__NO_PADDING(aim_guard_counters, 2 * 4 + 9 * 8);

static int is_side(uint32_t side)
{
	return side == AIM_GUARD_CLIENT || side == AIM_GUARD_SERVER;
}

/* --- making and freeing ---------------------------------------------------------------------------------- */

static aim_str *const_names(aim_guard_options *o, size_t index)
{
	aim_str *names[] = {&o->agent, &o->agent_name, &o->server, &o->server_name, &o->session};
	return index < sizeof names / sizeof *names ? names[index] : NULL;
}

/* The options' names move into memory of the guard's own. */
static aim_status copy_names(aim_guard *guard)
{
	aim_guard_options *o = &guard->options;
	if (o->agent_name.len == 0)
		o->agent_name = o->agent;
	if (o->server_name.len == 0)
		o->server_name = o->server;
	for (size_t i = 0; const_names(o, i); i++)
		guard->names_size += const_names(o, i)->len;
	if (guard->names_size == 0)
		return AIM_OK;
	guard->names = aim__alloc(guard->ctx, guard->names_size);
	if (!guard->names)
		return AIM_E_NOMEM;
	uint8_t *at = guard->names;
	for (size_t i = 0; const_names(o, i); i++) {
		aim_str *name = const_names(o, i);
		if (name->len)
			memcpy(at, name->ptr, name->len);
		name->ptr = name->len ? (const char *)at : NULL;
		at += name->len;
	}
	return AIM_OK;
}

static aim_status check_options(const aim_guard_options *o, aim_error *err)
{
	if (o->flags & ~(AIM_GUARD_MONITOR | AIM_GUARD_ALLOW_UNKNOWN | AIM_GUARD_LEARN | AIM_GUARD_LINK |
	                 AIM_GUARD_MARK | AIM_GUARD_KEEP_APPROVALS))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_MCP, "aim_guard_options.flags has an unknown bit");
	if (o->preset > AIM_GUARD_LOCKED)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_guard_options.preset is %u; expected 0 to 2",
		                 o->preset);
	if (o->response_policy > AIM_GUARD_RESPONSES_BLOCK || o->reserved)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP,
		                 "aim_guard_options.response_policy is %u; expected 0 to 3, and reserved 0", o->response_policy);
	if (o->flow && !o->labels)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "a guard with a flow needs labels");
	if (o->flags & (AIM_GUARD_LEARN | AIM_GUARD_LINK) && (!o->registry || o->agent.len == 0))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "a guard that learns or links needs a registry and an agent");
	if (o->flags & AIM_GUARD_KEEP_APPROVALS && (!o->registry || o->agent.len == 0 || o->approve))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP,
		                 "a guard that keeps approvals needs a registry and an agent, and asks no other approver");
	if (o->drift && !o->registry)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "a guard with drift checks needs their registry");
	if (o->registry && o->server.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "a guard with a registry needs the server's id");
	return AIM_OK;
}

static void init_side(aim__side *side, aim_ctx *ctx)
{
	aim__line_reader_init(&side->reader, ctx, (size_t)ctx->limits.max_message_bytes);
	aim__queue_init(&side->output, ctx, (size_t)ctx->limits.max_buffer_bytes);
	aim__requests_init(&side->sent, ctx, ctx->limits.max_open_requests);
}

static void dispose_side(aim__side *side)
{
	aim__line_reader_dispose(&side->reader);
	aim__queue_dispose(&side->output);
	aim__requests_dispose(&side->sent);
}

static void init(aim_guard *guard)
{
	init_side(&guard->sides[0], guard->ctx);
	init_side(&guard->sides[1], guard->ctx);
	aim__json_init(&guard->doc, guard->ctx);
	aim__json_init(&guard->nothing, guard->ctx);
	guard->trust_micro = AIM_DECISION_NO_TRUST;
	aim__surface_init(&guard->surface, guard->ctx);
	aim__entries_init(&guard->entries, guard->ctx);
	aim__buf_init(&guard->arguments, guard->ctx);
	aim__buf_init(&guard->scratch, guard->ctx);
	if (guard->options.malformed_per_minute == 0)
		guard->options.malformed_per_minute = MALFORMED_PER_MINUTE;
	if (guard->options.audit)
		guard->options.audit = aim__audit_ref(guard->options.audit);
	if (guard->options.registry)
		guard->options.registry = aim__registry_ref(guard->options.registry);
}

/* The host's drift checks, or the guard's own with the rules that hold by default. */
static aim_status open_drift(aim_guard *guard, aim_error *err)
{
	aim_drift_options o = {.struct_size = sizeof o, .scan = aim__inspect_grave, .user = guard};
	guard->surface.drift = guard->options.drift;
	if (guard->options.drift)
		return AIM_OK;
	aim_status rc = aim_drift_open(guard->options.registry, &o, &guard->drift, err);
	guard->surface.drift = guard->drift;
	return rc;
}

/* What decisions need: ids that are told apart, the connection's name, an object without members. */
static aim_status prepare(aim_guard *guard)
{
	static const char empty[] = "{}";
	uint8_t high[8];
	aim_status rc = copy_names(guard);
	if (rc == AIM_OK)
		rc = aim__ctx_random(guard->ctx, &guard->id_high, sizeof guard->id_high);
	if (rc == AIM_OK)
		rc = aim__ctx_random(guard->ctx, &guard->id_low, sizeof guard->id_low);
	if (rc == AIM_OK)
		rc = aim_json_parse(&guard->nothing, aim_bytes_from(empty, sizeof empty - 1), AIM_JSON_BORROW, NULL);
	for (size_t i = 0; i < sizeof high; i++)
		high[i] = (uint8_t)(guard->id_high >> (56 - 8 * i));
	aim__hex_write(aim_bytes_from(high, sizeof high), guard->connection);
	return rc;
}

/* What can fail. Everything is in a state that aim_guard_free() understands. */
static aim_status open_guard(aim_guard *guard, aim_error *err)
{
	aim_status rc = prepare(guard);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	rc = aim_decision_new(guard->ctx, &guard->decision, err);
	if (rc == AIM_OK && guard->options.registry)
		rc = aim__surface_open(&guard->surface, guard->options.registry, guard->options.server, err);
	if (rc == AIM_OK && guard->options.registry)
		rc = open_drift(guard, err);
	if (rc == AIM_OK)
		rc = aim__learn_open(guard, err);
	if (rc == AIM_OK)
		rc = aim__subjects_refresh(guard, 1, err);
	return rc == AIM_OK ? aim__record_session(guard, "open", err) : rc;
}

static aim_status make(aim_ctx *ctx, const aim_guard_options *options, aim_guard **out, aim_error *err)
{
	aim_guard_options known = {.struct_size = sizeof known};
	aim_status rc = aim__sized_in(&known, sizeof known, options, FIRST_SIZE, "aim_guard_options", err);
	if (rc == AIM_OK)
		rc = check_options(&known, err);
	if (rc != AIM_OK)
		return rc;
	aim_guard *guard = aim__alloc_zeroed(ctx, sizeof *guard);
	if (!guard)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_MCP);
	guard->ctx = aim__ctx_ref(ctx);
	guard->options = known;
	guard->options.destroy = NULL; /* not ours before success */
	init(guard);
	rc = open_guard(guard, err);
	if (rc != AIM_OK) {
		aim_guard_free(guard);
		return rc;
	}
	guard->options.destroy = known.destroy;
	*out = guard;
	return AIM_OK;
}

aim_status aim_guard_new(aim_ctx *ctx, const aim_guard_options *options, aim_guard **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = make(ctx, options, out, err);
	if (rc != AIM_OK && options && options->struct_size >= FIRST_SIZE && options->destroy)
		options->destroy(options->user);
	return rc;
}

void aim_guard_free(aim_guard *guard)
{
	if (!guard)
		return;
	aim_ctx *ctx = guard->ctx;
	if (guard->options.destroy)
		guard->options.destroy(guard->options.user);
	dispose_side(&guard->sides[0]);
	dispose_side(&guard->sides[1]);
	aim__json_dispose(&guard->doc);
	aim__json_dispose(&guard->nothing);
	aim__tally_dispose(&guard->tally);
	aim__surface_dispose(&guard->surface);
	aim_drift_free(guard->drift);
	aim_response_free(guard->response);
	aim__inspect_dispose(guard);
	aim__entries_dispose(&guard->entries, ctx);
	aim_decision_free(guard->decision);
	aim__buf_dispose(&guard->arguments);
	aim__buf_dispose(&guard->scratch);
	aim__subjects_forget(guard);
	aim__free(ctx, guard->cuts, guard->cap_cuts * sizeof *guard->cuts);
	aim__free(ctx, guard->names, guard->names_size);
	if (guard->options.audit)
		aim__audit_unref(guard->options.audit);
	if (guard->options.registry)
		aim__registry_unref(guard->options.registry);
	aim__free(ctx, guard, sizeof *guard);
	aim__ctx_unref(ctx);
}

/* --- bytes in --------------------------------------------------------------------------------------------- */

/* Room for the other side is what counts. A side that lets its own answers pile up is made to wait too,
 * but only far above what forwarding alone can pile up, or two full pipes could wait for each other. */
int32_t aim_guard_wants(const aim_guard *guard, uint32_t from)
{
	if (!guard || !is_side(from))
		return 0;
	const aim__side *own = &guard->sides[from == AIM_GUARD_SERVER];
	const aim__side *other = &guard->sides[from != AIM_GUARD_SERVER];
	size_t answers_high = 2 * AIM__OUTPUT_HIGH + (size_t)guard->ctx->limits.max_message_bytes;
	return !own->ended && aim__queue_len(&other->output) < AIM__OUTPUT_HIGH &&
	       aim__queue_len(&own->output) < answers_high;
}

static aim_status feed(aim_guard *guard, uint32_t from, aim_bytes bytes, size_t *out_used, aim_error *err)
{
	aim__side *side = aim__guard_side(guard, from);
	while (*out_used < bytes.len && aim_guard_wants(guard, from)) {
		aim_bytes rest = {bytes.ptr + *out_used, bytes.len - *out_used};
		aim__line line;
		size_t used = 0;
		aim_status rc = aim__line_next(&side->reader, rest, &used, &line);
		*out_used += used;
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_MCP);
		if (line.complete)
			rc = aim__flow_line(guard, from, &line, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

aim_status aim_guard_feed(aim_guard *guard, uint32_t from, aim_bytes bytes, size_t *out_used, aim_error *err)
{
	if (out_used)
		*out_used = 0;
	if (!guard || !out_used || !is_side(from) || (!bytes.ptr && bytes.len))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard, a side, bytes and out_used are required");
	if (aim__guard_side(guard, from)->ended)
		return aim__fail_plain(err, AIM_E_MCP_CLOSED, AIM_LAYER_MCP);
	return feed(guard, from, bytes, out_used, err);
}

aim_status aim_guard_end(aim_guard *guard, uint32_t from, aim_error *err)
{
	if (!guard || !is_side(from))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and a side are required");
	aim__side *side = aim__guard_side(guard, from);
	aim__line line;
	if (side->ended)
		return aim__fail_plain(err, AIM_E_MCP_CLOSED, AIM_LAYER_MCP);
	aim__line_last(&side->reader, &line);
	aim_status rc = line.complete ? aim__flow_line(guard, from, &line, err) : AIM_OK;
	side->ended = 1;
	aim_status end = aim__flow_end(guard, from, rc == AIM_OK ? err : NULL);
	if (!aim__guard_side(guard, aim__other(from))->ended)
		return rc == AIM_OK ? end : rc;
	(void)aim__lists_settle(guard, NULL);
	aim__learn_settle(guard);
	aim__record_suppressed(guard);
	aim_status close = aim__record_session(guard, "close", NULL);
	return rc != AIM_OK ? rc : (end != AIM_OK ? end : close);
}

/* --- bytes out ---------------------------------------------------------------------------------------------- */

aim_bytes aim_guard_output(const aim_guard *guard, uint32_t to)
{
	aim_bytes none = {NULL, 0};
	if (!guard || !is_side(to))
		return none;
	return aim__queue_bytes(&guard->sides[to == AIM_GUARD_SERVER].output);
}

aim_status aim_guard_consume(aim_guard *guard, uint32_t to, size_t n)
{
	if (!guard || !is_side(to))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and a side are required");
	aim__queue *queue = &aim__guard_side(guard, to)->output;
	if (n > aim__queue_len(queue))
		return AIM__MISUSE(guard->ctx, "more consumed than there is");
	aim__queue_consume(queue, n);
	return AIM_OK;
}

aim_status aim_guard_count(const aim_guard *guard, aim_guard_counters *out)
{
	if (!guard || !out)
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and out are required");
	aim_guard_counters now = guard->counters;
	now.n_open = (uint32_t)(aim__requests_count(&guard->sides[0].sent) + aim__requests_count(&guard->sides[1].sent));
	now.n_tools = guard->surface.n_tools;
	now.n_drifted = aim__surface_drifted(&guard->surface);
	return aim__sized_out(out, &now, sizeof now, sizeof now);
}
