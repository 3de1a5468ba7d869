/* DSSE: the standard's vectors and example, exact bytes, thresholds, hints, every changed bit, what is no envelope. */
#include "envelope_kit.h"

#include <aim/dsse.h>

#define TYPE "application/vnd.in-toto+json"

static aim_ctx *ctx;
static aim_key *key_a, *key_b;
static aim_public_key keys[2];

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	key_a = kit_key(ctx, AIM_KEY_AGENT, SEED_A);
	key_b = kit_key(ctx, AIM_KEY_SERVER, SEED_B);
	keys[0] = kit_public(key_a);
	keys[1] = kit_public(key_b);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key_a);
	aim_key_unref(key_b);
	aim_ctx_free(ctx);
	return 0;
}

static aim_dsse_options trust(uint64_t n_keys, uint64_t threshold)
{
	aim_dsse_options o = {.struct_size = sizeof o};
	o.payload_type = str(TYPE);
	o.keys = keys;
	o.n_keys = n_keys;
	o.threshold = threshold;
	return o;
}

/* The payload is handed out on AIM_OK and only then. */
static aim_status verify(aim_str envelope, const aim_dsse_options *o, const char *payload, uint64_t *signers,
                         aim_error *err)
{
	aim_buf *out = kit_buf(ctx);
	assert_status(aim_buf_append(out, bytes("before:")), AIM_OK);
	aim_status rc = aim_dsse_verify(ctx, envelope, o, out, signers, err);
	if (rc != AIM_OK)
		assert_text(aim_buf_str(out), "before:");
	else if (payload) {
		assert_string_equal(aim_buf_str(out).ptr + 7, payload);
	}
	aim_buf_free(out);
	return rc;
}

static void test_pae(void **state)
{
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_dsse_pae(str("http://example.com/HelloWorld"), bytes("hello world"), out), AIM_OK);
	assert_text(aim_buf_str(out), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	aim_buf_clear(out);
	assert_status(aim_dsse_pae(str(""), bytes(""), out), AIM_OK);
	assert_text(aim_buf_str(out), "DSSEv1 0  0 ");
	aim_buf_free(out);
}

static const char golden[] =
	"{\"payload\":\"aGVsbG8gd29ybGQ=\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"keyid\":"
	"\"21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9\",\"sig\":"
	"\"4203l/ZThBlTiadsB6s3Iud5MGtGitTQgxji9O/4TcStQtc94u68vzw6OngSbaVq5RDm5gVrufUNpneSHomcBg==\"}]}";

/* Ed25519 is deterministic: a release that writes other bytes breaks what others have stored. */
static void test_written_bytes(void **state)
{
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_dsse_sign(key_a, str(TYPE), bytes("hello world"), out, NULL), AIM_OK);
	assert_text(aim_buf_str(out), golden);
	aim_dsse_options o = trust(1, 0);
	assert_status(verify(aim_buf_str(out), &o, "hello world", NULL, NULL), AIM_OK);
	aim_buf_free(out);
}

static uint64_t vector_keys(const aim_json *doc, aim_json_value vector, aim_public_key out[2])
{
	uint64_t n = 0;
	aim_json_value v = aim_json_first(doc, aim_json_member(doc, vector, str("trustedKeys")));
	for (; v != AIM_JSON_NONE; v = aim_json_next(doc, v))
		out[n++] = keys[*aim_json_string(doc, v).ptr == 'A' ? 0 : 1];
	return n;
}

static aim_status vector_verify(const aim_json *doc, aim_json_value vector)
{
	aim_public_key trusted[2];
	int64_t threshold = 0;
	aim_buf *payload = kit_buf(ctx), *pae = kit_buf(ctx), *expected = kit_buf(ctx);
	aim_bytes raw = aim_json_raw(doc, aim_json_member(doc, vector, str("envelope")));
	aim_dsse_options o = trust(vector_keys(doc, vector, trusted), 0);
	assert_status(aim_json_int64(doc, aim_json_member(doc, vector, str("threshold")), &threshold), AIM_OK);
	o.keys = trusted;
	o.threshold = (uint64_t)threshold;
	aim_status rc = AIM_E_ENVELOPE;
	aim_json_value type = aim_json_first(doc, aim_json_member(doc, vector, str("supportedPayloadTypes")));
	for (; type != AIM_JSON_NONE && rc != AIM_OK; type = aim_json_next(doc, type)) {
		o.payload_type = aim_json_string(doc, type);
		rc = aim_dsse_verify(ctx, (aim_str){(const char *)raw.ptr, raw.len}, &o, payload, NULL, NULL);
	}
	if (rc == AIM_OK) {
		assert_status(aim_dsse_pae(o.payload_type, aim_buf_bytes(payload), pae), AIM_OK);
		assert_status(aim_encoding_encode(AIM_ENCODING_HEX, aim_buf_bytes(pae), expected), AIM_OK);
		assert_true(aim_str_equal(aim_buf_str(expected),
		                          aim_json_string(doc, aim_json_member(doc, vector, str("pae")))));
	}
	aim_buf_free(payload);
	aim_buf_free(pae);
	aim_buf_free(expected);
	return rc;
}

static void test_vectors(void **state)
{
	char *text = kit_file(TESTS_DIR "/vectors/dsse/vectors.json");
	aim_json *doc = kit_json(ctx, str(text));
	int n = 0;
	(void)state;
	aim_json_value v = aim_json_first(doc, aim_json_member(doc, AIM_JSON_ROOT, str("vectors")));
	for (; v != AIM_JSON_NONE; v = aim_json_next(doc, v), n++) {
		aim_str expect = aim_json_string(doc, aim_json_member(doc, v, str("expect")));
		if ((vector_verify(doc, v) == AIM_OK) != aim_str_equal(expect, str("accept")))
			fail_msg("vector %d is to be %.*sed", n, (int)expect.len, expect.ptr);
	}
	assert_int_equal(n, 9);
	aim_json_free(doc);
	free(text);
}

/* One more signature on what the other has signed; unknown members stay. */
static void test_two_signers(void **state)
{
	aim_buf *one = kit_buf(ctx), *two = kit_buf(ctx), *three = kit_buf(ctx);
	uint64_t signers = 7;
	aim_error err = {0};
	aim_dsse_options both = trust(2, 2), any = trust(2, 1);
	(void)state;
	assert_status(aim_dsse_sign(key_b, str(TYPE), bytes("{}"), one, NULL), AIM_OK);
	assert_status(verify(aim_buf_str(one), &both, NULL, &signers, &err), AIM_E_THRESHOLD);
	assert_int_equal(signers, 0);
	assert_non_null(strstr(err.message, "by 1 of the keys; 2 are needed"));
	assert_status(verify(aim_buf_str(one), &any, "{}", &signers, NULL), AIM_OK);
	assert_int_equal(signers, 2);
	char *extended = kit_replaced(aim_buf_str(one).ptr, "\"signatures\"", "\"hint\":[1],\"signatures\"");
	assert_status(aim_dsse_add_signature(key_a, str(extended), two, NULL), AIM_OK);
	assert_non_null(strstr(aim_buf_str(two).ptr, "\"hint\":[1],"));
	assert_status(verify(aim_buf_str(two), &both, "{}", &signers, &err), AIM_OK);
	assert_int_equal(signers, 3);
	assert_int_equal(err.status, AIM_OK);
	assert_status(aim_dsse_add_signature(key_a, aim_buf_str(two), three, NULL), AIM_E_EXISTS);
	assert_int_equal(aim_buf_bytes(three).len, 0);
	free(extended);
	aim_buf_free(one);
	aim_buf_free(two);
	aim_buf_free(three);
}

/* The hint decides nothing: without it, with a stranger's or with free text the signature is found; naming another
 * trusted key only hides it. */
static void test_keyid_is_a_hint(void **state)
{
	static const char own[] = "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9";
	aim_dsse_options o = trust(2, 1);
	char other[AIM_KEY_ID_SIZE];
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_dsse_sign(key_a, str(TYPE), bytes("hi"), out, NULL), AIM_OK);
	assert_status(aim_key_id(ctx, &keys[1], other), AIM_OK);
	char *stranger = kit_replaced(aim_buf_str(out).ptr, own, "release key");
	assert_status(verify(str(stranger), &o, "hi", NULL, NULL), AIM_OK);
	char *wrong = kit_replaced(aim_buf_str(out).ptr, own, other);
	assert_status(verify(str(wrong), &o, NULL, NULL, NULL), AIM_E_SIGNATURE);
	other[0] = other[0] == 'a' ? 'b' : 'a';
	char *unknown = kit_replaced(aim_buf_str(out).ptr, own, other);
	assert_status(verify(str(unknown), &o, "hi", NULL, NULL), AIM_OK);
	free(stranger);
	free(wrong);
	free(unknown);
	aim_buf_free(out);
}

static void test_another_key_is_refused(void **state)
{
	aim_dsse_options o = trust(1, 1);
	aim_buf *out = kit_buf(ctx);
	aim_error err = {0};
	(void)state;
	assert_status(aim_dsse_sign(key_b, str(TYPE), bytes("hi"), out, NULL), AIM_OK);
	assert_status(verify(aim_buf_str(out), &o, NULL, NULL, &err), AIM_E_SIGNATURE);
	assert_non_null(strstr(err.message, "no valid signature"));
	o.payload_type = str("text/plain");
	assert_status(verify(aim_buf_str(out), &o, NULL, NULL, &err), AIM_E_ENVELOPE);
	assert_string_equal(err.pointer, "/payloadType");
	aim_buf_free(out);
}

/* No single bit of an envelope may change and leave another payload, type or signer behind. */
static void test_every_changed_bit(void **state)
{
	aim_dsse_options o = trust(1, 1);
	aim_buf *out = kit_buf(ctx);
	char text[1024];
	(void)state;
	assert_status(aim_dsse_sign(key_a, str(TYPE), bytes("transfer 10"), out, NULL), AIM_OK);
	size_t len = aim_buf_str(out).len;
	const char *keyid = strstr(aim_buf_str(out).ptr, "keyid");
	size_t hint = (size_t)(keyid - aim_buf_str(out).ptr);
	memcpy(text, aim_buf_str(out).ptr, len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		aim_status rc = verify((aim_str){text, len}, &o, "transfer 10", NULL, NULL);
		/* Only the hint may differ. */
		if (rc == AIM_OK && (bit / 8 < hint || bit / 8 > hint + 6 + 2 + 64))
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
	}
	aim_buf_free(out);
}

static void test_what_is_no_envelope(void **state)
{
	static const struct {
		const char *text;
		const char *pointer;
	} rows[] = {
		{"", ""},
		{"[]", ""},
		{"{}", ""},
		{"{\"payload\":\"\",\"payloadType\":\"" TYPE "\"}", ""},
		{"{\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":[]}", ""},
		{"{\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":{}}", ""},
		{"{\"payload\":1,\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}]}", ""},
		{"{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"\"}]}", ""},
		{"{\"payload\":\"\",\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}]}",
		 "/payload"},
		{"{\"payload\":\"aGk\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}]}", "/payload"},
		{"{\"payload\":\"aGk=\\n\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}]}", "/payload"},
		{"{\"payload\":\"aGl=\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}]}", "/payload"},
		{"{\"payload\":\"+_+_\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}]}", "/payload"},
		{"{\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":[{}]}", "/signatures/0"},
		{"{\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":[7]}", "/signatures/0"},
		{"{\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\",\"keyid\":7}]}",
		 "/signatures/0/keyid"},
	};
	aim_dsse_options o = trust(1, 1);
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {0};
		aim_status rc = verify(str(rows[i].text), &o, NULL, NULL, &err);
		if (rc != AIM_E_ENVELOPE || err.status != rc || strcmp(err.pointer, rows[i].pointer) != 0)
			fail_msg("row %zu: %s at '%s'", i, err.message, err.pointer);
	}
	/* Signatures of other algorithms are nobody's, and no error of form. */
	assert_status(verify(str("{\"payload\":\"\",\"payloadType\":\"" TYPE
	                         "\",\"signatures\":[{\"sig\":\"\"},{\"sig\":\"AAAA\"}]}"),
	                     &o, NULL, NULL, NULL),
	              AIM_E_SIGNATURE);
}

static void test_limits(void **state)
{
	char many[2048] = "{\"payload\":\"\",\"payloadType\":\"" TYPE "\",\"signatures\":[{\"sig\":\"\"}";
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 10};
	aim_dsse_options o = trust(1, 1);
	test_heap heap;
	char type[300];
	(void)state;
	aim_ctx *small = test_ctx_limits(&heap, &limits);
	aim_buf *out = kit_buf(small);
	aim_key *key = kit_key(small, AIM_KEY_AGENT, SEED_A);
	assert_status(aim_dsse_sign(key, str(TYPE), bytes("0123456789"), out, NULL), AIM_OK);
	assert_status(aim_dsse_sign(key, str(TYPE), bytes("0123456789a"), out, NULL), AIM_E_LIMIT);
	memset(type, 'x', sizeof type);
	assert_status(aim_dsse_sign(key, (aim_str){type, 257}, bytes(""), out, NULL), AIM_E_LIMIT);
	aim_buf_clear(out);
	assert_status(aim_dsse_sign(key_a, str(TYPE), bytes("0123456789a"), out, NULL), AIM_OK);
	aim_buf *payload = kit_buf(small);
	assert_status(aim_dsse_verify(small, aim_buf_str(out), &o, payload, NULL, NULL), AIM_E_LIMIT);
	for (int i = 0; i < 16; i++)
		strcat(many, ",{\"sig\":\"\"}");
	strcat(many, "]}");
	assert_status(verify(str(many), &o, NULL, NULL, NULL), AIM_E_LIMIT);
	aim_buf_free(payload);
	aim_buf_free(out);
	aim_key_unref(key);
	test_ctx_done(small, &heap);
}

static void test_options(void **state)
{
	aim_dsse_options o = trust(2, 3);
	aim_public_key twice[2] = {keys[0], keys[0]};
	(void)state;
	assert_status(verify(str("{}"), &o, NULL, NULL, NULL), AIM_E_INVALID);
	o = trust(0, 0);
	assert_status(verify(str("{}"), &o, NULL, NULL, NULL), AIM_E_INVALID);
	o = trust(2, 1);
	o.keys = twice;
	assert_status(verify(str("{}"), &o, NULL, NULL, NULL), AIM_E_INVALID);
	o = trust(1, 1);
	o.payload_type = str("");
	assert_status(verify(str("{}"), &o, NULL, NULL, NULL), AIM_E_INVALID);
	o = trust(1, 1);
	o.flags = 1;
	assert_status(verify(str("{}"), &o, NULL, NULL, NULL), AIM_E_VERSION);
	o = trust(1, 1);
	o.struct_size = 8;
	assert_status(verify(str("{}"), &o, NULL, NULL, NULL), AIM_E_INVALID);
	o = trust(1, 1);
	assert_status(aim_dsse_verify(ctx, str("{}"), &o, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_dsse_verify(ctx, str("{}"), NULL, NULL, NULL, NULL), AIM_E_INVALID);
}

static void test_purposes(void **state)
{
	aim_buf *out = kit_buf(ctx);
	aim_key *log = kit_key(ctx, AIM_KEY_LOG, SEED_A);
	(void)state;
	assert_status(aim_dsse_sign(log, str(TYPE), bytes(""), out, NULL), AIM_E_KEY_PURPOSE);
	assert_status(aim_dsse_sign(key_a, str("\xff"), bytes(""), out, NULL), AIM_E_UTF8);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_key_unref(log);
	aim_buf_free(out);
}

/* The second time only the reading is done again. */
static void test_cache(void **state)
{
	aim_verifycache *cache = NULL;
	aim_dsse_options o = trust(1, 1);
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_verifycache_new(ctx, NULL, &cache, NULL), AIM_OK);
	o.cache = cache;
	o.generation = 4;
	assert_status(aim_dsse_sign(key_a, str(TYPE), bytes("hi"), out, NULL), AIM_OK);
	assert_status(verify(aim_buf_str(out), &o, "hi", NULL, NULL), AIM_OK);
	assert_status(verify(aim_buf_str(out), &o, "hi", NULL, NULL), AIM_OK);
	assert_int_equal(aim_verifycache_count(cache), 1);
	char *other = kit_replaced(aim_buf_str(out).ptr, "aGk=", "aGo=");
	assert_status(verify(str(other), &o, NULL, NULL, NULL), AIM_E_SIGNATURE);
	assert_int_equal(aim_verifycache_count(cache), 1);
	free(other);
	aim_verifycache_free(cache);
	aim_buf_free(out);
}

static aim_status run(aim_ctx *c, void *arg)
{
	aim_dsse_options o = trust(2, 2);
	aim_buf *one = NULL, *two = NULL, *payload = NULL;
	aim_verifycache *cache = NULL;
	aim_key *a = NULL, *b = NULL;
	(void)arg;
	static const uint8_t seed[2][32] = {{1}, {2}};
	aim_public_key mine[2];
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed[0], 32), &a, NULL);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed[1], 32), &b, NULL);
	if (rc == AIM_OK)
		rc = aim_verifycache_new(c, NULL, &cache, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &one);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &two);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &payload);
	if (rc == AIM_OK)
		rc = aim_dsse_sign(a, str(TYPE), bytes("some payload"), one, NULL);
	if (rc == AIM_OK)
		rc = aim_dsse_add_signature(b, aim_buf_str(one), two, NULL);
	if (rc == AIM_OK) {
		mine[0] = kit_public(a);
		mine[1] = kit_public(b);
		o.keys = mine;
		o.cache = cache;
		rc = aim_dsse_verify(c, aim_buf_str(two), &o, payload, NULL, NULL);
	}
	aim_buf_free(one);
	aim_buf_free(two);
	aim_buf_free(payload);
	aim_verifycache_free(cache);
	aim_key_unref(a);
	aim_key_unref(b);
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
		cmocka_unit_test(test_pae),
		cmocka_unit_test(test_written_bytes),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_two_signers),
		cmocka_unit_test(test_keyid_is_a_hint),
		cmocka_unit_test(test_another_key_is_refused),
		cmocka_unit_test(test_every_changed_bit),
		cmocka_unit_test(test_what_is_no_envelope),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_purposes),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
