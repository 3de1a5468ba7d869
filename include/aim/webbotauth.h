/** aim/webbotauth.h — Web Bot Auth: requests of agents signed so that any site can tell who sent them.
 *
 *      aim_webbotauth_options o = {.struct_size = sizeof o, .agent = aim_str_from("https://bot.example")};
 *      rc = aim_webbotauth_sign(key, &request, &o, agent, input, signature, &err);   // three header values
 *      // the site, which found the key of info.keyid in the directory of the agent's URL:
 *      aim_webbotauth_policy p = {.struct_size = sizeof p, .guard = guard};
 *      rc = aim_webbotauth_verify(ctx, &request, &key_of_bot, &p, url, NULL, &err);
 *
 *  A profile of aim/rfc9421.h: tag "web-bot-auth", keyid the JWK thumbprint of the key
 *  (aim_keyform_thumbprint() of aim/keyform.h), created and expires required, @authority or @target-uri covered, and
 *  the Signature-Agent field, when there is one, covered too. The URL in it is a claim until the host has
 *  found the key there; libaim fetches nothing. The drafts of this profile (draft-meunier-web-bot-auth-architecture,
 *  draft-ietf-webbotauth-httpsig-protocol) change: read are both forms of Signature-Agent, written is the newer,
 *  a dictionary with the label as its key.
 */
#ifndef AIM_WEBBOTAUTH_H
#define AIM_WEBBOTAUTH_H

#include <aim/rfc9421.h>

AIM_BEGIN_DECLS

/** @since 0.1 */
typedef struct aim_webbotauth_options {
	uint32_t struct_size;
	uint32_t flags;            /**< 0 */
	aim_str agent;             /**< URL where the keys are, https; empty: no Signature-Agent */
	aim_str label;             /**< empty: "sig1" */
	const aim_str *components; /**< in, borrowed; NULL: @authority, @method, @target-uri, and content-digest
	                            *   when there is a body. signature-agent is added to them */
	size_t n_components;
	aim_str nonce;             /**< empty: 16 random bytes as base64url */
	int64_t created_s;         /**< Unix seconds; 0: the context's clock */
	int64_t expires_s;         /**< Unix seconds; 0: 300 s after created_s */
} aim_webbotauth_options;

/** @since 0.1 */
typedef struct aim_webbotauth_policy {
	uint32_t struct_size;
	uint32_t flags;          /**< 0 */
	const aim_str *required; /**< in, borrowed; also required; NULL: nothing more */
	size_t n_required;
	aim_str label;           /**< which signature; empty: the only one with the tag */
	aim_replay *guard;       /**< borrowed, may be NULL; its window must be max_age_s and max_ahead_s at least */
	int64_t now_s;           /**< Unix seconds; 0: the context's clock */
	uint32_t max_age_s;      /**< how long ago created may be, whatever expires says; 0: 86 400 */
	uint32_t max_ahead_s;    /**< how far ahead of now created may be; 0: 300 */
} aim_webbotauth_policy;

/** Signs a request and appends the values of its new fields Signature-Agent (nothing without a URL),
 *  Signature-Input and Signature.
 *  @param key      in, borrowed; purpose agent or server
 *  @param request  in, borrowed; without a Signature-Agent field when options name a URL
 *  @param options  in, borrowed, may be NULL
 *  @param out_agent, out_input, out_signature  in, three buffers; untouched on failure
 *  @return as aim_rfc9421_sign(); AIM_E_INVALID also: a response, a URL that is not https, a
 *          Signature-Agent field beside it
 *  Threads: confined (outs).  Allocates: yes.  Source: draft-meunier-web-bot-auth-architecture.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_webbotauth_sign(const aim_key *key, const aim_rfc9421_message *request,
                                                        const aim_webbotauth_options *options,
                                                        aim_buf *out_agent, aim_buf *out_input,
                                                        aim_buf *out_signature, aim_error *err);

/** Whether a request carries a valid Web Bot Auth signature of public_key.
 *  @param policy     in, borrowed, may be NULL for the defaults
 *  @param out_agent  in, may be NULL; the URL that the signature covers is appended on AIM_OK, nothing when the
 *                    request has no Signature-Agent
 *  @param out_type   in, may be NULL; the type parameter of that URL: how keys are found there, "directory"
 *                    when it is absent
 *  @return as aim_rfc9421_verify(); AIM_E_UNCOVERED also: neither @authority nor @target-uri, or Signature-Agent
 *          is not covered; AIM_E_HEADER also: Signature-Agent is malformed or names no https URL
 *  Threads: confined (outs).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_webbotauth_verify(const aim_ctx *ctx, const aim_rfc9421_message *request,
                                                          const aim_public_key *public_key,
                                                          const aim_webbotauth_policy *policy,
                                                          aim_buf *out_agent, aim_buf *out_type,
                                                          aim_error *err);

AIM_END_DECLS

#endif
