/* audit/checkpoint_signer.c — when checkpoints are signed, and what is checked before. Layer audit. */
#include "audit/checkpoint.h"

#include "audit/log.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"
#include "crypto/key.h"

#include <string.h>

AIM__NO_PADDING(aim_checkpoint_options, 8 + 2 * sizeof(void *) + 2 * 4);

#define DEFAULT_EVERY_RECORDS 256u
#define DEFAULT_EVERY_MS 60000u

struct aim_checkpoint_signer {
	aim_audit *log; /* referenced */
	aim_ctx *ctx;   /* the log's */
	aim_key *key;   /* referenced */
	aim_checkpoint_options options;
	char origin[AIM__NOTE_MAX_NAME_BYTES];
	aim__note_key as;

	aim__mutex mutex; /* guards all below */
	aim__merkle_frontier signed_tree; /* the newest checkpoint's; count 0: none yet */
	int64_t due_us;
};

static aim_status make_key(const aim_ctx *ctx, const aim_key *key, aim_str origin, aim__note_key *out,
                           aim_error *err)
{
	if (aim_key_purpose(key) != AIM_KEY_LOG) {
		(void)AIM__MISUSE(ctx, "the key is not for signing checkpoints");
		return aim__fail(err, AIM_E_KEY_PURPOSE, AIM_LAYER_AUDIT,
		                 "checkpoints are signed by a key of purpose AIM_KEY_LOG");
	}
	return aim__note_key_make(ctx, origin, AIM__NOTE_ED25519, aim__key_public(key), out, err);
}

aim_status aim_checkpoint_sign(aim_audit *log, const aim_key *key, aim_str origin, aim_buf *out,
                               aim_error *err)
{
	aim__note_key as;
	aim_audit_head head = {.struct_size = sizeof head};
	aim__merkle_hash root;
	if (!log || !key || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log, key and out are required");
	aim_status rc = make_key(log->ctx, key, origin, &as, err);
	if (rc == AIM_OK)
		rc = aim_audit_current(log, &head, err);
	if (rc != AIM_OK)
		return rc;
	memcpy(root.bytes, head.root, sizeof root.bytes);
	return aim__checkpoint_write(key, &as, head.size, &root, out, err);
}

/* ---- opening ---- */

static aim_status take_options(const aim_checkpoint_options *wanted, aim_checkpoint_options *out,
                               aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__sized_in(out, sizeof *out, wanted, sizeof *out, "aim_checkpoint_options", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags & ~AIM_CHECKPOINT_NEW_KEY)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "aim_checkpoint_options.flags has a bit that this library does not know");
	if (!aim__note_is_name(out->origin))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "aim_checkpoint_options.origin must be 1 to %u bytes of UTF-8 without spaces "
		                 "and plus signs",
		                 AIM__NOTE_MAX_NAME_BYTES);
	if (out->every_records == 0)
		out->every_records = DEFAULT_EVERY_RECORDS;
	if (out->every_ms == 0)
		out->every_ms = DEFAULT_EVERY_MS;
	return AIM_OK;
}

static aim_status check_signature(aim_checkpoint_signer *s, const aim__checkpoint_kept *kept,
                                  aim_error *err)
{
	aim__note note;
	aim_error own;
	memset(&own, 0, sizeof own);
	aim_status rc = aim__note_read(aim_buf_str(&kept->text), &note, &own);
	if (rc == AIM_OK)
		rc = aim__note_verify(s->ctx, &note, &s->as, NULL, &own);
	if (rc == AIM_E_AUDIT_UNSIGNED && (s->options.flags & AIM_CHECKPOINT_NEW_KEY))
		return AIM_OK;
	if (rc != AIM_OK && err)
		*err = own;
	return rc;
}

/* Takes over what is kept in the store: this signer's work, or another process's. What this signer signed is never
 * followed by less: whoever removes kept checkpoints does not get another history signed. */
static aim_status catch_up(aim_checkpoint_signer *s, aim_error *err)
{
	aim__checkpoint_kept kept;
	aim__checkpoint_kept_init(&kept, s->ctx);
	aim_status rc = aim__checkpoint_load_newest(s->log, &kept, err);
	if (rc == AIM_OK)
		rc = check_signature(s, &kept, err);
	if (rc == AIM_OK && kept.tree.count < s->signed_tree.count)
		rc = aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		               "the newest kept checkpoint is of %llu records; one of %llu was signed",
		               (unsigned long long)kept.tree.count, (unsigned long long)s->signed_tree.count);
	if (rc == AIM_OK)
		s->signed_tree = kept.tree;
	aim__checkpoint_kept_dispose(&kept);
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

static int64_t later(int64_t now_us, uint32_t every_ms)
{
	int64_t wait_us = (int64_t)every_ms * 1000;
	return now_us > INT64_MAX - wait_us ? INT64_MAX : now_us + wait_us;
}

static void dispose(aim_checkpoint_signer *s)
{
	aim_audit *log = s->log;
	aim__mutex_dispose(&s->mutex);
	aim_key_unref(s->key);
	aim__free(s->ctx, s, sizeof *s);
	aim__audit_unref(log);
}

static aim_checkpoint_signer *make(aim_audit *log, aim_key *key, const aim_checkpoint_options *options)
{
	aim_checkpoint_signer *s = aim__alloc_zeroed(log->ctx, sizeof *s);
	if (!s)
		return NULL;
	if (aim__mutex_init(&s->mutex) != AIM_OK) {
		aim__free(log->ctx, s, sizeof *s);
		return NULL;
	}
	s->log = aim__audit_ref(log);
	s->ctx = log->ctx;
	s->key = aim_key_ref(key);
	s->options = *options;
	memcpy(s->origin, options->origin.ptr, options->origin.len);
	s->options.origin.ptr = s->origin;
	return s;
}

static aim_status fill(aim_checkpoint_signer *s, aim_error *err)
{
	int64_t now_us = 0;
	aim_status rc = make_key(s->ctx, s->key, s->options.origin, &s->as, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(s->ctx, &now_us)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc == AIM_OK)
		rc = catch_up(s, err);
	s->due_us = later(now_us, s->options.every_ms);
	return rc;
}

aim_status aim_checkpoint_open(aim_audit *log, aim_key *key, const aim_checkpoint_options *options,
                               aim_checkpoint_signer **out, aim_error *err)
{
	aim_checkpoint_options o;
	if (!log || !key || !options || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log, key, options and out are required");
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_checkpoint_signer *s = make(log, key, &o);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	rc = fill(s, err);
	if (rc != AIM_OK) {
		dispose(s);
		return rc;
	}
	*out = s;
	return AIM_OK;
}

/* ---- signing ---- */

static aim_status add_leaf(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	aim_checkpoint_signer *s = user;
	aim__merkle_hash leaf;
	(void)position;
	(void)salt;
	aim_status rc = aim__merkle_leaf(s->ctx, aim_bytes_from_str(record), &leaf);
	return rc == AIM_OK ? aim__merkle_append(s->ctx, &s->signed_tree, &leaf) : rc;
}

/* Moves the signed tree on by the log's own records and compares it with the head: so the head that is
 * signed continues what was signed. On failure the signed tree is as before. */
static aim_status check_growth(aim_checkpoint_signer *s, const aim__merkle_frontier *head, aim_error *err)
{
	aim__merkle_frontier before = s->signed_tree;
	aim_status rc = AIM_OK;
	if (head->count < before.count)
		return aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		                 "the log has %llu records; a checkpoint of %llu was signed",
		                 (unsigned long long)head->count, (unsigned long long)before.count);
	if (head->count > before.count)
		rc = aim_audit_read(s->log, before.count, head->count - before.count, add_leaf, s, err);
	if (rc == AIM_OK && s->signed_tree.count < head->count)
		rc = aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT,
		               "the log ends before record %llu; its head says %llu records",
		               (unsigned long long)s->signed_tree.count, (unsigned long long)head->count);
	if (rc == AIM_OK && !aim__merkle_frontier_equal(&s->signed_tree, head))
		rc = aim__fail(err, AIM_E_AUDIT_FORK, AIM_LAYER_AUDIT,
		               "the log's head does not continue the checkpoint of %llu records",
		               (unsigned long long)before.count);
	if (rc != AIM_OK)
		s->signed_tree = before;
	return rc;
}

static aim_status write_and_keep(aim_checkpoint_signer *s, aim_error *err)
{
	aim__checkpoint_kept kept;
	aim__merkle_hash root;
	aim__checkpoint_kept_init(&kept, s->ctx);
	kept.tree = s->signed_tree;
	aim_status rc = aim__merkle_frontier_root(s->ctx, &kept.tree, &root);
	if (rc == AIM_OK)
		rc = aim_ctx_now_us(s->ctx, &kept.time_us);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	else
		rc = aim__checkpoint_write(s->key, &s->as, kept.tree.count, &root, &kept.text, err);
	if (rc == AIM_OK)
		rc = aim__checkpoint_store(s->log, &kept, err);
	aim__checkpoint_kept_dispose(&kept);
	return rc;
}

/* Retention removed what follows this signer's last checkpoint: up to a newer one, which another signer
 * with this key signed. */
static aim_status pass_the_cut(aim_checkpoint_signer *s, aim__merkle_frontier *head,
                               aim__merkle_frontier *before, aim_error *err)
{
	aim_status rc = catch_up(s, err);
	*before = s->signed_tree;
	if (rc == AIM_OK)
		rc = aim__audit_tree(s->log, head, err);
	return rc == AIM_OK ? check_growth(s, head, err) : rc;
}

/* mutex is held. Another process that signed the same size first has done the work. */
static aim_status sign_tree(aim_checkpoint_signer *s, aim__merkle_frontier *head, aim_error *err)
{
	aim__merkle_frontier before = s->signed_tree;
	aim_error own;
	memset(&own, 0, sizeof own);
	aim_status rc = check_growth(s, head, &own);
	if (rc == AIM_E_AUDIT_TRIMMED)
		rc = pass_the_cut(s, head, &before, &own);
	if (rc == AIM_OK && head->count > before.count)
		rc = write_and_keep(s, &own);
	if (rc == AIM_E_CONFLICT)
		rc = catch_up(s, &own);
	if (rc != AIM_OK) {
		s->signed_tree = before;
		if (err)
			*err = own;
	}
	return rc;
}

aim_status aim_checkpoint_now(aim_checkpoint_signer *signer, aim_error *err)
{
	aim__merkle_frontier head;
	int64_t now_us = 0;
	if (!signer)
		return AIM__MISUSE(NULL, "signer is required");
	aim_status rc = aim_ctx_now_us(signer->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__mutex_lock(&signer->mutex);
	rc = aim__audit_tree(signer->log, &head, err);
	if (rc == AIM_OK)
		rc = sign_tree(signer, &head, err);
	if (rc == AIM_OK)
		signer->due_us = later(now_us, signer->options.every_ms);
	aim__mutex_unlock(&signer->mutex);
	return rc;
}

aim_status aim_checkpoint_poll(aim_checkpoint_signer *signer, int64_t now_us, aim_error *err)
{
	aim__merkle_frontier head;
	if (!signer)
		return AIM__MISUSE(NULL, "signer is required");
	aim__mutex_lock(&signer->mutex);
	aim_status rc = aim__audit_tree(signer->log, &head, err);
	int due = rc == AIM_OK && (now_us >= signer->due_us || head.count < signer->signed_tree.count ||
	                           head.count - signer->signed_tree.count >= signer->options.every_records);
	if (due)
		rc = sign_tree(signer, &head, err);
	if (due && rc == AIM_OK)
		signer->due_us = later(now_us, signer->options.every_ms);
	aim__mutex_unlock(&signer->mutex);
	return rc;
}

int64_t aim_checkpoint_next_deadline_ms(aim_checkpoint_signer *signer, int64_t now_us)
{
	if (!signer) {
		(void)AIM__MISUSE(NULL, "signer is required");
		return -1;
	}
	aim__mutex_lock(&signer->mutex);
	int64_t due = signer->due_us;
	aim__mutex_unlock(&signer->mutex);
	/* Rounded up: a host that waits so long finds the work due. */
	return due <= now_us ? 0 : (due - now_us + 999) / 1000;
}

aim_status aim_checkpoint_close(aim_checkpoint_signer *signer, aim_error *err)
{
	if (!signer)
		return AIM_OK;
	aim_status rc = aim_audit_flush(signer->log, err);
	if (rc == AIM_OK)
		rc = aim_checkpoint_now(signer, err);
	dispose(signer);
	return rc;
}
