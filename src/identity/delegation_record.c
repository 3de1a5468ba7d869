/* identity/delegation_record.c — chains recorded in the registry, once they are verified there. Layer identity. */
#include "identity/delegation_kept.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"
#include "store/store.h"

#include <string.h>

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

/* Members in canonical order. */
static aim_status write_data(work *w, const aim__stored_chain *s, aim_error *err)
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

static aim_status describe(work *w, const aim_delegation *chain, aim_str actor, aim__stored_chain *s, aim_error *err)
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

static aim_status commit_chain(work *w, const aim__stored_chain *s, aim_error *err)
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
	aim__stored_chain s;
	memset(&s, 0, sizeof s);
	aim_status rc = describe(w, chain, actor, &s, err);
	if (rc == AIM_OK)
		rc = write_object(&w->value, &aim__stored_chain_fields, &s, err);
	if (rc == AIM_OK)
		rc = write_index(w, s.child, err);
	if (rc == AIM_OK)
		rc = write_data(w, &s, err);
	if (rc == AIM_OK)
		rc = aim__delegation_chain_key(&w->key, s.child, s.id, err);
	if (rc == AIM_OK)
		rc = aim__record_key(&w->id_key, AIM__DELEGATION_BY_ID, &s.id, 1, err);
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
