/* tests/fuzz/fuzz_baseline.c — two definitions of one tool, each a line of the input, shown one after the
 * other: whatever they hold, the baseline says "changed" exactly when the fingerprints differ, names a
 * member then, and says the same after it was read back from the store. */
#include "assess/fingerprint.h"
#include "codec/json.h"

#include <aim/baseline.h>
#include <aim/server.h>

#include <stdlib.h>
#include <string.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

typedef struct shown {
	aim_json *doc;
	aim_baseline_item item;
	aim_fingerprint fingerprint;
} shown;

/* 1 when the line is a definition with a name. */
static int read_line(aim_ctx *ctx, shown *s, const uint8_t *data, size_t size)
{
	s->fingerprint.struct_size = sizeof s->fingerprint;
	if (aim_json_parse(s->doc, aim_bytes_from(data, size), AIM_JSON_BORROW, NULL) != AIM_OK ||
	    aim_fingerprint_value(ctx, AIM_FINGERPRINT_TOOL, s->doc, AIM_JSON_ROOT, &s->fingerprint, NULL) !=
	            AIM_OK)
		return 0;
	s->item.name = aim__definition_name(AIM_FINGERPRINT_TOOL, s->doc, AIM_JSON_ROOT);
	s->item.raw = aim_json_raw(s->doc, AIM_JSON_ROOT);
	return 1;
}

static aim_status observe(aim_baseline *baseline, const aim_baseline_item *item)
{
	aim_baseline_observation o = {.struct_size = sizeof o, .kind = AIM_FINGERPRINT_TOOL};
	o.items = item;
	o.n_items = 1;
	return aim_baseline_observe(baseline, &o, NULL);
}

static void check_second(const aim_baseline *baseline, const shown *first, const shown *second)
{
	size_t n = aim_baseline_finding_count(baseline);
	const aim_baseline_finding *f = aim_baseline_finding_at(baseline, 0);
	if (!aim_str_equal(first->item.name, second->item.name)) {
		check(n == 2); /* one added, one removed */
		return;
	}
	int same = aim_fingerprint_equal(&first->fingerprint, &second->fingerprint);
	check(n == (same ? 0 : 1));
	if (!same)
		check(f->verdict == AIM_BASELINE_CHANGED && f->n_members > 0 && f->changes != 0 &&
		      f->severity >= AIM_BASELINE_LOW &&
		      memcmp(f->observed_surface, second->fingerprint.surface, AIM_FINGERPRINT_LEN) == 0);
}

static void show(aim_registry *registry, aim_str server, const shown *first, const shown *second)
{
	aim_baseline *baseline = NULL;
	check(aim_baseline_open(registry, server, &baseline, NULL) == AIM_OK);
	if (observe(baseline, &first->item) == AIM_OK) { /* one level deeper it may be beyond a limit */
		check(aim_baseline_finding_count(baseline) == 1);
		int twice = observe(baseline, &second->item) == AIM_OK;
		if (twice)
			check_second(baseline, first, second);
		aim_baseline_free(baseline);
		check(aim_baseline_open(registry, server, &baseline, NULL) == AIM_OK);
		if (twice) {
			check(observe(baseline, &second->item) == AIM_OK);
			check_second(baseline, first, second);
		}
		aim_baseline_approval a = {.struct_size = sizeof a, .actor = aim_str_from("fuzz")};
		check(aim_baseline_approve(baseline, &a, NULL) == AIM_OK);
		check(observe(baseline, twice ? &second->item : &first->item) == AIM_OK);
		check(aim_baseline_finding_count(baseline) == 0);
	}
	aim_baseline_free(baseline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static shown first, second;
	const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
	if (!ctx)
		check(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK && aim_json_new(ctx, &first.doc) == AIM_OK &&
		      aim_json_new(ctx, &second.doc) == AIM_OK);
	if (!cut || !read_line(ctx, &first, data, (size_t)(cut - data)) ||
	    !read_line(ctx, &second, cut + 1, size - (size_t)(cut - data) - 1))
		return 0;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_server *server = NULL;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("s")};
	spec.url = aim_str_from("stdio://");
	check(aim_store_open_memory(ctx, NULL, &store, NULL) == AIM_OK &&
	      aim_audit_open(store, NULL, &log, NULL) == AIM_OK &&
	      aim_registry_open(log, NULL, &registry, NULL) == AIM_OK &&
	      aim_server_register(registry, &spec, &server, NULL) == AIM_OK);
	show(registry, aim_server_id(server), &first, &second);
	check(aim_audit_verify(log, NULL, NULL, NULL) == AIM_OK);
	aim_server_free(server);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	return 0;
}
