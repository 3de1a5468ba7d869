/* tests/unit/backends/place.h — a new folder with a path for one SQLite file, and a context. */
#ifndef AIM_TESTS_BACKENDS_PLACE_H
#define AIM_TESTS_BACKENDS_PLACE_H

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct place {
	test_heap heap;
	aim_ctx *ctx;
	char folder[64];
	char path[96];
	size_t n_opened; /* the test's own */
} place;

static inline int place_setup(void **state)
{
	place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	strcpy(p->folder, "/tmp/aim-store-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/store.db", p->folder);
	p->ctx = test_ctx(&p->heap);
	*state = p;
	return 0;
}

static inline int place_teardown(void **state)
{
	place *p = *state;
	char command[128];
	test_ctx_done(p->ctx, &p->heap);
	snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

#endif
