/* assess/detect_secret.c — credentials: tokens by the prefix their provider gives them, tokens by their form, private keys,
 * and values under a name that says secret. Layer assess.
 *
 * What only stands for a secret is none: <token>, ${TOKEN}, your-api-key, xxxxxxxx, a call. */
#include "assess/detect.h"

#include "codec/encoding.h"

#include <string.h>

#define NAME_MOST 48u
#define VALUE_MOST 512u
#define LOOK_BACK 48u
#define DISTINCT_LEAST 6u
#define JWT_HEADER 384u
#define KEY_LEAST 16u
#define RUN_MOST 1024u /* characters that tell a token; words joined by full stops would else be read again from each on */

static uint8_t small(uint8_t c)
{
	return aim__byte_is(c, AIM__BYTE_UPPER) ? c | 0x20 : c;
}

/* ---- tokens with a prefix ---- */

static int is_of(uint32_t alphabet, uint8_t c)
{
	switch (alphabet) {
	case AIM__TOKEN_HEX:
		return aim__byte_is(c, AIM__BYTE_DIGIT) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	case AIM__TOKEN_UPPER:
		return aim__byte_is(c, AIM__BYTE_DIGIT | AIM__BYTE_UPPER);
	case AIM__TOKEN_URL:
		return aim__byte_is(c, AIM__BYTE_WORD);
	case AIM__TOKEN_DOTTED:
		return aim__byte_is(c, AIM__BYTE_WORD) || c == '.';
	case AIM__TOKEN_BASE64:
		return aim__byte_is(c, AIM__BYTE_ALNUM) || c == '+' || c == '/' || c == '=';
	default:
		return aim__byte_is(c, AIM__BYTE_ALNUM);
	}
}

/* Not one character over and over. */
static int varies(const uint8_t *p, uint32_t n)
{
	uint64_t seen[4] = {0, 0, 0, 0};
	uint32_t distinct = 0;
	for (uint32_t i = 0; i < n && distinct < DISTINCT_LEAST; i++) {
		uint64_t bit = (uint64_t)1 << (p[i] & 63);
		distinct += !(seen[p[i] >> 6] & bit);
		seen[p[i] >> 6] |= bit;
	}
	return distinct >= DISTINCT_LEAST;
}

static uint32_t count_of(aim__detect *d, uint32_t alphabet, uint32_t at, uint32_t most)
{
	uint32_t n = 0;
	while (n < most && at + n < d->len && is_of(alphabet, d->text[at + n]))
		n++;
	d->work += n;
	return n;
}

/* A prefix with lower-case words behind it, joined by hyphens, is a name. */
static int has_digit_or_case(const uint8_t *p, uint32_t n)
{
	uint32_t any = 0;
	for (uint32_t i = 0; i < n; i++)
		any |= aim__byte_kinds[p[i]];
	return (any & AIM__BYTE_DIGIT) != 0 || (any & AIM__BYTE_UPPER && any & AIM__BYTE_LOWER);
}

static int see_token(aim__detect *d, uint32_t start, const aim__detect_token *t)
{
	uint32_t body = start + t->n_prefix;
	if (d->len - start <= t->n_prefix || memcmp(d->text + start, t->prefix, t->n_prefix) != 0)
		return 0;
	uint32_t n = count_of(d, t->alphabet, body, t->most ? t->most + 1u : RUN_MOST);
	while (n && d->text[body + n - 1] == '.')
		n--; /* the end of a sentence */
	const uint8_t *p = d->text + body;
	if (n < t->least || (t->most && n > t->most) || !varies(p, n) || !has_digit_or_case(p, n))
		return 0;
	if (!t->most) /* found, so nobody reads it again */
		n += count_of(d, t->alphabet, body + n, UINT32_MAX);
	while (d->text[body + n - 1] == '.')
		n--;
	if (aim__byte_is(aim__detect_at(d, body + n), AIM__BYTE_ALNUM))
		return 0;
	if (aim__detect_holds(p, n < 64 ? n : 64, "xxxx") || aim__detect_holds(p, n < 64 ? n : 64, "your"))
		return 0;
	aim__detect_report(d, AIM__DETECT_RULE_TOKEN, t->provider, start, body + n);
	return 1;
}

static int see_tokens(aim__detect *d, uint32_t start)
{
	d->work += aim__n_detect_tokens / 8;
	for (uint32_t i = 0; i < aim__n_detect_tokens; i++)
		if ((uint8_t)aim__detect_tokens[i].prefix[0] == d->text[start] && see_token(d, start, &aim__detect_tokens[i]))
			return 1;
	return 0;
}

/* ---- JSON Web Tokens ---- */

/* RFC 7515 §7.1: three parts; the first is a JSON object with "alg". */
static int see_jwt(aim__detect *d, uint32_t start)
{
	uint8_t header[JWT_HEADER];
	size_t len = 0;
	uint32_t n = count_of(d, AIM__TOKEN_URL, start, JWT_HEADER);
	if (aim__detect_at(d, start + n) != '.')
		return 0;
	aim_str text = {(const char *)d->text + start, n};
	if (aim__encoding_read(AIM_ENCODING_BASE64URL, text, header, sizeof header, &len, NULL) != AIM_OK)
		return 0;
	if (len < 2 || header[0] != '{' || header[len - 1] != '}' || !aim__detect_holds(header, (uint32_t)len, "\"alg\""))
		return 0;
	uint32_t claims = start + n + 1, n_claims = count_of(d, AIM__TOKEN_URL, claims, UINT32_MAX);
	if (aim__detect_at(d, claims + n_claims) != '.')
		return 0;
	uint32_t end = claims + n_claims + 1;
	end += count_of(d, AIM__TOKEN_URL, end, UINT32_MAX);
	aim__detect_found(d, AIM__DETECT_RULE_JWT, start, end);
	return 1;
}

/* ---- tokens of a form of their own ---- */

/* 8 to 10 digits, a colon, 35 characters that begin with "AA": a bot of Telegram. start is behind the colon. */
static int see_telegram(aim__detect *d, uint32_t start, uint32_t end)
{
	uint32_t from = start > 0 ? start - 1 : 0, n = 0;
	if (end - start != 35 || d->text[start] != 'A' || d->text[start + 1] != 'A' || from == 0 || d->text[from] != ':')
		return 0;
	while (from - n > 0 && n < 11 && aim__byte_is(d->text[from - n - 1], AIM__BYTE_DIGIT))
		n++;
	if (n < 8 || n > 10)
		return 0;
	aim__detect_report(d, AIM__DETECT_RULE_TOKEN, "telegram-token", from - n, end);
	return 1;
}

/* A client secret of Azure: three characters, a digit, "Q~", 31 to 34 more. start is behind the '~'. */
static int see_azure(aim__detect *d, uint32_t start, uint32_t end)
{
	if (start < 6 || d->text[start - 1] != '~' || d->text[start - 2] != 'Q' ||
	    !aim__byte_is(d->text[start - 3], AIM__BYTE_DIGIT) || end - start < 31)
		return 0;
	aim__detect_report(d, AIM__DETECT_RULE_TOKEN, "azure-secret", start - 6, end);
	return 1;
}

/* ---- private keys ---- */

/* -----BEGIN … PRIVATE KEY-----, also of OpenSSH and PGP (RFC 7468 §10, RFC 9580 §6.2), to its end. */
static void see_pem(aim__detect *d, uint32_t start)
{
	static const char close[] = "-----END ";
	if (!aim__detect_follows(d, start, "-----begin"))
		return;
	uint32_t line = start + 10, most = d->len - line > 64 ? line + 64 : d->len, p = line;
	while (p < most && d->text[p] != '-')
		p++;
	if (!aim__detect_holds(d->text + line, p - line, "private key"))
		return;
	for (; p < d->len && !(d->text[p] == '-' && d->len - p >= sizeof close - 1 && memcmp(d->text + p, close, sizeof close - 1) == 0); p++)
		;
	d->work += p - line;
	p = d->len - p > sizeof close - 1 ? p + (uint32_t)(sizeof close - 1) : d->len;
	while (p < d->len && d->text[p] != '-' && d->text[p] != '\n')
		p++;
	while (p < d->len && d->text[p] == '-')
		p++;
	aim__detect_found(d, AIM__DETECT_RULE_PRIVATE_KEY, start, p);
}

/* ---- values under a name ---- */

enum { NOTHING, PASSWORD, KEY, HEADER };

/* How names of secrets end, without what joins their words. */
static const struct {
	const char *ending;
	uint32_t kind;
} names[] = {
	{"password", PASSWORD},   {"passwd", PASSWORD},      {"pwd", PASSWORD},        {"passphrase", PASSWORD},
	{"passcode", PASSWORD},   {"contrasena", PASSWORD},  {"passwort", PASSWORD},   {"motdepasse", PASSWORD},
	{"secret", KEY},          {"token", KEY},            {"apikey", KEY},          {"accesskey", KEY},
	{"secretkey", KEY},       {"privatekey", KEY},       {"accountkey", KEY},      {"sharedkey", KEY},
	{"encryptionkey", KEY},   {"signingkey", KEY},       {"authkey", KEY},         {"masterkey", KEY},
	{"credential", KEY},      {"credentials", KEY},      {"sessionkey", KEY},      {"subscriptionkey", KEY},
	{"sharedaccesssignature", KEY}, {"authorization", HEADER}, {"sessionid", KEY}, {"keyvalue", KEY},
};

/* Tokens that open nothing. */
static const char *const harmless[] = {"next", "page", "continuation", "cursor", "sync", "delta", "resume", "stop", "start",
                                       "end", "pad", "mask", "unk", "cls", "bos", "eos", "device", "public"};

static uint32_t kind_of_name(const uint8_t *p, uint32_t n)
{
	uint8_t folded[NAME_MOST];
	uint32_t len = 0;
	for (uint32_t i = n > NAME_MOST ? n - NAME_MOST : 0; i < n; i++)
		if (aim__byte_is(p[i], AIM__BYTE_ALNUM))
			folded[len++] = small(p[i]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		uint32_t k = (uint32_t)strlen(names[i].ending);
		if (len < k || folded[len - 1] != (uint8_t)names[i].ending[k - 1] || memcmp(folded + len - k, names[i].ending, k) != 0)
			continue;
		for (size_t h = 0; names[i].kind == KEY && h < sizeof harmless / sizeof *harmless; h++)
			if (aim__detect_holds(folded, len - k, harmless[h]))
				return NOTHING;
		return names[i].kind;
	}
	return NOTHING;
}

static const char *const stand_ins[] = {"example_", "your", "xxxx", "changeme", "change_me", "placeholder", "redacted", "****",
                                        "dummy", "insert", "....", "process.env", "os.environ", "getenv", "secrets.", "env.", "config.", "vault:",
                                        "ssm:", "op://", "{{", "${", "<%", "%s", "n/a"};
static const char *const types[] = {"string", "str", "text", "required", "optional", "null", "none", "true", "false",
                                    "undefined", "password", "passwd", "secret", "token", "hidden", "masked", "empty", "unset",
                                    "invalid", "incorrect", "wrong", "expired", "missing", "encrypted", "hashed", "boolean"};

static int stands_for_one(const uint8_t *p, uint32_t n)
{
	if (memchr("$<{%*[(&#@!", p[0], 4) && n > 1 && (p[0] == '<' || p[1] == '{' || p[0] == '{' || (p[0] == '$' && aim__byte_is(p[1], AIM__BYTE_UPPER | AIM__BYTE_JOINER))))
		return 1;
	if (p[0] == '[' || p[n - 1] == ')')
		return 1;
	for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++)
		if (aim__detect_holds(p, n, stand_ins[i]))
			return 1;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strlen(types[i]) == n && aim__detect_holds(p, n, types[i]))
			return 1;
	return 0;
}

static int is_secret(uint32_t kind, const uint8_t *p, uint32_t n, int quoted)
{
	uint32_t any = 0, signs = 0;
	if (n < (kind == KEY ? KEY_LEAST : quoted ? 4u : 6u) || n > VALUE_MOST || stands_for_one(p, n < 128 ? n : 128))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		any |= aim__byte_kinds[p[i]] & AIM__BYTE_WORD;
		signs += !aim__byte_is(p[i], AIM__BYTE_ALNUM);
		if (p[i] <= ' ')
			return 0; /* prose */
	}
	if (kind == KEY)
		return any & AIM__BYTE_DIGIT && any & (AIM__BYTE_LOWER | AIM__BYTE_UPPER) && varies(p, n);
	return quoted || any & AIM__BYTE_DIGIT || (signs && any & AIM__BYTE_LOWER && any & AIM__BYTE_UPPER);
}

static int is_quote(uint8_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* Behind the blanks, the backslash of an escaped quote and the quote; *out_quote is it, or 0. */
static uint32_t open_value(const aim__detect *d, uint32_t at, uint8_t *out_quote)
{
	uint32_t most = at + 8;
	while (at < most && (aim__detect_at(d, at) == ' ' || aim__detect_at(d, at) == '\t' || aim__detect_at(d, at) == '=' ||
	                     aim__detect_at(d, at) == '>'))
		at++;
	if (aim__detect_at(d, at) == '\\' && is_quote(aim__detect_at(d, at + 1)))
		at++;
	*out_quote = is_quote(aim__detect_at(d, at)) ? d->text[at] : 0;
	return at + (*out_quote != 0);
}

static uint32_t close_value(aim__detect *d, uint32_t at, uint8_t quote)
{
	uint32_t p = at, most = d->len - at > VALUE_MOST + 1 ? at + VALUE_MOST + 1 : d->len;
	for (; p < most; p++) {
		uint8_t c = d->text[p];
		if (quote ? c == quote || c == '\n' || c == '\\' : c <= ' ' || c == ',' || c == ';' || c == '&' || is_quote(c) || c == '}' || c == '<' || c == '\\')
			break;
	}
	d->work += p - at;
	return p;
}

/* The value of "Authorization: Bearer …" and the like begins behind the scheme. */
static uint32_t skip_scheme(const aim__detect *d, uint32_t at)
{
	static const char *const schemes[] = {"bearer ", "basic ", "token ", "apikey ", "digest "};
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (aim__detect_follows(d, at, schemes[i]))
			return at + (uint32_t)strlen(schemes[i]);
	return at;
}

void aim__detect_assignment(aim__detect *d, uint32_t at)
{
	uint8_t quote = 0;
	uint32_t end = at;
	while (end > 0 && at - end < 4 && (is_quote(d->text[end - 1]) || d->text[end - 1] == ' ' || d->text[end - 1] == '\\'))
		end--;
	uint32_t start = end;
	while (start > 0 && end - start < NAME_MOST && (aim__byte_is(d->text[start - 1], AIM__BYTE_WORD) || d->text[start - 1] == '.'))
		start--;
	d->work += at - start;
	uint32_t kind = end - start < 3 ? NOTHING : kind_of_name(d->text + start, end - start);
	if (kind == NOTHING)
		return;
	uint32_t value = open_value(d, at + 1, &quote);
	if (kind == HEADER)
		value = skip_scheme(d, value);
	uint32_t stop = close_value(d, value, quote);
	while (!quote && stop > value && (d->text[stop - 1] == '.' || d->text[stop - 1] == ')' || d->text[stop - 1] == ']'))
		stop--;
	if (stop == value || !is_secret(kind == HEADER ? KEY : kind, d->text + value, stop - value, quote != 0))
		return;
	/* A token that is known by its prefix is better named by that: the pass will come to it. */
	aim__detect_rule_id rule = kind == PASSWORD ? AIM__DETECT_RULE_PASSWORD
	                           : kind == HEADER ? AIM__DETECT_RULE_BEARER
	                                            : AIM__DETECT_RULE_ASSIGNED_SECRET;
	uint32_t word = value;
	while (word < stop && aim__byte_is(d->text[word], AIM__BYTE_WORD))
		word++;
	if (kind == KEY && word == stop)
		aim__detect_long_word(d, value, stop);
	if (d->quiet < stop)
		aim__detect_found(d, rule, value, stop);
}

int aim__detect_member(const uint8_t *name, uint32_t name_len, const uint8_t *value, uint32_t len,
                       aim__detect_rule_id *out)
{
	uint32_t kind = name_len < 3 || len < 4 ? NOTHING : kind_of_name(name, name_len);
	if (kind == NOTHING || !is_secret(kind == HEADER ? KEY : kind, value, len, 1))
		return 0;
	*out = kind == PASSWORD ? AIM__DETECT_RULE_PASSWORD
	       : kind == HEADER ? AIM__DETECT_RULE_BEARER
	                        : AIM__DETECT_RULE_ASSIGNED_SECRET;
	return 1;
}

/* ---- words ---- */

void aim__detect_long_word(aim__detect *d, uint32_t start, uint32_t end)
{
	uint32_t from = start;
	if (d->text[start] == '-') {
		see_pem(d, start);
		return;
	}
	if (start >= 1 && d->text[start - 1] == '\\' && (d->text[start] == 'n' || d->text[start] == 't' || d->text[start] == 'r'))
		from = ++start; /* an escape that nobody undid */
	if (memcmp(d->text + start, "eyJ", 3) == 0 && see_jwt(d, start))
		return;
	if (see_tokens(d, start) || see_telegram(d, start, end) || see_azure(d, start, end))
		return;
	/* Prefixes with a full stop in them: "SG.", "hvs.", "ya29.". */
	while (from > d->quiet && start - from < LOOK_BACK && (aim__byte_is(d->text[from - 1], AIM__BYTE_WORD) || d->text[from - 1] == '.'))
		from--;
	if (from < start)
		see_tokens(d, from);
}

/* "Bearer …" without the name of its header; a PEM line. */
void aim__detect_short_word(aim__detect *d, uint32_t start, uint32_t end)
{
	if (d->text[start] == '-') {
		see_pem(d, start);
		return;
	}
	if (!aim__detect_follows(d, start, "bearer") || aim__detect_at(d, end) != ' ')
		return;
	uint32_t n = count_of(d, AIM__TOKEN_DOTTED, end + 1, VALUE_MOST);
	const uint8_t *p = d->text + end + 1;
	if (n >= 20 && varies(p, n) && has_digit_or_case(p, n) && !stands_for_one(p, n))
		aim__detect_found(d, AIM__DETECT_RULE_BEARER, end + 1, end + 1 + n);
}
