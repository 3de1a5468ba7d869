/* base/os_posix.c — POSIX clocks, random bytes, mutex and condition variable. Layer base; the only
 * file below backends that includes system headers of this kind. */
#define _GNU_SOURCE
#include "base/os.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(aim__mutex), "mutex storage too small");
_Static_assert(sizeof(pthread_cond_t) <= sizeof(aim__cond), "condition storage too small");

static pthread_mutex_t *mutex_of(aim__mutex *mutex)
{
	return (pthread_mutex_t *)(void *)mutex->storage;
}

static pthread_cond_t *cond_of(aim__cond *cond)
{
	return (pthread_cond_t *)(void *)cond->storage;
}

aim_status aim__mutex_init(aim__mutex *mutex)
{
	return pthread_mutex_init(mutex_of(mutex), NULL) == 0 ? AIM_OK : AIM_E_NOMEM;
}

void aim__mutex_dispose(aim__mutex *mutex)
{
	pthread_mutex_destroy(mutex_of(mutex));
}

void aim__mutex_lock(aim__mutex *mutex)
{
	pthread_mutex_lock(mutex_of(mutex));
}

void aim__mutex_unlock(aim__mutex *mutex)
{
	pthread_mutex_unlock(mutex_of(mutex));
}

aim_status aim__cond_init(aim__cond *cond)
{
	return pthread_cond_init(cond_of(cond), NULL) == 0 ? AIM_OK : AIM_E_NOMEM;
}

void aim__cond_dispose(aim__cond *cond)
{
	pthread_cond_destroy(cond_of(cond));
}

void aim__cond_wait(aim__cond *cond, aim__mutex *mutex)
{
	pthread_cond_wait(cond_of(cond), mutex_of(mutex));
}

void aim__cond_broadcast(aim__cond *cond)
{
	pthread_cond_broadcast(cond_of(cond));
}

static void *os_alloc(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void *os_resize(void *user, void *ptr, size_t old_size, size_t new_size)
{
	(void)user;
	(void)old_size;
	return realloc(ptr, new_size);
}

static void os_free(void *user, void *ptr, size_t size)
{
	(void)user;
	(void)size;
	free(ptr);
}

static aim_status read_clock(clockid_t id, int64_t *out_us)
{
	struct timespec t;
	if (clock_gettime(id, &t) != 0)
		return AIM_E_CLOCK;
	*out_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	return AIM_OK;
}

static aim_status os_now_us(void *user, int64_t *out_us)
{
	(void)user;
	return read_clock(CLOCK_REALTIME, out_us);
}

static aim_status os_steady_us(void *user, int64_t *out_us)
{
	(void)user;
	return read_clock(CLOCK_MONOTONIC, out_us);
}

static aim_status os_fill(void *user, void *out, size_t len)
{
	(void)user;
	uint8_t *p = out;
	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return AIM_E_RANDOM;
		p += n;
		len -= (size_t)n;
	}
	return AIM_OK;
}

const aim_allocator aim__os_allocator = {
	sizeof(aim_allocator), 0, os_alloc, os_resize, os_free, NULL, NULL,
};
const aim_clock aim__os_clock = {sizeof(aim_clock), 0, os_now_us, os_steady_us, NULL, NULL};
const aim_random aim__os_random = {sizeof(aim_random), 0, os_fill, NULL, NULL};
