/* backends/stores.c — opening stores with every kind of record known. Part of the composition root. */
#include <aim/store.h>

#include "backends/kinds.h"
#include "base/ctx.h"
#include "base/error.h"

aim_status aim_store_open_engine(aim_ctx *ctx, const aim_store_engine *engine,
                                 const aim_store_options *options, aim_store **out, aim_error *err)
{
	if (!engine)
		return AIM__MISUSE(ctx, "engine is required");
	if (!ctx || !out) {
		if (engine->close)
			engine->close(engine->user);
		return AIM__MISUSE(ctx, "ctx and out are required");
	}
	return aim__store_open(ctx, engine, &aim__all_record_kinds, options, out, err);
}

aim_status aim_store_open_memory(aim_ctx *ctx, const aim_store_options *options, aim_store **out,
                                 aim_error *err)
{
	aim_store_engine engine;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__store_memory_engine(ctx, &engine);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_STORE);
	return aim__store_open(ctx, &engine, &aim__all_record_kinds, options, out, err);
}
