/* enforce/stage.c — running a stage table. Layer enforce; knows nothing of what stages do. */
#include "enforce/stage.h"

#include "enforce/decision.h"

aim_status aim__stages_run(const aim__stage *stages, size_t n_stages, aim__call *call)
{
	aim_decision *d = call->decision;
	aim_status rc = n_stages ? AIM_OK : AIM_E_INTERNAL;
	d->stages = stages;
	d->n_stages = 0;
	while (rc == AIM_OK && d->n_stages < n_stages)
		rc = stages[d->n_stages++].run(call);
	return aim__decision_end(d, rc);
}
