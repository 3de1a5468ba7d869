/* crypto/strict.h — what makes Ed25519 verification strict: checks on the bytes alone, before any
 * provider computes, so that every provider gives the same verdict. */
#ifndef AIM_CRYPTO_STRICT_H
#define AIM_CRYPTO_STRICT_H

#include <stddef.h>
#include <stdint.h>

/* NULL when the encoding is canonical (RFC 8032 §5.1.3) and not of small order; else static text for a
 * message, "is …". Whether it is on the curve is the provider's to find out. */
const char *aim__ed25519_point_flaw(const uint8_t encoding[32]);
/* The same for the scalar S: below L (RFC 8032 §5.1.7 step 1). */
const char *aim__ed25519_scalar_flaw(const uint8_t scalar[32]);

#endif
