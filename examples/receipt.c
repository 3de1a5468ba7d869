/* Gives out a receipt of one decision and verifies it with the log's verifier key alone. */
#include <aim/aim.h>

#include <stdio.h>

#define ARGUMENTS "{\"path\":\"/tmp/notes\"}"

static aim_status decide(aim_audit *log, uint64_t *out_position, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from("tool_call");
	record.action = aim_str_from("read_file");
	record.decision = aim_str_from("allow");
	record.arguments = aim_bytes_from_str(aim_str_from(ARGUMENTS));
	return aim_audit_append(log, &record, out_position, err);
}

static aim_status give_receipt(aim_audit *log, aim_key *key, aim_buf *receipt, aim_error *err)
{
	uint64_t position = 0;
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options options = {.struct_size = sizeof options};
	options.origin = aim_str_from("example.com/agents/log");
	aim_status rc = aim_checkpoint_open(log, key, &options, &signer, err);
	if (rc == AIM_OK)
		rc = decide(log, &position, err);
	if (rc == AIM_OK)
		rc = aim_checkpoint_close(signer, err);
	return rc == AIM_OK ? aim_receipt_build(log, position, 0, receipt, err) : rc;
}

static aim_status check(aim_ctx *ctx, const aim_key *key, aim_buf *receipt, aim_buf *vkey, aim_error *err)
{
	aim_public_key public_key;
	aim_receipt r = {.struct_size = sizeof r};
	aim_str origin = aim_str_from("example.com/agents/log");
	aim_status rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_checkpoint_vkey(ctx, origin, AIM_CHECKPOINT_LOG_KEY, &public_key, vkey, err);
	if (rc == AIM_OK)
		rc = aim_receipt_verify(ctx, aim_buf_str(receipt), aim_buf_str(vkey), origin,
		                        aim_bytes_from_str(aim_str_from(ARGUMENTS)), &r, err);
	if (rc == AIM_OK)
		printf("verifier key: %s\nreceipt: %s\nproved: %.*s\n", aim_buf_str(vkey).ptr,
		       aim_buf_str(receipt).ptr, (int)r.record.len, r.record.ptr);
	return rc;
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
	aim_buf *receipt = NULL, *vkey = NULL;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = aim_key_generate(ctx, AIM_KEY_LOG, &key, &err);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &receipt);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &vkey);
	if (rc == AIM_OK)
		rc = give_receipt(log, key, receipt, &err);
	if (rc == AIM_OK)
		rc = check(ctx, key, receipt, vkey, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_buf_free(receipt);
	aim_buf_free(vkey);
	aim_key_unref(key);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
