/* evidence/dataintegrity_verify.c — eddsa-jcs-2022 proofs verified (vc-di-eddsa §3.3.2). Layer evidence; fetches
 * nothing and resolves only did:key. */
#include "evidence/dataintegrity.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "crypto/provider.h"
#include "evidence/signature.h"

#include <aim/keyform.h>
#include <string.h>

AIM__NO_PADDING(aim_dataintegrity_expected, 8 + 2 * 8 + sizeof(void *) + 4 * sizeof(aim_str));
AIM__NO_PADDING(aim_dataintegrity_proof, 8 + 2 * 8 + sizeof(aim_str) + 32);

#define MAX_KEYS 64u
#define AHEAD_S 300
#define US_PER_S 1000000
#define DID_KEY "did:key:"

/* A proof as it was read; spans borrow from the document. */
typedef struct proof {
	const aim_json *doc;
	aim_json_value object;
	aim_json_value context; /* of the proof */
	aim_dataintegrity_proof says;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
} proof;

static aim_status fail_at(const aim_json *doc, aim_json_value at, aim_status rc, const char *what, aim_error *err)
{
	aim__fail(err, rc, AIM_LAYER_EVIDENCE, "Data Integrity: %s", what);
	aim__json_error_at(doc, at, err);
	return rc;
}

static aim_json_value member(const proof *p, const char *name)
{
	return aim__json_member_text(p->doc, p->object, name);
}

static aim_str text_of(const proof *p, const char *name)
{
	return aim__json_string(p->doc, member(p, name));
}

/* ---- reading ---- */

static aim_status find_proof(proof *p, aim_error *err)
{
	if (aim__json_type(p->doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return fail_at(p->doc, AIM_JSON_ROOT, AIM_E_ENVELOPE, "the document is no object", err);
	p->object = aim__json_member_text(p->doc, AIM_JSON_ROOT, "proof");
	if (aim__json_type(p->doc, p->object) == AIM_JSON_ARRAY)
		return fail_at(p->doc, p->object, AIM_E_UNSUPPORTED, "a set of proofs; one proof is supported", err);
	if (aim__json_type(p->doc, p->object) != AIM_JSON_OBJECT)
		return fail_at(p->doc, AIM_JSON_ROOT, AIM_E_ENVELOPE, "the document has no proof", err);
	if (member(p, "previousProof") != AIM_JSON_NONE)
		return fail_at(p->doc, p->object, AIM_E_UNSUPPORTED, "a chain of proofs; one proof is supported", err);
	p->context = member(p, "@context");
	return AIM_OK;
}

static aim_status check_suite(const proof *p, aim_error *err)
{
	if (!aim_str_equal(text_of(p, "type"), aim_str_from(AIM__DATAINTEGRITY_TYPE)))
		return fail_at(p->doc, p->object, AIM_E_ALGORITHM, "type is not " AIM__DATAINTEGRITY_TYPE, err);
	if (!aim_str_equal(text_of(p, "cryptosuite"), aim_str_from(AIM__DATAINTEGRITY_SUITE)))
		return fail_at(p->doc, p->object, AIM_E_ALGORITHM, "cryptosuite is not " AIM__DATAINTEGRITY_SUITE, err);
	return AIM_OK;
}

/* 0 when it is not there. */
static aim_status read_time(const proof *p, const char *name, int64_t *out_s, aim_error *err)
{
	aim_json_value v = member(p, name);
	int64_t us = 0;
	if (v == AIM_JSON_NONE)
		return AIM_OK;
	if (aim__time_parse_us(aim__json_string(p->doc, v), &us) != AIM_OK)
		return fail_at(p->doc, v, AIM_E_TIMESTAMP, "a time is not of the form 2026-11-20T11:43:42Z", err);
	*out_s = us / US_PER_S - (us % US_PER_S < 0);
	return AIM_OK;
}

static aim_status read_value(proof *p, aim_error *err)
{
	aim_str value = text_of(p, "proofValue");
	if (value.len < 2 || *value.ptr != 'z' ||
	    aim__encoding_read_exact(AIM_ENCODING_BASE58, (aim_str){value.ptr + 1, value.len - 1}, p->signature,
	                             sizeof p->signature) != AIM_OK)
		return fail_at(p->doc, p->object, AIM_E_ENVELOPE, "proofValue is not 'z' and base58 of 64 bytes", err);
	return AIM_OK;
}

static aim_status read_proof(proof *p, aim_error *err)
{
	aim_status rc = find_proof(p, err);
	if (rc == AIM_OK)
		rc = check_suite(p, err);
	if (rc == AIM_OK)
		rc = read_value(p, err);
	if (rc == AIM_OK)
		rc = read_time(p, "created", &p->says.created_s, err);
	if (rc == AIM_OK)
		rc = read_time(p, "expires", &p->says.expires_s, err);
	if (rc != AIM_OK)
		return rc;
	p->says.verification_method = text_of(p, "verificationMethod");
	if (p->says.verification_method.len == 0)
		return fail_at(p->doc, p->object, AIM_E_ENVELOPE, "verificationMethod is no string, or empty", err);
	return AIM_OK;
}

/* ---- what is expected ---- */

static int names(const proof *p, aim_json_value v, aim_str wanted)
{
	if (aim__json_type(p->doc, v) != AIM_JSON_ARRAY)
		return aim_str_equal(aim__json_string(p->doc, v), wanted);
	for (v = aim__json_first(p->doc, v); v != AIM_JSON_NONE; v = aim__json_next(p->doc, v))
		if (aim_str_equal(aim__json_string(p->doc, v), wanted))
			return 1;
	return 0;
}

static aim_status check_expected(const proof *p, const aim_dataintegrity_expected *e, aim_error *err)
{
	aim_str purpose = e->purpose.len > 0 ? e->purpose : aim_str_from(AIM__DATAINTEGRITY_PURPOSE);
	const struct {
		const char *name;
		aim_str wanted;
		const char *what;
	} rows[] = {
		{"proofPurpose", purpose, "proofPurpose is not the one that was asked for"},
		{"verificationMethod", e->verification_method, "verificationMethod is not the one that was asked for"},
		{"challenge", e->challenge, "challenge is not the one that was asked for"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].wanted.len > 0 && !aim_str_equal(text_of(p, rows[i].name), rows[i].wanted))
			return fail_at(p->doc, p->object, AIM_E_CLAIM, rows[i].what, err);
	if (e->domain.len > 0 && !names(p, member(p, "domain"), e->domain))
		return fail_at(p->doc, p->object, AIM_E_CLAIM, "domain is not the one that was asked for", err);
	return AIM_OK;
}

/* ---- @context: the document's must start with the proof's (§3.3.2 step 4) ---- */

static aim_json_value first_context(const aim_json *doc, aim_json_value context)
{
	return aim__json_type(doc, context) == AIM_JSON_ARRAY ? aim__json_first(doc, context) : context;
}

static aim_json_value next_context(const aim_json *doc, aim_json_value context, aim_json_value at)
{
	return aim__json_type(doc, context) == AIM_JSON_ARRAY ? aim__json_next(doc, at) : AIM_JSON_NONE;
}

/* Equal as values: a context may be an object. AIM_OK, AIM_E_ENVELOPE when they differ, or a failure. */
static aim_status same_value(const aim_json *doc, aim_json_value a, aim_json_value b)
{
	aim_buf left, right;
	aim__buf_init(&left, doc->ctx);
	aim__buf_init(&right, doc->ctx);
	aim_status rc = aim_json_canonicalize(doc, a, 0, &left, NULL);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(doc, b, 0, &right, NULL);
	if (rc == AIM_OK && !aim_str_equal(aim_buf_str(&left), aim_buf_str(&right)))
		rc = AIM_E_ENVELOPE;
	aim__buf_dispose(&left);
	aim__buf_dispose(&right);
	return rc;
}

static aim_status check_context(const proof *p, aim_error *err)
{
	const aim_json *doc = p->doc;
	aim_json_value whole = aim__json_member_text(doc, AIM_JSON_ROOT, "@context");
	aim_json_value theirs = first_context(doc, p->context), ours = first_context(doc, whole);
	if (p->context == AIM_JSON_NONE)
		return AIM_OK;
	if (whole == AIM_JSON_NONE)
		return fail_at(doc, p->context, AIM_E_ENVELOPE, "the proof has an @context and the document has none", err);
	for (; theirs != AIM_JSON_NONE; theirs = next_context(doc, p->context, theirs)) {
		aim_status rc = ours == AIM_JSON_NONE ? AIM_E_ENVELOPE : same_value(doc, theirs, ours);
		if (rc == AIM_E_ENVELOPE)
			return fail_at(doc, p->context, rc, "the document's @context does not start with the proof's", err);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
		ours = next_context(doc, whole, ours);
	}
	return AIM_OK;
}

/* ---- the key ---- */

/* did:key:z6Mk…#z6Mk…: the key and its fragment agree. */
static aim_status resolve_did_key(const proof *p, aim_public_key *out, aim_error *err)
{
	aim_str method = p->says.verification_method;
	const char *hash = memchr(method.ptr, '#', method.len);
	size_t len = hash ? (size_t)(hash - method.ptr) : 0, prefix = strlen(DID_KEY);
	aim_str fragment = {hash ? hash + 1 : NULL, hash ? method.len - len - 1 : 0};
	if (!hash || !aim_str_equal(fragment, (aim_str){method.ptr + prefix, len - prefix}))
		return fail_at(p->doc, member(p, "verificationMethod"), AIM_E_ENVELOPE,
		               "verificationMethod is a did:key without its own fragment", err);
	return aim_keyform_parse_public(p->doc->ctx, (aim_bytes){(const uint8_t *)method.ptr, len}, out, NULL, err);
}

static int is_did_key(aim_str method)
{
	size_t n = strlen(DID_KEY);
	return method.len > n && memcmp(method.ptr, DID_KEY, n) == 0;
}

static aim_status verify_with(const proof *p, const aim_public_key *key, const aim__dataintegrity_hashes *h,
                              aim_error *err)
{
	return aim__ed25519_verify_strict(p->doc->ctx, key->bytes, aim_bytes_from(h, sizeof *h), p->signature, err);
}

static aim_status verify_did_key(proof *p, const aim_dataintegrity_expected *e, const aim__dataintegrity_hashes *h,
                                 aim_error *err)
{
	aim_status rc = resolve_did_key(p, &p->says.public_key, err);
	if (rc != AIM_OK)
		return rc;
	if (!(e->flags & AIM_DATAINTEGRITY_ANY_KEY) && !aim__key_among(&p->says.public_key, e->keys, e->n_keys))
		return fail_at(p->doc, member(p, "verificationMethod"), AIM_E_UNTRUSTED_KEY,
		               "verificationMethod is not among the keys that are trusted", err);
	return verify_with(p, &p->says.public_key, h, err);
}

/* A method that is not resolved here: the trusted keys are tried. */
static aim_status verify_known(proof *p, const aim_dataintegrity_expected *e, const aim__dataintegrity_hashes *h,
                               aim_error *err)
{
	if (e->n_keys == 0)
		return fail_at(p->doc, member(p, "verificationMethod"), AIM_E_UNTRUSTED_KEY,
		               "verificationMethod is no did:key and no key was given", err);
	for (uint64_t i = 0; i < e->n_keys; i++) {
		aim_status rc = verify_with(p, &e->keys[i], h, err);
		if (rc == AIM_E_SIGNATURE)
			continue;
		if (rc != AIM_OK)
			return rc;
		p->says.public_key = e->keys[i];
		aim_error_clear(err); /* of the keys before */
		return AIM_OK;
	}
	return fail_at(p->doc, p->object, AIM_E_SIGNATURE, "not the signature of any of the keys", err);
}

/* ---- all of it ---- */

static aim_status check_times(const proof *p, int64_t now_s, aim_error *err)
{
	if (p->says.created_s > now_s + AHEAD_S)
		return fail_at(p->doc, member(p, "created"), AIM_E_FUTURE, "created ahead of this clock", err);
	if (member(p, "expires") != AIM_JSON_NONE && now_s >= p->says.expires_s)
		return fail_at(p->doc, member(p, "expires"), AIM_E_EXPIRED, "expired", err);
	return AIM_OK;
}

static aim_status verify(proof *p, const aim_dataintegrity_expected *e, aim_error *err)
{
	aim__dataintegrity_hashes h;
	aim_status rc = read_proof(p, err);
	if (rc == AIM_OK)
		rc = check_expected(p, e, err);
	if (rc == AIM_OK)
		rc = check_context(p, err);
	if (rc == AIM_OK)
		rc = aim__dataintegrity_hash(p->doc, p->object, "proofValue", AIM_JSON_NONE, h.options, err);
	if (rc == AIM_OK)
		rc = aim__dataintegrity_hash(p->doc, AIM_JSON_ROOT, "proof", p->context, h.document, err);
	if (rc == AIM_OK)
		rc = is_did_key(p->says.verification_method) ? verify_did_key(p, e, &h, err) : verify_known(p, e, &h, err);
	return rc == AIM_OK ? check_times(p, e->now_s, err) : rc;
}

static aim_status take_expected(const aim_ctx *ctx, aim_dataintegrity_expected *e,
                                const aim_dataintegrity_expected *expected, aim_error *err)
{
	aim_status rc = aim__sized_in(e, sizeof *e, expected, sizeof *e, "aim_dataintegrity_expected", err);
	if (rc != AIM_OK)
		return rc;
	if (e->flags & ~AIM_DATAINTEGRITY_ANY_KEY)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE,
		                 "aim_dataintegrity_expected.flags has an unknown flag");
	if ((!e->keys && e->n_keys > 0) || e->n_keys > MAX_KEYS ||
	    (e->n_keys == 0 && !(e->flags & AIM_DATAINTEGRITY_ANY_KEY)))
		return AIM__MISUSE(ctx, "expected.keys: 1 to 64 keys are required");
	if (e->now_s > INT64_MAX / 2)
		return AIM__MISUSE(ctx, "expected.now_s is out of range");
	return AIM_OK;
}

aim_status aim_dataintegrity_verify(const aim_ctx *ctx, const aim_json *doc,
                                    const aim_dataintegrity_expected *expected, aim_dataintegrity_proof *out,
                                    aim_error *err)
{
	const aim_dataintegrity_proof none = {.struct_size = sizeof none};
	aim_dataintegrity_expected e = {.struct_size = sizeof e};
	proof p = {.doc = doc, .says = none};
	if (!ctx || !doc || !expected)
		return AIM__MISUSE(ctx, "ctx, doc and expected are required");
	if (out && aim__sized_out(out, &none, sizeof none, sizeof none) != AIM_OK)
		return AIM__MISUSE(ctx, "out.struct_size is too small");
	aim_status rc = take_expected(ctx, &e, expected, err);
	if (rc == AIM_OK)
		rc = verify(&p, &e, err);
	if (rc == AIM_OK && out)
		rc = aim__sized_out(out, &p.says, sizeof p.says, sizeof p.says);
	return rc;
}
