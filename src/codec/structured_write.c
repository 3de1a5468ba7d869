/* codec/structured_write.c — structured fields written in their canonical form (RFC 9651 §4.1). Layer codec. */
#include "codec/structured.h"

#include "base/buf.h"
#include "base/mem.h"
#include "codec/encoding.h"

#include <string.h>

static int is_printable(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E)
			return 0;
	return 1;
}

aim_status aim__sf_write_string(aim_str text, aim_buf *out)
{
	const size_t start = out->len;
	if ((!text.ptr && text.len > 0) || !is_printable(text))
		return AIM_E_INVALID;
	aim_status rc = aim__buf_add_byte(out, '"');
	for (size_t i = 0; rc == AIM_OK && i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			rc = aim__buf_add_byte(out, '\\');
		if (rc == AIM_OK)
			rc = aim__buf_add_byte(out, (uint8_t)text.ptr[i]);
	}
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '"');
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

aim_status aim__sf_write_token(aim_str text, aim_buf *out)
{
	return aim__sf_is_token(text) ? aim__buf_add_str(out, text) : AIM_E_INVALID;
}

aim_status aim__sf_write_key(aim_str text, aim_buf *out)
{
	return aim__sf_is_key(text) ? aim__buf_add_str(out, text) : AIM_E_INVALID;
}

aim_status aim__sf_write_integer(int64_t value, aim_buf *out)
{
	if (value > AIM__SF_INTEGER_MAX || value < -AIM__SF_INTEGER_MAX)
		return AIM_E_INVALID;
	return aim__buf_add_i64(out, value);
}

aim_status aim__sf_write_bytes(aim_bytes bytes, aim_buf *out)
{
	const size_t start = out->len;
	aim_status rc = aim__buf_add_byte(out, ':');
	if (rc == AIM_OK)
		rc = aim_encoding_encode(AIM_ENCODING_BASE64, bytes, out);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, ':');
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

/* The exact spelling without zeros that say nothing: one digit stays on each side of the point. §4.1.5. */
static aim_status write_decimal(aim_str text, aim_buf *out)
{
	const int negative = text.len > 0 && text.ptr[0] == '-';
	size_t first = (size_t)negative, end = text.len;
	while (first + 1 < end && text.ptr[first] == '0' && text.ptr[first + 1] != '.')
		first++;
	while (end >= first + 2 && text.ptr[end - 1] == '0' && text.ptr[end - 2] != '.')
		end--;
	const size_t start = out->len;
	aim_status rc = negative ? aim__buf_add_byte(out, '-') : AIM_OK;
	if (rc == AIM_OK)
		rc = aim__buf_add(out, text.ptr + first, end - first);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

static aim_status write_date(int64_t value, aim_buf *out)
{
	const size_t start = out->len;
	aim_status rc = aim__buf_add_byte(out, '@');
	if (rc == AIM_OK)
		rc = aim__sf_write_integer(value, out);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

/* §4.1.11. */
static aim_status write_display_string(aim_str text, aim_buf *out)
{
	const size_t start = out->len;
	aim_status rc = aim__buf_add_text(out, "%\"");
	for (size_t i = 0; rc == AIM_OK && i < text.len; i++) {
		const uint8_t c = (uint8_t)text.ptr[i];
		char hex[3] = {'%', 0, 0};
		if (c >= 0x20 && c <= 0x7E && c != '%' && c != '"') {
			rc = aim__buf_add_byte(out, c);
			continue;
		}
		aim__hex_write((aim_bytes){&c, 1}, hex + 1);
		rc = aim__buf_add(out, hex, sizeof hex);
	}
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '"');
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

aim_status aim__sf_write_value(const aim__sf_value *value, aim_buf *out)
{
	switch (value->type) {
	case AIM__SF_INTEGER:
		return aim__sf_write_integer(value->number, out);
	case AIM__SF_DECIMAL:
		return write_decimal(value->text, out);
	case AIM__SF_STRING:
		return aim__sf_write_string(value->text, out);
	case AIM__SF_TOKEN:
		return aim__sf_write_token(value->text, out);
	case AIM__SF_BYTES:
		return aim__sf_write_bytes(aim_bytes_from_str(value->text), out);
	case AIM__SF_BOOLEAN:
		return aim__buf_add_text(out, value->number ? "?1" : "?0");
	case AIM__SF_DATE:
		return write_date(value->number, out);
	case AIM__SF_DISPLAY_STRING:
		return write_display_string(value->text, out);
	default:
		return AIM_E_INVALID;
	}
}

/* §4.1.1.2: true is written by its key alone. */
static aim_status write_parameters(const aim__sf *sf, const aim__sf_node *node, aim_buf *out)
{
	aim_status rc = AIM_OK;
	for (uint32_t i = 0; rc == AIM_OK && i < node->n_parameters; i++) {
		const aim__sf_parameter *parameter = &sf->parameters[node->first_parameter + i];
		rc = aim__buf_add_byte(out, ';');
		if (rc == AIM_OK)
			rc = aim__sf_write_key(parameter->key, out);
		if (rc != AIM_OK || (parameter->value.type == AIM__SF_BOOLEAN && parameter->value.number))
			continue;
		rc = aim__buf_add_byte(out, '=');
		if (rc == AIM_OK)
			rc = aim__sf_write_value(&parameter->value, out);
	}
	return rc;
}

static aim_status write_item(const aim__sf *sf, const aim__sf_node *node, aim_buf *out)
{
	aim_status rc = aim__sf_write_value(&node->value, out);
	return rc == AIM_OK ? write_parameters(sf, node, out) : rc;
}

/* §4.1.1.1. */
static aim_status write_inner_list(const aim__sf *sf, const aim__sf_node *node, aim_buf *out)
{
	aim_status rc = aim__buf_add_byte(out, '(');
	for (uint32_t i = 0; rc == AIM_OK && i < node->n_inner; i++) {
		rc = i > 0 ? aim__buf_add_byte(out, ' ') : AIM_OK;
		if (rc == AIM_OK)
			rc = write_item(sf, node + 1 + i, out);
	}
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, ')');
	return rc == AIM_OK ? write_parameters(sf, node, out) : rc;
}

aim_status aim__sf_write_node(const aim__sf *sf, const aim__sf_node *node, aim_buf *out)
{
	const size_t start = out->len;
	aim_status rc = node->value.type == AIM__SF_INNER_LIST ? write_inner_list(sf, node, out)
	                                                        : write_item(sf, node, out);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

/* §4.1.2: a member that is true is its key and its parameters. */
static aim_status write_member(const aim__sf *sf, const aim__sf_node *node, aim_buf *out)
{
	if (sf->kind != AIM__SF_DICTIONARY)
		return aim__sf_write_node(sf, node, out);
	aim_status rc = aim__sf_write_key(node->key, out);
	if (rc != AIM_OK)
		return rc;
	if (node->value.type == AIM__SF_BOOLEAN && node->value.number)
		return write_parameters(sf, node, out);
	rc = aim__buf_add_byte(out, '=');
	return rc == AIM_OK ? aim__sf_write_node(sf, node, out) : rc;
}

aim_status aim__sf_write(const aim__sf *sf, aim_buf *out)
{
	const size_t start = out->len;
	aim_status rc = AIM_OK;
	for (uint32_t i = 0; rc == AIM_OK && i < sf->n_members; i++) {
		rc = i > 0 ? aim__buf_add_text(out, ", ") : AIM_OK;
		if (rc == AIM_OK)
			rc = write_member(sf, aim__sf_at(sf, i), out);
	}
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}
