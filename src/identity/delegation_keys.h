/* identity/delegation_keys.h — the keys and the standing of those who sign and receive delegations. */
#ifndef AIM_IDENTITY_DELEGATION_KEYS_H
#define AIM_IDENTITY_DELEGATION_KEYS_H

#include "identity/agent.h"
#include "identity/delegation.h"

/* Where a key came from, best first. */
#define AIM__DELEGATION_KEY_NONE 0u     /* nowhere, or what was found may not sign this link */
#define AIM__DELEGATION_KEY_REGISTRY 1u
#define AIM__DELEGATION_KEY_RESOLVER 2u
#define AIM__DELEGATION_KEY_SELF 3u     /* a did:key, which is its own key */

/* An agent whose key was replaced may have two that count at one time. */
#define AIM__DELEGATION_KEYS 4u

typedef struct aim__delegation_keys {
	uint32_t source;
	uint32_t n;
	aim_public_key keys[AIM__DELEGATION_KEYS];
} aim__delegation_keys;

/* The keys that link's parent may have signed with. What the registry knows is not asked anywhere else. AIM_OK also
 * with source NONE; AIM_E_NOMEM, AIM_E_STORE_CORRUPT, what check->resolve returned, or the store's. */
aim_status aim__delegation_find_keys(const aim_ctx *ctx, const aim_delegation_check *check,
                                     const aim__delegation_link *link, aim__delegation_keys *out, aim_error *err);

/* The agent or server that has a DID. AIM_OK, AIM_E_NOT_FOUND (err untouched) when nobody in the registry has it, or as
 * aim_did_find(). */
aim_status aim__delegation_subject(aim_registry *registry, aim_str did, aim__subject **out, aim_error *err);

/* AIM_OK, AIM_E_NOT_FOUND (err untouched) when no agent of the registry has the DID, or as aim_agent_find(). */
aim_status aim__agent_by_did(aim_registry *registry, aim_str did, aim_agent **out, aim_error *err);

#endif
