/** aim/baseline.h — what a server's tools, prompts and resources were when they were approved (or first
 *  seen), and what differs now. An aim_baseline is confined; any number of them, in any number of
 *  processes, may work on the same server.
 *
 *      aim_baseline *baseline = NULL;
 *      rc = aim_baseline_open(registry, server_id, &baseline, &err);
 *      aim_baseline_item items[] = {{name, raw_tool}};              // the whole list, not one page
 *      aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = AIM_FINGERPRINT_TOOL,
 *                                       .items = items, .n_items = 1};
 *      rc = aim_baseline_observe(baseline, &seen, &err);
 *      for (size_t i = 0; i < aim_baseline_finding_count(baseline); i++)
 *          report(aim_baseline_finding_at(baseline, i));
 *      aim_baseline_free(baseline);
 *
 *  Rules. The first list of a kind that a server shows becomes its baseline, pending: trust on first
 *  use. From then on every list is compared with it, pending or approved alike, and nothing but
 *  aim_baseline_approve() moves it. What differs is kept beside the baseline as the candidate that an
 *  approval would take over, so another process (or a person, later) can approve it.
 *
 *  Each distinct set of differences is recorded once (audit: drift_detected), however often it is seen
 *  again. A definition whose bytes equal the stored ones is not parsed again.
 */
#ifndef AIM_BASELINE_H
#define AIM_BASELINE_H

#include <aim/fingerprint.h>
#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

typedef struct aim_baseline aim_baseline;

/** State of a baseline entry. 0: not in the baseline. @since 0.1 */
#define AIM_BASELINE_PENDING 1u
#define AIM_BASELINE_APPROVED 2u

/** Verdict of the last observation on one definition. 0: not observed since opening. @since 0.1 */
#define AIM_BASELINE_UNCHANGED 1u
#define AIM_BASELINE_FIRST_SEEN 2u /**< became the baseline just now */
#define AIM_BASELINE_ADDED 3u      /**< not in the baseline of a server that has one */
#define AIM_BASELINE_CHANGED 4u    /**< in the baseline, and different */
#define AIM_BASELINE_REMOVED 5u    /**< in the baseline, and no longer listed */

/** What kind of members changed: a set. @since 0.1 */
#define AIM_BASELINE_DESCRIPTION 1u  /**< description, title: what the model reads */
#define AIM_BASELINE_SCHEMA 2u       /**< inputSchema, outputSchema, arguments */
#define AIM_BASELINE_ANNOTATIONS 4u  /**< annotations */
#define AIM_BASELINE_INSTRUCTIONS 8u /**< a server's instructions, capabilities, version */
#define AIM_BASELINE_OTHER 16u       /**< everything else: icons, _meta, execution, unknown members */

/** How grave a finding is. @since 0.1 */
#define AIM_BASELINE_INFO 1u
#define AIM_BASELINE_LOW 2u
#define AIM_BASELINE_MEDIUM 3u
#define AIM_BASELINE_HIGH 4u
#define AIM_BASELINE_CRITICAL 5u

/** One definition of a list. name is what its naming member says (aim/fingerprint.h); raw is the
 *  definition's own text, without white space around it. @since 0.1 */
typedef struct aim_baseline_item {
	aim_str name;
	aim_bytes raw;
} aim_baseline_item;

/** A complete list, as a server sent it. @since 0.1 */
typedef struct aim_baseline_observation {
	uint32_t struct_size;
	uint32_t flags;                 /**< 0 */
	uint32_t kind;                  /**< AIM_FINGERPRINT_*; of every item */
	uint32_t reserved;              /**< 0 */
	const aim_baseline_item *items; /**< borrowed for the call */
	size_t n_items;                 /**< ≤ limits.max_tools */
	aim_str agent;                  /**< agent id it was seen for, for the audit record */
	aim_str session;                /**< session it was seen in, for the audit record */
} aim_baseline_observation;

/** One difference. The struct and all it points to live until the next call that changes the
 *  baseline. @since 0.1 */
typedef struct aim_baseline_finding {
	uint32_t struct_size;
	uint32_t flags;          /**< 0 */
	uint32_t kind;           /**< AIM_FINGERPRINT_* */
	uint32_t verdict;        /**< FIRST_SEEN, ADDED, CHANGED or REMOVED */
	uint32_t severity;       /**< AIM_BASELINE_INFO … CRITICAL */
	uint32_t changes;        /**< CHANGED: set of AIM_BASELINE_DESCRIPTION … OTHER; else 0 */
	aim_str name;
	const aim_str *members;  /**< CHANGED: names of the members that differ, sorted */
	size_t n_members;
	uint8_t baseline_surface[AIM_FINGERPRINT_LEN]; /**< zero for ADDED */
	uint8_t observed_surface[AIM_FINGERPRINT_LEN]; /**< zero for REMOVED */
} aim_baseline_finding;

/** Flag of an entry: what was last listed differs from the baseline, and nobody has approved it. @since 0.1 */
#define AIM_BASELINE_OPEN 1u

/** One definition of the baseline, or a candidate beside it. Spans live until the next call that
 *  changes the baseline. @since 0.1 */
typedef struct aim_baseline_entry {
	uint32_t struct_size;
	uint32_t flags;         /**< AIM_BASELINE_OPEN */
	uint32_t kind;          /**< AIM_FINGERPRINT_* */
	uint32_t state;         /**< 0, AIM_BASELINE_PENDING, AIM_BASELINE_APPROVED */
	uint32_t verdict;       /**< AIM_BASELINE_UNCHANGED …; 0: not observed since opening */
	uint32_t reserved;      /**< 0 */
	uint64_t version;       /**< 1, and one more for every approved change; 0: not in the baseline */
	int64_t first_seen_us;
	int64_t last_seen_us;   /**< kept in memory; written with the entry's next change */
	aim_str name;
	aim_bytes definition;   /**< of the baseline; empty when not in it */
	aim_bytes candidate;    /**< what differs now; empty when nothing does, or when it is gone */
	uint8_t baseline_surface[AIM_FINGERPRINT_LEN];
	uint8_t observed_surface[AIM_FINGERPRINT_LEN];
} aim_baseline_entry;

/** Loads what is stored of a server.
 *  @param registry  in; kept alive until the baseline is freed
 *  @param server    in: server id, in either form
 *  @param out       out, owned; aim_baseline_free()
 *  @return AIM_OK (also when nothing is stored yet), AIM_E_INVALID, AIM_E_NOT_FOUND (no such server),
 *          AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CONFLICT, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_open(aim_registry *registry, aim_str server,
                                                      aim_baseline **out, aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_baseline_free(aim_baseline *baseline);

/** Takes over what other handles and processes changed since, approvals above all. Cheap when nothing
 *  did. aim_baseline_observe() does it first. Findings are gone when something changed.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CONFLICT, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: confined.  Allocates: only when something changed.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_refresh(aim_baseline *baseline, aim_error *err);

/** Compares a complete list with the baseline. Afterwards the findings are those of this list.
 *  AIM_OK says that the comparison was made and, where needed, recorded: not that nothing changed.
 *  @param observation  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT (too many items), AIM_E_ASSESS_DUPLICATE
 *          (a name twice), AIM_E_ASSESS_DEFINITION (not an object, or its own name is another),
 *          AIM_E_CONFLICT (others keep changing the same baseline), AIM_E_JSON_*, AIM_E_UTF8,
 *          AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, or the store's. On failure the baseline is as it
 *          was, and there are no findings.
 *  Threads: confined.  Allocates: not when every item was seen before with the same bytes.
 *  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_observe(aim_baseline *baseline,
                                                         const aim_baseline_observation *observation,
                                                         aim_error *err);

/** Findings of the last observation.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_baseline_finding_count(const aim_baseline *baseline);
/** NULL past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_baseline_finding *aim_baseline_finding_at(const aim_baseline *baseline,
                                                            size_t index);

/** What is known of one definition.
 *  @param out  out, struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_baseline_find(const aim_baseline *baseline, uint32_t kind, aim_str name,
                                     aim_baseline_entry *out);

/** How many definitions are known: in the baseline, or candidates beside it.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_baseline_count(const aim_baseline *baseline);
/** One of them, by kind, in no particular order within it.
 *  @param out  out, struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND past the end.  Threads: const.  Allocates: no.
 *  @since 0.1 */
AIM_API aim_status aim_baseline_at(const aim_baseline *baseline, size_t index,
                                   aim_baseline_entry *out);

/** What an approval covers. @since 0.1 */
typedef struct aim_baseline_approval {
	uint32_t struct_size;
	uint32_t flags;      /**< 0 */
	uint32_t kind;       /**< AIM_FINGERPRINT_*; 0: every kind, and name is empty */
	uint32_t reserved;   /**< 0 */
	aim_str name;        /**< empty: all of the kind */
	aim_str fingerprint; /**< hex of the surface that was looked at; empty: whatever is there. With it
	                          a definition that changed once more is not approved by mistake */
	aim_str actor;       /**< required: who approves */
	aim_str reason;
} aim_baseline_approval;

/** Approves: pending entries become approved; candidates become the baseline (version + 1); entries
 *  that are gone leave it. Takes over what is stored first. Audit: approval.
 *  @param approval  in, borrowed
 *  @return AIM_OK (also when all was approved already), AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (no
 *          usable actor), AIM_E_NOT_FOUND (no such name), AIM_E_CONFLICT (it is not the fingerprint any
 *          more; or others keep changing the same baseline), AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CLOCK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_approve(aim_baseline *baseline,
                                                         const aim_baseline_approval *approval,
                                                         aim_error *err);

/** The manifest (aim_fingerprint_manifest) over all definitions that are in the baseline and that the server itself
 *  shows: no launch, key and executable, which only its hosts know.
 *  @param out  out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: const.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_manifest(const aim_baseline *baseline,
                                                          uint8_t out[AIM_FINGERPRINT_LEN],
                                                          aim_error *err);

/** How a server is reached. Without a transport it is what the url says, "stdio" when there is none. @since 0.1 */
typedef struct aim_baseline_launch {
	uint32_t struct_size;
	uint32_t flags;           /**< 0 */
	aim_str transport;        /**< "stdio", "http", … */
	aim_str command;
	const aim_str *args;      /**< in their order */
	size_t n_args;
	aim_str url;
	const aim_str *env_names; /**< NAMES, never values; their order does not matter */
	size_t n_env_names;
} aim_baseline_launch;

/** Append the definition of a part that a server does not show: what to observe under its kind, as a list of one item
 *  with the name of the kind.
 *  @param checksum  in: as the host writes it, one line     @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_UTF8, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: any (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_launch_write(const aim_baseline_launch *launch, aim_buf *out,
                                                              aim_error *err);
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_key_write(const aim_public_key *key, aim_buf *out, aim_error *err);
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_executable_write(aim_str checksum, aim_buf *out, aim_error *err);

/** Stores what the server was registered with, launch and key, as approved baseline. What has a baseline already stays
 *  as it is: registering again moves nothing. aim_drift_check() does it first. Audit: baseline_created.
 *  @param actor  in: who registered it, may be empty
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CLOCK, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_register(aim_baseline *baseline, aim_str actor, aim_error *err);

/** The manifest over everything that was approved, of every kind: one hash that pins the whole surface.
 *  @param out  out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: const.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_approved(const aim_baseline *baseline,
                                                          uint8_t out[AIM_FINGERPRINT_LEN], aim_error *err);

/** Appends the proof that a definition is in that manifest (aim_fingerprint_proof_verify()).
 *  @param out_root  out, 32 bytes; may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_STATE (it is not approved), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: const (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_baseline_prove(const aim_baseline *baseline, uint32_t kind, aim_str name,
                                                       aim_buf *out, uint8_t out_root[AIM_FINGERPRINT_LEN],
                                                       aim_error *err);

/** "unchanged", "first_seen", "added", "changed", "removed"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_baseline_verdict_name(uint32_t verdict);

AIM_END_DECLS

#endif
