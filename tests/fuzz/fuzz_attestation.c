/* What is read as an attestation says the same when it is signed anew; and nothing is verified by a key that did not
 * sign it. */
#include <aim/attestation.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
	if (!ok)
		abort();
}

static void sign_again(aim_ctx *ctx, const aim_key *key, const aim_attestation_payload *p)
{
	aim_buf *out = NULL;
	aim_attestation *again = NULL;
	must(aim_buf_new(ctx, &out) == AIM_OK);
	must(aim_attestation_sign(key, p, out, NULL) == AIM_OK);
	must(aim_attestation_parse(ctx, aim_buf_str(out), &again, NULL) == AIM_OK);
	const aim_attestation_payload *q = aim_attestation_read(again);
	must(q->flags == p->flags && q->n_capabilities == p->n_capabilities);
	must(q->issued_at_s == p->issued_at_s && q->expires_at_s == p->expires_at_s && q->latency_us == p->latency_us);
	must(aim_str_equal(q->server_id, p->server_id) && aim_str_equal(q->nonce, p->nonce));
	must(memcmp(q->manifest_hash, p->manifest_hash, 32) == 0);
	aim_attestation_free(again);
	aim_buf_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_key *key;
	static const uint8_t seed[32] = {1};
	const aim_str text = {size ? (const char *)data : "", size};
	aim_attestation *a = NULL;
	aim_public_key stranger;
	if (!ctx) {
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
		must(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL) == AIM_OK);
	}
	must(aim_key_public(key, &stranger) == AIM_OK);
	must(aim_attestation_verify(ctx, text, &stranger, 1764000000, NULL, NULL) != AIM_OK);
	if (aim_attestation_parse(ctx, text, &a, NULL) == AIM_OK)
		sign_again(ctx, key, aim_attestation_read(a));
	aim_attestation_free(a);
	return 0;
}
