/* evidence/signature.c — what the signature profiles share. Layer evidence. */
#include "evidence/signature.h"

#include "codec/encoding.h"

#include <string.h>

/* 64 bytes are 86 characters and two of padding. */
aim_status aim__signature_read(aim_str text, uint8_t out[AIM_KEY_SIGNATURE_LEN])
{
	static const uint32_t forms[] = {AIM_ENCODING_BASE64, AIM_ENCODING_BASE64URL_PADDED,
	                                 AIM_ENCODING_BASE64_UNPADDED, AIM_ENCODING_BASE64URL};
	if (text.len != 86 && text.len != 88)
		return AIM_E_SIGNATURE;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (aim__encoding_read_exact(forms[i], text, out, AIM_KEY_SIGNATURE_LEN) == AIM_OK)
			return AIM_OK;
	return AIM_E_SIGNATURE;
}

int aim__key_among(const aim_public_key *key, const aim_public_key *keys, uint64_t n_keys)
{
	for (uint64_t i = 0; i < n_keys; i++)
		if (memcmp(keys[i].bytes, key->bytes, sizeof key->bytes) == 0)
			return 1;
	return 0;
}
