/* identity/registry.c — the handle, and the table of the life cycle. Layer identity. */
#include "identity/registry.h"

#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/status.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_registry_options, 8 + 2 * P);
AIM__NO_PADDING(aim_registry_move, 16 + 4 * P);
#undef P

#define DEFAULT_NAME_SPACE "default"

static aim_status take_options(const aim_ctx *ctx, const aim_registry_options *options,
                               aim_registry_options *out, aim_error *err)
{
	aim_status rc =
		aim__sized_in(out, sizeof *out, options, sizeof *out, "aim_registry_options", err);
	if (rc == AIM_OK && out->flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		               "aim_registry_options.flags must be 0");
	if (rc == AIM_OK && out->name_space.len == 0)
		out->name_space = aim_str_from(DEFAULT_NAME_SPACE);
	return rc == AIM_OK ? aim__check_name(ctx, "namespace", out->name_space, AIM__CHECK_REQUIRED, err)
	                    : rc;
}

aim_status aim_registry_open(aim_audit *log, const aim_registry_options *options,
                             aim_registry **out, aim_error *err)
{
	aim_registry_options o = {.struct_size = sizeof o};
	if (!log || !out)
		return AIM__MISUSE(log ? aim__audit_ctx(log) : NULL, "log and out are required");
	aim_ctx *ctx = aim__audit_ctx(log);
	aim_status rc = take_options(ctx, options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_registry *registry = aim__alloc_zeroed(ctx, sizeof *registry + o.name_space.len + 1);
	if (!registry)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	registry->ctx = aim__ctx_ref(ctx);
	registry->log = aim__audit_ref(log);
	registry->store = aim__audit_store(log);
	atomic_init(&registry->references, 1);
	atomic_init(&registry->generation, 1);
	registry->name_space_len = o.name_space.len;
	memcpy(registry->name_space, o.name_space.ptr, o.name_space.len);
	*out = registry;
	return AIM_OK;
}

aim_registry *aim__registry_ref(aim_registry *registry)
{
	atomic_fetch_add_explicit(&registry->references, 1, memory_order_relaxed);
	return registry;
}

void aim__registry_unref(aim_registry *registry)
{
	if (!registry || atomic_fetch_sub_explicit(&registry->references, 1, memory_order_acq_rel) != 1)
		return;
	aim_ctx *ctx = registry->ctx;
	aim__audit_unref(registry->log);
	aim__free(ctx, registry, sizeof *registry + registry->name_space_len + 1);
	aim__ctx_unref(ctx);
}

void aim_registry_free(aim_registry *registry)
{
	aim__registry_unref(registry);
}

aim_str aim_registry_name_space(const aim_registry *registry)
{
	aim_str name = {NULL, 0};
	if (registry) {
		name.ptr = registry->name_space;
		name.len = registry->name_space_len;
	}
	return name;
}

uint64_t aim__registry_generation(const aim_registry *registry)
{
	return atomic_load_explicit(&registry->generation, memory_order_acquire);
}

const char *const aim__status_names[] = {"unknown", "pending", "verified", "suspended", "revoked", NULL};

const char *aim_registry_status_name(uint32_t status)
{
	return aim__status_names[status <= AIM_REGISTRY_REVOKED ? status : 0];
}

/* allowed[from] is the set of statuses to move to. Staying is always possible. */
#define BIT(status) (1u << (status))
static const uint8_t allowed[AIM_REGISTRY_REVOKED + 1] = {
	[AIM_REGISTRY_PENDING] = BIT(AIM_REGISTRY_PENDING) | BIT(AIM_REGISTRY_VERIFIED) |
                             BIT(AIM_REGISTRY_SUSPENDED) | BIT(AIM_REGISTRY_REVOKED),
	[AIM_REGISTRY_VERIFIED] = BIT(AIM_REGISTRY_VERIFIED) | BIT(AIM_REGISTRY_SUSPENDED) |
                              BIT(AIM_REGISTRY_REVOKED),
	[AIM_REGISTRY_SUSPENDED] = BIT(AIM_REGISTRY_VERIFIED) | BIT(AIM_REGISTRY_SUSPENDED) |
                               BIT(AIM_REGISTRY_REVOKED),
	[AIM_REGISTRY_REVOKED] = BIT(AIM_REGISTRY_REVOKED),
};

int32_t aim_registry_move_allowed(uint32_t from, uint32_t to)
{
	if (from > AIM_REGISTRY_REVOKED || to > AIM_REGISTRY_REVOKED)
		return 0;
	return (allowed[from] & BIT(to)) != 0;
}
