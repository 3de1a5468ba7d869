/* intoto — a statement about a file by its digest, in an envelope, read back after verification. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

#define PREDICATE_TYPE "https://example.com/review/v1"

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static void sign_statement(aim_ctx *ctx, const aim_key *key, aim_str digest, aim_buf *envelope)
{
	aim_buf *text = NULL;
	aim_intoto_subject subject = {.struct_size = sizeof subject, .digest = digest};
	aim_intoto_statement s = {.struct_size = sizeof s, .subjects = &subject, .n_subjects = 1};
	subject.name = aim_str_from("server.tar.gz");
	subject.algorithm = aim_str_from("sha256");
	s.predicate_type = aim_str_from(PREDICATE_TYPE);
	s.predicate = aim_bytes_from_str(aim_str_from("{\"result\":\"reviewed\"}"));
	check(aim_buf_new(ctx, &text));
	check(aim_intoto_write(ctx, &s, text, &err));
	printf("statement %s\n", aim_buf_str(text).ptr);
	check(aim_dsse_sign(key, aim_str_from(AIM_INTOTO_PAYLOAD_TYPE), aim_buf_bytes(text), envelope, &err));
	aim_buf_free(text);
}

int main(void)
{
	aim_str digest = aim_str_from("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_public_key reviewer;
	aim_buf *envelope = NULL, *payload = NULL;
	aim_json *doc = NULL;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &reviewer));
	check(aim_buf_new(ctx, &envelope));
	check(aim_buf_new(ctx, &payload));
	check(aim_json_new(ctx, &doc));
	sign_statement(ctx, key, digest, envelope);

	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = &reviewer, .n_keys = 1};
	trust.payload_type = aim_str_from(AIM_INTOTO_PAYLOAD_TYPE);
	check(aim_dsse_verify(ctx, aim_buf_str(envelope), &trust, payload, NULL, &err));
	check(aim_json_parse(doc, aim_buf_bytes(payload), 0, &err));
	check(aim_intoto_check(doc, aim_str_from(PREDICATE_TYPE), &err));
	int found = aim_intoto_subject_of(doc, aim_str_from("sha256"), digest) != AIM_JSON_NONE;
	aim_str result = aim_json_string(doc, aim_json_member(doc, aim_intoto_predicate(doc), aim_str_from("result")));
	printf("verified  %.*s%s\n", (int)result.len, result.ptr, found ? ", this file" : ", another file");

	aim_json_free(doc);
	aim_buf_free(payload);
	aim_buf_free(envelope);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return found ? 0 : 1;
}
