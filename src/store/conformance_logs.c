/* store/conformance_logs.c — conformance checks of append-only logs. Layer store. */
#include "store/conformance.h"

#include <string.h>

static aim_store_op append(const char *log, uint64_t position, const char *row)
{
	aim_store_op op = {.kind = AIM_STORE_APPEND, .key = aim__text(log), .value = aim__text(row)};
	op.version = position;
	return op;
}

static int reads(aim__conformance *t, const char *log, uint64_t from, size_t limit, const char *rows)
{
	aim__do_read(t, aim__text(log), from, limit);
	aim_bytes expected = aim__text(rows);
	return t->result == AIM_OK && t->values.len == expected.len &&
	       (expected.len == 0 || memcmp(t->values.ptr, expected.ptr, expected.len) == 0);
}

static void rows_have_positions(aim__conformance *t)
{
	aim__expect(t, reads(t, "log", 0, 9, "") && t->n_rows == 0, "an absent log reads as empty");
	aim__expect(t, aim__do_op(t, append("log", 1, "x")) == AIM_E_CONFLICT,
	            "the first position is 0");
	aim__expect(t, aim__do_op(t, append("log", 0, "a")) == AIM_OK, "appending at the next position");
	aim__expect(t, aim__do_op(t, append("log", 0, "x")) == AIM_E_CONFLICT,
	            "a position that is taken is a conflict");
	aim__expect(t, aim__do_op(t, append("log", 2, "x")) == AIM_E_CONFLICT, "a gap is a conflict");
	aim__expect(t, aim__do_op(t, append("log", UINT64_MAX, "x")) == AIM_E_CONFLICT,
	            "so is a gap of any size");
	aim__expect(t, aim__do_op(t, append("log", 1, "b")) == AIM_OK, "appending goes on");
	aim__expect(t, reads(t, "log", 0, 9, "ab") && t->n_rows == 2 && t->position == 1,
	            "rows come in order with their positions");
	aim__expect(t, aim__gave_keys(t, "log|log|"), "rows carry the log's name");
}

static void logs_are_read_in_pages(aim__conformance *t)
{
	static const char *const rows[] = {"a", "b", "c", "d", "e"};
	for (uint64_t i = 0; i < 5; i++)
		aim__expect(t, aim__do_op(t, append("log", i, rows[i])) == AIM_OK, "APPEND succeeds");
	aim__expect(t, reads(t, "log", 0, 2, "ab"), "at most limit rows");
	aim__expect(t, reads(t, "log", 2, 2, "cd") && t->position == 3, "from a position on");
	aim__expect(t, reads(t, "log", 4, 9, "e"), "up to the end");
	aim__expect(t, reads(t, "log", 5, 9, "") && t->n_rows == 0, "nothing past the end");
	aim__expect(t, reads(t, "log", UINT64_MAX, 9, "") && t->n_rows == 0, "nor far past it");
	aim__expect(t, reads(t, "log", 0, 0, "") && t->n_rows == 0, "limit 0: nothing");
	t->stop = AIM_E_CALLBACK;
	aim__do_read(t, aim__text("log"), 0, 9);
	aim__expect(t, t->result == AIM_E_CALLBACK && t->n_rows == 1,
	            "read stops and returns what row returned");
}

static void logs_are_apart(aim__conformance *t)
{
	aim__do_put(t, aim__text("log"), aim__text("a key"));
	aim__expect(t, aim__do_op(t, append("log", 0, "a")) == AIM_OK,
	            "a log may have the name of a key");
	aim__expect(t, aim__do_op(t, append("log2", 0, "b")) == AIM_OK, "each log starts at 0");
	aim__expect(t, aim__do_op(t, append("lo", 0, "c")) == AIM_OK, "each log starts at 0");
	aim__expect(t, reads(t, "log", 0, 9, "a") && reads(t, "log2", 0, 9, "b") && reads(t, "lo", 0, 9, "c"),
	            "each log has its own rows");
	aim__do_scan(t, aim_bytes_from(NULL, 0), aim_bytes_from(NULL, 0), 9);
	aim__expect(t, aim__gave_keys(t, "log|"), "rows of logs are no keys");
	aim_store_op op = {.kind = AIM_STORE_DELETE, .key = aim__text("log")};
	aim__expect(t, aim__do_op(t, op) == AIM_OK && reads(t, "log", 0, 9, "a"),
	            "deleting the key leaves the log");
}

static void rows_are_bytes(aim__conformance *t)
{
	static const uint8_t bytes[] = {0, 0xFF, 0xC3, 0x28, 0};
	aim_store_op op = append("log", 0, "");
	aim__expect(t, aim__do_op(t, op) == AIM_OK, "a row may be empty");
	aim__expect(t, reads(t, "log", 0, 1, "") && t->n_rows == 1, "an empty row reads back");
	op = append("log", 1, "");
	op.value = aim_bytes_from(bytes, sizeof bytes);
	aim__expect(t, aim__do_op(t, op) == AIM_OK, "a row may hold any bytes");
	aim__do_read(t, aim__text("log"), 1, 1);
	aim__expect(t, aim__gave_value(t, op.value), "they read back");
}

static void a_failed_batch_leaves_no_hole(aim__conformance *t)
{
	aim_store_op good[] = {append("log", 0, "a"), append("log", 1, "b")};
	aim_store_op bad[] = {append("log", 2, "x"), append("other", 0, "x"), append("log", 9, "x")};
	aim_store_op next[] = {append("log", 2, "c"), append("other", 0, "d")};
	aim_store_batch batches[] = {{good, 2, AIM_OK, 0}, {bad, 3, AIM_OK, 0}, {next, 2, AIM_OK, 0}};
	aim__do_group(t, batches, 3);
	aim__expect(t, batches[0].status == AIM_OK, "one batch may append several rows");
	aim__expect(t, batches[1].status == AIM_E_CONFLICT && batches[1].failed_op == 2,
	            "a gap inside a batch is a conflict");
	aim__expect(t, batches[2].status == AIM_OK, "the next batch takes the same positions");
	aim__expect(t, reads(t, "log", 0, 9, "abc") && reads(t, "other", 0, 9, "d"),
	            "rows of the failed batch are not there");
}

static void rows_and_keys_commit_together(aim__conformance *t)
{
	aim_store_op head = {.kind = AIM_STORE_PUT_IF_VERSION, .key = aim__text("head"), .version = 9};
	aim_store_op ops[] = {append("log", 0, "a"), head};
	aim_store_batch batch = {ops, 2, AIM_OK, 0};
	aim__do_group(t, &batch, 1);
	aim__expect(t, batch.status == AIM_E_CONFLICT && reads(t, "log", 0, 9, "") && t->n_rows == 0,
	            "a row goes with the batch it is in");
	ops[1].kind = AIM_STORE_PUT_IF_ABSENT;
	aim__do_group(t, &batch, 1);
	aim__expect(t, batch.status == AIM_OK && reads(t, "log", 0, 9, "a"), "and comes with it");
}

static void logs_are_there_after_reopening(aim__conformance *t)
{
	aim__expect(t, aim__do_op(t, append("log", 0, "a")) == AIM_OK, "APPEND succeeds");
	aim__expect(t, aim__do_op(t, append("log", 1, "b")) == AIM_OK, "APPEND succeeds");
	aim__do_reopen(t);
	aim__expect(t, reads(t, "log", 0, 9, "ab"), "rows survive");
	aim__expect(t, aim__do_op(t, append("log", 1, "x")) == AIM_E_CONFLICT, "positions survive");
	aim__expect(t, aim__do_op(t, append("log", 2, "c")) == AIM_OK, "the log goes on");
}

static aim_store_op trim(const char *log, uint64_t before)
{
	aim_store_op op = {.kind = AIM_STORE_TRIM, .key = aim__text(log), .version = before};
	return op;
}

static void append_five(aim__conformance *t, const char *log)
{
	static const char *const rows[] = {"a", "b", "c", "d", "e"};
	for (uint64_t i = 0; i < 5; i++)
		aim__expect(t, aim__do_op(t, append(log, i, rows[i])) == AIM_OK, "APPEND succeeds");
}

static void trimmed_rows_are_gone(aim__conformance *t)
{
	append_five(t, "log");
	append_five(t, "log2");
	aim__expect(t, aim__do_op(t, trim("none", 0)) == AIM_E_CONFLICT, "an absent log has nothing to trim");
	aim__expect(t, aim__do_op(t, trim("log", 5)) == AIM_E_CONFLICT, "the last row stays");
	aim__expect(t, aim__do_op(t, trim("log", UINT64_MAX)) == AIM_E_CONFLICT, "and there are no rows beyond it");
	aim__expect(t, reads(t, "log", 0, 9, "abcde"), "a trim that is refused removes nothing");
	aim__expect(t, aim__do_op(t, trim("log", 3)) == AIM_OK, "TRIM succeeds");
	aim__expect(t, reads(t, "log", 0, 9, "de") && t->position == 4, "rows keep their positions");
	aim__expect(t, reads(t, "log", 0, 1, "d") && t->position == 3, "reading begins at the oldest row");
	aim__expect(t, reads(t, "log", 4, 9, "e"), "reading goes on behind it");
	aim__expect(t, aim__do_op(t, trim("log", 1)) == AIM_OK, "trimming again what is gone is nothing");
	aim__expect(t, aim__do_op(t, append("log", 0, "x")) == AIM_E_CONFLICT, "positions are not used again");
	aim__expect(t, aim__do_op(t, append("log", 5, "f")) == AIM_OK, "the log goes on");
	aim__expect(t, aim__do_op(t, trim("log", 5)) == AIM_OK && reads(t, "log", 0, 9, "f"), "TRIM goes on");
	aim__expect(t, reads(t, "log2", 0, 9, "abcde"), "other logs are as they were");
}

static void a_trim_belongs_to_its_batch(aim__conformance *t)
{
	append_five(t, "log");
	aim_store_op bad[] = {trim("log", 2), append("log", 9, "x")};
	aim_store_op good[] = {append("log", 5, "f"), append("log", 6, "g"), trim("log", 6)};
	aim_store_batch batches[] = {{bad, 2, AIM_OK, 0}};
	aim__do_group(t, batches, 1);
	aim__expect(t, batches[0].status == AIM_E_CONFLICT && reads(t, "log", 0, 9, "abcde"),
	            "a batch that fails trims nothing");
	aim_store_batch both[] = {{bad, 2, AIM_OK, 0}, {good, 3, AIM_OK, 0}};
	aim__do_group(t, both, 2);
	aim__expect(t, both[1].status == AIM_OK && reads(t, "log", 0, 9, "g") && t->position == 6,
	            "a batch may trim what it appended");
}

static void trims_are_there_after_reopening(aim__conformance *t)
{
	append_five(t, "log");
	aim__expect(t, aim__do_op(t, trim("log", 4)) == AIM_OK, "TRIM succeeds");
	aim__do_reopen(t);
	aim__expect(t, reads(t, "log", 0, 9, "e") && t->position == 4, "what was trimmed stays gone");
	aim__expect(t, aim__do_op(t, append("log", 5, "f")) == AIM_OK, "the log goes on");
}

static const aim__conformance_check checks[] = {
	{"rows have positions", rows_have_positions, 0},
	{"logs are read in pages", logs_are_read_in_pages, 0},
	{"logs are apart", logs_are_apart, 0},
	{"rows are bytes", rows_are_bytes, 0},
	{"a failed batch leaves no hole", a_failed_batch_leaves_no_hole, 0},
	{"rows and keys commit together", rows_and_keys_commit_together, 0},
	{"logs are there after reopening", logs_are_there_after_reopening, AIM__CONFORMANCE_NEEDS_REOPEN},
	{"trimmed rows are gone", trimmed_rows_are_gone, AIM__CONFORMANCE_NEEDS_TRIM},
	{"a trim belongs to its batch", a_trim_belongs_to_its_batch, AIM__CONFORMANCE_NEEDS_TRIM},
	{"trims are there after reopening", trims_are_there_after_reopening,
	 AIM__CONFORMANCE_NEEDS_TRIM | AIM__CONFORMANCE_NEEDS_REOPEN},
};
const aim__conformance_checks aim__conformance_logs = {checks, sizeof checks / sizeof *checks};
