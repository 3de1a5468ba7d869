/** aim/server.h — registered MCP servers: how each is reached, what it declares, its status. An
 *  aim_server is an immutable picture of the record at the time it was read.
 *
 *      aim_server_spec spec = {.struct_size = sizeof spec};
 *      spec.name = aim_str_from("filesystem");
 *      spec.command = aim_str_from("npx");
 *      spec.args = args;
 *      spec.n_args = 3;
 *      aim_server *server = NULL;
 *      rc = aim_server_register(registry, &spec, &server, &err);
 *      aim_server_free(server);
 */
#ifndef AIM_SERVER_H
#define AIM_SERVER_H

#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

typedef struct aim_server aim_server;

/** Most aliases of a server. @since 0.1 */
#define AIM_SERVER_MAX_ALIASES 8u

/** What aim_server_register() takes. Text must be UTF-8 without control characters. A server has a
 *  URL or a launch configuration; both only when the URL is stdio://. Do not put secrets into args:
 *  they are kept and shown. @since 0.1 */
typedef struct aim_server_spec {
	uint32_t struct_size;
	uint32_t flags;                   /**< 0 */
	aim_str name;                     /**< required; unique among servers of the namespace */
	aim_str display_name;             /**< rules of a name */
	aim_str description;              /**< ≤ 4 096 bytes; may hold line breaks */
	aim_str version;                  /**< the server's own; rules of a name */
	aim_str url;                      /**< stdio://, http, https, ws, wss; no user or password in it */
	aim_str command;                  /**< program to launch; ≤ 4 096 bytes */
	const aim_str *args;              /**< each ≤ 4 096 bytes */
	size_t n_args;                    /**< ≤ 256 */
	const aim_str *env_names;         /**< NAMES of environment variables it is given, never values */
	size_t n_env_names;               /**< ≤ 256 */
	const aim_str *capabilities;      /**< declared; see aim/grant.h */
	size_t n_capabilities;            /**< ≤ 256 */
	aim_str verification_url;         /**< http or https */
	aim_str owner;                    /**< an e-mail address: holds '@' */
	const aim_public_key *public_key; /**< optional; no two servers have the same */
	uint32_t status;                  /**< AIM_REGISTRY_PENDING (0) or AIM_REGISTRY_VERIFIED */
	uint32_t reserved;                /**< 0 */
	aim_str actor;                    /**< who registers, for the audit record */
	const aim_str *aliases;           /**< DIDs of did:mesh or did:agentmesh and SPIFFE ids; aim/did.h */
	size_t n_aliases;                 /**< ≤ AIM_SERVER_MAX_ALIASES */
} aim_server_spec;

/** Registers a server under a fresh id. Audit: identity_created (and identity_verified).
 *  @param spec  in, borrowed     @param out  out, owned; aim_server_free(); may be NULL
 *  @return AIM_OK, AIM_E_INVALID (a URL or launch configuration that is none), AIM_E_VERSION,
 *          AIM_E_ID_NAME, AIM_E_ID_CAPABILITY, AIM_E_KEY, AIM_E_EXISTS (name, key or alias is
 *          taken; the message names the id that has it), AIM_E_ID_DID (an alias), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK,
 *          AIM_E_CALLBACK, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_register(aim_registry *registry,
                                                        const aim_server_spec *spec,
                                                        aim_server **out, aim_error *err);

/** The server with an id: "srv_" and 32 hex digits, or the UUID text of them.
 *  @param out  out, owned; aim_server_free()
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or
 *          the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_find(aim_registry *registry, aim_str id,
                                                    aim_server **out, aim_error *err);

/** The server that has a name now. A revoked server has given up its name.
 *  @return as aim_server_find().  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_find_name(aim_registry *registry, aim_str name,
                                                         aim_server **out, aim_error *err);

/** The server that was registered with a public key, whatever its status is now.
 *  @return as aim_server_find(), AIM_E_CALLBACK.  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_find_key(aim_registry *registry,
                                                        const aim_public_key *public_key,
                                                        aim_server **out, aim_error *err);

/** The server that a DID or SPIFFE id names; see aim_did_find().
 *  @return as aim_server_find(), AIM_E_ID_DID, AIM_E_CONFLICT (two subjects have keys that begin alike),
 *          AIM_E_LIMIT, AIM_E_CALLBACK.  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_find_did(aim_registry *registry, aim_str did,
                                                        aim_server **out, aim_error *err);

/** Receives one server, borrowed for the call; the registry may be used inside. A non-zero result
 *  ends the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_server_visit)(void *user, const aim_server *server);

/** Servers in order of their ids, which is the order of registration.
 *  @param after  in: list ids greater than this; empty: from the start
 *  @param limit  at most so many; 0: all
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes, independent of the number of servers.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_list(aim_registry *registry, aim_str after,
                                                    size_t limit, aim_server_visit visit,
                                                    void *user, aim_error *err);

/** Moves a server along the life cycle, as aim_agent_move() does an agent.
 *  @param move  in, borrowed
 *  @return AIM_OK (also when it has that status already), AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_STATE, AIM_E_CONFLICT, AIM_E_NOMEM, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_move(aim_registry *registry, aim_str id,
                                                    const aim_registry_move *move, aim_error *err);

/** Which members of an update are taken over; also AIM_SERVER_APPROVED. @since 0.1 */
#define AIM_SERVER_SET_DISPLAY_NAME 1u
#define AIM_SERVER_SET_DESCRIPTION 2u
#define AIM_SERVER_SET_VERSION 4u
#define AIM_SERVER_SET_URL 8u
#define AIM_SERVER_SET_VERIFICATION_URL 16u
#define AIM_SERVER_SET_CAPABILITIES 32u
#define AIM_SERVER_APPROVED 64u /**< actor has looked at it, and says why in reason */

/** New values, by the rules of aim_server_spec. @since 0.1 */
typedef struct aim_server_update {
	uint32_t struct_size;
	uint32_t flags;              /**< AIM_SERVER_SET_*, AIM_SERVER_APPROVED */
	aim_str display_name;
	aim_str description;
	aim_str version;
	aim_str url;
	aim_str verification_url;
	const aim_str *capabilities;
	size_t n_capabilities;
	aim_str actor;               /**< who changes it, for the audit record */
	aim_str reason;              /**< ≤ 1 024 bytes */
} aim_server_update;

/** Changes fields of a server. Where it is reached, where it is verified and what it declares may change freely
 *  while it is pending; once it was verified that needs AIM_SERVER_APPROVED with an actor and a reason. Audit:
 *  identity_updated. Values that are there already change nothing.
 *  @param update  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME, AIM_E_ID_CAPABILITY, AIM_E_LIMIT, AIM_E_NOT_FOUND,
 *          AIM_E_ID_STATUS (it is revoked), AIM_E_SERVER_APPROVAL, AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_CLOCK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_server_change(aim_registry *registry, aim_str id,
                                                      const aim_server_update *update, aim_error *err);

/** Frees the handle. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_server_free(aim_server *server);

/** Fields, borrowed from the handle and followed by a NUL where they are not empty; the empty span
 *  when absent or server is NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_server_id(const aim_server *server);
AIM_API aim_str aim_server_name(const aim_server *server);
AIM_API aim_str aim_server_display_name(const aim_server *server);
AIM_API aim_str aim_server_description(const aim_server *server);
AIM_API aim_str aim_server_version(const aim_server *server);
AIM_API aim_str aim_server_url(const aim_server *server);
AIM_API aim_str aim_server_command(const aim_server *server);
AIM_API aim_str aim_server_verification_url(const aim_server *server);
AIM_API aim_str aim_server_owner(const aim_server *server);
/** "did:mesh:" and the first 32 hex digits of the key id; empty without a key. @since 0.1 */
AIM_API aim_str aim_server_did(const aim_server *server);
/** SHA-256 of the public key in hex; empty without a key. @since 0.1 */
AIM_API aim_str aim_server_key_id(const aim_server *server);
/** Why it has its status; empty when no reason was given. @since 0.1 */
AIM_API aim_str aim_server_status_reason(const aim_server *server);

/** AIM_REGISTRY_*; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_server_status(const aim_server *server);
/** Microseconds since 1970; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_server_created_us(const aim_server *server);
AIM_API int64_t aim_server_updated_us(const aim_server *server);
/** When an attestation last came from an agent that reached it; 0: never.  Threads: const.  Allocates: no.
 *  @since 0.1 */
AIM_API int64_t aim_server_last_verified_us(const aim_server *server);
/** Attestations that were taken from agents that reached it; and those from agents that did not, with those that were
 *  refused although they were signed by the agent they name. 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_server_verifications_ok(const aim_server *server);
AIM_API uint64_t aim_server_verifications_failed(const aim_server *server);

/** @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND without a key
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_server_public_key(const aim_server *server, aim_public_key *out);

/** Lists of text; an index past the end gives the empty span.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_server_capability_count(const aim_server *server);
AIM_API aim_str aim_server_capability_at(const aim_server *server, size_t index);
AIM_API size_t aim_server_arg_count(const aim_server *server);
AIM_API aim_str aim_server_arg_at(const aim_server *server, size_t index);
AIM_API size_t aim_server_env_name_count(const aim_server *server);
AIM_API aim_str aim_server_env_name_at(const aim_server *server, size_t index);
/** DIDs and SPIFFE ids that others gave it.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_server_alias_count(const aim_server *server);
AIM_API aim_str aim_server_alias_at(const aim_server *server, size_t index);

AIM_END_DECLS

#endif
