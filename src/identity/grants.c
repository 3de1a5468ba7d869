/* identity/grants.c — the grants of one agent in memory, and what they allow. Layer identity. */
#include "identity/grants.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "identity/grant.h"
#include "identity/pattern.h"

struct aim__grants {
	aim_ctx *ctx; /* referenced */
	aim__arena arena;
	aim__grant *items;
	size_t n;
	size_t cap;
};

typedef struct loading {
	aim__record record;
	aim__grants *grants;
} loading;

static aim_status keep_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           aim_error *err)
{
	loading *l = user;
	aim__grants *g = l->grants;
	aim__grant grant;
	int visible = 0;
	(void)version;
	aim_status rc = aim__grant_read(&l->record, key, value, &g->arena, &grant, &visible, err);
	if (rc != AIM_OK || !visible)
		return rc;
	void *items = g->items;
	rc = aim__grow(g->ctx, &items, &g->cap, g->n + 1, sizeof *g->items, 8, 0);
	g->items = items;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	g->items[g->n++] = grant;
	return AIM_OK;
}

aim_status aim__grants_load(aim_registry *registry, aim_str agent, aim__grants **out, aim_error *err)
{
	loading l;
	l.grants = aim__alloc_zeroed(registry->ctx, sizeof *l.grants);
	if (!l.grants)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	l.grants->ctx = aim__ctx_ref(registry->ctx);
	aim__arena_init(&l.grants->arena, registry->ctx, 1024, 0);
	aim__record_init(&l.record, registry);
	aim_status rc = aim__grant_walk(registry, agent, keep_row, &l, err);
	aim__record_dispose(&l.record);
	if (rc == AIM_OK)
		*out = l.grants;
	else
		aim__grants_free(l.grants);
	return rc;
}

void aim__grants_free(aim__grants *grants)
{
	if (!grants)
		return;
	aim_ctx *ctx = grants->ctx;
	aim__arena_dispose(&grants->arena);
	aim__free(ctx, grants->items, grants->cap * sizeof *grants->items);
	aim__free(ctx, grants, sizeof *grants);
	aim__ctx_unref(ctx);
}

size_t aim__grants_count(const aim__grants *grants)
{
	return grants->n;
}

/* Doubt works against the caller: an unclear resource is caught by a deny grant and missed by an
 * allowing one. */
static int applies(const aim__grant *g, aim_str capability, aim_str resource, int climbs, int64_t now_s)
{
	if (g->expires_at_s != 0 && now_s >= g->expires_at_s)
		return 0;
	if (!aim__capability_covers(g->capability, capability))
		return 0;
	if (g->resource.len == 0)
		return 1;
	if (resource.len == 0 || climbs)
		return g->deny != 0;
	return aim__resource_matches(g->resource, resource);
}

aim_status aim__grants_check(const aim__grants *grants, aim_str capability, aim_str resource,
                             int64_t now_s, aim_str *out_id)
{
	const aim__grant *allowing = NULL;
	aim_str none = {NULL, 0};
	if (out_id)
		*out_id = none;
	if (!aim__capability_valid(capability, 0))
		return AIM_E_ID_CAPABILITY;
	int climbs = aim__resource_climbs(resource);
	for (size_t i = 0; i < grants->n; i++) {
		const aim__grant *g = &grants->items[i];
		if (!applies(g, capability, resource, climbs, now_s))
			continue;
		if (g->deny) {
			if (out_id)
				*out_id = g->id;
			return AIM_DENIED;
		}
		if (!allowing)
			allowing = g;
	}
	if (out_id && allowing)
		*out_id = allowing->id;
	return allowing ? AIM_OK : AIM_DENIED;
}

aim_status aim_grant_check(aim_registry *registry, aim_str agent, aim_str capability,
                           aim_str resource, int64_t now_s, aim_error *err)
{
	aim__grants *grants = NULL;
	aim_str id;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__grants_load(registry, agent, &grants, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__grants_check(grants, capability, resource, now_s, &id);
	if (rc == AIM_E_ID_CAPABILITY)
		rc = aim__fail(err, rc, AIM_LAYER_IDENTITY, "the capability asked for is none");
	else if (rc == AIM_DENIED && id.len)
		rc = aim__fail(err, rc, AIM_LAYER_IDENTITY, "denied by grant %.*s", AIM__STR(id));
	else if (rc == AIM_DENIED)
		rc = aim__fail(err, rc, AIM_LAYER_IDENTITY, "no grant covers %.*s", AIM__STR(capability));
	aim__grants_free(grants);
	return rc;
}
