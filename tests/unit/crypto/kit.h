/* tests/unit/crypto/kit.h — contexts on a chosen provider, and files of vectors. */
#ifndef AIM_TESTS_CRYPTO_KIT_H
#define AIM_TESTS_CRYPTO_KIT_H

#include "support.h"

#include <aim/plugin/crypto.h>
#include <stdio.h>
#include <string.h>

/* The tables every provider test runs over: the built-in mixture (NULL), libsodium, OpenSSL. */
#define KIT_PROVIDERS 3
static inline int kit_provider(int i, const aim_crypto **out)
{
	*out = i == 1 ? aim_crypto_sodium() : i == 2 ? aim_crypto_openssl() : NULL;
	return i == 0 || *out;
}

static inline aim_ctx *kit_ctx(const aim_crypto *table)
{
	aim_ctx_options options = {.struct_size = sizeof options, .crypto = table};
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	if (aim_ctx_new(&options, &ctx, &err) != AIM_OK)
		fail_msg("%s", err.message);
	return ctx;
}

static inline int kit_nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hex until a space or the end, "-" for nothing. Returns the bytes; *at moves past it. */
static inline size_t kit_hex(const char **at, uint8_t *out, size_t cap)
{
	size_t n = 0;
	const char *p = *at;
	while (*p == ' ')
		p++;
	if (*p == '-')
		p++;
	for (; kit_nibble(p[0]) >= 0; p += 2) {
		assert_true(kit_nibble(p[1]) >= 0 && n < cap);
		out[n++] = (uint8_t)(kit_nibble(p[0]) << 4 | kit_nibble(p[1]));
	}
	*at = p;
	return n;
}

typedef void (*kit_line)(aim_ctx *ctx, const char *line, void *arg);

/* Runs body on every line that is no comment; returns how many there were. */
static inline size_t kit_each_line(const char *path, kit_line body, aim_ctx *ctx, void *arg)
{
	static char line[8192];
	size_t n = 0;
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	while (fgets(line, sizeof line, file))
		if (line[0] != '#') {
			body(ctx, line, arg);
			n++;
		}
	fclose(file);
	return n;
}

#endif
