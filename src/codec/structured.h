/* codec/structured.h — structured field values of HTTP (RFC 9651, which replaces RFC 8941): items, lists,
 * dictionaries, inner lists and parameters, read into flat tables and written in the one canonical form.
 *
 *     aim__sf sf;
 *     aim__sf_init(&sf, ctx);
 *     rc = aim__sf_read(&sf, AIM__SF_DICTIONARY, text, &err);
 *     const aim__sf_node *node = aim__sf_member(&sf, name);
 *     ...
 *     aim__sf_dispose(&sf);
 *
 * Reading is strict. Time and memory are in proportion to the text: the limits below bound the search for keys that
 * stand twice. They are the ones that the standard asks of every reader, or more. Spans point into the text that was
 * read, which must outlive the tables, or into a block of the tables' own. Confined. */
#ifndef AIM_CODEC_STRUCTURED_H
#define AIM_CODEC_STRUCTURED_H

#include <aim/buf.h>

/* What a field holds at its top. */
#define AIM__SF_ITEM 1u
#define AIM__SF_LIST 2u
#define AIM__SF_DICTIONARY 3u

/* Types of values. */
#define AIM__SF_INNER_LIST 1u
#define AIM__SF_INTEGER 2u
#define AIM__SF_DECIMAL 3u
#define AIM__SF_STRING 4u
#define AIM__SF_TOKEN 5u
#define AIM__SF_BYTES 6u
#define AIM__SF_BOOLEAN 7u
#define AIM__SF_DATE 8u
#define AIM__SF_DISPLAY_STRING 9u

#define AIM__SF_MAX_BYTES 65536u
#define AIM__SF_MAX_MEMBERS 1024u     /* of a list or dictionary */
#define AIM__SF_MAX_INNER 1024u       /* items of one inner list */
#define AIM__SF_MAX_PARAMETERS 256u   /* of one item or inner list */
#define AIM__SF_INTEGER_MAX 999999999999999 /* 15 digits, both signs */

/* A bare item. text is the content: of a decimal its exact spelling, of strings the characters without quotes
 * and escapes, of bytes the bytes. number holds integers, dates, and booleans as 0 or 1. */
typedef struct aim__sf_value {
	aim_str text;
	int64_t number;
	uint32_t type;
} aim__sf_value;

typedef struct aim__sf_parameter {
	aim_str key;
	aim__sf_value value;
} aim__sf_parameter;

/* An item, or an inner list, whose n_inner items are the nodes behind it. */
typedef struct aim__sf_node {
	aim_str key; /* of a member of a dictionary */
	aim__sf_value value;
	uint32_t first_parameter;
	uint32_t n_parameters;
	uint32_t n_inner;
	uint32_t offset; /* where it stands in the text */
} aim__sf_node;

typedef struct aim__sf {
	const aim_ctx *ctx; /* borrowed */
	aim_str text;       /* borrowed */
	uint32_t kind;
	uint32_t n_members;
	uint32_t *members; /* indices of nodes, in order; an item is the only member */
	aim__sf_node *nodes;
	aim__sf_parameter *parameters;
	char *decoded; /* where strings with escapes, and bytes, live; text.len bytes */
	size_t n_nodes, n_parameters, n_decoded;
	size_t cap_members, cap_nodes, cap_parameters, cap_decoded;
	/* A key stood twice in one dictionary or one set of parameters. The standard lets the last one win, which a
	 * reader that must not be talked round refuses. */
	int has_duplicate;
	size_t duplicate_offset;
} aim__sf;

void aim__sf_init(aim__sf *sf, const aim_ctx *ctx);
void aim__sf_dispose(aim__sf *sf);

/* Reads text as kind; may be called again on the same tables. An empty text is an empty list or dictionary.
 * AIM_OK, AIM_E_HEADER with the offset, AIM_E_LIMIT, AIM_E_NOMEM. After a failure the tables are empty. */
aim_status aim__sf_read(aim__sf *sf, uint32_t kind, aim_str text, aim_error *err);

/* The i-th member, i < n_members. */
const aim__sf_node *aim__sf_at(const aim__sf *sf, uint32_t i);
/* A dictionary's member, or NULL. */
const aim__sf_node *aim__sf_member(const aim__sf *sf, aim_str key);
/* A node's parameter, or NULL. */
const aim__sf_value *aim__sf_parameter_of(const aim__sf *sf, const aim__sf_node *node, aim_str key);
/* The same for a parameter known by name, of one type: NULL also when it is of another. */
const aim__sf_value *aim__sf_parameter_typed(const aim__sf *sf, const aim__sf_node *node, const char *key,
                                             uint32_t type);

/* Writers append the canonical form (RFC 9651 §4.1). AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT; on failure out is as it
 * was. An empty list or dictionary is written as nothing. */
aim_status aim__sf_write(const aim__sf *sf, aim_buf *out);
/* A member's value with its parameters, without its key. */
aim_status aim__sf_write_node(const aim__sf *sf, const aim__sf_node *node, aim_buf *out);
/* Bare values. Also AIM_E_INVALID when the value has no such form: a string that is not printable ASCII, a token or
 * key of other characters, an integer of more than 15 digits. */
aim_status aim__sf_write_string(aim_str text, aim_buf *out);
aim_status aim__sf_write_token(aim_str text, aim_buf *out);
aim_status aim__sf_write_key(aim_str text, aim_buf *out);
aim_status aim__sf_write_integer(int64_t value, aim_buf *out);
aim_status aim__sf_write_bytes(aim_bytes bytes, aim_buf *out);
aim_status aim__sf_write_value(const aim__sf_value *value, aim_buf *out);

/* 1 when a key or token may be spelled so. */
int aim__sf_is_key(aim_str text);
int aim__sf_is_token(aim_str text);

/* Inside the module: one bare item at *offset of text, which moves behind it (structured_value.c). */
aim_status aim__sf_read_value(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err);
/* The key at *offset. */
aim_status aim__sf_read_key(aim__sf *sf, size_t *offset, aim_str *out, aim_error *err);
/* AIM_E_HEADER at an offset. */
aim_status aim__sf_fail(const aim__sf *sf, size_t offset, const char *what, aim_error *err);

#endif
