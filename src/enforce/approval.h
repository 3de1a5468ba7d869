/* enforce/approval.h — approvals as they are stored, and what is bound by one.
 *
 *     approval/<id>                          the approval
 *     approval-for/<namespace>/<binding>     {"id":…}: the one that answers for exactly this, until its end
 *     approval-live/<namespace>/<id>         {}: pending, until its end
 *     approval-of/<agent>/<id>               {}: the same of one agent, which bounds their number */
#ifndef AIM_ENFORCE_APPROVAL_H
#define AIM_ENFORCE_APPROVAL_H

#include "identity/batch.h"
#include "store/id.h"

#include <aim/approval.h>

#define AIM__APPROVAL_PREFIX "apr_"
#define AIM__APPROVAL "approval/"
#define AIM__APPROVAL_FOR "approval-for/"
#define AIM__APPROVAL_LIVE "approval-live/"
#define AIM__APPROVAL_OF "approval-of/"

typedef struct aim__approval {
	aim_str id, name_space, agent, server, tool, resource, tool_fingerprint, policy_hash, reason;
	aim_str decided_by, decided_why;
	aim_bytes arguments;
	uint8_t arguments_hash[32], binding[32];
	uint32_t state, risk, urgency, reserved;
	int64_t asked_us, expires_at_us, decided_us, used_us;
} aim__approval;

extern const aim__fields aim__approval_table;

/* A row that was read; its text lives in the arena. Confined. */
typedef struct aim__approval_row {
	aim__record record;
	aim__arena arena;
	aim_buf key;
	aim__approval is;
} aim__approval_row;

void aim__approval_row_init(aim__approval_row *row, aim_registry *registry);
void aim__approval_row_dispose(aim__approval_row *row);
/* id in its stored form. AIM_E_NOT_FOUND leaves err untouched; one of another namespace is none. */
aim_status aim__approval_load(aim__approval_row *row, aim_str id, aim_error *err);
/* The same for an id from outside; AIM_E_NOT_FOUND with its message. */
aim_status aim__approval_find(aim__approval_row *row, aim_str id, aim_error *err);
/* The state at a time: what was not decided or not used in time is expired. */
uint32_t aim__approval_state(const aim__approval *a, int64_t now_us);

#endif
