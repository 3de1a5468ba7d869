/* mcp/guard.h — inside the guard: what the files of this layer share. A line goes
 *
 *     guard.c (API) → flow.c (which message is this, may it pass) → gate.c (decide) → record.c (evidence)
 *                       ├→ lists.c → surface.c, inspect.c (tools)    └→ answer.c (replies of our own)
 *                       └→ forward, byte for byte
 */
#ifndef AIM_MCP_GUARD_H
#define AIM_MCP_GUARD_H

#include "assess/verdict.h"
#include "mcp/entries.h"
#include "mcp/http.h"
#include "mcp/lines.h"
#include "mcp/message.h"
#include "mcp/requests.h"
#include "mcp/surface.h"
#include "mcp/tally.h"

#include <aim/agent.h>
#include <aim/approval.h>
#include <aim/authorizer.h>
#include <aim/flow.h>
#include <aim/registry.h>
#include <aim/response.h>
#include <aim/scan.h>
#include <aim/trustscore.h>

/* JSON-RPC 2.0 §5.1; −32000 … −32019 are free for implementations (MCP 2026-07-28, basic/index). */
#define AIM__RPC_PARSE_ERROR (-32700)
#define AIM__RPC_INVALID_REQUEST (-32600)
#define AIM__RPC_UNKNOWN_METHOD (-32601)
#define AIM__RPC_INVALID_PARAMS (-32602)
#define AIM__RPC_DENIED (-32000)

/* Output of one side at which reading from the other stops. */
#define AIM__OUTPUT_HIGH ((size_t)256 * 1024)
/* A longer subject (a URI) is cut in records; its arguments' commitment covers the whole. */
#define AIM__SUBJECT_MAX 1024u
/* requestStates remembered, to bind each to the request it was given for. */
#define AIM__STATES_MAX 256u
/* Changes that other processes made to registry and baselines are seen within this. */
#define AIM__STALE_US INT64_C(1000000)

typedef struct aim__side {
	aim__line_reader reader;
	aim__queue output;  /* waiting for this side */
	aim__requests sent; /* by this side, not yet answered by the other */
	int ended;
} aim__side;

/* A piece of the line in work that is not forwarded. */
typedef struct aim__cut {
	size_t start;
	size_t end;
	const char *text; /* static; stands in its place. NULL: nothing does */
} aim__cut;

/* What a requestState was given for. */
typedef struct aim__state {
	uint64_t state; /* hash */
	uint64_t binding;
} aim__state;

/* Bounds what strangers can make us write. */
typedef struct aim__flood {
	int64_t minute;
	uint32_t n_recorded;
	uint64_t n_suppressed;
} aim__flood;

struct aim_guard {
	aim_ctx *ctx; /* referenced */
	aim_guard_options options;
	uint8_t *names; /* memory of the names in options */
	size_t names_size;
	aim__side sides[2];
	aim_json doc; /* the line in work, borrowed */
	aim_json nothing; /* arguments of a call without any: {} */
	int32_t last_error; /* JSON-RPC code of the last error that the guard answered */
	aim_str http; /* headers of the request in work; {NULL, 0} without HTTP */
	aim__surface surface;
	aim_drift *drift; /* owned; NULL when the host gave its own or there is no registry */
	aim__tally tally;
	aim_scanner *scanner;     /* NULL until something is scanned */
	aim_scan_result *scanned; /* what the last scan found */
	aim__verdict_kept verdicts[AIM__VERDICTS_MAX]; /* to be kept */
	size_t n_verdicts;
	aim__entries entries;
	aim_response *response;   /* NULL until a result is scanned */
	aim_decision *decision;
	aim_buf arguments; /* canonical, of the request in work */
	aim_buf scratch;   /* answers before they are queued, reasons, data of records */
	aim__cut *cuts;    /* of the line in work, ascending */
	size_t n_cuts;
	size_t cap_cuts;
	aim__state states[AIM__STATES_MAX]; /* ring */
	size_t next_state;
	aim__flood flood;
	aim_str *capabilities; /* what the agent holds; with a registry */
	size_t n_capabilities;
	uint8_t *capability_text;
	size_t capability_size;
	aim_agent *agent;      /* as it was read last; NULL: not known */
	aim_trustscore *score; /* room for the agent's */
	int64_t trust_micro;   /* the agent's, or AIM_DECISION_NO_TRUST */
	uint32_t drift_open;   /* AIM_FACTS_DRIFT_*: records of server and agent; 0: not known */
	int inactive; /* agent or server may not act: suspended, revoked or expired */
	uint64_t generation; /* of the registry when the subjects were read */
	int64_t fresh_until_us;
	aim_error flow_said; /* why the last request was kept back */
	uint64_t id_high; /* decision ids: random, then counting */
	uint64_t id_low;
	char connection[17]; /* id_high as text */
	int batches; /* the version in use has JSON-RPC batches */
	int announced; /* the protocol version was told to the host */
	aim_guard_counters counters;
};

static inline aim__side *aim__guard_side(aim_guard *guard, uint32_t which)
{
	return &guard->sides[which == AIM_GUARD_SERVER];
}

/* The session as policies and flows know it: the host's, or this connection. */
static inline aim_str aim__guard_session(const aim_guard *guard)
{
	aim_str connection = {guard->connection, sizeof guard->connection - 1};
	return guard->options.session.len ? guard->options.session : connection;
}

static inline aim_str aim__guard_flow_agent(const aim_guard *guard)
{
	return guard->options.agent.len ? guard->options.agent : aim_str_from("client");
}

static inline uint32_t aim__other(uint32_t side)
{
	return side == AIM_GUARD_CLIENT ? AIM_GUARD_SERVER : AIM_GUARD_CLIENT;
}

/* What is to be decided. */
typedef struct aim__question {
	uint32_t from;
	const aim__message *message;
	const aim__method *method; /* NULL: unknown to this library */
	aim_str action;
	aim_str subject;     /* tool, URI, prompt, …; else the method */
	aim_bytes arguments; /* canonical */
	aim_str request;     /* id as text */
	int foreign_state;   /* it brings a requestState that was given for another request */
} aim__question;

/* Why something is refused: code for machines, what the other side is told, and the JSON-RPC code. */
typedef struct aim__denial {
	const char *code;
	const char *sentence;
	int32_t rpc;
} aim__denial;

/* How it was decided. Spans borrow from the guard until its next decision. */
typedef struct aim__verdict {
	uint32_t effect;           /* AIM_DECISION_*: what a host in force does */
	const aim__denial *denial; /* NULL for allow */
	aim_str code;              /* for the record */
	aim_str reason;
	aim_str rule;
	aim_str policy_hash;
	aim_str fingerprint;
	int64_t trust_micro;
	int monitored; /* not allowed, and let pass all the same */
	int by_policy; /* guard->decision holds obligations and alerts */
	char id[AIM__DECISION_ID_SIZE];
	char approval[AIM_APPROVAL_ID_SIZE]; /* asked for or used up; else empty */
} aim__verdict;

/* flow.c. A whole line of one side. Failure: the line was not forwarded. */
aim_status aim__flow_line(aim_guard *guard, uint32_t from, const aim__line *line, aim_error *err);
/* One message of the line in work. AIM_OK: it may pass. AIM_DENIED: it may not, and that was dealt
 * with. Else a failure. The same holds for every aim__flow_ below. */
aim_status aim__flow_message(aim_guard *guard, uint32_t from, aim_json_value value, aim_error *err);
/* Refuses what is no message, or none that may be sent now. message may be NULL. */
aim_status aim__flow_malformed(aim_guard *guard, uint32_t from, const aim__message *message,
                               const char *problem, int32_t code, aim_error *err);
/* Asks the gate and records what it said. Answering is the caller's. */
aim_status aim__flow_decide(aim_guard *guard, aim__question *question, aim__verdict *verdict, aim_error *err);
/* A question about a message, subject and arguments still open. */
void aim__flow_prepare(uint32_t from, const aim__message *message, const aim__method *method,
                       aim__question *out);
/* Canonical text of what a policy may look at; in guard->arguments. */
aim_status aim__flow_arguments(aim_guard *guard, const aim__message *message, const aim__method *method,
                               aim_bytes *out);

/* batch.c. */
aim_status aim__flow_batch(aim_guard *guard, uint32_t from, aim_error *err);
/* Leaves bytes of the line in work out of what is forwarded. */
aim_status aim__guard_cut(aim_guard *guard, size_t start, size_t end);
/* The same for an element of an array, with one comma. previous is the element before; any_kept says
 * whether one before it stays. Elements are cut in order. */
aim_status aim__guard_cut_element(aim_guard *guard, aim_json_value value, aim_json_value previous, int any_kept);

/* A mark in the _meta of an object of the line in work. *out_marked stays 0 when there is no room for one. */
aim_status aim__guard_mark(aim_guard *guard, aim_json_value object, int *out_marked);
/* An empty string in place of a value. */
aim_status aim__guard_blank(aim_guard *guard, aim_json_value value);

/* replies.c. */
aim_status aim__flow_reply(aim_guard *guard, uint32_t from, const aim__message *message, aim_error *err);
/* One side is gone: what it was asked stays without answer. */
aim_status aim__flow_end(aim_guard *guard, uint32_t from, aim_error *err);
/* Tells the host which version is spoken, once. */
void aim__protocol_seen(aim_guard *guard, aim_str version);

/* lists.c. Hears of a drift record that was opened; user is the guard. */
aim_status aim__lists_opened(void *user, const aim_drift_record *record);
/* A page of tools: those that may not be shown are cut out. */
aim_status aim__lists_page(aim_guard *guard, const aim__message *message, const aim__request *request,
                           aim_error *err);
/* The page is withheld; the client is told in its place. AIM_DENIED, or a failure. */
aim_status aim__lists_withhold(aim_guard *guard, const aim__message *message, const char *code, aim_error *err);
/* What was shown so far counts, even when the client never asks for the rest. */
aim_status aim__lists_settle(aim_guard *guard, aim_error *err);

/* deputy.c. Does another server have a tool of that name? */
int aim__deputy_is_confused(aim_guard *guard, aim_str tool);

/* gate.c. Decides and, when it may pass, says so; records nothing. */
void aim__gate_decide(aim_guard *guard, const aim__question *question, aim__verdict *out);
const aim__denial *aim__denial_find(const char *code);
/* A verdict that denies for a reason outside any policy. */
void aim__verdict_deny(aim_guard *guard, const char *code, const char *reason, aim__verdict *out);

/* facts.c. What is known about the call, stated in the request; f is empty before. */
void aim__facts_state(const aim_guard *guard, const aim__question *q, const aim__tool *tool, aim_request *r, aim_facts *f);

/* approvals.c. The verdict is "ask": it becomes "allow" or "deny" when somebody has answered. */
void aim__approvals_ask(aim_guard *guard, const aim__question *question, aim__verdict *verdict);

/* learn.c. What AIM_GUARD_LEARN and AIM_GUARD_LINK ask for at the beginning. */
aim_status aim__learn_open(aim_guard *guard, aim_error *err);
/* A request is over; success: AIM_USAGE_*. */
void aim__learn_call(aim_guard *guard, const aim__request *request, uint32_t outcome);
void aim__learn_stray(aim_guard *guard);
/* Counts what waits. A failure is told to the host, and what it was about waits on. */
void aim__learn_settle(aim_guard *guard);

/* subjects.c. Reads agent, server, grants and baseline again when what is known is stale. */
aim_status aim__subjects_refresh(aim_guard *guard, int now, aim_error *err);
/* A drift record was opened; severity: AIM_ALERT_*. */
void aim__subjects_drifted(aim_guard *guard, uint32_t severity);
void aim__subjects_forget(aim_guard *guard);

/* record.c. At most max bytes, no character cut in two. */
aim_str aim__text_clip(aim_str text, size_t max);
/* AIM_OK also without an audit log. */
aim_status aim__record_session(aim_guard *guard, const char *action, aim_error *err);
aim_status aim__record_call(aim_guard *guard, const aim__question *question, const aim__verdict *verdict,
                            aim_error *err);
aim_status aim__record_result(aim_guard *guard, const aim__request *request, const char *outcome,
                              int success, aim_error *err);
/* What a result carried: rules and places, never the text. */
aim_status aim__record_response(aim_guard *guard, const aim__request *request, const aim_response *response, aim_error *err);
/* What a scan found: rules and places, never the text. fingerprint may be empty. */
aim_status aim__record_scan(aim_guard *guard, aim_str name, aim_str fingerprint, const aim_scan_result *found,
                            aim_error *err);
/* Malformed lines and dropped replies; counted instead when there are too many. */
void aim__record_refusal(aim_guard *guard, uint32_t from, const aim__message *message, const char *problem);
void aim__record_suppressed(aim_guard *guard);

/* answer.c. Lines of our own, queued for one side. id is raw JSON. */
aim_status aim__answer_error(aim_guard *guard, uint32_t to, aim_bytes id, int32_t code, const char *sentence,
                             const char *reason_code, const char *decision_id);
/* member ("result", "error") with what is left of the server's. */
aim_status aim__answer_cleaned(aim_guard *guard, uint32_t to, aim_bytes id, const char *member, aim_bytes content);
aim_status aim__answer_denied(aim_guard *guard, uint32_t to, const aim__question *question,
                              const aim__verdict *verdict);
/* The line in work without its cuts, with a line feed behind it. */
aim_status aim__guard_forward(aim_guard *guard, uint32_t to, aim_bytes line);

/* events.c. */
void aim__event_send(aim_guard *guard, aim_guard_event *event);
void aim__event_decided(aim_guard *guard, const aim__question *question, const aim__verdict *verdict);
void aim__event_simple(aim_guard *guard, uint32_t kind, uint32_t from, aim_str name, const char *code,
                       aim_status status, uint32_t count);

#endif
