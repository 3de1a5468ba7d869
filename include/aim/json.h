/** aim/json.h — strict I-JSON documents (RFC 8259, RFC 7493) and their canonical form (RFC 8785).
 *
 *      aim_json *doc = NULL;
 *      aim_error err = {0};
 *      if (aim_json_new(ctx, &doc) == AIM_OK && aim_json_parse(doc, text, 0, &err) == AIM_OK) {
 *          aim_json_value v = aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/result/tools"));
 *          for (v = aim_json_first(doc, v); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
 *              use(aim_json_string(doc, aim_json_member(doc, v, aim_str_from("name"))));
 *      }
 *      aim_json_free(doc);
 *
 *  A document is confined while it is parsed and immutable until it is parsed again or freed: then
 *  a const pointer to it may be shared. Values are small numbers, valid in the document they came
 *  from until it is parsed again; every accessor takes any number, also AIM_JSON_NONE, and answers
 *  a value of another type with "nothing" (an empty span, AIM_JSON_NONE, AIM_E_JSON_TYPE), so
 *  look-ups chain without checks in between.
 *
 *  Refused, because two readers could disagree about them: duplicate member names, lone surrogates,
 *  invalid UTF-8, byte order marks, anything RFC 8259 does not allow. Numbers keep their exact
 *  text.
 */
#ifndef AIM_JSON_H
#define AIM_JSON_H

#include <aim/buf.h>
#include <aim/ctx.h>

AIM_BEGIN_DECLS

/** A document that may be parsed into again and again; reuse costs no allocation. @since 0.1 */
typedef struct aim_json aim_json;

/** A value inside one document. @since 0.1 */
typedef uint32_t aim_json_value;

/** No such value. @since 0.1 */
#define AIM_JSON_NONE UINT32_MAX
/** The outermost value of a document. @since 0.1 */
#define AIM_JSON_ROOT 0u

/** What aim_json_type() answers. @since 0.1 */
#define AIM_JSON_ABSENT 0u
#define AIM_JSON_NULL 1u
#define AIM_JSON_BOOL 2u
#define AIM_JSON_NUMBER 3u
#define AIM_JSON_STRING 4u
#define AIM_JSON_ARRAY 5u
#define AIM_JSON_OBJECT 6u

/** Flag of aim_json_parse(): the text outlives the document's use and is not copied. @since 0.1 */
#define AIM_JSON_BORROW 1u

/** Flag of aim_json_parse(): comments (to the end of the line, or between slash-star and star-slash), a comma
 *  behind the last member or element, and a byte order mark in front are taken too. For configuration files that
 *  people write (JSONC), never for messages: the other side may read them differently. @since 0.1 */
#define AIM_JSON_COMMENTS 2u

/** Flags of aim_json_canonicalize(); at most one. See there. @since 0.1 */
#define AIM_JSON_JCS_ROUND 1u
#define AIM_JSON_JCS_EXACT_TEXT 2u

/** An empty document.
 *  @param ctx  in, borrowed; kept alive until the document is freed
 *  @param out  out, owned; free with aim_json_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_json_new(aim_ctx *ctx, aim_json **out);

/** Frees the document; its copy of the text is wiped. NULL is ignored.
 *  Threads: confined.  @since 0.1 */
AIM_API void aim_json_free(aim_json *doc);

/** Reads one JSON text. What doc held before is gone, also on failure: doc is then empty (its root
 *  is AIM_JSON_ABSENT). Limits: max_json_bytes, max_json_values, max_json_depth of the context. The
 *  error names offset, line, column, what was expected, and as JSON Pointer the place inside the
 *  document.
 *  @param doc  in     @param flags  AIM_JSON_BORROW, AIM_JSON_COMMENTS, or 0
 *  @param text  in, borrowed for the call, or with AIM_JSON_BORROW until doc is parsed again or
 *          freed; must not lie in doc's own memory
 *  @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_JSON_SYNTAX, AIM_E_UTF8, AIM_E_JSON_DUPLICATE,
 *          AIM_E_JSON_SURROGATE, AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE, AIM_E_JSON_TRAILING
 *  Threads: confined.  Allocates: when the text is larger than any before.
 *  Source: RFC 8259, RFC 7493 §2, RFC 3629 §4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_json_parse(aim_json *doc, aim_bytes text, uint32_t flags,
                                                   aim_error *err);

/** AIM_JSON_NULL … AIM_JSON_OBJECT, or AIM_JSON_ABSENT when there is no such value.
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_json_type(const aim_json *doc, aim_json_value value);

/** Members of an object or elements of an array; 0 for everything else.
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_json_count(const aim_json *doc, aim_json_value value);

/** The first member's or element's value, in source order; AIM_JSON_NONE when there is none.
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_json_value aim_json_first(const aim_json *doc, aim_json_value container);

/** The value behind this one in the same object or array; AIM_JSON_NONE at the end.
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_json_value aim_json_next(const aim_json *doc, aim_json_value value);

/** The name, unescaped, under which value is a member of its object; {NULL, 0} when it is none.
 *  Borrowed from doc.  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_json_key(const aim_json *doc, aim_json_value value);

/** The member called name (compared byte for byte after unescaping); AIM_JSON_NONE when there is
 *  none. Looks at one member after the other: made for objects of ordinary size.
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_json_value aim_json_member(const aim_json *doc, aim_json_value object, aim_str name);

/** The value that a JSON Pointer names, starting at from. The empty pointer is from itself.
 *  @return AIM_JSON_NONE when nothing is there or pointer is not a JSON Pointer
 *  Threads: immutable.  Allocates: no.  Source: RFC 6901 §4.  @since 0.1 */
AIM_API aim_json_value aim_json_at(const aim_json *doc, aim_json_value from, aim_str pointer);

/** A string's text, unescaped; {NULL, 0} for another type, a non-NULL ptr for the empty string.
 *  Borrowed from doc. May hold NUL bytes.  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_json_string(const aim_json *doc, aim_json_value value);

/** A truth value.
 *  @param out  out, 1 for true and 0 for false
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_JSON_TYPE
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_json_bool(const aim_json *doc, aim_json_value value, int32_t *out);

/** A number whose value (however written: 10, 1e1, 10.0) is a whole number of 64 bits.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_JSON_TYPE, AIM_E_JSON_NUMBER when it has a fraction or does
 *          not fit
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_json_int64(const aim_json *doc, aim_json_value value, int64_t *out);

/** A number exactly as it is written; {NULL, 0} for another type.
 *  Borrowed from doc.  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_json_number_text(const aim_json *doc, aim_json_value value);

/** The bytes of the source that are this value, from its first to its last byte; {NULL, 0} when
 *  absent. Borrowed from doc.
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_json_raw(const aim_json *doc, aim_json_value value);

/** Appends the JSON Pointer of value, seen from the root ("" for the root).
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND when absent, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: immutable (out: confined).  Allocates: when out grows.  Source: RFC 6901.
 *  @since 0.1 */
AIM_API aim_status aim_json_pointer(const aim_json *doc, aim_json_value value, aim_buf *out);

/** Where value begins in the source. Counts lines from the start, so keep it for messages.
 *  @param out_offset  out, from 0, may be NULL     @param out_line  out, from 1, may be NULL
 *  @param out_column  out, from 1, in bytes, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND when absent
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_json_position(const aim_json *doc, aim_json_value value,
                                     uint64_t *out_offset, uint32_t *out_line,
                                     uint32_t *out_column);

/** Appends the canonical text of value: members ordered by UTF-16 code units, no white space,
 *  shortest escapes, numbers as ECMAScript writes them.
 *
 *  Canonical text is signed and compared, so by default two documents with different values never
 *  share one. Plain RFC 8785 lets them: it rounds every number to binary64, and 9007199254740993
 *  becomes 9007199254740992. A number is *kept* when its canonical form denotes the same decimal
 *  value as the source: 0.1, 1.50, 1e21 and 333333333.3333332 are, 9007199254740993,
 *  0.1000000000000000055 and 1e400 are not. What happens to a number that is not kept:
 *
 *  - flags 0: AIM_E_JSON_NUMBER with its position. For everything that is signed.
 *  - AIM_JSON_JCS_ROUND: rounded to nearest, as RFC 8785 says; AIM_E_JSON_NUMBER only when it is
 *    too large for binary64. To agree with other implementations on any input.
 *  - AIM_JSON_JCS_EXACT_TEXT: written as [-]DIGITSeEXPONENT, the digits without leading and
 *    trailing zeros and the exponent of the last digit (9007199254740993e0, 1e400). No kept number
 *    looks like that, so equal values have equal text and different values different text. For
 *    fingerprints. AIM_E_JSON_NUMBER only when the exponent is beyond ±999 999 999.
 *
 *  @param value  in                            @param out  in; untouched on failure
 *  @param flags  0 or one AIM_JSON_JCS_*       @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND when value is absent, AIM_E_JSON_NUMBER,
 *          AIM_E_NOMEM, AIM_E_LIMIT past limits.max_buffer_bytes
 *  Threads: immutable (out: confined).  Allocates: when out grows, and for objects of many members.
 *  Source: RFC 8785 §3.2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_json_canonicalize(const aim_json *doc, aim_json_value value,
                                                          uint32_t flags, aim_buf *out,
                                                          aim_error *err);

AIM_END_DECLS

#endif
