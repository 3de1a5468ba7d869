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

/* A file that was not there, complete or not at all. */
static int write_new(const char *path, aim_bytes bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	int failed = write_all(fd, bytes) != 0 || (fsync(fd) != 0 && errno != EINVAL);
	int why = errno;
	if (close(fd) != 0 && !failed) {
		failed = 1;
		why = errno;
	}
	if (failed)
		unlink(path);
	errno = why;
	return failed ? -1 : 0;
}

static int write_over(const char *path, aim_bytes bytes)
{
	char beside[4096];
	struct stat s;
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode)) { /* a terminal, a pipe: written as it is */
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		int failed = fd < 0 || write_all(fd, bytes) != 0;
		int why = errno;
		if (fd >= 0)
			close(fd);
		errno = why;
		return failed ? -1 : 0;
	}
	int n = snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid());
	if (n < 0 || n >= (int)sizeof beside) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (write_new(beside, bytes) != 0)
		return -1;
	if (rename(beside, path) == 0)
		return 0;
	int why = errno;
	unlink(beside);
	errno = why;
	return -1;
}

int file_write(const char *path, aim_bytes bytes, int replace)
{
	if ((replace ? write_over(path, bytes) : write_new(path, bytes)) == 0)
		return 0;
	int why = errno;
	say("cannot write %s: %s%s", path, strerror(why), why == EEXIST && !replace ? "; --force replaces it" : "");
	errno = why;
	return -1;
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
