/* codec/writer.c — JSON text into a buffer. Layer codec. */
#include "codec/writer.h"

#include "base/buf.h"
#include "codec/encoding.h"
#include "codec/jcs.h"
#include "codec/scan.h"
#include "codec/utf8.h"

#include <string.h>

static void note(aim__json_writer *w, aim_status rc)
{
	if (w->status == AIM_OK)
		w->status = rc;
}

/* 1 when a value or key may be written: the comma in front of it is. */
static int begin_item(aim__json_writer *w)
{
	if (w->status == AIM_OK && w->comma)
		note(w, aim__buf_add_byte(w->out, ','));
	w->comma = 1;
	return w->status == AIM_OK;
}

void aim__write_init(aim__json_writer *w, aim_buf *out)
{
	w->out = out;
	w->start = out->len;
	w->status = AIM_OK;
	w->comma = 0;
}

aim_status aim__write_finish(aim__json_writer *w)
{
	if (w->status != AIM_OK)
		aim__buf_truncate(w->out, w->start);
	return w->status;
}

static void begin_container(aim__json_writer *w, uint8_t bracket)
{
	if (begin_item(w))
		note(w, aim__buf_add_byte(w->out, bracket));
	w->comma = 0;
}

static void end_container(aim__json_writer *w, uint8_t bracket)
{
	if (w->status == AIM_OK)
		note(w, aim__buf_add_byte(w->out, bracket));
	w->comma = 1;
}

void aim__write_begin_object(aim__json_writer *w)
{
	begin_container(w, '{');
}

void aim__write_end_object(aim__json_writer *w)
{
	end_container(w, '}');
}

void aim__write_begin_array(aim__json_writer *w)
{
	begin_container(w, '[');
}

void aim__write_end_array(aim__json_writer *w)
{
	end_container(w, ']');
}

/* The escape of one byte that cannot stand in a string (RFC 8785 §3.2.2.2); dst has room for 6. */
static size_t escape(uint8_t byte, uint8_t *dst)
{
	static const char short_forms[] = "btn?fr"; /* U+0008 … U+000D; 000B has none */
	dst[0] = '\\';
	if (byte == '"' || byte == '\\') {
		dst[1] = byte;
		return 2;
	}
	if (byte >= 0x08 && byte <= 0x0D && byte != 0x0B) {
		dst[1] = (uint8_t)short_forms[byte - 0x08];
		return 2;
	}
	memcpy(dst + 1, "u00", 3);
	dst[4] = (uint8_t)('0' + (byte >> 4));
	dst[5] = (uint8_t) "0123456789abcdef"[byte & 15];
	return 6;
}

/* Appends the text between the quotes; text is UTF-8. */
static aim_status add_escaped(aim_buf *out, const uint8_t *p, const uint8_t *end)
{
	aim_status rc = AIM_OK;
	while (p < end && rc == AIM_OK) {
		const uint8_t *stop = aim__scan_plain(p, end);
		while (stop < end && *stop >= 0x80)
			stop = aim__scan_plain(stop + 1, end);
		rc = aim__buf_add(out, p, (size_t)(stop - p));
		if (rc == AIM_OK && stop < end) {
			uint8_t text[6];
			rc = aim__buf_add(out, text, escape(*stop++, text));
		}
		p = stop;
	}
	return rc;
}

/* Room for the text and both quotes is made first, so that most strings are one copy. */
aim_status aim__json_quote_valid(aim_buf *out, aim_str text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	size_t before = out->len;
	aim_status rc = text.len > SIZE_MAX - 2 ? AIM_E_LIMIT : aim__buf_reserve(out, text.len + 2);
	if (rc != AIM_OK)
		return rc;
	out->ptr[out->len++] = '"';
	if (text.len)
		rc = add_escaped(out, p, p + text.len);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '"');
	if (rc != AIM_OK)
		aim__buf_truncate(out, before);
	return rc;
}

static aim_status add_plain(aim_buf *out, const uint8_t *p, size_t len)
{
	aim_status rc = len > SIZE_MAX - 2 ? AIM_E_LIMIT : aim__buf_reserve(out, len + 2);
	if (rc != AIM_OK)
		return rc;
	uint8_t *dst = out->ptr + out->len;
	dst[0] = '"';
	memcpy(dst + 1, p, len);
	dst[len + 1] = '"';
	dst[len + 2] = 0;
	out->len += len + 2;
	return AIM_OK;
}

aim_status aim__json_quote(aim_buf *out, aim_str text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	if (!p && text.len > 0)
		return AIM_E_INVALID;
	/* Nearly all strings are plain: found in one pass, which is also the check for UTF-8. */
	if (text.len > 0 && aim__scan_plain(p, p + text.len) == p + text.len)
		return add_plain(out, p, text.len);
	return aim__utf8_valid(text, NULL) ? aim__json_quote_valid(out, text) : AIM_E_UTF8;
}

void aim__write_key_str(aim__json_writer *w, aim_str name)
{
	aim__write_string(w, name);
	if (w->status == AIM_OK)
		note(w, aim__buf_add_byte(w->out, ':'));
	w->comma = 0;
}

void aim__write_key(aim__json_writer *w, const char *name)
{
	aim__write_key_str(w, aim_str_from(name));
}

void aim__write_string(aim__json_writer *w, aim_str text)
{
	if (begin_item(w))
		note(w, aim__json_quote(w->out, text));
}

void aim__write_text(aim__json_writer *w, const char *text)
{
	aim__write_string(w, aim_str_from(text));
}

void aim__write_int64(aim__json_writer *w, int64_t value)
{
	if (begin_item(w))
		note(w, aim__buf_add_i64(w->out, value));
}

void aim__write_uint64(aim__json_writer *w, uint64_t value)
{
	if (begin_item(w))
		note(w, aim__buf_add_u64(w->out, value));
}

static void write_word(aim__json_writer *w, const char *word)
{
	if (begin_item(w))
		note(w, aim__buf_add_text(w->out, word));
}

void aim__write_bool(aim__json_writer *w, int value)
{
	write_word(w, value ? "true" : "false");
}

void aim__write_null(aim__json_writer *w)
{
	write_word(w, "null");
}

void aim__write_raw(aim__json_writer *w, aim_bytes json)
{
	if (begin_item(w))
		note(w, aim__buf_add(w->out, json.ptr, json.len));
}

static aim_status add_base64(aim_buf *out, aim_bytes bytes)
{
	size_t len = aim__encoding_text_size(AIM_ENCODING_BASE64, bytes.len);
	if (len == 0 && bytes.len > 0)
		return AIM_E_LIMIT;
	aim_status rc = aim__buf_reserve(out, len + 2);
	if (rc != AIM_OK)
		return rc;
	out->ptr[out->len++] = '"';
	out->len += aim__encoding_write(AIM_ENCODING_BASE64, bytes, (char *)out->ptr + out->len);
	return aim__buf_add_byte(out, '"');
}

void aim__write_base64(aim__json_writer *w, aim_bytes bytes)
{
	if (begin_item(w))
		note(w, add_base64(w->out, bytes));
}

void aim__write_canonical(aim__json_writer *w, const aim_json *doc, aim_json_value value,
                          uint32_t flags)
{
	if (begin_item(w))
		note(w, aim_json_canonicalize(doc, value, flags, w->out, NULL));
}

void aim__write_member_string(aim__json_writer *w, const char *name, aim_str text)
{
	aim__write_key(w, name);
	aim__write_string(w, text);
}

void aim__write_member_text(aim__json_writer *w, const char *name, const char *text)
{
	aim__write_key(w, name);
	aim__write_text(w, text);
}

void aim__write_member_int64(aim__json_writer *w, const char *name, int64_t value)
{
	aim__write_key(w, name);
	aim__write_int64(w, value);
}

void aim__write_member_bool(aim__json_writer *w, const char *name, int value)
{
	aim__write_key(w, name);
	aim__write_bool(w, value);
}
