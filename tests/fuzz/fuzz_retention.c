/* What the store says of a log's retention, damaged or made by somebody else. It is refused, or it is used: then a hold can be
 * added and ended, what is written can be read again, and without a checkpoint nothing is removed. */
#include "store/store.h"

#include <aim/retention.h>
#include <aim/store.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_RECORDS 6

static void must(int ok)
{
	if (!ok)
		abort();
}

static void put(aim_store *store, const uint8_t *data, size_t size)
{
	static const char key[] = "retention/main";
	aim_store_op op = {.kind = AIM_STORE_PUT};
	op.key = aim_bytes_from(key, sizeof key - 1);
	op.value = aim_bytes_from(data, size);
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	must(aim__store_apply_group(store, &batch, 1, NULL) == AIM_OK && batch.status == AIM_OK);
}

static void append(aim_audit *log)
{
	for (int i = 0; i < N_RECORDS; i++) {
		aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
		r.kind = aim_str_from("tool_call");
		must(aim_audit_append(log, &r, NULL, NULL) == AIM_OK);
	}
}

typedef struct held {
	size_t n;
	int has_ours;
} held;

static aim_status see(void *user, aim_str id, uint64_t from, int64_t since_us)
{
	held *h = user;
	(void)since_us;
	must(id.len > 0);
	(void)from;
	h->n++;
	h->has_ours |= aim_str_equal(id, aim_str_from("ours"));
	return AIM_OK;
}

static void use(aim_audit *log)
{
	held h = {0, 0}, after = h;
	aim_retention_options o = {.struct_size = sizeof o, .before = 4};
	aim_retention_report report = {.struct_size = sizeof report};
	if (aim_retention_holds(log, see, &h, NULL) != AIM_OK)
		return;
	must(h.n <= AIM_RETENTION_MAX_HOLDS);
	must(aim_retention_apply(log, &o, &report, NULL) != AIM_OK || report.n_removed == 0);
	if (aim_retention_hold(log, aim_str_from("ours"), 1, aim_str_from("ana"), aim_str_from("case 7"), NULL) != AIM_OK)
		return;
	must(aim_retention_holds(log, see, &after, NULL) == AIM_OK && after.has_ours && after.n == h.n + !h.has_ours);
	must(aim_retention_release(log, aim_str_from("ours"), aim_str_from("ana"), aim_str_from("over"), NULL) == AIM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	if (!ctx)
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	must(aim_store_open_memory(ctx, NULL, &store, NULL) == AIM_OK);
	must(aim_audit_open(store, NULL, &log, NULL) == AIM_OK);
	append(log);
	put(store, data, size);
	use(log);
	aim_audit_free(log);
	aim_store_free(store);
	return 0;
}
