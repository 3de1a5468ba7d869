/* assess/trust.c — scores of stored evidence, what would raise them, and their history. Layer assess. */
#include "assess/trust_store.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "base/time.h"
#include "codec/encoding.h"

#include <string.h>

AIM__NO_PADDING(aim_trust_hint, 8 + 2 * sizeof(void *) + 8);
AIM__NO_PADDING(aim_trust_moment, 8 + 4 * 8 + 6 * sizeof(void *));

static const aim_trustscore_profile *or_default(const aim_trustscore_profile *profile)
{
	return profile ? profile : aim_trustscore_profile_named(aim_str_from("aim-8"));
}

/* Loads a subject's trust into new work. */
static aim_status open_work(aim_registry *registry, aim_str subject, aim__trust_work **out, aim_error *err)
{
	aim_str nobody = {NULL, 0};
	aim__trust_work *w = aim__trust_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = aim__trust_load(w, subject, nobody, err);
	if (rc == AIM_OK)
		*out = w;
	else
		aim__trust_work_free(w);
	return rc;
}

static aim_status score_work(const aim__trust_work *w, const aim_trustscore_profile *profile, aim_trustscore *out,
                             aim_error *err)
{
	uint8_t root[AIM_TRUSTSCORE_ROOT_LEN];
	aim_status rc = aim_trustscore_evidence_root(&w->evidence, root, err);
	if (rc != AIM_OK)
		return rc;
	aim__trust_compute(or_default(profile), &w->evidence, w->now_us, out);
	memcpy(out->sum.root, root, sizeof root);
	return AIM_OK;
}

aim_status aim_trust_score(aim_registry *registry, aim_str subject, const aim_trustscore_profile *profile,
                           aim_trustscore *out, aim_error *err)
{
	aim__trust_work *w = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = open_work(registry, subject, &w, err);
	if (rc == AIM_OK)
		rc = score_work(w, profile, out, err);
	aim__trust_work_free(w);
	return rc;
}

aim_status aim_trust_export(aim_registry *registry, aim_str subject, aim_buf *out, aim_error *err)
{
	aim__trust_work *w = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = open_work(registry, subject, &w, err);
	if (rc == AIM_OK)
		rc = aim_trustscore_evidence_write(&w->evidence, out, err);
	aim__trust_work_free(w);
	return rc;
}

/* ---- hints ---- */

#define SHOWN_IDS 4u
#define MORE_EVENTS 10u

typedef struct hinting {
	aim__trust_work *w;
	const aim_trustscore_profile *profile;
	aim_trust_hint_visit visit;
	void *user;
	aim_trustscore_evidence changed; /* what the evidence would be */
	aim_trustscore score;
	int64_t now_micro;
	size_t n_ids;
} hinting;

/* Tells the hint in w->text when the changed evidence scores higher at a time, or always. */
static aim_status tell(hinting *h, int64_t at_us, int always)
{
	aim__trust_compute(h->profile, &h->changed, at_us, &h->score);
	aim_trust_hint hint = {.struct_size = sizeof hint, .action = aim_buf_str(&h->w->text)};
	hint.gain_micro = h->score.sum.score_micro - h->now_micro;
	if (hint.gain_micro < 0)
		hint.gain_micro = 0;
	return hint.gain_micro || always ? h->visit(h->user, &hint) : AIM_OK;
}

static aim_status begin_hint(hinting *h, const char *text)
{
	h->changed = h->w->evidence;
	aim_buf_clear(&h->w->text);
	return aim__buf_add_text(&h->w->text, text);
}

static aim_status add_open_id(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	hinting *h = user;
	aim__trust_stored_open open;
	(void)version;
	memset(&open, 0, sizeof open);
	aim_status rc = aim__record_parse(&h->w->record, key, value, err);
	if (rc == AIM_OK)
		rc = aim__record_read(&h->w->record, key, &aim__trust_open_table, &h->w->arena, &open, err);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&h->w->text, h->n_ids ? ", " : " ");
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&h->w->text, open.id);
	if (rc != AIM_OK)
		return rc;
	return ++h->n_ids == SHOWN_IDS ? AIM_E_SPACE : AIM_OK; /* any failure ends the walk */
}

static aim_status add_open_ids(hinting *h, uint32_t rank, uint64_t n_open, aim_error *err)
{
	aim_bytes none = {NULL, 0};
	h->n_ids = 0;
	aim_status rc = aim__trust_open_prefix(h->w, rank, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(h->w->registry, aim_buf_bytes(&h->w->key), none, add_open_id, h, err);
	if (rc == AIM_E_SPACE && h->n_ids == SHOWN_IDS)
		rc = AIM_OK;
	if (rc != AIM_OK || n_open <= h->n_ids)
		return rc;
	rc = aim__buf_add_text(&h->w->text, " and ");
	if (rc == AIM_OK)
		rc = aim__buf_add_u64(&h->w->text, n_open - h->n_ids);
	return rc == AIM_OK ? aim__buf_add_text(&h->w->text, " more") : rc;
}

static aim_status hint_alerts(hinting *h, aim_error *err)
{
	uint32_t worst = AIM_TRUSTSCORE_CRITICAL;
	while (worst && h->w->evidence.alerts[worst] == 0)
		worst--;
	if (worst == 0)
		return AIM_OK;
	uint64_t n = h->w->evidence.alerts[worst];
	aim_status rc = begin_hint(h, n == 1 ? "resolve alert" : "resolve alerts");
	if (rc == AIM_OK)
		rc = add_open_ids(h, AIM_TRUSTSCORE_CRITICAL - worst, n, err);
	h->changed.alerts[worst] = 0;
	return rc == AIM_OK ? tell(h, h->w->now_us, worst == AIM_TRUSTSCORE_CRITICAL) : rc;
}

static aim_status hint_drift(hinting *h, aim_error *err)
{
	if (h->w->evidence.drift == 0)
		return AIM_OK;
	aim_status rc = begin_hint(h, "approve or undo drift");
	if (rc == AIM_OK)
		rc = add_open_ids(h, AIM__TRUST_RANKS - 1, h->w->evidence.drift, err);
	h->changed.drift = 0;
	return rc == AIM_OK ? tell(h, h->w->now_us, 1) : rc;
}

static aim_status hint_events(hinting *h, uint32_t factor)
{
	const aim__trust_day none = {0, 0}, more = {MORE_EVENTS, 0};
	aim_status rc = begin_hint(h, "10 more good events of ");
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&h->w->text, aim__trust_factor_names[factor]);
	if (rc != AIM_OK)
		return rc;
	rc = aim__trust_replace(&h->changed, factor, h->w->now_us / AIM__DAY_US, &none, &more, NULL);
	return rc == AIM_OK ? tell(h, h->w->now_us, 0) : AIM_OK; /* the tally is full: nothing to say */
}

static aim_status hint_wait(hinting *h, int64_t until_us, const char *why, aim_str what)
{
	char until[AIM__TIME_TEXT_SIZE];
	if (aim__time_format_s(until, (until_us + AIM__MICRO - 1) / AIM__MICRO) != AIM_OK)
		return AIM_OK;
	aim_status rc = begin_hint(h, "wait until ");
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&h->w->text, until);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&h->w->text, why);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&h->w->text, what);
	return rc;
}

static aim_status hint_age(hinting *h)
{
	static const int64_t days[] = {7, 30, 90};
	aim_str none = {NULL, 0};
	for (size_t i = 0; i < 3; i++) {
		int64_t at_us = h->w->evidence.created_us + days[i] * AIM__DAY_US;
		if (at_us <= h->w->now_us)
			continue;
		/* Only what age gives: nothing else is made older. */
		aim_status rc = hint_wait(h, at_us, ", when age counts for more", none);
		h->changed.created_us = h->w->now_us > days[i] * AIM__DAY_US ? h->w->now_us - days[i] * AIM__DAY_US : 0;
		return rc == AIM_OK ? tell(h, h->w->now_us, 0) : rc;
	}
	return AIM_OK;
}

static aim_status hint_penalty(hinting *h, size_t i)
{
	const aim__trust_penalty *p = &h->w->evidence.penalties[i];
	if (p->until_us <= h->w->now_us)
		return AIM_OK;
	aim_status rc = hint_wait(h, p->until_us, ", the end of penalty ", aim_str_from(p->id));
	h->changed.penalties[i].until_us = h->w->now_us;
	return rc == AIM_OK ? tell(h, h->w->now_us, 0) : rc;
}

static aim_status walk_hints(hinting *h, aim_error *err)
{
	aim_status rc = hint_alerts(h, err);
	if (rc == AIM_OK)
		rc = hint_drift(h, err);
	for (size_t i = 0; rc == AIM_OK && i < h->w->evidence.n_penalties; i++)
		rc = hint_penalty(h, i);
	for (uint32_t factor = 1; rc == AIM_OK && factor < AIM__TRUST_FACTORS; factor++)
		if (aim__trust_is_counted(factor) && h->profile->weights[factor])
			rc = hint_events(h, factor);
	return rc == AIM_OK ? hint_age(h) : rc;
}

static aim_status hints_of(aim__trust_work *w, const aim_trustscore_profile *profile, aim_trust_hint_visit visit,
                           void *user, aim_error *err)
{
	hinting *h = aim__alloc_zeroed(w->registry->ctx, sizeof *h);
	if (!h)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	h->w = w;
	h->profile = or_default(profile);
	h->visit = visit;
	h->user = user;
	aim__trust_compute(h->profile, &w->evidence, w->now_us, &h->score);
	h->now_micro = h->score.sum.score_micro;
	aim_status rc = walk_hints(h, err);
	if (rc == AIM_E_NOMEM || rc == AIM_E_LIMIT)
		(void)aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	aim__free(w->registry->ctx, h, sizeof *h);
	return rc;
}

aim_status aim_trust_hints(aim_registry *registry, aim_str subject, const aim_trustscore_profile *profile,
                           aim_trust_hint_visit visit, void *user, aim_error *err)
{
	aim__trust_work *w = NULL;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim_status rc = open_work(registry, subject, &w, err);
	if (rc == AIM_OK)
		rc = hints_of(w, profile, visit, user, err);
	aim__trust_work_free(w);
	return rc;
}

/* ---- explaining ---- */

static aim_status write_hint(void *user, const aim_trust_hint *hint)
{
	aim__json_writer *j = user;
	aim__write_begin_object(j);
	aim__write_member_string(j, "do", hint->action);
	aim__write_member_int64(j, "gain_micro", hint->gain_micro);
	aim__write_end_object(j);
	return AIM_OK;
}

static void write_rows(aim__json_writer *j, const aim_trustscore *score, uint32_t kind)
{
	aim__write_begin_array(j);
	for (size_t i = 0; i < score->sum.n_rows; i++) {
		const aim_trustscore_row *row = &score->rows[i];
		if (row->kind != kind)
			continue;
		aim__write_begin_object(j);
		aim__write_member_int64(j, "contribution_micro", row->contribution_micro);
		aim__write_member_string(j, "name", row->name);
		aim__write_key(j, "samples");
		aim__write_uint64(j, row->samples);
		aim__write_member_int64(j, "value_micro", row->value_micro);
		aim__write_member_int64(j, "weight_micro", row->weight_micro);
		aim__write_end_object(j);
	}
	aim__write_end_array(j);
}

static void write_vetoes(aim__json_writer *j, uint32_t vetoes)
{
	aim__write_begin_array(j);
	if (vetoes & AIM_TRUSTSCORE_VETO_ALERT)
		aim__write_text(j, "critical_alert");
	if (vetoes & AIM_TRUSTSCORE_VETO_DRIFT)
		aim__write_text(j, "drift");
	aim__write_end_array(j);
}

static aim_status write_explanation(aim__trust_work *w, const aim_trustscore_profile *profile, aim_buf *out,
                                    aim_error *err)
{
	aim__json_writer j;
	char root[2 * AIM_TRUSTSCORE_ROOT_LEN + 1] = "";
	const aim_trustscore_summary *sum = &w->after.sum;
	aim__hex_write(aim_bytes_from(sum->root, sizeof sum->root), root);
	aim__write_init(&j, out);
	aim__write_begin_object(&j);
	aim__write_member_int64(&j, "as_of_us", sum->as_of_us);
	aim__write_member_text(&j, "band", aim_trustscore_band_name(sum->band));
	aim__write_key(&j, "factors");
	write_rows(&j, &w->after, AIM_TRUSTSCORE_FACTOR);
	aim__write_key(&j, "limits");
	write_rows(&j, &w->after, AIM_TRUSTSCORE_LIMIT);
	aim__write_member_string(&j, "profile", sum->profile);
	aim__write_member_int64(&j, "profile_version", sum->profile_version);
	aim__write_member_bool(&j, "provisional", (sum->flags & AIM_TRUSTSCORE_PROVISIONAL) != 0);
	aim__write_key(&j, "raise");
	aim__write_begin_array(&j);
	aim_status rc = hints_of(w, profile, write_hint, &j, err);
	aim__write_end_array(&j);
	aim__write_member_text(&j, "root", root);
	aim__write_key(&j, "samples");
	aim__write_uint64(&j, sum->samples);
	aim__write_member_int64(&j, "score_micro", sum->score_micro);
	aim__write_member_text(&j, "subject", w->subject);
	aim__write_key(&j, "vetoes");
	write_vetoes(&j, sum->vetoes);
	aim__write_end_object(&j);
	aim_status written = aim__write_finish(&j);
	if (rc == AIM_OK && written != AIM_OK)
		return aim__fail_plain(err, written, AIM_LAYER_ASSESS);
	return rc;
}

aim_status aim_trust_explain(aim_registry *registry, aim_str subject, const aim_trustscore_profile *profile,
                             aim_buf *out, aim_error *err)
{
	aim__trust_work *w = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	size_t start = out->len;
	aim_status rc = open_work(registry, subject, &w, err);
	if (rc == AIM_OK)
		rc = score_work(w, profile, &w->after, err);
	if (rc == AIM_OK)
		rc = write_explanation(w, profile, out, err);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	aim__trust_work_free(w);
	return rc;
}

/* ---- history ---- */

/* A slot that was taken over by a newer change meanwhile is passed over. */
static aim_status show_change(aim__trust_work *w, uint64_t number, aim_trust_moment_visit visit, void *user,
                              aim_error *err)
{
	char slot[21];
	aim__trust_stored_change c;
	slot[aim__u64_text(slot, (number - 1) % AIM_TRUST_HISTORY)] = 0;
	aim_str parts[2] = {aim_str_from(w->subject), aim_str_from(slot)};
	aim__arena_reset(&w->arena);
	aim_status rc = aim__trust_get(w, AIM__TRUST_HISTORY, parts, 2, &aim__trust_change_table, &c, sizeof c, err);
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && c.number != number))
		return AIM_OK;
	if (rc != AIM_OK)
		return rc;
	aim_trust_moment m = {.struct_size = sizeof m, .number = number, .time_us = c.time_us};
	m.old_micro = (int64_t)c.old_micro;
	m.new_micro = (int64_t)c.new_micro;
	m.cause = c.cause;
	m.event = c.event;
	m.source = c.source;
	return visit(user, &m);
}

aim_status aim_trust_history(aim_registry *registry, aim_str subject, size_t limit, aim_trust_moment_visit visit,
                             void *user, aim_error *err)
{
	aim__trust_work *w = NULL;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim_status rc = open_work(registry, subject, &w, err);
	if (rc != AIM_OK)
		return rc;
	uint64_t kept = w->n_changes < AIM_TRUST_HISTORY ? w->n_changes : AIM_TRUST_HISTORY;
	if (limit && limit < kept)
		kept = limit;
	for (uint64_t i = 0; rc == AIM_OK && i < kept; i++)
		rc = show_change(w, w->n_changes - i, visit, user, err);
	aim__trust_work_free(w);
	return rc;
}
