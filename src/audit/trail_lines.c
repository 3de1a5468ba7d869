/* audit/trail_lines.c — an export as JSON Lines: a header, the records, a last line that makes the
 * whole checkable. Layer audit. The bytes are FROZEN: others verify them.
 *
 * A whole export carries the log's own tree: its frontier where the export begins and where it ends. A
 * partial one cannot, so its last line has the tree of the export's own lines instead. */
#include "audit/trail_export.h"

#include "audit/checkpoint.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "crypto/merkle.h"
#include "crypto/provider.h"

#include <string.h>

int aim__trail_export_is_partial(const aim__trail_export *e)
{
	return (e->options.flags & AIM_TRAIL_CONTROLS) || !aim__trail_filter_is_empty(&e->scan.filter);
}

static aim_status add_flag(aim_buf *out, const char *before, int value)
{
	aim_status rc = aim__buf_add_text(out, before);
	return rc == AIM_OK ? aim__buf_add_text(out, value ? "true" : "false") : rc;
}

/* The newest checkpoint, when the export reaches as far as it goes. */
static aim_status add_checkpoint(aim__trail_export *e)
{
	aim__checkpoint_kept kept;
	aim__checkpoint_kept_init(&kept, e->scan.log->ctx);
	aim_status rc = aim__checkpoint_load_newest(e->scan.log, &kept, e->scan.err);
	int fits = rc == AIM_OK && kept.tree.count >= e->report.first && kept.tree.count <= e->report.end;
	if (rc == AIM_E_NOT_FOUND)
		rc = AIM_OK;
	if (rc == AIM_OK && fits)
		rc = aim__buf_add_text(&e->header, AIM__EXPORT_CHECKPOINT);
	if (rc == AIM_OK && fits)
		rc = aim__json_quote(&e->header, aim_buf_str(&kept.text));
	aim__checkpoint_kept_dispose(&kept);
	return rc;
}

static aim_status add_members(aim__trail_export *e)
{
	aim_buf *out = &e->header;
	aim_status rc = add_flag(out, AIM__EXPORT_CONTROLS, (e->options.flags & AIM_TRAIL_CONTROLS) != 0);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, AIM__EXPORT_LOG);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(out, e->scan.log->options.name);
	if (rc == AIM_OK)
		rc = add_flag(out, AIM__EXPORT_PARTIAL, aim__trail_export_is_partial(e));
	if (rc == AIM_OK)
		rc = add_flag(out, AIM__EXPORT_SALTS, (e->options.flags & AIM_TRAIL_SALTS) != 0);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, AIM__EXPORT_START);
	if (rc == AIM_OK)
		rc = aim__audit_head_write(&e->tree, out);
	return rc == AIM_OK ? aim__buf_add_text(out, "}\n") : rc;
}

/* e->tree is the log's, at the first record. */
static aim_status begin(aim__trail_export *e)
{
	int partial = aim__trail_export_is_partial(e);
	aim_status rc = aim__buf_add_text(&e->header, AIM__EXPORT_VERSION);
	if (rc == AIM_OK && (e->options.flags & AIM_TRAIL_CHECKPOINT) && !partial)
		rc = add_checkpoint(e);
	if (rc == AIM_OK)
		rc = add_members(e);
	if (partial)
		memset(&e->tree, 0, sizeof e->tree);
	return rc == AIM_OK ? aim__buf_add_str(&e->out, aim_buf_str(&e->header)) : rc;
}

/* Ends the line that began at start, and adds its leaf to the tree. */
static aim_status end_line(aim__trail_export *e, size_t start, const aim__merkle_hash *leaf)
{
	const aim_ctx *ctx = e->scan.log->ctx;
	aim_status rc = AIM_OK;
	aim__merkle_hash of_line;
	if (aim__trail_export_is_partial(e)) {
		rc = aim__merkle_leaf(ctx, aim_bytes_from(e->out.ptr + start, e->out.len - start), &of_line);
		leaf = &of_line;
	}
	if (rc == AIM_OK)
		rc = aim__merkle_append(ctx, &e->tree, leaf);
	return rc == AIM_OK ? aim__buf_add_byte(&e->out, '\n') : rc;
}

static aim_status family(aim__trail_export *e)
{
	size_t start = e->out.len;
	aim_status rc = aim__buf_add_text(&e->out, AIM__EXPORT_FAMILY);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&e->out, aim_trail_family_name(e->family));
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&e->out, AIM__EXPORT_NOTICE);
	return rc == AIM_OK ? end_line(e, start, NULL) : rc;
}

static aim_status record(aim__trail_export *e, const aim_trail_record *r)
{
	size_t start = e->out.len;
	aim__merkle_hash leaf;
	aim_status rc = aim__audit_row_begin(&e->out);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&e->out, r->json);
	if (rc == AIM_OK && (e->options.flags & AIM_TRAIL_SALTS))
		rc = aim__audit_row_end(&e->out, start, r->salt, &leaf);
	else if (rc == AIM_OK)
		rc = aim__audit_row_end_bare(&e->out, start, aim__trail_record_is_salted(r), &leaf);
	if (rc != AIM_OK)
		return rc;
	aim__audit_row_place(e->out.ptr + start, r->position);
	return end_line(e, start, &leaf);
}

aim_status aim__export_check(const aim_ctx *ctx, aim_bytes header, aim_bytes last, char out[64])
{
	uint8_t digest[32];
	const aim_bytes parts[] = {header, last};
	aim_status rc = aim__sha256(ctx, parts, 2, digest);
	if (rc == AIM_OK)
		aim__hex_write(aim_bytes_from(digest, sizeof digest), out);
	return rc;
}

static aim_status add_check(aim__trail_export *e, aim_buf *line)
{
	char hex[64];
	aim_status rc = aim__export_check(e->scan.log->ctx, aim_buf_bytes(&e->header), aim_buf_bytes(line), hex);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(line, AIM__EXPORT_CHECK);
	if (rc == AIM_OK)
		rc = aim__buf_add(line, hex, sizeof hex);
	return rc == AIM_OK ? aim__buf_add_text(line, AIM__EXPORT_AFTER_CHECK "\n") : rc;
}

static aim_status end(aim__trail_export *e)
{
	aim_buf line;
	aim__buf_init(&line, e->scan.log->ctx);
	aim_status rc = aim__buf_add_text(&line, AIM__EXPORT_END);
	if (rc == AIM_OK)
		rc = aim__audit_head_write(&e->tree, &line);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&line, AIM__EXPORT_RECORDS);
	if (rc == AIM_OK)
		rc = aim__buf_add_u64(&line, e->report.n_records);
	if (rc == AIM_OK)
		rc = add_check(e, &line);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&e->out, aim_buf_str(&line));
	aim__buf_dispose(&line);
	return rc;
}

const aim__trail_format aim__trail_json_lines = {begin, family, record, NULL, end};
