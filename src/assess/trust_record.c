/* assess/trust_record.c — evidence going in: events, findings, penalties. Layer assess. */
#include "assess/trust_store.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"

#include <string.h>

AIM__NO_PADDING(aim_trust_event, 16 + 8 + 8 * sizeof(void *));
AIM__NO_PADDING(aim_trust_finding, 16 + 8 * sizeof(void *));
AIM__NO_PADDING(aim_trust_penalty, 8 + 16 + 8 * sizeof(void *));
AIM__NO_PADDING(aim_trust_change, 8 + 16);

#define SECOND_US INT64_C(1000000)
#define MAX_AGE_US (AIM_TRUST_MAX_AGE_S * SECOND_US)
/* How long an event's id and a day's counts are kept: a day more than they may change. */
#define KEEP_US (MAX_AGE_US + 2 * AIM__DAY_US)

/* One attempt at a change, on loaded work. *out_counted is 0 when there is nothing to do. */
typedef aim_status (*change_step)(aim__trust_work *w, const void *asked, aim__trust_note *note, int *out_counted,
                                  aim_error *err);

static aim_status check_note(aim_registry *registry, aim_str source, aim_str id, aim_str cause, aim_error *err)
{
	aim_status rc = aim__check_text("source of evidence", source, 256, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("id of evidence", id, AIM__TRUST_ID_MAX, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("cause of evidence", cause, AIM__REASON_MAX, 0, err);
	(void)registry;
	return rc;
}

/* State and days are read one after the other. When they do not agree, another change came between them, or
 * the store is damaged: the version of the state tells. */
static aim_status disagreement(aim__trust_work *w, aim_error *err)
{
	aim__trust_state state;
	uint64_t version = 0;
	aim_str subject = aim_str_from(w->subject);
	aim_status rc = aim__trust_get(w, AIM__TRUST_STATE, &subject, 1, &aim__trust_state_table, &state, sizeof state, err);
	if (rc == AIM_OK)
		version = w->record.version;
	else if (rc != AIM_E_NOT_FOUND)
		return rc;
	if (version != w->version)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_ASSESS);
	return aim__record_corrupt(aim_buf_bytes(&w->key), "evidence", err);
}

static aim_status try_once(aim__trust_work *w, aim_str subject, aim__trust_note *note, change_step step,
                           const void *asked, aim_trust_change *out, aim_error *err)
{
	int counted = 0;
	aim_status rc = aim__trust_load(w, subject, note->source, err);
	if (rc != AIM_OK)
		return rc;
	aim__trust_begin(w);
	rc = step(w, asked, note, &counted, err);
	if (rc == AIM_E_TRUST_EVIDENCE)
		return disagreement(w, err);
	if (rc == AIM_OK && counted)
		rc = aim__trust_commit(w, note, err);
	return rc == AIM_OK ? aim__trust_tell(w, counted ? AIM_TRUST_COUNTED : 0, out) : rc;
}

static aim_status change(aim_registry *registry, aim_str subject, aim__trust_note *note, change_step step,
                         const void *asked, aim_trust_change *out, aim_error *err)
{
	if (out && out->struct_size < sizeof *out)
		return AIM__MISUSE(registry->ctx, "out_change needs its struct_size");
	aim_status rc = check_note(registry, note->source, note->id, note->cause, err);
	if (rc != AIM_OK)
		return rc;
	aim__trust_work *w = aim__trust_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = try_once(w, subject, note, step, asked, out, err);
	aim__trust_work_free(w);
	return rc;
}

/* ---- events ---- */

static aim_status check_time(const aim__trust_work *w, int64_t time_us, aim_error *err)
{
	if (time_us > w->now_us)
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_ASSESS, "evidence: the event is in the future");
	if (time_us < 0 || w->now_us - time_us > MAX_AGE_US)
		return aim__fail(err, AIM_E_STALE, AIM_LAYER_ASSESS, "evidence: the event is older than 90 days");
	return AIM_OK;
}

/* 1 in *out_seen when exactly this was counted already. */
static aim_status check_event_id(aim__trust_work *w, const aim_trust_event *e, int *out_seen, aim_error *err)
{
	aim__trust_stored_event stored;
	aim_str parts[2] = {aim_str_from(w->subject), e->id};
	aim_status rc = aim__trust_get(w, AIM__TRUST_EVENT, parts, 2, &aim__trust_event_table, &stored, sizeof stored, err);
	*out_seen = rc == AIM_OK;
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc != AIM_OK)
		return rc;
	if (stored.factor != e->factor || stored.outcome != e->outcome || !aim_str_equal(stored.source, e->source))
		return aim__fail(err, AIM_E_TRUST_EVENT, AIM_LAYER_ASSESS, "event %.*s was counted as other evidence",
		                 AIM__STR(e->id));
	return AIM_OK;
}

static aim_status add_event(aim__trust_work *w, const aim_trust_event *e, int64_t time_us, aim_error *err)
{
	aim_str parts[2] = {aim_str_from(w->subject), e->id};
	aim__trust_stored_event stored = {parts[0], e->id, e->source, e->factor, e->outcome, time_us};
	aim_status rc = aim__batch_add(&w->batch, AIM_STORE_PUT_IF_ABSENT, 0, AIM__TRUST_EVENT, parts, 2,
	                               &aim__trust_event_table, &stored, err);
	if (rc == AIM_OK)
		w->batch.ops[w->batch.n_ops - 1].expires_at_us = time_us + KEEP_US;
	return rc;
}

/* Counts events in their source's day, and puts the day's new weight in place of its old one. */
static aim_status add_counts(aim__trust_work *w, const aim_trust_event *e, uint64_t good, uint64_t bad, int64_t time_us,
                             aim_error *err)
{
	char day[21];
	int64_t number = time_us / AIM__DAY_US;
	aim__trust_stored_count count;
	aim_str none = {NULL, 0};
	day[aim__u64_text(day, (uint64_t)number)] = 0;
	aim_str parts[4] = {aim_str_from(w->subject), aim_str_from(aim__trust_factor_names[e->factor]),
	                    e->flags & AIM_TRUST_ROOTED ? e->source : none, aim_str_from(day)};
	aim_status rc = aim__trust_get(w, AIM__TRUST_COUNT, parts, 4, &aim__trust_count_table, &count, sizeof count, err);
	if (rc != AIM_OK && rc != AIM_E_NOT_FOUND)
		return rc;
	aim__trust_day before = {count.good, count.bad}, after = before;
	after.good += good;
	after.bad += bad;
	rc = aim__trust_replace(&w->evidence, e->factor, number, &before, &after, err);
	if (rc != AIM_OK)
		return rc;
	count.subject = parts[0];
	count.source = parts[2];
	count.factor = e->factor;
	count.day = (uint64_t)number;
	count.good = after.good;
	count.bad = after.bad;
	rc = aim__batch_add(&w->batch, AIM_STORE_PUT, 0, AIM__TRUST_COUNT, parts, 4, &aim__trust_count_table, &count, err);
	if (rc == AIM_OK)
		w->batch.ops[w->batch.n_ops - 1].expires_at_us = (number + 1) * AIM__DAY_US + KEEP_US;
	return rc;
}

static aim_status add_count(aim__trust_work *w, const aim_trust_event *e, int64_t time_us, aim_error *err)
{
	uint64_t good = e->outcome == AIM_TRUST_GOOD;
	return add_counts(w, e, good, 1 - good, time_us, err);
}

static aim_status step_event(aim__trust_work *w, const void *asked, aim__trust_note *note, int *out_counted,
                             aim_error *err)
{
	const aim_trust_event *e = asked;
	int64_t time_us = e->time_us ? e->time_us : w->now_us;
	int seen = 0;
	(void)note;
	aim_status rc = check_time(w, time_us, err);
	if (rc == AIM_OK)
		rc = check_event_id(w, e, &seen, err);
	if (rc != AIM_OK || seen)
		return rc;
	rc = add_event(w, e, time_us, err);
	if (rc == AIM_OK)
		rc = add_count(w, e, time_us, err);
	*out_counted = rc == AIM_OK;
	return rc;
}

static aim_status prepare(aim__trust_work *w, const aim_trust_event *events, size_t n_events,
                          const aim__trust_note *note, aim_error *err)
{
	for (size_t i = 0; i < n_events; i++) {
		int seen = 0;
		aim_status rc = check_event_id(w, &events[i], &seen, err);
		if (seen) /* also as other evidence: whoever came first decides */
			continue;
		if (rc == AIM_OK)
			rc = add_event(w, &events[i], w->now_us, err);
		if (rc == AIM_OK)
			rc = add_count(w, &events[i], w->now_us, err);
		if (rc != AIM_OK)
			return rc;
	}
	return aim__trust_finish(w, note, err);
}

aim_status aim__trust_prepare(aim__trust_work *w, const aim_trust_event *events, size_t n_events,
                              const aim__trust_note *note, aim_error *err)
{
	aim_status rc = aim__trust_load(w, events[0].subject, note->source, err);
	if (rc != AIM_OK)
		return rc;
	aim__trust_begin(w);
	rc = prepare(w, events, n_events, note, err);
	return rc == AIM_E_TRUST_EVIDENCE ? disagreement(w, err) : rc;
}

aim_status aim_trust_record(aim_registry *registry, const aim_trust_event *event, aim_trust_change *out_change,
                            aim_error *err)
{
	aim_trust_event e = {.struct_size = sizeof e};
	if (!registry || !event)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and event are required");
	aim_status rc = aim__sized_in(&e, sizeof e, event, sizeof e, "aim_trust_event", err);
	if (rc != AIM_OK)
		return rc;
	if (!aim__trust_is_counted(e.factor) || (e.outcome != AIM_TRUST_GOOD && e.outcome != AIM_TRUST_BAD) ||
	    (e.flags & ~AIM_TRUST_ROOTED))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "evidence: a counted factor, good or bad, and known flags are expected");
	aim__trust_note note = {aim__trust_factor_names[e.factor], e.outcome == AIM_TRUST_GOOD ? "good" : "bad", e.source,
	                        e.id, e.cause};
	return change(registry, e.subject, &note, step_event, &e, out_change, err);
}

/* ---- many events at once ---- */

typedef struct many {
	const aim_trust_event *event;
	uint64_t good, bad;
} many;

static aim_status step_many(aim__trust_work *w, const void *asked, aim__trust_note *note, int *out_counted,
                            aim_error *err)
{
	const many *m = asked;
	int seen = 0;
	(void)note;
	aim_status rc = check_event_id(w, m->event, &seen, err);
	if (rc != AIM_OK || seen)
		return rc;
	rc = add_event(w, m->event, w->now_us, err);
	if (rc == AIM_OK)
		rc = add_counts(w, m->event, m->good, m->bad, w->now_us, err);
	*out_counted = rc == AIM_OK;
	return rc;
}

aim_status aim__trust_count(aim_registry *registry, const aim_trust_event *event, uint64_t good, uint64_t bad,
                            aim_error *err)
{
	many m = {event, good, bad};
	aim__trust_note note = {aim__trust_factor_names[event->factor], bad ? "bad" : "good", event->source, event->id,
	                        event->cause};
	return change(registry, event->subject, &note, step_many, &m, NULL, err);
}

/* ---- findings ---- */

static uint32_t rank_of(const aim_trust_finding *f)
{
	return f->kind == AIM_TRUST_DRIFT ? AIM__TRUST_RANKS - 1 : AIM_TRUSTSCORE_CRITICAL - f->severity;
}

/* The rank under which a finding is open; AIM__TRUST_RANKS when it is not. */
static aim_status find_open(aim__trust_work *w, const aim_trust_finding *f, uint32_t *out_rank, aim_error *err)
{
	aim__trust_stored_open stored;
	aim_status rc = AIM_E_NOT_FOUND;
	uint32_t rank = f->kind == AIM_TRUST_DRIFT ? AIM__TRUST_RANKS - 1 : 0;
	uint32_t end = f->kind == AIM_TRUST_DRIFT ? AIM__TRUST_RANKS : AIM__TRUST_RANKS - 1;
	for (; rc == AIM_E_NOT_FOUND && rank < end; rank++) {
		char digit[2] = {(char)('0' + rank), 0};
		aim_str parts[3] = {aim_str_from(w->subject), aim_str_from(digit), f->id};
		rc = aim__trust_get(w, AIM__TRUST_OPEN, parts, 3, &aim__trust_open_table, &stored, sizeof stored, err);
	}
	*out_rank = rc == AIM_OK ? rank - 1 : AIM__TRUST_RANKS;
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

static uint64_t *open_count(aim__trust_work *w, uint32_t rank)
{
	return rank == AIM__TRUST_RANKS - 1 ? &w->evidence.drift : &w->evidence.alerts[AIM_TRUSTSCORE_CRITICAL - rank];
}

static aim_status put_open(aim__trust_work *w, const aim_trust_finding *f, uint32_t rank, int opens, aim_error *err)
{
	char digit[2] = {(char)('0' + rank), 0};
	aim_str parts[3] = {aim_str_from(w->subject), aim_str_from(digit), f->id};
	aim__trust_stored_open stored = {parts[0], f->id, f->source, f->cause, f->kind, f->severity, w->now_us};
	return aim__batch_add(&w->batch, opens ? AIM_STORE_PUT_IF_ABSENT : AIM_STORE_DELETE, 0, AIM__TRUST_OPEN, parts, 3,
	                      opens ? &aim__trust_open_table : NULL, &stored, err);
}

static aim_status step_open(aim__trust_work *w, const void *asked, aim__trust_note *note, int *out_counted,
                            aim_error *err)
{
	const aim_trust_finding *f = asked;
	uint32_t rank = rank_of(f), open;
	aim_status rc = find_open(w, f, &open, err);
	if (rc != AIM_OK || open == rank)
		return rc;
	if (open != AIM__TRUST_RANKS)
		return aim__fail(err, AIM_E_TRUST_EVENT, AIM_LAYER_ASSESS, "%s %.*s is open with another severity", note->what,
		                 AIM__STR(f->id));
	if (*open_count(w, rank) == UINT32_MAX)
		return aim__fail_plain(err, AIM_E_LIMIT, AIM_LAYER_ASSESS);
	++*open_count(w, rank);
	*out_counted = 1;
	return put_open(w, f, rank, 1, err);
}

static aim_status step_resolve(aim__trust_work *w, const void *asked, aim__trust_note *note, int *out_counted,
                               aim_error *err)
{
	const aim_trust_finding *f = asked;
	uint32_t rank;
	aim_status rc = find_open(w, f, &rank, err);
	if (rc != AIM_OK)
		return rc;
	if (rank == AIM__TRUST_RANKS)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ASSESS, "%s %.*s is not open", note->what, AIM__STR(f->id));
	if (*open_count(w, rank) == 0)
		return AIM_E_TRUST_EVIDENCE; /* open, and not counted: the caller looks why */
	--*open_count(w, rank);
	*out_counted = 1;
	return put_open(w, f, rank, 0, err);
}

/* Open as something else: what it was is taken away in the same batch. */
static aim_status step_move(aim__trust_work *w, const aim_trust_finding *f, aim__trust_note *note, int *out_counted,
                            aim_error *err)
{
	uint32_t rank = rank_of(f), open = AIM__TRUST_RANKS;
	aim_status rc = find_open(w, f, &open, err);
	if (rc != AIM_OK || open == rank || open == AIM__TRUST_RANKS)
		return rc == AIM_OK ? step_open(w, f, note, out_counted, err) : rc;
	if (*open_count(w, open) == 0)
		return AIM_E_TRUST_EVIDENCE;
	--*open_count(w, open);
	++*open_count(w, rank);
	*out_counted = 1;
	rc = put_open(w, f, open, 0, err);
	return rc == AIM_OK ? put_open(w, f, rank, 1, err) : rc;
}

aim_status aim__trust_set_finding(aim__trust_work *w, const aim_trust_finding *finding, int opens, int *out_changed,
                                  aim_error *err)
{
	aim__trust_note note = {.what = finding->kind == AIM_TRUST_ALERT ? "alert" : "drift"};
	int counted = 0;
	aim_status rc = opens ? step_move(w, finding, &note, &counted, err) : step_resolve(w, finding, &note, &counted, err);
	*out_changed |= counted;
	return rc == AIM_E_TRUST_EVIDENCE ? disagreement(w, err) : rc;
}

static aim_status change_finding(aim_registry *registry, const aim_trust_finding *finding, int opens,
                                 aim_trust_change *out_change, aim_error *err)
{
	aim_trust_finding f = {.struct_size = sizeof f};
	if (!registry || !finding)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and finding are required");
	aim_status rc = aim__sized_in(&f, sizeof f, finding, sizeof f, "aim_trust_finding", err);
	if (rc != AIM_OK)
		return rc;
	if (!opens)
		f.severity = f.kind == AIM_TRUST_ALERT ? AIM_TRUSTSCORE_LOW : 0;
	if (f.flags || !((f.kind == AIM_TRUST_ALERT && f.severity && f.severity <= AIM_TRUSTSCORE_CRITICAL) ||
	                 (f.kind == AIM_TRUST_DRIFT && f.severity == 0)))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "finding: an alert with its severity or drift without one, and no flags, are expected");
	aim__trust_note note = {f.kind == AIM_TRUST_ALERT ? "alert" : "drift", opens ? "opened" : "resolved", f.source, f.id,
	                        f.cause};
	return change(registry, f.subject, &note, opens ? step_open : step_resolve, &f, out_change, err);
}

aim_status aim_trust_open(aim_registry *registry, const aim_trust_finding *finding, aim_trust_change *out_change,
                          aim_error *err)
{
	return change_finding(registry, finding, 1, out_change, err);
}

aim_status aim_trust_resolve(aim_registry *registry, const aim_trust_finding *finding, aim_trust_change *out_change,
                             aim_error *err)
{
	return change_finding(registry, finding, 0, out_change, err);
}

/* ---- penalties ---- */

static aim_status step_penalty(aim__trust_work *w, const void *asked, aim__trust_note *note, int *out_counted,
                               aim_error *err)
{
	const aim_trust_penalty *p = asked;
	(void)note;
	aim__trust_forget_penalties(&w->evidence, w->now_us);
	aim_status rc = aim_trustscore_evidence_add_penalty(&w->evidence, p->id, p->micro, w->now_us, p->until_us, err);
	*out_counted = rc == AIM_OK;
	return rc == AIM_E_EXISTS ? AIM_OK : rc;
}

aim_status aim_trust_penalize(aim_registry *registry, const aim_trust_penalty *penalty, aim_trust_change *out_change,
                              aim_error *err)
{
	aim_trust_penalty p = {.struct_size = sizeof p};
	if (!registry || !penalty)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and penalty are required");
	aim_status rc = aim__sized_in(&p, sizeof p, penalty, sizeof p, "aim_trust_penalty", err);
	if (rc == AIM_OK && p.flags)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "penalty: no flags are known");
	aim__trust_note note = {"penalty", "begun", p.source, p.id, p.cause};
	return rc == AIM_OK ? change(registry, p.subject, &note, step_penalty, &p, out_change, err) : rc;
}
