/* evidence/handshake.h — inside a handshake: its messages, what waits, and what is remembered. */
#ifndef AIM_EVIDENCE_HANDSHAKE_H
#define AIM_EVIDENCE_HANDSHAKE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/os.h"
#include "store/fields.h"

#include <aim/handshake.h>
#include <stdatomic.h>

#define AIM__HANDSHAKE_ID_LEN 26u    /* "challenge_" and 16 hex digits */
#define AIM__HANDSHAKE_NONCE_LEN 64u /* hex digits of 256 bits */
#define AIM__HANDSHAKE_FRESH_LEN 32u

/* ---- handshake_form.c: messages ---- */

/* Both messages in one struct: a challenge has times and a status, a response has a hash, a key and a claim. */
typedef struct aim__handshake_message {
	aim_str challenge; /* id of the challenge */
	aim_str initiator, responder, nonce, freshness, status, signature;
	aim__text_list capabilities;
	int64_t created_us, expires_us;
	uint8_t challenge_hash[32];
	aim__optional_key public_key;
	uint64_t claimed_score;
} aim__handshake_message;

/* Which members a kind of message has, and the label in front of what is signed. */
typedef struct aim__handshake_kind {
	const char *noun;
	const char *label;
	aim__fields fields;
	int (*valid)(const aim_ctx *ctx, const aim__handshake_message *message);
} aim__handshake_kind;

extern const aim__handshake_kind aim__handshake_challenge;
extern const aim__handshake_kind aim__handshake_response;

/* Appends the label and the canonical form without the signature. Cleared first. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT,
 * AIM_E_UTF8. */
aim_status aim__handshake_signed_bytes(const aim__handshake_kind *kind, const aim__handshake_message *message,
                                       aim_buf *out);
/* Checks the form, signs, and appends the message to out. *out_hash (may be NULL) is the SHA-256 of the signed bytes
 * and the signature. */
aim_status aim__handshake_sign(const aim__handshake_kind *kind, aim__handshake_message *message, const aim_key *key,
                               aim_buf *out, uint8_t out_hash[32], aim_error *err);
/* Reads a message; text goes into arena. AIM_E_ENVELOPE for any other form. */
aim_status aim__handshake_read(const aim__handshake_kind *kind, aim_ctx *ctx, aim_bytes json, aim__arena *arena,
                               aim__handshake_message *out, aim_error *err);
/* AIM_OK, AIM_E_SIGNATURE, AIM_E_KEY, … *out_hash (may be NULL) as above. */
aim_status aim__handshake_check_signature(const aim__handshake_kind *kind, aim_ctx *ctx,
                                          const aim__handshake_message *message, const aim_public_key *key,
                                          uint8_t out_hash[32], aim_error *err);
/* Random bytes as hex digits, with a NUL. */
aim_status aim__handshake_random_hex(const aim_ctx *ctx, size_t n_digits, char *out);
int aim__handshake_is_hex(aim_str text, size_t min, size_t max);
int aim__handshake_is_id(aim_str text);
int aim__handshake_covers(const aim__text_list *patterns, aim_str capability);

/* ---- handshake_result.c: outcomes, and the ones that are remembered ---- */

struct aim_handshake_result {
	aim_ctx *ctx; /* referenced */
	aim__arena arena;
	atomic_uint_fast32_t references;
	uint32_t verified;
	aim_str peer;
	aim__text_list capabilities;
	uint32_t score, claimed_score;
	int64_t latency_us;
	char reason[256];
	/* for recalling */
	aim_str pair; /* "<initiator> <peer>" */
	aim__text_list asked;
	uint32_t required_score;
	aim_public_key key;
	int64_t expires_us;
	struct aim_handshake_result *next, *previous; /* newest first; under the handshake's lock */
};

aim_handshake_result *aim__handshake_result_new(aim_ctx *ctx);

typedef struct aim__handshake_pending {
	struct aim__handshake_pending *next, *previous;
	aim__arena arena;
	aim__handshake_message challenge;
	uint8_t hash[32];
	int64_t begun_steady_us;
	uint64_t epoch; /* of the handshake's memory when it was taken out */
} aim__handshake_pending;

struct aim_handshake {
	aim_ctx *ctx; /* referenced */
	aim__mutex mutex;
	int64_t life_us, cache_us;
	aim__map waiting; /* id → aim__handshake_pending */
	aim__handshake_pending *first;
	aim__map known; /* pair → aim_handshake_result */
	aim_handshake_result *newest, *oldest;
	uint64_t epoch; /* grows with each forgetting */
};

/* Remembers a verified result, unless something was forgotten since epoch: it may have been this peer, who was looked
 * at before. When it cannot be remembered, the next meeting is a new handshake. */
void aim__handshake_remember(aim_handshake *handshake, aim_handshake_result *result, uint64_t epoch, int64_t now_us);
void aim__handshake_forget_all(aim_handshake *handshake);

/* ---- handshake_peer.c: who the peer is ---- */

/* Whether did is registered and active, and key its key; flags and scores of check are not looked at. AIM_OK,
 * AIM_E_NOT_FOUND, AIM_E_ID_STATUS, AIM_E_UNTRUSTED_KEY, … */
aim_status aim__handshake_check_peer(const aim_handshake_check *check, aim_str did, const aim_public_key *key,
                                     int64_t now_us, aim_error *err);
aim_status aim__handshake_take_check(const aim_ctx *ctx, const aim_handshake_check *check, aim_handshake_check *out,
                                     aim_error *err);

/* ---- handshake_compat.c ---- */

#define AIM__HANDSHAKE_COMPAT_MAX 704u
/* Writes the compatibility form; 0 when the parts have another shape. */
size_t aim__handshake_compat_text(const aim_handshake_compat *parts, char out[AIM__HANDSHAKE_COMPAT_MAX]);

#endif
