/* replay_share — two processes (here: two openings) of one store share a replay guard: what the first
 * has accepted, the second refuses. The signature is checked between the two steps. */
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

/* One process: 1 when it accepted. */
static int accept_once(aim_ctx *ctx, const char *path, const aim_replay_use *use)
{
	aim_store *store = NULL;
	aim_replay *guard = NULL;
	check(aim_sqlite_open(ctx, aim_str_from(path), NULL, &store, &err));
	check(aim_replay_open_store(store, NULL, &guard, &err));
	aim_status rc = aim_replay_check(guard, use, &err);
	if (rc == AIM_OK) /* ... here the signature is verified ... */
		rc = aim_replay_remember(guard, use, &err);
	puts(rc == AIM_OK ? "accepted" : err.message);
	aim_replay_free(guard);
	aim_store_free(store);
	return rc == AIM_OK;
}

int main(int argc, char **argv)
{
	char path[512];
	aim_ctx *ctx = NULL;
	aim_replay_use use = {.struct_size = sizeof use};
	snprintf(path, sizeof path, "%s/store.db", argc > 1 ? argv[1] : ".");
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_ctx_now_us(ctx, &use.now_us));
	use.timestamp_us = use.now_us + 1000000; /* of a peer whose clock is a second ahead */
	use.scope = aim_bytes_from("a key id", 8);
	use.nonce = aim_bytes_from("a nonce", 7);
	int first = accept_once(ctx, path, &use);
	int second = accept_once(ctx, path, &use);
	aim_ctx_free(ctx);
	return first && !second ? 0 : 1;
}
