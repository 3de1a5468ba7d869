/* Sessions: tokens that are kept nowhere, expiry to the microsecond, limits, agents that lose them, evidence, two
 * views of one store, memory. */
#include "house.h"

#include "store/store.h"

#include <aim/session.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * 1000000)

typedef struct place {
	house *h;
	char agent[37];
} place;

static int setup(void **state)
{
	static place p;
	void *h = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
	aim_agent *agent = NULL;
	house_setup(&h);
	p.h = h;
	spec.name = S("bot");
	assert_status(aim_agent_register(p.h->registry, &spec, &agent, NULL), AIM_OK);
	strcpy(p.agent, aim_agent_id(agent).ptr);
	aim_agent_free(agent);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	place *p = *state;
	void *h = p->h;
	return house_teardown(&h);
}

static aim_session_spec spec_of(const place *p)
{
	aim_session_spec s = {.struct_size = sizeof s};
	s.agent = S(p->agent);
	return s;
}

static void create(place *p, char token[AIM_SESSION_TOKEN_SIZE])
{
	aim_session_spec s = spec_of(p);
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_OK);
	test_now_us += 1000; /* ids of one instant would have no order */
}

static aim_status validate(place *p, const char *token)
{
	return aim_session_validate(p->h->registry, S(p->agent), S(token), NULL, NULL);
}

static uint64_t count(place *p)
{
	uint64_t n = 99, all = 98;
	assert_status(aim_session_count(p->h->registry, S(p->agent), &n, NULL), AIM_OK);
	assert_status(aim_session_count(p->h->registry, S(""), &all, NULL), AIM_OK);
	assert_int_equal(n, all);
	return n;
}

static void test_create_and_validate(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE], other[AIM_SESSION_TOKEN_SIZE];
	aim_session made = {.struct_size = sizeof made}, seen = made;
	aim_session_spec s = spec_of(p);
	s.user = S("ana@example.org");
	s.ttl_s = 60;
	assert_status(aim_session_create(p->h->registry, &s, token, &made, NULL), AIM_OK);
	create(p, other);
	assert_int_equal(strlen(token), 43);
	assert_string_not_equal(token, other);
	assert_status(aim_session_validate(p->h->registry, S(""), S(token), &seen, NULL), AIM_OK);
	assert_memory_equal(&made, &seen, sizeof seen);
	assert_string_equal(seen.agent, p->agent);
	assert_string_equal(seen.user, "ana@example.org");
	assert_memory_equal(seen.id, "ses_", 4);
	assert_int_equal(seen.expires_at_us - seen.created_us, 60000000);
	assert_status(validate(p, token), AIM_OK);
	assert_int_equal(count(p), 2);
}

/* Also not in another spelling of the same bits. */
static void test_no_such_token(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_error err = {0};
	create(p, token);
	for (size_t i = 0; i < 43; i++) {
		char changed[AIM_SESSION_TOKEN_SIZE];
		for (int bit = 0; bit < 7; bit++) {
			memcpy(changed, token, sizeof changed);
			changed[i] = (char)(changed[i] ^ 1 << bit);
			assert_status(aim_session_validate(p->h->registry, S(""), (aim_str){changed, 43}, NULL, &err), AIM_E_NOT_FOUND);
			assert_null(strstr(err.message, token));
		}
	}
	assert_status(validate(p, ""), AIM_E_NOT_FOUND);
	assert_status(aim_session_validate(p->h->registry, S(""), (aim_str){token, 42}, NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_session_validate(p->h->registry, S(""), (aim_str){token, 44}, NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(validate(p, token), AIM_OK);
}

static void test_of_another_agent(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE], other[37];
	house_agent(p->h, "other", other);
	create(p, token);
	assert_status(aim_session_validate(p->h->registry, S(other), S(token), NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_session_validate(p->h->registry, S("agt_1"), S(token), NULL, NULL), AIM_E_INVALID);
	aim_registry *elsewhere = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	assert_status(aim_registry_open(p->h->log, &o, &elsewhere, NULL), AIM_OK);
	assert_status(aim_session_validate(elsewhere, S(""), S(token), NULL, NULL), AIM_E_NOT_FOUND);
	aim_registry_free(elsewhere);
}

static void test_expiry(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	uint64_t n = 0;
	int64_t begin_us = test_now_us;
	create(p, token);
	test_now_us = begin_us + HOUR_US - 1;
	assert_status(validate(p, token), AIM_OK);
	assert_status(aim_session_cleanup(p->h->registry, &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	test_now_us = begin_us + HOUR_US;
	assert_status(validate(p, token), AIM_E_EXPIRED);
	assert_int_equal(count(p), 0);
	assert_status(aim_session_cleanup(p->h->registry, &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_non_null(strstr(house_last_record(p->h), "\"action\":\"expire\""));
	assert_status(validate(p, token), AIM_E_NOT_FOUND);
	/* Without a cleanup the store forgets it a day later. */
	begin_us = test_now_us;
	create(p, token);
	test_now_us = begin_us + 25 * HOUR_US;
	assert_status(validate(p, token), AIM_E_NOT_FOUND);
}

static void test_an_agent_that_is_not_active(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_error err = {0};
	aim_session_spec s = spec_of(p);
	aim_registry_move m = {.struct_size = sizeof m, .status = AIM_REGISTRY_SUSPENDED};
	create(p, token);
	assert_status(aim_agent_move(p->h->registry, S(p->agent), &m, NULL), AIM_OK);
	assert_status(aim_session_validate(p->h->registry, S(""), S(token), NULL, &err), AIM_E_ID_STATUS);
	assert_non_null(strstr(err.message, "suspended"));
	assert_int_equal(count(p), 0);
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_ID_STATUS);
	m.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_agent_move(p->h->registry, S(p->agent), &m, NULL), AIM_OK);
	assert_status(validate(p, token), AIM_OK);
	m.status = AIM_REGISTRY_REVOKED;
	assert_status(aim_agent_move(p->h->registry, S(p->agent), &m, NULL), AIM_OK);
	assert_status(validate(p, token), AIM_E_ID_STATUS);
}

static void test_an_agent_that_expires(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
	aim_agent *agent = NULL;
	aim_error err = {0};
	spec.name = S("short-lived");
	spec.expires_at_s = test_now_us / 1000000 + 60;
	assert_status(aim_agent_register(p->h->registry, &spec, &agent, NULL), AIM_OK);
	aim_session_spec s = {.struct_size = sizeof s, .agent = aim_agent_id(agent)};
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_OK);
	test_now_us = spec.expires_at_s * 1000000;
	assert_status(aim_session_validate(p->h->registry, S(""), S(token), NULL, &err), AIM_E_ID_STATUS);
	assert_non_null(strstr(err.message, "expired"));
	aim_agent_free(agent);
}

static void test_the_oldest_goes(void **state)
{
	place *p = *state;
	char tokens[12][AIM_SESSION_TOKEN_SIZE];
	for (size_t i = 0; i < 12; i++)
		create(p, tokens[i]);
	assert_int_equal(count(p), 10);
	for (size_t i = 0; i < 12; i++)
		assert_status(validate(p, tokens[i]), i < 2 ? AIM_E_NOT_FOUND : AIM_OK);
	assert_non_null(strstr(house_last_record(p->h), "\"action\":\"evict\""));
	/* A smaller number for the next: all but the newest go. */
	aim_session_spec s = spec_of(p);
	char token[AIM_SESSION_TOKEN_SIZE];
	s.max_sessions = 1;
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_OK);
	assert_int_equal(count(p), 1);
	assert_status(validate(p, token), AIM_OK);
}

static void test_refuse(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE] = "untouched";
	aim_session_spec s = spec_of(p);
	s.flags = AIM_SESSION_REFUSE;
	s.max_sessions = 2;
	char first[AIM_SESSION_TOKEN_SIZE];
	int64_t begin_us = test_now_us;
	create(p, first);
	test_now_us = begin_us + HOUR_US / 2;
	create(p, first);
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_LIMIT);
	assert_string_equal(token, "untouched");
	assert_int_equal(count(p), 2);
	/* Expired ones do not count, and go. */
	test_now_us = begin_us + HOUR_US;
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_OK);
	assert_int_equal(count(p), 2);
}

static void test_revoke(void **state)
{
	place *p = *state;
	char a[AIM_SESSION_TOKEN_SIZE], b[AIM_SESSION_TOKEN_SIZE];
	uint64_t n = 0;
	create(p, a);
	create(p, b);
	size_t before = house_records(p->h, "session");
	assert_status(aim_session_revoke(p->h->registry, S(a), S("ana"), NULL), AIM_OK);
	assert_int_equal(house_records(p->h, "session"), before + 1);
	assert_non_null(strstr(house_last_record(p->h), "\"action\":\"revoke\""));
	assert_status(validate(p, a), AIM_E_NOT_FOUND);
	assert_status(validate(p, b), AIM_OK);
	assert_status(aim_session_revoke(p->h->registry, S(a), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_session_revoke(p->h->registry, S(b), S(" x"), NULL), AIM_E_ID_NAME);
	create(p, a);
	assert_status(aim_session_revoke_all(p->h->registry, S(p->agent), S("ana"), &n, NULL), AIM_OK);
	assert_int_equal(n, 2);
	assert_int_equal(count(p), 0);
	assert_status(aim_session_revoke_all(p->h->registry, S(p->agent), S(""), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_status(aim_session_revoke_all(p->h->registry, S("x"), S(""), &n, NULL), AIM_E_INVALID);
}

/* More agents than one batch takes sessions of. */
static void test_cleanup_of_many(void **state)
{
	place *p = *state;
	uint64_t n = 0;
	for (int i = 0; i < 150; i++) {
		char name[16] = "agent-000", token[AIM_SESSION_TOKEN_SIZE];
		aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
		aim_agent *agent = NULL;
		name[6] = (char)('0' + i / 100);
		name[7] = (char)('0' + i / 10 % 10);
		name[8] = (char)('0' + i % 10);
		spec.name = S(name);
		assert_status(aim_agent_register(p->h->registry, &spec, &agent, NULL), AIM_OK);
		aim_session_spec s = {.struct_size = sizeof s, .agent = aim_agent_id(agent)};
		assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_OK);
		aim_agent_free(agent);
	}
	test_now_us += HOUR_US;
	assert_status(aim_session_cleanup(p->h->registry, &n, NULL), AIM_OK);
	assert_int_equal(n, 150);
	assert_status(aim_session_cleanup(p->h->registry, &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
}

typedef struct search {
	const char *token;
	size_t n;
} search;

static aim_status look(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	search *s = user;
	(void)version, (void)position;
	aim_str texts[] = {{(const char *)key.ptr, key.len}, {(const char *)value.ptr, value.len}};
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i + 10 <= texts[t].len; i++)
			assert_memory_not_equal(texts[t].ptr + i, s->token, 10);
	s->n++;
	return AIM_OK;
}

static aim_status look_record(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	(void)salt;
	return look(user, aim_bytes_from(NULL, 0), aim_bytes_from_str(record), 0, position);
}

static void test_the_token_is_kept_nowhere(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	search s = {token, 0};
	create(p, token);
	assert_status(aim__store_scan(p->h->store, aim_bytes_from(NULL, 0), aim_bytes_from(NULL, 0), 1000, look, &s, NULL),
	              AIM_OK);
	assert_status(aim_audit_read(p->h->log, 0, UINT64_MAX, look_record, &s, NULL), AIM_OK);
	assert_true(s.n > 5);
}

static void test_validate_writes_nothing(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	create(p, token);
	uint64_t before = p->h->store->n_groups;
	assert_status(validate(p, token), AIM_OK);
	test_now_us += HOUR_US;
	assert_status(validate(p, token), AIM_E_EXPIRED);
	assert_int_equal(p->h->store->n_groups, before);
}

/* The first half of the hash only leads there. */
static void test_the_whole_hash_decides(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE], key[128] = "session/", value[1024];
	aim_session made = {.struct_size = sizeof made};
	aim_session_spec s = spec_of(p);
	aim_buf *out = NULL;
	assert_status(aim_session_create(p->h->registry, &s, token, &made, NULL), AIM_OK);
	strcat(strcat(strcat(key, made.agent), "/"), made.id);
	assert_status(aim_buf_new(p->h->ctx, &out), AIM_OK);
	assert_status(aim__store_get(p->h->store, aim_bytes_from_str(S(key)), out, NULL, NULL), AIM_OK);
	strcpy(value, aim_buf_str(out).ptr);
	aim_buf_free(out);
	char *hash = strstr(value, "\"token_hash\":\"");
	assert_non_null(hash);
	hash += 14 + 63;
	*hash = *hash == '0' ? '1' : '0';
	house_damage(p->h, key, value);
	assert_status(validate(p, token), AIM_E_NOT_FOUND);
	house_damage(p->h, key, "{}");
	assert_status(validate(p, token), AIM_E_STORE_CORRUPT);
}

static void test_spec_is_checked(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE], pending[37];
	char long_user[258];
	aim_session_spec s = spec_of(p);
	memset(long_user, 'a', sizeof long_user);
	s.ttl_s = AIM_SESSION_MAX_TTL_S + 1;
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_INVALID);
	s = spec_of(p);
	s.max_sessions = AIM_SESSION_MAX + 1;
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_INVALID);
	s = spec_of(p);
	s.flags = 2;
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_VERSION);
	s = spec_of(p);
	s.user = (aim_str){long_user, 257};
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_ID_NAME);
	s = spec_of(p);
	s.agent = S("agt_00000000000000000000000000000000");
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_NOT_FOUND);
	house_agent(p->h, "pending", pending);
	s.agent = S(pending);
	assert_status(aim_session_create(p->h->registry, &s, token, NULL, NULL), AIM_E_ID_STATUS);
}

static void test_misuse(void **state)
{
	place *p = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_session small = {.struct_size = 16};
	aim_session_spec s = spec_of(p);
	assert_status(aim_session_create(NULL, &s, token, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_session_create(p->h->registry, &s, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_session_create(p->h->registry, &s, token, &small, NULL), AIM_E_INVALID);
	assert_status(aim_session_validate(p->h->registry, S(""), (aim_str){NULL, 43}, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_session_validate(NULL, S(""), S(""), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_session_revoke(NULL, S(""), S(""), NULL), AIM_E_INVALID);
	assert_status(aim_session_revoke_all(NULL, S(""), S(""), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_session_cleanup(NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_session_count(p->h->registry, S(""), NULL, NULL), AIM_E_INVALID);
	assert_int_equal(count(p), 0);
}

static aim_status live_and_end(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
	char token[AIM_SESSION_TOKEN_SIZE];
	uint64_t n = 0;
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	spec.name = S("bot");
	rc = aim_agent_register(registry, &spec, &agent, NULL);
	aim_session_spec s = {.struct_size = sizeof s, .agent = aim_agent_id(agent), .max_sessions = 1};
	s.user = S("ana");
	if (rc == AIM_OK)
		rc = aim_session_create(registry, &s, token, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_session_create(registry, &s, token, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_session_validate(registry, S(""), S(token), NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_session_count(registry, S(""), &n, NULL);
	if (rc == AIM_OK)
		rc = aim_session_cleanup(registry, &n, NULL);
	if (rc == AIM_OK)
		rc = aim_session_revoke(registry, S(token), S(""), NULL);
	if (rc == AIM_OK)
		rc = aim_session_revoke_all(registry, s.agent, S(""), &n, NULL);
	aim_agent_free(agent);
	house_close(store, log, registry);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(live_and_end, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_create_and_validate),
		T(test_no_such_token),
		T(test_of_another_agent),
		T(test_expiry),
		T(test_an_agent_that_is_not_active),
		T(test_an_agent_that_expires),
		T(test_the_oldest_goes),
		T(test_refuse),
		T(test_revoke),
		T(test_cleanup_of_many),
		T(test_the_token_is_kept_nowhere),
		T(test_validate_writes_nothing),
		T(test_the_whole_hash_decides),
		T(test_spec_is_checked),
		T(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
