/* assess/detect_url.c — URLs that carry data away, and addresses of e-mail. Layer assess.
 *
 * Ordinary URLs have long paths, signatures and ids. What carries data: a value that decodes to text, a long value in the URL
 * of an image that a client loads by itself, labels of a host name that no one would choose. */
#include "assess/detect.h"

#include "codec/encoding.h"

#include <string.h>

#define URL_MOST 4096u
#define LOCAL_MOST 64u
#define DOMAIN_MOST 253u
#define IMAGE_DATA 32u  /* characters of one value */
#define LABEL_LONG 40u  /* characters of a label of a host name */
#define DECODED_LEAST 12u
#define DATA_LEAST 200u /* one value of an ordinary URL */
#define SAMPLE 48u

typedef struct url {
	uint32_t start; /* of its scheme */
	uint32_t host;
	uint32_t path;  /* where the host ends */
	uint32_t query; /* behind '?'; end when there is none */
	uint32_t end;
	int image;      /* Markdown, or an img of HTML */
} url;

static int ends_url(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == ')' || c == '`' || c == '\\' || c == '|';
}

static uint32_t host_end(const aim__detect *d, uint32_t p, uint32_t end)
{
	while (p < end && d->text[p] != '/' && d->text[p] != '?' && d->text[p] != '#')
		p++;
	return p;
}

static int is_image(const aim__detect *d, uint32_t start)
{
	uint32_t n = start < 64 ? start : 64;
	const uint8_t *p = d->text + start - n;
	if (n >= 2 && p[n - 1] == '(' && p[n - 2] == ']')
		for (uint32_t i = n - 2; i > 0; i--)
			if (p[i] == '[')
				return p[i - 1] == '!';
	return n >= 5 && (aim__detect_holds(p + n - 5, 5, "src=\"") || aim__detect_holds(p + n - 5, 5, "src='"));
}

static int prints(const uint8_t *p, size_t n)
{
	uint32_t letters = 0;
	for (size_t i = 0; i < n; i++) {
		if ((p[i] < ' ' && p[i] != '\n' && p[i] != '\t' && p[i] != '\r') || p[i] >= 0x7F)
			return 0;
		letters += aim__byte_is(p[i], AIM__BYTE_ALNUM) || p[i] == ' ';
	}
	return n >= DECODED_LEAST && letters * 4 >= n * 3;
}

/* Base64 of either alphabet, or hex, of text: the beginning of it tells. */
static int decodes_to_text(const uint8_t *p, uint32_t n)
{
	uint8_t sample[SAMPLE];
	size_t len = 0;
	uint32_t take = n < SAMPLE ? n : SAMPLE;
	while (n && p[n - 1] == '=')
		n--;
	take = n < SAMPLE ? n : SAMPLE;
	aim_str hex = {(const char *)p, take & ~(uint32_t)1};
	if (take >= 2 * DECODED_LEAST && aim__encoding_read(AIM_ENCODING_HEX, hex, sample, sizeof sample, &len, NULL) == AIM_OK)
		return prints(sample, len);
	take -= n > SAMPLE ? take % 4 : take % 4 == 1;
	aim_str text = {(const char *)p, take & ~(uint32_t)3};
	uint32_t form = memchr(p, '-', take) || memchr(p, '_', take) ? AIM_ENCODING_BASE64URL : AIM_ENCODING_BASE64;
	return take >= 16 && aim__encoding_read(form, text, sample, sizeof sample, &len, NULL) == AIM_OK && prints(sample, len);
}

static int is_encoded(const uint8_t *p, uint32_t n)
{
	uint32_t any = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!aim__byte_is(p[i], AIM__BYTE_WORD) && p[i] != '+' && p[i] != '/' && p[i] != '=' && p[i] != '%' && p[i] != '.')
			return 0;
		any |= aim__byte_kinds[p[i]];
	}
	return (any & AIM__BYTE_DIGIT) != 0;
}

static const char *const signatures[] = {"sig=", "signature=", "x-amz-", "x-goog-", "token=", "hmac=", "policy=", "key-pair-id="};

/* The signature of a link that a cloud signed is long, and goes to that cloud. */
static int is_signature(const aim__detect *d, uint32_t name, uint32_t value)
{
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
		if (aim__detect_holds(d->text + name, value - name, signatures[i]))
			return 1;
	return 0;
}

static int value_carries(const aim__detect *d, const url *u, uint32_t name, uint32_t value, uint32_t end)
{
	const uint8_t *p = d->text + value;
	uint32_t n = end - value;
	if (n >= 16 && decodes_to_text(p, n))
		return 1;
	if (u->image && n >= 3 && (p[0] == '{' || p[0] == '[' || aim__detect_holds(p, 3, "%7b")))
		return 1; /* to be filled in by the model */
	if (is_signature(d, name, value) || !is_encoded(p, n))
		return 0;
	return n >= (u->image ? IMAGE_DATA : DATA_LEAST);
}

static int query_carries(const aim__detect *d, const url *u)
{
	for (uint32_t p = u->query; p < u->end;) {
		uint32_t name = p, value;
		while (p < u->end && d->text[p] != '=' && d->text[p] != '&')
			p++;
		value = p < u->end && d->text[p] == '=' ? p + 1 : name;
		while (p < u->end && d->text[p] != '&')
			p++;
		if (value_carries(d, u, name, value, p))
			return 1;
		p++;
	}
	return 0;
}

static int path_carries(const aim__detect *d, const url *u)
{
	uint32_t stop = u->query > u->path ? u->query : u->end;
	for (uint32_t p = u->path; p < stop;) {
		uint32_t from = ++p;
		while (p < stop && d->text[p] != '/' && d->text[p] != '?' && d->text[p] != '#')
			p++;
		if (p > from + 24 && decodes_to_text(d->text + from, p - from))
			return 1;
	}
	return 0;
}

/* A label of forty letters and digits, or two of thirty: how names of hosts carry data out through DNS. */
static int host_carries(const aim__detect *d, const url *u)
{
	uint32_t length = 0, any = 0, long_labels = 0;
	for (uint32_t p = u->host; p <= u->path; p++) {
		uint8_t c = p < u->path ? d->text[p] : '.';
		if (c != '.') {
			any |= aim__byte_kinds[c];
			length++;
			continue;
		}
		if (length >= LABEL_LONG && any & AIM__BYTE_DIGIT)
			return 1;
		if (length >= 16 && decodes_to_text(d->text + p - length, length))
			return 1;
		long_labels += length >= 30 && any & AIM__BYTE_DIGIT;
		length = any = 0;
	}
	return long_labels >= 2;
}

static const char *const collectors[] = {"webhook.site", "requestbin", "pipedream.net", "burpcollaborator", "oastify.com",
                                         "interact.sh", "interactsh", ".oast.", "requestcatcher.com", "beeceptor.com", "hookbin.com",
                                         "canarytokens.com", "dnslog.cn", "ceye.io", "ngrok.io", "ngrok-free.app"};
/* Whoever has such a URL may send in the name of its owner. */
static const char *const hooks[] = {"hooks.slack.com/services/t", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"};

static void see_host(aim__detect *d, const url *u)
{
	const uint8_t *p = d->text + u->host;
	for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++)
		if (aim__detect_follows(d, u->host, hooks[i]) && u->end - u->path >= 40) {
			aim__detect_report(d, AIM__DETECT_RULE_TOKEN, "webhook-url", u->start, u->end);
			return;
		}
	for (size_t i = 0; i < sizeof collectors / sizeof *collectors; i++)
		if (aim__detect_holds(p, u->path - u->host, collectors[i])) {
			aim__detect_found(d, AIM__DETECT_RULE_URL_COLLECTOR, u->start, u->end);
			return;
		}
}

/* scheme://user:password@host */
static int see_password(aim__detect *d, const url *u)
{
	const uint8_t *p = d->text + u->host;
	uint32_t n = u->path - u->host;
	const uint8_t *at = n ? memchr(p, '@', n) : NULL;
	const uint8_t *colon = at ? memchr(p, ':', (size_t)(at - p)) : NULL;
	if (!colon || at - colon < 4 || colon[1] == '$' || colon[1] == '<' || colon[1] == '{' || colon[1] == '*' || colon[1] == '[' ||
	    aim__detect_holds(colon + 1, (uint32_t)(at - colon - 1), "password"))
		return 0;
	aim__detect_found(d, AIM__DETECT_RULE_URL_PASSWORD, u->host + (uint32_t)(colon - p) + 1, u->host + (uint32_t)(at - p));
	return 1;
}

typedef struct secret_search {
	int found;
} secret_search;

static int note_secret(void *user, const aim__detect_hit *hit)
{
	(void)hit;
	((secret_search *)user)->found = 1;
	return 1;
}

/* A credential or the number of a card in path or query, in clear. */
static int carries_secret(aim__detect *d, const url *u)
{
	secret_search s = {0};
	uint32_t n = u->end - u->path;
	const uint32_t classes = AIM__DETECT_CREDENTIAL | AIM__DETECT_SSN | AIM__DETECT_CARD;
	d->work += n ? aim__detect_text(d->text + u->path, n, classes, note_secret, &s) : 0;
	return s.found;
}

void aim__detect_url(aim__detect *d, uint32_t at)
{
	const uint32_t wanted = AIM__DETECT_EXFILTRATION | AIM__DETECT_CREDENTIAL;
	url u = {.start = at, .host = at + 3};
	if (at < d->url_end || !(d->classes & wanted))
		return;
	while (u.start > 0 && at - u.start < 16 && aim__byte_is(d->text[u.start - 1], AIM__BYTE_ALNUM))
		u.start--;
	uint32_t most = d->len - u.host > URL_MOST ? u.host + URL_MOST : d->len;
	for (u.end = u.host; u.end < most && !ends_url(d->text[u.end]); u.end++)
		;
	d->work += 2 * (uint64_t)(u.end - u.start);
	d->url_start = u.start;
	d->url_end = u.end;
	u.path = host_end(d, u.host, u.end);
	const uint8_t *mark = u.end > u.path ? memchr(d->text + u.path, '?', u.end - u.path) : NULL;
	u.query = mark ? (uint32_t)(mark - d->text) + 1 : u.end;
	if (see_password(d, &u) || !(d->classes & AIM__DETECT_EXFILTRATION))
		return;
	u.image = is_image(d, u.start);
	if (carries_secret(d, &u))
		aim__detect_found(d, AIM__DETECT_RULE_URL_SECRET, u.start, u.end);
	else if (query_carries(d, &u) || path_carries(d, &u) || host_carries(d, &u))
		aim__detect_found(d, AIM__DETECT_RULE_URL_DATA, u.start, u.end);
	else
		see_host(d, &u);
}

/* ---- e-mail ---- */

static int is_local(uint8_t c)
{
	return aim__byte_is(c, AIM__BYTE_WORD) || c == '.' || c == '+' || c == '%' || c == '\'';
}

/* icon@2x.png is a file. */
static int is_file_ending(const uint8_t *p, uint32_t n)
{
	static const char *const endings[] = {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "json", "md"};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strlen(endings[i]) == n && aim__detect_holds(p, n, endings[i]))
			return 1;
	return 0;
}

/* local@domain with a top-level domain of letters (RFC 5321 §4.1.2, the unquoted form). */
void aim__detect_email(aim__detect *d, uint32_t at)
{
	uint32_t start = at, end = at + 1, dot = 0;
	uint32_t most = d->len - at > DOMAIN_MOST ? at + DOMAIN_MOST : d->len;
	while (start > d->quiet && at - start < LOCAL_MOST && is_local(d->text[start - 1]))
		start--;
	while (start < at && !aim__byte_is(d->text[start], AIM__BYTE_ALNUM))
		start++;
	for (; end < most && (aim__byte_is(d->text[end], AIM__BYTE_ALNUM | AIM__BYTE_JOINER) || d->text[end] == '.'); end++)
		if (d->text[end] == '.' && aim__byte_is(aim__detect_at(d, end + 1), AIM__BYTE_ALNUM))
			dot = end;
	while (end > at + 1 && !aim__byte_is(d->text[end - 1], AIM__BYTE_ALNUM))
		end--;
	d->work += end - start;
	if (start == at || dot <= at + 1 || end <= dot + 2 || (at - start == 3 && aim__detect_follows(d, start, "git") && aim__detect_at(d, end) == ':'))
		return;
	for (uint32_t i = dot + 1; i < end; i++)
		if (!aim__byte_is(d->text[i], AIM__BYTE_LOWER | AIM__BYTE_UPPER))
			return;
	if (!is_file_ending(d->text + dot + 1, end - dot - 1))
		aim__detect_found(d, AIM__DETECT_RULE_EMAIL, start, end);
}
