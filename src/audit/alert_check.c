/* audit/alert_check.c — what may be asked for, and the tables of severities and states. Layer audit. */
#include "audit/alert.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "store/text.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_alerts_options, 16 + 3 * P);
AIM__NO_PADDING(aim_alert_spec, 16 + 14 * P);
AIM__NO_PADDING(aim_alert_step, 16 + 4 * P);
AIM__NO_PADDING(aim_alert_filter, 32 + 4 * P);
AIM__NO_PADDING(aim_alert_counts, 8 + 6 * 8);
#undef P

#define MAX_KIND_BYTES 64u

static const struct {
	uint32_t from, to;
} moves[] = {
	{AIM_ALERT_OPEN, AIM_ALERT_ACKNOWLEDGED},
	{AIM_ALERT_OPEN, AIM_ALERT_RESOLVED},
	{AIM_ALERT_ACKNOWLEDGED, AIM_ALERT_RESOLVED},
};

static const struct {
	aim_str finding;
	uint32_t severity;
} findings[] = {
	{{"info", 4}, AIM_ALERT_INFO},
	{{"warning", 7}, AIM_ALERT_MEDIUM},
	{{"critical", 8}, AIM_ALERT_CRITICAL},
};

int32_t aim_alert_move_allowed(uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
		if (moves[i].from == from && moves[i].to == to)
			return 1;
	return 0;
}

uint32_t aim_alert_severity_of_finding(aim_str severity)
{
	for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
		if (aim_str_equal(severity, findings[i].finding))
			return findings[i].severity;
	return 0;
}

aim_status aim__alert_check_spec(const aim_ctx *ctx, const aim_alert_spec *spec, aim_alert_spec *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__sized_in(out, sizeof *out, spec, sizeof *out, "aim_alert_spec", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_alert_spec: flags and reserved must be 0");
	if (out->severity < AIM_ALERT_INFO || out->severity > AIM_ALERT_CRITICAL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "an alert's severity must be 1 (info) to 5 (critical)");
	if (!aim__is_word(out->kind, MAX_KIND_BYTES, "_"))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "an alert's kind must be 1 to 64 of a-z, 0-9 and _");
	if (out->details.len > AIM_ALERT_MAX_DETAILS_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT, "an alert's details have at most %u bytes",
		                 AIM_ALERT_MAX_DETAILS_BYTES);
	rc = aim__check_name(ctx, "alert subject", out->subject, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "alert actor", out->actor, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("alert key", out->key, AIM_ALERT_MAX_KEY_BYTES, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("alert title", out->title, AIM_ALERT_MAX_TITLE_BYTES, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_text("alert message", out->message, AIM_ALERT_MAX_MESSAGE_BYTES, AIM__CHECK_LINES, err);
	return rc;
}

aim_status aim__alert_check_step(const aim_ctx *ctx, const aim_alert_step *step, aim_alert_step *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__sized_in(out, sizeof *out, step, sizeof *out, "aim_alert_step", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_alert_step: flags and reserved must be 0");
	if (out->state != AIM_ALERT_ACKNOWLEDGED && out->state != AIM_ALERT_RESOLVED)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "an alert moves to acknowledged (2) or resolved (3)");
	rc = aim__check_name(ctx, "alert actor", out->actor, 0, err);
	return rc == AIM_OK ? aim__check_text("alert reason", out->reason, AIM_ALERT_MAX_REASON_BYTES, AIM__CHECK_LINES, err)
	                    : rc;
}
