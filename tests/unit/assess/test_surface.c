/* The whole surface of a server: the parts it does not show itself, and proofs of what was approved. */
#include "../identity/house.h"

#include <aim/baseline.h>
#include <aim/json.h>

#include <string.h>

static const aim_str args[] = {{"-y", 2}, {"fs", 2}};
static const aim_str env[] = {{"TOKEN", 5}, {"HOME", 4}, {"TOKEN", 5}};

static void text_is(aim_buf *buf, const char *expected)
{
	assert_text(aim_buf_str(buf), expected);
	aim_buf_clear(buf);
}

static void parts_have_one_form(void **state)
{
	house *h = *state;
	aim_buf *buf = NULL;
	aim_baseline_launch l = {.struct_size = sizeof l, .command = S("npx"), .args = args, .n_args = 2};
	aim_public_key key = {{0}};
	memset(&key, 1, sizeof key);
	assert_status(aim_buf_new(h->ctx, &buf), AIM_OK);
	l.env_names = env;
	l.n_env_names = 3;
	assert_status(aim_baseline_launch_write(&l, buf, NULL), AIM_OK);
	text_is(buf, "{\"args\":[\"-y\",\"fs\"],\"command\":\"npx\",\"env\":[\"HOME\",\"TOKEN\"],\"name\":\"launch\","
	             "\"transport\":\"stdio\"}");
	aim_baseline_launch u = {.struct_size = sizeof u, .url = S("https://x.example/mcp")};
	assert_status(aim_baseline_launch_write(&u, buf, NULL), AIM_OK);
	text_is(buf, "{\"name\":\"launch\",\"transport\":\"https\",\"url\":\"https://x.example/mcp\"}");
	assert_status(aim_baseline_executable_write(S("sha256:00"), buf, NULL), AIM_OK);
	text_is(buf, "{\"checksum\":\"sha256:00\",\"name\":\"executable\"}");
	assert_status(aim_baseline_key_write(&key, buf, NULL), AIM_OK);
	assert_non_null(strstr(aim_buf_str(buf).ptr, "\"name\":\"key\",\"public_key\":\"ed25519:"));
	u.flags = 1;
	assert_status(aim_baseline_launch_write(&u, buf, NULL), AIM_E_VERSION);
	assert_status(aim_baseline_executable_write(S(""), buf, NULL), AIM_E_INVALID);
	aim_buf_free(buf);
}

static aim_baseline *registered(house *h, aim_public_key *key, char id[37])
{
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("srv"), .command = S("npx"), .args = args, .n_args = 2};
	aim_key *pair = NULL;
	aim_server *server = NULL;
	aim_baseline *b = NULL;
	assert_status(aim_key_generate(h->ctx, AIM_KEY_SERVER, &pair, NULL), AIM_OK);
	assert_status(aim_key_public(pair, key), AIM_OK);
	aim_key_unref(pair);
	spec.public_key = key;
	assert_status(aim_server_register(h->registry, &spec, &server, NULL), AIM_OK);
	memcpy(id, aim_server_id(server).ptr, 37);
	aim_server_free(server);
	assert_status(aim_baseline_open(h->registry, S(id), &b, NULL), AIM_OK);
	assert_status(aim_baseline_register(b, S("ana"), NULL), AIM_OK);
	return b;
}

static void observe(aim_baseline *b, uint32_t kind, const char *name, aim_bytes raw)
{
	aim_baseline_item item = {S(name), raw};
	aim_baseline_observation o = {.struct_size = sizeof o, .kind = kind, .items = &item, .n_items = 1};
	assert_status(aim_baseline_observe(b, &o, NULL), AIM_OK);
}

static void registration_makes_an_approved_baseline(void **state)
{
	house *h = *state;
	aim_public_key key;
	char id[37];
	aim_buf *buf = NULL;
	aim_baseline_entry e = {.struct_size = sizeof e};
	aim_baseline *b = registered(h, &key, id);
	assert_status(aim_buf_new(h->ctx, &buf), AIM_OK);
	size_t records = house_records(h, NULL);
	assert_status(aim_baseline_register(b, S("eve"), NULL), AIM_OK); /* again: nothing moves */
	assert_int_equal(house_records(h, NULL), records);
	assert_status(aim_baseline_find(b, AIM_FINGERPRINT_LAUNCH, S("launch"), &e), AIM_OK);
	assert_int_equal(e.state, AIM_BASELINE_APPROVED);
	assert_status(aim_baseline_find(b, AIM_FINGERPRINT_KEY, S("key"), &e), AIM_OK);
	assert_int_equal(e.state, AIM_BASELINE_APPROVED);
	aim_baseline_launch l = {.struct_size = sizeof l, .command = S("npx"), .args = args, .n_args = 2};
	assert_status(aim_baseline_launch_write(&l, buf, NULL), AIM_OK);
	observe(b, AIM_FINGERPRINT_LAUNCH, "launch", aim_buf_bytes(buf));
	assert_int_equal(aim_baseline_finding_count(b), 0);
	aim_buf_clear(buf);
	l.n_args = 1;
	assert_status(aim_baseline_launch_write(&l, buf, NULL), AIM_OK);
	observe(b, AIM_FINGERPRINT_LAUNCH, "launch", aim_buf_bytes(buf));
	assert_int_equal(aim_baseline_finding_count(b), 1);
	assert_text(aim_baseline_finding_at(b, 0)->members[0], "args");
	aim_buf_free(buf);
	aim_baseline_free(b);
}

static void only_what_is_approved_can_be_proved(void **state)
{
	house *h = *state;
	aim_public_key key;
	char id[37];
	uint8_t root[32], approved[32], shown[32];
	aim_buf *proof = NULL;
	aim_baseline *b = registered(h, &key, id);
	aim_fingerprint f = {.struct_size = sizeof f};
	aim_bytes tool = aim_bytes_from_str(S("{\"name\":\"read\"}"));
	aim_baseline_approval a = {.struct_size = sizeof a, .actor = S("ana"), .kind = AIM_FINGERPRINT_TOOL};
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_baseline_manifest(b, shown, NULL), AIM_OK);
	observe(b, AIM_FINGERPRINT_TOOL, "read", tool);
	assert_status(aim_baseline_prove(b, AIM_FINGERPRINT_TOOL, S("read"), proof, root, NULL), AIM_E_STATE);
	assert_status(aim_baseline_prove(b, AIM_FINGERPRINT_TOOL, S("write"), proof, root, NULL), AIM_E_NOT_FOUND);
	a.name = S("read"); /* a single entry */
	assert_status(aim_baseline_approve(b, &a, NULL), AIM_OK);
	assert_status(aim_baseline_prove(b, AIM_FINGERPRINT_TOOL, S("read"), proof, root, NULL), AIM_OK);
	assert_status(aim_baseline_approved(b, approved, NULL), AIM_OK);
	assert_memory_equal(root, approved, 32);
	assert_true(aim_buf_str(proof).len < 600);
	assert_status(aim_fingerprint_compute(h->ctx, AIM_FINGERPRINT_TOOL, tool, &f, NULL), AIM_OK);
	aim_fingerprint_leaf leaf = {AIM_FINGERPRINT_TOOL, 0, S("read"), f.surface};
	assert_status(aim_fingerprint_proof_verify(h->ctx, aim_buf_bytes(proof), root, &leaf, NULL), AIM_OK);
	root[3] ^= 1;
	assert_status(aim_fingerprint_proof_verify(h->ctx, aim_buf_bytes(proof), root, &leaf, NULL), AIM_E_DIGEST);
	/* What hosts alone know is no part of what a server shows. */
	aim_baseline_free(b);
	assert_status(aim_baseline_open(h->registry, S(id), &b, NULL), AIM_OK);
	assert_status(aim_fingerprint_manifest(h->ctx, &leaf, 1, root, NULL), AIM_OK);
	assert_status(aim_baseline_manifest(b, shown, NULL), AIM_OK);
	assert_memory_equal(root, shown, 32);
	aim_buf_free(proof);
	aim_baseline_free(b);
}

/* Each leaf of trees of every size up to 20 is proved; nothing else is. */
static void proofs_hold_for_their_leaf_alone(void **state)
{
	house *h = *state;
	uint8_t surfaces[20][32] = {{0}}, root[32], manifest[32];
	aim_fingerprint_leaf leaves[20];
	aim_buf *proof = NULL;
	static const char letters[] = "tsrqponmlkjihgfedcba";
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	for (uint8_t i = 0; i < 20; i++) {
		surfaces[i][0] = i;
		leaves[i] = (aim_fingerprint_leaf){AIM_FINGERPRINT_TOOL + i % 8u, 0, {letters + i, 1}, surfaces[i]};
	}
	for (size_t n = 1; n <= 20; n++)
		for (size_t i = 0; i < n; i++) {
			aim_buf_clear(proof);
			assert_status(aim_fingerprint_prove(h->ctx, leaves, n, i, proof, root, NULL), AIM_OK);
			assert_status(aim_fingerprint_manifest(h->ctx, leaves, n, manifest, NULL), AIM_OK);
			assert_memory_equal(root, manifest, 32);
			for (size_t k = 0; k < n; k++)
				assert_status(aim_fingerprint_proof_verify(h->ctx, aim_buf_bytes(proof), root, &leaves[k], NULL),
				              k == i ? AIM_OK : AIM_E_DIGEST);
		}
	aim_buf_free(proof);
}

static void what_is_no_proof_is_refused(void **state)
{
	house *h = *state;
	uint8_t root[32] = {0};
	aim_fingerprint_leaf leaf = {AIM_FINGERPRINT_TOOL, 0, S("a"), root};
	static const char *const texts[] = {
		"{}", "[]", "{\"index\":0,\"kind\":\"tool\",\"name\":\"a\",\"path\":[],\"size\":0}",
		"{\"index\":-1,\"kind\":\"tool\",\"name\":\"a\",\"path\":[],\"size\":1}",
		"{\"index\":0,\"kind\":\"tool\",\"name\":\"b\",\"path\":[],\"size\":1}",
		"{\"index\":0,\"kind\":\"prompt\",\"name\":\"a\",\"path\":[],\"size\":1}",
		"{\"index\":0,\"kind\":\"tool\",\"name\":\"a\",\"path\":[\"00\"],\"size\":2}",
		"{\"index\":0,\"kind\":\"tool\",\"name\":\"a\",\"path\":{},\"size\":1}",
		"{\"index\":0,\"kind\":\"tool\",\"name\":\"a\",\"path\":[],\"size\":1}",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_status(aim_fingerprint_proof_verify(h->ctx, aim_bytes_from_str(S(texts[i])), root, &leaf, NULL),
		              AIM_E_DIGEST);
	assert_status(aim_fingerprint_proof_verify(h->ctx, aim_bytes_from_str(S("{")), root, &leaf, NULL),
	              AIM_E_JSON_SYNTAX);
	assert_status(aim_fingerprint_proof_verify(h->ctx, aim_bytes_from_str(S("{}")), root, NULL, NULL), AIM_E_INVALID);
}

static aim_status register_once(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_server *server = NULL;
	aim_baseline *b = NULL;
	aim_buf *proof = NULL;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("srv"), .command = S("npx"), .args = args, .n_args = 2};
	(void)arg;
	spec.env_names = env;
	spec.n_env_names = 2;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_buf_new(ctx, &proof);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &spec, &server, NULL);
	if (rc == AIM_OK)
		rc = aim_baseline_open(registry, aim_server_id(server), &b, NULL);
	if (rc == AIM_OK)
		rc = aim_baseline_register(b, S(""), NULL);
	if (rc == AIM_OK)
		rc = aim_baseline_refresh(b, NULL);
	if (rc == AIM_OK)
		rc = aim_baseline_prove(b, AIM_FINGERPRINT_LAUNCH, S("launch"), proof, NULL, NULL);
	aim_baseline_free(b);
	aim_server_free(server);
	aim_buf_free(proof);
	house_close(store, log, registry);
	return rc;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(register_once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parts_have_one_form, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(registration_makes_an_approved_baseline, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(only_what_is_approved_can_be_proved, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(proofs_hold_for_their_leaf_alone, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_proof_is_refused, house_setup, house_teardown),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("assess/surface", tests, NULL, NULL);
}
