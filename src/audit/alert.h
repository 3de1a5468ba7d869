/* audit/alert.h — alerts as they are stored, and raising one inside a change of the layers above.
 *
 *     "alert/<id>"               the record; kind "alerts"
 *     "alert-key/<key>"          {"alert":"<id>"}: the one of this key that is not resolved
 *     "alert-live/<id>"          {}: not resolved
 *     "alert-of/<subject>/<id>"  {}: all of a subject
 *     "alert-count/<subject>/<severity>"  how many of a subject are not resolved
 *
 * Counts are counters of the store: alerts of one subject with different keys can be raised at once, also in one
 * change. */
#ifndef AIM_AUDIT_ALERT_H
#define AIM_AUDIT_ALERT_H

#include "audit/commit.h"
#include "base/arena.h"
#include "base/buf.h"

#include <aim/alert.h>

#define AIM__ALERT_PREFIX "alert/"
#define AIM__ALERT_BY_KEY "alert-key/"
#define AIM__ALERT_LIVE "alert-live/"
#define AIM__ALERT_OF "alert-of/"
#define AIM__ALERT_COUNT "alert-count/"

struct aim_alert {
	aim__arena arena; /* owns the texts */
	uint64_t version; /* in the store; 0: new */
	aim_str id, subject, kind, key, title, message;
	aim_bytes details;
	uint32_t severity, state;
	uint64_t occurrences;
	int64_t raised_us, last_seen_us, acknowledged_us, resolved_us;
	aim_str raised_by, acknowledged_by, acknowledged_why, resolved_by, resolved_why;
};

struct aim_alerts {
	aim_ctx *ctx;   /* the log's */
	aim_audit *log; /* referenced */
	aim_store *store;
	aim_alerts_options options;
};

/* One change of one alert: operations and record to commit, alone or with others of the caller's. Everything is
 * borrowed from it until it is disposed of. Confined. */
#define AIM__ALERT_OPS 6u
typedef struct aim__alert_change {
	aim_alerts *alerts;
	aim_alert *alert; /* as it is after the commit; owned */
	aim__arena arena;
	aim_buf key, value;
	int64_t now_us;
	aim_store_op ops[AIM__ALERT_OPS];
	size_t n_ops;
	aim_audit_record record;
} aim__alert_change;

void aim__alert_change_init(aim__alert_change *c, aim_alerts *alerts);
void aim__alert_change_dispose(aim__alert_change *c);
/* Reads what the store holds and prepares the change. When the commit ends in AIM_E_CONFLICT, dispose, init and
 * prepare again. One commit takes any number of changes with different keys. Errors of aim_alert_raise(). */
aim_status aim__alert_prepare(aim__alert_change *c, const aim_alert_spec *spec, aim_error *err);
/* The same for a move; step was checked. Nothing to commit (n_ops is 0) when the alert has that state or cannot get
 * to it any more. AIM_E_NOT_FOUND leaves err untouched. */
aim_status aim__alert_prepare_step(aim__alert_change *c, aim_str id, const aim_alert_step *step, aim_error *err);
/* After the commit, outside locks: tells the host of a new alert. */
void aim__alert_committed(const aim__alert_change *c);

/* ---- alert_record.c ---- */

aim_status aim__alert_new(const aim_ctx *ctx, aim_alert **out, aim_error *err);
/* AIM_E_NOT_FOUND leaves err untouched. id in its own form. */
aim_status aim__alert_load(aim_alerts *alerts, aim_str id, aim_alert **out, aim_error *err);
aim_status aim__alert_read(aim_alerts *alerts, aim_bytes key, aim_bytes value, uint64_t version, aim_alert **out,
                           aim_error *err);
aim_status aim__alert_write(const aim_alert *alert, aim_buf *out, aim_error *err);
/* The id in the value of AIM__ALERT_BY_KEY. */
aim_status aim__alert_place_read(aim_alerts *alerts, aim_bytes key, aim_bytes value, aim__arena *arena, aim_str *out,
                                 aim_error *err);

/* ---- alert_check.c: what is asked for, before anything is read ---- */

aim_status aim__alert_check_spec(const aim_ctx *ctx, const aim_alert_spec *spec, aim_alert_spec *out, aim_error *err);
aim_status aim__alert_check_step(const aim_ctx *ctx, const aim_alert_step *step, aim_alert_step *out, aim_error *err);

#endif
