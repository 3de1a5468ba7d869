/* Headers from strangers, through each profile of signed requests: nothing that was not signed with the key is
 * accepted, and what is refused says why. The first byte chooses the profile, the rest is the block. */
#include <aim/agentsig.h>
#include <aim/httpsig.h>
#include <aim/mcpsig.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1766000000000000)

static aim_ctx *ctx;
static aim_replay *guard;
static aim_public_key peer;
static aim_error err;

static void require(int condition)
{
	if (!condition)
		abort();
}

static void set_up(void)
{
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	uint8_t seed[32];
	aim_key *key = NULL;
	memset(seed, 0x42, sizeof seed);
	require(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	require(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, sizeof seed), &key, NULL) == AIM_OK);
	require(aim_key_public(key, &peer) == AIM_OK);
	require(aim_replay_open_memory(ctx, &o, &guard, NULL) == AIM_OK);
	aim_key_unref(key);
}

static aim_status try_http(const aim_headers *source)
{
	aim_httpsig_headers h = {.struct_size = sizeof h};
	aim_httpsig_request r = {.struct_size = sizeof r};
	r.method = aim_str_from("POST");
	r.authority = aim_str_from("mcp.example.org");
	r.target = aim_str_from("/");
	aim_status rc = aim_httpsig_read_headers(source, &h, &err);
	return rc == AIM_OK ? aim_httpsig_verify(guard, &peer, &r, &h, 0, NOW, &err) : rc;
}

static aim_status try_mcp(const aim_headers *source)
{
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	aim_status rc = aim_mcpsig_read_headers(source, &h, &err);
	return rc == AIM_OK ? aim_mcpsig_verify(guard, &peer, aim_bytes_from("{}", 2), &h, 0, NOW, &err) : rc;
}

static aim_status try_answer(const aim_headers *source)
{
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	aim_status rc = aim_mcpsig_read_headers(source, &h, &err);
	if (rc != AIM_OK)
		return rc;
	return aim_mcpsig_verify_response(ctx, &peer, h.signature, 200, aim_bytes_from("{}", 2), &h, 0, NOW, &err);
}

static aim_status try_agent(const aim_headers *source)
{
	aim_agentsig_headers h = {.struct_size = sizeof h};
	aim_agentsig_request r = {.struct_size = sizeof r};
	r.method = aim_str_from("POST");
	r.path = aim_str_from("/");
	aim_status rc = aim_agentsig_read_headers(source, &h, &err);
	return rc == AIM_OK ? aim_agentsig_verify(guard, h.agent_id, &peer, &r, &h, 0, NOW, &err) : rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_status (*const profiles[])(const aim_headers *source) = {try_http, try_mcp, try_answer, try_agent};
	aim_headers source = {.struct_size = sizeof source};
	if (!ctx)
		set_up();
	if (size < 2)
		return 0;
	source.block = (aim_str){(const char *)data + 1, size - 1};
	aim_error_clear(&err);
	require(profiles[data[0] % 4](&source) != AIM_OK && err.message[0] != '\0');
	return 0;
}
