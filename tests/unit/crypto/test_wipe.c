/* No block that goes back to the allocator holds a piece of a seed, raw or as text: an allocator looks into
 * every block before it is freed. */
#include "support.h"

#include <aim/keyform.h>
#include <aim/keystore.h>

#include <stdlib.h>
#include <string.h>

#define PIECE 8u /* so many bytes in a row are no accident */

typedef struct watch {
	uint8_t seed[AIM_KEY_SEED_LEN];
	char hex[2 * AIM_KEY_SEED_LEN + 1];
	char base64[64];
	size_t n_freed; /* blocks looked into */
	size_t n_found; /* with a piece of the seed */
} watch;

static int holds(const uint8_t *block, size_t size, const void *secret, size_t len)
{
	for (size_t i = 0; i + PIECE <= size; i++)
		for (size_t k = 0; k + PIECE <= len; k++)
			if (memcmp(block + i, (const uint8_t *)secret + k, PIECE) == 0)
				return 1;
	return 0;
}

static void *plain_alloc(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void looking_free(void *user, void *ptr, size_t size)
{
	watch *w = user;
	w->n_freed++;
	w->n_found += holds(ptr, size, w->seed, sizeof w->seed) || holds(ptr, size, w->hex, strlen(w->hex)) ||
	              holds(ptr, size, w->base64, strlen(w->base64));
	free(ptr);
}

/* Its blocks carry no size: the library gives it when it frees. Growing goes through alloc and free. */
static aim_ctx *watched(watch *w)
{
	aim_allocator allocator = {sizeof allocator, 0, plain_alloc, NULL, looking_free, w, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .allocator = &allocator};
	aim_ctx *ctx = NULL;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	return ctx;
}

/* A fresh seed, made where nobody looks, and its forms. */
static aim_key *begin(watch *w, aim_ctx **out_ctx)
{
	aim_ctx *elsewhere = NULL;
	aim_key *key = NULL;
	aim_buf *text = NULL;
	memset(w, 0, sizeof *w);
	assert_status(aim_ctx_new(NULL, &elsewhere, NULL), AIM_OK);
	assert_status(aim_key_generate(elsewhere, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	assert_status(aim_key_export_seed(key, w->seed), AIM_OK);
	assert_status(aim_buf_new(elsewhere, &text), AIM_OK);
	assert_status(aim_keyform_private(key, AIM_KEYFORM_HEX, text, NULL), AIM_OK);
	memcpy(w->hex, aim_buf_str(text).ptr, aim_buf_str(text).len);
	aim_buf_clear(text);
	assert_status(aim_keyform_private(key, AIM_KEYFORM_BASE64_UNPADDED, text, NULL), AIM_OK);
	memcpy(w->base64, aim_buf_str(text).ptr, aim_buf_str(text).len);
	aim_buf_free(text);
	aim_ctx_free(elsewhere);
	*out_ctx = watched(w);
	return key;
}

static void end(watch *w, aim_ctx *ctx, aim_key *key)
{
	aim_ctx_free(ctx);
	aim_key_unref(key);
	assert_true(w->n_freed > 0);
	assert_int_equal(w->n_found, 0);
}

static void the_watch_sees_what_is_left(void **state)
{
	watch w;
	aim_ctx *ctx = NULL;
	aim_key *key = begin(&w, &ctx);
	uint8_t *block = malloc(100);
	(void)state;
	memset(block, 0, 100);
	memcpy(block + 13, w.seed + 5, PIECE);
	looking_free(&w, block, 100);
	assert_int_equal(w.n_found, 1);
	w.n_found = 0;
	end(&w, ctx, key);
}

static void key_handles_leave_nothing(void **state)
{
	watch w;
	aim_ctx *ctx = NULL;
	aim_key *key = begin(&w, &ctx), *copy = NULL;
	(void)state;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(w.seed, 32), &copy, NULL), AIM_OK);
	aim_key_unref(copy);
	end(&w, ctx, key);
}

static void keystores_leave_nothing(void **state)
{
	watch w;
	aim_ctx *ctx = NULL;
	aim_key *key = begin(&w, &ctx), *copy = NULL, *opened = NULL;
	aim_keystore_options fast = {.struct_size = sizeof fast, .passes = 1};
	aim_bytes secret = aim_bytes_from("secret", 6), wrong = aim_bytes_from("wrong", 5);
	aim_str agent = aim_str_from("agt_1");
	aim_buf *out = NULL;
	(void)state;
	fast.memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(w.seed, 32), &copy, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keystore_seal(copy, secret, agent, &fast, out, NULL), AIM_OK);
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), wrong, agent, &fast, &opened, NULL),
	              AIM_E_PASSPHRASE);
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), secret, agent, &fast, &opened, NULL), AIM_OK);
	aim_key_unref(opened);
	aim_key_unref(copy);
	aim_buf_free(out);
	end(&w, ctx, key);
}

static void reading_private_keys_leaves_nothing(void **state)
{
	static const uint32_t forms[] = {AIM_KEYFORM_RAW,       AIM_KEYFORM_HEX, AIM_KEYFORM_BASE64,
	                                 AIM_KEYFORM_BASE64URL, AIM_KEYFORM_DER, AIM_KEYFORM_DER_HEX,
	                                 AIM_KEYFORM_PEM,       AIM_KEYFORM_JWK, AIM_KEYFORM_OPENSSH,
	                                 AIM_KEYFORM_PAIR};
	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		watch w;
		aim_ctx *ctx = NULL;
		aim_key *key = begin(&w, &ctx), *read_back = NULL;
		aim_buf *text = NULL;
		assert_status(aim_buf_new(ctx, &text), AIM_OK);
		assert_status(aim_keyform_private(key, forms[i], text, NULL), AIM_OK);
		assert_status(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, aim_buf_bytes(text), &read_back, NULL, NULL),
		              AIM_OK);
		aim_key_unref(read_back);
		/* Cut short: what was read up to there is wiped too. */
		aim_bytes half = aim_buf_bytes(text);
		half.len -= 3;
		assert_true(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, half, &read_back, NULL, NULL) != AIM_OK);
		aim_buf_free(text);
		if (w.n_found)
			fail_msg("%s leaves a piece of the seed", aim_keyform_name(forms[i]));
		end(&w, ctx, key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_watch_sees_what_is_left),
		cmocka_unit_test(key_handles_leave_nothing),
		cmocka_unit_test(keystores_leave_nothing),
		cmocka_unit_test(reading_private_keys_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
