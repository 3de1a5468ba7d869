/* dsse — a payload signed by two maintainers, accepted because two of three have signed it. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

#define TYPE "application/vnd.example.release+json"

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
	aim_key *maintainers[3];
	aim_public_key trusted[3];
	aim_buf *one = NULL, *two = NULL, *payload = NULL;
	uint64_t signers = 0;

	check(aim_ctx_new(NULL, &ctx, &err));
	for (int i = 0; i < 3; i++) {
		check(aim_key_generate(ctx, AIM_KEY_AGENT, &maintainers[i], &err));
		check(aim_key_public(maintainers[i], &trusted[i]));
	}
	check(aim_buf_new(ctx, &one));
	check(aim_buf_new(ctx, &two));
	check(aim_buf_new(ctx, &payload));

	aim_bytes release = aim_bytes_from_str(aim_str_from("{\"version\":\"1.2.0\"}"));
	check(aim_dsse_sign(maintainers[0], aim_str_from(TYPE), release, one, &err));
	check(aim_dsse_add_signature(maintainers[2], aim_buf_str(one), two, &err));
	printf("envelope  %s\n", aim_buf_str(two).ptr);

	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = trusted, .n_keys = 3, .threshold = 2};
	trust.payload_type = aim_str_from(TYPE);
	aim_status rc = aim_dsse_verify(ctx, aim_buf_str(one), &trust, payload, NULL, &err);
	printf("one       %s\n", err.message);
	check(aim_dsse_verify(ctx, aim_buf_str(two), &trust, payload, &signers, &err));
	printf("two       %s, keys %#llx\n", aim_buf_str(payload).ptr, (unsigned long long)signers);

	aim_buf_free(one);
	aim_buf_free(two);
	aim_buf_free(payload);
	for (int i = 0; i < 3; i++)
		aim_key_unref(maintainers[i]);
	aim_ctx_free(ctx);
	return rc == AIM_E_THRESHOLD && signers == 5 ? 0 : 1;
}
