/** aim/scan.h — does a definition carry what it should not: instructions to the model, hidden text, a schema that is
 *  a trap, a name that belongs to another server? Static, local, deterministic, in time linear in the input.
 *
 *      aim_scanner *scanner = NULL;
 *      aim_scan_result *result = NULL;
 *      rc = aim_scan_new(ctx, NULL, &scanner, &err);
 *      rc = aim_scan_result_new(scanner, &result);
 *      aim_scan_tool_input tool = {.struct_size = sizeof tool, .server = server_name, .definition = raw_tool};
 *      rc = aim_scan_tool(scanner, &tool, result, &err);
 *      for (size_t i = 0; i < aim_scan_finding_count(result); i++)
 *          report(aim_scan_finding_at(result, i));
 *      aim_scan_result_free(result);
 *      aim_scan_free(scanner);
 *
 *  An aim_scanner is immutable: share it. An aim_scan_result is confined: one for each thread, used again and again,
 *  so that a warm scan allocates nothing. AIM_OK says that the scan was made, not that nothing was found.
 *
 *  A rule matches words, not spelling: text is read as it stands, folded (NFKC, case, accents), as what it looks like
 *  (UTS #39), and again after each decoding that changes it (base64, base64url, hex, percent, character references, \x
 *  and \u escapes, ROT13, digits for letters, spaced-out letters, reversed), nested up to a limit. Signals of weak
 *  rules add up within one text; strong ones decide alone. docs/scanner.md lists the rules and what they were measured
 *  on.
 */
#ifndef AIM_SCAN_H
#define AIM_SCAN_H

#include <aim/json.h>

AIM_BEGIN_DECLS

typedef struct aim_scanner aim_scanner;
typedef struct aim_scan_result aim_scan_result;

/** Threat types. @since 0.1 */
#define AIM_SCAN_TOOL_POISONING 1u
#define AIM_SCAN_RUG_PULL 2u /**< no rule of the scanner: baselines find it (aim/baseline.h) */
#define AIM_SCAN_CROSS_SERVER_ATTACK 3u
#define AIM_SCAN_CONFUSED_DEPUTY 4u
#define AIM_SCAN_HIDDEN_INSTRUCTION 5u
#define AIM_SCAN_DESCRIPTION_INJECTION 6u

/** How grave a finding is. @since 0.1 */
#define AIM_SCAN_INFO 1u
#define AIM_SCAN_WARNING 2u
#define AIM_SCAN_CRITICAL 3u

/** One finding. The struct and all it points to live until the result is used again or freed. @since 0.1 */
typedef struct aim_scan_finding {
	uint32_t struct_size;
	uint32_t flags;      /**< 0 */
	uint32_t threat;     /**< AIM_SCAN_TOOL_POISONING … */
	uint32_t severity;   /**< AIM_SCAN_INFO … CRITICAL */
	aim_str server;      /**< as it was given */
	aim_str tool;        /**< name of the definition */
	aim_str rule;        /**< id, e.g. "override-instructions" */
	aim_str message;     /**< one sentence */
	aim_str matched;     /**< the words that matched, at most 200 bytes, from the view they matched in */
	aim_str pointer;     /**< JSON Pointer of the field inside the definition; empty for plain text */
	aim_str view;        /**< "" as it stands, else how it was read: "base64", "hex in percent" … */
	aim_str decoded;     /**< text of that view around the match, at most 200 bytes; else empty */
	aim_str details;     /**< what else counts: other signals, the other server and tool; may be empty */
	uint64_t start;      /**< span of the match in the field's text (escapes of JSON undone), in bytes */
	uint64_t end;
} aim_scan_finding;

/** What a scan came to. safe is 0 until a scan has ended without a finding of warning or more. @since 0.1 */
typedef struct aim_scan_summary {
	uint32_t struct_size;
	uint32_t flags;         /**< 0 */
	uint32_t safe;          /**< 1: nothing but information was found */
	uint32_t severity;      /**< the worst; 0: nothing was found */
	uint32_t threats;       /**< findings, also those past the limit */
	uint32_t tools_scanned;
	uint32_t tools_flagged; /**< with a finding of warning or more */
	uint32_t dropped;       /**< findings past max_findings */
} aim_scan_summary;

/** Limits; 0 takes the default. @since 0.1 */
typedef struct aim_scan_options {
	uint32_t struct_size;
	uint32_t flags;                    /**< 0 */
	uint64_t max_text_bytes;    /**< one field; 4 MiB. Beyond it the rest is unknown, and a finding says so */
	uint64_t max_decoded_bytes; /**< text out of decodings, in one definition; 256 kB */
	uint32_t max_views;         /**< decodings in one definition; 64 */
	uint32_t max_depth;         /**< encodings within encodings; 4, at most 8 */
	uint32_t max_findings;      /**< kept of one scan; 256 */
	uint32_t reserved;          /**< 0 */
	aim_bytes rules;            /**< a file of rules of your own, borrowed for the call; empty: none */
	uint64_t max_rules_bytes;   /**< of that file; 4 MiB */
	uint32_t rules_format;      /**< AIM_CONFIG_* (aim/config.h); JSON */
	uint32_t max_rules;         /**< in that file; 1 000 */
	uint32_t max_pattern_bytes; /**< of one rule; 4 096 */
	uint32_t reserved2;         /**< 0 */
} aim_scan_options;

/** A scanner with the built-in rules and those of options->rules: an object {"version": 1, "rules": […]}, each rule one of
 *  {"id", "threat", "severity", "message", "kind": "literal", "glob" or "regex", "pattern", "case_sensitive": false,
 *  "fields": [JSON Pointers]}. docs/scanner.md says what they match. Pattern sets compile them (aim/patterns.h).
 *  @param options  in, may be NULL
 *  @param out      out, owned; aim_scan_free(); set only on AIM_OK
 *  @param err      out, may be NULL; line, column, offset and JSON Pointer are those in the file of rules
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_SCAN_RULE (a rule says what it may not),
 *          AIM_E_PATTERN (its pattern is malformed, or can match the empty text), AIM_E_CALLBACK (the context's matcher
 *          failed), AIM_E_UNSUPPORTED (rules in a build without an engine for patterns), or those of aim_config_parse()
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_new(aim_ctx *ctx, const aim_scan_options *options, aim_scanner **out,
                                                 aim_error *err);

/** Gives up the caller's reference; results keep theirs. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_scan_free(aim_scanner *scanner);

/** An empty result, with the memory to work in.
 *  @param scanner  in; kept alive until the result is freed
 *  @param out      out, owned; aim_scan_result_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK (the context's matcher failed)
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_result_new(aim_scanner *scanner, aim_scan_result **out);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_scan_result_free(aim_scan_result *result);

/** One definition of a tool, prompt, resource or server. @since 0.1 */
typedef struct aim_scan_tool_input {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	aim_str server;       /**< its name; may be empty */
	aim_bytes definition; /**< one JSON object */
} aim_scan_tool_input;

/** Scans every text of one definition, its schemas and its annotations.
 *  @param input   in, borrowed for the call      @param result  in: what it held is gone
 *  @return AIM_OK (whatever was found), AIM_E_INVALID, AIM_E_VERSION, AIM_E_ASSESS_DEFINITION (not an object),
 *          AIM_E_NOMEM, AIM_E_LIMIT, or those of aim_json_parse(). On failure the result is empty and
 *          not safe.
 *  Threads: const (result: confined).  Allocates: not when the result has scanned as much before.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_tool(const aim_scanner *scanner, const aim_scan_tool_input *input,
                                                  aim_scan_result *result, aim_error *err);

/** The same for a definition inside a document that is parsed already.
 *  @return as aim_scan_tool(), without those of aim_json_parse()
 *  Threads: const (result: confined).  Allocates: not when the result has scanned as much before.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_value(const aim_scanner *scanner, aim_str server, const aim_json *doc,
                                                   aim_json_value definition, aim_scan_result *result,
                                                   aim_error *err);

/** Scans one plain text, e.g. the instructions of a server.
 *  @param text  in, borrowed for the call; need not be valid UTF-8 (that is a finding)
 *  @return AIM_OK (whatever was found), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: const (result: confined).  Allocates: not when the result has scanned as much before.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_text(const aim_scanner *scanner, aim_str text, aim_scan_result *result,
                                                  aim_error *err);

/** Does a text carry instructions to the model, in clear or hidden? 1 when aim_scan_text() finds something critical.
 *  @param out_carries  out, 1 or 0; 1 on failure
 *  @return as aim_scan_text()
 *  Threads: const (result: confined).  Allocates: not when the result has scanned as much before.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_carries_instructions(const aim_scanner *scanner, aim_str text,
                                                                  aim_scan_result *result, int32_t *out_carries);

/** The tools of another server, to compare with. @since 0.1 */
typedef struct aim_scan_known_tool {
	aim_str server;
	aim_str name;
	aim_str description; /**< to tell whether purposes overlap; may be empty */
} aim_scan_known_tool;

/** All definitions of one server. @since 0.1 */
typedef struct aim_scan_server_input {
	uint32_t struct_size;
	uint32_t flags;                   /**< AIM_SCAN_APPROVED */
	aim_str server;                   /**< its name; may be empty */
	aim_str instructions;             /**< the server's; may be empty */
	const aim_bytes *definitions;     /**< borrowed for the call: one JSON object each */
	size_t n_definitions;             /**< ≤ limits.max_tools */
	const aim_scan_known_tool *known; /**< tools of other servers, borrowed for the call */
	size_t n_known;                   /**< ≤ 8 × limits.max_tools */
} aim_scan_server_input;

/** The server is approved: a name near another server's is information only. @since 0.1 */
#define AIM_SCAN_APPROVED 1u

/** Scans a whole server, and compares its names and texts with the tools of other servers: the same name, a name that
 *  looks the same (UTS #39), a name a letter or two away, a text that speaks of another server's tool. In time nearly
 *  linear in the number of tools.
 *  @param input   in, borrowed for the call       @param result  in: what it held is gone
 *  @return as aim_scan_tool(); AIM_E_LIMIT also when there are too many
 *  Threads: const (result: confined).  Allocates: yes.  Source: UTS #39 §4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_scan_server(const aim_scanner *scanner, const aim_scan_server_input *input,
                                                    aim_scan_result *result, aim_error *err);

/** Findings kept.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_scan_finding_count(const aim_scan_result *result);

/** The finding at index; NULL past the end. Borrowed from result.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_scan_finding *aim_scan_finding_at(const aim_scan_result *result, size_t index);

/** What the last scan came to.
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_scan_summarize(const aim_scan_result *result, aim_scan_summary *out);

/** Steps of work of the last scan: bytes read, words looked up, places of rules tried. Grows linearly with the input,
 *  whatever the input.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_scan_work(const aim_scan_result *result);

/** "tool_poisoning" …; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_scan_threat_name(uint32_t threat);

/** "info", "warning", "critical"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_scan_severity_name(uint32_t severity);

/** The built-in rules, for listings: id, message and threat type of the rule at index.
 *  @param out_threat  out, may be NULL      @param out_message  out, static text, may be NULL
 *  @return the id, static text; NULL past the end.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_scan_rule_at(size_t index, uint32_t *out_threat, const char **out_message);

AIM_END_DECLS

#endif
