/* Signs a checkpoint of an audit log and verifies it with the log's verifier key alone. */
#include <aim/aim.h>

#include <stdio.h>

static aim_status append(aim_audit *log, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from("tool_call");
	record.action = aim_str_from("read_file");
	record.decision = aim_str_from("allow");
	return aim_audit_append(log, &record, NULL, err);
}

/* The log's side: signs, keeps, and gives text and key to whoever asks. */
static aim_status publish(aim_audit *log, aim_key *key, aim_buf *text, aim_error *err)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options options = {.struct_size = sizeof options};
	options.origin = aim_str_from("example.com/agents/log");
	aim_status rc = aim_checkpoint_open(log, key, &options, &signer, err);
	if (rc == AIM_OK)
		rc = append(log, err);
	if (rc == AIM_OK)
		rc = aim_checkpoint_close(signer, err); /* signs what is left */
	return rc == AIM_OK ? aim_checkpoint_last(log, text, err) : rc;
}

static aim_status check(aim_ctx *ctx, const aim_key *key, aim_buf *text, aim_buf *vkey, aim_error *err)
{
	aim_public_key public_key;
	aim_checkpoint checkpoint = {.struct_size = sizeof checkpoint};
	aim_str origin = aim_str_from("example.com/agents/log");
	aim_status rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_checkpoint_vkey(ctx, origin, AIM_CHECKPOINT_LOG_KEY, &public_key, vkey, err);
	if (rc == AIM_OK)
		rc = aim_checkpoint_verify(ctx, aim_buf_str(text), aim_buf_str(vkey), origin, &checkpoint, err);
	if (rc == AIM_OK)
		printf("verifier key: %s\n%s%llu record(s), signed\n", aim_buf_str(vkey).ptr,
		       aim_buf_str(text).ptr, (unsigned long long)checkpoint.size);
	return rc;
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
	aim_buf *text = NULL, *vkey = NULL;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = aim_key_generate(ctx, AIM_KEY_LOG, &key, &err);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &text);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &vkey);
	if (rc == AIM_OK)
		rc = publish(log, key, text, &err);
	if (rc == AIM_OK)
		rc = check(ctx, key, text, vkey, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_buf_free(text);
	aim_buf_free(vkey);
	aim_key_unref(key);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
