/* The format is frozen: the same records give the same bytes as when they were released, and the files of
 * each release verify. AIM_WRITE_GOLDEN=1 writes the files of the version under development. */
#include "support.h"
#include "vault.h"

#include <aim/trail.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER TESTS_DIR "/golden/audit-0.1/"
#define ROWS FOLDER "rows.jsonl"
#define HEAD FOLDER "head.json"
#define EXPORT FOLDER "export.jsonl"
#define N_RECORDS 7u
/* Of the tree over rows.jsonl, as a note of the release would print it. */
#define ROOT_HEX "051f3b8f2edeedfe2fa2481f12b6ca749887ef75d5ae0488092db6f806db9ed7"

static uint8_t next_random;

static aim_status fixed_random(void *user, void *out, size_t len)
{
	uint8_t *p = out;
	(void)user;
	for (size_t i = 0; i < len; i++)
		p[i] = next_random++;
	return AIM_OK;
}

static aim_status fixed_clock(void *user, int64_t *out_us)
{
	(void)user;
	*out_us = 1766000000123456;
	return AIM_OK;
}

static aim_ctx *fixed_ctx(void)
{
	const aim_random random = {sizeof random, 0, fixed_random, NULL, NULL};
	const aim_clock clock = {sizeof clock, 0, fixed_clock, NULL, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .random = &random, .clock = &clock};
	aim_ctx *ctx = NULL;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	next_random = 0;
	return ctx;
}

/* Every member, every kind of escape, with and without arguments. */
static aim_audit_record golden_record(unsigned i)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from(i % 2 ? "tool_call" : "policy_evaluated");
	if (i == 0)
		return r;
	r.time_us = 1766000001000000 + (int64_t)i;
	r.trust_micro = (int64_t)i * 123456;
	r.agent = aim_str_from("agent-7");
	r.action = aim_str_from("read_file");
	r.decision = aim_str_from(i == 3 ? "deny" : i == 5 ? "ask" : "allow");
	r.arguments = aim_bytes_from_str(aim_str_from("{\"path\":\"/etc/hosts\"}"));
	if (i == 1)
		return r;
	r.did = aim_str_from("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
	r.session = aim_str_from("s-1");
	r.user = aim_str_from("Zo\xC3\xAB \xF0\x9F\x98\x80");
	r.subject = aim_str_from("server:files");
	r.resource = aim_str_from("/tmp/\"quoted\"\\ \t\n\x01\x7F/");
	r.reason_code = aim_str_from("rule_matched");
	r.reason = aim_str_from("allowed by rule r1 \xE2\x82\xAC");
	r.policy_hash = aim_str_from("2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
	r.rule = aim_str_from("r1");
	r.server_fingerprint = aim_str_from("sha256:aa");
	r.tool_fingerprint = aim_str_from("sha256:bb");
	r.approval = aim_str_from("ap-1");
	r.request = aim_str_from("17");
	r.data = aim_str_from("{ \"risk\": -3, \"a\": {\"\\u20ac\": [null, true, 1e3]}, \"A\": \"\" }");
	return r;
}

static void write_log(aim_ctx *ctx, vault *v)
{
	aim_store *store = vault_open(v, ctx);
	aim_audit_options buffered = {.struct_size = sizeof buffered, .durability = AIM_AUDIT_BUFFERED};
	aim_audit *log = open_log(store, NULL);
	for (unsigned i = 0; i < N_RECORDS; i++) {
		aim_audit_record r = golden_record(i);
		if (i == 4) {
			assert_status(aim_audit_close(log, NULL), AIM_OK);
			log = open_log(store, &buffered);
		}
		assert_status(aim_audit_append(log, &r, NULL, NULL), AIM_OK);
	}
	assert_status(aim_audit_close(log, NULL), AIM_OK);
	aim_store_free(store);
}

static void save(const vault *v, const vault_key *head)
{
	FILE *rows = fopen(ROWS, "wb"), *file = fopen(HEAD, "wb");
	assert_non_null(rows);
	assert_non_null(file);
	for (size_t i = 0; i < v->n_rows; i++) {
		assert_int_equal(fwrite(v->rows[i].bytes, 1, v->rows[i].len, rows), v->rows[i].len);
		assert_int_equal(fputc('\n', rows), '\n');
	}
	assert_int_equal(fwrite(head->value.bytes, 1, head->value.len, file), head->value.len);
	assert_int_equal(fclose(rows), 0);
	assert_int_equal(fclose(file), 0);
}

static size_t read_line(FILE *file, char *line, size_t size)
{
	if (!fgets(line, (int)size, file))
		return 0;
	return strcspn(line, "\n");
}

static void test_same_bytes_again(void **state)
{
	static char line[8192];
	vault *v = calloc(1, sizeof *v);
	(void)state;
	assert_non_null(v);
	vault_init(v);
	aim_ctx *ctx = fixed_ctx();
	write_log(ctx, v);
	const vault_key *head = vault_find(v, "log/main/head");
	if (getenv("AIM_WRITE_GOLDEN"))
		save(v, head);
	FILE *rows = fopen(ROWS, "rb"), *file = fopen(HEAD, "rb");
	assert_non_null(rows);
	assert_non_null(file);
	assert_int_equal(v->n_rows, N_RECORDS);
	for (size_t i = 0; i < N_RECORDS; i++) {
		assert_int_equal(read_line(rows, line, sizeof line), v->rows[i].len);
		assert_memory_equal(line, v->rows[i].bytes, v->rows[i].len);
	}
	assert_int_equal(read_line(rows, line, sizeof line), 0);
	assert_int_equal(read_line(file, line, sizeof line), head->value.len);
	assert_memory_equal(line, head->value.bytes, head->value.len);
	(void)fclose(rows);
	(void)fclose(file);
	vault_free(v);
	free(v);
	aim_ctx_free(ctx);
}

static void load(vault *v)
{
	static char line[8192];
	size_t len;
	FILE *rows = fopen(ROWS, "rb"), *file = fopen(HEAD, "rb");
	assert_non_null(rows);
	assert_non_null(file);
	while ((len = read_line(rows, line, sizeof line)) > 0)
		vault_set(&v->rows[v->n_rows++], line, len);
	vault_key *head = &v->keys[v->n_keys++];
	vault_set(&head->name, "log/main/head", 13);
	vault_set(&head->value, line, read_line(file, line, sizeof line));
	head->present = 1;
	head->version = 1;
	(void)fclose(rows);
	(void)fclose(file);
}

/* The files as they are, by whatever version this is; and the log goes on from there. */
static void test_files_verify(void **state)
{
	vault *v = calloc(1, sizeof *v);
	aim_audit_report report = {.struct_size = sizeof report};
	char hex[65] = "";
	(void)state;
	assert_non_null(v);
	vault_init(v);
	load(v);
	aim_ctx *ctx = fixed_ctx();
	aim_store *store = vault_open(v, ctx);
	aim_audit *log = open_log(store, NULL);
	assert_status(aim_audit_verify(log, NULL, &report, NULL), AIM_OK);
	assert_int_equal(report.n_records, N_RECORDS);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", report.root[i]);
	assert_string_equal(hex, ROOT_HEX);
	append_samples(log, 3);
	assert_status(aim_audit_verify(log, NULL, &report, NULL), AIM_OK);
	assert_int_equal(report.n_records, N_RECORDS + 3);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	vault_free(v);
	free(v);
}

static aim_status to_file(void *user, aim_bytes bytes)
{
	return fwrite(bytes.ptr, 1, bytes.len, user) == bytes.len ? AIM_OK : AIM_E_IO;
}

typedef struct comparison {
	FILE *file;
	size_t n;
} comparison;

static aim_status compare(void *user, aim_bytes bytes)
{
	comparison *c = user;
	for (size_t i = 0; i < bytes.len; i++, c->n++)
		if (fgetc(c->file) != bytes.ptr[i])
			fail_msg("byte %zu of the export is another than that of %s", c->n, EXPORT);
	return AIM_OK;
}

static void export_golden(aim_trail_sink sink, void *user)
{
	vault *v = calloc(1, sizeof *v);
	aim_trail_export_options o = {.struct_size = sizeof o, .flags = AIM_TRAIL_SALTS};
	assert_non_null(v);
	vault_init(v);
	load(v);
	aim_ctx *ctx = fixed_ctx();
	aim_store *store = vault_open(v, ctx);
	aim_audit *log = open_log(store, NULL);
	assert_status(aim_trail_export(log, &o, sink, user, NULL, NULL), AIM_OK);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	vault_free(v);
	free(v);
}

/* JSON Lines, salts included: as they were released; and the file verifies by itself. */
static void test_the_export_is_frozen(void **state)
{
	static char piece[100];
	aim_trail_verify_report report = {.struct_size = sizeof report};
	aim_trail_verifier *verifier = NULL;
	comparison c = {NULL, 0};
	char hex[65] = "";
	size_t n;
	(void)state;
	if (getenv("AIM_WRITE_GOLDEN")) {
		FILE *file = fopen(EXPORT, "wb");
		assert_non_null(file);
		export_golden(to_file, file);
		assert_int_equal(fclose(file), 0);
	}
	c.file = fopen(EXPORT, "rb");
	assert_non_null(c.file);
	export_golden(compare, &c);
	assert_int_equal(fgetc(c.file), EOF);
	rewind(c.file);
	aim_ctx *ctx = fixed_ctx();
	assert_status(aim_trail_verifier_new(ctx, NULL, &verifier, NULL), AIM_OK);
	while ((n = fread(piece, 1, sizeof piece, c.file)) > 0)
		assert_status(aim_trail_verifier_feed(verifier, aim_bytes_from(piece, n), NULL), AIM_OK);
	assert_status(aim_trail_verifier_end(verifier, &report, NULL), AIM_OK);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", report.root[i]);
	assert_string_equal(hex, ROOT_HEX);
	assert_int_equal(report.n_records, N_RECORDS);
	aim_trail_verifier_free(verifier);
	aim_ctx_free(ctx);
	(void)fclose(c.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes_again),
		cmocka_unit_test(test_files_verify),
		cmocka_unit_test(test_the_export_is_frozen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
