/** aim/facts.h — what a host knows about a call beside names, trust and capabilities, for policies whose rules have
 *  conditions on it. Plain memory of the caller, borrowed for the call.
 *
 *      aim_fact region = {.type = AIM_FACT_TEXT};
 *      region.name = aim_str_from("region");
 *      region.text = aim_str_from("eu");
 *      aim_facts facts = {.struct_size = sizeof facts, .known = AIM_FACTS_ATTESTATIONS};
 *      facts.n_attestations = 3;
 *      facts.args = arguments;                        // an aim_json; facts.args_at: 0, its root
 *      facts.host = &region;
 *      facts.n_host = 1;
 *      request.facts = &facts;
 *      rc = aim_policy_decide(policy, &request, decision, &err);
 *
 *  Everything is zero when it is not known. What is not known satisfies deny and ask rules, never allow rules.
 */
#ifndef AIM_FACTS_H
#define AIM_FACTS_H

#include <aim/json.h>
#include <aim/rates.h>

AIM_BEGIN_DECLS

/** aim_facts.known: members that may be 0 and known to be. @since 0.1 */
#define AIM_FACTS_ATTESTATIONS 1u /**< n_attestations */
#define AIM_FACTS_CONFIDENCE 2u   /**< confidence_micro */
#define AIM_FACTS_LABELS 4u       /**< labels */
#define AIM_FACTS_SIGNALS 8u      /**< signals */

/** aim_facts.drift: what is open against the server, or the agent's own configuration. @since 0.1 */
#define AIM_FACTS_DRIFT_NONE 1u     /**< compared, and nothing has changed that nobody approved */
#define AIM_FACTS_DRIFT_OPEN 2u     /**< a change waits for approval */
#define AIM_FACTS_DRIFT_CRITICAL 3u /**< a grave one does */

/** aim_facts.scan: the worst that the scanner found in the tool's definition. @since 0.1 */
#define AIM_FACTS_SCAN_CLEAN 1u
#define AIM_FACTS_SCAN_INFO 2u
#define AIM_FACTS_SCAN_WARNING 3u
#define AIM_FACTS_SCAN_CRITICAL 4u

/** aim_facts.signals, as bits: what the host or another part of the library saw of this caller. @since 0.1 */
#define AIM_FACTS_UNUSUAL 1u      /**< it behaves unlike itself (aim/behaviour.h) */
#define AIM_FACTS_UNAUTHORIZED 2u /**< no grant covers what it asks for */
#define AIM_FACTS_AUTH_FAILED 4u  /**< it could not show who it is */
#define AIM_FACTS_EXFILTRATION 8u /**< data would leave that should not */

/** What a host can carry out when a rule demands it: aim_facts.obligations, as bits. @since 0.1 */
#define AIM_OBLIGATION_REDACT 1u     /**< take members out of the arguments */
#define AIM_OBLIGATION_LOG 2u        /**< write a log entry */
#define AIM_OBLIGATION_NOTIFY 4u     /**< tell somebody */
#define AIM_OBLIGATION_RATE_LIMIT 8u /**< hold the caller to a rate */

/** aim_fact.type. @since 0.1 */
#define AIM_FACT_TEXT 1u
#define AIM_FACT_DECIMAL 2u /**< text is a number as JSON writes it, compared exactly */
#define AIM_FACT_INTEGER 3u
#define AIM_FACT_BOOL 4u    /**< integer is 0 or 1 */

/** A fact of the host's own, for the member "facts" of conditions. @since 0.1 */
typedef struct aim_fact {
	aim_str name;
	aim_str text;    /**< of TEXT and DECIMAL */
	int64_t integer; /**< of INTEGER and BOOL */
	uint32_t type;   /**< AIM_FACT_* */
	uint32_t reserved; /**< 0 */
} aim_fact;

/** Facts about one call. @since 0.1 */
typedef struct aim_facts {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t known;        /**< AIM_FACTS_ATTESTATIONS … SIGNALS */
	uint32_t obligations;  /**< AIM_OBLIGATION_*: what the host will carry out */
	aim_str agent_type;    /**< "ai_agent", "service", or the host's own */
	aim_str owner;         /**< who answers for the agent */
	aim_str status;        /**< of the agent: "verified", "suspended", … */
	aim_str session;       /**< for rates that are counted by session */
	const aim_str *tags;   /**< of the agent; NULL: unknown; not NULL with 0: none */
	size_t n_tags;
	const aim_str *required; /**< capabilities that the call needs; NULL: unknown */
	size_t n_required;
	const aim_json *args;  /**< a document with the arguments; NULL: unknown */
	const aim_fact *host;  /**< the host's own facts */
	size_t n_host;         /**< at most 1 024 */
	aim_rates *rates;      /**< counts calls for conditions on rates; NULL: unknown */
	int64_t n_attestations;   /**< of the server that still hold */
	int64_t confidence_micro; /**< of the server: 0 … 1 000 000 */
	aim_json_value args_at;   /**< where in args the arguments are; 0: they are the document */
	uint32_t labels;       /**< AIM_FLOW_* of the session, and those this call would set */
	uint32_t signals;      /**< AIM_FACTS_UNUSUAL … EXFILTRATION */
	uint32_t drift;        /**< AIM_FACTS_DRIFT_*; 0: unknown */
	uint32_t scan;         /**< AIM_FACTS_SCAN_*; 0: unknown */
	uint32_t reserved;     /**< 0 */
} aim_facts;

AIM_END_DECLS

#endif
