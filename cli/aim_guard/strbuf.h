/* cli/aim_guard/strbuf.h — bytes that grow. */
#ifndef AIM_GUARD_STRBUF_H
#define AIM_GUARD_STRBUF_H

#include <stddef.h>

typedef struct strbuf {
	char *ptr; /* NUL-terminated once something was added */
	size_t len;
	size_t cap;
} strbuf;

/* 0, or −1 out of memory; then the text is as before. */
int strbuf_add(strbuf *t, const void *bytes, size_t len);
int strbuf_add_string(strbuf *t, const char *string);
/* Forgets the first n bytes. */
void strbuf_drop(strbuf *t, size_t n);
void strbuf_clear(strbuf *t);
void strbuf_free(strbuf *t);

#endif
