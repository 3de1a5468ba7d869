/** aim/session.h — sessions of registered agents: a secret token that stands for an agent, and perhaps a user, for a
 *  while.
 *
 *      char token[AIM_SESSION_TOKEN_SIZE];
 *      aim_session_spec spec = {.struct_size = sizeof spec};
 *      spec.agent = agent_id;
 *      spec.user = aim_str_from("ana@example.org");
 *      rc = aim_session_create(registry, &spec, token, NULL, &err);      // give it to the agent, keep it nowhere
 *      ...
 *      aim_session session = {.struct_size = sizeof session};
 *      if (aim_session_validate(registry, agent_id, presented, &session, &err) != AIM_OK)
 *          return refuse(err.message);
 *
 *  A token is 256 random bits in base64url. Only its SHA-256 is stored; the token is in no error, log or audit record.
 *  Sessions live in the registry's store, so all processes on one store agree about them. Time is the context's
 *  clock. A session is valid while now < expires_at and its agent is active; a suspended agent has none, and has them
 *  again when the suspension is lifted in time.
 */
#ifndef AIM_SESSION_H
#define AIM_SESSION_H

#include <aim/registry.h>

AIM_BEGIN_DECLS

/** 43 characters and the NUL. @since 0.1 */
#define AIM_SESSION_TOKEN_SIZE 44

/** Bounds. @since 0.1 */
#define AIM_SESSION_DEFAULT_TTL_S 3600u
#define AIM_SESSION_MAX_TTL_S 2678400u /**< 31 days */
#define AIM_SESSION_DEFAULT_MAX 10u    /**< sessions of one agent */
#define AIM_SESSION_MAX 64u

/** Flag of aim_session_spec: an agent with as many sessions as it may have gets no more. Without it, the oldest
 *  goes. @since 0.1 */
#define AIM_SESSION_REFUSE 1u

/** What aim_session_create() takes. @since 0.1 */
typedef struct aim_session_spec {
	uint32_t struct_size;
	uint32_t flags;        /**< AIM_SESSION_REFUSE */
	aim_str agent;         /**< required: agent id */
	aim_str user;          /**< optional: on whose behalf; rules of a name, ≤ 256 bytes */
	uint32_t ttl_s;        /**< 0: 3 600 */
	uint32_t max_sessions; /**< of this agent, with the new one; 0: 10 */
} aim_session_spec;

/** What is known of a session. Texts are NUL-terminated. @since 0.1 */
typedef struct aim_session {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	int64_t created_us;    /**< microseconds since 1970 */
	int64_t expires_at_us; /**< not valid from then on */
	char id[40];           /**< "ses_" and 32 hex digits: public, names the session in audit records */
	char agent[40];        /**< agent id */
	char user[264];        /**< empty: none */
} aim_session;

/** Begins a session. Audit: session, action "create", and "evict" for one that had to go; in the same batch.
 *  @param spec       in, borrowed
 *  @param out_token  out, AIM_SESSION_TOKEN_SIZE bytes, set only on AIM_OK: the only time it is seen; wipe it after use
 *  @param out        out, may be NULL; struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (user), AIM_E_NOT_FOUND (no such agent), AIM_E_ID_STATUS
 *          (it is not active), AIM_E_LIMIT (AIM_SESSION_REFUSE, and it has as many as it may), AIM_E_CONFLICT (others keep
 *          changing the same agent's sessions), AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_session_create(aim_registry *registry, const aim_session_spec *spec,
                                                       char out_token[AIM_SESSION_TOKEN_SIZE],
                                                       aim_session *out, aim_error *err);

/** Whether a token is that of a valid session. Writes nothing.
 *  @param agent  in: agent id that must own it; empty: any, so let no stranger choose it
 *  @param token  in, borrowed; hashes are compared in constant time
 *  @param out    out, may be NULL; struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK only when valid; AIM_E_NOT_FOUND (no such session of that agent), AIM_E_EXPIRED, AIM_E_ID_STATUS (the
 *          agent is not active), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_session_validate(aim_registry *registry, aim_str agent,
                                                         aim_str token, aim_session *out, aim_error *err);

/** Ends the session of a token, expired or not. Audit: session, action "revoke".
 *  @param actor  in: who decided, may be empty
 *  @return AIM_OK, AIM_E_NOT_FOUND (no such session, or ended before), AIM_E_ID_NAME (actor), AIM_E_INVALID,
 *          AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_session_revoke(aim_registry *registry, aim_str token, aim_str actor,
                                                       aim_error *err);

/** Ends all sessions of an agent. Audit: session, action "revoke" for each.
 *  @param out_n  out, may be NULL: how many there were
 *  @return AIM_OK (also when there are none), AIM_E_INVALID (not an id), AIM_E_ID_NAME (actor), AIM_E_CONFLICT,
 *          AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_session_revoke_all(aim_registry *registry, aim_str agent,
                                                           aim_str actor, uint64_t *out_n, aim_error *err);

/** Forgets the expired sessions of all agents of the namespace. Audit: session, action "expire" for each. What is
 *  never cleaned up the store forgets a day after it expired.
 *  @param out_n  out, may be NULL: how many were forgotten
 *  @return as aim_session_revoke_all().  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_session_cleanup(aim_registry *registry, uint64_t *out_n,
                                                        aim_error *err);

/** How many sessions are valid now.
 *  @param agent  in: agent id; empty: of all agents of the namespace
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_session_count(aim_registry *registry, aim_str agent, uint64_t *out,
                                                      aim_error *err);

AIM_END_DECLS

#endif
