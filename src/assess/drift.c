/* assess/drift.c — the handle; what people do about records; listing them. Layer assess. */
#include "assess/drift.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/subject.h"

#include <aim/grant.h>
#include <aim/link.h>

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_drift_severity, 16);
AIM__NO_PADDING(aim_drift_options, 8 + 7 * P);
AIM__NO_PADDING(aim_drift_record, 24 + 4 * 8 + 18 * P);
AIM__NO_PADDING(aim_drift_filter, 24 + 4 * P + 8);
AIM__NO_PADDING(aim_drift_step, 8 + 4 * P);
#undef P

#define MAX_SEVERITIES 64u

static const aim_str nothing = {NULL, 0};

/* ---- the handle ---- */

/* user belongs to the call from the first moment, also when the rest of options is refused. */
static void discard(const aim_drift_options *options)
{
	if (options && options->struct_size >= sizeof *options && options->destroy)
		options->destroy(options->user);
}

static aim_status take_options(const aim_drift_options *options, aim_drift_options *o, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_drift_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_drift_options.flags must be 0");
	if (o->n_severities > MAX_SEVERITIES || (o->n_severities && !o->severities))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_drift_options: at most %u severities", MAX_SEVERITIES);
	for (size_t i = 0; i < o->n_severities; i++) {
		const aim_drift_severity *s = &o->severities[i];
		if (s->kind == 0 || s->kind >= AIM__DRIFT_KINDS || s->flags & ~AIM_DRIFT_GRAVE || s->severity == 0 ||
		    s->severity > AIM_ALERT_CRITICAL)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
			                 "aim_drift_options: severity %zu has no such kind, flag or severity", i);
	}
	return AIM_OK;
}

static aim_status fill(aim_drift *d, const aim_drift_options *o, aim_error *err)
{
	size_t size = o->n_severities * sizeof *d->severities;
	if (size) {
		d->severities = aim__alloc(d->ctx, size);
		if (!d->severities)
			return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
		memcpy(d->severities, o->severities, size);
	}
	d->options.n_severities = o->n_severities;
	aim_status rc = o->scanner ? aim_scan_result_new(o->scanner, &d->scanned) : AIM_OK;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	return aim_alerts_open(d->registry->log, NULL, &d->alerts, err);
}

static aim_status open_drift(aim_registry *registry, const aim_drift_options *options, aim_drift **out, aim_error *err)
{
	aim_drift_options o = {.struct_size = sizeof o};
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_drift *d = aim__alloc_zeroed(registry->ctx, sizeof *d);
	if (!d)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	d->ctx = registry->ctx;
	d->registry = aim__registry_ref(registry);
	aim__arena_init(&d->arena, d->ctx, 4096, 0);
	aim__json_init(&d->before, d->ctx);
	aim__json_init(&d->after, d->ctx);
	aim__buf_init(&d->text, d->ctx);
	rc = fill(d, &o, err);
	if (rc != AIM_OK) {
		aim_drift_free(d); /* options are not taken over yet: the caller discards */
		return rc;
	}
	d->options = o;
	*out = d;
	return AIM_OK;
}

aim_status aim_drift_open(aim_registry *registry, const aim_drift_options *options, aim_drift **out, aim_error *err)
{
	aim_status rc = registry && out ? open_drift(registry, options, out, err)
	                                : AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	if (rc != AIM_OK)
		discard(options);
	return rc;
}

void aim_drift_free(aim_drift *drift)
{
	if (!drift)
		return;
	aim_registry *registry = drift->registry;
	aim_ctx *ctx = drift->ctx;
	if (drift->options.destroy)
		drift->options.destroy(drift->options.user);
	aim_scan_result_free(drift->scanned);
	aim_baseline_free(drift->baseline);
	aim_alerts_free(drift->alerts);
	aim__buf_dispose(&drift->text);
	aim__json_dispose(&drift->after);
	aim__json_dispose(&drift->before);
	aim__free(ctx, drift->findings, drift->cap_findings * sizeof *drift->findings);
	aim__arena_dispose(&drift->arena);
	aim__free(ctx, drift->severities, drift->options.n_severities * sizeof *drift->severities);
	aim__free(ctx, drift, sizeof *drift);
	aim__registry_unref(registry);
}

/* ---- listing ---- */

typedef struct listing {
	aim_drift *d;
	aim_drift_filter filter;
	aim_drift_visit visit;
	void *user;
	uint64_t n;
	int full;
	aim_error *err;
} listing;

static aim_status show(aim_drift *d, aim_str id, const aim_drift_filter *f, aim_drift_visit visit, void *user,
                       int *out_shown, aim_error *err)
{
	aim_drift_record r;
	aim__drift_change *c = aim__drift_change_new(d, nothing, nothing, 0);
	if (!c)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = aim__drift_load_id(c, id, err);
	if (rc == AIM_OK) {
		aim__drift_show(&c->old, &r);
		*out_shown = !f || ((f->state == 0 || f->state == r.state) && r.severity >= f->min_severity &&
		                    (!f->unclosed || r.state != AIM_DRIFT_CLOSED) &&
		                    (f->subject.len == 0 || aim_str_equal(f->subject, r.subject)));
		if (*out_shown)
			rc = visit(user, &r);
	}
	aim__drift_change_free(c);
	return rc;
}

static aim_status show_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	listing *l = user;
	int shown = 0;
	(void)value, (void)version;
	if (key.len < AIM__ID_LEN)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_ASSESS, "a key of drift has no id");
	aim_str id = {(const char *)key.ptr + key.len - AIM__ID_LEN, AIM__ID_LEN};
	aim_status rc = show(l->d, id, &l->filter, l->visit, l->user, &shown, err);
	if (rc == AIM_E_NOT_FOUND && !shown)
		return AIM_OK; /* another namespace's */
	l->n += (uint64_t)shown;
	l->full = l->n == l->filter.limit && l->n > 0;
	return rc == AIM_OK && l->full ? AIM_E_SPACE : rc; /* ends the walk */
}

static aim_status walk(listing *l, const char *after_id, aim_error *err)
{
	const aim_str parts[2] = {l->filter.subject, nothing};
	int by_subject = l->filter.subject.len > 0;
	const char *prefix = by_subject ? AIM__DRIFT_OF : l->filter.unclosed ? AIM__DRIFT_LIVE : AIM__DRIFT_RECORD;
	aim_buf key, after;
	aim__buf_init(&key, l->d->ctx);
	aim__buf_init(&after, l->d->ctx);
	aim_status rc = aim__record_key(&key, prefix, parts, by_subject ? 2 : 0, err);
	if (rc == AIM_OK && *after_id) {
		rc = aim__buf_add_str(&after, aim_buf_str(&key));
		if (rc == AIM_OK)
			rc = aim__buf_add_text(&after, after_id);
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	if (rc == AIM_OK)
		rc = aim__record_walk(l->d->registry, aim_buf_bytes(&key), aim_buf_bytes(&after), show_row, l, err);
	aim__buf_dispose(&after);
	aim__buf_dispose(&key);
	return rc == AIM_E_SPACE && l->full ? AIM_OK : rc;
}

aim_status aim_drift_list_records(aim_drift *drift, const aim_drift_filter *filter, aim_drift_visit visit, void *user,
                                  aim_error *err)
{
	listing l = {.d = drift, .filter = {.struct_size = sizeof l.filter}, .visit = visit, .user = user, .err = err};
	char after[AIM__ID_SIZE] = "";
	if (!drift || !visit)
		return AIM__MISUSE(drift ? drift->ctx : NULL, "drift and visit are required");
	aim_status rc = aim__sized_in(&l.filter, sizeof l.filter, filter, sizeof l.filter, "aim_drift_filter", err);
	if (rc != AIM_OK)
		return rc;
	if (l.filter.flags || l.filter.reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_drift_filter: flags and reserved must be 0");
	if (l.filter.state > AIM_DRIFT_CLOSED || l.filter.min_severity > AIM_ALERT_CRITICAL || l.filter.unclosed > 1)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "aim_drift_filter: state is 0 to 3, min_severity 0 to 5, unclosed 0 or 1");
	if (l.filter.state == AIM_DRIFT_OPEN || l.filter.state == AIM_DRIFT_ACKNOWLEDGED)
		l.filter.unclosed = 1;
	if (l.filter.after.len)
		rc = aim__id_parse(AIM__DRIFT_ID, l.filter.after, after, err);
	return rc == AIM_OK ? walk(&l, after, err) : rc;
}

static aim_status no_such(const char *id, aim_error *err)
{
	return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ASSESS, "there is no drift record %s", id);
}

aim_status aim_drift_show(aim_drift *drift, aim_str id, aim_drift_visit visit, void *user, aim_error *err)
{
	char own[AIM__ID_SIZE];
	int shown = 0;
	if (!drift || !visit)
		return AIM__MISUSE(drift ? drift->ctx : NULL, "drift and visit are required");
	aim_status rc = aim__id_parse(AIM__DRIFT_ID, id, own, err);
	if (rc != AIM_OK)
		return rc;
	rc = show(drift, aim_str_from(own), NULL, visit, user, &shown, err);
	return rc == AIM_E_NOT_FOUND && !shown ? no_such(own, err) : rc;
}

/* ---- steps ---- */

typedef struct stepping {
	aim_drift *d;
	char id[AIM__ID_SIZE];
	aim_drift_step step;
	int64_t now_us;
	aim__drift_change *change;
	int moved_on; /* what is there now is not what the record shows */
	aim_error *err;
} stepping;

static aim_status begin_step(stepping *s, aim_drift *drift, aim_str id, const aim_drift_step *step, uint32_t reason,
                             aim_error *err)
{
	memset(s, 0, sizeof *s);
	s->d = drift;
	s->err = err;
	s->step.struct_size = sizeof s->step;
	if (!drift || !step)
		return AIM__MISUSE(drift ? drift->ctx : NULL, "drift and step are required");
	aim_status rc = aim__sized_in(&s->step, sizeof s->step, step, sizeof s->step, "aim_drift_step", err);
	if (rc == AIM_OK && s->step.flags)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_drift_step.flags must be 0");
	if (rc == AIM_OK)
		rc = aim__check_name(drift->ctx, "actor", s->step.actor, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("reason", s->step.reason, AIM__REASON_MAX, AIM__CHECK_LINES | reason, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(AIM__DRIFT_ID, id, s->id, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(drift->ctx, &s->now_us)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	return rc;
}

/* The record, and a change of it. Closed: AIM_E_STATE. */
static aim_status load(stepping *s)
{
	aim__drift_change_free(s->change);
	s->change = aim__drift_change_new(s->d, nothing, nothing, s->now_us);
	if (!s->change)
		return aim__fail_plain(s->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = aim__drift_load_id(s->change, aim_str_from(s->id), s->err);
	if (rc == AIM_E_NOT_FOUND)
		return no_such(s->id, s->err);
	if (rc != AIM_OK)
		return rc;
	s->change->subject = s->change->old.subject;
	s->change->part = s->change->old.part;
	if (s->change->old.state == AIM_DRIFT_CLOSED)
		return aim__fail(s->err, AIM_E_STATE, AIM_LAYER_ASSESS, "drift record %s is closed: %s", s->id,
		                 aim_drift_how_name(s->change->old.how));
	return AIM_OK;
}

static void end_step(stepping *s)
{
	aim__drift_change_free(s->change);
	s->change = NULL;
}

static aim_status acknowledge_once(stepping *s)
{
	aim_status rc = load(s);
	if (rc != AIM_OK || s->change->old.state == AIM_DRIFT_ACKNOWLEDGED)
		return rc;
	rc = aim__drift_note_seen(s->change, &s->step, s->err);
	return rc == AIM_OK ? aim__drift_commit(s->change, s->err) : rc;
}

aim_status aim_drift_acknowledge(aim_drift *drift, aim_str id, const aim_drift_step *step, aim_error *err)
{
	stepping s;
	aim_status rc = begin_step(&s, drift, id, step, 0, err);
	if (rc != AIM_OK)
		return rc;
	drift->n_findings = 0;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = acknowledge_once(&s);
	end_step(&s);
	return rc;
}

/* ---- closing ---- */

static aim_status close_once(stepping *s, uint32_t how)
{
	aim_status rc = load(s);
	if (rc == AIM_OK)
		rc = aim__drift_close(s->change, how, &s->step, s->err);
	return rc == AIM_OK ? aim__drift_commit(s->change, s->err) : rc;
}

static aim_status close_record(stepping *s, uint32_t how)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = close_once(s, how);
	return rc;
}

static int is_of_server(const stepping *s)
{
	return s->change->old.subject.len > 4 && memcmp(s->change->old.subject.ptr, aim__server_kind.id_prefix, 4) == 0;
}

static uint32_t kind_of_part(aim_str part)
{
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
		if (aim_str_equal(part, aim_str_from(aim__fingerprint_kinds[kind])))
			return kind;
	return 0;
}

aim_status aim_drift_resolve(aim_drift *drift, aim_str id, const aim_drift_step *step, aim_error *err)
{
	stepping s;
	aim_status rc = begin_step(&s, drift, id, step, AIM__CHECK_REQUIRED, err);
	if (rc != AIM_OK)
		return rc;
	drift->n_findings = 0;
	rc = load(&s);
	if (rc == AIM_OK && is_of_server(&s) && kind_of_part(s.change->old.part))
		rc = aim__fail(err, AIM_E_STATE, AIM_LAYER_ASSESS,
		               "drift record %s is about what a server shows: it is over when that is approved or as it was", s.id);
	if (rc == AIM_OK)
		rc = close_record(&s, AIM_DRIFT_RESOLVED);
	end_step(&s);
	return rc;
}

/* ---- approving what a server shows ---- */

/* With the approval prepared: the end of the record, if it still shows what is approved. */
static aim_status join(void *user, aim_baseline *b, uint32_t kind, int64_t now_us, aim__baseline_addition *out,
                       aim_error *err)
{
	stepping *s = user;
	uint8_t set[32];
	size_t n = 0;
	(void)now_us;
	aim_status rc = load(s);
	if (rc == AIM_OK)
		rc = aim__drift_set(b, kind, 0, set, &n, err);
	if (rc != AIM_OK)
		return rc;
	if (n && !aim__surface_equal(set, s->change->old.set)) {
		s->moved_on = 1;
		return AIM_E_STATE;
	}
	rc = aim__drift_close(s->change, AIM_DRIFT_APPROVED, &s->step, err);
	if (rc == AIM_OK)
		aim__drift_gather(s->change, out);
	return rc;
}

typedef struct agents {
	aim_drift *d;
	aim__arena arena;
	aim_str ids[64];
	size_t n;
} agents;

static aim_status note_agent(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	agents *a = user;
	(void)value, (void)version;
	if (key.len < AIM__ID_LEN || a->n == sizeof a->ids / sizeof *a->ids)
		return AIM_OK;
	aim_str id = {(const char *)key.ptr + key.len - AIM__ID_LEN, AIM__ID_LEN};
	a->ids[a->n] = aim__arena_copy(&a->arena, id);
	return a->ids[a->n++].ptr ? AIM_OK : aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
}

static aim_status close_of_agent(stepping *s, aim_str agent, aim_str part)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		aim__drift_change *c = aim__drift_change_new(s->d, agent, part, s->now_us);
		if (!c)
			return aim__fail_plain(s->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
		rc = aim__drift_load(c, s->err);
		if (rc == AIM_OK && c->has_old)
			rc = aim__drift_close(c, AIM_DRIFT_APPROVED, &s->step, s->err);
		if (rc == AIM_OK)
			rc = aim__drift_commit(c, s->err);
		aim__drift_change_free(c);
	}
	return rc;
}

/* The records of agents that reached the server elsewhere end with that of the server, each in a transaction of its
 * own. What is left when one fails ends at the agent's next check. */
static aim_status close_of_agents(stepping *s, aim_str server)
{
	agents a = {.d = s->d};
	aim_str parts[2] = {server, nothing};
	aim_buf key;
	aim__buf_init(&key, s->d->ctx);
	aim__arena_init(&a.arena, s->d->ctx, 1024, 0);
	aim_status rc = aim__record_key(&key, AIM__DRIFT_SEEN, parts, 2, s->err);
	if (rc == AIM_OK)
		rc = aim__record_walk(s->d->registry, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), note_agent, &a, s->err);
	aim_buf_clear(&key);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&key, AIM__DRIFT_URL);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&key, server);
	for (size_t i = 0; rc == AIM_OK && i < a.n; i++)
		rc = close_of_agent(s, a.ids[i], aim_buf_str(&key));
	aim__arena_dispose(&a.arena);
	aim__buf_dispose(&key);
	return rc;
}

static aim_status approve_server(stepping *s)
{
	aim__drift_stored shown = s->change->old;
	uint32_t kind = kind_of_part(shown.part);
	aim_baseline_approval a = {.struct_size = sizeof a, .kind = kind, .actor = s->step.actor, .reason = s->step.reason};
	aim__baseline_joiner joiner = {join, s};
	aim_baseline *b = NULL;
	char server[AIM__ID_SIZE];
	if (kind == 0)
		return aim__fail(s->err, AIM_E_STATE, AIM_LAYER_ASSESS, "drift record %s has no baseline that could move: resolve it",
		                 s->id);
	memcpy(server, shown.subject.ptr, AIM__ID_SIZE);
	aim_status rc = aim_baseline_open(s->d->registry, aim_str_from(server), &b, s->err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__baseline_approve(b, &a, &joiner, s->err);
	aim_baseline_free(b);
	if (rc == AIM_E_STATE && s->moved_on)
		return aim__fail(s->err, AIM_E_CONFLICT, AIM_LAYER_ASSESS,
		                 "what %s shows now is not what drift record %s is about: look again", server, s->id);
	return rc == AIM_OK && kind == AIM_FINGERPRINT_LAUNCH ? close_of_agents(s, aim_str_from(server)) : rc;
}

/* ---- approving what an agent does ---- */

static int takes(const aim__drift_stored *r, const char *prefix, aim_str *out_rest)
{
	size_t len = strlen(prefix);
	if (r->part.len <= len || memcmp(r->part.ptr, prefix, len) != 0)
		return 0;
	out_rest->ptr = r->part.ptr + len;
	out_rest->len = r->part.len - len;
	return 1;
}

static aim_status link_server(stepping *s, aim_str server)
{
	aim_status rc = aim_link_add(s->d->registry, s->change->old.subject, server, s->step.actor, s->err);
	if (rc == AIM_E_INVALID || rc == AIM_E_NOT_FOUND)
		return aim__fail(s->err, AIM_E_STATE, AIM_LAYER_ASSESS, "\"%.*s\" is not the id of a registered server: register it first",
		                 AIM__STR(server));
	return rc;
}

static aim_status grant_capability(stepping *s, aim_str capability)
{
	aim_grant_spec g = {.struct_size = sizeof g, .agent = s->change->old.subject, .capability = capability};
	g.actor = s->step.actor;
	g.reason = s->step.reason;
	if (aim_grant_check(s->d->registry, g.agent, capability, nothing, s->now_us / 1000000, NULL) == AIM_OK)
		return AIM_OK;
	return aim_grant_add(s->d->registry, &g, NULL, s->err);
}

/* Granting is a transaction of its own, before the record is closed: a process that ends in between leaves a record
 * that the next check closes. */
static aim_status approve_agent(stepping *s)
{
	const aim__drift_stored *r = &s->change->old;
	aim_str what = nothing;
	aim_status rc = AIM_OK;
	if (takes(r, AIM__DRIFT_SERVER, &what))
		rc = link_server(s, what);
	else if (takes(r, AIM__DRIFT_CAPABILITY, &what))
		rc = grant_capability(s, what);
	else if (takes(r, AIM__DRIFT_MISSING, &what))
		rc = aim_link_remove(s->d->registry, r->subject, what, s->step.actor, s->err);
	else if (takes(r, AIM__DRIFT_URL, &what))
		return aim__fail(s->err, AIM_E_STATE, AIM_LAYER_ASSESS, "drift record %s ends with that of server %.*s: approve that one",
		                 s->id, AIM__STR(what));
	else
		return aim__fail(s->err, AIM_E_STATE, AIM_LAYER_ASSESS, "drift record %s has nothing to approve: resolve it", s->id);
	if (rc == AIM_E_NOT_FOUND)
		rc = AIM_OK; /* the link is gone already */
	return rc == AIM_OK ? close_record(s, AIM_DRIFT_APPROVED) : rc;
}

aim_status aim_drift_approve(aim_drift *drift, aim_str id, const aim_drift_step *step, aim_error *err)
{
	stepping s;
	aim_status rc = begin_step(&s, drift, id, step, 0, err);
	if (rc != AIM_OK)
		return rc;
	drift->n_findings = 0;
	rc = load(&s);
	if (rc == AIM_OK)
		rc = is_of_server(&s) ? approve_server(&s) : approve_agent(&s);
	end_step(&s);
	return rc;
}
