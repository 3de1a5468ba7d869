/* enforce/policy_match.c — reading tests of single values: {"/amount": {"min": 0.01, "max": 100}}. Layer enforce.
 *
 * The tests of one value must all hold; those that never can together are refused here, where they stand. */
#include "enforce/policy_condition.h"
#include "enforce/policy_regex.h"

#include <string.h>

#include "codec/json.h"
#include "codec/json_pointer.h"
#include "codec/number.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_SCALARS 1000u
#define MAX_REGEX_BYTES 4096u
#define MAX_LENGTH 2147483647

static const char *const type_words[] = {"null", "boolean", "number", "integer", "string", "array", "object"};
#define ANY_TYPE 127u

/* One value's tests while they are read. */
typedef struct matcher {
	aim__rule_draft *draft;
	aim_str name;
	int is_fact;
	uint32_t types;   /* what the tests leave possible */
	aim_str bounds[2];
	int open[2];      /* above, below */
	uint32_t absent;  /* present: false was said */
	uint32_t n_tests; /* besides present */
} matcher;

/* Reading into the policy needs the draft in place of the matcher. */
static matcher *swap_in_draft(aim__reader *reader)
{
	matcher *m = reader->target;
	reader->target = m->draft;
	return m;
}

static aim__when *add_test(aim__reader *reader, const matcher *m, uint32_t op, aim__value_test **out)
{
	aim__value_test *t = aim__when_room(reader, 1, sizeof *t);
	aim__when *w = t ? aim__when_add(reader, op) : NULL;
	if (!w)
		return NULL;
	t->name = m->name;
	t->is_fact = m->is_fact;
	w->with.value = t;
	*out = t;
	return w;
}

static void narrow(aim__reader *reader, matcher *m, aim_json_value value, uint32_t types)
{
	m->n_tests++;
	m->types &= types;
	if (!m->types)
		aim__read_problem(reader, value, "no value is of all the types that these tests are about");
	if (m->absent)
		aim__read_problem(reader, value, "a value that is not present has nothing to be tested");
}

/* ---- equals, in ---- */

static uint32_t type_mask(uint32_t type)
{
	static const uint32_t masks[] = {[AIM_JSON_NULL] = AIM__TYPE_NULL,
	                                 [AIM_JSON_BOOL] = AIM__TYPE_BOOLEAN,
	                                 [AIM_JSON_NUMBER] = AIM__TYPE_NUMBER | AIM__TYPE_INTEGER,
	                                 [AIM_JSON_STRING] = AIM__TYPE_STRING};
	return type < COUNT(masks) ? masks[type] : 0;
}

static int take_scalar(aim__reader *reader, aim_json_value value, aim__scalar *out)
{
	int32_t is_true = 0;
	out->type = aim__json_type(reader->doc, value);
	if (out->type == AIM_JSON_STRING)
		out->text = aim__when_keep(reader, aim__json_string(reader->doc, value));
	else if (out->type == AIM_JSON_NUMBER)
		out->text = aim__when_keep(reader, aim_json_number_text(reader->doc, value));
	else if (aim_json_bool(reader->doc, value, &is_true) == AIM_OK)
		out->text = aim_str_from(is_true ? "true" : "false");
	if (type_mask(out->type))
		return reader->failure == AIM_OK;
	aim__read_problem(reader, value, "must be a text, a number, true, false or null");
	return 0;
}

static void read_scalars(aim__reader *reader, aim_json_value value, uint32_t is_list)
{
	matcher *m = swap_in_draft(reader);
	size_t n = is_list ? aim_json_count(reader->doc, value) : 1;
	uint32_t types = 0;
	aim__value_test *t;
	if (is_list && (aim__json_type(reader->doc, value) != AIM_JSON_ARRAY || n == 0 || n > MAX_SCALARS)) {
		aim__read_problem(reader, value, "in must be a list of 1 to %u values", MAX_SCALARS);
		n = 0;
	}
	aim__scalar *scalars = n ? aim__when_room(reader, n, sizeof *scalars) : NULL;
	int good = scalars != NULL;
	aim_json_value v = is_list ? aim__json_first(reader->doc, value) : value;
	for (size_t i = 0; good && i < n; i++) {
		good = take_scalar(reader, v, &scalars[i]);
		types |= good ? type_mask(scalars[i].type) : 0;
		v = is_list ? aim__json_next(reader->doc, v) : v;
	}
	if (good)
		narrow(reader, m, value, types);
	if (good && add_test(reader, m, AIM__WHEN_EQUALS, &t)) {
		t->scalars = scalars;
		t->n_scalars = n;
	}
	reader->target = m;
}

/* ---- ranges: written when all bounds are known ---- */

#define BOUND_HIGH 1u
#define BOUND_OPEN 2u

static void read_bound(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	static const char *const names[] = {"min", "max", "above", "below"};
	matcher *m = swap_in_draft(reader);
	uint32_t side = arg & BOUND_HIGH;
	aim_str text = aim_json_number_text(reader->doc, value);
	if (!text.ptr)
		aim__read_problem(reader, value, "%s must be a number", names[arg]);
	else if (m->bounds[side].ptr)
		aim__read_problem(reader, value, "only one of %s and %s can be given", names[side], names[side + 2]);
	else
		m->bounds[side] = aim__when_keep(reader, text);
	m->open[side] = (arg & BOUND_OPEN) != 0;
	if (text.ptr)
		narrow(reader, m, value, AIM__TYPE_NUMBER | AIM__TYPE_INTEGER);
	reader->target = m;
}

static void finish_range(aim__reader *reader, const matcher *m, aim_json_value value)
{
	aim__value_test *t;
	aim_str low = m->bounds[0];
	aim_str high = m->bounds[1];
	if (!low.ptr && !high.ptr)
		return;
	int order = low.ptr && high.ptr ? aim__number_compare(low, high) : -1;
	if (order > 0 || (order == 0 && (m->open[0] || m->open[1]))) {
		aim__read_problem(reader, value, "no number lies between these bounds: the condition could never hold");
		return;
	}
	aim__when *w = add_test(reader, m, AIM__WHEN_RANGE, &t);
	if (!w)
		return;
	t->low = low;
	t->high = high;
	w->flags |= (m->open[0] ? AIM__WHEN_ABOVE : 0) | (m->open[1] ? AIM__WHEN_BELOW : 0);
}

/* ---- the other tests ---- */

static void read_length(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	matcher *m = swap_in_draft(reader);
	aim__bounds b;
	aim__value_test *t;
	if (aim__bounds_read(reader, value, "length", 0, MAX_LENGTH, &b)) {
		narrow(reader, m, value, AIM__TYPE_STRING | AIM__TYPE_ARRAY | AIM__TYPE_OBJECT);
		if (add_test(reader, m, AIM__WHEN_LENGTH, &t)) {
			t->least = (uint64_t)b.min;
			t->most = b.max == MAX_LENGTH ? UINT64_MAX : (uint64_t)b.max;
		}
	}
	reader->target = m;
}

static void read_globs(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	matcher *m = swap_in_draft(reader);
	aim__texts list;
	aim__value_test *t;
	if (aim__when_patterns(reader, value, "glob", &list)) {
		narrow(reader, m, value, AIM__TYPE_STRING);
		if (add_test(reader, m, AIM__WHEN_GLOB, &t))
			t->texts = list;
	}
	reader->target = m;
}

/* Prefixes are plain texts: no character of theirs means anything else. */
static int take_prefixes(aim__reader *reader, aim_json_value list, aim__pattern *items, size_t n)
{
	size_t max = ((matcher *)reader->target)->draft->max_name;
	aim_json_value v = aim__read_list(reader, list, "prefix");
	for (size_t i = 0; i < n && v != AIM_JSON_NONE; i++, v = aim__read_list_next(reader, list, v)) {
		aim_str text = aim__json_string(reader->doc, v);
		if (text.len == 0 || text.len > max) {
			aim__read_problem(reader, v, "prefix must be a text of 1 to %zu bytes", max);
			return 0;
		}
		matcher *m = swap_in_draft(reader);
		items[i].text = aim__when_keep(reader, text);
		reader->target = m;
		if (!items[i].text.ptr)
			return 0;
	}
	return n > 0;
}

static void read_prefix(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	int is_list = aim__json_type(reader->doc, value) == AIM_JSON_ARRAY;
	size_t n = is_list ? aim_json_count(reader->doc, value) : 1;
	aim__value_test *t;
	matcher *m = swap_in_draft(reader);
	aim__pattern *items = aim__when_room(reader, n, sizeof *items);
	reader->target = m;
	if (!items || aim__read_list(reader, value, "prefix") == AIM_JSON_NONE || !take_prefixes(reader, value, items, n))
		return;
	reader->target = m->draft;
	narrow(reader, m, value, AIM__TYPE_STRING);
	if (add_test(reader, m, AIM__WHEN_PREFIX, &t)) {
		t->texts.items = items;
		t->texts.n = n;
	}
	reader->target = m;
}

static void read_present(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	matcher *m = swap_in_draft(reader);
	int32_t present = 0;
	aim__value_test *t;
	if (aim_json_bool(reader->doc, value, &present) != AIM_OK)
		aim__read_problem(reader, value, "present must be true or false");
	else if (!present && m->n_tests)
		aim__read_problem(reader, value, "a value that is not present has nothing to be tested");
	else {
		aim__when *w = add_test(reader, m, AIM__WHEN_PRESENT, &t);
		if (w)
			w->arg = (uint32_t)present;
		m->absent = !present;
	}
	reader->target = m;
}

static void read_type(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	matcher *m = swap_in_draft(reader);
	uint32_t mask = 0;
	size_t before = reader->n_problems;
	aim__value_test *t;
	for (aim_json_value v = aim__read_list(reader, value, "type"); v != AIM_JSON_NONE;
	     v = aim__read_list_next(reader, value, v)) {
		size_t i = aim__read_word(reader, v, "type", type_words, COUNT(type_words));
		mask |= i < COUNT(type_words) ? 1u << i : 0;
	}
	if (reader->n_problems == before && mask) {
		narrow(reader, m, value, mask & AIM__TYPE_NUMBER ? mask | AIM__TYPE_INTEGER : mask);
		aim__when *w = add_test(reader, m, AIM__WHEN_TYPE, &t);
		if (w)
			w->mask = mask;
	}
	reader->target = m;
}

static void read_regex(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	matcher *m = swap_in_draft(reader);
	aim_str text = aim__read_line(reader, value, "regex", MAX_REGEX_BYTES);
	uint32_t index = 0;
	aim_error err = {0};
	aim__value_test *t;
	if (text.ptr) {
		aim_status rc = aim__regex_add(m->draft->policy, text, (int)m->draft->folds, &index, &err);
		if (rc == AIM_E_NOMEM)
			aim__read_fail(reader, rc);
		else if (rc != AIM_OK)
			aim__read_problem(reader, value, "no engine takes this regular expression: %s", err.message);
		narrow(reader, m, value, AIM__TYPE_STRING);
		aim__when *w = rc == AIM_OK ? add_test(reader, m, AIM__WHEN_REGEX, &t) : NULL;
		if (w)
			w->arg = index;
	}
	reader->target = m;
}

static const aim__member matcher_members[] = {
	{"equals", read_scalars, 0, 0},
	{"in", read_scalars, 1, 0},
	{"min", read_bound, 0, 0},
	{"max", read_bound, BOUND_HIGH, 0},
	{"above", read_bound, BOUND_OPEN, 0},
	{"below", read_bound, BOUND_OPEN | BOUND_HIGH, 0},
	{"length", read_length, 0, 0},
	{"prefix", read_prefix, 0, 0},
	{"glob", read_globs, 0, 0},
	{"present", read_present, 0, 0},
	{"type", read_type, 0, 0},
	{"regex", read_regex, 0, 0},
};

static void read_matcher(aim__reader *reader, aim_json_value value, aim_str name, int is_fact)
{
	aim__rule_draft *draft = reader->target;
	matcher m = {.draft = draft, .is_fact = is_fact, .types = ANY_TYPE};
	m.name = aim__when_keep(reader, name);
	if (!m.name.ptr)
		return;
	if (aim__json_type(reader->doc, value) == AIM_JSON_OBJECT && aim_json_count(reader->doc, value) == 0) {
		aim__read_problem(reader, value, "must have at least one test, such as \"equals\"");
		return;
	}
	reader->target = &m;
	aim__read_object(reader, value, is_fact ? "the test of a fact" : "the test of an argument", matcher_members,
	                 COUNT(matcher_members));
	reader->target = draft;
	if (reader->failure == AIM_OK)
		finish_range(reader, &m, value);
}

int aim__is_pointer(aim_str text)
{
	if (text.len && text.ptr[0] != '/')
		return 0;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '~' && (i + 1 == text.len || (text.ptr[i + 1] != '0' && text.ptr[i + 1] != '1')))
			return 0;
	return 1;
}

void aim__values_read(aim__reader *reader, aim_json_value value, uint32_t is_fact)
{
	const char *what = is_fact ? "facts" : "args";
	size_t max = ((aim__rule_draft *)reader->target)->max_name;
	if (aim__json_type(reader->doc, value) != AIM_JSON_OBJECT || aim_json_count(reader->doc, value) == 0) {
		aim__read_problem(reader, value, "%s must be an object with at least one member", what);
		return;
	}
	for (aim_json_value v = aim__json_first(reader->doc, value); v != AIM_JSON_NONE && reader->failure == AIM_OK;
	     v = aim__json_next(reader->doc, v)) {
		aim_str name = aim__json_key(reader->doc, v);
		if (name.len > max || (is_fact && name.len == 0))
			aim__read_problem(reader, v, "a name in %s must have 1 to %zu bytes", what, max);
		else if (!is_fact && !aim__is_pointer(name))
			aim__read_problem(reader, v, "arguments are named by JSON Pointers, such as \"/path\"");
		else
			read_matcher(reader, v, name, (int)is_fact);
	}
}
