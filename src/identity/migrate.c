/* identity/migrate.c — bringing records of an older library up to date. Layer identity.
 *
 * Version 1 of agents and servers held the one key a subject had. Version 2 names its newest key, and each
 * key has a record of its own, which is written besides. */
#include "identity/migrate.h"

#include "base/error.h"
#include "base/format.h"
#include "identity/keyring.h"

static const aim__field old_fields[] = {
	{"key_id", offsetof(aim__key_record, key_id), AIM__FIELD_TEXT, 0, NULL},
	{"id", offsetof(aim__key_record, subject), AIM__FIELD_TEXT, 1, NULL},
	{"namespace", offsetof(aim__key_record, name_space), AIM__FIELD_TEXT, 1, NULL},
	{"public_key", offsetof(aim__key_record, key), AIM__FIELD_KEY, 0, NULL},
	{"created_at", offsetof(aim__key_record, valid_from_us), AIM__FIELD_TIME_US, 1, NULL},
};
static const aim__fields old_table = {old_fields, sizeof old_fields / sizeof *old_fields};

static aim_status damaged(aim_bytes key, aim_error *err)
{
	aim_str name = {(const char *)key.ptr, key.len};
	return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
	                 "%.*s cannot be brought up to date: its value is damaged", AIM__STR(name));
}

/* Every member as it stands, and the newest key. */
static aim_status copy_subject(const aim_json *doc, const aim__key_record *key, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim_json_value v = aim_json_first(doc, AIM_JSON_ROOT);
	for (; v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		aim__write_key_str(&w, aim_json_key(doc, v));
		aim__write_raw(&w, aim_json_raw(doc, v));
	}
	if (key->key.present)
		aim__write_member_string(&w, "newest_key", key->key_id);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status write_key(const aim__key_record *key, const aim__store_extra *extra)
{
	aim_status rc = aim__buf_add_text(extra->key, AIM__KEY_PREFIX);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(extra->key, key->key_id);
	if (rc != AIM_OK)
		return rc;
	return aim__fields_object(extra->value, &aim__key_fields, key);
}

static aim_status migrate(aim_ctx *ctx, const aim_json *doc, aim_bytes key, aim_buf *out,
                          const aim__store_extra *extra, aim__arena *arena, aim_error *err)
{
	aim__key_record old = {.state = AIM_KEYRING_ACTIVE, .number = 1};
	char key_id[AIM_KEY_ID_SIZE];
	aim_status rc = aim__fields_read(ctx, &old_table, doc, AIM_JSON_ROOT, arena, &old, NULL);
	if (rc == AIM_OK && old.key.present)
		rc = aim_key_id(ctx, &old.key.key, key_id);
	if (rc == AIM_OK && old.key.present && !aim_str_equal(old.key_id, aim_str_from(key_id)))
		rc = AIM_E_STORE_CORRUPT;
	if (rc == AIM_E_STORE_CORRUPT)
		return damaged(key, err);
	if (rc == AIM_OK)
		rc = copy_subject(doc, &old, out);
	if (rc == AIM_OK && old.key.present)
		rc = write_key(&old, extra);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

aim_status aim__subject_migrate(aim_ctx *ctx, uint32_t from, aim_bytes key, aim_bytes value, aim_buf *out,
                                const aim__store_extra *extra, aim_error *err)
{
	aim_json doc;
	aim__arena arena;
	if (from != 1)
		return aim__fail_plain(err, AIM_E_INTERNAL, AIM_LAYER_IDENTITY);
	aim__json_init(&doc, ctx);
	aim__arena_init(&arena, ctx, 512, 0);
	aim_status rc = aim_json_parse(&doc, value, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = migrate(ctx, &doc, key, out, extra, &arena, err);
	else if (rc != AIM_E_NOMEM)
		rc = damaged(key, err);
	aim__arena_dispose(&arena);
	aim__json_dispose(&doc);
	return rc;
}
