/* codec/pem.c — PEM: base64 between a BEGIN and an END line (RFC 7468). Layer codec.
 *
 * Strict (§3): one envelope and nothing around it but a final line end, no empty lines, no headers, no
 * blanks. Lines may have any length up to 76, since tools differ (64 in §2, 70 in OpenSSH); a secret inside is
 * decoded in pieces that keep no copy of it. */
#include "codec/pem.h"

#include "base/buf.h"
#include "base/mem.h"
#include "codec/encoding.h"

#include <string.h>

#define LINE_MAX_LEN 76

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

static int starts_with(aim_str text, const char *what)
{
	size_t len = strlen(what);
	return text.len >= len && memcmp(text.ptr, what, len) == 0;
}

/* Takes a line without its end, LF or CRLF. */
static aim_str take_line(aim_str *text)
{
	const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	size_t step = end ? len + 1 : len;
	aim_str line = {text->ptr, len};
	if (end && len > 0 && line.ptr[len - 1] == '\r')
		line.len--;
	text->ptr += step;
	text->len -= step;
	return line;
}

/* The label of a BEGIN or END line. */
static int read_label(aim_str line, const char *mark, aim_str *label)
{
	size_t around = strlen(mark) + strlen(dashes);
	if (!starts_with(line, mark) || line.len <= around ||
	    memcmp(line.ptr + line.len - strlen(dashes), dashes, strlen(dashes)) != 0)
		return 0;
	*label = (aim_str){line.ptr + strlen(mark), line.len - around};
	return 1;
}

const char *aim__pem_open(aim_str text, aim__pem *out)
{
	aim_str end_label;
	aim__pem pem;
	if (!read_label(take_line(&text), begin_mark, &pem.label))
		return "has a BEGIN line that is cut short";
	pem.body = (aim_str){text.ptr, 0};
	while (text.len > 0) {
		aim_str line = take_line(&text);
		if (starts_with(line, dashes)) {
			if (!read_label(line, end_mark, &end_label) || !aim_str_equal(end_label, pem.label))
				return "has an END line that does not match its BEGIN line";
			if (text.len > 0)
				return "has something behind its END line";
			*out = pem;
			return NULL;
		}
		pem.body.len = (size_t)(text.ptr - pem.body.ptr);
	}
	return "has no END line";
}

/* A whole number of groups, except that the last piece ends as it ends. */
static const char *decode_piece(aim_str piece, int last, uint8_t *dst, size_t cap, size_t *n)
{
	if (piece.len == 0)
		return NULL;
	if (piece.ptr[piece.len - 1] == '=' && !last)
		return "has padding before its last line";
	if (aim__encoding_bytes_size(AIM_ENCODING_BASE64, piece.len) > cap)
		return "is longer than any key in use";
	if (aim__encoding_read(AIM_ENCODING_BASE64, piece, dst, cap, n, NULL) != AIM_OK)
		return "has a line that is not base64";
	return NULL;
}

/* Characters left over when a line's length is no multiple of four (OpenSSH writes 70) open the next
 * piece, so pieces are cut from the joined text of two lines. */
static const char *decode(const aim__pem *pem, char piece[2 * LINE_MAX_LEN], uint8_t *dst, size_t cap,
                          size_t *out_len)
{
	aim_str rest = pem->body;
	size_t kept = 0;
	size_t total = 0;
	while (rest.len > 0) {
		aim_str line = take_line(&rest);
		if (line.len == 0)
			return "has an empty line";
		if (line.len > LINE_MAX_LEN)
			return "has a line of more than 76 characters";
		memcpy(piece + kept, line.ptr, line.len);
		kept += line.len;
		size_t whole = rest.len > 0 ? kept / 4 * 4 : kept;
		size_t n = 0;
		const char *flaw = decode_piece((aim_str){piece, whole}, rest.len == 0, dst + total,
		                                cap - total, &n);
		if (flaw)
			return flaw;
		total += n;
		kept -= whole;
		memmove(piece, piece + whole, kept);
	}
	*out_len = total;
	return total > 0 ? NULL : "is empty";
}

const char *aim__pem_decode(const aim__pem *pem, uint8_t *dst, size_t cap, size_t *out_len)
{
	char piece[2 * LINE_MAX_LEN];
	const char *flaw = decode(pem, piece, dst, cap, out_len);
	aim__wipe(piece, sizeof piece);
	if (flaw)
		aim__wipe(dst, cap);
	return flaw;
}

static aim_status write_line(aim_buf *out, const char *mark, const char *label)
{
	aim_status rc = aim__buf_add_text(out, mark);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, label);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, dashes);
	return rc == AIM_OK ? aim__buf_add_byte(out, '\n') : rc;
}

/* The base64 is written in one piece behind room for the line ends, then moved forward line by line. */
static aim_status write_body(aim_buf *out, aim_bytes content, size_t width)
{
	size_t text_len = aim__encoding_text_size(AIM_ENCODING_BASE64, content.len);
	size_t n_lines = (text_len + width - 1) / width;
	aim_status rc = aim__buf_reserve(out, text_len + n_lines);
	if (rc != AIM_OK)
		return rc;
	uint8_t *to = out->ptr + out->len;
	uint8_t *from = to + n_lines;
	(void)aim__encoding_write(AIM_ENCODING_BASE64, content, (char *)from);
	for (size_t left = text_len; left > 0;) {
		size_t n = left < width ? left : width;
		memmove(to, from, n);
		to[n] = '\n';
		to += n + 1;
		from += n;
		left -= n;
	}
	out->len += text_len + n_lines;
	out->ptr[out->len] = 0;
	return AIM_OK;
}

aim_status aim__pem_write(aim_buf *out, const char *label, aim_bytes content, size_t width)
{
	size_t start = out->len;
	aim_status rc = write_line(out, begin_mark, label);
	if (rc == AIM_OK)
		rc = write_body(out, content, width);
	if (rc == AIM_OK)
		rc = write_line(out, end_mark, label);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}
