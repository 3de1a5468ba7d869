/* audit/checkpoint.c — checkpoints written, read and verified. Layer audit; knows neither log nor
 * store, so that a verifier can be built of it alone. */
#include "audit/checkpoint.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"

#include <string.h>

AIM__NO_PADDING(aim_checkpoint, 8 + 4 * sizeof(void *) + 8 + 32 + 8);

#define ROOT_BASE64 44u

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT, "checkpoint: %s", what);
}

/* The next line without its newline; the note's text ends in one. */
static int take_line(aim_str *rest, aim_str *out)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	if (!end || end == rest->ptr)
		return 0;
	*out = (aim_str){rest->ptr, (size_t)(end - rest->ptr)};
	rest->ptr = end + 1;
	rest->len -= out->len + 1;
	return 1;
}

static int read_size(aim_str digits, uint64_t *out)
{
	if (digits.len > 1 && digits.ptr[0] == '0')
		return 0;
	*out = 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9' ||
		    __builtin_mul_overflow(*out, (uint64_t)10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(digits.ptr[i] - '0'), out))
			return 0;
	}
	return 1;
}

static int has_empty_line(aim_str lines)
{
	for (size_t i = 0; i < lines.len; i++)
		if (lines.ptr[i] == '\n' && (i == 0 || lines.ptr[i - 1] == '\n'))
			return 1;
	return 0;
}

aim_status aim__checkpoint_read(const aim__note *note, aim_checkpoint *out, aim_error *err)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_str rest = note->text;
	aim_str line;
	if (!take_line(&rest, &c.origin))
		return malformed("the first line, the origin, is empty", err);
	if (!take_line(&rest, &line) || !read_size(line, &c.size))
		return malformed("the second line is not a size", err);
	if (!take_line(&rest, &line) || line.len != ROOT_BASE64 ||
	    aim__encoding_read_exact(AIM_ENCODING_BASE64, line, c.root, sizeof c.root) != AIM_OK)
		return malformed("the third line is not base64 of 32 bytes", err);
	if (has_empty_line(rest))
		return malformed("an extension line is empty", err);
	if (rest.len > 0)
		c.extensions = rest;
	c.n_signatures = note->n_signatures;
	*out = c;
	return AIM_OK;
}

static aim_status add_text(const aim__note_key *as, uint64_t size, const aim__merkle_hash *root,
                           aim_buf *out)
{
	char base64[ROOT_BASE64];
	aim__encoding_write(AIM_ENCODING_BASE64, aim_bytes_from(root->bytes, sizeof root->bytes), base64);
	aim_status rc = aim__buf_add_str(out, as->name);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '\n');
	if (rc == AIM_OK)
		rc = aim__buf_add_u64(out, size);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '\n');
	if (rc == AIM_OK)
		rc = aim__buf_add(out, base64, sizeof base64);
	return rc == AIM_OK ? aim__buf_add_byte(out, '\n') : rc;
}

aim_status aim__checkpoint_write(const aim_key *key, const aim__note_key *as, uint64_t size,
                                 const aim__merkle_hash *root, aim_buf *out, aim_error *err)
{
	size_t start = out->len;
	aim_buf line;
	aim__buf_init(&line, out->ctx);
	aim_status rc = add_text(as, size, root, out);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim_str text = {(const char *)out->ptr + start, out->len - start};
	if (rc == AIM_OK)
		rc = aim__note_sign(key, as, text, 0, &line, err);
	if (rc == AIM_OK) {
		rc = aim__buf_add_byte(out, '\n');
		if (rc == AIM_OK)
			rc = aim__buf_add_str(out, aim_buf_str(&line));
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	}
	aim__buf_dispose(&line);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

aim_status aim_checkpoint_vkey(const aim_ctx *ctx, aim_str name, uint32_t type,
                               const aim_public_key *public_key, aim_buf *out, aim_error *err)
{
	aim__note_key key;
	if (!ctx || !public_key || !out)
		return AIM__MISUSE(ctx, "ctx, public_key and out are required");
	if (type != AIM_CHECKPOINT_LOG_KEY && type != AIM_CHECKPOINT_WITNESS_KEY)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "%u is not a type of verifier key (AIM_CHECKPOINT_*_KEY)", type);
	aim_status rc = aim_key_public_check(public_key, err);
	if (rc == AIM_OK)
		rc = aim__note_key_make(ctx, name, type, public_key, &key, err);
	if (rc == AIM_OK && (rc = aim__note_key_write(&key, out)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return rc;
}

aim_status aim_checkpoint_parse(aim_str text, aim_checkpoint *out, aim_error *err)
{
	aim__note note;
	aim_checkpoint c;
	if (!out || (!text.ptr && text.len > 0))
		return AIM__MISUSE(NULL, "text and out are required");
	aim_status rc = aim__note_read(text, &note, err);
	if (rc == AIM_OK)
		rc = aim__checkpoint_read(&note, &c, err);
	return rc == AIM_OK ? aim__sized_out(out, &c, sizeof c, sizeof c) : rc;
}

/* A key of the wrong type would be looked for under another id and never found: say so. */
static aim_status read_key(aim_ctx *ctx, aim_str vkey, uint32_t type, aim__note_key *out, aim_error *err)
{
	aim_status rc = aim__note_key_read(ctx, vkey, out, err);
	if (rc == AIM_OK && out->type != type)
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_AUDIT,
		                 "verifier key: signature type %u where %u is expected", out->type, type);
	return rc;
}

static aim_status verify(aim_ctx *ctx, aim_str text, aim_str vkey, aim_str origin, aim_checkpoint *out,
                         aim_error *err)
{
	aim__note note;
	aim__note_key key;
	aim_status rc = read_key(ctx, vkey, AIM__NOTE_ED25519, &key, err);
	if (rc == AIM_OK)
		rc = aim__note_read(text, &note, err);
	if (rc == AIM_OK)
		rc = aim__checkpoint_read(&note, out, err);
	if (rc == AIM_OK)
		rc = aim__note_verify(ctx, &note, &key, NULL, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(out->origin, origin.len ? origin : key.name))
		return aim__fail(err, AIM_E_AUDIT_FORK, AIM_LAYER_AUDIT,
		                 "checkpoint: it is of another log than was asked for");
	return AIM_OK;
}

aim_status aim_checkpoint_verify(aim_ctx *ctx, aim_str text, aim_str vkey, aim_str origin,
                                 aim_checkpoint *out, aim_error *err)
{
	aim_checkpoint none = {.struct_size = sizeof none};
	aim_checkpoint c;
	if (!ctx || (!text.ptr && text.len > 0) || (!vkey.ptr && vkey.len > 0) ||
	    (!origin.ptr && origin.len > 0))
		return AIM__MISUSE(ctx, "ctx, text and vkey are required");
	if (out && aim__sized_out(out, &none, sizeof none, sizeof none) != AIM_OK)
		return AIM__MISUSE(ctx, "out.struct_size is too small");
	aim_status rc = verify(ctx, text, vkey, origin, &c, err);
	if (rc == AIM_OK && out)
		rc = aim__sized_out(out, &c, sizeof c, sizeof c);
	return rc;
}

aim_status aim_checkpoint_verify_witness(aim_ctx *ctx, aim_str text, aim_str vkey, int64_t *out_time_s,
                                         aim_error *err)
{
	aim__note note;
	aim__note_key key;
	aim_checkpoint c;
	if (out_time_s)
		*out_time_s = 0;
	if (!ctx || (!text.ptr && text.len > 0) || (!vkey.ptr && vkey.len > 0))
		return AIM__MISUSE(ctx, "ctx, text and vkey are required");
	aim_status rc = read_key(ctx, vkey, AIM__NOTE_COSIGNATURE, &key, err);
	if (rc == AIM_OK)
		rc = aim__note_read(text, &note, err);
	if (rc == AIM_OK)
		rc = aim__checkpoint_read(&note, &c, err);
	return rc == AIM_OK ? aim__note_verify(ctx, &note, &key, out_time_s, err) : rc;
}
