/* tests/fuzz/fuzz_config.c — any bytes as a configuration file; the first chooses the format. What is read is a sound
 * document whose every value has a place in the text. */
#include <aim/config.h>

#include "codec/json.h"
#include <stdlib.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_values(const aim_json *doc, size_t size)
{
	uint32_t step = doc->n_nodes > 2000 ? (uint32_t)(doc->n_nodes / 2000) : 1;
	for (aim_json_value value = 0; value < doc->n_nodes; value += step) {
		uint64_t offset;
		uint32_t line, column;
		if (aim_json_type(doc, value) == AIM_JSON_ABSENT)
			continue;
		check(aim_json_position(doc, value, &offset, &line, &column) == AIM_OK);
		check(offset <= size && line >= 1 && column >= 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_json *doc;
	aim_error err = {0};
	if (!ctx && (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_json_new(ctx, &doc) != AIM_OK))
		abort();
	if (size == 0)
		return 0;
	uint32_t format = AIM_CONFIG_JSON + data[0] % 4;
	aim_status rc = aim_config_parse(doc, aim_bytes_from(data + 1, size - 1), format, &err);
	if (rc == AIM_OK) {
		check(doc->n_nodes > 0 && (format < AIM_CONFIG_TOML || doc->n_places == doc->n_nodes));
		check_values(doc, size);
		return 0;
	}
	check(err.status == rc && err.message[0] && err.offset <= size);
	check(aim_json_type(doc, AIM_JSON_ROOT) == AIM_JSON_ABSENT);
	return 0;
}
