/* evidence/rfc9421_verify.c — verifying HTTP message signatures (RFC 9421 §3.2) against what the host requires.
 * Layer evidence.
 *
 * One order: form, policy, time, replay, signature, digest, remember. A message that fails takes no room in the
 * guard. */
#include "evidence/rfc9421.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_rfc9421_policy, sizeof(uint32_t) * 2 + sizeof(void *) * 2 + sizeof(size_t) +
                                        sizeof(aim_str) * 3 + sizeof(int64_t) + sizeof(uint32_t) * 2);

#define WINDOW_S 300u
#define MAX_TIME_S 253402300799 /* 9999-12-31T23:59:59Z */
#define MAX_NONCE 1024u
#define ALL_FLAGS                                                                                                     \
	(AIM_RFC9421_CREATED_OPTIONAL | AIM_RFC9421_EXPIRES_REQUIRED | AIM_RFC9421_NONCE_REQUIRED |                        \
	 AIM_RFC9421_ALG_REQUIRED)

/* One signature being verified. */
typedef struct check {
	const aim_ctx *ctx;
	const aim_public_key *public_key;
	aim_rfc9421_policy policy;
	aim__http http;
	aim_rfc9421 signatures;
	const aim__sf_node *node; /* of Signature-Input */
	const aim__sf_node *signature;
	aim__rfc9421_cover cover;
	aim_replay_use use;
} check;

static aim_status uncovered(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_UNCOVERED, AIM_LAYER_EVIDENCE, "the signature has no %s, which is required", what);
}

/* ---- the policy ---- */

static aim_status read_policy(check *c, const aim_rfc9421_policy *policy, aim_error *err)
{
	int64_t now_us = 0;
	aim_rfc9421_policy *p = &c->policy;
	*p = (aim_rfc9421_policy){.struct_size = sizeof *p};
	aim_status rc = aim__sized_in(p, sizeof *p, policy, sizeof *p, "aim_rfc9421_policy", err);
	if (rc != AIM_OK)
		return rc;
	if ((p->flags & ~ALL_FLAGS) || (!p->required && p->n_required > 0) || p->now_s < 0 || p->now_s > MAX_TIME_S)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
		                 "signature policy: unknown flags, required is NULL, or now_s is not between 1970 and 9999");
	p->max_age_s = p->max_age_s ? p->max_age_s : WINDOW_S;
	p->max_ahead_s = p->max_ahead_s ? p->max_ahead_s : WINDOW_S;
	if (p->now_s != 0)
		return AIM_OK;
	if ((rc = aim_ctx_now_us(c->ctx, &now_us)) != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	p->now_s = now_us / 1000000;
	return AIM_OK;
}

/* ---- which signature ---- */

static int has_tag(const check *c, const aim__sf_node *node)
{
	return c->policy.tag.len == 0 ||
	       aim_str_equal(aim__rfc9421_text(&c->signatures.input, node, "tag"), c->policy.tag);
}

static aim_status not_found(aim_error *err)
{
	return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_EVIDENCE, "no signature has the label and tag that are required");
}

static aim_status choose_input(check *c, aim_error *err)
{
	const aim__sf *input = &c->signatures.input;
	uint32_t n = 0;
	for (uint32_t i = 0; i < input->n_members; i++) {
		const aim__sf_node *node = aim__sf_at(input, i);
		if (!has_tag(c, node) || (c->policy.label.len > 0 && !aim_str_equal(node->key, c->policy.label)))
			continue;
		c->node = node;
		n++;
	}
	if (n == 0)
		return not_found(err);
	if (n > 1)
		return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE,
		                 "the message has %u signatures; the policy must name a label or tag", n);
	return AIM_OK;
}

static aim_status choose(check *c, aim_error *err)
{
	aim_status rc = choose_input(c, err);
	if (rc != AIM_OK)
		return rc;
	c->signature = aim__sf_member(&c->signatures.signature, c->node->key);
	if (!c->signature)
		return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE, "Signature has no %.*s", AIM__STR(c->node->key));
	if (c->signature->value.type != AIM__SF_BYTES || c->signature->value.text.len != AIM_KEY_SIGNATURE_LEN)
		return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE,
		                 "Signature: %.*s is not a byte sequence of 64 bytes", AIM__STR(c->node->key));
	return aim__rfc9421_cover_read(&c->signatures.input, c->node, &c->cover, err);
}

/* ---- what must be covered ---- */

static aim_status require(const check *c, const char *name, int req, aim_error *err)
{
	const aim__http_component component = {.name = aim_str_from(name), .req = req};
	if (aim__rfc9421_covers(&c->cover, &component))
		return AIM_OK;
	return aim__fail(err, AIM_E_UNCOVERED, AIM_LAYER_EVIDENCE, "the signature does not cover %s%s", name,
	                 req ? ";req" : "");
}

/* A response to a signed request covers the request's signature, whole or by label. */
static aim_status require_binding(const check *c, aim_error *err)
{
	if (!aim__rfc9421_has_field(&c->http.request, "signature"))
		return AIM_OK;
	for (uint32_t i = 0; i < c->cover.n; i++)
		if (c->cover.items[i].req && aim_str_equal(c->cover.items[i].name, aim_str_from("signature")))
			return AIM_OK;
	return aim__fail(err, AIM_E_UNCOVERED, AIM_LAYER_EVIDENCE, "the signature does not cover signature;req");
}

static aim_status require_default(const check *c, aim_error *err)
{
	aim_status rc = require(c, c->http.is_response ? "@status" : "@method", 0, err);
	if (rc == AIM_OK && !c->http.is_response)
		rc = require(c, "@target-uri", 0, err);
	if (rc == AIM_OK && c->http.message.body.len > 0)
		rc = require(c, "content-digest", 0, err);
	if (rc != AIM_OK || !c->http.has_request)
		return rc;
	rc = require(c, "@method", 1, err);
	if (rc == AIM_OK)
		rc = require(c, "@target-uri", 1, err);
	if (rc == AIM_OK && c->http.request.body.len > 0)
		rc = require(c, "content-digest", 1, err);
	return rc == AIM_OK ? require_binding(c, err) : rc;
}

static aim_status compare_required(const check *c, const aim__sf *sf, aim_error *err)
{
	const aim__sf_node *list = aim__sf_at(sf, 0);
	aim__http_component component;
	for (uint32_t i = 0; i < list->n_inner; i++) {
		aim_status rc = aim__http_component_read(sf, list + 1 + i, &component, err);
		if (rc != AIM_OK)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
			                 "signature policy: required component %u is not known", i);
		if (!aim__rfc9421_covers(&c->cover, &component))
			return aim__fail(err, AIM_E_UNCOVERED, AIM_LAYER_EVIDENCE, "the signature does not cover %.*s as required",
			                 AIM__STR(component.name));
	}
	return AIM_OK;
}

static aim_status require_stated(const check *c, aim_error *err)
{
	aim_buf text;
	aim__sf sf;
	aim__buf_init(&text, aim__ctx_mutable(c->ctx));
	aim__sf_init(&sf, c->ctx);
	aim_status rc = aim__rfc9421_list_write(c->policy.required, c->policy.n_required, &text, err);
	if (rc == AIM_OK)
		rc = aim__rfc9421_params_read(&sf, aim_buf_str(&text), err);
	if (rc == AIM_E_HEADER || (rc == AIM_OK && aim__sf_at(&sf, 0)->n_inner != c->policy.n_required))
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
		               "signature policy: a required component is not a name with parameters");
	if (rc == AIM_OK)
		rc = compare_required(c, &sf, err);
	aim__sf_dispose(&sf);
	aim__buf_dispose(&text);
	return rc;
}

static aim_status check_parameters(const check *c, aim_error *err)
{
	const aim__sf *sf = &c->signatures.input;
	const aim_str alg = aim__rfc9421_text(sf, c->node, "alg");
	const aim_str nonce = aim__rfc9421_text(sf, c->node, "nonce");
	if (alg.ptr && !aim_str_equal(alg, aim_str_from("ed25519")))
		return aim__fail(err, AIM_E_ALGORITHM, AIM_LAYER_EVIDENCE,
		                 "the signature says alg=\"%.*s\"; the key is for ed25519", AIM__STR(alg));
	if (!alg.ptr && (c->policy.flags & AIM_RFC9421_ALG_REQUIRED))
		return uncovered("alg", err);
	if (nonce.len == 0 && (c->policy.flags & AIM_RFC9421_NONCE_REQUIRED))
		return uncovered("nonce", err);
	if (nonce.len > MAX_NONCE)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "the nonce is longer than %u bytes", MAX_NONCE);
	if (c->policy.keyid.len > 0 && !aim_str_equal(aim__rfc9421_text(sf, c->node, "keyid"), c->policy.keyid))
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_EVIDENCE, "the signature has another keyid, or none");
	return AIM_OK;
}

/* ---- time and replay ---- */

static aim_status check_created(const check *c, int64_t created_s, aim_error *err)
{
	const aim_rfc9421_policy *p = &c->policy;
	if (created_s < 0 || created_s > MAX_TIME_S)
		return aim__fail(err, AIM_E_TIMESTAMP, AIM_LAYER_EVIDENCE, "created is not between 1970 and 9999");
	if (created_s < p->now_s - (int64_t)p->max_age_s)
		return aim__fail(err, AIM_E_STALE, AIM_LAYER_EVIDENCE, "the signature was made more than %u s ago",
		                 p->max_age_s);
	if (created_s > p->now_s + (int64_t)p->max_ahead_s)
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_EVIDENCE, "the signature was made more than %u s ahead of now",
		                 p->max_ahead_s);
	return AIM_OK;
}

static aim_status check_time(check *c, aim_error *err)
{
	int64_t created_s = 0, expires_s = 0;
	const int has_created = aim__rfc9421_number(&c->signatures.input, c->node, "created", &created_s);
	const int has_expires = aim__rfc9421_number(&c->signatures.input, c->node, "expires", &expires_s);
	if (!has_created && (c->policy.guard || !(c->policy.flags & AIM_RFC9421_CREATED_OPTIONAL)))
		return uncovered("created", err);
	if (!has_expires && (c->policy.flags & AIM_RFC9421_EXPIRES_REQUIRED))
		return uncovered("expires", err);
	aim_status rc = has_created ? check_created(c, created_s, err) : AIM_OK;
	if (rc != AIM_OK)
		return rc;
	if (has_expires && expires_s <= c->policy.now_s)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_EVIDENCE, "the signature has expired");
	c->use.timestamp_us = created_s * 1000000;
	return AIM_OK;
}

/* Where there is no nonce, the signature is one. */
static aim_status check_replay(check *c, aim_error *err)
{
	const aim_str nonce = aim__rfc9421_text(&c->signatures.input, c->node, "nonce");
	if (!c->policy.guard)
		return AIM_OK;
	c->use.struct_size = sizeof c->use;
	c->use.scope = aim_bytes_from(c->public_key->bytes, sizeof c->public_key->bytes);
	c->use.nonce = aim_bytes_from_str(nonce.len > 0 ? nonce : c->signature->value.text);
	c->use.now_us = c->policy.now_s * 1000000;
	c->use.max_age_us = (int64_t)c->policy.max_age_s * 1000000;
	c->use.max_ahead_us = (int64_t)c->policy.max_ahead_s * 1000000;
	return aim_replay_check(c->policy.guard, &c->use, err);
}

/* ---- the signature ---- */

static aim_status check_signature(const check *c, aim_error *err)
{
	aim_buf base;
	aim__buf_init(&base, aim__ctx_mutable(c->ctx));
	aim_status rc = aim__rfc9421_base(c->ctx, &c->http, &c->signatures.input, c->node, &c->cover, &base, err);
	if (rc == AIM_OK)
		rc = aim__ed25519_verify_strict(c->ctx, c->public_key->bytes, aim_buf_bytes(&base),
		                                (const uint8_t *)c->signature->value.text.ptr, err);
	aim__buf_dispose(&base);
	return rc;
}

static aim_status verify(check *c, aim_error *err)
{
	aim_status rc = choose(c, err);
	if (rc == AIM_OK)
		rc = c->policy.required ? require_stated(c, err) : require_default(c, err);
	if (rc == AIM_OK)
		rc = check_parameters(c, err);
	if (rc == AIM_OK)
		rc = check_time(c, err);
	if (rc == AIM_OK)
		rc = check_replay(c, err);
	if (rc == AIM_OK)
		rc = check_signature(c, err);
	if (rc == AIM_OK)
		rc = aim__rfc9421_check_digests(c->ctx, &c->http, &c->cover, err);
	return rc == AIM_OK && c->policy.guard ? aim_replay_remember(c->policy.guard, &c->use, err) : rc;
}

aim_status aim_rfc9421_verify(const aim_ctx *ctx, const aim_rfc9421_message *message,
                              const aim_public_key *public_key, const aim_rfc9421_policy *policy, aim_error *err)
{
	check c;
	if (!ctx || !message || !public_key)
		return AIM__MISUSE(ctx, "ctx, message and public_key are required");
	c.ctx = ctx;
	c.public_key = public_key;
	memset(&c.use, 0, sizeof c.use);
	aim_status rc = read_policy(&c, policy, err);
	if (rc == AIM_OK)
		rc = aim__http_read(message, &c.http, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__rfc9421_open(aim__ctx_mutable(ctx), &c.http.message, &c.signatures, err);
	if (rc == AIM_OK)
		rc = verify(&c, err);
	aim__rfc9421_close(&c.signatures);
	return rc;
}
