/* call_limit — a budget of two calls: reserved before it is known whether a call is allowed, given back when it is not. */
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

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_limit *limit = NULL;
	const aim_str agent = aim_str_from("agt_1");
	aim_limit_options o = {.struct_size = sizeof o, .flags = AIM_LIMIT_BUDGET, .max_calls = 2};
	aim_limit_ticket first = {.struct_size = sizeof first}, second = first, third = first;
	uint64_t n = 0;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_limit_new(ctx, &o, &limit, &err));
	check(aim_limit_reserve(limit, agent, &first, &err));
	check(aim_limit_commit(limit, agent, &first, &err));
	check(aim_limit_reserve(limit, agent, &second, &err));
	aim_status full = aim_limit_reserve(limit, agent, &third, &err);
	check(aim_limit_release(limit, agent, &second, &err)); /* refused for another reason */
	check(aim_limit_reserve(limit, agent, &third, &err));
	check(aim_limit_count(limit, agent, &n, &err));
	printf("%llu of 2 calls are used up\n", (unsigned long long)n);
	check(aim_limit_reset(limit, agent, &err));
	check(aim_limit_reset_all(limit, &err));

	aim_limit_free(limit);
	aim_ctx_free(ctx);
	return full == AIM_DENIED && n == 2 ? 0 : 1;
}
