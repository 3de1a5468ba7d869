/** aim/status.h — every status code of libaim, in blocks of 100 per layer. Codes are never
 *  renumbered or reused.
 *
 *      aim_status rc = aim_store_open_memory(ctx, NULL, &store, &err);
 *      if (rc != AIM_OK)
 *          puts(aim_status_name(rc));
 */
#ifndef AIM_STATUS_H
#define AIM_STATUS_H

#include <aim/api.h>

AIM_BEGIN_DECLS

/** 0 is success, negative is failure; there are no positive values. @since 0.1 */
typedef int32_t aim_status;

#define AIM_OK 0

/* base: −1 … −99 */
#define AIM_E_INVALID (-1)      /**< an argument is out of its range: caller's mistake */
#define AIM_E_NOMEM (-2)        /**< the allocator returned NULL */
#define AIM_E_LIMIT (-3)        /**< a limit of the context was reached */
#define AIM_E_STATE (-4)        /**< not in a state where this is possible */
#define AIM_E_NOT_FOUND (-5)    /**< no such thing */
#define AIM_E_EXISTS (-6)       /**< already there */
#define AIM_E_UNSUPPORTED (-7)  /**< this build or plug-in cannot do it */
#define AIM_E_IO (-8)           /**< the operating system refused; native_code holds errno */
#define AIM_E_INTERNAL (-9)     /**< an invariant of libaim does not hold: a bug, please report */
#define AIM_E_VERSION (-10)     /**< a struct, format or record newer than this library */
#define AIM_E_EXPIRED (-11)     /**< past its end of life */
#define AIM_E_CALLBACK (-12)    /**< a callback or plug-in failed or broke its contract */
#define AIM_E_RANDOM (-13)      /**< the random source failed */
#define AIM_E_CLOCK (-14)       /**< the clock failed */
#define AIM_E_SPACE (-15)       /**< the caller's buffer is too small */

/* codec: −100 … −199 */
#define AIM_E_JSON_SYNTAX (-100)    /**< not JSON (RFC 8259) */
#define AIM_E_UTF8 (-101)           /**< not UTF-8 (RFC 3629) */
#define AIM_E_JSON_DUPLICATE (-102) /**< a member name twice in one object (RFC 7493 §2.3) */
#define AIM_E_JSON_SURROGATE (-103) /**< a lone surrogate (RFC 7493 §2.1) */
#define AIM_E_JSON_DEPTH (-104)     /**< nested deeper than the limit */
#define AIM_E_JSON_SIZE (-105)      /**< larger than the limit of bytes or values */
#define AIM_E_JSON_TRAILING (-106)  /**< bytes after the document */
#define AIM_E_JSON_NUMBER (-107)    /**< a number binary64 cannot hold exactly, or out of range */
#define AIM_E_JSON_TYPE (-108)      /**< a value of another type was expected */
#define AIM_E_JSON_MISSING (-109)   /**< a required member is missing */
#define AIM_E_JSON_UNKNOWN (-110)   /**< a member that the format does not define */
#define AIM_E_ENCODING (-111)       /**< not valid base64, base64url, base58 or hex */
#define AIM_E_TOML (-112)           /**< not TOML 1.0 */
#define AIM_E_YAML (-113)           /**< not YAML, or a part of it that is refused */

/* crypto: −200 … −299 */
#define AIM_E_KEY (-200)         /**< not a usable key: length, encoding or small order */
#define AIM_E_SIGNATURE (-201)   /**< the signature is not valid */
#define AIM_E_KEY_PURPOSE (-202) /**< the key is for another purpose */
#define AIM_E_SELF_TEST (-203)   /**< a crypto provider failed its known-answer tests */
#define AIM_E_SIGNER (-204)      /**< an external signer failed or returned a wrong signature */
#define AIM_E_KEY_ALGORITHM (-205) /**< a key of another algorithm than Ed25519 */
#define AIM_E_KEY_HALF (-206)      /**< a private key where a public one is expected, or the reverse */
#define AIM_E_KEY_ENCRYPTED (-207) /**< a private key file that is protected by a passphrase */
#define AIM_E_KEY_PAIR (-208)      /**< a private key with the public key of another */
#define AIM_E_KEYSTORE (-209)       /**< a keystore that is damaged, or none */
#define AIM_E_KEYSTORE_AGENT (-210) /**< a keystore of another agent */
#define AIM_E_PASSPHRASE (-211)     /**< a keystore under another passphrase or wrapper */

/* store: −300 … −399 */
#define AIM_E_CONFLICT (-300)       /**< a precondition of the batch does not hold */
#define AIM_E_STORE_VERSION (-301)  /**< the store was written by a newer library */
#define AIM_E_STORE_CORRUPT (-302)  /**< a stored value is not what was written */
#define AIM_E_STORE_READONLY (-303) /**< the store cannot be written */
#define AIM_E_STORE_FULL (-304)     /**< no space left */
#define AIM_E_STORE_LOCKED (-305)   /**< another process holds the store for too long */
#define AIM_E_STORE_BOUND (-306)    /**< a counter would pass its bound */
#define AIM_E_STORE_ENGINE (-307)   /**< a store engine broke its contract */
#define AIM_E_STORE_FOREIGN (-308)  /**< the file is not a store: another program's, or no database */

/* audit: −400 … −499 */
#define AIM_E_AUDIT_CORRUPT (-400)   /**< a record or the head does not match the tree */
#define AIM_E_AUDIT_GAP (-401)       /**< a position is missing */
#define AIM_E_AUDIT_FORK (-402)      /**< two histories: the remembered root is not a prefix */
#define AIM_E_AUDIT_TRUNCATED (-403) /**< shorter than remembered */
#define AIM_E_AUDIT_PENDING (-404)   /**< no checkpoint covers the record yet */
#define AIM_E_AUDIT_FORMAT (-405)    /**< not a checkpoint, verifier key, receipt or export */
#define AIM_E_AUDIT_UNSIGNED (-406)  /**< not signed by the key that was asked for */
#define AIM_E_AUDIT_TRIMMED (-410)   /**< the record was removed by retention */
#define AIM_E_AUDIT_PARTIAL (-411)   /**< an export that cannot show that it is whole: each record is sound */

/* identity: −500 … −599 */
#define AIM_E_ID_NAME (-500)       /**< not a usable name */
#define AIM_E_ID_STATUS (-501)     /**< the subject's status does not permit it */
#define AIM_E_ID_CAPABILITY (-502) /**< not a usable capability or grant pattern */
#define AIM_E_KEY_REVOKED (-510)   /**< the key is revoked */
#define AIM_E_KEY_EARLY (-511)     /**< the key was not registered yet at that time */
#define AIM_E_ID_DID (-512)        /**< not a usable DID or SPIFFE id */
#define AIM_E_DELEGATION (-520)         /**< a chain of delegations breaks a rule, or would */
#define AIM_E_DELEGATION_SCOPE (-521)   /**< the capability is not delegated */
#define AIM_E_DELEGATION_REVOKED (-522) /**< a link of the chain is revoked */
#define AIM_E_DELEGATION_FAMILY (-523)  /**< registered agents of the chain do not fit: owner or trust ceiling */
#define AIM_E_GRANTREQUEST_SELF (-530)  /**< an agent would decide about its own request */
#define AIM_E_SERVER_APPROVAL (-531)    /**< a change of a server that needs an approval */

/* evidence: −600 … −699 */
#define AIM_E_TIMESTAMP (-600)     /**< not a timestamp of the form that the profile asks for */
#define AIM_E_STALE (-601)         /**< made too long ago, or before the replay guard can tell */
#define AIM_E_FUTURE (-602)        /**< made too far ahead of the verifier's clock */
#define AIM_E_REPLAY (-603)        /**< seen before */
#define AIM_E_REPLAY_FULL (-604)   /**< the replay guard cannot remember more, so it refuses */
#define AIM_E_HEADER (-605)        /**< a header is missing, twice there, or not of its form */
#define AIM_E_UNTRUSTED_KEY (-606) /**< signed by another key than the one that is registered or trusted */
#define AIM_E_DIGEST (-607)        /**< the content does not match its digest */
#define AIM_E_ENVELOPE (-608)      /**< not a signed envelope of the form that was asked for */
#define AIM_E_UNCOVERED (-620)     /**< an HTTP signature covers less than the verifier requires */
#define AIM_E_COMPONENT (-621)     /**< an HTTP signature covers what is not known or the message does not have */
#define AIM_E_THRESHOLD (-630)     /**< validly signed, by fewer keys than are needed */
#define AIM_E_ALGORITHM (-631)     /**< signed with an algorithm that is not accepted */
#define AIM_E_CLAIM (-632)         /**< signed, and for another issuer, subject, audience, purpose or place */
#define AIM_E_ISSUER (-633)        /**< the challenge's issuer is not the one that asks, or not trusted any more */
#define AIM_E_HANDSHAKE_SCORE (-640)      /**< the peer's score is below the one that is required */
#define AIM_E_HANDSHAKE_CAPABILITY (-641) /**< the peer does not have a capability that was asked for */

/* assess: −700 … −799 */
#define AIM_E_ASSESS_DEFINITION (-700) /**< not the definition of a tool, prompt or resource */
#define AIM_E_ASSESS_DUPLICATE (-701)  /**< one list names the same thing twice */
#define AIM_E_TRUST_SELF (-710)        /**< evidence of a subject about itself */
#define AIM_E_TRUST_WEIGHTS (-711)     /**< a weight table with an unknown factor, or with another sum than 1 */
#define AIM_E_TRUST_EVENT (-712)       /**< the event id was used for other evidence */
#define AIM_E_TRUST_EVIDENCE (-713)    /**< not an export of trust evidence */
#define AIM_E_ATTESTER (-720)          /**< the attesting agent is not known */
#define AIM_E_SERVER_REVOKED (-721)    /**< the attested server is revoked */
#define AIM_E_TRUST_FLOOR (-722)       /**< the attesting agent is trusted less than is needed */
#define AIM_E_ADVISORY (-740)          /**< not an OSV record, or some of many are not */
#define AIM_E_ADVISORY_VERSION (-741)  /**< not a version of its ecosystem */
#define AIM_E_ADVISORY_VECTOR (-742)   /**< not a CVSS vector */
#define AIM_E_PATTERN (-760)           /**< a pattern is malformed, or can match the empty text */
#define AIM_E_SCAN_RULE (-761)         /**< a file of scanner rules says what it may not */

/* enforce: −800 … −899 */
#define AIM_DENIED (-800)          /**< decided: deny */
#define AIM_ASK (-801)             /**< decided: ask a human first */
#define AIM_E_POLICY (-802)        /**< the policy document has errors; see the diagnostics */
#define AIM_E_ACTION_TOKEN (-810)    /**< no action has this token, or it is another agent's */
#define AIM_E_ACTION_REPORTED (-811) /**< the action was reported before */
#define AIM_E_LIMIT_FULL (-820)     /**< as many callers or calls are followed as there may be, so the call is refused */
#define AIM_E_BREAKER_OPEN (-821)   /**< it failed too often; not to be tried now */
#define AIM_POLICY_COVERED (-812)    /**< a warning: another rule covers this one, which never decides */
#define AIM_POLICY_DUPLICATE (-813)  /**< a warning: another rule says the same */
#define AIM_POLICY_UNDECLARED (-814) /**< a warning: a tool or capability that is not declared */
#define AIM_POLICY_UNDECIDED (-815)  /**< a warning: analysis of a policy reached its bound, and the answer is unknown */
#define AIM_E_FLOW_FULL (-830)     /**< as many sessions as there may be have a label of information flow */
#define AIM_E_GATEDTOOL_FAILED (-831) /**< the handler of a gated tool failed */

/* mcp: −900 … −999 */
#define AIM_E_MCP_MESSAGE (-900)   /**< not a JSON-RPC message of MCP */
#define AIM_E_MCP_CLOSED (-901)    /**< that direction was closed */
#define AIM_E_DISCOVERY_ENTRY (-902) /**< an entry of a configuration file that names no server */
#define AIM_E_MCPDOCUMENT (-903)     /**< not a capabilities document, Server Card or server.json */
#define AIM_E_MCPSERVER_VERSION (-905)    /**< not a version of MCP that is spoken here */
#define AIM_E_MCPSERVER_CAPABILITY (-906) /**< the client lacks a capability that a tool needs */

/* backends: −1000 … −1099 */
#define AIM_E_KEYFILE_ACCESS (-1000) /**< a key file open to others, behind a link, or no regular file */

/** The constant's name, e.g. "AIM_E_NOMEM".
 *  @return static text, never NULL; "AIM_E_UNKNOWN" for a code this library does not define.
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_status_name(aim_status status);

/** One short English sentence without a full stop, e.g. "out of memory".
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_status_text(aim_status status);

/** Every code this library defines, for bindings that make an exception class of each.
 *  @param index  from 0; AIM_OK is index 0      @param out  out, the code at index
 *  @return AIM_OK, AIM_E_NOT_FOUND past the end, AIM_E_INVALID when out is NULL
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_status_at(size_t index, aim_status *out);

AIM_END_DECLS

#endif
