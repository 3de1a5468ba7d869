/* dataintegrity — a credential with an eddsa-jcs-2022 proof, verified with the issuer's key. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

#define CREDENTIAL                                                                                                     \
	"{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"],"                \
	"\"credentialSubject\":{\"id\":\"did:example:agent\",\"role\":\"auditor\"}}"

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
	aim_public_key issuer;
	aim_json *doc = NULL;
	aim_buf *secured = NULL;
	int64_t now_us = 0;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_ctx_now_us(ctx, &now_us));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &issuer));
	check(aim_json_new(ctx, &doc));
	check(aim_buf_new(ctx, &secured));

	aim_dataintegrity_options o = {.struct_size = sizeof o, .created_s = now_us / 1000000};
	check(aim_json_parse(doc, aim_bytes_from_str(aim_str_from(CREDENTIAL)), 0, &err));
	check(aim_dataintegrity_sign(key, doc, &o, secured, &err));
	printf("secured   %s\n", aim_buf_str(secured).ptr);

	aim_dataintegrity_expected e = {.struct_size = sizeof e, .now_s = now_us / 1000000};
	aim_dataintegrity_proof proof = {.struct_size = sizeof proof};
	e.keys = &issuer;
	e.n_keys = 1;
	check(aim_json_parse(doc, aim_buf_bytes(secured), 0, &err));
	check(aim_dataintegrity_verify(ctx, doc, &e, &proof, &err));
	aim_str role = aim_json_string(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/credentialSubject/role")));
	printf("verified  role %.*s, by %.*s\n", (int)role.len, role.ptr, (int)proof.verification_method.len,
	       proof.verification_method.ptr);

	e.purpose = aim_str_from("authentication");
	aim_status rc = aim_dataintegrity_verify(ctx, doc, &e, &proof, &err);
	printf("misused   %s\n", err.message);

	aim_buf_free(secured);
	aim_json_free(doc);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return rc == AIM_E_CLAIM ? 0 : 1;
}
