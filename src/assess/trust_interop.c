/* assess/trust_interop.c — `mcp-8` and `aim-9`, as their documents define them. Layer assess. */
#include "assess/trust_score.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"

#include <aim/trustinterop.h>

#include <string.h>

AIM__NO_PADDING(aim_trustinterop_mcp8, 16 + 12 * 8);
AIM__NO_PADDING(aim_trustinterop_aim9, 8 + 8 * 8 + 8 + 20 * 8 + 3 * 8);

#define ONE AIM_TRUSTSCORE_ONE

static int is_micro(int64_t v, int64_t most)
{
	return v >= 0 && v <= most;
}

/* Σ parts · value, parts in micro that add up to 1. */
typedef struct part {
	int64_t weight, value;
} part;

static int64_t mix(const part *parts, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)parts[i].weight * (uint64_t)parts[i].value;
	return (int64_t)aim__div_half_even(sum, AIM__MICRO);
}

static int64_t mean(uint64_t sum, uint64_t n)
{
	return (int64_t)aim__div_half_even(sum, n);
}

static int64_t at_most_one(uint64_t a, uint64_t b)
{
	return a >= b ? ONE : (int64_t)aim__div_half_even(a * AIM__MICRO, b);
}

/* ---- mcp-8 ---- */

static int64_t consensus(const aim_trustinterop_mcp8 *in)
{
	static const int64_t standing[] = {0, 500000, ONE, 200000, 0};
	const part parts[] = {{600000, at_most_one(in->n_attesters, 3)},
	                      {400000, at_most_one((uint64_t)in->confidence_micro, 60 * (uint64_t)AIM__MICRO)}};
	const part whole = {mix(parts, 2), standing[in->status]};
	return mix(&whole, 1);
}

static int64_t connection(const aim_trustinterop_mcp8 *in)
{
	int64_t speed = in->latency_us < 900000 ? ONE - in->latency_us : 100000;
	const part parts[] = {{400000, in->health_micro}, {400000, in->connection_micro}, {200000, speed}};
	return mix(parts, 3);
}

static int64_t stability(const aim_trustinterop_mcp8 *in)
{
	const part parts[] = {{600000, in->active_micro}, {400000, in->verified_micro}};
	return mix(parts, 2);
}

static int64_t posture(const aim_trustinterop_mcp8 *in)
{
	static const uint32_t transport[] = {0, ONE, ONE / 2};
	uint64_t sum = transport[in->transport];
	sum += in->flags & AIM_TRUSTINTEROP_PROVEN_KEY ? ONE : 0;
	sum += in->status == AIM_TRUSTINTEROP_VERIFIED ? ONE : 0;
	sum += in->n_grave_alerts == 0 ? ONE : in->n_grave_alerts <= 2 ? ONE / 2 : 0;
	return mean(sum, 4);
}

static int64_t organization(const aim_trustinterop_mcp8 *in)
{
	uint64_t n = in->status == AIM_TRUSTINTEROP_VERIFIED;
	n += (in->flags & AIM_TRUSTINTEROP_OWNER_VERIFIED) != 0;
	n += (in->flags & AIM_TRUSTINTEROP_DESCRIBED) != 0;
	return mean(n * ONE, 3);
}

static int64_t usage(uint64_t agents)
{
	return agents == 0 ? 500000 : agents == 1 ? 600000 : agents <= 3 ? 750000 : agents <= 5 ? 900000 : ONE;
}

/* Feedback is compared in whole numbers; counts beyond what matters must not overflow. */
static int64_t feedback(uint64_t positive, uint64_t negative)
{
	uint64_t most = 1000;
	return aim__trust_feedback_value((positive < most ? positive : most) * AIM__EVENT,
	                                 (negative < most ? negative : most) * AIM__EVENT);
}

static int mcp8_fits(const aim_trustinterop_mcp8 *in)
{
	return in->status <= AIM_TRUSTINTEROP_REVOKED && in->transport <= AIM_TRUSTINTEROP_HTTP_LOOPBACK &&
	       in->flags < 2 * AIM_TRUSTINTEROP_DESCRIBED && is_micro(in->confidence_micro, 100 * (int64_t)ONE) &&
	       is_micro(in->health_micro, ONE) && is_micro(in->connection_micro, ONE) && is_micro(in->active_micro, ONE) &&
	       is_micro(in->verified_micro, ONE) && in->latency_us >= 0;
}

aim_status aim_trustinterop_score_mcp8(const aim_trustinterop_mcp8 *in, int64_t as_of_us, aim_trustscore *out,
                                       aim_error *err)
{
	aim_trustinterop_mcp8 m = {.struct_size = sizeof m};
	if (!in || !out)
		return AIM__MISUSE(out ? out->ctx : NULL, "in and out are required");
	aim_status rc = aim__sized_in(&m, sizeof m, in, sizeof m, "aim_trustinterop_mcp8", err);
	if (rc != AIM_OK)
		return rc;
	if (!mcp8_fits(&m))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "mcp-8: known flags, status and transport, rates of 0 to 1 000 000, a confidence of 0 to 100 "
		                 "and a latency are expected");
	aim__trust_open(out, aim_str_from("mcp-8"), 1, as_of_us);
	aim__trust_factor(out, "attestation_consensus", 250000, consensus(&m), m.n_attesters);
	aim__trust_factor(out, "connection_health", 150000, connection(&m), 0);
	aim__trust_factor(out, "capability_stability", 150000, stability(&m), 0);
	aim__trust_factor(out, "security_posture", 150000, posture(&m), m.n_grave_alerts);
	aim__trust_factor(out, "organization_compliance", 100000, organization(&m), 0);
	aim__trust_factor(out, "age", 100000, aim__trust_age_value(m.created_us, as_of_us), 0);
	aim__trust_factor(out, "usage_patterns", 50000, usage(m.n_connected_agents), m.n_connected_agents);
	aim__trust_factor(out, "user_feedback", 50000, feedback(m.positive, m.negative), 0);
	aim__trust_close(out);
	aim__trust_settle(out);
	return AIM_OK;
}

/* ---- aim-9 ---- */

#define AIM_9_FACTORS 9u

typedef struct weighted {
	const char *name;
	int64_t weight, neutral; /* neutral: what stands in for a factor without data in the cap */
	int64_t value;           /* −1: no data */
	uint64_t samples;
} weighted;

/* Takes n times each off 1, not below 0. */
static uint64_t deduct(uint64_t left, const uint64_t counts[5], const uint32_t costs[5])
{
	for (size_t i = 0; i < 5; i++) {
		uint64_t fits = costs[i] ? left / costs[i] : UINT64_MAX;
		left = counts[i] > fits ? 0 : left - counts[i] * costs[i];
	}
	return left;
}

static int64_t ratio(const aim_trustinterop_ratio *r)
{
	return r->n ? (int64_t)aim__div_half_even(r->good * AIM__MICRO, r->n) : -1;
}

/* By severity: below low, low, medium, high, critical. */
static const uint32_t alert_costs[5] = {0, 0, 50000, 100000, 250000};
static const uint32_t violation_costs[5] = {0, 20000, 50000, 100000, 250000};
static const uint32_t blocked_costs[5] = {0, 10000, 25000, 50000, 125000};
static const uint32_t drift_costs[5] = {20000, 20000, 50000, 150000, 300000};

static void values(const aim_trustinterop_aim9 *in, int64_t as_of_us, weighted f[AIM_9_FACTORS])
{
	uint64_t alerts = deduct(ONE, in->alerts, alert_costs);
	alerts = deduct(alerts, in->violations, violation_costs);
	alerts = deduct(alerts, in->blocked, blocked_costs);
	int has_feedback = in->positive || in->negative;
	const weighted rows[AIM_9_FACTORS] = {
		{"verification", 250000, 500000, ratio(&in->verification), in->verification.n},
		{"uptime", 150000, 500000, ratio(&in->uptime), in->uptime.n},
		{"success", 150000, 500000, ratio(&in->success), in->success.n},
		{"alerts", 150000, 500000, (int64_t)alerts, 0},
		{"compliance", 100000, 500000, ratio(&in->compliance), in->compliance.n},
		{"isolation", 100000, 300000, in->isolation_micro, 0},
		{"age", 50000, 500000, aim__trust_age_value(in->created_us, as_of_us), 0},
		{"drift", 30000, 500000, (int64_t)deduct(ONE, in->drift, drift_costs), 0},
		{"feedback", 20000, 500000, has_feedback ? feedback(in->positive, in->negative) : -1, 0},
	};
	memcpy(f, rows, sizeof rows);
}

static int64_t included_weight(const weighted f[AIM_9_FACTORS])
{
	int64_t sum = 0;
	for (size_t i = 0; i < AIM_9_FACTORS; i++)
		sum += f[i].value >= 0 ? f[i].weight : 0;
	return sum;
}

/* What the score would be with every factor that has no data at its neutral value. */
static int64_t neutral_score(const weighted f[AIM_9_FACTORS])
{
	part parts[AIM_9_FACTORS];
	for (size_t i = 0; i < AIM_9_FACTORS; i++) {
		parts[i].weight = f[i].weight;
		parts[i].value = f[i].value >= 0 ? f[i].value : f[i].neutral;
	}
	return mix(parts, AIM_9_FACTORS);
}

/* Weights of what has data, made to add up to 1 again by largest remainder. */
static void renormalize(weighted f[AIM_9_FACTORS], int64_t included)
{
	uint64_t products[AIM_9_FACTORS];
	int64_t weights[AIM_9_FACTORS];
	for (size_t i = 0; i < AIM_9_FACTORS; i++)
		products[i] = f[i].value < 0 ? 0 : (uint64_t)f[i].weight * AIM__MICRO / (uint64_t)included * AIM__MICRO +
		                                       (uint64_t)f[i].weight * AIM__MICRO % (uint64_t)included * AIM__MICRO /
		                                           (uint64_t)included;
	(void)aim__split_sum(products, AIM_9_FACTORS, weights);
	for (size_t i = 0; i < AIM_9_FACTORS; i++)
		f[i].weight = weights[i];
}

static int aim9_fits(const aim_trustinterop_aim9 *in)
{
	const aim_trustinterop_ratio *ratios[] = {&in->verification, &in->uptime, &in->success, &in->compliance};
	for (size_t i = 0; i < 4; i++)
		if (ratios[i]->good > ratios[i]->n || ratios[i]->n >= (uint64_t)1 << 40)
			return 0;
	return in->flags == 0 && in->isolation_micro >= -1 && in->isolation_micro <= ONE;
}

aim_status aim_trustinterop_score_aim9(const aim_trustinterop_aim9 *in, int64_t as_of_us, aim_trustscore *out,
                                       aim_error *err)
{
	weighted f[AIM_9_FACTORS];
	aim_trustinterop_aim9 a = {.struct_size = sizeof a};
	if (!in || !out)
		return AIM__MISUSE(out ? out->ctx : NULL, "in and out are required");
	aim_status rc = aim__sized_in(&a, sizeof a, in, sizeof a, "aim_trustinterop_aim9", err);
	if (rc != AIM_OK)
		return rc;
	if (!aim9_fits(&a))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "aim-9: no flags, good of at least as many below 2^40, and an isolation of -1 to 1 000 000 "
		                 "are expected");
	values(&a, as_of_us, f);
	int64_t included = included_weight(f), neutral = neutral_score(f);
	renormalize(f, included);
	aim__trust_open(out, aim_str_from("aim-9"), 1, as_of_us);
	for (size_t i = 0; i < AIM_9_FACTORS; i++)
		if (f[i].value >= 0)
			aim__trust_factor(out, f[i].name, f[i].weight, f[i].value, f[i].samples);
	aim__trust_close(out);
	aim__trust_limit(out, "missing_data", neutral, 0);
	out->sum.flags = AIM_TRUSTSCORE_DISPLAY | (included < ONE / 2 ? AIM_TRUSTSCORE_UNSCORED : 0);
	aim__trust_settle(out);
	return AIM_OK;
}
