/* DIDs, SPIFFE ids and rotation proofs from outside. What is accepted must be what its grammar says, and a
 * proof that is accepted has one spelling. */
#include <aim/did.h>
#include <aim/keyring.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int only(aim_str text, const char *set)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\0' || !strchr(set, text.ptr[i]))
			return 0;
	return 1;
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void look_at_names(const aim_ctx *ctx, aim_str text)
{
	aim_public_key key;
	char did[AIM_DID_KEY_SIZE];
	if (aim_did_check(text, NULL) == AIM_OK && (text.len < 7 || !only(text, ALNUM ".-_:%")))
		abort();
	if (aim_did_spiffe_check(text, NULL) == AIM_OK &&
	    (text.len < 10 || !only(text, ALNUM ".-_:/") || text.ptr[text.len - 1] == '/'))
		abort();
	if (aim_did_key_parse(ctx, text, &key, NULL) == AIM_OK &&
	    (aim_did_key(&key, did) != AIM_OK || !aim_str_equal(text, aim_str_from(did))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	aim_keyring_proof p = {.struct_size = sizeof p};
	if (!ctx && aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		abort();
	look_at_names(ctx, (aim_str){(const char *)data, size});
	aim_status rc = aim_keyring_read_proof(ctx, aim_bytes_from(data, size), &p, NULL);
	if (rc == AIM_OK && (memcmp(p.subject, "agt_", 4) != 0 && memcmp(p.subject, "srv_", 4) != 0))
		abort();
	return 0;
}
