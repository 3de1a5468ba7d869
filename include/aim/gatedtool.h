/** aim/gatedtool.h — tools of your own behind their gate: a tool is registered with what its callers must bring, and
 *  its handler runs only for callers who bring it. An aim_gatedtool_set is locked, an aim_gatedtool_call confined.
 *
 *      aim_gatedtool_options o = {.struct_size = sizeof o, .min_trust = 400};
 *      aim_gatedtool_spec sql = {.struct_size = sizeof sql, .flags = AIM_GATEDTOOL_MIN_TRUST, .min_trust = 600};
 *      sql.name = aim_str_from("sql_query");
 *      sql.required_capability = aim_str_from("use:sql");
 *      sql.handler = run_query;
 *      rc = aim_gatedtool_new(ctx, &o, &set, &err);
 *      rc = aim_gatedtool_register(set, &sql, &err);
 *      if (aim_gatedtool_invoke(set, &request, arguments, call, &err) == AIM_OK)
 *          use(aim_gatedtool_call_result(call));
 *      else
 *          refuse(aim_gatedtool_call_error(call));          // "Insufficient trust score: 300 < 600"
 *
 *  The stages, in order; the first that refuses decides: the arguments are at most 1 MiB → the tool exists → the
 *  caller is who it says (when there is an identity callback) → trust reaches the tool's minimum, else the set's →
 *  the required capability is held → a human stands for the caller, when the tool asks for it → the arguments are an
 *  object → the breaker is closed. Then the members that the tool's schema does not name are taken out of the
 *  arguments, and the handler runs. A call that was refused is no failure of the tool.
 */
#ifndef AIM_GATEDTOOL_H
#define AIM_GATEDTOOL_H

#include <aim/audit.h>
#include <aim/breaker.h>
#include <aim/decision.h>
#include <aim/json.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

typedef struct aim_gatedtool_set aim_gatedtool_set;
typedef struct aim_gatedtool_call aim_gatedtool_call;

#define AIM_GATEDTOOL_MAX_ARGUMENTS 1048576u /**< bytes of the arguments of one call. @since 0.1 */
#define AIM_GATEDTOOL_MAX_DESCRIPTION 1000u  /**< characters of a description; the rest is cut. @since 0.1 */
#define AIM_GATEDTOOL_MAX_NAME 128u          /**< bytes of a name. @since 0.1 */

/** aim_gatedtool_spec.flags. @since 0.1 */
#define AIM_GATEDTOOL_MIN_TRUST 1u /**< min_trust is set: 0 means 0; without it, the set's default holds */
#define AIM_GATEDTOOL_SPONSOR 2u   /**< a human must stand for the caller */

/** Who the caller is. 0: nobody looked. @since 0.1 */
#define AIM_GATEDTOOL_IDENTITY_VERIFIED 1u
#define AIM_GATEDTOOL_IDENTITY_REFUSED 2u

/** What an identity callback found. @since 0.1 */
typedef struct aim_gatedtool_caller {
	uint32_t struct_size;
	uint32_t flags;     /**< 0 */
	uint32_t identity;  /**< AIM_GATEDTOOL_IDENTITY_*; 0 counts as refused */
	uint32_t sponsored; /**< 1: a human is known to stand for the caller; counts only without a registry */
} aim_gatedtool_caller;

/** The bridge to whoever knows callers: says whether the caller of a request is who it says. Runs outside the set's
 *  lock, maybe on several threads at once.
 *  @param out  in/out, zeroed
 *  @return AIM_OK; anything else refuses the call. @since 0.1 */
typedef aim_status (*aim_gatedtool_identify)(void *user, const aim_request *request, aim_gatedtool_caller *out,
                                             aim_error *err);

/** The tool itself. Runs outside the set's lock, maybe on several threads at once.
 *  @param request    in, borrowed: who calls
 *  @param arguments  in, borrowed: an object, without the members that the schema does not name
 *  @param out        in/out, empty: append the result, one JSON value
 *  @return AIM_OK when it succeeded; what it says in err is the call's error otherwise. @since 0.1 */
typedef aim_status (*aim_gatedtool_handler)(void *user, const aim_request *request, const aim_json *arguments,
                                            aim_buf *out, aim_error *err);

/** @since 0.1 */
typedef struct aim_gatedtool_options {
	uint32_t struct_size;
	uint32_t flags;                  /**< 0 */
	uint32_t min_trust;              /**< 0 … 1 000, for tools that set none */
	uint32_t breaker_failures;       /**< failures in a row that open a tool's breaker; 0: 5 */
	uint32_t breaker_open_ms;        /**< how long it stays open; 0: 60 000 */
	uint32_t reserved;               /**< 0 */
	aim_audit *audit;                /**< in, kept until the set is freed; may be NULL */
	aim_registry *registry;          /**< in, kept: where sponsors are looked up; may be NULL */
	aim_gatedtool_identify identify; /**< may be NULL: identities are not looked at */
	void *identify_user;             /**< in, borrowed until the set is freed */
} aim_gatedtool_options;

/** One tool. Text is UTF-8 and copied. @since 0.1 */
typedef struct aim_gatedtool_spec {
	uint32_t struct_size;
	uint32_t flags;                /**< AIM_GATEDTOOL_MIN_TRUST, AIM_GATEDTOOL_SPONSOR */
	aim_str name;                  /**< required: 1 to 128 of [A-Za-z0-9_.-] */
	aim_str description;           /**< control characters are taken out, then 1 000 characters are kept */
	aim_bytes input_schema;        /**< a JSON Schema of an object; empty: any object */
	aim_bytes annotations;         /**< MCP's hints as a JSON object; empty: none */
	aim_str required_capability;   /**< "use:sql"; empty: none */
	uint32_t min_trust;            /**< 0 … 1 000 */
	uint32_t reserved;             /**< 0 */
	aim_gatedtool_handler handler; /**< required */
	void *user;                    /**< in, passed to handler */
	void (*destroy)(void *user);   /**< may be NULL; runs exactly once, also when registering fails */
} aim_gatedtool_spec;

/** An empty set.
 *  @param options  in, borrowed, NULL for all defaults     @param out  out, owned; aim_gatedtool_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM.  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gatedtool_new(aim_ctx *ctx, const aim_gatedtool_options *options,
                                                      aim_gatedtool_set **out, aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_gatedtool_free(aim_gatedtool_set *set);

/** Registers a tool. A name that differs from another only in ASCII case is taken: models mix them up.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_EXISTS, AIM_E_ID_CAPABILITY (required_capability is none, or has a wildcard),
 *          AIM_E_ASSESS_DEFINITION (input_schema or annotations is no object, or properties is none), AIM_E_VERSION,
 *          AIM_E_UTF8, AIM_E_LIMIT (limits.max_tools), AIM_E_NOMEM, or aim_json_parse()'s
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gatedtool_register(aim_gatedtool_set *set, const aim_gatedtool_spec *spec,
                                                           aim_error *err);

/** Takes a tool away. Calls of it that run go on; its destroy runs behind the last of them.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_gatedtool_remove(aim_gatedtool_set *set, aim_str name, aim_error *err);

/** Appends the tools as a JSON array of MCP tool objects {name, description, inputSchema, annotations, x-agentmesh
 *  {minTrustScore, requiredCapability, requireHumanSponsor}}, sorted by name.
 *  @param out  in/out, appended to     @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: locked (out: confined).  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gatedtool_list(aim_gatedtool_set *set, aim_buf *out, aim_error *err);

/** A record of calls, used again and again; a new one says that nothing was called.
 *  @param out  out, owned; aim_gatedtool_call_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_RANDOM.  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gatedtool_call_new(aim_ctx *ctx, aim_gatedtool_call **out, aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_gatedtool_call_free(aim_gatedtool_call *call);

/** Passes a call through the stages and, when all let it, through the tool's handler, which then runs exactly once.
 *  Reads of the request tool, did, agent, trust_micro, capabilities, now_us, and server for the record. With an audit
 *  log the decision is recorded as "tool_call" before the handler runs, and a call that cannot be recorded is refused
 *  (reason code "audit_failed"); what came of it is recorded as "tool_result".
 *  @param arguments  in, borrowed: a JSON object; empty: no arguments
 *  @param call       out: the record; what it held before is gone
 *  @return AIM_OK (the handler succeeded), AIM_DENIED (a stage refused), AIM_E_GATEDTOOL_FAILED (the handler failed:
 *          err.native_code is its status), or a failure: AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_CLOCK, what reading the registry or aim_audit_append() fails with
 *  Threads: locked (call: confined).  Allocates: when arguments or result are longer than any before, for sponsors, and
 *  in the audit log.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gatedtool_invoke(aim_gatedtool_set *set, const aim_request *request,
                                                         aim_bytes arguments, aim_gatedtool_call *call,
                                                         aim_error *err);

/** Name of the call, 32 hex digits: aim_decision_id() of its decision.
 *  @return borrowed until the next call with this record.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_gatedtool_call_id(aim_gatedtool_call *call);

/** What the stages decided.
 *  @return borrowed, as long as call; NULL for NULL.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_decision *aim_gatedtool_call_decision(aim_gatedtool_call *call);

/** AIM_GATEDTOOL_IDENTITY_*; 0 when nobody looked.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_gatedtool_call_identity(const aim_gatedtool_call *call);

/** When the call began.  @return Unix microseconds.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_gatedtool_call_started_us(const aim_gatedtool_call *call);

/** When it was over, refused or done.  @return Unix microseconds.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_gatedtool_call_finished_us(const aim_gatedtool_call *call);

/** 1 when the handler ran and succeeded.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_gatedtool_call_success(const aim_gatedtool_call *call);

/** What the handler wrote, as of a success; {NULL, 0} otherwise.
 *  @return borrowed until the next call with this record.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_gatedtool_call_result(const aim_gatedtool_call *call);

/** Why there is no result: the refusal, or the handler's message; {NULL, 0} after a success.
 *  @return borrowed until the next call with this record.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_gatedtool_call_error(aim_gatedtool_call *call);

/** The trust that was looked at, or AIM_DECISION_NO_TRUST.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_gatedtool_call_trust_micro(const aim_gatedtool_call *call);

/** How many capabilities the caller held.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_gatedtool_call_capability_count(const aim_gatedtool_call *call);

/** The capability at index; {NULL, 0} past the end.
 *  @return borrowed until the next call with this record.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_gatedtool_call_capability_at(const aim_gatedtool_call *call, size_t index);

/** How many members were taken out of the arguments.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_gatedtool_call_stripped_count(const aim_gatedtool_call *call);

/** Name of the member that was taken out, at index; {NULL, 0} past the end.
 *  @return borrowed until the next call with this record.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_gatedtool_call_stripped_at(const aim_gatedtool_call *call, size_t index);

AIM_END_DECLS

#endif
