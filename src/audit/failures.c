/* audit/failures.c — failures before authentication, counted by reason and minute in memory that does not grow.
 * Layer audit. */
#include "audit/log.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"

#include <string.h>

#define MAX_REASON_BYTES 64u
#define MAX_FAILURES 64u
#define MINUTE_US INT64_C(60000000)
#define MAX_TIME_US INT64_C(9007199254740991)
#define OTHER "other"

/* One reason in one minute. The last entry of a full table takes what has no room, of any reason. */
typedef struct failure {
	char reason[MAX_REASON_BYTES];
	size_t reason_len;
	int64_t minute; /* since 1970 */
	uint64_t count;
	int64_t first_us, last_us;
} failure;

struct aim__audit_failures {
	failure entries[MAX_FAILURES + 1];
	size_t n;
};

static int is_reason(aim_str reason)
{
	static const char others[] = "_.:-";
	if (!reason.ptr || reason.len == 0 || reason.len > MAX_REASON_BYTES)
		return 0;
	for (size_t i = 0; i < reason.len; i++) {
		char c = reason.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) &&
		    !memchr(others, c, sizeof others - 1))
			return 0;
	}
	return 1;
}

static aim_str reason_of(const failure *f)
{
	return (aim_str){f->reason, f->reason_len};
}

static failure *find(struct aim__audit_failures *all, aim_str reason, int64_t minute)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->entries[i].minute == minute && aim_str_equal(reason_of(&all->entries[i]), reason))
			return &all->entries[i];
	return NULL;
}

static void add(struct aim__audit_failures *all, const failure *more)
{
	failure *f = find(all, reason_of(more), more->minute);
	if (!f && all->n < MAX_FAILURES) {
		all->entries[all->n++] = *more;
		return;
	}
	if (!f) {
		f = &all->entries[MAX_FAILURES];
		if (all->n == MAX_FAILURES) {
			all->n++;
			*f = *more;
			memcpy(f->reason, OTHER, sizeof OTHER - 1);
			f->reason_len = sizeof OTHER - 1;
			return;
		}
	}
	f->count += more->count;
	f->first_us = more->first_us < f->first_us ? more->first_us : f->first_us;
	f->last_us = more->last_us > f->last_us ? more->last_us : f->last_us;
}

static int64_t end_of(const failure *f)
{
	return (f->minute + 1) * MINUTE_US;
}

static void set_due(aim_audit *log)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; i < log->failures->n; i++)
		if (end_of(&log->failures->entries[i]) < due)
			due = end_of(&log->failures->entries[i]);
	atomic_store_explicit(&log->failures_us, due, memory_order_relaxed);
}

static aim_status count(aim_audit *log, const failure *f)
{
	if (!log->failures)
		log->failures = aim__alloc_zeroed(log->ctx, sizeof *log->failures);
	if (!log->failures)
		return AIM_E_NOMEM;
	add(log->failures, f);
	set_due(log);
	return AIM_OK;
}

aim_status aim_audit_count_failure(aim_audit *log, aim_str reason_code, int64_t now_us, aim_error *err)
{
	failure f = {.reason_len = reason_code.len, .count = 1, .first_us = now_us, .last_us = now_us};
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	if (!is_reason(reason_code))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "reason_code must be 1 to 64 of letters, digits and _ . : -");
	if (now_us < 0 || now_us > MAX_TIME_US)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "now_us must lie between 1970 and 2255");
	memcpy(f.reason, reason_code.ptr, reason_code.len);
	f.minute = now_us / MINUTE_US;
	aim__mutex_lock(&log->mutex);
	aim_status rc = count(log, &f);
	aim__mutex_unlock(&log->mutex);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}

/* Takes the first entry whose minute is over out of the table. */
static int take(aim_audit *log, int64_t now_us, failure *out)
{
	int found = 0;
	aim__mutex_lock(&log->mutex);
	struct aim__audit_failures *all = log->failures;
	for (size_t i = 0; all && !found && i < all->n; i++) {
		if (end_of(&all->entries[i]) > now_us)
			continue;
		*out = all->entries[i];
		memmove(&all->entries[i], &all->entries[i + 1], (all->n - i - 1) * sizeof *all->entries);
		all->n--;
		found = 1;
	}
	if (found)
		set_due(log);
	aim__mutex_unlock(&log->mutex);
	return found;
}

static void put_back(aim_audit *log, const failure *f)
{
	aim__mutex_lock(&log->mutex);
	add(log->failures, f);
	set_due(log);
	aim__mutex_unlock(&log->mutex);
}

static aim_status write(aim_audit *log, const failure *f, aim_error *err)
{
	char data[192];
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from("failures");
	r.reason_code = reason_of(f);
	r.data = (aim_str){data, aim__format(data, sizeof data,
	                                     "{\"count\":%llu,\"first_us\":%lld,\"last_us\":%lld,\"minute_us\":%lld}",
	                                     (unsigned long long)f->count, (long long)f->first_us,
	                                     (long long)f->last_us, (long long)(f->minute * MINUTE_US))};
	return aim_audit_append(log, &r, NULL, err);
}

aim_status aim__audit_failures_write(aim_audit *log, int64_t now_us, aim_error *err)
{
	failure f;
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && take(log, now_us, &f)) {
		rc = write(log, &f, err);
		if (rc != AIM_OK)
			put_back(log, &f);
	}
	return rc;
}

void aim__audit_failures_dispose(aim_audit *log)
{
	aim__free(log->ctx, log->failures, sizeof *log->failures);
}
