/* evidence/replay_purge.c — what is due is removed from the store page by page, in the batch that raises the floor past
 * it. Layer evidence. */
#include "evidence/replay_store.h"

#include "codec/encoding.h"

#include <string.h>

static int parse_time(const char *text, int64_t *out)
{
	uint8_t bytes[8];
	uint64_t value = 0;
	if (aim__encoding_read_exact(AIM_ENCODING_HEX, (aim_str){text, AIM__REPLAY_TIME_DIGITS}, bytes, 8) != AIM_OK)
		return 0;
	for (size_t i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	*out = (int64_t)value;
	return value <= INT64_MAX;
}

/* Ends the scan at the first row that is not due. */
static aim_status take_due(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	aim__replay_page *p = user;
	aim__replay_row *r = &p->rows[p->n_rows];
	const char *text = (const char *)key.ptr + p->prefix.len;
	(void)value, (void)position;
	if (key.len != p->prefix.len + AIM__REPLAY_TIME_DIGITS + 2 * (1 + AIM__REPLAY_TAG_DIGITS) ||
	    !parse_time(text, &r->timestamp_us)) {
		p->corrupt = 1;
		return AIM_E_STORE_CORRUPT;
	}
	if (r->timestamp_us >= p->due_before_us)
		return AIM_E_NOT_FOUND;
	memcpy(r->scope, text + AIM__REPLAY_TIME_DIGITS + 1, AIM__REPLAY_TAG_DIGITS);
	memcpy(r->nonce, text + AIM__REPLAY_TIME_DIGITS + 1 + AIM__REPLAY_TAG_DIGITS + 1, AIM__REPLAY_TAG_DIGITS);
	r->version = version;
	p->n_rows++;
	return AIM_OK;
}

static aim_status find_due(aim__replay_shared *s, int64_t now_us, aim_error *err)
{
	aim__replay_page *p = &s->page;
	char prefix[AIM__REPLAY_KEY_SIZE];
	const aim_bytes none = {NULL, 0};
	aim_bytes due = aim__replay_name_key(s, "due/", prefix);
	p->n_rows = 0;
	p->corrupt = 0;
	p->due_before_us = now_us - s->rules.window_us;
	p->prefix = (aim_str){prefix, due.len};
	aim_status rc = aim__store_scan(s->store, due, none, AIM__REPLAY_PAGE_ROWS, take_due, p, err);
	if (p->corrupt)
		return aim__replay_corrupt(err, "list of due nonces");
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

static void count_shares(aim__replay_page *p)
{
	p->n_shares = 0;
	for (size_t i = 0; i < p->n_rows; i++) {
		size_t at = 0;
		while (at < p->n_shares && memcmp(p->shares[at].scope, p->rows[i].scope, AIM__REPLAY_TAG_DIGITS) != 0)
			at++;
		if (at == p->n_shares)
			p->shares[p->n_shares++] = (aim__replay_share){p->rows[i].scope, 0};
		p->shares[at].n++;
	}
}

/* The next operation and the room for its key. */
static aim_store_op *next_op(aim__replay_page *p, uint32_t kind, char **out_key)
{
	aim_store_op *op = &p->ops[p->n_ops];
	*op = (aim_store_op){.kind = kind};
	*out_key = p->keys[p->n_ops++];
	return op;
}

static void plan_rows(aim__replay_shared *s)
{
	aim__replay_page *p = &s->page;
	char *key;
	for (size_t i = 0; i < p->n_rows; i++) {
		aim_store_op *op = next_op(p, AIM_STORE_DELETE, &key);
		op->key = aim__replay_due_key(s, &p->rows[i], key);
		op->version = p->rows[i].version; /* another process may have been here first */
		op = next_op(p, AIM_STORE_DELETE, &key);
		op->key = aim__replay_nonce_key(s, &p->rows[i], key);
	}
}

/* A key's counter goes with its last nonce, so that keys of long ago leave nothing behind. */
static aim_status plan_share(aim__replay_shared *s, const aim__replay_share *one, aim_error *err)
{
	int64_t count;
	uint64_t version;
	char *key;
	aim_store_op *op = next_op(&s->page, AIM_STORE_ADD, &key);
	op->key = aim__replay_scope_key(s, one->scope, key);
	op->delta = -one->n;
	aim_status rc = aim__replay_load_counter(s, op->key, "count", &count, &version, err);
	if (rc == AIM_OK && count == one->n && version != 0) {
		op->kind = AIM_STORE_DELETE;
		op->version = version;
	}
	return rc;
}

/* The bound makes the sum come out only when the floor is still the one that was read. */
static aim_status plan_floor(aim__replay_shared *s, aim_error *err)
{
	aim__replay_page *p = &s->page;
	const int64_t wanted = p->rows[p->n_rows - 1].timestamp_us + 1;
	int64_t floor;
	char *key;
	aim_status rc = aim__replay_load_floor(s, &floor, err);
	if (rc != AIM_OK || floor >= wanted)
		return rc;
	aim_store_op *op = next_op(p, AIM_STORE_ADD, &key);
	op->key = aim__replay_name_key(s, "floor", key);
	op->delta = wanted - floor;
	op->bound = wanted;
	return AIM_OK;
}

static aim_status plan_page(aim__replay_shared *s, aim_error *err)
{
	aim__replay_page *p = &s->page;
	char *key;
	p->n_ops = 0;
	count_shares(p);
	plan_rows(s);
	aim_store_op *op = next_op(p, AIM_STORE_ADD, &key);
	op->key = aim__replay_name_key(s, "count", key);
	op->delta = -(int64_t)p->n_rows;
	aim_status rc = plan_floor(s, err);
	for (size_t i = 0; rc == AIM_OK && i < p->n_shares; i++)
		rc = plan_share(s, &p->shares[i], err);
	return rc;
}

/* One page. *out_n: removed here, 0 when nothing is due or another process was faster. */
aim_status aim__replay_purge_page(aim__replay_shared *s, int64_t now_us, size_t *out_n, aim_error *err)
{
	aim__replay_page *p = &s->page;
	*out_n = 0;
	aim_status rc = find_due(s, now_us, err);
	if (rc != AIM_OK || p->n_rows == 0)
		return rc;
	rc = plan_page(s, err);
	if (rc != AIM_OK)
		return rc;
	aim_store_batch batch = {p->ops, p->n_ops, AIM_OK, 0};
	rc = aim__store_apply_group(s->store, &batch, 1, err);
	if (rc == AIM_OK && batch.status == AIM_OK)
		*out_n = p->n_rows;
	return rc;
}

aim_status aim__replay_purge_all(aim__replay_shared *s, int64_t now_us, aim_error *err)
{
	size_t n;
	aim_status rc;
	do
		rc = aim__replay_purge_page(s, now_us, &n, err);
	while (rc == AIM_OK && n > 0);
	return rc;
}
