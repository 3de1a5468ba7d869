/* audit/checkpoint_kept.c — checkpoints in the store, with the cosignatures that came in. Layer audit.
 *
 * They are evidence about the log and no change of state, so they are written without a record: a
 * record of each would make the next one due, for ever. */
#include "audit/checkpoint.h"

#include "audit/head.h"
#include "audit/log.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "store/store.h"

#include <string.h>

#define PREFIX "checkpoint/"
#define SIZE_DIGITS 20u
#define KEY_SIZE (sizeof PREFIX - 1 + AIM__AUDIT_MAX_NAME_BYTES + 1 + SIZE_DIGITS)

void aim__checkpoint_kept_init(aim__checkpoint_kept *kept, aim_ctx *ctx)
{
	memset(kept, 0, sizeof *kept);
	aim__buf_init(&kept->text, ctx);
}

void aim__checkpoint_kept_dispose(aim__checkpoint_kept *kept)
{
	aim__buf_dispose(&kept->text);
}

/* The part that all checkpoints of the log share. */
static size_t write_prefix(const aim_audit *log, char out[KEY_SIZE])
{
	size_t len = sizeof PREFIX - 1;
	memcpy(out, PREFIX, len);
	memcpy(out + len, log->options.name.ptr, log->options.name.len);
	len += log->options.name.len;
	out[len++] = '/';
	return len;
}

static size_t write_key(const aim_audit *log, uint64_t size, char out[KEY_SIZE])
{
	size_t len = write_prefix(log, out);
	uint64_t rest = UINT64_MAX - size;
	for (size_t i = SIZE_DIGITS; i > 0; i--, rest /= 10)
		out[len + i - 1] = (char)('0' + rest % 10);
	return len + SIZE_DIGITS;
}

static aim_status corrupt(aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
	                 "a kept checkpoint is not one that this library wrote");
}

/* Text and frontier must say the same. */
static aim_status compare(aim_ctx *ctx, const aim__checkpoint_kept *kept, aim_error *err)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	aim__merkle_hash root;
	aim_status rc = aim__merkle_frontier_root(ctx, &kept->tree, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (aim_checkpoint_parse(aim_buf_str(&kept->text), &c, NULL) != AIM_OK ||
	    c.size != kept->tree.count || memcmp(c.root, root.bytes, sizeof c.root) != 0)
		return corrupt(err);
	return AIM_OK;
}

static aim_status read_members(aim_ctx *ctx, const aim_json *doc, aim__checkpoint_kept *out,
                               aim_error *err)
{
	aim_str text = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "checkpoint"));
	aim_bytes head = aim_json_raw(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "head"));
	int64_t version = 0;
	if (aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "v"), &version) == AIM_OK &&
	    version > 1)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "a kept checkpoint is of a later format than 1");
	if (!text.ptr || !head.ptr || version != 1 ||
	    aim_json_int64(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "time_us"), &out->time_us) != AIM_OK)
		return corrupt(err);
	aim_status rc = aim__audit_head_read(ctx, head, &out->tree, err);
	if (rc == AIM_OK && (rc = aim__buf_add_str(&out->text, text)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return rc == AIM_OK ? compare(ctx, out, err) : rc;
}

static aim_status read_kept(aim_ctx *ctx, aim_bytes value, uint64_t version, aim__checkpoint_kept *out,
                            aim_error *err)
{
	aim__checkpoint_kept kept;
	aim_json doc;
	aim__checkpoint_kept_init(&kept, ctx);
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, value, AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	else if (rc != AIM_OK)
		rc = corrupt(err);
	else
		rc = read_members(ctx, &doc, &kept, err);
	aim__json_dispose(&doc);
	kept.version = version;
	if (rc == AIM_OK) {
		aim__checkpoint_kept_dispose(out);
		*out = kept;
	} else {
		aim__checkpoint_kept_dispose(&kept);
	}
	return rc;
}

typedef struct newest {
	aim_buf value;
	uint64_t version;
	int found;
} newest;

static aim_status take_newest(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                              uint64_t position)
{
	newest *n = user;
	(void)key;
	(void)position;
	n->version = version;
	n->found = 1;
	return aim__buf_add(&n->value, value.ptr, value.len);
}

/* The first of the log's checkpoints behind a key; empty: of all. */
static aim_status load_first(aim_audit *log, aim_bytes after, aim__checkpoint_kept *kept, aim_error *err)
{
	char key[KEY_SIZE];
	newest n = {.found = 0};
	aim__buf_init(&n.value, log->ctx);
	aim_status rc = aim__store_scan(log->store, aim_bytes_from(key, write_prefix(log, key)), after, 1,
	                                take_newest, &n, err);
	if (rc == AIM_OK && !n.found)
		rc = AIM_E_NOT_FOUND;
	if (rc == AIM_OK)
		rc = read_kept(log->ctx, aim_buf_bytes(&n.value), n.version, kept, err);
	aim__buf_dispose(&n.value);
	return rc;
}

aim_status aim__checkpoint_load_newest(aim_audit *log, aim__checkpoint_kept *kept, aim_error *err)
{
	return load_first(log, aim_bytes_from(NULL, 0), kept, err);
}

aim_status aim__checkpoint_load_before(aim_audit *log, uint64_t size, aim__checkpoint_kept *kept,
                                       aim_error *err)
{
	char key[KEY_SIZE];
	if (size == UINT64_MAX)
		return aim__checkpoint_load_newest(log, kept, err);
	return load_first(log, aim_bytes_from(key, write_key(log, size + 1, key)), kept, err);
}

aim_status aim__checkpoint_load(aim_audit *log, uint64_t size, aim__checkpoint_kept *kept, aim_error *err)
{
	char key[KEY_SIZE];
	uint64_t version = 0;
	aim_buf value;
	aim__buf_init(&value, log->ctx);
	aim_status rc = aim__store_get(log->store, aim_bytes_from(key, write_key(log, size, key)), &value,
	                               &version, err);
	if (rc == AIM_OK)
		rc = read_kept(log->ctx, aim_buf_bytes(&value), version, kept, err);
	aim__buf_dispose(&value);
	return rc;
}

static aim_status write_value(const aim__checkpoint_kept *kept, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "checkpoint", aim_buf_str(&kept->text));
	aim__audit_head_member(&w, "head", &kept->tree);
	aim__write_member_int64(&w, "time_us", kept->time_us);
	aim__write_member_int64(&w, "v", 1);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status put(aim_audit *log, const aim__checkpoint_kept *kept, aim_bytes value, aim_error *err)
{
	char key[KEY_SIZE];
	aim_store_op op = {.kind = kept->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT};
	op.key = aim_bytes_from(key, write_key(log, kept->tree.count, key));
	op.value = value;
	op.version = kept->version;
	aim_store_batch batch = {.ops = &op, .n_ops = 1};
	aim_status rc = aim__store_apply_group(log->store, &batch, 1, err);
	if (rc == AIM_OK && batch.status != AIM_OK)
		rc = aim__fail(err, batch.status, AIM_LAYER_AUDIT,
		               "another writer has changed the kept checkpoint");
	return rc;
}

aim_status aim__checkpoint_store(aim_audit *log, const aim__checkpoint_kept *kept, aim_error *err)
{
	aim_buf value;
	aim__buf_init(&value, log->ctx);
	aim_status rc = write_value(kept, &value);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	else
		rc = put(log, kept, aim_buf_bytes(&value), err);
	aim__buf_dispose(&value);
	return rc;
}

aim_status aim_checkpoint_last(aim_audit *log, aim_buf *out, aim_error *err)
{
	aim__checkpoint_kept kept;
	if (!log || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and out are required");
	aim__checkpoint_kept_init(&kept, log->ctx);
	aim_status rc = aim__checkpoint_load_newest(log, &kept, err);
	if (rc == AIM_E_NOT_FOUND)
		(void)aim__fail(err, rc, AIM_LAYER_AUDIT, "the log has no checkpoint yet");
	if (rc == AIM_OK && (rc = aim__buf_add_str(out, aim_buf_str(&kept.text))) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__checkpoint_kept_dispose(&kept);
	return rc;
}

/* ---- cosignatures ---- */

static int has_line(const aim__note *note, aim_str whole)
{
	aim_str rest = note->signatures;
	aim__note_line line;
	while (aim__note_next(&rest, &line))
		if (aim_str_equal(line.whole, whole))
			return 1;
	return 0;
}

/* Appends the lines of `from` that this witness alone verifies and kept does not have. */
static aim_status add_lines(aim_ctx *ctx, const aim__note *from, const aim__note_key *key,
                            const aim__note *have, aim_buf *out, size_t *out_added)
{
	aim_str rest = from->signatures;
	aim__note_line line;
	aim_status rc = AIM_OK;
	*out_added = 0;
	while (rc == AIM_OK && aim__note_next(&rest, &line)) {
		aim__note alone = {from->text, line.whole, 1};
		if (has_line(have, line.whole) || aim__note_verify(ctx, &alone, key, NULL, NULL) != AIM_OK)
			continue;
		rc = aim__buf_add_str(out, line.whole);
		(*out_added)++;
	}
	return rc;
}

static aim_status merge(aim_audit *log, const aim__note *from, const aim__note_key *key,
                        aim__checkpoint_kept *kept, aim_error *err)
{
	aim__note have;
	aim_buf lines;
	size_t n_added = 0;
	aim_status rc = aim__note_read(aim_buf_str(&kept->text), &have, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(have.text, from->text))
		return aim__fail(err, AIM_E_AUDIT_FORK, AIM_LAYER_AUDIT,
		                 "checkpoint: the witness signed another one of this size");
	aim__buf_init(&lines, log->ctx);
	rc = add_lines(log->ctx, from, key, &have, &lines, &n_added);
	if (rc == AIM_OK && have.n_signatures + n_added > AIM__NOTE_MAX_SIGNATURES)
		rc = AIM_E_LIMIT;
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&kept->text, aim_buf_str(&lines));
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	else if (n_added > 0)
		rc = aim__checkpoint_store(log, kept, err);
	aim__buf_dispose(&lines);
	return rc;
}

aim_status aim_checkpoint_add_witness(aim_audit *log, aim_str text, aim_str vkey, aim_error *err)
{
	aim__note note;
	aim__note_key key;
	aim_checkpoint c;
	aim__checkpoint_kept kept;
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	aim_status rc = aim_checkpoint_verify_witness(log->ctx, text, vkey, NULL, err);
	if (rc == AIM_OK)
		rc = aim__note_key_read(log->ctx, vkey, &key, err);
	if (rc == AIM_OK)
		rc = aim__note_read(text, &note, err);
	if (rc == AIM_OK)
		rc = aim__checkpoint_read(&note, &c, err);
	if (rc != AIM_OK)
		return rc;
	aim__checkpoint_kept_init(&kept, log->ctx);
	rc = aim__checkpoint_load(log, c.size, &kept, err);
	if (rc == AIM_E_NOT_FOUND)
		(void)aim__fail(err, rc, AIM_LAYER_AUDIT, "no checkpoint of %llu records is kept",
		                (unsigned long long)c.size);
	if (rc == AIM_OK)
		rc = merge(log, &note, &key, &kept, err);
	aim__checkpoint_kept_dispose(&kept);
	return rc;
}
