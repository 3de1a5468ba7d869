/* assess/detect_number.c — numbers of persons, cards, accounts and telephones: groups of digits, confirmed by the ranges,
 * lengths and check digits of those who issue them. Layer assess. */
#include "assess/detect.h"

#include <string.h>

#define DIGITS_MOST 19u
#define GROUPS_MOST 6u
#define IBAN_MOST 34u
#define CONTEXT 32u
#define PHONE_LEAST 8u
#define PHONE_MOST 15u

/* Groups of digits with one and the same sign between them. */
typedef struct number {
	uint32_t n_groups;
	uint32_t n; /* digits */
	uint8_t sign; /* 0: one group */
	uint8_t digits[DIGITS_MOST];
	uint8_t sizes[GROUPS_MOST];
	uint32_t ends[GROUPS_MOST]; /* offset behind each group */
} number;

static int is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* 0 when it begins or ends inside something longer. */
static int read_number(aim__detect *d, uint32_t at, number *out)
{
	out->n_groups = out->n = 0;
	out->sign = 0;
	for (;;) {
		uint32_t from = out->n;
		while (is_digit(aim__detect_at(d, at)) && out->n < DIGITS_MOST)
			out->digits[out->n++] = d->text[at++] - '0';
		d->work += out->n - from + 1;
		if (is_digit(aim__detect_at(d, at)))
			break; /* too long: the groups before may stand alone */
		out->sizes[out->n_groups] = (uint8_t)(out->n - from);
		out->ends[out->n_groups++] = at;
		uint8_t c = aim__detect_at(d, at);
		int joins = (c == ' ' || c == '-' || c == '.') && is_digit(aim__detect_at(d, at + 1));
		if (!joins || (out->sign && c != out->sign) || out->n_groups == GROUPS_MOST || out->n == DIGITS_MOST)
			break;
		out->sign = c;
		at++;
	}
	return out->n_groups > 0;
}

/* Nothing that would make the number a part of a word or of a longer number stands behind it. */
static int ends_there(const aim__detect *d, uint32_t at)
{
	uint8_t c = aim__detect_at(d, at), next = aim__detect_at(d, at + 1);
	if (aim__byte_is(c, AIM__BYTE_ALNUM) || c == '_')
		return 0;
	return !((c == '-' || c == '.') && aim__byte_is(next, AIM__BYTE_ALNUM));
}

/* ---- US social security numbers ---- */

static int speaks_of_ssn(const aim__detect *d, uint32_t at)
{
	uint32_t n = at < CONTEXT ? at : CONTEXT;
	const uint8_t *p = d->text + at - n;
	return aim__detect_holds(p, n, "ssn") || aim__detect_holds(p, n, "social security");
}

/* Area 000, 666 and 900 to 999, group 00 and serial 0000 are never given out. */
static int is_ssn(const aim__detect *d, const number *v, uint32_t at)
{
	const uint8_t *x = v->digits;
	int shaped = v->n_groups >= 3 && v->sizes[0] == 3 && v->sizes[1] == 2 && v->sizes[2] == 4;
	if (!shaped && !(v->sizes[0] == 9))
		return 0;
	uint32_t area = x[0] * 100u + x[1] * 10u + x[2], group = x[3] * 10u + x[4];
	uint32_t serial = x[5] * 1000u + x[6] * 100u + x[7] * 10u + x[8];
	if (area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0)
		return 0;
	if (shaped && v->sign == '-')
		return v->n_groups == 3;
	return speaks_of_ssn(d, at);
}

/* ---- payment cards ---- */

/* ISO/IEC 7812: the first six digits, from and to, and the lengths as bits (bit 16: sixteen digits). */
#define DIGITS(n) (1u << (n))
static const struct {
	uint32_t from, to, lengths;
} issuers[] = {
	{400000, 499999, DIGITS(16) | DIGITS(19)},              /* Visa */
	{510000, 559999, DIGITS(16)},                           /* Mastercard */
	{222100, 272099, DIGITS(16)},
	{340000, 349999, DIGITS(15)},                           /* American Express */
	{370000, 379999, DIGITS(15)},
	{601100, 601199, DIGITS(16) | DIGITS(19)},              /* Discover */
	{644000, 659999, DIGITS(16) | DIGITS(19)},
	{300000, 305999, DIGITS(14) | DIGITS(16)},              /* Diners Club */
	{360000, 369999, DIGITS(14) | DIGITS(16)},
	{380000, 399999, DIGITS(14) | DIGITS(16)},
	{352800, 358999, DIGITS(16) | DIGITS(19)},              /* JCB */
	{620000, 629999, DIGITS(16) | DIGITS(17) | DIGITS(18) | DIGITS(19)}, /* UnionPay */
	{501800, 501899, DIGITS(16) | DIGITS(18) | DIGITS(19)}, /* Maestro */
	{502000, 502099, DIGITS(16) | DIGITS(18) | DIGITS(19)},
	{503800, 503899, DIGITS(16) | DIGITS(18) | DIGITS(19)},
	{589300, 589399, DIGITS(16) | DIGITS(18) | DIGITS(19)},
	{630400, 630499, DIGITS(16) | DIGITS(18) | DIGITS(19)},
	{675900, 676399, DIGITS(16) | DIGITS(18) | DIGITS(19)},
};
#undef DIGITS

static int is_issued(const uint8_t *x, uint32_t n)
{
	uint32_t head = 0;
	for (int i = 0; i < 6; i++)
		head = head * 10 + x[i];
	for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++)
		if (head >= issuers[i].from && head <= issuers[i].to)
			return issuers[i].lengths >> n & 1;
	return 0;
}

/* ISO/IEC 7812-1 annex B. */
static int passes_luhn(const uint8_t *x, uint32_t n)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t digit = x[n - 1 - i];
		digit = i % 2 ? digit * 2 : digit;
		sum += digit > 9 ? digit - 9 : digit;
	}
	return sum % 10 == 0;
}

/* In one piece, or in the groups that are printed on cards: fours, or four, six and the rest. */
static int is_card_shaped(const number *v, uint32_t n_groups)
{
	if (n_groups == 1)
		return 1;
	if (v->sign == '.' || v->sizes[0] != 4)
		return 0;
	if (v->sizes[1] == 6)
		return n_groups == 3;
	for (uint32_t i = 0; i + 1 < n_groups; i++)
		if (v->sizes[i] != 4)
			return 0;
	return v->sizes[n_groups - 1] <= 4;
}

/* The groups that are a card's number: how many, 0 for none. */
static uint32_t card_groups(const number *v)
{
	uint32_t n = 0;
	for (uint32_t k = 1; k <= v->n_groups; k++) {
		n += v->sizes[k - 1];
		if (n >= 14 && is_card_shaped(v, k) && is_issued(v->digits, n) && passes_luhn(v->digits, n))
			return k;
	}
	return 0;
}

/* ---- telephones ---- */

/* North American Numbering Plan: neither area nor exchange begins with 0 or 1. With hyphens the exchange may: nothing
 * else is written so, and people do get it wrong. */
static int is_us_phone(const number *v)
{
	const uint8_t *x = v->digits;
	return v->n_groups == 3 && (v->sign == '-' || v->sign == '.') && v->sizes[0] == 3 && v->sizes[1] == 3 && v->sizes[2] == 4 &&
	       x[0] >= 2 && (x[3] >= 2 || v->sign == '-');
}

/* Digits with spaces, hyphens, dots and brackets between them; the offset behind the last, *out_n digits. */
static uint32_t phone_end(aim__detect *d, uint32_t at, uint32_t *out_n, uint32_t *out_signs)
{
	uint32_t n = 0, end = at, gap = 0;
	*out_signs = 0;
	for (; n <= PHONE_MOST; at++) {
		uint8_t c = aim__detect_at(d, at);
		if (is_digit(c)) {
			n++;
			gap = 0;
			end = at + 1;
			continue;
		}
		if ((c != ' ' && c != '-' && c != '.' && c != '(' && c != ')') || ++gap > 2)
			break;
		*out_signs += gap == 1;
	}
	d->work += at - end + n;
	*out_n = n;
	return end;
}

/* "+" and a country code (ITU-T E.164), or "(415) 555-2671". */
void aim__detect_phone(aim__detect *d, uint32_t at)
{
	uint8_t first = aim__detect_at(d, at + 1), before = at ? d->text[at - 1] : ' ';
	uint32_t n, signs;
	if (!is_digit(first) || first == '0' || aim__byte_is(before, AIM__BYTE_WORD))
		return;
	uint32_t end = phone_end(d, at + 1, &n, &signs);
	if (!ends_there(d, end))
		return;
	if (d->text[at] == '+') {
		if (n >= (signs ? PHONE_LEAST : PHONE_LEAST + 2) && n <= PHONE_MOST)
			aim__detect_found(d, AIM__DETECT_RULE_PHONE, at, end);
		return;
	}
	if (n != 10 || first < '2' || aim__detect_at(d, at + 4) != ')')
		return;
	uint32_t next = aim__detect_at(d, at + 5) == ' ' ? at + 6 : at + 5;
	if (aim__detect_at(d, next) >= '2' && is_digit(aim__detect_at(d, next + 2)) && signs >= 2)
		aim__detect_found(d, AIM__DETECT_RULE_PHONE, at, end);
}

/* ---- IBAN ---- */

/* ISO 13616, the registry: country and length. */
static const char countries[][5] = {
	"AD24", "AE23", "AL28", "AT20", "AZ28", "BA20", "BE16", "BG22", "BH22", "BI27", "BR29", "BY28", "CH21", "CR22", "CY28",
	"CZ24", "DE22", "DJ27", "DK18", "DO28", "EE20", "EG29", "ES24", "FI18", "FK18", "FO18", "FR27", "GB22", "GE22", "GI23",
	"GL18", "GR27", "GT28", "HN28", "HR21", "HU28", "IE22", "IL23", "IQ23", "IS26", "IT27", "JO30", "KW30", "KZ20", "LB28",
	"LC32", "LI21", "LT20", "LU20", "LV21", "LY25", "MC27", "MD24", "ME22", "MK19", "MN20", "MR27", "MT31", "MU30", "NI28",
	"NL18", "NO15", "OM23", "PK24", "PL28", "PS29", "PT25", "QA29", "RO24", "RS22", "RU33", "SA24", "SC31", "SD18", "SE24",
	"SI19", "SK24", "SM27", "SO23", "ST25", "SV28", "TL23", "TN24", "TR26", "UA29", "VA22", "VG24", "XK20", "YE30",
};

static uint32_t iban_length(const uint8_t *p)
{
	for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
		if (countries[i][0] == (char)p[0] && countries[i][1] == (char)p[1])
			return (uint32_t)(countries[i][2] - '0') * 10 + (uint32_t)(countries[i][3] - '0');
	return 0;
}

/* ISO/IEC 7064, MOD 97-10, over the text with its first four characters moved to the end. */
static int passes_mod97(const uint8_t *x, uint32_t n)
{
	uint32_t rest = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = x[(i + 4) % n];
		rest = c <= '9' ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
	}
	return rest == 1;
}

static void see_iban(aim__detect *d, uint32_t start)
{
	uint8_t x[IBAN_MOST];
	uint32_t length = iban_length(d->text + start), n = 0, p = start, spaces = 0;
	while (n < length) {
		uint8_t c = aim__detect_at(d, p);
		if (c == ' ' && n && n % 4 == 0 && (n == 4 || spaces)) {
			spaces++;
			p++;
			continue;
		}
		if (!aim__byte_is(c, AIM__BYTE_DIGIT | AIM__BYTE_UPPER))
			return;
		x[n++] = c;
		p++;
	}
	d->work += p - start;
	if (n && ends_there(d, p) && passes_mod97(x, n))
		aim__detect_found(d, AIM__DETECT_RULE_IBAN, start, p);
}

/* ---- */

static int starts_there(const aim__detect *d, uint32_t at)
{
	uint8_t c = at ? d->text[at - 1] : ' ', before = at > 1 ? d->text[at - 2] : ' ';
	if (aim__byte_is(c, AIM__BYTE_ALNUM) || c == '_')
		return 0;
	return !((c == '-' || c == '.') && aim__byte_is(before, AIM__BYTE_DIGIT));
}

static uint32_t see_number(aim__detect *d, uint32_t at, uint32_t end)
{
	number v;
	if (!read_number(d, at, &v))
		return end;
	uint32_t k = card_groups(&v), last = v.ends[v.n_groups - 1];
	if (k && ends_there(d, v.ends[k - 1]))
		aim__detect_found(d, AIM__DETECT_RULE_CARD, at, v.ends[k - 1]);
	else if (v.n >= 9 && is_ssn(d, &v, at) && ends_there(d, v.ends[v.sizes[0] == 9 ? 0 : 2]))
		aim__detect_found(d, AIM__DETECT_RULE_SSN, at, v.ends[v.sizes[0] == 9 ? 0 : 2]);
	else if (v.n == 10 && is_us_phone(&v) && ends_there(d, last))
		aim__detect_found(d, AIM__DETECT_RULE_PHONE, at, last);
	return d->quiet > at ? d->quiet : v.ends[0];
}

void aim__detect_numbers(aim__detect *d, uint32_t start, uint32_t end)
{
	const uint32_t wanted = AIM__DETECT_SSN | AIM__DETECT_CARD | AIM__DETECT_PHONE;
	const uint8_t *p = d->text + start;
	if (d->classes & AIM__DETECT_IBAN && end - start >= 4 && aim__byte_is(p[0], AIM__BYTE_UPPER) &&
	    aim__byte_is(p[1], AIM__BYTE_UPPER) && is_digit(p[2]) && is_digit(p[3]))
		see_iban(d, start);
	if (!(d->classes & wanted))
		return;
	for (uint32_t at = start; at < end && at >= d->quiet && !d->stop;) {
		if (!is_digit(d->text[at]) || !starts_there(d, at)) {
			at++;
			continue;
		}
		uint32_t next = see_number(d, at, end);
		at = next > at ? next : at + 1;
	}
}
