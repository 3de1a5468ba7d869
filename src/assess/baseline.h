/* assess/baseline.h — looking into a baseline on the hot path: no copies, no allocation. */
#ifndef AIM_ASSESS_BASELINE_H
#define AIM_ASSESS_BASELINE_H

#include <aim/baseline.h>

typedef struct aim__baseline_view {
	uint32_t state;   /* AIM_BASELINE_PENDING …; 0: not in the baseline */
	uint32_t verdict; /* of the last observation; 0: not observed since opening */
	/* Hex of what the server shows now (the baseline's when not observed), NUL-terminated; borrowed
	 * until the next call that changes the baseline. */
	const char *fingerprint;
} aim__baseline_view;

/* 1 when the name is known, else 0 and *out is untouched. */
int aim__baseline_find(const aim_baseline *baseline, uint32_t kind, aim_str name,
                       aim__baseline_view *out);
/* 1 when the server has a baseline of that kind, be it an empty one: the next list is compared with it. */
int aim__baseline_has(const aim_baseline *baseline, uint32_t kind);
/* The server's id; borrowed. */
aim_str aim__baseline_server(const aim_baseline *baseline);

#endif
