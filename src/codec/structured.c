/* codec/structured.c — structured fields read into flat tables: members, inner lists, parameters. Layer codec;
 * knows nothing of which field it reads. The bare values are read in structured_value.c.
 *
 * A node that is an inner list stands in front of its items, so that no tree is needed: inner lists do not nest. */
#include "codec/structured.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

void aim__sf_init(aim__sf *sf, const aim_ctx *ctx)
{
	memset(sf, 0, sizeof *sf);
	sf->ctx = ctx;
}

void aim__sf_dispose(aim__sf *sf)
{
	aim__free(sf->ctx, sf->members, sf->cap_members * sizeof *sf->members);
	aim__free(sf->ctx, sf->nodes, sf->cap_nodes * sizeof *sf->nodes);
	aim__free(sf->ctx, sf->parameters, sf->cap_parameters * sizeof *sf->parameters);
	aim__free(sf->ctx, sf->decoded, sf->cap_decoded);
	aim__sf_init(sf, sf->ctx);
}

static void forget(aim__sf *sf)
{
	sf->n_members = 0;
	sf->n_nodes = 0;
	sf->n_parameters = 0;
	sf->n_decoded = 0;
	sf->has_duplicate = 0;
	sf->duplicate_offset = 0;
}

aim_status aim__sf_fail(const aim__sf *sf, size_t offset, const char *what, aim_error *err)
{
	aim_status rc = aim__fail(err, AIM_E_HEADER, AIM_LAYER_CODEC, "structured field: %s at offset %zu", what,
	                          offset);
	aim__error_at(err, aim_bytes_from_str(sf->text), offset);
	return rc;
}

static aim_status too_many(const char *what, uint32_t limit, aim_error *err)
{
	return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CODEC, "structured field: more than %u %s", limit, what);
}

static aim_status grow_failed(aim_status rc, aim_error *err)
{
	return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
}

/* ---- white space ---- */

static int at(const aim__sf *sf, size_t offset, char c)
{
	return offset < sf->text.len && sf->text.ptr[offset] == c;
}

static void skip_spaces(const aim__sf *sf, size_t *offset)
{
	while (at(sf, *offset, ' '))
		++*offset;
}

/* OWS: spaces and tabs, around the commas of lists and dictionaries only. */
static void skip_blanks(const aim__sf *sf, size_t *offset)
{
	while (at(sf, *offset, ' ') || at(sf, *offset, '\t'))
		++*offset;
}

/* ---- parameters ---- */

static void note_duplicate(aim__sf *sf, size_t offset)
{
	if (!sf->has_duplicate)
		sf->duplicate_offset = offset;
	sf->has_duplicate = 1;
}

/* Sets the parameter of a key among those read since first, or adds one. */
static aim_status set_parameter(aim__sf *sf, size_t first, aim_str key, const aim__sf_value *value, size_t offset,
                                aim_error *err)
{
	void *items = sf->parameters;
	for (size_t i = first; i < sf->n_parameters; i++) {
		if (!aim_str_equal(sf->parameters[i].key, key))
			continue;
		note_duplicate(sf, offset);
		sf->parameters[i].value = *value;
		return AIM_OK;
	}
	if (sf->n_parameters - first >= AIM__SF_MAX_PARAMETERS)
		return too_many("parameters", AIM__SF_MAX_PARAMETERS, err);
	aim_status rc = aim__grow(sf->ctx, &items, &sf->cap_parameters, sf->n_parameters + 1, sizeof *sf->parameters,
	                          8, 0);
	if (rc != AIM_OK)
		return grow_failed(rc, err);
	sf->parameters = items;
	sf->parameters[sf->n_parameters++] = (aim__sf_parameter){key, *value};
	return AIM_OK;
}

/* RFC 9651 §4.2.3.2. */
static aim_status read_parameters(aim__sf *sf, size_t *offset, size_t node, aim_error *err)
{
	const size_t first = sf->n_parameters;
	while (at(sf, *offset, ';')) {
		aim__sf_value value = {{NULL, 0}, 1, AIM__SF_BOOLEAN};
		aim_str key = {NULL, 0};
		++*offset;
		skip_spaces(sf, offset);
		const size_t start = *offset;
		aim_status rc = aim__sf_read_key(sf, offset, &key, err);
		if (rc == AIM_OK && at(sf, *offset, '=')) {
			++*offset;
			rc = aim__sf_read_value(sf, offset, &value, err);
		}
		if (rc == AIM_OK)
			rc = set_parameter(sf, first, key, &value, start, err);
		if (rc != AIM_OK)
			return rc;
	}
	sf->nodes[node].first_parameter = (uint32_t)first;
	sf->nodes[node].n_parameters = (uint32_t)(sf->n_parameters - first);
	return AIM_OK;
}

/* ---- items and inner lists ---- */

static aim_status new_node(aim__sf *sf, size_t offset, size_t *out, aim_error *err)
{
	void *items = sf->nodes;
	aim_status rc = aim__grow(sf->ctx, &items, &sf->cap_nodes, sf->n_nodes + 1, sizeof *sf->nodes, 8, 0);
	if (rc != AIM_OK)
		return grow_failed(rc, err);
	sf->nodes = items;
	*out = sf->n_nodes++;
	memset(&sf->nodes[*out], 0, sizeof *sf->nodes);
	sf->nodes[*out].offset = (uint32_t)offset;
	return AIM_OK;
}

/* RFC 9651 §4.2.3. */
static aim_status read_item(aim__sf *sf, size_t *offset, aim_error *err)
{
	aim__sf_value value;
	size_t node = 0;
	aim_status rc = new_node(sf, *offset, &node, err);
	if (rc == AIM_OK)
		rc = aim__sf_read_value(sf, offset, &value, err);
	if (rc != AIM_OK)
		return rc;
	sf->nodes[node].value = value;
	return read_parameters(sf, offset, node, err);
}

/* RFC 9651 §4.2.1.2; *offset is at the parenthesis. */
static aim_status read_inner_list(aim__sf *sf, size_t *offset, aim_error *err)
{
	size_t node = 0;
	uint32_t n = 0;
	aim_status rc = new_node(sf, *offset, &node, err);
	if (rc != AIM_OK)
		return rc;
	for (++*offset;; n++) {
		skip_spaces(sf, offset);
		if (at(sf, *offset, ')'))
			break;
		if (n == AIM__SF_MAX_INNER)
			return too_many("items in an inner list", AIM__SF_MAX_INNER, err);
		if ((rc = read_item(sf, offset, err)) != AIM_OK)
			return rc;
		if (!at(sf, *offset, ' ') && !at(sf, *offset, ')'))
			return aim__sf_fail(sf, *offset, "a space or ')' is expected", err);
	}
	++*offset;
	sf->nodes[node].value.type = AIM__SF_INNER_LIST;
	sf->nodes[node].n_inner = n;
	return read_parameters(sf, offset, node, err);
}

static aim_status read_item_or_inner_list(aim__sf *sf, size_t *offset, aim_error *err)
{
	return at(sf, *offset, '(') ? read_inner_list(sf, offset, err) : read_item(sf, offset, err);
}

/* ---- members ---- */

/* RFC 9651 §4.2.2: without '=' the value is true. */
static aim_status read_dictionary_value(aim__sf *sf, size_t *offset, aim_error *err)
{
	size_t node = 0;
	if (at(sf, *offset, '=')) {
		++*offset;
		return read_item_or_inner_list(sf, offset, err);
	}
	aim_status rc = new_node(sf, *offset, &node, err);
	if (rc != AIM_OK)
		return rc;
	sf->nodes[node].value = (aim__sf_value){{NULL, 0}, 1, AIM__SF_BOOLEAN};
	return read_parameters(sf, offset, node, err);
}

/* Puts a node that was read behind the others; in a dictionary, in the place of one of the same key. */
static aim_status add_member(aim__sf *sf, size_t node, aim_error *err)
{
	if (sf->kind == AIM__SF_DICTIONARY)
		for (uint32_t i = 0; i < sf->n_members; i++)
			if (aim_str_equal(sf->nodes[sf->members[i]].key, sf->nodes[node].key)) {
				note_duplicate(sf, sf->nodes[node].offset);
				sf->members[i] = (uint32_t)node;
				return AIM_OK;
			}
	if (sf->n_members == AIM__SF_MAX_MEMBERS)
		return too_many("members", AIM__SF_MAX_MEMBERS, err);
	void *items = sf->members;
	aim_status rc = aim__grow(sf->ctx, &items, &sf->cap_members, sf->n_members + 1u, sizeof *sf->members, 8, 0);
	if (rc != AIM_OK)
		return grow_failed(rc, err);
	sf->members = items;
	sf->members[sf->n_members++] = (uint32_t)node;
	return AIM_OK;
}

static aim_status read_member(aim__sf *sf, size_t *offset, aim_error *err)
{
	const size_t node = sf->n_nodes;
	const size_t start = *offset;
	aim_str key = {NULL, 0};
	aim_status rc = AIM_OK;
	if (sf->kind == AIM__SF_DICTIONARY) {
		rc = aim__sf_read_key(sf, offset, &key, err);
		if (rc == AIM_OK)
			rc = read_dictionary_value(sf, offset, err);
	} else {
		rc = sf->kind == AIM__SF_LIST ? read_item_or_inner_list(sf, offset, err) : read_item(sf, offset, err);
	}
	if (rc != AIM_OK)
		return rc;
	sf->nodes[node].key = key;
	sf->nodes[node].offset = (uint32_t)start;
	return add_member(sf, node, err);
}

/* RFC 9651 §4.2.1, §4.2.2. */
static aim_status read_members(aim__sf *sf, size_t *offset, aim_error *err)
{
	while (*offset < sf->text.len) {
		aim_status rc = read_member(sf, offset, err);
		if (rc != AIM_OK)
			return rc;
		skip_blanks(sf, offset);
		if (*offset == sf->text.len)
			return AIM_OK;
		if (!at(sf, *offset, ','))
			return aim__sf_fail(sf, *offset, "a comma is expected", err);
		++*offset;
		skip_blanks(sf, offset);
		if (*offset == sf->text.len)
			return aim__sf_fail(sf, *offset, "a member is missing behind the last comma", err);
	}
	return AIM_OK;
}

aim_status aim__sf_read(aim__sf *sf, uint32_t kind, aim_str text, aim_error *err)
{
	size_t offset = 0;
	forget(sf);
	sf->kind = kind;
	sf->text = text;
	if (text.len > AIM__SF_MAX_BYTES)
		return too_many("bytes", AIM__SF_MAX_BYTES, err);
	skip_spaces(sf, &offset);
	aim_status rc = kind == AIM__SF_ITEM ? read_member(sf, &offset, err) : read_members(sf, &offset, err);
	skip_spaces(sf, &offset);
	if (rc == AIM_OK && offset != text.len)
		rc = aim__sf_fail(sf, offset, "nothing may follow the value", err);
	if (rc != AIM_OK)
		forget(sf);
	return rc;
}

/* ---- looking things up ---- */

const aim__sf_node *aim__sf_at(const aim__sf *sf, uint32_t i)
{
	return &sf->nodes[sf->members[i]];
}

const aim__sf_node *aim__sf_member(const aim__sf *sf, aim_str key)
{
	for (uint32_t i = 0; i < sf->n_members; i++)
		if (aim_str_equal(aim__sf_at(sf, i)->key, key))
			return aim__sf_at(sf, i);
	return NULL;
}

const aim__sf_value *aim__sf_parameter_of(const aim__sf *sf, const aim__sf_node *node, aim_str key)
{
	for (uint32_t i = 0; i < node->n_parameters; i++)
		if (aim_str_equal(sf->parameters[node->first_parameter + i].key, key))
			return &sf->parameters[node->first_parameter + i].value;
	return NULL;
}

const aim__sf_value *aim__sf_parameter_typed(const aim__sf *sf, const aim__sf_node *node, const char *key,
                                             uint32_t type)
{
	const aim__sf_value *value = aim__sf_parameter_of(sf, node, aim_str_from(key));
	return value && value->type == type ? value : NULL;
}
