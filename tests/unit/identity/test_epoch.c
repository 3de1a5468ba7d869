#define _XOPEN_SOURCE 700 /* mkdtemp */
/* What is remembered of a registry: told at once in the process, within max_staleness_ms elsewhere. */
#include "house.h"

#include "identity/registry.h"
#include "store/store.h"

#include <aim/delegation.h>
#include <aim/keyring.h>
#include <aim/session.h>
#include <aim/sqlite.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DELEGATION "dlg_0192f0c1a5b67c8d9e0f1a2b3c4d5e6f"

static uint64_t generation(aim_registry *registry, int64_t now_us)
{
	uint64_t n = 0;
	assert_status(aim_registry_generation(registry, now_us, &n, NULL), AIM_OK);
	assert_true(n != 0);
	return n;
}

static aim_status move(aim_registry *registry, const char *id, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	return aim_agent_move(registry, S(id), &m, NULL);
}

static void a_change_is_seen_at_once_in_its_own_registry(void **state)
{
	house *h = *state;
	char id[37], grant_id[37];
	aim_grant_spec grant = {.struct_size = sizeof grant, .capability = S("files:read")};
	house_agent(h, "a", id);
	uint64_t before = generation(h->registry, test_now_us);
	assert_int_equal(generation(h->registry, test_now_us), before);
	assert_status(move(h->registry, id, AIM_REGISTRY_SUSPENDED), AIM_OK);
	uint64_t after = generation(h->registry, test_now_us);
	assert_true(after != before);
	grant.agent = S(id);
	assert_status(aim_grant_add(h->registry, &grant, grant_id, NULL), AIM_OK);
	assert_true(generation(h->registry, test_now_us) != after);
	after = generation(h->registry, test_now_us);
	assert_status(aim_grant_remove(h->registry, S(id), S(grant_id), S(""), NULL), AIM_OK);
	assert_true(generation(h->registry, test_now_us) != after);
}

static void another_registry_sees_it_within_max_staleness(void **state)
{
	house *h = *state;
	char id[37];
	aim_registry *other = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .max_staleness_ms = 200};
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	house_agent(h, "a", id);
	uint64_t before = generation(other, test_now_us);
	assert_status(move(h->registry, id, AIM_REGISTRY_REVOKED), AIM_OK);
	assert_int_equal(generation(other, test_now_us + 199999), before);
	uint64_t after = generation(other, test_now_us + 200000);
	assert_true(after != before);
	assert_int_equal(generation(other, test_now_us + 400000), after);
	/* A clock that steps back asks the store again. */
	assert_status(move(h->registry, id, AIM_REGISTRY_REVOKED), AIM_OK); /* no change */
	assert_int_equal(generation(other, test_now_us - 1), after);
	house_agent(h, "b", id);
	assert_true(generation(other, test_now_us - 2) != after);
	aim_registry_free(other);
}

/* Two handles: what steps the epoch of both, and what does not. */
static void what_moves_the_number_of_another_registry(void **state)
{
	house *h = *state;
	char agent[37], server[37], token[AIM_SESSION_TOKEN_SIZE];
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .status = AIM_REGISTRY_VERIFIED};
	aim_session_spec session = {.struct_size = sizeof session, .agent = S(agent)};
	aim_agent *bot = NULL;
	aim_registry *other = NULL;
	int64_t now_us = test_now_us;
	assert_status(aim_registry_open(h->log, NULL, &other, NULL), AIM_OK);
	assert_status(aim_agent_register(h->registry, &spec, &bot, NULL), AIM_OK);
	strcpy(agent, aim_agent_id(bot).ptr);
	aim_agent_free(bot);
	house_server(h, "s", server);
	uint64_t mine = generation(h->registry, now_us);
	uint64_t theirs = generation(other, now_us);
	session.agent = S(agent);

	assert_status(aim_session_create(h->registry, &session, token, NULL, NULL), AIM_OK);
	assert_status(aim_session_validate(other, S(agent), S(token), NULL, NULL), AIM_OK);
	assert_status(aim_session_revoke(h->registry, S(token), S(""), NULL), AIM_OK);
	assert_status(aim_session_validate(other, S(agent), S(token), NULL, NULL), AIM_E_NOT_FOUND);
	assert_int_equal(generation(h->registry, now_us += 1000000), mine);
	assert_int_equal(generation(other, now_us), theirs);

	assert_status(aim_link_add(h->registry, S(agent), S(server), S(""), NULL), AIM_OK);
	assert_true(generation(h->registry, now_us += 1000000) != mine);
	assert_int_equal(generation(other, now_us), theirs);
	mine = generation(h->registry, now_us);

	assert_status(aim_delegation_revoke(h->registry, S(DELEGATION), S(""), S(""), NULL), AIM_OK);
	assert_true(generation(h->registry, now_us) != mine);
	assert_int_equal(generation(other, now_us + 999999), theirs);
	assert_true(generation(other, now_us += 1000000) != theirs);
	/* Nothing changes when it is revoked again. */
	theirs = generation(other, now_us);
	assert_status(aim_delegation_revoke(h->registry, S(DELEGATION), S(""), S(""), NULL), AIM_OK);
	assert_int_equal(generation(other, now_us + 1000000), theirs);
	aim_registry_free(other);
}

/* An engine that counts reads and can fail. */
typedef struct counted {
	aim_store_engine inner;
	size_t n_gets;
	int fails;
} counted;

static aim_status counted_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                              aim_error *err)
{
	counted *c = user;
	c->n_gets++;
	if (c->fails)
		return AIM_E_IO;
	return c->inner.get(c->inner.user, key, now_us, row, row_user, err);
}

static aim_status counted_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                               aim_store_row row, void *row_user, aim_error *err)
{
	counted *c = user;
	return c->inner.scan(c->inner.user, prefix, after, limit, now_us, row, row_user, err);
}

static aim_status counted_apply(void *user, aim_store_batch *batches, size_t n, int64_t now_us, aim_error *err)
{
	counted *c = user;
	return c->inner.apply_group(c->inner.user, batches, n, now_us, err);
}

static aim_status counted_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                               void *row_user, aim_error *err)
{
	counted *c = user;
	return c->inner.read(c->inner.user, log, from, limit, row, row_user, err);
}

static void counted_close(void *user)
{
	counted *c = user;
	c->inner.close(c->inner.user);
}

static void a_warm_question_reads_no_store(void **state)
{
	counted c = {.n_gets = 0};
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_store_engine e = {.struct_size = sizeof e, .get = counted_get, .scan = counted_scan};
	e.apply_group = counted_apply;
	e.read = counted_read;
	e.user = &c;
	e.close = counted_close;
	uint64_t n = 0;
	(void)state;
	assert_status(aim__store_memory_engine(ctx, &c.inner), AIM_OK);
	assert_status(aim_store_open_engine(ctx, &e, NULL, &store, NULL), AIM_OK);
	assert_status(aim_audit_open(store, NULL, &log, NULL), AIM_OK);
	assert_status(aim_registry_open(log, NULL, &registry, NULL), AIM_OK);
	c.n_gets = 0;
	size_t n_allocs = 0;
	for (int64_t us = 0; us < 1000000; us += 1000) {
		(void)generation(registry, test_now_us + us);
		if (us == 0)
			n_allocs = heap.n_allocs;
	}
	assert_int_equal(c.n_gets, 1);
	assert_int_equal(heap.n_allocs, n_allocs);
	(void)generation(registry, test_now_us + 1000000);
	assert_int_equal(c.n_gets, 2);
	/* Who cannot be asked vouches for nothing. */
	c.fails = 1;
	assert_status(aim_registry_generation(registry, test_now_us + 1999999, &n, NULL), AIM_OK);
	assert_status(aim_registry_generation(registry, test_now_us + 2000000, &n, NULL), AIM_E_IO);
	house_close(store, log, registry);
	test_ctx_done(ctx, &heap);
}

/* ---- two processes on one file ---- */

typedef struct home {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
} home;

static aim_status home_open(home *h, const char *path)
{
	memset(h, 0, sizeof *h);
	aim_status rc = aim_ctx_new(NULL, &h->ctx, NULL);
	if (rc == AIM_OK)
		rc = aim_sqlite_open(h->ctx, S(path), NULL, &h->store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(h->store, NULL, &h->log, NULL);
	return rc == AIM_OK ? aim_registry_open(h->log, NULL, &h->registry, NULL) : rc;
}

static void home_close(home *h)
{
	house_close(h->store, h->log, h->registry);
	aim_ctx_free(h->ctx);
}

/* Waits for a byte, revokes a key, says that it did; then the same with a delegation. The exit code is the status. */
static void revoke_elsewhere(const char *path, const char *key_id, int in, int out)
{
	home h;
	char byte;
	aim_status rc = read(in, &byte, 1) == 1 ? home_open(&h, path) : AIM_E_IO;
	aim_keyring_change c = {.struct_size = sizeof c, .reason = AIM_KEYRING_COMPROMISE};
	if (rc == AIM_OK)
		rc = aim_keyring_revoke(h.registry, S(key_id), &c, NULL);
	if (rc == AIM_OK && write(out, "x", 1) == 1 && read(in, &byte, 1) == 1)
		rc = aim_delegation_revoke(h.registry, S(DELEGATION), S(""), S(""), NULL);
	if (rc == AIM_OK && write(out, "x", 1) != 1)
		rc = AIM_E_IO;
	_exit(rc == AIM_OK ? 0 : 1);
}

static void another_process_sees_it_too(void **state)
{
	char folder[] = "/tmp/aim-epoch-XXXXXX", path[64], command[96], byte = 'x';
	int to[2], from[2], status = 0;
	aim_key *key = NULL;
	aim_public_key public_key;
	char key_id[AIM_KEY_ID_SIZE];
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &public_key};
	aim_ctx *ctx = NULL;
	home h;
	(void)state;
	assert_non_null(mkdtemp(folder));
	strcat(strcpy(path, folder), "/aim.db");
	assert_int_equal(pipe(to) | pipe(from), 0);
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	assert_status(aim_key_id(ctx, &public_key, key_id), AIM_OK);
	pid_t child = fork(); /* before a database is open here */
	assert_true(child >= 0);
	if (child == 0)
		revoke_elsewhere(path, key_id, to[0], from[1]);

	assert_status(home_open(&h, path), AIM_OK);
	spec.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_agent_register(h.registry, &spec, NULL, NULL), AIM_OK);
	assert_status(aim_keyring_check(h.registry, &public_key, 0, 0, NULL, NULL), AIM_OK);
	int64_t now_us = 1000000;
	(void)generation(h.registry, now_us);
	uint64_t before = generation(h.registry, now_us);
	assert_int_equal(write(to[1], &byte, 1), 1);
	assert_int_equal(read(from[0], &byte, 1), 1);
	assert_status(aim_keyring_check(h.registry, &public_key, 0, 0, NULL, NULL), AIM_E_KEY_REVOKED);
	assert_int_equal(generation(h.registry, now_us + 999999), before);
	assert_true(generation(h.registry, now_us += 1000000) != before);
	before = generation(h.registry, now_us);
	assert_int_equal(write(to[1], &byte, 1), 1);
	assert_int_equal(read(from[0], &byte, 1), 1);
	assert_true(generation(h.registry, now_us + 1000000) != before);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	home_close(&h);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	for (int i = 0; i < 2; i++)
		close(to[i]), close(from[i]);
	strcat(strcpy(command, "rm -r "), folder);
	assert_int_equal(system(command), 0);
}

/* ---- records of the first version ---- */

#define OLD_AGENT "agt_00000000000000000000000000000001"
#define OLD_PLAIN "agt_00000000000000000000000000000002"

static aim_status put(aim_store *store, const char *key, const char *value)
{
	aim_store_op op = {.kind = AIM_STORE_PUT};
	op.key = aim_bytes_from_str(S(key));
	op.value = aim_bytes_from_str(S(value));
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	aim_status rc = aim__store_apply_group(store, &batch, 1, NULL);
	return rc == AIM_OK ? batch.status : rc;
}

/* A store as the first version left it: a key in the agent's own record, and an index by key. */
static void make_old(aim_store *store, const char *key_text, const char *key_id)
{
	char value[1024], index[128], half[33] = "";
	strcpy(value, "{\"id\":\"" OLD_AGENT "\",\"name\":\"old\",\"namespace\":\"default\",\"did\":\"did:mesh:");
	memcpy(half, key_id, 32);
	strcat(strcat(value, half), "\",\"public_key\":\"");
	strcat(strcat(strcat(value, key_text), "\",\"key_id\":\""), key_id);
	strcat(value, "\",\"status\":\"verified\",\"created_at\":\"2026-01-02T03:04:05.000000Z\","
	              "\"updated_at\":\"2026-01-02T03:04:05.000000Z\",\"organization\":\"Old \\u0041\","
	              "\"type\":\"service\"}");
	assert_status(put(store, "agent/" OLD_AGENT, value), AIM_OK);
	assert_status(put(store, "agent-name/default/old", "{\"id\":\"" OLD_AGENT "\"}"), AIM_OK);
	strcat(strcpy(index, "agent-key/"), key_id);
	assert_status(put(store, index, "{\"id\":\"" OLD_AGENT "\"}"), AIM_OK);
	assert_status(put(store, "agent/" OLD_PLAIN,
	                  "{\"id\":\"" OLD_PLAIN "\",\"name\":\"plain\",\"namespace\":\"default\","
	                  "\"status\":\"pending\",\"created_at\":\"2026-01-02T03:04:05.000000Z\","
	                  "\"updated_at\":\"2026-01-02T03:04:05.000000Z\",\"type\":\"ai_agent\"}"),
	              AIM_OK);
	assert_status(put(store, "kind/agents", "{\"version\":1}"), AIM_OK);
}

static aim_status count_key(void *user, const aim_keyring_entry *entry)
{
	assert_int_equal(entry->number, 1);
	assert_int_equal(entry->state, AIM_KEYRING_ACTIVE);
	(*(size_t *)user)++;
	return AIM_OK;
}

static void records_of_the_first_version_keep_working(void **state)
{
	char folder[] = "/tmp/aim-old-XXXXXX", path[64], command[96], key_text[AIM_KEY_PUBLIC_TEXT_SIZE];
	char key_id[AIM_KEY_ID_SIZE];
	aim_key *key = NULL;
	aim_public_key public_key, read_back;
	aim_agent *agent = NULL;
	aim_agent_spec again = {.struct_size = sizeof again, .name = S("again"), .public_key = &public_key};
	size_t n = 0;
	home h;
	(void)state;
	assert_non_null(mkdtemp(folder));
	strcat(strcpy(path, folder), "/aim.db");
	assert_status(home_open(&h, path), AIM_OK);
	assert_status(aim_key_generate(h.ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	assert_status(aim_key_id(h.ctx, &public_key, key_id), AIM_OK);
	assert_status(aim_key_public_text(&public_key, key_text), AIM_OK);
	make_old(h.store, key_text, key_id);
	aim_key_unref(key);
	home_close(&h);

	assert_status(home_open(&h, path), AIM_OK);
	assert_status(aim_agent_find(h.registry, S(OLD_PLAIN), &agent, NULL), AIM_OK);
	aim_agent_free(agent);
	assert_status(aim_agent_find_key(h.registry, &public_key, &agent, NULL), AIM_OK);
	assert_text(aim_agent_id(agent), OLD_AGENT);
	assert_text(aim_agent_organization(agent), "Old A");
	assert_status(aim_agent_public_key(agent, &read_back), AIM_OK);
	assert_memory_equal(&read_back, &public_key, sizeof read_back);
	aim_agent_free(agent);
	assert_status(aim_keyring_check(h.registry, &public_key, 0, 0, NULL, NULL), AIM_OK);
	assert_status(aim_keyring_list(h.registry, S(OLD_AGENT), 0, count_key, &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_status(aim_agent_register(h.registry, &again, NULL, NULL), AIM_E_EXISTS);
	assert_status(aim_keyring_revoke(h.registry, S(key_id), NULL, NULL), AIM_OK);
	home_close(&h);
	strcat(strcpy(command, "rm -r "), folder);
	assert_int_equal(system(command), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_change_is_seen_at_once_in_its_own_registry),
		T(another_registry_sees_it_within_max_staleness),
		T(what_moves_the_number_of_another_registry),
		cmocka_unit_test(a_warm_question_reads_no_store),
		cmocka_unit_test(another_process_sees_it_too),
		cmocka_unit_test(records_of_the_first_version_keep_working),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
