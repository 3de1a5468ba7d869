#include "vault.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

void vault_set(vault_value *value, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	free(value->bytes);
	value->bytes = copy;
	value->len = len;
}

void vault_init(vault *v)
{
	memset(v, 0, sizeof *v);
	assert_int_equal(pthread_mutex_init(&v->mutex, NULL), 0);
}

void vault_free(vault *v)
{
	for (size_t i = 0; i < v->n_keys; i++) {
		free(v->keys[i].name.bytes);
		free(v->keys[i].value.bytes);
	}
	for (size_t i = 0; i < v->n_rows; i++)
		free(v->rows[i].bytes);
	pthread_mutex_destroy(&v->mutex);
}

static vault_key *find(vault *v, aim_bytes name)
{
	for (size_t i = 0; i < v->n_keys; i++)
		if (v->keys[i].name.len == name.len && memcmp(v->keys[i].name.bytes, name.ptr, name.len) == 0)
			return &v->keys[i];
	return NULL;
}

vault_key *vault_find(vault *v, const char *name)
{
	return find(v, aim_bytes_from_str(aim_str_from(name)));
}

void vault_drop_row(vault *v, size_t position)
{
	free(v->rows[position].bytes);
	memmove(&v->rows[position], &v->rows[position + 1], (v->n_rows - position - 1) * sizeof *v->rows);
	v->rows[--v->n_rows] = (vault_value){NULL, 0};
}

static aim_status get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                      aim_error *err)
{
	vault *v = user;
	(void)now_us;
	(void)err;
	if (v->fail_get != AIM_OK)
		return v->fail_get;
	pthread_mutex_lock(&v->mutex);
	const vault_key *k = find(v, key);
	aim_status rc = AIM_E_NOT_FOUND;
	if (k && k->present)
		rc = row(row_user, key, aim_bytes_from(k->value.bytes, k->value.len), k->version, 0);
	pthread_mutex_unlock(&v->mutex);
	return rc;
}

static aim_status scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                       aim_store_row row, void *row_user, aim_error *err)
{
	(void)user, (void)prefix, (void)after, (void)limit, (void)now_us, (void)row, (void)row_user, (void)err;
	return AIM_OK;
}

static aim_status read_rows(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                            void *row_user, aim_error *err)
{
	vault *v = user;
	aim_status rc = AIM_OK;
	(void)err;
	if (v->before_read)
		v->before_read(v, v->before_user);
	if (v->fail_read != AIM_OK)
		return v->fail_read;
	pthread_mutex_lock(&v->mutex);
	for (size_t i = (size_t)from; rc == AIM_OK && limit > 0 && i < v->n_rows; i++) {
		if (!v->rows[i].bytes)
			continue;
		rc = row(row_user, log, aim_bytes_from(v->rows[i].bytes, v->rows[i].len), 0, i);
		limit--;
	}
	pthread_mutex_unlock(&v->mutex);
	return rc;
}

/* By one of the operations before it in its batch. */
static int is_put_before(const aim_store_batch *batch, const aim_store_op *op)
{
	for (const aim_store_op *o = batch->ops; o < op; o++)
		if (o->kind <= AIM_STORE_PUT_IF_VERSION && o->key.len == op->key.len &&
		    memcmp(o->key.ptr, op->key.ptr, op->key.len) == 0)
			return 1;
	return 0;
}

static int holds(vault *v, const aim_store_batch *batch, const aim_store_op *op, size_t n_rows)
{
	const vault_key *k = find(v, op->key);
	int present = (k && k->present) || is_put_before(batch, op);
	switch (op->kind) {
	case AIM_STORE_PUT_IF_ABSENT:
		return !present;
	case AIM_STORE_PUT_IF_VERSION:
		return present && k->version == op->version;
	case AIM_STORE_APPEND:
		return op->version == n_rows;
	default:
		return 1;
	}
}

static void write_op(vault *v, const aim_store_op *op)
{
	if (op->kind == AIM_STORE_APPEND) {
		assert_true(v->n_rows < 4096);
		vault_set(&v->rows[v->n_rows++], op->value.ptr, op->value.len);
		return;
	}
	vault_key *k = find(v, op->key);
	if (!k) {
		assert_true(v->n_keys < 64);
		k = &v->keys[v->n_keys++];
		vault_set(&k->name, op->key.ptr, op->key.len);
		k->version = 6; /* not 0, so that nobody counts on it */
	}
	k->version++;
	k->present = op->kind != AIM_STORE_DELETE;
	vault_set(&k->value, op->value.ptr, op->value.len);
}

/* Preconditions first; versions are those from before the batch. */
static void apply_batch(vault *v, aim_store_batch *batch)
{
	size_t n_rows = v->n_rows;
	v->n_batches++;
	if (batch->n_ops > v->most_ops)
		v->most_ops = batch->n_ops;
	batch->status = AIM_OK;
	for (size_t i = 0; i < batch->n_ops; i++) {
		if (!holds(v, batch, &batch->ops[i], n_rows)) {
			batch->status = AIM_E_CONFLICT;
			batch->failed_op = (uint32_t)i;
			return;
		}
		n_rows += batch->ops[i].kind == AIM_STORE_APPEND;
	}
	for (size_t i = 0; i < batch->n_ops; i++)
		write_op(v, &batch->ops[i]);
}

static aim_status apply_group(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                              aim_error *err)
{
	vault *v = user;
	(void)now_us;
	(void)err;
	if (v->before_apply && !v->held)
		v->before_apply(v, v->before_user);
	if (v->fail != AIM_OK)
		return v->fail;
	pthread_mutex_lock(&v->mutex);
	v->n_groups++;
	for (size_t i = 0; i < n_batches; i++)
		apply_batch(v, &batches[i]);
	pthread_mutex_unlock(&v->mutex);
	return AIM_OK;
}

static aim_status hold(void *user, aim_error *err)
{
	vault *v = user;
	(void)err;
	assert_false(v->held);
	if (v->fail_hold != AIM_OK)
		return v->fail_hold;
	v->held = 1;
	v->n_holds++;
	return AIM_OK;
}

static void release(void *user)
{
	vault *v = user;
	assert_true(v->held);
	v->held = 0;
}

aim_status vault_try_open(vault *v, aim_ctx *ctx, aim_store **out)
{
	aim_store_engine engine = {sizeof engine, 0, get, scan, apply_group, read_rows, v, NULL, NULL, NULL};
	if (v->can_hold) {
		engine.hold = hold;
		engine.release = release;
	}
	return aim_store_open_engine(ctx, &engine, NULL, out, NULL);
}

aim_store *vault_open(vault *v, aim_ctx *ctx)
{
	aim_store *store = NULL;
	assert_status(vault_try_open(v, ctx, &store), AIM_OK);
	return store;
}

aim_audit *open_log(aim_store *store, const aim_audit_options *options)
{
	aim_audit *log = NULL;
	aim_error err = {0};
	aim_status rc = aim_audit_open(store, options, &log, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	return log;
}

aim_audit_record sample_record(unsigned i)
{
	static const char *const actions[] = {"read_file", "write_file", "send \"mail\"", "caf\xC3\xA9"};
	aim_audit_record r = {.struct_size = sizeof r};
	r.time_us = 1766000000000000 + (int64_t)i * 1000;
	r.trust_micro = i % 3 ? (int64_t)(i % 1000) * 1000 : AIM_AUDIT_NO_TRUST;
	r.kind = aim_str_from("tool_call");
	r.agent = aim_str_from("agent-7");
	r.session = aim_str_from("s-1");
	r.subject = aim_str_from("files");
	r.action = aim_str_from(actions[i % 4]);
	r.decision = aim_str_from(i % 2 ? "allow" : "deny");
	r.reason_code = aim_str_from("rule");
	r.rule = aim_str_from("r1");
	if (i % 4 != 3)
		r.arguments = aim_bytes_from_str(aim_str_from("{\"path\":\"/tmp/a\"}"));
	if (i % 4 == 2)
		r.data = aim_str_from("{\"latency_us\":125,\"risk\":[1,2]}");
	return r;
}

void append_samples(aim_audit *log, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		aim_audit_record r = sample_record(i);
		aim_error err = {0};
		aim_status rc = aim_audit_append(log, &r, NULL, &err);
		if (rc != AIM_OK)
			fail_msg("append %u: %s: %s", i, aim_status_name(rc), err.message);
	}
}
