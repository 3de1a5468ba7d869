/* store/fields.h — records as tables: which member of the stored JSON object is which field of a C
 * struct. One reader and one writer serve all records. */
#ifndef AIM_STORE_FIELDS_H
#define AIM_STORE_FIELDS_H

#include "base/arena.h"
#include "codec/json.h"
#include "codec/writer.h"

#include <aim/key.h>

typedef struct aim__text_list {
	const aim_str *items;
	size_t n;
} aim__text_list;

typedef struct aim__optional_key {
	uint32_t present;
	aim_public_key key;
} aim__optional_key;

/* Type of a field in the struct, and how it is written. Zero, empty and absent are the same. */
#define AIM__FIELD_TEXT 1u    /* aim_str: string */
#define AIM__FIELD_LIST 2u    /* aim__text_list: array of strings */
#define AIM__FIELD_NAME 3u    /* uint32_t: names[value], 0 is none */
#define AIM__FIELD_TIME_US 4u /* int64_t: RFC 3339 with microseconds */
#define AIM__FIELD_TIME_S 5u  /* int64_t: RFC 3339 */
#define AIM__FIELD_BOOL 6u    /* uint32_t 1: true */
#define AIM__FIELD_UINT 7u    /* uint64_t < 2^53: number */
#define AIM__FIELD_HASH 8u    /* uint8_t[32]: hex */
#define AIM__FIELD_KEY 9u     /* aim__optional_key: "ed25519:…" */
#define AIM__FIELD_JSON 10u   /* aim_bytes: the value as it stands */

typedef struct aim__field {
	const char *name; /* of the member */
	uint16_t offset;  /* in the struct */
	uint8_t type;     /* AIM__FIELD_* */
	uint8_t required; /* to read: absent is damage */
	const char *const *names; /* NAME: names[0] is unused, ends with NULL */
} aim__field;

typedef struct aim__fields {
	const aim__field *fields;
	size_t n;
} aim__fields;

/* Writes the members of a struct, in the table's order, into the object begun in w. */
void aim__fields_write(aim__json_writer *w, const aim__fields *table, const void *record);
/* Appends an object of these members and no others to out. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_INTERNAL. */
aim_status aim__fields_object(aim_buf *out, const aim__fields *table, const void *record);

/* Fills a zeroed struct from an object. Text is copied into arena with a NUL behind it; JSON fields too.
 * AIM_OK, AIM_E_NOMEM, AIM_E_STORE_CORRUPT; *out_bad (may be NULL) is the member that is missing or wrong. */
aim_status aim__fields_read(const aim_ctx *ctx, const aim__fields *table, const aim_json *doc,
                            aim_json_value object, aim__arena *arena, void *record,
                            const char **out_bad);

#endif
