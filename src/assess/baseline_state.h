/* assess/baseline_state.h — a baseline in memory, and what its files share.
 *
 * One list per kind of definition. A list is stored as "baseline-list/<server>/<kind>", whose version is
 * the lock of the list: every change of any entry writes it, under the version that was read. Its
 * entries are "baseline/<server>/<kind>/<name>".
 *
 * A change is prepared in the `next` of its entries, committed, and then taken over or dropped; nothing
 * in memory changes before the store has it, and nothing can fail afterwards. */
#ifndef AIM_ASSESS_BASELINE_STATE_H
#define AIM_ASSESS_BASELINE_STATE_H

#include "assess/difference.h"
#include "assess/fingerprint.h"
#include "base/buf.h"
#include "base/map.h"
#include "codec/json.h"
#include "store/fields.h"
#include "store/id.h"
#include "identity/registry.h"

#include <aim/baseline.h>

/* A definition: its own text and its hashes. raw NULL: none. Shared between cur and next of one entry;
 * whoever drops the last of the two frees it. */
typedef struct aim__definition {
	uint8_t *raw;
	size_t len;
	uint8_t surface[32];
	uint8_t description[32];
	uint8_t schema[32];
} aim__definition;

/* What is stored of one name. */
typedef struct aim__entry_state {
	uint32_t state;   /* AIM_BASELINE_PENDING, AIM_BASELINE_APPROVED; 0: not in the baseline */
	uint32_t gone;    /* in the baseline, and no longer listed */
	uint64_t version; /* 0: not in the baseline */
	aim__definition baseline;
	aim__definition candidate; /* what is listed instead */
} aim__entry_state;

typedef struct aim__entry {
	aim_str name; /* owned, with a NUL */
	aim__entry_state cur;
	aim__entry_state next;     /* the same unless a change is prepared */
	aim__definition alias;     /* other bytes for one of the two; never stored */
	int64_t first_seen_us, last_seen_us;
	uint32_t verdict, next_verdict;
	uint32_t fresh;            /* made by the observation in work */
	uint32_t compared;         /* difference is that of cur */
	uint64_t seen;             /* number of the last observation that listed it */
	uint8_t shown[32];         /* surface last observed; the baseline's before that */
	char shown_hex[65];
	aim__difference difference; /* baseline against candidate */
} aim__entry;

typedef struct aim__list {
	aim__entry **entries;
	size_t n, cap;
	aim__map by_name;  /* name → entry */
	int64_t first_seen_us;
	uint64_t version;  /* of the list's key in the store; 0: there is none */
	int stale;         /* what was read may be out of date: read again before anything else */
} aim__list;

struct aim_baseline {
	aim_ctx *ctx;           /* of the registry */
	aim_registry *registry; /* referenced */
	char server[AIM__ID_SIZE];
	aim__list lists[AIM__FINGERPRINT_KINDS]; /* by kind; [0] is unused */
	uint64_t n_observations;
	aim_baseline_finding *findings;
	size_t n_findings, cap_findings;
	aim_buf scratch, scratch_key; /* keep their memory between calls */
	aim_json doc, other;
};

/* The table of a stored entry. */
typedef struct aim__stored_entry {
	aim_str server, name;
	uint32_t kind, state, gone, reserved;
	uint64_t version;
	int64_t first_seen_us, last_seen_us;
	uint8_t fingerprint[32], description[32], schema[32], candidate_fingerprint[32];
	aim_bytes candidate, definition;
} aim__stored_entry;
extern const aim__fields aim__stored_entry_table;

typedef struct aim__stored_list {
	aim_str server;
	uint32_t kind, reserved;
	uint64_t n_entries, n_pending, n_drifted;
	int64_t first_seen_us, changed_us;
} aim__stored_list;
extern const aim__fields aim__stored_list_table;

/* Keys; in b->scratch_key. */
aim_status aim__baseline_list_key(aim_baseline *b, uint32_t kind, aim_error *err);

/* ---- baseline_entry.c ---- */

aim__entry *aim__entry_find(const aim__list *list, aim_str name);
/* Adds an empty entry to the list. NULL when memory runs out. */
aim__entry *aim__entry_add(const aim_ctx *ctx, aim__list *list, aim_str name);
void aim__entry_show(aim__entry *entry, const uint8_t surface[32]);
/* 1 when next is not what is stored. */
int aim__entry_dirty(const aim__entry *entry);
/* 1 when next holds nothing worth keeping. */
int aim__entry_empty(const aim__entry_state *state);
/* After a commit: cur becomes next; entries that are empty leave the list. */
void aim__list_take_over(const aim_ctx *ctx, aim__list *list, int64_t now_us);
/* After a failure: next becomes cur; entries made by the observation leave the list. */
void aim__list_drop(const aim_ctx *ctx, aim__list *list);
void aim__list_init(const aim_ctx *ctx, aim__list *list);
void aim__list_dispose(const aim_ctx *ctx, aim__list *list);

/* A copy of raw with the hashes. AIM_OK, AIM_E_NOMEM. */
aim_status aim__definition_copy(const aim_ctx *ctx, aim_bytes raw, const aim_fingerprint *hashes,
                                aim__definition *out);
void aim__definition_dispose(const aim_ctx *ctx, aim__definition *definition);
int aim__definition_is(const aim__definition *definition, aim_bytes raw);
int aim__surface_equal(const uint8_t a[32], const uint8_t b[32]);

/* ---- baseline_load.c ---- */

/* Reads a list again when the store has another version of it, or when it is stale. *out_changed (may be
 * NULL) is set to 1 when it did. On failure the list is as it was. */
aim_status aim__list_refresh(aim_baseline *b, uint32_t kind, int *out_changed, aim_error *err);

/* How many definitions of a server differ from its baseline and were not approved, by what is stored; reads a small row
 * for each kind. id in its stored form. AIM_OK (also when there is no baseline), AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the
 * store's. */
aim_status aim__baseline_drift(aim_registry *registry, aim_str server, uint64_t *out, aim_error *err);

/* ---- baseline_write.c ---- */

/* What else goes into the transaction of a change; zeroed is nothing. Borrowed until the commit. */
typedef struct aim__baseline_addition {
	const aim_store_op *ops;
	size_t n_ops;
	const aim_audit_record *records;
	size_t n_records;
} aim__baseline_addition;

/* Asked with the change prepared in the lists, once for each attempt. A failure ends the call; what is prepared is
 * dropped. */
typedef struct aim__baseline_joiner {
	aim_status (*join)(void *user, aim_baseline *b, uint32_t kind, int64_t now_us, aim__baseline_addition *out,
	                   aim_error *err);
	void *user;
} aim__baseline_joiner;

/* Commits what is prepared in the lists of kinds (a set of 1 << kind) and the addition, with the addition's records
 * or, when there are none, this one; takes it over, or on failure drops it. AIM_OK, AIM_E_CONFLICT (someone else was
 * faster: refresh and try again), … */
aim_status aim__baseline_commit(aim_baseline *b, uint32_t kinds, int64_t now_us, const aim_audit_record *record,
                                const aim__baseline_addition *addition, aim_error *err);

/* ---- baseline_observe.c, baseline_approve.c ---- */

/* One comparison of a list with its baseline. begin; prepare, which leaves what follows in the list and the findings in
 * the baseline; then a commit of the list, when it is dirty, with the record of the comparison; then done. Whoever does
 * not come to done drops the list. */
typedef struct aim__baseline_look {
	aim_baseline *b;
	aim__list *list;
	uint32_t kind;
	int first; /* the server shows this kind for the first time */
	int64_t now_us;
	aim_baseline_observation observation;
	aim_error *err;
} aim__baseline_look;

aim_status aim__baseline_look_begin(aim__baseline_look *look, aim_baseline *b,
                                    const aim_baseline_observation *observation, aim_error *err);
/* On failure the list is dropped. */
aim_status aim__baseline_look_prepare(aim__baseline_look *look);
int aim__baseline_look_dirty(const aim__baseline_look *look);
/* Of the comparison that was prepared last; *out borrows data, the observation and the baseline. */
aim_status aim__baseline_look_record(const aim__baseline_look *look, aim_buf *data, aim_audit_record *out);
/* After the commit; cannot fail. */
void aim__baseline_look_done(const aim__baseline_look *look);

/* As the public functions; joiner may be NULL. */
aim_status aim__baseline_observe(aim_baseline *b, const aim_baseline_observation *observation,
                                 const aim__baseline_joiner *joiner, aim_error *err);
aim_status aim__baseline_approve(aim_baseline *b, const aim_baseline_approval *approval,
                                 const aim__baseline_joiner *joiner, aim_error *err);

#endif
