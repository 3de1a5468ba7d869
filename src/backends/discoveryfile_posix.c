/* backends/discoveryfile_posix.c — files and folders for a scan, on a POSIX system. Layer backends; what is in the files
 * is the business of mcp.
 *
 * Whoever can write into a home folder chooses what stands at these paths. So nothing is opened before it is known to be
 * a regular file (opening a device can already do something), and it is looked at again once it is open. */
#define _POSIX_C_SOURCE 200809L

#include <aim/discoveryfile.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sized.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 16384u

/* Words for the errors that people meet; the number says the rest. */
static const char *words_of(int code)
{
	static const struct {
		int code;
		const char *words;
	} table[] = {{EACCES, "permission denied"},          {EPERM, "permission denied"}, {ELOOP, "symbolic links lead in a circle"},
	             {ENAMETOOLONG, "the name is too long"}, {EISDIR, "it is a folder"},   {EMFILE, "too many open files"},
	             {EIO, "the disk failed"},               {ESTALE, "the file server lost it"}};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].code == code)
			return table[i].words;
	return "the system refused";
}

/* A path through what is no folder leads to nothing. */
static aim_status refused(aim_error *err, int code)
{
	if (code == ENOENT || code == ENOTDIR)
		return AIM_E_NOT_FOUND;
	aim__fail(err, AIM_E_IO, AIM_LAYER_BACKENDS, "%s (errno %d)", words_of(code), code);
	aim__error_native(err, code);
	return AIM_E_IO;
}

static aim_status no_file(aim_error *err)
{
	return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_BACKENDS, "it is no regular file");
}

static aim_status too_large(aim_error *err, uint64_t max)
{
	return aim__fail(err, AIM_E_JSON_SIZE, AIM_LAYER_BACKENDS, "it has more than %llu bytes", (unsigned long long)max);
}

static aim_status check(const struct stat *s, uint64_t max, aim_error *err)
{
	if (!S_ISREG(s->st_mode))
		return no_file(err);
	return (uint64_t)s->st_size > max ? too_large(err, max) : AIM_OK;
}

/* The size may change while we read: what counts is what was read, up to the bound. */
static aim_status read_all(int fd, uint64_t max, aim_buf *out, aim_error *err)
{
	for (uint64_t total = 0; total <= max;) {
		aim_status rc = aim__buf_reserve(out, PIECE);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_BACKENDS);
		ssize_t n = read(fd, out->ptr + out->len, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refused(err, errno);
		if (n == 0)
			return AIM_OK;
		total += (uint64_t)n;
		out->len += (size_t)n;
		out->ptr[out->len] = 0;
	}
	return too_large(err, max);
}

static aim_status read_file(void *user, aim_str path, uint64_t max_bytes, aim_buf *out, aim_error *err)
{
	struct stat s;
	(void)user;
	if (stat(path.ptr, &s) != 0)
		return refused(err, errno);
	aim_status rc = check(&s, max_bytes, err);
	if (rc != AIM_OK)
		return rc;
	/* O_NONBLOCK: should it be a pipe by now, opening must not wait for its writer. */
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return refused(err, errno);
	size_t start = out->len;
	rc = fstat(fd, &s) == 0 ? check(&s, max_bytes, err) : refused(err, errno);
	if (rc == AIM_OK)
		rc = read_all(fd, max_bytes, out, err);
	(void)close(fd);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

static aim_status list_all(DIR *folder, aim_status (*entry)(void *entry_user, aim_str name), void *entry_user, aim_error *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *e = readdir(folder);
		if (!e)
			return errno == 0 ? AIM_OK : refused(err, errno);
		aim_status rc = entry(entry_user, aim_str_from(e->d_name));
		if (rc != AIM_OK)
			return rc;
	}
}

static aim_status list_folder(void *user, aim_str path, aim_status (*entry)(void *entry_user, aim_str name),
                              void *entry_user, aim_error *err)
{
	(void)user;
	int fd = open(path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return refused(err, errno);
	DIR *folder = fdopendir(fd);
	if (!folder) {
		int code = errno;
		(void)close(fd);
		return refused(err, code);
	}
	aim_status rc = list_all(folder, entry, entry_user, err);
	(void)closedir(folder);
	return rc;
}

aim_status aim_discoveryfile_reader(aim_discovery_reader *out)
{
	aim_discovery_reader reader = {.struct_size = sizeof reader, .read = read_file, .list = list_folder};
	return out ? aim__sized_out(out, &reader, sizeof reader, sizeof reader) : AIM_E_INVALID;
}
