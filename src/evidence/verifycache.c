/* evidence/verifycache.c — a bounded cache of valid signatures. Layer evidence; knows keys only as bytes.
 *
 * Each entry is one block with the message behind it, in a bucket (found by a keyed hash of the signature) and in
 * a list by last use. Everything is compared byte for byte, so a collision costs time and never a verdict. */
#include "evidence/verifycache.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_verifycache_options, 8 + 3 * 8);

#define DEFAULT_ENTRIES 1024u
#define DEFAULT_BYTES (4u << 20)
#define DEFAULT_MESSAGE_BYTES (64u << 10)
#define CEILING_ENTRIES 1000000u

typedef struct entry {
	struct entry *next; /* in the bucket */
	struct entry *newer, *older;
	uint64_t hash;
	uint64_t generation;
	size_t len; /* of the message behind this struct */
	uint8_t public_key[AIM_KEY_PUBLIC_LEN];
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
} entry;

struct aim_verifycache {
	aim_ctx *ctx;
	aim__mutex mutex;
	aim_verifycache_options limits;
	entry **buckets;
	size_t n_buckets; /* a power of two */
	entry *newest, *oldest;
	uint64_t count;
	uint64_t bytes;
	uint64_t epoch; /* grows with each forgetting */
};

/* ---- entries ---- */

static uint8_t *message_of(entry *e)
{
	return (uint8_t *)(e + 1);
}

static size_t length_of(const aim__verified *what)
{
	size_t len = 0;
	for (size_t i = 0; i < what->n_parts; i++)
		len += what->parts[i].len;
	return len;
}

static int same_message(entry *e, const aim__verified *what)
{
	const uint8_t *at = message_of(e);
	if (e->len != length_of(what))
		return 0;
	for (size_t i = 0; i < what->n_parts; at += what->parts[i++].len)
		if (what->parts[i].len > 0 && memcmp(at, what->parts[i].ptr, what->parts[i].len) != 0)
			return 0;
	return 1;
}

static int same(entry *e, uint64_t hash, const aim__verified *what)
{
	return e->hash == hash && e->generation == what->generation &&
	       memcmp(e->signature, what->signature, sizeof e->signature) == 0 &&
	       memcmp(e->public_key, what->public_key, sizeof e->public_key) == 0 && same_message(e, what);
}

static entry *new_entry(const aim_verifycache *cache, const aim__verified *what, uint64_t hash)
{
	size_t len = length_of(what);
	entry *e = aim__alloc_zeroed(cache->ctx, sizeof *e + len);
	if (!e)
		return NULL;
	e->hash = hash;
	e->generation = what->generation;
	e->len = len;
	memcpy(e->public_key, what->public_key, sizeof e->public_key);
	memcpy(e->signature, what->signature, sizeof e->signature);
	uint8_t *at = message_of(e);
	for (size_t i = 0; i < what->n_parts; at += what->parts[i++].len)
		if (what->parts[i].len > 0)
			memcpy(at, what->parts[i].ptr, what->parts[i].len);
	return e;
}

static void free_entry(const aim_verifycache *cache, entry *e)
{
	size_t size = sizeof *e + e->len;
	aim__wipe(e, size);
	aim__free(cache->ctx, e, size);
}

/* ---- the two lists; all under the mutex ---- */

static entry **bucket_of(aim_verifycache *cache, uint64_t hash)
{
	return &cache->buckets[hash & (cache->n_buckets - 1)];
}

static void unlink_use(aim_verifycache *cache, entry *e)
{
	*(e->newer ? &e->newer->older : &cache->newest) = e->older;
	*(e->older ? &e->older->newer : &cache->oldest) = e->newer;
}

static void link_newest(aim_verifycache *cache, entry *e)
{
	e->newer = NULL;
	e->older = cache->newest;
	*(e->older ? &e->older->newer : &cache->oldest) = e;
	cache->newest = e;
}

static void drop(aim_verifycache *cache, entry *e)
{
	entry **at = bucket_of(cache, e->hash);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_use(cache, e);
	cache->count--;
	cache->bytes -= e->len;
	free_entry(cache, e);
}

static void add(aim_verifycache *cache, entry *e)
{
	while (cache->count >= cache->limits.max_entries ||
	       (cache->oldest && cache->bytes + e->len > cache->limits.max_bytes))
		drop(cache, cache->oldest);
	entry **bucket = bucket_of(cache, e->hash);
	e->next = *bucket;
	*bucket = e;
	link_newest(cache, e);
	cache->count++;
	cache->bytes += e->len;
}

static entry *find(aim_verifycache *cache, uint64_t hash, const aim__verified *what)
{
	entry *e = *bucket_of(cache, hash);
	while (e && !same(e, hash, what))
		e = e->next;
	return e;
}

static uint64_t hash_of(const aim_verifycache *cache, const aim__verified *what)
{
	return aim__hash(cache->ctx, (aim_bytes){what->signature, AIM_KEY_SIGNATURE_LEN});
}

/* ---- for the profiles ---- */

int aim__verifycache_has(aim_verifycache *cache, const aim__verified *what, uint64_t *out_epoch)
{
	*out_epoch = 0;
	if (!cache)
		return 0;
	uint64_t hash = hash_of(cache, what);
	aim__mutex_lock(&cache->mutex);
	*out_epoch = cache->epoch;
	entry *e = find(cache, hash, what);
	if (e && e != cache->newest) {
		unlink_use(cache, e);
		link_newest(cache, e);
	}
	aim__mutex_unlock(&cache->mutex);
	return e != NULL;
}

void aim__verifycache_keep(aim_verifycache *cache, const aim__verified *what, uint64_t epoch)
{
	if (!cache || length_of(what) > cache->limits.max_message_bytes ||
	    length_of(what) > cache->limits.max_bytes)
		return;
	uint64_t hash = hash_of(cache, what);
	entry *e = new_entry(cache, what, hash);
	if (!e)
		return;
	aim__mutex_lock(&cache->mutex);
	int wanted = cache->epoch == epoch && !find(cache, hash, what);
	if (wanted)
		add(cache, e);
	aim__mutex_unlock(&cache->mutex);
	if (!wanted)
		free_entry(cache, e);
}

aim_status aim__verify_cached(const aim_ctx *ctx, aim_verifycache *cache, const aim__verified *what,
                              aim_bytes message, aim_error *err)
{
	uint64_t epoch;
	if (aim__verifycache_has(cache, what, &epoch))
		return AIM_OK;
	aim_status rc = aim__ed25519_verify_strict(ctx, what->public_key, message, what->signature, err);
	if (rc == AIM_OK)
		aim__verifycache_keep(cache, what, epoch);
	return rc;
}

aim_ctx *aim__verifycache_ctx(const aim_verifycache *cache)
{
	return cache->ctx;
}

/* ---- public ---- */

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
	return value ? value : fallback;
}

static aim_status take_options(aim_verifycache_options *o, const aim_verifycache_options *options,
                               aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_verifycache_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_verifycache_options.flags must be 0");
	o->max_entries = or_default(o->max_entries, DEFAULT_ENTRIES);
	o->max_bytes = or_default(o->max_bytes, DEFAULT_BYTES);
	o->max_message_bytes = or_default(o->max_message_bytes, DEFAULT_MESSAGE_BYTES);
	if (o->max_entries > CEILING_ENTRIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
		                 "aim_verifycache_options.max_entries is over %u", CEILING_ENTRIES);
	return AIM_OK;
}

static aim_verifycache *build(aim_ctx *ctx, const aim_verifycache_options *o)
{
	aim_verifycache *cache = aim__alloc_zeroed(ctx, sizeof *cache);
	if (!cache)
		return NULL;
	cache->limits = *o;
	cache->n_buckets = 16;
	while (cache->n_buckets < o->max_entries)
		cache->n_buckets *= 2;
	cache->buckets = aim__alloc_zeroed(ctx, cache->n_buckets * sizeof(entry *));
	if (cache->buckets && aim__mutex_init(&cache->mutex) == AIM_OK) {
		cache->ctx = aim__ctx_ref(ctx);
		return cache;
	}
	aim__free(ctx, cache->buckets, cache->n_buckets * sizeof(entry *));
	aim__free(ctx, cache, sizeof *cache);
	return NULL;
}

aim_status aim_verifycache_new(aim_ctx *ctx, const aim_verifycache_options *options, aim_verifycache **out,
                               aim_error *err)
{
	aim_verifycache_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_verifycache *cache = build(ctx, &o);
	if (!cache)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	*out = cache;
	return AIM_OK;
}

void aim_verifycache_free(aim_verifycache *cache)
{
	if (!cache)
		return;
	while (cache->oldest)
		drop(cache, cache->oldest);
	aim_ctx *ctx = cache->ctx;
	aim__mutex_dispose(&cache->mutex);
	aim__free(ctx, cache->buckets, cache->n_buckets * sizeof(entry *));
	aim__free(ctx, cache, sizeof *cache);
	aim__ctx_unref(ctx);
}

aim_status aim_verifycache_forget_key(aim_verifycache *cache, const aim_public_key *public_key)
{
	if (!cache || !public_key)
		return AIM__MISUSE(cache ? cache->ctx : NULL, "cache and public_key are required");
	aim__mutex_lock(&cache->mutex);
	cache->epoch++;
	for (entry *e = cache->oldest, *newer; e; e = newer) {
		newer = e->newer;
		if (memcmp(e->public_key, public_key->bytes, sizeof e->public_key) == 0)
			drop(cache, e);
	}
	aim__mutex_unlock(&cache->mutex);
	return AIM_OK;
}

aim_status aim_verifycache_forget_all(aim_verifycache *cache)
{
	if (!cache)
		return AIM__MISUSE(NULL, "cache is required");
	aim__mutex_lock(&cache->mutex);
	cache->epoch++;
	while (cache->oldest)
		drop(cache, cache->oldest);
	aim__mutex_unlock(&cache->mutex);
	return AIM_OK;
}

uint64_t aim_verifycache_count(aim_verifycache *cache)
{
	if (!cache)
		return 0;
	aim__mutex_lock(&cache->mutex);
	uint64_t count = cache->count;
	aim__mutex_unlock(&cache->mutex);
	return count;
}
