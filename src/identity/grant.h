/* identity/grant.h — a stored grant, for the check. */
#ifndef AIM_IDENTITY_GRANT_H
#define AIM_IDENTITY_GRANT_H

#include "identity/batch.h"
#include "store/id.h"

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
/* Whether what is asked for is a grant. AIM_OK, AIM_E_VERSION, AIM_E_ID_CAPABILITY, AIM_E_INVALID, AIM_E_ID_NAME. */
aim_status aim__grant_check_spec(const aim_ctx *ctx, const aim_grant_spec *spec, aim_error *err);
/* Adds a new grant of a usable agent to a batch, with its record; id, time and namespace are filled in. A commit
 * that ends in AIM_E_STORE_BOUND found too many: aim__grant_too_many(). */
aim_status aim__grant_put(aim__batch *batch, aim__grant *grant, char out_id[AIM__ID_SIZE], aim_error *err);
aim_status aim__grant_too_many(aim_str agent, aim_error *err);
/* All stored grants of an agent, of every namespace. */
aim_status aim__grant_walk(aim_registry *registry, aim_str agent, aim__record_visit visit, void *user,
                           aim_error *err);

#endif
