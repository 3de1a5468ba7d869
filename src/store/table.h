/* store/table.h — inside the engine on a sorted table: how keys and values lie in it, see table.c. */
#ifndef AIM_STORE_TABLE_H
#define AIM_STORE_TABLE_H

#include "base/arena.h"
#include "base/os.h"
#include "store/plan.h"

#include <aim/plugin/store_table.h>

#define AIM__TABLE_HEADER 16u /* version and expiry in front of a value */
/* Ends a walk that has what it wants; no status is positive. */
#define AIM__TABLE_ENOUGH 1

/* The engine. */
typedef struct aim__table {
	aim_ctx *ctx; /* referenced */
	aim_store_table table;
	aim__mutex lock;
	aim__plan plan;
	aim__arena arena; /* bytes of the group in progress */
	aim_store_entry *entries;
	size_t n_entries, cap_entries;
} aim__table;

typedef struct aim__table_key {
	size_t len;
	uint8_t bytes[AIM_STORE_TABLE_MAX_KEY_BYTES + 1];
} aim__table_key;

void aim__table_write_number(uint8_t *p, uint64_t number);
uint64_t aim__table_read_number(const uint8_t *p);
void aim__table_add_number(aim__table_key *k, uint64_t number);
void aim__table_add_bytes(aim__table_key *k, aim_bytes bytes);
aim_bytes aim__table_span(const aim__table_key *k);
aim__table_key aim__table_tagged(char tag, aim_bytes name);
aim__table_key aim__table_rows_of(aim_bytes log);

int aim__table_starts_with(aim_bytes key, aim_bytes prefix);
int aim__table_is_same(aim_bytes a, aim_bytes b);
aim_status aim__table_corrupt(aim_error *err);
/* 0 when the value is none that was written. */
int aim__table_decode(aim_bytes value, aim__plan_found *out);

/* Walking: each use has a function that takes entries and says when it has enough. */

typedef struct aim__table_walk {
	aim__table *w;
	aim_bytes prefix; /* the walk ends at the first key without it */
	int64_t now_us;
	size_t limit;
	aim_store_row row;
	void *row_user;
	aim_error *err;
	aim_status status; /* what the caller's row, or the taker, answered */
	aim__plan_found found;
	int is_there;
} aim__table_walk;

aim_status aim__table_run_walk(aim__table_walk *k, aim_bytes from, aim_store_row take);

/* ---- table_write.c ---- */

/* apply_group of the engine; user is the table. */
aim_status aim__table_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us, aim_error *err);

#endif
