/* identity/registry.c — the handle, and the table of the life cycle. Layer identity. */
#include "identity/registry.h"

#include "audit/commit.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/status.h"
#include "store/store.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_registry_options, 8 + 2 * P + 8);
AIM__NO_PADDING(aim_registry_move, 16 + 4 * P);
#undef P

#define DEFAULT_NAME_SPACE "default"
#define DEFAULT_STALENESS_MS 1000u
#define EPOCH_KEY "epoch/identity"

static aim_status take_options(const aim_ctx *ctx, const aim_registry_options *options,
                               aim_registry_options *out, aim_error *err)
{
	aim_status rc =
		aim__sized_in(out, sizeof *out, options, offsetof(aim_registry_options, max_staleness_ms),
	                  "aim_registry_options", err);
	if (rc == AIM_OK && out->flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		               "aim_registry_options.flags must be 0");
	if (rc == AIM_OK && out->max_staleness_ms == 0)
		out->max_staleness_ms = DEFAULT_STALENESS_MS;
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
	if (!registry || aim__mutex_init(&registry->epoch_lock) != AIM_OK) {
		aim__free(ctx, registry, sizeof *registry + o.name_space.len + 1);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	}
	registry->ctx = aim__ctx_ref(ctx);
	registry->log = aim__audit_ref(log);
	registry->store = aim__audit_store(log);
	atomic_init(&registry->references, 1);
	atomic_init(&registry->generation, 1);
	atomic_init(&registry->checked_us, AIM__NEVER_US);
	registry->max_staleness_us = (int64_t)o.max_staleness_ms * 1000;
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
	aim__mutex_dispose(&registry->epoch_lock);
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

/* ---- the epoch ----
 *
 * A counter in the store that every change of a subject steps. Its version says as much as its value and
 * needs no parsing. */

aim_store_op aim__registry_epoch_step(void)
{
	aim_store_op op = {.kind = AIM_STORE_ADD, .delta = 1, .bound = INT64_MAX};
	op.key = aim_bytes_from_str(aim_str_from(EPOCH_KEY));
	return op;
}

/* The counter is written as it is: its version moves, its value does not. */
aim_status aim__registry_epoch_hold(aim_registry *registry, aim_buf *value, aim_store_op *out, aim_error *err)
{
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_VERSION, .key = aim_bytes_from_str(aim_str_from(EPOCH_KEY))};
	aim_buf_clear(value);
	aim_status rc = aim__store_get(registry->store, op.key, value, &op.version, err);
	if (rc == AIM_E_NOT_FOUND) {
		op.kind = AIM_STORE_PUT_IF_ABSENT;
		rc = aim__buf_add_byte(value, '0');
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	}
	op.value = aim_buf_bytes(value);
	if (rc == AIM_OK)
		*out = op;
	return rc;
}

static int is_fresh(const aim_registry *registry, int64_t now_us)
{
	int64_t at = atomic_load_explicit(&registry->checked_us, memory_order_acquire);
	return at != AIM__NEVER_US && now_us >= at && now_us - at < registry->max_staleness_us;
}

/* The lock is held. No key yet is version 0. */
static aim_status read_epoch(aim_registry *registry, int64_t now_us, aim_error *err)
{
	uint64_t epoch = 0;
	aim_buf value;
	aim__buf_init(&value, registry->ctx);
	aim_status rc = aim__store_get(registry->store, aim_bytes_from_str(aim_str_from(EPOCH_KEY)), &value,
	                               &epoch, err);
	aim__buf_dispose(&value);
	if (rc == AIM_E_NOT_FOUND)
		epoch = 0;
	else if (rc != AIM_OK)
		return rc;
	if (epoch != registry->epoch)
		atomic_fetch_add_explicit(&registry->generation, 1, memory_order_release);
	registry->epoch = epoch;
	/* Behind the generation: who sees this time sees that number. */
	atomic_store_explicit(&registry->checked_us, now_us, memory_order_release);
	return AIM_OK;
}

aim_status aim_registry_generation(aim_registry *registry, int64_t now_us, uint64_t *out, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (!registry || !out || now_us == AIM__NEVER_US)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, now_us and out are required");
	if (!is_fresh(registry, now_us)) {
		aim__mutex_lock(&registry->epoch_lock);
		if (!is_fresh(registry, now_us)) /* another thread may just have looked */
			rc = read_epoch(registry, now_us, err);
		aim__mutex_unlock(&registry->epoch_lock);
	}
	if (rc == AIM_OK)
		*out = aim__registry_generation(registry);
	return rc;
}

/* ---- the life cycle ---- */

const char *const aim__status_names[] = {"unknown", "pending", "verified", "suspended", "revoked", NULL};

const char *aim_registry_status_name(uint32_t status)
{
	return aim__status_names[status <= AIM_REGISTRY_REVOKED ? status : 0];
}

uint32_t aim_registry_status_of(aim_str name)
{
	if (aim_str_equal(name, aim_str_from("active")))
		return AIM_REGISTRY_VERIFIED;
	for (uint32_t status = AIM_REGISTRY_PENDING; status <= AIM_REGISTRY_REVOKED; status++)
		if (aim_str_equal(name, aim_str_from(aim__status_names[status])))
			return status;
	return 0;
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
