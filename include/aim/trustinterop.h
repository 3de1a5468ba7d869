/** aim/trustinterop.h — scores by the rules of other systems, for exchange and comparison with them: `mcp-8`
 *  for servers seen through their attestations, `aim-9` of the 2026 AIM and the Agent Identity Protocol, and
 *  the counters of `mesh-5`. Their numbers are reproduced as their documents define them, with the laws that
 *  they break (docs/trust.md); no gate opens on `aim-9`.
 *
 *      aim_trustinterop_mcp8 in = {.struct_size = sizeof in, .status = AIM_TRUSTINTEROP_VERIFIED};
 *      in.n_attesters = 3;
 *      in.confidence_micro = 60000000;                      // 60 of 100
 *      rc = aim_trustinterop_score_mcp8(&in, as_of_us, score, &err);
 *
 *      aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
 *      aim_trustinterop_mesh_begin(&mesh, 500);             // registered; 0: seen only through interactions
 *      rc = aim_trustinterop_mesh_apply(&mesh, AIM_TRUSTINTEROP_SUCCESS, at_us, event_id, 1000, &err);
 */
#ifndef AIM_TRUSTINTEROP_H
#define AIM_TRUSTINTEROP_H

#include <aim/trustscore.h>

AIM_BEGIN_DECLS

/** Standing of a server. 0: none of these, worth nothing. @since 0.1 */
#define AIM_TRUSTINTEROP_PENDING 1u
#define AIM_TRUSTINTEROP_VERIFIED 2u
#define AIM_TRUSTINTEROP_SUSPENDED 3u
#define AIM_TRUSTINTEROP_REVOKED 4u

/** How a server is reached. 0: otherwise. @since 0.1 */
#define AIM_TRUSTINTEROP_HTTPS_OR_STDIO 1u
#define AIM_TRUSTINTEROP_HTTP_LOOPBACK 2u

/** Facts of a server: a set. @since 0.1 */
#define AIM_TRUSTINTEROP_PROVEN_KEY 1u
#define AIM_TRUSTINTEROP_OWNER_VERIFIED 2u
#define AIM_TRUSTINTEROP_DESCRIBED 4u

/** Inputs of `mcp-8`. @since 0.1 */
typedef struct aim_trustinterop_mcp8 {
	uint32_t struct_size;
	uint32_t flags;              /**< set of AIM_TRUSTINTEROP_PROVEN_KEY … */
	uint32_t status;             /**< AIM_TRUSTINTEROP_PENDING … */
	uint32_t transport;          /**< AIM_TRUSTINTEROP_HTTPS_OR_STDIO … */
	uint64_t n_attesters;        /**< distinct */
	int64_t confidence_micro;    /**< 0 … 100 000 000: 0 to 100 */
	int64_t health_micro;        /**< rate of successful health checks */
	int64_t connection_micro;    /**< rate of successful connections */
	int64_t latency_us;          /**< mean */
	int64_t active_micro;        /**< share of capabilities that are active */
	int64_t verified_micro;      /**< share of capabilities that are verified */
	uint64_t n_grave_alerts;     /**< open, high or critical */
	uint64_t n_connected_agents;
	uint64_t positive, negative; /**< feedback */
	int64_t created_us;
} aim_trustinterop_mcp8;

/** The score of a server by `mcp-8`.
 *  @param out  in/out
 *  @return AIM_OK, AIM_E_INVALID (a rate out of range), AIM_E_VERSION
 *  Threads: out confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustinterop_score_mcp8(const aim_trustinterop_mcp8 *in, int64_t as_of_us,
                                                                aim_trustscore *out, aim_error *err);

/** A ratio; n 0: no data. @since 0.1 */
typedef struct aim_trustinterop_ratio {
	uint64_t good, n; /**< good ≤ n < 2^40 */
} aim_trustinterop_ratio;

/** Inputs of `aim-9`; severities by AIM_TRUSTSCORE_LOW … CRITICAL, [0] is everything below. @since 0.1 */
typedef struct aim_trustinterop_aim9 {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	aim_trustinterop_ratio verification, uptime, success, compliance;
	int64_t isolation_micro;      /**< −1: no data */
	uint64_t alerts[5];           /**< unacknowledged */
	uint64_t violations[5];       /**< of the last 90 whole UTC days, of capabilities, that were not blocked */
	uint64_t blocked[5];          /**< the same, blocked */
	uint64_t drift[5];            /**< findings of the last 30 days */
	uint64_t positive, negative;  /**< feedback; both 0: no data */
	int64_t created_us;
} aim_trustinterop_aim9;

/** The score of an agent by `aim-9`: AIM_TRUSTSCORE_UNSCORED when less than half of the weight has data,
 *  always AIM_TRUSTSCORE_DISPLAY.
 *  @param out  in/out
 *  @return AIM_OK, AIM_E_INVALID (a ratio out of range), AIM_E_VERSION
 *  Threads: out confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustinterop_score_aim9(const aim_trustinterop_aim9 *in, int64_t as_of_us,
                                                                aim_trustscore *out, aim_error *err);

/** Outcomes of an interaction. @since 0.1 */
#define AIM_TRUSTINTEROP_SUCCESS 1u /**< +10 overall and competence */
#define AIM_TRUSTINTEROP_FAILURE 2u /**< −20 overall and integrity */
#define AIM_TRUSTINTEROP_TIMEOUT 3u /**< −10 overall and availability */
#define AIM_TRUSTINTEROP_PARTIAL 4u /**< +5 overall */

/** Tiers of `mesh-5`. 0: unknown, nobody recorded it; never trusted. @since 0.1 */
#define AIM_TRUSTINTEROP_UNTRUSTED 1u
#define AIM_TRUSTINTEROP_PROBATIONARY 2u     /**< from 300 */
#define AIM_TRUSTINTEROP_STANDARD 3u         /**< from 500 */
#define AIM_TRUSTINTEROP_TRUSTED 4u          /**< from 700 */
#define AIM_TRUSTINTEROP_VERIFIED_PARTNER 5u /**< from 900 */

/** Counters of `mesh-5`, each 0 … 1000. Zeroed: nobody recorded it. @since 0.1 */
typedef struct aim_trustinterop_mesh {
	uint32_t struct_size;
	uint32_t known; /**< 1: registered, or recorded at least once */
	uint32_t overall, competence, integrity, availability, predictability, transparency;
	int64_t last_us;   /**< time of the last outcome */
	char last_id[65];  /**< id of its event */
	uint8_t reserved[7];
} aim_trustinterop_mesh;

/** Starts all counters at `start`.
 *  @param mesh  in/out, struct_size set by the caller     @param start  in: 0 … 1000
 *  @return AIM_OK, AIM_E_INVALID.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trustinterop_mesh_begin(aim_trustinterop_mesh *mesh, uint32_t start);
/** Applies an outcome. Counters are clamped, so order matters: outcomes go in by time, then by event id.
 *  @param event_id  in: 1 to 64 bytes     @param ceiling  in: what no counter may pass, 0 … 1000
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_REPLAY (the last event again), AIM_E_STALE (before the last one)
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trustinterop_mesh_apply(aim_trustinterop_mesh *mesh, uint32_t outcome,
                                                                int64_t at_us, aim_str event_id,
                                                                uint32_t ceiling, aim_error *err);
/** AIM_TRUSTINTEROP_UNTRUSTED …; 0 when it is not known.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_trustinterop_mesh_tier(const aim_trustinterop_mesh *mesh);
/** "verified_partner", "trusted", "standard", "probationary", "untrusted"; "unknown".
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trustinterop_tier_name(uint32_t tier);

AIM_END_DECLS

#endif
