/* crypto/keyform_der.c — keys as DER: SubjectPublicKeyInfo and PKCS#8 for Ed25519 (RFC 8410), also inside PEM
 * and as hex. Layer crypto; items are taken apart by codec/der, their meaning is here.
 *
 * Structures of other keys are followed just far enough to name the algorithm. */
#include "crypto/keyform.h"

#include "base/mem.h"
#include "codec/der.h"
#include "codec/encoding.h"
#include "codec/pem.h"

#include <string.h>

/* --- names of algorithms --- */

typedef struct named_oid {
	const char *noun;
	uint8_t len;
	uint8_t oid[9];
} named_oid;

static const uint8_t oid_ed25519[3] = {0x2b, 0x65, 0x70}; /* 1.3.101.112 */
static const uint8_t oid_ec[7] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_pbes2[9] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};

static const named_oid algorithms[] = {
	{"an X25519 key", 3, {0x2b, 0x65, 0x6e}},
	{"an X448 key", 3, {0x2b, 0x65, 0x6f}},
	{"an Ed448 key", 3, {0x2b, 0x65, 0x71}},
	{"an RSA key", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}},
	{"an RSA-PSS key", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a}},
	{"a Diffie-Hellman key", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01}},
	{"a DSA key", 7, {0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01}},
	{"an ML-DSA-44 key", 9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11}},
	{"an ML-DSA-65 key", 9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12}},
	{"an ML-DSA-87 key", 9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13}},
};

static const named_oid curves[] = {
	{"an elliptic-curve key (P-256)", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}},
	{"an elliptic-curve key (P-384)", 5, {0x2b, 0x81, 0x04, 0x00, 0x22}},
	{"an elliptic-curve key (P-521)", 5, {0x2b, 0x81, 0x04, 0x00, 0x23}},
	{"an elliptic-curve key (secp256k1)", 5, {0x2b, 0x81, 0x04, 0x00, 0x0a}},
};

static int is_oid(aim_bytes oid, const uint8_t *bytes, size_t len)
{
	return oid.len == len && memcmp(oid.ptr, bytes, len) == 0;
}

static const char *find_name(const named_oid *table, size_t n, aim_bytes oid, const char *otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (is_oid(oid, table[i].oid, table[i].len))
			return table[i].noun;
	return otherwise;
}

static const char *algorithm_name(aim_bytes oid, aim__der parameters)
{
	aim_bytes curve = {NULL, 0};
	if (!is_oid(oid, oid_ec, sizeof oid_ec))
		return find_name(algorithms, sizeof algorithms / sizeof *algorithms, oid,
		                 "a key of an unknown algorithm");
	if (aim__der_take(&parameters, AIM__DER_OID, &curve) != NULL)
		return "an elliptic-curve key";
	return find_name(curves, sizeof curves / sizeof *curves, curve, "an elliptic-curve key");
}

/* --- the two structures --- */

static const char *title(const aim__keyform *k, const char *bare, const char *in_pem)
{
	return k->form == AIM_KEYFORM_PEM ? in_pem : bare;
}

/* AlgorithmIdentifier: Ed25519 without parameters (RFC 8410 §3), or a refusal that names the other. */
static aim_status read_algorithm(aim__keyform *k, aim_bytes algorithm)
{
	aim__der in = aim__der_over(algorithm);
	aim_bytes oid;
	const char *flaw = aim__der_take(&in, AIM__DER_OID, &oid);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	if (!is_oid(oid, oid_ed25519, sizeof oid_ed25519))
		return aim__keyform_other(k, algorithm_name(oid, in));
	if (in.left > 0)
		return aim__keyform_flaw(k, "has algorithm parameters, which Ed25519 has none of");
	return AIM_OK;
}

/* The content of a BIT STRING: the count of unused bits, then the key. */
static aim_status take_bits(aim__keyform *k, aim_bytes bits)
{
	if (bits.len != 1 + AIM_KEY_PUBLIC_LEN)
		return aim__keyform_flaw(k, "has a public key that is not 32 bytes");
	if (bits.ptr[0] != 0)
		return aim__keyform_flaw(k, "has unused bits in its public key");
	return aim__keyform_take_public(k, bits.ptr + 1);
}

/* Behind the AlgorithmIdentifier comes the BIT STRING; an OCTET STRING there is the ciphertext of an
 * EncryptedPrivateKeyInfo (RFC 5958 §3). */
static aim_status read_spki(aim__keyform *k, aim_bytes algorithm, aim__der in)
{
	aim_bytes bits;
	aim_bytes oid = {NULL, 0};
	aim__der inside = aim__der_over(algorithm);
	uint8_t first = aim__der_peek(&inside);
	k->title = title(k, "SPKI", "PEM SPKI");
	if (first == AIM__DER_CONTEXT_0 || first == AIM__DER_INTEGER)
		return aim__keyform_other(k, "an X.509 certificate");
	if (aim__der_take(&inside, AIM__DER_OID, &oid) == NULL && is_oid(oid, oid_pbes2, sizeof oid_pbes2))
		return aim__keyform_encrypted(k);
	aim_status rc = read_algorithm(k, algorithm);
	if (rc != AIM_OK)
		return rc;
	if (k->wants_private)
		return aim__keyform_half(k);
	const char *flaw = aim__der_take(&in, AIM__DER_BIT_STRING, &bits);
	if (!flaw && in.left > 0)
		flaw = "has something behind the key";
	return flaw ? aim__keyform_flaw(k, flaw) : take_bits(k, bits);
}

/* privateKey: an OCTET STRING around CurvePrivateKey, itself an OCTET STRING (RFC 8410 §7). */
static aim_status read_seed(aim__keyform *k, aim__der *in)
{
	aim_bytes outer;
	aim_bytes seed;
	const char *flaw = aim__der_take(in, AIM__DER_OCTET_STRING, &outer);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	aim__der inner = aim__der_over(outer);
	flaw = aim__der_take(&inner, AIM__DER_OCTET_STRING, &seed);
	if (flaw || inner.left > 0 || seed.len != AIM_KEY_SEED_LEN)
		return aim__keyform_flaw(k, "has a private key that is not 32 bytes in an OCTET STRING");
	memcpy(k->seed, seed.ptr, AIM_KEY_SEED_LEN);
	k->has_seed = 1;
	return AIM_OK;
}

/* [0] attributes are skipped; [1] publicKey belongs to version 2 only (RFC 5958 §2). Some tools write the
 * latter with explicit instead of implicit tagging; both are read. */
static aim_status read_rest(aim__keyform *k, uint8_t version, aim__der in)
{
	aim_bytes content;
	uint8_t tag = aim__der_peek(&in);
	if (tag == AIM__DER_CONTEXT_0) {
		const char *flaw = aim__der_next(&in, &tag, &content);
		if (flaw)
			return aim__keyform_flaw(k, flaw);
		tag = aim__der_peek(&in);
	}
	if (in.left == 0)
		return AIM_OK;
	if (tag != AIM__DER_CONTEXT_1 && tag != AIM__DER_CONTEXT_1_PRIMITIVE)
		return aim__keyform_flaw(k, "has something behind the key");
	if (version != 1)
		return aim__keyform_flaw(k, "has a public key, which its version does not provide for");
	const char *flaw = aim__der_next(&in, &tag, &content);
	if (!flaw && in.left > 0)
		flaw = "has something behind the key";
	if (!flaw && tag == AIM__DER_CONTEXT_1) {
		aim__der inner = aim__der_over(content);
		flaw = aim__der_take(&inner, AIM__DER_BIT_STRING, &content);
		if (!flaw && inner.left > 0)
			flaw = "has something behind the key";
	}
	return flaw ? aim__keyform_flaw(k, flaw) : take_bits(k, content);
}

/* INTEGER first: PKCS#8, or the older structures of one algorithm. */
static aim_status read_pkcs8(aim__keyform *k, aim_bytes version, aim__der in)
{
	aim_bytes algorithm;
	uint8_t second = aim__der_peek(&in);
	k->title = title(k, "PKCS#8", "PEM PKCS#8");
	if (second == AIM__DER_INTEGER || second == AIM__DER_OCTET_STRING) {
		k->title = title(k, "DER", "PEM");
		return aim__keyform_other(k, second == AIM__DER_INTEGER ? "an RSA key"
		                                                        : "an elliptic-curve key");
	}
	const char *flaw = aim__der_take(&in, AIM__DER_SEQUENCE, &algorithm);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	if (version.len != 1 || version.ptr[0] > 1)
		return aim__keyform_flaw(k, "has a version that is neither 1 nor 2");
	aim_status rc = read_algorithm(k, algorithm);
	if (rc != AIM_OK)
		return rc;
	if (!k->wants_private)
		return aim__keyform_half(k);
	rc = read_seed(k, &in);
	return rc == AIM_OK ? read_rest(k, version.ptr[0], in) : rc;
}

static aim_status read_structure(aim__keyform *k, aim_bytes der)
{
	aim__der in = aim__der_over(der);
	aim_bytes content;
	uint8_t tag = 0;
	k->title = title(k, "DER", "PEM");
	const char *flaw = aim__der_take(&in, AIM__DER_SEQUENCE, &content);
	if (!flaw && in.left > 0)
		flaw = "has something behind the key";
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	in = aim__der_over(content);
	flaw = aim__der_next(&in, &tag, &content);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	if (tag == AIM__DER_SEQUENCE)
		return read_spki(k, content, in);
	if (tag == AIM__DER_INTEGER)
		return read_pkcs8(k, content, in);
	return aim__keyform_flaw(k, "is neither SPKI nor PKCS#8");
}

/* --- as bytes, as hex, in PEM --- */

/* Text that begins with '0' (0x30, the tag of a SEQUENCE) is printable; DER has a length, tag or version that is
 * not within its first four bytes. */
int aim__keyform_is_der(aim_bytes input)
{
	uint32_t no_text = 0;
	if (input.len < 4)
		return 0;
	for (size_t i = 1; i < 4; i++)
		no_text |= ~aim__in_range(input.ptr[i], 0x20, 0x7e) & 0xFFu;
	no_text &= aim__in_range(input.ptr[0], AIM__DER_SEQUENCE, AIM__DER_SEQUENCE);
	AIM__DECLASSIFY(&no_text, sizeof no_text);
	return no_text != 0;
}

aim_status aim__keyform_read_der(aim__keyform *k, aim_bytes der)
{
	aim__keyform_recognised(k, AIM_KEYFORM_DER, "DER");
	return read_structure(k, der);
}

/* "30" and more digits than a bare key has. */
int aim__keyform_is_der_hex(aim_bytes input)
{
	uint32_t other = 0;
	if (!aim__keyform_starts(input, "30") || input.len <= 16 || input.len == 64 || input.len == 128)
		return 0;
	for (size_t i = 0; i < input.len; i++)
		other |= ~(aim__in_range(input.ptr[i], '0', '9') | aim__in_range(input.ptr[i] | 0x20, 'a', 'f')) & 0xFFu;
	AIM__DECLASSIFY(&other, sizeof other);
	return other == 0;
}

/* Room for the content of any PEM or hex that is looked at. */
#define CONTENT_MAX 8192

aim_status aim__keyform_read_der_hex(aim__keyform *k, aim_str text)
{
	uint8_t der[CONTENT_MAX];
	size_t len = 0;
	aim__keyform_recognised(k, AIM_KEYFORM_DER_HEX, "hex DER");
	if (text.len / 2 > sizeof der)
		return aim__keyform_flaw(k, "is longer than any key in use");
	if (aim__encoding_read(AIM_ENCODING_HEX, text, der, sizeof der, &len, NULL) != AIM_OK)
		return aim__keyform_flaw(k, "has an odd number of digits");
	aim_status rc = read_structure(k, (aim_bytes){der, len});
	aim__wipe(der, len);
	return rc;
}

/* What else is kept in PEM, by label. */
static const struct {
	const char *label;
	const char *noun;
} other_labels[] = {
	{"RSA PUBLIC KEY", "an RSA key"},      {"RSA PRIVATE KEY", "an RSA key"},
	{"EC PRIVATE KEY", "an elliptic-curve key"}, {"DSA PRIVATE KEY", "a DSA key"},
	{"CERTIFICATE", "an X.509 certificate"}, {"CERTIFICATE REQUEST", "a certificate request"},
	{"PGP PUBLIC KEY BLOCK", "an OpenPGP key"}, {"PGP PRIVATE KEY BLOCK", "an OpenPGP key"},
};

static int label_is(aim_str label, const char *text)
{
	return aim_str_equal(label, aim_str_from(text));
}

static aim_status read_content(aim__keyform *k, const aim__pem *pem, int is_ssh)
{
	uint8_t content[CONTENT_MAX];
	size_t len = 0;
	const char *flaw = aim__pem_decode(pem, content, sizeof content, &len);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	const aim_bytes bytes = {content, len};
	aim_status rc = is_ssh ? aim__keyform_read_ssh_private(k, bytes) : read_structure(k, bytes);
	aim__wipe(content, len);
	return rc;
}

aim_status aim__keyform_read_pem(aim__keyform *k, aim_str text)
{
	aim__pem pem;
	aim__keyform_recognised(k, AIM_KEYFORM_PEM, "PEM");
	const char *flaw = aim__pem_open(text, &pem);
	if (flaw)
		return aim__keyform_flaw(k, flaw);
	if (label_is(pem.label, "PUBLIC KEY"))
		return k->wants_private ? aim__keyform_half(k) : read_content(k, &pem, 0);
	if (label_is(pem.label, "PRIVATE KEY"))
		return k->wants_private ? read_content(k, &pem, 0) : aim__keyform_half(k);
	if (label_is(pem.label, "OPENSSH PRIVATE KEY")) {
		aim__keyform_recognised(k, AIM_KEYFORM_OPENSSH, "OpenSSH");
		return k->wants_private ? read_content(k, &pem, 1) : aim__keyform_half(k);
	}
	if (label_is(pem.label, "ENCRYPTED PRIVATE KEY"))
		return aim__keyform_encrypted(k);
	for (size_t i = 0; i < sizeof other_labels / sizeof *other_labels; i++)
		if (label_is(pem.label, other_labels[i].label))
			return aim__keyform_other(k, other_labels[i].noun);
	return aim__keyform_flaw(k, "has a label that is neither PUBLIC KEY nor PRIVATE KEY");
}

/* --- out --- */

/* Everything before the 32 bytes (RFC 8410 §4 and §7). */
static const uint8_t spki_head[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t pkcs8_head[16] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

static aim_status write_der(const uint8_t *head, size_t head_len, const uint8_t key[32], const char *label,
                            uint32_t form, aim_buf *out)
{
	uint8_t der[sizeof pkcs8_head + 32];
	const aim_bytes whole = {der, head_len + 32};
	aim_status rc;
	memcpy(der, head, head_len);
	memcpy(der + head_len, key, 32);
	if (form == AIM_KEYFORM_DER)
		rc = aim_buf_append(out, whole);
	else if (form == AIM_KEYFORM_DER_HEX)
		rc = aim__keyform_write_text(AIM_ENCODING_HEX, whole.ptr, whole.len, out);
	else
		rc = aim__pem_write(out, label, whole, 64);
	aim__wipe(der, sizeof der);
	return rc;
}

aim_status aim__keyform_write_spki(const aim_public_key *key, uint32_t form, aim_buf *out)
{
	return write_der(spki_head, sizeof spki_head, key->bytes, "PUBLIC KEY", form, out);
}

aim_status aim__keyform_write_pkcs8(const uint8_t seed[AIM_KEY_SEED_LEN], uint32_t form, aim_buf *out)
{
	return write_der(pkcs8_head, sizeof pkcs8_head, seed, "PRIVATE KEY", form, out);
}
