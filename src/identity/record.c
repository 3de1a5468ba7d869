/* identity/record.c — naming, reading, walking and changing records. Layer identity. */
#include "identity/record.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "store/store.h"

#include <string.h>

/* A page ends after so many rows or bytes, whichever comes first. */
#define PAGE_ROWS 64u
#define PAGE_BYTES ((size_t)1 << 20)
/* The longest part of a key that is written out; three fit into AIM_STORE_MAX_KEY_BYTES. */
#define PART_MAX 256u

/* What may not stand in a part as it is: the separator, the escape itself, controls. */
static int needs_escape(char c)
{
	return c == '/' || c == '%' || (unsigned char)c < 0x20 || c == 0x7F;
}

static aim_status add_escaped(aim_buf *key, aim_str part)
{
	size_t done = 0;
	for (size_t i = 0; i < part.len; i++) {
		if (!needs_escape(part.ptr[i]))
			continue;
		char escape[3] = {'%', 0, 0};
		aim__hex_write(aim_bytes_from(&part.ptr[i], 1), escape + 1);
		aim_status rc = aim__buf_add(key, part.ptr + done, i - done);
		if (rc == AIM_OK)
			rc = aim__buf_add(key, escape, sizeof escape);
		if (rc != AIM_OK)
			return rc;
		done = i + 1;
	}
	return done < part.len ? aim__buf_add(key, part.ptr + done, part.len - done) : AIM_OK;
}

/* "%%" begins no escaped text, so a digest is never taken for a name. */
static aim_status add_digest(aim_buf *key, aim_str part)
{
	uint8_t digest[32];
	char text[2 + 64] = {'%', '%'};
	aim_status rc = aim__sha256_one(key->ctx, part.ptr, part.len, digest);
	if (rc != AIM_OK)
		return rc;
	aim__hex_write(aim_bytes_from(digest, sizeof digest), text + 2);
	return aim__buf_add(key, text, sizeof text);
}

static aim_status add_part(aim_buf *key, aim_str part)
{
	size_t start = key->len;
	aim_status rc = add_escaped(key, part);
	if (rc != AIM_OK || key->len - start <= PART_MAX)
		return rc;
	aim__buf_truncate(key, start);
	return add_digest(key, part);
}

aim_status aim__record_key(aim_buf *key, const char *prefix, const aim_str *parts, size_t n_parts,
                           aim_error *err)
{
	aim_buf_clear(key);
	aim_status rc = aim__buf_add_text(key, prefix);
	for (size_t i = 0; rc == AIM_OK && i < n_parts; i++) {
		if (i > 0)
			rc = aim__buf_add_byte(key, '/');
		if (!parts[i].ptr && parts[i].len > 0)
			rc = AIM_E_INVALID;
		if (rc == AIM_OK)
			rc = add_part(key, parts[i]);
	}
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

void aim__record_init(aim__record *record, aim_registry *registry)
{
	memset(record, 0, sizeof *record);
	record->registry = registry;
	aim__buf_init(&record->text, registry->ctx);
	aim__json_init(&record->doc, registry->ctx);
}

void aim__record_dispose(aim__record *record)
{
	aim__json_dispose(&record->doc);
	aim__buf_dispose(&record->text);
}

aim_status aim__record_corrupt(aim_bytes key, const char *member, aim_error *err)
{
	aim_str name = {(const char *)key.ptr, key.len};
	if (!member)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
		                 "the stored value of %.*s is damaged: not a JSON object", AIM__STR(name));
	return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
	                 "the stored value of %.*s is damaged: member \"%s\" is missing or wrong",
	                 AIM__STR(name), member);
}

aim_status aim__record_parse(aim__record *record, aim_bytes key, aim_bytes value, aim_error *err)
{
	aim_status rc = aim_json_parse(&record->doc, value, AIM_JSON_BORROW, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK || aim_json_type(&record->doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return aim__record_corrupt(key, NULL, err);
	return AIM_OK;
}

aim_status aim__record_load(aim__record *record, aim_bytes key, aim_error *err)
{
	aim_status rc = aim__store_get(record->registry->store, key, &record->text, &record->version, err);
	if (rc != AIM_OK)
		return rc;
	return aim__record_parse(record, key, aim_buf_bytes(&record->text), err);
}

aim_status aim__record_read(const aim__record *record, aim_bytes key, const aim__fields *table,
                            aim__arena *arena, void *out, aim_error *err)
{
	const char *bad = NULL;
	aim_status rc = aim__fields_read(record->registry->ctx, table, &record->doc, AIM_JSON_ROOT, arena,
	                                 out, &bad);
	if (rc == AIM_E_STORE_CORRUPT)
		return aim__record_corrupt(key, bad, err);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* ---- walking ---- */

typedef struct page_row {
	size_t key, value, end; /* offsets in bytes */
	uint64_t version;
} page_row;

/* Rows are copied out of the store's walk before anyone sees them: a visitor that calls the store
 * would otherwise meet its lock. */
typedef struct page {
	aim_buf bytes;
	page_row rows[PAGE_ROWS];
	size_t n;
	aim_status failure;
} page;

static aim_status keep_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	page *p = user;
	(void)position;
	page_row row = {p->bytes.len, p->bytes.len + key.len, p->bytes.len + key.len + value.len, version};
	p->failure = aim__buf_add(&p->bytes, key.ptr, key.len);
	if (p->failure == AIM_OK)
		p->failure = aim__buf_add(&p->bytes, value.ptr, value.len);
	if (p->failure != AIM_OK)
		return p->failure;
	p->rows[p->n++] = row;
	/* Any non-zero value ends the store's walk; take_page knows that this one is no failure. */
	return p->n == PAGE_ROWS || p->bytes.len >= PAGE_BYTES ? AIM_E_SPACE : AIM_OK;
}

/* Fills the page; *out_more says whether there may be rows behind it. */
static aim_status take_page(aim_registry *registry, aim_bytes prefix, aim_bytes after, page *p,
                            int *out_more, aim_error *err)
{
	aim_error ignored = {0};
	p->n = 0;
	p->failure = AIM_OK;
	aim_buf_clear(&p->bytes);
	aim_status rc = aim__store_scan(registry->store, prefix, after, PAGE_ROWS, keep_row, p, &ignored);
	*out_more = p->n == PAGE_ROWS || p->bytes.len >= PAGE_BYTES;
	if (p->failure != AIM_OK)
		return aim__fail_plain(err, p->failure, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK || (rc == AIM_E_SPACE && *out_more))
		return AIM_OK;
	if (err)
		*err = ignored;
	return rc;
}

static aim_bytes row_key(const page *p, size_t i)
{
	return aim_bytes_from(p->bytes.ptr + p->rows[i].key, p->rows[i].value - p->rows[i].key);
}

static aim_status visit_page(const page *p, aim__record_visit visit, void *user, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < p->n; i++) {
		const page_row *row = &p->rows[i];
		aim_bytes value = aim_bytes_from(p->bytes.ptr + row->value, row->end - row->value);
		rc = visit(user, row_key(p, i), value, row->version, err);
	}
	return rc;
}

aim_status aim__record_walk(aim_registry *registry, aim_bytes prefix, aim_bytes after,
                            aim__record_visit visit, void *user, aim_error *err)
{
	page p;
	aim_buf last;
	int more = 1;
	aim__buf_init(&p.bytes, registry->ctx);
	aim__buf_init(&last, registry->ctx);
	aim_status rc = aim__buf_add(&last, after.ptr, after.len);
	while (rc == AIM_OK && more) {
		rc = take_page(registry, prefix, last.len ? aim_buf_bytes(&last) : aim_bytes_from(NULL, 0), &p,
		               &more, err);
		if (rc == AIM_OK)
			rc = visit_page(&p, visit, user, err);
		if (rc == AIM_OK && more) {
			aim_bytes key = row_key(&p, p.n - 1);
			aim_buf_clear(&last);
			rc = aim__buf_add(&last, key.ptr, key.len);
		}
	}
	aim__buf_dispose(&last);
	aim__buf_dispose(&p.bytes);
	return rc;
}

aim_status aim__record_commit(aim_registry *registry, const aim_store_op *ops, size_t n_ops,
                              const aim_audit_record *records, size_t n_records,
                              uint32_t *out_failed_op, aim_error *err)
{
	aim__change change = {.ops = ops, .n_ops = n_ops, .records = records, .n_records = n_records};
	aim_status rc = aim__audit_commit(registry->log, &change, err);
	if (out_failed_op)
		*out_failed_op = change.failed_op;
	if (rc == AIM_OK)
		atomic_fetch_add_explicit(&registry->generation, 1, memory_order_release);
	return rc;
}
