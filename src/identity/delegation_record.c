/* identity/delegation_record.c — chains kept in the registry, and links revoked there. Layer identity.
 *
 * "delegation/<child DID>/<id>" holds a chain by its last link, "delegation-id/<id>" leads there.
 * "delegation-revoked/<namespace>/<id>" is a revoked link, recorded or not. */
#include "identity/delegation.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"
#include "store/id.h"
#include "identity/record.h"
#include "store/store.h"

#include <string.h>

#define BY_AGENT "delegation/"
#define BY_ID "delegation-id/"
#define REVOKED "delegation-revoked/"

typedef struct stored_chain {
	aim_str id, name_space, sponsor, parent, child, actor;
	aim__text_list capabilities;
	uint64_t depth;
	int64_t not_before_s, expires_at_s, recorded_us;
	uint8_t hash[32];
	aim_bytes chain;
} stored_chain;

#define CHAIN_FIELD(name, member, type, required) {name, offsetof(stored_chain, member), type, required, NULL}
static const aim__field chain_fields[] = {
	CHAIN_FIELD("id", id, AIM__FIELD_TEXT, 1),
	CHAIN_FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	CHAIN_FIELD("sponsor", sponsor, AIM__FIELD_TEXT, 1),
	CHAIN_FIELD("parent", parent, AIM__FIELD_TEXT, 1),
	CHAIN_FIELD("child", child, AIM__FIELD_TEXT, 1),
	CHAIN_FIELD("depth", depth, AIM__FIELD_UINT, 0),
	CHAIN_FIELD("capabilities", capabilities, AIM__FIELD_LIST, 1),
	CHAIN_FIELD("not_before", not_before_s, AIM__FIELD_TIME_S, 0),
	CHAIN_FIELD("expires_at", expires_at_s, AIM__FIELD_TIME_S, 1),
	CHAIN_FIELD("recorded_at", recorded_us, AIM__FIELD_TIME_US, 1),
	CHAIN_FIELD("recorded_by", actor, AIM__FIELD_TEXT, 0),
	CHAIN_FIELD("hash", hash, AIM__FIELD_HASH, 1),
	CHAIN_FIELD("chain", chain, AIM__FIELD_JSON, 1),
};
static const aim__fields chain_table = {chain_fields, sizeof chain_fields / sizeof *chain_fields};

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

/* What one change writes. */
typedef struct work {
	aim_registry *registry;
	aim_buf key, id_key, value, index, chain, data, epoch;
	aim_store_op hold; /* on all that verifying looks at */
} work;

static void work_init(work *w, aim_registry *registry)
{
	aim_buf *bufs[] = {&w->key, &w->id_key, &w->value, &w->index, &w->chain, &w->data, &w->epoch};
	w->registry = registry;
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		aim__buf_init(bufs[i], registry->ctx);
}

static void work_dispose(work *w)
{
	aim_buf *bufs[] = {&w->key, &w->id_key, &w->value, &w->index, &w->chain, &w->data, &w->epoch};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		aim__buf_dispose(bufs[i]);
}

static aim_status write_object(aim_buf *out, const aim__fields *table, const void *record, aim_error *err)
{
	aim_status rc = aim__fields_object(out, table, record);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status now_us(const aim_registry *registry, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(registry->ctx, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* ---- recording ---- */

static aim_status chain_key(aim_buf *key, aim_str child, aim_str id, aim_error *err)
{
	const aim_str parts[2] = {child, id};
	return aim__record_key(key, BY_AGENT, parts, 2, err);
}

/* Members in canonical order. */
static aim_status write_data(work *w, const stored_chain *s, aim_error *err)
{
	aim__json_writer json;
	aim__write_init(&json, &w->data);
	aim__write_begin_object(&json);
	aim__write_key(&json, "capabilities");
	aim__write_begin_array(&json);
	for (size_t i = 0; i < s->capabilities.n; i++)
		aim__write_string(&json, s->capabilities.items[i]);
	aim__write_end_array(&json);
	aim__write_member_int64(&json, "depth", (int64_t)s->depth);
	aim__write_member_int64(&json, "expires_at_s", s->expires_at_s);
	aim__write_member_string(&json, "link", s->id);
	aim__write_member_string(&json, "sponsor", s->sponsor);
	aim__write_end_object(&json);
	aim_status rc = aim__write_finish(&json);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status write_index(work *w, aim_str child, aim_error *err)
{
	aim__json_writer json;
	aim__write_init(&json, &w->index);
	aim__write_begin_object(&json);
	aim__write_member_string(&json, "child", child);
	aim__write_end_object(&json);
	aim_status rc = aim__write_finish(&json);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status describe(work *w, const aim_delegation *chain, aim_str actor, stored_chain *s, aim_error *err)
{
	const aim__delegation_link *last = &chain->links[chain->n - 1];
	aim_status rc = now_us(w->registry, &s->recorded_us, err);
	if (rc == AIM_OK && (rc = aim_delegation_export(chain, &w->chain)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	s->id = last->id;
	s->name_space = aim_registry_name_space(w->registry);
	s->sponsor = aim_delegation_sponsor(chain);
	s->parent = last->parent;
	s->child = last->child;
	s->capabilities = last->capabilities;
	s->depth = last->depth;
	s->not_before_s = last->not_before_s;
	s->expires_at_s = last->expires_at_s;
	s->actor = actor;
	memcpy(s->hash, last->hash, sizeof s->hash);
	s->chain = aim_buf_bytes(&w->chain);
	return rc;
}

static aim_status commit_chain(work *w, const stored_chain *s, aim_error *err)
{
	aim_store_op ops[3] = {{.kind = AIM_STORE_PUT_IF_ABSENT}, {.kind = AIM_STORE_PUT_IF_ABSENT}, w->hold};
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	ops[0].key = aim_buf_bytes(&w->id_key);
	ops[0].value = aim_buf_bytes(&w->index);
	ops[1].key = aim_buf_bytes(&w->key);
	ops[1].value = aim_buf_bytes(&w->value);
	r.time_us = s->recorded_us;
	r.kind = aim_str_from("delegation");
	r.action = aim_str_from("record");
	r.did = s->parent;
	r.subject = s->child;
	r.user = s->actor;
	r.data = aim_buf_str(&w->data);
	return aim__record_commit(w->registry, ops, 3, &r, 1, NULL, err);
}

/* Whether somebody has the id: a chain here, or one of another namespace. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status id_is_taken(work *w, aim_error *err)
{
	aim_buf_clear(&w->value);
	return aim__store_get(w->registry->store, aim_buf_bytes(&w->id_key), &w->value, NULL, err);
}

/* Somebody has the id already, this very chain or another; or something else came between. */
static aim_status compare(work *w, const aim_delegation *chain, aim_error *err)
{
	aim_delegation *other = NULL;
	const aim__delegation_link *last = &chain->links[chain->n - 1];
	aim_status rc = id_is_taken(w, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK)
		rc = aim_delegation_find(w->registry, last->id, &other, err);
	int same = rc == AIM_OK && memcmp(other->links[other->n - 1].hash, last->hash, sizeof last->hash) == 0;
	aim_delegation_free(other);
	if (rc != AIM_OK && rc != AIM_E_NOT_FOUND)
		return rc;
	return same ? AIM_OK
	            : aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "another chain has the link %.*s",
	                        AIM__STR(last->id));
}

static aim_status record(work *w, const aim_delegation *chain, aim_str actor, aim_error *err)
{
	stored_chain s;
	memset(&s, 0, sizeof s);
	aim_status rc = describe(w, chain, actor, &s, err);
	if (rc == AIM_OK)
		rc = write_object(&w->value, &chain_table, &s, err);
	if (rc == AIM_OK)
		rc = write_index(w, s.child, err);
	if (rc == AIM_OK)
		rc = write_data(w, &s, err);
	if (rc == AIM_OK)
		rc = chain_key(&w->key, s.child, s.id, err);
	if (rc == AIM_OK)
		rc = aim__record_key(&w->id_key, BY_ID, &s.id, 1, err);
	if (rc == AIM_OK)
		rc = commit_chain(w, &s, err);
	return rc == AIM_E_CONFLICT ? compare(w, chain, err) : rc;
}

/* What was verified holds until it is recorded: nobody was suspended and nothing revoked in between. */
static aim_status verify_and_record(aim_registry *registry, const aim_delegation *chain,
                                    const aim_delegation_check *check, aim_str actor, aim_error *err)
{
	work w;
	work_init(&w, registry);
	aim_status rc = aim__registry_epoch_hold(registry, &w.epoch, &w.hold, err);
	if (rc == AIM_OK)
		rc = aim_delegation_verify(chain, check, NULL, err);
	if (rc == AIM_OK)
		rc = record(&w, chain, actor, err);
	work_dispose(&w);
	return rc;
}

aim_status aim_delegation_record(aim_registry *registry, const aim_delegation *chain,
                                 const aim_delegation_check *check, aim_str actor, aim_error *err)
{
	aim_delegation_check c = {.struct_size = sizeof c};
	if (!registry || !chain)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and chain are required");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc == AIM_OK)
		rc = aim__sized_in(&c, sizeof c, check, sizeof c, "aim_delegation_check", err);
	c.registry = registry;
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = verify_and_record(registry, chain, &c, actor, err);
	return rc;
}

/* ---- reading ---- */

/* A chain of another namespace is none: *out stays NULL. */
static aim_status read_row(aim__record *row, aim_bytes key, aim_delegation **out, aim_error *err)
{
	stored_chain s;
	aim__arena arena;
	aim_registry *registry = row->registry;
	memset(&s, 0, sizeof s);
	aim__arena_init(&arena, registry->ctx, 1024, 0);
	aim_status rc = aim__record_read(row, key, &chain_table, &arena, &s, err);
	if (rc == AIM_OK && aim_str_equal(s.name_space, aim_registry_name_space(registry))) {
		rc = aim_delegation_import(registry->ctx, s.chain, out, NULL);
		if (rc != AIM_OK && rc != AIM_E_NOMEM)
			rc = aim__record_corrupt(key, "chain", err);
		else if (rc == AIM_OK && !aim_str_equal(s.id, (*out)->links[(*out)->n - 1].id))
			rc = aim__record_corrupt(key, "id", err);
	}
	aim__arena_dispose(&arena);
	if (rc != AIM_OK) {
		aim_delegation_free(*out);
		*out = NULL;
	}
	return rc;
}

static const aim__field index_fields[] = {{"child", 0, AIM__FIELD_TEXT, 1, NULL}};
static const aim__fields index_table = {index_fields, 1};

/* Leaves in key where the chain is. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status follow_id(aim__record *row, aim_buf *key, aim_str id, aim_error *err)
{
	aim_str child = {NULL, 0};
	aim__arena arena;
	aim__arena_init(&arena, row->registry->ctx, 512, 0);
	aim_status rc = aim__record_key(key, BY_ID, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(row, aim_buf_bytes(key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(row, aim_buf_bytes(key), &index_table, &arena, &child, err);
	if (rc == AIM_OK)
		rc = chain_key(key, child, id, err);
	aim__arena_dispose(&arena);
	return rc;
}

aim_status aim_delegation_find(aim_registry *registry, aim_str id, aim_delegation **out, aim_error *err)
{
	char text[AIM__ID_SIZE];
	aim__record row;
	aim_buf key;
	aim_delegation *chain = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__id_parse(AIM__DELEGATION_ID_PREFIX, id, text, err);
	if (rc != AIM_OK)
		return rc;
	aim__record_init(&row, registry);
	aim__buf_init(&key, registry->ctx);
	rc = follow_id(&row, &key, aim_str_from(text), err);
	if (rc == AIM_OK)
		rc = aim__record_load(&row, aim_buf_bytes(&key), err);
	if (rc == AIM_OK)
		rc = read_row(&row, aim_buf_bytes(&key), &chain, err);
	aim__buf_dispose(&key);
	aim__record_dispose(&row);
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && !chain))
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "no chain that ends in %s is recorded", text);
	if (rc == AIM_OK)
		*out = chain;
	return rc;
}

typedef struct listing {
	aim__record row;
	aim_delegation_chain_visit visit;
	void *user;
} listing;

static aim_status visit_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	listing *l = user;
	aim_delegation *chain = NULL;
	(void)version;
	aim_status rc = aim__record_parse(&l->row, key, value, err);
	if (rc == AIM_OK)
		rc = read_row(&l->row, key, &chain, err);
	if (rc == AIM_OK && chain)
		rc = l->visit(l->user, chain);
	aim_delegation_free(chain);
	return rc;
}

aim_status aim_delegation_list(aim_registry *registry, aim_str agent, aim_delegation_chain_visit visit,
                               void *user, aim_error *err)
{
	listing l = {.visit = visit, .user = user};
	aim_buf key;
	const aim_str parts[2] = {agent, {NULL, 0}};
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim__buf_init(&key, registry->ctx);
	aim__record_init(&l.row, registry);
	aim_status rc = aim__record_key(&key, BY_AGENT, parts, agent.len ? 2 : 0, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&key), aim_bytes_from(NULL, 0), visit_row, &l, err);
	aim__record_dispose(&l.row);
	aim__buf_dispose(&key);
	return rc;
}

/* ---- verifying what is recorded ---- */

typedef struct trial {
	aim_delegation_check check;
	aim_delegation_result result;
	aim_status status; /* of the last chain; AIM_E_NOT_FOUND: none yet */
	aim_error *err;
} trial;

/* A chain that is broken makes way for the next; what is no verdict ends the walk. */
static aim_status try_chain(void *user, const aim_delegation *chain)
{
	trial *t = user;
	t->status = aim_delegation_verify(chain, &t->check, &t->result, t->err);
	if (t->status == AIM_OK)
		return AIM_E_SPACE; /* found: any failure ends the walk */
	return t->result.rule == AIM_DELEGATION_UNVERIFIED ? t->status : AIM_OK;
}

aim_status aim_delegation_verify_agent(aim_registry *registry, aim_str agent, aim_str delegator,
                                       aim_str capability, int64_t now_s, aim_delegation_result *out,
                                       aim_error *err)
{
	trial t = {.status = AIM_E_NOT_FOUND, .err = err};
	t.check.struct_size = sizeof t.check;
	t.result.struct_size = sizeof t.result;
	if (!registry || agent.len == 0)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and agent are required");
	if (out && aim__sized_out(out, &t.result, sizeof t.result, sizeof t.result) != AIM_OK)
		return AIM__MISUSE(registry->ctx, "out.struct_size is too small");
	t.check.registry = registry;
	t.check.now_s = now_s;
	t.check.agent = agent;
	t.check.delegator = delegator;
	t.check.capability = capability;
	t.check.max_links = AIM_DELEGATION_DEFAULT_LINKS;
	aim_status rc = aim_delegation_list(registry, agent, try_chain, &t, err);
	if (rc != AIM_OK && !(rc == AIM_E_SPACE && t.status == AIM_OK))
		return rc;
	if (out)
		(void)aim__sized_out(out, &t.result, sizeof t.result, sizeof t.result);
	if (t.status == AIM_E_NOT_FOUND)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "no chain that ends at %.*s is recorded",
		                 AIM__STR(agent));
	return t.status;
}

/* ---- revoking ---- */

static aim_status revoked_key(aim_registry *registry, aim_buf *key, aim_str id, aim_error *err)
{
	const aim_str parts[2] = {aim_registry_name_space(registry), id};
	return aim__record_key(key, REVOKED, parts, 2, err);
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

static aim_status commit_revocation(work *w, const revocation *v, aim_error *err)
{
	aim_store_op ops[2] = {{.kind = AIM_STORE_PUT_IF_ABSENT}, aim__registry_epoch_step()};
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	ops[0].key = aim_buf_bytes(&w->key);
	ops[0].value = aim_buf_bytes(&w->value);
	r.time_us = v->revoked_us;
	r.kind = aim_str_from("delegation");
	r.action = aim_str_from("revoke");
	r.subject = v->id;
	r.user = v->actor;
	r.reason = v->reason;
	return aim__record_commit(w->registry, ops, 2, &r, 1, NULL, err);
}

/* Refused was this revocation, and that may have had other reasons: only one that can be read is one. */
static aim_status was_revoked(aim_registry *registry, aim_str id, aim_error *err)
{
	int revoked = 0;
	aim_status rc = aim__delegation_revoked(registry, id, &revoked, err);
	return rc == AIM_OK && !revoked ? aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY) : rc;
}

aim_status aim_delegation_revoke(aim_registry *registry, aim_str id, aim_str reason, aim_str actor, aim_error *err)
{
	char text[AIM__ID_SIZE];
	work w;
	revocation v = {.reason = reason, .actor = actor};
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = aim__id_parse(AIM__DELEGATION_ID_PREFIX, id, text, err);
	if (rc == AIM_OK)
		rc = aim__check_text("reason", reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc == AIM_OK)
		rc = now_us(registry, &v.revoked_us, err);
	if (rc != AIM_OK)
		return rc;
	v.id = aim_str_from(text);
	v.name_space = aim_registry_name_space(registry);
	work_init(&w, registry);
	rc = revoked_key(registry, &w.key, v.id, err);
	if (rc == AIM_OK)
		rc = write_object(&w.value, &revocation_table, &v, err);
	if (rc == AIM_OK)
		rc = commit_revocation(&w, &v, err);
	work_dispose(&w);
	return rc == AIM_E_CONFLICT ? was_revoked(registry, v.id, err) : rc;
}
