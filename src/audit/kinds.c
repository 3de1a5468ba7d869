/* audit/kinds.c — the heads of logs, their checkpoints and cuts, and alerts as kinds of records, so that a person sees
 * them in SQL. */
#include "audit/kinds.h"

#include "audit/alert.h"

static const aim__store_column head_columns[] = {{"size", "$.size"}};
static const aim__record_kind kind_of_logs = {"logs", "log/", 1, 1, head_columns, NULL};

static const aim__store_column checkpoint_columns[] = {
	{"size", "$.head.size"},
	{"time_us", "$.time_us"},
	{"checkpoint", "$.checkpoint"},
};
static const aim__record_kind kind_of_checkpoints = {"checkpoints", "checkpoint/", 1, 3,
                                                     checkpoint_columns, NULL};

static const aim__store_column retention_columns[] = {{"first_kept", "$.cut.size"}};
static const aim__record_kind kind_of_retention = {"retention", "retention/", 1, 1, retention_columns, NULL};

static const aim__store_column alert_columns[] = {
	{"id", "$.id"},
	{"subject", "$.subject"},
	{"kind", "$.kind"},
	{"severity", "$.severity"},
	{"state", "$.state"},
	{"key", "$.key"},
	{"title", "$.title"},
	{"message", "$.message"},
	{"occurrences", "$.occurrences"},
	{"raised_at", "$.raised_at"},
	{"raised_by", "$.raised_by"},
	{"last_seen_at", "$.last_seen_at"},
	{"acknowledged_at", "$.acknowledged_at"},
	{"acknowledged_by", "$.acknowledged_by"},
	{"acknowledged_why", "$.acknowledged_why"},
	{"resolved_at", "$.resolved_at"},
	{"resolved_by", "$.resolved_by"},
	{"resolved_why", "$.resolved_why"},
};
static const aim__record_kind kind_of_alerts = {"alerts", AIM__ALERT_PREFIX, 1, sizeof alert_columns / sizeof *alert_columns,
                                                alert_columns, NULL};

const aim__record_kind *const aim__audit_kinds[AIM__AUDIT_N_KINDS] = {&kind_of_logs,
                                                                      &kind_of_checkpoints, &kind_of_retention, &kind_of_alerts};
