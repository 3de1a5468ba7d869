/* assess/ledger_submit.c — which attestations are taken. Layer assess.
 *
 * The checks are a table in the order of their promise; none of them writes. The first that fails is the result. The
 * nonce is remembered in the change that records the attestation, so whoever loses a race is told that it is a
 * replay, and a refusal leaves nothing behind. */
#include "assess/ledger.h"

#include <aim/agent.h>
#include <aim/keyring.h>
#include <aim/server.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "evidence/attestation.h"
#include "evidence/replay.h"
#include "identity/check.h"
#include "identity/server.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)
#define WINDOW_US (AIM_LEDGER_WINDOW_S * SECOND_US)

typedef struct submission {
	aim_ledger *ledger;
	aim_ctx *ctx;
	aim_str envelope, actor;
	const aim_ledger_interop *interop; /* NULL: envelope has all */
	aim_buf text;                      /* of what is stored for interop */
	aim_attestation *attestation;
	aim_attestation_payload *p; /* attestation's; NULL until it was read */
	int64_t now_us;
	int authenticated; /* the signature is the agent's */
	char key_id[AIM_KEY_ID_SIZE];
	aim_ledger_receipt receipt;
} submission;

/* ---- the checks ---- */

static aim_status check_form(submission *s, aim_error *err)
{
	const aim_ledger_interop *in = s->interop;
	aim_status rc = in ? aim_attestationinterop_parse(s->ctx, in->payload, in->signature, &s->attestation, err)
	                   : aim_attestation_parse(s->ctx, s->envelope, &s->attestation, err);
	if (rc == AIM_OK)
		s->p = &s->attestation->payload;
	return rc;
}

/* The key that an attestation does not name. */
static aim_status choose_key(submission *s, const aim_agent *agent, aim_error *err)
{
	if (s->interop->public_key)
		s->p->agent_key = *s->interop->public_key;
	else if (aim_agent_public_key(agent, &s->p->agent_key) != AIM_OK)
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_ASSESS, "the attesting agent %.*s has no active key",
		                 AIM__STR(s->p->agent_id));
	return AIM_OK;
}

static aim_status check_agent(submission *s, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = aim_agent_find(s->ledger->registry, s->p->agent_id, &agent, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, AIM_E_ATTESTER, AIM_LAYER_ASSESS, "there is no agent %.*s to attest",
		                 AIM__STR(s->p->agent_id));
	if (rc == AIM_OK && aim_agent_status(agent) != AIM_REGISTRY_VERIFIED)
		rc = aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_ASSESS, "the attesting agent %.*s is %s, not verified",
		               AIM__STR(s->p->agent_id), aim_registry_status_name(aim_agent_status(agent)));
	if (rc == AIM_OK && s->interop)
		rc = choose_key(s, agent, err);
	aim_agent_free(agent);
	return rc;
}

static aim_status check_key(submission *s, aim_error *err)
{
	aim_keyring_entry key = {.struct_size = sizeof key};
	aim_status rc = aim_keyring_check(s->ledger->registry, &s->p->agent_key,
	                                  aim__attestation_time_us(s->p->issued_at_s), 0, &key, err);
	int own = key.subject_kind == AIM_KEYRING_AGENT && aim_str_equal(aim_str_from(key.subject), s->p->agent_id);
	if (key.subject_kind && !own)
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_ASSESS,
		                 "the attestation is signed by a key that is registered for another subject");
	if (rc == AIM_OK && (rc = aim_key_id(s->ctx, &s->p->agent_key, s->key_id)) != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	return rc;
}

static aim_status check_time(submission *s, aim_error *err)
{
	aim_status rc = aim__replay_window(s->p->issued_at_s * SECOND_US, s->now_us, WINDOW_US, WINDOW_US, err);
	if (rc == AIM_OK && s->now_us / SECOND_US >= s->p->expires_at_s)
		rc = aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_ASSESS, "the attestation expired at its expires_at");
	return rc;
}

static aim_status check_nonce(submission *s, aim_error *err)
{
	return aim__attestation_nonce_new(s->ledger->registry, aim_str_from(s->key_id), s->p->nonce, err);
}

static aim_status verify_interop(const submission *s, aim_error *err)
{
	const aim_ledger_interop *in = s->interop;
	const aim_attestationinterop_expected expected = {
		.struct_size = sizeof expected, .name = in->expected_name, .url = in->expected_url};
	return aim_attestationinterop_verify(s->ctx, in->payload, in->signature, &s->p->agent_key, &expected,
	                                     s->p->issued_at_s, NULL, err);
}

/* Of the statuses here AIM_E_CLAIM alone comes after the signature. */
static aim_status check_signature(submission *s, aim_error *err)
{
	aim_status rc = s->interop ? verify_interop(s, err)
	                           : aim_attestation_verify(s->ctx, s->envelope, &s->p->agent_key, s->p->issued_at_s, NULL, err);
	s->authenticated = rc == AIM_OK || rc == AIM_E_CLAIM;
	return rc;
}

/* Takes the server that is called so, when it is reached like that. */
static aim_status match_server(submission *s, const aim_server *server, aim_error *err)
{
	aim_buf url;
	aim__buf_init(&url, s->ctx);
	aim_status rc = aim__ledger_interop_url(server, &url);
	if (rc != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	else if (!aim_str_equal(aim_buf_str(&url), s->interop->expected_url))
		rc = aim__fail(err, AIM_E_CLAIM, AIM_LAYER_ASSESS, "the expected URL is not that of the registered server");
	aim__buf_dispose(&url);
	s->p->server_id = aim__arena_copy(&s->attestation->arena, aim_server_id(server));
	return s->p->server_id.ptr ? rc : aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
}

static aim_status find_server(submission *s, aim_server **out, aim_error *err)
{
	if (!s->interop)
		return aim_server_find(s->ledger->registry, s->p->server_id, out, err);
	aim_status rc = aim_server_find_name(s->ledger->registry, s->interop->expected_name, out, err);
	return rc == AIM_OK ? match_server(s, *out, err) : rc;
}

static aim_status check_server(submission *s, aim_error *err)
{
	aim_server *server = NULL;
	aim_status rc = find_server(s, &server, err);
	if (rc == AIM_OK && aim_server_status(server) == AIM_REGISTRY_REVOKED)
		rc = aim__fail(err, AIM_E_SERVER_REVOKED, AIM_LAYER_ASSESS, "the attested server %.*s is revoked",
		               AIM__STR(s->p->server_id));
	aim_server_free(server);
	return rc;
}

static aim_status check_trust(submission *s, aim_error *err)
{
	aim_ledger_trust trust = {0};
	int64_t floor = s->ledger->options.trust_floor_micro;
	aim_status rc = aim__ledger_trust(s->ledger, s->p->agent_id, s->now_us, &trust, err);
	if (rc != AIM_OK)
		return rc;
	s->receipt.trust_micro = trust.micro;
	if (trust.micro < floor)
		return aim__fail(err, AIM_E_TRUST_FLOOR, AIM_LAYER_ASSESS,
		                 "the attesting agent's trust is %lld millionths; %lld are needed", (long long)trust.micro,
		                 (long long)floor);
	return AIM_OK;
}

typedef aim_status (*rule)(submission *s, aim_error *err);

static const rule before_the_nonce[] = {check_form, check_agent, check_key, check_time};
static const rule from_the_nonce[] = {check_nonce, check_signature, check_server, check_trust};

static aim_status apply(submission *s, const rule *rules, size_t n, aim_error *err)
{
	for (size_t i = 0; i < n; i++) {
		aim_status rc = rules[i](s, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

/* ---- refusals ---- */

/* Any other status says that it could not be judged. */
static const struct {
	aim_status status;
	const char *code;
} refusals[] = {
	{AIM_E_ENVELOPE, "attestation.malformed"},
	{AIM_E_CLAIM, "attestation.claim"},
	{AIM_E_VERSION, "attestation.malformed"},
	{AIM_E_LIMIT, "attestation.malformed"},
	{AIM_E_ATTESTER, "attestation.agent_unknown"},
	{AIM_E_ID_STATUS, "attestation.agent_not_verified"},
	{AIM_E_UNTRUSTED_KEY, "attestation.key_untrusted"},
	{AIM_E_KEY_REVOKED, "attestation.key_revoked"},
	{AIM_E_KEY_EARLY, "attestation.key_early"},
	{AIM_E_KEY, "attestation.key_unusable"},
	{AIM_E_EXPIRED, "attestation.expired"},
	{AIM_E_TIMESTAMP, "attestation.timestamp"},
	{AIM_E_STALE, "attestation.stale"},
	{AIM_E_FUTURE, "attestation.future"},
	{AIM_E_REPLAY, "attestation.replay"},
	{AIM_E_SIGNATURE, "attestation.signature"},
	{AIM_E_NOT_FOUND, "attestation.server_unknown"},
	{AIM_E_SERVER_REVOKED, "attestation.server_revoked"},
	{AIM_E_TRUST_FLOOR, "attestation.trust_floor"},
};

static const char *refusal_code(aim_status status)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].status == status)
			return refusals[i].code;
	return NULL;
}

static void describe_refusal(const submission *s, const char *code, aim_status status, aim_audit_record *r)
{
	r->agent = s->p->agent_id;
	r->user = s->actor;
	r->decision = aim_str_from("deny");
	r->reason_code = aim_str_from(code);
	r->reason = aim_str_from(aim_status_text(status));
}

/* Counts it at the server, when that is in force; the record is part of the same change. */
static aim_status commit_refusal(const submission *s, const char *code, aim_status status, aim_error *err)
{
	aim__batch batch;
	aim__batch_init(&batch, s->ledger->registry);
	aim_status rc = AIM_OK;
	if (s->p->server_id.len)
		rc = aim__server_refused(&batch, s->p->server_id, err);
	if (rc == AIM_E_NOT_FOUND || rc == AIM_E_INVALID || rc == AIM_E_SERVER_REVOKED)
		rc = AIM_OK;
	if (rc == AIM_OK) {
		describe_refusal(s, code, status, aim__batch_record(&batch, "attestation_refused", s->p->server_id, s->now_us));
		rc = batch.n_ops ? aim__record_commit(batch.registry, batch.ops, batch.n_ops, batch.records, batch.n_records, NULL, err)
		                 : aim_audit_append(s->ledger->registry->log, batch.records, NULL, err);
	}
	aim__batch_dispose(&batch);
	return rc;
}

/* As often as others change the same server in between. */
static aim_status record_refusal(const submission *s, const char *code, aim_status status, aim_error *err)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = commit_refusal(s, code, status, err);
	return rc;
}

/* Whoever cannot sign as the agent cannot fill the log either. A refusal that cannot be told is a failure of its own. */
static aim_status tell_refusal(const submission *s, aim_status status, aim_error *err)
{
	aim_error problem = {0};
	const char *code = refusal_code(status);
	if (!code)
		return status;
	aim_status rc = s->authenticated ? record_refusal(s, code, status, &problem)
	                                 : aim_audit_count_failure(s->ledger->registry->log, aim_str_from(code), s->now_us,
	                                                           &problem);
	if (rc == AIM_OK)
		return status;
	if (err)
		*err = problem;
	return rc;
}

/* ---- taking ---- */

/* The payload was sound JSON, so it is sound text. */
static aim_status write_envelope(submission *s, aim_error *err)
{
	if (!s->interop)
		return AIM_OK;
	aim_buf_clear(&s->text);
	aim_status rc = aim__ledger_interop_write(s->interop->payload, s->interop->signature, &s->text);
	s->envelope = aim_buf_str(&s->text);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static aim_status store(submission *s, aim_error *err)
{
	aim_status rc = write_envelope(s, err);
	if (rc != AIM_OK)
		return rc;
	const aim_attestation_payload *p = s->p;
	aim__attestation is = {
		.id = aim_str_from(s->receipt.id),
		.name_space = aim_registry_name_space(s->ledger->registry),
		.server = p->server_id,
		.agent = p->agent_id,
		.key_id = aim_str_from(s->key_id),
		.recorded_by = s->actor,
		.issued_at_s = p->issued_at_s,
		.expires_at_s = p->expires_at_s,
		.recorded_us = s->now_us,
		.connected = (p->flags & AIM_ATTESTATION_CONNECTED) != 0,
		.healthy = (p->flags & AIM_ATTESTATION_HEALTHY) != 0,
		.form = s->interop ? AIM__ATTESTATION_INTEROP : 0,
		.public_key = {s->interop != NULL, p->agent_key},
		.envelope = aim_bytes_from_str(s->envelope),
	};
	return aim__attestation_record(s->ledger, &is, p->nonce, &s->receipt, err);
}

/* As often as others change the same server or live mark in between. */
static aim_status take(submission *s, aim_error *err)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		rc = apply(s, from_the_nonce, sizeof from_the_nonce / sizeof *from_the_nonce, err);
		if (rc == AIM_OK)
			rc = store(s, err);
	}
	return rc;
}

static aim_status submit(submission *s, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(s->ctx, &s->now_us);
	if (rc == AIM_OK)
		rc = aim__id_new(s->ctx, AIM__ATTESTATION_ID_PREFIX, s->now_us, s->receipt.id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	rc = apply(s, before_the_nonce, sizeof before_the_nonce / sizeof *before_the_nonce, err);
	if (rc == AIM_OK)
		rc = take(s, err);
	if (rc != AIM_OK)
		return tell_refusal(s, rc, err);
	/* The attestation is recorded, whatever becomes of the consensus. */
	if (s->ledger->options.flags & AIM_LEDGER_AUTO_VERIFY)
		s->receipt.verify_status = aim__ledger_verify_by_consensus(s->ledger, s->p->server_id, &s->receipt.verified);
	return AIM_OK;
}

static aim_status begin(submission *s, aim_ledger_receipt *out, aim_error *err)
{
	s->ctx = s->ledger->registry->ctx;
	aim__buf_init(&s->text, s->ctx);
	aim_status rc = aim__check_name(s->ctx, "actor", s->actor, 0, err);
	if (rc == AIM_OK)
		rc = submit(s, err);
	aim__buf_dispose(&s->text);
	aim_attestation_free(s->attestation);
	if (rc == AIM_OK && out)
		rc = aim__sized_out(out, &s->receipt, sizeof s->receipt, sizeof s->receipt);
	return rc;
}

aim_status aim_ledger_submit(aim_ledger *ledger, aim_str envelope, aim_str actor, aim_ledger_receipt *out,
                             aim_error *err)
{
	submission s = {.ledger = ledger, .envelope = envelope, .actor = actor, .receipt = {.struct_size = sizeof s.receipt}};
	if (!ledger || (!envelope.ptr && envelope.len > 0) || (out && out->struct_size < sizeof *out))
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL,
		                   "ledger, envelope and a receipt of this size are required");
	return begin(&s, out, err);
}

static aim_status take_interop(aim_ledger_interop *in, const aim_ledger_interop *given, aim_error *err)
{
	aim_status rc = aim__sized_in(in, sizeof *in, given, sizeof *in, "aim_ledger_interop", err);
	if (rc != AIM_OK)
		return rc;
	if (in->flags)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_ledger_interop.flags must be 0");
	if (!in->expected_name.len || !in->expected_url.len)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "the expected name and URL are required");
	return AIM_OK;
}

aim_status aim_ledger_submit_interop(aim_ledger *ledger, const aim_ledger_interop *in, aim_ledger_receipt *out,
                                     aim_error *err)
{
	aim_ledger_interop i = {.struct_size = sizeof i};
	submission s = {.ledger = ledger, .interop = &i, .receipt = {.struct_size = sizeof s.receipt}};
	if (!ledger || !in || (out && out->struct_size < sizeof *out))
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger, in and a receipt of this size are required");
	aim_status rc = take_interop(&i, in, err);
	if (rc != AIM_OK)
		return rc;
	s.actor = i.actor;
	return begin(&s, out, err);
}
