/* drift — a server is reached at another address than the registered one: found, recorded with an alert, and approved. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(aim_status rc, const aim_error *err)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static aim_status tell_admin(void *user, const aim_drift_record *record)
{
	memcpy(user, record->id.ptr, record->id.len + 1);
	printf("%s: %s severity, part %.*s\n", record->id.ptr, aim_alert_severity_name(record->severity),
	       (int)record->part.len, record->part.ptr);
	return AIM_OK;
}

/* Looks, and prints what was found. */
static size_t look(aim_drift *drift, aim_str server, const char *url)
{
	aim_error err = {0};
	aim_baseline_launch launch = {.struct_size = sizeof launch, .url = aim_str_from(url)};
	aim_drift_observation seen = {.struct_size = sizeof seen, .server = server, .launch = &launch};
	must(aim_drift_check(drift, &seen, &err), &err);
	for (size_t i = 0; i < aim_drift_finding_count(drift); i++) {
		const aim_drift_finding *f = aim_drift_finding_at(drift, i);
		printf("  %s at %.*s: %.*s became %.*s\n", aim_drift_kind_name(f->kind), (int)f->pointer.len, f->pointer.ptr,
		       (int)f->old_fragment.len, (const char *)f->old_fragment.ptr, (int)f->new_fragment.len,
		       (const char *)f->new_fragment.ptr);
	}
	return aim_drift_finding_count(drift);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_server *server = NULL;
	aim_drift *drift = NULL;
	aim_error err = {0};
	char record[64] = "";
	aim_server_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("files")};
	aim_drift_options options = {.struct_size = sizeof options, .notify = tell_admin, .user = record};
	aim_drift_step step = {.struct_size = sizeof step, .actor = aim_str_from("ana"), .reason = aim_str_from("they moved")};
	spec.url = aim_str_from("https://a.example/mcp");
	must(aim_ctx_new(NULL, &ctx, &err), &err);
	must(aim_store_open_memory(ctx, NULL, &store, &err), &err);
	must(aim_audit_open(store, NULL, &log, &err), &err);
	must(aim_registry_open(log, NULL, &registry, &err), &err);
	must(aim_server_register(registry, &spec, &server, &err), &err);
	must(aim_drift_open(registry, &options, &drift, &err), &err);
	size_t before = look(drift, aim_server_id(server), "https://a.example/mcp");
	size_t moved = look(drift, aim_server_id(server), "https://b.example/mcp");
	must(aim_drift_approve(drift, aim_str_from(record), &step, &err), &err);
	size_t approved = look(drift, aim_server_id(server), "https://b.example/mcp");
	aim_drift_free(drift);
	aim_server_free(server);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return before == 0 && moved == 1 && approved == 0 ? 0 : 1;
}
