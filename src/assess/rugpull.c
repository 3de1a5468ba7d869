/* assess/rugpull.c — tools by server and name, as "rugpull/<namespace>/<server>/<name>": a server is called as the
 * host calls it, and namespaces may call different ones alike. Layer assess. */
#include <aim/rugpull.h>

#include "assess/fingerprint.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/provider.h"
#include "identity/batch.h"
#include "identity/check.h"

#include <aim/alert.h>

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_rugpull_tool, 8 + 12 * P);
AIM__NO_PADDING(aim_rugpull_fingerprint, 8 + 3 * 8 + 4 * P + 3 * AIM_FINGERPRINT_LEN);
AIM__NO_PADDING(aim_rugpull_result, 24 + 8);
#undef P

#define PREFIX "rugpull/"
#define RAW_LABEL "libaim/rugpull-raw/v1\n"
#define NAME_MAX 1024u

typedef struct stored {
	aim_str server, name;
	uint64_t version;
	int64_t first_seen_us, last_seen_us;
	uint32_t raw, reserved;
	uint8_t description[32], schema[32], surface[32];
} stored;

#define F(name, member, kind, required) {name, offsetof(stored, member), kind, required, NULL}
static const aim__field fields[] = {
	F("server", server, AIM__FIELD_TEXT, 1),
	F("name", name, AIM__FIELD_TEXT, 1),
	F("version", version, AIM__FIELD_UINT, 1),
	F("first_seen_at", first_seen_us, AIM__FIELD_TIME_US, 1),
	F("last_seen_at", last_seen_us, AIM__FIELD_TIME_US, 1),
	F("raw", raw, AIM__FIELD_BOOL, 0),
	F("description_hash", description, AIM__FIELD_HASH, 0),
	F("schema_hash", schema, AIM__FIELD_HASH, 0),
	F("fingerprint", surface, AIM__FIELD_HASH, 1),
};
#undef F
static const aim__fields table = {fields, sizeof fields / sizeof *fields};

typedef struct work {
	aim_registry *registry;
	aim_rugpull_tool tool;
	stored now, was; /* as it is seen, as it was registered */
	uint64_t store_version; /* 0: it was not */
	aim__batch batch;
	aim__record record;
	aim__arena arena;
	aim_buf text;
	aim_error *err;
} work;

/* ---- hashing ---- */

static aim_status hash(const work *w, const aim_bytes *parts, size_t n, uint8_t out[32])
{
	aim_status rc = aim__sha256(w->registry->ctx, parts, n, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(w->err, rc, AIM_LAYER_ASSESS);
}

static void write_length(uint64_t n, uint8_t out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(n >> (56 - 8 * i));
}

/* The parts as they are; the surface over both with the name, a length in front of each. */
static aim_status hash_raw(work *w)
{
	const aim_rugpull_tool *t = &w->tool;
	uint8_t lengths[3][8];
	aim_bytes description = aim_bytes_from_str(t->description), name = aim_bytes_from_str(t->name);
	write_length(name.len, lengths[0]);
	write_length(description.len, lengths[1]);
	write_length(t->schema.len, lengths[2]);
	aim_bytes all[7] = {aim_bytes_from_str(aim_str_from(RAW_LABEL)), aim_bytes_from(lengths[0], 8), name,
	                    aim_bytes_from(lengths[1], 8), description, aim_bytes_from(lengths[2], 8), t->schema};
	w->now.raw = 1;
	aim_status rc = hash(w, &description, 1, w->now.description);
	if (rc == AIM_OK)
		rc = hash(w, &t->schema, 1, w->now.schema);
	return rc == AIM_OK ? hash(w, all, 7, w->now.surface) : rc;
}

/* {"description":…,"inputSchema":…,"name":…}, when there is no definition. */
static aim_status build_definition(work *w, aim_bytes *out)
{
	const aim_rugpull_tool *t = &w->tool;
	aim__json_writer j;
	*out = t->definition;
	if (t->definition.len)
		return AIM_OK;
	aim__write_init(&j, &w->text);
	aim__write_begin_object(&j);
	if (t->description.len)
		aim__write_member_string(&j, "description", t->description);
	if (t->schema.len) {
		aim__write_key(&j, "inputSchema");
		aim__write_raw(&j, t->schema);
	}
	aim__write_member_string(&j, "name", t->name);
	aim__write_end_object(&j);
	aim_status rc = aim__write_finish(&j);
	*out = aim_buf_bytes(&w->text);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(w->err, rc, AIM_LAYER_ASSESS);
}

static aim_status hash_document(work *w, const aim_json *doc)
{
	aim_fingerprint f = {.struct_size = sizeof f};
	aim_status rc = aim_fingerprint_value(w->registry->ctx, AIM_FINGERPRINT_TOOL, doc, AIM_JSON_ROOT, &f, w->err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(aim__definition_name(AIM_FINGERPRINT_TOOL, doc, AIM_JSON_ROOT), w->tool.name))
		return aim__fail(w->err, AIM_E_ASSESS_DEFINITION, AIM_LAYER_ASSESS,
		                 "the tool \"%.*s\" calls itself by another name", AIM__STR(w->tool.name));
	memcpy(w->now.description, f.description, 32);
	memcpy(w->now.schema, f.schema, 32);
	memcpy(w->now.surface, f.surface, 32);
	return AIM_OK;
}

static aim_status hash_tool(work *w)
{
	aim_json doc;
	aim_bytes definition;
	if (w->tool.flags & AIM_RUGPULL_RAW)
		return hash_raw(w);
	aim_status rc = AIM_OK;
	aim__json_init(&doc, w->registry->ctx);
	/* Parsed alone first: a schema that closes the object around it would be another definition. */
	if (w->tool.schema.len && !w->tool.definition.len)
		rc = aim_json_parse(&doc, w->tool.schema, AIM_JSON_BORROW, w->err);
	if (rc == AIM_OK)
		rc = build_definition(w, &definition);
	if (rc == AIM_OK)
		rc = aim_json_parse(&doc, definition, AIM_JSON_BORROW, w->err);
	if (rc == AIM_OK)
		rc = hash_document(w, &doc);
	aim__json_dispose(&doc);
	return rc;
}

/* ---- the store ---- */

static aim_status load(work *w)
{
	aim_str parts[3] = {aim_registry_name_space(w->registry), w->tool.server, w->tool.name};
	aim_buf_clear(&w->text);
	aim__arena_reset(&w->arena);
	memset(&w->was, 0, sizeof w->was);
	w->store_version = 0;
	aim_status rc = aim__record_key(&w->text, PREFIX, parts, 3, w->err);
	if (rc == AIM_OK)
		rc = aim__record_load(&w->record, aim_buf_bytes(&w->text), w->err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc == AIM_OK)
		rc = aim__record_read(&w->record, aim_buf_bytes(&w->text), &table, &w->arena, &w->was, w->err);
	if (rc != AIM_OK)
		return rc;
	w->store_version = w->record.version;
	if (w->was.raw != w->now.raw)
		return aim__fail(w->err, AIM_E_STATE, AIM_LAYER_ASSESS, "the tool \"%.*s\" was registered %s raw hashes",
		                 AIM__STR(w->tool.name), w->was.raw ? "with" : "without");
	return AIM_OK;
}

static uint32_t changes(const work *w)
{
	uint32_t all = 0;
	if (memcmp(w->now.description, w->was.description, 32) != 0)
		all |= AIM_RUGPULL_DESCRIPTION;
	if (memcmp(w->now.schema, w->was.schema, 32) != 0)
		all |= AIM_RUGPULL_SCHEMA;
	if (all == 0 && memcmp(w->now.surface, w->was.surface, 32) != 0)
		all = AIM_RUGPULL_SURFACE;
	return all;
}

static aim_status commit(work *w, const char *kind, int64_t now_us)
{
	aim_str parts[3] = {aim_registry_name_space(w->registry), w->tool.server, w->tool.name};
	aim__json_writer j;
	aim_status rc = aim__batch_add(&w->batch, w->store_version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT,
	                               w->store_version, PREFIX, parts, 3, &table, &w->now, w->err);
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&j, &w->batch.data);
	aim__write_begin_object(&j);
	aim__write_key(&j, "version");
	aim__write_uint64(&j, w->now.version);
	aim__write_end_object(&j);
	rc = aim__write_finish(&j);
	if (rc != AIM_OK)
		return aim__fail_plain(w->err, rc, AIM_LAYER_ASSESS);
	aim_audit_record *r = aim__batch_record(&w->batch, kind, w->tool.server, now_us);
	r->action = aim_str_from("tool");
	r->user = w->tool.actor;
	r->data = aim_buf_str(&w->batch.data);
	return aim__record_commit(w->registry, w->batch.ops, w->batch.n_ops, w->batch.records, w->batch.n_records, NULL, w->err);
}

static aim_status register_once(work *w, int64_t now_us)
{
	const char *kind = "baseline_created";
	aim__batch_dispose(&w->batch);
	aim__batch_init(&w->batch, w->registry);
	aim_status rc = load(w);
	if (rc != AIM_OK)
		return rc;
	uint32_t changed = w->store_version ? changes(w) : 0;
	if (changed && !(w->tool.flags & AIM_RUGPULL_APPROVE))
		return aim__fail(w->err, AIM_E_STATE, AIM_LAYER_ASSESS,
		                 "the tool \"%.*s\" is not version %llu any more: it needs to be approved", AIM__STR(w->tool.name),
		                 (unsigned long long)w->was.version);
	if (w->store_version)
		kind = changed ? "approval" : "baseline_seen";
	w->now.server = w->tool.server;
	w->now.name = w->tool.name;
	w->now.version = w->was.version + (w->store_version == 0 || changed);
	w->now.first_seen_us = w->store_version ? w->was.first_seen_us : now_us;
	w->now.last_seen_us = now_us;
	return commit(w, kind, now_us);
}

/* ---- public ---- */

static aim_status check_tool(const aim_registry *registry, const aim_rugpull_tool *t, int registers, aim_error *err)
{
	if (t->flags & ~(AIM_RUGPULL_RAW | AIM_RUGPULL_APPROVE))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_rugpull_tool: a flag that is not known");
	if (t->flags & AIM_RUGPULL_RAW && t->definition.len)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_rugpull_tool: a definition cannot be hashed raw");
	if (!t->name.ptr || t->name.len == 0 || t->name.len > NAME_MAX)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_rugpull_tool: a name of 1 to %u bytes is required",
		                 NAME_MAX);
	aim_status rc = aim__check_name(registry->ctx, "server", t->server, AIM__CHECK_REQUIRED, err);
	if (rc != AIM_OK)
		return rc;
	uint32_t required = registers && t->flags & AIM_RUGPULL_APPROVE ? AIM__CHECK_REQUIRED : 0;
	return aim__check_name(registry->ctx, "actor", t->actor, required, err);
}

static aim_status begin(work *w, aim_registry *registry, const aim_rugpull_tool *tool, int registers, aim_error *err)
{
	memset(w, 0, sizeof *w);
	w->registry = registry;
	w->err = err;
	w->tool.struct_size = sizeof w->tool;
	aim_status rc = aim__sized_in(&w->tool, sizeof w->tool, tool, sizeof w->tool, "aim_rugpull_tool", err);
	aim__batch_init(&w->batch, registry);
	aim__record_init(&w->record, registry);
	aim__arena_init(&w->arena, registry->ctx, 512, 0);
	aim__buf_init(&w->text, registry->ctx);
	if (rc == AIM_OK)
		rc = check_tool(registry, &w->tool, registers, err);
	return rc == AIM_OK ? hash_tool(w) : rc;
}

static void end(work *w)
{
	aim__buf_dispose(&w->text);
	aim__arena_dispose(&w->arena);
	aim__record_dispose(&w->record);
	aim__batch_dispose(&w->batch);
}

static aim_status tell(const work *w, aim_rugpull_fingerprint *out)
{
	aim_rugpull_fingerprint f = {.struct_size = sizeof f, .flags = w->now.raw ? AIM_RUGPULL_RAW : 0};
	if (!out)
		return AIM_OK;
	f.version = w->now.version;
	f.first_seen_us = w->now.first_seen_us;
	f.last_seen_us = w->now.last_seen_us;
	f.server = w->tool.server;
	f.name = w->tool.name;
	memcpy(f.description, w->now.description, 32);
	memcpy(f.schema, w->now.schema, 32);
	memcpy(f.surface, w->now.surface, 32);
	return aim__sized_out(out, &f, sizeof f, sizeof f);
}

aim_status aim_rugpull_register(aim_registry *registry, const aim_rugpull_tool *tool, aim_rugpull_fingerprint *out,
                                aim_error *err)
{
	work w;
	int64_t now_us = 0;
	if (!registry || !tool || (out && out->struct_size < sizeof *out))
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, tool and the size of out are required");
	aim_status rc = begin(&w, registry, tool, 1, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(registry->ctx, &now_us)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	aim_status done = rc == AIM_OK ? AIM_E_CONFLICT : rc;
	for (int i = 0; done == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		done = register_once(&w, now_us);
	if (done == AIM_OK)
		done = tell(&w, out);
	end(&w);
	return done;
}

aim_status aim_rugpull_check(aim_registry *registry, const aim_rugpull_tool *tool, aim_rugpull_result *out,
                             aim_error *err)
{
	work w;
	aim_rugpull_result r = {.struct_size = sizeof r};
	if (!registry || !tool || !out || out->struct_size < sizeof *out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, tool and out with its size are required");
	(void)aim__sized_out(out, &r, sizeof r, sizeof r);
	aim_status rc = begin(&w, registry, tool, 0, err);
	if (rc == AIM_OK)
		rc = load(&w);
	if (rc == AIM_OK && w.store_version) {
		r.changed = changes(&w);
		r.verdict = r.changed ? AIM_RUGPULL_CHANGED : AIM_RUGPULL_UNCHANGED;
		r.severity = r.changed ? AIM_ALERT_CRITICAL : 0;
		r.version = w.was.version;
	}
	end(&w);
	return rc == AIM_OK ? aim__sized_out(out, &r, sizeof r, sizeof r) : rc;
}

const char *aim_rugpull_field_name(uint32_t changed)
{
	return changed == AIM_RUGPULL_DESCRIPTION ? "description"
	       : changed == AIM_RUGPULL_SCHEMA    ? "schema"
	       : changed == AIM_RUGPULL_SURFACE   ? "surface"
	                                          : "unknown";
}

const char *aim_rugpull_verdict_name(uint32_t verdict)
{
	static const char *const names[] = {"unknown", "unchanged", "changed"};
	return names[verdict <= AIM_RUGPULL_CHANGED ? verdict : 0];
}
