/* identity/grant.h — a stored grant, for the check. */
#ifndef AIM_IDENTITY_GRANT_H
#define AIM_IDENTITY_GRANT_H

#include "identity/record.h"

#include <aim/grant.h>

typedef struct aim__grant {
	aim_str id, agent, name_space, capability, resource, actor, reason;
	int64_t expires_at_s, created_us;
	uint32_t deny;
	uint32_t reserved;
} aim__grant;

/* Reads a grant; its text goes into arena. *out_visible: it belongs to the registry's namespace. */
aim_status aim__grant_read(aim__record *record, aim_bytes key, aim_bytes value, aim__arena *arena,
                           aim__grant *out, int *out_visible, aim_error *err);
/* All stored grants of an agent, of every namespace. */
aim_status aim__grant_walk(aim_registry *registry, aim_str agent, aim__record_visit visit, void *user,
                           aim_error *err);

#endif
