/* audit/verify.c — a log checked against its head and against what the caller remembers. Layer audit. */
#include "audit/log.h"

#include "audit/retention.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

/* How often a walk begins again because what it was reading was removed. */
#define MAX_STARTS 16u

typedef struct checking {
	aim_audit *log;
	aim__merkle_frontier tree; /* of the rows so far; its count is the next position */
	uint64_t first; /* where the log is cut */
	uint64_t next;
	uint64_t remembered_size;
	aim__merkle_hash remembered_root;
	aim_error *err;
} checking;

static aim_status check_remembered(checking *c)
{
	aim__merkle_hash root;
	aim_status rc = aim__merkle_frontier_root(c->log->ctx, &c->tree, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(c->err, rc, AIM_LAYER_AUDIT);
	if (!aim__merkle_equal(&root, &c->remembered_root))
		return aim__fail(c->err, AIM_E_AUDIT_FORK, AIM_LAYER_AUDIT,
		                 "the first %llu records are not the ones that were remembered",
		                 (unsigned long long)c->tree.count);
	return AIM_OK;
}

static aim_status check_row(void *user, uint64_t position, const aim__audit_row *row)
{
	checking *c = user;
	aim__merkle_hash leaf;
	aim_status rc = aim__audit_row_leaf(c->log->ctx, row, position, &leaf, c->err);
	if (rc == AIM_OK && (rc = aim__merkle_append(c->log->ctx, &c->tree, &leaf)) != AIM_OK)
		(void)aim__fail_plain(c->err, rc, AIM_LAYER_AUDIT);
	if (rc != AIM_OK)
		return rc;
	return c->tree.count == c->remembered_size ? check_remembered(c) : AIM_OK;
}

/* Every row matches its own leaf, so whoever changed one took care. The head's frontier still says in
 * which perfect subtree. */
static aim_status compare_trees(checking *c, const aim__merkle_frontier *head)
{
	uint64_t first = 0;
	uint64_t left = head->count;
	for (size_t i = 0; left > 0; i++) {
		uint64_t span = UINT64_C(1) << (63 - __builtin_clzll(left));
		if (!aim__merkle_equal(&c->tree.roots[i], &head->roots[i])) {
			c->next = first;
			return aim__fail(c->err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
			                 "records %llu to %llu do not match the head of the log",
			                 (unsigned long long)first, (unsigned long long)(first + span - 1));
		}
		first += span;
		left -= span;
	}
	return AIM_OK;
}

/* Rows and head change in one transaction: a row behind the head is there only when the head has moved
 * on since it was read. */
static aim_status check_end(checking *c, const aim__merkle_frontier *head)
{
	int has_row = 0;
	aim__merkle_frontier now;
	aim_status rc = aim__audit_has_row(c->log, head->count, &has_row, c->err);
	if (rc != AIM_OK || !has_row)
		return rc;
	rc = aim__audit_tree(c->log, &now, c->err);
	if (rc == AIM_OK && now.count <= head->count)
		return aim__fail(c->err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "record %llu lies beyond the head of the log",
		                 (unsigned long long)head->count);
	return rc;
}

/* The tree of what was removed is the cut's; whoever remembers less cannot compare. */
static aim_status begin_at_cut(checking *c)
{
	aim_status rc = aim__audit_cut(c->log, &c->tree, c->err);
	if (rc != AIM_OK)
		return rc;
	c->first = c->next = c->tree.count;
	if (c->remembered_size > 0 && c->remembered_size < c->first)
		return aim__fail(c->err, AIM_E_AUDIT_TRIMMED, AIM_LAYER_AUDIT,
		                 "the log begins at record %llu; the %llu that are remembered were removed by "
		                 "retention",
		                 (unsigned long long)c->first, (unsigned long long)c->remembered_size);
	return c->first > 0 && c->first == c->remembered_size ? check_remembered(c) : AIM_OK;
}

static aim_status check(checking *c)
{
	aim__merkle_frontier head;
	aim_status rc = begin_at_cut(c);
	if (rc == AIM_OK)
		rc = aim__audit_tree(c->log, &head, c->err);
	if (rc == AIM_OK && head.count < c->first)
		rc = aim__fail(c->err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		               "the log begins at record %llu; its head says %llu records",
		               (unsigned long long)c->first, (unsigned long long)head.count);
	if (rc == AIM_OK)
		rc = aim__audit_walk(c->log, &c->next, head.count, check_row, c, c->err);
	if (rc == AIM_E_AUDIT_FORK)
		c->next = c->tree.count; /* the row itself is good */
	if (rc == AIM_OK && c->next < head.count)
		rc = aim__fail(c->err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		               "the log ends before record %llu; its head says %llu records",
		               (unsigned long long)c->next, (unsigned long long)head.count);
	if (rc == AIM_OK)
		rc = compare_trees(c, &head);
	if (rc == AIM_OK)
		rc = check_end(c, &head);
	if (rc == AIM_OK && head.count < c->remembered_size)
		rc = aim__fail(c->err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		               "the log has %llu records; %llu were remembered",
		               (unsigned long long)head.count, (unsigned long long)c->remembered_size);
	return rc;
}

static aim_status fill_report(const checking *c, aim_audit_report *out, aim_error *err)
{
	aim_audit_report report = {.struct_size = sizeof report};
	aim__merkle_hash root;
	aim_status rc = aim__merkle_frontier_root(c->log->ctx, &c->tree, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	report.n_records = c->tree.count - c->first;
	report.first_kept = c->first;
	report.bad_position = c->next;
	memcpy(report.root, root.bytes, sizeof report.root);
	return aim__sized_out(out, &report, sizeof report, sizeof report);
}

aim_status aim_audit_verify(aim_audit *log, const aim_audit_head *remembered, aim_audit_report *report,
                            aim_error *err)
{
	aim_audit_head old = {.struct_size = sizeof old};
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	aim_status rc = aim__sized_in(&old, sizeof old, remembered, sizeof old, "aim_audit_head", err);
	if (rc != AIM_OK)
		return rc;
	checking c = {.log = log, .remembered_size = old.size, .err = err};
	memcpy(c.remembered_root.bytes, old.root, sizeof old.root);
	rc = check(&c);
	/* Retention may overtake the walk: then it begins again, behind. */
	for (unsigned i = 1; i < MAX_STARTS && rc == AIM_E_AUDIT_TRIMMED; i++)
		rc = check(&c);
	aim_status reported = report ? fill_report(&c, report, rc == AIM_OK ? err : NULL) : AIM_OK;
	return rc != AIM_OK ? rc : reported;
}
