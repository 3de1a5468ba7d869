/* assess/behaviour.c — what subjects usually do, in memory, and when they no longer do it. Layer assess; stores and
 * records nothing: what a finding is worth is the host's to say.
 *
 * A subject that is full forgets the action that was not seen for longest, so that inventing actions costs no memory and
 * still gives findings. */
#include "assess/behaviour.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_behaviour_options, 10 * sizeof(uint32_t));
AIM__NO_PADDING(aim_behaviour_event, 2 * sizeof(uint32_t) + 3 * sizeof(uint64_t) + 4 * sizeof(void *));
AIM__NO_PADDING(aim_behaviour_finding, 4 * sizeof(uint32_t) + 3 * sizeof(uint64_t) + 4 * sizeof(void *));

#define LAYER AIM_LAYER_ASSESS
#define ONE ((int64_t)AIM__BEHAVIOUR_ONE)
#define S_US INT64_C(1000000)
#define MAX_DEVIATION 30000u
#define MAX_SUBJECTS 1048576u
#define MAX_ACTIONS 4096u
#define ALL_FLAGS (AIM_BEHAVIOUR_FAILED | AIM_BEHAVIOUR_SUSPICIOUS | AIM_BEHAVIOUR_UNEXPECTED)

/* The four that are measured, from AIM_BEHAVIOUR_RATE on, and the two that the host sees. */
#define N_MEASURED 4u
#define N_SEEN 2u
#define N_WATCHED (N_MEASURED + N_SEEN)
#define MAX_FINDINGS (1 + N_WATCHED)

typedef struct watch {
	int64_t since_us; /* since when it deviates; −1: it does not */
	int64_t last_us;  /* of what the host sees: when it last did */
	uint32_t raised;
	uint32_t n; /* of what the host sees: how often since since_us */
} watch;

typedef struct action {
	char *name;
	size_t len;
	int64_t last_us; /* the latest time of an event */
	uint32_t n;      /* observations, up to warm_up */
	aim__moments moments[N_MEASURED];
	watch watches[N_WATCHED];
} action;

typedef struct subject {
	char *name;
	size_t len;
	action *actions;
	size_t n_actions, cap_actions;
	uint32_t n; /* observations, up to warm_up */
} subject;

struct aim_behaviour {
	aim_ctx *ctx;
	aim_behaviour_options options;
	aim__mutex lock; /* guards all below */
	aim__map subjects;
};

/* What one event gave, until the lock is released. */
typedef struct findings {
	aim_behaviour_finding all[MAX_FINDINGS];
	size_t n;
} findings;

/* ---- options ---- */

static void set_default(uint32_t *value, uint32_t otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static aim_status take_options(aim_behaviour_options *o, const aim_behaviour_options *given, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, given, sizeof *o, "aim_behaviour_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0 || o->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_behaviour_options.flags and reserved must be 0");
	set_default(&o->warm_up, 50);
	set_default(&o->sustain_s, 300);
	set_default(&o->deviation_permille, 1500);
	set_default(&o->least_permille, 1000);
	set_default(&o->least_errors_permille, 200);
	set_default(&o->max_subjects, 1024);
	set_default(&o->max_actions, 64);
	if (o->deviation_permille > MAX_DEVIATION || o->least_permille > MAX_DEVIATION || o->least_errors_permille > 1000 ||
	    o->max_subjects > MAX_SUBJECTS || o->max_actions > MAX_ACTIONS)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "of aim_behaviour_options at most deviation_permille and least_permille %u, "
		                 "least_errors_permille 1000, max_subjects %u and max_actions %u are allowed",
		                 MAX_DEVIATION, MAX_SUBJECTS, MAX_ACTIONS);
	return AIM_OK;
}

static aim_status check_name(const char *what, aim_str name, aim_error *err)
{
	if (name.ptr && name.len > 0 && name.len <= AIM_BEHAVIOUR_MAX_NAME_BYTES)
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, LAYER, "%s has %zu bytes; 1 to %u are allowed", what, name.len,
	                 AIM_BEHAVIOUR_MAX_NAME_BYTES);
}

static aim_status take_event(aim_behaviour_event *e, const aim_behaviour_event *given, aim_error *err)
{
	aim_status rc = aim__sized_in(e, sizeof *e, given, sizeof *e, "aim_behaviour_event", err);
	if (rc != AIM_OK)
		return rc;
	if (e->flags & ~ALL_FLAGS)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_behaviour_event.flags has an unknown bit");
	if (e->time_us < 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "aim_behaviour_event.time_us is negative");
	rc = check_name("aim_behaviour_event.subject", e->subject, err);
	return rc == AIM_OK ? check_name("aim_behaviour_event.action", e->action, err) : rc;
}

/* ---- subjects and actions ---- */

static char *copy_name(const aim_ctx *ctx, aim_str name)
{
	char *copy = aim__alloc(ctx, name.len);
	if (copy)
		memcpy(copy, name.ptr, name.len);
	return copy;
}

static void free_subject(const aim_behaviour *b, subject *s)
{
	for (size_t i = 0; i < s->n_actions; i++)
		aim__free(b->ctx, s->actions[i].name, s->actions[i].len);
	aim__free(b->ctx, s->actions, s->cap_actions * sizeof *s->actions);
	aim__free(b->ctx, s->name, s->len);
	aim__free(b->ctx, s, sizeof *s);
}

static subject *find_subject(const aim_behaviour *b, aim_str name)
{
	const uintptr_t *found = aim__map_find(&b->subjects, aim_bytes_from_str(name));
	return found ? (subject *)*found : NULL;
}

static aim_status add_subject(aim_behaviour *b, aim_str name, subject **out)
{
	subject *s = aim__alloc_zeroed(b->ctx, sizeof *s);
	if (!s)
		return AIM_E_NOMEM;
	s->name = copy_name(b->ctx, name);
	s->len = name.len;
	aim_status rc = AIM_E_NOMEM;
	if (s->name)
		rc = aim__map_add(&b->subjects, aim_bytes_from(s->name, s->len), (uintptr_t)s);
	if (rc != AIM_OK) {
		free_subject(b, s);
		return rc;
	}
	*out = s;
	return AIM_OK;
}

static action *find_action(const subject *s, aim_str name)
{
	for (size_t i = 0; i < s->n_actions; i++)
		if (s->actions[i].len == name.len && memcmp(s->actions[i].name, name.ptr, name.len) == 0)
			return &s->actions[i];
	return NULL;
}

/* Room at the end, which must be there, or that of the action that was not seen for longest. */
static action *place_for_action(const aim_behaviour *b, subject *s)
{
	action *oldest = &s->actions[0];
	if (s->n_actions < b->options.max_actions)
		return &s->actions[s->n_actions++];
	for (size_t i = 1; i < s->n_actions; i++)
		if (s->actions[i].last_us < oldest->last_us)
			oldest = &s->actions[i];
	aim__free(b->ctx, oldest->name, oldest->len);
	return oldest;
}

static aim_status add_action(const aim_behaviour *b, subject *s, const aim_behaviour_event *e, action **out)
{
	void *actions = s->actions;
	if (s->n_actions < b->options.max_actions &&
	    aim__grow(b->ctx, &actions, &s->cap_actions, s->n_actions + 1, sizeof *s->actions, 4, b->options.max_actions) !=
	        AIM_OK)
		return AIM_E_NOMEM;
	s->actions = actions;
	char *name = copy_name(b->ctx, e->action);
	if (!name)
		return AIM_E_NOMEM;
	action *a = place_for_action(b, s);
	memset(a, 0, sizeof *a);
	a->name = name;
	a->len = e->action.len;
	a->last_us = e->time_us;
	for (size_t i = 0; i < N_WATCHED; i++)
		a->watches[i].since_us = -1;
	*out = a;
	return AIM_OK;
}

/* ---- findings ---- */

/* In the unit of the finding. */
static int64_t in_unit(uint32_t what, int64_t value)
{
	if (what == AIM_BEHAVIOUR_ERRORS)
		return value * 1000000 / ONE;
	return aim__behaviour_exp(value);
}

static aim_behaviour_finding *add_finding(findings *f, uint32_t what, int64_t since_us)
{
	aim_behaviour_finding *finding = &f->all[f->n++];
	memset(finding, 0, sizeof *finding);
	finding->struct_size = sizeof *finding;
	finding->what = what;
	finding->since_us = since_us;
	return finding;
}

static void report(findings *f, uint32_t what, const watch *w, const aim__moments *m, uint32_t over)
{
	aim_behaviour_finding *finding = add_finding(f, what, w->since_us);
	finding->over = over;
	if (m) {
		finding->expected = in_unit(what, m->slow);
		finding->observed = in_unit(what, m->fast);
	} else {
		finding->observed = w->n;
	}
}

/* ---- one event ---- */

static int64_t least_of(const aim_behaviour_options *o, uint32_t what)
{
	uint32_t permille = what == AIM_BEHAVIOUR_ERRORS ? o->least_errors_permille : o->least_permille;
	return permille * ONE / 1000;
}

/* Out: waits until it lasted. Back: ends it, and only when it is well inside, so that it does not flutter. */
static void watch_measured(const aim_behaviour_options *o, watch *w, const aim__moments *m, uint32_t what,
                           int64_t now_us, findings *f)
{
	const int64_t least = least_of(o, what);
	const uint32_t half = w->raised ? 2 : 1;
	if (!aim__moments_deviate(m, o->deviation_permille / half, least / half)) {
		if (w->raised)
			report(f, what, w, m, 1);
		*w = (watch){.since_us = -1};
		return;
	}
	if (w->since_us < 0)
		w->since_us = now_us;
	if (!w->raised && now_us - w->since_us >= (int64_t)o->sustain_s * S_US) {
		w->raised = 1;
		report(f, what, w, m, 0);
	}
}

static void watch_seen(const aim_behaviour_options *o, watch *w, uint32_t what, int seen, int64_t now_us, findings *f)
{
	if (w->raised && now_us - w->last_us >= (int64_t)o->sustain_s * S_US) {
		report(f, what, w, NULL, 1);
		*w = (watch){.since_us = -1};
	}
	if (!seen)
		return;
	w->last_us = now_us;
	w->n += w->n < UINT32_MAX;
	if (w->raised)
		return;
	w->since_us = now_us;
	w->raised = 1;
	report(f, what, w, NULL, 0);
}

/* What e says about one quantity; 0 when it says nothing. */
static int measure(const aim_behaviour_event *e, uint32_t what, int64_t gap_us, int is_first, int64_t *out)
{
	switch (what) {
	case AIM_BEHAVIOUR_RATE: *out = aim__behaviour_log((uint64_t)gap_us); return !is_first;
	case AIM_BEHAVIOUR_ERRORS: *out = e->flags & AIM_BEHAVIOUR_FAILED ? ONE : 0; return 1;
	case AIM_BEHAVIOUR_LATENCY: *out = aim__behaviour_log((uint64_t)e->latency_us); return e->latency_us >= 0;
	default: *out = aim__behaviour_log(e->parameter_bytes); return 1;
	}
}

static void learn(const aim_behaviour_options *o, action *a, const aim_behaviour_event *e, findings *f)
{
	const int is_first = a->n == 0;
	const int64_t now_us = e->time_us > a->last_us ? e->time_us : a->last_us;
	const int64_t gap_us = now_us - a->last_us;
	a->last_us = now_us;
	a->n += a->n < o->warm_up;
	for (uint32_t i = 0; i < N_MEASURED; i++) {
		const uint32_t what = AIM_BEHAVIOUR_RATE + i;
		aim__moments *m = &a->moments[i];
		int64_t x = 0;
		if (!measure(e, what, gap_us, is_first, &x))
			continue;
		aim__moments_add(m, x, a->watches[i].since_us < 0);
		if (a->n >= o->warm_up)
			watch_measured(o, &a->watches[i], m, what, now_us, f);
	}
	watch_seen(o, &a->watches[N_MEASURED], AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS, e->flags & AIM_BEHAVIOUR_SUSPICIOUS,
	           now_us, f);
	watch_seen(o, &a->watches[N_MEASURED + 1], AIM_BEHAVIOUR_UNEXPECTED_RESPONSE, e->flags & AIM_BEHAVIOUR_UNEXPECTED,
	           now_us, f);
}

static aim_status observe(aim_behaviour *b, const aim_behaviour_event *e, findings *f)
{
	aim_status rc = AIM_OK;
	subject *s = find_subject(b, e->subject);
	if (!s)
		rc = add_subject(b, e->subject, &s);
	if (rc != AIM_OK)
		return rc;
	action *a = find_action(s, e->action);
	if (!a) {
		rc = add_action(b, s, e, &a);
		if (rc != AIM_OK)
			return rc;
		if (s->n >= b->options.warm_up)
			add_finding(f, AIM_BEHAVIOUR_NEW_ACTION, e->time_us)->observed = 1;
	}
	s->n += s->n < b->options.warm_up;
	learn(&b->options, a, e, f);
	return AIM_OK;
}

/* ---- public ---- */

aim_status aim_behaviour_new(aim_ctx *ctx, const aim_behaviour_options *options, aim_behaviour **out, aim_error *err)
{
	aim_behaviour_options o = {0};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_behaviour *b = aim__alloc_zeroed(ctx, sizeof *b);
	if (!b || aim__mutex_init(&b->lock) != AIM_OK) {
		aim__free(ctx, b, sizeof *b);
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	b->ctx = aim__ctx_ref(ctx);
	b->options = o;
	aim__map_init(&b->subjects, ctx, o.max_subjects);
	*out = b;
	return AIM_OK;
}

void aim_behaviour_free(aim_behaviour *tracker)
{
	size_t cursor = 0;
	const aim__map_entry *entry;
	if (!tracker)
		return;
	aim_ctx *ctx = tracker->ctx;
	while ((entry = aim__map_next(&tracker->subjects, &cursor)))
		free_subject(tracker, (subject *)entry->value);
	aim__map_dispose(&tracker->subjects);
	aim__mutex_dispose(&tracker->lock);
	aim__free(ctx, tracker, sizeof *tracker);
	aim__ctx_unref(ctx);
}

aim_status aim_behaviour_observe(aim_behaviour *tracker, const aim_behaviour_event *event, aim_behaviour_visit visit,
                                 void *user, aim_error *err)
{
	aim_behaviour_event e = {0};
	findings f = {.n = 0};
	if (!tracker || !event)
		return AIM__MISUSE(tracker ? tracker->ctx : NULL, "tracker and event are required");
	aim_status rc = take_event(&e, event, err);
	if (rc != AIM_OK)
		return rc;
	aim__mutex_lock(&tracker->lock);
	rc = observe(tracker, &e, &f);
	aim__mutex_unlock(&tracker->lock);
	if (rc == AIM_E_LIMIT)
		return aim__fail(err, rc, LAYER, "the behaviour of %u subjects is kept already; forget one or raise max_subjects",
		                 tracker->options.max_subjects);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	for (size_t i = 0; visit && rc == AIM_OK && i < f.n; i++) {
		f.all[i].subject = e.subject;
		f.all[i].action = e.action;
		rc = visit(user, &f.all[i]);
	}
	return rc;
}

static void accept_action(action *a)
{
	for (size_t i = 0; i < N_MEASURED; i++)
		aim__moments_accept(&a->moments[i]);
	for (size_t i = 0; i < N_WATCHED; i++)
		a->watches[i] = (watch){.since_us = -1};
}

static aim_status accept(aim_behaviour *b, aim_str name, aim_str action_name)
{
	subject *s = find_subject(b, name);
	action *one = s && action_name.len > 0 ? find_action(s, action_name) : NULL;
	if (!s || (action_name.len > 0 && !one))
		return AIM_E_NOT_FOUND;
	if (one)
		accept_action(one);
	for (size_t i = 0; !one && i < s->n_actions; i++)
		accept_action(&s->actions[i]);
	return AIM_OK;
}

aim_status aim_behaviour_accept(aim_behaviour *tracker, aim_str name, aim_str action_name, aim_error *err)
{
	if (!tracker || (!action_name.ptr && action_name.len > 0))
		return AIM__MISUSE(tracker ? tracker->ctx : NULL, "tracker is required");
	aim_status rc = check_name("subject", name, err);
	if (rc != AIM_OK)
		return rc;
	aim__mutex_lock(&tracker->lock);
	rc = accept(tracker, name, action_name);
	aim__mutex_unlock(&tracker->lock);
	return rc == AIM_OK ? rc : aim__fail(err, rc, LAYER, "the tracker knows no such subject or action");
}

aim_status aim_behaviour_forget(aim_behaviour *tracker, aim_str name, aim_error *err)
{
	if (!tracker)
		return AIM__MISUSE(NULL, "tracker is required");
	aim_status rc = check_name("subject", name, err);
	if (rc != AIM_OK)
		return rc;
	aim__mutex_lock(&tracker->lock);
	subject *s = find_subject(tracker, name);
	if (s) {
		(void)aim__map_remove(&tracker->subjects, aim_bytes_from_str(name), NULL);
		free_subject(tracker, s);
	}
	aim__mutex_unlock(&tracker->lock);
	return AIM_OK;
}

const char *aim_behaviour_name(uint32_t what)
{
	static const char *const names[] = {"unknown",        "new_action",            "rate", "errors", "latency",
	                                    "parameter_size", "suspicious_parameters", "unexpected_response"};
	return names[what < sizeof names / sizeof *names ? what : 0];
}
