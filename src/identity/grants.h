/* identity/grants.h — the grants of one agent in memory, for callers that check often: a check on it
 * allocates nothing, takes no lock and reads no store. Immutable. */
#ifndef AIM_IDENTITY_GRANTS_H
#define AIM_IDENTITY_GRANTS_H

#include <aim/grant.h>

typedef struct aim__grants aim__grants;

/* out is owned; aim__grants_free(). AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOMEM,
 * AIM_E_STORE_CORRUPT, or the store's. */
aim_status aim__grants_load(aim_registry *registry, aim_str agent, aim__grants **out, aim_error *err);
void aim__grants_free(aim__grants *grants);

size_t aim__grants_count(const aim__grants *grants);
/* As aim_grant_check(). out_id (may be NULL): the deciding grant, borrowed from grants; empty when
 * none covers the capability. AIM_OK, AIM_DENIED, AIM_E_ID_CAPABILITY. */
aim_status aim__grants_check(const aim__grants *grants, aim_str capability, aim_str resource,
                             int64_t now_s, aim_str *out_id);

#endif
