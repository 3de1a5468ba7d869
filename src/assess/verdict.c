/* assess/verdict.c — verdicts of the scanner in the store. Layer assess. */
#include "assess/verdict.h"

#include "assess/rules.h"
#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "codec/writer.h"
#include "identity/batch.h"

#include <aim/scan.h>

#include <string.h>

#define VERDICT "scan-verdict/"
/* The code that applies the rules. Whoever changes what it finds adds one. */
#define ENGINE "1-"
#define KEEP_US (INT64_C(90) * 24 * 3600 * 1000000)
#define RULES_SIZE 80u

typedef struct stored_verdict {
	uint64_t severity;
	int64_t scanned_us;
} stored_verdict;

static const aim__field verdict_fields[] = {
	{"severity", offsetof(stored_verdict, severity), AIM__FIELD_UINT, 0, NULL},
	{"scanned_at", offsetof(stored_verdict, scanned_us), AIM__FIELD_TIME_US, 1, NULL},
};
static const aim__fields verdict_table = {verdict_fields, sizeof verdict_fields / sizeof *verdict_fields};

/* The parts of a key; texts are in rules and print. */
static void name(const uint8_t surface[AIM_FINGERPRINT_LEN], char rules[RULES_SIZE],
                 char print[2 * AIM_FINGERPRINT_LEN + 1], aim_str parts[2])
{
	size_t n = strlen(ENGINE), len = strlen(aim__rules_digest);
	memcpy(rules, ENGINE, n);
	memcpy(rules + n, aim__rules_digest, len + 1);
	aim__hex_write(aim_bytes_from(surface, AIM_FINGERPRINT_LEN), print);
	print[2 * AIM_FINGERPRINT_LEN] = 0;
	parts[0] = aim_str_from(rules);
	parts[1] = aim_str_from(print);
}

static aim_status read_verdict(aim__record *record, aim_bytes key, stored_verdict *out, aim_error *err)
{
	aim__arena arena;
	aim__arena_init(&arena, record->registry->ctx, 256, 0);
	aim_status rc = aim__record_read(record, key, &verdict_table, &arena, out, err);
	aim__arena_dispose(&arena);
	return rc == AIM_OK && out->severity > AIM_SCAN_CRITICAL ? aim__record_corrupt(key, "severity", err) : rc;
}

aim_status aim__verdict_find(aim_registry *registry, const uint8_t surface[AIM_FINGERPRINT_LEN], uint32_t *out_severity,
                             aim_error *err)
{
	char rules[RULES_SIZE], print[2 * AIM_FINGERPRINT_LEN + 1];
	aim_str parts[2];
	aim__record record;
	aim_buf key;
	stored_verdict stored = {0};
	name(surface, rules, print, parts);
	aim__record_init(&record, registry);
	aim__buf_init(&key, registry->ctx);
	aim_status rc = aim__record_key(&key, VERDICT, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&record, aim_buf_bytes(&key), err);
	if (rc == AIM_OK)
		rc = read_verdict(&record, aim_buf_bytes(&key), &stored, err);
	if (rc == AIM_OK)
		*out_severity = (uint32_t)stored.severity;
	aim__buf_dispose(&key);
	aim__record_dispose(&record);
	return rc;
}

static aim_status add(aim__batch *batch, const aim__verdict_kept *verdict, int64_t now_us, aim_error *err)
{
	char rules[RULES_SIZE], print[2 * AIM_FINGERPRINT_LEN + 1];
	aim_str parts[2];
	stored_verdict stored = {verdict->severity, now_us};
	name(verdict->surface, rules, print, parts);
	aim_status rc = aim__batch_add(batch, AIM_STORE_PUT, 0, VERDICT, parts, 2, &verdict_table, &stored, err);
	if (rc == AIM_OK)
		batch->ops[batch->n_ops - 1].expires_at_us = now_us + KEEP_US;
	return rc;
}

/* Members in canonical order. */
static aim_status add_record(aim__batch *batch, aim_str server, const aim__verdict_kept *verdicts, size_t n,
                             int64_t now_us, aim_error *err)
{
	char rules[RULES_SIZE], print[2 * AIM_FINGERPRINT_LEN + 1];
	aim_str parts[2];
	aim__json_writer w;
	int64_t critical = 0;
	aim_audit_record *r = aim__batch_record(batch, "scan_verdicts", server, now_us);
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	for (size_t i = 0; i < n; i++)
		critical += verdicts[i].severity == AIM_SCAN_CRITICAL;
	aim__write_member_int64(&w, "critical", critical);
	aim__write_key(&w, "fingerprints");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < n; i++) {
		name(verdicts[i].surface, rules, print, parts);
		aim__write_string(&w, parts[1]);
	}
	aim__write_end_array(&w);
	aim__write_member_string(&w, "rules", parts[0]);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	r->data = aim_buf_str(&batch->data);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

aim_status aim__verdict_keep(aim_registry *registry, aim_str server, const aim__verdict_kept *verdicts, size_t n,
                             aim_error *err)
{
	aim__batch batch;
	int64_t now_us;
	if (n == 0)
		return AIM_OK;
	aim_status rc = aim_ctx_now_us(registry->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	n = n < AIM__VERDICTS_MAX ? n : AIM__VERDICTS_MAX;
	aim__batch_init(&batch, registry);
	for (size_t i = 0; rc == AIM_OK && i < n; i++)
		rc = add(&batch, &verdicts[i], now_us, err);
	if (rc == AIM_OK)
		rc = add_record(&batch, server, verdicts, n, now_us, err);
	aim__change change = {.ops = batch.ops, .n_ops = batch.n_ops, .records = batch.records, .n_records = batch.n_records};
	if (rc == AIM_OK) /* nothing that anybody remembers of the registry changes */
		rc = aim__audit_commit(registry->log, &change, err);
	aim__batch_dispose(&batch);
	return rc;
}
