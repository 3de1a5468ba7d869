/* assess/detect.c — the pass over the bytes, and the names of what it finds. Layer assess; knows no JSON and no policy. */
#include "assess/detect.h"

#include <aim/scan.h>

#include <string.h>

#define LONG_WORD 16u
#define BEARER_LEN 6u

#define D AIM__BYTE_DIGIT
#define L AIM__BYTE_LOWER
#define U AIM__BYTE_UPPER
#define J AIM__BYTE_JOINER
#define A AIM__BYTE_ANCHOR
const uint8_t aim__byte_kinds[256] = {
	['0'] = D, ['1'] = D, ['2'] = D, ['3'] = D, ['4'] = D, ['5'] = D, ['6'] = D, ['7'] = D, ['8'] = D, ['9'] = D,
	['a'] = L, ['b'] = L, ['c'] = L, ['d'] = L, ['e'] = L, ['f'] = L, ['g'] = L, ['h'] = L, ['i'] = L, ['j'] = L,
	['k'] = L, ['l'] = L, ['m'] = L, ['n'] = L, ['o'] = L, ['p'] = L, ['q'] = L, ['r'] = L, ['s'] = L, ['t'] = L,
	['u'] = L, ['v'] = L, ['w'] = L, ['x'] = L, ['y'] = L, ['z'] = L, ['A'] = U, ['B'] = U, ['C'] = U, ['D'] = U,
	['E'] = U, ['F'] = U, ['G'] = U, ['H'] = U, ['I'] = U, ['J'] = U, ['K'] = U, ['L'] = U, ['M'] = U, ['N'] = U,
	['O'] = U, ['P'] = U, ['Q'] = U, ['R'] = U, ['S'] = U, ['T'] = U, ['U'] = U, ['V'] = U, ['W'] = U, ['X'] = U,
	['Y'] = U, ['Z'] = U, ['_'] = J, ['-'] = J, ['.'] = A, ['%'] = A, ['@'] = A, [':'] = A, ['='] = A, [';'] = A,
	['|'] = A, ['&'] = A, ['`'] = A, ['$'] = A, ['<'] = A, ['>'] = A, ['+'] = A, ['('] = A, ['\n'] = A,
};
#undef D
#undef L
#undef U
#undef J
#undef A

const aim__detect_rule aim__detect_rules[AIM__DETECT_N_RULES] = {
	[AIM__DETECT_RULE_SSN] = {"us-ssn", "holds a US social security number", AIM__DETECT_SSN, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_CARD] = {"payment-card", "holds the number of a payment card", AIM__DETECT_CARD, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_IBAN] = {"iban", "holds the number of a bank account", AIM__DETECT_IBAN, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_PHONE] = {"phone", "holds a telephone number", AIM__DETECT_PHONE, AIM_SCAN_WARNING},
	[AIM__DETECT_RULE_EMAIL] = {"email", "holds an e-mail address", AIM__DETECT_EMAIL, AIM_SCAN_WARNING},
	[AIM__DETECT_RULE_SHELL_COMMAND] = {"shell-command", "starts a command of its own", AIM__DETECT_SHELL,
	                                    AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_SHELL_SUBSTITUTION] = {"shell-substitution", "has a shell put in the output of a command",
	                                         AIM__DETECT_SHELL, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_PATH_TRAVERSAL] = {"path-traversal", "climbs out of a folder", AIM__DETECT_TRAVERSAL,
	                                     AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_PRIVATE_KEY] = {"private-key", "holds a private key", AIM__DETECT_CREDENTIAL, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_JWT] = {"jwt", "holds a JSON Web Token", AIM__DETECT_CREDENTIAL, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_BEARER] = {"authorization", "holds the credentials of an HTTP request", AIM__DETECT_CREDENTIAL,
	                             AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_PASSWORD] = {"password", "holds a password", AIM__DETECT_CREDENTIAL, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_ASSIGNED_SECRET] = {"secret-value", "holds a key or token under its name", AIM__DETECT_CREDENTIAL,
	                                      AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_URL_PASSWORD] = {"url-password", "holds a URL with a password", AIM__DETECT_CREDENTIAL,
	                                   AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_TOKEN] = {"token", "holds an API key or token", AIM__DETECT_CREDENTIAL, AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_URL_DATA] = {"url-data", "holds a URL that carries encoded data away", AIM__DETECT_EXFILTRATION,
	                               AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_URL_SECRET] = {"url-secret", "holds a URL that carries a secret away", AIM__DETECT_EXFILTRATION,
	                                 AIM_SCAN_CRITICAL},
	[AIM__DETECT_RULE_URL_COLLECTOR] = {"url-collector", "holds a URL of a service that collects requests",
	                                    AIM__DETECT_EXFILTRATION, AIM_SCAN_WARNING},
};

const char *aim__detect_class_name(uint32_t class_bit)
{
	static const char *const names[AIM__DETECT_N_CLASSES] = {
		"ssn", "payment_card", "shell_injection", "path_traversal", "credential", "email", "phone", "iban",
		"exfiltration_url"};
	for (uint32_t i = 0; i < AIM__DETECT_N_CLASSES; i++)
		if (class_bit == 1u << i)
			return names[i];
	return "unknown";
}

/* ---- what the detectors share ---- */

void aim__detect_report(aim__detect *d, aim__detect_rule_id rule, const char *name, uint32_t start, uint32_t end)
{
	const aim__detect_rule *r = &aim__detect_rules[rule];
	if (end > d->quiet)
		d->quiet = end;
	if (!(d->classes & r->class_bit) || d->stop)
		return;
	aim__detect_hit hit = {rule, r->class_bit, name, start, end};
	d->stop = d->visit(d->user, &hit);
}

void aim__detect_found(aim__detect *d, aim__detect_rule_id rule, uint32_t start, uint32_t end)
{
	aim__detect_report(d, rule, aim__detect_rules[rule].id, start, end);
}

static uint8_t small(uint8_t c)
{
	return aim__byte_is(c, AIM__BYTE_UPPER) ? c | 0x20 : c;
}

int aim__detect_follows(const aim__detect *d, uint32_t at, const char *text)
{
	for (; *text; text++, at++)
		if (at >= d->len || small(d->text[at]) != (uint8_t)*text)
			return 0;
	return 1;
}

int aim__detect_holds(const uint8_t *p, uint32_t n, const char *needle)
{
	uint32_t len = (uint32_t)strlen(needle);
	for (uint32_t i = 0; i + len <= n; i++) {
		uint32_t k = 0;
		while (k < len && small(p[i + k]) == (uint8_t)needle[k])
			k++;
		if (k == len)
			return 1;
	}
	return 0;
}

/* ---- the pass ---- */

static uint32_t read_word(aim__detect *d, uint32_t start)
{
	const uint8_t *text = d->text;
	uint32_t p = start;
	uint8_t kind, any = 0;
	while (p < d->len && ((kind = aim__byte_kinds[text[p]]) & AIM__BYTE_WORD)) {
		any |= kind;
		p++;
	}
	if (start < d->quiet)
		return p;
	if (any & AIM__BYTE_DIGIT)
		aim__detect_numbers(d, start, p);
	if (start < d->quiet || !(d->classes & AIM__DETECT_CREDENTIAL))
		return p;
	if (p - start >= LONG_WORD)
		aim__detect_long_word(d, start, p);
	else if (p - start == BEARER_LEN || text[start] == '-')
		aim__detect_short_word(d, start, p);
	return p;
}

static void see_colon(aim__detect *d, uint32_t at)
{
	if (aim__detect_at(d, at + 1) == '/' && aim__detect_at(d, at + 2) == '/')
		aim__detect_url(d, at);
	else if (d->classes & AIM__DETECT_CREDENTIAL)
		aim__detect_assignment(d, at);
}

static void see_anchor(aim__detect *d, uint32_t at)
{
	switch (d->text[at]) {
	case '.':
		if (d->classes & AIM__DETECT_TRAVERSAL && aim__detect_at(d, at + 1) == '.')
			aim__detect_dots(d, at);
		return;
	case '%':
		if (d->classes & AIM__DETECT_TRAVERSAL)
			aim__detect_percent(d, at);
		return;
	case '@':
		if (d->classes & AIM__DETECT_EMAIL)
			aim__detect_email(d, at);
		return;
	case ':':
		see_colon(d, at);
		return;
	case '=':
		if (d->classes & AIM__DETECT_CREDENTIAL)
			aim__detect_assignment(d, at);
		return;
	case '+':
	case '(':
		if (d->classes & AIM__DETECT_PHONE)
			aim__detect_phone(d, at);
		return;
	default:
		if (d->classes & AIM__DETECT_SHELL)
			aim__detect_command(d, at);
	}
}

uint64_t aim__detect_text(const uint8_t *text, uint32_t len, uint32_t classes, aim__detect_visitor visit, void *user)
{
	aim__detect d = {.text = text, .len = len, .classes = classes, .visit = visit, .user = user, .work = len};
	for (uint32_t p = 0; p < len && !d.stop;) {
		uint8_t kind = aim__byte_kinds[text[p]];
		if (kind & AIM__BYTE_WORD) {
			p = read_word(&d, p);
			continue;
		}
		if (kind & AIM__BYTE_ANCHOR && p >= d.quiet)
			see_anchor(&d, p);
		p++;
	}
	return d.work;
}
