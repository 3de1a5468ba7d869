/* The ledger of attestations: the order of its checks, what each refusal leaves behind, supersession, races,
 * revocation, and what it shows. */
#include "court.h"

#include <aim/keyring.h>

#include <pthread.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static aim_status count_entry(void *user, const aim_ledger_entry *entry)
{
	(void)entry;
	++*(size_t *)user;
	return AIM_OK;
}

static size_t n_kept(court *c)
{
	size_t n = 0;
	assert_status(aim_ledger_list(c->ledger, S(""), 0, count_entry, &n, NULL), AIM_OK);
	return n;
}

static int64_t last_verified(court *c)
{
	aim_server *server = NULL;
	assert_status(aim_server_find(c->h->registry, S(c->server), &server, NULL), AIM_OK);
	int64_t at = aim_server_last_verified_us(server);
	aim_server_free(server);
	return at;
}

static uint64_t failed_verifications(court *c)
{
	aim_server *server = NULL;
	assert_status(aim_server_find(c->h->registry, S(c->server), &server, NULL), AIM_OK);
	uint64_t n = aim_server_verifications_failed(server);
	aim_server_free(server);
	return n;
}

static uint64_t good_verifications(court *c)
{
	aim_server *server = NULL;
	assert_status(aim_server_find(c->h->registry, S(c->server), &server, NULL), AIM_OK);
	uint64_t n = aim_server_verifications_ok(server);
	aim_server_free(server);
	return n;
}

/* Writes what was counted and not yet recorded. */
static void end_minute(court *c)
{
	assert_status(aim_audit_poll(c->h->log, test_now_us + 120 * SECOND, NULL), AIM_OK);
}

/* A refusal before the signature is known to be good: counted, and nothing else changes. */
#define assert_counted(c, call, status, code)                                                      \
	do {                                                                                           \
		size_t kept = n_kept(c);                                                                   \
		int64_t verified = last_verified(c);                                                       \
		uint64_t failed = failed_verifications(c);                                                 \
		end_minute(c);                                                                             \
		size_t records = house_records((c)->h, NULL);                                              \
		assert_status(call, status);                                                               \
		assert_int_equal(house_records((c)->h, NULL), records);                                    \
		end_minute(c);                                                                             \
		assert_int_equal(house_records((c)->h, NULL), records + 1);                                \
		assert_non_null(strstr(house_last_record((c)->h), "\"attestation." code "\""));            \
		assert_null(strstr(house_last_record((c)->h), "agt_"));                                    \
		assert_int_equal(n_kept(c), kept);                                                         \
		assert_int_equal(last_verified(c), verified);                                              \
		assert_int_equal(failed_verifications(c), failed);                                         \
	} while (0)

/* One after it: recorded as the agent's, and nothing else changes. */
#define assert_refused(c, call, status, code)                                                      \
	do {                                                                                           \
		size_t kept = n_kept(c), records = house_records((c)->h, NULL);                            \
		int64_t verified = last_verified(c);                                                       \
		assert_status(call, status);                                                               \
		assert_int_equal(house_records((c)->h, NULL), records + 1);                                \
		assert_non_null(strstr(house_last_record((c)->h), "\"attestation_refused\""));             \
		assert_non_null(strstr(house_last_record((c)->h), "\"deny\""));                            \
		assert_non_null(strstr(house_last_record((c)->h), "\"attestation." code "\""));            \
		assert_int_equal(n_kept(c), kept);                                                         \
		assert_int_equal(last_verified(c), verified);                                              \
	} while (0)

static aim_status submit_at(court *c, const attester *a, int64_t issued_at_s)
{
	aim_attestation_payload p = court_payload(c, a);
	p.issued_at_s = issued_at_s;
	return court_submit(c, a->key, &p, NULL);
}

static void test_takes(void **state)
{
	court *c = *state;
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	assert_int_equal(last_verified(c), 0);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	assert_int_equal(receipt.flags, AIM_LEDGER_LIVE);
	assert_int_equal(receipt.trust_micro, 900000);
	assert_memory_equal(receipt.id, "att_", 4);
	assert_string_equal(receipt.supersedes, "");
	assert_int_equal(last_verified(c), test_now_us);
	assert_int_equal(good_verifications(c), 1);
	assert_int_equal(failed_verifications(c), 0);
	assert_non_null(strstr(house_last_record(c->h), "\"attestation_recorded\""));
	assert_non_null(strstr(house_last_record(c->h), receipt.id));
	assert_non_null(strstr(house_last_record(c->h), a->id));
}

/* An attester that did not reach the server has verified nothing. */
static void test_stamps_only_when_reached(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.flags = 0;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_int_equal(last_verified(c), 0);
	assert_int_equal(good_verifications(c), 0);
	assert_int_equal(failed_verifications(c), 1);
}

static void test_form(void **state)
{
	court *c = *state;
	assert_counted(c, aim_ledger_submit(c->ledger, S("{}"), S(""), NULL, NULL), AIM_E_ENVELOPE, "malformed");
	assert_counted(c, aim_ledger_submit(c->ledger, S(""), S(""), NULL, NULL), AIM_E_ENVELOPE, "malformed");
}

static void test_agent(void **state)
{
	court *c = *state;
	attester *a = court_add(c), *pending = court_agent(c, AIM_REGISTRY_PENDING, "");
	attester stranger = {"agt_0190f3a4b5c67d8e9f00112233445566", a->key, 900000, 0};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED};
	assert_counted(c, court_attest(c, &stranger), AIM_E_ATTESTER, "agent_unknown");
	assert_counted(c, court_attest(c, pending), AIM_E_ID_STATUS, "agent_not_verified");
	assert_status(aim_agent_move(c->h->registry, S(a->id), &move, NULL), AIM_OK);
	assert_counted(c, court_attest(c, a), AIM_E_ID_STATUS, "agent_not_verified");
	move.status = AIM_REGISTRY_REVOKED;
	assert_status(aim_agent_move(c->h->registry, S(a->id), &move, NULL), AIM_OK);
	assert_counted(c, court_attest(c, a), AIM_E_ID_STATUS, "agent_not_verified");
}

static void revoke_key(court *c, const attester *a, uint32_t reason)
{
	char key_id[AIM_KEY_ID_SIZE];
	aim_public_key public_key;
	aim_keyring_change change = {.struct_size = sizeof change, .reason = reason};
	assert_status(aim_key_public(a->key, &public_key), AIM_OK);
	assert_status(aim_key_id(c->h->ctx, &public_key, key_id), AIM_OK);
	assert_status(aim_keyring_revoke(c->h->registry, S(key_id), &change, NULL), AIM_OK);
}

static void test_key(void **state)
{
	court *c = *state;
	attester *a = court_add(c), *other = court_add(c);
	aim_key *unknown = NULL;
	aim_attestation_payload p = court_payload(c, a);
	assert_status(aim_key_generate(c->h->ctx, AIM_KEY_AGENT, &unknown, NULL), AIM_OK);
	assert_counted(c, court_submit(c, unknown, &p, NULL), AIM_E_UNTRUSTED_KEY, "key_untrusted");
	assert_counted(c, court_submit(c, other->key, &p, NULL), AIM_E_UNTRUSTED_KEY, "key_untrusted");
	aim_key_unref(unknown);
	revoke_key(c, a, AIM_KEYRING_COMPROMISE);
	assert_counted(c, court_attest(c, a), AIM_E_KEY_REVOKED, "key_revoked");
}

/* The key comes before the time: one that is too old to have been signed by this key is told so. */
static void test_time(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	int64_t now_s = test_now_us / SECOND;
	assert_counted(c, submit_at(c, a, now_s - 2000), AIM_E_KEY_EARLY, "key_early");
	test_now_us += 1000 * SECOND;
	now_s += 1000;
	assert_counted(c, submit_at(c, a, now_s - 301), AIM_E_STALE, "stale");
	assert_counted(c, submit_at(c, a, now_s + 301), AIM_E_FUTURE, "future");
	assert_status(submit_at(c, a, now_s - 300 + (test_now_us % SECOND != 0)), AIM_OK);
	assert_status(submit_at(c, a, now_s + 300), AIM_OK);
	aim_attestation_payload p = court_payload(c, a);
	p.issued_at_s = now_s - 10;
	p.expires_at_s = now_s;
	assert_counted(c, court_submit(c, a->key, &p, NULL), AIM_E_EXPIRED, "expired");
}

static void test_replay(void **state)
{
	court *c = *state;
	attester *a = court_add(c), *b = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.nonce = S("once");
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	assert_counted(c, court_submit(c, a->key, &p, NULL), AIM_E_REPLAY, "replay");
	p = court_payload(c, b);
	p.nonce = S("once");
	assert_status(court_submit(c, b->key, &p, NULL), AIM_OK);
}

/* A change of the signed text or of its signature; the nonce stays unused. */
static void test_signature(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	aim_buf *out = NULL;
	char text[4096];
	p.nonce = S("once");
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	court_sign(a->key, &p, out);
	aim_str signed_text = aim_buf_str(out);
	assert_true(signed_text.len < sizeof text);
	memcpy(text, signed_text.ptr, signed_text.len);
	char *sig = strstr((text[signed_text.len] = 0, text), "\"sig\":\"");
	assert_non_null(sig);
	sig[10] = sig[10] == 'A' ? 'B' : 'A';
	assert_counted(c, aim_ledger_submit(c->ledger, (aim_str){text, signed_text.len}, S(""), NULL, NULL), AIM_E_SIGNATURE,
	               "signature");
	aim_buf_free(out);
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
}

static void test_server(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	p.server_id = S("srv_0190f3a4b5c67d8e9f00112233445566");
	assert_refused(c, court_submit(c, a->key, &p, NULL), AIM_E_NOT_FOUND, "server_unknown");
	a->trust_micro = 0;
	assert_status(aim_server_move(c->h->registry, S(c->server), &move, NULL), AIM_OK);
	assert_refused(c, court_attest(c, a), AIM_E_SERVER_REVOKED, "server_revoked");
	assert_int_equal(failed_verifications(c), 0); /* its record is closed */
}

static void test_trust_floor(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	p.nonce = S("once");
	a->trust_micro = 299999;
	assert_refused(c, court_submit(c, a->key, &p, NULL), AIM_E_TRUST_FLOOR, "trust_floor");
	assert_int_equal(failed_verifications(c), 1);
	a->trust_micro = 300000;
	/* Nothing else has changed: the very same attestation is taken now. */
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
}

/* Without a host's own trust: the registry's evidence. A new agent passes, one with a bad name does not. */
static void test_trust_of_registry(void **state)
{
	court *c = *state;
	aim_ledger *own = NULL, *strict = NULL;
	aim_ledger_options o = {.struct_size = sizeof o, .trust_floor_micro = 600000};
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	aim_buf *out = NULL;
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	assert_status(aim_ledger_open(c->h->registry, NULL, &own, NULL), AIM_OK);
	assert_status(aim_ledger_open(c->h->registry, &o, &strict, NULL), AIM_OK);
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	court_sign(a->key, &p, out);
	assert_status(aim_ledger_submit(strict, aim_buf_str(out), S(""), &receipt, NULL), AIM_E_TRUST_FLOOR);
	assert_string_equal(receipt.id, "");
	assert_status(aim_ledger_submit(own, aim_buf_str(out), S(""), &receipt, NULL), AIM_OK);
	assert_int_equal(receipt.trust_micro, 592500);
	aim_buf_free(out);
	aim_ledger_free(strict);
	aim_ledger_free(own);
}

/* Two things are wrong with each; the first in the order is the answer. */
static void test_order(void **state)
{
	court *c = *state;
	attester *a = court_add(c), *pending = court_agent(c, AIM_REGISTRY_PENDING, "");
	int64_t now_s = test_now_us / SECOND;
	aim_attestation_payload p = court_payload(c, pending);
	assert_status(court_submit(c, a->key, &p, NULL), AIM_E_ID_STATUS); /* before the key */
	p = court_payload(c, a);
	p.issued_at_s = now_s + 1000;
	p.nonce = S("twice");
	assert_status(court_submit(c, pending->key, &p, NULL), AIM_E_UNTRUSTED_KEY); /* before the time */
	p.issued_at_s = 0;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_OK);
	p.issued_at_s = now_s + 1000;
	assert_status(court_submit(c, a->key, &p, NULL), AIM_E_FUTURE); /* before the nonce */
	p.issued_at_s = 0;
	p.server_id = S("srv_0190f3a4b5c67d8e9f00112233445566");
	assert_status(court_submit(c, a->key, &p, NULL), AIM_E_REPLAY); /* before the server */
	a->trust_micro = 0;
	p.nonce = S("thrice");
	assert_status(court_submit(c, a->key, &p, NULL), AIM_E_NOT_FOUND); /* before the trust */
}

typedef struct racer {
	court *c;
	aim_str envelope;
	aim_status rc;
	pthread_t thread;
} racer;

static void *race(void *user)
{
	racer *r = user;
	r->rc = aim_ledger_submit(r->c->ledger, r->envelope, S(""), NULL, NULL);
	return NULL;
}

/* Of many that submit one attestation at once, one is taken; the others are told that it is a replay. */
static void test_race(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	aim_buf *out = NULL;
	racer racers[8];
	size_t taken = 0;
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	court_sign(a->key, &p, out);
	for (size_t i = 0; i < 8; i++) {
		racers[i] = (racer){.c = c, .envelope = aim_buf_str(out), .rc = AIM_E_INTERNAL};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		taken += racers[i].rc == AIM_OK;
		if (racers[i].rc != AIM_OK)
			assert_status(racers[i].rc, AIM_E_REPLAY);
	}
	assert_int_equal(taken, 1);
	assert_int_equal(n_kept(c), 1);
	aim_buf_free(out);
}

static aim_status keep_entry(void *user, const aim_ledger_entry *entry)
{
	*(aim_ledger_entry *)user = *entry;
	return AIM_OK;
}

static void test_supersedes(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_ledger_receipt first = {.struct_size = sizeof first}, second = first, older = first;
	aim_attestation_payload p = court_payload(c, a);
	size_t live = 0;
	assert_status(court_submit(c, a->key, &p, &first), AIM_OK);
	test_now_us += 100 * SECOND;
	assert_status(court_submit(c, a->key, &p, &second), AIM_OK);
	assert_string_equal(second.supersedes, first.id);
	assert_non_null(strstr(house_last_record(c->h), "\"attestation_superseded\""));
	p.issued_at_s = test_now_us / SECOND - 50;
	assert_status(court_submit(c, a->key, &p, &older), AIM_OK);
	assert_int_equal(older.flags, 0);
	assert_string_equal(older.supersedes, "");
	assert_status(aim_ledger_live(c->ledger, S(c->server), S(""), 0, count_entry, &live, NULL), AIM_OK);
	assert_int_equal(live, 1);
	assert_int_equal(n_kept(c), 3);
}

static aim_status check_superseded(void *user, const aim_ledger_entry *entry)
{
	const aim_ledger_receipt *by = user;
	assert_text(entry->superseded_by, by->id);
	assert_int_equal(entry->flags & AIM_LEDGER_LIVE, 0);
	assert_text(entry->recorded_by, "ana");
	return AIM_OK;
}

static void test_revokes(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_ledger_receipt first = {.struct_size = sizeof first}, second = first;
	aim_attestation_payload p = court_payload(c, a);
	aim_ledger_entry entry;
	assert_status(court_submit(c, a->key, &p, &first), AIM_OK);
	assert_status(court_submit(c, a->key, &p, &second), AIM_OK);
	assert_status(aim_ledger_find(c->ledger, S(first.id), check_superseded, &second, NULL), AIM_OK);
	assert_status(aim_ledger_revoke(c->ledger, S(second.id), S("a mistake"), S("ben"), NULL), AIM_OK);
	assert_non_null(strstr(house_last_record(c->h), "\"attestation_revoked\""));
	assert_non_null(strstr(house_last_record(c->h), "a mistake"));
	size_t records = house_records(c->h, NULL);
	assert_status(aim_ledger_revoke(c->ledger, S(second.id), S("again"), S("ben"), NULL), AIM_OK);
	assert_int_equal(house_records(c->h, NULL), records);
	assert_status(aim_ledger_find(c->ledger, S(second.id), keep_entry, &entry, NULL), AIM_OK);
	assert_int_equal(entry.revoked_at_us, test_now_us);
	assert_int_equal(entry.flags & AIM_LEDGER_LIVE, 0);
	assert_status(aim_ledger_revoke(c->ledger, S("att_0190f3a4b5c67d8e9f00112233445566"), S(""), S(""), NULL),
	              AIM_E_NOT_FOUND);
	assert_status(aim_ledger_revoke(c->ledger, S("nonsense"), S(""), S(""), NULL), AIM_E_INVALID);
}

typedef struct page {
	char last[37];
	size_t n;
} page;

static aim_status take_agent(void *user, const aim_ledger_entry *entry)
{
	page *p = user;
	assert_true(strcmp(p->last, entry->agent.ptr) < 0);
	strcpy(p->last, entry->agent.ptr);
	p->n++;
	return AIM_OK;
}

static aim_status take_id(void *user, const aim_ledger_entry *entry)
{
	page *p = user;
	assert_true(strcmp(p->last, entry->id.ptr) < 0);
	strcpy(p->last, entry->id.ptr);
	p->n++;
	return AIM_OK;
}

static void test_pages(void **state)
{
	court *c = *state;
	page agents = {"", 0}, ids = {"", 0};
	for (size_t i = 0; i < 5; i++) {
		test_now_us += SECOND;
		assert_status(court_attest(c, court_add(c)), AIM_OK);
	}
	for (size_t seen = 0; seen < 5; seen = agents.n) {
		assert_status(aim_ledger_live(c->ledger, S(c->server), S(agents.last), 2, take_agent, &agents, NULL), AIM_OK);
		assert_int_equal(agents.n, seen + 2 > 5 ? 5 : seen + 2);
		assert_status(aim_ledger_list(c->ledger, S(ids.last), 2, take_id, &ids, NULL), AIM_OK);
		assert_int_equal(ids.n, agents.n);
	}
	assert_status(aim_ledger_live(c->ledger, S("srv_0190f3a4b5c67d8e9f00112233445566"), S(""), 0, take_agent, &agents,
	                              NULL),
	              AIM_OK);
	assert_int_equal(agents.n, 5);
}

/* ---- AIM's own form ---- */

#define SERVER_URL "https://mcp.example.org/"

typedef struct foreign {
	aim_buf *payload;
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
} foreign;

static foreign sign_foreign(court *c, const aim_key *key, const char *agent, const char *name, const char *url)
{
	foreign f;
	aim_attestationinterop_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED};
	p.agent_id = S(agent);
	p.name = S(name);
	p.url = S(url);
	p.issued_at_s = test_now_us / SECOND;
	assert_status(aim_buf_new(c->h->ctx, &f.payload), AIM_OK);
	assert_status(aim_attestationinterop_sign(key, &p, f.payload, f.signature, NULL), AIM_OK);
	return f;
}

static aim_status submit_foreign(court *c, const foreign *f, const char *name, const char *url,
                                 aim_ledger_receipt *receipt)
{
	aim_ledger_interop in = {.struct_size = sizeof in, .payload = aim_buf_str(f->payload), .signature = S(f->signature)};
	in.expected_name = S(name);
	in.expected_url = S(url);
	in.actor = S("ana");
	return aim_ledger_submit_interop(c->ledger, &in, receipt, NULL);
}

static aim_status check_foreign(void *user, const aim_ledger_entry *entry)
{
	const court *c = user;
	assert_text(entry->server, c->server);
	assert_int_equal(entry->flags, AIM_LEDGER_LIVE | AIM_LEDGER_CONNECTED | AIM_LEDGER_INTEROP);
	assert_memory_equal(entry->envelope.ptr, "{\"payload\":\"{", 13);
	return AIM_OK;
}

static void test_interop(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	foreign f = sign_foreign(c, a->key, a->id, "server", SERVER_URL);
	assert_refused(c, submit_foreign(c, &f, "github", SERVER_URL, &receipt), AIM_E_CLAIM, "claim");
	assert_refused(c, submit_foreign(c, &f, "server", "https://evil.example/", &receipt), AIM_E_CLAIM, "claim");
	assert_status(submit_foreign(c, &f, "", SERVER_URL, &receipt), AIM_E_INVALID);
	assert_status(submit_foreign(c, &f, "server", "", &receipt), AIM_E_INVALID);
	assert_status(submit_foreign(c, &f, "server", SERVER_URL, &receipt), AIM_OK);
	assert_int_equal(last_verified(c), test_now_us);
	assert_status(aim_ledger_find(c->ledger, S(receipt.id), check_foreign, c, NULL), AIM_OK);
	/* Its signature is its nonce. */
	assert_counted(c, submit_foreign(c, &f, "server", SERVER_URL, &receipt), AIM_E_REPLAY, "replay");
	aim_buf_free(f.payload);
}

/* The expected URL must be that of the server that is registered, too. */
static void test_interop_other_url(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	foreign f = sign_foreign(c, a->key, a->id, "server", "https://evil.example/");
	assert_refused(c, submit_foreign(c, &f, "server", "https://evil.example/", NULL), AIM_E_CLAIM, "claim");
	aim_buf_free(f.payload);
	f = sign_foreign(c, a->key, a->id, "nobody", SERVER_URL);
	assert_refused(c, submit_foreign(c, &f, "nobody", SERVER_URL, NULL), AIM_E_NOT_FOUND, "server_unknown");
	aim_buf_free(f.payload);
}

static void test_interop_launched(void **state)
{
	static const aim_str args[] = {{"-y", 2}, {"files-mcp", 9}};
	court *c = *state;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("files"), .command = S("npx"), .args = args, .n_args = 2};
	attester *a = court_add(c);
	foreign f = sign_foreign(c, a->key, a->id, "files", "npx -y files-mcp");
	assert_status(aim_server_register(c->h->registry, &spec, NULL, NULL), AIM_OK);
	assert_status(submit_foreign(c, &f, "files", "npx -y files-mcp", NULL), AIM_OK);
	aim_buf_free(f.payload);
}

static void test_interop_refusals(void **state)
{
	court *c = *state;
	attester *a = court_add(c), *other = court_add(c);
	foreign f = sign_foreign(c, other->key, a->id, "server", SERVER_URL);
	aim_ledger_interop in = {.struct_size = sizeof in, .payload = S("{}"), .signature = S(f.signature)};
	aim_public_key public_key;
	assert_counted(c, submit_foreign(c, &f, "server", SERVER_URL, NULL), AIM_E_SIGNATURE, "signature");
	in.expected_name = S("server");
	in.expected_url = S(SERVER_URL);
	assert_counted(c, aim_ledger_submit_interop(c->ledger, &in, NULL, NULL), AIM_E_ENVELOPE, "malformed");
	in.payload = aim_buf_str(f.payload);
	assert_status(aim_key_public(other->key, &public_key), AIM_OK);
	in.public_key = &public_key;
	assert_counted(c, aim_ledger_submit_interop(c->ledger, &in, NULL, NULL), AIM_E_UNTRUSTED_KEY, "key_untrusted");
	in.flags = 1;
	assert_status(aim_ledger_submit_interop(c->ledger, &in, NULL, NULL), AIM_E_VERSION);
	aim_buf_free(f.payload);
	revoke_key(c, a, AIM_KEYRING_MANUAL);
	f = sign_foreign(c, a->key, a->id, "server", SERVER_URL);
	assert_counted(c, submit_foreign(c, &f, "server", SERVER_URL, NULL), AIM_E_UNTRUSTED_KEY, "key_untrusted");
	aim_buf_free(f.payload);
	f = sign_foreign(c, a->key, "agt_0190f3a4b5c67d8e9f00112233445566", "server", SERVER_URL);
	assert_counted(c, submit_foreign(c, &f, "server", SERVER_URL, NULL), AIM_E_ATTESTER, "agent_unknown");
	aim_buf_free(f.payload);
}

static aim_status stop(void *user, const aim_ledger_entry *entry)
{
	(void)user, (void)entry;
	return AIM_E_STATE;
}

static void test_visitor_ends_walk(void **state)
{
	court *c = *state;
	assert_status(court_attest(c, court_add(c)), AIM_OK);
	assert_status(aim_ledger_list(c->ledger, S(""), 0, stop, NULL, NULL), AIM_E_STATE);
	assert_status(aim_ledger_live(c->ledger, S(c->server), S(""), 0, stop, NULL, NULL), AIM_E_STATE);
}

/* What is stored goes some time after the attestation's end, with its nonce and its mark. */
static void test_forgets(void **state)
{
	court *c = *state;
	attester *a = court_add(c);
	size_t live = 0;
	assert_status(court_attest(c, a), AIM_OK);
	test_now_us += 119 * COURT_DAY_US;
	assert_int_equal(n_kept(c), 1);
	test_now_us += 2 * COURT_DAY_US;
	assert_int_equal(n_kept(c), 0);
	assert_status(aim_ledger_live(c->ledger, S(c->server), S(""), 0, count_entry, &live, NULL), AIM_OK);
	assert_int_equal(live, 0);
	assert_status(court_attest(c, a), AIM_OK);
	assert_int_equal(n_kept(c), 1);
}

/* Another namespace of the same store sees nothing of it. */
static void test_name_spaces(void **state)
{
	court *c = *state;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("elsewhere")};
	aim_registry *elsewhere = NULL;
	aim_ledger *ledger = NULL;
	size_t n = 0;
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	assert_status(aim_registry_open(c->h->log, &o, &elsewhere, NULL), AIM_OK);
	assert_status(aim_ledger_open(elsewhere, NULL, &ledger, NULL), AIM_OK);
	assert_status(aim_ledger_list(ledger, S(""), 0, count_entry, &n, NULL), AIM_OK);
	assert_status(aim_ledger_live(ledger, S(c->server), S(""), 0, count_entry, &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_status(aim_ledger_find(ledger, S(receipt.id), count_entry, &n, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_ledger_revoke(ledger, S(receipt.id), S(""), S(""), NULL), AIM_E_NOT_FOUND);
	aim_ledger_free(ledger);
	aim_registry_free(elsewhere);
}

static void test_damage(void **state)
{
	court *c = *state;
	char key[128];
	size_t n = 0;
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	attester *a = court_add(c);
	aim_attestation_payload p = court_payload(c, a);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	strcpy(key, "attestation/");
	strcat(key, receipt.id);
	house_damage(c->h, key, "{}");
	assert_status(aim_ledger_find(c->ledger, S(receipt.id), count_entry, &n, NULL), AIM_E_STORE_CORRUPT);
	assert_status(aim_ledger_list(c->ledger, S(""), 0, count_entry, &n, NULL), AIM_E_STORE_CORRUPT);
	assert_status(aim_ledger_live(c->ledger, S(c->server), S(""), 0, count_entry, &n, NULL), AIM_E_STORE_CORRUPT);
}

static void test_misuse(void **state)
{
	court *c = *state;
	aim_ledger *ledger = NULL;
	aim_ledger_options o = {.struct_size = sizeof o, .flags = 4};
	aim_ledger_receipt small = {.struct_size = 8};
	assert_status(aim_ledger_open(c->h->registry, &o, &ledger, NULL), AIM_E_VERSION);
	o.flags = 0;
	o.trust_floor_micro = 1000001;
	assert_status(aim_ledger_open(c->h->registry, &o, &ledger, NULL), AIM_E_INVALID);
	o.trust_floor_micro = 0;
	o.keep_days = AIM_LEDGER_MAX_KEEP_DAYS + 1;
	assert_status(aim_ledger_open(c->h->registry, &o, &ledger, NULL), AIM_E_INVALID);
	assert_null(ledger);
	assert_status(aim_ledger_submit(c->ledger, S("{}"), S("a\nb"), NULL, NULL), AIM_E_ID_NAME);
	assert_status(aim_ledger_submit(c->ledger, S("{}"), S(""), &small, NULL), AIM_E_INVALID);
	assert_status(aim_ledger_submit(NULL, S("{}"), S(""), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_ledger_find(c->ledger, S(""), NULL, NULL, NULL), AIM_E_INVALID);
	aim_ledger_free(NULL);
}

/* ---- allocation failures ---- */

static aim_status register_both(aim_registry *registry, const aim_key *key, char agent[37], char server[37])
{
	aim_public_key public_key;
	aim_agent *a = NULL;
	aim_server *s = NULL;
	aim_agent_spec as = {.struct_size = sizeof as, .status = AIM_REGISTRY_VERIFIED, .name = S("a")};
	aim_server_spec ss = {.struct_size = sizeof ss, .name = S("s"), .url = S("https://mcp.example.org/")};
	aim_status rc = aim_key_public(key, &public_key);
	as.public_key = &public_key;
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &as, &a, NULL);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &ss, &s, NULL);
	if (rc == AIM_OK) {
		strcpy(agent, aim_agent_id(a).ptr);
		strcpy(server, aim_server_id(s).ptr);
	}
	aim_agent_free(a);
	aim_server_free(s);
	return rc;
}

static aim_status use_interop(aim_ledger *ledger, const aim_key *key, const char *agent, aim_buf *out)
{
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
	aim_attestationinterop_payload p = {.struct_size = sizeof p, .name = S("s"), .url = S("https://mcp.example.org/")};
	aim_ledger_interop in = {.struct_size = sizeof in, .expected_name = p.name, .expected_url = p.url};
	p.agent_id = S(agent);
	aim_buf_clear(out);
	aim_status rc = aim_attestationinterop_sign(key, &p, out, signature, NULL);
	in.payload = aim_buf_str(out);
	in.signature = S(signature);
	return rc == AIM_OK ? aim_ledger_submit_interop(ledger, &in, NULL, NULL) : rc;
}

static aim_status use_ledger(aim_ledger *ledger, const aim_key *key, const char *agent, const char *server, aim_buf *out)
{
	size_t n = 0;
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	aim_attestation_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED};
	p.agent_id = S(agent);
	p.server_id = S(server);
	p.server_name = S("s");
	p.server_url = S("https://mcp.example.org/");
	aim_status rc = AIM_OK;
	for (int i = 0; rc == AIM_OK && i < 2; i++) {
		aim_buf_clear(out);
		rc = aim_attestation_sign(key, &p, out, NULL);
		if (rc == AIM_OK)
			rc = aim_ledger_submit(ledger, aim_buf_str(out), S("ana"), &receipt, NULL);
	}
	if (rc == AIM_OK)
		rc = aim_ledger_revoke(ledger, S(receipt.id), S("why"), S("ana"), NULL);
	if (rc == AIM_OK)
		rc = use_interop(ledger, key, agent, out);
	if (rc == AIM_OK)
		rc = aim_ledger_find(ledger, S(receipt.id), count_entry, &n, NULL);
	if (rc == AIM_OK)
		rc = aim_ledger_list(ledger, S(""), 0, count_entry, &n, NULL);
	if (rc == AIM_OK)
		rc = aim_ledger_live(ledger, S(server), S(""), 0, count_entry, &n, NULL);
	return rc;
}

/* A refusal counts at the server, too. */
static aim_status use_refusal(aim_registry *registry, const aim_key *key, const char *agent, const char *server, aim_buf *out)
{
	aim_ledger *strict = NULL;
	const aim_ledger_options options = {.struct_size = sizeof options, .trust_floor_micro = 1000000};
	aim_attestation_payload p = {.struct_size = sizeof p, .agent_id = S(agent), .server_id = S(server)};
	p.server_name = S("s");
	p.server_url = S("https://mcp.example.org/");
	aim_buf_clear(out);
	aim_status rc = aim_ledger_open(registry, &options, &strict, NULL);
	if (rc == AIM_OK)
		rc = aim_attestation_sign(key, &p, out, NULL);
	if (rc == AIM_OK)
		rc = aim_ledger_submit(strict, aim_buf_str(out), S("ana"), NULL, NULL);
	aim_ledger_free(strict);
	return rc == AIM_E_TRUST_FLOOR ? AIM_OK : rc;
}

static aim_status with_allocations(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_ledger *ledger = NULL;
	aim_key *key = NULL;
	aim_buf *out = NULL;
	char agent[37], server[37];
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL);
	if (rc == AIM_OK)
		rc = register_both(registry, key, agent, server);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_ledger_open(registry, NULL, &ledger, NULL);
	if (rc == AIM_OK)
		rc = use_ledger(ledger, key, agent, server, out);
	if (rc == AIM_OK)
		rc = use_refusal(registry, key, agent, server, out);
	aim_ledger_free(ledger);
	aim_buf_free(out);
	aim_key_unref(key);
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
		COURT(test_takes),       COURT(test_stamps_only_when_reached),
		COURT(test_form),        COURT(test_agent),
		COURT(test_key),         COURT(test_time),
		COURT(test_replay),      COURT(test_signature),
		COURT(test_server),      COURT(test_trust_floor),
		COURT(test_order),       COURT(test_trust_of_registry),
		COURT(test_race),        COURT(test_supersedes),
		COURT(test_revokes),     COURT(test_pages),
		COURT(test_visitor_ends_walk), COURT(test_forgets),
		COURT(test_name_spaces), COURT(test_damage),
		COURT(test_interop),     COURT(test_interop_other_url),
		COURT(test_interop_launched), COURT(test_interop_refusals),
		COURT(test_misuse),      cmocka_unit_test(test_allocations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
