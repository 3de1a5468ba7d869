/* store/plan.h — what a group of batches changes, worked out before anything is written. The
 * plan holds the rules of the operations (versions, preconditions, counters, expiry) once for
 * all built-in engines: an engine answers what it has stored, then writes the outcome of each
 * key, once, however often the group wrote it. Planning may fail, for memory or a read error;
 * writing a plan into memory cannot. Confined. */
#ifndef AIM_STORE_PLAN_H
#define AIM_STORE_PLAN_H

#include <aim/plugin/store.h>
#include "base/map.h"

/* Where the value of a key comes from. */
#define AIM__PLAN_STORED 0u /* untouched: as the engine has it */
#define AIM__PLAN_BYTES 1u  /* of an operation, borrowed */
#define AIM__PLAN_SUM 2u    /* a counter */

typedef struct aim__plan_state {
	uint64_t version; /* the latest this key had, also when it is absent now */
	int64_t expires_at_us;
	int64_t sum;
	aim_bytes value;
	uint32_t present;
	uint32_t source; /* AIM__PLAN_* */
} aim__plan_state;

/* A key the group looks at. */
typedef struct aim__plan_key {
	aim_bytes key;
	aim__plan_state now;
	aim__plan_state before; /* the batch that last wrote it */
	size_t batch;           /* that batch's number from 1; 0: none */
	uint32_t stored;        /* the engine has a row, perhaps expired */
	uint32_t changed;       /* to be written: put when now.present, else removed when stored */
	void *mine;             /* the engine's own */
} aim__plan_key;

typedef struct aim__plan_log {
	aim_bytes name;
	uint64_t next;
	uint64_t trim; /* rows before it go, also those that this group appends; 0: none */
	void *mine; /* the engine's own */
} aim__plan_log;

/* A trim and what it replaced, to take it back. */
typedef struct aim__plan_trim {
	size_t log;
	uint64_t before;
} aim__plan_trim;

typedef struct aim__plan_row {
	size_t log; /* index into logs */
	uint64_t position;
	aim_bytes row;
	void *mine; /* the engine's own */
} aim__plan_row;

typedef struct aim__plan_sum {
	int64_t *out;
	int64_t sum;
} aim__plan_sum;

typedef struct aim__plan {
	const aim_ctx *ctx; /* borrowed */
	aim__map key_index;
	aim__map log_index;
	aim__plan_key *keys;
	size_t n_keys, cap_keys;
	aim__plan_log *logs;
	size_t n_logs, cap_logs;
	aim__plan_row *rows;
	size_t n_rows, cap_rows;
	aim__plan_sum *sums;
	size_t n_sums, cap_sums;
	aim__plan_trim *trims;
	size_t n_trims, cap_trims;
	uint64_t version_floor; /* greatest version of any key that is gone; set by the engine, raised */
} aim__plan;

/* The row of a key as the engine has it, whether expired or not. */
typedef struct aim__plan_found {
	uint32_t stored;
	uint64_t version;
	int64_t expires_at_us;
	aim_bytes value; /* only read when it was wanted; borrowed until the next question */
} aim__plan_found;

/* What an engine answers while a group is planned; mine starts NULL and is kept. */
typedef struct aim__plan_source {
	aim_status (*key)(void *user, aim_bytes key, int want_value, aim__plan_found *out, void **mine,
	                  aim_error *err);
	aim_status (*log)(void *user, aim_bytes name, uint64_t *out_next, void **mine, aim_error *err);
	void *user;
} aim__plan_source;

void aim__plan_init(aim__plan *plan, const aim_ctx *ctx);
void aim__plan_dispose(aim__plan *plan);

/* Plans a group from scratch and sets status and failed_op of each batch. Set version_floor first.
 * AIM_OK, AIM_E_NOMEM, or what the source returned; then the plan must not be written. */
aim_status aim__plan_group(aim__plan *plan, const aim__plan_source *source, aim_store_batch *batches,
                           size_t n_batches, int64_t now_us, aim_error *err);
/* The bytes to store for a present key; text holds a counter's digits. */
aim_bytes aim__plan_value(const aim__plan_key *key, char text[24]);
/* Hands the sums out, after the engine committed. */
void aim__plan_publish(const aim__plan *plan);

/* 1 when a key with this expiry is absent at now_us. */
static inline int aim__store_expired(int64_t expires_at_us, int64_t now_us)
{
	return expires_at_us != 0 && now_us >= expires_at_us;
}

#endif
