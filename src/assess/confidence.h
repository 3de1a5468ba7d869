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
	/* The first n are shown. Behind them stands what agents saw while they still reached the server, where their newest
	 * attestation says that they do not: judged as if it were the newest, but it adds nothing. */
	aim_confidence_entry *entries;
	size_t n, n_all, cap;
	uint64_t n_bad_behind; /* of what stands behind, signatures that are not valid */
	aim_confidence_summary summary;
};

typedef struct aim__confidence_work {
	aim_ledger *ledger;
	aim_confidence *c;
	aim_server *server;
	aim_str server_id; /* of server */
	int past;          /* as_of is in the past: what was live then is judged */
	aim__attestation_row row; /* while gathering */
	aim_confidence_entry *behind; /* the same: what will stand behind the others */
	size_t n_behind, cap_behind;
} aim__confidence_work;

/* Fills in the entries, each judged by itself. */
aim_status aim__confidence_gather(aim__confidence_work *w, aim_error *err);
/* Leaves out what depends on the others, and fills in the numbers of the summary. */
aim_status aim__confidence_score(aim__confidence_work *w, aim_error *err);

#endif
