/* base/time.h — RFC 3339 UTC text. No locale, no time zone database. */
#ifndef AIM_BASE_TIME_H
#define AIM_BASE_TIME_H

#include <aim/span.h>
#include <aim/status.h>

#define AIM__TIME_TEXT_SIZE 32

/* "2026-11-20T11:43:42Z", NUL-terminated. Years 0000 … 9999. AIM_OK, AIM_E_INVALID. */
aim_status aim__time_format_s(char out[AIM__TIME_TEXT_SIZE], int64_t unix_s);
/* "2026-11-20T11:43:42.123456Z". */
aim_status aim__time_format_us(char out[AIM__TIME_TEXT_SIZE], int64_t unix_us);
/* RFC 3339 with 'Z' or a numeric offset and up to 6 digits of fraction; leap second 60 is refused,
 * and so is a time that its offset moves out of the years 0000 … 9999.
 * AIM_OK, AIM_E_INVALID. */
aim_status aim__time_parse_us(aim_str text, int64_t *out_us);

#endif
