/* tests/fuzz/fuzz_policy.c — any bytes as a policy: compiled or refused with a place, and when compiled every
 * decision is one of three, says why, and knowing less never turns a refusal into a permission. */
#include <aim/authorizer.h>
#include <aim/diagnostics.h>
#include <stdlib.h>
#include <string.h>

static aim_ctx *ctx;
static aim_decision *decision;

static void check(int holds)
{
	if (!holds)
		abort();
}

static void begin(void)
{
	check(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	check(aim_decision_new(ctx, &decision, NULL) == AIM_OK);
}

static uint32_t decide(aim_policy *policy, const aim_request *request)
{
	aim_status rc = aim_policy_decide(policy, request, decision, NULL);
	check(rc == AIM_OK || rc == AIM_DENIED || rc == AIM_ASK);
	uint32_t effect = aim_decision_effect(decision);
	check((rc == AIM_OK) == (effect == AIM_DECISION_ALLOW));
	check((rc == AIM_ASK) == (effect == AIM_DECISION_ASK));
	check(aim_decision_reason_code(decision).len > 0 && aim_decision_reason(decision).len > 0);
	check(aim_decision_policy_hash(decision).len == 64 && aim_decision_id(decision).len == 32);
	return effect;
}

/* One request that knows everything, then the same with each fact left out. */
static void decide_all(aim_policy *policy, aim_str word)
{
	aim_str held[] = {aim_str_from("fs:read"), word};
	aim_request full = {.struct_size = sizeof full, .trust_micro = 500000, .n_capabilities = 2};
	full.agent = aim_str_from("reporter");
	full.did = aim_str_from("did:mesh:reporter");
	full.server = aim_str_from("files");
	full.tool = word;
	full.action = aim_str_from("mcp_tool");
	full.capabilities = held;
	full.risk = AIM_DECISION_RISK_HIGH;
	uint32_t known = decide(policy, &full);
	aim_str none = {NULL, 0};
	for (int fact = 0; fact < 6; fact++) {
		aim_request less = full;
		switch (fact) {
		case 0: less.agent = none; break;
		case 1: less.did = none; break;
		case 2: less.server = none; break;
		case 3: less.trust_micro = AIM_DECISION_NO_TRUST; break;
		case 4: less.risk = AIM_DECISION_RISK_UNKNOWN; break;
		default:
			less.capabilities = NULL;
			less.n_capabilities = 0;
		}
		uint32_t unknown = decide(policy, &less);
		check(known == AIM_DECISION_ALLOW || unknown != AIM_DECISION_ALLOW);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_policy *policy = NULL;
	aim_diagnostics *problems = NULL;
	aim_error err = {0};
	if (!ctx)
		begin();
	check(aim_diagnostics_new(ctx, &problems) == AIM_OK);
	aim_status rc = aim_policy_compile(ctx, aim_bytes_from(data, size), NULL, &policy, problems, &err);
	if (rc == AIM_OK) {
		check(aim_diagnostics_count(problems) == 0);
		decide_all(policy, aim_str_from("read_file"));
		decide_all(policy, aim_str_from("READ_FILE"));
		aim_str name = aim_policy_name(policy);
		decide_all(policy, name.len ? name : aim_str_from("x"));
		aim_policy_unref(policy);
	} else {
		check(policy == NULL && err.message[0] != '\0' && err.status == rc);
		check(rc != AIM_E_POLICY || (aim_diagnostics_count(problems) > 0 && err.line > 0));
	}
	aim_diagnostics_free(problems);
	return 0;
}
