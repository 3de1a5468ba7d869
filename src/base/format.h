/* base/format.h — text without the printf family, so that no locale can change it.
 *
 * Understood: %s %.*s %c %d %u %ld %lu %lld %llu %zd %zu %x %llx %%. Nothing else: an unknown conversion is copied as
 * it stands. Bytes of %s and %.*s that are control characters or not UTF-8 become '?'. */
#ifndef AIM_BASE_FORMAT_H
#define AIM_BASE_FORMAT_H

#include <aim/span.h>
#include <stdarg.h>

/* Writes at most cap − 1 bytes and a NUL; never cuts a UTF-8 sequence. Returns the bytes written. */
size_t aim__format(char *dst, size_t cap, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t aim__vformat(char *dst, size_t cap, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* For "%.*s": expands to the two arguments. */
#define AIM__STR(s) (int)(!(s).ptr ? 0 : (s).len > INT32_MAX ? INT32_MAX : (s).len), (s).ptr ? (s).ptr : ""

/* Decimal digits of value at dst (room for 20 bytes, no NUL). Returns the count. */
size_t aim__u64_text(char *dst, uint64_t value);
/* The same with a sign (room for 21). */
size_t aim__i64_text(char *dst, int64_t value);

/* Length of the valid UTF-8 sequence at p (1 … 4), 0 when there is none (RFC 3629 §4). Here, below
 * codec, because messages must be valid UTF-8 too. */
size_t aim__utf8_sequence(const uint8_t *p, size_t len);

#endif
