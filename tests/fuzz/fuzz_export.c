/* Any bytes as an export of an audit log: never believed by accident, and the verdict does not depend on how they
 * are cut into pieces. */
#include <aim/trail.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_status in_pieces(aim_ctx *ctx, const uint8_t *data, size_t size, size_t step)
{
	aim_trail_verifier *v = NULL;
	if (aim_trail_verifier_new(ctx, NULL, &v, NULL) != AIM_OK)
		abort();
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < size; i += step)
		rc = aim_trail_verifier_feed(v, aim_bytes_from(data + i, size - i < step ? size - i : step), NULL);
	aim_status ended = aim_trail_verifier_end(v, NULL, NULL);
	if (rc != AIM_OK && rc != ended)
		abort();
	aim_trail_verifier_free(v);
	return ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	aim_trail_verify_report r = {.struct_size = sizeof r};
	if (!ctx && aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		abort();
	aim_status rc = aim_trail_verify(ctx, aim_bytes_from(data, size), NULL, &r, NULL);
	if (rc == AIM_OK && (r.bad_line != 0 || r.end - r.first != r.n_records || r.n_lines != r.n_records + 2))
		abort();
	if (rc != in_pieces(ctx, data, size, 1 + size / 7))
		abort();
	return 0;
}
