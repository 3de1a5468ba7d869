/* policy_conditions — a YAML policy with conditions on arguments and rates, and three calls decided by it. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char policy_text[] =
	"version: 1\n"
	"name: payments\n"
	"rules:\n"
	"  - id: small-sums\n"
	"    effect: allow\n"
	"    tools: pay\n"
	"    when:\n"
	"      args:\n"
	"        /amount: {above: 0, max: 100.00}\n"
	"      not:\n"
	"        rate: {at_least: 1, window_s: 3600, per: agent}\n";

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "line %u, column %u: %s\n", err.line, err.column, err.message);
	exit(1);
}

static uint32_t pay(aim_policy *policy, aim_decision *decision, aim_rates *rates, aim_json *args, const char *text)
{
	aim_facts facts = {.struct_size = sizeof facts, .args = args, .rates = rates};
	aim_request call = {.struct_size = sizeof call, .trust_micro = AIM_DECISION_NO_TRUST, .facts = &facts};
	call.agent = aim_str_from("buyer");
	call.tool = aim_str_from("pay");
	check(aim_json_parse(args, aim_bytes_from(text, strlen(text)), 0, &err));
	aim_status rc = aim_policy_decide(policy, &call, decision, &err);
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK)
		check(rc);
	printf("%-20s %s\n", text, aim_decision_effect_name(aim_decision_effect(decision)));
	return aim_decision_effect(decision);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_policy *policy = NULL;
	aim_decision *decision = NULL;
	aim_rates *rates = NULL;
	aim_json *args = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	aim_status rc = aim_policy_compile(ctx, aim_bytes_from(policy_text, sizeof policy_text - 1), NULL, &policy, NULL, &err);
	if (rc == AIM_E_UNSUPPORTED) {
		puts("this build reads no YAML");
		aim_ctx_free(ctx);
		return 0;
	}
	check(rc);
	check(aim_decision_new(ctx, &decision, &err));
	check(aim_rates_new(ctx, NULL, &rates, &err));
	check(aim_json_new(ctx, &args));

	uint32_t large = pay(policy, decision, rates, args, "{\"amount\":100.001}");
	uint32_t small = pay(policy, decision, rates, args, "{\"amount\":99.95}");
	uint32_t again = pay(policy, decision, rates, args, "{\"amount\":1}"); /* one an hour */

	aim_json_free(args);
	aim_rates_free(rates);
	aim_decision_free(decision);
	aim_policy_unref(policy);
	aim_ctx_free(ctx);
	return large == AIM_DECISION_DENY && small == AIM_DECISION_ALLOW && again == AIM_DECISION_DENY ? 0 : 1;
}
