/* backends/defaults.c — the composition root: the one place that knows which plug-ins are built in. */
#include <aim/ctx.h>
#include "base/ctx.h"

static aim_status no_crypto_open(aim_ctx *ctx, const struct aim_crypto *table, void **out_provider,
                                 aim_error *err)
{
	(void)ctx;
	(void)table;
	(void)err;
	*out_provider = NULL;
	return AIM_OK;
}

static void no_crypto_close(aim_ctx *ctx, void *provider)
{
	(void)ctx;
	(void)provider;
}

static const aim__crypto_slot slot = {no_crypto_open, no_crypto_close};

aim_status aim_ctx_new(const aim_ctx_options *options, aim_ctx **out, aim_error *err)
{
	return aim__ctx_build(options, &slot, out, err);
}
