/* tests/unit/identity/door.h — a house whose store has a door: others may change records, and reads and writes may
 * fail, between what the library reads and what it writes. */
#ifndef AIM_TESTS_IDENTITY_DOOR_H
#define AIM_TESTS_IDENTITY_DOOR_H

#include "house.h"

#include <aim/plugin/store.h>

typedef struct door {
	aim_store_engine inner;       /* the memory engine */
	void (*before_apply)(void *); /* runs in front of the next `times` groups, as another process would */
	void *before_user;
	int times;
	char key[128];       /* by touch_key(): the key that is written again */
	size_t n_gets;       /* reads of single keys so far */
	size_t n_applies;    /* groups that were written */
	size_t fail_get_at;  /* the n-th of them from now on fails (1 …); 0: none */
	aim_status fail_get; /* with this */
	aim_status fail_scan;
	aim_status fail_apply;
} door;

/* house.registry goes through the door; rival works on the same store directly. */
typedef struct busy_house {
	house h;
	door d;
	aim_store *store;
	aim_audit *log;
	aim_registry *rival;
} busy_house;

void busy_open(busy_house *b);
void busy_close(busy_house *b);

/* Lets another process go first: function(user) in front of the next `times` groups. */
void door_rival(door *d, void (*function)(void *), void *user, int times);
/* The same: the value that is at d->key is written once more. Its version moves, its meaning does not. */
void door_touch(door *d, int times);

#endif
