/* assess/behaviour_moments.c — decaying means and variances in whole numbers. Layer assess; knows no subjects. */
#include "assess/behaviour.h"

#define ONE ((int64_t)AIM__BEHAVIOUR_ONE)

int64_t aim__behaviour_log(uint64_t x)
{
	if (x == UINT64_MAX)
		return 64 * ONE;
	x++;
	int high = 63 - __builtin_clzll(x);
	uint64_t below = high == 0 ? 0 : x << (64 - high); /* what stands behind the highest bit */
	return high * ONE + (int64_t)(below >> 48);
}

int64_t aim__behaviour_exp(int64_t log)
{
	int64_t high = log / ONE;
	uint64_t below = (uint64_t)(log % ONE);
	if (high >= 63)
		return INT64_MAX;
	uint64_t x = (UINT64_C(1) << high) + (high > 16 ? below << (high - 16) : below >> (16 - high));
	return (int64_t)(x - 1);
}

static void step(int64_t *mean, int64_t x, uint32_t n)
{
	*mean += (x - *mean) / (int64_t)n;
}

/* The first observations count alike, so that the mean is theirs and not the first one's. */
void aim__moments_add(aim__moments *m, int64_t x, int learns)
{
	if (m->n_fast < AIM__BEHAVIOUR_FAST)
		m->n_fast++;
	step(&m->fast, x, m->n_fast);
	if (!learns)
		return;
	if (m->n < AIM__BEHAVIOUR_SLOW)
		m->n++;
	int64_t far = x - m->slow;
	step(&m->slow, x, m->n);
	if (m->n > 1)
		step(&m->variance, far * far, m->n - 1);
}

/* d > k · sd without a root: d² · 10⁶ > k² · variance. The squares lose ten bits, so that neither side leaves 64:
 * 2^34 · 10⁶ and, with k of at most 30 000, 2^34 · 9 · 10⁸. */
int aim__moments_deviate(const aim__moments *m, uint32_t deviation_permille, int64_t least)
{
	int64_t d = m->fast > m->slow ? m->fast - m->slow : m->slow - m->fast;
	uint64_t k = deviation_permille;
	uint64_t left = ((uint64_t)(d * d) >> 10) * 1000000u;
	uint64_t right = ((uint64_t)m->variance >> 10) * (k * k);
	return d > least && left > right;
}

void aim__moments_accept(aim__moments *m)
{
	m->slow = m->fast;
}
