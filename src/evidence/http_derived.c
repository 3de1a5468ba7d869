/* evidence/http_derived.c — component identifiers, and the components derived from a message's start line
 * (RFC 9421 §2.2). Layer evidence. */
#include "evidence/http_message.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/utf8.h"

#include <string.h>

aim_status aim__http_component_fail(aim_str name, const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_COMPONENT, AIM_LAYER_EVIDENCE, "component %.*s: %s", AIM__STR(name), what);
}

static aim_status status_of(aim_status rc, aim_error *err)
{
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* ---- identifiers ---- */

static int is_field_identifier(aim_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return 0;
	}
	return name.len > 0;
}

static int *flag_of(aim__http_component *c, aim_str key)
{
	const struct {
		const char *key;
		int *flag;
	} flags[] = {{"sf", &c->sf}, {"bs", &c->bs}, {"tr", &c->tr}, {"req", &c->req}};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (aim_str_equal(key, aim_str_from(flags[i].key)))
			return flags[i].flag;
	return NULL;
}

static aim_status read_parameter(aim__http_component *c, const aim__sf_parameter *parameter, aim_error *err)
{
	const aim__sf_value *value = &parameter->value;
	int *flag = flag_of(c, parameter->key);
	if (flag) {
		if (value->type != AIM__SF_BOOLEAN || !value->number)
			return aim__http_component_fail(c->name, "sf, bs, tr and req have no value", err);
		*flag = 1;
		return AIM_OK;
	}
	aim_str *text = aim_str_equal(parameter->key, aim_str_from("key"))    ? &c->key
	                : aim_str_equal(parameter->key, aim_str_from("name")) ? &c->query_param
	                                                                      : NULL;
	if (!text)
		return aim__http_component_fail(c->name, "a parameter is not known", err);
	if (value->type != AIM__SF_STRING)
		return aim__http_component_fail(c->name, "key and name are strings", err);
	*text = value->text;
	return AIM_OK;
}

static aim_status check_combination(const aim__http_component *c, aim_error *err)
{
	const int wants_name = aim_str_equal(c->name, aim_str_from("@query-param"));
	if ((c->query_param.ptr != NULL) != wants_name)
		return aim__http_component_fail(c->name, "the parameter name belongs to @query-param, and must be there", err);
	if (c->name.len > 0 && c->name.ptr[0] == '@') {
		if (!aim__http_is_derived(c->name))
			return aim__http_component_fail(c->name, "not a component that can be covered", err);
		if (c->sf || c->bs || c->tr || c->key.ptr)
			return aim__http_component_fail(c->name, "sf, bs, tr and key are for fields", err);
		return AIM_OK;
	}
	if (!is_field_identifier(c->name))
		return aim__http_component_fail(c->name, "not the name of a field in lower case", err);
	if (c->bs && (c->sf || c->key.ptr))
		return aim__http_component_fail(c->name, "bs cannot stand with sf or key", err);
	return AIM_OK;
}

aim_status aim__http_component_read(const aim__sf *sf, const aim__sf_node *node, aim__http_component *out,
                                    aim_error *err)
{
	aim__http_component component = {.name = node->value.text};
	if (node->value.type != AIM__SF_STRING)
		return aim__fail(err, AIM_E_COMPONENT, AIM_LAYER_EVIDENCE, "a covered component is no string");
	for (uint32_t i = 0; i < node->n_parameters; i++) {
		aim_status rc = read_parameter(&component, &sf->parameters[node->first_parameter + i], err);
		if (rc != AIM_OK)
			return rc;
	}
	aim_status rc = check_combination(&component, err);
	if (rc == AIM_OK)
		*out = component;
	return rc;
}

static int same_text(aim_str a, aim_str b)
{
	return (a.ptr == NULL) == (b.ptr == NULL) && aim_str_equal(a, b);
}

int aim__http_component_equal(const aim__http_component *a, const aim__http_component *b)
{
	return same_text(a->name, b->name) && same_text(a->key, b->key) && same_text(a->query_param, b->query_param) &&
	       a->sf == b->sf && a->bs == b->bs && a->tr == b->tr && a->req == b->req;
}

/* ---- parts of the target ---- */

static aim_status add_lower(aim_str text, aim_buf *out)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < text.len; i++)
		rc = aim__buf_add_byte(out, (uint8_t)aim__ascii_lower(text.ptr[i]));
	return rc;
}

static int is_scheme(const aim_rfc9421_message *m, const char *name)
{
	const size_t len = strlen(name);
	if (m->scheme.len != len)
		return 0;
	for (size_t i = 0; i < len; i++)
		if ((m->scheme.ptr[i] | 0x20) != name[i])
			return 0;
	return 1;
}

/* Without an empty or a default port (RFC 9110 §4.2.3). An IPv6 address has colons of its own, in brackets. */
static aim_str without_default_port(const aim_rfc9421_message *m)
{
	const aim_str authority = m->authority;
	size_t colon = authority.len;
	while (colon > 0 && authority.ptr[colon - 1] >= '0' && authority.ptr[colon - 1] <= '9')
		colon--;
	if (colon == 0 || authority.ptr[colon - 1] != ':')
		return authority;
	const aim_str port = {authority.ptr + colon, authority.len - colon};
	const char *usual = is_scheme(m, "https") ? "443" : is_scheme(m, "http") ? "80" : "";
	return port.len == 0 || aim_str_equal(port, aim_str_from(usual)) ? (aim_str){authority.ptr, colon - 1}
	                                                                  : authority;
}

static aim_status add_method(const aim_rfc9421_message *m, aim_buf *out)
{
	return aim__buf_add_str(out, m->method);
}

static aim_status add_scheme(const aim_rfc9421_message *m, aim_buf *out)
{
	return add_lower(m->scheme, out);
}

static aim_status add_authority(const aim_rfc9421_message *m, aim_buf *out)
{
	return add_lower(without_default_port(m), out);
}

static aim_status add_path(const aim_rfc9421_message *m, aim_buf *out)
{
	return m->path.len ? aim__buf_add_str(out, m->path) : aim__buf_add_byte(out, '/');
}

/* §2.2.7: '?' alone also when there is no query. */
static aim_status add_query(const aim_rfc9421_message *m, aim_buf *out)
{
	aim_status rc = aim__buf_add_byte(out, '?');
	return rc == AIM_OK ? aim__buf_add_str(out, m->query) : rc;
}

static aim_status add_path_and_query(const aim_rfc9421_message *m, aim_buf *out)
{
	aim_status rc = add_path(m, out);
	return rc == AIM_OK && m->query.ptr ? add_query(m, out) : rc;
}

static aim_status add_target_uri(const aim_rfc9421_message *m, aim_buf *out)
{
	aim_status rc = add_scheme(m, out);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, "://");
	if (rc == AIM_OK)
		rc = add_authority(m, out);
	return rc == AIM_OK ? add_path_and_query(m, out) : rc;
}

static aim_status add_request_target(const aim_rfc9421_message *m, aim_buf *out)
{
	return m->request_target.len ? aim__buf_add_str(out, m->request_target) : add_path_and_query(m, out);
}

static aim_status add_status(const aim_rfc9421_message *m, aim_buf *out)
{
	return aim__buf_add_u64(out, m->status);
}

/* ---- query parameters (§2.2.8) ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that stands at *i of a form-encoded text; *i moves to its last character. */
static uint8_t form_byte(aim_str text, size_t *i)
{
	const char c = text.ptr[*i];
	if (c == '+')
		return ' ';
	if (c != '%' || text.len - *i < 3 || hex_digit(text.ptr[*i + 1]) < 0 || hex_digit(text.ptr[*i + 2]) < 0)
		return (uint8_t)c;
	*i += 2;
	return (uint8_t)(hex_digit(text.ptr[*i - 1]) * 16 + hex_digit(text.ptr[*i]));
}

static aim_status add_decoded(aim_str text, aim_buf *out)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < text.len; i++)
		rc = aim__buf_add_byte(out, form_byte(text, &i));
	return rc;
}

/* The set that application/x-www-form-urlencoded leaves alone; a space becomes %20. */
static int is_form_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' || c == '-' ||
	       c == '.' || c == '_';
}

/* Writes the byte as 1 or 3 characters; how many. */
static size_t encode_byte(uint8_t c, char out[3])
{
	static const char digits[] = "0123456789ABCDEF";
	if (is_form_plain(c)) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '%';
	out[1] = digits[c >> 4];
	out[2] = digits[c & 15];
	return 3;
}

static aim_status add_encoded(aim_str text, aim_buf *out)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < text.len; i++) {
		char encoded[3];
		rc = aim__buf_add(out, encoded, encode_byte((uint8_t)text.ptr[i], encoded));
	}
	return rc;
}

/* Decodes into scratch, which is emptied first; what is no UTF-8 others would read as something else. */
static aim_status decode(aim_str text, aim_buf *scratch, aim_error *err)
{
	aim__buf_truncate(scratch, 0);
	aim_status rc = status_of(add_decoded(text, scratch), err);
	if (rc == AIM_OK && !aim__utf8_valid(aim_buf_str(scratch), NULL))
		rc = aim__http_component_fail(aim_str_from("@query-param"), "a name or value is not UTF-8", err);
	return rc;
}

static aim_str cut(aim_str *rest, char at)
{
	const char *end = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
	const aim_str piece = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
	*rest = end ? (aim_str){end + 1, rest->len - piece.len - 1} : (aim_str){NULL, 0};
	return piece;
}

/* 1 when decoded, encoded again, is wanted: every spelling of the same name is one. Allocates nothing, as there may be
 * as many parameters as the query has bytes. */
static int is_encoding_of(aim_str wanted, aim_str decoded)
{
	size_t at = 0;
	for (size_t i = 0; i < decoded.len; i++) {
		char text[3];
		const size_t len = encode_byte((uint8_t)decoded.ptr[i], text);
		if (wanted.len - at < len || memcmp(wanted.ptr + at, text, len) != 0)
			return 0;
		at += len;
	}
	return at == wanted.len;
}

/* The value of the only parameter of the name, still encoded. */
static aim_status find_query_param(aim_str query, aim_str wanted, aim_buf *scratch, aim_str *out, aim_error *err)
{
	size_t n = 0;
	while (query.len > 0) {
		aim_str value = cut(&query, '&');
		if (value.len == 0)
			continue;
		aim_status rc = decode(cut(&value, '='), scratch, err);
		if (rc != AIM_OK)
			return rc;
		if (is_encoding_of(wanted, aim_buf_str(scratch))) {
			*out = value;
			n++;
		}
	}
	if (n == 1)
		return AIM_OK;
	return aim__http_component_fail(aim_str_from("@query-param"),
	                                n ? "the query has the parameter more than once, so it cannot be covered"
	                                  : "the query has no such parameter",
	                                err);
}

static aim_status add_query_param(const aim_rfc9421_message *m, aim_str wanted, aim_buf *out, aim_error *err)
{
	aim_str value = {NULL, 0};
	aim_buf scratch;
	aim__buf_init(&scratch, out->ctx);
	aim_status rc = find_query_param(m->query, wanted, &scratch, &value, err);
	if (rc == AIM_OK)
		rc = decode(value, &scratch, err);
	if (rc == AIM_OK)
		rc = status_of(add_encoded(aim_buf_str(&scratch), out), err);
	aim__buf_dispose(&scratch);
	return rc;
}

/* ---- the table ---- */

#define REQUEST 1u
#define RESPONSE 2u
#define NEEDS_SCHEME 4u
#define NEEDS_AUTHORITY 8u

static const struct {
	const char *name;
	aim_status (*add)(const aim_rfc9421_message *m, aim_buf *out);
	uint32_t of;
} derived[] = {
	{"@method", add_method, REQUEST},
	{"@target-uri", add_target_uri, REQUEST | NEEDS_SCHEME | NEEDS_AUTHORITY},
	{"@authority", add_authority, REQUEST | NEEDS_AUTHORITY},
	{"@scheme", add_scheme, REQUEST | NEEDS_SCHEME},
	{"@request-target", add_request_target, REQUEST},
	{"@path", add_path, REQUEST},
	{"@query", add_query, REQUEST},
	{"@query-param", NULL, REQUEST},
	{"@status", add_status, RESPONSE},
};

static size_t row_of(aim_str name)
{
	size_t i = 0;
	while (i < sizeof derived / sizeof *derived && !aim_str_equal(name, aim_str_from(derived[i].name)))
		i++;
	return i;
}

int aim__http_is_derived(aim_str name)
{
	return row_of(name) < sizeof derived / sizeof *derived;
}

aim_status aim__http_derived(const aim_rfc9421_message *m, const aim__http_component *component, aim_buf *out,
                             aim_error *err)
{
	const size_t row = row_of(component->name);
	const uint32_t of = derived[row].of;
	if (!(of & (m->status ? RESPONSE : REQUEST)))
		return aim__http_component_fail(component->name, m->status ? "of requests only; a response needs req"
		                                                           : "of responses only", err);
	if ((of & NEEDS_SCHEME) && m->scheme.len == 0)
		return aim__http_component_fail(component->name, "the message has no scheme", err);
	if ((of & NEEDS_AUTHORITY) && m->authority.len == 0)
		return aim__http_component_fail(component->name, "the message has no authority", err);
	if (derived[row].add == add_request_target && m->request_target.len == 0 &&
	    aim_str_equal(m->method, aim_str_from("CONNECT")))
		return aim__http_component_fail(component->name, "CONNECT has a request target of its own; give it",
		                                err);
	if (!derived[row].add)
		return add_query_param(m, component->query_param, out, err);
	return status_of(derived[row].add(m, out), err);
}
