/* assess/trust_profile.c — the built-in profiles, and weight tables of one's own. Layer assess. */
#include "assess/trust_score.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"

#include <string.h>

/* In the order of AIM_TRUSTSCORE_VERIFICATION … FEEDBACK. */
#define AIM_8_WEIGHTS {0, 250000, 150000, 150000, 150000, 100000, 100000, 50000, 50000}
#define BETA_WEIGHTS {0, 400000, 100000, 400000, 0, 100000, 0, 0, 0}

static const aim_trustscore_profile built_in[] = {
	{"aim-8", 1, AIM__TRUST_RATIO, 10, 0, AIM_TRUSTSCORE_ONE, AIM__MICRO, AIM_8_WEIGHTS, NULL},
	{"aim-8-plain", 1, AIM__TRUST_RATIO, 0, AIM_TRUSTSCORE_DISPLAY, AIM_TRUSTSCORE_ONE, AIM__MICRO, AIM_8_WEIGHTS, NULL},
	{"beta", 1, AIM__TRUST_LOWER, 0, 0, 300000, 800000, BETA_WEIGHTS, NULL},
};
#define N_BUILT_IN (sizeof built_in / sizeof *built_in)
/* Computed from other inputs; nobody may call a table so. */
static const char *const other_names[] = {"aim-9", "mcp-8", "mesh-5"};
#define N_OTHER (sizeof other_names / sizeof *other_names)

const aim_trustscore_profile *aim_trustscore_profile_named(aim_str name)
{
	for (size_t i = 0; i < N_BUILT_IN; i++)
		if (aim_str_equal(name, aim_str_from(built_in[i].name)))
			return &built_in[i];
	return NULL;
}

aim_str aim_trustscore_profile_name(const aim_trustscore_profile *profile)
{
	aim_str none = {NULL, 0};
	return profile ? aim_str_from(profile->name) : none;
}

/* a-z, 0-9, '-', '_' and '.', so that a name needs no escape anywhere. */
static int is_name(aim_str name)
{
	if (name.len == 0 || name.len > AIM__TRUST_NAME_MAX || !name.ptr)
		return 0;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return 0;
	}
	for (size_t i = 0; i < N_OTHER; i++)
		if (aim_str_equal(name, aim_str_from(other_names[i])))
			return 0;
	return !aim_trustscore_profile_named(name);
}

static aim_status read_weights(int64_t out[AIM__TRUST_FACTORS], const aim_trustscore_weight *weights, size_t n,
                               aim_error *err)
{
	int64_t sum = 0;
	uint32_t seen = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t factor = aim_trustscore_factor_named(weights[i].factor);
		if (factor == 0)
			return aim__fail(err, AIM_E_TRUST_WEIGHTS, AIM_LAYER_ASSESS, "weight %zu: there is no factor \"%.*s\"", i,
			                 AIM__STR(weights[i].factor));
		if (seen & 1u << factor)
			return aim__fail(err, AIM_E_TRUST_WEIGHTS, AIM_LAYER_ASSESS, "weight %zu: %s has a weight already", i,
			                 aim__trust_factor_names[factor]);
		if (weights[i].weight_micro < 0 || weights[i].weight_micro > AIM_TRUSTSCORE_ONE)
			return aim__fail(err, AIM_E_TRUST_WEIGHTS, AIM_LAYER_ASSESS, "weight %zu: %s weighs %lld, not 0 to 1000000",
			                 i, aim__trust_factor_names[factor], (long long)weights[i].weight_micro);
		seen |= 1u << factor;
		sum += weights[i].weight_micro;
		out[factor] = weights[i].weight_micro;
	}
	if (sum != AIM_TRUSTSCORE_ONE)
		return aim__fail(err, AIM_E_TRUST_WEIGHTS, AIM_LAYER_ASSESS, "the weights add up to %lld, not to 1000000",
		                 (long long)sum);
	return AIM_OK;
}

aim_status aim_trustscore_profile_new(aim_ctx *ctx, aim_str name, uint32_t version,
                                      const aim_trustscore_weight *weights, size_t n_weights,
                                      aim_trustscore_profile **out, aim_error *err)
{
	if (!ctx || !out || (n_weights && !weights) || version == 0)
		return AIM__MISUSE(ctx, "ctx, weights, a version and out are required");
	if (!is_name(name))
		return aim__fail(err, AIM_E_TRUST_WEIGHTS, AIM_LAYER_ASSESS,
		                 "profile: a name of 1 to 32 of a-z, 0-9, '-', '_' and '.' that is not built in is expected");
	aim_trustscore_profile made = built_in[0];
	memset(made.weights, 0, sizeof made.weights);
	aim_status rc = read_weights(made.weights, weights, n_weights, err);
	if (rc != AIM_OK)
		return rc;
	aim_trustscore_profile *profile = aim__alloc_zeroed(ctx, sizeof *profile);
	if (!profile)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	memset(made.name, 0, sizeof made.name);
	memcpy(made.name, name.ptr, name.len);
	made.version = version;
	made.ctx = aim__ctx_ref(ctx);
	*profile = made;
	*out = profile;
	return AIM_OK;
}

void aim_trustscore_profile_free(aim_trustscore_profile *profile)
{
	if (!profile || !profile->ctx)
		return;
	aim_ctx *ctx = profile->ctx;
	aim__free(ctx, profile, sizeof *profile);
	aim__ctx_unref(ctx);
}
