/* cli/aim_guard/origin.c — who may ask: against pages that reach a server on this machine through a browser (DNS
 * rebinding; MCP, Streamable HTTP, security). */
#include "http.h"

#include <string.h>
#include <strings.h>

static int same(const char *text, size_t len, const char *expected)
{
	return len == strlen(expected) && strncasecmp(text, expected, len) == 0;
}

/* Of "host", "host:port", "[::1]:port". */
static int is_loopback_host(const char *host)
{
	size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (len > strlen(host))
		return 0;
	const char *rest = host + len;
	if (rest[0] && (rest[0] != ':' || rest[1 + strspn(rest + 1, "0123456789")]))
		return 0;
	return same(host, len, "localhost") || same(host, len, "127.0.0.1") || same(host, len, "[::1]");
}

static int is_listed(const char *list, const char *origin)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");
		if (len == strlen(origin) && strncasecmp(list, origin, len) == 0)
			return 1;
		list += len + (list[len] == ',');
	}
	return 0;
}

static int is_loopback_origin(const char *origin)
{
	const char *host = NULL;
	if (strncasecmp(origin, "http://", 7) == 0)
		host = origin + 7;
	else if (strncasecmp(origin, "https://", 8) == 0)
		host = origin + 8;
	return host && is_loopback_host(host);
}

int origin_is_allowed(const http *h, const char *host, const char *origin)
{
	if (h->is_loopback && (!host || !is_loopback_host(host)))
		return 0;
	if (!origin)
		return 1;
	return is_listed(h->p->options->allow_origin, origin) || (h->is_loopback && is_loopback_origin(origin));
}
