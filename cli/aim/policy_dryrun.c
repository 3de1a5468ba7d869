/* cli/aim/policy_dryrun.c — aim policy dry-run: recorded calls, decided again by another policy. */
#include "policy.h"

#include <stdio.h>
#include <string.h>

typedef struct dry_run {
	program *p;
	aim_policy *policy;
	aim_decision *decision;
	uint64_t n;
	uint64_t n_changed;
	aim_error err;
} dry_run;

/* What an MCP method asks for, as requests call it. */
static aim_str action_of(aim_str method)
{
	static const char *const actions[][2] = {
		{"tools/call", "mcp_tool"}, {"resources/read", "mcp_resource"}, {"prompts/get", "mcp_prompt"}};
	for (size_t i = 0; i < N(actions); i++)
		if (aim_str_equal(method, aim_str_from(actions[i][0])))
			return aim_str_from(actions[i][1]);
	return aim_str_from(NULL);
}

static aim_str data_text(const aim_trail_record *record, const char *member)
{
	const aim_json *doc = aim_trail_record_document(record);
	aim_json_value data = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("data"));
	return aim_json_string(doc, aim_json_member(doc, data, aim_str_from(member)));
}

static aim_request request_of(const aim_trail_record *record)
{
	aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST};
	int64_t trust = aim_trail_record_trust_micro(record);
	aim_str action = aim_trail_record_text(record, AIM_TRAIL_ACTION);
	aim_str method = data_text(record, "method");
	r.agent = aim_trail_record_text(record, AIM_TRAIL_AGENT);
	r.did = aim_trail_record_text(record, AIM_TRAIL_DID);
	r.server = aim_trail_record_text(record, AIM_TRAIL_SUBJECT);
	r.resource = aim_trail_record_text(record, AIM_TRAIL_RESOURCE);
	r.action = action_of(method);
	if (!method.len || aim_str_equal(method, aim_str_from("tools/call")))
		r.tool = action;
	r.now_us = aim_trail_record_time_us(record);
	if (trust >= 0 && trust <= 1000000)
		r.trust_micro = trust;
	return r;
}

static void show(const dry_run *run, const aim_trail_record *record, const aim_request *r, aim_str before)
{
	char tool[200], agent[200], rule[200], old[40];
	const char *after = aim_decision_effect_name(aim_decision_would_be(run->decision));
	printable(r->tool.len ? r->tool : r->resource, tool, sizeof tool);
	printable(r->agent.len ? r->agent : r->did, agent, sizeof agent);
	printable(aim_decision_rule(run->decision), rule, sizeof rule);
	printable(before, old, sizeof old);
	if (run->p->global.flags & GLOBAL_JSON) {
		aim_str id = aim_decision_rule(run->decision);
		printf("{\"position\":%llu,\"before\":\"%s\",\"after\":\"%s\",\"tool\":", (unsigned long long)aim_trail_record_position(record),
		       old, after);
		policy_put_string(tool);
		printf(",\"agent\":");
		policy_put_string(agent);
		printf(",\"rule\":");
		if (id.len)
			policy_put_string(rule);
		else
			printf("null");
		printf("}\n");
	} else {
		printf("%llu  %s by %s: %s, now %s%s%s\n", (unsigned long long)aim_trail_record_position(record), tool, agent, old, after,
		       rule[0] ? " by " : "", rule);
	}
}

static aim_status visit(void *user, const aim_trail_record *record)
{
	dry_run *run = user;
	aim_str kind = aim_trail_record_text(record, AIM_TRAIL_KIND);
	aim_str before = data_text(record, "would"); /* what a monitor let pass */
	if (!aim_str_equal(kind, aim_str_from("tool_call")) && !aim_str_equal(kind, aim_str_from("policy_evaluated")))
		return AIM_OK;
	if (!before.len)
		before = aim_trail_record_text(record, AIM_TRAIL_DECISION);
	aim_request r = request_of(record);
	aim_status rc = aim_policy_decide(run->policy, &r, run->decision, &run->err);
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK)
		return rc;
	run->n++;
	if (aim_str_equal(before, aim_str_from(aim_decision_effect_name(aim_decision_would_be(run->decision)))))
		return AIM_OK;
	run->n_changed++;
	show(run, record, &r, before);
	return AIM_OK;
}

int policy_dry_run(program *p, aim_policy *policy, const char *log)
{
	dry_run run = {.p = p, .policy = policy};
	uint64_t position = 0;
	aim_error err = {0};
	int code = open_log(p, log, TO_READ);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_decision_new(p->ctx, &run.decision, &err);
	if (rc == AIM_OK)
		rc = aim_trail_follow(p->log, &position, NULL, 0, visit, &run, &err);
	aim_decision_free(run.decision);
	if (rc != AIM_OK)
		return failed("dry run", rc, run.err.status ? &run.err : &err);
	if (p->global.flags & GLOBAL_JSON)
		printf("{\"calls\":%llu,\"changed\":%llu}\n", (unsigned long long)run.n, (unsigned long long)run.n_changed);
	else if (!is_quiet(p))
		printf("%llu calls, %llu decided otherwise\n", (unsigned long long)run.n, (unsigned long long)run.n_changed);
	return run.n_changed ? EXIT_NO : EXIT_OK;
}
