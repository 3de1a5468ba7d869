/* A log that survives a full disk and a flood of strangers: operations pass and the gap is recorded
 * (AIM_AUDIT_DEGRADE), and failures before authentication are counted by reason and minute. */
#include <aim/aim.h>

#include <stdio.h>

static aim_status show(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	(void)user, (void)salt;
	printf("%llu %.*s\n", (unsigned long long)position, (int)record.len, record.ptr);
	return AIM_OK;
}

static aim_status use(aim_audit *log, aim_ctx *ctx, aim_error *err)
{
	int64_t now_us = 0;
	aim_status rc = aim_ctx_now_us(ctx, &now_us);
	for (int i = 0; rc == AIM_OK && i < 100000; i++)
		rc = aim_audit_count_failure(log, aim_str_from("bad_signature"), now_us, err);
	/* In a host: again and again, when aim_audit_next_deadline_ms() says so. */
	if (rc == AIM_OK)
		rc = aim_audit_poll(log, now_us + 60000000, err);
	if (rc == AIM_OK)
		rc = aim_audit_read(log, 0, 10, show, NULL, err);
	if (rc == AIM_OK)
		printf("records without a trace: %llu\n", (unsigned long long)aim_audit_unwritten(log));
	return rc;
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_audit_options options = {.struct_size = sizeof options, .flags = AIM_AUDIT_DEGRADE};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, &options, &log, &err);
	if (rc == AIM_OK)
		rc = use(log, ctx, &err);
	aim_status closed = aim_audit_close(log, rc == AIM_OK ? &err : NULL);
	if (rc == AIM_OK)
		rc = closed;
	aim_store_free(store);
	aim_ctx_free(ctx);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	return rc != AIM_OK;
}
