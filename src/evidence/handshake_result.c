/* evidence/handshake_result.c — outcomes, and the verified ones that are remembered for a while. Layer evidence. */
#include "evidence/handshake.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

static const struct {
	uint32_t from;
	const char *name;
} levels[] = {
	[AIM_HANDSHAKE_UNTRUSTED] = {0, "untrusted"},
	[AIM_HANDSHAKE_PROBATIONARY] = {300, "probationary"},
	[AIM_HANDSHAKE_STANDARD] = {500, "standard"},
	[AIM_HANDSHAKE_TRUSTED] = {700, "trusted"},
	[AIM_HANDSHAKE_VERIFIED_PARTNER] = {900, "verified_partner"},
};
#define N_LEVELS (sizeof levels / sizeof *levels)

uint32_t aim_handshake_level(uint32_t score)
{
	uint32_t level = N_LEVELS - 1;
	while (score < levels[level].from)
		level--;
	return level;
}

const char *aim_handshake_level_name(uint32_t level)
{
	return levels[level < N_LEVELS ? level : AIM_HANDSHAKE_UNTRUSTED].name;
}

aim_handshake_result *aim__handshake_result_new(aim_ctx *ctx)
{
	aim_handshake_result *result = aim__alloc_zeroed(ctx, sizeof *result);
	if (!result)
		return NULL;
	result->ctx = aim__ctx_ref(ctx);
	atomic_init(&result->references, 1);
	aim__arena_init(&result->arena, ctx, 512, 0);
	return result;
}

void aim_handshake_result_free(aim_handshake_result *result)
{
	if (!result || atomic_fetch_sub_explicit(&result->references, 1, memory_order_acq_rel) != 1)
		return;
	aim_ctx *ctx = result->ctx;
	aim__arena_dispose(&result->arena);
	aim__free(ctx, result, sizeof *result);
	aim__ctx_unref(ctx);
}

static aim_handshake_result *ref(aim_handshake_result *result)
{
	atomic_fetch_add_explicit(&result->references, 1, memory_order_relaxed);
	return result;
}

/* ---- remembering; all under the mutex ---- */

static void drop(aim_handshake *h, aim_handshake_result *r)
{
	aim__map_remove(&h->known, aim_bytes_from_str(r->pair), NULL);
	*(r->previous ? &r->previous->next : &h->newest) = r->next;
	*(r->next ? &r->next->previous : &h->oldest) = r->previous;
	aim_handshake_result_free(r);
}

static aim_handshake_result *find(const aim_handshake *h, aim_str pair)
{
	uintptr_t *found = aim__map_find(&h->known, aim_bytes_from_str(pair));
	return found ? (aim_handshake_result *)*found : NULL;
}

/* The oldest goes first: being forgotten costs a peer one more handshake and nothing else. */
static void make_room(aim_handshake *h, int64_t now_us)
{
	while (h->oldest && (h->known.count >= h->known.max || now_us >= h->oldest->expires_us))
		drop(h, h->oldest);
}

void aim__handshake_remember(aim_handshake *h, aim_handshake_result *r, uint64_t epoch, int64_t now_us)
{
	aim__mutex_lock(&h->mutex);
	aim_handshake_result *before = find(h, r->pair);
	if (before)
		drop(h, before);
	make_room(h, now_us);
	if (h->epoch == epoch && aim__map_add(&h->known, aim_bytes_from_str(r->pair), (uintptr_t)r) == AIM_OK) {
		r->expires_us = now_us + h->cache_us;
		r->next = h->newest;
		*(r->next ? &r->next->previous : &h->oldest) = r;
		h->newest = ref(r);
	}
	aim__mutex_unlock(&h->mutex);
}

void aim__handshake_forget_all(aim_handshake *h)
{
	while (h->oldest)
		drop(h, h->oldest);
}

aim_status aim_handshake_forget(aim_handshake *handshake, aim_str peer)
{
	if (!handshake)
		return AIM__MISUSE(NULL, "handshake is required");
	aim__mutex_lock(&handshake->mutex);
	handshake->epoch++;
	for (aim_handshake_result *r = handshake->newest, *next; r; r = next) {
		next = r->next;
		if (aim_str_equal(r->peer, peer))
			drop(handshake, r);
	}
	aim__mutex_unlock(&handshake->mutex);
	return AIM_OK;
}

/* ---- recalling ---- */

static int asked_before(const aim_handshake_result *r, const aim_handshake_spec *spec)
{
	for (size_t i = 0; i < spec->n_capabilities; i++)
		if (!aim__handshake_covers(&r->asked, spec->capabilities[i]))
			return 0;
	return 1;
}

/* One that is good by what is remembered, with a reference. NULL: none. */
static aim_handshake_result *take_known(aim_handshake *h, aim_str pair, const aim_handshake_spec *spec,
                                        const aim_handshake_check *check, int64_t now_us)
{
	aim__mutex_lock(&h->mutex);
	aim_handshake_result *r = find(h, pair);
	if (r && now_us >= r->expires_us) {
		drop(h, r);
		r = NULL;
	}
	/* A clock that stepped back would make a result live longer. */
	if (r && (now_us < r->expires_us - h->cache_us || check->required_score > r->required_score ||
	          !asked_before(r, spec)))
		r = NULL;
	if (r)
		ref(r);
	aim__mutex_unlock(&h->mutex);
	return r;
}

/* Only if it is still the one that is remembered. */
static void drop_known(aim_handshake *h, const aim_handshake_result *r)
{
	aim__mutex_lock(&h->mutex);
	aim_handshake_result *now = find(h, r->pair);
	if (now == r)
		drop(h, now);
	aim__mutex_unlock(&h->mutex);
}

static aim_status recall(aim_handshake *h, aim_str pair, const aim_handshake_spec *spec,
                         const aim_handshake_check *check, int64_t now_us, aim_handshake_result **out, aim_error *err)
{
	aim_handshake_result *r = take_known(h, pair, spec, check, now_us);
	if (!r)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_EVIDENCE, "handshake: no result is remembered that would do");
	aim_status rc = aim__handshake_check_peer(check, r->peer, &r->key, now_us, err);
	if (rc == AIM_OK) {
		*out = r;
		return AIM_OK;
	}
	if (rc == AIM_E_NOT_FOUND || rc == AIM_E_ID_STATUS || rc == AIM_E_UNTRUSTED_KEY) {
		drop_known(h, r);
		rc = aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_EVIDENCE,
		               "handshake: the peer is not what it was when the result was remembered");
	}
	aim_handshake_result_free(r);
	return rc;
}

aim_status aim_handshake_recall(aim_handshake *handshake, const aim_handshake_spec *spec,
                                const aim_handshake_check *check, int64_t now_us, aim_handshake_result **out,
                                aim_error *err)
{
	aim_handshake_spec s = {.struct_size = sizeof s};
	aim_handshake_check c = {.struct_size = sizeof c};
	aim_buf pair;
	if (!handshake || !spec || !check || !out)
		return AIM__MISUSE(handshake ? handshake->ctx : NULL, "handshake, spec, check and out are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, sizeof s, "aim_handshake_spec", err);
	if (rc == AIM_OK && s.flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_spec.flags must be 0 here");
	if (rc == AIM_OK && !s.capabilities && s.n_capabilities > 0)
		return AIM__MISUSE(handshake->ctx, "spec.capabilities is required");
	if (rc == AIM_OK)
		rc = aim__handshake_take_check(handshake->ctx, check, &c, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&pair, handshake->ctx);
	rc = aim__buf_add_str(&pair, s.initiator);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&pair, ' ');
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&pair, s.responder);
	if (rc == AIM_OK)
		rc = recall(handshake, aim_buf_str(&pair), &s, &c, now_us, out, err);
	else
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&pair);
	return rc;
}

/* ---- looking at an outcome ---- */

static const aim_str nothing = {NULL, 0};

int32_t aim_handshake_result_verified(const aim_handshake_result *result)
{
	return result && result->verified;
}

aim_str aim_handshake_result_peer(const aim_handshake_result *result)
{
	return result ? result->peer : nothing;
}

aim_str aim_handshake_result_reason(const aim_handshake_result *result)
{
	return result ? aim_str_from(result->reason) : nothing;
}

uint32_t aim_handshake_result_score(const aim_handshake_result *result)
{
	return result ? result->score : 0;
}

uint32_t aim_handshake_result_claimed_score(const aim_handshake_result *result)
{
	return result ? result->claimed_score : 0;
}

uint32_t aim_handshake_result_level(const aim_handshake_result *result)
{
	return aim_handshake_level(aim_handshake_result_score(result));
}

int64_t aim_handshake_result_latency_us(const aim_handshake_result *result)
{
	return result ? result->latency_us : 0;
}

size_t aim_handshake_result_capability_count(const aim_handshake_result *result)
{
	return result ? result->capabilities.n : 0;
}

aim_str aim_handshake_result_capability_at(const aim_handshake_result *result, size_t index)
{
	return result && index < result->capabilities.n ? result->capabilities.items[index] : nothing;
}
