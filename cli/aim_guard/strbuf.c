/* cli/aim_guard/strbuf.c — bytes that grow. */
#include "strbuf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int strbuf_add(strbuf *t, const void *bytes, size_t len)
{
	if (len >= SIZE_MAX / 2 - t->len)
		return -1;
	if (t->len + len + 1 > t->cap) {
		size_t cap = 2 * (t->len + len + 1);
		char *ptr = realloc(t->ptr, cap);
		if (!ptr)
			return -1;
		t->ptr = ptr;
		t->cap = cap;
	}
	if (len)
		memcpy(t->ptr + t->len, bytes, len);
	t->len += len;
	t->ptr[t->len] = 0;
	return 0;
}

int strbuf_add_string(strbuf *t, const char *string)
{
	return strbuf_add(t, string, strlen(string));
}

void strbuf_drop(strbuf *t, size_t n)
{
	if (!t->ptr)
		return;
	memmove(t->ptr, t->ptr + n, t->len - n + 1);
	t->len -= n;
}

void strbuf_clear(strbuf *t)
{
	strbuf_drop(t, t->len);
}

void strbuf_free(strbuf *t)
{
	free(t->ptr);
	memset(t, 0, sizeof *t);
}
