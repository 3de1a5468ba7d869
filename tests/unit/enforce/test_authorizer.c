/* The authorizer: replacement takes effect at once and never mixes two policies. */
#include "support.h"

#include <aim/authorizer.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static aim_policy *policy_of(aim_ctx *ctx, const char *name, const char *effect)
{
	char text[512];
	aim_policy *policy = NULL;
	int n = snprintf(text, sizeof text,
	                 "{\"version\":1,\"name\":\"%s\",\"rules\":[{\"id\":\"%s\",\"effect\":\"%s\","
	                 "\"tools\":\"t\",\"reason\":\"because %s\"}]}",
	                 name, name, effect, name);
	assert_status(aim_policy_compile(ctx, aim_bytes_from(text, (size_t)n), NULL, &policy, NULL, NULL),
	              AIM_OK);
	return policy;
}

static aim_request request_of(const char *tool)
{
	aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST};
	r.tool = aim_str_from(tool);
	return r;
}

static void replacement_takes_effect_at_once(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *yes = policy_of(ctx, "yes", "allow");
	aim_policy *no = policy_of(ctx, "no", "deny");
	aim_authorizer *a = NULL;
	aim_decision *d = NULL;
	aim_request r = request_of("t");
	(void)state;
	assert_status(aim_decision_new(ctx, &d, NULL), AIM_OK);
	assert_status(aim_authorizer_new(ctx, NULL, &a, NULL), AIM_OK);
	assert_null(aim_authorizer_policy(a));
	assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_DENIED);
	assert_text(aim_decision_reason_code(d), "no_policy");
	assert_null(aim_decision_policy_hash(d).ptr);

	assert_status(aim_authorizer_replace(a, yes), AIM_OK);
	aim_policy_unref(yes);
	assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_OK);
	assert_text(aim_decision_rule(d), "yes");
	assert_status(aim_authorizer_replace(a, no), AIM_OK);
	/* The decision made before still speaks of the policy that made it. */
	assert_text(aim_decision_reason(d), "because yes");
	assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_DENIED);
	assert_text(aim_decision_rule(d), "no");
	aim_policy *in_force = aim_authorizer_policy(a);
	assert_ptr_equal(in_force, no);
	aim_policy_unref(in_force);

	assert_status(aim_authorizer_replace(a, NULL), AIM_OK);
	assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_DENIED);
	assert_text(aim_decision_reason_code(d), "no_policy");
	aim_policy_unref(no);
	aim_authorizer_free(a);
	aim_decision_free(d);
	test_ctx_done(ctx, &heap);
}

static void one_decision_serves_many_sources(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *yes = policy_of(ctx, "yes", "allow");
	aim_policy *no = policy_of(ctx, "no", "deny");
	aim_authorizer *a = NULL;
	aim_authorizer *b = NULL;
	aim_decision *d = NULL;
	aim_request r = request_of("t");
	(void)state;
	assert_status(aim_decision_new(ctx, &d, NULL), AIM_OK);
	assert_status(aim_authorizer_new(ctx, yes, &a, NULL), AIM_OK);
	assert_status(aim_authorizer_new(ctx, no, &b, NULL), AIM_OK);
	for (int i = 0; i < 3; i++) {
		assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_OK);
		assert_status(aim_authorizer_decide(b, &r, d, NULL), AIM_DENIED);
		assert_status(aim_policy_decide(yes, &r, d, NULL), AIM_OK);
		/* The same generation of b, but another policy in between. */
		assert_status(aim_authorizer_decide(b, &r, d, NULL), AIM_DENIED);
		assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_OK);
		assert_status(aim_policy_decide(no, &r, d, NULL), AIM_DENIED);
		assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_OK);
	}
	aim_authorizer_free(a);
	aim_authorizer_free(b);
	assert_text(aim_decision_rule(d), "yes");
	aim_policy_unref(yes);
	aim_policy_unref(no);
	aim_ctx_free(ctx);
	aim_decision_free(d);
	assert_int_equal(heap.live_blocks, 0);
}

static void misuse_denies(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *yes = policy_of(ctx, "yes", "allow");
	aim_authorizer *a = NULL;
	aim_decision *d = NULL;
	aim_request r = request_of("t");
	(void)state;
	assert_status(aim_authorizer_new(NULL, yes, &a, NULL), AIM_E_INVALID);
	assert_status(aim_authorizer_new(ctx, yes, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_authorizer_new(ctx, yes, &a, NULL), AIM_OK);
	assert_status(aim_decision_new(ctx, &d, NULL), AIM_OK);
	assert_status(aim_authorizer_decide(a, &r, d, NULL), AIM_OK);
	assert_status(aim_authorizer_decide(NULL, &r, d, NULL), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(d), AIM_DECISION_DENY);
	assert_status(aim_authorizer_decide(a, NULL, d, NULL), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(d), AIM_DECISION_DENY);
	assert_status(aim_authorizer_decide(a, &r, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_authorizer_replace(NULL, yes), AIM_E_INVALID);
	assert_null(aim_authorizer_policy(NULL));
	aim_authorizer_free(NULL);
	aim_authorizer_free(a);
	aim_decision_free(d);
	aim_policy_unref(yes);
	test_ctx_done(ctx, &heap);
}

/* ---- swapping under load ---- */

#define ROUNDS 20000
#define THREADS 2

typedef struct load {
	aim_ctx *ctx;
	aim_authorizer *a;
	aim_policy *policies[2];
	atomic_int mixed;
	atomic_int n_seen[2];
} load;

/* Everything a decision says must come from one policy: "even" denies, "odd" allows. */
static void *decide_all_the_time(void *arg)
{
	load *l = arg;
	aim_decision *d = NULL;
	aim_request r = request_of("t");
	if (aim_decision_new(l->ctx, &d, NULL) != AIM_OK) {
		atomic_store(&l->mixed, 1);
		return NULL;
	}
	for (int i = 0; i < ROUNDS; i++) {
		aim_status rc = aim_authorizer_decide(l->a, &r, d, NULL);
		int odd = rc == AIM_OK;
		aim_policy *expected = l->policies[odd];
		if (!aim_str_equal(aim_decision_policy_hash(d), aim_policy_hash(expected)) ||
		    !aim_str_equal(aim_decision_rule(d), aim_policy_name(expected)) ||
		    aim_decision_effect(d) != (odd ? AIM_DECISION_ALLOW : AIM_DECISION_DENY))
			atomic_store(&l->mixed, 1);
		atomic_fetch_add(&l->n_seen[odd], 1);
	}
	aim_decision_free(d);
	return NULL;
}

static void swapping_never_mixes_two_policies(void **state)
{
	test_heap heap;
	load l = {.ctx = test_ctx(&heap)};
	pthread_t threads[THREADS];
	(void)state;
	l.policies[0] = policy_of(l.ctx, "even", "deny");
	l.policies[1] = policy_of(l.ctx, "odd", "allow");
	assert_status(aim_authorizer_new(l.ctx, l.policies[0], &l.a, NULL), AIM_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, decide_all_the_time, &l), 0);
	for (int i = 0; i < ROUNDS / 4; i++)
		assert_status(aim_authorizer_replace(l.a, l.policies[i & 1]), AIM_OK);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&l.mixed), 0);
	assert_int_equal(atomic_load(&l.n_seen[0]) + atomic_load(&l.n_seen[1]), THREADS * ROUNDS);
	aim_authorizer_free(l.a);
	aim_policy_unref(l.policies[0]);
	aim_policy_unref(l.policies[1]);
	test_ctx_done(l.ctx, &heap);
}

/* Each replacement drops the last reference but those of decisions in other threads. */
static void *replace_with_fresh_policies(void *arg)
{
	load *l = arg;
	for (int i = 0; i < 300; i++) {
		aim_policy *fresh = policy_of(l->ctx, i & 1 ? "odd" : "even", i & 1 ? "allow" : "deny");
		aim_authorizer_replace(l->a, fresh);
		aim_policy_unref(fresh);
	}
	return NULL;
}

static void old_policies_live_as_long_as_they_are_used(void **state)
{
	test_heap heap;
	load l = {.ctx = test_ctx(&heap)};
	pthread_t threads[THREADS + 1];
	(void)state;
	l.policies[0] = policy_of(l.ctx, "even", "deny");
	l.policies[1] = policy_of(l.ctx, "odd", "allow");
	assert_status(aim_authorizer_new(l.ctx, l.policies[0], &l.a, NULL), AIM_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, decide_all_the_time, &l), 0);
	assert_int_equal(pthread_create(&threads[THREADS], NULL, replace_with_fresh_policies, &l), 0);
	for (int i = 0; i < THREADS + 1; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&l.mixed), 0);
	aim_authorizer_free(l.a);
	aim_policy_unref(l.policies[0]);
	aim_policy_unref(l.policies[1]);
	test_ctx_done(l.ctx, &heap);
}

static aim_status make_and_decide(aim_ctx *ctx, void *arg)
{
	aim_authorizer *a = NULL;
	aim_decision *d = NULL;
	aim_request r = request_of("t");
	(void)arg;
	aim_status rc = aim_authorizer_new(ctx, NULL, &a, NULL);
	if (rc == AIM_OK)
		rc = aim_decision_new(ctx, &d, NULL);
	if (rc == AIM_OK)
		rc = aim_authorizer_decide(a, &r, d, NULL) == AIM_DENIED ? AIM_OK : AIM_E_INTERNAL;
	aim_authorizer_free(a);
	aim_decision_free(d);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(make_and_decide, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replacement_takes_effect_at_once),
		cmocka_unit_test(one_decision_serves_many_sources),
		cmocka_unit_test(misuse_denies),
		cmocka_unit_test(swapping_never_mixes_two_policies),
		cmocka_unit_test(old_policies_live_as_long_as_they_are_used),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
