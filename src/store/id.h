/* store/id.h — ids: a four-character prefix and the 32 hex digits of a UUIDv7 (RFC 9562 §5.7). */
#ifndef AIM_STORE_ID_H
#define AIM_STORE_ID_H

#include <aim/ctx.h>

#define AIM__ID_LEN 36
#define AIM__ID_SIZE 37 /* with the NUL */

/* A fresh id, NUL-terminated. Ids made later sort behind, as far as the clock goes forward: below the
 * millisecond the microseconds fill rand_a (§6.2, method 3); the other 62 bits are random.
 * AIM_OK, AIM_E_CLOCK, AIM_E_RANDOM. */
aim_status aim__id_new(const aim_ctx *ctx, const char prefix[4], int64_t now_us,
                       char out[AIM__ID_SIZE]);

/* Reads an id in either form, prefix and hex digits or UUID text, of any letter case for the digits.
 * AIM_OK, AIM_E_INVALID; err says what an id looks like. */
aim_status aim__id_parse(const char prefix[4], aim_str text, char out[AIM__ID_SIZE], aim_error *err);

#endif
