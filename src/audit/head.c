/* audit/head.c — the head's key and value, see head.h. Layer audit. */
#include "audit/head.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"
#include "store/store.h"

#include <string.h>

#define HASH_HEX 64u
#define LEN(literal) (sizeof(literal) - 1)
#define BEFORE_FRONTIER "{\"frontier\":["
#define BEFORE_SIZE "],\"size\":"
#define BEFORE_VERSION ",\"v\":"
#define AFTER_VERSION "1}"

size_t aim__audit_head_key(aim_str name, char out[AIM__AUDIT_HEAD_KEY_SIZE])
{
	return aim__format(out, AIM__AUDIT_HEAD_KEY_SIZE, "log/%.*s/head", AIM__STR(name));
}

static uint32_t n_roots(uint64_t size)
{
	return (uint32_t)__builtin_popcountll(size);
}

static aim_status add_root(const aim__merkle_hash *root, int first, aim_buf *out)
{
	char text[HASH_HEX + 3] = ",\"";
	aim__hex_write(aim_bytes_from(root->bytes, sizeof root->bytes), text + 2);
	text[HASH_HEX + 2] = '"';
	size_t skip = first ? 1 : 0;
	return aim__buf_add(out, text + skip, sizeof text - skip);
}

aim_status aim__audit_head_write(const aim__merkle_frontier *tree, aim_buf *out)
{
	size_t start = out->len;
	aim_status rc = aim__buf_add_text(out, BEFORE_FRONTIER);
	for (uint32_t i = 0; rc == AIM_OK && i < n_roots(tree->count); i++)
		rc = add_root(&tree->roots[i], i == 0, out);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, BEFORE_SIZE);
	if (rc == AIM_OK)
		rc = aim__buf_add_u64(out, tree->count);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, BEFORE_VERSION AFTER_VERSION);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

void aim__audit_head_member(aim__json_writer *w, const char *name, const aim__merkle_frontier *tree)
{
	aim_buf text;
	aim__buf_init(&text, w->out->ctx);
	aim_status rc = aim__audit_head_write(tree, &text);
	if (rc != AIM_OK && w->status == AIM_OK)
		w->status = rc;
	aim__write_key(w, name);
	aim__write_raw(w, aim_buf_bytes(&text));
	aim__buf_dispose(&text);
}

/* Reading is lenient about what comes where: the caller writes the result again and compares. */
static int take(aim_bytes *rest, const char *literal)
{
	size_t len = strlen(literal);
	if (rest->len < len || memcmp(rest->ptr, literal, len) != 0)
		return 0;
	rest->ptr += len;
	rest->len -= len;
	return 1;
}

static int take_roots(aim_bytes *rest, aim__merkle_frontier *tree)
{
	for (uint32_t i = 0; i < AIM__MERKLE_MAX_DEPTH; i++) {
		(void)take(rest, ",");
		if (!take(rest, "\""))
			return 1;
		aim_str hex = {(const char *)rest->ptr, HASH_HEX};
		if (rest->len < HASH_HEX || aim__encoding_read_exact(AIM_ENCODING_HEX, hex, tree->roots[i].bytes,
		                                                    sizeof tree->roots[i].bytes) != AIM_OK)
			return 0;
		rest->ptr += HASH_HEX;
		rest->len -= HASH_HEX;
		if (!take(rest, "\""))
			return 0;
	}
	return 1;
}

static int take_size(aim_bytes *rest, uint64_t *out)
{
	*out = 0;
	while (rest->len > 0 && rest->ptr[0] >= '0' && rest->ptr[0] <= '9') {
		if (__builtin_mul_overflow(*out, (uint64_t)10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(rest->ptr[0] - '0'), out))
			return 0;
		rest->ptr++;
		rest->len--;
	}
	return 1;
}

static aim_status compare(aim_ctx *ctx, aim_bytes value, const aim__merkle_frontier *tree, int *out_same)
{
	aim_buf again;
	aim__buf_init(&again, ctx);
	aim_status rc = aim__audit_head_write(tree, &again);
	if (rc == AIM_OK)
		*out_same = again.len == value.len && memcmp(again.ptr, value.ptr, value.len) == 0;
	aim__buf_dispose(&again);
	return rc;
}

aim_status aim__audit_head_read(aim_ctx *ctx, aim_bytes value, aim__merkle_frontier *out, aim_error *err)
{
	aim__merkle_frontier tree;
	aim_bytes rest = value;
	int same = 0;
	memset(&tree, 0, sizeof tree);
	int framed = take(&rest, BEFORE_FRONTIER) && take_roots(&rest, &tree) && take(&rest, BEFORE_SIZE) &&
	             take_size(&rest, &tree.count) && take(&rest, BEFORE_VERSION);
	if (framed && rest.len > 1 && rest.ptr[0] >= '2' && rest.ptr[0] <= '9')
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "the head of the log is of a later format than 1");
	if (framed) {
		aim_status rc = compare(ctx, value, &tree, &same);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	}
	if (!same)
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "the head of the log is not one that this library wrote");
	*out = tree;
	return AIM_OK;
}

aim_status aim__audit_head_load(aim_store *store, aim_bytes key, aim_buf *scratch, aim__audit_head *out,
                                aim_error *err)
{
	aim__audit_head head = {.state = AIM__HEAD_ABSENT};
	aim_buf_clear(scratch);
	aim_status rc = aim__store_get(store, key, scratch, &head.version, err);
	if (rc == AIM_OK) {
		head.state = AIM__HEAD_STORED;
		rc = aim__audit_head_read(store->ctx, aim_buf_bytes(scratch), &head.tree, err);
	} else if (rc == AIM_E_NOT_FOUND) {
		rc = AIM_OK;
	}
	if (rc == AIM_OK)
		*out = head;
	return rc;
}
