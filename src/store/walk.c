/* store/walk.c — names of records, and walking them. Layer store. */
#include "store/walk.h"

#include "base/buf.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "crypto/provider.h"

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

aim_status aim__store_key(aim_buf *key, const char *prefix, const aim_str *parts, size_t n_parts,
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
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_STORE);
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
static aim_status take_page(aim_store *store, aim_bytes prefix, aim_bytes after, page *p,
                            int *out_more, aim_error *err)
{
	aim_error ignored = {0};
	p->n = 0;
	p->failure = AIM_OK;
	aim_buf_clear(&p->bytes);
	aim_status rc = aim__store_scan(store, prefix, after, PAGE_ROWS, keep_row, p, &ignored);
	*out_more = p->n == PAGE_ROWS || p->bytes.len >= PAGE_BYTES;
	if (p->failure != AIM_OK)
		return aim__fail_plain(err, p->failure, AIM_LAYER_STORE);
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

static aim_status visit_page(const page *p, aim__store_visit visit, void *user, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < p->n; i++) {
		const page_row *row = &p->rows[i];
		aim_bytes value = aim_bytes_from(p->bytes.ptr + row->value, row->end - row->value);
		rc = visit(user, row_key(p, i), value, row->version, err);
	}
	return rc;
}

aim_status aim__store_walk(aim_store *store, aim_bytes prefix, aim_bytes after,
                            aim__store_visit visit, void *user, aim_error *err)
{
	page p;
	aim_buf last;
	int more = 1;
	aim__buf_init(&p.bytes, store->ctx);
	aim__buf_init(&last, store->ctx);
	aim_status rc = aim__buf_add(&last, after.ptr, after.len);
	while (rc == AIM_OK && more) {
		rc = take_page(store, prefix, last.len ? aim_buf_bytes(&last) : aim_bytes_from(NULL, 0), &p,
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
