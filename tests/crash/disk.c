#define _GNU_SOURCE
#include "disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define MAX_FILES 8u
#define MAX_NAME 256u

static void need(int holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "disk: %s\n", what);
	abort();
}

/* ---- state ---- */

typedef enum change_kind { WRITE, TRUNCATE, SYNC, DELETE, MARK } change_kind;

typedef struct change {
	change_kind kind;
	uint32_t file; /* MARK: the mark */
	uint64_t offset; /* TRUNCATE: the size */
	size_t len;
	uint8_t *data;
} change;

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	pthread_mutex_t mutex;
	char names[MAX_FILES][MAX_NAME];
	uint64_t syncs[MAX_FILES];
	uint32_t n_files;
	change *changes;
	size_t n_changes, cap_changes;
	int records;
	uint64_t calls, fail_at;
	disk_fault fault;
	int persists, failed;
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

typedef struct wrapped {
	sqlite3_file base;
	uint32_t id;
	sqlite3_file *real; /* directly behind */
} wrapped;

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((wrapped *)(void *)f)->real;
}

static uint32_t file_id(const char *name)
{
	uint32_t i = 0;
	while (i < disk.n_files && strcmp(disk.names[i], name) != 0)
		i++;
	if (i == disk.n_files) {
		/* Files of earlier tests are forgotten unless a recording needs them. */
		if (i == MAX_FILES && !disk.records)
			i = disk.n_files = 0;
		need(i < MAX_FILES && strlen(name) < MAX_NAME, "too many files");
		(void)snprintf(disk.names[i], MAX_NAME, "%s", name);
		disk.syncs[i] = 0;
		disk.n_files = i + 1;
	}
	return i;
}

static void remember(change_kind kind, uint32_t file, uint64_t offset, const void *data, size_t len)
{
	pthread_mutex_lock(&disk.mutex);
	if (disk.records) {
		if (disk.n_changes == disk.cap_changes) {
			disk.cap_changes = disk.cap_changes ? 2 * disk.cap_changes : 1024;
			disk.changes = realloc(disk.changes, disk.cap_changes * sizeof *disk.changes);
			need(disk.changes != NULL, "out of memory");
		}
		change *c = &disk.changes[disk.n_changes++];
		*c = (change){kind, file, offset, len, NULL};
		if (len) {
			c->data = malloc(len);
			need(c->data != NULL, "out of memory");
			memcpy(c->data, data, len);
		}
	}
	pthread_mutex_unlock(&disk.mutex);
}

/* 1 when this call is to fail. */
static int fails(void)
{
	pthread_mutex_lock(&disk.mutex);
	disk.calls++;
	int now = disk.fail_at && (disk.calls == disk.fail_at || (disk.persists && disk.calls > disk.fail_at));
	disk.failed |= now;
	pthread_mutex_unlock(&disk.mutex);
	return now;
}

static int code_of(int broken)
{
	return disk.fault == DISK_FULL ? SQLITE_FULL : broken;
}

/* A full disk can be read and truncated. */
static int fails_unless_full(void)
{
	return disk.fault == DISK_BROKEN && fails();
}

/* ---- files ---- */

static int disk_close(sqlite3_file *f)
{
	sqlite3_file *real = real_of(f);
	return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int disk_read(sqlite3_file *f, void *out, int len, sqlite3_int64 offset)
{
	if (fails_unless_full())
		return SQLITE_IOERR_READ;
	return real_of(f)->pMethods->xRead(real_of(f), out, len, offset);
}

static int disk_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset)
{
	sqlite3_file *real = real_of(f);
	if (fails()) {
		(void)real->pMethods->xWrite(real, data, len / 2, offset);
		return code_of(SQLITE_IOERR_WRITE);
	}
	remember(WRITE, ((wrapped *)(void *)f)->id, (uint64_t)offset, data, (size_t)len);
	return real->pMethods->xWrite(real, data, len, offset);
}

static int disk_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (fails_unless_full())
		return SQLITE_IOERR_TRUNCATE;
	remember(TRUNCATE, ((wrapped *)(void *)f)->id, (uint64_t)size, NULL, 0);
	return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int disk_sync(sqlite3_file *f, int flags)
{
	wrapped *w = (wrapped *)(void *)f;
	(void)flags;
	if (fails_unless_full())
		return SQLITE_IOERR_FSYNC;
	pthread_mutex_lock(&disk.mutex);
	disk.syncs[w->id]++;
	pthread_mutex_unlock(&disk.mutex);
	remember(SYNC, w->id, 0, NULL, 0);
	return SQLITE_OK;
}

static int disk_size(sqlite3_file *f, sqlite3_int64 *out)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), out);
}

static int disk_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int disk_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int disk_is_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int disk_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int disk_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int disk_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int disk_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), region, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void disk_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int disk_shm_unmap(sqlite3_file *f, int deletes)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), deletes);
}

/* Version 2: no memory maps. */
static const sqlite3_io_methods methods = {
	2, disk_close, disk_read, disk_write, disk_truncate, disk_sync, disk_size, disk_lock, disk_unlock,
	disk_is_reserved, disk_control, disk_sector, disk_traits, disk_shm_map, disk_shm_lock, disk_shm_barrier,
	disk_shm_unmap, NULL, NULL,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	wrapped *w = (wrapped *)(void *)f;
	(void)vfs;
	memset(w, 0, sizeof *w);
	w->real = (sqlite3_file *)(void *)(w + 1);
	if (fails_unless_full())
		return SQLITE_CANTOPEN;
	int rc = disk.real->xOpen(disk.real, name, w->real, flags, out_flags);
	if (rc != SQLITE_OK)
		return rc;
	pthread_mutex_lock(&disk.mutex);
	w->id = file_id(name ? name : "(temporary)");
	pthread_mutex_unlock(&disk.mutex);
	w->base.pMethods = &methods;
	return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int syncs_folder)
{
	(void)vfs;
	if (fails_unless_full())
		return SQLITE_IOERR_DELETE;
	pthread_mutex_lock(&disk.mutex);
	uint32_t id = file_id(name);
	pthread_mutex_unlock(&disk.mutex);
	remember(DELETE, id, 0, NULL, 0);
	return disk.real->xDelete(disk.real, name, syncs_folder);
}

void disk_install(void)
{
	if (disk.real)
		return;
	disk.real = sqlite3_vfs_find(NULL);
	need(disk.real != NULL, "no VFS");
	disk.vfs = *disk.real;
	disk.vfs.pNext = NULL;
	disk.vfs.zName = "test-disk";
	disk.vfs.szOsFile = (int)sizeof(wrapped) + disk.real->szOsFile;
	disk.vfs.xOpen = disk_open;
	disk.vfs.xDelete = disk_delete;
	need(sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK, "cannot register");
}

/* ---- faults and syncs ---- */

void disk_fail(uint64_t nth, disk_fault fault, int persists)
{
	pthread_mutex_lock(&disk.mutex);
	disk.calls = 0;
	disk.fail_at = nth;
	disk.fault = fault;
	disk.persists = persists;
	disk.failed = 0;
	pthread_mutex_unlock(&disk.mutex);
}

uint64_t disk_calls(void)
{
	return disk.calls;
}

int disk_failed(void)
{
	return disk.failed;
}

uint64_t disk_syncs(const char *suffix)
{
	uint64_t n = 0;
	pthread_mutex_lock(&disk.mutex);
	for (uint32_t i = 0; i < disk.n_files; i++) {
		size_t len = strlen(disk.names[i]), end = strlen(suffix);
		if (len >= end && strcmp(disk.names[i] + len - end, suffix) == 0)
			n += disk.syncs[i];
	}
	pthread_mutex_unlock(&disk.mutex);
	return n;
}

/* ---- recording ---- */

void disk_record(void)
{
	disk_record_end();
	for (size_t i = 0; i < disk.n_changes; i++)
		free(disk.changes[i].data);
	disk.n_changes = 0;
	disk.n_files = 0;
	disk.records = 1;
}

void disk_mark(uint32_t mark)
{
	remember(MARK, mark, 0, NULL, 0);
}

void disk_record_end(void)
{
	disk.records = 0;
}

/* ---- power cuts ---- */

typedef struct image {
	uint8_t *bytes;
	size_t len, cap;
	int exists;
} image;

struct disk_walk {
	size_t next;
	uint32_t mark;
	image synced[MAX_FILES];  /* what no cut takes away */
	size_t first[MAX_FILES];  /* changes of the file from here on are not synced */
};

disk_walk *disk_walk_new(void)
{
	disk_walk *w = calloc(1, sizeof *w);
	need(w != NULL, "out of memory");
	return w;
}

void disk_walk_free(disk_walk *w)
{
	for (size_t i = 0; i < MAX_FILES; i++)
		free(w->synced[i].bytes);
	free(w);
}

static void resize(image *m, size_t len)
{
	if (len > m->cap) {
		m->cap = 2 * len;
		m->bytes = realloc(m->bytes, m->cap);
		need(m->bytes != NULL, "out of memory");
	}
	if (len > m->len)
		memset(m->bytes + m->len, 0, len - m->len);
	m->len = len;
}

static void apply(image *m, const change *c)
{
	m->exists = c->kind != DELETE;
	if (c->kind == DELETE)
		m->len = 0;
	if (c->kind == TRUNCATE)
		resize(m, (size_t)c->offset);
	if (c->kind == WRITE) {
		if (c->offset + c->len > m->len)
			resize(m, (size_t)c->offset + c->len);
		memcpy(m->bytes + c->offset, c->data, c->len);
	}
}

int disk_walk_next(disk_walk *w)
{
	if (w->next == disk.n_changes)
		return 0;
	const change *c = &disk.changes[w->next++];
	if (c->kind == MARK) {
		w->mark = c->file;
		return 1;
	}
	/* A file that is gone is gone; what it held does not come back. */
	if (c->kind != SYNC && c->kind != DELETE)
		return 1;
	for (size_t i = w->first[c->file]; i < w->next; i++)
		if (disk.changes[i].kind != MARK && disk.changes[i].kind != SYNC &&
		    disk.changes[i].file == c->file)
			apply(&w->synced[c->file], &disk.changes[i]);
	w->first[c->file] = w->next;
	return 1;
}

uint32_t disk_walk_mark(const disk_walk *w)
{
	return w->mark;
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* How a cut treats what was not synced; one way per cut. */
enum way { ALL_GONE, ALL_THERE, SOME_WRITES, SOME_SECTORS, SOME_SECTORS_AND_GARBAGE, N_WAYS };

static void apply_sectors(image *m, const change *c, enum way way, uint64_t *random)
{
	for (size_t at = 0; at < c->len;) {
		size_t n = SECTOR - (c->offset + at) % SECTOR;
		n = n < c->len - at ? n : c->len - at;
		change part = {WRITE, c->file, c->offset + at, n, c->data + at};
		if (draw(random) % 2) {
			apply(m, &part);
		} else if (way == SOME_SECTORS_AND_GARBAGE && part.offset >= m->len) {
			uint8_t garbage[SECTOR];
			for (size_t i = 0; i < n; i++)
				garbage[i] = (uint8_t)draw(random);
			part.data = garbage;
			apply(m, &part);
		}
		at += n;
	}
}

static void lose(image *m, const change *c, enum way way, uint64_t *random)
{
	if (way == ALL_GONE || c->kind == SYNC || c->kind == MARK)
		return;
	if (way == ALL_THERE)
		apply(m, c);
	else if (c->kind == WRITE && way != SOME_WRITES)
		apply_sectors(m, c, way, random);
	else if (draw(random) % 2)
		apply(m, c);
}

static void save(const image *m, const char *path)
{
	FILE *file = fopen(path, "wb");
	need(file && fwrite(m->bytes, 1, m->len, file) == m->len && fclose(file) == 0, "cannot write");
}

void disk_walk_cut(const disk_walk *w, uint64_t seed, const char *path)
{
	uint64_t random = seed * 0x9E3779B97F4A7C15u + 1;
	enum way way = (enum way)(seed % N_WAYS);
	size_t stem = SIZE_MAX; /* of the recorded names: the shortest is the database */
	for (uint32_t i = 0; i < disk.n_files; i++)
		stem = strlen(disk.names[i]) < stem ? strlen(disk.names[i]) : stem;
	for (uint32_t i = 0; i < disk.n_files; i++) {
		image m = {NULL, 0, 0, w->synced[i].exists};
		char name[2 * MAX_NAME];
		resize(&m, w->synced[i].len);
		if (m.len)
			memcpy(m.bytes, w->synced[i].bytes, m.len);
		for (size_t k = w->first[i]; k < w->next; k++)
			if (disk.changes[k].kind != MARK && disk.changes[k].file == i)
				lose(&m, &disk.changes[k], way, &random);
		(void)snprintf(name, sizeof name, "%s%s", path, disk.names[i] + stem);
		if (m.exists)
			save(&m, name);
		free(m.bytes);
	}
}
