/* Laws of alerts, over random histories with restarts in between:
 *  - of one key at most one alert is unresolved;
 *  - raising makes nothing milder: no severity and no count of a subject goes down;
 *  - acknowledging changes no count; resolving takes exactly that alert out and makes nothing worse;
 *  - what is resolved never changes again, and a step that the table does not have changes nothing;
 *  - occurrences add up to the times raised, and every change has one record. */
#include "support.h"

#include <aim/alert.h>
#include <aim/trail.h>

#include <string.h>

#define ROUNDS 6
#define STEPS 250
#define N_SUBJECTS 2u
#define MAX_ALERTS 300

typedef struct picture {
	char id[40];
	uint32_t severity, state;
	uint64_t occurrences;
	int64_t resolved_us;
} picture;

typedef struct world {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_alerts *alerts;
	uint64_t n_raised, n_changes;
	size_t n;
	picture all[MAX_ALERTS];
	aim_alert_counts counts[N_SUBJECTS];
} world;

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static aim_str subject(uint32_t i)
{
	return aim_str_from(i == 0 ? "srv_1" : "agt_2");
}

static void open_all(world *w)
{
	assert_status(aim_audit_open(w->store, NULL, &w->log, NULL), AIM_OK);
	assert_status(aim_alerts_open(w->log, NULL, &w->alerts, NULL), AIM_OK);
}

static void close_all(world *w)
{
	aim_alerts_free(w->alerts);
	aim_audit_free(w->log);
}

static aim_status see(void *user, const aim_alert *alert)
{
	world *w = user;
	assert_true(w->n < MAX_ALERTS);
	picture *p = &w->all[w->n++];
	aim_str id = aim_alert_text(alert, AIM_ALERT_TEXT_ID);
	memset(p, 0, sizeof *p);
	memcpy(p->id, id.ptr, id.len);
	p->severity = aim_alert_severity(alert);
	p->state = aim_alert_state(alert);
	p->occurrences = aim_alert_occurrences(alert);
	p->resolved_us = aim_alert_resolved_us(alert);
	return AIM_OK;
}

static void look(world *w)
{
	w->n = 0;
	assert_status(aim_alert_list(w->alerts, NULL, see, w, NULL), AIM_OK);
	for (uint32_t i = 0; i < N_SUBJECTS; i++) {
		w->counts[i] = (aim_alert_counts){.struct_size = sizeof *w->counts};
		assert_status(aim_alert_count(w->alerts, subject(i), &w->counts[i], NULL), AIM_OK);
	}
}

static const picture *find(const world *w, const char *id)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->all[i].id, id) == 0)
			return &w->all[i];
	return NULL;
}

static const picture *must_find(const world *w, const char *id)
{
	const picture *found = find(w, id);
	if (!found)
		fail_msg("%s is gone", id);
	return found ? found : &w->all[0];
}

/* How many are so bad or worse: what factors of trust and vetoes ask for. */
static uint64_t at_least(const aim_alert_counts *c, uint32_t severity)
{
	uint64_t n = 0;
	for (; severity <= AIM_ALERT_CRITICAL; severity++)
		n += c->unresolved[severity];
	return n;
}

static void check_counts(const world *w)
{
	uint64_t all = 0, unresolved = 0;
	for (size_t i = 0; i < w->n; i++)
		unresolved += w->all[i].state != AIM_ALERT_RESOLVED;
	for (uint32_t i = 0; i < N_SUBJECTS; i++) {
		const aim_alert_counts *c = &w->counts[i];
		assert_int_equal(c->unresolved[0], at_least(c, AIM_ALERT_INFO));
		assert_int_equal(c->worst != 0, c->unresolved[0] != 0);
		assert_true(c->worst == 0 || c->unresolved[c->worst] > 0);
		assert_int_equal(at_least(c, c->worst + 1), 0);
		all += c->unresolved[0];
	}
	assert_int_equal(all, unresolved);
}

/* Everything but the alert `but` is as it was. */
static void check_others(const world *before, const world *after, const char *but)
{
	for (size_t i = 0; i < before->n; i++) {
		const picture *old = &before->all[i];
		const picture *now = must_find(after, old->id);
		if (strcmp(old->id, but) != 0 || old->state == AIM_ALERT_RESOLVED)
			assert_memory_equal(now, old, sizeof *now);
	}
}

static void raise_one(world *w, world *before)
{
	uint32_t who = draw(N_SUBJECTS), severity = 1 + draw(5);
	char key[] = {'k', (char)('0' + draw(4)), (char)('a' + who), '\0'};
	aim_alert_spec spec = {.struct_size = sizeof spec, .severity = severity};
	aim_alert *alert = NULL;
	char id[40] = "";
	spec.subject = subject(who);
	spec.kind = aim_str_from("drift");
	spec.key = aim_str_from(key);
	spec.title = aim_str_from("It changed");
	assert_status(aim_alert_raise(w->alerts, &spec, &alert, NULL), AIM_OK);
	memcpy(id, aim_alert_text(alert, AIM_ALERT_TEXT_ID).ptr, 36);
	assert_true(aim_alert_severity(alert) >= severity);
	aim_alert_free(alert);
	w->n_raised++;
	w->n_changes++;
	look(w);
	const picture *old = find(before, id);
	const picture *raised = must_find(w, id);
	assert_int_equal(raised->occurrences, old ? old->occurrences + 1 : 1);
	assert_true(!old || old->state != AIM_ALERT_RESOLVED);
	assert_true(!old || raised->severity >= old->severity);
	assert_int_equal(w->n, before->n + !old);
	check_others(before, w, id);
	for (uint32_t i = 0; i < N_SUBJECTS; i++)
		for (severity = AIM_ALERT_INFO; severity <= AIM_ALERT_CRITICAL; severity++)
			assert_true(at_least(&w->counts[i], severity) >= at_least(&before->counts[i], severity));
}

static void move_one(world *w, world *before)
{
	if (w->n == 0)
		return;
	const picture *chosen = &before->all[draw((uint32_t)before->n)];
	aim_alert_step step = {.struct_size = sizeof step, .state = 2 + draw(2)};
	int allowed = aim_alert_move_allowed(chosen->state, step.state);
	aim_status rc = aim_alert_move(w->alerts, aim_str_from(chosen->id), &step, NULL);
	assert_status(rc, allowed || chosen->state == step.state ? AIM_OK : AIM_E_STATE);
	w->n_changes += (uint64_t)allowed;
	look(w);
	assert_int_equal(w->n, before->n);
	check_others(before, w, allowed ? chosen->id : "");
	assert_int_equal(must_find(w, chosen->id)->severity, chosen->severity);
	uint64_t fewer = 0;
	for (uint32_t i = 0; i < N_SUBJECTS; i++) {
		for (uint32_t severity = AIM_ALERT_INFO; severity <= AIM_ALERT_CRITICAL; severity++)
			assert_true(w->counts[i].unresolved[severity] <= before->counts[i].unresolved[severity]);
		assert_true(w->counts[i].worst <= before->counts[i].worst);
		fewer += before->counts[i].unresolved[0] - w->counts[i].unresolved[0];
	}
	assert_int_equal(fewer, allowed && step.state == AIM_ALERT_RESOLVED);
}

static uint64_t n_records(aim_audit *log)
{
	aim_audit_report r = {.struct_size = sizeof r};
	assert_status(aim_audit_verify(log, NULL, &r, NULL), AIM_OK);
	return r.n_records;
}

static void test_laws(void **state)
{
	static world now, before;
	test_heap heap = {0};
	(void)state;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		memset(&now, 0, sizeof now);
		seed = round;
		now.ctx = test_ctx(&heap);
		assert_status(aim_store_open_memory(now.ctx, NULL, &now.store, NULL), AIM_OK);
		open_all(&now);
		uint64_t n_first = n_records(now.log);
		look(&now);
		for (int i = 0; i < STEPS; i++) {
			before = now;
			test_now_us += 1000;
			if (draw(3) < 2)
				raise_one(&now, &before);
			else
				move_one(&now, &before);
			check_counts(&now);
			if (draw(20) == 0) {
				close_all(&now);
				open_all(&now);
			}
		}
		uint64_t occurrences = 0;
		for (size_t i = 0; i < now.n; i++)
			occurrences += now.all[i].occurrences;
		assert_int_equal(occurrences, now.n_raised);
		assert_int_equal(n_records(now.log), n_first + now.n_changes);
		close_all(&now);
		aim_store_free(now.store);
		test_ctx_done(now.ctx, &heap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_laws)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
