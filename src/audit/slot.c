/* audit/slot.c — what callers write their rows into, outside the lock. Layer audit. */
#include "audit/log.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* A slot that grew beyond this gives its memory back: idle slots stay small. */
#define MAX_IDLE_BYTES 16384u
#define MAX_IDLE_ITEMS 64u

static void trim(aim_audit *log, aim__audit_slot *slot)
{
	if (slot->bytes.cap > MAX_IDLE_BYTES)
		aim__buf_dispose(&slot->bytes);
	if (slot->document.cap_nodes * sizeof *slot->document.nodes + slot->document.cap_text >
	    MAX_IDLE_BYTES) {
		aim__json_dispose(&slot->document);
		aim__json_init(&slot->document, log->ctx);
	}
	if (slot->cap_items > MAX_IDLE_ITEMS) {
		aim__free(log->ctx, slot->items, slot->cap_items * sizeof *slot->items);
		slot->items = NULL;
		slot->cap_items = 0;
	}
}

static aim__audit_slot *make(aim_audit *log)
{
	aim__audit_slot *slot = aim__alloc_zeroed(log->ctx, sizeof *slot);
	if (!slot)
		return NULL;
	if (aim__cond_init(&slot->request.wake) != AIM_OK) {
		aim__free(log->ctx, slot, sizeof *slot);
		return NULL;
	}
	aim__buf_init(&slot->bytes, log->ctx);
	aim__json_init(&slot->document, log->ctx);
	return slot;
}

void aim__audit_slot_free(aim_audit *log, aim__audit_slot *slot)
{
	aim__buf_dispose(&slot->bytes);
	aim__json_dispose(&slot->document);
	aim__free(log->ctx, slot->items, slot->cap_items * sizeof *slot->items);
	aim__cond_dispose(&slot->request.wake);
	aim__free(log->ctx, slot, sizeof *slot);
}

aim_status aim__audit_slot_take(aim_audit *log, aim__audit_slot **out, aim_error *err)
{
	aim__mutex_lock(&log->mutex);
	aim__audit_slot *slot = log->idle;
	if (slot) {
		log->idle = slot->next;
		log->n_idle--;
	}
	aim__mutex_unlock(&log->mutex);
	if (!slot)
		slot = make(log);
	if (!slot)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	*out = slot;
	return AIM_OK;
}

void aim__audit_slot_give(aim_audit *log, aim__audit_slot *slot)
{
	aim__audit_request *request = &slot->request;
	aim__buf_truncate(&slot->bytes, 0);
	trim(log, slot);
	request->rows.n = 0;
	request->ops = NULL;
	request->n_ops = 0;
	request->err = NULL;
	request->settled = request->done = 0;
	aim__mutex_lock(&log->mutex);
	int keep = log->n_idle < AIM__AUDIT_MAX_IDLE_SLOTS;
	if (keep) {
		slot->next = log->idle;
		log->idle = slot;
		log->n_idle++;
	}
	aim__mutex_unlock(&log->mutex);
	if (!keep)
		aim__audit_slot_free(log, slot);
}

/* A system call for each salt would cost more than the rest of the append. */
static aim_status draw_salt(aim_audit *log, uint8_t out[AIM__AUDIT_SALT_LEN])
{
	aim_status rc = AIM_OK;
	aim__mutex_lock(&log->mutex);
	if (log->n_salts == 0) {
		rc = aim__ctx_random(log->ctx, log->salts, sizeof log->salts);
		log->n_salts = rc == AIM_OK ? AIM__AUDIT_SALTS : 0;
	}
	if (rc == AIM_OK) {
		uint8_t *salt = log->salts + --log->n_salts * AIM__AUDIT_SALT_LEN;
		memcpy(out, salt, AIM__AUDIT_SALT_LEN);
		aim__wipe(salt, AIM__AUDIT_SALT_LEN);
	}
	aim__mutex_unlock(&log->mutex);
	return rc;
}

static aim_status write_row(aim_audit *log, aim__audit_slot *slot, const aim_audit_record *record,
                            uint32_t durability, aim__merkle_hash *out_leaf, aim_error *err)
{
	uint8_t salt[AIM__AUDIT_SALT_LEN] = {0};
	size_t start = slot->bytes.len;
	aim_status rc = record->arguments.len ? draw_salt(log, salt) : AIM_OK;
	if (rc == AIM_OK)
		rc = aim__audit_row_begin(&slot->bytes);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	rc = aim__audit_record_write(record, durability, salt, &slot->document, &slot->bytes, err);
	if (rc == AIM_OK) {
		rc = aim__audit_row_end(&slot->bytes, start, salt, out_leaf);
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	}
	aim__wipe(salt, sizeof salt);
	return rc;
}

aim_status aim__audit_slot_write(aim_audit *log, aim__audit_slot *slot, const aim_audit_record *record,
                                 uint32_t durability, aim_error *err)
{
	aim_audit_record taken;
	void *items = slot->items;
	size_t n = slot->request.rows.n;
	aim_status rc = aim__audit_record_take(log->ctx, record, &taken, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__grow(log->ctx, &items, &slot->cap_items, n + 1, sizeof *slot->items, 1, 0);
	slot->items = items;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__audit_item *item = &slot->items[n];
	item->offset = slot->bytes.len;
	rc = write_row(log, slot, &taken, durability, &item->leaf, err);
	if (rc != AIM_OK)
		return rc;
	item->len = slot->bytes.len - item->offset;
	slot->request.rows.bytes = slot->bytes.ptr;
	slot->request.rows.items = slot->items;
	slot->request.rows.n = n + 1;
	return AIM_OK;
}
