/* web_bot_auth — sign a request as an agent that anyone can look up, and verify it as the site that gets it. */
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
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_buf *agent = NULL, *input = NULL, *signature = NULL, *url = NULL;
	char thumbprint[AIM_KEYFORM_THUMBPRINT_SIZE];
	const aim_webbotauth_options options = {.struct_size = sizeof options,
	                                        .agent = aim_str_from("https://bot.example")};
	aim_rfc9421_message request = {.struct_size = sizeof request,
	                               .method = aim_str_from("GET"),
	                               .scheme = aim_str_from("https"),
	                               .authority = aim_str_from("shop.example"),
	                               .path = aim_str_from("/offers")};

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	check(aim_buf_new(ctx, &agent));
	check(aim_buf_new(ctx, &input));
	check(aim_buf_new(ctx, &signature));
	check(aim_buf_new(ctx, &url));

	check(aim_webbotauth_sign(key, &request, &options, agent, input, signature, &err));
	printf("Signature-Agent: %s\nSignature-Input: %s\nSignature: %s\n", aim_buf_str(agent).ptr,
	       aim_buf_str(input).ptr, aim_buf_str(signature).ptr);

	/* The site fetches the directory of the URL and takes the key whose thumbprint is the keyid. */
	const aim_rfc9421_field fields[] = {
		{aim_str_from("Signature-Agent"), aim_buf_str(agent), 0, 0},
		{aim_str_from("Signature-Input"), aim_buf_str(input), 0, 0},
		{aim_str_from("Signature"), aim_buf_str(signature), 0, 0},
	};
	request.fields = fields;
	request.n_fields = 3;
	check(aim_keyform_thumbprint(ctx, &public_key, thumbprint));
	check(aim_webbotauth_verify(ctx, &request, &public_key, NULL, url, NULL, &err));
	printf("valid: key %s of %s\n", thumbprint, aim_buf_str(url).ptr);

	aim_buf_free(agent);
	aim_buf_free(input);
	aim_buf_free(signature);
	aim_buf_free(url);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}
