/* assess/trust_mesh_store.c — reading the counters of `mesh-5` and committing a change of them. Layer assess. */
#include "assess/trust_mesh_store.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/writer.h"
#include "identity/agent.h"
#include "identity/did_find.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TABLE(fields) {fields, COUNT(fields)}
#define FIELD(type, name, member, kind, required) {name, offsetof(type, member), kind, required, NULL}
#define NAMED(type, name, member, names, required) {name, offsetof(type, member), AIM__FIELD_NAME, required, names}
#define SECOND_US INT64_C(1000000)
#define MICRO_PER_POINT 1000
#define MOST 1000u
#define EVENT_MAX 64u

static const char *const outcome_names[] = {"none", "success", "failure", "timeout", "partial", NULL};
static const char *const tier_names[] = {"unknown",  "untrusted", "probationary",
                                         "standard", "trusted",   "verified_partner", NULL};

typedef struct stored_state {
	aim_str subject, last_event;
	uint64_t counters[AIM_TRUSTMESH_COUNTERS], n_changes;
	int64_t last_us, changed_us;
} stored_state;

#define S stored_state
static const aim__field state_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "overall", counters[0], AIM__FIELD_UINT, 0),
	FIELD(S, "competence", counters[1], AIM__FIELD_UINT, 0),
	FIELD(S, "integrity", counters[2], AIM__FIELD_UINT, 0),
	FIELD(S, "availability", counters[3], AIM__FIELD_UINT, 0),
	FIELD(S, "predictability", counters[4], AIM__FIELD_UINT, 0),
	FIELD(S, "transparency", counters[5], AIM__FIELD_UINT, 0),
	FIELD(S, "changes", n_changes, AIM__FIELD_UINT, 1),
	FIELD(S, "last_at", last_us, AIM__FIELD_TIME_US, 1),
	FIELD(S, "last_event", last_event, AIM__FIELD_TEXT, 1),
	FIELD(S, "changed_at", changed_us, AIM__FIELD_TIME_US, 1),
};
#undef S
#define S aim__mesh_stored_event
static const aim__field event_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "id", id, AIM__FIELD_TEXT, 1),
	FIELD(S, "source", source, AIM__FIELD_TEXT, 1),
	NAMED(S, "outcome", outcome, outcome_names, 1),
	FIELD(S, "time", time_us, AIM__FIELD_TIME_US, 1),
};
#undef S
#define S aim__mesh_stored_change
static const aim__field change_fields[] = {
	FIELD(S, "subject", subject, AIM__FIELD_TEXT, 1),
	FIELD(S, "number", number, AIM__FIELD_UINT, 1),
	FIELD(S, "time", time_us, AIM__FIELD_TIME_US, 1),
	NAMED(S, "outcome", outcome, outcome_names, 1),
	NAMED(S, "old_tier", old_tier, tier_names, 0),
	NAMED(S, "new_tier", new_tier, tier_names, 1),
	FIELD(S, "old_overall", before[0], AIM__FIELD_UINT, 0),
	FIELD(S, "new_overall", after[0], AIM__FIELD_UINT, 0),
	FIELD(S, "old_competence", before[1], AIM__FIELD_UINT, 0),
	FIELD(S, "new_competence", after[1], AIM__FIELD_UINT, 0),
	FIELD(S, "old_integrity", before[2], AIM__FIELD_UINT, 0),
	FIELD(S, "new_integrity", after[2], AIM__FIELD_UINT, 0),
	FIELD(S, "old_availability", before[3], AIM__FIELD_UINT, 0),
	FIELD(S, "new_availability", after[3], AIM__FIELD_UINT, 0),
	FIELD(S, "old_predictability", before[4], AIM__FIELD_UINT, 0),
	FIELD(S, "new_predictability", after[4], AIM__FIELD_UINT, 0),
	FIELD(S, "old_transparency", before[5], AIM__FIELD_UINT, 0),
	FIELD(S, "new_transparency", after[5], AIM__FIELD_UINT, 0),
	FIELD(S, "cause", cause, AIM__FIELD_TEXT, 0),
	FIELD(S, "event", event, AIM__FIELD_TEXT, 1),
	FIELD(S, "source", source, AIM__FIELD_TEXT, 1),
};
#undef S
static const aim__fields state_table = TABLE(state_fields);
const aim__fields aim__mesh_event_table = TABLE(event_fields);
const aim__fields aim__mesh_change_table = TABLE(change_fields);

/* ---- work ---- */

aim__mesh_work *aim__mesh_work_new(aim_registry *registry)
{
	aim__mesh_work *w = aim__alloc_zeroed(registry->ctx, sizeof *w);
	if (!w)
		return NULL;
	w->registry = registry;
	aim__batch_init(&w->batch, registry);
	aim__record_init(&w->record, registry);
	aim__arena_init(&w->arena, registry->ctx, 1024, 0);
	aim__buf_init(&w->key, registry->ctx);
	return w;
}

void aim__mesh_work_free(aim__mesh_work *w)
{
	if (!w)
		return;
	aim__buf_dispose(&w->key);
	aim__arena_dispose(&w->arena);
	aim__record_dispose(&w->record);
	aim__batch_dispose(&w->batch);
	aim__subject_free(w->found);
	aim__free(w->registry->ctx, w, sizeof *w);
}

void aim__mesh_counters(const aim_trustinterop_mesh *mesh, uint32_t out[AIM_TRUSTMESH_COUNTERS])
{
	out[AIM_TRUSTMESH_OVERALL] = mesh->overall;
	out[AIM_TRUSTMESH_COMPETENCE] = mesh->competence;
	out[AIM_TRUSTMESH_INTEGRITY] = mesh->integrity;
	out[AIM_TRUSTMESH_AVAILABILITY] = mesh->availability;
	out[AIM_TRUSTMESH_PREDICTABILITY] = mesh->predictability;
	out[AIM_TRUSTMESH_TRANSPARENCY] = mesh->transparency;
}

/* ---- finding ---- */

static uint32_t ceiling_of(const aim__subject *subject)
{
	if (!subject || subject->kind != &aim__agent_kind)
		return MOST;
	return (uint32_t)(aim_agent_trust_ceiling_micro((const aim_agent *)(const void *)subject) / MICRO_PER_POINT);
}

/* The id that a DID or alias leads to. AIM_E_NOT_FOUND: nobody's here. */
static aim_status find_name(aim__mesh_work *w, aim_str name, char id[AIM__ID_SIZE], aim_error *err)
{
	aim_status rc = aim__did_find(w->registry, name, id, err);
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	if (!aim__did_valid(name))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "trust: the id of an agent or server, or a DID of at most %u bytes, is expected", AIM__DID_MAX);
	memcpy(w->name, name.ptr, name.len);
	return AIM_E_NOT_FOUND;
}

aim_status aim__mesh_find(aim__mesh_work *w, aim_str subject, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_status rc = aim__check_text("subject of trust", subject, AIM__DID_MAX, AIM__CHECK_REQUIRED, err);
	if (rc != AIM_OK)
		return rc;
	const aim__subject_kind *kind = aim__subject_kind_of(subject);
	if (!kind) {
		rc = find_name(w, subject, id, err);
		w->ceiling = MOST;
		if (rc != AIM_OK)
			return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
		subject = aim_str_from(id);
		kind = aim__subject_kind_of(subject);
	}
	rc = aim__subject_find(w->registry, kind, subject, &w->found, err);
	if (rc != AIM_OK)
		return rc;
	memcpy(w->name, w->found->id.ptr, AIM__ID_SIZE);
	w->ceiling = ceiling_of(w->found);
	return AIM_OK;
}

/* ---- loading ---- */

static aim_status make_key(aim__mesh_work *w, const char *prefix, aim_str last, aim_error *err)
{
	aim_str parts[3] = {aim_registry_name_space(w->registry), aim_str_from(w->name), last};
	return aim__record_key(&w->key, prefix, parts, last.ptr ? 3 : 2, err);
}

aim_status aim__mesh_get(aim__mesh_work *w, const char *prefix, aim_str last, const aim__fields *table, void *out,
                         size_t size, aim_error *err)
{
	memset(out, 0, size);
	aim_status rc = make_key(w, prefix, last, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&w->record, aim_buf_bytes(&w->key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&w->record, aim_buf_bytes(&w->key), table, &w->arena, out, err);
	return rc;
}

static uint32_t bounded(uint64_t value, uint32_t ceiling)
{
	return value < ceiling ? (uint32_t)value : ceiling;
}

static aim_status take_state(aim__mesh_work *w, const stored_state *state, aim_error *err)
{
	aim_trustinterop_mesh *m = &w->before;
	for (size_t i = 0; i < AIM_TRUSTMESH_COUNTERS; i++)
		if (state->counters[i] > MOST)
			return aim__record_corrupt(aim_buf_bytes(&w->key), state_fields[1 + i].name, err);
	if (state->last_event.len == 0 || state->last_event.len > EVENT_MAX)
		return aim__record_corrupt(aim_buf_bytes(&w->key), "last_event", err);
	m->known = 1;
	m->overall = bounded(state->counters[AIM_TRUSTMESH_OVERALL], w->ceiling);
	m->competence = bounded(state->counters[AIM_TRUSTMESH_COMPETENCE], w->ceiling);
	m->integrity = bounded(state->counters[AIM_TRUSTMESH_INTEGRITY], w->ceiling);
	m->availability = bounded(state->counters[AIM_TRUSTMESH_AVAILABILITY], w->ceiling);
	m->predictability = bounded(state->counters[AIM_TRUSTMESH_PREDICTABILITY], w->ceiling);
	m->transparency = bounded(state->counters[AIM_TRUSTMESH_TRANSPARENCY], w->ceiling);
	m->last_us = state->last_us;
	memcpy(m->last_id, state->last_event.ptr, state->last_event.len);
	w->n_changes = state->n_changes;
	return AIM_OK;
}

aim_status aim__mesh_load(aim__mesh_work *w, const aim_trustmesh_options *options, aim_error *err)
{
	stored_state state;
	aim_str none = {NULL, 0};
	w->version = w->n_changes = 0;
	memset(&w->before, 0, sizeof w->before);
	w->before.struct_size = sizeof w->before;
	aim__arena_reset(&w->arena);
	/* A batch serves once: what an attempt before this one wrote is still in it. */
	aim__batch_dispose(&w->batch);
	aim__batch_init(&w->batch, w->registry);
	aim_status rc = aim__mesh_get(w, AIM__MESH_STATE, none, &state_table, &state, sizeof state, err);
	if (rc == AIM_E_NOT_FOUND)
		return w->found ? aim_trustinterop_mesh_begin(&w->before, bounded(options->start, w->ceiling)) : AIM_OK;
	if (rc != AIM_OK)
		return rc;
	w->version = w->record.version;
	return take_state(w, &state, err);
}

/* ---- changing ---- */

static aim_status add(aim__mesh_work *w, uint32_t kind, const char *prefix, aim_str last, const aim__fields *table,
                      const void *record, aim_error *err)
{
	aim_str parts[3] = {aim_registry_name_space(w->registry), aim_str_from(w->name), last};
	return aim__batch_add(&w->batch, kind, w->version, prefix, parts, last.ptr ? 3 : 2, table, record, err);
}

static aim_status add_state(aim__mesh_work *w, aim_error *err)
{
	aim_str none = {NULL, 0};
	uint32_t counters[AIM_TRUSTMESH_COUNTERS];
	stored_state state = {.subject = aim_str_from(w->name), .last_event = aim_str_from(w->after.last_id)};
	aim__mesh_counters(&w->after, counters);
	for (size_t i = 0; i < AIM_TRUSTMESH_COUNTERS; i++)
		state.counters[i] = counters[i];
	state.n_changes = w->n_changes + 1;
	state.last_us = w->after.last_us;
	state.changed_us = w->now_us;
	return add(w, w->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT, AIM__MESH_STATE, none, &state_table,
	           &state, err);
}

static aim_status add_event(aim__mesh_work *w, const aim_trustmesh_interaction *i, aim_error *err)
{
	aim__mesh_stored_event event = {.subject = aim_str_from(w->name), .id = i->id, .source = i->source};
	event.outcome = i->outcome;
	event.time_us = i->time_us;
	aim_status rc = add(w, AIM_STORE_PUT_IF_ABSENT, AIM__MESH_EVENT, i->id, &aim__mesh_event_table, &event, err);
	if (rc == AIM_OK)
		w->batch.ops[w->batch.n_ops - 1].expires_at_us = w->now_us + AIM_TRUSTMESH_EVENT_KEPT_S * SECOND_US;
	return rc;
}

static aim_status add_history(aim__mesh_work *w, const aim_trustmesh_interaction *i, aim_error *err)
{
	char slot[21];
	uint32_t before[AIM_TRUSTMESH_COUNTERS], after[AIM_TRUSTMESH_COUNTERS];
	slot[aim__u64_text(slot, w->n_changes % AIM_TRUSTMESH_HISTORY)] = 0;
	aim__mesh_stored_change c = {.subject = aim_str_from(w->name), .cause = i->cause, .event = i->id, .source = i->source};
	c.number = w->n_changes + 1;
	c.time_us = i->time_us;
	c.outcome = i->outcome;
	c.old_tier = aim_trustinterop_mesh_tier(&w->before);
	c.new_tier = aim_trustinterop_mesh_tier(&w->after);
	aim__mesh_counters(&w->before, before);
	aim__mesh_counters(&w->after, after);
	for (size_t n = 0; n < AIM_TRUSTMESH_COUNTERS; n++) {
		c.before[n] = before[n];
		c.after[n] = after[n];
	}
	return add(w, AIM_STORE_PUT, AIM__MESH_HISTORY, aim_str_from(slot), &aim__mesh_change_table, &c, err);
}

/* Members in canonical order, as the log wants them. */
static aim_status write_data(aim__mesh_work *w, const aim_trustmesh_interaction *i, aim_error *err)
{
	aim__json_writer j;
	aim_buf_clear(&w->batch.data);
	aim__write_init(&j, &w->batch.data);
	aim__write_begin_object(&j);
	aim__write_member_string(&j, "event", i->id);
	aim__write_member_int64(&j, "new_overall", w->after.overall);
	aim__write_member_text(&j, "new_tier", aim_trustinterop_tier_name(aim_trustinterop_mesh_tier(&w->after)));
	aim__write_member_int64(&j, "old_overall", w->before.overall);
	aim__write_member_text(&j, "old_tier", aim_trustinterop_tier_name(aim_trustinterop_mesh_tier(&w->before)));
	aim__write_member_text(&j, "outcome", aim_trustmesh_outcome_name(i->outcome));
	aim__write_member_text(&j, "profile", "mesh-5");
	aim__write_end_object(&j);
	aim_status rc = aim__write_finish(&j);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static void add_record(aim__mesh_work *w, const char *kind, const aim_trustmesh_interaction *i)
{
	aim_audit_record *r = aim__batch_record(&w->batch, kind, aim_str_from(w->name), w->now_us);
	r->user = i->source;
	r->reason = i->cause;
	r->trust_micro = (int64_t)w->after.overall * MICRO_PER_POINT;
}

aim_status aim__mesh_commit(aim__mesh_work *w, const aim_trustmesh_interaction *interaction, aim_error *err)
{
	aim_status rc = add_state(w, err);
	if (rc == AIM_OK)
		rc = add_event(w, interaction, err);
	if (rc == AIM_OK)
		rc = add_history(w, interaction, err);
	if (rc == AIM_OK)
		rc = write_data(w, interaction, err);
	if (rc != AIM_OK)
		return rc;
	add_record(w, "trust_interaction", interaction);
	if (aim_trustinterop_mesh_tier(&w->before) != aim_trustinterop_mesh_tier(&w->after))
		add_record(w, "trust_tier_changed", interaction);
	for (size_t i = 0; i < w->batch.n_records; i++)
		w->batch.records[i].data = aim_buf_str(&w->batch.data);
	return aim__record_commit(w->registry, w->batch.ops, w->batch.n_ops, w->batch.records, w->batch.n_records, NULL, err);
}
