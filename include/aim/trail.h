/** aim/trail.h — reading an audit log: query, follow, count, export, and the
 *  verification of exports. A record view is confined.
 *
 *      static aim_status show(void *user, const aim_trail_record *r)
 *      {
 *          aim_str tool = aim_trail_record_text(r, AIM_TRAIL_ACTION);
 *          printf("%.*s\n", (int)tool.len, tool.ptr);
 *          return AIM_OK;
 *      }
 *      ...
 *      aim_trail_filter f = {.struct_size = sizeof f, .decision = aim_str_from("deny")};
 *      aim_trail_query q = {.struct_size = sizeof q, .filter = &f, .limit = 20};
 *      q.flags = AIM_TRAIL_NEWEST_FIRST;
 *      q.from = AIM_TRAIL_END;
 *      rc = aim_trail_read(log, &q, show, NULL, &page, &err);
 *
 *  Every record that a call looks at is hashed and compared with its row, so a damaged one is named
 *  and never passed over. Who rewrote rows and their check values is found by aim_audit_verify().
 *  Records are looked at one after the other: there is no index, because times rise only per writer and
 *  a log is written far more often than it is searched. Memory does not grow with the log.
 */
#ifndef AIM_TRAIL_H
#define AIM_TRAIL_H

#include <aim/audit.h>
#include <aim/json.h>

AIM_BEGIN_DECLS

/** Texts of a record, for aim_trail_record_text(). @since 0.1 */
#define AIM_TRAIL_KIND 0u
#define AIM_TRAIL_AGENT 1u
#define AIM_TRAIL_DID 2u
#define AIM_TRAIL_SESSION 3u
#define AIM_TRAIL_USER 4u
#define AIM_TRAIL_SUBJECT 5u
#define AIM_TRAIL_ACTION 6u
#define AIM_TRAIL_RESOURCE 7u
#define AIM_TRAIL_DECISION 8u
#define AIM_TRAIL_REASON_CODE 9u
#define AIM_TRAIL_REASON 10u
#define AIM_TRAIL_POLICY_HASH 11u
#define AIM_TRAIL_RULE 12u
#define AIM_TRAIL_SERVER_FINGERPRINT 13u
#define AIM_TRAIL_TOOL_FINGERPRINT 14u
#define AIM_TRAIL_APPROVAL 15u
#define AIM_TRAIL_REQUEST 16u
#define AIM_TRAIL_ARGUMENTS_COMMITMENT 17u
#define AIM_TRAIL_DURABILITY 18u
#define AIM_TRAIL_N_TEXTS 19u

/** One record, taken apart. It and all that it gives are borrowed for the visit. @since 0.1 */
typedef struct aim_trail_record aim_trail_record;

/** Its place in the log.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_trail_record_position(const aim_trail_record *record);
/** Its bytes: canonical JSON, what the log hashes.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_trail_record_json(const aim_trail_record *record);
/** A text member; {NULL, 0} when the record has none.
 *  @param text  AIM_TRAIL_*
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_trail_record_text(const aim_trail_record *record, uint32_t text);
/** When, by the writer's clock; microseconds since 1970.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_trail_record_time_us(const aim_trail_record *record);
/** The trust score used, in millionths; AIM_AUDIT_NO_TRUST when there is none.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_trail_record_trust_micro(const aim_trail_record *record);
/** The 16 bytes that open its arguments_commitment; {NULL, 0} when it commits to no arguments. Show it
 *  only to those who may guess at the arguments.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_trail_record_salt(const aim_trail_record *record);
/** Its leaf hash (RFC 9162 §2.1.1), 32 bytes.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_trail_record_leaf(const aim_trail_record *record);
/** The whole record as a document, for everything else: its member `data`, for one.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API const aim_json *aim_trail_record_document(const aim_trail_record *record);

/** Receives one record. The call must not use the log or its store. A non-zero result ends the walk and
 *  is returned.  @since 0.1 */
typedef aim_status (*aim_trail_visit)(void *user, const aim_trail_record *record);

/** Which records: those of which everything set here holds. An empty span asks nothing; texts are
 *  compared byte for byte. @since 0.1 */
typedef struct aim_trail_filter {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	int64_t since_us;  /**< at or after; 0: any */
	int64_t before_us; /**< before; 0: any */
	aim_str kind;
	aim_str agent;
	aim_str did;
	aim_str session;
	aim_str user;
	aim_str subject; /**< id of a server, an agent, … */
	aim_str action;  /**< tool or operation */
	aim_str decision;
	aim_str reason_code;
	aim_str request;
} aim_trail_filter;

/** Flag of aim_trail_query. @since 0.1 */
#define AIM_TRAIL_NEWEST_FIRST 1u
/** As a position: behind the newest record. @since 0.1 */
#define AIM_TRAIL_END UINT64_MAX

/** @since 0.1 */
typedef struct aim_trail_query {
	uint32_t struct_size;
	uint32_t flags;       /**< AIM_TRAIL_NEWEST_FIRST */
	uint64_t from;        /**< the first position to look at; newest first: the one behind it */
	uint64_t limit;       /**< matches, at most; 0: 100 */
	uint64_t max_scanned; /**< records looked at, at most; 0: no bound */
	const aim_trail_filter *filter; /**< NULL: every record */
} aim_trail_query;

/** Flag of aim_trail_page: nothing is left to look at. @since 0.1 */
#define AIM_TRAIL_DONE 1u

/** What aim_trail_read() came to. @since 0.1 */
typedef struct aim_trail_page {
	uint32_t struct_size;
	uint32_t flags;      /**< out: AIM_TRAIL_DONE */
	uint64_t next;       /**< out: from of the next page; on failure that of the record that failed */
	uint64_t n_matched;  /**< out */
	uint64_t n_scanned;  /**< out */
	uint64_t first_kept; /**< out: the oldest position that is there; those before were removed */
} aim_trail_page;

/** Visits the records that match, in order of their positions. from 0 begins at the oldest record that
 *  is there.
 *  @param query  in, borrowed, may be NULL: the oldest 100
 *  @param page   out, may be NULL; struct_size set by the caller; filled also on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION (a record of a later format), AIM_E_AUDIT_CORRUPT
 *          (page.next names the record), AIM_E_AUDIT_GAP, AIM_E_AUDIT_TRUNCATED (the log ends before
 *          its head), AIM_E_AUDIT_TRIMMED (from was removed by retention), AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_UTF8 (a text of the filter), AIM_E_CALLBACK, what visit returned, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_read(aim_audit *log, const aim_trail_query *query,
                                                   aim_trail_visit visit, void *user,
                                                   aim_trail_page *page, aim_error *err);

/** Visits what is new since *position, oldest first, and moves *position behind each record that visit
 *  took or the filter refused. Keep *position, and each record comes once, in order, also when other
 *  processes write the log: call again whenever you like. A record at which visit fails comes again.
 *  @param position  in/out; AIM_TRAIL_END: becomes the end of the log, and nothing is visited
 *  @param filter    in, borrowed, may be NULL      @param limit  records looked at, at most; 0: no bound
 *  @return as aim_trail_read(); AIM_E_AUDIT_TRUNCATED also when the log is shorter than *position
 *  Threads: locked (position: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_follow(aim_audit *log, uint64_t *position,
                                                     const aim_trail_filter *filter, uint64_t limit,
                                                     aim_trail_visit visit, void *user, aim_error *err);

/** What statistics are grouped by. A capability of a server is a tool of it. @since 0.1 */
#define AIM_TRAIL_BY_TOOL 0u   /**< server and tool: calls and their results */
#define AIM_TRAIL_BY_SERVER 1u /**< the same for a server as a whole */
#define AIM_TRAIL_BY_AGENT 2u  /**< every record that names the agent */
#define AIM_TRAIL_N_GROUPINGS 3u

/** @since 0.1 */
typedef struct aim_trail_stats_options {
	uint32_t struct_size;
	uint32_t flags;      /**< 0 */
	uint32_t max_groups; /**< of each grouping; 0: 1 000; at most 100 000 */
	uint32_t reserved;   /**< 0 */
} aim_trail_stats_options;

/** Sums over all records. @since 0.1 */
typedef struct aim_trail_totals {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint64_t n_records;
	uint64_t n_allowed; /**< by the record's decision */
	uint64_t n_denied;
	uint64_t n_asked;
	uint64_t n_results;   /**< of tool calls */
	uint64_t n_succeeded; /**< of these */
	int64_t first_us;     /**< least and greatest time; 0: no records */
	int64_t last_us;
} aim_trail_totals;

/** Flag of aim_trail_group: all that came after max_groups was reached, together. @since 0.1 */
#define AIM_TRAIL_REST 1u

/** One row. Latencies are −1 when no result had one. @since 0.1 */
typedef struct aim_trail_group {
	uint32_t struct_size;
	uint32_t flags;    /**< AIM_TRAIL_REST */
	aim_str server;    /**< borrowed from the statistics; empty by agent, and for the rest */
	aim_str name;      /**< borrowed; tool or agent; empty by server, and for the rest */
	uint64_t n_records;
	uint64_t n_allowed;
	uint64_t n_denied;
	uint64_t n_asked;
	uint64_t n_results;
	uint64_t n_succeeded;
	int64_t success_micro;   /**< n_succeeded of n_results, in millionths; −1: no results */
	int64_t latency_mean_us; /**< rounded down */
	int64_t latency_p95_us;  /**< at least 95 % of the results took no longer; not below the true one and
	                          *   at most a sixteenth (6.25 %) above it */
	int64_t latency_max_us;  /**< exact; longer than 2^36 − 1 µs (19 h) counts as that, here and in the mean */
	int64_t last_us;         /**< time of the latest record */
} aim_trail_group;

/** Statistics of records. Confined. @since 0.1 */
typedef struct aim_trail_stats aim_trail_stats;

/** Begins with nothing. Memory: per group at most its texts and 4.3 KiB for latencies.
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_trail_stats_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_stats_new(aim_ctx *ctx, const aim_trail_stats_options *options,
                                                        aim_trail_stats **out, aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_trail_stats_free(aim_trail_stats *stats);

/** Counts one record; an aim_trail_visit whose user is the statistics.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM (the record is not counted at all)
 *  Threads: confined.  Allocates: for new groups.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_stats_add(void *stats, const aim_trail_record *record);

/** Counts what is new since *position, as aim_trail_follow() shows it; call it again to go on.
 *  @param position  in/out; NULL: every record that is there
 *  @return as aim_trail_follow()
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_stats_collect(aim_trail_stats *stats, aim_audit *log,
                                                            const aim_trail_filter *filter,
                                                            uint64_t *position, aim_error *err);

/** @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trail_stats_totals(const aim_trail_stats *stats, aim_trail_totals *out);

/** Rows of a grouping, the rest included.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_trail_stats_count(const aim_trail_stats *stats, uint32_t grouping);

/** A row, in the order in which the groups first came; the rest is the last.
 *  @param grouping  AIM_TRAIL_BY_*     @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND past the end
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_trail_stats_group(const aim_trail_stats *stats, uint32_t grouping, size_t index,
                                         aim_trail_group *out);

/** Families of controls that records are evidence for. @since 0.1 */
#define AIM_TRAIL_ACCESS 0u     /**< who was let through, and who was not */
#define AIM_TRAIL_CHANGE 1u     /**< what changed, and who approved it */
#define AIM_TRAIL_IDENTITY 2u   /**< who exists, and under which key */
#define AIM_TRAIL_MONITORING 3u /**< what was watched, measured and found */
#define AIM_TRAIL_OTHER 4u      /**< kinds that this library does not know: the host's own */
#define AIM_TRAIL_N_FAMILIES 5u

/** The family of a kind of record.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_trail_family(aim_str kind);
/** "access", "change", "identity", "monitoring", "other"; "other" for what is none.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_trail_family_name(uint32_t family);

/** Formats of an export. @since 0.1 */
#define AIM_TRAIL_JSON_LINES 0u  /**< lossless; aim_trail_verify() checks it without the log */
#define AIM_TRAIL_CLOUDEVENTS 1u /**< CloudEvents 1.0, JSON event format, one event a line */
#define AIM_TRAIL_OTLP 2u        /**< OpenTelemetry logs as OTLP/JSON, up to 64 log records a line */

/** Flags of an export. @since 0.1 */
#define AIM_TRAIL_CONTROLS 1u   /**< grouped by family of controls: evidence, no certification */
#define AIM_TRAIL_CHECKPOINT 2u /**< JSON Lines: with the newest checkpoint that the export reaches */
#define AIM_TRAIL_SALTS 4u      /**< JSON Lines: discloses the salts, so that arguments can be checked */

/** @since 0.1 */
typedef struct aim_trail_export_options {
	uint32_t struct_size;
	uint32_t flags;       /**< AIM_TRAIL_CONTROLS, AIM_TRAIL_CHECKPOINT, AIM_TRAIL_SALTS */
	uint32_t format;      /**< AIM_TRAIL_JSON_LINES, … */
	uint32_t chunk_bytes; /**< the sink gets about so many at once; 0: 65 536 */
	uint64_t from;        /**< the first position; 0: the oldest that is there */
	uint64_t end;         /**< the position behind the last; 0: all that is committed now */
	const aim_trail_filter *filter; /**< NULL: every record */
	aim_str source; /**< CloudEvents `source`, OpenTelemetry `service.name`; empty: "log/<name>" */
} aim_trail_export_options;

/** What an export came to. @since 0.1 */
typedef struct aim_trail_export_report {
	uint32_t struct_size;
	uint32_t flags;     /**< 0 */
	uint64_t first;     /**< out: the first position looked at */
	uint64_t end;       /**< out: the position behind the last */
	uint64_t n_records; /**< out: exported */
	uint64_t n_bytes;   /**< out: given to the sink */
} aim_trail_export_report;

/** Receives the export piece by piece; bytes are borrowed for the call, which must not use the log or its
 *  store. A non-zero result ends the export and is returned.  @since 0.1 */
typedef aim_status (*aim_trail_sink)(void *user, aim_bytes bytes);

/** Writes records into a sink. On failure what the sink got is not a whole export; JSON Lines then lack
 *  their last line, and aim_trail_verify() says so.
 *  @param options  in, borrowed, may be NULL: all of the log as JSON Lines
 *  @param report   out, may be NULL; struct_size set by the caller
 *  @return as aim_trail_read(), or what sink returned
 *  Threads: locked.  Allocates: yes.  Source: CloudEvents 1.0.2 §3, OTLP 1.3 (JSON).  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_export(aim_audit *log,
                                                     const aim_trail_export_options *options,
                                                     aim_trail_sink sink, void *user,
                                                     aim_trail_export_report *report, aim_error *err);

/** @since 0.1 */
typedef struct aim_trail_verify_options {
	uint32_t struct_size;
	uint32_t flags;                   /**< 0 */
	const aim_audit_head *remembered; /**< in, borrowed, may be NULL: a head seen earlier, elsewhere */
	aim_str vkey;   /**< in, borrowed; the log's verifier key: the export must have its checkpoint */
	aim_str origin; /**< in, borrowed; what must stand in the checkpoint; empty: vkey's name */
} aim_trail_verify_options;

/** What the verification of an export found. @since 0.1 */
typedef struct aim_trail_verify_report {
	uint32_t struct_size;
	uint32_t flags;           /**< 0 */
	uint64_t n_lines;         /**< good lines */
	uint64_t n_records;       /**< good records */
	uint64_t first;           /**< position at which the export begins */
	uint64_t end;             /**< position behind the last good record */
	uint64_t bad_line;        /**< from 1, when it failed; 0: none */
	uint64_t bad_position;    /**< of the record in it; AIM_TRAIL_END when it is no record */
	uint64_t checkpoint_size; /**< of the checkpoint that was verified; 0: none was */
	uint8_t root[32];         /**< of the log's tree at end; of a partial export's lines */
} aim_trail_verify_report;

/** Verifies an export in JSON Lines piece by piece, without the log. Confined. @since 0.1 */
typedef struct aim_trail_verifier aim_trail_verifier;

/** Begins.
 *  @param options  in, may be NULL; copied, but vkey and origin are borrowed until the verifier is freed
 *  @param out  out, owned; aim_trail_verifier_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_verifier_new(aim_ctx *ctx,
                                                           const aim_trail_verify_options *options,
                                                           aim_trail_verifier **out, aim_error *err);

/** Takes the next bytes, cut anywhere. Memory: one line. The first failure stays; err names the line and
 *  its offset, and the record.
 *  @return as aim_trail_verify(), but for AIM_E_AUDIT_PARTIAL
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_verifier_feed(aim_trail_verifier *verifier, aim_bytes bytes,
                                                            aim_error *err);

/** Says whether what was fed is a whole export. To be asked once, at the end.
 *  @param report  out, may be NULL; struct_size set by the caller; filled also on failure
 *  @return as aim_trail_verify()
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_verifier_end(aim_trail_verifier *verifier,
                                                           aim_trail_verify_report *report,
                                                           aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_trail_verifier_free(aim_trail_verifier *verifier);

/** Verifies a whole export in memory. AIM_OK only when its records are a run of one log without a gap, and
 *  that log's tree is the one of `remembered` and of the checkpoint, as far as these were given. With neither, an
 *  export that was rewritten from its first line to its last is not noticed.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_AUDIT_FORMAT (not an export, or another line than
 *          belongs there), AIM_E_AUDIT_CORRUPT (a record or the tree was changed), AIM_E_AUDIT_GAP (a
 *          record is missing), AIM_E_AUDIT_FORK (another history than the remembered one or the
 *          checkpoint's), AIM_E_AUDIT_TRUNCATED (cut short, or shorter than remembered),
 *          AIM_E_AUDIT_PARTIAL (filtered, grouped, or begun behind the remembered head: each record is
 *          as it was exported, and no more can be said), AIM_E_AUDIT_UNSIGNED (vkey was given and there
 *          is no checkpoint), AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK, and what aim_checkpoint_verify() returns
 *  Threads: any.  Allocates: yes.  Source: RFC 9162 §2.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_trail_verify(aim_ctx *ctx, aim_bytes bytes,
                                                     const aim_trail_verify_options *options,
                                                     aim_trail_verify_report *report, aim_error *err);

AIM_END_DECLS

#endif
