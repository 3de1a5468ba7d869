/* mcp/launch.h — when two ways to start or reach a server are the same. */
#ifndef AIM_MCP_LAUNCH_H
#define AIM_MCP_LAUNCH_H

#include "identity/launch.h"

#include <aim/buf.h>

/* Appends one word of a command line. */
aim_status aim__launch_add(aim_buf *words, aim_str word);
/* Scheme and host in lower case, no default port, no slash at the end, no fragment; out is cleared first. */
aim_status aim__launch_url(aim_buf *out, aim_str url);
/* SHA-256 of words or a URL that were normalised so. AIM_OK, AIM_E_CALLBACK. */
aim_status aim__launch_hash(const aim_buf *normal, uint32_t transport, uint8_t id[32]);

#endif
