/* tests/unit/mcp/rig.h — a guard with everything under it, and a script of lines to put through it. */
#ifndef AIM_TESTS_MCP_RIG_H
#define AIM_TESTS_MCP_RIG_H

#include "support.h"

#include <aim/agent.h>
#include <aim/authorizer.h>
#include <aim/baseline.h>
#include <aim/flow.h>
#include <aim/guard.h>
#include <aim/server.h>
#include <aim/store.h>

#define RIG_EVENTS 64u
#define RIG_TEXT 160u

/* A copy of what an event told. */
typedef struct rig_event {
	uint32_t kind;
	uint32_t from;
	uint32_t count;
	char method[RIG_TEXT];
	char name[RIG_TEXT];
	char request[RIG_TEXT];
	char code[RIG_TEXT];
	char reason[RIG_TEXT];
	char rule[RIG_TEXT];
	char decision_id[RIG_TEXT];
	char fingerprint[RIG_TEXT];
	char record[RIG_TEXT];
	char alert[RIG_TEXT];
	char approval[RIG_TEXT];
} rig_event;

typedef struct rig_setup {
	uint32_t preset;
	uint32_t flags;
	uint32_t malformed_per_minute;
	const char *policy;  /* JSON; NULL: none */
	int with_log;        /* a memory store and an audit log */
	int with_registry;   /* and a registry with agent and server */
	aim_flow *flow;      /* labels from the names of tools: "read", "fetch", "send" */
	int with_rates;      /* counted by a table of their own */
	int without_session; /* else "run-1" */
	int with_approver;   /* says yes to tools whose name begins with "ok" */
	const aim_limits *limits;
} rig_setup;

typedef struct rig {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_authorizer *authorizer;
	struct aim_rates *rates;
	aim_guard *guard;
	struct aim_drift *drift; /* of the next guard; borrowed */
	struct aim_behaviour *behaviour; /* the same */
	uint32_t responses;      /* the same: AIM_GUARD_RESPONSES_* */
	rig_setup setup;
	char agent[64];
	char server[64];
	rig_event events[RIG_EVENTS];
	size_t n_events;
	size_t n_questions; /* put to the approver */
	aim_store_engine memory;
	aim_status store_fails; /* what every write answers from now on */
	char text[65536];   /* of the last rig_taken() */
} rig;

void rig_start(rig *r, const rig_setup *setup);
/* Frees everything and asserts that nothing is left. */
void rig_stop(rig *r);
/* Another connection to the same server: a new guard on the same store. */
void rig_reconnect(rig *r, uint32_t preset);
aim_status rig_new_guard(rig *r, uint32_t preset, aim_guard **out);

/* Feeds one line (a line feed is added). */
void rig_client(rig *r, const char *line);
void rig_server(rig *r, const char *line);
void rig_feed(rig *r, uint32_t from, const void *bytes, size_t len);
/* Takes all that waits for a side; NUL-terminated, valid until the next call. */
const char *rig_taken(rig *r, uint32_t to);
/* Asserts that exactly these lines wait for the side, and takes them. text without its last line feed. */
void rig_expect(rig *r, uint32_t to, const char *text);
void rig_expect_nothing(rig *r);
/* A line that passes unchanged. */
void rig_passes_client(rig *r, const char *line);
void rig_passes_server(rig *r, const char *line);
/* Feeds the client's line and asserts that it was not forwarded and the answer holds each text (up to a
 * NULL). */
void rig_refuses(rig *r, const char *line, ...);

/* The last event of a kind, NULL when there was none. */
const rig_event *rig_event_of(const rig *r, uint32_t kind);
size_t rig_count_events(const rig *r, uint32_t kind);
/* How many audit records hold every text (up to a NULL); flushes nothing: the log is durable. */
size_t rig_records(rig *r, ...);

/* initialize, its answer, and a list with the tools given as JSON text ("{…},{…}"). */
void rig_open(rig *r);
void rig_list(rig *r, const char *tools);

#define RIG_TOOL(name, description) "{\"name\":\"" name "\",\"description\":\"" description "\",\"inputSchema\":{\"type\":\"object\"}}"

#endif
