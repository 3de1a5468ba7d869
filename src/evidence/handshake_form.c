/* evidence/handshake_form.c — challenges and responses as bytes. Layer evidence. FROZEN: others verify them.
 *
 * Each is one object in canonical form. Signed are a label and the object without its signature; reading writes the
 * message again and wants the same content, so that there is one spelling of everything that counts. */
#include "evidence/handshake.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "evidence/signature.h"
#include "identity/check.h"
#include "identity/pattern.h"

#include <string.h>

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
#define ID_PREFIX "challenge_"
#define SIGNATURE_TEXT 86u
/* A year beyond 9999, and safe to add a life to. */
#define TIME_MAX_US INT64_C(253402300800000000)

/* In the order of RFC 8785 §3.2.3. */
#define FIELD(name, member, type, required) {name, offsetof(aim__handshake_message, member), type, required, NULL}
static const aim__field challenge_fields[] = {
	FIELD("capabilities", capabilities, AIM__FIELD_LIST, 0),
	FIELD("created_us", created_us, AIM__FIELD_UINT, 1),
	FIELD("expires_us", expires_us, AIM__FIELD_UINT, 1),
	FIELD("freshness", freshness, AIM__FIELD_TEXT, 0),
	FIELD("id", challenge, AIM__FIELD_TEXT, 1),
	FIELD("initiator", initiator, AIM__FIELD_TEXT, 1),
	FIELD("nonce", nonce, AIM__FIELD_TEXT, 1),
	FIELD("responder", responder, AIM__FIELD_TEXT, 1),
	FIELD("signature", signature, AIM__FIELD_TEXT, 1),
	FIELD("status", status, AIM__FIELD_TEXT, 1),
};

static const aim__field response_fields[] = {
	FIELD("capabilities", capabilities, AIM__FIELD_LIST, 0),
	FIELD("challenge", challenge, AIM__FIELD_TEXT, 1),
	FIELD("challenge_hash", challenge_hash, AIM__FIELD_HASH, 1),
	FIELD("claimed_score", claimed_score, AIM__FIELD_UINT, 0),
	FIELD("freshness", freshness, AIM__FIELD_TEXT, 0),
	FIELD("initiator", initiator, AIM__FIELD_TEXT, 1),
	FIELD("nonce", nonce, AIM__FIELD_TEXT, 1),
	FIELD("public_key", public_key, AIM__FIELD_KEY, 1),
	FIELD("responder", responder, AIM__FIELD_TEXT, 1),
	FIELD("signature", signature, AIM__FIELD_TEXT, 1),
};

/* ---- what the members must look like ---- */

int aim__handshake_is_hex(aim_str text, size_t min, size_t max)
{
	if (!text.ptr || text.len < min || text.len > max)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') || (text.ptr[i] >= 'a' && text.ptr[i] <= 'f')))
			return 0;
	return 1;
}

int aim__handshake_is_id(aim_str text)
{
	const size_t n = sizeof ID_PREFIX - 1;
	return text.ptr && text.len == AIM__HANDSHAKE_ID_LEN && memcmp(text.ptr, ID_PREFIX, n) == 0 &&
	       aim__handshake_is_hex((aim_str){text.ptr + n, text.len - n}, 16, 16);
}

int aim__handshake_covers(const aim__text_list *patterns, aim_str capability)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (aim__capability_covers(patterns->items[i], capability))
			return 1;
	return 0;
}

static int common_valid(const aim_ctx *ctx, const aim__handshake_message *m)
{
	if (m->capabilities.n > AIM_HANDSHAKE_MAX_ITEMS || (m->capabilities.n > 0 && !m->capabilities.items))
		return 0;
	for (size_t i = 0; i < m->capabilities.n; i++)
		if (m->capabilities.items[i].len > ctx->limits.max_name_bytes ||
		    !aim__capability_valid(m->capabilities.items[i], 1))
			return 0;
	return aim__handshake_is_id(m->challenge) && aim__did_valid(m->initiator) && aim__did_valid(m->responder) &&
	       aim__handshake_is_hex(m->nonce, AIM__HANDSHAKE_NONCE_LEN, AIM__HANDSHAKE_NONCE_LEN) &&
	       (m->freshness.len == 0 ||
	        aim__handshake_is_hex(m->freshness, AIM__HANDSHAKE_FRESH_LEN, AIM__HANDSHAKE_FRESH_LEN));
}

static int challenge_valid(const aim_ctx *ctx, const aim__handshake_message *m)
{
	return common_valid(ctx, m) && aim_str_equal(m->status, aim_str_from("pending")) && m->created_us > 0 &&
	       m->created_us < m->expires_us && m->expires_us < TIME_MAX_US;
}

static int response_valid(const aim_ctx *ctx, const aim__handshake_message *m)
{
	return common_valid(ctx, m) && m->public_key.present && m->claimed_score <= AIM_HANDSHAKE_MAX_SCORE;
}

const aim__handshake_kind aim__handshake_challenge = {
	"challenge", "libaim/handshake-challenge/v1\n",
	{challenge_fields, sizeof challenge_fields / sizeof *challenge_fields}, challenge_valid};
const aim__handshake_kind aim__handshake_response = {
	"response", "libaim/handshake/v1\n",
	{response_fields, sizeof response_fields / sizeof *response_fields}, response_valid};

static aim_status malformed(const aim__handshake_kind *kind, aim_error *err)
{
	return aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE,
	                 "handshake: not a %s: a member is missing, unknown or not of its form", kind->noun);
}

/* ---- writing ---- */

aim_status aim__handshake_signed_bytes(const aim__handshake_kind *kind, const aim__handshake_message *message,
                                       aim_buf *out)
{
	aim__handshake_message unsigned_message = *message;
	unsigned_message.signature = (aim_str){NULL, 0};
	aim_buf_clear(out);
	aim_status rc = aim__buf_add_text(out, kind->label);
	return rc == AIM_OK ? aim__fields_object(out, &kind->fields, &unsigned_message) : rc;
}

static aim_status hash_of(const aim_ctx *ctx, aim_bytes bytes, const uint8_t signature[64], uint8_t *out)
{
	const aim_bytes parts[] = {bytes, {signature, 64}};
	return out ? aim__sha256(ctx, parts, 2, out) : AIM_OK;
}

static aim_status sign_and_write(const aim__handshake_kind *kind, aim__handshake_message *message,
                                 const aim_key *key, aim_buf *scratch, aim_buf *out, uint8_t *out_hash,
                                 aim_error *err)
{
	uint8_t signature[64];
	char text[88];
	aim_status rc = aim__handshake_signed_bytes(kind, message, scratch);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	rc = aim__key_sign(key, SIGNERS, aim_buf_bytes(scratch), signature, err);
	if (rc != AIM_OK)
		return rc;
	rc = hash_of(scratch->ctx, aim_buf_bytes(scratch), signature, out_hash);
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64URL, aim_bytes_from(signature, 64), text);
	message->signature = (aim_str){text, len};
	if (rc == AIM_OK)
		rc = aim__fields_object(out, &kind->fields, message);
	message->signature = (aim_str){NULL, 0};
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim__handshake_sign(const aim__handshake_kind *kind, aim__handshake_message *message, const aim_key *key,
                               aim_buf *out, uint8_t out_hash[32], aim_error *err)
{
	aim_buf scratch;
	const aim_ctx *ctx = aim__key_ctx(key);
	if (!kind->valid(ctx, message))
		return malformed(kind, err);
	aim__buf_init(&scratch, aim__key_ctx(key));
	aim_status rc = sign_and_write(kind, message, key, &scratch, out, out_hash, err);
	aim__buf_dispose(&scratch);
	return rc;
}

aim_status aim__handshake_random_hex(const aim_ctx *ctx, size_t n_digits, char *out)
{
	uint8_t bytes[AIM__HANDSHAKE_NONCE_LEN / 2];
	aim_status rc = aim__ctx_random(ctx, bytes, n_digits / 2);
	if (rc != AIM_OK)
		return rc;
	aim__hex_write(aim_bytes_from(bytes, n_digits / 2), out);
	out[n_digits] = '\0';
	return AIM_OK;
}

/* ---- reading ---- */

/* Whether doc holds what message says, and nothing else. */
static aim_status check_spelling(const aim__handshake_kind *kind, const aim_json *doc,
                                 const aim__handshake_message *message, aim_error *err)
{
	aim_buf mine, theirs;
	aim__buf_init(&mine, doc->ctx);
	aim__buf_init(&theirs, doc->ctx);
	aim_status rc = aim__fields_object(&mine, &kind->fields, message);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(doc, AIM_JSON_ROOT, 0, &theirs, NULL);
	int same = rc == AIM_OK && aim_str_equal(aim_buf_str(&mine), aim_buf_str(&theirs));
	aim__buf_dispose(&theirs);
	aim__buf_dispose(&mine);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	return same ? AIM_OK : malformed(kind, err);
}

static aim_status read_document(const aim__handshake_kind *kind, aim_json *doc, aim_bytes json, aim__arena *arena,
                                aim__handshake_message *m, aim_error *err)
{
	uint8_t signature[64];
	aim_status rc = aim_json_parse(doc, json, AIM_JSON_BORROW, NULL);
	if (rc == AIM_OK && aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		rc = AIM_E_ENVELOPE;
	if (rc == AIM_OK)
		rc = aim__fields_read(doc->ctx, &kind->fields, doc, AIM_JSON_ROOT, arena, m, NULL);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	if (rc != AIM_OK || !kind->valid(doc->ctx, m) || m->signature.len != SIGNATURE_TEXT ||
	    aim__encoding_read_exact(AIM_ENCODING_BASE64URL, m->signature, signature, 64) != AIM_OK)
		return malformed(kind, err);
	return check_spelling(kind, doc, m, err);
}

aim_status aim__handshake_read(const aim__handshake_kind *kind, aim_ctx *ctx, aim_bytes json, aim__arena *arena,
                               aim__handshake_message *out, aim_error *err)
{
	aim_json doc;
	aim__handshake_message m;
	if (json.len > AIM_HANDSHAKE_MAX_BYTES)
		return malformed(kind, err);
	memset(&m, 0, sizeof m);
	aim__json_init(&doc, ctx);
	aim_status rc = read_document(kind, &doc, json, arena, &m, err);
	aim__json_dispose(&doc);
	if (rc == AIM_OK)
		*out = m;
	return rc;
}

aim_status aim__handshake_check_signature(const aim__handshake_kind *kind, aim_ctx *ctx,
                                          const aim__handshake_message *message, const aim_public_key *key,
                                          uint8_t out_hash[32], aim_error *err)
{
	aim_buf bytes;
	uint8_t signature[64];
	aim__buf_init(&bytes, ctx);
	aim_status rc = aim__signature_read(message->signature, signature);
	if (rc == AIM_OK)
		rc = aim__handshake_signed_bytes(kind, message, &bytes);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	if (rc == AIM_OK)
		rc = aim__ed25519_verify_strict(ctx, key->bytes, aim_buf_bytes(&bytes), signature, err);
	if (rc == AIM_OK && (rc = hash_of(ctx, aim_buf_bytes(&bytes), signature, out_hash)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&bytes);
	return rc;
}
