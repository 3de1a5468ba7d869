/* identity/grant.c — adding, removing and listing grants; the check is in grants.c. Layer identity.
 *
 * "grant/<agent>/<id>" holds one grant. "grant-count/<agent>" is a counter that bounds them. */
#include "identity/grant.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "base/time.h"
#include "identity/check.h"
#include "identity/pattern.h"
#include "identity/subject.h"
#include "store/store.h"

#include <string.h>

AIM__NO_PADDING(aim_grant_spec, 8 + 10 * sizeof(void *) + 8);

#define ID_PREFIX "grt_"
#define BY_AGENT "grant/"
#define COUNT "grant-count/"
#define MAX_GRANTS 1024

static const aim__field grant_fields[] = {
	{"id", offsetof(aim__grant, id), AIM__FIELD_TEXT, 1, NULL},
	{"agent", offsetof(aim__grant, agent), AIM__FIELD_TEXT, 1, NULL},
	{"namespace", offsetof(aim__grant, name_space), AIM__FIELD_TEXT, 1, NULL},
	{"deny", offsetof(aim__grant, deny), AIM__FIELD_BOOL, 0, NULL},
	{"capability", offsetof(aim__grant, capability), AIM__FIELD_TEXT, 1, NULL},
	{"resource", offsetof(aim__grant, resource), AIM__FIELD_TEXT, 0, NULL},
	{"expires_at", offsetof(aim__grant, expires_at_s), AIM__FIELD_TIME_S, 0, NULL},
	{"created_at", offsetof(aim__grant, created_us), AIM__FIELD_TIME_US, 1, NULL},
	{"granted_by", offsetof(aim__grant, actor), AIM__FIELD_TEXT, 0, NULL},
	{"reason", offsetof(aim__grant, reason), AIM__FIELD_TEXT, 0, NULL},
};
static const aim__fields grant_table = {grant_fields, sizeof grant_fields / sizeof *grant_fields};

/* ---- adding ---- */

aim_status aim__grant_check_spec(const aim_ctx *ctx, const aim_grant_spec *s, aim_error *err)
{
	char text[AIM__TIME_TEXT_SIZE];
	if (s->flags & ~AIM_GRANT_DENY)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_grant_spec.flags has an unknown bit");
	if (s->capability.len > ctx->limits.max_name_bytes || !aim__capability_valid(s->capability, 1))
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY,
		                 "\"%.*s\" is no capability pattern: expected segments of letters, digits, "
		                 "'_', '.' and '-', or '*', joined by ':'", AIM__STR(s->capability));
	aim_status rc = aim__check_text("resource", s->resource, AIM__TEXT_MAX, 0, err);
	if (rc == AIM_OK && !aim__resource_pattern_valid(s->resource))
		rc = aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY,
		               "\"%.*s\" is no resource pattern: \"**\" must be a whole segment",
		               AIM__STR(s->resource));
	if (rc == AIM_OK && (s->expires_at_s < 0 || aim__time_format_s(text, s->expires_at_s) != AIM_OK))
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		               "expires_at_s is not within the years 1970 to 9999");
	if (rc == AIM_OK)
		rc = aim__check_text("reason", s->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	return rc == AIM_OK ? aim__check_name(ctx, "actor", s->actor, 0, err) : rc;
}

/* Members in canonical order. */
static aim_status write_data(aim__batch *batch, const aim__grant *grant, aim_error *err)
{
	aim__json_writer json;
	aim__write_init(&json, &batch->data);
	aim__write_begin_object(&json);
	aim__write_member_string(&json, "capability", grant->capability);
	aim__write_member_bool(&json, "deny", grant->deny != 0);
	if (grant->expires_at_s)
		aim__write_member_int64(&json, "expires_at_s", grant->expires_at_s);
	aim__write_member_string(&json, "grant", grant->id);
	aim__write_end_object(&json);
	aim_status rc = aim__write_finish(&json);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status add_record(aim__batch *batch, const char *kind, const aim__grant *grant, aim_str actor,
                             aim_error *err)
{
	aim_audit_record *r = aim__batch_record(batch, kind, grant->agent, 0);
	r->user = actor;
	r->action = grant->capability;
	r->resource = grant->resource;
	r->reason = grant->reason;
	return write_data(batch, grant, err);
}

static aim_status step_count(aim__batch *batch, aim_str agent, int64_t by, aim_error *err)
{
	aim_status rc = aim__batch_add(batch, AIM_STORE_ADD, 0, COUNT, &agent, 1, NULL, NULL, err);
	if (rc != AIM_OK)
		return rc;
	batch->ops[batch->n_ops - 1].delta = by;
	batch->ops[batch->n_ops - 1].bound = by > 0 ? MAX_GRANTS : 0;
	return AIM_OK;
}

aim_status aim__grant_put(aim__batch *batch, aim__grant *grant, char out_id[AIM__ID_SIZE], aim_error *err)
{
	aim_registry *registry = batch->registry;
	aim_status rc = aim_ctx_now_us(registry->ctx, &grant->created_us);
	if (rc == AIM_OK)
		rc = aim__id_new(registry->ctx, ID_PREFIX, grant->created_us, out_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	grant->id = aim_str_from(out_id);
	grant->name_space = aim_registry_name_space(registry);
	aim_str parts[2] = {grant->agent, grant->id};
	rc = aim__batch_add(batch, AIM_STORE_PUT_IF_ABSENT, 0, BY_AGENT, parts, 2, &grant_table, grant, err);
	if (rc == AIM_OK)
		rc = step_count(batch, grant->agent, 1, err);
	return rc == AIM_OK ? add_record(batch, "capability_granted", grant, grant->actor, err) : rc;
}

aim_status aim__grant_too_many(aim_str agent, aim_error *err)
{
	return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "%.*s has %u grants already", AIM__STR(agent),
	                 MAX_GRANTS);
}

static aim_status add(aim_registry *registry, const char *agent, const aim_grant_spec *spec,
                      char out_id[AIM__ID_SIZE], aim_error *err)
{
	aim__batch batch;
	aim__grant grant = {.agent = aim_str_from(agent), .capability = spec->capability,
	                    .resource = spec->resource, .reason = spec->reason, .actor = spec->actor,
	                    .expires_at_s = spec->expires_at_s, .deny = spec->flags & AIM_GRANT_DENY};
	aim__batch_init(&batch, registry);
	aim_status rc = aim__grant_put(&batch, &grant, out_id, err);
	if (rc == AIM_OK)
		rc = aim__batch_commit(&batch, NULL, err);
	aim__batch_dispose(&batch);
	return rc == AIM_E_STORE_BOUND ? aim__grant_too_many(grant.agent, err) : rc;
}

aim_status aim_grant_add(aim_registry *registry, const aim_grant_spec *spec, char *out_id,
                         aim_error *err)
{
	aim_grant_spec s = {.struct_size = sizeof s};
	char agent[AIM__ID_SIZE], id[AIM__ID_SIZE];
	if (!registry || !spec)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and spec are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, sizeof s, "aim_grant_spec", err);
	if (rc == AIM_OK)
		rc = aim__grant_check_spec(registry->ctx, &s, err);
	if (rc == AIM_OK)
		rc = aim__subject_usable(registry, &aim__agent_kind, s.agent, agent, err);
	if (rc == AIM_OK)
		rc = add(registry, agent, &s, id, err);
	if (rc == AIM_OK && out_id)
		memcpy(out_id, id, AIM__ID_SIZE);
	return rc;
}

/* ---- reading ---- */

aim_status aim__grant_read(aim__record *record, aim_bytes key, aim_bytes value, aim__arena *arena,
                           aim__grant *out, int *out_visible, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__record_parse(record, key, value, err);
	if (rc == AIM_OK)
		rc = aim__record_read(record, key, &grant_table, arena, out, err);
	if (rc == AIM_OK && !aim__capability_valid(out->capability, 1))
		rc = aim__record_corrupt(key, "capability", err);
	if (rc == AIM_OK)
		*out_visible = aim_str_equal(out->name_space, aim_registry_name_space(record->registry));
	return rc;
}

aim_status aim__grant_walk(aim_registry *registry, aim_str agent, aim__record_visit visit, void *user,
                           aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_buf key;
	aim_status rc = aim__id_parse(aim__agent_kind.id_prefix, agent, id, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&key, registry->ctx);
	aim_str parts[2] = {aim_str_from(id), {NULL, 0}};
	rc = aim__record_key(&key, BY_AGENT, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), visit, user, err);
	aim__buf_dispose(&key);
	return rc;
}

typedef struct listing {
	aim__record record;
	aim__arena arena;
	aim_grant_visit visit;
	void *user;
} listing;

static aim_status visit_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                            aim_error *err)
{
	listing *l = user;
	aim__grant grant;
	int visible = 0;
	(void)version;
	aim__arena_reset(&l->arena);
	aim_status rc = aim__grant_read(&l->record, key, value, &l->arena, &grant, &visible, err);
	if (rc != AIM_OK || !visible)
		return rc;
	aim_grant_spec spec = {.struct_size = sizeof spec, .flags = grant.deny ? AIM_GRANT_DENY : 0};
	spec.agent = grant.agent;
	spec.capability = grant.capability;
	spec.resource = grant.resource;
	spec.expires_at_s = grant.expires_at_s;
	spec.reason = grant.reason;
	spec.actor = grant.actor;
	return l->visit(l->user, grant.id, &spec);
}

aim_status aim_grant_list(aim_registry *registry, aim_str agent, aim_grant_visit visit, void *user,
                          aim_error *err)
{
	listing l = {.visit = visit, .user = user};
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim__record_init(&l.record, registry);
	aim__arena_init(&l.arena, registry->ctx, 1024, 0);
	aim_status rc = aim__grant_walk(registry, agent, visit_row, &l, err);
	aim__arena_dispose(&l.arena);
	aim__record_dispose(&l.record);
	return rc;
}

/* ---- removing ---- */

typedef struct removal {
	aim__record record;
	aim__arena arena;
	aim__batch batch;
	aim_buf key;
} removal;

static aim_status remove_grant(removal *r, const aim_str parts[2], aim_str actor, aim_error *err)
{
	aim__grant grant;
	int visible = 0;
	aim_status rc = aim__record_key(&r->key, BY_AGENT, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&r->record, aim_buf_bytes(&r->key), err);
	if (rc == AIM_OK)
		rc = aim__grant_read(&r->record, aim_buf_bytes(&r->key), aim_buf_bytes(&r->record.text), &r->arena,
		                     &grant, &visible, err);
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && !visible))
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%.*s has no grant %.*s",
		                 AIM__STR(parts[0]), AIM__STR(parts[1]));
	if (rc == AIM_OK)
		rc = aim__batch_add(&r->batch, AIM_STORE_DELETE, r->record.version, BY_AGENT, parts, 2, NULL, NULL,
		                    err);
	if (rc == AIM_OK)
		rc = step_count(&r->batch, parts[0], -1, err);
	if (rc == AIM_OK)
		rc = add_record(&r->batch, "capability_revoked", &grant, actor, err);
	return rc == AIM_OK ? aim__batch_commit(&r->batch, NULL, err) : rc;
}

aim_status aim_grant_remove(aim_registry *registry, aim_str agent, aim_str id, aim_str actor,
                            aim_error *err)
{
	char agent_id[AIM__ID_SIZE], grant_id[AIM__ID_SIZE];
	removal r;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(aim__agent_kind.id_prefix, agent, agent_id, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(ID_PREFIX, id, grant_id, err);
	if (rc != AIM_OK)
		return rc;
	aim_str parts[2] = {aim_str_from(agent_id), aim_str_from(grant_id)};
	aim__record_init(&r.record, registry);
	aim__arena_init(&r.arena, registry->ctx, 1024, 0);
	aim__batch_init(&r.batch, registry);
	aim__buf_init(&r.key, registry->ctx);
	rc = remove_grant(&r, parts, actor, err);
	aim__buf_dispose(&r.key);
	aim__batch_dispose(&r.batch);
	aim__arena_dispose(&r.arena);
	aim__record_dispose(&r.record);
	return rc;
}
