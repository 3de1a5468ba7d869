/* verify_again — the second verification of the same message is a comparison, until its key is forgotten. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_verifycache *cache = NULL;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim_bytes payload = aim_bytes_from_str(aim_str_from("the same handshake again"));
	aim_bytes signed_by = aim_bytes_from(signature, sizeof signature);

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	check(aim_verifycache_new(ctx, NULL, &cache, &err));
	check(aim_message_sign(key, payload, signature, &err));

	for (int i = 0; i < 3; i++)
		check(aim_message_verify_cached(cache, 0, &public_key, payload, signed_by, &err));
	printf("kept      %llu\n", (unsigned long long)aim_verifycache_count(cache));
	check(aim_verifycache_forget_key(cache, &public_key));
	printf("revoked   %llu\n", (unsigned long long)aim_verifycache_count(cache));

	uint64_t left = aim_verifycache_count(cache);
	aim_verifycache_free(cache);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return left == 0 ? 0 : 1;
}
