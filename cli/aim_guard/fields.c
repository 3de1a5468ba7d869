/* cli/aim_guard/fields.c — headers of a client that only one reading is possible of. The guard reads a body as UTF-8 and
 * sends the headers on as lines: whatever would make the server read another body, or other lines, is refused. */
#include "http.h"

#include <string.h>
#include <strings.h>

static int is_token_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* "Mcp_Name": servers that know headers as variables of an environment take it for Mcp-Name, which was compared. */
static int is_disguised(const char *name)
{
	static const char *const prefixes[] = {"mcp", "content", "transfer"};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t len = strlen(prefixes[i]);
		if (strncasecmp(name, prefixes[i], len) == 0 && (name[len] == '-' || name[len] == '_') && strchr(name, '_'))
			return 1;
	}
	return 0;
}

/* RFC 9110 §5.1 and §5.5. A space before the colon hides a name from those who look for it; a carriage return ends the
 * line for some readers. */
int field_is_good(const char *name, const char *value)
{
	if (!*name || is_disguised(name))
		return 0;
	for (; *name; name++)
		if (!is_token_byte(*name))
			return 0;
	for (; *value; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7F)
			return 0;
	return 1;
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t");
}

/* Behind text, without regard to case; NULL when it does not stand there. */
static const char *behind(const char *p, const char *text)
{
	size_t len = strlen(text);
	return strncasecmp(p, text, len) == 0 ? p + len : NULL;
}

/* application/json, maybe with charset=utf-8 (RFC 8259 §8.1 knows no other; some servers do, and would read other names
 * and values from the same bytes). */
int type_is_json(const char *type)
{
	const char *p = behind(type, "application/json");
	if (p && !*(p = skip_space(p)))
		return 1;
	if (!p || *p != ';' || !(p = behind(skip_space(p + 1), "charset=")))
		return 0;
	const char *quoted = behind(p, "\"utf-8\"");
	p = quoted ? quoted : behind(p, "utf-8");
	return p && !*skip_space(p);
}

int encoding_is_none(const char *encoding)
{
	return strcasecmp(encoding, "identity") == 0;
}
