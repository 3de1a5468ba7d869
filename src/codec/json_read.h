/* codec/json_read.h — shared by the files of the reader (json_read.c, json_string.c,
 * json_names.c). */
#ifndef AIM_CODEC_JSON_READ_H
#define AIM_CODEC_JSON_READ_H

#include "codec/json.h"

/* What the reader needs apart from its fast-changing cursor, and the first problem it met. */
typedef struct aim__json_reader {
	aim_json *doc;
	const uint8_t *begin;
	const uint8_t *end;
	uint32_t max_depth;
	uint32_t max_nodes;
	uint32_t comments; /* comments and trailing commas are taken */
	uint32_t skip;     /* bytes of a byte order mark */
	aim_status status;
	const uint8_t *at;    /* where the problem is */
	const char *expected; /* "expected X, found Y"; NULL: problem is the whole message */
	const char *problem;
	uint32_t container; /* innermost open one, AIM_JSON_NONE outside */
	uint32_t key;       /* its current member, 0 when there is none */
	uint32_t count;     /* index of its current element */
} aim__json_reader;

/* Notes a problem; always 0, which is "failed" for every caller. */
int aim__json_stop(aim__json_reader *r, const uint8_t *at, aim_status status, const char *problem);
int aim__json_expected(aim__json_reader *r, const uint8_t *at, const char *expected);

/* The rest of a string whose plain part ends at p: non-ASCII, escapes, errors. Fills start, end,
 * link and the escaped bit of node. Returns the closing quote, NULL on failure. */
const uint8_t *aim__json_string_rest(aim__json_reader *r, const uint8_t *start, const uint8_t *p,
                                     aim__json_node *node);

/* A name that stands twice among count members whose nodes are [first_key, end): the second key's
 * node. 0 when all differ. Grows the slots; *out_status tells when it cannot. */
uint32_t aim__json_find_duplicate(aim_json *doc, uint32_t first_key, uint32_t end, uint32_t count,
                                  aim_status *out_status);

#endif
