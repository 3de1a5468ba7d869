/* cli/aim/detect_assess.c — which registered server each one found is, and what is known of it. */
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

static uint32_t reasons_of(const detected *row)
{
	if (row->match == AIM_DISCOVERY_NAMESAKE)
		return REASON_NAMESAKE;
	if (row->match == AIM_DISCOVERY_OTHER)
		return REASON_UNREGISTERED;
	if (row->status == AIM_REGISTRY_REVOKED)
		return REASON_REVOKED;
	return (row->status == AIM_REGISTRY_SUSPENDED ? REASON_SUSPENDED : 0) | (row->attestations ? 0 : REASON_UNATTESTED);
}

static void judge(detected *row)
{
	row->reasons = reasons_of(row);
	row->verdict = row->reasons & (REASON_REVOKED | REASON_NAMESAKE) ? VERDICT_FAIL : row->reasons ? VERDICT_WARN : VERDICT_PASS;
}

int detect_assess(program *p, const aim_discovery *found, detected **out)
{
	matching m = {.found = found, .n = aim_discovery_count(found)};
	m.rows = calloc(m.n + 1, sizeof *m.rows);
	if (!m.rows) {
		say("out of memory");
		return EXIT_FAILED;
	}
	int code = m.n && has_store(p) ? match_all(p, &m) : EXIT_OK;
	for (size_t i = 0; i < m.n; i++)
		judge(&m.rows[i]);
	*out = m.rows;
	return code;
}
