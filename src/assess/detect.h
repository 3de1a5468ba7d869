/* assess/detect.h — finds what has a shape: credentials, personal data, commands and paths where plain data should be,
 * URLs that carry data away. One pass over the bytes of one text; linear; allocates nothing; knows no JSON.
 *
 * A class is a bit, so that a caller asks for what it needs. A rule belongs to one class. Anchors (the start of a word of
 * letters and digits, '@', "://", '=') say where to look; tables say what for; checksums and lengths confirm. */
#ifndef AIM_ASSESS_DETECT_H
#define AIM_ASSESS_DETECT_H

#include <stddef.h>
#include <stdint.h>

#define AIM__DETECT_SSN 0x01u
#define AIM__DETECT_CARD 0x02u
#define AIM__DETECT_SHELL 0x04u
#define AIM__DETECT_TRAVERSAL 0x08u
#define AIM__DETECT_CREDENTIAL 0x10u
#define AIM__DETECT_EMAIL 0x20u
#define AIM__DETECT_PHONE 0x40u
#define AIM__DETECT_IBAN 0x80u
#define AIM__DETECT_EXFILTRATION 0x100u
#define AIM__DETECT_N_CLASSES 9u

typedef enum aim__detect_rule_id {
	AIM__DETECT_RULE_SSN,
	AIM__DETECT_RULE_CARD,
	AIM__DETECT_RULE_IBAN,
	AIM__DETECT_RULE_PHONE,
	AIM__DETECT_RULE_EMAIL,
	AIM__DETECT_RULE_SHELL_COMMAND,
	AIM__DETECT_RULE_SHELL_SUBSTITUTION,
	AIM__DETECT_RULE_PATH_TRAVERSAL,
	AIM__DETECT_RULE_PRIVATE_KEY,
	AIM__DETECT_RULE_JWT,
	AIM__DETECT_RULE_BEARER,
	AIM__DETECT_RULE_PASSWORD,
	AIM__DETECT_RULE_ASSIGNED_SECRET,
	AIM__DETECT_RULE_URL_PASSWORD,
	AIM__DETECT_RULE_TOKEN, /* of a provider: see aim__detect_tokens */
	AIM__DETECT_RULE_URL_DATA,
	AIM__DETECT_RULE_URL_SECRET,
	AIM__DETECT_RULE_URL_COLLECTOR,
	AIM__DETECT_N_RULES
} aim__detect_rule_id;

typedef struct aim__detect_rule {
	const char *id;
	const char *message;
	uint32_t class_bit;
	uint32_t severity; /* AIM_SCAN_* */
} aim__detect_rule;

extern const aim__detect_rule aim__detect_rules[AIM__DETECT_N_RULES];

/* The characters of a token behind its prefix. */
enum { AIM__TOKEN_ALNUM, AIM__TOKEN_HEX, AIM__TOKEN_UPPER, AIM__TOKEN_URL, AIM__TOKEN_DOTTED, AIM__TOKEN_BASE64 };

typedef struct aim__detect_token {
	const char *prefix;
	const char *provider; /* the rule of the finding: "github-token" */
	uint8_t alphabet;
	uint8_t n_prefix;
	uint16_t least; /* characters behind the prefix */
	uint16_t most;  /* 0: no bound */
} aim__detect_token;

extern const aim__detect_token aim__detect_tokens[];
extern const uint32_t aim__n_detect_tokens;

typedef struct aim__detect_hit {
	aim__detect_rule_id rule;
	uint32_t class_bit;
	const char *name; /* the rule's id; of a token, its provider's */
	uint32_t start;
	uint32_t end;
} aim__detect_hit;

/* Returns non-zero to end the scan. */
typedef int (*aim__detect_visitor)(void *user, const aim__detect_hit *hit);

/* Hands every hit of the wanted classes to visit, in the order of their ends. len < UINT32_MAX / 4. Returns the steps of work
 * it took. */
uint64_t aim__detect_text(const uint8_t *text, uint32_t len, uint32_t classes, aim__detect_visitor visit, void *user);

/* A member of JSON: 1 when a text under such a name is a secret; *out is the rule then. */
int aim__detect_member(const uint8_t *name, uint32_t name_len, const uint8_t *value, uint32_t len,
                       aim__detect_rule_id *out);

/* "ssn", "payment_card", "shell_injection", "path_traversal", "credential", "email", "phone", "iban",
 * "exfiltration_url". */
const char *aim__detect_class_name(uint32_t class_bit);

/* ---- what the files of the detector share ---- */

typedef struct aim__detect {
	const uint8_t *text;
	uint32_t len;
	uint32_t classes;
	uint32_t quiet; /* what lies before was found already */
	uint32_t url_start, url_end; /* the last one */
	int stop;
	aim__detect_visitor visit;
	void *user;
	uint64_t work;
} aim__detect;

#define AIM__BYTE_DIGIT 1u
#define AIM__BYTE_LOWER 2u
#define AIM__BYTE_UPPER 4u
#define AIM__BYTE_JOINER 8u /* '_' and '-' */
#define AIM__BYTE_ANCHOR 16u
#define AIM__BYTE_ALNUM (AIM__BYTE_DIGIT | AIM__BYTE_LOWER | AIM__BYTE_UPPER)
#define AIM__BYTE_WORD (AIM__BYTE_ALNUM | AIM__BYTE_JOINER)

extern const uint8_t aim__byte_kinds[256];

static inline int aim__byte_is(uint8_t c, uint32_t kinds)
{
	return (aim__byte_kinds[c] & kinds) != 0;
}

/* The byte at `at`, 0 past the end. */
static inline uint8_t aim__detect_at(const aim__detect *d, uint32_t at)
{
	return at < d->len ? d->text[at] : 0;
}

void aim__detect_found(aim__detect *d, aim__detect_rule_id rule, uint32_t start, uint32_t end);
void aim__detect_report(aim__detect *d, aim__detect_rule_id rule, const char *name, uint32_t start, uint32_t end);
/* 1 when text (lower case, NUL-terminated) stands at `at`, in any case. */
int aim__detect_follows(const aim__detect *d, uint32_t at, const char *text);
/* 1 when the n bytes hold needle (lower case), in any case. */
int aim__detect_holds(const uint8_t *p, uint32_t n, const char *needle);

/* detect_number.c: a word with digits in it; a '+' or '(' before digits. */
void aim__detect_numbers(aim__detect *d, uint32_t start, uint32_t end);
void aim__detect_phone(aim__detect *d, uint32_t at);
/* detect_secret.c: a long word; '=' or ':' behind a name. */
void aim__detect_long_word(aim__detect *d, uint32_t start, uint32_t end);
void aim__detect_short_word(aim__detect *d, uint32_t start, uint32_t end);
void aim__detect_assignment(aim__detect *d, uint32_t at);
/* detect_command.c */
void aim__detect_command(aim__detect *d, uint32_t at);
void aim__detect_dots(aim__detect *d, uint32_t at);
void aim__detect_percent(aim__detect *d, uint32_t at);
/* detect_url.c */
void aim__detect_url(aim__detect *d, uint32_t at);
void aim__detect_email(aim__detect *d, uint32_t at);

#endif
