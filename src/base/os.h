/* base/os.h — the only door to the operating system inside the library: clocks, random bytes, mutex
 * and condition variable. Implemented once per system (os_posix.c). */
#ifndef AIM_BASE_OS_H
#define AIM_BASE_OS_H

#include <aim/plugin/allocator.h>
#include <aim/plugin/clock.h>
#include <aim/plugin/random.h>

typedef struct aim__mutex {
	_Alignas(16) unsigned char storage[64];
} aim__mutex;

typedef struct aim__cond {
	_Alignas(16) unsigned char storage[64];
} aim__cond;

aim_status aim__mutex_init(aim__mutex *mutex);
void aim__mutex_dispose(aim__mutex *mutex);
void aim__mutex_lock(aim__mutex *mutex);
void aim__mutex_unlock(aim__mutex *mutex);

aim_status aim__cond_init(aim__cond *cond);
void aim__cond_dispose(aim__cond *cond);
/* May wake without a signal: test the condition in a loop. */
void aim__cond_wait(aim__cond *cond, aim__mutex *mutex);
void aim__cond_broadcast(aim__cond *cond);

/* The built-in plug-ins. */
extern const aim_allocator aim__os_allocator;
extern const aim_clock aim__os_clock;
extern const aim_random aim__os_random;

#endif
