/* gated_tools — a tool of one's own that runs only for callers who may use it. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static aim_status run_query(void *user, const aim_request *request, const aim_json *arguments, aim_buf *out,
                            aim_error *why)
{
	(void)user;
	(void)request;
	(void)why;
	return aim_buf_append(out, aim_json_raw(arguments, AIM_JSON_ROOT)); // says what it was asked
}

static aim_status invoke(aim_gatedtool_set *set, aim_gatedtool_call *call, int64_t trust, const char *capability)
{
	aim_str held = aim_str_from(capability);
	aim_request q = {.struct_size = sizeof q, .trust_micro = trust * 1000, .capabilities = &held, .n_capabilities = 1};
	q.did = aim_str_from("did:mesh:agent-1");
	q.tool = aim_str_from("sql_query");
	aim_bytes arguments = aim_bytes_from_str(aim_str_from("{\"query\":\"SELECT 1\",\"as_admin\":true}"));
	aim_status rc = aim_gatedtool_invoke(set, &q, arguments, call, &err);
	aim_str said = aim_gatedtool_call_error(call);
	aim_bytes result = aim_gatedtool_call_result(call);
	printf("%.*s%.*s\n", (int)said.len, said.len ? said.ptr : "", (int)result.len, result.len ? (const char *)result.ptr : "");
	return rc;
}

int main(void)
{
	static const char schema[] = "{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\"}}}";
	aim_ctx *ctx = NULL;
	aim_gatedtool_set *set = NULL;
	aim_gatedtool_call *call = NULL;
	aim_buf *list = NULL;
	aim_gatedtool_options options = {.struct_size = sizeof options, .min_trust = 400};
	aim_gatedtool_spec sql = {.struct_size = sizeof sql, .flags = AIM_GATEDTOOL_MIN_TRUST, .min_trust = 600};
	sql.name = aim_str_from("sql_query");
	sql.description = aim_str_from("Execute a read-only SQL query");
	sql.input_schema = aim_bytes_from(schema, sizeof schema - 1);
	sql.required_capability = aim_str_from("use:sql");
	sql.handler = run_query;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_gatedtool_new(ctx, &options, &set, &err));
	check(aim_gatedtool_register(set, &sql, &err));
	check(aim_gatedtool_call_new(ctx, &call, &err));
	check(aim_buf_new(ctx, &list));
	check(aim_gatedtool_list(set, list, &err));
	printf("%s\n", aim_buf_str(list).ptr);

	aim_status low = invoke(set, call, 300, "use:sql");
	aim_status without = invoke(set, call, 700, "read:data");
	check(invoke(set, call, 700, "use:*"));
	aim_str stripped = aim_gatedtool_call_stripped_at(call, 0);
	printf("taken out: %.*s\n", (int)stripped.len, stripped.ptr);

	aim_buf_free(list);
	aim_gatedtool_call_free(call);
	aim_gatedtool_free(set);
	aim_ctx_free(ctx);
	return low == AIM_DENIED && without == AIM_DENIED ? 0 : 1;
}
