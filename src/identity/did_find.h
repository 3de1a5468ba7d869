/* identity/did_find.h — whose a DID or SPIFFE id is. */
#ifndef AIM_IDENTITY_DID_FIND_H
#define AIM_IDENTITY_DID_FIND_H

#include "store/id.h"
#include "identity/record.h"

/* "alias/": <namespace>/<foreign id>, {"id":…} */
#define AIM__ALIAS_PREFIX "alias/"

/* The id of the agent or server that has a name of these kinds: a did:key of one of its keys, a did:mesh or
 * did:agentmesh derived from one of them, or an alias. What follows from a key goes before what somebody
 * claimed. AIM_OK, AIM_E_NOT_FOUND (err untouched), AIM_E_CONFLICT (two subjects have keys that begin
 * alike), AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's. */
aim_status aim__did_find(aim_registry *registry, aim_str did, char out_id[AIM__ID_SIZE], aim_error *err);

#endif
