/* The profile mcp: the bytes of the integration guide, once each; answers bound to their request; the
 * one text that clients see. */
#include "peer.h"

#include <aim/message.h>
#include <aim/mcpsig.h>
#include <stdlib.h>

#define BODY "{\"city\": \"San Francisco\"}"
#define SIGNATURE                                                                                      \
	"vpFYYDvpkQd/Db1tG5V0fNdp/S7pGL7/Fnh0hBn9hsrdtAmiFZNaSfnft6fKntu452IJxvTg6JH6Z/2/+pkbCw=="
#define ANSWER "{\"sky\":\"clear\"}"
#define ANSWER_SIGNATURE                                                                               \
	"y0b/9jeHjE/zShqkFmoTDVow8ClplXruEIpzDn+2mrC/6mxf+sXHh2h8ARwzJVivNCi/sbQp8gAEmoE6PTcfBw=="

static aim_mcpsig_values sign_it(aim_bytes body)
{
	aim_mcpsig_values v;
	assert_status(aim_mcpsig_sign(key, body, NOW, &v, NULL), AIM_OK);
	return v;
}

static aim_mcpsig_headers headers_of(const char *timestamp, const char *signature)
{
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	h.timestamp = T(timestamp);
	h.signature = T(signature);
	return h;
}

static aim_status verify(aim_bytes body, const char *timestamp, const char *signature, int64_t now_us,
                         aim_error *err)
{
	const aim_mcpsig_headers h = headers_of(timestamp, signature);
	return aim_mcpsig_verify(guard, &public_key, body, &h, 0, now_us, err);
}

/* Made by another implementation of Ed25519 over the body and the digits. */
static void test_golden(void **state)
{
	const aim_mcpsig_values v = sign_it(B(BODY));
	(void)state;
	assert_string_equal(v.timestamp, "1766000000");
	assert_string_equal(v.signature, SIGNATURE);
	assert_status(verify(B(BODY), "1766000000", SIGNATURE, NOW, NULL), AIM_OK);
}

/* The signature is the nonce, whatever form it is written in. */
static void test_accepted_once(void **state)
{
	char url[96];
	(void)state;
	assert_status(verify(B(BODY), "1766000000", SIGNATURE, NOW + 299 * S, NULL), AIM_OK);
	assert_status(verify(B(BODY), "1766000000", SIGNATURE, NOW, NULL), AIM_E_REPLAY);
	strcpy(url, SIGNATURE);
	for (size_t i = 0; url[i]; i++)
		url[i] = url[i] == '+' ? '-' : url[i] == '/' ? '_' : url[i];
	assert_status(verify(B(BODY), "1766000000", url, NOW, NULL), AIM_E_REPLAY);
	url[86] = '\0';
	assert_status(verify(B(BODY), "1766000000", url, NOW, NULL), AIM_E_REPLAY);
	assert_status(verify(B(BODY), "1766000000", SIGNATURE, NOW + 301 * S, NULL), AIM_E_STALE);
	assert_status(verify(B(BODY), "1766000000", SIGNATURE, NOW - 301 * S, NULL), AIM_E_FUTURE);
}

static void test_every_changed_bit_is_refused(void **state)
{
	char body[] = BODY, timestamp[] = "1766000000", signature[] = SIGNATURE;
	char *const parts[] = {body, timestamp, signature};
	(void)state;
	for (size_t p = 0; p < 3; p++) {
		for (size_t bit = 0; bit < 8 * strlen(SIGNATURE) && bit / 8 < strlen(parts[p]); bit++) {
			parts[p][bit / 8] ^= (char)(1u << bit % 8);
			if (verify(B(body), timestamp, signature, NOW, NULL) == AIM_OK)
				fail_msg("part %zu, bit %zu", p, bit);
			parts[p][bit / 8] ^= (char)(1u << bit % 8);
		}
	}
	assert_int_equal(n_remembered(), 0);
	/* Nor can digits move between body and timestamp. */
	assert_status(verify(B(BODY "1"), "766000000", SIGNATURE, NOW, NULL), AIM_E_TIMESTAMP);
}

static void test_misformed_headers(void **state)
{
	static const struct {
		const char *timestamp, *signature;
		aim_status status;
		const char *words;
	} cases[] = {
		{"", SIGNATURE, AIM_E_TIMESTAMP, "X-MCP-Timestamp"},
		{"176600000", SIGNATURE, AIM_E_TIMESTAMP, "9 characters"},
		{"1766000000.0", SIGNATURE, AIM_E_TIMESTAMP, "12 characters"},
		{"1766000000 ", SIGNATURE, AIM_E_TIMESTAMP, "11 characters"},
		{" 176600000", SIGNATURE, AIM_E_TIMESTAMP, "ten digits"},
		{"0x69426D00", SIGNATURE, AIM_E_TIMESTAMP, "ten digits"},
		{"1766000000", "", AIM_E_HEADER, "0 characters"},
		{"1766000000", "1766000000", AIM_E_HEADER, "10 characters"},
		{"1766000000", SIGNATURE "=", AIM_E_HEADER, "89 characters"},
		{"1766000000", "!" SIGNATURE, AIM_E_HEADER, "89 characters"},
		{SIGNATURE, "1766000000", AIM_E_TIMESTAMP, "88 characters"},
	};
	char broken[] = SIGNATURE;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_error err = {0};
		aim_status rc = verify(B(BODY), cases[i].timestamp, cases[i].signature, NOW, &err);
		if (rc != cases[i].status || !strstr(err.message, cases[i].words))
			fail_msg("case %zu: %s: %s", i, aim_status_name(rc), err.message);
	}
	broken[5] = '*';
	assert_status(verify(B(BODY), "1766000000", broken, NOW, NULL), AIM_E_ENCODING);
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	assert_status(aim_mcpsig_verify(guard, &public_key, B(BODY), &h, 0, NOW, NULL), AIM_E_TIMESTAMP);
}

/* A signature of another format never counts, because no other begins like JSON. */
static void test_only_json_bodies(void **state)
{
	static const char *const others[] = {"libaim/message/v1\n", "hello", "\"@method\": POST\n", "DSSEv1 ",
	                                     "eyJhbGciOiJFZERTQSJ9.", "challenge_0123456789abcdef:", "1", "\"{\"",
	                                     "POST\n/\n"};
	static const char *const json[] = {"", "{}", "[]", " \t\r\n{\"a\":1}"};
	aim_mcpsig_values v;
	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_status(aim_mcpsig_sign(key, B(others[i]), NOW, &v, NULL), AIM_E_INVALID);
		assert_status(verify(B(others[i]), "1766000000", SIGNATURE, NOW, NULL), AIM_E_SIGNATURE);
	}
	for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
		v = sign_it(B(json[i]));
		assert_status(verify(B(json[i]), v.timestamp, v.signature, NOW, NULL), AIM_OK);
	}
	uint8_t raw[64];
	aim_buf *text = NULL;
	assert_status(aim_message_sign(key, B("x1766000000"), raw, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &text), AIM_OK);
	assert_status(aim_message_sign_base64(key, B("x1766000000"), text, NULL), AIM_OK);
	assert_status(verify(B("libaim/message/v1\nx"), "1766000000", aim_buf_str(text).ptr, NOW, NULL),
	              AIM_E_SIGNATURE);
	aim_buf_free(text);
}

static void test_what_a_client_sees(void **state)
{
	(void)state;
	assert_string_equal(aim_mcpsig_refusal_text(), "Invalid MCP signature");
	assert_int_equal(aim_mcpsig_refusal_status(), 401);
}

static void test_read_headers(void **state)
{
	static const char block[] = "x-mcp-timestamp: 1766000000\r\nX-MCP-SIGNATURE: " SIGNATURE "\r\n";
	static const char twice[] = "X-MCP-Timestamp: 1766000000\r\nX-MCP-Signature: a\r\nX-MCP-Signature: b\r\n";
	aim_headers source = {.struct_size = sizeof source, .block = {block, sizeof block - 1}};
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	(void)state;
	assert_status(aim_mcpsig_read_headers(&source, &h, NULL), AIM_OK);
	assert_status(aim_mcpsig_verify(guard, &public_key, B(BODY), &h, 0, NOW, NULL), AIM_OK);
	source.block = (aim_str){twice, sizeof twice - 1};
	assert_status(aim_mcpsig_read_headers(&source, &h, NULL), AIM_E_HEADER);
	source.block = T("X-MCP-Timestamp: 1766000000\r\n");
	assert_status(aim_mcpsig_read_headers(&source, &h, NULL), AIM_E_HEADER);
	assert_status(aim_mcpsig_read_headers(NULL, &h, NULL), AIM_E_INVALID);
}

/* ---- answers ---- */

static aim_status verify_answer(const char *request, int32_t status, const char *body, const char *timestamp,
                                const char *signature, int64_t now_us)
{
	const aim_mcpsig_headers h = headers_of(timestamp, signature);
	return aim_mcpsig_verify_response(ctx, &public_key, T(request), status, B(body), &h, 0, now_us, NULL);
}

static void test_answer_golden(void **state)
{
	aim_mcpsig_values v;
	(void)state;
	assert_status(aim_mcpsig_sign_response(key, T(SIGNATURE), 200, B(ANSWER), NOW, &v, NULL), AIM_OK);
	assert_string_equal(v.timestamp, "1766000000");
	assert_string_equal(v.signature, ANSWER_SIGNATURE);
	assert_status(verify_answer(SIGNATURE, 200, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW), AIM_OK);
}

static void test_answers_fit_their_request_only(void **state)
{
	char signature[] = ANSWER_SIGNATURE, body[] = ANSWER;
	(void)state;
	assert_status(verify_answer(ANSWER_SIGNATURE, 200, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW),
	              AIM_E_SIGNATURE);
	assert_status(verify_answer(SIGNATURE, 201, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW), AIM_E_SIGNATURE);
	assert_status(verify_answer(SIGNATURE, 200, "", "1766000000", ANSWER_SIGNATURE, NOW), AIM_E_SIGNATURE);
	assert_status(verify_answer(SIGNATURE, 200, ANSWER, "1766000001", ANSWER_SIGNATURE, NOW), AIM_E_SIGNATURE);
	assert_status(verify_answer(SIGNATURE, 200, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW + 301 * S), AIM_E_STALE);
	assert_status(verify_answer(SIGNATURE, 200, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW - 301 * S), AIM_E_FUTURE);
	assert_status(verify_answer("short", 200, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW), AIM_E_HEADER);
	assert_status(verify_answer(SIGNATURE, 99, ANSWER, "1766000000", ANSWER_SIGNATURE, NOW), AIM_E_INVALID);
	for (size_t bit = 0; bit < 8 * (sizeof body - 1); bit++) {
		body[bit / 8] ^= (char)(1u << bit % 8);
		assert_status(verify_answer(SIGNATURE, 200, body, "1766000000", ANSWER_SIGNATURE, NOW), AIM_E_SIGNATURE);
		body[bit / 8] ^= (char)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * (sizeof signature - 1); bit++) {
		signature[bit / 8] ^= (char)(1u << bit % 8);
		assert_int_not_equal(verify_answer(SIGNATURE, 200, body, "1766000000", signature, NOW), AIM_OK);
		signature[bit / 8] ^= (char)(1u << bit % 8);
	}
	/* An answer is no request, and a request no answer. */
	assert_status(verify(B(ANSWER), "1766000000", ANSWER_SIGNATURE, NOW, NULL), AIM_E_SIGNATURE);
	assert_status(verify_answer(SIGNATURE, 200, BODY, "1766000000", SIGNATURE, NOW), AIM_E_SIGNATURE);
}

/* ---- limits ---- */

static void test_purposes_and_limits(void **state)
{
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 10};
	test_heap small_heap;
	aim_mcpsig_values v;
	(void)state;
	for (uint32_t purpose = AIM_KEY_AGENT; purpose <= AIM_KEY_WRAP; purpose++) {
		aim_key *other = key_of(purpose);
		int may = purpose == AIM_KEY_AGENT || purpose == AIM_KEY_SERVER;
		assert_status(aim_mcpsig_sign(other, B("{}"), NOW, &v, NULL), may ? AIM_OK : AIM_E_KEY_PURPOSE);
		assert_status(aim_mcpsig_sign_response(other, T(SIGNATURE), 200, B("{}"), NOW, &v, NULL),
		              may ? AIM_OK : AIM_E_KEY_PURPOSE);
		aim_key_unref(other);
	}
	aim_ctx *small = test_ctx_limits(&small_heap, &limits);
	aim_key *mine = NULL;
	assert_status(aim_key_generate(small, AIM_KEY_AGENT, &mine, NULL), AIM_OK);
	assert_status(aim_mcpsig_sign(mine, B("{\"a\":12345}"), NOW, &v, NULL), AIM_E_LIMIT);
	assert_status(aim_mcpsig_sign(mine, B("{\"a\":1234}"), NOW, &v, NULL), AIM_OK);
	aim_key_unref(mine);
	test_ctx_done(small, &small_heap);
}

static void test_misuse(void **state)
{
	aim_mcpsig_values v;
	aim_mcpsig_headers h = headers_of("1766000000", SIGNATURE);
	const aim_bytes none = {NULL, 4};
	(void)state;
	assert_status(aim_mcpsig_sign(NULL, B("{}"), NOW, &v, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_sign(key, none, NOW, &v, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_sign(key, B("{}"), NOW, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_sign(key, B("{}"), 0, &v, NULL), AIM_E_TIMESTAMP);
	assert_status(aim_mcpsig_verify(NULL, &public_key, B("{}"), &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_verify(guard, NULL, B("{}"), &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_verify(guard, &public_key, none, &h, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_verify(guard, &public_key, B("{}"), NULL, 0, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_mcpsig_verify_response(NULL, &public_key, T(SIGNATURE), 200, none, &h, 0, NOW, NULL),
	              AIM_E_INVALID);
	h.flags = 1;
	assert_status(aim_mcpsig_verify(guard, &public_key, B("{}"), &h, 0, NOW, NULL), AIM_E_VERSION);
}

static aim_status sign_and_verify(aim_ctx *c, void *arg)
{
	static char body[3000];
	aim_key *mine = NULL;
	aim_replay *g = NULL;
	aim_public_key pub;
	aim_mcpsig_values v, answer;
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	(void)arg;
	memset(body, ' ', sizeof body - 1);
	body[0] = '{';
	aim_status rc = aim_key_generate(c, AIM_KEY_SERVER, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_replay_open_memory(c, &o, &g, NULL);
	if (rc == AIM_OK)
		rc = aim_mcpsig_sign(mine, B(body), NOW, &v, NULL);
	if (rc == AIM_OK) {
		const aim_mcpsig_headers h = headers_of(v.timestamp, v.signature);
		aim_key_public(mine, &pub);
		rc = aim_mcpsig_verify(g, &pub, B(body), &h, 0, NOW, NULL);
	}
	if (rc == AIM_OK)
		rc = aim_mcpsig_sign_response(mine, T(v.signature), 200, B(body), NOW, &answer, NULL);
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
		PEER_TEST(test_every_changed_bit_is_refused),
		PEER_TEST(test_misformed_headers),
		PEER_TEST(test_only_json_bodies),
		cmocka_unit_test(test_what_a_client_sees),
		PEER_TEST(test_read_headers),
		PEER_TEST(test_answer_golden),
		PEER_TEST(test_answers_fit_their_request_only),
		PEER_TEST(test_purposes_and_limits),
		PEER_TEST(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests_name("evidence/mcpsig", tests, NULL, NULL);
}
