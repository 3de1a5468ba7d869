/* base/error.h — filling aim_error. Every function takes err NULL. */
#ifndef AIM_BASE_ERROR_H
#define AIM_BASE_ERROR_H

#include <aim/error.h>
#include <stdarg.h>

/* Sets status, layer and message, clears the rest; returns status, so `return aim__fail(...)`. */
aim_status aim__fail(aim_error *err, aim_status status, uint32_t layer, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
aim_status aim__vfail(aim_error *err, aim_status status, uint32_t layer, const char *format,
                      va_list args) __attribute__((format(printf, 4, 0)));
/* aim__fail with the status's own sentence. */
aim_status aim__fail_plain(aim_error *err, aim_status status, uint32_t layer);

/* Adds a place to an error just set. text is the whole input: line and column are counted from it. */
void aim__error_at(aim_error *err, aim_bytes text, size_t offset);
void aim__error_pointer(aim_error *err, aim_str pointer);
void aim__error_native(aim_error *err, int32_t native_code);

#endif
