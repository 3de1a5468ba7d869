/* assess/ledger_consensus.c — a pending server becomes verified when its attesters agree, for hosts that turn this on.
 * Layer assess. */
#include "assess/ledger.h"

#include <aim/confidence.h>
#include <aim/server.h>

static aim_status find_consensus(aim_ledger *ledger, aim_str server, uint32_t *out)
{
	aim_confidence_query q = {.struct_size = sizeof q};
	aim_confidence_summary summary = {.struct_size = sizeof summary};
	aim_confidence *c = NULL;
	q.flags = ledger->options.flags & AIM_LEDGER_ROBUST ? AIM_CONFIDENCE_ROBUST : 0;
	aim_status rc = aim_confidence_compute(ledger, server, &q, &c, NULL);
	if (rc == AIM_OK)
		rc = aim_confidence_read(c, &summary);
	aim_confidence_free(c);
	*out = summary.consensus && summary.server_status == AIM_REGISTRY_PENDING;
	return rc;
}

aim_status aim__ledger_verify_by_consensus(aim_ledger *ledger, aim_str server, uint32_t *out_verified)
{
	aim_registry_move move = {.struct_size = sizeof move, .flags = AIM_REGISTRY_FROM_PENDING};
	uint32_t agreed = 0;
	*out_verified = 0;
	aim_status rc = find_consensus(ledger, server, &agreed);
	if (rc != AIM_OK || !agreed)
		return rc;
	move.status = AIM_REGISTRY_VERIFIED;
	move.reason = aim_str_from("its attesters agree");
	rc = aim_server_move(ledger->registry, server, &move, NULL);
	*out_verified = rc == AIM_OK;
	return rc == AIM_E_STATE ? AIM_OK : rc;
}
