/* Key files on a real folder: mode, links, what is replaced and what never is, and nothing left behind. */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <aim/keyfile.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGENT "agt_0123456789abcdef0123456789abcdef"

static const aim_keystore_options cheap = {
	.struct_size = sizeof cheap, .passes = 1, .memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB};

static aim_ctx *ctx;
static aim_key *key;
static char folder[64];
static char path[128];

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	strcpy(folder, "/tmp/aim-keyfile-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/agent.key", folder);
	return 0;
}

/* Empties the folder; returns how many files were in it. */
static int clear_folder(void)
{
	char name[512];
	int n = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
			if (unlink(name) != 0)
				rmdir(name);
			n++;
		}
	closedir(dir);
	return n;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_ctx_free(ctx);
	clear_folder();
	return rmdir(folder);
}

static aim_bytes bytes_of(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

static aim_status save(uint32_t flags, const char *agent, aim_error *err)
{
	return aim_keyfile_save(key, aim_str_from(path), flags, bytes_of("p"), aim_str_from(agent), &cheap, err);
}

static aim_status load(uint32_t flags, const char *passphrase, aim_key **out, aim_error *err)
{
	return aim_keyfile_load(ctx, aim_str_from(path), flags, bytes_of(passphrase), aim_str_from(AGENT), NULL, out, err);
}

static void put_file(const char *content, mode_t mode)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void expect_content(const char *content)
{
	char text[256] = "";
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = '\0';
	assert_string_equal(text, content);
}

static void test_save_and_load(void **state)
{
	struct stat st;
	aim_key *loaded = NULL;
	aim_public_key in;
	aim_public_key out;
	aim_error err = {0};
	(void)state;
	assert_status(load(0, "p", &loaded, &err), AIM_E_NOT_FOUND);
	mode_t before = umask(0);
	if (save(0, AGENT, &err) != AIM_OK)
		fail_msg("%s", err.message);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_status(load(0, "q", &loaded, &err), AIM_E_PASSPHRASE);
	assert_null(loaded);
	assert_status(load(0, "p", &loaded, &err), AIM_OK);
	assert_status(aim_key_public(key, &in), AIM_OK);
	assert_status(aim_key_public(loaded, &out), AIM_OK);
	assert_memory_equal(&in, &out, sizeof in);
	aim_key_unref(loaded);
	assert_int_equal(clear_folder(), 1); /* no temporary file stays */
}

static void test_strict_umask(void **state)
{
	struct stat st;
	(void)state;
	mode_t before = umask(0777);
	assert_status(save(0, AGENT, NULL), AIM_OK);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	clear_folder();
}

static void test_nothing_is_replaced_unasked(void **state)
{
	aim_error err = {0};
	(void)state;
	put_file("anything", 0600);
	assert_status(save(0, AGENT, &err), AIM_E_EXISTS);
	expect_content("anything");
	assert_int_equal(clear_folder(), 1);
}

static void test_what_cannot_be_read_is_never_replaced(void **state)
{
	static const char *const others[] = {"", "anything", "{\"format\":\"libaim-keystore\",\"version\":2}"};
	static const aim_status expected[] = {AIM_E_KEYSTORE, AIM_E_KEYSTORE, AIM_E_VERSION};
	aim_key *loaded = NULL;
	aim_error err = {0};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		put_file(others[i], 0600);
		assert_status(load(0, "p", &loaded, &err), expected[i]);
		assert_status(save(AIM_KEYFILE_REPLACE, AGENT, &err), expected[i]);
		expect_content(others[i]);
	}
	assert_null(loaded);
	assert_int_equal(clear_folder(), 1);
}

static void test_replace(void **state)
{
	aim_key *loaded = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(save(AIM_KEYFILE_REPLACE, AGENT, &err), AIM_OK); /* nothing there */
	assert_status(save(AIM_KEYFILE_REPLACE, "another", &err), AIM_E_KEYSTORE_AGENT);
	assert_status(save(AIM_KEYFILE_REPLACE, AGENT, &err), AIM_OK);
	assert_status(load(0, "p", &loaded, &err), AIM_OK);
	aim_key_unref(loaded);
	assert_int_equal(clear_folder(), 1);
}

static void test_open_to_others(void **state)
{
	aim_key *loaded = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(save(0, AGENT, NULL), AIM_OK);
	assert_int_equal(chmod(path, 0640), 0);
	assert_status(load(0, "p", &loaded, &err), AIM_E_KEYFILE_ACCESS);
	assert_non_null(strstr(err.message, "chmod 600"));
	assert_status(load(AIM_KEYFILE_LENIENT, "p", &loaded, &err), AIM_OK);
	aim_key_unref(loaded);
	clear_folder();
}

static void test_links_and_others(void **state)
{
	char target[160];
	aim_key *loaded = NULL;
	aim_buf *out = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(save(0, AGENT, NULL), AIM_OK);
	snprintf(target, sizeof target, "%s/real.key", folder);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_status(load(0, "p", &loaded, &err), AIM_E_KEYFILE_ACCESS);
	assert_status(save(0, AGENT, &err), AIM_E_EXISTS);
	assert_status(save(AIM_KEYFILE_REPLACE, AGENT, &err), AIM_E_KEYFILE_ACCESS);
	assert_status(aim_keyfile_write(ctx, aim_str_from(path), AIM_KEYFILE_REPLACE, bytes_of("x"), &err),
	              AIM_E_KEYFILE_ACCESS);
	assert_status(load(AIM_KEYFILE_LENIENT, "p", &loaded, &err), AIM_OK);
	aim_key_unref(loaded);
	assert_int_equal(clear_folder(), 2);
	assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keyfile_read(ctx, aim_str_from(path), 0, out, &err), AIM_E_KEYFILE_ACCESS);
	assert_status(aim_keyfile_read(ctx, aim_str_from(folder), 0, out, &err), AIM_E_KEYFILE_ACCESS);
	aim_buf_free(out);
	clear_folder();
}

static void test_bounds_and_paths(void **state)
{
	static char big[AIM_KEYFILE_MAX_BYTES + 2];
	static char long_path[5000];
	aim_buf *out = NULL;
	aim_error err = {0};
	(void)state;
	memset(big, 'x', sizeof big - 1);
	memset(long_path, 'p', sizeof long_path);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	put_file(big, 0600);
	assert_status(aim_keyfile_read(ctx, aim_str_from(path), 0, out, &err), AIM_E_LIMIT);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	clear_folder();
	const aim_bytes most = {(const uint8_t *)big, AIM_KEYFILE_MAX_BYTES};
	assert_status(aim_keyfile_write(ctx, aim_str_from(path), 0, most, &err), AIM_OK);
	assert_status(aim_keyfile_read(ctx, aim_str_from(path), 0, out, &err), AIM_OK);
	assert_int_equal(aim_buf_bytes(out).len, AIM_KEYFILE_MAX_BYTES);
	assert_status(aim_keyfile_write(ctx, aim_str_from(path), 0, bytes_of(big), &err), AIM_E_LIMIT);
	assert_status(aim_keyfile_write(ctx, (aim_str){long_path, sizeof long_path}, 0, most, &err), AIM_E_INVALID);
	assert_status(aim_keyfile_write(ctx, aim_str_from(""), 0, most, &err), AIM_E_INVALID);
	assert_status(aim_keyfile_write(ctx, aim_str_from("/tmp/"), 0, most, &err), AIM_E_INVALID);
	assert_status(aim_keyfile_write(ctx, aim_str_from("/tmp/.."), 0, most, &err), AIM_E_INVALID);
	assert_status(aim_keyfile_write(ctx, (aim_str){"/tmp/a\0b", 8}, 0, most, &err), AIM_E_INVALID);
	assert_status(aim_keyfile_write(ctx, aim_str_from("/no/such/folder/key"), 0, most, &err), AIM_E_NOT_FOUND);
	assert_status(aim_keyfile_write(ctx, aim_str_from(path), 8, most, &err), AIM_E_INVALID);
	aim_buf_free(out);
	clear_folder();
}

static aim_status save_and_load(aim_ctx *frail, void *arg)
{
	aim_key *mine = NULL;
	aim_key *loaded = NULL;
	const aim_str place = aim_str_from(path);
	(void)arg;
	aim_status rc = aim_key_generate(frail, AIM_KEY_AGENT, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_keyfile_save(mine, place, AIM_KEYFILE_REPLACE, bytes_of("p"), aim_str_from("a"), &cheap, NULL);
	if (rc == AIM_OK)
		rc = aim_keyfile_load(frail, place, 0, bytes_of("p"), aim_str_from("a"), NULL, &loaded, NULL);
	aim_key_unref(loaded);
	aim_key_unref(mine);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(save_and_load, NULL);
	clear_folder();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_save_and_load),
		cmocka_unit_test(test_strict_umask),
		cmocka_unit_test(test_nothing_is_replaced_unasked),
		cmocka_unit_test(test_what_cannot_be_read_is_never_replaced),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_open_to_others),
		cmocka_unit_test(test_links_and_others),
		cmocka_unit_test(test_bounds_and_paths),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
