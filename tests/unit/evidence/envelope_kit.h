/* What the tests of envelopes share: two keys of RFC 8032 §7.1, buffers, vector files, and envelopes with one bit
 * changed. */
#ifndef AIM_TESTS_ENVELOPE_KIT_H
#define AIM_TESTS_ENVELOPE_KIT_H

#include "support.h"

#include "crypto/key.h"

#include <aim/buf.h>
#include <aim/encoding.h>
#include <aim/json.h>
#include <aim/key.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_A "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define SEED_B "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"

static inline aim_str str(const char *text)
{
	return aim_str_from(text);
}

static inline aim_bytes bytes(const char *text)
{
	return aim_bytes_from_str(aim_str_from(text));
}

static inline aim_buf *kit_buf(aim_ctx *ctx)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	return out;
}

static inline aim_buf *kit_hex(aim_ctx *ctx, const char *hex)
{
	aim_buf *out = kit_buf(ctx);
	assert_status(aim_encoding_decode(AIM_ENCODING_HEX, aim_str_from(hex), out, NULL), AIM_OK);
	return out;
}

static inline aim_key *kit_key(aim_ctx *ctx, uint32_t purpose, const char *seed_hex)
{
	aim_key *key = NULL;
	aim_buf *seed = kit_hex(ctx, seed_hex);
	assert_status(aim_key_from_seed(ctx, purpose, aim_buf_bytes(seed), &key, NULL), AIM_OK);
	aim_buf_free(seed);
	return key;
}

static inline aim_public_key kit_public(const aim_key *key)
{
	aim_public_key out = {{0}};
	assert_status(aim_key_public(key, &out), AIM_OK);
	return out;
}

/* Signs anything: for what the library itself would never write. */
static inline aim_status kit_sign_raw(const aim_key *key, aim_bytes message, uint8_t out[64])
{
	return aim__key_sign(key, UINT32_MAX, message, out, NULL);
}

/* A file below tests/, NUL-terminated; free() it. A final line end is cut off. */
static inline char *kit_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	char *text = calloc(1, 65536);
	assert_non_null(text);
	size_t n = fread(text, 1, 65535, f);
	(void)fclose(f);
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = 0;
	return text;
}

static inline aim_json *kit_json(aim_ctx *ctx, aim_str text)
{
	aim_json *doc = NULL;
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	assert_status(aim_json_parse(doc, aim_bytes_from_str(text), 0, NULL), AIM_OK);
	return doc;
}

/* text with the first `from` replaced by `to`; free() it. */
static inline char *kit_replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	assert_non_null(at);
	size_t size = strlen(text) + strlen(to) + 1;
	char *out = calloc(1, size);
	assert_non_null(out);
	memcpy(out, text, (size_t)(at - text));
	strcat(out, to);
	strcat(out, at + strlen(from));
	return out;
}

#endif
