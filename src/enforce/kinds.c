/* enforce/kinds.c — what a person sees of this layer's records with a database shell. */
#include "enforce/kinds.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

/* The hash of the token is no column. */
static const aim__store_column action_columns[] = {
	{"id", "$.id"},
	{"agent", "$.agent"},
	{"server", "$.server"},
	{"namespace", "$.namespace"},
	{"action", "$.action"},
	{"resource", "$.resource"},
	{"session", "$.session"},
	{"state", "$.state"},
	{"risk", "$.risk"},
	{"summary", "$.summary"},
	{"checked_at", "$.checked_at"},
	{"expires_at", "$.expires_at"},
	{"closed_at", "$.closed_at"},
	{"agent_old_micro", "$.agent_old_micro"},
	{"agent_new_micro", "$.agent_new_micro"},
	{"server_old_micro", "$.server_old_micro"},
	{"server_new_micro", "$.server_new_micro"},
};

static const aim__record_kind actions = {"actions", "action/", 1, COUNT(action_columns), action_columns, NULL};

static const aim__store_column limit_columns[] = {{"key", "$.key"}, {"calls", "$.calls"}};

static const aim__record_kind limits = {"limits", "limit/", 1, COUNT(limit_columns), limit_columns, NULL};

static const aim__store_column approval_columns[] = {
	{"id", "$.id"},
	{"agent", "$.agent"},
	{"server", "$.server"},
	{"namespace", "$.namespace"},
	{"tool", "$.tool"},
	{"resource", "$.resource"},
	{"state", "$.state"},
	{"risk", "$.risk"},
	{"urgency", "$.urgency"},
	{"reason", "$.reason"},
	{"asked_at", "$.asked_at"},
	{"expires_at", "$.expires_at"},
	{"decided_at", "$.decided_at"},
	{"decided_by", "$.decided_by"},
	{"decided_why", "$.decided_why"},
	{"used_at", "$.used_at"},
};

static const aim__record_kind approvals = {"approvals", "approval/", 1, COUNT(approval_columns), approval_columns, NULL};

const aim__record_kind *const aim__enforce_kinds[AIM__ENFORCE_N_KINDS] = {&actions, &limits, &approvals};
