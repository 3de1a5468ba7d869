/* identity/registry.h — inside the registry, for the layers above. */
#ifndef AIM_IDENTITY_REGISTRY_H
#define AIM_IDENTITY_REGISTRY_H

#include "base/buf.h"
#include "base/os.h"

#include <aim/registry.h>

#include <stdatomic.h>

struct aim_registry {
	aim_ctx *ctx;     /* borrowed from log */
	aim_store *store; /* borrowed from log */
	aim_audit *log;   /* referenced */
	atomic_uint_fast32_t references;
	atomic_uint_fast64_t generation; /* one more for every change made or seen through this handle */
	int64_t max_staleness_us;
	atomic_int_fast64_t checked_us; /* when the epoch was last read; AIM__NEVER_US before that */
	aim__mutex epoch_lock;          /* guards epoch, and that one thread at a time reads it */
	uint64_t epoch;                 /* version of its key, as it was read */
	size_t name_space_len;
	char name_space[]; /* NUL-terminated */
};

aim_registry *aim__registry_ref(aim_registry *registry);
void aim__registry_unref(aim_registry *registry);

/* Whatever was remembered of the registry under another number may be out of date. */
uint64_t aim__registry_generation(const aim_registry *registry);

#define AIM__NEVER_US INT64_MIN

/* The operation that belongs into every batch which takes something away from a subject: it moves the
 * epoch, so that other processes look again. */
aim_store_op aim__registry_epoch_step(void);

/* An operation that is a conflict when anything was taken away from any subject after this call. value is cleared and
 * borrowed by it. AIM_OK, AIM_E_NOMEM, or the store's. */
aim_status aim__registry_epoch_hold(aim_registry *registry, aim_buf *value, aim_store_op *out, aim_error *err);

#endif
