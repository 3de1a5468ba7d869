/** aim/verifycache.h — remembers verified signatures, so that verifying the same thing again costs a comparison.
 *
 *      aim_verifycache *cache = NULL;
 *      rc = aim_verifycache_new(ctx, NULL, &cache, &err);
 *      ...
 *      rc = aim_message_verify_cached(cache, generation, &peer, payload, signature, &err);
 *      ...
 *      aim_verifycache_forget_key(cache, &revoked);     // from now on it is computed again
 *      aim_verifycache_free(cache);
 *
 *  aim_verifycache is locked. A hit means that the public key, the signature and every byte of the message are
 *  those of an earlier valid signature, under the same generation number; a hash only finds the place to compare.
 *  Only valid signatures are kept. When the cache is full, what was used longest ago makes room.
 *
 *  A valid signature says nothing of whether its key may still be used. Hosts that revoke keys tell the cache:
 *  by aim_verifycache_forget_key(), or by a generation number that changes with the list of keys.
 */
#ifndef AIM_VERIFYCACHE_H
#define AIM_VERIFYCACHE_H

#include <aim/key.h>

AIM_BEGIN_DECLS

typedef struct aim_verifycache aim_verifycache;

/** Bounds of a cache. 0 takes the default. @since 0.1 */
typedef struct aim_verifycache_options {
	uint32_t struct_size;
	uint32_t flags;             /**< 0 */
	uint64_t max_entries;       /**< signatures kept; 1 024, at most 1 000 000 */
	uint64_t max_bytes;         /**< of all messages kept; 4 MiB */
	uint64_t max_message_bytes; /**< a longer message is verified and not kept; 64 KiB */
} aim_verifycache_options;

/** An empty cache.
 *  @param ctx      in; kept alive until the cache is freed
 *  @param options  in, borrowed, NULL for the defaults     @param out  out, owned; aim_verifycache_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT (max_entries over 1 000 000)
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_verifycache_new(aim_ctx *ctx,
                                                        const aim_verifycache_options *options,
                                                        aim_verifycache **out, aim_error *err);

/** Frees the cache; what it holds is wiped. NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_verifycache_free(aim_verifycache *cache);

/** Forgets every signature by public_key. A verification that is under way in another thread is not kept either.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_verifycache_forget_key(aim_verifycache *cache, const aim_public_key *public_key);

/** Forgets everything, likewise.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_verifycache_forget_all(aim_verifycache *cache);

/** How many signatures are kept; 0 for NULL.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_verifycache_count(aim_verifycache *cache);

AIM_END_DECLS

#endif
