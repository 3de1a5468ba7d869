/* Others who change the same records between reading and writing: an engine that lets them go first. */
#include "../identity/house.h"

#include "store/store.h"

#include <aim/baseline.h>

#include <stdio.h>
#include <string.h>

/* The memory engine, behind a door. */
typedef struct door {
	aim_store_engine inner;
	char key[128]; /* written in front of the next groups, as if by another process */
	int times;
} door;

static aim_status door_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                           aim_error *err)
{
	door *d = user;
	return d->inner.get(d->inner.user, key, now_us, row, row_user, err);
}

static aim_status door_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                            aim_store_row row, void *row_user, aim_error *err)
{
	door *d = user;
	return d->inner.scan(d->inner.user, prefix, after, limit, now_us, row, row_user, err);
}

static aim_status door_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                            void *row_user, aim_error *err)
{
	door *d = user;
	return d->inner.read(d->inner.user, log, from, limit, row, row_user, err);
}

typedef struct copying {
	char text[4096];
	size_t len;
} copying;

static aim_status copy(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	copying *c = user;
	(void)key, (void)version, (void)position;
	assert_true(value.len <= sizeof c->text);
	memcpy(c->text, value.ptr, value.len);
	c->len = value.len;
	return AIM_OK;
}

/* Writes the value that is there once more: its version moves, its meaning does not. */
static void go_first(door *d, int64_t now_us)
{
	copying c;
	aim_bytes key = aim_bytes_from_str(S(d->key));
	assert_status(d->inner.get(d->inner.user, key, now_us, copy, &c, NULL), AIM_OK);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = key, .value = aim_bytes_from(c.text, c.len)};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(d->inner.apply_group(d->inner.user, &batch, 1, now_us, NULL), AIM_OK);
	d->times--;
}

static aim_status door_apply(void *user, aim_store_batch *batches, size_t n, int64_t now_us,
                             aim_error *err)
{
	door *d = user;
	if (d->times > 0)
		go_first(d, now_us);
	return d->inner.apply_group(d->inner.user, batches, n, now_us, err);
}

static void door_close(void *user)
{
	door *d = user;
	d->inner.close(d->inner.user);
}

typedef struct busy {
	house h;
	door d;
} busy;

static void busy_open(busy *b)
{
	memset(b, 0, sizeof *b);
	b->h.ctx = test_ctx(&b->h.heap);
	assert_status(aim__store_memory_engine(b->h.ctx, &b->d.inner), AIM_OK);
	aim_store_engine e = {sizeof e, 0, door_get, door_scan, door_apply, door_read, &b->d, door_close,
	                      NULL, NULL};
	assert_status(aim_store_open_engine(b->h.ctx, &e, NULL, &b->h.store, NULL), AIM_OK);
	assert_status(aim_audit_open(b->h.store, NULL, &b->h.log, NULL), AIM_OK);
	assert_status(aim_registry_open(b->h.log, NULL, &b->h.registry, NULL), AIM_OK);
}

static void busy_close(busy *b)
{
	aim_registry_free(b->h.registry);
	aim_audit_free(b->h.log);
	aim_store_free(b->h.store);
	test_ctx_done(b->h.ctx, &b->h.heap);
}

static void a_move_is_tried_again(void **state)
{
	busy b;
	char id[37];
	aim_agent *agent = NULL;
	(void)state;
	busy_open(&b);
	house_agent(&b.h, "a", id);
	snprintf(b.d.key, sizeof b.d.key, "agent/%s", id);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_VERIFIED};
	b.d.times = 3;
	assert_status(aim_agent_move(b.h.registry, S(id), &move, NULL), AIM_OK);
	move.status = AIM_REGISTRY_REVOKED;
	b.d.times = 1000;
	assert_status(aim_agent_move(b.h.registry, S(id), &move, NULL), AIM_E_CONFLICT);
	b.d.times = 0;
	assert_status(aim_agent_find_name(b.h.registry, S("a"), &agent, NULL), AIM_OK);
	assert_int_equal(aim_agent_status(agent), AIM_REGISTRY_VERIFIED);
	aim_agent_free(agent);
	assert_int_equal(house_records(&b.h, NULL), 2);
	busy_close(&b);
}

static void a_link_is_tried_again(void **state)
{
	busy b;
	char agent[37], server[37];
	(void)state;
	busy_open(&b);
	house_agent(&b.h, "a", agent);
	house_server(&b.h, "s", server);
	assert_status(aim_link_add(b.h.registry, S(agent), S(server), S(""), NULL), AIM_OK);
	snprintf(b.d.key, sizeof b.d.key, "link/%s/%s", agent, server);
	b.d.times = 2;
	assert_status(aim_link_add(b.h.registry, S(agent), S(server), S(""), NULL), AIM_OK);
	b.d.times = 2;
	assert_status(aim_link_remove(b.h.registry, S(agent), S(server), S(""), NULL), AIM_OK);
	busy_close(&b);
}

static aim_status observe(aim_baseline *baseline, const char *raw)
{
	aim_baseline_item item = {S("a"), aim_bytes_from_str(S(raw))};
	aim_baseline_observation o = {.struct_size = sizeof o, .kind = AIM_FINGERPRINT_TOOL};
	o.items = &item;
	o.n_items = 1;
	return aim_baseline_observe(baseline, &o, NULL);
}

static void a_baseline_is_compared_again(void **state)
{
	busy b;
	char server[37];
	aim_baseline *baseline = NULL;
	aim_baseline_entry e = {.struct_size = sizeof e};
	(void)state;
	busy_open(&b);
	house_server(&b.h, "s", server);
	assert_status(aim_baseline_open(b.h.registry, S(server), &baseline, NULL), AIM_OK);
	assert_status(observe(baseline, "{\"name\":\"a\"}"), AIM_OK);
	snprintf(b.d.key, sizeof b.d.key, "baseline-list/%s/tool", server);
	b.d.times = 3;
	assert_status(observe(baseline, "{\"name\":\"a\",\"title\":\"x\"}"), AIM_OK);
	assert_int_equal(aim_baseline_finding_count(baseline), 1);
	b.d.times = 1000;
	assert_status(observe(baseline, "{\"name\":\"a\",\"title\":\"y\"}"), AIM_E_CONFLICT);
	assert_int_equal(aim_baseline_finding_count(baseline), 0);
	aim_baseline_approval a = {.struct_size = sizeof a, .actor = S("admin")};
	assert_status(aim_baseline_approve(baseline, &a, NULL), AIM_E_CONFLICT);
	b.d.times = 3;
	assert_status(aim_baseline_approve(baseline, &a, NULL), AIM_OK);
	assert_status(aim_baseline_find(baseline, AIM_FINGERPRINT_TOOL, S("a"), &e), AIM_OK);
	assert_int_equal(e.version, 2);
	assert_int_equal(e.state, AIM_BASELINE_APPROVED);
	b.d.times = 0;
	assert_status(observe(baseline, "{\"name\":\"a\",\"title\":\"x\"}"), AIM_OK);
	assert_int_equal(aim_baseline_finding_count(baseline), 0);
	assert_int_equal(house_records(&b.h, "drift_detected"), 1);
	assert_int_equal(house_records(&b.h, "approval"), 1);
	assert_status(aim_audit_verify(b.h.log, NULL, NULL, NULL), AIM_OK);
	aim_baseline_free(baseline);
	busy_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_is_tried_again),
		cmocka_unit_test(a_link_is_tried_again),
		cmocka_unit_test(a_baseline_is_compared_again),
	};
	return cmocka_run_group_tests_name("assess/conflict", tests, NULL, NULL);
}
