/* crypto/selftest.h — known-answer tests that every provider passes before a context uses it. */
#ifndef AIM_CRYPTO_SELFTEST_H
#define AIM_CRYPTO_SELFTEST_H

#include <aim/error.h>
#include <aim/plugin/crypto.h>

/* table is complete (required functions, pairs). AIM_OK, AIM_E_SELF_TEST naming provider and test. */
aim_status aim__crypto_self_test(const aim_crypto *table, aim_error *err);

#endif
