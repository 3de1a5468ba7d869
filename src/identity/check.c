/* identity/check.c — text from outside. Layer identity; knows nothing of records. */
#include "identity/check.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/utf8.h"
#include "identity/pattern.h"

#include <string.h>

/* Characters that a person reading a list of names would not see, or that reorder what they see. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x0000, 0x001F},   /* C0 controls */
	{0x007F, 0x009F},   /* DEL, C1 controls */
	{0x200B, 0x200B},   /* zero width space */
	{0x200E, 0x200F},   /* direction marks */
	{0x2028, 0x202E},   /* line separators, direction embedding and override */
	{0x2060, 0x2069},   /* word joiner, invisible operators, direction isolates */
	{0xFEFF, 0xFEFF},   /* byte order mark */
	{0xE0000, 0xE007F}, /* tags: invisible ASCII */
};

static int is_hidden(uint32_t c, uint32_t flags)
{
	if (flags & AIM__CHECK_LINES && (c == '\n' || c == '\r' || c == '\t'))
		return 0;
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return 1;
	return 0;
}

static aim_status check(const char *what, aim_str text, size_t max, uint32_t flags,
                        aim_status failure, aim_error *err)
{
	size_t bad;
	if (text.len > max)
		return aim__fail(err, failure, AIM_LAYER_IDENTITY, "%s has %zu bytes; at most %zu are allowed",
		                 what, text.len, max);
	if (text.len == 0)
		return flags & AIM__CHECK_REQUIRED
		               ? aim__fail(err, failure, AIM_LAYER_IDENTITY, "%s is empty", what)
		               : AIM_OK;
	if (!text.ptr)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%s has a length and no pointer", what);
	if (!aim__utf8_valid(text, &bad))
		return aim__fail(err, failure, AIM_LAYER_IDENTITY, "%s is not UTF-8 at byte %zu", what, bad);
	for (size_t offset = 0; offset < text.len;) {
		size_t start = offset;
		uint32_t c = aim__utf8_next(text, &offset);
		if (is_hidden(c, flags))
			return aim__fail(err, failure, AIM_LAYER_IDENTITY,
			                 "%s holds the control or invisible character U+%x at byte %zu", what, c,
			                 start);
	}
	return AIM_OK;
}

aim_status aim__check_text(const char *what, aim_str text, size_t max, uint32_t flags, aim_error *err)
{
	return check(what, text, max, flags, AIM_E_INVALID, err);
}

aim_status aim__check_name(const aim_ctx *ctx, const char *what, aim_str text, uint32_t flags,
                           aim_error *err)
{
	aim_status rc = check(what, text, ctx->limits.max_name_bytes, flags, AIM_E_ID_NAME, err);
	if (rc != AIM_OK || text.len == 0)
		return rc;
	if (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ')
		return aim__fail(err, AIM_E_ID_NAME, AIM_LAYER_IDENTITY, "%s begins or ends with a space",
		                 what);
	return AIM_OK;
}

aim_status aim__check_email(const aim_ctx *ctx, const char *what, aim_str text, aim_error *err)
{
	aim_status rc = aim__check_name(ctx, what, text, 0, err);
	if (rc != AIM_OK || text.len == 0)
		return rc;
	const char *at = memchr(text.ptr, '@', text.len);
	if (!at || at == text.ptr || at + 1 == text.ptr + text.len || memchr(text.ptr, ' ', text.len))
		return aim__fail(err, AIM_E_ID_NAME, AIM_LAYER_IDENTITY,
		                 "%s is no e-mail address: expected someone@somewhere", what);
	return AIM_OK;
}

/* Length of "scheme://" when url begins with one of the schemes, else 0. */
static size_t scheme_len(aim_str url, const char *const *schemes)
{
	for (; *schemes; schemes++) {
		size_t n = strlen(*schemes);
		if (url.len >= n + 3 && memcmp(url.ptr, *schemes, n) == 0 &&
		    memcmp(url.ptr + n, "://", 3) == 0)
			return n + 3;
	}
	return 0;
}

/* RFC 3986 §2: the characters of a URI, '%' included. */
static int is_uri_char(char c)
{
	return c > ' ' && c < 0x7F && !strchr("\"<>\\^`{|}", c);
}

aim_status aim__check_url(const char *what, aim_str url, const char *const *schemes, aim_error *err)
{
	aim_status rc = aim__check_text(what, url, AIM__URL_MAX, 0, err);
	if (rc != AIM_OK || url.len == 0)
		return rc;
	size_t at = scheme_len(url, schemes);
	if (at == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "%s does not begin with an allowed scheme, such as %s://", what, schemes[0]);
	for (size_t i = 0; i < url.len; i++)
		if (!is_uri_char(url.ptr[i]))
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
			                 "%s holds a character at byte %zu that a URL may not hold", what, i);
	size_t end = at; /* of the authority, RFC 3986 §3.2 */
	while (end < url.len && !strchr("/?#", url.ptr[end]))
		end++;
	if (memchr(url.ptr + at, '@', end - at))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "%s names a user or password; credentials do not belong there", what);
	int needs_host = memcmp(url.ptr, "stdio:", 6) != 0;
	if (needs_host && (end == at || url.ptr[at] == ':'))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%s names no host", what);
	return AIM_OK;
}

static int is_env_name(aim_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		int letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
		if (!letter && !(i > 0 && c >= '0' && c <= '9'))
			return 0;
	}
	return name.len > 0 && name.len <= AIM__URL_MAX;
}

static aim_status check_list(const char *what, const aim_str *items, size_t n, aim_error *err)
{
	if (n > AIM__LIST_MAX)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "%zu %s; at most %u are allowed", n,
		                 what, AIM__LIST_MAX);
	if (n && !items)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%s have a count and no pointer",
		                 what);
	return AIM_OK;
}

/* The name itself is not shown: what stands behind a '=' by mistake may be a secret. */
aim_status aim__check_env_names(const aim_str *names, size_t n, aim_error *err)
{
	aim_status rc = check_list("environment variable names", names, n, err);
	for (size_t i = 0; rc == AIM_OK && i < n; i++)
		if (!names[i].ptr || !is_env_name(names[i]))
			rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
			               "environment variable name %zu is none: give names only, never values", i);
	return rc;
}

aim_status aim__check_texts(const char *what, const aim_str *texts, size_t n, aim_error *err)
{
	aim_status rc = check_list(what, texts, n, err);
	for (size_t i = 0; rc == AIM_OK && i < n; i++)
		rc = aim__check_text(what, texts[i], AIM__TEXT_MAX, AIM__CHECK_LINES, err);
	return rc;
}

aim_status aim__check_capabilities(const aim_ctx *ctx, const aim_str *items, size_t n, aim_error *err)
{
	aim_status rc = check_list("capabilities", items, n, err);
	for (size_t i = 0; rc == AIM_OK && i < n; i++)
		if (items[i].len > ctx->limits.max_name_bytes || !aim__capability_valid(items[i], 0))
			rc = aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY,
			               "capability %zu is none: expected segments of letters, digits, '_', '.' and "
			               "'-' joined by ':'", i);
	return rc;
}

static int is_did_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '-' || c == '_' || c == ':' || c == '%';
}

/* DID Core §3.1: "did:" method ":" id, which does not end in ':'. */
int aim__did_valid(aim_str did)
{
	size_t i = 4;
	if (!did.ptr || did.len > AIM__DID_MAX || did.len < 7 || memcmp(did.ptr, "did:", 4) != 0)
		return 0;
	while (i < did.len && ((did.ptr[i] >= 'a' && did.ptr[i] <= 'z') || (did.ptr[i] >= '0' && did.ptr[i] <= '9')))
		i++;
	if (i == 4 || i + 1 >= did.len || did.ptr[i] != ':' || did.ptr[did.len - 1] == ':')
		return 0;
	for (; i < did.len; i++)
		if (!is_did_char(did.ptr[i]))
			return 0;
	return 1;
}
