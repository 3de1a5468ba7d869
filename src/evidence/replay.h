/* evidence/replay.h — inside the replay guard: the handle, and what its two homes do. */
#ifndef AIM_EVIDENCE_REPLAY_H
#define AIM_EVIDENCE_REPLAY_H

#include <aim/replay.h>

#define AIM__REPLAY_TAG_LEN 16u

/* A scope and a nonce under it, as digests: every entry has one size, whatever a format calls a nonce.
 * Equal nonces have equal tags, so a replay is always found. */
typedef struct aim__replay_item {
	uint8_t scope[AIM__REPLAY_TAG_LEN];
	uint8_t nonce[AIM__REPLAY_TAG_LEN];
	int64_t timestamp_us;
	int64_t now_us;
} aim__replay_item;

/* Where a guard remembers. Locks itself. An entry is due when now_us > timestamp_us + window. A home
 * refuses with a status alone; the handle finds the words. */
typedef struct aim__replay_home {
	/* AIM_OK: not seen. AIM_E_STALE (before the home's floor), AIM_E_REPLAY, or a failure. */
	aim_status (*look)(void *home, const aim__replay_item *item, aim_error *err);
	/* The same and the insert in one step; also AIM_E_REPLAY_FULL. */
	aim_status (*insert)(void *home, const aim__replay_item *item, aim_error *err);
	aim_status (*purge)(void *home, int64_t now_us, aim_error *err);
	/* n_nonces, floor_us, and restart_floor_us for a home that forgets at its end. */
	aim_status (*stats)(void *home, aim_replay_stats *out, aim_error *err);
	void (*close)(void *home);
} aim__replay_home;

/* Options with every default filled in. */
typedef struct aim__replay_rules {
	int64_t window_us;
	uint64_t max_nonces;
	uint32_t max_per_key;
} aim__replay_rules;

struct aim_replay {
	aim_ctx *ctx; /* referenced */
	const aim__replay_home *ops;
	void *home;
	aim__replay_rules rules;
	int64_t floor_us; /* of the options; the home's own may be later */
	size_t salt_len;
	uint8_t salt[AIM__REPLAY_TAG_LEN]; /* in memory, so that strangers cannot choose tags that collide */
};

/* Shared by the calls that open. Reads the options (may be NULL) into *o; *out has no home yet. */
aim_status aim__replay_new(aim_ctx *ctx, const aim_replay_options *options, aim_replay_options *o,
                           aim_replay **out, aim_error *err);
/* The floor of a guard that has no memory from before. AIM_OK, AIM_E_CLOCK. */
aim_status aim__replay_start(const aim_replay *guard, const aim_replay_options *o, int64_t *out_floor_us,
                             aim_error *err);

/* The second step alone, for messages that need no guard. AIM_OK, AIM_E_TIMESTAMP, AIM_E_STALE,
 * AIM_E_FUTURE, AIM_E_INVALID. */
aim_status aim__replay_window(int64_t timestamp_us, int64_t now_us, int64_t max_age_us,
                              int64_t max_ahead_us, aim_error *err);

/* Entries in memory. */
extern const aim__replay_home aim__replay_memory;
aim_status aim__replay_memory_new(aim_ctx *ctx, const aim__replay_rules *rules, void **out);

#endif
