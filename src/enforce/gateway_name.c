/* enforce/gateway_name.c — what a name looks like, so that lists that refuse also catch its disguises. Layer enforce. */
#include "enforce/gateway.h"

#include "assess/unicode.h"

#include <string.h>

int aim__is_ascii(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.ptr[i] > 0x7E)
			return 0;
	return 1;
}

static int is_dropped(uint32_t cp, uint32_t kind)
{
	if (cp <= 0x20 || cp == 0x7F)
		return kind == AIM__SKELETON_NAME;
	return cp >= 0x80 && aim__unicode_flags(cp) & AIM__UNICODE_INVISIBLE;
}

static size_t put(uint32_t cp, char *dst, size_t len)
{
	if (cp < 0x80) {
		dst[len] = (char)cp;
		return 1;
	}
	return aim__unicode_write(cp, (uint8_t *)dst + len);
}

aim_status aim__skeleton(aim_str text, uint32_t kind, char *dst, size_t cap, size_t *out_len)
{
	uint32_t image[AIM__UNICODE_IMAGE_MAX * AIM__UNICODE_IMAGE_MAX];
	const uint8_t *p = (const uint8_t *)text.ptr, *end = p + text.len;
	size_t len = 0, n_bytes;
	for (; p < end; p += n_bytes) {
		uint32_t cp = aim__unicode_read(p, end, &n_bytes);
		if (is_dropped(cp, kind))
			continue;
		size_t n = aim__unicode_disguise(cp, image, sizeof image / sizeof *image);
		if (n * 4 > cap - len)
			return AIM_E_LIMIT;
		for (size_t i = 0; i < n; i++)
			if (!is_dropped(image[i], kind))
				len += put(image[i], dst, len);
	}
	*out_len = len;
	return AIM_OK;
}
