/* enforce/authpolicy.c — how clients must authenticate to servers: rules, their file, and a stage table. Layer enforce. */
#include <aim/authpolicy.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/sized.h"
#include "enforce/decision.h"
#include "enforce/pattern.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_authpolicy_rule, 4 * 4 + 2 * P);
AIM__NO_PADDING(aim_authpolicy_request, 4 * 4 + 6 * P);
#undef P

#define LAYER AIM_LAYER_ENFORCE
#define ALL_BUT_NONE (AIM_AUTHPOLICY_OAUTH2 | AIM_AUTHPOLICY_MTLS | AIM_AUTHPOLICY_API_KEY | AIM_AUTHPOLICY_BEARER)
#define ALL (ALL_BUT_NONE | AIM_AUTHPOLICY_NONE)

struct aim_authpolicy {
	aim_ctx *ctx; /* referenced */
	aim__arena arena;
	aim__map rules; /* name of a server → aim_authpolicy_rule in the arena */
	aim_authpolicy_rule fallback;
};

static const struct {
	const char *name;
	uint32_t bit;
} methods[] = {
	{"oauth2", AIM_AUTHPOLICY_OAUTH2}, {"mtls", AIM_AUTHPOLICY_MTLS}, {"api_key", AIM_AUTHPOLICY_API_KEY},
	{"bearer", AIM_AUTHPOLICY_BEARER}, {"none", AIM_AUTHPOLICY_NONE},
};

static const struct {
	const char *name;
	uint32_t version;
} versions[] = {
	{"1.0", AIM_AUTHPOLICY_TLS_1_0},
	{"1.1", AIM_AUTHPOLICY_TLS_1_1},
	{"1.2", AIM_AUTHPOLICY_TLS_1_2},
	{"1.3", AIM_AUTHPOLICY_TLS_1_3},
};

#define N(array) (sizeof(array) / sizeof *(array))

const char *aim_authpolicy_method_name(uint32_t method)
{
	for (size_t i = 0; i < N(methods); i++)
		if (methods[i].bit == method)
			return methods[i].name;
	return "unknown";
}

/* 0: none of them. */
static uint32_t method_of(aim_str name)
{
	for (size_t i = 0; i < N(methods); i++)
		if (aim_str_equal(name, aim_str_from(methods[i].name)))
			return methods[i].bit;
	return 0;
}

static uint32_t version_of(aim_str name)
{
	for (size_t i = 0; i < N(versions); i++)
		if (aim_str_equal(name, aim_str_from(versions[i].name)))
			return versions[i].version;
	return 0;
}

static const char *version_name(uint32_t version)
{
	for (size_t i = 0; i < N(versions); i++)
		if (versions[i].version == version)
			return versions[i].name;
	return "unknown";
}

/* ---- rules ---- */

static aim_status take_rule(aim_authpolicy_rule *rule, aim_error *err)
{
	if (rule->flags & ~AIM_AUTHPOLICY_PLAIN)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_authpolicy_rule.flags has an unknown bit");
	if (rule->methods & ~ALL || (rule->min_tls && strcmp(version_name(rule->min_tls), "unknown") == 0))
		return aim__fail(err, AIM_E_INVALID, LAYER, "a rule has an unknown method or version of TLS");
	if (rule->server.len >= AIM__FACT_MAX || (rule->server.len && !rule->server.ptr))
		return aim__fail(err, AIM_E_LIMIT, LAYER, "the name of a server has %u bytes or more", AIM__FACT_MAX);
	if (rule->methods == 0)
		rule->methods = ALL_BUT_NONE;
	if (rule->min_tls == 0)
		rule->min_tls = AIM_AUTHPOLICY_TLS_1_2;
	return AIM_OK;
}

static aim_status add_rule(aim_authpolicy *p, aim_authpolicy_rule rule, int *io_has_fallback, aim_error *err)
{
	aim_status rc = take_rule(&rule, err);
	if (rc != AIM_OK)
		return rc;
	if (rule.server.len == 0) {
		if (*io_has_fallback)
			return aim__fail(err, AIM_E_EXISTS, LAYER, "there are two default rules");
		*io_has_fallback = 1;
		p->fallback = rule;
		return AIM_OK;
	}
	aim_authpolicy_rule *kept = aim__arena_alloc(&p->arena, sizeof *kept);
	aim_str name = aim__arena_copy(&p->arena, rule.server);
	if (!kept || !name.ptr)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	*kept = rule;
	kept->server = name;
	rc = aim__map_add(&p->rules, aim_bytes_from_str(name), (uintptr_t)kept);
	if (rc == AIM_E_EXISTS)
		return aim__fail(err, rc, LAYER, "there are two rules for server '%.*s'", AIM__STR(name));
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

static aim_status add_rules(aim_authpolicy *p, const aim_authpolicy_rule *rules, size_t n, aim_error *err)
{
	int has_fallback = 0;
	for (size_t i = 0; i < n; i++) {
		aim_authpolicy_rule rule = {.struct_size = sizeof rule};
		const void *at = (const uint8_t *)rules + i * rules->struct_size;
		aim_status rc = aim__sized_in(&rule, sizeof rule, at, sizeof rule, "aim_authpolicy_rule", err);
		if (rc == AIM_OK)
			rc = add_rule(p, rule, &has_fallback, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

aim_status aim_authpolicy_new(aim_ctx *ctx, const aim_authpolicy_rule *rules, size_t n, aim_authpolicy **out,
                              aim_error *err)
{
	if (!ctx || !out || (!rules && n))
		return AIM__MISUSE(ctx, "ctx, rules and out are required");
	if (n > AIM_AUTHPOLICY_MAX_RULES)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "more than %u rules", AIM_AUTHPOLICY_MAX_RULES);
	aim_authpolicy *p = aim__alloc_zeroed(ctx, sizeof *p);
	if (!p)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	p->ctx = aim__ctx_ref(ctx);
	aim__arena_init(&p->arena, ctx, 512, 0);
	aim__map_init(&p->rules, ctx, 0);
	aim_status rc = take_rule(&p->fallback, err);
	if (rc == AIM_OK)
		rc = add_rules(p, rules, n, err);
	if (rc == AIM_OK)
		*out = p;
	else
		aim_authpolicy_free(p);
	return rc;
}

void aim_authpolicy_free(aim_authpolicy *p)
{
	if (!p)
		return;
	aim_ctx *ctx = p->ctx;
	aim__map_dispose(&p->rules);
	aim__arena_dispose(&p->arena);
	aim__free(ctx, p, sizeof *p);
	aim__ctx_unref(ctx);
}

/* ---- the file ---- */

static aim_status wrong(const aim_json *doc, aim_json_value v, aim_status rc, const char *what, aim_error *err)
{
	uint64_t offset = 0;
	uint32_t line = 0, column = 0;
	aim__fail(err, rc, LAYER, "%s", what);
	if (err && aim_json_position(doc, v, &offset, &line, &column) == AIM_OK) {
		err->offset = offset;
		err->line = line;
		err->column = column;
	}
	return rc;
}

static aim_status read_methods(const aim_json *doc, aim_json_value list, aim_authpolicy_rule *rule, aim_error *err)
{
	if (aim_json_type(doc, list) != AIM_JSON_ARRAY || aim_json_count(doc, list) == 0)
		return wrong(doc, list, AIM_E_JSON_TYPE, "methods is a list of at least one method", err);
	for (aim_json_value v = aim_json_first(doc, list); v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		uint32_t bit = method_of(aim_json_string(doc, v));
		if (bit == 0)
			return wrong(doc, v, AIM_E_INVALID, "a method is one of oauth2, mtls, api_key, bearer and none", err);
		rule->methods |= bit;
	}
	return AIM_OK;
}

static aim_status read_member(const aim_json *doc, aim_json_value v, aim_authpolicy_rule *rule, aim_error *err)
{
	int32_t require = 1;
	aim_str key = aim_json_key(doc, v);
	if (aim_str_equal(key, aim_str_from("methods")))
		return read_methods(doc, v, rule, err);
	if (aim_str_equal(key, aim_str_from("require_tls"))) {
		if (aim_json_bool(doc, v, &require) != AIM_OK)
			return wrong(doc, v, AIM_E_JSON_TYPE, "require_tls is true or false", err);
		rule->flags = require ? 0 : AIM_AUTHPOLICY_PLAIN;
		return AIM_OK;
	}
	if (!aim_str_equal(key, aim_str_from("min_tls")))
		return wrong(doc, v, AIM_E_JSON_UNKNOWN, "a rule has methods, require_tls and min_tls", err);
	aim_str text = aim_json_string(doc, v);
	rule->min_tls = version_of(text.ptr ? text : aim_json_number_text(doc, v));
	return rule->min_tls ? AIM_OK : wrong(doc, v, AIM_E_INVALID, "min_tls is 1.0, 1.1, 1.2 or 1.3", err);
}

static aim_status read_rule(const aim_json *doc, aim_json_value object, aim_authpolicy_rule *rule, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (aim_json_type(doc, object) != AIM_JSON_OBJECT)
		return wrong(doc, object, AIM_E_JSON_TYPE, "a rule is an object", err);
	for (aim_json_value v = aim_json_first(doc, object); rc == AIM_OK && v != AIM_JSON_NONE; v = aim_json_next(doc, v))
		if (rule->server.len || !aim_str_equal(aim_json_key(doc, v), aim_str_from("servers")))
			rc = read_member(doc, v, rule, err);
	return rc;
}

static aim_status read_all(aim_ctx *ctx, const aim_json *doc, aim_authpolicy **out, aim_error *err)
{
	aim_json_value servers = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("servers"));
	size_t n = aim_json_count(doc, servers), i = 1;
	if (aim_json_type(doc, servers) != AIM_JSON_ABSENT && aim_json_type(doc, servers) != AIM_JSON_OBJECT)
		return wrong(doc, servers, AIM_E_JSON_TYPE, "servers is an object of rules by name", err);
	if (n >= AIM_AUTHPOLICY_MAX_RULES)
		return wrong(doc, servers, AIM_E_LIMIT, "too many rules", err);
	aim_authpolicy_rule *rules = aim__alloc_zeroed(ctx, (n + 1) * sizeof *rules);
	if (!rules)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	rules[0].struct_size = sizeof *rules;
	aim_status rc = read_rule(doc, AIM_JSON_ROOT, &rules[0], err);
	for (aim_json_value v = aim_json_first(doc, servers); rc == AIM_OK && v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		rules[i].struct_size = sizeof *rules;
		rules[i].server = aim_json_key(doc, v);
		rc = rules[i].server.len ? read_rule(doc, v, &rules[i], err)
		                         : wrong(doc, v, AIM_E_INVALID, "a server has a name", err);
		i++;
	}
	if (rc == AIM_OK)
		rc = aim_authpolicy_new(ctx, rules, n + 1, out, err);
	aim__free(ctx, rules, (n + 1) * sizeof *rules);
	return rc;
}

aim_status aim_authpolicy_read(aim_ctx *ctx, aim_bytes text, uint32_t format, aim_authpolicy **out, aim_error *err)
{
	aim_json *doc = NULL;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim_json_new(ctx, &doc);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	rc = aim_config_parse(doc, text, format, err);
	if (rc == AIM_OK)
		rc = read_all(ctx, doc, out, err);
	aim_json_free(doc);
	return rc;
}

/* ---- the stages ---- */

typedef struct auth_run {
	const aim_authpolicy_request *asked;
	const aim_authpolicy_rule *rule;
	uint32_t method;
} auth_run;

#define REFUSE(call, reason, ...) (aim__decision_explain((call)->decision, (reason), __VA_ARGS__), AIM_DENIED)

static aim_status method_known(aim__call *call)
{
	auth_run *run = call->state;
	aim_str name = run->asked->method.len ? run->asked->method : aim_str_from("none");
	run->method = method_of(name);
	if (run->method == 0)
		return REFUSE(call, AIM__REASON_AUTH_METHOD_UNKNOWN, "Authentication method '%.*s' is unknown", AIM__STR(name));
	return AIM_OK;
}

static aim_status method_allowed(aim__call *call)
{
	const auth_run *run = call->state;
	if (run->rule->methods & run->method)
		return AIM_OK;
	return REFUSE(call, AIM__REASON_AUTH_METHOD_DENIED, "Authentication method '%s' is not allowed for server '%.*s'",
	              aim_authpolicy_method_name(run->method), AIM__STR(run->asked->server));
}

static int has_scheme(aim_str url, const char *scheme)
{
	size_t n = strlen(scheme);
	char head[16];
	if (url.len <= n)
		return 0;
	aim_str start = {url.ptr, n};
	return aim__name_fold(head, sizeof head, start) == n && memcmp(head, scheme, n) == 0;
}

static int is_tls(aim_str url)
{
	return has_scheme(url, "https://") || has_scheme(url, "wss://");
}

/* Mutual TLS is TLS, whatever the rule says. */
static int needs_tls(const auth_run *run)
{
	return !(run->rule->flags & AIM_AUTHPOLICY_PLAIN) || run->method == AIM_AUTHPOLICY_MTLS;
}

static aim_status tls_used(aim__call *call)
{
	const auth_run *run = call->state;
	if (!needs_tls(run) || is_tls(run->asked->url))
		return AIM_OK;
	return REFUSE(call, AIM__REASON_TLS_REQUIRED, "Server '%.*s' needs TLS%s", AIM__STR(run->asked->server),
	              run->asked->url.len ? "" : ", and has no URL");
}

static aim_status tls_new_enough(aim__call *call)
{
	const auth_run *run = call->state;
	uint32_t version = run->asked->tls_version;
	if ((!needs_tls(run) && !is_tls(run->asked->url)) || version >= run->rule->min_tls)
		return AIM_OK;
	return REFUSE(call, AIM__REASON_TLS_VERSION, "TLS version %s of server '%.*s' is below the minimum %s",
	              version_name(version), AIM__STR(run->asked->server), version_name(run->rule->min_tls));
}

static const aim__stage auth_stages[] = {
	{"method_known", method_known},
	{"method_allowed", method_allowed},
	{"tls", tls_used},
	{"tls_version", tls_new_enough},
};

static aim_status take_request(const aim_authpolicy_request *request, aim_authpolicy_request *r, aim_error *err)
{
	aim_status rc = aim__sized_in(r, sizeof *r, request, sizeof *r, "aim_authpolicy_request", err);
	if (rc != AIM_OK)
		return rc;
	if (r->flags || r->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_authpolicy_request has an unknown flag");
	if (r->server.len == 0 || !r->server.ptr)
		return aim__fail(err, AIM_E_INVALID, LAYER, "server is required");
	return AIM_OK;
}

aim_status aim_authpolicy_check(const aim_authpolicy *policy, const aim_authpolicy_request *request,
                                aim_decision *decision, aim_error *err)
{
	aim_authpolicy_request r = {.struct_size = sizeof r};
	const aim_request nobody = {.struct_size = sizeof nobody, .trust_micro = AIM_DECISION_NO_TRUST};
	if (!decision)
		return AIM__MISUSE(policy ? policy->ctx : NULL, "decision is required");
	aim__decision_begin(decision);
	if (!policy || !request) {
		AIM__MISUSE(decision->ctx, "policy and request are required");
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, AIM_E_INVALID);
	}
	aim_status rc = take_request(request, &r, err);
	if (rc != AIM_OK)
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, rc);
	const uintptr_t *found = aim__map_find(&policy->rules, aim_bytes_from_str(r.server));
	auth_run run = {&r, found ? (const aim_authpolicy_rule *)*found : &policy->fallback, 0};
	aim__call call = {&nobody, decision, &run, err};
	aim__decision_because(decision, AIM__REASON_AUTH_ACCEPTED);
	return aim__stages_run(auth_stages, N(auth_stages), &call);
}
