/* evidence/replay_store.h — inside the replay guard that remembers in a store, see replay_store.c. */
#ifndef AIM_EVIDENCE_REPLAY_STORE_H
#define AIM_EVIDENCE_REPLAY_STORE_H

#include "base/buf.h"
#include "evidence/replay.h"
#include "store/store.h"

#define AIM__REPLAY_TAG_DIGITS (2u * AIM__REPLAY_TAG_LEN)
#define AIM__REPLAY_TIME_DIGITS 16u
#define AIM__REPLAY_KEY_SIZE 192u
#define AIM__REPLAY_NAME_BYTES 64u
/* Due nonces removed in one transaction. */
#define AIM__REPLAY_PAGE_ROWS 32u
#define AIM__REPLAY_PURGE_OPS (3u * AIM__REPLAY_PAGE_ROWS + 2u)

/* A nonce that is due, as text. */
typedef struct aim__replay_row {
	char scope[AIM__REPLAY_TAG_DIGITS];
	char nonce[AIM__REPLAY_TAG_DIGITS];
	int64_t timestamp_us;
	uint64_t version; /* of its key under due/ */
} aim__replay_row;

/* Live nonces of one scope among the rows. */
typedef struct aim__replay_share {
	const char *scope; /* AIM__REPLAY_TAG_DIGITS */
	int64_t n;
} aim__replay_share;

typedef struct aim__replay_page {
	size_t n_rows;
	aim__replay_row rows[AIM__REPLAY_PAGE_ROWS];
	size_t n_shares;
	aim__replay_share shares[AIM__REPLAY_PAGE_ROWS];
	int64_t due_before_us; /* timestamps before this are due */
	aim_str prefix;        /* of due/ */
	int corrupt;
	size_t n_ops;
	aim_store_op ops[AIM__REPLAY_PURGE_OPS];
	char keys[AIM__REPLAY_PURGE_OPS][AIM__REPLAY_KEY_SIZE];
} aim__replay_page;

typedef struct aim__replay_shared {
	aim_store *store; /* referenced */
	aim__mutex lock;  /* of all below */
	aim__replay_rules rules;
	uint32_t n_inserts;
	aim_buf value;
	aim__replay_page page;
	size_t name_len;
	char name[AIM__REPLAY_NAME_BYTES + 1];
} aim__replay_shared;

aim_bytes aim__replay_name_key(const aim__replay_shared *s, const char *what, char out[AIM__REPLAY_KEY_SIZE]);
aim_bytes aim__replay_scope_key(const aim__replay_shared *s, const char *scope, char out[AIM__REPLAY_KEY_SIZE]);
aim_bytes aim__replay_nonce_key(const aim__replay_shared *s, const aim__replay_row *r,
                                char out[AIM__REPLAY_KEY_SIZE]);
aim_bytes aim__replay_due_key(const aim__replay_shared *s, const aim__replay_row *r, char out[AIM__REPLAY_KEY_SIZE]);

/* An absent counter is 0. */
aim_status aim__replay_load_counter(aim__replay_shared *s, aim_bytes key, const char *what, int64_t *out,
                                    uint64_t *out_version, aim_error *err);
aim_status aim__replay_load_floor(aim__replay_shared *s, int64_t *out, aim_error *err);
aim_status aim__replay_corrupt(aim_error *err, const char *what);

/* ---- replay_purge.c; the lock is held ---- */

/* Forgets one page of what is due. *out_n: removed here, 0 when nothing is due or another process was faster. */
aim_status aim__replay_purge_page(aim__replay_shared *s, int64_t now_us, size_t *out_n, aim_error *err);
aim_status aim__replay_purge_all(aim__replay_shared *s, int64_t now_us, aim_error *err);

#endif
