/* enforce/authorizer.c — the policy in force and its replacement. Layer enforce.
 *
 * `generation` counts replacements. A decision object remembers which authorizer and generation its snapshot
 * came from; while they agree it decides without touching anything another thread writes. */
#include "enforce/authorizer.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os.h"
#include "enforce/decision.h"
#include "enforce/policy.h"

struct aim_authorizer {
	aim_ctx *ctx;
	atomic_uint_fast32_t references;
	_Atomic uint64_t generation; /* written under the lock, read without */
	aim__mutex lock;
	aim_policy *policy; /* referenced, under the lock; may be NULL */
};

aim_status aim_authorizer_new(aim_ctx *ctx, aim_policy *policy, aim_authorizer **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_authorizer *a = aim__alloc_zeroed(ctx, sizeof *a);
	if (!a)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	aim_status rc = aim__mutex_init(&a->lock);
	if (rc != AIM_OK) {
		aim__free(ctx, a, sizeof *a);
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	}
	a->ctx = aim__ctx_ref(ctx);
	a->policy = aim_policy_ref(policy);
	atomic_init(&a->references, 1);
	atomic_init(&a->generation, 0);
	*out = a;
	return AIM_OK;
}

void aim__authorizer_unref(aim_authorizer *a)
{
	if (!a || atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) != 1)
		return;
	aim_ctx *ctx = a->ctx;
	aim_policy_unref(a->policy);
	aim__mutex_dispose(&a->lock);
	aim__free(ctx, a, sizeof *a);
	aim__ctx_unref(ctx);
}

void aim_authorizer_free(aim_authorizer *a)
{
	aim__authorizer_unref(a);
}

aim_status aim_authorizer_replace(aim_authorizer *a, aim_policy *policy)
{
	if (!a)
		return AIM__MISUSE(NULL, "authorizer is required");
	aim_policy_ref(policy);
	aim__mutex_lock(&a->lock);
	aim_policy *old = a->policy;
	a->policy = policy;
	atomic_fetch_add_explicit(&a->generation, 1, memory_order_release);
	aim__mutex_unlock(&a->lock);
	aim_policy_unref(old);
	return AIM_OK;
}

aim_policy *aim_authorizer_policy(aim_authorizer *a)
{
	if (!a) {
		AIM__MISUSE(NULL, "authorizer is required");
		return NULL;
	}
	aim__mutex_lock(&a->lock);
	aim_policy *policy = aim_policy_ref(a->policy);
	aim__mutex_unlock(&a->lock);
	return policy;
}

/* Gives the decision the policy in force. */
static void refresh(aim_authorizer *a, aim_decision *d)
{
	aim__mutex_lock(&a->lock);
	aim_policy *policy = aim_policy_ref(a->policy);
	uint64_t generation = atomic_load_explicit(&a->generation, memory_order_relaxed);
	aim__mutex_unlock(&a->lock);

	atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
	aim__decision_hold(d, policy, a, generation);
}

void aim__authorizer_hold(aim_authorizer *a, aim_decision *d)
{
	if (d->authorizer != a ||
	    d->generation != atomic_load_explicit(&a->generation, memory_order_acquire))
		refresh(a, d);
}

aim_status aim_authorizer_decide(aim_authorizer *a, const aim_request *request, aim_decision *d,
                                 aim_error *err)
{
	if (!d)
		return AIM__MISUSE(a ? a->ctx : NULL, "decision is required");
	aim__decision_begin(d);
	if (!a || !request) {
		AIM__MISUSE(d->ctx, "authorizer and request are required");
		return aim__decision_fault(d, AIM__REASON_INVALID_REQUEST, AIM_E_INVALID);
	}
	aim__authorizer_hold(a, d);
	return aim__policy_run(d->policy, request, d, err);
}
