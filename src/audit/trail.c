/* audit/trail.c — query and follow: rows in order, each checked against its hash, then filtered. Layer
 * audit. Reading newest first goes back in short blocks, because a store reads logs forwards. */
#include "audit/trail.h"

#include "audit/retention.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_trail_query, 8 + 3 * 8 + sizeof(void *));
AIM__NO_PADDING(aim_trail_page, 8 + 4 * 8);

#define DEFAULT_LIMIT 100u
/* At most this many records are held at once when reading backwards: 4 MiB if all are the longest. */
#define BLOCK_ROWS 64u
/* Ends a walk that has what it came for; never leaves this file. */
#define ENOUGH ((aim_status)1)

/* ---- what every reader shares ---- */

void aim__trail_scan_init(aim__trail_scan *scan, aim_audit *log, aim_error *err)
{
	memset(scan, 0, sizeof *scan);
	scan->log = log;
	scan->err = err;
	aim__trail_filter_init(&scan->filter, log->ctx);
	aim__trail_record_init(&scan->record, log->ctx);
}

void aim__trail_scan_dispose(aim__trail_scan *scan)
{
	aim__trail_filter_dispose(&scan->filter);
	aim__trail_record_dispose(&scan->record);
}

aim_status aim__trail_scan_row(aim__trail_scan *scan, uint64_t position, const aim__audit_row *row,
                               int *out_match)
{
	aim_trail_record *record = &scan->record;
	*out_match = 0;
	aim_status rc = aim__audit_row_leaf(scan->log->ctx, row, position, &record->leaf, scan->err);
	if (rc != AIM_OK || !aim__trail_filter_may_match(&scan->filter, row->record))
		return rc;
	rc = aim__trail_record_read(record, position, row->record, scan->err);
	if (rc != AIM_OK)
		return rc;
	memcpy(record->salt, row->salt, sizeof record->salt);
	*out_match = aim__trail_filter_matches(&scan->filter, record);
	return AIM_OK;
}

aim_status aim__trail_range(aim_audit *log, uint64_t *out_first, aim__merkle_frontier *out_tree,
                            aim_error *err)
{
	aim__merkle_frontier cut;
	aim_status rc = aim__audit_cut(log, &cut, err);
	if (rc != AIM_OK)
		return rc;
	*out_first = cut.count;
	return aim__audit_tree(log, out_tree, err);
}

aim_status aim__trail_check_from(uint64_t first, uint64_t *from, aim_error *err)
{
	if (*from == 0)
		*from = first;
	return *from < first ? aim__audit_removed(*from, first, err) : AIM_OK;
}

aim_status aim__trail_walk(aim_audit *log, uint64_t *next, uint64_t end, aim__audit_take take, void *user,
                           aim_error *err)
{
	aim_status rc = aim__audit_walk(log, next, end, take, user, err);
	if (rc == AIM_OK && *next < end)
		return aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		                 "the log ends before record %llu; its head says %llu records",
		                 (unsigned long long)*next, (unsigned long long)end);
	return rc;
}

/* ---- oldest first ---- */

typedef struct reading {
	aim__trail_scan scan;
	aim_trail_visit visit;
	void *user;
	uint64_t left; /* matches still wanted */
	int enough;
	aim_trail_page page;
} reading;

static aim_status take_forward(void *user, uint64_t position, const aim__audit_row *row)
{
	reading *r = user;
	int match;
	if (r->left == 0) {
		r->enough = 1;
		return ENOUGH;
	}
	aim_status rc = aim__trail_scan_row(&r->scan, position, row, &match);
	if (rc == AIM_OK && match)
		rc = r->visit(r->user, &r->scan.record);
	if (rc == AIM_OK && match) {
		r->page.n_matched++;
		r->left--;
	}
	return rc;
}

static aim_status read_forward(reading *r, uint64_t end, uint64_t size)
{
	uint64_t from = r->page.next;
	if (from > size)
		r->page.next = from = size;
	aim_status rc = AIM_OK;
	if (from < end)
		rc = aim__trail_walk(r->scan.log, &r->page.next, end, take_forward, r, r->scan.err);
	if (r->enough)
		rc = AIM_OK;
	r->page.n_scanned = r->page.next - from;
	if (rc == AIM_OK && r->page.next == size)
		r->page.flags = AIM_TRAIL_DONE;
	return rc;
}

/* ---- newest first ---- */

/* Matches of one block, held until they can be visited from the last to the first. */
typedef struct held {
	uint64_t position;
	size_t offset, len;
	uint8_t salt[AIM__AUDIT_SALT_LEN];
	aim__merkle_hash leaf;
} held;

typedef struct block {
	reading *r;
	aim_buf bytes;
	size_t n;
	held items[BLOCK_ROWS];
} block;

static aim_status take_block(void *user, uint64_t position, const aim__audit_row *row)
{
	block *b = user;
	int match;
	aim_status rc = aim__trail_scan_row(&b->r->scan, position, row, &match);
	if (rc != AIM_OK || !match)
		return rc;
	held *h = &b->items[b->n++];
	*h = (held){.position = position, .offset = b->bytes.len, .len = row->record.len,
	            .leaf = b->r->scan.record.leaf};
	memcpy(h->salt, row->salt, sizeof h->salt);
	rc = aim__buf_add_str(&b->bytes, row->record);
	return rc == AIM_OK ? rc : aim__fail_plain(b->r->scan.err, rc, AIM_LAYER_AUDIT);
}

static aim_status visit_held(reading *r, const block *b, const held *h)
{
	aim_trail_record *record = &r->scan.record;
	aim_str json = {(const char *)b->bytes.ptr + h->offset, h->len};
	aim_status rc = aim__trail_record_read(record, h->position, json, r->scan.err);
	if (rc != AIM_OK)
		return rc;
	memcpy(record->salt, h->salt, sizeof record->salt);
	record->leaf = h->leaf;
	rc = r->visit(r->user, record);
	if (rc != AIM_OK)
		return rc;
	r->page.n_matched++;
	r->left--;
	r->page.next = h->position;
	return AIM_OK;
}

/* Visits the block's matches while some are wanted. page.next becomes first, or the last one visited. */
static aim_status visit_block(reading *r, const block *b, uint64_t first)
{
	aim_status rc = AIM_OK;
	for (size_t i = b->n; rc == AIM_OK && i > 0; i--) {
		if (r->left == 0)
			return AIM_OK;
		r->page.next = b->items[i - 1].position + 1;
		rc = visit_held(r, b, &b->items[i - 1]);
	}
	if (rc == AIM_OK)
		r->page.next = first;
	return rc;
}

static int is_about_one_row(aim_status rc)
{
	return rc == AIM_E_AUDIT_CORRUPT || rc == AIM_E_AUDIT_GAP || rc == AIM_E_VERSION;
}

/* What is newer than a bad row is shown before the row is named. */
static aim_status read_block(reading *r, block *b, uint64_t first)
{
	aim_status rc;
	for (;;) {
		uint64_t at = first;
		aim__buf_truncate(&b->bytes, 0);
		b->n = 0;
		rc = aim__trail_walk(r->scan.log, &at, r->page.next, take_block, b, r->scan.err);
		if (!is_about_one_row(rc) || at + 1 >= r->page.next)
			break;
		first = at + 1;
	}
	return rc == AIM_OK ? visit_block(r, b, first) : rc;
}

static aim_status read_backward(reading *r, uint64_t first, uint64_t size, uint64_t max_scanned)
{
	block b = {.r = r};
	aim_status rc = AIM_OK;
	if (r->page.next > size)
		r->page.next = size;
	uint64_t from = r->page.next;
	uint64_t last = from - first > max_scanned ? from - max_scanned : first;
	aim__buf_init(&b.bytes, r->scan.log->ctx);
	while (rc == AIM_OK && r->left > 0 && r->page.next > last) {
		uint64_t left = r->page.next - last;
		rc = read_block(r, &b, r->page.next - (left < BLOCK_ROWS ? left : BLOCK_ROWS));
	}
	aim__buf_dispose(&b.bytes);
	r->page.n_scanned = from - r->page.next;
	if (rc == AIM_OK && r->page.next == first)
		r->page.flags = AIM_TRAIL_DONE;
	return rc;
}

/* ---- the calls ---- */

static aim_status run_query(reading *r, const aim_trail_query *q)
{
	aim__merkle_frontier tree;
	uint64_t max_scanned = q->max_scanned ? q->max_scanned : UINT64_MAX;
	aim_status rc = aim__trail_range(r->scan.log, &r->page.first_kept, &tree, r->scan.err);
	r->page.next = q->from;
	if (rc == AIM_OK)
		rc = aim__trail_check_from(r->page.first_kept, &r->page.next, r->scan.err);
	if (rc != AIM_OK)
		return rc;
	if (q->flags & AIM_TRAIL_NEWEST_FIRST)
		return read_backward(r, r->page.first_kept, tree.count, max_scanned);
	uint64_t end = tree.count;
	if (r->page.next < end && max_scanned < end - r->page.next)
		end = r->page.next + max_scanned;
	return read_forward(r, end, tree.count);
}

aim_status aim_trail_read(aim_audit *log, const aim_trail_query *query, aim_trail_visit visit, void *user,
                          aim_trail_page *page, aim_error *err)
{
	aim_trail_query q = {.struct_size = sizeof q};
	if (!log || !visit)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and visit are required");
	aim_status rc = aim__sized_in(&q, sizeof q, query, sizeof q, "aim_trail_query", err);
	if (rc != AIM_OK)
		return rc;
	if (q.flags & ~AIM_TRAIL_NEWEST_FIRST)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_trail_query.flags has an unknown bit");
	reading r = {.visit = visit, .user = user, .left = q.limit ? q.limit : DEFAULT_LIMIT};
	r.page.struct_size = sizeof r.page;
	aim__trail_scan_init(&r.scan, log, err);
	rc = aim__trail_filter_read(&r.scan.filter, q.filter, err);
	if (rc == AIM_OK)
		rc = run_query(&r, &q);
	aim__trail_scan_dispose(&r.scan);
	aim_status filled = page ? aim__sized_out(page, &r.page, sizeof r.page, sizeof r.page) : AIM_OK;
	return rc != AIM_OK ? rc : filled;
}

static aim_status follow(reading *r, uint64_t *position, uint64_t limit)
{
	aim__merkle_frontier tree;
	uint64_t first;
	aim_status rc = aim__trail_range(r->scan.log, &first, &tree, r->scan.err);
	if (rc != AIM_OK)
		return rc;
	if (*position == AIM_TRAIL_END) {
		*position = tree.count;
		return AIM_OK;
	}
	if (*position > tree.count)
		return aim__fail(r->scan.err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		                 "the log has %llu records, and %llu were read before",
		                 (unsigned long long)tree.count, (unsigned long long)*position);
	/* Also at 0: whoever follows from the beginning would miss what was removed and not know. */
	if (*position < first)
		return aim__audit_removed(*position, first, r->scan.err);
	uint64_t end = tree.count;
	if (limit > 0 && limit < end - *position)
		end = *position + limit;
	return aim__trail_walk(r->scan.log, position, end, take_forward, r, r->scan.err);
}

aim_status aim_trail_follow(aim_audit *log, uint64_t *position, const aim_trail_filter *filter,
                            uint64_t limit, aim_trail_visit visit, void *user, aim_error *err)
{
	if (!log || !position || !visit)
		return AIM__MISUSE(log ? log->ctx : NULL, "log, position and visit are required");
	reading r = {.visit = visit, .user = user, .left = UINT64_MAX};
	aim__trail_scan_init(&r.scan, log, err);
	aim_status rc = aim__trail_filter_read(&r.scan.filter, filter, err);
	if (rc == AIM_OK)
		rc = follow(&r, position, limit);
	aim__trail_scan_dispose(&r.scan);
	return rc;
}
