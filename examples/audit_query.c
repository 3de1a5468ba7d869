/* Looks for the newest refusals in an audit log, and goes on from page to page. */
#include <aim/aim.h>

#include <stdio.h>

static aim_status decide(aim_audit *log, const char *tool, const char *decision, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from("tool_call");
	record.subject = aim_str_from("files");
	record.action = aim_str_from(tool);
	record.decision = aim_str_from(decision);
	return aim_audit_append(log, &record, NULL, err);
}

static aim_status fill(aim_audit *log, aim_error *err)
{
	aim_status rc = decide(log, "read_file", "allow", err);
	for (int i = 0; rc == AIM_OK && i < 3; i++)
		rc = decide(log, "delete_file", "deny", err);
	return rc;
}

static aim_status show(void *user, const aim_trail_record *record)
{
	aim_str tool = aim_trail_record_text(record, AIM_TRAIL_ACTION);
	(void)user;
	printf("record %llu: denied %.*s\n", (unsigned long long)aim_trail_record_position(record),
	       (int)tool.len, tool.ptr);
	return AIM_OK;
}

static aim_status show_refusals(aim_audit *log, aim_error *err)
{
	aim_trail_filter filter = {.struct_size = sizeof filter, .decision = aim_str_from("deny")};
	aim_trail_query query = {.struct_size = sizeof query, .filter = &filter, .limit = 2};
	aim_trail_page page = {.struct_size = sizeof page};
	query.flags = AIM_TRAIL_NEWEST_FIRST;
	query.from = AIM_TRAIL_END;
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && !(page.flags & AIM_TRAIL_DONE)) {
		rc = aim_trail_read(log, &query, show, NULL, &page, err);
		query.from = page.next;
	}
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
		rc = fill(log, &err);
	if (rc == AIM_OK)
		rc = show_refusals(log, &err);
	if (rc != AIM_OK)
		(void)fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rc != AIM_OK;
}
