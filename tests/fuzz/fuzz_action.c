/* Texts of tokens, contexts and actions from outside: no crash, no leak, and a token that was not given is never taken. */
#include "support.h"

#include "enforce/action.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is a token, and behind the first line end a context. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	test_heap heap;
	aim_buf context, again;
	char id[AIM__ID_SIZE];
	uint8_t hash[32];
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;
	aim_str token = {(const char *)data, n};
	aim_bytes rest = aim_bytes_from(end ? end + 1 : NULL, end ? size - n - 1 : 0);
	aim_ctx *ctx = test_ctx(&heap);
	if (aim__action_token_read(ctx, token, id, hash, NULL) == AIM_OK && (token.len != AIM__ACTION_TOKEN_LEN || id[3] != '_'))
		abort();
	aim__buf_init(&context, ctx);
	aim__buf_init(&again, ctx);
	if (aim__action_context(ctx, rest, &context, NULL) == AIM_OK && rest.len) {
		/* a canonical form is its own */
		if (aim__action_context(ctx, aim_buf_bytes(&context), &again, NULL) != AIM_OK || context.len != again.len ||
		    memcmp(context.ptr, again.ptr, again.len) != 0)
			abort();
	}
	aim__buf_dispose(&again);
	aim__buf_dispose(&context);
	test_ctx_done(ctx, &heap);
	return 0;
}
