/** aim/trustmesh.h — the five-dimension trust of `mesh-5`, kept in the registry's store: interactions go in, six
 *  counters of 0 to 1000, a tier and their history come out. aim/trustinterop.h has the arithmetic.
 *
 *      aim_trustmesh_interaction i = {.struct_size = sizeof i, .outcome = AIM_TRUSTINTEROP_SUCCESS};
 *      i.subject = aim_str_from("did:mesh:…");              // or the id of an agent or server
 *      i.source = caller_id;                                // who you authenticated: not the subject itself
 *      i.id = request_id;                                   // counts once; empty: one is made
 *      rc = aim_trustmesh_record(registry, &i, NULL, &change, &err);
 *      ...
 *      rc = aim_trustmesh_check(registry, i.subject, 500, NULL, &mesh, &err);  // AIM_DENIED: not trusted
 *      puts(aim_trustinterop_tier_name(aim_trustinterop_mesh_tier(&mesh)));
 *
 *  Subjects. An id, DID, alias or DID of a key of a registered agent or server is that subject: it begins at 500 (an
 *  option), is bounded by its trust ceiling, and all its names share the counters. Any other DID begins at 0 with its
 *  first interaction; one that nobody recorded is unknown, is never trusted, and asking about it does not create it.
 *  A DID that is registered later begins anew under its id.
 *
 *  Who may record. The source must be one that the caller has authenticated. A subject is refused as source about
 *  itself. Never record a failed signature as an interaction with the identity that it claims.
 *
 *  Cost. Recording, asking and each row of history read and write a fixed number of keys. A change is one batch of the
 *  counters, the event id, the history and the audit records `trust_interaction` and, when the tier is another one,
 *  `trust_tier_changed`. */
#ifndef AIM_TRUSTMESH_H
#define AIM_TRUSTMESH_H

#include <aim/registry.h>
#include <aim/trustinterop.h>

AIM_BEGIN_DECLS

/** Flag of options: `start` is given, also when it is 0. @since 0.1 */
#define AIM_TRUSTMESH_START 1u

/** Flag of a change: it was counted. Without it the same interaction was there already. @since 0.1 */
#define AIM_TRUSTMESH_COUNTED 1u

/** Places of the counters in an array of them. @since 0.1 */
#define AIM_TRUSTMESH_OVERALL 0u
#define AIM_TRUSTMESH_COMPETENCE 1u     /**< can it do the job? */
#define AIM_TRUSTMESH_INTEGRITY 2u      /**< does it do what it says? */
#define AIM_TRUSTMESH_AVAILABILITY 3u   /**< is it reachable when needed? */
#define AIM_TRUSTMESH_PREDICTABILITY 4u /**< does it behave consistently? */
#define AIM_TRUSTMESH_TRANSPARENCY 5u   /**< does it explain what it does? */
#define AIM_TRUSTMESH_COUNTERS 6u

#define AIM_TRUSTMESH_DEFAULT_START 500u
#define AIM_TRUSTMESH_HISTORY 1000u         /**< so many changes are kept; the audit log has all */
#define AIM_TRUSTMESH_EVENT_KEPT_S 7776000  /**< an event id is remembered for 90 days */

/** How subjects begin. NULL stands for zeroes. @since 0.1 */
typedef struct aim_trustmesh_options {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_TRUSTMESH_START or 0 */
	uint32_t start; /**< what a registered subject begins with, 0 … 1000; without the flag 500 */
	uint32_t reserved;
} aim_trustmesh_options;

/** One interaction with a subject. @since 0.1 */
typedef struct aim_trustmesh_interaction {
	uint32_t struct_size;
	uint32_t flags;   /**< 0 */
	uint32_t outcome; /**< AIM_TRUSTINTEROP_SUCCESS … PARTIAL */
	uint32_t reserved;
	int64_t time_us; /**< when it happened; 0: now, behind the last one that was counted */
	aim_str subject; /**< agent or server id, or a DID */
	aim_str source;  /**< who says so, authenticated by the caller */
	aim_str id;      /**< of the event: up to 64 bytes, counts once per subject; empty: a new one is made */
	aim_str cause;   /**< for history and audit, may be empty */
} aim_trustmesh_interaction;

/** What an interaction did. @since 0.1 */
typedef struct aim_trustmesh_change {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_TRUSTMESH_COUNTED or 0 */
	uint32_t before[AIM_TRUSTMESH_COUNTERS], after[AIM_TRUSTMESH_COUNTERS];
	uint32_t old_tier, new_tier; /**< AIM_TRUSTINTEROP_UNTRUSTED …; old 0: it was unknown */
} aim_trustmesh_change;

/** Counts an interaction. The clamped counters depend on order, so interactions go in by time, then by event id; one
 *  that says when it happened and is before the last one is refused. An event id that was counted already changes
 *  nothing.
 *  @param interaction  in, borrowed     @param options  in, borrowed, may be NULL
 *  @param out_change   out, may be NULL; struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID (an argument; no id and no DID; DIDs are of at most 256 bytes), AIM_E_VERSION,
 *          AIM_E_TRUST_SELF, AIM_E_TRUST_EVENT (the id was used for another outcome or by another source),
 *          AIM_E_STALE (before the last one, or older than 90 days), AIM_E_FUTURE, AIM_E_NOT_FOUND (no such id),
 *          AIM_E_UTF8, AIM_E_LIMIT, AIM_E_CONFLICT (others keep changing it, or two subjects have a key that this DID is
 *          derived from), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustmesh_record(aim_registry *registry,
                                                         const aim_trustmesh_interaction *interaction,
                                                         const aim_trustmesh_options *options,
                                                         aim_trustmesh_change *out_change, aim_error *err);

/** The counters of a subject now, none above its trust ceiling. A DID that nobody recorded: AIM_OK and known 0. Says
 *  nothing about the subject's status; aim_trustmesh_check() does.
 *  @param out  out; struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOT_FOUND (no such id), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked (out: confined).  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustmesh_score(aim_registry *registry, aim_str subject,
                                                        const aim_trustmesh_options *options,
                                                        aim_trustinterop_mesh *out, aim_error *err);

/** Whether a subject is trusted: it is known, it may be used (a registered one is neither suspended, revoked nor
 *  expired), and its overall counter is at least `least`.
 *  @param least  in: 0 … 1000     @param out  out, may be NULL; known 0 unless it could be read; set also on AIM_DENIED,
 *                AIM_E_ID_STATUS and AIM_E_EXPIRED
 *  @return AIM_OK only when trusted; AIM_DENIED (unknown, or below), AIM_E_ID_STATUS, AIM_E_EXPIRED, AIM_E_CLOCK, or as
 *          aim_trustmesh_score()
 *  Threads: locked (out: confined).  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustmesh_check(aim_registry *registry, aim_str subject, uint32_t least,
                                                        const aim_trustmesh_options *options,
                                                        aim_trustinterop_mesh *out, aim_error *err);

/** One interaction that was counted. Spans are borrowed for the call. @since 0.1 */
typedef struct aim_trustmesh_moment {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint64_t number;   /**< 1, 2, … */
	int64_t time_us;   /**< of the interaction */
	uint32_t outcome;  /**< AIM_TRUSTINTEROP_SUCCESS … PARTIAL */
	uint32_t reserved; /**< 0 */
	uint32_t before[AIM_TRUSTMESH_COUNTERS], after[AIM_TRUSTMESH_COUNTERS]; /**< the deltas are what they differ by */
	uint32_t old_tier, new_tier;
	aim_str cause, event, source;
} aim_trustmesh_moment;

/** Receives one moment; a non-zero result ends the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_trustmesh_visit)(void *user, const aim_trustmesh_moment *moment);

/** The interactions that were counted, the newest first.
 *  @param limit  in: 0: all that are kept
 *  @return AIM_OK (also when there are none), or as aim_trustmesh_score(), or what visit returned
 *  Threads: locked.  Allocates: yes, independent of the number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustmesh_history(aim_registry *registry, aim_str subject, size_t limit,
                                                          aim_trustmesh_visit visit, void *user, aim_error *err);

/** "success", "failure", "timeout", "partial"; "unknown".  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trustmesh_outcome_name(uint32_t outcome);
/** The outcome of a name; 0 when there is none.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_trustmesh_outcome_named(aim_str name);
/** "overall", "competence", … by place; "unknown".  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trustmesh_counter_name(uint32_t counter);

AIM_END_DECLS

#endif
