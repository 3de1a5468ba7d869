/** aim/alert.h — what a person should look at: raised once, counted when it comes again, acknowledged, resolved.
 *  An aim_alerts is locked; an aim_alert is an immutable picture of the record at the time it was read.
 *
 *      aim_alerts *alerts = NULL;
 *      aim_alerts_open(log, NULL, &alerts, &err);
 *      aim_alert_spec spec = {.struct_size = sizeof spec, .severity = AIM_ALERT_HIGH};
 *      spec.subject = server_id;
 *      spec.kind = aim_str_from("url_changed");
 *      spec.title = aim_str_from("The server answers from another address");
 *      rc = aim_alert_raise(alerts, &spec, NULL, &err);
 *      ...
 *      aim_alert_move(alerts, id, &(aim_alert_step){.struct_size = sizeof(aim_alert_step),
 *                     .state = AIM_ALERT_RESOLVED, .actor = ana, .reason = why}, &err);
 *      aim_alerts_free(alerts);
 *
 *  Alerts live in the store under the log, each change in the batch of its audit record: kind "alert", the alert's id
 *  as its resource, and as action "raised", "repeated", "escalated", "acknowledged" or "resolved".
 *
 *  A key says which alerts are the same. While the alert of a key is not resolved, raising it again counts and moves
 *  last_seen; a worse severity takes the place of the old one, with its title, message and details. Once it is
 *  resolved, the next one is new. Any number of processes may do this on one store.
 */
#ifndef AIM_ALERT_H
#define AIM_ALERT_H

#include <aim/audit.h>

AIM_BEGIN_DECLS

typedef struct aim_alerts aim_alerts;
typedef struct aim_alert aim_alert;

/** Severities, the worst last. 0 is none of them. @since 0.1 */
#define AIM_ALERT_INFO 1u
#define AIM_ALERT_LOW 2u
#define AIM_ALERT_MEDIUM 3u
#define AIM_ALERT_HIGH 4u
#define AIM_ALERT_CRITICAL 5u

/** States. Allowed are open → acknowledged, open → resolved, acknowledged → resolved. 0 is none of them. @since 0.1 */
#define AIM_ALERT_OPEN 1u
#define AIM_ALERT_ACKNOWLEDGED 2u
#define AIM_ALERT_RESOLVED 3u

/** Bounds. @since 0.1 */
#define AIM_ALERT_MAX_TITLE_BYTES 256u
#define AIM_ALERT_MAX_MESSAGE_BYTES 4096u
#define AIM_ALERT_MAX_REASON_BYTES 1024u
#define AIM_ALERT_MAX_KEY_BYTES 512u
#define AIM_ALERT_MAX_DETAILS_BYTES 16384u

/** Hears of each new alert, borrowed for the call, on the thread that raised it: after the commit and outside all locks,
 *  so it may use the library and may be slow, which delays only that caller. Whatever it returns, the alert stays: a
 *  failure goes to the context's log. When the process ends between the commit and the call nobody hears of it:
 *  aim_alert_list() of what is open finds it. @since 0.1 */
typedef aim_status (*aim_alert_notify)(void *user, const aim_alert *alert);

/** @since 0.1 */
typedef struct aim_alerts_options {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	aim_alert_notify notify;     /**< may be NULL */
	void *user;                  /**< owned from the call on, whatever its result */
	void (*destroy)(void *user); /**< runs exactly once; may be NULL */
	uint32_t keep_resolved_days; /**< the store forgets alerts so long after they were resolved; 0: never */
	uint32_t reserved;           /**< 0 */
} aim_alerts_options;

/** What aim_alert_raise() takes. Text is UTF-8 without control and invisible characters. @since 0.1 */
typedef struct aim_alert_spec {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t severity; /**< AIM_ALERT_INFO … AIM_ALERT_CRITICAL */
	uint32_t reserved; /**< 0 */
	aim_str subject;   /**< required: id of an agent or a server, or another name; rules of a name */
	aim_str kind;      /**< required: 1–64 of [a-z0-9_] */
	aim_str key;       /**< which alerts are the same; empty: kind and subject */
	aim_str title;     /**< required: one line */
	aim_str message;   /**< may hold line breaks */
	aim_str details;   /**< a JSON object with whole numbers; kept in canonical form */
	aim_str actor;     /**< who raises it; rules of a name */
} aim_alert_spec;

/** A move to another state. @since 0.1 */
typedef struct aim_alert_step {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t state;    /**< AIM_ALERT_ACKNOWLEDGED, AIM_ALERT_RESOLVED */
	uint32_t reserved; /**< 0 */
	aim_str actor;     /**< who; rules of a name */
	aim_str reason;    /**< why; may hold line breaks */
} aim_alert_step;

/** Which alerts a list shows: those for which everything set here holds. @since 0.1 */
typedef struct aim_alert_filter {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t state;        /**< AIM_ALERT_*; 0: any */
	uint32_t min_severity; /**< AIM_ALERT_*; 0: any */
	uint32_t unresolved;   /**< 1: not the resolved ones, which are then not even read unless a subject is set */
	uint32_t reserved;     /**< 0 */
	aim_str subject;       /**< empty: any */
	aim_str after;         /**< alert ids greater than this; empty: from the oldest */
	uint64_t limit;        /**< at most so many; 0: all */
} aim_alert_filter;

/** How many alerts of a subject are not resolved. @since 0.1 */
typedef struct aim_alert_counts {
	uint32_t struct_size;
	uint32_t worst;         /**< AIM_ALERT_* of the worst one; 0: there is none */
	uint64_t unresolved[6]; /**< by severity; [0] is all of them */
} aim_alert_counts;

/** Opens the alerts of the store under a log.
 *  @param log      in; kept alive until the handle is freed
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_alerts_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_alerts_open(aim_audit *log, const aim_alerts_options *options,
                                                    aim_alerts **out, aim_error *err);

/** Gives up the reference. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_alerts_free(aim_alerts *alerts);

/** Raises an alert, or counts it when the key has one that is not resolved.
 *  @param spec  in, borrowed
 *  @param out   out, may be NULL, owned; aim_alert_free(): as it stands now; one occurrence says that it is new
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (subject, actor), AIM_E_JSON_* and AIM_E_UTF8 (details),
 *          AIM_E_LIMIT (details), AIM_E_CONFLICT (others keep changing the same alert), AIM_E_NOMEM, AIM_E_RANDOM,
 *          AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_BOUND, AIM_E_STORE_CORRUPT, or what aim_audit_append() returns
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_alert_raise(aim_alerts *alerts, const aim_alert_spec *spec,
                                                    aim_alert **out, aim_error *err);

/** Moves an alert to another state, with who and why. The state it has already changes nothing and succeeds.
 *  @param id    in: "alr_" and 32 hex digits, or the UUID text of them     @param step  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_STATE (not in the
 *          table), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_BOUND,
 *          AIM_E_STORE_CORRUPT, or what aim_audit_append() returns
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_alert_move(aim_alerts *alerts, aim_str id, const aim_alert_step *step,
                                                   aim_error *err);

/** The alert with an id.
 *  @param out  out, owned; aim_alert_free()
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_alert_find(aim_alerts *alerts, aim_str id, aim_alert **out, aim_error *err);

/** Receives one alert, borrowed for the call; the alerts may be used inside. A non-zero result ends the walk and is
 *  returned by it. @since 0.1 */
typedef aim_status (*aim_alert_visit)(void *user, const aim_alert *alert);

/** Alerts in order of their ids, which is the order of raising.
 *  @param filter  in, borrowed, may be NULL: all
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, what visit returned, or the store's
 *  Threads: locked.  Allocates: yes, independent of the number of alerts.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_alert_list(aim_alerts *alerts, const aim_alert_filter *filter,
                                                   aim_alert_visit visit, void *user, aim_error *err);

/** Counts the unresolved alerts of a subject by severity: one read of at most five values.
 *  @param out  out, struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_alert_count(aim_alerts *alerts, aim_str subject, aim_alert_counts *out,
                                                    aim_error *err);

/** Frees the handle. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_alert_free(aim_alert *alert);

/** Which text aim_alert_text() gives. @since 0.1 */
#define AIM_ALERT_TEXT_ID 0u
#define AIM_ALERT_TEXT_SUBJECT 1u
#define AIM_ALERT_TEXT_KIND 2u
#define AIM_ALERT_TEXT_KEY 3u
#define AIM_ALERT_TEXT_TITLE 4u
#define AIM_ALERT_TEXT_MESSAGE 5u
#define AIM_ALERT_TEXT_DETAILS 6u /**< canonical JSON */
#define AIM_ALERT_TEXT_RAISED_BY 7u
#define AIM_ALERT_TEXT_ACKNOWLEDGED_BY 8u
#define AIM_ALERT_TEXT_ACKNOWLEDGED_WHY 9u
#define AIM_ALERT_TEXT_RESOLVED_BY 10u
#define AIM_ALERT_TEXT_RESOLVED_WHY 11u

/** A text, borrowed from the handle and followed by a NUL; empty when absent, alert is NULL or which is unknown.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_alert_text(const aim_alert *alert, uint32_t which);

/** AIM_ALERT_INFO … AIM_ALERT_CRITICAL; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_alert_severity(const aim_alert *alert);
/** AIM_ALERT_OPEN … AIM_ALERT_RESOLVED; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_alert_state(const aim_alert *alert);
/** How often it was raised; 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_alert_occurrences(const aim_alert *alert);
/** Microseconds since 1970; 0 when it was not, and for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_alert_raised_us(const aim_alert *alert);
AIM_API int64_t aim_alert_last_seen_us(const aim_alert *alert);
AIM_API int64_t aim_alert_acknowledged_us(const aim_alert *alert);
AIM_API int64_t aim_alert_resolved_us(const aim_alert *alert);

/** "info", "low", "medium", "high", "critical"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_alert_severity_name(uint32_t severity);
/** "open", "acknowledged", "resolved"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_alert_state_name(uint32_t state);
/** The severity of an alert about a finding of a scanner: "info" is AIM_ALERT_INFO, "warning" AIM_ALERT_MEDIUM,
 *  "critical" AIM_ALERT_CRITICAL.
 *  @return 0 for any other text.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_alert_severity_of_finding(aim_str severity);
/** Whether an alert may move from one state to another, by the table alone.
 *  @return 1 or 0.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_alert_move_allowed(uint32_t from, uint32_t to);

AIM_END_DECLS

#endif
