/* audit/alert.c — the handle; finding, listing and counting alerts. Layer audit. */
#include "audit/alert.h"

#include "audit/log.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "store/id.h"
#include "store/text.h"
#include "store/walk.h"

#include <string.h>

#define ID_PREFIX "alr_"
#define N_SEVERITIES 5u
#define MAX_DIGITS 19u

/* user belongs to the call from the first moment, also when the rest of options is refused. */
static void discard(const aim_alerts_options *options)
{
	if (options && options->struct_size >= offsetof(aim_alerts_options, keep_resolved_days) && options->destroy)
		options->destroy(options->user);
}

static aim_status open_alerts(aim_audit *log, const aim_alerts_options *options, aim_alerts **out, aim_error *err)
{
	aim_ctx *ctx = aim__audit_ctx(log);
	aim_alerts_options o = {.struct_size = sizeof o};
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_alerts_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o.flags != 0 || o.reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_alerts_options: flags and reserved must be 0");
	aim_alerts *alerts = aim__alloc_zeroed(ctx, sizeof *alerts);
	if (!alerts)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	alerts->options = o;
	alerts->ctx = aim__ctx_ref(ctx);
	alerts->log = aim__audit_ref(log);
	alerts->store = aim__audit_store(log);
	*out = alerts;
	return AIM_OK;
}

aim_status aim_alerts_open(aim_audit *log, const aim_alerts_options *options, aim_alerts **out, aim_error *err)
{
	aim_status rc = log && out ? open_alerts(log, options, out, err)
	                           : AIM__MISUSE(log ? aim__audit_ctx(log) : NULL, "log and out are required");
	if (rc != AIM_OK)
		discard(options);
	return rc;
}

void aim_alerts_free(aim_alerts *alerts)
{
	if (!alerts)
		return;
	aim_ctx *ctx = alerts->ctx;
	discard(&alerts->options);
	aim__audit_unref(alerts->log);
	aim__free(ctx, alerts, sizeof *alerts);
	aim__ctx_unref(ctx);
}

aim_status aim_alert_find(aim_alerts *alerts, aim_str id, aim_alert **out, aim_error *err)
{
	char own[AIM__ID_SIZE];
	if (!alerts || !out)
		return AIM__MISUSE(alerts ? alerts->ctx : NULL, "alerts and out are required");
	aim_status rc = aim__id_parse(ID_PREFIX, id, own, err);
	if (rc == AIM_OK)
		rc = aim__alert_load(alerts, (aim_str){own, AIM__ID_LEN}, out, err);
	return rc == AIM_E_NOT_FOUND
	               ? aim__fail(err, rc, AIM_LAYER_AUDIT, "there is no alert %.*s", (int)AIM__ID_LEN, own)
	               : rc;
}

/* ---- listing ---- */

typedef struct listing {
	aim_alerts *alerts;
	aim_alert_filter filter;
	aim_alert_visit visit;
	void *user;
	uint64_t n;
	int full;
} listing;

static int is_wanted(const aim_alert_filter *f, const aim_alert *a)
{
	return (f->state == 0 || a->state == f->state) && a->severity >= f->min_severity &&
	       (!f->unresolved || a->state != AIM_ALERT_RESOLVED) &&
	       (f->subject.len == 0 || aim_str_equal(a->subject, f->subject));
}

/* The alert that a row of some index is about; its id ends the key. */
static aim_status load_row(listing *l, aim_bytes key, aim_alert **out, aim_error *err)
{
	if (key.len < AIM__ID_LEN)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_AUDIT, "a key of an alert has no id");
	aim_str id = {(const char *)key.ptr + key.len - AIM__ID_LEN, AIM__ID_LEN};
	return aim__alert_load(l->alerts, id, out, err);
}

static aim_status show_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	listing *l = user;
	aim_alert *alert = NULL;
	(void)value, (void)version;
	aim_status rc = load_row(l, key, &alert, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK; /* forgotten meanwhile */
	if (rc == AIM_OK && is_wanted(&l->filter, alert)) {
		rc = l->visit(l->user, alert);
		l->n++;
	}
	aim_alert_free(alert);
	l->full = l->n == l->filter.limit && l->n > 0;
	return rc == AIM_OK && l->full ? AIM_E_SPACE : rc; /* ends the walk */
}

static aim_status walk(listing *l, const char *after_id, aim_error *err)
{
	const aim_str subject[2] = {l->filter.subject, {NULL, 0}};
	int by_subject = l->filter.subject.len > 0;
	const char *prefix = by_subject ? AIM__ALERT_OF : l->filter.unresolved ? AIM__ALERT_LIVE : AIM__ALERT_PREFIX;
	aim_buf key, after;
	aim__buf_init(&key, l->alerts->ctx);
	aim__buf_init(&after, l->alerts->ctx);
	aim_status rc = aim__store_key(&key, prefix, subject, by_subject ? 2 : 0, err);
	if (rc == AIM_OK && *after_id) {
		rc = aim__buf_add_str(&after, aim_buf_str(&key));
		if (rc == AIM_OK)
			rc = aim__buf_add_text(&after, after_id);
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	}
	if (rc == AIM_OK)
		rc = aim__store_walk(l->alerts->store, aim_buf_bytes(&key), aim_buf_bytes(&after), show_row, l, err);
	aim__buf_dispose(&after);
	aim__buf_dispose(&key);
	return rc == AIM_E_SPACE && l->full ? AIM_OK : rc;
}

static aim_status take_filter(const aim_alerts *alerts, const aim_alert_filter *filter, aim_alert_filter *out,
                              aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, filter, sizeof *out, "aim_alert_filter", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_alert_filter: flags and reserved must be 0");
	if (out->state > AIM_ALERT_RESOLVED || out->min_severity > AIM_ALERT_CRITICAL || out->unresolved > 1)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "aim_alert_filter: state is 0 to 3, min_severity 0 to 5, unresolved 0 or 1");
	if (out->state == AIM_ALERT_OPEN || out->state == AIM_ALERT_ACKNOWLEDGED)
		out->unresolved = 1;
	rc = aim__check_name(alerts->ctx, "alert subject", out->subject, 0, err);
	return rc == AIM_E_ID_NAME ? AIM_E_INVALID : rc;
}

aim_status aim_alert_list(aim_alerts *alerts, const aim_alert_filter *filter, aim_alert_visit visit, void *user,
                          aim_error *err)
{
	listing l = {.alerts = alerts, .visit = visit, .user = user};
	char after[AIM__ID_SIZE] = "";
	if (!alerts || !visit)
		return AIM__MISUSE(alerts ? alerts->ctx : NULL, "alerts and visit are required");
	aim_status rc = take_filter(alerts, filter, &l.filter, err);
	if (rc == AIM_OK && l.filter.after.len)
		rc = aim__id_parse(ID_PREFIX, l.filter.after, after, err);
	return rc == AIM_OK ? walk(&l, after, err) : rc;
}

/* ---- counting ---- */

typedef struct counting {
	size_t prefix_len;
	aim_alert_counts counts;
} counting;

static uint32_t severity_of(aim_str name)
{
	for (uint32_t i = AIM_ALERT_INFO; i <= AIM_ALERT_CRITICAL; i++)
		if (aim_str_equal(name, aim_str_from(aim_alert_severity_name(i))))
			return i;
	return 0;
}

/* Decimal digits without a sign. */
static int read_number(aim_bytes text, uint64_t *out)
{
	uint64_t n = 0;
	if (text.len == 0 || text.len > MAX_DIGITS)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	*out = n;
	return 1;
}

static aim_status add_count(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	counting *c = user;
	aim_str name = {(const char *)key.ptr + c->prefix_len, key.len - c->prefix_len};
	uint32_t severity = severity_of(name);
	uint64_t n = 0;
	(void)version, (void)position;
	if (severity == 0 || !read_number(value, &n))
		return AIM_E_STORE_CORRUPT;
	c->counts.unresolved[severity] = n;
	c->counts.unresolved[0] += n;
	if (n > 0 && severity > c->counts.worst)
		c->counts.worst = severity;
	return AIM_OK;
}

aim_status aim_alert_count(aim_alerts *alerts, aim_str subject, aim_alert_counts *out, aim_error *err)
{
	counting c = {.counts = {.struct_size = sizeof c.counts}};
	const aim_str parts[2] = {subject, {NULL, 0}};
	aim_buf key;
	if (!alerts || !out || !subject.ptr || subject.len == 0)
		return AIM__MISUSE(alerts ? alerts->ctx : NULL, "alerts, subject and out are required");
	if (out->struct_size < sizeof *out)
		return AIM__MISUSE(alerts->ctx, "out.struct_size is too small");
	aim__buf_init(&key, alerts->ctx);
	aim_status rc = aim__store_key(&key, AIM__ALERT_COUNT, parts, 2, err);
	c.prefix_len = key.len;
	if (rc == AIM_OK)
		rc = aim__store_scan(alerts->store, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), N_SEVERITIES, add_count, &c,
		                     err);
	aim__buf_dispose(&key);
	if (rc == AIM_E_STORE_CORRUPT)
		return aim__fail(err, rc, AIM_LAYER_AUDIT, "a count of alerts in the store is damaged");
	return rc == AIM_OK ? aim__sized_out(out, &c.counts, sizeof c.counts, sizeof c.counts) : rc;
}
