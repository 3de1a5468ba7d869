/** aim/guardhttp.h — the guard between an MCP client and server that speak Streamable HTTP. It has no HTTP of its
 *  own: the host reads requests, and gives the guard whole messages and the headers they came with.
 *
 *      aim_headers h = {.struct_size = sizeof h, .block = headers};      // of a POST
 *      uint32_t answer = 0;
 *      rc = aim_guard_request(guard, &h, body, &answer, &err);
 *      aim_bytes on = aim_guard_output(guard, AIM_GUARD_SERVER);          // to be sent on, or empty
 *      aim_bytes said = aim_guard_output(guard, AIM_GUARD_CLIENT);        // the guard's own answer, or empty
 *      …                                                                  // consume both, then
 *      rc = aim_guard_message(guard, AIM_GUARD_SERVER, reply, &err);      // the body, or the data of an event
 *
 *  Servers and everything between client and server may act on headers; the guard decides by the body. So both
 *  must say the same, or the request is refused with −32020 (MCP 2026-07-28, Streamable HTTP): the protocol
 *  version, Mcp-Method, Mcp-Name, and Mcp-Param-* for the parameters that a tool's schema marks with x-mcp-header.
 *  From 2026-07-28 on the first three must be there. In every version what is there must be true.
 *
 *  One guard is for one session (Mcp-Session-Id); where there are none, for requests whose ids differ.
 */
#ifndef AIM_GUARDHTTP_H
#define AIM_GUARDHTTP_H

#include <aim/guard.h>
#include <aim/headers.h>

AIM_BEGIN_DECLS

/** Takes one whole message, or a batch, that one side sent; unlike a line it may have line feeds in it. What
 *  there is for each side afterwards ends in a line feed of the guard's.
 *  @param from     in, AIM_GUARD_CLIENT or AIM_GUARD_SERVER
 *  @param message  in, borrowed for the call         @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_MCP_CLOSED after aim_guard_end(from).
 *          After a failure the message was not forwarded.
 *  Threads: confined.  Allocates: not once warm.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_guard_message(aim_guard *guard, uint32_t from, aim_bytes message,
                                                      aim_error *err);

/** The same for a message of the client that came in an HTTP request, whose headers must agree with it.
 *  @param headers   in, borrowed for the call: a block
 *  @param body      in, borrowed for the call
 *  @param out_http  out: the status code that suits what the guard answers: 200, 400 (malformed, or headers and
 *                   body differ), 404 (no such method, from 2026-07-28 on), 413 (longer than limits.max_message_bytes); 0 when it answers nothing
 *  @param err       out, may be NULL
 *  @return as aim_guard_message(); AIM_E_INVALID also for headers that are no block, or longer than
 *          AIM_HEADERS_MAX_BLOCK
 *  Threads: confined.  Allocates: only to read the schema of a tool with x-mcp-header.
 *  Source: MCP 2026-07-28, basic/transports/streamable-http.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_guard_request(aim_guard *guard, const aim_headers *headers, aim_bytes body,
                                                      uint32_t *out_http, aim_error *err);

/** A message of the client that was forwarded will not be answered: the server could not be reached, or its answer
 *  ended early. The requests in it that are still open are recorded as such and answered with an error.
 *  @param message  in, borrowed for the call: as it was forwarded      @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_JSON_* or AIM_E_UTF8 (it is no JSON), AIM_E_NOMEM, AIM_E_LIMIT, and what
 *          aim_audit_append() returns: then the client was answered all the same
 *  Threads: confined.  Allocates: not once warm.  @since 0.1 */
AIM_API aim_status aim_guard_abandon(aim_guard *guard, aim_bytes message, aim_error *err);

AIM_END_DECLS

#endif
