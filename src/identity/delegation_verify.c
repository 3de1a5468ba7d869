/* identity/delegation_verify.c — whether a chain is valid: rule after rule, link after link. Layer identity. The
 * verdict starts as "unverified", and only the last rule makes it "valid". */
#include "identity/delegation.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "crypto/provider.h"
#include "identity/delegation_keys.h"
#include "identity/pattern.h"

#define P sizeof(void *)
AIM__NO_PADDING(aim_delegation_check, 8 + 8 + 8 + 8 * P + 3 * P);
AIM__NO_PADDING(aim_delegation_result, 16);
#undef P

typedef struct verifying {
	const aim_delegation *chain;
	aim_delegation_check check;
	aim_delegation_result result;
	aim_buf bytes;    /* what a link signed */
	aim__subject *above; /* the last registered agent of the chain so far; owned, NULL before there is one */
	aim_error *err;
} verifying;

static const aim_str nothing = {NULL, 0};

static aim_status broken(verifying *v, uint32_t rule, size_t link, aim_str what)
{
	v->result.rule = rule;
	v->result.link = (uint32_t)link;
	return aim__delegation_broken(rule, link, what, v->err);
}

static aim_status take_check(const aim_ctx *ctx, const aim_delegation_check *check, aim_delegation_check *out,
                             aim_error *err)
{
	int64_t now_us;
	aim_status rc = aim__sized_in(out, sizeof *out, check, sizeof *out, "aim_delegation_check", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_delegation_check.flags and reserved must be 0");
	if (out->max_links > AIM_DELEGATION_MAX_LINKS)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "max_links is %u; at most %u are allowed",
		                 out->max_links, AIM_DELEGATION_MAX_LINKS);
	if (out->capability.len && !aim__capability_valid(out->capability, 1))
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY, "the capability asked for is none");
	if (out->max_links == 0)
		out->max_links = AIM_DELEGATION_DEFAULT_LINKS;
	if (out->now_s != 0)
		return AIM_OK;
	rc = aim_ctx_now_us(ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	out->now_s = now_us / 1000000;
	return AIM_OK;
}

/* ---- rules of the chain as a whole ---- */

static int granted_by(const aim_delegation *chain, aim_str delegator)
{
	for (size_t i = 0; i < chain->n; i++)
		if (aim_str_equal(chain->links[i].parent, delegator))
			return 1;
	return 0;
}

static aim_status check_ends(verifying *v)
{
	const aim_delegation_check *c = &v->check;
	if (v->chain->n > c->max_links)
		return broken(v, AIM_DELEGATION_LENGTH, 0, nothing);
	if (c->sponsor.len && !aim_str_equal(c->sponsor, aim_delegation_sponsor(v->chain)))
		return broken(v, AIM_DELEGATION_SPONSOR, 0, nothing);
	if (c->delegator.len && !granted_by(v->chain, c->delegator))
		return broken(v, AIM_DELEGATION_DELEGATOR, 0, nothing);
	if (c->agent.len && !aim_str_equal(c->agent, aim_delegation_agent(v->chain)))
		return broken(v, AIM_DELEGATION_AGENT, v->chain->n - 1, nothing);
	return AIM_OK;
}

/* ---- rules of one link ---- */

static aim_status check_times(verifying *v, size_t i)
{
	const aim__delegation_link *link = &v->chain->links[i];
	int64_t user_end_s = link->user.expires_at_s;
	if (v->check.now_s < link->not_before_s)
		return broken(v, AIM_DELEGATION_EARLY, i, nothing);
	if (v->check.now_s >= link->expires_at_s)
		return broken(v, AIM_DELEGATION_EXPIRED, i, nothing);
	if (user_end_s && v->check.now_s >= user_end_s)
		return broken(v, AIM_DELEGATION_USER_EXPIRED, i, nothing);
	return AIM_OK;
}

/* ---- rules of those who are registered ---- */

static int is_active(const aim__subject *s, int64_t now_s)
{
	return s->status == AIM_REGISTRY_VERIFIED && (!s->expires_at_s || now_s < s->expires_at_s);
}

static const aim_agent *agent_of(const aim__subject *subject)
{
	return (const aim_agent *)(const void *)subject;
}

/* An agent belongs to the owner of the one above it and its trust counts for no more, however many strangers are
 * between them. */
static aim_status check_family(verifying *v, size_t i, const aim_agent *child)
{
	const aim_agent *above = agent_of(v->above);
	int64_t most = aim_agent_trust_ceiling_micro(above), ceiling = aim_agent_trust_ceiling_micro(child);
	if (!aim_str_equal(aim_agent_owner(child), aim_agent_owner(above))) {
		aim_status rc = broken(v, AIM_DELEGATION_OWNER, i, nothing);
		return aim__fail(v->err, rc, AIM_LAYER_IDENTITY, "link %zu: %.*s belongs to another owner than %.*s above it",
		                 i, AIM__STR(aim_agent_id(child)), AIM__STR(aim_agent_id(above)));
	}
	if (ceiling > most) {
		aim_status rc = broken(v, AIM_DELEGATION_CEILING, i, nothing);
		return aim__fail(v->err, rc, AIM_LAYER_IDENTITY,
		                 "link %zu: the trust ceiling of %.*s is %lld; at most %lld is expected, that of %.*s above it",
		                 i, AIM__STR(aim_agent_id(child)), (long long)ceiling, (long long)most,
		                 AIM__STR(aim_agent_id(above)));
	}
	return AIM_OK;
}

/* Who is not registered has no status here, and no family. Servers are nobody's children. */
static aim_status check_member(verifying *v, size_t i, aim_str did)
{
	aim__subject *s = NULL;
	aim_status rc = aim__delegation_subject(v->check.registry, did, &s, v->err);
	if (rc != AIM_OK)
		return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
	if (!is_active(s, v->check.now_s))
		rc = broken(v, AIM_DELEGATION_INACTIVE, i, did);
	else if (s->kind == &aim__agent_kind && v->above)
		rc = check_family(v, i, agent_of(s));
	if (rc == AIM_OK && s->kind == &aim__agent_kind) {
		aim__subject_free(v->above);
		v->above = s;
		return AIM_OK;
	}
	aim__subject_free(s);
	return rc;
}

static aim_status check_standing(verifying *v, size_t i)
{
	const aim__delegation_link *link = &v->chain->links[i];
	int revoked = 0;
	if (!v->check.registry)
		return AIM_OK;
	aim_status rc = aim__delegation_revoked(v->check.registry, link->id, &revoked, v->err);
	if (rc != AIM_OK)
		return rc;
	if (revoked)
		return broken(v, AIM_DELEGATION_REVOKED, i, link->id);
	if (i == 0) /* further down the parent was the child of the link before */
		rc = check_member(v, i, link->parent);
	return rc == AIM_OK ? check_member(v, i, link->child) : rc;
}

/* ---- who signed ---- */

/* The keys of the parent. A sponsor that nobody named must be known; a did:key is known to itself only. */
static aim_status find_keys(verifying *v, size_t i, aim__delegation_keys *out)
{
	const aim__delegation_link *link = &v->chain->links[i];
	aim_status rc = aim__delegation_find_keys(v->chain->ctx, &v->check, link, out, v->err);
	if (rc != AIM_OK)
		return rc;
	if (out->source == AIM__DELEGATION_KEY_NONE)
		return broken(v, AIM_DELEGATION_KEY, i, link->parent);
	if (i == 0 && v->check.sponsor.len == 0 && out->source == AIM__DELEGATION_KEY_SELF)
		return broken(v, AIM_DELEGATION_SPONSOR, i, link->parent);
	return AIM_OK;
}

static aim_status check_signature(verifying *v, size_t i)
{
	const aim__delegation_link *link = &v->chain->links[i];
	aim__delegation_keys keys;
	aim_status rc = find_keys(v, i, &keys);
	if (rc != AIM_OK)
		return rc;
	aim_buf_clear(&v->bytes);
	rc = aim__delegation_signed_bytes(link, &v->bytes);
	if (rc != AIM_OK)
		return aim__fail_plain(v->err, rc, AIM_LAYER_IDENTITY);
	rc = AIM_E_SIGNATURE;
	for (uint32_t k = 0; rc == AIM_E_SIGNATURE && k < keys.n; k++)
		rc = aim__ed25519_verify_strict(v->chain->ctx, keys.keys[k].bytes, aim_buf_bytes(&v->bytes),
		                                link->signature, v->err);
	if (rc == AIM_E_KEY)
		return broken(v, AIM_DELEGATION_KEY, i, link->parent);
	return rc == AIM_E_SIGNATURE ? broken(v, AIM_DELEGATION_SIGNATURE, i, nothing) : rc;
}

static aim_status check_link(verifying *v, size_t i)
{
	aim_str what;
	uint32_t rule = aim__delegation_narrows(v->chain, i, &what);
	if (rule != AIM_DELEGATION_VALID)
		return broken(v, rule, i, what);
	aim_status rc = check_times(v, i);
	if (rc == AIM_OK)
		rc = check_standing(v, i);
	return rc == AIM_OK ? check_signature(v, i) : rc;
}

static aim_status verify(verifying *v)
{
	const aim_delegation *chain = v->chain;
	aim_status rc = check_ends(v);
	for (size_t i = 0; rc == AIM_OK && i < chain->n; i++)
		rc = check_link(v, i);
	if (rc == AIM_OK && v->check.capability.len &&
	    aim__delegation_covering(&chain->links[chain->n - 1], v->check.capability).len == 0)
		rc = broken(v, AIM_DELEGATION_SCOPE, chain->n - 1, v->check.capability);
	if (rc == AIM_OK)
		v->result.rule = AIM_DELEGATION_VALID;
	return rc;
}

aim_status aim_delegation_verify(const aim_delegation *chain, const aim_delegation_check *check,
                                 aim_delegation_result *out, aim_error *err)
{
	verifying v = {.chain = chain, .err = err};
	v.check.struct_size = sizeof v.check;
	v.result.struct_size = sizeof v.result;
	if (out && aim__sized_out(out, &v.result, sizeof v.result, sizeof v.result) != AIM_OK)
		return AIM__MISUSE(chain ? chain->ctx : NULL, "out.struct_size is too small");
	if (!chain)
		return AIM__MISUSE(NULL, "chain is required");
	aim_status rc = take_check(chain->ctx, check, &v.check, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&v.bytes, chain->ctx);
	rc = verify(&v);
	aim__subject_free(v.above);
	aim__buf_dispose(&v.bytes);
	if (out)
		(void)aim__sized_out(out, &v.result, sizeof v.result, sizeof v.result);
	return rc;
}
