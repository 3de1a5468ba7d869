/* Appends three records to the audit log in a store and verifies it: audit_append_verify FOLDER. */
#include <aim/aim.h>

#include <stdio.h>

static int complain(const aim_error *err)
{
	(void)fprintf(stderr, "%s: %s\n", aim_status_name(err->status), err->message);
	return 1;
}

static aim_status append(aim_audit *log, const char *tool, const char *decision, aim_error *err)
{
	aim_audit_record record = {.struct_size = sizeof record, .trust_micro = AIM_AUDIT_NO_TRUST};
	record.kind = aim_str_from("tool_call");
	record.agent = aim_str_from("agent-1");
	record.action = aim_str_from(tool);
	record.decision = aim_str_from(decision);
	record.arguments = aim_bytes_from_str(aim_str_from("{\"path\":\"/tmp/notes\"}"));
	return aim_audit_append(log, &record, NULL, err); /* on disk when this is AIM_OK */
}

static int use(aim_audit *log, aim_error *err)
{
	aim_audit_report report = {.struct_size = sizeof report};
	if (append(log, "read_file", "allow", err) != AIM_OK ||
	    append(log, "delete_file", "deny", err) != AIM_OK ||
	    append(log, "send_mail", "ask", err) != AIM_OK)
		return complain(err);
	if (aim_audit_verify(log, NULL, &report, err) != AIM_OK)
		return complain(err);
	printf("%llu records, root ", (unsigned long long)report.n_records);
	for (size_t i = 0; i < sizeof report.root; i++)
		printf("%02x", report.root[i]);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	char path[4096];
	aim_error err = {0};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	int status = 1;
	if (argc != 2 || snprintf(path, sizeof path, "%s/aim.db", argv[1]) >= (int)sizeof path) {
		(void)fprintf(stderr, "usage: audit_append_verify FOLDER\n");
		return 2;
	}
	if (aim_ctx_new(NULL, &ctx, &err) != AIM_OK ||
	    aim_sqlite_open(ctx, aim_str_from(path), NULL, &store, &err) != AIM_OK ||
	    aim_audit_open(store, NULL, &log, &err) != AIM_OK)
		(void)complain(&err);
	else
		status = use(log, &err);
	if (aim_audit_close(log, &err) != AIM_OK)
		status = complain(&err);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return status;
}
