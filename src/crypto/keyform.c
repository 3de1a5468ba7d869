/* crypto/keyform.c — which form a key is in, what failures say, and the way out again. Layer crypto; how each form is
 * read and written is in keyform_der, keyform_jwk, keyform_ssh and keyform_text.
 *
 * Two entry points, public and private, share the readers: a reader that meets the other half, another algorithm or
 * an encrypted file says so, because "invalid key" helps nobody. */
#include "crypto/keyform.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "crypto/strict.h"

#include <string.h>

static const char *const names[] = {
	[AIM_KEYFORM_RAW] = "raw",
	[AIM_KEYFORM_HEX] = "hex",
	[AIM_KEYFORM_BASE64] = "base64",
	[AIM_KEYFORM_BASE64_UNPADDED] = "unpadded base64",
	[AIM_KEYFORM_BASE64URL] = "base64url",
	[AIM_KEYFORM_BASE64URL_PADDED] = "padded base64url",
	[AIM_KEYFORM_PREFIXED] = "ed25519:",
	[AIM_KEYFORM_DER] = "DER",
	[AIM_KEYFORM_DER_HEX] = "hex DER",
	[AIM_KEYFORM_PEM] = "PEM",
	[AIM_KEYFORM_JWK] = "JWK",
	[AIM_KEYFORM_DID] = "did:key",
	[AIM_KEYFORM_MULTIBASE] = "multibase",
	[AIM_KEYFORM_OPENSSH] = "OpenSSH",
	[AIM_KEYFORM_DNS] = "DNS",
	[AIM_KEYFORM_PAIR] = "seed and public key",
};

const char *aim_keyform_name(uint32_t form)
{
	return form > 0 && form < sizeof names / sizeof *names ? names[form] : "unknown";
}

/* --- what failures say --- */

void aim__keyform_recognised(aim__keyform *k, uint32_t form, const char *title)
{
	k->form = form;
	k->title = title;
}

static const char *half(int is_private)
{
	return is_private ? "private" : "public";
}

aim_status aim__keyform_flaw(aim__keyform *k, const char *flaw)
{
	return aim__fail(k->err, AIM_E_KEY, AIM_LAYER_CRYPTO, "invalid %s key: the %s form %s",
	                 half(k->wants_private), k->title, flaw);
}

aim_status aim__keyform_other(aim__keyform *k, const char *algorithm)
{
	return aim__fail(k->err, AIM_E_KEY_ALGORITHM, AIM_LAYER_CRYPTO,
	                 "invalid %s key: %s in %s form; an Ed25519 key is expected", half(k->wants_private),
	                 algorithm, k->title);
}

aim_status aim__keyform_half(aim__keyform *k)
{
	return aim__fail(k->err, AIM_E_KEY_HALF, AIM_LAYER_CRYPTO,
	                 "invalid %s key: a %s key in %s form; a %s key is expected", half(k->wants_private),
	                 half(!k->wants_private), k->title, half(k->wants_private));
}

aim_status aim__keyform_encrypted(aim__keyform *k)
{
	if (!k->wants_private)
		return aim__keyform_half(k);
	return aim__fail(k->err, AIM_E_KEY_ENCRYPTED, AIM_LAYER_CRYPTO,
	                 "invalid private key: the %s form is encrypted with a passphrase; remove it first "
	                 "with the program that made it",
	                 k->title);
}

aim_status aim__keyform_take_public(aim__keyform *k, const uint8_t bytes[AIM_KEY_PUBLIC_LEN])
{
	const char *flaw = aim__ed25519_point_flaw(bytes);
	if (flaw)
		return aim__fail(k->err, AIM_E_KEY, AIM_LAYER_CRYPTO,
		                 "invalid %s key: the public key in %s form %s", half(k->wants_private),
		                 k->title, flaw);
	memcpy(k->public_key.bytes, bytes, AIM_KEY_PUBLIC_LEN);
	k->has_public = 1;
	return AIM_OK;
}

/* --- bare keys --- */

static aim_status take_seed(aim__keyform *k, const uint8_t *bytes, size_t n)
{
	memcpy(k->seed, bytes, AIM_KEY_SEED_LEN);
	k->has_seed = 1;
	return n == AIM_KEY_SEED_LEN ? AIM_OK : aim__keyform_take_public(k, bytes + AIM_KEY_SEED_LEN);
}

static aim_status take_bare(aim__keyform *k, const uint8_t *bytes, size_t n)
{
	return k->wants_private ? take_seed(k, bytes, n) : aim__keyform_take_public(k, bytes);
}

static aim_status read_plain(aim__keyform *k, aim_str text, size_t offset)
{
	uint8_t bytes[AIM_KEY_SEED_LEN + AIM_KEY_PUBLIC_LEN];
	size_t n = 0;
	aim_status rc = aim__keyform_read_plain(k, text, offset, bytes, &n);
	if (rc == AIM_OK)
		rc = take_bare(k, bytes, n);
	aim__wipe(bytes, sizeof bytes);
	return rc;
}

#define PREFIX_LEN 8

static int has_prefix(aim_bytes input)
{
	return input.len > PREFIX_LEN &&
	       (aim__keyform_starts(input, "ed25519:") || aim__keyform_starts(input, "ed25519_"));
}

static aim_status read_prefixed(aim__keyform *k, aim_bytes input)
{
	aim_bytes rest = {input.ptr + PREFIX_LEN, input.len - PREFIX_LEN};
	aim__keyform_recognised(k, AIM_KEYFORM_PREFIXED, "ed25519:");
	if (k->wants_private)
		return aim__keyform_half(k);
	if (rest.len == AIM_KEY_PUBLIC_LEN)
		return take_bare(k, rest.ptr, rest.len);
	return read_plain(k, (aim_str){(const char *)rest.ptr, rest.len}, PREFIX_LEN);
}

/* --- recognising --- */

/* Whether all of it is hex, base64 or base64url. Looks at every byte: the input may be a seed. */
static int is_word(aim_bytes input)
{
	uint32_t other = 0;
	for (size_t i = 0; i < input.len; i++) {
		uint32_t c = input.ptr[i];
		other |= ~(aim__in_range(c, '0', '9') | aim__in_range(c, 'a', 'z') | aim__in_range(c, 'A', 'Z') |
		           aim__in_range(c, '+', '+') | aim__in_range(c, '/', '/') | aim__in_range(c, '-', '-') |
		           aim__in_range(c, '_', '_') | aim__in_range(c, '=', '=')) & 0xFFu;
	}
	AIM__DECLASSIFY(&other, sizeof other);
	return other == 0;
}

static int is_line_or_file(aim_bytes input)
{
	return aim__keyform_starts(input, "-----BEGIN ") || aim__keyform_starts(input, "ssh-ed25519 ") ||
	       aim__keyform_starts(input, "did:key:") || aim__keyform_starts(input, "v=MCPv1;") ||
	       has_prefix(input);
}

/* 32 bytes, or 64 for a private key, that are no text: no text form of a key has 32 characters, but one that was cut
 * short may. Bytes that look like text by chance are refused once in 2^63 keys. */
static int is_bare(const aim__keyform *k, aim_bytes input)
{
	if (input.len != AIM_KEY_SEED_LEN &&
	    !(k->wants_private && input.len == AIM_KEY_SEED_LEN + AIM_KEY_PUBLIC_LEN))
		return 0;
	return !is_word(input) && !is_line_or_file(input);
}

/* 'z', and no length that base64 or hex of a key has. */
static int is_multibase(aim_bytes input)
{
	static const size_t plain_lengths[] = {43, 44, 64, 86, 88, 128};
	if (aim__keyform_starts(input, "did:"))
		return 1;
	for (size_t i = 0; i < sizeof plain_lengths / sizeof *plain_lengths; i++)
		if (input.len == plain_lengths[i])
			return 0;
	return input.len > 32 && input.ptr[0] == 'z';
}

static aim_status read_any(aim__keyform *k, aim_bytes input)
{
	const aim_str text = {(const char *)input.ptr, input.len};
	aim__keyform_recognised(k, AIM_KEYFORM_RAW, "raw");
	if (input.len > AIM_KEYFORM_MAX_BYTES)
		return aim__keyform_flaw(k, "is longer than any key in use");
	if (is_bare(k, input)) {
		if (input.len > AIM_KEY_SEED_LEN)
			aim__keyform_recognised(k, AIM_KEYFORM_PAIR, "64-byte");
		return take_bare(k, input.ptr, input.len);
	}
	if (aim__keyform_starts(input, "-----BEGIN "))
		return aim__keyform_read_pem(k, text);
	if (aim__keyform_is_der(input))
		return aim__keyform_read_der(k, input);
	if (aim__keyform_is_json(input))
		return aim__keyform_read_jwk(k, input);
	if (aim__keyform_is_ssh_line(input))
		return aim__keyform_read_ssh_line(k, aim__keyform_line(input));
	if (is_multibase(input))
		return aim__keyform_read_multibase(k, text);
	if (aim__keyform_starts(input, "v="))
		return aim__keyform_read_dns(k, text);
	if (has_prefix(input))
		return read_prefixed(k, input);
	if (aim__keyform_is_der_hex(input))
		return aim__keyform_read_der_hex(k, text);
	return read_plain(k, text, 0);
}

/* --- in --- */

aim_status aim_keyform_parse_public(const aim_ctx *ctx, aim_bytes input, aim_public_key *out,
                                    uint32_t *out_form, aim_error *err)
{
	if (!ctx || !out || (!input.ptr && input.len > 0))
		return AIM__MISUSE(ctx, "ctx, input and out are required");
	aim__keyform k = {.ctx = ctx, .err = err};
	aim_status rc = read_any(&k, input);
	if (rc == AIM_OK) {
		*out = k.public_key;
		if (out_form)
			*out_form = k.form;
	}
	if (rc == AIM_E_NOMEM)
		aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	return rc;
}

aim_status aim_key_public_parse(const aim_ctx *ctx, aim_bytes input, aim_public_key *out,
                                aim_error *err)
{
	return aim_keyform_parse_public(ctx, input, out, NULL, err);
}

/* The public key that came along must be that of the seed: a signature under one key that is announced under
 * another would give the seed away (RFC 8032 §8.4 in reverse). */
static aim_status check_pair(aim__keyform *k, const aim_key *key)
{
	aim_public_key derived;
	if (!k->has_public)
		return AIM_OK;
	aim_status rc = aim_key_public(key, &derived);
	if (rc == AIM_OK && memcmp(&derived, &k->public_key, sizeof derived) != 0)
		rc = aim__fail(k->err, AIM_E_KEY_PAIR, AIM_LAYER_CRYPTO,
		               "invalid private key: the %s form holds a public key of another private key",
		               k->title);
	return rc;
}

aim_status aim_keyform_parse_private(aim_ctx *ctx, uint32_t purpose, aim_bytes input, aim_key **out,
                                     uint32_t *out_form, aim_error *err)
{
	aim_key *key = NULL;
	if (!ctx || !out || (!input.ptr && input.len > 0))
		return AIM__MISUSE(ctx, "ctx, input and out are required");
	aim__keyform k = {.ctx = ctx, .err = err, .wants_private = 1};
	aim_status rc = read_any(&k, input);
	if (rc == AIM_E_NOMEM)
		aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(ctx, purpose, (aim_bytes){k.seed, sizeof k.seed}, &key, err);
	if (rc == AIM_OK)
		rc = check_pair(&k, key);
	aim__wipe(k.seed, sizeof k.seed);
	if (rc != AIM_OK) {
		aim_key_unref(key);
		return rc;
	}
	*out = key;
	if (out_form)
		*out_form = k.form;
	return AIM_OK;
}

/* --- out --- */

static uint32_t encoding_of(uint32_t form)
{
	switch (form) {
	case AIM_KEYFORM_HEX: return AIM_ENCODING_HEX;
	case AIM_KEYFORM_BASE64:
	case AIM_KEYFORM_PREFIXED: return AIM_ENCODING_BASE64;
	case AIM_KEYFORM_BASE64_UNPADDED: return AIM_ENCODING_BASE64_UNPADDED;
	case AIM_KEYFORM_BASE64URL: return AIM_ENCODING_BASE64URL;
	case AIM_KEYFORM_BASE64URL_PADDED: return AIM_ENCODING_BASE64URL_PADDED;
	default: return 0;
	}
}

static aim_status write_after(const char *front, uint32_t encoding, const aim_public_key *key, aim_buf *out)
{
	aim_status rc = aim__buf_add_text(out, front);
	return rc == AIM_OK ? aim__keyform_write_text(encoding, key->bytes, sizeof key->bytes, out) : rc;
}

static aim_status write_public(const aim_public_key *key, uint32_t form, aim_buf *out)
{
	switch (form) {
	case AIM_KEYFORM_RAW: return aim__buf_add(out, key->bytes, sizeof key->bytes);
	case AIM_KEYFORM_PREFIXED: return write_after("ed25519:", AIM_ENCODING_BASE64, key, out);
	case AIM_KEYFORM_DNS: return write_after("v=MCPv1; k=ed25519; p=", AIM_ENCODING_BASE64, key, out);
	case AIM_KEYFORM_DER:
	case AIM_KEYFORM_DER_HEX:
	case AIM_KEYFORM_PEM: return aim__keyform_write_spki(key, form, out);
	case AIM_KEYFORM_JWK: return aim__keyform_write_jwk(key, NULL, out);
	case AIM_KEYFORM_DID: {
		aim_status rc = aim__buf_add_text(out, "did:key:");
		return rc == AIM_OK ? aim__keyform_write_multibase(key, out) : rc;
	}
	case AIM_KEYFORM_MULTIBASE: return aim__keyform_write_multibase(key, out);
	case AIM_KEYFORM_OPENSSH: return aim__keyform_write_ssh_line(key, out);
	default: return aim__keyform_write_text(encoding_of(form), key->bytes, sizeof key->bytes, out);
	}
}

static int is_form(uint32_t form, int is_private)
{
	if (form == AIM_KEYFORM_DID || form == AIM_KEYFORM_MULTIBASE || form == AIM_KEYFORM_DNS ||
	    form == AIM_KEYFORM_PREFIXED)
		return !is_private;
	return form == AIM_KEYFORM_PAIR ? is_private : form >= AIM_KEYFORM_RAW && form < AIM_KEYFORM_PAIR;
}

aim_status aim_keyform_public(const aim_ctx *ctx, const aim_public_key *public_key, uint32_t form,
                              aim_buf *out)
{
	if (!ctx || !public_key || !out || !is_form(form, 0))
		return AIM__MISUSE(ctx, "ctx, public_key, out and a form of public keys are required");
	aim_status rc = aim_key_public_check(public_key, NULL);
	size_t start = out->len;
	if (rc == AIM_OK)
		rc = write_public(public_key, form, out);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

static aim_status write_private(const aim_ctx *ctx, const aim_public_key *key, const uint8_t seed[32],
                                uint32_t form, aim_buf *out)
{
	switch (form) {
	case AIM_KEYFORM_RAW: return aim__buf_add(out, seed, AIM_KEY_SEED_LEN);
	case AIM_KEYFORM_PAIR: {
		aim_status rc = aim__buf_add(out, seed, AIM_KEY_SEED_LEN);
		return rc == AIM_OK ? aim__buf_add(out, key->bytes, sizeof key->bytes) : rc;
	}
	case AIM_KEYFORM_DER:
	case AIM_KEYFORM_DER_HEX:
	case AIM_KEYFORM_PEM: return aim__keyform_write_pkcs8(seed, form, out);
	case AIM_KEYFORM_JWK: return aim__keyform_write_jwk(key, seed, out);
	case AIM_KEYFORM_OPENSSH: return aim__keyform_write_ssh_private(ctx, key, seed, out);
	default: return aim__keyform_write_text(encoding_of(form), seed, AIM_KEY_SEED_LEN, out);
	}
}

/* More than any private form needs: a buffer that grew half way would leave a copy behind. */
#define PRIVATE_TEXT_MAX 1024

aim_status aim_keyform_private(const aim_key *key, uint32_t form, aim_buf *out, aim_error *err)
{
	uint8_t seed[AIM_KEY_SEED_LEN];
	aim_public_key public_key;
	if (!key || !out || !is_form(form, 1))
		return AIM__MISUSE(NULL, "key, out and a form of private keys are required");
	aim_status rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_key_export_seed(key, seed);
	if (rc == AIM_E_UNSUPPORTED)
		return aim__fail(err, rc, AIM_LAYER_CRYPTO,
		                 "the private key lives outside the library and cannot be exported");
	size_t start = out->len;
	if (rc == AIM_OK)
		rc = aim__buf_reserve(out, PRIVATE_TEXT_MAX);
	if (rc == AIM_OK)
		rc = write_private(out->ctx, &public_key, seed, form, out);
	aim__wipe(seed, sizeof seed);
	if (rc != AIM_OK) {
		aim__buf_truncate(out, start);
		return aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	}
	return AIM_OK;
}

aim_status aim_keyform_thumbprint(const aim_ctx *ctx, const aim_public_key *public_key,
                                  char out[AIM_KEYFORM_THUMBPRINT_SIZE])
{
	static const char head[] = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"";
	char x[43];
	uint8_t digest[32];
	if (!ctx || !public_key || !out)
		return AIM__MISUSE(ctx, "ctx, public_key and out are required");
	(void)aim__encoding_write(AIM_ENCODING_BASE64URL, (aim_bytes){public_key->bytes, 32}, x);
	const aim_bytes parts[] = {{(const uint8_t *)head, sizeof head - 1},
	                           {(const uint8_t *)x, sizeof x},
	                           {(const uint8_t *)"\"}", 2}};
	aim_status rc = aim__sha256(ctx, parts, 3, digest);
	if (rc != AIM_OK)
		return rc;
	(void)aim__encoding_write(AIM_ENCODING_BASE64URL, (aim_bytes){digest, 32}, out);
	out[AIM_KEYFORM_THUMBPRINT_SIZE - 1] = '\0';
	return AIM_OK;
}
