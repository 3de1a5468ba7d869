/** aim/config.h — configuration files that people write: JSON, JSON with comments, TOML and YAML, all as aim_json.
 *
 *      aim_json *doc = NULL;
 *      aim_error err = {0};
 *      if (aim_json_new(ctx, &doc) == AIM_OK && aim_config_parse(doc, text, AIM_CONFIG_TOML, &err) == AIM_OK) {
 *          aim_json_value servers = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("mcp_servers"));
 *          for (aim_json_value v = aim_json_first(doc, servers); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
 *              use(aim_json_key(doc, v), v);
 *      }
 *      aim_json_free(doc);
 *
 *  Whatever the file is written in, the document is the same and so are the look-ups of aim/json.h. Reading is strict:
 *  what two readers could take differently (a name twice, a tag, an alias, a second document) is refused with its line
 *  and column. Nothing is expanded, so a small file stays a small document.
 */
#ifndef AIM_CONFIG_H
#define AIM_CONFIG_H

#include <aim/json.h>

AIM_BEGIN_DECLS

/** Strict JSON, as aim_json_parse() reads it. @since 0.1 */
#define AIM_CONFIG_JSON 1u
/** JSON with comments and trailing commas (AIM_JSON_COMMENTS). @since 0.1 */
#define AIM_CONFIG_JSONC 2u
/** TOML 1.0. Tables are objects; dates, times, inf and nan strings as written. @since 0.1 */
#define AIM_CONFIG_TOML 3u
/** YAML, values by the core schema of YAML 1.2: yes, no and dates are strings. @since 0.1 */
#define AIM_CONFIG_YAML 4u

/** Reads one configuration file's bytes. What doc held before is gone, also on failure: doc is then empty. A byte
 *  order mark in front is passed over, but for AIM_CONFIG_JSON. Positions (aim_json_position()) are those of text,
 *  while aim_json_raw() of a document from TOML or YAML is JSON made from it. Limits: those of aim_json_parse().
 *  @param doc  in     @param text  in, borrowed for the call     @param format  in, AIM_CONFIG_*
 *  @param err  out, may be NULL: line, column and, inside a document, JSON Pointer
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_UTF8, AIM_E_TOML, AIM_E_YAML, AIM_E_JSON_SYNTAX,
 *          AIM_E_JSON_DUPLICATE, AIM_E_JSON_SURROGATE, AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE, AIM_E_JSON_TRAILING,
 *          AIM_E_LIMIT past limits.max_buffer_bytes, AIM_E_UNSUPPORTED for YAML in a build without libyaml
 *  Threads: confined.  Allocates: yes; libyaml from malloc.  Source: TOML 1.0.0; YAML 1.2.2 §10.3.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_config_parse(aim_json *doc, aim_bytes text, uint32_t format, aim_error *err);

AIM_END_DECLS

#endif
