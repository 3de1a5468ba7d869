/* JWS: the standard's vector, exact bytes, every refused header with its own status, detached payloads, every changed
 * bit, claims at their edges. */
#include "envelope_kit.h"

#include <aim/jws.h>

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
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

static aim_jws_options options(uint32_t flags, const char *type, const char *key_id)
{
	aim_jws_options o = {.struct_size = sizeof o, .flags = flags};
	o.type = str(type);
	o.key_id = str(key_id);
	return o;
}

/* The payload is handed out on AIM_OK and only then. */
static aim_status verify(aim_str token, const aim_jws_options *o, const char *payload, aim_error *err)
{
	aim_buf *out = kit_buf(ctx);
	assert_status(aim_buf_append(out, bytes("before:")), AIM_OK);
	aim_status rc = aim_jws_verify(ctx, &public_key, token, o, out, err);
	if (rc != AIM_OK)
		assert_text(aim_buf_str(out), "before:");
	else if (payload) {
		assert_string_equal(aim_buf_str(out).ptr + 7, payload);
	}
	assert_status(aim_jws_verify(ctx, &public_key, token, o, NULL, NULL), rc);
	aim_buf_free(out);
	return rc;
}

/* RFC 8037 A.4 and A.5. */
static void test_vector(void **state)
{
	char *token = kit_file(TESTS_DIR "/vectors/rfc8037/jws.txt");
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_jws_sign(key, bytes("Example of Ed25519 signing"), NULL, out, NULL), AIM_OK);
	assert_text(aim_buf_str(out), token);
	assert_status(verify(str(token), NULL, "Example of Ed25519 signing", NULL), AIM_OK);
	aim_buf_free(out);
	free(token);
}

static void test_written_header(void **state)
{
	aim_jws_options o = options(AIM_JWS_ALG_ED25519, "application/example+jwt", "key-1");
	aim_buf *out = kit_buf(ctx), *header = kit_buf(ctx);
	aim_json *doc = NULL;
	(void)state;
	assert_status(aim_jws_sign(key, bytes("{}"), &o, out, NULL), AIM_OK);
	aim_str token = aim_buf_str(out);
	const char *dot = strchr(token.ptr, '.');
	assert_status(aim_encoding_decode(AIM_ENCODING_BASE64URL, (aim_str){token.ptr, (size_t)(dot - token.ptr)}, header,
	                                  NULL),
	              AIM_OK);
	assert_text(aim_buf_str(header), "{\"alg\":\"Ed25519\",\"kid\":\"key-1\",\"typ\":\"application/example+jwt\"}");
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	assert_status(aim_jws_header(ctx, token, doc, NULL), AIM_OK);
	assert_text(aim_json_string(doc, aim_json_member(doc, AIM_JSON_ROOT, str("kid"))), "key-1");
	assert_status(verify(token, &o, "{}", NULL), AIM_OK);
	aim_jws_options other = options(0, "EXAMPLE+jwt", "");
	assert_status(verify(token, &other, "{}", NULL), AIM_OK);
	other = options(0, "JWT", "");
	assert_status(verify(token, &other, NULL, NULL), AIM_E_CLAIM);
	other = options(0, "", "key-2");
	assert_status(verify(token, &other, NULL, NULL), AIM_E_CLAIM);
	aim_json_free(doc);
	aim_buf_free(out);
	aim_buf_free(header);
}

/* A typ that is asked for must be there. */
static void test_missing_type(void **state)
{
	aim_jws_options o = options(0, "JWT", ""), named = options(0, "", "k");
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_jws_sign(key, bytes("{}"), NULL, out, NULL), AIM_OK);
	assert_status(verify(aim_buf_str(out), &o, NULL, NULL), AIM_E_CLAIM);
	assert_status(verify(aim_buf_str(out), &named, NULL, NULL), AIM_E_CLAIM);
	aim_buf_free(out);
}

/* A token with any header, validly signed: the library never writes most of these. */
static aim_str signed_with(const char *header, const char *payload, aim_buf *out)
{
	aim_buf_clear(out);
	assert_status(aim_encoding_encode(AIM_ENCODING_BASE64URL, bytes(header), out), AIM_OK);
	assert_status(aim_buf_append(out, bytes(".")), AIM_OK);
	assert_status(aim_encoding_encode(AIM_ENCODING_BASE64URL, bytes(payload), out), AIM_OK);
	uint8_t signature[64];
	assert_status(kit_sign_raw(key, aim_buf_bytes(out), signature), AIM_OK);
	assert_status(aim_buf_append(out, bytes(".")), AIM_OK);
	assert_status(aim_encoding_encode(AIM_ENCODING_BASE64URL, aim_bytes_from(signature, 64), out), AIM_OK);
	return aim_buf_str(out);
}

static void test_headers(void **state)
{
	static const struct {
		const char *header;
		aim_status status;
		const char *words;
	} rows[] = {
		{"{\"alg\":\"EdDSA\"}", AIM_OK, ""},
		{" {\"alg\" : \"Ed25519\"} ", AIM_OK, ""},
		{"{\"alg\":\"EdDSA\",\"b64\":true}", AIM_OK, ""},
		{"{\"alg\":\"EdDSA\",\"jwk\":{\"kty\":\"OKP\"},\"cty\":\"x\"}", AIM_OK, ""},
		{"{\"alg\":\"none\"}", AIM_E_ALGORITHM, "none"},
		{"{\"alg\":\"None\"}", AIM_E_ALGORITHM, "neither"},
		{"{\"alg\":\"HS256\"}", AIM_E_ALGORITHM, "neither"},
		{"{\"alg\":\"ES256\"}", AIM_E_ALGORITHM, "neither"},
		{"{\"alg\":\"Ed448\"}", AIM_E_ALGORITHM, "neither"},
		{"{\"alg\":\"eddsa\"}", AIM_E_ALGORITHM, "neither"},
		{"{\"alg\":\"\"}", AIM_E_ALGORITHM, "neither"},
		{"{\"alg\":1}", AIM_E_ENVELOPE, "no alg"},
		{"{}", AIM_E_ENVELOPE, "no alg"},
		{"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", AIM_E_ENVELOPE, "JSON"},
		{"{\"alg\":\"EdDSA\",\"crit\":[\"exp\"]}", AIM_E_UNSUPPORTED, "crit"},
		{"{\"alg\":\"EdDSA\",\"crit\":[]}", AIM_E_UNSUPPORTED, "crit"},
		{"{\"alg\":\"EdDSA\",\"b64\":false}", AIM_E_UNSUPPORTED, "b64"},
		{"{\"alg\":\"EdDSA\",\"b64\":false,\"crit\":[\"b64\"]}", AIM_E_UNSUPPORTED, "crit"},
		{"{\"alg\":\"EdDSA\",\"b64\":1}", AIM_E_ENVELOPE, "b64"},
		{"{\"alg\":\"EdDSA\",\"typ\":1}", AIM_E_ENVELOPE, "typ"},
		{"{\"alg\":\"EdDSA\",\"kid\":[]}", AIM_E_ENVELOPE, "kid"},
		{"[\"EdDSA\"]", AIM_E_ENVELOPE, "object"},
		{"\"EdDSA\"", AIM_E_ENVELOPE, "object"},
		{"", AIM_E_ENVELOPE, "JSON"},
		{"{\"alg\":\"EdDSA\"}x", AIM_E_ENVELOPE, "JSON"},
	};
	aim_buf *out = kit_buf(ctx);
	aim_json *doc = kit_json(ctx, str("{\"alg\":\"old\"}"));
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {0};
		aim_str token = signed_with(rows[i].header, "payload", out);
		aim_status rc = verify(token, NULL, "payload", &err);
		if (rc != rows[i].status || err.status != rc || !strstr(err.message, rows[i].words))
			fail_msg("%s: %s, %s", rows[i].header, aim_status_name(rc), err.message);
		assert_status(aim_jws_header(ctx, token, doc, NULL), rows[i].status);
		assert_int_equal(aim_json_type(doc, AIM_JSON_ROOT), rc == AIM_OK ? AIM_JSON_OBJECT : AIM_JSON_ABSENT);
	}
	aim_json_free(doc);
	aim_buf_free(out);
}

static void test_what_is_no_token(void **state)
{
	static const char *const rows[] = {
		"", ".", "..", "a.b", "....", "eyJhbGciOiJFZERTQSJ9.e30.a.b", "eyJhbGciOiJFZERTQSJ9=.e30.AA",
		"eyJhbGciOiJFZERTQSJ9 .e30.AA", " eyJhbGciOiJFZERTQSJ9.e30.AA", "{\"payload\":\"\"}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (verify(str(rows[i]), NULL, NULL, NULL) != AIM_E_ENVELOPE)
			fail_msg("row %zu", i);
	assert_status(verify(str("eyJhbGciOiJFZERTQSJ9.e30."), NULL, NULL, NULL), AIM_E_SIGNATURE);
	assert_status(verify(str("eyJhbGciOiJFZERTQSJ9.e30.AAAA"), NULL, NULL, NULL), AIM_E_SIGNATURE);
}

static void test_detached(void **state)
{
	aim_jws_options o = options(AIM_JWS_DETACHED, "", "");
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_jws_sign(key, bytes("elsewhere"), &o, out, NULL), AIM_OK);
	assert_non_null(strstr(aim_buf_str(out).ptr, ".."));
	o.payload = bytes("elsewhere");
	assert_status(verify(aim_buf_str(out), &o, "elsewhere", NULL), AIM_OK);
	o.payload = bytes("elsewherf");
	assert_status(verify(aim_buf_str(out), &o, NULL, NULL), AIM_E_SIGNATURE);
	assert_status(verify(aim_buf_str(out), NULL, NULL, NULL), AIM_E_SIGNATURE);
	aim_buf_clear(out);
	assert_status(aim_jws_sign(key, bytes("elsewhere"), NULL, out, NULL), AIM_OK);
	assert_status(verify(aim_buf_str(out), &o, NULL, NULL), AIM_E_ENVELOPE);
	aim_buf_free(out);
}

static void test_every_changed_bit(void **state)
{
	aim_buf *out = kit_buf(ctx);
	char text[512];
	(void)state;
	assert_status(aim_jws_sign(key, bytes("{\"sub\":\"a\"}"), NULL, out, NULL), AIM_OK);
	size_t len = aim_buf_str(out).len;
	memcpy(text, aim_buf_str(out).ptr, len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		if (verify((aim_str){text, len}, NULL, NULL, NULL) == AIM_OK)
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_true(verify((aim_str){text, cut}, NULL, NULL, NULL) != AIM_OK);
	aim_buf_free(out);
}

/* Validly signed, and not what RFC 7515 §5.2 step 7 lets through. */
static void test_payload_must_be_base64url(void **state)
{
	aim_buf *out = kit_buf(ctx);
	uint8_t signature[64];
	(void)state;
	assert_status(aim_buf_append(out, bytes("eyJhbGciOiJFZERTQSJ9.a+b/")), AIM_OK);
	assert_status(kit_sign_raw(key, aim_buf_bytes(out), signature), AIM_OK);
	assert_status(aim_buf_append(out, bytes(".")), AIM_OK);
	assert_status(aim_encoding_encode(AIM_ENCODING_BASE64URL, aim_bytes_from(signature, 64), out), AIM_OK);
	assert_status(verify(aim_buf_str(out), NULL, NULL, NULL), AIM_E_ENVELOPE);
	aim_buf_free(out);
}

static void test_limits(void **state)
{
	static char kid[9000];
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 30};
	aim_jws_options o = options(0, "", "");
	test_heap heap;
	(void)state;
	aim_ctx *small = test_ctx_limits(&heap, &limits);
	aim_key *mine = kit_key(small, AIM_KEY_AGENT, SEED_A);
	aim_buf *out = kit_buf(small);
	assert_status(aim_jws_sign(mine, bytes("0123456789012345678901234567890"), NULL, out, NULL), AIM_E_LIMIT);
	assert_status(aim_jws_sign(key, bytes("012345678901234567890123456789012"), NULL, out, NULL), AIM_OK);
	assert_status(aim_jws_verify(small, &public_key, aim_buf_str(out), NULL, NULL, NULL), AIM_E_LIMIT);
	aim_buf_clear(out);
	memset(kid, 'k', sizeof kid);
	o.key_id = (aim_str){kid, sizeof kid};
	assert_status(aim_jws_sign(key, bytes(""), &o, out, NULL), AIM_E_LIMIT);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	assert_status(verify((aim_str){kid, 8193}, NULL, NULL, NULL), AIM_E_ENVELOPE);
	kid[8193] = kid[8194] = '.';
	assert_status(verify((aim_str){kid, sizeof kid}, NULL, NULL, NULL), AIM_E_LIMIT);
	aim_buf_free(out);
	aim_key_unref(mine);
	test_ctx_done(small, &heap);
}

static void test_misuse(void **state)
{
	aim_jws_options o = options(4, "", "");
	aim_buf *out = kit_buf(ctx);
	aim_key *log = kit_key(ctx, AIM_KEY_LOG, SEED_A);
	(void)state;
	assert_status(aim_jws_sign(key, bytes(""), &o, out, NULL), AIM_E_VERSION);
	o = options(0, "\xff", "");
	assert_status(aim_jws_sign(key, bytes(""), &o, out, NULL), AIM_E_UTF8);
	assert_status(aim_jws_sign(log, bytes(""), NULL, out, NULL), AIM_E_KEY_PURPOSE);
	assert_status(aim_jws_sign(NULL, bytes(""), NULL, out, NULL), AIM_E_INVALID);
	assert_status(aim_jws_verify(ctx, NULL, str("a"), NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_jws_header(ctx, str("a"), NULL, NULL), AIM_E_INVALID);
	o = options(AIM_JWS_DETACHED, "", "");
	o.payload = (aim_bytes){NULL, 3};
	assert_status(verify(str("a"), &o, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_key_unref(log);
	aim_buf_free(out);
}

static void test_claims(void **state)
{
	static const struct {
		const char *claims;
		aim_status status;
		const char *pointer;
	} rows[] = {
		{"{}", AIM_OK, ""},
		{"{\"exp\":1060}", AIM_OK, ""},
		{"{\"exp\":995}", AIM_OK, ""},
		{"{\"exp\":990}", AIM_E_EXPIRED, "/exp"},
		{"{\"exp\":991}", AIM_OK, ""},
		{"{\"exp\":1e3}", AIM_OK, ""},
		{"{\"exp\":1060.5}", AIM_E_TIMESTAMP, "/exp"},
		{"{\"exp\":\"1060\"}", AIM_E_TIMESTAMP, "/exp"},
		{"{\"exp\":-1}", AIM_E_TIMESTAMP, "/exp"},
		{"{\"exp\":null}", AIM_E_TIMESTAMP, "/exp"},
		{"{\"exp\":9223372036854775808}", AIM_E_TIMESTAMP, "/exp"},
		{"{\"exp\":9223372036854775807}", AIM_OK, ""},
		{"{\"nbf\":1010}", AIM_OK, ""},
		{"{\"nbf\":1011}", AIM_E_FUTURE, "/nbf"},
		{"{\"iat\":1011}", AIM_E_FUTURE, "/iat"},
		{"{\"iat\":1}", AIM_OK, ""},
		{"{\"aud\":\"me\"}", AIM_E_CLAIM, "/aud"},
		{"[]", AIM_E_ENVELOPE, ""},
	};
	aim_jws_claims e = {.struct_size = sizeof e, .now_s = 1000, .leeway_s = 10};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {0};
		aim_json *doc = kit_json(ctx, str(rows[i].claims));
		aim_status rc = aim_jws_check_claims(doc, &e, &err);
		if (rc != rows[i].status || strcmp(err.pointer, rows[i].pointer) != 0)
			fail_msg("%s: %s at '%s'", rows[i].claims, aim_status_name(rc), err.pointer);
		aim_json_free(doc);
	}
	e.flags = AIM_JWS_REQUIRE_EXPIRY;
	aim_json *doc = kit_json(ctx, str("{}"));
	assert_status(aim_jws_check_claims(doc, &e, NULL), AIM_E_TIMESTAMP);
	aim_json_free(doc);
}

static aim_status names(const char *claims, const char *issuer, const char *subject, const char *audience)
{
	aim_jws_claims e = {.struct_size = sizeof e};
	aim_json *doc = kit_json(ctx, str(claims));
	e.issuer = str(issuer);
	e.subject = str(subject);
	e.audience = str(audience);
	aim_status rc = aim_jws_check_claims(doc, &e, NULL);
	aim_json_free(doc);
	return rc;
}

static void test_names(void **state)
{
	(void)state;
	assert_status(names("{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\"}", "i", "s", "a"), AIM_OK);
	assert_status(names("{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"b\",\"a\"]}", "i", "s", "a"), AIM_OK);
	assert_status(names("{\"iss\":\"j\",\"sub\":\"s\",\"aud\":\"a\"}", "i", "s", "a"), AIM_E_CLAIM);
	assert_status(names("{\"iss\":\"i\",\"sub\":\"t\",\"aud\":\"a\"}", "i", "s", "a"), AIM_E_CLAIM);
	assert_status(names("{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"b\"]}", "i", "s", "a"), AIM_E_CLAIM);
	assert_status(names("{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[]}", "i", "s", ""), AIM_E_CLAIM);
	assert_status(names("{\"iss\":\"i\",\"sub\":\"s\"}", "i", "s", "a"), AIM_E_CLAIM);
	assert_status(names("{\"iss\":[\"i\"]}", "i", "", ""), AIM_E_CLAIM);
	assert_status(names("{}", "i", "", ""), AIM_E_CLAIM);
	assert_status(names("{}", "", "s", ""), AIM_E_CLAIM);
}

static void test_claims_misuse(void **state)
{
	aim_jws_claims e = {.struct_size = sizeof e, .leeway_s = 3601};
	aim_json *doc = kit_json(ctx, str("{}"));
	(void)state;
	assert_status(aim_jws_check_claims(doc, &e, NULL), AIM_E_INVALID);
	e.leeway_s = -1;
	assert_status(aim_jws_check_claims(doc, &e, NULL), AIM_E_INVALID);
	e.leeway_s = 0;
	e.now_s = INT64_MAX;
	assert_status(aim_jws_check_claims(doc, &e, NULL), AIM_E_INVALID);
	e.now_s = 0;
	e.flags = 2;
	assert_status(aim_jws_check_claims(doc, &e, NULL), AIM_E_VERSION);
	assert_status(aim_jws_check_claims(NULL, &e, NULL), AIM_E_INVALID);
	aim_json_free(doc);
}

static aim_status run(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {1};
	aim_jws_options o = options(0, "JWT", "k"), detached = options(AIM_JWS_DETACHED, "", "");
	aim_key *k = NULL;
	aim_buf *token = NULL, *payload = NULL;
	(void)arg;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &token);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &payload);
	if (rc == AIM_OK)
		rc = aim_jws_sign(k, bytes("{}"), &o, token, NULL);
	if (rc == AIM_OK) {
		aim_public_key p = kit_public(k);
		rc = aim_jws_verify(c, &p, aim_buf_str(token), &o, payload, NULL);
	}
	if (rc == AIM_OK) {
		aim_public_key p = kit_public(k);
		aim_buf_clear(token);
		detached.payload = bytes("elsewhere");
		rc = aim_jws_sign(k, detached.payload, &detached, token, NULL);
		if (rc == AIM_OK)
			rc = aim_jws_verify(c, &p, aim_buf_str(token), &detached, payload, NULL);
	}
	aim_buf_free(token);
	aim_buf_free(payload);
	aim_key_unref(k);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(run, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_written_header),
		cmocka_unit_test(test_missing_type),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_what_is_no_token),
		cmocka_unit_test(test_detached),
		cmocka_unit_test(test_every_changed_bit),
		cmocka_unit_test(test_payload_must_be_base64url),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_claims_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
