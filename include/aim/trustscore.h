/** aim/trustscore.h — from counts to a trust score, without a store: integers in, integers out, the same
 *  bits on every machine. aim/trust.h keeps the counts of agents and servers. An aim_trustscore_profile is
 *  immutable; an aim_trustscore_evidence and an aim_trustscore are confined.
 *
 *      aim_trustscore_evidence *evidence = NULL;            // an export, from whoever published the score
 *      aim_trustscore *score = NULL;
 *      rc = aim_trustscore_evidence_read(ctx, exported, &evidence, &err);
 *      if (rc == AIM_OK)
 *          rc = aim_trustscore_new(ctx, &score, &err);
 *      if (rc == AIM_OK)
 *          rc = aim_trustscore_compute(aim_trustscore_profile_named(aim_str_from("aim-8")), evidence,
 *                                      as_of_us, score, &err);
 *      aim_trustscore_summary sum = {.struct_size = sizeof sum};
 *      rc = aim_trustscore_summarize(score, &sum);          // sum.score_micro, sum.band, sum.vetoes, …
 *
 *  Numbers. Scores, values and weights are in millionths: 0 … AIM_TRUSTSCORE_ONE. A value is rounded
 *  half to even, then weighted and summed in 64 bits. Contributions add up to the score exactly: what
 *  rounding leaves goes to the largest remainders, the first of equals. A limit is a row of its own.
 *
 *  Weighing. Events of one source about one factor on one UTC day weigh AIM_TRUSTSCORE_DAY_CAP events
 *  (3 for feedback) at most, in the proportion in which they were good and bad. Sources that are not
 *  rooted share that limit as if they were one.
 */
#ifndef AIM_TRUSTSCORE_H
#define AIM_TRUSTSCORE_H

#include <aim/buf.h>
#include <aim/ctx.h>
#include <aim/error.h>

AIM_BEGIN_DECLS

typedef struct aim_trustscore_profile aim_trustscore_profile;
typedef struct aim_trustscore_evidence aim_trustscore_evidence;
typedef struct aim_trustscore aim_trustscore;

#define AIM_TRUSTSCORE_ONE 1000000      /**< 1.0 */
#define AIM_TRUSTSCORE_DAY_CAP 100u     /**< what one source weighs on one day, in events */
#define AIM_TRUSTSCORE_FEEDBACK_CAP 3u  /**< the same for feedback */
#define AIM_TRUSTSCORE_SETTLED 20u      /**< verified actions from which a score is not provisional */
#define AIM_TRUSTSCORE_MAX_PENALTIES 32u
#define AIM_TRUSTSCORE_ROOT_LEN 32u

/** Factors. VERIFICATION, UPTIME, SUCCESS, COMPLIANCE and FEEDBACK are counted. @since 0.1 */
#define AIM_TRUSTSCORE_VERIFICATION 1u /**< verification_status: verified actions of all actions */
#define AIM_TRUSTSCORE_UPTIME 2u       /**< uptime: successful health checks of all */
#define AIM_TRUSTSCORE_SUCCESS 3u      /**< success_rate: successful of reported or expired actions */
#define AIM_TRUSTSCORE_ALERTS 4u       /**< security_alerts: the worst that is open */
#define AIM_TRUSTSCORE_COMPLIANCE 5u   /**< compliance: compliant of the actions that need logging */
#define AIM_TRUSTSCORE_AGE 6u          /**< age: since creation */
#define AIM_TRUSTSCORE_DRIFT 7u        /**< drift_detection: 0 while an unapproved finding is open */
#define AIM_TRUSTSCORE_FEEDBACK 8u     /**< user_feedback: positive and negative */

/** How grave an alert is. @since 0.1 */
#define AIM_TRUSTSCORE_LOW 1u
#define AIM_TRUSTSCORE_MEDIUM 2u
#define AIM_TRUSTSCORE_HIGH 3u
#define AIM_TRUSTSCORE_CRITICAL 4u

/** Bands: from 0.95, 0.80, 0.70, below. 0: unscored. @since 0.1 */
#define AIM_TRUSTSCORE_POOR 1u
#define AIM_TRUSTSCORE_FAIR 2u
#define AIM_TRUSTSCORE_GOOD 3u
#define AIM_TRUSTSCORE_EXCELLENT 4u

/** Flags of a score. @since 0.1 */
#define AIM_TRUSTSCORE_PROVISIONAL 1u /**< fewer than AIM_TRUSTSCORE_SETTLED verified actions */
#define AIM_TRUSTSCORE_UNSCORED 2u    /**< too little is known for a number (`aim-9`) */
#define AIM_TRUSTSCORE_DISPLAY 4u     /**< for display and comparison; no gate opens on it */

/** Vetoes: a set. @since 0.1 */
#define AIM_TRUSTSCORE_VETO_ALERT 1u /**< a critical alert is open */
#define AIM_TRUSTSCORE_VETO_DRIFT 2u /**< unapproved drift is open */

/** Kinds of row. @since 0.1 */
#define AIM_TRUSTSCORE_FACTOR 1u /**< weight · value */
#define AIM_TRUSTSCORE_LIMIT 2u  /**< what a penalty, a cap or a ceiling takes away: contribution ≤ 0 */

/** One row of a score. name lives as long as the score is not computed anew. @since 0.1 */
typedef struct aim_trustscore_row {
	uint32_t struct_size;
	uint32_t kind;          /**< AIM_TRUSTSCORE_FACTOR, AIM_TRUSTSCORE_LIMIT */
	aim_str name;           /**< "uptime"; "penalty", "critical_alert", "ceiling", "missing_data" */
	int64_t value_micro;    /**< of a factor; of a LIMIT what the score may be at most, or the penalty */
	int64_t weight_micro;   /**< 0 for a LIMIT */
	int64_t contribution_micro;
	uint64_t samples;       /**< events behind a counted factor; open findings; else 0 */
} aim_trustscore_row;

/** A score at a glance. @since 0.1 */
typedef struct aim_trustscore_summary {
	uint32_t struct_size;
	uint32_t flags;           /**< AIM_TRUSTSCORE_PROVISIONAL … DISPLAY */
	int64_t score_micro;      /**< 0 … AIM_TRUSTSCORE_ONE */
	uint32_t band;            /**< AIM_TRUSTSCORE_POOR …; 0: unscored */
	uint32_t vetoes;          /**< set of AIM_TRUSTSCORE_VETO_* */
	uint32_t profile_version;
	uint32_t reserved;        /**< 0 */
	uint64_t samples;         /**< events behind all factors */
	uint64_t n_rows;
	int64_t as_of_us;
	aim_str profile;          /**< "aim-8" */
	aim_str subject;          /**< whose it is, empty when the evidence names nobody */
	uint8_t root[AIM_TRUSTSCORE_ROOT_LEN]; /**< of the evidence; zero for computed inputs (aim/trustinterop.h) */
} aim_trustscore_summary;

/* ---- profiles ---- */

/** `aim-8` (the default), `aim-8-plain` (the same without prior, for display and comparison only) or
 *  `beta` (lower bounds and decay, for those who must rely on the number).
 *  @return static, never freed; NULL for another name.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const aim_trustscore_profile *aim_trustscore_profile_named(aim_str name);

/** One weight of a table. @since 0.1 */
typedef struct aim_trustscore_weight {
	aim_str factor;       /**< "verification_status" … "user_feedback" */
	int64_t weight_micro; /**< 0 … AIM_TRUSTSCORE_ONE */
} aim_trustscore_weight;

/** A weight table of one's own; everything but the weights is as in `aim-8`.
 *  @param name     in: 1 to 32 bytes, not the name of a built-in one     @param version  in: 1 or more
 *  @param weights  in: each factor once at most; their sum must be AIM_TRUSTSCORE_ONE
 *  @param out      out, owned; aim_trustscore_profile_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_TRUST_WEIGHTS (name, factor or sum; the message says which),
 *          AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_profile_new(aim_ctx *ctx, aim_str name, uint32_t version,
                                                               const aim_trustscore_weight *weights,
                                                               size_t n_weights,
                                                               aim_trustscore_profile **out, aim_error *err);
/** For profiles made by aim_trustscore_profile_new(). NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_trustscore_profile_free(aim_trustscore_profile *profile);
/** Borrowed from the profile; empty for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_trustscore_profile_name(const aim_trustscore_profile *profile);

/** "verification_status" …; "unknown" for another number.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trustscore_factor_name(uint32_t factor);
/** 0 for a name that no factor has.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_trustscore_factor_named(aim_str name);
/** "excellent", "good", "fair", "poor"; "unscored" for another number.
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trustscore_band_name(uint32_t band);
/** "low", "medium", "high", "critical"; "unknown" for another number.
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trustscore_severity_name(uint32_t severity);

/* ---- evidence ---- */

/** Evidence about nobody has seen anything of yet.
 *  @param subject  in: its id, at most 128 bytes of UTF-8     @param created_us  in: when it was registered
 *  @param out      out, owned; aim_trustscore_evidence_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_evidence_new(aim_ctx *ctx, aim_str subject,
                                                                int64_t created_us,
                                                                aim_trustscore_evidence **out,
                                                                aim_error *err);
/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_trustscore_evidence_free(aim_trustscore_evidence *evidence);

/** Adds the events of one source (or of all un-rooted ones together) about a counted factor on one UTC day.
 *  The same source and day must come once, with all its events: the limit of a day is applied here.
 *  @param day  in: whole days since 1970     @param good, bad  in: below 2^32
 *  @return AIM_OK, AIM_E_INVALID (not a counted factor, or a day or count out of range), AIM_E_LIMIT
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_evidence_add(aim_trustscore_evidence *evidence,
                                                                uint32_t factor, int64_t day,
                                                                uint64_t good, uint64_t bad,
                                                                aim_error *err);
/** How many alerts of a severity are open.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trustscore_evidence_set_alerts(aim_trustscore_evidence *evidence,
                                                      uint32_t severity, uint64_t n_open);
/** How many unapproved drift findings are open.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trustscore_evidence_set_drift(aim_trustscore_evidence *evidence, uint64_t n_open);
/** What its score may be at most: 0 … AIM_TRUSTSCORE_ONE.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trustscore_evidence_set_ceiling(aim_trustscore_evidence *evidence,
                                                       int64_t ceiling_micro);
/** A penalty that counts from from_us until before until_us.
 *  @param id  in: 1 to 64 bytes of UTF-8, not there yet     @param micro  in: 1 … AIM_TRUSTSCORE_ONE
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_EXISTS, AIM_E_LIMIT (MAX_PENALTIES are there)
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_evidence_add_penalty(aim_trustscore_evidence *evidence,
                                                                        aim_str id, int64_t micro,
                                                                        int64_t from_us, int64_t until_us,
                                                                        aim_error *err);

/** Reads an export. Members that are not known are refused: a score would not be that of the evidence.
 *  @param out  out, owned; aim_trustscore_evidence_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_TRUST_EVIDENCE (not an export; the message says where), AIM_E_JSON_*,
 *          AIM_E_UTF8, AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_evidence_read(aim_ctx *ctx, aim_bytes json,
                                                                 aim_trustscore_evidence **out,
                                                                 aim_error *err);
/** Appends the export: canonical JSON (RFC 8785), the same bytes for the same evidence.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: const.  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_evidence_write(const aim_trustscore_evidence *evidence,
                                                                  aim_buf *out, aim_error *err);
/** The evidence root: SHA-256 of "libaim/trust-evidence/v1\n" and the export.
 *  @param out  out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: const.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_evidence_root(const aim_trustscore_evidence *evidence,
                                                                 uint8_t out[AIM_TRUSTSCORE_ROOT_LEN],
                                                                 aim_error *err);

/* ---- scores ---- */

/** Room for a score; it may be computed again and again.
 *  @param out  out, owned; aim_trustscore_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM.  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_new(aim_ctx *ctx, aim_trustscore **out, aim_error *err);
/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_trustscore_free(aim_trustscore *score);

/** The score of evidence at a time. Costs the same however long the history is. The root stays zero:
 *  hashing is aim_trustscore_evidence_root()'s.
 *  @param profile   in, borrowed for as long as score is used     @param out  in/out
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: out confined, the rest const.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_compute(const aim_trustscore_profile *profile,
                                                           const aim_trustscore_evidence *evidence,
                                                           int64_t as_of_us, aim_trustscore *out,
                                                           aim_error *err);

/** The score at a glance; its spans live until score is computed anew.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trustscore_summarize(const aim_trustscore *score, aim_trustscore_summary *out);
/** NULL past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_trustscore_row *aim_trustscore_row_at(const aim_trustscore *score, size_t index);

/** Risk of an action. @since 0.1 */
#define AIM_TRUSTSCORE_RISK_LOW 1u
#define AIM_TRUSTSCORE_RISK_MEDIUM 2u
#define AIM_TRUSTSCORE_RISK_HIGH 3u

/** Flag of a gate: a provisional score is good enough for high risk. @since 0.1 */
#define AIM_TRUSTSCORE_ALLOW_PROVISIONAL 1u

/** Whether a score opens a gate. Vetoes refuse medium and high risk whatever the number; high risk also
 *  needs a score that is not provisional. Scores for display and scores of another subject open nothing.
 *  @param subject  in: whose action it is; the score must be of it
 *  @param least_micro  in: what the score must reach     @param flags  in: AIM_TRUSTSCORE_ALLOW_PROVISIONAL or 0
 *  @return AIM_OK only when open; AIM_DENIED (the message says why), AIM_E_INVALID
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustscore_gate(const aim_trustscore *score, aim_str subject,
                                                        uint32_t risk, int64_t least_micro, uint32_t flags,
                                                        aim_error *err);

AIM_END_DECLS

#endif
