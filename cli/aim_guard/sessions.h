/* cli/aim_guard/sessions.h — the guards of aim-guard http. A session of the server's (Mcp-Session-Id) has one guard,
 * shared by its requests; a request without session borrows one for itself. Every function may be called from any
 * thread. */
#ifndef AIM_GUARD_SESSIONS_H
#define AIM_GUARD_SESSIONS_H

#include "program.h"

#include <pthread.h>

#define SESSION_ID_MAX 256u

typedef struct session {
	struct session *next;
	aim_guard *guard;
	pthread_mutex_t lock; /* held while the guard is used */
	char id[SESSION_ID_MAX + 1]; /* empty: none */
	unsigned n_users;
	int64_t idle_since;
	int is_over; /* freed by its last user */
	unsigned round; /* of polling, that it was last part of */
} session;

typedef struct sessions {
	program *p;
	pthread_mutex_t lock; /* of the list, and of every field of a session but guard */
	session *first;
	unsigned n;
	unsigned max;
	int64_t idle_ms;
	unsigned round;
} sessions;

int sessions_init(sessions *s, program *p, unsigned max, int64_t idle_ms);
/* The session of that id; NULL when there is none. */
session *session_find(sessions *s, const char *id);
/* A guard that nobody else uses. NULL when there are too many, or none can be made: then *out_rc says why. */
session *session_borrow(sessions *s, aim_status *out_rc);
/* The server gave the session a name. An id that another session has, or that is too long, is refused: −1. */
int session_name(sessions *s, session *one, const char *id);
/* The client or the server ended it. */
void session_end(sessions *s, session *one);
/* Every session that was found or borrowed is given back once. */
void session_release(sessions *s, session *one);
/* aim_guard_poll() on each session that nobody uses at this moment. The first failure. */
aim_status sessions_poll(sessions *s, int64_t now_us, aim_error *err);
/* Frees those that nobody has used for idle_ms, or all when everything is over. */
void sessions_sweep(sessions *s, int everything);

#endif
