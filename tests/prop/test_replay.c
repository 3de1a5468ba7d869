/* Laws of the replay guard, whatever the order of times, replays, purges, restarts and steps of the clock:
 * no message is accepted twice; a message that is new, in the window and not before the floor is
 * accepted; and no key is told that there is no room while it has less than its share. */
#include "support.h"

#include <aim/replay.h>

#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)
#define T0 INT64_C(1766000000000000)
#define WINDOW (30 * S)
#define N_SCOPES 3u
#define MAX_PER_KEY 12u
#define MAX_TOTAL 30u
#define MAX_MESSAGES 600u
#define STEPS 4000u
#define ROUNDS 12u

/* How a guard comes back after a restart. */
#define CARRIED 0u /* in memory; the old one's restart floor is carried over */
#define STRICT 1u  /* in memory; nothing is carried over, the clock never went back */
#define STORED 2u  /* in a store */
#define N_HOMES 3u

typedef struct message {
	uint32_t scope;
	uint32_t number;
	int64_t timestamp_us;
	int accepted;
} message;

typedef struct world {
	aim_ctx *ctx;
	aim_store *store;
	aim_replay *guard;
	uint32_t home;
	int64_t now_us;
	int64_t latest_us; /* that the clock ever showed */
	uint32_t n_messages;
	message messages[MAX_MESSAGES];
} world;

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static aim_replay_stats stats_of(aim_replay *guard)
{
	aim_replay_stats s = {.struct_size = sizeof s};
	assert_status(aim_replay_read_stats(guard, &s, NULL), AIM_OK);
	return s;
}

static void open_guard(world *w, int64_t floor_us, uint32_t flags)
{
	aim_replay_options o = {.struct_size = sizeof o, .flags = flags, .floor_us = floor_us};
	o.max_nonces = MAX_TOTAL;
	o.max_per_key = MAX_PER_KEY;
	o.window_s = WINDOW / S;
	test_now_us = w->now_us;
	assert_status(w->home == STORED ? aim_replay_open_store(w->store, &o, &w->guard, NULL)
	                                : aim_replay_open_memory(w->ctx, &o, &w->guard, NULL),
	              AIM_OK);
}

static void restart(world *w)
{
	int64_t floor_us = w->home == CARRIED ? stats_of(w->guard).restart_floor_us : 0;
	aim_replay_free(w->guard);
	if (w->home == STRICT)
		w->now_us = w->latest_us += 1;
	open_guard(w, floor_us, w->home == STRICT ? AIM_REPLAY_STRICT_START : 0);
}

static void move_clock(world *w)
{
	static const int64_t small[] = {0, 1, S / 2, S, S, 2 * S, 5 * S, -S, -4 * S};
	static const int64_t large[] = {20 * S, 40 * S, 100 * S, -15 * S, -35 * S, -90 * S};
	w->now_us += draw(30) ? small[draw(sizeof small / sizeof *small)] : large[draw(sizeof large / sizeof *large)];
	if (w->latest_us < w->now_us)
		w->latest_us = w->now_us;
}

static size_t n_live(const world *w, uint32_t scope, int any)
{
	size_t n = 0;
	for (uint32_t i = 0; i < w->n_messages; i++) {
		const message *m = &w->messages[i];
		n += m->accepted && (any || m->scope == scope) && m->timestamp_us + WINDOW >= w->now_us;
	}
	return n;
}

static void expect(world *w, message *m, int64_t floor_us, aim_status rc)
{
	int stale = m->timestamp_us < w->now_us - WINDOW;
	int future = m->timestamp_us > w->now_us + WINDOW;
	if (rc == AIM_OK && m->accepted)
		fail_msg("a message was accepted twice");
	if (rc == AIM_OK && (stale || future))
		fail_msg("a message was accepted outside its window");
	if (rc == AIM_E_REPLAY && !m->accepted)
		fail_msg("a new message was taken for a replay");
	if (rc == AIM_E_STALE && !stale && m->timestamp_us >= floor_us && stats_of(w->guard).floor_us <= m->timestamp_us)
		fail_msg("a message after the floor is called stale");
	if (rc == AIM_E_REPLAY_FULL && n_live(w, m->scope, 0) < MAX_PER_KEY && n_live(w, 0, 1) < MAX_TOTAL)
		fail_msg("a key has no room that has not used its share");
	if (rc != AIM_OK && rc != AIM_E_STALE && rc != AIM_E_FUTURE && rc != AIM_E_REPLAY && rc != AIM_E_REPLAY_FULL)
		fail_msg("%s", aim_status_name(rc));
	m->accepted |= rc == AIM_OK;
}

static void deliver(world *w, message *m)
{
	aim_replay_use use = {.struct_size = sizeof use, .timestamp_us = m->timestamp_us, .now_us = w->now_us};
	const int64_t floor_us = stats_of(w->guard).floor_us;
	use.scope = aim_bytes_from(&m->scope, sizeof m->scope);
	use.nonce = aim_bytes_from(&m->number, sizeof m->number);
	aim_status seen = aim_replay_check(w->guard, &use, NULL);
	if (draw(8) == 0)
		return; /* its signature was not valid: nothing is used up */
	aim_status rc = aim_replay_remember(w->guard, &use, NULL);
	if (seen != AIM_OK && rc != seen && !(seen == AIM_E_REPLAY && rc == AIM_E_STALE))
		fail_msg("checking says %s, remembering %s", aim_status_name(seen), aim_status_name(rc));
	expect(w, m, floor_us, rc);
}

static message *make(world *w)
{
	message *m = &w->messages[w->n_messages];
	*m = (message){draw(N_SCOPES), w->n_messages, 0, 0};
	m->timestamp_us = w->now_us + (int64_t)draw(70) * S - 35 * S;
	if (draw(2))
		m->timestamp_us = w->now_us;
	w->n_messages++;
	return m;
}

static void step(world *w)
{
	uint32_t what = draw(20);
	if (what < 6)
		move_clock(w);
	else if (what < 12 && w->n_messages < MAX_MESSAGES)
		deliver(w, make(w));
	else if (what < 18 && w->n_messages > 0)
		deliver(w, &w->messages[w->n_messages - 1 - draw(w->n_messages < 60 ? w->n_messages : 60)]);
	else if (what == 18)
		assert_status(aim_replay_purge(w->guard, w->now_us, NULL), AIM_OK);
	else if (draw(4) == 0)
		restart(w);
}

/* How many were accepted. */
static size_t run(uint32_t home)
{
	test_heap heap;
	world *w = calloc(1, sizeof *w);
	assert_non_null(w);
	w->home = home;
	w->now_us = w->latest_us = T0;
	w->ctx = test_ctx(&heap);
	if (home == STORED)
		assert_status(aim_store_open_memory(w->ctx, NULL, &w->store, NULL), AIM_OK);
	open_guard(w, 0, 0);
	for (size_t i = 0; i < STEPS; i++)
		step(w);
	size_t n = 0;
	for (uint32_t i = 0; i < w->n_messages; i++)
		n += (size_t)w->messages[i].accepted;
	aim_replay_free(w->guard);
	aim_store_free(w->store);
	test_ctx_done(w->ctx, &heap);
	free(w);
	return n;
}

static void test_laws(void **state)
{
	(void)state;
	for (uint32_t home = 0; home < N_HOMES; home++) {
		size_t n = 0;
		for (uint32_t round = 0; round < ROUNDS; round++) {
			seed = 1000 * home + round;
			n += run(home);
		}
		assert_true(n > 500); /* or nothing was tried */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_laws)};
	return cmocka_run_group_tests_name("prop/replay", tests, NULL, NULL);
}
