/* Attestations in AIM's own form: bytes that another implementation signed, spelling, every bit, what is expected,
 * times, and forms that are refused. */
#include "support.h"

#include <aim/attestationinterop.h>
#include <aim/buf.h>
#include <aim/encoding.h>

#include <stdio.h>
#include <string.h>

#define str(text) aim_str_from(text)

/* Signed with Python's json.dumps(sort_keys=True, separators=(",", ":")) and the package cryptography; seed 32 × 7. */
#define SPACED \
	"{\"agent_id\": \"0190f3a4-b5c6-7d8e-9f00-112233445566\", \"mcp_url\": \"npx -y " \
	"@modelcontextprotocol/server-filesystem /tmp\", \"mcp_name\": \"filesystem\", \"capabilities_found\": [\"write_file\", " \
	"\"read_file\", \"gr\\u00f6\\u00dfe\"], \"connection_successful\": true, \"health_check_passed\": true, " \
	"\"connection_latency_ms\": 45.25, \"timestamp\": \"2025-10-23T10:30:00.250000+00:00\", \"sdk_version\": " \
	"\"aim-sdk-python 1.0.0\"}"
#define COMPACT \
	"{\"agent_id\":\"0190f3a4-b5c6-7d8e-9f00-112233445566\",\"capabilities_found\":[\"write_file\",\"read_file\",\"gr\\u00f6" \
	"\\u00dfe\"],\"connection_latency_ms\":45.25,\"connection_successful\":true,\"health_check_passed\":true,\"mcp_name\":" \
	"\"filesystem\",\"mcp_url\":\"npx -y @modelcontextprotocol/server-filesystem /tmp\",\"sdk_version\":\"aim-sdk-python " \
	"1.0.0\",\"timestamp\":\"2025-10-23T10:30:00.250000+00:00\"}"
#define SIGNATURE "B8Jk16cSsk8nS5gawaEeNblCDENzLI4ox3yOK/kKxnIWCk1IHTp6ISPRig87ylTDT0oz2z7pgBjoUcFieD2jDg=="
#define URL "npx -y @modelcontextprotocol/server-filesystem /tmp"
#define ISSUED 1761215400

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;

static int setup(void **state)
{
	static const uint8_t seed[32] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	                                 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	(void)state;
	if (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK ||
	    aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL) != AIM_OK)
		return -1;
	return aim_key_public(key, &public_key) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

static aim_status verify(aim_str payload, const char *signature, const char *name, const char *url, int64_t at_s,
                         aim_attestation **out)
{
	aim_attestationinterop_expected e = {.struct_size = sizeof e, .name = str(name), .url = str(url)};
	return aim_attestationinterop_verify(ctx, payload, str(signature), &public_key, &e, at_s, out, NULL);
}

static aim_status verify_text(const char *payload, const char *signature)
{
	return verify(str(payload), signature, "filesystem", URL, ISSUED, NULL);
}

static void test_of_another_implementation(void **state)
{
	aim_attestation *a = NULL;
	(void)state;
	assert_status(verify_text(COMPACT, SIGNATURE), AIM_OK);
	assert_status(verify(str(SPACED), SIGNATURE, "filesystem", URL, ISSUED, &a), AIM_OK);
	const aim_attestation_payload *p = aim_attestation_read(a);
	assert_text(p->agent_id, "agt_0190f3a4b5c67d8e9f00112233445566");
	assert_text(p->server_name, "filesystem");
	assert_text(p->server_url, URL);
	assert_int_equal(p->server_id.len, 0);
	assert_int_equal(p->n_capabilities, 3);
	assert_text(p->capabilities[0], "größe");
	assert_text(p->capabilities[1], "read_file");
	assert_int_equal(p->latency_us, 45250);
	assert_int_equal(p->issued_at_s, ISSUED);
	assert_int_equal(p->expires_at_s, ISSUED + AIM_ATTESTATION_LIFE_S);
	assert_int_equal(p->flags, AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY);
	assert_int_equal(p->nonce.len, 128);
	assert_memory_equal(p->nonce.ptr, "07c264d7", 8);
	assert_memory_equal(p->agent_key.bytes, public_key.bytes, 32);
	aim_attestation_free(a);
}

static void test_every_byte(void **state)
{
	char text[sizeof COMPACT];
	(void)state;
	for (size_t i = 0; i < sizeof COMPACT - 1; i++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(text, COMPACT, sizeof text);
			text[i] = (char)(text[i] ^ (1 << bit));
			assert_true(verify((aim_str){text, sizeof text - 1}, SIGNATURE, "filesystem", URL, ISSUED, NULL) != AIM_OK);
		}
}

static void test_signature_forms(void **state)
{
	char text[sizeof SIGNATURE];
	(void)state;
	for (size_t i = 0; i < sizeof SIGNATURE - 1; i++) {
		memcpy(text, SIGNATURE, sizeof text);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		aim_status rc = verify_text(COMPACT, text);
		assert_true(rc == AIM_E_SIGNATURE || rc == AIM_E_ENVELOPE);
	}
	assert_status(verify_text(COMPACT, ""), AIM_E_ENVELOPE);
	assert_status(verify_text(COMPACT, "AAAA"), AIM_E_ENVELOPE);
	memcpy(text, SIGNATURE, sizeof text);
	text[sizeof text - 2] = 0; /* without its padding */
	assert_status(verify_text(COMPACT, text), AIM_E_ENVELOPE);
}

/* It names no server id: so it says nothing without the name and URL that are expected. */
static void test_expected(void **state)
{
	(void)state;
	assert_status(verify(str(COMPACT), SIGNATURE, "github", URL, ISSUED, NULL), AIM_E_CLAIM);
	assert_status(verify(str(COMPACT), SIGNATURE, "filesystem", URL " ", ISSUED, NULL), AIM_E_CLAIM);
	assert_status(verify(str(COMPACT), SIGNATURE, "", URL, ISSUED, NULL), AIM_E_INVALID);
	assert_status(verify(str(COMPACT), SIGNATURE, "filesystem", "", ISSUED, NULL), AIM_E_INVALID);
}

static void test_times(void **state)
{
	(void)state;
	const int64_t end = ISSUED + AIM_ATTESTATION_LIFE_S;
	assert_status(verify(str(COMPACT), SIGNATURE, "filesystem", URL, ISSUED - 300, NULL), AIM_OK);
	assert_status(verify(str(COMPACT), SIGNATURE, "filesystem", URL, ISSUED - 301, NULL), AIM_E_FUTURE);
	assert_status(verify(str(COMPACT), SIGNATURE, "filesystem", URL, end - 1, NULL), AIM_OK);
	assert_status(verify(str(COMPACT), SIGNATURE, "filesystem", URL, end, NULL), AIM_E_EXPIRED);
}

#define HEAD "{\"agent_id\":\"0190f3a4-b5c6-7d8e-9f00-112233445566\",\"capabilities_found\":"
#define MIDDLE ",\"connection_latency_ms\":"
#define TAIL \
	",\"connection_successful\":true,\"health_check_passed\":true,\"mcp_name\":\"n\",\"mcp_url\":\"u\",\"sdk_version\":" \
	"\"\",\"timestamp\":"
#define TIME "\"2025-10-23T10:30:00Z\""

static aim_status parse(const char *payload)
{
	aim_attestation *a = NULL;
	aim_status rc = aim_attestationinterop_parse(ctx, str(payload), str(SIGNATURE), &a, NULL);
	aim_attestation_free(a);
	return rc;
}

static void test_forms(void **state)
{
	static const char *const refused[] = {
		"", "[]", "{}", "nonsense",
		HEAD "[]" MIDDLE "1" TAIL TIME ",\"more\":1}",
		HEAD "[]" MIDDLE "\"1\"" TAIL TIME "}",
		HEAD "[1]" MIDDLE "1" TAIL TIME "}",
		HEAD "[\"\"]" MIDDLE "1" TAIL TIME "}",
		HEAD "[\"a\\u0007\"]" MIDDLE "1" TAIL TIME "}",
		HEAD "{}" MIDDLE "1" TAIL TIME "}",
		HEAD "[]" MIDDLE "-1" TAIL TIME "}",
		HEAD "[]" MIDDLE "1e3" TAIL TIME "}",
		HEAD "[]" MIDDLE "1000000000" TAIL TIME "}",
		HEAD "[]" MIDDLE "99999999999999999999" TAIL TIME "}",
		HEAD "[]" MIDDLE "1" TAIL "\"yesterday\"}",
		HEAD "[]" MIDDLE "1" TAIL "1761215400}",
		"{\"agent_id\":\"bot\",\"capabilities_found\":[]" MIDDLE "1" TAIL TIME "}",
	};
	(void)state;
	assert_status(parse(HEAD "[]" MIDDLE "1" TAIL TIME "}"), AIM_OK);
	assert_status(parse(HEAD "[]" MIDDLE "0.0004" TAIL TIME "}"), AIM_OK);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_status(parse(refused[i]), AIM_E_ENVELOPE);
}

static void test_signs(void **state)
{
	static const aim_str tools[] = {{"write", 5}, {"read", 4}, {"write", 5}};
	static const struct {
		int64_t us;
		const char *ms;
	} latencies[] = {{0, "0"}, {1000, "1"}, {4200, "4.2"}, {4205, "4.205"}, {50, "0.05"}, {1, "0.001"}};
	char expected[512], signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof latencies / sizeof *latencies; i++) {
		aim_attestationinterop_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED};
		aim_buf *out = NULL;
		aim_attestation *a = NULL;
		p.agent_id = str("agt_0190f3a4b5c67d8e9f00112233445566");
		p.name = str("files");
		p.url = str("https://mcp.example/");
		p.sdk_version = str("libaim");
		p.capabilities = tools;
		p.n_capabilities = 3;
		p.latency_us = latencies[i].us;
		p.issued_at_s = ISSUED;
		(void)snprintf(expected, sizeof expected,
		               "{\"agent_id\":\"agt_0190f3a4b5c67d8e9f00112233445566\",\"capabilities_found\":[\"read\",\"write\"],"
		               "\"connection_latency_ms\":%s,\"connection_successful\":true,\"health_check_passed\":false,"
		               "\"mcp_name\":\"files\",\"mcp_url\":\"https://mcp.example/\",\"sdk_version\":\"libaim\","
		               "\"timestamp\":\"2025-10-23T10:30:00Z\"}",
		               latencies[i].ms);
		assert_status(aim_buf_new(ctx, &out), AIM_OK);
		assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_OK);
		assert_text(aim_buf_str(out), expected);
		assert_status(verify(aim_buf_str(out), signature, "files", "https://mcp.example/", ISSUED, &a), AIM_OK);
		assert_int_equal(aim_attestation_read(a)->latency_us, latencies[i].us);
		aim_attestation_free(a);
		aim_buf_free(out);
	}
}

static void test_sign_refuses(void **state)
{
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE] = "untouched";
	aim_attestationinterop_payload good = {.struct_size = sizeof good, .issued_at_s = ISSUED}, p;
	aim_key *log_key = NULL;
	aim_buf *out = NULL;
	(void)state;
	good.agent_id = str("agt_0190f3a4b5c67d8e9f00112233445566");
	good.name = str("files");
	good.url = str("https://mcp.example/");
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_key_generate(ctx, AIM_KEY_LOG, &log_key, NULL), AIM_OK);
	assert_status(aim_attestationinterop_sign(log_key, &good, out, signature, NULL), AIM_E_KEY_PURPOSE);
	aim_key_unref(log_key);
	p = good, p.flags = AIM_ATTESTATION_COMMAND;
	assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_E_VERSION);
	p = good, p.agent_id = str("bot");
	assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_E_INVALID);
	p = good, p.name = str("");
	assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_E_ID_NAME);
	p = good, p.url = str("");
	assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_E_INVALID);
	p = good, p.latency_us = -1;
	assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_E_INVALID);
	p = good, p.n_capabilities = AIM_ATTESTATION_MAX_CAPABILITIES + 1;
	assert_status(aim_attestationinterop_sign(key, &p, out, signature, NULL), AIM_E_LIMIT);
	assert_int_equal(aim_buf_str(out).len, 0);
	assert_string_equal(signature, "untouched");
	assert_status(aim_attestationinterop_sign(key, NULL, out, signature, NULL), AIM_E_INVALID);
	aim_buf_free(out);
}

static aim_status with_allocations(aim_ctx *own, void *arg)
{
	static const uint8_t seed[32] = {9};
	static const aim_str tools[] = {{"write", 5}, {"read", 4}};
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
	aim_attestationinterop_payload p = {.struct_size = sizeof p, .capabilities = tools, .n_capabilities = 2};
	aim_attestationinterop_expected e = {.struct_size = sizeof e, .name = str("n"), .url = str("u")};
	aim_public_key own_public;
	aim_attestation *a = NULL;
	aim_key *own_key = NULL;
	aim_buf *out = NULL;
	(void)arg;
	p.agent_id = str("agt_0190f3a4b5c67d8e9f00112233445566");
	p.name = e.name, p.url = e.url;
	aim_status rc = aim_key_from_seed(own, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &own_key, NULL);
	if (rc == AIM_OK)
		rc = aim_key_public(own_key, &own_public);
	if (rc == AIM_OK)
		rc = aim_buf_new(own, &out);
	if (rc == AIM_OK)
		rc = aim_attestationinterop_sign(own_key, &p, out, signature, NULL);
	if (rc == AIM_OK)
		rc = aim_attestationinterop_verify(own, aim_buf_str(out), str(signature), &own_public, &e, test_now_us / 1000000,
		                                   &a, NULL);
	aim_attestation_free(a);
	aim_buf_free(out);
	aim_key_unref(own_key);
	return rc;
}

static void test_allocations(void **state)
{
	(void)state;
	test_each_allocation_fails(with_allocations, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_another_implementation), cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_signature_forms),           cmocka_unit_test(test_expected),
		cmocka_unit_test(test_times),                     cmocka_unit_test(test_forms),
		cmocka_unit_test(test_signs),                     cmocka_unit_test(test_sign_refuses),
		cmocka_unit_test(test_allocations),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
