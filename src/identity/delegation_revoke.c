/* identity/delegation_revoke.c — links revoked in the registry, for good. Layer identity. */
#include "identity/delegation_kept.h"

#include "base/ctx.h"
#include "base/error.h"
#include "identity/check.h"
#include "store/id.h"
#include "store/store.h"

typedef struct revocation {
	aim_str id, name_space, reason, actor;
	int64_t revoked_us;
} revocation;

#define REVOCATION_FIELD(name, member, type, required) {name, offsetof(revocation, member), type, required, NULL}
static const aim__field revocation_fields[] = {
	REVOCATION_FIELD("id", id, AIM__FIELD_TEXT, 1),
	REVOCATION_FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	REVOCATION_FIELD("revoked_at", revoked_us, AIM__FIELD_TIME_US, 1),
	REVOCATION_FIELD("revoked_by", actor, AIM__FIELD_TEXT, 0),
	REVOCATION_FIELD("reason", reason, AIM__FIELD_TEXT, 0),
};
static const aim__fields revocation_table = {revocation_fields, sizeof revocation_fields / sizeof *revocation_fields};

static aim_status revoked_key(aim_registry *registry, aim_buf *key, aim_str id, aim_error *err)
{
	const aim_str parts[2] = {aim_registry_name_space(registry), id};
	return aim__record_key(key, AIM__DELEGATION_REVOKED, parts, 2, err);
}

aim_status aim__delegation_revoked(aim_registry *registry, aim_str id, int *out, aim_error *err)
{
	aim_buf key, value;
	aim__buf_init(&key, registry->ctx);
	aim__buf_init(&value, registry->ctx);
	aim_status rc = revoked_key(registry, &key, id, err);
	if (rc == AIM_OK)
		rc = aim__store_get(registry->store, aim_buf_bytes(&key), &value, NULL, err);
	aim__buf_dispose(&value);
	aim__buf_dispose(&key);
	if (rc != AIM_OK && rc != AIM_E_NOT_FOUND)
		return rc;
	*out = rc == AIM_OK;
	return AIM_OK;
}

static aim_status commit_revocation(aim_registry *registry, const revocation *v, aim_buf *key, aim_buf *value,
                                    aim_error *err)
{
	aim_store_op ops[2] = {{.kind = AIM_STORE_PUT_IF_ABSENT}, aim__registry_epoch_step()};
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	aim_status rc = revoked_key(registry, key, v->id, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__fields_object(value, &revocation_table, v);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	ops[0].key = aim_buf_bytes(key);
	ops[0].value = aim_buf_bytes(value);
	r.time_us = v->revoked_us;
	r.kind = aim_str_from("delegation");
	r.action = aim_str_from("revoke");
	r.subject = v->id;
	r.user = v->actor;
	r.reason = v->reason;
	return aim__record_commit(registry, ops, 2, &r, 1, NULL, err);
}

/* Refused was this revocation, and that may have had other reasons: only one that can be read is one. */
static aim_status was_revoked(aim_registry *registry, aim_str id, aim_error *err)
{
	int revoked = 0;
	aim_status rc = aim__delegation_revoked(registry, id, &revoked, err);
	return rc == AIM_OK && !revoked ? aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY) : rc;
}

static aim_status revoke_once(aim_registry *registry, const revocation *v, aim_error *err)
{
	aim_buf key, value;
	aim__buf_init(&key, registry->ctx);
	aim__buf_init(&value, registry->ctx);
	aim_status rc = commit_revocation(registry, v, &key, &value, err);
	aim__buf_dispose(&value);
	aim__buf_dispose(&key);
	return rc == AIM_E_CONFLICT ? was_revoked(registry, v->id, err) : rc;
}

aim_status aim_delegation_revoke(aim_registry *registry, aim_str id, aim_str reason, aim_str actor, aim_error *err)
{
	char text[AIM__ID_SIZE];
	revocation v = {.reason = reason, .actor = actor};
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__id_parse(AIM__DELEGATION_ID_PREFIX, id, text, err);
	if (rc == AIM_OK)
		rc = aim__check_text("reason", reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(registry->ctx, &v.revoked_us)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (rc != AIM_OK)
		return rc;
	v.id = aim_str_from(text);
	v.name_space = aim_registry_name_space(registry);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = revoke_once(registry, &v, err);
	return rc;
}
