/* mcp/tally.h — what came of the calls that passed, kept until it is worth a transaction: usage, trust and usual
 * behaviour of agent and server. Bounded, and without an allocation once its capabilities are known. What a crash takes
 * along are counts; each call and its outcome is an audit record long before. Confined. */
#ifndef AIM_MCP_TALLY_H
#define AIM_MCP_TALLY_H

#include "base/map.h"
#include "mcp/requests.h"

#include <aim/behaviour.h>
#include <aim/drift.h>

#define AIM__TALLY_CALLS 1024u
#define AIM__TALLY_CAPABILITIES 256u
#define AIM__TALLY_NAME 160u
/* The oldest call waits at most so long for a host that polls. */
#define AIM__TALLY_WINDOW_US INT64_C(5000000)

/* What a call still has to be counted for; as bits. */
#define AIM__TALLY_USAGE 1u
#define AIM__TALLY_AGENT 2u  /* its trust */
#define AIM__TALLY_SERVER 4u /* its trust */
#define AIM__TALLY_BEHAVIOUR 8u

typedef struct aim__tally_call {
	int64_t time_us;
	int64_t latency_us; /* −1: unknown */
	uint32_t parameter_bytes;
	uint16_t capability; /* index */
	uint8_t outcome;     /* AIM_USAGE_* */
	uint8_t due;         /* AIM__TALLY_* */
	uint32_t behaviour;  /* AIM_BEHAVIOUR_UNEXPECTED or 0 */
	uint32_t reserved;
} aim__tally_call;

typedef struct aim__tally_name {
	uint32_t len;
	char text[AIM__TALLY_NAME];
} aim__tally_name;

typedef struct aim__tally {
	aim_ctx *ctx; /* borrowed; NULL: nothing is counted */
	aim_registry *registry;
	aim_behaviour *behaviour;     /* borrowed, or own */
	aim_behaviour *own_behaviour; /* owned; may be NULL */
	aim_drift *drift;             /* borrowed */
	aim_str agent, server;        /* borrowed */
	aim__tally_call *calls;
	size_t n_calls;
	aim__tally_name **names; /* of capabilities */
	size_t n_names, cap_names;
	aim__map by_name;
	uint64_t n_lost;    /* calls that nothing could be kept of */
	uint64_t connection; /* random */
	uint64_t n_settled[2]; /* how often the trust of agent and server was counted: the id of the next time */
} aim__tally;

/* Zeroed is one that counts nothing. AIM_OK, AIM_E_NOMEM. */
aim_status aim__tally_open(aim__tally *tally, aim_ctx *ctx);
void aim__tally_dispose(aim__tally *tally);

/* A request of the client is over. outcome: AIM_USAGE_*. Memory that runs out loses the count and nothing else. */
void aim__tally_add(aim__tally *tally, const aim__request *request, uint32_t outcome, int64_t now_us, int64_t latency_us);
/* The server answered what nobody had asked. */
void aim__tally_stray(aim__tally *tally, int64_t now_us);
int aim__tally_full(const aim__tally *tally);

/* ---- tally_settle.c ---- */

/* Counts what waits; what fails waits on. The store's, AIM_E_NOMEM, … */
aim_status aim__tally_settle(aim__tally *tally, aim_error *err);

#endif
