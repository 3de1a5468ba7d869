/* audit/commit.h — how every layer above changes the store: operations and the records that describe
 * them go into one batch. One leader commits the batches of many threads in one transaction; each
 * keeps its own status. */
#ifndef AIM_AUDIT_COMMIT_H
#define AIM_AUDIT_COMMIT_H

#include <aim/audit.h>

/* How often a change is tried again when others changed the same record meanwhile. A conflict means that somebody else got
 * on, so a row that hundreds share at once costs each of them as many tries; and a slow process beside a fast one loses
 * a good many in a row. The bound only ends what would never end. */
#define AIM__COMMIT_ATTEMPTS 4096

/* A change: operations with preconditions (at most 4 096), and the records of it (1 to 1 024). */
typedef struct aim__change {
	const aim_store_op *ops;
	size_t n_ops;
	const aim_audit_record *records;
	size_t n_records;
	uint32_t failed_op; /* out: on AIM_E_CONFLICT or AIM_E_STORE_BOUND, which of ops */
} aim__change;

/* Commits the change; with ops always durable, whatever the log's mode (what waits is written first,
 * to keep order). AIM_OK: ops and records are on disk. Operations see what other threads' changes of the
 * same group wrote before them, as if each had been alone. AIM_E_CONFLICT, AIM_E_STORE_BOUND: a
 * precondition of ops failed, nothing was written; perhaps it failed at a change of another thread that was
 * under way at the same time and was itself refused afterwards. Else what aim_audit_append() returns. */
aim_status aim__audit_commit(aim_audit *log, aim__change *change, aim_error *err);

/* The store and context under the log; borrowed. */
aim_store *aim__audit_store(const aim_audit *log);
aim_ctx *aim__audit_ctx(const aim_audit *log);
aim_audit *aim__audit_ref(aim_audit *log);
/* As aim_audit_free(). */
void aim__audit_unref(aim_audit *log);

#endif
