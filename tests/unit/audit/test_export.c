/* Exports: what each format holds, and that nothing is lost, doubled or half written. */
#include "support.h"
#include "vault.h"

#include "base/buf.h"
#include "codec/json.h"

#include <aim/trail.h>

#include <stdlib.h>
#include <string.h>

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_buf out;
	size_t n_chunks;
	aim_status stop_with;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	b->log = open_log(b->store, NULL);
	aim__buf_init(&b->out, b->ctx);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim__buf_dispose(&b->out);
	aim_audit_free(b->log);
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static aim_status collect(void *user, aim_bytes bytes)
{
	bench *b = user;
	if (b->stop_with != AIM_OK)
		return b->stop_with;
	b->n_chunks++;
	return aim__buf_add(&b->out, bytes.ptr, bytes.len);
}

static aim_status export(bench *b, const aim_trail_export_options *o, aim_trail_export_report *report)
{
	*report = (aim_trail_export_report){.struct_size = sizeof *report};
	memset(&b->err, 0, sizeof b->err);
	aim__buf_truncate(&b->out, 0);
	b->n_chunks = 0;
	return aim_trail_export(b->log, o, collect, b, report, &b->err);
}

/* Line i of the output, from 0, as a document. */
static void line(bench *b, size_t i, aim_json *doc)
{
	const char *p = (const char *)b->out.ptr, *end = p + b->out.len;
	for (; i > 0; i--) {
		p = memchr(p, '\n', (size_t)(end - p));
		assert_non_null(p);
		p++;
	}
	const char *stop = memchr(p, '\n', (size_t)(end - p));
	assert_non_null(stop);
	aim_error err = {0};
	aim_status rc = aim_json_parse(doc, aim_bytes_from(p, (size_t)(stop - p)), AIM_JSON_BORROW, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %.*s", err.message, (int)(stop - p), p);
}

static size_t n_lines(const bench *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->out.len; i++)
		n += b->out.ptr[i] == '\n';
	assert_true(b->out.len == 0 || b->out.ptr[b->out.len - 1] == '\n');
	return n;
}

static aim_str at(const aim_json *doc, const char *pointer)
{
	aim_json_value v = aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(pointer));
	aim_str text = aim_json_string(doc, v);
	if (text.ptr)
		return text;
	aim_bytes raw = aim_json_raw(doc, v);
	return (aim_str){(const char *)raw.ptr, raw.len};
}

#define OPTIONS(...) &(aim_trail_export_options){.struct_size = sizeof(aim_trail_export_options), __VA_ARGS__}
#define FILTER(...) &(aim_trail_filter){.struct_size = sizeof(aim_trail_filter), __VA_ARGS__}
#define S(text) {text, sizeof(text) - 1}

typedef struct copy {
	bench *b;
	aim_json *doc;
	size_t n;
} copy;

/* Each line has the very bytes of the record. */
static aim_status same_record(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	copy *c = user;
	(void)salt;
	line(c->b, 1 + (size_t)position, c->doc);
	aim_str exported = at(c->doc, "/record");
	assert_true(aim_str_equal(exported, record));
	c->n++;
	return AIM_OK;
}

static void test_json_lines_lose_nothing(void **state)
{
	bench *b = *state;
	aim_trail_export_report report;
	aim_json doc;
	aim__json_init(&doc, b->ctx);
	append_samples(b->log, 300);
	assert_status(export(b, NULL, &report), AIM_OK);
	assert_int_equal(report.n_records, 300);
	assert_int_equal(report.first, 0);
	assert_int_equal(report.end, 300);
	assert_int_equal(report.n_bytes, b->out.len);
	assert_int_equal(n_lines(b), 302);
	copy c = {.b = b, .doc = &doc};
	assert_status(aim_audit_read(b->log, 0, 300, same_record, &c, &b->err), AIM_OK);
	assert_int_equal(c.n, 300);
	line(b, 0, &doc);
	assert_text(at(&doc, "/log"), "main");
	assert_text(at(&doc, "/partial"), "false");
	line(b, 4, &doc);
	assert_text(at(&doc, "/position"), "00000000000000000003");
	assert_text(at(&doc, "/salted"), "false");
	line(b, 3, &doc);
	assert_text(at(&doc, "/salted"), "true");
	assert_int_equal(at(&doc, "/salt").len, 0);
	line(b, 301, &doc);
	assert_text(at(&doc, "/n_records"), "300");
	assert_text(at(&doc, "/end/size"), "300");
	assert_status(export(b, OPTIONS(.flags = AIM_TRAIL_SALTS), &report), AIM_OK);
	line(b, 3, &doc);
	assert_int_equal(at(&doc, "/salt").len, 32);
	aim__json_dispose(&doc);
}

static void test_chunks_are_bounded_and_the_sink_may_stop(void **state)
{
	bench *b = *state;
	aim_trail_export_report report;
	append_samples(b->log, 100);
	assert_status(export(b, NULL, &report), AIM_OK);
	assert_int_equal(b->n_chunks, 1);
	assert_status(export(b, OPTIONS(.chunk_bytes = 1000), &report), AIM_OK);
	assert_true(b->n_chunks > 20);
	b->stop_with = AIM_E_IO;
	assert_status(export(b, NULL, &report), AIM_E_IO);
	assert_int_equal(report.n_records, 0);
}

static void test_cloudevents_have_their_attributes(void **state)
{
	bench *b = *state;
	aim_trail_export_report report;
	aim_json doc;
	aim__json_init(&doc, b->ctx);
	append_samples(b->log, 4);
	assert_status(export(b, OPTIONS(.format = AIM_TRAIL_CLOUDEVENTS, .from = 1), &report), AIM_OK);
	assert_int_equal(n_lines(b), 3);
	line(b, 0, &doc);
	assert_text(at(&doc, "/specversion"), "1.0");
	assert_text(at(&doc, "/id"), "1");
	assert_text(at(&doc, "/source"), "log/main");
	assert_text(at(&doc, "/type"), "libaim.audit.tool_call");
	assert_text(at(&doc, "/time"), "2025-12-17T19:33:20.001000Z");
	assert_text(at(&doc, "/subject"), "files");
	assert_text(at(&doc, "/datacontenttype"), "application/json");
	assert_text(at(&doc, "/data/action"), "write_file");
	assert_int_equal(at(&doc, "/leafhash").len, 64);
	assert_status(export(b, OPTIONS(.format = AIM_TRAIL_CLOUDEVENTS, .source = S("urn:x:y")), &report), AIM_OK);
	line(b, 0, &doc);
	assert_text(at(&doc, "/source"), "urn:x:y");
	aim__json_dispose(&doc);
}

static void test_otlp_has_log_records_in_batches(void **state)
{
	bench *b = *state;
	aim_trail_export_report report;
	aim_json doc;
	aim__json_init(&doc, b->ctx);
	append_samples(b->log, 130);
	assert_status(export(b, OPTIONS(.format = AIM_TRAIL_OTLP), &report), AIM_OK);
	assert_int_equal(n_lines(b), 3);
	line(b, 0, &doc);
	assert_text(at(&doc, "/resourceLogs/0/resource/attributes/0/key"), "service.name");
	assert_text(at(&doc, "/resourceLogs/0/resource/attributes/0/value/stringValue"), "log/main");
	assert_text(at(&doc, "/resourceLogs/0/scopeLogs/0/scope/name"), "libaim.audit");
#define RECORDS "/resourceLogs/0/scopeLogs/0/logRecords"
	assert_text(at(&doc, RECORDS "/1/timeUnixNano"), "1766000000001000000");
	assert_text(at(&doc, RECORDS "/0/severityNumber"), "13");
	assert_text(at(&doc, RECORDS "/0/severityText"), "WARN");
	assert_text(at(&doc, RECORDS "/1/severityNumber"), "9");
	assert_text(at(&doc, RECORDS "/1/attributes/0/key"), "aim.kind");
	assert_text(at(&doc, RECORDS "/1/attributes/0/value/stringValue"), "tool_call");
	aim_json_value records = aim_json_at(&doc, AIM_JSON_ROOT, aim_str_from(RECORDS));
	assert_int_equal(aim_json_count(&doc, records), 64);
	aim_str body = at(&doc, RECORDS "/1/body/stringValue");
	assert_int_equal(body.ptr[0], '{');
	line(b, 2, &doc);
	records = aim_json_at(&doc, AIM_JSON_ROOT, aim_str_from(RECORDS));
	assert_int_equal(aim_json_count(&doc, records), 2);
	aim__json_dispose(&doc);
}

static void add_kind(bench *b, const char *kind)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from(kind);
	assert_status(aim_audit_append(b->log, &r, NULL, &b->err), AIM_OK);
}

static void test_controls_group_by_family(void **state)
{
	bench *b = *state;
	aim_trail_export_report report;
	aim_json doc;
	aim__json_init(&doc, b->ctx);
	static const char *const kinds[] = {"key_rotated", "tool_call", "drift_detected", "scan", "my_kind", "session"};
	for (size_t i = 0; i < 6; i++)
		add_kind(b, kinds[i]);
	assert_status(export(b, OPTIONS(.flags = AIM_TRAIL_CONTROLS), &report), AIM_OK);
	assert_int_equal(report.n_records, 6);
	static const char *const expected[] = {NULL, "/access", "tool_call", "session", "/change", "drift_detected",
	                                       "/identity", "key_rotated", "/monitoring", "scan", "/other", "my_kind"};
	for (size_t i = 1; i < 12; i++) {
		line(b, i, &doc);
		if (expected[i][0] == '/') {
			assert_text(at(&doc, "/control_family"), expected[i] + 1);
			assert_text(at(&doc, "/notice"), "evidence grouped by control family; it claims no certification");
		} else {
			assert_text(at(&doc, "/record/kind"), expected[i]);
		}
	}
	assert_int_equal(n_lines(b), 13);
	assert_status(export(b, OPTIONS(.flags = AIM_TRAIL_CONTROLS, .format = AIM_TRAIL_CLOUDEVENTS), &report), AIM_OK);
	line(b, 2, &doc);
	assert_text(at(&doc, "/controlfamily"), "change");
	assert_status(export(b, OPTIONS(.flags = AIM_TRAIL_CONTROLS, .format = AIM_TRAIL_OTLP), &report), AIM_OK);
	assert_int_equal(n_lines(b), 5);
	line(b, 3, &doc);
	assert_text(at(&doc, RECORDS "/0/attributes/2/key"), "aim.control_family");
	assert_text(at(&doc, RECORDS "/0/attributes/2/value/stringValue"), "monitoring");
	aim__json_dispose(&doc);
}

static void test_filters_and_ranges(void **state)
{
	bench *b = *state;
	aim_trail_export_report report;
	append_samples(b->log, 50);
	assert_status(export(b, OPTIONS(.filter = FILTER(.decision = S("deny"))), &report), AIM_OK);
	assert_int_equal(report.n_records, 25);
	assert_status(export(b, OPTIONS(.from = 10, .end = 30), &report), AIM_OK);
	assert_int_equal(report.n_records, 20);
	assert_int_equal(report.first, 10);
	assert_int_equal(report.end, 30);
	assert_status(export(b, OPTIONS(.from = 50), &report), AIM_OK);
	assert_int_equal(report.n_records, 0);
	assert_status(export(b, OPTIONS(.from = 51), &report), AIM_E_INVALID);
	assert_status(export(b, OPTIONS(.end = 51), &report), AIM_E_INVALID);
	assert_status(export(b, OPTIONS(.format = 3), &report), AIM_E_INVALID);
	assert_status(export(b, OPTIONS(.flags = 64), &report), AIM_E_VERSION);
	assert_status(export(b, OPTIONS(.chunk_bytes = 1u << 25), &report), AIM_E_INVALID);
	assert_status(export(b, OPTIONS(.format = AIM_TRAIL_OTLP, .flags = AIM_TRAIL_SALTS), &report), AIM_E_INVALID);
	assert_status(export(b, OPTIONS(.format = AIM_TRAIL_OTLP, .source = S("\xff")), &report), AIM_E_UTF8);
	assert_status(export(b, OPTIONS(.source = {NULL, 2}), &report), AIM_E_INVALID);
}

static aim_status swallow(void *user, aim_bytes bytes)
{
	(void)user;
	(void)bytes;
	return AIM_OK;
}

static aim_status body(aim_ctx *ctx, void *arg)
{
	const aim_trail_export_options *o = arg;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_error err = {0};
	aim_status rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	for (unsigned i = 0; rc == AIM_OK && i < 3; i++) {
		aim_audit_record r = sample_record(i);
		rc = aim_audit_append(log, &r, NULL, &err);
	}
	if (rc == AIM_OK)
		rc = aim_trail_export(log, o, swallow, NULL, NULL, &err);
	if (rc != AIM_OK)
		assert_int_equal(err.status, rc);
	aim_audit_free(log);
	aim_store_free(store);
	return rc;
}

static void test_each_allocation_may_fail(void **state)
{
	(void)state;
	for (uint32_t format = 0; format < 3; format++) {
		aim_trail_export_options o = {.struct_size = sizeof o, .format = format};
		o.flags = format ? AIM_TRAIL_CONTROLS : AIM_TRAIL_CHECKPOINT | AIM_TRAIL_SALTS;
		test_each_allocation_fails(body, &o);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_json_lines_lose_nothing),
		T(test_chunks_are_bounded_and_the_sink_may_stop),
		T(test_cloudevents_have_their_attributes),
		T(test_otlp_has_log_records_in_batches),
		T(test_controls_group_by_family),
		T(test_filters_and_ranges),
		cmocka_unit_test(test_each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
