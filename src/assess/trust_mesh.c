/* assess/trust_mesh.c — the counters of `mesh-5`. Layer assess. */
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"

#include <aim/trustinterop.h>

#include <string.h>

AIM__NO_PADDING(aim_trustinterop_mesh, 8 * 4 + 8 + 65 + 7);

#define MOST 1000u
#define ID_MAX 64u
#define NO_COUNTER 0u

typedef struct outcome_rule {
	int32_t delta;
	size_t counter; /* offset of the one that moves with overall */
} outcome_rule;

static const outcome_rule rules[] = {
	{0, NO_COUNTER},
	{10, offsetof(aim_trustinterop_mesh, competence)},
	{-20, offsetof(aim_trustinterop_mesh, integrity)},
	{-10, offsetof(aim_trustinterop_mesh, availability)},
	{5, NO_COUNTER},
};

static void move(uint32_t *counter, int32_t delta, uint32_t ceiling)
{
	int32_t value = (int32_t)*counter + delta;
	*counter = value < 0 ? 0 : (uint32_t)value > ceiling ? ceiling : (uint32_t)value;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

aim_status aim_trustinterop_mesh_begin(aim_trustinterop_mesh *mesh, uint32_t start)
{
	if (!mesh || mesh->struct_size != sizeof *mesh || start > MOST)
		return AIM__MISUSE(NULL, "mesh with its size, and a start of 0 to 1000, are required");
	memset(mesh, 0, sizeof *mesh);
	mesh->struct_size = sizeof *mesh;
	mesh->known = 1;
	mesh->overall = mesh->competence = mesh->integrity = start;
	mesh->availability = mesh->predictability = mesh->transparency = start;
	return AIM_OK;
}

static int is_event_id(aim_str id)
{
	return id.ptr && id.len > 0 && id.len <= ID_MAX && !memchr(id.ptr, 0, id.len);
}

/* −1, 0, 1: the event is before, is, or is behind the last one. */
static int order(const aim_trustinterop_mesh *mesh, int64_t at_us, aim_str id)
{
	if (mesh->last_id[0] == 0)
		return 1;
	if (at_us != mesh->last_us)
		return at_us < mesh->last_us ? -1 : 1;
	size_t len = strlen(mesh->last_id);
	int by_id = memcmp(id.ptr, mesh->last_id, id.len < len ? id.len : len);
	if (by_id == 0)
		return id.len == len ? 0 : id.len < len ? -1 : 1;
	return by_id < 0 ? -1 : 1;
}

static void apply(aim_trustinterop_mesh *mesh, const outcome_rule *rule, uint32_t ceiling)
{
	uint32_t *all[] = {&mesh->overall, &mesh->competence, &mesh->integrity, &mesh->availability, &mesh->predictability,
	                   &mesh->transparency};
	move(&mesh->overall, rule->delta, ceiling);
	if (rule->counter != NO_COUNTER)
		move((uint32_t *)(void *)((char *)mesh + rule->counter), rule->delta, ceiling);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		*all[i] = lower(*all[i], ceiling);
}

aim_status aim_trustinterop_mesh_apply(aim_trustinterop_mesh *mesh, uint32_t outcome, int64_t at_us, aim_str event_id,
                                       uint32_t ceiling, aim_error *err)
{
	if (!mesh || mesh->struct_size != sizeof *mesh || outcome == 0 || outcome > AIM_TRUSTINTEROP_PARTIAL ||
	    ceiling > MOST || !is_event_id(event_id))
		return AIM__MISUSE(NULL, "mesh with its size, an outcome, an event id and a ceiling of 0 to 1000 are required");
	int where = order(mesh, at_us, event_id);
	if (where == 0)
		return aim__fail(err, AIM_E_REPLAY, AIM_LAYER_ASSESS, "mesh-5: this event was the last one applied");
	if (where < 0)
		return aim__fail(err, AIM_E_STALE, AIM_LAYER_ASSESS, "mesh-5: the event is before the last one applied");
	apply(mesh, &rules[outcome], ceiling);
	mesh->known = 1;
	mesh->last_us = at_us;
	memset(mesh->last_id, 0, sizeof mesh->last_id);
	memcpy(mesh->last_id, event_id.ptr, event_id.len);
	return AIM_OK;
}

uint32_t aim_trustinterop_mesh_tier(const aim_trustinterop_mesh *mesh)
{
	static const uint32_t from[] = {0, 0, 300, 500, 700, 900};
	uint32_t tier = AIM_TRUSTINTEROP_VERIFIED_PARTNER;
	if (!mesh || !mesh->known)
		return 0;
	while (mesh->overall < from[tier])
		tier--;
	return tier;
}

const char *aim_trustinterop_tier_name(uint32_t tier)
{
	static const char *const names[] = {"unknown", "untrusted", "probationary", "standard", "trusted",
	                                    "verified_partner"};
	return names[tier <= AIM_TRUSTINTEROP_VERIFIED_PARTNER ? tier : 0];
}
