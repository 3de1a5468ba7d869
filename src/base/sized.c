/* base/sized.c — reading and writing sized structs. Layer base. */
#include "base/sized.h"

#include "base/error.h"

#include <string.h>

static uint32_t size_of(const void *sized)
{
	uint32_t size;
	memcpy(&size, sized, sizeof size);
	return size;
}

/* No struct of this library will ever be as large: such a size was not set by anybody. */
#define MAX_STRUCT 65536u

static aim_status copy_known(void *dst, size_t dst_size, const void *src, size_t min_size,
                             const char *what, aim_error *err)
{
	uint32_t size = size_of(src);
	if (size < min_size || size > MAX_STRUCT)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_BASE,
		                 "%s.struct_size is %u; sizeof it is at least %zu", what, size, min_size);
	uint32_t known = (uint32_t)dst_size;
	memcpy(dst, src, size < dst_size ? size : dst_size);
	memcpy(dst, &known, sizeof known);
	return AIM_OK;
}

aim_status aim__sized_table(void *dst, size_t dst_size, const void *src, size_t min_size,
                            const char *what, aim_error *err)
{
	return src ? copy_known(dst, dst_size, src, min_size, what, err) : AIM_OK;
}

aim_status aim__sized_in(void *dst, size_t dst_size, const void *src, size_t min_size,
                         const char *what, aim_error *err)
{
	if (!src)
		return AIM_OK;
	const uint8_t *bytes = src;
	uint32_t size = size_of(src);
	for (size_t i = dst_size; i < size && size <= MAX_STRUCT; i++)
		if (bytes[i] != 0)
			return aim__fail(err, AIM_E_VERSION, AIM_LAYER_BASE,
			                 "%s sets a field at byte %zu that this library does not know", what, i);
	return copy_known(dst, dst_size, src, min_size, what, err);
}

aim_status aim__sized_out(void *dst, const void *src, size_t src_size, size_t min_size)
{
	uint32_t size = size_of(dst);
	if (size < min_size || size > MAX_STRUCT)
		return AIM_E_INVALID;
	size_t n = size < src_size ? size : src_size;
	memcpy((uint8_t *)dst + sizeof size, (const uint8_t *)src + sizeof size, n - sizeof size);
	memset((uint8_t *)dst + n, 0, size - n);
	return AIM_OK;
}
