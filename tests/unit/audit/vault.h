/* tests/unit/audit/vault.h — a small engine whose insides a test may change behind the library's
 * back: to tamper with rows and heads, to fail, and to be another writer. Uses malloc, so that
 * counting allocations counts the library's own. */
#ifndef AIM_TESTS_VAULT_H
#define AIM_TESTS_VAULT_H

#include <aim/audit.h>

#include <pthread.h>

typedef struct vault_value {
	uint8_t *bytes;
	size_t len;
} vault_value;

typedef struct vault_key {
	vault_value name;
	vault_value value;
	uint64_t version;
	int present;
} vault_key;

typedef struct vault {
	vault_key keys[64];
	size_t n_keys;
	vault_value rows[4096]; /* of log "main"; bytes NULL: the position is missing */
	size_t n_rows;
	size_t n_groups;   /* apply_group calls that wrote */
	size_t n_batches;  /* batches seen */
	size_t most_ops;   /* in one batch */
	aim_status fail;   /* apply_group answers this and writes nothing */
	aim_status fail_get;
	aim_status fail_read;
	void (*before_apply)(struct vault *vault, void *user); /* runs before each group */
	void (*before_read)(struct vault *vault, void *user);  /* runs before rows are read */
	void *before_user;
	int can_hold; /* the engine has hold and release; before_apply does not run while it is held */
	int held;
	size_t n_holds;
	aim_status fail_hold;
	pthread_mutex_t mutex;
} vault;

void vault_init(vault *v);
void vault_free(vault *v);
/* A store on it; it outlives the store. */
aim_store *vault_open(vault *v, aim_ctx *ctx);
aim_status vault_try_open(vault *v, aim_ctx *ctx, aim_store **out);
vault_key *vault_find(vault *v, const char *name);
/* Replaces the bytes of a value by a copy of these. */
void vault_set(vault_value *value, const void *bytes, size_t len);
void vault_drop_row(vault *v, size_t position); /* later rows move down */

/* Shared by the tests. */
aim_audit *open_log(aim_store *store, const aim_audit_options *options);
/* A record with most members set; i makes it differ. */
aim_audit_record sample_record(unsigned i);
void append_samples(aim_audit *log, unsigned n);

#endif
