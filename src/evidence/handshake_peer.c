/* evidence/handshake_peer.c — whether a peer is who the registry or the caller knows, and the answers of a peer.
 * Layer evidence; scores come in as arguments. */
#include "evidence/handshake.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/key.h"
#include "identity/delegation_keys.h"

#include <aim/agent.h>
#include <aim/keyring.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_handshake_terms, 8 + 4 * P + P + 2 * P + 8);
AIM__NO_PADDING(aim_handshake_check, 8 + 2 * P + 8);
#undef P

#define AHEAD_US (INT64_C(30) * 1000000)

/* ---- the verifier's side ---- */

aim_status aim__handshake_take_check(const aim_ctx *ctx, const aim_handshake_check *check, aim_handshake_check *out,
                                     aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, check, sizeof *out, "aim_handshake_check", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_check.flags must be 0");
	if (!out->registry && !out->peer_key)
		return AIM__MISUSE(ctx, "a registry or the peer's key is required");
	if (out->score > AIM_HANDSHAKE_MAX_SCORE || out->required_score > AIM_HANDSHAKE_MAX_SCORE)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "a score is at most %u", AIM_HANDSHAKE_MAX_SCORE);
	return AIM_OK;
}

static int same_key(const aim_public_key *a, const aim_public_key *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static aim_status other_key(aim_error *err)
{
	return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_EVIDENCE, "handshake: the peer's key is not its registered one");
}

/* Any key of the agent that counts now: while it rotates, both the new one and the old one do. */
static aim_status check_registered_key(aim_registry *registry, const aim_agent *agent, const aim_public_key *key,
                                       int64_t now_us, aim_error *err)
{
	aim_keyring_entry entry = {.struct_size = sizeof entry};
	aim_status rc = aim_keyring_check(registry, key, now_us, 0, &entry, err);
	if (rc == AIM_OK && aim_str_equal(aim_str_from(entry.subject), aim_agent_id(agent)))
		return AIM_OK;
	if (rc == AIM_OK || rc == AIM_E_UNTRUSTED_KEY || rc == AIM_E_KEY_REVOKED || rc == AIM_E_KEY_EARLY ||
	    rc == AIM_E_EXPIRED)
		return other_key(err);
	return rc;
}

static aim_status check_registered(aim_registry *registry, aim_str did, const aim_public_key *key, int64_t now_us,
                                   aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = aim__agent_by_did(registry, did, &agent, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, AIM_LAYER_EVIDENCE, "handshake: no agent %.*s is registered", AIM__STR(did));
	if (rc != AIM_OK)
		return rc;
	if (!aim_agent_is_active(agent, now_us))
		rc = aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_EVIDENCE, "handshake: agent %.*s is not active",
		               AIM__STR(aim_agent_id(agent)));
	else
		rc = check_registered_key(registry, agent, key, now_us, err);
	aim_agent_free(agent);
	return rc;
}

aim_status aim__handshake_check_peer(const aim_handshake_check *check, aim_str did, const aim_public_key *key,
                                     int64_t now_us, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (check->registry)
		rc = check_registered(check->registry, did, key, now_us, err);
	if (rc == AIM_OK && check->peer_key && !same_key(check->peer_key, key))
		rc = other_key(err);
	return rc;
}

/* ---- the peer's side ---- */

static aim_status take_terms(const aim_ctx *ctx, const aim_handshake_terms *terms, aim_handshake_terms *out,
                             aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, terms, sizeof *out, "aim_handshake_terms", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_terms.flags and reserved must be 0");
	if (!out->initiator_key || out->responder.len == 0)
		return AIM__MISUSE(ctx, "responder and initiator_key are required");
	return AIM_OK;
}

/* Signed by the initiator, for this peer, in force now. */
static aim_status check_challenge(aim_ctx *ctx, const aim__handshake_message *challenge,
                                  const aim_handshake_terms *terms, int64_t now_us, uint8_t hash[32], aim_error *err)
{
	aim_status rc = aim__handshake_check_signature(&aim__handshake_challenge, ctx, challenge, terms->initiator_key,
	                                               hash, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(challenge->responder, terms->responder) ||
	    (terms->initiator.len && !aim_str_equal(challenge->initiator, terms->initiator)))
		return aim__fail(err, AIM_E_CLAIM, AIM_LAYER_EVIDENCE, "handshake: a challenge between other peers");
	if (now_us >= challenge->expires_us)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_EVIDENCE, "handshake: the challenge is expired");
	if (challenge->created_us - AHEAD_US > now_us) /* created_us is a time since 1970: nothing overflows */
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_EVIDENCE, "handshake: the challenge was made ahead of the clock");
	return AIM_OK;
}

static aim_status answer(aim_ctx *ctx, const aim_key *key, const aim__handshake_message *challenge,
                         const aim_handshake_terms *terms, const uint8_t hash[32], aim_buf *out, aim_error *err)
{
	char nonce[AIM__HANDSHAKE_NONCE_LEN + 1];
	aim__handshake_message m;
	aim_status rc = aim__handshake_random_hex(ctx, AIM__HANDSHAKE_NONCE_LEN, nonce);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	memset(&m, 0, sizeof m);
	m.challenge = challenge->challenge;
	m.initiator = challenge->initiator;
	m.responder = challenge->responder;
	m.freshness = challenge->freshness;
	m.nonce = aim_str_from(nonce);
	m.capabilities = (aim__text_list){terms->capabilities, terms->n_capabilities};
	m.claimed_score = terms->claimed_score;
	m.public_key.present = 1;
	m.public_key.key = *aim__key_public(key);
	memcpy(m.challenge_hash, hash, sizeof m.challenge_hash);
	return aim__handshake_sign(&aim__handshake_response, &m, key, out, NULL, err);
}

aim_status aim_handshake_respond(const aim_key *key, aim_bytes challenge, const aim_handshake_terms *terms,
                                 int64_t now_us, aim_buf *out, aim_error *err)
{
	aim_handshake_terms t = {.struct_size = sizeof t};
	aim__handshake_message m;
	aim__arena arena;
	uint8_t hash[32];
	if (!key || !terms || !out || (!challenge.ptr && challenge.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, challenge, terms and out are required");
	aim_ctx *ctx = aim__key_ctx(key);
	aim_status rc = take_terms(ctx, terms, &t, err);
	if (rc != AIM_OK)
		return rc;
	aim__arena_init(&arena, ctx, 1024, 0);
	rc = aim__handshake_read(&aim__handshake_challenge, ctx, challenge, &arena, &m, err);
	if (rc == AIM_OK)
		rc = check_challenge(ctx, &m, &t, now_us, hash, err);
	if (rc == AIM_OK)
		rc = answer(ctx, key, &m, &t, hash, out, err);
	aim__arena_dispose(&arena);
	return rc;
}
