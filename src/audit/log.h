/* audit/log.h — inside an aim_audit. Locked: `mutex` guards the queues; what the leader works on is
 * handed from leader to leader under it. */
#ifndef AIM_AUDIT_LOG_H
#define AIM_AUDIT_LOG_H

#include "audit/commit.h"
#include "audit/head.h"
#include "audit/record.h"
#include "base/buf.h"
#include "base/os.h"
#include "codec/json.h"
#include "store/store.h"

/* One row that is written but not yet in the store. */
typedef struct aim__audit_item {
	size_t offset; /* in the rows' bytes */
	size_t len;
	aim__merkle_hash leaf;
	int64_t queued_us; /* buffered: when */
} aim__audit_item;

/* Finished rows; only their positions are open, and the leader writes those. */
typedef struct aim__audit_rows {
	uint8_t *bytes;
	aim__audit_item *items;
	size_t n;
	uint64_t first_position; /* out */
} aim__audit_rows;

/* One caller waiting for its change, or with neither rows nor ops for the buffered queue alone. */
typedef struct aim__audit_request {
	struct aim__audit_request *next;
	const aim_store_op *ops;
	size_t n_ops;
	size_t first_op; /* of ops in the batch of the group; the leader's */
	aim__audit_rows rows;
	aim_error *err; /* the caller's */
	aim_status status;
	uint32_t failed_op;
	int settled; /* status is final; the leader's */
	int done;    /* the caller may go; under mutex */
	aim__cond wake;
} aim__audit_request;

/* What one caller needs to write rows and wait. Kept by the log and reused, so that warm appends
 * allocate nothing. */
typedef struct aim__audit_slot {
	struct aim__audit_slot *next;
	aim_buf bytes;
	aim__audit_item *items;
	size_t cap_items;
	aim_json document; /* data is parsed into it */
	aim__audit_request request;
} aim__audit_slot;

/* Buffered mode: rows in the order of their appends. All memory is taken when the log is opened. The
 * first n_writing rows are the leader's until it is done; appends go on behind them. */
typedef struct aim__audit_queue {
	aim__audit_rows rows;
	size_t used, cap; /* of rows.bytes */
	size_t max_rows;
	size_t n_writing;
} aim__audit_queue;

/* What AIM_AUDIT_DEGRADE let pass and no record tells of yet. */
typedef struct aim__audit_gap {
	uint64_t count;
	int64_t first_us, last_us;
	int64_t retry_us; /* when poll() tries again */
	aim_status reason; /* of the last */
} aim__audit_gap;

struct aim__audit_failures;

/* The leader's workbench. */
typedef struct aim__audit_group {
	aim__audit_head head; /* as in the store, as far as this process knows */
	aim__merkle_frontier tree; /* after the rows built so far */
	aim__audit_request *requests; /* of this group, not all settled */
	aim__audit_rows queued;       /* rows of the buffered queue */
	aim_status queued_status;
	int queued_settled;
	aim__audit_gap gap; /* as it was when the group began */
	aim__audit_rows gap_rows;
	int gap_settled; /* nothing to record of it, or recorded */
	aim_store_op *ops;
	size_t n_ops, cap_ops;
	aim_buf head_text; /* the head after the group */
	aim_buf scratch;   /* for reading the head */
} aim__audit_group;

#define AIM__AUDIT_SALTS 64u
#define AIM__AUDIT_MAX_IDLE_SLOTS 64u

struct aim_audit {
	aim_store *store; /* referenced */
	aim_ctx *ctx;     /* the store's */
	atomic_uint_fast32_t references;
	aim_audit_options options;
	char name[AIM__AUDIT_MAX_NAME_BYTES];
	char head_key[AIM__AUDIT_HEAD_KEY_SIZE];
	size_t head_key_len;
	atomic_int_fast64_t deadline_us; /* when the oldest row is due, or the gap; INT64_MAX: none */
	atomic_int_fast64_t failures_us; /* when the first minute with failures is over; INT64_MAX: none */
	aim__audit_slot *gap_slot;       /* the leader's; NULL without AIM_AUDIT_DEGRADE */

	aim__mutex mutex; /* guards all below but group */
	aim__audit_request *first, *last;
	int leading; /* some caller leads; group is its own */
	aim__audit_slot *idle;
	size_t n_idle;
	aim__audit_queue queue;
	uint8_t salts[AIM__AUDIT_SALTS * AIM__AUDIT_SALT_LEN]; /* drawn ahead, wiped when given out */
	size_t n_salts;
	aim__audit_gap gap;
	struct aim__audit_failures *failures; /* NULL: none yet */

	aim__audit_group group;
};

/* The store's names for the head and for the rows. */
aim_bytes aim__audit_key(const aim_audit *log);
aim_bytes aim__audit_rows_key(const aim_audit *log);

/* log.c: what the store holds now. */
aim_status aim__audit_tree(aim_audit *log, aim__merkle_frontier *out, aim_error *err);
aim_status aim__audit_has_row(aim_audit *log, uint64_t position, int *out, aim_error *err);

/* rows.c: takes the rows from *next on, in order and without a gap, as far as end or the log goes.
 * *next moves behind each row that take() took. Runs inside the store: take() must not use it.
 * AIM_E_AUDIT_TRIMMED when *next lies before the cut. */
typedef aim_status (*aim__audit_take)(void *user, uint64_t position, const aim__audit_row *row);
aim_status aim__audit_walk(aim_audit *log, uint64_t *next, uint64_t end, aim__audit_take take,
                           void *user, aim_error *err);

/* AIM_E_AUDIT_TRIMMED, with words. */
aim_status aim__audit_removed(uint64_t position, uint64_t first, aim_error *err);

/* slot.c: rows written outside the lock. */
aim_status aim__audit_slot_take(aim_audit *log, aim__audit_slot **out, aim_error *err);
void aim__audit_slot_give(aim_audit *log, aim__audit_slot *slot);
void aim__audit_slot_free(aim_audit *log, aim__audit_slot *slot);
/* Adds one finished row to the slot. */
aim_status aim__audit_slot_write(aim_audit *log, aim__audit_slot *slot, const aim_audit_record *record,
                                 uint32_t durability, aim_error *err);

/* queue.c: buffered mode. mutex is held for all of them. */
aim_status aim__audit_queue_init(aim_audit *log);
void aim__audit_queue_dispose(aim_audit *log);
int aim__audit_queue_has_room(const aim_audit *log, const aim__audit_rows *rows);
void aim__audit_queue_add(aim_audit *log, const aim__audit_rows *rows, int64_t now_us);
/* Gives all rows to the leader; takes them back when they are stored or have failed. */
aim__audit_rows aim__audit_queue_begin(aim_audit *log);
void aim__audit_queue_end(aim_audit *log, aim_status status);

/* Sets deadline_us anew. */
void aim__audit_set_deadline(aim_audit *log);

/* gap.c. mutex is held for add() and end(); write() is the leader's, without it. */
/* 1 when a record that cannot be written for this reason is let pass. */
int aim__audit_gap_covers(const aim_audit *log, aim_status status);
void aim__audit_gap_add(aim_audit *log, uint64_t n_records, aim_status reason);
/* Writes the row of group.gap. */
aim_status aim__audit_gap_write(aim_audit *log, aim_error *err);
/* Takes group.gap, which is recorded, off the count. */
void aim__audit_gap_end(aim_audit *log);

/* failures.c: records of the minutes that are over at now_us. INT64_MAX: of all. */
aim_status aim__audit_failures_write(aim_audit *log, int64_t now_us, aim_error *err);
void aim__audit_failures_dispose(aim_audit *log);

/* commit.c: waits until the request is settled, leading when nobody does. Returns its status. */
aim_status aim__audit_submit(aim_audit *log, aim__audit_request *request);

/* group.c: the leader's work, outside the lock. Every request of the group is settled afterwards. */
void aim__audit_group_commit(aim_audit *log);
void aim__audit_group_dispose(aim_audit *log);

#endif
