/* codec/patterns.h — inside a pattern set: the patterns compiled by the engine that locates, and once more by one that
 * scans when the context has such a one. */
#ifndef AIM_CODEC_PATTERNS_H
#define AIM_CODEC_PATTERNS_H

#include <aim/patterns.h>
#include <stdatomic.h>

/* One engine with the patterns; table NULL: not used. */
typedef struct aim__pattern_engine {
	const aim_matcher *table;
	void *database;
} aim__pattern_engine;

struct aim_pattern_set {
	aim_ctx *ctx;
	aim_patterns_options options; /* all set */
	aim__pattern_engine locator;
	aim__pattern_engine filter; /* its database may be the locator's */
	uint32_t *ids;              /* by index */
	size_t n;
	atomic_uint_fast32_t references;
};

struct aim_pattern_scratch {
	aim_pattern_set *set;
	void *locator;
	void *filter;
	uint8_t *outcomes;   /* by index: AIM_PATTERNS_* */
	uint8_t *candidates; /* by index: 1 when the filter says that it may match */
	aim_pattern_hit *hits;
	size_t n_hits;
	size_t cap_hits;
	uint32_t cut;
};

/* Known answers of ctx->matcher. AIM_OK, AIM_E_SELF_TEST, AIM_E_NOMEM, AIM_E_CALLBACK. */
aim_status aim__matcher_self_test(aim_ctx *ctx, aim_error *err);

#endif
