/* enforce/policy_condition.c — reading "when": all, any, not, and tests of what is known of a call. Layer enforce; tests
 * of single values are policy_match.c's.
 *
 * How texts compare follows from what a match does: where more matches mean fewer allowed calls, names that differ in
 * ASCII case only match too. That is so in rules that refuse, and turns around with every "not". */
#include "enforce/policy_condition.h"

#include <string.h>

#include <aim/flow.h>

#include "base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_TRUST_MICRO 1000000
#define MAX_WINDOW_S 86400
#define MAX_RATE 1000000

static aim__rule_draft *draft_of(aim__reader *reader)
{
	return reader->target;
}

aim__when *aim__when_add(aim__reader *reader, uint32_t op)
{
	aim__rule_draft *draft = draft_of(reader);
	aim_policy *policy = draft->policy;
	void *whens = policy->whens;
	aim_status rc = aim__grow(policy->ctx, &whens, &policy->cap_whens, policy->n_whens + 1, sizeof *policy->whens, 16,
	                          AIM__OPERAND_MAX);
	policy->whens = whens;
	if (rc != AIM_OK) {
		aim__read_fail(reader, rc);
		return NULL;
	}
	aim__when *w = &policy->whens[policy->n_whens++];
	memset(w, 0, sizeof *w);
	w->op = op;
	w->end = (uint32_t)policy->n_whens;
	w->flags = draft->folds ? AIM__WHEN_FOLDED : 0;
	return w;
}

void *aim__when_room(aim__reader *reader, size_t n, size_t item_size)
{
	void *room = aim__arena_array(&draft_of(reader)->policy->arena, n, item_size);
	if (!room)
		aim__read_fail(reader, AIM_E_NOMEM);
	else if (n)
		memset(room, 0, n * item_size);
	return room;
}

aim_str aim__when_keep(aim__reader *reader, aim_str text)
{
	aim_str copy = aim__arena_copy(&draft_of(reader)->policy->arena, text);
	if (!copy.ptr)
		aim__read_fail(reader, AIM_E_NOMEM);
	return copy;
}

static int keep_patterns(aim__reader *reader, const aim_str *list, size_t n, aim__texts *out)
{
	aim__pattern *items = aim__when_room(reader, n, sizeof *items);
	for (size_t i = 0; items && i < n; i++) {
		items[i].text = aim__when_keep(reader, list[i]);
		if (!items[i].text.ptr)
			return 0;
		items[i].is_glob = (uint32_t)aim__pattern_is_glob(list[i]);
	}
	out->items = items;
	out->n = n;
	return items != NULL;
}

int aim__when_patterns(aim__reader *reader, aim_json_value list, const char *what, aim__texts *out)
{
	int any;
	size_t n = aim__read_patterns(reader, list, what, &any);
	return n && keep_patterns(reader, draft_of(reader)->list, n, out);
}

static void add_texts(aim__reader *reader, uint32_t op, uint32_t arg, const aim__texts *list)
{
	aim__texts *kept = aim__when_room(reader, 1, sizeof *kept);
	aim__when *w = kept ? aim__when_add(reader, op) : NULL;
	if (!w)
		return;
	*kept = *list;
	w->arg = arg;
	w->with.texts = kept;
}

/* ---- names ---- */

static const char *const text_members[AIM__TEXT_COUNT] = {
	[AIM__TEXT_TOOL] = "tools",       [AIM__TEXT_AGENT] = "agents",           [AIM__TEXT_DID] = "agents",
	[AIM__TEXT_SERVER] = "servers",   [AIM__TEXT_RESOURCE] = "resources",     [AIM__TEXT_ACTION] = "action",
	[AIM__TEXT_AGENT_TYPE] = "agent_type", [AIM__TEXT_OWNER] = "owner",       [AIM__TEXT_STATUS] = "status",
	[AIM__TEXT_SESSION] = "session",
};

static void read_names(aim__reader *reader, aim_json_value value, uint32_t text)
{
	aim__texts list;
	if (aim__when_patterns(reader, value, text_members[text], &list))
		add_texts(reader, AIM__WHEN_NAME, text, &list);
}

/* Patterns that begin with "did:" are about the DID, all others about the id. */
static void read_agents(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__texts all;
	if (!aim__when_patterns(reader, value, "agents", &all))
		return;
	aim__pattern *items = aim__when_room(reader, all.n, sizeof *items);
	size_t n_dids = 0;
	size_t n_ids = 0;
	for (size_t i = 0; items && i < all.n; i++) {
		int is_did = all.items[i].text.len >= 4 && memcmp(all.items[i].text.ptr, "did:", 4) == 0;
		items[is_did ? n_dids++ : all.n - ++n_ids] = all.items[i];
	}
	if (!items)
		return;
	aim__texts dids = {items, n_dids};
	aim__texts ids = {items + n_dids, n_ids};
	uint32_t first = (uint32_t)draft_of(reader)->policy->n_whens;
	if (n_dids && n_ids && !aim__when_add(reader, AIM__WHEN_ANY))
		return;
	if (n_dids)
		add_texts(reader, AIM__WHEN_NAME, AIM__TEXT_DID, &dids);
	if (n_ids)
		add_texts(reader, AIM__WHEN_NAME, AIM__TEXT_AGENT, &ids);
	if (reader->failure == AIM_OK)
		draft_of(reader)->policy->whens[first].end = (uint32_t)draft_of(reader)->policy->n_whens;
}

static void read_each(aim__reader *reader, aim_json_value value, uint32_t op)
{
	aim__texts list;
	if (aim__when_patterns(reader, value, op == AIM__WHEN_TAG ? "tags" : "capabilities", &list))
		add_texts(reader, op, 0, &list);
}

static void read_missing(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	int32_t missing = 0;
	if (aim_json_bool(reader->doc, value, &missing) != AIM_OK) {
		aim__read_problem(reader, value, "capabilities_missing must be true or false");
		return;
	}
	aim__when *w = aim__when_add(reader, AIM__WHEN_LACKS);
	if (w)
		w->arg = (uint32_t)missing;
}

/* ---- numbers and levels ---- */

typedef struct bounds_draft {
	const char *what;
	int64_t limits[2];
	int64_t values[2]; /* min, max */
	int has[2];
} bounds_draft;

static void read_bound(aim__reader *reader, aim_json_value value, uint32_t which)
{
	bounds_draft *b = reader->target;
	b->has[which] = 1;
	aim__read_int(reader, value, which ? "max" : "min", b->limits[0], b->limits[1], &b->values[which]);
}

static const aim__member bounds_members[] = {{"min", read_bound, 0, 0}, {"max", read_bound, 1, 0}};

int aim__bounds_read(aim__reader *reader, aim_json_value value, const char *what, int64_t low, int64_t high,
                     aim__bounds *out)
{
	bounds_draft b = {what, {low, high}, {low, high}, {0, 0}};
	void *target = reader->target;
	size_t before = reader->n_problems;
	reader->target = &b;
	aim__read_object(reader, value, what, bounds_members, COUNT(bounds_members));
	reader->target = target;
	if (reader->n_problems != before || reader->failure != AIM_OK)
		return 0;
	if (!b.has[0] && !b.has[1])
		aim__read_problem(reader, value, "%s must have a member 'min' or 'max'", what);
	else if (b.values[0] > b.values[1])
		aim__read_problem(reader, value, "%s: min %lld is above max %lld: the condition could never hold", what,
		                  (long long)b.values[0], (long long)b.values[1]);
	out->min = b.values[0];
	out->max = b.values[1];
	return reader->n_problems == before;
}

static void add_range(aim__reader *reader, uint32_t number, int64_t low, int64_t high)
{
	aim__range64 *range = aim__when_room(reader, 1, sizeof *range);
	aim__when *w = range ? aim__when_add(reader, AIM__WHEN_NUMBER) : NULL;
	if (!w)
		return;
	range->low = low;
	range->high = high;
	w->arg = number;
	w->with.range = range;
}

static void read_number(aim__reader *reader, aim_json_value value, uint32_t number)
{
	static const char *const what[] = {"trust", "attestations", "confidence"};
	aim__bounds b;
	int64_t high = number == AIM__NUMBER_ATTESTATIONS ? INT32_MAX : MAX_TRUST_MICRO;
	if (aim__bounds_read(reader, value, what[number], 0, high, &b))
		add_range(reader, number, b.min, b.max);
}

static const char *const risk_words[] = {"low", "medium", "high", "critical"};
static const char *const drift_words[] = {"none", "open", "critical"};
static const char *const scan_words[] = {"clean", "info", "warning", "critical"};
static const char *const label_words[] = {"private_data", "untrusted_content", "external_send"};
static const char *const signal_words[] = {"unusual_activity", "unauthorized_access", "auth_failure",
                                           "data_exfiltration"};
static const char *const tier_words[] = {"untrusted", "probationary", "standard", "trusted", "verified_partner"};
static const char *const band_words[] = {"poor", "fair", "good", "excellent"};

typedef struct word_list {
	const char *what;
	const char *const *words;
	size_t n;
} word_list;

#define WORDS(what, words) {what, words, COUNT(words)}
static const word_list level_lists[] = {
	[AIM__LEVEL_RISK] = WORDS("risk", risk_words),
	[AIM__LEVEL_DRIFT] = WORDS("drift", drift_words),
	[AIM__LEVEL_SCAN] = WORDS("scan", scan_words),
};
static const word_list bit_lists[] = {
	[AIM__BITS_LABELS] = WORDS("labels", label_words),
	[AIM__BITS_SIGNALS] = WORDS("signals", signal_words),
};

/* Bit i: word i is listed. 0 after a problem. */
static uint32_t read_words(aim__reader *reader, aim_json_value list, const word_list *words)
{
	uint32_t mask = 0;
	size_t before = reader->n_problems;
	for (aim_json_value v = aim__read_list(reader, list, words->what); v != AIM_JSON_NONE;
	     v = aim__read_list_next(reader, list, v)) {
		size_t i = aim__read_word(reader, v, words->what, words->words, words->n);
		if (i < words->n)
			mask |= 1u << i;
	}
	return reader->n_problems == before ? mask : 0;
}

static void read_level(aim__reader *reader, aim_json_value value, uint32_t level)
{
	uint32_t mask = read_words(reader, value, &level_lists[level]);
	aim__when *w = mask ? aim__when_add(reader, AIM__WHEN_LEVEL) : NULL;
	if (!w)
		return;
	w->arg = level;
	w->mask = mask << 1; /* 0 is unknown */
}

static void read_bits(aim__reader *reader, aim_json_value value, uint32_t bits)
{
	uint32_t mask = read_words(reader, value, &bit_lists[bits]);
	aim__when *w = mask ? aim__when_add(reader, AIM__WHEN_BITS) : NULL;
	if (!w)
		return;
	w->arg = bits;
	w->mask = mask;
}

/* Tiers and bands are ranges of the trust score; each begins where the one before ends. */
static void read_steps(aim__reader *reader, aim_json_value value, uint32_t is_band)
{
	static const int64_t tiers[] = {0, 300000, 500000, 700000, 900000, MAX_TRUST_MICRO + 1};
	static const int64_t bands[] = {0, 700000, 800000, 950000, MAX_TRUST_MICRO + 1};
	const word_list words = {is_band ? "band" : "tier", is_band ? band_words : tier_words,
	                         is_band ? COUNT(band_words) : COUNT(tier_words)};
	const int64_t *from = is_band ? bands : tiers;
	uint32_t mask = read_words(reader, value, &words);
	aim_policy *policy = draft_of(reader)->policy;
	uint32_t first = (uint32_t)policy->n_whens;
	if (!mask || !aim__when_add(reader, AIM__WHEN_ANY))
		return;
	for (size_t i = 0; i < words.n && reader->failure == AIM_OK; i++)
		if (mask >> i & 1)
			add_range(reader, AIM__NUMBER_TRUST, from[i], from[i + 1] - 1);
	policy->whens[first].end = (uint32_t)policy->n_whens;
}

/* ---- time ---- */

#define HAS_FROM 1u
#define HAS_TO 2u
#define HAS_DAYS 4u

typedef struct time_draft {
	aim__time_test test;
	uint32_t has;
} time_draft;

static int two_digits(const char *p, uint32_t max, uint32_t *out)
{
	uint32_t tens = (uint32_t)(uint8_t)p[0] - '0';
	uint32_t ones = (uint32_t)(uint8_t)p[1] - '0';
	*out = tens * 10 + ones;
	return tens <= 9 && ones <= 9 && *out <= max;
}

/* "hh:mm" */
static int read_clock(aim_str text, uint32_t max_hour, uint32_t *out_min)
{
	uint32_t hour;
	uint32_t minute;
	if (text.len != 5 || text.ptr[2] != ':' || !two_digits(text.ptr, max_hour, &hour) ||
	    !two_digits(text.ptr + 3, 59, &minute))
		return 0;
	*out_min = hour * 60 + minute;
	return 1;
}

static void read_hour(aim__reader *reader, aim_json_value value, uint32_t is_to)
{
	time_draft *t = reader->target;
	t->has |= is_to ? HAS_TO : HAS_FROM;
	uint32_t *at = is_to ? &t->test.to_min : &t->test.from_min;
	if (!read_clock(aim__json_string(reader->doc, value), 24, at) || *at > 1440 || (!is_to && *at == 1440))
		aim__read_problem(reader, value, "a time of the day must be a text from \"00:00\" to \"%s\"",
		                  is_to ? "24:00" : "23:59");
}

static void read_days(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	static const char *const day_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	static const word_list words = WORDS("days", day_words);
	(void)arg;
	time_draft *t = reader->target;
	t->has |= HAS_DAYS;
	t->test.days = read_words(reader, value, &words);
}

static void read_offset(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	time_draft *t = reader->target;
	aim_str text = aim__json_string(reader->doc, value);
	uint32_t minutes = 0;
	aim_str clock = {text.ptr ? text.ptr + 1 : NULL, text.len ? text.len - 1 : 0};
	int good = text.len == 6 && (text.ptr[0] == '+' || text.ptr[0] == '-') && read_clock(clock, 14, &minutes);
	if (!good && !aim_str_equal(text, aim_str_from("Z")))
		aim__read_problem(reader, value, "utc_offset must be \"Z\", or a text such as \"+01:00\"");
	t->test.offset_min = good && text.ptr[0] == '-' ? -(int32_t)minutes : (int32_t)minutes;
}

static const aim__member time_members[] = {
	{"from", read_hour, 0, 0},
	{"to", read_hour, 1, 0},
	{"days", read_days, 0, 0},
	{"utc_offset", read_offset, 0, 1},
};

static void read_time(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	time_draft t = {{0, 1440, 127, 0}, 0};
	aim__rule_draft *draft = draft_of(reader);
	size_t before = reader->n_problems;
	reader->target = &t;
	aim__read_object(reader, value, "time", time_members, COUNT(time_members));
	reader->target = draft;
	if (reader->n_problems != before || reader->failure != AIM_OK)
		return;
	if (t.has == 0 || (t.has & (HAS_FROM | HAS_TO)) == HAS_FROM || (t.has & (HAS_FROM | HAS_TO)) == HAS_TO) {
		aim__read_problem(reader, value, "time must have 'from' and 'to', 'days', or all three");
		return;
	}
	if (t.test.from_min == t.test.to_min) {
		aim__read_problem(reader, value, "time begins when it ends: the condition could never hold");
		return;
	}
	aim__time_test *test = aim__when_room(reader, 1, sizeof *test);
	aim__when *w = test ? aim__when_add(reader, AIM__WHEN_TIME) : NULL;
	if (!w)
		return;
	*test = t.test;
	w->with.time = test;
	draft->policy->asks |= AIM__ASKS_TIME;
}

/* ---- rates ---- */

typedef struct rate_draft {
	int64_t window_s;
	int64_t least;
	uint32_t per;
} rate_draft;

static void read_rate_number(aim__reader *reader, aim_json_value value, uint32_t is_window)
{
	rate_draft *r = reader->target;
	if (is_window)
		aim__read_int(reader, value, "window_s", 1, MAX_WINDOW_S, &r->window_s);
	else
		aim__read_int(reader, value, "at_least", 1, MAX_RATE, &r->least);
}

static void read_per(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	static const char *const per_words[] = {"agent", "tool", "server", "session", "did"};
	static const word_list words = WORDS("per", per_words);
	(void)arg;
	rate_draft *r = reader->target;
	r->per = read_words(reader, value, &words);
}

static const aim__member rate_members[] = {
	{"at_least", read_rate_number, 0, 1},
	{"window_s", read_rate_number, 1, 1},
	{"per", read_per, 0, 1},
};

/* Counted once however many rules ask. */
static int add_counter(aim__reader *reader, aim_json_value value, const aim__rate_test *test)
{
	aim_policy *policy = draft_of(reader)->policy;
	for (uint32_t i = 0; i < policy->n_counters; i++)
		if (policy->counters[i].per == test->per && policy->counters[i].window_us == test->window_us)
			return 1;
	if (policy->n_counters == AIM__COUNTERS_MAX) {
		aim__read_problem(reader, value, "rates are counted in more than %u ways", AIM__COUNTERS_MAX);
		return 0;
	}
	policy->counters[policy->n_counters++] = *test;
	return 1;
}

static void read_rate(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	rate_draft r = {0, 0, 0};
	aim__rule_draft *draft = draft_of(reader);
	size_t before = reader->n_problems;
	reader->target = &r;
	aim__read_object(reader, value, "rate", rate_members, COUNT(rate_members));
	reader->target = draft;
	if (reader->n_problems != before || reader->failure != AIM_OK)
		return;
	aim__rate_test *test = aim__when_room(reader, 1, sizeof *test);
	aim__when *w = test ? aim__when_add(reader, AIM__WHEN_RATE) : NULL;
	if (!w)
		return;
	test->window_us = r.window_s * 1000000;
	test->least = r.least;
	test->per = r.per;
	w->with.rate = test;
	draft->policy->asks |= AIM__ASKS_TIME;
	add_counter(reader, value, test);
}

/* ---- trees ---- */

static void read_condition(aim__reader *reader, aim_json_value value);

static void read_group(aim__reader *reader, aim_json_value list, uint32_t op)
{
	aim_policy *policy = draft_of(reader)->policy;
	aim_json_value v = aim__json_first(reader->doc, list);
	if (aim__json_type(reader->doc, list) != AIM_JSON_ARRAY || v == AIM_JSON_NONE) {
		aim__read_problem(reader, list, "%s must be a list of conditions, at least one",
		                  op == AIM__WHEN_ALL ? "all" : "any");
		return;
	}
	uint32_t first = (uint32_t)policy->n_whens;
	if (!aim__when_add(reader, op))
		return;
	for (; v != AIM_JSON_NONE && reader->failure == AIM_OK; v = aim__json_next(reader->doc, v))
		read_condition(reader, v);
	policy->whens[first].end = (uint32_t)policy->n_whens;
}

static void read_not(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	uint32_t first = (uint32_t)draft->policy->n_whens;
	if (!aim__when_add(reader, AIM__WHEN_NOT))
		return;
	draft->folds = !draft->folds;
	read_condition(reader, value);
	draft->folds = !draft->folds;
	draft->policy->whens[first].end = (uint32_t)draft->policy->n_whens;
}

static const aim__member condition_members[] = {
	{"all", read_group, AIM__WHEN_ALL, 0},
	{"any", read_group, AIM__WHEN_ANY, 0},
	{"not", read_not, 0, 0},
	{"tools", read_names, AIM__TEXT_TOOL, 0},
	{"servers", read_names, AIM__TEXT_SERVER, 0},
	{"agents", read_agents, 0, 0},
	{"resources", read_names, AIM__TEXT_RESOURCE, 0},
	{"action", read_names, AIM__TEXT_ACTION, 0},
	{"agent_type", read_names, AIM__TEXT_AGENT_TYPE, 0},
	{"owner", read_names, AIM__TEXT_OWNER, 0},
	{"status", read_names, AIM__TEXT_STATUS, 0},
	{"session", read_names, AIM__TEXT_SESSION, 0},
	{"tags", read_each, AIM__WHEN_TAG, 0},
	{"capabilities", read_each, AIM__WHEN_HOLDS, 0},
	{"capabilities_missing", read_missing, 0, 0},
	{"trust", read_number, AIM__NUMBER_TRUST, 0},
	{"tier", read_steps, 0, 0},
	{"band", read_steps, 1, 0},
	{"attestations", read_number, AIM__NUMBER_ATTESTATIONS, 0},
	{"confidence", read_number, AIM__NUMBER_CONFIDENCE, 0},
	{"risk", read_level, AIM__LEVEL_RISK, 0},
	{"drift", read_level, AIM__LEVEL_DRIFT, 0},
	{"scan", read_level, AIM__LEVEL_SCAN, 0},
	{"labels", read_bits, AIM__BITS_LABELS, 0},
	{"signals", read_bits, AIM__BITS_SIGNALS, 0},
	{"time", read_time, 0, 0},
	{"rate", read_rate, 0, 0},
	{"args", aim__values_read, 0, 0},
	{"facts", aim__values_read, 1, 0},
};

/* Several members must all hold. */
static void read_condition(aim__reader *reader, aim_json_value value)
{
	aim__rule_draft *draft = draft_of(reader);
	if (draft->depth == AIM__WHEN_DEPTH_MAX) {
		aim__read_problem(reader, value, "conditions are nested more than %u deep", AIM__WHEN_DEPTH_MAX);
		return;
	}
	if (aim__json_type(reader->doc, value) == AIM_JSON_OBJECT && aim_json_count(reader->doc, value) == 0) {
		aim__read_problem(reader, value, "a condition must have a member");
		return;
	}
	uint32_t first = (uint32_t)draft->policy->n_whens;
	if (!aim__when_add(reader, AIM__WHEN_ALL))
		return;
	draft->depth++;
	aim__read_object(reader, value, "a condition", condition_members, COUNT(condition_members));
	draft->depth--;
	draft->policy->whens[first].end = (uint32_t)draft->policy->n_whens;
}

void aim__when_read(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	uint32_t first = (uint32_t)draft->policy->n_whens;
	draft->folds = draft->effect != AIM_DECISION_ALLOW;
	draft->depth = 0;
	read_condition(reader, value);
	if (reader->failure == AIM_OK)
		aim__rule_condition(reader, aim__condition(AIM__OP_WHEN, 0, first));
}
