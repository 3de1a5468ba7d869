/* assess/drift_check.c — looking at an observation part by part. Layer assess. */
#include "assess/drift.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/provider.h"
#include "identity/check.h"
#include "identity/subject.h"

#include <aim/agent.h>
#include <aim/grant.h>
#include <aim/link.h>

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_drift_observation, 8 + 16 * P);
AIM__NO_PADDING(aim_drift_list, 8 + 2 * P);
AIM__NO_PADDING(aim_drift_finding, 24 + 12 * P);
#undef P

#define MAX_LISTS 16u
#define ID_LABEL "libaim/drift-set/v1\nagent"

typedef struct checking {
	aim_drift *d;
	const aim_drift_observation *seen;
	char agent[AIM__ID_SIZE];
	int64_t now_us;
	aim__drift_batch *batch;
	size_t first; /* findings of the part in work begin here */
	aim_error *err;
} checking;

static aim_status fail(const checking *c, aim_status rc)
{
	return aim__fail_plain(c->err, rc, AIM_LAYER_ASSESS);
}

/* ---- what an agent does ---- */

static aim_status hash_part(const checking *c, aim_str part, uint8_t out[32])
{
	aim_bytes parts[2] = {aim_bytes_from_str(aim_str_from(ID_LABEL)), aim_bytes_from_str(part)};
	return aim__sha256(c->d->ctx, parts, 2, out);
}

/* A part of the agent with one finding of a kind, or (0) with none. */
static aim_status settle_agent(checking *c, const char *prefix, aim_str what, uint32_t kind)
{
	aim_buf part;
	uint8_t set[32];
	aim_drift_finding f = {.kind = kind, .subject = aim_str_from(c->agent), .name = what};
	aim__buf_init(&part, c->d->ctx);
	c->first = c->d->n_findings;
	aim_status rc = aim__buf_add_text(&part, prefix);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&part, what);
	if (rc == AIM_OK)
		rc = hash_part(c, aim_buf_str(&part), set);
	if (rc != AIM_OK)
		(void)fail(c, rc);
	if (rc == AIM_OK && kind)
		rc = aim__drift_add(c->d, &f, c->err);
	if (rc == AIM_OK)
		rc = aim__drift_batch_agent(c->batch, aim_str_from(c->agent), aim_buf_str(&part), c->first, set, c->err);
	aim__buf_dispose(&part);
	return rc;
}

static aim_status is_linked(const checking *c, aim_str server, int *out_linked)
{
	aim_status rc = aim_link_check(c->d->registry, aim_str_from(c->agent), server, NULL, c->err);
	*out_linked = rc == AIM_OK;
	return rc == AIM_E_NOT_FOUND || rc == AIM_E_INVALID ? AIM_OK : rc;
}

static aim_status check_server_of(checking *c, aim_str server)
{
	int linked = 0;
	aim_status rc = aim__check_name(c->d->ctx, "server", server, AIM__CHECK_REQUIRED, c->err);
	if (rc == AIM_E_ID_NAME)
		return AIM_E_INVALID;
	if (rc == AIM_OK)
		rc = is_linked(c, server, &linked);
	return rc == AIM_OK ? settle_agent(c, AIM__DRIFT_SERVER, server, linked ? 0 : AIM_DRIFT_SERVER_UNREGISTERED) : rc;
}

static aim_status is_declared(const checking *c, int *out_declared)
{
	aim_agent *agent = NULL;
	aim_str none = {NULL, 0};
	aim_status rc = aim_agent_find(c->d->registry, aim_str_from(c->agent), &agent, c->err);
	*out_declared = 0;
	for (size_t i = 0; rc == AIM_OK && i < aim_agent_capability_count(agent); i++)
		*out_declared |= aim_str_equal(aim_agent_capability_at(agent, i), c->seen->capability);
	aim_agent_free(agent);
	if (rc != AIM_OK || *out_declared)
		return rc;
	rc = aim_grant_check(c->d->registry, aim_str_from(c->agent), c->seen->capability, none, c->now_us / 1000000, c->err);
	*out_declared = rc == AIM_OK;
	return rc == AIM_DENIED || rc == AIM_E_NOT_FOUND || rc == AIM_E_ID_CAPABILITY || rc == AIM_E_ID_STATUS ? AIM_OK : rc;
}

static aim_status check_capability(checking *c)
{
	int declared = 0;
	aim_status rc = aim__check_name(c->d->ctx, "capability", c->seen->capability, AIM__CHECK_REQUIRED, c->err);
	if (rc == AIM_E_ID_NAME)
		return AIM_E_INVALID;
	if (rc == AIM_OK)
		rc = is_declared(c, &declared);
	return rc == AIM_OK ? settle_agent(c, AIM__DRIFT_CAPABILITY, c->seen->capability,
	                                   declared ? 0 : AIM_DRIFT_CAPABILITY_UNDECLARED_USE)
	                    : rc;
}

static int is_seen(const aim_drift_observation *o, aim_str server)
{
	char id[AIM__ID_SIZE];
	int found = 0;
	for (size_t i = 0; i < o->n_servers; i++)
		found |= aim__id_parse(aim__server_kind.id_prefix, o->servers[i], id, NULL) == AIM_OK &&
		         aim_str_equal(aim_str_from(id), server);
	return found;
}

static aim_status check_missing(void *user, const aim_link *link)
{
	checking *c = user;
	char server[AIM__ID_SIZE] = "";
	if (link->server.len != AIM__ID_LEN)
		return AIM_OK;
	memcpy(server, link->server.ptr, AIM__ID_LEN);
	return settle_agent(c, AIM__DRIFT_MISSING, aim_str_from(server),
	                    is_seen(c->seen, aim_str_from(server)) ? 0 : AIM_DRIFT_SERVER_MISSING);
}

static aim_status check_agent(checking *c)
{
	const aim_drift_observation *o = c->seen;
	aim_str from_start = {NULL, 0};
	aim_status rc = AIM_OK;
	if (o->server.len)
		rc = check_server_of(c, o->server);
	for (size_t i = 0; rc == AIM_OK && i < o->n_servers; i++)
		rc = check_server_of(c, o->servers[i]);
	if (rc == AIM_OK && o->flags & AIM_DRIFT_ALL_SERVERS)
		rc = aim_link_list(c->d->registry, aim_str_from(c->agent), from_start, 0, check_missing, c, c->err);
	return rc == AIM_OK && o->capability.len ? check_capability(c) : rc;
}

/* ---- what a server shows ---- */

static aim_status check_part(checking *c, uint32_t kind, const aim_baseline_item *items, size_t n)
{
	c->first = c->d->n_findings;
	return aim__drift_batch_show(c->batch, c->d->baseline, kind, items, n, c->err);
}

/* A part that is one definition, in text, under the name of its kind. */
static aim_status check_one(checking *c, uint32_t kind, const aim_buf *text)
{
	aim_baseline_item item = {aim_str_from(aim__fingerprint_kinds[kind]), aim_buf_bytes(text)};
	return check_part(c, kind, &item, 1);
}

static int has_url_finding(const aim_drift *d, size_t first)
{
	for (size_t i = first; i < d->n_findings; i++)
		if (d->findings[i].kind == AIM_DRIFT_URL_CHANGED)
			return 1;
	return 0;
}

/* An agent that reaches a server elsewhere has a finding of its own. */
static aim_status check_launch(checking *c, aim_buf *text)
{
	aim_status rc = aim_baseline_launch_write(c->seen->launch, text, c->err);
	if (rc == AIM_OK)
		rc = check_one(c, AIM_FINGERPRINT_LAUNCH, text);
	if (rc != AIM_OK || !c->agent[0])
		return rc;
	int elsewhere = has_url_finding(c->d, c->first);
	return settle_agent(c, AIM__DRIFT_URL, aim_str_from(c->d->baseline->server), elsewhere ? AIM_DRIFT_URL_CHANGED : 0);
}

static aim_status check_hidden_parts(checking *c)
{
	aim_buf text;
	aim_status rc = AIM_OK;
	aim__buf_init(&text, c->d->ctx);
	if (c->seen->launch)
		rc = check_launch(c, &text);
	aim_buf_clear(&text);
	if (rc == AIM_OK && c->seen->key) {
		rc = aim_baseline_key_write(c->seen->key, &text, c->err);
		if (rc == AIM_OK)
			rc = check_one(c, AIM_FINGERPRINT_KEY, &text);
	}
	aim_buf_clear(&text);
	if (rc == AIM_OK && c->seen->checksum.len) {
		rc = aim_baseline_executable_write(c->seen->checksum, &text, c->err);
		if (rc == AIM_OK)
			rc = check_one(c, AIM_FINGERPRINT_EXECUTABLE, &text);
	}
	aim__buf_dispose(&text);
	return rc;
}

/* The baseline of the server, kept from the check before when it is the same. */
static aim_status open_baseline(checking *c)
{
	aim_drift *d = c->d;
	char id[AIM__ID_SIZE];
	aim_str nobody = {NULL, 0};
	if (!d->baseline || aim__id_parse(aim__server_kind.id_prefix, c->seen->server, id, NULL) != AIM_OK ||
	    strcmp(id, d->baseline->server) != 0) {
		aim_baseline_free(d->baseline);
		d->baseline = NULL;
		aim_status rc = aim_baseline_open(d->registry, c->seen->server, &d->baseline, c->err);
		if (rc != AIM_OK)
			return rc;
	}
	return aim_baseline_register(d->baseline, nobody, c->err);
}

static int has_parts(const aim_drift_observation *o)
{
	return o->n_lists || o->launch || o->key || o->checksum.len;
}

static aim_status check_server(checking *c)
{
	aim_status rc = open_baseline(c);
	/* A server that nobody registered has nothing to compare with; that an agent reaches it is a finding. */
	if ((rc == AIM_E_NOT_FOUND || rc == AIM_E_INVALID) && c->agent[0])
		return AIM_OK;
	if (rc == AIM_OK)
		rc = check_hidden_parts(c);
	for (size_t i = 0; rc == AIM_OK && i < c->seen->n_lists; i++) {
		const aim_drift_list *l = &c->seen->lists[i];
		rc = check_part(c, l->kind, l->items, l->n_items);
	}
	return rc;
}

/* ---- the observation ---- */

static aim_status check_lists(const aim_drift_observation *o, aim_error *err)
{
	uint32_t kinds = 0;
	for (size_t i = 0; i < o->n_lists; i++) {
		const aim_drift_list *l = &o->lists[i];
		if (l->kind == 0 || l->kind >= AIM__FINGERPRINT_SHOWN || l->reserved)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "an observation: a list of a kind that is none");
		if (kinds & 1u << l->kind)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "an observation: two lists of %ss; one whole list is needed",
			                 aim__fingerprint_kinds[l->kind]);
		kinds |= 1u << l->kind;
	}
	return AIM_OK;
}

static aim_status take(const aim_drift *d, const aim_drift_observation *observation, aim_drift_observation *o,
                       aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, observation, sizeof *o, "aim_drift_observation", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~AIM_DRIFT_ALL_SERVERS)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_drift_observation: a flag that is not known");
	if ((o->n_servers && !o->servers) || (o->n_lists && !o->lists))
		return AIM__MISUSE(d->ctx, "servers and lists are required when they are counted");
	if (o->n_servers > d->ctx->limits.max_tools || o->n_lists > MAX_LISTS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "an observation: at most %u servers and %u lists",
		                 d->ctx->limits.max_tools, MAX_LISTS);
	if ((!o->agent.len && (o->n_servers || o->capability.len || o->flags)) || (!o->server.len && has_parts(o)))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "an observation: servers and capability need an agent, parts of a server need a server");
	return check_lists(o, err);
}

static aim_status find_agent(checking *c)
{
	aim__subject *agent = NULL;
	aim_status rc = aim__subject_find(c->d->registry, &aim__agent_kind, c->seen->agent, &agent, c->err);
	if (rc == AIM_OK)
		memcpy(c->agent, agent->id.ptr, AIM__ID_SIZE);
	aim__subject_free(agent);
	return rc;
}

static aim_status check_all(checking *c)
{
	aim_status rc = AIM_OK;
	if (c->agent[0])
		rc = check_agent(c);
	if (rc == AIM_OK && has_parts(c->seen))
		rc = check_server(c);
	return rc == AIM_OK ? aim__drift_batch_commit(c->batch, c->err) : rc;
}

static aim_status check_once(checking *c)
{
	const aim__drift_observer by = {aim_str_from(c->agent), c->seen->session};
	aim__drift_restart(c->d);
	c->batch = aim__drift_batch_new(c->d, &by, c->now_us);
	aim_status rc = c->batch ? check_all(c) : fail(c, AIM_E_NOMEM);
	aim__drift_batch_free(c->batch);
	return rc;
}

aim_status aim_drift_check(aim_drift *drift, const aim_drift_observation *observation, aim_error *err)
{
	aim_drift_observation o = {.struct_size = sizeof o};
	checking c = {.d = drift, .seen = &o, .err = err};
	if (!drift || !observation)
		return AIM__MISUSE(drift ? drift->ctx : NULL, "drift and observation are required");
	aim__drift_restart(drift);
	aim_status rc = take(drift, observation, &o, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(drift->ctx, &c.now_us)) != AIM_OK)
		rc = fail(&c, rc);
	if (rc == AIM_OK && o.agent.len)
		rc = find_agent(&c);
	if (rc == AIM_OK)
		rc = check_once(&c);
	for (int i = 1; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = check_once(&c);
	if (rc != AIM_OK)
		drift->n_findings = 0;
	return rc;
}

size_t aim_drift_finding_count(const aim_drift *drift)
{
	return drift ? drift->n_findings : 0;
}

const aim_drift_finding *aim_drift_finding_at(const aim_drift *drift, size_t index)
{
	return drift && index < drift->n_findings ? &drift->findings[index] : NULL;
}
