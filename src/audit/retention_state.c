/* audit/retention_state.c — the key that says where a log is cut, see retention.h. Layer audit. */
#include "audit/retention.h"

#include "audit/head.h"
#include "audit/log.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/json.h"
#include "codec/writer.h"

#include <string.h>

#define PREFIX "retention/"
#define KEY_SIZE (sizeof PREFIX - 1 + AIM__AUDIT_MAX_NAME_BYTES)

static aim_bytes key_of(const aim_audit *log, char out[KEY_SIZE])
{
	memcpy(out, PREFIX, sizeof PREFIX - 1);
	memcpy(out + sizeof PREFIX - 1, log->options.name.ptr, log->options.name.len);
	return aim_bytes_from(out, sizeof PREFIX - 1 + log->options.name.len);
}

static aim_status corrupt(aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
	                 "what is kept of the log's retention is not what this library wrote");
}

static int read_hold(const aim_json *doc, aim_json_value value, aim__retention_hold *out)
{
	aim_str id = aim__json_string(doc, aim__json_member_text(doc, value, "id"));
	int64_t from = -1;
	if (!id.ptr || id.len == 0 || id.len > sizeof out->id ||
	    aim_json_int64(doc, aim__json_member_text(doc, value, "from"), &from) != AIM_OK || from < 0 ||
	    aim_json_int64(doc, aim__json_member_text(doc, value, "since_us"), &out->since_us) != AIM_OK)
		return 0;
	memcpy(out->id, id.ptr, id.len);
	out->id_len = id.len;
	out->from = (uint64_t)from;
	return 1;
}

static aim_status read_members(aim_ctx *ctx, const aim_json *doc, aim__retention *out, aim_error *err)
{
	aim_bytes cut = aim_json_raw(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "cut"));
	aim_json_value holds = aim__json_member_text(doc, AIM_JSON_ROOT, "holds");
	int64_t version = 0;
	(void)aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "v"), &version);
	if (version > 1)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "what is kept of the log's retention is of a later format than 1");
	if (version != 1 || !cut.ptr || aim__json_type(doc, holds) != AIM_JSON_ARRAY ||
	    aim_json_count(doc, holds) > AIM_RETENTION_MAX_HOLDS)
		return corrupt(err);
	for (aim_json_value v = aim__json_first(doc, holds); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (!read_hold(doc, v, &out->holds[out->n_holds++]))
			return corrupt(err);
	return aim__audit_head_read(ctx, cut, &out->cut, err);
}

static aim_status read_value(aim_ctx *ctx, aim_bytes value, aim__retention *out, aim_error *err)
{
	aim_json doc;
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, value, AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	else if (rc != AIM_OK)
		rc = corrupt(err);
	else
		rc = read_members(ctx, &doc, out, err);
	aim__json_dispose(&doc);
	return rc;
}

aim_status aim__retention_load(aim_audit *log, aim__retention *out, aim_error *err)
{
	char key[KEY_SIZE];
	aim_buf value;
	memset(out, 0, sizeof *out);
	aim__buf_init(&value, log->ctx);
	aim_status rc = aim__store_get(log->store, key_of(log, key), &value, &out->version, err);
	if (rc == AIM_OK)
		rc = read_value(log->ctx, aim_buf_bytes(&value), out, err);
	else if (rc == AIM_E_NOT_FOUND)
		rc = AIM_OK;
	aim__buf_dispose(&value);
	return rc;
}

static void write_holds(aim__json_writer *w, const aim__retention *state)
{
	aim__write_key(w, "holds");
	aim__write_begin_array(w);
	for (size_t i = 0; i < state->n_holds; i++) {
		const aim__retention_hold *hold = &state->holds[i];
		aim__write_begin_object(w);
		aim__write_key(w, "from");
		aim__write_uint64(w, hold->from);
		aim__write_member_string(w, "id", (aim_str){hold->id, hold->id_len});
		aim__write_member_int64(w, "since_us", hold->since_us);
		aim__write_end_object(w);
	}
	aim__write_end_array(w);
}

static aim_status write_value(const aim__retention *state, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__audit_head_member(&w, "cut", &state->cut);
	write_holds(&w, state);
	aim__write_member_int64(&w, "v", 1);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

aim_status aim__retention_commit(aim_audit *log, const aim__retention *state,
                                 const aim_audit_record *record, aim_error *err)
{
	char key[KEY_SIZE];
	aim_buf value;
	aim_store_op op = {.kind = state->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT};
	aim__change change = {.ops = &op, .n_ops = 1, .records = record, .n_records = 1};
	aim__buf_init(&value, log->ctx);
	aim_status rc = write_value(state, &value);
	op.key = key_of(log, key);
	op.value = aim_buf_bytes(&value);
	op.version = state->version;
	if (rc == AIM_OK)
		rc = aim__audit_commit(log, &change, err);
	else
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__buf_dispose(&value);
	return rc;
}

aim_status aim__audit_cut(aim_audit *log, aim__merkle_frontier *out, aim_error *err)
{
	aim__retention state;
	aim_status rc = aim__retention_load(log, &state, err);
	if (rc == AIM_OK)
		*out = state.cut;
	return rc;
}

/* The frontier's subtrees from left to right are those of the set bits of its count. From the one that
 * begins at first on, they are the frontier of what lies between first and the cut. A range that ends
 * before the cut is one of them or cannot be told. */
aim_status aim__retention_seed(const aim__merkle_frontier *cut, uint64_t first, uint64_t end,
                               aim__merkle_frontier *out)
{
	uint64_t at = 0, left = cut->count;
	size_t i = 0;
	memset(out, 0, sizeof *out);
	for (; left > 0 && at < first; i++) {
		uint64_t span = UINT64_C(1) << (63 - __builtin_clzll(left));
		at += span;
		left -= span;
	}
	if (first >= cut->count)
		return AIM_OK;
	if (at != first)
		return AIM_E_INVALID;
	for (size_t n = 0; left > 0 && at < end; n++, i++) {
		uint64_t span = UINT64_C(1) << (63 - __builtin_clzll(left));
		out->roots[n] = cut->roots[i];
		out->count += span;
		at += span;
		left -= span;
	}
	return at <= end ? AIM_OK : AIM_E_INVALID;
}
