/* What the store gives back as a row or a head of the audit log is either refused or exactly what this library
 * writes: taken apart and put together again, it is the same bytes. */
#include "audit/head.h"
#include "audit/row.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_row(aim_ctx *ctx, aim_bytes bytes)
{
	aim__audit_row row;
	aim__merkle_hash leaf, again;
	aim_buf out;
	uint64_t position = 0;
	/* Digits of the position, so that the fuzzer need not guess zero. */
	for (size_t i = 87; i < 107 && i < bytes.len && bytes.ptr[i] >= '0' && bytes.ptr[i] <= '9'; i++)
		position = position * 10 + (uint64_t)(bytes.ptr[i] - '0');
	if (aim__audit_row_read(bytes, position, &row, NULL) != AIM_OK)
		return;
	aim__buf_init(&out, ctx);
	must(aim__audit_row_begin(&out) == AIM_OK);
	must(aim__buf_add_str(&out, row.record) == AIM_OK);
	must(aim__audit_row_end(&out, 0, row.salt, &again) == AIM_OK);
	aim__audit_row_place(out.ptr, position);
	must(out.len == bytes.len);
	int same = memcmp(out.ptr, bytes.ptr, out.len) == 0;
	must((aim__audit_row_leaf(ctx, &row, position, &leaf, NULL) == AIM_OK) == same);
	aim__buf_dispose(&out);
}

static void check_head(aim_ctx *ctx, aim_bytes bytes)
{
	aim__merkle_frontier tree;
	aim_buf out;
	if (aim__audit_head_read(ctx, bytes, &tree, NULL) != AIM_OK)
		return;
	aim__buf_init(&out, ctx);
	must(aim__audit_head_write(&tree, &out) == AIM_OK);
	must(out.len == bytes.len && memcmp(out.ptr, bytes.ptr, out.len) == 0);
	aim__buf_dispose(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	if (!ctx)
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	check_row(ctx, aim_bytes_from(data, size));
	check_head(ctx, aim_bytes_from(data, size));
	return 0;
}
