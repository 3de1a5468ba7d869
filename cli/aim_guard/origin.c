/* cli/aim_guard/origin.c — who may ask: against pages that reach a server on this machine through a browser (DNS
 * rebinding; MCP, Streamable HTTP, security). */
#include "http.h"

#include "../common/loopback.h"

#include <string.h>
#include <strings.h>

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

int origin_is_allowed(const http *h, const char *host, const char *origin)
{
	if (h->is_loopback && (!host || !loopback_is_host(host)))
		return 0;
	if (!origin)
		return 1;
	return is_listed(h->p->options->allow_origin, origin) || (h->is_loopback && loopback_is_origin(origin));
}
