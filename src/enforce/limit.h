/* enforce/limit.h — inside a limit: counts in memory, and those in a store. */
#ifndef AIM_ENFORCE_LIMIT_H
#define AIM_ENFORCE_LIMIT_H

#include "base/os.h"
#include "enforce/limiter.h"

#include <aim/limit.h>

#define AIM__LIMIT "limit/"
#define AIM__LIMIT_NAME_MAX 64u

struct aim_limit {
	aim_ctx *ctx; /* referenced */
	uint32_t max_calls;
	int64_t window_us;   /* AIM__LIMITER_FOREVER: a budget */
	aim__mutex mutex;    /* guards memory */
	aim__limiter memory; /* unused with a store */
	aim_store *store;    /* referenced; NULL: memory */
	size_t name_len;
	char name[AIM__LIMIT_NAME_MAX];
};

/* limit_store.c: the same four things done to a count in the store. Any thread. */
aim_status aim__limit_shared_take(const aim_limit *limit, aim_str key, int64_t now_us, aim__limiter_mark *mark,
                                  aim_error *err);
aim_status aim__limit_shared_give_back(const aim_limit *limit, aim_str key, int64_t now_us,
                                       const aim__limiter_mark *mark, aim_error *err);
aim_status aim__limit_shared_count(const aim_limit *limit, aim_str key, int64_t now_us, uint64_t *out,
                                   aim_error *err);
aim_status aim__limit_shared_forget(const aim_limit *limit, aim_str key, int64_t now_us, aim_error *err);
aim_status aim__limit_shared_forget_all(const aim_limit *limit, int64_t now_us, aim_error *err);

#endif
