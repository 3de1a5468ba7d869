/* mcp/tally.c — calls that are over, kept for counting. Layer mcp. On the path of every reply: one look-up, no
 * allocation. */
#include "mcp/tally.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "identity/pattern.h"

#include <aim/usage.h>

#include <string.h>

#define STRAY "mcp_method:unknown_reply"

aim_status aim__tally_open(aim__tally *tally, aim_ctx *ctx)
{
	tally->calls = aim__alloc_array(ctx, AIM__TALLY_CALLS, sizeof *tally->calls);
	if (!tally->calls)
		return AIM_E_NOMEM;
	tally->ctx = ctx;
	aim__map_init(&tally->by_name, ctx, 0);
	return aim__ctx_random(ctx, &tally->connection, sizeof tally->connection);
}

void aim__tally_dispose(aim__tally *tally)
{
	aim_ctx *ctx = tally->ctx;
	if (!ctx)
		return;
	aim_behaviour_free(tally->own_behaviour);
	aim__map_dispose(&tally->by_name);
	for (size_t i = 0; i < tally->n_names; i++)
		aim__free(ctx, tally->names[i], sizeof **tally->names);
	aim__free(ctx, tally->names, tally->cap_names * sizeof *tally->names);
	aim__free(ctx, tally->calls, AIM__TALLY_CALLS * sizeof *tally->calls);
}

int aim__tally_full(const aim__tally *tally)
{
	return tally->ctx && tally->n_calls == AIM__TALLY_CALLS;
}

/* ---- the capability of a call ---- */

/* "mcp_tool:read". What has no name that a capability can have is counted under its action alone. */
static size_t write_name(const aim__request *request, char out[AIM__TALLY_NAME])
{
	const char *action = request->method && request->method->action ? request->method->action : "mcp_method";
	aim_str subject = aim__request_subject(request);
	size_t len = strlen(action);
	memcpy(out, action, len);
	if (strcmp(action, "mcp_resource") == 0 || len + 1 + subject.len > AIM__TALLY_NAME || memchr(subject.ptr, ':', subject.len))
		return len;
	out[len] = ':';
	memcpy(out + len + 1, subject.ptr, subject.len);
	aim_str whole = {out, len + 1 + subject.len};
	return aim__capability_valid(whole, 0) ? whole.len : len;
}

static aim_status add_name(aim__tally *tally, aim_str name, uintptr_t *out)
{
	void *names = tally->names;
	aim_status rc = aim__grow(tally->ctx, &names, &tally->cap_names, tally->n_names + 1, sizeof *tally->names, 16,
	                          AIM__TALLY_CAPABILITIES);
	tally->names = names;
	if (rc != AIM_OK)
		return rc;
	aim__tally_name *fresh = aim__alloc(tally->ctx, sizeof *fresh);
	if (!fresh)
		return AIM_E_NOMEM;
	memcpy(fresh->text, name.ptr, name.len);
	fresh->len = (uint32_t)name.len;
	aim_str kept = {fresh->text, name.len}; /* the map borrows it */
	rc = aim__map_add(&tally->by_name, aim_bytes_from_str(kept), tally->n_names);
	if (rc != AIM_OK) {
		aim__free(tally->ctx, fresh, sizeof *fresh);
		return rc;
	}
	*out = tally->n_names;
	tally->names[tally->n_names++] = fresh;
	return AIM_OK;
}

static aim_status find_name(aim__tally *tally, aim_str name, uintptr_t *out)
{
	const uintptr_t *known = aim__map_find(&tally->by_name, aim_bytes_from_str(name));
	if (!known)
		return add_name(tally, name, out);
	*out = *known;
	return AIM_OK;
}

/* ---- calls ---- */

static void add(aim__tally *tally, aim_str name, const aim__tally_call *call)
{
	uintptr_t index = 0;
	if (tally->n_calls == AIM__TALLY_CALLS || find_name(tally, name, &index) != AIM_OK) {
		tally->n_lost++;
		return;
	}
	tally->calls[tally->n_calls] = *call;
	tally->calls[tally->n_calls++].capability = (uint16_t)index;
}

void aim__tally_add(aim__tally *tally, const aim__request *request, uint32_t outcome, int64_t now_us, int64_t latency_us)
{
	char text[AIM__TALLY_NAME];
	if (!tally->ctx)
		return;
	aim__tally_call call = {.time_us = now_us, .latency_us = latency_us, .parameter_bytes = request->argument_bytes};
	call.outcome = (uint8_t)outcome;
	call.due = AIM__TALLY_USAGE;
	if (outcome != AIM_USAGE_UNREPORTED) /* who was not answered has nothing to answer for */
		call.due |= AIM__TALLY_AGENT | AIM__TALLY_SERVER | AIM__TALLY_BEHAVIOUR;
	aim_str name = {text, write_name(request, text)};
	add(tally, name, &call);
}

void aim__tally_stray(aim__tally *tally, int64_t now_us)
{
	aim__tally_call call = {.time_us = now_us, .latency_us = -1, .outcome = AIM_USAGE_FAILURE};
	if (!tally->ctx)
		return;
	call.due = AIM__TALLY_BEHAVIOUR;
	call.behaviour = AIM_BEHAVIOUR_UNEXPECTED;
	add(tally, aim_str_from(STRAY), &call);
}
