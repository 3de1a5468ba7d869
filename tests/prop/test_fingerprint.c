/* tests/prop/test_fingerprint.c — laws of fingerprints over random definitions: however a definition is
 * spelled its fingerprint is one, and whatever value of it changes, the fingerprint is another. */
#include "support.h"

#include <aim/fingerprint.h>

#include <stdio.h>
#include <string.h>

#define ROUNDS 3000
#define MAX_NODES 64
#define MAX_CHILDREN 6

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* A definition as a tree; texts and numbers are rows of the tables below. */
typedef struct node {
	char type; /* 's' text, 'n' number, 'b' bool, '0' null, 'a' array, 'o' object */
	uint32_t value;
	uint32_t n_children;
	uint32_t children[MAX_CHILDREN];
	uint32_t names[MAX_CHILDREN];
} node;

typedef struct tree {
	node nodes[MAX_NODES];
	uint32_t n;
} tree;

/* Spellings of one text, one row per text. */
static const char *const texts[][3] = {
	{"a", "\\u0061", "a"},
	{"", "", ""},
	{"two words", "two\\u0020words", "two words"},
	{"\xc3\xa9", "\\u00e9", "\\u00E9"},
	{"e\xcc\x81", "e\\u0301", "e\xcc\x81"},
	{"\\n", "\\u000a", "\\u000A"},
	{"/", "\\/", "\\u002f"},
	{"\xf0\x9f\x94\x91", "\\ud83d\\udd11", "\\uD83D\\uDD11"},
	{"\\\"", "\\u0022", "\\\""},
	{"1", "\\u0031", "1"},
};
#define N_TEXTS (sizeof texts / sizeof *texts)

static const char *const numbers[][3] = {
	{"0", "-0", "0.0"},
	{"1", "1.0", "10e-1"},
	{"100", "1e2", "1E+2"},
	{"0.5", "5e-1", "0.50"},
	{"-7", "-7.0", "-70e-1"},
	{"9007199254740992", "9007199254740992", "9007199254740992.0"},
	{"9007199254740993", "9007199254740993.0", "900719925474099300e-2"},
	{"1e400", "10e399", "1E400"},
	{"1e21", "1000000000000000000000", "1E+21"},
};
#define N_NUMBERS (sizeof numbers / sizeof *numbers)

/* Names without another spelling: members of one object are told apart by their number. */
static const char *const names[] = {"name", "title", "description", "inputSchema", "_meta", "x", "properties"};

static uint32_t grow(tree *t, int depth)
{
	static const char leaves[] = "ssnb0";
	uint32_t index = t->n++;
	node *self = &t->nodes[index];
	memset(self, 0, sizeof *self);
	int branch = depth > 0 && t->n + MAX_CHILDREN < MAX_NODES && random_below(3) == 0;
	self->type = branch ? (random_below(2) ? 'a' : 'o') : leaves[random_below(5)];
	self->value = random_below(1000);
	self->n_children = branch ? random_below(MAX_CHILDREN) : 0;
	for (uint32_t i = 0; i < self->n_children; i++) {
		self->names[i] = i;
		self->children[i] = grow(t, depth - 1);
	}
	return index;
}

/* The definition itself: an object whose first member is its name. */
static void make_tree(tree *t)
{
	t->n = 1;
	memset(&t->nodes[0], 0, sizeof t->nodes[0]);
	t->nodes[0].type = 'o';
	t->nodes[0].n_children = 2 + random_below(MAX_CHILDREN - 2);
	for (uint32_t i = 0; i < t->nodes[0].n_children; i++) {
		t->nodes[0].names[i] = i;
		t->nodes[0].children[i] = grow(t, i ? 3 : 0);
	}
	node *name = &t->nodes[t->nodes[0].children[0]];
	name->type = 's';
	name->value = 0;
	name->n_children = 0;
}

/* ---- printing in a random spelling ---- */

typedef struct printer {
	char text[16384];
	size_t len;
} printer;

static void put(printer *p, const char *text)
{
	size_t len = strlen(text);
	assert_true(p->len + len < sizeof p->text);
	memcpy(p->text + p->len, text, len + 1);
	p->len += len;
}

static void put_space(printer *p)
{
	static const char *const spaces[] = {"", "", " ", "\n", "\t \r\n"};
	put(p, spaces[random_below(5)]);
}

static void print(printer *p, const tree *t, uint32_t index);

static void print_children(printer *p, const tree *t, const node *self)
{
	uint32_t order[MAX_CHILDREN];
	for (uint32_t i = 0; i < self->n_children; i++)
		order[i] = i;
	for (uint32_t i = self->n_children; self->type == 'o' && i > 1; i--) {
		uint32_t j = random_below(i), swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
	for (uint32_t i = 0; i < self->n_children; i++) {
		put(p, i ? "," : "");
		put_space(p);
		if (self->type == 'o') {
			put(p, "\"");
			put(p, names[self->names[order[i]]]);
			put(p, "\"");
			put_space(p);
			put(p, ":");
		}
		print(p, t, self->children[order[i]]);
	}
}

static void print(printer *p, const tree *t, uint32_t index)
{
	const node *self = &t->nodes[index];
	put_space(p);
	switch (self->type) {
	case 's':
		put(p, "\"");
		put(p, texts[self->value % N_TEXTS][random_below(3)]);
		put(p, "\"");
		break;
	case 'n': put(p, numbers[self->value % N_NUMBERS][random_below(3)]); break;
	case 'b': put(p, self->value % 2 ? "true" : "false"); break;
	case '0': put(p, "null"); break;
	default:
		put(p, self->type == 'a' ? "[" : "{");
		print_children(p, t, self);
		put(p, self->type == 'a' ? "]" : "}");
		break;
	}
	put_space(p);
}

static aim_fingerprint fingerprint(aim_ctx *ctx, const tree *t)
{
	static printer p;
	aim_error err = {0};
	aim_fingerprint f = {.struct_size = sizeof f};
	p.len = 0;
	print(&p, t, 0);
	if (aim_fingerprint_compute(ctx, AIM_FINGERPRINT_TOOL, aim_bytes_from(p.text, p.len), &f, &err) !=
	    AIM_OK)
		fail_msg("%s: %s", err.message, p.text);
	return f;
}

/* ---- laws ---- */

static void spelling_never_changes_a_fingerprint(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	tree t;
	(void)state;
	seed = 1;
	for (int round = 0; round < ROUNDS; round++) {
		make_tree(&t);
		aim_fingerprint a = fingerprint(ctx, &t);
		aim_fingerprint b = fingerprint(ctx, &t);
		assert_true(aim_fingerprint_equal(&a, &b));
		assert_memory_equal(a.description, b.description, 32);
		assert_memory_equal(a.schema, b.schema, 32);
	}
	test_ctx_done(ctx, &heap);
}

/* Changes one value so that it means something else. The name stays a text that is not empty. */
static void mutate(tree *t)
{
	uint32_t index = 1 + random_below(t->n - 1);
	node *self = &t->nodes[index];
	if (index == t->nodes[0].children[0]) {
		self->value = 2 + random_below(6);
		return;
	}
	switch (self->type) {
	case 's': self->value = self->value % N_TEXTS + 1; break;
	case 'n': self->value = self->value % N_NUMBERS + 1; break;
	case 'b': self->value++; break;
	case '0': self->type = 'b'; break;
	default:
		if (self->n_children && random_below(2))
			self->n_children--;
		else
			self->type = self->type == 'a' ? 'o' : 'a';
		break;
	}
}

static void any_change_of_a_value_changes_it(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	tree t;
	(void)state;
	seed = 2;
	for (int round = 0; round < ROUNDS; round++) {
		make_tree(&t);
		aim_fingerprint before = fingerprint(ctx, &t);
		mutate(&t);
		aim_fingerprint after = fingerprint(ctx, &t);
		assert_false(aim_fingerprint_equal(&before, &after));
	}
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spelling_never_changes_a_fingerprint),
		cmocka_unit_test(any_change_of_a_value_changes_it),
	};
	return cmocka_run_group_tests_name("prop/fingerprint", tests, NULL, NULL);
}
