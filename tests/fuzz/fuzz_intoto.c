/* What is checked as a statement has a subject that is found by its digest, and its predicate goes into another
 * statement that is checked too. */
#include <aim/intoto.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
	if (!ok)
		abort();
}

static aim_json_value first_digest(const aim_json *doc)
{
	aim_json_value subject = aim_json_first(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("subject")));
	return aim_json_first(doc, aim_json_member(doc, subject, aim_str_from("digest")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_json *doc, *again;
	static aim_buf *out;
	aim_intoto_subject subject = {.struct_size = sizeof subject};
	aim_intoto_statement s = {.struct_size = sizeof s, .subjects = &subject, .n_subjects = 1};
	s.predicate_type = aim_str_from("https://example.com/attestation/v1");
	if (!ctx) {
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK && aim_buf_new(ctx, &out) == AIM_OK);
		must(aim_json_new(ctx, &doc) == AIM_OK && aim_json_new(ctx, &again) == AIM_OK);
	}
	if (aim_json_parse(doc, aim_bytes_from(data, size), AIM_JSON_BORROW, NULL) != AIM_OK ||
	    aim_intoto_check(doc, s.predicate_type, NULL) != AIM_OK)
		return 0;
	aim_json_value digest = first_digest(doc);
	subject.algorithm = aim_json_key(doc, digest);
	subject.digest = aim_json_string(doc, digest);
	must(aim_intoto_subject_of(doc, subject.algorithm, subject.digest) != AIM_JSON_NONE);
	s.predicate = aim_json_raw(doc, aim_intoto_predicate(doc));
	aim_buf_clear(out);
	if (aim_intoto_write(ctx, &s, out, NULL) != AIM_OK)
		return 0;
	must(aim_json_parse(again, aim_buf_bytes(out), 0, NULL) == AIM_OK);
	must(aim_intoto_check(again, s.predicate_type, NULL) == AIM_OK);
	return 0;
}
