/* cli/common/loopback.h — names of this machine, as requests over HTTP bring them. A page in a browser can send requests to
 * this machine under a name that it made point here; what it cannot do is choose Host and Origin (MCP, Streamable HTTP,
 * security). */
#ifndef CLI_LOOPBACK_H
#define CLI_LOOPBACK_H

/* 1 for "localhost", "127.0.0.1" or "[::1]", with or without a port. */
int loopback_is_host(const char *host);
/* 1 for http:// or https:// and such a host. */
int loopback_is_origin(const char *origin);

#endif
