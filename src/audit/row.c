/* audit/row.c — rows written and read, see row.h. Layer audit; knows nothing of the store. */
#include "audit/row.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"

#include <string.h>

#define LEAF_HEX 64u
#define POSITION_DIGITS 20u
#define SALT_HEX (2 * AIM__AUDIT_SALT_LEN)
#define CHECK_HEX 8u

#define BEFORE_LEAF "{\"leaf\":\""
#define BEFORE_POSITION "\",\"position\":\""
#define BEFORE_RECORD "\",\"record\":"
#define BEFORE_SALT ",\"salt\":\""
#define BEFORE_CHECK "\",\"salt_check\":\""
#define AFTER_CHECK "\"}"

#define BARE_SALTED ",\"salted\":true}"
#define BARE_PLAIN ",\"salted\":false}"

#define LEN(literal) (sizeof(literal) - 1)
#define LEAF_AT LEN(BEFORE_LEAF)
#define POSITION_AT (LEAF_AT + LEAF_HEX + LEN(BEFORE_POSITION))
#define RECORD_AT (POSITION_AT + POSITION_DIGITS + LEN(BEFORE_RECORD))
/* Behind the record, from its end. */
#define SALT_AT LEN(BEFORE_SALT)
#define CHECK_AT (SALT_AT + SALT_HEX + LEN(BEFORE_CHECK))
#define TAIL_LEN (CHECK_AT + CHECK_HEX + LEN(AFTER_CHECK))

static const char head_template[] = BEFORE_LEAF
	"0000000000000000000000000000000000000000000000000000000000000000" BEFORE_POSITION
	"00000000000000000000" BEFORE_RECORD;
_Static_assert(LEN(head_template) == RECORD_AT, "the template and the offsets disagree");

aim_status aim__audit_row_begin(aim_buf *out)
{
	return aim__buf_add(out, head_template, RECORD_AT);
}

static void check_of(const uint8_t salt[AIM__AUDIT_SALT_LEN], char out[CHECK_HEX])
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < AIM__AUDIT_SALT_LEN; i++)
		hash = (hash ^ salt[i]) * 16777619u;
	const uint8_t bytes[4] = {(uint8_t)(hash >> 24), (uint8_t)(hash >> 16), (uint8_t)(hash >> 8),
	                          (uint8_t)hash};
	aim__hex_write(aim_bytes_from(bytes, sizeof bytes), out);
}

static aim_status add_tail(aim_buf *out, const uint8_t salt[AIM__AUDIT_SALT_LEN])
{
	char tail[TAIL_LEN];
	memcpy(tail, BEFORE_SALT, LEN(BEFORE_SALT));
	aim__hex_write(aim_bytes_from(salt, AIM__AUDIT_SALT_LEN), tail + SALT_AT);
	memcpy(tail + SALT_AT + SALT_HEX, BEFORE_CHECK, LEN(BEFORE_CHECK));
	check_of(salt, tail + CHECK_AT);
	memcpy(tail + CHECK_AT + CHECK_HEX, AFTER_CHECK, LEN(AFTER_CHECK));
	return aim__buf_add(out, tail, sizeof tail);
}

aim_status aim__audit_row_end(aim_buf *out, size_t start, const uint8_t salt[AIM__AUDIT_SALT_LEN],
                              aim__merkle_hash *out_leaf)
{
	size_t record = start + RECORD_AT;
	aim_status rc = aim__merkle_leaf(out->ctx, aim_bytes_from(out->ptr + record, out->len - record),
	                                 out_leaf);
	if (rc == AIM_OK)
		rc = add_tail(out, salt);
	if (rc == AIM_OK)
		aim__hex_write(aim_bytes_from(out_leaf->bytes, sizeof out_leaf->bytes),
		               (char *)out->ptr + start + LEAF_AT);
	return rc;
}

aim_status aim__audit_row_end_bare(aim_buf *out, size_t start, int salted, aim__merkle_hash *out_leaf)
{
	size_t record = start + RECORD_AT;
	aim_status rc = aim__merkle_leaf(out->ctx, aim_bytes_from(out->ptr + record, out->len - record),
	                                 out_leaf);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, salted ? BARE_SALTED : BARE_PLAIN);
	if (rc == AIM_OK)
		aim__hex_write(aim_bytes_from(out_leaf->bytes, sizeof out_leaf->bytes),
		               (char *)out->ptr + start + LEAF_AT);
	return rc;
}

static void position_text(uint64_t position, char out[POSITION_DIGITS])
{
	for (size_t i = POSITION_DIGITS; i > 0; i--) {
		out[i - 1] = (char)('0' + position % 10);
		position /= 10;
	}
}

void aim__audit_row_place(uint8_t *row, uint64_t position)
{
	position_text(position, (char *)row + POSITION_AT);
}

/* Reading a number costs a fraction of writing the expected one: there is no division in it. UINT64_MAX
 * when it is none; no row has that position. */
static uint64_t read_position(const char *text)
{
	uint64_t value = 0;
	for (size_t i = 0; i < POSITION_DIGITS; i++) {
		uint64_t digit = (uint64_t)(uint8_t)text[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return UINT64_MAX;
	}
	return value;
}

static aim_status broken(uint64_t position, const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT, "record %llu: %s",
	                 (unsigned long long)position, what);
}

static int framed_before(const uint8_t *p)
{
	return memcmp(p, BEFORE_LEAF, LEN(BEFORE_LEAF)) == 0 &&
	       memcmp(p + LEAF_AT + LEAF_HEX, BEFORE_POSITION, LEN(BEFORE_POSITION)) == 0 &&
	       memcmp(p + POSITION_AT + POSITION_DIGITS, BEFORE_RECORD, LEN(BEFORE_RECORD)) == 0 &&
	       p[RECORD_AT] == '{';
}

static int framed(const uint8_t *p, size_t record_len)
{
	const uint8_t *tail = p + RECORD_AT + record_len;
	return framed_before(p) && tail[-1] == '}' && memcmp(tail, BEFORE_SALT, LEN(BEFORE_SALT)) == 0 &&
	       memcmp(tail + SALT_AT + SALT_HEX, BEFORE_CHECK, LEN(BEFORE_CHECK)) == 0 &&
	       memcmp(tail + CHECK_AT + CHECK_HEX, AFTER_CHECK, LEN(AFTER_CHECK)) == 0;
}

/* Lower case only: what row_end() writes. */
static int read_salt(const char *tail, uint8_t out[AIM__AUDIT_SALT_LEN])
{
	const aim_str hex = {tail + SALT_AT, SALT_HEX};
	char again[SALT_HEX];
	char check[CHECK_HEX];
	if (aim__encoding_read_exact(AIM_ENCODING_HEX, hex, out, AIM__AUDIT_SALT_LEN) != AIM_OK)
		return 0;
	aim__hex_write(aim_bytes_from(out, AIM__AUDIT_SALT_LEN), again);
	check_of(out, check);
	return memcmp(again, hex.ptr, SALT_HEX) == 0 && memcmp(check, tail + CHECK_AT, CHECK_HEX) == 0;
}

static const char not_framed[] = "the row is not framed as rows of this log are";

/* The part before the record, and its length. */
static aim_status read_front(const char *p, size_t record_len, uint64_t position, aim__audit_row *out,
                             aim_error *err)
{
	if (read_position(p + POSITION_AT) != position)
		return broken(position, "the row was written for another position", err);
	out->leaf_hex = (aim_str){p + LEAF_AT, LEAF_HEX};
	out->record = (aim_str){p + RECORD_AT, record_len};
	return AIM_OK;
}

aim_status aim__audit_row_read(aim_bytes bytes, uint64_t position, aim__audit_row *out, aim_error *err)
{
	if (bytes.len < RECORD_AT + 2 + TAIL_LEN || !framed(bytes.ptr, bytes.len - RECORD_AT - TAIL_LEN))
		return broken(position, not_framed, err);
	const char *p = (const char *)bytes.ptr;
	aim_status rc = read_front(p, bytes.len - RECORD_AT - TAIL_LEN, position, out, err);
	if (rc != AIM_OK)
		return rc;
	if (!read_salt(p + RECORD_AT + out->record.len, out->salt))
		return broken(position, "the salt does not match its check", err);
	return AIM_OK;
}

static int ends_with(aim_bytes bytes, const char *tail, size_t len)
{
	return bytes.len >= RECORD_AT + 2 + len && memcmp(bytes.ptr + bytes.len - len, tail, len) == 0 &&
	       bytes.ptr[bytes.len - len - 1] == '}';
}

aim_status aim__audit_row_read_bare(aim_bytes bytes, uint64_t position, aim__audit_row *out,
                                    int *out_salted, aim_error *err)
{
	int salted = ends_with(bytes, BARE_SALTED, LEN(BARE_SALTED));
	size_t tail = salted ? LEN(BARE_SALTED) : LEN(BARE_PLAIN);
	if ((!salted && !ends_with(bytes, BARE_PLAIN, tail)) || !framed_before(bytes.ptr))
		return broken(position, not_framed, err);
	memset(out->salt, 0, sizeof out->salt);
	*out_salted = salted;
	return read_front((const char *)bytes.ptr, bytes.len - RECORD_AT - tail, position, out, err);
}

uint64_t aim__audit_row_claims(aim_bytes bytes)
{
	if (bytes.len <= RECORD_AT || !framed_before(bytes.ptr))
		return UINT64_MAX;
	return read_position((const char *)bytes.ptr + POSITION_AT);
}

aim_status aim__audit_row_leaf(const aim_ctx *ctx, const aim__audit_row *row, uint64_t position,
                               aim__merkle_hash *out, aim_error *err)
{
	char hex[LEAF_HEX];
	aim_status rc = aim__merkle_leaf(ctx, aim_bytes_from_str(row->record), out);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__hex_write(aim_bytes_from(out->bytes, sizeof out->bytes), hex);
	if (memcmp(hex, row->leaf_hex.ptr, LEAF_HEX) != 0)
		return broken(position, "the record does not match its leaf hash", err);
	return AIM_OK;
}
