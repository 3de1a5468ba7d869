/** aim/grantrequest.h — an agent asks for a capability and a person decides: approved it becomes a grant, denied it
 *  keeps the reason.
 *
 *      char id[AIM_GRANTREQUEST_ID_SIZE];
 *      aim_grantrequest_spec spec = {.struct_size = sizeof spec};
 *      spec.agent = agent_id;
 *      spec.capability = aim_str_from("files:write");
 *      spec.reason = aim_str_from("writes the monthly report");
 *      rc = aim_grantrequest_create(registry, &spec, id, &err);
 *      ...
 *      aim_grantrequest_decision d = {.struct_size = sizeof d, .state = AIM_GRANTREQUEST_APPROVED};
 *      d.actor = aim_str_from("ana@example.org");
 *      rc = aim_grantrequest_decide(registry, aim_str_from(id), &d, NULL, &err);
 *
 *  A request gives nothing: until it is approved aim_grant_check() says what it said before. Capability and
 *  resource are patterns as in aim/grant.h. A request is decided once; of two who decide at the same time one is
 *  told so. Decided requests are kept for AIM_GRANTREQUEST_KEEP_S; the audit log has all.
 */
#ifndef AIM_GRANTREQUEST_H
#define AIM_GRANTREQUEST_H

#include <aim/grant.h>

AIM_BEGIN_DECLS

/** States. 0 is none of them. @since 0.1 */
#define AIM_GRANTREQUEST_PENDING 1u
#define AIM_GRANTREQUEST_APPROVED 2u
#define AIM_GRANTREQUEST_DENIED 3u

#define AIM_GRANTREQUEST_ID_SIZE 37     /**< "crq_", 32 hex digits and the NUL */
#define AIM_GRANTREQUEST_MAX_PENDING 64u /**< of one agent */
#define AIM_GRANTREQUEST_KEEP_S 7776000 /**< 90 days */

/** What an agent asks for. @since 0.1 */
typedef struct aim_grantrequest_spec {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	aim_str agent;        /**< required: agent id */
	aim_str capability;   /**< required: pattern, ≤ limits.max_name_bytes */
	aim_str resource;     /**< pattern, ≤ 4 096 bytes; empty: any */
	int64_t expires_at_s; /**< when the grant would end, Unix seconds; 0: never */
	aim_str reason;       /**< what for; ≤ 1 024 bytes */
} aim_grantrequest_spec;

/** A request as it is kept. Spans are borrowed for the call that gave it. @since 0.1 */
typedef struct aim_grantrequest {
	uint32_t struct_size;
	uint32_t state;        /**< AIM_GRANTREQUEST_* */
	int64_t expires_at_s;  /**< of the grant; 0: never */
	int64_t requested_us;
	int64_t decided_us;    /**< 0: not yet */
	aim_str id, agent, capability, resource, reason;
	aim_str decided_by, decided_why;
	aim_str grant;         /**< id of the grant it became; empty unless approved */
} aim_grantrequest;

/** What was decided. @since 0.1 */
typedef struct aim_grantrequest_decision {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	uint32_t state;       /**< AIM_GRANTREQUEST_APPROVED, AIM_GRANTREQUEST_DENIED */
	uint32_t reserved;    /**< 0 */
	int64_t expires_at_s; /**< approved: an earlier end for the grant; 0: as asked */
	aim_str actor;        /**< required: who decided; never the agent itself */
	aim_str reason;       /**< required to deny; ≤ 1 024 bytes */
} aim_grantrequest_decision;

/** Asks for a capability. Audit: capability_requested.
 *  @param spec    in, borrowed
 *  @param out_id  out, AIM_GRANTREQUEST_ID_SIZE bytes, may be NULL; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_CAPABILITY (a pattern that is none), AIM_E_NOT_FOUND (no
 *          such agent), AIM_E_ID_STATUS (it is revoked), AIM_E_EXISTS (the same is pending; the message names it),
 *          AIM_E_LIMIT (AIM_GRANTREQUEST_MAX_PENDING wait), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK,
 *          AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grantrequest_create(aim_registry *registry,
                                                            const aim_grantrequest_spec *spec, char *out_id,
                                                            aim_error *err);

/** Approves or denies a pending request. Approved, the grant comes into being in the same batch. Audit:
 *  capability_granted and capability_approved, or capability_denied.
 *  @param id         in: of the request
 *  @param decision   in, borrowed
 *  @param out_grant  out, AIM_GRANT_ID_SIZE bytes, may be NULL; set only on AIM_OK of an approval
 *  @return AIM_OK, AIM_E_INVALID (also: no actor, no reason to deny, a later end than asked for), AIM_E_VERSION,
 *          AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_STATE (decided before), AIM_E_ID_STATUS (the agent is
 *          revoked), AIM_E_GRANTREQUEST_SELF (the agent may not decide for itself), AIM_E_LIMIT (it has 1 024
 *          grants), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or
 *          the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grantrequest_decide(aim_registry *registry, aim_str id,
                                                            const aim_grantrequest_decision *decision,
                                                            char *out_grant, aim_error *err);

/** Receives one request, borrowed for the call; the registry may be used inside. A non-zero result ends the walk
 *  and is returned by it. @since 0.1 */
typedef aim_status (*aim_grantrequest_visit)(void *user, const aim_grantrequest *request);

/** Shows one request.
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grantrequest_find(aim_registry *registry, aim_str id,
                                                          aim_grantrequest_visit visit, void *user,
                                                          aim_error *err);

/** Requests, oldest first.
 *  @param agent  in: of this agent; empty: of all        @param state  in: AIM_GRANTREQUEST_*; 0: all
 *  @param after  in: list ids greater than this; empty: from the start     @param limit  at most so many; 0: all
 *  @return AIM_OK (also when there are none), or as aim_grantrequest_find()
 *  Threads: locked.  Allocates: yes, independent of the number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grantrequest_list(aim_registry *registry, aim_str agent, uint32_t state,
                                                          aim_str after, size_t limit,
                                                          aim_grantrequest_visit visit, void *user,
                                                          aim_error *err);

/** "pending", "approved", "denied"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_grantrequest_state_name(uint32_t state);

AIM_END_DECLS

#endif
