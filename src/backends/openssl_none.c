/* backends/openssl_none.c — stands for openssl.c in a build without OpenSSL. Layer backends. */
#include <aim/plugin/crypto.h>

const aim_crypto *aim_crypto_openssl(void)
{
	return NULL;
}
