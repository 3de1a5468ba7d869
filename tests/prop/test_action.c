/* Laws of actions: nobody lowers a risk, a deny grant always wins, a token is accepted once. */
#include "../unit/enforce/yard.h"

#include <aim/usage.h>

#include <stdio.h>
#include <string.h>

static uint64_t seed = 20261124;

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static const char *const words[] = {"files", "db", "shell", "mcp_tool", "mcp_resource", "payment", "read", "write",
                                    "delete", "query", "x", "send"};
#define N_WORDS (sizeof words / sizeof *words)

static void draw_capability(char *out, size_t size, int wildcards)
{
	size_t len = 0;
	uint32_t n = 1 + draw(3);
	out[0] = 0;
	for (uint32_t i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ":" : "",
		                        wildcards && draw(3) == 0 ? "*" : words[draw(N_WORDS)]);
}

static void nobody_lowers_a_risk(void **state)
{
	yard *y = *state;
	aim_action_risk rows[4];
	char patterns[4][64];
	aim_action_options o = {.struct_size = sizeof o, .risks = rows, .n_risks = 4, .max_open = 100000};
	for (int round = 0; round < 40; round++) {
		for (size_t i = 0; i < 4; i++) {
			draw_capability(patterns[i], sizeof patterns[i], 1);
			rows[i] = (aim_action_risk){S(patterns[i]), 1 + draw(4), 0};
		}
		yard_verifier(y, &o);
		for (int i = 0; i < 20; i++) {
			char action[64];
			draw_capability(action, sizeof action, 0);
			uint32_t table = aim_action_risk_of(y->verifier, S(action)), said = draw(5);
			aim_status rc = yard_check(y, action, said);
			uint32_t judged = said > table ? said : table;
			/* a new agent's trust is 0.5925: medium passes, high does not */
			assert_status(rc, judged <= AIM_DECISION_RISK_MEDIUM ? AIM_OK : AIM_DENIED);
			if (rc == AIM_OK)
				assert_int_equal(y->ticket.risk, judged);
		}
	}
}

/* The rule in its plainest form: segment by segment, a '*' for one, at the end for one or more. */
static int covers(const char *pattern, const char *capability)
{
	size_t p = strcspn(pattern, ":"), c = strcspn(capability, ":");
	int star = p == 1 && pattern[0] == '*';
	if (!star && (p != c || strncmp(pattern, capability, p) != 0))
		return 0;
	if (pattern[p] == 0)
		return star || capability[c] == 0;
	return capability[c] != 0 && covers(pattern + p + 1, capability + c + 1);
}

static void a_deny_grant_always_wins(void **state)
{
	yard *y = *state;
	size_t n_denied = 0;
	aim_action_options o = {.struct_size = sizeof o, .max_open = 100000};
	yard_verifier(y, &o);
	for (int round = 0; round < 60; round++) {
		char denied[64], action[64], id[AIM_GRANT_ID_SIZE];
		aim_grant_spec g = {.struct_size = sizeof g, .flags = AIM_GRANT_DENY, .agent = S(y->agent)};
		aim_grant_spec allow = {.struct_size = sizeof allow, .agent = S(y->agent)};
		draw_capability(denied, sizeof denied, 1);
		g.capability = S(denied);
		assert_status(aim_grant_add(y->h->registry, &g, id, NULL), AIM_OK);
		for (int i = 0; i < 10; i++) {
			draw_capability(action, sizeof action, 0);
			/* what the agent may do without the deny grant it may, whatever else is granted: it holds "*" */
			char more[AIM_GRANT_ID_SIZE];
			allow.capability = S(action);
			assert_status(aim_grant_add(y->h->registry, &allow, more, NULL), AIM_OK);
			int denies = covers(denied, action);
			aim_status granted = aim_grant_check(y->h->registry, S(y->agent), S(action), S(""), 1, NULL);
			assert_status(granted, denies ? AIM_DENIED : AIM_OK);
			aim_status rc = yard_check(y, action, 0);
			n_denied += (size_t)denies;
			if (denies) {
				assert_status(rc, AIM_DENIED);
				assert_reason(y, "grant_denies");
			} else {
				assert_false(aim_str_equal(aim_decision_reason_code(y->decision), S("grant_denies")));
			}
			assert_status(aim_grant_remove(y->h->registry, S(y->agent), S(more), S(""), NULL), AIM_OK);
		}
		assert_status(aim_grant_remove(y->h->registry, S(y->agent), S(id), S(""), NULL), AIM_OK);
	}
	assert_true(n_denied > 20); /* else nothing was shown */
}

#define N_TOKENS 24

/* Checks, reports, repeated reports, sweeps and time in any order: each token is taken once or never, and every action is
 * counted exactly once in the end. */
static void a_token_is_accepted_once_in_any_order(void **state)
{
	yard *y = *state;
	char tokens[N_TOKENS][AIM_ACTION_TOKEN_SIZE];
	uint32_t accepted[N_TOKENS] = {0};
	uint32_t n = 0, n_accepted = 0;
	uint64_t n_swept = 0;
	aim_action_options o = {.struct_size = sizeof o, .ttl_s = 60};
	yard_verifier(y, &o);
	for (int step = 0; step < 600; step++) {
		uint32_t i = n ? draw(n) : 0;
		switch (draw(6)) {
		case 0:
			if (n < N_TOKENS && yard_check(y, "mcp_resource:x", 0) == AIM_OK)
				strcpy(tokens[n++], y->ticket.token);
			break;
		case 1:
			if (draw(8) == 0)
				assert_status(aim_action_sweep(y->verifier, 1 + draw(3), &n_swept, NULL), AIM_OK);
			break;
		case 2:
			test_now_us += draw(4) * INT64_C(1000000);
			break;
		default:
			if (n && yard_report(y, y->agent, tokens[i], AIM_ACTION_SUCCESS + draw(2)) == AIM_OK) {
				accepted[i]++;
				n_accepted++;
			}
		}
	}
	test_now_us += 61 * INT64_C(1000000);
	assert_status(aim_action_sweep(y->verifier, 0, &n_swept, NULL), AIM_OK);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(accepted[i] <= 1);
		assert_status(yard_report(y, y->agent, tokens[i], AIM_ACTION_SUCCESS),
		              accepted[i] ? AIM_E_ACTION_REPORTED : AIM_E_EXPIRED);
	}
	aim_usage u = {.struct_size = sizeof u};
	assert_status(aim_usage_total(y->h->registry, S(y->agent), &u, NULL), AIM_OK);
	assert_true(n > 10 && n_accepted > 5);
	assert_int_equal(u.n_calls, n);
	assert_int_equal(u.n_successes + u.n_failures, n_accepted);
}

/* Whatever bit of what was signed changes, the request is refused. */
static void every_changed_bit_of_a_signature_is_refused(void **state)
{
	yard *y = *state;
	uint8_t signature[64];
	aim_replay *guard = NULL;
	aim_replay_options r = {.struct_size = sizeof r, .flags = AIM_REPLAY_FIRST_START};
	aim_action_options o = {.struct_size = sizeof o};
	assert_status(aim_replay_open_memory(y->h->ctx, &r, &guard, NULL), AIM_OK);
	o.replay = guard;
	yard_verifier(y, &o);
	aim_action_request q = yard_request(y, "mcp_tool:x");
	q.nonce = S("n");
	q.signed_at_us = test_now_us;
	assert_status(aim_action_sign(y->key, &q, signature, NULL), AIM_OK);
	q.public_key = &y->public_key;
	q.signature = aim_bytes_from(signature, 64);
	for (size_t bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_DENIED);
		assert_reason(y, "signature_refused");
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	yard_verifier(y, NULL);
	aim_replay_free(guard);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, yard_setup, yard_teardown)
	const struct CMUnitTest tests[] = {
		TEST(nobody_lowers_a_risk),
		TEST(a_deny_grant_always_wins),
		TEST(a_token_is_accepted_once_in_any_order),
		TEST(every_changed_bit_of_a_signature_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
