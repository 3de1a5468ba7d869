/* audit/trail_verify_line.c — one line of an export checked: the header, a heading, a record, the last
 * line. Layer audit. Nothing is believed: what the tree does not cover, the check in the last line does. */
#include "audit/trail_verify.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "crypto/merkle.h"

#include <aim/checkpoint.h>
#include <string.h>

#define LEN(literal) (sizeof(literal) - 1)

static aim_status bad_format(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT, "the export: %s", what);
}

static int starts_with(aim_bytes line, const char *text)
{
	size_t len = strlen(text);
	return line.len >= len && memcmp(line.ptr, text, len) == 0;
}

static aim_status parse(aim_trail_verifier *v, aim_bytes line, aim_error *err)
{
	aim_status rc = aim_json_parse(&v->doc, line, AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return rc == AIM_OK ? rc : bad_format("the line is not JSON", err);
}

static aim_json_value member(const aim_trail_verifier *v, const char *name)
{
	return aim__json_member_text(&v->doc, AIM_JSON_ROOT, name);
}

static aim_status read_head(aim_trail_verifier *v, const char *name, aim__merkle_frontier *out, aim_error *err)
{
	aim_bytes head = aim_json_raw(&v->doc, member(v, name));
	if (!head.ptr)
		return bad_format("the line has no tree", err);
	return aim__audit_head_read(v->ctx, head, out, err);
}

/* ---- milestones ---- */

static aim_status compare(const aim_trail_verifier *v, const aim__export_milestone *m, const char *what,
                          aim_error *err)
{
	aim__merkle_hash root;
	if (!m->wanted || m->size != v->tree.count)
		return AIM_OK;
	aim_status rc = aim__merkle_frontier_root(v->ctx, &v->tree, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (aim__merkle_equal(&root, &m->root))
		return AIM_OK;
	return aim__fail(err, AIM_E_AUDIT_FORK, AIM_LAYER_AUDIT, "the first %llu records are not those of the %s",
	                 (unsigned long long)m->size, what);
}

static aim_status compare_both(const aim_trail_verifier *v, aim_error *err)
{
	aim_status rc = compare(v, &v->remembered, "remembered head", err);
	return rc == AIM_OK ? compare(v, &v->checkpoint, "checkpoint", err) : rc;
}

static aim_status must_be_reached(const aim_trail_verifier *v, const aim__export_milestone *m,
                                  const char *what, aim_error *err)
{
	if (!m->wanted || m->size <= v->tree.count)
		return AIM_OK;
	return aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
	                 "the export ends before record %llu; the %s has %llu", (unsigned long long)v->tree.count,
	                 what, (unsigned long long)m->size);
}

/* ---- the header ---- */

static aim_status read_flags(aim_trail_verifier *v, aim_error *err)
{
	static const char *const names[] = {"controls", "partial", "salts"};
	int *const flags[] = {&v->controls, &v->partial, &v->salts};
	for (size_t i = 0; i < 3; i++) {
		int32_t value = 0;
		if (aim_json_bool(&v->doc, member(v, names[i]), &value) != AIM_OK)
			return bad_format("its header lacks a flag", err);
		*flags[i] = value;
	}
	if (v->controls && !v->partial)
		return bad_format("its header says that it is grouped and whole", err);
	return AIM_OK;
}

static aim_status read_checkpoint(aim_trail_verifier *v, aim_error *err)
{
	aim_json_value value = member(v, "checkpoint");
	aim_str text = aim__json_string(&v->doc, value);
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_status rc = AIM_OK;
	if (value == AIM_JSON_NONE) {
		if (v->vkey.len == 0 || v->partial)
			return AIM_OK;
		return aim__fail(err, AIM_E_AUDIT_UNSIGNED, AIM_LAYER_AUDIT,
		                 "the export has no checkpoint that the key could have signed");
	}
	if (!text.ptr || v->partial)
		return bad_format("its header has no such checkpoint", err);
	if (v->vkey.len > 0)
		rc = aim_checkpoint_verify(v->ctx, text, v->vkey, v->origin, &c, err);
	else
		rc = aim_checkpoint_parse(text, &c, err);
	if (rc != AIM_OK)
		return rc;
	v->checkpoint.wanted = 1;
	v->checkpoint.size = c.size;
	memcpy(v->checkpoint.root.bytes, c.root, sizeof c.root);
	if (v->vkey.len > 0)
		v->report.checkpoint_size = c.size;
	return AIM_OK;
}

/* Where the export begins. A milestone before that cannot be compared. */
static aim_status settle_start(aim_trail_verifier *v, aim_error *err)
{
	v->report.first = v->report.end = v->next = v->tree.count;
	if (v->partial) {
		memset(&v->tree, 0, sizeof v->tree);
		v->remembered.wanted = 0;
		return AIM_OK;
	}
	if (v->checkpoint.wanted && v->checkpoint.size < v->tree.count)
		return bad_format("its checkpoint lies before its first record", err);
	v->uncovered = v->remembered.wanted && v->remembered.size < v->tree.count;
	return compare_both(v, err);
}

static aim_status take_header(aim_trail_verifier *v, aim_bytes line, aim_error *err)
{
	int64_t version = 0;
	aim_status rc = parse(v, line, err);
	if (rc != AIM_OK)
		return rc;
	if (aim_json_int64(&v->doc, member(v, "aim_audit_export"), &version) != AIM_OK || version < 1)
		return bad_format("its first line is not the header of one", err);
	if (version > 1)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "the export is of the later format %lld",
		                 (long long)version);
	rc = aim__buf_add(&v->header, line.ptr, line.len);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&v->header, '\n');
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	rc = read_flags(v, err);
	if (rc == AIM_OK)
		rc = read_head(v, "start", &v->tree, err);
	if (rc == AIM_OK)
		rc = read_checkpoint(v, err);
	if (rc == AIM_OK)
		rc = settle_start(v, err);
	v->state = AIM__EXPORT_LINES;
	return rc;
}

/* ---- the lines between ---- */

static aim_status add_leaf(aim_trail_verifier *v, aim_bytes line, const aim__merkle_hash *leaf, aim_error *err)
{
	aim__merkle_hash of_line;
	aim_status rc = AIM_OK;
	if (v->partial) {
		rc = aim__merkle_leaf(v->ctx, line, &of_line);
		leaf = &of_line;
	}
	if (rc == AIM_OK)
		rc = aim__merkle_append(v->ctx, &v->tree, leaf);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}

static aim_status take_heading(aim_trail_verifier *v, aim_bytes line, aim_error *err)
{
	if (!v->controls)
		return bad_format("a heading where there are no groups", err);
	v->next = v->report.first;
	return add_leaf(v, line, NULL, err);
}

static aim_status check_place(const aim_trail_verifier *v, uint64_t position, aim_error *err)
{
	if (position > v->next && !v->partial)
		return aim__fail(err, AIM_E_AUDIT_GAP, AIM_LAYER_AUDIT, "record %llu is missing: %llu comes next",
		                 (unsigned long long)v->next, (unsigned long long)position);
	if (position < v->next)
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "record %llu stands where record %llu belongs", (unsigned long long)position,
		                 (unsigned long long)v->next);
	return AIM_OK;
}

/* A record that commits to arguments has a salt, and no other has. */
static aim_status check_salt(aim_trail_verifier *v, const aim__audit_row *row, int salted, uint64_t position,
                             aim_error *err)
{
	static const uint8_t zeros[AIM__AUDIT_SALT_LEN];
	aim_status rc = aim__trail_record_read(&v->record, position, row->record, err);
	if (rc != AIM_OK)
		return rc;
	if (v->salts)
		salted = memcmp(row->salt, zeros, sizeof zeros) != 0;
	if (salted == aim__trail_record_is_salted(&v->record))
		return AIM_OK;
	return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT, "record %llu: salt and commitment disagree",
	                 (unsigned long long)position);
}

static aim_status take_record(aim_trail_verifier *v, aim_bytes line, uint64_t position, aim_error *err)
{
	aim__audit_row row;
	aim__merkle_hash leaf;
	int salted = 0;
	v->report.bad_position = position;
	aim_status rc = check_place(v, position, err);
	if (rc == AIM_OK && v->salts)
		rc = aim__audit_row_read(line, position, &row, err);
	else if (rc == AIM_OK)
		rc = aim__audit_row_read_bare(line, position, &row, &salted, err);
	if (rc == AIM_OK)
		rc = aim__audit_row_leaf(v->ctx, &row, position, &leaf, err);
	if (rc == AIM_OK)
		rc = check_salt(v, &row, salted, position, err);
	if (rc == AIM_OK)
		rc = add_leaf(v, line, &leaf, err);
	if (rc == AIM_OK && !v->partial)
		rc = compare_both(v, err);
	if (rc != AIM_OK)
		return rc;
	v->report.bad_position = AIM_TRAIL_END;
	v->next = position + 1;
	if (v->report.end < v->next)
		v->report.end = v->next;
	v->report.n_records++;
	return AIM_OK;
}

/* ---- the last line ---- */

/* The check stands at a fixed distance from the end. */
static aim_status check_frame(const aim_trail_verifier *v, aim_bytes line, aim_error *err)
{
	static const char before[] = AIM__EXPORT_CHECK, after[] = AIM__EXPORT_AFTER_CHECK;
	const size_t tail = LEN(before) + 64 + LEN(after);
	char check[64];
	if (line.len < tail)
		return bad_format("another line than belongs there", err);
	aim_bytes covered = {line.ptr, line.len - tail};
	const uint8_t *p = line.ptr + covered.len;
	aim_status rc = aim__export_check(v->ctx, aim_buf_bytes(&v->header), covered, check);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (memcmp(p, before, LEN(before)) != 0 || memcmp(p + LEN(before), check, 64) != 0 ||
	    memcmp(p + LEN(before) + 64, after, LEN(after)) != 0)
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "the first and last line of the export do not match their check");
	return AIM_OK;
}

static aim_status check_end(aim_trail_verifier *v, aim_error *err)
{
	aim__merkle_frontier end;
	int64_t n_records = -1;
	aim_status rc = read_head(v, "end", &end, err);
	if (rc != AIM_OK)
		return rc;
	(void)aim_json_int64(&v->doc, member(v, "n_records"), &n_records);
	if (end.count > v->tree.count)
		return aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		                 "lines are missing: there are %llu, and the last one says %llu",
		                 (unsigned long long)v->tree.count, (unsigned long long)end.count);
	if (!aim__merkle_frontier_equal(&end, &v->tree) || n_records < 0 ||
	    (uint64_t)n_records != v->report.n_records)
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "the records do not match the tree in the last line");
	rc = must_be_reached(v, &v->checkpoint, "checkpoint", err);
	return rc == AIM_OK ? must_be_reached(v, &v->remembered, "remembered head", err) : rc;
}

static aim_status take_last(aim_trail_verifier *v, aim_bytes line, aim_error *err)
{
	aim_status rc = check_frame(v, line, err);
	if (rc == AIM_OK)
		rc = parse(v, line, err);
	if (rc == AIM_OK)
		rc = check_end(v, err);
	v->state = AIM__EXPORT_ENDED;
	return rc;
}

aim_status aim__export_take_line(aim_trail_verifier *v, aim_bytes line, aim_error *err)
{
	if (v->state == AIM__EXPORT_BEFORE)
		return take_header(v, line, err);
	if (v->state == AIM__EXPORT_ENDED)
		return bad_format("a line behind its last one", err);
	if (starts_with(line, AIM__EXPORT_END))
		return take_last(v, line, err);
	if (starts_with(line, AIM__EXPORT_FAMILY))
		return take_heading(v, line, err);
	uint64_t position = aim__audit_row_claims(line);
	if (position == UINT64_MAX)
		return bad_format("the line is neither a record nor the last one", err);
	return take_record(v, line, position, err);
}
