/** aim/pipeline.h — everything that stands between a request and a tool, as one call in one order. An aim_pipeline is
 *  locked, an aim_pipeline_call confined.
 *
 *      aim_pipeline_options o = {.struct_size = sizeof o, .proxy = proxy, .scanner = scanner, .gateway = gateway};
 *      rc = aim_pipeline_new(ctx, &o, &pipeline, &err);
 *      rc = aim_pipeline_call_new(pipeline, &call, &err);             // one for each thread, used again and again
 *      aim_pipeline_input in = {.struct_size = sizeof in, .request = &request, .arguments = arguments};
 *      in.definition = raw_tool;                                      // as the server lists it
 *      in.tool = call_the_server;
 *      if (aim_pipeline_run(call, &in, &err) == AIM_OK)
 *          pass_on(aim_pipeline_call_result(call));                   // what the response policy let through
 *      else
 *          refuse(aim_pipeline_client_text(call));                    // never patterns, thresholds or reasons
 *
 *  The stages, in order: authorize (trust proxy or policy) → definition (it is the tool's own) → scan (of the
 *  definition; critical blocks) → drift (from what was registered) → gateway → call (the host's callback, exactly once)
 *  → response (the gateway's policy of answers) → report (trust, usage or action). The first that refuses ends it;
 *  any fault denies. A stage whose part was not given passes; only the callback is required.
 *
 *  With audit each call is recorded as "tool_call" before the callback runs, or when it is refused, and what came of it
 *  as "tool_result"; what a scan finds is "scan". What cannot be recorded is not done, and not passed on.
 */
#ifndef AIM_PIPELINE_H
#define AIM_PIPELINE_H

#include <aim/action.h>
#include <aim/gateway.h>
#include <aim/proxy.h>
#include <aim/trustmesh.h>

AIM_BEGIN_DECLS

typedef struct aim_pipeline aim_pipeline;
typedef struct aim_pipeline_call aim_pipeline_call;

/** aim_pipeline_options.flags: a tool that was never registered is registered when it is first called, and passes.
 *  Without, it is refused. @since 0.1 */
#define AIM_PIPELINE_FIRST_USE 1u

#define AIM_PIPELINE_DEFAULT_CACHED 4096u /**< definitions whose scan is remembered. @since 0.1 */

/** The parts. All are borrowed until the pipeline is freed, and each may be NULL. @since 0.1 */
typedef struct aim_pipeline_options {
	uint32_t struct_size;
	uint32_t flags;                    /**< AIM_PIPELINE_FIRST_USE */
	uint32_t max_cached;               /**< definitions whose scan is remembered; 0: 4 096 */
	uint32_t reserved;                 /**< 0 */
	aim_proxy *proxy;                  /**< authorizes; not together with authorizer */
	aim_authorizer *authorizer;        /**< authorizes by its policy */
	aim_scanner *scanner;              /**< of definitions */
	aim_registry *drift;               /**< where tools are registered: aim/rugpull.h */
	aim_gateway *gateway;              /**< one with a scanner has answers judged too */
	aim_registry *trust;               /**< what came of calls goes there: aim/trustmesh.h */
	const aim_trustmesh_options *mesh; /**< of trust, copied */
	aim_registry *usage;               /**< calls are counted there: aim/usage.h */
	aim_action_verifier *actions;      /**< calls with an action's token are reported to it, and not to usage */
	aim_audit *audit;
} aim_pipeline_options;

/** The tool. Runs exactly once when all before it passes, else never; no lock is held, maybe on several threads.
 *  @param call       in: for aim_pipeline_call_authorization(), whose obligations are the host's to carry out
 *  @param arguments  in, borrowed; {} when there were none
 *  @param out        in/out, empty: append the answer
 *  @return AIM_OK when it succeeded; what it says in err is for the operator. @since 0.1 */
typedef aim_status (*aim_pipeline_tool)(void *user, aim_pipeline_call *call, const aim_request *request,
                                        const aim_json *arguments, aim_buf *out, aim_error *err);

/** One call. Borrowed for the call. @since 0.1 */
typedef struct aim_pipeline_input {
	uint32_t struct_size;
	uint32_t flags;             /**< 0 */
	const aim_request *request; /**< required: agent (its registered id, authenticated) and tool; server for drift and usage.
	                             *   Of its facts, args and args_at are taken from arguments */
	aim_bytes arguments;        /**< a JSON text; empty: {} */
	aim_bytes definition;       /**< of the tool, one JSON object; required with scanner or drift */
	aim_str peer;               /**< whose trust the outcome moves, id or DID; empty: the request's server. With trust one of them
	                             *   is required */
	aim_str action_token;       /**< of aim_action_check(); empty: none */
	aim_pipeline_tool tool;     /**< required */
	void *user;                 /**< of tool */
} aim_pipeline_input;

/** @param options  in, borrowed     @param out  out, owned; aim_pipeline_free()
 *  @return AIM_OK, AIM_E_INVALID (proxy and authorizer), AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_pipeline_new(aim_ctx *ctx, const aim_pipeline_options *options,
                                                     aim_pipeline **out, aim_error *err);

/** NULL is ignored. Its calls must have been freed.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_pipeline_free(aim_pipeline *pipeline);

/** The memory that one thread needs for calls, and the record of the last.
 *  @param pipeline  in, borrowed until the call is freed     @param out  out, owned; aim_pipeline_call_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CALLBACK
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_pipeline_call_new(aim_pipeline *pipeline, aim_pipeline_call **out,
                                                          aim_error *err);

/** NULL is ignored. The answer it held is wiped.  Threads: confined.  @since 0.1 */
AIM_API void aim_pipeline_call_free(aim_pipeline_call *call);

/** Runs one call through all stages.
 *  @param call  in: what it held is gone
 *  @return AIM_OK (the tool answered, and its answer may be passed on), AIM_DENIED, AIM_ASK, or a failure (deny):
 *          AIM_E_GATEDTOOL_FAILED (the tool ran and failed; err has its message, and its status as native code),
 *          AIM_E_STATE (call is running), AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_UTF8 and AIM_E_JSON_*
 *          (arguments), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, or those of aim_proxy_authorize(),
 *          aim_authorizer_decide(), aim_fingerprint_compute(), aim_scan_value(), aim_rugpull_check(),
 *          aim_rugpull_register(), aim_gateway_intercept(), aim_gateway_intercept_response(), aim_trustmesh_record(),
 *          aim_usage_add(), aim_action_report() and aim_audit_append()
 *  Threads: locked (call: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_pipeline_run(aim_pipeline_call *call, const aim_pipeline_input *input,
                                                     aim_error *err);

/** The decision: its stages are those of the pipeline, the last that ran decided; code and reason are for the operator.
 *  @return borrowed from call; NULL for NULL.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_decision *aim_pipeline_call_decision(aim_pipeline_call *call);

/** The decision of proxy or authorizer, with its rule, obligations and what explains it; undecided when neither ran.
 *  @return borrowed from call; NULL for NULL.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_decision *aim_pipeline_call_authorization(aim_pipeline_call *call);

/** What may be passed on; empty unless the last run was AIM_OK.
 *  @return borrowed until the call runs again.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_pipeline_call_result(const aim_pipeline_call *call);

/** 1 when the tool ran in the last run, whatever came of it.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_pipeline_call_ran(const aim_pipeline_call *call);

/** The worst that the scan of the definition found: AIM_SCAN_INFO … CRITICAL; 0: nothing, or it was not scanned.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_pipeline_call_severity(const aim_pipeline_call *call);

/** All that a client is told: a sentence that is the same for every call refused for that reason, the reason's code and
 *  the decision's id, e.g. "Trust score below minimum (trust_below_minimum, decision 3f…)".
 *  @return borrowed until the call runs again; empty for NULL.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_pipeline_client_text(aim_pipeline_call *call);

AIM_END_DECLS

#endif
