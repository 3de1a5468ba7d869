/* enforce/stage.h — the stage engine: a table of small functions run in order; the first refusal decides.
 *
 * A stage returns AIM_OK to let the call go on, AIM_DENIED or AIM_ASK to refuse it (after saying why with
 * aim__decision_because), or any other status for a fault. A fault denies. A call that passes every
 * stage is allowed. The decision remembers the table and how far it ran: that is its trace. */
#ifndef AIM_ENFORCE_STAGE_H
#define AIM_ENFORCE_STAGE_H

#include <aim/decision.h>

typedef struct aim__call {
	const aim_request *request; /* checked by aim__request_take */
	aim_decision *decision;
	void *state; /* the table's own: policy, proxy, … */
	aim_error *err;
} aim__call;

typedef struct aim__stage {
	const char *name; /* static */
	aim_status (*run)(aim__call *call);
} aim__stage;

/* stages must be static: the decision keeps the pointer. Returns what the decision's status is. */
aim_status aim__stages_run(const aim__stage *stages, size_t n_stages, aim__call *call);

#endif
