/* evidence/dsse_verify.c — DSSE v1 envelopes verified against a set of keys and a threshold. Layer evidence; knows
 * keys, not who holds them. */
#include "evidence/dsse.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "evidence/signature.h"
#include "evidence/verifycache.h"

#include <string.h>

AIM__NO_PADDING(aim_dsse_options, 8 + sizeof(aim_str) + 2 * sizeof(void *) + 3 * 8);

#define KEYID_LEN (AIM_KEY_ID_SIZE - 1)

static aim_status take_options(const aim_ctx *ctx, aim_dsse_options *o, const aim_dsse_options *options,
                               aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_dsse_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_dsse_options.flags must be 0");
	if (o->threshold == 0)
		o->threshold = 1;
	if (!o->payload_type.ptr || o->payload_type.len == 0 || !o->keys || o->n_keys == 0)
		return AIM__MISUSE(ctx, "options.payload_type and options.keys are required");
	if (o->n_keys > AIM_DSSE_MAX_KEYS || o->threshold > o->n_keys)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
		                 "aim_dsse_options: at most %u keys, and a threshold of at most as many",
		                 AIM_DSSE_MAX_KEYS);
	for (uint64_t i = 1; i < o->n_keys; i++)
		if (aim__key_among(&o->keys[i], o->keys, i))
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
			                 "aim_dsse_options.keys[%llu] is there twice", (unsigned long long)i);
	return AIM_OK;
}

/* 1 unless the hint names another of the keys. */
static int may_be_by(const aim_ctx *ctx, const aim_dsse_options *o, uint64_t i, aim_str keyid)
{
	char id[AIM_KEY_ID_SIZE];
	int named = 0;
	if (keyid.len != KEYID_LEN)
		return 1;
	for (uint64_t k = 0; k < o->n_keys; k++) {
		if (aim_key_id(ctx, &o->keys[k], id) != AIM_OK || memcmp(id, keyid.ptr, KEYID_LEN) != 0)
			continue;
		if (k == i)
			return 1;
		named = 1;
	}
	return !named;
}

/* Sets the bit of the key that made this signature, if there is one. */
static aim_status match_one(const aim_ctx *ctx, const aim_dsse_options *o, const aim__dsse *e,
                            aim_json_value item, uint64_t *signers, aim_error *err)
{
	uint8_t sig[AIM_KEY_SIGNATURE_LEN];
	aim_str keyid;
	aim_status rc = aim__dsse_read_signature(e, item, sig, &keyid, err);
	const aim_bytes pae = aim_buf_bytes(&e->pae);
	for (uint64_t i = 0; rc == AIM_OK && i < o->n_keys; i++) {
		const aim__verified what = {o->generation, o->keys[i].bytes, sig, &pae, 1};
		if (*signers >> i & 1 || !may_be_by(ctx, o, i, keyid))
			continue;
		rc = aim__verify_cached(ctx, o->cache, &what, pae, err);
		if (rc == AIM_OK) {
			*signers |= UINT64_C(1) << i;
			return AIM_OK;
		}
		if (rc == AIM_E_SIGNATURE)
			rc = AIM_OK;
	}
	return rc;
}

static uint64_t count_bits(uint64_t bits)
{
	uint64_t n = 0;
	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

static aim_status match_all(const aim_ctx *ctx, const aim_dsse_options *o, const aim__dsse *e, uint64_t *signers,
                            aim_error *err)
{
	const aim_json *doc = &e->doc;
	for (aim_json_value v = aim__json_first(doc, e->signatures); v != AIM_JSON_NONE;
	     v = aim__json_next(doc, v)) {
		aim_status rc = match_one(ctx, o, e, v, signers, err);
		if (rc != AIM_OK)
			return rc;
	}
	uint64_t n = count_bits(*signers);
	if (n == 0)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE,
		                 "DSSE envelope: no valid signature by any of the %llu keys",
		                 (unsigned long long)o->n_keys);
	if (n < o->threshold)
		return aim__fail(err, AIM_E_THRESHOLD, AIM_LAYER_EVIDENCE,
		                 "DSSE envelope: valid signatures by %llu of the keys; %llu are needed",
		                 (unsigned long long)n, (unsigned long long)o->threshold);
	if (err)
		aim_error_clear(err);
	return AIM_OK;
}

aim_status aim__dsse_match(const aim__dsse *e, const aim_public_key *key, aim_error *err)
{
	const aim_dsse_options o = {.struct_size = sizeof o, .keys = key, .n_keys = 1, .threshold = 1};
	uint64_t signers = 0;
	return match_all(e->doc.ctx, &o, e, &signers, err);
}

static aim_status verify(const aim_ctx *ctx, const aim_dsse_options *o, aim__dsse *e, aim_str text,
                         aim_buf *out_payload, uint64_t *signers, aim_error *err)
{
	aim_status rc = aim__dsse_read(e, text, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(e->type, o->payload_type))
		return aim__dsse_malformed(e, aim__json_member_text(&e->doc, AIM_JSON_ROOT, "payloadType"),
		                 "payloadType is not the one that was asked for", err);
	rc = match_all(ctx, o, e, signers, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__buf_add(out_payload, e->pae.ptr + e->payload, e->pae.len - e->payload);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim_dsse_verify(const aim_ctx *ctx, aim_str text, const aim_dsse_options *options,
                           aim_buf *out_payload, uint64_t *out_signers, aim_error *err)
{
	aim_dsse_options o = {.struct_size = sizeof o};
	uint64_t signers = 0;
	aim__dsse e;
	if (out_signers)
		*out_signers = 0;
	if (!ctx || !options || !out_payload || (!text.ptr && text.len > 0))
		return AIM__MISUSE(ctx, "ctx, envelope, options and out_payload are required");
	aim_status rc = take_options(ctx, &o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim__dsse_init(&e, aim__ctx_mutable(ctx));
	rc = verify(ctx, &o, &e, text, out_payload, &signers, err);
	aim__dsse_dispose(&e);
	if (rc == AIM_OK && out_signers)
		*out_signers = signers;
	return rc;
}
