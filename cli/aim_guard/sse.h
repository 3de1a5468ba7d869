/* cli/aim_guard/sse.h — server-sent events (WHATWG HTML, §9.2): bytes in any pieces become events, and messages
 * become events again. */
#ifndef AIM_GUARD_SSE_H
#define AIM_GUARD_SSE_H

#include "strbuf.h"

/* One event. Spans are borrowed until the next call on the reader. */
typedef struct sse_event {
	const char *data; /* lines joined by line feeds */
	size_t data_len;
	const char *type; /* NUL-terminated; empty: "message" */
	const char *id;   /* the id that this event brought, empty when none */
	const char *retry; /* digits, empty when none */
} sse_event;

typedef struct sse_reader {
	strbuf line;  /* the line in work */
	strbuf data;  /* the event in work */
	strbuf type;
	strbuf id;
	strbuf retry;
	size_t max; /* longest event */
	int has_data;
	int skip_feed;   /* the last byte was a carriage return */
	int is_failed;   /* an event was longer than max, or memory was out */
	int is_delivered; /* the event in work was given out */
} sse_reader;

void sse_init(sse_reader *reader, size_t max);
void sse_dispose(sse_reader *reader);
/* Takes bytes up to the end of one event. Returns 1 with *out set, 0 when all were taken and no event ended, −1 when
 * the stream cannot go on. */
int sse_next(sse_reader *reader, const char **bytes, size_t *len, sse_event *out);

/* Adds an event whose data is message. type, id and retry may be empty. 0, or −1 out of memory. */
int sse_write(strbuf *out, const sse_event *event, const char *message, size_t len);

#endif
