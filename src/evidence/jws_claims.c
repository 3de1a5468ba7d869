/* evidence/jws_claims.c — the registered claims of a JWT (RFC 7519 §4.1). Layer evidence; the payload was verified
 * before, elsewhere. */
#include <aim/jws.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/json.h"

AIM__NO_PADDING(aim_jws_claims, 8 + 2 * 8 + 3 * sizeof(aim_str));

#define MAX_LEEWAY_S 3600
#define ABSENT INT64_MIN

static aim_status fail_at(const aim_json *doc, aim_json_value v, aim_status rc, const char *what, aim_error *err)
{
	aim__fail(err, rc, AIM_LAYER_EVIDENCE, "JWT: %s", what);
	aim__json_error_at(doc, v, err);
	return rc;
}

/* ABSENT when it is not there. */
static aim_status read_time(const aim_json *doc, const char *name, int64_t *out_s, aim_error *err)
{
	aim_json_value v = aim__json_member_text(doc, AIM_JSON_ROOT, name);
	*out_s = ABSENT;
	if (v == AIM_JSON_NONE)
		return AIM_OK;
	if (aim_json_int64(doc, v, out_s) == AIM_OK && *out_s >= 0)
		return AIM_OK;
	return fail_at(doc, v, AIM_E_TIMESTAMP, "a time is no whole number of seconds since 1970", err);
}

/* now_s is at most INT64_MAX / 2 and the leeway small: no sum overflows. */
static aim_status check_times(const aim_json *doc, const aim_jws_claims *e, aim_error *err)
{
	int64_t expires, not_before, issued_at;
	aim_status rc = read_time(doc, "exp", &expires, err);
	if (rc == AIM_OK)
		rc = read_time(doc, "nbf", &not_before, err);
	if (rc == AIM_OK)
		rc = read_time(doc, "iat", &issued_at, err);
	if (rc != AIM_OK)
		return rc;
	if (expires == ABSENT && e->flags & AIM_JWS_REQUIRE_EXPIRY)
		return fail_at(doc, AIM_JSON_ROOT, AIM_E_TIMESTAMP, "there is no exp", err);
	if (expires != ABSENT && e->now_s - e->leeway_s >= expires)
		return fail_at(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "exp"), AIM_E_EXPIRED, "expired", err);
	if (not_before > e->now_s + e->leeway_s)
		return fail_at(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "nbf"), AIM_E_FUTURE, "not good yet", err);
	if (issued_at > e->now_s + e->leeway_s)
		return fail_at(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "iat"), AIM_E_FUTURE,
		               "issued ahead of this clock", err);
	return AIM_OK;
}

static aim_status check_name(const aim_json *doc, const char *name, aim_str expected, const char *what,
                             aim_error *err)
{
	aim_json_value v = aim__json_member_text(doc, AIM_JSON_ROOT, name);
	if (expected.len == 0 || aim_str_equal(aim__json_string(doc, v), expected))
		return AIM_OK;
	return fail_at(doc, v == AIM_JSON_NONE ? AIM_JSON_ROOT : v, AIM_E_CLAIM, what, err);
}

/* One text or a list of them. Whoever is named nowhere in it must refuse the token (RFC 7519 §4.1.3). */
static aim_status check_audience(const aim_json *doc, aim_str expected, aim_error *err)
{
	aim_json_value aud = aim__json_member_text(doc, AIM_JSON_ROOT, "aud");
	if (aud == AIM_JSON_NONE && expected.len == 0)
		return AIM_OK;
	if (expected.len > 0 && aim_str_equal(aim__json_string(doc, aud), expected))
		return AIM_OK;
	if (expected.len > 0 && aim__json_type(doc, aud) == AIM_JSON_ARRAY)
		for (aim_json_value v = aim__json_first(doc, aud); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
			if (aim_str_equal(aim__json_string(doc, v), expected))
				return AIM_OK;
	return fail_at(doc, aud == AIM_JSON_NONE ? AIM_JSON_ROOT : aud, AIM_E_CLAIM,
	               "aud does not name this audience", err);
}

aim_status aim_jws_check_claims(const aim_json *claims, const aim_jws_claims *expected, aim_error *err)
{
	aim_jws_claims e = {.struct_size = sizeof e};
	if (!claims || !expected)
		return AIM__MISUSE(claims ? claims->ctx : NULL, "claims and expected are required");
	aim_status rc = aim__sized_in(&e, sizeof e, expected, sizeof e, "aim_jws_claims", err);
	if (rc != AIM_OK)
		return rc;
	if (e.flags & ~AIM_JWS_REQUIRE_EXPIRY)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_jws_claims.flags has an unknown flag");
	if (e.leeway_s < 0 || e.leeway_s > MAX_LEEWAY_S || e.now_s < 0 || e.now_s > INT64_MAX / 2)
		return AIM__MISUSE(claims->ctx, "now_s or leeway_s is out of range");
	if (aim__json_type(claims, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return fail_at(claims, AIM_JSON_ROOT, AIM_E_ENVELOPE, "the claims are no object", err);
	rc = check_times(claims, &e, err);
	if (rc == AIM_OK)
		rc = check_name(claims, "iss", e.issuer, "iss is not the issuer that was asked for", err);
	if (rc == AIM_OK)
		rc = check_name(claims, "sub", e.subject, "sub is not the subject that was asked for", err);
	return rc == AIM_OK ? check_audience(claims, e.audience, err) : rc;
}
