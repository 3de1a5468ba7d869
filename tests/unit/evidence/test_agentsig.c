/* The profile aim-agent: the exact bytes, once each, and no key but the registered one. */
#include "peer.h"

#include <aim/agent.h>
#include <aim/agentsig.h>
#include <aim/audit.h>
#include <stdlib.h>

#define AGENT "agt_0198c0de0000700080000000000000aa"
#define PUBLIC_KEY "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SIGNATURE                                                                                      \
	"aP0TvCxCmJKgZhJearpjhaqd0z6Iexu6Yg2K0X54K4hlh/8zOiP3nLhVA9mJv28H6X4CXqXg7RsjdjgX0B3+Ag=="
#define WITHOUT_BODY                                                                                   \
	"sCGjppN2CgNoYK+dcrwSdRafSQ9cP52mvAVoqdRwZDFyeF+2wxYIFzj8NCguND8/B89NtgOuNoCAEbKuCtw7Cg=="

static aim_agentsig_request request_of(const char *method, const char *path, const char *body)
{
	aim_agentsig_request r = {.struct_size = sizeof r};
	r.method = T(method);
	r.path = T(path);
	r.body = B(body);
	return r;
}

static aim_agentsig_request request(void)
{
	return request_of("POST", "/api/v1/actions", "{\"a\":1}");
}

static aim_agentsig_headers headers_of(const char *timestamp, const char *signature, const char *pub)
{
	aim_agentsig_headers h = {.struct_size = sizeof h, .agent_id = {AGENT, sizeof AGENT - 1}};
	h.timestamp = T(timestamp);
	h.signature = T(signature);
	h.public_key = T(pub);
	return h;
}

static aim_agentsig_headers good(void)
{
	return headers_of("1766000000", SIGNATURE, PUBLIC_KEY);
}

static aim_status verify(const aim_agentsig_request *r, const aim_agentsig_headers *h, int64_t now_us,
                         aim_error *err)
{
	return aim_agentsig_verify(guard, T(AGENT), &public_key, r, h, 0, now_us, err);
}

static void test_golden(void **state)
{
	const aim_agentsig_request r = request();
	const aim_agentsig_request without = request_of("GET", "/api/v1/me?x=1", "");
	const aim_agentsig_headers h = good();
	aim_agentsig_values v;
	(void)state;
	assert_status(aim_agentsig_sign(key, &r, NOW, &v, NULL), AIM_OK);
	assert_string_equal(v.timestamp, "1766000000");
	assert_string_equal(v.public_key, PUBLIC_KEY);
	assert_string_equal(v.signature, SIGNATURE);
	assert_status(aim_agentsig_sign(key, &without, NOW, &v, NULL), AIM_OK);
	assert_string_equal(v.signature, WITHOUT_BODY);
	assert_status(verify(&r, &h, NOW, NULL), AIM_OK);
	const aim_agentsig_headers w = headers_of("1766000000", WITHOUT_BODY, PUBLIC_KEY);
	assert_status(verify(&without, &w, NOW, NULL), AIM_OK);
}

static void test_accepted_once(void **state)
{
	const aim_agentsig_request r = request();
	const aim_agentsig_headers h = good();
	(void)state;
	assert_status(verify(&r, &h, NOW + 301 * S, NULL), AIM_E_STALE);
	assert_status(verify(&r, &h, NOW - 301 * S, NULL), AIM_E_FUTURE);
	assert_status(verify(&r, &h, NOW, NULL), AIM_OK);
	assert_status(verify(&r, &h, NOW + 300 * S, NULL), AIM_E_REPLAY);
}

/* A valid signature by a key that came with the request is worth nothing. */
static void test_the_registered_key_only(void **state)
{
	aim_key *other = key_of(AIM_KEY_AGENT);
	const aim_agentsig_request r = request();
	aim_agentsig_values v;
	aim_public_key other_public;
	aim_error err = {0};
	(void)state;
	assert_status(aim_agentsig_sign(other, &r, NOW, &v, NULL), AIM_OK);
	aim_agentsig_headers h = headers_of(v.timestamp, v.signature, v.public_key);
	assert_status(verify(&r, &h, NOW, &err), AIM_E_UNTRUSTED_KEY);
	assert_non_null(strstr(err.message, "X-Public-Key"));
	h.public_key = T(PUBLIC_KEY);
	assert_status(verify(&r, &h, NOW, NULL), AIM_E_SIGNATURE);
	h = good();
	h.agent_id = T("agt_0198c0de0000700080000000000000ab");
	assert_status(verify(&r, &h, NOW, &err), AIM_E_UNTRUSTED_KEY);
	assert_non_null(strstr(err.message, "X-Agent-ID"));
	assert_status(aim_key_public(other, &other_public), AIM_OK);
	h = good();
	assert_status(aim_agentsig_verify(guard, T(AGENT), &other_public, &r, &h, 0, NOW, NULL), AIM_E_UNTRUSTED_KEY);
	assert_int_equal(n_remembered(), 0);
	aim_key_unref(other);
}

/* ---- with a registry ---- */

typedef struct house {
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	char agent[64];
	char other[64];
} house;

static void register_agent(house *h, const char *name, const aim_public_key *pub, char *out_id)
{
	aim_agent_spec spec = {.struct_size = sizeof spec, .public_key = pub};
	aim_agent *agent = NULL;
	spec.name = T(name);
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	strcpy(out_id, aim_agent_id(agent).ptr);
	aim_agent_free(agent);
}

static void move(house *h, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	m.reason = T("test");
	assert_status(aim_agent_move(h->registry, T(h->agent), &m, NULL), AIM_OK);
}

static void open_house(house *h)
{
	aim_key *k = key_of(AIM_KEY_AGENT);
	aim_public_key pub;
	test_now_us = NOW;
	assert_status(aim_store_open_memory(ctx, NULL, &h->store, NULL), AIM_OK);
	assert_status(aim_audit_open(h->store, NULL, &h->log, NULL), AIM_OK);
	assert_status(aim_registry_open(h->log, NULL, &h->registry, NULL), AIM_OK);
	assert_status(aim_key_public(k, &pub), AIM_OK);
	register_agent(h, "one", &public_key, h->agent);
	register_agent(h, "two", &pub, h->other);
	aim_key_unref(k);
}

static void close_house(house *h)
{
	aim_registry_free(h->registry);
	aim_audit_free(h->log);
	aim_store_free(h->store);
}

static aim_status verify_registered(house *h, const aim_agentsig_headers *headers)
{
	const aim_agentsig_request r = request();
	aim_keyring_entry entry = {.struct_size = sizeof entry};
	aim_status rc =
		aim_agentsig_verify_registered(guard, h->registry, &r, headers, 0, NOW + S, &entry, NULL);
	if (rc == AIM_OK)
		assert_string_equal(entry.subject, h->agent);
	return rc;
}

static void test_registry(void **state)
{
	house h = {0};
	aim_agentsig_headers headers = good();
	(void)state;
	open_house(&h);
	headers.agent_id = T(h.agent);
	assert_status(verify_registered(&h, &headers), AIM_E_ID_STATUS); /* pending */
	move(&h, AIM_REGISTRY_VERIFIED);
	headers.agent_id = T(h.other);
	assert_status(verify_registered(&h, &headers), AIM_E_UNTRUSTED_KEY);
	headers.agent_id = T("somebody");
	assert_status(verify_registered(&h, &headers), AIM_E_HEADER);
	headers.agent_id = T(h.agent);
	move(&h, AIM_REGISTRY_SUSPENDED);
	assert_status(verify_registered(&h, &headers), AIM_E_ID_STATUS);
	move(&h, AIM_REGISTRY_VERIFIED);
	assert_status(verify_registered(&h, &headers), AIM_OK);
	assert_status(verify_registered(&h, &headers), AIM_E_REPLAY);
	close_house(&h);
}

static void test_registry_revoked_key(void **state)
{
	house h = {0};
	aim_agentsig_headers headers = good();
	char key_id[AIM_KEY_ID_SIZE];
	aim_key *stranger = NULL;
	aim_agentsig_values v;
	const aim_agentsig_request r = request();
	(void)state;
	open_house(&h);
	move(&h, AIM_REGISTRY_VERIFIED);
	headers.agent_id = T(h.agent);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &stranger, NULL), AIM_OK);
	assert_status(aim_agentsig_sign(stranger, &r, NOW, &v, NULL), AIM_OK);
	aim_agentsig_headers strange = headers_of(v.timestamp, v.signature, v.public_key);
	strange.agent_id = T(h.agent);
	assert_status(verify_registered(&h, &strange), AIM_E_UNTRUSTED_KEY);
	aim_key_unref(stranger);
	assert_status(aim_key_id(ctx, &public_key, key_id), AIM_OK);
	assert_status(aim_keyring_revoke(h.registry, T(key_id), NULL, NULL), AIM_OK);
	assert_status(verify_registered(&h, &headers), AIM_E_KEY_REVOKED);
	assert_status(aim_agentsig_verify_registered(guard, h.registry, &r, &headers, 0, 0, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_agentsig_verify_registered(guard, NULL, &r, &headers, 0, NOW, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(n_remembered(), 0);
	close_house(&h);
}

static void test_other_requests_are_refused(void **state)
{
	const aim_agentsig_headers h = good();
	const aim_agentsig_request others[] = {
		request_of("GET", "/api/v1/actions", "{\"a\":1}"), request_of("Post", "/api/v1/actions", "{\"a\":1}"),
		request_of("POST", "/api/v1/action", "{\"a\":1}"), request_of("POST", "/api/v1/actions?", "{\"a\":1}"),
		request_of("POST", "/api/v1/actions", "{\"a\":2}"), request_of("POST", "/api/v1/actions", ""),
		request_of("POST", "/api/v1/actions", "{\"a\":1}\n"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_status(verify(&others[i], &h, NOW, NULL), AIM_E_SIGNATURE);
	assert_int_equal(n_remembered(), 0);
}

static void test_every_changed_bit_is_refused(void **state)
{
	char id[] = AGENT, timestamp[] = "1766000000", signature[] = SIGNATURE, pub[] = PUBLIC_KEY;
	char body[] = "{\"a\":1}";
	char *const parts[] = {id, timestamp, signature, pub, body};
	aim_agentsig_request r = request_of("POST", "/api/v1/actions", body);
	aim_agentsig_headers h = headers_of(timestamp, signature, pub);
	(void)state;
	h.agent_id = T(id);
	for (size_t p = 0; p < 5; p++) {
		const size_t len = strlen(parts[p]);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			parts[p][bit / 8] ^= (char)(1u << bit % 8);
			if (verify(&r, &h, NOW, NULL) == AIM_OK)
				fail_msg("part %zu, bit %zu", p, bit);
			parts[p][bit / 8] ^= (char)(1u << bit % 8);
		}
	}
	assert_int_equal(n_remembered(), 0);
	assert_status(verify(&r, &h, NOW, NULL), AIM_OK);
}

static void test_misformed_headers(void **state)
{
	static const struct {
		size_t member; /* 0 agent, 1 timestamp, 2 signature, 3 public key */
		const char *text;
		aim_status status;
		const char *words;
	} cases[] = {
		{0, "", AIM_E_HEADER, "X-Agent-ID"},
		{0, "agt 1", AIM_E_HEADER, "offset 3"},
		{1, "", AIM_E_TIMESTAMP, "X-Timestamp"},
		{1, "1766000000000", AIM_E_TIMESTAMP, "13 characters"},
		{1, SIGNATURE, AIM_E_TIMESTAMP, "88 characters"},
		{2, "", AIM_E_HEADER, "X-Signature"},
		{2, PUBLIC_KEY, AIM_E_HEADER, "44 characters"},
		{3, "", AIM_E_HEADER, "X-Public-Key"},
		{3, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR", AIM_E_KEY, ""},
		{3, "11qYAYKxCrfVS/7TyWQHOg7hcvPapi lrwIaaPcHURo=", AIM_E_HEADER, "offset 30"},
		{3, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", AIM_E_KEY, ""},
	};
	const aim_agentsig_request r = request();
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_agentsig_headers h = good();
		aim_str *const members[] = {&h.agent_id, &h.timestamp, &h.signature, &h.public_key};
		aim_error err = {0};
		*members[cases[i].member] = T(cases[i].text);
		aim_status rc = verify(&r, &h, NOW, &err);
		if (rc != cases[i].status || !strstr(err.message, cases[i].words))
			fail_msg("case %zu: %s: %s", i, aim_status_name(rc), err.message);
		*members[cases[i].member] = NOTHING;
		assert_int_not_equal(verify(&r, &h, NOW, NULL), AIM_OK);
	}
	aim_agentsig_headers h = good();
	h.public_key = T("ed25519:" PUBLIC_KEY);
	assert_status(verify(&r, &h, NOW, NULL), AIM_OK);
}

static void test_misformed_requests(void **state)
{
	const aim_agentsig_request cases[] = {
		request_of("", "/", ""),     request_of("G T", "/", ""),    request_of("GET\n", "/", ""),
		request_of("GET", "", ""),   request_of("GET", "a", ""),    request_of("GET", "/a\n", ""),
		request_of("GET", "/ ", ""), request_of("{GET", "/", ""),
	};
	const aim_agentsig_headers h = good();
	aim_agentsig_values v;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_status(aim_agentsig_sign(key, &cases[i], NOW, &v, NULL), AIM_E_HEADER);
		assert_status(verify(&cases[i], &h, NOW, NULL), AIM_E_HEADER);
	}
}

static void test_read_headers(void **state)
{
	static const char block[] = "x-agent-id: " AGENT "\r\nX-Timestamp: 1766000000\r\nX-SIGNATURE: " SIGNATURE
	                            "\r\nX-Public-Key: " PUBLIC_KEY "\r\n";
	aim_headers source = {.struct_size = sizeof source, .block = {block, sizeof block - 1}};
	aim_agentsig_headers h = {.struct_size = sizeof h};
	const aim_agentsig_request r = request();
	(void)state;
	assert_status(aim_agentsig_read_headers(&source, &h, NULL), AIM_OK);
	assert_status(verify(&r, &h, NOW, NULL), AIM_OK);
	source.block.len -= sizeof "X-Public-Key: " PUBLIC_KEY "\r\n" - 1;
	assert_status(aim_agentsig_read_headers(&source, &h, NULL), AIM_E_HEADER);
	assert_status(aim_agentsig_read_headers(&source, NULL, NULL), AIM_E_INVALID);
}

static void test_purposes(void **state)
{
	const aim_agentsig_request r = request();
	aim_agentsig_values v;
	(void)state;
	for (uint32_t purpose = AIM_KEY_AGENT; purpose <= AIM_KEY_WRAP; purpose++) {
		aim_key *other = key_of(purpose);
		assert_status(aim_agentsig_sign(other, &r, NOW, &v, NULL),
		              purpose == AIM_KEY_AGENT ? AIM_OK : AIM_E_KEY_PURPOSE);
		aim_key_unref(other);
	}
}

static void test_misuse(void **state)
{
	aim_agentsig_request r = request();
	aim_agentsig_headers h = good();
	aim_agentsig_values v;
	(void)state;
	assert_status(aim_agentsig_sign(NULL, &r, NOW, &v, NULL), AIM_E_INVALID);
	assert_status(aim_agentsig_sign(key, NULL, NOW, &v, NULL), AIM_E_INVALID);
	assert_status(aim_agentsig_sign(key, &r, NOW, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_agentsig_verify(NULL, T(AGENT), &public_key, &r, &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_agentsig_verify(guard, NOTHING, &public_key, &r, &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_agentsig_verify(guard, T(AGENT), NULL, &r, &h, 0, NOW, NULL), AIM_E_INVALID);
	h.flags = 1;
	assert_status(verify(&r, &h, NOW, NULL), AIM_E_VERSION);
	h.flags = 0;
	r.flags = 1;
	assert_status(verify(&r, &h, NOW, NULL), AIM_E_VERSION);
	r.flags = 0;
	r.body = (aim_bytes){NULL, 1};
	assert_status(verify(&r, &h, NOW, NULL), AIM_E_INVALID);
}

static aim_status sign_and_verify(aim_ctx *c, void *arg)
{
	static char body[3000];
	aim_key *mine = NULL;
	aim_replay *g = NULL;
	aim_public_key pub;
	aim_agentsig_values v;
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	(void)arg;
	memset(body, 'x', sizeof body - 1);
	const aim_agentsig_request r = request_of("POST", "/", body);
	aim_status rc = aim_key_generate(c, AIM_KEY_AGENT, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_replay_open_memory(c, &o, &g, NULL);
	if (rc == AIM_OK)
		rc = aim_agentsig_sign(mine, &r, NOW, &v, NULL);
	if (rc == AIM_OK) {
		const aim_agentsig_headers h = headers_of(v.timestamp, v.signature, v.public_key);
		aim_key_public(mine, &pub);
		rc = aim_agentsig_verify(g, T(AGENT), &pub, &r, &h, 0, NOW, NULL);
	}
	aim_replay_free(g);
	aim_key_unref(mine);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(sign_and_verify, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PEER_TEST(test_golden),
		PEER_TEST(test_accepted_once),
		PEER_TEST(test_the_registered_key_only),
		PEER_TEST(test_registry),
		PEER_TEST(test_registry_revoked_key),
		PEER_TEST(test_other_requests_are_refused),
		PEER_TEST(test_every_changed_bit_is_refused),
		PEER_TEST(test_misformed_headers),
		PEER_TEST(test_misformed_requests),
		PEER_TEST(test_read_headers),
		PEER_TEST(test_purposes),
		PEER_TEST(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests_name("evidence/agentsig", tests, NULL, NULL);
}
