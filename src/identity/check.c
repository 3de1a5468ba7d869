/* identity/check.c — text from outside. Layer identity; knows nothing of records. */
#include "identity/check.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "identity/pattern.h"

#include <aim/did.h>
#include <string.h>

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

/* One syntax (aim_did_check), and a bound for what is kept or goes over a wire. */
int aim__did_valid(aim_str did)
{
	return did.len <= AIM__DID_MAX && aim_did_check(did, NULL) == AIM_OK;
}
