/* enforce/policy_duties.c — reading the obligations of a rule: what the host must do when the rule decides. Layer
 * enforce. */
#include "enforce/policy_condition.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_TEXTS 100u
#define MAX_CALLS 1000000
#define MAX_WINDOW_S 86400
#define TEXT_REDACT 0u /* by the number of the bit */
#define TEXT_LOG 1u
#define TEXT_NOTIFY 2u

typedef struct duties_draft {
	aim__rule_draft *rule;
	aim__duties *duties;
} duties_draft;

static int check_text(aim__reader *reader, aim_json_value value, aim_str text, uint32_t kind)
{
	if (kind != TEXT_REDACT)
		return 1;
	if (text.len && aim__is_pointer(text))
		return 1;
	aim__read_problem(reader, value, "what is redacted is named by JSON Pointers, such as \"/password\"");
	return 0;
}

static void take_texts(aim__reader *reader, aim_json_value list, uint32_t kind, aim_str *items, size_t n)
{
	static const char *const names[] = {"redact", "log", "notify"};
	duties_draft *draft = reader->target;
	aim_json_value v = aim__read_list(reader, list, names[kind]);
	size_t i = 0;
	for (; v != AIM_JSON_NONE && i < n; v = aim__read_list_next(reader, list, v)) {
		aim_str text = aim__read_line(reader, v, names[kind], draft->rule->max_name);
		if (!text.ptr || !check_text(reader, v, text, kind))
			return;
		reader->target = draft->rule;
		items[i] = aim__when_keep(reader, text);
		reader->target = draft;
		if (!items[i++].ptr)
			return;
	}
	draft->duties->mask |= 1u << kind;
	draft->duties->texts[kind].items = items;
	draft->duties->texts[kind].n = i;
}

static void read_texts(aim__reader *reader, aim_json_value value, uint32_t kind)
{
	duties_draft *draft = reader->target;
	size_t n = aim__json_type(reader->doc, value) == AIM_JSON_ARRAY ? aim_json_count(reader->doc, value) : 1;
	if (n > MAX_TEXTS) {
		aim__read_problem(reader, value, "an obligation lists %zu texts; the limit is %u", n, MAX_TEXTS);
		return;
	}
	reader->target = draft->rule;
	aim_str *items = aim__when_room(reader, n, sizeof *items);
	reader->target = draft;
	if (items)
		take_texts(reader, value, kind, items, n);
}

static void read_limit_number(aim__reader *reader, aim_json_value value, uint32_t is_window)
{
	duties_draft *draft = reader->target;
	int64_t n = 0;
	if (aim__read_int(reader, value, is_window ? "window_s" : "max", 1, is_window ? MAX_WINDOW_S : MAX_CALLS, &n))
		*(is_window ? &draft->duties->window_s : &draft->duties->max_calls) = (uint32_t)n;
}

static const aim__member limit_members[] = {{"max", read_limit_number, 0, 1}, {"window_s", read_limit_number, 1, 1}};

static void read_limit(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	duties_draft *draft = reader->target;
	draft->duties->mask |= AIM_OBLIGATION_RATE_LIMIT;
	aim__read_object(reader, value, "rate_limit", limit_members, COUNT(limit_members));
}

static const aim__member duty_members[] = {
	{"redact", read_texts, TEXT_REDACT, 0},
	{"log", read_texts, TEXT_LOG, 0},
	{"notify", read_texts, TEXT_NOTIFY, 0},
	{"rate_limit", read_limit, 0, 0},
};

void aim__duties_read(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *rule = reader->target;
	duties_draft draft = {rule, aim__when_room(reader, 1, sizeof(aim__duties))};
	if (!draft.duties)
		return;
	reader->target = &draft;
	aim__read_object(reader, value, "obligations", duty_members, COUNT(duty_members));
	reader->target = rule;
	if (draft.duties->mask == 0 && reader->n_problems == 0)
		aim__read_problem(reader, value, "obligations must have at least one member");
	rule->duties = draft.duties;
	rule->policy->has_duties = 1;
}
