/* audit/trail_record.c — the view of one record. Layer audit; knows neither log nor store. */
#include "audit/trail.h"

#include "base/ctx.h"
#include "base/error.h"

#include <string.h>

#define FORMAT_VERSION 1

/* The texts by number. An actor's are inside the member `actor`. */
static const struct text {
	const char *name;
	int of_actor;
} texts[AIM_TRAIL_N_TEXTS] = {
	[AIM_TRAIL_KIND] = {"kind", 0},
	[AIM_TRAIL_AGENT] = {"agent", 1},
	[AIM_TRAIL_DID] = {"did", 1},
	[AIM_TRAIL_SESSION] = {"session", 1},
	[AIM_TRAIL_USER] = {"user", 1},
	[AIM_TRAIL_SUBJECT] = {"subject", 0},
	[AIM_TRAIL_ACTION] = {"action", 0},
	[AIM_TRAIL_RESOURCE] = {"resource", 0},
	[AIM_TRAIL_DECISION] = {"decision", 0},
	[AIM_TRAIL_REASON_CODE] = {"reason_code", 0},
	[AIM_TRAIL_REASON] = {"reason", 0},
	[AIM_TRAIL_POLICY_HASH] = {"policy_hash", 0},
	[AIM_TRAIL_RULE] = {"rule", 0},
	[AIM_TRAIL_SERVER_FINGERPRINT] = {"server_fingerprint", 0},
	[AIM_TRAIL_TOOL_FINGERPRINT] = {"tool_fingerprint", 0},
	[AIM_TRAIL_APPROVAL] = {"approval", 0},
	[AIM_TRAIL_REQUEST] = {"request", 0},
	[AIM_TRAIL_ARGUMENTS_COMMITMENT] = {"arguments_commitment", 0},
	[AIM_TRAIL_DURABILITY] = {"durability", 0},
};

const char *aim__trail_text_name(uint32_t text)
{
	return texts[text].name;
}

void aim__trail_record_init(aim_trail_record *record, aim_ctx *ctx)
{
	memset(record, 0, sizeof *record);
	aim__json_init(&record->doc, ctx);
}

void aim__trail_record_dispose(aim_trail_record *record)
{
	aim__json_dispose(&record->doc);
}

static int64_t integer(const aim_trail_record *record, const char *name, int64_t absent)
{
	int64_t value = absent;
	(void)aim_json_int64(&record->doc, aim__json_member_text(&record->doc, AIM_JSON_ROOT, name), &value);
	return value;
}

static aim_status not_a_record(uint64_t position, aim_error *err)
{
	return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
	                 "record %llu: it is not a record that this library writes",
	                 (unsigned long long)position);
}

aim_status aim__trail_record_read(aim_trail_record *record, uint64_t position, aim_str json,
                                  aim_error *err)
{
	record->position = position;
	record->json = json;
	aim_status rc = aim_json_parse(&record->doc, aim_bytes_from_str(json), AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc != AIM_OK)
		return not_a_record(position, err);
	int64_t version = integer(record, "v", 0);
	if (version > FORMAT_VERSION)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "record %llu: it is of the later format %lld",
		                 (unsigned long long)position, (long long)version);
	if (version != FORMAT_VERSION || integer(record, "time_us", -1) < 0 ||
	    !aim_trail_record_text(record, AIM_TRAIL_KIND).ptr)
		return not_a_record(position, err);
	return AIM_OK;
}

int aim__trail_record_is_salted(const aim_trail_record *record)
{
	return aim_trail_record_text(record, AIM_TRAIL_ARGUMENTS_COMMITMENT).ptr != NULL;
}

uint64_t aim_trail_record_position(const aim_trail_record *record)
{
	return record ? record->position : AIM_TRAIL_END;
}

aim_str aim_trail_record_json(const aim_trail_record *record)
{
	return record ? record->json : (aim_str){NULL, 0};
}

aim_str aim_trail_record_text(const aim_trail_record *record, uint32_t text)
{
	if (!record || text >= AIM_TRAIL_N_TEXTS)
		return (aim_str){NULL, 0};
	const aim_json *doc = &record->doc;
	aim_json_value object = AIM_JSON_ROOT;
	if (texts[text].of_actor)
		object = aim__json_member_text(doc, object, "actor");
	return aim__json_string(doc, aim__json_member_text(doc, object, texts[text].name));
}

int64_t aim_trail_record_time_us(const aim_trail_record *record)
{
	return record ? integer(record, "time_us", 0) : 0;
}

int64_t aim_trail_record_trust_micro(const aim_trail_record *record)
{
	return record ? integer(record, "trust_micro", AIM_AUDIT_NO_TRUST) : AIM_AUDIT_NO_TRUST;
}

aim_bytes aim_trail_record_salt(const aim_trail_record *record)
{
	if (!record || !aim__trail_record_is_salted(record))
		return (aim_bytes){NULL, 0};
	return aim_bytes_from(record->salt, sizeof record->salt);
}

aim_bytes aim_trail_record_leaf(const aim_trail_record *record)
{
	return record ? aim_bytes_from(record->leaf.bytes, sizeof record->leaf.bytes) : (aim_bytes){NULL, 0};
}

const aim_json *aim_trail_record_document(const aim_trail_record *record)
{
	return record ? &record->doc : NULL;
}
