/* evidence/agentsig.c — the profile aim-agent. Layer evidence. */
#include <aim/agentsig.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/key.h"
#include "evidence/replay.h"
#include "evidence/signed.h"
#include "store/id.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE
#define SIGNERS AIM__KEY_BIT(AIM_KEY_AGENT)

#define MAX_METHOD 64u
#define MAX_PATH 8192u
#define MAX_AGENT_ID 256u
#define MAX_PUBLIC_KEY 512u
#define MAX_PARTS 7u

AIM__NO_PADDING(aim_agentsig_request, sizeof(uint32_t) * 2 + sizeof(aim_str) * 2 + sizeof(aim_bytes));
AIM__NO_PADDING(aim_agentsig_headers, sizeof(uint32_t) * 2 + sizeof(aim_str) * 4);

static aim_status read_request(const aim_ctx *ctx, const aim_agentsig_request *in,
                               aim_agentsig_request *r, aim_error *err)
{
	*r = (aim_agentsig_request){.struct_size = sizeof *r};
	aim_status rc = aim__sized_in(r, sizeof *r, in, sizeof *r, "aim_agentsig_request", err);
	if (rc != AIM_OK)
		return rc;
	if (r->flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_agentsig_request.flags must be 0");
	if (!r->body.ptr && r->body.len > 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "a body without bytes");
	if (r->body.len > ctx->limits.max_message_bytes)
		return aim__fail(err, AIM_E_LIMIT, LAYER,
		                 "the body of %zu bytes is over limits.max_message_bytes", r->body.len);
	rc = aim__field_check_token(r->method, "method", MAX_METHOD, err);
	if (rc == AIM_OK)
		rc = aim__field_check(r->path, "path", MAX_PATH, err);
	if (rc == AIM_OK && r->path.ptr[0] != '/')
		rc = aim__fail(err, AIM_E_HEADER, LAYER, "path does not begin with '/'");
	return rc;
}

/* A method holds no '/' and no '{', so these bytes begin like no labelled format and like no body that
 * the profile mcp signs. */
static size_t make_parts(const aim_agentsig_request *r, aim_str timestamp, aim_bytes parts[MAX_PARTS])
{
	const aim_bytes line_end = aim_bytes_from("\n", 1);
	const aim_bytes all[MAX_PARTS] = {aim_bytes_from_str(r->method), line_end,
	                                  aim_bytes_from_str(r->path), line_end,
	                                  aim_bytes_from_str(timestamp), line_end, r->body};
	memcpy(parts, all, sizeof all);
	return r->body.len > 0 ? MAX_PARTS : MAX_PARTS - 2;
}

aim_status aim_agentsig_sign(const aim_key *key, const aim_agentsig_request *request, int64_t now_us,
                             aim_agentsig_values *out, aim_error *err)
{
	aim_agentsig_request r;
	aim_agentsig_values v;
	aim_bytes parts[MAX_PARTS];
	if (!key || !request || !out)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, request and out are required");
	memset(&v, 0, sizeof v);
	aim_status rc = read_request(aim__key_ctx(key), request, &r, err);
	if (rc == AIM_OK)
		rc = aim__timestamp_write(now_us, v.timestamp, err);
	if (rc != AIM_OK)
		return rc;
	const aim_public_key *public_key = aim__key_public(key);
	const aim_bytes bytes = {public_key->bytes, sizeof public_key->bytes};
	aim__encoding_write(AIM_ENCODING_BASE64, bytes, v.public_key);
	size_t n = make_parts(&r, aim_str_from(v.timestamp), parts);
	rc = aim__signed_sign(key, SIGNERS, parts, n, v.signature, err);
	if (rc == AIM_OK)
		*out = v;
	return rc;
}

aim_status aim_agentsig_read_headers(const aim_headers *headers, aim_agentsig_headers *out,
                                     aim_error *err)
{
	aim_agentsig_headers h = {.struct_size = sizeof h};
	if (!headers || !out)
		return AIM__MISUSE(NULL, "headers and out are required");
	aim_status rc = aim_headers_one(headers, aim_str_from(AIM_AGENTSIG_AGENT_ID), &h.agent_id, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_AGENTSIG_TIMESTAMP), &h.timestamp, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_AGENTSIG_SIGNATURE), &h.signature, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_AGENTSIG_PUBLIC_KEY), &h.public_key, err);
	return rc == AIM_OK ? aim__sized_out(out, &h, sizeof h, sizeof h) : rc;
}

/* Forms only, nothing of what they say. */
typedef struct values {
	aim_agentsig_headers h;
	int64_t timestamp_us;
	aim_public_key public_key;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
} values;

static aim_status read_values(const aim_ctx *ctx, const aim_agentsig_headers *in, values *v,
                              aim_error *err)
{
	v->h = (aim_agentsig_headers){.struct_size = sizeof v->h};
	aim_status rc = aim__sized_in(&v->h, sizeof v->h, in, sizeof v->h, "aim_agentsig_headers", err);
	if (rc != AIM_OK)
		return rc;
	if (v->h.flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_agentsig_headers.flags must be 0");
	rc = aim__timestamp_read(v->h.timestamp, AIM_AGENTSIG_TIMESTAMP, &v->timestamp_us, err);
	if (rc == AIM_OK)
		rc = aim__field_check(v->h.agent_id, AIM_AGENTSIG_AGENT_ID, MAX_AGENT_ID, err);
	if (rc == AIM_OK)
		rc = aim__signed_read_signature(v->h.signature, AIM_AGENTSIG_SIGNATURE, v->signature, err);
	if (rc == AIM_OK)
		rc = aim__field_check(v->h.public_key, AIM_AGENTSIG_PUBLIC_KEY, MAX_PUBLIC_KEY, err);
	if (rc == AIM_OK)
		rc = aim_key_public_parse(ctx, aim_bytes_from_str(v->h.public_key), &v->public_key, err);
	return rc;
}

static aim_status match(const values *v, aim_str agent_id, const aim_public_key *registered,
                        aim_error *err)
{
	if (!aim_str_equal(v->h.agent_id, agent_id))
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, LAYER, "%s names another agent than the one expected",
		                 AIM_AGENTSIG_AGENT_ID);
	if (memcmp(v->public_key.bytes, registered->bytes, sizeof registered->bytes) != 0)
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, LAYER,
		                 "%s is another key than the one registered for the agent",
		                 AIM_AGENTSIG_PUBLIC_KEY);
	return AIM_OK;
}

static aim_status accept(aim_replay *guard, const values *v, const aim_agentsig_request *r,
                         uint32_t window_s, int64_t now_us, aim_error *err)
{
	aim_bytes parts[MAX_PARTS];
	size_t n = make_parts(r, v->h.timestamp, parts);
	const aim_bytes nonce = {v->signature, sizeof v->signature};
	const aim_replay_use use = aim__signed_use(&v->public_key, nonce, v->timestamp_us, window_s, now_us);
	return aim__signed_accept(guard, &use, &v->public_key, parts, n, v->signature, err);
}

aim_status aim_agentsig_verify(aim_replay *guard, aim_str agent_id, const aim_public_key *registered,
                               const aim_agentsig_request *request,
                               const aim_agentsig_headers *headers, uint32_t window_s, int64_t now_us,
                               aim_error *err)
{
	aim_agentsig_request r;
	values v;
	if (!guard || !registered || !request || !headers || !agent_id.ptr)
		return AIM__MISUSE(guard ? guard->ctx : NULL,
		                   "guard, agent_id, registered, request and headers are required");
	aim_status rc = read_values(guard->ctx, headers, &v, err);
	if (rc == AIM_OK)
		rc = read_request(guard->ctx, request, &r, err);
	if (rc == AIM_OK)
		rc = match(&v, agent_id, registered, err);
	return rc == AIM_OK ? accept(guard, &v, &r, window_s, now_us, err) : rc;
}

/* The key must speak for an agent, and for this one. */
static aim_status match_registered(aim_registry *registry, const values *v, int64_t now_us,
                                   aim_keyring_entry *out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	if (aim__id_parse("agt_", v->h.agent_id, id, NULL) != AIM_OK)
		return aim__fail(err, AIM_E_HEADER, LAYER, "%s is not the id of an agent", AIM_AGENTSIG_AGENT_ID);
	aim_status rc = aim_keyring_check(registry, &v->public_key, now_us, 0, out, err);
	if (rc != AIM_OK)
		return rc;
	if (out->subject_kind != AIM_KEYRING_AGENT || strcmp(out->subject, id) != 0)
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, LAYER,
		                 "%s is registered, but not for the agent that %s names",
		                 AIM_AGENTSIG_PUBLIC_KEY, AIM_AGENTSIG_AGENT_ID);
	return AIM_OK;
}

aim_status aim_agentsig_verify_registered(aim_replay *guard, aim_registry *registry,
                                          const aim_agentsig_request *request,
                                          const aim_agentsig_headers *headers, uint32_t window_s,
                                          int64_t now_us, aim_keyring_entry *out, aim_error *err)
{
	aim_agentsig_request r;
	values v;
	aim_keyring_entry entry = {.struct_size = sizeof entry};
	if (!guard || !registry || !request || !headers || (out && out->struct_size < sizeof entry))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard, registry, request and headers are required");
	if (now_us <= 0) /* 0 would be the registry's clock */
		return aim__fail(err, AIM_E_INVALID, LAYER, "now_us is not after the year 1970 began");
	aim_status rc = read_values(guard->ctx, headers, &v, err);
	if (rc == AIM_OK)
		rc = read_request(guard->ctx, request, &r, err);
	if (rc == AIM_OK)
		rc = match_registered(registry, &v, now_us, &entry, err);
	if (rc == AIM_OK)
		rc = accept(guard, &v, &r, window_s, now_us, err);
	return rc == AIM_OK && out ? aim__sized_out(out, &entry, sizeof entry, sizeof entry) : rc;
}
