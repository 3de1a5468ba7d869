/* assess/confidence_drift.c — how far a server differs from its baseline, for the verdict on it. Layer assess. */
#include <aim/confidence.h>

#include "assess/baseline_state.h"
#include "assess/ledger.h"
#include "assess/trust_store.h"
#include "base/ctx.h"
#include "base/error.h"

/* Listed otherwise, only listed, or not at all. */
static int is_open(const aim__entry *e)
{
	return e->cur.state == 0 || e->cur.gone || e->cur.candidate.raw != NULL;
}

static aim_status count_definitions(aim_registry *registry, aim_str server, uint64_t *out, aim_error *err)
{
	aim_baseline *b = NULL;
	uint64_t n = 0;
	aim_status rc = aim_baseline_open(registry, server, &b, err);
	if (rc != AIM_OK)
		return rc;
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
		for (size_t i = 0; i < b->lists[kind].n; i++)
			n += is_open(b->lists[kind].entries[i]) != 0;
	aim_baseline_free(b);
	*out = n;
	return AIM_OK;
}

/* Drift of every kind is evidence while it is open: also of what is in no list, as its launch or its key. */
static aim_status count_findings(aim_registry *registry, aim_str server, uint64_t *out, aim_error *err)
{
	aim_str nobody = {NULL, 0};
	aim__trust_work *w = aim__trust_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = aim__trust_load(w, server, nobody, err);
	*out = rc == AIM_OK ? w->evidence.drift : 0;
	aim__trust_work_free(w);
	return rc;
}

aim_status aim_confidence_open_drift(aim_ledger *ledger, aim_str server, uint64_t *out, aim_error *err)
{
	uint64_t definitions = 0, findings = 0;
	if (!ledger || !out)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and out are required");
	aim_status rc = count_definitions(ledger->registry, server, &definitions, err);
	if (rc == AIM_OK)
		rc = count_findings(ledger->registry, server, &findings, err);
	if (rc == AIM_OK)
		*out = definitions > findings ? definitions : findings;
	return rc;
}
