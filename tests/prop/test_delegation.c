/* Laws of delegation: narrowing is transitive; no chain that is valid widens, however it was made or put together. */
#include "support.h"

#include "identity/delegation.h"
#include "identity/pattern.h"

#include <aim/keyform.h>
#include <string.h>

#define NOW INT64_C(1800000000)
#define N_KEYS 8

static aim_ctx *ctx;
static aim_key *keys[N_KEYS];
static char dids[N_KEYS][64];
static uint64_t random_state = 20261124;

static uint32_t pick(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % n;
}

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	for (size_t i = 0; i < N_KEYS; i++) {
		uint8_t seed[32] = {(uint8_t)i, 42};
		aim_public_key pub;
		aim_buf *did = NULL;
		assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &keys[i], NULL), AIM_OK);
		assert_status(aim_key_public(keys[i], &pub), AIM_OK);
		assert_status(aim_buf_new(ctx, &did), AIM_OK);
		assert_status(aim_keyform_public(ctx, &pub, AIM_KEYFORM_DID, did), AIM_OK);
		strcpy(dids[i], aim_buf_str(did).ptr);
		aim_buf_free(did);
	}
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

/* One to four segments out of few words, so that patterns meet often. */
static aim_str pattern(char text[32], int wildcards)
{
	static const char *const words[] = {"a", "b", "*"};
	uint32_t n = 1 + pick(4);
	text[0] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			strcat(text, ":");
		strcat(text, words[pick(wildcards ? 3 : 2)]);
	}
	return aim_str_from(text);
}

static void test_covering_is_transitive(void **state)
{
	char a[32], b[32], c[32];
	size_t n = 0;
	(void)state;
	for (int i = 0; i < 300000; i++) {
		aim_str x = pattern(a, 1), y = pattern(b, 1), z = pattern(c, 1);
		assert_true(aim__capability_covers(x, x));
		if (!aim__capability_covers(x, y) || !aim__capability_covers(y, z))
			continue;
		n++;
		if (!aim__capability_covers(x, z))
			fail_msg("%s covers %s covers %s", a, b, c);
	}
	assert_true(n > 1000);
}

/* What covers a pattern covers all that the pattern covers. */
static void test_covering_is_inclusion(void **state)
{
	char a[32], b[32], c[32];
	(void)state;
	for (int i = 0; i < 300000; i++) {
		aim_str x = pattern(a, 1), y = pattern(b, 1), z = pattern(c, 0);
		if (aim__capability_covers(x, y) && aim__capability_covers(y, z) && !aim__capability_covers(x, z))
			fail_msg("%s covers %s but not %s", a, b, c);
	}
}

typedef struct plan {
	char text[3][32];
	aim_str capabilities[3];
	aim_str roles[3];
	aim_delegation_user user;
	aim_delegation_spec spec;
} plan;

static void make_plan(plan *p, size_t child)
{
	static const char *const roles[] = {"reader", "writer", "admin"};
	memset(p, 0, sizeof *p);
	p->spec.struct_size = sizeof p->spec;
	p->spec.child = aim_str_from(dids[child]);
	p->spec.n_capabilities = 1 + pick(3);
	for (size_t i = 0; i < p->spec.n_capabilities; i++)
		p->capabilities[i] = pattern(p->text[i], 1);
	p->spec.capabilities = p->capabilities;
	p->spec.not_before_s = NOW - 100 + pick(4);
	p->spec.expires_at_s = NOW + 100 + pick(4);
	p->user.id = aim_str_from(pick(8) ? "ana" : "bob");
	p->user.n_roles = pick(4);
	for (size_t i = 0; i < 3; i++)
		p->roles[i] = aim_str_from(roles[i]);
	p->user.roles = p->roles;
	p->user.expires_at_s = pick(3) ? NOW + 50 + pick(3) : 0;
	p->spec.user = pick(6) ? &p->user : NULL;
}

/* A chain of random links, as far as extend lets it grow. */
static aim_delegation *random_chain(void)
{
	aim_delegation *chain = NULL;
	plan p;
	do
		make_plan(&p, 1);
	while (aim_delegation_create(ctx, keys[0], aim_str_from(""), &p.spec, &chain, NULL) != AIM_OK);
	for (size_t i = 1; i + 1 < N_KEYS; i++) {
		aim_delegation *longer = NULL;
		for (int tries = 0; !longer && tries < 400; tries++) {
			make_plan(&p, i + 1);
			aim_status rc = aim_delegation_extend(chain, keys[i], &p.spec, &longer, NULL);
			assert_true(rc == AIM_OK || rc == AIM_E_DELEGATION || rc == AIM_E_ID_CAPABILITY);
		}
		if (!longer)
			break;
		aim_delegation_free(chain);
		chain = longer;
	}
	return chain;
}

static aim_status verify(const aim_delegation *chain, aim_str capability)
{
	aim_delegation_check c = {.struct_size = sizeof c, .now_s = NOW, .max_links = 10};
	c.sponsor = aim_str_from(dids[0]);
	c.capability = capability;
	return aim_delegation_verify(chain, &c, NULL, NULL);
}

/* Whatever the last link delegates, every link above delegates too. */
static void check_no_wider(const aim_delegation *chain)
{
	char text[32];
	for (int k = 0; k < 50; k++) {
		aim_str c = pattern(text, 0);
		if (verify(chain, c) != AIM_OK)
			continue;
		for (size_t i = 0; i < chain->n; i++)
			assert_true(aim__delegation_covering(&chain->links[i], c).len > 0);
	}
	for (size_t i = 1; i < chain->n; i++) {
		assert_true(chain->links[i].expires_at_s <= chain->links[0].expires_at_s);
		assert_true(aim_str_equal(chain->links[i].user.id, chain->links[0].user.id));
		assert_true(chain->links[i].user.roles.n <= chain->links[0].user.roles.n);
	}
}

static void test_chains_that_extend_makes_are_valid_and_no_wider(void **state)
{
	size_t links = 0;
	(void)state;
	for (int i = 0; i < 120; i++) {
		aim_delegation *chain = random_chain();
		aim_str none = {NULL, 0};
		assert_status(verify(chain, none), AIM_OK);
		check_no_wider(chain);
		links += chain->n;
		aim_delegation_free(chain);
	}
	assert_true(links > 200);
}

/* ---- tampering: any field of any link ---- */

static void change_text(aim_str *text)
{
	static const char *const others[] = {"did:mesh:mallory", "dlg_ffffffffffffffffffffffffffffffff", "a:b", "root"};
	*text = aim_str_from(others[pick(4)]);
}

static void tamper(aim_delegation *chain, aim_str scratch[8])
{
	aim__delegation_link *l = &chain->links[pick((uint32_t)chain->n)];
	switch (pick(13)) {
	case 0: change_text(&l->id); break;
	case 1: change_text(&l->parent); break;
	case 2: change_text(&l->child); break;
	case 3: l->depth += 1 + pick(3); break;
	case 4: l->not_before_s -= 1 + pick(3); break;
	case 5: l->expires_at_s += 1 + pick(3); break;
	case 6: l->previous[pick(32)] ^= (uint8_t)(1u << pick(8)); break;
	case 7: l->signature[pick(64)] ^= (uint8_t)(1u << pick(8)); break;
	case 8: change_text(&l->user.id); break;
	case 9: change_text(&l->user.email); break;
	case 10: l->user.id = l->user.id.len ? (aim_str){NULL, 0} : aim_str_from("ana"); break;
	case 11: /* one capability more */
		memcpy(scratch, l->capabilities.items, l->capabilities.n * sizeof *scratch);
		scratch[l->capabilities.n] = aim_str_from("c:c");
		l->capabilities = (aim__text_list){scratch, l->capabilities.n + 1};
		break;
	default: /* one role more */
		if (l->user.roles.n > 0)
			memcpy(scratch, l->user.roles.items, l->user.roles.n * sizeof *scratch);
		scratch[l->user.roles.n] = aim_str_from("root");
		l->user.roles = (aim__text_list){scratch, l->user.roles.n + 1};
		if (l->user.id.len == 0)
			l->user.id = aim_str_from("ana");
	}
}

/* The attacker repairs hashes as far as hashes go; only signatures he cannot make. */
static void repair(aim_delegation *chain)
{
	aim_buf scratch;
	aim__buf_init(&scratch, ctx);
	for (size_t i = 0; i < chain->n; i++) {
		if (i > 0)
			memcpy(chain->links[i].previous, chain->links[i - 1].hash, 32);
		assert_status(aim__delegation_hash(&chain->links[i], &scratch, chain->links[i].hash), AIM_OK);
	}
	aim__buf_dispose(&scratch);
}

/* Whether both say the same: an e-mail without a user, say, is not in the bytes. */
static int same_bytes(const aim_delegation *a, const aim_delegation *b)
{
	aim_buf x, y;
	aim__buf_init(&x, ctx);
	aim__buf_init(&y, ctx);
	assert_status(aim_delegation_export(a, &x), AIM_OK);
	assert_status(aim_delegation_export(b, &y), AIM_OK);
	int same = aim_str_equal(aim_buf_str(&x), aim_buf_str(&y));
	aim__buf_dispose(&y);
	aim__buf_dispose(&x);
	return same;
}

static void test_tampering_is_refused(void **state)
{
	aim_str scratch[8], none = {NULL, 0};
	size_t n_changed = 0;
	(void)state;
	for (int i = 0; i < 700; i++) {
		aim_delegation *chain = random_chain();
		aim_delegation before = *chain;
		tamper(chain, scratch);
		if (pick(2))
			repair(chain);
		if (!same_bytes(&before, chain)) {
			assert_true(verify(chain, none) != AIM_OK);
			n_changed++;
		}
		memcpy(chain->links, before.links, sizeof before.links);
		assert_status(verify(chain, none), AIM_OK);
		aim_delegation_free(chain);
	}
	assert_true(n_changed > 600);
}

/* Links of two chains in any order: valid only what is the beginning of one of them. */
static void test_splicing_is_refused(void **state)
{
	aim_str none = {NULL, 0};
	size_t valid = 0;
	(void)state;
	for (int round = 0; round < 60; round++) {
		aim_delegation *chains[2] = {random_chain(), random_chain()};
		aim_delegation mixed = *chains[0];
		for (int i = 0; i < 40; i++) {
			int is_beginning[2] = {1, 1};
			mixed.n = 1 + pick(4);
			for (size_t k = 0; k < mixed.n; k++) {
				uint32_t from = pick(2), link = pick(3) ? (uint32_t)k : pick(4);
				link = link < chains[from]->n ? link : 0;
				mixed.links[k] = chains[from]->links[link];
				is_beginning[from] &= link == k;
				is_beginning[!from] = 0;
			}
			if (pick(2))
				repair(&mixed);
			int whole = is_beginning[0] || is_beginning[1];
			assert_int_equal(verify(&mixed, none) == AIM_OK, whole);
			valid += (size_t)whole;
		}
		aim_delegation_free(chains[1]);
		aim_delegation_free(chains[0]);
	}
	assert_true(valid > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covering_is_transitive),
		cmocka_unit_test(test_covering_is_inclusion),
		cmocka_unit_test(test_chains_that_extend_makes_are_valid_and_no_wider),
		cmocka_unit_test(test_tampering_is_refused),
		cmocka_unit_test(test_splicing_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
