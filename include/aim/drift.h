/** aim/drift.h — what an agent does and what a server shows against what was registered and approved: findings,
 *  and for each set of them one record that is open until it is approved, is over, or is resolved. An aim_drift is
 *  confined; any number of them, in any number of processes, may work on one store.
 *
 *      aim_drift *drift = NULL;
 *      rc = aim_drift_open(registry, &options, &drift, &err);    // options.notify: whom to tell
 *      aim_drift_observation seen = {.struct_size = sizeof seen, .agent = agent_id, .server = server_id};
 *      seen.launch = &launch;                                    // how the server is reached
 *      seen.lists = &tools;                                      // what it shows: whole lists
 *      seen.n_lists = 1;
 *      rc = aim_drift_check(drift, &seen, &err);
 *      for (size_t i = 0; i < aim_drift_finding_count(drift); i++)
 *          report(aim_drift_finding_at(drift, i));
 *      aim_drift_free(drift);
 *
 *  A record is about one subject and one part of it: of a server its tools, prompts, resources, resource templates,
 *  what it says of itself, how it is launched, its executable or its key; of an agent one server or one capability;
 *  of either its behaviour (aim_drift_note_behaviour()).
 *  While the findings of a part stay what they are, checking again changes nothing. When they are others, a new
 *  record takes the place of the old one. With a record come, all in one transaction: an alert, evidence for the
 *  subject's trust (drift while the record is open or acknowledged, and the alert), the audit record drift_detected,
 *  and what the baseline notes; the host's callback follows the commit.
 *
 *  Nothing but aim_drift_approve() (or aim_baseline_approve()) moves a baseline: not looking again, not registering
 *  again. A part that is as it was approved again closes its record by itself.
 */
#ifndef AIM_DRIFT_H
#define AIM_DRIFT_H

#include <aim/alert.h>
#include <aim/baseline.h>
#include <aim/behaviour.h>
#include <aim/key.h>
#include <aim/scan.h>
#include <aim/schemadiff.h>

AIM_BEGIN_DECLS

typedef struct aim_drift aim_drift;

/** Kinds of finding, with the severity they have by default. @since 0.1 */
#define AIM_DRIFT_SERVER_UNREGISTERED 1u       /**< an agent reaches a server it is not linked to: high */
#define AIM_DRIFT_CAPABILITY_UNDECLARED_USE 2u /**< neither declared nor granted: high */
#define AIM_DRIFT_URL_CHANGED 3u               /**< high */
#define AIM_DRIFT_COMMAND_CHANGED 4u           /**< program or arguments: critical */
#define AIM_DRIFT_KEY_CHANGED 5u               /**< critical */
#define AIM_DRIFT_CHECKSUM_CHANGED 6u          /**< critical */
#define AIM_DRIFT_ENV_CHANGED 7u               /**< high */
#define AIM_DRIFT_TRANSPORT_CHANGED 8u         /**< high */
#define AIM_DRIFT_DESCRIPTION_CHANGED 9u       /**< "tool_description_changed": high; grave: critical */
#define AIM_DRIFT_INSTRUCTIONS_CHANGED 10u     /**< high; grave: critical */
#define AIM_DRIFT_SCHEMA_CHANGED 11u           /**< by class: low, medium, high; grave: critical */
#define AIM_DRIFT_ANNOTATION_CHANGED 12u       /**< medium; grave, when authority widens: high */
#define AIM_DRIFT_CAPABILITY_ADDED 13u         /**< medium; grave, when it reaches exec, files, network, secrets: high */
#define AIM_DRIFT_CAPABILITY_REMOVED 14u       /**< info */
#define AIM_DRIFT_CAPABILITY_RENAMED 15u       /**< same schema and description under a new name: high */
#define AIM_DRIFT_SERVER_MISSING 16u           /**< a linked server is not there any more: info */
#define AIM_DRIFT_DEFINITION_CHANGED 17u       /**< another member; by member low, medium or high */
#define AIM_DRIFT_FIRST_SEEN 18u               /**< became the pending baseline just now: info; makes no record */
#define AIM_DRIFT_BEHAVIOUR 19u                /**< by what deviates: medium; what the host saw: high */

/** Flag of a finding: it is the grave form of its kind. Of texts: the new one scans as instructions. @since 0.1 */
#define AIM_DRIFT_GRAVE 1u

/** States of a record. 0 is none of them. @since 0.1 */
#define AIM_DRIFT_OPEN 1u
#define AIM_DRIFT_ACKNOWLEDGED 2u /**< seen by a person; counts like open */
#define AIM_DRIFT_CLOSED 3u

/** How a record was closed. @since 0.1 */
#define AIM_DRIFT_APPROVED 1u   /**< the baseline moved */
#define AIM_DRIFT_RETURNED 2u   /**< all is as in the baseline again */
#define AIM_DRIFT_SUPERSEDED 3u /**< another set of findings took its place */
#define AIM_DRIFT_RESOLVED 4u   /**< by a person, with a reason */

/** A row that replaces the default severity of a kind. @since 0.1 */
typedef struct aim_drift_severity {
	uint32_t kind;     /**< AIM_DRIFT_* */
	uint32_t flags;    /**< AIM_DRIFT_GRAVE: the row is for the grave form only */
	uint32_t detail;   /**< SCHEMA_CHANGED: AIM_SCHEMADIFF_*; BEHAVIOUR: AIM_BEHAVIOUR_*; 0: every form */
	uint32_t severity; /**< AIM_ALERT_INFO … AIM_ALERT_CRITICAL */
} aim_drift_severity;

/** A drift record. Spans are borrowed for the call that gave them. @since 0.1 */
typedef struct aim_drift_record {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t state;    /**< AIM_DRIFT_OPEN … CLOSED */
	uint32_t severity; /**< AIM_ALERT_*, of the worst finding */
	uint32_t how;      /**< CLOSED: AIM_DRIFT_APPROVED … RESOLVED */
	uint32_t reserved; /**< 0 */
	uint64_t n_findings;
	int64_t opened_us, acknowledged_us, closed_us;
	aim_str id;        /**< "drf_" and 32 hex digits */
	aim_str subject;   /**< agent or server id */
	aim_str part;      /**< "tool", "launch", …; of an agent "server:…", "capability:…", "url:…", "missing:…"; "behaviour" */
	aim_str alert;     /**< id of the alert */
	aim_bytes findings; /**< JSON array of objects; at most 64 are kept */
	aim_str acknowledged_by, acknowledged_why, closed_by, closed_why;
} aim_drift_record;

/** Hears of each new record, after the commit and outside all locks. Whatever it returns, the record stays.
 *  @since 0.1 */
typedef aim_status (*aim_drift_notify)(void *user, const aim_drift_record *record);
/** Says whether a text that changed reads like instructions to a model: *out_grave, 0 before the call.
 *  @since 0.1 */
typedef aim_status (*aim_drift_scan)(void *user, aim_str text, int32_t *out_grave);

/** @since 0.1 */
typedef struct aim_drift_options {
	uint32_t struct_size;
	uint32_t flags;                       /**< 0 */
	const aim_drift_severity *severities; /**< in, copied; the first row that fits counts */
	size_t n_severities;                  /**< ≤ 64 */
	aim_drift_notify notify;              /**< may be NULL */
	aim_drift_scan scan;                  /**< may be NULL: then scanner decides */
	void *user;                           /**< of notify and scan; owned from the call on, whatever its result */
	void (*destroy)(void *user);          /**< runs exactly once; may be NULL */
	aim_scanner *scanner;                 /**< in, kept; may be NULL: then without scan no text is grave */
} aim_drift_options;

/** A whole list that a server showed. @since 0.1 */
typedef struct aim_drift_list {
	uint32_t kind;     /**< AIM_FINGERPRINT_TOOL, PROMPT, RESOURCE, RESOURCE_TEMPLATE, SERVER */
	uint32_t reserved; /**< 0 */
	const aim_baseline_item *items;
	size_t n_items;
} aim_drift_list;

/** Flag of an observation: servers are all that the agent reaches, so a linked one that is not among them is
 *  missing. @since 0.1 */
#define AIM_DRIFT_ALL_SERVERS 1u

/** What was seen. Every part is optional: what is not there was not looked at. @since 0.1 */
typedef struct aim_drift_observation {
	uint32_t struct_size;
	uint32_t flags;             /**< AIM_DRIFT_ALL_SERVERS */
	aim_str agent;              /**< id; required for servers and capability */
	aim_str server;             /**< id, or the name of one that is not registered; required for all that follows it */
	aim_str session;            /**< for the audit record */
	aim_str capability;         /**< that the agent used */
	const aim_str *servers;     /**< that the agent reaches; ids or names */
	size_t n_servers;           /**< ≤ limits.max_tools */
	const aim_drift_list *lists;
	size_t n_lists;             /**< ≤ 16; each kind once */
	const aim_baseline_launch *launch;
	const aim_public_key *key;
	aim_str checksum;           /**< of the server's executable, as the host writes it */
} aim_drift_observation;

/** One finding. Spans live until the next check. @since 0.1 */
typedef struct aim_drift_finding {
	uint32_t struct_size;
	uint32_t flags;           /**< AIM_DRIFT_GRAVE */
	uint32_t kind;            /**< AIM_DRIFT_* */
	uint32_t severity;        /**< AIM_ALERT_* */
	uint32_t change_class;    /**< SCHEMA_CHANGED: AIM_SCHEMADIFF_*; BEHAVIOUR: AIM_BEHAVIOUR_*; else 0 */
	uint32_t definition_kind; /**< AIM_FINGERPRINT_*; 0 for findings about an agent */
	aim_str subject;          /**< agent or server id */
	aim_str name;             /**< of the definition, server, capability or action */
	aim_str pointer;          /**< JSON Pointer into the definition; empty: all of it */
	aim_str property;         /**< RENAMED: the old name; SCHEMA_CHANGED: the property */
	aim_bytes old_fragment;   /**< JSON; empty when there was none */
	aim_bytes new_fragment;   /**< JSON; empty when there is none */
} aim_drift_finding;

/** Opens drift checks on a registry.
 *  @param registry  in; kept alive until the handle is freed
 *  @param options   in, borrowed, may be NULL     @param out  out, owned; aim_drift_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_open(aim_registry *registry, const aim_drift_options *options,
                                                   aim_drift **out, aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_drift_free(aim_drift *drift);

/** Compares what was seen with what was registered and approved. Afterwards the findings are those of this
 *  observation. AIM_OK says that the comparison was made and recorded: not that nothing was found. All
 *  that follows, the baseline's candidates, records, alerts, trust and the audit trail, is one transaction: after a failure
 *  nothing of it is recorded. (That a server's registration becomes its baseline is no part of it.)
 *  @param observation  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOT_FOUND (no such agent), AIM_E_LIMIT (also: more
 *          changes than one transaction takes), AIM_E_ASSESS_DUPLICATE, AIM_E_ASSESS_DEFINITION, AIM_E_CONFLICT (others keep changing the same), AIM_E_JSON_*, AIM_E_UTF8,
 *          AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_check(aim_drift *drift, const aim_drift_observation *observation,
                                                    aim_error *err);

/** Notes what deviates from usual behaviour: in the record "behaviour" of the subject, which is open until it is resolved.
 *  What it holds already changes nothing; anything else is added, in a new record that takes its place. It holds at
 *  most 64; after that only a graver one is added, for the least grave. One that is over changes nothing: a person has
 *  to say what it was. Afterwards the findings are those of the record, or none after one that is over.
 *  @param finding  in, borrowed; subject: id of an agent or server. aim_behaviour_observe() gives them
 *  @return AIM_OK, AIM_E_INVALID (no such what, no action or one too long, no id of an agent or server), AIM_E_VERSION,
 *          AIM_E_NOT_FOUND (no such subject), AIM_E_UTF8 (the action), AIM_E_LIMIT, AIM_E_CONFLICT (others keep
 *          changing the same), AIM_E_JSON_*, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_note_behaviour(aim_drift *drift, const aim_behaviour_finding *finding,
                                                             aim_error *err);

/** Findings of the last check.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_drift_finding_count(const aim_drift *drift);
/** NULL past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_drift_finding *aim_drift_finding_at(const aim_drift *drift, size_t index);

/** Receives one record, borrowed for the call; the handle must not be used inside. A non-zero result ends the walk
 *  and is returned by it. @since 0.1 */
typedef aim_status (*aim_drift_visit)(void *user, const aim_drift_record *record);

/** Which records a list shows: those for which everything set here holds. @since 0.1 */
typedef struct aim_drift_filter {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t state;        /**< AIM_DRIFT_*; 0: any */
	uint32_t min_severity; /**< AIM_ALERT_*; 0: any */
	uint32_t unclosed;     /**< 1: open and acknowledged ones; the closed ones are then not even read */
	uint32_t reserved;     /**< 0 */
	aim_str subject;       /**< id; empty: any */
	aim_str after;         /**< record ids greater than this; empty: from the oldest */
	uint64_t limit;        /**< at most so many; 0: all */
} aim_drift_filter;

/** Records in order of their ids, which is the order of opening.
 *  @param filter  in, borrowed, may be NULL: all
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, what visit returned, or the store's
 *  Threads: confined.  Allocates: yes, independent of the number of records.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_list_records(aim_drift *drift, const aim_drift_filter *filter,
                                                           aim_drift_visit visit, void *user, aim_error *err);

/** Shows one record.
 *  @param id  in: "drf_" and 32 hex digits, or the UUID text of them
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: confined.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_show(aim_drift *drift, aim_str id, aim_drift_visit visit, void *user,
                                                   aim_error *err);

/** What a person does about a record. @since 0.1 */
typedef struct aim_drift_step {
	uint32_t struct_size;
	uint32_t flags;  /**< 0 */
	aim_str actor;   /**< required: who */
	aim_str reason;  /**< why; required to resolve */
} aim_drift_step;

/** Notes that somebody has seen it; also on its alert. One that is acknowledged already changes nothing.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (no usable actor), AIM_E_NOT_FOUND, AIM_E_STATE (closed),
 *          AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_acknowledge(aim_drift *drift, aim_str id, const aim_drift_step *step,
                                                          aim_error *err);

/** Makes what was found the baseline, and closes the record with its alert. Of a server: all candidates of the part,
 *  if they still are what the record shows. Of an agent: links the server, takes the link to a missing one away, or
 *  grants the capability.
 *  @return as aim_drift_acknowledge(), AIM_E_CONFLICT also when what is there now is not what the record shows,
 *          AIM_E_STATE also when a server has to be registered first, or for behaviour, which has no baseline
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_approve(aim_drift *drift, aim_str id, const aim_drift_step *step,
                                                      aim_error *err);

/** Closes a record about an agent, or of a kind that has no baseline, with its alert. What a server shows is over when
 *  it is approved or as it was.
 *  @return as aim_drift_acknowledge(), AIM_E_STATE also for a record about what a server shows
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_drift_resolve(aim_drift *drift, aim_str id, const aim_drift_step *step,
                                                      aim_error *err);

/** "server_unregistered" …; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_drift_kind_name(uint32_t kind);
/** "open", "acknowledged", "closed"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_drift_state_name(uint32_t state);
/** "approved", "returned", "superseded", "resolved"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_drift_how_name(uint32_t how);

AIM_END_DECLS

#endif
