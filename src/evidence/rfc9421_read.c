/* evidence/rfc9421_read.c — the handle with which a host looks at signatures before it knows the key. Layer
 * evidence. */
#include "evidence/rfc9421.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

AIM__NO_PADDING(aim_rfc9421_info, sizeof(uint32_t) * 2 + sizeof(aim_str) * 5 + sizeof(int64_t) * 2 + sizeof(uint64_t));

aim_status aim_rfc9421_read(aim_ctx *ctx, const aim_rfc9421_message *message, aim_rfc9421 **out, aim_error *err)
{
	aim__http http;
	if (!ctx || !message || !out)
		return AIM__MISUSE(ctx, "ctx, message and out are required");
	aim_status rc = aim__http_read(message, &http, err);
	if (rc != AIM_OK)
		return rc;
	aim_rfc9421 *signatures = aim__alloc_zeroed(ctx, sizeof *signatures);
	if (!signatures)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	rc = aim__rfc9421_open(aim__ctx_ref(ctx), &http.message, signatures, err);
	if (rc == AIM_OK)
		*out = signatures;
	else
		aim_rfc9421_free(signatures);
	return rc;
}

void aim_rfc9421_free(aim_rfc9421 *signatures)
{
	if (!signatures)
		return;
	aim_ctx *ctx = signatures->ctx;
	aim__rfc9421_close(signatures);
	aim__free(ctx, signatures, sizeof *signatures);
	aim__ctx_unref(ctx);
}

uint32_t aim_rfc9421_count(const aim_rfc9421 *signatures)
{
	return signatures ? signatures->input.n_members : 0;
}

aim_status aim_rfc9421_at(const aim_rfc9421 *signatures, uint32_t i, aim_rfc9421_info *out)
{
	aim_rfc9421_info info = {.struct_size = sizeof info};
	if (!signatures || !out)
		return AIM__MISUSE(signatures ? signatures->ctx : NULL, "signatures and out are required");
	if (i >= signatures->input.n_members)
		return AIM_E_NOT_FOUND;
	const aim__sf *sf = &signatures->input;
	const aim__sf_node *node = aim__sf_at(sf, i);
	info.label = node->key;
	info.keyid = aim__rfc9421_text(sf, node, "keyid");
	info.tag = aim__rfc9421_text(sf, node, "tag");
	info.nonce = aim__rfc9421_text(sf, node, "nonce");
	info.alg = aim__rfc9421_text(sf, node, "alg");
	info.flags |= aim__rfc9421_number(sf, node, "created", &info.created_s) ? AIM_RFC9421_HAS_CREATED : 0;
	info.flags |= aim__rfc9421_number(sf, node, "expires", &info.expires_s) ? AIM_RFC9421_HAS_EXPIRES : 0;
	info.n_components = node->n_inner;
	return aim__sized_out(out, &info, sizeof info, sizeof info);
}
