/** aim/retention.h — removing the oldest records of an audit log, so that what is left still proves
 *  itself. Stateless: each call is locked as the log is.
 *
 *      aim_retention_options o = {.struct_size = sizeof o, .min_age_us = ONE_YEAR_US};
 *      aim_retention_report report = {.struct_size = sizeof report};
 *      o.reason = aim_str_from("kept for one year");
 *      rc = aim_retention_apply(log, &o, &report, &err);
 *
 *  A log is cut at the size of a checkpoint that is kept (aim/checkpoint.h). The tree's frontier at the cut
 *  stays in the store, and the cut is a record itself, in the same batch. So verification begins at the
 *  cut and ends at the same root; inclusion proofs of the records that are left, and consistency proofs
 *  from the cut on, are the same hashes as before; receipts and checkpoints given out stay valid. What is
 *  gone is what only the removed records could give: receipts for them, and consistency proofs from
 *  checkpoints older than the cut. Give those out before.
 *
 *  Reading a removed position is AIM_E_AUDIT_TRIMMED. Other processes may append and read meanwhile.
 *  Engines without AIM_STORE_ENGINE_TRIMS cannot do it.
 */
#ifndef AIM_RETENTION_H
#define AIM_RETENTION_H

#include <aim/audit.h>

AIM_BEGIN_DECLS

/** What kept older records from going, in aim_retention_report.stopped_by. @since 0.1 */
#define AIM_RETENTION_DONE 0u          /**< nothing: all that was asked for is gone */
#define AIM_RETENTION_BY_COUNT 1u      /**< keep_records */
#define AIM_RETENTION_BY_AGE 2u        /**< min_age_us */
#define AIM_RETENTION_BY_HOLD 3u       /**< a hold */
#define AIM_RETENTION_BY_CHECKPOINT 4u /**< no checkpoint lies between: cut again when there is one */

/** The longest id of a hold, and how many a log may have. @since 0.1 */
#define AIM_RETENTION_MAX_ID_BYTES 64u
#define AIM_RETENTION_MAX_HOLDS 32u

/** What may go: records for which everything set here holds. At least one of the first three is set.
 *  @since 0.1 */
typedef struct aim_retention_options {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint64_t before;       /**< positions before this one; 0: any */
	uint64_t keep_records; /**< but the newest so many */
	int64_t min_age_us;    /**< no record younger than this, nor one behind such a record; 0: any age */
	int64_t now_us;        /**< 0: the context's clock */
	aim_str user;          /**< who asks: into the record */
	aim_str reason;        /**< why: into the record */
} aim_retention_options;

/** @since 0.1 */
typedef struct aim_retention_report {
	uint32_t struct_size;
	uint32_t flags;      /**< 0 */
	uint64_t n_removed;  /**< records that this call cut off */
	uint64_t first_kept; /**< the oldest position that is left */
	uint32_t stopped_by; /**< AIM_RETENTION_* */
	uint32_t reserved;   /**< 0 */
} aim_retention_report;

/** Cuts the log. What is removed is hashed before and must be what the checkpoint says. After a crash the log
 *  is either cut, its record included, or as it was; rows that a crash left behind the cut are removed by
 *  the next call, and nobody can read them until then.
 *  @param report  out, may be NULL; struct_size set by the caller
 *  @return AIM_OK (also when there was nothing to remove), AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_UNSUPPORTED (the store's engine cannot), AIM_E_AUDIT_PENDING (the log has no checkpoint
 *          at all), AIM_E_AUDIT_CORRUPT and AIM_E_AUDIT_GAP (the old records are damaged: nothing was
 *          removed), AIM_E_CONFLICT (others cut or held again and again), AIM_E_CLOCK, or what
 *          aim_audit_append() returns
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_retention_apply(aim_audit *log, const aim_retention_options *options,
                                                        aim_retention_report *report, aim_error *err);

/** Where the log is cut: size is the oldest position that is left, root the tree of what was removed. Size
 *  0: nothing was.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_AUDIT_CORRUPT, AIM_E_NOMEM, AIM_E_CALLBACK, or the
 *          store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_retention_current(aim_audit *log, aim_audit_head *out,
                                                          aim_error *err);

/** Puts a legal hold on all records from a position on, those to come included: none of them is removed
 *  while it is there. Recorded.
 *  @param id      in, borrowed; 1 to 64 of [a-z0-9_-]     @param from  0: the whole log
 *  @param user    in, borrowed, may be empty              @param reason  in, borrowed, may be empty
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_EXISTS, AIM_E_LIMIT (more than AIM_RETENTION_MAX_HOLDS),
 *          AIM_E_AUDIT_TRIMMED (from was removed already), AIM_E_CONFLICT, or what aim_audit_append()
 *          returns
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_retention_hold(aim_audit *log, aim_str id, uint64_t from,
                                                       aim_str user, aim_str reason, aim_error *err);

/** Ends a hold. Recorded.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_CONFLICT, or what aim_audit_append() returns
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_retention_release(aim_audit *log, aim_str id, aim_str user,
                                                          aim_str reason, aim_error *err);

/** Receives one hold: its id, borrowed for the call, where it begins, and since when it is there. A non-zero
 *  result ends the walk and is returned.  @since 0.1 */
typedef aim_status (*aim_retention_visit)(void *user, aim_str id, uint64_t from, int64_t since_us);

/** Visits the holds, the oldest first.
 *  @return AIM_OK, what visit returned, or as aim_retention_current()
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_retention_holds(aim_audit *log, aim_retention_visit visit,
                                                        void *user, aim_error *err);

AIM_END_DECLS

#endif
