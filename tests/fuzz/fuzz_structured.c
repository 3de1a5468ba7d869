/* A structured field that is read is written in a form that reads back and is its own canonical form, and every
 * number, key and token in it is within its bounds. The first byte chooses what the field is. */
#include "base/buf.h"
#include "codec/structured.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_value(const aim__sf_value *value)
{
	must(value->type >= AIM__SF_INTEGER && value->type <= AIM__SF_DISPLAY_STRING);
	must(value->number <= AIM__SF_INTEGER_MAX && value->number >= -AIM__SF_INTEGER_MAX);
	must(value->type != AIM__SF_TOKEN || aim__sf_is_token(value->text));
}

static void check_tables(const aim__sf *sf)
{
	must(sf->n_members <= AIM__SF_MAX_MEMBERS);
	for (size_t i = 0; i < sf->n_parameters; i++) {
		must(aim__sf_is_key(sf->parameters[i].key));
		check_value(&sf->parameters[i].value);
	}
	for (size_t i = 0; i < sf->n_nodes; i++) {
		must(i + sf->nodes[i].n_inner < sf->n_nodes);
		must(sf->nodes[i].first_parameter + sf->nodes[i].n_parameters <= sf->n_parameters);
		if (sf->nodes[i].value.type != AIM__SF_INNER_LIST)
			check_value(&sf->nodes[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	aim__sf sf;
	aim_buf canonical, again;
	if (!ctx)
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	if (size == 0)
		return 0;
	const uint32_t kind = data[0] == 'i' ? AIM__SF_ITEM : data[0] == 'l' ? AIM__SF_LIST : AIM__SF_DICTIONARY;
	aim__sf_init(&sf, ctx);
	aim__buf_init(&canonical, ctx);
	aim__buf_init(&again, ctx);
	if (aim__sf_read(&sf, kind, (aim_str){(const char *)data + 1, size - 1}, NULL) == AIM_OK) {
		check_tables(&sf);
		must(aim__sf_write(&sf, &canonical) == AIM_OK);
		/* Canonical texts may be a few bytes over the limit of texts: a comma gains a space. */
		if (canonical.len <= AIM__SF_MAX_BYTES) {
			must(aim__sf_read(&sf, kind, aim_buf_str(&canonical), NULL) == AIM_OK);
			must(!sf.has_duplicate && aim__sf_write(&sf, &again) == AIM_OK);
			must(again.len == canonical.len);
			must(again.len == 0 || memcmp(again.ptr, canonical.ptr, again.len) == 0);
		}
	}
	aim__sf_dispose(&sf);
	aim__buf_dispose(&canonical);
	aim__buf_dispose(&again);
	return 0;
}
