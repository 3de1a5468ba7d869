/* Chains of delegations: the exact bytes, each rule with its link, keys by source, the registry, every single-bit
 * change refused, memory. */
#include "house.h"

#include "crypto/provider.h"

#include <aim/delegation.h>
#include <aim/keyform.h>
#include <aim/message.h>
#include <aim/plugin/crypto.h>
#include <string.h>

#define NOW INT64_C(1800000000)
#define N_KEYS 12

static aim_ctx *ctx;
static aim_key *keys[N_KEYS];
static char dids[N_KEYS][64];

static int64_t clock_us = NOW * 1000000;

static aim_status fixed_now(void *user, int64_t *out)
{
	(void)user;
	*out = clock_us;
	return AIM_OK;
}

static uint8_t next_random;

static aim_status counting_random(void *user, void *out, size_t len)
{
	(void)user;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = next_random++;
	return AIM_OK;
}

static aim_ctx *fixed_ctx(void)
{
	aim_clock clock = {.struct_size = sizeof clock, .now_us = fixed_now, .steady_us = fixed_now};
	aim_random random = {.struct_size = sizeof random, .fill = counting_random};
	aim_ctx_options options = {.struct_size = sizeof options, .clock = &clock, .random = &random};
	aim_ctx *made = NULL;
	assert_status(aim_ctx_new(&options, &made, NULL), AIM_OK);
	return made;
}

static void make_key(size_t i)
{
	uint8_t seed[32] = {(uint8_t)(i + 1), 7};
	aim_public_key pub;
	aim_buf *did = NULL;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &keys[i], NULL), AIM_OK);
	assert_status(aim_key_public(keys[i], &pub), AIM_OK);
	assert_status(aim_buf_new(ctx, &did), AIM_OK);
	assert_status(aim_keyform_public(ctx, &pub, AIM_KEYFORM_DID, did), AIM_OK);
	strcpy(dids[i], aim_buf_str(did).ptr);
	aim_buf_free(did);
}

static int setup(void **state)
{
	(void)state;
	ctx = fixed_ctx();
	for (size_t i = 0; i < N_KEYS; i++)
		make_key(i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KEYS; i++)
		aim_key_unref(keys[i]);
	aim_ctx_free(ctx);
	return 0;
}

static aim_delegation_spec spec_to(size_t child, const aim_str *capability)
{
	aim_delegation_spec s = {.struct_size = sizeof s};
	s.child = S(dids[child]);
	s.capabilities = capability;
	s.n_capabilities = 1;
	s.expires_at_s = NOW + 3600;
	return s;
}

static const aim_str reading = {"read:*", 6};
static const aim_str reading_data = {"read:data", 9};

/* 0 → 1 → … → n, all of "read:*". */
static aim_delegation *chain_of(size_t n)
{
	aim_delegation *chain = NULL;
	aim_delegation_spec s = spec_to(1, &reading);
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_OK);
	for (size_t i = 1; i < n; i++) {
		aim_delegation *longer = NULL;
		s = spec_to(i + 1, &reading);
		assert_status(aim_delegation_extend(chain, keys[i], &s, &longer, NULL), AIM_OK);
		aim_delegation_free(chain);
		chain = longer;
	}
	return chain;
}

static aim_delegation_check check_now(void)
{
	aim_delegation_check c = {.struct_size = sizeof c, .now_s = NOW};
	c.sponsor = S(dids[0]);
	return c;
}

static aim_status verify(const aim_delegation *chain, const aim_delegation_check *check, uint32_t rule,
                         uint32_t link)
{
	aim_delegation_result r = {.struct_size = sizeof r, .rule = 99};
	aim_error err = {0};
	aim_status rc = aim_delegation_verify(chain, check, &r, &err);
	if (r.rule != rule || r.link != link)
		fail_msg("rule %s, link %u (%s); expected %s, link %u", aim_delegation_rule_name(r.rule), r.link,
		         err.message, aim_delegation_rule_name(rule), link);
	assert_true((rc == AIM_OK) == (rule == AIM_DELEGATION_VALID));
	if (rc != AIM_OK && rule != AIM_DELEGATION_UNVERIFIED)
		assert_non_null(strstr(err.message, "link "));
	return rc;
}

static aim_buf *text_of(const aim_delegation *chain)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_delegation_export(chain, out), AIM_OK);
	return out;
}

static aim_status import(aim_str json, aim_delegation **out, aim_error *err)
{
	return aim_delegation_import(ctx, aim_bytes_from_str(json), out, err);
}

/* ---- bytes ---- */

/* Written down once; other implementations verify it. */
static const char golden[] =
	"{\"links\":[{\"capabilities\":[\"read:*\"],"
	"\"child\":\"did:key:z6MkrVFHy8FfeijAfJ6aqUFHLQwPTABRgmxS7xuamngFg2me\",\"depth\":0,\"expires_at\":1800003600,"
	"\"id\":\"dlg_01a3185c500070008001020304050607\",\"not_before\":1800000000,"
	"\"parent\":\"did:mesh:sponsor\","
	"\"signature\":\"TkkVG8x2SpLEoeonPPdMOBcZD54_S_LPfCg_FHnzl1k2CuMLv5tm-4x16k2N9jkWfwu0UEDoEBRSWHbQQsCHBg\","
	"\"user\":{\"email\":\"ana@example.org\",\"expires_at\":1800001800,"
	"\"id\":\"ana\",\"permissions\":[\"invoices\"],\"roles\":[\"admin\",\"reader\"]}},"
	"{\"capabilities\":[\"read:data\"],"
	"\"child\":\"did:key:z6MksQnd1tN4XAKnEv6v3oS88dTLBy5XKZCAdUy6Mni4kvyw\",\"depth\":1,\"expires_at\":1800003600,"
	"\"id\":\"dlg_01a3185c5000700088090a0b0c0d0e0f\",\"not_before\":1800000010,"
	"\"parent\":\"did:key:z6MkrVFHy8FfeijAfJ6aqUFHLQwPTABRgmxS7xuamngFg2me\","
	"\"previous\":\"4da2eb7dee6e27038054b6cd7a163cb2604c7144f64de711ad7b3194da9aa12e\","
	"\"signature\":\"wy58kOx3EcmuAfl5IKauJ2cbbtjLoI_lFjLK1SeaDUas_D9faIJciX17RqYihC1inumSCZ-mGcEAwQxg25H7Aw\","
	"\"user\":{\"email\":\"ana@example.org\",\"expires_at\":1800000900,"
	"\"id\":\"ana\",\"roles\":[\"reader\"]}}],\"v\":1}";

static void test_golden_bytes(void **state)
{
	static const aim_str roles[] = {{"admin", 5}, {"reader", 6}};
	static const aim_str permissions[] = {{"invoices", 8}};
	aim_delegation *chain = NULL, *longer = NULL;
	aim_delegation_user ana = {S("ana"), S("ana@example.org"), roles, 2, permissions, 1, NOW + 1800};
	aim_delegation_user less = {S("ana"), S("ana@example.org"), roles + 1, 1, NULL, 0, NOW + 900};
	aim_ctx *fixed = fixed_ctx();
	aim_delegation_spec s = spec_to(1, &reading);
	(void)state;
	next_random = 0;
	s.user = &ana;
	assert_status(aim_delegation_create(fixed, keys[0], S("did:mesh:sponsor"), &s, &chain, NULL), AIM_OK);
	s = spec_to(2, &reading_data);
	s.not_before_s = NOW + 10;
	s.expires_at_s = 0;
	s.user = &less;
	assert_status(aim_delegation_extend(chain, keys[1], &s, &longer, NULL), AIM_OK);
	aim_buf *text = text_of(longer);
	assert_text(aim_buf_str(text), golden);
	aim_buf_free(text);
	aim_delegation_free(longer);
	aim_delegation_free(chain);
	aim_ctx_free(fixed);
}

static aim_status golden_sponsor(void *user, aim_str did, int64_t at_s, aim_public_key *out)
{
	(void)user;
	if (!aim_str_equal(did, S("did:mesh:sponsor")) || at_s != NOW)
		return AIM_E_NOT_FOUND;
	return aim_key_public(keys[0], out);
}

static void test_golden_verifies(void **state)
{
	aim_delegation *chain = NULL;
	aim_delegation_check c = {.struct_size = sizeof c, .now_s = NOW + 20, .resolve = golden_sponsor};
	(void)state;
	assert_status(import(S(golden), &chain, NULL), AIM_OK);
	c.agent = S(dids[2]);
	c.delegator = S(dids[1]);
	c.capability = reading_data;
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	aim_delegation_free(chain);
}

/* The signature is plain Ed25519 over the label and the canonical link without it. */
static void test_signed_bytes(void **state)
{
	aim_delegation *chain = chain_of(1);
	aim_delegation_link l = {.struct_size = sizeof l};
	aim_public_key pub;
	char text[1024] = "libaim/delegation/v1\n{\"capabilities\":[\"read:*\"],\"child\":\"";
	(void)state;
	assert_status(aim_delegation_at(chain, 0, &l), AIM_OK);
	strcat(text, dids[1]);
	strcat(text, "\",\"depth\":0,\"expires_at\":1800003600,\"id\":\"");
	strcat(text, l.id.ptr);
	strcat(text, "\",\"not_before\":1800000000,\"parent\":\"");
	strcat(text, dids[0]);
	strcat(text, "\"}");
	aim_key_public(keys[0], &pub);
	assert_status(aim_crypto_sodium()->ed25519_verify(NULL, pub.bytes, aim_bytes_from(text, strlen(text)), l.signature),
	              AIM_OK);
	uint8_t hash[32];
	const aim_bytes parts[] = {aim_bytes_from(text, strlen(text)), {l.signature, 64}};
	assert_status(aim__sha256(ctx, parts, 2, hash), AIM_OK);
	assert_memory_equal(hash, l.hash, 32);
	aim_delegation_free(chain);
}

static void test_every_changed_bit_is_refused(void **state)
{
	aim_delegation *chain = chain_of(2);
	aim_delegation_check c = check_now();
	(void)state;
	aim_buf *text = text_of(chain);
	char copy[4096];
	size_t len = aim_buf_str(text).len;
	memcpy(copy, aim_buf_str(text).ptr, len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		aim_delegation *changed = NULL;
		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
		if (import((aim_str){copy, len}, &changed, NULL) == AIM_OK)
			assert_true(aim_delegation_verify(changed, &c, NULL, NULL) != AIM_OK);
		aim_delegation_free(changed);
		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
	}
	aim_buf_free(text);
	aim_delegation_free(chain);
}

/* ---- rules ---- */

static void test_a_valid_chain(void **state)
{
	aim_delegation *chain = chain_of(3);
	aim_delegation_check c = check_now();
	(void)state;
	assert_int_equal(aim_delegation_count(chain), 3);
	assert_text(aim_delegation_sponsor(chain), dids[0]);
	assert_text(aim_delegation_agent(chain), dids[3]);
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	c.agent = S(dids[3]);
	c.delegator = S(dids[1]);
	c.capability = reading_data;
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	aim_delegation_free(chain);
}

static void test_what_was_asked_for(void **state)
{
	aim_delegation *chain = chain_of(3);
	aim_delegation_check c = check_now();
	(void)state;
	c.sponsor = S(dids[1]);
	assert_status(verify(chain, &c, AIM_DELEGATION_SPONSOR, 0), AIM_E_UNTRUSTED_KEY);
	c = check_now();
	c.sponsor = S("");
	assert_status(verify(chain, &c, AIM_DELEGATION_SPONSOR, 0), AIM_E_UNTRUSTED_KEY);
	assert_status(verify(chain, NULL, AIM_DELEGATION_SPONSOR, 0), AIM_E_UNTRUSTED_KEY);
	c = check_now();
	c.agent = S(dids[2]);
	assert_status(verify(chain, &c, AIM_DELEGATION_AGENT, 2), AIM_E_DELEGATION);
	c = check_now();
	c.delegator = S(dids[3]);
	assert_status(verify(chain, &c, AIM_DELEGATION_DELEGATOR, 0), AIM_E_DELEGATION);
	c = check_now();
	c.capability = S("write:data");
	assert_status(verify(chain, &c, AIM_DELEGATION_SCOPE, 2), AIM_E_DELEGATION_SCOPE);
	c.capability = S("read");
	assert_status(verify(chain, &c, AIM_DELEGATION_SCOPE, 2), AIM_E_DELEGATION_SCOPE);
	c.capability = S("read data");
	assert_status(verify(chain, &c, AIM_DELEGATION_UNVERIFIED, 0), AIM_E_ID_CAPABILITY);
	aim_delegation_free(chain);
}

static void test_length(void **state)
{
	aim_delegation *chain = chain_of(6);
	aim_delegation *longest = chain_of(10), *longer = NULL;
	aim_delegation_check c = check_now();
	aim_delegation_spec s = spec_to(11, &reading);
	(void)state;
	assert_status(verify(chain, &c, AIM_DELEGATION_LENGTH, 0), AIM_E_DELEGATION);
	c.max_links = 6;
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	c.max_links = 10;
	assert_status(verify(longest, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	c.max_links = 11;
	assert_status(verify(longest, &c, AIM_DELEGATION_UNVERIFIED, 0), AIM_E_INVALID);
	assert_status(aim_delegation_extend(longest, keys[10], &s, &longer, NULL), AIM_E_LIMIT);
	aim_delegation_free(longest);
	aim_delegation_free(chain);
}

static void test_time(void **state)
{
	aim_delegation *chain = chain_of(2);
	aim_delegation_check c = check_now();
	(void)state;
	c.now_s = NOW - 1;
	assert_status(verify(chain, &c, AIM_DELEGATION_EARLY, 0), AIM_E_FUTURE);
	c.now_s = NOW + 3599;
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	c.now_s = NOW + 3600;
	assert_status(verify(chain, &c, AIM_DELEGATION_EXPIRED, 0), AIM_E_EXPIRED);
	c.now_s = 0; /* the context's clock */
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	aim_delegation_free(chain);
}

static void test_user_end(void **state)
{
	aim_delegation *chain = NULL;
	aim_delegation_spec s = spec_to(1, &reading);
	aim_delegation_user ana = {.id = S("ana"), .expires_at_s = NOW + 60};
	aim_delegation_check c = check_now();
	(void)state;
	s.user = &ana;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_OK);
	c.now_s = NOW + 59;
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	c.now_s = NOW + 60;
	assert_status(verify(chain, &c, AIM_DELEGATION_USER_EXPIRED, 0), AIM_E_EXPIRED);
	aim_delegation_free(chain);
}

/* What extend refuses to make. */
static void refuse_wider(const aim_delegation *chain, const aim_delegation_spec *spec, const char *words)
{
	aim_delegation *longer = NULL;
	aim_error err = {0};
	assert_status(aim_delegation_extend(chain, keys[1], spec, &longer, &err), AIM_E_DELEGATION);
	assert_null(longer);
	if (!strstr(err.message, words))
		fail_msg("\"%s\" does not say \"%s\"", err.message, words);
}

static void test_extend_never_widens(void **state)
{
	static const aim_str both[] = {{"read:data", 9}, {"write:data", 10}};
	static const aim_str roles[] = {{"reader", 6}, {"admin", 5}};
	aim_delegation *chain = NULL;
	aim_delegation_user ana = {S("ana"), S("ana@example.org"), roles, 1, roles, 1, NOW + 60};
	aim_delegation_spec s = spec_to(1, &reading);
	(void)state;
	s.user = &ana;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_OK);
	s = spec_to(2, both);
	s.n_capabilities = 2;
	refuse_wider(chain, &s, "capability of it: write:data");
	s = spec_to(2, &reading);
	s.expires_at_s = NOW + 3601;
	refuse_wider(chain, &s, "ends behind");
	s.expires_at_s = NOW + 100;
	s.not_before_s = NOW - 1;
	refuse_wider(chain, &s, "begins before");
	s = spec_to(2, &reading);
	aim_delegation_user other = ana;
	s.user = &other;
	other.id = S("bob");
	refuse_wider(chain, &s, "another user");
	other = ana;
	other.email = S("");
	refuse_wider(chain, &s, "another user");
	other = ana;
	other.n_roles = 2;
	refuse_wider(chain, &s, "with more, than the link before: admin");
	other = ana;
	other.n_permissions = 2;
	refuse_wider(chain, &s, "with more, than the link before: admin");
	other = ana;
	other.expires_at_s = 0;
	refuse_wider(chain, &s, "user");
	other.expires_at_s = NOW + 61;
	refuse_wider(chain, &s, "user");
	aim_delegation_free(chain);
	/* Nobody in particular does not become Ana. */
	chain = chain_of(1);
	s.user = &ana;
	refuse_wider(chain, &s, "another user");
	aim_delegation_free(chain);
}

/* A longer chain takes over what its spec leaves open. */
static void test_inherited(void **state)
{
	static const aim_str roles[] = {{"reader", 6}};
	aim_delegation *chain = NULL, *longer = NULL;
	aim_delegation_user ana = {S("ana"), S("ana@example.org"), roles, 1, NULL, 0, 0};
	aim_delegation_spec s = spec_to(1, &reading);
	aim_delegation_link l = {.struct_size = sizeof l};
	(void)state;
	s.user = &ana;
	s.not_before_s = NOW + 50;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_OK);
	s = spec_to(2, &reading_data);
	s.expires_at_s = 0;
	assert_status(aim_delegation_extend(chain, keys[1], &s, &longer, NULL), AIM_OK);
	assert_status(aim_delegation_at(longer, 1, &l), AIM_OK);
	assert_int_equal(l.depth, 1);
	assert_int_equal(l.has_user, 1);
	assert_text(l.user.email, "ana@example.org");
	assert_int_equal(l.user.n_roles, 1);
	assert_int_equal(l.not_before_s, NOW + 50);
	assert_int_equal(l.expires_at_s, NOW + 3600);
	assert_status(aim_delegation_at(longer, 2, &l), AIM_E_NOT_FOUND);
	aim_delegation_free(longer);
	aim_delegation_free(chain);
}

static void test_spec_is_checked(void **state)
{
	static const char *const nothing_else[] = {"*", "*:*", "", "a::b", "read data"};
	aim_delegation *chain = NULL;
	aim_delegation_spec s = spec_to(1, &reading);
	(void)state;
	for (size_t i = 0; i < sizeof nothing_else / sizeof *nothing_else; i++) {
		aim_str c = S(nothing_else[i]);
		s.capabilities = &c;
		assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_ID_CAPABILITY);
	}
	s = spec_to(1, &reading);
	s.n_capabilities = 0;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_ID_CAPABILITY);
	s = spec_to(1, &reading);
	s.expires_at_s = 0;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_INVALID);
	static const char *const no_did[] = {"", "did:", "did:key", "did:key:", "did:MESH:a", "did:mesh:a b", "did:mesh:a:", "ana"};
	for (size_t i = 0; i < sizeof no_did / sizeof *no_did; i++) {
		s = spec_to(1, &reading);
		s.child = S(no_did[i]);
		assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_INVALID);
	}
	s = spec_to(1, &reading);
	assert_status(aim_delegation_create(ctx, keys[0], S(dids[1]), &s, &chain, NULL), AIM_E_KEY_PAIR);
	s.flags = 1;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_VERSION);
	aim_delegation_user nobody = {.email = S("ana@example.org")};
	s = spec_to(1, &reading);
	s.user = &nobody;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_ID_NAME);
	nobody.email = S("");
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_ID_NAME);
	nobody = (aim_delegation_user){.id = S("ana"), .email = S("ana")};
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_ID_NAME);
	assert_null(chain);
}

static void test_other_keys_do_not_sign(void **state)
{
	aim_delegation *chain = chain_of(1), *longer = NULL;
	aim_delegation_spec s = spec_to(2, &reading);
	static const uint8_t seed[32] = {9};
	aim_key *log = NULL;
	(void)state;
	assert_status(aim_delegation_extend(chain, keys[2], &s, &longer, NULL), AIM_E_KEY_PAIR);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_LOG, aim_bytes_from(seed, 32), &log, NULL), AIM_OK);
	assert_status(aim_delegation_create(ctx, log, S(""), &s, &longer, NULL), AIM_E_KEY_PURPOSE);
	assert_null(longer);
	aim_key_unref(log);
	aim_delegation_free(chain);
}

/* Two chains, cut and put together by hand: their links are whole, their order is not. */
static void test_splicing(void **state)
{
	static const char head[] = "{\"links\":[", tail[] = "],\"v\":1}";
	aim_delegation *a = chain_of(3), *b = chain_of(3);
	aim_delegation_check c = check_now();
	aim_buf *ta = text_of(a), *tb = text_of(b);
	const char *links[2][4];
	const aim_buf *texts[2] = {ta, tb};
	/* chain, link; 9: none */
	static const uint8_t plans[][6] = {{0, 1, 0, 0, 9, 9}, {0, 0, 0, 2, 9, 9}, {0, 0, 1, 1, 9, 9}, {0, 0, 0, 1, 1, 2},
	                                   {0, 0, 0, 0, 9, 9}, {0, 1, 0, 2, 9, 9}, {1, 0, 0, 1, 0, 2}, {0, 0, 0, 2, 0, 1}};
	(void)state;
	for (size_t t = 0; t < 2; t++) {
		const char *p = aim_buf_str(texts[t]).ptr;
		for (size_t i = 0; i < 3; i++, p++) {
			p = strstr(p, "{\"capabilities\"");
			links[t][i] = p;
		}
		links[t][3] = aim_buf_str(texts[t]).ptr + aim_buf_str(texts[t]).len - strlen(tail) + 1;
	}
	for (size_t n = 0; n < sizeof plans / sizeof *plans; n++) {
		char text[8192];
		size_t len = strlen(head);
		memcpy(text, head, len);
		for (size_t k = 0; k < 6 && plans[n][k] != 9; k += 2) {
			const char *begin = links[plans[n][k]][plans[n][k + 1]];
			size_t size = (size_t)(links[plans[n][k]][plans[n][k + 1] + 1] - begin) - 1;
			if (k)
				text[len++] = ',';
			memcpy(text + len, begin, size);
			len += size;
		}
		memcpy(text + len, tail, strlen(tail));
		aim_delegation *spliced = NULL;
		assert_status(import((aim_str){text, len + strlen(tail)}, &spliced, NULL), AIM_OK);
		assert_true(aim_delegation_verify(spliced, &c, NULL, NULL) != AIM_OK);
		aim_delegation_free(spliced);
	}
	aim_buf_free(tb);
	aim_buf_free(ta);
	aim_delegation_free(b);
	aim_delegation_free(a);
}

static aim_status no_key(void *user, aim_str did, int64_t at_s, aim_public_key *out)
{
	(void)did, (void)at_s, (void)out;
	return *(aim_status *)user;
}

static void test_an_unknown_parent_is_a_failure(void **state)
{
	aim_delegation *chain = NULL, *longer = NULL;
	aim_delegation_spec s = spec_to(1, &reading);
	aim_delegation_check c = check_now();
	aim_status answer = AIM_E_NOT_FOUND;
	(void)state;
	s.child = S("did:mesh:helper");
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_OK);
	s = spec_to(2, &reading);
	assert_status(aim_delegation_extend(chain, keys[1], &s, &longer, NULL), AIM_OK);
	assert_status(verify(longer, &c, AIM_DELEGATION_KEY, 1), AIM_E_UNTRUSTED_KEY);
	c.resolve = no_key;
	c.resolve_user = &answer;
	assert_status(verify(longer, &c, AIM_DELEGATION_KEY, 1), AIM_E_UNTRUSTED_KEY);
	answer = AIM_E_IO;
	assert_status(verify(longer, &c, AIM_DELEGATION_UNVERIFIED, 0), AIM_E_IO);
	aim_delegation_free(longer);
	aim_delegation_free(chain);
}

/* A resolver that gives another key does not make the signature good. */
static aim_status wrong_key(void *user, aim_str did, int64_t at_s, aim_public_key *out)
{
	(void)user, (void)did, (void)at_s;
	return aim_key_public(keys[5], out);
}

static void test_another_key(void **state)
{
	aim_delegation *chain = chain_of(2);
	aim_delegation_check c = check_now();
	(void)state;
	c.resolve = wrong_key;
	assert_status(verify(chain, &c, AIM_DELEGATION_SIGNATURE, 0), AIM_E_SIGNATURE);
	aim_delegation_free(chain);
}

typedef struct granters {
	size_t n;
	char text[1024];
} granters;

static aim_status note(void *user, size_t link, aim_str granter, aim_str pattern)
{
	granters *g = user;
	assert_int_equal(link, g->n++);
	strncat(g->text, granter.ptr, granter.len);
	strcat(g->text, " ");
	strncat(g->text, pattern.ptr, pattern.len);
	strcat(g->text, "\n");
	return link == 7 ? AIM_E_IO : AIM_OK;
}

static void test_trace(void **state)
{
	aim_delegation *chain = chain_of(1), *longer = NULL;
	aim_delegation_spec s = spec_to(2, &reading_data);
	granters g = {0};
	char expected[256] = "";
	aim_error err = {0};
	(void)state;
	assert_status(aim_delegation_extend(chain, keys[1], &s, &longer, NULL), AIM_OK);
	assert_status(aim_delegation_trace(longer, reading_data, note, &g, NULL), AIM_OK);
	strcat(strcat(expected, dids[0]), " read:*\n");
	strcat(strcat(expected, dids[1]), " read:data\n");
	assert_string_equal(g.text, expected);
	assert_status(aim_delegation_trace(longer, S("read:logs"), note, &g, &err), AIM_E_DELEGATION_SCOPE);
	assert_non_null(strstr(err.message, "link 1"));
	assert_int_equal(g.n, 2);
	assert_status(aim_delegation_trace(longer, S(""), note, &g, NULL), AIM_E_ID_CAPABILITY);
	aim_delegation_free(longer);
	aim_delegation_free(chain);
}

/* ---- JSON from outside ---- */

#define LINK(members)                                                                                             \
	"{\"links\":[{\"capabilities\":[\"read:data\"],\"child\":\"did:mesh:b\",\"expires_at\":10,"                   \
	"\"id\":\"dlg_00000000000000000000000000000000\",\"not_before\":5,\"parent\":\"did:mesh:a\",\"signature\":"   \
	"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" members "}],\"v\":1}"

static void test_import_refuses(void **state)
{
	static const struct {
		const char *json;
		aim_status status;
		const char *words;
	} cases[] = {
		{LINK(",\"depth\":0"), AIM_OK, ""},
		{LINK(""), AIM_E_JSON_MISSING, "depth"},
		{LINK(",\"depth\":0.5"), AIM_E_JSON_TYPE, "depth"},
		{LINK(",\"depth\":-1"), AIM_E_JSON_TYPE, "depth"},
		{LINK(",\"depth\":10"), AIM_E_LIMIT, "depth is 10"},
		{LINK(",\"depth\":0,\"extra\":1"), AIM_E_JSON_UNKNOWN, "does not define"},
		{LINK(",\"depth\":0,\"user\":{}"), AIM_E_JSON_MISSING, "id"},
		{LINK(",\"depth\":0,\"user\":{\"id\":\"\"}"), AIM_E_ENCODING, "canonical"},
		{LINK(",\"depth\":0,\"user\":{\"id\":\"ana\",\"roles\":[]}"), AIM_E_ENCODING, "canonical"},
		{LINK(",\"depth\":0,\"user\":{\"id\":\"ana\",\"roles\":[1]}"), AIM_E_JSON_TYPE, "roles"},
		{LINK(",\"depth\":0,\"user\":{\"id\":\"ana\",\"email\":\"x\"}"), AIM_E_ID_NAME, "e-mail"},
		{LINK(",\"depth\":0,\"user\":[]"), AIM_E_JSON_TYPE, "object"},
		{LINK(",\"depth\":0,\"previous\":\"00\""), AIM_E_JSON_TYPE, "previous"},
		{LINK(",\"depth\":0,\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\""),
		 AIM_E_ENCODING, "canonical"},
		{LINK(",\"depth\":0,\"previous\":\"AA00000000000000000000000000000000000000000000000000000000000000\""),
		 AIM_E_ENCODING, "canonical"},
		{"{\"links\":[],\"v\":1}", AIM_E_JSON_MISSING, "without links"},
		{"{\"links\":[{}],\"v\":1}", AIM_E_JSON_MISSING, "capabilities"},
		{"{\"links\":[7],\"v\":1}", AIM_E_JSON_TYPE, "object"},
		{"{\"v\":1}", AIM_E_JSON_MISSING, "links"},
		{"{\"links\":{},\"v\":1}", AIM_E_JSON_TYPE, "links"},
		{"{\"links\":[]}", AIM_E_JSON_MISSING, "v"},
		{"{\"links\":[],\"v\":2}", AIM_E_VERSION, "version 1"},
		{"{\"links\":[],\"v\":1,\"w\":1}", AIM_E_JSON_UNKNOWN, "does not define"},
		{"[]", AIM_E_JSON_TYPE, "object"},
		{"", AIM_E_JSON_SYNTAX, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_delegation *chain = NULL;
		aim_error err = {0};
		aim_status rc = import(S(cases[i].json), &chain, &err);
		if (rc != cases[i].status || !strstr(err.message, cases[i].words))
			fail_msg("case %zu: %s: %s", i, aim_status_name(rc), err.message);
		assert_true((chain != NULL) == (rc == AIM_OK));
		aim_delegation_free(chain);
	}
}

static void test_white_space_is_no_content(void **state)
{
	aim_delegation *chain = NULL;
	aim_delegation_check c = check_now();
	aim_delegation *one = chain_of(1);
	aim_buf *text = text_of(one);
	char spaced[2048] = "  \n";
	(void)state;
	strcat(spaced, aim_buf_str(text).ptr);
	strcat(spaced, "\n");
	assert_status(import(S(spaced), &chain, NULL), AIM_OK);
	assert_status(verify(chain, &c, AIM_DELEGATION_VALID, 0), AIM_OK);
	aim_delegation_free(chain);
	aim_buf_free(text);
	aim_delegation_free(one);
}

static void test_import_limits(void **state)
{
	static char large[AIM_DELEGATION_MAX_BYTES + 1];
	aim_delegation *chain = NULL;
	(void)state;
	memset(large, ' ', sizeof large);
	assert_status(import((aim_str){large, sizeof large}, &chain, NULL), AIM_E_LIMIT);
	aim_str many[AIM_DELEGATION_MAX_ITEMS + 1];
	for (size_t i = 0; i < sizeof many / sizeof *many; i++)
		many[i] = reading_data;
	aim_delegation_spec s = spec_to(1, many);
	s.n_capabilities = AIM_DELEGATION_MAX_ITEMS + 1;
	assert_status(aim_delegation_create(ctx, keys[0], S(""), &s, &chain, NULL), AIM_E_LIMIT);
}

static void test_misuse(void **state)
{
	aim_delegation *chain = chain_of(1);
	aim_delegation_spec s = spec_to(2, &reading);
	aim_delegation_result small = {.struct_size = 4};
	(void)state;
	assert_status(aim_delegation_create(ctx, NULL, S(""), &s, &chain, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_extend(NULL, keys[0], &s, &chain, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_extend(chain, keys[0], NULL, &chain, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_export(chain, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_import(ctx, (aim_bytes){NULL, 4}, &chain, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_verify(NULL, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_verify(chain, NULL, &small, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_trace(chain, reading, NULL, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(aim_delegation_count(NULL), 0);
	assert_int_equal(aim_delegation_sponsor(NULL).len + aim_delegation_agent(NULL).len, 0);
	assert_string_equal(aim_delegation_rule_name(AIM_DELEGATION_SCOPE), "scope");
	assert_string_equal(aim_delegation_rule_name(AIM_DELEGATION_CEILING), "ceiling");
	assert_string_equal(aim_delegation_rule_name(AIM_DELEGATION_CEILING + 1), "unknown");
	aim_delegation_free(NULL);
	aim_delegation_free(chain);
}

static aim_status make_and_read(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {1, 2, 3};
	aim_delegation *chain = NULL, *longer = NULL, *read = NULL;
	aim_key *key = NULL;
	aim_buf *out = NULL;
	aim_delegation_user ana = {.id = S("ana"), .roles = &reading, .n_roles = 1};
	aim_delegation_spec s = spec_to(1, &reading);
	aim_delegation_check check = {.struct_size = sizeof check, .sponsor = S("did:mesh:sponsor"), .resolve = wrong_key};
	(void)arg;
	s.user = &ana;
	s.child = S("did:mesh:helper");
	s.expires_at_s = INT64_C(4102444800);
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL);
	if (rc == AIM_OK)
		rc = aim_delegation_create(c, key, S("did:mesh:sponsor"), &s, &chain, NULL);
	if (rc == AIM_OK)
		rc = aim_delegation_extend(chain, key, &s, &longer, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &out);
	if (rc == AIM_OK)
		rc = aim_delegation_export(longer, out);
	if (rc == AIM_OK)
		rc = aim_delegation_import(c, aim_buf_bytes(out), &read, NULL);
	if (rc == AIM_OK && (rc = aim_delegation_verify(read, &check, NULL, NULL)) == AIM_E_SIGNATURE)
		rc = AIM_OK; /* as it should */
	aim_buf_free(out);
	aim_delegation_free(read);
	aim_delegation_free(longer);
	aim_delegation_free(chain);
	aim_key_unref(key);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(make_and_read, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_bytes),
		cmocka_unit_test(test_golden_verifies),
		cmocka_unit_test(test_signed_bytes),
		cmocka_unit_test(test_every_changed_bit_is_refused),
		cmocka_unit_test(test_a_valid_chain),
		cmocka_unit_test(test_what_was_asked_for),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_user_end),
		cmocka_unit_test(test_extend_never_widens),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_spec_is_checked),
		cmocka_unit_test(test_other_keys_do_not_sign),
		cmocka_unit_test(test_splicing),
		cmocka_unit_test(test_an_unknown_parent_is_a_failure),
		cmocka_unit_test(test_another_key),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_import_refuses),
		cmocka_unit_test(test_white_space_is_no_content),
		cmocka_unit_test(test_import_limits),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
