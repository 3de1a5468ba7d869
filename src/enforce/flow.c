/* enforce/flow.c — the labels of sessions. Layer enforce; knows neither tools nor policies, only what a call would set.
 *
 * All labels live equally long, so the sessions stand in a list in the order in which they last set one, and the
 * oldest is the next that can be forgotten. Times never go back in it. */
#include <aim/flow.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_flow_options, 16 + 4 * AIM_FLOW_MAX_RULES);
AIM__NO_PADDING(aim_flow_call, 16 + 8 * P);
AIM__NO_PADDING(aim_flow_source, 16 + 2 * AIM_FLOW_NAME_SIZE);
AIM__NO_PADDING(aim_flow_state, 16 + AIM_FLOW_N_LABELS * sizeof(aim_flow_source));
#undef P

#define DEFAULT_TTL_S 3600u
#define CEILING_TTL_S (31u * 86400u)
#define DEFAULT_SESSIONS 10000u
#define CEILING_SESSIONS 1000000u
#define SHOWN 40u /* bytes of a name in a message */
#define KEY_SIZE (2u + 2u * AIM_FLOW_MAX_NAME)

typedef struct session {
	struct session *older, *newer;
	aim_flow_source sources[AIM_FLOW_N_LABELS];
	size_t key_len;
	uint8_t key[];
} session;

struct aim_flow {
	aim_ctx *ctx; /* referenced */
	aim__mutex mutex; /* guards what follows */
	int64_t latest_us; /* the latest time that anybody came with */
	aim__map sessions;
	session *oldest, *newest;
	int64_t ttl_us;
	uint32_t never[AIM_FLOW_MAX_RULES];
};

static const struct {
	const char *name, *done;
} labels[AIM_FLOW_N_LABELS] = {
	{"private_data", "private data was read"},
	{"untrusted_content", "untrusted content was seen"},
	{"external_send", "something was sent outside"},
};

const char *aim_flow_label_name(uint32_t label)
{
	for (uint32_t i = 0; i < AIM_FLOW_N_LABELS; i++)
		if (label == 1u << i)
			return labels[i].name;
	return "unknown";
}

uint32_t aim_flow_label_of(aim_str name)
{
	for (uint32_t i = 0; i < AIM_FLOW_N_LABELS; i++)
		if (aim_str_equal(name, aim_str_from(labels[i].name)))
			return 1u << i;
	return 0;
}

/* ---- the handle ---- */

static aim_status take_options(const aim_flow_options *options, aim_flow_options *o, aim_error *err)
{
	uint32_t any = 0;
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_flow_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_flow_options.flags must be 0");
	for (size_t i = 0; i < AIM_FLOW_MAX_RULES; i++)
		any |= o->never[i];
	if (any & ~AIM_FLOW_ALL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "aim_flow_options.never has a bit that is no label");
	if (o->ttl_s > CEILING_TTL_S || o->max_sessions > CEILING_SESSIONS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE, "aim_flow_options: at most %u s and %u sessions",
		                 CEILING_TTL_S, CEILING_SESSIONS);
	o->ttl_s = o->ttl_s ? o->ttl_s : DEFAULT_TTL_S;
	o->max_sessions = o->max_sessions ? o->max_sessions : DEFAULT_SESSIONS;
	if (any == 0)
		o->never[0] = AIM_FLOW_ALL;
	return AIM_OK;
}

aim_status aim_flow_new(aim_ctx *ctx, const aim_flow_options *options, aim_flow **out, aim_error *err)
{
	aim_flow_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_flow *flow = aim__alloc_zeroed(ctx, sizeof *flow);
	if (!flow || aim__mutex_init(&flow->mutex) != AIM_OK) {
		aim__free(ctx, flow, sizeof *flow);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	}
	flow->ctx = aim__ctx_ref(ctx);
	flow->ttl_us = (int64_t)o.ttl_s * 1000000;
	memcpy(flow->never, o.never, sizeof flow->never);
	aim__map_init(&flow->sessions, ctx, o.max_sessions);
	*out = flow;
	return AIM_OK;
}

static void free_session(const aim_flow *flow, session *s)
{
	aim__free(flow->ctx, s, sizeof *s + s->key_len);
}

void aim_flow_free(aim_flow *flow)
{
	if (!flow)
		return;
	aim_ctx *ctx = flow->ctx;
	for (session *s = flow->oldest, *newer; s; s = newer) {
		newer = s->newer;
		free_session(flow, s);
	}
	aim__map_dispose(&flow->sessions);
	aim__mutex_dispose(&flow->mutex);
	aim__free(ctx, flow, sizeof *flow);
	aim__ctx_unref(ctx);
}

uint64_t aim_flow_sessions(aim_flow *flow)
{
	if (!flow)
		return 0;
	aim__mutex_lock(&flow->mutex);
	uint64_t n = flow->sessions.count;
	aim__mutex_unlock(&flow->mutex);
	return n;
}

/* ---- keys ---- */

static int is_name(aim_str name)
{
	return (name.ptr || name.len == 0) && name.len <= AIM_FLOW_MAX_NAME;
}

/* The length of the first part tells the two apart. 0: they are no names. */
static size_t write_key(aim_str agent, aim_str name, uint8_t key[KEY_SIZE])
{
	if (!is_name(agent) || agent.len == 0 || !is_name(name))
		return 0;
	key[0] = (uint8_t)(agent.len >> 8);
	key[1] = (uint8_t)agent.len;
	memcpy(key + 2, agent.ptr, agent.len);
	if (name.len)
		memcpy(key + 2 + agent.len, name.ptr, name.len);
	return 2 + agent.len + name.len;
}

/* ---- sessions; all under the mutex ---- */

static session *find(const aim_flow *flow, aim_bytes key)
{
	uintptr_t *found = aim__map_find(&flow->sessions, key);
	return found ? (session *)*found : NULL;
}

static void take_out(aim_flow *flow, session *s)
{
	*(s->older ? &s->older->newer : &flow->oldest) = s->newer;
	*(s->newer ? &s->newer->older : &flow->newest) = s->older;
}

static void put_newest(aim_flow *flow, session *s)
{
	s->newer = NULL;
	s->older = flow->newest;
	*(s->older ? &s->older->newer : &flow->oldest) = s;
	flow->newest = s;
}

static void forget(aim_flow *flow, session *s)
{
	take_out(flow, s);
	aim__map_remove(&flow->sessions, aim_bytes_from(s->key, s->key_len), NULL);
	free_session(flow, s);
}

static uint32_t labels_at(const session *s, int64_t now_us)
{
	uint32_t set = 0;
	for (uint32_t i = 0; s && i < AIM_FLOW_N_LABELS; i++)
		if (now_us < s->sources[i].expires_at_us)
			set |= 1u << i;
	return set;
}

/* Two at most, so that a call costs the same whatever the table holds, and the table shrinks all the same. */
static void forget_ended(aim_flow *flow, int64_t now_us)
{
	for (int i = 0; i < 2 && flow->oldest && labels_at(flow->oldest, now_us) == 0; i++)
		forget(flow, flow->oldest);
}

static aim_status add(aim_flow *flow, aim_bytes key, session **out)
{
	session *s = aim__alloc_zeroed(flow->ctx, sizeof *s + key.len);
	if (!s)
		return AIM_E_NOMEM;
	s->key_len = key.len;
	memcpy(s->key, key.ptr, key.len);
	aim_status rc = aim__map_add(&flow->sessions, aim_bytes_from(s->key, s->key_len), (uintptr_t)s);
	if (rc != AIM_OK) {
		free_session(flow, s);
		return rc;
	}
	put_newest(flow, s);
	*out = s;
	return AIM_OK;
}

/* ---- deciding ---- */

/* The first set that the call would complete; 0: none. */
static uint32_t completes(const aim_flow *flow, uint32_t set, uint32_t more)
{
	for (size_t i = 0; i < AIM_FLOW_MAX_RULES; i++) {
		uint32_t never = flow->never[i];
		if (never & more && (never & ~(set | more)) == 0)
			return never;
	}
	return 0;
}

static void set_labels(aim_flow *flow, session *s, const aim_flow_call *call, int64_t now_us)
{
	for (uint32_t i = 0; i < AIM_FLOW_N_LABELS; i++) {
		aim_flow_source *source = &s->sources[i];
		if (!(call->labels & 1u << i))
			continue;
		source->at_us = now_us;
		source->expires_at_us = now_us + flow->ttl_us;
		aim__format(source->tool, sizeof source->tool, "%.*s", AIM__STR(call->tool));
		aim__format(source->call, sizeof source->call, "%.*s", AIM__STR(call->call));
	}
	take_out(flow, s);
	put_newest(flow, s);
}

static void show(const session *s, int64_t now_us, aim_flow_state *state)
{
	state->labels = labels_at(s, now_us);
	for (uint32_t i = 0; i < AIM_FLOW_N_LABELS; i++)
		if (state->labels & 1u << i)
			state->sources[i] = s->sources[i];
}

static int64_t pass_time(aim_flow *flow, int64_t now_us)
{
	if (now_us > flow->latest_us)
		flow->latest_us = now_us;
	return flow->latest_us;
}

static aim_status decide(aim_flow *flow, aim_bytes key, const aim_flow_call *call, int64_t now_us,
                         aim_flow_state *state)
{
	session *s = find(flow, key);
	state->broken = completes(flow, labels_at(s, now_us), call->labels);
	aim_status rc = state->broken ? AIM_DENIED : AIM_OK;
	if (rc == AIM_OK && call->labels) {
		forget_ended(flow, now_us);
		s = find(flow, key); /* it may have been among those */
		if (!s)
			rc = add(flow, key, &s);
		if (rc == AIM_OK)
			set_labels(flow, s, call, now_us);
	}
	if (rc == AIM_OK || rc == AIM_DENIED)
		show(s, now_us, state);
	return rc;
}

/* As much of a name as a message has room for. */
static aim_str short_name(aim_str name)
{
	return (aim_str){name.ptr, name.len < SHOWN ? name.len : SHOWN};
}

/* ": private data was read by "x" (call), untrusted content was seen by …": whoever set the others. */
static aim_status denied(const aim_flow_call *call, const aim_flow_state *state, aim_error *err)
{
	char text[300];
	size_t len = 0;
	const aim_str name = short_name(call->tool);
	text[0] = '\0';
	for (uint32_t i = 0; i < AIM_FLOW_N_LABELS; i++) {
		const aim_flow_source *source = &state->sources[i];
		const aim_str tool = short_name(aim_str_from(source->tool)), id = short_name(aim_str_from(source->call));
		if (!(state->broken & state->labels & 1u << i))
			continue;
		len += aim__format(text + len, sizeof text - len, "%s %s by \"%.*s\"", len ? "," : ":", labels[i].done,
		                   AIM__STR(tool));
		if (id.len)
			len += aim__format(text + len, sizeof text - len, " (%.*s)", AIM__STR(id));
	}
	return aim__fail(err, AIM_DENIED, AIM_LAYER_ENFORCE, "information flow: \"%.*s\" may not follow in this session%s",
	                 AIM__STR(name), text);
}

static aim_status take_call(const aim_flow *flow, const aim_flow_call *call, aim_flow_call *out, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, call, sizeof *out, "aim_flow_call", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_flow_call.flags and .reserved must be 0");
	if (out->labels & ~AIM_FLOW_ALL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "aim_flow_call.labels has a bit that is no label");
	if ((!out->tool.ptr && out->tool.len) || (!out->call.ptr && out->call.len))
		return AIM__MISUSE(flow->ctx, "call.tool and call.call are texts");
	return AIM_OK;
}

static aim_status check(aim_flow *flow, const aim_flow_call *call, int64_t now_us, aim_flow_state *state,
                        aim_error *err)
{
	uint8_t bytes[KEY_SIZE];
	aim_bytes key = aim_bytes_from(bytes, write_key(call->agent, call->session, bytes));
	if (key.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "aim_flow_call.agent has 1 to %u bytes, .session at most as many", AIM_FLOW_MAX_NAME);
	aim__mutex_lock(&flow->mutex);
	aim_status rc = decide(flow, key, call, pass_time(flow, now_us), state);
	aim__mutex_unlock(&flow->mutex);
	if (rc == AIM_DENIED)
		return denied(call, state, err);
	if (rc == AIM_E_LIMIT)
		return aim__fail(err, AIM_E_FLOW_FULL, AIM_LAYER_ENFORCE,
		                 "information flow: %zu sessions have labels already", flow->sessions.max);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

aim_status aim_flow_check(aim_flow *flow, const aim_flow_call *call, int64_t now_us, aim_flow_state *out,
                          aim_error *err)
{
	aim_flow_call c = {.struct_size = sizeof c};
	aim_flow_state state = {.struct_size = sizeof state, .labels = AIM_FLOW_ALL};
	if (out && aim__sized_out(out, &state, sizeof state, sizeof state) != AIM_OK)
		return AIM__MISUSE(flow ? flow->ctx : NULL, "out.struct_size is too small");
	if (!flow || !call || now_us <= 0 || now_us > INT64_MAX / 2)
		return AIM__MISUSE(flow ? flow->ctx : NULL, "flow, call and now_us are required");
	aim_status rc = take_call(flow, call, &c, err);
	if (rc == AIM_OK)
		rc = check(flow, &c, now_us, &state, err);
	if (out)
		(void)aim__sized_out(out, &state, sizeof state, sizeof state); /* its size was good above */
	return rc;
}

/* ---- looking and ending ---- */

aim_status aim_flow_look(aim_flow *flow, aim_str agent, aim_str name, int64_t now_us, aim_flow_state *out)
{
	uint8_t bytes[KEY_SIZE];
	aim_flow_state state = {.struct_size = sizeof state};
	aim_bytes key = aim_bytes_from(bytes, write_key(agent, name, bytes));
	if (!flow || !out || key.len == 0 || now_us <= 0 || now_us > INT64_MAX / 2)
		return AIM__MISUSE(flow ? flow->ctx : NULL, "flow, agent, session, now_us and out are required");
	aim__mutex_lock(&flow->mutex);
	show(find(flow, key), now_us > flow->latest_us ? now_us : flow->latest_us, &state);
	aim__mutex_unlock(&flow->mutex);
	return aim__sized_out(out, &state, sizeof state, sizeof state);
}

aim_status aim_flow_end(aim_flow *flow, aim_str agent, aim_str name)
{
	uint8_t bytes[KEY_SIZE];
	aim_bytes key = aim_bytes_from(bytes, write_key(agent, name, bytes));
	if (!flow || key.len == 0)
		return AIM__MISUSE(flow ? flow->ctx : NULL, "flow, agent and session are required");
	aim__mutex_lock(&flow->mutex);
	session *s = find(flow, key);
	if (s)
		forget(flow, s);
	aim__mutex_unlock(&flow->mutex);
	return AIM_OK;
}
