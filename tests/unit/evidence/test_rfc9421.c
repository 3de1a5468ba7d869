/* HTTP signatures: what the defaults cover, what a policy refuses, replay, several signatures, responses bound to
 * requests, malformed fields, components that cannot be covered, memory. */
#include "http_kit.h"

#include "base/buf.h"

#include <aim/contentdigest.h>
#include <aim/keyform.h>

#define NOW 1764000000
#define ROOM 16

static aim_ctx *ctx;
static aim_key *key, *other_key;
static aim_public_key public_key, other_public;
static const char body_text[] = "{\"amount\": 10}";

/* A message with room for fields that are made later. */
typedef struct mail {
	aim_rfc9421_message message;
	aim_rfc9421_field fields[ROOM];
	char text[ROOM][512];
} mail;

static mail request, response;

static int setup(void **state)
{
	static const uint8_t seed[32] = {9, 4, 2, 1}, other_seed[32] = {7};
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_SERVER, aim_bytes_from(other_seed, 32), &other_key, NULL), AIM_OK);
	aim_key_public(key, &public_key);
	aim_key_public(other_key, &other_public);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_key_unref(other_key);
	aim_ctx_free(ctx);
	return 0;
}

static void add_field(mail *m, const char *name, aim_str value)
{
	const size_t i = m->message.n_fields++;
	assert_true(i < ROOM && value.len < sizeof m->text[0]);
	memcpy(m->text[i], value.ptr, value.len);
	m->text[i][value.len] = '\0';
	m->fields[i] = (aim_rfc9421_field){aim_str_from(name), {m->text[i], value.len}, 0, 0};
}

static void add_digest(mail *m)
{
	aim_buf *value = NULL;
	assert_status(aim_buf_new(ctx, &value), AIM_OK);
	assert_status(aim_contentdigest_make(ctx, m->message.body, value), AIM_OK);
	add_field(m, "Content-Digest", aim_buf_str(value));
	aim_buf_free(value);
}

static void begin(mail *m)
{
	memset(m, 0, sizeof *m);
	m->message.struct_size = sizeof m->message;
	m->message.fields = m->fields;
}

static void begin_request(mail *m)
{
	begin(m);
	m->message.method = aim_str_from("POST");
	m->message.scheme = aim_str_from("https");
	m->message.authority = aim_str_from("pay.example");
	m->message.path = aim_str_from("/transfer");
	m->message.query = aim_str_from("to=ana");
	m->message.body = aim_bytes_from(body_text, sizeof body_text - 1);
	add_digest(m);
}

static void begin_response(mail *m, const mail *answered)
{
	begin(m);
	m->message.status = 200;
	m->message.body = aim_bytes_from("done", 4);
	m->message.request = answered ? &answered->message : NULL;
	add_digest(m);
}

/* Signs and adds the two fields. */
static aim_status sign(const aim_key *with, mail *m, const aim_rfc9421_sign_options *options, aim_error *err)
{
	aim_rfc9421_sign_options o = {.struct_size = sizeof o};
	aim_buf *input = NULL, *signature = NULL;
	if (options)
		o = *options;
	if (o.created_s == 0 && !(o.flags & AIM_RFC9421_NO_CREATED))
		o.created_s = NOW;
	assert_status(aim_buf_new(ctx, &input), AIM_OK);
	assert_status(aim_buf_new(ctx, &signature), AIM_OK);
	aim_status rc = aim_rfc9421_sign(with, &m->message, &o, input, signature, err);
	if (rc == AIM_OK) {
		add_field(m, "Signature-Input", aim_buf_str(input));
		add_field(m, "Signature", aim_buf_str(signature));
	} else {
		assert_int_equal(input->len + signature->len, 0);
	}
	aim_buf_free(input);
	aim_buf_free(signature);
	return rc;
}

static aim_status verify_as(const mail *m, const aim_public_key *by, aim_rfc9421_policy policy, aim_error *err)
{
	policy.struct_size = sizeof policy;
	if (policy.now_s == 0)
		policy.now_s = NOW;
	return aim_rfc9421_verify(ctx, &m->message, by, &policy, err);
}

static aim_status verify(const mail *m)
{
	return verify_as(m, &public_key, (aim_rfc9421_policy){0}, NULL);
}

/* ---- defaults ---- */

static void test_default_cover(void **state)
{
	aim_rfc9421 *signatures = NULL;
	aim_rfc9421_info info = {.struct_size = sizeof info};
	char thumbprint[AIM_KEYFORM_THUMBPRINT_SIZE];
	(void)state;
	begin_request(&request);
	assert_status(sign(key, &request, NULL, NULL), AIM_OK);
	assert_ptr_equal(strstr(request.text[1], "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created=1764000000;keyid="),
	                 request.text[1]);
	assert_status(verify(&request), AIM_OK);
	assert_status(aim_rfc9421_verify(ctx, &request.message, &other_public,
	                                 &(aim_rfc9421_policy){.struct_size = sizeof(aim_rfc9421_policy), .now_s = NOW}, NULL),
	              AIM_E_SIGNATURE);
	assert_status(aim_rfc9421_read(ctx, &request.message, &signatures, NULL), AIM_OK);
	assert_int_equal(aim_rfc9421_count(signatures), 1);
	assert_status(aim_rfc9421_at(signatures, 0, &info), AIM_OK);
	assert_status(aim_keyform_thumbprint(ctx, &public_key, thumbprint), AIM_OK);
	assert_text(info.label, "sig1");
	assert_text(info.keyid, thumbprint);
	assert_text(info.alg, "ed25519");
	assert_int_equal(info.nonce.len, 22);
	assert_null(info.tag.ptr);
	assert_int_equal(info.flags, AIM_RFC9421_HAS_CREATED);
	assert_int_equal(info.created_s, NOW);
	assert_int_equal(info.n_components, 3);
	assert_status(aim_rfc9421_at(signatures, 1, &info), AIM_E_NOT_FOUND);
	aim_rfc9421_free(signatures);
}

static void test_no_body(void **state)
{
	(void)state;
	begin_request(&request);
	request.message.body = (aim_bytes){NULL, 0};
	assert_status(sign(key, &request, NULL, NULL), AIM_OK);
	assert_null(strstr(request.text[1], "content-digest"));
	assert_status(verify(&request), AIM_OK);
	/* A body that is slipped in must be covered. */
	request.message.body = aim_bytes_from("x", 1);
	assert_status(verify(&request), AIM_E_UNCOVERED);
}

static void test_context_clock(void **state)
{
	aim_buf *input = NULL, *signature = NULL;
	const aim_rfc9421_policy policy = {.struct_size = sizeof policy};
	(void)state;
	assert_status(aim_buf_new(ctx, &input), AIM_OK);
	assert_status(aim_buf_new(ctx, &signature), AIM_OK);
	begin_request(&request);
	assert_status(aim_rfc9421_sign(key, &request.message, NULL, input, signature, NULL), AIM_OK);
	add_field(&request, "Signature-Input", aim_buf_str(input));
	add_field(&request, "Signature", aim_buf_str(signature));
	assert_status(aim_rfc9421_verify(ctx, &request.message, &public_key, &policy, NULL), AIM_OK);
	assert_status(aim_rfc9421_verify(ctx, &request.message, &public_key, NULL, NULL), AIM_OK);
	aim_buf_free(input);
	aim_buf_free(signature);
}

/* ---- policies ---- */

typedef struct policy_case {
	aim_rfc9421_sign_options sign;
	aim_rfc9421_policy policy;
	aim_status expected;
} policy_case;

static const aim_str method_only[] = {S("@method")};
static const aim_str keyed[] = {S("content-digest;key=\"sha-256\"")};
static const aim_str digest[] = {S("content-digest")};
static const aim_str path_and_query[] = {S("@path"), S("@query-param;name=\"to\"")};

static const policy_case policy_cases[] = {
	{{.components = method_only, .n_components = 1}, {0}, AIM_E_UNCOVERED},
	{{.components = method_only, .n_components = 1}, {.required = method_only, .n_required = 1}, AIM_OK},
	{{.components = method_only, .n_components = 1}, {.required = method_only, .n_required = 0}, AIM_OK},
	{{.components = method_only, .n_components = 1}, {.required = digest, .n_required = 1}, AIM_E_UNCOVERED},
	{{.components = keyed, .n_components = 1}, {.required = digest, .n_required = 1}, AIM_E_UNCOVERED},
	{{.components = keyed, .n_components = 1}, {.required = keyed, .n_required = 1}, AIM_OK},
	{{.components = path_and_query, .n_components = 2}, {.required = path_and_query, .n_required = 2}, AIM_OK},
	{{0}, {.now_s = NOW + 300}, AIM_OK},
	{{0}, {.now_s = NOW + 301}, AIM_E_STALE},
	{{0}, {.now_s = NOW - 300}, AIM_OK},
	{{0}, {.now_s = NOW - 301}, AIM_E_FUTURE},
	{{0}, {.now_s = NOW + 11, .max_age_s = 10}, AIM_E_STALE},
	{{0}, {.now_s = NOW - 11, .max_ahead_s = 10}, AIM_E_FUTURE},
	{{.expires_s = NOW + 5}, {.now_s = NOW + 4}, AIM_OK},
	{{.expires_s = NOW + 5}, {.now_s = NOW + 5}, AIM_E_EXPIRED},
	{{0}, {.flags = AIM_RFC9421_EXPIRES_REQUIRED}, AIM_E_UNCOVERED},
	{{.expires_s = NOW + 5}, {.flags = AIM_RFC9421_EXPIRES_REQUIRED}, AIM_OK},
	{{.flags = AIM_RFC9421_NO_NONCE}, {.flags = AIM_RFC9421_NONCE_REQUIRED}, AIM_E_UNCOVERED},
	{{0}, {.flags = AIM_RFC9421_NONCE_REQUIRED}, AIM_OK},
	{{.flags = AIM_RFC9421_NO_ALG}, {0}, AIM_OK},
	{{.flags = AIM_RFC9421_NO_ALG}, {.flags = AIM_RFC9421_ALG_REQUIRED}, AIM_E_UNCOVERED},
	{{.flags = AIM_RFC9421_NO_CREATED}, {0}, AIM_E_UNCOVERED},
	{{.flags = AIM_RFC9421_NO_CREATED}, {.flags = AIM_RFC9421_CREATED_OPTIONAL}, AIM_OK},
	{{.flags = AIM_RFC9421_NO_CREATED, .expires_s = NOW}, {.flags = AIM_RFC9421_CREATED_OPTIONAL}, AIM_E_EXPIRED},
	{{.keyid = S("k1")}, {.keyid = S("k1")}, AIM_OK},
	{{.keyid = S("k1")}, {.keyid = S("k2")}, AIM_E_UNTRUSTED_KEY},
	{{.flags = AIM_RFC9421_NO_KEYID}, {.keyid = S("k2")}, AIM_E_UNTRUSTED_KEY},
	{{.tag = S("app")}, {.tag = S("app")}, AIM_OK},
	{{.tag = S("app")}, {.tag = S("other")}, AIM_E_NOT_FOUND},
	{{0}, {.tag = S("app")}, AIM_E_NOT_FOUND},
	{{.label = S("mine")}, {.label = S("mine")}, AIM_OK},
	{{.label = S("mine")}, {.label = S("yours")}, AIM_E_NOT_FOUND},
	{{0}, {.flags = 1u << 20}, AIM_E_INVALID},
	{{0}, {.now_s = -1}, AIM_E_INVALID},
	{{0}, {.n_required = 1}, AIM_E_INVALID},
};

static void test_policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(policy_cases); i++) {
		aim_rfc9421_sign_options options = policy_cases[i].sign;
		aim_error err = {0};
		options.struct_size = sizeof options;
		begin_request(&request);
		assert_status(sign(key, &request, &options, NULL), AIM_OK);
		aim_status rc = verify_as(&request, &public_key, policy_cases[i].policy, &err);
		if (rc != policy_cases[i].expected)
			fail_msg("case %zu: %s, %s", i, aim_status_name(rc), err.message);
		assert_int_equal(err.status, rc);
	}
}

static void test_required_names_are_checked(void **state)
{
	static const aim_str wrong[] = {S("@nonsense"), S("a\" \"b"), S("Date"), S("date;unknown"), S("date;"), S("")};
	(void)state;
	begin_request(&request);
	assert_status(sign(key, &request, NULL, NULL), AIM_OK);
	for (size_t i = 0; i < N_OF(wrong); i++) {
		aim_rfc9421_policy policy = {.required = &wrong[i], .n_required = 1};
		assert_status(verify_as(&request, &public_key, policy, NULL), AIM_E_INVALID);
	}
}

/* ---- replay ---- */

static void test_replay(void **state)
{
	static const uint32_t flags[] = {0, AIM_RFC9421_NO_NONCE};
	const aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START};
	(void)state;
	for (size_t i = 0; i < N_OF(flags); i++) {
		aim_replay *guard = NULL;
		const aim_rfc9421_sign_options how = {.struct_size = sizeof how, .flags = flags[i]};
		aim_replay_stats stats = {.struct_size = sizeof stats};
		assert_status(aim_replay_open_memory(ctx, &options, &guard, NULL), AIM_OK);
		const aim_rfc9421_policy policy = {.guard = guard};
		begin_request(&request);
		assert_status(sign(key, &request, &how, NULL), AIM_OK);
		/* What fails is not remembered. */
		request.message.body.len--;
		assert_status(verify_as(&request, &public_key, policy, NULL), AIM_E_DIGEST);
		request.message.body.len++;
		request.message.path = aim_str_from("/other");
		assert_status(verify_as(&request, &public_key, policy, NULL), AIM_E_SIGNATURE);
		request.message.path = aim_str_from("/transfer");
		assert_status(aim_replay_read_stats(guard, &stats, NULL), AIM_OK);
		assert_int_equal(stats.n_nonces, 0);
		assert_status(verify_as(&request, &public_key, policy, NULL), AIM_OK);
		assert_status(verify_as(&request, &public_key, policy, NULL), AIM_E_REPLAY);
		aim_replay_free(guard);
	}
}

static void test_replay_needs_created(void **state)
{
	const aim_rfc9421_sign_options how = {.struct_size = sizeof how, .flags = AIM_RFC9421_NO_CREATED};
	aim_replay *guard = NULL;
	(void)state;
	assert_status(aim_replay_open_memory(ctx, NULL, &guard, NULL), AIM_OK);
	begin_request(&request);
	assert_status(sign(key, &request, &how, NULL), AIM_OK);
	aim_rfc9421_policy policy = {.guard = guard, .flags = AIM_RFC9421_CREATED_OPTIONAL};
	assert_status(verify_as(&request, &public_key, policy, NULL), AIM_E_UNCOVERED);
	aim_replay_free(guard);
}

/* ---- several signatures ---- */

static void test_two_signatures(void **state)
{
	const aim_rfc9421_sign_options proxy = {.struct_size = sizeof proxy, .label = S("proxy"), .tag = S("via")};
	const aim_rfc9421_sign_options again = {.struct_size = sizeof again, .label = S("proxy")};
	(void)state;
	begin_request(&request);
	assert_status(sign(key, &request, NULL, NULL), AIM_OK);
	assert_status(sign(other_key, &request, NULL, NULL), AIM_E_EXISTS);
	assert_status(sign(other_key, &request, &proxy, NULL), AIM_OK);
	assert_status(sign(key, &request, &again, NULL), AIM_E_EXISTS);
	assert_status(verify(&request), AIM_E_HEADER);
	assert_status(verify_as(&request, &public_key, (aim_rfc9421_policy){.label = S("sig1")}, NULL), AIM_OK);
	assert_status(verify_as(&request, &other_public, (aim_rfc9421_policy){.label = S("proxy")}, NULL), AIM_OK);
	assert_status(verify_as(&request, &other_public, (aim_rfc9421_policy){.tag = S("via")}, NULL), AIM_OK);
	assert_status(verify_as(&request, &public_key, (aim_rfc9421_policy){.label = S("proxy")}, NULL), AIM_E_SIGNATURE);
	assert_status(verify_as(&request, &public_key, (aim_rfc9421_policy){.label = S("sig1"), .tag = S("via")}, NULL),
	              AIM_E_NOT_FOUND);
}

/* ---- responses ---- */

static void test_bound_response(void **state)
{
	static const char digest_other[] = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
	mail other;
	(void)state;
	begin_request(&request);
	assert_status(sign(key, &request, NULL, NULL), AIM_OK);
	begin_response(&response, &request);
	assert_status(sign(other_key, &response, NULL, NULL), AIM_OK);
	assert_non_null(strstr(response.text[1], "(\"@status\" \"content-digest\" \"@method\";req \"@target-uri\";req "
	                                         "\"content-digest\";req \"signature\";req;key=\"sig1\")"));
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_OK);
	response.message.status = 201;
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_SIGNATURE);
	response.message.status = 200;
	response.message.body = aim_bytes_from("gone", 4);
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_DIGEST);
	response.message.body = aim_bytes_from("done", 4);
	response.fields[0].value = aim_str_from(digest_other);
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_SIGNATURE);
	response.fields[0].value = aim_str_from(response.text[0]);
	/* The answer to another request of the same kind: its nonce, and so its signature, differs. */
	begin_request(&other);
	assert_status(sign(key, &other, NULL, NULL), AIM_OK);
	response.message.request = &other.message;
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_SIGNATURE);
	/* Without its request, what it covers is not there. */
	response.message.request = NULL;
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_COMPONENT);
}

static void test_unbound_response(void **state)
{
	(void)state;
	begin_request(&request);
	begin_response(&response, NULL);
	assert_status(sign(other_key, &response, NULL, NULL), AIM_OK);
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_OK);
	response.message.request = &request.message;
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_UNCOVERED);
	begin_response(&response, &request);
	assert_status(sign(other_key, &response, NULL, NULL), AIM_OK);
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_OK);
	/* Bound to an unsigned request, which does not do for a signed one. */
	assert_status(sign(key, &request, NULL, NULL), AIM_OK);
	assert_status(verify_as(&response, &other_public, (aim_rfc9421_policy){0}, NULL), AIM_E_UNCOVERED);
}

/* ---- digests ---- */

static void test_digest_algorithms(void **state)
{
	static const char good[] = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:";
	static const struct {
		const char *value;
		aim_status expected;
	} cases[] = {
		{"md5=:AAAA:, sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:", AIM_OK},
		{"sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:;x=1, sha-512=:AA==:", AIM_OK},
		{"sha-512=:MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw==:", AIM_E_DIGEST},
		{"", AIM_E_DIGEST},
		{"sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzQ==:", AIM_E_DIGEST},
		{"sha-256=:AU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:", AIM_E_DIGEST},
		{"sha-256=\"uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=\"", AIM_E_DIGEST},
		{"sha-256", AIM_E_DIGEST},
		{"sha-256=uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=", AIM_E_HEADER},
		{"sha-256=:AU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:, sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:",
	     AIM_E_HEADER},
	};
	const aim_bytes hello = aim_bytes_from("hello world", 11);
	(void)state;
	assert_status(aim_contentdigest_verify(ctx, aim_str_from(good), hello, NULL), AIM_OK);
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_status(aim_contentdigest_verify(ctx, aim_str_from(cases[i].value), hello, NULL), cases[i].expected);
}

/* Covering one algorithm that is not known must not pass on another's word. */
static void test_keyed_digest(void **state)
{
	static const aim_str sha512[] = {S("@method"), S("content-digest;key=\"sha-512\"")};
	const aim_rfc9421_sign_options options = {.struct_size = sizeof options, .components = sha512, .n_components = 2};
	char both[600];
	(void)state;
	begin_request(&request);
	snprintf(both, sizeof both, "%s, sha-512=:AAAA:", request.text[0]);
	request.message.n_fields = 0;
	add_field(&request, "Content-Digest", aim_str_from(both));
	assert_status(sign(key, &request, &options, NULL), AIM_E_DIGEST);
}

/* ---- malformed fields ---- */

static void test_malformed_fields(void **state)
{
	static const char sig[] = "sig1=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
	static const struct {
		const char *input, *signature;
		aim_status expected;
	} cases[] = {
		{"sig1=(\"@method\");created=1764000000", sig, AIM_E_SIGNATURE},
		{"sig1=(\"@method\" \"@path\";created=1764000000", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000, sig1=(\"@path\");created=1764000000", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000;created=1764000000", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=\"1764000000\"", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000.0", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=@1764000000", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000;keyid=abc", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000;alg", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000;alg=\"rsa-pss-sha512\"", sig, AIM_E_ALGORITHM},
		{"sig1=(\"@method\");created=1764000000;alg=\"Ed25519\"", sig, AIM_E_ALGORITHM},
		{"sig1=(\"@method\");created=1764000000;alg=\"\"", sig, AIM_E_ALGORITHM},
		{"sig1=(\"@method\");created=-1", sig, AIM_E_TIMESTAMP},
		{"sig1=(\"@method\");created=999999999999999", sig, AIM_E_TIMESTAMP},
		{"sig1=(\"@method\")", sig, AIM_E_UNCOVERED},
		{"sig1=\"@method\";created=1764000000", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000, sig2=:AAAA:", sig, AIM_E_HEADER},
		{"sig2=(\"@method\");created=1764000000", sig, AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000", "sig1=:AAAA:", AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000", "sig1=\"AAAA\"", AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000", "sig1=:AAAA:, sig1=:AAAA:", AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000", "sig1", AIM_E_HEADER},
		{"sig1=(\"@method\");created=1764000000", "", AIM_E_HEADER},
		{"", sig, AIM_E_NOT_FOUND},
		{"sig1=(\"@method\" \"@method\");created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\" \"date\";tr;bs \"date\";bs;tr);created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\" @1);created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\" method);created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\" \"missing\");created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\";sf);created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\" \"@signature-params\");created=1764000000", sig, AIM_E_COMPONENT},
		{"sig1=(\"@method\");created=1764000000;later=\"x\"", sig, AIM_E_SIGNATURE},
	};
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		aim_error err = {0};
		const aim_rfc9421_policy policy = {.required = method_only, .n_required = 1};
		begin_request(&request);
		add_field(&request, "SIGNATURE-INPUT", aim_str_from(cases[i].input));
		add_field(&request, "signature", aim_str_from(cases[i].signature));
		aim_status rc = verify_as(&request, &public_key, policy, &err);
		if (rc != cases[i].expected)
			fail_msg("%s: %s, %s", cases[i].input, aim_status_name(rc), err.message);
		assert_true(err.message[0] != '\0');
	}
}

static void test_unsigned(void **state)
{
	aim_rfc9421 *signatures = NULL;
	(void)state;
	begin_request(&request);
	assert_status(verify(&request), AIM_E_NOT_FOUND);
	assert_status(aim_rfc9421_read(ctx, &request.message, &signatures, NULL), AIM_E_NOT_FOUND);
	add_field(&request, "Signature-Input", aim_str_from("sig1=(\"@method\");created=1764000000"));
	assert_status(verify(&request), AIM_E_NOT_FOUND);
	assert_null(signatures);
}

static void test_too_many(void **state)
{
	aim_buf text;
	(void)state;
	aim__buf_init(&text, ctx);
	for (uint32_t i = 0; i <= AIM_RFC9421_MAX_SIGNATURES; i++) {
		assert_status(aim__buf_add_text(&text, i ? ",s" : "s"), AIM_OK);
		assert_status(aim__buf_add_u64(&text, i), AIM_OK);
		assert_status(aim__buf_add_text(&text, "=()"), AIM_OK);
	}
	begin_request(&request);
	add_field(&request, "Signature-Input", aim_buf_str(&text));
	assert_status(verify(&request), AIM_E_LIMIT);
	aim__buf_truncate(&text, 0);
	assert_status(aim__buf_add_text(&text, "("), AIM_OK);
	for (uint32_t i = 0; i <= AIM_RFC9421_MAX_COMPONENTS; i++) {
		assert_status(aim__buf_add_text(&text, "\"a"), AIM_OK);
		assert_status(aim__buf_add_u64(&text, i), AIM_OK);
		assert_status(aim__buf_add_text(&text, "\" "), AIM_OK);
	}
	assert_status(aim__buf_add_text(&text, ")"), AIM_OK);
	aim_buf out;
	aim__buf_init(&out, ctx);
	assert_status(aim_rfc9421_base(ctx, &request.message, aim_buf_str(&text), &out, NULL), AIM_E_LIMIT);
	aim__buf_dispose(&out);
	aim__buf_dispose(&text);
}

/* ---- components ---- */

static void test_component_values(void **state)
{
	static const struct {
		const char *params, *line; /* line NULL: AIM_E_COMPONENT */
		const char *message;
	} cases[] = {
		{"(\"date\";sf)", NULL, "type"},
		{"(\"date\";bs)", "\"date\";bs: :VHVlLCAyMA==:", NULL},
		{"(\"priority\";sf)", "\"priority\";sf: u=1, i", NULL},
		{"(\"priority\";key=\"u\")", "\"priority\";key=\"u\": 1", NULL},
		{"(\"priority\";key=\"x\")", NULL, "no member"},
		{"(\"date\";key=\"x\")", NULL, "structured"},
		{"(\"date\";bs;sf)", NULL, "bs cannot"},
		{"(\"date\";bs;key=\"a\")", NULL, "bs cannot"},
		{"(\"date\";tr)", NULL, "no such field"},
		{"(\"date\";req)", NULL, "responses"},
		{"(\"date\";bs=1)", NULL, "no value"},
		{"(\"date\";bs=?0)", NULL, "no value"},
		{"(\"date\";key=a)", NULL, "strings"},
		{"(\"date\";other)", NULL, "not known"},
		{"(\"date\";name=\"a\")", NULL, "@query-param"},
		{"(\"Date\")", NULL, "lower case"},
		{"(\"\")", NULL, "lower case"},
		{"(\"da te\")", NULL, "lower case"},
		{"(\"@status\")", NULL, "responses only"},
		{"(\"@query-param\")", NULL, "must be there"},
		{"(\"@query-param\";name=\"to\")", "\"@query-param\";name=\"to\": ana%20b", NULL},
		{"(\"@query-param\";name=\"two\")", NULL, "more than once"},
		{"(\"@query-param\";name=\"none\")", NULL, "no such parameter"},
		{"(\"@query-param\";name=\"%C3%BC\")", "\"@query-param\";name=\"%C3%BC\": 100%25", NULL},
		{"(\"@query-param\";name=\"empty\")", "\"@query-param\";name=\"empty\": ", NULL},
		{"(\"@query-params\")", NULL, "not a component"},
		{"(\"@request-response\")", NULL, "not a component"},
		{"(\"utf8\")", NULL, "bs"},
		{"(\"utf8\";bs)", "\"utf8\";bs: :w7w=:", NULL},
		{"(\"newline\")", NULL, "control character"},
		{"(\"newline\";bs)", NULL, "control character"},
		{"(\"folded\")", "\"folded\": a b c", NULL},
		{"(\"tab\")", "\"tab\": a\tb", NULL},
		{"(\"@target-uri\")", "\"@target-uri\": https://pay.example:8443/transfer?to=ana+b&two=1&two=2&%c3%bc=100%&&empty", NULL},
		{"(\"@authority\")", "\"@authority\": pay.example:8443", NULL},
	};
	static const aim_rfc9421_field fields[] = {
		LINE("Date", "Tue, 20"),       LINE("Priority", "u=1 , i"), LINE("UTF8", "\xC3\xBC"),
		LINE("Newline", "a\nb: c"),    LINE("Folded", " a \r\n\t b\r\n  c\r\n "), LINE("Tab", "a\tb"),
	};
	const aim_rfc9421_message message = {.struct_size = sizeof message,
	                                     .method = S("GET"),
	                                     .scheme = S("HTTPS"),
	                                     .authority = S("Pay.Example:8443"),
	                                     .path = S("/transfer"),
	                                     .query = S("to=ana+b&two=1&two=2&%c3%bc=100%&&empty"),
	                                     .fields = fields,
	                                     .n_fields = N_OF(fields)};
	aim_buf out;
	(void)state;
	aim__buf_init(&out, ctx);
	for (size_t i = 0; i < N_OF(cases); i++) {
		aim_error err = {0};
		aim__buf_truncate(&out, 0);
		aim_status rc = aim_rfc9421_base(ctx, &message, aim_str_from(cases[i].params), &out, &err);
		if (rc != (cases[i].line ? AIM_OK : AIM_E_COMPONENT))
			fail_msg("%s: %s, %s", cases[i].params, aim_status_name(rc), err.message);
		if (!cases[i].line) {
			if (!strstr(err.message, cases[i].message))
				fail_msg("%s: %s", cases[i].params, err.message);
			assert_int_equal(out.len, 0);
			continue;
		}
		char *end = strchr((char *)out.ptr, '\n');
		assert_non_null(end);
		*end = '\0';
		assert_string_equal((char *)out.ptr, cases[i].line);
	}
	aim__buf_dispose(&out);
}

static void check_authority(const char *scheme, const char *authority, const char *expected)
{
	const aim_rfc9421_message message = {.struct_size = sizeof message,
	                                     .method = S("GET"),
	                                     .scheme = aim_str_from(scheme),
	                                     .authority = aim_str_from(authority)};
	aim_buf out;
	aim__buf_init(&out, ctx);
	assert_status(aim_rfc9421_base(ctx, &message, aim_str_from("(\"@authority\" \"@path\")"), &out, NULL), AIM_OK);
	*strchr((char *)out.ptr, '\n') = '\0';
	assert_string_equal((char *)out.ptr + strlen("\"@authority\": "), expected);
	aim__buf_dispose(&out);
}

static void test_authorities(void **state)
{
	(void)state;
	check_authority("https", "EXAMPLE.com:443", "example.com");
	check_authority("http", "example.com:80", "example.com");
	check_authority("http", "example.com:443", "example.com:443");
	check_authority("https", "example.com:", "example.com");
	check_authority("", "example.com:443", "example.com:443");
	check_authority("https", "[2001:DB8::1]", "[2001:db8::1]");
	check_authority("https", "[2001:db8::1]:443", "[2001:db8::1]");
	check_authority("https", "[2001:db8::443]", "[2001:db8::443]");
	check_authority("wss", "example.com:443", "example.com:443");
}

/* A name or a covered value that is no UTF-8 is refused; the values of others do not matter. */
static void test_query_is_utf8(void **state)
{
	static const struct {
		const char *query;
		aim_status expected;
	} cases[] = {
		{"a=1&b=%FF", AIM_OK},
		{"a=%C3%BC", AIM_OK},
		{"a=%FF", AIM_E_COMPONENT},
		{"a=1&%FF=2", AIM_E_COMPONENT},
		{"a=1&%C3=%BC", AIM_E_COMPONENT},
		{"%61=1", AIM_OK},
		{"%61=1&a=2", AIM_E_COMPONENT},
		{"aa=1", AIM_E_COMPONENT},
		{"", AIM_E_COMPONENT},
	};
	aim_buf out;
	(void)state;
	aim__buf_init(&out, ctx);
	for (size_t i = 0; i < N_OF(cases); i++) {
		const aim_rfc9421_message message = {
			.struct_size = sizeof message, .method = S("GET"), .query = aim_str_from(cases[i].query)};
		assert_status(aim_rfc9421_base(ctx, &message, aim_str_from("(\"@query-param\";name=\"a\")"), &out, NULL),
		              cases[i].expected);
	}
	aim__buf_dispose(&out);
}

static void test_bad_messages(void **state)
{
	static const aim_rfc9421_field bad_name[] = {LINE("a b", "c")};
	static const aim_rfc9421_field bad_flags[] = {{S("a"), S("b"), 8, 0}};
	static const aim_rfc9421_field bad_type[] = {{S("a"), S("b"), 0, 9}};
	static const aim_rfc9421_message as_request = {.struct_size = sizeof as_request, .status = 200};
#define GET .struct_size = sizeof(aim_rfc9421_message), .method = S("GET")
	static const aim_rfc9421_message cases[] = {
		{.struct_size = sizeof(aim_rfc9421_message)},
		{.struct_size = sizeof(aim_rfc9421_message), .method = S("GE T")},
		{.struct_size = sizeof(aim_rfc9421_message), .method = S("GET\n")},
		{GET, .flags = 1},
		{GET, .reserved = 1},
		{.struct_size = sizeof(aim_rfc9421_message), .status = 99},
		{.struct_size = sizeof(aim_rfc9421_message), .status = 1000},
		{GET, .scheme = S("https://")},
		{GET, .authority = S("user@host")},
		{GET, .authority = S("host/path")},
		{GET, .authority = S("host\r\nx: y")},
		{GET, .path = S("path")},
		{GET, .path = S("/a?b")},
		{GET, .path = S("/a b")},
		{GET, .path = S("/\xC3\xBC")},
		{GET, .query = S("a#b")},
		{GET, .query = S("a\nb")},
		{GET, .request_target = S("/a b")},
		{GET, .n_fields = 1},
		{GET, .fields = bad_name, .n_fields = 1},
		{GET, .fields = bad_flags, .n_fields = 1},
		{GET, .fields = bad_type, .n_fields = 1},
		{GET, .body = {NULL, 4}},
		{GET, .request = &as_request},
		{.struct_size = sizeof(aim_rfc9421_message), .status = 200, .request = &as_request},
	};
	aim_buf out;
	(void)state;
	aim__buf_init(&out, ctx);
	for (size_t i = 0; i < N_OF(cases); i++) {
		aim_error err = {0};
		aim_status rc = aim_rfc9421_base(ctx, &cases[i], aim_str_from("()"), &out, &err);
		if (rc != AIM_E_INVALID || err.message[0] == '\0')
			fail_msg("message %zu: %s", i, aim_status_name(rc));
	}
	aim__buf_dispose(&out);
}

/* ---- signing ---- */

static void test_sign_options(void **state)
{
	static const aim_str split[] = {S("a\" \"b")}, unknown[] = {S("@nonsense")}, twice[] = {S("@method"), S("@method")};
	static const aim_str missing[] = {S("missing")}, syntax[] = {S("date;")};
	static const struct {
		aim_rfc9421_sign_options options;
		aim_status expected;
	} cases[] = {
		{{.flags = 1u << 9}, AIM_E_INVALID},
		{{.n_components = 2}, AIM_E_INVALID},
		{{.components = split, .n_components = 1}, AIM_E_COMPONENT},
		{{.components = syntax, .n_components = 1}, AIM_E_INVALID},
		{{.components = unknown, .n_components = 1}, AIM_E_COMPONENT},
		{{.components = twice, .n_components = 2}, AIM_E_COMPONENT},
		{{.components = missing, .n_components = 1}, AIM_E_COMPONENT},
		{{.label = S("Sig")}, AIM_E_INVALID},
		{{.keyid = S("\xC3\xBC")}, AIM_E_INVALID},
		{{.nonce = S("a\nb")}, AIM_E_INVALID},
		{{.tag = S("\x7F")}, AIM_E_INVALID},
		{{.expires_s = NOW}, AIM_E_INVALID},
		{{.created_s = 1000000000000000}, AIM_E_INVALID},
		{{.flags = AIM_RFC9421_NO_KEYID, .keyid = S("a")}, AIM_E_INVALID},
		{{.flags = AIM_RFC9421_NO_NONCE, .nonce = S("a")}, AIM_E_INVALID},
		{{.flags = AIM_RFC9421_NO_CREATED, .created_s = NOW}, AIM_E_INVALID},
	};
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		aim_rfc9421_sign_options options = cases[i].options;
		aim_error err = {0};
		options.struct_size = sizeof options;
		begin_request(&request);
		aim_status rc = sign(key, &request, &options, &err);
		if (rc != cases[i].expected || err.status != rc)
			fail_msg("case %zu: %s, %s", i, aim_status_name(rc), err.message);
	}
	begin_request(&request);
	request.message.body.len--;
	assert_status(sign(key, &request, NULL, NULL), AIM_E_DIGEST);
}

static void test_purposes(void **state)
{
	static const uint8_t seed[32] = {3};
	(void)state;
	for (uint32_t purpose = AIM_KEY_AGENT; purpose <= AIM_KEY_WRAP; purpose++) {
		aim_key *with = NULL;
		const int may = purpose == AIM_KEY_AGENT || purpose == AIM_KEY_SERVER;
		assert_status(aim_key_from_seed(ctx, purpose, aim_bytes_from(seed, 32), &with, NULL), AIM_OK);
		begin_request(&request);
		assert_status(sign(with, &request, NULL, NULL), may ? AIM_OK : AIM_E_KEY_PURPOSE);
		aim_key_unref(with);
	}
}

static void test_misuse(void **state)
{
	aim_buf *out = NULL;
	aim_rfc9421 *signatures = NULL;
	(void)state;
	begin_request(&request);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_rfc9421_sign(NULL, &request.message, NULL, out, out, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_sign(key, &request.message, NULL, out, out, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_sign(key, NULL, NULL, out, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_verify(NULL, &request.message, &public_key, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_verify(ctx, NULL, &public_key, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_verify(ctx, &request.message, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_base(ctx, &request.message, (aim_str){NULL, 0}, out, NULL), AIM_E_INVALID);
	assert_status(aim_rfc9421_read(ctx, NULL, &signatures, NULL), AIM_E_INVALID);
	assert_int_equal(aim_rfc9421_count(NULL), 0);
	aim_rfc9421_free(NULL);
	assert_status(aim_contentdigest_make(ctx, (aim_bytes){NULL, 1}, out), AIM_E_INVALID);
	assert_status(aim_contentdigest_verify(ctx, (aim_str){NULL, 1}, (aim_bytes){NULL, 0}, NULL), AIM_E_INVALID);
	request.message.struct_size = 4;
	assert_status(aim_rfc9421_verify(ctx, &request.message, &public_key, NULL, NULL), AIM_E_INVALID);
	aim_buf_free(out);
}

/* ---- memory ---- */

static aim_status sign_and_verify(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {5};
	const aim_rfc9421_sign_options how = {.struct_size = sizeof how, .created_s = NOW, .nonce = S("n")};
	const aim_rfc9421_policy policy = {.struct_size = sizeof policy, .now_s = NOW};
	aim_key *with = NULL;
	aim_public_key by;
	aim_buf *input = NULL, *signature = NULL;
	aim_rfc9421 *signatures = NULL;
	mail *m = arg;
	m->message.n_fields = 1;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &with, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &input);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &signature);
	if (rc == AIM_OK)
		rc = aim_rfc9421_sign(with, &m->message, &how, input, signature, NULL);
	if (rc == AIM_OK) {
		aim_key_public(with, &by);
		add_field(m, "Signature-Input", aim_buf_str(input));
		add_field(m, "Signature", aim_buf_str(signature));
		rc = aim_rfc9421_verify(c, &m->message, &by, &policy, NULL);
	}
	if (rc == AIM_OK)
		rc = aim_rfc9421_read(c, &m->message, &signatures, NULL);
	aim_rfc9421_free(signatures);
	aim_buf_free(input);
	aim_buf_free(signature);
	aim_key_unref(with);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	static mail bound;
	(void)state;
	begin_request(&request);
	test_each_allocation_fails(sign_and_verify, &request);
	begin_response(&bound, &request);
	test_each_allocation_fails(sign_and_verify, &bound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_cover),
		cmocka_unit_test(test_no_body),
		cmocka_unit_test(test_context_clock),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_required_names_are_checked),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_replay_needs_created),
		cmocka_unit_test(test_two_signatures),
		cmocka_unit_test(test_bound_response),
		cmocka_unit_test(test_unbound_response),
		cmocka_unit_test(test_digest_algorithms),
		cmocka_unit_test(test_keyed_digest),
		cmocka_unit_test(test_malformed_fields),
		cmocka_unit_test(test_unsigned),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_component_values),
		cmocka_unit_test(test_authorities),
		cmocka_unit_test(test_query_is_utf8),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_sign_options),
		cmocka_unit_test(test_purposes),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
