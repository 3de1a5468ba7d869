/* mcp/http.h — the headers of the request in work, held against its messages. */
#ifndef AIM_MCP_HTTP_H
#define AIM_MCP_HTTP_H

#include "mcp/message.h"

struct aim_guard;

/* MCP 2026-07-28, Streamable HTTP: headers and body differ. */
#define AIM__RPC_HEADER_MISMATCH (-32020)
/* JSON-RPC 2.0 §5.1, internal error: the server is gone, or gave something else than an answer. */
#define AIM__RPC_NO_ANSWER (-32603)

/* NULL when the headers say what the message says; else a stable code, and in *out_rpc what to answer. Also NULL when
 * the message did not come by HTTP. */
const char *aim__http_problem(struct aim_guard *guard, const aim__message *message, int32_t *out_rpc);

#endif
