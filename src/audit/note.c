/* audit/note.c — the framing of signed notes, their signatures made and checked. Layer audit; knows
 * nothing of logs or stores, so that a verifier can be built of it alone. */
#include "audit/note.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "codec/utf8.h"
#include "crypto/key.h"
#include "crypto/provider.h"

#include <string.h>

#define DASH "\xE2\x80\x94 " /* U+2014 and a space */
#define DASH_LEN (sizeof DASH - 1)
#define ID_LEN 4u
#define TIME_LEN 8u
#define SIGNATURE_LEN 64u
#define MAX_BLOB (ID_LEN + TIME_LEN + SIGNATURE_LEN)
#define MAX_BASE64 104u /* of MAX_BLOB bytes */
#define BLOB_ROOM (MAX_BASE64 / 4 * 3)
_Static_assert(MAX_BASE64 == (MAX_BLOB + 2) / 3 * 4, "base64 of the longest signature");

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_FORMAT, AIM_LAYER_AUDIT, "signed note: %s", what);
}

/* ---- framing ---- */

static int has_control(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\n')
			return 1;
	return 0;
}

/* Offset of the last blank line: of the second of two newlines; 0 when there is none. */
static size_t last_blank(aim_str bytes)
{
	for (size_t i = bytes.len - 1; i > 0; i--)
		if (bytes.ptr[i] == '\n' && bytes.ptr[i - 1] == '\n')
			return i;
	return 0;
}

int aim__note_next(aim_str *rest, aim__note_line *out)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	if (!end || rest->len < DASH_LEN || memcmp(rest->ptr, DASH, DASH_LEN) != 0)
		return 0;
	const char *name = rest->ptr + DASH_LEN;
	const char *space = name < end ? memchr(name, ' ', (size_t)(end - name)) : NULL;
	if (!space)
		return 0;
	out->whole = (aim_str){rest->ptr, (size_t)(end - rest->ptr) + 1};
	out->name = (aim_str){name, (size_t)(space - name)};
	out->base64 = (aim_str){space + 1, (size_t)(end - space) - 1};
	rest->ptr += out->whole.len;
	rest->len -= out->whole.len;
	return 1;
}

/* Signatures of other kinds may be long; what their bytes mean is not looked at. */
static int is_signature(aim_str base64)
{
	size_t n = 0;
	if (base64.len < 8 || base64.len % 4 != 0)
		return 0;
	while (n < base64.len && (base64.ptr[n] == '+' || base64.ptr[n] == '/' ||
	                          (base64.ptr[n] >= '0' && base64.ptr[n] <= '9') ||
	                          (base64.ptr[n] >= 'A' && base64.ptr[n] <= 'Z') ||
	                          (base64.ptr[n] >= 'a' && base64.ptr[n] <= 'z')))
		n++;
	size_t padding = base64.len - n;
	return padding == 0 || (padding <= 2 && base64.ptr[n] == '=' && base64.ptr[base64.len - 1] == '=');
}

static aim_status read_lines(aim__note *note, aim_error *err)
{
	aim_str rest = note->signatures;
	aim__note_line line;
	note->n_signatures = 0;
	while (rest.len > 0) {
		if (!aim__note_next(&rest, &line) || !aim__note_is_name(line.name) ||
		    !is_signature(line.base64))
			return malformed("a signature line is not \"\xE2\x80\x94 name base64\"", err);
		if (++note->n_signatures > AIM__NOTE_MAX_SIGNATURES)
			return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT,
			                 "signed note: more than %u signatures", AIM__NOTE_MAX_SIGNATURES);
	}
	return note->n_signatures ? AIM_OK : malformed("no signature", err);
}

aim_status aim__note_read(aim_str bytes, aim__note *out, aim_error *err)
{
	aim__note note;
	if (bytes.len > AIM__NOTE_MAX_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT, "signed note: more than %u bytes",
		                 AIM__NOTE_MAX_BYTES);
	if (bytes.len < 2 || !aim__utf8_valid(bytes, NULL) || has_control(bytes))
		return malformed("not UTF-8 text without control characters", err);
	size_t blank = last_blank(bytes);
	if (blank == 0)
		return malformed("no blank line between text and signatures", err);
	note.text = (aim_str){bytes.ptr, blank};
	note.signatures = (aim_str){bytes.ptr + blank + 1, bytes.len - blank - 1};
	aim_status rc = read_lines(&note, err);
	if (rc == AIM_OK)
		*out = note;
	return rc;
}

/* ---- signatures ---- */

static size_t signature_len(const aim__note_key *key)
{
	return ID_LEN + (key->type == AIM__NOTE_COSIGNATURE ? TIME_LEN : 0) + SIGNATURE_LEN;
}

static uint64_t read_u64(const uint8_t *p)
{
	uint64_t value = 0;
	for (size_t i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return value;
}

static void write_u64(uint64_t value, uint8_t *p)
{
	for (size_t i = 8; i > 0; i--, value >>= 8)
		p[i - 1] = (uint8_t)value;
}

/* What a key of this type signs. c2sp.org/tlog-cosignature, "Ed25519 signed message". */
static aim_status add_message(const aim__note_key *key, aim_str text, uint64_t time_s, aim_buf *out)
{
	aim_status rc = AIM_OK;
	if (key->type == AIM__NOTE_COSIGNATURE) {
		rc = aim__buf_add_text(out, "cosignature/v1\ntime ");
		if (rc == AIM_OK)
			rc = aim__buf_add_u64(out, time_s);
		if (rc == AIM_OK)
			rc = aim__buf_add_byte(out, '\n');
	}
	return rc == AIM_OK ? aim__buf_add_str(out, text) : rc;
}

static aim_status check_line(aim_ctx *ctx, const aim__note *note, const aim__note_key *key,
                             const uint8_t *blob, int64_t *out_time_s, aim_error *err)
{
	uint64_t time_s = key->type == AIM__NOTE_COSIGNATURE ? read_u64(blob + ID_LEN) : 0;
	const uint8_t *signature = blob + signature_len(key) - SIGNATURE_LEN;
	aim_buf message;
	if (time_s > INT64_MAX)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_AUDIT,
		                 "signed note: a cosignature's time is beyond 2^63");
	aim__buf_init(&message, ctx);
	aim_status rc = add_message(key, note->text, time_s, &message);
	if (rc == AIM_OK)
		rc = aim__ed25519_verify_strict(ctx, key->public_key.bytes, aim_buf_bytes(&message), signature,
		                                err);
	else
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__buf_dispose(&message);
	if (rc == AIM_OK && (int64_t)time_s > *out_time_s)
		*out_time_s = (int64_t)time_s;
	return rc;
}

/* 1 when name and id of the line are the key's; its bytes are then in blob, or len is wrong. */
static int is_of_key(const aim__note_line *line, const aim__note_key *key, uint8_t blob[BLOB_ROOM],
                     size_t *out_len)
{
	uint8_t id[6];
	aim_str start = {line->base64.ptr, 8};
	size_t len = 0;
	if (!aim_str_equal(line->name, key->name))
		return 0;
	if (aim__encoding_read(AIM_ENCODING_BASE64, start, id, sizeof id, &len, NULL) != AIM_OK ||
	    len < ID_LEN || memcmp(id, key->id, ID_LEN) != 0)
		return 0;
	*out_len = 0;
	if (line->base64.len <= MAX_BASE64)
		(void)aim__encoding_read(AIM_ENCODING_BASE64, line->base64, blob, BLOB_ROOM, out_len, NULL);
	return 1;
}

aim_status aim__note_verify(aim_ctx *ctx, const aim__note *note, const aim__note_key *key,
                            int64_t *out_time_s, aim_error *err)
{
	aim_str rest = note->signatures;
	aim__note_line line;
	uint8_t blob[BLOB_ROOM];
	int64_t time_s = 0;
	size_t len = 0, n = 0;
	while (aim__note_next(&rest, &line)) {
		if (!is_of_key(&line, key, blob, &len))
			continue;
		if (len != signature_len(key))
			return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_AUDIT,
			                 "signed note: the signature of %.*s has a wrong length or encoding",
			                 (int)key->name.len, key->name.ptr);
		aim_status rc = check_line(ctx, note, key, blob, &time_s, err);
		if (rc != AIM_OK)
			return rc;
		n++;
	}
	if (n == 0)
		return aim__fail(err, AIM_E_AUDIT_UNSIGNED, AIM_LAYER_AUDIT,
		                 "signed note: no signature of %.*s under this key", (int)key->name.len,
		                 key->name.ptr);
	if (out_time_s)
		*out_time_s = time_s;
	return AIM_OK;
}

static aim_status add_line(const aim__note_key *as, const uint8_t *blob, aim_buf *out)
{
	char base64[MAX_BASE64];
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64, aim_bytes_from(blob, signature_len(as)),
	                                 base64);
	size_t start = out->len;
	aim_status rc = aim__buf_add_text(out, DASH);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(out, as->name);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, ' ');
	if (rc == AIM_OK)
		rc = aim__buf_add(out, base64, len);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '\n');
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

aim_status aim__note_sign(const aim_key *key, const aim__note_key *as, aim_str text, uint64_t time_s,
                          aim_buf *out, aim_error *err)
{
	uint8_t blob[MAX_BLOB];
	aim_buf message;
	aim__buf_init(&message, aim__key_ctx(key));
	memcpy(blob, as->id, ID_LEN);
	if (as->type == AIM__NOTE_COSIGNATURE)
		write_u64(time_s, blob + ID_LEN);
	aim_status rc = add_message(as, text, time_s, &message);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	else
		rc = aim__key_sign(key, AIM__KEY_BIT(AIM_KEY_LOG), aim_buf_bytes(&message),
		                   blob + signature_len(as) - SIGNATURE_LEN, err);
	aim__buf_dispose(&message);
	if (rc == AIM_OK && (rc = add_line(as, blob, out)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return rc;
}
