/* What attestations are worth: the worked figures, what is left out and why, the profile for strangers, consensus and
 * verdicts. */
#include "court.h"

#include <aim/baseline.h>
#include <aim/confidence.h>
#include <aim/keyring.h>
#include <aim/trust.h>

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static aim_confidence *compute(court *c, uint32_t flags, int64_t as_of_us)
{
	aim_confidence_query q = {.struct_size = sizeof q, .flags = flags, .as_of_us = as_of_us};
	aim_confidence *out = NULL;
	assert_status(aim_confidence_compute(c->ledger, S(c->server), &q, &out, NULL), AIM_OK);
	return out;
}

static aim_confidence_summary judge_at(court *c, uint32_t flags, int64_t as_of_us)
{
	aim_confidence_summary s = {.struct_size = sizeof s};
	aim_confidence *out = compute(c, flags, as_of_us);
	assert_status(aim_confidence_read(out, &s), AIM_OK);
	aim_confidence_free(out);
	return s;
}

static aim_confidence_summary judge(court *c, uint32_t flags)
{
	return judge_at(c, flags, 0);
}

static uint32_t verdict(court *c, uint64_t n_open_drift, uint64_t n_failed_checks)
{
	aim_confidence *out = compute(c, 0, 0);
	uint32_t v = aim_confidence_verdict(out, n_open_drift, n_failed_checks);
	aim_confidence_free(out);
	return v;
}

#define assert_percent(confidence, expected)                                                       \
	do {                                                                                           \
		char text_[AIM_CONFIDENCE_TEXT_SIZE];                                                      \
		assert_status(aim_confidence_text(confidence, text_), AIM_OK);                             \
		assert_string_equal(text_, expected);                                                      \
	} while (0)

/* Why the attestation of the n-th agent is left out. */
static uint32_t left_out(court *c, const attester *a, uint32_t flags)
{
	aim_confidence *out = compute(c, flags, 0);
	uint32_t reason = UINT32_MAX;
	for (size_t i = 0; i < aim_confidence_entry_count(out); i++)
		if (aim_str_equal(aim_confidence_entry_at(out, i)->agent, S(a->id)))
			reason = aim_confidence_entry_at(out, i)->left_out;
	aim_confidence_free(out);
	return reason;
}

/* ---- the worked figures ---- */

static void test_worked_figures(void **state)
{
	static const char *const percents[] = {"52.78%", "63.89%", "75.00%"};
	court *c = *state;
	assert_percent(judge(c, 0).confidence, "0.00%");
	for (int i = 0; i < 3; i++) {
		assert_status(court_attest(c, court_add(c)), AIM_OK);
		assert_percent(judge(c, 0).confidence, percents[i]);
	}
	aim_confidence_summary s = judge(c, 0);
	assert_int_equal(s.agents, 60000000);
	assert_int_equal(s.trust, 45000000);
	assert_int_equal(s.recency, 30000000);
	assert_percent(judge_at(c, 0, test_now_us + 8 * COURT_DAY_US).confidence, "58.33%");
}

static void test_full(void **state)
{
	court *c = *state;
	for (int i = 0; i < 6; i++) {
		attester *a = court_add(c);
		a->trust_micro = 1000000;
		assert_status(court_attest(c, a), AIM_OK);
		if (i >= 4)
			assert_percent(judge(c, 0).confidence, "100.00%");
	}
}

/* Three new agents of anybody's reach 58.33 at most: below PASS. */
static void test_new_agents(void **state)
{
	court *c = *state;
	for (int i = 0; i < 3; i++) {
		attester *a = court_add(c);
		a->provisional = 1;
		assert_status(court_attest(c, a), AIM_OK);
	}
	assert_percent(judge(c, 0).confidence, "58.33%");
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_WARN);
}

/* A provisional score counts as the floor at most: it lifts nobody. */
static void test_provisional_lifts_nobody(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	assert_status(court_attest(c, a), AIM_OK);
	a->provisional = 1;
	a->trust_micro = 100000;
	assert_int_equal(judge(c, 0).trust, 5000000);
}

static void test_trust_of_registry(void **state)
{
	court *c = *state;
	aim_ledger *own = NULL;
	aim_confidence *out = NULL;
	aim_confidence_summary s = {.struct_size = sizeof s};
	assert_status(court_attest(c, court_add(c)), AIM_OK);
	assert_status(aim_ledger_open(c->h->registry, NULL, &own, NULL), AIM_OK);
	assert_status(aim_confidence_compute(own, S(c->server), NULL, &out, NULL), AIM_OK);
	assert_status(aim_confidence_read(out, &s), AIM_OK);
	assert_int_equal(aim_confidence_entry_at(out, 0)->provisional, 1);
	assert_int_equal(s.trust, 15000000);
	aim_confidence_free(out);
	aim_ledger_free(own);
}

/* Recent is what is not older than 7 days, to the second. */
static void test_recency(void **state)
{
	court *c = *state;
	assert_status(court_attest(c, court_add(c)), AIM_OK);
	int64_t issued_us = test_now_us / SECOND * SECOND;
	assert_int_equal(judge_at(c, 0, issued_us + 7 * COURT_DAY_US).n_recent, 1);
	assert_int_equal(judge_at(c, 0, issued_us + 7 * COURT_DAY_US + SECOND).n_recent, 0);
}

/* ---- what is left out ---- */

static void test_revoked_and_superseded(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_ledger_receipt first = {.struct_size = sizeof first}, second = first;
	aim_attestation_payload p = court_payload(c, a);
	assert_status(court_submit(c, a->key, &p, &first), AIM_OK);
	assert_status(court_submit(c, a->key, &p, &second), AIM_OK);
	assert_int_equal(judge(c, 0).n_counted, 1);
	assert_status(aim_ledger_revoke(c->ledger, S(first.id), S(""), S(""), NULL), AIM_OK);
	assert_int_equal(judge(c, 0).n_counted, 1);
	assert_status(aim_ledger_revoke(c->ledger, S(second.id), S(""), S(""), NULL), AIM_OK);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_REVOKED);
	assert_percent(judge(c, 0).confidence, "0.00%");
}

/* A time in the past is judged by what was live then. */
static void test_past(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_ledger_receipt receipts[3];
	int64_t at_us[3];
	aim_attestation_payload p = court_payload(c, a);
	for (int i = 0; i < 3; i++) {
		receipts[i] = (aim_ledger_receipt){.struct_size = sizeof *receipts};
		p.issued_at_s = 0;
		p.flags = i == 1 ? 0 : AIM_ATTESTATION_CONNECTED;
		p.expires_at_s = test_now_us / SECOND + (i + 1) * 3600;
		assert_status(court_submit(c, a->key, &p, &receipts[i]), AIM_OK);
		at_us[i] = test_now_us;
		test_now_us += 600 * SECOND;
	}
	assert_status(aim_ledger_revoke(c->ledger, S(receipts[2].id), S(""), S(""), NULL), AIM_OK);
	int64_t revoked_us = test_now_us;
	test_now_us += 10 * 3600 * SECOND;
	assert_int_equal(judge_at(c, 0, at_us[0] - 1).n_counted, 0); /* early */
	assert_int_equal(judge_at(c, 0, at_us[0]).n_counted, 1);     /* superseded and expired since */
	assert_int_equal(judge_at(c, 0, at_us[1] - 1).n_counted, 1);
	assert_int_equal(judge_at(c, 0, at_us[1]).n_counted, 0); /* it was not reached */
	assert_int_equal(judge_at(c, 0, at_us[2]).n_counted, 1); /* revoked since */
	assert_int_equal(judge_at(c, 0, revoked_us - 1).n_counted, 1);
	assert_int_equal(judge_at(c, 0, revoked_us).n_counted, 0);
	assert_int_equal(judge_at(c, 0, test_now_us + SECOND).n_counted, 0);
	assert_int_equal(judge(c, 0).n_counted, 0);
}

/* A clock that was set back undoes no revocation. */
static void test_revoked_by_a_clock_ahead(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	aim_attestation_payload p = court_payload(c, a);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	test_now_us += COURT_DAY_US;
	assert_status(aim_ledger_revoke(c->ledger, S(receipt.id), S(""), S(""), NULL), AIM_OK);
	test_now_us -= COURT_DAY_US / 2;
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_REVOKED);
	assert_int_equal(judge_at(c, 0, test_now_us).n_counted, 0);
	assert_int_equal(judge_at(c, 0, test_now_us + SECOND).n_counted, 0);
}

/* Revoking or suspending the agent, or revoking its key, acts at once. */
static void test_implicit_revocation(void **state)
{
	court *c = *state;
	attester *revoked = court_add(c), *suspended = court_add(c), *keyless = court_add(c), *fine = court_add(c);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	aim_keyring_change change = {.struct_size = sizeof change, .reason = AIM_KEYRING_COMPROMISE};
	char key_id[AIM_KEY_ID_SIZE];
	aim_public_key public_key;
	for (size_t i = 0; i < c->n; i++)
		assert_status(court_attest(c, &c->agents[i]), AIM_OK);
	assert_status(aim_agent_move(c->h->registry, S(revoked->id), &move, NULL), AIM_OK);
	assert_int_equal(left_out(c, revoked, 0), AIM_CONFIDENCE_AGENT);
	move.status = AIM_REGISTRY_SUSPENDED;
	assert_status(aim_agent_move(c->h->registry, S(suspended->id), &move, NULL), AIM_OK);
	assert_int_equal(left_out(c, suspended, 0), AIM_CONFIDENCE_AGENT);
	assert_status(aim_key_public(keyless->key, &public_key), AIM_OK);
	assert_status(aim_key_id(c->h->ctx, &public_key, key_id), AIM_OK);
	assert_status(aim_keyring_revoke(c->h->registry, S(key_id), &change, NULL), AIM_OK);
	assert_int_equal(left_out(c, keyless, 0), AIM_CONFIDENCE_KEY);
	assert_int_equal(left_out(c, fine, 0), 0);
	assert_int_equal(judge(c, 0).n_counted, 1);
	assert_int_equal(judge(c, 0).n_left_out, 3);
}

static void test_time(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	assert_status(court_attest(c, a), AIM_OK);
	assert_int_equal(judge_at(c, 0, test_now_us - 1).n_counted, 0);
	assert_int_equal(judge_at(c, 0, test_now_us).n_counted, 1);
	assert_int_equal(judge_at(c, 0, test_now_us + 30 * COURT_DAY_US - SECOND).n_counted, 1);
	test_now_us += 30 * COURT_DAY_US;
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_EXPIRED);
}

static void test_disconnected(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.flags = AIM_ATTESTATION_HEALTHY;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_DISCONNECTED);
}

/* One that was reached before and is not any more weighs in the means; one that never was does not. */
static void test_reached_no_more(void **state)
{
	court *c = *state;
	for (int i = 0; i < 4; i++)
		assert_status(court_attest(c, court_add(c)), AIM_OK);
	assert_percent(judge(c, 0).confidence, "86.11%");
	attester *a = &c->agents[3], *never = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	test_now_us += COURT_DAY_US;
	for (int i = 0; i < 3; i++) { /* said again, it weighs the same */
		p.flags = 0;
		p.issued_at_s = test_now_us / SECOND + i;
		assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
		aim_confidence_summary s = judge(c, 0);
		/* 60 + 50 · 0.9 · 3/4 + 30 · 3/4 = 116.25 */
		assert_percent(s.confidence, "64.58%");
		assert_int_equal(s.n_counted, 3);
		assert_int_equal(s.n_left_out, 1);
	}
	p = court_payload(c, never);
	p.flags = 0;
	assert_status(court_submit(c, never->key, &p, NULL), AIM_OK);
	assert_percent(judge(c, 0).confidence, "64.58%");
	/* until what it said before would be over */
	assert_percent(judge_at(c, 0, test_now_us + 29 * COURT_DAY_US - SECOND).confidence, "52.08%");
	assert_int_equal(judge_at(c, 0, test_now_us + 29 * COURT_DAY_US).confidence, 0);
	p = court_payload(c, a);
	p.issued_at_s = test_now_us / SECOND + 3;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_percent(judge(c, 0).confidence, "86.11%");
}

/* What it saw is still the latest manifest: that the others saw another one does not count all of a sudden. */
static void test_reached_no_more_and_manifest(void **state)
{
	court *c = *state;
	attester *last = NULL;
	for (int i = 0; i < 4; i++)
		assert_status(court_attest(c, last = court_add(c)), AIM_OK);
	aim_attestation_payload p = court_payload(c, last);
	test_now_us += SECOND;
	memset(p.manifest_hash, 2, 32);
	assert_status(court_submit(c, last->key, &p, NULL), AIM_OK);
	assert_percent(judge(c, 0).confidence, "52.78%");
	test_now_us += SECOND;
	p.flags = 0;
	p.issued_at_s = 0;
	assert_status(court_submit(c, last->key, &p, NULL), AIM_OK);
	assert_int_equal(judge(c, 0).confidence, 0);
	assert_int_equal(left_out(c, &c->agents[0], 0), AIM_CONFIDENCE_MANIFEST);
}

/* The owner's second agent does not take the place of the first. */
static void test_reached_no_more_robust(void **state)
{
	court *c = *state;
	attester *better = court_agent(c, AIM_REGISTRY_VERIFIED, "ana@example.org");
	attester *second = court_agent(c, AIM_REGISTRY_VERIFIED, "ana@example.org");
	second->trust_micro = 890000;
	for (size_t i = 0; i < c->n; i++)
		assert_status(aim_agent_verify_owner(c->h->registry, S(c->agents[i].id), S("ana"), NULL), AIM_OK);
	assert_status(court_attest(c, better), AIM_OK);
	test_now_us += 8 * COURT_DAY_US;
	assert_status(court_attest(c, second), AIM_OK);
	assert_int_equal(left_out(c, second, AIM_CONFIDENCE_ROBUST), AIM_CONFIDENCE_OWNER);
	aim_attestation_payload p = court_payload(c, better);
	p.flags = 0;
	assert_status(court_submit(c, better->key, &p, NULL), AIM_OK);
	assert_int_equal(left_out(c, second, AIM_CONFIDENCE_ROBUST), AIM_CONFIDENCE_OWNER);
	assert_int_equal(judge(c, AIM_CONFIDENCE_ROBUST).n_counted, 0);
}

/* A server does not speak for itself, whether the registry knows its key or the attestation names it. */
static void test_server_key(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.flags |= AIM_ATTESTATION_SERVER_KEY;
	assert_status(aim_key_public(a->key, &p.server_key), AIM_OK);
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_SERVER_KEY);
}

/* Before any approval the manifest of the latest attestation is what counts. */
static void test_latest_manifest(void **state)
{
	court *c = *state;
	attester *a = court_add(c), *b = court_add(c);
	aim_attestation_payload p = court_payload(c, b);
	assert_status(court_attest(c, a), AIM_OK);
	memset(p.manifest_hash, 2, 32);
	p.issued_at_s = test_now_us / SECOND + 1;
	assert_status(court_submit(c, b->key, &p, NULL), AIM_OK);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_MANIFEST);
	assert_int_equal(left_out(c, b, 0), 0);
	assert_int_equal(judge(c, 0).approved, 0);
}

static void approve_baseline(court *c, uint8_t manifest[32])
{
	static const char tool[] = "{\"name\":\"read\",\"inputSchema\":{\"type\":\"object\"}}";
	aim_baseline *b = NULL;
	aim_baseline_item item = {S("read"), aim_bytes_from_str(S(tool))};
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = AIM_FINGERPRINT_TOOL, .items = &item,
	                                 .n_items = 1};
	aim_baseline_approval approval = {.struct_size = sizeof approval, .kind = AIM_FINGERPRINT_TOOL};
	approval.actor = S("ana");
	assert_status(aim_baseline_open(c->h->registry, S(c->server), &b, NULL), AIM_OK);
	assert_status(aim_baseline_observe(b, &seen, NULL), AIM_OK);
	assert_int_equal(judge(c, 0).approved, 0);
	assert_status(aim_baseline_approve(b, &approval, NULL), AIM_OK);
	assert_status(aim_baseline_manifest(b, manifest, NULL), AIM_OK);
	aim_baseline_free(b);
}

/* Once it is approved, others do not count, however late they come. */
static void test_approved_manifest(void **state)
{
	court *c = *state;
	uint8_t manifest[32];
	attester *a = court_add(c), *b = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	approve_baseline(c, manifest);
	memcpy(p.manifest_hash, manifest, 32);
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	test_now_us += SECOND;
	assert_status(court_attest(c, b), AIM_OK);
	assert_int_equal(left_out(c, a, 0), 0);
	assert_int_equal(left_out(c, b, 0), AIM_CONFIDENCE_MANIFEST);
	assert_int_equal(judge(c, 0).approved, 1);
}

static void observe(aim_baseline *b, const char *tool)
{
	aim_baseline_item item = {S("read"), aim_bytes_from_str(S(tool))};
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = AIM_FINGERPRINT_TOOL, .items = &item,
	                                 .n_items = 1};
	assert_status(aim_baseline_observe(b, &seen, NULL), AIM_OK);
}

static void open_finding(court *c, const char *id)
{
	aim_trust_finding f = {.struct_size = sizeof f, .kind = AIM_TRUST_DRIFT, .source = S("gateway"), .id = S(id)};
	f.subject = S(c->server);
	assert_status(aim_trust_open(c->h->registry, &f, NULL, NULL), AIM_OK);
}

static void test_open_drift(void **state)
{
	court *c = *state;
	uint8_t manifest[32];
	uint64_t n = 99;
	aim_baseline *b = NULL;
	assert_status(aim_confidence_open_drift(c->ledger, S(c->server), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	approve_baseline(c, manifest);
	assert_status(aim_baseline_open(c->h->registry, S(c->server), &b, NULL), AIM_OK);
	observe(b, "{\"name\":\"read\",\"description\":\"and more\",\"inputSchema\":{\"type\":\"object\"}}");
	aim_baseline_free(b);
	assert_status(aim_confidence_open_drift(c->ledger, S(c->server), &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	open_finding(c, "drf_1");
	open_finding(c, "drf_2"); /* as a changed launch, and a changed key */
	assert_status(aim_confidence_open_drift(c->ledger, S(c->server), &n, NULL), AIM_OK);
	assert_int_equal(n, 2);
	assert_status(aim_confidence_open_drift(c->ledger, S("srv_0190f3a4b5c67d8e9f00112233445566"), &n, NULL),
	              AIM_E_NOT_FOUND);
	assert_status(aim_confidence_open_drift(c->ledger, S(c->server), NULL, NULL), AIM_E_INVALID);
}

/* What was changed in the store counts for nothing, and fails the server. */
static void test_damaged_signature(void **state)
{
	court *c = *state;
	char key[128], value[8192];
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	aim_buf *out = NULL;
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	p.latency_us = 1;
	p.issued_at_s = test_now_us / SECOND;
	court_sign(a->key, &p, out);
	/* Another statement of the same agent, with its signature spoilt. */
	(void)snprintf(value, sizeof value,
	               "{\"id\":\"%s\",\"namespace\":\"default\",\"server\":\"%s\",\"agent\":\"%s\",\"key_id\":\"x\","
	               "\"issued_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":\"2036-01-01T00:00:00Z\","
	               "\"recorded_at\":\"2020-01-01T00:00:00Z\",\"envelope\":%.*s}",
	               receipt.id, c->server, a->id, (int)aim_buf_str(out).len, aim_buf_str(out).ptr);
	char *sig = strstr(value, "\"sig\":\"");
	assert_non_null(sig);
	sig[10] = sig[10] == 'A' ? 'B' : 'A';
	(void)snprintf(key, sizeof key, "attestation/%s", receipt.id);
	house_damage(c->h, key, value);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_SIGNATURE);
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_FAIL);
	aim_buf_free(out);
}

/* A sound statement, moved to another server's place, says nothing about that one. */
static void test_moved_statement(void **state)
{
	court *c = *state;
	char server[37], mark[160], key[128], value[8192];
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	aim_buf *out = NULL;
	house_server(c->h, "other", server);
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	court_sign(a->key, &p, out);
	(void)snprintf(key, sizeof key, "attestation/%s", receipt.id);
	(void)snprintf(value, sizeof value,
	               "{\"id\":\"%s\",\"namespace\":\"default\",\"server\":\"%s\",\"agent\":\"%s\",\"key_id\":\"x\","
	               "\"issued_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":\"2036-01-01T00:00:00Z\","
	               "\"recorded_at\":\"2020-01-01T00:00:00Z\",\"envelope\":%.*s}",
	               receipt.id, server, a->id, (int)aim_buf_str(out).len, aim_buf_str(out).ptr);
	house_damage(c->h, key, value);
	(void)snprintf(mark, sizeof mark, "attestation-live/%s/%s", server, a->id);
	(void)snprintf(value, sizeof value, "{\"id\":\"%s\"}", receipt.id);
	house_damage(c->h, mark, value);
	strcpy(c->server, server);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_SIGNATURE);
	aim_buf_free(out);
}

/* Attestations in AIM's own form count as long as no surface is approved and the server is called and reached as they
 * say. */
static void test_interop(void **state)
{
	court *c = *state;
	uint8_t manifest[32];
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
	attester *a = court_add(c);
	aim_attestationinterop_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED, .name = S("server")};
	aim_ledger_interop in = {.struct_size = sizeof in, .expected_name = p.name};
	aim_buf *out = NULL;
	p.agent_id = S(a->id);
	p.url = in.expected_url = S("https://mcp.example.org/");
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	assert_status(aim_attestationinterop_sign(a->key, &p, out, signature, NULL), AIM_OK);
	in.payload = aim_buf_str(out);
	in.signature = S(signature);
	assert_status(aim_ledger_submit_interop(c->ledger, &in, NULL, NULL), AIM_OK);
	assert_int_equal(left_out(c, a, 0), 0);
	assert_percent(judge(c, 0).confidence, "52.78%");
	approve_baseline(c, manifest);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_MANIFEST);
	aim_buf_free(out);
}

/* ---- the profile for strangers ---- */

static attester *owned(court *c, const char *owner, int64_t trust_micro)
{
	attester *a = court_agent(c, AIM_REGISTRY_VERIFIED, owner);
	a->trust_micro = trust_micro;
	assert_status(aim_agent_verify_owner(c->h->registry, S(a->id), S("ana"), NULL), AIM_OK);
	assert_status(court_attest(c, a), AIM_OK);
	return a;
}

static void test_robust(void **state)
{
	court *c = *state;
	attester *anonymous = court_add(c), *unverified = court_agent(c, AIM_REGISTRY_VERIFIED, "eve@example.org");
	assert_status(court_attest(c, anonymous), AIM_OK);
	assert_status(court_attest(c, unverified), AIM_OK);
	attester *first = owned(c, "ana@example.org", 800000), *better = owned(c, "Ana@Example.org", 900000);
	assert_int_equal(left_out(c, anonymous, AIM_CONFIDENCE_ROBUST), AIM_CONFIDENCE_OWNER);
	assert_int_equal(left_out(c, unverified, AIM_CONFIDENCE_ROBUST), AIM_CONFIDENCE_OWNER);
	assert_int_equal(left_out(c, first, AIM_CONFIDENCE_ROBUST), AIM_CONFIDENCE_OWNER);
	assert_int_equal(left_out(c, better, AIM_CONFIDENCE_ROBUST), 0);
	aim_confidence_summary s = judge(c, AIM_CONFIDENCE_ROBUST);
	assert_int_equal(s.n_counted, 1);
	assert_int_equal(s.n_owners, 1);
	/* 20 + 50 · 0.9 / 5 + 30 = 59 */
	assert_percent(s.confidence, "32.78%");
	assert_int_equal(judge(c, 0).n_counted, 4);
	assert_int_equal(judge(c, 0).n_owners, 2);
}

static void test_robust_server_owner(void **state)
{
	court *c = *state;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("mine"), .url = S("https://mine.example.org/")};
	aim_server *server = NULL;
	spec.owner = S("ana@example.org");
	assert_status(aim_server_register(c->h->registry, &spec, &server, NULL), AIM_OK);
	strcpy(c->server, aim_server_id(server).ptr);
	aim_server_free(server);
	attester *a = owned(c, "ana@example.org", 900000), *b = owned(c, "ben@example.org", 900000);
	assert_int_equal(left_out(c, a, AIM_CONFIDENCE_ROBUST), AIM_CONFIDENCE_SERVER_OWNER);
	assert_int_equal(left_out(c, b, AIM_CONFIDENCE_ROBUST), 0);
	assert_int_equal(left_out(c, a, 0), 0);
}

/* A stranger does not choose the manifest. */
static void test_robust_manifest(void **state)
{
	court *c = *state;
	attester *a = owned(c, "ana@example.org", 900000), *eve = court_add(c);
	aim_attestation_payload p = court_payload(c, eve);
	memset(p.manifest_hash, 2, 32);
	p.issued_at_s = test_now_us / SECOND + 10;
	assert_status(court_submit(c, eve->key, &p, NULL), AIM_OK);
	assert_int_equal(left_out(c, a, 0), AIM_CONFIDENCE_MANIFEST);
	assert_int_equal(left_out(c, a, AIM_CONFIDENCE_ROBUST), 0);
}

/* ---- consensus ---- */

static void three_agree(court *c)
{
	owned(c, "ana@example.org", 900000);
	owned(c, "ben@example.org", 900000);
	assert_int_equal(judge(c, 0).consensus, 0);
	owned(c, "ben@example.org", 900000);
}

static void test_consensus(void **state)
{
	court *c = *state;
	three_agree(c);
	assert_int_equal(judge(c, 0).consensus, 1);
	assert_int_equal(judge_at(c, 0, test_now_us + 8 * COURT_DAY_US).consensus, 0); /* 58.33 % */
	/* One that is left out for its connection disagrees all the same. */
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.flags = 0;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_int_equal(judge(c, 0).n_counted, 3);
	assert_int_equal(judge(c, 0).consensus, 0);
}

static void test_consensus_of_one_owner(void **state)
{
	court *c = *state;
	for (int i = 0; i < 3; i++)
		owned(c, "ana@example.org", 900000);
	assert_percent(judge(c, 0).confidence, "75.00%");
	assert_int_equal(judge(c, 0).consensus, 0);
}

static void test_consensus_of_capabilities(void **state)
{
	static const aim_str tools[] = {{"read", 4}, {"write", 5}};
	court *c = *state;
	three_agree(c);
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.capabilities = tools;
	p.n_capabilities = 2;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_int_equal(judge(c, 0).n_counted, 4);
	assert_int_equal(judge(c, 0).consensus, 0);
}

static uint32_t status_of(court *c)
{
	return judge(c, 0).server_status;
}

static aim_status trusted(void *user, aim_str agent, int64_t at_us, aim_ledger_trust *out)
{
	(void)user, (void)agent, (void)at_us;
	out->micro = 900000;
	out->provisional = 0;
	return AIM_OK;
}

/* With the option, the third to agree verifies a pending server; a suspended one stays as it is. */
static void test_auto_verify(void **state)
{
	court *c = *state;
	aim_ledger_options o = {.struct_size = sizeof o, .flags = AIM_LEDGER_AUTO_VERIFY, .trust_of = trusted};
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED};
	three_agree(c);
	assert_int_equal(status_of(c), AIM_REGISTRY_PENDING); /* off by default */
	aim_ledger_free(c->ledger);
	assert_status(aim_ledger_open(c->h->registry, &o, &c->ledger, NULL), AIM_OK);
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	assert_int_equal(receipt.verified, 1);
	assert_status(receipt.verify_status, AIM_OK);
	assert_int_equal(status_of(c), AIM_REGISTRY_VERIFIED);
	assert_non_null(strstr(house_last_record(c->h), "its attesters agree"));
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_OK);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	assert_int_equal(receipt.verified, 0);
	assert_int_equal(status_of(c), AIM_REGISTRY_SUSPENDED);
}

static void test_auto_verify_robust(void **state)
{
	court *c = *state;
	aim_ledger_options o = {.struct_size = sizeof o, .trust_of = trusted};
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	o.flags = AIM_LEDGER_AUTO_VERIFY | AIM_LEDGER_ROBUST;
	three_agree(c);
	aim_ledger_free(c->ledger);
	assert_status(aim_ledger_open(c->h->registry, &o, &c->ledger, NULL), AIM_OK);
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	assert_int_equal(receipt.verified, 0); /* two owners only */
	assert_int_equal(status_of(c), AIM_REGISTRY_PENDING);
}

/* Only from pending: nobody's suspension is lifted in between. */
static void test_move_from_pending(void **state)
{
	court *c = *state;
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED};
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_OK);
	move.status = AIM_REGISTRY_VERIFIED;
	move.flags = AIM_REGISTRY_FROM_PENDING;
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_E_STATE);
	move.flags = 0;
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_OK);
}

/* ---- mcp-8 ---- */

static void test_mcp8(void **state)
{
	court *c = *state;
	uint8_t manifest[32];
	aim_trustinterop_mcp8 in = {.struct_size = sizeof in, .flags = AIM_TRUSTINTEROP_PROVEN_KEY, .n_grave_alerts = 1};
	aim_trustscore *score = NULL;
	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	attester *a = court_add(c), *b = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	approve_baseline(c, manifest);
	memcpy(p.manifest_hash, manifest, 32);
	p.latency_us = 200000;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	p.agent_id = S(b->id);
	p.flags = 0;
	assert_status(court_submit(c, b->key, &p, NULL), AIM_OK);
	assert_status(aim_link_add(c->h->registry, S(a->id), S(c->server), S("ana"), NULL), AIM_OK);
	assert_status(aim_confidence_mcp8(c->ledger, S(c->server), 0, &in, NULL), AIM_OK);
	assert_int_equal(in.flags, AIM_TRUSTINTEROP_PROVEN_KEY);
	assert_int_equal(in.n_grave_alerts, 1);
	assert_int_equal(in.status, AIM_TRUSTINTEROP_PENDING);
	assert_int_equal(in.transport, AIM_TRUSTINTEROP_HTTPS_OR_STDIO);
	assert_int_equal(in.n_attesters, 1);
	assert_percent(in.confidence_micro, "52.78%");
	assert_int_equal(in.health_micro, 500000);
	assert_int_equal(in.connection_micro, 500000);
	assert_int_equal(in.latency_us, 200000);
	assert_int_equal(in.active_micro, 1000000);
	assert_int_equal(in.verified_micro, 1000000);
	assert_int_equal(in.n_connected_agents, 1);
	assert_int_equal(in.created_us, test_now_us);
	assert_status(aim_trustscore_new(c->h->ctx, &score, NULL), AIM_OK);
	assert_status(aim_trustinterop_score_mcp8(&in, test_now_us, score, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(score, &sum), AIM_OK);
	assert_true(sum.score_micro > 0);
	aim_trustscore_free(score);
	in.struct_size = 8;
	assert_status(aim_confidence_mcp8(c->ledger, S(c->server), 0, &in, NULL), AIM_E_INVALID);
}

static uint32_t transport_of(court *c, const char *name, const char *url)
{
	char id[37];
	aim_trustinterop_mcp8 in = {.struct_size = sizeof in};
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S(name), .url = S(url)};
	aim_server *server = NULL;
	assert_status(aim_server_register(c->h->registry, &spec, &server, NULL), AIM_OK);
	strcpy(id, aim_server_id(server).ptr);
	aim_server_free(server);
	assert_status(aim_confidence_mcp8(c->ledger, S(id), 0, &in, NULL), AIM_OK);
	assert_int_equal(in.n_attesters, 0);
	assert_int_equal(in.latency_us, 0);
	return in.transport;
}

static void test_mcp8_transport(void **state)
{
	court *c = *state;
	assert_int_equal(transport_of(c, "a", "http://localhost:80/"), AIM_TRUSTINTEROP_HTTP_LOOPBACK);
	assert_int_equal(transport_of(c, "b", "http://127.0.0.1"), AIM_TRUSTINTEROP_HTTP_LOOPBACK);
	assert_int_equal(transport_of(c, "c", "ws://[::1]:9/"), AIM_TRUSTINTEROP_HTTP_LOOPBACK);
	assert_int_equal(transport_of(c, "d", "http://localhost.example.org/"), 0);
	assert_int_equal(transport_of(c, "e", "http://mcp.example.org/"), 0);
	assert_int_equal(transport_of(c, "f", "wss://mcp.example.org/"), AIM_TRUSTINTEROP_HTTPS_OR_STDIO);
}

/* ---- verdicts ---- */

static void test_verdicts(void **state)
{
	court *c = *state;
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED};
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_WARN);
	assert_status(court_attest(c, court_add(c)), AIM_OK);
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_WARN);
	assert_status(court_attest(c, court_add(c)), AIM_OK);
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_PASS);
	assert_int_equal(verdict(c, 1, 0), AIM_CONFIDENCE_WARN);
	assert_int_equal(verdict(c, 0, 1), AIM_CONFIDENCE_FAIL);
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_OK);
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_WARN);
	move.status = AIM_REGISTRY_REVOKED;
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_OK);
	assert_int_equal(verdict(c, 0, 0), AIM_CONFIDENCE_FAIL);
	assert_int_equal(aim_confidence_verdict(NULL, 0, 0), AIM_CONFIDENCE_FAIL);
}

static void test_reads_only(void **state)
{
	court *c = *state;
	assert_status(court_attest(c, court_add(c)), AIM_OK);
	size_t records = house_records(c->h, NULL);
	judge(c, 0);
	judge(c, AIM_CONFIDENCE_ROBUST);
	assert_int_equal(house_records(c->h, NULL), records);
}

static void test_for_people(void **state)
{
	char text[AIM_CONFIDENCE_TEXT_SIZE] = "as it was";
	(void)state;
	assert_status(aim_confidence_text(-1, text), AIM_E_INVALID);
	assert_status(aim_confidence_text(AIM_CONFIDENCE_FULL + 1, text), AIM_E_INVALID);
	assert_string_equal(text, "as it was");
	assert_status(aim_confidence_change_text(72000000, 85000000, text), AIM_OK);
	assert_string_equal(text, "72% -> 85% (+13)");
	assert_status(aim_confidence_change_text(85400000, 71500000, text), AIM_OK);
	assert_string_equal(text, "85% -> 72% (-13)");
	assert_status(aim_confidence_change_text(1, 1, text), AIM_OK);
	assert_string_equal(text, "0% -> 0% (+0)");
	assert_string_equal(aim_confidence_verdict_name(AIM_CONFIDENCE_PASS), "PASS");
	assert_string_equal(aim_confidence_verdict_name(99), "unknown");
	assert_string_equal(aim_confidence_reason_name(0), "counts");
	assert_string_equal(aim_confidence_reason_name(AIM_CONFIDENCE_SERVER_OWNER), "server_owner");
	assert_string_equal(aim_confidence_reason_name(99), "unknown");
}

static void test_misuse(void **state)
{
	court *c = *state;
	aim_confidence *out = NULL;
	aim_confidence_query q = {.struct_size = sizeof q, .flags = 2};
	assert_status(aim_confidence_compute(c->ledger, S(c->server), &q, &out, NULL), AIM_E_VERSION);
	q.flags = 0;
	q.as_of_us = -1;
	assert_status(aim_confidence_compute(c->ledger, S(c->server), &q, &out, NULL), AIM_E_INVALID);
	assert_status(aim_confidence_compute(c->ledger, S("srv_0190f3a4b5c67d8e9f00112233445566"), NULL, &out, NULL),
	              AIM_E_NOT_FOUND);
	assert_status(aim_confidence_compute(NULL, S(c->server), NULL, &out, NULL), AIM_E_INVALID);
	assert_null(out);
	assert_int_equal(aim_confidence_entry_count(NULL), 0);
	assert_null(aim_confidence_entry_at(NULL, 0));
	aim_confidence_free(NULL);
}

/* ---- allocation failures ---- */

static aim_status with_confidence(aim_ledger *ledger, aim_str server)
{
	aim_confidence_query q = {.struct_size = sizeof q, .flags = AIM_CONFIDENCE_ROBUST};
	aim_confidence *out = NULL;
	aim_status rc = aim_confidence_compute(ledger, server, NULL, &out, NULL);
	aim_confidence_free(out);
	out = NULL;
	if (rc == AIM_OK)
		rc = aim_confidence_compute(ledger, server, &q, &out, NULL);
	aim_confidence_free(out);
	return rc;
}

static aim_status attest_as(aim_registry *registry, aim_ledger *ledger, const aim_key *key, aim_str server, aim_buf *out)
{
	aim_public_key public_key;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED, .name = S("a")};
	aim_attestation_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED};
	aim_status rc = aim_key_public(key, &public_key);
	spec.public_key = &public_key;
	spec.owner = S("ana@example.org");
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &spec, &agent, NULL);
	p.agent_id = aim_agent_id(agent);
	p.server_id = server;
	p.server_name = S("s");
	p.server_url = S("https://mcp.example.org/");
	if (rc == AIM_OK)
		rc = aim_attestation_sign(key, &p, out, NULL);
	if (rc == AIM_OK)
		rc = aim_ledger_submit(ledger, aim_buf_str(out), S(""), NULL, NULL);
	aim_agent_free(agent);
	return rc;
}

static aim_status with_registry(aim_ctx *ctx, aim_registry *registry)
{
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s"), .url = S("https://mcp.example.org/")};
	aim_server *server = NULL;
	aim_ledger *ledger = NULL;
	aim_key *key = NULL;
	aim_buf *out = NULL;
	aim_status rc = aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &spec, &server, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_ledger_open(registry, NULL, &ledger, NULL);
	if (rc == AIM_OK)
		rc = attest_as(registry, ledger, key, aim_server_id(server), out);
	if (rc == AIM_OK)
		rc = with_confidence(ledger, aim_server_id(server));
	aim_ledger_free(ledger);
	aim_buf_free(out);
	aim_server_free(server);
	aim_key_unref(key);
	return rc;
}

static aim_status with_allocations(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = with_registry(ctx, registry);
	house_close(store, log, registry);
	return rc;
}

static void test_allocations(void **state)
{
	(void)state;
	test_each_allocation_fails(with_allocations, NULL);
}

int main(void)
{
#define COURT(test) cmocka_unit_test_setup_teardown(test, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {
		COURT(test_worked_figures),        COURT(test_full),
		COURT(test_new_agents),            COURT(test_provisional_lifts_nobody),
		COURT(test_trust_of_registry),     COURT(test_recency),
		COURT(test_revoked_and_superseded), COURT(test_implicit_revocation),
		COURT(test_past),                  COURT(test_revoked_by_a_clock_ahead),
		COURT(test_time),                  COURT(test_disconnected),
		COURT(test_reached_no_more),       COURT(test_reached_no_more_and_manifest),
		COURT(test_reached_no_more_robust),
		COURT(test_server_key),            COURT(test_latest_manifest),
		COURT(test_approved_manifest),     COURT(test_damaged_signature),
		COURT(test_moved_statement),       COURT(test_robust),
		COURT(test_robust_server_owner),   COURT(test_robust_manifest),
		COURT(test_consensus),             COURT(test_consensus_of_one_owner),
		COURT(test_consensus_of_capabilities), COURT(test_auto_verify),
		COURT(test_auto_verify_robust),    COURT(test_move_from_pending),
		COURT(test_interop),               COURT(test_mcp8),
		COURT(test_mcp8_transport),
		COURT(test_open_drift),            COURT(test_verdicts),              COURT(test_reads_only),
		COURT(test_misuse),                cmocka_unit_test(test_for_people),
		cmocka_unit_test(test_allocations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
