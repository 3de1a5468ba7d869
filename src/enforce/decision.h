/* enforce/decision.h — inside a decision, for what decides. Confined. */
#ifndef AIM_ENFORCE_DECISION_H
#define AIM_ENFORCE_DECISION_H

#include <aim/authorizer.h>
#include <aim/decision.h>

#include "enforce/names.h"
#include "enforce/stage.h"
#include "store/id.h"

/* Why. The table in decision.c holds the texts; add at the end of a group, never rename a text. */
typedef enum aim__reason {
	AIM__REASON_UNDECIDED, /* first: the value of a zeroed decision */
	AIM__REASON_FAULT,
	AIM__REASON_INVALID_REQUEST,
	AIM__REASON_AUDIT_FAILED,
	/* policies */
	AIM__REASON_NO_POLICY,
	AIM__REASON_RULE_DENY,
	AIM__REASON_RULE_ALLOW,
	AIM__REASON_RULE_ASK,
	AIM__REASON_DEFAULT_DENY,
	AIM__REASON_DEFAULT_ALLOW,
	AIM__REASON_DEFAULT_ASK,
	AIM__REASON_MONITOR_DENY,
	AIM__REASON_MONITOR_ASK,
	AIM__REASON_MONITOR_DEFAULT_DENY,
	AIM__REASON_MONITOR_DEFAULT_ASK,
	AIM__REASON_OBLIGATION_UNMET,
	/* trust proxy */
	AIM__REASON_AUTHORIZED,
	AIM__REASON_DID_REQUIRED,
	AIM__REASON_DID_BLOCKED,
	AIM__REASON_TOOL_BLOCKED,
	AIM__REASON_TRUST_BELOW_MINIMUM,
	AIM__REASON_CAPABILITY_MISSING,
	AIM__REASON_INJECTION,
	AIM__REASON_RATE_LIMITED,
	AIM__REASON_RATE_TABLE_FULL,
	/* gated tools */
	AIM__REASON_ARGUMENTS_TOO_LARGE,
	AIM__REASON_TOOL_UNKNOWN,
	AIM__REASON_IDENTITY_REFUSED,
	AIM__REASON_SPONSOR_MISSING,
	AIM__REASON_ARGUMENTS_INVALID,
	AIM__REASON_CIRCUIT_OPEN,
	/* actions */
	AIM__REASON_ACTION_ALLOWED,
	AIM__REASON_AGENT_UNKNOWN,
	AIM__REASON_AGENT_INACTIVE,
	AIM__REASON_SIGNATURE_REQUIRED,
	AIM__REASON_SIGNATURE_REFUSED,
	AIM__REASON_GRANT_MISSING,
	AIM__REASON_GRANT_DENIES,
	AIM__REASON_SERVER_UNKNOWN,
	AIM__REASON_SERVER_PENDING,
	AIM__REASON_SERVER_INACTIVE,
	AIM__REASON_SERVER_DRIFT,
	AIM__REASON_SERVER_ALERT,
	AIM__REASON_TRUST_GATE,
	AIM__REASON_APPROVAL_REQUIRED,
	AIM__REASON_APPROVAL_DENIED,
	AIM__REASON_APPROVED,
	AIM__REASON_ACTIONS_OPEN,
	/* gateway */
	AIM__REASON_GATEWAY_ALLOWED,
	AIM__REASON_TOOL_DENIED,
	AIM__REASON_TOOL_NOT_ALLOWED,
	AIM__REASON_PARAMETERS_BLOCKED,
	AIM__REASON_PARAMETERS_DANGEROUS,
	AIM__REASON_BUDGET_EXCEEDED,
	/* authentication */
	AIM__REASON_AUTH_ACCEPTED,
	AIM__REASON_AUTH_METHOD_UNKNOWN,
	AIM__REASON_AUTH_METHOD_DENIED,
	AIM__REASON_TLS_REQUIRED,
	AIM__REASON_TLS_VERSION,
	/* pipeline */
	AIM__REASON_PIPELINE_ALLOWED,
	AIM__REASON_DEFINITION_MISSING,
	AIM__REASON_DEFINITION_INVALID,
	AIM__REASON_TOOL_POISONED,
	AIM__REASON_TOOL_UNAPPROVED,
	AIM__REASON_TOOL_CHANGED,
	AIM__REASON_TOOL_FAILED,
	AIM__REASON_RESPONSE_BLOCKED,
	AIM__REASON_REPORT_FAILED,
	AIM__REASON_COUNT
} aim__reason;

#define AIM__DECISION_ID_LEN 32
#define AIM__DECISION_TEXT_SIZE 1024

struct aim_decision {
	aim_ctx *ctx;
	/* The snapshot: kept from one decision to the next, so that using it again costs nothing. */
	aim_policy *policy;         /* referenced, may be NULL */
	aim_authorizer *authorizer; /* referenced: the one whose generation this is; may be NULL */
	uint64_t generation;
	aim__name_memo memo[AIM__FACT_COUNT]; /* of policy's names */
	struct aim_pattern_scratch **scratches; /* of policy's regular expressions; NULL until one is looked for */
	size_t n_scratches;
	/* The decision. */
	const aim_policy *judge;    /* policy, when it was asked in this decision; else NULL */
	const aim__stage *stages;
	size_t n_stages; /* that ran */
	int64_t trust_micro;
	aim_status status;
	uint32_t effect;
	uint32_t rule; /* index in judge; AIM__RULE_NONE */
	aim__reason reason;
	uint32_t monitored; /* 1: a policy that only monitors was asked */
	uint32_t would_be;  /* then: the effect it would have had */
	uint64_t alerts;    /* bit i: alert rule i of judge matches */
	uint64_t id[2]; /* 128 random bits, the lower 64 counted up by each decision */
	/* Text, made when it is asked for. */
	size_t text_len; /* 0: not made yet */
	char id_text[AIM__DECISION_ID_LEN];
	char approval[AIM__ID_SIZE]; /* empty: none */
	char text[AIM__DECISION_TEXT_SIZE];
};

#define AIM__RULE_NONE UINT32_MAX

/* A new decision: deny, undecided, without a trace, under a new id. */
void aim__decision_begin(aim_decision *decision);
/* Says why, with the reason's own sentence. */
void aim__decision_because(aim_decision *decision, aim__reason reason);
/* Says why, with a sentence made from base/format.h conversions, cut when too long. */
void aim__decision_explain(aim_decision *decision, aim__reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The reason's own sentence, without names, patterns, numbers or the words of a rule: what strangers may be told. */
aim_str aim__decision_sentence(const aim_decision *decision);
/* Takes over why another decision was made, and the approval it used or asked for. */
void aim__decision_adopt(aim_decision *decision, aim_decision *other);
/* Sets status and effect from what the stages returned; anything but AIM_OK and AIM_ASK denies. */
aim_status aim__decision_end(aim_decision *decision, aim_status rc);
/* A failure before any stage ran. */
aim_status aim__decision_fault(aim_decision *decision, aim__reason reason, aim_status rc);

/* Makes policy the snapshot the decision holds, under an authorizer's generation or none (NULL). Takes
 * over the caller's references. */
void aim__decision_hold(aim_decision *decision, aim_policy *policy, aim_authorizer *authorizer,
                        uint64_t generation);

/* The stage of policies, for any table: call->state is an aim_policy that the decision holds, or NULL. */
aim_status aim__policy_stage(aim__call *call);

/* Checks a caller's request. *io_request then points at it, or at *copy when it had another size.
 * AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT. */
aim_status aim__request_take(const aim_request **io_request, aim_request *copy, aim_error *err);

#endif
