/* assess/ledger_interop.c — attestations in AIM's own form, as they are stored, and how that form calls a server. Layer
 * assess. */
#include "assess/ledger.h"

#include "base/ctx.h"
#include "base/error.h"
#include "codec/json.h"
#include "codec/writer.h"

aim_status aim__ledger_interop_write(aim_str payload, aim_str signature, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "payload", payload);
	aim__write_member_string(&w, "signature", signature);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status take(const aim_json *doc, const char *name, aim__arena *arena, aim_str *out)
{
	aim_str text = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, name));
	if (!text.ptr)
		return AIM_E_ENVELOPE;
	*out = aim__arena_copy(arena, text);
	return out->ptr ? AIM_OK : AIM_E_NOMEM;
}

aim_status aim__ledger_interop_read(aim_ctx *ctx, aim_bytes envelope, aim__arena *arena, aim_str *out_payload,
                                    aim_str *out_signature)
{
	aim_json doc;
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, envelope, AIM_JSON_BORROW, NULL);
	if (rc == AIM_OK)
		rc = take(&doc, "payload", arena, out_payload);
	if (rc == AIM_OK)
		rc = take(&doc, "signature", arena, out_signature);
	aim__json_dispose(&doc);
	return rc;
}

aim_status aim__ledger_interop_url(const aim_server *server, aim_buf *out)
{
	if (!aim_server_command(server).len)
		return aim__buf_add_str(out, aim_server_url(server));
	aim_status rc = aim__buf_add_str(out, aim_server_command(server));
	for (size_t i = 0; rc == AIM_OK && i < aim_server_arg_count(server); i++) {
		rc = aim__buf_add_byte(out, ' ');
		if (rc == AIM_OK)
			rc = aim__buf_add_str(out, aim_server_arg_at(server, i));
	}
	return rc;
}
