/* sign_verify — sign a message, verify it, and see a changed byte refused. */
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
	char message[] = "transfer 10 to ana";
	aim_bytes payload = aim_bytes_from(message, sizeof message - 1);
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim_bytes signed_by = aim_bytes_from(signature, sizeof signature);
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_public_key public_key;
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	check(aim_key_public_text(&public_key, text));
	printf("signer    %s\n", text);

	check(aim_message_sign(key, payload, signature, &err));
	check(aim_message_verify(ctx, &public_key, payload, signed_by, &err));
	printf("original  valid\n");

	message[9] = '9';
	aim_status rc = aim_message_verify(ctx, &public_key, payload, signed_by, &err);
	printf("changed   %s\n", err.message);

	aim_key_unref(key);
	aim_ctx_free(ctx);
	return rc == AIM_E_SIGNATURE ? 0 : 1;
}
