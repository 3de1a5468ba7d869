/* No bytes from outside finish a handshake that was not begun here, or make a peer sign anything but an answer to a
 * challenge of the one it answers; the key that signed the seeds is gone. */
#include <aim/handshake.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1800000001000000)
/* Signed the seed "challenge". */
static const char initiator[] = "ed25519:cK8f9tnGPnDfXvE5Uv4X4+N1MpLwMFxQ6LTZjx9LUoM=";

typedef struct peer {
	aim_ctx *ctx;
	aim_handshake *handshake;
	aim_key *key;
	aim_public_key initiator_key;
	aim_public_key own_key;
	aim_buf *out;
} peer;

static void open_peer(peer *p)
{
	static const uint8_t seed[32] = {1};
	if (aim_ctx_new(NULL, &p->ctx, NULL) != AIM_OK || aim_handshake_new(p->ctx, NULL, &p->handshake, NULL) != AIM_OK ||
	    aim_key_from_seed(p->ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &p->key, NULL) != AIM_OK ||
	    aim_key_public(p->key, &p->own_key) != AIM_OK || aim_buf_new(p->ctx, &p->out) != AIM_OK ||
	    aim_key_public_parse(p->ctx, aim_bytes_from_str(aim_str_from(initiator)), &p->initiator_key, NULL) != AIM_OK)
		abort();
}

static void as_response(peer *p, aim_bytes input)
{
	aim_handshake_check c = {.struct_size = sizeof c, .peer_key = &p->own_key};
	aim_handshake_result *r = NULL;
	if (aim_handshake_finish(p->handshake, input, &c, NOW, &r, NULL) == AIM_OK || !r ||
	    aim_handshake_result_verified(r))
		abort();
	aim_handshake_result_free(r);
}

static void as_challenge(peer *p, aim_bytes input)
{
	aim_handshake_terms t = {.struct_size = sizeof t, .initiator_key = &p->initiator_key};
	t.responder = aim_str_from("did:mesh:peer");
	aim_buf_clear(p->out);
	aim_status rc = aim_handshake_respond(p->key, input, &t, NOW, p->out, NULL);
	if ((rc == AIM_OK) != (aim_buf_bytes(p->out).len > 0))
		abort();
	if (rc == AIM_OK) /* a response to a challenge that nobody here has begun */
		as_response(p, aim_buf_bytes(p->out));
}

/* id, nonce, response nonce and DID stand on a line each. */
static void as_compat(peer *p, aim_bytes input)
{
	aim_handshake_compat c = {.struct_size = sizeof c};
	aim_str *parts[] = {&c.id, &c.nonce, &c.response_nonce, &c.did, &c.freshness};
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	const char *at = (const char *)input.ptr, *end = at + input.len;
	for (size_t i = 0; i < 5 && at < end; i++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		*parts[i] = (aim_str){at, (size_t)(stop - at)};
		at = stop < end ? stop + 1 : end;
	}
	if (aim_handshake_compat_sign(p->key, &c, signature, NULL) != AIM_OK)
		return;
	if (c.id.len != 26 || memcmp(c.id.ptr, "challenge_", 10) != 0 ||
	    aim_handshake_compat_verify(p->ctx, &p->own_key, &c, aim_bytes_from(signature, 64), NULL) != AIM_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static peer p;
	if (!p.ctx)
		open_peer(&p);
	as_response(&p, aim_bytes_from(data, size));
	as_challenge(&p, aim_bytes_from(data, size));
	as_compat(&p, aim_bytes_from(data, size));
	return 0;
}
