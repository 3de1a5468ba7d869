/* audit/alert_record.c — alerts as stored values, and what callers read of them. Layer audit. */
#include "audit/alert.h"

#include "audit/log.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/json.h"
#include "store/fields.h"
#include "store/id.h"
#include "store/walk.h"

#include <string.h>

static const char *const severities[] = {NULL, "info", "low", "medium", "high", "critical", NULL};
static const char *const states[] = {NULL, "open", "acknowledged", "resolved", NULL};

#define AT(field) offsetof(struct aim_alert, field)
static const aim__field fields[] = {
	{"id", AT(id), AIM__FIELD_TEXT, 1, NULL},
	{"subject", AT(subject), AIM__FIELD_TEXT, 1, NULL},
	{"kind", AT(kind), AIM__FIELD_TEXT, 1, NULL},
	{"severity", AT(severity), AIM__FIELD_NAME, 1, severities},
	{"state", AT(state), AIM__FIELD_NAME, 1, states},
	{"key", AT(key), AIM__FIELD_TEXT, 1, NULL},
	{"title", AT(title), AIM__FIELD_TEXT, 1, NULL},
	{"message", AT(message), AIM__FIELD_TEXT, 0, NULL},
	{"details", AT(details), AIM__FIELD_JSON, 0, NULL},
	{"occurrences", AT(occurrences), AIM__FIELD_UINT, 1, NULL},
	{"raised_at", AT(raised_us), AIM__FIELD_TIME_US, 1, NULL},
	{"raised_by", AT(raised_by), AIM__FIELD_TEXT, 0, NULL},
	{"last_seen_at", AT(last_seen_us), AIM__FIELD_TIME_US, 1, NULL},
	{"acknowledged_at", AT(acknowledged_us), AIM__FIELD_TIME_US, 0, NULL},
	{"acknowledged_by", AT(acknowledged_by), AIM__FIELD_TEXT, 0, NULL},
	{"acknowledged_why", AT(acknowledged_why), AIM__FIELD_TEXT, 0, NULL},
	{"resolved_at", AT(resolved_us), AIM__FIELD_TIME_US, 0, NULL},
	{"resolved_by", AT(resolved_by), AIM__FIELD_TEXT, 0, NULL},
	{"resolved_why", AT(resolved_why), AIM__FIELD_TEXT, 0, NULL},
};
#undef AT
static const aim__fields table = {fields, sizeof fields / sizeof *fields};

typedef struct place {
	aim_str alert;
} place;
static const aim__field place_fields[] = {{"alert", offsetof(place, alert), AIM__FIELD_TEXT, 1, NULL}};
static const aim__fields place_table = {place_fields, 1};

aim_status aim__alert_new(const aim_ctx *ctx, aim_alert **out, aim_error *err)
{
	aim_alert *alert = aim__alloc_zeroed(ctx, sizeof *alert);
	if (!alert)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	aim__arena_init(&alert->arena, aim__ctx_ref(aim__ctx_mutable(ctx)), 1024, 0);
	*out = alert;
	return AIM_OK;
}

void aim_alert_free(aim_alert *alert)
{
	if (!alert)
		return;
	aim_ctx *ctx = aim__ctx_mutable(alert->arena.ctx);
	aim__arena_dispose(&alert->arena);
	aim__free(ctx, alert, sizeof *alert);
	aim__ctx_unref(ctx);
}

static aim_status corrupt(aim_bytes key, const char *member, aim_error *err)
{
	aim_str name = {(const char *)key.ptr, key.len};
	return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_AUDIT,
	                 "the stored value of %.*s is damaged: %s is missing or wrong", AIM__STR(name), member);
}

static aim_status read_table(const aim_alerts *alerts, aim_bytes key, aim_bytes value, const aim__fields *of,
                             aim__arena *arena, void *out, aim_error *err)
{
	aim_json doc;
	const char *bad = "the object";
	aim__json_init(&doc, alerts->ctx);
	aim_status rc = aim_json_parse(&doc, value, AIM_JSON_BORROW, NULL);
	if (rc == AIM_OK)
		rc = aim__fields_read(alerts->ctx, of, &doc, AIM_JSON_ROOT, arena, out, &bad);
	aim__json_dispose(&doc);
	if (rc == AIM_OK)
		return AIM_OK;
	return rc == AIM_E_NOMEM ? aim__fail_plain(err, rc, AIM_LAYER_AUDIT) : corrupt(key, bad, err);
}

aim_status aim__alert_read(aim_alerts *alerts, aim_bytes key, aim_bytes value, uint64_t version, aim_alert **out,
                           aim_error *err)
{
	aim_alert *alert = NULL;
	aim_status rc = aim__alert_new(alerts->ctx, &alert, err);
	if (rc == AIM_OK)
		rc = read_table(alerts, key, value, &table, &alert->arena, alert, err);
	if (rc == AIM_OK && alert->id.len != AIM__ID_LEN)
		rc = corrupt(key, "id", err);
	if (rc != AIM_OK) {
		aim_alert_free(alert);
		return rc;
	}
	alert->version = version;
	*out = alert;
	return AIM_OK;
}

aim_status aim__alert_load(aim_alerts *alerts, aim_str id, aim_alert **out, aim_error *err)
{
	aim_buf key, value;
	uint64_t version = 0;
	aim__buf_init(&key, alerts->ctx);
	aim__buf_init(&value, alerts->ctx);
	aim_status rc = aim__store_key(&key, AIM__ALERT_PREFIX, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__store_get(alerts->store, aim_buf_bytes(&key), &value, &version, err);
	if (rc == AIM_OK)
		rc = aim__alert_read(alerts, aim_buf_bytes(&key), aim_buf_bytes(&value), version, out, err);
	aim__buf_dispose(&value);
	aim__buf_dispose(&key);
	return rc;
}

aim_status aim__alert_write(const aim_alert *alert, aim_buf *out, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__fields_write(&w, &table, alert);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}

aim_status aim__alert_place_read(aim_alerts *alerts, aim_bytes key, aim_bytes value, aim__arena *arena, aim_str *out,
                                 aim_error *err)
{
	place p = {{NULL, 0}};
	aim_status rc = read_table(alerts, key, value, &place_table, arena, &p, err);
	if (rc == AIM_OK)
		*out = p.alert;
	return rc;
}

/* ---- reading a handle ---- */

aim_str aim_alert_text(const aim_alert *alert, uint32_t which)
{
	aim_str none = {NULL, 0};
	if (!alert)
		return none;
	switch (which) {
	case AIM_ALERT_TEXT_ID: return alert->id;
	case AIM_ALERT_TEXT_SUBJECT: return alert->subject;
	case AIM_ALERT_TEXT_KIND: return alert->kind;
	case AIM_ALERT_TEXT_KEY: return alert->key;
	case AIM_ALERT_TEXT_TITLE: return alert->title;
	case AIM_ALERT_TEXT_MESSAGE: return alert->message;
	case AIM_ALERT_TEXT_DETAILS: return (aim_str){(const char *)alert->details.ptr, alert->details.len};
	case AIM_ALERT_TEXT_RAISED_BY: return alert->raised_by;
	case AIM_ALERT_TEXT_ACKNOWLEDGED_BY: return alert->acknowledged_by;
	case AIM_ALERT_TEXT_ACKNOWLEDGED_WHY: return alert->acknowledged_why;
	case AIM_ALERT_TEXT_RESOLVED_BY: return alert->resolved_by;
	case AIM_ALERT_TEXT_RESOLVED_WHY: return alert->resolved_why;
	default: return none;
	}
}

uint32_t aim_alert_severity(const aim_alert *alert)
{
	return alert ? alert->severity : 0;
}

uint32_t aim_alert_state(const aim_alert *alert)
{
	return alert ? alert->state : 0;
}

uint64_t aim_alert_occurrences(const aim_alert *alert)
{
	return alert ? alert->occurrences : 0;
}

int64_t aim_alert_raised_us(const aim_alert *alert)
{
	return alert ? alert->raised_us : 0;
}

int64_t aim_alert_last_seen_us(const aim_alert *alert)
{
	return alert ? alert->last_seen_us : 0;
}

int64_t aim_alert_acknowledged_us(const aim_alert *alert)
{
	return alert ? alert->acknowledged_us : 0;
}

int64_t aim_alert_resolved_us(const aim_alert *alert)
{
	return alert ? alert->resolved_us : 0;
}

const char *aim_alert_severity_name(uint32_t severity)
{
	return severity >= AIM_ALERT_INFO && severity <= AIM_ALERT_CRITICAL ? severities[severity] : "unknown";
}

const char *aim_alert_state_name(uint32_t state)
{
	return state >= AIM_ALERT_OPEN && state <= AIM_ALERT_RESOLVED ? states[state] : "unknown";
}
