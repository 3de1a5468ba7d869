/* Others who change the same records between reading and writing: an engine that lets them go first. */
#include "../identity/door.h"

#include <aim/baseline.h>

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
	door_touch(&b.d, 1000);
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
	door_touch(&b.d, 1000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_is_tried_again),
		cmocka_unit_test(a_link_is_tried_again),
		cmocka_unit_test(a_baseline_is_compared_again),
	};
	return cmocka_run_group_tests_name("assess/conflict", tests, NULL, NULL);
}
