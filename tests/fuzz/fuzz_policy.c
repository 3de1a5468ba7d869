/* Any bytes as a policy document, in JSON or YAML, with conditions, or of the other two shapes. What compiles must decide without a fault, the same way twice, and never
 * allow a request of which nothing is known unless everything is allowed by a rule without conditions
 * or by the default; what does not compile must say where. */
#include <aim/policy.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_ctx *ctx;
static aim_decision *decision;
static aim_json *arguments;
static aim_rates *rates;
static aim_buf *text;
static aim_facts facts = {.struct_size = sizeof facts};

static void must(int holds)
{
	if (!holds)
		abort();
}

static const char *const names[] = {"read", "READ", "db_main", "did:x:1", "mcp_tool", "file:///etc/passwd"};
#define NOW_US INT64_C(1795516200000000)
#define N_NAMES (sizeof names / sizeof names[0])

static aim_request request_of(size_t i, const aim_str *held)
{
	aim_request r = {.struct_size = sizeof r};
	r.tool = aim_str_from(names[i % N_NAMES]);
	r.server = aim_str_from(names[(i + 1) % N_NAMES]);
	r.agent = aim_str_from(names[i / 2 % N_NAMES]);
	r.did = aim_str_from(i % 3 ? "did:x:1" : NULL);
	r.resource = aim_str_from(names[(i + 5) % N_NAMES]);
	r.action = aim_str_from(i % 2 ? "mcp_tool" : NULL);
	r.capabilities = i % 4 ? held : NULL;
	r.n_capabilities = i % 4 ? 1 : 0;
	r.trust_micro = i % 5 ? (int64_t)i * 100000 : AIM_DECISION_NO_TRUST;
	r.risk = (uint32_t)(i % 5);
	r.now_us = NOW_US;
	facts.args = i % 3 ? arguments : NULL;
	facts.rates = i % 2 ? rates : NULL;
	facts.known = (uint32_t)(i % 16);
	facts.labels = (uint32_t)(i % 8);
	facts.drift = (uint32_t)(i % 4);
	facts.scan = (uint32_t)(i % 5);
	facts.tags = i % 4 ? held : NULL;
	facts.n_tags = i % 4 ? 1 : 0;
	facts.required = i % 3 ? held : NULL;
	facts.n_required = i % 3 ? 1 : 0;
	facts.owner = aim_str_from(names[i % N_NAMES]);
	r.facts = i % 7 ? &facts : NULL;
	return r;
}

static uint32_t decide(aim_policy *policy, const aim_request *r)
{
	aim_status rc = aim_policy_decide(policy, r, decision, NULL);
	uint32_t effect = aim_decision_effect(decision);
	must(rc == AIM_OK || rc == AIM_DENIED || rc == AIM_ASK);
	must((rc == AIM_OK) == (effect == AIM_DECISION_ALLOW));
	must((rc == AIM_ASK) == (effect == AIM_DECISION_ASK));
	must(aim_decision_reason(decision).len > 0);
	return effect;
}

static void use(aim_policy *policy)
{
	aim_str held = aim_str_from("fs:read");
	must(aim_policy_hash(policy).len == 64);
	for (size_t i = 0; i < 8; i++) {
		aim_request r = request_of(i, &held);
		uint32_t effect = decide(policy, &r);
		must(aim_rates_clear(rates) == AIM_OK); /* what the first decision counted */
		must(decide(policy, &r) == effect);
		must(aim_rates_clear(rates) == AIM_OK);
	}
	aim_request one = request_of(5, &held);
	if (aim_policy_rule_count(policy) <= 4) {
		aim_buf_clear(text);
		must(aim_policy_explain(policy, &one, text, NULL) == AIM_OK && aim_buf_bytes(text).len > 0);
	}
	/* Only a rule without any condition, or the default, can allow what nothing is known about; and
	 * then it allows everything that no other rule takes up. */
	aim_request nothing = {.struct_size = sizeof nothing, .trust_micro = AIM_DECISION_NO_TRUST, .now_us = NOW_US};
	if (decide(policy, &nothing) == AIM_DECISION_ALLOW)
		for (size_t i = 0; i < 8; i++) {
			aim_request r = request_of(i, &held);
			must(decide(policy, &r) == AIM_DECISION_ALLOW);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_policy *policy = NULL;
	aim_diagnostics *d = NULL;
	aim_error err = {0};
	if (!ctx) {
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
		static const char args[] = "{\"path\":\"/etc/passwd\",\"n\":12.50,\"list\":[1,\"a\",null,true]}";
		must(aim_decision_new(ctx, &decision, NULL) == AIM_OK);
		must(aim_json_new(ctx, &arguments) == AIM_OK);
		must(aim_json_parse(arguments, aim_bytes_from(args, sizeof args - 1), 0, NULL) == AIM_OK);
		must(aim_rates_new(ctx, NULL, &rates, NULL) == AIM_OK);
		must(aim_buf_new(ctx, &text) == AIM_OK);
	}
	must(aim_diagnostics_new(ctx, &d) == AIM_OK);
	aim_status rc = aim_policy_compile(ctx, aim_bytes_from(data, size), NULL, &policy, d, &err);
	must((rc == AIM_OK) == (policy != NULL));
	must(rc == AIM_OK || aim_diagnostics_count(d) != 0); /* warnings may come with a policy */
	if (rc != AIM_OK)
		must(err.status == rc && err.message[0] != '\0');
	else
		use(policy);
	aim_policy_unref(policy);
	aim_diagnostics_free(d);
	return 0;
}
