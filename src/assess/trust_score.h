/* assess/trust_score.h — profiles as tables, and a score as it is computed. */
#ifndef AIM_ASSESS_TRUST_SCORE_H
#define AIM_ASSESS_TRUST_SCORE_H

#include "assess/trust_evidence.h"

#define AIM__TRUST_ROWS 16u      /* weighted factors */
#define AIM__TRUST_NAME_MAX 32u
#define AIM__TRUST_MAX_LIMITS (AIM_TRUSTSCORE_MAX_PENALTIES + 4u)

/* How a counted factor becomes a value. */
#define AIM__TRUST_RATIO 0u /* (good + prior/2) / (n + prior) */
#define AIM__TRUST_LOWER 1u /* Wilson's lower bound of counts that decay */

struct aim_trustscore_profile {
	char name[AIM__TRUST_NAME_MAX + 1];
	uint32_t version, rule, prior; /* prior in events */
	uint32_t flags;                /* AIM_TRUSTSCORE_DISPLAY */
	int64_t critical_cap_micro;    /* the most with a critical alert open; ONE: no cap */
	uint64_t decay_micro;          /* weight of a period against the one after it */
	int64_t weights[AIM__TRUST_FACTORS];
	aim_ctx *ctx; /* NULL: built in */
};

struct aim_trustscore {
	aim_ctx *ctx;
	aim_trustscore_summary sum;
	char subject[AIM__TRUST_SUBJECT_MAX + 1];
	uint64_t products[AIM__TRUST_ROWS]; /* of the factors, until the score is closed */
	aim_trustscore_row rows[AIM__TRUST_ROWS + AIM__TRUST_MAX_LIMITS];
};

/* Building a score: open, factors, close (adds them up), limits, settle (band). */
void aim__trust_open(aim_trustscore *score, aim_str profile, uint32_t version, int64_t as_of_us);
void aim__trust_factor(aim_trustscore *score, const char *name, int64_t weight, int64_t value, uint64_t samples);
void aim__trust_close(aim_trustscore *score);
/* At most `most`; a row only when that takes something away. */
void aim__trust_limit(aim_trustscore *score, const char *name, int64_t most, uint64_t samples);
void aim__trust_settle(aim_trustscore *score);

/* Values that several profiles share. */
int64_t aim__trust_age_value(int64_t created_us, int64_t as_of_us);
int64_t aim__trust_feedback_value(uint64_t positive, uint64_t negative); /* in thousandths of an event */

/* aim_trustscore_compute without its checks. */
void aim__trust_compute(const aim_trustscore_profile *profile, const aim_trustscore_evidence *evidence,
                        int64_t as_of_us, aim_trustscore *out);

#endif
