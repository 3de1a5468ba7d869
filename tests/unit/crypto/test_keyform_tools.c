/* Keys between libaim and the programs people have: what openssl and ssh-keygen write is read, what libaim writes is read
 * by them, in both halves. Those of a program that is missing are skipped. */
#define _POSIX_C_SOURCE 200809L
#include "kit.h"

#include <aim/keyform.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static aim_ctx *ctx;
static char folder[64];

static const char *in_folder(const char *name)
{
	static char paths[4][160];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[640];
	char quiet[704];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	snprintf(quiet, sizeof quiet, "%s >/dev/null 2>&1", command);
	if (system(quiet) != 0)
		fail_msg("failed: %s", command);
}

static int is_missing(const char *command)
{
	char quiet[160];
	snprintf(quiet, sizeof quiet, "command -v %s >/dev/null 2>&1", command);
	return system(quiet) != 0;
}

static aim_bytes read_file(const char *path)
{
	static char content[4][4096];
	static unsigned next;
	char *to = content[next++ % 4];
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("cannot open %s", path);
	size_t n = fread(to, 1, sizeof content[0], file);
	fclose(file);
	return aim_bytes_from(to, n);
}

static void write_file(const char *path, aim_bytes bytes)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
}

static aim_key *read_private(const char *path)
{
	aim_key *key = NULL;
	aim_error err = {0};
	if (aim_keyform_parse_private(ctx, AIM_KEY_AGENT, read_file(path), &key, NULL, &err) != AIM_OK)
		fail_msg("%s: %s", path, err.message);
	return key;
}

static aim_public_key read_public(const char *path)
{
	aim_public_key key = {{0}};
	aim_error err = {0};
	if (aim_keyform_parse_public(ctx, read_file(path), &key, NULL, &err) != AIM_OK)
		fail_msg("%s: %s", path, err.message);
	return key;
}

static void expect_halves(const char *private_path, const char *public_path)
{
	aim_key *key = read_private(private_path);
	aim_public_key mine;
	const aim_public_key theirs = read_public(public_path);
	assert_status(aim_key_public(key, &mine), AIM_OK);
	assert_memory_equal(&mine, &theirs, sizeof mine);
	aim_key_unref(key);
}

static void write_private(const aim_key *key, uint32_t form, const char *path)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keyform_private(key, form, out, NULL), AIM_OK);
	write_file(path, aim_buf_bytes(out));
	aim_buf_free(out);
}

static void test_openssl_to_us(void **state)
{
	(void)state;
	if (is_missing("openssl"))
		skip();
	run("openssl genpkey -algorithm ed25519 -out %s", in_folder("a.pem"));
	run("openssl pkey -in %s -pubout -out %s", in_folder("a.pem"), in_folder("a.pub"));
	run("openssl pkey -in %s -outform der -out %s", in_folder("a.pem"), in_folder("a.der"));
	run("openssl pkey -in %s -pubout -outform der -out %s", in_folder("a.pem"), in_folder("a.spki"));
	expect_halves(in_folder("a.pem"), in_folder("a.pub"));
	expect_halves(in_folder("a.der"), in_folder("a.spki"));
}

static void test_us_to_openssl(void **state)
{
	aim_key *key = NULL;
	aim_public_key mine;
	(void)state;
	if (is_missing("openssl"))
		skip();
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &mine), AIM_OK);
	write_private(key, AIM_KEYFORM_PEM, in_folder("b.pem"));
	run("openssl pkey -in %s -pubout -out %s", in_folder("b.pem"), in_folder("b.pub"));
	const aim_public_key theirs = read_public(in_folder("b.pub"));
	assert_memory_equal(&mine, &theirs, sizeof mine);
	aim_key_unref(key);
}

static void expect_other(const char *algorithm, const char *noun)
{
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_error err = {0};
	run("openssl genpkey -algorithm %s -out %s", algorithm, in_folder("o.pem"));
	run("openssl pkey -in %s -pubout -out %s", in_folder("o.pem"), in_folder("o.pub"));
	assert_status(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, read_file(in_folder("o.pem")), &key, NULL, &err),
	              AIM_E_KEY_ALGORITHM);
	assert_non_null(strstr(err.message, noun));
	assert_status(aim_keyform_parse_public(ctx, read_file(in_folder("o.pub")), &public_key, NULL, &err),
	              AIM_E_KEY_ALGORITHM);
	assert_non_null(strstr(err.message, noun));
}

static void test_other_algorithms(void **state)
{
	aim_key *key = NULL;
	aim_error err = {0};
	(void)state;
	if (is_missing("openssl"))
		skip();
	expect_other("x25519", "an X25519 key");
	expect_other("ed448", "an Ed448 key");
	expect_other("rsa -pkeyopt rsa_keygen_bits:1024", "an RSA key");
	expect_other("ec -pkeyopt ec_paramgen_curve:P-384", "(P-384)");
	run("openssl genpkey -algorithm ed25519 -aes256 -pass pass:x -out %s", in_folder("e.pem"));
	assert_status(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, read_file(in_folder("e.pem")), &key, NULL, &err),
	              AIM_E_KEY_ENCRYPTED);
}

static void test_ssh_keygen_to_us(void **state)
{
	aim_key *key = NULL;
	aim_error err = {0};
	(void)state;
	if (is_missing("ssh-keygen"))
		skip();
	run("ssh-keygen -q -t ed25519 -N '' -C 'somebody at somewhere' -f %s", in_folder("c"));
	expect_halves(in_folder("c"), in_folder("c.pub"));
	run("ssh-keygen -q -t ed25519 -N secret -f %s", in_folder("d"));
	assert_status(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, read_file(in_folder("d")), &key, NULL, &err),
	              AIM_E_KEY_ENCRYPTED);
	run("ssh-keygen -q -t ecdsa -N '' -f %s", in_folder("f"));
	assert_status(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, read_file(in_folder("f")), &key, NULL, &err),
	              AIM_E_KEY_ALGORITHM);
	assert_non_null(strstr(err.message, "(P-256)"));
}

static void test_us_to_ssh_keygen(void **state)
{
	aim_key *key = NULL;
	aim_public_key mine;
	(void)state;
	if (is_missing("ssh-keygen"))
		skip();
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &mine), AIM_OK);
	write_private(key, AIM_KEYFORM_OPENSSH, in_folder("g"));
	run("sh -c 'ssh-keygen -y -f %s > %s'", in_folder("g"), in_folder("g.pub"));
	const aim_public_key theirs = read_public(in_folder("g.pub"));
	assert_memory_equal(&mine, &theirs, sizeof mine);
	aim_key_unref(key);
}

static int setup(void **state)
{
	(void)state;
	ctx = kit_ctx(NULL);
	strcpy(folder, "/tmp/aim-keyform-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[96];
	(void)state;
	aim_ctx_free(ctx);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openssl_to_us),  cmocka_unit_test(test_us_to_openssl),
		cmocka_unit_test(test_other_algorithms), cmocka_unit_test(test_ssh_keygen_to_us),
		cmocka_unit_test(test_us_to_ssh_keygen),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
