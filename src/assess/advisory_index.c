/* assess/advisory_index.c — records by their id and by the names of the packages they are about. Layer assess. */
#include "assess/advisory.h"

#include "assess/version.h"
#include "base/ctx.h"
#include "base/mem.h"
#include "codec/json.h"

#include <string.h>

typedef aim__advisory_record record;
typedef aim__advisory_link link;

/* --- names ---------------------------------------------------------------------------------------------------------------- */

static aim_str without_release(aim_str ecosystem)
{
	const aim__ecosystem *eco = aim__ecosystem_find(ecosystem);
	return eco ? aim_str_from(eco->name) : ecosystem;
}

aim_status aim__advisory_key(aim_buf *out, aim_str ecosystem, aim_str name)
{
	const aim__ecosystem *eco = aim__ecosystem_find(ecosystem);
	int fold = eco && eco->flags & AIM__ECOSYSTEM_PEP503;
	aim_buf_clear(out);
	aim_status rc = aim__buf_add_str(out, without_release(ecosystem));
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, 0);
	for (size_t i = 0; rc == AIM_OK && i < name.len; i++) {
		char c = fold ? aim__lower(name.ptr[i]) : name.ptr[i];
		int dash = fold && memchr("-_.", c, 3) != NULL;
		if (!dash || i == 0 || !memchr("-_.", name.ptr[i - 1], 3))
			rc = aim__buf_add_byte(out, dash ? '-' : (uint8_t)c);
	}
	return rc;
}

/* --- records under the names of their packages ---------------------------------------------------------------------------- */

static void free_link(const aim_advisory *set, link *l)
{
	aim__free(set->ctx, l, sizeof *l + l->key_len);
}

/* Takes the record out of the chain of a name. The first link holds the key of the map. */
static void unlink_name(aim_advisory *set, const record *r, aim_bytes key)
{
	uintptr_t *found = aim__map_find(&set->by_name, key);
	link *head = found ? (link *)*found : NULL;
	for (link **at = &head, *l; (l = *at);) {
		if (l->record != r) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		int first = (uintptr_t)l == *found;
		if (first)
			(void)aim__map_remove(&set->by_name, key, NULL);
		if (first && head)
			(void)aim__map_add(&set->by_name, aim_bytes_from(head->key, head->key_len), (uintptr_t)head); /* one was freed */
		free_link(set, l);
		return;
	}
}

static aim_status link_name(aim_advisory *set, record *r, aim_bytes key)
{
	link *l = aim__alloc(set->ctx, sizeof *l + key.len);
	if (!l)
		return AIM_E_NOMEM;
	*l = (link){NULL, r, key.len};
	memcpy(l->key, key.ptr, key.len);
	uintptr_t *found = aim__map_find(&set->by_name, key);
	if (found) {
		link *head = (link *)*found;
		l->next = head->next;
		head->next = l;
		return AIM_OK;
	}
	aim_status rc = aim__map_add(&set->by_name, aim_bytes_from(l->key, l->key_len), (uintptr_t)l);
	if (rc != AIM_OK)
		free_link(set, l);
	return rc;
}

/* Calls each for the key of every package that the record is about. */
static aim_status each_name(aim_advisory *set, record *r, aim_status (*each)(aim_advisory *set, record *r, aim_bytes key))
{
	aim_str ecosystem, name;
	aim_buf key;
	aim_status rc = AIM_OK;
	aim__buf_init(&key, set->ctx);
	aim_json_value list = aim__json_member_text(r->doc, AIM_JSON_ROOT, "affected");
	for (aim_json_value v = aim__json_first(r->doc, list); rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(r->doc, v)) {
		if (!aim__advisory_package_of(r->doc, v, &ecosystem, &name))
			continue;
		rc = aim__advisory_key(&key, ecosystem, name);
		if (rc == AIM_OK)
			rc = each(set, r, aim_bytes_from(key.ptr, key.len));
	}
	aim__buf_dispose(&key);
	return rc;
}

/* Twice the same name: one link is enough, and so the record is not found twice. */
static aim_status link_once(aim_advisory *set, record *r, aim_bytes key)
{
	const uintptr_t *found = aim__map_find(&set->by_name, key);
	for (const link *l = found ? (const link *)*found : NULL; l; l = l->next)
		if (l->record == r)
			return AIM_OK;
	return link_name(set, r, key);
}

/* Without memory for keys: looks through all names. */
static void unlink_all(aim_advisory *set, const record *r)
{
	for (;;) {
		size_t cursor = 0;
		const aim__map_entry *e;
		const link *hit = NULL;
		while (!hit && (e = aim__map_next(&set->by_name, &cursor)))
			for (const link *l = (const link *)e->value; l && !hit; l = l->next)
				hit = l->record == r ? l : NULL;
		if (!hit)
			return;
		unlink_name(set, r, e->key);
	}
}

static aim_status unlink_one(aim_advisory *set, record *r, aim_bytes key)
{
	unlink_name(set, r, key);
	return AIM_OK;
}

void aim__advisory_drop(aim_advisory *set, record *r)
{
	if (each_name(set, r, unlink_one) != AIM_OK)
		unlink_all(set, r);
	(void)aim__map_remove(&set->by_id, aim_bytes_from_str(r->id), NULL);
	set->bytes -= r->len;
	aim__advisory_record_free(set->ctx, r);
}

record *aim__advisory_find(const aim_advisory *set, aim_str id)
{
	const uintptr_t *found = aim__map_find(&set->by_id, aim_bytes_from_str(id));
	return found ? (record *)*found : NULL;
}

/* The ecosystems of a file's records are those it speaks for. The map's keys are owned. */
static aim_status note_ecosystem(aim_advisory *set, aim_str ecosystem)
{
	ecosystem = without_release(ecosystem);
	if (aim__map_find(&set->ecosystems, aim_bytes_from_str(ecosystem)))
		return AIM_OK;
	uint8_t *copy = aim__alloc(set->ctx, ecosystem.len);
	if (!copy)
		return AIM_E_NOMEM;
	memcpy(copy, ecosystem.ptr, ecosystem.len);
	aim_status rc = aim__map_add(&set->ecosystems, aim_bytes_from(copy, ecosystem.len), 1);
	if (rc != AIM_OK)
		aim__free(set->ctx, copy, ecosystem.len);
	return rc;
}

static aim_status note_ecosystems(aim_advisory *set, const record *r)
{
	aim_str ecosystem, name;
	aim_status rc = AIM_OK;
	aim_json_value list = aim__json_member_text(r->doc, AIM_JSON_ROOT, "affected");
	for (aim_json_value v = aim__json_first(r->doc, list); rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(r->doc, v))
		if (aim__advisory_package_of(r->doc, v, &ecosystem, &name))
			rc = note_ecosystem(set, ecosystem);
	return rc;
}

aim_status aim__advisory_take(aim_advisory *set, record *r)
{
	record *old = aim__advisory_find(set, r->id);
	if (!old && set->by_id.count >= set->options.max_records)
		return AIM_E_LIMIT;
	if (set->bytes - (old ? old->len : 0) + r->len > set->options.max_bytes)
		return AIM_E_LIMIT;
	aim_status rc = r->flags & AIM_ADVISORY_MANUAL ? AIM_OK : note_ecosystems(set, r);
	if (rc == AIM_OK)
		rc = each_name(set, r, link_once);
	if (rc == AIM_OK && !old)
		rc = aim__map_add(&set->by_id, aim_bytes_from_str(r->id), (uintptr_t)r);
	if (rc != AIM_OK) {
		unlink_all(set, r);
		return rc;
	}
	set->bytes += r->len;
	if (old) {
		aim__advisory_drop(set, old); /* frees a place for the key */
		(void)aim__map_add(&set->by_id, aim_bytes_from_str(r->id), (uintptr_t)r);
	}
	return AIM_OK;
}
