/* cli/aim/talk.h — a conversation with an MCP server that is started for it: what it is and what it lists. Everything it
 * says is bounded, in bytes and in time; what it writes to stderr is dropped. */
#ifndef AIM_TALK_H
#define AIM_TALK_H

#include "../common/child.h"

#include <aim/aim.h>

#define TALK_BYTES_MAX (16u << 20) /* of everything the server says */
#define TALK_PAGES_MAX 256u        /* answers that are kept */
#define TALK_ITEMS_MAX 4096u       /* of one list */
#define TALK_N_LISTS 4u

/* A complete list. */
typedef struct talk_list {
	uint32_t kind; /* AIM_FINGERPRINT_* */
	int is_declared;
	aim_baseline_item *items; /* into the pages */
	size_t n, capacity;
} talk_list;

typedef struct talk {
	aim_ctx *ctx;
	child server;
	int64_t began_ms, until_ms;
	int64_t latency_us;  /* from its start to the answer that says what it is */
	const char *problem; /* for the record, when it failed: "timeout", … */
	int problem_status;  /* AIM_E_NOMEM and the like: ours, not the server's; else 0 */
	int is_modern;       /* revision 2026-07-28 and later: no initialize, and _meta in each request */
	uint64_t last_id;
	char *bytes; /* read and not taken yet */
	size_t at, len, capacity, n_read;
	aim_json *pages[TALK_PAGES_MAX];
	size_t n_pages;
	talk_list lists[TALK_N_LISTS];
	aim_buf *self; /* serverInfo's members, instructions, versions, capabilities: AIM_FINGERPRINT_SERVER */
	aim_str name, version;
} talk;

/* Starts the command, asks it everything, and ends it: it is gone when this returns. Returns 0, or −1 after saying what
 * is wrong, with t->problem. talk_dispose() in both cases. */
int talk_run(talk *t, aim_ctx *ctx, char **command, uint64_t timeout_s);
void talk_dispose(talk *t);

#endif
