/* crypto/keyform_jwk.c — keys as JSON Web Keys of type OKP (RFC 7517, RFC 8037 §2). Layer crypto. */
#include "crypto/keyform.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"

#include <string.h>

/* Whether a key begins with a blank or a brace may be known; what else it begins with may not. */
static int is_blank(uint32_t c)
{
	uint32_t blank = aim__in_range(c, ' ', ' ') | aim__in_range(c, '\t', '\n') | aim__in_range(c, '\r', '\r');
	AIM__DECLASSIFY(&blank, sizeof blank);
	return blank != 0;
}

static int is_brace(uint32_t c)
{
	uint32_t brace = aim__in_range(c, '{', '{');
	AIM__DECLASSIFY(&brace, sizeof brace);
	return brace != 0;
}

int aim__keyform_is_json(aim_bytes input)
{
	size_t i = 0;
	while (i < input.len && is_blank(input.ptr[i]))
		i++;
	return i < input.len && is_brace(input.ptr[i]);
}

static int is_text(aim_str text, const char *expected)
{
	return aim_str_equal(text, aim_str_from(expected));
}

static aim_str member(const aim_json *doc, const char *name)
{
	return aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, name));
}

static int has(const aim_json *doc, const char *name)
{
	return aim__json_member_text(doc, AIM_JSON_ROOT, name) != AIM_JSON_NONE;
}

static const struct {
	const char *kty;
	const char *crv; /* NULL: any */
	const char *noun;
} others[] = {
	{"RSA", NULL, "an RSA key"},
	{"EC", "P-256", "an elliptic-curve key (P-256)"},
	{"EC", "P-384", "an elliptic-curve key (P-384)"},
	{"EC", "P-521", "an elliptic-curve key (P-521)"},
	{"EC", "secp256k1", "an elliptic-curve key (secp256k1)"},
	{"EC", NULL, "an elliptic-curve key"},
	{"OKP", "X25519", "an X25519 key"},
	{"OKP", "X448", "an X448 key"},
	{"OKP", "Ed448", "an Ed448 key"},
	{"oct", NULL, "a symmetric key"},
};

static aim_status read_type(aim__keyform *k, const aim_json *doc)
{
	aim_str kty = member(doc, "kty");
	aim_str crv = member(doc, "crv");
	if (!kty.ptr)
		return aim__keyform_flaw(k, has(doc, "keys") ? "is a set of keys; one key is expected"
		                                             : "has no member kty");
	if (is_text(kty, "OKP") && is_text(crv, "Ed25519"))
		return AIM_OK;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (is_text(kty, others[i].kty) && (!others[i].crv || is_text(crv, others[i].crv)))
			return aim__keyform_other(k, others[i].noun);
	return aim__keyform_other(k, "a key of an unknown algorithm");
}

/* alg and use may be missing; when there, they must fit signing (RFC 8037 §3.1, RFC 9864 §2.2). */
static const char *unfit(const aim_json *doc)
{
	aim_str alg = member(doc, "alg");
	aim_str use = member(doc, "use");
	if (has(doc, "alg") && !is_text(alg, "EdDSA") && !is_text(alg, "Ed25519"))
		return "has an alg that is neither EdDSA nor Ed25519";
	if (has(doc, "use") && !is_text(use, "sig"))
		return "has a use that is not sig";
	return NULL;
}

static int read_bytes(aim_str text, uint8_t out[32])
{
	return text.ptr && aim__encoding_read_exact(AIM_ENCODING_BASE64URL, text, out, 32) == AIM_OK;
}

static aim_status read_members(aim__keyform *k, const aim_json *doc)
{
	uint8_t x[AIM_KEY_PUBLIC_LEN];
	aim_status rc = read_type(k, doc);
	if (rc != AIM_OK)
		return rc;
	const char *flaw = unfit(doc);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	if (has(doc, "d") != k->wants_private)
		return aim__keyform_half(k);
	if (!read_bytes(member(doc, "x"), x))
		return aim__keyform_flaw(k, has(doc, "x") ? "has an x that is not the base64url of 32 bytes"
		                                          : "has no member x");
	rc = aim__keyform_take_public(k, x);
	if (rc != AIM_OK || !k->wants_private)
		return rc;
	if (!read_bytes(member(doc, "d"), k->seed))
		return aim__keyform_flaw(k, "has a d that is not the base64url of 32 bytes");
	k->has_seed = 1;
	return AIM_OK;
}

aim_status aim__keyform_read_jwk(aim__keyform *k, aim_bytes text)
{
	aim_json doc;
	aim__keyform_recognised(k, AIM_KEYFORM_JWK, "JWK");
	aim__json_init(&doc, aim__ctx_mutable(k->ctx));
	aim_status rc = aim_json_parse(&doc, text, AIM_JSON_BORROW, NULL);
	if (rc == AIM_OK)
		rc = read_members(k, &doc);
	else if (rc != AIM_E_NOMEM)
		rc = aim__keyform_flaw(k, aim_status_text(rc));
	aim__json_dispose(&doc);
	return rc;
}

/* Base64url needs no escapes, so nothing has to look at the characters: they may be those of a seed. */
static void write_bytes(aim__json_writer *w, const char *name, const uint8_t bytes[32])
{
	char text[1 + 43 + 1] = {'"'};
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64URL, (aim_bytes){bytes, 32}, text + 1);
	text[1 + len] = '"';
	aim__write_key(w, name);
	aim__write_raw(w, aim_bytes_from(text, len + 2));
	aim__wipe(text, sizeof text);
}

/* Members in the order of RFC 8785, which is also that of RFC 7638. */
aim_status aim__keyform_write_jwk(const aim_public_key *key, const uint8_t *seed, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "crv", "Ed25519");
	if (seed)
		write_bytes(&w, "d", seed);
	aim__write_member_text(&w, "kty", "OKP");
	write_bytes(&w, "x", key->bytes);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}
