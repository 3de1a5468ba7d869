/* assess/trust_mesh_record.c — interactions going in, counters, decisions and history coming out. Layer assess. */
#include "assess/trust_mesh_store.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_trustmesh_options, 16);
AIM__NO_PADDING(aim_trustmesh_interaction, 16 + 8 + 8 * sizeof(void *));
AIM__NO_PADDING(aim_trustmesh_change, 8 + 4 * (2 * AIM_TRUSTMESH_COUNTERS + 2));
AIM__NO_PADDING(aim_trustmesh_moment, 8 + 16 + 8 + 4 * (2 * AIM_TRUSTMESH_COUNTERS + 2) + 6 * sizeof(void *));

#define MOST 1000u
#define SOURCE_MAX 256u
#define EVENT_MAX 64u
#define MAX_AGE_US (AIM_TRUSTMESH_EVENT_KEPT_S * INT64_C(1000000))

static const char *const outcome_names[] = {"unknown", "success", "failure", "timeout", "partial"};
static const char *const counter_names[] = {"overall",      "competence",     "integrity",
                                            "availability", "predictability", "transparency"};

static aim_status take_options(aim_trustmesh_options *o, const aim_trustmesh_options *given, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, given, sizeof *o, "aim_trustmesh_options", err);
	if (rc != AIM_OK)
		return rc;
	if ((o->flags & ~AIM_TRUSTMESH_START) || o->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS,
		                 "aim_trustmesh_options.flags has an unknown bit, or reserved is not 0");
	if (!(o->flags & AIM_TRUSTMESH_START) && o->start == 0)
		o->start = AIM_TRUSTMESH_DEFAULT_START;
	if (o->start > MOST)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_trustmesh_options.start is %u; 0 to 1000 are allowed",
		                 o->start);
	return AIM_OK;
}

/* Finds a subject and loads its counters into new work. */
static aim_status open_work(aim_registry *registry, aim_str subject, const aim_trustmesh_options *given,
                            aim__mesh_work **out, aim_error *err)
{
	aim_trustmesh_options options = {.struct_size = sizeof options};
	aim_status rc = take_options(&options, given, err);
	if (rc != AIM_OK)
		return rc;
	aim__mesh_work *w = aim__mesh_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = aim__mesh_find(w, subject, err);
	if (rc == AIM_OK)
		rc = aim__mesh_load(w, &options, err);
	if (rc == AIM_OK)
		*out = w;
	else
		aim__mesh_work_free(w);
	return rc;
}

/* ---- recording ---- */

static aim_status take_interaction(aim_trustmesh_interaction *i, const aim_trustmesh_interaction *given, aim_error *err)
{
	aim_status rc = aim__sized_in(i, sizeof *i, given, sizeof *i, "aim_trustmesh_interaction", err);
	if (rc != AIM_OK)
		return rc;
	if (i->flags || i->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_trustmesh_interaction.flags and reserved must be 0");
	if (i->outcome < AIM_TRUSTINTEROP_SUCCESS || i->outcome > AIM_TRUSTINTEROP_PARTIAL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "interaction: the outcome success, failure, timeout or partial is expected");
	rc = aim__check_text("source of an interaction", i->source, SOURCE_MAX, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("id of an interaction", i->id, EVENT_MAX, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("cause of an interaction", i->cause, AIM__REASON_MAX, 0, err);
	return rc;
}

static aim_status check_source(const aim__mesh_work *w, aim_str source, aim_error *err)
{
	if (w->found ? aim__subject_is(w->found, source) : aim_str_equal(source, aim_str_from(w->name)))
		return aim__fail(err, AIM_E_TRUST_SELF, AIM_LAYER_ASSESS, "%s may not tell of interactions with itself", w->name);
	return AIM_OK;
}

/* 1 in *out_seen when exactly this was counted already. */
static aim_status check_event_id(aim__mesh_work *w, const aim_trustmesh_interaction *i, int *out_seen, aim_error *err)
{
	aim__mesh_stored_event stored;
	aim_status rc = aim__mesh_get(w, AIM__MESH_EVENT, i->id, &aim__mesh_event_table, &stored, sizeof stored, err);
	*out_seen = rc == AIM_OK;
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc != AIM_OK)
		return rc;
	if (stored.outcome != i->outcome || !aim_str_equal(stored.source, i->source))
		return aim__fail(err, AIM_E_TRUST_EVENT, AIM_LAYER_ASSESS, "event %.*s was counted as another interaction",
		                 AIM__STR(i->id));
	return AIM_OK;
}

/* An interaction without a time is behind all that were counted, also when the clock stands still or was set back. */
static aim_status set_time(const aim__mesh_work *w, aim_trustmesh_interaction *i, aim_error *err)
{
	if (i->time_us == 0) {
		i->time_us = w->now_us;
		if (w->before.last_id[0] && i->time_us <= w->before.last_us)
			i->time_us = w->before.last_us + 1;
		return AIM_OK;
	}
	if (i->time_us > w->now_us)
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_ASSESS, "interaction: it is in the future");
	if (i->time_us < 0 || w->now_us - i->time_us > MAX_AGE_US)
		return aim__fail(err, AIM_E_STALE, AIM_LAYER_ASSESS, "interaction: it is older than 90 days");
	return AIM_OK;
}

static aim_status tell(const aim__mesh_work *w, int counted, aim_trustmesh_change *out)
{
	aim_trustmesh_change change = {.struct_size = sizeof change, .flags = counted ? AIM_TRUSTMESH_COUNTED : 0};
	const aim_trustinterop_mesh *after = counted ? &w->after : &w->before;
	if (!out)
		return AIM_OK;
	aim__mesh_counters(&w->before, change.before);
	aim__mesh_counters(after, change.after);
	change.old_tier = aim_trustinterop_mesh_tier(&w->before);
	change.new_tier = aim_trustinterop_mesh_tier(after);
	return aim__sized_out(out, &change, sizeof change, sizeof change);
}

static aim_status try_once(aim__mesh_work *w, aim_trustmesh_interaction i, const aim_trustmesh_options *options,
                           aim_trustmesh_change *out, aim_error *err)
{
	int seen = 0;
	aim_status rc = aim__mesh_load(w, options, err);
	if (rc == AIM_OK)
		rc = check_event_id(w, &i, &seen, err);
	if (rc != AIM_OK || seen)
		return rc == AIM_OK ? tell(w, 0, out) : rc;
	rc = set_time(w, &i, err);
	if (rc != AIM_OK)
		return rc;
	w->after = w->before;
	rc = aim_trustinterop_mesh_apply(&w->after, i.outcome, i.time_us, i.id, w->ceiling, err);
	if (rc == AIM_OK)
		rc = aim__mesh_commit(w, &i, err);
	return rc == AIM_OK ? tell(w, 1, out) : rc;
}

static aim_status record(aim__mesh_work *w, aim_trustmesh_interaction *i, const aim_trustmesh_options *options,
                         aim_trustmesh_change *out, aim_error *err)
{
	char made[AIM__ID_SIZE];
	aim_status rc = aim__mesh_find(w, i->subject, err);
	if (rc == AIM_OK)
		rc = check_source(w, i->source, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_ctx_now_us(w->registry->ctx, &w->now_us);
	if (rc == AIM_OK && i->id.len == 0) {
		rc = aim__id_new(w->registry->ctx, "int_", w->now_us, made);
		i->id = aim_str_from(made);
	}
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	rc = AIM_E_CONFLICT;
	for (int n = 0; rc == AIM_E_CONFLICT && n < AIM__RECORD_ATTEMPTS; n++)
		rc = try_once(w, *i, options, out, err);
	return rc;
}

aim_status aim_trustmesh_record(aim_registry *registry, const aim_trustmesh_interaction *interaction,
                                const aim_trustmesh_options *options, aim_trustmesh_change *out_change, aim_error *err)
{
	aim_trustmesh_interaction i = {.struct_size = sizeof i};
	aim_trustmesh_options o = {.struct_size = sizeof o};
	if (!registry || !interaction || (out_change && out_change->struct_size < sizeof *out_change))
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, interaction and the size of out_change are required");
	aim_status rc = take_interaction(&i, interaction, err);
	if (rc == AIM_OK)
		rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim__mesh_work *w = aim__mesh_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = record(w, &i, &o, out_change, err);
	aim__mesh_work_free(w);
	return rc;
}

/* ---- asking ---- */

aim_status aim_trustmesh_score(aim_registry *registry, aim_str subject, const aim_trustmesh_options *options,
                               aim_trustinterop_mesh *out, aim_error *err)
{
	aim__mesh_work *w = NULL;
	if (!registry || !out || out->struct_size < sizeof *out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out with its size are required");
	aim_status rc = open_work(registry, subject, options, &w, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__sized_out(out, &w->before, sizeof w->before, sizeof w->before);
	aim__mesh_work_free(w);
	return rc;
}

static aim_status decide(const aim__mesh_work *w, uint32_t least, aim_error *err)
{
	int64_t now_us;
	aim_status rc = aim_ctx_now_us(w->registry->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (!w->before.known)
		return aim__fail(err, AIM_DENIED, AIM_LAYER_ASSESS, "trust: nobody recorded an interaction with %s", w->name);
	if (w->found && (rc = aim__subject_in_order(w->found, now_us, err)) != AIM_OK)
		return rc;
	if (w->before.overall < least)
		return aim__fail(err, AIM_DENIED, AIM_LAYER_ASSESS, "trust: %s has %u of 1000, and %u are needed", w->name,
		                 w->before.overall, least);
	return AIM_OK;
}

aim_status aim_trustmesh_check(aim_registry *registry, aim_str subject, uint32_t least,
                               const aim_trustmesh_options *options, aim_trustinterop_mesh *out, aim_error *err)
{
	aim_trustinterop_mesh unknown = {.struct_size = sizeof unknown};
	aim__mesh_work *w = NULL;
	if (!registry || least > MOST || (out && out->struct_size < sizeof *out))
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, 0 to 1000 and the size of out are required");
	aim_status rc = out ? aim__sized_out(out, &unknown, sizeof unknown, sizeof unknown) : AIM_OK;
	if (rc == AIM_OK)
		rc = open_work(registry, subject, options, &w, err);
	if (rc != AIM_OK)
		return rc;
	rc = decide(w, least, err);
	if (out)
		(void)aim__sized_out(out, &w->before, sizeof w->before, sizeof w->before);
	aim__mesh_work_free(w);
	return rc;
}

/* ---- history ---- */

/* A slot that was taken over by a newer change meanwhile is passed over. */
static aim_status show_change(aim__mesh_work *w, uint64_t number, aim_trustmesh_visit visit, void *user, aim_error *err)
{
	char slot[21];
	aim__mesh_stored_change c;
	slot[aim__u64_text(slot, (number - 1) % AIM_TRUSTMESH_HISTORY)] = 0;
	aim__arena_reset(&w->arena);
	aim_status rc = aim__mesh_get(w, AIM__MESH_HISTORY, aim_str_from(slot), &aim__mesh_change_table, &c, sizeof c, err);
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && c.number != number))
		return AIM_OK;
	if (rc != AIM_OK)
		return rc;
	aim_trustmesh_moment m = {.struct_size = sizeof m, .number = number, .time_us = c.time_us, .outcome = c.outcome};
	for (size_t i = 0; i < AIM_TRUSTMESH_COUNTERS; i++) {
		m.before[i] = (uint32_t)c.before[i];
		m.after[i] = (uint32_t)c.after[i];
	}
	m.old_tier = c.old_tier;
	m.new_tier = c.new_tier;
	m.cause = c.cause;
	m.event = c.event;
	m.source = c.source;
	return visit(user, &m);
}

aim_status aim_trustmesh_history(aim_registry *registry, aim_str subject, size_t limit, aim_trustmesh_visit visit,
                                 void *user, aim_error *err)
{
	aim__mesh_work *w = NULL;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim_status rc = open_work(registry, subject, NULL, &w, err);
	if (rc != AIM_OK)
		return rc;
	uint64_t kept = w->n_changes < AIM_TRUSTMESH_HISTORY ? w->n_changes : AIM_TRUSTMESH_HISTORY;
	if (limit && limit < kept)
		kept = limit;
	for (uint64_t i = 0; rc == AIM_OK && i < kept; i++)
		rc = show_change(w, w->n_changes - i, visit, user, err);
	aim__mesh_work_free(w);
	return rc;
}

/* ---- names ---- */

const char *aim_trustmesh_outcome_name(uint32_t outcome)
{
	return outcome_names[outcome <= AIM_TRUSTINTEROP_PARTIAL ? outcome : 0];
}

uint32_t aim_trustmesh_outcome_named(aim_str name)
{
	for (uint32_t i = AIM_TRUSTINTEROP_SUCCESS; i <= AIM_TRUSTINTEROP_PARTIAL; i++)
		if (aim_str_equal(name, aim_str_from(outcome_names[i])))
			return i;
	return 0;
}

const char *aim_trustmesh_counter_name(uint32_t counter)
{
	return counter < AIM_TRUSTMESH_COUNTERS ? counter_names[counter] : "unknown";
}
