/* audit/kinds.c — the heads of logs as a kind of record, so that a person sees them in SQL. */
#include "audit/kinds.h"

static const aim__store_column head_columns[] = {{"size", "$.size"}};
static const aim__record_kind kind_of_logs = {"logs", "log/", 1, 1, head_columns, NULL};
const aim__record_kind *const aim__audit_kinds[AIM__AUDIT_N_KINDS] = {&kind_of_logs};
