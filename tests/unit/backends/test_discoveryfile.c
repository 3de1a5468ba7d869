/* A scan of a real folder: files, links, what is no file, what is too large or closed, and folders; and nothing waits. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include "../mcp/discovery_home.h"

#include <aim/discoveryfile.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_buf *bytes;
static aim_discovery_reader reader;
static char folder[64];

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	assert_status(aim_buf_new(ctx, &bytes), AIM_OK);
	reader = (aim_discovery_reader){.struct_size = sizeof reader};
	assert_status(aim_discoveryfile_reader(&reader), AIM_OK);
	strcpy(folder, "/tmp/aim-discovery-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int teardown(void **state)
{
	char command[100];
	(void)state;
	aim_buf_free(bytes);
	test_ctx_done(ctx, &heap);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static aim_str in_folder(const char *name)
{
	static char path[600];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return aim_str_from(path);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name).ptr, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static aim_status read_one(const char *name, uint64_t max, aim_error *err)
{
	memset(err, 0, sizeof *err);
	return reader.read(reader.user, in_folder(name), max, bytes, err);
}

static void test_files(void **state)
{
	aim_error err;
	(void)state;
	put("a", "twelve bytes");
	assert_status(read_one("a", 100, &err), AIM_OK);
	assert_status(read_one("a", 12, &err), AIM_OK); /* appends */
	assert_string_equal(aim_buf_str(bytes).ptr, "twelve bytestwelve bytes");
	assert_status(read_one("a", 11, &err), AIM_E_JSON_SIZE);
	assert_non_null(strstr(err.message, "more than 11 bytes"));
	assert_int_equal(aim_buf_str(bytes).len, 24); /* untouched */
	put("empty", "");
	assert_status(read_one("empty", 0, &err), AIM_OK);
	assert_status(read_one("none", 100, &err), AIM_E_NOT_FOUND);
	assert_status(read_one("a/b", 100, &err), AIM_E_NOT_FOUND);
}

static void test_links(void **state)
{
	aim_error err;
	(void)state;
	put("a", "twelve bytes");
	assert_int_equal(symlink("a", in_folder("link").ptr), 0);
	assert_status(read_one("link", 100, &err), AIM_OK);
	assert_int_equal(symlink("nowhere", in_folder("dangling").ptr), 0);
	assert_status(read_one("dangling", 100, &err), AIM_E_NOT_FOUND);
	assert_int_equal(symlink("circle", in_folder("circle").ptr), 0);
	assert_status(read_one("circle", 100, &err), AIM_E_IO);
	assert_non_null(strstr(err.message, "circle"));
	assert_int_not_equal(err.native_code, 0);
}

/* A pipe that nobody writes to would be waited for, a device may do something when it is opened. */
static void test_what_is_no_file(void **state)
{
	aim_error err;
	(void)state;
	assert_int_equal(mkfifo(in_folder("fifo").ptr, 0600), 0);
	assert_int_equal(mkdir(in_folder("folder").ptr, 0700), 0);
	assert_int_equal(symlink("/dev/zero", in_folder("zero").ptr), 0);
	static const char *const names[] = {"fifo", "folder", "zero"};
	for (size_t i = 0; i < 3; i++) {
		assert_status(read_one(names[i], 1 << 20, &err), AIM_E_UNSUPPORTED);
		assert_non_null(strstr(err.message, "no regular file"));
	}
	assert_int_equal(aim_buf_str(bytes).len, 0);
}

static void test_closed(void **state)
{
	aim_error err;
	(void)state;
	if (geteuid() == 0)
		return; /* root reads everything */
	put("a", "x");
	assert_int_equal(chmod(in_folder("a").ptr, 0), 0);
	assert_status(read_one("a", 100, &err), AIM_E_IO);
	assert_non_null(strstr(err.message, "permission denied"));
}

static aim_status count(void *user, aim_str name)
{
	size_t *n = user;
	*n += name.ptr[0] != '.';
	return *n == 3 ? AIM_E_LIMIT : AIM_OK;
}

static void test_folders(void **state)
{
	aim_error err = {0};
	size_t n = 0;
	(void)state;
	put("a", "x");
	put("b", "x");
	aim_str path = aim_str_from(folder);
	assert_status(reader.list(NULL, path, count, &n, &err), AIM_OK);
	assert_int_equal(n, 2);
	put("c", "x");
	n = 0;
	assert_status(reader.list(NULL, path, count, &n, &err), AIM_E_LIMIT);
	assert_status(reader.list(NULL, in_folder("none"), count, &n, &err), AIM_E_NOT_FOUND);
	assert_status(reader.list(NULL, in_folder("a"), count, &n, &err), AIM_E_NOT_FOUND);
}

/* The scan says in the reader's words what it could not read, and goes on. */
static void test_scan(void **state)
{
	aim_discovery *found = NULL;
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX, .home = aim_str_from(folder)};
	(void)state;
	assert_int_equal(mkdir(in_folder(".cursor").ptr, 0700), 0);
	assert_int_equal(mkdir(in_folder(".kiro").ptr, 0700), 0);
	assert_int_equal(mkdir(in_folder(".kiro/settings").ptr, 0700), 0);
	assert_int_equal(mkfifo(in_folder(".cursor/mcp.json").ptr, 0600), 0);
	put(".kiro/settings/mcp.json", "{\"mcpServers\": {\"k\": {\"command\": \"k\"}}}");
	assert_status(aim_discovery_new(ctx, NULL, &found, NULL), AIM_OK);
	assert_status(aim_discovery_scan(found, &place, &reader, NULL), AIM_OK);
	assert_int_equal(aim_discovery_count(found), 1);
	aim_discovery_problem problem = {.struct_size = sizeof problem};
	assert_status(aim_discovery_problem_at(found, 0, &problem), AIM_OK);
	assert_string_equal(problem.message.ptr, "cannot be read: it is no regular file");
	assert_string_equal(problem.client.ptr, "Cursor");
	assert_int_equal(problem.status, AIM_E_UNSUPPORTED);
	assert_status(aim_discovery_problem_at(found, 1, &problem), AIM_E_NOT_FOUND);
	aim_discovery_free(found);
}

/* --- a whole home ------------------------------------------------------------------------------------------------------- */

static void make_folders(const char *path)
{
	char part[400];
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		assert_true(mkdir(in_folder(part).ptr, 0700) == 0 || errno == EEXIST);
	}
}

static void scan_home(const aim_discovery_reader *with, const char *root, aim_discovery **out)
{
	char home_path[100], cwd[100];
	aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX};
	snprintf(home_path, sizeof home_path, "%s/h", root);
	snprintf(cwd, sizeof cwd, "%s/p", root);
	place.home = aim_str_from(home_path);
	place.cwd = aim_str_from(cwd);
	assert_status(aim_discovery_new(ctx, NULL, out, NULL), AIM_OK);
	assert_status(aim_discovery_scan(*out, &place, with, NULL), AIM_OK);
}

/* Without the folder that the test made, and without the system's own files. */
static char *row_text(const aim_discovery *found, size_t i)
{
	size_t n = strlen(folder);
	aim_buf_clear(bytes);
	assert_status(aim_discovery_write(found, i, bytes), AIM_OK);
	char *text = strdup(aim_buf_str(bytes).ptr);
	assert_non_null(text);
	for (char *at = strstr(text, folder); at; at = strstr(at, folder))
		memmove(at, at + n, strlen(at + n) + 1);
	return text;
}

/* Every client's configuration, as each writes it: from the disk come the same servers as from memory, in the same order, and no
 * secret. */
static void test_a_whole_home(void **state)
{
	home h = {.files = home_files, .n = N_HOME_FILES};
	aim_discovery_reader from_memory = home_reader(&h);
	aim_discovery *on_disk = NULL, *in_memory = NULL;
	(void)state;
	home_file here[N_HOME_FILES];
	size_t n = 0;
	for (size_t i = 0; i < N_HOME_FILES; i++) {
		if (home_files[i].path[0] == '/' && strncmp(home_files[i].path, "/etc", 4) == 0)
			continue; /* at the same place on the disk of every machine */
		here[n++] = home_files[i];
		make_folders(home_files[i].path);
		put(home_files[i].path, home_files[i].text);
	}
	h.files = here;
	h.n = n;
	scan_home(&reader, folder, &on_disk);
	scan_home(&from_memory, "", &in_memory);
	assert_int_equal(aim_discovery_problem_count(on_disk), aim_discovery_problem_count(in_memory));
	assert_true(aim_discovery_count(in_memory) > 30);
	assert_int_equal(aim_discovery_count(on_disk), aim_discovery_count(in_memory));
	for (size_t i = 0; i < aim_discovery_count(in_memory); i++) {
		char *disk = row_text(on_disk, i), *memory = row_text(in_memory, i);
		assert_string_equal(disk, memory);
		assert_null(strstr(disk, CANARY));
		free(disk);
		free(memory);
	}
	aim_discovery_free(on_disk);
	aim_discovery_free(in_memory);
}

static void test_arguments(void **state)
{
	aim_discovery_reader small = {.struct_size = 8};
	(void)state;
	assert_status(aim_discoveryfile_reader(NULL), AIM_E_INVALID);
	assert_status(aim_discoveryfile_reader(&small), AIM_E_INVALID);
	assert_null(small.read);
}

static aim_status read_with_little_memory(aim_ctx *poor, void *user)
{
	aim_buf *out = NULL;
	aim_error err = {0};
	(void)user;
	aim_status rc = aim_buf_new(poor, &out);
	if (rc == AIM_OK)
		rc = reader.read(NULL, in_folder("a"), 100, out, &err);
	aim_buf_free(out);
	return rc;
}

static void test_no_memory(void **state)
{
	(void)state;
	put("a", "twelve bytes");
	test_each_allocation_fails(read_with_little_memory, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_files),   TEST(test_links), TEST(test_what_is_no_file),
	                                   TEST(test_closed),  TEST(test_folders), TEST(test_scan), TEST(test_a_whole_home),
	                                   TEST(test_arguments), TEST(test_no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
