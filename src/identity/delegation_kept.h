/* identity/delegation_kept.h — chains and revocations as the registry keeps them.
 *
 * "delegation/<child DID>/<id>" holds a chain by its last link, "delegation-id/<id>" leads there.
 * "delegation-revoked/<namespace>/<id>" is a revoked link, recorded or not. */
#ifndef AIM_IDENTITY_DELEGATION_KEPT_H
#define AIM_IDENTITY_DELEGATION_KEPT_H

#include "identity/delegation.h"
#include "identity/record.h"

#define AIM__DELEGATION_BY_AGENT "delegation/"
#define AIM__DELEGATION_BY_ID "delegation-id/"
#define AIM__DELEGATION_REVOKED "delegation-revoked/"

typedef struct aim__stored_chain {
	aim_str id, name_space, sponsor, parent, child, actor;
	aim__text_list capabilities;
	uint64_t depth;
	int64_t not_before_s, expires_at_s, recorded_us;
	uint8_t hash[32];
	aim_bytes chain;
} aim__stored_chain;
extern const aim__fields aim__stored_chain_fields;

/* Clears key first. */
aim_status aim__delegation_chain_key(aim_buf *key, aim_str child, aim_str id, aim_error *err);

#endif
