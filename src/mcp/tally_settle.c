/* mcp/tally_settle.c — counting what waits: usage of each capability, trust of both sides, usual behaviour. Layer mcp,
 * over usage, trust and drift. Each part is a transaction of its own, and a call remembers which parts it was in: what
 * fails is tried again, what was counted is not. */
#include "mcp/tally.h"

#include "assess/trust_store.h"
#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/writer.h"
#include "identity/usage.h"

#include <string.h>

#define SOURCE "libaim:guard"

static aim_str name_of(const aim__tally *tally, const aim__tally_call *call)
{
	const aim__tally_name *name = tally->names[call->capability];
	aim_str text = {name->text, name->len};
	return text;
}

static void set_done(aim__tally *tally, uint32_t part, uint16_t capability, int any)
{
	for (size_t i = 0; i < tally->n_calls; i++)
		if (any || tally->calls[i].capability == capability)
			tally->calls[i].due &= (uint8_t)~part;
}

/* ---- usage: one transaction for each capability ---- */

static void gather(const aim__tally *tally, uint16_t capability, aim__usage_many *many, aim__usage_outcome *outcomes)
{
	many->n = 0;
	for (size_t i = 0; i < tally->n_calls; i++) {
		const aim__tally_call *call = &tally->calls[i];
		if (!(call->due & AIM__TALLY_USAGE) || call->capability != capability)
			continue;
		aim__usage_outcome o = {.outcome = call->outcome, .latency_us = call->latency_us, .time_us = call->time_us};
		outcomes[many->n++] = o;
	}
}

/* Members in canonical order. */
static aim_status add_record(aim__batch *batch, const aim__usage_many *many, int64_t now_us, aim_error *err)
{
	aim__json_writer w;
	int64_t counts[4] = {0};
	for (size_t i = 0; i < many->n; i++)
		counts[many->outcomes[i].outcome]++;
	aim_audit_record *r = aim__batch_record(batch, "usage_recorded", many->server, now_us);
	r->agent = many->agent;
	r->action = many->capability;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_int64(&w, "calls", (int64_t)many->n);
	aim__write_member_int64(&w, "failures", counts[AIM_USAGE_FAILURE]);
	aim__write_member_int64(&w, "successes", counts[AIM_USAGE_SUCCESS]);
	aim__write_member_int64(&w, "unreported", counts[AIM_USAGE_UNREPORTED]);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	r->data = aim_buf_str(&batch->data);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

static aim_status commit_usage(aim__tally *tally, const aim__usage_many *many, aim_error *err)
{
	aim__batch batch;
	int64_t now_us;
	aim_status rc = aim_ctx_now_us(tally->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	aim__batch_init(&batch, tally->registry);
	rc = aim__usage_prepare_many(&batch, many, err);
	if (rc == AIM_OK)
		rc = add_record(&batch, many, now_us, err);
	aim__change change = {.ops = batch.ops, .n_ops = batch.n_ops, .records = batch.records, .n_records = 1};
	if (rc == AIM_OK)
		rc = aim__audit_commit(tally->registry->log, &change, err);
	aim__batch_dispose(&batch);
	return rc;
}

static aim_status settle_capability(aim__tally *tally, uint16_t capability, aim__usage_outcome *outcomes, aim_error *err)
{
	aim__usage_many many = {.agent = tally->agent, .server = tally->server, .outcomes = outcomes};
	many.capability = (aim_str){tally->names[capability]->text, tally->names[capability]->len};
	gather(tally, capability, &many, outcomes);
	aim_status rc = many.n ? AIM_E_CONFLICT : AIM_OK;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = commit_usage(tally, &many, err);
	if (rc == AIM_OK)
		set_done(tally, AIM__TALLY_USAGE, capability, 0);
	return rc;
}

static aim_status settle_usage(aim__tally *tally, aim_error *err)
{
	size_t n = tally->n_calls;
	aim_status rc = AIM_OK;
	aim__usage_outcome *outcomes = aim__alloc_array(tally->ctx, n, sizeof *outcomes);
	if (!outcomes)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_MCP);
	for (size_t i = 0; rc == AIM_OK && i < tally->n_names; i++)
		rc = settle_capability(tally, (uint16_t)i, outcomes, err);
	aim__free(tally->ctx, outcomes, n * sizeof *outcomes);
	return rc;
}

/* ---- trust: what came of the calls, as evidence about both sides ---- */

/* An id counts once: a commit whose outcome nobody knows is tried again under the same one, and counts no call twice. */
static aim_status count_trust(aim__tally *tally, uint32_t part, uint64_t good, uint64_t bad, aim_error *err)
{
	char id[64];
	uint64_t *number = &tally->n_settled[part == AIM__TALLY_SERVER];
	aim_trust_event e = {.struct_size = sizeof e, .flags = AIM_TRUST_ROOTED, .factor = AIM_TRUSTSCORE_SUCCESS};
	id[aim__format(id, sizeof id - 1, "grd_%016llx_%llu", (unsigned long long)tally->connection,
	               (unsigned long long)*number)] = 0;
	e.outcome = AIM_TRUST_GOOD; /* of no meaning for many; the same in every attempt */
	e.subject = part == AIM__TALLY_SERVER ? tally->server : tally->agent;
	e.source = aim_str_from(SOURCE);
	e.id = aim_str_from(id);
	aim_status rc = aim__trust_count(tally->registry, &e, good, bad, err);
	*number += rc == AIM_OK;
	return rc;
}

static aim_status settle_trust(aim__tally *tally, uint32_t part, aim_error *err)
{
	uint64_t counts[4] = {0};
	for (size_t i = 0; i < tally->n_calls; i++)
		if (tally->calls[i].due & part)
			counts[tally->calls[i].outcome]++;
	uint64_t good = counts[AIM_USAGE_SUCCESS], bad = counts[AIM_USAGE_FAILURE];
	aim_status rc = good + bad ? count_trust(tally, part, good, bad, err) : AIM_OK;
	if (rc == AIM_OK)
		set_done(tally, part, 0, 1);
	return rc;
}

/* ---- behaviour ---- */

static aim_status found(void *user, const aim_behaviour_finding *finding)
{
	aim__tally *tally = user;
	return aim_drift_note_behaviour(tally->drift, finding, NULL);
}

static aim_status learn(aim__tally *tally, const aim__tally_call *call, aim_str subject, aim_error *err)
{
	aim_behaviour_event e = {.struct_size = sizeof e, .flags = call->behaviour, .time_us = call->time_us};
	if (call->outcome == AIM_USAGE_FAILURE && !call->behaviour)
		e.flags |= AIM_BEHAVIOUR_FAILED;
	e.latency_us = call->latency_us;
	e.parameter_bytes = call->parameter_bytes;
	e.subject = subject;
	e.action = name_of(tally, call);
	return aim_behaviour_observe(tally->behaviour, &e, found, tally, err);
}

/* What was observed is not observed again, also when what it led to could not be noted: the caller is told. */
static aim_status settle_behaviour(aim__tally *tally, aim_error *err)
{
	aim_status first = AIM_OK;
	for (size_t i = 0; i < tally->n_calls; i++) {
		aim__tally_call *call = &tally->calls[i];
		if (!(call->due & AIM__TALLY_BEHAVIOUR))
			continue;
		call->due &= (uint8_t)~AIM__TALLY_BEHAVIOUR;
		aim_status rc = call->behaviour ? AIM_OK : learn(tally, call, tally->agent, first == AIM_OK ? err : NULL);
		first = first == AIM_OK ? rc : first;
		rc = learn(tally, call, tally->server, first == AIM_OK ? err : NULL);
		first = first == AIM_OK ? rc : first;
	}
	return first;
}

/* ---- all of it ---- */

static void forget_done(aim__tally *tally)
{
	size_t n = 0;
	for (size_t i = 0; i < tally->n_calls; i++)
		if (tally->calls[i].due)
			tally->calls[n++] = tally->calls[i];
	tally->n_calls = n;
}

aim_status aim__tally_settle(aim__tally *tally, aim_error *err)
{
	if (!tally->ctx || tally->n_calls == 0)
		return AIM_OK;
	aim_status results[4];
	results[0] = settle_usage(tally, err);
	results[1] = settle_trust(tally, AIM__TALLY_AGENT, results[0] == AIM_OK ? err : NULL);
	results[2] = settle_trust(tally, AIM__TALLY_SERVER, results[0] == AIM_OK && results[1] == AIM_OK ? err : NULL);
	aim_status rc = results[0] != AIM_OK ? results[0] : results[1] != AIM_OK ? results[1] : results[2];
	results[3] = settle_behaviour(tally, rc == AIM_OK ? err : NULL);
	forget_done(tally);
	return rc == AIM_OK ? results[3] : rc;
}
