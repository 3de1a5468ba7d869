/* assess/kinds.c — what a person sees of baselines, trust and attestations with a database shell. */
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

static const aim__store_column trust_columns[] = {
	{"subject", "$.subject"},
	{"score_micro", "$.score_micro"},
	{"changes", "$.changes"},
	{"changed_at", "$.changed_at"},
	{"evidence", "$.evidence"},
};

static const aim__store_column trust_event_columns[] = {
	{"subject", "$.subject"},
	{"id", "$.id"},
	{"source", "$.source"},
	{"factor", "$.factor"},
	{"outcome", "$.outcome"},
	{"time", "$.time"},
};

static const aim__store_column trust_count_columns[] = {
	{"subject", "$.subject"},
	{"source", "$.source"},
	{"factor", "$.factor"},
	{"day", "$.day"},
	{"good", "$.good"},
	{"bad", "$.bad"},
};

static const aim__store_column trust_open_columns[] = {
	{"subject", "$.subject"},
	{"id", "$.id"},
	{"source", "$.source"},
	{"cause", "$.cause"},
	{"kind", "$.kind"},
	{"severity", "$.severity"},
	{"opened_at", "$.opened_at"},
};

static const aim__store_column trust_change_columns[] = {
	{"subject", "$.subject"},
	{"number", "$.number"},
	{"time", "$.time"},
	{"old_micro", "$.old_micro"},
	{"new_micro", "$.new_micro"},
	{"cause", "$.cause"},
	{"event", "$.event"},
	{"source", "$.source"},
};

static const aim__store_column mesh_columns[] = {
	{"subject", "$.subject"},
	{"overall", "$.overall"},
	{"competence", "$.competence"},
	{"integrity", "$.integrity"},
	{"availability", "$.availability"},
	{"predictability", "$.predictability"},
	{"transparency", "$.transparency"},
	{"changes", "$.changes"},
	{"last_at", "$.last_at"},
	{"last_event", "$.last_event"},
	{"changed_at", "$.changed_at"},
};

static const aim__store_column mesh_event_columns[] = {
	{"subject", "$.subject"},
	{"id", "$.id"},
	{"source", "$.source"},
	{"outcome", "$.outcome"},
	{"time", "$.time"},
};

static const aim__store_column mesh_change_columns[] = {
	{"subject", "$.subject"},
	{"number", "$.number"},
	{"time", "$.time"},
	{"outcome", "$.outcome"},
	{"old_overall", "$.old_overall"},
	{"new_overall", "$.new_overall"},
	{"old_tier", "$.old_tier"},
	{"new_tier", "$.new_tier"},
	{"cause", "$.cause"},
	{"event", "$.event"},
	{"source", "$.source"},
};

static const aim__store_column attestation_columns[] = {
	{"id", "$.id"},
	{"namespace", "$.namespace"},
	{"server", "$.server"},
	{"agent", "$.agent"},
	{"key_id", "$.key_id"},
	{"connected", "$.connected"},
	{"healthy", "$.healthy"},
	{"issued_at", "$.issued_at"},
	{"expires_at", "$.expires_at"},
	{"recorded_at", "$.recorded_at"},
	{"recorded_by", "$.recorded_by"},
	{"superseded_by", "$.superseded_by"},
	{"revoked_at", "$.revoked_at"},
	{"revoked_by", "$.revoked_by"},
	{"reason", "$.reason"},
};

static const aim__store_column drift_columns[] = {
	{"id", "$.id"},
	{"subject", "$.subject"},
	{"part", "$.part"},
	{"state", "$.state"},
	{"severity", "$.severity"},
	{"how", "$.how"},
	{"n_findings", "$.n_findings"},
	{"alert", "$.alert"},
	{"opened_at", "$.opened_at"},
	{"acknowledged_by", "$.acknowledged_by"},
	{"closed_at", "$.closed_at"},
	{"closed_by", "$.closed_by"},
	{"findings", "$.findings"},
};

static const aim__record_kind baselines = {"baselines", "baseline/", 1, COUNT(baseline_columns),
                                           baseline_columns, NULL};
static const aim__record_kind lists = {"baseline_lists", "baseline-list/", 1, COUNT(list_columns),
                                       list_columns, NULL};
static const aim__record_kind trust = {"trust", "trust/", 1, COUNT(trust_columns), trust_columns, NULL};
static const aim__record_kind trust_events = {"trust_events", "trust-event/", 1, COUNT(trust_event_columns),
                                              trust_event_columns, NULL};
static const aim__record_kind trust_counts = {"trust_counts", "trust-count/", 1, COUNT(trust_count_columns),
                                              trust_count_columns, NULL};
static const aim__record_kind trust_open = {"trust_open", "trust-open/", 1, COUNT(trust_open_columns),
                                            trust_open_columns, NULL};
static const aim__record_kind trust_changes = {"trust_changes", "trust-history/", 1, COUNT(trust_change_columns),
                                               trust_change_columns, NULL};
static const aim__record_kind meshes = {"trustmesh", "trustmesh/", 1, COUNT(mesh_columns), mesh_columns, NULL};
static const aim__record_kind mesh_events = {"trustmesh_events", "trustmesh-event/", 1, COUNT(mesh_event_columns),
                                             mesh_event_columns, NULL};
static const aim__record_kind mesh_changes = {"trustmesh_changes", "trustmesh-history/", 1, COUNT(mesh_change_columns),
                                              mesh_change_columns, NULL};

static const aim__record_kind attestations = {"attestations", "attestation/", 1, COUNT(attestation_columns),
                                              attestation_columns, NULL};

static const aim__store_column rugpull_columns[] = {
	{"server", "$.server"},
	{"name", "$.name"},
	{"version", "$.version"},
	{"fingerprint", "$.fingerprint"},
	{"first_seen_at", "$.first_seen_at"},
	{"last_seen_at", "$.last_seen_at"},
};
static const aim__record_kind rugpull = {"rugpull", "rugpull/", 1, COUNT(rugpull_columns), rugpull_columns, NULL};
static const aim__record_kind drift = {"drift", "drift/", 1, COUNT(drift_columns), drift_columns, NULL};

const aim__record_kind *const aim__assess_kinds[AIM__ASSESS_N_KINDS] = {
	&baselines, &lists, &trust, &trust_events, &trust_counts, &trust_open, &trust_changes,
	&attestations, &drift, &rugpull, &meshes, &mesh_events, &mesh_changes};
