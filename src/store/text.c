/* store/text.c — text from outside, before it is kept. Layer store. */
#include "store/text.h"

#include "base/ctx.h"
#include "base/error.h"
#include "codec/utf8.h"

#include <string.h>

/* Characters that a person reading a list of names would not see, or that reorder what they see. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x0000, 0x001F},   /* C0 controls */
	{0x007F, 0x009F},   /* DEL, C1 controls */
	{0x200B, 0x200B},   /* zero width space */
	{0x200E, 0x200F},   /* direction marks */
	{0x2028, 0x202E},   /* line separators, direction embedding and override */
	{0x2060, 0x2069},   /* word joiner, invisible operators, direction isolates */
	{0xFEFF, 0xFEFF},   /* byte order mark */
	{0xE0000, 0xE007F}, /* tags: invisible ASCII */
};

static int is_hidden(uint32_t c, uint32_t flags)
{
	if (flags & AIM__CHECK_LINES && (c == '\n' || c == '\r' || c == '\t'))
		return 0;
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return 1;
	return 0;
}

static aim_status check(const char *what, aim_str text, size_t max, uint32_t flags,
                        aim_status failure, aim_error *err)
{
	size_t bad;
	if (text.len > max)
		return aim__fail(err, failure, AIM_LAYER_STORE, "%s has %zu bytes; at most %zu are allowed",
		                 what, text.len, max);
	if (text.len == 0)
		return flags & AIM__CHECK_REQUIRED
		               ? aim__fail(err, failure, AIM_LAYER_STORE, "%s is empty", what)
		               : AIM_OK;
	if (!text.ptr)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_STORE, "%s has a length and no pointer", what);
	if (!aim__utf8_valid(text, &bad))
		return aim__fail(err, failure, AIM_LAYER_STORE, "%s is not UTF-8 at byte %zu", what, bad);
	for (size_t offset = 0; offset < text.len;) {
		size_t start = offset;
		uint32_t c = aim__utf8_next(text, &offset);
		if (is_hidden(c, flags))
			return aim__fail(err, failure, AIM_LAYER_STORE,
			                 "%s holds the control or invisible character U+%x at byte %zu", what, c,
			                 start);
	}
	return AIM_OK;
}

aim_status aim__check_text(const char *what, aim_str text, size_t max, uint32_t flags, aim_error *err)
{
	return check(what, text, max, flags, AIM_E_INVALID, err);
}

aim_status aim__check_name(const aim_ctx *ctx, const char *what, aim_str text, uint32_t flags,
                           aim_error *err)
{
	aim_status rc = check(what, text, ctx->limits.max_name_bytes, flags, AIM_E_ID_NAME, err);
	if (rc != AIM_OK || text.len == 0)
		return rc;
	if (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ')
		return aim__fail(err, AIM_E_ID_NAME, AIM_LAYER_STORE, "%s begins or ends with a space",
		                 what);
	return AIM_OK;
}

int aim__is_word(aim_str text, size_t max, const char *others)
{
	if (!text.ptr || text.len == 0 || text.len > max)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(others, c)))
			return 0;
	}
	return 1;
}
