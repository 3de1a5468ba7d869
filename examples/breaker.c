/* breaker — a tool that fails five times in a row is left alone for a minute. */
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

static int call_the_tool(void)
{
	return -1;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_breaker *breaker = NULL;
	aim_breaker_ticket ticket = {.struct_size = sizeof ticket};
	aim_breaker_status now = {.struct_size = sizeof now};
	int n = 0;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_breaker_new(ctx, NULL, &breaker, &err));
	for (; aim_breaker_enter(breaker, &ticket, &err) == AIM_OK; n++)
		check(aim_breaker_leave(breaker, &ticket, call_the_tool() == 0, &err));
	check(aim_breaker_read(breaker, &now));
	printf("%s after %d calls: %s\n", aim_breaker_state_name(now.state), n, err.message);
	check(aim_breaker_reset(breaker));

	aim_breaker_free(breaker);
	aim_ctx_free(ctx);
	return n == 5 && now.state == AIM_BREAKER_OPEN ? 0 : 1;
}
