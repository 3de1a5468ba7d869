/** aim/authorizer.h — the policy in force, replaceable while other threads decide. An aim_authorizer is
 *  locked.
 *
 *      aim_authorizer *authorizer = NULL;
 *      rc = aim_authorizer_new(ctx, policy, &authorizer, &err);
 *      ...                                              // on each thread, with its own decision:
 *      rc = aim_authorizer_decide(authorizer, &request, decision, &err);
 *      ...                                              // on any thread, at any time:
 *      rc = aim_authorizer_replace(authorizer, newer_policy);
 *      aim_authorizer_free(authorizer);
 *
 *  A decision is made by one policy as a whole, old or new, never by a mixture: the decision object
 *  holds the snapshot it used last and compares one number to see whether it is still in force. No
 *  counter is shared between deciding threads; the lock is taken only after a replacement.
 */
#ifndef AIM_AUTHORIZER_H
#define AIM_AUTHORIZER_H

#include <aim/policy.h>

AIM_BEGIN_DECLS

typedef struct aim_authorizer aim_authorizer;

/** @param policy  in, may be NULL: everything is denied (reason code "no_policy") until one is set; the
 *                 authorizer takes a reference of its own
 *  @param out     out, owned; aim_authorizer_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_authorizer_new(aim_ctx *ctx, aim_policy *policy,
                                                       aim_authorizer **out, aim_error *err);

/** Gives up the caller's reference. Decision objects that used it keep what they need. NULL is ignored.
 *  Threads: any.  @since 0.1 */
AIM_API void aim_authorizer_free(aim_authorizer *authorizer);

/** Puts policy in force: every decision that begins after this call returned uses it.
 *  @param policy  in, may be NULL (deny everything); the authorizer takes a reference of its own
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_authorizer_replace(aim_authorizer *authorizer, aim_policy *policy);

/** The policy in force.
 *  @return a new reference, or NULL when there is none; aim_policy_unref()
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_policy *aim_authorizer_policy(aim_authorizer *authorizer);

/** Decides one request by the policy in force; otherwise as aim_policy_decide().
 *  @return AIM_OK (allow), AIM_DENIED, AIM_ASK, or a failure (deny): AIM_E_INVALID, AIM_E_VERSION
 *  Threads: locked (decision: confined).  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_authorizer_decide(aim_authorizer *authorizer,
                                                          const aim_request *request,
                                                          aim_decision *decision, aim_error *err);

AIM_END_DECLS

#endif
