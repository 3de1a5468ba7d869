/* Servers: what is theirs alone; the rest is tested with agents. */
#include "house.h"

#include <string.h>

static void what_is_registered_is_what_is_read(void **state)
{
	house *h = *state;
	aim_str args[] = {S("-y"), S("@scope/server \"x\""), S("")};
	aim_str env[] = {S("HOME"), S("API_TOKEN")};
	aim_str capabilities[] = {S("files:read")};
	aim_server_spec spec = {.struct_size = sizeof spec};
	aim_server *server = NULL, *found = NULL;
	spec.name = S("filesystem");
	spec.display_name = S("Files");
	spec.description = S("Reads files");
	spec.version = S("2.1.0");
	spec.url = S("stdio://filesystem");
	spec.command = S("/usr/bin/npx");
	spec.args = args;
	spec.n_args = 3;
	spec.env_names = env;
	spec.n_env_names = 2;
	spec.capabilities = capabilities;
	spec.n_capabilities = 1;
	spec.verification_url = S("https://example.org/verify");
	spec.owner = S("ops@example.org");
	assert_status(aim_server_register(h->registry, &spec, &server, NULL), AIM_OK);
	assert_status(aim_server_find_name(h->registry, S("filesystem"), &found, NULL), AIM_OK);
	assert_memory_equal(aim_server_id(found).ptr, "srv_", 4);
	assert_true(aim_str_equal(aim_server_id(found), aim_server_id(server)));
	assert_text(aim_server_name(found), "filesystem");
	assert_text(aim_server_display_name(found), "Files");
	assert_text(aim_server_description(found), "Reads files");
	assert_text(aim_server_version(found), "2.1.0");
	assert_text(aim_server_url(found), "stdio://filesystem");
	assert_text(aim_server_command(found), "/usr/bin/npx");
	assert_text(aim_server_verification_url(found), "https://example.org/verify");
	assert_text(aim_server_owner(found), "ops@example.org");
	assert_int_equal(aim_server_status(found), AIM_REGISTRY_PENDING);
	assert_int_equal(aim_server_created_us(found), test_now_us);
	assert_int_equal(aim_server_updated_us(found), test_now_us);
	assert_int_equal(aim_server_arg_count(found), 3);
	assert_text(aim_server_arg_at(found, 1), "@scope/server \"x\"");
	assert_text(aim_server_arg_at(found, 2), "");
	assert_int_equal(aim_server_env_name_count(found), 2);
	assert_text(aim_server_env_name_at(found, 1), "API_TOKEN");
	assert_int_equal(aim_server_capability_count(found), 1);
	assert_text(aim_server_capability_at(found, 0), "files:read");
	assert_null(aim_server_did(found).ptr);
	assert_null(aim_server_key_id(found).ptr);
	assert_null(aim_server_status_reason(found).ptr);
	aim_public_key key;
	assert_status(aim_server_public_key(found, &key), AIM_E_NOT_FOUND);
	aim_server_free(found);
	aim_server_free(server);
	assert_non_null(strstr(house_last_record(h), "\"action\":\"server\""));
}

static void a_server_is_reached_in_exactly_one_way(void **state)
{
	house *h = *state;
	aim_str arg = S("x");
	aim_str secret = S("TOKEN=abc");
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s")};
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.args = &arg;
	spec.n_args = 1;
	spec.url = S("https://h/");
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.command = S("run");
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.url = S("ftp://h/");
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.url = S("");
	spec.env_names = &secret;
	spec.n_env_names = 1;
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.n_env_names = 0;
	spec.verification_url = S("ws://h/");
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.verification_url = S("");
	spec.reserved = 0;
	spec.flags = 2;
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_VERSION);
	spec.flags = 0;
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_OK);
}

static void agents_and_servers_do_not_share_names_or_ids(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	aim_error err = {0};
	aim_server *found = NULL;
	house_agent(h, "twin", agent);
	house_server(h, "twin", server);
	assert_status(aim_server_find(h->registry, S(agent), &found, NULL), AIM_E_INVALID);
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("twin"), .url = S("ws://h")};
	assert_status(aim_server_register(h->registry, &spec, NULL, &err), AIM_E_EXISTS);
	assert_non_null(strstr(err.message, server));
}

static void servers_with_a_key_are_found_by_it(void **state)
{
	house *h = *state;
	aim_key *key = NULL;
	aim_public_key public_key, read_back;
	aim_server *found = NULL;
	assert_status(aim_key_generate(h->ctx, AIM_KEY_SERVER, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s"), .url = S("ws://h")};
	spec.public_key = &public_key;
	spec.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_OK);
	assert_status(aim_server_find_key(h->registry, &public_key, &found, NULL), AIM_OK);
	assert_status(aim_server_public_key(found, &read_back), AIM_OK);
	assert_memory_equal(&read_back, &public_key, sizeof public_key);
	assert_int_equal(aim_server_status(found), AIM_REGISTRY_VERIFIED);
	aim_server_free(found);
	aim_key_unref(key);
}

static aim_status count(void *user, const aim_server *server)
{
	size_t *n = user;
	(void)server;
	(*n)++;
	return AIM_OK;
}

static void servers_are_listed_and_moved(void **state)
{
	house *h = *state;
	char first[37], second[37];
	size_t n = 0;
	aim_server *found = NULL;
	house_server(h, "one", first);
	test_now_us++;
	house_server(h, "two", second);
	assert_status(aim_server_list(h->registry, S(""), 0, count, &n, NULL), AIM_OK);
	assert_int_equal(n, 2);
	assert_status(aim_server_list(h->registry, S(first), 0, count, &n, NULL), AIM_OK);
	assert_int_equal(n, 3);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	assert_status(aim_server_move(h->registry, S(second), &move, NULL), AIM_OK);
	assert_status(aim_server_find_name(h->registry, S("two"), &found, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_server_find(h->registry, S(second), &found, NULL), AIM_OK);
	assert_int_equal(aim_server_status(found), AIM_REGISTRY_REVOKED);
	aim_server_free(found);
}

static void null_is_refused_or_empty(void **state)
{
	house *h = *state;
	assert_status(aim_server_register(h->registry, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_server_find(NULL, S(""), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_server_list(h->registry, S(""), 0, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_server_move(h->registry, S(""), NULL, NULL), AIM_E_INVALID);
	assert_null(aim_server_url(NULL).ptr);
	assert_int_equal(aim_server_arg_count(NULL), 0);
	aim_server_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_registered_is_what_is_read),
		TEST(a_server_is_reached_in_exactly_one_way),
		TEST(agents_and_servers_do_not_share_names_or_ids),
		TEST(servers_with_a_key_are_found_by_it),
		TEST(servers_are_listed_and_moved),
		TEST(null_is_refused_or_empty),
	};
	return cmocka_run_group_tests_name("identity/server", tests, NULL, NULL);
}
