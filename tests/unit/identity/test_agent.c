/* Agents: registered, found, listed, moved. */
#include "house.h"

#include "store/store.h"

#include <stdio.h>
#include <string.h>

static aim_public_key key_of(house *h)
{
	aim_key *key = NULL;
	aim_public_key public_key;
	assert_status(aim_key_generate(h->ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	aim_key_unref(key);
	return public_key;
}

static void what_is_registered_is_what_is_read(void **state)
{
	house *h = *state;
	aim_public_key key = key_of(h), read_back;
	aim_str capabilities[] = {S("files:read"), S("mail:send")};
	aim_agent_spec spec = {.struct_size = sizeof spec};
	aim_agent *agent = NULL, *found = NULL;
	char key_id[AIM_KEY_ID_SIZE];
	spec.name = S("invoice-bot");
	spec.display_name = S("Invoices \"\xe2\x82\xac\"");
	spec.description = S("Reads invoices.\nPays none.");
	spec.owner = S("ana@example.org");
	spec.organization = S("Example");
	spec.capabilities = capabilities;
	spec.n_capabilities = 2;
	spec.public_key = &key;
	spec.expires_at_s = 1800000000;
	spec.type = AIM_AGENT_SERVICE;
	spec.actor = S("admin@example.org");
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	assert_status(aim_agent_find(h->registry, aim_agent_id(agent), &found, NULL), AIM_OK);
	aim_agent *both[] = {agent, found};
	assert_status(aim_key_id(h->ctx, &key, key_id), AIM_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(aim_agent_id(both[i]).ptr, "agt_", 4);
		assert_text(aim_agent_name(both[i]), "invoice-bot");
		assert_text(aim_agent_display_name(both[i]), "Invoices \"\xe2\x82\xac\"");
		assert_text(aim_agent_description(both[i]), "Reads invoices.\nPays none.");
		assert_text(aim_agent_owner(both[i]), "ana@example.org");
		assert_text(aim_agent_organization(both[i]), "Example");
		assert_text(aim_agent_key_id(both[i]), key_id);
		assert_memory_equal(aim_agent_did(both[i]).ptr, "did:mesh:", 9);
		assert_memory_equal(aim_agent_did(both[i]).ptr + 9, key_id, 32);
		assert_int_equal(aim_agent_did(both[i]).len, 41);
		assert_int_equal(aim_agent_status(both[i]), AIM_REGISTRY_PENDING);
		assert_int_equal(aim_agent_type(both[i]), AIM_AGENT_SERVICE);
		assert_int_equal(aim_agent_created_us(both[i]), test_now_us);
		assert_int_equal(aim_agent_updated_us(both[i]), test_now_us);
		assert_int_equal(aim_agent_expires_at_s(both[i]), 1800000000);
		assert_int_equal(aim_agent_capability_count(both[i]), 2);
		assert_text(aim_agent_capability_at(both[i], 1), "mail:send");
		assert_null(aim_agent_capability_at(both[i], 2).ptr);
		assert_status(aim_agent_public_key(both[i], &read_back), AIM_OK);
		assert_memory_equal(&read_back, &key, sizeof key);
		assert_int_equal(strlen(aim_agent_name(both[i]).ptr), aim_agent_name(both[i]).len);
		aim_agent_free(both[i]);
	}
	assert_int_equal(house_records(h, "identity_created"), 1);
	assert_int_equal(house_records(h, NULL), 1);
	assert_non_null(strstr(house_last_record(h), "\"user\":\"admin@example.org\""));
}

static void lookups_by_id_name_and_key_agree(void **state)
{
	house *h = *state;
	aim_public_key key = key_of(h), other = key_of(h);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a/b%2fc"), .public_key = &key};
	aim_agent *agent = NULL, *found = NULL;
	aim_error err = {0};
	char uuid[37];
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	const char *d = aim_agent_id(agent).ptr + 4;
	snprintf(uuid, sizeof uuid, "%.8s-%.4s-%.4s-%.4s-%.12s", d, d + 8, d + 12, d + 16, d + 20);
	assert_status(aim_agent_find(h->registry, S(uuid), &found, NULL), AIM_OK);
	assert_true(aim_str_equal(aim_agent_id(found), aim_agent_id(agent)));
	aim_agent_free(found);
	assert_status(aim_agent_find_name(h->registry, S("a/b%2fc"), &found, NULL), AIM_OK);
	assert_true(aim_str_equal(aim_agent_id(found), aim_agent_id(agent)));
	aim_agent_free(found);
	assert_status(aim_agent_find_key(h->registry, &key, &found, NULL), AIM_OK);
	assert_true(aim_str_equal(aim_agent_id(found), aim_agent_id(agent)));
	aim_agent_free(found);
	found = NULL;
	assert_status(aim_agent_find_name(h->registry, S("a/b/c"), &found, &err), AIM_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "a/b/c"));
	assert_status(aim_agent_find_key(h->registry, &other, &found, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_agent_find(h->registry, S("agt_00000000000000000000000000000000"), &found, NULL),
	              AIM_E_NOT_FOUND);
	assert_status(aim_agent_find(h->registry, S("invoice-bot"), &found, NULL), AIM_E_INVALID);
	assert_null(found);
	aim_agent_free(agent);
}

static void a_name_and_a_key_belong_to_one_agent(void **state)
{
	house *h = *state;
	aim_public_key key = key_of(h);
	char id[37];
	aim_error err = {0};
	aim_agent *agent = NULL;
	house_agent(h, "first", id);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("first"), .public_key = &key};
	assert_status(aim_agent_register(h->registry, &spec, &agent, &err), AIM_E_EXISTS);
	assert_null(agent);
	assert_non_null(strstr(err.message, id));
	spec.name = S("second");
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	spec.name = S("third");
	assert_status(aim_agent_register(h->registry, &spec, NULL, &err), AIM_E_EXISTS);
	assert_non_null(strstr(err.message, aim_agent_id(agent).ptr));
	assert_null(strstr(err.message, "third"));
	aim_agent_free(agent);
	/* The failed ones left nothing behind: neither a name nor evidence. */
	assert_status(aim_agent_find_name(h->registry, S("third"), &agent, NULL), AIM_E_NOT_FOUND);
	assert_int_equal(house_records(h, NULL), 2);
}

static void bad_input_is_refused_before_anything_is_written(void **state)
{
	house *h = *state;
	aim_public_key identity_point = {{1}};
	aim_str capability = S("no spaces");
	const aim_agent_spec good = {.struct_size = sizeof good, .name = S("a")};
	struct {
		aim_agent_spec spec;
		aim_status expected;
	} rows[11];
	size_t n = 0;
#define ROW(change, status) rows[n].spec = good, rows[n].spec.change, rows[n++].expected = status
	ROW(name = S(""), AIM_E_ID_NAME);
	ROW(name = S("a\nb"), AIM_E_ID_NAME);
	ROW(owner = S("nobody"), AIM_E_ID_NAME);
	ROW(organization = S(" x"), AIM_E_ID_NAME);
	ROW(description = S("\xff"), AIM_E_INVALID);
	ROW(status = AIM_REGISTRY_SUSPENDED, AIM_E_INVALID);
	ROW(type = 3, AIM_E_INVALID);
	ROW(expires_at_s = -1, AIM_E_INVALID);
	ROW(flags = 2, AIM_E_VERSION);
	ROW(public_key = &identity_point, AIM_E_KEY);
	ROW(struct_size = 8, AIM_E_INVALID);
#undef ROW
	for (size_t i = 0; i < n; i++) {
		aim_error err = {0};
		assert_status(aim_agent_register(h->registry, &rows[i].spec, NULL, &err), rows[i].expected);
		assert_int_equal(err.status, rows[i].expected);
		assert_string_not_equal(err.message, "");
	}
	aim_agent_spec spec = good;
	spec.capabilities = &capability;
	spec.n_capabilities = 1;
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_ID_CAPABILITY);
	assert_int_equal(house_records(h, NULL), 0);
}

static aim_registry_move move_to(uint32_t status)
{
	aim_registry_move move = {.struct_size = sizeof move, .status = status};
	move.reason = S("because");
	move.actor = S("admin");
	return move;
}

static void agents_move_along_the_table(void **state)
{
	house *h = *state;
	/* What the specification says, from row to column: pending, verified, suspended, revoked. */
	static const int expected[5][5] = {
		[AIM_REGISTRY_PENDING] = {0, 1, 1, 1, 1},
		[AIM_REGISTRY_VERIFIED] = {0, 0, 1, 1, 1},
		[AIM_REGISTRY_SUSPENDED] = {0, 0, 1, 1, 1},
		[AIM_REGISTRY_REVOKED] = {0, 0, 0, 0, 1},
	};
	char name[32], id[37];
	for (uint32_t from = 0; from <= 5; from++)
		for (uint32_t to = 0; to <= 5; to++)
			assert_int_equal(aim_registry_move_allowed(from, to),
			                 from < 5 && to < 5 && expected[from][to]);
	for (uint32_t from = 1; from <= 4; from++) {
		for (uint32_t to = 1; to <= 4; to++) {
			aim_agent *agent = NULL;
			snprintf(name, sizeof name, "from %u to %u", from, to);
			house_agent(h, name, id);
			aim_registry_move move = move_to(from);
			assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
			size_t before = house_records(h, NULL);
			move = move_to(to);
			assert_status(aim_agent_move(h->registry, S(id), &move, NULL),
			              expected[from][to] ? AIM_OK : AIM_E_STATE);
			assert_int_equal(house_records(h, NULL) - before, expected[from][to] && from != to);
			assert_status(aim_agent_find(h->registry, S(id), &agent, NULL), AIM_OK);
			assert_int_equal(aim_agent_status(agent), expected[from][to] ? to : from);
			aim_agent_free(agent);
		}
	}
}

static void every_move_leaves_evidence(void **state)
{
	house *h = *state;
	char id[37];
	aim_agent *agent = NULL;
	house_agent(h, "mover", id);
	aim_registry_move move = move_to(AIM_REGISTRY_VERIFIED);
	test_now_us += 5000000;
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	assert_status(aim_agent_find(h->registry, S(id), &agent, NULL), AIM_OK);
	assert_text(aim_agent_status_reason(agent), "because");
	assert_int_equal(aim_agent_updated_us(agent) - aim_agent_created_us(agent), 5000000);
	aim_agent_free(agent);
	const char *record = house_last_record(h);
	assert_non_null(strstr(record, "\"kind\":\"identity_verified\""));
	assert_non_null(strstr(record, id));
	assert_non_null(strstr(record, "\"reason\":\"because\""));
	assert_non_null(strstr(record, "\"user\":\"admin\""));
	move.status = AIM_REGISTRY_SUSPENDED;
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	move.status = AIM_REGISTRY_REVOKED;
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	assert_int_equal(house_records(h, "identity_suspended"), 1);
	assert_int_equal(house_records(h, "identity_revoked"), 1);
	assert_status(aim_audit_verify(h->log, NULL, NULL, NULL), AIM_OK);
}

static void a_security_suspension_is_lifted_on_purpose_only(void **state)
{
	house *h = *state;
	char id[37];
	house_agent(h, "suspect", id);
	aim_registry_move move = move_to(AIM_REGISTRY_SUSPENDED);
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	move.flags = AIM_REGISTRY_SECURITY; /* the same status, but graver now */
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	move = move_to(AIM_REGISTRY_SUSPENDED); /* a plain one does not take that back */
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	move = move_to(AIM_REGISTRY_VERIFIED);
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_E_STATE);
	move.flags = AIM_REGISTRY_OVERRIDE;
	move.reason = S("");
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_E_STATE);
	move.reason = S("false alarm");
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_OK);
	move.flags = 8;
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_E_VERSION);
	move = move_to(7);
	assert_status(aim_agent_move(h->registry, S(id), &move, NULL), AIM_E_INVALID);
}

static void revoking_releases_the_name_and_keeps_the_key(void **state)
{
	house *h = *state;
	aim_public_key key = key_of(h);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("phoenix"), .public_key = &key};
	aim_agent *old = NULL, *fresh = NULL, *found = NULL;
	assert_status(aim_agent_register(h->registry, &spec, &old, NULL), AIM_OK);
	aim_registry_move move = move_to(AIM_REGISTRY_REVOKED);
	assert_status(aim_agent_move(h->registry, aim_agent_id(old), &move, NULL), AIM_OK);
	assert_status(aim_agent_find_name(h->registry, S("phoenix"), &found, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_EXISTS); /* the key */
	spec.public_key = NULL;
	assert_status(aim_agent_register(h->registry, &spec, &fresh, NULL), AIM_OK);
	assert_status(aim_agent_find_name(h->registry, S("phoenix"), &found, NULL), AIM_OK);
	assert_true(aim_str_equal(aim_agent_id(found), aim_agent_id(fresh)));
	aim_agent_free(found);
	assert_status(aim_agent_find(h->registry, aim_agent_id(old), &found, NULL), AIM_OK);
	assert_text(aim_agent_name(found), "phoenix"); /* history stays */
	aim_agent_free(found);
	/* Revoking the old one again must not take the name from the new one. */
	assert_status(aim_agent_move(h->registry, aim_agent_id(old), &move, NULL), AIM_OK);
	assert_status(aim_agent_find_name(h->registry, S("phoenix"), &found, NULL), AIM_OK);
	aim_agent_free(found);
	aim_agent_free(fresh);
	aim_agent_free(old);
}

static void active_means_verified_and_not_expired(void **state)
{
	house *h = *state;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .expires_at_s = 2000000000};
	aim_agent *agent = NULL;
	spec.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	assert_int_equal(house_records(h, "identity_verified"), 1);
	assert_true(aim_agent_is_active(agent, INT64_C(1999999999999999)));
	assert_false(aim_agent_is_active(agent, INT64_C(2000000000000000)));
	aim_agent_free(agent);
	spec = (aim_agent_spec){.struct_size = sizeof spec, .name = S("b")};
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	assert_false(aim_agent_is_active(agent, 0));
	aim_agent_free(agent);
	assert_false(aim_agent_is_active(NULL, 0));
}

typedef struct gathered {
	aim_registry *registry;
	char ids[200][37];
	size_t n;
	aim_status stop;
} gathered;

static aim_status gather(void *user, const aim_agent *agent)
{
	gathered *g = user;
	aim_agent *again = NULL;
	strcpy(g->ids[g->n++], aim_agent_id(agent).ptr);
	assert_status(aim_agent_find(g->registry, aim_agent_id(agent), &again, NULL), AIM_OK);
	aim_agent_free(again);
	return g->stop;
}

static void listing_pages_in_the_order_of_registration(void **state)
{
	house *h = *state;
	char ids[150][37], name[16];
	for (size_t i = 0; i < 150; i++) {
		snprintf(name, sizeof name, "agent %zu", i);
		test_now_us++;
		house_agent(h, name, ids[i]);
	}
	gathered all = {.registry = h->registry};
	assert_status(aim_agent_list(h->registry, S(""), 0, gather, &all, NULL), AIM_OK);
	assert_int_equal(all.n, 150);
	assert_memory_equal(all.ids, ids, sizeof ids);
	gathered paged = {.registry = h->registry};
	for (size_t want = 7; paged.n < 147; want += 7) {
		aim_str after = paged.n ? S(paged.ids[paged.n - 1]) : S("");
		assert_status(aim_agent_list(h->registry, after, 7, gather, &paged, NULL), AIM_OK);
		assert_int_equal(paged.n, want);
	}
	assert_memory_equal(paged.ids, ids, 147 * sizeof ids[0]);
	gathered one = {.registry = h->registry, .stop = AIM_E_CALLBACK};
	assert_status(aim_agent_list(h->registry, S(""), 0, gather, &one, NULL), AIM_E_CALLBACK);
	assert_int_equal(one.n, 1);
	one.stop = AIM_E_SPACE; /* the walk's own way to stop must not swallow the visitor's */
	assert_status(aim_agent_list(h->registry, S(""), 1, gather, &one, NULL), AIM_E_SPACE);
	assert_status(aim_agent_list(h->registry, S("x"), 1, gather, &one, NULL), AIM_E_INVALID);
}

static void damaged_records_are_named(void **state)
{
	house *h = *state;
	char id[37], key[64];
	aim_agent *agent = NULL;
	aim_error err = {0};
	static const char *const damaged[] = {
		"",
		"[]",
		"{",
		"{\"id\":7}",
		"{\"id\":\"agt_x\",\"name\":\"n\"}",
	};
	house_agent(h, "victim", id);
	snprintf(key, sizeof key, "agent/%s", id);
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		house_damage(h, key, damaged[i]);
		gathered g = {.registry = h->registry};
		assert_status(aim_agent_find(h->registry, S(id), &agent, &err), AIM_E_STORE_CORRUPT);
		assert_non_null(strstr(err.message, key));
		assert_status(aim_agent_find_name(h->registry, S("victim"), &agent, &err), AIM_E_STORE_CORRUPT);
		assert_status(aim_agent_list(h->registry, S(""), 0, gather, &g, &err), AIM_E_STORE_CORRUPT);
		assert_null(agent);
	}
}

static void a_record_with_a_foreign_key_id_is_damaged(void **state)
{
	house *h = *state;
	aim_public_key key = key_of(h);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &key};
	aim_agent *agent = NULL;
	aim_buf *value = NULL;
	char store_key[64];
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	snprintf(store_key, sizeof store_key, "agent/%s", aim_agent_id(agent).ptr);
	assert_status(aim_buf_new(h->ctx, &value), AIM_OK);
	assert_status(aim_store_read_key(h->store, aim_bytes_from_str(S(store_key)), value, NULL, NULL),
	              AIM_OK);
	char text[1024] = "";
	assert_true(aim_buf_str(value).len < sizeof text);
	memcpy(text, aim_buf_str(value).ptr, aim_buf_str(value).len);
	char *key_id = strstr(text, "\"key_id\":\"") + strlen("\"key_id\":\"");
	*key_id = *key_id == '0' ? '1' : '0';
	house_damage(h, store_key, text);
	aim_error err = {0};
	aim_agent *found = NULL;
	assert_status(aim_agent_find(h->registry, aim_agent_id(agent), &found, &err), AIM_E_STORE_CORRUPT);
	assert_non_null(strstr(err.message, "key_id"));
	aim_buf_free(value);
	aim_agent_free(agent);
}

static aim_status register_find_move(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL, *found = NULL;
	aim_public_key *key = arg;
	aim_str capability = S("files:read");
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = key};
	spec.capabilities = &capability;
	spec.n_capabilities = 1;
	rc = aim_agent_register(registry, &spec, &agent, NULL);
	if (rc == AIM_OK)
		rc = aim_agent_find_name(registry, S("a"), &found, NULL);
	aim_registry_move move = move_to(AIM_REGISTRY_REVOKED);
	if (rc == AIM_OK)
		rc = aim_agent_move(registry, aim_agent_id(agent), &move, NULL);
	gathered g = {.registry = registry};
	if (rc == AIM_OK)
		rc = aim_agent_list(registry, S(""), 0, NULL, &g, NULL) == AIM_E_INVALID ? AIM_OK : AIM_E_INTERNAL;
	aim_agent_free(found);
	aim_agent_free(agent);
	house_close(store, log, registry);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	house *h = *state;
	aim_public_key key = key_of(h);
	test_each_allocation_fails(register_find_move, &key);
}

static void null_is_refused_or_empty(void **state)
{
	house *h = *state;
	aim_agent_spec spec = {.struct_size = sizeof spec};
	aim_public_key key;
	assert_status(aim_agent_register(NULL, &spec, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_agent_register(h->registry, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_agent_find(h->registry, S("x"), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_agent_public_key(NULL, &key), AIM_E_INVALID);
	assert_null(aim_agent_id(NULL).ptr);
	assert_int_equal(aim_agent_status(NULL), 0);
	assert_int_equal(aim_agent_capability_count(NULL), 0);
	aim_agent_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_registered_is_what_is_read),
		TEST(lookups_by_id_name_and_key_agree),
		TEST(a_name_and_a_key_belong_to_one_agent),
		TEST(bad_input_is_refused_before_anything_is_written),
		TEST(agents_move_along_the_table),
		TEST(every_move_leaves_evidence),
		TEST(a_security_suspension_is_lifted_on_purpose_only),
		TEST(revoking_releases_the_name_and_keeps_the_key),
		TEST(active_means_verified_and_not_expired),
		TEST(listing_pages_in_the_order_of_registration),
		TEST(damaged_records_are_named),
		TEST(a_record_with_a_foreign_key_id_is_damaged),
		TEST(every_allocation_may_fail),
		TEST(null_is_refused_or_empty),
	};
	return cmocka_run_group_tests_name("identity/agent", tests, NULL, NULL);
}
