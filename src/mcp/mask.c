/* mcp/mask.c — secrets in commands, arguments and URLs. Masking too much costs a word in a list; masking too little
 * costs a key: every doubt is masked. Layer mcp. */
#include "mcp/mask.h"

#include "base/buf.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static int is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static const char *const secret_parts[] = {
	"token", "secret", "passw", "passphrase", "apikey", "authoriz", "credential", "privatekey", "accesskey",
	"bearer", "cookie", "signature", "connectionstring", "sessionid", "clientkey",
};
static const char *const secret_names[] = {"auth", "pat", "pwd", "pass", "sig", "jwt", "session", "dsn", "code", "basic"};

#define NAME_MAX 64u

/* The name in lower case without '-', '_' and '.'; its end when it is longer. */
static size_t fold(aim_str name, char *dst)
{
	size_t n = 0;
	if (name.len > NAME_MAX) {
		name.ptr += name.len - NAME_MAX;
		name.len = NAME_MAX;
	}
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] != '-' && name.ptr[i] != '_' && name.ptr[i] != '.')
			dst[n++] = lower(name.ptr[i]);
	dst[n] = '\0';
	return n;
}

static int contains(const char *text, size_t len, const char *part)
{
	size_t n = strlen(part);
	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(text + i, part, n) == 0)
			return 1;
	return 0;
}

int aim__mask_is_secret_name(aim_str name)
{
	char text[NAME_MAX + 1];
	size_t n = fold(name, text);
	for (size_t i = 0; i < sizeof secret_parts / sizeof *secret_parts; i++)
		if (contains(text, n, secret_parts[i]))
			return 1;
	for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++)
		if (strcmp(text, secret_names[i]) == 0)
			return 1;
	if (n >= 4 && strcmp(text + n - 4, "auth") == 0)
		return 1;
	if (name.len && memchr(name.ptr, '%', name.len))
		return 1; /* a name that is written so that it cannot be read */
	return n >= 3 && strcmp(text + n - 3, "key") == 0;
}

static int is_name(char c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '%';
}

/* The name that ends at `end`, past one closing quote. */
static aim_str name_before(aim_str text, size_t end)
{
	if (end && (text.ptr[end - 1] == '"' || text.ptr[end - 1] == '\''))
		end--;
	size_t start = end;
	while (start && is_name(text.ptr[start - 1]))
		start--;
	aim_str name = {text.ptr + start, end - start};
	return name;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* How keys of well-known services begin. */
static const char *const key_prefixes[] = {
	"sk-",   "sk_",    "pk_",    "rk_",    "ghp_",     "gho_",  "ghu_",     "ghs_", "ghr_", "github_pat_", "glpat-", "xox",
	"xapp-", "AKIA",   "ASIA",   "AIza",   "ya29.",    "npm_",  "pypi-",    "hf_",  "eyJ",  "dop_v1_",     "shpat_", "SG.",
	"lin_",  "secret_", "ntn_",  "tvly-",  "figd_",    "gsk_",  "r8_",      "ops_", "dckr_pat_", "pat_", "whsec_",
	"sbp_",  "atlasv1.", "-----BEGIN", "AGE-SECRET-KEY-", "apify_api_", "fc-", "BSA", "pplx-", "xai-", "nvapi-",
};

/* Characters behind the prefix that make a key of it and no ordinary word. */
#define KEY_LEAST 8u

static int is_known_key(aim_str word)
{
	for (size_t i = 0; i < sizeof key_prefixes / sizeof *key_prefixes; i++) {
		size_t n = strlen(key_prefixes[i]);
		if (word.len >= n + KEY_LEAST && memcmp(word.ptr, key_prefixes[i], n) == 0)
			return 1;
	}
	return 0;
}

#define PLAIN_LETTERS 24u /* longer than any word in use */
#define PLAIN_MIXED 16u   /* the same for words of both cases */
#define PLAIN_DIGITS 11u  /* a time or an id */
#define PLAIN_SUFFIX 4u   /* "server2", "v10", "x86" */
#define RANDOM_LEAST 16u  /* characters that follow no pattern, in one word */

/* Letters of one piece of a word between '-', '_' and the like: 1 when it reads like a word or a number. */
static int is_plain(aim_str piece)
{
	size_t letters = 0, digits = 0, upper = 0, changes = 0;
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.ptr[i];
		letters += (size_t)is_letter(c);
		digits += (size_t)is_digit(c);
		upper += c >= 'A' && c <= 'Z';
		changes += i && is_digit(c) != is_digit(piece.ptr[i - 1]);
	}
	if (letters + digits != piece.len)
		return 0;
	if (!digits)
		return piece.len < (upper == 0 || upper == piece.len ? PLAIN_LETTERS : PLAIN_MIXED);
	if (!letters)
		return piece.len <= PLAIN_DIGITS;
	return changes == 1 && digits <= PLAIN_SUFFIX && letters < PLAIN_MIXED;
}

static int is_separator(char c)
{
	return c == '-' || c == '_' || c == '.' || c == '+' || c == '~' || c == '%';
}

static int looks_random(aim_str word)
{
	size_t random = 0;
	for (size_t i = 0; i < word.len;) {
		size_t start = i;
		while (i < word.len && !is_separator(word.ptr[i]))
			i++;
		aim_str piece = {word.ptr + start, i - start};
		if (!is_plain(piece))
			random += piece.len;
		i += i < word.len;
	}
	return random >= RANDOM_LEAST;
}

static int is_word(char c)
{
	return is_letter(c) || is_digit(c) || is_separator(c);
}

/* Appends text, each run of word characters looked at. Base64 may hold '/', where a path ends a word: pieces of base64 are
 * long enough to be seen. */
static aim_status mask_words(aim_buf *out, aim_str text)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < text.len && rc == AIM_OK;) {
		size_t start = i;
		while (i < text.len && is_word(text.ptr[i]))
			i++;
		aim_str word = {text.ptr + start, i - start};
		int secret = is_known_key(word) || looks_random(word);
		rc = secret ? aim__buf_add_text(out, AIM__MASK) : aim__buf_add_str(out, word);
		if (rc == AIM_OK && i < text.len)
			rc = aim__buf_add_byte(out, (uint8_t)text.ptr[i++]);
	}
	return rc;
}

/* --- URLs and values ------------------------------------------------------------------------------------------------ */

static int is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Where a URL's authority begins in text, behind the next scheme and its slashes; text.len when there is none. One slash,
 * three, or backslashes are mistakes that clients forgive, so what stands there is a user all the same. One letter is a
 * drive of Windows and no scheme. */
static size_t find_authority(aim_str text, size_t from)
{
	for (size_t i = from; i + 1 < text.len; i++) {
		if (text.ptr[i] != ':' || !is_slash(text.ptr[i + 1]))
			continue;
		int is_drive = i + 2 >= text.len || !is_slash(text.ptr[i + 2]);
		if (is_drive && i >= from + 2 && is_word(text.ptr[i - 1]) && is_word(text.ptr[i - 2]))
			is_drive = 0;
		while (++i < text.len && is_slash(text.ptr[i]))
			;
		if (!is_drive)
			return i;
	}
	return text.len;
}

/* Behind the '@' of the authority at `start`; start when there is no user. */
static size_t behind_user(aim_str text, size_t start)
{
	size_t behind = start;
	for (size_t i = start; i < text.len && !is_space(text.ptr[i]) && !memchr("/?#\"'\\", text.ptr[i], 6); i++)
		if (text.ptr[i] == '@')
			behind = i + 1;
	return behind;
}

/* A text without secret names: users of URLs, and words. */
static aim_status mask_plain(aim_buf *out, aim_str text)
{
	size_t at = 0;
	for (;;) {
		size_t authority = find_authority(text, at);
		aim_str before = {text.ptr + at, authority - at};
		aim_status rc = mask_words(out, before);
		if (rc != AIM_OK || authority == text.len)
			return rc;
		at = behind_user(text, authority);
		if (at != authority)
			rc = aim__buf_add_text(out, AIM__MASK "@");
		if (rc != AIM_OK)
			return rc;
	}
}

/* "${NAME}", "$NAME", "%NAME%", "{env:NAME}", "${input:name}": says where the secret is, and is none. */
static int is_reference(aim_str value)
{
	size_t from = 0;
	size_t to = value.len;
	if (value.len >= 4 && value.ptr[0] == '$' && value.ptr[1] == '{' && value.ptr[to - 1] == '}')
		from = 2, to--;
	else if (value.len >= 3 && (value.ptr[0] == '{' || value.ptr[0] == '%') &&
	         value.ptr[to - 1] == (value.ptr[0] == '{' ? '}' : '%'))
		from = 1, to--;
	else if (value.len >= 2 && value.ptr[0] == '$')
		from = 1;
	else
		return 0;
	static const char *const kinds[] = {"env:", "input:"};
	for (size_t i = 0; i < 2; i++)
		if (to - from > strlen(kinds[i]) && memcmp(value.ptr + from, kinds[i], strlen(kinds[i])) == 0)
			from += strlen(kinds[i]);
	aim_str name = {value.ptr + from, to - from};
	for (size_t i = 0; i < name.len; i++)
		if (!is_letter(name.ptr[i]) && !is_digit(name.ptr[i]) && name.ptr[i] != '_' && name.ptr[i] != '-')
			return 0;
	return name.len > 0 && !is_known_key(name) && !looks_random(name);
}

/* Where the value of something that sounds like a secret begins; text.len when nothing does. */
static size_t find_secret(aim_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int is_scheme = c == ':' && text.len - i >= 3 && text.ptr[i + 1] == '/' && text.ptr[i + 2] == '/';
		if ((c != '=' && c != ':' && !is_space(c)) || is_scheme)
			continue;
		aim_str name = name_before(text, i);
		/* In a line of several words a flag, or the scheme of a credential, has its value behind a space. */
		int is_flag = name.len && (name.ptr[0] == '-' || aim_str_equal(name, aim_str_from("Bearer")) ||
		                           aim_str_equal(name, aim_str_from("Basic")));
		if (name.len && (!is_space(c) || is_flag) && aim__mask_is_secret_name(name))
			return i + 1;
	}
	return text.len;
}

static aim_status mask_value(aim_buf *out, aim_str value)
{
	size_t spaces = 0;
	while (spaces < value.len && is_space(value.ptr[spaces]))
		spaces++;
	aim_str rest = {value.ptr + spaces, value.len - spaces};
	if (!rest.len || is_reference(rest))
		return aim__buf_add_str(out, value);
	aim_status rc = spaces ? aim__buf_add_byte(out, ' ') : AIM_OK;
	return rc == AIM_OK ? aim__buf_add_text(out, AIM__MASK) : rc;
}

/* NAME=VALUE or Name: value, of which only the name is shown. */
static aim_status mask_pair(aim_buf *out, aim_str text)
{
	size_t i = 0;
	while (i < text.len && is_name(text.ptr[i]))
		i++;
	int has_value = i < text.len && (text.ptr[i] == '=' || text.ptr[i] == ':');
	if (i < text.len && !has_value)
		return aim__buf_add_text(out, AIM__MASK);
	aim_str name = {text.ptr, i + (size_t)has_value};
	aim_str value = {text.ptr + name.len, text.len - name.len};
	aim_status rc = mask_words(out, name);
	return rc == AIM_OK && has_value ? mask_value(out, value) : rc;
}

/* --- arguments ------------------------------------------------------------------------------------------------------ */

static const char *const pair_flags[] = {"-e", "--env", "-H", "--header", "--headers", "-E", "--environment"};

static uint32_t state_behind(aim_str flag)
{
	for (size_t i = 0; i < sizeof pair_flags / sizeof *pair_flags; i++)
		if (aim_str_equal(flag, aim_str_from(pair_flags[i])))
			return AIM__MASK_VALUE;
	if (flag.len < 2 || flag.ptr[0] != '-')
		return AIM__MASK_NOTHING;
	for (size_t i = 0; i < flag.len; i++)
		if (!is_name(flag.ptr[i]))
			return AIM__MASK_NOTHING;
	return aim__mask_is_secret_name(flag) ? AIM__MASK_ALL : AIM__MASK_NOTHING;
}

/* "--env=NAME=VALUE", "--header=Name: value": the length up to the first '='; 0 when it is none. */
static size_t pair_flag_length(aim_str text)
{
	const char *equals = text.len ? memchr(text.ptr, '=', text.len) : NULL;
	aim_str flag = {text.ptr, equals ? (size_t)(equals - text.ptr) : 0};
	return flag.len && state_behind(flag) == AIM__MASK_VALUE ? flag.len + 1 : 0;
}

static aim_status mask_argument(aim_buf *out, aim_str text)
{
	size_t flag = pair_flag_length(text);
	size_t secret = flag ? flag : find_secret(text);
	aim_str head = {text.ptr, secret};
	aim_str value = {text.ptr + secret, text.len - secret};
	aim_status rc = mask_plain(out, head);
	if (rc == AIM_OK && value.len)
		rc = flag ? mask_pair(out, value) : mask_value(out, value);
	return rc;
}

aim_status aim__mask(aim_buf *out, aim_str text, uint32_t *state)
{
	uint32_t before = *state;
	size_t start = out->len;
	*state = before == AIM__MASK_NOTHING ? state_behind(text) : AIM__MASK_NOTHING;
	aim_status rc;
	if (before == AIM__MASK_ALL)
		rc = mask_value(out, text);
	else if (before == AIM__MASK_VALUE)
		rc = mask_pair(out, text);
	else
		rc = mask_argument(out, text);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}
