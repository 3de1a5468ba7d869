/* The context: every plug-in's destroy runs once whatever happens, limits, failing plug-ins, misuse. */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <aim/plugin/crypto.h>
#include "base/ctx.h"
#include "base/mem.h"

/* One set of plug-ins that count what is done to them. */
typedef struct world {
	int destroyed_allocator, destroyed_clock, destroyed_random, destroyed_log, destroyed_crypto;
	int opened, closed;
	int fail_random, fail_open, fail_clock;
	size_t allocs, fail_alloc_at, live, freed_after_destroy;
	uint32_t log_level;
	char log_text[300];
	char misuse_function[64], misuse_what[128];
	int64_t now_us;
} world;

static void *world_alloc(void *user, size_t size)
{
	world *w = user;
	if (++w->allocs == w->fail_alloc_at)
		return NULL;
	w->live++;
	return malloc(size);
}

static void world_free(void *user, void *ptr, size_t size)
{
	world *w = user;
	(void)size;
	w->freed_after_destroy += w->destroyed_allocator != 0;
	w->live--;
	free(ptr);
}

static aim_status world_now(void *user, int64_t *out_us)
{
	world *w = user;
	if (w->fail_clock)
		return 1;
	*out_us = w->now_us;
	return AIM_OK;
}

static aim_status world_fill(void *user, void *out, size_t len)
{
	world *w = user;
	memset(out, 0x11, len);
	return w->fail_random ? AIM_E_IO : AIM_OK;
}

static void world_write(void *user, uint32_t level, aim_str message)
{
	world *w = user;
	w->log_level = level;
	assert_true(message.len < sizeof w->log_text);
	memcpy(w->log_text, message.ptr, message.len);
	w->log_text[message.len] = '\0';
}

static void world_misuse(void *user, const char *function, const char *what)
{
	world *w = user;
	strncpy(w->misuse_function, function, sizeof w->misuse_function - 1);
	strncpy(w->misuse_what, what, sizeof w->misuse_what - 1);
}

#define DESTROY(name)                                                                              \
	static void destroy_##name(void *user)                                                         \
	{                                                                                              \
		((world *)user)->destroyed_##name++;                                                       \
	}
DESTROY(allocator)
DESTROY(clock)
DESTROY(random)
DESTROY(log)
DESTROY(crypto)

/* A crypto slot like the composition root's: open owns the table from the call on. */
static aim_status slot_open(aim_ctx *ctx, const aim_crypto *table, void **out_provider, aim_error *err)
{
	(void)ctx;
	(void)err;
	if (!table)
		return AIM_OK;
	world *w = table->user;
	w->opened++;
	if (w->fail_open) {
		table->destroy(table->user);
		return AIM_E_SELF_TEST;
	}
	*out_provider = w;
	return AIM_OK;
}

static void slot_close(aim_ctx *ctx, void *provider)
{
	(void)ctx;
	if (!provider)
		return;
	((world *)provider)->closed++;
	destroy_crypto(provider);
}

static void slot_discard(const aim_crypto *table)
{
	if (table)
		table->destroy(table->user);
}

static const aim__crypto_slot slot = {slot_open, slot_close, slot_discard, NULL, NULL, NULL};

/* All tables over one world, and the options that name them. */
typedef struct setup {
	world w;
	aim_allocator allocator;
	aim_clock clock;
	aim_random random;
	aim_log log;
	aim_crypto crypto;
	aim_limits limits;
	aim_ctx_options o;
	uint8_t tail[64]; /* what a newer caller's larger options would hold */
} setup;

static void set_up(setup *s)
{
	memset(s, 0, sizeof *s);
	s->w.now_us = 1234;
	s->allocator = (aim_allocator){sizeof s->allocator, 0, world_alloc, NULL, world_free, &s->w,
	                               destroy_allocator};
	s->clock = (aim_clock){sizeof s->clock, 0, world_now, NULL, &s->w, destroy_clock};
	s->random = (aim_random){sizeof s->random, 0, world_fill, &s->w, destroy_random};
	s->log = (aim_log){sizeof s->log, AIM_LOG_WARNING, world_write, &s->w, destroy_log};
	s->crypto.struct_size = sizeof s->crypto;
	s->crypto.user = &s->w;
	s->crypto.destroy = destroy_crypto;
	s->limits.struct_size = sizeof s->limits;
	s->o = (aim_ctx_options){sizeof s->o, 0, &s->allocator, &s->clock, &s->random, &s->log,
	                         &s->crypto, &s->limits, world_misuse, &s->w, NULL};
}

static void assert_all_destroyed_once(const world *w)
{
	assert_int_equal(w->destroyed_allocator, 1);
	assert_int_equal(w->destroyed_clock, 1);
	assert_int_equal(w->destroyed_random, 1);
	assert_int_equal(w->destroyed_log, 1);
	assert_int_equal(w->destroyed_crypto, 1);
	assert_int_equal(w->live, 0);
	assert_int_equal(w->freed_after_destroy, 0);
}

static void assert_nothing_destroyed(const world *w)
{
	assert_int_equal(w->destroyed_allocator + w->destroyed_clock + w->destroyed_random +
	                         w->destroyed_log + w->destroyed_crypto,
	                 0);
}

static void destroyed_with_the_last_reference(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_ptr_equal(aim__ctx_ref(ctx), ctx);
	aim_ctx_free(ctx);
	assert_nothing_destroyed(&s.w);
	assert_int_equal(s.w.closed, 0);
	aim__ctx_unref(ctx);
	assert_int_equal(s.w.closed, 1);
	assert_all_destroyed_once(&s.w);
}

static void break_clock(setup *s)
{
	s->clock.now_us = NULL;
}
static void break_random(setup *s)
{
	s->random.fill = NULL;
}
static void break_log(setup *s)
{
	s->log.write = NULL;
}
static void break_alloc(setup *s)
{
	s->allocator.alloc = NULL;
}
static void break_free(setup *s)
{
	s->allocator.free = NULL;
}
static void break_memory(setup *s)
{
	s->w.fail_alloc_at = 1;
}
static void break_fill(setup *s)
{
	s->w.fail_random = 1;
}
static void break_open(setup *s)
{
	s->w.fail_open = 1;
}
static void break_flags(setup *s)
{
	s->o.flags = 4;
}
static void break_limits_flags(setup *s)
{
	s->limits.flags = 1;
}
static void break_limits_size(setup *s)
{
	s->limits.struct_size = 8;
}
static void break_limits_depth(setup *s)
{
	s->limits.max_json_depth = 1025;
}
static void break_limits_bytes(setup *s)
{
	s->limits.max_json_bytes = ((uint64_t)1 << 30) + 1;
}
static void break_tail(setup *s)
{
	s->o.struct_size += 8;
	s->tail[0] = 1;
}

static void destroyed_once_whatever_fails(void **state)
{
	(void)state;
	static const struct {
		void (*damage)(setup *s);
		aim_status expected;
		const char *words;
	} rows[] = {
		{break_clock, AIM_E_INVALID, "aim_clock.now_us"},
		{break_random, AIM_E_INVALID, "aim_random.fill"},
		{break_log, AIM_E_INVALID, "aim_log.write"},
		{break_alloc, AIM_E_INVALID, "aim_allocator.alloc"},
		{break_free, AIM_E_INVALID, "aim_allocator"},
		{break_memory, AIM_E_NOMEM, "memory"},
		{break_fill, AIM_E_RANDOM, "random"},
		{break_open, AIM_E_SELF_TEST, ""},
		{break_flags, AIM_E_VERSION, "aim_ctx_options.flags"},
		{break_limits_flags, AIM_E_VERSION, "aim_limits.flags"},
		{break_limits_size, AIM_E_INVALID, "aim_limits.struct_size"},
		{break_limits_depth, AIM_E_LIMIT, "depth 1024"},
		{break_limits_bytes, AIM_E_LIMIT, "1073741824 bytes"},
		{break_tail, AIM_E_VERSION, "aim_ctx_options sets a field"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		setup s;
		aim_ctx *ctx = NULL;
		aim_error err = {0};
		set_up(&s);
		rows[i].damage(&s);
		assert_status(aim__ctx_build(&s.o, &slot, &ctx, &err), rows[i].expected);
		assert_null(ctx);
		if (!strstr(err.message, rows[i].words))
			fail_msg("\"%s\" does not say \"%s\"", err.message, rows[i].words);
		assert_all_destroyed_once(&s.w);
	}
}

static void destroyed_once_without_an_out(void **state)
{
	(void)state;
	setup s;
	aim_error err = {0};
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, NULL, &err), AIM_E_INVALID);
	assert_string_equal(err.message, "out is required");
	assert_all_destroyed_once(&s.w);
}

/* A table too small to have a destroy is refused and not touched; the others are destroyed. */
static void a_small_table_is_not_read(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	set_up(&s);
	s.clock.struct_size = 8;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_E_INVALID);
	assert_int_equal(s.w.destroyed_clock, 0);
	assert_int_equal(s.w.destroyed_random, 1);
	assert_int_equal(s.w.destroyed_allocator, 1);
	set_up(&s);
	s.o.struct_size = 8;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_E_INVALID);
	assert_nothing_destroyed(&s.w);
	set_up(&s);
	s.o.struct_size = 0xA5A5A5A5;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_E_INVALID);
	assert_nothing_destroyed(&s.w);
}

/* A newer table may be larger: what this library does not know is ignored. */
static void a_larger_table_is_taken(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	struct {
		aim_clock known;
		void (*later)(void);
	} newer;
	set_up(&s);
	memset(&newer, 0xFF, sizeof newer);
	newer.known = s.clock;
	newer.known.struct_size = sizeof newer;
	s.o.clock = &newer.known;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	aim_ctx_free(ctx);
	assert_all_destroyed_once(&s.w);
}

static void destroy_is_optional(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	set_up(&s);
	s.allocator.destroy = NULL;
	s.clock.destroy = NULL;
	s.random.destroy = NULL;
	s.log.destroy = NULL;
	s.o.crypto = NULL;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	aim_ctx_free(ctx);
	assert_nothing_destroyed(&s.w);
	s.w.fail_random = 1;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_E_RANDOM);
}

static void limits_take_defaults_and_wishes(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	aim_limits limits = {.struct_size = sizeof limits};
	set_up(&s);
	s.limits.max_tools = 7;
	s.limits.max_json_depth = 1024;
	s.limits.max_json_bytes = (uint64_t)1 << 30;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_status(aim_ctx_limits(ctx, &limits), AIM_OK);
	assert_int_equal(limits.struct_size, sizeof limits);
	assert_int_equal(limits.max_tools, 7);
	assert_int_equal(limits.max_json_depth, 1024);
	assert_int_equal(limits.max_json_values, 1000000);
	assert_int_equal(limits.max_buffer_bytes, 64u << 20);
	assert_int_equal(limits.max_message_bytes, 4u << 20);
	assert_int_equal(limits.max_open_requests, 1024);
	assert_int_equal(limits.max_rules, 200000);
	assert_int_equal(limits.max_queue_records, 4096);
	assert_int_equal(limits.max_name_bytes, 256);
	limits.struct_size = 8;
	assert_status(aim_ctx_limits(ctx, &limits), AIM_E_INVALID);
	aim_ctx_free(ctx);
}

static void the_clock_and_its_failure(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	int64_t now = 77;
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_status(aim_ctx_now_us(ctx, &now), AIM_OK);
	assert_int_equal(now, 1234);
	assert_int_equal(aim__ctx_steady_us(ctx), 1234); /* no steady clock: the other one */
	s.w.fail_clock = 1;
	now = 77;
	assert_status(aim_ctx_now_us(ctx, &now), AIM_E_CLOCK);
	assert_int_equal(now, 77);
	assert_int_equal(aim__ctx_steady_us(ctx), 0);
	aim_ctx_free(ctx);
}

static aim_status steady(void *user, int64_t *out_us)
{
	(void)user;
	*out_us = 99;
	return AIM_OK;
}

static void the_steady_clock_is_preferred(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	set_up(&s);
	s.clock.steady_us = steady;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_int_equal(aim__ctx_steady_us(ctx), 99);
	aim_ctx_free(ctx);
}

static void random_that_fails_later(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	uint8_t bytes[4];
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_status(aim__ctx_random(ctx, bytes, sizeof bytes), AIM_OK);
	assert_int_equal(bytes[3], 0x11);
	s.w.fail_random = 1;
	assert_status(aim__ctx_random(ctx, bytes, sizeof bytes), AIM_E_RANDOM);
	aim_ctx_free(ctx);
}

static void the_log_filters_and_cuts(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	char long_text[400];
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	aim__ctx_log(ctx, AIM_LOG_INFO, "quiet");
	assert_int_equal(s.w.log_level, 0);
	aim__ctx_log(ctx, AIM_LOG_ERROR, "tool %s: %d", "a\nb", 3);
	assert_int_equal(s.w.log_level, AIM_LOG_ERROR);
	assert_string_equal(s.w.log_text, "tool a?b: 3");
	aim__ctx_log(ctx, AIM_LOG_WARNING, "abc %s", long_text);
	assert_true(strlen(s.w.log_text) <= 255);
	aim__ctx_log(NULL, AIM_LOG_ERROR, "nobody");
	aim_ctx_free(ctx);
	set_up(&s);
	s.o.log = NULL;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	aim__ctx_log(ctx, AIM_LOG_ERROR, "silent");
	aim_ctx_free(ctx);
	assert_string_equal(s.w.log_text, "");
}

static void misuse_is_reported_and_survived(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	int64_t now = 0;
	aim_limits limits = {.struct_size = sizeof limits};
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_status(aim_ctx_now_us(ctx, NULL), AIM_E_INVALID);
	assert_string_equal(s.w.misuse_function, "aim_ctx_now_us");
	assert_string_equal(s.w.misuse_what, "ctx and out_us are required");
	assert_status(aim_ctx_limits(ctx, NULL), AIM_E_INVALID);
	assert_string_equal(s.w.misuse_function, "aim_ctx_limits");
	assert_status(aim_ctx_now_us(NULL, &now), AIM_E_INVALID);
	assert_status(aim_ctx_limits(NULL, &limits), AIM_E_INVALID);
	aim_ctx_free(ctx);
	aim_ctx_free(NULL);
	set_up(&s);
	s.o.misuse = NULL;
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	assert_status(aim_ctx_now_us(ctx, NULL), AIM_E_INVALID);
	aim_ctx_free(ctx);
}

static void *churn(void *arg)
{
	aim_ctx *ctx = arg;
	for (int i = 0; i < 20000; i++)
		aim__ctx_unref(aim__ctx_ref(ctx));
	return NULL;
}

static void references_from_many_threads(void **state)
{
	(void)state;
	setup s;
	aim_ctx *ctx = NULL;
	pthread_t threads[4];
	set_up(&s);
	assert_status(aim__ctx_build(&s.o, &slot, &ctx, NULL), AIM_OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, ctx), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_nothing_destroyed(&s.w);
	aim_ctx_free(ctx);
	assert_all_destroyed_once(&s.w);
}

/* The same through the public door, with the real crypto provider, failing each allocation. */
static void the_real_context_without_memory(void **state)
{
	(void)state;
	aim_ctx *ctx = NULL;
	size_t needed = SIZE_MAX;
	for (size_t i = 1; i <= needed; i++) {
		setup s;
		set_up(&s);
		s.o.crypto = NULL;
		s.o.random = NULL;
		s.w.fail_alloc_at = i;
		aim_status rc = aim_ctx_new(&s.o, &ctx, NULL);
		if (rc == AIM_OK) {
			needed = i - 1;
			aim_ctx_free(ctx);
		} else {
			assert_status(rc, AIM_E_NOMEM);
		}
		assert_int_equal(s.w.destroyed_allocator, 1);
		assert_int_equal(s.w.destroyed_clock, 1);
		assert_int_equal(s.w.destroyed_log, 1);
		assert_int_equal(s.w.live, 0);
	}
	assert_true(needed >= 1 && needed < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destroyed_with_the_last_reference),
		cmocka_unit_test(destroyed_once_whatever_fails),
		cmocka_unit_test(destroyed_once_without_an_out),
		cmocka_unit_test(a_small_table_is_not_read),
		cmocka_unit_test(a_larger_table_is_taken),
		cmocka_unit_test(destroy_is_optional),
		cmocka_unit_test(limits_take_defaults_and_wishes),
		cmocka_unit_test(the_clock_and_its_failure),
		cmocka_unit_test(the_steady_clock_is_preferred),
		cmocka_unit_test(random_that_fails_later),
		cmocka_unit_test(the_log_filters_and_cuts),
		cmocka_unit_test(misuse_is_reported_and_survived),
		cmocka_unit_test(references_from_many_threads),
		cmocka_unit_test(the_real_context_without_memory),
	};
	return cmocka_run_group_tests_name("base/ctx", tests, NULL, NULL);
}
