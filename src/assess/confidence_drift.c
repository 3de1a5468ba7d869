/* assess/confidence_drift.c — how far a server differs from its baseline, for the verdict on it. Layer assess. */
#include <aim/confidence.h>

#include "assess/baseline_state.h"
#include "assess/ledger.h"
#include "base/ctx.h"
#include "base/error.h"

/* Listed otherwise, only listed, or not at all. */
static int is_open(const aim__entry *e)
{
	return e->cur.state == 0 || e->cur.gone || e->cur.candidate.raw != NULL;
}

aim_status aim_confidence_open_drift(aim_ledger *ledger, aim_str server, uint64_t *out, aim_error *err)
{
	aim_baseline *b = NULL;
	uint64_t n = 0;
	if (!ledger || !out)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and out are required");
	aim_status rc = aim_baseline_open(ledger->registry, server, &b, err);
	if (rc != AIM_OK)
		return rc;
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
		for (size_t i = 0; i < b->lists[kind].n; i++)
			n += is_open(b->lists[kind].entries[i]) != 0;
	aim_baseline_free(b);
	*out = n;
	return AIM_OK;
}
