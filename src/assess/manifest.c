/* assess/manifest.c — the Merkle root over all definitions of a server, and proofs of one of them. Layer assess. */
#include <aim/fingerprint.h>

#include "assess/fingerprint.h"
#include "assess/sort.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/merkle.h"

#include <string.h>

AIM__NO_PADDING(aim_fingerprint_leaf, 8 + 3 * sizeof(void *));

#define LABEL "libaim/manifest/v1\n"

static int compare_leaves(const void *a, const void *b)
{
	const aim_fingerprint_leaf *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return aim__compare_texts(&x->name, &y->name);
}

static aim_status add_field(aim_buf *entry, aim_str field)
{
	uint8_t length[8];
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)field.len >> (56 - 8 * i));
	aim_status rc = aim__buf_add(entry, length, sizeof length);
	return rc == AIM_OK ? aim__buf_add_str(entry, field) : rc;
}

static aim_status hash_leaf(const aim_ctx *ctx, const aim_fingerprint_leaf *leaf, aim_buf *entry,
                            aim__merkle_hash *out)
{
	aim_buf_clear(entry);
	aim_status rc = aim__buf_add_text(entry, LABEL);
	if (rc == AIM_OK)
		rc = add_field(entry, aim_str_from(aim__fingerprint_kinds[leaf->kind]));
	if (rc == AIM_OK)
		rc = add_field(entry, leaf->name);
	if (rc == AIM_OK)
		rc = aim__buf_add(entry, leaf->surface, AIM_FINGERPRINT_LEN);
	return rc == AIM_OK ? aim__merkle_leaf(ctx, aim_buf_bytes(entry), out) : rc;
}

/* Leaves in order, and their hashes; both have room for n. */
typedef struct ordered {
	const void **leaves;
	aim__merkle_hash *hashes;
	size_t n;
} ordered;

static aim_status hash_all(aim_ctx *ctx, ordered *o, aim_error *err)
{
	aim_buf entry;
	aim_status rc = AIM_OK;
	aim__buf_init(&entry, ctx);
	for (size_t i = 0; rc == AIM_OK && i < o->n; i++) {
		const aim_fingerprint_leaf *leaf = o->leaves[i];
		if (i > 0 && compare_leaves(o->leaves[i - 1], leaf) == 0)
			rc = aim__fail(err, AIM_E_ASSESS_DUPLICATE, AIM_LAYER_ASSESS,
			               "the manifest has two leaves for the %s \"%.*s\"", aim__fingerprint_kinds[leaf->kind],
			               AIM__STR(leaf->name));
		else if ((rc = hash_leaf(ctx, leaf, &entry, &o->hashes[i])) != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	aim__buf_dispose(&entry);
	return rc;
}

static void ordered_dispose(const aim_ctx *ctx, ordered *o)
{
	aim__free(ctx, o->hashes, (o->n + 1) * sizeof *o->hashes);
	aim__free(ctx, (void *)o->leaves, (o->n + 1) * sizeof *o->leaves);
}

/* ordered_dispose(), whatever is returned. */
static aim_status ordered_init(aim_ctx *ctx, const aim_fingerprint_leaf *leaves, size_t n, ordered *o, aim_error *err)
{
	memset(o, 0, sizeof *o);
	if (n > ctx->limits.max_tools)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "%zu leaves; at most %u are allowed", n,
		                 ctx->limits.max_tools);
	for (size_t i = 0; i < n; i++)
		if (leaves[i].kind == 0 || leaves[i].kind >= AIM__FINGERPRINT_KINDS || !leaves[i].surface ||
		    (!leaves[i].name.ptr && leaves[i].name.len))
			return AIM__MISUSE(ctx, "a leaf needs a kind, a name and a surface");
	o->n = n;
	o->leaves = aim__alloc_array(ctx, n + 1, sizeof *o->leaves);
	o->hashes = aim__alloc_array(ctx, n + 1, sizeof *o->hashes);
	if (!o->leaves || !o->hashes)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	for (size_t i = 0; i < n; i++)
		o->leaves[i] = &leaves[i];
	aim__sort_pointers(o->leaves, n, compare_leaves);
	return hash_all(ctx, o, err);
}

static aim_status root_of(aim_ctx *ctx, const ordered *o, uint8_t out[AIM_FINGERPRINT_LEN], aim_error *err)
{
	aim__merkle_hash root;
	aim_status rc = aim__merkle_root(ctx, o->hashes, o->n, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	memcpy(out, root.bytes, AIM_FINGERPRINT_LEN);
	return AIM_OK;
}

aim_status aim_fingerprint_manifest(aim_ctx *ctx, const aim_fingerprint_leaf *leaves, size_t n_leaves,
                                    uint8_t out[AIM_FINGERPRINT_LEN], aim_error *err)
{
	ordered o;
	if (!ctx || !out || (!leaves && n_leaves))
		return AIM__MISUSE(ctx, "ctx, leaves and out are required");
	aim_status rc = ordered_init(ctx, leaves, n_leaves, &o, err);
	if (rc == AIM_OK)
		rc = root_of(ctx, &o, out, err);
	ordered_dispose(ctx, &o);
	return rc;
}

/* ---- proofs ---- */

static void write_hash(aim__json_writer *w, const uint8_t hash[32])
{
	char hex[2 * 32];
	aim_str text = {hex, sizeof hex};
	aim__hex_write(aim_bytes_from(hash, 32), hex);
	aim__write_string(w, text);
}

static aim_status write_proof(const ordered *o, size_t at, const aim__merkle_proof *proof, aim_buf *out)
{
	const aim_fingerprint_leaf *leaf = o->leaves[at];
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_int64(&w, "index", (int64_t)at);
	aim__write_member_text(&w, "kind", aim__fingerprint_kinds[leaf->kind]);
	aim__write_member_string(&w, "name", leaf->name);
	aim__write_key(&w, "path");
	aim__write_begin_array(&w);
	for (uint32_t i = 0; i < proof->n; i++)
		write_hash(&w, proof->hashes[i].bytes);
	aim__write_end_array(&w);
	aim__write_member_int64(&w, "size", (int64_t)o->n);
	aim__write_key(&w, "surface");
	write_hash(&w, leaf->surface);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status prove(aim_ctx *ctx, const ordered *o, const aim_fingerprint_leaf *leaf, aim_buf *out,
                        uint8_t out_root[AIM_FINGERPRINT_LEN], aim_error *err)
{
	aim__merkle_proof proof;
	uint8_t root[AIM_FINGERPRINT_LEN];
	size_t at = 0;
	while (o->leaves[at] != leaf)
		at++;
	aim_status rc = root_of(ctx, o, root, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__merkle_inclusion(ctx, o->hashes, o->n, at, &proof);
	if (rc == AIM_OK)
		rc = write_proof(o, at, &proof, out);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (out_root)
		memcpy(out_root, root, sizeof root);
	return AIM_OK;
}

aim_status aim_fingerprint_prove(aim_ctx *ctx, const aim_fingerprint_leaf *leaves, size_t n_leaves, size_t index,
                                 aim_buf *out, uint8_t out_root[AIM_FINGERPRINT_LEN], aim_error *err)
{
	ordered o;
	if (!ctx || !leaves || index >= n_leaves || !out)
		return AIM__MISUSE(ctx, "ctx, leaves, an index among them and out are required");
	aim_status rc = ordered_init(ctx, leaves, n_leaves, &o, err);
	if (rc == AIM_OK)
		rc = prove(ctx, &o, &leaves[index], out, out_root, err);
	ordered_dispose(ctx, &o);
	return rc;
}

static aim_status no_proof(aim_error *err)
{
	return aim__fail(err, AIM_E_DIGEST, AIM_LAYER_ASSESS,
	                 "this does not show that the definition is in the manifest with that root");
}

static int read_path(const aim_json *doc, aim__merkle_proof *out)
{
	aim_json_value path = aim__json_member_text(doc, AIM_JSON_ROOT, "path");
	out->n = 0;
	if (aim_json_type(doc, path) != AIM_JSON_ARRAY || aim_json_count(doc, path) > AIM__MERKLE_MAX_DEPTH)
		return 0;
	for (aim_json_value v = aim_json_first(doc, path); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
		if (aim__encoding_read_exact(AIM_ENCODING_HEX, aim_json_string(doc, v), out->hashes[out->n++].bytes, 32) !=
		    AIM_OK)
			return 0;
	return 1;
}

/* What the proof says of kind, name and surface is for readers: what counts is the leaf that was asked about. */
static aim_status verify(aim_ctx *ctx, const aim_json *doc, const uint8_t root[AIM_FINGERPRINT_LEN],
                         const aim_fingerprint_leaf *leaf, aim_error *err)
{
	aim__merkle_proof proof;
	aim__merkle_hash hash, expected;
	aim_buf entry;
	int64_t index = -1, size = -1;
	aim_str kind = aim_json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "kind"));
	aim_str name = aim_json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "name"));
	if (aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "index"), &index) != AIM_OK ||
	    aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "size"), &size) != AIM_OK || index < 0 ||
	    index >= size || !read_path(doc, &proof) || !aim_str_equal(name, leaf->name) ||
	    !aim_str_equal(kind, aim_str_from(aim__fingerprint_kinds[leaf->kind])))
		return no_proof(err);
	memcpy(expected.bytes, root, sizeof expected.bytes);
	aim__buf_init(&entry, ctx);
	aim_status rc = hash_leaf(ctx, leaf, &entry, &hash);
	aim__buf_dispose(&entry);
	if (rc == AIM_OK)
		rc = aim__merkle_inclusion_verify(ctx, &hash, (uint64_t)index, (uint64_t)size, &proof, &expected);
	if (rc == AIM_E_AUDIT_CORRUPT)
		return no_proof(err);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

aim_status aim_fingerprint_proof_verify(aim_ctx *ctx, aim_bytes proof, const uint8_t root[AIM_FINGERPRINT_LEN],
                                        const aim_fingerprint_leaf *leaf, aim_error *err)
{
	aim_json doc;
	if (!ctx || !root || !leaf || leaf->kind == 0 || leaf->kind >= AIM__FINGERPRINT_KINDS || !leaf->surface)
		return AIM__MISUSE(ctx, "ctx, root and a leaf with kind and surface are required");
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, proof, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = verify(ctx, &doc, root, leaf, err);
	aim__json_dispose(&doc);
	return rc;
}
