/* enforce/policy.c — the policy object: compiling, sharing, describing. Layer enforce. */
#include "enforce/policy.h"

#include <aim/hash.h>
#include <string.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/diagnostics.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "enforce/policy_import.h"
#include "enforce/policy_index.h"
#include "enforce/policy_read.h"
#include "enforce/policy_regex.h"

AIM__NO_PADDING(aim_policy_options, 4 * sizeof(uint32_t) + 2 * sizeof(void *) + 2 * sizeof(size_t));

#define ARENA_FIRST 4096u

static aim_policy *policy_new(aim_ctx *ctx)
{
	aim_policy *policy = aim__alloc_zeroed(ctx, sizeof *policy);
	if (!policy)
		return NULL;
	policy->ctx = aim__ctx_ref(ctx);
	atomic_init(&policy->references, 1);
	policy->default_effect = AIM_DECISION_DENY;
	aim__arena_init(&policy->arena, ctx, ARENA_FIRST, 0);
	for (size_t i = 0; i < AIM__FACT_COUNT; i++) {
		aim__names_init(&policy->names[i], ctx);
		aim__names_init(&policy->prefixes[i], ctx);
	}
	return policy;
}

static void policy_free(aim_policy *policy)
{
	aim_ctx *ctx = policy->ctx;
	for (size_t i = 0; i < AIM__FACT_COUNT; i++) {
		aim__names_dispose(&policy->names[i]);
		aim__names_dispose(&policy->prefixes[i]);
	}
	aim__free(ctx, policy->sets, policy->cap_sets * sizeof *policy->sets);
	aim__free(ctx, policy->leaves, policy->cap_leaves * sizeof *policy->leaves);
	aim__free(ctx, policy->eithers, policy->cap_eithers * sizeof *policy->eithers);
	aim__free(ctx, policy->nodes, policy->cap_nodes * sizeof *policy->nodes);
	aim__regexes_free(policy);
	aim__free(ctx, policy->whens, policy->cap_whens * sizeof *policy->whens);
	aim__free(ctx, policy->words, policy->cap_words * sizeof *policy->words);
	aim__arena_dispose(&policy->arena);
	aim__free(ctx, policy, sizeof *policy);
	aim__ctx_unref(ctx);
}

typedef aim_status (*rewriting)(aim_ctx *ctx, const aim_json *doc, aim_buf *out, aim_diagnostics *diagnostics,
                                aim_error *err);

static aim_status hash_document(aim_policy *policy, const aim_json *doc, aim_error *err)
{
	uint8_t digest[AIM_HASH_SHA256_LEN];
	aim_buf canonical;
	aim__buf_init(&canonical, policy->ctx);
	aim_status rc = aim_json_canonicalize(doc, AIM_JSON_ROOT, AIM_JSON_JCS_EXACT_TEXT, &canonical, err);
	if (rc == AIM_OK) {
		rc = aim_hash_sha256(policy->ctx, aim_bytes_from(canonical.ptr, canonical.len), digest);
		if (rc != AIM_OK)
			rc = aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	}
	aim__buf_dispose(&canonical);
	for (size_t i = 0; rc == AIM_OK && i < sizeof policy->hash; i++)
		policy->hash[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
	return rc;
}

/* A document of another shape is written as a policy first; what could be wrong with it is found then. */
static aim_status read_rewritten(aim_policy *policy, const aim_json *doc, rewriting rewrite,
                                 aim_diagnostics *diagnostics, aim_error *err)
{
	aim_buf text;
	aim_json rules;
	aim__buf_init(&text, policy->ctx);
	aim__json_init(&rules, policy->ctx);
	aim_status rc = rewrite(policy->ctx, doc, &text, diagnostics, err);
	if (rc == AIM_OK)
		rc = aim_json_parse(&rules, aim_buf_bytes(&text), AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim__policy_read(policy, &rules, NULL, NULL, err);
	aim__json_dispose(&rules);
	aim__buf_dispose(&text);
	return rc;
}

static aim_status read_rules(aim_policy *policy, const aim_json *doc, const aim_policy_options *o,
                             aim_diagnostics *diagnostics, aim_error *err)
{
	if (aim__is_security_document(doc))
		return read_rewritten(policy, doc, aim__security_rewrite, diagnostics, err);
	if (aim__is_tool_document(doc))
		return read_rewritten(policy, doc, aim__tools_rewrite, diagnostics, err);
	return aim__policy_read(policy, doc, o, diagnostics, err);
}

static aim_status compile(aim_policy *policy, const aim_json *doc, const aim_policy_options *o, aim_diagnostics *diagnostics,
                          aim_error *err)
{
	aim_status rc = read_rules(policy, doc, o, diagnostics, err);
	if (rc == AIM_OK)
		rc = hash_document(policy, doc, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__policy_index(policy);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

static aim_status take_options(const aim_policy_options *options, aim_policy_options *out, aim_error *err)
{
	aim_policy_options o = {.struct_size = sizeof o};
	aim_status rc = aim__sized_in(&o, sizeof o, options, offsetof(aim_policy_options, format), "aim_policy_options",
	                              err);
	if (rc == AIM_OK && (o.flags != 0 || o.reserved != 0))
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE,
		               "aim_policy_options.flags and .reserved must be 0");
	if (rc == AIM_OK && o.format > AIM_CONFIG_YAML)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		               "aim_policy_options.format must be 0 or one of AIM_CONFIG_*");
	*out = o;
	return rc;
}

/* What no JSON text of an object begins with is YAML. */
static uint32_t format_of(aim_bytes text)
{
	size_t i = 0;
	while (i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == '\t' || text.ptr[i] == '\n' || text.ptr[i] == '\r'))
		i++;
	uint8_t c = i < text.len ? text.ptr[i] : '{';
	int is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	int is_mark = c == '#' || c == '%' || (c == '-' && i + 2 < text.len && memcmp(text.ptr + i, "---", 3) == 0);
	return is_letter || is_mark ? AIM_CONFIG_YAML : AIM_CONFIG_JSON;
}

static aim_status parse(aim_json *doc, aim_bytes text, uint32_t format, aim_error *err)
{
	if (!text.ptr && text.len)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "text has a length and no pointer");
	if (format == AIM_POLICY_AUTO)
		format = format_of(text);
	if (format == AIM_CONFIG_JSON)
		return aim_json_parse(doc, text, AIM_JSON_BORROW, err);
	return aim_config_parse(doc, text, format, err);
}

aim_status aim_policy_compile(aim_ctx *ctx, aim_bytes text, const aim_policy_options *options,
                              aim_policy **out, aim_diagnostics *diagnostics, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_json doc;
	aim_error own = {0}; /* so that the diagnostics hold what err is too NULL for */
	aim_error *problem = err ? err : &own;
	aim_policy_options o;
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_policy *policy = policy_new(ctx);
	if (!policy)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);

	aim__json_init(&doc, ctx);
	rc = parse(&doc, text, o.format, problem);
	if (rc == AIM_OK)
		rc = compile(policy, &doc, &o, diagnostics, problem);
	else if (rc != AIM_E_NOMEM)
		aim__diagnostics_add(diagnostics, problem);
	aim__json_dispose(&doc);

	if (rc == AIM_OK)
		*out = policy;
	else
		policy_free(policy);
	return rc;
}

aim_policy *aim_policy_ref(aim_policy *policy)
{
	if (policy)
		atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
	return policy;
}

void aim_policy_unref(aim_policy *policy)
{
	if (policy && atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) == 1)
		policy_free(policy);
}

aim_str aim_policy_hash(const aim_policy *policy)
{
	aim_str hash = {NULL, 0};
	if (policy) {
		hash.ptr = policy->hash;
		hash.len = sizeof policy->hash;
	}
	return hash;
}

aim_str aim_policy_name(const aim_policy *policy)
{
	aim_str none = {NULL, 0};
	return policy ? policy->name : none;
}

aim_str aim_policy_description(const aim_policy *policy)
{
	aim_str none = {NULL, 0};
	return policy ? policy->description : none;
}

uint32_t aim_policy_combining(const aim_policy *policy)
{
	return policy ? policy->combining : AIM_POLICY_DENY_OVERRIDES;
}

int32_t aim_policy_is_monitor(const aim_policy *policy)
{
	return policy && policy->monitor;
}

size_t aim_policy_rule_count(const aim_policy *policy)
{
	return policy ? (size_t)policy->n_rules + policy->n_alerts : 0;
}

uint32_t aim_policy_default(const aim_policy *policy)
{
	return policy ? policy->default_effect : AIM_DECISION_DENY;
}
