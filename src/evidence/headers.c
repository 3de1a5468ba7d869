/* evidence/headers.c — reading HTTP headers strictly. Layer evidence. */
#include "evidence/headers.h"

#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/utf8.h"
#include "evidence/signed.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE
#define MAX_NAME 128u

AIM__NO_PADDING(aim_headers, sizeof(uint32_t) * 2 + sizeof(aim_str) + sizeof(void *) * 2);

static int is_space(char c)
{
	return c == ' ' || c == '\t';
}

static aim_str trim(aim_str text)
{
	while (text.len > 0 && is_space(text.ptr[0])) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* Visible ASCII and the space between: what the profiles' values are made of. */
static aim_status check_value(aim_str name, aim_str value, aim_error *err)
{
	if (value.len == 0 || value.len > AIM_HEADERS_MAX_VALUE)
		return aim__fail(err, AIM_E_HEADER, LAYER, "header %.*s has %zu bytes; 1 to %u are possible",
		                 AIM__STR(name), value.len, AIM_HEADERS_MAX_VALUE);
	for (size_t i = 0; i < value.len; i++)
		if (!is_space(value.ptr[i]) && (value.ptr[i] < ' ' || value.ptr[i] > '~'))
			return aim__fail(err, AIM_E_HEADER, LAYER,
			                 "header %.*s has a byte at offset %zu that is no visible ASCII",
			                 AIM__STR(name), i);
	return AIM_OK;
}

static aim_status twice(aim_str name, aim_error *err)
{
	return aim__fail(err, AIM_E_HEADER, LAYER, "header %.*s is there twice", AIM__STR(name));
}

static aim_status missing(aim_str name, aim_error *err)
{
	return aim__fail(err, AIM_E_HEADER, LAYER, "header %.*s is missing", AIM__STR(name));
}

/* ---- a block of text ---- */

/* Cuts the next line off rest. */
static aim_str next_line(aim_str *rest)
{
	const char *end = memchr(rest->ptr, '\n', rest->len);
	size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
	aim_str line = {rest->ptr, len};
	size_t used = end ? len + 1 : len;
	rest->ptr += used;
	rest->len -= used;
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* RFC 9112 §5.1: no space between name and colon; §5.2: no folded lines. */
static aim_status split(aim_str line, size_t number, aim_str *out_name, aim_str *out_value,
                        aim_error *err)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	*out_name = (aim_str){line.ptr, colon ? (size_t)(colon - line.ptr) : 0};
	if (!colon || aim__field_check_token(*out_name, "name", MAX_NAME, NULL) != AIM_OK)
		return aim__fail(err, AIM_E_HEADER, LAYER, "line %zu of the headers is not `Name: value`", number);
	*out_value = trim((aim_str){colon + 1, line.len - out_name->len - 1});
	return AIM_OK;
}

aim_status aim__headers_next(aim_str *rest, size_t *number, aim_str *out_name, aim_str *out_value, aim_error *err)
{
	if (rest->len == 0)
		return AIM_E_NOT_FOUND;
	aim_str line = next_line(rest);
	return line.len ? split(line, ++*number, out_name, out_value, err) : AIM_E_NOT_FOUND;
}

static aim_status find_in_block(aim_str block, aim_str name, aim_str *out, aim_error *err)
{
	aim_str rest = block;
	aim_str found = {NULL, 0};
	aim_str line_name, value;
	size_t number = 0;
	aim_status rc;
	if (block.len > AIM_HEADERS_MAX_BLOCK)
		return aim__fail(err, AIM_E_HEADER, LAYER, "the headers have %zu bytes; %u are possible",
		                 block.len, AIM_HEADERS_MAX_BLOCK);
	while ((rc = aim__headers_next(&rest, &number, &line_name, &value, err)) == AIM_OK) {
		if (!aim__ascii_equal_folded(line_name, name))
			continue;
		if (found.ptr)
			return twice(name, err);
		found = value;
	}
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	if (!found.ptr)
		return missing(name, err);
	*out = found;
	return AIM_OK;
}

/* ---- a callback ---- */

static aim_status ask(const aim_headers *h, aim_str name, uint32_t index, aim_str *out, aim_error *err)
{
	*out = (aim_str){NULL, 0};
	aim_status rc = h->find(h->user, name, index, out);
	if ((rc == AIM_OK && (out->ptr || out->len == 0)) || rc == AIM_E_NOT_FOUND)
		return rc;
	aim__fail(err, AIM_E_CALLBACK, LAYER, "the look-up of header %.*s failed with %d", AIM__STR(name), rc);
	aim__error_native(err, rc);
	return AIM_E_CALLBACK;
}

static aim_status find_by_callback(const aim_headers *h, aim_str name, aim_str *out, aim_error *err)
{
	aim_str second;
	aim_status rc = ask(h, name, 0, out, err);
	if (rc != AIM_OK)
		return rc == AIM_E_NOT_FOUND ? missing(name, err) : rc;
	rc = ask(h, name, 1, &second, err);
	if (rc == AIM_OK)
		return twice(name, err);
	*out = trim(*out);
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

aim_status aim_headers_one(const aim_headers *headers, aim_str name, aim_str *out, aim_error *err)
{
	aim_headers h = {.struct_size = sizeof h};
	aim_str value;
	if (!headers || !out || !name.ptr || name.len == 0 || name.len > MAX_NAME)
		return aim__fail(err, AIM_E_INVALID, LAYER, "headers, name and out are required");
	aim_status rc = aim__sized_in(&h, sizeof h, headers, sizeof h, "aim_headers", err);
	if (rc != AIM_OK)
		return rc;
	if (h.flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_headers.flags must be 0");
	if (!h.block.ptr == !h.find)
		return aim__fail(err, AIM_E_INVALID, LAYER, "aim_headers has either a block or a callback");
	rc = h.find ? find_by_callback(&h, name, &value, err) : find_in_block(h.block, name, &value, err);
	if (rc == AIM_OK)
		rc = check_value(name, value, err);
	if (rc == AIM_OK)
		*out = value;
	return rc;
}
