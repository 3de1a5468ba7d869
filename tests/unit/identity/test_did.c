/* DIDs and SPIFFE ids: their syntax, whose they are, documents and JWK Sets. */
#include "house.h"

#include <aim/did.h>
#include <aim/json.h>
#include <aim/keyring.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void did_keys_are_those_of_the_specification(void **state)
{
	house *h = *state;
	char line[256], did[AIM_DID_KEY_SIZE];
	size_t n = 0;
	FILE *f = fopen(TESTS_DIR "/vectors/did-key/ed25519.txt", "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		uint8_t seed[32];
		aim_key *key = NULL;
		aim_public_key public_key, parsed;
		if (line[0] == '#')
			continue;
		for (size_t i = 0; i < 32; i++) {
			unsigned byte = 0;
			assert_int_equal(sscanf(line + 2 * i, "%2x", &byte), 1);
			seed[i] = (uint8_t)byte;
		}
		line[strcspn(line, "\r\n")] = '\0';
		assert_status(aim_key_from_seed(h->ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
		assert_status(aim_key_public(key, &public_key), AIM_OK);
		assert_status(aim_did_key(&public_key, did), AIM_OK);
		assert_string_equal(did, line + 65);
		assert_status(aim_did_key_parse(h->ctx, S(did), &parsed, NULL), AIM_OK);
		assert_memory_equal(&parsed, &public_key, sizeof parsed);
		assert_status(aim_did_check(S(did), NULL), AIM_OK);
		strcat(strcpy(line, did), "\n");
		assert_status(aim_did_key_parse(h->ctx, S(line), &parsed, NULL), AIM_E_ID_DID);
		aim_key_unref(key);
		n++;
	}
	fclose(f);
	assert_int_equal(n, 3);
}

static void did_keys_of_other_algorithms_are_refused(void **state)
{
	house *h = *state;
	char line[1024];
	size_t n = 0;
	FILE *f = fopen(TESTS_DIR "/vectors/did-key/other.txt", "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		aim_public_key key;
		if (line[0] == '#')
			continue;
		*strchr(line, '|') = '\0';
		assert_status(aim_did_check(S(line), NULL), AIM_OK);
		assert_true(aim_did_key_parse(h->ctx, S(line), &key, NULL) != AIM_OK);
		n++;
	}
	fclose(f);
	assert_true(n >= 4);
}

static void the_syntax_of_dids_is_strict(void **state)
{
	static const struct {
		const char *did;
		aim_status expected;
	} rows[] = {
		{"did:mesh:0123456789abcdef0123456789abcdef", AIM_OK},
		{"did:agentmesh:payments-bot", AIM_OK},
		{"did:web:example.org%3A3000:user:alice", AIM_OK},
		{"did:example::a", AIM_OK}, /* empty parts in between are allowed */
		{"did:a1:x", AIM_OK},
		{"", AIM_E_ID_DID},
		{"did", AIM_E_ID_DID},
		{"did:", AIM_E_ID_DID},
		{"did:mesh", AIM_E_ID_DID},
		{"did:mesh:", AIM_E_ID_DID},
		{"did:mesh:a:", AIM_E_ID_DID},
		{"did::a", AIM_E_ID_DID},
		{"DID:mesh:a", AIM_E_ID_DID},
		{"did:Mesh:a", AIM_E_ID_DID},
		{"did:me-sh:a", AIM_E_ID_DID},
		{"did:mesh:a b", AIM_E_ID_DID},
		{"did:mesh:a/b", AIM_E_ID_DID},
		{"did:mesh:a?b", AIM_E_ID_DID},
		{"did:mesh:a#b", AIM_E_ID_DID},
		{"did:mesh:a%4", AIM_E_ID_DID},
		{"did:mesh:a%4g", AIM_E_ID_DID},
		{"did:mesh:\xc3\xa9", AIM_E_ID_DID},
		{" did:mesh:a", AIM_E_ID_DID},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {0};
		aim_status rc = aim_did_check(S(rows[i].did), &err);
		if (rc != rows[i].expected)
			fail_msg("%s: %s", rows[i].did, aim_status_name(rc));
		assert_int_equal(rc != AIM_OK, err.message[0] != '\0');
	}
	char longest[AIM_DID_MAX_BYTES + 2];
	memset(longest, 'a', sizeof longest);
	memcpy(longest, "did:mesh:", 9);
	assert_status(aim_did_check((aim_str){longest, AIM_DID_MAX_BYTES}, NULL), AIM_OK);
	assert_status(aim_did_check((aim_str){longest, AIM_DID_MAX_BYTES + 1}, NULL), AIM_E_ID_DID);
}

static void the_syntax_of_spiffe_ids_is_strict(void **state)
{
	static const struct {
		const char *id;
		aim_status expected;
	} rows[] = {
		{"spiffe://staging.example.com/payments/mysql", AIM_OK},
		{"spiffe://example.org", AIM_OK},
		{"spiffe://k8s-west.example.com/ns/staging/sa/default", AIM_OK},
		{"spiffe://trust_domain/.../_A-z.9", AIM_OK},
		{"", AIM_E_ID_DID},
		{"spiffe://", AIM_E_ID_DID},
		{"spiffe:///path", AIM_E_ID_DID},
		{"SPIFFE://example.org", AIM_E_ID_DID},
		{"https://example.org", AIM_E_ID_DID},
		{"spiffe://Example.org", AIM_E_ID_DID},
		{"spiffe://example.org/", AIM_E_ID_DID},
		{"spiffe://example.org/a/", AIM_E_ID_DID},
		{"spiffe://example.org//a", AIM_E_ID_DID},
		{"spiffe://example.org/./a", AIM_E_ID_DID},
		{"spiffe://example.org/../a", AIM_E_ID_DID},
		{"spiffe://example.org/a/..", AIM_E_ID_DID},
		{"spiffe://example.org:8080/a", AIM_E_ID_DID},
		{"spiffe://me@example.org/a", AIM_E_ID_DID},
		{"spiffe://example.org?a", AIM_E_ID_DID},
		{"spiffe://example.org/a#b", AIM_E_ID_DID},
		{"spiffe://example.org/%61", AIM_E_ID_DID},
		{"spiffe://ex%61mple.org/a", AIM_E_ID_DID},
		{"spiffe://example.org/\xc3\xa9", AIM_E_ID_DID},
	};
	char domain[9 + 257];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_status rc = aim_did_spiffe_check(S(rows[i].id), NULL);
		if (rc != rows[i].expected)
			fail_msg("%s: %s", rows[i].id, aim_status_name(rc));
	}
	memset(domain, 'a', sizeof domain);
	memcpy(domain, "spiffe://", 9);
	assert_status(aim_did_spiffe_check((aim_str){domain, 9 + 255}, NULL), AIM_OK);
	assert_status(aim_did_spiffe_check((aim_str){domain, 9 + 256}, NULL), AIM_E_ID_DID);
}

static aim_public_key key_of(house *h, aim_key **out)
{
	aim_public_key public_key;
	assert_status(aim_key_generate(h->ctx, AIM_KEY_AGENT, out, NULL), AIM_OK);
	assert_status(aim_key_public(*out, &public_key), AIM_OK);
	return public_key;
}

static void an_agent_is_found_by_all_of_its_names(void **state)
{
	house *h = *state;
	aim_key *a = NULL, *b = NULL;
	aim_public_key first = key_of(h, &a), second = key_of(h, &b);
	aim_str aliases[] = {S("did:agentmesh:payments"), S("spiffe://example.org/payments"), S("did:mesh:p1")};
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("payments"), .public_key = &first};
	aim_agent *agent = NULL, *found = NULL;
	char id[AIM_DID_ID_SIZE], mesh[2][AIM_DID_MESH_SIZE], did[2][AIM_DID_KEY_SIZE];
	aim_buf *proof = NULL;
	spec.aliases = aliases;
	spec.n_aliases = 3;
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	assert_int_equal(aim_agent_alias_count(agent), 3);
	assert_text(aim_agent_alias_at(agent, 1), "spiffe://example.org/payments");
	assert_null(aim_agent_alias_at(agent, 3).ptr);
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(a, b, aim_agent_id(agent), 0, proof, NULL), AIM_OK);
	assert_status(aim_keyring_rotate(h->registry, aim_buf_bytes(proof), NULL, NULL), AIM_OK);
	assert_status(aim_did_mesh(h->ctx, &first, mesh[0]), AIM_OK);
	assert_status(aim_did_mesh(h->ctx, &second, mesh[1]), AIM_OK);
	assert_status(aim_did_key(&first, did[0]), AIM_OK);
	assert_status(aim_did_key(&second, did[1]), AIM_OK);
	assert_text(aim_agent_did(agent), mesh[0]);
	aim_str names[] = {aliases[0], aliases[1], aliases[2], S(mesh[0]), S(mesh[1]), S(did[0]), S(did[1])};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_status(aim_did_find(h->registry, names[i], id, NULL), AIM_OK);
		assert_text(aim_agent_id(agent), id);
		assert_status(aim_agent_find_did(h->registry, names[i], &found, NULL), AIM_OK);
		aim_agent_free(found);
	}
	assert_status(aim_did_find(h->registry, S("did:mesh:p2"), id, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_did_find(h->registry, S("did:mesh:"), id, NULL), AIM_E_ID_DID);
	assert_status(aim_did_find(h->registry, S("did:key:z6LSnjagzhe8Df6gZmroW3wjDd7XQLwAuYfwa4ZeTBCGFoYc"), id, NULL),
	              AIM_E_NOT_FOUND);
	aim_agent_free(agent);
	aim_buf_free(proof);
	aim_key_unref(a);
	aim_key_unref(b);
}

static void aliases_are_unique_and_dids_stay_taken(void **state)
{
	house *h = *state;
	aim_str alias = S("spiffe://example.org/a"), did = S("did:agentmesh:a"), twice[] = {did, did};
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a")};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	aim_agent *agent = NULL;
	aim_error err = {0};
	aim_str both[] = {alias, did};
	spec.aliases = both;
	spec.n_aliases = 2;
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	spec.name = S("b");
	assert_status(aim_agent_register(h->registry, &spec, NULL, &err), AIM_E_EXISTS);
	assert_non_null(strstr(err.message, aim_agent_id(agent).ptr));
	assert_non_null(strstr(err.message, "spiffe://example.org/a"));
	assert_status(aim_agent_move(h->registry, aim_agent_id(agent), &move, NULL), AIM_OK);
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_EXISTS); /* the DID */
	spec.n_aliases = 1;
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_OK); /* the SPIFFE id is free again */
	spec.name = S("c");
	spec.aliases = twice;
	spec.n_aliases = 2;
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.n_aliases = 9;
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_LIMIT);
	aim_str bad[] = {S("did:web:example.org"), S("did:mesh:a b"), S("spiffe://A"), S("mailto:a@b")};
	spec.n_aliases = 1;
	for (size_t i = 0; i < 4; i++) {
		spec.aliases = &bad[i];
		assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_ID_DID);
	}
	aim_agent_free(agent);
}

static void a_derived_did_cannot_be_squatted(void **state)
{
	house *h = *state;
	aim_key *key = NULL;
	aim_public_key public_key = key_of(h, &key);
	char mesh[AIM_DID_MESH_SIZE], id[AIM_DID_ID_SIZE];
	aim_agent_spec squatter = {.struct_size = sizeof squatter, .name = S("squatter"), .n_aliases = 1};
	aim_agent_spec owner = {.struct_size = sizeof owner, .name = S("owner"), .public_key = &public_key};
	aim_agent *agent = NULL;
	assert_status(aim_did_mesh(h->ctx, &public_key, mesh), AIM_OK);
	aim_str alias = S(mesh);
	squatter.aliases = &alias;
	assert_status(aim_agent_register(h->registry, &squatter, NULL, NULL), AIM_OK);
	assert_status(aim_agent_register(h->registry, &owner, &agent, NULL), AIM_OK);
	assert_status(aim_did_find(h->registry, alias, id, NULL), AIM_OK);
	assert_text(aim_agent_id(agent), id);
	squatter.name = S("second squatter");
	assert_status(aim_agent_register(h->registry, &squatter, NULL, NULL), AIM_E_EXISTS);
	aim_agent_free(agent);
	aim_key_unref(key);
}

static void a_child_has_what_its_parent_allows(void **state)
{
	house *h = *state;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("0"), .owner = S("ana@example.org")};
	aim_agent *parent = NULL, *child = NULL;
	spec.flags = AIM_AGENT_OWNER_VERIFIED;
	spec.status = AIM_REGISTRY_VERIFIED;
	spec.trust_ceiling_micro = 700000;
	assert_status(aim_agent_register(h->registry, &spec, &parent, NULL), AIM_OK);
	assert_int_equal(aim_agent_owner_is_verified(parent), 1);
	assert_int_equal(aim_agent_delegation_depth(parent), 0);
	assert_int_equal(aim_agent_parent(parent).len, 0);

	aim_agent_spec c = {.struct_size = sizeof c, .name = S("1"), .parent = aim_agent_id(parent)};
	c.trust_ceiling_micro = 900000;
	assert_status(aim_agent_register(h->registry, &c, &child, NULL), AIM_OK);
	assert_text(aim_agent_owner(child), "ana@example.org");
	assert_int_equal(aim_agent_owner_is_verified(child), 1);
	assert_int_equal(aim_agent_delegation_depth(child), 1);
	assert_int_equal(aim_agent_trust_ceiling_micro(child), 700000);
	assert_true(aim_str_equal(aim_agent_parent(child), aim_agent_id(parent)));
	c.name = S("lower");
	c.trust_ceiling_micro = 1;
	aim_agent_free(child);
	assert_status(aim_agent_register(h->registry, &c, &child, NULL), AIM_OK);
	assert_int_equal(aim_agent_trust_ceiling_micro(child), 1);
	aim_agent_free(child);
	c.name = S("other owner");
	c.owner = S("eve@example.org");
	assert_status(aim_agent_register(h->registry, &c, NULL, NULL), AIM_E_INVALID);
	c.owner = (aim_str){NULL, 0};
	c.trust_ceiling_micro = 1000001;
	assert_status(aim_agent_register(h->registry, &c, NULL, NULL), AIM_E_INVALID);
	c.trust_ceiling_micro = 0;
	c.parent = S("agt_00000000000000000000000000000000");
	assert_status(aim_agent_register(h->registry, &c, NULL, NULL), AIM_E_NOT_FOUND);

	aim_agent *at = parent;
	for (uint32_t depth = 1; depth <= AIM_AGENT_MAX_DEPTH; depth++) {
		char name[16];
		snprintf(name, sizeof name, "deep %u", depth);
		aim_agent_spec d = {.struct_size = sizeof d, .name = S(name), .parent = aim_agent_id(at)};
		d.status = AIM_REGISTRY_VERIFIED;
		assert_status(aim_agent_register(h->registry, &d, &child, NULL), AIM_OK);
		assert_int_equal(aim_agent_delegation_depth(child), depth);
		if (at != parent)
			aim_agent_free(at);
		at = child;
	}
	c.parent = aim_agent_id(at);
	assert_status(aim_agent_register(h->registry, &c, NULL, NULL), AIM_E_LIMIT);
	aim_agent_free(at);
	aim_agent_free(parent);
}

static void an_owner_is_verified_later(void **state)
{
	house *h = *state;
	char without[37];
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .owner = S("ana@example.org")};
	aim_agent *agent = NULL, *after = NULL;
	house_agent(h, "nobody's", without);
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	assert_int_equal(aim_agent_owner_is_verified(agent), 0);
	assert_int_equal(aim_agent_trust_ceiling_micro(agent), 1000000);
	assert_status(aim_agent_verify_owner(h->registry, S(without), S(""), NULL), AIM_E_STATE);
	assert_status(aim_agent_verify_owner(h->registry, aim_agent_id(agent), S("mailer"), NULL), AIM_OK);
	assert_status(aim_agent_verify_owner(h->registry, aim_agent_id(agent), S("mailer"), NULL), AIM_OK);
	assert_int_equal(house_records(h, "owner_verified"), 1);
	assert_status(aim_agent_find(h->registry, aim_agent_id(agent), &after, NULL), AIM_OK);
	assert_int_equal(aim_agent_owner_is_verified(after), 1);
	aim_agent_free(after);
	aim_agent_free(agent);
	spec.name = S("b");
	spec.owner = S("");
	spec.flags = AIM_AGENT_OWNER_VERIFIED;
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
}

/* ---- documents ---- */

typedef struct text {
	aim_buf *buf;
	aim_json *doc;
} text;

static void text_init(house *h, text *t)
{
	assert_status(aim_buf_new(h->ctx, &t->buf), AIM_OK);
	assert_status(aim_json_new(h->ctx, &t->doc), AIM_OK);
}

static void text_free(text *t)
{
	aim_json_free(t->doc);
	aim_buf_free(t->buf);
}

static aim_str at(text *t, const char *pointer)
{
	return aim_json_string(t->doc, aim_json_at(t->doc, AIM_JSON_ROOT, S(pointer)));
}

static size_t count_at(text *t, const char *pointer)
{
	return aim_json_count(t->doc, aim_json_at(t->doc, AIM_JSON_ROOT, S(pointer)));
}

static void document(house *h, text *t, aim_str id, uint32_t flags)
{
	aim_buf_clear(t->buf);
	assert_status(aim_did_document(h->registry, id, 0, flags, t->buf, NULL), AIM_OK);
	assert_status(aim_json_parse(t->doc, aim_buf_bytes(t->buf), 0, NULL), AIM_OK);
}

static void jwk_set(house *h, text *t, aim_str id)
{
	aim_buf_clear(t->buf);
	assert_status(aim_did_jwk_set(h->registry, id, 0, t->buf, NULL), AIM_OK);
	assert_status(aim_json_parse(t->doc, aim_buf_bytes(t->buf), 0, NULL), AIM_OK);
}

static void a_document_holds_the_keys_that_count(void **state)
{
	house *h = *state;
	aim_key *a = NULL, *b = NULL;
	aim_public_key first = key_of(h, &a), second = key_of(h, &b), read_back;
	aim_str alias = S("spiffe://example.org/a");
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &first};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED};
	aim_agent *agent = NULL;
	char did[AIM_DID_KEY_SIZE], second_id[AIM_KEY_ID_SIZE], expected[256];
	text t;
	text_init(h, &t);
	spec.aliases = &alias;
	spec.n_aliases = 1;
	spec.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	aim_buf *proof = NULL;
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(a, b, aim_agent_id(agent), 0, proof, NULL), AIM_OK);
	assert_status(aim_keyring_rotate(h->registry, aim_buf_bytes(proof), NULL, NULL), AIM_OK);
	assert_status(aim_key_id(h->ctx, &second, second_id), AIM_OK);

	document(h, &t, aim_agent_id(agent), 0);
	assert_text(at(&t, "/@context/0"), "https://www.w3.org/ns/did/v1");
	assert_true(aim_str_equal(at(&t, "/id"), aim_agent_did(agent)));
	assert_status(aim_did_key(&second, did), AIM_OK);
	assert_text(at(&t, "/alsoKnownAs/0"), did);
	assert_text(at(&t, "/alsoKnownAs/1"), "spiffe://example.org/a");
	assert_int_equal(count_at(&t, "/verificationMethod"), 2);
	assert_text(at(&t, "/verificationMethod/0/type"), "Multikey");
	assert_text(at(&t, "/verificationMethod/0/publicKeyMultibase"), did + 8);
	assert_true(aim_str_equal(at(&t, "/verificationMethod/0/controller"), aim_agent_did(agent)));
	snprintf(expected, sizeof expected, "%s#%s", aim_agent_did(agent).ptr, second_id);
	assert_text(at(&t, "/verificationMethod/0/id"), expected);
	assert_text(at(&t, "/authentication/0"), expected);
	assert_text(at(&t, "/assertionMethod/0"), expected);
	assert_int_equal(count_at(&t, "/authentication"), 2);
	assert_null(at(&t, "/verificationMethod/0/expires").ptr);
	assert_non_null(at(&t, "/verificationMethod/1/expires").ptr);

	document(h, &t, aim_agent_id(agent), AIM_DID_JWK);
	assert_int_equal(count_at(&t, "/verificationMethod"), 4);
	assert_text(at(&t, "/verificationMethod/1/type"), "JsonWebKey");
	assert_text(at(&t, "/verificationMethod/1/publicKeyJwk/kty"), "OKP");
	aim_json_value jwk = aim_json_at(t.doc, AIM_JSON_ROOT, S("/verificationMethod/1/publicKeyJwk"));
	assert_status(aim_key_public_parse(h->ctx, aim_json_raw(t.doc, jwk), &read_back, NULL), AIM_OK);
	assert_memory_equal(&read_back, &second, sizeof second);

	jwk_set(h, &t, aim_agent_id(agent));
	assert_int_equal(count_at(&t, "/keys"), 2);
	assert_text(at(&t, "/keys/0/kid"), second_id);
	assert_text(at(&t, "/keys/0/alg"), "EdDSA");
	assert_text(at(&t, "/keys/0/use"), "sig");
	assert_text(at(&t, "/keys/0/crv"), "Ed25519");
	jwk = aim_json_at(t.doc, AIM_JSON_ROOT, S("/keys/0"));
	assert_status(aim_key_public_parse(h->ctx, aim_json_raw(t.doc, jwk), &read_back, NULL), AIM_OK);
	assert_memory_equal(&read_back, &second, sizeof second);

	assert_status(aim_keyring_revoke(h->registry, S(second_id), NULL, NULL), AIM_OK);
	document(h, &t, aim_agent_id(agent), 0);
	assert_int_equal(count_at(&t, "/verificationMethod"), 1);
	assert_int_equal(count_at(&t, "/alsoKnownAs"), 1);
	assert_status(aim_agent_move(h->registry, aim_agent_id(agent), &move, NULL), AIM_OK);
	document(h, &t, aim_agent_id(agent), 0);
	assert_int_equal(count_at(&t, "/verificationMethod"), 0);
	jwk_set(h, &t, aim_agent_id(agent));
	assert_int_equal(count_at(&t, "/keys"), 0);
	text_free(&t);
	aim_buf_free(proof);
	aim_agent_free(agent);
	aim_key_unref(a);
	aim_key_unref(b);
}

static void without_a_key_there_is_no_document(void **state)
{
	house *h = *state;
	char id[37];
	text t;
	text_init(h, &t);
	house_agent(h, "a", id);
	assert_status(aim_did_document(h->registry, S(id), 0, 0, t.buf, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_did_document(h->registry, S(id), 0, 2, t.buf, NULL), AIM_E_VERSION);
	assert_status(aim_did_document(h->registry, S("x"), 0, 0, t.buf, NULL), AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(t.buf).len, 0);
	jwk_set(h, &t, S(id));
	assert_text(aim_buf_str(t.buf), "{\"keys\":[]}");
	text_free(&t);
}

static aim_status live(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_buf *out = NULL;
	aim_agent *agent = NULL, *child = NULL;
	char id[AIM_DID_ID_SIZE];
	aim_str aliases[] = {S("did:mesh:a"), S("spiffe://example.org/a")};
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = arg};
	aim_agent_spec c = {.struct_size = sizeof c, .name = S("b")};
	spec.owner = S("ana@example.org");
	spec.aliases = aliases;
	spec.n_aliases = 2;
	spec.status = AIM_REGISTRY_VERIFIED;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &spec, &agent, NULL);
	c.parent = aim_agent_id(agent);
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &c, &child, NULL);
	if (rc == AIM_OK)
		rc = aim_agent_verify_owner(registry, c.parent, S("x"), NULL);
	for (size_t i = 0; rc == AIM_OK && i < 2; i++)
		rc = aim_did_find(registry, aliases[i], id, NULL);
	if (rc == AIM_OK)
		rc = aim_did_find(registry, aim_agent_did(agent), id, NULL);
	if (rc == AIM_OK)
		rc = aim_did_document(registry, c.parent, 0, AIM_DID_JWK, out, NULL);
	if (rc == AIM_OK)
		rc = aim_did_jwk_set(registry, c.parent, 0, out, NULL);
	aim_agent_free(child);
	aim_agent_free(agent);
	aim_buf_free(out);
	house_close(store, log, registry);
	return rc;
}

static void a_failing_allocation_breaks_nothing(void **state)
{
	house *h = *state;
	aim_key *key = NULL;
	aim_public_key public_key = key_of(h, &key);
	test_each_allocation_fails(live, &public_key);
	aim_key_unref(key);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(did_keys_are_those_of_the_specification),
		T(did_keys_of_other_algorithms_are_refused),
		cmocka_unit_test(the_syntax_of_dids_is_strict),
		cmocka_unit_test(the_syntax_of_spiffe_ids_is_strict),
		T(an_agent_is_found_by_all_of_its_names),
		T(aliases_are_unique_and_dids_stay_taken),
		T(a_derived_did_cannot_be_squatted),
		T(a_child_has_what_its_parent_allows),
		T(an_owner_is_verified_later),
		T(a_document_holds_the_keys_that_count),
		T(without_a_key_there_is_no_document),
		T(a_failing_allocation_breaks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
