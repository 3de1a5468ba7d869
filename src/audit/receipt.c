/* audit/receipt.c — receipts written, read and verified. Layer audit; knows neither log nor store, so
 * that a verifier can be built of it alone.
 *
 * Reading is lenient about form: the parts are written again and must give the same bytes. The record
 * is copied as it stands, because its bytes are what is hashed. */
#include "audit/receipt.h"

#include <aim/checkpoint.h>

#include "audit/record.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_receipt, 8 + 2 * 8 + 32 + 2 * sizeof(void *));

#define HASH_HEX 64u
#define MAX_POSITION ((UINT64_C(1) << 53) - 1) /* RFC 7493 §2.2 */

static void write_hex(aim__json_writer *w, const uint8_t *bytes, size_t len)
{
	char hex[HASH_HEX];
	aim__hex_write(aim_bytes_from(bytes, len), hex);
	aim__write_string(w, (aim_str){hex, 2 * len});
}

aim_status aim__receipt_write(const aim__receipt *receipt, aim_buf *out)
{
	aim__json_writer w;
	if (receipt->position > MAX_POSITION)
		return AIM_E_LIMIT;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "checkpoint", receipt->checkpoint);
	aim__write_member_int64(&w, "position", (int64_t)receipt->position);
	aim__write_key(&w, "proof");
	aim__write_begin_array(&w);
	for (uint64_t i = 0; i < receipt->proof.n_hashes; i++)
		write_hex(&w, receipt->proof.hashes[i], sizeof receipt->proof.hashes[i]);
	aim__write_end_array(&w);
	aim__write_key(&w, "record");
	aim__write_raw(&w, aim_bytes_from_str(receipt->record));
	if (receipt->has_salt) {
		aim__write_key(&w, "salt");
		write_hex(&w, receipt->salt, sizeof receipt->salt);
	}
	aim__write_member_int64(&w, "v", 1);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT, "receipt: %s", what);
}

/* ---- reading ---- */

static int read_hex(const aim_json *doc, aim_json_value value, uint8_t *out, size_t len)
{
	aim_str hex = aim__json_string(doc, value);
	return hex.len == 2 * len && aim__encoding_read_exact(AIM_ENCODING_HEX, hex, out, len) == AIM_OK;
}

static int read_proof(const aim_json *doc, aim_proof *out)
{
	aim_json_value array = aim__json_member_text(doc, AIM_JSON_ROOT, "proof");
	if (aim__json_type(doc, array) != AIM_JSON_ARRAY)
		return 0;
	for (aim_json_value v = aim__json_first(doc, array); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		if (out->n_hashes == AIM_PROOF_MAX_HASHES || !read_hex(doc, v, out->hashes[out->n_hashes], 32))
			return 0;
		out->n_hashes++;
	}
	return 1;
}

static aim_status read_parts(const aim_json *doc, aim__receipt *out, aim_error *err)
{
	aim_json_value record = aim__json_member_text(doc, AIM_JSON_ROOT, "record");
	aim_json_value salt = aim__json_member_text(doc, AIM_JSON_ROOT, "salt");
	int64_t position = 0, version = 0;
	memset(out, 0, sizeof *out);
	out->proof.struct_size = sizeof out->proof;
	if (aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "v"), &version) != AIM_OK)
		return malformed("it has no version", err);
	if (version != 1)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "receipt: of a later format than 1");
	out->checkpoint = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "checkpoint"));
	if (!out->checkpoint.ptr)
		return malformed("it has no checkpoint", err);
	if (aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "position"), &position) != AIM_OK ||
	    position < 0)
		return malformed("position is not a whole number", err);
	if (!read_proof(doc, &out->proof))
		return malformed("proof is not a list of at most 65 hashes in hex", err);
	if (aim__json_type(doc, record) != AIM_JSON_OBJECT)
		return malformed("it has no record", err);
	if (salt != AIM_JSON_NONE && !read_hex(doc, salt, out->salt, sizeof out->salt))
		return malformed("salt is not 32 hex digits", err);
	aim_bytes raw = aim_json_raw(doc, record);
	out->record = (aim_str){(const char *)raw.ptr, raw.len};
	out->position = (uint64_t)position;
	out->has_salt = salt != AIM_JSON_NONE;
	return AIM_OK;
}

static aim_status check_form(aim_ctx *ctx, aim_str bytes, const aim__receipt *receipt, aim_error *err)
{
	aim_buf again;
	aim__buf_init(&again, ctx);
	aim_status rc = aim__receipt_write(receipt, &again);
	int same = rc == AIM_OK && aim_str_equal(aim_buf_str(&again), bytes);
	aim__buf_dispose(&again);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return same ? AIM_OK : malformed("it is not in canonical form", err);
}

/* ---- verifying ---- */

/* A salt belongs to a commitment; arguments need both. */
static aim_status check_arguments(aim_ctx *ctx, const aim_json *doc, const aim__receipt *receipt,
                                  aim_bytes arguments, aim_error *err)
{
	aim_json_value record = aim__json_member_text(doc, AIM_JSON_ROOT, "record");
	aim_json_value value = aim__json_member_text(doc, record, "arguments_commitment");
	uint8_t commitment[32], digest[32];
	const aim_bytes parts[] = {{receipt->salt, sizeof receipt->salt}, arguments};
	if (value == AIM_JSON_NONE && receipt->has_salt)
		return malformed("a salt, and the record commits to no arguments", err);
	if (arguments.len == 0)
		return AIM_OK;
	if (!receipt->has_salt || !read_hex(doc, value, commitment, sizeof commitment))
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "receipt: arguments were given, and it has no salt or no commitment");
	aim_status rc = aim__sha256(ctx, parts, 2, digest);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (!aim__equal_constant_time(digest, commitment, sizeof digest))
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "receipt: the record commits to other arguments");
	return AIM_OK;
}

static aim_status check_log(aim_ctx *ctx, const aim__receipt *receipt, aim_str vkey, aim_str origin,
                            aim_receipt *out, aim_error *err)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_audit_head head = {.struct_size = sizeof head};
	aim_status rc = aim_checkpoint_verify(ctx, receipt->checkpoint, vkey, origin, &c, err);
	if (rc != AIM_OK)
		return rc;
	head.size = out->size = c.size;
	memcpy(head.root, c.root, sizeof head.root);
	memcpy(out->root, c.root, sizeof out->root);
	out->position = receipt->position;
	out->record = receipt->record;
	return aim_proof_verify_inclusion(ctx, receipt->record, receipt->position, &head, &receipt->proof, err);
}

static aim_status verify(aim_ctx *ctx, aim_json *doc, aim_str bytes, aim_str vkey, aim_str origin,
                         aim_bytes arguments, aim_receipt *out, aim_error *err)
{
	aim__receipt receipt;
	if (bytes.len > AIM_RECEIPT_MAX_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT, "receipt: more than %u bytes",
		                 AIM_RECEIPT_MAX_BYTES);
	aim_status rc = aim_json_parse(doc, aim_bytes_from_str(bytes), AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc != AIM_OK)
		return malformed("it is not JSON", err);
	rc = read_parts(doc, &receipt, err);
	if (rc == AIM_OK)
		rc = check_form(ctx, bytes, &receipt, err);
	if (rc == AIM_OK)
		rc = check_log(ctx, &receipt, vkey, origin, out, err);
	return rc == AIM_OK ? check_arguments(ctx, doc, &receipt, arguments, err) : rc;
}

aim_status aim_receipt_verify(aim_ctx *ctx, aim_str bytes, aim_str vkey, aim_str origin,
                              aim_bytes arguments, aim_receipt *out, aim_error *err)
{
	aim_receipt none = {.struct_size = sizeof none};
	aim_receipt found = none;
	aim_json doc;
	if (!ctx || (!bytes.ptr && bytes.len > 0) || (!arguments.ptr && arguments.len > 0))
		return AIM__MISUSE(ctx, "ctx, bytes and vkey are required");
	if (out && aim__sized_out(out, &none, sizeof none, sizeof none) != AIM_OK)
		return AIM__MISUSE(ctx, "out.struct_size is too small");
	aim__json_init(&doc, ctx);
	aim_status rc = verify(ctx, &doc, bytes, vkey, origin, arguments, &found, err);
	aim__json_dispose(&doc);
	if (rc == AIM_OK && out)
		rc = aim__sized_out(out, &found, sizeof found, sizeof found);
	return rc;
}
