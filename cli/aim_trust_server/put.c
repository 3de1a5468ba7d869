/* cli/aim_trust_server/put.c — JSON, written piece by piece into a buffer. */
#include "program.h"

#include <stdarg.h>
#include <string.h>

static void add(put *w, const char *text, size_t len)
{
	if (w->rc == AIM_OK)
		w->rc = aim_buf_append(w->out, aim_bytes_from(text, len));
}

void put_raw(put *w, const char *json)
{
	add(w, json, strlen(json));
}

/* One byte of a string: U+0000 to U+001F, '"' and '\\' cannot stand for themselves (RFC 8259 §7). */
static void put_byte(put *w, char c)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char u = (unsigned char)c;
	char escaped[6] = {'\\', 'u', '0', '0', hex[u >> 4], hex[u & 15]};
	char quoted[2] = {'\\', c};
	if (u < 0x20)
		add(w, escaped, sizeof escaped);
	else if (c == '"' || c == '\\')
		add(w, quoted, sizeof quoted);
	else
		add(w, &c, 1);
}

static void put_string(put *w, aim_str text)
{
	put_raw(w, "\"");
	for (size_t i = 0; i < text.len; i++)
		put_byte(w, text.ptr[i]);
	put_raw(w, "\"");
}

static void begin(put *w, const char *name)
{
	if (w->comma)
		put_raw(w, ",");
	w->comma = 1;
	if (!name)
		return;
	put_string(w, aim_str_from(name));
	put_raw(w, ":");
}

void put_open(put *w, const char *name, char bracket)
{
	begin(w, name);
	add(w, &bracket, 1);
	w->comma = 0;
}

void put_close(put *w, char bracket)
{
	add(w, &bracket, 1);
	w->comma = 1;
}

void put_text(put *w, const char *name, aim_str text)
{
	begin(w, name);
	put_string(w, text);
}

void put_number(put *w, const char *name, int64_t number)
{
	char text[24];
	begin(w, name);
	snprintf(text, sizeof text, "%lld", (long long)number);
	put_raw(w, text);
}

void put_bool(put *w, const char *name, int yes)
{
	begin(w, name);
	put_raw(w, yes ? "true" : "false");
}

void put_null(put *w, const char *name)
{
	begin(w, name);
	put_raw(w, "null");
}

void put_json(put *w, const char *name, aim_bytes json)
{
	begin(w, name);
	add(w, (const char *)json.ptr, json.len);
}

aim_status refuse(aim_error *err, aim_status rc, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	memset(err, 0, sizeof *err);
	err->status = rc;
	vsnprintf(err->message, sizeof err->message, format, args);
	va_end(args);
	return rc;
}
