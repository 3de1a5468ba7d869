/* evidence/webbotauth.c — Web Bot Auth, a profile of HTTP message signatures. Layer evidence; fetches no keys. */
#include <aim/webbotauth.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/key.h"
#include "evidence/rfc9421.h"

#include <aim/keyform.h>
#include <string.h>

AIM__NO_PADDING(aim_webbotauth_options, sizeof(uint32_t) * 2 + sizeof(aim_str) * 3 + sizeof(void *) + sizeof(size_t) +
                                            sizeof(int64_t) * 2);
AIM__NO_PADDING(aim_webbotauth_policy, sizeof(uint32_t) * 4 + sizeof(void *) * 2 + sizeof(size_t) + sizeof(aim_str) +
                                           sizeof(int64_t));

#define TAG "web-bot-auth"
#define DAY_S 86400u
#define LIFE_S 300
#define MAX_COMPONENTS (AIM_RFC9421_MAX_COMPONENTS - 1u)

static aim_status status_of(aim_status rc, aim_error *err)
{
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status bad_option(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "web bot auth: %s", what);
}

static int is_https(aim_str url)
{
	static const char prefix[] = "https://";
	return url.ptr && url.len > sizeof prefix - 1 && memcmp(url.ptr, prefix, sizeof prefix - 1) == 0;
}

/* ---- signing ---- */

/* One request being signed: a copy with one field and one component more. */
typedef struct making {
	aim_ctx *ctx;
	aim_webbotauth_options options;
	aim_rfc9421_message message;
	aim_rfc9421_field *fields;
	aim_str components[AIM_RFC9421_MAX_COMPONENTS];
	size_t n_components;
	aim_buf component; /* signature-agent;key="label" */
	aim_buf agent;     /* the field's value */
} making;

static aim_status read_options(making *m, const aim_webbotauth_options *options, aim_error *err)
{
	aim_webbotauth_options *o = &m->options;
	int64_t now_us = 0;
	*o = (aim_webbotauth_options){.struct_size = sizeof *o};
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_webbotauth_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0 || (!o->components && o->n_components > 0) || o->n_components > MAX_COMPONENTS)
		return bad_option("flags must be 0, and components not NULL or more than 127", err);
	if (o->agent.len > 0 && !is_https(o->agent))
		return bad_option("the agent's URL is not https", err);
	if (o->label.len == 0)
		o->label = aim_str_from("sig1");
	if (!aim__sf_is_key(o->label))
		return bad_option("label is not [a-z*][a-z0-9_.*-]*", err);
	if (o->created_s == 0) {
		if ((rc = aim_ctx_now_us(m->ctx, &now_us)) != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
		o->created_s = now_us / 1000000;
	}
	if (o->expires_s == 0)
		o->expires_s = o->created_s + LIFE_S;
	return AIM_OK;
}

static void choose_components(making *m)
{
	static const char *const usual[] = {"@authority", "@method", "@target-uri", "content-digest"};
	const aim_webbotauth_options *o = &m->options;
	m->n_components = o->components ? o->n_components : m->message.body.len > 0 ? 4 : 3;
	for (size_t i = 0; i < m->n_components; i++)
		m->components[i] = o->components ? o->components[i] : aim_str_from(usual[i]);
}

static aim_status write_agent(making *m, aim_error *err)
{
	aim_status rc = aim__buf_add_str(&m->agent, m->options.label);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&m->agent, '=');
	if (rc == AIM_OK && (rc = aim__sf_write_string(m->options.agent, &m->agent)) == AIM_E_INVALID)
		return bad_option("the agent's URL is not printable ASCII", err);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&m->component, "signature-agent;key=");
	if (rc == AIM_OK)
		rc = aim__sf_write_string(m->options.label, &m->component);
	return status_of(rc, err);
}

static aim_status add_agent(making *m, aim_error *err)
{
	aim_rfc9421_message *message = &m->message;
	if (m->options.agent.len == 0)
		return AIM_OK;
	if (aim__rfc9421_has_field(message, "signature-agent"))
		return bad_option("the request has a Signature-Agent field already", err);
	aim_status rc = write_agent(m, err);
	if (rc != AIM_OK)
		return rc;
	m->fields = aim__alloc_array(m->ctx, message->n_fields + 1, sizeof *m->fields);
	if (!m->fields)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	if (message->n_fields > 0)
		memcpy(m->fields, message->fields, message->n_fields * sizeof *m->fields);
	m->fields[message->n_fields] =
		(aim_rfc9421_field){aim_str_from("signature-agent"), aim_buf_str(&m->agent), 0, AIM_RFC9421_DICTIONARY};
	message->fields = m->fields;
	message->n_fields++;
	m->components[m->n_components++] = aim_buf_str(&m->component);
	return AIM_OK;
}

static aim_status prepare(making *m, const aim_rfc9421_message *request, const aim_webbotauth_options *options,
                          aim_error *err)
{
	aim__http http;
	aim_status rc = aim__http_read(request, &http, err);
	if (rc == AIM_OK && http.is_response)
		rc = bad_option("responses are not signed so", err);
	if (rc == AIM_OK)
		rc = read_options(m, options, err);
	if (rc != AIM_OK)
		return rc;
	m->message = http.message;
	choose_components(m);
	return add_agent(m, err);
}

static aim_status sign(const aim_key *key, making *m, aim_buf *out_agent, aim_buf *out_input, aim_buf *out_signature,
                       aim_error *err)
{
	const size_t start = out_agent->len;
	const aim_webbotauth_options *o = &m->options;
	const aim_rfc9421_sign_options options = {.struct_size = sizeof options,
	                                          .components = m->components,
	                                          .n_components = m->n_components,
	                                          .label = o->label,
	                                          .nonce = o->nonce,
	                                          .tag = aim_str_from(TAG),
	                                          .created_s = o->created_s,
	                                          .expires_s = o->expires_s};
	aim_status rc = status_of(aim__buf_add_str(out_agent, aim_buf_str(&m->agent)), err);
	if (rc == AIM_OK)
		rc = aim_rfc9421_sign(key, &m->message, &options, out_input, out_signature, err);
	if (rc != AIM_OK)
		aim__buf_truncate(out_agent, start);
	return rc;
}

aim_status aim_webbotauth_sign(const aim_key *key, const aim_rfc9421_message *request,
                               const aim_webbotauth_options *options, aim_buf *out_agent, aim_buf *out_input,
                               aim_buf *out_signature, aim_error *err)
{
	making m;
	if (!key || !request || !out_agent || !out_input || !out_signature || out_agent == out_input ||
	    out_agent == out_signature || out_input == out_signature)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, request and three buffers are required");
	m.ctx = aim__key_ctx(key);
	m.fields = NULL;
	aim__buf_init(&m.component, m.ctx);
	aim__buf_init(&m.agent, m.ctx);
	aim_status rc = prepare(&m, request, options, err);
	if (rc == AIM_OK)
		rc = sign(key, &m, out_agent, out_input, out_signature, err);
	aim__free(m.ctx, m.fields, m.fields ? m.message.n_fields * sizeof *m.fields : 0);
	aim__buf_dispose(&m.component);
	aim__buf_dispose(&m.agent);
	return rc;
}

/* ---- verifying ---- */

/* One request being verified. url and type point into the tables. */
typedef struct check {
	const aim_ctx *ctx;
	aim_webbotauth_policy policy;
	aim__http http;
	aim_rfc9421 signatures;
	const aim__sf_node *node;
	aim__rfc9421_cover cover;
	aim_buf agent_text;
	aim__sf agent;
	aim_str url;
	aim_str type;
} check;

/* The only signature with the tag, and the label when one is asked for. */
static aim_status choose(check *c, aim_error *err)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->signatures.input.n_members; i++) {
		const aim__sf_node *node = aim__sf_at(&c->signatures.input, i);
		if (!aim_str_equal(aim__rfc9421_text(&c->signatures.input, node, "tag"), aim_str_from(TAG)) ||
		    (c->policy.label.len > 0 && !aim_str_equal(node->key, c->policy.label)))
			continue;
		c->node = node;
		n++;
	}
	if (n == 0)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_EVIDENCE, "no signature has the tag " TAG);
	if (n > 1)
		return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE,
		                 "%u signatures have the tag " TAG "; the policy must name a label", n);
	return aim__rfc9421_cover_read(&c->signatures.input, c->node, &c->cover, err);
}

static aim_status check_target(const check *c, aim_error *err)
{
	const aim__http_component authority = {.name = aim_str_from("@authority")};
	const aim__http_component target = {.name = aim_str_from("@target-uri")};
	if (aim__rfc9421_covers(&c->cover, &authority) || aim__rfc9421_covers(&c->cover, &target))
		return AIM_OK;
	return aim__fail(err, AIM_E_UNCOVERED, AIM_LAYER_EVIDENCE,
	                 "the signature covers neither @authority nor @target-uri");
}

static aim_status bad_agent(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE, "Signature-Agent: %s", what);
}

static aim_status read_agent(check *c, aim_error *err)
{
	size_t n = 0;
	aim_status rc = aim__http_field(&c->http.message, aim_str_from("signature-agent"), 0, &c->agent_text, &n, err);
	if (rc != AIM_OK)
		return rc == AIM_E_COMPONENT ? bad_agent("holds a control character", err) : rc;
	const aim_str text = aim_buf_str(&c->agent_text);
	rc = aim__sf_read(&c->agent, text.len > 0 && text.ptr[0] == '"' ? AIM__SF_ITEM : AIM__SF_DICTIONARY, text, err);
	return rc == AIM_OK && c->agent.has_duplicate ? bad_agent("a key stands twice", err) : rc;
}

/* The member that the signature covers: by its key, or the whole field and then the label's. */
static const aim__sf_node *covered_member(const check *c)
{
	for (uint32_t i = 0; i < c->cover.n; i++) {
		const aim__http_component *component = &c->cover.items[i];
		if (!aim_str_equal(component->name, aim_str_from("signature-agent")) || component->req || component->tr)
			continue;
		if (c->agent.kind == AIM__SF_ITEM)
			return component->key.ptr ? NULL : aim__sf_at(&c->agent, 0);
		return aim__sf_member(&c->agent, component->key.ptr ? component->key : c->node->key);
	}
	return NULL;
}

static aim_status check_agent(check *c, aim_error *err)
{
	if (!aim__rfc9421_has_field(&c->http.message, "signature-agent"))
		return AIM_OK;
	aim_status rc = read_agent(c, err);
	if (rc != AIM_OK)
		return rc;
	const aim__sf_node *member = covered_member(c);
	if (!member)
		return aim__fail(err, AIM_E_UNCOVERED, AIM_LAYER_EVIDENCE, "the signature covers no member of Signature-Agent");
	if (member->value.type != AIM__SF_STRING || !is_https(member->value.text))
		return bad_agent("not a string with an https URL", err);
	const aim__sf_value *type = aim__sf_parameter_of(&c->agent, member, aim_str_from("type"));
	if (type && type->type != AIM__SF_TOKEN)
		return bad_agent("type is no token", err);
	c->url = member->value.text;
	c->type = type ? type->text : aim_str_from("directory");
	return AIM_OK;
}

static aim_status give(const check *c, aim_buf *out_agent, aim_buf *out_type, aim_error *err)
{
	const size_t start = out_agent ? out_agent->len : 0;
	aim_status rc = out_agent ? aim__buf_add_str(out_agent, c->url) : AIM_OK;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	if (out_type && (rc = aim__buf_add_str(out_type, c->type)) != AIM_OK) {
		if (out_agent)
			aim__buf_truncate(out_agent, start);
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	}
	return AIM_OK;
}

static aim_status verify(check *c, const aim_public_key *public_key, aim_error *err)
{
	static const aim_str nothing[1];
	char keyid[AIM_KEYFORM_THUMBPRINT_SIZE];
	const aim_webbotauth_policy *p = &c->policy;
	aim_status rc = aim_keyform_thumbprint(c->ctx, public_key, keyid);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	const aim_rfc9421_policy policy = {.struct_size = sizeof policy,
	                                   .flags = AIM_RFC9421_EXPIRES_REQUIRED,
	                                   .required = p->required ? p->required : nothing,
	                                   .n_required = p->n_required,
	                                   .label = c->node->key,
	                                   .keyid = aim_str_from(keyid),
	                                   .tag = aim_str_from(TAG),
	                                   .guard = p->guard,
	                                   .now_s = p->now_s,
	                                   .max_age_s = p->max_age_s ? p->max_age_s : DAY_S,
	                                   .max_ahead_s = p->max_ahead_s};
	return aim_rfc9421_verify(c->ctx, &c->http.message, public_key, &policy, err);
}

static aim_status read_policy(check *c, const aim_webbotauth_policy *policy, aim_error *err)
{
	aim_webbotauth_policy *p = &c->policy;
	*p = (aim_webbotauth_policy){.struct_size = sizeof *p};
	aim_status rc = aim__sized_in(p, sizeof *p, policy, sizeof *p, "aim_webbotauth_policy", err);
	if (rc == AIM_OK && (p->flags != 0 || (!p->required && p->n_required > 0)))
		rc = bad_option("flags must be 0 and required not NULL", err);
	return rc;
}

/* The outputs are written before the last step, whose success is remembered by the guard, and taken back when it
 * fails: a lack of memory must not use up a nonce. */
static aim_status check_all(check *c, const aim_public_key *public_key, aim_buf *out_agent, aim_buf *out_type,
                            aim_error *err)
{
	const size_t agent_start = out_agent ? out_agent->len : 0, type_start = out_type ? out_type->len : 0;
	aim_status rc = aim__rfc9421_open(aim__ctx_mutable(c->ctx), &c->http.message, &c->signatures, err);
	if (rc == AIM_OK)
		rc = choose(c, err);
	if (rc == AIM_OK)
		rc = check_target(c, err);
	if (rc == AIM_OK)
		rc = check_agent(c, err);
	if (rc == AIM_OK)
		rc = give(c, out_agent, out_type, err);
	if (rc != AIM_OK || (rc = verify(c, public_key, err)) == AIM_OK)
		return rc;
	if (out_agent)
		aim__buf_truncate(out_agent, agent_start);
	if (out_type)
		aim__buf_truncate(out_type, type_start);
	return rc;
}

aim_status aim_webbotauth_verify(const aim_ctx *ctx, const aim_rfc9421_message *request,
                                 const aim_public_key *public_key, const aim_webbotauth_policy *policy,
                                 aim_buf *out_agent, aim_buf *out_type, aim_error *err)
{
	check c;
	if (!ctx || !request || !public_key || (out_agent && out_agent == out_type))
		return AIM__MISUSE(ctx, "ctx, request and public_key are required, and two buffers");
	c.ctx = ctx;
	c.url = c.type = (aim_str){NULL, 0};
	aim_status rc = read_policy(&c, policy, err);
	if (rc == AIM_OK)
		rc = aim__http_read(request, &c.http, err);
	if (rc == AIM_OK && c.http.is_response)
		rc = bad_option("responses are not signed so", err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&c.agent_text, aim__ctx_mutable(ctx));
	aim__sf_init(&c.agent, ctx);
	rc = check_all(&c, public_key, out_agent, out_type, err);
	aim__rfc9421_close(&c.signatures);
	aim__sf_dispose(&c.agent);
	aim__buf_dispose(&c.agent_text);
	return rc;
}
