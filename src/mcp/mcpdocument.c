/* mcp/mcpdocument.c — documents that servers publish about themselves, read. The forms differ in words: the tables hold
 * them. Layer mcp; where a document comes from is not known here. */
#include "mcp/mcpdocument.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <aim/discovery.h>
#include <aim/fingerprint.h>
#include <aim/keyform.h>
#include <string.h>

#define WORD sizeof(uint32_t)
#define TEXT sizeof(aim_str)
AIM__NO_PADDING(aim_mcpdocument_capability, WORD * 2 + TEXT * 4);
AIM__NO_PADDING(aim_mcpdocument_endpoint, WORD * 2 + TEXT * 4);
AIM__NO_PADDING(aim_mcpdocument_summary, WORD * 4 + sizeof(uint64_t) * 2 + TEXT * 5 + AIM_KEY_PUBLIC_LEN);

static const struct {
	const char *word;
	uint32_t transport;
	uint32_t reserved;
} transports[] = {
	{"stdio", AIM_TRANSPORT_STDIO, 0},          {"http", AIM_TRANSPORT_HTTP, 0},
	{"streamable-http", AIM_TRANSPORT_HTTP, 0}, {"streamable_http", AIM_TRANSPORT_HTTP, 0},
	{"sse", AIM_TRANSPORT_SSE, 0},              {"ws", AIM_TRANSPORT_WS, 0},
	{"websocket", AIM_TRANSPORT_WS, 0},
};

/* The lists of the older form, and of cards that show what they offer. */
static const struct {
	const char *list;
	uint32_t kind;
	uint32_t reserved;
} lists[] = {
	{"tools", AIM_FINGERPRINT_TOOL, 0},
	{"resources", AIM_FINGERPRINT_RESOURCE, 0},
	{"prompts", AIM_FINGERPRINT_PROMPT, 0},
};

/* The same thing in the words of all forms; the first that is there counts. */
static const char *const name_words[] = {"name", "uri", NULL};
static const char *const parameter_words[] = {"parameters", "inputSchema", "arguments", NULL};
static const char *const return_words[] = {"returns", "outputSchema", NULL};
static const char *const url_words[] = {"url", "endpoint", NULL};
static const char *const type_words[] = {"type", "transport_type", NULL};
static const char *const registry_words[] = {"registryType", "registry_type", "registry_name", NULL};
static const char *const identifier_words[] = {"identifier", "name", NULL};

aim_status aim__mcpdocument_refuse(const aim_json *doc, aim_json_value at, const char *expected, aim_error *err)
{
	aim__fail(err, AIM_E_MCPDOCUMENT, AIM_LAYER_MCP, "%s", expected);
	aim__json_error_at(doc, at == AIM_JSON_NONE ? AIM_JSON_ROOT : at, err);
	return AIM_E_MCPDOCUMENT;
}

/* --- values -------------------------------------------------------------------------------------------------------------- */

static aim_json_value member(const aim_mcpdocument *d, aim_json_value object, const char *name)
{
	aim_json_value v = aim__json_member_text(&d->doc, object, name);
	return aim__json_type(&d->doc, v) == AIM_JSON_NULL ? AIM_JSON_NONE : v;
}

static aim_json_value any_member(const aim_mcpdocument *d, aim_json_value object, const char *const *names)
{
	aim_json_value v = AIM_JSON_NONE;
	for (; *names && v == AIM_JSON_NONE; names++)
		v = member(d, object, *names);
	return v;
}

static uint32_t type_of(const aim_mcpdocument *d, aim_json_value v)
{
	return aim__json_type(&d->doc, v);
}

/* A text that may be absent. */
static aim_status take_text(const aim_mcpdocument *d, aim_json_value value, aim_str *out, aim_error *err)
{
	if (value == AIM_JSON_NONE)
		return AIM_OK;
	*out = aim__json_string(&d->doc, value);
	return out->ptr ? AIM_OK : aim__mcpdocument_refuse(&d->doc, value, "a text is expected", err);
}

static aim_status take_member(const aim_mcpdocument *d, aim_json_value object, const char *name, aim_str *out, aim_error *err)
{
	return take_text(d, member(d, object, name), out, err);
}

static aim_bytes raw_of(const aim_mcpdocument *d, aim_json_value value)
{
	return value == AIM_JSON_NONE ? aim_bytes_from(NULL, 0) : aim_json_raw(&d->doc, value);
}

/* --- capabilities ---------------------------------------------------------------------------------------------------------- */

static aim_status read_capability(const aim_mcpdocument *d, aim_json_value v, aim_mcpdocument_capability *c, aim_error *err)
{
	if (type_of(d, v) == AIM_JSON_STRING) { /* only its name */
		c->name = aim__json_string(&d->doc, v);
		return AIM_OK;
	}
	if (type_of(d, v) != AIM_JSON_OBJECT)
		return aim__mcpdocument_refuse(&d->doc, v, "a capability is an object or a name", err);
	c->parameters = raw_of(d, any_member(d, v, parameter_words));
	c->returns = raw_of(d, any_member(d, v, return_words));
	aim_status rc = take_text(d, any_member(d, v, name_words), &c->name, err);
	if (rc == AIM_OK && !c->name.len)
		return aim__mcpdocument_refuse(&d->doc, v, "a capability has a name", err);
	return rc == AIM_OK ? take_member(d, v, "description", &c->description, err) : rc;
}

static aim_status read_list(aim_mcpdocument *d, aim_json_value list, uint32_t kind, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim__json_first(&d->doc, list); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(&d->doc, v)) {
		aim_mcpdocument_capability c = {.struct_size = sizeof c, .kind = kind};
		void *items = d->capabilities;
		size_t n = (size_t)d->summary.n_capabilities;
		rc = aim__grow(d->ctx, &items, &d->cap_capabilities, n + 1, sizeof c, 16, d->ctx->limits.max_tools);
		d->capabilities = items;
		if (rc != AIM_OK)
			return aim__fail(err, rc, AIM_LAYER_MCP, "no room for more than %zu capabilities", n);
		rc = read_capability(d, v, &c, err);
		if (rc == AIM_OK)
			d->capabilities[d->summary.n_capabilities++] = c;
	}
	return rc;
}

/* "dynamic", as some cards say, and the like is no list. */
static aim_status read_lists(aim_mcpdocument *d, aim_json_value object, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < sizeof lists / sizeof *lists && rc == AIM_OK; i++) {
		aim_json_value list = member(d, object, lists[i].list);
		if (type_of(d, list) == AIM_JSON_ARRAY)
			rc = read_list(d, list, lists[i].kind, err);
	}
	return rc;
}

/* --- endpoints ------------------------------------------------------------------------------------------------------------- */

static uint32_t transport_of(const aim_mcpdocument *d, aim_json_value object)
{
	aim_json_value type = any_member(d, object, type_words);
	aim_str word = aim__json_string(&d->doc, type);
	for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
		if (aim_str_equal(word, aim_str_from(transports[i].word)))
			return transports[i].transport;
	return 0;
}

/* A remote, or the transport of a package or of an older card. */
static aim_status read_reach(const aim_mcpdocument *d, aim_json_value object, aim_mcpdocument_endpoint *e, aim_error *err)
{
	e->transport = transport_of(d, object);
	return take_text(d, any_member(d, object, url_words), &e->url, err);
}

static aim_status read_package(const aim_mcpdocument *d, aim_json_value object, aim_mcpdocument_endpoint *e, aim_error *err)
{
	aim_status rc = take_text(d, any_member(d, object, registry_words), &e->registry, err);
	if (rc == AIM_OK)
		rc = take_text(d, any_member(d, object, identifier_words), &e->identifier, err);
	if (rc == AIM_OK)
		rc = take_member(d, object, "version", &e->version, err);
	if (rc == AIM_OK && !e->identifier.len)
		return aim__mcpdocument_refuse(&d->doc, object, "a package has an identifier", err);
	return rc == AIM_OK ? read_reach(d, member(d, object, "transport"), e, err) : rc;
}

typedef aim_status (*read_endpoint)(const aim_mcpdocument *d, aim_json_value object, aim_mcpdocument_endpoint *e,
                                    aim_error *err);

static aim_status add_endpoint(aim_mcpdocument *d, aim_json_value object, read_endpoint read, aim_error *err)
{
	aim_mcpdocument_endpoint e = {.struct_size = sizeof e};
	void *items = d->endpoints;
	size_t n = (size_t)d->summary.n_endpoints;
	if (type_of(d, object) != AIM_JSON_OBJECT)
		return aim__mcpdocument_refuse(&d->doc, object, "an endpoint is an object", err);
	aim_status rc = aim__grow(d->ctx, &items, &d->cap_endpoints, n + 1, sizeof e, 4, d->ctx->limits.max_tools);
	d->endpoints = items;
	if (rc != AIM_OK)
		return aim__fail(err, rc, AIM_LAYER_MCP, "no room for more than %zu endpoints", n);
	rc = read(d, object, &e, err);
	if (rc == AIM_OK)
		d->endpoints[d->summary.n_endpoints++] = e;
	return rc;
}

static aim_status read_endpoints(aim_mcpdocument *d, aim_json_value list, read_endpoint read, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (list != AIM_JSON_NONE && type_of(d, list) != AIM_JSON_ARRAY)
		return aim__mcpdocument_refuse(&d->doc, list, "a list is expected", err);
	for (aim_json_value v = aim__json_first(&d->doc, list); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(&d->doc, v))
		rc = add_endpoint(d, v, read, err);
	return rc;
}

/* --- forms ----------------------------------------------------------------------------------------------------------------- */

static aim_status read_key(aim_mcpdocument *d, aim_json_value server, aim_error *err)
{
	aim_str text = {NULL, 0};
	aim_json_value value = member(d, server, "public_key");
	aim_status rc = take_text(d, value, &text, err);
	if (rc != AIM_OK || !text.len)
		return rc;
	rc = aim_keyform_parse_public(d->ctx, aim_bytes_from_str(text), &d->summary.public_key, NULL, err);
	if (rc == AIM_OK)
		d->summary.flags |= AIM_MCPDOCUMENT_HAS_KEY;
	if (rc == AIM_OK || rc == AIM_E_NOMEM || rc == AIM_E_CALLBACK)
		return rc;
	aim__fail(err, AIM_E_KEY, AIM_LAYER_MCP, "public_key is no usable Ed25519 key");
	aim__json_error_at(&d->doc, value, err);
	return AIM_E_KEY;
}

/* Name, version and the like of an object that describes a server. */
static aim_status read_who(aim_mcpdocument *d, aim_json_value object, aim_error *err)
{
	aim_mcpdocument_summary *s = &d->summary;
	aim_status rc = take_member(d, object, "name", &s->name, err);
	if (rc == AIM_OK && !s->name.len)
		return aim__mcpdocument_refuse(&d->doc, object, "the server's name is missing", err);
	if (rc == AIM_OK)
		rc = take_member(d, object, "version", &s->version, err);
	if (rc == AIM_OK)
		rc = take_member(d, object, "title", &s->title, err);
	return rc == AIM_OK ? take_member(d, object, "description", &s->description, err) : rc;
}

static aim_status read_capabilities(aim_mcpdocument *d, aim_json_value server, aim_error *err)
{
	int32_t claims = 0;
	aim_json_value list = member(d, AIM_JSON_ROOT, "capabilities");
	aim_status rc = read_who(d, server, err);
	if (rc == AIM_OK)
		rc = take_member(d, server, "capabilities_url", &d->summary.url, err);
	if (rc == AIM_OK)
		rc = read_key(d, server, err);
	if (rc == AIM_OK && list != AIM_JSON_NONE && type_of(d, list) != AIM_JSON_ARRAY)
		rc = aim__mcpdocument_refuse(&d->doc, list, "capabilities must be a list", err);
	if (aim_json_bool(&d->doc, member(d, server, "aim_verified"), &claims) == AIM_OK && claims)
		d->summary.flags |= AIM_MCPDOCUMENT_CLAIMS_VERIFIED;
	if (member(d, AIM_JSON_ROOT, "signature") != AIM_JSON_NONE)
		d->summary.flags |= AIM_MCPDOCUMENT_HAS_SIGNATURE;
	return rc == AIM_OK ? read_list(d, list, 0, err) : rc;
}

/* An older card has serverInfo and one transport, a newer one is a server.json. */
static aim_status read_card(aim_mcpdocument *d, aim_json_value card, aim_error *err)
{
	aim_json_value info = member(d, card, "serverInfo");
	aim_json_value transport = member(d, card, "transport");
	aim_status rc = read_who(d, info != AIM_JSON_NONE ? info : card, err);
	if (rc == AIM_OK && info != AIM_JSON_NONE && !d->summary.description.len)
		rc = take_member(d, card, "description", &d->summary.description, err);
	if (rc == AIM_OK && transport != AIM_JSON_NONE)
		rc = add_endpoint(d, transport, read_reach, err);
	if (rc == AIM_OK)
		rc = read_endpoints(d, member(d, card, "remotes"), read_reach, err);
	if (rc == AIM_OK)
		rc = read_endpoints(d, member(d, card, "packages"), read_package, err);
	return rc == AIM_OK ? read_lists(d, card, err) : rc;
}

static int has_list(const aim_mcpdocument *d, aim_json_value object, const char *name)
{
	return type_of(d, member(d, object, name)) == AIM_JSON_ARRAY;
}

static int is_published(const aim_mcpdocument *d, aim_json_value object)
{
	return has_list(d, object, "remotes") || has_list(d, object, "packages");
}

static int names_card_schema(const aim_mcpdocument *d)
{
	static const char word[] = "server-card";
	aim_str schema = aim__json_string(&d->doc, member(d, AIM_JSON_ROOT, "$schema"));
	for (size_t i = 0; i + sizeof word - 1 <= schema.len; i++)
		if (memcmp(schema.ptr + i, word, sizeof word - 1) == 0)
			return 1;
	return 0;
}

static aim_status read_form(aim_mcpdocument *d, aim_error *err)
{
	aim_json_value root = AIM_JSON_ROOT, server = member(d, root, "server");
	uint32_t *form = &d->summary.form;
	if (type_of(d, root) != AIM_JSON_OBJECT)
		return aim__mcpdocument_refuse(&d->doc, root, "the document must be an object", err);
	if (type_of(d, server) == AIM_JSON_OBJECT && !has_list(d, root, "capabilities") && is_published(d, server)) {
		*form = AIM_MCPDOCUMENT_REGISTRY;
		return read_card(d, server, err);
	}
	if (type_of(d, server) == AIM_JSON_OBJECT) {
		*form = AIM_MCPDOCUMENT_CAPABILITIES;
		return read_capabilities(d, server, err);
	}
	if (names_card_schema(d) || type_of(d, member(d, root, "serverInfo")) == AIM_JSON_OBJECT) {
		*form = AIM_MCPDOCUMENT_CARD;
		return read_card(d, root, err);
	}
	if (is_published(d, root)) {
		*form = AIM_MCPDOCUMENT_REGISTRY;
		return read_card(d, root, err);
	}
	*form = AIM_MCPDOCUMENT_LISTS;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (has_list(d, root, lists[i].list))
			return read_lists(d, root, err);
	return aim__mcpdocument_refuse(&d->doc, root, "it is no capabilities document, Server Card or server.json", err);
}

/* --- public ----------------------------------------------------------------------------------------------------------------- */

aim_status aim_mcpdocument_parse(aim_ctx *ctx, aim_bytes bytes, aim_mcpdocument **out, aim_error *err)
{
	if (!ctx || !out || (!bytes.ptr && bytes.len))
		return AIM__MISUSE(ctx, "ctx, bytes and out are required");
	aim_mcpdocument *d = aim__alloc_zeroed(ctx, sizeof *d);
	if (!d)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_MCP);
	d->ctx = aim__ctx_ref(ctx);
	d->summary.struct_size = sizeof d->summary;
	aim__json_init(&d->doc, ctx);
	aim_status rc = aim_json_parse(&d->doc, bytes, 0, err);
	if (rc == AIM_OK)
		rc = read_form(d, err);
	if (rc == AIM_OK)
		*out = d;
	else
		aim_mcpdocument_free(d);
	return rc;
}

void aim_mcpdocument_free(aim_mcpdocument *document)
{
	if (!document)
		return;
	aim_ctx *ctx = document->ctx;
	aim__free(ctx, document->capabilities, document->cap_capabilities * sizeof *document->capabilities);
	aim__free(ctx, document->endpoints, document->cap_endpoints * sizeof *document->endpoints);
	aim__json_dispose(&document->doc);
	aim__free(ctx, document, sizeof *document);
	aim__ctx_unref(ctx);
}

aim_status aim_mcpdocument_read(const aim_mcpdocument *document, aim_mcpdocument_summary *out)
{
	if (!document || !out)
		return AIM__MISUSE(document ? document->ctx : NULL, "document and out are required");
	return aim__sized_out(out, &document->summary, sizeof document->summary, sizeof document->summary);
}

aim_status aim_mcpdocument_capability_at(const aim_mcpdocument *document, size_t index, aim_mcpdocument_capability *out)
{
	if (!document || !out)
		return AIM__MISUSE(document ? document->ctx : NULL, "document and out are required");
	if (index >= document->summary.n_capabilities)
		return AIM_E_NOT_FOUND;
	const aim_mcpdocument_capability *c = &document->capabilities[index];
	return aim__sized_out(out, c, sizeof *c, sizeof *c);
}

aim_status aim_mcpdocument_endpoint_at(const aim_mcpdocument *document, size_t index, aim_mcpdocument_endpoint *out)
{
	if (!document || !out)
		return AIM__MISUSE(document ? document->ctx : NULL, "document and out are required");
	if (index >= document->summary.n_endpoints)
		return AIM_E_NOT_FOUND;
	const aim_mcpdocument_endpoint *e = &document->endpoints[index];
	return aim__sized_out(out, e, sizeof *e, sizeof *e);
}

const char *aim_mcpdocument_form_name(uint32_t form)
{
	static const char *const names[] = {"unknown", "capabilities", "lists", "card", "registry"};
	return names[form <= AIM_MCPDOCUMENT_REGISTRY ? form : 0];
}
