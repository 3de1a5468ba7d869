/* evidence/signed.c — the shared parts of the signature profiles. Layer evidence; knows keys, not who
 * holds them. */
#include "evidence/signed.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "evidence/replay.h"
#include "evidence/signature.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE

/* Labels, request lines and timestamps around a message of the greatest size. */
#define ROOM_FOR_LABELS 16384u

/* ---- one piece ---- */

static int add_lengths(const aim_bytes *parts, size_t n_parts, uint64_t limit, size_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n_parts; i++)
		if (aim__add_overflows(*out, parts[i].len, out) || *out > limit)
			return 0;
	return 1;
}

aim_status aim__signed_join(const aim_ctx *ctx, const aim_bytes *parts, size_t n_parts,
                            aim__signed_text *out, aim_error *err)
{
	uint8_t *at = out->stack;
	size_t len;
	out->block = NULL;
	if (!add_lengths(parts, n_parts, ctx->limits.max_message_bytes + ROOM_FOR_LABELS, &len))
		return aim__fail(err, AIM_E_LIMIT, LAYER, "what is to be signed is over limits.max_message_bytes");
	if (len > AIM__SIGNED_STACK) {
		at = out->block = aim__alloc(ctx, len);
		if (!at)
			return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	out->bytes = (aim_bytes){at, len};
	for (size_t i = 0; i < n_parts; at += parts[i++].len)
		if (parts[i].len > 0)
			memcpy(at, parts[i].ptr, parts[i].len);
	return AIM_OK;
}

void aim__signed_done(const aim_ctx *ctx, aim__signed_text *text)
{
	aim__free(ctx, text->block, text->bytes.len);
}

aim_status aim__signed_sign(const aim_key *key, uint32_t purposes, const aim_bytes *parts,
                            size_t n_parts, char *out_text, aim_error *err)
{
	aim__signed_text text;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	const aim_ctx *ctx = aim__key_ctx(key);
	aim_status rc = aim__signed_join(ctx, parts, n_parts, &text, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__key_sign(key, purposes, text.bytes, signature, err);
	aim__signed_done(ctx, &text);
	if (rc != AIM_OK)
		return rc;
	const aim_bytes bytes = {signature, sizeof signature};
	out_text[aim__encoding_write(AIM_ENCODING_BASE64, bytes, out_text)] = '\0';
	return AIM_OK;
}

/* ---- forms ---- */

aim_status aim__signed_read_signature(aim_str text, const char *header,
                                      uint8_t out[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	if (!text.ptr || (text.len != 86 && text.len != 88))
		return aim__fail(err, AIM_E_HEADER, LAYER,
		                 "%s has %zu characters; a signature of 64 bytes has 88 in base64", header,
		                 text.len);
	if (aim__signature_read(text, out) != AIM_OK)
		return aim__fail(err, AIM_E_ENCODING, LAYER, "%s is not base64 of 64 bytes", header);
	return AIM_OK;
}

static int is_digits(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
	return 1;
}

aim_status aim__timestamp_read(aim_str text, const char *header, int64_t *out_us, aim_error *err)
{
	int64_t seconds = 0;
	if (!text.ptr || text.len != AIM__TIMESTAMP_DIGITS || !is_digits(text) || text.ptr[0] == '0')
		return aim__fail(err, AIM_E_TIMESTAMP, LAYER,
		                 "%s is not a Unix time of exactly ten digits; it has %zu characters", header,
		                 text.len);
	for (size_t i = 0; i < text.len; i++)
		seconds = seconds * 10 + (text.ptr[i] - '0');
	*out_us = seconds * AIM__US_PER_S;
	return AIM_OK;
}

aim_status aim__timestamp_write(int64_t now_us, char out[AIM__TIMESTAMP_TEXT_SIZE], aim_error *err)
{
	const int64_t seconds = now_us / AIM__US_PER_S;
	if (seconds < INT64_C(1000000000) || seconds > INT64_C(9999999999))
		return aim__fail(err, AIM_E_TIMESTAMP, LAYER,
		                 "now_us is not between the years 2001 and 2286, where Unix times have ten digits");
	out[aim__i64_text(out, seconds)] = '\0';
	return AIM_OK;
}

static int is_visible(char c)
{
	return c > ' ' && c < 0x7f;
}

static int is_token(char c)
{
	return is_visible(c) && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

static aim_status check(aim_str text, const char *what, size_t max, int (*is_good)(char), aim_error *err)
{
	if (!text.ptr || text.len == 0 || text.len > max)
		return aim__fail(err, AIM_E_HEADER, LAYER, "%s has %zu bytes; 1 to %zu are possible", what,
		                 text.len, max);
	for (size_t i = 0; i < text.len; i++)
		if (!is_good(text.ptr[i]))
			return aim__fail(err, AIM_E_HEADER, LAYER, "%s has a byte at offset %zu that it may not have",
			                 what, i);
	return AIM_OK;
}

aim_status aim__field_check(aim_str text, const char *what, size_t max, aim_error *err)
{
	return check(text, what, max, is_visible, err);
}

aim_status aim__field_check_token(aim_str text, const char *what, size_t max, aim_error *err)
{
	return check(text, what, max, is_token, err);
}

/* ---- accepting ---- */

aim_replay_use aim__signed_use(const aim_public_key *public_key, aim_bytes nonce, int64_t timestamp_us,
                               uint32_t window_s, int64_t now_us)
{
	aim_replay_use use = {.struct_size = sizeof use, .nonce = nonce};
	use.scope = (aim_bytes){public_key->bytes, sizeof public_key->bytes};
	use.timestamp_us = timestamp_us;
	use.now_us = now_us;
	use.max_age_us = (window_s ? window_s : AIM__SIGNED_WINDOW_S) * AIM__US_PER_S;
	use.max_ahead_us = use.max_age_us;
	return use;
}

aim_status aim__signed_verify(const aim_ctx *ctx, const aim_public_key *public_key,
                              const aim_bytes *parts, size_t n_parts,
                              const uint8_t signature[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	aim__signed_text text;
	aim_status rc = aim__signed_join(ctx, parts, n_parts, &text, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__ed25519_verify_strict(ctx, public_key->bytes, text.bytes, signature, err);
	aim__signed_done(ctx, &text);
	return rc;
}

aim_status aim__signed_accept(aim_replay *guard, const aim_replay_use *use,
                              const aim_public_key *public_key, const aim_bytes *parts,
                              size_t n_parts, const uint8_t signature[AIM_KEY_SIGNATURE_LEN],
                              aim_error *err)
{
	aim_status rc = aim_replay_check(guard, use, err);
	if (rc == AIM_OK)
		rc = aim__signed_verify(guard->ctx, public_key, parts, n_parts, signature, err);
	return rc == AIM_OK ? aim_replay_remember(guard, use, err) : rc;
}
