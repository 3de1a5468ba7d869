/* backends/files_posix.c — secret files on a POSIX system: read with care, written atomically. Layer backends; what is
 * in the files is the business of crypto.
 *
 * Every step works on an open folder, so that nobody can move the path away in between, and on new names only
 * (O_EXCL), so that nobody can put a link there before. */
#define _POSIX_C_SOURCE 200809L

#include <aim/keyfile.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/encoding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define NAME_MAX_LEN 200 /* leaves room for the temporary name in 255 */
#define TEMPORARY_SIZE (NAME_MAX_LEN + 32)

typedef struct place {
	char path[PATH_SIZE]; /* the whole, NUL-terminated */
	char folder[PATH_SIZE];
	const char *name; /* in path, behind the last '/' */
} place;

static aim_status failed(aim_error *err, const char *what, const char *path, int code)
{
	aim_status rc = code == ENOENT ? AIM_E_NOT_FOUND : code == EEXIST ? AIM_E_EXISTS : AIM_E_IO;
	if (code == ELOOP)
		rc = AIM_E_KEYFILE_ACCESS;
	aim__fail(err, rc, AIM_LAYER_BACKENDS, "cannot %s %s: %s (errno %d)", what, path,
	          code == ELOOP ? "it is a symbolic link" : aim_status_text(rc), code);
	aim__error_native(err, code);
	return rc;
}

static aim_status find_place(place *p, aim_str path, aim_error *err)
{
	if (path.len == 0 || path.len >= PATH_SIZE || memchr(path.ptr, '\0', path.len))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_BACKENDS,
		                 "a path of 1 to %d bytes without NUL is expected", PATH_SIZE - 1);
	memcpy(p->path, path.ptr, path.len);
	p->path[path.len] = '\0';
	const char *slash = strrchr(p->path, '/');
	p->name = slash ? slash + 1 : p->path;
	size_t folder_len = slash ? (size_t)(slash - p->path) : 0;
	if (!slash)
		memcpy(p->folder, ".", 2);
	else if (folder_len == 0)
		memcpy(p->folder, "/", 2);
	else
		memcpy(p->folder, p->path, folder_len);
	if (folder_len > 0)
		p->folder[folder_len] = '\0';
	size_t name_len = strlen(p->name);
	if (name_len == 0 || name_len > NAME_MAX_LEN || strcmp(p->name, ".") == 0 || strcmp(p->name, "..") == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_BACKENDS,
		                 "%s does not end in the name of a file of at most %d bytes", p->path, NAME_MAX_LEN);
	return AIM_OK;
}

/* --- reading --- */

static aim_status check_file(int fd, const place *p, uint32_t flags, aim_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return failed(err, "look at", p->path, errno);
	if (!S_ISREG(st.st_mode))
		return aim__fail(err, AIM_E_KEYFILE_ACCESS, AIM_LAYER_BACKENDS, "%s is no regular file", p->path);
	if (st.st_size > (off_t)AIM_KEYFILE_MAX_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_BACKENDS, "%s is longer than any key file (%u bytes)",
		                 p->path, AIM_KEYFILE_MAX_BYTES);
	if (flags & AIM_KEYFILE_LENIENT)
		return AIM_OK;
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return aim__fail(err, AIM_E_KEYFILE_ACCESS, AIM_LAYER_BACKENDS,
		                 "%s is open to other users; chmod 600 it", p->path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return aim__fail(err, AIM_E_KEYFILE_ACCESS, AIM_LAYER_BACKENDS, "%s belongs to another user",
		                 p->path);
	return AIM_OK;
}

/* The size may change while we read: what counts is what was read, up to the bound. */
static aim_status read_all(int fd, const place *p, aim_buf *out, aim_error *err)
{
	size_t total = 0;
	aim_status rc = aim__buf_reserve(out, AIM_KEYFILE_MAX_BYTES + 1);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_BACKENDS);
	while (total <= AIM_KEYFILE_MAX_BYTES) {
		ssize_t n = read(fd, out->ptr + out->len, AIM_KEYFILE_MAX_BYTES + 1 - total);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(err, "read", p->path, errno);
		if (n == 0)
			break;
		total += (size_t)n;
		out->len += (size_t)n;
	}
	out->ptr[out->len] = 0;
	if (total > AIM_KEYFILE_MAX_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_BACKENDS, "%s is longer than any key file (%u bytes)",
		                 p->path, AIM_KEYFILE_MAX_BYTES);
	return AIM_OK;
}

aim_status aim_keyfile_read(aim_ctx *ctx, aim_str path, uint32_t flags, aim_buf *out, aim_error *err)
{
	place p;
	if (!ctx || !out || (!path.ptr && path.len > 0) || flags & ~AIM_KEYFILE_LENIENT)
		return AIM__MISUSE(ctx, "ctx, path, out and flags of reading are required");
	aim_status rc = find_place(&p, path, err);
	if (rc != AIM_OK)
		return rc;
	int link_flag = flags & AIM_KEYFILE_LENIENT ? 0 : O_NOFOLLOW;
	/* O_NONBLOCK: opening a pipe must not wait for its writer. */
	int fd = open(p.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | link_flag);
	if (fd < 0)
		return failed(err, "open", p.path, errno);
	size_t start = out->len;
	rc = check_file(fd, &p, flags, err);
	if (rc == AIM_OK)
		rc = read_all(fd, &p, out, err);
	(void)close(fd);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

/* --- writing --- */

static aim_status temporary_name(const aim_ctx *ctx, const place *p, char out[TEMPORARY_SIZE], aim_error *err)
{
	uint8_t random[8];
	char hex[sizeof random * 2];
	if (aim__ctx_random(ctx, random, sizeof random) != AIM_OK)
		return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_BACKENDS);
	aim__hex_write((aim_bytes){random, sizeof random}, hex);
	(void)aim__format(out, TEMPORARY_SIZE, ".%s.%.*s.tmp", p->name, (int)sizeof hex, hex);
	return AIM_OK;
}

static int write_all(int fd, aim_bytes bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes.ptr += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

/* A new file of mode 0600, on disk when it returns. */
static aim_status write_temporary(int folder, const char *name, const place *p, aim_bytes bytes, aim_error *err)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return failed(err, "create a file next to", p->path, errno);
	int code = 0;
	/* The umask may have taken bits of the owner. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || write_all(fd, bytes) != 0 || fsync(fd) != 0)
		code = errno;
	if (close(fd) != 0 && code == 0)
		code = errno;
	return code == 0 ? AIM_OK : failed(err, "write a file next to", p->path, code);
}

/* A link never replaces, a rename always does. */
static aim_status move_there(int folder, const char *temporary, const place *p, uint32_t flags, aim_error *err)
{
	struct stat st;
	if (!(flags & AIM_KEYFILE_REPLACE)) {
		if (linkat(folder, temporary, folder, p->name, 0) != 0)
			return failed(err, "create", p->path, errno);
		(void)unlinkat(folder, temporary, 0);
	} else {
		if (fstatat(folder, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
			return aim__fail(err, AIM_E_KEYFILE_ACCESS, AIM_LAYER_BACKENDS,
			                 "%s is no regular file and is not replaced", p->path);
		if (renameat(folder, temporary, folder, p->name) != 0)
			return failed(err, "replace", p->path, errno);
	}
	return fsync(folder) == 0 ? AIM_OK : failed(err, "sync the folder of", p->path, errno);
}

aim_status aim_keyfile_write(aim_ctx *ctx, aim_str path, uint32_t flags, aim_bytes bytes, aim_error *err)
{
	place p;
	char temporary[TEMPORARY_SIZE];
	if (!ctx || (!path.ptr && path.len > 0) || (!bytes.ptr && bytes.len > 0) || flags & ~AIM_KEYFILE_REPLACE)
		return AIM__MISUSE(ctx, "ctx, path, bytes and flags of writing are required");
	if (bytes.len > AIM_KEYFILE_MAX_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_BACKENDS, "%zu bytes; a key file has at most %u", bytes.len,
		                 AIM_KEYFILE_MAX_BYTES);
	aim_status rc = find_place(&p, path, err);
	if (rc == AIM_OK)
		rc = temporary_name(ctx, &p, temporary, err);
	if (rc != AIM_OK)
		return rc;
	int folder = open(p.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return failed(err, "open the folder", p.folder, errno);
	rc = write_temporary(folder, temporary, &p, bytes, err);
	if (rc == AIM_OK)
		rc = move_there(folder, temporary, &p, flags, err);
	if (rc != AIM_OK)
		(void)unlinkat(folder, temporary, 0);
	(void)close(folder);
	return rc;
}
