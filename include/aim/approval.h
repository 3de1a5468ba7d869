/** aim/approval.h — a call waits for a person: asked here, decided later or in another process, used once.
 *
 *      aim_approval_spec spec = {.struct_size = sizeof spec, .risk = AIM_DECISION_RISK_HIGH};
 *      char id[AIM_APPROVAL_ID_SIZE];
 *      spec.agent = agent_id;
 *      spec.tool = aim_str_from("deploy");
 *      spec.arguments = arguments;
 *      rc = aim_approval_ask(registry, &spec, id, &err);        // AIM_ASK, until somebody decides
 *      ...
 *      aim_approval_decision d = {.struct_size = sizeof d, .state = AIM_APPROVAL_APPROVED};
 *      d.actor = aim_str_from("ana@example.org");
 *      rc = aim_approval_decide(registry, aim_str_from(id), &d, &err);     // there
 *      rc = aim_approval_ask(registry, &spec, id, &err);        // here again: AIM_OK, once
 *
 *  An approval holds for exactly what was asked: agent, server, tool, resource, fingerprint of the tool, hash of the
 *  policy and canonical form of the arguments. Whatever differs asks anew. It is used up by the first call that it
 *  allows, and ends with its time; so does a denial. Asking is the recheck: ask where everything else allows.
 *
 *  Approvals live in the registry's store. Each change is one batch with its audit record; records show the hash of
 *  the arguments, never the arguments. Approvals are kept for AIM_APPROVAL_KEEP_S after their end.
 */
#ifndef AIM_APPROVAL_H
#define AIM_APPROVAL_H

#include <aim/decision.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** States. 0 is none of them. @since 0.1 */
#define AIM_APPROVAL_PENDING 1u
#define AIM_APPROVAL_APPROVED 2u
#define AIM_APPROVAL_DENIED 3u
#define AIM_APPROVAL_USED 4u
#define AIM_APPROVAL_EXPIRED 5u /**< not decided, or not used, in time */

/** How soon an answer is wanted; for people, nothing depends on it. @since 0.1 */
#define AIM_APPROVAL_LOW 1u
#define AIM_APPROVAL_NORMAL 2u
#define AIM_APPROVAL_URGENT 3u

#define AIM_APPROVAL_ID_SIZE 37u         /**< "apr_", 32 hex digits and the NUL */
#define AIM_APPROVAL_DEFAULT_TTL_S 3600u
#define AIM_APPROVAL_MAX_TTL_S 2678400u  /**< 31 days */
#define AIM_APPROVAL_MAX_PENDING 64u     /**< of one agent; threads that ask at the same moment may pass it by their number */
#define AIM_APPROVAL_MAX_ARGUMENTS 16384u /**< kept for the person who decides; of more, the hash alone */
#define AIM_APPROVAL_KEEP_S 2592000      /**< 30 days */

/** Flag of aim_approval_spec: the arguments are not kept, their hash is. Who decides does not see them. @since 0.1 */
#define AIM_APPROVAL_HIDE_ARGUMENTS 1u

/** What is asked. All borrowed for the call. @since 0.1 */
typedef struct aim_approval_spec {
	uint32_t struct_size;
	uint32_t flags;           /**< AIM_APPROVAL_HIDE_ARGUMENTS */
	uint32_t risk;            /**< AIM_DECISION_RISK_* */
	uint32_t urgency;         /**< AIM_APPROVAL_LOW … URGENT; 0: NORMAL */
	uint32_t ttl_s;           /**< to decide and to use it; 0: AIM_APPROVAL_DEFAULT_TTL_S */
	uint32_t reserved;        /**< 0 */
	aim_str agent;            /**< required: its id, authenticated by the caller */
	aim_str server;           /**< id or name; empty: none */
	aim_str tool;             /**< required: name of the tool, or an action */
	aim_str resource;
	aim_str tool_fingerprint; /**< of the definition that the caller looked at; empty: not bound */
	aim_str policy_hash;      /**< of the policy in force; empty: not bound */
	aim_bytes arguments;      /**< a JSON text; empty: none */
	aim_str reason;           /**< why a person is asked; ≤ 1 024 bytes; not bound */
} aim_approval_spec;

/** An approval as it is kept. Spans are borrowed for the call that gave it. @since 0.1 */
typedef struct aim_approval {
	uint32_t struct_size;
	uint32_t state;          /**< AIM_APPROVAL_* */
	uint32_t risk;           /**< AIM_DECISION_RISK_* */
	uint32_t urgency;        /**< AIM_APPROVAL_LOW … URGENT */
	int64_t asked_us, expires_at_us;
	int64_t decided_us;      /**< 0: not yet */
	int64_t used_us;         /**< 0: not yet */
	aim_str id, agent, server, tool, resource, tool_fingerprint, policy_hash, reason;
	aim_str arguments_hash;  /**< SHA-256 of their canonical form, in hex; empty: there are none */
	aim_bytes arguments;     /**< canonical; empty: not kept */
	aim_str decided_by, decided_why;
} aim_approval;

/** What was decided. @since 0.1 */
typedef struct aim_approval_decision {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t state;    /**< AIM_APPROVAL_APPROVED, AIM_APPROVAL_DENIED */
	uint32_t reserved; /**< 0 */
	aim_str actor;     /**< required: who decided; never the agent itself */
	aim_str reason;    /**< ≤ 1 024 bytes */
} aim_approval_decision;

/** A wait under way. Set struct_size and deadline_us, the rest to 0. @since 0.1 */
typedef struct aim_approval_wait {
	uint32_t struct_size;
	uint32_t n_polls;    /**< so far */
	int64_t deadline_us; /**< give up then; 0: at the approval's own end */
	int64_t next_us;     /**< out: poll again then */
} aim_approval_wait;

/** Asks whether exactly this may be done now. What was approved is used up by it; what nobody was asked yet is put
 *  before a person. Audit: approval_requested, approval_used.
 *  @param spec    in
 *  @param out_id  out, AIM_APPROVAL_ID_SIZE bytes, may be NULL; set on AIM_OK, AIM_ASK and AIM_DENIED, else empty
 *  @return AIM_OK (approved, and used up by this call), AIM_ASK (pending), AIM_DENIED (a person denied it),
 *          AIM_E_LIMIT (AIM_APPROVAL_MAX_PENDING wait), AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME, AIM_E_UTF8 and
 *          AIM_E_JSON_* (arguments), AIM_E_CONFLICT (others keep changing it), AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK,
 *          AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_approval_ask(aim_registry *registry, const aim_approval_spec *spec,
                                                     char *out_id, aim_error *err);

/** The same without putting anything before a person: uses what was approved.
 *  @return as aim_approval_ask(), with AIM_DENIED also when nobody was asked (out_id is then empty)
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_approval_use(aim_registry *registry, const aim_approval_spec *spec,
                                                     char *out_id, aim_error *err);

/** Approves or denies. Audit: approval_granted or approval_denied.
 *  @param id  in: "apr_…"     @param decision  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_STATE (decided before),
 *          AIM_E_EXPIRED, AIM_E_GRANTREQUEST_SELF (the agent may not decide for itself), AIM_E_CONFLICT, AIM_E_NOMEM,
 *          AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_approval_decide(aim_registry *registry, aim_str id,
                                                        const aim_approval_decision *decision, aim_error *err);

/** How it stands with one that was asked; uses nothing up. For hosts that wait: the library never sleeps, so poll
 *  again at wait->next_us (after 100 ms at first, then less and less often), and ask again once it is approved.
 *  @param wait  in, out
 *  @return AIM_OK (approved, and not used), AIM_ASK (pending: wait on), AIM_DENIED, AIM_E_EXPIRED (its time or the
 *          deadline is over), AIM_E_STATE (used), AIM_E_NOT_FOUND, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CLOCK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked (wait: confined).  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_approval_poll(aim_registry *registry, aim_str id, aim_approval_wait *wait,
                                                      aim_error *err);

/** Receives one approval, borrowed for the call; the registry may be used inside. A non-zero result ends the walk
 *  and is returned by it. @since 0.1 */
typedef aim_status (*aim_approval_visit)(void *user, const aim_approval *approval);

/** Shows one.
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_approval_find(aim_registry *registry, aim_str id, aim_approval_visit visit,
                                                      void *user, aim_error *err);

/** Approvals, oldest first.
 *  @param state  in: AIM_APPROVAL_*; 0: all
 *  @param after  in: list ids greater than this; empty: from the start     @param limit  at most so many; 0: all
 *  @return AIM_OK (also when there are none), or as aim_approval_find()
 *  Threads: locked.  Allocates: yes, independent of the number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_approval_list(aim_registry *registry, uint32_t state, aim_str after,
                                                      size_t limit, aim_approval_visit visit, void *user,
                                                      aim_error *err);

/** "pending", "approved", "denied", "used", "expired"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_approval_state_name(uint32_t state);

/** "low", "normal", "urgent"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_approval_urgency_name(uint32_t urgency);

AIM_END_DECLS

#endif
