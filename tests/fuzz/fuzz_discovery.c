/* tests/fuzz/fuzz_discovery.c — any bytes as a client's configuration; the first chooses the format. Whatever is found is
 * whole and can be written as JSON. */
#include <aim/discovery.h>

#include <stdlib.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_server(const aim_discovery *found, size_t i, aim_buf *out, aim_json *doc)
{
	aim_discovery_server s = {.struct_size = sizeof s};
	aim_discovery_origin o = {.struct_size = sizeof o};
	check(aim_discovery_at(found, i, &s) == AIM_OK);
	check(s.n_origins > 0 && aim_discovery_origin_at(found, i, s.n_origins - 1, &o) == AIM_OK && o.line > 0);
	check(s.transport == AIM_TRANSPORT_STDIO ? s.command.ptr != NULL : s.url.ptr != NULL);
	aim_buf_clear(out);
	check(aim_discovery_write(found, i, out) == AIM_OK);
	check(aim_json_parse(doc, aim_buf_bytes(out), AIM_JSON_BORROW, NULL) == AIM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_buf *out;
	static aim_json *doc;
	aim_discovery *found = NULL;
	if (!ctx && (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_buf_new(ctx, &out) != AIM_OK ||
	             aim_json_new(ctx, &doc) != AIM_OK))
		abort();
	if (size == 0)
		return 0;
	check(aim_discovery_new(ctx, NULL, &found, NULL) == AIM_OK);
	aim_discovery_file f = {.struct_size = sizeof f, .format = AIM_CONFIG_JSON + (data[0] + 3u) % 4};
	f.bytes = aim_bytes_from(data + 1, size - 1);
	if (aim_discovery_parse(found, &f, NULL) != AIM_OK)
		check(aim_discovery_count(found) == 0);
	for (size_t i = 0; i < aim_discovery_count(found); i++)
		check_server(found, i, out, doc);
	aim_discovery_free(found);
	return 0;
}
