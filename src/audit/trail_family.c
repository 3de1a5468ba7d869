/* audit/trail_family.c — which family of controls a kind of record is evidence for. Layer audit. */
#include <aim/trail.h>

static const struct {
	const char *kind;
	uint32_t family;
} families[] = {
	{"tool_call", AIM_TRAIL_ACCESS},
	{"tool_result", AIM_TRAIL_ACCESS},
	{"policy_evaluated", AIM_TRAIL_ACCESS},
	{"protocol_error", AIM_TRAIL_ACCESS},
	{"capability_granted", AIM_TRAIL_ACCESS},
	{"capability_revoked", AIM_TRAIL_ACCESS},
	{"capability_violation", AIM_TRAIL_ACCESS},
	{"capability_requested", AIM_TRAIL_ACCESS},
	{"capability_approved", AIM_TRAIL_ACCESS},
	{"capability_denied", AIM_TRAIL_ACCESS},
	{"action_check", AIM_TRAIL_ACCESS},
	{"action_report", AIM_TRAIL_ACCESS},
	{"usage_recorded", AIM_TRAIL_ACCESS},
	{"delegation", AIM_TRAIL_ACCESS},
	{"session", AIM_TRAIL_ACCESS},
	{"approval", AIM_TRAIL_CHANGE},
	{"baseline_created", AIM_TRAIL_CHANGE},
	{"drift_detected", AIM_TRAIL_CHANGE},
	{"drift_closed", AIM_TRAIL_CHANGE},
	{"drift_acknowledged", AIM_TRAIL_CHANGE},
	{"baseline_seen", AIM_TRAIL_CHANGE},
	{"mcp_connection", AIM_TRAIL_CHANGE},
	{"retention", AIM_TRAIL_CHANGE},
	{"identity_created", AIM_TRAIL_IDENTITY},
	{"identity_verified", AIM_TRAIL_IDENTITY},
	{"identity_suspended", AIM_TRAIL_IDENTITY},
	{"identity_revoked", AIM_TRAIL_IDENTITY},
	{"identity_updated", AIM_TRAIL_IDENTITY},
	{"key_rotated", AIM_TRAIL_IDENTITY},
	{"attestation_recorded", AIM_TRAIL_MONITORING},
	{"attestation_superseded", AIM_TRAIL_MONITORING},
	{"attestation_revoked", AIM_TRAIL_MONITORING},
	{"attestation_refused", AIM_TRAIL_MONITORING},
	{"trust_score_changed", AIM_TRAIL_MONITORING},
	{"scan", AIM_TRAIL_MONITORING},
	{"alert", AIM_TRAIL_MONITORING},
};

uint32_t aim_trail_family(aim_str kind)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		if (aim_str_equal(kind, aim_str_from(families[i].kind)))
			return families[i].family;
	return AIM_TRAIL_OTHER;
}

const char *aim_trail_family_name(uint32_t family)
{
	static const char *const names[AIM_TRAIL_N_FAMILIES] = {"access", "change", "identity", "monitoring",
	                                                        "other"};
	return names[family < AIM_TRAIL_N_FAMILIES ? family : AIM_TRAIL_OTHER];
}
