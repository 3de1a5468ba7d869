/** aim/keyring.h — the keys of agents and servers over time: rotate, revoke, replace, check, list.
 *
 *      rc = aim_keyring_prove(old_key, new_key, agent_id, 0, proof, &err);        // where the keys live
 *      ...
 *      rc = aim_keyring_rotate(registry, aim_buf_bytes(proof), NULL, &err);        // at the registry
 *      ...
 *      rc = aim_keyring_check(registry, &signer, signed_at_us, 0, &entry, &err);   // for each signature
 *      if (rc != AIM_OK)
 *          return refuse(err.message);
 *      printf("signed by %s\n", entry.subject);
 *
 *  Every subject has at most one active key. Rotation makes it retiring for a grace period, in which it
 *  still counts, and a new one active; the new key is signed by the old one and signs itself. A lost key
 *  is revoked and then replaced by an administrator. A key that ever belonged to one subject is never
 *  registered for another, in any namespace. Nothing is forgotten: revoked and expired keys stay listed.
 *
 *  Each change commits in the same batch as its audit record (key_registered, key_rotated, key_replaced,
 *  key_revoked) and acts at once: aim_keyring_check() reads the store; what is cached of a registry is
 *  told by aim_registry_generation().
 */
#ifndef AIM_KEYRING_H
#define AIM_KEYRING_H

#include <aim/keystore.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** State of a key at some time. 0 is none of them. @since 0.1 */
#define AIM_KEYRING_ACTIVE 1u
#define AIM_KEYRING_RETIRING 2u /**< replaced; still counts until expires_at_us */
#define AIM_KEYRING_REVOKED 3u
#define AIM_KEYRING_EXPIRED 4u  /**< its grace period is over */

/** Why a key was revoked. After COMPROMISE and INCIDENT nothing that it ever signed counts; after the
 *  others, what it signed before the revocation does. @since 0.1 */
#define AIM_KEYRING_UNSPECIFIED 1u
#define AIM_KEYRING_COMPROMISE 2u /**< "key_compromise" */
#define AIM_KEYRING_SUPERSEDED 3u
#define AIM_KEYRING_INCIDENT 4u   /**< "security_incident" */
#define AIM_KEYRING_CESSATION 5u
#define AIM_KEYRING_MANUAL 6u

/** Kind of a subject. @since 0.1 */
#define AIM_KEYRING_AGENT 1u
#define AIM_KEYRING_SERVER 2u

/** Flag of aim_keyring_check(): a subject that is pending passes too. @since 0.1 */
#define AIM_KEYRING_ALLOW_PENDING 1u

/** Flag of aim_keyring_change: the old key expires at once. @since 0.1 */
#define AIM_KEYRING_NO_GRACE 1u

/** Flag of aim_keyring_save_key(): a keystore that is there may be replaced. @since 0.1 */
#define AIM_KEYRING_REPLACE 1u

/** Defaults of aim_keyring_change, and the longest grace period. @since 0.1 */
#define AIM_KEYRING_GRACE_S 604800u      /**< 7 days */
#define AIM_KEYRING_MAX_GRACE_S 31622400u /**< 366 days */
#define AIM_KEYRING_WINDOW_S 300u

/** Most bytes of a rotation proof. @since 0.1 */
#define AIM_KEYRING_PROOF_MAX 1024u

/** One key of a subject. @since 0.1 */
typedef struct aim_keyring_entry {
	uint32_t struct_size;
	uint32_t flags;            /**< 0 */
	uint32_t state;            /**< AIM_KEYRING_ACTIVE … at the time asked for */
	uint32_t reason;           /**< of a revocation; else 0 */
	uint32_t subject_kind;     /**< AIM_KEYRING_AGENT, AIM_KEYRING_SERVER */
	uint32_t subject_status;   /**< AIM_REGISTRY_*, of now; 0 when it was not looked at */
	uint64_t number;           /**< 1 for the subject's first key, 2 for its second … */
	int64_t valid_from_us;     /**< when it was registered */
	int64_t retiring_from_us;  /**< when it was replaced; 0: it was not */
	int64_t expires_at_us;     /**< end of the grace period; 0: none */
	int64_t revoked_at_us;     /**< 0: not revoked */
	aim_public_key public_key;
	char key_id[72];           /**< 64 hex digits, NUL-terminated */
	char subject[40];          /**< id of the agent or server, NUL-terminated */
} aim_keyring_entry;

/** What goes with a change of keys. @since 0.1 */
typedef struct aim_keyring_change {
	uint32_t struct_size;
	uint32_t flags;    /**< rotating: AIM_KEYRING_NO_GRACE; else 0 */
	uint32_t reason;   /**< revoking: AIM_KEYRING_UNSPECIFIED … 0: unspecified */
	uint32_t grace_s;  /**< rotating: 0: AIM_KEYRING_GRACE_S; ≤ AIM_KEYRING_MAX_GRACE_S */
	uint32_t window_s; /**< rotating: age and lead that the proof's time may have; 0: AIM_KEYRING_WINDOW_S */
	uint32_t reserved; /**< 0 */
	aim_str note;      /**< in; why, for people; ≤ 1 024 bytes; needed to replace */
	aim_str actor;     /**< in; who decided, for the audit record */
} aim_keyring_change;

/** What a rotation proof says. @since 0.1 */
typedef struct aim_keyring_proof {
	uint32_t struct_size;
	uint32_t flags;         /**< 0 */
	int64_t time_us;        /**< when it was made */
	aim_public_key old_key;
	aim_public_key new_key;
	char subject[40];       /**< id, NUL-terminated */
} aim_keyring_proof;

/** Whether a key may speak for a subject of the registry's namespace. The key must have been valid at
 *  at_us; whether it is revoked and what the subject's status is, is looked up as it is now. A signature
 *  made just now is checked with at_us 0; one in a document, with the time that is proven for it.
 *
 *  A revoked key fails for every at_us from its revocation on, and after AIM_KEYRING_COMPROMISE or
 *  AIM_KEYRING_INCIDENT for every at_us: with such a key times can be invented. A subject that is
 *  suspended or revoked fails for every at_us.
 *  @param public_key  in, borrowed           @param at_us  in, microseconds; 0: the context's clock
 *  @param flags       in, 0 or AIM_KEYRING_ALLOW_PENDING
 *  @param out         out, struct_size set by the caller, may be NULL; zero first, then what was found,
 *                     also when the key fails
 *  @return AIM_OK only when it may; AIM_E_UNTRUSTED_KEY (registered to nobody here), AIM_E_KEY_REVOKED,
 *          AIM_E_KEY_EARLY (registered after at_us), AIM_E_EXPIRED (key or subject), AIM_E_ID_STATUS
 *          (the subject is not verified), AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_CLOCK,
 *          AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_check(aim_registry *registry,
                                                      const aim_public_key *public_key, int64_t at_us,
                                                      uint32_t flags, aim_keyring_entry *out,
                                                      aim_error *err);

/** Appends a proof that new_key takes over from old_key: the label "libaim/rotation/v1\n" and the RFC
 *  8785 text of {new_key, old_key, subject, time}, signed by both. It says nothing secret and is of use
 *  once, while old_key is the subject's active key.
 *  @param old_key, new_key  in, borrowed; both of purpose agent or both of purpose server, as the subject
 *  @param subject  in, the agent's or server's id       @param time_us  in; 0: the clock of old_key's context
 *  @param out      in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID (no such id; the same key twice), AIM_E_KEY_PURPOSE, AIM_E_NOMEM,
 *          AIM_E_LIMIT, AIM_E_CLOCK, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any; out confined.  Allocates: yes.  Source: RFC 8785, RFC 8032 §5.1.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_prove(const aim_key *old_key, const aim_key *new_key,
                                                      aim_str subject, int64_t time_us, aim_buf *out,
                                                      aim_error *err);

/** Reads a rotation proof and verifies both signatures. Whether the keys belong to the subject, only
 *  aim_keyring_rotate() knows. A proof has one spelling: anything else is refused.
 *  @param proof  in, borrowed      @param out  out, struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_ENVELOPE (no proof, or not in its one spelling), AIM_E_SIGNATURE, AIM_E_INVALID,
 *          AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_read_proof(aim_ctx *ctx, aim_bytes proof,
                                                           aim_keyring_proof *out, aim_error *err);

/** Rotates: the new key of the proof becomes active, the old one retiring until its grace period ends.
 *  The audit record key_rotated holds the proof, so that the log alone shows who handed over to whom.
 *  @param proof   in, borrowed; as aim_keyring_prove() made it
 *  @param change  in, borrowed, may be NULL; grace_s, window_s, note, actor
 *  @return AIM_OK, AIM_E_ENVELOPE, AIM_E_SIGNATURE, AIM_E_STALE and AIM_E_FUTURE (the proof's time is
 *          outside the window), AIM_E_NOT_FOUND (the subject), AIM_E_UNTRUSTED_KEY (the old key is not the
 *          subject's), AIM_E_KEY_REVOKED, AIM_E_STATE (the old key is not the active one), AIM_E_ID_STATUS
 *          (the subject is suspended or revoked), AIM_E_EXPIRED (the subject), AIM_E_EXISTS (the new key
 *          was registered before), AIM_E_CONFLICT (others keep changing the same subject), AIM_E_INVALID,
 *          AIM_E_VERSION, AIM_E_ID_NAME (actor), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_RANDOM,
 *          AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_rotate(aim_registry *registry, aim_bytes proof,
                                                       const aim_keyring_change *change, aim_error *err);

/** Revokes a key at once, whatever its state. The subject's active key leaves it without one until it is
 *  replaced. A revoked key stays revoked; saying AIM_KEYRING_COMPROMISE or AIM_KEYRING_INCIDENT of one
 *  that was revoked for a lesser reason changes the reason, anything else of it succeeds and changes nothing.
 *  @param key_id  in, 64 hex digits       @param change  in, borrowed, may be NULL; reason, note, actor
 *  @return AIM_OK, AIM_E_NOT_FOUND (no such key in the namespace), AIM_E_CONFLICT (others keep changing
 *          it), AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (actor), AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_revoke(aim_registry *registry, aim_str key_id,
                                                       const aim_keyring_change *change, aim_error *err);

/** Gives a subject without an active key a new one on an administrator's word, without proof of
 *  continuity: the first key of one registered without, or the next after the old one was lost and
 *  revoked. Also possible while the subject is suspended.
 *  @param subject     in, id               @param public_key  in, borrowed
 *  @param change      in, borrowed; note says why and is required; actor
 *  @return AIM_OK, AIM_E_STATE (the subject has an active key: revoke it first), AIM_E_EXISTS (the key
 *          was registered before), AIM_E_NOT_FOUND, AIM_E_ID_STATUS (the subject is revoked), AIM_E_KEY,
 *          AIM_E_CONFLICT, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (actor), AIM_E_LIMIT,
 *          AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_replace(aim_registry *registry, aim_str subject,
                                                        const aim_public_key *public_key,
                                                        const aim_keyring_change *change, aim_error *err);

/** Receives one key, borrowed for the call; the registry may be used inside. A non-zero result ends the
 *  walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_keyring_visit)(void *user, const aim_keyring_entry *entry);

/** All keys that a subject ever had, the newest first.
 *  @param subject  in, id of an agent or server      @param at_us  in, the time of `state`; 0: now
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CLOCK,
 *          AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, what visit returned, or the store's
 *  Threads: locked.  Allocates: yes, independent of the number of keys.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_list(aim_registry *registry, aim_str subject,
                                                     int64_t at_us, aim_keyring_visit visit, void *user,
                                                     aim_error *err);

/** Seals a subject's private key into the store, under its key id; aim/keystore.h has the container. The
 *  passphrase is not kept. Audit: keystore_saved.
 *  @param key         in, borrowed; registered to the subject and not revoked
 *  @param subject     in, id; the container opens for no other
 *  @param flags       in, 0 or AIM_KEYRING_REPLACE: what is there may be replaced, for another passphrase,
 *                     when it is a whole keystore of the same key; what cannot be read is never replaced
 *  @param passphrase, options  as for aim_keystore_seal()      @param actor  in, for the audit record
 *  @return AIM_OK, AIM_E_EXISTS (left as it is), AIM_E_UNTRUSTED_KEY (not registered to the subject),
 *          AIM_E_KEY_REVOKED, AIM_E_KEYSTORE and AIM_E_KEYSTORE_AGENT (what is there is damaged, or
 *          another's), AIM_E_STORE_CORRUPT, AIM_E_CONFLICT, AIM_E_ID_NAME (actor), AIM_E_INVALID, else as
 *          aim_keystore_seal(), AIM_E_CLOCK, or the store's
 *  Threads: locked.  Allocates: as aim_keystore_seal().  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_save_key(aim_registry *registry, const aim_key *key,
                                                         aim_str subject, uint32_t flags,
                                                         aim_bytes passphrase,
                                                         const aim_keystore_options *options,
                                                         aim_str actor, aim_error *err);

/** Opens a subject's key from the store. A revoked or expired key is not given out, nor any of a subject that is
 *  suspended, revoked or expired.
 *  @param key_id      in, 64 hex digits; empty: of the subject's active key
 *  @param passphrase, options  as for aim_keystore_open()      @param out  out, owned; aim_key_unref()
 *  @return AIM_OK, AIM_E_NOT_FOUND (the subject, its active key, or the keystore), AIM_E_UNTRUSTED_KEY (the
 *          key is not the subject's), AIM_E_KEY_REVOKED, AIM_E_ID_STATUS (suspended, revoked), AIM_E_EXPIRED (subject
 *          or key), AIM_E_STORE_CORRUPT, AIM_E_INVALID, else as
 *          aim_keystore_open(), AIM_E_CLOCK, or the store's
 *  Threads: locked.  Allocates: as aim_keystore_open().  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyring_load_key(aim_registry *registry, aim_str subject,
                                                         aim_str key_id, aim_bytes passphrase,
                                                         const aim_keystore_options *options,
                                                         aim_key **out, aim_error *err);

/** "active", "retiring", "revoked", "expired"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_keyring_state_name(uint32_t state);

/** "unspecified", "key_compromise", "superseded", "security_incident", "cessation", "manual"; "unknown"
 *  for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_keyring_reason_name(uint32_t reason);

AIM_END_DECLS

#endif
