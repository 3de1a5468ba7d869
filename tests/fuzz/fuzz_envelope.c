/* HMAC envelopes from strangers: nothing opens without the secret, except the seed that was sealed with it,
 * and that opens to what was sealed. */
#include <aim/envelope.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1766000000000000)
#define SEALED "{\"tool\":\"search\"}"

static void require(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_envelope_key *key;
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	uint8_t secret[32];
	aim_envelope *envelope = NULL;
	aim_replay *guard = NULL;
	aim_error err = {0};
	if (!ctx) {
		for (uint8_t i = 0; i < 32; i++)
			secret[i] = i;
		require(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
		require(aim_envelope_key_new(ctx, aim_bytes_from(secret, sizeof secret), &key, NULL) == AIM_OK);
	}
	require(aim_replay_open_memory(ctx, &o, &guard, NULL) == AIM_OK);
	aim_status rc = aim_envelope_open(guard, key, (aim_bytes){data, size}, 0, NOW, &envelope, &err);
	require((rc == AIM_OK) == (envelope != NULL));
	require(rc == AIM_OK || err.message[0] != '\0');
	if (rc == AIM_OK)
		require(aim_str_equal(aim_envelope_payload(envelope), aim_str_from(SEALED)));
	aim_envelope_free(envelope);
	aim_replay_free(guard);
	return 0;
}
