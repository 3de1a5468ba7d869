/* envelope — seal a message under a shared secret, open it, and see its replay refused. */
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
	uint8_t secret[32];
	aim_ctx *ctx = NULL;
	aim_envelope_key *key = NULL;
	aim_replay *guard = NULL;
	aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START};
	aim_buf *sealed = NULL;
	aim_envelope *envelope = NULL;
	int64_t now_us;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_envelope_make_secret(ctx, secret)); /* both parties have it */
	check(aim_envelope_key_new(ctx, aim_bytes_from(secret, sizeof secret), &key, &err));
	aim_key_wipe(secret, sizeof secret);
	check(aim_replay_open_memory(ctx, &options, &guard, &err));
	check(aim_buf_new(ctx, &sealed));
	check(aim_ctx_now_us(ctx, &now_us));

	check(aim_envelope_seal(key, aim_str_from("{\"method\":\"tools/list\"}"), aim_str_from("agent-1"), now_us,
	                        sealed, &err));
	puts(aim_buf_str(sealed).ptr);

	check(aim_envelope_open(guard, key, aim_buf_bytes(sealed), 0, now_us, &envelope, &err));
	printf("from %.*s: %.*s\n", (int)aim_envelope_sender(envelope).len, aim_envelope_sender(envelope).ptr,
	       (int)aim_envelope_payload(envelope).len, aim_envelope_payload(envelope).ptr);
	aim_envelope_free(envelope);

	aim_status again = aim_envelope_open(guard, key, aim_buf_bytes(sealed), 0, now_us, &envelope, &err);
	printf("again: %s\n", err.message);

	aim_buf_free(sealed);
	aim_replay_free(guard);
	aim_envelope_key_free(key);
	aim_ctx_free(ctx);
	return again == AIM_E_REPLAY ? 0 : 1;
}
