/* identity/subject.c — finding, listing and moving agents and servers. Layer identity. */
#include "identity/subject.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/status.h"

#include <string.h>

#define HANDLE_CHUNK 1024u

/* ---- handles ---- */

static aim__subject *new_handle(aim_ctx *ctx, const aim__subject_kind *kind)
{
	aim__subject *subject = aim__alloc_zeroed(ctx, kind->size);
	if (!subject)
		return NULL;
	subject->ctx = aim__ctx_ref(ctx);
	subject->kind = kind;
	aim__arena_init(&subject->arena, ctx, HANDLE_CHUNK, 0);
	return subject;
}

void aim__subject_free(aim__subject *subject)
{
	if (!subject)
		return;
	aim_ctx *ctx = subject->ctx;
	aim__arena_dispose(&subject->arena);
	aim__free(ctx, subject, subject->kind->size);
	aim__ctx_unref(ctx);
}

/* A key id is what anyone can compute from the key; a record where they differ was changed by hand. */
static aim_status check_read(const aim__subject *s, aim_bytes key, aim_error *err)
{
	char key_id[AIM_KEY_ID_SIZE];
	if (s->id.len != AIM__ID_LEN || key.len < AIM__ID_LEN ||
	    memcmp(key.ptr + key.len - AIM__ID_LEN, s->id.ptr, AIM__ID_LEN) != 0)
		return aim__record_corrupt(key, "id", err);
	if (!s->key.present)
		return s->key_id.len ? aim__record_corrupt(key, "public_key", err) : AIM_OK;
	aim_status rc = aim_key_id(s->ctx, &s->key.key, key_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	return aim_str_equal(s->key_id, aim_str_from(key_id)) ? AIM_OK
	                                                      : aim__record_corrupt(key, "key_id", err);
}

aim_status aim__subject_read(const aim__record *record, const aim__subject_kind *kind, aim_bytes key,
                             aim__subject **out, aim_error *err)
{
	aim__subject *subject = new_handle(record->registry->ctx, kind);
	if (!subject)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	subject->version = record->version;
	aim_status rc = aim__record_read(record, key, &kind->fields, &subject->arena, subject, err);
	if (rc == AIM_OK)
		rc = check_read(subject, key, err);
	if (rc != AIM_OK) {
		aim__subject_free(subject);
		return rc;
	}
	*out = subject;
	return AIM_OK;
}

static int in_name_space(const aim_registry *registry, const aim__subject *subject)
{
	return aim_str_equal(subject->name_space, aim_registry_name_space(registry));
}

/* ---- finding ---- */

static aim_status not_found(const aim__subject_kind *kind, const char *what, aim_str text,
                            aim_error *err)
{
	return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "there is no %s with %s %.*s",
	                 kind->noun, what, AIM__STR(text));
}

/* id is in its stored form. */
static aim_status load(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                       aim__subject **out, aim_error *err)
{
	aim__record record;
	aim_buf key;
	aim__subject *subject = NULL;
	aim__record_init(&record, registry);
	aim__buf_init(&key, registry->ctx);
	aim_status rc = aim__record_key(&key, kind->by_id, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&record, aim_buf_bytes(&key), err);
	if (rc == AIM_OK)
		rc = aim__subject_read(&record, kind, aim_buf_bytes(&key), &subject, err);
	if (rc == AIM_OK && !in_name_space(registry, subject)) {
		aim__subject_free(subject);
		rc = AIM_E_NOT_FOUND;
	}
	aim__buf_dispose(&key);
	aim__record_dispose(&record);
	if (rc == AIM_E_NOT_FOUND)
		return not_found(kind, "id", id, err);
	if (rc == AIM_OK)
		*out = subject;
	return rc;
}

aim_status aim__subject_find(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                             aim__subject **out, aim_error *err)
{
	char stored[AIM__ID_SIZE];
	aim_status rc = aim__id_parse(kind->id_prefix, id, stored, err);
	return rc == AIM_OK ? load(registry, kind, aim_str_from(stored), out, err) : rc;
}

static const aim__field index_fields[] = {{"id", 0, AIM__FIELD_TEXT, 1, NULL}};
static const aim__fields index_table = {index_fields, 1};

aim_status aim__subject_index(aim_registry *registry, aim_bytes key, char out_id[AIM__ID_SIZE],
                              aim_error *err)
{
	aim__record record;
	aim__arena arena;
	aim_str id = {NULL, 0};
	aim__record_init(&record, registry);
	aim__arena_init(&arena, registry->ctx, 64, 0);
	aim_status rc = aim__record_load(&record, key, err);
	if (rc == AIM_OK)
		rc = aim__record_read(&record, key, &index_table, &arena, &id, err);
	if (rc == AIM_OK && id.len != AIM__ID_LEN)
		rc = aim__record_corrupt(key, "id", err);
	if (rc == AIM_OK) {
		memcpy(out_id, id.ptr, AIM__ID_LEN);
		out_id[AIM__ID_LEN] = '\0';
	}
	aim__arena_dispose(&arena);
	aim__record_dispose(&record);
	return rc;
}

static aim_status find_by_index(aim_registry *registry, const aim__subject_kind *kind, aim_buf *key,
                                const char *what, aim_str text, aim__subject **out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_status rc = aim__subject_index(registry, aim_buf_bytes(key), id, err);
	if (rc == AIM_OK)
		rc = load(registry, kind, aim_str_from(id), out, err);
	if (rc == AIM_E_NOT_FOUND)
		return not_found(kind, what, text, err);
	return rc;
}

aim_status aim__subject_find_name(aim_registry *registry, const aim__subject_kind *kind, aim_str name,
                                  aim__subject **out, aim_error *err)
{
	aim_buf key;
	aim__buf_init(&key, registry->ctx);
	aim_str parts[2] = {aim_registry_name_space(registry), name};
	aim_status rc = aim__record_key(&key, kind->by_name, parts, 2, err);
	if (rc == AIM_OK)
		rc = find_by_index(registry, kind, &key, "name", name, out, err);
	aim__buf_dispose(&key);
	return rc;
}

aim_status aim__subject_find_key(aim_registry *registry, const aim__subject_kind *kind,
                                 const aim_public_key *public_key, aim__subject **out, aim_error *err)
{
	char text[AIM_KEY_ID_SIZE];
	aim__stored_key stored;
	aim_status rc = aim_key_id(registry->ctx, public_key, text);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim_str key_id = aim_str_from(text);
	aim__stored_key_init(&stored, registry);
	rc = aim__stored_key_load(&stored, key_id, 1, err);
	if (rc == AIM_OK && aim__subject_kind_of(stored.key.subject) != kind)
		rc = AIM_E_NOT_FOUND;
	if (rc == AIM_OK)
		rc = load(registry, kind, stored.key.subject, out, err);
	aim__stored_key_dispose(&stored);
	return rc == AIM_E_NOT_FOUND ? not_found(kind, "key", key_id, err) : rc;
}

const aim__subject_kind *aim__subject_kind_of(aim_str id)
{
	static const aim__subject_kind *const kinds[] = {&aim__agent_kind, &aim__server_kind};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (id.ptr && id.len >= sizeof kinds[i]->id_prefix &&
		    memcmp(id.ptr, kinds[i]->id_prefix, sizeof kinds[i]->id_prefix) == 0)
			return kinds[i];
	return NULL;
}

aim_status aim__subject_kind_needed(aim_str id, const aim__subject_kind **out, aim_error *err)
{
	*out = aim__subject_kind_of(id);
	if (*out)
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
	                 "\"%.*s\" is no id: expected agt_ or srv_ and 32 hex digits", AIM__STR(id));
}

int aim__subject_is(const aim__subject *subject, aim_str text)
{
	char id[AIM__ID_SIZE];
	if (text.len == 0)
		return 0;
	if (aim__id_parse(subject->kind->id_prefix, text, id, NULL) == AIM_OK &&
	    aim_str_equal(aim_str_from(id), subject->id))
		return 1;
	if (aim_str_equal(text, subject->did) || aim_str_equal(text, subject->key_id))
		return 1;
	for (size_t i = 0; i < subject->aliases.n; i++)
		if (aim_str_equal(text, subject->aliases.items[i]))
			return 1;
	return 0;
}

aim_status aim__subject_usable(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                               char out_id[AIM__ID_SIZE], aim_error *err)
{
	aim__subject *subject = NULL;
	aim_status rc = aim__subject_find(registry, kind, id, &subject, err);
	if (rc != AIM_OK)
		return rc;
	if (subject->status == AIM_REGISTRY_REVOKED)
		rc = aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "%s %.*s is revoked", kind->noun,
		               AIM__STR(subject->id));
	else
		memcpy(out_id, subject->id.ptr, AIM__ID_SIZE);
	aim__subject_free(subject);
	return rc;
}

aim_status aim__subject_in_order(const aim__subject *s, int64_t now_us, aim_error *err)
{
	if (s->status != AIM_REGISTRY_PENDING && s->status != AIM_REGISTRY_VERIFIED)
		return aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "%s %.*s is %s", s->kind->noun, AIM__STR(s->id),
		                 aim_registry_status_name(s->status));
	if (s->expires_at_s && now_us >= s->expires_at_s * 1000000)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_IDENTITY, "%s %.*s has expired", s->kind->noun,
		                 AIM__STR(s->id));
	return AIM_OK;
}

/* ---- listing ---- */

typedef struct listing {
	aim__record record;
	const aim__subject_kind *kind;
	aim__subject_visit visit;
	void *user;
	size_t left; /* SIZE_MAX: no limit */
	int done;
} listing;

static aim_status visit_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                            aim_error *err)
{
	listing *l = user;
	aim__subject *subject = NULL;
	l->record.version = version;
	aim_status rc = aim__record_parse(&l->record, key, value, err);
	if (rc == AIM_OK)
		rc = aim__subject_read(&l->record, l->kind, key, &subject, err);
	if (rc != AIM_OK)
		return rc;
	if (in_name_space(l->record.registry, subject)) {
		rc = l->visit(l->user, subject);
		l->left--;
	}
	aim__subject_free(subject);
	l->done = rc == AIM_OK && l->left == 0;
	return l->done ? AIM_E_SPACE : rc; /* any failure ends the walk */
}

aim_status aim__subject_list(aim_registry *registry, const aim__subject_kind *kind, aim_str after,
                             size_t limit, aim__subject_visit visit, void *user, aim_error *err)
{
	char id[AIM__ID_SIZE];
	listing l = {.kind = kind, .visit = visit, .user = user, .left = limit ? limit : SIZE_MAX};
	aim_status rc = AIM_OK;
	aim_buf key;
	if (after.len)
		rc = aim__id_parse(kind->id_prefix, after, id, err);
	if (rc != AIM_OK)
		return rc;
	aim__record_init(&l.record, registry);
	aim__buf_init(&key, registry->ctx);
	if (after.len) {
		aim_str part = aim_str_from(id);
		rc = aim__record_key(&key, kind->by_id, &part, 1, err);
	}
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_bytes_from_str(aim_str_from(kind->by_id)),
		                      aim_buf_bytes(&key), visit_row, &l, err);
	aim__buf_dispose(&key);
	aim__record_dispose(&l.record);
	return rc == AIM_E_SPACE && l.done ? AIM_OK : rc;
}

aim_str aim__list_at(const aim__text_list *list, size_t index)
{
	aim_str nothing = {NULL, 0};
	return index < list->n ? list->items[index] : nothing;
}
