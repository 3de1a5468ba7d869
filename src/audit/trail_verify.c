/* audit/trail_verify.c — an export cut into lines and verified, without the log. Layer audit. Memory: one
 * line and the tree's frontier. */
#include "audit/trail_verify.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_trail_verify_options, 8 + P + 2 * 2 * P);
AIM__NO_PADDING(aim_trail_verify_report, 8 + 7 * 8 + 32);
#undef P

static aim_status take_remembered(aim_trail_verifier *v, const aim_audit_head *remembered, aim_error *err)
{
	aim_audit_head head = {.struct_size = sizeof head};
	aim_status rc = aim__sized_in(&head, sizeof head, remembered, sizeof head, "aim_audit_head", err);
	if (rc != AIM_OK || !remembered)
		return rc;
	v->remembered.wanted = 1;
	v->remembered.size = head.size;
	memcpy(v->remembered.root.bytes, head.root, sizeof head.root);
	return AIM_OK;
}

static aim_status take_options(aim_trail_verifier *v, const aim_trail_verify_options *options, aim_error *err)
{
	aim_trail_verify_options o = {.struct_size = sizeof o};
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_trail_verify_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o.flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_trail_verify_options.flags must be 0");
	if ((o.vkey.len && !o.vkey.ptr) || (o.origin.len && !o.origin.ptr))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "aim_trail_verify_options: vkey or origin has a length and no pointer");
	v->vkey = o.vkey;
	v->origin = o.origin;
	return take_remembered(v, o.remembered, err);
}

aim_status aim_trail_verifier_new(aim_ctx *ctx, const aim_trail_verify_options *options,
                                  aim_trail_verifier **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_trail_verifier *v = aim__alloc_zeroed(ctx, sizeof *v);
	if (!v)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	v->ctx = aim__ctx_ref(ctx);
	aim__buf_init(&v->header, ctx);
	aim__buf_init(&v->rest, ctx);
	aim__json_init(&v->doc, ctx);
	aim__trail_record_init(&v->record, ctx);
	v->report.struct_size = sizeof v->report;
	v->report.bad_position = AIM_TRAIL_END;
	aim_status rc = take_options(v, options, err);
	if (rc == AIM_OK)
		*out = v;
	else
		aim_trail_verifier_free(v);
	return rc;
}

void aim_trail_verifier_free(aim_trail_verifier *v)
{
	if (!v)
		return;
	aim_ctx *ctx = v->ctx;
	aim__buf_dispose(&v->header);
	aim__buf_dispose(&v->rest);
	aim__json_dispose(&v->doc);
	aim__trail_record_dispose(&v->record);
	aim__free(ctx, v, sizeof *v);
	aim__ctx_unref(ctx);
}

/* The first failure stays, with its place. */
static aim_status fail_at_line(aim_trail_verifier *v, aim_status rc)
{
	v->status = rc;
	v->report.bad_line = v->report.n_lines + 1;
	v->error.line = v->report.bad_line > UINT32_MAX ? UINT32_MAX : (uint32_t)v->report.bad_line;
	v->error.column = 1;
	v->error.offset = v->offset;
	return rc;
}

static aim_status take_line(aim_trail_verifier *v, aim_bytes line)
{
	aim_status rc = AIM_OK;
	if (line.len > AIM__EXPORT_MAX_LINE_BYTES)
		rc = aim__fail(&v->error, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT,
		               "the export: a line is longer than %u bytes", AIM__EXPORT_MAX_LINE_BYTES);
	else
		rc = aim__export_take_line(v, line, &v->error);
	if (rc != AIM_OK)
		return fail_at_line(v, rc);
	v->report.n_lines++;
	v->offset += line.len + 1;
	return AIM_OK;
}

/* Keeps the beginning of a line until its end comes. */
static aim_status keep(aim_trail_verifier *v, const uint8_t *p, size_t len)
{
	if (len > AIM__EXPORT_MAX_LINE_BYTES + 1 - v->rest.len)
		len = AIM__EXPORT_MAX_LINE_BYTES + 1 - v->rest.len; /* too long already: take_line() says so */
	aim_status rc = aim__buf_add(&v->rest, p, len);
	if (rc == AIM_OK && v->rest.len > AIM__EXPORT_MAX_LINE_BYTES)
		return take_line(v, aim_buf_bytes(&v->rest));
	if (rc != AIM_OK) {
		(void)aim__fail_plain(&v->error, rc, AIM_LAYER_AUDIT);
		return fail_at_line(v, rc);
	}
	return AIM_OK;
}

static aim_status feed(aim_trail_verifier *v, const uint8_t *p, size_t len)
{
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && len > 0) {
		const uint8_t *stop = memchr(p, '\n', len);
		size_t n = stop ? (size_t)(stop - p) : len;
		if (!stop) {
			rc = keep(v, p, n);
			break;
		}
		if (v->rest.len > 0) {
			rc = keep(v, p, n);
			if (rc == AIM_OK)
				rc = take_line(v, aim_buf_bytes(&v->rest));
			aim__buf_truncate(&v->rest, 0);
		} else {
			rc = take_line(v, aim_bytes_from(p, n));
		}
		p += n + 1;
		len -= n + 1;
	}
	return rc;
}

static void tell(const aim_trail_verifier *v, aim_error *err)
{
	if (err)
		*err = v->error;
}

aim_status aim_trail_verifier_feed(aim_trail_verifier *v, aim_bytes bytes, aim_error *err)
{
	if (!v || (!bytes.ptr && bytes.len > 0))
		return AIM__MISUSE(v ? v->ctx : NULL, "verifier and bytes are required");
	if (v->status == AIM_OK)
		(void)feed(v, bytes.ptr, bytes.len);
	if (v->status != AIM_OK)
		tell(v, err);
	return v->status;
}

/* What only the end can say. */
static aim_status conclude(aim_trail_verifier *v)
{
	if (v->status != AIM_OK)
		return v->status;
	if (v->state != AIM__EXPORT_ENDED || v->rest.len > 0) {
		aim_status rc = aim__fail(&v->error, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		                          "the export is cut short: it has no last line");
		if (v->state == AIM__EXPORT_ENDED)
			rc = aim__fail(&v->error, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT,
			               "the export: bytes behind its last line");
		return fail_at_line(v, rc);
	}
	if (v->partial)
		return aim__fail(&v->error, AIM_E_AUDIT_PARTIAL, AIM_LAYER_AUDIT,
		                 "the export has some of the records; each is as it was exported");
	if (v->uncovered)
		return aim__fail(&v->error, AIM_E_AUDIT_PARTIAL, AIM_LAYER_AUDIT,
		                 "the export begins at record %llu; nothing in it leads back to the %llu that are "
		                 "remembered",
		                 (unsigned long long)v->report.first, (unsigned long long)v->remembered.size);
	return AIM_OK;
}

aim_status aim_trail_verifier_end(aim_trail_verifier *v, aim_trail_verify_report *report, aim_error *err)
{
	aim__merkle_hash root;
	if (!v)
		return AIM__MISUSE(NULL, "verifier is required");
	v->status = conclude(v);
	if (v->status != AIM_OK)
		tell(v, err);
	aim_status rc = aim__merkle_frontier_root(v->ctx, &v->tree, &root);
	if (rc != AIM_OK)
		return v->status != AIM_OK ? v->status : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	memcpy(v->report.root, root.bytes, sizeof v->report.root);
	if (report)
		rc = aim__sized_out(report, &v->report, sizeof v->report, sizeof v->report);
	return v->status != AIM_OK ? v->status : rc;
}

aim_status aim_trail_verify(aim_ctx *ctx, aim_bytes bytes, const aim_trail_verify_options *options,
                            aim_trail_verify_report *report, aim_error *err)
{
	aim_trail_verifier *v = NULL;
	if (!ctx || (!bytes.ptr && bytes.len > 0))
		return AIM__MISUSE(ctx, "ctx and bytes are required");
	aim_status rc = aim_trail_verifier_new(ctx, options, &v, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_trail_verifier_feed(v, bytes, err);
	aim_status ended = aim_trail_verifier_end(v, report, err); /* says the same, and fills the report */
	if (rc == AIM_OK)
		rc = ended;
	aim_trail_verifier_free(v);
	return rc;
}
