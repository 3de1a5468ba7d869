/* enforce/pattern.c — names and patterns. Layer enforce; knows no policy, works on bytes alone. */
#include "enforce/pattern.h"

#include "base/format.h"
#include "codec/glob.h"
#include "codec/utf8.h"

#include <string.h>

size_t aim__name_fold(char *dst, size_t cap, aim_str name)
{
	size_t n = name.len < cap ? name.len : cap;
	for (size_t i = 0; i < n; i++)
		dst[i] = aim__ascii_lower(name.ptr[i]);
	return n;
}

int aim__name_is_folded(aim_str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] != aim__ascii_lower(name.ptr[i]))
			return 0;
	return 1;
}

static const char *byte_problem(uint8_t c)
{
	if (c < 0x20 || c == 0x7F)
		return "holds a control character";
	/* Signs of another pattern language: whoever writes them expects more than they would get. */
	if (c == '[' || c == ']' || c == '{' || c == '}' || c == '\\')
		return "holds one of [ ] { } \\, which have no meaning here; use * and ?";
	return NULL;
}

/* U+0080 … U+009F, the C1 controls, are C2 80 … C2 9F in UTF-8. */
static int is_c1_control(aim_str text, size_t i)
{
	return (uint8_t)text.ptr[i] == 0xC2 && i + 1 < text.len && (uint8_t)text.ptr[i + 1] < 0xA0;
}

const char *aim__pattern_problem(aim_str pattern, size_t max_len)
{
	if (pattern.len == 0)
		return "is empty";
	if (pattern.len > max_len)
		return "is longer than limits.max_name_bytes";
	for (size_t i = 0; i < pattern.len; i++) {
		const char *problem = byte_problem((uint8_t)pattern.ptr[i]);
		if (problem)
			return problem;
		if (is_c1_control(pattern, i))
			return "holds a control character";
		if (pattern.ptr[i] == '*' && i + 1 < pattern.len && pattern.ptr[i + 1] == '*')
			return "holds **, which means no more than *; write one";
	}
	return NULL;
}

size_t aim__pattern_prefix_len(aim_str pattern)
{
	size_t i = 0;
	while (i < pattern.len && pattern.ptr[i] != '*' && pattern.ptr[i] != '?')
		i++;
	return i;
}

int aim__pattern_is_glob(aim_str pattern)
{
	return aim__pattern_prefix_len(pattern) < pattern.len;
}

int aim__pattern_match(const aim__pattern *pattern, aim_str name, int folded)
{
	if (pattern->is_glob)
		return aim__glob_match(pattern->text, name, folded);
	if (pattern->text.len != name.len)
		return 0;
	return folded ? aim__ascii_equal_folded(pattern->text, name)
	              : memcmp(pattern->text.ptr, name.ptr, name.len) == 0;
}
