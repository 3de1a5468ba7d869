/* backends/sqlite_turn.c — whose turn it is to write. Layer backends.
 *
 * SQLite's write lock has no queue: who has just written takes it again before those who sleep have
 * looked, and the longer a sync takes the smaller is their chance. So writers first take the turn, a
 * flock() on the -wal file, and hold it only until they have the write lock. Who has just written then
 * finds the turn taken and sleeps like the others. SQLite itself has no locks on the -wal file, so that
 * closing a descriptor of it gives none of them up. Only fairness depends on the turn: where it cannot
 * be taken for another reason than that somebody has it, writers go on without. */
#define _GNU_SOURCE
#include "backends/sqlite.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int aim__sqlite_turn_open(const char *wal_path)
{
	return open(wal_path, O_RDONLY | O_CLOEXEC);
}

void aim__sqlite_turn_close(int turn)
{
	if (turn >= 0)
		(void)close(turn);
}

static int is_taken(int turn)
{
	return flock(turn, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR);
}

/* Changes with each transaction of another connection. */
static aim_status read_progress(aim__sqlite_connection *c, int64_t *out, aim_error *err)
{
	return aim__sqlite_number(c, "PRAGMA data_version", out, err);
}

/* As long as others get on, the turn goes round and comes here, too: only when nobody has written
 * anything for the whole time is the store locked. */
static aim_status wait_for_turn(aim__sqlite *s, aim_error *err)
{
	aim__sqlite_connection *c = &s->writer;
	int64_t before, now;
	uint32_t waited_ms = 0;
	aim_status rc = read_progress(c, &before, err);
	for (int n = 0; rc == AIM_OK && is_taken(s->turn); n++) {
		waited_ms += aim__sqlite_wait(n);
		if (waited_ms < s->busy_timeout_ms)
			continue;
		rc = read_progress(c, &now, err);
		if (rc == AIM_OK && now == before)
			return aim__fail(err, AIM_E_STORE_LOCKED, AIM_LAYER_BACKENDS,
			                 "cannot write %s: another process has its turn for too long", s->path);
		before = now;
		waited_ms = 0;
	}
	return rc;
}

aim_status aim__sqlite_turn_take(aim__sqlite *s, aim_error *err)
{
	return s->turn >= 0 && is_taken(s->turn) ? wait_for_turn(s, err) : AIM_OK;
}

void aim__sqlite_turn_give(const aim__sqlite *s)
{
	if (s->turn >= 0)
		(void)flock(s->turn, LOCK_UN);
}
