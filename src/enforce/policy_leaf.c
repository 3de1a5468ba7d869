/* enforce/policy_leaf.c — writing the leaves of a policy's index: rules laid out so that one pass over a
 * few numbers tells which of them match. Layer enforce; policy.h has the layout. */
#include "enforce/policy_index.h"

#include "base/mem.h"
#include "enforce/sort.h"

#include <string.h>

#define MAX_RANGES 8u /* one condition as ranges; longer sets are searched instead */
#define MAX_ROW_CONDITIONS 16u
#define RISK_LEVELS 5u
#define NOTHING UINT64_MAX /* in place of a condition */

typedef struct row {
	uint32_t rank;
	uint32_t n;
	uint64_t conditions[MAX_ROW_CONDITIONS]; /* ranges and tests, none of them EITHER or NOTHING */
} row;

typedef struct block {
	row *rows;
	size_t n_rows;
	uint64_t *entries; /* ranges, each as sortable(), ascending */
	uint32_t *pass;    /* of each entry: mask of the rows it lets pass */
	size_t n_entries;
	uint32_t looked_at[AIM__VALUE_COUNT]; /* mask of the rows that have a range of the value */
} block;

/* ---- conditions below a node ---- */

/* The condition "of this fact the name is id", below a node for its fold. Of a name that is its own fold, as most are, it
 * does not mention the name, so that blocks for many names are equal. */
static uint64_t exactly(uint32_t fact, uint32_t id, uint32_t fold)
{
	return id == fold ? aim__condition(AIM__VALUE_IS_FOLDED(fact), 1, 1)
	                  : aim__condition(AIM__VALUE_EXACT(fact), id, id);
}

/* What is left of a condition below a node for the name `fold` of its fact; maybe NOTHING.
 *
 * Who gets there has a name with this fold, or an unknown one: both satisfy a rule that denies or asks. An
 * allow rule compares exactly; its set comes down to the one name with this fold, when there is one. */
static uint64_t narrowed(const struct aim__index_builder *b, const aim__rule *rule, uint64_t word)
{
	uint32_t fact = aim__condition_fact(word);
	uint32_t fold = fact < AIM__FACT_COUNT ? b->path[fact] : AIM__KEY_EMPTY;
	if (fold == AIM__KEY_EMPTY)
		return word;
	if (aim__condition_op(word) == AIM__VALUE_EXACT(fact))
		return exactly(fact, aim__condition_a(word), fold);
	if (aim__condition_op(word) == AIM__VALUE_FOLDED(fact))
		return aim__condition_a(word) == fold ? NOTHING : word;
	const aim__name_set *set = &b->policy->sets[aim__condition_b(word)];
	size_t first = aim__set_first(set, fold);
	if (first == set->n_names || set->names[first] >> 32 != fold)
		return word;
	if (rule->effect != AIM_DECISION_ALLOW)
		return NOTHING;
	if (first + 1 < set->n_names && set->names[first + 1] >> 32 == fold)
		return word;
	return exactly(fact, (uint32_t)set->names[first], fold);
}

/* ---- conditions as ranges ---- */

static size_t set_ranges(const aim_policy *policy, uint64_t word, int allows,
                         uint64_t ranges[MAX_RANGES])
{
	uint32_t fact = aim__condition_a(word);
	const aim__name_set *set = &policy->sets[aim__condition_b(word)];
	if (set->n_patterns || set->n_names > MAX_RANGES)
		return 0;
	for (uint32_t i = 0; i < set->n_names; i++) {
		uint32_t id = (uint32_t)set->names[i];
		uint32_t fold = (uint32_t)(set->names[i] >> 32);
		ranges[i] = allows ? aim__condition(AIM__VALUE_EXACT(fact), id, id)
		                   : aim__condition(AIM__VALUE_FOLDED(fact), fold, fold);
	}
	return set->n_names;
}

static size_t risk_ranges(uint32_t mask, uint64_t ranges[MAX_RANGES])
{
	size_t n = 0;
	for (uint32_t level = 0; level < RISK_LEVELS; level++)
		if (mask >> level & 1)
			ranges[n++] = aim__condition(AIM__VALUE_RISK, level, level);
	return n;
}

/* The ranges of one value of which a request must meet one; 0 for a condition that is none. */
static size_t ranges_of(const aim_policy *policy, uint64_t word, int allows,
                        uint64_t ranges[MAX_RANGES])
{
	uint32_t op = aim__condition_op(word);
	if (op == AIM__OP_RISK)
		return risk_ranges(aim__condition_b(word), ranges);
	if (op == AIM__OP_NAME_SET)
		return set_ranges(policy, word, allows, ranges);
	ranges[0] = word;
	return op < AIM__VALUE_COUNT ? 1 : 0;
}

/* A range as a number that sorts by value first, and back. */
static uint64_t sortable(uint64_t range)
{
	return range >> 8 | range << 56;
}

static uint64_t unsortable(uint64_t entry)
{
	return entry << 8 | entry >> 56;
}

/* ---- blocks ---- */

static int row_allows(const aim_policy *policy, const row *r)
{
	return policy->rules[r->rank].effect == AIM_DECISION_ALLOW;
}

static void add_row(const struct aim__index_builder *b, block *k, uint32_t rank, uint32_t half)
{
	const aim_policy *policy = b->policy;
	const aim__rule *rule = &policy->rules[rank];
	row *r = &k->rows[k->n_rows++];
	r->rank = rank;
	r->n = 0;
	for (uint32_t i = 0; i < rule->n_conditions; i++) {
		uint64_t word = rule->conditions[i];
		if (aim__condition_op(word) == AIM__OP_EITHER)
			word = policy->eithers[aim__condition_b(word) + half];
		word = narrowed(b, rule, word);
		if (word != NOTHING)
			r->conditions[r->n++] = word;
	}
}

static int has_either(const aim__rule *rule)
{
	for (uint32_t i = 0; i < rule->n_conditions; i++)
		if (aim__condition_op(rule->conditions[i]) == AIM__OP_EITHER)
			return 1;
	return 0;
}

/* Takes as many rules as fit. Returns how many. */
static size_t add_rows(const struct aim__index_builder *b, block *k, const uint32_t *ranks, size_t n)
{
	size_t i = 0;
	for (; i < n; i++) {
		uint32_t halves = has_either(&b->policy->rules[ranks[i]]) ? 2 : 1;
		if (k->n_rows + halves > AIM__BLOCK_ROWS)
			break;
		for (uint32_t half = 0; half < halves; half++)
			add_row(b, k, ranks[i], half);
	}
	return i;
}

typedef void (*visit_range)(block *k, size_t row_index, uint64_t entry);

static void each_range(const aim_policy *policy, block *k, visit_range visit)
{
	uint64_t ranges[MAX_RANGES];
	for (size_t i = 0; i < k->n_rows; i++) {
		const row *r = &k->rows[i];
		for (uint32_t c = 0; c < r->n; c++) {
			size_t n = ranges_of(policy, r->conditions[c], row_allows(policy, r), ranges);
			for (size_t j = 0; j < n; j++)
				visit(k, i, sortable(ranges[j]));
		}
	}
}

static void count_entry(block *k, size_t row_index, uint64_t entry)
{
	(void)row_index;
	(void)entry;
	k->n_entries++;
}

static void list_entry(block *k, size_t row_index, uint64_t entry)
{
	(void)row_index;
	k->entries[k->n_entries++] = entry;
}

static size_t find_entry(const block *k, uint64_t entry)
{
	size_t low = 0;
	size_t high = k->n_entries - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (k->entries[middle] < entry)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void mark_entry(block *k, size_t row_index, uint64_t entry)
{
	uint32_t bit = 1u << row_index;
	k->looked_at[entry >> 56] |= bit;
	k->pass[find_entry(k, entry)] |= bit;
}

static aim_status collect_entries(struct aim__index_builder *b, block *k)
{
	each_range(b->policy, k, count_entry);
	size_t n = k->n_entries;
	k->entries = aim__arena_array(&b->scratch, n, sizeof *k->entries);
	k->pass = aim__arena_array(&b->scratch, n, sizeof *k->pass);
	if (!k->entries || !k->pass)
		return AIM_E_NOMEM;
	memset(k->pass, 0, n * sizeof *k->pass);
	k->n_entries = 0;
	each_range(b->policy, k, list_entry);
	aim_status rc = aim__sort_u64(b->policy->ctx, k->entries, n);
	if (rc != AIM_OK)
		return rc;
	k->n_entries = aim__unique_u64(k->entries, n);
	each_range(b->policy, k, mark_entry);
	return AIM_OK;
}

/* ---- writing ---- */

static aim_status add_word(aim_policy *policy, uint64_t word)
{
	void *words = policy->words;
	aim_status rc = aim__grow(policy->ctx, &words, &policy->cap_words, policy->n_words + 1,
	                          sizeof *policy->words, 256, UINT32_MAX);
	policy->words = words;
	if (rc == AIM_OK)
		policy->words[policy->n_words++] = word;
	return rc;
}

static int is_name(uint64_t entry)
{
	uint64_t range = unsortable(entry);
	return aim__condition_a(range) == aim__condition_b(range);
}

static aim_status write_names(aim_policy *policy, const block *k, size_t first, size_t end)
{
	aim_status rc = AIM_OK;
	for (size_t i = first; i < end && rc == AIM_OK; i++)
		if (is_name(k->entries[i]))
			rc = add_word(policy, (uint64_t)k->pass[i] << 32 |
			                              aim__condition_a(unsortable(k->entries[i])));
	return rc;
}

static aim_status write_ranges(aim_policy *policy, const block *k, size_t first, size_t end)
{
	aim_status rc = AIM_OK;
	for (size_t i = first; i < end && rc == AIM_OK; i++) {
		if (is_name(k->entries[i]))
			continue;
		uint64_t range = unsortable(k->entries[i]);
		uint64_t low = aim__condition_a(range);
		rc = add_word(policy, low << 32 | (aim__condition_b(range) - low));
		if (rc == AIM_OK)
			rc = add_word(policy, k->pass[i]);
	}
	return rc;
}

static aim_status write_column(aim_policy *policy, const block *k, size_t first, size_t end)
{
	uint64_t value = k->entries[first] >> 56;
	uint64_t free_rows = (uint32_t)~k->looked_at[value];
	uint64_t n_names = 0;
	for (size_t i = first; i < end; i++)
		n_names += is_name(k->entries[i]) != 0;
	uint64_t n_ranges = end - first - n_names;
	aim_status rc = add_word(policy, free_rows << 32 | value << 24 | n_names << 12 | n_ranges);
	if (rc == AIM_OK)
		rc = write_names(policy, k, first, end);
	if (rc == AIM_OK)
		rc = write_ranges(policy, k, first, end);
	return rc;
}

static aim_status write_columns(aim_policy *policy, const block *k, uint64_t *out_n)
{
	aim_status rc = AIM_OK;
	*out_n = 0;
	for (size_t i = 0; i < k->n_entries && rc == AIM_OK; (*out_n)++) {
		size_t end = i + 1;
		while (end < k->n_entries && k->entries[end] >> 56 == k->entries[i] >> 56)
			end++;
		rc = write_column(policy, k, i, end);
		i = end;
	}
	return rc;
}

/* The rows' words, then the tests; a row's word is known when its tests stand. */
static aim_status write_rows(aim_policy *policy, const block *k, size_t block_start)
{
	uint64_t ranges[MAX_RANGES];
	size_t rows_start = policy->n_words;
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < k->n_rows && rc == AIM_OK; i++)
		rc = add_word(policy, 0);
	for (size_t i = 0; i < k->n_rows && rc == AIM_OK; i++) {
		const row *r = &k->rows[i];
		size_t first = policy->n_words;
		for (uint32_t c = 0; c < r->n && rc == AIM_OK; c++)
			if (ranges_of(policy, r->conditions[c], row_allows(policy, r), ranges) == 0)
				rc = add_word(policy, r->conditions[c]);
		policy->words[rows_start + i] =
			(uint64_t)(policy->n_words - first) << 24 | (first - block_start);
	}
	return rc;
}

static aim_status write_block(aim_policy *policy, const block *k)
{
	size_t start = policy->n_words;
	uint32_t refusing = 0;
	uint64_t n_columns = 0;
	for (size_t i = 0; i < k->n_rows; i++)
		if (!row_allows(policy, &k->rows[i]))
			refusing |= 1u << i;
	aim_status rc = add_word(policy, 0);
	if (rc == AIM_OK)
		rc = add_word(policy, refusing);
	if (rc == AIM_OK)
		rc = write_columns(policy, k, &n_columns);
	if (rc == AIM_OK)
		rc = write_rows(policy, k, start);
	if (rc == AIM_OK)
		policy->words[start] = k->n_rows << 8 | n_columns;
	return rc;
}

/* Drops the words behind start when they stand somewhere already. *out is where. */
static aim_status share_block(struct aim__index_builder *b, size_t start, uint32_t *out)
{
	aim_policy *policy = b->policy;
	aim_bytes words = {(const uint8_t *)(policy->words + start),
	                   (policy->n_words - start) * sizeof *policy->words};
	const uintptr_t *known = aim__map_find(&b->blocks, words);
	*out = known ? (uint32_t)*known : (uint32_t)start;
	if (known) {
		policy->n_words = start;
		return AIM_OK;
	}
	void *key = aim__arena_bytes(&b->block_words, words.len); /* words[] moves when it grows */
	if (!key)
		return AIM_E_NOMEM;
	memcpy(key, words.ptr, words.len);
	return aim__map_add(&b->blocks, aim_bytes_from(key, words.len), start);
}

static aim_status list_block(aim_policy *policy, const block *k, uint32_t where)
{
	void *leaves = policy->leaves;
	aim_status rc = aim__grow(policy->ctx, &leaves, &policy->cap_leaves, policy->n_leaves + 1 + k->n_rows,
	                          sizeof *policy->leaves, 64, UINT32_MAX);
	policy->leaves = leaves;
	if (rc != AIM_OK)
		return rc;
	policy->leaves[policy->n_leaves++] = where;
	for (size_t i = 0; i < k->n_rows; i++)
		policy->leaves[policy->n_leaves++] = k->rows[i].rank;
	return AIM_OK;
}

static aim_status add_block(struct aim__index_builder *b, const block *k)
{
	size_t start = b->policy->n_words;
	uint32_t where = 0;
	aim_status rc = write_block(b->policy, k);
	if (rc == AIM_OK)
		rc = share_block(b, start, &where);
	return rc == AIM_OK ? list_block(b->policy, k, where) : rc;
}

aim_status aim__leaf_build(struct aim__index_builder *b, uint32_t node, const uint32_t *ranks, size_t n)
{
	aim_policy *policy = b->policy;
	aim__node *leaf = &policy->nodes[node];
	leaf->fact = AIM__NODE_LEAF;
	leaf->first = (uint32_t)policy->n_leaves;
	leaf->count = 0;
	leaf->rest = AIM__NODE_NONE;
	leaf->rank = n ? ranks[0] : AIM__RULE_NONE;
	aim_status rc = AIM_OK;
	for (size_t done = 0; done < n && rc == AIM_OK; leaf->count++) {
		block k = {0};
		k.rows = aim__arena_array(&b->scratch, AIM__BLOCK_ROWS, sizeof *k.rows);
		if (!k.rows)
			return AIM_E_NOMEM;
		done += add_rows(b, &k, ranks + done, n - done);
		rc = collect_entries(b, &k);
		if (rc == AIM_OK)
			rc = add_block(b, &k);
		aim__arena_reset(&b->scratch);
	}
	return rc;
}
