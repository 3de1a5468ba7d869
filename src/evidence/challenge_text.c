/* evidence/challenge_text.c — challenges as text, and a server's signature on one. Layer evidence; remembers
 * nothing. */
#include "evidence/challenge_text.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "crypto/key.h"

#include <string.h>

AIM__NO_PADDING(aim_challenge, 8 + sizeof(aim_str) + 2 * 8);

#define N_FIELDS 5u
#define NONCE_LEN 22u
#define TIME_LEN 20u
#define US_PER_S 1000000

static int is_control(const uint8_t *p, size_t n)
{
	return n == 1 ? *p < 0x20 || *p == 0x7f : n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

int aim__challenge_name_ok(aim_str name)
{
	const uint8_t *p = (const uint8_t *)name.ptr;
	if (!name.ptr || name.len == 0 || name.len > AIM_CHALLENGE_MAX_NAME)
		return 0;
	for (size_t i = 0, n; i < name.len; i += n) {
		n = aim__utf8_sequence(p + i, name.len - i);
		if (n == 0 || p[i] == '|' || is_control(p + i, n))
			return 0;
	}
	return 1;
}

/* ---- writing ---- */

static char *add_base64(char *p, const uint8_t *bytes, size_t len)
{
	p += aim__encoding_write(AIM_ENCODING_BASE64_UNPADDED, (aim_bytes){bytes, len}, p);
	*p++ = '|';
	return p;
}

size_t aim__challenge_write(const uint8_t challenge[32], const uint8_t nonce[16], aim_str agent_did, int64_t issued_at_s,
                            int64_t expires_at_s, char out[AIM__CHALLENGE_MAX_TEXT])
{
	char issued[AIM__TIME_TEXT_SIZE], expires[AIM__TIME_TEXT_SIZE];
	if (aim__time_format_s(issued, issued_at_s) != AIM_OK || aim__time_format_s(expires, expires_at_s) != AIM_OK)
		return 0;
	char *p = add_base64(out, challenge, 32);
	memcpy(p, agent_did.ptr, agent_did.len);
	p += agent_did.len;
	*p++ = '|';
	p = add_base64(p, nonce, 16);
	memcpy(p, issued, TIME_LEN);
	p[TIME_LEN] = '|';
	memcpy(p + TIME_LEN + 1, expires, TIME_LEN);
	return (size_t)(p - out) + 2 * TIME_LEN + 1;
}

/* ---- reading ---- */

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "challenge: %s", what);
}

/* 1 when text has exactly the five fields. */
static int split(aim_str text, aim_str fields[N_FIELDS])
{
	size_t n = 0, start = 0;
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.ptr[i] != '|')
			continue;
		if (n == N_FIELDS)
			return 0;
		fields[n++] = (aim_str){text.ptr + start, i - start};
		start = i + 1;
	}
	return n == N_FIELDS;
}

static int is_base64_of(aim_str field, size_t text_len, size_t len)
{
	uint8_t bytes[32];
	return field.len == text_len &&
	       aim__encoding_read_exact(AIM_ENCODING_BASE64_UNPADDED, field, bytes, len) == AIM_OK;
}

/* Only the form that is written: UTC, upper case, whole seconds. */
static int read_time(aim_str field, int64_t *out_s)
{
	int64_t us = 0;
	char again[AIM__TIME_TEXT_SIZE];
	if (field.len != TIME_LEN || aim__time_parse_us(field, &us) != AIM_OK)
		return 0;
	*out_s = us / US_PER_S;
	return aim__time_format_s(again, *out_s) == AIM_OK && memcmp(again, field.ptr, TIME_LEN) == 0;
}

aim_status aim__challenge_read(aim_str text, aim_challenge *out, aim_error *err)
{
	aim_str fields[N_FIELDS];
	if (text.len > AIM__CHALLENGE_MAX_TEXT || !split(text, fields))
		return malformed("not challenge|agentDid|nonce|issuedAt|expiresAt", err);
	if (!is_base64_of(fields[0], AIM__CHALLENGE_ID_LEN, 32))
		return malformed("the challenge is not unpadded base64 of 32 bytes", err);
	if (!aim__challenge_name_ok(fields[1]))
		return malformed("agentDid is empty, too long, not UTF-8 or holds control characters", err);
	if (!is_base64_of(fields[2], NONCE_LEN, 16))
		return malformed("the nonce is not unpadded base64 of 16 bytes", err);
	if (!read_time(fields[3], &out->issued_at_s) || !read_time(fields[4], &out->expires_at_s))
		return malformed("a time is not UTC in whole seconds, 2026-11-20T11:43:42Z", err);
	int64_t life = out->expires_at_s - out->issued_at_s;
	if (life < 1 || life > (int64_t)AIM_CHALLENGE_MAX_LIFE_S)
		return malformed("it is not good for 1 to 300 seconds", err);
	out->agent_did = fields[1];
	return AIM_OK;
}

aim_status aim_challenge_parse(aim_str text, aim_challenge *out, aim_error *err)
{
	aim_challenge none = {.struct_size = sizeof none};
	aim_challenge found = none;
	if (!out || (!text.ptr && text.len > 0))
		return AIM__MISUSE(NULL, "text and out are required");
	if (aim__sized_out(out, &none, sizeof none, sizeof none) != AIM_OK)
		return AIM__MISUSE(NULL, "out.struct_size is too small");
	aim_status rc = aim__challenge_read(text, &found, err);
	return rc == AIM_OK ? aim__sized_out(out, &found, sizeof found, sizeof found) : rc;
}

/* ---- answering ---- */

static aim_status check_in_force(const aim_challenge *c, aim_str agent_did, int64_t now_s, aim_error *err)
{
	if (agent_did.len > 0 && !aim_str_equal(agent_did, c->agent_did))
		return aim__fail(err, AIM_E_CLAIM, AIM_LAYER_EVIDENCE, "challenge: another agent's");
	if (now_s >= c->expires_at_s)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_EVIDENCE, "challenge: expired %lld s ago",
		                 (long long)(now_s - c->expires_at_s));
	if (now_s < c->issued_at_s - (int64_t)AIM_CHALLENGE_MAX_LIFE_S)
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_EVIDENCE, "challenge: issued %lld s ahead of this clock",
		                 (long long)(c->issued_at_s - now_s));
	return AIM_OK;
}

aim_status aim_challenge_sign(const aim_key *key, aim_str text, aim_str agent_did, int64_t now_s,
                              uint8_t out_signature[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	aim_challenge c = {.struct_size = sizeof c};
	if (!key || !out_signature || !text.ptr || (!agent_did.ptr && agent_did.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, text and out_signature are required");
	if (now_s < INT64_MIN / 2 || now_s > INT64_MAX / 2)
		return AIM__MISUSE(aim__key_ctx(key), "now_s is out of range");
	aim_status rc = aim__challenge_read(text, &c, err);
	if (rc == AIM_OK)
		rc = check_in_force(&c, agent_did, now_s, err);
	if (rc != AIM_OK)
		return rc;
	return aim__key_sign(key, AIM__KEY_BIT(AIM_KEY_SERVER), aim_bytes_from_str(text), out_signature, err);
}
