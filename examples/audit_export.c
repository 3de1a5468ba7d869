/* Exports an audit log with its newest checkpoint, and verifies the export elsewhere, without the log. */
#include <aim/aim.h>

#include <stdio.h>

#define ORIGIN "example.com/agents/log"

static aim_status append(aim_audit *log, const char *kind, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from(kind);
	return aim_audit_append(log, &record, NULL, err);
}

static aim_status fill(aim_audit *log, aim_key *key, aim_error *err)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options options = {.struct_size = sizeof options, .origin = aim_str_from(ORIGIN)};
	aim_status rc = aim_checkpoint_open(log, key, &options, &signer, err);
	if (rc == AIM_OK)
		rc = append(log, "identity_created", err);
	if (rc == AIM_OK)
		rc = append(log, "tool_call", err);
	aim_status closed = aim_checkpoint_close(signer, rc == AIM_OK ? err : NULL);
	return rc == AIM_OK ? closed : rc;
}

static aim_status write(void *user, aim_bytes bytes)
{
	return aim_buf_append(user, bytes);
}

static aim_status verify(aim_ctx *ctx, const aim_key *key, const aim_buf *file, aim_buf *vkey, aim_error *err)
{
	aim_public_key public_key;
	aim_trail_verify_options options = {.struct_size = sizeof options, .origin = aim_str_from(ORIGIN)};
	aim_trail_verify_report report = {.struct_size = sizeof report};
	aim_status rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_checkpoint_vkey(ctx, options.origin, AIM_CHECKPOINT_LOG_KEY, &public_key, vkey, err);
	options.vkey = aim_buf_str(vkey);
	if (rc == AIM_OK)
		rc = aim_trail_verify(ctx, aim_buf_bytes(file), &options, &report, err);
	printf("%llu records verified; bad line: %llu\n", (unsigned long long)report.n_records,
	       (unsigned long long)report.bad_line);
	return rc;
}

static aim_status export_and_verify(aim_ctx *ctx, aim_audit *log, const aim_key *key, aim_error *err)
{
	aim_buf *file = NULL, *vkey = NULL;
	aim_trail_export_options options = {.struct_size = sizeof options, .flags = AIM_TRAIL_CHECKPOINT};
	aim_status rc = aim_buf_new(ctx, &file);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &vkey);
	if (rc == AIM_OK)
		rc = aim_trail_export(log, &options, write, file, NULL, err);
	if (rc == AIM_OK)
		rc = verify(ctx, key, file, vkey, err);
	aim_buf_free(file);
	aim_buf_free(vkey);
	return rc;
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
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
		rc = export_and_verify(ctx, log, key, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_key_unref(key);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
