/* audit/gap.c — what AIM_AUDIT_DEGRADE lets pass: counted, and recorded first thing when the store can be written
 * again. Layer audit. */
#include "audit/log.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"

/* The store cannot be written for now. What is wrong with the record, or with the log, is not among them. */
static const aim_status reasons[] = {AIM_E_IO, AIM_E_STORE_FULL, AIM_E_STORE_LOCKED, AIM_E_STORE_READONLY};

int aim__audit_gap_covers(const aim_audit *log, aim_status status)
{
	if (!(log->options.flags & AIM_AUDIT_DEGRADE))
		return 0;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i] == status)
			return 1;
	return 0;
}

void aim__audit_gap_add(aim_audit *log, uint64_t n_records, aim_status reason)
{
	aim__audit_gap *gap = &log->gap;
	int64_t now_us = gap->last_us;
	(void)aim_ctx_now_us(log->ctx, &now_us);
	if (gap->count == 0) {
		gap->first_us = now_us;
		aim__ctx_log(log->ctx, AIM_LOG_ERROR, "audit records are let pass unwritten: %s",
		             aim_status_text(reason));
	}
	gap->count += n_records;
	gap->last_us = now_us;
	gap->reason = reason;
	gap->retry_us = now_us + (int64_t)log->options.window_ms * 1000;
	aim__audit_set_deadline(log);
}

aim_status aim__audit_gap_write(aim_audit *log, aim_error *err)
{
	const aim__audit_gap *gap = &log->group.gap;
	aim__audit_slot *slot = log->gap_slot;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	char data[128];
	r.kind = aim_str_from("audit_gap");
	r.reason_code = aim_str_from(aim_status_name(gap->reason));
	r.reason = aim_str_from(aim_status_text(gap->reason));
	r.data = (aim_str){data, aim__format(data, sizeof data, "{\"count\":%llu,\"first_us\":%lld,\"last_us\":%lld}",
	                                     (unsigned long long)gap->count, (long long)gap->first_us,
	                                     (long long)gap->last_us)};
	aim__buf_truncate(&slot->bytes, 0);
	slot->request.rows.n = 0;
	aim_status rc = aim__audit_slot_write(log, slot, &r, AIM_AUDIT_DURABLE, err);
	log->group.gap_rows = slot->request.rows;
	return rc;
}

void aim__audit_gap_end(aim_audit *log)
{
	const aim__audit_gap *written = &log->group.gap;
	aim__audit_gap *gap = &log->gap;
	if (written->count == 0)
		return;
	if (log->group.gap_settled) {
		gap->count -= written->count;
		gap->first_us = written->last_us; /* of those that came meanwhile, at the earliest */
	} else if (aim_ctx_now_us(log->ctx, &gap->retry_us) == AIM_OK) {
		gap->retry_us += (int64_t)log->options.window_ms * 1000;
	}
	aim__audit_set_deadline(log);
}

uint64_t aim_audit_unwritten(aim_audit *log)
{
	if (!log) {
		(void)AIM__MISUSE(NULL, "log is required");
		return 0;
	}
	aim__mutex_lock(&log->mutex);
	uint64_t count = log->gap.count;
	aim__mutex_unlock(&log->mutex);
	return count;
}
