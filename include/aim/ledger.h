/** aim/ledger.h — the ledger of attestations: which are taken, which are live, which were revoked. What they are worth
 *  together says aim/confidence.h. An aim_ledger is locked; any number of them may share a store.
 *
 *      rc = aim_ledger_open(registry, NULL, &ledger, &err);
 *      aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
 *      rc = aim_ledger_submit(ledger, envelope, actor, &receipt, &err);    // checked, recorded, counted
 *      ...
 *      rc = aim_ledger_revoke(ledger, aim_str_from(receipt.id), reason, actor, &err);
 *      ...
 *      rc = aim_ledger_live(ledger, server_id, none, 0, my_visit, user, &err);
 *      aim_ledger_free(ledger);
 *
 *  One attestation of each agent on each server is live: a newer one supersedes it. When an agent or its key is
 *  revoked, its attestations stop counting at once, because that is looked up on every read. All of an attestation is
 *  kept for some time past its end (keep_days); the audit log tells of it for longer.
 */
#ifndef AIM_LEDGER_H
#define AIM_LEDGER_H

#include <aim/attestationinterop.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

typedef struct aim_ledger aim_ledger;

/** Flags of aim_ledger_options. @since 0.1 */
#define AIM_LEDGER_AUTO_VERIFY 1u /**< a pending server becomes verified when its attesters reach consensus: at least 3
                                   *   agents of 2 owners, confidence ≥ 60 %, and every agent's newest attestation
                                   *   connected and with the same capabilities (aim/confidence.h) */
#define AIM_LEDGER_ROBUST 2u      /**< that consensus is judged by the profile AIM_CONFIDENCE_ROBUST */

/** Oldest and furthest ahead that a submitted attestation may be, in seconds. @since 0.1 */
#define AIM_LEDGER_WINDOW_S 300

/** Trust that an agent needs, unless another floor is set; also the most that a provisional score counts as, in
 *  millionths. @since 0.1 */
#define AIM_LEDGER_TRUST_FLOOR_MICRO INT64_C(300000)

/** How long an attestation is kept past its end, by default and at most. @since 0.1 */
#define AIM_LEDGER_KEEP_DAYS 90u
#define AIM_LEDGER_MAX_KEEP_DAYS 36600u

/** Bytes of an attestation's id, with the NUL and room. @since 0.1 */
#define AIM_LEDGER_ID_SIZE 40u

/** How far an agent is trusted. @since 0.1 */
typedef struct aim_ledger_trust {
	int64_t micro;        /**< 0 … 1 000 000 */
	uint32_t provisional; /**< 1: there is too little behind it */
	uint32_t reserved;    /**< 0 */
} aim_ledger_trust;

/** Says how far an agent is trusted at a time, for hosts that score otherwise. Anything but AIM_OK ends the call that
 *  asked, with AIM_E_CALLBACK. Must be safe to call from several threads, and must not call the ledger. @since 0.1 */
typedef aim_status (*aim_ledger_trust_of)(void *user, aim_str agent, int64_t at_us, aim_ledger_trust *out);

/** @since 0.1 */
typedef struct aim_ledger_options {
	uint32_t struct_size;
	uint32_t flags;               /**< AIM_LEDGER_AUTO_VERIFY, AIM_LEDGER_ROBUST */
	aim_ledger_trust_of trust_of; /**< NULL: the profile aim-8 over the registry's evidence (aim/trust.h) */
	void *user;                   /**< for trust_of; kept until the ledger is freed */
	int64_t trust_floor_micro;    /**< 0: AIM_LEDGER_TRUST_FLOOR_MICRO; ≤ 1 000 000; −1: no floor */
	uint32_t keep_days;           /**< 0: AIM_LEDGER_KEEP_DAYS; ≤ AIM_LEDGER_MAX_KEEP_DAYS */
	uint32_t reserved;            /**< 0 */
} aim_ledger_options;

/** What became of a submission. @since 0.1 */
typedef struct aim_ledger_receipt {
	uint32_t struct_size;
	uint32_t flags;                       /**< AIM_LEDGER_LIVE, when it is now the live one */
	uint32_t verified;                    /**< 1: AIM_LEDGER_AUTO_VERIFY has verified the server now */
	aim_status verify_status;             /**< how looking for consensus went; AIM_OK when it was not looked for */
	int64_t trust_micro;                  /**< of the agent, as it was compared with the floor */
	char id[AIM_LEDGER_ID_SIZE];          /**< of the attestation, "att_…", NUL-terminated */
	char supersedes[AIM_LEDGER_ID_SIZE];  /**< of the one that it has superseded, NUL-terminated; else empty */
} aim_ledger_receipt;

/** Flags of an entry and of a receipt. @since 0.1 */
#define AIM_LEDGER_LIVE 1u      /**< the newest of its agent on its server, and not revoked */
#define AIM_LEDGER_CONNECTED 2u /**< the server was reached */
#define AIM_LEDGER_HEALTHY 4u   /**< it answered as it should */
#define AIM_LEDGER_INTEROP 8u   /**< in the form of aim/attestationinterop.h */

/** One recorded attestation, borrowed for the call it is shown in; text has a NUL behind it. @since 0.1 */
typedef struct aim_ledger_entry {
	uint32_t struct_size;
	uint32_t flags;          /**< AIM_LEDGER_LIVE … */
	aim_str id;              /**< "att_…" */
	aim_str agent;
	aim_str server;
	aim_str key_id;          /**< of the key that signed */
	aim_str superseded_by;   /**< empty: it is the newest of its agent on this server */
	aim_str envelope;        /**< as it was submitted: for aim_attestation_verify(); AIM_LEDGER_INTEROP: an object of
	                          *   payload and signature, both texts, for aim_attestationinterop_verify() */
	aim_str recorded_by;     /**< the actor of the submission */
	aim_str revoked_by;
	aim_str reason;          /**< of the revocation */
	int64_t issued_at_s;
	int64_t expires_at_s;
	int64_t recorded_at_us;
	int64_t revoked_at_us;   /**< 0: not revoked */
} aim_ledger_entry;

/** Receives one entry; the ledger may be used inside. A non-zero result ends the walk and is returned by it.
 *  @since 0.1 */
typedef aim_status (*aim_ledger_visit)(void *user, const aim_ledger_entry *entry);

/** A ledger over a registry's store.
 *  @param registry  in; kept alive until the ledger is freed     @param options  in, borrowed, may be NULL
 *  @param out       out, owned; aim_ledger_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_open(aim_registry *registry, const aim_ledger_options *options,
                                                    aim_ledger **out, aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_ledger_free(aim_ledger *ledger);

/** Takes an attestation. The checks in their order, of which the first that fails is the result: the agent is known
 *  and verified; its key is registered to it, not revoked, and was valid when the attestation was issued; it was issued
 *  at most 300 s ago and at most 300 s ahead; its nonce was not seen; its signature; its nonce is still new when it is
 *  remembered; the server is known and not revoked; the agent's trust reaches the floor.
 *
 *  When all hold, the attestation, its nonce, the audit record `attestation_recorded` (and `attestation_superseded`)
 *  and, if it was connected, the server's last_verified_at are one change. One that was issued before the live one of
 *  the same agent is recorded as superseded.
 *
 *  A refusal changes nothing and is never evidence about the identity that was claimed. Before the signature is known to
 *  be valid it is counted (aim_audit_count_failure(), reason "attestation.…"); after that it is recorded
 *  (`attestation_refused`, decision deny).
 *  @param envelope  in, borrowed     @param actor  in, who submits, for the audit record; may be empty
 *  @param out       out, struct_size set by the caller, may be NULL; set only on AIM_OK
 *  @return AIM_OK only when taken; AIM_E_ENVELOPE, AIM_E_CLAIM, AIM_E_VERSION, AIM_E_LIMIT (no attestation, as
 *          aim_attestation_parse() says), AIM_E_ATTESTER (the agent is not known), AIM_E_ID_STATUS (it is not
 *          verified), AIM_E_UNTRUSTED_KEY (not the agent's key), AIM_E_KEY_REVOKED, AIM_E_KEY_EARLY, AIM_E_EXPIRED (the
 *          agent, its key or the attestation), AIM_E_TIMESTAMP, AIM_E_STALE, AIM_E_FUTURE, AIM_E_REPLAY,
 *          AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_NOT_FOUND (the server), AIM_E_SERVER_REVOKED, AIM_E_TRUST_FLOOR;
 *          AIM_E_INVALID, AIM_E_ID_NAME (actor), AIM_E_CONFLICT (others keep changing the same server), AIM_E_NOMEM,
 *          AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's: also when only the refusal
 *          could not be recorded
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_submit(aim_ledger *ledger, aim_str envelope, aim_str actor,
                                                      aim_ledger_receipt *out, aim_error *err);

/** An attestation in the form of AIM's own SDKs. All borrowed. @since 0.1 */
typedef struct aim_ledger_interop {
	uint32_t struct_size;
	uint32_t flags;                   /**< 0 */
	aim_str payload;
	aim_str signature;                /**< padded base64 */
	aim_str expected_name;            /**< required: of the server that is meant, as it is registered */
	aim_str expected_url;             /**< required: its URL; of a launched one its command line, with a space between its
	                                   *   words */
	const aim_public_key *public_key; /**< the agent's; NULL: its active key */
	aim_str actor;                    /**< who submits, for the audit record; may be empty */
} aim_ledger_interop;

/** aim_ledger_submit() for an attestation that names neither key, server id nor nonce: the checks are the same, in the
 *  same order. Its signature is remembered as nonce. The server is the one that is registered under the expected name and
 *  URL, and both must be those of the payload.
 *  @param in   in, borrowed     @param out  out, struct_size set by the caller, may be NULL; set only on AIM_OK
 *  @return as aim_ledger_submit(); AIM_E_CLAIM: validly signed, about another name or URL than the expected ones, or these
 *          are not the server's; AIM_E_INVALID without the expected ones; AIM_E_UNTRUSTED_KEY also when the agent has no
 *          active key
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_submit_interop(aim_ledger *ledger, const aim_ledger_interop *in,
                                                              aim_ledger_receipt *out, aim_error *err);

/** Revokes one attestation. The one that it superseded stays superseded. Again is no change. Audit:
 *  `attestation_revoked`.
 *  @param id  in, "att_…"     @param reason  in, for people; ≤ 1 024 bytes     @param actor  in, who decided
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_revoke(aim_ledger *ledger, aim_str id, aim_str reason, aim_str actor,
                                                      aim_error *err);

/** Shows one attestation, whatever became of it.
 *  @return AIM_OK, what visit returned, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_find(aim_ledger *ledger, aim_str id, aim_ledger_visit visit,
                                                    void *user, aim_error *err);

/** Shows the newest attestation of each agent on a server, revoked and expired ones too, by the agents' ids.
 *  @param server  in, "srv_…"     @param after  in, the agent that was shown last; empty: from the first
 *  @param limit   in, at most so many; 0: all
 *  @return AIM_OK (also when there are none), what visit returned; AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, independent of their number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_live(aim_ledger *ledger, aim_str server, aim_str after, uint64_t limit,
                                                    aim_ledger_visit visit, void *user, aim_error *err);

/** Shows all that is kept, superseded ones too, in the order of recording.
 *  @param after  in, the id that was shown last; empty: from the first     @param limit  in, at most so many; 0: all
 *  @return as aim_ledger_live()
 *  Threads: locked.  Allocates: yes, independent of their number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ledger_list(aim_ledger *ledger, aim_str after, uint64_t limit,
                                                    aim_ledger_visit visit, void *user, aim_error *err);

AIM_END_DECLS

#endif
