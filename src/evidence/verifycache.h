/* evidence/verifycache.h — looking into the cache of verified signatures, for the profiles. Locked. */
#ifndef AIM_EVIDENCE_VERIFYCACHE_H
#define AIM_EVIDENCE_VERIFYCACHE_H

#include <aim/verifycache.h>

/* What is looked up: who signed what. The message comes in parts, so that a label need not be copied in front of
 * a payload just to look. */
typedef struct aim__verified {
	uint64_t generation;
	const uint8_t *public_key; /* 32 bytes */
	const uint8_t *signature;  /* 64 bytes */
	const aim_bytes *parts;
	size_t n_parts;
} aim__verified;

/* 1 when it was verified before. *out_epoch is for aim__verifycache_keep. cache NULL: always 0. */
int aim__verifycache_has(aim_verifycache *cache, const aim__verified *what, uint64_t *out_epoch);
/* Keeps what was found valid, unless something was forgotten since epoch, it is too long or memory is short: then
 * it will be computed again. cache may be NULL. */
void aim__verifycache_keep(aim_verifycache *cache, const aim__verified *what, uint64_t epoch);

/* Strict Ed25519 over message, with the cache in front. what->parts joined are message's bytes. Results and
 * messages of aim__ed25519_verify_strict. */
aim_status aim__verify_cached(const aim_ctx *ctx, aim_verifycache *cache, const aim__verified *what,
                              aim_bytes message, aim_error *err);

aim_ctx *aim__verifycache_ctx(const aim_verifycache *cache);

#endif
