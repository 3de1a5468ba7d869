/* tests/fuzz/fuzz_mcpdocument.c — any bytes as what a server publishes about itself. Whatever is read is whole, can be built
 * anew and then verifies; no bytes verify under a key that never signed. */
#include <aim/mcpdocument.h>

#include <stdlib.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_parts(const aim_mcpdocument *d, const aim_mcpdocument_summary *s)
{
	aim_mcpdocument_capability c = {.struct_size = sizeof c};
	aim_mcpdocument_endpoint e = {.struct_size = sizeof e};
	check(s->form >= AIM_MCPDOCUMENT_CAPABILITIES && s->form <= AIM_MCPDOCUMENT_REGISTRY);
	check(s->name.len > 0 || s->form == AIM_MCPDOCUMENT_LISTS);
	for (size_t i = 0; i < s->n_capabilities; i++)
		check(aim_mcpdocument_capability_at(d, i, &c) == AIM_OK && c.name.ptr);
	for (size_t i = 0; i < s->n_endpoints; i++)
		check(aim_mcpdocument_endpoint_at(d, i, &e) == AIM_OK);
}

static void build_again(aim_ctx *ctx, const aim_mcpdocument *d, const aim_mcpdocument_summary *s, const aim_key *key, aim_buf *out)
{
	aim_public_key public_key;
	aim_mcpdocument_capability first = {.struct_size = sizeof first};
	aim_mcpdocument_spec spec = {.struct_size = sizeof spec, .name = s->name, .version = s->version, .capabilities = &first};
	spec.n_capabilities = aim_mcpdocument_capability_at(d, 0, &first) == AIM_OK;
	aim_buf_clear(out);
	if (aim_mcpdocument_build(ctx, &spec, key, out, NULL) != AIM_OK)
		return; /* a number that cannot be signed, an empty name */
	check(aim_key_public(key, &public_key) == AIM_OK);
	check(aim_mcpdocument_verify(ctx, aim_buf_bytes(out), &public_key, NULL) == AIM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = {3};
	static aim_ctx *ctx;
	static aim_key *key;
	static aim_buf *out;
	aim_public_key never = {{9}};
	aim_mcpdocument *d = NULL;
	aim_mcpdocument_summary s = {.struct_size = sizeof s};
	if (!ctx && (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_buf_new(ctx, &out) != AIM_OK ||
	             aim_key_from_seed(ctx, AIM_KEY_SERVER, aim_bytes_from(seed, sizeof seed), &key, NULL) != AIM_OK))
		abort();
	aim_bytes bytes = aim_bytes_from(data, size);
	check(aim_mcpdocument_verify(ctx, bytes, &never, NULL) != AIM_OK);
	if (aim_mcpdocument_parse(ctx, bytes, &d, NULL) != AIM_OK)
		return 0;
	check(aim_mcpdocument_read(d, &s) == AIM_OK);
	check_parts(d, &s);
	build_again(ctx, d, &s, key, out);
	aim_mcpdocument_free(d);
	return 0;
}
