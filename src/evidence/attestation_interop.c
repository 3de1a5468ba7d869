/* evidence/attestation_interop.c — attestations in the form of AIM's own SDKs. Layer evidence. FROZEN: others verify these
 * bytes. */
#include <aim/attestationinterop.h>

#include "evidence/attestation.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "identity/check.h"
#include "store/id.h"

#include <string.h>

AIM__NO_PADDING(aim_attestationinterop_payload, 8 + 4 * sizeof(aim_str) + sizeof(void *) + 3 * 8);
AIM__NO_PADDING(aim_attestationinterop_expected, 8 + 2 * sizeof(aim_str));

#define US_PER_S 1000000
#define MAX_LATENCY_MS INT64_C(1000000000)
/* The names of capabilities stand for the surface, apart from any manifest. */
#define SURFACE_LABEL "libaim/attestation-interop-surface/v1\n"

_Static_assert(2 * AIM_KEY_SIGNATURE_LEN <= AIM_ATTESTATION_MAX_NONCE, "a signature fits where a nonce does");

enum { AGENT_ID, CAPABILITIES, LATENCY, CONNECTED, HEALTHY, NAME, URL, SDK_VERSION, TIMESTAMP, N_MEMBERS };

/* Sorted. */
static const struct {
	const char *name;
	uint32_t type;
} members[N_MEMBERS] = {
	{"agent_id", AIM_JSON_STRING},        {"capabilities_found", AIM_JSON_ARRAY}, {"connection_latency_ms", AIM_JSON_NUMBER},
	{"connection_successful", AIM_JSON_BOOL}, {"health_check_passed", AIM_JSON_BOOL}, {"mcp_name", AIM_JSON_STRING},
	{"mcp_url", AIM_JSON_STRING},         {"sdk_version", AIM_JSON_STRING},       {"timestamp", AIM_JSON_STRING},
};

static aim_status malformed(const char *member, const char *expected, aim_error *err)
{
	return aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "attestation: %s is not %s", member, expected);
}

/* ---- what both sides check ---- */

static aim_status check_texts(const aim_ctx *ctx, const aim_attestation_payload *p, aim_str sdk_version, aim_error *err)
{
	aim_status rc = aim__check_name(ctx, "attestation: mcp_name", p->server_name, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("attestation: mcp_url", p->server_url, AIM__URL_MAX, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "attestation: sdk_version", sdk_version, 0, err);
	for (uint64_t i = 0; rc == AIM_OK && i < p->n_capabilities; i++)
		rc = aim__check_text("attestation: a capability", p->capabilities[i], AIM__TEXT_MAX, AIM__CHECK_REQUIRED, err);
	return rc;
}

/* ---- signing ---- */

static void write_latency(aim__json_writer *w, int64_t us)
{
	char text[32];
	size_t n = aim__format(text, sizeof text, "%lld", (long long)(us / 1000));
	if (us % 1000)
		n += aim__format(text + n, sizeof text - n, ".%d%d%d", (int)(us / 100 % 10), (int)(us / 10 % 10), (int)(us % 10));
	while (us % 1000 && text[n - 1] == '0')
		n--;
	aim__write_raw(w, aim_bytes_from(text, n));
}

/* Members in their order. */
static aim_status write_payload(const aim_attestation_payload *p, aim_str sdk_version, aim_buf *out)
{
	char at[AIM__TIME_TEXT_SIZE];
	aim__json_writer w;
	aim_status rc = aim__time_format_s(at, p->issued_at_s);
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, members[AGENT_ID].name, p->agent_id);
	aim__write_key(&w, members[CAPABILITIES].name);
	aim__write_begin_array(&w);
	for (uint64_t i = 0; i < p->n_capabilities; i++)
		aim__write_string(&w, p->capabilities[i]);
	aim__write_end_array(&w);
	aim__write_key(&w, members[LATENCY].name);
	write_latency(&w, p->latency_us);
	aim__write_member_bool(&w, members[CONNECTED].name, (p->flags & AIM_ATTESTATION_CONNECTED) != 0);
	aim__write_member_bool(&w, members[HEALTHY].name, (p->flags & AIM_ATTESTATION_HEALTHY) != 0);
	aim__write_member_string(&w, members[NAME].name, p->server_name);
	aim__write_member_string(&w, members[URL].name, p->server_url);
	aim__write_member_string(&w, members[SDK_VERSION].name, sdk_version);
	aim__write_member_text(&w, members[TIMESTAMP].name, at);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

/* Takes over what the caller says; ids in either form are written as they are given. */
static aim_status take_seen(const aim_ctx *ctx, const aim_attestationinterop_payload *s, aim_attestation_payload *p,
                            aim_error *err)
{
	char id[AIM__ID_SIZE];
	int64_t now_us = s->issued_at_s * US_PER_S;
	if (s->flags & ~(AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE,
		                 "aim_attestationinterop_payload.flags has an unknown flag");
	if (s->n_capabilities > AIM_ATTESTATION_MAX_CAPABILITIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "attestation: more than %u capabilities",
		                 AIM_ATTESTATION_MAX_CAPABILITIES);
	if ((s->n_capabilities && !s->capabilities) || s->latency_us < 0 || s->latency_us >= MAX_LATENCY_MS * 1000 ||
	    s->issued_at_s < 0 || s->issued_at_s > INT64_MAX / US_PER_S)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
		                 "attestation: a list of capabilities, a latency and a time are expected");
	if (s->issued_at_s == 0 && aim_ctx_now_us(ctx, &now_us) != AIM_OK)
		return aim__fail_plain(err, AIM_E_CLOCK, AIM_LAYER_EVIDENCE);
	p->flags = s->flags;
	p->agent_id = s->agent_id;
	p->server_name = s->name;
	p->server_url = s->url;
	p->capabilities = s->capabilities;
	p->n_capabilities = s->n_capabilities;
	p->latency_us = s->latency_us;
	p->issued_at_s = now_us / US_PER_S;
	return aim__id_parse("agt_", s->agent_id, id, err);
}

static aim_status sign_payload(const aim_key *key, aim_attestation_payload *p, aim_str sdk_version, aim_buf *out,
                               uint8_t signature[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	aim__arena arena;
	aim__arena_init(&arena, aim__key_ctx(key), 1024, 0);
	aim_status rc = aim__attestation_sort(&arena, p, err);
	if (rc == AIM_OK && (rc = write_payload(p, sdk_version, out)) != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	if (rc == AIM_OK)
		rc = aim__key_sign(key, AIM__KEY_BIT(AIM_KEY_AGENT), aim_buf_bytes(out), signature, err);
	aim__arena_dispose(&arena);
	return rc;
}

aim_status aim_attestationinterop_sign(const aim_key *key, const aim_attestationinterop_payload *seen, aim_buf *payload,
                                       char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE], aim_error *err)
{
	aim_attestationinterop_payload s = {.struct_size = sizeof s};
	aim_attestation_payload p = {.struct_size = sizeof p};
	uint8_t bytes[AIM_KEY_SIGNATURE_LEN];
	aim_buf text;
	if (!key || !seen || !payload || !signature)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, seen, payload and signature are required");
	aim_ctx *ctx = aim__key_ctx(key);
	aim_status rc = aim__sized_in(&s, sizeof s, seen, sizeof s, "aim_attestationinterop_payload", err);
	if (rc == AIM_OK)
		rc = take_seen(ctx, &s, &p, err);
	if (rc == AIM_OK)
		rc = check_texts(ctx, &p, s.sdk_version, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&text, ctx);
	rc = sign_payload(key, &p, s.sdk_version, &text, bytes, err);
	if (rc == AIM_OK && (rc = aim_buf_append(payload, aim_buf_bytes(&text))) != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&text);
	if (rc == AIM_OK)
		signature[aim__encoding_write(AIM_ENCODING_BASE64, aim_bytes_from(bytes, sizeof bytes), signature)] = 0;
	return rc;
}

/* ---- reading ---- */

/* Digits, or digits, a point and digits: in milliseconds. What is below a microsecond is dropped. */
static int read_latency(aim_str text, int64_t *out_us)
{
	int64_t us = 0;
	int decimals = -1;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '.' && decimals < 0)
			decimals = 0;
		else if (c < '0' || c > '9' || us >= MAX_LATENCY_MS * 1000)
			return 0;
		else if (decimals < 3)
			us = us * 10 + (c - '0'), decimals += decimals >= 0;
	}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 3; decimals++)
		us *= 10;
	*out_us = us;
	return us < MAX_LATENCY_MS * 1000;
}

static aim_status find_members(const aim_json *doc, aim_json_value out[N_MEMBERS], aim_error *err)
{
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT || aim_json_count(doc, AIM_JSON_ROOT) != N_MEMBERS)
		return malformed("the payload", "an object of nine members", err);
	for (size_t i = 0; i < N_MEMBERS; i++) {
		out[i] = aim__json_member_text(doc, AIM_JSON_ROOT, members[i].name);
		if (aim__json_type(doc, out[i]) != members[i].type)
			return malformed(members[i].name, "there, or not of its type", err);
	}
	return AIM_OK;
}

/* What is signed: sorted and without white space, each value spelled as it is. */
static aim_status write_compact(const aim_json *doc, const aim_json_value at[N_MEMBERS], aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	for (size_t i = 0; i < N_MEMBERS; i++) {
		aim__write_key(&w, members[i].name);
		if (i != CAPABILITIES) {
			aim__write_raw(&w, aim_json_raw(doc, at[i]));
			continue;
		}
		aim__write_begin_array(&w);
		for (aim_json_value v = aim__json_first(doc, at[i]); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
			aim__write_raw(&w, aim_json_raw(doc, v));
		aim__write_end_array(&w);
	}
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status keep(aim__arena *arena, aim_str text, aim_str *out, aim_error *err)
{
	*out = aim__arena_copy(arena, text);
	return out->ptr ? AIM_OK : aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
}

static aim_status read_capabilities(const aim_json *doc, aim_json_value list, aim_attestation *a, aim_error *err)
{
	size_t n = aim_json_count(doc, list);
	if (n > AIM_ATTESTATION_MAX_CAPABILITIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "attestation: more than %u capabilities",
		                 AIM_ATTESTATION_MAX_CAPABILITIES);
	aim_str *items = aim__arena_array(&a->arena, n, sizeof *items);
	if (!items)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	a->payload.capabilities = items;
	a->payload.n_capabilities = n;
	for (aim_json_value v = aim__json_first(doc, list); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_str text = aim__json_string(doc, v);
		if (!text.ptr)
			return malformed("capabilities_found", "a list of names", err);
		aim_status rc = keep(&a->arena, text, items++, err);
		if (rc != AIM_OK)
			return rc;
	}
	return aim__attestation_sort(&a->arena, &a->payload, err);
}

static aim_status hash_surface(const aim_ctx *ctx, aim_attestation_payload *p, aim_error *err)
{
	aim_buf text;
	aim__buf_init(&text, aim__ctx_mutable(ctx));
	aim_status rc = aim__buf_add_text(&text, SURFACE_LABEL);
	for (uint64_t i = 0; rc == AIM_OK && i < p->n_capabilities; i++) {
		rc = aim__buf_add_str(&text, p->capabilities[i]);
		if (rc == AIM_OK)
			rc = aim__buf_add_byte(&text, '\n');
	}
	if (rc == AIM_OK)
		rc = aim__sha256_one(ctx, text.ptr, text.len, p->manifest_hash);
	aim__buf_dispose(&text);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status read_times(const aim_json *doc, const aim_json_value at[N_MEMBERS], aim_attestation_payload *p,
                             aim_error *err)
{
	int64_t us = 0;
	if (!read_latency(aim_json_number_text(doc, at[LATENCY]), &p->latency_us))
		return malformed("connection_latency_ms", "a number of milliseconds", err);
	if (aim__time_parse_us(aim__json_string(doc, at[TIMESTAMP]), &us) != AIM_OK || us < US_PER_S)
		return malformed("timestamp", "a time as RFC 3339 has it", err);
	p->issued_at_s = us / US_PER_S;
	p->expires_at_s = p->issued_at_s + AIM_ATTESTATION_LIFE_S;
	return AIM_OK;
}

static aim_status read_texts(const aim_json *doc, const aim_json_value at[N_MEMBERS], aim_attestation *a, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_attestation_payload *p = &a->payload;
	if (aim__id_parse("agt_", aim__json_string(doc, at[AGENT_ID]), id, NULL) != AIM_OK)
		return malformed("agent_id", "the id of an agent", err);
	aim_status rc = keep(&a->arena, aim_str_from(id), &p->agent_id, err);
	if (rc == AIM_OK)
		rc = keep(&a->arena, aim__json_string(doc, at[NAME]), &p->server_name, err);
	if (rc == AIM_OK)
		rc = keep(&a->arena, aim__json_string(doc, at[URL]), &p->server_url, err);
	if (rc == AIM_OK)
		rc = read_capabilities(doc, at[CAPABILITIES], a, err);
	if (rc != AIM_OK)
		return rc;
	rc = check_texts(a->ctx, p, aim__json_string(doc, at[SDK_VERSION]), err);
	return rc == AIM_OK ? AIM_OK : AIM_E_ENVELOPE;
}

static aim_status read_flag(const aim_json *doc, aim_json_value at, uint32_t flag, aim_attestation_payload *p)
{
	int32_t truth = 0;
	aim_status rc = aim_json_bool(doc, at, &truth);
	p->flags |= truth ? flag : 0;
	return rc;
}

static aim_status read_signature(aim_str signature, uint8_t out[AIM_KEY_SIGNATURE_LEN], aim_attestation *a, aim_error *err)
{
	char hex[2 * AIM_KEY_SIGNATURE_LEN];
	if (aim__encoding_read_exact(AIM_ENCODING_BASE64, signature, out, AIM_KEY_SIGNATURE_LEN) != AIM_OK)
		return malformed("the signature", "padded base64 of 64 bytes", err);
	aim__hex_write(aim_bytes_from(out, AIM_KEY_SIGNATURE_LEN), hex);
	return keep(&a->arena, (aim_str){hex, sizeof hex}, &a->payload.nonce, err);
}

/* Appends what is signed to compact. */
static aim_status read_document(const aim_json *doc, aim_attestation *a, aim_buf *compact, aim_error *err)
{
	aim_json_value at[N_MEMBERS];
	aim_status rc = find_members(doc, at, err);
	if (rc == AIM_OK)
		rc = read_texts(doc, at, a, err);
	if (rc == AIM_OK)
		rc = read_times(doc, at, &a->payload, err);
	if (rc == AIM_OK)
		rc = hash_surface(a->ctx, &a->payload, err);
	if (rc != AIM_OK)
		return rc;
	(void)read_flag(doc, at[CONNECTED], AIM_ATTESTATION_CONNECTED, &a->payload);
	(void)read_flag(doc, at[HEALTHY], AIM_ATTESTATION_HEALTHY, &a->payload);
	rc = write_compact(doc, at, compact);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status parse(aim_attestation *a, aim_str payload, aim_buf *compact, aim_error *err)
{
	aim_json doc;
	aim__json_init(&doc, a->ctx);
	aim_status rc = aim_json_parse(&doc, aim_bytes_from_str(payload), AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = read_document(&doc, a, compact, err);
	else if (rc != AIM_E_NOMEM)
		rc = malformed("the payload", "sound JSON", err);
	aim__json_dispose(&doc);
	return rc;
}

/* The handle, what is signed, and the signature's bytes. */
static aim_status open_both(aim_ctx *ctx, aim_str payload, aim_str signature, aim_buf *compact,
                            uint8_t bytes[AIM_KEY_SIGNATURE_LEN], aim_attestation **out, aim_error *err)
{
	aim_attestation *a = aim__attestation_new(ctx);
	if (!a)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	a->payload.struct_size = sizeof a->payload;
	aim_status rc = parse(a, payload, compact, err);
	if (rc == AIM_OK)
		rc = read_signature(signature, bytes, a, err);
	if (rc == AIM_OK)
		*out = a;
	else
		aim_attestation_free(a);
	return rc;
}

aim_status aim_attestationinterop_parse(aim_ctx *ctx, aim_str payload, aim_str signature, aim_attestation **out,
                                        aim_error *err)
{
	uint8_t bytes[AIM_KEY_SIGNATURE_LEN];
	aim_buf compact;
	if (!ctx || !out || (!payload.ptr && payload.len) || (!signature.ptr && signature.len))
		return AIM__MISUSE(ctx, "ctx, payload, signature and out are required");
	aim__buf_init(&compact, ctx);
	aim_status rc = open_both(ctx, payload, signature, &compact, bytes, out, err);
	aim__buf_dispose(&compact);
	return rc;
}

/* ---- verifying ---- */

static aim_status check_claims(const aim_attestation_payload *p, const aim_attestationinterop_expected *e, int64_t at_s,
                               aim_error *err)
{
	if (!aim_str_equal(p->server_name, e->name) || !aim_str_equal(p->server_url, e->url))
		return aim__fail(err, AIM_E_CLAIM, AIM_LAYER_EVIDENCE,
		                 "attestation: it is about another mcp_name or mcp_url than the expected ones");
	return aim__attestation_check_time(p, at_s, err);
}

static aim_status take_expected(aim_attestationinterop_expected *e, const aim_attestationinterop_expected *expected,
                                aim_error *err)
{
	aim_status rc = aim__sized_in(e, sizeof *e, expected, sizeof *e, "aim_attestationinterop_expected", err);
	if (rc == AIM_OK && e->flags)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_attestationinterop_expected.flags must be 0");
	if (rc == AIM_OK && (!e->name.len || !e->url.len))
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "the expected name and URL are required");
	return rc;
}

aim_status aim_attestationinterop_verify(aim_ctx *ctx, aim_str payload, aim_str signature,
                                         const aim_public_key *public_key,
                                         const aim_attestationinterop_expected *expected, int64_t at_s,
                                         aim_attestation **out, aim_error *err)
{
	aim_attestationinterop_expected e = {.struct_size = sizeof e};
	uint8_t bytes[AIM_KEY_SIGNATURE_LEN];
	aim_attestation *a = NULL;
	aim_buf compact;
	if (!ctx || !public_key || !expected || (!payload.ptr && payload.len) || (!signature.ptr && signature.len))
		return AIM__MISUSE(ctx, "ctx, payload, signature, public_key and expected are required");
	aim_status rc = take_expected(&e, expected, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&compact, ctx);
	rc = open_both(ctx, payload, signature, &compact, bytes, &a, err);
	if (rc == AIM_OK)
		rc = aim__ed25519_verify_strict(ctx, public_key->bytes, aim_buf_bytes(&compact), bytes, err);
	if (rc == AIM_OK)
		rc = check_claims(&a->payload, &e, at_s, err);
	aim__buf_dispose(&compact);
	if (rc == AIM_OK)
		a->payload.agent_key = *public_key;
	if (rc == AIM_OK && out)
		*out = a;
	else
		aim_attestation_free(a);
	return rc;
}
