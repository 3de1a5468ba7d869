/* tests/unit/assess/court.h — a registry with a ledger, a server and agents that attest it. */
#ifndef AIM_TESTS_ASSESS_COURT_H
#define AIM_TESTS_ASSESS_COURT_H

#include "../identity/house.h"

#include <aim/buf.h>
#include <aim/ledger.h>

#define COURT_AGENTS 16
#define COURT_DAY_US (INT64_C(86400) * 1000000)

typedef struct attester {
	char id[37];
	aim_key *key;
	int64_t trust_micro; /* as the ledger is told */
	uint32_t provisional;
} attester;

typedef struct court {
	house *h;
	aim_ledger *ledger; /* asks the attesters' trust_micro */
	char server[37];
	attester agents[COURT_AGENTS];
	size_t n;
} court;

/* cmocka setup and teardown: *state is the court. */
int court_setup(void **state);
int court_teardown(void **state);

/* Registers an agent of this status and owner (e-mail address, may be ""), trusted 0.9. */
attester *court_agent(court *c, uint32_t status, const char *owner);
/* A verified one without owner. */
attester *court_add(court *c);

/* What an attester saw of the court's server: connected, one capability, some manifest. */
aim_attestation_payload court_payload(const court *c, const attester *a);
aim_status court_submit(court *c, const aim_key *key, const aim_attestation_payload *p, aim_ledger_receipt *receipt);
/* court_payload() signed by its attester. */
aim_status court_attest(court *c, const attester *a);
/* The same, appended to out and not submitted. */
void court_sign(const aim_key *key, const aim_attestation_payload *p, aim_buf *out);

#endif
