/* capabilities — a server publishes what it offers under its key, and a client that knows the key from elsewhere checks it. */
#include <aim/aim.h>
#include <stdio.h>

static int check(aim_ctx *ctx, aim_bytes served, const aim_public_key *registered)
{
	aim_error err = {0};
	aim_mcpdocument *doc = NULL;
	aim_mcpdocument_summary s = {.struct_size = sizeof s};
	aim_mcpdocument_capability c = {.struct_size = sizeof c};
	if (aim_mcpdocument_verify(ctx, served, registered, &err) != AIM_OK || aim_mcpdocument_parse(ctx, served, &doc, &err) != AIM_OK ||
	    aim_mcpdocument_read(doc, &s) != AIM_OK)
		return fprintf(stderr, "%s\n", err.message), 1;
	printf("%.*s %.*s offers", (int)s.name.len, s.name.ptr, (int)s.version.len, s.version.ptr);
	for (size_t i = 0; aim_mcpdocument_capability_at(doc, i, &c) == AIM_OK; i++)
		printf(" %.*s", (int)c.name.len, c.name.ptr);
	printf("\n");
	aim_mcpdocument_free(doc);
	return 0;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_buf *served = NULL;
	aim_error err = {0};
	aim_public_key public_key;
	aim_mcpdocument_capability forecast = {.struct_size = sizeof forecast, .name = aim_str_from("forecast")};
	aim_mcpdocument_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("weather"), .version = aim_str_from("1.0.0")};
	forecast.description = aim_str_from("tomorrow's weather at a place");
	forecast.parameters = aim_bytes_from_str(aim_str_from("{\"type\":\"object\",\"properties\":{\"place\":{\"type\":\"string\"}}}"));
	spec.capabilities = &forecast;
	spec.n_capabilities = 1;
	int failed = aim_ctx_new(NULL, &ctx, &err) != AIM_OK || aim_buf_new(ctx, &served) != AIM_OK ||
	             aim_key_generate(ctx, AIM_KEY_SERVER, &key, &err) != AIM_OK || aim_key_public(key, &public_key) != AIM_OK ||
	             aim_mcpdocument_build(ctx, &spec, key, served, &err) != AIM_OK;
	if (failed)
		fprintf(stderr, "%s\n", err.message);
	else
		failed = check(ctx, aim_buf_bytes(served), &public_key);
	aim_key_unref(key);
	aim_buf_free(served);
	aim_ctx_free(ctx);
	return failed;
}
