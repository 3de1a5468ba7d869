/* assess/response.h — what the parts of the scanner of responses share. */
#ifndef AIM_ASSESS_RESPONSE_H
#define AIM_ASSESS_RESPONSE_H

#include <aim/response.h>

#include "assess/sanitise.h"
#include "assess/scan.h"

#define AIM__RESPONSE_LEVELS 4u /* JSON, and JSON in a string of it, three times */
#define AIM__RESPONSE_REASON 160u

/* What becomes of a span. */
typedef enum aim__mark_kind {
	AIM__MARK_CREDENTIAL,
	AIM__MARK_SSN,
	AIM__MARK_CARD,
	AIM__MARK_IBAN,
	AIM__MARK_EMAIL,
	AIM__MARK_PHONE,
	AIM__MARK_URL,
	AIM__MARK_INSTRUCTION,
	AIM__MARK_NOT_SCANNED
} aim__mark_kind;

typedef struct aim__mark {
	uint32_t start;
	uint32_t end;
	aim__mark_kind kind;
	uint32_t rule; /* to tell the same thing, seen again in another view */
} aim__mark;

/* A text that is being read. */
typedef struct aim__response_text {
	aim_str text;
	const aim_json *doc; /* NULL: plain text */
	uint32_t node;
	uint32_t level;
	aim_json_value outer; /* the value of the outermost document that it is in */
} aim__response_text;

struct aim_response {
	aim_ctx *ctx;
	aim_scan_result *scan;
	aim_response_options options; /* all set */
	uint32_t classes;             /* of the detector */
	aim_json docs[AIM__RESPONSE_LEVELS];
	aim_buf levels[AIM__RESPONSE_LEVELS]; /* what is made of each document */
	aim_buf content;                      /* what is scanned again */
	aim_buf pointer;
	aim_buf text;       /* of one string, redacted */
	aim__arena texts;   /* what threats point to */
	aim_response_threat *threats;
	size_t cap_threats;
	size_t n_threats;
	aim__mark *marks; /* of the text that is being read */
	size_t cap_marks;
	size_t n_marks;
	aim_response_verdict verdict;
	char reason[AIM__RESPONSE_REASON];
	const char *first_rule; /* of the first threat that the policy acts on */
	uint32_t first_category;
	uint64_t work;
	uint32_t pass;     /* from 0: threats are kept in the first only */
	uint32_t n_names;  /* redacted names of members so far: each gets a number, so that none is there twice */
	uint32_t dirty;    /* this pass found something that the policy acts on */
	aim_status failed;
	const aim__response_text *current;
};

/* response_text.c: reads one text into r->marks, and keeps threats. */
void aim__response_read(aim_response *r, const aim__response_text *text);

/* response_write.c: the text with its marks replaced, appended to out. whole: all of it is replaced. */
aim_status aim__response_redact(aim_response *r, aim_str text, int whole, int is_name, aim_buf *out);
/* Reads a document of a level; when it was dirty and the policy is to sanitise, r->levels[level] is what it becomes. */
void aim__response_document(aim_response *r, uint32_t level, aim_json_value outer, uint32_t *out_dirty);

/* response.c: what it held is gone, and its verdict is block. */
void aim__response_forget(aim_response *r);

/* response_record.c: the members threats, n_threats and severity of an object that is being written. */
struct aim__json_writer;
void aim__response_describe(struct aim__json_writer *w, const aim_response *r, const aim_response_verdict *v);

#endif
