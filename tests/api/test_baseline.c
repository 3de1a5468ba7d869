/* tests/api/test_baseline.c — fingerprints and baselines as a host uses them, over a real file when SQLite
 * is built in. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aim/aim.h>

#define S(text) aim_str_from(text)

typedef struct host {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_baseline *baseline;
	char folder[64], path[80];
	int file;
} host;

/* A new file, or memory when this library was built without SQLite. */
static void open_store(host *h)
{
	aim_status rc = aim_sqlite_open(h->ctx, S(h->path), NULL, &h->store, NULL);
	h->file = rc == AIM_OK;
	if (!h->file) {
		assert_int_equal(rc, AIM_E_UNSUPPORTED);
		assert_int_equal(aim_store_open_memory(h->ctx, NULL, &h->store, NULL), AIM_OK);
	}
}

static void open_host(host *h)
{
	aim_server *server = NULL;
	assert_int_equal(aim_ctx_new(NULL, &h->ctx, NULL), AIM_OK);
	open_store(h);
	assert_int_equal(aim_audit_open(h->store, NULL, &h->log, NULL), AIM_OK);
	assert_int_equal(aim_registry_open(h->log, NULL, &h->registry, NULL), AIM_OK);
	if (aim_server_find_name(h->registry, S("s"), &server, NULL) != AIM_OK) {
		aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s"), .command = S("run")};
		assert_int_equal(aim_server_register(h->registry, &spec, &server, NULL), AIM_OK);
	}
	assert_int_equal(aim_baseline_open(h->registry, aim_server_id(server), &h->baseline, NULL), AIM_OK);
	aim_server_free(server);
}

static void close_host(host *h)
{
	aim_baseline_free(h->baseline);
	aim_registry_free(h->registry);
	assert_int_equal(aim_audit_verify(h->log, NULL, NULL, NULL), AIM_OK);
	assert_int_equal(aim_audit_close(h->log, NULL), AIM_OK);
	aim_store_free(h->store);
	aim_ctx_free(h->ctx);
}

static void observe(host *h, const char *raw)
{
	aim_baseline_item item = {S("t"), aim_bytes_from(raw, strlen(raw))};
	aim_baseline_observation o = {.struct_size = sizeof o, .kind = AIM_FINGERPRINT_TOOL};
	o.items = &item;
	o.n_items = 1;
	assert_int_equal(aim_baseline_observe(h->baseline, &o, NULL), AIM_OK);
}

static void a_rug_pull_is_seen_after_a_restart(void **state)
{
	host h = {.folder = "/tmp/aim-api-XXXXXX"};
	aim_baseline_entry e = {.struct_size = sizeof e};
	uint8_t before[32], after[32];
	(void)state;
	assert_non_null(mkdtemp(h.folder));
	snprintf(h.path, sizeof h.path, "%s/aim.db", h.folder);
	open_host(&h);
	observe(&h, "{\"name\":\"t\",\"description\":\"adds\"}");
	assert_int_equal(aim_baseline_finding_at(h.baseline, 0)->verdict, AIM_BASELINE_FIRST_SEEN);
	aim_baseline_approval approval = {.struct_size = sizeof approval, .actor = S("me")};
	assert_int_equal(aim_baseline_approve(h.baseline, &approval, NULL), AIM_OK);
	assert_int_equal(aim_baseline_manifest(h.baseline, before, NULL), AIM_OK);
	if (h.file) {
		close_host(&h);
		open_host(&h);
	}
	observe(&h, "{\"name\":\"t\",\"description\":\"adds, and tells me\"}");
	assert_int_equal(aim_baseline_finding_count(h.baseline), 1);
	const aim_baseline_finding *f = aim_baseline_finding_at(h.baseline, 0);
	assert_string_equal(aim_baseline_verdict_name(f->verdict), "changed");
	assert_int_equal(f->severity, AIM_BASELINE_HIGH);
	assert_int_equal(aim_baseline_refresh(h.baseline, NULL), AIM_OK);
	assert_int_equal(aim_baseline_find(h.baseline, AIM_FINGERPRINT_TOOL, S("t"), &e), AIM_OK);
	assert_int_equal(e.state, AIM_BASELINE_APPROVED);
	assert_int_equal(e.verdict, AIM_BASELINE_CHANGED);
	assert_int_equal(aim_baseline_manifest(h.baseline, after, NULL), AIM_OK);
	assert_memory_equal(before, after, 32);
	close_host(&h);
	(void)remove(h.path);
	(void)remove(h.folder);
}

static void fingerprints_of_bytes_and_of_documents_agree(void **state)
{
	aim_ctx *ctx = NULL;
	aim_json *doc = NULL;
	aim_fingerprint a = {.struct_size = sizeof a}, b = a;
	char text[AIM_FINGERPRINT_TEXT_SIZE];
	uint8_t root[32];
	static const char json[] = "{\"tools\":[{\"name\":\"t\"}]}";
	(void)state;
	assert_int_equal(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_int_equal(aim_json_new(ctx, &doc), AIM_OK);
	assert_int_equal(aim_json_parse(doc, aim_bytes_from(json, sizeof json - 1), 0, NULL), AIM_OK);
	aim_json_value tool = aim_json_at(doc, AIM_JSON_ROOT, S("/tools/0"));
	assert_int_equal(aim_fingerprint_value(ctx, AIM_FINGERPRINT_TOOL, doc, tool, &a, NULL), AIM_OK);
	assert_int_equal(aim_fingerprint_compute(ctx, AIM_FINGERPRINT_TOOL, aim_json_raw(doc, tool), &b, NULL),
	                 AIM_OK);
	assert_true(aim_fingerprint_equal(&a, &b));
	assert_int_equal(aim_fingerprint_text(&a, text), AIM_OK);
	assert_int_equal(strlen(text), 64);
	assert_string_equal(aim_fingerprint_kind_name(a.kind), "tool");
	aim_fingerprint_leaf leaf = {AIM_FINGERPRINT_TOOL, 0, S("t"), a.surface};
	assert_int_equal(aim_fingerprint_manifest(ctx, &leaf, 1, root, NULL), AIM_OK);
	aim_json_free(doc);
	aim_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rug_pull_is_seen_after_a_restart),
		cmocka_unit_test(fingerprints_of_bytes_and_of_documents_agree),
	};
	return cmocka_run_group_tests_name("api/baseline", tests, NULL, NULL);
}
