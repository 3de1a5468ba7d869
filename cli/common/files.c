/* cli/common/files.c — files and the store. */
#include "files.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- reading ---------------------------------------------------------------------------------------------------- */

void file_free(char *bytes, size_t len)
{
	if (bytes)
		aim_key_wipe(bytes, len);
	free(bytes);
}

/* realloc() would leave a copy behind. */
static char *grown(char *bytes, size_t len, size_t cap)
{
	char *more = malloc(cap + 1);
	if (more && bytes)
		memcpy(more, bytes, len);
	file_free(bytes, len);
	return more;
}

static char *read_all(int fd, size_t max, size_t *out_len)
{
	size_t len = 0, cap = 4096;
	char *bytes = grown(NULL, 0, cap);
	while (bytes && len <= max) {
		ssize_t n = read(fd, bytes + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int why = errno;
			file_free(bytes, len);
			errno = why;
			return NULL;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == cap)
			bytes = grown(bytes, len, cap *= 2);
	}
	if (bytes)
		bytes[len] = 0;
	*out_len = len;
	return bytes;
}

char *file_read(const char *what, const char *path, size_t max, size_t *out_len)
{
	int is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char *bytes = fd < 0 ? NULL : read_all(fd, max, out_len);
	int why = errno ? errno : EIO;
	if (fd > STDERR_FILENO)
		close(fd);
	if (!bytes) {
		say("%s %s: %s", what, path, strerror(why));
		return NULL;
	}
	if (*out_len > max) {
		say("%s %s: it has more than %zu bytes", what, path, max);
		file_free(bytes, *out_len);
		return NULL;
	}
	return bytes;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static int write_all(int fd, aim_bytes bytes)
{
	for (size_t at = 0; at < bytes.len;) {
		ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);
		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int say_cannot_write(const char *path, int why)
{
	say("cannot write %s: %s%s", path, strerror(why), why == EEXIST ? "; --force replaces it" : "");
	errno = why;
	return -1;
}

/* What is no regular file, as a terminal or a pipe, is written as it is. */
static int begin_over(file_writer *w)
{
	struct stat s;
	if (stat(w->path, &s) == 0 && !S_ISREG(s.st_mode))
		return open(w->path, O_WRONLY | O_CLOEXEC);
	int n = snprintf(w->beside, sizeof w->beside, "%s.%ld.new", w->path, (long)getpid());
	if (n < 0 || n >= (int)sizeof w->beside) {
		errno = ENAMETOOLONG;
		return -1;
	}
	w->is_new = 1;
	return open(w->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

int file_begin(file_writer *w, const char *path, int replace)
{
	memset(w, 0, sizeof *w);
	w->path = path;
	w->is_new = !replace;
	w->fd = replace ? begin_over(w) : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return w->fd >= 0 ? 0 : say_cannot_write(path, errno);
}

int file_add(file_writer *w, aim_bytes bytes)
{
	if (w->why == 0 && write_all(w->fd, bytes) != 0)
		w->why = errno;
	return w->why == 0 ? 0 : -1;
}

int file_end(file_writer *w, int keep)
{
	if (keep && w->why == 0 && w->is_new && fsync(w->fd) != 0)
		w->why = errno;
	if (close(w->fd) != 0 && w->why == 0)
		w->why = errno;
	int is_good = keep && w->why == 0;
	if (is_good && w->beside[0] && rename(w->beside, w->path) != 0) {
		w->why = errno;
		is_good = 0;
	}
	if (!is_good && w->is_new)
		unlink(w->beside[0] ? w->beside : w->path);
	return w->why == 0 ? 0 : say_cannot_write(w->path, w->why);
}

int file_write(const char *path, aim_bytes bytes, int replace)
{
	file_writer w;
	if (file_begin(&w, path, replace) != 0)
		return -1;
	(void)file_add(&w, bytes);
	return file_end(&w, 1);
}

/* --- the store ----------------------------------------------------------------------------------------------------- */

void say_store_error(const char *path, aim_status rc, const aim_error *err)
{
	char what[600];
	snprintf(what, sizeof what, "store %s", path);
	say_error(what, rc, err);
}

aim_status store_open(aim_ctx *ctx, const char *path, uint32_t sqlite_flags, aim_store **out)
{
	aim_error err = {0};
	aim_sqlite_options o = {.struct_size = sizeof o, .flags = sqlite_flags};
	aim_status rc = aim_sqlite_open(ctx, aim_str_from(path), &o, out, &err);
	if (rc != AIM_OK)
		say_store_error(path, rc, &err);
	return rc;
}

int is_store_failure(aim_status rc)
{
	return rc <= AIM_E_CONFLICT && rc > AIM_E_AUDIT_CORRUPT;
}
