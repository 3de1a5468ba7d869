/* crypto/key_public.c — public keys: their texts, their id and what makes one usable. Layer crypto. */
#include <aim/encoding.h>
#include <aim/key.h>

#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "crypto/strict.h"

#include <string.h>

static const char prefix[] = "ed25519:";
#define PREFIX_LEN (sizeof prefix - 1)
_Static_assert(AIM_KEY_PUBLIC_TEXT_SIZE == PREFIX_LEN + 44 + 1, "prefix, base64 of 32 bytes, NUL");

static aim_status check(const aim_public_key *key, const char *form, aim_error *err)
{
	const char *flaw = aim__ed25519_point_flaw(key->bytes);
	if (!flaw)
		return AIM_OK;
	return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO, "invalid public key: %s, but the key %s", form,
	                 flaw);
}

aim_status aim_key_public_check(const aim_public_key *public_key, aim_error *err)
{
	if (!public_key)
		return AIM__MISUSE(NULL, "public_key is required");
	return check(public_key, "32 bytes", err);
}

typedef struct form {
	uint32_t encoding; /* AIM_ENCODING_* */
	const char *name;
} form;

/* Which text form this is, by its length and the characters that tell the alphabets apart; encoding 0
 * when the length is none. */
static form recognise(aim_str text)
{
	int url = 0;
	for (size_t i = 0; i < text.len; i++)
		url |= text.ptr[i] == '-' || text.ptr[i] == '_';
	switch (text.len) {
	case 64: return (form){AIM_ENCODING_HEX, "64 characters are read as hex"};
	case 44:
		return url ? (form){AIM_ENCODING_BASE64URL_PADDED, "44 characters are read as padded base64url"}
		           : (form){AIM_ENCODING_BASE64, "44 characters are read as padded base64"};
	case 43:
		return url ? (form){AIM_ENCODING_BASE64URL, "43 characters are read as base64url"}
		           : (form){AIM_ENCODING_BASE64_UNPADDED, "43 characters are read as unpadded base64"};
	default: return (form){0, NULL};
	}
}

static const char *problem_text(uint32_t kind)
{
	switch (kind) {
	case AIM__ENCODING_BAD_CHARACTER: return "a character outside its alphabet";
	case AIM__ENCODING_BAD_PADDING: return "wrong padding";
	case AIM__ENCODING_BAD_BITS: return "unused bits that are not zero";
	default: return "a wrong length";
	}
}

static aim_status parse_text(aim_str text, size_t offset, aim_public_key *out, const char **out_form,
                             aim_error *err)
{
	uint8_t bytes[48];
	aim__encoding_problem problem = {0};
	size_t len = 0;
	form f = recognise(text);
	if (f.encoding == 0)
		return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO,
		                 "invalid public key: %zu bytes%s; expected 32 raw bytes, 64 of hex, or 43 or "
		                 "44 of base64",
		                 text.len, offset > 0 ? " after the prefix" : "");
	aim_status rc = aim__encoding_read(f.encoding, text, bytes, sizeof bytes, &len, &problem);
	if (rc == AIM_E_ENCODING)
		return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO,
		                 "invalid public key: %s, with %s at byte %zu", f.name,
		                 problem_text(problem.kind), offset + problem.offset);
	if (rc != AIM_OK || len != sizeof out->bytes)
		return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO,
		                 "invalid public key: %s, which are not 32 bytes", f.name);
	memcpy(out->bytes, bytes, sizeof out->bytes);
	*out_form = f.name;
	return AIM_OK;
}

aim_status aim_key_public_parse(const aim_ctx *ctx, aim_bytes input, aim_public_key *out,
                                aim_error *err)
{
	aim_public_key key;
	aim_str text = {(const char *)input.ptr, input.len};
	const char *form_name = "32 raw bytes";
	size_t skip = 0;
	if (!ctx || !out || (!input.ptr && input.len > 0))
		return AIM__MISUSE(ctx, "ctx, input and out are required");
	if (input.len > PREFIX_LEN && memcmp(input.ptr, prefix, PREFIX_LEN - 1) == 0 &&
	    (input.ptr[PREFIX_LEN - 1] == ':' || input.ptr[PREFIX_LEN - 1] == '_'))
		skip = PREFIX_LEN;
	if (skip > 0)
		text = (aim_str){text.ptr + skip, text.len - skip};
	aim_status rc = AIM_OK;
	/* No text form has 32 characters, with or without prefix, so 32 bytes are always raw. */
	if (input.len == sizeof key.bytes)
		memcpy(key.bytes, input.ptr, sizeof key.bytes);
	else
		rc = parse_text(text, skip, &key, &form_name, err);
	if (rc == AIM_OK)
		rc = check(&key, form_name, err);
	if (rc == AIM_OK)
		*out = key;
	return rc;
}

aim_status aim_key_public_text(const aim_public_key *public_key, char out[AIM_KEY_PUBLIC_TEXT_SIZE])
{
	if (!public_key || !out)
		return AIM__MISUSE(NULL, "public_key and out are required");
	const aim_bytes bytes = {public_key->bytes, sizeof public_key->bytes};
	memcpy(out, prefix, PREFIX_LEN);
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64, bytes, out + PREFIX_LEN);
	out[PREFIX_LEN + len] = '\0';
	return AIM_OK;
}

aim_status aim_key_id(const aim_ctx *ctx, const aim_public_key *public_key,
                      char out[AIM_KEY_ID_SIZE])
{
	uint8_t digest[32];
	if (!ctx || !public_key || !out)
		return AIM__MISUSE(ctx, "ctx, public_key and out are required");
	aim_status rc = aim__sha256_one(ctx, public_key->bytes, sizeof public_key->bytes, digest);
	if (rc != AIM_OK)
		return rc;
	aim__hex_write((aim_bytes){digest, sizeof digest}, out);
	out[AIM_KEY_ID_SIZE - 1] = '\0';
	return AIM_OK;
}
