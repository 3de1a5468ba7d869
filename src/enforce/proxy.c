/* enforce/proxy.c — the trust proxy: a stage table over a request, and the lists it reads. Layer enforce.
 *
 * The stages run under the proxy's mutex; the audit record is written outside it, so that many callers
 * share one commit. A call that passed and cannot be recorded gives back the rate it took. */
#include <aim/proxy.h>

#include "assess/injection.h"
#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"
#include "enforce/decision.h"
#include "enforce/limiter.h"
#include "enforce/pattern.h"

#include <string.h>

#define DEFAULT_COUNTERS 65536u
#define MAX_TRUST 1000u
#define MAX_CALLS_PER_MINUTE 100000u
#define MAX_CAPABILITIES 256u
#define MINUTE_US 60000000
#define MICRO_PER_POINT 1000
#define KEY_SIZE (2 * AIM__FACT_MAX)

#define P sizeof(void *)
AIM__NO_PADDING(aim_proxy_options, 4 * 4 + P);
AIM__NO_PADDING(aim_proxy_tool, 2 * 4 + 5 * P + sizeof(size_t) + 2 * 4);
AIM__NO_PADDING(aim_proxy_counts, 2 * 4 + 5 * 8);
#undef P

/* One allocation: the struct, the spans of the capabilities, then all text. */
typedef struct tool {
	size_t size;
	uint32_t flags;
	uint32_t min_trust;
	uint32_t max_calls_per_minute;
	aim_str name;
	aim_str folded;
	aim_str description;
	size_t n_capabilities;
	aim_str capabilities[];
} tool;

/* A blocked DID, folded. */
typedef struct blocked {
	size_t size; /* of the allocation */
	size_t len;
	char did[];
} blocked;

struct aim_proxy {
	aim_ctx *ctx;
	aim_audit *audit; /* referenced; may be NULL */
	uint32_t flags;
	uint32_t default_min_trust;
	aim__mutex mutex; /* guards all below */
	aim__map tools;   /* folded name → tool */
	aim__map blocked; /* folded DID → blocked */
	aim__limiter limiter;
	aim__mutex scan_mutex;    /* guards scan; never held together with mutex */
	aim_scan_result *scan;    /* NULL: arguments are not looked at */
	uint64_t n_total;
	uint64_t n_allowed;
};

/* What the stages of one call share. */
typedef struct proxy_run {
	aim_proxy *proxy;
	const tool *tool; /* NULL: no policy of its own */
	int64_t now_us;
	aim__injection injection; /* in the arguments */
	int counted;      /* the rate was taken */
	aim__limiter_mark mark;
	size_t key_len;
	uint8_t key[KEY_SIZE];
} proxy_run;

/* ---- the stages, in the order in which they run ---- */

static aim_status did_present(aim__call *call)
{
	const proxy_run *run = call->state;
	if (call->request->did.len || run->proxy->flags & AIM_PROXY_ALLOW_NO_DID)
		return AIM_OK;
	aim__decision_because(call->decision, AIM__REASON_DID_REQUIRED);
	return AIM_DENIED;
}

static aim_status did_not_blocked(aim__call *call)
{
	const proxy_run *run = call->state;
	aim_str did = call->request->did;
	char folded[AIM__FACT_MAX];
	size_t len = aim__name_fold(folded, sizeof folded, did);
	if (!aim__map_find(&run->proxy->blocked, aim_bytes_from(folded, len)))
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_DID_BLOCKED, "Agent %.*s is blocked", AIM__STR(did));
	return AIM_DENIED;
}

static aim_status tool_not_blocked(aim__call *call)
{
	const proxy_run *run = call->state;
	if (!run->tool || !(run->tool->flags & AIM_PROXY_TOOL_BLOCKED))
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_TOOL_BLOCKED, "Tool '%.*s' is blocked by policy",
	                      AIM__STR(call->request->tool));
	return AIM_DENIED;
}

/* A name that only folds like the tool's must not profit from a lower minimum. */
static uint32_t minimum_of(const proxy_run *run, aim_str name)
{
	uint32_t fallback = run->proxy->default_min_trust;
	if (!run->tool || !(run->tool->flags & AIM_PROXY_TOOL_MIN_TRUST))
		return fallback;
	uint32_t min = run->tool->min_trust;
	return aim_str_equal(name, run->tool->name) || min > fallback ? min : fallback;
}

static aim_status trust_reaches_minimum(aim__call *call)
{
	const proxy_run *run = call->state;
	aim_str name = call->request->tool;
	int64_t trust = call->request->trust_micro;
	uint32_t min = minimum_of(run, name);
	call->decision->trust_micro = trust;
	if (min == 0 || (trust != AIM_DECISION_NO_TRUST && trust >= (int64_t)min * MICRO_PER_POINT))
		return AIM_OK;
	if (trust == AIM_DECISION_NO_TRUST)
		aim__decision_explain(call->decision, AIM__REASON_TRUST_BELOW_MINIMUM,
		                      "Trust score unknown, minimum %u for '%.*s'", min, AIM__STR(name));
	else
		aim__decision_explain(call->decision, AIM__REASON_TRUST_BELOW_MINIMUM,
		                      "Trust score %lld below minimum %u for '%.*s'",
		                      (long long)(trust / MICRO_PER_POINT), min, AIM__STR(name));
	return AIM_DENIED;
}

static int holds(const aim_request *request, aim_str capability)
{
	for (size_t i = 0; i < request->n_capabilities; i++)
		if (aim_str_equal(request->capabilities[i], capability))
			return 1;
	return 0;
}

/* "Missing capabilities for 'x': ['a', 'b']", cut where the decision's text ends. */
static void explain_missing(aim__call *call, const tool *t)
{
	char list[AIM__DECISION_TEXT_SIZE];
	size_t len = 0;
	list[0] = '\0';
	for (size_t i = 0; i < t->n_capabilities; i++)
		if (!holds(call->request, t->capabilities[i]))
			len += aim__format(list + len, sizeof list - len, "%s'%.*s'", len ? ", " : "",
			                   AIM__STR(t->capabilities[i]));
	aim__decision_explain(call->decision, AIM__REASON_CAPABILITY_MISSING,
	                      "Missing capabilities for '%.*s': [%s]", AIM__STR(call->request->tool), list);
}

static aim_status capabilities_held(aim__call *call)
{
	const proxy_run *run = call->state;
	for (size_t i = 0; run->tool && i < run->tool->n_capabilities; i++) {
		if (holds(call->request, run->tool->capabilities[i]))
			continue;
		explain_missing(call, run->tool);
		return AIM_DENIED;
	}
	return AIM_OK;
}

static aim_status arguments_carry_no_injection(aim__call *call)
{
	const proxy_run *run = call->state;
	if (run->injection == AIM__INJECTION_NONE)
		return AIM_OK;
	if (run->injection == AIM__INJECTION_UNKNOWN)
		aim__decision_explain(call->decision, AIM__REASON_INJECTION, "Tool arguments are more than can be scanned for injection");
	else
		aim__decision_explain(call->decision, AIM__REASON_INJECTION, "Injection pattern detected in tool arguments: %s",
		                      aim__injection_name(run->injection));
	return AIM_DENIED;
}

/* The length of the DID in front keeps ("a", "bc") apart from ("ab", "c"). */
static void make_key(proxy_run *run, aim_str did)
{
	aim_str name = run->tool->folded;
	size_t did_len = did.len < AIM__FACT_MAX ? did.len : AIM__FACT_MAX;
	run->key[0] = (uint8_t)(did_len >> 8);
	run->key[1] = (uint8_t)did_len;
	if (did_len)
		memcpy(run->key + 2, did.ptr, did_len);
	memcpy(run->key + 2 + did_len, name.ptr, name.len);
	run->key_len = 2 + did_len + name.len;
}

static aim_status rate_not_exceeded(aim__call *call)
{
	proxy_run *run = call->state;
	aim_proxy *proxy = run->proxy;
	if (!run->tool || run->tool->max_calls_per_minute == 0)
		return AIM_OK;
	make_key(run, call->request->did);
	uint32_t limit = run->tool->max_calls_per_minute;
	aim_status rc = aim__limiter_take(&proxy->limiter, aim_bytes_from(run->key, run->key_len), limit,
	                                  MINUTE_US, run->now_us, &run->mark);
	run->counted = rc == AIM_OK;
	if (rc == AIM_DENIED)
		aim__decision_explain(call->decision, AIM__REASON_RATE_LIMITED,
		                      "Rate limit exceeded for '%.*s' (%u/min)",
		                      AIM__STR(call->request->tool), limit);
	if (rc != AIM_E_LIMIT)
		return rc;
	aim__decision_because(call->decision, AIM__REASON_RATE_TABLE_FULL);
	return AIM_DENIED;
}

static const aim__stage proxy_stages[] = {
	{"did_present", did_present},
	{"did_not_blocked", did_not_blocked},
	{"tool_not_blocked", tool_not_blocked},
	{"trust", trust_reaches_minimum},
	{"capabilities", capabilities_held},
	{"injection", arguments_carry_no_injection},
	{"rate", rate_not_exceeded},
};

/* ---- one decision ---- */

static const tool *find_tool(const aim_proxy *proxy, aim_str name)
{
	char folded[AIM__FACT_MAX];
	size_t len = aim__name_fold(folded, sizeof folded, name);
	uintptr_t *found = aim__map_find(&proxy->tools, aim_bytes_from(folded, len));
	return found ? (const tool *)*found : NULL;
}

static aim_status run_stages(aim_proxy *proxy, proxy_run *run, aim__call *call)
{
	aim__mutex_lock(&proxy->mutex);
	proxy->n_total++;
	run->tool = find_tool(proxy, call->request->tool);
	aim_status rc =
		aim__stages_run(proxy_stages, sizeof proxy_stages / sizeof *proxy_stages, call);
	if (rc == AIM_OK) {
		aim__decision_because(call->decision, AIM__REASON_AUTHORIZED);
		proxy->n_allowed++;
	}
	run->tool = NULL; /* another thread may replace it from here on */
	aim__mutex_unlock(&proxy->mutex);
	return rc;
}

static aim_status record(const aim_proxy *proxy, const aim_request *request, aim_decision *d,
                         const proxy_run *run, aim_error *err)
{
	aim_audit_record r = {.struct_size = sizeof r};
	r.time_us = run->now_us;
	r.trust_micro = request->trust_micro;
	r.kind = aim_str_from("policy_evaluated");
	r.agent = request->agent;
	r.did = request->did;
	r.subject = request->server;
	r.action = request->tool;
	r.decision = aim_str_from(aim_decision_effect_name(d->effect));
	r.reason_code = aim_decision_reason_code(d);
	r.reason = aim_decision_reason(d);
	return aim_audit_append(proxy->audit, &r, NULL, err);
}

/* A call that passed and cannot be recorded did not happen. */
static void take_back(aim_proxy *proxy, const proxy_run *run)
{
	aim__mutex_lock(&proxy->mutex);
	proxy->n_allowed--;
	if (run->counted)
		aim__limiter_give_back(&proxy->limiter, aim_bytes_from(run->key, run->key_len), &run->mark);
	aim__mutex_unlock(&proxy->mutex);
}

/* Before the stages, so that they do not wait for one another while texts are read. */
static aim_status read_arguments(aim_proxy *proxy, const aim_request *request, proxy_run *run)
{
	const aim_facts *facts = request->facts;
	run->injection = AIM__INJECTION_NONE;
	if (!proxy->scan || !facts || !facts->args)
		return AIM_OK;
	aim__mutex_lock(&proxy->scan_mutex);
	aim_status rc = aim__injection_find(proxy->scan, facts->args, facts->args_at, &run->injection);
	aim__mutex_unlock(&proxy->scan_mutex);
	return rc;
}

static aim_status decide(aim_proxy *proxy, const aim_request *request, aim_decision *d, aim_error *err)
{
	proxy_run run;
	aim__call call = {request, d, &run, err};
	run.proxy = proxy;
	run.tool = NULL;
	run.counted = 0;
	run.key_len = 0;
	aim_status rc = aim_ctx_now_us(proxy->ctx, &run.now_us);
	if (rc != AIM_OK) {
		aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
		return aim__decision_fault(d, AIM__REASON_FAULT, rc);
	}
	if (request->now_us)
		run.now_us = request->now_us;
	rc = read_arguments(proxy, request, &run);
	if (rc != AIM_OK) {
		aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
		return aim__decision_fault(d, AIM__REASON_FAULT, rc);
	}
	rc = run_stages(proxy, &run, &call);
	if (rc != AIM_OK && rc != AIM_DENIED)
		aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	if (!proxy->audit)
		return rc;
	aim_status recorded = record(proxy, request, d, &run, err);
	if (recorded == AIM_OK)
		return rc;
	if (rc == AIM_OK)
		take_back(proxy, &run);
	return aim__decision_fault(d, AIM__REASON_AUDIT_FAILED, recorded);
}

aim_status aim_proxy_authorize(aim_proxy *proxy, const aim_request *request, aim_decision *decision,
                               aim_error *err)
{
	if (!decision)
		return AIM__MISUSE(proxy ? proxy->ctx : NULL, "decision is required");
	aim__decision_begin(decision);
	if (!proxy || !request) {
		AIM__MISUSE(decision->ctx, "proxy and request are required");
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, AIM_E_INVALID);
	}
	aim_request copy = {.struct_size = sizeof copy};
	aim_status rc = aim__request_take(&request, &copy, err);
	if (rc == AIM_OK && request->tool.len == 0)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "aim_request.tool is required");
	if (rc != AIM_OK)
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, rc);
	return decide(proxy, request, decision, err);
}

/* ---- the lists ---- */

static aim_status check_name(const aim_ctx *ctx, aim_str name, const char *what, aim_error *err)
{
	if (name.len == 0 || !name.ptr)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "%s is empty", what);
	if (name.len > ctx->limits.max_name_bytes)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE, "%s has more than %u bytes", what,
		                 ctx->limits.max_name_bytes);
	for (size_t i = 0; i < name.len; i++)
		if ((uint8_t)name.ptr[i] < 0x20 || name.ptr[i] == 0x7F)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
			                 "%s holds a control character at byte %zu", what, i);
	return AIM_OK;
}

static aim_status check_tool(const aim_ctx *ctx, const aim_proxy_tool *t, aim_error *err)
{
	if (t->flags & ~(AIM_PROXY_TOOL_MIN_TRUST | AIM_PROXY_TOOL_BLOCKED))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_proxy_tool.flags has unknown bits");
	if (t->min_trust > MAX_TRUST || t->max_calls_per_minute > MAX_CALLS_PER_MINUTE)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "min_trust is at most %u, max_calls_per_minute at most %u", MAX_TRUST,
		                 MAX_CALLS_PER_MINUTE);
	if (t->min_trust && !(t->flags & AIM_PROXY_TOOL_MIN_TRUST))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "min_trust is given without the flag AIM_PROXY_TOOL_MIN_TRUST");
	if (t->n_required_capabilities > MAX_CAPABILITIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE, "more than %u required capabilities",
		                 MAX_CAPABILITIES);
	if (t->n_required_capabilities && !t->required_capabilities)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "required_capabilities is NULL and n_required_capabilities is not 0");
	aim_status rc = check_name(ctx, t->name, "aim_proxy_tool.name", err);
	for (size_t i = 0; rc == AIM_OK && i < t->n_required_capabilities; i++)
		rc = check_name(ctx, t->required_capabilities[i], "a required capability", err);
	if (rc == AIM_OK && t->description.len > AIM__FACT_MAX)
		rc = aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE, "description has more than %u bytes",
		               AIM__FACT_MAX);
	return rc;
}

static aim_str put_text(char **at, aim_str text)
{
	aim_str copy = {*at, text.len};
	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return copy;
}

static tool *copy_tool(const aim_ctx *ctx, const aim_proxy_tool *t)
{
	size_t n = t->n_required_capabilities;
	size_t size = sizeof(tool) + n * sizeof(aim_str) + 2 * t->name.len + t->description.len;
	for (size_t i = 0; i < n; i++)
		size += t->required_capabilities[i].len;
	tool *fresh = aim__alloc_zeroed(ctx, size);
	if (!fresh)
		return NULL;
	char *at = (char *)&fresh->capabilities[n];
	fresh->size = size;
	fresh->flags = t->flags;
	fresh->min_trust = t->min_trust;
	fresh->max_calls_per_minute = t->max_calls_per_minute;
	fresh->name = put_text(&at, t->name);
	fresh->folded.ptr = at;
	fresh->folded.len = aim__name_fold(at, t->name.len, t->name);
	at += fresh->folded.len;
	fresh->description = put_text(&at, t->description);
	fresh->n_capabilities = n;
	for (size_t i = 0; i < n; i++)
		fresh->capabilities[i] = put_text(&at, t->required_capabilities[i]);
	return fresh;
}

static aim_bytes key_of(const tool *t)
{
	return aim_bytes_from(t->folded.ptr, t->folded.len);
}

/* mutex is held. On AIM_OK fresh is the map's. */
static aim_status place_tool(aim_proxy *proxy, tool *fresh, aim_error *err)
{
	uintptr_t *found = aim__map_find(&proxy->tools, key_of(fresh));
	tool *old = found ? (tool *)*found : NULL;
	if (old && !aim_str_equal(old->name, fresh->name))
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_ENFORCE,
		                 "a tool named '%.*s' has a policy already, and the names differ only in case",
		                 AIM__STR(old->name));
	if (old)
		aim__map_remove(&proxy->tools, key_of(old), NULL); /* its key lives in it */
	aim_status rc = aim__map_add(&proxy->tools, key_of(fresh), (uintptr_t)fresh);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	if (old)
		aim__free(proxy->ctx, old, old->size);
	return AIM_OK;
}

aim_status aim_proxy_set_tool(aim_proxy *proxy, const aim_proxy_tool *wanted, aim_error *err)
{
	aim_proxy_tool t = {.struct_size = sizeof t};
	if (!proxy || !wanted)
		return AIM__MISUSE(proxy ? proxy->ctx : NULL, "proxy and tool are required");
	aim_status rc = aim__sized_in(&t, sizeof t, wanted, sizeof t, "aim_proxy_tool", err);
	if (rc == AIM_OK)
		rc = check_tool(proxy->ctx, &t, err);
	if (rc != AIM_OK)
		return rc;
	tool *fresh = copy_tool(proxy->ctx, &t);
	if (!fresh)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	aim__mutex_lock(&proxy->mutex);
	rc = place_tool(proxy, fresh, err);
	aim__mutex_unlock(&proxy->mutex);
	if (rc != AIM_OK)
		aim__free(proxy->ctx, fresh, fresh->size);
	return rc;
}

aim_status aim_proxy_block_agent(aim_proxy *proxy, aim_str did, aim_error *err)
{
	if (!proxy)
		return AIM__MISUSE(NULL, "proxy is required");
	aim_status rc = check_name(proxy->ctx, did, "the DID", err);
	if (rc != AIM_OK)
		return rc;
	blocked *b = aim__alloc(proxy->ctx, sizeof *b + did.len);
	if (!b)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	b->size = sizeof *b + did.len;
	b->len = aim__name_fold(b->did, did.len, did);
	aim__mutex_lock(&proxy->mutex);
	rc = aim__map_add(&proxy->blocked, aim_bytes_from(b->did, b->len), (uintptr_t)b);
	aim__mutex_unlock(&proxy->mutex);
	if (rc != AIM_OK)
		aim__free(proxy->ctx, b, b->size);
	if (rc == AIM_OK || rc == AIM_E_EXISTS)
		return AIM_OK;
	return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

aim_status aim_proxy_unblock_agent(aim_proxy *proxy, aim_str did, aim_error *err)
{
	char folded[AIM__FACT_MAX];
	uintptr_t found = 0;
	if (!proxy)
		return AIM__MISUSE(NULL, "proxy is required");
	aim_status rc = check_name(proxy->ctx, did, "the DID", err);
	if (rc != AIM_OK)
		return rc;
	size_t len = aim__name_fold(folded, sizeof folded, did);
	aim__mutex_lock(&proxy->mutex);
	aim__map_remove(&proxy->blocked, aim_bytes_from(folded, len), &found);
	aim__mutex_unlock(&proxy->mutex);
	if (!found)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ENFORCE, "Agent %.*s is not blocked",
		                 AIM__STR(did));
	blocked *b = (blocked *)found;
	aim__free(proxy->ctx, b, b->size);
	return AIM_OK;
}

aim_status aim_proxy_clear_limits(aim_proxy *proxy)
{
	if (!proxy)
		return AIM__MISUSE(NULL, "proxy is required");
	aim__mutex_lock(&proxy->mutex);
	aim__limiter_clear(&proxy->limiter);
	aim__mutex_unlock(&proxy->mutex);
	return AIM_OK;
}

aim_status aim_proxy_stats(aim_proxy *proxy, aim_proxy_counts *out)
{
	if (!proxy || !out)
		return AIM__MISUSE(proxy ? proxy->ctx : NULL, "proxy and out are required");
	aim_proxy_counts counts = {.struct_size = sizeof counts};
	aim__mutex_lock(&proxy->mutex);
	counts.n_total = proxy->n_total;
	counts.n_allowed = proxy->n_allowed;
	counts.n_denied = proxy->n_total - proxy->n_allowed;
	counts.n_tools = proxy->tools.count;
	counts.n_blocked = proxy->blocked.count;
	aim__mutex_unlock(&proxy->mutex);
	return aim__sized_out(out, &counts, sizeof counts, sizeof counts);
}

/* ---- making and freeing ---- */

static aim_status take_options(aim_proxy_options *o, const aim_proxy_options *options, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_proxy_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~(AIM_PROXY_ALLOW_NO_DID | AIM_PROXY_ALLOW_INJECTION))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE,
		                 "aim_proxy_options.flags has unknown bits");
	if (o->default_min_trust > MAX_TRUST)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "default_min_trust is at most %u",
		                 MAX_TRUST);
	if (o->max_counters == 0)
		o->max_counters = DEFAULT_COUNTERS;
	return AIM_OK;
}

static aim_status open_mutexes(aim_proxy *proxy)
{
	aim_status rc = aim__mutex_init(&proxy->mutex);
	if (rc != AIM_OK)
		return rc;
	rc = aim__mutex_init(&proxy->scan_mutex);
	if (rc != AIM_OK)
		aim__mutex_dispose(&proxy->mutex);
	return rc;
}

static void close_mutexes(aim_proxy *proxy)
{
	aim__mutex_dispose(&proxy->scan_mutex);
	aim__mutex_dispose(&proxy->mutex);
}

static aim_status open_scan(aim_ctx *ctx, aim_scan_result **out, aim_error *err)
{
	aim_scanner *scanner = NULL;
	aim_status rc = aim_scan_new(ctx, NULL, &scanner, err);
	if (rc == AIM_OK)
		rc = aim_scan_result_new(scanner, out);
	aim_scan_free(scanner); /* the result keeps it */
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

aim_status aim_proxy_new(aim_ctx *ctx, const aim_proxy_options *options, aim_proxy **out, aim_error *err)
{
	aim_proxy_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_proxy *proxy = aim__alloc_zeroed(ctx, sizeof *proxy);
	if (!proxy || open_mutexes(proxy) != AIM_OK) {
		aim__free(ctx, proxy, sizeof *proxy);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	}
	rc = o.flags & AIM_PROXY_ALLOW_INJECTION ? AIM_OK : open_scan(ctx, &proxy->scan, err);
	if (rc != AIM_OK) {
		close_mutexes(proxy);
		aim__free(ctx, proxy, sizeof *proxy);
		return rc;
	}
	proxy->ctx = aim__ctx_ref(ctx);
	proxy->audit = o.audit ? aim__audit_ref(o.audit) : NULL;
	proxy->flags = o.flags;
	proxy->default_min_trust = o.default_min_trust;
	aim__map_init(&proxy->tools, ctx, ctx->limits.max_tools);
	aim__map_init(&proxy->blocked, ctx, o.max_counters);
	aim__limiter_init(&proxy->limiter, ctx, o.max_counters);
	*out = proxy;
	return AIM_OK;
}

void aim_proxy_free(aim_proxy *proxy)
{
	size_t cursor = 0;
	const aim__map_entry *entry;
	if (!proxy)
		return;
	aim_ctx *ctx = proxy->ctx;
	while ((entry = aim__map_next(&proxy->tools, &cursor))) {
		tool *t = (tool *)entry->value;
		aim__free(ctx, t, t->size);
	}
	for (cursor = 0; (entry = aim__map_next(&proxy->blocked, &cursor));) {
		blocked *b = (blocked *)entry->value;
		aim__free(ctx, b, b->size);
	}
	aim__map_dispose(&proxy->tools);
	aim__map_dispose(&proxy->blocked);
	aim__limiter_dispose(&proxy->limiter);
	aim_scan_result_free(proxy->scan);
	close_mutexes(proxy);
	aim__audit_unref(proxy->audit);
	aim__free(ctx, proxy, sizeof *proxy);
	aim__ctx_unref(ctx);
}
