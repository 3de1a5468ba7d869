/* Changing what is said about agents and servers, and aliases of servers. */
#include "house.h"

#include <aim/did.h>

#include <stdio.h>
#include <string.h>

static void move(house *h, const char *server, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	assert_status(aim_server_move(h->registry, S(server), &m, NULL), AIM_OK);
}

static void an_agent_is_described_anew(void **state)
{
	house *h = *state;
	char id[37];
	aim_agent *agent = NULL;
	aim_agent_update u = {.struct_size = sizeof u, .flags = AIM_AGENT_SET_DESCRIPTION | AIM_AGENT_SET_ORGANIZATION};
	house_agent(h, "a", id);
	u.description = S("Writes\nreports");
	u.organization = S("Example");
	u.display_name = S("not taken over");
	u.actor = S("ana");
	test_now_us++;
	assert_status(aim_agent_change(h->registry, S(id), &u, NULL), AIM_OK);
	assert_status(aim_agent_find(h->registry, S(id), &agent, NULL), AIM_OK);
	assert_text(aim_agent_description(agent), "Writes\nreports");
	assert_text(aim_agent_organization(agent), "Example");
	assert_text(aim_agent_display_name(agent), "");
	assert_int_equal(aim_agent_updated_us(agent), test_now_us);
	aim_agent_free(agent);
	assert_non_null(strstr(house_last_record(h), "\"changed\":[\"description\",\"organization\"]"));
	size_t n = house_records(h, NULL);
	assert_status(aim_agent_change(h->registry, S(id), &u, NULL), AIM_OK);
	assert_int_equal(house_records(h, NULL), n); /* there already */
	u.flags = 8;
	assert_status(aim_agent_change(h->registry, S(id), &u, NULL), AIM_E_VERSION);
	u.flags = AIM_AGENT_SET_DISPLAY_NAME;
	u.display_name = S("x\x07");
	assert_status(aim_agent_change(h->registry, S(id), &u, NULL), AIM_E_ID_NAME);
}

static void what_a_server_is_changes_freely_only_while_it_is_pending(void **state)
{
	house *h = *state;
	char id[37];
	aim_server *server = NULL;
	aim_error err = {0};
	aim_str caps[] = {S("files:read"), S("files:write")};
	house_server(h, "s", id);
	aim_server_update u = {.struct_size = sizeof u, .flags = AIM_SERVER_SET_URL | AIM_SERVER_SET_VERSION};
	u.url = S("https://new.example.org/");
	u.version = S("2");
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_OK);
	move(h, id, AIM_REGISTRY_VERIFIED);
	u.url = S("https://evil.example.org/");
	assert_status(aim_server_change(h->registry, S(id), &u, &err), AIM_E_SERVER_APPROVAL);
	assert_non_null(strstr(err.message, "url"));
	u.flags |= AIM_SERVER_APPROVED;
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_SERVER_APPROVAL);
	u.actor = S("ana");
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_SERVER_APPROVAL);
	u.flags = AIM_SERVER_SET_CAPABILITIES;
	u.capabilities = caps;
	u.n_capabilities = 2;
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_SERVER_APPROVAL);
	u.flags |= AIM_SERVER_APPROVED | AIM_SERVER_SET_URL;
	u.reason = S("it moved");
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_OK);
	assert_status(aim_server_find(h->registry, S(id), &server, NULL), AIM_OK);
	assert_text(aim_server_url(server), "https://evil.example.org/");
	assert_text(aim_server_version(server), "2");
	assert_int_equal(aim_server_capability_count(server), 2);
	aim_server_free(server);
	/* what does not say where it is or what it may do needs nobody */
	u = (aim_server_update){.struct_size = sizeof u, .flags = AIM_SERVER_SET_VERSION | AIM_SERVER_SET_DESCRIPTION};
	u.version = S("3");
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_OK);
}

static void changes_are_checked_like_registrations(void **state)
{
	house *h = *state;
	char id[37];
	aim_str bad[] = {S("not a capability")};
	house_server(h, "s", id);
	aim_server_update u = {.struct_size = sizeof u, .flags = AIM_SERVER_SET_URL};
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_INVALID); /* nowhere to reach it */
	u.url = S("ftp://x/");
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_INVALID);
	u = (aim_server_update){.struct_size = sizeof u, .flags = AIM_SERVER_SET_CAPABILITIES};
	u.capabilities = bad;
	u.n_capabilities = 1;
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_ID_CAPABILITY);
	u = (aim_server_update){.struct_size = sizeof u, .flags = AIM_SERVER_SET_VERIFICATION_URL};
	u.verification_url = S("stdio://x");
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_INVALID);
	u.flags = 1u << 20;
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_VERSION);
	u = (aim_server_update){.struct_size = sizeof u, .flags = AIM_SERVER_SET_VERSION, .version = S("1")};
	move(h, id, AIM_REGISTRY_REVOKED);
	assert_status(aim_server_change(h->registry, S(id), &u, NULL), AIM_E_ID_STATUS);
}

static void other_namespaces_change_nothing(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	aim_registry *other = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	aim_server_update u = {.struct_size = sizeof u, .flags = AIM_SERVER_SET_VERSION, .version = S("9")};
	aim_agent_update a = {.struct_size = sizeof a, .flags = AIM_AGENT_SET_DESCRIPTION, .description = S("9")};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	assert_status(aim_server_change(other, S(server), &u, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_agent_change(other, S(agent), &a, NULL), AIM_E_NOT_FOUND);
	aim_registry_free(other);
}

static aim_status no_link(void *user, const aim_link *link)
{
	(void)user, (void)link;
	fail_msg("a link of another namespace is shown");
	return AIM_OK;
}

static aim_status no_grant(void *user, aim_str id, const aim_grant_spec *grant)
{
	(void)user, (void)id, (void)grant;
	fail_msg("a grant of another namespace is shown");
	return AIM_OK;
}

static void nothing_is_read_across_namespaces(void **state)
{
	house *h = *state;
	char agent[37], server[37], grant[37];
	uint64_t n;
	aim_registry *other = NULL;
	aim_agent *a = NULL;
	aim_server *s = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	aim_grant_spec g = {.struct_size = sizeof g, .capability = S("*")};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	g.agent = S(agent);
	assert_status(aim_grant_add(h->registry, &g, grant, NULL), AIM_OK);
	assert_status(aim_link_add(h->registry, S(agent), S(server), S(""), NULL), AIM_OK);
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	assert_status(aim_agent_find(other, S(agent), &a, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_agent_find_name(other, S("a"), &a, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_server_find(other, S(server), &s, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_server_find_name(other, S("s"), &s, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_grant_check(other, S(agent), S("x"), S(""), 1, NULL), AIM_DENIED);
	assert_status(aim_grant_list(other, S(agent), no_grant, NULL, NULL), AIM_OK);
	assert_status(aim_grant_remove(other, S(agent), S(grant), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_check(other, S(agent), S(server), NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_list(other, S(agent), S(""), 0, no_link, NULL, NULL), AIM_OK);
	assert_status(aim_link_count_agents(other, S(server), &n, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_remove(other, S(agent), S(server), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_add(other, S(agent), S(server), S(""), NULL), AIM_E_NOT_FOUND);
	aim_registry_free(other);
}

static void a_server_is_found_by_its_aliases(void **state)
{
	house *h = *state;
	char id[37];
	aim_server *server = NULL;
	aim_agent *agent = NULL;
	aim_error err = {0};
	aim_str aliases[] = {S("did:mesh:files"), S("spiffe://example.org/mcp/files")};
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s"), .url = S("https://h/")};
	spec.aliases = aliases;
	spec.n_aliases = 2;
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_OK);
	assert_status(aim_server_find_did(h->registry, aliases[1], &server, NULL), AIM_OK);
	assert_int_equal(aim_server_alias_count(server), 2);
	assert_text(aim_server_alias_at(server, 0), "did:mesh:files");
	assert_text(aim_server_alias_at(server, 2), "");
	strcpy(id, aim_server_id(server).ptr);
	aim_server_free(server);
	assert_status(aim_agent_find_did(h->registry, aliases[0], &agent, NULL), AIM_E_NOT_FOUND);
	spec.name = S("t");
	assert_status(aim_server_register(h->registry, &spec, NULL, &err), AIM_E_EXISTS);
	assert_non_null(strstr(err.message, id));
	aliases[0] = S("did:web:example.org");
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_ID_DID);
	assert_status(aim_server_find_did(h->registry, S("did:mesh:nobody"), &server, NULL), AIM_E_NOT_FOUND);
	/* revoking gives back the SPIFFE id, the DID stays said of it */
	move(h, id, AIM_REGISTRY_REVOKED);
	aliases[0] = aliases[1];
	spec.n_aliases = 1;
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_OK);
	aliases[0] = S("did:mesh:files");
	spec.name = S("u");
	assert_status(aim_server_register(h->registry, &spec, NULL, NULL), AIM_E_EXISTS);
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_server *server = NULL;
	aim_str alias = S("did:mesh:files");
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s"), .url = S("https://h/")};
	aim_server_update u = {.struct_size = sizeof u, .flags = AIM_SERVER_SET_VERSION, .version = S("9")};
	spec.aliases = &alias;
	spec.n_aliases = 1;
	rc = aim_server_register(registry, &spec, &server, NULL);
	if (rc == AIM_OK)
		rc = aim_server_change(registry, aim_server_id(server), &u, NULL);
	aim_server_free(server);
	house_close(store, log, registry);
	return rc;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(everything, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_agent_is_described_anew),
		TEST(what_a_server_is_changes_freely_only_while_it_is_pending),
		TEST(changes_are_checked_like_registrations),
		TEST(other_namespaces_change_nothing),
		TEST(nothing_is_read_across_namespaces),
		TEST(a_server_is_found_by_its_aliases),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
