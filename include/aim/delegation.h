/** aim/delegation.h — chains of signed links by which a sponsor lets an agent act, and that agent the next.
 *  Each link narrows the one before; whoever holds the chain can check it offline. An aim_delegation is
 *  immutable.
 *
 *      aim_delegation *chain = NULL;
 *      aim_delegation_spec spec = {.struct_size = sizeof spec};
 *      spec.child = agent_did;
 *      spec.capabilities = &reading;                     // "read:*"
 *      spec.n_capabilities = 1;
 *      spec.expires_at_s = now_s + 3600;
 *      rc = aim_delegation_create(ctx, sponsor_key, sponsor_did, &spec, &chain, &err);
 *      rc = aim_delegation_extend(chain, agent_key, &narrower, &longer, &err);   // by the agent itself
 *      ...
 *      check.agent = helper_did;
 *      check.capability = aim_str_from("read:data");
 *      if (aim_delegation_verify(longer, &check, &result, &err) != AIM_OK)
 *          return refuse(result.link, aim_delegation_rule_name(result.rule), err.message);
 *
 *  A link holds {id, depth, parent, child, capabilities, not_before, expires_at, previous, user}, as canonical
 *  JSON (RFC 8785) behind the label "libaim/delegation/v1\n", signed by the parent. `previous` is the SHA-256 of
 *  the link before: of its signed bytes and its signature.
 *
 *  Capabilities are those of aim/grant.h, compared segment by segment: "read:*" covers "read:data". A capability of
 *  nothing but wildcards cannot be delegated.
 *
 *  The sponsor is the parent of the first link and stays so for everyone below. A chain says what was signed, not
 *  that its sponsor may: aim_delegation_verify() asks for the sponsor that is trusted.
 */
#ifndef AIM_DELEGATION_H
#define AIM_DELEGATION_H

#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** A chain of links. @since 0.1 */
typedef struct aim_delegation aim_delegation;

/** Bounds. @since 0.1 */
#define AIM_DELEGATION_MAX_LINKS 10u     /**< of any chain */
#define AIM_DELEGATION_DEFAULT_LINKS 5u  /**< what aim_delegation_verify() accepts unless told otherwise */
#define AIM_DELEGATION_MAX_ITEMS 64u     /**< capabilities, roles, permissions of one link, each */
#define AIM_DELEGATION_MAX_BYTES 262144u /**< of an exported chain */

/** "dlg_", 32 hex digits and the NUL. @since 0.1 */
#define AIM_DELEGATION_ID_SIZE 37

/** On whose behalf. Along a chain id and e-mail stay equal, roles and permissions stay equal or get fewer, and
 *  the end never moves back. @since 0.1 */
typedef struct aim_delegation_user {
	aim_str id;    /**< required; rules of a name */
	aim_str email; /**< optional; holds '@' */
	const aim_str *roles;
	size_t n_roles;
	const aim_str *permissions;
	size_t n_permissions;
	int64_t expires_at_s; /**< Unix seconds; 0: as the link */
} aim_delegation_user;

/** What a new link shall say. @since 0.1 */
typedef struct aim_delegation_spec {
	uint32_t struct_size;
	uint32_t flags;                  /**< 0 */
	aim_str child;                   /**< required: DID of the agent that may act */
	const aim_str *capabilities;     /**< required: at least one */
	size_t n_capabilities;
	const aim_delegation_user *user; /**< optional; a longer chain inherits it when NULL */
	int64_t not_before_s;            /**< Unix seconds; 0: now, and not before the link it follows */
	int64_t expires_at_s;            /**< Unix seconds: no effect from then on; required in a first link, else 0: as
	                                  *   the link before */
} aim_delegation_spec;

/** One link of a chain. Spans are borrowed from the chain and followed by a NUL. @since 0.1 */
typedef struct aim_delegation_link {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint32_t depth;
	uint32_t has_user; /**< 0: user is empty */
	aim_str id;        /**< "dlg_…" */
	aim_str parent;    /**< DID of the signer */
	aim_str child;     /**< DID */
	const aim_str *capabilities;
	size_t n_capabilities;
	aim_delegation_user user;
	int64_t not_before_s;
	int64_t expires_at_s;
	uint8_t previous[32];  /**< zeros in the first link */
	uint8_t hash[32];      /**< what the next link's previous must be */
	uint8_t signature[64];
} aim_delegation_link;

/** Makes a chain of one link.
 *  @param key      in, borrowed; purpose agent: the sponsor's
 *  @param sponsor  in: the sponsor's DID; empty: did:key of key
 *  @param spec     in, borrowed     @param out  out, owned; aim_delegation_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (user), AIM_E_ID_CAPABILITY, AIM_E_KEY_PURPOSE,
 *          AIM_E_KEY_PAIR (a did:key of another key), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK,
 *          AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  Source: RFC 8785, RFC 8032 §5.1.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_create(aim_ctx *ctx, const aim_key *key,
                                                          aim_str sponsor,
                                                          const aim_delegation_spec *spec,
                                                          aim_delegation **out, aim_error *err);

/** Makes a chain with one link more, signed by the last child. chain stays as it is, and is not verified here.
 *  @param key  in, borrowed; purpose agent: of the chain's last child
 *  @return as aim_delegation_create(), AIM_E_DELEGATION (it would widen the chain; err names the rule),
 *          AIM_E_LIMIT also when the chain has 10 links
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_extend(const aim_delegation *chain,
                                                          const aim_key *key,
                                                          const aim_delegation_spec *spec,
                                                          aim_delegation **out, aim_error *err);

/** Frees the chain. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_delegation_free(aim_delegation *chain);

/** Appends the chain as canonical JSON: {"links":[…],"v":1}, each link with its signature in base64url.
 *  @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: const (chain), confined (out).  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_export(const aim_delegation *chain, aim_buf *out);

/** Reads what aim_delegation_export() wrote; white space between tokens may differ. Checks the form of each
 *  link, never what it says: that is aim_delegation_verify().
 *  @param json  in, borrowed      @param out  out, owned; aim_delegation_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_LIMIT (more links, items or bytes than allowed),
 *          AIM_E_VERSION (a later format), AIM_E_ID_NAME, AIM_E_ID_CAPABILITY, AIM_E_JSON_TYPE, AIM_E_JSON_MISSING,
 *          AIM_E_JSON_UNKNOWN, AIM_E_JSON_NUMBER, AIM_E_ENCODING (a spelling that is not the canonical one), or
 *          those of aim_json_parse(); the error names the member
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_import(aim_ctx *ctx, aim_bytes json,
                                                          aim_delegation **out, aim_error *err);

/** Number of links; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_delegation_count(const aim_delegation *chain);

/** One link, 0 being the sponsor's.
 *  @param out  out, struct_size set by the caller; spans borrowed from chain
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND past the end
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_delegation_at(const aim_delegation *chain, size_t index,
                                     aim_delegation_link *out);

/** DID of the parent of the first link; empty for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_delegation_sponsor(const aim_delegation *chain);
/** DID of the child of the last link; empty for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_delegation_agent(const aim_delegation *chain);

/** Receives one who granted, and by which of the link's capabilities; borrowed from the chain. A non-zero result
 *  ends the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_delegation_visit)(void *user, size_t link, aim_str granter, aim_str pattern);

/** Who granted a capability: the parent of each link, the sponsor first. Nothing is verified.
 *  @param capability  in: may have wildcards: then all that they cover must be granted
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ID_CAPABILITY, AIM_E_DELEGATION_SCOPE (err names the link that does not grant
 *          it; nobody was visited), or what visit returned
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_trace(const aim_delegation *chain,
                                                         aim_str capability,
                                                         aim_delegation_visit visit, void *user,
                                                         aim_error *err);

/** The rules of a chain, in the order in which they are checked but for OWNER and CEILING, which follow INACTIVE. 0 is
 *  none of them: not verified. @since 0.1 */
#define AIM_DELEGATION_UNVERIFIED 0u /**< not decided: the call itself failed */
#define AIM_DELEGATION_VALID 1u      /**< all rules hold */
#define AIM_DELEGATION_LENGTH 2u     /**< more links than max_links */
#define AIM_DELEGATION_SPONSOR 3u    /**< the sponsor is not the one that is trusted */
#define AIM_DELEGATION_DELEGATOR 4u  /**< the delegator that was asked for granted no link */
#define AIM_DELEGATION_AGENT 5u      /**< the chain ends at another agent than the one asked for */
#define AIM_DELEGATION_DEPTH 6u      /**< depth is not the place in the chain */
#define AIM_DELEGATION_PARENT 7u     /**< the parent is not the child of the link before */
#define AIM_DELEGATION_HASH 8u       /**< previous is not the hash of the link before */
#define AIM_DELEGATION_WIDER 9u      /**< a capability that the link before does not cover */
#define AIM_DELEGATION_WINDOW 10u    /**< begins before or ends behind the link before */
#define AIM_DELEGATION_USER 11u      /**< another user, or more than the link before has of him */
#define AIM_DELEGATION_EARLY 12u     /**< not yet in force */
#define AIM_DELEGATION_EXPIRED 13u
#define AIM_DELEGATION_USER_EXPIRED 14u
#define AIM_DELEGATION_REVOKED 15u   /**< the link was revoked */
#define AIM_DELEGATION_INACTIVE 16u  /**< parent or child is registered and not active */
#define AIM_DELEGATION_KEY 17u       /**< the parent's key is unknown, or was not valid or is revoked */
#define AIM_DELEGATION_SIGNATURE 18u /**< not signed by the parent */
#define AIM_DELEGATION_SCOPE 19u     /**< the capability that was asked for is not in the last link */
#define AIM_DELEGATION_OWNER 20u     /**< a registered child belongs to another than the registered agent above it */
#define AIM_DELEGATION_CEILING 21u   /**< its trust ceiling is higher than that of the registered agent above it */

/** A short stable name, e.g. "wider"; "unknown" for no rule.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_delegation_rule_name(uint32_t rule);

/** Gives the public key of a DID as it was at a time. What it knows is trusted, also as a sponsor.
 *  @return AIM_OK; AIM_E_NOT_FOUND when it is unknown or not to be trusted; anything else ends the
 *          verification and is returned by it. @since 0.1 */
typedef aim_status (*aim_delegation_resolve)(void *user, aim_str did, int64_t at_s,
                                             aim_public_key *out);

/** Against what a chain is verified. @since 0.1 */
typedef struct aim_delegation_check {
	uint32_t struct_size;
	uint32_t flags;                 /**< 0 */
	int64_t now_s;                  /**< Unix seconds; 0: the context's clock */
	uint32_t max_links;             /**< 0: 5; ≤ 10 */
	uint32_t reserved;              /**< 0 */
	aim_str sponsor;                /**< the trusted sponsor's DID. Empty: any that registry or resolve knows */
	aim_str agent;                  /**< DID that the chain must end at; empty: any */
	aim_str delegator;              /**< DID that must have granted a link of it; empty: any */
	aim_str capability;             /**< what must be delegated; empty: not asked */
	aim_registry *registry;         /**< optional, borrowed: agents and revocations are looked up here */
	aim_delegation_resolve resolve; /**< optional: keys that the registry does not have */
	void *resolve_user;
} aim_delegation_check;

/** The verdict. @since 0.1 */
typedef struct aim_delegation_result {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint32_t rule;  /**< AIM_DELEGATION_VALID, or the first rule that is broken */
	uint32_t link;  /**< the first link that breaks it; 0 when the whole chain does */
} aim_delegation_result;

/** Whether a chain is valid now. Keys come from the registry (agents by DID: their key must be good at the link's
 *  not_before and not revoked), then from resolve, then from the DID itself when it is a did:key. A link whose key is
 *  nowhere to be found is invalid. With a registry, a revoked link and an agent or server that is not active
 *  invalidate everything below them, at once; the key of a server that is registered there signs no link. A registered
 *  agent must belong to the owner of the last registered agent above it and have no higher trust ceiling.
 *  @param check  in, borrowed; may be NULL only for a chain whose sponsor nobody knows: never valid
 *  @param out    out, may be NULL; struct_size set by the caller; UNVERIFIED first
 *  @return AIM_OK only when valid; AIM_E_DELEGATION (rules LENGTH … USER), AIM_E_FUTURE (EARLY), AIM_E_EXPIRED
 *          (EXPIRED, USER_EXPIRED), AIM_E_DELEGATION_REVOKED, AIM_E_ID_STATUS (INACTIVE), AIM_E_DELEGATION_FAMILY
 *          (OWNER, CEILING), AIM_E_UNTRUSTED_KEY (SPONSOR, KEY), AIM_E_SIGNATURE, AIM_E_DELEGATION_SCOPE; AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_CAPABILITY, AIM_E_NOMEM,
 *          AIM_E_LIMIT, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, what resolve returned, or the store's
 *  Threads: const; the registry is locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_verify(const aim_delegation *chain,
                                                          const aim_delegation_check *check,
                                                          aim_delegation_result *out, aim_error *err);

/** Keeps a chain in the registry, after verifying it there. Audit: delegation, action "record".
 *  @param check  in, borrowed, may be NULL; its registry is ignored     @param actor  in: who records, may be empty
 *  @return AIM_OK (also when this chain is there already), AIM_E_ID_NAME (actor), AIM_E_EXISTS (another chain has
 *          the last link's id), AIM_E_CONFLICT, AIM_E_RANDOM, or as aim_delegation_verify()
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_record(aim_registry *registry,
                                                          const aim_delegation *chain,
                                                          const aim_delegation_check *check,
                                                          aim_str actor, aim_error *err);

/** The recorded chain whose last link has an id. It is what was recorded: verify it before use.
 *  @param out  out, owned; aim_delegation_free()
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_find(aim_registry *registry, aim_str id,
                                                        aim_delegation **out, aim_error *err);

/** Receives one chain, borrowed for the call; the registry may be used inside. A non-zero result ends the walk and
 *  is returned by it. @since 0.1 */
typedef aim_status (*aim_delegation_chain_visit)(void *user, const aim_delegation *chain);

/** The recorded chains that end at an agent, oldest first; those of every state.
 *  @param agent  in: DID; empty: all chains
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes, independent of the number of chains.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_list(aim_registry *registry, aim_str agent,
                                                        aim_delegation_chain_visit visit, void *user,
                                                        aim_error *err);

/** Whether a recorded chain that is valid now gives an agent a capability by way of a delegator. All chains that
 *  end at the agent are tried; one that is valid is enough.
 *  @param agent      in: DID             @param delegator   in: DID that must have granted a link; empty: any
 *  @param capability in: empty: any      @param now_s       in: Unix seconds; 0: the context's clock
 *  @param out        out, may be NULL; of the last chain that was tried; UNVERIFIED when there is none
 *  @return AIM_OK only when valid; AIM_E_NOT_FOUND (no chain of the agent is recorded), or as
 *          aim_delegation_verify() of the last chain that was tried
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_verify_agent(aim_registry *registry, aim_str agent,
                                                                aim_str delegator, aim_str capability,
                                                                int64_t now_s,
                                                                aim_delegation_result *out,
                                                                aim_error *err);

/** Revokes a link, and with it every chain that holds it, recorded or not, from now on and for good. Audit:
 *  delegation, action "revoke".
 *  @param id  in: of a link     @param reason  in: ≤ 1 024 bytes, may be empty     @param actor  in: may be empty
 *  @return AIM_OK (also when it is revoked already), AIM_E_INVALID, AIM_E_ID_NAME (actor), AIM_E_CONFLICT, AIM_E_NOMEM,
 *          AIM_E_RANDOM, AIM_E_CLOCK, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_delegation_revoke(aim_registry *registry, aim_str id,
                                                          aim_str reason, aim_str actor,
                                                          aim_error *err);

AIM_END_DECLS

#endif
