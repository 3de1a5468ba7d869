/* identity/session_change.c — ending sessions one by one, of an agent, or when they are over; counting them. Layer
 * identity. */
#include "identity/session.h"

#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "identity/check.h"
#include "store/store.h"

#include <string.h>

/* ---- batches ---- */

aim_status aim__session_batch_init(aim__session_batch *b, aim_registry *registry, aim_error *err)
{
	memset(b, 0, sizeof *b);
	b->registry = registry;
	aim__arena_init(&b->arena, registry->ctx, 1024, 0);
	aim__buf_init(&b->key, registry->ctx);
	aim__buf_init(&b->value, registry->ctx);
	b->ops = aim__alloc_array(registry->ctx, AIM__SESSION_OPS, sizeof *b->ops);
	b->records = aim__alloc_array(registry->ctx, AIM__SESSION_RECORDS, sizeof *b->records);
	return b->ops && b->records ? AIM_OK : aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
}

void aim__session_batch_dispose(aim__session_batch *b)
{
	const aim_ctx *ctx = b->registry->ctx;
	aim__free(ctx, b->records, AIM__SESSION_RECORDS * sizeof *b->records);
	aim__free(ctx, b->ops, AIM__SESSION_OPS * sizeof *b->ops);
	aim__buf_dispose(&b->value);
	aim__buf_dispose(&b->key);
	aim__arena_dispose(&b->arena);
}

void aim__session_batch_clear(aim__session_batch *b)
{
	aim__arena_reset(&b->arena);
	b->n_ops = b->n_records = 0;
}

aim_buf *aim__session_batch_key(aim__session_batch *b)
{
	return &b->key;
}

/* The next operation, its key and value copied out of the buffers. */
static aim_status add_op(aim__session_batch *b, uint32_t kind, uint64_t version, int64_t expires_at_us,
                         aim_str value, aim_error *err)
{
	aim_str key = aim__arena_copy(&b->arena, aim_buf_str(&b->key));
	aim_str copy = value.len ? aim__arena_copy(&b->arena, value) : value;
	if (!key.ptr || (value.len && !copy.ptr))
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	if (b->n_ops == AIM__SESSION_OPS)
		return aim__fail_plain(err, AIM_E_INTERNAL, AIM_LAYER_IDENTITY);
	aim_store_op *op = &b->ops[b->n_ops++];
	*op = (aim_store_op){.kind = kind, .version = version, .expires_at_us = expires_at_us};
	op->key = aim_bytes_from_str(key);
	op->value = aim_bytes_from_str(copy);
	return AIM_OK;
}

aim_status aim__session_batch_put(aim__session_batch *b, uint32_t kind, uint64_t version, int64_t expires_at_us,
                                  const aim__fields *table, const void *record, aim_error *err)
{
	aim_buf_clear(&b->value);
	aim_status rc = aim__fields_object(&b->value, table, record);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	return add_op(b, kind, version, expires_at_us, aim_buf_str(&b->value), err);
}

aim_status aim__session_batch_guard(aim__session_batch *b, aim_str agent, aim_error *err)
{
	const aim_str value = {"{}", 2};
	uint64_t version = 0;
	aim_status rc = aim__record_key(&b->key, AIM__SESSION_GUARD, &agent, 1, err);
	if (rc == AIM_OK)
		rc = aim__store_get(b->registry->store, aim_buf_bytes(&b->key), &b->value, &version, err);
	if (rc == AIM_E_NOT_FOUND)
		return add_op(b, AIM_STORE_PUT_IF_ABSENT, 0, 0, value, err);
	return rc == AIM_OK ? add_op(b, AIM_STORE_PUT_IF_VERSION, version, 0, value, err) : rc;
}

void aim__session_batch_record(aim__session_batch *b, const char *action, aim_str agent, aim_str id, aim_str user,
                               int64_t now_us)
{
	aim_audit_record *r = &b->records[b->n_records++];
	*r = (aim_audit_record){.struct_size = sizeof *r, .trust_micro = AIM_AUDIT_NO_TRUST, .time_us = now_us};
	r->kind = aim_str_from("session");
	r->action = aim_str_from(action);
	r->subject = agent;
	r->session = id;
	r->user = user;
}

aim_status aim__session_batch_end(aim__session_batch *b, const aim__session *s, const char *action, aim_str actor,
                                  int64_t now_us, aim_error *err)
{
	const aim_str nothing = {NULL, 0};
	aim_status rc = aim__session_key(&b->key, s->agent, s->id, err);
	if (rc == AIM_OK)
		rc = add_op(b, AIM_STORE_DELETE, s->version, 0, nothing, err);
	if (rc == AIM_OK)
		rc = aim__session_token_key(&b->key, s->token_hash, err);
	if (rc == AIM_OK)
		rc = add_op(b, AIM_STORE_DELETE, 0, 0, nothing, err);
	if (rc == AIM_OK)
		aim__session_batch_record(b, action, s->agent, s->id, actor, now_us);
	return rc;
}

/* Moves no generation: nobody remembers sessions, and what hosts remember of agents stays good. */
aim_status aim__session_batch_commit(aim__session_batch *b, aim_error *err)
{
	aim__change change = {.ops = b->ops, .n_ops = b->n_ops, .records = b->records, .n_records = b->n_records};
	return aim__audit_commit(b->registry->log, &change, err);
}

/* ---- lists ---- */

void aim__session_list_init(aim__session_list *list, aim_registry *registry)
{
	list->registry = registry;
	list->n = 0;
	aim__arena_init(&list->arena, registry->ctx, 1024, 0);
}

void aim__session_list_dispose(aim__session_list *list)
{
	aim__arena_dispose(&list->arena);
}

typedef struct filling {
	aim__record row;
	aim__session_list *list;
	int64_t ended_us;
} filling;

static aim_status keep(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	filling *f = user;
	aim__session_list *list = f->list;
	int visible = 0;
	if (list->n == AIM__SESSION_LIST_MAX)
		return AIM_E_SPACE; /* full: any failure ends the walk */
	f->row.version = version;
	aim_status rc = aim__record_parse(&f->row, key, value, err);
	if (rc == AIM_OK)
		rc = aim__session_read(&f->row, key, &list->arena, &list->items[list->n], &visible, err);
	if (rc == AIM_OK && visible && list->items[list->n].expires_us <= f->ended_us)
		list->n++;
	return rc;
}

/* The prefix of an agent's sessions; of all when agent is empty. */
static aim_status prefix_of(aim_buf *key, aim_str agent, aim_error *err)
{
	const aim_str parts[2] = {agent, {NULL, 0}};
	return aim__record_key(key, AIM__SESSION_BY_AGENT, parts, agent.len ? 2 : 0, err);
}

aim_status aim__session_list_load(aim__session_list *list, aim_str agent, int64_t ended_us, aim_error *err)
{
	filling f = {.list = list, .ended_us = ended_us};
	aim_buf key;
	aim__buf_init(&key, list->registry->ctx);
	aim__record_init(&f.row, list->registry);
	aim_status rc = prefix_of(&key, agent, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(list->registry, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), keep, &f, err);
	aim__record_dispose(&f.row);
	aim__buf_dispose(&key);
	return rc == AIM_E_SPACE && list->n == AIM__SESSION_LIST_MAX ? AIM_OK : rc;
}

aim_status aim__session_make_room(aim__session_batch *b, const aim__session_list *list, size_t left,
                                  uint32_t flags, int64_t now_us, aim_error *err)
{
	const aim_str nobody = {NULL, 0};
	size_t live = 0;
	for (size_t i = 0; i < list->n; i++)
		live += now_us < list->items[i].expires_us;
	if (live > left && flags & AIM_SESSION_REFUSE)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "the agent has %zu sessions already", live);
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < list->n; i++) {
		const aim__session *s = &list->items[i];
		if (now_us >= s->expires_us) {
			rc = aim__session_batch_end(b, s, "expire", nobody, now_us, err);
		} else if (live > left) {
			rc = aim__session_batch_end(b, s, "evict", nobody, now_us, err);
			live--;
		}
	}
	return rc;
}

/* ---- ending ---- */

static aim_status revoke_once(aim_registry *registry, aim__session_batch *b, aim_str token, aim_str actor,
                              aim_error *err)
{
	aim__session_found f;
	int64_t now_us;
	aim__session_batch_clear(b);
	aim__session_found_init(&f, registry);
	aim_status rc = aim__session_find(&f, registry, token, err);
	if (rc == AIM_OK)
		rc = aim__session_now(registry, &now_us, err);
	if (rc == AIM_OK)
		rc = aim__session_batch_end(b, &f.session, "revoke", actor, now_us, err);
	if (rc == AIM_OK)
		rc = aim__session_batch_commit(b, err);
	aim__session_found_dispose(&f);
	return rc;
}

aim_status aim_session_revoke(aim_registry *registry, aim_str token, aim_str actor, aim_error *err)
{
	aim__session_batch b;
	if (!registry || (!token.ptr && token.len > 0))
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and token are required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__session_batch_init(&b, registry, err);
	if (rc == AIM_OK)
		rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = revoke_once(registry, &b, token, actor, err);
	aim__session_batch_dispose(&b);
	return rc;
}

/* Which sessions go, and under what name. */
typedef struct sweep {
	aim__session_batch batch;
	aim_str agent; /* empty: all agents */
	aim_str actor;
	const char *action;
	int only_ended;
	uint64_t n;
} sweep;

/* One list of sessions; *out_more when there may be others. */
static aim_status sweep_list(sweep *s, aim__session_list *list, int *out_more, aim_error *err)
{
	int64_t now_us;
	aim__session_batch_clear(&s->batch);
	aim_status rc = aim__session_now(list->registry, &now_us, err);
	if (rc == AIM_OK)
		rc = aim__session_list_load(list, s->agent, s->only_ended ? now_us : INT64_MAX, err);
	*out_more = list->n == AIM__SESSION_LIST_MAX;
	for (size_t i = 0; rc == AIM_OK && i < list->n; i++)
		rc = aim__session_batch_end(&s->batch, &list->items[i], s->action, s->actor, now_us, err);
	if (rc == AIM_OK && list->n > 0)
		rc = aim__session_batch_commit(&s->batch, err);
	if (rc == AIM_OK)
		s->n += list->n;
	return rc;
}

static aim_status sweep_all(aim_registry *registry, sweep *s, aim_error *err)
{
	int more = 1;
	int attempts = 0;
	aim_status rc = aim__session_batch_init(&s->batch, registry, err);
	while (rc == AIM_OK && more) {
		aim__session_list list;
		aim__session_list_init(&list, registry);
		rc = sweep_list(s, &list, &more, err);
		aim__session_list_dispose(&list);
		if (rc == AIM_E_CONFLICT && ++attempts < AIM__RECORD_ATTEMPTS) {
			rc = AIM_OK; /* others ended one of them meanwhile */
			more = 1;
		}
	}
	aim__session_batch_dispose(&s->batch);
	return rc;
}

aim_status aim_session_revoke_all(aim_registry *registry, aim_str agent, aim_str actor, uint64_t *out_n,
                                  aim_error *err)
{
	char id[AIM__ID_SIZE];
	sweep s;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(aim__agent_kind.id_prefix, agent, id, err);
	if (rc != AIM_OK)
		return rc;
	memset(&s, 0, sizeof s);
	s.agent = aim_str_from(id);
	s.actor = actor;
	s.action = "revoke";
	rc = sweep_all(registry, &s, err);
	if (rc == AIM_OK && out_n)
		*out_n = s.n;
	return rc;
}

aim_status aim_session_cleanup(aim_registry *registry, uint64_t *out_n, aim_error *err)
{
	sweep s;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	memset(&s, 0, sizeof s);
	s.action = "expire";
	s.only_ended = 1;
	aim_status rc = sweep_all(registry, &s, err);
	if (rc == AIM_OK && out_n)
		*out_n = s.n;
	return rc;
}

/* ---- counting ---- */

typedef struct counting {
	aim__record row;
	aim__arena arena;
	aim_registry *registry;
	int64_t now_us;
	uint64_t n;
	int active;                /* whether the agent below is */
	char agent[AIM__ID_SIZE];  /* of the row before; sessions of one agent stand together */
} counting;

static aim_status look_at_agent(counting *c, aim_str agent, aim_error *err)
{
	aim_error ignored = {0};
	if (aim_str_equal(agent, aim_str_from(c->agent)))
		return AIM_OK;
	memcpy(c->agent, agent.ptr, AIM__ID_LEN);
	aim_status rc = aim__session_agent_active(c->registry, agent, c->now_us, &ignored);
	c->active = rc == AIM_OK;
	if (rc == AIM_OK || rc == AIM_E_ID_STATUS || rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (err)
		*err = ignored;
	return rc;
}

static aim_status count_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	counting *c = user;
	aim__session s;
	int visible = 0;
	(void)version;
	aim__arena_reset(&c->arena);
	aim_status rc = aim__record_parse(&c->row, key, value, err);
	if (rc == AIM_OK)
		rc = aim__session_read(&c->row, key, &c->arena, &s, &visible, err);
	if (rc != AIM_OK || !visible || c->now_us >= s.expires_us)
		return rc;
	rc = look_at_agent(c, s.agent, err);
	c->n += rc == AIM_OK && c->active;
	return rc;
}

aim_status aim_session_count(aim_registry *registry, aim_str agent, uint64_t *out, aim_error *err)
{
	counting c;
	char id[AIM__ID_SIZE] = "";
	aim_buf key;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	memset(&c, 0, sizeof c);
	c.registry = registry;
	aim_status rc = agent.len ? aim__id_parse(aim__agent_kind.id_prefix, agent, id, err) : AIM_OK;
	if (rc == AIM_OK)
		rc = aim__session_now(registry, &c.now_us, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&key, registry->ctx);
	aim__record_init(&c.row, registry);
	aim__arena_init(&c.arena, registry->ctx, 512, 0);
	rc = prefix_of(&key, aim_str_from(id), err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), count_row, &c, err);
	aim__arena_dispose(&c.arena);
	aim__record_dispose(&c.row);
	aim__buf_dispose(&key);
	if (rc == AIM_OK)
		*out = c.n;
	return rc;
}
