/* What is read as a challenge is written again byte for byte; and nothing that was not issued is an answer. */
#include "evidence/challenge_text.h"

#include "base/time.h"
#include "codec/encoding.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
	if (!ok)
		abort();
}

static void write_again(aim_str text, const aim_challenge *c)
{
	char again[AIM__CHALLENGE_MAX_TEXT];
	uint8_t challenge[32], nonce[16];
	aim_str nonce_text = {c->agent_did.ptr + c->agent_did.len + 1, 22};
	must(aim__encoding_read_exact(AIM_ENCODING_BASE64_UNPADDED, (aim_str){text.ptr, 43}, challenge, 32) == AIM_OK);
	must(aim__encoding_read_exact(AIM_ENCODING_BASE64_UNPADDED, nonce_text, nonce, 16) == AIM_OK);
	size_t n = aim__challenge_write(challenge, nonce, c->agent_did, c->issued_at_s, c->expires_at_s, again);
	must(n == text.len && memcmp(again, text.ptr, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_challenge_issuer *issuer;
	static const uint8_t signature[64];
	static const aim_public_key key = {{0x3d, 0x40, 0x17}};
	const aim_str text = {size ? (const char *)data : "", size};
	aim_challenge c = {.struct_size = sizeof c};
	aim_challenge_response r = {.struct_size = sizeof r, .public_key = &key, .trusted = &key, .n_trusted = 1};
	if (!ctx) {
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
		must(aim_challenge_issuer_new(ctx, NULL, &issuer, NULL) == AIM_OK);
	}
	if (aim_challenge_parse(text, &c, NULL) == AIM_OK)
		write_again(text, &c);
	r.challenge = r.server_id = r.agent_did = text;
	r.signature = aim_bytes_from(signature, sizeof signature);
	must(aim_challenge_verify(issuer, &r, c.issued_at_s, NULL) != AIM_OK);
	return 0;
}
