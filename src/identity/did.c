/* identity/did.c — the syntax of DIDs and SPIFFE ids, and what follows from a key. Layer identity. */
#include <aim/did.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"
#include "identity/did_find.h"

#include <aim/keyform.h>
#include <string.h>

#define TRUST_DOMAIN_MAX 255u
#define SPIFFE "spiffe://"

static int is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static int is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether the bytes at i begin with what; i ≤ text.len. */
static int follows(aim_str text, size_t i, const char *what)
{
	size_t len = strlen(what);
	return text.len - i >= len && memcmp(text.ptr + i, what, len) == 0;
}

static aim_status bad_id(const char *what, aim_str text, size_t at, const char *expected, aim_error *err)
{
	return aim__fail(err, AIM_E_ID_DID, AIM_LAYER_IDENTITY, "\"%.*s\" is no %s: byte %zu, expected %s",
	                 AIM__STR(text), what, at, expected);
}

/* Length of one idchar at i, 0 when there is none: a character, or '%' and two digits. */
static size_t idchar(aim_str did, size_t i)
{
	char c = did.ptr[i];
	if (is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_')
		return 1;
	return c == '%' && did.len - i >= 3 && is_hex(did.ptr[i + 1]) && is_hex(did.ptr[i + 2]) ? 3 : 0;
}

/* "did:" 1*(lower / digit) ":" *(*idchar ":") 1*idchar */
aim_status aim_did_check(aim_str did, aim_error *err)
{
	size_t i = 4;
	if (!did.ptr || did.len > AIM_DID_MAX_BYTES)
		return bad_id("DID", (aim_str){NULL, 0}, 0, "1 to 2048 bytes", err);
	if (!follows(did, 0, "did:"))
		return bad_id("DID", did, 0, "\"did:\"", err);
	while (i < did.len && (is_lower(did.ptr[i]) || is_digit(did.ptr[i])))
		i++;
	if (i == 4 || i == did.len || did.ptr[i] != ':')
		return bad_id("DID", did, i, "a method name and ':'", err);
	for (i++; i < did.len;) {
		size_t n = did.ptr[i] == ':' ? 1 : idchar(did, i);
		if (n == 0)
			return bad_id("DID", did, i, "a letter, digit, '.', '-', '_', ':' or %XX", err);
		i += n;
	}
	return did.ptr[did.len - 1] == ':' ? bad_id("DID", did, did.len, "no ':' at the end", err) : AIM_OK;
}

static int is_segment_char(char c)
{
	return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
}

/* One segment behind the '/' at i; *out_end is behind it. */
static aim_status check_segment(aim_str id, size_t i, size_t *out_end, aim_error *err)
{
	size_t from = i + 1, end = from;
	while (end < id.len && is_segment_char(id.ptr[end]))
		end++;
	aim_str segment = {id.ptr + from, end - from};
	if (end < id.len && id.ptr[end] != '/')
		return bad_id("SPIFFE id", id, end, "a letter, digit, '.', '-', '_' or '/'", err);
	if (segment.len == 0)
		return bad_id("SPIFFE id", id, from, "a path segment that is not empty", err);
	if (aim_str_equal(segment, aim_str_from(".")) || aim_str_equal(segment, aim_str_from("..")))
		return bad_id("SPIFFE id", id, from, "a path segment that is not '.' or '..'", err);
	*out_end = end;
	return AIM_OK;
}

aim_status aim_did_spiffe_check(aim_str id, aim_error *err)
{
	size_t from = sizeof SPIFFE - 1, i = from;
	if (!id.ptr || id.len > AIM_DID_MAX_BYTES)
		return bad_id("SPIFFE id", (aim_str){NULL, 0}, 0, "1 to 2048 bytes", err);
	if (!follows(id, 0, SPIFFE))
		return bad_id("SPIFFE id", id, 0, "\"" SPIFFE "\"", err);
	while (i < id.len && (is_lower(id.ptr[i]) || is_digit(id.ptr[i]) || id.ptr[i] == '.' ||
	                      id.ptr[i] == '-' || id.ptr[i] == '_'))
		i++;
	if (i == from || i - from > TRUST_DOMAIN_MAX)
		return bad_id("SPIFFE id", id, from, "a trust domain of 1 to 255 bytes", err);
	if (i < id.len && id.ptr[i] != '/')
		return bad_id("SPIFFE id", id, i, "a lower-case letter, digit, '.', '-', '_' or '/'", err);
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && i < id.len)
		rc = check_segment(id, i, &i, err);
	return rc;
}

/* ---- derived from keys ---- */

aim_status aim_did_mesh(const aim_ctx *ctx, const aim_public_key *public_key, char out[AIM_DID_MESH_SIZE])
{
	char key_id[AIM_KEY_ID_SIZE];
	if (!ctx || !public_key || !out)
		return AIM__MISUSE(ctx, "ctx, public_key and out are required");
	aim_status rc = aim_key_id(ctx, public_key, key_id);
	if (rc == AIM_OK)
		aim__format(out, AIM_DID_MESH_SIZE, "did:mesh:%.*s", 32, key_id);
	return rc;
}

/* 0xed 0x01 is the multicodec of Ed25519 public keys; 'z' says base58btc. 34 bytes that begin so are always
 * 47 characters. */
aim_status aim_did_key(const aim_public_key *public_key, char out[AIM_DID_KEY_SIZE])
{
	uint8_t bytes[2 + AIM_KEY_PUBLIC_LEN] = {0xED, 0x01};
	char text[64];
	if (!public_key || !out)
		return AIM__MISUSE(NULL, "public_key and out are required");
	aim_status rc = aim_key_public_check(public_key, NULL);
	if (rc != AIM_OK)
		return rc;
	memcpy(bytes + 2, public_key->bytes, AIM_KEY_PUBLIC_LEN);
	size_t n = aim__encoding_write(AIM_ENCODING_BASE58, aim_bytes_from(bytes, sizeof bytes), text);
	aim__format(out, AIM_DID_KEY_SIZE, "did:key:z%.*s", (int)n, text);
	return AIM_OK;
}

aim_status aim_did_key_parse(const aim_ctx *ctx, aim_str did, aim_public_key *out, aim_error *err)
{
	uint32_t form = 0;
	aim_public_key key;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	if (!did.ptr || !follows(did, 0, "did:key:"))
		return bad_id("did:key", did, 0, "\"did:key:\"", err);
	aim_status rc = aim_did_check(did, err); /* a line end, which files of keys may have, is none of it */
	if (rc == AIM_OK)
		rc = aim_keyform_parse_public(ctx, aim_bytes_from_str(did), &key, &form, err);
	if (rc == AIM_OK && form != AIM_KEYFORM_DID)
		rc = bad_id("did:key", did, 8, "'z' and base58", err);
	if (rc == AIM_OK)
		*out = key;
	return rc;
}

/* ---- looking up ---- */

aim_status aim_did_find(aim_registry *registry, aim_str did, char out_id[AIM_DID_ID_SIZE], aim_error *err)
{
	if (!registry || !out_id)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out_id are required");
	aim_status rc = did.ptr && follows(did, 0, SPIFFE) ? aim_did_spiffe_check(did, err)
	                                                   : aim_did_check(did, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__did_find(registry, did, out_id, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, AIM_LAYER_IDENTITY, "nobody here is called %.*s", AIM__STR(did));
	return rc;
}
