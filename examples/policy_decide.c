/* policy_decide — compile a policy and decide three calls by it, each with its reason and rule. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static const char policy_text[] =
	"{\"version\": 1, \"name\": \"files\", \"rules\": [\n"
	"  {\"id\": \"read\", \"effect\": \"allow\", \"tools\": [\"read_*\", \"list_directory\"]},\n"
	"  {\"id\": \"move\", \"effect\": \"ask\", \"tools\": \"move_file\"},\n"
	"  {\"id\": \"keys\", \"effect\": \"deny\", \"tools\": \"read_secret\", \"reason\": \"secrets stay here\"}\n"
	"]}";

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "line %u, column %u: %s\n", err.line, err.column, err.message);
	exit(1);
}

static void decide(aim_policy *policy, aim_decision *decision, const char *tool)
{
	aim_request call = {.struct_size = sizeof call, .trust_micro = AIM_DECISION_NO_TRUST};
	call.agent = aim_str_from("reporter");
	call.server = aim_str_from("files");
	call.tool = aim_str_from(tool);
	aim_status rc = aim_policy_decide(policy, &call, decision, &err);
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK)
		check(rc);
	aim_str rule = aim_decision_rule(decision);
	printf("%-12s %-6s %.*s (rule %.*s)\n", tool, aim_decision_effect_name(aim_decision_effect(decision)),
	       (int)aim_decision_reason(decision).len, aim_decision_reason(decision).ptr,
	       rule.len ? (int)rule.len : 4, rule.len ? rule.ptr : "none");
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_policy *policy = NULL;
	aim_decision *decision = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_policy_compile(ctx, aim_bytes_from(policy_text, sizeof policy_text - 1), NULL, &policy, NULL,
	                         &err));
	check(aim_decision_new(ctx, &decision, &err));

	decide(policy, decision, "read_file");
	decide(policy, decision, "move_file");
	decide(policy, decision, "read_secret");
	decide(policy, decision, "delete_file");
	uint32_t last = aim_decision_effect(decision);

	aim_decision_free(decision);
	aim_policy_unref(policy);
	aim_ctx_free(ctx);
	return last == AIM_DECISION_DENY ? 0 : 1;
}
