/* store/conformance_keys.c — conformance checks of keys: bytes, order, versions, expiry. Layer
 * store. */
#include "store/conformance.h"

#include "base/mem.h"

#include <string.h>

#define BYTES(literal) aim_bytes_from((literal), sizeof(literal) - 1)
static const aim_bytes nothing = {NULL, 0};

static void a_key_reads_back(aim__conformance *t)
{
	aim__do_get(t, aim__text("a"));
	aim__expect(t, t->result == AIM_E_NOT_FOUND, "an absent key is AIM_E_NOT_FOUND");
	uint64_t version = aim__do_put(t, aim__text("a"), aim__text("one"));
	aim__expect(t, version > 0, "versions start above 0");
	aim__do_put(t, aim__text("a"), aim__text("another"));
	aim__do_get(t, aim__text("aa"));
	aim__expect(t, t->result == AIM_E_NOT_FOUND, "a longer key is another key");
	aim__expect(t, aim__do_op(t, (aim_store_op){.kind = AIM_STORE_DELETE, .key = aim__text("a")}) ==
	                       AIM_OK,
	            "DELETE succeeds");
	aim__do_get(t, aim__text("a"));
	aim__expect(t, t->result == AIM_E_NOT_FOUND, "a deleted key is AIM_E_NOT_FOUND");
}

static void keys_are_bytes(aim__conformance *t)
{
	uint8_t longest[AIM_STORE_MAX_KEY_BYTES];
	memset(longest, 0xFE, sizeof longest);
	const aim_bytes keys[] = {BYTES("a"),    BYTES("a\0"),       BYTES("a\0b"),
	                          BYTES("\0"),   BYTES("\xFF\xFF"),  BYTES("\xC3\x28"),
	                          BYTES("'\"%"), {longest, sizeof longest}};
	const size_t n = sizeof keys / sizeof *keys;
	for (size_t i = 0; i < n; i++)
		aim__do_put(t, keys[i], keys[i]);
	for (size_t i = 0; i < n; i++) {
		aim__do_get(t, keys[i]);
		aim__expect(t, aim__gave_value(t, keys[i]), "keys that differ in any byte are different");
	}
	aim__do_scan(t, nothing, nothing, 100);
	aim__expect(t, t->n_rows == n, "a scan gives every key once");
}

static void values_are_bytes(aim__conformance *t)
{
	uint8_t all[256];
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	const aim_bytes values[] = {nothing,        BYTES("\0"),       BYTES("{\"a\":1}"),
	                            BYTES("x\0y"),  BYTES("\xC3\x28"), {all, sizeof all},
	                            BYTES("007"),   BYTES("1e400"),    BYTES("12345678901234567890"),
	                            BYTES("NULL"),  BYTES(" 1 "),      BYTES("gr\xC3\xBC\xC3\x9F")};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		aim__do_put(t, aim__text("v"), values[i]);
}

static void a_large_value(aim__conformance *t)
{
	const size_t size = (size_t)1 << 20;
	uint8_t *large = aim__alloc(t->ctx, size);
	if (!large) {
		t->status = AIM_E_NOMEM;
		return;
	}
	for (size_t i = 0; i < size; i++)
		large[i] = (uint8_t)(i * 131 + (i >> 8));
	aim__do_put(t, aim__text("large"), aim_bytes_from(large, size));
	aim__do_put(t, aim__text("large"), aim__text("small again"));
	aim__free(t->ctx, large, size);
}

static void put_keys(aim__conformance *t, const aim_bytes *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		aim__do_put(t, keys[i], aim__text("v"));
}

static void scans_are_in_order(aim__conformance *t)
{
	static const aim_bytes keys[] = {{(const uint8_t *)"b", 1},    {(const uint8_t *)"a\xFF", 2},
	                                 {(const uint8_t *)"ab", 2},   {(const uint8_t *)"\x80", 1},
	                                 {(const uint8_t *)"a", 1},    {(const uint8_t *)"B", 1},
	                                 {(const uint8_t *)"a\x7F", 2}};
	put_keys(t, keys, sizeof keys / sizeof *keys);
	aim__do_scan(t, nothing, nothing, 100);
	aim__expect(t, aim__gave_keys(t, "B|a|ab|a\x7F|a\xFF|b|\x80|"), "keys come in memcmp order");
	aim__do_scan(t, BYTES("zz"), nothing, 100);
	aim__expect(t, aim__gave_keys(t, ""), "a scan of nothing is AIM_OK without rows");
}

static void prefixes_end_where_they_should(aim__conformance *t)
{
	static const aim_bytes keys[] = {{(const uint8_t *)"a\xFE", 2},     {(const uint8_t *)"a\xFF", 2},
	                                 {(const uint8_t *)"a\xFF\xFF", 3}, {(const uint8_t *)"a\xFFz", 3},
	                                 {(const uint8_t *)"b", 1},         {(const uint8_t *)"\xFF", 1},
	                                 {(const uint8_t *)"\xFF\xFF", 2}};
	put_keys(t, keys, sizeof keys / sizeof *keys);
	aim__do_scan(t, BYTES("a\xFF"), nothing, 100);
	aim__expect(t, aim__gave_keys(t, "a\xFF|a\xFFz|a\xFF\xFF|"), "a prefix may end in 0xFF");
	aim__do_scan(t, BYTES("\xFF"), nothing, 100);
	aim__expect(t, aim__gave_keys(t, "\xFF|\xFF\xFF|"), "a prefix may be 0xFF alone");
	aim__do_scan(t, BYTES("\xFF\xFF\xFF"), nothing, 100);
	aim__expect(t, aim__gave_keys(t, ""), "a prefix longer than any key gives nothing");
	aim__do_scan(t, BYTES("a"), nothing, 100);
	aim__expect(t, t->n_rows == 4, "a key that equals the prefix or starts with it, and no other");
}

static void scans_go_on_after_a_key(aim__conformance *t)
{
	static const aim_bytes keys[] = {{(const uint8_t *)"p/1", 3}, {(const uint8_t *)"p/2", 3},
	                                 {(const uint8_t *)"p/3", 3}, {(const uint8_t *)"p/3\0", 4},
	                                 {(const uint8_t *)"q/1", 3}};
	put_keys(t, keys, sizeof keys / sizeof *keys);
	aim__do_scan(t, BYTES("p/"), nothing, 2);
	aim__expect(t, aim__gave_keys(t, "p/1|p/2|"), "at most limit rows");
	aim__do_scan(t, BYTES("p/"), BYTES("p/2"), 1);
	aim__expect(t, aim__gave_keys(t, "p/3|"), "only keys greater than after");
	aim__do_scan(t, BYTES("p/"), BYTES("p/3"), 9);
	aim__expect(t, t->n_rows == 1 && t->keys.len == 5, "after\\0 comes directly after it");
	aim__do_scan(t, BYTES("p/"), BYTES("p/2x"), 9);
	aim__expect(t, t->n_rows == 2, "after need not be a key");
	aim__do_scan(t, BYTES("p/"), BYTES("a"), 9);
	aim__expect(t, t->n_rows == 4, "after in front of the prefix: from the start");
	aim__do_scan(t, BYTES("p/"), BYTES("q"), 9);
	aim__expect(t, aim__gave_keys(t, ""), "after behind the prefix: nothing");
	aim__do_scan(t, BYTES("p/"), nothing, 0);
	aim__expect(t, aim__gave_keys(t, ""), "limit 0: nothing");
}

static void row_ends_the_walk(aim__conformance *t)
{
	static const aim_bytes keys[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}};
	put_keys(t, keys, 2);
	t->stop = AIM_E_CALLBACK;
	aim__do_get(t, aim__text("a"));
	aim__expect(t, t->result == AIM_E_CALLBACK, "get returns what row returned");
	aim__do_scan(t, nothing, nothing, 9);
	aim__expect(t, t->result == AIM_E_CALLBACK && t->n_rows == 1,
	            "scan stops and returns what row returned");
	t->stop = AIM_OK;
	aim__do_scan(t, nothing, nothing, 9);
	aim__expect(t, t->n_rows == 2, "a walk that was ended does not disturb the next");
}

static aim_status delete_key(aim__conformance *t, const char *key, uint64_t version)
{
	aim_store_op op = {.kind = AIM_STORE_DELETE, .key = aim__text(key), .version = version};
	return aim__do_op(t, op);
}

static void versions_add_one(aim__conformance *t)
{
	uint64_t first = aim__do_put(t, aim__text("k"), aim__text("1"));
	aim__do_put(t, aim__text("other"), aim__text("x"));
	aim__do_put(t, aim__text("other"), aim__text("y"));
	aim__expect(t, aim__do_put(t, aim__text("k"), aim__text("2")) == first + 1,
	            "a further write adds exactly 1");
	aim_store_op add = {.kind = AIM_STORE_ADD, .key = aim__text("k"), .delta = 1, .bound = 9};
	aim__expect(t, aim__do_op(t, add) == AIM_OK, "ADD succeeds");
	aim__do_get(t, aim__text("k"));
	aim__expect(t, t->version == first + 2, "ADD adds 1 to the version, too");
	aim__do_scan(t, aim__text("k"), nothing, 1);
	aim__expect(t, t->version == first + 2, "scan gives the same version as get");
}

static void versions_never_come_back(aim__conformance *t)
{
	uint64_t greatest = 0;
	for (int i = 0; i < 5; i++) {
		uint64_t version = aim__do_put(t, aim__text("k"), aim__text("v"));
		aim__expect(t, version > greatest, "a key that was deleted gets a version it never had");
		greatest = aim__do_put(t, aim__text("k"), aim__text("w"));
		aim__expect(t, greatest == version + 1, "and adds 1 from there");
		aim__expect(t, delete_key(t, "k", 0) == AIM_OK, "DELETE succeeds");
	}
	aim_store_op put = {.kind = AIM_STORE_PUT, .key = aim__text("k"), .value = aim__text("v")};
	put.expires_at_us = t->now_us + 10;
	aim__expect(t, aim__do_op(t, put) == AIM_OK, "PUT succeeds");
	aim__do_get(t, aim__text("k"));
	greatest = t->version;
	t->now_us += 10;
	/* Many groups, so that an engine that sweeps has swept the key. */
	for (int i = 0; i < 10; i++)
		aim__do_put(t, aim__text("other"), aim__text("v"));
	aim__expect(t, aim__do_put(t, aim__text("k"), aim__text("v")) > greatest,
	            "a key that expired gets a version it never had");
}

static aim_status put_if(aim__conformance *t, uint32_t kind, const char *key, uint64_t version)
{
	aim_store_op op = {.kind = kind, .key = aim__text(key), .value = aim__text("new")};
	op.version = version;
	return aim__do_op(t, op);
}

static void preconditions_hold(aim__conformance *t)
{
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_VERSION, "k", 1) == AIM_E_CONFLICT,
	            "PUT_IF_VERSION of an absent key is a conflict");
	aim__expect(t, delete_key(t, "k", 1) == AIM_E_CONFLICT,
	            "DELETE with a version of an absent key is a conflict");
	aim__expect(t, delete_key(t, "k", 0) == AIM_OK, "DELETE of an absent key is fine");
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_ABSENT, "k", 0) == AIM_OK,
	            "PUT_IF_ABSENT writes an absent key");
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_ABSENT, "k", 0) == AIM_E_CONFLICT,
	            "PUT_IF_ABSENT of a present key is a conflict");
	uint64_t version = aim__do_put(t, aim__text("k"), aim__text("old"));
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_VERSION, "k", version + 1) == AIM_E_CONFLICT &&
	                       put_if(t, AIM_STORE_PUT_IF_VERSION, "k", version - 1) == AIM_E_CONFLICT,
	            "PUT_IF_VERSION with another version is a conflict");
	aim__do_get(t, aim__text("k"));
	aim__expect(t, aim__gave_value(t, aim__text("old")) && t->version == version,
	            "a conflict changes neither value nor version");
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_VERSION, "k", version) == AIM_OK,
	            "PUT_IF_VERSION with the version writes");
	aim__expect(t, delete_key(t, "k", version) == AIM_E_CONFLICT,
	            "DELETE with an old version is a conflict");
	aim__expect(t, delete_key(t, "k", version + 1) == AIM_OK, "DELETE with the version deletes");
}

static void put_until(aim__conformance *t, const char *key, const char *value, int64_t expires_at_us)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = aim__text(key), .value = aim__text(value)};
	op.expires_at_us = expires_at_us;
	aim__expect(t, aim__do_op(t, op) == AIM_OK, "PUT with an expiry succeeds");
}

static int is_there(aim__conformance *t, const char *key)
{
	aim__do_get(t, aim__text(key));
	return t->result == AIM_OK;
}

static void keys_are_absent_from_their_expiry_on(aim__conformance *t)
{
	int64_t start = t->now_us;
	put_until(t, "k", "5", start + 100);
	aim__do_get(t, aim__text("k"));
	uint64_t version = t->version;
	t->now_us = start + 99;
	aim__expect(t, is_there(t, "k"), "a key is there one microsecond before its expiry");
	t->now_us = start + 100;
	aim__expect(t, !is_there(t, "k"), "a key is absent for get at exactly its expiry");
	aim__do_scan(t, nothing, nothing, 9);
	aim__expect(t, t->n_rows == 0, "and for scan");
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_VERSION, "k", version) == AIM_E_CONFLICT,
	            "and for PUT_IF_VERSION");
	aim__expect(t, delete_key(t, "k", version) == AIM_E_CONFLICT, "and for DELETE with a version");
	put_until(t, "n", "5", t->now_us + 1);
	t->now_us++;
	int64_t sum = 0;
	aim_store_op add = {.kind = AIM_STORE_ADD, .key = aim__text("n"), .delta = 1, .bound = 9};
	add.out_sum = &sum;
	aim__expect(t, aim__do_op(t, add) == AIM_OK && sum == 1, "and for ADD, which starts at 0");
	aim__expect(t, put_if(t, AIM_STORE_PUT_IF_ABSENT, "k", 0) == AIM_OK, "and for PUT_IF_ABSENT");
	t->now_us += 1000;
	aim__expect(t, is_there(t, "k"), "a key written again without an expiry stays");
}

static void expiries_are_kept_and_dropped(aim__conformance *t)
{
	int64_t start = t->now_us;
	put_until(t, "kept", "a", start + 10);
	put_until(t, "kept", "b", AIM_STORE_KEEP_EXPIRY);
	put_until(t, "new", "a", AIM_STORE_KEEP_EXPIRY);
	put_until(t, "dropped", "a", start + 10);
	put_until(t, "dropped", "b", 0);
	put_until(t, "moved", "a", start + 10);
	put_until(t, "moved", "b", start + 20);
	aim_store_op add = {.kind = AIM_STORE_ADD, .key = aim__text("n"), .delta = 1, .bound = 9};
	add.expires_at_us = start + 10;
	aim__expect(t, aim__do_op(t, add) == AIM_OK, "ADD succeeds");
	add.expires_at_us = start + 99;
	aim__expect(t, aim__do_op(t, add) == AIM_OK, "ADD succeeds");
	put_until(t, "past", "a", start);
	aim__expect(t, !is_there(t, "past"), "a key written with an expiry in the past is absent");
	t->now_us = start + 9;
	aim__expect(t, is_there(t, "kept") && is_there(t, "n"), "nothing expires early");
	t->now_us = start + 10;
	aim__expect(t, !is_there(t, "kept"), "AIM_STORE_KEEP_EXPIRY keeps the expiry");
	aim__expect(t, !is_there(t, "n"), "ADD keeps the expiry of an existing counter");
	aim__expect(t, is_there(t, "new"), "AIM_STORE_KEEP_EXPIRY of a new key: none");
	aim__expect(t, is_there(t, "dropped"), "PUT without an expiry drops the old one");
	aim__expect(t, is_there(t, "moved"), "PUT with an expiry replaces the old one");
	/* An engine that sweeps must take only what has expired. */
	for (int i = 0; i < 10; i++)
		aim__do_put(t, aim__text("other"), aim__text("v"));
	aim__expect(t, is_there(t, "moved") && is_there(t, "new"), "a sweep takes only expired keys");
	t->now_us = start + 20;
	aim__expect(t, !is_there(t, "moved"), "the new expiry counts");
}

static void expired_keys_do_not_fill_a_page(aim__conformance *t)
{
	put_until(t, "p/1", "x", t->now_us + 10);
	put_until(t, "p/2", "x", t->now_us + 10);
	put_until(t, "p/3", "x", 0);
	put_until(t, "p/4", "x", 0);
	t->now_us += 10;
	aim__do_scan(t, aim__text("p/"), nothing, 2);
	aim__expect(t, aim__gave_keys(t, "p/3|p/4|"), "limit counts only keys that are there");
}

static void everything_is_there_after_reopening(aim__conformance *t)
{
	aim__do_put(t, aim__text("a"), aim__text("1"));
	uint64_t version = aim__do_put(t, aim__text("a"), BYTES("\0\xFF"));
	put_until(t, "e", "x", t->now_us + 10);
	uint64_t gone = aim__do_put(t, aim__text("d"), aim__text("x"));
	gone = aim__do_put(t, aim__text("d"), aim__text("y"));
	aim__expect(t, delete_key(t, "d", gone) == AIM_OK, "DELETE succeeds");
	aim__do_reopen(t);
	aim__do_get(t, aim__text("a"));
	aim__expect(t, aim__gave_value(t, BYTES("\0\xFF")) && t->version == version,
	            "values and versions survive");
	aim__expect(t, is_there(t, "e"), "keys with an expiry survive");
	aim__expect(t, aim__do_put(t, aim__text("d"), aim__text("z")) > gone,
	            "a key deleted before gets a version it never had");
	t->now_us += 10;
	aim__expect(t, !is_there(t, "e"), "expiries survive");
}

static const aim__conformance_check checks[] = {
	{"a key reads back", a_key_reads_back, 0},
	{"keys are bytes", keys_are_bytes, 0},
	{"values are bytes", values_are_bytes, 0},
	{"a large value", a_large_value, 0},
	{"scans are in order", scans_are_in_order, 0},
	{"prefixes end where they should", prefixes_end_where_they_should, 0},
	{"scans go on after a key", scans_go_on_after_a_key, 0},
	{"row ends the walk", row_ends_the_walk, 0},
	{"versions add one", versions_add_one, 0},
	{"versions never come back", versions_never_come_back, 0},
	{"preconditions hold", preconditions_hold, 0},
	{"keys are absent from their expiry on", keys_are_absent_from_their_expiry_on, 0},
	{"expiries are kept and dropped", expiries_are_kept_and_dropped, 0},
	{"expired keys do not fill a page", expired_keys_do_not_fill_a_page, 0},
	{"everything is there after reopening", everything_is_there_after_reopening,
	 AIM__CONFORMANCE_NEEDS_REOPEN},
};
const aim__conformance_checks aim__conformance_keys = {checks, sizeof checks / sizeof *checks};
