/* base/sized.h — option structs that grow: copied over defaults, unknown non-zero tails refused. */
#ifndef AIM_BASE_SIZED_H
#define AIM_BASE_SIZED_H

#include <aim/error.h>

/* Copies src (whose first member is uint32_t struct_size) over dst, which holds the defaults and is
 * dst_size bytes. min_size is the struct's size in its first release. src NULL keeps the defaults.
 * dst->struct_size becomes dst_size. what names the struct in the message.
 * AIM_OK, AIM_E_INVALID (too small, or no size at all), AIM_E_VERSION (non-zero bytes this library does not know). */
aim_status aim__sized_in(void *dst, size_t dst_size, const void *src, size_t min_size,
                         const char *what, aim_error *err);

/* The same for plug-in tables: functions this library does not know are ignored. */
aim_status aim__sized_table(void *dst, size_t dst_size, const void *src, size_t min_size,
                            const char *what, aim_error *err);

/* Writes src (src_size bytes, src->struct_size = src_size) to the caller's output struct dst, up to
 * its struct_size; dst->struct_size stays and fields this library does not know become zero.
 * AIM_OK, AIM_E_INVALID when dst is smaller than min_size. */
aim_status aim__sized_out(void *dst, const void *src, size_t src_size, size_t min_size);

/* Asserts the layout rule: the fields fill the struct, no implicit padding. Use at file scope:
 *     AIM__NO_PADDING(aim_x_options, sizeof(uint32_t) * 2 + sizeof(void *)); */
#define AIM__NO_PADDING(type, sum_of_fields)                                                       \
	_Static_assert(sizeof(type) == (sum_of_fields), #type " has implicit padding")

#endif
