/* cli/common/say.h — messages to the operator, one line each on stderr, and text from elsewhere made fit for a
 * terminal. Never argument values, never secrets. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <aim/aim.h>

/* The two statuses that all programs share; each program lists its own beside them. */
enum { EXIT_OK = 0, EXIT_USAGE = 2 };

/* The name in front of every message; static text. */
void say_as(const char *program);
/* One line. Whatever the arguments hold, nothing in it steers a terminal. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a call that failed: "what: message (STATUS)". */
void say_error(const char *what, aim_status status, const aim_error *err);

/* text for a terminal: invisible and control characters and what is not UTF-8 become '?'. Returns out. */
const char *printable(aim_str text, char *out, size_t size);

/* The code point at *at, which moves behind it; −1, and one byte on, when there is no UTF-8. */
int32_t text_next(aim_str text, size_t *at);
/* Whether a code point shows something and does nothing else. */
int text_shows(int32_t code_point);
/* Columns it takes on a terminal: 0, 1 or 2. */
unsigned text_columns(int32_t code_point);

/* Descriptors 0, 1 and 2 exist afterwards, so that no file that is opened later is taken for one of them. */
void streams_open(void);

#endif
