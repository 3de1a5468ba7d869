/* evidence/http_message.c — an HTTP message as its parts, checked, and its fields joined (RFC 9421 §2.1). Layer
 * evidence; speaks no HTTP.
 *
 * What the caller says of its own message is checked here once, so that no part can bring a line end or a '#' into a
 * value that others will read as something else. */
#include "evidence/http_message.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/utf8.h"

#include <string.h>

AIM__NO_PADDING(aim_rfc9421_field, sizeof(aim_str) * 2 + sizeof(uint32_t) * 2);
AIM__NO_PADDING(aim_rfc9421_message, sizeof(uint32_t) * 4 + sizeof(aim_str) * 6 + sizeof(void *) * 2 +
                                         sizeof(size_t) + sizeof(aim_bytes));

/* ---- what the caller says ---- */

static int is_visible(aim_str text, const char *but)
{
	if (!text.ptr && text.len > 0)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7F || strchr(but, text.ptr[i]))
			return 0;
	return 1;
}

static int is_field_name(aim_str name)
{
	for (size_t i = 0; name.ptr && i < name.len; i++) {
		const char c = name.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) &&
		    (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return 0;
	}
	return name.ptr && name.len > 0;
}

static aim_status bad_message(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "HTTP message: %s", what);
}

static aim_status check_fields(const aim_rfc9421_message *message, aim_error *err)
{
	if (!message->fields && message->n_fields > 0)
		return bad_message("fields is NULL", err);
	for (size_t i = 0; i < message->n_fields; i++) {
		const aim_rfc9421_field *field = &message->fields[i];
		if (!is_field_name(field->name))
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
			                 "HTTP message: field %zu has a name that is no token", i);
		if ((!field->value.ptr && field->value.len > 0) || field->type > AIM_RFC9421_DICTIONARY ||
		    (field->flags & ~AIM_RFC9421_TRAILER) != 0)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
			                 "HTTP message: field %.*s has a NULL value, unknown flags or an unknown type",
			                 AIM__STR(field->name));
	}
	return AIM_OK;
}

static aim_status check_parts(const aim_rfc9421_message *m, aim_error *err)
{
	if (m->flags != 0 || m->reserved != 0)
		return bad_message("flags and reserved must be 0", err);
	if (m->status != 0 && (m->status < 100 || m->status > 999))
		return bad_message("a status has three digits", err);
	if (m->status == 0 && !is_field_name(m->method))
		return bad_message("a request needs a method, which is a token", err);
	if (!is_visible(m->method, "") || !is_visible(m->scheme, ":/?#@"))
		return bad_message("method or scheme has other characters", err);
	if (!is_visible(m->authority, "/?#@"))
		return bad_message("authority is not host and port", err);
	const int is_path = m->path.len == 0 || (m->path.ptr && m->path.ptr[0] == '/') || aim_str_equal(m->path, aim_str_from("*"));
	if (!is_path || !is_visible(m->path, "?#"))
		return bad_message("path must start with '/' and hold no '?', '#', space or control character", err);
	if (!is_visible(m->query, "#") || !is_visible(m->request_target, "#"))
		return bad_message("query and request_target hold no '#', space or control character", err);
	if (!m->body.ptr && m->body.len > 0)
		return bad_message("body is NULL", err);
	return check_fields(m, err);
}

static aim_status take(const aim_rfc9421_message *message, aim_rfc9421_message *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__sized_in(out, sizeof *out, message, sizeof *out, "aim_rfc9421_message", err);
	return rc == AIM_OK ? check_parts(out, err) : rc;
}

aim_status aim__http_read(const aim_rfc9421_message *message, aim__http *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = take(message, &out->message, err);
	if (rc != AIM_OK)
		return rc;
	out->is_response = out->message.status != 0;
	out->has_request = out->message.request != NULL;
	if (!out->has_request)
		return AIM_OK;
	if (!out->is_response)
		return bad_message("only a response answers a request", err);
	if ((rc = take(out->message.request, &out->request, err)) != AIM_OK)
		return rc;
	return out->request.status == 0 ? AIM_OK : bad_message("a response answers a request, not a response", err);
}

/* ---- fields ---- */

int aim__http_is_named(const aim_rfc9421_field *field, aim_str name)
{
	if (field->name.len != name.len)
		return 0;
	for (size_t i = 0; i < name.len; i++)
		if (aim__ascii_lower(field->name.ptr[i]) != name.ptr[i])
			return 0;
	return 1;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int is_fold(aim_str value, size_t i)
{
	return i + 2 < value.len && value.ptr[i] == '\r' && value.ptr[i + 1] == '\n' && is_blank(value.ptr[i + 2]);
}

static void trim(aim_buf *out, size_t start)
{
	while (out->len > start && is_blank((char)out->ptr[out->len - 1]))
		aim__buf_truncate(out, out->len - 1);
}

/* One line without white space around it; obsolete folding becomes one space (§2.1 steps 2 and 3). */
static aim_status add_line(const aim_rfc9421_field *field, aim_str name, aim_buf *out, aim_error *err)
{
	const aim_str value = field->value;
	const size_t start = out->len;
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < value.len; i++) {
		char c = value.ptr[i];
		if (is_fold(value, i)) {
			trim(out, start);
			for (i += 2; i + 1 < value.len && is_blank(value.ptr[i + 1]);)
				i++;
			c = ' ';
		} else if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7F) {
			return aim__http_component_fail(name, "the field's value holds a control character", err);
		}
		if (out->len > start || !is_blank(c))
			rc = aim__buf_add_byte(out, (uint8_t)c);
	}
	trim(out, start);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* §2.1.3: the line as a byte sequence. */
static aim_status add_line_as_bytes(const aim_rfc9421_field *field, aim_str name, aim_buf *out, aim_error *err)
{
	aim_buf line;
	aim__buf_init(&line, out->ctx);
	aim_status rc = add_line(field, name, &line, err);
	if (rc == AIM_OK && (rc = aim__sf_write_bytes(aim_buf_bytes(&line), out)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&line);
	return rc;
}

static aim_status join(const aim_rfc9421_message *message, const aim__http_component *component, aim_buf *out,
                       size_t *out_n, aim_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < message->n_fields; i++) {
		const aim_rfc9421_field *field = &message->fields[i];
		if (!aim__http_is_named(field, component->name) || ((field->flags & AIM_RFC9421_TRAILER) != 0) != component->tr)
			continue;
		aim_status rc = n++ > 0 ? aim__buf_add_text(out, ", ") : AIM_OK;
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
		rc = component->bs ? add_line_as_bytes(field, component->name, out, err)
		                   : add_line(field, component->name, out, err);
		if (rc != AIM_OK)
			return rc;
	}
	*out_n = n;
	return AIM_OK;
}

aim_status aim__http_field(const aim_rfc9421_message *message, aim_str name, int trailer, aim_buf *out,
                           size_t *out_n, aim_error *err)
{
	const aim__http_component plain = {.name = name, .tr = trailer};
	return join(message, &plain, out, out_n, err);
}

/* ---- values of components ---- */

/* Fields that are known to be structured; for others the caller says it. */
static const struct {
	const char *name;
	uint32_t kind;
} structured[] = {
	{"accept-signature", AIM__SF_DICTIONARY}, {"cache-status", AIM__SF_LIST},
	{"content-digest", AIM__SF_DICTIONARY},   {"priority", AIM__SF_DICTIONARY},
	{"proxy-status", AIM__SF_LIST},           {"repr-digest", AIM__SF_DICTIONARY},
	{"signature", AIM__SF_DICTIONARY},        {"signature-input", AIM__SF_DICTIONARY},
	{"want-content-digest", AIM__SF_DICTIONARY}, {"want-repr-digest", AIM__SF_DICTIONARY},
};

static uint32_t kind_of(const aim_rfc9421_message *message, const aim__http_component *component)
{
	if (component->key.ptr)
		return AIM__SF_DICTIONARY;
	for (size_t i = 0; i < message->n_fields; i++)
		if (aim__http_is_named(&message->fields[i], component->name) && message->fields[i].type != AIM_RFC9421_UNKNOWN)
			return message->fields[i].type; /* the constants are those of AIM__SF_ITEM and on */
	for (size_t i = 0; i < sizeof structured / sizeof *structured; i++)
		if (aim_str_equal(component->name, aim_str_from(structured[i].name)))
			return structured[i].kind;
	return 0;
}

_Static_assert(AIM_RFC9421_ITEM == AIM__SF_ITEM && AIM_RFC9421_LIST == AIM__SF_LIST &&
                   AIM_RFC9421_DICTIONARY == AIM__SF_DICTIONARY,
               "the public kinds are those of the reader");

static aim_status write_structured(const aim__sf *sf, const aim__http_component *component, aim_buf *out,
                                   aim_error *err)
{
	if (!component->key.ptr) {
		aim_status rc = aim__sf_write(sf, out);
		return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	}
	const aim__sf_node *node = aim__sf_member(sf, component->key);
	if (!node)
		return aim__http_component_fail(component->name, "the dictionary has no member of that key", err);
	aim_status rc = aim__sf_write_node(sf, node, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* §2.1.1 and §2.1.2: read and written again. */
static aim_status add_structured(const aim_ctx *ctx, const aim_rfc9421_message *message,
                                 const aim__http_component *component, aim_str joined, aim_buf *out,
                                 aim_error *err)
{
	const uint32_t kind = kind_of(message, component);
	aim__sf sf;
	if (kind == 0)
		return aim__http_component_fail(component->name,
		                                "sf needs to know what the field holds; set the field's type", err);
	aim__sf_init(&sf, ctx);
	aim_status rc = aim__sf_read(&sf, kind, joined, NULL);
	if (rc == AIM_E_HEADER)
		rc = aim__http_component_fail(component->name, "the field is not structured as it should be", err);
	else if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	else
		rc = write_structured(&sf, component, out, err);
	aim__sf_dispose(&sf);
	return rc;
}

static aim_status add_field(const aim_ctx *ctx, const aim_rfc9421_message *message,
                            const aim__http_component *component, aim_buf *out, aim_error *err)
{
	aim_buf joined;
	size_t n = 0;
	aim__buf_init(&joined, out->ctx);
	aim_status rc = join(message, component, &joined, &n, err);
	if (rc == AIM_OK && n == 0)
		rc = aim__http_component_fail(component->name, "the message has no such field", err);
	if (rc == AIM_OK && (component->sf || component->key.ptr))
		rc = add_structured(ctx, message, component, aim_buf_str(&joined), out, err);
	else if (rc == AIM_OK && (rc = aim__buf_add_str(out, aim_buf_str(&joined))) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&joined);
	return rc;
}

/* The base is ASCII; other bytes need bs (§2.1.3, §2.5). */
static aim_status check_ascii(const aim_buf *out, size_t start, aim_str name, aim_error *err)
{
	for (size_t i = start; i < out->len; i++)
		if (out->ptr[i] >= 0x7F || (out->ptr[i] < 0x20 && out->ptr[i] != '\t'))
			return aim__http_component_fail(name, "a value that is not ASCII can only be covered with bs", err);
	return AIM_OK;
}

aim_status aim__http_value(const aim_ctx *ctx, const aim__http *http, const aim__http_component *component,
                           aim_buf *out, aim_error *err)
{
	const size_t start = out->len;
	const aim_rfc9421_message *message = component->req ? &http->request : &http->message;
	if (component->req && !http->has_request)
		return aim__http_component_fail(component->name,
		                                http->is_response ? "req needs the request that is answered"
		                                                  : "req is for responses",
		                                err);
	aim_status rc = aim__http_is_derived(component->name)
	                    ? aim__http_derived(message, component, out, err)
	                    : add_field(ctx, message, component, out, err);
	return rc == AIM_OK ? check_ascii(out, start, component->name, err) : rc;
}
