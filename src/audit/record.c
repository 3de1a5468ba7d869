/* audit/record.c — a record struct checked and written as canonical JSON. Layer audit; knows neither
 * store nor log. The members stand in one table in canonical order, so nothing is sorted. */
#include "audit/record.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/provider.h"
#include "store/text.h"

#include <string.h>

AIM__NO_PADDING(aim_audit_record, 8 + 2 * 8 + 19 * 2 * sizeof(void *));

#define FORMAT_VERSION 1
#define MAX_INTEGER INT64_C(9007199254740991) /* RFC 7493 §2.2 */
#define MAX_TRUST_MICRO 1000000

/* Where a member's value comes from. */
enum source { TEXT, ACTOR, COMMITMENT, DATA, DURABILITY, TIME, TRUST, VERSION };

typedef struct member {
	const char *name; /* for messages */
	const char *key;  /* as it is written, with the comma in front */
	size_t key_len;
	enum source source;
	size_t offset; /* TEXT: of the span in aim_audit_record */
} member;

#define KEY(name) name, ",\"" name "\":", sizeof(name) + 3
#define TEXT_OF(field) {KEY(#field), TEXT, offsetof(aim_audit_record, field)}

/* RFC 8785 §3.2.3 order; the names are ASCII, so it is the order of the bytes. */
static const member members[] = {
	TEXT_OF(action),
	{KEY("actor"), ACTOR, 0},
	TEXT_OF(approval),
	{KEY("arguments_commitment"), COMMITMENT, 0},
	{KEY("data"), DATA, 0},
	TEXT_OF(decision),
	{KEY("durability"), DURABILITY, 0},
	TEXT_OF(kind),
	TEXT_OF(policy_hash),
	TEXT_OF(reason),
	TEXT_OF(reason_code),
	TEXT_OF(request),
	TEXT_OF(resource),
	TEXT_OF(rule),
	TEXT_OF(server_fingerprint),
	TEXT_OF(subject),
	{KEY("time_us"), TIME, 0},
	TEXT_OF(tool_fingerprint),
	{KEY("trust_micro"), TRUST, 0},
	{KEY("v"), VERSION, 0},
};

static const member actor_members[] = {
	TEXT_OF(agent),
	TEXT_OF(did),
	TEXT_OF(session),
	TEXT_OF(user),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* What one write works on. Each member is appended with a comma in front; the first comma of an object
 * becomes its brace. */
typedef struct writing {
	const aim_audit_record *record;
	uint32_t durability;
	const uint8_t *salt;
	aim_json *scratch;
	aim_buf *out;
	aim_error *err;
} writing;

static aim_str text_at(const aim_audit_record *record, size_t offset)
{
	aim_str text;
	memcpy(&text, (const char *)record + offset, sizeof text);
	return text;
}

static aim_status refuse(writing *w, aim_status status, const char *name, const char *what)
{
	return aim__fail(w->err, status, AIM_LAYER_AUDIT, "audit record: %s %s", name, what);
}

static aim_status end_member(writing *w, const member *m, aim_status rc)
{
	if (rc == AIM_E_UTF8)
		return refuse(w, rc, m->name, "is not UTF-8");
	return rc == AIM_OK ? rc : aim__fail_plain(w->err, rc, AIM_LAYER_AUDIT);
}

static aim_status add_text(writing *w, const member *m, aim_str text)
{
	aim_status rc = aim__buf_add(w->out, m->key, m->key_len);
	if (rc == AIM_OK)
		rc = aim__json_quote(w->out, text);
	return end_member(w, m, rc);
}

static aim_status add_integer(writing *w, const member *m, int64_t value)
{
	aim_status rc = aim__buf_add(w->out, m->key, m->key_len);
	if (rc == AIM_OK)
		rc = aim__buf_add_i64(w->out, value);
	return end_member(w, m, rc);
}

static aim_status write_text(writing *w, const member *m)
{
	aim_str text = text_at(w->record, m->offset);
	if (text.len == 0)
		return AIM_OK;
	if (!text.ptr)
		return refuse(w, AIM_E_INVALID, m->name, "has a length and no pointer");
	if (text.len > AIM__AUDIT_MAX_TEXT_BYTES)
		return refuse(w, AIM_E_LIMIT, m->name, "is longer than 4096 bytes");
	return add_text(w, m, text);
}

static aim_status write_actor(writing *w, const member *m)
{
	size_t before = w->out->len;
	aim_status rc = end_member(w, m, aim__buf_add(w->out, m->key, m->key_len));
	size_t object = w->out->len;
	for (size_t i = 0; rc == AIM_OK && i < COUNT(actor_members); i++)
		rc = write_text(w, &actor_members[i]);
	if (rc != AIM_OK)
		return rc;
	if (w->out->len == object) {
		aim__buf_truncate(w->out, before);
		return AIM_OK;
	}
	w->out->ptr[object] = '{';
	return end_member(w, m, aim__buf_add_byte(w->out, '}'));
}

static aim_status write_commitment(writing *w, const member *m)
{
	if (w->record->arguments.len == 0)
		return AIM_OK;
	if (!w->record->arguments.ptr)
		return refuse(w, AIM_E_INVALID, "arguments", "has a length and no pointer");
	uint8_t digest[32];
	char hex[64];
	aim_bytes parts[2] = {{w->salt, AIM__AUDIT_SALT_LEN}, w->record->arguments};
	aim_status rc = aim__sha256(w->out->ctx, parts, 2, digest);
	if (rc != AIM_OK)
		return aim__fail_plain(w->err, rc, AIM_LAYER_AUDIT);
	aim__hex_write(aim_bytes_from(digest, sizeof digest), hex);
	return add_text(w, m, (aim_str){hex, sizeof hex});
}

/* Whole numbers only, within what every JSON reader holds exactly: evidence must not depend on how
 * someone prints a fraction. */
static aim_status check_data(writing *w)
{
	const aim_json *doc = w->scratch;
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return refuse(w, AIM_E_JSON_TYPE, "data", "is not a JSON object");
	for (uint32_t i = 0; i < doc->n_nodes; i++) {
		int64_t value;
		if ((doc->nodes[i].info & AIM__JSON_TYPE) != AIM_JSON_NUMBER)
			continue;
		if (aim_json_int64(doc, i, &value) != AIM_OK || value > MAX_INTEGER || value < -MAX_INTEGER)
			return refuse(w, AIM_E_JSON_NUMBER, "data",
			              "has a number that is not a whole one up to 2^53");
	}
	return AIM_OK;
}

static aim_status write_data(writing *w, const member *m)
{
	aim_str data = w->record->data;
	if (data.len == 0)
		return AIM_OK;
	if (!data.ptr)
		return refuse(w, AIM_E_INVALID, "data", "has a length and no pointer");
	if (data.len > AIM__AUDIT_MAX_DATA_BYTES)
		return refuse(w, AIM_E_LIMIT, "data", "is longer than 32768 bytes");
	aim_status rc = aim_json_parse(w->scratch, aim_bytes_from_str(data), AIM_JSON_BORROW, w->err);
	if (rc == AIM_OK)
		rc = check_data(w);
	if (rc == AIM_OK)
		rc = end_member(w, m, aim__buf_add(w->out, m->key, m->key_len));
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(w->scratch, AIM_JSON_ROOT, 0, w->out, w->err);
	return rc;
}

static aim_status write_trust(writing *w, const member *m)
{
	int64_t trust = w->record->trust_micro;
	if (trust == AIM_AUDIT_NO_TRUST)
		return AIM_OK;
	if (trust < 0 || trust > MAX_TRUST_MICRO)
		return refuse(w, AIM_E_INVALID, "trust_micro", "is not in 0 … 1 000 000");
	return add_integer(w, m, trust);
}

static aim_status write_member(writing *w, const member *m)
{
	switch (m->source) {
	case TEXT: return write_text(w, m);
	case ACTOR: return write_actor(w, m);
	case COMMITMENT: return write_commitment(w, m);
	case DATA: return write_data(w, m);
	case DURABILITY:
		return add_text(w, m,
		                aim_str_from(w->durability == AIM_AUDIT_DURABLE ? "durable" : "buffered"));
	case TIME: return add_integer(w, m, w->record->time_us);
	case TRUST: return write_trust(w, m);
	case VERSION: return add_integer(w, m, FORMAT_VERSION);
	}
	return AIM_E_INTERNAL;
}

static int is_decision(aim_str decision)
{
	static const aim_str known[] = {{"allow", 5}, {"deny", 4}, {"ask", 3}};
	for (size_t i = 0; i < COUNT(known); i++)
		if (aim_str_equal(decision, known[i]))
			return 1;
	return decision.len == 0;
}

aim_status aim__audit_record_take(const aim_ctx *ctx, const aim_audit_record *record,
                                  aim_audit_record *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	out->trust_micro = AIM_AUDIT_NO_TRUST;
	aim_status rc = aim__sized_in(out, sizeof *out, record, sizeof *out, "aim_audit_record", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_audit_record.flags must be 0");
	if (!aim__is_word(out->kind, AIM__AUDIT_MAX_KIND_BYTES, "_"))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "audit record: kind must be 1 to 64 of a-z, 0-9 and _");
	if (!is_decision(out->decision))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "audit record: decision must be allow, deny, ask or absent");
	if (out->time_us == 0 && aim_ctx_now_us(ctx, &out->time_us) != AIM_OK)
		return aim__fail_plain(err, AIM_E_CLOCK, AIM_LAYER_AUDIT);
	if (out->time_us < 0 || out->time_us > MAX_INTEGER)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "audit record: time_us must lie between 1970 and 2255");
	return AIM_OK;
}

aim_status aim__audit_record_write(const aim_audit_record *record, uint32_t durability,
                                   const uint8_t salt[AIM__AUDIT_SALT_LEN], aim_json *scratch,
                                   aim_buf *out, aim_error *err)
{
	writing w = {.record = record, .durability = durability, .salt = salt, .scratch = scratch,
	             .out = out, .err = err};
	aim_status rc = AIM_OK;
	size_t start = out->len;
	for (size_t i = 0; rc == AIM_OK && i < COUNT(members); i++)
		rc = write_member(&w, &members[i]);
	if (rc == AIM_OK && (rc = aim__buf_add_byte(out, '}')) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc == AIM_OK && out->len - start > AIM__AUDIT_MAX_RECORD_BYTES)
		rc = refuse(&w, AIM_E_LIMIT, "the whole", "is longer than 65536 bytes");
	if (rc == AIM_OK)
		out->ptr[start] = '{';
	else
		aim__buf_truncate(out, start);
	return rc;
}
