/* cli/common/files.h — files that programs read and write, and the store. Each says on stderr what went wrong. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <aim/aim.h>

/* The whole file as malloc'ed bytes with a NUL behind them; "-" is standard input. what names it in messages. NULL
 * when it cannot be read or has more than max bytes. The bytes may be secret: file_free() wipes them. */
char *file_read(const char *what, const char *path, size_t max, size_t *out_len);
void file_free(char *bytes, size_t len);

/* A file that is written piece by piece and is there at its end, whole, or not at all. */
typedef struct file_writer {
	const char *path;
	int fd;
	int why; /* errno of the first failure */
	char beside[4096]; /* what it is called until its end; empty: path itself, which is new or no regular file */
	int is_new;
} file_writer;

/* Mode 0644 less the umask; an existing file only with replace. Returns 0, or −1 after saying what is wrong. */
int file_begin(file_writer *w, const char *path, int replace);
/* Returns 0 or −1. */
int file_add(file_writer *w, aim_bytes bytes);
/* keep 0: the file is not wanted any more. Returns 0, or −1 after saying what went wrong since file_begin(). */
int file_end(file_writer *w, int keep);

/* Writes a file of mode 0644 less the umask; an existing one only with replace, in one step. Returns 0 or −1. */
int file_write(const char *path, aim_bytes bytes, int replace);

/* Opens the SQLite store at path. Says what failed. */
aim_status store_open(aim_ctx *ctx, const char *path, uint32_t sqlite_flags, aim_store **out);
/* "store PATH: message (STATUS)" */
void say_store_error(const char *path, aim_status rc, const aim_error *err);
/* The store cannot be used, in contrast to a log in it that is not intact. */
int is_store_failure(aim_status rc);

#endif
