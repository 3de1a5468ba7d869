/* Attestations: exact bytes, every bit counts, one spelling, times, other keys, forms that are refused. */
#include "envelope_kit.h"

#include <aim/attestation.h>
#include <aim/dsse.h>
#include <aim/intoto.h>

#define AGENT "agt_0190f3a4b5c67d8e9f00112233445566"
#define SERVER "srv_0190f3a4b5c67d8e9f00112233445577"
#define ISSUED 1764000000
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define SEVENS "0707070707070707070707070707070707070707070707070707070707070707"

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;

static int setup(void **state)
{
	(void)state;
	if (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		return -1;
	key = kit_key(ctx, AIM_KEY_AGENT, SEED_A);
	public_key = kit_public(key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

static aim_attestation_payload payload(void)
{
	static const aim_str tools[] = {{"write", 5}, {"read", 4}, {"write", 5}};
	aim_attestation_payload p = {.struct_size = sizeof p};
	p.flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY;
	p.agent_id = str(AGENT);
	p.server_id = str(SERVER);
	p.server_name = str("files");
	p.server_url = str("https://mcp.example/");
	p.nonce = str("n-1");
	p.capabilities = tools;
	p.n_capabilities = 3;
	p.latency_us = 4200;
	p.issued_at_s = ISSUED;
	memset(p.manifest_hash, 7, sizeof p.manifest_hash);
	return p;
}

static aim_buf *signed_by(const aim_key *signer, const aim_attestation_payload *p)
{
	aim_buf *out = kit_buf(ctx);
	assert_status(aim_attestation_sign(signer, p, out, NULL), AIM_OK);
	return out;
}

static void test_golden_bytes(void **state)
{
	aim_attestation_payload p = payload();
	aim_buf *envelope = signed_by(key, &p), *statement = kit_buf(ctx);
	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = &public_key, .n_keys = 1};
	(void)state;
	trust.payload_type = str(AIM_INTOTO_PAYLOAD_TYPE);
	assert_status(aim_dsse_verify(ctx, aim_buf_str(envelope), &trust, statement, NULL, NULL), AIM_OK);
	assert_text(aim_buf_str(statement),
	            "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"agent_id\":\"" AGENT
	            "\",\"agent_key\":\"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\","
	            "\"capabilities\":[\"read\",\"write\"],\"checksum\":null,\"config_hash\":\"" ZEROS
	            "\",\"connection_ok\":true,\"expires_at\":1766592000,\"health_ok\":true,\"issued_at\":1764000000,"
	            "\"latency_us\":4200,\"manifest_hash\":\"" SEVENS "\",\"nonce\":\"n-1\",\"server_id\":\"" SERVER
	            "\",\"server_key\":null,\"server_name\":\"files\",\"server_url\":\"https://mcp.example/\","
	            "\"server_version\":null},\"predicateType\":\"urn:libaim:mcp-server-attestation:v1\",\"subject\":"
	            "[{\"digest\":{\"aim-surface-v1\":\"" SEVENS "\"},\"name\":\"files\"}]}");
	aim_buf_free(envelope);
	aim_buf_free(statement);
}

/* All members there are, and back. */
static void test_read_back(void **state)
{
	aim_attestation_payload p = payload();
	aim_attestation *a = NULL;
	(void)state;
	p.flags = AIM_ATTESTATION_COMMAND | AIM_ATTESTATION_SERVER_KEY;
	p.server_url = str("");
	p.server_key = public_key;
	p.server_version = str("1.0.0");
	p.checksum = str("sha256:" SEVENS);
	memset(p.command_hash, 9, sizeof p.command_hash);
	p.expires_at_s = ISSUED + 60;
	aim_buf *envelope = signed_by(key, &p);
	assert_status(aim_attestation_verify(ctx, aim_buf_str(envelope), &public_key, ISSUED, &a, NULL), AIM_OK);
	const aim_attestation_payload *r = aim_attestation_read(a);
	assert_int_equal(r->flags, p.flags);
	assert_text(r->agent_id, AGENT);
	assert_text(r->server_id, SERVER);
	assert_text(r->server_name, "files");
	assert_int_equal(r->server_url.len, 0);
	assert_text(r->server_version, "1.0.0");
	assert_text(r->checksum, "sha256:" SEVENS);
	assert_text(r->nonce, "n-1");
	assert_int_equal(r->n_capabilities, 2);
	assert_text(r->capabilities[0], "read");
	assert_int_equal(r->latency_us, 4200);
	assert_int_equal(r->issued_at_s, ISSUED);
	assert_int_equal(r->expires_at_s, ISSUED + 60);
	assert_memory_equal(r->agent_key.bytes, public_key.bytes, 32);
	assert_memory_equal(r->server_key.bytes, public_key.bytes, 32);
	assert_memory_equal(r->command_hash, p.command_hash, 32);
	assert_memory_equal(r->manifest_hash, p.manifest_hash, 32);
	aim_attestation_free(a);
	aim_buf_free(envelope);
}

static void test_fresh_nonces(void **state)
{
	aim_attestation_payload p = payload();
	(void)state;
	p.nonce = str("");
	aim_buf *one = signed_by(key, &p), *two = signed_by(key, &p);
	assert_string_not_equal(aim_buf_str(one).ptr, aim_buf_str(two).ptr);
	aim_buf_free(one);
	aim_buf_free(two);
}

/* A changed envelope is never taken, unless only the hint of the key id or the order of members has changed. */
static void test_every_bit(void **state)
{
	aim_attestation_payload p = payload();
	aim_buf *envelope = signed_by(key, &p);
	char *text = calloc(1, aim_buf_str(envelope).len + 1);
	(void)state;
	assert_non_null(text);
	memcpy(text, aim_buf_str(envelope).ptr, aim_buf_str(envelope).len);
	const char *hint = strstr(text, "\"keyid\":\"");
	assert_non_null(hint);
	for (size_t i = 0; i < aim_buf_str(envelope).len * 8; i++) {
		size_t at = i / 8, from = (size_t)(hint - text);
		if (at >= from && at < from + 9 + 64 + 1)
			continue;
		text[at] = (char)(text[at] ^ 1 << i % 8);
		if (aim_attestation_verify(ctx, (aim_str){text, aim_buf_str(envelope).len}, &public_key, ISSUED, NULL,
		                           NULL) == AIM_OK)
			fail_msg("bit %zu of byte %zu", i % 8, at);
		text[at] = (char)(text[at] ^ 1 << i % 8);
	}
	free(text);
	aim_buf_free(envelope);
}

static void test_times(void **state)
{
	static const struct {
		int64_t at_s;
		aim_status status;
	} rows[] = {
		{ISSUED - 301, AIM_E_FUTURE}, {ISSUED - 300, AIM_OK}, {ISSUED, AIM_OK}, {ISSUED + 2591999, AIM_OK},
		{ISSUED + 2592000, AIM_E_EXPIRED}, {INT64_MIN, AIM_E_FUTURE}, {INT64_MAX, AIM_E_EXPIRED},
	};
	aim_attestation_payload p = payload();
	aim_buf *envelope = signed_by(key, &p);
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_status(aim_attestation_verify(ctx, aim_buf_str(envelope), &public_key, rows[i].at_s, NULL, NULL),
		              rows[i].status);
	aim_buf_free(envelope);
}

static void test_other_keys(void **state)
{
	aim_attestation_payload p = payload();
	aim_key *other = kit_key(ctx, AIM_KEY_AGENT, SEED_B), *server = kit_key(ctx, AIM_KEY_SERVER, SEED_B);
	aim_public_key other_public = kit_public(other);
	aim_buf *envelope = signed_by(key, &p), *out = kit_buf(ctx), *statement = kit_buf(ctx);
	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = &public_key, .n_keys = 1};
	(void)state;
	assert_status(aim_attestation_verify(ctx, aim_buf_str(envelope), &other_public, ISSUED, NULL, NULL),
	              AIM_E_UNTRUSTED_KEY);
	assert_status(aim_attestation_sign(server, &p, out, NULL), AIM_E_KEY_PURPOSE);
	assert_int_equal(aim_buf_str(out).len, 0);
	/* The same words, signed by another. */
	trust.payload_type = str(AIM_INTOTO_PAYLOAD_TYPE);
	assert_status(aim_dsse_verify(ctx, aim_buf_str(envelope), &trust, statement, NULL, NULL), AIM_OK);
	assert_status(aim_dsse_sign(other, trust.payload_type, aim_buf_bytes(statement), out, NULL), AIM_OK);
	assert_status(aim_attestation_verify(ctx, aim_buf_str(out), &public_key, ISSUED, NULL, NULL), AIM_E_SIGNATURE);
	assert_status(aim_attestation_verify(ctx, aim_buf_str(out), &other_public, ISSUED, NULL, NULL),
	              AIM_E_UNTRUSTED_KEY);
	aim_buf_free(envelope);
	aim_buf_free(out);
	aim_buf_free(statement);
	aim_key_unref(other);
	aim_key_unref(server);
}

/* Validly signed, and not in the one spelling. */
static void test_other_spellings(void **state)
{
	static const char *const changes[][2] = {
		{"\"nonce\"", "\"more\":1,\"nonce\""}, {"[\"read\",\"write\"]", "[\"write\",\"read\"]"},
		{"[\"read\",\"write\"]", "[\"read\",\"read\"]"}, {"[\"read\",\"write\"]", "[\"read\",1]"},
		{"\"latency_us\":4200", "\"latency_us\":4.2e3"}, {"\"latency_us\":4200", "\"latency_us\":-1"},
		{"\"latency_us\":4200", "\"latency_us\":0.5"}, {"\"connection_ok\":true", "\"connection_ok\":1"},
		{"\"checksum\":null", "\"checksum\":\"md5:1\""}, {"\"checksum\":null,", ""},
		{"\"server_key\":null", "\"server_key\":\"x\""}, {"\"server_key\":null,", ""},
		{"\"server_url\":\"https://mcp.example/\",", ""}, {"agt_", "srv_"}, {"srv_0190f", "srv_0190F"},
		{"\"issued_at\":1764000000", "\"issued_at\":1766592000"}, {"\"issued_at\":1764000000", "\"issued_at\":0"},
		{"\"expires_at\":1766592000", "\"expires_at\":9000000000"}, {"n-1", "n 1"}, {"{\"_type\"", "{ \"_type\""},
		{"\"name\":\"files\"}]", "\"name\":\"other\"}]"}, {"}]}", "}],\"more\":1}"},
		{"\"server_name\":\"files\"", "\"server_name\":\" files\""},
		{"\"manifest_hash\":\"07", "\"manifest_hash\":\"08"}, {"\"manifest_hash\":\"07", "\"manifest_hash\":\"0"},
	};
	aim_attestation_payload p = payload();
	aim_buf *envelope = signed_by(key, &p), *statement = kit_buf(ctx), *out = kit_buf(ctx);
	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = &public_key, .n_keys = 1};
	(void)state;
	trust.payload_type = str(AIM_INTOTO_PAYLOAD_TYPE);
	assert_status(aim_dsse_verify(ctx, aim_buf_str(envelope), &trust, statement, NULL, NULL), AIM_OK);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		aim_attestation *a = NULL;
		char *text = kit_replaced(aim_buf_str(statement).ptr, changes[i][0], changes[i][1]);
		aim_buf_clear(out);
		assert_status(aim_dsse_sign(key, trust.payload_type, bytes(text), out, NULL), AIM_OK);
		aim_status rc = aim_attestation_verify(ctx, aim_buf_str(out), &public_key, ISSUED, &a, NULL);
		if (rc != AIM_E_ENVELOPE || a)
			fail_msg("row %zu: %s", i, aim_status_name(rc));
		free(text);
	}
	aim_buf_clear(out);
	assert_status(aim_dsse_sign(key, str("text/plain"), bytes("{}"), out, NULL), AIM_OK);
	assert_status(aim_attestation_verify(ctx, aim_buf_str(out), &public_key, ISSUED, NULL, NULL), AIM_E_ENVELOPE);
	aim_buf_free(envelope);
	aim_buf_free(statement);
	aim_buf_free(out);
}

static void test_refused_payloads(void **state)
{
	aim_buf *out = kit_buf(ctx);
	aim_attestation_payload p;
	(void)state;
#define REFUSED(change, status)                                                                    \
	do {                                                                                           \
		p = payload();                                                                             \
		change;                                                                                    \
		assert_status(aim_attestation_sign(key, &p, out, NULL), status);                            \
		assert_int_equal(aim_buf_str(out).len, 0);                                                  \
	} while (0)
	REFUSED(p.flags = 16, AIM_E_VERSION);
	REFUSED(p.agent_id = str("x"), AIM_E_INVALID);
	REFUSED(p.server_id = str("agt_0190f3a4b5c67d8e9f00112233445577"), AIM_E_INVALID);
	REFUSED(p.server_name = str(""), AIM_E_ID_NAME);
	REFUSED(p.server_url = str(""), AIM_E_INVALID);
	REFUSED(p.flags = AIM_ATTESTATION_COMMAND, AIM_E_INVALID);
	REFUSED(p.flags = AIM_ATTESTATION_SERVER_KEY, AIM_E_KEY);
	REFUSED(p.checksum = str("sha256:AB"), AIM_E_INVALID);
	REFUSED(p.nonce = str("a b"), AIM_E_INVALID);
	REFUSED(p.capabilities = NULL, AIM_E_INVALID);
	REFUSED(p.n_capabilities = 1025, AIM_E_LIMIT);
	REFUSED(p.latency_us = -1, AIM_E_INVALID);
	REFUSED(p.issued_at_s = -1, AIM_E_INVALID);
	REFUSED(p.expires_at_s = ISSUED, AIM_E_INVALID);
	REFUSED(p.expires_at_s = ISSUED + AIM_ATTESTATION_MAX_LIFE_S + 1, AIM_E_INVALID);
	assert_status(aim_attestation_sign(NULL, &p, out, NULL), AIM_E_INVALID);
	assert_null(aim_attestation_read(NULL));
	aim_attestation_free(NULL);
	aim_buf_free(out);
}

static void test_for_people(void **state)
{
	char checksum[AIM_ATTESTATION_CHECKSUM_SIZE], identity[AIM_ATTESTATION_IDENTITY_SIZE];
	uint8_t hash[32] = {0};
	(void)state;
	assert_status(aim_attestation_checksum_text(hash, checksum), AIM_OK);
	assert_string_equal(checksum, "sha256:" ZEROS);
	assert_status(aim_attestation_identity_text(ctx, &public_key, identity), AIM_OK);
	char id[AIM_KEY_ID_SIZE];
	assert_status(aim_key_id(ctx, &public_key, id), AIM_OK);
	assert_memory_equal(identity, "ed25519:", 8);
	assert_memory_equal(identity + 8, id, 6);
	assert_string_equal(identity + 14, "...");
}

static aim_status round_trip(aim_ctx *c, void *arg)
{
	aim_attestation_payload p = payload();
	aim_buf *out = NULL;
	aim_key *k = NULL;
	aim_attestation *a = NULL;
	static const uint8_t seed[32] = {1};
	(void)arg;
	aim_status rc = aim_buf_new(c, &out);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_attestation_sign(k, &p, out, NULL);
	aim_public_key mine = {{0}};
	if (rc == AIM_OK)
		rc = aim_key_public(k, &mine);
	if (rc == AIM_OK)
		rc = aim_attestation_verify(c, aim_buf_str(out), &mine, ISSUED, &a, NULL);
	aim_attestation_free(a);
	aim_key_unref(k);
	aim_buf_free(out);
	return rc;
}

/* What one costs, however it is used: to write, the work, the sorted tools and the envelope; to verify, the handle,
 * the bytes that are signed and their document. */
static void test_allocation_counts(void **state)
{
	test_heap heap;
	aim_attestation_payload p = payload();
	aim_attestation *a = NULL;
	aim_ctx *counted = test_ctx(&heap);
	aim_key *mine = kit_key(counted, AIM_KEY_AGENT, SEED_A);
	aim_buf *out = kit_buf(counted);
	(void)state;
	for (int sorted = 0; sorted <= 1; sorted++) {
		p.n_capabilities = sorted ? 1 : 3;
		size_t before = heap.n_allocs;
		aim_buf_clear(out);
		assert_status(aim_attestation_sign(mine, &p, out, NULL), AIM_OK);
		assert_int_equal(heap.n_allocs, before + (sorted ? 1 : 3));
		before = heap.n_allocs;
		assert_status(aim_attestation_verify(counted, aim_buf_str(out), &public_key, ISSUED, &a, NULL), AIM_OK);
		assert_int_equal(heap.n_allocs, before + 3);
		aim_attestation_free(a);
		assert_status(aim_attestation_verify(counted, aim_buf_str(out), &public_key, ISSUED, NULL, NULL), AIM_OK);
		assert_int_equal(heap.n_allocs, before + 6);
	}
	aim_buf_free(out);
	aim_key_unref(mine);
	test_ctx_done(counted, &heap);
}

static void test_allocation_failures(void **state)
{
	(void)state;
	test_each_allocation_fails(round_trip, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_bytes),      cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_fresh_nonces),      cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_times),             cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_other_spellings),   cmocka_unit_test(test_refused_payloads),
		cmocka_unit_test(test_for_people),        cmocka_unit_test(test_allocation_failures),
		cmocka_unit_test(test_allocation_counts),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
