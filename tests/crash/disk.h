/* tests/crash/disk.h — a VFS around SQLite's own that remembers what was written and synced, so that a test
 * can make the files that a power cut would have left; that fails calls; and that counts syncs. Nothing is really
 * synced: the machine under the test stays on. */
#ifndef AIM_TESTS_DISK_H
#define AIM_TESTS_DISK_H

#include <stddef.h>
#include <stdint.h>

/* Becomes the default of every connection opened from here on. */
void disk_install(void);

/* ---- faults ---- */

/* The n-th call from now on (from 1) that reads, writes, syncs, truncates, opens or deletes fails, as a full disk
 * or a broken one would; when it persists, so do all behind it. 0: none. A write that fails has written half. */
typedef enum disk_fault { DISK_BROKEN, DISK_FULL } disk_fault;
void disk_fail(uint64_t nth, disk_fault fault, int persists);
/* Calls since disk_fail() that could have failed, and whether one did. */
uint64_t disk_calls(void);
int disk_failed(void);

/* ---- syncs ---- */

/* Of files whose name ends so, since the program began. */
uint64_t disk_syncs(const char *suffix);

/* ---- power cuts ---- */

/* From here on every change is remembered; end with disk_record_end(). */
void disk_record(void);
/* Puts a number between the changes: what was acknowledged. */
void disk_mark(uint32_t mark);
void disk_record_end(void);

/* A walk through what was remembered: next() does one change more; 0 at the end. */
typedef struct disk_walk disk_walk;
disk_walk *disk_walk_new(void);
void disk_walk_free(disk_walk *w);
int disk_walk_next(disk_walk *w);
/* The last mark that was passed, 0 at the beginning. */
uint32_t disk_walk_mark(const disk_walk *w);
/* Writes the files as a power cut here could have left them: of what was not synced, sectors that are there and
 * sectors that are not, as the seed wants. path is what the recorded path becomes. */
void disk_walk_cut(const disk_walk *w, uint64_t seed, const char *path);

#endif
