/* identity/delegation_read.c — chains out of JSON from outside. Layer identity.
 *
 * Reading is lenient about white space only: what was read is written again and must be the canonical form of
 * what came in, so that a chain has one content and one spelling. */
#include "identity/delegation.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"
#include "codec/json.h"

#include <string.h>

/* A link as its members are read; what has another form than its field stands apart. */
typedef struct raw_link {
	aim__delegation_link link;
	aim_str signature;
} raw_link;

#define LINK_FIELD(name, member, type, required) {name, offsetof(raw_link, member), type, required, NULL}
static const aim__field link_fields[] = {
	LINK_FIELD("capabilities", link.capabilities, AIM__FIELD_LIST, 1),
	LINK_FIELD("child", link.child, AIM__FIELD_TEXT, 1),
	LINK_FIELD("depth", link.depth, AIM__FIELD_UINT, 1),
	LINK_FIELD("expires_at", link.expires_at_s, AIM__FIELD_UINT, 1),
	LINK_FIELD("id", link.id, AIM__FIELD_TEXT, 1),
	LINK_FIELD("not_before", link.not_before_s, AIM__FIELD_UINT, 1),
	LINK_FIELD("parent", link.parent, AIM__FIELD_TEXT, 1),
	LINK_FIELD("previous", link.previous, AIM__FIELD_HASH, 0),
	LINK_FIELD("signature", signature, AIM__FIELD_TEXT, 1),
};
static const aim__fields link_table = {link_fields, sizeof link_fields / sizeof *link_fields};

#define USER_FIELD(name, member, type, required) {name, offsetof(aim__delegation_user, member), type, required, NULL}
static const aim__field user_fields[] = {
	USER_FIELD("email", email, AIM__FIELD_TEXT, 0),
	USER_FIELD("expires_at", expires_at_s, AIM__FIELD_UINT, 0),
	USER_FIELD("id", id, AIM__FIELD_TEXT, 1),
	USER_FIELD("permissions", permissions, AIM__FIELD_LIST, 0),
	USER_FIELD("roles", roles, AIM__FIELD_LIST, 0),
};
static const aim__fields user_table = {user_fields, sizeof user_fields / sizeof *user_fields};

typedef struct reading {
	aim_json doc;
	aim_delegation *chain;
	aim_buf again; /* the chain as this library writes it */
	aim_buf canonical;
	aim_error *err;
} reading;

static aim_status refuse(reading *r, aim_status status, aim_json_value at, const char *what, const char *member)
{
	(void)aim__fail(r->err, status, AIM_LAYER_IDENTITY, "delegation: %s%s", what, member);
	aim__json_error_at(&r->doc, at, r->err);
	return status;
}

static int is_known(const aim__fields *table, const char *other, aim_str name)
{
	for (size_t i = 0; i < table->n; i++)
		if (aim_str_equal(name, aim_str_from(table->fields[i].name)))
			return 1;
	return other && aim_str_equal(name, aim_str_from(other));
}

/* An object whose members are those of the table, and perhaps one other. */
static aim_status read_object(reading *r, aim_json_value object, const aim__fields *table, const char *other,
                              void *out)
{
	const char *bad = NULL;
	if (aim__json_type(&r->doc, object) != AIM_JSON_OBJECT)
		return refuse(r, AIM_E_JSON_TYPE, object, "expected an object", "");
	for (aim_json_value v = aim__json_first(&r->doc, object); v != AIM_JSON_NONE; v = aim__json_next(&r->doc, v))
		if (!is_known(table, other, aim__json_key(&r->doc, v)))
			return refuse(r, AIM_E_JSON_UNKNOWN, v, "a member that the format does not define", "");
	aim_status rc = aim__fields_read(r->chain->ctx, table, &r->doc, object, &r->chain->arena, out, &bad);
	if (rc != AIM_E_STORE_CORRUPT)
		return rc == AIM_OK ? AIM_OK : aim__fail_plain(r->err, rc, AIM_LAYER_IDENTITY);
	aim_json_value value = aim__json_member_text(&r->doc, object, bad);
	if (value == AIM_JSON_NONE)
		return refuse(r, AIM_E_JSON_MISSING, object, "missing is the member ", bad);
	return refuse(r, AIM_E_JSON_TYPE, value, "not of its form is the member ", bad);
}

static aim_status read_link(reading *r, aim_json_value object, aim__delegation_link *out)
{
	raw_link raw = {.signature = {NULL, 0}};
	aim_status rc = read_object(r, object, &link_table, "user", &raw);
	if (rc != AIM_OK)
		return rc;
	aim_json_value user = aim__json_member_text(&r->doc, object, "user");
	if (user != AIM_JSON_NONE)
		rc = read_object(r, user, &user_table, NULL, &raw.link.user);
	if (rc == AIM_OK && aim__encoding_read_exact(AIM_ENCODING_BASE64URL, raw.signature, raw.link.signature, 64) != AIM_OK)
		rc = refuse(r, AIM_E_ENCODING, aim__json_member_text(&r->doc, object, "signature"),
		            "not base64url of 64 bytes is the member ", "signature");
	if (rc == AIM_OK && (rc = aim__delegation_check_link(r->chain->ctx, &raw.link, r->err)) != AIM_OK)
		aim__json_error_at(&r->doc, object, r->err);
	if (rc == AIM_OK && (rc = aim__delegation_hash(&raw.link, &r->again, raw.link.hash)) != AIM_OK)
		(void)aim__fail_plain(r->err, rc, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK)
		*out = raw.link;
	return rc;
}

static aim_status read_links(reading *r)
{
	aim_json_value links = aim__json_member_text(&r->doc, AIM_JSON_ROOT, "links");
	if (aim__json_type(&r->doc, links) != AIM_JSON_ARRAY)
		return refuse(r, links == AIM_JSON_NONE ? AIM_E_JSON_MISSING : AIM_E_JSON_TYPE, links,
		              "expected an array as the member ", "links");
	if (aim__json_first(&r->doc, links) == AIM_JSON_NONE)
		return refuse(r, AIM_E_JSON_MISSING, links, "a chain without links", "");
	for (aim_json_value v = aim__json_first(&r->doc, links); v != AIM_JSON_NONE; v = aim__json_next(&r->doc, v)) {
		if (r->chain->n == AIM_DELEGATION_MAX_LINKS)
			return refuse(r, AIM_E_LIMIT, v, "more links than a chain may have", "");
		aim_status rc = read_link(r, v, &r->chain->links[r->chain->n]);
		if (rc != AIM_OK)
			return rc;
		r->chain->n++;
	}
	return AIM_OK;
}

static aim_status check_version(reading *r)
{
	int64_t version = 0;
	aim_json_value v = aim__json_member_text(&r->doc, AIM_JSON_ROOT, "v");
	if (aim__json_type(&r->doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return refuse(r, AIM_E_JSON_TYPE, AIM_JSON_ROOT, "expected an object", "");
	if (v == AIM_JSON_NONE)
		return refuse(r, AIM_E_JSON_MISSING, AIM_JSON_ROOT, "missing is the member ", "v");
	if (aim_json_int64(&r->doc, v, &version) != AIM_OK)
		return refuse(r, AIM_E_JSON_TYPE, v, "not of its form is the member ", "v");
	if (version != 1)
		return refuse(r, AIM_E_VERSION, v, "of another format than version 1", "");
	for (v = aim__json_first(&r->doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim__json_next(&r->doc, v)) {
		aim_str name = aim__json_key(&r->doc, v);
		if (!aim_str_equal(name, aim_str_from("links")) && !aim_str_equal(name, aim_str_from("v")))
			return refuse(r, AIM_E_JSON_UNKNOWN, v, "a member that the format does not define", "");
	}
	return AIM_OK;
}

/* Upper-case hex, an empty list, a zero that is left out: readable, and not what was signed. */
static aim_status check_spelling(reading *r)
{
	aim_buf_clear(&r->again);
	aim_status rc = aim_delegation_export(r->chain, &r->again);
	if (rc != AIM_OK)
		return aim__fail_plain(r->err, rc, AIM_LAYER_IDENTITY);
	rc = aim_json_canonicalize(&r->doc, AIM_JSON_ROOT, 0, &r->canonical, r->err);
	if (rc == AIM_OK && !aim_str_equal(aim_buf_str(&r->again), aim_buf_str(&r->canonical)))
		rc = refuse(r, AIM_E_ENCODING, AIM_JSON_ROOT, "a value is not spelled in the canonical way", "");
	return rc;
}

static aim_status read_chain(reading *r, aim_bytes json)
{
	if (json.len > AIM_DELEGATION_MAX_BYTES)
		return aim__fail(r->err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "delegation: more than %u bytes",
		                 AIM_DELEGATION_MAX_BYTES);
	aim_status rc = aim_json_parse(&r->doc, json, AIM_JSON_BORROW, r->err);
	if (rc == AIM_OK)
		rc = check_version(r);
	if (rc == AIM_OK)
		rc = read_links(r);
	return rc == AIM_OK ? check_spelling(r) : rc;
}

aim_status aim_delegation_import(aim_ctx *ctx, aim_bytes json, aim_delegation **out, aim_error *err)
{
	reading r = {.err = err};
	if (!ctx || !out || (!json.ptr && json.len > 0))
		return AIM__MISUSE(ctx, "ctx, json and out are required");
	r.chain = aim__delegation_new(ctx);
	if (!r.chain)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	aim__json_init(&r.doc, ctx);
	aim__buf_init(&r.again, ctx);
	aim__buf_init(&r.canonical, ctx);
	aim_status rc = read_chain(&r, json);
	aim__buf_dispose(&r.canonical);
	aim__buf_dispose(&r.again);
	aim__json_dispose(&r.doc);
	if (rc == AIM_OK)
		*out = r.chain;
	else
		aim_delegation_free(r.chain);
	return rc;
}
