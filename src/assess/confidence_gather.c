/* assess/confidence_gather.c — the attestations of a server, each judged by itself. Layer assess; only reads. */
#include "assess/confidence.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "crypto/provider.h"

#include <aim/agent.h>
#include <aim/keyring.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

static aim_status no_memory(aim_error *err)
{
	return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
}

static aim_status make_room(aim_confidence *c, size_t n, aim_error *err)
{
	void *items = c->entries;
	aim_status rc = aim__grow(c->ctx, &items, &c->cap, n, sizeof *c->entries, 8, 0);
	c->entries = items;
	return rc == AIM_OK ? AIM_OK : no_memory(err);
}

static aim_status keep(aim_confidence *c, aim_str text, aim_str *out, aim_error *err)
{
	*out = aim__arena_copy(&c->arena, text);
	return out->ptr ? AIM_OK : no_memory(err);
}

/* One line each; no capability holds a line end. */
static aim_status hash_capabilities(const aim_ctx *ctx, const aim_attestation_payload *p, uint8_t out[32],
                                    aim_error *err)
{
	aim_buf text;
	aim_status rc = AIM_OK;
	aim__buf_init(&text, aim__ctx_mutable(ctx));
	for (uint64_t i = 0; rc == AIM_OK && i < p->n_capabilities; i++) {
		rc = aim__buf_add_str(&text, p->capabilities[i]);
		if (rc == AIM_OK)
			rc = aim__buf_add_byte(&text, '\n');
	}
	if (rc == AIM_OK)
		rc = aim__sha256_one(ctx, text.ptr, text.len, out);
	aim__buf_dispose(&text);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

/* The answers of aim_keyring_check() that are about key and subject, and no failure to look them up. */
static uint32_t reason_of(aim_status rc)
{
	switch (rc) {
	case AIM_E_ID_STATUS: return AIM_CONFIDENCE_AGENT;
	case AIM_E_UNTRUSTED_KEY:
	case AIM_E_KEY_REVOKED:
	case AIM_E_KEY_EARLY:
	case AIM_E_EXPIRED: return AIM_CONFIDENCE_KEY;
	default: return 0;
	}
}

static aim_status check_key(const aim__confidence_work *w, const aim_attestation_payload *p, uint32_t *out_reason,
                            aim_error *err)
{
	aim_keyring_entry key = {.struct_size = sizeof key};
	aim_status rc = aim_keyring_check(w->ledger->registry, &p->agent_key, aim__attestation_time_us(p->issued_at_s), 0,
	                                  &key, err);
	int own = key.subject_kind == AIM_KEYRING_AGENT && aim_str_equal(aim_str_from(key.subject), p->agent_id);
	*out_reason = reason_of(rc);
	if (rc == AIM_OK && !own)
		*out_reason = AIM_CONFIDENCE_KEY;
	if (rc != AIM_OK && *out_reason && err)
		aim_error_clear(err);
	return *out_reason ? AIM_OK : rc;
}

static int is_server_key(const aim__confidence_work *w, const aim_attestation_payload *p)
{
	aim_public_key own;
	if (p->flags & AIM_ATTESTATION_SERVER_KEY && memcmp(p->agent_key.bytes, p->server_key.bytes, 32) == 0)
		return 1;
	return aim_server_public_key(w->server, &own) == AIM_OK && memcmp(p->agent_key.bytes, own.bytes, 32) == 0;
}

static aim_status read_trust(const aim__confidence_work *w, aim_confidence_entry *e, aim_error *err)
{
	aim_ledger_trust trust;
	aim_status rc = aim__ledger_trust(w->ledger, e->agent, w->c->summary.as_of_us, &trust, err);
	if (rc != AIM_OK)
		return rc;
	int capped = trust.provisional && trust.micro > AIM_LEDGER_TRUST_FLOOR_MICRO;
	e->provisional = trust.provisional;
	e->trust_micro = capped ? AIM_LEDGER_TRUST_FLOOR_MICRO : trust.micro;
	return AIM_OK;
}

static aim_status read_agent(const aim__confidence_work *w, aim_confidence_entry *e, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = aim_agent_find(w->ledger->registry, e->agent, &agent, err);
	if (rc == AIM_OK)
		rc = keep(w->c, aim_agent_owner(agent), &e->owner, err);
	if (rc == AIM_OK)
		rc = read_trust(w, e, err);
	e->owner_verified = rc == AIM_OK && aim_agent_owner_is_verified(agent);
	aim_agent_free(agent);
	return rc;
}

/* Why a verified payload does not count by itself. AIM_CONFIDENCE_DISCONNECTED comes last: such an attester is in force
 * and can disagree. */
static uint32_t reason_by_itself(const aim__confidence_work *w, const aim_attestation_payload *p,
                                 const aim_confidence_entry *e, uint32_t key_reason)
{
	if (w->c->summary.as_of_us / SECOND_US >= p->expires_at_s)
		return AIM_CONFIDENCE_EXPIRED;
	if (key_reason)
		return key_reason;
	if (is_server_key(w, p))
		return AIM_CONFIDENCE_SERVER_KEY;
	return e->connected ? 0 : AIM_CONFIDENCE_DISCONNECTED;
}

static aim_status judge(const aim__confidence_work *w, const aim_attestation_payload *p, aim_confidence_entry *e,
                        aim_error *err)
{
	uint32_t key_reason = 0;
	e->connected = (p->flags & AIM_ATTESTATION_CONNECTED) != 0;
	e->healthy = (p->flags & AIM_ATTESTATION_HEALTHY) != 0;
	e->latency_us = p->latency_us;
	e->recent = w->c->summary.as_of_us / SECOND_US - p->issued_at_s <= AIM_CONFIDENCE_RECENT_S;
	memcpy(e->manifest_hash, p->manifest_hash, 32);
	aim_status rc = hash_capabilities(w->c->ctx, p, e->capabilities_hash, err);
	if (rc != AIM_OK || e->left_out)
		return rc;
	rc = check_key(w, p, &key_reason, err);
	if (rc != AIM_OK)
		return rc;
	e->left_out = reason_by_itself(w, p, e, key_reason);
	return e->left_out == 0 || e->left_out == AIM_CONFIDENCE_DISCONNECTED ? read_agent(w, e, err) : AIM_OK;
}

static aim_status verify_envelope(aim_ctx *ctx, aim_str envelope, aim_attestation **out)
{
	aim_attestation *a = NULL;
	aim_status rc = aim_attestation_parse(ctx, envelope, &a, NULL);
	const aim_attestation_payload *p = aim_attestation_read(a);
	if (rc == AIM_OK)
		rc = aim_attestation_verify(ctx, envelope, &p->agent_key, p->issued_at_s, out, NULL);
	aim_attestation_free(a);
	return rc;
}

/* It names no server: it is about the one that it was taken for as long as that is called and reached as it says. */
static aim_status verify_interop(const aim__confidence_work *w, const aim__attestation *is, aim_attestation **out)
{
	aim_str payload, signature;
	aim_buf url;
	aim__buf_init(&url, w->c->ctx);
	aim_status rc = aim__ledger_interop_read(w->c->ctx, is->envelope, &w->c->arena, &payload, &signature);
	if (rc == AIM_OK)
		rc = aim__ledger_interop_url(w->server, &url);
	aim_attestationinterop_expected expected = {.struct_size = sizeof expected, .name = aim_server_name(w->server)};
	expected.url = aim_buf_str(&url);
	if (rc == AIM_OK)
		rc = aim_attestationinterop_verify(w->c->ctx, payload, signature, &is->public_key.key, &expected, is->issued_at_s,
		                                   out, NULL);
	aim__buf_dispose(&url);
	return rc;
}

/* AIM_OK with *out NULL and a reason: what is stored is not what this agent signed about this server. */
static aim_status verify(const aim__confidence_work *w, const aim__attestation *is, aim_attestation **out,
                         uint32_t *out_reason, aim_error *err)
{
	int interop = is->form == AIM__ATTESTATION_INTEROP;
	aim_attestation *a = NULL;
	aim_str envelope = {(const char *)is->envelope.ptr, is->envelope.len};
	aim_status rc = interop ? verify_interop(w, is, &a) : verify_envelope(w->c->ctx, envelope, &a);
	const aim_attestation_payload *p = aim_attestation_read(a);
	if (rc == AIM_OK && aim_str_equal(p->agent_id, is->agent) && (interop || aim_str_equal(p->server_id, is->server))) {
		*out = a;
		return AIM_OK;
	}
	aim_attestation_free(a);
	*out_reason = rc == AIM_E_CLAIM && interop ? AIM_CONFIDENCE_MANIFEST : AIM_CONFIDENCE_SIGNATURE;
	return rc == AIM_E_NOMEM || rc == AIM_E_CALLBACK ? aim__fail_plain(err, rc, AIM_LAYER_ASSESS) : AIM_OK;
}

static uint32_t reason_of_row(const aim__confidence_work *w, const aim__attestation *is)
{
	if (is->revoked_us && (!w->past || is->revoked_us <= w->c->summary.as_of_us))
		return AIM_CONFIDENCE_REVOKED;
	return is->recorded_us > w->c->summary.as_of_us ? AIM_CONFIDENCE_EARLY : 0;
}

static aim_status judge_row(const aim__confidence_work *w, const aim__attestation *is, aim_confidence_entry *e,
                            aim_error *err)
{
	aim_attestation *a = NULL;
	memset(e, 0, sizeof *e);
	e->struct_size = sizeof *e;
	e->issued_at_s = is->issued_at_s;
	e->expires_at_s = is->expires_at_s;
	aim_status rc = keep(w->c, is->id, &e->id, err);
	if (rc == AIM_OK)
		rc = keep(w->c, is->agent, &e->agent, err);
	if (rc == AIM_OK)
		rc = verify(w, is, &a, &e->left_out, err);
	if (rc == AIM_OK && a)
		e->left_out = reason_of_row(w, is);
	if (rc == AIM_OK && a)
		rc = judge(w, aim_attestation_read(a), e, err);
	aim_attestation_free(a);
	return rc;
}

static aim_status add_behind(aim__confidence_work *w, const aim_confidence_entry *e, aim_error *err)
{
	void *items = w->behind;
	aim_status rc = aim__grow(w->c->ctx, &items, &w->cap_behind, w->n_behind + 1, sizeof *e, 8, 0);
	w->behind = items;
	if (rc != AIM_OK)
		return no_memory(err);
	w->behind[w->n_behind++] = *e;
	return AIM_OK;
}

/* What an agent saw while it reached the server. */
static aim_status look_behind(aim__confidence_work *w, const aim__attestation *is, aim_error *err)
{
	aim_confidence_entry e;
	aim_status rc = aim__attestation_load(&w->row, is->reached, err);
	if (rc != AIM_OK)
		return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
	if (!aim_str_equal(w->row.is.agent, is->agent) || !aim_str_equal(w->row.is.server, is->server))
		return aim__record_corrupt(aim_buf_bytes(&w->row.key), "reached", err);
	rc = judge_row(w, &w->row.is, &e, err);
	if (rc != AIM_OK)
		return rc;
	w->c->n_bad_behind += e.left_out == AIM_CONFIDENCE_SIGNATURE;
	return e.left_out ? AIM_OK : add_behind(w, &e, err);
}

static aim_status gather_one(void *user, aim__attestation_row *row, aim_error *err)
{
	aim__confidence_work *w = user;
	aim_confidence *c = w->c;
	if (c->n == AIM_CONFIDENCE_MAX_ENTRIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "more than %u attesters of one server",
		                 AIM_CONFIDENCE_MAX_ENTRIES);
	aim_status rc = make_room(c, c->n + 1, err);
	if (rc == AIM_OK)
		rc = judge_row(w, &row->is, &c->entries[c->n++], err);
	return rc == AIM_OK && row->is.reached.len ? look_behind(w, &row->is, err) : rc;
}

static aim_status gather(aim__confidence_work *w, aim_error *err)
{
	const aim_str all = {NULL, 0};
	aim_confidence *c = w->c;
	aim_status rc = aim__attestation_walk(w->ledger->registry, w->server_id, all, w->past ? c->summary.as_of_us : 0,
	                                      gather_one, w, err);
	c->n_all = c->n + w->n_behind;
	if (rc == AIM_OK && w->n_behind)
		rc = make_room(c, c->n_all, err);
	if (rc == AIM_OK && w->n_behind)
		memcpy(c->entries + c->n, w->behind, w->n_behind * sizeof *w->behind);
	return rc;
}

aim_status aim__confidence_gather(aim__confidence_work *w, aim_error *err)
{
	aim__attestation_row_init(&w->row, w->ledger->registry);
	aim_status rc = gather(w, err);
	aim__free(w->c->ctx, w->behind, w->cap_behind * sizeof *w->behind);
	aim__attestation_row_dispose(&w->row);
	return rc;
}
