/* policy_diff — what a change of a policy lets through that was refused, with one request that shows it. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static const char before_text[] =
	"{\"version\": 1, \"name\": \"files\", \"rules\": [{\"id\": \"read\", \"effect\": \"allow\", \"tools\": \"read_file\"}]}";
static const char after_text[] =
	"{\"version\": 1, \"name\": \"files\", \"rules\": [{\"id\": \"read\", \"effect\": \"allow\", \"tools\": \"read_*\"},\n"
	"  {\"id\": \"keys\", \"effect\": \"deny\", \"tools\": \"read_key\"}]}";

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
	aim_policy *before = NULL;
	aim_policy *after = NULL;
	aim_buf *out = NULL;
	size_t n = 0;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_policy_compile(ctx, aim_bytes_from(before_text, sizeof before_text - 1), NULL, &before, NULL, &err));
	check(aim_policy_compile(ctx, aim_bytes_from(after_text, sizeof after_text - 1), NULL, &after, NULL, &err));
	check(aim_buf_new(ctx, &out));
	check(aim_policy_diff(before, after, out, &n, &err));
	printf("%zu: %.*s\n", n, (int)aim_buf_str(out).len, aim_buf_str(out).ptr);

	aim_buf_free(out);
	aim_policy_unref(before);
	aim_policy_unref(after);
	aim_ctx_free(ctx);
	return n == 1 ? 0 : 1;
}
