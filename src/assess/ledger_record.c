/* assess/ledger_record.c — attestations in the store: read, walked, recorded. Layer assess. */
#include "assess/ledger.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "identity/server.h"

#include <string.h>

#define FIELD(name, member, type, required) {name, offsetof(aim__attestation, member), type, required, NULL}
static const char *const forms[] = {"", "interop", NULL};

static const aim__field row_fields[] = {
	FIELD("id", id, AIM__FIELD_TEXT, 1),
	FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	FIELD("server", server, AIM__FIELD_TEXT, 1),
	FIELD("agent", agent, AIM__FIELD_TEXT, 1),
	FIELD("key_id", key_id, AIM__FIELD_TEXT, 1),
	FIELD("connected", connected, AIM__FIELD_BOOL, 0),
	FIELD("healthy", healthy, AIM__FIELD_BOOL, 0),
	FIELD("issued_at", issued_at_s, AIM__FIELD_TIME_S, 1),
	FIELD("expires_at", expires_at_s, AIM__FIELD_TIME_S, 1),
	FIELD("recorded_at", recorded_us, AIM__FIELD_TIME_US, 1),
	FIELD("recorded_by", recorded_by, AIM__FIELD_TEXT, 0),
	FIELD("superseded_by", superseded_by, AIM__FIELD_TEXT, 0),
	FIELD("supersedes", supersedes, AIM__FIELD_TEXT, 0),
	FIELD("reached", reached, AIM__FIELD_TEXT, 0),
	FIELD("revoked_at", revoked_us, AIM__FIELD_TIME_US, 0),
	FIELD("revoked_by", revoked_by, AIM__FIELD_TEXT, 0),
	FIELD("reason", reason, AIM__FIELD_TEXT, 0),
	{"form", offsetof(aim__attestation, form), AIM__FIELD_NAME, 0, forms},
	FIELD("public_key", public_key, AIM__FIELD_KEY, 0),
	FIELD("envelope", envelope, AIM__FIELD_JSON, 1),
};
const aim__fields aim__attestation_table = {row_fields, sizeof row_fields / sizeof *row_fields};

/* The value of a live mark and of a nonce. */
typedef struct mark {
	aim_str id;
} mark;
static const aim__field mark_fields[] = {{"id", offsetof(mark, id), AIM__FIELD_TEXT, 1, NULL}};
static const aim__fields mark_table = {mark_fields, 1};

/* ---- reading ---- */

void aim__attestation_row_init(aim__attestation_row *row, aim_registry *registry)
{
	memset(row, 0, sizeof *row);
	aim__record_init(&row->record, registry);
	aim__arena_init(&row->arena, registry->ctx, 4096, 0);
	aim__buf_init(&row->key, registry->ctx);
}

void aim__attestation_row_dispose(aim__attestation_row *row)
{
	aim__buf_dispose(&row->key);
	aim__arena_dispose(&row->arena);
	aim__record_dispose(&row->record);
}

/* Reads what row->record was parsed from. */
static aim_status read_row(aim__attestation_row *row, aim_bytes key, aim_error *err)
{
	memset(&row->is, 0, sizeof row->is);
	aim__arena_reset(&row->arena);
	aim_status rc = aim__record_read(&row->record, key, &aim__attestation_table, &row->arena, &row->is, err);
	if (rc != AIM_OK)
		return rc;
	aim_str name_space = aim_registry_name_space(row->record.registry);
	return aim_str_equal(row->is.name_space, name_space) ? AIM_OK : AIM_E_NOT_FOUND;
}

aim_status aim__attestation_load(aim__attestation_row *row, aim_str id, aim_error *err)
{
	aim_status rc = aim__record_key(&row->key, AIM__ATTESTATION, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&row->record, aim_buf_bytes(&row->key), err);
	if (rc == AIM_OK)
		rc = read_row(row, aim_buf_bytes(&row->key), err);
	if (rc == AIM_OK && !aim_str_equal(row->is.id, id))
		rc = aim__record_corrupt(aim_buf_bytes(&row->key), "id", err);
	return rc;
}

aim_status aim__attestation_parse(aim__attestation_row *row, aim_bytes key, aim_bytes value, uint64_t version,
                                  aim_error *err)
{
	row->record.version = version;
	aim_status rc = aim__record_parse(&row->record, key, value, err);
	return rc == AIM_OK ? read_row(row, key, err) : rc;
}

/* More of one agent on one server are not gone back through; a damaged store may name them in a circle. */
#define MAX_BACK 65536u

typedef struct walking {
	aim__attestation_row row;
	aim__record mark;
	aim__arena arena;
	aim_str server;
	int64_t as_of_us; /* 0: the newest */
	aim__attestation_visit visit;
	void *user;
} walking;

/* From the newest back to what was the newest at the time. One that is not kept any more ends the way. */
static aim_status go_back(walking *w, aim_error *err)
{
	char id[AIM__ID_SIZE];
	for (size_t i = 0; w->row.is.recorded_us > w->as_of_us && w->row.is.supersedes.len; i++) {
		if (i == MAX_BACK || w->row.is.supersedes.len != AIM__ID_LEN)
			return aim__record_corrupt(aim_buf_bytes(&w->row.key), "supersedes", err);
		memcpy(id, w->row.is.supersedes.ptr, AIM__ID_LEN);
		aim_status rc = aim__attestation_load(&w->row, (aim_str){id, AIM__ID_LEN}, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

/* A mark without its row is about to end: both do at the same moment. */
static aim_status visit_mark(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	walking *w = user;
	mark m = {{NULL, 0}};
	(void)version;
	aim__arena_reset(&w->arena);
	aim_status rc = aim__record_parse(&w->mark, key, value, err);
	if (rc == AIM_OK)
		rc = aim__record_read(&w->mark, key, &mark_table, &w->arena, &m, err);
	if (rc == AIM_OK)
		rc = aim__attestation_load(&w->row, m.id, err);
	if (rc == AIM_OK && w->as_of_us)
		rc = go_back(w, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (rc == AIM_OK && !aim_str_equal(w->row.is.server, w->server))
		return aim__record_corrupt(key, "id", err);
	return rc == AIM_OK ? w->visit(w->user, &w->row, err) : rc;
}

static aim_status walk(walking *w, aim_registry *registry, aim_str after, aim_error *err)
{
	aim_buf prefix, from;
	const aim_str parts[2] = {w->server, after}, all[2] = {w->server, {NULL, 0}};
	aim__buf_init(&prefix, registry->ctx);
	aim__buf_init(&from, registry->ctx);
	aim_status rc = aim__record_key(&prefix, AIM__ATTESTATION_LIVE, all, 2, err);
	if (rc == AIM_OK && after.len)
		rc = aim__record_key(&from, AIM__ATTESTATION_LIVE, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&prefix), aim_buf_bytes(&from), visit_mark, w, err);
	aim__buf_dispose(&from);
	aim__buf_dispose(&prefix);
	return rc;
}

aim_status aim__attestation_walk(aim_registry *registry, aim_str server, aim_str after, int64_t as_of_us,
                                 aim__attestation_visit visit, void *user, aim_error *err)
{
	walking w = {.server = server, .as_of_us = as_of_us, .visit = visit, .user = user};
	aim__attestation_row_init(&w.row, registry);
	aim__record_init(&w.mark, registry);
	aim__arena_init(&w.arena, registry->ctx, 256, 0);
	aim_status rc = walk(&w, registry, after, err);
	aim__arena_dispose(&w.arena);
	aim__record_dispose(&w.mark);
	aim__attestation_row_dispose(&w.row);
	return rc;
}

/* ---- nonces ---- */

aim_status aim__attestation_nonce_new(aim_registry *registry, aim_str key_id, aim_str nonce, aim_error *err)
{
	const aim_str parts[2] = {key_id, nonce};
	aim__record record;
	aim_buf key;
	aim__record_init(&record, registry);
	aim__buf_init(&key, registry->ctx);
	aim_status rc = aim__record_key(&key, AIM__ATTESTATION_NONCE, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&record, aim_buf_bytes(&key), err);
	aim__buf_dispose(&key);
	aim__record_dispose(&record);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	return rc == AIM_OK ? aim__fail(err, AIM_E_REPLAY, AIM_LAYER_ASSESS, "the attestation was submitted before") : rc;
}

/* ---- recording ---- */

/* What one attempt to record works on. */
typedef struct recording {
	const aim_ledger *ledger;
	aim__attestation *is;
	aim__batch batch;
	aim__attestation_row old; /* the live one, when mark_version is not 0 */
	uint64_t mark_version;
} recording;

static void recording_init(recording *r, const aim_ledger *ledger, aim__attestation *is)
{
	r->ledger = ledger;
	r->is = is;
	r->mark_version = 0;
	aim__batch_init(&r->batch, ledger->registry);
	aim__attestation_row_init(&r->old, ledger->registry);
}

static void recording_dispose(recording *r)
{
	aim__attestation_row_dispose(&r->old);
	aim__batch_dispose(&r->batch);
}

/* Sets the end of what was added last. */
static void keep_until(recording *r, int64_t expires_at_s)
{
	r->batch.ops[r->batch.n_ops - 1].expires_at_us = aim__ledger_kept_until_us(r->ledger, expires_at_s);
}

/* The live one of the same agent and server, when there is one. */
static aim_status load_live(recording *r, aim_error *err)
{
	const aim_str parts[2] = {r->is->server, r->is->agent};
	mark m = {{NULL, 0}};
	aim__record record;
	aim__arena arena;
	aim__record_init(&record, r->batch.registry);
	aim__arena_init(&arena, r->batch.registry->ctx, 256, 0);
	aim_status rc = aim__record_key(&r->old.key, AIM__ATTESTATION_LIVE, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&record, aim_buf_bytes(&r->old.key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&record, aim_buf_bytes(&r->old.key), &mark_table, &arena, &m, err);
	if (rc == AIM_OK)
		rc = aim__attestation_load(&r->old, m.id, err);
	if (rc == AIM_OK)
		r->mark_version = record.version;
	aim__arena_dispose(&arena);
	aim__record_dispose(&record);
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

static aim_status put_row(recording *r, const aim__attestation *is, uint64_t version, aim_error *err)
{
	uint32_t kind = version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT;
	aim_status rc = aim__batch_add(&r->batch, kind, version, AIM__ATTESTATION, &is->id, 1, &aim__attestation_table, is,
	                               err);
	if (rc == AIM_OK)
		keep_until(r, is->expires_at_s);
	return rc;
}

/* The live mark moves on, unless the new attestation is the older one. */
static aim_status supersede(recording *r, aim_ledger_receipt *receipt, aim_error *err)
{
	const aim_str parts[2] = {r->is->server, r->is->agent};
	aim__attestation *old = &r->old.is;
	receipt->supersedes[0] = 0;
	r->is->superseded_by = r->is->supersedes = r->is->reached = (aim_str){NULL, 0};
	receipt->flags = AIM_LEDGER_LIVE;
	if (r->mark_version && old->issued_at_s > r->is->issued_at_s) {
		r->is->superseded_by = old->id;
		receipt->flags = 0;
		return AIM_OK;
	}
	const mark m = {r->is->id};
	uint32_t kind = r->mark_version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT;
	aim_status rc = aim__batch_add(&r->batch, kind, r->mark_version, AIM__ATTESTATION_LIVE, parts, 2, &mark_table, &m,
	                               err);
	if (rc != AIM_OK)
		return rc;
	keep_until(r, r->is->expires_at_s);
	if (!r->mark_version)
		return AIM_OK;
	memcpy(receipt->supersedes, old->id.ptr, AIM__ID_LEN);
	receipt->supersedes[AIM__ID_LEN] = 0;
	r->is->supersedes = old->id;
	if (!r->is->connected)
		r->is->reached = old->connected ? old->id : old->reached;
	old->superseded_by = r->is->id;
	return put_row(r, old, r->old.record.version, err);
}

static aim_status put_nonce(recording *r, aim_str nonce, aim_error *err)
{
	const aim_str parts[2] = {r->is->key_id, nonce};
	const mark m = {r->is->id};
	aim_status rc = aim__batch_add(&r->batch, AIM_STORE_PUT_IF_ABSENT, 0, AIM__ATTESTATION_NONCE, parts, 2, &mark_table,
	                               &m, err);
	if (rc == AIM_OK)
		keep_until(r, r->is->expires_at_s);
	return rc;
}

/* Members in canonical order. */
static aim_status write_data(aim__batch *batch, const aim__attestation *is, const char *supersedes, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "attestation", is->id);
	aim__write_member_bool(&w, "connected", is->connected != 0);
	aim__write_member_int64(&w, "expires_at_s", is->expires_at_s);
	aim__write_member_int64(&w, "issued_at_s", is->issued_at_s);
	aim__write_member_string(&w, "key_id", is->key_id);
	if (is->superseded_by.len)
		aim__write_member_string(&w, "superseded_by", is->superseded_by);
	if (supersedes[0])
		aim__write_member_text(&w, "supersedes", supersedes);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static void add_audit(recording *r, const char *kind, int64_t trust_micro)
{
	aim_audit_record *record = aim__batch_record(&r->batch, kind, r->is->server, r->is->recorded_us);
	record->agent = r->is->agent;
	record->user = r->is->recorded_by;
	record->trust_micro = trust_micro;
}

static aim_status commit(recording *r, const aim_ledger_receipt *receipt, aim_error *err)
{
	aim__batch *b = &r->batch;
	aim_status rc = write_data(b, r->is, receipt->supersedes, err);
	if (rc != AIM_OK)
		return rc;
	add_audit(r, "attestation_recorded", receipt->trust_micro);
	if (receipt->supersedes[0])
		add_audit(r, "attestation_superseded", receipt->trust_micro);
	for (size_t i = 0; i < b->n_records; i++)
		b->records[i].data = aim_buf_str(&b->data);
	return aim__record_commit(b->registry, b->ops, b->n_ops, b->records, b->n_records, NULL, err);
}

static aim_status record(recording *r, aim_str nonce, aim_ledger_receipt *receipt, aim_error *err)
{
	aim_status rc = load_live(r, err);
	if (rc == AIM_OK)
		rc = put_nonce(r, nonce, err);
	if (rc == AIM_OK)
		rc = supersede(r, receipt, err);
	if (rc == AIM_OK)
		rc = put_row(r, r->is, 0, err);
	if (rc == AIM_OK)
		rc = aim__server_attested(&r->batch, r->is->server, r->is->connected != 0, r->is->recorded_us, err);
	return rc == AIM_OK ? commit(r, receipt, err) : rc;
}

aim_status aim__attestation_record(const aim_ledger *ledger, aim__attestation *is, aim_str nonce,
                                   aim_ledger_receipt *receipt, aim_error *err)
{
	recording r;
	recording_init(&r, ledger, is);
	aim_status rc = record(&r, nonce, receipt, err);
	recording_dispose(&r);
	return rc;
}
