/* Reading a log: queries, pages, following, and what a damaged row does to them. */
#include "support.h"
#include "vault.h"

#include <aim/trail.h>

#include <stdlib.h>
#include <string.h>

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	vault *vault;
	aim_store *store;
	aim_audit *log;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	b->vault = calloc(1, sizeof *b->vault);
	assert_non_null(b->vault);
	vault_init(b->vault);
	b->store = vault_open(b->vault, b->ctx);
	b->log = open_log(b->store, NULL);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_audit_free(b->log);
	aim_store_free(b->store);
	vault_free(b->vault);
	free(b->vault);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

typedef struct seen {
	size_t n;
	uint64_t positions[4096];
	aim_status stop_with;
	uint64_t stop_at;
} seen;

static aim_status note(void *user, const aim_trail_record *record)
{
	seen *s = user;
	if (s->stop_with != AIM_OK && aim_trail_record_position(record) == s->stop_at)
		return s->stop_with;
	s->positions[s->n++] = aim_trail_record_position(record);
	return AIM_OK;
}

static aim_status ask(bench *b, const aim_trail_query *q, seen *s, aim_trail_page *page)
{
	*page = (aim_trail_page){.struct_size = sizeof *page};
	memset(&b->err, 0, sizeof b->err);
	return aim_trail_read(b->log, q, note, s, page, &b->err);
}

static void append(bench *b, const aim_audit_record *r)
{
	assert_status(aim_audit_append(b->log, r, NULL, &b->err), AIM_OK);
}

/* ---- the view ---- */

static aim_status look(void *user, const aim_trail_record *r)
{
	size_t *n = user;
	(*n)++;
	assert_text(aim_trail_record_text(r, AIM_TRAIL_KIND), "tool_call");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_AGENT), "agent-7");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_SESSION), "s-1");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_SUBJECT), "files");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_ACTION), "send \"mail\"");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_DECISION), "deny");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_RULE), "r1");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_DURABILITY), "durable");
	assert_null(aim_trail_record_text(r, AIM_TRAIL_USER).ptr);
	assert_null(aim_trail_record_text(r, AIM_TRAIL_N_TEXTS).ptr);
	assert_int_equal(aim_trail_record_position(r), 2);
	assert_int_equal(aim_trail_record_time_us(r), 1766000000002000);
	assert_int_equal(aim_trail_record_trust_micro(r), 2000);
	assert_int_equal(aim_trail_record_salt(r).len, 16);
	assert_int_equal(aim_trail_record_leaf(r).len, 32);
	const aim_json *doc = aim_trail_record_document(r);
	int64_t risk = 0;
	assert_status(aim_json_int64(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/data/risk/1")), &risk), AIM_OK);
	assert_int_equal(risk, 2);
	assert_int_equal(aim_trail_record_json(r).ptr[0], '{');
	return AIM_OK;
}

static void test_a_record_shows_what_was_appended(void **state)
{
	bench *b = *state;
	aim_trail_query q = {.struct_size = sizeof q, .from = 2, .limit = 1};
	size_t n = 0;
	append_samples(b->log, 4);
	assert_status(aim_trail_read(b->log, &q, look, &n, NULL, &b->err), AIM_OK);
	assert_int_equal(n, 1);
}

static aim_status has_no_arguments(void *user, const aim_trail_record *r)
{
	(void)user;
	assert_null(aim_trail_record_salt(r).ptr);
	assert_null(aim_trail_record_text(r, AIM_TRAIL_ARGUMENTS_COMMITMENT).ptr);
	return AIM_OK;
}

static void test_a_record_without_arguments_has_no_salt(void **state)
{
	bench *b = *state;
	aim_trail_query q = {.struct_size = sizeof q, .from = 3, .limit = 1};
	append_samples(b->log, 4);
	assert_status(aim_trail_read(b->log, &q, has_no_arguments, NULL, NULL, &b->err), AIM_OK);
}

/* ---- filters ---- */

static void expect(bench *b, const aim_trail_filter *f, const char *positions)
{
	aim_trail_query q = {.struct_size = sizeof q, .filter = f};
	static seen s;
	aim_trail_page page;
	char text[256] = "";
	s.n = 0;
	assert_status(ask(b, &q, &s, &page), AIM_OK);
	for (size_t i = 0; i < s.n; i++) {
		size_t len = strlen(text);
		text[len] = (char)('0' + s.positions[i]);
		text[len + 1] = 0;
	}
	assert_string_equal(text, positions);
	assert_int_equal(page.n_matched, s.n);
	assert_int_equal(page.flags, AIM_TRAIL_DONE);
}

#define FILTER(...) &(aim_trail_filter){.struct_size = sizeof(aim_trail_filter), __VA_ARGS__}
#define S(text) {text, sizeof(text) - 1}

static void test_each_condition_selects(void **state)
{
	bench *b = *state;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	append_samples(b->log, 5);
	r.time_us = 1766000001000000;
	r.kind = aim_str_from("session");
	r.did = aim_str_from("did:key:z6Mk");
	r.user = aim_str_from("anna");
	r.request = aim_str_from("17");
	r.reason_code = aim_str_from("ended");
	append(b, &r); /* 5 */
	/* Members of data with the names of the record's own decide nothing. */
	r.user = r.request = r.did = (aim_str){NULL, 0};
	r.data = aim_str_from("{\"kind\":\"tool_call\",\"session\":\"s-1\",\"time_us\":1766000000000000,\"user\":\"anna\"}");
	append(b, &r); /* 6 */
	expect(b, NULL, "0123456");
	expect(b, FILTER(.kind = S("session")), "56");
	expect(b, FILTER(.kind = S("tool_call")), "01234");
	expect(b, FILTER(.agent = S("agent-7")), "01234");
	expect(b, FILTER(.did = S("did:key:z6Mk")), "5");
	expect(b, FILTER(.session = S("s-1")), "01234");
	expect(b, FILTER(.user = S("anna")), "5");
	expect(b, FILTER(.subject = S("files")), "01234");
	expect(b, FILTER(.action = S("send \"mail\"")), "2");
	expect(b, FILTER(.action = S("caf\xC3\xA9")), "3");
	expect(b, FILTER(.decision = S("deny")), "024");
	expect(b, FILTER(.reason_code = S("ended")), "56");
	expect(b, FILTER(.request = S("17")), "5");
	expect(b, FILTER(.decision = S("deny"), .action = S("read_file")), "04");
	expect(b, FILTER(.since_us = 1766000000002000), "23456");
	expect(b, FILTER(.before_us = 1766000000002000), "01");
	expect(b, FILTER(.since_us = 1766000000001000, .before_us = 1766000000003000), "12");
	expect(b, FILTER(.kind = S("tool")), "");
}

static void test_filters_that_cannot_be(void **state)
{
	bench *b = *state;
	aim_trail_page page;
	static seen s;
	const aim_trail_filter *bad[] = {
		FILTER(.kind = {NULL, 3}),
		FILTER(.since_us = -1),
		FILTER(.user = S("\xff")),
		FILTER(.flags = 1),
	};
	static const aim_status status[] = {AIM_E_INVALID, AIM_E_INVALID, AIM_E_UTF8, AIM_E_VERSION};
	for (size_t i = 0; i < 4; i++) {
		aim_trail_query q = {.struct_size = sizeof q, .filter = bad[i]};
		assert_status(ask(b, &q, &s, &page), status[i]);
		assert_int_equal(b->err.status, status[i]);
	}
	aim_trail_query q = {.struct_size = sizeof q, .flags = 2};
	assert_status(ask(b, &q, &s, &page), AIM_E_VERSION);
	assert_status(aim_trail_read(NULL, NULL, note, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_trail_read(b->log, NULL, NULL, NULL, NULL, NULL), AIM_E_INVALID);
}

/* ---- pages ---- */

/* Reads page by page and asserts that the positions are all of those that match, once, in order. */
static void read_in_pages(bench *b, uint32_t flags, uint64_t limit, uint64_t max_scanned, unsigned n)
{
	aim_trail_query q = {.struct_size = sizeof q, .flags = flags, .limit = limit, .max_scanned = max_scanned};
	aim_trail_page page;
	static seen s;
	s.n = 0;
	q.filter = FILTER(.decision = S("deny"));
	q.from = flags ? AIM_TRAIL_END : 0;
	unsigned n_pages = 0;
	do {
		size_t before = s.n;
		assert_status(ask(b, &q, &s, &page), AIM_OK);
		assert_true(s.n - before <= limit);
		if (max_scanned)
			assert_true(page.n_scanned <= max_scanned);
		q.from = page.next;
		assert_true(++n_pages < 2000);
	} while (!(page.flags & AIM_TRAIL_DONE));
	assert_int_equal(s.n, (n + 1) / 2);
	for (size_t i = 0; i < s.n; i++)
		assert_int_equal(s.positions[i], flags ? 2 * (s.n - 1 - i) : 2 * i);
}

static void test_pages_cover_the_log_once(void **state)
{
	bench *b = *state;
	append_samples(b->log, 601);
	static const uint64_t limits[] = {1, 7, 64, 1000};
	static const uint64_t scans[] = {0, 1, 63, 64, 65, 5000};
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 6; k++) {
			read_in_pages(b, 0, limits[i], scans[k], 601);
			read_in_pages(b, AIM_TRAIL_NEWEST_FIRST, limits[i], scans[k], 601);
		}
}

static void test_an_empty_log_and_positions_beyond_it(void **state)
{
	bench *b = *state;
	aim_trail_page page;
	static seen s;
	s.n = 0;
	aim_trail_query q = {.struct_size = sizeof q};
	for (unsigned n = 0; n < 2; n++) {
		for (uint32_t flags = 0; flags < 2; flags++) {
			q.flags = flags;
			q.from = flags ? 0 : AIM_TRAIL_END;
			assert_status(ask(b, &q, &s, &page), AIM_OK);
			assert_int_equal(page.flags, AIM_TRAIL_DONE);
		}
		append_samples(b->log, 3);
	}
	assert_int_equal(s.n, 0);
}

static void test_a_visit_ends_the_walk(void **state)
{
	bench *b = *state;
	aim_trail_page page;
	static seen s;
	append_samples(b->log, 100);
	for (uint32_t flags = 0; flags < 2; flags++) {
		aim_trail_query q = {.struct_size = sizeof q, .flags = flags, .from = flags ? AIM_TRAIL_END : 0};
		s = (seen){.stop_with = AIM_E_STATE, .stop_at = 40};
		assert_status(ask(b, &q, &s, &page), AIM_E_STATE);
		/* Going on from there shows the record again. */
		q.from = page.next;
		s.stop_with = AIM_OK;
		size_t before = s.n;
		assert_status(ask(b, &q, &s, &page), AIM_OK);
		assert_int_equal(s.positions[before], 40);
		assert_int_equal(s.n, 100);
	}
}

/* ---- damage ---- */

static void test_a_damaged_row_is_named_and_never_passed_over(void **state)
{
	bench *b = *state;
	aim_trail_page page;
	static seen s;
	append_samples(b->log, 200);
	vault_value *row = &b->vault->rows[150];
	/* "deny" of record 150 becomes "denx": no filter would select it. */
	for (size_t i = 0; i + 4 < row->len; i++)
		if (memcmp(row->bytes + i, "deny", 4) == 0)
			row->bytes[i + 3] = 'x';
	aim_trail_query q = {.struct_size = sizeof q, .limit = 500, .filter = FILTER(.decision = S("deny"))};
	s.n = 0;
	assert_status(ask(b, &q, &s, &page), AIM_E_AUDIT_CORRUPT);
	assert_non_null(strstr(b->err.message, "record 150"));
	assert_int_equal(page.next, 150);
	assert_int_equal(s.n, 75);
	/* What is newer is shown first, then the row is named. */
	q.flags = AIM_TRAIL_NEWEST_FIRST;
	q.from = AIM_TRAIL_END;
	s.n = 0;
	assert_status(ask(b, &q, &s, &page), AIM_E_AUDIT_CORRUPT);
	assert_non_null(strstr(b->err.message, "record 150"));
	assert_int_equal(page.next, 151);
	assert_int_equal(s.n, 24);
	assert_int_equal(s.positions[23], 152);
	/* Behind it, it goes on. */
	q.from = 150;
	assert_status(ask(b, &q, &s, &page), AIM_OK);
	assert_int_equal(s.n, 24 + 75);
}

static void test_a_missing_row_is_a_gap(void **state)
{
	bench *b = *state;
	aim_trail_page page;
	static seen s;
	s.n = 0;
	append_samples(b->log, 20);
	free(b->vault->rows[7].bytes);
	b->vault->rows[7].bytes = NULL;
	aim_trail_query q = {.struct_size = sizeof q};
	assert_status(ask(b, &q, &s, &page), AIM_E_AUDIT_GAP);
	assert_int_equal(page.next, 7);
	while (b->vault->n_rows > 15)
		free(b->vault->rows[--b->vault->n_rows].bytes);
	q.from = 8;
	assert_status(ask(b, &q, &s, &page), AIM_E_AUDIT_TRUNCATED);
	assert_int_equal(page.next, 15);
	q.flags = AIM_TRAIL_NEWEST_FIRST;
	q.from = AIM_TRAIL_END;
	assert_status(ask(b, &q, &s, &page), AIM_E_AUDIT_TRUNCATED);
}

/* ---- following ---- */

static void test_following_gives_each_record_once(void **state)
{
	bench *b = *state;
	static seen s;
	uint64_t position = AIM_TRAIL_END;
	s = (seen){0};
	append_samples(b->log, 10);
	assert_status(aim_trail_follow(b->log, &position, NULL, 0, note, &s, &b->err), AIM_OK);
	assert_int_equal(position, 10);
	assert_int_equal(s.n, 0);
	/* Another object on the same store: as another process would write. */
	aim_audit *other = open_log(b->store, NULL);
	append_samples(other, 5);
	append_samples(b->log, 5);
	assert_status(aim_trail_follow(b->log, &position, NULL, 3, note, &s, &b->err), AIM_OK);
	assert_int_equal(position, 13);
	s.stop_with = AIM_E_IO;
	s.stop_at = 15;
	assert_status(aim_trail_follow(b->log, &position, NULL, 0, note, &s, &b->err), AIM_E_IO);
	assert_int_equal(position, 15);
	s.stop_with = AIM_OK;
	assert_status(aim_trail_follow(b->log, &position, NULL, 0, note, &s, &b->err), AIM_OK);
	assert_status(aim_trail_follow(b->log, &position, NULL, 0, note, &s, &b->err), AIM_OK);
	assert_int_equal(position, 20);
	assert_int_equal(s.n, 10);
	for (size_t i = 0; i < s.n; i++)
		assert_int_equal(s.positions[i], 10 + i);
	aim_audit_free(other);
}

static void test_following_with_a_filter_moves_over_the_rest(void **state)
{
	bench *b = *state;
	static seen s;
	uint64_t position = 0;
	s = (seen){0};
	append_samples(b->log, 9);
	const aim_trail_filter *denied = FILTER(.decision = S("deny"));
	assert_status(aim_trail_follow(b->log, &position, denied, 0, note, &s, &b->err), AIM_OK);
	assert_int_equal(position, 9);
	assert_int_equal(s.n, 5);
	position = 12;
	assert_status(aim_trail_follow(b->log, &position, NULL, 0, note, &s, &b->err), AIM_E_AUDIT_TRUNCATED);
	assert_int_equal(position, 12);
}

/* ---- memory ---- */

static aim_status pass(void *user, const aim_trail_record *record)
{
	(void)user;
	(void)record;
	return AIM_OK;
}

static aim_status body(aim_ctx *ctx, void *arg)
{
	const uint32_t *flags = arg;
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
	aim_trail_query q = {.struct_size = sizeof q, .flags = *flags, .filter = FILTER(.action = S("read_file"))};
	q.from = *flags ? AIM_TRAIL_END : 0;
	if (rc == AIM_OK)
		rc = aim_trail_read(log, &q, pass, NULL, NULL, &err);
	uint64_t position = 0;
	if (rc == AIM_OK)
		rc = aim_trail_follow(log, &position, NULL, 0, pass, NULL, &err);
	if (rc != AIM_OK)
		assert_int_equal(err.status, rc);
	aim_audit_free(log);
	aim_store_free(store);
	return rc;
}

static void test_each_allocation_may_fail(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags < 2; flags++)
		test_each_allocation_fails(body, &flags);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_record_shows_what_was_appended),
		T(test_a_record_without_arguments_has_no_salt),
		T(test_each_condition_selects),
		T(test_filters_that_cannot_be),
		T(test_pages_cover_the_log_once),
		T(test_an_empty_log_and_positions_beyond_it),
		T(test_a_visit_ends_the_walk),
		T(test_a_damaged_row_is_named_and_never_passed_over),
		T(test_a_missing_row_is_a_gap),
		T(test_following_gives_each_record_once),
		T(test_following_with_a_filter_moves_over_the_rest),
		cmocka_unit_test(test_each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
