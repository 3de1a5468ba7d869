/* Keeps the newest records of an audit log, removes the rest at a checkpoint, and verifies what is left. */
#include <aim/aim.h>

#include <stdio.h>

#define ORIGIN "example.com/agents/log"

static aim_status fill(aim_audit *log, aim_key *key, aim_error *err)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options options = {.struct_size = sizeof options, .origin = aim_str_from(ORIGIN)};
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from("tool_call");
	options.every_records = 10;
	aim_status rc = aim_checkpoint_open(log, key, &options, &signer, err);
	for (int i = 0; rc == AIM_OK && i < 100; i++) {
		rc = aim_audit_append(log, &record, NULL, err);
		if (rc == AIM_OK)
			rc = aim_checkpoint_poll(signer, 0, err);
	}
	aim_status closed = aim_checkpoint_close(signer, rc == AIM_OK ? err : NULL);
	return rc == AIM_OK ? closed : rc;
}

static aim_status cut(aim_audit *log, const aim_audit_head *remembered, aim_error *err)
{
	aim_retention_options options = {.struct_size = sizeof options, .keep_records = 25};
	aim_retention_report report = {.struct_size = sizeof report};
	aim_audit_report found = {.struct_size = sizeof found};
	options.reason = aim_str_from("the newest 25 are kept");
	aim_status rc = aim_retention_apply(log, &options, &report, err);
	if (rc == AIM_OK)
		rc = aim_audit_verify(log, remembered, &found, err);
	if (rc == AIM_OK)
		printf("%llu removed; the log begins at %llu and %llu records verify\n",
		       (unsigned long long)report.n_removed, (unsigned long long)report.first_kept,
		       (unsigned long long)found.n_records);
	return rc;
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
	aim_audit_head remembered = {.struct_size = sizeof remembered};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = aim_key_generate(ctx, AIM_KEY_LOG, &key, &err);
	if (rc == AIM_OK)
		rc = fill(log, key, &err);
	if (rc == AIM_OK)
		rc = aim_audit_current(log, &remembered, &err);
	if (rc == AIM_OK)
		rc = cut(log, &remembered, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_key_unref(key);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
