/* enforce/action.h — inside action verification: how actions are stored, and one check under way.
 *
 *     action/<id>                            the action and what came of it
 *     action-due/<namespace>/<time>/<id>     {}: open, by the time until which it is to be reported
 *     action-open/<agent>                    counter of what is open
 */
#ifndef AIM_ENFORCE_ACTION_H
#define AIM_ENFORCE_ACTION_H

#include "assess/trust_store.h"
#include "enforce/decision.h"
#include "identity/batch.h"
#include "store/id.h"

#include <aim/action.h>
#include <aim/agent.h>
#include <aim/server.h>

#define AIM__ACTION_ID_PREFIX "act_"
#define AIM__ACTION "action/"
#define AIM__ACTION_DUE "action-due/"
#define AIM__ACTION_OPEN "action-open/"
#define AIM__ACTION_LAZY 4u          /* overdue actions that a check closes on the way */
#define AIM__ACTION_SESSION_MAX 256u
#define AIM__ACTION_NONCE_MAX 128u
#define AIM__ACTION_RESOURCE_MAX 4096u

struct aim_action_verifier {
	aim_ctx *ctx;           /* the registry's */
	aim_registry *registry; /* referenced */
	aim_action_options options;
	aim_ledger *own_ledger; /* NULL: the host's is used */
	aim_action_risk *risks;
	aim__arena arena;       /* texts of risks and options */
};

/* What is stored of one. latency_us is one more than it is, so that 0 is unknown. */
typedef struct aim__action {
	aim_str id, name_space, agent, server, action, resource, session, summary;
	aim_str first_use; /* event id of the agent's first use of the server in the session; empty: it was not the first */
	uint32_t state, risk, attested, reserved;
	uint8_t token_hash[32];
	int64_t checked_us, expires_at_us, closed_us;
	uint64_t latency_us, agent_old, agent_new, server_old, server_new;
} aim__action;

extern const aim__fields aim__action_table;

/* A row that was read; its text lives in the arena. Confined. */
typedef struct aim__action_row {
	aim__record record;
	aim__arena arena;
	aim_buf key;
	aim__action is;
} aim__action_row;

void aim__action_row_init(aim__action_row *row, aim_registry *registry);
void aim__action_row_dispose(aim__action_row *row);
/* id in its stored form. AIM_E_NOT_FOUND leaves err untouched; an action of another namespace is none. */
aim_status aim__action_load(aim__action_row *row, aim_str id, aim_error *err);
/* Keys of the indexes, as operations of a batch. */
aim_status aim__action_due(aim__batch *batch, uint32_t kind, const aim__action *a, aim_error *err);
aim_status aim__action_count(aim__batch *batch, const aim__action *a, int64_t by, int64_t bound, aim_error *err);

/* ---- action_token.c ---- */

#define AIM__ACTION_TOKEN_LEN 80u /* the id, '.', 43 of base64url */
/* A fresh token of an id: text for the caller, hash for the store. */
aim_status aim__action_token_new(const aim_ctx *ctx, const char *id, char out[AIM_ACTION_TOKEN_SIZE], uint8_t hash[32],
                                 aim_error *err);
/* The id and the hash of a text. AIM_E_ACTION_TOKEN when it is none. */
aim_status aim__action_token_read(const aim_ctx *ctx, aim_str token, char out_id[AIM__ID_SIZE], uint8_t hash[32],
                                  aim_error *err);

/* ---- action_sign.c ---- */

/* Canonical form of a context; nothing for an empty one. AIM_OK, AIM_E_JSON_*, AIM_E_UTF8, AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__action_context(const aim_ctx *ctx, aim_bytes context, aim_buf *out, aim_error *err);
/* Time, nonce and signature of a request. AIM_OK, what refuses it, or a failure. */
aim_status aim__action_verify(aim_replay *guard, const aim_action_request *q, aim_bytes canonical_context,
                              int64_t now_us, aim_error *err);

/* ---- action_stage.c ---- */

/* One check. */
typedef struct aim__action_run {
	aim_action_verifier *verifier;
	const aim_action_request *asked;
	aim_request request; /* what the policy is asked */
	aim_agent *agent;
	aim_server *server;  /* NULL: none */
	aim__trust_work *trust; /* of the agent; before is its score */
	aim_buf context;
	int64_t now_us;
	uint32_t risk;
	uint32_t policy_asks;
	int proven;             /* its signature was valid */
	int stranger;           /* not known or not proven to be who it says: nothing is recorded under its name */
} aim__action_run;

void aim__action_run_init(aim__action_run *run, aim_action_verifier *v, const aim_action_request *q);
void aim__action_run_dispose(aim__action_run *run);
/* The stages. */
aim_status aim__action_decide(aim__action_run *run, aim_decision *decision, aim_error *err);

/* ---- action_close.c ---- */

/* Closes an open action of a row, in one batch. outcome is AIM_ACTION_SUCCESS … UNREPORTED. result may be NULL.
 * AIM_E_CONFLICT: load the row again. */
aim_status aim__action_close(const aim_action_verifier *v, aim__action_row *row, uint32_t outcome, aim_str summary,
                             int64_t latency_us, int64_t now_us, aim_action_result *result, aim_error *err);

/* Of an agent's first use of a server in a session; NUL-terminated, at most AIM__TRUST_ID_MAX bytes. */
#define AIM__ACTION_USE_SIZE 45u
aim_status aim__action_use_id(const aim_ctx *ctx, aim_str session, aim_str server, char out[AIM__ACTION_USE_SIZE],
                              aim_error *err);

#endif
