/* identity/keyring_proof.c — rotation proofs: making them, reading them. Layer identity; knows no registry.
 *
 * {"new_signature":…,"old_signature":…,"statement":{"new_key":…,"old_key":…,"subject":…,"time":…}} in
 * canonical form. A reader builds the one spelling of what it understood and compares: so no two texts say
 * the same, and no bit of a proof may change. */
#include "identity/keyring.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "identity/subject.h"

#include <string.h>

AIM__NO_PADDING(aim_keyring_proof, 8 + 8 + 2 * AIM_KEY_PUBLIC_LEN + 40);

#define LABEL "libaim/rotation/v1\n"
#define SIGNATURE_TEXT_LEN 88

/* The statement, behind its label. */
static aim_status write_statement(const aim_keyring_proof *p, aim_buf *out)
{
	char new_key[AIM_KEY_PUBLIC_TEXT_SIZE], old_key[AIM_KEY_PUBLIC_TEXT_SIZE];
	char time[AIM__TIME_TEXT_SIZE];
	aim__json_writer w;
	aim_status rc = aim_key_public_text(&p->new_key, new_key);
	if (rc == AIM_OK)
		rc = aim_key_public_text(&p->old_key, old_key);
	if (rc == AIM_OK)
		rc = aim__time_format_us(time, p->time_us);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, LABEL);
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "new_key", new_key);
	aim__write_member_text(&w, "old_key", old_key);
	aim__write_member_text(&w, "subject", p->subject);
	aim__write_member_text(&w, "time", time);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static void write_signature(aim__json_writer *w, const char *name, const uint8_t signature[64])
{
	char text[SIGNATURE_TEXT_LEN];
	aim__encoding_write(AIM_ENCODING_BASE64, aim_bytes_from(signature, 64), text);
	aim__write_member_string(w, name, (aim_str){text, sizeof text});
}

static aim_status write_proof(aim_bytes statement, const uint8_t old_signature[64],
                              const uint8_t new_signature[64], aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	write_signature(&w, "new_signature", new_signature);
	write_signature(&w, "old_signature", old_signature);
	aim__write_key(&w, "statement");
	aim__write_raw(&w, statement);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

/* The signed bytes without their label. */
static aim_bytes unlabelled(const aim_buf *signed_text)
{
	size_t len = sizeof LABEL - 1;
	return aim_bytes_from(signed_text->ptr + len, signed_text->len - len);
}

/* ---- making ---- */

static aim_status fill(const aim_key *old_key, const aim_key *new_key, aim_str subject, int64_t time_us,
                       aim_keyring_proof *p, uint32_t *out_purposes, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	aim_status rc = aim__subject_kind_needed(subject, &kind, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(kind->id_prefix, subject, p->subject, err);
	if (rc != AIM_OK)
		return rc;
	*out_purposes = AIM__KEY_BIT(kind->kind == AIM_KEYRING_AGENT ? AIM_KEY_AGENT : AIM_KEY_SERVER);
	p->old_key = *aim__key_public(old_key);
	p->new_key = *aim__key_public(new_key);
	p->time_us = time_us;
	if (memcmp(&p->old_key, &p->new_key, sizeof p->old_key) == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "the new key is the old one");
	if (time_us == 0 && (rc = aim_ctx_now_us(aim__key_ctx(old_key), &p->time_us)) != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	return AIM_OK;
}

aim_status aim_keyring_prove(const aim_key *old_key, const aim_key *new_key, aim_str subject,
                             int64_t time_us, aim_buf *out, aim_error *err)
{
	aim_keyring_proof p = {.struct_size = sizeof p};
	uint8_t old_signature[64], new_signature[64];
	uint32_t purposes = 0;
	aim_buf statement;
	if (!old_key || !new_key || !out)
		return AIM__MISUSE(old_key ? aim__key_ctx(old_key) : NULL, "old_key, new_key and out are required");
	aim_status rc = fill(old_key, new_key, subject, time_us, &p, &purposes, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&statement, aim__key_ctx(old_key));
	rc = write_statement(&p, &statement);
	if (rc != AIM_OK) {
		aim__buf_dispose(&statement);
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	}
	rc = aim__key_sign(old_key, purposes, aim_buf_bytes(&statement), old_signature, err);
	if (rc == AIM_OK)
		rc = aim__key_sign(new_key, purposes, aim_buf_bytes(&statement), new_signature, err);
	if (rc == AIM_OK &&
	    (rc = write_proof(unlabelled(&statement), old_signature, new_signature, out)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__buf_dispose(&statement);
	return rc;
}

/* ---- reading ---- */

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_IDENTITY, "not a rotation proof: %s", what);
}

static aim_str member(const aim_json *doc, aim_json_value object, const char *name)
{
	return aim__json_string(doc, aim__json_member_text(doc, object, name));
}

static aim_status read_key(const aim_ctx *ctx, aim_str text, aim_public_key *out)
{
	if (!text.ptr)
		return AIM_E_ENVELOPE;
	aim_status rc = aim_key_public_parse(ctx, aim_bytes_from_str(text), out, NULL);
	return rc == AIM_OK || rc == AIM_E_NOMEM ? rc : AIM_E_ENVELOPE;
}

static aim_status read_statement(const aim_ctx *ctx, const aim_json *doc, aim_keyring_proof *p,
                                 aim_error *err)
{
	aim_json_value statement = aim__json_member_text(doc, AIM_JSON_ROOT, "statement");
	aim_str subject = member(doc, statement, "subject");
	const aim__subject_kind *kind = aim__subject_kind_of(subject);
	if (!kind || aim__id_parse(kind->id_prefix, subject, p->subject, NULL) != AIM_OK)
		return malformed("statement.subject is no id", err);
	if (aim__time_parse_us(member(doc, statement, "time"), &p->time_us) != AIM_OK)
		return malformed("statement.time is no time", err);
	aim_status rc = read_key(ctx, member(doc, statement, "old_key"), &p->old_key);
	if (rc == AIM_OK)
		rc = read_key(ctx, member(doc, statement, "new_key"), &p->new_key);
	if (rc == AIM_E_ENVELOPE)
		return malformed("statement.old_key or new_key is no public key", err);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (memcmp(&p->old_key, &p->new_key, sizeof p->old_key) == 0)
		return malformed("the new key is the old one", err);
	return AIM_OK;
}

static aim_status read_signature(const aim_json *doc, const char *name, uint8_t out[64], aim_error *err)
{
	aim_str text = member(doc, AIM_JSON_ROOT, name);
	if (!text.ptr || aim__encoding_read_exact(AIM_ENCODING_BASE64, text, out, 64) != AIM_OK)
		return malformed("a signature is not the base64 of 64 bytes", err);
	return AIM_OK;
}

/* Verifies one of the two; the message says whose. */
static aim_status verify(const aim_ctx *ctx, const char *whose, const aim_public_key *key, aim_bytes text,
                         const uint8_t signature[64], aim_error *err)
{
	aim_error why = {0};
	aim_status rc = aim__ed25519_verify_strict(ctx, key->bytes, text, signature, &why);
	if (rc == AIM_OK || rc == AIM_E_CALLBACK)
		return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_IDENTITY, "the %s key's signature: %s", whose,
	                 why.message);
}

/* Writes what was understood and compares: unknown members, spaces and other spellings are caught here. */
static aim_status verify_spelling(aim_ctx *ctx, aim_bytes proof, const aim_keyring_proof *p,
                                  const uint8_t old_signature[64], const uint8_t new_signature[64],
                                  aim_buf *statement, aim_error *err)
{
	aim_buf whole;
	aim__buf_init(&whole, ctx);
	aim_status rc = write_statement(p, statement);
	if (rc == AIM_OK)
		rc = write_proof(unlabelled(statement), old_signature, new_signature, &whole);
	if (rc == AIM_E_INVALID)
		rc = malformed("statement.time is out of range", err);
	else if (rc != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	else if (whole.len != proof.len || memcmp(whole.ptr, proof.ptr, proof.len) != 0)
		rc = malformed("it is not in its canonical form", err);
	aim__buf_dispose(&whole);
	return rc;
}

static aim_status read_parsed(aim_ctx *ctx, aim_bytes proof, const aim_json *doc, aim_keyring_proof *p,
                              aim_error *err)
{
	uint8_t old_signature[64], new_signature[64];
	aim_buf statement;
	aim_status rc = read_statement(ctx, doc, p, err);
	if (rc == AIM_OK)
		rc = read_signature(doc, "old_signature", old_signature, err);
	if (rc == AIM_OK)
		rc = read_signature(doc, "new_signature", new_signature, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&statement, ctx);
	rc = verify_spelling(ctx, proof, p, old_signature, new_signature, &statement, err);
	if (rc == AIM_OK)
		rc = verify(ctx, "old", &p->old_key, aim_buf_bytes(&statement), old_signature, err);
	if (rc == AIM_OK)
		rc = verify(ctx, "new", &p->new_key, aim_buf_bytes(&statement), new_signature, err);
	aim__buf_dispose(&statement);
	return rc;
}

aim_status aim__proof_read(aim_ctx *ctx, aim_bytes proof, aim_keyring_proof *out, aim_error *err)
{
	aim_keyring_proof p = {.struct_size = sizeof p};
	aim_json doc;
	if (proof.len > AIM_KEYRING_PROOF_MAX)
		return malformed("it is too long", err);
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, proof, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = read_parsed(ctx, proof, &doc, &p, err);
	else if (rc != AIM_E_NOMEM)
		rc = malformed("it is no JSON", err);
	aim__json_dispose(&doc);
	if (rc == AIM_OK)
		*out = p;
	return rc;
}

aim_status aim_keyring_read_proof(aim_ctx *ctx, aim_bytes proof, aim_keyring_proof *out, aim_error *err)
{
	aim_keyring_proof p;
	if (!ctx || !out || (!proof.ptr && proof.len) || out->struct_size < sizeof p)
		return AIM__MISUSE(ctx, "ctx, proof, out and out->struct_size are required");
	aim_status rc = aim__proof_read(ctx, proof, &p, err);
	return rc == AIM_OK ? aim__sized_out(out, &p, sizeof p, sizeof p) : rc;
}
