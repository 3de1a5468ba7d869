/* identity/link.c — which agent uses which server. Layer identity.
 *
 * "link/<agent>/<server>" holds the link; "link-server/<server>/<agent>" lets a server count its
 * agents. Both change in one batch. */
#include <aim/link.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/subject.h"

#include <string.h>

AIM__NO_PADDING(aim_link, 8 + 2 * 8 + 4 * sizeof(void *) + 8);

#define BY_AGENT "link/"
#define BY_SERVER "link-server/"
#define MAX_COUNT UINT64_C(9007199254740991) /* RFC 7493 §2.2 */

typedef struct link_record {
	aim_str agent, server, name_space;
	int64_t first_seen_us, last_seen_us;
	uint64_t n_connections;
} link_record;

static const aim__field link_fields[] = {
	{"agent", offsetof(link_record, agent), AIM__FIELD_TEXT, 1, NULL},
	{"server", offsetof(link_record, server), AIM__FIELD_TEXT, 1, NULL},
	{"namespace", offsetof(link_record, name_space), AIM__FIELD_TEXT, 1, NULL},
	{"first_seen_at", offsetof(link_record, first_seen_us), AIM__FIELD_TIME_US, 1, NULL},
	{"last_seen_at", offsetof(link_record, last_seen_us), AIM__FIELD_TIME_US, 1, NULL},
	{"connections", offsetof(link_record, n_connections), AIM__FIELD_UINT, 0, NULL},
};
static const aim__fields link_table = {link_fields, sizeof link_fields / sizeof *link_fields};

/* A link by its two ids, and whatever is stored of it. */
typedef struct link_work {
	char agent[AIM__ID_SIZE];
	char server[AIM__ID_SIZE];
	aim_buf key, reverse_key, value;
	aim__record record;
	aim__arena arena;
	link_record link;
	int exists;
} link_work;

static void work_init(link_work *w, aim_registry *registry)
{
	memset(w, 0, sizeof *w);
	aim__buf_init(&w->key, registry->ctx);
	aim__buf_init(&w->reverse_key, registry->ctx);
	aim__buf_init(&w->value, registry->ctx);
	aim__record_init(&w->record, registry);
	aim__arena_init(&w->arena, registry->ctx, 512, 0);
}

static void work_dispose(link_work *w)
{
	aim__arena_dispose(&w->arena);
	aim__record_dispose(&w->record);
	aim__buf_dispose(&w->value);
	aim__buf_dispose(&w->reverse_key);
	aim__buf_dispose(&w->key);
}

static aim_status parse_ids(link_work *w, aim_str agent, aim_str server, aim_error *err)
{
	aim_status rc = aim__id_parse(aim__agent_kind.id_prefix, agent, w->agent, err);
	return rc == AIM_OK ? aim__id_parse(aim__server_kind.id_prefix, server, w->server, err) : rc;
}

/* Reads what is stored; no link is no failure. A link of another namespace is none. */
static aim_status load(link_work *w, aim_error *err)
{
	aim_str forward[2] = {aim_str_from(w->agent), aim_str_from(w->server)};
	aim_str reverse[2] = {forward[1], forward[0]};
	w->exists = 0;
	aim__arena_reset(&w->arena);
	memset(&w->link, 0, sizeof w->link);
	aim_status rc = aim__record_key(&w->key, BY_AGENT, forward, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_key(&w->reverse_key, BY_SERVER, reverse, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&w->record, aim_buf_bytes(&w->key), err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc == AIM_OK)
		rc = aim__record_read(&w->record, aim_buf_bytes(&w->key), &link_table, &w->arena, &w->link,
		                      err);
	if (rc == AIM_OK)
		w->exists = aim_str_equal(w->link.name_space, aim_registry_name_space(w->record.registry));
	return rc;
}

static aim_status no_link(const link_work *w, aim_error *err)
{
	return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%s is not linked to %s", w->agent,
	                 w->server);
}

static aim_status commit(link_work *w, const aim_store_op ops[2], aim_str actor, int64_t now_us,
                         const char *action, aim_error *err)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.time_us = now_us;
	r.kind = aim_str_from("mcp_connection");
	r.agent = aim_str_from(w->agent);
	r.subject = aim_str_from(w->server);
	r.user = actor;
	r.action = aim_str_from(action);
	return aim__record_commit(w->record.registry, ops, 2, &r, 1, NULL, err);
}

static aim_status write_link(link_work *w, aim_error *err)
{
	aim_buf_clear(&w->value);
	aim_status rc = aim__fields_object(&w->value, &link_table, &w->link);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status add_once(link_work *w, aim_str actor, aim_error *err)
{
	static const char index_value[] = "{}";
	int64_t now_us;
	aim_status rc = load(w, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(w->record.registry->ctx, &now_us)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (rc != AIM_OK)
		return rc;
	if (!w->exists) {
		w->link.first_seen_us = now_us;
		w->link.n_connections = 0;
	}
	w->link.n_connections += w->link.n_connections < MAX_COUNT;
	w->link.last_seen_us = now_us;
	w->link.agent = aim_str_from(w->agent);
	w->link.server = aim_str_from(w->server);
	w->link.name_space = aim_registry_name_space(w->record.registry);
	rc = write_link(w, err);
	if (rc != AIM_OK)
		return rc;
	aim_store_op ops[2] = {{.kind = w->exists ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT},
	                       {.kind = AIM_STORE_PUT}};
	ops[0].key = aim_buf_bytes(&w->key);
	ops[0].value = aim_buf_bytes(&w->value);
	ops[0].version = w->exists ? w->record.version : 0;
	ops[1].key = aim_buf_bytes(&w->reverse_key);
	ops[1].value = aim_bytes_from(index_value, sizeof index_value - 1);
	return commit(w, ops, actor, now_us, w->exists ? "connect" : "link", err);
}

aim_status aim_link_add(aim_registry *registry, aim_str agent, aim_str server, aim_str actor,
                        aim_error *err)
{
	link_work w;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&w, registry);
	rc = aim__subject_usable(registry, &aim__agent_kind, agent, w.agent, err);
	if (rc == AIM_OK)
		rc = aim__subject_usable(registry, &aim__server_kind, server, w.server, err);
	if (rc == AIM_OK)
		rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = add_once(&w, actor, err);
	work_dispose(&w);
	return rc;
}

static aim_status remove_once(link_work *w, aim_str actor, aim_error *err)
{
	aim_status rc = load(w, err);
	if (rc != AIM_OK)
		return rc;
	if (!w->exists)
		return no_link(w, err);
	aim_store_op ops[2] = {{.kind = AIM_STORE_DELETE}, {.kind = AIM_STORE_DELETE}};
	ops[0].key = aim_buf_bytes(&w->key);
	ops[0].version = w->record.version;
	ops[1].key = aim_buf_bytes(&w->reverse_key);
	return commit(w, ops, actor, 0, "unlink", err);
}

aim_status aim_link_remove(aim_registry *registry, aim_str agent, aim_str server, aim_str actor,
                           aim_error *err)
{
	link_work w;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&w, registry);
	rc = parse_ids(&w, agent, server, err);
	if (rc == AIM_OK)
		rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = remove_once(&w, actor, err);
	work_dispose(&w);
	return rc;
}

aim_status aim_link_check(aim_registry *registry, aim_str agent, aim_str server, aim_link *out,
                          aim_error *err)
{
	link_work w;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	work_init(&w, registry);
	aim_status rc = parse_ids(&w, agent, server, err);
	if (rc == AIM_OK)
		rc = load(&w, err);
	if (rc == AIM_OK && !w.exists)
		rc = no_link(&w, err);
	if (rc == AIM_OK && out) {
		aim_link link = {.struct_size = sizeof link};
		link.first_seen_us = w.link.first_seen_us;
		link.last_seen_us = w.link.last_seen_us;
		link.n_connections = w.link.n_connections;
		rc = aim__sized_out(out, &link, sizeof link, offsetof(aim_link, n_connections));
	}
	work_dispose(&w);
	return rc;
}

/* ---- walking ---- */

typedef struct walk {
	link_work work;
	aim_link_visit visit;
	void *user;
	size_t left;
	int done;
} walk;

static aim_status visit_link(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                             aim_error *err)
{
	walk *w = user;
	(void)version;
	aim__arena_reset(&w->work.arena);
	memset(&w->work.link, 0, sizeof w->work.link);
	aim_status rc = aim__record_parse(&w->work.record, key, value, err);
	if (rc == AIM_OK)
		rc = aim__record_read(&w->work.record, key, &link_table, &w->work.arena, &w->work.link, err);
	if (rc != AIM_OK)
		return rc;
	const link_record *l = &w->work.link;
	if (!aim_str_equal(l->name_space, aim_registry_name_space(w->work.record.registry)))
		return AIM_OK;
	aim_link link = {sizeof link, 0, l->first_seen_us, l->last_seen_us, l->agent, l->server, l->n_connections};
	rc = w->visit(w->user, &link);
	w->done = rc == AIM_OK && --w->left == 0;
	return w->done ? AIM_E_SPACE : rc; /* any failure ends the walk */
}

/* The prefix of all links of one agent, or of all agents of one server: "<prefix><id>/". */
static aim_status walk_prefix(aim_buf *key, const char *prefix, const char *id, aim_error *err)
{
	aim_str parts[2] = {aim_str_from(id), {NULL, 0}};
	return aim__record_key(key, prefix, parts, 2, err);
}

aim_status aim_link_list(aim_registry *registry, aim_str agent, aim_str after, size_t limit,
                         aim_link_visit visit, void *user, aim_error *err)
{
	walk w = {.visit = visit, .user = user, .left = limit ? limit : SIZE_MAX};
	aim_buf after_key;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	work_init(&w.work, registry);
	aim__buf_init(&after_key, registry->ctx);
	aim_status rc = aim__id_parse(aim__agent_kind.id_prefix, agent, w.work.agent, err);
	if (rc == AIM_OK)
		rc = walk_prefix(&w.work.key, BY_AGENT, w.work.agent, err);
	if (rc == AIM_OK && after.len) {
		rc = aim__id_parse(aim__server_kind.id_prefix, after, w.work.server, err);
		aim_str parts[2] = {aim_str_from(w.work.agent), aim_str_from(w.work.server)};
		if (rc == AIM_OK)
			rc = aim__record_key(&after_key, BY_AGENT, parts, 2, err);
	}
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&w.work.key), aim_buf_bytes(&after_key),
		                      visit_link, &w, err);
	aim__buf_dispose(&after_key);
	work_dispose(&w.work);
	return rc == AIM_E_SPACE && w.done ? AIM_OK : rc;
}

static aim_status count_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                            aim_error *err)
{
	uint64_t *count = user;
	(void)key, (void)value, (void)version, (void)err;
	(*count)++;
	return AIM_OK;
}

aim_status aim_link_count_agents(aim_registry *registry, aim_str server, uint64_t *out,
                                 aim_error *err)
{
	aim__subject *found = NULL;
	uint64_t count = 0;
	aim_buf key;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	/* The index does not say whose the links are: the server does. */
	aim_status rc = aim__subject_find(registry, &aim__server_kind, server, &found, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&key, registry->ctx);
	rc = walk_prefix(&key, BY_SERVER, found->id.ptr, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), count_row,
		                      &count, err);
	aim__buf_dispose(&key);
	aim__subject_free(found);
	if (rc == AIM_OK)
		*out = count;
	return rc;
}
