/* backends/sqlite_none.c — the SQLite store of a build without SQLite. Layer backends. */
#include <aim/sqlite.h>

#include "base/ctx.h"
#include "base/error.h"

aim_status aim_sqlite_open(aim_ctx *ctx, aim_str path, const aim_sqlite_options *options, aim_store **out,
                           aim_error *err)
{
	(void)path;
	(void)options;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_BACKENDS, "libaim was built without SQLite");
}
