/** aim/trust.h — trust in agents and servers, kept in the registry's store: evidence goes in, scores with
 *  their reasons come out. Scores are computed from evidence and never edited; aim/trustscore.h has the
 *  arithmetic.
 *
 *      aim_trust_event e = {.struct_size = sizeof e, .flags = AIM_TRUST_ROOTED};
 *      e.subject = agent_id;
 *      e.source = aim_str_from("gateway-1");                // who you authenticated: not the agent itself
 *      e.id = request_id;                                   // counts once
 *      e.factor = AIM_TRUSTSCORE_SUCCESS;
 *      e.outcome = AIM_TRUST_GOOD;
 *      rc = aim_trust_record(registry, &e, &change, &err);  // change.old_micro, change.new_micro
 *      ...
 *      rc = aim_trust_score(registry, agent_id, NULL, score, &err);
 *      if (rc == AIM_OK)
 *          rc = aim_trustscore_gate(score, agent_id, AIM_TRUSTSCORE_RISK_HIGH, 700000, 0, &err);
 *
 *  Who may record. The source must be one that the caller has authenticated: libaim counts what it is told
 *  under that name. A subject is refused as source about itself. Never record a failed signature as evidence
 *  about the identity that it claims: whoever forges requests would lower their victim. Without
 *  AIM_TRUST_ROOTED (the source does not chain to a root that you chose) sources share one daily limit.
 *
 *  Cost. Recording reads and writes a fixed number of keys, and a score reads two, however long the history
 *  is. Every change is one batch of the evidence, the new score, its history and the audit records
 *  `trust_evidence` and, when the score moved, `trust_score_changed`. */
#ifndef AIM_TRUST_H
#define AIM_TRUST_H

#include <aim/registry.h>
#include <aim/trustscore.h>

AIM_BEGIN_DECLS

/** Flag of evidence: the source chains to a root of trust of the caller's. @since 0.1 */
#define AIM_TRUST_ROOTED 1u

/** Outcomes. @since 0.1 */
#define AIM_TRUST_GOOD 1u
#define AIM_TRUST_BAD 2u

/** Kinds of finding. @since 0.1 */
#define AIM_TRUST_ALERT 1u
#define AIM_TRUST_DRIFT 2u

#define AIM_TRUST_MAX_AGE_S 7776000 /**< events older than 90 days are refused */
#define AIM_TRUST_HISTORY 1000u     /**< so many changes are kept; the audit log has all */

/** Flag of a change: it was counted. Without it the same evidence was there already. @since 0.1 */
#define AIM_TRUST_COUNTED 1u

/** One event about a counted factor. @since 0.1 */
typedef struct aim_trust_event {
	uint32_t struct_size;
	uint32_t flags;   /**< AIM_TRUST_ROOTED or 0 */
	uint32_t factor;  /**< AIM_TRUSTSCORE_VERIFICATION, UPTIME, SUCCESS, COMPLIANCE, FEEDBACK */
	uint32_t outcome; /**< AIM_TRUST_GOOD, AIM_TRUST_BAD */
	int64_t time_us;  /**< when it happened; 0: now */
	aim_str subject;  /**< agent or server id */
	aim_str source;   /**< who says so, authenticated by the caller */
	aim_str id;       /**< of the event: 1 to 64 bytes; counts once per subject */
	aim_str cause;    /**< for history and audit, may be empty */
} aim_trust_event;

/** An alert or drift that is open until it is resolved. @since 0.1 */
typedef struct aim_trust_finding {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t kind;     /**< AIM_TRUST_ALERT, AIM_TRUST_DRIFT */
	uint32_t severity; /**< ALERT: AIM_TRUSTSCORE_LOW … CRITICAL; DRIFT: 0 */
	aim_str subject, source, id, cause;
} aim_trust_finding;

/** A penalty: evidence with a lifetime. @since 0.1 */
typedef struct aim_trust_penalty {
	uint32_t struct_size;
	uint32_t flags;   /**< 0 */
	int64_t micro;    /**< what it takes away, 1 … AIM_TRUSTSCORE_ONE */
	int64_t until_us; /**< it counts until then */
	aim_str subject, source, id, cause;
} aim_trust_penalty;

/** What evidence did to the score of `aim-8`. @since 0.1 */
typedef struct aim_trust_change {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_TRUST_COUNTED or 0 */
	int64_t old_micro, new_micro;
} aim_trust_change;

/** Counts an event. An event id that was counted already changes nothing.
 *  @param event       in, borrowed     @param out_change  out, may be NULL; struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_TRUST_SELF, AIM_E_TRUST_EVENT (the id was used for other
 *          evidence), AIM_E_STALE (older than 90 days), AIM_E_FUTURE, AIM_E_NOT_FOUND (no such subject),
 *          AIM_E_LIMIT, AIM_E_CONFLICT (others keep changing it), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_record(aim_registry *registry, const aim_trust_event *event,
                                                     aim_trust_change *out_change, aim_error *err);

/** Notes that a finding is open. One that is open already changes nothing.
 *  @return AIM_OK, AIM_E_TRUST_EVENT (open with another severity), or as aim_trust_record()
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_open(aim_registry *registry, const aim_trust_finding *finding,
                                                   aim_trust_change *out_change, aim_error *err);
/** Notes that a finding was resolved (an alert) or approved (drift). Its severity is not read. The score does
 *  not fall by it.
 *  @return AIM_OK, AIM_E_NOT_FOUND (also when it is not open), or as aim_trust_record()
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_resolve(aim_registry *registry, const aim_trust_finding *finding,
                                                      aim_trust_change *out_change, aim_error *err);
/** Takes something away for a time. A penalty that is there already changes nothing.
 *  @return AIM_OK, AIM_E_LIMIT (AIM_TRUSTSCORE_MAX_PENALTIES count at the same time), or as aim_trust_record()
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_penalize(aim_registry *registry, const aim_trust_penalty *penalty,
                                                       aim_trust_change *out_change, aim_error *err);

/** The score of an agent or server now, with its evidence root. A subject that nobody has seen has one too.
 *  @param profile  in, NULL: `aim-8`; borrowed for as long as score is used     @param out  in/out
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked (out: confined).  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_score(aim_registry *registry, aim_str subject,
                                                    const aim_trustscore_profile *profile, aim_trustscore *out,
                                                    aim_error *err);

/** Appends the evidence behind a score (aim_trustscore_evidence_read): with it, the profile and as_of_us
 *  anybody computes the same score.
 *  @return as aim_trust_score()
 *  Threads: locked (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_export(aim_registry *registry, aim_str subject, aim_buf *out,
                                                     aim_error *err);

/** What would raise a score. Spans are borrowed for the call. @since 0.1 */
typedef struct aim_trust_hint {
	uint32_t struct_size;
	uint32_t flags;
	aim_str action;     /**< "resolve alert alr_…" */
	int64_t gain_micro; /**< by how much; 0 for what lifts a veto only */
} aim_trust_hint;

/** Receives one hint; a non-zero result ends the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_trust_hint_visit)(void *user, const aim_trust_hint *hint);

/** What would raise the score, and by how much: each hint alone, beginning with what is open.
 *  @param profile  in, NULL: `aim-8`
 *  @return as aim_trust_score(), or what visit returned
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_hints(aim_registry *registry, aim_str subject,
                                                    const aim_trustscore_profile *profile,
                                                    aim_trust_hint_visit visit, void *user, aim_error *err);

/** Appends score, rows, vetoes, root and hints as one JSON object.
 *  @param profile  in, NULL: `aim-8`
 *  @return as aim_trust_score()
 *  Threads: locked (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_explain(aim_registry *registry, aim_str subject,
                                                      const aim_trustscore_profile *profile, aim_buf *out,
                                                      aim_error *err);

/** One change of the score of `aim-8`. Spans are borrowed for the call. @since 0.1 */
typedef struct aim_trust_moment {
	uint32_t struct_size;
	uint32_t flags;                 /**< 0 */
	uint64_t number;                /**< 1, 2, … */
	int64_t time_us;
	int64_t old_micro, new_micro;
	aim_str cause, event, source;
} aim_trust_moment;

/** Receives one change; a non-zero result ends the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_trust_moment_visit)(void *user, const aim_trust_moment *moment);

/** The changes of a score, the newest first.
 *  @param limit  in: 0: all that are kept
 *  @return AIM_OK (also when there are none), or as aim_trust_score(), or what visit returned
 *  Threads: locked.  Allocates: yes, independent of the number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trust_history(aim_registry *registry, aim_str subject, size_t limit,
                                                      aim_trust_moment_visit visit, void *user, aim_error *err);

AIM_END_DECLS

#endif
