/* All parts of one observation are one transaction: everything or nothing, also when others go first. */
#include "../identity/door.h"

#include <aim/alert.h>
#include <aim/drift.h>
#include <aim/trust.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD "{\"name\":\"look\",\"description\":\"reads\"}"
#define BAD "{\"name\":\"look\",\"description\":\"writes\"}"
#define N_PARTS 6u /* of seen_badly() that drift: tool, prompt, launch; url, capability and a server of the agent */

typedef struct shop {
	busy_house b;
	char agent[37], server[37];
	aim_drift *drift;
	size_t n_told;
	aim_baseline_item tool, prompt;
	aim_baseline_launch launch;
	aim_drift_list lists[2];
	aim_str servers[2];
} shop;

static aim_status told(void *user, const aim_drift_record *record)
{
	(void)record;
	((shop *)user)->n_told++;
	return AIM_OK;
}

/* What is as it was approved; the agent reaches what it is linked to. */
static aim_drift_observation seen_well(shop *s)
{
	aim_drift_observation o = {.struct_size = sizeof o, .agent = S(s->agent), .server = S(s->server)};
	s->tool = (aim_baseline_item){S("look"), aim_bytes_from_str(S(GOOD))};
	s->prompt = (aim_baseline_item){S("look"), aim_bytes_from_str(S(GOOD))};
	s->launch = (aim_baseline_launch){.struct_size = sizeof s->launch, .url = S("https://mcp.example.org/")};
	s->lists[0] = (aim_drift_list){AIM_FINGERPRINT_TOOL, 0, &s->tool, 1};
	s->lists[1] = (aim_drift_list){AIM_FINGERPRINT_PROMPT, 0, &s->prompt, 1};
	o.lists = s->lists;
	o.n_lists = 2;
	o.launch = &s->launch;
	return o;
}

/* Each part is otherwise, and a server is named twice. */
static aim_drift_observation seen_badly(shop *s)
{
	aim_drift_observation o = seen_well(s);
	s->tool.raw = s->prompt.raw = aim_bytes_from_str(S(BAD));
	s->launch.url = S("https://elsewhere.example/");
	s->servers[0] = s->servers[1] = S("stranger");
	o.servers = s->servers;
	o.n_servers = 2;
	o.capability = S("payments:send");
	return o;
}

static void shop_open(shop *s)
{
	aim_drift_options o = {.struct_size = sizeof o, .notify = told, .user = s};
	memset(s, 0, sizeof *s);
	busy_open(&s->b);
	house_agent(&s->b.h, "agent", s->agent);
	house_server(&s->b.h, "server", s->server);
	assert_status(aim_link_add(s->b.h.registry, S(s->agent), S(s->server), S("ana"), NULL), AIM_OK);
	assert_status(aim_drift_open(s->b.h.registry, &o, &s->drift, NULL), AIM_OK);
	aim_drift_observation well = seen_well(s);
	assert_status(aim_drift_check(s->drift, &well, NULL), AIM_OK);
	test_now_us += 1000;
}

static void shop_close(shop *s)
{
	aim_drift_free(s->drift);
	busy_close(&s->b);
}

/* ---- what is stored ---- */

typedef struct print {
	uint64_t hash, n;
} print;

static void mix(print *p, aim_bytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		p->hash = (p->hash ^ bytes.ptr[i]) * UINT64_C(1099511628211);
	p->hash = (p->hash ^ bytes.len) * UINT64_C(1099511628211);
}

static aim_status print_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	print *p = user;
	(void)position;
	mix(p, key);
	mix(p, value);
	p->hash += version;
	p->n++;
	return AIM_OK;
}

/* Every key with its value and version, and how many audit records there are. */
static print print_store(shop *s)
{
	print p = {0};
	const aim_bytes all = {NULL, 0};
	const aim_store_engine *e = &s->b.d.inner;
	assert_status(e->scan(e->user, all, all, 100000, test_now_us, print_row, &p, NULL), AIM_OK);
	p.hash += house_records(&s->b.h, NULL);
	assert_true(p.n > 10);
	return p;
}

static aim_status count_record(void *user, const aim_drift_record *record)
{
	(void)record;
	++*(size_t *)user;
	return AIM_OK;
}

static size_t n_open(shop *s, const char *subject)
{
	size_t n = 0;
	aim_drift_filter f = {.struct_size = sizeof f, .unclosed = 1, .subject = S(subject)};
	assert_status(aim_drift_list_records(s->drift, &f, count_record, &n, NULL), AIM_OK);
	return n;
}

static uint64_t n_alerts(shop *s, const char *subject)
{
	aim_alerts *alerts = NULL;
	aim_alert_counts c = {.struct_size = sizeof c};
	assert_status(aim_alerts_open(s->b.h.log, NULL, &alerts, NULL), AIM_OK);
	assert_status(aim_alert_count(alerts, S(subject), &c, NULL), AIM_OK);
	aim_alerts_free(alerts);
	return c.unresolved[0];
}

static int64_t score(shop *s, const char *subject)
{
	aim_trustscore *t = NULL;
	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	assert_status(aim_trustscore_new(s->b.h.ctx, &t, NULL), AIM_OK);
	assert_status(aim_trust_score(s->b.h.registry, S(subject), NULL, t, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(t, &sum), AIM_OK);
	aim_trustscore_free(t);
	return sum.score_micro;
}

static void assert_all_is_recorded(shop *s)
{
	assert_int_equal(n_open(s, s->server), 3);
	assert_int_equal(n_open(s, s->agent), 3);
	assert_int_equal(n_alerts(s, s->server), 3);
	assert_int_equal(n_alerts(s, s->agent), 3);
	assert_int_equal(s->n_told, N_PARTS);
	assert_int_equal(house_records(&s->b.h, "drift_detected"), N_PARTS);
	assert_int_equal(house_records(&s->b.h, "alert"), N_PARTS);
	assert_int_equal(house_records(&s->b.h, "trust_evidence"), N_PARTS);
}

/* ---- the tests ---- */

static void an_observation_is_one_transaction(void **state)
{
	shop s;
	(void)state;
	shop_open(&s);
	aim_drift_observation o = seen_badly(&s);
	size_t n = s.b.d.n_applies;
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_OK);
	assert_int_equal(s.b.d.n_applies - n, 1);
	assert_all_is_recorded(&s);
	/* the same again writes nothing */
	print before = print_store(&s);
	n = s.b.d.n_applies;
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_OK);
	assert_int_equal(s.b.d.n_applies, n);
	print after = print_store(&s);
	assert_memory_equal(&before, &after, sizeof before);
	/* and so is its end */
	o = seen_well(&s);
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_OK);
	assert_int_equal(s.b.d.n_applies - n, 1);
	assert_int_equal(n_open(&s, s.server), 0);
	assert_int_equal(n_alerts(&s, s.server), 0);
	assert_int_equal(n_open(&s, s.agent), 2); /* a capability and a server that were not looked at */
	shop_close(&s);
}

/* Part by part, as an observation each, leads to the same trust. */
static void parts_count_as_they_would_alone(void **state)
{
	shop whole, parts;
	(void)state;
	test_now_us = INT64_C(1800000000000000);
	shop_open(&whole);
	test_now_us = INT64_C(1800000000000000);
	shop_open(&parts);
	aim_drift_observation o = seen_badly(&whole);
	assert_status(aim_drift_check(whole.drift, &o, NULL), AIM_OK);
	o = seen_badly(&parts);
	aim_drift_observation one = {.struct_size = sizeof one, .agent = o.agent, .capability = o.capability};
	assert_status(aim_drift_check(parts.drift, &one, NULL), AIM_OK);
	one = (aim_drift_observation){.struct_size = sizeof one, .agent = o.agent, .servers = o.servers, .n_servers = 1};
	assert_status(aim_drift_check(parts.drift, &one, NULL), AIM_OK);
	one = (aim_drift_observation){.struct_size = sizeof one, .agent = o.agent, .server = o.server, .launch = o.launch};
	assert_status(aim_drift_check(parts.drift, &one, NULL), AIM_OK);
	for (size_t i = 0; i < 2; i++) {
		one = (aim_drift_observation){.struct_size = sizeof one, .agent = o.agent, .server = o.server};
		one.lists = &o.lists[i];
		one.n_lists = 1;
		assert_status(aim_drift_check(parts.drift, &one, NULL), AIM_OK);
	}
	assert_int_equal(score(&whole, whole.agent), score(&parts, parts.agent));
	assert_int_equal(score(&whole, whole.server), score(&parts, parts.server));
	static const char *const kinds[] = {"drift_detected", "alert", "trust_evidence", "trust_score_changed", NULL};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		assert_int_equal(house_records(&whole.b.h, kinds[i]), house_records(&parts.b.h, kinds[i]));
	shop_close(&parts);
	shop_close(&whole);
}

static void a_failing_store_leaves_nothing_behind(void **state)
{
	shop s;
	(void)state;
	shop_open(&s);
	aim_drift_observation o = seen_badly(&s);
	print before = print_store(&s);
	size_t at = 1;
	s.b.d.fail_get = AIM_E_IO;
	for (;; at++) {
		s.b.d.fail_get_at = at;
		aim_status rc = aim_drift_check(s.drift, &o, NULL);
		if (rc == AIM_OK && s.b.d.fail_get_at > 0)
			break; /* there are no more reads */
		assert_status(rc, AIM_E_IO);
		assert_int_equal(aim_drift_finding_count(s.drift), 0);
		assert_int_equal(s.n_told, 0);
		print after = print_store(&s);
		assert_memory_equal(&before, &after, sizeof before);
	}
	assert_true(at > 20);
	s.b.d.fail_get_at = 0;
	assert_all_is_recorded(&s);
	shop_close(&s);
}

static void a_failing_write_leaves_nothing_behind(void **state)
{
	shop s;
	(void)state;
	shop_open(&s);
	aim_drift_observation o = seen_badly(&s);
	print before = print_store(&s);
	s.b.d.fail_apply = AIM_E_SPACE;
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_E_SPACE);
	assert_int_equal(aim_drift_finding_count(s.drift), 0);
	assert_int_equal(s.n_told, 0);
	print after = print_store(&s);
	assert_memory_equal(&before, &after, sizeof before);
	s.b.d.fail_apply = AIM_OK;
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_OK);
	assert_all_is_recorded(&s);
	shop_close(&s);
}

static void who_goes_first_makes_all_of_it_start_again(void **state)
{
	shop s;
	(void)state;
	for (int of_list = 0; of_list < 2; of_list++) {
		shop_open(&s);
		aim_drift_observation o = seen_badly(&s);
		snprintf(s.b.d.key, sizeof s.b.d.key, of_list ? "baseline-list/%s/prompt" : "server/%s", s.server);
		door_touch(&s.b.d, 2);
		assert_status(aim_drift_check(s.drift, &o, NULL), AIM_OK);
		assert_all_is_recorded(&s);
		o = seen_well(&s);
		door_touch(&s.b.d, of_list ? 1000000 : 0);
		assert_status(aim_drift_check(s.drift, &o, NULL), of_list ? AIM_E_CONFLICT : AIM_OK);
		door_touch(&s.b.d, 0);
		assert_int_equal(n_open(&s, s.agent), of_list ? 3 : 2);
		assert_int_equal(n_open(&s, s.server), of_list ? 3 : 0);
		shop_close(&s);
	}
}

static void a_kind_is_listed_once(void **state)
{
	shop s;
	aim_error err = {0};
	(void)state;
	shop_open(&s);
	aim_drift_observation o = seen_badly(&s);
	s.lists[1].kind = AIM_FINGERPRINT_TOOL;
	assert_status(aim_drift_check(s.drift, &o, &err), AIM_E_INVALID);
	assert_string_equal(err.message, "an observation: two lists of tools; one whole list is needed");
	assert_int_equal(n_open(&s, ""), 0);
	shop_close(&s);
}

/* A definition that cannot be read undoes the parts in front of it. */
static void a_bad_definition_undoes_the_whole(void **state)
{
	shop s;
	(void)state;
	shop_open(&s);
	aim_drift_observation o = seen_badly(&s);
	s.prompt.raw = aim_bytes_from_str(S("{\"name\":\"other\"}"));
	print before = print_store(&s);
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_E_ASSESS_DEFINITION);
	print after = print_store(&s);
	assert_memory_equal(&before, &after, sizeof before);
	o = seen_badly(&s);
	assert_status(aim_drift_check(s.drift, &o, NULL), AIM_OK);
	assert_all_is_recorded(&s);
	shop_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_observation_is_one_transaction),
		cmocka_unit_test(parts_count_as_they_would_alone),
		cmocka_unit_test(a_failing_store_leaves_nothing_behind),
		cmocka_unit_test(a_failing_write_leaves_nothing_behind),
		cmocka_unit_test(who_goes_first_makes_all_of_it_start_again),
		cmocka_unit_test(a_kind_is_listed_once),
		cmocka_unit_test(a_bad_definition_undoes_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
