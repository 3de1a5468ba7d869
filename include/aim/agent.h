/** aim/agent.h — registered agents: register, look up, list, move along the life cycle. An aim_agent
 *  is an immutable picture of the record at the time it was read.
 *
 *      aim_agent_spec spec = {.struct_size = sizeof spec};
 *      spec.name = aim_str_from("invoice-bot");
 *      spec.owner = aim_str_from("ana@example.org");
 *      spec.public_key = &public_key;
 *      aim_agent *agent = NULL;
 *      if (aim_agent_register(registry, &spec, &agent, &err) == AIM_OK)
 *          puts(aim_agent_id(agent).ptr);               // agt_…
 *      aim_agent_free(agent);
 */
#ifndef AIM_AGENT_H
#define AIM_AGENT_H

#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

typedef struct aim_agent aim_agent;

/** What an agent is. @since 0.1 */
#define AIM_AGENT_AI 1u      /**< "ai_agent" */
#define AIM_AGENT_SERVICE 2u /**< "service" */

/** The owner's address has been verified. @since 0.1 */
#define AIM_AGENT_OWNER_VERIFIED 1u

/** Most aliases of an agent, and how deep parents go: one without has depth 0. @since 0.1 */
#define AIM_AGENT_MAX_ALIASES 8u
#define AIM_AGENT_MAX_DEPTH 10u

/** What aim_agent_register() takes. Text must be UTF-8 without control characters; a name is 1 to
 *  limits.max_name_bytes and does not begin or end with a space. Absent spans are left out.
 *  @since 0.1 */
typedef struct aim_agent_spec {
	uint32_t struct_size;
	uint32_t flags;                   /**< AIM_AGENT_OWNER_VERIFIED */
	aim_str name;                     /**< required; unique in the namespace */
	aim_str display_name;             /**< rules of a name */
	aim_str description;              /**< ≤ 4 096 bytes; may hold line breaks */
	aim_str owner;                    /**< an e-mail address: holds '@'; rules of a name */
	aim_str organization;             /**< rules of a name */
	const aim_str *capabilities;      /**< declared, e.g. "files:read"; see aim/grant.h */
	size_t n_capabilities;            /**< ≤ 256 */
	const aim_public_key *public_key; /**< optional; belongs to one agent or server for good */
	int64_t expires_at_s;             /**< Unix seconds; 0: never */
	uint32_t type;                    /**< AIM_AGENT_*; 0: AIM_AGENT_AI */
	uint32_t status;                  /**< AIM_REGISTRY_PENDING (0) or AIM_REGISTRY_VERIFIED */
	aim_str actor;                    /**< who registers, for the audit record */
	const aim_str *aliases;           /**< DIDs of did:mesh or did:agentmesh and SPIFFE ids; aim/did.h */
	size_t n_aliases;                 /**< ≤ AIM_AGENT_MAX_ALIASES */
	aim_str parent;                   /**< id of the agent that it works for; it inherits that one's owner */
	int64_t trust_ceiling_micro;      /**< its trust never counts for more; 0: the parent's, or 1 000 000 */
} aim_agent_spec;

/** Registers an agent under a fresh id. Audit: identity_created (and identity_verified).
 *  Only an active agent becomes a parent, and it is one still when the child is there. A child belongs to its parent's
 *  owner: another one is refused. Its trust ceiling is the lower of its parent's and what is asked for; its depth is
 *  its parent's and one.
 *  @param spec  in, borrowed     @param out  out, owned; aim_agent_free(); may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME, AIM_E_ID_CAPABILITY, AIM_E_KEY,
 *          AIM_E_EXISTS (name, key or alias is taken; the message names the id that has it), AIM_E_ID_DID
 *          (an alias), AIM_E_NOT_FOUND (the parent), AIM_E_ID_STATUS (the parent is pending, suspended,
 *          revoked or expired), AIM_E_LIMIT (also a parent that is too deep), AIM_E_CONFLICT, AIM_E_STORE_CORRUPT,
 *          AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_register(aim_registry *registry,
                                                       const aim_agent_spec *spec, aim_agent **out,
                                                       aim_error *err);

/** The agent with an id: "agt_" and 32 hex digits, or the UUID text of them.
 *  @param out  out, owned; aim_agent_free()
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or
 *          the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_find(aim_registry *registry, aim_str id,
                                                   aim_agent **out, aim_error *err);

/** The agent that has a name now. A revoked agent has given up its name.
 *  @return as aim_agent_find().  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_find_name(aim_registry *registry, aim_str name,
                                                        aim_agent **out, aim_error *err);

/** The agent that was registered with a public key, whatever its status is now.
 *  @return as aim_agent_find(), AIM_E_CALLBACK.  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_find_key(aim_registry *registry,
                                                       const aim_public_key *public_key,
                                                       aim_agent **out, aim_error *err);

/** The agent that a DID or SPIFFE id names; see aim_did_find().
 *  @return as aim_agent_find(), AIM_E_ID_DID, AIM_E_CONFLICT (two subjects have keys that begin alike),
 *          AIM_E_LIMIT, AIM_E_CALLBACK.  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_find_did(aim_registry *registry, aim_str did,
                                                       aim_agent **out, aim_error *err);

/** Notes that the owner's address was verified. Audit: owner_verified. Again is no change.
 *  @param actor  in, who verified, for the audit record
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_STATE (it has no owner),
 *          AIM_E_ID_STATUS (it is revoked), AIM_E_CONFLICT (others keep changing the same agent),
 *          AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_verify_owner(aim_registry *registry, aim_str id,
                                                           aim_str actor, aim_error *err);

/** Receives one agent, borrowed for the call; the registry may be used inside. A non-zero result ends
 *  the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_agent_visit)(void *user, const aim_agent *agent);

/** Agents in order of their ids, which is the order of registration.
 *  @param after  in: list ids greater than this; empty: from the start
 *  @param limit  at most so many; 0: all
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes, independent of the number of agents.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_list(aim_registry *registry, aim_str after,
                                                   size_t limit, aim_agent_visit visit, void *user,
                                                   aim_error *err);

/** Moves an agent along the life cycle. Audit: identity_verified, identity_suspended,
 *  identity_revoked. Revoking releases the name and SPIFFE ids; id, keys, DIDs and history stay.
 *  @param move  in, borrowed
 *  @return AIM_OK (also when it has that status already), AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_STATE (not in the table; or a security suspension without override
 *          and reason), AIM_E_CONFLICT (others keep changing the same agent), AIM_E_NOMEM, or the
 *          store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_move(aim_registry *registry, aim_str id,
                                                   const aim_registry_move *move, aim_error *err);

/** Which members of an update are taken over. @since 0.1 */
#define AIM_AGENT_SET_DISPLAY_NAME 1u
#define AIM_AGENT_SET_DESCRIPTION 2u
#define AIM_AGENT_SET_ORGANIZATION 4u

/** New values, by the rules of aim_agent_spec. @since 0.1 */
typedef struct aim_agent_update {
	uint32_t struct_size;
	uint32_t flags;       /**< AIM_AGENT_SET_* */
	aim_str display_name;
	aim_str description;
	aim_str organization;
	aim_str actor;        /**< who changes it, for the audit record */
	aim_str reason;       /**< ≤ 1 024 bytes */
} aim_agent_update;

/** Changes what is said about an agent. Audit: identity_updated. Values that are there already change nothing.
 *  @param update  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME, AIM_E_NOT_FOUND, AIM_E_ID_STATUS (it is revoked),
 *          AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agent_change(aim_registry *registry, aim_str id,
                                                     const aim_agent_update *update, aim_error *err);

/** Frees the handle. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_agent_free(aim_agent *agent);

/** Fields, borrowed from the handle and followed by a NUL where they are not empty; the empty span
 *  when absent or agent is NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_agent_id(const aim_agent *agent);
AIM_API aim_str aim_agent_name(const aim_agent *agent);
AIM_API aim_str aim_agent_display_name(const aim_agent *agent);
AIM_API aim_str aim_agent_description(const aim_agent *agent);
AIM_API aim_str aim_agent_owner(const aim_agent *agent);
AIM_API aim_str aim_agent_organization(const aim_agent *agent);
/** "did:mesh:" and the first 32 hex digits of the id of its first key; empty when it never had one.
 *  @since 0.1 */
AIM_API aim_str aim_agent_did(const aim_agent *agent);
/** SHA-256 of the active public key in hex; empty without one. @since 0.1 */
AIM_API aim_str aim_agent_key_id(const aim_agent *agent);
/** Why it has its status; empty when no reason was given. @since 0.1 */
AIM_API aim_str aim_agent_status_reason(const aim_agent *agent);

/** Id of the agent it works for; empty without one.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_agent_parent(const aim_agent *agent);

/** 1 when the owner's address was verified, else 0.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_agent_owner_is_verified(const aim_agent *agent);
/** Parents above it: 0 … AIM_AGENT_MAX_DEPTH.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_agent_delegation_depth(const aim_agent *agent);
/** What its trust counts for at most: 1 … 1 000 000; 0 for NULL.  Threads: const.  Allocates: no.
 *  @since 0.1 */
AIM_API int64_t aim_agent_trust_ceiling_micro(const aim_agent *agent);

/** AIM_REGISTRY_*; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_agent_status(const aim_agent *agent);
/** AIM_AGENT_*; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_agent_type(const aim_agent *agent);
/** Microseconds since 1970; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_agent_created_us(const aim_agent *agent);
AIM_API int64_t aim_agent_updated_us(const aim_agent *agent);
/** Unix seconds; 0: never.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_agent_expires_at_s(const aim_agent *agent);

/** Whether it counts as active: verified, and not expired at now_us.
 *  @return 1 or 0.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_agent_is_active(const aim_agent *agent, int64_t now_us);

/** The active key; aim/keyring.h has the others.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND without an active key
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_agent_public_key(const aim_agent *agent, aim_public_key *out);

/** Declared capabilities.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_agent_capability_count(const aim_agent *agent);
/** Empty past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_agent_capability_at(const aim_agent *agent, size_t index);

/** DIDs and SPIFFE ids that others gave it.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_agent_alias_count(const aim_agent *agent);
/** Empty past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_agent_alias_at(const aim_agent *agent, size_t index);

AIM_END_DECLS

#endif
