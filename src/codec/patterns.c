/* codec/patterns.c — checking and compiling a set of patterns. Layer codec; knows engines by their table only. */
#include "codec/patterns.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_pattern, 16 + sizeof(aim_str));
AIM__NO_PADDING(aim_pattern_hit, 16 + 2 * 8);
AIM__NO_PADDING(aim_patterns_options, 6 * 4 + 4 * 8);
AIM__NO_PADDING(aim_matcher_limits, 8 + 3 * 8 + 2 * 4);
AIM__NO_PADDING(aim_matcher_fault, 8 + 2 * 8 + 256);

static const aim_patterns_options defaults = {
	.struct_size = sizeof defaults,
	.max_patterns = 10000,
	.max_pattern_bytes = 4096,
	.max_hits = 1024,
	.max_depth = 250000,
	.max_text_bytes = 4u << 20,
	.max_database_bytes = 64u << 20,
	.max_steps = 10000000,
	.max_heap_bytes = 8u << 20,
};

/* Hard ceilings: offsets of engines are 32 bits, indexes too. */
#define CEILING_PATTERNS 1000000u
#define CEILING_TEXT ((uint64_t)1 << 30)

static void limit32(uint32_t *value, uint32_t fallback)
{
	*value = *value ? *value : fallback;
}

static void limit64(uint64_t *value, uint64_t fallback)
{
	*value = *value ? *value : fallback;
}

static aim_status take_options(aim_patterns_options *o, const aim_patterns_options *options, aim_error *err)
{
	const aim_patterns_options *d = &defaults;
	memset(o, 0, sizeof *o);
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_patterns_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_CODEC, "aim_patterns_options.flags must be 0");
	limit32(&o->max_patterns, d->max_patterns);
	limit32(&o->max_pattern_bytes, d->max_pattern_bytes);
	limit32(&o->max_hits, d->max_hits);
	limit32(&o->max_depth, d->max_depth);
	limit64(&o->max_text_bytes, d->max_text_bytes);
	limit64(&o->max_database_bytes, d->max_database_bytes);
	limit64(&o->max_steps, d->max_steps);
	limit64(&o->max_heap_bytes, d->max_heap_bytes);
	if (o->max_patterns > CEILING_PATTERNS || o->max_hits > CEILING_PATTERNS || o->max_text_bytes > CEILING_TEXT)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CODEC,
		                 "aim_patterns_options ask for more than %u patterns or hits, or texts of more than 1 GiB",
		                 CEILING_PATTERNS);
	return AIM_OK;
}

static aim_status at_pattern(aim_status rc, aim_str text, uint64_t offset, aim_error *err)
{
	aim_bytes bytes = {(const uint8_t *)text.ptr, text.len};
	aim__error_at(err, bytes, offset < text.len ? (size_t)offset : text.len);
	return rc;
}

/* NULL when all but its syntax is right. */
static const char *problem(const aim_pattern *p)
{
	if (p->kind < AIM_PATTERN_LITERAL || p->kind > AIM_PATTERN_REGEX)
		return "has a kind that does not exist";
	if (p->flags & ~(AIM_PATTERN_CASELESS | AIM_PATTERN_EMPTY))
		return "has flags that do not exist";
	if (p->text.len > 0 && !p->text.ptr)
		return "has no text";
	return NULL;
}

static aim_status check_glob(const aim_pattern *p, size_t index, aim_error *err)
{
	for (size_t i = 0; i < p->text.len; i++)
		if (p->text.ptr[i] != '*' || p->flags & AIM_PATTERN_EMPTY)
			return AIM_OK;
	(void)aim__fail(err, AIM_E_PATTERN, AIM_LAYER_CODEC, "pattern %zu is nothing but '*', so it would match everywhere",
	                index);
	return at_pattern(AIM_E_PATTERN, p->text, 0, err);
}

static aim_status check_pattern(const aim_pattern *p, size_t index, const aim_patterns_options *o, aim_error *err)
{
	const char *wrong = problem(p);
	if (wrong)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_CODEC, "pattern %zu %s", index, wrong);
	if (p->text.len > o->max_pattern_bytes)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CODEC, "pattern %zu has %zu bytes; %u are allowed", index,
		                 p->text.len, o->max_pattern_bytes);
	if (p->text.len == 0)
		return aim__fail(err, AIM_E_PATTERN, AIM_LAYER_CODEC, "pattern %zu is empty", index);
	return p->kind == AIM_PATTERN_GLOB ? check_glob(p, index, err) : AIM_OK;
}

static aim_status compile_failed(const aim_matcher *table, aim_status rc, const aim_pattern *patterns, size_t n,
                                 aim_matcher_fault *fault, size_t *out_fault, aim_error *err)
{
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	if ((rc != AIM_E_PATTERN && rc != AIM_E_LIMIT) || fault->index >= n)
		return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_CODEC, "%s failed to compile patterns: %d", table->name,
		                 (int)rc);
	fault->message[sizeof fault->message - 1] = 0;
	(void)aim__fail(err, rc, AIM_LAYER_CODEC, "pattern %zu: %s", (size_t)fault->index, fault->message);
	*out_fault = (size_t)fault->index;
	return at_pattern(rc, patterns[fault->index].text, fault->offset, err);
}

static aim_status compile(aim_pattern_set *set, aim__pattern_engine *engine, const aim_matcher *table,
                          const aim_pattern *patterns, size_t *out_fault, aim_error *err)
{
	const aim_patterns_options *o = &set->options;
	aim_matcher_fault fault = {.struct_size = sizeof fault};
	const aim_matcher_limits limits = {.struct_size = sizeof limits, .max_database_bytes = o->max_database_bytes,
	                                   .max_steps = o->max_steps, .max_heap_bytes = o->max_heap_bytes,
	                                   .max_depth = o->max_depth};
	aim_status rc = table->compile(table->user, &set->ctx->allocator, patterns, set->n, &limits, &engine->database, &fault);
	if (rc != AIM_OK)
		return compile_failed(table, rc, patterns, set->n, &fault, out_fault, err);
	engine->table = table;
	return AIM_OK;
}

/* The engine that locates comes first: what it says of a malformed pattern is what every context says. */
static aim_status compile_all(aim_pattern_set *set, const aim_pattern *patterns, size_t *out_fault, aim_error *err)
{
	const aim_matcher *own = set->ctx->matcher.name ? &set->ctx->matcher : NULL;
	const aim_matcher *built_in = set->ctx->crypto_slot->matcher ? set->ctx->crypto_slot->matcher() : NULL;
	const aim_matcher *locator = own && own->locate ? own : built_in;
	if (!locator)
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_CODEC,
		                 "this build of libaim has no engine for patterns; aim_ctx_options.matcher can bring one");
	aim_status rc = compile(set, &set->locator, locator, patterns, out_fault, err);
	if (rc != AIM_OK || !own || !own->scan)
		return rc;
	if (own == locator) {
		set->filter = set->locator;
		return AIM_OK;
	}
	return compile(set, &set->filter, own, patterns, out_fault, err);
}

/* The caller's array steps by the struct_size of its first item; ours holds what this library knows of each. */
static aim_status take_patterns(aim_pattern_set *set, aim_pattern *own, const aim_pattern *patterns, size_t *out_fault,
                                aim_error *err)
{
	size_t step = set->n ? patterns->struct_size : 0;
	for (size_t i = 0; i < set->n; i++) {
		const void *item = (const uint8_t *)patterns + i * step;
		aim_status rc = aim__sized_in(&own[i], sizeof own[i], item, sizeof own[i], "aim_pattern", err);
		if (rc == AIM_OK)
			rc = check_pattern(&own[i], i, &set->options, err);
		if (rc != AIM_OK) {
			*out_fault = i;
			return rc;
		}
		set->ids[i] = own[i].id;
	}
	return AIM_OK;
}

static void drop(aim_pattern_set *set)
{
	aim__pattern_engine *locator = &set->locator, *filter = &set->filter;
	if (filter->table && filter->database != locator->database)
		filter->table->free_database(filter->table->user, filter->database);
	if (locator->table)
		locator->table->free_database(locator->table->user, locator->database);
	aim_ctx *ctx = set->ctx;
	aim__free(ctx, set->ids, set->n * sizeof *set->ids);
	aim__free(ctx, set, sizeof *set);
	aim__ctx_unref(ctx);
}

static aim_status fill(aim_pattern_set *set, const aim_pattern *patterns, size_t n, size_t *out_fault, aim_error *err)
{
	aim_pattern *own = n ? aim__alloc_array(set->ctx, n, sizeof *own) : NULL;
	set->ids = n ? aim__alloc_array(set->ctx, n, sizeof *set->ids) : NULL;
	set->n = set->ids ? n : 0;
	aim_status rc = n && (!own || !set->ids) ? aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CODEC) : AIM_OK;
	if (rc == AIM_OK)
		rc = take_patterns(set, own, patterns, out_fault, err);
	if (rc == AIM_OK)
		rc = compile_all(set, own, out_fault, err);
	aim__free(set->ctx, own, n * sizeof *own);
	return rc;
}

aim_status aim_patterns_new(aim_ctx *ctx, const aim_pattern *patterns, size_t n_patterns,
                            const aim_patterns_options *options, aim_pattern_set **out, size_t *out_fault, aim_error *err)
{
	if (!ctx || !out || (n_patterns && !patterns))
		return AIM__MISUSE(ctx, "ctx, patterns and out are required");
	aim_patterns_options o;
	size_t fault = 0;
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	if (n_patterns > o.max_patterns)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CODEC, "%zu patterns; %u are allowed", n_patterns, o.max_patterns);
	aim_pattern_set *set = aim__alloc_zeroed(ctx, sizeof *set);
	if (!set)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CODEC);
	set->ctx = aim__ctx_ref(ctx);
	set->options = o;
	atomic_init(&set->references, 1);
	rc = fill(set, patterns, n_patterns, &fault, err);
	if (rc != AIM_OK) {
		drop(set);
		if (out_fault && rc == AIM_E_PATTERN)
			*out_fault = fault;
		return rc;
	}
	*out = set;
	return AIM_OK;
}

void aim_patterns_free(aim_pattern_set *set)
{
	if (set && atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) == 1)
		drop(set);
}

size_t aim_patterns_count(const aim_pattern_set *set)
{
	return set ? set->n : 0;
}
