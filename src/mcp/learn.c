/* mcp/learn.c — what the rest of the library learns from a connection: that it was made, and what came of its calls.
 * Layer mcp. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "base/error.h"

#include <aim/link.h>
#include <aim/usage.h>

#include <string.h>

#define ACTOR "libaim:guard"

/* ---- the beginning ---- */

/* The connection is one of a known link, or a finding about the agent. */
static aim_status note_connection(aim_guard *guard, aim_error *err)
{
	const aim_guard_options *o = &guard->options;
	aim_drift_observation seen = {.struct_size = sizeof seen, .agent = o->agent, .server = o->server};
	seen.session = o->session;
	aim_status rc = aim_link_check(o->registry, o->agent, o->server, NULL, err);
	if (rc == AIM_OK || (rc == AIM_E_NOT_FOUND && o->flags & AIM_GUARD_LINK))
		rc = aim_link_add(o->registry, o->agent, o->server, aim_str_from(ACTOR), err);
	else if (rc != AIM_E_NOT_FOUND)
		return rc;
	if (rc == AIM_OK && !(o->flags & AIM_GUARD_LEARN))
		return rc;
	return rc == AIM_OK || rc == AIM_E_NOT_FOUND ? aim_drift_check(guard->surface.drift, &seen, err) : rc;
}

static aim_status open_tally(aim_guard *guard, aim_error *err)
{
	aim__tally *tally = &guard->tally;
	aim_status rc = aim__tally_open(tally, guard->ctx);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	tally->registry = guard->options.registry;
	tally->drift = guard->surface.drift;
	tally->agent = guard->options.agent;
	tally->server = guard->options.server;
	tally->behaviour = guard->options.behaviour;
	if (tally->behaviour)
		return AIM_OK;
	rc = aim_behaviour_new(guard->ctx, NULL, &tally->own_behaviour, err);
	tally->behaviour = tally->own_behaviour;
	return rc;
}

aim_status aim__learn_open(aim_guard *guard, aim_error *err)
{
	uint32_t flags = guard->options.flags;
	aim_status rc = AIM_OK;
	if (flags & (AIM_GUARD_LEARN | AIM_GUARD_LINK))
		rc = note_connection(guard, err);
	return rc == AIM_OK && flags & AIM_GUARD_LEARN ? open_tally(guard, err) : rc;
}

/* ---- calls ---- */

void aim__learn_call(aim_guard *guard, const aim__request *request, uint32_t outcome)
{
	int64_t now_us = 0, latency_us = -1;
	if (!guard->tally.ctx || aim_ctx_now_us(guard->ctx, &now_us) != AIM_OK)
		return;
	if (outcome != AIM_USAGE_UNREPORTED)
		latency_us = aim__ctx_steady_us(guard->ctx) - request->started_us;
	aim__tally_add(&guard->tally, request, outcome, now_us, latency_us < -1 ? -1 : latency_us);
	if (aim__tally_full(&guard->tally))
		aim__learn_settle(guard);
}

void aim__learn_stray(aim_guard *guard)
{
	int64_t now_us = 0;
	if (guard->tally.ctx && aim_ctx_now_us(guard->ctx, &now_us) == AIM_OK)
		aim__tally_stray(&guard->tally, now_us);
}

void aim__learn_settle(aim_guard *guard)
{
	static const aim_str what = {"usage and trust", 15};
	aim_status rc = aim__tally_settle(&guard->tally, NULL);
	if (rc != AIM_OK)
		aim__event_simple(guard, AIM_GUARD_EVENT_UNRECORDED, AIM_GUARD_SERVER, what, aim_status_name(rc), rc, 1);
}

aim_status aim_guard_poll(aim_guard *guard, int64_t now_us, aim_error *err)
{
	if (!guard)
		return AIM__MISUSE(NULL, "guard is required");
	return aim_guard_next_deadline_ms(guard, now_us) == 0 ? aim__tally_settle(&guard->tally, err) : AIM_OK;
}

int64_t aim_guard_next_deadline_ms(const aim_guard *guard, int64_t now_us)
{
	if (!guard || guard->tally.n_calls == 0)
		return -1;
	int64_t left_us = guard->tally.calls[0].time_us + AIM__TALLY_WINDOW_US - now_us;
	return left_us <= 0 ? 0 : left_us > AIM__TALLY_WINDOW_US ? AIM__TALLY_WINDOW_US / 1000 : (left_us + 999) / 1000;
}
