/* cli/common/screen.h — what goes to stdout: plain text, fields, tables, or JSON. Everything from elsewhere is made
 * fit for a terminal on its way: in JSON by escapes that leave its value as it is. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <aim/aim.h>

enum { STYLE_NONE, STYLE_GOOD, STYLE_BAD, STYLE_DIM, STYLE_BOLD };

/* How to write. Set once, before anything is written. */
void screen_open(int json, int no_color);
int screen_is_json(void);
/* Columns of the terminal; 0 when stdout is none: then nothing is cut. */
unsigned screen_width(void);
/* The escape sequence of a style; empty without colour. */
const char *style(int which);

/* A write failed: nothing more needs to be made. */
int screen_failed(void);
/* Writes what waits. EXIT_OK; code_failed after saying that output could not be written. */
int screen_finish(int code_failed);
/* Bytes past stdio's buffer, for secrets. Returns 0, or −1 with errno. */
int screen_write_secret(aim_bytes bytes);

/* --- JSON -------------------------------------------------------------------------------------------------------- */

/* A JSON string. What is not UTF-8 becomes U+FFFD; what does not show becomes an escape. */
void json_string(aim_str text);
/* A JSON text again, with the same escapes. */
void json_again(aim_str json);

/* --- one answer: a JSON object, or lines "label   value" ----------------------------------------------------------- */

typedef struct answer {
	int n;
} answer;

void answer_begin(answer *a);
/* label NULL: only in JSON; member NULL: only for people. */
void answer_text(answer *a, const char *member, const char *label, aim_str text);
void answer_styled(answer *a, const char *member, const char *label, aim_str text, int which);
void answer_number(answer *a, const char *member, const char *label, uint64_t number);
void answer_bool(answer *a, const char *member, const char *label, int truth);
void answer_hex(answer *a, const char *member, const char *label, const uint8_t *bytes, size_t n);
/* A JSON text as it is; only in JSON. */
void answer_json(answer *a, const char *member, aim_str json);
void answer_end(answer *a);

/* --- a list: JSON Lines, or a table --------------------------------------------------------------------------------- */

#define COLUMN_NUMBER 1u /* right-aligned, a number in JSON */
#define COLUMN_SHRINKS 2u /* may be cut to fit */
#define COLUMN_HIDDEN 4u  /* only in JSON */
#define COLUMN_RAW 8u     /* a JSON text; implies hidden */

typedef struct column {
	const char *member; /* in JSON; NULL: only for people */
	const char *title;
	uint32_t flags; /* COLUMN_* */
} column;

#define COLUMNS_MAX 24u

typedef struct table table;

/* NULL after saying that there is no memory. columns must outlive the table. */
table *table_new(const column *columns, size_t n);
/* The next cell of the row; empty text is left out in JSON. */
void table_text(table *t, aim_str text);
void table_styled(table *t, aim_str text, int which);
void table_number(table *t, uint64_t number);
/* The cell is absent. */
void table_none(table *t);
void table_row_end(table *t);
/* Prints what is held back to find the widths. */
void table_flush(table *t);
/* Prints the rest, and frees. A table without rows shows `nothing` instead, on a terminal only. */
void table_free(table *t, const char *nothing);

#endif
