/** aim/confidence.h — what the attestations of a server are worth together: a confidence of 0 to 100 %, what it is made
 *  of, whether the attesters agree, and a verdict. An aim_confidence is const; nothing here writes.
 *
 *      aim_confidence *c = NULL;
 *      rc = aim_confidence_compute(ledger, server_id, NULL, &c, &err);
 *      aim_confidence_summary s = {.struct_size = sizeof s};
 *      rc = aim_confidence_read(c, &s);
 *      puts(aim_confidence_verdict_name(aim_confidence_verdict(c, n_open_drift, n_failed_checks)));
 *      for (size_t i = 0; i < aim_confidence_entry_count(c); i++)
 *          show(aim_confidence_entry_at(c, i));                  // who counts, who does not, and why
 *      aim_confidence_free(c);
 *
 *  Over the attestations that count:
 *      agents  = min(100, 20 × attesters)
 *      trust   = 50 × mean trust of the attesters; a provisional score counts as 0.30 at most
 *      recency = 30 × share attested within 7 days
 *      confidence = min(100, (agents + trust + recency) / 1.8), 0 without any
 *
 *  An agent whose newest attestation says that it did not reach the server (AIM_CONFIDENCE_DISCONNECTED) is no attester. If
 *  it had reached it before, by an attestation that would still count, then in mean and share it weighs as one without
 *  trust that attested long ago, and what it saw stays in the choice of the latest manifest. So saying "not reached" never
 *  raises confidence or verdict.
 *
 *  It counts one of each agent, the newest, when it was connected, is neither revoked nor expired, its agent and key are
 *  in force, it is not by the server's own key, and it is about the approved manifest: the baseline of the server once
 *  any of it is approved, before that the manifest of the latest attestation. Every signature is verified again.
 *
 *  The profile AIM_CONFIDENCE_ROBUST is for attestations by strangers: at most one counts for each verified owner, none
 *  of the server's own owner, and trust is 50 × the sum of the best five ÷ 5. One more honest attester never lowers it.
 *
 *  A time in the past (as_of_us) is judged by the attestations that were live then: recorded by then, not superseded by one
 *  recorded by then, revoked only if that was by then, and expired or not at that time; as long as they are kept (keep_days
 *  of aim/ledger.h). Everything else is as it is now: agents, their keys and evidence of trust (scored at that time), the
 *  server's standing, and the approved manifest. Who is not trusted now does not count for the past either.
 *
 *  Percentages are whole numbers of millionths, rounded down: 52 777 777 is 52.78 %.
 */
#ifndef AIM_CONFIDENCE_H
#define AIM_CONFIDENCE_H

#include <aim/ledger.h>
#include <aim/trustinterop.h>

AIM_BEGIN_DECLS

/** 100 %, and what a server needs to pass. @since 0.1 */
#define AIM_CONFIDENCE_FULL INT64_C(100000000)
#define AIM_CONFIDENCE_PASSING INT64_C(60000000)

/** Attestations are recent for 7 days; most attesters of one server that are looked at. @since 0.1 */
#define AIM_CONFIDENCE_RECENT_S 604800
#define AIM_CONFIDENCE_MAX_ENTRIES 65536u

/** Flag of aim_confidence_query: the profile for strangers. @since 0.1 */
#define AIM_CONFIDENCE_ROBUST 1u

/** Why an attestation does not count. 0: it does. @since 0.1 */
#define AIM_CONFIDENCE_SIGNATURE 1u     /**< what is stored is not what was signed */
#define AIM_CONFIDENCE_REVOKED 2u       /**< the attestation itself */
#define AIM_CONFIDENCE_EARLY 3u         /**< recorded after as_of, and none of its agent's before it */
#define AIM_CONFIDENCE_EXPIRED 4u       /**< at as_of */
#define AIM_CONFIDENCE_KEY 5u           /**< its key is not in force, or not its agent's */
#define AIM_CONFIDENCE_AGENT 6u         /**< its agent is not verified now: revoked, suspended, gone */
#define AIM_CONFIDENCE_SERVER_KEY 7u    /**< by the server's own key */
#define AIM_CONFIDENCE_DISCONNECTED 8u  /**< the server was not reached */
#define AIM_CONFIDENCE_MANIFEST 9u      /**< about another manifest */
#define AIM_CONFIDENCE_OWNER 10u        /**< robust: owner not verified, or another of the same owner counts */
#define AIM_CONFIDENCE_SERVER_OWNER 11u /**< robust: of the server's own owner */

/** Verdict on a server. 0 is none. @since 0.1 */
#define AIM_CONFIDENCE_PASS 1u /**< confidence ≥ 60 %, at least one counts, no open drift, not suspended */
#define AIM_CONFIDENCE_WARN 2u /**< neither of the two */
#define AIM_CONFIDENCE_FAIL 3u /**< revoked, or an identity or signature check fails */

/** Bytes of "100% -> 100% (+100)", with room. @since 0.1 */
#define AIM_CONFIDENCE_TEXT_SIZE 40u

typedef struct aim_confidence aim_confidence;

/** @since 0.1 */
typedef struct aim_confidence_query {
	uint32_t struct_size;
	uint32_t flags;    /**< AIM_CONFIDENCE_ROBUST, or 0 */
	int64_t as_of_us;  /**< the time to judge by; 0: the context's clock */
} aim_confidence_query;

/** All in one. @since 0.1 */
typedef struct aim_confidence_summary {
	uint32_t struct_size;
	uint32_t flags;         /**< of the query */
	uint32_t consensus;     /**< 1: 3 agents of 2 owners, ≥ 60 %, all connected and with the same capabilities */
	uint32_t approved;      /**< 1: the manifest was approved; 0: it is the latest that was attested */
	uint32_t server_status; /**< AIM_REGISTRY_PENDING …, of now */
	uint32_t reserved;      /**< 0 */
	int64_t confidence;     /**< millionths of a percent, as the three below */
	int64_t agents;
	int64_t trust;
	int64_t recency;
	int64_t as_of_us;
	uint64_t n_counted;
	uint64_t n_recent;      /**< of those that count */
	uint64_t n_owners;      /**< different owners of those that count */
	uint64_t n_left_out;
	uint64_t n_bad;         /**< of those left out: AIM_CONFIDENCE_SIGNATURE; also what stands behind "not reached" */
} aim_confidence_summary;

/** One attestation that was looked at. Text borrowed from the aim_confidence, with a NUL behind it. @since 0.1 */
typedef struct aim_confidence_entry {
	uint32_t struct_size;
	uint32_t left_out;     /**< 0: it counts; AIM_CONFIDENCE_SIGNATURE … */
	uint32_t connected;
	uint32_t recent;
	uint32_t provisional;  /**< trust_micro stands for a score with too little behind it */
	uint32_t owner_verified;
	uint32_t healthy;      /**< the server answered as it should */
	uint32_t reserved;     /**< 0 */
	int64_t trust_micro;   /**< as it counts; 0 when its agent was not looked at */
	int64_t latency_us;    /**< of the connection */
	int64_t issued_at_s;
	int64_t expires_at_s;
	aim_str id;
	aim_str agent;
	aim_str owner;
	uint8_t manifest_hash[32];
	uint8_t capabilities_hash[32]; /**< equal for equal sets */
} aim_confidence_entry;

/** Computes it.
 *  @param ledger  in, borrowed     @param server  in, "srv_…"     @param query  in, borrowed, may be NULL
 *  @param out     out, owned; aim_confidence_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOT_FOUND (the server), AIM_E_LIMIT, AIM_E_CONFLICT (the
 *          baseline changes faster than it can be read), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT,
 *          or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_confidence_compute(aim_ledger *ledger, aim_str server,
                                                           const aim_confidence_query *query, aim_confidence **out,
                                                           aim_error *err);

/** NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_confidence_free(aim_confidence *confidence);

/** The result.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_confidence_read(const aim_confidence *confidence, aim_confidence_summary *out);

/** What was looked at, by the agents' ids.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_confidence_entry_count(const aim_confidence *confidence);
/** NULL past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_confidence_entry *aim_confidence_entry_at(const aim_confidence *confidence, size_t index);

/** How many definitions of a server differ from its baseline, by what was last observed, without anybody's approval; or how
 *  many findings of drift are open in the evidence of its trust (aim/trust.h), when these are more: a changed launch or key
 *  is in no list.
 *  @param server  in, "srv_…"     @param out  out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (the server), AIM_E_LIMIT, AIM_E_CONFLICT (the baseline changes faster
 *          than it can be read), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_confidence_open_drift(aim_ledger *ledger, aim_str server, uint64_t *out,
                                                              aim_error *err);

/** The verdict on the server.
 *  @param n_open_drift     in, as aim_confidence_open_drift() says
 *  @param n_failed_checks  in, checks of its identity or of its signatures that failed, as far as the caller knows
 *  @return AIM_CONFIDENCE_PASS …; AIM_CONFIDENCE_FAIL for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_confidence_verdict(const aim_confidence *confidence, uint64_t n_open_drift,
                                        uint64_t n_failed_checks);

/** The inputs of the profile `mcp-8` (aim/trustinterop.h) as far as attestations, registry and baseline know them: standing,
 *  transport, description, age, attesters, confidence, rates of health and connection and the mean latency of the newest
 *  attestations in force, shares of definitions that are listed as in the baseline and that are approved, linked agents.
 *  The caller knows the rest, which stays as it is: AIM_TRUSTINTEROP_PROVEN_KEY and OWNER_VERIFIED, alerts, feedback.
 *  @param as_of_us  in, the time to judge by; 0: the context's clock
 *  @param out       in/out, struct_size set by the caller; untouched on failure
 *  @return as aim_confidence_compute(); AIM_OK, AIM_E_INVALID (also: another struct_size), AIM_E_NOT_FOUND
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_confidence_mcp8(aim_ledger *ledger, aim_str server, int64_t as_of_us,
                                                        aim_trustinterop_mcp8 *out, aim_error *err);

/** "PASS", "WARN", "FAIL"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_confidence_verdict_name(uint32_t verdict);

/** "counts", "signature", "revoked", "early", "expired", "key", "agent", "server_key", "disconnected", "manifest",
 *  "owner", "server_owner"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_confidence_reason_name(uint32_t left_out);

/** A confidence with two decimals, as "52.78%", NUL-terminated.
 *  @return AIM_OK, AIM_E_INVALID (not 0 … AIM_CONFIDENCE_FULL).  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_confidence_text(int64_t confidence, char out[AIM_CONFIDENCE_TEXT_SIZE]);

/** A change for people, in whole percent: "72% -> 85% (+13)", NUL-terminated.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_confidence_change_text(int64_t before, int64_t after, char out[AIM_CONFIDENCE_TEXT_SIZE]);

AIM_END_DECLS

#endif
