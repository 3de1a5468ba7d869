/* evidence/signed.h — what the signature profiles share: the text that is signed as one piece, forms of
 * timestamps and signatures, and the order in which a message is accepted. */
#ifndef AIM_EVIDENCE_SIGNED_H
#define AIM_EVIDENCE_SIGNED_H

#include <aim/key.h>
#include <aim/replay.h>

/* Ed25519 reads its message twice, so all parts must stand together in memory: on the stack when short,
 * in one block of the context's allocator when long. */
#define AIM__SIGNED_STACK 1280u

typedef struct aim__signed_text {
	aim_bytes bytes; /* points at stack or at block */
	void *block;     /* NULL when on the stack */
	uint8_t stack[AIM__SIGNED_STACK];
} aim__signed_text;

/* At most limits.max_message_bytes in all, with room for labels on top. AIM_OK, AIM_E_LIMIT,
 * AIM_E_NOMEM. */
aim_status aim__signed_join(const aim_ctx *ctx, const aim_bytes *parts, size_t n_parts,
                            aim__signed_text *out, aim_error *err);
void aim__signed_done(const aim_ctx *ctx, aim__signed_text *text);

/* Joins, signs, writes the signature as padded base64 with a NUL. Also aim__key_sign's failures. */
#define AIM__SIGNATURE_TEXT_SIZE 89u
aim_status aim__signed_sign(const aim_key *key, uint32_t purposes, const aim_bytes *parts,
                            size_t n_parts, char *out_text, aim_error *err);

/* aim__signature_read with the header's name in the message. AIM_OK, AIM_E_HEADER (length),
 * AIM_E_ENCODING. */
aim_status aim__signed_read_signature(aim_str text, const char *header,
                                      uint8_t out[AIM_KEY_SIGNATURE_LEN], aim_error *err);

/* Unix seconds as exactly ten digits, the form of 2001 to 2286. AIM_OK, AIM_E_TIMESTAMP. */
#define AIM__TIMESTAMP_DIGITS 10u
#define AIM__TIMESTAMP_TEXT_SIZE 16u
aim_status aim__timestamp_read(aim_str text, const char *header, int64_t *out_us, aim_error *err);
aim_status aim__timestamp_write(int64_t now_us, char out[AIM__TIMESTAMP_TEXT_SIZE], aim_error *err);

/* 1 to max bytes of visible ASCII (0x21 … 0x7e), or of what an HTTP method may have (RFC 9110 §5.6.2).
 * AIM_OK, AIM_E_HEADER naming what. */
aim_status aim__field_check(aim_str text, const char *what, size_t max, aim_error *err);
aim_status aim__field_check_token(aim_str text, const char *what, size_t max, aim_error *err);

/* The use of a message that public_key signed; window_s 0 takes 300. */
aim_replay_use aim__signed_use(const aim_public_key *public_key, aim_bytes nonce, int64_t timestamp_us,
                               uint32_t window_s, int64_t now_us);
/* Window, floor and nonce; then the signature; then the nonce is remembered, which decides. */
aim_status aim__signed_accept(aim_replay *guard, const aim_replay_use *use,
                              const aim_public_key *public_key, const aim_bytes *parts,
                              size_t n_parts, const uint8_t signature[AIM_KEY_SIGNATURE_LEN],
                              aim_error *err);
/* The signature alone. */
aim_status aim__signed_verify(const aim_ctx *ctx, const aim_public_key *public_key,
                              const aim_bytes *parts, size_t n_parts,
                              const uint8_t signature[AIM_KEY_SIGNATURE_LEN], aim_error *err);

#define AIM__SIGNED_WINDOW_S 300u
#define AIM__US_PER_S INT64_C(1000000)

#endif
