/* cli/aim_guard/sessions.c — the guards of aim-guard http. */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>

int sessions_init(sessions *s, program *p, unsigned max, int64_t idle_ms)
{
	memset(s, 0, sizeof *s);
	s->p = p;
	s->max = max;
	s->idle_ms = idle_ms;
	return pthread_mutex_init(&s->lock, NULL) == 0 ? 0 : -1;
}

/* The guard records that it closes; nobody else knows of it any more. */
static void destroy(session *one)
{
	(void)aim_guard_end(one->guard, AIM_GUARD_CLIENT, NULL);
	(void)aim_guard_end(one->guard, AIM_GUARD_SERVER, NULL);
	aim_guard_free(one->guard);
	pthread_mutex_destroy(&one->lock);
	free(one);
}

static void unlink_one(sessions *s, session *one)
{
	for (session **at = &s->first; *at; at = &(*at)->next)
		if (*at == one) {
			*at = one->next;
			s->n--;
			return;
		}
}

/* A session that is in use at this moment waits for the next time. */
session *session_find(sessions *s, const char *id)
{
	pthread_mutex_lock(&s->lock);
	session *one = s->first;
	while (one && (one->is_over || strcmp(one->id, id) != 0 || !id[0]))
		one = one->next;
	if (one)
		one->n_users++;
	pthread_mutex_unlock(&s->lock);
	return one;
}

static session *take_free(sessions *s)
{
	for (session *one = s->first; one; one = one->next)
		if (one->n_users == 0 && !one->id[0] && !one->is_over) {
			one->n_users = 1;
			return one;
		}
	return NULL;
}

static session *make(sessions *s, aim_status *out_rc)
{
	session *one = calloc(1, sizeof *one);
	*out_rc = AIM_E_NOMEM;
	if (!one)
		return NULL;
	*out_rc = make_guard(s->p, &one->guard);
	if (*out_rc != AIM_OK || pthread_mutex_init(&one->lock, NULL) != 0) {
		aim_guard_free(one->guard);
		free(one);
		return NULL;
	}
	one->n_users = 1;
	return one;
}

session *session_borrow(sessions *s, aim_status *out_rc)
{
	*out_rc = AIM_OK;
	pthread_mutex_lock(&s->lock);
	session *one = take_free(s);
	int is_full = !one && s->n >= s->max;
	s->n += !one && !is_full; /* the place is taken before the guard is made without the lock */
	pthread_mutex_unlock(&s->lock);
	if (one || is_full) {
		*out_rc = one ? AIM_OK : AIM_E_LIMIT;
		return one;
	}
	one = make(s, out_rc);
	pthread_mutex_lock(&s->lock);
	if (one) {
		one->next = s->first;
		s->first = one;
	} else {
		s->n--;
	}
	pthread_mutex_unlock(&s->lock);
	return one;
}

int session_name(sessions *s, session *one, const char *id)
{
	int rc = strlen(id) <= SESSION_ID_MAX && id[0] ? 0 : -1;
	pthread_mutex_lock(&s->lock);
	for (session *other = s->first; other && rc == 0; other = other->next)
		if (other != one && strcmp(other->id, id) == 0)
			rc = -1;
	if (rc == 0 && !one->id[0])
		memcpy(one->id, id, strlen(id) + 1);
	else if (rc == 0 && strcmp(one->id, id) != 0)
		rc = -1;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void session_end(sessions *s, session *one)
{
	pthread_mutex_lock(&s->lock);
	one->is_over = 1;
	pthread_mutex_unlock(&s->lock);
}

/* Its last user frees what is over. */
static void give_back(sessions *s, session *one, int was_used)
{
	pthread_mutex_lock(&s->lock);
	one->n_users--;
	if (was_used)
		one->idle_since = now_ms();
	int is_last = one->is_over && one->n_users == 0;
	if (is_last)
		unlink_one(s, one);
	pthread_mutex_unlock(&s->lock);
	if (is_last)
		destroy(one);
}

void session_release(sessions *s, session *one)
{
	if (one)
		give_back(s, one, 1);
}

/* The next one of this round, held so that it stays. */
static session *take_next(sessions *s)
{
	pthread_mutex_lock(&s->lock);
	session *one = s->first;
	while (one && (one->is_over || one->round == s->round))
		one = one->next;
	if (one) {
		one->round = s->round;
		one->n_users++;
	}
	pthread_mutex_unlock(&s->lock);
	return one;
}

/* Writing may take its time: meanwhile nobody else waits, neither for the list nor, where it is in use, for the guard. */
aim_status sessions_poll(sessions *s, int64_t now_us, aim_error *err)
{
	aim_status first = AIM_OK;
	s->round++; /* of the one thread that polls */
	for (session *one; (one = take_next(s));) {
		if (pthread_mutex_trylock(&one->lock) == 0) {
			aim_status rc = aim_guard_poll(one->guard, now_us, first == AIM_OK ? err : NULL);
			first = first == AIM_OK ? rc : first;
			pthread_mutex_unlock(&one->lock);
		}
		give_back(s, one, 0);
	}
	return first;
}

void sessions_sweep(sessions *s, int everything)
{
	int64_t now = now_ms();
	session *idle = NULL;
	pthread_mutex_lock(&s->lock);
	for (session **at = &s->first; *at;) {
		session *one = *at;
		if (one->n_users || (!everything && now - one->idle_since < s->idle_ms)) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		s->n--;
		one->next = idle;
		idle = one;
	}
	pthread_mutex_unlock(&s->lock);
	while (idle) {
		session *one = idle;
		idle = one->next;
		destroy(one);
	}
}
