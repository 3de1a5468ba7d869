/** aim/span.h — borrowed text and bytes, passed by value. Immutable.
 *
 *      aim_str name = aim_str_from("search");
 *      aim_bytes raw = aim_bytes_from(buffer, len);
 *
 *  A span never owns and need not end in NUL. {NULL, 0} is the empty span and means "absent" where a
 *  comment says optional.
 */
#ifndef AIM_SPAN_H
#define AIM_SPAN_H

#include <aim/api.h>

AIM_BEGIN_DECLS

/** UTF-8 text, `len` in bytes. @since 0.1 */
typedef struct aim_str {
	const char *ptr;
	size_t len;
} aim_str;

/** Raw bytes, `len` in bytes. @since 0.1 */
typedef struct aim_bytes {
	const uint8_t *ptr;
	size_t len;
} aim_bytes;

/** A span over NUL-terminated text; NULL gives the empty span.
 *  Borrows text.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_str_from(const char *text);

/** A span over len bytes at ptr; len is ignored when ptr is NULL.
 *  Borrows ptr.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_bytes_from(const void *ptr, size_t len);

/** The bytes of a text.  Borrows what text borrows.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_bytes_from_str(aim_str text);

/** 1 when both have the same bytes, else 0. Not constant-time: never for secrets.
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_str_equal(aim_str a, aim_str b);

AIM_END_DECLS

#endif
