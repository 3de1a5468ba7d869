/* Laws of HTTP signatures:
 *   - what is signed verifies;
 *   - every single-bit change of a part of the message that is covered, of its fields, of its body, and of both signature
 *     fields is refused;
 *   - adding fields that are not covered, and what the standard takes away before signing (case of field names, white space
 *     around values), changes nothing. */
#include "support.h"

#include <aim/contentdigest.h>
#include <aim/webbotauth.h>
#include <stdio.h>
#include <string.h>

#define NOW 1764000000
#define S(text) {(text), sizeof(text) - 1}

static aim_ctx *ctx;
static aim_key *key, *server_key;
static aim_public_key public_key, server_public;

/* Everything in memory that can be written, so that bits can be flipped. */
typedef struct parts {
	char method[8], scheme[8], authority[16], path[8], query[16], date[16], digest[64], body[24];
	char input[640], signature[128], agent[64];
	aim_rfc9421_field fields[6];
	aim_rfc9421_message message;
} parts;

static parts request, response;

static void begin(parts *p)
{
	memset(p, 0, sizeof *p);
	p->message.struct_size = sizeof p->message;
	p->message.fields = p->fields;
	strcpy(p->date, "Tue, 20 Apr");
	strcpy(p->body, "{\"amount\": 10}");
	p->message.body = aim_bytes_from(p->body, strlen(p->body));
}

static void add(parts *p, const char *name, const char *value)
{
	p->fields[p->message.n_fields++] = (aim_rfc9421_field){aim_str_from(name), aim_str_from(value), 0, 0};
}

static void add_digest(parts *p, aim_buf *out)
{
	aim_buf_clear(out);
	assert_status(aim_contentdigest_make(ctx, p->message.body, out), AIM_OK);
	strcpy(p->digest, aim_buf_str(out).ptr);
	add(p, "Content-Digest", p->digest);
	add(p, "Date", p->date);
}

static void begin_request(void)
{
	begin(&request);
	strcpy(request.method, "POST");
	strcpy(request.scheme, "https");
	strcpy(request.authority, "a.example:81");
	strcpy(request.path, "/pay");
	strcpy(request.query, "to=ana&n=1");
	request.message.method = aim_str_from(request.method);
	request.message.scheme = aim_str_from(request.scheme);
	request.message.authority = aim_str_from(request.authority);
	request.message.path = aim_str_from(request.path);
	request.message.query = aim_str_from(request.query);
}

static void sign(parts *p, const aim_key *with, const aim_str *components, size_t n)
{
	const aim_rfc9421_sign_options options = {.struct_size = sizeof options,
	                                          .components = components,
	                                          .n_components = n,
	                                          .tag = S("t"),
	                                          .created_s = NOW,
	                                          .expires_s = NOW + 60};
	aim_buf *input = NULL, *signature = NULL;
	assert_status(aim_buf_new(ctx, &input), AIM_OK);
	assert_status(aim_buf_new(ctx, &signature), AIM_OK);
	add_digest(p, input);
	aim_buf_clear(input);
	assert_status(aim_rfc9421_sign(with, &p->message, &options, input, signature, NULL), AIM_OK);
	strcpy(p->input, aim_buf_str(input).ptr);
	strcpy(p->signature, aim_buf_str(signature).ptr);
	add(p, "Signature-Input", p->input);
	add(p, "Signature", p->signature);
	aim_buf_free(input);
	aim_buf_free(signature);
}

static const aim_str *required;
static size_t n_required;

static aim_status verify(const parts *p, const aim_public_key *by)
{
	const aim_rfc9421_policy policy = {.struct_size = sizeof policy,
	                                   .required = required,
	                                   .n_required = n_required,
	                                   .tag = S("t"),
	                                   .now_s = NOW + 1};
	return aim_rfc9421_verify(ctx, &p->message, by, &policy, NULL);
}

/* Case does not count in scheme and authority: their bit 5 is skipped where it is a letter's case. */
static int is_case(char c, unsigned bit)
{
	return bit == 5 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

static void flip_all(const parts *p, const aim_public_key *by, char *text, size_t len, int any_case, const char *what)
{
	for (size_t i = 0; i < 8 * len; i++) {
		if (any_case && is_case(text[i / 8], i % 8))
			continue;
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		if (verify(p, by) == AIM_OK)
			fail_msg("bit %zu of %s was not noticed: %s", i, what, text);
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
	}
	assert_status(verify(p, by), AIM_OK);
}

static const aim_str request_components[] = {S("@method"), S("@target-uri"), S("content-digest"), S("date")};

static void check_request_fields(const parts *p, const aim_public_key *by)
{
	flip_all(p, by, request.method, strlen(request.method), 0, "method");
	flip_all(p, by, request.scheme, strlen(request.scheme), 1, "scheme");
	flip_all(p, by, request.authority, strlen(request.authority), 1, "authority");
	flip_all(p, by, request.path, strlen(request.path), 0, "path");
	flip_all(p, by, request.query, strlen(request.query), 0, "query");
	flip_all(p, by, request.body, strlen(request.body), 0, "body of the request");
}

static void test_request(void **state)
{
	(void)state;
	begin_request();
	sign(&request, key, request_components, 4);
	required = request_components;
	n_required = 4;
	assert_status(verify(&request, &public_key), AIM_OK);
	check_request_fields(&request, &public_key);
	flip_all(&request, &public_key, request.digest, strlen(request.digest), 0, "digest");
	flip_all(&request, &public_key, request.date, strlen(request.date), 0, "date");
	flip_all(&request, &public_key, request.input, strlen(request.input), 0, "Signature-Input");
	flip_all(&request, &public_key, request.signature, strlen(request.signature), 0, "Signature");
}

static void test_response(void **state)
{
	(void)state;
	begin_request();
	sign(&request, key, request_components, 4);
	begin(&response);
	response.message.status = 200;
	response.message.request = &request.message;
	sign(&response, server_key, NULL, 0);
	required = NULL;
	n_required = 0;
	assert_status(verify(&response, &server_public), AIM_OK);
	check_request_fields(&response, &server_public);
	flip_all(&response, &server_public, request.signature, strlen(request.signature), 0, "the request's Signature");
	flip_all(&response, &server_public, response.body, strlen(response.body), 0, "body");
	flip_all(&response, &server_public, response.digest, strlen(response.digest), 0, "digest");
	flip_all(&response, &server_public, response.input, strlen(response.input), 0, "Signature-Input");
	flip_all(&response, &server_public, response.signature, strlen(response.signature), 0, "Signature");
	for (uint32_t status = 100; status < 1000; status++) {
		response.message.status = status;
		assert_int_equal(verify(&response, &server_public) == AIM_OK, status == 200);
	}
}

static void test_what_does_not_count(void **state)
{
	(void)state;
	begin_request();
	sign(&request, key, request_components, 4);
	required = request_components;
	n_required = 4;
	request.fields[1].name = aim_str_from("dATE");
	request.fields[1].value = aim_str_from(" \t Tue, 20 Apr \r\n ");
	request.fields[2].name = aim_str_from("signature-INPUT");
	add(&request, "X-Forwarded-For", "192.0.2.1");
	strcpy(request.authority, "A.EXAMPLE:81");
	assert_status(verify(&request, &public_key), AIM_OK);
	/* A second line of a covered field is part of its value. */
	request.fields[4].name = aim_str_from("Date");
	assert_status(verify(&request, &public_key), AIM_E_SIGNATURE);
}

static int setup(void **state)
{
	static const uint8_t seed[32] = {1, 9}, other[32] = {2, 9};
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_SERVER, aim_bytes_from(other, 32), &server_key, NULL), AIM_OK);
	aim_key_public(server_key, &server_public);
	return aim_key_public(key, &public_key);
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_key_unref(server_key);
	aim_ctx_free(ctx);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_what_does_not_count),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
