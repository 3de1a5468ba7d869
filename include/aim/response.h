/** aim/response.h — does what a tool answered carry what should not reach the model, or leave it: instructions,
 *  credentials, personal data, URLs that carry data away? Local, deterministic, in time linear in the input.
 *
 *      aim_response_options o = {.struct_size = sizeof o, .policy = AIM_RESPONSE_SANITIZE};
 *      aim_response_verdict v = {.struct_size = sizeof v};
 *      rc = aim_response_new(scanner, &o, &response, &err);
 *      rc = aim_response_scan(response, raw_result, &err);      // AIM_OK: something may be passed on
 *      aim_response_judge(response, &v);
 *      if (rc == AIM_OK)
 *          pass_on(v.content);                                  // never the input: this is what was let through
 *      for (size_t i = 0; i < aim_response_threat_count(response); i++)
 *          record(aim_response_threat_at(response, i));
 *      aim_response_free(response);
 *
 *  An aim_response is confined: one for each thread, used again and again, so that a warm scan of a clean response
 *  allocates nothing. It takes a whole result of MCP (the texts of content, embedded resources, structuredContent) or any
 *  other JSON, or plain text. Every string, every name of a member and every number is read with escapes undone; a string
 *  that is JSON itself is read as such, three times deep; and everything again after each decoding that changes it. The
 *  instructions are those of aim/scan.h. A limit that is reached is a threat of its own, never a silent pass.
 *
 *  No message, rule or reason shows what was found: it may be a secret. docs/responses.md lists the rules.
 */
#ifndef AIM_RESPONSE_H
#define AIM_RESPONSE_H

#include <aim/json.h>
#include <aim/scan.h>

AIM_BEGIN_DECLS

typedef struct aim_response aim_response;

/** What happens to a response with a threat of min_severity or more; and what did happen. Zero is the safe one.
 *  @since 0.1 */
#define AIM_RESPONSE_BLOCK 0u    /**< nothing of it is passed on */
#define AIM_RESPONSE_SANITIZE 1u /**< each hit becomes "[REDACTED:credential]" and the like; JSON stays JSON */
#define AIM_RESPONSE_LOG 2u      /**< passed on as it is, with its threats listed */
#define AIM_RESPONSE_CLEAN 3u    /**< only as an action: nothing of min_severity was found */

/** Categories of threats. @since 0.1 */
#define AIM_RESPONSE_INSTRUCTION_TAG 1u      /**< markers that only prompts of a model contain */
#define AIM_RESPONSE_IMPERATIVE_INJECTION 2u /**< text that speaks to the model, in clear or hidden */
#define AIM_RESPONSE_CREDENTIAL_LEAK 3u      /**< keys, tokens, passwords */
#define AIM_RESPONSE_PII 4u                  /**< personal data */
#define AIM_RESPONSE_EXFILTRATION_URL 5u     /**< URLs that carry data away */
#define AIM_RESPONSE_NOT_SCANNED 6u          /**< a limit was reached: what is there is not known */

/** aim_response_options.flags: credentials, personal data and the rest of a category are not looked for. @since 0.1 */
#define AIM_RESPONSE_WITHOUT_INSTRUCTIONS 1u
#define AIM_RESPONSE_WITHOUT_CREDENTIALS 2u
#define AIM_RESPONSE_WITHOUT_PII 4u
#define AIM_RESPONSE_WITHOUT_CONTACTS 8u /**< e-mail addresses and telephone numbers; the rest of PII stays */
#define AIM_RESPONSE_WITHOUT_URLS 16u

/** @since 0.1 */
typedef struct aim_response_options {
	uint32_t struct_size;
	uint32_t flags;        /**< AIM_RESPONSE_WITHOUT_* */
	uint32_t policy;       /**< AIM_RESPONSE_BLOCK, SANITIZE or LOG */
	uint32_t min_severity; /**< AIM_SCAN_INFO … CRITICAL: what the policy acts on; 0: AIM_SCAN_WARNING */
	uint32_t max_threats;  /**< kept of one scan; 0: 256 */
	uint32_t reserved;     /**< 0 */
} aim_response_options;

/** aim_response_threat.flags: it is in the name of the member that pointer names. @since 0.1 */
#define AIM_RESPONSE_IN_NAME 1u

/** One threat. The struct and all it points to live until the response is used again or freed. @since 0.1 */
typedef struct aim_response_threat {
	uint32_t struct_size;
	uint32_t flags;    /**< AIM_RESPONSE_IN_NAME */
	uint32_t category; /**< AIM_RESPONSE_INSTRUCTION_TAG … */
	uint32_t severity; /**< AIM_SCAN_INFO … CRITICAL */
	aim_str rule;      /**< e.g. "aws-access-key", "us-ssn", "override-instructions" */
	aim_str message;   /**< one sentence, never what was found */
	aim_str pointer;   /**< JSON Pointer of the string or number; empty for plain text */
	aim_str inner;     /**< JSON Pointer inside the JSON that this string holds; empty when it holds none */
	aim_str view;      /**< "" as it stands, else how it was read: "base64", "hex in percent" … */
	uint64_t start;    /**< span in the text of the innermost string (escapes of JSON undone), in bytes */
	uint64_t end;
} aim_response_threat;

/** What a scan came to. @since 0.1 */
typedef struct aim_response_verdict {
	uint32_t struct_size;
	uint32_t flags;     /**< 0 */
	uint32_t allowed;   /**< 1: content may be passed on */
	uint32_t action;    /**< AIM_RESPONSE_BLOCK … CLEAN */
	uint32_t severity;  /**< the worst; 0: nothing was found */
	uint32_t threats;   /**< found, also those past the limit */
	uint32_t dropped;   /**< past max_threats */
	uint32_t reserved;  /**< 0 */
	aim_str reason;     /**< one sentence */
	aim_bytes content;  /**< what may be passed on: the input, or what was made of it; empty when blocked */
} aim_response_verdict;

/** A scanner of responses.
 *  @param scanner  in; kept alive until the response is freed      @param options  in, may be NULL: block
 *  @param out      out, owned; aim_response_free(); set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_response_new(aim_scanner *scanner, const aim_response_options *options,
                                                     aim_response **out, aim_error *err);

/** What it held of responses is wiped. NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_response_free(aim_response *response);

/** Scans one response. Bytes that are no JSON object or array are plain text, and need not be UTF-8.
 *  @param response  in: what it held is gone
 *  @param content   in, borrowed until the response is used again or freed
 *  @return AIM_OK when something may be passed on: see the verdict's content; AIM_DENIED when the response is blocked, by
 *          policy or because it could not be made clean; AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT (more than
 *          limits.max_buffer_bytes when sanitised; more text of pointers than 4 MiB). On failure the verdict is block.
 *  Threads: confined.  Allocates: when it finds something, or more is scanned than before.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_response_scan(aim_response *response, aim_bytes content, aim_error *err);

/** What the last scan came to; block before the first.
 *  @param out  out, struct_size set by the caller; written up to it; spans borrowed from response
 *  @return AIM_OK, AIM_E_INVALID.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_response_judge(const aim_response *response, aim_response_verdict *out);

/** Threats kept.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_response_threat_count(const aim_response *response);

/** The threat at index; NULL past the end. Borrowed from response.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API const aim_response_threat *aim_response_threat_at(const aim_response *response, size_t index);

/** Steps of work of the last scan. Grows linearly with the input, whatever the input.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_response_work(const aim_response *response);

/** "instruction_tag", "imperative_injection", "credential_leak", "pii", "exfiltration_url", "not_scanned"; "unknown" for
 *  anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_response_category_name(uint32_t category);

/** "block", "sanitize", "log", "clean"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_response_action_name(uint32_t action);

AIM_END_DECLS

#endif
