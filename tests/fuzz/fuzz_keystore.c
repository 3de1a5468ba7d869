/* Keystore containers from strangers: never a key under a wrong passphrase, never more cost than permitted, and whatever
 * inspection accepts has a usable public key. Argon2id is replaced by a hash: its time is not what is fuzzed. */
#include <aim/keystore.h>
#include <aim/plugin/crypto.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

#define KNOWN_MEMORY_KIB 8u /* the known-answer test's; a container's are more */

static aim_status quick_argon2id(void *user, aim_bytes password, const uint8_t salt[16], uint32_t passes,
                                 uint32_t memory_kib, uint8_t *out, size_t out_len)
{
	const aim_bytes parts[] = {password, {salt, 16}};
	if (memory_kib == KNOWN_MEMORY_KIB)
		return aim_crypto_sodium()->argon2id(user, password, salt, passes, memory_kib, out, out_len);
	require(memory_kib <= 1048576 && passes <= 16 && out_len == 32);
	return aim_crypto_sodium()->sha256(user, parts, 2, out);
}

static aim_ctx *quick_ctx(void)
{
	static aim_crypto table;
	aim_ctx_options options = {.struct_size = sizeof options, .crypto = &table};
	aim_ctx *ctx = NULL;
	table = *aim_crypto_sodium();
	table.argon2id = quick_argon2id;
	require(aim_ctx_new(&options, &ctx, NULL) == AIM_OK);
	return ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_buf *agent;
	const aim_bytes input = {data, size};
	const aim_bytes wrong = {(const uint8_t *)"not this one", 12};
	aim_public_key public_key;
	aim_key *key = NULL;
	aim_error err = {0};
	uint32_t purpose = 0;
	if (!ctx) {
		ctx = quick_ctx();
		require(aim_buf_new(ctx, &agent) == AIM_OK);
	}
	aim_buf_clear(agent);
	if (aim_keystore_inspect(ctx, input, agent, &public_key, &purpose, &err) != AIM_OK) {
		require(err.message[0] != '\0');
		return 0;
	}
	require(aim_key_public_check(&public_key, NULL) == AIM_OK && purpose >= AIM_KEY_AGENT && purpose <= AIM_KEY_WRAP);
	require(aim_keystore_open(ctx, input, wrong, aim_buf_str(agent), NULL, &key, &err) != AIM_OK && !key);
	return 0;
}
