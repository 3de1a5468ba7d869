/** aim/rfc9421.h — HTTP Message Signatures (RFC 9421) with Ed25519, on requests and responses.
 *
 *      aim_rfc9421_message request = {.struct_size = sizeof request, .method = aim_str_from("POST"),
 *          .scheme = https, .authority = host, .path = path, .fields = fields, .n_fields = 3, .body = body};
 *      rc = aim_rfc9421_sign(key, &request, NULL, input, signature, &err);   // two header values
 *      // the other side, with the two among its fields:
 *      aim_rfc9421_policy policy = {.struct_size = sizeof policy, .guard = guard};
 *      rc = aim_rfc9421_verify(ctx, &request, &their_key, &policy, &err);
 *
 *  The library speaks no HTTP: a message is described by its parts. What a signature covers is chosen by its
 *  signer, so the verifier states what it requires, and less is a failure. Without a statement a request
 *  must cover @method, @target-uri, content-digest when there is a body, and created; a response @status,
 *  content-digest when there is a body, created, and of its request @method, @target-uri, content-digest when it
 *  had a body, and its signature when it had one. When content-digest is covered, the body is checked against it.
 *
 *  Components are named as in the standard, without quotes and with their parameters: "@method",
 *  "content-type", "signature;req;key=\"sig1\"", "@query-param;name=\"id\"". Known are @method, @target-uri,
 *  @authority, @scheme, @request-target, @path, @query, @query-param, @status and every field, with sf, key, bs,
 *  tr and req. Anything else in a signature is a failure; unknown parameters of the signature itself are part of
 *  what is signed and have no other effect.
 *
 *  Types: aim_rfc9421 is immutable.
 */
#ifndef AIM_RFC9421_H
#define AIM_RFC9421_H

#include <aim/key.h>
#include <aim/replay.h>

AIM_BEGIN_DECLS

/** @since 0.1 */
#define AIM_RFC9421_TRAILER 1u /**< aim_rfc9421_field.flags: of the trailer section */

/** What a field holds, for the component parameter sf. Needed only for fields that libaim does not know
 *  (it knows those of RFC 9421, 9530, 9211, 9209 and 9218); a field with key is a dictionary. @since 0.1 */
#define AIM_RFC9421_UNKNOWN 0u
#define AIM_RFC9421_ITEM 1u
#define AIM_RFC9421_LIST 2u
#define AIM_RFC9421_DICTIONARY 3u

/** One line of the header or trailer section, in order. @since 0.1 */
typedef struct aim_rfc9421_field {
	aim_str name;   /**< in any case */
	aim_str value;  /**< white space around it and obsolete line folding do not count */
	uint32_t flags; /**< AIM_RFC9421_TRAILER or 0 */
	uint32_t type;  /**< AIM_RFC9421_ITEM … or 0 */
} aim_rfc9421_field;

/** Most of each that one message may have. @since 0.1 */
#define AIM_RFC9421_MAX_COMPONENTS 128u
#define AIM_RFC9421_MAX_SIGNATURES 32u

/** A request, or a response when status is not 0. All spans are borrowed for the call. @since 0.1 */
typedef struct aim_rfc9421_message {
	uint32_t struct_size;
	uint32_t flags;         /**< 0 */
	uint32_t status;        /**< 100 to 999; 0: a request */
	uint32_t reserved;      /**< 0 */
	aim_str method;         /**< "GET"; requests */
	aim_str scheme;         /**< "https" */
	aim_str authority;      /**< "example.com:8443", from Host or :authority; a default port is dropped */
	aim_str path;           /**< "/a/b" as sent; empty: "/" */
	aim_str query;          /**< without '?'; ptr NULL: there is none */
	aim_str request_target; /**< when it is not path and query: absolute, authority or asterisk form */
	const aim_rfc9421_field *fields; /**< borrowed */
	size_t n_fields;
	aim_bytes body;         /**< as it is transferred, without transfer coding */
	const struct aim_rfc9421_message *request; /**< of a response: what it answers, may be NULL */
} aim_rfc9421_message;

/** aim_rfc9421_sign_options.flags. @since 0.1 */
#define AIM_RFC9421_NO_CREATED 1u /**< no created; verifiers refuse this unless they say otherwise */
#define AIM_RFC9421_NO_ALG 2u     /**< no alg="ed25519" */
#define AIM_RFC9421_NO_KEYID 4u   /**< no keyid */
#define AIM_RFC9421_NO_NONCE 8u   /**< no nonce: equal requests of one second are then equal signatures */

/** @since 0.1 */
typedef struct aim_rfc9421_sign_options {
	uint32_t struct_size;
	uint32_t flags;            /**< AIM_RFC9421_NO_* */
	const aim_str *components; /**< in, borrowed; NULL: those that verifiers require by default */
	size_t n_components;
	aim_str label;             /**< of this signature; empty: "sig1" */
	aim_str keyid;             /**< empty: the key's JWK thumbprint (RFC 7638) */
	aim_str nonce;             /**< empty: 16 random bytes as base64url */
	aim_str tag;               /**< empty: none */
	int64_t created_s;         /**< Unix seconds; 0: the context's clock */
	int64_t expires_s;         /**< Unix seconds; 0: none */
} aim_rfc9421_sign_options;

/** aim_rfc9421_policy.flags. @since 0.1 */
#define AIM_RFC9421_CREATED_OPTIONAL 1u /**< a signature without created is accepted; with a guard it is not */
#define AIM_RFC9421_EXPIRES_REQUIRED 2u
#define AIM_RFC9421_NONCE_REQUIRED 4u
#define AIM_RFC9421_ALG_REQUIRED 8u /**< otherwise a signature may leave alg out: the key says it */

/** What a verifier requires. All spans are borrowed for the call. @since 0.1 */
typedef struct aim_rfc9421_policy {
	uint32_t struct_size;
	uint32_t flags;          /**< AIM_RFC9421_CREATED_OPTIONAL and others */
	const aim_str *required; /**< components that must be covered; NULL: the default */
	size_t n_required;
	aim_str label;           /**< which signature; empty: the only one, or the only one with the tag */
	aim_str keyid;           /**< it must have this keyid; empty: any */
	aim_str tag;             /**< it must have this tag; empty: any */
	aim_replay *guard;       /**< borrowed, may be NULL; its window must be max_age_s and max_ahead_s at least */
	int64_t now_s;           /**< Unix seconds; 0: the context's clock */
	uint32_t max_age_s;      /**< how long ago created may be; 0: 300 */
	uint32_t max_ahead_s;    /**< how far ahead of now created may be; 0: 300 */
} aim_rfc9421_policy;

/** Signs a message and appends the values of its two new fields, Signature-Input and Signature. They may be
 *  sent as lines of their own beside those of other signatures, whose labels must differ.
 *  @param key        in, borrowed; purpose agent or server
 *  @param message    in, borrowed; fields must hold all that is covered, Content-Digest included
 *  @param options    in, borrowed, may be NULL
 *  @param out_input, out_signature  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID (also: a component, label or text that cannot be written), AIM_E_VERSION,
 *          AIM_E_COMPONENT (the message does not have it), AIM_E_HEADER (its signature fields are malformed),
 *          AIM_E_EXISTS (the label is taken), AIM_E_DIGEST (Content-Digest is not the body's),
 *          AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_SIGNER, AIM_E_CALLBACK, AIM_E_CLOCK,
 *          AIM_E_RANDOM
 *  Threads: confined (outs).  Allocates: yes.  Source: RFC 9421 §3.1, §4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rfc9421_sign(const aim_key *key, const aim_rfc9421_message *message,
                                                     const aim_rfc9421_sign_options *options,
                                                     aim_buf *out_input, aim_buf *out_signature,
                                                     aim_error *err);

/** Whether one signature of the message is public_key's and meets the policy. Checked in this order: form,
 *  policy, time, replay, signature, digest of the body; then the nonce is remembered (the signature itself when there
 *  is no nonce), so that a message that fails takes no room in the guard.
 *  @param public_key  in, borrowed: whose signature it must be
 *  @param policy      in, borrowed, may be NULL for the defaults
 *  @return AIM_OK only when valid; AIM_E_NOT_FOUND (no signature, or none of that label or tag), AIM_E_HEADER
 *          (malformed, also a label or parameter twice), AIM_E_COMPONENT (it covers what the message does not
 *          have, or what is not known), AIM_E_UNCOVERED (it covers less than required, or a required
 *          parameter is missing), AIM_E_UNTRUSTED_KEY (another keyid), AIM_E_ALGORITHM (alg is not
 *          ed25519), AIM_E_STALE, AIM_E_FUTURE, AIM_E_EXPIRED, AIM_E_TIMESTAMP, AIM_E_REPLAY,
 *          AIM_E_REPLAY_FULL, AIM_E_SIGNATURE, AIM_E_DIGEST, AIM_E_KEY, AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_CLOCK; with a guard in a store also the store's
 *  Threads: any.  Allocates: yes, freed at return.  Source: RFC 9421 §3.2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rfc9421_verify(const aim_ctx *ctx, const aim_rfc9421_message *message,
                                                       const aim_public_key *public_key,
                                                       const aim_rfc9421_policy *policy, aim_error *err);

/** Appends the signature base: the exact bytes that are signed, to compare with another implementation's or to
 *  verify a signature of another algorithm with other means.
 *  @param params  in, borrowed; covered components and parameters as in Signature-Input, without the
 *                 label: ("@method" "@path");created=1618884473
 *  @param out     in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_HEADER, AIM_E_COMPONENT, AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: confined (out).  Allocates: yes.  Source: RFC 9421 §2.5.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rfc9421_base(const aim_ctx *ctx, const aim_rfc9421_message *message,
                                                     aim_str params, aim_buf *out, aim_error *err);

/** The signatures of a message, read and not verified: to find the key. Immutable. @since 0.1 */
typedef struct aim_rfc9421 aim_rfc9421;

/** aim_rfc9421_info.flags. @since 0.1 */
#define AIM_RFC9421_HAS_CREATED 1u
#define AIM_RFC9421_HAS_EXPIRES 2u

/** What one signature says of itself. Claims, until it is verified. Spans are borrowed from the handle; one
 *  that is not there has ptr NULL. @since 0.1 */
typedef struct aim_rfc9421_info {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_RFC9421_HAS_* */
	aim_str label;
	aim_str keyid;
	aim_str tag;
	aim_str nonce;
	aim_str alg;
	int64_t created_s;
	int64_t expires_s;
	uint64_t n_components;
} aim_rfc9421_info;

/** Reads Signature-Input and Signature of a message.
 *  @param out  out, owned; aim_rfc9421_free()
 *  @return AIM_OK, AIM_E_NOT_FOUND (no signature), AIM_E_HEADER, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT,
 *          AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  Source: RFC 9421 §4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rfc9421_read(aim_ctx *ctx, const aim_rfc9421_message *message,
                                                     aim_rfc9421 **out, aim_error *err);

/** Frees the handle. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_rfc9421_free(aim_rfc9421 *signatures);

/** How many signatures there are.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_rfc9421_count(const aim_rfc9421 *signatures);

/** What signature i says of itself.
 *  @param i    from 0, in the order of Signature-Input
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_NOT_FOUND past the end, AIM_E_INVALID
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_rfc9421_at(const aim_rfc9421 *signatures, uint32_t i, aim_rfc9421_info *out);

AIM_END_DECLS

#endif
