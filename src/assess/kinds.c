/* assess/kinds.c — what a person sees of baselines with a database shell. */
#include "assess/kinds.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

static const aim__store_column baseline_columns[] = {
	{"server", "$.server"},
	{"kind", "$.kind"},
	{"name", "$.name"},
	{"state", "$.state"},
	{"version", "$.version"},
	{"fingerprint", "$.fingerprint"},
	{"candidate_fingerprint", "$.candidate_fingerprint"},
	{"gone", "$.gone"},
	{"description_hash", "$.description_hash"},
	{"schema_hash", "$.schema_hash"},
	{"first_seen_at", "$.first_seen_at"},
	{"last_seen_at", "$.last_seen_at"},
	{"candidate", "$.candidate"},
	{"definition", "$.definition"},
};

static const aim__store_column list_columns[] = {
	{"server", "$.server"},
	{"kind", "$.kind"},
	{"entries", "$.entries"},
	{"pending", "$.pending"},
	{"drifted", "$.drifted"},
	{"first_seen_at", "$.first_seen_at"},
	{"changed_at", "$.changed_at"},
};

static const aim__record_kind baselines = {"baselines", "baseline/", 1, COUNT(baseline_columns),
                                           baseline_columns, NULL};
static const aim__record_kind lists = {"baseline_lists", "baseline-list/", 1, COUNT(list_columns),
                                       list_columns, NULL};

const aim__record_kind *const aim__assess_kinds[AIM__ASSESS_N_KINDS] = {&baselines, &lists};
