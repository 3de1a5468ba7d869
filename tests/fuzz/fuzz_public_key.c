/* Public keys from strangers: whatever is accepted is usable and survives its own text form; the Merkle
 * frontier's bytes read back as they were written. */
#include "crypto/merkle.h"

#include <aim/key.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const aim_ctx *ctx, aim_bytes input)
{
	aim_public_key key;
	aim_public_key again;
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];
	aim_error err = {0};
	if (aim_key_public_parse(ctx, input, &key, &err) != AIM_OK) {
		if (err.message[0] == '\0')
			abort();
		return;
	}
	if (aim_key_public_check(&key, NULL) != AIM_OK || aim_key_public_text(&key, text) != AIM_OK)
		abort();
	if (aim_key_public_parse(ctx, aim_bytes_from(text, strlen(text)), &again, NULL) != AIM_OK ||
	    memcmp(&key, &again, sizeof key) != 0)
		abort();
}

static void check_frontier(aim_bytes input)
{
	static aim__merkle_frontier frontier;
	uint8_t bytes[AIM__MERKLE_FRONTIER_MAX_BYTES];
	if (aim__merkle_frontier_read(input, &frontier) != AIM_OK)
		return;
	if (aim__merkle_frontier_write(&frontier, bytes) != input.len ||
	    memcmp(bytes, input.ptr, input.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	const aim_bytes input = {data, size};
	if (!ctx && aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		abort();
	check_key(ctx, input);
	check_frontier(input);
	return 0;
}
