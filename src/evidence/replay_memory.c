/* evidence/replay_memory.c — the replay guard's memory: entries in a heap with the oldest on top, found
 * through an index, and a count for each key. Layer evidence.
 *
 * All entries live equally long after their timestamp, so the oldest is always the next that is due. */
#include "evidence/replay.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/os.h"
#include "evidence/tag_index.h"

#include <string.h>

#define FIRST_ENTRIES 64u
#define FIRST_OWNERS 8u
/* Due entries thrown away per insert: more than come in, so a backlog shrinks, and no caller waits long. */
#define PURGE_PER_INSERT 4u

typedef struct entry {
	uint8_t tag[AIM__REPLAY_TAG_LEN]; /* first, for the index */
	int64_t timestamp_us;
	uint32_t owner;
	uint32_t reserved;
} entry;

_Static_assert(sizeof(entry) == 32, "an entry is 32 bytes");

/* A key with live nonces. Without, its place is on the list of free ones. */
typedef struct owner {
	uint8_t tag[AIM__REPLAY_TAG_LEN]; /* first, for the index */
	uint32_t n;
	uint32_t next_free;
} owner;

typedef struct memory {
	aim_ctx *ctx; /* borrowed from the handle */
	aim__mutex lock;
	aim__replay_rules rules;
	int64_t floor_us;  /* 1 past the newest timestamp that was forgotten */
	int64_t newest_us; /* of all that was ever remembered; 0: nothing */
	entry *entries;    /* a heap by timestamp */
	size_t n_entries, cap_entries;
	aim__tag_index entry_index;
	owner *owners;
	size_t n_owners, cap_owners;
	uint32_t free_owner;
	aim__tag_index owner_index;
} memory;

aim_status aim__replay_memory_new(aim_ctx *ctx, const aim__replay_rules *rules, void **out)
{
	memory *m = aim__alloc_zeroed(ctx, sizeof *m);
	if (!m)
		return AIM_E_NOMEM;
	aim_status rc = aim__mutex_init(&m->lock);
	if (rc != AIM_OK) {
		aim__free(ctx, m, sizeof *m);
		return rc;
	}
	m->ctx = ctx;
	m->rules = *rules;
	m->free_owner = AIM__TAG_NONE;
	aim__tag_index_init(&m->entry_index, ctx, sizeof(entry));
	aim__tag_index_init(&m->owner_index, ctx, sizeof(owner));
	*out = m;
	return AIM_OK;
}

static void memory_close(void *home)
{
	memory *m = home;
	aim__tag_index_dispose(&m->entry_index);
	aim__tag_index_dispose(&m->owner_index);
	aim__free(m->ctx, m->entries, m->cap_entries * sizeof *m->entries);
	aim__free(m->ctx, m->owners, m->cap_owners * sizeof *m->owners);
	aim__mutex_dispose(&m->lock);
	aim__free(m->ctx, m, sizeof *m);
}

/* ---- the heap ---- */

static void swap(memory *m, size_t a, size_t b)
{
	aim__tag_index_swap(&m->entry_index, m->entries, (uint32_t)a, (uint32_t)b);
	const entry held = m->entries[a];
	m->entries[a] = m->entries[b];
	m->entries[b] = held;
}

static int is_older(const memory *m, size_t a, size_t b)
{
	return m->entries[a].timestamp_us < m->entries[b].timestamp_us;
}

static void sift_up(memory *m, size_t at)
{
	for (; at > 0 && is_older(m, at, (at - 1) / 2); at = (at - 1) / 2)
		swap(m, at, (at - 1) / 2);
}

static void sift_down(memory *m, size_t at)
{
	for (;;) {
		size_t oldest = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < m->n_entries && is_older(m, child, oldest))
				oldest = child;
		if (oldest == at)
			return;
		swap(m, at, oldest);
		at = oldest;
	}
}

/* ---- forgetting ---- */

static void release_owner(memory *m, uint32_t position)
{
	owner *o = &m->owners[position];
	if (--o->n > 0)
		return;
	aim__tag_index_remove(&m->owner_index, m->owners, position);
	o->next_free = m->free_owner;
	m->free_owner = position;
}

static void forget_oldest(memory *m)
{
	const entry oldest = m->entries[0];
	if (m->floor_us <= oldest.timestamp_us)
		m->floor_us = oldest.timestamp_us + 1;
	if (m->n_entries > 1)
		swap(m, 0, m->n_entries - 1);
	aim__tag_index_remove(&m->entry_index, m->entries, (uint32_t)(m->n_entries - 1));
	m->n_entries--;
	sift_down(m, 0);
	release_owner(m, oldest.owner);
}

static int is_due(const memory *m, int64_t now_us)
{
	return m->n_entries > 0 && now_us > m->entries[0].timestamp_us + m->rules.window_us;
}

static void purge(memory *m, int64_t now_us, size_t most)
{
	for (; most > 0 && is_due(m, now_us); most--)
		forget_oldest(m);
}

/* ---- remembering ---- */

static aim_status look(const memory *m, const aim__replay_item *item)
{
	if (item->timestamp_us < m->floor_us)
		return AIM_E_STALE;
	return aim__tag_index_find(&m->entry_index, m->entries, item->nonce) == AIM__TAG_NONE ? AIM_OK
	                                                                                      : AIM_E_REPLAY;
}

/* A place for a key that has none; not in the index yet. */
static aim_status new_owner(memory *m, const uint8_t *tag, uint32_t *out)
{
	void *owners = m->owners;
	aim_status rc = aim__tag_index_reserve(&m->owner_index, m->owners);
	if (rc == AIM_OK && m->free_owner == AIM__TAG_NONE)
		rc = aim__grow(m->ctx, &owners, &m->cap_owners, m->n_owners + 1, sizeof *m->owners,
		               FIRST_OWNERS, 0);
	m->owners = owners;
	if (rc != AIM_OK)
		return rc;
	if (m->free_owner != AIM__TAG_NONE) {
		*out = m->free_owner;
		m->free_owner = m->owners[*out].next_free;
	} else {
		*out = (uint32_t)m->n_owners++;
	}
	owner *o = &m->owners[*out];
	memset(o, 0, sizeof *o);
	memcpy(o->tag, tag, sizeof o->tag);
	aim__tag_index_add(&m->owner_index, m->owners, *out);
	return AIM_OK;
}

static aim_status reserve_entry(memory *m)
{
	void *entries = m->entries;
	aim_status rc = aim__tag_index_reserve(&m->entry_index, m->entries);
	if (rc == AIM_OK)
		rc = aim__grow(m->ctx, &entries, &m->cap_entries, m->n_entries + 1, sizeof *m->entries,
		               FIRST_ENTRIES, (size_t)m->rules.max_nonces);
	m->entries = entries;
	return rc;
}

static int is_full(const memory *m, uint32_t position)
{
	return m->n_entries >= m->rules.max_nonces ||
	       (position != AIM__TAG_NONE && m->owners[position].n >= m->rules.max_per_key);
}

static uint32_t find_owner(const memory *m, const aim__replay_item *item)
{
	return aim__tag_index_find(&m->owner_index, m->owners, item->scope);
}

static aim_status insert(memory *m, const aim__replay_item *item)
{
	purge(m, item->now_us, PURGE_PER_INSERT);
	while (is_full(m, find_owner(m, item)) && is_due(m, item->now_us))
		forget_oldest(m);
	aim_status rc = look(m, item);
	if (rc != AIM_OK)
		return rc;
	uint32_t position = find_owner(m, item);
	if (is_full(m, position))
		return AIM_E_REPLAY_FULL;
	rc = reserve_entry(m);
	if (rc == AIM_OK && position == AIM__TAG_NONE)
		rc = new_owner(m, item->scope, &position);
	if (rc != AIM_OK)
		return rc;
	entry *e = &m->entries[m->n_entries];
	*e = (entry){.timestamp_us = item->timestamp_us, .owner = position};
	memcpy(e->tag, item->nonce, sizeof e->tag);
	aim__tag_index_add(&m->entry_index, m->entries, (uint32_t)m->n_entries);
	m->owners[position].n++;
	if (m->newest_us < item->timestamp_us)
		m->newest_us = item->timestamp_us;
	sift_up(m, m->n_entries++);
	return AIM_OK;
}

/* ---- what the handle calls ---- */

static aim_status memory_look(void *home, const aim__replay_item *item, aim_error *err)
{
	memory *m = home;
	(void)err;
	aim__mutex_lock(&m->lock);
	aim_status rc = look(m, item);
	aim__mutex_unlock(&m->lock);
	return rc;
}

static aim_status memory_insert(void *home, const aim__replay_item *item, aim_error *err)
{
	memory *m = home;
	(void)err;
	aim__mutex_lock(&m->lock);
	aim_status rc = insert(m, item);
	aim__mutex_unlock(&m->lock);
	return rc;
}

static aim_status memory_purge(void *home, int64_t now_us, aim_error *err)
{
	memory *m = home;
	(void)err;
	aim__mutex_lock(&m->lock);
	purge(m, now_us, SIZE_MAX);
	aim__mutex_unlock(&m->lock);
	return AIM_OK;
}

static aim_status memory_stats(void *home, aim_replay_stats *out, aim_error *err)
{
	memory *m = home;
	(void)err;
	aim__mutex_lock(&m->lock);
	out->n_nonces = m->n_entries;
	out->floor_us = m->floor_us;
	out->restart_floor_us = m->newest_us > 0 ? m->newest_us + 1 : 0;
	aim__mutex_unlock(&m->lock);
	return AIM_OK;
}

const aim__replay_home aim__replay_memory = {memory_look, memory_insert, memory_purge, memory_stats,
                                             memory_close};
