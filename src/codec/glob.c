/* codec/glob.c — '*' and '?'. Layer codec; works on bytes alone. */
#include "codec/glob.h"

#include "base/format.h"
#include "codec/utf8.h"

/* Bytes of the character at i; one for a byte that begins no UTF-8 sequence. */
static size_t character_len(aim_str text, size_t i)
{
	size_t n = aim__utf8_sequence((const uint8_t *)text.ptr + i, text.len - i);
	return n ? n : 1;
}

static int same_byte(char a, char b, int folded)
{
	return a == b || (folded && aim__ascii_lower(a) == aim__ascii_lower(b));
}

/* Goes back to the latest '*' only: an earlier one could not match more than that one can. */
int aim__glob_match_within(aim_str pattern, aim_str text, int folded, uint64_t steps)
{
	size_t p = 0;
	size_t n = 0;
	size_t star = SIZE_MAX; /* behind the latest '*' */
	size_t star_text = 0;   /* where the text of that '*' ends */
	while (n < text.len) {
		if (steps-- == 0)
			return -1;
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = ++p;
			star_text = n;
		} else if (p < pattern.len && pattern.ptr[p] == '?') {
			n += character_len(text, n);
			p++;
		} else if (p < pattern.len && same_byte(pattern.ptr[p], text.ptr[n], folded)) {
			n++;
			p++;
		} else if (star != SIZE_MAX) {
			star_text += character_len(text, star_text);
			n = star_text;
			p = star;
		} else {
			return 0;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

int aim__glob_match(aim_str pattern, aim_str text, int folded)
{
	return aim__glob_match_within(pattern, text, folded, UINT64_MAX) == 1;
}
