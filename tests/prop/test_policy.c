/* Laws of policies, on random documents with nested conditions, and random requests: the compiled index decides as a plain reading of the
 * rules does; the order of rules does not matter; a new deny rule never opens anything; knowing less
 * never opens anything; "*" restricts nothing. */
#include "support.h"

#include <aim/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 0x9E3779B97F4A7C15u;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % n;
}

/* ---- a model of rules that can be printed, and read without any index ---- */

#define MAX_LIST 6
#define MAX_RULES 120

typedef struct list {
	int n; /* 0: absent */
	const char *items[MAX_LIST];
} list;

enum { TOOLS, SERVERS, AGENTS, RESOURCES, ACTION, CAPABILITIES, N_LISTS };
static const char *const list_names[] = {"tools", "servers", "agents", "resources", "action", "capabilities"};

/* A condition, in the order it is printed: a node, then what is below it. */
enum { ALL, ANY, NOT, TOOL_IS, SERVER_IS, TRUST_FROM, RISK_IN };
typedef struct node {
	int op, end;
	const char *pattern;
	int64_t min;
	uint32_t risks;
} node;
#define MAX_NODES 24

typedef struct rule {
	int n_nodes; /* of its "when"; 0: none */
	node nodes[MAX_NODES];
	uint32_t effect;
	list lists[N_LISTS];
	int has_min, has_max;
	int64_t min, max;
	uint32_t risks; /* mask by AIM_DECISION_RISK_*; 0: absent */
} rule;

typedef struct model {
	uint32_t default_effect;
	int first_match;
	int n;
	rule rules[MAX_RULES];
} model;

static const char *const effect_names[] = {"deny", "allow", "ask"};
static const char *const risk_names[] = {"", "low", "medium", "high", "critical"};

/* Small vocabularies, so that rules and requests meet; spellings that differ in case only. */
static const char *const tool_patterns[] = {"read", "Read", "write", "list", "LIST", "shell", "db_a", "db_b",
                                            "db_*", "DB_?", "read*", "*e", "s*l", "*", "r?ad", "a", "ab", "ab*"};
static const char *const server_patterns[] = {"fs", "FS", "db", "web", "w*", "*", "f?"};
static const char *const agent_patterns[] = {"bot", "Bot", "ann", "did:x:1", "did:x:2", "did:X:1", "did:x:*",
                                             "b*", "bo?", "*"};
static const char *const resource_patterns[] = {"file:///etc/passwd", "file:///etc/*", "FILE:*", "http*", "*"};
static const char *const action_patterns[] = {"mcp_tool", "mcp_resource", "mcp_prompt", "own", "mcp_*", "*"};
static const char *const capability_patterns[] = {"fs:read", "fs:write", "FS:read", "fs:*", "net:?", "net:a"};

#define VOCABULARY(array) {array, sizeof array / sizeof array[0]}
static const struct {
	const char *const *words;
	size_t n;
} vocabulary[] = {VOCABULARY(tool_patterns),     VOCABULARY(server_patterns), VOCABULARY(agent_patterns),
                  VOCABULARY(resource_patterns), VOCABULARY(action_patterns), VOCABULARY(capability_patterns)};

static const char *const tools[] = {"", "read", "Read", "READ", "reader", "write", "list", "shell", "Shell", "db_a",
                                    "DB_A", "db_xyz", "db_", "a", "ab", "abc", "strange"};
static const char *const servers[] = {"", "fs", "Fs", "db", "web", "other"};
static const char *const agents[] = {"", "bot", "BOT", "ann", "boss", "other"};
static const char *const dids[] = {"", "did:x:1", "did:x:2", "did:X:1", "did:y:3"};
static const char *const resources[] = {"", "file:///etc/passwd", "file:///ETC/shadow", "http://a"};
static const char *const actions[] = {"", "mcp_tool", "mcp_resource", "mcp_prompt", "own", "OWN"};
static const char *const held[] = {"fs:read", "fs:write", "net:a", "net:bc", "FS:READ"};

#define PICK(array) array[below(sizeof array / sizeof array[0])]

static void random_condition(rule *r, int depth)
{
	node *n = &r->nodes[r->n_nodes++];
	int at = r->n_nodes - 1;
	n->op = depth < 4 && r->n_nodes < MAX_NODES - 8 && below(2) ? (int)below(3) : TOOL_IS + (int)below(4);
	n->pattern = n->op == TOOL_IS ? PICK(tool_patterns) : PICK(server_patterns);
	n->min = below(11) * 100000;
	n->risks = (1 + below(15)) << 1;
	for (int children = n->op > NOT ? 0 : n->op == NOT ? 1 : 1 + (int)below(2); children; children--)
		random_condition(r, depth + 1);
	r->nodes[at].end = r->n_nodes;
}

static rule random_rule(uint32_t effect)
{
	rule r = {.effect = effect};
	for (int l = 0; l < N_LISTS; l++) {
		uint32_t odds = l == TOOLS ? 5 : l == AGENTS ? 3 : 1;
		if (below(6) >= odds)
			continue;
		r.lists[l].n = below(3) ? 1 : 1 + (int)below(MAX_LIST);
		for (int i = 0; i < r.lists[l].n; i++)
			r.lists[l].items[i] = vocabulary[l].words[below((uint32_t)vocabulary[l].n)];
	}
	if (below(4) == 0) {
		r.has_min = (int)below(2);
		r.has_max = !r.has_min || below(2);
		r.min = r.has_min ? below(6) * 100000 : 0;
		r.max = r.has_max ? r.min + below(5) * 100000 : 1000000;
	}
	if (below(6) == 0)
		r.risks = (1 + below(15)) << 1;
	if (below(3) == 0)
		random_condition(&r, 0);
	/* What the compiler refuses: an MCP action together with what it cannot have. */
	if (r.lists[ACTION].n && (r.lists[TOOLS].n || r.lists[RESOURCES].n)) {
		r.lists[ACTION].n = 1;
		r.lists[ACTION].items[0] = below(2) ? "mcp_*" : "own";
	}
	return r;
}

static void random_model(model *m, int n)
{
	int refuses_only = below(4) == 0;
	int allows_only = !refuses_only && below(3) == 0; /* else what an allow rule does is seldom seen */
	m->n = n;
	for (int i = 0; i < n; i++)
		m->rules[i] = random_rule(allows_only ? AIM_DECISION_ALLOW : refuses_only ? below(2) * 2 : below(3));
	m->first_match = 0;
	m->default_effect = refuses_only && n ? AIM_DECISION_ALLOW : below(2) * 2;
}

/* ---- printing ---- */

static size_t print_risks(char *out, uint32_t risks)
{
	size_t at = (size_t)sprintf(out, "\"risk\":[");
	for (uint32_t level = 1, first = 1; level <= 4; level++)
		if (risks >> level & 1) {
			at += (size_t)sprintf(out + at, "%s\"%s\"", first ? "" : ",", risk_names[level]);
			first = 0;
		}
	return at + (size_t)sprintf(out + at, "]");
}

static size_t print_condition(char *out, const rule *r, int i)
{
	const node *n = &r->nodes[i];
	size_t at = (size_t)sprintf(out, "{");
	if (n->op == TOOL_IS || n->op == SERVER_IS)
		at += (size_t)sprintf(out + at, "\"%s\":\"%s\"", n->op == TOOL_IS ? "tools" : "servers", n->pattern);
	else if (n->op == TRUST_FROM)
		at += (size_t)sprintf(out + at, "\"trust\":{\"min\":%d}", (int)n->min);
	else if (n->op == RISK_IN)
		at += print_risks(out + at, n->risks);
	else if (n->op == NOT)
		at += (size_t)sprintf(out + at, "\"not\":");
	else
		at += (size_t)sprintf(out + at, "\"%s\":[", n->op == ALL ? "all" : "any");
	for (int child = i + 1; n->op <= NOT && child < n->end; child = r->nodes[child].end) {
		if (child > i + 1)
			out[at++] = ',';
		at += print_condition(out + at, r, child);
	}
	return at + (size_t)sprintf(out + at, n->op < NOT ? "]}" : "}");
}

static size_t print_rule(char *out, const rule *r, int id)
{
	size_t at = (size_t)sprintf(out, "{\"id\":\"r%d\",\"effect\":\"%s\"", id, effect_names[r->effect]);
	for (int l = 0; l < N_LISTS; l++) {
		if (!r->lists[l].n)
			continue;
		at += (size_t)sprintf(out + at, ",\"%s\":[", list_names[l]);
		for (int i = 0; i < r->lists[l].n; i++)
			at += (size_t)sprintf(out + at, "%s\"%s\"", i ? "," : "", r->lists[l].items[i]);
		at += (size_t)sprintf(out + at, "]");
	}
	if (r->has_min && r->has_max)
		at += (size_t)sprintf(out + at, ",\"trust\":{\"min\":%d,\"max\":%d}", (int)r->min, (int)r->max);
	else if (r->has_min || r->has_max)
		at += (size_t)sprintf(out + at, ",\"trust\":{\"%s\":%d}", r->has_min ? "min" : "max",
		                      (int)(r->has_min ? r->min : r->max));
	if (r->risks) {
		at += (size_t)sprintf(out + at, ",\"risk\":[");
		for (uint32_t level = 1, first = 1; level <= 4; level++)
			if (r->risks >> level & 1) {
				at += (size_t)sprintf(out + at, "%s\"%s\"", first ? "" : ",", risk_names[level]);
				first = 0;
			}
		at += (size_t)sprintf(out + at, "]");
	}
	if (r->n_nodes) {
		at += (size_t)sprintf(out + at, ",\"when\":");
		at += print_condition(out + at, r, 0);
	}
	return at + (size_t)sprintf(out + at, "}");
}

static aim_policy *compile(aim_ctx *ctx, const model *m)
{
	static char text[MAX_RULES * 3000];
	aim_policy *policy = NULL;
	aim_error err = {0};
	size_t at = (size_t)sprintf(text, "{\"version\":1,\"name\":\"p\",\"combining\":\"%s\",\"default\":\"%s\",\"rules\":[",
	                            m->first_match ? "first_match" : "deny_overrides", effect_names[m->default_effect]);
	for (int i = 0; i < m->n; i++) {
		if (i)
			text[at++] = ',';
		at += print_rule(text + at, &m->rules[i], i);
	}
	at += (size_t)sprintf(text + at, "]}");
	if (aim_policy_compile(ctx, aim_bytes_from(text, at), NULL, &policy, NULL, &err) != AIM_OK)
		fail_msg("%s: %s\n%s", err.pointer, err.message, text);
	return policy;
}

/* ---- the plain reading ---- */

enum { NO, YES, UNKNOWN };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Recursive on purpose: as simple as the definition. ASCII names only. */
static int glob(const char *p, const char *s, int fold)
{
	if (*p == '*')
		return glob(p + 1, s, fold) || (*s && glob(p, s + 1, fold));
	if (*p == '\0' || *s == '\0')
		return *p == *s;
	return (*p == '?' || *p == *s || (fold && lower(*p) == lower(*s))) && glob(p + 1, s + 1, fold);
}

static const char *text_of(aim_str s)
{
	return s.ptr ? s.ptr : "";
}

static int is_mcp(const aim_request *r, const char *which)
{
	return strcmp(text_of(r->action), which) == 0;
}

static int answer_name(const char *pattern, aim_str name, int none, int fold)
{
	if (!*text_of(name))
		return none ? NO : UNKNOWN;
	return glob(pattern, name.ptr, fold) ? YES : NO;
}

static int answer_list(const rule *r, int l, const aim_request *q)
{
	const list *items = &r->lists[l];
	int fold = r->effect != AIM_DECISION_ALLOW;
	int best = NO;
	if (!items->n)
		return YES;
	for (int i = 0; i < items->n; i++)
		if (strcmp(items->items[i], "*") == 0)
			return YES;
	for (int i = 0; i < items->n; i++) {
		const char *p = items->items[i];
		int a = NO;
		if (l == TOOLS)
			a = answer_name(p, q->tool, strncmp(text_of(q->action), "mcp_", 4) == 0 && !is_mcp(q, "mcp_tool"), fold);
		else if (l == SERVERS)
			a = answer_name(p, q->server, 0, fold);
		else if (l == AGENTS)
			a = answer_name(p, strncmp(p, "did:", 4) == 0 ? q->did : q->agent, 0, fold);
		else if (l == RESOURCES)
			a = answer_name(p, q->resource, is_mcp(q, "mcp_tool"), fold);
		else
			a = answer_name(p, q->action, 0, fold);
		if (a == YES)
			return YES;
		if (a == UNKNOWN)
			best = UNKNOWN;
	}
	return best;
}

static int answer_capabilities(const rule *r, const aim_request *q)
{
	const list *items = &r->lists[CAPABILITIES];
	if (!items->n)
		return YES;
	if (!q->capabilities)
		return UNKNOWN;
	for (int i = 0; i < items->n; i++) {
		int found = 0;
		for (size_t c = 0; c < q->n_capabilities; c++)
			found |= glob(items->items[i], q->capabilities[c].ptr, r->effect != AIM_DECISION_ALLOW);
		if (!found)
			return NO;
	}
	return YES;
}

/* Three-valued, and in a sense of "fold" that turns around with every NOT. */
static int answer_condition(const rule *r, int i, const aim_request *q, int fold)
{
	static const int opposite[] = {[NO] = YES, [YES] = NO, [UNKNOWN] = UNKNOWN};
	const node *n = &r->nodes[i];
	int is_tool_less = strncmp(text_of(q->action), "mcp_", 4) == 0 && !is_mcp(q, "mcp_tool");
	if (n->op == TOOL_IS)
		return answer_name(n->pattern, q->tool, is_tool_less, fold);
	if (n->op == SERVER_IS)
		return answer_name(n->pattern, q->server, 0, fold);
	if (n->op == TRUST_FROM)
		return q->trust_micro == AIM_DECISION_NO_TRUST ? UNKNOWN : q->trust_micro >= n->min ? YES : NO;
	if (n->op == RISK_IN)
		return q->risk == 0 ? UNKNOWN : n->risks >> q->risk & 1 ? YES : NO;
	if (n->op == NOT)
		return opposite[answer_condition(r, i + 1, q, !fold)];
	int counts[3] = {0, 0, 0};
	for (int child = i + 1; child < n->end; child = r->nodes[child].end)
		counts[answer_condition(r, child, q, fold)]++;
	if (n->op == ALL)
		return counts[NO] ? NO : counts[UNKNOWN] ? UNKNOWN : YES;
	return counts[YES] ? YES : counts[UNKNOWN] ? UNKNOWN : NO;
}

static int answer_rule(const rule *r, const aim_request *q)
{
	int worst = answer_capabilities(r, q);
	for (int l = 0; l < CAPABILITIES && worst != NO; l++) {
		int a = answer_list(r, l, q);
		if (a != YES)
			worst = a;
	}
	if (worst != NO && (r->has_min || r->has_max)) {
		if (q->trust_micro == AIM_DECISION_NO_TRUST)
			worst = UNKNOWN;
		else if (q->trust_micro < r->min || q->trust_micro > r->max)
			worst = NO;
	}
	if (worst != NO && r->risks) {
		if (q->risk == AIM_DECISION_RISK_UNKNOWN)
			worst = UNKNOWN;
		else if (!(r->risks >> q->risk & 1))
			worst = NO;
	}
	if (worst != NO && r->n_nodes) {
		int a = answer_condition(r, 0, q, r->effect != AIM_DECISION_ALLOW);
		if (a != YES)
			worst = a;
	}
	return worst;
}

static int matches(const rule *r, const aim_request *q)
{
	int a = answer_rule(r, q);
	return a == YES || (a == UNKNOWN && r->effect != AIM_DECISION_ALLOW);
}

/* The effect, and the number of the deciding rule; −1 for the default. */
static uint32_t decide_plainly(const model *m, const aim_request *q, int *out_rule)
{
	static const uint32_t order[] = {AIM_DECISION_DENY, AIM_DECISION_ASK, AIM_DECISION_ALLOW};
	for (int o = 0; o < (m->first_match ? 1 : 3); o++)
		for (int i = 0; i < m->n; i++) {
			if ((m->rules[i].effect == order[o] || m->first_match) && matches(&m->rules[i], q)) {
				*out_rule = i;
				return m->rules[i].effect;
			}
		}
	*out_rule = -1;
	return m->default_effect;
}

/* ---- requests ---- */

static aim_request random_request(aim_str capabilities[3])
{
	aim_request q = {.struct_size = sizeof q};
	q.tool = aim_str_from(PICK(tools));
	q.server = aim_str_from(PICK(servers));
	q.agent = aim_str_from(PICK(agents));
	q.did = aim_str_from(PICK(dids));
	q.resource = aim_str_from(PICK(resources));
	q.action = aim_str_from(PICK(actions));
	q.trust_micro = below(5) ? (int64_t)below(11) * 100000 : AIM_DECISION_NO_TRUST;
	q.risk = below(5);
	if (below(4)) {
		q.capabilities = capabilities;
		q.n_capabilities = below(4);
		for (size_t i = 0; i < q.n_capabilities; i++)
			capabilities[i] = aim_str_from(PICK(held));
	}
	return q;
}

static uint32_t effect_of(aim_policy *policy, const aim_request *q, aim_decision *d)
{
	static const aim_status expected[] = {AIM_DENIED, AIM_OK, AIM_ASK};
	aim_status rc = aim_policy_decide(policy, q, d, NULL);
	uint32_t effect = aim_decision_effect(d);
	assert_status(rc, expected[effect]);
	return effect;
}

/* How much an effect withholds. */
static int strictness(uint32_t effect)
{
	return effect == AIM_DECISION_DENY ? 2 : effect == AIM_DECISION_ASK ? 1 : 0;
}

typedef struct world {
	test_heap heap;
	aim_ctx *ctx;
	aim_decision *d;
	model m;
} world;

static void begin(world *w)
{
	w->ctx = test_ctx(&w->heap);
	assert_status(aim_decision_new(w->ctx, &w->d, NULL), AIM_OK);
}

static void end(world *w)
{
	aim_decision_free(w->d);
	test_ctx_done(w->ctx, &w->heap);
}

#define ROUNDS 150
#define REQUESTS 120

static int random_size(int round)
{
	static const int sizes[] = {0, 1, 3, 9, 30, 70, MAX_RULES};
	return sizes[round % 7];
}

/* ---- the laws ---- */

static void the_index_decides_as_a_plain_reading_does(void **state)
{
	static world w;
	(void)state;
	begin(&w);
	for (int round = 0; round < ROUNDS * 2; round++) {
		random_model(&w.m, random_size(round));
		w.m.first_match = round % 3 == 0;
		aim_policy *policy = compile(w.ctx, &w.m);
		for (int i = 0; i < REQUESTS; i++) {
			aim_str capabilities[3];
			aim_request q = random_request(capabilities);
			int number;
			char id[16] = "";
			uint32_t expected = decide_plainly(&w.m, &q, &number);
			if (number >= 0)
				snprintf(id, sizeof id, "r%d", number);
			assert_int_equal(effect_of(policy, &q, w.d), expected);
			assert_text(aim_decision_rule(w.d), id);
		}
		aim_policy_unref(policy);
	}
	end(&w);
}

static void the_order_of_rules_does_not_matter(void **state)
{
	static world w;
	(void)state;
	begin(&w);
	for (int round = 0; round < ROUNDS; round++) {
		random_model(&w.m, random_size(round));
		aim_policy *before = compile(w.ctx, &w.m);
		for (int i = w.m.n - 1; i > 0; i--) {
			int j = (int)below((uint32_t)i + 1);
			rule swap = w.m.rules[i];
			w.m.rules[i] = w.m.rules[j];
			w.m.rules[j] = swap;
		}
		aim_policy *after = compile(w.ctx, &w.m);
		for (int i = 0; i < REQUESTS; i++) {
			aim_str capabilities[3];
			aim_request q = random_request(capabilities);
			assert_int_equal(effect_of(before, &q, w.d), effect_of(after, &q, w.d));
		}
		aim_policy_unref(before);
		aim_policy_unref(after);
	}
	end(&w);
}

static void a_new_deny_rule_only_withholds(void **state)
{
	static world w;
	(void)state;
	begin(&w);
	for (int round = 0; round < ROUNDS; round++) {
		random_model(&w.m, 1 + (int)below(MAX_RULES - 1));
		aim_policy *before = compile(w.ctx, &w.m);
		rule extra = random_rule(AIM_DECISION_DENY);
		int at = (int)below((uint32_t)w.m.n + 1);
		memmove(&w.m.rules[at + 1], &w.m.rules[at], (size_t)(w.m.n - at) * sizeof extra);
		w.m.rules[at] = extra;
		w.m.n++;
		aim_policy *after = compile(w.ctx, &w.m);
		for (int i = 0; i < REQUESTS; i++) {
			aim_str capabilities[3];
			aim_request q = random_request(capabilities);
			assert_true(strictness(effect_of(after, &q, w.d)) >=
			            strictness(effect_of(before, &q, w.d)));
		}
		aim_policy_unref(before);
		aim_policy_unref(after);
	}
	end(&w);
}

static aim_request forget_something(aim_request q)
{
	const aim_str absent = {NULL, 0};
	aim_str *texts[] = {&q.tool, &q.server, &q.agent, &q.did, &q.resource, &q.action};
	uint32_t which = below(9);
	if (which < 6) {
		*texts[which] = absent;
	} else if (which == 6) {
		q.capabilities = NULL;
		q.n_capabilities = 0;
	} else if (which == 7) {
		q.trust_micro = AIM_DECISION_NO_TRUST;
	} else {
		q.risk = AIM_DECISION_RISK_UNKNOWN;
	}
	return q;
}

static void knowing_less_never_opens_anything(void **state)
{
	static world w;
	(void)state;
	begin(&w);
	for (int round = 0; round < ROUNDS; round++) {
		random_model(&w.m, random_size(round));
		aim_policy *policy = compile(w.ctx, &w.m);
		for (int i = 0; i < REQUESTS; i++) {
			aim_str capabilities[3];
			aim_request q = random_request(capabilities);
			aim_request less = forget_something(q);
			/* An MCP action says that a missing tool or resource is none; that is knowledge too. */
			if (!*text_of(less.tool) != !*text_of(q.tool) ||
			    !*text_of(less.resource) != !*text_of(q.resource))
				less.action = aim_str_from(NULL);
			uint32_t effect = effect_of(policy, &q, w.d);
			int by_rule = aim_decision_rule(w.d).len > 0;
			uint32_t with_less = effect_of(policy, &less, w.d);
			if (effect != AIM_DECISION_ALLOW)
				assert_int_not_equal(with_less, AIM_DECISION_ALLOW);
			/* What only the default denies, an ask rule may take up; what a rule denies stays denied. */
			if (by_rule)
				assert_true(strictness(with_less) >= strictness(effect));
		}
		aim_policy_unref(policy);
	}
	end(&w);
}

static void a_star_restricts_nothing(void **state)
{
	static world w;
	(void)state;
	begin(&w);
	for (int round = 0; round < ROUNDS; round++) {
		random_model(&w.m, random_size(round));
		/* Lists of tools and servers with a star go, here and there. */
		for (int i = 0; i < w.m.n; i++)
			if (below(2) && !w.m.rules[i].lists[ACTION].n)
				w.m.rules[i].lists[below(2) ? TOOLS : SERVERS] = (list){1, {"*"}};
		aim_policy *with = compile(w.ctx, &w.m);
		for (int i = 0; i < w.m.n; i++)
			for (int l = 0; l < CAPABILITIES; l++)
				for (int k = 0; k < w.m.rules[i].lists[l].n; k++)
					if (strcmp(w.m.rules[i].lists[l].items[k], "*") == 0)
						w.m.rules[i].lists[l].n = 0;
		aim_policy *without = compile(w.ctx, &w.m);
		for (int i = 0; i < REQUESTS; i++) {
			aim_str capabilities[3];
			aim_request q = random_request(capabilities);
			assert_int_equal(effect_of(with, &q, w.d), effect_of(without, &q, w.d));
		}
		aim_policy_unref(with);
		aim_policy_unref(without);
	}
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests_[] = {
		cmocka_unit_test(the_index_decides_as_a_plain_reading_does),
		cmocka_unit_test(the_order_of_rules_does_not_matter),
		cmocka_unit_test(a_new_deny_rule_only_withholds),
		cmocka_unit_test(knowing_less_never_opens_anything),
		cmocka_unit_test(a_star_restricts_nothing),
	};
	return cmocka_run_group_tests(tests_, NULL, NULL);
}
