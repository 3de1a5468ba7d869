/** aim/proxy.h — the trust proxy: may the holder of this DID, with this trust and these capabilities,
 *  call this tool now? An aim_proxy is locked.
 *
 *      aim_proxy_options o = {.struct_size = sizeof o, .default_min_trust = 300};
 *      aim_proxy_tool write = {.struct_size = sizeof write, .flags = AIM_PROXY_TOOL_MIN_TRUST};
 *      write.name = aim_str_from("file_write");
 *      write.min_trust = 800;
 *      if (aim_proxy_new(ctx, &o, &proxy, &err) == AIM_OK && aim_proxy_set_tool(proxy, &write, &err) == AIM_OK)
 *          rc = aim_proxy_authorize(proxy, &request, decision, &err);
 *      aim_proxy_free(proxy);
 *
 *  The stages, in order; the first that refuses decides: the DID is present → the DID is not blocked →
 *  the tool is not blocked → trust reaches the tool's minimum, else the default → all capabilities the
 *  tool requires are held → the arguments (aim_facts.args, when given) carry no text that tries to take over a model,
 *  in clear or encoded: direct_override, roleplay_jailbreak, system_prompt_exfiltration, delimiter_attack → the rate
 *  limit of this DID for this tool. Any fault denies.
 */
#ifndef AIM_PROXY_H
#define AIM_PROXY_H

#include <aim/audit.h>
#include <aim/config.h>
#include <aim/decision.h>
#include <aim/diagnostics.h>

AIM_BEGIN_DECLS

typedef struct aim_proxy aim_proxy;

/** aim_proxy_options.flags: requests without a DID are judged too (by default they are refused). All of
 *  them share one rate. @since 0.1 */
#define AIM_PROXY_ALLOW_NO_DID 1u

/** aim_proxy_options.flags: arguments are not scanned for text that tries to take over a model. @since 0.1 */
#define AIM_PROXY_ALLOW_INJECTION 2u

/** @since 0.1 */
typedef struct aim_proxy_options {
	uint32_t struct_size;
	uint32_t flags;             /**< AIM_PROXY_ALLOW_* */
	uint32_t default_min_trust; /**< 0 … 1 000, for tools that set none */
	uint32_t max_counters;      /**< rates followed at once, one per DID and tool; 0: 65 536 */
	aim_audit *audit;           /**< in, kept until the proxy is freed; may be NULL */
} aim_proxy_options;

/** aim_proxy_tool.flags. @since 0.1 */
#define AIM_PROXY_TOOL_MIN_TRUST 1u /**< min_trust is set: 0 means 0; without it, the default holds */
#define AIM_PROXY_TOOL_BLOCKED 2u   /**< every call is refused */

/** The policy of one tool. @since 0.1 */
typedef struct aim_proxy_tool {
	uint32_t struct_size;
	uint32_t flags;                       /**< AIM_PROXY_TOOL_* */
	aim_str name;                         /**< required, copied */
	aim_str description;                  /**< for people, copied */
	const aim_str *required_capabilities; /**< copied */
	size_t n_required_capabilities;
	uint32_t min_trust;                   /**< 0 … 1 000 */
	uint32_t max_calls_per_minute;        /**< per DID, sliding; 0: no limit; at most 100 000 */
} aim_proxy_tool;

/** @since 0.1 */
typedef struct aim_proxy_counts {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint64_t n_total;
	uint64_t n_allowed;
	uint64_t n_denied;
	uint64_t n_tools;   /**< tools with a policy */
	uint64_t n_blocked; /**< blocked agents */
} aim_proxy_counts;

/** @param options  in, borrowed, NULL for all defaults       @param out  out, owned; aim_proxy_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proxy_new(aim_ctx *ctx, const aim_proxy_options *options,
                                                  aim_proxy **out, aim_error *err);

/** A proxy as a document of tool policies describes it:
 *  {"default_min_trust": 300, "require_did": true, "blocked_dids": ["did:mesh:x"], "tools": {"file_write":
 *  {"min_trust": 800, "required_capabilities": ["fs_write"], "blocked": false, "max_calls_per_minute": 10}}}. All but
 *  "tools" may be absent; a DID is then required, and the default is 0.
 *  @param text         in, borrowed for the call     @param format  in, AIM_CONFIG_*
 *  @param audit        in, kept until the proxy is freed; may be NULL
 *  @param out          out, owned; aim_proxy_free(); set only on AIM_OK
 *  @param diagnostics  in, may be NULL: every problem of the document is added
 *  @return AIM_OK, AIM_E_POLICY (not such a document), AIM_E_JSON_*, AIM_E_YAML, AIM_E_TOML or AIM_E_UTF8 (not of its
 *          format), AIM_E_UNSUPPORTED, AIM_E_INVALID, AIM_E_EXISTS (two names differ in ASCII case only), AIM_E_LIMIT,
 *          AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proxy_load(aim_ctx *ctx, aim_bytes text, uint32_t format, aim_audit *audit,
                                                   aim_proxy **out, aim_diagnostics *diagnostics, aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_proxy_free(aim_proxy *proxy);

/** Sets or replaces the policy of one tool. A call whose tool differs from name only in ASCII case falls
 *  under the same policy and the same rate, and never needs less trust than the default.
 *  @return AIM_OK, AIM_E_INVALID (also for a name that is empty or has control characters), AIM_E_EXISTS
 *          (another tool's name differs only in ASCII case), AIM_E_VERSION, AIM_E_LIMIT
 *          (limits.max_tools, max_name_bytes), AIM_E_NOMEM
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proxy_set_tool(aim_proxy *proxy, const aim_proxy_tool *tool,
                                                       aim_error *err);

/** Refuses every call of an agent from now on; also DIDs that differ only in ASCII case.
 *  @return AIM_OK (also when it was blocked already), AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proxy_block_agent(aim_proxy *proxy, aim_str did,
                                                          aim_error *err);

/** @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND when it was not blocked
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_proxy_unblock_agent(aim_proxy *proxy, aim_str did, aim_error *err);

/** Forgets all calls counted so far: every rate starts anew.
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_proxy_clear_limits(aim_proxy *proxy);

/** Decides one call. Reads did, tool, trust_micro, capabilities, and for the record agent, server and
 *  now_us. Trust is compared as trust_micro against the minimum × 1 000. A refused call uses up no
 *  rate. With an audit log each decision is recorded as "policy_evaluated"; a call that cannot be
 *  recorded is refused (reason code "audit_failed").
 *  @param decision  out; set to deny first
 *  @return AIM_OK (allow), AIM_DENIED, or a failure (deny): AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM,
 *          AIM_E_CLOCK, or aim_audit_append()'s
 *  Threads: locked (decision: confined).  Allocates: for the first calls of an agent to a limited tool,
 *  and in the audit log.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proxy_authorize(aim_proxy *proxy, const aim_request *request,
                                                        aim_decision *decision, aim_error *err);

/** What happened so far.
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_proxy_stats(aim_proxy *proxy, aim_proxy_counts *out);

AIM_END_DECLS

#endif
