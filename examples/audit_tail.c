/* Follows an audit log: a position is all that has to be remembered between two looks. */
#include <aim/aim.h>

#include <stdio.h>

static aim_status append(aim_audit *log, const char *kind, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from(kind);
	return aim_audit_append(log, &record, NULL, err);
}

static aim_status show(void *user, const aim_trail_record *record)
{
	aim_str json = aim_trail_record_json(record);
	(void)user;
	printf("%.*s\n", (int)json.len, json.ptr);
	return AIM_OK;
}

static aim_status follow(aim_audit *log, aim_error *err)
{
	uint64_t position = AIM_TRAIL_END;
	aim_status rc = append(log, "session", err); /* before the first look: not shown */
	if (rc == AIM_OK)
		rc = aim_trail_follow(log, &position, NULL, 0, show, NULL, err);
	for (int i = 0; rc == AIM_OK && i < 3; i++) {
		rc = append(log, "tool_call", err);
		if (rc == AIM_OK)
			rc = aim_trail_follow(log, &position, NULL, 0, show, NULL, err);
	}
	if (rc == AIM_OK)
		printf("go on from %llu\n", (unsigned long long)position);
	return rc;
}

int main(void)
{
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = follow(log, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
