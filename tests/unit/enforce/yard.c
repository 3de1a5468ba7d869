#include "yard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void register_both(yard *y)
{
	aim_agent_spec a = {.struct_size = sizeof a, .status = AIM_REGISTRY_VERIFIED, .name = S("agent")};
	aim_server_spec s = {.struct_size = sizeof s, .status = AIM_REGISTRY_VERIFIED, .name = S("server")};
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	assert_status(aim_key_generate(y->h->ctx, AIM_KEY_AGENT, &y->key, NULL), AIM_OK);
	assert_status(aim_key_public(y->key, &y->public_key), AIM_OK);
	a.public_key = &y->public_key;
	s.url = S("https://mcp.example.org/");
	assert_status(aim_agent_register(y->h->registry, &a, &agent, NULL), AIM_OK);
	assert_status(aim_server_register(y->h->registry, &s, &server, NULL), AIM_OK);
	strcpy(y->agent, aim_agent_id(agent).ptr);
	strcpy(y->server, aim_server_id(server).ptr);
	aim_agent_free(agent);
	aim_server_free(server);
}

int yard_setup(void **state)
{
	yard *y = calloc(1, sizeof *y);
	void *h = NULL;
	assert_non_null(y);
	house_setup(&h);
	y->h = h;
	y->ticket.struct_size = sizeof y->ticket;
	register_both(y);
	yard_grant(y, "*", "", 0);
	assert_status(aim_decision_new(y->h->ctx, &y->decision, NULL), AIM_OK);
	yard_verifier(y, NULL);
	*state = y;
	return 0;
}

int yard_teardown(void **state)
{
	yard *y = *state;
	void *h = y->h;
	aim_action_verifier_free(y->verifier);
	aim_decision_free(y->decision);
	aim_key_unref(y->key);
	free(y);
	return house_teardown(&h);
}

void yard_verifier(yard *y, const aim_action_options *options)
{
	aim_action_verifier_free(y->verifier);
	y->verifier = NULL;
	assert_status(aim_action_verifier_new(y->h->registry, options, &y->verifier, NULL), AIM_OK);
}

void yard_grant(yard *y, const char *capability, const char *resource, uint32_t flags)
{
	aim_grant_spec g = {.struct_size = sizeof g, .flags = flags};
	g.agent = S(y->agent);
	g.capability = S(capability);
	g.resource = S(resource);
	assert_status(aim_grant_add(y->h->registry, &g, NULL, NULL), AIM_OK);
}

void yard_trust(yard *y, const char *subject, unsigned n_good)
{
	static const uint32_t factors[] = {AIM_TRUSTSCORE_VERIFICATION, AIM_TRUSTSCORE_SUCCESS};
	for (unsigned i = 0; i < 2 * n_good; i++) {
		char id[20];
		aim_trust_event e = {.struct_size = sizeof e, .flags = AIM_TRUST_ROOTED, .outcome = AIM_TRUST_GOOD};
		snprintf(id, sizeof id, "good-%u", i);
		e.factor = factors[i % 2];
		e.subject = S(subject);
		e.source = S("yard");
		e.id = S(id);
		assert_status(aim_trust_record(y->h->registry, &e, NULL, NULL), AIM_OK);
	}
}

int64_t yard_score(yard *y, const char *subject)
{
	aim_trustscore *score = NULL;
	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	assert_status(aim_trustscore_new(y->h->ctx, &score, NULL), AIM_OK);
	assert_status(aim_trust_score(y->h->registry, S(subject), NULL, score, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(score, &sum), AIM_OK);
	int64_t micro = sum.score_micro;
	aim_trustscore_free(score);
	return micro;
}

aim_action_request yard_request(const yard *y, const char *action)
{
	aim_action_request q = {.struct_size = sizeof q};
	q.agent = S(y->agent);
	q.server = S(y->server);
	q.action = S(action);
	return q;
}

aim_status yard_check(yard *y, const char *action, uint32_t risk)
{
	aim_action_request q = yard_request(y, action);
	q.risk = risk;
	y->ticket = (aim_action_ticket){.struct_size = sizeof y->ticket};
	return aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL);
}

aim_status yard_report(yard *y, const char *agent, const char *token, uint32_t outcome)
{
	aim_action_outcome o = {.struct_size = sizeof o, .outcome = outcome};
	o.agent = S(agent);
	o.token = S(token);
	return aim_action_report(y->verifier, &o, NULL, NULL);
}
