/* tests/unit/enforce/yard.h — a house with a verified agent, a verified server and a verifier of actions. */
#ifndef AIM_TESTS_ENFORCE_YARD_H
#define AIM_TESTS_ENFORCE_YARD_H

#include "../identity/house.h"

#include <aim/action.h>

typedef struct yard {
	house *h;
	aim_key *key; /* the agent's */
	aim_public_key public_key;
	char agent[37], server[37];
	aim_action_verifier *verifier;
	aim_decision *decision;
	aim_action_ticket ticket; /* of the last check */
} yard;

/* cmocka setup and teardown: *state is the yard. The agent holds "*". */
int yard_setup(void **state);
int yard_teardown(void **state);

/* Another verifier in place of the one that there is. */
void yard_verifier(yard *y, const aim_action_options *options);
void yard_grant(yard *y, const char *capability, const char *resource, uint32_t flags);
/* Trust of a subject: so many verified and successful actions, more than 0.70 from 25 on. */
void yard_trust(yard *y, const char *subject, unsigned n_good);
int64_t yard_score(yard *y, const char *subject);

aim_action_request yard_request(const yard *y, const char *action);
/* Checks the agent's action on the server. */
aim_status yard_check(yard *y, const char *action, uint32_t risk);
aim_status yard_report(yard *y, const char *agent, const char *token, uint32_t outcome);

/* The last decision said so. */
#define assert_reason(y, code) assert_text(aim_decision_reason_code((y)->decision), (code))

#endif
