/* enforce/reader.c — table-driven strict reading of JSON objects. Layer enforce; knows no format. */
#include "enforce/reader.h"

#include "base/diagnostics.h"
#include "base/error.h"
#include "base/format.h"

#include <string.h>

#define NAMES_SIZE 256u

void aim__read_problem(aim__reader *reader, aim_json_value value, const char *format, ...)
{
	aim_error problem = {0};
	va_list args;
	va_start(args, format);
	aim__vfail(&problem, AIM_E_POLICY, AIM_LAYER_ENFORCE, format, args);
	va_end(args);
	int first = reader->n_problems++ == 0;
	/* Finding a line counts from the start of the text, so only for problems somebody will see. */
	if (first || (reader->diagnostics && aim_diagnostics_dropped(reader->diagnostics) == 0))
		aim__json_error_at(reader->doc, value, &problem);
	if (first && reader->err)
		*reader->err = problem;
	aim__diagnostics_add(reader->diagnostics, &problem);
}

void aim__read_fail(aim__reader *reader, aim_status status)
{
	if (reader->failure == AIM_OK)
		reader->failure = aim__fail_plain(reader->err, status, AIM_LAYER_ENFORCE);
}

void aim__read_over_limit(aim__reader *reader, aim_json_value value, const char *what, size_t n,
                          size_t limit)
{
	aim_error problem = {0};
	reader->failure = aim__fail(&problem, AIM_E_LIMIT, AIM_LAYER_ENFORCE,
	                            "there are %zu %s; the limit is %zu", n, what, limit);
	aim__json_error_at(reader->doc, value, &problem);
	if (reader->err)
		*reader->err = problem;
	aim__diagnostics_add(reader->diagnostics, &problem);
}

aim_status aim__read_result(const aim__reader *reader)
{
	if (reader->failure != AIM_OK)
		return reader->failure;
	return reader->n_problems ? AIM_E_POLICY : AIM_OK;
}

static const aim__member *find_member(const aim__member *members, size_t n, aim_str name)
{
	for (size_t i = 0; i < n; i++)
		if (aim_str_equal(name, aim_str_from(members[i].name)))
			return &members[i];
	return NULL;
}

/* "id, effect, tools" */
static void list_names(char out[NAMES_SIZE], const aim__member *members, size_t n)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += aim__format(out + len, NAMES_SIZE - len, "%s%s", i ? ", " : "", members[i].name);
}

static void unknown_member(aim__reader *reader, aim_json_value value, const char *what,
                           const aim__member *members, size_t n)
{
	char names[NAMES_SIZE];
	list_names(names, members, n);
	aim_str key = aim__json_key(reader->doc, value);
	aim__read_problem(reader, value, "%s has no member '%.*s'; expected one of %s", what,
	                  AIM__STR(key), names);
}

void aim__read_object(aim__reader *reader, aim_json_value object, const char *what,
                      const aim__member *members, size_t n_members)
{
	uint64_t seen = 0;
	if (aim__json_type(reader->doc, object) != AIM_JSON_OBJECT) {
		aim__read_problem(reader, object, "%s must be an object", what);
		return;
	}
	for (aim_json_value v = aim__json_first(reader->doc, object); v != AIM_JSON_NONE;
	     v = aim__json_next(reader->doc, v)) {
		const aim__member *m = find_member(members, n_members, aim__json_key(reader->doc, v));
		if (!m) {
			unknown_member(reader, v, what, members, n_members);
			continue;
		}
		seen |= UINT64_C(1) << (m - members);
		m->read(reader, v, m->arg);
		if (reader->failure != AIM_OK)
			return;
	}
	for (size_t i = 0; i < n_members; i++)
		if (members[i].required && !(seen >> i & 1))
			aim__read_problem(reader, object, "%s must have a member '%s'", what, members[i].name);
}

int aim__read_int(aim__reader *reader, aim_json_value value, const char *what, int64_t min,
                  int64_t max, int64_t *out)
{
	int64_t n = 0;
	if (aim_json_int64(reader->doc, value, &n) == AIM_OK && n >= min && n <= max) {
		*out = n;
		return 1;
	}
	if (min == max)
		aim__read_problem(reader, value, "%s must be %lld", what, (long long)min);
	else
		aim__read_problem(reader, value, "%s must be a whole number from %lld to %lld", what,
		                  (long long)min, (long long)max);
	return 0;
}

static int has_control(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
			return 1;
	return 0;
}

aim_str aim__read_line(aim__reader *reader, aim_json_value value, const char *what, size_t max_len)
{
	aim_str text = aim__json_string(reader->doc, value);
	aim_str none = {NULL, 0};
	if (text.len >= 1 && text.len <= max_len && !has_control(text))
		return text;
	aim__read_problem(reader, value,
	                  "%s must be a text of 1 to %zu bytes without control characters", what,
	                  max_len);
	return none;
}

size_t aim__read_word(aim__reader *reader, aim_json_value value, const char *what,
                      const char *const *words, size_t n)
{
	aim_str text = aim__json_string(reader->doc, value);
	for (size_t i = 0; i < n; i++)
		if (text.ptr && aim_str_equal(text, aim_str_from(words[i])))
			return i;
	char names[NAMES_SIZE];
	size_t len = 0;
	names[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += aim__format(names + len, sizeof names - len, "%s\"%s\"", i ? ", " : "", words[i]);
	aim__read_problem(reader, value, "%s must be one of %s", what, names);
	return n;
}

aim_json_value aim__read_list(aim__reader *reader, aim_json_value value, const char *what)
{
	uint32_t type = aim__json_type(reader->doc, value);
	if (type == AIM_JSON_STRING)
		return value;
	if (type != AIM_JSON_ARRAY) {
		aim__read_problem(reader, value, "%s must be a text or a list of texts", what);
		return AIM_JSON_NONE;
	}
	aim_json_value first = aim__json_first(reader->doc, value);
	if (first == AIM_JSON_NONE)
		aim__read_problem(reader, value, "%s is an empty list: nothing could match it", what);
	return first;
}

aim_json_value aim__read_list_next(const aim__reader *reader, aim_json_value list,
                                   aim_json_value element)
{
	return element == list ? AIM_JSON_NONE : aim__json_next(reader->doc, element);
}
