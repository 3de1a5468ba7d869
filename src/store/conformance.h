/* store/conformance.h — inside the conformance suite: one check's view of the engine under test.
 * The first expectation that fails is kept; what follows in that check does no harm. */
#ifndef AIM_STORE_CONFORMANCE_H
#define AIM_STORE_CONFORMANCE_H

#include <aim/plugin/store_conformance.h>
#include "base/buf.h"

/* The time of every call, unless a check moves it. */
#define AIM__CONFORMANCE_NOW_US ((int64_t)1000000000000)

typedef struct aim__conformance {
	aim_ctx *ctx;
	const aim_store_conformance *suite;
	aim_store_engine engine;
	int is_open;
	int64_t now_us;
	aim_status status; /* memory, or opening, failed: the suite ends */
	const char *failed;
	aim_error engine_error; /* of the last call */
	/* What the last get, scan or read gave. */
	aim_status result;
	size_t n_rows;
	uint64_t version;  /* of the last row */
	uint64_t position; /* of the last row */
	aim_buf values;    /* of all rows, one behind the other */
	aim_buf keys;      /* of all rows, each followed by '|' */
	aim_status stop;   /* what the row function answers */
} aim__conformance;

typedef struct aim__conformance_check {
	const char *name;
	void (*run)(aim__conformance *t);
	uint32_t needs; /* AIM__CONFORMANCE_NEEDS_* */
} aim__conformance_check;

#define AIM__CONFORMANCE_NEEDS_REOPEN 1u
#define AIM__CONFORMANCE_NEEDS_THREADS 2u
#define AIM__CONFORMANCE_NEEDS_TRIM 4u

typedef struct aim__conformance_checks {
	const aim__conformance_check *checks;
	size_t n_checks;
} aim__conformance_checks;

extern const aim__conformance_checks aim__conformance_keys;
extern const aim__conformance_checks aim__conformance_groups;
extern const aim__conformance_checks aim__conformance_logs;

/* Remembers what when the condition does not hold. */
void aim__expect(aim__conformance *t, int holds, const char *what);

aim_bytes aim__text(const char *text);
/* The last get, scan or read gave exactly this. */
int aim__gave_value(const aim__conformance *t, aim_bytes value);
int aim__gave_keys(const aim__conformance *t, const char *keys);

void aim__do_get(aim__conformance *t, aim_bytes key);
void aim__do_scan(aim__conformance *t, aim_bytes prefix, aim_bytes after, size_t limit);
void aim__do_read(aim__conformance *t, aim_bytes log, uint64_t from, size_t limit);
/* Applies batches and expects the call itself to succeed. */
void aim__do_group(aim__conformance *t, aim_store_batch *batches, size_t n_batches);
/* Applies one operation in a batch of its own; the batch's status. */
aim_status aim__do_op(aim__conformance *t, aim_store_op op);
/* Writes a key without conditions; the version it got. */
uint64_t aim__do_put(aim__conformance *t, aim_bytes key, aim_bytes value);
/* Closes the engine and opens the same database again. */
void aim__do_reopen(aim__conformance *t);

#endif
