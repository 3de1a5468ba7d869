/* A checkpoint that is accepted says what its text says: written again from its parts it is the same
 * text. The rest of the input is tried as a verifier key, which has one text only. */
#include "audit/checkpoint.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_note(aim_ctx *ctx, aim_str bytes)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	aim__note note;
	aim__note_line line;
	aim_buf out;
	uint64_t n = 0;
	if (aim_checkpoint_parse(bytes, &c, NULL) != AIM_OK)
		return;
	must(aim__note_read(bytes, &note, NULL) == AIM_OK);
	aim__buf_init(&out, ctx);
	must(aim__buf_add_str(&out, note.text) == AIM_OK && aim__buf_add_byte(&out, '\n') == AIM_OK);
	for (aim_str rest = note.signatures; aim__note_next(&rest, &line); n++)
		must(aim__buf_add_str(&out, line.whole) == AIM_OK);
	must(n == c.n_signatures && n == note.n_signatures);
	must(out.len == bytes.len && memcmp(out.ptr, bytes.ptr, out.len) == 0);
	must(c.origin.len > 0 && memchr(c.origin.ptr, '\n', c.origin.len) == NULL);
	aim__buf_dispose(&out);
}

static void check_key(aim_ctx *ctx, aim_str bytes)
{
	aim__note_key key;
	aim_buf out;
	if (aim__note_key_read(ctx, bytes, &key, NULL) != AIM_OK)
		return;
	aim__buf_init(&out, ctx);
	must(aim__note_key_write(&key, &out) == AIM_OK);
	must(out.len == bytes.len && memcmp(out.ptr, bytes.ptr, out.len) == 0);
	aim__buf_dispose(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static const char vkey[] = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
	aim_str bytes = {(const char *)data, size};
	if (!ctx)
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	check_note(ctx, bytes);
	check_key(ctx, bytes);
	if (aim_checkpoint_verify(ctx, bytes, aim_str_from(vkey), aim_str_from("go.sum database tree"), NULL,
	                          NULL) == AIM_OK)
		must(size > 21 && memcmp(data, "go.sum database tree\n", 21) == 0);
	return 0;
}
