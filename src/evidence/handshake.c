/* evidence/handshake.c — challenges that wait for their response, and the verdict. Layer evidence.
 *
 * A pending challenge is taken out as soon as a response names it: of two responses at once one finds it, and a wrong
 * one has used it up. */
#include "evidence/handshake.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/key.h"
#include "identity/pattern.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_handshake_options, 24);
AIM__NO_PADDING(aim_handshake_spec, 8 + 6 * P);
AIM__NO_PADDING(aim_handshake_compat_answer, 8 + 6 * P);
#undef P

#define DEFAULT_PENDING 1000u
#define CEILING_PENDING 100000u
#define DEFAULT_LIFE_S 30u
#define CEILING_LIFE_S 300u
#define DEFAULT_CACHE_S 900u
#define CEILING_CACHE_S 86400u

/* ---- the handle ---- */

static aim_status take_options(const aim_handshake_options *options, aim_handshake_options *o, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_handshake_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0 || o->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_options.flags and reserved must be 0");
	if (o->max_pending > CEILING_PENDING || o->life_s > CEILING_LIFE_S || o->cache_s > CEILING_CACHE_S)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
		                 "aim_handshake_options: at most %u pending, %u s of life and %u s of cache",
		                 CEILING_PENDING, CEILING_LIFE_S, CEILING_CACHE_S);
	o->max_pending = o->max_pending ? o->max_pending : DEFAULT_PENDING;
	o->life_s = o->life_s ? o->life_s : DEFAULT_LIFE_S;
	o->cache_s = o->cache_s ? o->cache_s : DEFAULT_CACHE_S;
	return AIM_OK;
}

aim_status aim_handshake_new(aim_ctx *ctx, const aim_handshake_options *options, aim_handshake **out, aim_error *err)
{
	aim_handshake_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_handshake *h = aim__alloc_zeroed(ctx, sizeof *h);
	if (!h || aim__mutex_init(&h->mutex) != AIM_OK) {
		aim__free(ctx, h, sizeof *h);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	}
	h->ctx = aim__ctx_ref(ctx);
	h->life_us = (int64_t)o.life_s * 1000000;
	h->cache_us = (int64_t)o.cache_s * 1000000;
	aim__map_init(&h->waiting, ctx, o.max_pending);
	aim__map_init(&h->known, ctx, o.max_pending);
	*out = h;
	return AIM_OK;
}

static void free_pending(const aim_ctx *ctx, aim__handshake_pending *p)
{
	if (!p)
		return;
	aim__arena_dispose(&p->arena);
	aim__free(ctx, p, sizeof *p);
}

void aim_handshake_free(aim_handshake *h)
{
	if (!h)
		return;
	aim_ctx *ctx = h->ctx;
	for (aim__handshake_pending *p = h->first, *next; p; p = next) {
		next = p->next;
		free_pending(ctx, p);
	}
	aim__handshake_forget_all(h);
	aim__map_dispose(&h->known);
	aim__map_dispose(&h->waiting);
	aim__mutex_dispose(&h->mutex);
	aim__free(ctx, h, sizeof *h);
	aim__ctx_unref(ctx);
}

uint64_t aim_handshake_pending(aim_handshake *h)
{
	if (!h)
		return 0;
	aim__mutex_lock(&h->mutex);
	uint64_t n = h->waiting.count;
	aim__mutex_unlock(&h->mutex);
	return n;
}

/* ---- pending challenges; the first three under the mutex ---- */

static void take_out(aim_handshake *h, aim__handshake_pending *p)
{
	aim__map_remove(&h->waiting, aim_bytes_from_str(p->challenge.challenge), NULL);
	*(p->previous ? &p->previous->next : &h->first) = p->next;
	if (p->next)
		p->next->previous = p->previous;
}

static void purge(aim_handshake *h, int64_t now_us)
{
	for (aim__handshake_pending *p = h->first, *next; p; p = next) {
		next = p->next;
		if (now_us < p->challenge.expires_us)
			continue;
		take_out(h, p);
		free_pending(h->ctx, p);
	}
}

static aim_status put_in(aim_handshake *h, aim__handshake_pending *p, int64_t now_us)
{
	if (h->waiting.count >= h->waiting.max)
		purge(h, now_us);
	aim_status rc = aim__map_add(&h->waiting, aim_bytes_from_str(p->challenge.challenge), (uintptr_t)p);
	if (rc != AIM_OK)
		return rc;
	p->next = h->first;
	if (p->next)
		p->next->previous = p;
	h->first = p;
	return AIM_OK;
}

static aim__handshake_pending *take(aim_handshake *h, aim_str id)
{
	aim__mutex_lock(&h->mutex);
	uintptr_t *found = aim__map_find(&h->waiting, aim_bytes_from_str(id));
	aim__handshake_pending *p = found ? (aim__handshake_pending *)*found : NULL;
	if (p) {
		take_out(h, p);
		p->epoch = h->epoch;
	}
	aim__mutex_unlock(&h->mutex);
	return p;
}

static aim_status wait_for(aim_handshake *h, aim__handshake_pending *p, int64_t now_us, aim_error *err)
{
	aim__mutex_lock(&h->mutex);
	aim_status rc = put_in(h, p, now_us);
	aim__mutex_unlock(&h->mutex);
	if (rc == AIM_E_LIMIT)
		return aim__fail(err, rc, AIM_LAYER_EVIDENCE, "%zu challenges wait for their response already",
		                 h->waiting.max);
	if (rc == AIM_E_EXISTS) /* 64 random bits twice */
		rc = AIM_E_RANDOM;
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* ---- beginning ---- */

static aim_status copy_list(aim__arena *arena, const aim__text_list *from, aim__text_list *to)
{
	aim_str *items = from->n ? aim__arena_array(arena, from->n, sizeof *items) : NULL;
	to->n = 0;
	to->items = items;
	if (from->n && !items)
		return AIM_E_NOMEM;
	for (size_t i = 0; i < from->n; i++, to->n++) {
		items[i] = aim__arena_copy(arena, from->items[i]);
		if (!items[i].ptr)
			return AIM_E_NOMEM;
	}
	return AIM_OK;
}

/* What is kept of a challenge, its text copied. */
static aim_status keep(aim__handshake_pending *p, const aim__handshake_message *m)
{
	aim__handshake_message *c = &p->challenge;
	aim_str *texts[] = {&c->challenge, &c->initiator, &c->responder, &c->nonce, &c->freshness};
	*c = *m;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i]->len == 0)
			continue;
		*texts[i] = aim__arena_copy(&p->arena, *texts[i]);
		if (!texts[i]->ptr)
			return AIM_E_NOMEM;
	}
	return copy_list(&p->arena, &m->capabilities, &c->capabilities);
}

static aim_status sign_challenge(aim_handshake *h, const aim_key *key, aim__handshake_message *m, int64_t now_us,
                                 aim_buf *out, aim_error *err)
{
	aim__handshake_pending *p = aim__alloc_zeroed(h->ctx, sizeof *p);
	size_t before = out->len;
	if (!p)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	aim__arena_init(&p->arena, h->ctx, 512, 0);
	p->begun_steady_us = aim__ctx_steady_us(h->ctx);
	aim_status rc = aim__handshake_sign(&aim__handshake_challenge, m, key, out, p->hash, err);
	if (rc == AIM_OK && (rc = keep(p, m)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	if (rc == AIM_OK)
		rc = wait_for(h, p, now_us, err);
	if (rc != AIM_OK) {
		aim__buf_truncate(out, before);
		free_pending(h->ctx, p);
	}
	return rc;
}

static aim_status take_spec(const aim_handshake_spec *spec, aim_handshake_spec *out, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, spec, sizeof *out, "aim_handshake_spec", err);
	if (rc == AIM_OK && out->flags & ~AIM_HANDSHAKE_FRESHNESS)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_spec.flags has an unknown bit");
	return rc;
}

aim_status aim_handshake_begin(aim_handshake *h, const aim_key *key, const aim_handshake_spec *spec, int64_t now_us,
                               aim_buf *out, aim_error *err)
{
	aim_handshake_spec s = {.struct_size = sizeof s};
	char id[AIM__HANDSHAKE_ID_LEN + 1] = "challenge_";
	char nonce[AIM__HANDSHAKE_NONCE_LEN + 1], freshness[AIM__HANDSHAKE_FRESH_LEN + 1];
	if (!h || !key || !spec || !out)
		return AIM__MISUSE(h ? h->ctx : NULL, "handshake, key, spec and out are required");
	if (now_us <= 0 || now_us > INT64_MAX / 2)
		return AIM__MISUSE(h->ctx, "now_us is out of range");
	aim_status rc = take_spec(spec, &s, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__handshake_random_hex(h->ctx, 16, id + 10);
	if (rc == AIM_OK)
		rc = aim__handshake_random_hex(h->ctx, AIM__HANDSHAKE_NONCE_LEN, nonce);
	if (rc == AIM_OK)
		rc = aim__handshake_random_hex(h->ctx, AIM__HANDSHAKE_FRESH_LEN, freshness);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__handshake_message m = {.challenge = aim_str_from(id), .nonce = aim_str_from(nonce)};
	m.initiator = s.initiator;
	m.responder = s.responder;
	m.capabilities = (aim__text_list){s.capabilities, s.n_capabilities};
	m.status = aim_str_from("pending");
	if (s.flags & AIM_HANDSHAKE_FRESHNESS)
		m.freshness = aim_str_from(freshness);
	m.created_us = now_us;
	m.expires_us = now_us + h->life_us;
	return sign_challenge(h, key, &m, now_us, out, err);
}

/* ---- finishing ---- */

/* One response in work. */
typedef struct judging {
	aim_handshake *h;
	aim__handshake_message response;
	const aim_handshake_compat_answer *compat; /* NULL: a response in JSON */
	aim_handshake_check check;
	int64_t now_us;
	aim__handshake_pending *pending;
	aim_handshake_result *result;
	aim_error *err; /* never NULL: the caller's or own */
	aim_error own;
} judging;

static aim_status refuse(judging *j, aim_status status, const char *why)
{
	return aim__fail(j->err, status, AIM_LAYER_EVIDENCE, "handshake: %s", why);
}

/* That it answers this challenge and no other. The compatibility form says so with its nonce alone. */
static aim_status check_challenge(judging *j)
{
	const aim__handshake_message *r = &j->response, *c = &j->pending->challenge;
	if (j->now_us >= c->expires_us)
		return refuse(j, AIM_E_EXPIRED, "the challenge is expired");
	if (j->now_us < c->created_us)
		return refuse(j, AIM_E_EXPIRED, "the clock is behind the challenge");
	if (!aim_str_equal(r->responder, c->responder) || (!j->compat && !aim_str_equal(r->initiator, c->initiator)))
		return refuse(j, AIM_E_CLAIM, "the response is between other peers");
	if (j->compat ? !aim_str_equal(j->compat->parts->nonce, c->nonce)
	              : memcmp(r->challenge_hash, j->pending->hash, sizeof r->challenge_hash) != 0)
		return refuse(j, AIM_E_CLAIM, "the response is to another challenge of that id");
	return AIM_OK;
}

static aim_status check_signature(judging *j)
{
	const aim_public_key *key = &j->response.public_key.key;
	if (j->compat)
		return aim_handshake_compat_verify(j->h->ctx, key, j->compat->parts, j->compat->signature, j->err);
	return aim__handshake_check_signature(&aim__handshake_response, j->h->ctx, &j->response, key, NULL, j->err);
}

static aim_status check_terms(judging *j)
{
	const aim__handshake_message *r = &j->response, *c = &j->pending->challenge;
	if (!aim_str_equal(r->freshness, c->freshness))
		return refuse(j, AIM_E_STALE, "the freshness nonce is not the challenge's");
	if (j->check.score < j->check.required_score)
		return aim__fail(j->err, AIM_E_HANDSHAKE_SCORE, AIM_LAYER_EVIDENCE,
		                 "handshake: the peer's score is %u; %u is required", j->check.score,
		                 j->check.required_score);
	for (size_t i = 0; i < c->capabilities.n; i++)
		if (!aim__handshake_covers(&r->capabilities, c->capabilities.items[i]))
			return aim__fail(j->err, AIM_E_HANDSHAKE_CAPABILITY, AIM_LAYER_EVIDENCE,
			                 "handshake: the peer does not have %.*s", AIM__STR(c->capabilities.items[i]));
	return AIM_OK;
}

/* All of it, in the order that the header promises. */
static aim_status judge(judging *j)
{
	j->pending = take(j->h, j->response.challenge);
	if (!j->pending)
		return refuse(j, AIM_E_REPLAY, "no such challenge is pending: answered before, or never begun");
	aim_status rc = check_challenge(j);
	if (rc == AIM_OK)
		rc = check_signature(j);
	if (rc != AIM_OK)
		return rc;
	j->result->claimed_score = j->compat ? 0 : (uint32_t)j->response.claimed_score;
	rc = aim__handshake_check_peer(&j->check, j->response.responder, &j->response.public_key.key, j->now_us, j->err);
	return rc == AIM_OK ? check_terms(j) : rc;
}

/* Text that the outcome keeps. */
static aim_status fill(judging *j, aim_status verdict)
{
	aim_handshake_result *r = j->result;
	aim_buf pair;
	if (!j->pending)
		return AIM_OK;
	const aim__handshake_message *c = &j->pending->challenge;
	r->latency_us = aim__ctx_steady_us(j->h->ctx) - j->pending->begun_steady_us;
	r->peer = aim__arena_copy(&r->arena, c->responder);
	if (!r->peer.ptr || verdict != AIM_OK)
		return r->peer.ptr ? AIM_OK : AIM_E_NOMEM;
	r->score = j->check.score;
	r->required_score = j->check.required_score;
	r->key = j->response.public_key.key;
	aim__buf_init(&pair, j->h->ctx);
	aim_status rc = aim__buf_add_str(&pair, c->initiator);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&pair, ' ');
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&pair, c->responder);
	if (rc == AIM_OK) {
		r->pair = aim__arena_copy(&r->arena, aim_buf_str(&pair));
		rc = r->pair.ptr ? copy_list(&r->arena, &j->response.capabilities, &r->capabilities) : AIM_E_NOMEM;
	}
	aim__buf_dispose(&pair);
	return rc == AIM_OK ? copy_list(&r->arena, &c->capabilities, &r->asked) : rc;
}

/* Statuses that are a verdict on the peer; all others say that there is none. */
static int is_verdict(aim_status status)
{
	static const aim_status verdicts[] = {AIM_OK, AIM_E_ENVELOPE, AIM_E_REPLAY, AIM_E_EXPIRED, AIM_E_CLAIM,
	                                      AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_NOT_FOUND, AIM_E_ID_STATUS,
	                                      AIM_E_UNTRUSTED_KEY, AIM_E_STALE, AIM_E_HANDSHAKE_SCORE,
	                                      AIM_E_HANDSHAKE_CAPABILITY};
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (status == verdicts[i])
			return 1;
	return 0;
}

/* Completes the outcome, remembers it when it is good, and hands it out when it is a verdict. */
static aim_status conclude(judging *j, aim_status verdict, aim_handshake_result **out)
{
	aim_status rc = is_verdict(verdict) ? fill(j, verdict) : verdict;
	if (rc != verdict && rc != AIM_OK)
		(void)aim__fail_plain(j->err, rc, AIM_LAYER_EVIDENCE);
	if (rc != AIM_OK) {
		aim_handshake_result_free(j->result);
		return rc;
	}
	aim__format(j->result->reason, sizeof j->result->reason, "%s", verdict == AIM_OK ? "verified" : j->err->message);
	if (verdict == AIM_OK) {
		j->result->verified = 1;
		aim__handshake_remember(j->h, j->result, j->pending->epoch, j->now_us);
	}
	if (out)
		*out = j->result;
	else
		aim_handshake_result_free(j->result);
	return verdict;
}

static aim_status begin_judging(judging *j, aim_handshake *h, const aim_handshake_check *check, int64_t now_us,
                                aim_error *err)
{
	memset(j, 0, sizeof *j);
	j->check.struct_size = sizeof j->check;
	j->h = h;
	j->now_us = now_us;
	j->err = err ? err : &j->own;
	return aim__handshake_take_check(h->ctx, check, &j->check, err);
}

static aim_status finish(judging *j, aim_status read, aim_handshake_result **out)
{
	j->result = aim__handshake_result_new(j->h->ctx);
	if (!j->result)
		return aim__fail_plain(j->err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	aim_status rc = conclude(j, read == AIM_OK ? judge(j) : read, out);
	free_pending(j->h->ctx, j->pending);
	return rc;
}

aim_status aim_handshake_finish(aim_handshake *h, aim_bytes response, const aim_handshake_check *check, int64_t now_us,
                                aim_handshake_result **out, aim_error *err)
{
	aim__arena arena;
	judging j;
	if (out)
		*out = NULL;
	if (!h || !check || (!response.ptr && response.len > 0))
		return AIM__MISUSE(h ? h->ctx : NULL, "handshake, response and check are required");
	aim_status rc = begin_judging(&j, h, check, now_us, err);
	if (rc != AIM_OK)
		return rc;
	aim__arena_init(&arena, h->ctx, 1024, 0);
	rc = aim__handshake_read(&aim__handshake_response, h->ctx, response, &arena, &j.response, j.err);
	rc = finish(&j, rc, out);
	aim__arena_dispose(&arena);
	return rc;
}

static int all_capabilities(const aim_str *items, size_t n)
{
	if (n > AIM_HANDSHAKE_MAX_ITEMS)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!aim__capability_valid(items[i], 1))
			return 0;
	return 1;
}

/* The answer as a response, without what the form does not have. */
static aim_status read_compat(judging *j, const aim_handshake_compat_answer *a)
{
	char text[AIM__HANDSHAKE_COMPAT_MAX];
	aim__handshake_message *r = &j->response;
	if (!aim__handshake_compat_text(a->parts, text) || !all_capabilities(a->capabilities, a->n_capabilities))
		return refuse(j, AIM_E_ENVELOPE, "the answer is not of the compatibility form");
	j->compat = a;
	r->challenge = a->parts->id;
	r->responder = a->parts->did;
	r->freshness = a->parts->freshness;
	r->capabilities = (aim__text_list){a->capabilities, a->n_capabilities};
	r->public_key.present = 1;
	r->public_key.key = *a->public_key;
	return AIM_OK;
}

static aim_status take_answer(const aim_ctx *ctx, const aim_handshake_compat_answer *answer,
                              aim_handshake_compat_answer *out, aim_handshake_compat *parts, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, answer, sizeof *out, "aim_handshake_compat_answer", err);
	if (rc != AIM_OK)
		return rc;
	if (!out->parts || !out->public_key || (!out->signature.ptr && out->signature.len > 0) ||
	    (!out->capabilities && out->n_capabilities > 0))
		return AIM__MISUSE(ctx, "parts, public_key, signature and capabilities are required");
	rc = aim__sized_in(parts, sizeof *parts, out->parts, sizeof *parts, "aim_handshake_compat", err);
	if (rc == AIM_OK && (out->flags != 0 || parts->flags != 0))
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_compat_answer.flags must be 0");
	out->parts = parts;
	return rc;
}

aim_status aim_handshake_finish_compat(aim_handshake *h, const aim_handshake_compat_answer *answer,
                                       const aim_handshake_check *check, int64_t now_us, aim_handshake_result **out,
                                       aim_error *err)
{
	aim_handshake_compat_answer a = {.struct_size = sizeof a};
	aim_handshake_compat parts = {.struct_size = sizeof parts};
	judging j;
	if (out)
		*out = NULL;
	if (!h || !answer || !check)
		return AIM__MISUSE(h ? h->ctx : NULL, "handshake, answer and check are required");
	aim_status rc = begin_judging(&j, h, check, now_us, err);
	if (rc == AIM_OK)
		rc = take_answer(h->ctx, answer, &a, &parts, err);
	if (rc != AIM_OK)
		return rc;
	rc = read_compat(&j, &a);
	return finish(&j, rc, out);
}
