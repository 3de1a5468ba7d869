/* identity/agent.c — what is an agent's own; the rest is in subject.c. Layer identity. */
#include "identity/agent.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "base/time.h"
#include "identity/check.h"
#include "identity/status.h"
#include "identity/did_find.h"

#include <aim/did.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_agent_spec, 8 + 15 * P + 8 + 8 + 4 * P + 8);
#undef P

#define MAX_CEILING_MICRO 1000000

static const char *const type_names[] = {"unknown", "ai_agent", "service", NULL};

static const aim__field agent_fields[] = {
	AIM__SUBJECT_HEAD(struct aim_agent),
	{"organization", offsetof(struct aim_agent, organization), AIM__FIELD_TEXT, 0, NULL},
	{"type", offsetof(struct aim_agent, type), AIM__FIELD_NAME, 1, type_names},
	{"owner_verified", offsetof(struct aim_agent, owner_verified), AIM__FIELD_BOOL, 0, NULL},
	{"parent", offsetof(struct aim_agent, parent), AIM__FIELD_TEXT, 0, NULL},
	{"delegation_depth", offsetof(struct aim_agent, depth), AIM__FIELD_UINT, 0, NULL},
	{"trust_ceiling_micro", offsetof(struct aim_agent, trust_ceiling_micro), AIM__FIELD_UINT, 0, NULL},
};

const aim__subject_kind aim__agent_kind = {
	"agent", "agt_", "agent/", "agent-name/", AIM_KEYRING_AGENT,
	sizeof(struct aim_agent),
	{agent_fields, sizeof agent_fields / sizeof *agent_fields},
};

static aim_agent *agent_of(aim__subject *subject)
{
	return (aim_agent *)(void *)subject;
}

static aim_status check_spec(const aim_ctx *ctx, const aim_agent_spec *spec, aim_error *err)
{
	char text[AIM__TIME_TEXT_SIZE];
	if (spec->flags & ~AIM_AGENT_OWNER_VERIFIED)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_agent_spec.flags has an unknown bit");
	if (spec->flags & AIM_AGENT_OWNER_VERIFIED && spec->owner.len == 0 && spec->parent.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "there is no owner to be verified");
	if (spec->trust_ceiling_micro < 0 || spec->trust_ceiling_micro > MAX_CEILING_MICRO)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "trust_ceiling_micro is not within 0 and 1000000");
	if (spec->type > AIM_AGENT_SERVICE)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%u is no type of agent", spec->type);
	if (spec->expires_at_s < 0 || aim__time_format_s(text, spec->expires_at_s) != AIM_OK)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "expires_at_s is not within the years 1970 to 9999");
	return aim__check_name(ctx, "organization", spec->organization, 0, err);
}

static void fill_draft(aim_agent *draft, const aim_agent_spec *spec)
{
	aim__subject *s = &draft->subject;
	s->name = spec->name;
	s->display_name = spec->display_name;
	s->description = spec->description;
	s->owner = spec->owner;
	s->capabilities.items = spec->capabilities;
	s->capabilities.n = spec->n_capabilities;
	s->aliases.items = spec->aliases;
	s->aliases.n = spec->n_aliases;
	s->status = spec->status ? spec->status : AIM_REGISTRY_PENDING;
	s->expires_at_s = spec->expires_at_s;
	draft->organization = spec->organization;
	draft->type = spec->type ? spec->type : AIM_AGENT_AI;
	draft->owner_verified = spec->flags & AIM_AGENT_OWNER_VERIFIED;
	draft->parent = spec->parent;
	draft->trust_ceiling_micro = (uint64_t)spec->trust_ceiling_micro;
}

/* What is inherited stands as long as the parent is as it was read; AIM_E_CONFLICT when it is no longer. */
static aim_status register_once(aim_registry *registry, const aim_agent_spec *spec, aim__subject **out, aim_error *err)
{
	aim_agent draft = {.type = 0};
	aim__subject_key_text key_text;
	aim_agent *parent = NULL;
	fill_draft(&draft, spec);
	aim_status rc = aim__agent_inherit(registry, &draft, &parent, err);
	if (rc == AIM_OK && spec->public_key)
		rc = aim__subject_set_key(registry->ctx, &draft.subject, spec->public_key, &key_text, err);
	if (rc == AIM_OK)
		rc = aim__subject_register(registry, &aim__agent_kind, &draft.subject, parent ? &parent->subject : NULL,
		                           spec->actor, out, err);
	aim_agent_free(parent);
	return rc;
}

aim_status aim_agent_register(aim_registry *registry, const aim_agent_spec *spec, aim_agent **out,
                              aim_error *err)
{
	aim_agent_spec s = {.struct_size = sizeof s};
	aim__subject *subject = NULL;
	if (!registry || !spec)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and spec are required");
	aim_status rc =
		aim__sized_in(&s, sizeof s, spec, offsetof(aim_agent_spec, aliases), "aim_agent_spec", err);
	if (rc == AIM_OK)
		rc = check_spec(registry->ctx, &s, err);
	if (rc != AIM_OK)
		return rc;
	int tries = s.parent.len ? AIM__RECORD_ATTEMPTS : 1;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < tries; i++)
		rc = register_once(registry, &s, out ? &subject : NULL, err);
	if (rc == AIM_OK && out)
		*out = agent_of(subject);
	return rc;
}

/* Hands a found subject over as an agent. */
static aim_status give(aim_status rc, aim__subject *subject, aim_agent **out)
{
	if (rc == AIM_OK)
		*out = agent_of(subject);
	return rc;
}

aim_status aim_agent_find(aim_registry *registry, aim_str id, aim_agent **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__subject_find(registry, &aim__agent_kind, id, &subject, err);
	return give(rc, subject, out);
}

aim_status aim_agent_find_name(aim_registry *registry, aim_str name, aim_agent **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__subject_find_name(registry, &aim__agent_kind, name, &subject, err);
	return give(rc, subject, out);
}

aim_status aim_agent_find_key(aim_registry *registry, const aim_public_key *public_key,
                             aim_agent **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !public_key || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL,
		                   "registry, public_key and out are required");
	aim_status rc = aim__subject_find_key(registry, &aim__agent_kind, public_key, &subject, err);
	return give(rc, subject, out);
}

aim_status aim_agent_find_did(aim_registry *registry, aim_str did, aim_agent **out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim_did_find(registry, did, id, err);
	if (rc == AIM_OK && aim__subject_kind_of(aim_str_from(id)) != &aim__agent_kind)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%.*s is a server, no agent",
		                 AIM__STR(did));
	return rc == AIM_OK ? aim_agent_find(registry, aim_str_from(id), out, err) : rc;
}

typedef struct visitor {
	aim_agent_visit visit;
	void *user;
} visitor;

static aim_status visit_subject(void *user, const aim__subject *subject)
{
	const visitor *v = user;
	return v->visit(v->user, (const aim_agent *)(const void *)subject);
}

aim_status aim_agent_list(aim_registry *registry, aim_str after, size_t limit, aim_agent_visit visit,
                          void *user, aim_error *err)
{
	visitor v = {visit, user};
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	return aim__subject_list(registry, &aim__agent_kind, after, limit, visit_subject, &v, err);
}

aim_status aim_agent_move(aim_registry *registry, aim_str id, const aim_registry_move *move,
                          aim_error *err)
{
	if (!registry || !move)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and move are required");
	return aim__subject_move(registry, &aim__agent_kind, id, move, err);
}

void aim_agent_free(aim_agent *agent)
{
	if (agent)
		aim__subject_free(&agent->subject);
}

/* ---- fields ---- */

static const aim_str nothing = {NULL, 0};

aim_str aim_agent_id(const aim_agent *agent)
{
	return agent ? agent->subject.id : nothing;
}

aim_str aim_agent_name(const aim_agent *agent)
{
	return agent ? agent->subject.name : nothing;
}

aim_str aim_agent_display_name(const aim_agent *agent)
{
	return agent ? agent->subject.display_name : nothing;
}

aim_str aim_agent_description(const aim_agent *agent)
{
	return agent ? agent->subject.description : nothing;
}

aim_str aim_agent_owner(const aim_agent *agent)
{
	return agent ? agent->subject.owner : nothing;
}

aim_str aim_agent_organization(const aim_agent *agent)
{
	return agent ? agent->organization : nothing;
}

aim_str aim_agent_did(const aim_agent *agent)
{
	return agent ? agent->subject.did : nothing;
}

aim_str aim_agent_key_id(const aim_agent *agent)
{
	return agent ? agent->subject.key_id : nothing;
}

aim_str aim_agent_status_reason(const aim_agent *agent)
{
	return agent ? agent->subject.status_reason : nothing;
}

aim_str aim_agent_parent(const aim_agent *agent)
{
	return agent ? agent->parent : nothing;
}

int32_t aim_agent_owner_is_verified(const aim_agent *agent)
{
	return agent && agent->owner_verified;
}

uint32_t aim_agent_delegation_depth(const aim_agent *agent)
{
	return agent ? (uint32_t)agent->depth : 0;
}

int64_t aim_agent_trust_ceiling_micro(const aim_agent *agent)
{
	if (!agent)
		return 0;
	return agent->trust_ceiling_micro ? (int64_t)agent->trust_ceiling_micro : MAX_CEILING_MICRO;
}

uint32_t aim_agent_status(const aim_agent *agent)
{
	return agent ? agent->subject.status : 0;
}

uint32_t aim_agent_type(const aim_agent *agent)
{
	return agent ? agent->type : 0;
}

int64_t aim_agent_created_us(const aim_agent *agent)
{
	return agent ? agent->subject.created_us : 0;
}

int64_t aim_agent_updated_us(const aim_agent *agent)
{
	return agent ? agent->subject.updated_us : 0;
}

int64_t aim_agent_expires_at_s(const aim_agent *agent)
{
	return agent ? agent->subject.expires_at_s : 0;
}

int32_t aim_agent_is_active(const aim_agent *agent, int64_t now_us)
{
	if (!agent || agent->subject.status != AIM_REGISTRY_VERIFIED)
		return 0;
	int64_t end_s = agent->subject.expires_at_s;
	return end_s == 0 || now_us < end_s * 1000000;
}

aim_status aim_agent_public_key(const aim_agent *agent, aim_public_key *out)
{
	if (!agent || !out)
		return AIM__MISUSE(agent ? agent->subject.ctx : NULL, "agent and out are required");
	if (!agent->subject.key.present)
		return AIM_E_NOT_FOUND;
	*out = agent->subject.key.key;
	return AIM_OK;
}

size_t aim_agent_capability_count(const aim_agent *agent)
{
	return agent ? agent->subject.capabilities.n : 0;
}

aim_str aim_agent_capability_at(const aim_agent *agent, size_t index)
{
	return agent ? aim__list_at(&agent->subject.capabilities, index) : nothing;
}

size_t aim_agent_alias_count(const aim_agent *agent)
{
	return agent ? agent->subject.aliases.n : 0;
}

aim_str aim_agent_alias_at(const aim_agent *agent, size_t index)
{
	return agent ? aim__list_at(&agent->subject.aliases, index) : nothing;
}
