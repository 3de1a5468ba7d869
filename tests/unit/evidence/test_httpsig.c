/* libaim-http/v1: the exact bytes, once each, every changed bit and every misformed header refused. */
#include "peer.h"

#include <aim/encoding.h>
#include <aim/httpsig.h>
#include <aim/plugin/crypto.h>
#include <stdlib.h>

#define NONCE "AAECAwQFBgcICQoLDA0ODw" /* bytes 0 to 15 */
#define KEY_ID "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"
#define SIGNED                                                                                         \
	"libaim/http/v1\nPOST\nmcp.example.org:8443\n/tools?page=2\n"                                      \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n1766000000\n" NONCE "\n" KEY_ID "\n"
#define SIGNATURE "KRj3Lygxt0NrtMYDwLIMzbB25rQQytKeLFqfAH+Cjgy1k2qaeLXo0twTxululSqY9Ms8ixy66aarvMMRjVNjDg=="

static aim_httpsig_request request_of(const char *method, const char *authority, const char *target,
                                      const char *body)
{
	aim_httpsig_request r = {.struct_size = sizeof r};
	r.method = T(method);
	r.authority = T(authority);
	r.target = T(target);
	r.body = B(body);
	return r;
}

static aim_httpsig_request request(void)
{
	return request_of("POST", "MCP.example.org:8443", "/tools?page=2", "hello");
}

static aim_httpsig_values sign_it(void)
{
	aim_httpsig_values v;
	const aim_httpsig_request r = request();
	assert_status(aim_httpsig_sign(key, &r, NOW, T(NONCE), &v, NULL), AIM_OK);
	return v;
}

static aim_httpsig_headers headers_of(const aim_httpsig_values *v)
{
	aim_httpsig_headers h = {.struct_size = sizeof h};
	h.timestamp = T(v->timestamp);
	h.nonce = T(v->nonce);
	h.key_id = T(v->key_id);
	h.signature = T(v->signature);
	return h;
}

static aim_status verify_as(const aim_httpsig_request *r, const aim_httpsig_headers *h, int64_t now_us,
                            aim_error *err)
{
	return aim_httpsig_verify(guard, &public_key, r, h, 0, now_us, err);
}

/* What is signed is a promise to other implementations, and never changes. */
static void test_golden(void **state)
{
	const aim_httpsig_values v = sign_it();
	uint8_t pair[64], signature[64];
	aim_buf *text = NULL;
	(void)state;
	assert_string_equal(v.timestamp, "1766000000");
	assert_string_equal(v.nonce, NONCE);
	assert_string_equal(v.key_id, KEY_ID);
	memcpy(pair, seed_of_rfc, 32);
	memcpy(pair + 32, public_key.bytes, 32);
	assert_status(aim_crypto_sodium()->ed25519_sign(NULL, pair, B(SIGNED), signature), AIM_OK);
	assert_status(aim_buf_new(ctx, &text), AIM_OK);
	assert_status(aim_encoding_encode(AIM_ENCODING_BASE64, aim_bytes_from(signature, 64), text), AIM_OK);
	assert_text(aim_buf_str(text), v.signature);
	assert_string_equal(v.signature, SIGNATURE);
	aim_buf_free(text);
}

static void test_accepted_once(void **state)
{
	const aim_httpsig_values v = sign_it();
	const aim_httpsig_headers h = headers_of(&v);
	const aim_httpsig_request r = request();
	(void)state;
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_OK);
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_E_REPLAY);
	assert_status(verify_as(&r, &h, NOW + 300 * S, NULL), AIM_E_REPLAY);
	assert_status(verify_as(&r, &h, NOW + 301 * S, NULL), AIM_E_STALE);
	/* The same nonce in a request of its own. */
	aim_httpsig_values again;
	const aim_httpsig_request other = request_of("GET", "mcp.example.org", "*", "");
	assert_status(aim_httpsig_sign(key, &other, NOW, T(NONCE), &again, NULL), AIM_OK);
	const aim_httpsig_headers a = headers_of(&again);
	assert_status(verify_as(&other, &a, NOW, NULL), AIM_E_REPLAY);
}

static void test_fresh_nonces(void **state)
{
	aim_httpsig_values a, b;
	const aim_httpsig_request r = request();
	(void)state;
	assert_status(aim_httpsig_sign(key, &r, NOW, NOTHING, &a, NULL), AIM_OK);
	assert_status(aim_httpsig_sign(key, &r, NOW, NOTHING, &b, NULL), AIM_OK);
	assert_string_not_equal(a.nonce, b.nonce);
	assert_int_equal(strlen(a.nonce), 32);
	const aim_httpsig_headers ha = headers_of(&a), hb = headers_of(&b);
	assert_status(verify_as(&r, &ha, NOW, NULL), AIM_OK);
	assert_status(verify_as(&r, &hb, NOW, NULL), AIM_OK);
}

static void test_window(void **state)
{
	const aim_httpsig_values v = sign_it();
	const aim_httpsig_headers h = headers_of(&v);
	const aim_httpsig_request r = request();
	(void)state;
	assert_status(verify_as(&r, &h, NOW + 301 * S, NULL), AIM_E_STALE);
	assert_status(verify_as(&r, &h, NOW - 301 * S, NULL), AIM_E_FUTURE);
	assert_status(aim_httpsig_verify(guard, &public_key, &r, &h, 30, NOW + 31 * S, NULL), AIM_E_STALE);
	assert_status(aim_httpsig_verify(guard, &public_key, &r, &h, 301, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_verify(guard, &public_key, &r, &h, 30, NOW + 30 * S, NULL), AIM_OK);
}

static void test_other_requests_are_refused(void **state)
{
	const aim_httpsig_values v = sign_it();
	const aim_httpsig_headers h = headers_of(&v);
	const aim_httpsig_request others[] = {
		request_of("GET", "mcp.example.org:8443", "/tools?page=2", "hello"),
		request_of("post", "mcp.example.org:8443", "/tools?page=2", "hello"),
		request_of("POST", "mcp.example.com:8443", "/tools?page=2", "hello"),
		request_of("POST", "mcp.example.org", "/tools?page=2", "hello"),
		request_of("POST", "mcp.example.org:8443", "/tools?page=3", "hello"),
		request_of("POST", "mcp.example.org:8443", "/Tools?page=2", "hello"),
		request_of("POST", "mcp.example.org:8443", "/tools", "hello"),
		request_of("POST", "mcp.example.org:8443", "/tools?page=2", "Hello"),
		request_of("POST", "mcp.example.org:8443", "/tools?page=2", ""),
	};
	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_status(verify_as(&others[i], &h, NOW, NULL), AIM_E_SIGNATURE);
	/* None of them used the nonce up. */
	assert_int_equal(n_remembered(), 0);
	const aim_httpsig_request lower = request_of("POST", "mcp.EXAMPLE.org:8443", "/tools?page=2", "hello");
	assert_status(verify_as(&lower, &h, NOW, NULL), AIM_OK);
}

static void test_every_changed_bit_is_refused(void **state)
{
	aim_httpsig_values v = sign_it();
	const aim_httpsig_request r = request();
	const aim_httpsig_headers h = headers_of(&v);
	char *const parts[] = {v.timestamp, v.nonce, v.key_id, v.signature};
	(void)state;
	for (size_t p = 0; p < 4; p++) {
		const size_t len = strlen(parts[p]);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			parts[p][bit / 8] ^= (char)(1u << bit % 8);
			if (verify_as(&r, &h, NOW, NULL) == AIM_OK)
				fail_msg("part %zu, bit %zu", p, bit);
			parts[p][bit / 8] ^= (char)(1u << bit % 8);
		}
	}
	assert_int_equal(n_remembered(), 0);
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_OK);
}

/* Each form of wrong is told apart, by status or by words. */
static void test_misformed_headers(void **state)
{
	const aim_httpsig_values v = sign_it();
	const aim_httpsig_headers good = headers_of(&v);
	const aim_httpsig_request r = request();
	static const struct {
		size_t member; /* 0 timestamp, 1 nonce, 2 key id, 3 signature */
		const char *text;
		aim_status status;
		const char *words;
	} cases[] = {
		{0, "", AIM_E_TIMESTAMP, "0 characters"},
		{0, "176600000", AIM_E_TIMESTAMP, "9 characters"},
		{0, "17660000000", AIM_E_TIMESTAMP, "11 characters"},
		{0, "176600000x", AIM_E_TIMESTAMP, "ten digits"},
		{0, "+176600000", AIM_E_TIMESTAMP, "ten digits"},
		{0, "0176600000", AIM_E_TIMESTAMP, "ten digits"},
		{0, NONCE, AIM_E_TIMESTAMP, "AIM-Timestamp"},
		{1, "", AIM_E_HEADER, "AIM-Nonce"},
		{1, "AAECAwQFBgcICQoLDA0O", AIM_E_HEADER, "16 to 48"},
		{1, "AAECAwQFBgcICQoLDA0ODx", AIM_E_HEADER, "AIM-Nonce"},
		{1, "AAECAwQFBgcICQoLDA0ODw==", AIM_E_HEADER, "AIM-Nonce"},
		{1, "AAECAwQFBgcICQoLDA0OD+", AIM_E_HEADER, "AIM-Nonce"},
		{1, KEY_ID KEY_ID, AIM_E_HEADER, "128 characters"},
		{2, "", AIM_E_HEADER, "0 characters"},
		{2, "21fe31dfa154a261", AIM_E_HEADER, "16 characters"},
		{2, "21FE31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9", AIM_E_HEADER, "offset 2"},
		{2, "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b8", AIM_E_UNTRUSTED_KEY,
		 "another key"},
		{3, "", AIM_E_HEADER, "0 characters"},
		{3, KEY_ID, AIM_E_HEADER, "64 characters"},
		{3, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!=",
		 AIM_E_ENCODING, "not base64"},
		{3, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		 AIM_E_SIGNATURE, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_httpsig_headers h = good;
		aim_str *const members[] = {&h.timestamp, &h.nonce, &h.key_id, &h.signature};
		aim_error err = {0};
		*members[cases[i].member] = T(cases[i].text);
		aim_status rc = verify_as(&r, &h, NOW, &err);
		if (rc != cases[i].status || !strstr(err.message, cases[i].words))
			fail_msg("case %zu: %s: %s", i, aim_status_name(rc), err.message);
		*members[cases[i].member] = NOTHING;
		assert_int_not_equal(verify_as(&r, &h, NOW, NULL), AIM_OK);
	}
}

static void test_misformed_requests(void **state)
{
	const aim_httpsig_request cases[] = {
		request_of("", "a", "/", ""),          request_of("PO ST", "a", "/", ""),
		request_of("POST\n", "a", "/", ""),    request_of("POST", "", "/", ""),
		request_of("POST", "a b", "/", ""),    request_of("POST", "a\n", "/", ""),
		request_of("POST", "a/b", "/", ""),    request_of("POST", "u@a", "/", ""),
		request_of("POST", "\xc3\xa9", "/", ""), request_of("POST", "a", "", ""),
		request_of("POST", "a", "tools", ""),  request_of("POST", "a", "/a b", ""),
		request_of("POST", "a", "/a\nGET", ""), request_of("POST", "a", "/a#b", ""),
		request_of("POST", "a", "**", ""),     request_of("POST", "a", "/\x7f", ""),
	};
	aim_httpsig_values v;
	(void)state;
	const aim_httpsig_values good = sign_it();
	const aim_httpsig_headers h = headers_of(&good);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_status(aim_httpsig_sign(key, &cases[i], NOW, NOTHING, &v, NULL), AIM_E_HEADER);
		assert_status(verify_as(&cases[i], &h, NOW, NULL), AIM_E_HEADER);
	}
	const aim_httpsig_request r = request();
	assert_status(aim_httpsig_sign(key, &r, NOW, T("short"), &v, NULL), AIM_E_HEADER);
	assert_status(aim_httpsig_sign(key, &r, 0, NOTHING, &v, NULL), AIM_E_TIMESTAMP);
	assert_status(aim_httpsig_sign(key, &r, INT64_MAX, NOTHING, &v, NULL), AIM_E_TIMESTAMP);
}

static void test_read_headers(void **state)
{
	const aim_httpsig_values v = sign_it();
	const aim_httpsig_request r = request();
	char block[600] = "Host: mcp.example.org\r\naim-timestamp: ";
	aim_headers source = {.struct_size = sizeof source};
	aim_httpsig_headers h = {.struct_size = sizeof h};
	(void)state;
	strcat(strcat(block, v.timestamp), "\r\nAIM-NONCE: ");
	strcat(strcat(block, v.nonce), "\r\nAIM-Key-Id: ");
	strcat(strcat(block, v.key_id), "\r\n");
	source.block = T(block);
	assert_status(aim_httpsig_read_headers(&source, &h, NULL), AIM_E_HEADER);
	strcat(strcat(block, "AIM-Signature: "), v.signature);
	source.block = T(block);
	assert_status(aim_httpsig_read_headers(&source, &h, NULL), AIM_OK);
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_OK);
	strcat(block, "\r\nAIM-Nonce: x");
	source.block = T(block);
	assert_status(aim_httpsig_read_headers(&source, &h, NULL), AIM_E_HEADER);
}

static void test_purposes(void **state)
{
	const aim_httpsig_request r = request();
	aim_httpsig_values v;
	(void)state;
	for (uint32_t purpose = AIM_KEY_AGENT; purpose <= AIM_KEY_WRAP; purpose++) {
		aim_key *other = key_of(purpose);
		int may = purpose == AIM_KEY_AGENT || purpose == AIM_KEY_SERVER;
		assert_status(aim_httpsig_sign(other, &r, NOW, NOTHING, &v, NULL), may ? AIM_OK : AIM_E_KEY_PURPOSE);
		aim_key_unref(other);
	}
}

static void test_warm_allocates_nothing(void **state)
{
	const aim_httpsig_request r = request();
	aim_httpsig_values v;
	size_t before = 0;
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		before = heap.n_allocs;
		assert_status(aim_httpsig_sign(key, &r, NOW, NOTHING, &v, NULL), AIM_OK);
		const aim_httpsig_headers h = headers_of(&v);
		assert_status(verify_as(&r, &h, NOW, NULL), AIM_OK);
	}
	assert_int_equal(heap.n_allocs, before);
}

static void test_misuse(void **state)
{
	aim_httpsig_values v = sign_it();
	aim_httpsig_request r = request();
	aim_httpsig_headers h = headers_of(&v);
	(void)state;
	assert_status(aim_httpsig_sign(NULL, &r, NOW, NOTHING, &v, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_sign(key, NULL, NOW, NOTHING, &v, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_sign(key, &r, NOW, NOTHING, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_verify(NULL, &public_key, &r, &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_verify(guard, NULL, &r, &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_verify(guard, &public_key, NULL, &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_httpsig_verify(guard, &public_key, &r, NULL, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(verify_as(&r, &h, -1, NULL), AIM_E_INVALID);
	h.flags = 1;
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_E_VERSION);
	h.flags = 0;
	r.flags = 1;
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_E_VERSION);
	r.flags = 0;
	r.body = (aim_bytes){NULL, 5};
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_E_INVALID);
	r = request();
	r.method = (aim_str){NULL, 4};
	assert_status(verify_as(&r, &h, NOW, NULL), AIM_E_HEADER);
	aim_public_key weak = {{1}};
	r = request();
	assert_status(aim_httpsig_verify(guard, &weak, &r, &h, 0, NOW, NULL), AIM_E_UNTRUSTED_KEY);
}

/* A target so long that the lines leave the stack. */
static aim_status sign_and_verify(aim_ctx *c, void *arg)
{
	static char target[3000];
	aim_key *mine = NULL;
	aim_replay *g = NULL;
	aim_public_key pub;
	aim_httpsig_values v;
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	(void)arg;
	memset(target, 'a', sizeof target - 1);
	target[0] = '/';
	const aim_httpsig_request r = request_of("POST", "a", target, "hello");
	aim_status rc = aim_key_generate(c, AIM_KEY_AGENT, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_replay_open_memory(c, &o, &g, NULL);
	if (rc == AIM_OK)
		rc = aim_httpsig_sign(mine, &r, NOW, NOTHING, &v, NULL);
	if (rc == AIM_OK) {
		const aim_httpsig_headers h = headers_of(&v);
		aim_key_public(mine, &pub);
		rc = aim_httpsig_verify(g, &pub, &r, &h, 0, NOW, NULL);
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
		PEER_TEST(test_fresh_nonces),
		PEER_TEST(test_window),
		PEER_TEST(test_other_requests_are_refused),
		PEER_TEST(test_every_changed_bit_is_refused),
		PEER_TEST(test_misformed_headers),
		PEER_TEST(test_misformed_requests),
		PEER_TEST(test_read_headers),
		PEER_TEST(test_purposes),
		PEER_TEST(test_warm_allocates_nothing),
		PEER_TEST(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests_name("evidence/httpsig", tests, NULL, NULL);
}
