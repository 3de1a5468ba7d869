/* eddsa-jcs-2022: the standard's vectors step by step, contexts, keys and methods, what is expected of a proof, every
 * changed bit. */
#include "envelope_kit.h"

#include "evidence/dataintegrity.h"

#include <aim/keyform.h>

#define VECTORS TESTS_DIR "/vectors/vc-di-eddsa/"
#define CREATED INT64_C(1677281798) /* 2023-02-24T23:36:38Z */

static aim_ctx *ctx;
static aim_key *key; /* of the vectors */
static aim_public_key public_key, other_key;

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	char *seed = kit_file(VECTORS "seed.hex");
	key = kit_key(ctx, AIM_KEY_AGENT, seed);
	free(seed);
	public_key = kit_public(key);
	aim_key *other = kit_key(ctx, AIM_KEY_AGENT, SEED_B);
	other_key = kit_public(other);
	aim_key_unref(other);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

static aim_dataintegrity_expected expect(void)
{
	aim_dataintegrity_expected e = {.struct_size = sizeof e, .now_s = CREATED + 60};
	e.keys = &public_key;
	e.n_keys = 1;
	return e;
}

static aim_status verify(const char *text, const aim_dataintegrity_expected *e, aim_error *err)
{
	aim_json *doc = NULL;
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	aim_status rc = aim_json_parse(doc, bytes(text), 0, NULL);
	if (rc == AIM_OK)
		rc = aim_dataintegrity_verify(ctx, doc, e, NULL, err);
	aim_json_free(doc);
	return rc;
}

static char *sign(const char *text, const aim_dataintegrity_options *o)
{
	aim_json *doc = kit_json(ctx, str(text));
	aim_buf *out = kit_buf(ctx);
	assert_status(aim_dataintegrity_sign(key, doc, o, out, NULL), AIM_OK);
	char *copy = kit_replaced(aim_buf_str(out).ptr, "", "");
	aim_buf_free(out);
	aim_json_free(doc);
	return copy;
}

static void assert_same_json(const char *a, const char *b)
{
	aim_json *left = kit_json(ctx, str(a)), *right = kit_json(ctx, str(b));
	aim_buf *one = kit_buf(ctx), *two = kit_buf(ctx);
	assert_status(aim_json_canonicalize(left, AIM_JSON_ROOT, 0, one, NULL), AIM_OK);
	assert_status(aim_json_canonicalize(right, AIM_JSON_ROOT, 0, two, NULL), AIM_OK);
	assert_string_equal(aim_buf_str(one).ptr, aim_buf_str(two).ptr);
	aim_buf_free(one);
	aim_buf_free(two);
	aim_json_free(left);
	aim_json_free(right);
}

/* Appendix B: canonical forms, both hashes, the signed document. */
static void test_vectors(void **state)
{
	char *unsecured = kit_file(VECTORS "unsecured.json"), *secured = kit_file(VECTORS "secured.json");
	char *document = kit_file(VECTORS "document.jcs"), *options = kit_file(VECTORS "proof.jcs");
	char *hash = kit_file(VECTORS "hash.hex");
	aim_json *doc = kit_json(ctx, str(secured));
	aim_json_value proof = aim_json_member(doc, AIM_JSON_ROOT, str("proof"));
	aim_dataintegrity_options o = {.struct_size = sizeof o, .created_s = CREATED};
	aim__dataintegrity_hashes h, again;
	(void)state;
	assert_status(aim__dataintegrity_hash_text(ctx, bytes(options), h.options, NULL), AIM_OK);
	assert_status(aim__dataintegrity_hash_text(ctx, bytes(document), h.document, NULL), AIM_OK);
	aim_buf *expected = kit_hex(ctx, hash);
	assert_memory_equal(aim_buf_bytes(expected).ptr, &h, sizeof h);
	assert_status(aim__dataintegrity_hash(doc, proof, "proofValue", AIM_JSON_NONE, again.options, NULL), AIM_OK);
	assert_status(aim__dataintegrity_hash(doc, AIM_JSON_ROOT, "proof", AIM_JSON_NONE, again.document, NULL), AIM_OK);
	assert_memory_equal(&again, &h, sizeof h);
	char *mine = sign(unsecured, &o);
	assert_same_json(mine, secured);
	aim_dataintegrity_expected e = expect();
	assert_status(verify(secured, &e, NULL), AIM_OK);
	aim_buf_free(expected);
	aim_json_free(doc);
	free(mine);
	free(hash);
	free(options);
	free(document);
	free(secured);
	free(unsecured);
}

/* The same key named by an https URL: the caller brings it. */
static void test_other_methods(void **state)
{
	char *secured = kit_file(VECTORS "secured-https.json");
	aim_public_key keys[2] = {other_key, public_key};
	aim_dataintegrity_expected e = expect();
	aim_error err = {0};
	(void)state;
	assert_status(verify(secured, &e, NULL), AIM_OK);
	e.keys = keys;
	e.n_keys = 2;
	e.verification_method = str("https://vc.example/issuers/5678#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2");
	assert_status(verify(secured, &e, &err), AIM_OK);
	assert_int_equal(err.status, AIM_OK);
	e.n_keys = 1;
	assert_status(verify(secured, &e, &err), AIM_E_SIGNATURE);
	e.verification_method = str("https://vc.example/issuers/5678");
	assert_status(verify(secured, &e, &err), AIM_E_CLAIM);
	e = expect();
	e.flags = AIM_DATAINTEGRITY_ANY_KEY;
	e.n_keys = 0;
	assert_status(verify(secured, &e, &err), AIM_E_UNTRUSTED_KEY);
	free(secured);
}

static void test_what_it_says(void **state)
{
	aim_dataintegrity_options o = {.struct_size = sizeof o, .created_s = CREATED, .expires_s = CREATED + 3600};
	aim_dataintegrity_expected e = expect();
	aim_dataintegrity_proof proof = {.struct_size = sizeof proof};
	(void)state;
	e.flags = AIM_DATAINTEGRITY_ANY_KEY;
	e.keys = NULL;
	e.n_keys = 0;
	char *text = sign("{\"a\":1}", &o);
	assert_string_equal(text, "{\"a\":1,\"proof\":{\"created\":\"2023-02-24T23:36:38Z\",\"cryptosuite\":\"eddsa-jcs-2022\","
	                          "\"expires\":\"2023-02-25T00:36:38Z\",\"proofPurpose\":\"assertionMethod\",\"proofValue\":"
	                          "\"zzsr4eJPzdAbaAoDyTYABnkLbDzC97m3nVVasuBRc3gHPWWfhjfWr5Kk7U4QKvmNSu4K38QsMBgE8hoD3oL4ao4n\",\"type\":\"DataIntegrityProof\",\"verificationMethod\":"
	                          "\"did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	                          "#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2\"}}");
	aim_json *doc = kit_json(ctx, str(text));
	assert_status(aim_dataintegrity_verify(ctx, doc, &e, &proof, NULL), AIM_OK);
	assert_int_equal(proof.created_s, CREATED);
	assert_int_equal(proof.expires_s, CREATED + 3600);
	assert_memory_equal(&proof.public_key, &public_key, sizeof public_key);
	assert_int_equal(proof.verification_method.len, 8 + 48 + 1 + 48);
	e.now_s = CREATED + 3600;
	assert_status(aim_dataintegrity_verify(ctx, doc, &e, &proof, NULL), AIM_E_EXPIRED);
	assert_int_equal(proof.created_s, 0);
	assert_int_equal(proof.verification_method.len, 0);
	e.now_s = CREATED - 300;
	assert_status(aim_dataintegrity_verify(ctx, doc, &e, &proof, NULL), AIM_OK);
	e.now_s = CREATED - 301;
	assert_status(aim_dataintegrity_verify(ctx, doc, &e, &proof, NULL), AIM_E_FUTURE);
	aim_json_free(doc);
	free(text);
}

/* Who it is for is part of what is signed. */
static void test_purpose_domain_challenge(void **state)
{
	aim_dataintegrity_options o = {.struct_size = sizeof o, .purpose = str("authentication"), .domain = str("a.example"),
	                               .challenge = str("c-1")};
	aim_dataintegrity_expected e = expect();
	(void)state;
	char *text = sign("{}", &o);
	assert_status(verify(text, &e, NULL), AIM_E_CLAIM);
	e.purpose = str("authentication");
	assert_status(verify(text, &e, NULL), AIM_OK);
	e.domain = str("a.example");
	e.challenge = str("c-1");
	assert_status(verify(text, &e, NULL), AIM_OK);
	e.domain = str("b.example");
	assert_status(verify(text, &e, NULL), AIM_E_CLAIM);
	e.domain = str("");
	e.challenge = str("c-2");
	assert_status(verify(text, &e, NULL), AIM_E_CLAIM);
	e.challenge = str("");
	char *moved = kit_replaced(text, "a.example", "b.example");
	assert_status(verify(moved, &e, NULL), AIM_E_SIGNATURE);
	e.domain = str("a.example");
	char *list = kit_replaced(text, "\"a.example\"", "[\"b.example\",\"a.example\"]");
	assert_status(verify(list, &e, NULL), AIM_E_SIGNATURE); /* found in the list; not what was signed */
	free(list);
	free(moved);
	free(text);
	o = (aim_dataintegrity_options){.struct_size = sizeof o};
	text = sign("{}", &o);
	e = expect();
	e.domain = str("a.example");
	assert_status(verify(text, &e, NULL), AIM_E_CLAIM);
	e = expect();
	e.challenge = str("c");
	assert_status(verify(text, &e, NULL), AIM_E_CLAIM);
	free(text);
}

static void test_keys(void **state)
{
	aim_dataintegrity_expected e = expect();
	aim_error err = {0};
	(void)state;
	char *text = sign("{\"a\":1}", NULL);
	e.keys = &other_key;
	assert_status(verify(text, &e, &err), AIM_E_UNTRUSTED_KEY);
	assert_string_equal(err.pointer, "/proof/verificationMethod");
	e.flags = AIM_DATAINTEGRITY_ANY_KEY;
	assert_status(verify(text, &e, NULL), AIM_OK);
	char *fragment = kit_replaced(text, "TQ2#z6Mk", "TQ2#z6Ml");
	assert_status(verify(fragment, &e, NULL), AIM_E_ENVELOPE);
	char *none = kit_replaced(text, "#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", "");
	assert_status(verify(none, &e, NULL), AIM_E_ENVELOPE);
	free(none);
	free(fragment);
	free(text);
}

static void test_context(void **state)
{
	static const struct {
		const char *context;
		aim_status status;
	} rows[] = {
		{"[\"https://a.example\",{\"b\":1,\"c\":2}]", AIM_OK},
		{"[\"https://a.example\",{\"c\":2,\"b\":1.0}]", AIM_OK}, /* the same value */
		{"[\"https://a.example\",{\"b\":1,\"c\":2},\"https://more.example\"]", AIM_OK},
		{"[\"https://a.example\"]", AIM_E_ENVELOPE},
		{"\"https://a.example\"", AIM_E_ENVELOPE},
		{"[{\"b\":1,\"c\":2},\"https://a.example\"]", AIM_E_ENVELOPE},
		{"[\"https://a.example\",{\"b\":1,\"c\":3}]", AIM_E_ENVELOPE},
		{"[]", AIM_E_ENVELOPE},
		{"null", AIM_E_ENVELOPE},
	};
	aim_dataintegrity_expected e = expect();
	(void)state;
	char *text = sign("{\"@context\":[\"https://a.example\",{\"b\":1,\"c\":2}],\"d\":4}", NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *changed = kit_replaced(text, "[\"https://a.example\",{\"b\":1,\"c\":2}]", rows[i].context);
		if (verify(changed, &e, NULL) != rows[i].status)
			fail_msg("%s", rows[i].context);
		free(changed);
	}
	char *without = kit_replaced(text, "\"@context\":[\"https://a.example\",{\"b\":1,\"c\":2}],\"d\"", "\"d\"");
	assert_status(verify(without, &e, NULL), AIM_E_ENVELOPE);
	free(without);
	free(text);
	/* One context as a text. */
	text = sign("{\"@context\":\"https://a.example\"}", NULL);
	char *list = kit_replaced(text, "\"https://a.example\"", "[\"https://a.example\"]");
	assert_status(verify(text, &e, NULL), AIM_OK);
	assert_status(verify(list, &e, NULL), AIM_OK);
	free(list);
	free(text);
}

static void test_every_changed_bit(void **state)
{
	aim_dataintegrity_options o = {.struct_size = sizeof o, .created_s = CREATED};
	aim_dataintegrity_expected e = expect();
	(void)state;
	char *text = sign("{\"@context\":\"x\",\"n\":[1,2.5],\"s\":\"t\xc3\xa4xt\",\"t\":true}", &o);
	size_t len = strlen(text);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		if (strlen(text) == len && verify(text, &e, NULL) == AIM_OK)
			fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8, text);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
	}
	assert_status(verify(text, &e, NULL), AIM_OK);
	free(text);
}

/* Order of members, white space and escapes are not what is signed. */
static void test_written_otherwise(void **state)
{
	aim_dataintegrity_expected e = expect();
	(void)state;
	char *text = sign("{\"b\":\"x\",\"a\":10}", NULL);
	char *moved = kit_replaced(text, "\"b\":\"x\",\"a\":10,", " \"a\" : 1e1,\n\"b\":\"\\u0078\",");
	assert_status(verify(moved, &e, NULL), AIM_OK);
	free(moved);
	free(text);
}

static void test_what_is_no_proof(void **state)
{
	static const struct {
		const char *from, *to;
		aim_status status;
	} rows[] = {
		{"DataIntegrityProof", "Ed25519Signature2020", AIM_E_ALGORITHM},
		{"eddsa-jcs-2022", "eddsa-rdfc-2022", AIM_E_ALGORITHM},
		{"\"cryptosuite\"", "\"suite\"", AIM_E_ALGORITHM},
		{"\"proofValue\":\"z", "\"proofValue\":\"u", AIM_E_ENVELOPE},
		{"\"proofValue\":\"z", "\"proofValue\":\"z0", AIM_E_ENVELOPE},
		{"\"proofValue\":\"z", "\"proofValue\":\"z1", AIM_E_ENVELOPE},
		{"\"proofValue\"", "\"value\"", AIM_E_ENVELOPE},
		{"\"verificationMethod\"", "\"method\"", AIM_E_ENVELOPE},
		{"\"type\"", "\"previousProof\":\"urn:x\",\"type\"", AIM_E_UNSUPPORTED},
		{"\"type\"", "\"created\":\"yesterday\",\"type\"", AIM_E_TIMESTAMP},
		{"\"type\"", "\"created\":1,\"type\"", AIM_E_TIMESTAMP},
		{"\"type\"", "\"expires\":\"\",\"type\"", AIM_E_TIMESTAMP},
		{"\"type\"", "\"id\":\"urn:x\",\"type\"", AIM_E_SIGNATURE},
		{"\"a\":1", "\"a\":9007199254740993", AIM_E_JSON_NUMBER},
		{"\"proof\":{", "\"proof\":[],\"old\":{", AIM_E_UNSUPPORTED},
		{"\"proof\":{", "\"proof\":1,\"old\":{", AIM_E_ENVELOPE},
		{"\"proof\":{", "\"old\":{", AIM_E_ENVELOPE},
	};
	aim_dataintegrity_expected e = expect();
	(void)state;
	char *text = sign("{\"a\":1}", NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {0};
		char *changed = kit_replaced(text, rows[i].from, rows[i].to);
		aim_status rc = verify(changed, &e, &err);
		if (rc != rows[i].status || err.status != rc)
			fail_msg("%s: %s, %s", rows[i].to, aim_status_name(rc), err.message);
		free(changed);
	}
	assert_status(verify("[]", &e, NULL), AIM_E_ENVELOPE);
	free(text);
}

static void test_sign_refuses(void **state)
{
	aim_dataintegrity_options o = {.struct_size = sizeof o, .flags = 1};
	aim_buf *out = kit_buf(ctx);
	aim_json *object = kit_json(ctx, str("{}")), *list = kit_json(ctx, str("[]"));
	aim_json *has = kit_json(ctx, str("{\"proof\":null}")), *big = kit_json(ctx, str("{\"n\":9007199254740993}"));
	aim_key *log = kit_key(ctx, AIM_KEY_LOG, SEED_A);
	(void)state;
	assert_status(aim_dataintegrity_sign(key, object, &o, out, NULL), AIM_E_VERSION);
	o.flags = 0;
	o.created_s = INT64_MAX;
	assert_status(aim_dataintegrity_sign(key, object, &o, out, NULL), AIM_E_INVALID);
	o.created_s = 0;
	o.domain = str("\xff");
	assert_status(aim_dataintegrity_sign(key, object, &o, out, NULL), AIM_E_UTF8);
	assert_status(aim_dataintegrity_sign(key, list, NULL, out, NULL), AIM_E_ENVELOPE);
	assert_status(aim_dataintegrity_sign(key, has, NULL, out, NULL), AIM_E_EXISTS);
	assert_status(aim_dataintegrity_sign(key, big, NULL, out, NULL), AIM_E_JSON_NUMBER);
	assert_status(aim_dataintegrity_sign(log, object, NULL, out, NULL), AIM_E_KEY_PURPOSE);
	assert_status(aim_dataintegrity_sign(NULL, object, NULL, out, NULL), AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_dataintegrity_expected e = expect();
	e.n_keys = 0;
	assert_status(aim_dataintegrity_verify(ctx, object, &e, NULL, NULL), AIM_E_INVALID);
	e = expect();
	e.flags = 2;
	assert_status(aim_dataintegrity_verify(ctx, object, &e, NULL, NULL), AIM_E_VERSION);
	assert_status(aim_dataintegrity_verify(ctx, object, NULL, NULL, NULL), AIM_E_INVALID);
	aim_key_unref(log);
	aim_json_free(object);
	aim_json_free(list);
	aim_json_free(has);
	aim_json_free(big);
	aim_buf_free(out);
}

static aim_status run(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {1};
	aim_dataintegrity_expected e = {.struct_size = sizeof e, .now_s = CREATED};
	aim_key *k = NULL;
	aim_buf *out = NULL;
	aim_json *doc = NULL;
	(void)arg;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &out);
	if (rc == AIM_OK)
		rc = aim_json_new(c, &doc);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, bytes("{\"@context\":[\"a\",{}],\"b\":[1,2,3]}"), 0, NULL);
	if (rc == AIM_OK)
		rc = aim_dataintegrity_sign(k, doc, NULL, out, NULL);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, aim_buf_bytes(out), 0, NULL);
	if (rc == AIM_OK) {
		aim_public_key p = kit_public(k);
		e.keys = &p;
		e.n_keys = 1;
		rc = aim_dataintegrity_verify(c, doc, &e, NULL, NULL);
	}
	aim_json_free(doc);
	aim_buf_free(out);
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
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_other_methods),
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_purpose_domain_challenge),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_every_changed_bit),
		cmocka_unit_test(test_written_otherwise),
		cmocka_unit_test(test_what_is_no_proof),
		cmocka_unit_test(test_sign_refuses),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
