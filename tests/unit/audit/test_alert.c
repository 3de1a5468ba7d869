/* Alerts: one open alert per key, moves by the table, counts that agree, and a record of each change. */
#include "support.h"
#include "vault.h"

#include "audit/alert.h"

#include <aim/trail.h>

#include <stdlib.h>
#include <string.h>

#define S(text) {text, sizeof(text) - 1}
#define SPEC(...) &(aim_alert_spec){.struct_size = sizeof(aim_alert_spec), .subject = S("srv_1"), \
	.kind = S("drift"), __VA_ARGS__}
#define STEP(...) &(aim_alert_step){.struct_size = sizeof(aim_alert_step), __VA_ARGS__}
#define FILTER(...) &(aim_alert_filter){.struct_size = sizeof(aim_alert_filter), __VA_ARGS__}

typedef struct desk {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_alerts *alerts;
	aim_error err;
	int n_told, n_destroyed;
	aim_status answer;
} desk;

static aim_status told(void *user, const aim_alert *alert)
{
	desk *d = user;
	aim_alert *again = NULL;
	d->n_told++;
	/* It is committed, and nothing is locked. */
	assert_status(aim_alert_find(d->alerts, aim_alert_text(alert, AIM_ALERT_TEXT_ID), &again, NULL), AIM_OK);
	aim_alert_free(again);
	return d->answer;
}

static void destroyed(void *user)
{
	((desk *)user)->n_destroyed++;
}

static int setup(void **state)
{
	desk *d = calloc(1, sizeof *d);
	assert_non_null(d);
	d->ctx = test_ctx(&d->heap);
	assert_status(aim_store_open_memory(d->ctx, NULL, &d->store, &d->err), AIM_OK);
	d->log = open_log(d->store, NULL);
	aim_alerts_options o = {.struct_size = sizeof o, .notify = told, .user = d, .destroy = destroyed,
	                        .keep_resolved_days = 1};
	assert_status(aim_alerts_open(d->log, &o, &d->alerts, &d->err), AIM_OK);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	desk *d = *state;
	aim_audit_report report = {.struct_size = sizeof report};
	assert_status(aim_audit_verify(d->log, NULL, &report, &d->err), AIM_OK);
	aim_alerts_free(d->alerts);
	assert_int_equal(d->n_destroyed, 1);
	aim_audit_free(d->log);
	aim_store_free(d->store);
	test_ctx_done(d->ctx, &d->heap);
	free(d);
	return 0;
}

static aim_alert *raised(desk *d, const aim_alert_spec *spec)
{
	aim_alert *alert = NULL;
	aim_status rc = aim_alert_raise(d->alerts, spec, &alert, &d->err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), d->err.message);
	return alert;
}

static uint64_t count(desk *d, const char *subject, uint32_t severity)
{
	aim_alert_counts c = {.struct_size = sizeof c};
	assert_status(aim_alert_count(d->alerts, aim_str_from(subject), &c, &d->err), AIM_OK);
	return c.unresolved[severity];
}

static uint64_t n_records(desk *d)
{
	aim_audit_head head = {.struct_size = sizeof head};
	assert_status(aim_audit_current(d->log, &head, &d->err), AIM_OK);
	return head.size;
}

static void test_the_same_again_is_counted_and_worse_escalates(void **state)
{
	desk *d = *state;
	d->answer = AIM_E_IO; /* a host that fails changes nothing */
	aim_alert *first = raised(d, SPEC(.title = S("It changed"), .severity = AIM_ALERT_MEDIUM, .details = S("{\"b\":1, \"a\":2}"), .actor = S("guard")));
	assert_text(aim_alert_text(first, AIM_ALERT_TEXT_DETAILS), "{\"a\":2,\"b\":1}");
	assert_memory_equal(aim_alert_text(first, AIM_ALERT_TEXT_ID).ptr, "alr_", 4);
	assert_text(aim_alert_text(first, AIM_ALERT_TEXT_KEY), "drift:srv_1");
	test_now_us += 5;
	aim_alert *again = raised(d, SPEC(.severity = AIM_ALERT_LOW, .title = S("Not kept")));
	assert_true(aim_str_equal(aim_alert_text(first, AIM_ALERT_TEXT_ID), aim_alert_text(again, AIM_ALERT_TEXT_ID)));
	assert_int_equal(aim_alert_occurrences(again), 2);
	assert_int_equal(aim_alert_severity(again), AIM_ALERT_MEDIUM);
	assert_text(aim_alert_text(again, AIM_ALERT_TEXT_TITLE), "It changed");
	assert_int_equal(aim_alert_last_seen_us(again) - aim_alert_raised_us(again), 5);
	aim_alert_free(again);
	again = raised(d, SPEC(.severity = AIM_ALERT_CRITICAL, .title = S("Worse")));
	assert_int_equal(aim_alert_severity(again), AIM_ALERT_CRITICAL);
	assert_text(aim_alert_text(again, AIM_ALERT_TEXT_TITLE), "Worse");
	assert_int_equal(count(d, "srv_1", 0), 1);
	assert_int_equal(count(d, "srv_1", AIM_ALERT_CRITICAL), 1);
	assert_int_equal(count(d, "srv_1", AIM_ALERT_MEDIUM), 0);
	assert_int_equal(d->n_told, 1);
	assert_int_equal(n_records(d), 3);
	aim_alert_free(again);
	aim_alert_free(first);
}

static void test_moves_follow_the_table(void **state)
{
	desk *d = *state;
	aim_alert *alert = raised(d, SPEC(.title = S("It changed"), .severity = AIM_ALERT_HIGH));
	aim_str id = aim_alert_text(alert, AIM_ALERT_TEXT_ID);
	assert_status(aim_alert_move(d->alerts, id, STEP(.state = AIM_ALERT_ACKNOWLEDGED, .actor = S("ana"), .reason = S("looking")),
	                             &d->err), AIM_OK);
	assert_status(aim_alert_move(d->alerts, id, STEP(.state = AIM_ALERT_ACKNOWLEDGED), &d->err), AIM_OK);
	assert_int_equal(n_records(d), 2);
	assert_int_equal(count(d, "srv_1", AIM_ALERT_HIGH), 1);
	assert_status(aim_alert_move(d->alerts, id, STEP(.state = AIM_ALERT_RESOLVED, .actor = S("bo")), &d->err), AIM_OK);
	assert_int_equal(count(d, "srv_1", 0), 0);
	assert_status(aim_alert_move(d->alerts, id, STEP(.state = AIM_ALERT_ACKNOWLEDGED), &d->err), AIM_E_STATE);
	aim_alert *now = NULL;
	assert_status(aim_alert_find(d->alerts, id, &now, &d->err), AIM_OK);
	assert_int_equal(aim_alert_state(now), AIM_ALERT_RESOLVED);
	assert_text(aim_alert_text(now, AIM_ALERT_TEXT_ACKNOWLEDGED_BY), "ana");
	assert_text(aim_alert_text(now, AIM_ALERT_TEXT_ACKNOWLEDGED_WHY), "looking");
	assert_text(aim_alert_text(now, AIM_ALERT_TEXT_RESOLVED_BY), "bo");
	aim_alert_free(now);
	now = raised(d, SPEC(.title = S("It changed"), .severity = AIM_ALERT_HIGH));
	assert_false(aim_str_equal(id, aim_alert_text(now, AIM_ALERT_TEXT_ID)));
	assert_int_equal(d->n_told, 2);
	aim_alert_free(now);
	/* A day later the store has forgotten the first. */
	test_now_us += INT64_C(86400000000);
	assert_status(aim_alert_find(d->alerts, id, &now, &d->err), AIM_E_NOT_FOUND);
	aim_alert_free(alert);
}

typedef struct seen {
	size_t n;
	char last[40];
} seen;

static aim_status see(void *user, const aim_alert *alert)
{
	seen *s = user;
	s->n++;
	memcpy(s->last, aim_alert_text(alert, AIM_ALERT_TEXT_ID).ptr, 37);
	return AIM_OK;
}

static void test_lists_are_filtered_and_paged(void **state)
{
	desk *d = *state;
	static const char *const subjects[] = {"srv_a", "srv_b", "agt_c"};
	for (unsigned i = 0; i < 150; i++) {
		char key[2] = {(char)(' ' + 1 + i % 90), (char)('a' + i / 90)};
		aim_alert_spec spec = *SPEC(.title = S("It changed"), .severity = 1 + i % 5, .key = {key, 2});
		spec.subject = aim_str_from(subjects[i % 3]);
		test_now_us += 1;
		aim_alert_free(raised(d, &spec));
	}
	seen all = {0}, some = {0}, pages = {0};
	assert_status(aim_alert_list(d->alerts, NULL, see, &all, &d->err), AIM_OK);
	assert_int_equal(all.n, 150);
	assert_status(aim_alert_move(d->alerts, aim_str_from(all.last), STEP(.state = AIM_ALERT_RESOLVED), &d->err), AIM_OK);
	assert_status(aim_alert_list(d->alerts, FILTER(.unresolved = 1), see, &some, &d->err), AIM_OK);
	assert_int_equal(some.n, 149);
	some.n = 0;
	assert_status(aim_alert_list(d->alerts, FILTER(.min_severity = 4, .subject = S("srv_a")), see, &some, &d->err), AIM_OK);
	assert_int_equal(some.n, 20);
	do {
		some.n = 0;
		aim_alert_filter f = *FILTER(.limit = 40);
		f.after = aim_str_from(some.last[0] && pages.n ? some.last : "");
		assert_status(aim_alert_list(d->alerts, &f, see, &some, &d->err), AIM_OK);
		pages.n += some.n;
	} while (some.n == 40);
	assert_int_equal(pages.n, 150);
}

static void test_what_is_no_alert_is_refused(void **state)
{
	desk *d = *state;
	static const struct {
		aim_alert_spec spec;
		aim_status status;
	} cases[] = {
		{{.severity = 0, .subject = S("s"), .kind = S("k"), .title = S("t")}, AIM_E_INVALID},
		{{.severity = 6, .subject = S("s"), .kind = S("k"), .title = S("t")}, AIM_E_INVALID},
		{{.severity = 1, .kind = S("k"), .title = S("t")}, AIM_E_ID_NAME},
		{{.severity = 1, .subject = S("s"), .kind = S("K"), .title = S("t")}, AIM_E_INVALID},
		{{.severity = 1, .subject = S("s"), .kind = S("k")}, AIM_E_INVALID},
		{{.severity = 1, .subject = S("s"), .kind = S("k"), .title = S("a\nb")}, AIM_E_INVALID},
		{{.severity = 1, .subject = S("s"), .kind = S("k"), .title = S("t"), .details = S("[]")}, AIM_E_JSON_TYPE},
		{{.severity = 1, .subject = S("s"), .kind = S("k"), .title = S("t"), .details = S("{\"a\":1.5}")}, AIM_E_JSON_NUMBER},
		{{.severity = 1, .flags = 1, .subject = S("s"), .kind = S("k"), .title = S("t")}, AIM_E_VERSION},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_alert_spec spec = cases[i].spec;
		spec.struct_size = sizeof spec;
		assert_status(aim_alert_raise(d->alerts, &spec, NULL, &d->err), cases[i].status);
	}
	assert_int_equal(n_records(d), 0);
	assert_int_equal(aim_alert_severity_of_finding((aim_str)S("warning")), AIM_ALERT_MEDIUM);
	assert_int_equal(aim_alert_severity_of_finding((aim_str)S("info")), AIM_ALERT_INFO);
	assert_int_equal(aim_alert_severity_of_finding((aim_str)S("critical")), AIM_ALERT_CRITICAL);
	assert_int_equal(aim_alert_severity_of_finding((aim_str)S("high")), 0);
}

/* Several alerts of one subject in one change of a layer above; a race is a conflict of the whole. */
static void test_a_change_may_hold_several_alerts(void **state)
{
	desk *d = *state;
	aim__alert_change c[2];
	aim_store_op ops[2 * AIM__ALERT_OPS];
	aim_audit_record records[2];
	size_t n = 0;
	aim_alert_spec specs[2] = {*SPEC(.title = S("It changed"), .severity = AIM_ALERT_HIGH, .key = S("one")),
	                           *SPEC(.title = S("It changed"), .severity = AIM_ALERT_HIGH, .key = S("two"))};
	for (int i = 0; i < 2; i++) {
		aim__alert_change_init(&c[i], d->alerts);
		assert_status(aim__alert_prepare(&c[i], &specs[i], &d->err), AIM_OK);
		memcpy(ops + n, c[i].ops, c[i].n_ops * sizeof *ops);
		n += c[i].n_ops;
		records[i] = c[i].record;
	}
	aim__change change = {.ops = ops, .n_ops = n, .records = records, .n_records = 2};
	assert_status(aim__audit_commit(d->log, &change, &d->err), AIM_OK);
	assert_int_equal(count(d, "srv_1", AIM_ALERT_HIGH), 2);
	assert_status(aim__audit_commit(d->log, &change, &d->err), AIM_E_CONFLICT);
	assert_int_equal(count(d, "srv_1", AIM_ALERT_HIGH), 2);
	for (int i = 0; i < 2; i++) {
		aim__alert_committed(&c[i]);
		aim__alert_change_dispose(&c[i]);
	}
	assert_int_equal(d->n_told, 2);
}

/* Random histories against a plain model: per key the severity and state of its latest alert. */
static void test_random_histories_agree_with_a_model(void **state)
{
	desk *d = *state;
	struct {
		uint32_t severity, state;
		uint64_t n;
		char id[40];
	} model[6] = {0};
	uint64_t seed = 7, n_new = 0;
	for (int i = 0; i < 600; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint32_t r = (uint32_t)(seed >> 33), k = r % 6, severity = 1 + r / 6 % 5, what = r / 30 % 4;
		char key[2] = {'k', (char)('0' + k)};
		uint32_t before = model[k].state;
		test_now_us += 1000;
		if (what < 2) {
			aim_alert_spec spec = *SPEC(.title = S("It changed"), .severity = severity, .key = {key, 2});
			aim_alert *alert = raised(d, &spec);
			int is_new = before == 0 || before == AIM_ALERT_RESOLVED;
			n_new += (uint64_t)is_new;
			model[k].n = is_new ? 1 : model[k].n + 1;
			model[k].state = is_new ? AIM_ALERT_OPEN : before;
			if (is_new || severity > model[k].severity)
				model[k].severity = severity;
			memcpy(model[k].id, aim_alert_text(alert, AIM_ALERT_TEXT_ID).ptr, 37);
			assert_int_equal(aim_alert_occurrences(alert), model[k].n);
			assert_int_equal(aim_alert_severity(alert), model[k].severity);
			assert_int_equal(aim_alert_state(alert), model[k].state);
			aim_alert_free(alert);
		} else if (before) {
			uint32_t to = what == 2 ? AIM_ALERT_ACKNOWLEDGED : AIM_ALERT_RESOLVED;
			int ok = to == before || aim_alert_move_allowed(before, to);
			assert_status(aim_alert_move(d->alerts, aim_str_from(model[k].id), STEP(.state = to), &d->err),
			              ok ? AIM_OK : AIM_E_STATE);
			model[k].state = ok ? to : before;
		}
		uint64_t expected[6] = {0};
		for (k = 0; k < 6; k++)
			if (model[k].state == AIM_ALERT_OPEN || model[k].state == AIM_ALERT_ACKNOWLEDGED) {
				expected[model[k].severity]++;
				expected[0]++;
			}
		for (k = 0; k < 6; k++)
			assert_int_equal(count(d, "srv_1", k), expected[k]);
	}
	assert_int_equal((uint64_t)d->n_told, n_new);
}

/* The host's pointer is the library's from the call on: it is given up once whenever there is no handle to hold it. */
static void test_a_failed_open_destroys_the_user(void **state)
{
	desk *d = *state;
	desk other = {0};
	aim_alerts_options o = {.struct_size = sizeof o, .flags = 1, .user = &other, .destroy = destroyed};
	aim_alerts *alerts = NULL;
	assert_status(aim_alerts_open(d->log, &o, &alerts, NULL), AIM_E_VERSION);
	assert_int_equal(other.n_destroyed, 1);
	o.flags = 0;
	assert_status(aim_alerts_open(NULL, &o, &alerts, NULL), AIM_E_INVALID);
	assert_int_equal(other.n_destroyed, 2);
	o.reserved = 1;
	assert_status(aim_alerts_open(d->log, &o, &alerts, NULL), AIM_E_VERSION);
	assert_int_equal(other.n_destroyed, 3);
	o.reserved = 0;
	d->heap.fail_at = d->heap.n_allocs + 1;
	assert_status(aim_alerts_open(d->log, &o, &alerts, NULL), AIM_E_NOMEM);
	assert_int_equal(other.n_destroyed, 4);
	d->heap.fail_at = 0;
	assert_null(alerts);
	assert_status(aim_alerts_open(d->log, &o, &alerts, NULL), AIM_OK);
	assert_int_equal(other.n_destroyed, 4);
	aim_alerts_free(alerts);
	assert_int_equal(other.n_destroyed, 5);
}

static aim_status raise_move_list(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_alerts *alerts = NULL;
	aim_alert *alert = NULL;
	seen s = {0};
	(void)arg;
	aim_status rc = aim_store_open_memory(ctx, NULL, &store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, NULL);
	if (rc == AIM_OK)
		rc = aim_alerts_open(log, NULL, &alerts, NULL);
	if (rc == AIM_OK)
		rc = aim_alert_raise(alerts, SPEC(.title = S("It changed"), .severity = 2, .details = S("{\"a\":1}"), .actor = S("x")), &alert, NULL);
	if (rc == AIM_OK)
		rc = aim_alert_raise(alerts, SPEC(.title = S("It changed"), .severity = 4, .message = S("again")), NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_alert_list(alerts, FILTER(.subject = S("srv_1")), see, &s, NULL);
	if (rc == AIM_OK)
		rc = aim_alert_move(alerts, aim_alert_text(alert, AIM_ALERT_TEXT_ID), STEP(.state = AIM_ALERT_RESOLVED, .reason = S("r")),
		                    NULL);
	aim_alert_counts c = {.struct_size = sizeof c};
	if (rc == AIM_OK)
		rc = aim_alert_count(alerts, (aim_str)S("srv_1"), &c, NULL);
	aim_alert_free(alert);
	aim_alerts_free(alerts);
	aim_audit_free(log);
	aim_store_free(store);
	return rc;
}

static void test_each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(raise_move_list, NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_the_same_again_is_counted_and_worse_escalates),
		T(test_moves_follow_the_table),
		T(test_lists_are_filtered_and_paged),
		T(test_what_is_no_alert_is_refused),
		T(test_a_change_may_hold_several_alerts),
		T(test_random_histories_agree_with_a_model),
		T(test_a_failed_open_destroys_the_user),
		cmocka_unit_test(test_each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
