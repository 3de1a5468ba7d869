/* mcp/requests.h — requests that one side sent and the other has not answered yet, found by id. Bounded;
 * entries and their text are reused, so a warm table allocates nothing. Confined. */
#ifndef AIM_MCP_REQUESTS_H
#define AIM_MCP_REQUESTS_H

#include "base/map.h"
#include "mcp/methods.h"

#define AIM__DECISION_ID_SIZE 40u

typedef struct aim__request {
	const aim__method *method; /* NULL: unknown to this library */
	uint8_t *text;             /* the key of the id, then the subject */
	size_t cap;
	uint32_t id_len;
	uint32_t subject_len;
	int64_t started_us; /* steady clock */
	uint64_t binding;   /* hash of method, subject and arguments, to bind a requestState to */
	uint32_t argument_bytes; /* canonical */
	int gated;          /* was decided: its outcome is recorded */
	int first_page;     /* of a list: asked without cursor */
	int modern;         /* 2026-07-28 or later */
	int cancelled;      /* a reply may or may not come */
	uint32_t next;      /* free list */
	char decision_id[AIM__DECISION_ID_SIZE];
} aim__request;

typedef struct aim__requests {
	const aim_ctx *ctx; /* borrowed */
	aim__map by_id;
	aim__request **items; /* stable addresses: the map borrows their text */
	size_t n_items;
	size_t cap;
	uint32_t free_first;
	uint32_t max;
} aim__requests;

void aim__requests_init(aim__requests *table, const aim_ctx *ctx, uint32_t max);
void aim__requests_dispose(aim__requests *table);
/* A new entry with that id key and subject (copied). AIM_OK, AIM_E_EXISTS (the id is open), AIM_E_LIMIT
 * (too many are open), AIM_E_NOMEM. */
aim_status aim__requests_add(aim__requests *table, aim_bytes id_key, aim_str subject, aim__request **out);
/* NULL when no such request is open. */
aim__request *aim__requests_find(const aim__requests *table, aim_bytes id_key);
/* The entry stays readable until the next add. */
void aim__requests_remove(aim__requests *table, aim__request *request);
size_t aim__requests_count(const aim__requests *table);
/* Some open request, NULL when there is none. */
aim__request *aim__requests_any(const aim__requests *table);

static inline aim_bytes aim__request_id_key(const aim__request *request)
{
	aim_bytes key = {request->text, request->id_len};
	return key;
}

static inline aim_str aim__request_subject(const aim__request *request)
{
	aim_str subject = {(const char *)request->text + request->id_len, request->subject_len};
	return subject;
}

#endif
