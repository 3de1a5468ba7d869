/* cli/common/loopback.c — names of this machine. */
#include "loopback.h"

#include <string.h>
#include <strings.h>

int loopback_is_host(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i]);
		if (strncasecmp(host, names[i], len) != 0)
			continue;
		const char *rest = host + len;
		if (*rest == 0 || (*rest == ':' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1)))
			return 1;
	}
	return 0;
}

int loopback_is_origin(const char *origin)
{
	if (strncmp(origin, "http://", 7) == 0)
		return loopback_is_host(origin + 7);
	return strncmp(origin, "https://", 8) == 0 && loopback_is_host(origin + 8);
}
