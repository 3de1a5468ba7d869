/* evidence/envelope.c — HMAC envelopes. Layer evidence; knows a shared secret, not who holds it. */
#include <aim/envelope.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/provider.h"
#include "evidence/replay.h"
#include "evidence/signed.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE

#define MAC_LEN 32u
#define MAC_TEXT 44u
#define FRESH_NONCE_LEN 24u
#define MIN_NONCE 16u
#define MAX_NONCE 128u
#define MAX_SENDER 256u
#define MAX_TIMESTAMP 40u
#define FINGERPRINT_LEN 16u
#define N_PARTS 9u

static const char label[] = "libaim/envelope/v1\n";
static const char fingerprint_label[] = "libaim/envelope-key/v1\n";

struct aim_envelope_key {
	aim_ctx *ctx; /* referenced */
	uint8_t *secret; /* secret memory */
	size_t len;
	uint8_t fingerprint[FINGERPRINT_LEN]; /* keeps the nonces of different secrets apart */
};

struct aim_envelope {
	aim_ctx *ctx; /* referenced */
	size_t size;  /* of this block */
	int64_t timestamp_us;
	aim_str payload;
	aim_str nonce;
	aim_str sender;
	char bytes[]; /* of the three */
};

/* ---- keys ---- */

aim_status aim_envelope_make_secret(const aim_ctx *ctx, uint8_t out[32])
{
	uint8_t secret[32];
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__ctx_random(ctx, secret, sizeof secret);
	if (rc == AIM_OK)
		memcpy(out, secret, sizeof secret);
	aim__wipe(secret, sizeof secret);
	return rc;
}

static aim_status fill_key(aim_envelope_key *key, aim_bytes secret, aim_error *err)
{
	uint8_t mac[MAC_LEN];
	const aim_bytes part = {(const uint8_t *)fingerprint_label, sizeof fingerprint_label - 1};
	key->secret = aim__secret_alloc(key->ctx, secret.len);
	if (!key->secret)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	key->len = secret.len;
	memcpy(key->secret, secret.ptr, secret.len);
	aim_status rc = aim__hmac_sha256(key->ctx, secret, &part, 1, mac);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	memcpy(key->fingerprint, mac, FINGERPRINT_LEN);
	AIM__DECLASSIFY(key->fingerprint, FINGERPRINT_LEN);
	aim__wipe(mac, sizeof mac);
	return AIM_OK;
}

aim_status aim_envelope_key_new(aim_ctx *ctx, aim_bytes secret, aim_envelope_key **out, aim_error *err)
{
	if (!ctx || !out || (!secret.ptr && secret.len > 0))
		return AIM__MISUSE(ctx, "ctx, secret and out are required");
	if (secret.len < AIM_ENVELOPE_MIN_SECRET_LEN || secret.len > AIM_ENVELOPE_MAX_SECRET_LEN)
		return aim__fail(err, AIM_E_KEY, LAYER,
		                 "the secret of an envelope key has %u to %u bytes; this has %zu",
		                 AIM_ENVELOPE_MIN_SECRET_LEN, AIM_ENVELOPE_MAX_SECRET_LEN, secret.len);
	aim_envelope_key *key = aim__alloc_zeroed(ctx, sizeof *key);
	if (!key)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	key->ctx = aim__ctx_ref(ctx);
	aim_status rc = fill_key(key, secret, err);
	if (rc == AIM_OK)
		*out = key;
	else
		aim_envelope_key_free(key);
	return rc;
}

void aim_envelope_key_free(aim_envelope_key *key)
{
	if (!key)
		return;
	aim_ctx *ctx = key->ctx;
	aim__secret_free(ctx, key->secret, key->len);
	aim__wipe(key, sizeof *key);
	aim__free(ctx, key, sizeof *key);
	aim__ctx_unref(ctx);
}

/* ---- the signed bytes ---- */

/* What an envelope says, as text. sender.ptr NULL: not named. */
typedef struct fields {
	aim_str payload;
	aim_str nonce;
	aim_str timestamp;
	aim_str sender;
} fields;

static void write_length(const aim_str *text, uint8_t out[8])
{
	const uint64_t len = text->ptr ? text->len : UINT64_MAX;
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(len >> (56 - 8 * i));
}

static aim_status make_mac(const aim_envelope_key *key, const fields *f, uint8_t out[MAC_LEN],
                           aim_error *err)
{
	const aim_str *const texts[] = {&f->payload, &f->nonce, &f->timestamp, &f->sender};
	uint8_t lengths[4][8];
	aim_bytes parts[N_PARTS];
	parts[0] = (aim_bytes){(const uint8_t *)label, sizeof label - 1};
	for (size_t i = 0; i < 4; i++) {
		write_length(texts[i], lengths[i]);
		parts[1 + 2 * i] = (aim_bytes){lengths[i], sizeof lengths[i]};
		parts[2 + 2 * i] = aim_bytes_from_str(*texts[i]);
	}
	const aim_bytes secret = {key->secret, key->len};
	aim_status rc = aim__hmac_sha256(key->ctx, secret, parts, N_PARTS, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

/* ---- sealing ---- */

static aim_status write_json(const fields *f, aim_str signature, aim_buf *out, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "nonce", f->nonce);
	aim__write_member_string(&w, "payload", f->payload);
	if (f->sender.ptr)
		aim__write_member_string(&w, "sender_id", f->sender);
	aim__write_member_string(&w, "signature", signature);
	aim__write_member_string(&w, "timestamp", f->timestamp);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

static aim_status check_seal(const aim_envelope_key *key, aim_str payload, aim_str sender, aim_error *err)
{
	if (payload.len > key->ctx->limits.max_message_bytes)
		return aim__fail(err, AIM_E_LIMIT, LAYER,
		                 "the payload of %zu bytes is over limits.max_message_bytes", payload.len);
	if (sender.ptr && (sender.len == 0 || sender.len > MAX_SENDER))
		return aim__fail(err, AIM_E_INVALID, LAYER, "a sender has 1 to %u bytes; this has %zu", MAX_SENDER,
		                 sender.len);
	return AIM_OK;
}

aim_status aim_envelope_seal(const aim_envelope_key *key, aim_str payload, aim_str sender,
                             int64_t now_us, aim_buf *out, aim_error *err)
{
	uint8_t fresh[FRESH_NONCE_LEN], mac[MAC_LEN];
	char nonce[FRESH_NONCE_LEN * 2], signature[MAC_TEXT], timestamp[AIM__TIME_TEXT_SIZE];
	if (!key || !out || (!payload.ptr && payload.len > 0) || (!sender.ptr && sender.len > 0))
		return AIM__MISUSE(key ? key->ctx : NULL, "key, payload and out are required");
	aim_status rc = check_seal(key, payload, sender, err);
	if (rc != AIM_OK)
		return rc;
	if (now_us < 0 || aim__time_format_us(timestamp, now_us) != AIM_OK)
		return aim__fail(err, AIM_E_TIMESTAMP, LAYER, "now_us is not between the years 1970 and 9999");
	rc = aim__ctx_random(key->ctx, fresh, sizeof fresh);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	const aim_bytes fresh_bytes = {fresh, sizeof fresh};
	const aim_bytes mac_bytes = {mac, sizeof mac};
	fields f = {.payload = payload, .timestamp = aim_str_from(timestamp), .sender = sender};
	f.payload.ptr = payload.ptr ? payload.ptr : "";
	f.nonce = (aim_str){nonce, aim__encoding_write(AIM_ENCODING_BASE64URL, fresh_bytes, nonce)};
	rc = make_mac(key, &f, mac, err);
	if (rc != AIM_OK)
		return rc;
	AIM__DECLASSIFY(mac, sizeof mac);
	const size_t len = aim__encoding_write(AIM_ENCODING_BASE64, mac_bytes, signature);
	return write_json(&f, (aim_str){signature, len}, out, err);
}

/* ---- opening ---- */

static aim_status malformed(const char *pointer, const char *what, aim_error *err)
{
	aim__fail(err, AIM_E_ENVELOPE, LAYER, "an envelope's %s", what);
	aim__error_pointer(err, aim_str_from(pointer));
	return AIM_E_ENVELOPE;
}

/* The members and their sizes. */
typedef struct member {
	const char *name;
	const char *pointer;
	const char *what;
	size_t min, max;
	int optional;
} member;

#define N_MEMBERS 5u

static const member members[N_MEMBERS] = {
	{"payload", "/payload", "payload is not a string", 0, SIZE_MAX, 0},
	{"nonce", "/nonce", "nonce is not a string of 16 to 128 bytes", MIN_NONCE, MAX_NONCE, 0},
	{"timestamp", "/timestamp", "timestamp is not a string of 1 to 40 bytes", 1, MAX_TIMESTAMP, 0},
	{"signature", "/signature", "signature is not base64 of 32 bytes", MAC_TEXT, MAC_TEXT, 0},
	{"sender_id", "/sender_id", "sender_id is neither absent, nor null, nor a string of 1 to 256 bytes", 1,
     MAX_SENDER, 1},
};

/* *n_found counts what the object may hold, so that nothing else is in it. */
static aim_status read_member(const aim_json *doc, const member *m, aim_str *out, size_t *n_found,
                              aim_error *err)
{
	const aim_json_value value = aim__json_member_text(doc, AIM_JSON_ROOT, m->name);
	const uint32_t type = aim__json_type(doc, value);
	*out = (aim_str){NULL, 0};
	*n_found += value != AIM_JSON_NONE;
	if (m->optional && (value == AIM_JSON_NONE || type == AIM_JSON_NULL))
		return AIM_OK;
	*out = aim__json_string(doc, value);
	if (type != AIM_JSON_STRING || out->len < m->min || out->len > m->max)
		return malformed(m->pointer, m->what, err);
	if (!out->ptr)
		out->ptr = ""; /* there, and empty */
	return AIM_OK;
}

static aim_status read_fields(const aim_json *doc, fields *f, uint8_t mac[MAC_LEN], aim_error *err)
{
	aim_str signature;
	aim_str *const places[N_MEMBERS] = {&f->payload, &f->nonce, &f->timestamp, &signature, &f->sender};
	size_t n_found = 0;
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return malformed("", "form is a JSON object", err);
	for (size_t i = 0; i < N_MEMBERS; i++) {
		aim_status rc = read_member(doc, &members[i], places[i], &n_found, err);
		if (rc != AIM_OK)
			return rc;
	}
	if (aim_json_count(doc, AIM_JSON_ROOT) != n_found)
		return malformed("", "object has a member that it may not have", err);
	if (aim__encoding_read_exact(AIM_ENCODING_BASE64, signature, mac, MAC_LEN) != AIM_OK)
		return malformed("/signature", "signature is not base64 of 32 bytes", err);
	return AIM_OK;
}

static aim_status check_mac(const aim_envelope_key *key, const fields *f, const uint8_t mac[MAC_LEN],
                            aim_error *err)
{
	uint8_t expected[MAC_LEN];
	aim_status rc = make_mac(key, f, expected, err);
	if (rc != AIM_OK)
		return rc;
	int same = aim__equal_constant_time(mac, expected, MAC_LEN);
	aim__wipe(expected, sizeof expected);
	return same ? AIM_OK
	            : aim__fail(err, AIM_E_SIGNATURE, LAYER, "the envelope was not sealed with this secret");
}

/* Whose nonce it is: the secret's and the sender's. */
typedef struct scope {
	uint8_t bytes[FINGERPRINT_LEN + MAX_SENDER];
	size_t len;
} scope;

static void make_scope(const aim_envelope_key *key, aim_str sender, scope *out)
{
	memcpy(out->bytes, key->fingerprint, FINGERPRINT_LEN);
	if (sender.len > 0)
		memcpy(out->bytes + FINGERPRINT_LEN, sender.ptr, sender.len);
	out->len = FINGERPRINT_LEN + sender.len;
}

static aim_status accept(aim_replay *guard, const aim_envelope_key *key, const fields *f,
                         const uint8_t mac[MAC_LEN], const aim_replay_use *use, aim_error *err)
{
	aim_status rc = aim_replay_check(guard, use, err);
	if (rc == AIM_OK)
		rc = check_mac(key, f, mac, err);
	return rc == AIM_OK ? aim_replay_remember(guard, use, err) : rc;
}

static aim_str keep(char **at, aim_str text)
{
	aim_str kept = {NULL, text.len};
	if (!text.ptr)
		return kept;
	kept.ptr = *at;
	if (text.len > 0)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

/* Made before the nonce is used up, so that a failure here loses no message. */
static aim_envelope *new_envelope(aim_ctx *ctx, const fields *f, int64_t timestamp_us)
{
	const size_t size = sizeof(aim_envelope) + f->payload.len + f->nonce.len + f->sender.len;
	aim_envelope *envelope = aim__alloc_zeroed(ctx, size);
	if (!envelope)
		return NULL;
	char *at = envelope->bytes;
	envelope->ctx = aim__ctx_ref(ctx);
	envelope->size = size;
	envelope->timestamp_us = timestamp_us;
	envelope->payload = keep(&at, f->payload);
	envelope->nonce = keep(&at, f->nonce);
	envelope->sender = keep(&at, f->sender);
	return envelope;
}

/* Forms, then the order of aim/replay.h. */
static aim_status open_document(aim_replay *guard, const aim_envelope_key *key, const aim_json *doc,
                                uint32_t window_s, int64_t now_us, aim_envelope **out, aim_error *err)
{
	fields f;
	scope whose;
	uint8_t mac[MAC_LEN];
	aim_replay_use use = {.struct_size = sizeof use, .now_us = now_us};
	aim_status rc = read_fields(doc, &f, mac, err);
	if (rc != AIM_OK)
		return rc;
	if (aim__time_parse_us(f.timestamp, &use.timestamp_us) != AIM_OK)
		return aim__fail(err, AIM_E_TIMESTAMP, LAYER, "an envelope's timestamp is not one of RFC 3339");
	make_scope(key, f.sender, &whose);
	use.scope = (aim_bytes){whose.bytes, whose.len};
	use.nonce = aim_bytes_from_str(f.nonce);
	use.max_age_us = (window_s ? window_s : AIM__SIGNED_WINDOW_S) * AIM__US_PER_S;
	use.max_ahead_us = use.max_age_us;
	aim_envelope *envelope = new_envelope(key->ctx, &f, use.timestamp_us);
	if (!envelope)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	rc = accept(guard, key, &f, mac, &use, err);
	if (rc == AIM_OK)
		*out = envelope;
	else
		aim_envelope_free(envelope);
	return rc;
}

aim_status aim_envelope_open(aim_replay *guard, const aim_envelope_key *key, aim_bytes text,
                             uint32_t window_s, int64_t now_us, aim_envelope **out, aim_error *err)
{
	aim_json doc;
	if (!guard || !key || !out || (!text.ptr && text.len > 0))
		return AIM__MISUSE(key ? key->ctx : NULL, "guard, key, text and out are required");
	aim__json_init(&doc, key->ctx);
	aim_status rc = aim_json_parse(&doc, text, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = open_document(guard, key, &doc, window_s, now_us, out, err);
	aim__json_dispose(&doc);
	return rc;
}

void aim_envelope_free(aim_envelope *envelope)
{
	if (!envelope)
		return;
	aim_ctx *ctx = envelope->ctx;
	const size_t size = envelope->size;
	aim__wipe(envelope, size);
	aim__free(ctx, envelope, size);
	aim__ctx_unref(ctx);
}

aim_str aim_envelope_payload(const aim_envelope *envelope)
{
	return envelope ? envelope->payload : (aim_str){NULL, 0};
}

aim_str aim_envelope_sender(const aim_envelope *envelope)
{
	return envelope ? envelope->sender : (aim_str){NULL, 0};
}

aim_str aim_envelope_nonce(const aim_envelope *envelope)
{
	return envelope ? envelope->nonce : (aim_str){NULL, 0};
}

int64_t aim_envelope_timestamp_us(const aim_envelope *envelope)
{
	return envelope ? envelope->timestamp_us : 0;
}
