/* policy_obligations — a policy that alerts and demands that arguments be redacted; a host that can and one that cannot. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static const char policy_text[] =
	"{\"version\": 1, \"name\": \"crm\", \"rules\": [\n"
	"  {\"id\": \"export\", \"effect\": \"allow\", \"tools\": \"export\", \"obligations\": {\"redact\": \"/password\"}},\n"
	"  {\"id\": \"watch\", \"effect\": \"alert\", \"tools\": \"export\"}\n"
	"]}";

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK || rc == AIM_DENIED)
		return;
	fprintf(stderr, "line %u, column %u: %s\n", err.line, err.column, err.message);
	exit(1);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_policy *policy = NULL;
	aim_decision *decision = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_policy_compile(ctx, aim_bytes_from(policy_text, sizeof policy_text - 1), NULL, &policy, NULL, &err));
	check(aim_decision_new(ctx, &decision, &err));

	aim_facts facts = {.struct_size = sizeof facts};
	aim_request call = {.struct_size = sizeof call, .trust_micro = AIM_DECISION_NO_TRUST, .facts = &facts};
	call.tool = aim_str_from("export");
	check(aim_policy_decide(policy, &call, decision, &err));
	printf("cannot redact: %s, %s\n", aim_decision_effect_name(aim_decision_effect(decision)),
	       aim_decision_reason_code(decision).ptr);

	facts.obligations = AIM_OBLIGATION_REDACT;
	check(aim_policy_decide(policy, &call, decision, &err));
	aim_obligation duty = {.struct_size = sizeof duty};
	check(aim_decision_obligation(decision, AIM_OBLIGATION_REDACT, &duty));
	printf("can redact: %s, without %s; alerts: %zu\n", aim_decision_effect_name(aim_decision_effect(decision)),
	       duty.texts[0].ptr, aim_decision_alert_count(decision));
	int good = aim_decision_effect(decision) == AIM_DECISION_ALLOW && aim_decision_alert_count(decision) == 1;

	aim_decision_free(decision);
	aim_policy_unref(policy);
	aim_ctx_free(ctx);
	return good ? 0 : 1;
}
