/* tests/api/test_misuse.c — texts with a length and no pointer, in every place of evidence and identity that takes one,
 * and times at the ends of their types: refused, never read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <aim/aim.h>

#define S(text) aim_str_from(text)
#define NOW INT64_C(1700000000)
#define NOW_US (NOW * 1000000)

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key pub;
static aim_store *store;
static aim_audit *log_of;
static aim_registry *registry;
static aim_replay *guard;
static aim_buf *out, *out2, *out3;

static int setup(void **state)
{
	const uint8_t seed[32] = {1};
	(void)state;
	return aim_ctx_new(NULL, &ctx, NULL) != AIM_OK ||
	       aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL) != AIM_OK ||
	       aim_key_public(key, &pub) != AIM_OK || aim_store_open_memory(ctx, NULL, &store, NULL) != AIM_OK ||
	       aim_audit_open(store, NULL, &log_of, NULL) != AIM_OK ||
	       aim_registry_open(log_of, NULL, &registry, NULL) != AIM_OK ||
	       aim_replay_open_memory(ctx, NULL, &guard, NULL) != AIM_OK || aim_buf_new(ctx, &out) != AIM_OK ||
	       aim_buf_new(ctx, &out2) != AIM_OK || aim_buf_new(ctx, &out3) != AIM_OK;
}

static int teardown(void **state)
{
	(void)state;
	aim_buf_free(out);
	aim_buf_free(out2);
	aim_buf_free(out3);
	aim_replay_free(guard);
	aim_registry_free(registry);
	aim_audit_free(log_of);
	aim_store_free(store);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

/* A text of len bytes that are nowhere. */
static aim_str torn(size_t len)
{
	return (aim_str){NULL, len};
}

#define REFUSED(call) assert_int_not_equal((call), AIM_OK)
#define INVALID(call) assert_int_equal((call), AIM_E_INVALID)

/* ---- HTTP ---- */

static aim_rfc9421_message request(void)
{
	aim_rfc9421_message m = {.struct_size = sizeof m};
	m.method = S("GET");
	m.scheme = S("https");
	m.authority = S("a.example");
	m.path = S("/");
	return m;
}

static void test_messages(void **state)
{
	aim_rfc9421_message m = request();
	aim_str *const texts[] = {&m.method, &m.scheme, &m.authority, &m.path, &m.query, &m.request_target};
	aim_rfc9421_field field = {torn(3), S("x"), 0, 0};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		m = request();
		*texts[i] = torn(5);
		INVALID(aim_rfc9421_sign(key, &m, NULL, out, out2, NULL));
		INVALID(aim_rfc9421_verify(ctx, &m, &pub, NULL, NULL));
	}
	m = request();
	m.fields = &field;
	m.n_fields = 1;
	INVALID(aim_rfc9421_verify(ctx, &m, &pub, NULL, NULL));
}

static void test_signature_options(void **state)
{
	const aim_rfc9421_message m = request();
	const aim_str component = {NULL, 5};
	aim_rfc9421_sign_options o = {.struct_size = sizeof o};
	aim_str *const texts[] = {&o.label, &o.keyid, &o.nonce, &o.tag};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		o = (aim_rfc9421_sign_options){.struct_size = sizeof o};
		*texts[i] = torn(5);
		INVALID(aim_rfc9421_sign(key, &m, &o, out, out2, NULL));
	}
	o = (aim_rfc9421_sign_options){.struct_size = sizeof o, .components = &component, .n_components = 1};
	INVALID(aim_rfc9421_sign(key, &m, &o, out, out2, NULL));
	aim_webbotauth_options w = {.struct_size = sizeof w};
	aim_str *const more[] = {&w.label, &w.nonce, &w.agent};
	for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
		w = (aim_webbotauth_options){.struct_size = sizeof w};
		*more[i] = torn(20);
		INVALID(aim_webbotauth_sign(key, &m, &w, out, out2, out3, NULL));
	}
}

/* ---- signed documents ---- */

static void test_jws(void **state)
{
	aim_jws_options o = {.struct_size = sizeof o};
	const aim_bytes payload = aim_bytes_from("{}", 2);
	(void)state;
	o.key_id = torn(5);
	INVALID(aim_jws_sign(key, payload, &o, out, NULL));
	o.key_id = torn(0);
	o.type = torn(5);
	INVALID(aim_jws_sign(key, payload, &o, out, NULL));
	o.type = S("abcde");
	o.key_id = S("abcde");
	assert_int_equal(aim_jws_sign(key, payload, &o, out, NULL), AIM_OK);
	o.type = torn(5);
	assert_int_equal(aim_jws_verify(ctx, &pub, aim_buf_str(out), &o, NULL, NULL), AIM_E_CLAIM);
	o.type = torn(0);
	o.key_id = torn(5);
	assert_int_equal(aim_jws_verify(ctx, &pub, aim_buf_str(out), &o, NULL, NULL), AIM_E_CLAIM);
}

static void test_documents(void **state)
{
	aim_intoto_subject s = {.struct_size = sizeof s};
	aim_intoto_statement t = {.struct_size = sizeof t, .subjects = &s, .n_subjects = 1};
	aim_dataintegrity_options o = {.struct_size = sizeof o};
	aim_str *const subject[] = {&s.name, &s.algorithm, &s.digest, &t.predicate_type};
	aim_str *const proof[] = {&o.verification_method, &o.purpose, &o.domain, &o.challenge};
	aim_json *doc = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof subject / sizeof *subject; i++) {
		s.name = s.algorithm = s.digest = t.predicate_type = S("x");
		*subject[i] = torn(5);
		INVALID(aim_intoto_write(ctx, &t, out, NULL));
	}
	assert_int_equal(aim_json_new(ctx, &doc), AIM_OK);
	assert_int_equal(aim_json_parse(doc, aim_bytes_from("{}", 2), 0, NULL), AIM_OK);
	for (size_t i = 0; i < sizeof proof / sizeof *proof; i++) {
		o = (aim_dataintegrity_options){.struct_size = sizeof o};
		*proof[i] = torn(5);
		INVALID(aim_dataintegrity_sign(key, doc, &o, out, NULL));
	}
	aim_json_free(doc);
}

/* ---- meetings ---- */

static void test_challenges_and_handshakes(void **state)
{
	aim_challenge_issuer *issuer = NULL;
	aim_handshake *handshake = NULL;
	aim_handshake_result *result = NULL;
	aim_handshake_spec spec = {.struct_size = sizeof spec};
	aim_handshake_terms terms = {.struct_size = sizeof terms, .initiator_key = &pub};
	aim_handshake_check check = {.struct_size = sizeof check, .peer_key = &pub};
	(void)state;
	assert_int_equal(aim_challenge_issuer_new(ctx, NULL, &issuer, NULL), AIM_OK);
	assert_int_equal(aim_handshake_new(ctx, NULL, &handshake, NULL), AIM_OK);
	assert_int_equal(aim_challenge_issue(issuer, torn(5), S("did:a:b"), NOW, out, NULL), AIM_E_ID_NAME);
	assert_int_equal(aim_challenge_issue(issuer, S("srv"), torn(5), NOW, out, NULL), AIM_E_ID_NAME);
	spec.initiator = torn(7);
	spec.responder = S("did:a:b");
	INVALID(aim_handshake_recall(handshake, &spec, &check, NOW_US, &result, NULL));
	spec.initiator = S("did:a:a");
	spec.n_capabilities = 1;
	INVALID(aim_handshake_recall(handshake, &spec, &check, NOW_US, &result, NULL));
	spec.n_capabilities = 0;
	aim_buf_clear(out);
	assert_int_equal(aim_handshake_begin(handshake, key, &spec, NOW_US, out, NULL), AIM_OK);
	terms.responder = S("did:a:b");
	assert_int_equal(aim_handshake_respond(key, aim_buf_bytes(out), &terms, INT64_MIN, out2, NULL), AIM_E_FUTURE);
	assert_int_equal(aim_handshake_respond(key, aim_buf_bytes(out), &terms, INT64_MAX, out2, NULL), AIM_E_EXPIRED);
	aim_handshake_free(handshake);
	aim_challenge_issuer_free(issuer);
}

/* ---- identity ---- */

static void test_ids(void **state)
{
	const aim_keyring_change change = {.struct_size = sizeof change, .note = {"x", 1}};
	const aim_bytes secret = aim_bytes_from("secret", 6);
	const aim_str none = {NULL, 0};
	aim_key *loaded = NULL;
	(void)state;
	INVALID(aim_did_document(registry, torn(36), 0, 0, out, NULL));
	INVALID(aim_did_jwk_set(registry, torn(36), 0, out, NULL));
	INVALID(aim_keyring_revoke(registry, torn(64), NULL, NULL));
	INVALID(aim_keyring_replace(registry, torn(36), &pub, &change, NULL));
	INVALID(aim_keyring_save_key(registry, key, torn(36), 0, secret, NULL, none, NULL));
	INVALID(aim_keyring_load_key(registry, torn(36), none, secret, NULL, &loaded, NULL));
	INVALID(aim_keyring_load_key(registry, torn(36), torn(64), secret, NULL, &loaded, NULL));
}

static void test_chains(void **state)
{
	const aim_str capability = {"read:data", 9};
	aim_delegation_spec spec = {.struct_size = sizeof spec, .capabilities = &capability, .n_capabilities = 1};
	aim_delegation_check check = {.struct_size = sizeof check};
	aim_str *const texts[] = {&check.sponsor, &check.delegator, &check.agent};
	aim_delegation *chain = NULL;
	(void)state;
	spec.child = S("did:x:child");
	spec.expires_at_s = INT64_C(4000000000);
	INVALID(aim_delegation_create(ctx, key, torn(20), &spec, &chain, NULL));
	assert_int_equal(aim_delegation_create(ctx, key, torn(0), &spec, &chain, NULL), AIM_OK);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		aim_delegation_check sound = {.struct_size = sizeof sound, .sponsor = aim_delegation_sponsor(chain)};
		check = sound;
		*texts[i] = torn(i == 2 ? spec.child.len : check.sponsor.len);
		REFUSED(aim_delegation_verify(chain, &check, NULL, NULL));
	}
	INVALID(aim_delegation_verify_agent(registry, torn(11), torn(0), torn(0), NOW, NULL, NULL));
	aim_delegation_free(chain);
}

/* ---- the guard ---- */

static aim_status use_at(int64_t timestamp_us, int64_t now_us)
{
	aim_replay_use u = {.struct_size = sizeof u, .timestamp_us = timestamp_us, .now_us = now_us};
	u.scope = u.nonce = aim_bytes_from("a", 1);
	return aim_replay_remember(guard, &u, NULL);
}

static void test_the_guard(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o};
	aim_replay *other = NULL;
	(void)state;
	o.name = torn(4);
	INVALID(aim_replay_open_store(store, &o, &other, NULL));
	INVALID(use_at(NOW_US, INT64_MIN));
	INVALID(use_at(NOW_US, INT64_MAX));
	assert_int_equal(use_at(INT64_MIN, NOW_US), AIM_E_TIMESTAMP);
	assert_int_equal(use_at(INT64_MAX, NOW_US), AIM_E_TIMESTAMP);
	REFUSED(aim_replay_purge(guard, INT64_MIN, NULL));
	REFUSED(aim_replay_purge(guard, INT64_MAX, NULL));
}

/* ---- requests for capabilities, usage, actions ---- */

static void test_requests_and_usage(void **state)
{
	char id[64];
	aim_usage usage = {.struct_size = sizeof usage};
	aim_grantrequest_spec r = {.struct_size = sizeof r};
	aim_str *const texts[] = {&r.agent, &r.capability, &r.resource, &r.reason};
	aim_grantrequest_decision d = {.struct_size = sizeof d, .state = AIM_GRANTREQUEST_APPROVED};
	aim_usage_call c = {.struct_size = sizeof c, .outcome = AIM_USAGE_SUCCESS};
	aim_agent_update a = {.struct_size = sizeof a, .flags = AIM_AGENT_SET_DESCRIPTION};
	aim_server_update s = {.struct_size = sizeof s, .flags = AIM_SERVER_SET_URL};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		r = (aim_grantrequest_spec){.struct_size = sizeof r, .agent = S("agt_x"), .capability = S("x")};
		*texts[i] = torn(36);
		REFUSED(aim_grantrequest_create(registry, &r, id, NULL));
	}
	d.actor = torn(3);
	REFUSED(aim_grantrequest_decide(registry, S("crq_00000000000000000000000000000000"), &d, NULL, NULL));
	d.actor = S("ana");
	REFUSED(aim_grantrequest_decide(registry, torn(36), &d, NULL, NULL));
	c.agent = torn(36);
	REFUSED(aim_usage_add(registry, &c, NULL));
	c.agent = S("agt_00000000000000000000000000000000");
	c.server = S("srv_00000000000000000000000000000000");
	c.capability = torn(3);
	REFUSED(aim_usage_add(registry, &c, NULL));
	REFUSED(aim_usage_total(registry, torn(36), &usage, NULL));
	a.description = torn(9);
	INVALID(aim_agent_change(registry, S("agt_00000000000000000000000000000000"), &a, NULL));
	s.url = torn(9);
	REFUSED(aim_server_change(registry, S("srv_00000000000000000000000000000000"), &s, NULL));
	REFUSED(aim_grantrequest_create(NULL, &r, id, NULL));
	REFUSED(aim_usage_add(registry, NULL, NULL));
}

static void fill_action(aim_action_request *q, const uint8_t *signature)
{
	*q = (aim_action_request){.struct_size = sizeof *q, .agent = S("agt_00000000000000000000000000000000")};
	q->server = S("srv_00000000000000000000000000000000");
	q->action = S("mcp_tool:x");
	q->nonce = S("n");
	q->signed_at_us = NOW_US;
	q->public_key = &pub;
	q->signature = aim_bytes_from(signature, 64);
}

static void test_actions(void **state)
{
	uint8_t signature[64] = {0};
	aim_action_verifier *verifier = NULL;
	aim_decision *decision = NULL;
	aim_action_request q;
	aim_action_ticket ticket = {.struct_size = sizeof ticket};
	aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_SUCCESS};
	aim_str *const texts[] = {&q.agent, &q.server, &q.action, &q.resource, &q.session, &q.nonce};
	const aim_str capability = {NULL, 3};
	(void)state;
	assert_int_equal(aim_action_verifier_new(registry, NULL, &verifier, NULL), AIM_OK);
	assert_int_equal(aim_decision_new(ctx, &decision, NULL), AIM_OK);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		fill_action(&q, signature);
		*texts[i] = torn(36);
		REFUSED(aim_action_check(verifier, &q, decision, &ticket, NULL));
		assert_int_equal(aim_decision_effect(decision), AIM_DECISION_DENY);
		REFUSED(aim_action_sign(key, &q, signature, NULL));
	}
	fill_action(&q, signature);
	q.context.len = 5;
	INVALID(aim_action_check(verifier, &q, decision, &ticket, NULL));
	INVALID(aim_action_sign(key, &q, signature, NULL));
	fill_action(&q, signature);
	q.signature.ptr = NULL;
	INVALID(aim_action_check(verifier, &q, decision, &ticket, NULL));
	fill_action(&q, signature);
	q.capabilities = &capability;
	q.n_capabilities = 1;
	INVALID(aim_action_check(verifier, &q, decision, &ticket, NULL));
	o.agent = torn(36);
	o.token = S("x");
	REFUSED(aim_action_report(verifier, &o, NULL, NULL));
	o.agent = S("agt_00000000000000000000000000000000");
	o.token = torn(80);
	REFUSED(aim_action_report(verifier, &o, NULL, NULL));
	o.token = S("x");
	o.summary = torn(3);
	REFUSED(aim_action_report(verifier, &o, NULL, NULL));
	REFUSED(aim_action_guarded_call(verifier, &q, decision, NULL, NULL, NULL, NULL, NULL));
	REFUSED(aim_action_sweep(NULL, 0, NULL, NULL));
	aim_action_verifier_free(NULL);
	aim_decision_free(decision);
	aim_action_verifier_free(verifier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),  cmocka_unit_test(test_signature_options),
		cmocka_unit_test(test_jws),       cmocka_unit_test(test_documents),
		cmocka_unit_test(test_challenges_and_handshakes),
		cmocka_unit_test(test_ids),       cmocka_unit_test(test_chains),
		cmocka_unit_test(test_the_guard), cmocka_unit_test(test_requests_and_usage),
		cmocka_unit_test(test_actions),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
