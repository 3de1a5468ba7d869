/* HTTP signatures against the standard: its signature bases byte for byte, its Ed25519 signature made and verified,
 * the vectors of Web Bot Auth, the examples of RFC 9530. */
#include "http_kit.h"

#include "base/buf.h"
#include "codec/encoding.h"

#include <aim/contentdigest.h>
#include <aim/keyform.h>
#include <aim/webbotauth.h>

static aim_ctx *ctx;
static aim_buf *out;
static aim_key *key;
static aim_public_key public_key;
static char input_line[512], signature_line[256];

/* ---- the messages of the standard ---- */

#define DIGEST_18 "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
#define DIGEST_23 "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
#define DIGEST_62 "sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:"

static const aim_rfc9421_field request_fields[] = {
	LINE("Host", "example.com"),
	LINE("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
	LINE("Content-Type", "application/json"),
	LINE("Content-Digest", DIGEST_18),
	LINE("Content-Length", "18"),
};
static const aim_rfc9421_field response_fields[] = {
	LINE("Date", "Tue, 20 Apr 2021 02:07:56 GMT"),
	LINE("Content-Type", "application/json"),
	LINE("Content-Digest", DIGEST_23),
	LINE("Content-Length", "23"),
};
static const aim_rfc9421_field busy_fields[] = {
	LINE("Date", "Tue, 20 Apr 2021 02:07:56 GMT"),
	LINE("Content-Type", "application/json"),
	LINE("Content-Length", "62"),
	LINE("Content-Digest", DIGEST_62),
};
static const aim_rfc9421_field field_fields[] = {
	LINE("Host", "www.example.com"),
	LINE("Date", "Tue, 20 Apr 2021 02:07:56 GMT"),
	LINE("X-OWS-Header", "   Leading and trailing whitespace.   "),
	LINE("X-Obs-Fold-Header", "Obsolete\r\n    line folding."),
	LINE("Cache-Control", "max-age=60"),
	LINE("Cache-Control", "   must-revalidate"),
	{S("Example-Dict"), S(" a=1,    b=2;x=1;y=2,   c=(a   b   c)"), 0, AIM_RFC9421_DICTIONARY},
	LINE("X-Empty-Header", ""),
};
static const aim_rfc9421_field dictionary_fields[] = {
	LINE("Example-Dict", " a=1, b=2;x=1;y=2, c=(a   b    c), d"),
};
static const aim_rfc9421_field two_lines_fields[] = {
	LINE("Example-Header", "value, with, lots"),
	LINE("Example-Header", "of, commas"),
};
static const aim_rfc9421_field one_line_fields[] = {LINE("Example-Header", "value, with, lots, of, commas")};
static const aim_rfc9421_field trailer_fields[] = {
	LINE("Trailer", "Expires"),
	{S("Expires"), S("Wed, 9 Nov 2022 07:28:00 GMT"), AIM_RFC9421_TRAILER, 0},
};

static const aim_rfc9421_message request = {.struct_size = sizeof request,
                                            .method = S("POST"),
                                            .scheme = S("https"),
                                            .authority = S("example.com"),
                                            .path = S("/foo"),
                                            .query = S("param=Value&Pet=dog"),
                                            .fields = request_fields,
                                            .n_fields = N_OF(request_fields),
                                            .body = {(const uint8_t *)"{\"hello\": \"world\"}", 18}};

#define MESSAGE(m, st, a) {.struct_size = sizeof(aim_rfc9421_message), .status = (st), .method = S(m), .authority = S(a), \
	.scheme = S("https")
#define FIELDS(array) .fields = (array), .n_fields = N_OF(array)

static const struct {
	const char *name;
	aim_rfc9421_message message;
} messages[] = {
	{"fields", MESSAGE("GET", 0, "www.example.com"), FIELDS(field_fields)}},
	{"dictionary", MESSAGE("GET", 0, "www.example.com"), FIELDS(dictionary_fields)}},
	{"two-lines", MESSAGE("GET", 0, "www.example.com"), FIELDS(two_lines_fields)}},
	{"one-line", MESSAGE("GET", 0, "www.example.com"), FIELDS(one_line_fields)}},
	{"trailer", MESSAGE("", 200, ""), FIELDS(trailer_fields)}},
	{"path", MESSAGE("POST", 0, "WWW.Example.com:443"), .path = S("/path"), .query = S("param=value")}},
	{"absolute-form", MESSAGE("GET", 0, "proxy.example"), .request_target = S("https://www.example.com/path?param=value")}},
	{"authority-form", MESSAGE("CONNECT", 0, "www.example.com"), .request_target = S("www.example.com:80")}},
	{"asterisk-form", MESSAGE("OPTIONS", 0, "www.example.com"), .request_target = S("*")}},
	{"no-query", MESSAGE("POST", 0, "www.example.com"), .path = S("/path")}},
	{"query-string", MESSAGE("POST", 0, "www.example.com"), .path = S("/path"), .query = S("queryString")}},
	{"query-params", MESSAGE("POST", 0, "www.example.com"), .path = S("/path"),
	 .query = S("param=value&foo=bar&baz=batman&qux=")}},
	{"query-encoded", MESSAGE("GET", 0, "www.example.com"), .path = S("/parameters"),
	 .query = S("var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something")}},
	{"busy", MESSAGE("", 503, ""), FIELDS(busy_fields), .request = &request}},
	{"response", MESSAGE("", 200, ""), FIELDS(response_fields)}},
};

static const aim_rfc9421_message *message_of(const char *name)
{
	for (size_t i = 0; i < N_OF(messages); i++)
		if (strcmp(messages[i].name, name) == 0)
			return &messages[i].message;
	return &request;
}

/* ---- bases ---- */

/* Reads one base up to an empty line, joined again by newlines; its length. */
static size_t read_base(char **rest, char *base)
{
	size_t n = 0;
	for (char *line; (line = http_kit_line(rest)) != NULL && *line; n += strlen(line) + 1)
		sprintf(base + n, "%s\n", line);
	base[n ? n - 1 : 0] = '\0';
	return n ? n - 1 : 0;
}

static void test_bases(void **state)
{
	char *rest = http_kit_read("rfc9421/bases.txt");
	char base[4096];
	size_t n = 0;
	(void)state;
	for (char *title; (title = http_kit_line(&rest)) != NULL; n++) {
		aim_error err = {0};
		const aim_rfc9421_message *message = message_of(strrchr(title, ' ') + 1);
		read_base(&rest, base);
		const char *params = strstr(base, "\"@signature-params\": ") + 21;
		aim_buf_clear(out);
		if (aim_rfc9421_base(ctx, message, aim_str_from(params), out, &err) != AIM_OK)
			fail_msg("%s: %s", title, err.message);
		assert_text(aim_buf_str(out), base);
	}
	assert_int_equal(n, 22);
}

/* ---- Ed25519, B.2.6 ---- */

static int setup(void **state)
{
	char *rest = http_kit_read("rfc9421/ed25519.txt");
	uint8_t seed[32];
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim__encoding_read_exact(AIM_ENCODING_BASE64URL, aim_str_from(http_kit_line(&rest)), seed, 32), AIM_OK);
	assert_status(aim__encoding_read_exact(AIM_ENCODING_BASE64URL, aim_str_from(http_kit_line(&rest)), public_key.bytes, 32),
	              AIM_OK);
	strcpy(input_line, http_kit_line(&rest));
	strcpy(signature_line, http_kit_line(&rest));
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_buf_free(out);
	aim_ctx_free(ctx);
	return 0;
}

static const aim_str b26[] = {S("date"),         S("@method"),      S("@path"),
                              S("@authority"),   S("content-type"), S("content-length")};

static void test_sign(void **state)
{
	const aim_rfc9421_sign_options options = {.struct_size = sizeof options,
	                                          .flags = AIM_RFC9421_NO_ALG | AIM_RFC9421_NO_NONCE,
	                                          .components = b26,
	                                          .n_components = N_OF(b26),
	                                          .label = S("sig-b26"),
	                                          .keyid = S("test-key-ed25519"),
	                                          .created_s = 1618884473};
	aim_public_key own;
	aim_buf *signature = NULL;
	(void)state;
	assert_status(aim_key_public(key, &own), AIM_OK);
	assert_memory_equal(own.bytes, public_key.bytes, 32);
	assert_status(aim_buf_new(ctx, &signature), AIM_OK);
	aim_buf_clear(out);
	assert_status(aim_rfc9421_sign(key, &request, &options, out, signature, NULL), AIM_OK);
	assert_text(aim_buf_str(out), input_line);
	assert_text(aim_buf_str(signature), signature_line);
	aim_buf_free(signature);
}

static void test_verify(void **state)
{
	aim_rfc9421_field fields[N_OF(request_fields) + 2];
	aim_rfc9421_message message = request;
	const aim_rfc9421_policy policy = {
		.struct_size = sizeof policy, .required = b26, .n_required = N_OF(b26), .now_s = 1618884473};
	(void)state;
	memcpy(fields, request_fields, sizeof request_fields);
	fields[5] = (aim_rfc9421_field){S("Signature-Input"), aim_str_from(input_line), 0, 0};
	fields[6] = (aim_rfc9421_field){S("Signature"), aim_str_from(signature_line), 0, 0};
	message.fields = fields;
	message.n_fields = N_OF(fields);
	assert_status(aim_rfc9421_verify(ctx, &message, &public_key, &policy, NULL), AIM_OK);
	assert_status(aim_rfc9421_verify(ctx, &message, &public_key, NULL, NULL), AIM_E_UNCOVERED);
	fields[1].value = aim_str_from("Tue, 20 Apr 2021 02:07:54 GMT");
	assert_status(aim_rfc9421_verify(ctx, &message, &public_key, &policy, NULL), AIM_E_SIGNATURE);
}

/* ---- Web Bot Auth ---- */

static const aim_rfc9421_message bot_request = {.struct_size = sizeof bot_request,
                                                .method = S("GET"),
                                                .scheme = S("https"),
                                                .authority = S("example.com"),
                                                .path = S("/path/to/resource")};

static size_t cut_fields(char *line, char *fields[3])
{
	size_t n = 0;
	for (char *p = line; p && n < 3; n++) {
		fields[n] = p;
		if ((p = strchr(p, '\t')) != NULL)
			*p++ = '\0';
	}
	return n;
}

static void check_bot(char *columns[3])
{
	const aim_rfc9421_field fields[] = {
		{S("Signature-Input"), aim_str_from(columns[1]), 0, 0},
		{S("Signature"), aim_str_from(columns[2]), 0, 0},
		{S("Signature-Agent"), aim_str_from(columns[0]), 0, 0},
	};
	aim_webbotauth_policy policy = {.struct_size = sizeof policy, .now_s = 1735689700};
	aim_rfc9421_message message = bot_request;
	aim_error err = {0};
	message.fields = fields;
	message.n_fields = *columns[0] ? 3 : 2;
	aim_buf_clear(out);
	if (aim_webbotauth_verify(ctx, &message, &public_key, &policy, out, NULL, &err) != AIM_OK)
		fail_msg("%s: %s", columns[1], err.message);
	assert_text(aim_buf_str(out), *columns[0] ? "https://signature-agent.test" : "");
	policy.now_s += 86400;
	assert_status(aim_webbotauth_verify(ctx, &message, &public_key, &policy, NULL, NULL, NULL), AIM_E_STALE);
	policy.max_age_s = UINT32_MAX;
	policy.now_s = 4889289599;
	assert_status(aim_webbotauth_verify(ctx, &message, &public_key, &policy, NULL, NULL, NULL), AIM_OK);
	policy.now_s++;
	assert_status(aim_webbotauth_verify(ctx, &message, &public_key, &policy, NULL, NULL, NULL), AIM_E_EXPIRED);
}

static void test_web_bot_auth(void **state)
{
	char *rest = http_kit_read("web-bot-auth/ed25519.txt");
	char *columns[3];
	size_t n = 0;
	(void)state;
	for (char *line; (line = http_kit_line(&rest)) != NULL; n++) {
		assert_int_equal(cut_fields(line, columns), 3);
		check_bot(columns);
	}
	assert_int_equal(n, 2);
}

/* The first vector made by our own signer. */
static void test_web_bot_auth_sign(void **state)
{
	static const aim_str authority[] = {S("@authority")};
	const aim_webbotauth_options options = {
		.struct_size = sizeof options,
		.components = authority,
		.n_components = 1,
		.nonce = S("zIW8+cdmA3vdYagbxojpONwa/l0EKJ/O3/wD486VvsQjO/RxPaSt6ZxvQaMcQzNnqKN/mQ6hpGiFro2L2qkz5A=="),
		.created_s = 1735689600,
		.expires_s = 4889289600};
	char *rest = http_kit_read("web-bot-auth/ed25519.txt");
	char *columns[3];
	aim_buf *agent = NULL, *signature = NULL;
	(void)state;
	cut_fields(http_kit_line(&rest), columns);
	assert_status(aim_buf_new(ctx, &agent), AIM_OK);
	assert_status(aim_buf_new(ctx, &signature), AIM_OK);
	aim_buf_clear(out);
	assert_status(aim_webbotauth_sign(key, &bot_request, &options, agent, out, signature, NULL), AIM_OK);
	assert_text(aim_buf_str(agent), "");
	assert_text(aim_buf_str(out), columns[1]);
	assert_text(aim_buf_str(signature), columns[2]);
	aim_buf_free(agent);
	aim_buf_free(signature);
}

static void test_thumbprint(void **state)
{
	char text[AIM_KEYFORM_THUMBPRINT_SIZE];
	(void)state;
	assert_status(aim_keyform_thumbprint(ctx, &public_key, text), AIM_OK);
	assert_string_equal(text, "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U");
}

/* ---- RFC 9530, appendices A and B ---- */

static void test_content_digest(void **state)
{
	static const struct {
		const char *body, *value;
	} cases[] = {
		{"{\"hello\": \"world\"}\n", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"},
		{"{\"hello\": \"world\"}", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"},
		{"", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
	};
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const aim_bytes body = aim_bytes_from(cases[i].body, strlen(cases[i].body));
		aim_buf_clear(out);
		assert_status(aim_contentdigest_make(ctx, body, out), AIM_OK);
		assert_text(aim_buf_str(out), cases[i].value);
		assert_status(aim_contentdigest_verify(ctx, aim_str_from(cases[i].value), body, NULL), AIM_OK);
		assert_status(aim_contentdigest_verify(ctx, aim_str_from(cases[(i + 1) % 3].value), body, NULL), AIM_E_DIGEST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_web_bot_auth),
		cmocka_unit_test(test_web_bot_auth_sign),
		cmocka_unit_test(test_thumbprint),
		cmocka_unit_test(test_content_digest),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
