/* HMAC envelopes: the exact bytes, once each, no two readings, and nothing but the five members. */
#include "peer.h"

#include <aim/envelope.h>
#include <aim/json.h>
#include <stdio.h>
#include <stdlib.h>

#define PAYLOAD "{\\\"tool\\\":\\\"search\\\"}"
#define NONCE "AAECAwQFBgcICQoLDA0ODw"
#define MAC "vbDPxI0BT6kigVLyyPJRj+On+Xbmb7hmZnW3BMZDQW0="
#define MAC_WITHOUT_SENDER "KUQsFrS75FgDhsv+6IW+ROE9sRnBlT3NSTgU3YPXlHA="
#define TIME "2025-12-17T19:33:20.000000Z"
#define GOLDEN                                                                                         \
	"{\"nonce\":\"" NONCE "\",\"payload\":\"" PAYLOAD "\",\"sender_id\":\"agent-1\",\"signature\":\"" MAC  \
	"\",\"timestamp\":\"" TIME "\"}"

static aim_envelope_key *shared;

static int setup(void **state)
{
	uint8_t secret[32];
	for (uint8_t i = 0; i < 32; i++)
		secret[i] = i;
	peer_setup(state);
	return aim_envelope_key_new(ctx, aim_bytes_from(secret, 32), &shared, NULL);
}

static int teardown(void **state)
{
	aim_envelope_key_free(shared);
	return peer_teardown(state);
}

static aim_status open_text(const char *text, int64_t now_us, aim_error *err)
{
	aim_envelope *e = NULL;
	aim_status rc = aim_envelope_open(guard, shared, B(text), 0, now_us, &e, err);
	assert_int_equal(rc == AIM_OK, e != NULL);
	aim_envelope_free(e);
	return rc;
}

/* Made by another implementation of HMAC. */
static void test_golden(void **state)
{
	aim_envelope *e = NULL;
	(void)state;
	assert_status(aim_envelope_open(guard, shared, B(GOLDEN), 0, NOW, &e, NULL), AIM_OK);
	assert_text(aim_envelope_payload(e), "{\"tool\":\"search\"}");
	assert_text(aim_envelope_sender(e), "agent-1");
	assert_text(aim_envelope_nonce(e), NONCE);
	assert_int_equal(aim_envelope_timestamp_us(e), NOW);
	aim_envelope_free(e);
	assert_status(open_text(GOLDEN, NOW, NULL), AIM_E_REPLAY);
}

/* Without a name, with null, and in another order, it is the same envelope; an empty name is none. */
static void test_no_sender(void **state)
{
	static const char without[] = "{\"timestamp\":\"" TIME "\",\"signature\":\"" MAC_WITHOUT_SENDER
	                              "\",\"payload\":\"" PAYLOAD "\",\"nonce\":\"" NONCE "\"}";
	static const char null[] = "{\"sender_id\":null,\"nonce\":\"" NONCE "\",\"payload\":\"" PAYLOAD
	                           "\",\"signature\":\"" MAC_WITHOUT_SENDER "\",\"timestamp\":\"" TIME "\"}";
	static const char empty[] = "{\"sender_id\":\"\",\"nonce\":\"" NONCE "\",\"payload\":\"" PAYLOAD
	                            "\",\"signature\":\"" MAC_WITHOUT_SENDER "\",\"timestamp\":\"" TIME "\"}";
	static const char named[] = "{\"sender_id\":\"agent-1\",\"nonce\":\"" NONCE "\",\"payload\":\"" PAYLOAD
	                            "\",\"signature\":\"" MAC_WITHOUT_SENDER "\",\"timestamp\":\"" TIME "\"}";
	aim_envelope *e = NULL;
	(void)state;
	assert_status(open_text(empty, NOW, NULL), AIM_E_ENVELOPE);
	assert_status(open_text(named, NOW, NULL), AIM_E_SIGNATURE);
	assert_status(aim_envelope_open(guard, shared, B(without), 0, NOW, &e, NULL), AIM_OK);
	assert_null(aim_envelope_sender(e).ptr);
	aim_envelope_free(e);
	assert_status(open_text(null, NOW, NULL), AIM_E_REPLAY);
}

static aim_buf *seal(const char *payload, aim_str sender)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_envelope_seal(shared, T(payload), sender, NOW, out, NULL), AIM_OK);
	return out;
}

static void test_round_trip(void **state)
{
	static const char *const payloads[] = {"", "hello", "{\"a\":\"b\\n\"}", "\xc3\xa9\n\t\"\\\x01"};
	(void)state;
	for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
		aim_buf *out = seal(payloads[i], i % 2 ? T("agent|x") : NOTHING);
		aim_envelope *e = NULL;
		assert_status(aim_envelope_open(guard, shared, aim_buf_bytes(out), 0, NOW + S, &e, NULL), AIM_OK);
		assert_text(aim_envelope_payload(e), payloads[i]);
		assert_int_equal(aim_envelope_sender(e).len, i % 2 ? 7 : 0);
		assert_int_equal(aim_envelope_nonce(e).len, 32);
		aim_envelope_free(e);
		e = NULL;
		assert_status(aim_envelope_open(guard, shared, aim_buf_bytes(out), 0, NOW, &e, NULL), AIM_E_REPLAY);
		aim_buf_free(out);
	}
}

static void test_window(void **state)
{
	(void)state;
	assert_status(open_text(GOLDEN, NOW + 300 * S + 1, NULL), AIM_E_STALE);
	assert_status(open_text(GOLDEN, NOW - 300 * S - 1, NULL), AIM_E_FUTURE);
	aim_envelope *e = NULL;
	assert_status(aim_envelope_open(guard, shared, B(GOLDEN), 10, NOW + 11 * S, &e, NULL), AIM_E_STALE);
	assert_status(aim_envelope_open(guard, shared, B(GOLDEN), 301, NOW, &e, NULL), AIM_E_INVALID);
	assert_status(open_text(GOLDEN, NOW + 300 * S, NULL), AIM_OK);
}

static void test_every_changed_bit_is_refused(void **state)
{
	char text[] = GOLDEN;
	(void)state;
	for (size_t bit = 0; bit < 8 * (sizeof text - 1); bit++) {
		text[bit / 8] ^= (char)(1u << bit % 8);
		if (open_text(text, NOW, NULL) == AIM_OK)
			fail_msg("bit %zu", bit);
		text[bit / 8] ^= (char)(1u << bit % 8);
	}
	assert_int_equal(n_remembered(), 0);
	assert_status(open_text(text, NOW, NULL), AIM_OK);
}

/* Bytes cannot move from one member to its neighbour. */
static void test_members_do_not_run_together(void **state)
{
	static const char *const moved[] = {
		"{\"nonce\":\"" NONCE "2\",\"payload\":\"" PAYLOAD "\",\"sender_id\":\"agent-1\",\"signature\":\"" MAC
		"\",\"timestamp\":\"025-12-17T19:33:20.000000Z\"}",
		"{\"nonce\":\"}" NONCE "\",\"payload\":\"{\\\"tool\\\":\\\"search\\\"\",\"sender_id\":\"agent-1\","
		"\"signature\":\"" MAC "\",\"timestamp\":\"" TIME "\"}",
	};
	(void)state;
	assert_status(open_text(moved[0], NOW, NULL), AIM_E_TIMESTAMP);
	assert_status(open_text(moved[1], NOW, NULL), AIM_E_SIGNATURE);
}

static void test_misformed(void **state)
{
	static const struct {
		const char *text;
		aim_status status;
		const char *pointer;
	} cases[] = {
		{"", AIM_E_JSON_SYNTAX, ""},
		{"{", AIM_E_JSON_SYNTAX, NULL},
		{"[]", AIM_E_ENVELOPE, ""},
		{"{}", AIM_E_ENVELOPE, "/payload"},
		{"{\"payload\":1}", AIM_E_ENVELOPE, "/payload"},
		{"{\"payload\":\"\"}", AIM_E_ENVELOPE, "/nonce"},
		{"{\"payload\":\"\",\"nonce\":\"short\"}", AIM_E_ENVELOPE, "/nonce"},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\"}", AIM_E_ENVELOPE, "/timestamp"},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\",\"timestamp\":1766000000}", AIM_E_ENVELOPE, "/timestamp"},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\",\"timestamp\":\"x\"}", AIM_E_ENVELOPE, "/signature"},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\",\"timestamp\":\"x\",\"signature\":\"" MAC "\"}",
		 AIM_E_TIMESTAMP, ""},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\",\"timestamp\":\"" TIME
		 "\",\"signature\":\"vbDPxI0BT6kigVLyyPJRj-On+Xbmb7hmZnW3BMZDQW0=\"}",
		 AIM_E_ENVELOPE, "/signature"},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\",\"timestamp\":\"" TIME "\",\"signature\":\"" MAC
		 "\",\"sender_id\":7}",
		 AIM_E_ENVELOPE, "/sender_id"},
		{"{\"payload\":\"\",\"nonce\":\"" NONCE "\",\"timestamp\":\"" TIME "\",\"signature\":\"" MAC
		 "\",\"more\":7}",
		 AIM_E_ENVELOPE, ""},
		{"{\"payload\":\"\",\"payload\":\"\"}", AIM_E_JSON_DUPLICATE, NULL},
		{GOLDEN " ", AIM_OK, NULL},
		{GOLDEN "x", AIM_E_JSON_TRAILING, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_error err = {0};
		aim_status rc = open_text(cases[i].text, NOW, &err);
		if (rc != cases[i].status)
			fail_msg("case %zu: %s: %s", i, aim_status_name(rc), err.message);
		if (cases[i].pointer)
			assert_string_equal(err.pointer, cases[i].pointer);
	}
}

static void test_other_secrets(void **state)
{
	uint8_t secret[32] = {1};
	aim_envelope_key *other = NULL;
	aim_envelope *e = NULL;
	(void)state;
	assert_status(aim_envelope_key_new(ctx, aim_bytes_from(secret, 32), &other, NULL), AIM_OK);
	assert_status(aim_envelope_open(guard, other, B(GOLDEN), 0, NOW, &e, NULL), AIM_E_SIGNATURE);
	assert_int_equal(n_remembered(), 0);
	aim_envelope_key_free(other);
}

static void test_secrets(void **state)
{
	static const uint8_t secret[1025] = {1};
	static const size_t bad[] = {0, 1, 16, 31, 1025};
	static const size_t good[] = {32, 33, 64, 65, 1024};
	uint8_t a[32] = {0}, b[32] = {0};
	aim_envelope_key *k = NULL;
	aim_error err = {0};
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_status(aim_envelope_key_new(ctx, (aim_bytes){secret, bad[i]}, &k, &err), AIM_E_KEY);
		assert_non_null(strstr(err.message, "32 to 1024"));
		assert_status(aim_envelope_key_new(ctx, (aim_bytes){secret, good[i]}, &k, NULL), AIM_OK);
		aim_envelope_key_free(k);
	}
	assert_status(aim_envelope_make_secret(ctx, a), AIM_OK);
	assert_status(aim_envelope_make_secret(ctx, b), AIM_OK);
	assert_memory_not_equal(a, b, 32);
}

static void test_seal_refuses(void **state)
{
	static char name[258];
	aim_buf *out = NULL;
	(void)state;
	memset(name, 'a', sizeof name - 1);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_envelope_seal(shared, T("\xff"), NOTHING, NOW, out, NULL), AIM_E_UTF8);
	assert_status(aim_envelope_seal(shared, T("a"), T(""), NOW, out, NULL), AIM_E_INVALID);
	assert_status(aim_envelope_seal(shared, T("a"), (aim_str){name, 257}, NOW, out, NULL), AIM_E_INVALID);
	assert_status(aim_envelope_seal(shared, T("a"), NOTHING, -1, out, NULL), AIM_E_TIMESTAMP);
	assert_status(aim_envelope_seal(shared, T("a"), NOTHING, INT64_MAX, out, NULL), AIM_E_TIMESTAMP);
	assert_status(aim_envelope_seal(NULL, T("a"), NOTHING, NOW, out, NULL), AIM_E_INVALID);
	assert_status(aim_envelope_seal(shared, T("a"), NOTHING, NOW, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(aim_buf_str(out).len, 0);
	assert_status(aim_envelope_seal(shared, T("a"), (aim_str){name, 256}, NOW, out, NULL), AIM_OK);
	aim_buf_free(out);
	aim_envelope *e = NULL;
	assert_status(aim_envelope_open(NULL, shared, B(GOLDEN), 0, NOW, &e, NULL), AIM_E_INVALID);
	assert_status(aim_envelope_open(guard, NULL, B(GOLDEN), 0, NOW, &e, NULL), AIM_E_INVALID);
	assert_status(aim_envelope_open(guard, shared, B(GOLDEN), 0, NOW, NULL, NULL), AIM_E_INVALID);
	assert_text(aim_envelope_payload(NULL), "");
	assert_int_equal(aim_envelope_timestamp_us(NULL), 0);
	aim_envelope_free(NULL);
	aim_envelope_key_free(NULL);
}

static aim_status seal_and_open(aim_ctx *c, void *arg)
{
	static const uint8_t secret[32] = {7};
	aim_envelope_key *k = NULL;
	aim_replay *g = NULL;
	aim_buf *out = NULL;
	aim_envelope *e = NULL;
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	(void)arg;
	aim_status rc = aim_envelope_key_new(c, aim_bytes_from(secret, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_replay_open_memory(c, &o, &g, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &out);
	if (rc == AIM_OK)
		rc = aim_envelope_seal(k, T("pay\nload"), T("me"), NOW, out, NULL);
	if (rc == AIM_OK)
		rc = aim_envelope_open(g, k, aim_buf_bytes(out), 0, NOW, &e, NULL);
	aim_envelope_free(e);
	aim_buf_free(out);
	aim_replay_free(g);
	aim_envelope_key_free(k);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(seal_and_open, NULL);
}

#define KEY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEY_TEST(test_golden),
		KEY_TEST(test_no_sender),
		KEY_TEST(test_round_trip),
		KEY_TEST(test_window),
		KEY_TEST(test_every_changed_bit_is_refused),
		KEY_TEST(test_members_do_not_run_together),
		KEY_TEST(test_misformed),
		KEY_TEST(test_other_secrets),
		KEY_TEST(test_secrets),
		KEY_TEST(test_seal_refuses),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests_name("evidence/envelope", tests, NULL, NULL);
}
