/* trust_score — evidence about an agent, its score with the reasons, and what others recompute from an export. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static void report(aim_registry *registry, aim_str agent, int i)
{
	char id[16];
	aim_trust_change change = {.struct_size = sizeof change};
	aim_trust_event e = {.struct_size = sizeof e, .flags = AIM_TRUST_ROOTED};
	snprintf(id, sizeof id, "req-%d", i);
	e.subject = agent;
	e.source = aim_str_from("gateway-1");
	e.id = aim_str_from(id);
	e.factor = AIM_TRUSTSCORE_SUCCESS;
	e.outcome = i % 5 ? AIM_TRUST_GOOD : AIM_TRUST_BAD;
	check(aim_trust_record(registry, &e, &change, &err));
	printf("%s: %+lld, now %lld\n", id, (long long)(change.new_micro - change.old_micro), (long long)change.new_micro);
}

static aim_status show_hint(void *user, const aim_trust_hint *hint)
{
	(void)user;
	printf("  %.*s: +%lld\n", (int)hint->action.len, hint->action.ptr, (long long)hint->gain_micro);
	return AIM_OK;
}

/* What somebody does who has nothing but the export. */
static void recompute(aim_ctx *ctx, aim_bytes exported, int64_t as_of_us, aim_trustscore *score)
{
	aim_trustscore_evidence *evidence = NULL;
	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	check(aim_trustscore_evidence_read(ctx, exported, &evidence, &err));
	check(aim_trustscore_compute(aim_trustscore_profile_named(aim_str_from("aim-8")), evidence, as_of_us, score, &err));
	check(aim_trustscore_summarize(score, &sum));
	printf("recomputed: %lld, %s\n", (long long)sum.score_micro, aim_trustscore_band_name(sum.band));
	aim_trustscore_evidence_free(evidence);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_trustscore *score = NULL;
	aim_buf *exported = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("invoice-bot")};
	check(aim_agent_register(registry, &spec, &agent, &err));
	for (int i = 1; i <= 6; i++)
		report(registry, aim_agent_id(agent), i);

	aim_trust_finding alert = {.struct_size = sizeof alert, .kind = AIM_TRUST_ALERT, .severity = AIM_TRUSTSCORE_HIGH};
	alert.subject = aim_agent_id(agent);
	alert.source = aim_str_from("scanner");
	alert.id = aim_str_from("alr_1");
	check(aim_trust_open(registry, &alert, NULL, &err));

	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	check(aim_trustscore_new(ctx, &score, &err));
	check(aim_trust_score(registry, aim_agent_id(agent), NULL, score, &err));
	check(aim_trustscore_summarize(score, &sum));
	printf("score: %lld, %s\n", (long long)sum.score_micro, aim_trustscore_band_name(sum.band));
	for (size_t i = 0; i < sum.n_rows; i++) {
		const aim_trustscore_row *row = aim_trustscore_row_at(score, i);
		printf("  %-20s %7lld\n", row->name.ptr, (long long)row->contribution_micro);
	}
	printf("what would raise it:\n");
	check(aim_trust_hints(registry, aim_agent_id(agent), NULL, show_hint, NULL, &err));
	if (aim_trustscore_gate(score, aim_agent_id(agent), AIM_TRUSTSCORE_RISK_HIGH, 500000, 0, &err) != AIM_OK)
		printf("high risk: %s\n", err.message);

	check(aim_buf_new(ctx, &exported));
	check(aim_trust_export(registry, aim_agent_id(agent), exported, &err));
	recompute(ctx, aim_buf_bytes(exported), sum.as_of_us, score);

	aim_buf_free(exported);
	aim_trustscore_free(score);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
