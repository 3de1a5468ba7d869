/* enforce/gateway.c — the gateway: its lists, its stage table, and one call from arguments to decision. Layer enforce.
 *
 * All that decides is immutable but the rates, which have a lock of their own. What a call needs to work with is taken
 * from a list of idle ones and put back, so that a warm call allocates nothing. */
#include "enforce/gateway.h"

#include "assess/response.h"
#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "identity/registry.h"

#include <string.h>

#define LAYER AIM_LAYER_ENFORCE

/* ---- the handle ---- */

static aim_status copy_text(aim__arena *arena, aim_str *text)
{
	aim_str copy = aim__arena_copy(arena, *text);
	if (!copy.ptr)
		return AIM_E_NOMEM;
	*text = copy;
	return AIM_OK;
}

static aim_status copy_names(aim_gateway *g, const aim_str **names, size_t n)
{
	aim_status rc = AIM_OK;
	aim_str *copy = aim__arena_array(&g->arena, n, sizeof *copy);
	if (!copy)
		return AIM_E_NOMEM;
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		copy[i] = (*names)[i];
		rc = copy_text(&g->arena, &copy[i]);
	}
	*names = copy;
	return rc;
}

static aim_status add_exact(aim__map *map, const aim_str *names, size_t n)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < n; i++)
		rc = aim__map_put(map, aim_bytes_from_str(names[i]), 1);
	return rc;
}

static aim_status add_looks(aim_gateway *g, aim__map *map, const aim_str *names, size_t n)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		char looks[AIM__SKELETON_MAX];
		aim_str text = {looks, 0};
		rc = aim__skeleton(names[i], AIM__SKELETON_NAME, looks, sizeof looks, &text.len);
		if (rc == AIM_OK)
			rc = copy_text(&g->arena, &text);
		if (rc == AIM_OK)
			rc = aim__map_put(map, aim_bytes_from_str(text), 1);
	}
	return rc;
}

static aim_status copy_lists(aim_gateway *g)
{
	aim_gateway_options *o = &g->options;
	aim_status rc = copy_text(&g->arena, &o->name);
	if (rc == AIM_OK)
		rc = copy_names(g, &o->allowed, o->n_allowed);
	if (rc == AIM_OK)
		rc = copy_names(g, &o->denied, o->n_denied);
	if (rc == AIM_OK)
		rc = copy_names(g, &o->sensitive, o->n_sensitive);
	if (rc == AIM_OK)
		rc = add_exact(&g->allowed, o->allowed, o->n_allowed);
	if (rc == AIM_OK)
		rc = add_looks(g, &g->denied, o->denied, o->n_denied);
	if (rc == AIM_OK)
		rc = add_looks(g, &g->sensitive, o->sensitive, o->n_sensitive);
	return rc;
}

/* In full, one behind the other, whatever size the caller's have; those match without regard to case. */
static aim_status copy_patterns(aim_gateway *g, aim_error *err)
{
	const aim_pattern *from = g->options.blocked;
	size_t n = g->options.n_blocked, fault = 0;
	aim_status rc = AIM_OK;
	aim_pattern *copy = aim__arena_array(&g->arena, n, sizeof *copy);
	if (n == 0 || !copy)
		return copy ? AIM_OK : aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		const void *at = (const uint8_t *)from + i * from->struct_size;
		copy[i] = (aim_pattern){.struct_size = sizeof *copy};
		rc = aim__sized_in(&copy[i], sizeof *copy, at, sizeof *copy, "aim_pattern", err);
		copy[i].flags |= AIM_PATTERN_CASELESS;
		if (rc == AIM_OK && copy_text(&g->arena, &copy[i].text) != AIM_OK)
			rc = aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	if (rc == AIM_OK)
		rc = aim_patterns_new(g->ctx, copy, n, NULL, &g->patterns, &fault, err);
	g->options.blocked = copy;
	return rc;
}

static aim_status make_limit(aim_gateway *g, aim_error *err)
{
	const aim_gateway_options *o = &g->options;
	aim_limit_options l = {.struct_size = sizeof l, .max_calls = o->max_calls, .window_s = o->window_s};
	l.flags = o->flags & AIM_GATEWAY_BUDGET ? AIM_LIMIT_BUDGET : 0;
	l.max_keys = o->max_agents;
	l.store = o->store;
	l.name = aim_str_from("gateway");
	return aim_limit_new(g->ctx, &l, &g->limit, err);
}

static aim_status hash_rules(aim_gateway *g, aim_error *err)
{
	aim_buf text;
	uint8_t hash[32];
	aim__buf_init(&text, g->ctx);
	g->options.response = g->response ? &g->response->options : NULL;
	aim_status rc = aim__gateway_rules(g->ctx, &g->options, NULL, &text, err);
	if (rc == AIM_OK && (rc = aim__sha256_one(g->ctx, text.ptr, text.len, hash)) != AIM_OK)
		aim__fail_plain(err, rc, LAYER);
	aim__buf_dispose(&text);
	if (rc == AIM_OK)
		aim__hex_write(aim_bytes_from(hash, sizeof hash), g->policy_hash);
	g->policy_hash[64] = '\0';
	return rc;
}

static aim_status fill(aim_gateway *g, aim_error *err)
{
	aim_status rc = copy_lists(g);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	rc = copy_patterns(g, err);
	if (rc == AIM_OK)
		rc = make_limit(g, err);
	if (rc == AIM_OK && g->options.scanner)
		rc = aim_response_new(g->options.scanner, g->options.response, &g->response, err);
	return rc == AIM_OK ? hash_rules(g, err) : rc;
}

aim_status aim_gateway_new(aim_ctx *ctx, const aim_gateway_options *options, aim_gateway **out, aim_error *err)
{
	aim_gateway_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__gateway_take(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_gateway *g = aim__alloc_zeroed(ctx, sizeof *g);
	if (!g || aim__mutex_init(&g->mutex) != AIM_OK) {
		aim__free(ctx, g, sizeof *g);
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	g->ctx = aim__ctx_ref(ctx);
	g->options = o;
	g->options.audit = o.audit ? aim__audit_ref(o.audit) : NULL;
	g->options.registry = o.registry ? aim__registry_ref(o.registry) : NULL;
	aim__arena_init(&g->arena, ctx, 1024, 0);
	aim__map_init(&g->allowed, ctx, 0);
	aim__map_init(&g->denied, ctx, 0);
	aim__map_init(&g->sensitive, ctx, 0);
	rc = fill(g, err);
	if (rc == AIM_OK)
		*out = g;
	else
		aim_gateway_free(g);
	return rc;
}

static void free_scratch(const aim_gateway *g, aim__gateway_scratch *s)
{
	aim_patterns_scratch_free(s->patterns);
	aim__buf_dispose(&s->skeleton);
	aim__json_dispose(&s->arguments);
	aim__free(g->ctx, s, sizeof *s);
}

void aim_gateway_free(aim_gateway *g)
{
	if (!g)
		return;
	aim_ctx *ctx = g->ctx;
	for (aim__gateway_scratch *s = g->idle, *next; s; s = next) {
		next = s->next;
		free_scratch(g, s);
	}
	aim_limit_free(g->limit);
	aim_response_free(g->response);
	aim_patterns_free(g->patterns);
	aim__map_dispose(&g->allowed);
	aim__map_dispose(&g->denied);
	aim__map_dispose(&g->sensitive);
	aim__arena_dispose(&g->arena);
	if (g->options.audit)
		aim__audit_unref(g->options.audit);
	if (g->options.registry)
		aim__registry_unref(g->options.registry);
	aim__mutex_dispose(&g->mutex);
	aim__free(ctx, g, sizeof *g);
	aim__ctx_unref(ctx);
}

/* ---- the stages ---- */

static int looks_like_one(const aim__map *map, aim_str name, aim_status *out_rc)
{
	char looks[AIM__SKELETON_MAX];
	size_t len = 0;
	if (map->count == 0)
		return 0;
	*out_rc = aim__skeleton(name, AIM__SKELETON_NAME, looks, sizeof looks, &len);
	return *out_rc == AIM_OK && aim__map_find(map, aim_bytes_from(looks, len));
}

static aim_status not_denied(aim__call *call)
{
	const aim__gateway_run *run = call->state;
	aim_status rc = AIM_OK;
	if (!looks_like_one(&run->gateway->denied, call->request->tool, &rc))
		return rc;
	aim__decision_explain(call->decision, AIM__REASON_TOOL_DENIED, "Tool '%.*s' is on the deny list",
	                      AIM__STR(call->request->tool));
	return AIM_DENIED;
}

static aim_status on_allow_list(aim__call *call)
{
	const aim__gateway_run *run = call->state;
	const aim__map *allowed = &run->gateway->allowed;
	if (allowed->count == 0 || aim__map_find(allowed, aim_bytes_from_str(call->request->tool)))
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_TOOL_NOT_ALLOWED, "Tool '%.*s' is not on the allow list",
	                      AIM__STR(call->request->tool));
	return AIM_DENIED;
}

static aim_status rate_left(aim__call *call)
{
	aim__gateway_run *run = call->state;
	const aim_gateway_options *o = &run->gateway->options;
	aim_status rc = aim_limit_reserve(run->gateway->limit, call->request->agent, &run->ticket, call->err);
	if (rc == AIM_E_LIMIT_FULL) {
		aim__decision_because(call->decision, AIM__REASON_RATE_TABLE_FULL);
		rc = AIM_DENIED;
	} else if (rc == AIM_DENIED && o->flags & AIM_GATEWAY_BUDGET) {
		aim__decision_explain(call->decision, AIM__REASON_BUDGET_EXCEEDED, "Agent '%.*s' exceeded call budget (%u)",
		                      AIM__STR(call->request->agent), o->max_calls);
	} else if (rc == AIM_DENIED) {
		aim__decision_explain(call->decision, AIM__REASON_RATE_LIMITED, "Agent '%.*s' exceeded rate limit (%u in %u s)",
		                      AIM__STR(call->request->agent), o->max_calls,
		                      o->window_s ? o->window_s : AIM_LIMIT_DEFAULT_WINDOW_S);
	}
	run->is_rate_limited = rc == AIM_DENIED;
	return rc;
}

static aim_status say(aim__call *call, aim__reason reason, aim_status rc)
{
	aim__decision_because(call->decision, reason);
	return rc;
}

static aim_bytes arguments_of(const aim__gateway_run *run)
{
	aim_bytes none = {NULL, 0};
	return run->doc ? aim_json_raw(run->doc, run->value) : none;
}

static aim_status kept_approval(aim__call *call, const aim__gateway_run *run)
{
	aim_approval_spec s = {.struct_size = sizeof s, .risk = call->request->risk};
	s.agent = call->request->agent;
	s.server = call->request->server;
	s.tool = call->request->tool;
	s.resource = call->request->resource;
	s.tool_fingerprint = run->call->tool_fingerprint;
	s.policy_hash = aim_gateway_policy_hash(run->gateway);
	s.arguments = arguments_of(run);
	s.reason = aim_str_from("the tool is sensitive");
	aim_status rc = aim_approval_ask(run->gateway->options.registry, &s, call->decision->approval, call->err);
	if (rc == AIM_OK)
		return say(call, AIM__REASON_APPROVED, rc);
	if (rc == AIM_ASK)
		return say(call, AIM__REASON_APPROVAL_REQUIRED, rc);
	return rc == AIM_DENIED ? say(call, AIM__REASON_APPROVAL_DENIED, rc) : rc;
}

static aim_status approved(aim__call *call)
{
	const aim__gateway_run *run = call->state;
	const aim_gateway_options *o = &run->gateway->options;
	aim_status rc = AIM_OK;
	aim__decision_because(call->decision, AIM__REASON_GATEWAY_ALLOWED);
	if (!looks_like_one(&run->gateway->sensitive, call->request->tool, &rc))
		return rc;
	if (!o->approve)
		return o->registry ? kept_approval(call, run) : say(call, AIM__REASON_APPROVAL_REQUIRED, AIM_DENIED);
	switch (o->approve(o->user, run->call)) {
	case AIM_GATEWAY_APPROVED:
		return say(call, AIM__REASON_APPROVED, AIM_OK);
	case AIM_GATEWAY_PENDING:
		return say(call, AIM__REASON_APPROVAL_REQUIRED, AIM_DENIED);
	default:
		return say(call, AIM__REASON_APPROVAL_DENIED, AIM_DENIED);
	}
}

static const aim__stage gateway_stages[] = {
	{"deny_list", not_denied},        {"allow_list", on_allow_list}, {"parameters", aim__gateway_parameters},
	{"rate", rate_left},              {"approval", approved},
};

/* ---- one call ---- */

static aim__gateway_scratch *take_scratch(aim_gateway *g)
{
	aim__mutex_lock(&g->mutex);
	aim__gateway_scratch *s = g->idle;
	if (s)
		g->idle = s->next;
	aim__mutex_unlock(&g->mutex);
	if (s)
		return s;
	s = aim__alloc_zeroed(g->ctx, sizeof *s);
	if (!s)
		return NULL;
	aim__buf_init(&s->skeleton, g->ctx);
	aim__json_init(&s->arguments, g->ctx);
	if (g->patterns && aim_patterns_scratch_new(g->patterns, &s->patterns) != AIM_OK) {
		free_scratch(g, s);
		return NULL;
	}
	return s;
}

static void give_scratch(aim_gateway *g, aim__gateway_scratch *s)
{
	aim__mutex_lock(&g->mutex);
	s->next = g->idle;
	g->idle = s;
	aim__mutex_unlock(&g->mutex);
}

static aim_status take_arguments(aim__gateway_run *run, aim_error *err)
{
	const aim_gateway_call *c = run->call;
	if (c->document) {
		run->doc = aim__json_node_of(c->document, c->value) ? c->document : NULL;
		run->value = c->value;
		return AIM_OK;
	}
	if (c->arguments.len == 0)
		return AIM_OK;
	aim_status rc = aim_json_parse(&run->scratch->arguments, c->arguments, AIM_JSON_BORROW, err);
	run->doc = rc == AIM_OK ? &run->scratch->arguments : NULL;
	run->value = AIM_JSON_ROOT;
	return rc;
}

/* In canonical form, as a record commits to them. */
static aim_status recorded_arguments(const aim__gateway_run *run, aim_bytes *out, aim_error *err)
{
	aim_buf *text = &run->scratch->skeleton;
	*out = aim_bytes_from(NULL, 0);
	if (!run->doc)
		return AIM_OK;
	aim_buf_clear(text);
	aim_status rc = aim_json_canonicalize(run->doc, run->value, AIM_JSON_JCS_EXACT_TEXT, text, err);
	*out = aim_buf_bytes(text);
	return rc;
}

static aim_status record(const aim__gateway_run *run, const aim_request *request, aim_decision *d, aim_error *err)
{
	aim_audit_record r = {.struct_size = sizeof r, .time_us = run->now_us, .trust_micro = request->trust_micro};
	r.kind = aim_str_from("policy_evaluated");
	r.agent = request->agent;
	r.did = request->did;
	r.subject = request->server;
	r.action = request->tool;
	r.resource = request->resource;
	r.decision = aim_str_from(aim_decision_effect_name(d->effect));
	r.reason_code = aim_decision_reason_code(d);
	r.reason = aim_decision_reason(d);
	r.policy_hash = aim_gateway_policy_hash(run->gateway);
	r.tool_fingerprint = run->call->tool_fingerprint;
	r.approval = aim_decision_approval(d);
	aim_status rc = recorded_arguments(run, &r.arguments, err);
	if (rc != AIM_OK)
		return rc;
	return aim_audit_append(run->gateway->options.audit, &r, NULL, err);
}

/* A call that was refused after its rate was reserved gives it back. */
static void settle(aim__gateway_run *run, aim_str agent, aim_status rc)
{
	aim_limit *limit = run->gateway->limit;
	if (run->ticket.flags == 0)
		return;
	aim_status settled = rc == AIM_OK ? aim_limit_commit(limit, agent, &run->ticket, NULL)
	                                  : aim_limit_release(limit, agent, &run->ticket, NULL);
	if (settled != AIM_OK) /* it stays counted: the safe side */
		aim__ctx_log(run->gateway->ctx, AIM_LOG_WARNING, "a call cannot be given back: %s", aim_status_text(settled));
}

static void report(const aim__gateway_run *run, const aim_request *request, const aim_decision *d)
{
	aim_gateway *g = run->gateway;
	atomic_fetch_add_explicit(&g->n_total, 1, memory_order_relaxed);
	atomic_uint_fast64_t *which = d->effect == AIM_DECISION_ALLOW ? &g->n_allowed
	                              : d->effect == AIM_DECISION_ASK ? &g->n_asked
	                                                              : &g->n_denied;
	atomic_fetch_add_explicit(which, 1, memory_order_relaxed);
	if (run->n_threats)
		atomic_fetch_add_explicit(&g->n_threats, 1, memory_order_relaxed);
	if (!g->options.metrics)
		return;
	aim_gateway_event e = {.struct_size = sizeof e, .effect = d->effect, .is_rate_limited = run->is_rate_limited};
	e.n_threats = run->n_threats;
	e.is_scanned = run->is_scanned;
	e.agent = request->agent;
	e.tool = request->tool;
	e.reason_code = aim_decision_reason_code(d);
	g->options.metrics(g->options.user, &e);
}

static aim_status decide(aim__gateway_run *run, const aim_request *request, aim_decision *d, aim_error *err)
{
	aim__call call = {request, d, run, err};
	aim_status rc = take_arguments(run, err);
	if (rc != AIM_OK)
		rc = aim__decision_fault(d, AIM__REASON_INVALID_REQUEST, rc);
	else
		rc = aim__stages_run(gateway_stages, sizeof gateway_stages / sizeof *gateway_stages, &call);
	d->trust_micro = request->trust_micro;
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK && d->reason == AIM__REASON_GATEWAY_ALLOWED)
		aim__decision_because(d, AIM__REASON_FAULT); /* asking a person failed */
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK && err && err->status != rc)
		aim__fail_plain(err, rc, LAYER);
	if (run->gateway->options.audit) {
		aim_status recorded = record(run, request, d, rc == AIM_OK || rc == AIM_DENIED || rc == AIM_ASK ? err : NULL);
		if (recorded != AIM_OK && (rc == AIM_OK || rc == AIM_DENIED || rc == AIM_ASK))
			rc = aim__decision_fault(d, AIM__REASON_AUDIT_FAILED, recorded);
	}
	settle(run, request->agent, rc);
	report(run, request, d);
	return rc;
}

aim_status aim__gateway_check(const aim_gateway *g, const aim_request *request, aim_error *err)
{
	if (!request->agent.ptr || request->agent.len == 0 || !request->tool.ptr || request->tool.len == 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "agent and tool of the request are required");
	if (request->agent.len > AIM_LIMIT_MAX_KEY || request->tool.len > g->ctx->limits.max_name_bytes)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "agent or tool of the request is longer than a name may be");
	return AIM_OK;
}

aim_status aim_gateway_intercept(aim_gateway *gateway, const aim_gateway_call *call, aim_decision *decision,
                                 aim_error *err)
{
	aim_gateway_call c = {.struct_size = sizeof c};
	aim_request copy = {.struct_size = sizeof copy};
	if (!decision)
		return AIM__MISUSE(gateway ? gateway->ctx : NULL, "decision is required");
	aim__decision_begin(decision);
	if (!gateway || !call) {
		AIM__MISUSE(decision->ctx, "gateway and call are required");
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, AIM_E_INVALID);
	}
	aim_status rc = aim__sized_in(&c, sizeof c, call, sizeof c, "aim_gateway_call", err);
	if (rc == AIM_OK && (c.flags || c.reserved))
		rc = aim__fail(err, AIM_E_VERSION, LAYER, "aim_gateway_call has an unknown flag");
	const aim_request *request = c.request;
	if (rc == AIM_OK)
		rc = aim__request_take(&request, &copy, err);
	if (rc == AIM_OK)
		rc = aim__gateway_check(gateway, request, err);
	if (rc != AIM_OK)
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, rc);
	aim__gateway_run run = {.gateway = gateway, .call = &c, .value = AIM_JSON_NONE};
	run.ticket.struct_size = sizeof run.ticket;
	run.now_us = request->now_us;
	run.scratch = take_scratch(gateway);
	if (!run.scratch) {
		aim__fail_plain(err, AIM_E_NOMEM, LAYER);
		return aim__decision_fault(decision, AIM__REASON_FAULT, AIM_E_NOMEM);
	}
	rc = decide(&run, request, decision, err);
	give_scratch(gateway, run.scratch);
	return rc;
}

/* ---- counts ---- */

aim_status aim_gateway_count(aim_gateway *gateway, aim_str agent, uint64_t *out, aim_error *err)
{
	if (!gateway)
		return AIM__MISUSE(NULL, "gateway is required");
	return aim_limit_count(gateway->limit, agent, out, err);
}

aim_status aim_gateway_reset(aim_gateway *gateway, aim_str agent, aim_error *err)
{
	if (!gateway)
		return AIM__MISUSE(NULL, "gateway is required");
	return aim_limit_reset(gateway->limit, agent, err);
}

aim_status aim_gateway_reset_all(aim_gateway *gateway, aim_error *err)
{
	if (!gateway)
		return AIM__MISUSE(NULL, "gateway is required");
	return aim_limit_reset_all(gateway->limit, err);
}

aim_status aim_gateway_stats(aim_gateway *gateway, aim_gateway_counts *out)
{
	aim_gateway_counts c = {.struct_size = sizeof c};
	if (!gateway || !out)
		return AIM__MISUSE(gateway ? gateway->ctx : NULL, "gateway and out are required");
	c.n_total = atomic_load_explicit(&gateway->n_total, memory_order_relaxed);
	c.n_allowed = atomic_load_explicit(&gateway->n_allowed, memory_order_relaxed);
	c.n_denied = atomic_load_explicit(&gateway->n_denied, memory_order_relaxed);
	c.n_asked = atomic_load_explicit(&gateway->n_asked, memory_order_relaxed);
	c.n_threats = atomic_load_explicit(&gateway->n_threats, memory_order_relaxed);
	c.n_answers = atomic_load_explicit(&gateway->n_answers, memory_order_relaxed);
	c.n_withheld = atomic_load_explicit(&gateway->n_withheld, memory_order_relaxed);
	return aim__sized_out(out, &c, sizeof c, sizeof c);
}

aim_str aim_gateway_policy_hash(const aim_gateway *gateway)
{
	aim_str none = {NULL, 0};
	return gateway ? aim_str_from(gateway->policy_hash) : none;
}
