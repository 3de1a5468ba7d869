/* assess/cvss4.c — CVSS 4.0 base scores: a table of macro vectors, and steps in between. Layer assess.
 *
 * A base vector leaves threat and environment at their worst, so of the standard's six equivalence classes exploit
 * maturity (EQ5) is always 0 and safety (EQ4 = 0) never occurs: 60 of its 270 scores can be met. Table rows: EQ1 × EQ2;
 * columns: the pairs of EQ3 and EQ6 that exist, then EQ4 1 and 2. Distances are whole steps, so that their means are
 * fractions of a common denominator. */
#include "assess/cvss.h"

/* Base metrics in the order of cvss.c. */
enum { AV, AC, AT, PR, UI, VC, VI, VA, SC, SI, SA };

/* Pairs of EQ3 and EQ6. */
enum { P00, P01, P10, P11, P21, N_PAIRS };

/* Ten times the scores of CVSS v4.0's look-up table. */
static const uint8_t scores[3][2][N_PAIRS][2] = {
	{{{100, 93}, {96, 90}, {93, 88}, {92, 80}, {79, 69}}, {{95, 92}, {91, 81}, {92, 84}, {82, 70}, {71, 63}}},
	{{{94, 87}, {89, 75}, {86, 72}, {76, 57}, {65, 53}}, {{90, 77}, {77, 66}, {74, 61}, {59, 52}, {58, 23}}},
	{{{86, 70}, {74, 54}, {72, 53}, {57, 36}, {47, 24}}, {{73, 54}, {55, 43}, {61, 46}, {51, 18}, {24, 10}}},
};

typedef struct classes {
	uint8_t eq1, eq2, pair, eq4; /* eq4: 0 for the standard's 1 */
} classes;

static classes classify(const uint8_t *v)
{
	classes c = {0};
	int none = v[AV] == 0 || v[PR] == 0 || v[UI] == 0;
	int all = v[AV] == 0 && v[PR] == 0 && v[UI] == 0;
	c.eq1 = all ? 0 : none && v[AV] != 3 ? 1 : 2;
	c.eq2 = v[AC] != 0 || v[AT] != 0;
	c.pair = v[VC] == 0 && v[VI] == 0 ? P00 : v[VC] == 0 || v[VI] == 0 || v[VA] == 0 ? P10 : P21;
	c.eq4 = !(v[SC] == 0 || v[SI] == 0 || v[SA] == 0);
	return c;
}

static uint32_t score_of(classes c)
{
	return scores[c.eq1][c.eq2][c.pair][c.eq4];
}

/* Steps from the nearest of a class's gravest vectors that is not below v, over three metrics. */
static uint32_t steps_from(const uint8_t *v, const uint8_t metrics[3], const uint8_t tops[3][3], size_t n_tops)
{
	for (size_t t = 0; t < n_tops; t++) {
		uint32_t steps = 0, below = 0;
		for (size_t i = 0; i < 3; i++) {
			below |= v[metrics[i]] < tops[t][i];
			steps += (uint32_t)v[metrics[i]] - tops[t][i];
		}
		if (!below)
			return steps;
	}
	return 0;
}

static uint32_t steps_1(const uint8_t *v, classes c)
{
	static const uint8_t metrics[3] = {AV, PR, UI};
	static const uint8_t tops[3][3][3] = {
		{{0, 0, 0}}, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{3, 0, 0}, {1, 1, 1}}};
	static const uint8_t n[] = {1, 3, 2};
	return steps_from(v, metrics, tops[c.eq1], n[c.eq1]);
}

static uint32_t steps_36(const uint8_t *v, classes c)
{
	static const uint8_t metrics[3] = {VC, VI, VA};
	static const uint8_t tops[N_PAIRS][3][3] = {
		[P00] = {{0, 0, 0}}, [P10] = {{1, 0, 0}, {0, 1, 0}}, [P21] = {{1, 1, 1}}};
	static const uint8_t n[N_PAIRS] = {[P00] = 1, [P10] = 2, [P21] = 1};
	return steps_from(v, metrics, tops[c.pair], n[c.pair]);
}

/* The mean of ways down: each leads `steps` of `most` of the way to a score. */
typedef struct mean {
	uint32_t sum; /* of distances, in 1/DENOMINATOR of a tenth */
	uint32_t n;
} mean;

#define DENOMINATOR 280u /* all numbers of steps divide it: 1, 2, 4, 5, 7, 8, 10 */

static void add_way(mean *m, uint32_t score, classes down, uint32_t steps, uint32_t most)
{
	m->n++;
	m->sum += (score - score_of(down)) * steps * (DENOMINATOR / most);
}

/* EQ3 and EQ6 move together; from 00 there are two ways down, of which the higher counts (§8.2). */
static void add_way_36(mean *m, uint32_t score, classes c, uint32_t steps)
{
	classes down = c;
	if (c.pair == P21)
		return; /* 32 does not exist */
	down.pair = c.pair == P00 ? P01 : P11;
	if (c.pair == P00) {
		classes right = c;
		right.pair = P10;
		down = score_of(right) > score_of(down) ? right : down;
	}
	add_way(m, score, down, steps, c.pair == P00 ? 7 : 8);
}

uint32_t aim__cvss4_score(const uint8_t values[AIM__CVSS_METRICS])
{
	static const uint8_t most_1[] = {1, 4, 5};
	const uint8_t *v = values;
	if (v[VC] == 2 && v[VI] == 2 && v[VA] == 2 && v[SC] == 2 && v[SI] == 2 && v[SA] == 2)
		return 0;
	classes c = classify(v), down = c;
	uint32_t score = score_of(c);
	mean m = {0, 1}; /* EQ5 has a way down, and no step of it is gone */
	if (c.eq1 < 2) {
		down.eq1++;
		add_way(&m, score, down, steps_1(v, c), most_1[c.eq1]);
	}
	if (c.eq2 == 0) {
		down = c;
		down.eq2 = 1;
		add_way(&m, score, down, 0, 1);
	}
	add_way_36(&m, score, c, steps_36(v, c));
	if (c.eq4 == 0) {
		down = c;
		down.eq4 = 1;
		add_way(&m, score, down, (uint32_t)v[SC] + v[SI] + v[SA], 5);
	}
	uint32_t unit = 2 * DENOMINATOR * m.n;
	return (score * unit - 2 * m.sum + unit / 2) / unit;
}
