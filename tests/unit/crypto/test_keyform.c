/* Keys in the forms of other programs: standards' examples, every form out and in again, every refusal with
 * its status and reason. */
#include "kit.h"

#include <aim/keyform.h>

/* RFC 8032 §7.1 TEST 1. */
#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define OTHER_X "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"
#define B64 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SPKI "302a300506032b6570032100"
#define PKCS8 "302e020100300506032b657004220420"
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"

static aim_ctx *ctx;
static aim_public_key test1;

static int setup(void **state)
{
	const char *hex = PUBLIC;
	(void)state;
	ctx = kit_ctx(NULL);
	kit_hex(&hex, test1.bytes, 32);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_ctx_free(ctx);
	return 0;
}

static aim_bytes text_bytes(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

static aim_bytes hex_bytes(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = kit_hex(&hex, out, cap);
	return (aim_bytes){out, n};
}

static size_t read_file(const char *path, char *out, size_t cap)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("cannot open %s", path);
	size_t n = fread(out, 1, cap - 1, file);
	fclose(file);
	out[n] = '\0';
	return n;
}

static void expect_public(aim_bytes input, const aim_public_key *expected, uint32_t form)
{
	aim_public_key key = {{0}};
	aim_error err = {0};
	uint32_t found = 0;
	if (aim_keyform_parse_public(ctx, input, &key, &found, &err) != AIM_OK)
		fail_msg("%.*s: %s", (int)input.len, (const char *)input.ptr, err.message);
	assert_memory_equal(&key, expected, sizeof key);
	assert_int_equal(found, form);
}

static void expect_private(aim_bytes input, const char *seed_hex, uint32_t form)
{
	uint8_t expected[32];
	uint8_t seed[32];
	aim_key *key = NULL;
	aim_error err = {0};
	uint32_t found = 0;
	if (aim_keyform_parse_private(ctx, AIM_KEY_AGENT, input, &key, &found, &err) != AIM_OK)
		fail_msg("%.*s: %s", (int)input.len, (const char *)input.ptr, err.message);
	assert_status(aim_key_export_seed(key, seed), AIM_OK);
	kit_hex(&seed_hex, expected, 32);
	assert_memory_equal(seed, expected, 32);
	assert_int_equal(aim_key_purpose(key), AIM_KEY_AGENT);
	assert_int_equal(found, form);
	aim_key_unref(key);
}

/* --- the standards' examples --- */

static void test_rfc8410(void **state)
{
	char text[1024];
	char seed[128];
	char public_hex[128];
	aim_public_key key;
	const char *hex = public_hex;
	(void)state;
	read_file(TESTS_DIR "/vectors/rfc8410/seed.hex", seed, sizeof seed);
	read_file(TESTS_DIR "/vectors/rfc8410/public.hex", public_hex, sizeof public_hex);
	kit_hex(&hex, key.bytes, 32);
	size_t n = read_file(TESTS_DIR "/vectors/rfc8410/public.pem", text, sizeof text);
	expect_public(aim_bytes_from(text, n), &key, AIM_KEYFORM_PEM);
	n = read_file(TESTS_DIR "/vectors/rfc8410/private.pem", text, sizeof text);
	expect_private(aim_bytes_from(text, n), seed, AIM_KEYFORM_PEM);
	n = read_file(TESTS_DIR "/vectors/rfc8410/private-v2.pem", text, sizeof text);
	expect_private(aim_bytes_from(text, n), seed, AIM_KEYFORM_PEM);
}

static void test_rfc8037(void **state)
{
	char text[1024];
	char thumbprint[AIM_KEYFORM_THUMBPRINT_SIZE];
	(void)state;
	size_t n = read_file(TESTS_DIR "/vectors/rfc8037/public.json", text, sizeof text);
	expect_public(aim_bytes_from(text, n), &test1, AIM_KEYFORM_JWK);
	n = read_file(TESTS_DIR "/vectors/rfc8037/private.json", text, sizeof text);
	expect_private(aim_bytes_from(text, n), SEED, AIM_KEYFORM_JWK);
	read_file(TESTS_DIR "/vectors/rfc8037/thumbprint.txt", text, sizeof text);
	assert_status(aim_keyform_thumbprint(ctx, &test1, thumbprint), AIM_OK);
	assert_string_equal(thumbprint, text);
}

static void did_line(aim_ctx *unused, const char *line, void *arg)
{
	uint8_t seed[32];
	const char *at = line;
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_buf *out = NULL;
	(void)unused;
	(void)arg;
	kit_hex(&at, seed, sizeof seed);
	const aim_bytes did = {(const uint8_t *)at + 1, strcspn(at + 1, "\n")};
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	expect_public(did, &public_key, AIM_KEYFORM_DID);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keyform_public(ctx, &public_key, AIM_KEYFORM_DID, out), AIM_OK);
	assert_int_equal(aim_buf_bytes(out).len, did.len);
	assert_memory_equal(aim_buf_bytes(out).ptr, did.ptr, did.len);
	aim_buf_free(out);
	aim_key_unref(key);
}

static void other_did_line(aim_ctx *unused, const char *line, void *arg)
{
	aim_public_key key;
	aim_error err = {0};
	size_t len = strcspn(line, "|");
	char name[32];
	(void)unused;
	(void)arg;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
	assert_status(aim_keyform_parse_public(ctx, aim_bytes_from(line, len), &key, NULL, &err),
	              AIM_E_KEY_ALGORITHM);
	if (!strstr(err.message, name))
		fail_msg("\"%s\" does not name %s", err.message, name);
}

static void test_did_key(void **state)
{
	(void)state;
	assert_int_equal(kit_each_line(TESTS_DIR "/vectors/did-key/ed25519.txt", did_line, NULL, NULL), 3);
	assert_int_equal(kit_each_line(TESTS_DIR "/vectors/did-key/other.txt", other_did_line, NULL, NULL), 4);
}

/* --- every form out and in --- */

static void test_public_texts(void **state)
{
	static const struct {
		uint32_t form;
		const char *text;
	} cases[] = {
		{AIM_KEYFORM_HEX, PUBLIC},
		{AIM_KEYFORM_BASE64, B64},
		{AIM_KEYFORM_BASE64_UNPADDED, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		{AIM_KEYFORM_BASE64URL, X},
		{AIM_KEYFORM_BASE64URL_PADDED, X "="},
		{AIM_KEYFORM_PREFIXED, "ed25519:" B64},
		{AIM_KEYFORM_DER_HEX, SPKI PUBLIC},
		{AIM_KEYFORM_PEM, "-----BEGIN PUBLIC KEY-----\n"
	                      "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	                      "-----END PUBLIC KEY-----\n"},
		{AIM_KEYFORM_JWK, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" X "\"}"},
		{AIM_KEYFORM_DID, "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"},
		{AIM_KEYFORM_MULTIBASE, "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"},
		{AIM_KEYFORM_OPENSSH, SSH},
		{AIM_KEYFORM_DNS, "v=MCPv1; k=ed25519; p=" B64},
	};
	aim_buf *out = NULL;
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_buf_clear(out);
		assert_status(aim_keyform_public(ctx, &test1, cases[i].form, out), AIM_OK);
		assert_text(aim_buf_str(out), cases[i].text);
		expect_public(aim_buf_bytes(out), &test1, cases[i].form);
	}
	aim_buf_free(out);
}

static void test_more_ways_in(void **state)
{
	uint8_t bytes[64];
	(void)state;
	expect_public(hex_bytes(SPKI PUBLIC, bytes, sizeof bytes), &test1, AIM_KEYFORM_DER);
	expect_public(text_bytes(SSH " me@example.com"), &test1, AIM_KEYFORM_OPENSSH);
	expect_public(text_bytes(SSH " a comment of words\r\n"), &test1, AIM_KEYFORM_OPENSSH);
	expect_public(text_bytes("v=MCPv1;k=ed25519;p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"), &test1, AIM_KEYFORM_DNS);
}

static void test_every_public_form_returns(void **state)
{
	aim_buf *out = NULL;
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	for (int i = 0; i < 50; i++) {
		aim_key *key = NULL;
		aim_public_key public_key;
		assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
		assert_status(aim_key_public(key, &public_key), AIM_OK);
		for (uint32_t form = AIM_KEYFORM_RAW; form < AIM_KEYFORM_PAIR; form++) {
			uint32_t found = 0;
			aim_public_key back;
			aim_buf_clear(out);
			assert_status(aim_keyform_public(ctx, &public_key, form, out), AIM_OK);
			assert_status(aim_keyform_parse_public(ctx, aim_buf_bytes(out), &back, &found, NULL), AIM_OK);
			assert_memory_equal(&back, &public_key, sizeof back);
		}
		aim_key_unref(key);
	}
	aim_buf_free(out);
}

static const uint32_t private_forms[] = {
	AIM_KEYFORM_RAW,           AIM_KEYFORM_HEX,
	AIM_KEYFORM_BASE64,        AIM_KEYFORM_BASE64_UNPADDED,
	AIM_KEYFORM_BASE64URL,     AIM_KEYFORM_BASE64URL_PADDED,
	AIM_KEYFORM_DER,           AIM_KEYFORM_DER_HEX,
	AIM_KEYFORM_PEM,           AIM_KEYFORM_JWK,
	AIM_KEYFORM_OPENSSH,       AIM_KEYFORM_PAIR,
};
#define N_PRIVATE (sizeof private_forms / sizeof *private_forms)

static void test_every_private_form_returns(void **state)
{
	aim_buf *out = NULL;
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	for (int i = 0; i < 20; i++) {
		aim_key *key = NULL;
		uint8_t seed[32];
		uint8_t back[32];
		assert_status(aim_key_generate(ctx, AIM_KEY_LOG, &key, NULL), AIM_OK);
		assert_status(aim_key_export_seed(key, seed), AIM_OK);
		for (size_t f = 0; f < N_PRIVATE; f++) {
			aim_key *again = NULL;
			aim_buf_clear(out);
			assert_status(aim_keyform_private(key, private_forms[f], out, NULL), AIM_OK);
			assert_status(aim_keyform_parse_private(ctx, AIM_KEY_LOG, aim_buf_bytes(out), &again, NULL, NULL),
			              AIM_OK);
			assert_status(aim_key_export_seed(again, back), AIM_OK);
			assert_memory_equal(seed, back, 32);
			aim_key_unref(again);
		}
		aim_key_unref(key);
	}
	aim_buf_free(out);
}

static void test_private_ways_in(void **state)
{
	uint8_t bytes[160];
	(void)state;
	expect_private(text_bytes(SEED), SEED, AIM_KEYFORM_HEX);
	expect_private(hex_bytes(SEED, bytes, sizeof bytes), SEED, AIM_KEYFORM_RAW);
	expect_private(hex_bytes(SEED PUBLIC, bytes, sizeof bytes), SEED, AIM_KEYFORM_PAIR);
	expect_private(text_bytes(SEED PUBLIC), SEED, AIM_KEYFORM_PAIR);
	expect_private(hex_bytes(PKCS8 SEED, bytes, sizeof bytes), SEED, AIM_KEYFORM_DER);
	expect_private(text_bytes(PKCS8 SEED), SEED, AIM_KEYFORM_DER_HEX);
	/* version 2, the public key tagged implicitly and, as some tools do, explicitly */
	expect_private(text_bytes("3051020101300506032b657004220420" SEED "812100" PUBLIC), SEED,
	               AIM_KEYFORM_DER_HEX);
	expect_private(text_bytes("3053020101300506032b657004220420" SEED "a123032100" PUBLIC), SEED,
	               AIM_KEYFORM_DER_HEX);
}

/* --- refusals --- */

typedef struct refusal {
	const char *text;
	aim_status status;
	const char *says;
} refusal;

static void expect_message(const char *text, const aim_error *err, const char *says)
{
	if (!strstr(err->message, says))
		fail_msg("%s: \"%s\" does not say \"%s\"", text, err->message, says);
}

#define PEM(label, body) "-----BEGIN " label "-----\n" body "\n-----END " label "-----\n"
#define SPKI_B64 "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define PKCS8_B64 "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
#define RSA_SPKI "301f300d06092a864886f70d0101010500030e00300b0204010101010203010001"
#define ALG AIM_E_KEY_ALGORITHM
#define HALF AIM_E_KEY_HALF

static const refusal public_refusals[] = {
	{SPKI "d75a", AIM_E_KEY, "the DER form is cut short"},
	{"302a300506032b657003210", AIM_E_KEY, "odd number of digits"},
	{"302a300506032b6570032100d75a980182b1", AIM_E_KEY, "the DER form is cut short"},
	{"d75a980182b10ab7d54bfed3c964073a", AIM_E_KEY, "32 bytes is none"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", AIM_E_KEY, "not 32 bytes"},
	{"-----BEGIN PUBLIC KEY-----\nMCowB", AIM_E_KEY, "no END line"},
	{"did:key:z6MktwupdmLXVVqTzCw4i46r", AIM_E_KEY_ALGORITHM, "unknown algorithm"},
	{SPKI PUBLIC "00", AIM_E_KEY, "something behind the key"},
	{"302b300506032b6570032200" PUBLIC "00", AIM_E_KEY, "public key that is not 32 bytes"},
	{"302a300506032b6570032101" PUBLIC, AIM_E_KEY, "unused bits in its public key"},
	{"302c300706032b65700500032100" PUBLIC, AIM_E_KEY, "parameters"},
	{"30812a300506032b6570032100" PUBLIC, AIM_E_KEY, "length that is not minimal"},
	{"3080300506032b6570032100" PUBLIC "0000", AIM_E_KEY, "indefinite length"},
	{SPKI "0100000000000000000000000000000000000000000000000000000000000000", AIM_E_KEY,
     "the public key in SPKI form is a point of small order"},
	{"302a300506032b656e032100" PUBLIC, ALG, "an X25519 key in SPKI form; an Ed25519 key is expected"},
	{RSA_SPKI, ALG, "an RSA key in SPKI form; an Ed25519 key is expected"},
	{"3059301306072a8648ce3d020106082a8648ce3d030107034200" PUBLIC PUBLIC "04", ALG, "(P-256)"},
	{PKCS8 SEED, HALF, "a private key in PKCS#8 form; a public key is expected"},
	{PEM("PRIVATE KEY", PKCS8_B64), HALF, "a private key in PEM form; a public key is expected"},
	{PEM("OPENSSH PRIVATE KEY", "AAAA"), HALF, "a private key in OpenSSH form"},
	{PEM("ENCRYPTED PRIVATE KEY", "AAAA"), HALF, "a private key in PEM form"},
	{PEM("RSA PUBLIC KEY", "AAAA"), ALG, "an RSA key in PEM form"},
	{PEM("CERTIFICATE", "AAAA"), ALG, "an X.509 certificate in PEM form"},
	{PEM("SOMETHING", "AAAA"), AIM_E_KEY, "label"},
	{PEM("PUBLIC KEY", "AAAA*"), AIM_E_KEY, "not base64"},
	{PEM("PUBLIC KEY", "\n" SPKI_B64), AIM_E_KEY, "empty line"},
	{PEM("PUBLIC KEY", SPKI_B64) "x", AIM_E_KEY, "something behind its END line"},
	{PEM("PUBLIC KEY", " " SPKI_B64), AIM_E_KEY, "not base64"},
	{"-----BEGIN PUBLIC KEY-----\n" SPKI_B64 "\n", AIM_E_KEY, "no END line"},
	{"-----BEGIN PUBLIC KEY-----\n" SPKI_B64 "\n-----END PRIVATE KEY-----\n", AIM_E_KEY, "END line"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", AIM_E_KEY, "the JWK form has no member x"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "=\"}", AIM_E_KEY, "an x that is not"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"x\":\"" X "\"}", AIM_E_KEY, "duplicate"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"", AIM_E_KEY, "not valid JSON"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":7}", AIM_E_KEY, "an x that is not"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"RS256\",\"x\":\"" X "\"}", AIM_E_KEY, "an alg that"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"enc\",\"x\":\"" X "\"}", AIM_E_KEY, "a use that"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" D "\",\"x\":\"" X "\"}", HALF, "a private key in JWK form"},
	{"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}", ALG, "an X25519 key in JWK form"},
	{"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", ALG, "an RSA key in JWK form"},
	{"{\"kty\":\"EC\",\"crv\":\"P-384\"}", ALG, "(P-384) in JWK form"},
	{"{\"keys\":[]}", AIM_E_KEY, "a set of keys"},
	{"{}", AIM_E_KEY, "no member kty"},
	{"did:web:example.com", AIM_E_KEY, "a DID of another method"},
	{"did:key:", AIM_E_KEY, "does not go on with z"},
	{"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMs0", AIM_E_KEY, "alphabet of base58"},
	{"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw#k", AIM_E_KEY, "fragment"},
	{"z2DQYFhy74hg5eM3VNHKxySLj7rqfiJ7SZ3Gyokjx1w6yGc", AIM_E_KEY, "the multibase form is not 32 bytes"},
	{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC", ALG, "an RSA key in OpenSSH form"},
	{"ecdsa-sha2-nistp256 AAAA", ALG, "(P-256) in OpenSSH form"},
	{"sk-ssh-ed25519@openssh.com AAAA", ALG, "a security-key Ed25519 key"},
	{"ssh-ed25519", AIM_E_KEY, "the OpenSSH form is cut short"},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E=", AIM_E_KEY, "32 bytes"},
	{"ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAAgQCx", ALG, "an RSA key"},
	{SSH "\nssh-ed25519 AAAA", AIM_E_KEY, "more than one line"},
	{"v=MCPv2; k=ed25519; p=" B64, AIM_E_KEY, "v=MCPv1"},
	{"v=MCPv1; k=ecdsap384; p=" B64, ALG, "(P-384) in DNS form"},
	{"v=MCPv1; k=ed25519", AIM_E_KEY, "the DNS form has no p"},
	{"v=MCPv1; k=ed25519; p=" B64 "=", AIM_E_KEY, "a p that is not"},
	{"v=MCPv1; k=ed25519; p=" B64 "; q=1", AIM_E_KEY, "something behind p"},
};

static void test_public_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof public_refusals / sizeof *public_refusals; i++) {
		const refusal *r = &public_refusals[i];
		aim_public_key key;
		aim_public_key before;
		aim_error err = {0};
		uint32_t form = 77;
		memset(&key, 0x77, sizeof key);
		before = key;
		aim_status rc = aim_keyform_parse_public(ctx, text_bytes(r->text), &key, &form, &err);
		if (rc != r->status)
			fail_msg("%s: %s (%s)", r->text, aim_status_name(rc), err.message);
		expect_message(r->text, &err, r->says);
		assert_memory_equal(&key, &before, sizeof key);
		assert_int_equal(form, 77);
	}
}

static const refusal private_refusals[] = {
	{"", AIM_E_KEY, "0 bytes"},
	{"ed25519:" B64, HALF, "a public key in ed25519: form; a private key is expected"},
	{SPKI PUBLIC, HALF, "a public key in SPKI form; a private key is expected"},
	{PEM("PUBLIC KEY", SPKI_B64), HALF, "a public key in PEM form"},
	{SSH, HALF, "a public key in OpenSSH form"},
	{"v=MCPv1; k=ed25519; p=" B64, HALF, "a public key in DNS form"},
	{"did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw", HALF, "a public key in did:key form"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}", HALF, "a public key in JWK form"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" D "\",\"x\":\"" OTHER_X "\"}", AIM_E_KEY_PAIR, "JWK"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" D "A\",\"x\":\"" X "\"}", AIM_E_KEY, "a d that is not"},
	{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" D "\"}", AIM_E_KEY, "no member x"},
	{SEED SEED, AIM_E_KEY_PAIR, "128-digit hex form holds a public key of another private key"},
	{PKCS8 SEED "00", AIM_E_KEY, "something behind the key"},
	{"302e020101300506032b65700422042011", AIM_E_KEY, "cut short"},
	{"302e020102300506032b657004220420" SEED, AIM_E_KEY, "neither 1 nor 2"},
	{"3051020100300506032b657004220420" SEED "812100" PUBLIC, AIM_E_KEY, "version does not provide"},
	{"3051020101300506032b657004220420" SEED "812100" SEED, AIM_E_KEY_PAIR, "another private key"},
	{"3051020101300506032b657004220420" SEED "822100" PUBLIC, AIM_E_KEY, "something behind the key"},
	{"302d020100300506032b65700421041f" SEED, AIM_E_KEY, "something behind"},
	{"302c020100300506032b6570042004209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae", AIM_E_KEY,
     "not 32 bytes in an OCTET STRING"},
	{"302e020100300506032b656e04220420" SEED, ALG, "an X25519 key in PKCS#8 form"},
	{"300c020100020102020103020104", ALG, "an RSA key in DER form"},
	{"30250201010420" SEED, ALG, "an elliptic-curve key in DER form"},
	{"3020301206092a864886f70d01050d3005040301020304" "0a01020304050607080900", AIM_E_KEY_ENCRYPTED,
     "is encrypted"},
	{PEM("ENCRYPTED PRIVATE KEY", "AAAA"), AIM_E_KEY_ENCRYPTED, "the PEM form is encrypted"},
	{PEM("RSA PRIVATE KEY", "AAAA"), ALG, "an RSA key in PEM form"},
	{PEM("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjE="), AIM_E_KEY, "openssh-key-v1"},
	{PEM("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXktdjEA"), AIM_E_KEY, "cut short"},
};

static void test_private_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof private_refusals / sizeof *private_refusals; i++) {
		const refusal *r = &private_refusals[i];
		aim_key *key = NULL;
		aim_error err = {0};
		uint32_t form = 77;
		aim_status rc =
			aim_keyform_parse_private(ctx, AIM_KEY_AGENT, text_bytes(r->text), &key, &form, &err);
		if (rc != r->status)
			fail_msg("%s: %s (%s)", r->text, aim_status_name(rc), err.message);
		expect_message(r->text, &err, r->says);
		assert_null(key);
		assert_int_equal(form, 77);
		assert_null(strstr(err.message, "9d61"));
		assert_null(strstr(err.message, "nWGx"));
	}
}

/* Each single byte of an OpenSSH file that is cut or changed gives a refusal or the same key, never another. */
static void test_openssh_file_damage(void **state)
{
	aim_buf *out = NULL;
	aim_key *key = NULL;
	aim_public_key before;
	char text[512];
	(void)state;
	assert_status(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, text_bytes(SEED), &key, NULL, NULL), AIM_OK);
	assert_status(aim_key_public(key, &before), AIM_OK);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keyform_private(key, AIM_KEYFORM_OPENSSH, out, NULL), AIM_OK);
	aim_key_unref(key);
	const aim_bytes file = aim_buf_bytes(out);
	assert_true(file.len < sizeof text);
	for (size_t i = 0; i < file.len; i++) {
		aim_public_key after;
		memcpy(text, file.ptr, file.len);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		if (aim_keyform_parse_private(ctx, AIM_KEY_AGENT, aim_bytes_from(text, file.len), &key, NULL, NULL) != AIM_OK)
			continue;
		assert_status(aim_key_public(key, &after), AIM_OK);
		assert_memory_equal(&before, &after, sizeof before);
		aim_key_unref(key);
	}
	for (size_t n = 0; n + 1 < file.len; n++) {
		key = NULL;
		assert_true(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, (aim_bytes){file.ptr, n}, &key, NULL, NULL) !=
		            AIM_OK);
		assert_null(key);
	}
	aim_buf_free(out);
}

static void test_too_long(void **state)
{
	static char text[AIM_KEYFORM_MAX_BYTES + 1];
	aim_public_key key;
	aim_error err = {0};
	(void)state;
	memset(text, 'A', sizeof text);
	assert_status(aim_keyform_parse_public(ctx, aim_bytes_from(text, sizeof text), &key, NULL, &err), AIM_E_KEY);
	expect_message("long", &err, "longer than any key");
	text[0] = 'z';
	assert_status(aim_keyform_parse_public(ctx, aim_bytes_from(text, 5000), &key, NULL, &err), AIM_E_KEY);
	expect_message("long", &err, "longer than any key");
}

static aim_status never_sign(void *user, aim_bytes message, uint8_t out[64])
{
	(void)user;
	(void)message;
	(void)out;
	return AIM_E_IO;
}

static void test_external_keys_stay_outside(void **state)
{
	const aim_key_signer signer = {.struct_size = sizeof signer, .sign = never_sign};
	aim_key *key = NULL;
	aim_buf *out = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, &test1, &signer, &key, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	for (size_t f = 0; f < N_PRIVATE; f++)
		assert_status(aim_keyform_private(key, private_forms[f], out, &err), AIM_E_UNSUPPORTED);
	expect_message("external", &err, "lives outside");
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_buf_free(out);
	aim_key_unref(key);
}

static void test_misuse(void **state)
{
	aim_public_key key;
	const aim_public_key small = {{1}};
	aim_key *private_key = NULL;
	aim_buf *out = NULL;
	char thumbprint[AIM_KEYFORM_THUMBPRINT_SIZE];
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keyform_parse_public(NULL, text_bytes(PUBLIC), &key, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_parse_public(ctx, text_bytes(PUBLIC), NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_parse_private(ctx, 0, text_bytes(SEED), &private_key, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_parse_private(ctx, 1, (aim_bytes){NULL, 3}, &private_key, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_public(ctx, &test1, 0, out), AIM_E_INVALID);
	assert_status(aim_keyform_public(ctx, &test1, AIM_KEYFORM_PAIR, out), AIM_E_INVALID);
	assert_status(aim_keyform_public(ctx, &small, AIM_KEYFORM_HEX, out), AIM_E_KEY);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &private_key, NULL), AIM_OK);
	assert_status(aim_keyform_private(private_key, AIM_KEYFORM_DID, out, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_private(private_key, 99, out, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_private(NULL, AIM_KEYFORM_PEM, out, NULL), AIM_E_INVALID);
	assert_status(aim_keyform_thumbprint(ctx, NULL, thumbprint), AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	assert_string_equal(aim_keyform_name(AIM_KEYFORM_PEM), "PEM");
	assert_string_equal(aim_keyform_name(0), "unknown");
	assert_string_equal(aim_keyform_name(99), "unknown");
	aim_key_unref(private_key);
	aim_buf_free(out);
}

static aim_status every_form(aim_ctx *frail, void *arg)
{
	aim_key *key = NULL;
	aim_key *again = NULL;
	aim_buf *out = NULL;
	aim_public_key public_key;
	(void)arg;
	aim_status rc = aim_key_generate(frail, AIM_KEY_AGENT, &key, NULL);
	if (rc == AIM_OK)
		rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_buf_new(frail, &out);
	for (uint32_t form = AIM_KEYFORM_RAW; form < AIM_KEYFORM_PAIR && rc == AIM_OK; form++) {
		aim_buf_clear(out);
		rc = aim_keyform_public(frail, &public_key, form, out);
		if (rc == AIM_OK)
			rc = aim_keyform_parse_public(frail, aim_buf_bytes(out), &public_key, NULL, NULL);
	}
	for (size_t f = 0; f < N_PRIVATE && rc == AIM_OK; f++) {
		aim_buf_clear(out);
		rc = aim_keyform_private(key, private_forms[f], out, NULL);
		if (rc == AIM_OK)
			rc = aim_keyform_parse_private(frail, AIM_KEY_AGENT, aim_buf_bytes(out), &again, NULL, NULL);
		aim_key_unref(again);
		again = NULL;
	}
	aim_buf_free(out);
	aim_key_unref(key);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(every_form, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc8410),
		cmocka_unit_test(test_rfc8037),
		cmocka_unit_test(test_did_key),
		cmocka_unit_test(test_public_texts),
		cmocka_unit_test(test_more_ways_in),
		cmocka_unit_test(test_every_public_form_returns),
		cmocka_unit_test(test_every_private_form_returns),
		cmocka_unit_test(test_private_ways_in),
		cmocka_unit_test(test_public_refusals),
		cmocka_unit_test(test_private_refusals),
		cmocka_unit_test(test_openssh_file_damage),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_external_keys_stay_outside),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
