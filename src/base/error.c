/* base/error.c — filling aim_error. Layer base. */
#include "base/error.h"

#include "base/format.h"

#include <string.h>

_Static_assert(sizeof(aim_error) == 512, "aim_error is frozen at 512 bytes");

static const char *const layer_names[] = {
	"none",     "base",     "codec",  "crypto",  "store", "audit",
	"identity", "evidence", "assess", "enforce", "mcp",   "backends",
};

const char *aim_error_layer_name(uint32_t layer)
{
	return layer < sizeof layer_names / sizeof *layer_names ? layer_names[layer] : "none";
}

void aim_error_clear(aim_error *err)
{
	if (err)
		memset(err, 0, sizeof *err);
}

aim_status aim__vfail(aim_error *err, aim_status status, uint32_t layer, const char *format,
                      va_list args)
{
	if (!err)
		return status;
	aim_error_clear(err);
	err->status = status;
	err->layer = layer;
	aim__vformat(err->message, sizeof err->message, format, args);
	return status;
}

aim_status aim__fail(aim_error *err, aim_status status, uint32_t layer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	aim__vfail(err, status, layer, format, args);
	va_end(args);
	return status;
}

aim_status aim__fail_plain(aim_error *err, aim_status status, uint32_t layer)
{
	return aim__fail(err, status, layer, "%s", aim_status_text(status));
}

void aim__error_at(aim_error *err, aim_bytes text, size_t offset)
{
	if (!err)
		return;
	if (offset > text.len)
		offset = text.len;
	uint32_t line = 1;
	size_t start = 0;
	for (size_t i = 0; i < offset; i++) {
		if (text.ptr[i] != '\n')
			continue;
		line++;
		start = i + 1;
	}
	err->offset = offset;
	err->line = line;
	err->column = (uint32_t)(offset - start + 1 > UINT32_MAX ? UINT32_MAX : offset - start + 1);
}

void aim__error_pointer(aim_error *err, aim_str pointer)
{
	if (err)
		aim__format(err->pointer, sizeof err->pointer, "%.*s", AIM__STR(pointer));
}

void aim__error_native(aim_error *err, int32_t native_code)
{
	if (err)
		err->native_code = native_code;
}
