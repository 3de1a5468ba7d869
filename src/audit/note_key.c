/* audit/note_key.c — names, ids and texts of the keys of signed notes. Layer audit. */
#include "audit/note.h"

#include "base/buf.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "codec/utf8.h"
#include "crypto/provider.h"

#include <string.h>

#define ID_HEX 8u
#define MATERIAL_LEN 33u /* type and key */
#define MATERIAL_BASE64 44u

/* The code points with the Unicode property White_Space. */
static int is_space(uint32_t c)
{
	static const uint32_t singles[] = {0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
	for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++)
		if (c == singles[i])
			return 1;
	return (c >= 0x09 && c <= 0x0D) || (c >= 0x2000 && c <= 0x200A);
}

int aim__note_is_name(aim_str name)
{
	uint32_t c;
	size_t at = 0;
	if (!name.ptr || name.len == 0 || name.len > AIM__NOTE_MAX_NAME_BYTES ||
	    !aim__utf8_valid(name, NULL))
		return 0;
	while ((c = aim__utf8_next(name, &at)) != AIM__UTF8_END)
		if (c < 0x20 || c == '+' || is_space(c))
			return 0;
	return 1;
}

aim_status aim__note_key_make(const aim_ctx *ctx, aim_str name, uint32_t type,
                              const aim_public_key *public_key, aim__note_key *out, aim_error *err)
{
	const uint8_t between[2] = {'\n', (uint8_t)type};
	uint8_t digest[32];
	if (!aim__note_is_name(name))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "a key name is 1 to %u bytes of UTF-8 without spaces and plus signs",
		                 AIM__NOTE_MAX_NAME_BYTES);
	const aim_bytes parts[] = {aim_bytes_from_str(name), {between, sizeof between},
	                           {public_key->bytes, sizeof public_key->bytes}};
	aim_status rc = aim__sha256(ctx, parts, 3, digest);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	out->name = name;
	out->type = type;
	out->public_key = *public_key;
	memcpy(out->id, digest, sizeof out->id);
	return AIM_OK;
}

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT,
	                 "verifier key: %s; expected name+hex+base64", what);
}

static aim_status read_material(aim_str base64, uint32_t *out_type, aim_public_key *out, aim_error *err)
{
	uint8_t bytes[MATERIAL_LEN];
	if (base64.len != MATERIAL_BASE64 ||
	    aim__encoding_read_exact(AIM_ENCODING_BASE64, base64, bytes, sizeof bytes) != AIM_OK)
		return malformed("the last part is not base64 of 33 bytes", err);
	if (bytes[0] != AIM__NOTE_ED25519 && bytes[0] != AIM__NOTE_COSIGNATURE)
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_AUDIT,
		                 "verifier key: signature type %u; known are 1 (Ed25519) and 4 (cosignature/v1)",
		                 bytes[0]);
	*out_type = bytes[0];
	memcpy(out->bytes, bytes + 1, sizeof out->bytes);
	return aim_key_public_check(out, err);
}

/* Lower case only, as everybody writes it: a key has one text. */
static int is_id(const char *hex, const uint8_t id[4])
{
	char expected[ID_HEX];
	aim__hex_write(aim_bytes_from(id, 4), expected);
	return memcmp(hex, expected, ID_HEX) == 0;
}

aim_status aim__note_key_read(const aim_ctx *ctx, aim_str vkey, aim__note_key *out, aim_error *err)
{
	const char *plus = vkey.len ? memchr(vkey.ptr, '+', vkey.len) : NULL;
	aim__note_key key;
	aim_public_key public_key;
	uint32_t type = 0;
	if (!plus)
		return malformed("no plus sign", err);
	aim_str name = {vkey.ptr, (size_t)(plus - vkey.ptr)};
	size_t left = vkey.len - name.len - 1;
	if (left < ID_HEX + 1 || plus[1 + ID_HEX] != '+')
		return malformed("the key id is not 8 hex digits", err);
	aim_str base64 = {plus + ID_HEX + 2, left - ID_HEX - 1};
	aim_status rc = read_material(base64, &type, &public_key, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim__note_is_name(name))
		return malformed("the name is empty, too long or has a space", err);
	rc = aim__note_key_make(ctx, name, type, &public_key, &key, err);
	if (rc == AIM_OK && !is_id(plus + 1, key.id))
		return malformed("the key id does not belong to name and key", err);
	if (rc == AIM_OK)
		*out = key;
	return rc;
}

aim_status aim__note_key_write(const aim__note_key *key, aim_buf *out)
{
	uint8_t bytes[MATERIAL_LEN];
	char tail[1 + ID_HEX + 1 + MATERIAL_BASE64];
	size_t start = out->len;
	bytes[0] = (uint8_t)key->type;
	memcpy(bytes + 1, key->public_key.bytes, sizeof key->public_key.bytes);
	tail[0] = tail[1 + ID_HEX] = '+';
	aim__hex_write(aim_bytes_from(key->id, sizeof key->id), tail + 1);
	aim__encoding_write(AIM_ENCODING_BASE64, aim_bytes_from(bytes, sizeof bytes), tail + ID_HEX + 2);
	aim_status rc = aim__buf_add_str(out, key->name);
	if (rc == AIM_OK)
		rc = aim__buf_add(out, tail, sizeof tail);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}
