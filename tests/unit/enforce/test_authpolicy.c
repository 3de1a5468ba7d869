/* Authentication to servers: methods, TLS and its version, rules of servers, and the file they stand in. */
#include "support.h"

#include <aim/authpolicy.h>

#include <string.h>

#define S(text) aim_str_from(text)

typedef struct scene {
	test_heap heap;
	aim_ctx *ctx;
	aim_authpolicy *p;
	aim_decision *d;
} scene;

static void open_scene(scene *s, const aim_authpolicy_rule *rules, size_t n)
{
	memset(s, 0, sizeof *s);
	s->ctx = test_ctx(&s->heap);
	assert_status(aim_authpolicy_new(s->ctx, rules, n, &s->p, NULL), AIM_OK);
	assert_status(aim_decision_new(s->ctx, &s->d, NULL), AIM_OK);
}

static void close_scene(scene *s)
{
	aim_decision_free(s->d);
	aim_authpolicy_free(s->p);
	test_ctx_done(s->ctx, &s->heap);
}

static aim_status check(scene *s, const char *server, const char *method, const char *url, uint32_t tls)
{
	aim_authpolicy_request r = {.struct_size = sizeof r, .tls_version = tls};
	r.server = S(server);
	r.method = S(method);
	r.url = S(url);
	return aim_authpolicy_check(s->p, &r, s->d, NULL);
}

#define T12 AIM_AUTHPOLICY_TLS_1_2
#define T13 AIM_AUTHPOLICY_TLS_1_3
#define assert_why(s, text) assert_text(aim_decision_reason((s)->d), (text))

static void the_defaults_are_strict(void **state)
{
	scene s;
	(void)state;
	open_scene(&s, NULL, 0);
	assert_status(check(&s, "a", "oauth2", "https://a/", T12), AIM_OK);
	assert_text(aim_decision_reason_code(s.d), "auth_accepted");
	assert_status(check(&s, "a", "mtls", "wss://a/", T13), AIM_OK);
	assert_status(check(&s, "a", "api_key", "HTTPS://a/", T13), AIM_OK);
	assert_status(check(&s, "a", "bearer", "https://a/", T13), AIM_OK);
	assert_status(check(&s, "a", "none", "https://a/", T13), AIM_DENIED);
	assert_why(&s, "Authentication method 'none' is not allowed for server 'a'");
	assert_status(check(&s, "a", "", "https://a/", T13), AIM_DENIED);
	assert_status(check(&s, "a", "basic", "https://a/", T13), AIM_DENIED);
	assert_why(&s, "Authentication method 'basic' is unknown");
	assert_status(check(&s, "a", "OAuth2", "https://a/", T13), AIM_DENIED);
	assert_status(check(&s, "a", "oauth2", "http://a/", T13), AIM_DENIED);
	assert_why(&s, "Server 'a' needs TLS");
	assert_status(check(&s, "a", "oauth2", "", T13), AIM_DENIED);
	assert_why(&s, "Server 'a' needs TLS, and has no URL");
	assert_status(check(&s, "a", "oauth2", "https://a/", AIM_AUTHPOLICY_TLS_1_1), AIM_DENIED);
	assert_why(&s, "TLS version 1.1 of server 'a' is below the minimum 1.2");
	assert_status(check(&s, "a", "oauth2", "https://a/", 0), AIM_DENIED);
	assert_why(&s, "TLS version unknown of server 'a' is below the minimum 1.2");
	close_scene(&s);
}

static void servers_have_rules_of_their_own(void **state)
{
	const aim_authpolicy_rule rules[] = {
		{sizeof *rules, 0, AIM_AUTHPOLICY_OAUTH2, T13, S("github")},
		{sizeof *rules, AIM_AUTHPOLICY_PLAIN, AIM_AUTHPOLICY_NONE | AIM_AUTHPOLICY_MTLS, 0, S("local")},
	};
	scene s;
	(void)state;
	open_scene(&s, rules, 2);
	assert_status(check(&s, "github", "bearer", "https://g/", T13), AIM_DENIED);
	assert_status(check(&s, "github", "oauth2", "https://g/", T12), AIM_DENIED);
	assert_status(check(&s, "github", "oauth2", "https://g/", T13), AIM_OK);
	assert_status(check(&s, "local", "", "", 0), AIM_OK);
	assert_status(check(&s, "LOCAL", "", "", 0), AIM_DENIED); /* another name: the default */
	assert_status(check(&s, "local", "mtls", "", T13), AIM_DENIED);
	assert_status(check(&s, "local", "none", "https://l/", AIM_AUTHPOLICY_TLS_1_0), AIM_DENIED);
	close_scene(&s);
}

static aim_status read(scene *s, const char *text)
{
	aim_authpolicy *p = NULL;
	aim_status rc = aim_authpolicy_read(s->ctx, aim_bytes_from(text, strlen(text)), AIM_CONFIG_JSON, &p, NULL);
	if (rc == AIM_OK) {
		aim_authpolicy_free(s->p);
		s->p = p;
	}
	return rc;
}

static void a_file_is_read_strictly(void **state)
{
	scene s;
	(void)state;
	open_scene(&s, NULL, 0);
	assert_status(read(&s, "{\"methods\":[\"mtls\"],\"min_tls\":\"1.3\",\"servers\":{\"local\":{\"methods\":[\"none\"],"
	                       "\"require_tls\":false}}}"), AIM_OK);
	assert_status(check(&s, "a", "oauth2", "https://a/", T13), AIM_DENIED);
	assert_status(check(&s, "a", "mtls", "https://a/", T12), AIM_DENIED);
	assert_status(check(&s, "a", "mtls", "https://a/", T13), AIM_OK);
	assert_status(check(&s, "local", "none", "", 0), AIM_OK);
	assert_status(read(&s, "{}"), AIM_OK);
	assert_status(read(&s, "[]"), AIM_E_JSON_TYPE);
	assert_status(read(&s, "{\"method\":[]}"), AIM_E_JSON_UNKNOWN);
	assert_status(read(&s, "{\"methods\":[]}"), AIM_E_JSON_TYPE);
	assert_status(read(&s, "{\"methods\":[\"basic\"]}"), AIM_E_INVALID);
	assert_status(read(&s, "{\"methods\":[1]}"), AIM_E_INVALID);
	assert_status(read(&s, "{\"require_tls\":\"yes\"}"), AIM_E_JSON_TYPE);
	assert_status(read(&s, "{\"min_tls\":\"1.4\"}"), AIM_E_INVALID);
	assert_status(read(&s, "{\"servers\":[]}"), AIM_E_JSON_TYPE);
	assert_status(read(&s, "{\"servers\":{\"a\":1}}"), AIM_E_JSON_TYPE);
	assert_status(read(&s, "{\"servers\":{\"a\":{\"servers\":{}}}}"), AIM_E_JSON_UNKNOWN);
	close_scene(&s);
}

static void what_is_out_of_range_is_refused(void **state)
{
	const aim_authpolicy_rule twice[] = {{sizeof *twice, 0, 0, 0, S("a")}, {sizeof *twice, 0, 0, 0, S("a")}};
	const aim_authpolicy_rule bad[] = {
		{sizeof *bad, 2, 0, 0, S("a")}, {sizeof *bad, 0, 32, 0, S("a")}, {sizeof *bad, 0, 0, 77, S("a")}};
	scene s;
	aim_authpolicy *p = NULL;
	(void)state;
	open_scene(&s, NULL, 0);
	assert_status(aim_authpolicy_new(s.ctx, twice, 2, &p, NULL), AIM_E_EXISTS);
	assert_status(aim_authpolicy_new(s.ctx, &bad[0], 1, &p, NULL), AIM_E_VERSION);
	assert_status(aim_authpolicy_new(s.ctx, &bad[1], 1, &p, NULL), AIM_E_INVALID);
	assert_status(aim_authpolicy_new(s.ctx, &bad[2], 1, &p, NULL), AIM_E_INVALID);
	assert_status(check(&s, "", "oauth2", "https://a/", T13), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(s.d), AIM_DECISION_DENY);
	assert_string_equal(aim_authpolicy_method_name(3), "unknown");
	close_scene(&s);
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	static const char text[] = "{\"servers\":{\"a\":{\"methods\":[\"none\"]},\"b\":{}}}";
	aim_authpolicy *p = NULL;
	(void)arg;
	aim_status rc = aim_authpolicy_read(ctx, aim_bytes_from(text, sizeof text - 1), AIM_CONFIG_JSON, &p, NULL);
	aim_authpolicy_free(p);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(everything, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_strict),
		cmocka_unit_test(servers_have_rules_of_their_own),
		cmocka_unit_test(a_file_is_read_strictly),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
