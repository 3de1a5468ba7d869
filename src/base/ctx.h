/* base/ctx.h — inside the context. Immutable once built; only the reference count changes. */
#ifndef AIM_BASE_CTX_H
#define AIM_BASE_CTX_H

#include <aim/ctx.h>
#include <aim/plugin/matcher.h>
#include <stdatomic.h>

struct aim__tree;

/* How base runs a plug-in it must not know: the crypto layer's table travels as an opaque block with
 * the two functions that base needs. Filled by the composition root in backends. */
typedef struct aim__crypto_slot {
	/* Checks and copies the caller's table (or the built-in when table is NULL) into *out_provider.
	 * Owns table's user from the call on, whatever the outcome. */
	aim_status (*open)(aim_ctx *ctx, const struct aim_crypto *table, void **out_provider,
	                   aim_error *err);
	void (*close)(aim_ctx *ctx, void *provider);
	/* Only runs the destroy of a table that open never saw. */
	void (*discard)(const struct aim_crypto *table);
	/* The reader of YAML, for the codec layer (codec/config.c); NULL in a build without. */
	aim_status (*read_yaml)(struct aim__tree *tree, aim_error *err);
	/* The built-in engine of pattern sets; yields NULL in a build without. */
	const aim_matcher *(*matcher)(void);
	/* Known answers of ctx->matcher, which the host brought. */
	aim_status (*test_matcher)(aim_ctx *ctx, aim_error *err);
} aim__crypto_slot;

struct aim_ctx {
	aim_allocator allocator;
	aim_clock clock;
	aim_random random;
	aim_log log;
	aim_matcher matcher; /* name NULL: the built-in one alone */
	aim_limits limits;
	void (*misuse)(void *user, const char *function, const char *what);
	void *misuse_user;
	const aim__crypto_slot *crypto_slot;
	void *crypto;         /* the crypto layer's provider; see crypto/provider.h */
	uint64_t hash_key[2]; /* seeds every hash map, so that strangers cannot choose collisions */
	atomic_uint_fast32_t references;
};

/* What aim_ctx_new() of the composition root calls. slot must outlive the context. */
aim_status aim__ctx_build(const aim_ctx_options *options, const aim__crypto_slot *slot, aim_ctx **out,
                          aim_error *err);

/* Objects that live on a context hold a reference. */
aim_ctx *aim__ctx_ref(aim_ctx *ctx);
void aim__ctx_unref(aim_ctx *ctx);

/* Documents and buffers that live for one call borrow the context without counting; what they do with it (memory,
 * limits) changes nothing in it. */
static inline aim_ctx *aim__ctx_mutable(const aim_ctx *ctx)
{
	return (aim_ctx *)(uintptr_t)ctx;
}

aim_status aim__ctx_random(const aim_ctx *ctx, void *out, size_t len);
/* Microseconds of the steady clock; 0 when the clock fails, so that a latency is never negative. */
int64_t aim__ctx_steady_us(const aim_ctx *ctx);
/* Message of at most 255 bytes; formatted as base/format.h says; dropped without a log. */
void aim__ctx_log(const aim_ctx *ctx, uint32_t level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reports misuse and yields AIM_E_INVALID; ctx may be NULL. */
aim_status aim__misuse(const aim_ctx *ctx, const char *function, const char *what);
#define AIM__MISUSE(ctx, what) aim__misuse((ctx), __func__, (what))

#endif
