#include "door.h"

#include "store/store.h"

#include <string.h>

static aim_status door_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                           aim_error *err)
{
	door *d = user;
	d->n_gets++;
	if (d->fail_get_at && --d->fail_get_at == 0)
		return d->fail_get;
	return d->inner.get(d->inner.user, key, now_us, row, row_user, err);
}

static aim_status door_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                            aim_store_row row, void *row_user, aim_error *err)
{
	door *d = user;
	if (d->fail_scan != AIM_OK)
		return d->fail_scan;
	return d->inner.scan(d->inner.user, prefix, after, limit, now_us, row, row_user, err);
}

static aim_status door_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                            void *row_user, aim_error *err)
{
	door *d = user;
	return d->inner.read(d->inner.user, log, from, limit, row, row_user, err);
}

static aim_status door_apply(void *user, aim_store_batch *batches, size_t n, int64_t now_us, aim_error *err)
{
	door *d = user;
	if (d->times > 0) {
		d->times--;
		d->before_apply(d->before_user);
	}
	if (d->fail_apply != AIM_OK)
		return d->fail_apply;
	d->n_applies++;
	return d->inner.apply_group(d->inner.user, batches, n, now_us, err);
}

static void door_close(void *user)
{
	(void)user; /* both stores are on one engine, which busy_close() ends */
}

/* ---- going first ---- */

void door_rival(door *d, void (*function)(void *), void *user, int times)
{
	d->before_apply = function;
	d->before_user = user;
	d->times = times;
}

typedef struct copying {
	char text[4096];
	size_t len;
} copying;

static aim_status copy(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	copying *c = user;
	(void)key, (void)version, (void)position;
	assert_true(value.len <= sizeof c->text);
	memcpy(c->text, value.ptr, value.len);
	c->len = value.len;
	return AIM_OK;
}

static void touch(void *user)
{
	door *d = user;
	copying c;
	aim_bytes key = aim_bytes_from_str(S(d->key));
	assert_status(d->inner.get(d->inner.user, key, test_now_us, copy, &c, NULL), AIM_OK);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = key, .value = aim_bytes_from(c.text, c.len)};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(d->inner.apply_group(d->inner.user, &batch, 1, test_now_us, NULL), AIM_OK);
}

void door_touch(door *d, int times)
{
	door_rival(d, touch, d, times);
}

/* ---- the house ---- */

void busy_open(busy_house *b)
{
	memset(b, 0, sizeof *b);
	b->h.ctx = test_ctx(&b->h.heap);
	assert_status(aim__store_memory_engine(b->h.ctx, &b->d.inner), AIM_OK);
	aim_store_engine e = {sizeof e, 0, door_get, door_scan, door_apply, door_read, &b->d, door_close, NULL, NULL};
	assert_status(aim_store_open_engine(b->h.ctx, &e, NULL, &b->h.store, NULL), AIM_OK);
	assert_status(aim_audit_open(b->h.store, NULL, &b->h.log, NULL), AIM_OK);
	assert_status(aim_registry_open(b->h.log, NULL, &b->h.registry, NULL), AIM_OK);
	aim_store_engine direct = b->d.inner;
	direct.close = NULL;
	assert_status(aim_store_open_engine(b->h.ctx, &direct, NULL, &b->store, NULL), AIM_OK);
	assert_status(aim_audit_open(b->store, NULL, &b->log, NULL), AIM_OK);
	assert_status(aim_registry_open(b->log, NULL, &b->rival, NULL), AIM_OK);
}

void busy_close(busy_house *b)
{
	house_close(b->store, b->log, b->rival);
	house_close(b->h.store, b->h.log, b->h.registry);
	b->d.inner.close(b->d.inner.user);
	test_ctx_done(b->h.ctx, &b->h.heap);
}
