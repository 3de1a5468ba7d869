/* assess/confidence.h — a confidence while it is computed: the attestations that are looked at, each with one reason
 * why it does not count, or none. The reasons are decided in steps: what it is by itself, then who is a stranger, then
 * the manifest (which depends on the others), then one for each owner. */
#ifndef AIM_ASSESS_CONFIDENCE_H
#define AIM_ASSESS_CONFIDENCE_H

#include "assess/ledger.h"

#include <aim/confidence.h>
#include <aim/server.h>

struct aim_confidence {
	aim_ctx *ctx; /* referenced */
	aim__arena arena;
	aim_confidence_entry *entries;
	size_t n, cap;
	aim_confidence_summary summary;
};

typedef struct aim__confidence_work {
	aim_ledger *ledger;
	aim_confidence *c;
	aim_server *server;
	aim_str server_id; /* of server */
} aim__confidence_work;

/* Fills in the entries, each judged by itself. */
aim_status aim__confidence_gather(aim__confidence_work *w, aim_error *err);
/* Leaves out what depends on the others, and fills in the numbers of the summary. */
aim_status aim__confidence_score(aim__confidence_work *w, aim_error *err);

#endif
