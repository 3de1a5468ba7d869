/* crypto/keystore_json.c — the keystore's container as JSON, both ways. Layer crypto; knows no secret.
 *
 * The checksum is over the values, not the text, so a person may re-indent the file. It guards against accidents, not
 * against attackers: what they change is caught by the seal. */
#include "crypto/keystore.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "codec/writer.h"
#include "crypto/provider.h"

#include <string.h>

static const char format_name[] = "libaim-keystore";
static const char *const purpose_names[] = {
	[AIM_KEY_AGENT] = "agent", [AIM_KEY_SERVER] = "server", [AIM_KEY_LOG] = "log", [AIM_KEY_WRAP] = "wrap"};
#define N_PURPOSES (sizeof purpose_names / sizeof *purpose_names)

#define CHECKSUM_LEN 32

/* --- checksum --- */

static void put_u32(uint8_t out[4], uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

/* SHA-256 over a label and every value; those of variable length stand behind their lengths. */
static aim_status checksum(const aim_ctx *ctx, const aim__keystore *k, uint8_t out[CHECKSUM_LEN])
{
	static const char label[] = "libaim/keystore/checksum/v1\n";
	uint8_t head[7][4];
	put_u32(head[0], AIM__KEYSTORE_VERSION);
	put_u32(head[1], k->purpose);
	put_u32(head[2], k->passes);
	put_u32(head[3], k->memory_kib);
	put_u32(head[4], (uint32_t)k->agent_id.len);
	put_u32(head[5], (uint32_t)k->wrapper_name.len);
	put_u32(head[6], (uint32_t)k->wrapped_len);
	const aim_bytes parts[] = {
		{(const uint8_t *)label, sizeof label - 1},
		{head[0], sizeof head},
		aim_bytes_from_str(k->agent_id),
		aim_bytes_from_str(k->wrapper_name),
		{k->wrapped, k->wrapped_len},
		{k->public_key.bytes, sizeof k->public_key.bytes},
		{k->salt, sizeof k->salt},
		{k->nonce, sizeof k->nonce},
		{k->sealed, sizeof k->sealed},
		{k->check, sizeof k->check},
	};
	return aim__sha256(ctx, parts, sizeof parts / sizeof *parts, out);
}

/* --- out --- */

static void write_bytes(aim__json_writer *w, const char *name, const uint8_t *bytes, size_t len)
{
	char text[(AIM_KEYSTORE_WRAPPED_MAX * 4 + 2) / 3 + 4];
	size_t n = aim__encoding_write(AIM_ENCODING_BASE64URL, (aim_bytes){bytes, len}, text);
	aim__write_member_string(w, name, (aim_str){text, n});
}

static void write_kdf(aim__json_writer *w, const aim__keystore *k)
{
	aim__write_key(w, "kdf");
	aim__write_begin_object(w);
	aim__write_member_int64(w, "memory_kib", k->memory_kib);
	aim__write_member_text(w, "name", "argon2id");
	aim__write_member_int64(w, "passes", k->passes);
	write_bytes(w, "salt", k->salt, sizeof k->salt);
	aim__write_end_object(w);
}

static void write_wrap(aim__json_writer *w, const aim__keystore *k)
{
	aim__write_key(w, "wrap");
	aim__write_begin_object(w);
	write_bytes(w, "key", k->wrapped, k->wrapped_len);
	aim__write_member_string(w, "name", k->wrapper_name);
	aim__write_end_object(w);
}

aim_status aim__keystore_write(const aim_ctx *ctx, const aim__keystore *k, aim_buf *out)
{
	uint8_t sum[CHECKSUM_LEN];
	char public_text[AIM_KEY_PUBLIC_TEXT_SIZE];
	aim__json_writer w;
	aim_status rc = checksum(ctx, k, sum);
	if (rc == AIM_OK)
		rc = aim_key_public_text(&k->public_key, public_text);
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "agent", k->agent_id);
	write_bytes(&w, "check", k->check, sizeof k->check);
	write_bytes(&w, "checksum", sum, sizeof sum);
	aim__write_member_text(&w, "cipher", "xchacha20-poly1305");
	aim__write_member_text(&w, "format", format_name);
	if (k->wrapper_name.len == 0)
		write_kdf(&w, k);
	aim__write_member_text(&w, "key_id", k->key_id);
	write_bytes(&w, "nonce", k->nonce, sizeof k->nonce);
	aim__write_member_text(&w, "public_key", public_text);
	aim__write_member_text(&w, "purpose", purpose_names[k->purpose]);
	write_bytes(&w, "sealed", k->sealed, sizeof k->sealed);
	aim__write_member_int64(&w, "version", AIM__KEYSTORE_VERSION);
	if (k->wrapper_name.len > 0)
		write_wrap(&w, k);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

/* --- in --- */

static aim_status refuse(aim_error *err, const char *flaw)
{
	return aim__fail(err, AIM_E_KEYSTORE, AIM_LAYER_CRYPTO, "not a usable keystore: %s", flaw);
}

static aim_str text_of(const aim_json *doc, aim_json_value object, const char *name)
{
	return aim__json_string(doc, aim__json_member_text(doc, object, name));
}

static int text_is(const aim_json *doc, aim_json_value object, const char *name, const char *expected)
{
	aim_str text = text_of(doc, object, name);
	return text.ptr && aim_str_equal(text, aim_str_from(expected));
}

static int read_u32(const aim_json *doc, aim_json_value object, const char *name, uint32_t *out)
{
	int64_t value = 0;
	if (aim_json_int64(doc, aim__json_member_text(doc, object, name), &value) != AIM_OK || value < 0 ||
	    value > UINT32_MAX)
		return 0;
	*out = (uint32_t)value;
	return 1;
}

static int read_bytes(const aim_json *doc, aim_json_value object, const char *name, uint8_t *out, size_t len)
{
	aim_str text = text_of(doc, object, name);
	return text.ptr && aim__encoding_read_exact(AIM_ENCODING_BASE64URL, text, out, len) == AIM_OK;
}

/* Exactly the members of this version: one that this library does not know could mean anything. */
static int has_only(const aim_json *doc, aim_json_value object, const char *const *names, size_t n_names)
{
	if (aim__json_type(doc, object) != AIM_JSON_OBJECT || aim_json_count(doc, object) != n_names)
		return 0;
	for (size_t i = 0; i < n_names; i++)
		if (aim__json_member_text(doc, object, names[i]) == AIM_JSON_NONE)
			return 0;
	return 1;
}

static int read_kdf(const aim_json *doc, aim_json_value kdf, aim__keystore *k)
{
	static const char *const names[] = {"memory_kib", "name", "passes", "salt"};
	return has_only(doc, kdf, names, 4) && text_is(doc, kdf, "name", "argon2id") &&
	       read_u32(doc, kdf, "passes", &k->passes) && read_u32(doc, kdf, "memory_kib", &k->memory_kib) &&
	       read_bytes(doc, kdf, "salt", k->salt, sizeof k->salt) && k->passes > 0;
}

static int read_wrap(const aim_json *doc, aim_json_value wrap, aim__keystore *k)
{
	static const char *const names[] = {"key", "name"};
	if (!has_only(doc, wrap, names, 2))
		return 0;
	aim_str text = text_of(doc, wrap, "key");
	k->wrapper_name = text_of(doc, wrap, "name");
	return k->wrapper_name.len > 0 && k->wrapper_name.len <= AIM__KEYSTORE_NAME_MAX && text.len > 0 &&
	       aim__encoding_read(AIM_ENCODING_BASE64URL, text, k->wrapped, sizeof k->wrapped, &k->wrapped_len,
	                          NULL) == AIM_OK;
}

static int read_purpose(const aim_json *doc, aim__keystore *k)
{
	for (uint32_t i = AIM_KEY_AGENT; i < N_PURPOSES; i++)
		if (text_is(doc, AIM_JSON_ROOT, "purpose", purpose_names[i]))
			k->purpose = i;
	return k->purpose != 0;
}

/* Only the form that is written: the text is not part of the checksum. */
static int read_public(const aim_json *doc, aim__keystore *k)
{
	char again[AIM_KEY_PUBLIC_TEXT_SIZE];
	aim_str text = text_of(doc, AIM_JSON_ROOT, "public_key");
	return text.len == sizeof again - 1 &&
	       aim_key_public_parse(doc->ctx, aim_bytes_from_str(text), &k->public_key, NULL) == AIM_OK &&
	       aim_key_public_text(&k->public_key, again) == AIM_OK &&
	       memcmp(again, text.ptr, text.len) == 0;
}

static aim_status read_members(const aim_json *doc, aim__keystore *k, aim_error *err)
{
	static const char *const names[] = {"agent", "check", "checksum", "cipher", "format", "key_id", "nonce",
	                                    "public_key", "purpose", "sealed", "version", "kdf"};
	static const char *const wrapped_names[] = {"agent", "check", "checksum", "cipher", "format", "key_id",
	                                            "nonce", "public_key", "purpose", "sealed", "version", "wrap"};
	aim_json_value wrap = aim__json_member_text(doc, AIM_JSON_ROOT, "wrap");
	if (!has_only(doc, AIM_JSON_ROOT, wrap == AIM_JSON_NONE ? names : wrapped_names, 12))
		return refuse(err, "members are missing or unknown");
	k->agent_id = text_of(doc, AIM_JSON_ROOT, "agent");
	if (!k->agent_id.ptr || k->agent_id.len > AIM_KEYSTORE_MAX_AGENT_BYTES)
		return refuse(err, "its agent is no text or too long");
	if (!text_is(doc, AIM_JSON_ROOT, "cipher", "xchacha20-poly1305"))
		return refuse(err, "its cipher is not xchacha20-poly1305");
	if (wrap != AIM_JSON_NONE && !read_wrap(doc, wrap, k))
		return refuse(err, "its wrap does not hold a name and a wrapped key");
	if (wrap == AIM_JSON_NONE && !read_kdf(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "kdf"), k))
		return refuse(err, "its kdf does not hold the parameters of argon2id");
	if (!read_purpose(doc, k) || !read_public(doc, k))
		return refuse(err, "its purpose or public key is not usable");
	if (!read_bytes(doc, AIM_JSON_ROOT, "nonce", k->nonce, sizeof k->nonce) ||
	    !read_bytes(doc, AIM_JSON_ROOT, "sealed", k->sealed, sizeof k->sealed) ||
	    !read_bytes(doc, AIM_JSON_ROOT, "check", k->check, sizeof k->check))
		return refuse(err, "its nonce, sealed or check has a wrong length or is not base64url");
	return AIM_OK;
}

static aim_status verify_sums(const aim_json *doc, aim__keystore *k, aim_error *err)
{
	uint8_t expected[CHECKSUM_LEN];
	uint8_t found[CHECKSUM_LEN];
	aim_status rc = checksum(doc->ctx, k, expected);
	if (rc == AIM_OK)
		rc = aim_key_id(doc->ctx, &k->public_key, k->key_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	if (!read_bytes(doc, AIM_JSON_ROOT, "checksum", found, sizeof found) ||
	    memcmp(expected, found, sizeof found) != 0)
		return refuse(err, "it is damaged: its checksum does not match");
	if (!text_is(doc, AIM_JSON_ROOT, "key_id", k->key_id))
		return refuse(err, "it is damaged: its key id is not that of its public key");
	return AIM_OK;
}

aim_status aim__keystore_read(aim_json *doc, aim_bytes sealed, aim__keystore *k, aim_error *err)
{
	uint32_t version = 0;
	memset(k, 0, sizeof *k);
	if (sealed.len > AIM_KEYSTORE_MAX_BYTES)
		return refuse(err, "it is longer than 8192 bytes");
	aim_status rc = aim_json_parse(doc, sealed, AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	if (rc != AIM_OK)
		return refuse(err, aim_status_text(rc));
	if (!text_is(doc, AIM_JSON_ROOT, "format", format_name))
		return refuse(err, "its format is not libaim-keystore");
	if (!read_u32(doc, AIM_JSON_ROOT, "version", &version) || version == 0)
		return refuse(err, "it has no version");
	if (version != AIM__KEYSTORE_VERSION)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_CRYPTO,
		                 "the keystore has version %u; this library knows version %u", version,
		                 AIM__KEYSTORE_VERSION);
	rc = read_members(doc, k, err);
	return rc == AIM_OK ? verify_sums(doc, k, err) : rc;
}
