/* codec/writer.h — writes JSON text into a buffer, commas handled. Strings are escaped as RFC 8785
 * §3.2.2.2 says and must be UTF-8. The first failure sticks and later calls do nothing, so callers
 * check once:
 *
 *     aim__json_writer w;
 *     aim__write_init(&w, out);
 *     aim__write_begin_object(&w);
 *     aim__write_key(&w, "id");
 *     aim__write_int64(&w, 7);
 *     aim__write_end_object(&w);
 *     return aim__write_finish(&w);
 *
 * The order of calls is the caller's: a misplaced key is not noticed. Confined. */
#ifndef AIM_CODEC_WRITER_H
#define AIM_CODEC_WRITER_H

#include <aim/json.h>

typedef struct aim__json_writer {
	aim_buf *out; /* borrowed */
	size_t start; /* where this text begins in out */
	aim_status status;
	int comma; /* the next value or key needs one in front */
} aim__json_writer;

void aim__write_init(aim__json_writer *w, aim_buf *out);
/* The sticky status. On failure out is cut back to where init found it. */
aim_status aim__write_finish(aim__json_writer *w);

void aim__write_begin_object(aim__json_writer *w);
void aim__write_end_object(aim__json_writer *w);
void aim__write_begin_array(aim__json_writer *w);
void aim__write_end_array(aim__json_writer *w);
void aim__write_key(aim__json_writer *w, const char *name);
void aim__write_key_str(aim__json_writer *w, aim_str name);
void aim__write_string(aim__json_writer *w, aim_str text);
void aim__write_text(aim__json_writer *w, const char *text); /* NUL-terminated */
void aim__write_int64(aim__json_writer *w, int64_t value);
void aim__write_uint64(aim__json_writer *w, uint64_t value);
void aim__write_bool(aim__json_writer *w, int value);
void aim__write_null(aim__json_writer *w);
/* A whole JSON text, not looked at: aim_json_raw() of a value, or text written before. */
void aim__write_raw(aim__json_writer *w, aim_bytes json);
/* A string of the bytes in padded base64. */
void aim__write_base64(aim__json_writer *w, aim_bytes bytes);
/* A value of a document in canonical form (flags of aim_json_canonicalize). */
void aim__write_canonical(aim__json_writer *w, const aim_json *doc, aim_json_value value,
                          uint32_t flags);

/* Key and value at once. */
void aim__write_member_string(aim__json_writer *w, const char *name, aim_str text);
void aim__write_member_text(aim__json_writer *w, const char *name, const char *text);
void aim__write_member_int64(aim__json_writer *w, const char *name, int64_t value);
void aim__write_member_bool(aim__json_writer *w, const char *name, int value);

/* Just the quoted string, for callers without a writer. AIM_OK, AIM_E_UTF8, AIM_E_NOMEM,
 * AIM_E_LIMIT. */
aim_status aim__json_quote(aim_buf *out, aim_str text);

#endif
