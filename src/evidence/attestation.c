/* evidence/attestation.c — attestations signed, read and verified: a payload in an in-toto statement in a DSSE
 * envelope. Layer evidence; which keys to trust is an argument. */
#include "evidence/attestation.h"

#include <aim/dsse.h>
#include <aim/intoto.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "evidence/dsse.h"

#include <string.h>

AIM__NO_PADDING(aim_attestation_payload, 8 + 7 * sizeof(aim_str) + sizeof(void *) + 4 * 8 + 5 * 32);

#define NONCE_BYTES 16
#define US_PER_S 1000000
#define TEXT_ROOM 1024 /* of most payloads */

/* ---- the statement ---- */

/* Room for a payload and what stands around it, so that writing it grows nothing. Escapes may need more. */
static size_t size_of(const aim_attestation_payload *p)
{
	size_t n = 2048 + p->server_name.len * 2 + p->server_url.len + p->server_version.len + p->nonce.len;
	for (uint64_t i = 0; i < p->n_capabilities; i++)
		n += p->capabilities[i].len + 3;
	return n;
}

/* The statement around a payload, appended to out. Members in the order of RFC 8785 §3.2.3; those of
 * aim/intoto.h. */
static aim_status write_statement(const aim_attestation_payload *p, aim_buf *out, aim_error *err)
{
	char hex[64];
	aim__json_writer w;
	aim__hex_write(aim_bytes_from(p->manifest_hash, 32), hex);
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "_type", AIM_INTOTO_STATEMENT_TYPE);
	aim__write_key(&w, "predicate");
	aim__attestation_write(p, &w);
	aim__write_member_text(&w, "predicateType", AIM_ATTESTATION_PREDICATE_TYPE);
	aim__write_key(&w, "subject");
	aim__write_begin_array(&w);
	aim__write_begin_object(&w);
	aim__write_key(&w, "digest");
	aim__write_begin_object(&w);
	aim__write_member_string(&w, AIM_ATTESTATION_DIGEST, (aim_str){hex, sizeof hex});
	aim__write_end_object(&w);
	aim__write_member_string(&w, "name", p->server_name);
	aim__write_end_object(&w);
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* ---- signing ---- */

static int compare(aim_str a, aim_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int are_sorted(const aim_attestation_payload *p)
{
	for (uint64_t i = 1; i < p->n_capabilities; i++)
		if (compare(p->capabilities[i - 1], p->capabilities[i]) >= 0)
			return 0;
	return 1;
}

/* A sorted copy, each capability once, unless they are so already, as mostly. */
aim_status aim__attestation_sort(aim__arena *arena, aim_attestation_payload *p, aim_error *err)
{
	uint64_t n = 0;
	if (are_sorted(p))
		return AIM_OK;
	aim_str *items = aim__arena_array(arena, (size_t)p->n_capabilities, sizeof *items);
	if (!items)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	for (uint64_t i = 0; i < p->n_capabilities; i++) {
		uint64_t at = n;
		while (at > 0 && compare(items[at - 1], p->capabilities[i]) > 0)
			at--;
		if (at > 0 && compare(items[at - 1], p->capabilities[i]) == 0)
			continue;
		memmove(items + at + 1, items + at, (size_t)(n - at) * sizeof *items);
		items[at] = p->capabilities[i];
		n++;
	}
	p->capabilities = items;
	p->n_capabilities = n;
	return AIM_OK;
}

static aim_status fill_in_times(const aim_ctx *ctx, aim_attestation_payload *p, aim_error *err)
{
	int64_t now_us = 0;
	if (p->issued_at_s == 0) {
		aim_status rc = aim_ctx_now_us(ctx, &now_us);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
		p->issued_at_s = now_us / US_PER_S;
	}
	if (p->expires_at_s == 0 && p->issued_at_s > 0 && p->issued_at_s < INT64_MAX - AIM_ATTESTATION_LIFE_S)
		p->expires_at_s = p->issued_at_s + AIM_ATTESTATION_LIFE_S;
	return AIM_OK;
}

static aim_status fill_in_nonce(const aim_ctx *ctx, aim_attestation_payload *p, char text[2 * NONCE_BYTES],
                                aim_error *err)
{
	uint8_t random[NONCE_BYTES];
	if (p->nonce.len)
		return AIM_OK;
	if (aim__ctx_random(ctx, random, sizeof random) != AIM_OK)
		return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_EVIDENCE);
	aim__hex_write(aim_bytes_from(random, sizeof random), text);
	p->nonce = (aim_str){text, 2 * sizeof random};
	return AIM_OK;
}

static aim_status sign_payload(const aim_key *key, aim_attestation_payload *p, aim_buf *out, aim_error *err)
{
	aim_ctx *ctx = aim__key_ctx(key);
	const aim_str type = aim_str_from(AIM_INTOTO_PAYLOAD_TYPE);
	aim_buf work; /* the statement, then what is signed */
	aim__arena arena;
	aim__buf_init(&work, ctx);
	aim__arena_init(&arena, ctx, 1024, 0);
	aim_status rc = aim__attestation_sort(&arena, p, err);
	if (rc == AIM_OK && aim__buf_reserve(&work, size_of(p) + aim__dsse_pae_size(type, size_of(p))) == AIM_E_NOMEM)
		rc = aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	if (rc == AIM_OK)
		rc = write_statement(p, &work, err);
	if (rc == AIM_OK)
		rc = aim__dsse_sign(key, type, &work, out, err);
	aim__arena_dispose(&arena);
	aim__buf_dispose(&work);
	return rc;
}

aim_status aim_attestation_sign(const aim_key *key, const aim_attestation_payload *payload, aim_buf *out,
                                aim_error *err)
{
	aim_attestation_payload p = {.struct_size = sizeof p};
	char nonce[2 * NONCE_BYTES];
	if (!key || !payload || !out)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, payload and out are required");
	if (aim_key_purpose(key) != AIM_KEY_AGENT)
		return aim__fail(err, AIM_E_KEY_PURPOSE, AIM_LAYER_EVIDENCE,
		                 "attestations are signed with an agent's key");
	aim_ctx *ctx = aim__key_ctx(key);
	aim_status rc = aim__sized_in(&p, sizeof p, payload, sizeof p, "aim_attestation_payload", err);
	if (rc != AIM_OK)
		return rc;
	p.agent_key = *aim__key_public(key);
	rc = fill_in_times(ctx, &p, err);
	if (rc == AIM_OK)
		rc = fill_in_nonce(ctx, &p, nonce, err);
	if (rc == AIM_OK)
		rc = aim__attestation_check(ctx, &p, err);
	return rc == AIM_OK ? sign_payload(key, &p, out, err) : rc;
}

/* ---- reading ---- */

static int same_bytes(aim_bytes a, aim_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Sound JSON with another spelling could be read in two ways by two readers. It is written again behind the one
 * that was read, where there is room for it. */
static aim_status check_spelling(aim_attestation *a, aim__dsse *e, aim_error *err)
{
	size_t end = e->pae.len;
	const aim_attestation_payload *p = &a->payload;
	aim_status rc = aim__attestation_check(a->ctx, p, err);
	if (rc == AIM_OK && !are_sorted(p))
		rc = aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE,
		               "attestation: the capabilities are not sorted, or one is there twice");
	if (rc != AIM_OK)
		return rc == AIM_E_LIMIT ? rc : AIM_E_ENVELOPE;
	rc = write_statement(p, &e->pae, err);
	if (rc == AIM_OK && !same_bytes(aim_bytes_from(e->pae.ptr + e->payload, end - e->payload),
	                                aim_bytes_from(e->pae.ptr + end, e->pae.len - end)))
		rc = aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE,
		               "attestation: not in its one spelling: canonical JSON, one subject, no other members");
	return rc;
}

/* Of the envelope, only the decoded payload is left behind this: its document becomes the statement's. */
static aim_status read_statement(aim_attestation *a, aim__dsse *e, aim_error *err)
{
	aim_json *doc = &e->doc;
	const aim_bytes statement = aim_bytes_from(e->pae.ptr + e->payload, e->pae.len - e->payload);
	aim_status rc = aim_json_parse(doc, statement, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_intoto_check(doc, aim_str_from(AIM_ATTESTATION_PREDICATE_TYPE), err);
	else if (rc != AIM_E_NOMEM)
		rc = aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "attestation: the payload is not sound JSON");
	if (rc == AIM_OK)
		rc = aim__attestation_read(doc, aim_intoto_predicate(doc), &a->arena, &a->payload, err);
	if (rc == AIM_OK)
		rc = check_spelling(a, e, err);
	return rc;
}

static aim_status check_key(const aim_attestation *a, const aim_public_key *key, aim_error *err)
{
	if (memcmp(a->payload.agent_key.bytes, key->bytes, sizeof key->bytes) == 0)
		return AIM_OK;
	return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_EVIDENCE,
	                 "attestation: agent_key is another key than the one to trust");
}

/* The envelope, of the type that attestations have, and room to write its payload twice. */
static aim_status read_envelope(aim__dsse *e, aim_str envelope, aim_error *err)
{
	const aim_str type = aim_str_from(AIM_INTOTO_PAYLOAD_TYPE);
	size_t most = aim__encoding_bytes_size(AIM_ENCODING_BASE64, envelope.len);
	if (most <= e->doc.ctx->limits.max_message_bytes &&
	    aim__buf_reserve(&e->pae, most + aim__dsse_pae_size(type, most)) == AIM_E_NOMEM)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	aim_status rc = aim__dsse_read(e, envelope, err);
	if (rc == AIM_OK && !aim_str_equal(e->type, type))
		rc = aim__dsse_malformed(e, aim__json_member_text(&e->doc, AIM_JSON_ROOT, "payloadType"),
		                         "payloadType is not " AIM_INTOTO_PAYLOAD_TYPE, err);
	return rc;
}

/* key NULL: verifies nothing. The signature is checked before what it signs is read, and told of last: what is no
 * attestation, or of another key, is that first. */
static aim_status parse(aim_attestation *a, aim_str envelope, const aim_public_key *key, aim_error *err)
{
	aim__dsse e;
	aim_error signature_err;
	aim_status signature = AIM_OK;
	aim__dsse_init(&e, a->ctx);
	aim_status rc = read_envelope(&e, envelope, err);
	if (rc == AIM_OK && key)
		signature = aim__dsse_match(&e, key, &signature_err);
	if (rc == AIM_OK)
		rc = read_statement(a, &e, err);
	if (rc == AIM_OK && key)
		rc = check_key(a, key, err);
	if (rc == AIM_OK && key) {
		rc = signature;
		if (err)
			*err = signature_err;
	}
	aim__dsse_dispose(&e);
	return rc;
}

/* It is in its own arena: one piece of memory. */
aim_attestation *aim__attestation_new(aim_ctx *ctx)
{
	aim__arena arena;
	aim__arena_init(&arena, ctx, sizeof(aim_attestation) + TEXT_ROOM, 0);
	aim_attestation *a = aim__arena_alloc(&arena, sizeof *a);
	if (!a)
		return NULL;
	memset(a, 0, sizeof *a);
	a->ctx = aim__ctx_ref(ctx);
	a->arena = arena;
	return a;
}

static aim_status open_envelope(aim_ctx *ctx, aim_str envelope, const aim_public_key *key, aim_attestation **out,
                                aim_error *err)
{
	aim_attestation *a = aim__attestation_new(ctx);
	if (!a)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	aim_status rc = parse(a, envelope, key, err);
	if (rc == AIM_OK)
		*out = a;
	else
		aim_attestation_free(a);
	return rc;
}

aim_status aim_attestation_parse(aim_ctx *ctx, aim_str envelope, aim_attestation **out, aim_error *err)
{
	if (!ctx || !out || (!envelope.ptr && envelope.len > 0))
		return AIM__MISUSE(ctx, "ctx, envelope and out are required");
	return open_envelope(ctx, envelope, NULL, out, err);
}

void aim_attestation_free(aim_attestation *attestation)
{
	if (!attestation)
		return;
	aim_ctx *ctx = attestation->ctx;
	aim__arena arena = attestation->arena;
	aim__arena_dispose(&arena);
	aim__ctx_unref(ctx);
}

const aim_attestation_payload *aim_attestation_read(const aim_attestation *attestation)
{
	return attestation ? &attestation->payload : NULL;
}

/* ---- verifying ---- */

aim_status aim__attestation_check_time(const aim_attestation_payload *p, int64_t at_s, aim_error *err)
{
	if (at_s < p->issued_at_s - AIM_ATTESTATION_MAX_AHEAD_S)
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_EVIDENCE, "attestation: issued_at is more than %d s ahead",
		                 AIM_ATTESTATION_MAX_AHEAD_S);
	if (at_s >= p->expires_at_s)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_EVIDENCE, "attestation: expired at its expires_at");
	return AIM_OK;
}

aim_status aim_attestation_verify(aim_ctx *ctx, aim_str envelope, const aim_public_key *public_key, int64_t at_s,
                                  aim_attestation **out, aim_error *err)
{
	aim_attestation *a = NULL;
	if (!ctx || !public_key || (!envelope.ptr && envelope.len > 0))
		return AIM__MISUSE(ctx, "ctx, envelope and public_key are required");
	aim_status rc = open_envelope(ctx, envelope, public_key, &a, err);
	if (rc == AIM_OK)
		rc = aim__attestation_check_time(&a->payload, at_s, err);
	if (rc == AIM_OK && out)
		*out = a;
	else
		aim_attestation_free(a);
	return rc;
}

/* ---- describing a server ---- */

static void write_args(aim__json_writer *w, const aim_server *server)
{
	aim__write_key(w, "args");
	aim__write_begin_array(w);
	for (size_t i = 0; i < aim_server_arg_count(server); i++)
		aim__write_string(w, aim_server_arg_at(server, i));
	aim__write_end_array(w);
	aim__write_member_string(w, "command", aim_server_command(server));
}

/* with_all: env_names and url too. */
static aim_status hash_server(aim_ctx *ctx, const aim_server *server, int with_all, uint8_t out[32])
{
	aim_buf text;
	aim__json_writer w;
	aim__buf_init(&text, ctx);
	aim__write_init(&w, &text);
	aim__write_begin_object(&w);
	write_args(&w, server);
	if (with_all) {
		aim__write_key(&w, "env_names");
		aim__write_begin_array(&w);
		for (size_t i = 0; i < aim_server_env_name_count(server); i++)
			aim__write_string(&w, aim_server_env_name_at(server, i));
		aim__write_end_array(&w);
		aim__write_member_string(&w, "url", aim_server_url(server));
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc == AIM_OK)
		rc = aim__sha256_one(ctx, text.ptr, text.len, out);
	aim__buf_dispose(&text);
	return rc;
}

static void fill_from(const aim_server *server, aim_attestation_payload *p)
{
	aim_str none = {NULL, 0};
	int launched = aim_server_command(server).len > 0;
	p->flags &= ~(AIM_ATTESTATION_COMMAND | AIM_ATTESTATION_SERVER_KEY);
	p->flags |= launched ? AIM_ATTESTATION_COMMAND : 0;
	if (aim_server_public_key(server, &p->server_key) == AIM_OK)
		p->flags |= AIM_ATTESTATION_SERVER_KEY;
	p->server_id = aim_server_id(server);
	p->server_name = aim_server_name(server);
	p->server_url = launched ? none : aim_server_url(server);
	p->server_version = aim_server_version(server);
}

aim_status aim_attestation_describe(aim_ctx *ctx, const aim_server *server, aim_attestation_payload *payload,
                                    aim_error *err)
{
	uint8_t command[32], config[32];
	if (!ctx || !server || !payload || payload->struct_size != sizeof *payload)
		return AIM__MISUSE(ctx, "ctx, server and a payload of this size are required");
	aim_status rc = hash_server(ctx, server, 0, command);
	if (rc == AIM_OK)
		rc = hash_server(ctx, server, 1, config);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	fill_from(server, payload);
	memcpy(payload->command_hash, command, sizeof command);
	memcpy(payload->config_hash, config, sizeof config);
	return AIM_OK;
}

/* ---- for people ---- */

aim_status aim_attestation_checksum_text(const uint8_t hash[32], char out[AIM_ATTESTATION_CHECKSUM_SIZE])
{
	if (!hash || !out)
		return AIM_E_INVALID;
	memcpy(out, "sha256:", 7);
	aim__hex_write(aim_bytes_from(hash, 32), out + 7);
	out[7 + 64] = 0;
	return AIM_OK;
}

aim_status aim_attestation_identity_text(const aim_ctx *ctx, const aim_public_key *public_key,
                                         char out[AIM_ATTESTATION_IDENTITY_SIZE])
{
	char id[AIM_KEY_ID_SIZE];
	if (!ctx || !public_key || !out)
		return AIM__MISUSE(ctx, "ctx, public_key and out are required");
	aim_status rc = aim_key_id(ctx, public_key, id);
	if (rc != AIM_OK)
		return rc;
	memcpy(out, "ed25519:", 8);
	memcpy(out + 8, id, 6);
	memcpy(out + 14, "...", 4);
	return AIM_OK;
}
