/* base/span.c — spans and the version. Layer base. */
#include <aim/span.h>
#include <aim/version.h>
#include <string.h>

aim_str aim_str_from(const char *text)
{
	aim_str s = {text, text ? strlen(text) : 0};
	return s;
}

aim_bytes aim_bytes_from(const void *ptr, size_t len)
{
	aim_bytes b = {ptr, ptr ? len : 0};
	return b;
}

aim_bytes aim_bytes_from_str(aim_str text)
{
	return aim_bytes_from(text.ptr, text.len);
}

int32_t aim_str_equal(aim_str a, aim_str b)
{
	/* A length without a pointer is no text, and equals none. */
	return a.len == b.len && (a.len == 0 || (a.ptr && b.ptr && memcmp(a.ptr, b.ptr, a.len) == 0));
}

uint32_t aim_version(void)
{
	return AIM_VERSION;
}

const char *aim_version_text(void)
{
	return AIM_VERSION_TEXT;
}
