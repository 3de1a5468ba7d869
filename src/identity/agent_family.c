/* identity/agent_family.c — what an agent has of its parent, and its owner's standing. Layer identity. */
#include "identity/agent.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "identity/check.h"

static aim_status check_parent(const aim_agent *parent, int64_t now_us, aim_error *err)
{
	const aim__subject *p = &parent->subject;
	if (!aim_agent_is_active(parent, now_us))
		return aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "the parent %.*s is %s; expected verified",
		                 AIM__STR(p->id),
		                 p->status == AIM_REGISTRY_VERIFIED ? "expired" : aim_registry_status_name(p->status));
	if (parent->depth >= AIM_AGENT_MAX_DEPTH)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY,
		                 "the parent %.*s has %u parents above it already", AIM__STR(p->id),
		                 AIM_AGENT_MAX_DEPTH);
	return AIM_OK;
}

static aim_status inherit(aim_agent *draft, const aim_agent *parent, aim_error *err)
{
	aim__subject *s = &draft->subject;
	const aim__subject *p = &parent->subject;
	if (s->owner.len && !aim_str_equal(s->owner, p->owner))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "an agent belongs to its parent's owner, not to another");
	s->owner = p->owner;
	draft->owner_verified = parent->owner_verified;
	draft->parent = p->id;
	draft->depth = parent->depth + 1;
	uint64_t ceiling = parent->trust_ceiling_micro;
	if (ceiling && (draft->trust_ceiling_micro == 0 || draft->trust_ceiling_micro > ceiling))
		draft->trust_ceiling_micro = ceiling;
	return AIM_OK;
}

aim_status aim__agent_inherit(aim_registry *registry, aim_agent *draft, aim_agent **out_parent,
                              aim_error *err)
{
	int64_t now_us = 0;
	*out_parent = NULL;
	if (draft->parent.len == 0)
		return AIM_OK;
	aim_status rc = aim_ctx_now_us(registry->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	rc = aim_agent_find(registry, draft->parent, out_parent, err);
	if (rc == AIM_OK)
		rc = check_parent(*out_parent, now_us, err);
	return rc == AIM_OK ? inherit(draft, *out_parent, err) : rc;
}

/* ---- the owner ---- */

static aim_status verify_owner(aim_registry *registry, aim_agent *agent, aim_str actor, aim_error *err)
{
	aim__batch batch;
	aim__subject *s = &agent->subject;
	if (s->status == AIM_REGISTRY_REVOKED)
		return aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "agent %.*s is revoked", AIM__STR(s->id));
	if (s->owner.len == 0)
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_IDENTITY, "agent %.*s has no owner", AIM__STR(s->id));
	if (agent->owner_verified)
		return AIM_OK;
	agent->owner_verified = 1;
	aim_status rc = aim_ctx_now_us(registry->ctx, &s->updated_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__batch_init(&batch, registry);
	rc = aim__subject_put(&batch, s, err);
	if (rc == AIM_OK) {
		aim_audit_record *r = aim__batch_record(&batch, "owner_verified", s->id, s->updated_us);
		r->user = actor;
		r->action = aim_str_from(s->kind->noun);
		r->resource = s->owner;
		rc = aim__batch_commit(&batch, NULL, err);
	}
	aim__batch_dispose(&batch);
	return rc;
}

aim_status aim_agent_verify_owner(aim_registry *registry, aim_str id, aim_str actor, aim_error *err)
{
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		aim_agent *agent = NULL;
		rc = aim_agent_find(registry, id, &agent, err);
		if (rc == AIM_OK)
			rc = verify_owner(registry, agent, actor, err);
		aim_agent_free(agent);
	}
	return rc;
}
