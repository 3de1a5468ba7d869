/* identity/kinds.c — what a person sees of this layer's records with a database shell. */
#include "identity/kinds.h"

#include "identity/keyring.h"
#include "identity/migrate.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

static const aim__store_column agent_columns[] = {
	{"id", "$.id"},
	{"name", "$.name"},
	{"namespace", "$.namespace"},
	{"status", "$.status"},
	{"type", "$.type"},
	{"owner", "$.owner"},
	{"owner_verified", "$.owner_verified"},
	{"organization", "$.organization"},
	{"parent", "$.parent"},
	{"delegation_depth", "$.delegation_depth"},
	{"trust_ceiling_micro", "$.trust_ceiling_micro"},
	{"did", "$.did"},
	{"aliases", "$.aliases"},
	{"key_id", "$.key_id"},
	{"public_key", "$.public_key"},
	{"capabilities", "$.capabilities"},
	{"description", "$.description"},
	{"status_reason", "$.status_reason"},
	{"created_at", "$.created_at"},
	{"updated_at", "$.updated_at"},
	{"expires_at", "$.expires_at"},
};

static const aim__store_column server_columns[] = {
	{"id", "$.id"},
	{"name", "$.name"},
	{"namespace", "$.namespace"},
	{"status", "$.status"},
	{"url", "$.url"},
	{"command", "$.command"},
	{"args", "$.args"},
	{"env_names", "$.env_names"},
	{"version", "$.version"},
	{"owner", "$.owner"},
	{"did", "$.did"},
	{"aliases", "$.aliases"},
	{"key_id", "$.key_id"},
	{"capabilities", "$.capabilities"},
	{"verification_url", "$.verification_url"},
	{"last_verified_at", "$.last_verified_at"},
	{"verifications_ok", "$.verifications_ok"},
	{"verifications_failed", "$.verifications_failed"},
	{"description", "$.description"},
	{"status_reason", "$.status_reason"},
	{"created_at", "$.created_at"},
	{"updated_at", "$.updated_at"},
};

static const aim__store_column link_columns[] = {
	{"agent", "$.agent"},
	{"server", "$.server"},
	{"namespace", "$.namespace"},
	{"first_seen_at", "$.first_seen_at"},
	{"last_seen_at", "$.last_seen_at"},
	{"connections", "$.connections"},
};

static const aim__store_column grant_columns[] = {
	{"id", "$.id"},
	{"agent", "$.agent"},
	{"namespace", "$.namespace"},
	{"deny", "$.deny"},
	{"capability", "$.capability"},
	{"resource", "$.resource"},
	{"expires_at", "$.expires_at"},
	{"granted_by", "$.granted_by"},
	{"reason", "$.reason"},
	{"created_at", "$.created_at"},
};

static const aim__store_column request_columns[] = {
	{"id", "$.id"},
	{"agent", "$.agent"},
	{"namespace", "$.namespace"},
	{"state", "$.state"},
	{"capability", "$.capability"},
	{"resource", "$.resource"},
	{"reason", "$.reason"},
	{"expires_at", "$.expires_at"},
	{"requested_at", "$.requested_at"},
	{"decided_at", "$.decided_at"},
	{"decided_by", "$.decided_by"},
	{"decided_why", "$.decided_why"},
	{"grant_id", "$.grant"},
};

static const aim__store_column usage_columns[] = {
	{"subject", "$.subject"},
	{"capability", "$.capability"},
	{"namespace", "$.namespace"},
	{"successes", "$.successes"},
	{"failures", "$.failures"},
	{"unreported", "$.unreported"},
	{"sum_us", "$.sum_us"},
	{"max_us", "$.max_us"},
	{"first_at", "$.first_at"},
	{"last_at", "$.last_at"},
};

static const aim__store_column delegation_columns[] = {
	{"id", "$.id"},
	{"sponsor", "$.sponsor"},
	{"parent", "$.parent"},
	{"child", "$.child"},
	{"namespace", "$.namespace"},
	{"depth", "$.depth"},
	{"capabilities", "$.capabilities"},
	{"not_before", "$.not_before"},
	{"expires_at", "$.expires_at"},
	{"recorded_at", "$.recorded_at"},
	{"recorded_by", "$.recorded_by"},
};

static const aim__store_column revoked_link_columns[] = {
	{"id", "$.id"},
	{"namespace", "$.namespace"},
	{"revoked_at", "$.revoked_at"},
	{"revoked_by", "$.revoked_by"},
	{"reason", "$.reason"},
};

static const aim__store_column session_columns[] = {
	{"id", "$.id"},
	{"agent", "$.agent"},
	{"namespace", "$.namespace"},
	{"user", "$.user"},
	{"created_at", "$.created_at"},
	{"expires_at", "$.expires_at"},
};

static const aim__store_column key_columns[] = {
	{"key_id", "$.key_id"},
	{"subject", "$.subject"},
	{"namespace", "$.namespace"},
	{"number", "$.number"},
	{"state", "$.state"},
	{"public_key", "$.public_key"},
	{"valid_from", "$.valid_from"},
	{"retiring_from", "$.retiring_from"},
	{"expires_at", "$.expires_at"},
	{"revoked_at", "$.revoked_at"},
	{"reason", "$.reason"},
	{"note", "$.note"},
	{"previous", "$.previous"},
};

/* The container itself is no column: it is a secret, however well sealed. */
static const aim__store_column keystore_columns[] = {
	{"key_id", "$.key_id"},
	{"subject", "$.subject"},
	{"namespace", "$.namespace"},
	{"saved_at", "$.saved_at"},
};

static const aim__record_kind agents = {"agents", "agent/", 2, COUNT(agent_columns), agent_columns,
                                        aim__subject_migrate};
static const aim__record_kind servers = {"servers", "server/", 2, COUNT(server_columns), server_columns,
                                         aim__subject_migrate};
static const aim__record_kind keys = {"keys", AIM__KEY_PREFIX, 1, COUNT(key_columns), key_columns, NULL};
static const aim__record_kind keystores = {"keystores", "keystore/", 1, COUNT(keystore_columns),
                                           keystore_columns, NULL};
static const aim__record_kind links = {"links", "link/", 1, COUNT(link_columns), link_columns, NULL};
static const aim__record_kind grants = {"grants", "grant/", 1, COUNT(grant_columns), grant_columns, NULL};
static const aim__record_kind requests = {"grant_requests", "grant-request/", 1, COUNT(request_columns),
                                          request_columns, NULL};
static const aim__record_kind usage = {"usage", "usage/", 1, COUNT(usage_columns), usage_columns, NULL};
static const aim__record_kind usage_totals = {"usage_totals", "usage-total/", 1, COUNT(usage_columns), usage_columns,
                                              NULL};
static const aim__record_kind delegations = {"delegations", "delegation/", 1, COUNT(delegation_columns),
                                             delegation_columns, NULL};
static const aim__record_kind revoked_links = {"delegations_revoked", "delegation-revoked/", 1,
                                               COUNT(revoked_link_columns), revoked_link_columns, NULL};
static const aim__record_kind sessions = {"sessions", "session/", 1, COUNT(session_columns), session_columns,
                                          NULL};

const aim__record_kind *const aim__identity_kinds[AIM__IDENTITY_N_KINDS] = {
	&agents, &servers, &links, &grants, &requests, &usage, &usage_totals, &delegations, &revoked_links, &sessions, &keys, &keystores};
