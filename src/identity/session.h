/* identity/session.h — sessions as they are stored, and one change of several of them. */
#ifndef AIM_IDENTITY_SESSION_H
#define AIM_IDENTITY_SESSION_H

#include "identity/subject.h"

#include <aim/agent.h>
#include <aim/session.h>

#define AIM__SESSION_ID_PREFIX "ses_"
#define AIM__SESSION_BY_AGENT "session/"
#define AIM__SESSION_BY_TOKEN "session-token/"
/* One key for each agent, written by whatever decides who may have a session: its version is what counts. */
#define AIM__SESSION_GUARD "session-guard/"

typedef struct aim__session {
	aim_str id, agent, name_space, user;
	uint8_t token_hash[32];
	int64_t created_us, expires_us;
	uint64_t version; /* of the record */
} aim__session;

aim_status aim__session_now(const aim_registry *registry, int64_t *out, aim_error *err);
/* AIM_E_ID_STATUS when the agent is not active. */
aim_status aim__session_agent_active(aim_registry *registry, aim_str id, int64_t now_us, aim_error *err);
aim_status aim__session_key(aim_buf *key, aim_str agent, aim_str id, aim_error *err);
aim_status aim__session_token_key(aim_buf *key, const uint8_t hash[32], aim_error *err);
/* The session of a row that was parsed; text goes into arena. */
aim_status aim__session_read(aim__record *row, aim_bytes key, aim__arena *arena, aim__session *out,
                             int *out_visible, aim_error *err);

/* A session found by its token, and its keys. Confined. */
typedef struct aim__session_found {
	aim__record row;
	aim__arena arena;
	aim_buf key, token_key;
	aim__session session;
} aim__session_found;

void aim__session_found_init(aim__session_found *f, aim_registry *registry);
void aim__session_found_dispose(aim__session_found *f);
/* AIM_E_NOT_FOUND also for what is no token. Says nothing of expiry. */
aim_status aim__session_find(aim__session_found *f, aim_registry *registry, aim_str token, aim_error *err);

/* ---- session_change.c ---- */

/* Sessions, oldest first, expired ones too. Creating keeps an agent's within AIM_SESSION_MAX. */
#define AIM__SESSION_LIST_MAX AIM_SESSION_MAX
typedef struct aim__session_list {
	aim_registry *registry;
	aim__arena arena;
	size_t n;
	aim__session items[AIM__SESSION_LIST_MAX];
} aim__session_list;

void aim__session_list_init(aim__session_list *list, aim_registry *registry);
void aim__session_list_dispose(aim__session_list *list);
/* As many as the list holds, from the oldest on: of an agent, or of all (agent empty) those that ended by ended_us. */
aim_status aim__session_list_load(aim__session_list *list, aim_str agent, int64_t ended_us, aim_error *err);

/* Operations on sessions and the records of them. Spans are borrowed until the commit. */
#define AIM__SESSION_OPS (2u * AIM__SESSION_LIST_MAX + 3u)
#define AIM__SESSION_RECORDS (AIM__SESSION_LIST_MAX + 1u)
typedef struct aim__session_batch {
	aim_registry *registry;
	aim__arena arena; /* owns keys and values */
	aim_buf key, value;
	size_t n_ops, n_records;
	aim_store_op *ops;         /* AIM__SESSION_OPS */
	aim_audit_record *records; /* AIM__SESSION_RECORDS */
} aim__session_batch;

/* Also to be disposed of after a failure. AIM_OK, AIM_E_NOMEM. */
aim_status aim__session_batch_init(aim__session_batch *b, aim_registry *registry, aim_error *err);
void aim__session_batch_dispose(aim__session_batch *b);
void aim__session_batch_clear(aim__session_batch *b);
/* Where the key of the next operation is written. */
aim_buf *aim__session_batch_key(aim__session_batch *b);
aim_status aim__session_batch_put(aim__session_batch *b, uint32_t kind, uint64_t version, int64_t expires_at_us,
                                  const aim__fields *table, const void *record, aim_error *err);
/* Reads the agent's guard and moves it on: of two changes that read it at once, one is a conflict. */
aim_status aim__session_batch_guard(aim__session_batch *b, aim_str agent, aim_error *err);
/* Ends a session, with a record of the action. */
aim_status aim__session_batch_end(aim__session_batch *b, const aim__session *s, const char *action, aim_str actor,
                                  int64_t now_us, aim_error *err);
void aim__session_batch_record(aim__session_batch *b, const char *action, aim_str agent, aim_str id, aim_str user,
                               int64_t now_us);
aim_status aim__session_batch_commit(aim__session_batch *b, aim_error *err);

/* Ends expired sessions of the list, and the oldest others until at most `left` remain. AIM_E_LIMIT when flags hold
 * AIM_SESSION_REFUSE and others would have to go. */
aim_status aim__session_make_room(aim__session_batch *b, const aim__session_list *list, size_t left,
                                  uint32_t flags, int64_t now_us, aim_error *err);

#endif
