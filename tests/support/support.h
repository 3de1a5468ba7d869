/* tests/support/support.h — what every test needs: cmocka, a counting and failing allocator, a fake
 * clock, and the loop that fails each allocation in turn. */
#ifndef AIM_TESTS_SUPPORT_H
#define AIM_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <aim/ctx.h>

typedef struct test_heap {
	size_t live_blocks; /* allocated and not freed */
	size_t live_bytes;
	size_t n_allocs;  /* alloc and growing resize calls so far */
	size_t fail_at;   /* the n-th call from now on fails (1 …); 0: none */
	int fail_forever; /* every call from fail_at on fails */
	int bad_free;     /* a free with another size than allocated was seen */
} test_heap;

/* A context on the heap above, at test_now_us, with real random. Fails the test when it cannot. */
extern int64_t test_now_us;
aim_ctx *test_ctx(test_heap *heap);
/* The same with limits. */
aim_ctx *test_ctx_limits(test_heap *heap, const aim_limits *limits);
/* Frees it and asserts that nothing is left on the heap. */
void test_ctx_done(aim_ctx *ctx, test_heap *heap);

/* Runs body once counting allocations, then once for each allocation failed alone, then once for
 * each point from which all fail. body must clean up itself and return its status; every run that
 * had a failure must return AIM_E_NOMEM or AIM_OK (when the failure was harmless), never another
 * code, and leave no block behind. */
typedef aim_status (*test_body)(aim_ctx *ctx, void *arg);
void test_each_allocation_fails(test_body body, void *arg);

#define assert_status(actual, expected)                                                            \
	do {                                                                                           \
		aim_status status_ = (actual);                                                             \
		if (status_ != (expected))                                                                 \
			fail_msg("%s is %s, expected %s", #actual, aim_status_name(status_),                    \
			         aim_status_name(expected));                                                   \
	} while (0)

#define assert_text(span, expected) test_assert_text((span), (expected), __FILE__, __LINE__)
void test_assert_text(aim_str actual, const char *expected, const char *file, int line);

#endif
