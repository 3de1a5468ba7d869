/* audit/rows.c — the rows of a log in their order, page by page. Layer audit. */
#include "audit/log.h"

#include "audit/retention.h"
#include "base/ctx.h"
#include "base/error.h"

/* Rows per question to the store: enough that the question costs nothing, few enough that a reader
 * does not hold a transaction for long. */
#define PAGE_ROWS 256u

typedef struct walk {
	uint64_t next; /* the position that must come */
	aim__audit_take take;
	void *user;
	aim_error *err;
} walk;

static aim_status take_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	walk *w = user;
	aim__audit_row row;
	(void)key;
	(void)version;
	if (position != w->next)
		return aim__fail(w->err, AIM_E_AUDIT_GAP, AIM_LAYER_AUDIT,
		                 "record %llu is missing: %llu comes next", (unsigned long long)w->next,
		                 (unsigned long long)position);
	aim_status rc = aim__audit_row_read(value, position, &row, w->err);
	if (rc == AIM_OK)
		rc = w->take(w->user, position, &row);
	if (rc == AIM_OK)
		w->next++;
	return rc;
}

aim_status aim__audit_removed(uint64_t position, uint64_t first, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_TRIMMED, AIM_LAYER_AUDIT,
	                 "record %llu was removed by retention; the oldest that is kept is %llu",
	                 (unsigned long long)position, (unsigned long long)first);
}

static aim_status check_kept(aim_audit *log, uint64_t position, aim_error *err)
{
	aim__merkle_frontier cut;
	aim_status rc = aim__audit_cut(log, &cut, err);
	if (rc == AIM_OK && position < cut.count)
		rc = aim__audit_removed(position, cut.count, err);
	return rc;
}

aim_status aim__audit_walk(aim_audit *log, uint64_t *next, uint64_t end, aim__audit_take take,
                           void *user, aim_error *err)
{
	walk w = {.next = *next, .take = take, .user = user, .err = err};
	aim_status rc = *next < end ? check_kept(log, *next, err) : AIM_OK;
	while (rc == AIM_OK && w.next < end) {
		uint64_t before = w.next;
		uint64_t left = end - before;
		rc = aim__store_read_log(log->store, aim__audit_rows_key(log), before,
		                         left < PAGE_ROWS ? (size_t)left : PAGE_ROWS, take_row, &w, err);
		if (w.next == before)
			break;
	}
	/* Rows may have been removed while they were read: that is no gap. */
	if (rc == AIM_E_AUDIT_GAP) {
		aim_status kept = check_kept(log, w.next, NULL);
		if (kept == AIM_E_AUDIT_TRIMMED)
			rc = check_kept(log, w.next, err);
	}
	*next = w.next;
	return rc;
}

typedef struct reading {
	aim_audit_visit visit;
	void *user;
} reading;

static aim_status show(void *user, uint64_t position, const aim__audit_row *row)
{
	reading *r = user;
	return r->visit(r->user, position, row->record, aim_bytes_from(row->salt, sizeof row->salt));
}

aim_status aim_audit_read(aim_audit *log, uint64_t from, uint64_t limit, aim_audit_visit visit,
                          void *user, aim_error *err)
{
	if (!log || !visit)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and visit are required");
	reading r = {.visit = visit, .user = user};
	uint64_t end = limit > UINT64_MAX - from ? UINT64_MAX : from + limit;
	return aim__audit_walk(log, &from, end, show, &r, err);
}
