/* evidence/challenge.c — challenges that wait for an answer. Layer evidence; whom to trust comes in as an argument, or
 * from the registry.
 *
 * A pending challenge is found by its first field, 32 random bytes, and taken out before anything of the answer is
 * looked at: of two answers at the same time one finds it, and a wrong one has used it up. */
#include <aim/challenge.h>

#include <aim/keyring.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"
#include "crypto/provider.h"
#include "evidence/challenge_text.h"
#include "evidence/signature.h"

#include <string.h>

AIM__NO_PADDING(aim_challenge_issuer_options, 4 * 4);
AIM__NO_PADDING(aim_challenge_response, 8 + 3 * sizeof(aim_str) + sizeof(aim_bytes) + 3 * sizeof(void *) + 8);

#define DEFAULT_PENDING 1000u
#define CEILING_PENDING 1000000u

typedef struct pending {
	struct pending *next, *previous;
	int64_t expires_at_s;
	size_t text_len;
	size_t server_len;
	char bytes[]; /* the text, then the server's id */
} pending;

struct aim_challenge_issuer {
	aim_ctx *ctx;
	aim__mutex mutex;
	uint32_t life_s;
	aim__map map; /* the first field → pending */
	pending *first;
};

/* ---- pending challenges ---- */

static size_t size_of(const pending *p)
{
	return sizeof *p + p->text_len + p->server_len;
}

static aim_bytes id_of(const char *text)
{
	return (aim_bytes){(const uint8_t *)text, AIM__CHALLENGE_ID_LEN};
}

static pending *new_pending(const aim_ctx *ctx, aim_str text, aim_str server_id, int64_t expires_at_s)
{
	pending *p = aim__alloc_zeroed(ctx, sizeof *p + text.len + server_id.len);
	if (!p)
		return NULL;
	p->expires_at_s = expires_at_s;
	p->text_len = text.len;
	p->server_len = server_id.len;
	memcpy(p->bytes, text.ptr, text.len);
	memcpy(p->bytes + text.len, server_id.ptr, server_id.len);
	return p;
}

/* Under the mutex. */
static void take_out(aim_challenge_issuer *issuer, pending *p)
{
	aim__map_remove(&issuer->map, id_of(p->bytes), NULL);
	*(p->previous ? &p->previous->next : &issuer->first) = p->next;
	if (p->next)
		p->next->previous = p->previous;
}

static void purge(aim_challenge_issuer *issuer, int64_t now_s)
{
	for (pending *p = issuer->first, *next; p; p = next) {
		next = p->next;
		if (now_s < p->expires_at_s)
			continue;
		take_out(issuer, p);
		aim__free(issuer->ctx, p, size_of(p));
	}
}

static aim_status put_in(aim_challenge_issuer *issuer, pending *p, int64_t now_s)
{
	if (issuer->map.count >= issuer->map.max)
		purge(issuer, now_s);
	aim_status rc = aim__map_add(&issuer->map, id_of(p->bytes), (uintptr_t)p);
	if (rc != AIM_OK)
		return rc;
	p->next = issuer->first;
	if (p->next)
		p->next->previous = p;
	issuer->first = p;
	return AIM_OK;
}

/* The pending challenge that text begins like, taken out; NULL when there is none. The caller frees it. */
static pending *take(aim_challenge_issuer *issuer, aim_str text)
{
	if (text.len < AIM__CHALLENGE_ID_LEN)
		return NULL;
	aim__mutex_lock(&issuer->mutex);
	uintptr_t *found = aim__map_find(&issuer->map, id_of(text.ptr));
	pending *p = found ? (pending *)*found : NULL;
	if (p)
		take_out(issuer, p);
	aim__mutex_unlock(&issuer->mutex);
	return p;
}

/* ---- issuing ---- */

static aim_status take_options(aim_challenge_issuer_options *o, const aim_challenge_issuer_options *options,
                               aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_challenge_issuer_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_challenge_issuer_options.flags must be 0");
	if (o->max_pending == 0)
		o->max_pending = DEFAULT_PENDING;
	if (o->life_s == 0)
		o->life_s = AIM_CHALLENGE_MAX_LIFE_S;
	if (o->max_pending > CEILING_PENDING || o->life_s > AIM_CHALLENGE_MAX_LIFE_S)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
		                 "aim_challenge_issuer_options: at most %u pending and %u s", CEILING_PENDING,
		                 AIM_CHALLENGE_MAX_LIFE_S);
	return AIM_OK;
}

aim_status aim_challenge_issuer_new(aim_ctx *ctx, const aim_challenge_issuer_options *options,
                                    aim_challenge_issuer **out, aim_error *err)
{
	aim_challenge_issuer_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_challenge_issuer *issuer = aim__alloc_zeroed(ctx, sizeof *issuer);
	if (!issuer || aim__mutex_init(&issuer->mutex) != AIM_OK) {
		aim__free(ctx, issuer, sizeof *issuer);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	}
	issuer->ctx = aim__ctx_ref(ctx);
	issuer->life_s = o.life_s;
	aim__map_init(&issuer->map, ctx, o.max_pending);
	*out = issuer;
	return AIM_OK;
}

void aim_challenge_issuer_free(aim_challenge_issuer *issuer)
{
	if (!issuer)
		return;
	aim_ctx *ctx = issuer->ctx;
	for (pending *p = issuer->first, *next; p; p = next) {
		next = p->next;
		aim__free(ctx, p, size_of(p));
	}
	aim__map_dispose(&issuer->map);
	aim__mutex_dispose(&issuer->mutex);
	aim__free(ctx, issuer, sizeof *issuer);
	aim__ctx_unref(ctx);
}

uint64_t aim_challenge_pending(aim_challenge_issuer *issuer)
{
	if (!issuer)
		return 0;
	aim__mutex_lock(&issuer->mutex);
	uint64_t n = issuer->map.count;
	aim__mutex_unlock(&issuer->mutex);
	return n;
}

static aim_status remember(aim_challenge_issuer *issuer, aim_str text, aim_str server_id, int64_t now_s,
                           aim_error *err)
{
	pending *p = new_pending(issuer->ctx, text, server_id, now_s + issuer->life_s);
	if (!p)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	aim__mutex_lock(&issuer->mutex);
	aim_status rc = put_in(issuer, p, now_s);
	aim__mutex_unlock(&issuer->mutex);
	if (rc == AIM_OK)
		return AIM_OK;
	aim__free(issuer->ctx, p, size_of(p));
	if (rc == AIM_E_LIMIT)
		return aim__fail(err, rc, AIM_LAYER_EVIDENCE, "%zu challenges wait for their answer already",
		                 issuer->map.max);
	if (rc == AIM_E_EXISTS) /* 32 bytes twice */
		rc = AIM_E_RANDOM;
	return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim_challenge_issue(aim_challenge_issuer *issuer, aim_str server_id, aim_str agent_did, int64_t now_s,
                               aim_buf *out, aim_error *err)
{
	char text[AIM__CHALLENGE_MAX_TEXT];
	uint8_t random[32 + 16];
	if (!issuer || !out)
		return AIM__MISUSE(issuer ? issuer->ctx : NULL, "issuer, server_id, agent_did and out are required");
	if (!aim__challenge_name_ok(server_id) || !aim__challenge_name_ok(agent_did))
		return aim__fail(err, AIM_E_ID_NAME, AIM_LAYER_EVIDENCE,
		                 "challenge: %s is empty, too long, not UTF-8 or holds '|' or control characters",
		                 aim__challenge_name_ok(server_id) ? "agent_did" : "server_id");
	if (now_s > INT64_MAX / 2)
		return AIM__MISUSE(issuer->ctx, "now_s is out of range");
	if (aim__ctx_random(issuer->ctx, random, sizeof random) != AIM_OK)
		return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_EVIDENCE);
	size_t len = aim__challenge_write(random, random + 32, agent_did, now_s, now_s + issuer->life_s, text);
	if (len == 0)
		return AIM__MISUSE(issuer->ctx, "now_s is out of range");
	size_t before = out->len;
	aim_status rc = aim__buf_add(out, text, len);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	rc = remember(issuer, (aim_str){text, len}, server_id, now_s, err);
	if (rc != AIM_OK)
		aim__buf_truncate(out, before);
	return rc;
}

/* ---- verifying ---- */

static aim_status check_signature(const aim_ctx *ctx, const aim_challenge_response *r, aim_error *err)
{
	if (r->signature.len != AIM_KEY_SIGNATURE_LEN)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE, "a signature has 64 bytes; this has %zu",
		                 r->signature.len);
	return aim__ed25519_verify_strict(ctx, r->public_key->bytes, aim_bytes_from_str(r->challenge),
	                                  r->signature.ptr, err);
}

static aim_status untrusted(const char *why, aim_error *err)
{
	return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_EVIDENCE, "challenge: signed by a key that %s", why);
}

/* What the registry says of the key. What it says of the server itself comes last in the order of the checks:
 * *late. The registry is asked for the context's now: a time in whole seconds would call a key early that was
 * registered within this second. */
static aim_status check_registered(const aim_challenge_response *r, aim_status *late, aim_error *err)
{
	aim_keyring_entry entry = {.struct_size = sizeof entry};
	aim_status rc = aim_keyring_check(r->registry, r->public_key, 0, AIM_KEYRING_ALLOW_PENDING, &entry, err);
	if (rc == AIM_E_UNTRUSTED_KEY || rc == AIM_E_KEY_REVOKED)
		return rc;
	if (rc == AIM_E_KEY_EARLY || entry.state == AIM_KEYRING_EXPIRED)
		return untrusted("is not in force", err);
	if (rc != AIM_OK && rc != AIM_E_ID_STATUS && rc != AIM_E_EXPIRED)
		return rc;
	if (entry.subject_kind != AIM_KEYRING_SERVER || !aim_str_equal(aim_str_from(entry.subject), r->server_id))
		return untrusted("is registered for another subject", err);
	*late = rc;
	return AIM_OK;
}

static aim_status check_key(const aim_challenge_response *r, aim_status *late, aim_error *err)
{
	*late = AIM_OK;
	if (r->registry)
		return check_registered(r, late, err);
	return aim__key_among(r->public_key, r->trusted, r->n_trusted) ? AIM_OK
	                                                               : untrusted("is not among the server's", err);
}

/* As it was issued, for the one that has answered and the one that asks. */
static aim_status check_issued(const pending *p, const aim_challenge_response *r, const aim_challenge *c,
                               aim_error *err)
{
	if (!p)
		return aim__fail(err, AIM_E_REPLAY, AIM_LAYER_EVIDENCE, "challenge: answered before, or not issued here");
	if (!aim_str_equal((aim_str){p->bytes, p->text_len}, r->challenge))
		return aim__fail(err, AIM_E_ISSUER, AIM_LAYER_EVIDENCE, "challenge: not as it was issued");
	if (!aim_str_equal((aim_str){p->bytes + p->text_len, p->server_len}, r->server_id))
		return aim__fail(err, AIM_E_ISSUER, AIM_LAYER_EVIDENCE, "challenge: issued for another server");
	if (!aim_str_equal(c->agent_did, r->agent_did))
		return aim__fail(err, AIM_E_ISSUER, AIM_LAYER_EVIDENCE, "challenge: issued for another agent");
	return AIM_OK;
}

static aim_status check(const aim_ctx *ctx, const pending *p, const aim_challenge_response *r, int64_t now_s,
                        aim_error *err)
{
	aim_challenge c = {.struct_size = sizeof c};
	aim_status late;
	aim_status rc = aim__challenge_read(r->challenge, &c, err);
	if (rc == AIM_OK)
		rc = check_signature(ctx, r, err);
	if (rc != AIM_OK)
		return rc;
	rc = check_key(r, &late, err);
	if (rc != AIM_OK)
		return rc;
	if (now_s >= c.expires_at_s)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_EVIDENCE, "challenge: expired at its time");
	rc = check_issued(p, r, &c, err);
	if (rc == AIM_OK && late != AIM_OK)
		return aim__fail(err, AIM_E_ISSUER, AIM_LAYER_EVIDENCE,
		                 "challenge: the server is suspended, revoked or expired in the registry");
	return rc;
}

static aim_status take_response(const aim_ctx *ctx, aim_challenge_response *r,
                                const aim_challenge_response *response, aim_error *err)
{
	aim_status rc = aim__sized_in(r, sizeof *r, response, sizeof *r, "aim_challenge_response", err);
	if (rc != AIM_OK)
		return rc;
	if (r->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_challenge_response.flags must be 0");
	if (!r->challenge.ptr || !r->server_id.ptr || !r->agent_did.ptr || !r->public_key ||
	    (!r->signature.ptr && r->signature.len > 0) || (!r->trusted && r->n_trusted > 0))
		return AIM__MISUSE(ctx, "challenge, server_id, agent_did, signature and public_key are required");
	return AIM_OK;
}

aim_status aim_challenge_verify(aim_challenge_issuer *issuer, const aim_challenge_response *response, int64_t now_s,
                                aim_error *err)
{
	aim_challenge_response r = {.struct_size = sizeof r};
	if (!issuer || !response)
		return AIM__MISUSE(issuer ? issuer->ctx : NULL, "issuer and response are required");
	aim_status rc = take_response(issuer->ctx, &r, response, err);
	if (rc != AIM_OK)
		return rc;
	pending *p = take(issuer, r.challenge);
	rc = check(issuer->ctx, p, &r, now_s, err);
	if (p)
		aim__free(issuer->ctx, p, size_of(p));
	return rc;
}
