/* rest_attest SEED AGENT SERVER NAME URL — signs what an agent saw of a server, and prints the envelope that rest_server takes. */
#include <aim/aim.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_buf *envelope = NULL;
	aim_error err = {0};
	aim_attestation_payload seen = {.struct_size = sizeof seen, .flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY};
	if (argc != 6)
		return fprintf(stderr, "usage: rest_attest SEED AGENT SERVER NAME URL\n"), 2;
	seen.agent_id = aim_str_from(argv[2]);
	seen.server_id = aim_str_from(argv[3]);
	seen.server_name = aim_str_from(argv[4]);
	seen.server_url = aim_str_from(argv[5]);
	int failed = aim_ctx_new(NULL, &ctx, &err) != AIM_OK ||
	             aim_keyform_parse_private(ctx, AIM_KEY_AGENT, aim_bytes_from_str(aim_str_from(argv[1])), &key, NULL, &err) != AIM_OK ||
	             aim_buf_new(ctx, &envelope) != AIM_OK || aim_attestation_sign(key, &seen, envelope, &err) != AIM_OK;
	puts(failed ? err.message : aim_buf_str(envelope).ptr);
	aim_buf_free(envelope);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return failed;
}
