/* evidence/replay.c — the replay guard's rules, the same wherever it remembers. Layer evidence. */
#include "evidence/replay.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/provider.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE

#define US_PER_S INT64_C(1000000)
#define DEFAULT_WINDOW_S 300u
#define DEFAULT_MAX_NONCES 1000000u
#define DEFAULT_MAX_PER_KEY 65536u
#define MOST_NONCES (UINT64_C(1) << 31)
#define MAX_SPAN_BYTES 1024u
/* 9999-12-31T23:59:59.999999Z */
#define LAST_US INT64_C(253402300799999999)

AIM__NO_PADDING(aim_replay_options, sizeof(uint32_t) * 4 + sizeof(aim_str) + sizeof(int64_t) * 2);
AIM__NO_PADDING(aim_replay_use, sizeof(uint32_t) * 2 + sizeof(aim_bytes) * 2 + sizeof(int64_t) * 4);
AIM__NO_PADDING(aim_replay_stats, sizeof(uint32_t) * 2 + sizeof(int64_t) * 3);

/* ---- opening ---- */

static aim_status read_rules(const aim_replay_options *o, aim__replay_rules *out, aim_error *err)
{
	const uint32_t both = AIM_REPLAY_FIRST_START | AIM_REPLAY_STRICT_START;
	if (o->flags & ~both)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_replay_options.flags has an unknown bit");
	if ((o->flags & both) == both)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "a guard starts either for the first time or strictly, not both");
	if (o->floor_us < 0 || o->floor_us > LAST_US)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "aim_replay_options.floor_us is not between the years 1970 and 9999");
	if (o->max_nonces > MOST_NONCES)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "aim_replay_options.max_nonces is over 2147483648");
	out->window_us = (o->window_s ? o->window_s : DEFAULT_WINDOW_S) * US_PER_S;
	out->max_nonces = o->max_nonces ? o->max_nonces : DEFAULT_MAX_NONCES;
	out->max_per_key = o->max_per_key ? o->max_per_key : DEFAULT_MAX_PER_KEY;
	return AIM_OK;
}

aim_status aim__replay_new(aim_ctx *ctx, const aim_replay_options *options, aim_replay_options *o,
                           aim_replay **out, aim_error *err)
{
	aim__replay_rules rules;
	*o = (aim_replay_options){.struct_size = sizeof *o};
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_replay_options", err);
	if (rc == AIM_OK)
		rc = read_rules(o, &rules, err);
	if (rc != AIM_OK)
		return rc;
	aim_replay *guard = aim__alloc_zeroed(ctx, sizeof *guard);
	if (!guard)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	guard->ctx = aim__ctx_ref(ctx);
	guard->rules = rules;
	guard->floor_us = o->floor_us;
	*out = guard;
	return AIM_OK;
}

/* Without a memory from before, nothing can be said of a message that is older than the guard. */
aim_status aim__replay_start(const aim_replay *guard, const aim_replay_options *o, int64_t *out_floor_us,
                             aim_error *err)
{
	int64_t start_us = o->floor_us;
	if (start_us == 0 && !(o->flags & AIM_REPLAY_FIRST_START)) {
		aim_status rc = aim_ctx_now_us(guard->ctx, &start_us);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, LAYER);
	}
	*out_floor_us = o->flags & AIM_REPLAY_STRICT_START ? start_us + guard->rules.window_us : start_us;
	return AIM_OK;
}

static aim_status open_memory(aim_replay *guard, const aim_replay_options *o, aim_error *err)
{
	aim_status rc = aim__replay_start(guard, o, &guard->floor_us, err);
	if (rc != AIM_OK)
		return rc;
	memcpy(guard->salt, guard->ctx->hash_key, sizeof guard->salt);
	guard->salt_len = sizeof guard->salt;
	guard->ops = &aim__replay_memory;
	rc = aim__replay_memory_new(guard->ctx, &guard->rules, &guard->home);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

aim_status aim_replay_open_memory(aim_ctx *ctx, const aim_replay_options *options, aim_replay **out,
                                  aim_error *err)
{
	aim_replay_options o;
	aim_replay *guard = NULL;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__replay_new(ctx, options, &o, &guard, err);
	if (rc != AIM_OK)
		return rc;
	rc = open_memory(guard, &o, err);
	if (rc == AIM_OK)
		*out = guard;
	else
		aim_replay_free(guard);
	return rc;
}

void aim_replay_free(aim_replay *guard)
{
	if (!guard)
		return;
	aim_ctx *ctx = guard->ctx;
	if (guard->home)
		guard->ops->close(guard->home);
	aim__free(ctx, guard, sizeof *guard);
	aim__ctx_unref(ctx);
}

/* ---- one use ---- */

static int is_span(aim_bytes span)
{
	return span.ptr && span.len > 0 && span.len <= MAX_SPAN_BYTES;
}

static int is_time(int64_t us)
{
	return us >= 0 && us <= LAST_US;
}

/* The use with its defaults. */
static aim_status read_use(const aim_replay *guard, const aim_replay_use *in, aim_replay_use *u,
                           aim_error *err)
{
	const int64_t window = guard->rules.window_us;
	*u = (aim_replay_use){.struct_size = sizeof *u};
	aim_status rc = aim__sized_in(u, sizeof *u, in, sizeof *u, "aim_replay_use", err);
	if (rc != AIM_OK)
		return rc;
	if (u->flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_replay_use.flags must be 0");
	if (!is_span(u->scope) || !is_span(u->nonce))
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "scope and nonce of a use have 1 to %u bytes; these have %zu and %zu",
		                 MAX_SPAN_BYTES, u->scope.len, u->nonce.len);
	if (u->max_age_us < 0 || u->max_age_us > window || u->max_ahead_us < 0 ||
	    u->max_ahead_us > window)
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "the guard's window of %lld s is too short for the one asked for",
		                 (long long)(window / US_PER_S));
	u->max_age_us = u->max_age_us ? u->max_age_us : window;
	u->max_ahead_us = u->max_ahead_us ? u->max_ahead_us : window;
	return AIM_OK;
}

static aim_status below_floor(aim_error *err)
{
	return aim__fail(err, AIM_E_STALE, LAYER,
	                 "the message was made before the time from which on the replay guard can tell "
	                 "what it has seen");
}

aim_status aim__replay_window(int64_t timestamp_us, int64_t now_us, int64_t max_age_us,
                              int64_t max_ahead_us, aim_error *err)
{
	if (!is_time(now_us))
		return aim__fail(err, AIM_E_INVALID, LAYER, "now_us is not between the years 1970 and 9999");
	if (!is_time(timestamp_us))
		return aim__fail(err, AIM_E_TIMESTAMP, LAYER,
		                 "the timestamp is not between the years 1970 and 9999");
	int64_t age = now_us - timestamp_us;
	if (age > max_age_us)
		return aim__fail(err, AIM_E_STALE, LAYER, "the message was made %lld s ago; %lld s are allowed",
		                 (long long)(age / US_PER_S), (long long)(max_age_us / US_PER_S));
	if (-age > max_ahead_us)
		return aim__fail(err, AIM_E_FUTURE, LAYER,
		                 "the message is dated %lld s ahead of this clock; %lld s are allowed",
		                 (long long)(-age / US_PER_S), (long long)(max_ahead_us / US_PER_S));
	return AIM_OK;
}

static aim_status check_times(const aim_replay *guard, const aim_replay_use *u, aim_error *err)
{
	aim_status rc =
		aim__replay_window(u->timestamp_us, u->now_us, u->max_age_us, u->max_ahead_us, err);
	return rc == AIM_OK && u->timestamp_us < guard->floor_us ? below_floor(err) : rc;
}

static aim_status digest(const aim_replay *guard, const aim_bytes *parts, size_t n_parts,
                         uint8_t out[AIM__REPLAY_TAG_LEN], aim_error *err)
{
	uint8_t hash[32];
	aim_status rc = aim__sha256(guard->ctx, parts, n_parts, hash);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	memcpy(out, hash, AIM__REPLAY_TAG_LEN);
	return AIM_OK;
}

/* The scope's length stands in front of it, so that no scope and nonce read like another pair. */
static aim_status make_item(const aim_replay *guard, const aim_replay_use *u, aim__replay_item *out,
                            aim_error *err)
{
	const uint8_t framed[2] = {(uint8_t)(u->scope.len >> 8), (uint8_t)u->scope.len};
	const aim_bytes parts[] = {
		{guard->salt, guard->salt_len}, {framed, sizeof framed}, u->scope, u->nonce};
	out->timestamp_us = u->timestamp_us;
	out->now_us = u->now_us;
	aim_status rc = digest(guard, parts, 3, out->scope, err);
	return rc == AIM_OK ? digest(guard, parts, 4, out->nonce, err) : rc;
}

static aim_status explain(aim_status rc, aim_error *err)
{
	if (rc == AIM_E_STALE)
		return below_floor(err);
	if (rc == AIM_E_REPLAY)
		return aim__fail(err, rc, LAYER, "the message was seen before: its nonce is used up");
	if (rc == AIM_E_REPLAY_FULL)
		return aim__fail(err, rc, LAYER,
		                 "the replay guard has no room for another nonce of this key until one expires");
	return rc == AIM_E_NOMEM ? aim__fail_plain(err, rc, LAYER) : rc;
}

static aim_status prepare(const aim_replay *guard, const aim_replay_use *use, aim__replay_item *out,
                          aim_error *err)
{
	aim_replay_use u;
	aim_status rc = read_use(guard, use, &u, err);
	if (rc == AIM_OK)
		rc = check_times(guard, &u, err);
	return rc == AIM_OK ? make_item(guard, &u, out, err) : rc;
}

aim_status aim_replay_check(aim_replay *guard, const aim_replay_use *use, aim_error *err)
{
	aim__replay_item item;
	if (!guard || !use)
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and use are required");
	aim_status rc = prepare(guard, use, &item, err);
	return rc == AIM_OK ? explain(guard->ops->look(guard->home, &item, err), err) : rc;
}

aim_status aim_replay_remember(aim_replay *guard, const aim_replay_use *use, aim_error *err)
{
	aim__replay_item item;
	if (!guard || !use)
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and use are required");
	aim_status rc = prepare(guard, use, &item, err);
	return rc == AIM_OK ? explain(guard->ops->insert(guard->home, &item, err), err) : rc;
}

aim_status aim_replay_purge(aim_replay *guard, int64_t now_us, aim_error *err)
{
	if (!guard)
		return AIM__MISUSE(NULL, "guard is required");
	if (!is_time(now_us))
		return aim__fail(err, AIM_E_TIMESTAMP, LAYER, "now_us is not between the years 1970 and 9999");
	return explain(guard->ops->purge(guard->home, now_us, err), err);
}

aim_status aim_replay_read_stats(aim_replay *guard, aim_replay_stats *out, aim_error *err)
{
	aim_replay_stats s = {.struct_size = sizeof s};
	if (!guard || !out)
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and out are required");
	aim_status rc = explain(guard->ops->stats(guard->home, &s, err), err);
	if (rc != AIM_OK)
		return rc;
	if (s.floor_us < guard->floor_us)
		s.floor_us = guard->floor_us;
	if (s.restart_floor_us < s.floor_us)
		s.restart_floor_us = s.floor_us;
	return aim__sized_out(out, &s, sizeof s, sizeof s);
}
