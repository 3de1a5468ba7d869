/* identity/usage.h — counting a call inside a change of the layers above.
 *
 *     usage/<namespace>/<server>/<capability>   counts of one capability
 *     usage-total/<namespace>/<subject>         counts of an agent or a server */
#ifndef AIM_IDENTITY_USAGE_H
#define AIM_IDENTITY_USAGE_H

#include "identity/batch.h"

#include <aim/usage.h>

#define AIM__USAGE_OPS 3u

/* Reads the rows of a call and adds what they become to a batch. The ids are in their stored form, the capability is
 * valid. AIM_E_CONFLICT of the commit: a new batch, and again. AIM_OK, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, … */
aim_status aim__usage_prepare(aim__batch *batch, const aim_usage_call *call, int64_t now_us, aim_error *err);

/* One of many calls. */
typedef struct aim__usage_outcome {
	uint32_t outcome; /* AIM_USAGE_* */
	uint32_t reserved;
	int64_t latency_us; /* -1: unknown */
	int64_t time_us;
} aim__usage_outcome;

/* Calls of one agent to one capability, in the order in which they came. */
typedef struct aim__usage_many {
	aim_str agent, server, capability;
	const aim__usage_outcome *outcomes;
	size_t n;
} aim__usage_many;

/* The same for many calls. */
aim_status aim__usage_prepare_many(aim__batch *batch, const aim__usage_many *many, aim_error *err);

#endif
