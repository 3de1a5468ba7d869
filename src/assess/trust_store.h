/* assess/trust_store.h — how evidence is stored, and one change of it.
 *
 *     trust/<subject>                            evidence added up, the score, how many changes it had
 *     trust-event/<subject>/<id>                 an event that was counted; goes when it may not come again
 *     trust-count/<subject>/<factor>/<source>/<day>   events of a source on a day; source empty: all un-rooted
 *     trust-open/<subject>/<rank>/<id>           a finding that is open; rank 0 critical … 3 low, 4 drift
 *     trust-history/<subject>/<number mod 1000>  changes of the score
 *
 * The version of trust/<subject> is the lock of all of them: each change writes it, under the version that
 * was read. */
#ifndef AIM_ASSESS_TRUST_STORE_H
#define AIM_ASSESS_TRUST_STORE_H

#include "assess/trust_score.h"
#include "identity/batch.h"
#include "store/id.h"

#include <aim/trust.h>

#define AIM__TRUST_STATE "trust/"
#define AIM__TRUST_EVENT "trust-event/"
#define AIM__TRUST_COUNT "trust-count/"
#define AIM__TRUST_OPEN "trust-open/"
#define AIM__TRUST_HISTORY "trust-history/"
#define AIM__TRUST_RANKS 5u

typedef struct aim__trust_state {
	aim_str subject;
	uint64_t score_micro, n_changes;
	aim_bytes evidence;
	int64_t changed_us;
} aim__trust_state;

typedef struct aim__trust_stored_event {
	aim_str subject, id, source;
	uint32_t factor, outcome;
	int64_t time_us;
} aim__trust_stored_event;

typedef struct aim__trust_stored_count {
	aim_str subject, source;
	uint32_t factor, reserved;
	uint64_t day, good, bad;
} aim__trust_stored_count;

typedef struct aim__trust_stored_open {
	aim_str subject, id, source, cause;
	uint32_t kind, severity;
	int64_t opened_us;
} aim__trust_stored_open;

typedef struct aim__trust_stored_change {
	aim_str subject, cause, event, source;
	uint64_t number, old_micro, new_micro;
	int64_t time_us;
} aim__trust_stored_change;

extern const aim__fields aim__trust_state_table, aim__trust_event_table, aim__trust_count_table,
	aim__trust_open_table, aim__trust_change_table;

/* A subject's trust, read, and the batch of a change to it. On the heap: it is some kilobytes. */
typedef struct aim__trust_work {
	aim_registry *registry; /* borrowed */
	char subject[AIM__ID_SIZE];
	int64_t now_us;
	uint64_t version; /* of the state in the store; 0: there is none */
	uint64_t n_changes;
	aim_trustscore_evidence evidence; /* ctx is borrowed */
	aim_trustscore before, after;     /* the same */
	aim__batch batch;
	aim__record record;
	aim__arena arena;
	aim_buf key, text;
} aim__trust_work;

/* NULL when memory runs out. */
aim__trust_work *aim__trust_work_new(aim_registry *registry);
void aim__trust_work_free(aim__trust_work *w);

/* Finds the subject and reads its evidence as it is now, with its ceiling. source (may be empty) must not be
 * the subject. AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_TRUST_SELF, … */
aim_status aim__trust_load(aim__trust_work *w, aim_str subject, aim_str source, aim_error *err);
/* Reads a record into out (zeroed); its text lives until the next load. AIM_E_NOT_FOUND: err untouched. */
aim_status aim__trust_get(aim__trust_work *w, const char *prefix, const aim_str *parts, size_t n_parts,
                          const aim__fields *table, void *out, size_t size, aim_error *err);

/* What a change is called in history and audit. */
typedef struct aim__trust_note {
	const char *what; /* "success_rate", "alert", … */
	const char *how;  /* "good", "open", … */
	aim_str source, id, cause;
} aim__trust_note;

/* Scores the evidence before the change is made. */
void aim__trust_begin(aim__trust_work *w);
/* Adds what a change leaves behind, its history and audit records, to the batch. */
aim_status aim__trust_step(aim__trust_work *w, const aim__trust_note *note, aim_error *err);
/* Adds the state after all steps to the batch: once for each load. */
aim_status aim__trust_put_state(aim__trust_work *w, aim_error *err);
/* After a step, when another follows in the same transaction: moves the batch to out_step (which is disposed of before)
 * and goes on from the score that the step left. out_step borrows w->subject. */
void aim__trust_next(aim__trust_work *w, aim__batch *out_step);
/* A change of one step: both. */
aim_status aim__trust_finish(aim__trust_work *w, const aim__trust_note *note, aim_error *err);
/* Finishes and commits. AIM_E_CONFLICT: load and try again. */
aim_status aim__trust_commit(aim__trust_work *w, const aim__trust_note *note, aim_error *err);
aim_status aim__trust_tell(const aim__trust_work *w, uint32_t flags, aim_trust_change *out);

/* Events of one subject and one source as part of a change of the caller's: everything is in w->batch, for one commit
 * with whatever else belongs to it. subject, source and flags are those of the first event. An event that was counted
 * before, also as other evidence, is passed over. AIM_E_CONFLICT of the commit: prepare again. As aim_trust_record(). */
aim_status aim__trust_prepare(aim__trust_work *w, const aim_trust_event *events, size_t n_events,
                              const aim__trust_note *note, aim_error *err);

/* Events of one factor and source that happened since the last such call, good and bad ones, as one change under one id,
 * which counts once. Every attempt under an id has the same outcome. As aim_trust_record(). */
aim_status aim__trust_count(aim_registry *registry, const aim_trust_event *event, uint64_t good, uint64_t bad,
                            aim_error *err);

/* Opens a finding, with another severity than it has also, or takes it away, in loaded work. *out_changed becomes 1 when
 * that changes something. AIM_E_NOT_FOUND (to take away: it is not open), AIM_E_CONFLICT, … */
aim_status aim__trust_set_finding(aim__trust_work *w, const aim_trust_finding *finding, int opens, int *out_changed,
                                  aim_error *err);

/* The prefix of all findings of a rank, in w->key. */
aim_status aim__trust_open_prefix(aim__trust_work *w, uint32_t rank, aim_error *err);

#endif
