/* assess/version_debian.c — versions of Debian packages: Debian Policy §5.6.12. Layer assess. */
#include "assess/version.h"

#include <string.h>

typedef struct parts {
	aim_str epoch, upstream, revision;
} parts;

static int is_of(aim_str text, const char *more)
{
	for (size_t i = 0; i < text.len; i++)
		if (!aim__is_digit(text.ptr[i]) && !aim__is_letter(text.ptr[i]) && (!text.ptr[i] || !strchr(more, text.ptr[i])))
			return 0;
	return 1;
}

/* An upstream version begins with a digit ("should"); others are not taken here. */
static int split(aim_str text, parts *p)
{
	*p = (parts){.upstream = text};
	const char *colon = text.ptr && text.len ? memchr(text.ptr, ':', text.len) : NULL;
	if (colon) {
		p->epoch = (aim_str){text.ptr, (size_t)(colon - text.ptr)};
		p->upstream = (aim_str){colon + 1, text.len - p->epoch.len - 1};
	}
	for (size_t i = p->upstream.len; i-- > 0;)
		if (p->upstream.ptr[i] == '-') {
			p->revision = (aim_str){p->upstream.ptr + i + 1, p->upstream.len - i - 1};
			p->upstream.len = i;
			break;
		}
	for (size_t i = 0; i < p->epoch.len; i++)
		if (!aim__is_digit(p->epoch.ptr[i]))
			return 0;
	return p->upstream.len > 0 && aim__is_digit(*p->upstream.ptr) && is_of(p->upstream, ".+~:-") &&
	       is_of(p->revision, ".+~") && (!colon || p->epoch.len > 0) && (!p->revision.ptr || p->revision.len > 0);
}

int aim__debian_valid(aim_str text)
{
	parts p;
	return split(text, &p);
}

/* "~" is below the end, letters are below all else. */
static int weight(aim_str text, size_t i)
{
	if (i >= text.len || aim__is_digit(text.ptr[i]))
		return 0;
	char c = text.ptr[i];
	return c == '~' ? -1 : aim__is_letter(c) ? c : (unsigned char)c + 256;
}

static size_t run(aim_str text, int digits)
{
	size_t n = 0;
	while (n < text.len && !!aim__is_digit(text.ptr[n]) == digits)
		n++;
	return n;
}

static aim_str take_run(aim_str *text, int digits)
{
	aim_str taken = {text->ptr, run(*text, digits)};
	if (taken.len)
		*text = (aim_str){text->ptr + taken.len, text->len - taken.len};
	return taken;
}

/* In turn: what is no number, then a number. */
static int order_part(aim_str a, aim_str b)
{
	while (a.len || b.len) {
		aim_str wa = take_run(&a, 0), wb = take_run(&b, 0);
		for (size_t i = 0; i < wa.len || i < wb.len; i++)
			if (weight(wa, i) != weight(wb, i))
				return weight(wa, i) < weight(wb, i) ? -1 : 1;
		wa = take_run(&a, 1);
		wb = take_run(&b, 1);
		int order = aim__digits_order(wa, wb);
		if (order)
			return order;
	}
	return 0;
}

int aim__debian_order(aim_str a, aim_str b)
{
	parts pa, pb;
	(void)split(a, &pa);
	(void)split(b, &pb);
	int order = aim__digits_order(pa.epoch, pb.epoch);
	if (order == 0)
		order = order_part(pa.upstream, pb.upstream);
	return order ? order : order_part(pa.revision, pb.revision);
}
