/* enforce/reader.h — reading JSON objects by tables of members, collecting every problem. Confined.
 *
 * A format is a table per object: member name, function that reads its value, whether it must be there.
 * Unknown and missing members are found here; the functions say what else is wrong with aim__read_problem
 * and go on, so that one pass finds everything. */
#ifndef AIM_ENFORCE_READER_H
#define AIM_ENFORCE_READER_H

#include <aim/diagnostics.h>

#include "codec/json.h"

typedef struct aim__reader {
	const aim_json *doc;
	aim_diagnostics *diagnostics; /* may be NULL */
	aim_error *err;               /* takes the first problem; may be NULL */
	size_t n_problems;
	aim_status failure; /* memory or a limit ran out: stop */
	void *target;       /* what is being filled */
} aim__reader;

typedef struct aim__member {
	const char *name;
	void (*read)(aim__reader *reader, aim_json_value value, uint32_t arg);
	uint32_t arg;
	uint32_t required;
} aim__member;

/* Adds a problem found at value. */
void aim__read_problem(aim__reader *reader, aim_json_value value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Stops reading: out of memory. */
void aim__read_fail(aim__reader *reader, aim_status status);
/* Stops reading: value is larger than a limit allows. */
void aim__read_over_limit(aim__reader *reader, aim_json_value value, const char *what, size_t n,
                          size_t limit);
/* AIM_OK, AIM_E_POLICY when there were problems, or the failure. */
aim_status aim__read_result(const aim__reader *reader);

/* Reads the members of object; what names the object in messages ("a rule"). */
void aim__read_object(aim__reader *reader, aim_json_value object, const char *what,
                      const aim__member *members, size_t n_members);
/* A whole number; 1 when it is one and within [min, max], else a problem and 0. */
int aim__read_int(aim__reader *reader, aim_json_value value, const char *what, int64_t min,
                  int64_t max, int64_t *out);
/* One line of text of 1 … max_len bytes, borrowed from the document; {NULL, 0} after a problem. */
aim_str aim__read_line(aim__reader *reader, aim_json_value value, const char *what, size_t max_len);
/* Index of the string among n names; n after a problem, which lists them. */
size_t aim__read_word(aim__reader *reader, aim_json_value value, const char *what,
                      const char *const *words, size_t n);
/* A list given as an array, or one string in its place: the first element, or value itself. Then
 * aim__read_list_next() until AIM_JSON_NONE. A problem and AIM_JSON_NONE for an empty list and other types. */
aim_json_value aim__read_list(aim__reader *reader, aim_json_value value, const char *what);
aim_json_value aim__read_list_next(const aim__reader *reader, aim_json_value list,
                                   aim_json_value element);

#endif
