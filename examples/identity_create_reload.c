/* identity_create_reload FOLDER — an agent with a key: the seed in a file only its owner can read, the
 * record in a database, and both found again as after a restart. */
#define _POSIX_C_SOURCE 200809L
#include <aim/aim.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void save_seed(const aim_key *key, const char *path)
{
	uint8_t seed[AIM_KEY_SEED_LEN];
	check(aim_key_export_seed(key, seed));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, seed, sizeof seed);
	aim_key_wipe(seed, sizeof seed);
	require(n == AIM_KEY_SEED_LEN && fsync(fd) == 0 && close(fd) == 0, "cannot write the seed");
}

static aim_key *load_seed(aim_ctx *ctx, const char *path)
{
	uint8_t seed[AIM_KEY_SEED_LEN + 1];
	aim_key *key = NULL;
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, seed, sizeof seed);
	require(n == AIM_KEY_SEED_LEN && close(fd) == 0, "cannot read the seed");
	check(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, AIM_KEY_SEED_LEN), &key, &err));
	aim_key_wipe(seed, sizeof seed);
	return key;
}

static void with_registry(aim_ctx *ctx, const char *path,
                          void (*use)(aim_ctx *ctx, aim_registry *registry, const char *seed_path),
                          const char *seed_path)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	check(aim_sqlite_open(ctx, aim_str_from(path), NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	use(ctx, registry, seed_path);
	aim_registry_free(registry);
	check(aim_audit_close(log, &err));
	aim_store_free(store);
}

static void create(aim_ctx *ctx, aim_registry *registry, const char *seed_path)
{
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_agent *agent = NULL;
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	save_seed(key, seed_path);
	aim_agent_spec spec = {.struct_size = sizeof spec, .public_key = &public_key};
	spec.name = aim_str_from("invoice-bot");
	spec.owner = aim_str_from("ana@example.org");
	check(aim_agent_register(registry, &spec, &agent, &err));
	printf("created  %s  %s\n", aim_agent_id(agent).ptr, aim_agent_did(agent).ptr);
	aim_agent_free(agent);
	aim_key_unref(key);
}

static void reload(aim_ctx *ctx, aim_registry *registry, const char *seed_path)
{
	aim_agent *agent = NULL;
	aim_public_key registered, own;
	aim_key *key = load_seed(ctx, seed_path);
	check(aim_agent_find_name(registry, aim_str_from("invoice-bot"), &agent, &err));
	check(aim_agent_public_key(agent, &registered));
	check(aim_key_public(key, &own));
	require(memcmp(&registered, &own, sizeof own) == 0, "the key is not the registered one");
	printf("reloaded %s  %s\n", aim_agent_id(agent).ptr, aim_agent_did(agent).ptr);
	aim_agent_free(agent);
	aim_key_unref(key);
}

int main(int argc, char **argv)
{
	char seed_path[4096], store_path[4096];
	aim_ctx *ctx = NULL;
	require(argc == 2, "usage: identity_create_reload FOLDER");
	snprintf(seed_path, sizeof seed_path, "%s/agent.seed", argv[1]);
	snprintf(store_path, sizeof store_path, "%s/aim.db", argv[1]);
	check(aim_ctx_new(NULL, &ctx, &err));
	with_registry(ctx, store_path, create, seed_path);
	with_registry(ctx, store_path, reload, seed_path);
	aim_ctx_free(ctx);
	return 0;
}
