/* mcp/subjects.c — who talks: may agent and server act, and which capabilities does the agent hold. Read
 * from the registry when the guard is made, again when the registry's generation has moved, so that a
 * revocation takes effect at once, and when what is known is older than AIM__STALE_US, because agents and
 * grants expire. Layer mcp. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"

#include <aim/agent.h>
#include <aim/alert.h>
#include <aim/grant.h>
#include <aim/server.h>
#include <aim/trust.h>

#include <string.h>

/* Grants as they are gathered: allowing and denying patterns, as text one behind the other. */
typedef struct gathering {
	aim_guard *guard;
	aim_buf text;
	size_t *ends; /* of each pattern; the lowest bit says that it denies */
	size_t n;
	size_t cap;
	int64_t now_s;
} gathering;

static aim_status gather(void *user, aim_str id, const aim_grant_spec *grant)
{
	gathering *g = user;
	(void)id;
	int denies = (grant->flags & AIM_GRANT_DENY) != 0;
	if (grant->expires_at_s != 0 && g->now_s >= grant->expires_at_s)
		return AIM_OK;
	/* A grant for some resources is no grant for all of them; a refusal for some may concern this one. */
	if (grant->resource.len && !denies)
		return AIM_OK;
	void *ends = g->ends;
	aim_status rc = aim__grow(g->guard->ctx, &ends, &g->cap, g->n + 1, sizeof *g->ends, 16, 0);
	g->ends = ends;
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&g->text, grant->capability);
	if (rc == AIM_OK)
		g->ends[g->n++] = g->text.len * 2 + (size_t)denies;
	return rc;
}

static aim_str pattern_at(const gathering *g, size_t index)
{
	size_t from = index ? g->ends[index - 1] / 2 : 0;
	aim_str pattern = {(const char *)g->text.ptr + from, g->ends[index] / 2 - from};
	return pattern;
}

static aim_str next_segment(aim_str *rest)
{
	const char *colon = memchr(rest->ptr, ':', rest->len);
	aim_str segment = {rest->ptr, colon ? (size_t)(colon - rest->ptr) : rest->len};
	size_t used = segment.len + (colon ? 1 : 0);
	rest->ptr += used;
	rest->len -= used;
	return segment;
}

static int is_star(aim_str segment)
{
	return segment.len == 1 && segment.ptr[0] == '*';
}

/* Whether some capability is covered by both patterns (aim/grant.h): '*' at the end stands for one or
 * more segments, elsewhere for one. */
static int overlap(aim_str a, aim_str b)
{
	while (a.len && b.len) {
		aim_str x = next_segment(&a), y = next_segment(&b);
		if ((is_star(x) && a.len == 0) || (is_star(y) && b.len == 0))
			return 1;
		if (!is_star(x) && !is_star(y) && !aim_str_equal(x, y))
			return 0;
	}
	return a.len == 0 && b.len == 0;
}

/* Whoever is denied part of a capability does not hold it whole. */
static int is_denied(const gathering *g, size_t index)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->ends[i] & 1 && overlap(pattern_at(g, i), pattern_at(g, index)))
			return 1;
	return 0;
}

static void drop_capabilities(aim_guard *guard)
{
	aim__free(guard->ctx, guard->capabilities, (guard->n_capabilities + 1) * sizeof *guard->capabilities);
	aim__free(guard->ctx, guard->capability_text, guard->capability_size);
	guard->capabilities = NULL;
	guard->capability_text = NULL;
	guard->n_capabilities = guard->capability_size = 0;
}

void aim__subjects_forget(aim_guard *guard)
{
	drop_capabilities(guard);
	aim_agent_free(guard->agent);
	aim_trustscore_free(guard->score);
	guard->agent = NULL;
	guard->score = NULL;
}

/* Keeps what is held. An empty list still needs a pointer: NULL would mean that nobody knows. */
static aim_status keep(aim_guard *guard, gathering *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->n; i++)
		n += !(g->ends[i] & 1) && !is_denied(g, i);
	aim_str *list = aim__alloc_array(guard->ctx, n + 1, sizeof *list);
	uint8_t *text = aim__alloc(guard->ctx, g->text.len + 1);
	if (!list || !text) {
		aim__free(guard->ctx, list, (n + 1) * sizeof *list);
		aim__free(guard->ctx, text, g->text.len + 1);
		return AIM_E_NOMEM;
	}
	drop_capabilities(guard);
	guard->capabilities = list;
	guard->n_capabilities = n;
	guard->capability_text = text;
	guard->capability_size = g->text.len + 1;
	size_t at = 0;
	for (size_t i = 0; i < g->n; i++)
		if (!(g->ends[i] & 1) && !is_denied(g, i)) {
			aim_str pattern = pattern_at(g, i);
			memcpy(text, pattern.ptr, pattern.len);
			list[at].ptr = (const char *)text;
			list[at++].len = pattern.len;
			text += pattern.len;
		}
	return AIM_OK;
}

static aim_status load_grants(aim_guard *guard, int64_t now_us, aim_error *err)
{
	gathering g = {.guard = guard, .now_s = now_us / 1000000};
	aim__buf_init(&g.text, guard->ctx);
	aim_status rc = aim_grant_list(guard->options.registry, guard->options.agent, gather, &g, err);
	if (rc == AIM_OK)
		rc = keep(guard, &g);
	aim__free(guard->ctx, g.ends, g.cap * sizeof *g.ends);
	aim__buf_dispose(&g.text);
	return rc;
}

static aim_status load_agent(aim_guard *guard, int64_t now_us, aim_error *err)
{
	aim_agent *agent = NULL;
	if (guard->options.agent.len == 0)
		return AIM_OK;
	aim_status rc = aim_agent_find(guard->options.registry, guard->options.agent, &agent, err);
	if (rc != AIM_OK)
		return rc;
	int64_t expires_s = aim_agent_expires_at_s(agent);
	if (aim_agent_status(agent) >= AIM_REGISTRY_SUSPENDED || (expires_s && now_us / 1000000 >= expires_s))
		guard->inactive = 1;
	aim_agent_free(guard->agent);
	guard->agent = agent;
	return load_grants(guard, now_us, err);
}

/* --- what only policies ask for ----------------------------------------------------------------------- */

/* A score that cannot be read is not known. */
static aim_status load_trust(aim_guard *guard, aim_error *err)
{
	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	guard->trust_micro = AIM_DECISION_NO_TRUST;
	if (!guard->agent)
		return AIM_OK;
	aim_status rc = guard->score ? AIM_OK : aim_trustscore_new(guard->ctx, &guard->score, err);
	if (rc == AIM_OK)
		rc = aim_trust_score(guard->options.registry, guard->options.agent, NULL, guard->score, err);
	if (rc == AIM_OK)
		rc = aim_trustscore_summarize(guard->score, &sum);
	if (rc == AIM_OK)
		guard->trust_micro = sum.score_micro;
	return rc == AIM_E_NOMEM ? rc : AIM_OK;
}

void aim__subjects_drifted(aim_guard *guard, uint32_t severity)
{
	uint32_t level = severity >= AIM_ALERT_CRITICAL ? AIM_FACTS_DRIFT_CRITICAL : AIM_FACTS_DRIFT_OPEN;
	if (level > guard->drift_open)
		guard->drift_open = level;
}

static aim_status see_record(void *user, const aim_drift_record *record)
{
	aim__subjects_drifted(user, record->severity);
	return AIM_OK;
}

/* Drift records that are open or acknowledged, of both. A list that cannot be read is not known. */
static aim_status load_drift(aim_guard *guard, aim_error *err)
{
	aim_drift_filter filter = {.struct_size = sizeof filter, .unclosed = 1};
	aim_str subjects[] = {guard->options.server, guard->options.agent};
	aim_status rc = AIM_OK;
	guard->drift_open = AIM_FACTS_DRIFT_NONE;
	for (size_t i = 0; rc == AIM_OK && i < 2; i++) {
		filter.subject = subjects[i];
		if (filter.subject.len)
			rc = aim_drift_list_records(guard->surface.drift, &filter, see_record, guard, err);
	}
	if (rc != AIM_OK)
		guard->drift_open = 0;
	return rc == AIM_E_NOMEM ? rc : AIM_OK;
}

static aim_status load_facts(aim_guard *guard, aim_error *err)
{
	if (!guard->options.authorizer)
		return AIM_OK;
	aim_status rc = load_trust(guard, err);
	return rc == AIM_OK ? load_drift(guard, err) : rc;
}

static aim_status load_server(aim_guard *guard, aim_error *err)
{
	aim_server *server = NULL;
	if (guard->options.server.len == 0)
		return AIM_OK;
	aim_status rc = aim_server_find(guard->options.registry, guard->options.server, &server, err);
	if (rc != AIM_OK)
		return rc;
	if (aim_server_status(server) >= AIM_REGISTRY_SUSPENDED)
		guard->inactive = 1;
	aim_server_free(server);
	return aim__surface_refresh(&guard->surface, err);
}

aim_status aim__subjects_refresh(aim_guard *guard, int now, aim_error *err)
{
	int64_t now_us = 0;
	if (!guard->options.registry)
		return AIM_OK;
	aim_status rc = aim_ctx_now_us(guard->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	uint64_t generation = 0;
	rc = aim_registry_generation(guard->options.registry, now_us, &generation, err);
	if (rc == AIM_OK && !now && generation == guard->generation && now_us < guard->fresh_until_us &&
	    now_us >= guard->fresh_until_us - AIM__STALE_US)
		return AIM_OK;
	guard->inactive = 0;
	guard->generation = generation;
	if (rc == AIM_OK)
		rc = load_agent(guard, now_us, err);
	if (rc == AIM_OK)
		rc = load_server(guard, err);
	if (rc == AIM_OK)
		rc = load_facts(guard, err);
	if (rc != AIM_OK)
		guard->inactive = 1; /* who cannot be looked up may not act */
	guard->fresh_until_us = now_us + AIM__STALE_US;
	return rc;
}
