/* Text from outside: names, addresses, URLs, lists. */
#include "identity/check.h"

#include "support.h"

#include <string.h>

#define S(text) aim_str_from(text)

static void a_name_can_be_read_by_people(void **state)
{
	static const char *const good[] = {"a", "Invoice Bot", "caf\xc3\xa9/7%", "\xe6\x97\xa5\xe6\x9c\xac"};
	static const char *const bad[] = {
		"", " a", "a ", "a\nb", "a\tb", "a\x7f", "\xc2\x85", /* C1 */
		"\xff",                                              /* no UTF-8 */
		"a\xe2\x80\x8b", "\xe2\x80\xae" "evil",              /* zero width, right-to-left override */
		"\xf3\xa0\x81\x81",                                  /* tag character: invisible ASCII */
	};
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_error err = {0};
	char longest[258];
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_status(aim__check_name(ctx, "name", S(good[i]), AIM__CHECK_REQUIRED, &err), AIM_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_status(aim__check_name(ctx, "name", S(bad[i]), AIM__CHECK_REQUIRED, &err),
		              AIM_E_ID_NAME);
	assert_status(aim__check_name(ctx, "name", S(""), 0, NULL), AIM_OK);
	memset(longest, 'x', sizeof longest - 1);
	longest[257] = '\0';
	assert_status(aim__check_name(ctx, "name", S(longest), 0, &err), AIM_E_ID_NAME);
	assert_non_null(strstr(err.message, "257"));
	longest[256] = '\0';
	assert_status(aim__check_name(ctx, "name", S(longest), 0, &err), AIM_OK);
	test_ctx_done(ctx, &heap);
}

static void text_may_have_lines_where_that_is_said(void **state)
{
	(void)state;
	assert_status(aim__check_text("text", S("a\nb\tc\r\n"), 100, AIM__CHECK_LINES, NULL), AIM_OK);
	assert_status(aim__check_text("text", S("a\nb"), 100, 0, NULL), AIM_E_INVALID);
	assert_status(aim__check_text("text", S("a\x1b[2J"), 100, AIM__CHECK_LINES, NULL), AIM_E_INVALID);
	assert_status(aim__check_text("text", S("abc"), 2, 0, NULL), AIM_E_INVALID);
	aim_str broken = {NULL, 3};
	assert_status(aim__check_text("text", broken, 100, 0, NULL), AIM_E_INVALID);
}

static void an_owner_is_an_address(void **state)
{
	static const char *const bad[] = {"ana", "@example.org", "ana@", "a na@example.org"};
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	assert_status(aim__check_email(ctx, "owner", S("ana@example.org"), NULL), AIM_OK);
	assert_status(aim__check_email(ctx, "owner", S(""), NULL), AIM_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_status(aim__check_email(ctx, "owner", S(bad[i]), NULL), AIM_E_ID_NAME);
	test_ctx_done(ctx, &heap);
}

static void urls_name_a_host_and_no_user(void **state)
{
	static const char *const schemes[] = {"stdio", "https", "http", "wss", "ws", NULL};
	static const char *const good[] = {
		"https://mcp.example.org/v1?x=1#y", "http://127.0.0.1:8080", "ws://h/", "wss://[::1]:9/a@b",
		"stdio://", "stdio://filesystem", "https://h/a%20b",
	};
	static const char *const bad[] = {
		"ftp://h/",  "HTTPS://h/",        "https:/h",          "https://",  "https:///path", "h",
		"https://:8080/", "https://user@h/", "https://u:p@h/x", "https://h/a b", "https://h/\"", "stdio:/x",
		"javascript:alert(1)", "https://h/\n",
	};
	aim_error err = {0};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (aim__check_url("url", S(good[i]), schemes, &err) != AIM_OK)
			fail_msg("%s: %s", good[i], err.message);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (aim__check_url("url", S(bad[i]), schemes, NULL) != AIM_E_INVALID)
			fail_msg("%s was taken", bad[i]);
	assert_status(aim__check_url("url", S(""), schemes, NULL), AIM_OK);
	/* The message must not repeat the password. */
	assert_status(aim__check_url("url", S("https://u:hunter2@h/"), schemes, &err), AIM_E_INVALID);
	assert_null(strstr(err.message, "hunter2"));
}

static void environment_variables_have_names_only(void **state)
{
	aim_str good[] = {S("HOME"), S("_x9")};
	aim_str value[] = {S("HOME"), S("TOKEN=s3cret")};
	aim_str digit[] = {S("9x")};
	aim_str empty[] = {S("")};
	aim_error err = {0};
	(void)state;
	assert_status(aim__check_env_names(good, 2, NULL), AIM_OK);
	assert_status(aim__check_env_names(value, 2, &err), AIM_E_INVALID);
	assert_null(strstr(err.message, "s3cret"));
	assert_status(aim__check_env_names(digit, 1, NULL), AIM_E_INVALID);
	assert_status(aim__check_env_names(empty, 1, NULL), AIM_E_INVALID);
	assert_status(aim__check_env_names(NULL, 1, NULL), AIM_E_INVALID);
	assert_status(aim__check_env_names(good, AIM__LIST_MAX + 1, NULL), AIM_E_LIMIT);
}

static void declared_capabilities_have_no_wildcards(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_str items[] = {S("files:read"), S("files:*")};
	(void)state;
	assert_status(aim__check_capabilities(ctx, items, 1, NULL), AIM_OK);
	assert_status(aim__check_capabilities(ctx, items, 2, NULL), AIM_E_ID_CAPABILITY);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_can_be_read_by_people),
		cmocka_unit_test(text_may_have_lines_where_that_is_said),
		cmocka_unit_test(an_owner_is_an_address),
		cmocka_unit_test(urls_name_a_host_and_no_user),
		cmocka_unit_test(environment_variables_have_names_only),
		cmocka_unit_test(declared_capabilities_have_no_wildcards),
	};
	return cmocka_run_group_tests_name("identity/check", tests, NULL, NULL);
}
