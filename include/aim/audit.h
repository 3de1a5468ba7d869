/** aim/audit.h — the tamper-evident log: records as RFC 6962 Merkle leaves, committed in the same
 *  batch as the change they describe. An aim_audit is locked.
 *
 *      aim_audit *log = NULL;
 *      aim_audit_open(store, NULL, &log, &err);
 *      aim_audit_record r = {.struct_size = sizeof r};
 *      r.kind = aim_str_from("tool_call");
 *      r.action = aim_str_from("read_file");
 *      r.decision = aim_str_from("allow");
 *      aim_audit_append(log, &r, NULL, &err);          // on disk when it returns AIM_OK
 *      aim_audit_free(log);
 */
#ifndef AIM_AUDIT_H
#define AIM_AUDIT_H

#include <aim/store.h>

AIM_BEGIN_DECLS

typedef struct aim_audit aim_audit;

/** Durability of a log. Named in every record. @since 0.1 */
#define AIM_AUDIT_DURABLE 0u  /**< appends return when the record is on disk */
#define AIM_AUDIT_BUFFERED 1u /**< appends return at once; the loss window is the options' */

/** In aim_audit_options.flags: a record that cannot be written because the store is full, locked, read-only
 *  or broken does not fail the operation it describes. It is counted, and as soon as the store can be
 *  written again a record of kind "audit_gap" (count, first and last time, reason) comes before anything
 *  else. Changes of the registry and the like are never let pass without their record. Without this
 *  flag nothing happens that is not recorded.  @since 0.1 */
#define AIM_AUDIT_DEGRADE 1u

/** @since 0.1 */
typedef struct aim_audit_options {
	uint32_t struct_size;
	uint32_t flags;          /**< AIM_AUDIT_DEGRADE, or 0 */
	aim_str name;            /**< in, copied; 1–64 of [a-z0-9_-]; empty: "main" */
	uint32_t durability;     /**< AIM_AUDIT_* */
	uint32_t window_records; /**< buffered: at most so many are not on disk, the last of them waits for
	                          *   the write; 0: 256; ≤ limits.max_queue_records */
	uint32_t window_ms;      /**< buffered: aim_audit_poll() writes after so long; degraded: it tries
	                          *   again after so long; 0: 200 */
	uint32_t reserved;       /**< 0 */
} aim_audit_options;

/** One event. Absent (empty) spans are left out of the record. Text must be UTF-8, at most 4 096 bytes a
 *  member; the whole record at most 65 536 bytes as JSON. @since 0.1 */
typedef struct aim_audit_record {
	uint32_t struct_size;
	uint32_t flags;      /**< 0 */
	int64_t time_us;     /**< 0: the context's clock; < 2^53 */
	int64_t trust_micro; /**< trust score used, 0 … 1 000 000; AIM_AUDIT_NO_TRUST when none */
	aim_str kind;        /**< required, 1–64 of [a-z0-9_]: "tool_call", "session", "key_rotated" … */
	aim_str agent;       /**< actor: agent id */
	aim_str did;         /**< actor: DID */
	aim_str session;     /**< actor: session */
	aim_str user;        /**< actor: on behalf of */
	aim_str subject;     /**< what it is about: id of a server, agent, … */
	aim_str action;      /**< tool name, operation */
	aim_str resource;
	aim_str decision;    /**< "allow", "deny", "ask" or absent */
	aim_str reason_code; /**< stable, for machines */
	aim_str reason;      /**< one sentence */
	aim_str policy_hash; /**< hex */
	aim_str rule;        /**< deciding rule's id */
	aim_str server_fingerprint;
	aim_str tool_fingerprint;
	aim_str approval;
	aim_str request;     /**< request id of the protocol, as text */
	aim_bytes arguments; /**< canonical arguments: only their salted commitment is recorded */
	aim_str data;        /**< a JSON object, at most 32 768 bytes, numbers whole and within ±(2^53 − 1);
	                      *   recorded in canonical form */
} aim_audit_record;

#define AIM_AUDIT_NO_TRUST INT64_MIN

/** How far a log goes: position of the next record and the Merkle tree hash (RFC 9162 §2.1.1).
 *  @since 0.1 */
typedef struct aim_audit_head {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint64_t size;
	uint8_t root[32];
} aim_audit_head;

/** What aim_audit_verify() found. @since 0.1 */
typedef struct aim_audit_report {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint64_t n_records;    /**< records read and found good */
	uint64_t bad_position; /**< first bad position when the call failed; else n_records */
	uint8_t root[32];      /**< of the log up to there */
	uint64_t first_kept;   /**< where it began: records before were removed (aim/retention.h) */
} aim_audit_report;

/** Opens the log `name` of a store, creating it when it is new.
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_audit_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_AUDIT_CORRUPT (the
 *          head cannot be read), or the store's
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_audit_open(aim_store *store, const aim_audit_options *options,
                                                   aim_audit **out, aim_error *err);

/** Writes what waits, also counted failures, and gives up the reference. Returns the status of that last write, so that a
 *  loss is never silent. NULL is AIM_OK.
 *  Threads: any.  @since 0.1 */
AIM_API aim_status aim_audit_close(aim_audit *log, aim_error *err);

/** aim_audit_close() without the result, for cleanup paths; a failed last write is logged.
 *  Threads: any.  @since 0.1 */
AIM_API void aim_audit_free(aim_audit *log);

/** Appends one record. Many threads at once share one transaction and one sync.
 *  @param out_position  out, may be NULL; only in durable mode is it known (else UINT64_MAX, also when
 *                       AIM_AUDIT_DEGRADE let the operation pass)
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UTF8, AIM_E_JSON_* (data is not such an object), AIM_E_LIMIT,
 *          AIM_E_NOMEM, AIM_E_VERSION, AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_CALLBACK, AIM_E_AUDIT_CORRUPT
 *          (the log in the store is not one to append to), or the store's. On failure, fail the operation
 *          that the record describes: the record is not known to be kept. When the disk failed (AIM_E_IO,
 *          AIM_E_STORE_FULL) or the engine broke its contract (AIM_E_STORE_ENGINE), it may still be in
 *          the log later, whole.
 *  Threads: locked.  Allocates: at most once.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_audit_append(aim_audit *log, const aim_audit_record *record,
                                                     uint64_t *out_position, aim_error *err);

/** Writes everything that waits in buffered mode. Nothing waits in durable mode.
 *  @return AIM_OK, AIM_E_INVALID, or the store's (the records stay queued)
 *  Threads: locked.  @since 0.1 */
AIM_API aim_status aim_audit_flush(aim_audit *log, aim_error *err);

/** Counts a failure before authentication, by reason and minute, in memory: strangers cannot fill the disk.
 *  One record of kind "failures" per reason and minute (reason_code; count, first and last time and
 *  the minute in data) is written by aim_audit_poll() when the minute is over, and by aim_audit_close().
 *  A crash loses what was counted and not yet written. At most 64 reasons and minutes wait; what is
 *  beyond is counted together as "other".
 *  @param reason_code  in, copied; 1–64 of [A-Za-z0-9_.:-]     @param now_us  in; 0 … 2^53 − 1
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM
 *  Threads: locked.  Allocates: at the first call.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_audit_count_failure(aim_audit *log, aim_str reason_code,
                                                            int64_t now_us, aim_error *err);

/** Records that AIM_AUDIT_DEGRADE let pass and that no "audit_gap" record tells of yet. 0 is health.
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_audit_unwritten(aim_audit *log);

/** Does the timed work that is due at now_us: in buffered mode, the flush after window_ms; the records of
 *  failures whose minute is over; another attempt to record a gap.
 *  @return as aim_audit_append()
 *  Threads: locked.  @since 0.1 */
AIM_API aim_status aim_audit_poll(aim_audit *log, int64_t now_us, aim_error *err);

/** Milliseconds from now_us until aim_audit_poll() has work; −1 when there is none waiting.
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_audit_next_deadline_ms(const aim_audit *log, int64_t now_us);

/** Size and root of what is committed in the store now.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_AUDIT_CORRUPT, or the store's
 *  Threads: locked.  @since 0.1 */
AIM_API aim_status aim_audit_current(aim_audit *log, aim_audit_head *out, aim_error *err);

/** Receives one record: its canonical JSON and its salt (16 bytes, zeros when it has no arguments).
 *  Borrowed for the call, which must not use the log or its store. A non-zero result ends the walk and
 *  is returned.  @since 0.1 */
typedef aim_status (*aim_audit_visit)(void *user, uint64_t position, aim_str record, aim_bytes salt);

/** Records from position `from` on, in order, at most limit. Checks that rows are whole and in place,
 *  not their hashes: that is aim_audit_verify().
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_AUDIT_CORRUPT, AIM_E_AUDIT_GAP,
 *          AIM_E_AUDIT_TRIMMED (from was removed by retention), AIM_E_NOMEM, what visit returned, or the
 *          store's
 *  Threads: locked.  @since 0.1 */
AIM_API aim_status aim_audit_read(aim_audit *log, uint64_t from, uint64_t limit,
                                  aim_audit_visit visit, void *user, aim_error *err);

/** Reads every record, rebuilds the tree and compares it with the head and with what the caller
 *  remembers from before. May run while others append: it checks what was there when it began.
 *
 *  A row that was changed, exchanged, repeated or removed is named by its position. Who changes a row
 *  and repairs its own check values is found by the tree in the head, which names the subtree: then
 *  bad_position is that subtree's first record, and the message says how far it goes. Who rewrites the
 *  whole log and its head is found by a remembered head (AIM_E_AUDIT_FORK).
 *  @param remembered  in, may be NULL: a head seen earlier
 *  @param report      out, may be NULL; filled also on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_AUDIT_CORRUPT, AIM_E_AUDIT_GAP, AIM_E_AUDIT_FORK,
 *          AIM_E_AUDIT_TRUNCATED, AIM_E_AUDIT_TRIMMED (what was remembered was removed by retention),
 *          AIM_E_VERSION, AIM_E_NOMEM, or the store's
 *  Threads: locked.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_audit_verify(aim_audit *log, const aim_audit_head *remembered,
                                                     aim_audit_report *report, aim_error *err);

AIM_END_DECLS

#endif
