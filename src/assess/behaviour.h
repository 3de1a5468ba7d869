/* assess/behaviour.h — the moments of one measured quantity. Whole numbers; each step costs the same. Confined. */
#ifndef AIM_ASSESS_BEHAVIOUR_H
#define AIM_ASSESS_BEHAVIOUR_H

#include <aim/behaviour.h>

/* 1.0 of what is measured: a doubling, or all. */
#define AIM__BEHAVIOUR_ONE 65536

/* Decay: the slow mean remembers about so many observations, the fast one so many. */
#define AIM__BEHAVIOUR_SLOW 256u
#define AIM__BEHAVIOUR_FAST 8u

/* No value is further from 0 than 64 · ONE, so no difference is above 2^22 and no square above 2^44. */
typedef struct aim__moments {
	uint32_t n; /* observations, up to SLOW */
	uint32_t n_fast;
	int64_t slow, fast; /* means */
	int64_t variance;   /* around the slow mean; in ONE² */
} aim__moments;

/* log2(x + 1) in ONEs, straight between powers of two: monotone, 0 for 0, at most 64 · ONE. */
int64_t aim__behaviour_log(uint64_t x);
/* The number of which that is the logarithm, rounded down; at most INT64_MAX. */
int64_t aim__behaviour_exp(int64_t log);

/* Takes x, in [0, 64 · ONE]; the slow mean learns from it only when learns is not 0. */
void aim__moments_add(aim__moments *m, int64_t x, int learns);
/* Whether the fast mean is further than both bounds from the slow one: deviation in thousandths of a standard deviation,
 * at most 30 000; least in ONEs. */
int aim__moments_deviate(const aim__moments *m, uint32_t deviation_permille, int64_t least);
/* What is observed becomes what is expected. */
void aim__moments_accept(aim__moments *m);

#endif
