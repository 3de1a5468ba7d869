/* policy_explain — warnings about a policy's rules, and why a call is refused: what would have to be otherwise. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static const char policy_text[] =
	"{\"version\": 1, \"name\": \"files\", \"rules\": [\n"
	"  {\"id\": \"read\", \"effect\": \"allow\", \"tools\": \"read_*\", \"trust\": {\"min\": 500000}},\n"
	"  {\"id\": \"again\", \"effect\": \"allow\", \"tools\": \"read_file\", \"trust\": {\"min\": 600000}}\n"
	"]}";

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "line %u, column %u: %s\n", err.line, err.column, err.message);
	exit(1);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_policy *policy = NULL;
	aim_diagnostics *diagnostics = NULL;
	aim_buf *why = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_diagnostics_new(ctx, &diagnostics));
	check(aim_policy_compile(ctx, aim_bytes_from(policy_text, sizeof policy_text - 1), NULL, &policy, diagnostics, &err));
	for (size_t i = 0; i < aim_diagnostics_count(diagnostics); i++)
		printf("line %u: %s\n", aim_diagnostics_at(diagnostics, i)->line, aim_diagnostics_at(diagnostics, i)->message);

	aim_request call = {.struct_size = sizeof call, .trust_micro = 300000};
	call.tool = aim_str_from("read_file");
	check(aim_buf_new(ctx, &why));
	check(aim_policy_explain(policy, &call, why, &err));
	printf("%.*s\n", (int)aim_buf_str(why).len, aim_buf_str(why).ptr);
	int good = aim_diagnostics_count(diagnostics) == 1;

	aim_buf_free(why);
	aim_diagnostics_free(diagnostics);
	aim_policy_unref(policy);
	aim_ctx_free(ctx);
	return good ? 0 : 1;
}
