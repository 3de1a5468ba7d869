/* Others who change the same records between reading and writing: an engine that lets them go first. */
#include "../identity/door.h"

#include <aim/alert.h>
#include <aim/baseline.h>
#include <aim/drift.h>

#include <pthread.h>

#include <stdio.h>
#include <string.h>

static void a_move_is_tried_again(void **state)
{
	busy_house b;
	char id[37];
	aim_agent *agent = NULL;
	(void)state;
	busy_open(&b);
	house_agent(&b.h, "a", id);
	snprintf(b.d.key, sizeof b.d.key, "agent/%s", id);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_VERIFIED};
	door_touch(&b.d, 3);
	assert_status(aim_agent_move(b.h.registry, S(id), &move, NULL), AIM_OK);
	move.status = AIM_REGISTRY_REVOKED;
	door_touch(&b.d, 1000000);
	assert_status(aim_agent_move(b.h.registry, S(id), &move, NULL), AIM_E_CONFLICT);
	door_touch(&b.d, 0);
	assert_status(aim_agent_find_name(b.h.registry, S("a"), &agent, NULL), AIM_OK);
	assert_int_equal(aim_agent_status(agent), AIM_REGISTRY_VERIFIED);
	aim_agent_free(agent);
	assert_int_equal(house_records(&b.h, NULL), 2);
	busy_close(&b);
}

static void a_link_is_tried_again(void **state)
{
	busy_house b;
	char agent[37], server[37];
	(void)state;
	busy_open(&b);
	house_agent(&b.h, "a", agent);
	house_server(&b.h, "s", server);
	assert_status(aim_link_add(b.h.registry, S(agent), S(server), S(""), NULL), AIM_OK);
	snprintf(b.d.key, sizeof b.d.key, "link/%s/%s", agent, server);
	door_touch(&b.d, 2);
	assert_status(aim_link_add(b.h.registry, S(agent), S(server), S(""), NULL), AIM_OK);
	door_touch(&b.d, 2);
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
	busy_house b;
	char server[37];
	aim_baseline *baseline = NULL;
	aim_baseline_entry e = {.struct_size = sizeof e};
	(void)state;
	busy_open(&b);
	house_server(&b.h, "s", server);
	assert_status(aim_baseline_open(b.h.registry, S(server), &baseline, NULL), AIM_OK);
	assert_status(observe(baseline, "{\"name\":\"a\"}"), AIM_OK);
	snprintf(b.d.key, sizeof b.d.key, "baseline-list/%s/tool", server);
	door_touch(&b.d, 3);
	assert_status(observe(baseline, "{\"name\":\"a\",\"title\":\"x\"}"), AIM_OK);
	assert_int_equal(aim_baseline_finding_count(baseline), 1);
	door_touch(&b.d, 1000000);
	assert_status(observe(baseline, "{\"name\":\"a\",\"title\":\"y\"}"), AIM_E_CONFLICT);
	assert_int_equal(aim_baseline_finding_count(baseline), 0);
	aim_baseline_approval a = {.struct_size = sizeof a, .actor = S("admin")};
	assert_status(aim_baseline_approve(baseline, &a, NULL), AIM_E_CONFLICT);
	door_touch(&b.d, 3);
	assert_status(aim_baseline_approve(baseline, &a, NULL), AIM_OK);
	assert_status(aim_baseline_find(baseline, AIM_FINGERPRINT_TOOL, S("a"), &e), AIM_OK);
	assert_int_equal(e.version, 2);
	assert_int_equal(e.state, AIM_BASELINE_APPROVED);
	door_touch(&b.d, 0);
	assert_status(observe(baseline, "{\"name\":\"a\",\"title\":\"x\"}"), AIM_OK);
	assert_int_equal(aim_baseline_finding_count(baseline), 0);
	assert_int_equal(house_records(&b.h, "drift_detected"), 1);
	assert_int_equal(house_records(&b.h, "approval"), 1);
	assert_status(aim_audit_verify(b.h.log, NULL, NULL, NULL), AIM_OK);
	aim_baseline_free(baseline);
	busy_close(&b);
}

static aim_status count_record(void *user, const aim_drift_record *record)
{
	size_t *n = user;
	(void)record;
	++*n;
	return AIM_OK;
}

static size_t unclosed(aim_registry *registry)
{
	aim_drift *drift = NULL;
	size_t n = 0;
	aim_drift_filter f = {.struct_size = sizeof f, .unclosed = 1};
	assert_status(aim_drift_open(registry, NULL, &drift, NULL), AIM_OK);
	assert_status(aim_drift_list_records(drift, &f, count_record, &n, NULL), AIM_OK);
	aim_drift_free(drift);
	return n;
}

static aim_status check_tool(aim_drift *drift, const char *server, const char *raw)
{
	aim_baseline_item item = {S("a"), aim_bytes_from_str(S(raw))};
	aim_drift_list list = {AIM_FINGERPRINT_TOOL, 0, &item, 1};
	aim_drift_observation o = {.struct_size = sizeof o, .server = S(server), .lists = &list, .n_lists = 1};
	return aim_drift_check(drift, &o, NULL);
}

/* All or nothing, whichever of its keys others keep changing. */
static void drift_is_recorded_again_as_a_whole(void **state)
{
	static const char *const keys[][2] = {{"baseline-list/", "/tool"}, {"drift-open/", "/tool"}, {"trust/", ""}};
	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		busy_house b;
		char server[37];
		aim_drift *drift = NULL;
		busy_open(&b);
		house_server(&b.h, "s", server);
		assert_status(aim_drift_open(b.h.registry, NULL, &drift, NULL), AIM_OK);
		assert_status(check_tool(drift, server, "{\"name\":\"a\"}"), AIM_OK);
		assert_status(check_tool(drift, server, "{\"name\":\"a\",\"title\":\"x\"}"), AIM_OK);
		size_t n = house_records(&b.h, NULL);
		snprintf(b.d.key, sizeof b.d.key, "%s%s%s", keys[i][0], server, keys[i][1]); /* all of them exist now */
		door_touch(&b.d, 1000000);
		assert_status(check_tool(drift, server, "{\"name\":\"a\",\"title\":\"y\"}"), AIM_E_CONFLICT);
		assert_int_equal(aim_drift_finding_count(drift), 0);
		assert_int_equal(house_records(&b.h, NULL), n);
		door_touch(&b.d, 3);
		assert_status(check_tool(drift, server, "{\"name\":\"a\",\"title\":\"y\"}"), AIM_OK);
		door_touch(&b.d, 0);
		assert_int_equal(aim_drift_finding_count(drift), 1);
		assert_int_equal(unclosed(b.h.registry), 1);
		assert_status(aim_audit_verify(b.h.log, NULL, NULL, NULL), AIM_OK);
		aim_drift_free(drift);
		busy_close(&b);
	}
}

#define LOOKERS 4

typedef struct looker {
	aim_registry *registry;
	const char *server;
	aim_status status;
} looker;

static void *look(void *user)
{
	looker *l = user;
	aim_drift *drift = NULL;
	l->status = aim_drift_open(l->registry, NULL, &drift, NULL);
	for (int i = 0; i < 5 && l->status == AIM_OK; i++)
		l->status = check_tool(drift, l->server, "{\"name\":\"a\",\"title\":\"x\"}");
	aim_drift_free(drift);
	return NULL;
}

/* Many who see the same at once record it once. */
static void many_lookers_make_one_record(void **state)
{
	house *h = *state;
	char server[37];
	aim_drift *drift = NULL;
	aim_alerts *alerts = NULL;
	looker lookers[LOOKERS];
	pthread_t threads[LOOKERS];
	aim_alert_counts counts = {.struct_size = sizeof counts};
	house_server(h, "s", server);
	assert_status(aim_drift_open(h->registry, NULL, &drift, NULL), AIM_OK);
	assert_status(check_tool(drift, server, "{\"name\":\"a\"}"), AIM_OK);
	aim_drift_free(drift);
	for (size_t i = 0; i < LOOKERS; i++) {
		lookers[i] = (looker){h->registry, server, AIM_E_INTERNAL};
		assert_int_equal(pthread_create(&threads[i], NULL, look, &lookers[i]), 0);
	}
	for (size_t i = 0; i < LOOKERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_status(lookers[i].status, AIM_OK);
	}
	assert_int_equal(unclosed(h->registry), 1);
	assert_status(aim_alerts_open(h->log, NULL, &alerts, NULL), AIM_OK);
	assert_status(aim_alert_count(alerts, S(server), &counts, NULL), AIM_OK);
	aim_alerts_free(alerts);
	assert_int_equal(counts.unresolved[0], 1);
	assert_int_equal(house_records(h, "alert"), 1);
	assert_status(aim_audit_verify(h->log, NULL, NULL, NULL), AIM_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_is_tried_again),
		cmocka_unit_test(a_link_is_tried_again),
		cmocka_unit_test(a_baseline_is_compared_again),
		cmocka_unit_test(drift_is_recorded_again_as_a_whole),
		cmocka_unit_test_setup_teardown(many_lookers_make_one_record, house_setup, house_teardown),
	};
	return cmocka_run_group_tests_name("assess/conflict", tests, NULL, NULL);
}
