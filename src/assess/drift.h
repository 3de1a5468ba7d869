/* assess/drift.h — drift records as they are stored, and one change of them as one transaction.
 *
 *     "drift/<id>"                   the record; kind "drift"
 *     "drift-open/<subject>/<part>"  {"id":…,"set":…}: the record of this part that is not closed. Its version is the
 *                                    lock of the part
 *     "drift-live/<id>"              {}: not closed
 *     "drift-of/<subject>/<id>"      {}: all of a subject
 *     "drift-seen/<server>/<agent>"  {}: the agent has a record about how the server is reached */
#ifndef AIM_ASSESS_DRIFT_H
#define AIM_ASSESS_DRIFT_H

#include "assess/baseline_state.h"
#include "assess/trust_store.h"
#include "audit/alert.h"

#include <aim/drift.h>

#define AIM__DRIFT_RECORD "drift/"
#define AIM__DRIFT_PLACE "drift-open/"
#define AIM__DRIFT_LIVE "drift-live/"
#define AIM__DRIFT_OF "drift-of/"
#define AIM__DRIFT_SEEN "drift-seen/"
#define AIM__DRIFT_ID "drf_"

/* Parts of an agent; those of a server are the kinds of its definitions. */
#define AIM__DRIFT_SERVER "server:"
#define AIM__DRIFT_CAPABILITY "capability:"
#define AIM__DRIFT_URL "url:"
#define AIM__DRIFT_MISSING "missing:"
/* Of agents and servers. */
#define AIM__DRIFT_BEHAVIOUR "behaviour"

#define AIM__DRIFT_KINDS 20u /* AIM_DRIFT_* of findings are below it */
#define AIM__DRIFT_KEPT 64u  /* findings that stand in a record; the rest is counted */

typedef struct aim__drift_stored {
	aim_str id, name_space, subject, part, alert;
	aim_str acknowledged_by, acknowledged_why, closed_by, closed_why;
	aim_bytes findings;
	uint32_t state, severity, how, reserved;
	uint64_t n_findings;
	int64_t opened_us, acknowledged_us, closed_us;
	uint8_t set[32]; /* of what is found: the same set is the same record */
} aim__drift_stored;
extern const aim__fields aim__drift_table;

struct aim_drift {
	aim_ctx *ctx; /* of the registry */
	aim_registry *registry; /* referenced */
	aim_alerts *alerts;
	aim_drift_options options;
	aim_drift_severity *severities; /* owned copy */
	aim_scan_result *scanned;       /* keeps options.scanner; NULL without one */
	aim_baseline *baseline; /* of the server that was checked last; NULL: none */
	aim__arena arena; /* texts of the findings */
	aim_drift_finding *findings;
	size_t n_findings, cap_findings;
	aim_json before, after; /* the definitions being compared */
	aim_buf text;
};

/* ---- drift_find.c ---- */

/* Appends a finding with its severity, by change_class; text is copied. AIM_OK, AIM_E_NOMEM. */
aim_status aim__drift_add(aim_drift *d, const aim_drift_finding *finding, aim_error *err);
/* Appends what the last comparison of a kind found; in the lists it is prepared, not committed. */
aim_status aim__drift_find(aim_drift *d, aim_baseline *b, uint32_t kind, aim_error *err);
/* The set of what drifts in a list: as it is prepared, or as it is stored. *out_n: how many definitions. */
aim_status aim__drift_set(aim_baseline *b, uint32_t kind, int prepared, uint8_t out[32], size_t *out_n, aim_error *err);

/* ---- drift_severity.c ---- */

uint32_t aim__drift_severity_of(const aim_drift *d, uint32_t kind, uint32_t flags, uint32_t detail);
/* Whether a tool of that name and definition reaches programs, files, the network or secrets. */
int aim__drift_reaches(const aim_json *doc, aim_json_value definition, aim_str name);

/* ---- drift_change.c ---- */

#define AIM__DRIFT_OPS 48u
#define AIM__DRIFT_RECORDS 6u

/* A change about one part: a transaction, or a part of one (drift_batch.c). On the heap. */
typedef struct aim__drift_change {
	aim_drift *d;
	int64_t now_us;
	aim_str subject, part, agent, session; /* borrowed */
	aim__arena arena;
	aim_buf key, value;
	aim__record reading;
	uint64_t place_version, old_version;
	aim__drift_stored old, fresh;
	int has_old, has_fresh;
	aim__alert_change alert;
	aim__trust_work *trust; /* of the subject */
	aim__trust_work *shared; /* the same when it is another's, who settles it; else NULL */
	aim__batch trust_step;
	aim_store_op ops[AIM__DRIFT_OPS];
	size_t n_ops;
	aim_audit_record records[AIM__DRIFT_RECORDS];
	size_t n_records;
} aim__drift_change;

/* NULL when memory runs out. */
aim__drift_change *aim__drift_change_new(aim_drift *d, aim_str subject, aim_str part, int64_t now_us);
/* The same with trust work of the subject's, borrowed: the first change that needs it loads it, the others go on. */
aim__drift_change *aim__drift_change_join(aim_drift *d, aim__trust_work *trust, aim_str subject, aim_str part,
                                          int64_t now_us);
void aim__drift_change_free(aim__drift_change *c);
/* Reads the record of the part that is not closed, when there is one: c->has_old. */
aim_status aim__drift_load(aim__drift_change *c, aim_error *err);
/* Reads a record by its id. AIM_E_NOT_FOUND: err untouched; a record of another namespace is none. */
aim_status aim__drift_load_id(aim__drift_change *c, aim_str id, aim_error *err);
/* Prepares what findings first … of the handle and their set ask for: a new record, the end of the old one, or
 * nothing. */
aim_status aim__drift_settle(aim__drift_change *c, size_t first, const uint8_t set[32], aim_error *err);
aim_status aim__drift_close(aim__drift_change *c, uint32_t how, const aim_drift_step *step, aim_error *err);
aim_status aim__drift_note_seen(aim__drift_change *c, const aim_drift_step *step, aim_error *err);
/* All of the change as an addition to another, or committed by itself. */
void aim__drift_gather(aim__drift_change *c, aim__baseline_addition *out);
aim_status aim__drift_commit(aim__drift_change *c, aim_error *err);
/* After the commit: tells the host of a new record. */
void aim__drift_committed(const aim__drift_change *c);

/* Whether it has anything to commit. */
static inline int aim__drift_is_change(const aim__drift_change *c)
{
	return c->n_ops + c->n_records + c->alert.n_ops != 0;
}

/* ---- drift_batch.c ---- */

/* All changes that follow from one observation, as one transaction. Confined; on the heap. */
typedef struct aim__drift_batch aim__drift_batch;

/* Who observed; borrowed. */
typedef struct aim__drift_observer {
	aim_str agent, session;
} aim__drift_observer;

/* NULL when memory runs out. */
aim__drift_batch *aim__drift_batch_new(aim_drift *d, const aim__drift_observer *observer, int64_t now_us);
/* What was prepared and not committed is dropped. */
void aim__drift_batch_free(aim__drift_batch *batch);
/* A part of an agent with the findings first … of the handle, whose set this is. A part that was settled before stays
 * as it is. */
aim_status aim__drift_batch_agent(aim__drift_batch *batch, aim_str agent, aim_str part, size_t first,
                                  const uint8_t set[32], aim_error *err);
/* A whole list of definitions of one kind, each kind once; findings are appended to those of the handle. b is the same
 * for all lists and outlives the batch. */
aim_status aim__drift_batch_show(aim__drift_batch *batch, aim_baseline *b, uint32_t kind,
                                 const aim_baseline_item *items, size_t n, aim_error *err);
/* Commits, and tells the host of new records. AIM_E_CONFLICT: begin again with a new batch. AIM_E_LIMIT: more changes
 * than one transaction takes. */
aim_status aim__drift_batch_commit(aim__drift_batch *batch, aim_error *err);

/* ---- drift_observe.c ---- */

/* Prepares what follows from a list that was compared: its findings, and the change of its record. */
aim_status aim__drift_prepare_list(aim__drift_change *c, aim_baseline *b, uint32_t kind, size_t first, aim_error *err);

/* A whole list of definitions of one kind, as a server showed it. */
typedef struct aim__drift_showing {
	uint32_t kind; /* AIM_FINGERPRINT_* */
	const aim_baseline_item *items;
	size_t n_items;
	aim_str agent, session; /* for the audit records */
	/* May be NULL. In and out: the version of the list under which its record was last settled, 0: never. A list that is
	 * unchanged since is left at that: nothing is read, nothing allocated, and findings are not made again. */
	uint64_t *settled;
	aim_drift_notify opened; /* hears of a new record, after options.notify; may be NULL */
	void *user;
} aim__drift_showing;

/* Forgets the findings of the check before. */
static inline void aim__drift_restart(aim_drift *d)
{
	d->n_findings = 0;
	aim__arena_reset(&d->arena);
}

/* Compares the list with its baseline and takes what follows from it, the baseline's candidates, the record, its alert,
 * trust and the audit records, in one transaction. Its findings are appended to those of the handle. As
 * aim_drift_check(). */
aim_status aim__drift_observe(aim_drift *d, aim_baseline *b, const aim__drift_showing *showing, aim_error *err);

/* ---- drift_record.c ---- */

void aim__drift_show(const aim__drift_stored *stored, aim_drift_record *out);
aim_status aim__drift_write_findings(const aim_drift_finding *findings, size_t n, aim_buf *out);
/* For the audit record: without fragments. */
aim_status aim__drift_write_data(aim_str part, const aim_drift_finding *findings, size_t n, aim_buf *out);

#endif
