/* A sorted table of bytes for aim_store_table_wrap(): the library's own skip list, which outlives the engine,
 * and whose next write can be made to fail. */
#ifndef AIM_TESTS_STORE_SORTED_H
#define AIM_TESTS_STORE_SORTED_H

#include <aim/plugin/store_table.h>

#include "support.h"

#include "store/skiplist.h"

typedef struct sorted {
	aim__skip list;
	int n_closed;
	aim_status write_status; /* AIM_OK: write */
} sorted;

static inline aim_status sorted_walk(void *user, aim_bytes from, aim_store_row row, void *row_user, aim_error *err)
{
	sorted *s = user;
	aim_status rc = AIM_OK;
	(void)err;
	for (const aim__skip_node *n = aim__skip_seek(&s->list, from, 0); rc == AIM_OK && n; n = aim__skip_next(n))
		rc = row(row_user, aim__skip_key(n), aim__skip_value(n), 0, 0);
	return rc;
}

static inline aim_status sorted_write(void *user, const aim_store_entry *entries, size_t n, aim_error *err)
{
	sorted *s = user;
	aim__skip_node *nodes[4096] = {NULL};
	aim_status rc = s->write_status;
	(void)err;
	assert_true(n <= 4096);
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		assert_true(entries[i].key.len > 0 && entries[i].key.len <= AIM_STORE_TABLE_MAX_KEY_BYTES);
		nodes[i] = aim__skip_node_new(&s->list, entries[i].key, entries[i].value);
		rc = nodes[i] ? AIM_OK : AIM_E_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		aim__skip_node *old = rc == AIM_OK ? aim__skip_find(&s->list, entries[i].key) : NULL;
		if (old)
			aim__skip_remove(&s->list, old);
		if (rc == AIM_OK && !(entries[i].flags & AIM_STORE_TABLE_REMOVE))
			aim__skip_link(&s->list, nodes[i]);
		else
			aim__skip_node_free(&s->list, nodes[i]);
	}
	return rc;
}

static inline void sorted_close(void *user)
{
	sorted *s = user;
	s->n_closed++;
}

static inline aim_store_table sorted_table(sorted *s)
{
	return (aim_store_table){sizeof(aim_store_table), 0, sorted_walk, sorted_write, s, sorted_close};
}

#endif
