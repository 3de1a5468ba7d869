/* assess/unicode.h — reading, folding and classing code points. Functions over bytes; no state. */
#ifndef AIM_ASSESS_UNICODE_H
#define AIM_ASSESS_UNICODE_H

#include "assess/unicode_data.h"

#include <stddef.h>

/* What an ill-formed byte reads as; no fold and no rule knows it. */
#define AIM__UNICODE_BAD 0xFFFDu

/* The code point at p (p < end) and how many bytes it has: at least 1. Ill-formed UTF-8 is AIM__UNICODE_BAD, one byte
 * at a time. */
uint32_t aim__unicode_read(const uint8_t *p, const uint8_t *end, size_t *out_n);
/* Writes cp as UTF-8; returns the bytes written, at most 4. */
size_t aim__unicode_write(uint32_t cp, uint8_t *out);

/* AIM__UNICODE_* of any code point. */
uint32_t aim__unicode_flags(uint32_t cp);
/* Case folded, decomposed for compatibility (NFKD), marks and ignorables dropped. Returns the length, 0 … IMAGE_MAX. */
size_t aim__unicode_fold_one(uint32_t cp, uint32_t out[AIM__UNICODE_IMAGE_MAX]);
/* The prototype of UTS #39 that cp is confusable with; itself when there is none. Returns the length. */
size_t aim__unicode_look_one(uint32_t cp, uint32_t out[AIM__UNICODE_IMAGE_MAX]);

/* Folded, and then what it looks like, folded: "раураl" in Cyrillic becomes "paypal". */
size_t aim__unicode_disguise(uint32_t cp, uint32_t *out, size_t cap);

#endif
