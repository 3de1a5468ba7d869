/** aim/mcpserver.h — the core of an MCP server that offers tools, in both protocol eras and without I/O: whole messages
 *  of a client go in, answers come out. An aim_mcpserver is immutable, an aim_mcpserver_session confined.
 *
 *      aim_mcpserver_options o = {.struct_size = sizeof o, .list = list_tools, .call = call_tool, .user = mine};
 *      o.name = aim_str_from("weather");
 *      o.version = aim_str_from("1.0");
 *      rc = aim_mcpserver_new(ctx, &o, &server, &err);
 *      rc = aim_mcpserver_session_new(server, &session, &err);       // one per connection
 *      while (read_line(&line)) {
 *          rc = aim_mcpserver_answer(session, NULL, line, out, &err);
 *          write_line(aim_buf_bytes(out));                           // nothing, after a notification
 *          aim_buf_clear(out);
 *      }
 *
 *  Eras. A request whose _meta names a protocol version is of 2026-07-28: it stands alone, and names the client's
 *  capabilities too. Every other is of 2024-11-05, 2025-03-26, 2025-06-18 or 2025-11-25, which begin with "initialize".
 *  Both may come over one connection. Batches are taken in 2025-03-26 only.
 *
 *  Messages are strict JSON: what two readers could take for different things is refused with an error.
 */
#ifndef AIM_MCPSERVER_H
#define AIM_MCPSERVER_H

#include <aim/buf.h>
#include <aim/decision.h>
#include <aim/json.h>

AIM_BEGIN_DECLS

typedef struct aim_mcpserver aim_mcpserver;
typedef struct aim_mcpserver_session aim_mcpserver_session;

#define AIM_MCPSERVER_MAX_BATCH 64u /**< messages in one batch. @since 0.1 */

/** JSON-RPC errors of answers. @since 0.1 */
#define AIM_MCPSERVER_PARSE_ERROR (-32700)
#define AIM_MCPSERVER_INVALID_REQUEST (-32600)
#define AIM_MCPSERVER_UNKNOWN_METHOD (-32601)
#define AIM_MCPSERVER_INVALID_PARAMS (-32602)
#define AIM_MCPSERVER_INTERNAL_ERROR (-32603)
#define AIM_MCPSERVER_NO_CAPABILITY (-32021)
#define AIM_MCPSERVER_BAD_VERSION (-32022)

/** Appends the tools as a JSON array of MCP tool objects (aim_gatedtool_list() does).
 *  @return AIM_OK; anything else is answered as an internal error. @since 0.1 */
typedef aim_status (*aim_mcpserver_list)(void *user, aim_buf *out, aim_error *err);

/** Calls a tool.
 *  @param caller     in, borrowed: as given to aim_mcpserver_answer(), may be NULL
 *  @param arguments  in, borrowed: a JSON object
 *  @param out        in/out, empty: append the result, one JSON value
 *  @return AIM_OK; AIM_E_NOT_FOUND: no such tool; AIM_E_MCPSERVER_CAPABILITY: the client lacks the capability that
 *          err.message names and nothing else; any other: the call failed, and err.message goes to the client in a
 *          result with isError. @since 0.1 */
typedef aim_status (*aim_mcpserver_call)(void *user, const aim_request *caller, aim_str tool, aim_bytes arguments,
                                         aim_buf *out, aim_error *err);

/** Text is UTF-8 and copied. @since 0.1 */
typedef struct aim_mcpserver_options {
	uint32_t struct_size;
	uint32_t flags;          /**< 0 */
	aim_str name;            /**< required */
	aim_str title;           /**< for people; may be empty */
	aim_str version;         /**< required: the server's own */
	aim_str instructions;    /**< how to use it; may be empty */
	aim_mcpserver_list list; /**< required; runs in aim_mcpserver_answer() */
	aim_mcpserver_call call; /**< required; the same */
	void *user;              /**< in, borrowed until the server is freed */
	uint64_t ttl_ms;         /**< how long clients of 2026-07-28 may remember the list of tools */
} aim_mcpserver_options;

/** @param options  in, borrowed     @param out  out, owned; aim_mcpserver_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UTF8, AIM_E_VERSION, AIM_E_NOMEM.  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpserver_new(aim_ctx *ctx, const aim_mcpserver_options *options,
                                                      aim_mcpserver **out, aim_error *err);

/** NULL is ignored. Its sessions must be gone.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_mcpserver_free(aim_mcpserver *server);

/** A connection, without a version yet.
 *  @param server  in, borrowed as long as the session     @param out  out, owned; aim_mcpserver_session_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM.  Threads: any (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpserver_session_new(const aim_mcpserver *server, aim_mcpserver_session **out,
                                                              aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_mcpserver_session_free(aim_mcpserver_session *session);

/** Says which version the messages that follow are of, where a header does (MCP-Protocol-Version). Empty: none again.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_MCPSERVER_VERSION (not one of the five)
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_mcpserver_session_set_version(aim_mcpserver_session *session, aim_str version, aim_error *err);

/** The version that was agreed on or set; {NULL, 0} when there is none.
 *  @return static text.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_mcpserver_session_version(const aim_mcpserver_session *session);

/** Answers one whole message, or a batch. Notifications and replies get no answer.
 *  @param caller   in, borrowed, may be NULL: who sent it, for the call function
 *  @param message  in, borrowed: without the line feed that ends it
 *  @param out      in/out: the answer is appended, without line feed; nothing, when there is none
 *  @return AIM_OK, also when the answer is an error (aim_mcpserver_session_error()); AIM_E_INVALID, AIM_E_NOMEM,
 *          AIM_E_LIMIT: then out is as it was
 *  Threads: confined.  Allocates: when message or answer are longer than any before.
 *  Source: JSON-RPC 2.0; MCP 2025-11-25 and 2026-07-28.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpserver_answer(aim_mcpserver_session *session, const aim_request *caller,
                                                         aim_bytes message, aim_buf *out, aim_error *err);

/** The error of the last answer, AIM_MCPSERVER_*; 0 when it was none, or a batch. HTTP hosts choose a status by it.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_mcpserver_session_error(const aim_mcpserver_session *session);

AIM_END_DECLS

#endif
