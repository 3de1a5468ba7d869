/* tests/fuzz/fuzz_json.c — any bytes as JSON: no crash, and every answer about what was read holds
 * together. */
#include "codec/json.h"

#include "base/buf.h"
#include <stdlib.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

/* The accessors agree with each other on one value. */
static void check_value(const aim_json *doc, aim_json_value value, aim_buf *out)
{
	uint32_t type = aim_json_type(doc, value);
	aim_bytes raw = aim_json_raw(doc, value);
	size_t n = 0;
	check(raw.len > 0 && raw.ptr >= doc->source && raw.ptr + raw.len <= doc->source + doc->len);
	check((aim_json_string(doc, value).ptr != NULL) == (type == AIM_JSON_STRING));
	check((aim_json_number_text(doc, value).ptr != NULL) == (type == AIM_JSON_NUMBER));
	for (aim_json_value v = aim_json_first(doc, value); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v), n++) {
		aim_bytes inner = aim_json_raw(doc, v);
		check(v > value && inner.ptr > raw.ptr &&
		      inner.ptr + inner.len < raw.ptr + raw.len);
		check((aim_json_key(doc, v).ptr != NULL) == (type == AIM_JSON_OBJECT));
	}
	check(n == aim_json_count(doc, value));
	aim_buf_clear(out);
	check(aim_json_pointer(doc, value, out) == AIM_OK);
	check(aim_json_at(doc, AIM_JSON_ROOT, aim_buf_str(out)) == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_json *doc;
	static aim_buf *out;
	aim_error err = {0};
	if (!ctx && (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_json_new(ctx, &doc) != AIM_OK ||
	             aim_buf_new(ctx, &out) != AIM_OK))
		abort();
	aim_status rc = aim_json_parse(doc, aim_bytes_from(data, size), AIM_JSON_BORROW, &err);
	if (rc != AIM_OK) {
		check(err.status == rc && err.message[0] && err.offset <= size);
		check(aim_json_type(doc, AIM_JSON_ROOT) == AIM_JSON_ABSENT);
		return 0;
	}
	/* Pointers are followed from the root, so large documents are sampled. */
	uint32_t step = doc->n_nodes > 2000 ? (uint32_t)(doc->n_nodes / 2000) : 1;
	for (aim_json_value value = 0; value < doc->n_nodes; value += step)
		if (aim_json_type(doc, value) != AIM_JSON_ABSENT)
			check_value(doc, value, out);
	return 0;
}
