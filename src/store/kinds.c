/* store/kinds.c — opening: the format of the store and the versions of the kinds of records in
 * it, migration of older values. Layer store; the kinds come from the layers above as tables.
 *
 * "meta/format" and "kind/<name>" hold {"version":n}. While a kind moves from n to n + 1 its
 * value is {"version":n,"after":"<hex of a key>"}: values up to that key have moved. Each batch
 * writes some values and the new progress together, so that a crash, or another process doing
 * the same, loses and repeats nothing. */
#include "store/store.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

#define LAYER AIM_LAYER_STORE
#define FORMAT_VERSION 1u

/* One migration batch: so many values, or fewer when they are large. */
#define BATCH_VALUES 64u
#define BATCH_BYTES ((size_t)1 << 20)
/* Another process migrating at once wins some batches; one that never lets us win is broken. */
#define MAX_CONFLICTS 1000u

/* "kind/" and a name, and a version alone. */
#define KEY_SIZE 64u
/* Versions written in one transaction. */
#define MAX_MISSING 64u

#define VALUE_SIZE (64u + 2u * AIM_STORE_MAX_KEY_BYTES)

static const aim__store_column kind_columns[] = {{"format", "$.version"}};
static const aim__record_kind kind_of_kinds = {"kinds", "kind/", 1, 1, kind_columns, NULL};
const aim__record_kind *const aim__store_kinds[AIM__STORE_N_KINDS] = {&kind_of_kinds};

/* What a version key says. */
typedef struct state {
	uint32_t version; /* 0: there is no such key */
	uint64_t key_version;
	size_t after_len;
	uint8_t after[AIM_STORE_MAX_KEY_BYTES];
} state;

static aim_bytes text_bytes(const char *text)
{
	return aim_bytes_from_str(aim_str_from(text));
}

static int skip_text(aim_bytes *in, const char *text)
{
	size_t len = strlen(text);
	if (in->len < len || memcmp(in->ptr, text, len) != 0)
		return 0;
	in->ptr += len;
	in->len -= len;
	return 1;
}

static int parse_number(aim_bytes *in, uint32_t *out)
{
	uint64_t value = 0;
	size_t n = 0;
	while (n < in->len && n < 9 && in->ptr[n] >= '0' && in->ptr[n] <= '9')
		value = value * 10 + (uint64_t)(in->ptr[n++] - '0');
	if (n == 0 || in->ptr[0] == '0')
		return 0;
	in->ptr += n;
	in->len -= n;
	*out = (uint32_t)value;
	return 1;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_hex(aim_bytes *in, state *out)
{
	for (out->after_len = 0; out->after_len < sizeof out->after && in->len >= 2; out->after_len++) {
		int high = hex_digit(in->ptr[0]);
		int low = hex_digit(in->ptr[1]);
		if (high < 0 || low < 0)
			break;
		out->after[out->after_len] = (uint8_t)(high << 4 | low);
		in->ptr += 2;
		in->len -= 2;
	}
	return out->after_len > 0;
}

/* Only what this file writes: no JSON reader is needed, and anything else is corrupt. */
static int parse_state(aim_bytes in, state *out)
{
	out->after_len = 0;
	if (!skip_text(&in, "{\"version\":") || !parse_number(&in, &out->version))
		return 0;
	if (skip_text(&in, ",\"after\":\"") && (!parse_hex(&in, out) || !skip_text(&in, "\"")))
		return 0;
	return skip_text(&in, "}") && in.len == 0;
}

/* Writes the value of a version key to text: VALUE_SIZE bytes, or KEY_SIZE when after is empty. */
static aim_bytes format_state(char *text, uint32_t version, aim_bytes after)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = aim__format(text, KEY_SIZE, "{\"version\":%u%s", version,
	                       after.len ? ",\"after\":\"" : "");
	for (size_t i = 0; i < after.len; i++) {
		text[n++] = hex[after.ptr[i] >> 4];
		text[n++] = hex[after.ptr[i] & 15];
	}
	if (after.len)
		text[n++] = '"';
	text[n++] = '}';
	return aim_bytes_from(text, n);
}

/* A version to be written. */
typedef struct missing {
	char key[KEY_SIZE];
	char value[KEY_SIZE];
	aim_store_op op;
} missing;

typedef struct opening {
	aim_store *store;
	aim_error *err;
	aim_buf value;
	size_t n_missing;
	missing missing[MAX_MISSING];
	aim_store_batch batches[MAX_MISSING];
} opening;

static aim_status read_state(opening *o, const char *key, state *out)
{
	out->version = 0;
	out->after_len = 0;
	aim_status rc =
		aim__store_get(o->store, text_bytes(key), &o->value, &out->key_version, o->err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc == AIM_OK && !parse_state(aim_buf_bytes(&o->value), out))
		return aim__fail(o->err, AIM_E_STORE_CORRUPT, LAYER, "key %s does not hold a version", key);
	return rc;
}

/* Versions of what is not there yet: written together, in one transaction, once all are known. */
static void plan_version(opening *o, const char *key, uint32_t version)
{
	missing *m = &o->missing[o->n_missing++];
	aim__format(m->key, sizeof m->key, "%s", key);
	m->op = (aim_store_op){.kind = AIM_STORE_PUT_IF_ABSENT, .key = text_bytes(m->key)};
	m->op.value = format_state(m->value, version, (aim_bytes){NULL, 0});
	o->batches[o->n_missing - 1] = (aim_store_batch){&m->op, 1, AIM_OK, 0};
}

/* A conflict means that another process wrote the same version, or a newer one: who opens checks. */
static aim_status write_versions(opening *o, int *out_conflict)
{
	size_t n = o->n_missing;
	*out_conflict = 0;
	o->n_missing = 0;
	if (n == 0)
		return AIM_OK;
	aim_status rc = aim__store_apply_group(o->store, o->batches, n, o->err);
	for (size_t i = 0; i < n; i++)
		*out_conflict |= o->batches[i].status == AIM_E_CONFLICT;
	return rc;
}

static aim_status refuse_newer(opening *o, const char *what, uint32_t found, uint32_t supported)
{
	return aim__fail(o->err, AIM_E_STORE_VERSION, LAYER,
	                 "%s in this store is of version %u; this library knows versions up to %u", what,
	                 found, supported);
}

static aim_status check_format(opening *o)
{
	state found;
	aim_status rc = read_state(o, "meta/format", &found);
	if (rc != AIM_OK)
		return rc;
	if (found.version > FORMAT_VERSION)
		return refuse_newer(o, "the store format", found.version, FORMAT_VERSION);
	if (found.version != 0)
		return AIM_OK;
	if (o->store->flags & AIM_STORE_READ_ONLY)
		return aim__fail(o->err, AIM_E_NOT_FOUND, LAYER,
		                 "there is no store yet; open it once for writing");
	plan_version(o, "meta/format", FORMAT_VERSION);
	return AIM_OK;
}

/* Migration: a page of values, copied because the engine lends them only for the call. */

typedef struct page_value {
	size_t key_at, key_len;
	size_t at, len; /* in bytes; after migrating, in fresh */
	size_t extra_at, extra_key_len, extra_len; /* in extras: key, then value */
	uint64_t version;
} page_value;

typedef struct page {
	const aim__record_kind *kind;
	aim_buf bytes; /* keys and old values */
	aim_buf fresh; /* new values */
	aim_buf extras; /* keys and values that are written besides */
	aim_buf extra_key, extra_value; /* of the value at hand */
	aim_store_op ops[2 * BATCH_VALUES + 1];
	size_t n_values;
	page_value values[BATCH_VALUES];
	aim_status failed; /* of take() */
} page;

static aim_status take(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                       uint64_t position)
{
	page *p = user;
	(void)position;
	if (p->n_values && p->bytes.len + value.len > BATCH_BYTES)
		return AIM_E_LIMIT;
	page_value *v = &p->values[p->n_values];
	*v = (page_value){p->bytes.len, key.len, p->bytes.len + key.len, value.len, 0, 0, 0, version};
	p->failed = aim__buf_add(&p->bytes, key.ptr, key.len);
	if (p->failed == AIM_OK)
		p->failed = aim__buf_add(&p->bytes, value.ptr, value.len);
	if (p->failed == AIM_OK)
		p->n_values++;
	return p->failed;
}

static aim_status fill_page(opening *o, page *p, const state *from)
{
	aim_bytes after = {from->after, from->after_len};
	p->n_values = 0;
	p->failed = AIM_OK;
	aim_buf_clear(&p->bytes);
	aim_buf_clear(&p->fresh);
	aim_buf_clear(&p->extras);
	aim_status rc = aim__store_scan(o->store, text_bytes(p->kind->prefix), after, BATCH_VALUES, take,
	                                p, o->err);
	if (p->failed != AIM_OK)
		return aim__fail_plain(o->err, p->failed, LAYER);
	/* The page ended early because it is large enough. */
	return rc == AIM_E_LIMIT && p->n_values ? AIM_OK : rc;
}

static aim_bytes page_key(const page *p, size_t i)
{
	return aim_bytes_from(p->bytes.ptr + p->values[i].key_at, p->values[i].key_len);
}

/* Keeps what migrating a value gave besides. */
static aim_status keep_extra(page *p, page_value *v)
{
	v->extra_at = p->extras.len;
	v->extra_key_len = p->extra_key.len;
	v->extra_len = p->extra_value.len;
	if (v->extra_key_len == 0)
		return AIM_OK;
	aim_status rc = aim__buf_add(&p->extras, p->extra_key.ptr, p->extra_key.len);
	return rc == AIM_OK ? aim__buf_add(&p->extras, p->extra_value.ptr, p->extra_value.len) : rc;
}

static aim_status convert(opening *o, page *p, size_t i, uint32_t from)
{
	page_value *v = &p->values[i];
	aim__store_extra extra = {&p->extra_key, &p->extra_value};
	aim_bytes old = aim_bytes_from(p->bytes.ptr + v->at, v->len);
	size_t at = p->fresh.len;
	aim_buf_clear(&p->extra_key);
	aim_buf_clear(&p->extra_value);
	aim_status rc =
		p->kind->migrate(o->store->ctx, from, page_key(p, i), old, &p->fresh, &extra, o->err);
	if (rc != AIM_OK)
		return rc;
	v->at = at;
	v->len = p->fresh.len - at;
	rc = keep_extra(p, v);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(o->err, rc, LAYER);
}

static aim_status convert_page(opening *o, page *p, uint32_t from)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < p->n_values; i++)
		rc = convert(o, p, i, from);
	return rc;
}

/* The operations of a page's values. The value's own precondition guards what is written besides. */
static size_t page_ops(page *p)
{
	size_t n = 0;
	memset(p->ops, 0, sizeof p->ops);
	for (size_t i = 0; i < p->n_values; i++) {
		const page_value *v = &p->values[i];
		aim_store_op *op = &p->ops[n++];
		op->kind = AIM_STORE_PUT_IF_VERSION;
		op->key = page_key(p, i);
		op->value = aim_bytes_from(p->fresh.ptr + v->at, v->len);
		op->version = v->version;
		op->expires_at_us = AIM_STORE_KEEP_EXPIRY;
		if (v->extra_key_len == 0)
			continue;
		op = &p->ops[n++];
		op->kind = AIM_STORE_PUT;
		op->key = aim_bytes_from(p->extras.ptr + v->extra_at, v->extra_key_len);
		op->value = aim_bytes_from(p->extras.ptr + v->extra_at + v->extra_key_len, v->extra_len);
	}
	return n;
}

/* Writes the values and the progress; an empty page ends the step. *out_conflict: someone else wrote. */
static aim_status write_page(opening *o, page *p, const char *kind_key, const state *from,
                             int *out_conflict)
{
	char text[VALUE_SIZE];
	size_t n = page_ops(p);
	aim_store_op *progress = &p->ops[n];
	progress->kind = AIM_STORE_PUT_IF_VERSION;
	progress->key = text_bytes(kind_key);
	progress->version = from->key_version;
	progress->value = p->n_values
	                          ? format_state(text, from->version, page_key(p, p->n_values - 1))
	                          : format_state(text, from->version + 1, (aim_bytes){NULL, 0});
	aim_store_batch batch = {p->ops, n + 1, AIM_OK, 0};
	aim_status rc = aim__store_apply_group(o->store, &batch, 1, o->err);
	*out_conflict = batch.status == AIM_E_CONFLICT;
	return rc;
}

static aim_status migrate(opening *o, page *p, const char *kind_key, state *found)
{
	uint32_t n_conflicts = 0;
	while (found->version < p->kind->version) {
		int conflict = 0;
		aim_status rc = fill_page(o, p, found);
		if (rc == AIM_OK)
			rc = convert_page(o, p, found->version);
		if (rc == AIM_OK)
			rc = write_page(o, p, kind_key, found, &conflict);
		if (rc == AIM_OK)
			rc = read_state(o, kind_key, found);
		if (rc != AIM_OK)
			return rc;
		n_conflicts = conflict ? n_conflicts + 1 : 0;
		if (n_conflicts > MAX_CONFLICTS || found->version == 0)
			return aim__fail(o->err, AIM_E_CONFLICT, LAYER,
			                 "%s cannot be migrated: another writer keeps changing them",
			                 p->kind->name);
	}
	return AIM_OK;
}

static aim_status migrate_kind(opening *o, const aim__record_kind *kind, const char *kind_key,
                               state *found)
{
	if (o->store->flags & AIM_STORE_READ_ONLY)
		return aim__fail(o->err, AIM_E_STORE_VERSION, LAYER,
		                 "%s in this store are of version %u and must be brought to %u; open it "
		                 "once for writing",
		                 kind->name, found->version, kind->version);
	if (!kind->migrate)
		return aim__fail_plain(o->err, AIM_E_INTERNAL, LAYER);
	page *p = aim__alloc_zeroed(o->store->ctx, sizeof *p);
	if (!p)
		return aim__fail_plain(o->err, AIM_E_NOMEM, LAYER);
	p->kind = kind;
	aim__buf_init(&p->bytes, o->store->ctx);
	aim__buf_init(&p->fresh, o->store->ctx);
	aim__buf_init(&p->extras, o->store->ctx);
	aim__buf_init(&p->extra_key, o->store->ctx);
	aim__buf_init(&p->extra_value, o->store->ctx);
	aim_status rc = migrate(o, p, kind_key, found);
	aim__buf_dispose(&p->bytes);
	aim__buf_dispose(&p->fresh);
	aim__buf_dispose(&p->extras);
	aim__buf_dispose(&p->extra_key);
	aim__buf_dispose(&p->extra_value);
	aim__free(o->store->ctx, p, sizeof *p);
	if (rc == AIM_OK && found->version > kind->version)
		return refuse_newer(o, kind->name, found->version, kind->version);
	return rc;
}

static aim_status check_kind(opening *o, const aim__record_kind *kind)
{
	char key[KEY_SIZE];
	state found;
	aim__format(key, sizeof key, "kind/%s", kind->name);
	aim_status rc = read_state(o, key, &found);
	if (rc != AIM_OK)
		return rc;
	if (found.version > kind->version)
		return refuse_newer(o, kind->name, found.version, kind->version);
	if (found.version == 0) {
		if (!(o->store->flags & AIM_STORE_READ_ONLY))
			plan_version(o, key, kind->version);
		return AIM_OK;
	}
	return found.version < kind->version ? migrate_kind(o, kind, key, &found) : AIM_OK;
}

/* One look at every version. *out_again: another process was faster with one; look again. */
static aim_status check_all(opening *o, const aim__record_kinds *kinds, int *out_again)
{
	int conflict = 0;
	aim_status rc = check_format(o);
	*out_again = 0;
	for (; kinds; kinds = kinds->next) {
		for (size_t i = 0; rc == AIM_OK && i < kinds->n_kinds; i++) {
			rc = check_kind(o, kinds->kinds[i]);
			if (rc == AIM_OK && o->n_missing == MAX_MISSING)
				rc = write_versions(o, &conflict);
			*out_again |= conflict;
		}
	}
	if (rc == AIM_OK)
		rc = write_versions(o, &conflict);
	*out_again |= conflict;
	return rc;
}

static aim_status check_kinds(aim_store *store, const aim__record_kinds *kinds, aim_error *err)
{
	int again = 1;
	opening *o = aim__alloc_zeroed(store->ctx, sizeof *o);
	if (!o)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	o->store = store;
	o->err = err;
	aim__buf_init(&o->value, store->ctx);
	aim_status rc = AIM_OK;
	for (uint32_t i = 0; rc == AIM_OK && again; i++)
		rc = i > MAX_CONFLICTS ? aim__fail_plain(err, AIM_E_CONFLICT, LAYER)
		                       : check_all(o, kinds, &again);
	aim__buf_dispose(&o->value);
	aim__free(store->ctx, o, sizeof *o);
	return rc;
}

static aim_status check_engine(const aim_store_engine *engine, aim_error *err)
{
	if (engine->flags & ~AIM_STORE_ENGINE_TRIMS)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_store_engine.flags has an unknown bit");
	if (!engine->get || !engine->scan || !engine->apply_group || !engine->read)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "aim_store_engine needs get, scan, apply_group and read");
	if (!engine->hold != !engine->release)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "aim_store_engine.hold and .release come together");
	return AIM_OK;
}

static aim_status check_options(const aim_store_options *options, uint32_t *out_flags,
                                aim_error *err)
{
	aim_store_options o = {.struct_size = sizeof o};
	aim_status rc =
		aim__sized_in(&o, sizeof o, options, sizeof(aim_store_options), "aim_store_options", err);
	if (rc == AIM_OK && (o.flags & ~AIM_STORE_READ_ONLY))
		rc = aim__fail(err, AIM_E_VERSION, LAYER, "aim_store_options.flags has an unknown bit");
	*out_flags = o.flags;
	return rc;
}

/* A handle with one reference that owns the engine; on NULL the engine is still the caller's. */
static aim_store *make_store(aim_ctx *ctx, const aim_store_engine *engine, uint32_t flags)
{
	aim_store *store = aim__alloc_zeroed(ctx, sizeof *store);
	if (!store)
		return NULL;
	if (aim__mutex_init(&store->apply_lock) != AIM_OK) {
		aim__free(ctx, store, sizeof *store);
		return NULL;
	}
	store->ctx = aim__ctx_ref(ctx);
	store->engine = *engine;
	store->flags = flags;
	atomic_init(&store->references, 1);
	atomic_init(&store->n_groups, 0);
	return store;
}

aim_status aim__store_open(aim_ctx *ctx, const aim_store_engine *engine, const aim__record_kinds *kinds,
                           const aim_store_options *options, aim_store **out, aim_error *err)
{
	aim_store_engine own = {0};
	aim_store *store = NULL;
	uint32_t flags;
	aim_status rc = aim__sized_table(&own, sizeof own, engine, sizeof own, "aim_store_engine", err);
	if (rc != AIM_OK)
		return rc;
	rc = check_engine(&own, err);
	if (rc == AIM_OK)
		rc = check_options(options, &flags, err);
	if (rc == AIM_OK)
		store = make_store(ctx, &own, flags);
	if (!store) {
		if (own.close)
			own.close(own.user);
		return rc == AIM_OK ? aim__fail_plain(err, AIM_E_NOMEM, LAYER) : rc;
	}
	rc = check_kinds(store, kinds, err);
	if (rc != AIM_OK) {
		aim__store_unref(store);
		return rc;
	}
	*out = store;
	return AIM_OK;
}
