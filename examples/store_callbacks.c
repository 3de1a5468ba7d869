/* Your own database under libaim: two callbacks over a sorted table of bytes, here an array in
 * memory. The conformance suite says whether they are right. */
#include <aim/aim.h>
#include <aim/plugin/store_conformance.h>
#include <aim/plugin/store_table.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct db {
	aim_store_entry *entries; /* sorted; each key's block holds its value, too */
	size_t n;
} db;

/* The first entry at or behind key. */
static size_t seek(const db *d, aim_bytes key, int *order)
{
	size_t i = 0;
	for (*order = 1; i < d->n; i++) {
		aim_bytes own = d->entries[i].key;
		*order = memcmp(own.ptr, key.ptr, own.len < key.len ? own.len : key.len);
		*order = *order ? *order : (own.len > key.len) - (own.len < key.len);
		if (*order >= 0)
			break;
	}
	return i;
}

static aim_status db_walk(void *user, aim_bytes from, aim_store_row row, void *row_user,
                          aim_error *err)
{
	const db *d = user;
	int order;
	aim_status rc = AIM_OK;
	(void)err;
	for (size_t i = seek(d, from, &order); rc == AIM_OK && i < d->n; i++)
		rc = row(row_user, d->entries[i].key, d->entries[i].value, 0, 0);
	return rc;
}

static void change(db *d, const aim_store_entry *e, uint8_t *block)
{
	int order;
	size_t i = seek(d, e->key, &order);
	if (i < d->n && order == 0) {
		free((void *)(uintptr_t)d->entries[i].key.ptr);
		memmove(&d->entries[i], &d->entries[i + 1], (--d->n - i) * sizeof *d->entries);
	}
	if (e->flags & AIM_STORE_TABLE_REMOVE)
		return;
	memcpy(block, e->key.ptr, e->key.len);
	if (e->value.len)
		memcpy(block + e->key.len, e->value.ptr, e->value.len);
	memmove(&d->entries[i + 1], &d->entries[i], (d->n++ - i) * sizeof *d->entries);
	d->entries[i] = (aim_store_entry){{block, e->key.len}, {block + e->key.len, e->value.len}, 0, 0};
}

/* All or nothing: what can fail is done before the first change. */
static aim_status db_write(void *user, const aim_store_entry *entries, size_t n, aim_error *err)
{
	db *d = user;
	uint8_t **blocks = calloc(n, sizeof *blocks);
	aim_store_entry *room = realloc(d->entries, (d->n + n) * sizeof *room);
	int failed = !blocks || !room;
	(void)err;
	d->entries = room ? room : d->entries;
	for (size_t i = 0; !failed && i < n; i++)
		if (!(entries[i].flags & AIM_STORE_TABLE_REMOVE))
			failed = !(blocks[i] = malloc(entries[i].key.len + entries[i].value.len));
	for (size_t i = 0; blocks && i < n; i++)
		failed ? free(blocks[i]) : change(d, &entries[i], blocks[i]);
	free(blocks);
	return failed ? AIM_E_NOMEM : AIM_OK;
}

static void db_close(void *user)
{
	db *d = user;
	for (size_t i = 0; i < d->n; i++)
		free((void *)(uintptr_t)d->entries[i].key.ptr);
	free(d->entries);
	free(d);
}

static aim_status db_open(void *ctx, int32_t fresh, aim_store_engine *out, aim_error *err)
{
	db *d = calloc(1, sizeof *d);
	aim_store_table table = {sizeof table, 0, db_walk, db_write, d, db_close};
	(void)fresh;
	return d ? aim_store_table_wrap(ctx, &table, out, err) : AIM_E_NOMEM;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	aim_store_engine engine;
	aim_store *store = NULL;
	aim_store_conformance suite = {.struct_size = sizeof suite, .flags = AIM_STORE_CONFORMANCE_VOLATILE};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	suite.open = db_open;
	suite.user = ctx;
	if (rc == AIM_OK)
		rc = aim_store_conformance_run(ctx, &suite, &err);
	if (rc == AIM_OK)
		rc = db_open(ctx, 1, &engine, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_engine(ctx, &engine, NULL, &store, &err);
	puts(rc == AIM_OK ? "the engine conforms and holds a store" : err.message);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
