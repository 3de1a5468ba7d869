/* base/ctx.c — building the context. Layer base; the crypto provider comes in through a slot because
 * base may not know it. */
#include "base/ctx.h"

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"

#include <stddef.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_allocator, 8 + 5 * P);
AIM__NO_PADDING(aim_clock, 8 + 4 * P);
AIM__NO_PADDING(aim_random, 8 + 3 * P);
AIM__NO_PADDING(aim_log, 8 + 3 * P);
AIM__NO_PADDING(aim_limits, 8 + 4 * 8 + 6 * 4);
AIM__NO_PADDING(aim_matcher, 8 + 11 * P);
AIM__NO_PADDING(aim_ctx_options, 8 + 9 * P);
#undef P

static const aim_limits default_limits = {
	.struct_size = sizeof(aim_limits),
	.max_json_bytes = 16u << 20,
	.max_json_values = 1000000,
	.max_buffer_bytes = 64u << 20,
	.max_message_bytes = 4u << 20,
	.max_json_depth = 128,
	.max_open_requests = 1024,
	.max_tools = 10000,
	.max_rules = 200000,
	.max_queue_records = 4096,
	.max_name_bytes = 256,
};

/* Hard ceilings, whatever the caller asks: depth bounds recursion and index widths. */
#define CEILING_JSON_DEPTH 1024u
#define CEILING_JSON_BYTES (1u << 30)

static void limit64(uint64_t *value, uint64_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

static void limit32(uint32_t *value, uint32_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

static aim_status take_limits(aim_limits *out, const aim_limits *wanted, aim_error *err)
{
	const aim_limits *d = &default_limits;
	memset(out, 0, sizeof *out);
	aim_status rc = aim__sized_in(out, sizeof *out, wanted, sizeof *out, "aim_limits", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_BASE, "aim_limits.flags must be 0");
	out->struct_size = sizeof *out;
	limit64(&out->max_json_bytes, d->max_json_bytes);
	limit64(&out->max_json_values, d->max_json_values);
	limit64(&out->max_buffer_bytes, d->max_buffer_bytes);
	limit64(&out->max_message_bytes, d->max_message_bytes);
	limit32(&out->max_json_depth, d->max_json_depth);
	limit32(&out->max_open_requests, d->max_open_requests);
	limit32(&out->max_tools, d->max_tools);
	limit32(&out->max_rules, d->max_rules);
	limit32(&out->max_queue_records, d->max_queue_records);
	limit32(&out->max_name_bytes, d->max_name_bytes);
	if (out->max_json_depth > CEILING_JSON_DEPTH || out->max_json_bytes > CEILING_JSON_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_BASE,
		                 "limits ask for more than depth %u or %u bytes of JSON",
		                 CEILING_JSON_DEPTH, CEILING_JSON_BYTES);
	return AIM_OK;
}

static aim_status missing(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_BASE, "%s is required", what);
}

static aim_status take_allocator(aim_ctx *ctx, const aim_allocator *table, aim_error *err)
{
	ctx->allocator = aim__os_allocator;
	if (!table)
		return AIM_OK;
	memset(&ctx->allocator, 0, sizeof ctx->allocator);
	aim_status rc = aim__sized_table(&ctx->allocator, sizeof ctx->allocator, table,
	                                 sizeof(aim_allocator), "aim_allocator", err);
	if (rc == AIM_OK && (!table->alloc || !table->free))
		rc = missing("aim_allocator.alloc and .free", err);
	return rc;
}

static aim_status take_matcher(aim_ctx *ctx, const aim_matcher *table, aim_error *err)
{
	const aim_matcher *m = &ctx->matcher;
	aim_status rc = aim__sized_table(&ctx->matcher, sizeof ctx->matcher, table, sizeof(aim_matcher), "aim_matcher", err);
	if (rc != AIM_OK || !table)
		return rc;
	if (!m->name || !m->compile || !m->free_database || !m->new_scratch || !m->free_scratch)
		return missing("each of aim_matcher.name, .compile, .free_database, .new_scratch and .free_scratch", err);
	if (!m->scan && !m->locate)
		return missing("aim_matcher.scan or .locate", err);
	return !m->serialize == !m->deserialize ? AIM_OK : missing("both or none of aim_matcher.serialize and .deserialize", err);
}

static aim_status take_plugins(aim_ctx *ctx, const aim_ctx_options *o, aim_error *err)
{
	ctx->clock = aim__os_clock;
	ctx->random = aim__os_random;
	aim_status rc = aim__sized_table(&ctx->clock, sizeof ctx->clock, o->clock, sizeof(aim_clock),
	                                 "aim_clock", err);
	if (rc == AIM_OK)
		rc = aim__sized_table(&ctx->random, sizeof ctx->random, o->random, sizeof(aim_random),
		                      "aim_random", err);
	if (rc == AIM_OK)
		rc = aim__sized_table(&ctx->log, sizeof ctx->log, o->log, sizeof(aim_log), "aim_log", err);
	if (rc == AIM_OK)
		rc = take_matcher(ctx, o->matcher, err);
	if (rc != AIM_OK)
		return rc;
	if (!ctx->clock.now_us)
		return missing("aim_clock.now_us", err);
	if (!ctx->random.fill)
		return missing("aim_random.fill", err);
	if (o->log && !ctx->log.write)
		return missing("aim_log.write", err);
	return AIM_OK;
}

/* A table too small to hold destroy cannot be trusted to have one. */
#define RUN_DESTROY(table)                                                                         \
	do {                                                                                       \
		if ((table) && (table)->struct_size >= sizeof *(table) && (table)->destroy)        \
			(table)->destroy((table)->user);                                           \
	} while (0)

static void destroy_plugins(const aim_ctx_options *o)
{
	RUN_DESTROY(o->clock);
	RUN_DESTROY(o->random);
	RUN_DESTROY(o->log);
	RUN_DESTROY(o->matcher);
}

static aim_status build(aim_ctx *ctx, const aim_ctx_options *o, aim_error *err, int *crypto_taken)
{
	aim_status rc = take_plugins(ctx, o, err);
	if (rc == AIM_OK)
		rc = take_limits(&ctx->limits, o->limits, err);
	if (rc == AIM_OK && ctx->matcher.name && ctx->crypto_slot->test_matcher)
		rc = ctx->crypto_slot->test_matcher(ctx, err);
	if (rc == AIM_OK && aim__ctx_random(ctx, ctx->hash_key, sizeof ctx->hash_key) != AIM_OK)
		rc = aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_BASE);
	if (rc != AIM_OK)
		return rc;
	ctx->misuse = o->misuse;
	ctx->misuse_user = o->misuse_user;
	*crypto_taken = 1;
	return ctx->crypto_slot->open(ctx, o->crypto, &ctx->crypto, err);
}

/* The call fails: everything that was handed over is given back. The crypto layer runs its own destroy
 * once it saw the table. */
static void give_up(const aim_ctx_options *o, const aim__crypto_slot *slot, int crypto_taken)
{
	if (!crypto_taken)
		slot->discard(o->crypto);
	destroy_plugins(o);
	RUN_DESTROY(o->allocator);
}

static aim_status take_options(aim_ctx_options *o, const aim_ctx_options *options, aim_error *err)
{
	const size_t least = offsetof(aim_ctx_options, matcher);
	aim_status rc = aim__sized_in(o, sizeof *o, options, least, "aim_ctx_options", err);
	if (rc == AIM_E_VERSION) /* refused, but the plug-ins it names are ours to destroy */
		memcpy(o, options, sizeof *o);
	if (rc == AIM_OK && o->flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_BASE, "aim_ctx_options.flags must be 0");
	return rc;
}

static aim_status new_ctx(const aim_ctx_options *o, const aim__crypto_slot *slot, aim_ctx **out,
                          int *crypto_taken, aim_error *err)
{
	aim_ctx first = {.crypto_slot = slot};
	aim_status rc = take_allocator(&first, o->allocator, err);
	if (rc != AIM_OK)
		return rc;
	aim_ctx *ctx = aim__alloc_zeroed(&first, sizeof *ctx);
	if (!ctx)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_BASE);
	ctx->allocator = first.allocator;
	ctx->crypto_slot = slot;
	atomic_init(&ctx->references, 1);
	rc = build(ctx, o, err, crypto_taken);
	if (rc != AIM_OK) {
		aim__free(&first, ctx, sizeof *ctx);
		return rc;
	}
	*out = ctx;
	return AIM_OK;
}

aim_status aim__ctx_build(const aim_ctx_options *options, const aim__crypto_slot *slot, aim_ctx **out,
                          aim_error *err)
{
	aim_ctx_options o = {.struct_size = sizeof o};
	int crypto_taken = 0;
	aim_status rc = take_options(&o, options, err);
	if (rc == AIM_OK && !out)
		rc = missing("out", err);
	if (rc == AIM_OK)
		rc = new_ctx(&o, slot, out, &crypto_taken, err);
	if (rc != AIM_OK)
		give_up(&o, slot, crypto_taken);
	return rc;
}

aim_ctx *aim__ctx_ref(aim_ctx *ctx)
{
	atomic_fetch_add_explicit(&ctx->references, 1, memory_order_relaxed);
	return ctx;
}

void aim__ctx_unref(aim_ctx *ctx)
{
	if (!ctx || atomic_fetch_sub_explicit(&ctx->references, 1, memory_order_acq_rel) != 1)
		return;
	ctx->crypto_slot->close(ctx, ctx->crypto);
	aim_allocator allocator = ctx->allocator;
	aim_ctx_options plugins = {.clock = &ctx->clock, .random = &ctx->random, .log = &ctx->log,
	                           .matcher = &ctx->matcher};
	destroy_plugins(&plugins);
	aim__wipe(ctx, sizeof *ctx);
	allocator.free(allocator.user, ctx, sizeof *ctx);
	if (allocator.destroy)
		allocator.destroy(allocator.user);
}

void aim_ctx_free(aim_ctx *ctx)
{
	aim__ctx_unref(ctx);
}

aim_status aim_ctx_limits(const aim_ctx *ctx, aim_limits *out)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	return aim__sized_out(out, &ctx->limits, sizeof ctx->limits, sizeof(aim_limits));
}

aim_status aim_ctx_now_us(const aim_ctx *ctx, int64_t *out_us)
{
	if (!ctx || !out_us)
		return AIM__MISUSE(ctx, "ctx and out_us are required");
	int64_t now = 0;
	if (ctx->clock.now_us(ctx->clock.user, &now) != AIM_OK)
		return AIM_E_CLOCK;
	*out_us = now;
	return AIM_OK;
}

aim_status aim__ctx_random(const aim_ctx *ctx, void *out, size_t len)
{
	return ctx->random.fill(ctx->random.user, out, len) == AIM_OK ? AIM_OK : AIM_E_RANDOM;
}

int64_t aim__ctx_steady_us(const aim_ctx *ctx)
{
	int64_t now = 0;
	aim_status (*read)(void *, int64_t *) =
		ctx->clock.steady_us ? ctx->clock.steady_us : ctx->clock.now_us;
	return read(ctx->clock.user, &now) == AIM_OK ? now : 0;
}

void aim__ctx_log(const aim_ctx *ctx, uint32_t level, const char *format, ...)
{
	if (!ctx || !ctx->log.write || level < ctx->log.min_level)
		return;
	char text[256];
	va_list args;
	va_start(args, format);
	aim_str message = {text, aim__vformat(text, sizeof text, format, args)};
	va_end(args);
	ctx->log.write(ctx->log.user, level, message);
}

aim_status aim__misuse(const aim_ctx *ctx, const char *function, const char *what)
{
	if (ctx && ctx->misuse)
		ctx->misuse(ctx->misuse_user, function, what);
	return AIM_E_INVALID;
}
