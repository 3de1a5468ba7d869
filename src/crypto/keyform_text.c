/* crypto/keyform_text.c — keys as a word or a line of text: hex, base64, multibase and did:key, the OpenSSH line,
 * the DNS proof. Layer crypto. */
#include "crypto/keyform.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/format.h"
#include "codec/encoding.h"

#include <string.h>

int aim__keyform_starts(aim_bytes input, const char *what)
{
	size_t len = strlen(what);
	return input.len >= len && aim__equal_constant_time(input.ptr, what, len);
}

aim_str aim__keyform_line(aim_bytes input)
{
	aim_str line = {(const char *)input.ptr, input.len};
	if (line.len > 0 && line.ptr[line.len - 1] == '\n') {
		line.len--;
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
	}
	return line;
}

/* --- hex and base64 --- */

typedef struct plain {
	size_t text_len;
	size_t bytes_len;
	int url; /* has '-' or '_', which tell base64url */
	uint32_t encoding;
	uint32_t form;
	const char *title;
} plain;

/* By length; where alphabets differ, by the characters that tell. Which form it is may be known. */
static const plain plains[] = {
	{64, 32, 0, AIM_ENCODING_HEX, AIM_KEYFORM_HEX, "64-digit hex"},
	{64, 32, 1, AIM_ENCODING_HEX, AIM_KEYFORM_HEX, "64-digit hex"},
	{44, 32, 0, AIM_ENCODING_BASE64, AIM_KEYFORM_BASE64, "44-character base64"},
	{44, 32, 1, AIM_ENCODING_BASE64URL_PADDED, AIM_KEYFORM_BASE64URL_PADDED,
     "44-character base64url"},
	{43, 32, 0, AIM_ENCODING_BASE64_UNPADDED, AIM_KEYFORM_BASE64_UNPADDED,
     "43-character base64"},
	{43, 32, 1, AIM_ENCODING_BASE64URL, AIM_KEYFORM_BASE64URL, "43-character base64url"},
	{128, 64, 0, AIM_ENCODING_HEX, AIM_KEYFORM_PAIR, "128-digit hex"},
	{128, 64, 1, AIM_ENCODING_HEX, AIM_KEYFORM_PAIR, "128-digit hex"},
	{88, 64, 0, AIM_ENCODING_BASE64, AIM_KEYFORM_PAIR, "88-character base64"},
	{88, 64, 1, AIM_ENCODING_BASE64URL_PADDED, AIM_KEYFORM_PAIR, "88-character base64url"},
	{86, 64, 0, AIM_ENCODING_BASE64_UNPADDED, AIM_KEYFORM_PAIR, "86-character base64"},
	{86, 64, 1, AIM_ENCODING_BASE64URL, AIM_KEYFORM_PAIR, "86-character base64url"},
};

static const plain *recognise(aim_str text, int pairs)
{
	uint32_t url = 0;
	for (size_t i = 0; i < text.len; i++)
		url |= aim__in_range((uint8_t)text.ptr[i], '-', '-') | aim__in_range((uint8_t)text.ptr[i], '_', '_');
	AIM__DECLASSIFY(&url, sizeof url);
	for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
		if (plains[i].text_len == text.len && plains[i].url == (url != 0) &&
		    (pairs || plains[i].bytes_len == 32))
			return &plains[i];
	return NULL;
}

static const char *problem_text(uint32_t kind)
{
	switch (kind) {
	case AIM__ENCODING_BAD_CHARACTER: return "has a character outside its alphabet";
	case AIM__ENCODING_BAD_PADDING: return "has wrong padding";
	case AIM__ENCODING_BAD_BITS: return "has unused bits that are not zero";
	default: return "has a wrong length";
	}
}

static aim_status refuse_length(aim__keyform *k, size_t len, size_t offset)
{
	char flaw[128];
	k->title = "unknown";
	(void)aim__format(flaw, sizeof flaw, "of %zu bytes%s is none of the forms of a key", len,
	                  offset > 0 ? " after the prefix" : "");
	return aim__keyform_flaw(k, flaw);
}

aim_status aim__keyform_read_plain(aim__keyform *k, aim_str text, size_t offset, uint8_t *dst, size_t *n)
{
	char flaw[96];
	uint8_t bytes[72];
	aim__encoding_problem problem = {0};
	const plain *p = recognise(text, k->wants_private);
	if (!p)
		return refuse_length(k, text.len, offset);
	aim__keyform_recognised(k, offset > 0 ? AIM_KEYFORM_PREFIXED : p->form, p->title);
	aim_status rc = aim__encoding_read(p->encoding, text, bytes, sizeof bytes, n, &problem);
	if (rc == AIM_OK && *n == p->bytes_len) {
		memcpy(dst, bytes, *n);
	} else if (rc == AIM_OK) {
		rc = aim__keyform_flaw(k, p->bytes_len == 32 ? "is not 32 bytes" : "is not 64 bytes");
	} else {
		(void)aim__format(flaw, sizeof flaw, "%s at byte %zu", problem_text(problem.kind),
		                  offset + problem.offset);
		rc = aim__keyform_flaw(k, flaw);
	}
	aim__wipe(bytes, sizeof bytes);
	return rc;
}

aim_status aim__keyform_write_text(uint32_t encoding, const uint8_t *bytes, size_t len, aim_buf *out)
{
	return aim_encoding_encode(encoding, (aim_bytes){bytes, len}, out);
}

/* --- multibase: 'z', base58 of a multicodec and the key --- */

#define MULTICODEC_LEN 2
static const uint8_t ed25519_multicodec[MULTICODEC_LEN] = {0xed, 0x01};

static const struct {
	uint8_t codec[MULTICODEC_LEN]; /* the first bytes of the unsigned varint */
	const char *noun;
} multicodecs[] = {
	{{0xec, 0x01}, "an X25519 key"},
	{{0xe7, 0x01}, "an elliptic-curve key (secp256k1)"},
	{{0x80, 0x24}, "an elliptic-curve key (P-256)"},
	{{0x81, 0x24}, "an elliptic-curve key (P-384)"},
	{{0x82, 0x24}, "an elliptic-curve key (P-521)"},
	{{0x85, 0x24}, "an RSA key"},
	{{0x83, 0x24}, "an Ed448 key"},
	{{0xeb, 0x01}, "a BLS12-381 key"},
};

static aim_status read_multicodec(aim__keyform *k, const uint8_t *bytes, size_t n)
{
	if (n < MULTICODEC_LEN)
		return aim__keyform_flaw(k, "is cut short");
	if (bytes[0] == 0x80 && bytes[1] == 0x26) /* ed25519-priv, 0x1300 */
		return aim__keyform_half(k);
	for (size_t i = 0; i < sizeof multicodecs / sizeof *multicodecs; i++)
		if (memcmp(bytes, multicodecs[i].codec, MULTICODEC_LEN) == 0)
			return aim__keyform_other(k, multicodecs[i].noun);
	if (memcmp(bytes, ed25519_multicodec, MULTICODEC_LEN) != 0)
		return aim__keyform_other(k, "a key of an unknown algorithm");
	if (k->wants_private)
		return aim__keyform_half(k);
	if (n != MULTICODEC_LEN + AIM_KEY_PUBLIC_LEN)
		return aim__keyform_flaw(k, "is not 32 bytes");
	return aim__keyform_take_public(k, bytes + MULTICODEC_LEN);
}

aim_status aim__keyform_read_multibase(aim__keyform *k, aim_str text)
{
	uint8_t bytes[AIM_ENCODING_BASE58_MAX];
	size_t n = 0;
	const aim_bytes input = aim_bytes_from_str(text);
	aim__keyform_recognised(k, AIM_KEYFORM_MULTIBASE, "multibase");
	if (aim__keyform_starts(input, "did:")) {
		aim__keyform_recognised(k, AIM_KEYFORM_DID, "did:key");
		if (!aim__keyform_starts(input, "did:key:"))
			return aim__keyform_flaw(k, "is a DID of another method, which holds no key");
		text = (aim_str){text.ptr + 8, text.len - 8};
	}
	if (text.len == 0 || text.ptr[0] != 'z')
		return aim__keyform_flaw(k, "does not go on with z, the mark of base58");
	text = (aim_str){text.ptr + 1, text.len - 1};
	if (text.len > sizeof bytes)
		return aim__keyform_flaw(k, "is longer than any key in use");
	if (memchr(text.ptr, '#', text.len))
		return aim__keyform_flaw(k, "has a fragment; the key is the part before '#'");
	if (aim__encoding_read(AIM_ENCODING_BASE58, text, bytes, sizeof bytes, &n, NULL) != AIM_OK)
		return aim__keyform_flaw(k, "has a character outside the alphabet of base58");
	return read_multicodec(k, bytes, n);
}

aim_status aim__keyform_write_multibase(const aim_public_key *key, aim_buf *out)
{
	uint8_t bytes[MULTICODEC_LEN + AIM_KEY_PUBLIC_LEN];
	memcpy(bytes, ed25519_multicodec, MULTICODEC_LEN);
	memcpy(bytes + MULTICODEC_LEN, key->bytes, AIM_KEY_PUBLIC_LEN);
	aim_status rc = aim__buf_add_byte(out, 'z');
	return rc == AIM_OK ? aim__keyform_write_text(AIM_ENCODING_BASE58, bytes, sizeof bytes, out) : rc;
}

/* --- the DNS proof of MCP registries: v=MCPv1; k=ed25519; p=BASE64 --- */

/* Takes "name=value" up to ';' or the end, with the blanks behind the ';'. */
static int take_tag(aim_str *text, char name, aim_str *value)
{
	if (text->len < 2 || text->ptr[0] != name || text->ptr[1] != '=')
		return 0;
	const char *end = memchr(text->ptr, ';', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	*value = (aim_str){text->ptr + 2, len - 2};
	len += end != NULL;
	while (end && len < text->len && text->ptr[len] == ' ')
		len++;
	text->ptr += len;
	text->len -= len;
	return 1;
}

static aim_status read_dns_key(aim__keyform *k, aim_str algorithm, aim_str p)
{
	uint8_t bytes[48];
	size_t n = 0;
	uint32_t encoding = p.len == 43 ? AIM_ENCODING_BASE64_UNPADDED : AIM_ENCODING_BASE64;
	if (aim_str_equal(algorithm, aim_str_from("ecdsap384")))
		return aim__keyform_other(k, "an elliptic-curve key (P-384)");
	if (!aim_str_equal(algorithm, aim_str_from("ed25519")))
		return aim__keyform_other(k, "a key of an unknown algorithm");
	if (k->wants_private)
		return aim__keyform_half(k);
	if ((p.len != 43 && p.len != 44) ||
	    aim__encoding_read(encoding, p, bytes, sizeof bytes, &n, NULL) != AIM_OK ||
	    n != AIM_KEY_PUBLIC_LEN)
		return aim__keyform_flaw(k, "has a p that is not the base64 of 32 bytes");
	return aim__keyform_take_public(k, bytes);
}

aim_status aim__keyform_read_dns(aim__keyform *k, aim_str text)
{
	aim_str version;
	aim_str algorithm;
	aim_str p;
	aim__keyform_recognised(k, AIM_KEYFORM_DNS, "DNS");
	if (!take_tag(&text, 'v', &version) || !aim_str_equal(version, aim_str_from("MCPv1")))
		return aim__keyform_flaw(k, "does not begin with v=MCPv1");
	if (!take_tag(&text, 'k', &algorithm))
		return aim__keyform_flaw(k, "has no k behind v");
	if (!take_tag(&text, 'p', &p))
		return aim__keyform_flaw(k, "has no p behind k");
	if (text.len > 0)
		return aim__keyform_flaw(k, "has something behind p");
	return read_dns_key(k, algorithm, p);
}
