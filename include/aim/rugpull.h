/** aim/rugpull.h — tools by name: remembered when they are registered, and compared whenever they are seen again. For
 *  hosts that know tools by server name, tool name, description and schema; whole servers are better served by
 *  aim/drift.h. Functions over a registry; no state of their own.
 *
 *      aim_rugpull_tool tool = {.struct_size = sizeof tool, .server = server_name, .name = tool_name};
 *      tool.description = description;
 *      tool.schema = schema;                                         // JSON
 *      rc = aim_rugpull_register(registry, &tool, &fingerprint, &err);  // fingerprint.version is 1
 *      ...                                                           // another session
 *      rc = aim_rugpull_check(registry, &tool, &result, &err);
 *      if (rc == AIM_OK && result.verdict == AIM_RUGPULL_CHANGED)
 *          refuse(result.severity, result.changed, result.version);  // threat "rug_pull", critical
 *
 *  Hashes are those of aim/fingerprint.h over the tool's definition: JSON that says the same has the same hash. With
 *  AIM_RUGPULL_RAW they are plain SHA-256 over the bytes of description and schema as they are given, for hosts that
 *  have fingerprints of their own canonical text elsewhere.
 */
#ifndef AIM_RUGPULL_H
#define AIM_RUGPULL_H

#include <aim/fingerprint.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** Flags of a tool. @since 0.1 */
#define AIM_RUGPULL_RAW 1u     /**< hash the bytes of description and schema */
#define AIM_RUGPULL_APPROVE 2u /**< register: take over a tool that changed, as the next version */

/** Verdicts. Zero is the safe one. @since 0.1 */
#define AIM_RUGPULL_UNKNOWN 0u   /**< never registered */
#define AIM_RUGPULL_UNCHANGED 1u
#define AIM_RUGPULL_CHANGED 2u

/** What changed: a set. @since 0.1 */
#define AIM_RUGPULL_DESCRIPTION 1u
#define AIM_RUGPULL_SCHEMA 2u
#define AIM_RUGPULL_SURFACE 4u /**< only something else of the definition */

/** A tool as it is seen. @since 0.1 */
typedef struct aim_rugpull_tool {
	uint32_t struct_size;
	uint32_t flags;        /**< AIM_RUGPULL_RAW, AIM_RUGPULL_APPROVE */
	aim_str server;        /**< required: name or id; rules of a name */
	aim_str name;          /**< required */
	aim_str description;
	aim_bytes schema;      /**< JSON, with RAW any bytes; empty: none */
	aim_bytes definition;  /**< the whole definition, JSON; then description and schema are not read. Not with RAW */
	aim_str actor;         /**< who registers or approves; required with APPROVE */
} aim_rugpull_tool;

/** What is remembered. @since 0.1 */
typedef struct aim_rugpull_fingerprint {
	uint32_t struct_size;
	uint32_t flags;         /**< AIM_RUGPULL_RAW or 0 */
	uint64_t version;       /**< 1, and one more for every approved change */
	int64_t first_seen_us;
	int64_t last_seen_us;   /**< of the last registration */
	aim_str server, name;   /**< those of the tool, borrowed from it */
	uint8_t description[AIM_FINGERPRINT_LEN];
	uint8_t schema[AIM_FINGERPRINT_LEN];
	uint8_t surface[AIM_FINGERPRINT_LEN];
} aim_rugpull_fingerprint;

/** What a check says. @since 0.1 */
typedef struct aim_rugpull_result {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t verdict;  /**< AIM_RUGPULL_* */
	uint32_t severity; /**< AIM_ALERT_CRITICAL when changed: the threat "rug_pull"; else 0 */
	uint32_t changed;  /**< set of AIM_RUGPULL_DESCRIPTION … */
	uint32_t reserved; /**< 0 */
	uint64_t version;  /**< that it was compared with; 0: none */
} aim_rugpull_result;

/** Registers a tool. One that is as it was registered only moves last_seen; one that changed is refused unless it is
 *  approved, and is then the next version. Audit: baseline_created, baseline_seen or approval.
 *  @param tool  in, borrowed     @param out  out, may be NULL; struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (server, actor), AIM_E_ASSESS_DEFINITION (no definition, or
 *          of another name), AIM_E_STATE (it changed, or was registered in the other mode), AIM_E_CONFLICT, AIM_E_JSON_*,
 *          AIM_E_UTF8, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rugpull_register(aim_registry *registry, const aim_rugpull_tool *tool,
                                                         aim_rugpull_fingerprint *out, aim_error *err);

/** Compares a tool with what was registered. Moves nothing.
 *  @param out  out, struct_size set by the caller; unknown, unless AIM_OK
 *  @return AIM_OK (whatever the verdict), or as aim_rugpull_register()
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rugpull_check(aim_registry *registry, const aim_rugpull_tool *tool,
                                                      aim_rugpull_result *out, aim_error *err);

/** The name of one member of the set: "description", "schema", "surface"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_rugpull_field_name(uint32_t changed);

/** "unknown", "unchanged", "changed".  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_rugpull_verdict_name(uint32_t verdict);

AIM_END_DECLS

#endif
