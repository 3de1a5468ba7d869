/* audit/trail_sketch.c — see trail_sketch.h. Layer audit; knows nothing but numbers. */
#include "audit/trail_sketch.h"

/* Below 2^LINEAR_BITS each value is its own counter; each octave above has STEPS. */
#define LINEAR_BITS 5
#define LINEAR (1u << LINEAR_BITS)
#define STEP_BITS 4
#define STEPS (1u << STEP_BITS)

_Static_assert(LINEAR + (36 - LINEAR_BITS) * STEPS == AIM__SKETCH_COUNTERS, "a counter for every value");

static size_t counter_of(uint64_t value)
{
	if (value < LINEAR)
		return (size_t)value;
	unsigned octave = 63u - (unsigned)__builtin_clzll(value);
	uint64_t step = (value >> (octave - STEP_BITS)) & (STEPS - 1);
	return LINEAR + (octave - LINEAR_BITS) * STEPS + (size_t)step;
}

/* The greatest value that counts there. */
static int64_t greatest_in(size_t counter)
{
	if (counter < LINEAR)
		return (int64_t)counter;
	size_t octave = LINEAR_BITS + (counter - LINEAR) / STEPS;
	uint64_t step = (counter - LINEAR) % STEPS;
	return (int64_t)(((STEPS + step + 1) << (octave - STEP_BITS)) - 1);
}

void aim__sketch_add(aim__sketch *sketch, int64_t value)
{
	if (value < 0)
		value = 0;
	if (value > AIM__SKETCH_MAX)
		value = AIM__SKETCH_MAX;
	if (__builtin_add_overflow(sketch->sum, (uint64_t)value, &sketch->sum))
		sketch->sum = UINT64_MAX;
	sketch->n++;
	sketch->counters[counter_of((uint64_t)value)]++;
	if (value > sketch->max)
		sketch->max = value;
}

int64_t aim__sketch_mean(const aim__sketch *sketch)
{
	return sketch->n ? (int64_t)(sketch->sum / sketch->n) : -1;
}

int64_t aim__sketch_percentile(const aim__sketch *sketch, unsigned percent)
{
	/* The rank is percent of n, rounded up; without a product that could overflow. */
	uint64_t left = sketch->n - sketch->n / 100 * (100 - percent) - sketch->n % 100 * (100 - percent) / 100;
	if (sketch->n == 0)
		return -1;
	for (size_t i = 0; i < AIM__SKETCH_COUNTERS; i++) {
		if (sketch->counters[i] >= left) {
			int64_t greatest = greatest_in(i);
			return greatest < sketch->max ? greatest : sketch->max;
		}
		left -= sketch->counters[i];
	}
	return sketch->max;
}
