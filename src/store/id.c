/* store/id.c — making and reading ids. Layer store. */
#include "store/id.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"

#include <string.h>

#define PREFIX_LEN 4
#define UUID_LEN 16
#define UUID_TEXT_LEN 36

aim_status aim__id_new(const aim_ctx *ctx, const char prefix[4], int64_t now_us,
                       char out[AIM__ID_SIZE])
{
	uint8_t uuid[UUID_LEN];
	if (now_us < 0)
		return AIM_E_CLOCK;
	uint64_t ms = (uint64_t)now_us / 1000;
	uint32_t fraction = (uint32_t)((uint64_t)now_us % 1000 * 4096 / 1000);
	aim_status rc = aim__ctx_random(ctx, uuid + 8, 8);
	if (rc != AIM_OK)
		return rc;
	for (int i = 0; i < 6; i++)
		uuid[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid[6] = (uint8_t)(0x70u | fraction >> 8);
	uuid[7] = (uint8_t)fraction;
	uuid[8] = (uint8_t)(0x80u | (uuid[8] & 0x3Fu));
	memcpy(out, prefix, PREFIX_LEN);
	aim__hex_write(aim_bytes_from(uuid, sizeof uuid), out + PREFIX_LEN);
	out[AIM__ID_LEN] = '\0';
	return AIM_OK;
}

/* The lower-case form of a hex digit, 0 for any other character. */
static char hex_digit(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
		return c;
	return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : 0;
}

static int is_dash_position(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

/* Copies 32 digits out of text; in UUID text dashes stand where RFC 9562 §4 puts them. */
static int copy_digits(aim_str text, int dashes, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (dashes && is_dash_position(i)) {
			if (text.ptr[i] != '-')
				return 0;
			continue;
		}
		char digit = hex_digit(text.ptr[i]);
		if (!digit)
			return 0;
		out[n++] = digit;
	}
	return n == 2 * UUID_LEN;
}

aim_status aim__id_parse(const char prefix[4], aim_str text, char out[AIM__ID_SIZE], aim_error *err)
{
	char id[AIM__ID_SIZE];
	int ok = 0;
	memcpy(id, prefix, PREFIX_LEN);
	if (text.ptr && text.len == AIM__ID_LEN && memcmp(text.ptr, prefix, PREFIX_LEN) == 0) {
		aim_str digits = {text.ptr + PREFIX_LEN, text.len - PREFIX_LEN};
		ok = copy_digits(digits, 0, id + PREFIX_LEN);
	} else if (text.ptr && text.len == UUID_TEXT_LEN) {
		ok = copy_digits(text, 1, id + PREFIX_LEN);
	}
	if (!ok)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_STORE,
		                 "\"%.*s\" is no id: expected %.*s and 32 hex digits, or a UUID",
		                 AIM__STR(text), PREFIX_LEN, prefix);
	id[AIM__ID_LEN] = '\0';
	memcpy(out, id, sizeof id);
	return AIM_OK;
}
