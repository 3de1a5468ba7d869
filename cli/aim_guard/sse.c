/* cli/aim_guard/sse.c — server-sent events. */
#include "sse.h"

#include <string.h>

void sse_init(sse_reader *r, size_t max)
{
	memset(r, 0, sizeof *r);
	r->max = max;
}

void sse_dispose(sse_reader *r)
{
	strbuf *const all[] = {&r->line, &r->data, &r->type, &r->id, &r->retry};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		strbuf_free(all[i]);
}

static void forget_event(sse_reader *r)
{
	strbuf *const all[] = {&r->data, &r->type, &r->id, &r->retry};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		strbuf_clear(all[i]);
	r->has_data = 0;
	r->is_delivered = 0;
}

static int set(strbuf *field, const char *value, size_t len)
{
	strbuf_clear(field);
	return strbuf_add(field, value, len);
}

static int add_data(sse_reader *r, const char *value, size_t len)
{
	if (r->data.len + len + 1 > r->max || (r->has_data && strbuf_add(&r->data, "\n", 1) != 0))
		return -1;
	r->has_data = 1;
	return strbuf_add(&r->data, value, len);
}

static int is(const char *name, size_t len, const char *expected)
{
	return len == strlen(expected) && memcmp(name, expected, len) == 0;
}

/* A line that is not empty. Unknown fields and comments are left out. */
static int take_field(sse_reader *r)
{
	const char *line = r->line.ptr;
	const char *colon = memchr(line, ':', r->line.len);
	size_t name = colon ? (size_t)(colon - line) : r->line.len;
	const char *value = colon ? colon + 1 : line + r->line.len;
	size_t len = r->line.len - (size_t)(value - line);
	if (len && *value == ' ') {
		value++;
		len--;
	}
	if (is(line, name, "data"))
		return add_data(r, value, len);
	if (is(line, name, "event"))
		return set(&r->type, value, len);
	if (is(line, name, "id"))
		return memchr(value, 0, len) ? 0 : set(&r->id, value, len);
	return is(line, name, "retry") ? set(&r->retry, value, len) : 0;
}

static const char *shown(const strbuf *t)
{
	return t->ptr ? t->ptr : "";
}

/* 1: it is worth telling. An event without data brings at most an id or a delay. */
static int finish(sse_reader *r, sse_event *out)
{
	*out = (sse_event){shown(&r->data), r->data.len, shown(&r->type), shown(&r->id), shown(&r->retry)};
	r->is_delivered = 1;
	return r->has_data || r->id.len || r->retry.len;
}

/* 1 when an event ended, 0 when not, −1. */
static int take_line(sse_reader *r, sse_event *out)
{
	if (r->line.len == 0)
		return finish(r, out);
	int rc = take_field(r);
	strbuf_clear(&r->line);
	return rc;
}

int sse_next(sse_reader *r, const char **bytes, size_t *len, sse_event *out)
{
	if (r->is_delivered)
		forget_event(r);
	while (*len && !r->is_failed) {
		char c = *(*bytes)++;
		--*len;
		if (c == '\n' && r->skip_feed) {
			r->skip_feed = 0;
			continue;
		}
		r->skip_feed = c == '\r';
		if (c != '\n' && c != '\r') {
			r->is_failed = r->line.len > r->max || strbuf_add(&r->line, &c, 1) != 0;
			continue;
		}
		int rc = take_line(r, out);
		if (rc == 1)
			return 1;
		if (rc < 0)
			r->is_failed = 1;
		else if (r->is_delivered)
			forget_event(r);
	}
	return r->is_failed ? -1 : 0;
}

static int write_field(strbuf *out, const char *name, const char *value, size_t len)
{
	if (strbuf_add_string(out, name) != 0 || strbuf_add(out, ": ", 2) != 0 || strbuf_add(out, value, len) != 0)
		return -1;
	return strbuf_add(out, "\n", 1);
}

int sse_write(strbuf *out, const sse_event *e, const char *message, size_t len)
{
	if (e->type[0] && write_field(out, "event", e->type, strlen(e->type)) != 0)
		return -1;
	if (e->id[0] && write_field(out, "id", e->id, strlen(e->id)) != 0)
		return -1;
	if (e->retry[0] && write_field(out, "retry", e->retry, strlen(e->retry)) != 0)
		return -1;
	for (;;) { /* a carriage return would end the line just as well; in JSON both are white space */
		size_t n = strcspn(message, "\r\n");
		n = n < len ? n : len;
		if (write_field(out, "data", message, n) != 0)
			return -1;
		if (n >= len)
			break;
		message += n + 1;
		len -= n + 1;
	}
	return strbuf_add(out, "\n", 1);
}
