/* assess/scan.h — what the parts of the scanner share: the scanner, the result with the memory it works in, and the
 * text that is being read. */
#ifndef AIM_ASSESS_SCAN_H
#define AIM_ASSESS_SCAN_H

#include <aim/scan.h>

#include "assess/rules.h"
#include "assess/userrules.h"
#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"

#include <stdatomic.h>

struct aim_scanner {
	aim_ctx *ctx;
	aim_scan_options options; /* all set; rules is not kept */
	aim__user_rules *rules;   /* NULL: none */
	atomic_uint_fast32_t references;
};

/* Where a chain stands: the word that took a stage, and where the chain began. */
typedef struct aim__scan_slot {
	uint32_t word;
	uint32_t start_word;
	uint32_t start;
} aim__scan_slot;

typedef struct aim__scan_stage {
	aim__scan_slot last;
	aim__scan_slot older;
} aim__scan_stage;

typedef struct aim__scan_signal {
	uint16_t rule;
	uint16_t disguised; /* some of its words only look like what they are */
	uint32_t start;     /* span in the view's text */
	uint32_t end;
} aim__scan_signal;

#define AIM__SCAN_SIGNALS 48 /* of one text; further ones of a rule that was seen say nothing new */
#define AIM__SCAN_VIEW_NAME 96

/* One text as it is read: a field as it stands, or what a decoding made of it. */
typedef struct aim__scan_view {
	const uint8_t *ptr;
	uint32_t len;
	uint32_t depth;      /* decodings so far */
	const uint32_t *map; /* per byte, and for the end, the offset in the field; NULL: the field itself */
	char name[AIM__SCAN_VIEW_NAME];
	uint32_t name_len;
	uint32_t done; /* AIM__VIEW_* that made it: none twice */
	const uint64_t *known; /* rules that the text it was made of gave signals of; NULL: none */
} aim__scan_view;

#define AIM__VIEW_LEET 1u
#define AIM__VIEW_SPACED 2u
#define AIM__VIEW_ROT13 4u
#define AIM__VIEW_REVERSED 8u
#define AIM__VIEW_JOINED 16u
#define AIM__VIEW_PAIRS 32u

/* What a text showed besides words. Offsets in its bytes. */
typedef struct aim__scan_traits {
	uint32_t n_runs;   /* that may be base64 or hex, or words without spaces */
	uint32_t first_run;
	uint32_t last_run; /* end of it */
	uint32_t escapes;  /* percent, &#…;, \x, \u */
	uint32_t mixed;    /* words of letters and digits */
	uint32_t spaced;   /* longest run of single letters */
	uint32_t hex_run;  /* longest run of words of two hex digits */
	uint32_t words;
	uint32_t seen[2];  /* ROT13, REVERSED */
	uint32_t invisible, n_invisible; /* the first, and how many */
	uint32_t invisible_cp;
	uint32_t control, n_control;
	uint32_t tags, n_tags;
	uint32_t bad_utf8; /* offset + 1 of the first ill-formed byte */
	uint32_t comment, comment_end;
	uint32_t pushed;   /* offset + 1 of text behind much white space */
	uint32_t pushed_word;
	uint32_t letters;  /* words with a letter that is not ASCII and looks like one */
} aim__scan_traits;

/* The field a finding is about. */
typedef struct aim__scan_place {
	const aim_json *doc; /* NULL: plain text */
	aim_json_value value;
	uint32_t part; /* AIM__PART_* */
} aim__scan_place;

#define AIM__PART_TEXT 0u   /* top of the definition: descriptions, titles, names, annotations, _meta */
#define AIM__PART_SCHEMA 1u /* inside inputSchema or outputSchema */

#define AIM__RULE_SETS ((AIM__RULE_COUNT + 63) / 64)

struct aim_scan_result {
	aim_scanner *scanner;
	aim_ctx *ctx;
	aim_json doc;     /* of aim_scan_tool() */
	aim__arena texts; /* what findings point to */
	aim__arena views; /* texts out of decodings, of one definition */
	aim_scan_finding *findings;
	size_t cap_findings;
	size_t n_findings;
	aim_scan_summary summary;
	aim_status failed; /* AIM_E_NOMEM or AIM_E_LIMIT, when a finding could not be kept */
	uint64_t work;
	/* Is shown every text that comes out of a decoding; NULL: nobody is. With one, whatever decodes to text counts, not only
	 * what reads like prose; and ids are not taken for words with digits in them. */
	void (*watch)(void *watcher, const aim__scan_view *view);
	void *watcher;
	/* The definition that is being scanned. */
	aim_str server;
	aim_str tool;
	aim_buf pointer;
	size_t pointer_base;  /* length of the pointer to the definition itself */
	size_t first_of_tool; /* its first finding */
	uint32_t n_views;
	uint64_t decoded_bytes;
	uint64_t decoded_limit;
	uint32_t worst;
	uint32_t limit_told;
	uint16_t weights[AIM__RULE_CATEGORIES]; /* strongest weak signal of each category, over all fields */
	aim__scan_place places[AIM__RULE_CATEGORIES];
	aim__scan_signal strongest[AIM__RULE_CATEGORIES];
	aim__user_matching user;
	/* The text that is being read. */
	const aim__scan_view *view;
	aim__scan_place place;
	aim__scan_traits traits;
	aim__scan_signal signals[AIM__SCAN_SIGNALS];
	uint32_t n_signals;
	uint64_t rules_seen[AIM__RULE_SETS];
	uint32_t word; /* goes up for ever: nothing of the text before is ever near */
	uint32_t text_word;
	uint32_t sentence_word;
	uint32_t disguised_word; /* the last one */
	aim__scan_stage stages[AIM__RULE_SLOTS];
	aim__scan_stage seen[AIM__RULE_CONCEPTS]; /* where each concept was last */
};

/* signals.c: one word (or thing that is no word) of a concept was read. */
void aim__signals_begin(aim_scan_result *r);
void aim__signals_see(aim_scan_result *r, uint32_t concept, uint32_t start, uint32_t end);
void aim__signals_add(aim_scan_result *r, uint32_t rule, uint32_t start, uint32_t end);

/* words.c: reads a text from end to end into r->signals and r->traits. */
void aim__words_read(aim_scan_result *r, const aim__scan_view *view);

/* 1 when len bytes, folded, are a word of the rules. */
int aim__words_known(const uint8_t *folded, uint32_t len);

/* hidden.c */
int aim__hidden_is_allowed(const uint8_t *text, uint32_t len, uint32_t at, uint32_t n, uint32_t cp);

/* views.c: the texts that view's text becomes under each decoding that its traits call for, one after the other, each
 * handed to read. */
typedef void (*aim__view_reader)(aim_scan_result *r, const aim__scan_view *view);
void aim__views_derive(aim_scan_result *r, const aim__scan_view *view, const aim__scan_traits *traits,
                       aim__view_reader read);

/* userrules_match.c: a new field begins; one view of it. */
void aim__user_begin(aim_scan_result *r);
void aim__user_read(aim_scan_result *r, const aim__scan_view *view);

/* 1 when a word of letters and digits, with letters for the digits, is a word of the rules. */
int aim__views_is_leet(const uint8_t *word, uint32_t len);

/* field.c: one text with all its views. */
void aim__field_scan(aim_scan_result *r, aim_str text, aim__scan_place place);
/* One text that is too short for the built-in rules, for those of the user. */
void aim__field_scan_short(aim_scan_result *r, aim_str text, aim__scan_place place);
/* What weak signals of several fields come to. */
void aim__field_finish(aim_scan_result *r);

/* finding.c */
typedef struct aim__found {
	const aim__user_rule *user; /* NULL: a built-in rule */
	uint32_t rule;
	uint32_t severity;
	uint32_t threat; /* 0: the rule's */
	uint32_t start;  /* in view's text */
	uint32_t end;
	const aim__scan_view *view; /* NULL: no text; the place is all */
	aim__scan_place place;
	aim_str details;
} aim__found;
void aim__finding_add(aim_scan_result *r, const aim__found *found);
/* The JSON Pointer of place, seen from the definition, until the next call; 0 for plain text, and on failure. */
int aim__finding_pointer(aim_scan_result *r, const aim__scan_place *place, aim_str *out);
void aim__finding_limit(aim_scan_result *r, const char *what);
void aim__result_begin(aim_scan_result *r);
void aim__result_begin_tool(aim_scan_result *r, aim_str server, aim_str tool);
void aim__result_end_tool(aim_scan_result *r);
aim_status aim__result_end(aim_scan_result *r, aim_error *err);

/* schema.c: what the schemas and annotations of a tool say about it. */
void aim__schema_check(aim_scan_result *r, const aim_json *doc, aim_json_value tool);
/* definition.c: every text of a definition. */
aim_status aim__definition_scan(aim_scan_result *r, aim_str server, const aim_json *doc, aim_json_value definition,
                                aim_error *err);

#define AIM__SCAN_RUN_MIN 16u /* characters that may be an encoding */

static inline int aim__scan_is_base64(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
	       c == '-' || c == '_';
}

static inline int aim__scan_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* scan_record.c: the members findings, n_findings and severity of an object that is being written. */
struct aim__json_writer;
void aim__scan_describe(struct aim__json_writer *w, const aim_scan_result *found, const aim_scan_summary *summary);

#endif
