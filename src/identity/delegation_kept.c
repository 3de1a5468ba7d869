/* identity/delegation_kept.c — recorded chains found, listed and verified. Layer identity. */
#include "identity/delegation_kept.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "store/id.h"

#include <string.h>

#define CHAIN_FIELD(name, member, type, required) {name, offsetof(aim__stored_chain, member), type, required, NULL}
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
const aim__fields aim__stored_chain_fields = {chain_fields, sizeof chain_fields / sizeof *chain_fields};

aim_status aim__delegation_chain_key(aim_buf *key, aim_str child, aim_str id, aim_error *err)
{
	const aim_str parts[2] = {child, id};
	return aim__record_key(key, AIM__DELEGATION_BY_AGENT, parts, 2, err);
}

/* ---- reading ---- */

/* A chain of another namespace is none: *out stays NULL. */
static aim_status read_row(aim__record *row, aim_bytes key, aim_delegation **out, aim_error *err)
{
	aim__stored_chain s;
	aim__arena arena;
	aim_registry *registry = row->registry;
	memset(&s, 0, sizeof s);
	aim__arena_init(&arena, registry->ctx, 1024, 0);
	aim_status rc = aim__record_read(row, key, &aim__stored_chain_fields, &arena, &s, err);
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
	aim_status rc = aim__record_key(key, AIM__DELEGATION_BY_ID, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(row, aim_buf_bytes(key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(row, aim_buf_bytes(key), &index_table, &arena, &child, err);
	if (rc == AIM_OK)
		rc = aim__delegation_chain_key(key, child, id, err);
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
	aim_status rc = aim__record_key(&key, AIM__DELEGATION_BY_AGENT, parts, agent.len ? 2 : 0, err);
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
