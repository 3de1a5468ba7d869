/** aim/authpolicy.h — how must a client authenticate to a server? An aim_authpolicy is immutable: share it.
 *
 *      aim_authpolicy_request r = {.struct_size = sizeof r, .tls_version = AIM_AUTHPOLICY_TLS_1_3};
 *      r.server = aim_str_from("github");
 *      r.method = aim_str_from("oauth2");
 *      r.url = aim_str_from("https://api.example.com/mcp");
 *      rc = aim_authpolicy_read(ctx, text, AIM_CONFIG_YAML, &policy, &err);
 *      if (aim_authpolicy_check(policy, &r, decision, &err) != AIM_OK)
 *          return refuse(aim_decision_reason(decision));
 *
 *  Methods are oauth2, mtls, api_key, bearer and none; any other is denied, and none is unless a rule names it. A
 *  connection needs TLS 1.2 unless a rule says otherwise; a URL or a version that is not known does not pass for one.
 *  Rules are for servers by their exact name; all others fall under the default.
 *
 *      methods: [oauth2, mtls]          # the default rule
 *      require_tls: true
 *      min_tls: "1.2"
 *      servers:
 *        github: {methods: [oauth2], min_tls: "1.3"}
 *        local:  {methods: [none], require_tls: false}
 */
#ifndef AIM_AUTHPOLICY_H
#define AIM_AUTHPOLICY_H

#include <aim/config.h>
#include <aim/decision.h>

AIM_BEGIN_DECLS

typedef struct aim_authpolicy aim_authpolicy;

/** Methods, as bits. @since 0.1 */
#define AIM_AUTHPOLICY_OAUTH2 1u
#define AIM_AUTHPOLICY_MTLS 2u
#define AIM_AUTHPOLICY_API_KEY 4u
#define AIM_AUTHPOLICY_BEARER 8u
#define AIM_AUTHPOLICY_NONE 16u

/** Versions of TLS, as on the wire (RFC 8446 §4.2.1). @since 0.1 */
#define AIM_AUTHPOLICY_TLS_1_0 0x0301u
#define AIM_AUTHPOLICY_TLS_1_1 0x0302u
#define AIM_AUTHPOLICY_TLS_1_2 0x0303u
#define AIM_AUTHPOLICY_TLS_1_3 0x0304u

/** Flag of a rule: a connection without TLS is good enough. @since 0.1 */
#define AIM_AUTHPOLICY_PLAIN 1u

#define AIM_AUTHPOLICY_MAX_RULES 4096u

/** What holds for one server. Arrays step by the struct_size of the first. @since 0.1 */
typedef struct aim_authpolicy_rule {
	uint32_t struct_size;
	uint32_t flags;   /**< AIM_AUTHPOLICY_PLAIN */
	uint32_t methods; /**< AIM_AUTHPOLICY_OAUTH2 … NONE; 0: all but none */
	uint32_t min_tls; /**< AIM_AUTHPOLICY_TLS_*; 0: 1.2 */
	aim_str server;   /**< its name, copied; empty: the default rule */
} aim_authpolicy_rule;

/** A connection that is to be made. Borrowed for the call. @since 0.1 */
typedef struct aim_authpolicy_request {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	uint32_t tls_version; /**< AIM_AUTHPOLICY_TLS_*; 0: not known */
	uint32_t reserved;    /**< 0 */
	aim_str server;       /**< required: name */
	aim_str method;       /**< "oauth2" …; empty: "none" */
	aim_str url;          /**< https and wss are TLS */
} aim_authpolicy_request;

/** @param rules  in, borrowed; may be NULL when n is 0: the defaults for all     @param out  out, owned
 *  @return AIM_OK, AIM_E_INVALID (also an unknown bit or version), AIM_E_VERSION, AIM_E_EXISTS (two for one server),
 *          AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_authpolicy_new(aim_ctx *ctx, const aim_authpolicy_rule *rules, size_t n,
                                                       aim_authpolicy **out, aim_error *err);

/** Reads rules from a file's bytes, in the form above. Strict: what is unknown or has another type is an error with its
 *  place.
 *  @param format  in, AIM_CONFIG_*     @param out  out, owned; aim_authpolicy_free()
 *  @return as aim_authpolicy_new() and aim_config_parse(), or AIM_E_JSON_UNKNOWN, AIM_E_JSON_TYPE
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_authpolicy_read(aim_ctx *ctx, aim_bytes text, uint32_t format,
                                                        aim_authpolicy **out, aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_authpolicy_free(aim_authpolicy *policy);

/** Whether a connection may be made. The stages: the method is known → it is allowed for the server → TLS → its version.
 *  @param decision  out; set to deny first
 *  @return AIM_OK, AIM_DENIED, or a failure (deny): AIM_E_INVALID, AIM_E_VERSION
 *  Threads: const (decision: confined).  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_authpolicy_check(const aim_authpolicy *policy,
                                                         const aim_authpolicy_request *request,
                                                         aim_decision *decision, aim_error *err);

/** "oauth2", "mtls", "api_key", "bearer", "none"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_authpolicy_method_name(uint32_t method);

AIM_END_DECLS

#endif
