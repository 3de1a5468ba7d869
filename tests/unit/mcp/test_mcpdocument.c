/* Documents that servers publish: built, read in every form, signed, and every change of a signed one refused. */
#include "support.h"

#include <aim/discovery.h>
#include <aim/fingerprint.h>
#include <aim/mcpdocument.h>

#include <stdlib.h>
#include <string.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_buf *out;
static aim_key *key;
static aim_public_key public_key;

static int setup(void **state)
{
	static const uint8_t seed[32] = {7};
	(void)state;
	ctx = test_ctx(&heap);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_SERVER, aim_bytes_from(seed, sizeof seed), &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_buf_free(out);
	test_ctx_done(ctx, &heap);
	return 0;
}

static aim_bytes text(const char *s)
{
	return aim_bytes_from_str(aim_str_from(s));
}

static const aim_mcpdocument_capability weather[] = {
	{.struct_size = sizeof weather[0], .name = {"forecast", 8}, .description = {"says \"rain\"", 11},
	 .parameters = {(const uint8_t *)"{ \"type\": \"object\", \"b\": 1.50, \"a\": [] }", 40}, .returns = {(const uint8_t *)"{}", 2}},
	{.struct_size = sizeof weather[0], .name = {"now", 3}},
};

static aim_mcpdocument_spec weather_spec(void)
{
	aim_mcpdocument_spec spec = {.struct_size = sizeof spec, .capabilities = weather, .n_capabilities = 2};
	spec.name = aim_str_from("weather");
	spec.version = aim_str_from("1.0.0");
	spec.url = aim_str_from("https://w.example/.well-known/mcp/capabilities");
	return spec;
}

static void build(const aim_key *with)
{
	aim_error err = {0};
	aim_mcpdocument_spec spec = weather_spec();
	aim_buf_clear(out);
	if (aim_mcpdocument_build(ctx, &spec, with, out, &err) != AIM_OK)
		fail_msg("%s", err.message);
}

static aim_mcpdocument *parsed(const char *json, aim_mcpdocument_summary *s)
{
	aim_error err = {0};
	aim_mcpdocument *d = NULL;
	if (aim_mcpdocument_parse(ctx, text(json), &d, &err) != AIM_OK)
		fail_msg("%s: %s", json, err.message);
	*s = (aim_mcpdocument_summary){.struct_size = sizeof *s};
	assert_status(aim_mcpdocument_read(d, s), AIM_OK);
	return d;
}

static void test_built(void **state)
{
	aim_mcpdocument_summary s;
	aim_mcpdocument_capability c = {.struct_size = sizeof c};
	(void)state;
	build(NULL);
	assert_string_equal(aim_buf_str(out).ptr,
	                    "{\"capabilities\":[{\"description\":\"says \\\"rain\\\"\",\"name\":\"forecast\","
	                    "\"parameters\":{\"a\":[],\"b\":1.5,\"type\":\"object\"},\"returns\":{}},{\"name\":\"now\"}],"
	                    "\"server\":{\"aim_verified\":false,\"capabilities_url\":\"https://w.example/.well-known/mcp/capabilities\","
	                    "\"name\":\"weather\",\"version\":\"1.0.0\"}}");
	build(key);
	assert_non_null(strstr(aim_buf_str(out).ptr, "\"public_key\":\"302a300506032b6570032100"));
	aim_mcpdocument *d = parsed(aim_buf_str(out).ptr, &s);
	assert_int_equal(s.form, AIM_MCPDOCUMENT_CAPABILITIES);
	assert_int_equal(s.flags, AIM_MCPDOCUMENT_HAS_KEY | AIM_MCPDOCUMENT_HAS_SIGNATURE);
	assert_memory_equal(s.public_key.bytes, public_key.bytes, 32);
	assert_text(s.name, "weather");
	assert_text(s.version, "1.0.0");
	assert_int_equal(s.n_capabilities, 2);
	assert_int_equal(s.n_endpoints, 0);
	assert_status(aim_mcpdocument_capability_at(d, 0, &c), AIM_OK);
	assert_text(c.description, "says \"rain\"");
	assert_int_equal(c.returns.len, 2);
	assert_status(aim_mcpdocument_capability_at(d, 2, &c), AIM_E_NOT_FOUND);
	aim_mcpdocument_free(d);
}

/* Order of members and white space may change on the way, nothing else. */
static void test_signed(void **state)
{
	static const uint8_t other_seed[32] = {8};
	aim_key *other = NULL;
	aim_public_key other_public;
	(void)state;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_SERVER, aim_bytes_from(other_seed, 32), &other, NULL), AIM_OK);
	assert_status(aim_key_public(other, &other_public), AIM_OK);
	build(key);
	assert_status(aim_mcpdocument_verify(ctx, aim_buf_bytes(out), &public_key, NULL), AIM_OK);
	assert_status(aim_mcpdocument_verify(ctx, aim_buf_bytes(out), &other_public, NULL), AIM_E_UNTRUSTED_KEY);
	size_t len = aim_buf_str(out).len;
	char *copy = malloc(len + 2);
	assert_non_null(copy);
	memcpy(copy, aim_buf_str(out).ptr, len + 1);
	copy[0] = ' ';
	memmove(copy + 2, copy + 1, len);
	copy[1] = '{';
	copy[0] = '\n';
	assert_status(aim_mcpdocument_verify(ctx, aim_bytes_from(copy, len + 1), &public_key, NULL), AIM_OK);
	free(copy);
	build(NULL);
	assert_status(aim_mcpdocument_verify(ctx, aim_buf_bytes(out), &public_key, NULL), AIM_E_SIGNATURE);
	aim_key_unref(other);
}

/* A changed bit is no JSON, another key, or another document: never a valid one. Case of the base64 and hex counts too. */
static void test_every_bit(void **state)
{
	(void)state;
	build(key);
	size_t len = aim_buf_str(out).len;
	uint8_t *copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, aim_buf_bytes(out).ptr, len);
	for (size_t bit = 0; bit < len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (aim_mcpdocument_verify(ctx, aim_bytes_from(copy, len), &public_key, NULL) == AIM_OK)
			fail_msg("bit %zu at %.20s", bit, (const char *)copy + (bit / 8 > 10 ? bit / 8 - 10 : 0));
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
}

static void test_claims(void **state)
{
	aim_mcpdocument_summary s;
	(void)state;
	aim_mcpdocument_free(parsed("{\"server\":{\"name\":\"x\",\"aim_verified\":true},\"new\":1}", &s));
	assert_int_equal(s.flags, AIM_MCPDOCUMENT_CLAIMS_VERIFIED);
	aim_mcpdocument_free(parsed("{\"server\":{\"name\":\"x\",\"aim_verified\":\"true\"},\"signature\":{}}", &s));
	assert_int_equal(s.flags, AIM_MCPDOCUMENT_HAS_SIGNATURE);
	assert_status(aim_mcpdocument_verify(ctx, text("{\"server\":{\"name\":\"x\",\"aim_verified\":true}}"), &public_key, NULL),
	              AIM_E_SIGNATURE);
	assert_status(aim_mcpdocument_verify(ctx, text("{\"tools\":[]}"), &public_key, NULL), AIM_E_MCPDOCUMENT);
}

#define CARD_SCHEMA "\"$schema\":\"https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json\""
#define SERVER_JSON \
	"\"name\":\"io.github.ada/weather\",\"title\":\"Weather\",\"version\":\"1.2.0\",\"description\":\"says it\"," \
	"\"remotes\":[{\"type\":\"streamable-http\",\"url\":\"https://w.example/{tenant}/mcp\"},{\"type\":\"sse\",\"url\":\"https://w.example/sse\"}]," \
	"\"packages\":[{\"registryType\":\"npm\",\"identifier\":\"@ada/weather\",\"version\":\"1.2.0\",\"transport\":{\"type\":\"stdio\"}}]"

/* The documents as each publishes them, and what is read of them. */
static const struct {
	const char *json;
	uint32_t form;
	uint32_t n_capabilities;
	uint32_t n_endpoints;
	const char *name;
	const char *first; /* capability, or URL */
} forms[] = {
	{"{\"tools\":[{\"name\":\"read\",\"description\":\"r\",\"inputSchema\":{}}],\"resources\":[{\"uri\":\"file:///r\"}],\"prompts\":[\"p\"]}",
	 AIM_MCPDOCUMENT_LISTS, 3, 0, "", "read"},
	{"{\"resources\":[]}", AIM_MCPDOCUMENT_LISTS, 0, 0, "", NULL},
	{"{" CARD_SCHEMA "," SERVER_JSON "}", AIM_MCPDOCUMENT_CARD, 0, 3, "io.github.ada/weather", "https://w.example/{tenant}/mcp"},
	{"{\"serverInfo\":{\"name\":\"w\",\"version\":\"1\"},\"protocolVersion\":\"2025-11-25\",\"description\":\"d\",\"transport\":{\"type\":"
	 "\"streamable-http\",\"endpoint\":\"/mcp\"},\"capabilities\":{\"tools\":{}},\"tools\":\"dynamic\",\"prompts\":[{\"name\":\"p\"}]}",
	 AIM_MCPDOCUMENT_CARD, 1, 1, "w", "p"},
	{"{\"$schema\":\"https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json\"," SERVER_JSON "}",
	 AIM_MCPDOCUMENT_REGISTRY, 0, 3, "io.github.ada/weather", "https://w.example/{tenant}/mcp"},
	{"{\"server\":{" SERVER_JSON "},\"_meta\":{}}", AIM_MCPDOCUMENT_REGISTRY, 0, 3, "io.github.ada/weather", "https://w.example/{tenant}/mcp"},
	{"{\"name\":\"old\",\"packages\":[{\"registry_name\":\"pypi\",\"name\":\"weather\",\"version\":\"1\"}]}", AIM_MCPDOCUMENT_REGISTRY, 0, 1, "old", ""},
	{"{\"server\":{\"name\":\"x\"},\"capabilities\":[\"a\",{\"name\":\"b\"}]}", AIM_MCPDOCUMENT_CAPABILITIES, 2, 0, "x", "a"},
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		aim_mcpdocument_summary s;
		aim_mcpdocument_capability c = {.struct_size = sizeof c};
		aim_mcpdocument_endpoint e = {.struct_size = sizeof e};
		aim_mcpdocument *d = parsed(forms[i].json, &s);
		if (s.form != forms[i].form || s.n_capabilities != forms[i].n_capabilities || s.n_endpoints != forms[i].n_endpoints)
			fail_msg("%zu is %s with %u and %u", i, aim_mcpdocument_form_name(s.form), (unsigned)s.n_capabilities, (unsigned)s.n_endpoints);
		assert_text(s.name, forms[i].name);
		if (s.n_capabilities)
			assert_status(aim_mcpdocument_capability_at(d, 0, &c), AIM_OK);
		if (s.n_endpoints)
			assert_status(aim_mcpdocument_endpoint_at(d, 0, &e), AIM_OK);
		if (forms[i].first)
			assert_text(s.n_capabilities ? c.name : e.url, forms[i].first);
		aim_mcpdocument_free(d);
	}
}

static void test_endpoints(void **state)
{
	aim_mcpdocument_summary s;
	aim_mcpdocument_endpoint e = {.struct_size = sizeof e};
	(void)state;
	aim_mcpdocument *d = parsed(forms[4].json, &s);
	assert_text(s.title, "Weather");
	assert_status(aim_mcpdocument_endpoint_at(d, 1, &e), AIM_OK);
	assert_int_equal(e.transport, AIM_TRANSPORT_SSE);
	assert_status(aim_mcpdocument_endpoint_at(d, 2, &e), AIM_OK);
	assert_int_equal(e.transport, AIM_TRANSPORT_STDIO);
	assert_text(e.registry, "npm");
	assert_text(e.identifier, "@ada/weather");
	assert_text(e.version, "1.2.0");
	assert_int_equal(e.url.len, 0);
	assert_status(aim_mcpdocument_endpoint_at(d, 3, &e), AIM_E_NOT_FOUND);
	aim_mcpdocument_free(d);
	d = parsed(forms[0].json, &s);
	aim_mcpdocument_capability c = {.struct_size = sizeof c};
	assert_status(aim_mcpdocument_capability_at(d, 1, &c), AIM_OK);
	assert_int_equal(c.kind, AIM_FINGERPRINT_RESOURCE);
	assert_text(c.name, "file:///r");
	aim_mcpdocument_free(d);
}

static void test_refused(void **state)
{
	static const struct {
		const char *json;
		aim_status status;
		const char *pointer;
	} bad[] = {
		{"", AIM_E_JSON_SYNTAX, ""},
		{"[]", AIM_E_MCPDOCUMENT, ""},
		{"{}", AIM_E_MCPDOCUMENT, ""},
		{"{\"name\":\"x\",\"tools\":1}", AIM_E_MCPDOCUMENT, ""},
		{"{\"server\":{}}", AIM_E_MCPDOCUMENT, "/server"},
		{"{\"server\":{\"name\":1}}", AIM_E_MCPDOCUMENT, "/server/name"},
		{"{\"server\":{\"name\":\"x\",\"version\":[]}}", AIM_E_MCPDOCUMENT, "/server/version"},
		{"{\"server\":{\"name\":\"x\",\"public_key\":\"zz\"}}", AIM_E_KEY, "/server/public_key"},
		{"{\"server\":{\"name\":\"x\"},\"capabilities\":{}}", AIM_E_MCPDOCUMENT, "/capabilities"},
		{"{\"server\":{\"name\":\"x\"},\"capabilities\":[1]}", AIM_E_MCPDOCUMENT, "/capabilities/0"},
		{"{\"server\":{\"name\":\"x\"},\"capabilities\":[{}]}", AIM_E_MCPDOCUMENT, "/capabilities/0"},
		{"{\"name\":\"x\",\"remotes\":[1]}", AIM_E_MCPDOCUMENT, "/remotes/0"},
		{"{\"name\":\"x\",\"remotes\":[{\"url\":1}]}", AIM_E_MCPDOCUMENT, "/remotes/0/url"},
		{"{\"name\":\"x\",\"packages\":[{\"registryType\":\"npm\"}]}", AIM_E_MCPDOCUMENT, "/packages/0"},
		{"{\"name\":\"x\",\"remotes\":[],\"packages\":1}", AIM_E_MCPDOCUMENT, "/packages"},
		{"{\"server\":{\"name\":\"x\",\"name\":\"y\"}}", AIM_E_JSON_DUPLICATE, "/server"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		aim_error err = {0};
		aim_mcpdocument *d = NULL;
		aim_status rc = aim_mcpdocument_parse(ctx, text(bad[i].json), &d, &err);
		if (rc != bad[i].status || d || (bad[i].status != AIM_E_JSON_DUPLICATE && strcmp(err.pointer, bad[i].pointer) != 0))
			fail_msg("%s: %s at '%s': %s", bad[i].json, aim_status_name(rc), err.pointer, err.message);
	}
}

static void test_bad_specs(void **state)
{
	aim_mcpdocument_capability one = {.struct_size = sizeof one, .name = {"a", 1}, .parameters = {(const uint8_t *)"{},1", 4}};
	aim_mcpdocument_spec spec = weather_spec();
	aim_public_key other = {{0}};
	aim_key *agent = NULL;
	(void)state;
	spec.name.len = 0;
	assert_status(aim_mcpdocument_build(ctx, &spec, NULL, out, NULL), AIM_E_INVALID);
	spec = weather_spec();
	spec.flags = 8;
	assert_status(aim_mcpdocument_build(ctx, &spec, NULL, out, NULL), AIM_E_VERSION);
	spec.flags = 0;
	spec.public_key = &other;
	assert_status(aim_mcpdocument_build(ctx, &spec, key, out, NULL), AIM_E_INVALID);
	assert_status(aim_mcpdocument_build(ctx, &spec, NULL, out, NULL), AIM_E_KEY);
	spec.public_key = NULL;
	spec.capabilities = &one;
	spec.n_capabilities = 1;
	assert_status(aim_mcpdocument_build(ctx, &spec, key, out, NULL), AIM_E_JSON_TRAILING);
	one.parameters.len = 2;
	one.name = (aim_str){"\xff", 1};
	assert_status(aim_mcpdocument_build(ctx, &spec, key, out, NULL), AIM_E_UTF8);
	one.name.len = 0;
	assert_status(aim_mcpdocument_build(ctx, &spec, key, out, NULL), AIM_E_INVALID);
	one.name = (aim_str){"a", 1};
	one.struct_size = 4;
	assert_status(aim_mcpdocument_build(ctx, &spec, key, out, NULL), AIM_E_INVALID);
	one.struct_size = sizeof one;
	one.parameters = text("12345678901234567890123");
	assert_status(aim_mcpdocument_build(ctx, &spec, key, out, NULL), AIM_E_JSON_NUMBER);
	one.parameters.len = 0;
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &agent, NULL), AIM_OK);
	heap.fail_at = 0;
	assert_status(aim_mcpdocument_build(ctx, &spec, agent, out, NULL), AIM_E_KEY_PURPOSE);
	aim_key_unref(agent);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	assert_status(aim_mcpdocument_build(ctx, NULL, key, out, NULL), AIM_E_INVALID);
	assert_status(aim_mcpdocument_parse(ctx, text("{}"), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_mcpdocument_verify(ctx, text("{}"), NULL, NULL), AIM_E_INVALID);
	assert_string_equal(aim_mcpdocument_form_name(9), "unknown");
}

static aim_status whole_life(aim_ctx *poor, void *user)
{
	static const uint8_t seed[32] = {7};
	aim_key *k = NULL;
	aim_buf *b = NULL;
	aim_public_key pk;
	aim_mcpdocument *d = NULL;
	aim_mcpdocument_spec spec = weather_spec();
	(void)user;
	aim_status rc = aim_key_from_seed(poor, AIM_KEY_SERVER, aim_bytes_from(seed, sizeof seed), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(poor, &b);
	if (rc == AIM_OK)
		rc = aim_mcpdocument_build(poor, &spec, k, b, NULL);
	if (rc == AIM_OK)
		rc = aim_key_public(k, &pk);
	if (rc == AIM_OK)
		rc = aim_mcpdocument_verify(poor, aim_buf_bytes(b), &pk, NULL);
	if (rc == AIM_OK)
		rc = aim_mcpdocument_parse(poor, text(forms[4].json), &d, NULL);
	aim_mcpdocument_free(d);
	aim_buf_free(b);
	aim_key_unref(k);
	return rc;
}

static void test_no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_life, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_built),     TEST(test_signed),  TEST(test_every_bit), TEST(test_claims), TEST(test_forms),
	                                   TEST(test_endpoints), TEST(test_refused), TEST(test_bad_specs), TEST(test_no_memory)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
