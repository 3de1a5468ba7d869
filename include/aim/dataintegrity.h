/** aim/dataintegrity.h — W3C Data Integrity proofs inside JSON documents, cryptosuite eddsa-jcs-2022.
 *
 *      rc = aim_dataintegrity_sign(key, doc, NULL, secured, &err);            // doc with a "proof"
 *      ...
 *      aim_dataintegrity_expected e = {.struct_size = sizeof e, .now_s = now_s};
 *      aim_dataintegrity_proof proof = {.struct_size = sizeof proof};
 *      e.keys = &issuer_key;
 *      e.n_keys = 1;
 *      rc = aim_dataintegrity_verify(ctx, doc, &e, &proof, &err);             // read doc afterwards
 *
 *  Signed are SHA-256 of the canonical proof options and SHA-256 of the canonical document (RFC 8785). Both functions
 *  work on a parsed document, so what is verified is what the caller goes on to read. A number that binary64 does
 *  not hold exactly is refused: two readers could take it for two values. One proof per document; proof sets and
 *  chains are refused. Nothing is fetched: contexts are compared as text, and of verification methods only did:key is
 *  resolved. Keys of purpose agent or server sign.
 */
#ifndef AIM_DATAINTEGRITY_H
#define AIM_DATAINTEGRITY_H

#include <aim/json.h>
#include <aim/key.h>

AIM_BEGIN_DECLS

/** Flag of aim_dataintegrity_expected: any key that a did:key names is taken; the caller judges
 *  aim_dataintegrity_proof.public_key. @since 0.1 */
#define AIM_DATAINTEGRITY_ANY_KEY 1u

/** How to sign. Borrowed; empty or 0 leaves a member out, except where a default is named. @since 0.1 */
typedef struct aim_dataintegrity_options {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	int64_t created_s;           /**< Unix seconds */
	int64_t expires_s;           /**< Unix seconds */
	aim_str verification_method; /**< empty: the key's did:key with its fragment */
	aim_str purpose;             /**< empty: "assertionMethod" */
	aim_str domain;
	aim_str challenge;
} aim_dataintegrity_options;

/** What is expected of a proof. Borrowed. @since 0.1 */
typedef struct aim_dataintegrity_expected {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 or AIM_DATAINTEGRITY_ANY_KEY */
	int64_t now_s;               /**< Unix seconds */
	const aim_public_key *keys;  /**< the keys that are trusted; required without AIM_DATAINTEGRITY_ANY_KEY */
	uint64_t n_keys;             /**< at most 64 */
	aim_str verification_method; /**< empty: not looked at */
	aim_str purpose;             /**< empty: "assertionMethod" */
	aim_str domain;              /**< must be the proof's, or one of them; empty: not looked at */
	aim_str challenge;           /**< must be the proof's; empty: not looked at */
} aim_dataintegrity_expected;

/** What a verified proof says. Spans borrow from the document. @since 0.1 */
typedef struct aim_dataintegrity_proof {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	int64_t created_s;           /**< Unix seconds; 0 when it does not say */
	int64_t expires_s;           /**< likewise */
	aim_str verification_method;
	aim_public_key public_key;   /**< the key that verified it */
} aim_dataintegrity_proof;

/** Appends doc with a proof as its last member.
 *  @param key      in, borrowed; purpose agent or server     @param doc  in, borrowed; an object without "proof"
 *  @param options  in, borrowed, NULL for the defaults       @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE (no object), AIM_E_EXISTS (there is a proof),
 *          AIM_E_JSON_NUMBER, AIM_E_UTF8 (options), AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_SIGNER,
 *          AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.
 *  Source: Data Integrity EdDSA Cryptosuites 1.0 §3.3.1, §3.3.3 … §3.3.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_dataintegrity_sign(const aim_key *key, const aim_json *doc,
                                                           const aim_dataintegrity_options *options, aim_buf *out,
                                                           aim_error *err);

/** Whether the document's proof is valid now, by a key that is expected. The signature is checked before the times,
 *  so AIM_E_EXPIRED is said of a proof that was valid.
 *  @param doc  in, borrowed     @param expected  in, borrowed
 *  @param out  out, may be NULL; struct_size set by the caller; zeroed on failure
 *  @return AIM_OK only when valid; AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE (no proof of this form),
 *          AIM_E_ALGORITHM (another type or cryptosuite), AIM_E_UNSUPPORTED (several proofs, or previousProof),
 *          AIM_E_TIMESTAMP, AIM_E_CLAIM (another purpose, method, domain or challenge), AIM_E_UNTRUSTED_KEY,
 *          AIM_E_SIGNATURE, AIM_E_KEY (unusable key), AIM_E_EXPIRED, AIM_E_FUTURE (created more than 300 s ahead),
 *          AIM_E_JSON_NUMBER, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.
 *  Source: Data Integrity EdDSA Cryptosuites 1.0 §3.3.2; Verifiable Credential Data Integrity 1.0 §4.4.
 *  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_dataintegrity_verify(const aim_ctx *ctx, const aim_json *doc,
                                                             const aim_dataintegrity_expected *expected,
                                                             aim_dataintegrity_proof *out, aim_error *err);

AIM_END_DECLS

#endif
