/* cli/aim/detect_assess.c — which registered server each one found is, and what is known of it. */
#include "attest.h"
#include "detect.h"

#include "../common/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct matching {
	const aim_discovery *found;
	detected *rows;
	size_t n;
	aim_error *err;
} matching;

/* --- which one it is -------------------------------------------------------------------------------------------------- */

/* Of several with the same launch the one that may be used counts, then the one that is called so too, then the newest.
 * A server that was revoked and registered anew is not revoked. */
static uint32_t rank_of(uint32_t match, const aim_server *server, int has_name)
{
	static const uint32_t by_status[] = {0, 3, 4, 2, 1};
	uint32_t status = aim_server_status(server);
	return match * 100 + (status < 5 ? by_status[status] : 0) * 10 + (has_name ? 1 : 0);
}

static void keep(detected *row, const aim_server *server, uint32_t match, uint32_t rank, int has_name)
{
	row->match = match;
	row->rank = rank;
	row->status = aim_server_status(server);
	snprintf(row->id, sizeof row->id, "%s", aim_server_id(server).ptr);
	snprintf(row->name, sizeof row->name, "%s", has_name ? "" : aim_server_name(server).ptr);
}

static aim_status visit(void *user, const aim_server *server)
{
	matching *m = user;
	for (size_t i = 0; i < m->n; i++) {
		uint32_t match = AIM_DISCOVERY_OTHER;
		aim_discovery_server s = {.struct_size = sizeof s};
		aim_status rc = aim_discovery_match(m->found, i, server, &match, m->err);
		if (rc == AIM_OK && match != AIM_DISCOVERY_OTHER)
			rc = aim_discovery_at(m->found, i, &s);
		if (rc != AIM_OK)
			return rc;
		int has_name = aim_str_equal(s.name, aim_server_name(server));
		uint32_t rank = match == AIM_DISCOVERY_OTHER ? 0 : rank_of(match, server, has_name);
		if (rank && rank >= m->rows[i].rank)
			keep(&m->rows[i], server, match, rank, has_name);
	}
	return AIM_OK;
}

static int match_all(program *p, matching *m)
{
	aim_error err = {0};
	int code = p->registry ? EXIT_OK : open_log(p, NULL, 0);
	if (code == EXIT_OK)
		code = open_registry(p);
	if (code != EXIT_OK)
		return code;
	m->err = &err;
	progress_begin("comparing with the registry", is_quiet(p));
	aim_status rc = aim_server_list(p->registry, aim_str_from(NULL), 0, visit, m, &err);
	progress_end();
	if (rc != AIM_OK)
		say_store_error(store_path(p), rc, &err);
	return exit_of(rc);
}

/* --- what is known of it ---------------------------------------------------------------------------------------------- */

static uint32_t reasons_of(const detected *row, const aim_confidence_summary *s)
{
	uint32_t reasons = row->drift ? REASON_DRIFT : 0;
	if (row->status == AIM_REGISTRY_REVOKED)
		reasons |= REASON_REVOKED;
	if (row->status == AIM_REGISTRY_SUSPENDED)
		reasons |= REASON_SUSPENDED;
	if (s->n_bad)
		reasons |= REASON_SIGNATURE;
	if (s->n_counted == 0)
		return reasons | REASON_UNATTESTED;
	return s->confidence < AIM_CONFIDENCE_PASSING ? reasons | REASON_CONFIDENCE : reasons;
}

static aim_status judge_registered(aim_ledger *ledger, detected *row, aim_error *err)
{
	judgement j;
	aim_status rc = judge(ledger, row->id, 0, &j, err);
	if (rc == AIM_OK) {
		row->verdict = j.verdict;
		row->drift = j.n_open_drift;
		row->confidence = j.summary.confidence;
		row->attestations = j.summary.n_counted;
		row->consensus = j.summary.consensus;
		row->status = j.summary.server_status;
		row->reasons = reasons_of(row, &j.summary);
	}
	judgement_free(&j);
	return rc;
}

static int judge_all(program *p, matching *m)
{
	int code = EXIT_OK;
	aim_error err = {0};
	aim_status rc = AIM_OK;
	aim_ledger *ledger = ledger_open(p, &code);
	if (!ledger)
		return code;
	progress_begin("weighing attestations", is_quiet(p));
	for (size_t i = 0; i < m->n && rc == AIM_OK; i++)
		if (m->rows[i].match == AIM_DISCOVERY_SAME)
			rc = judge_registered(ledger, &m->rows[i], &err);
	progress_end();
	aim_ledger_free(ledger);
	if (rc != AIM_OK)
		say_store_error(store_path(p), rc, &err);
	return exit_of(rc);
}

/* A server that nobody registered is unknown; one that goes by a registered name and is another is an impostor. */
static void judge_others(matching *m)
{
	for (size_t i = 0; i < m->n; i++) {
		detected *row = &m->rows[i];
		if (row->match == AIM_DISCOVERY_SAME)
			continue;
		row->verdict = row->match == AIM_DISCOVERY_NAMESAKE ? AIM_CONFIDENCE_FAIL : AIM_CONFIDENCE_WARN;
		row->reasons = row->match == AIM_DISCOVERY_NAMESAKE ? REASON_NAMESAKE : REASON_UNREGISTERED;
	}
}

int detect_assess(program *p, const aim_discovery *found, detected **out)
{
	matching m = {.found = found, .n = aim_discovery_count(found)};
	m.rows = calloc(m.n + 1, sizeof *m.rows);
	if (!m.rows) {
		say("out of memory");
		return EXIT_FAILED;
	}
	int code = EXIT_OK;
	if (m.n && has_store(p)) {
		code = match_all(p, &m);
		if (code == EXIT_OK)
			code = judge_all(p, &m);
	}
	judge_others(&m);
	*out = m.rows;
	return code;
}
