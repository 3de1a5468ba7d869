/* assess/trust_evidence.h — counts behind a trust score, weighed and by periods of 30 days. A bounded
 * struct: a score costs the same however long the history is, and a copy is an assignment. */
#ifndef AIM_ASSESS_TRUST_EVIDENCE_H
#define AIM_ASSESS_TRUST_EVIDENCE_H

#include "assess/trust_math.h"

#include <aim/trustscore.h>

#define AIM__TRUST_FACTORS 9u       /* by AIM_TRUSTSCORE_*; [0] is unused */
#define AIM__TRUST_SEVERITIES 5u    /* the same */
#define AIM__TRUST_PERIOD_DAYS 30
#define AIM__TRUST_PERIODS 24u      /* told apart; what is older is one */
#define AIM__TRUST_SUBJECT_MAX 128u
#define AIM__TRUST_ID_MAX 64u
#define AIM__TRUST_DAY_MAX 2932896  /* 9999-12-31 */
#define AIM__TRUST_COUNT_MAX UINT32_MAX /* events of one source on one day */
/* Of one period, in thousandths of an event: sums of all periods times 10^6 stay below 2^63. */
#define AIM__TRUST_WEIGHT_MAX ((uint64_t)1 << 38)

#define AIM__DAY_US INT64_C(86400000000)

typedef struct aim__trust_period {
	int64_t period;     /* of day / 30; everything before the others is −1 */
	uint64_t good, bad; /* weighed, in thousandths of an event */
	uint64_t samples;   /* events, not weighed */
} aim__trust_period;

/* Periods in order, oldest first. */
typedef struct aim__trust_tally {
	size_t n;
	aim__trust_period periods[AIM__TRUST_PERIODS + 1];
} aim__trust_tally;

typedef struct aim__trust_penalty {
	char id[AIM__TRUST_ID_MAX + 1];
	int64_t micro, from_us, until_us;
} aim__trust_penalty;

struct aim_trustscore_evidence {
	aim_ctx *ctx; /* referenced when made by a public function */
	char subject[AIM__TRUST_SUBJECT_MAX + 1];
	int64_t created_us, ceiling_micro;
	uint64_t alerts[AIM__TRUST_SEVERITIES], drift;
	aim__trust_tally tallies[AIM__TRUST_FACTORS]; /* of the counted factors; the others stay empty */
	size_t n_penalties;
	aim__trust_penalty penalties[AIM_TRUSTSCORE_MAX_PENALTIES]; /* by id */
};

extern const char *const aim__trust_factor_names[AIM__TRUST_FACTORS];
extern const char *const aim__trust_severity_names[AIM__TRUST_SEVERITIES];

int aim__trust_is_counted(uint32_t factor);

/* What is stored of one source's events of one day. */
typedef struct aim__trust_day {
	uint64_t good, bad;
} aim__trust_day;

/* Replaces the events of a source on a day: before is what was added of it until now, zero at first.
 * The result does not depend on the order of days, sources and events. AIM_OK, AIM_E_INVALID, AIM_E_LIMIT. */
aim_status aim__trust_replace(aim_trustscore_evidence *evidence, uint32_t factor, int64_t day,
                              const aim__trust_day *before, const aim__trust_day *after, aim_error *err);

/* Takes penalties out that ended before now_us. */
void aim__trust_forget_penalties(aim_trustscore_evidence *evidence, int64_t now_us);

/* As the public functions, into a struct at hand; ctx is borrowed. */
aim_status aim__trust_evidence_init(aim_trustscore_evidence *evidence, aim_ctx *ctx, aim_str subject,
                                    int64_t created_us);
aim_status aim__trust_evidence_parse(aim_trustscore_evidence *evidence, aim_ctx *ctx, aim_bytes json,
                                     aim_error *err);

#endif
