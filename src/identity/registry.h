/* identity/registry.h — inside the registry, for the layers above. */
#ifndef AIM_IDENTITY_REGISTRY_H
#define AIM_IDENTITY_REGISTRY_H

#include <aim/registry.h>

#include <stdatomic.h>

struct aim_registry {
	aim_ctx *ctx;     /* borrowed from log */
	aim_store *store; /* borrowed from log */
	aim_audit *log;   /* referenced */
	atomic_uint_fast32_t references;
	atomic_uint_fast64_t generation; /* one more for every change made through this handle */
	size_t name_space_len;
	char name_space[]; /* NUL-terminated */
};

aim_registry *aim__registry_ref(aim_registry *registry);
void aim__registry_unref(aim_registry *registry);

/* Whatever was remembered of the registry under another number may be out of date. */
uint64_t aim__registry_generation(const aim_registry *registry);

#endif
