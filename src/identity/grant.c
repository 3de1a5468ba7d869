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

static aim_status check_spec(const aim_ctx *ctx, const aim_grant_spec *s, aim_error *err)
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

/* What one change of the grants writes. */
typedef struct grant_work {
	aim_registry *registry;
	char agent[AIM__ID_SIZE];
	char id[AIM__ID_SIZE];
	aim_buf key, count_key, value, data;
} grant_work;

static void work_init(grant_work *w, aim_registry *registry)
{
	memset(w, 0, sizeof *w);
	w->registry = registry;
	aim__buf_init(&w->key, registry->ctx);
	aim__buf_init(&w->count_key, registry->ctx);
	aim__buf_init(&w->value, registry->ctx);
	aim__buf_init(&w->data, registry->ctx);
}

static void work_dispose(grant_work *w)
{
	aim__buf_dispose(&w->data);
	aim__buf_dispose(&w->value);
	aim__buf_dispose(&w->count_key);
	aim__buf_dispose(&w->key);
}

static aim_status work_keys(grant_work *w, aim_error *err)
{
	aim_str parts[2] = {aim_str_from(w->agent), aim_str_from(w->id)};
	aim_status rc = aim__record_key(&w->key, BY_AGENT, parts, 2, err);
	return rc == AIM_OK ? aim__record_key(&w->count_key, COUNT, parts, 1, err) : rc;
}

static aim_status write_grant(grant_work *w, const aim__grant *grant, aim_error *err)
{
	aim_status rc = aim__fields_object(&w->value, &grant_table, grant);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* Members in canonical order. */
static aim_status write_data(grant_work *w, const aim__grant *grant, aim_error *err)
{
	aim__json_writer json;
	aim__write_init(&json, &w->data);
	aim__write_begin_object(&json);
	aim__write_member_string(&json, "capability", grant->capability);
	aim__write_member_bool(&json, "deny", grant->deny != 0);
	if (grant->expires_at_s)
		aim__write_member_int64(&json, "expires_at_s", grant->expires_at_s);
	aim__write_member_text(&json, "grant", w->id);
	aim__write_end_object(&json);
	aim_status rc = aim__write_finish(&json);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status commit(grant_work *w, aim_store_op ops[3], const aim__grant *grant,
                         const char *kind, aim_str actor, uint32_t *out_failed_op, aim_error *err)
{
	aim_status rc = write_data(w, grant, err);
	if (rc != AIM_OK)
		return rc;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from(kind);
	r.user = actor;
	r.subject = aim_str_from(w->agent);
	r.action = grant->capability;
	r.resource = grant->resource;
	r.reason = grant->reason;
	r.data = aim_buf_str(&w->data);
	ops[2] = aim__registry_epoch_step();
	return aim__record_commit(w->registry, ops, 3, &r, 1, out_failed_op, err);
}

static aim_status add(grant_work *w, const aim_grant_spec *spec, aim_error *err)
{
	aim__grant grant = {.capability = spec->capability, .resource = spec->resource,
	                    .reason = spec->reason, .actor = spec->actor,
	                    .expires_at_s = spec->expires_at_s, .deny = spec->flags & AIM_GRANT_DENY};
	uint32_t failed_op = 0;
	aim_status rc = aim_ctx_now_us(w->registry->ctx, &grant.created_us);
	if (rc == AIM_OK)
		rc = aim__id_new(w->registry->ctx, ID_PREFIX, grant.created_us, w->id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	grant.id = aim_str_from(w->id);
	grant.agent = aim_str_from(w->agent);
	grant.name_space = aim_registry_name_space(w->registry);
	rc = work_keys(w, err);
	if (rc == AIM_OK)
		rc = write_grant(w, &grant, err);
	if (rc != AIM_OK)
		return rc;
	aim_store_op ops[3] = {{.kind = AIM_STORE_PUT_IF_ABSENT},
	                       {.kind = AIM_STORE_ADD, .delta = 1, .bound = MAX_GRANTS}};
	ops[0].key = aim_buf_bytes(&w->key);
	ops[0].value = aim_buf_bytes(&w->value);
	ops[1].key = aim_buf_bytes(&w->count_key);
	rc = commit(w, ops, &grant, "capability_granted", spec->actor, &failed_op, err);
	if (rc == AIM_E_STORE_BOUND)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "%s has %u grants already", w->agent,
		                 MAX_GRANTS);
	return rc;
}

aim_status aim_grant_add(aim_registry *registry, const aim_grant_spec *spec, char *out_id,
                         aim_error *err)
{
	aim_grant_spec s = {.struct_size = sizeof s};
	grant_work w;
	if (!registry || !spec)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and spec are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, sizeof s, "aim_grant_spec", err);
	if (rc == AIM_OK)
		rc = check_spec(registry->ctx, &s, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&w, registry);
	rc = aim__subject_usable(registry, &aim__agent_kind, s.agent, w.agent, err);
	if (rc == AIM_OK)
		rc = add(&w, &s, err);
	if (rc == AIM_OK && out_id)
		memcpy(out_id, w.id, AIM__ID_SIZE);
	work_dispose(&w);
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

static aim_status remove_grant(grant_work *w, aim__record *record, aim__arena *arena, aim_str actor,
                               aim_error *err)
{
	aim__grant grant;
	int visible = 0;
	uint32_t failed_op;
	aim_bytes key = aim_buf_bytes(&w->key);
	aim_status rc = aim__store_get(w->registry->store, key, &w->value, &record->version, err);
	if (rc == AIM_OK)
		rc = aim__grant_read(record, key, aim_buf_bytes(&w->value), arena, &grant, &visible, err);
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && !visible))
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%s has no grant %s", w->agent, w->id);
	if (rc != AIM_OK)
		return rc;
	aim_store_op ops[3] = {{.kind = AIM_STORE_DELETE},
	                       {.kind = AIM_STORE_ADD, .delta = -1, .bound = 0}};
	ops[0].key = key;
	ops[0].version = record->version;
	ops[1].key = aim_buf_bytes(&w->count_key);
	return commit(w, ops, &grant, "capability_revoked", actor, &failed_op, err);
}

aim_status aim_grant_remove(aim_registry *registry, aim_str agent, aim_str id, aim_str actor,
                            aim_error *err)
{
	grant_work w;
	aim__record record;
	aim__arena arena;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&w, registry);
	aim__record_init(&record, registry);
	aim__arena_init(&arena, registry->ctx, 1024, 0);
	rc = aim__id_parse(aim__agent_kind.id_prefix, agent, w.agent, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(ID_PREFIX, id, w.id, err);
	if (rc == AIM_OK)
		rc = work_keys(&w, err);
	if (rc == AIM_OK)
		rc = remove_grant(&w, &record, &arena, actor, err);
	aim__arena_dispose(&arena);
	aim__record_dispose(&record);
	work_dispose(&w);
	return rc;
}
