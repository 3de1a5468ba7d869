/* assess/baseline_write.c — one change of a baseline as one batch. Layer assess. */
#include "assess/baseline_state.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "identity/record.h"
#include "store/store.h"

#include <string.h>

/* Operations whose keys and values lie in one growing buffer: offsets until all are written. */
typedef struct writing {
	aim_baseline *b;
	int64_t now_us;
	aim_store_op *ops;
	size_t *ends; /* of key and value of each operation, in bytes */
	size_t n_ops, cap_ops;
	aim_buf bytes;
	aim_buf key, value;
} writing;

static aim_status add_op(writing *w, uint32_t op_kind, uint64_t version, aim_error *err)
{
	aim_bytes key = aim_buf_bytes(&w->key), value = aim_buf_bytes(&w->value);
	aim_status rc = aim__buf_add(&w->bytes, key.ptr, key.len);
	size_t key_end = w->bytes.len;
	if (rc == AIM_OK)
		rc = aim__buf_add(&w->bytes, value.ptr, value.len);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	aim_store_op op = {.kind = op_kind, .version = version};
	w->ops[w->n_ops] = op;
	w->ends[2 * w->n_ops] = key_end;
	w->ends[2 * w->n_ops + 1] = w->bytes.len;
	w->n_ops++;
	return AIM_OK;
}

static void settle_ops(writing *w)
{
	size_t start = 0;
	for (size_t i = 0; i < w->n_ops; i++) {
		size_t key_end = w->ends[2 * i], end = w->ends[2 * i + 1];
		w->ops[i].key = aim_bytes_from(w->bytes.ptr + start, key_end - start);
		w->ops[i].value = aim_bytes_from(w->bytes.ptr + key_end, end - key_end);
		start = end;
	}
}

/* ---- values ---- */

static aim_status write_record(writing *w, const aim__fields *table, const void *record, aim_error *err)
{
	aim_buf_clear(&w->value);
	aim_status rc = aim__fields_object(&w->value, table, record);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static void store_definition(const aim__definition *d, aim_bytes *out, uint8_t surface[32])
{
	*out = aim_bytes_from(d->raw, d->len);
	memcpy(surface, d->surface, 32);
}

static void fill_stored(const writing *w, uint32_t kind, const aim__entry *e, aim__stored_entry *s)
{
	const aim__entry_state *next = &e->next;
	memset(s, 0, sizeof *s);
	s->server = aim_str_from(w->b->server);
	s->kind = kind;
	s->name = e->name;
	s->state = next->state;
	s->gone = next->gone;
	s->version = next->version;
	s->first_seen_us = e->fresh ? w->now_us : e->first_seen_us;
	s->last_seen_us = e->fresh ? w->now_us : e->last_seen_us;
	store_definition(&next->candidate, &s->candidate, s->candidate_fingerprint);
	store_definition(&next->baseline, &s->definition, s->fingerprint);
	memcpy(s->description, next->baseline.description, sizeof s->description);
	memcpy(s->schema, next->baseline.schema, sizeof s->schema);
}

/* A definition is one level deeper inside the record, and shares it with another: what is written must
 * be within the limits of those who read it. */
static aim_status check_readable(writing *w, aim_error *err)
{
	return aim_json_parse(&w->b->doc, aim_buf_bytes(&w->value), AIM_JSON_BORROW, err);
}

static aim_status write_entry(writing *w, uint32_t kind, const aim__entry *e, aim_error *err)
{
	aim__stored_entry s;
	aim_str parts[3] = {aim_str_from(w->b->server), aim_str_from(aim__fingerprint_kinds[kind]), e->name};
	aim_status rc = aim__record_key(&w->key, "baseline/", parts, 3, err);
	if (rc != AIM_OK)
		return rc;
	aim_buf_clear(&w->value);
	if (aim__entry_empty(&e->next))
		return add_op(w, AIM_STORE_DELETE, 0, err);
	fill_stored(w, kind, e, &s);
	rc = write_record(w, &aim__stored_entry_table, &s, err);
	if (rc == AIM_OK)
		rc = check_readable(w, err);
	return rc == AIM_OK ? add_op(w, AIM_STORE_PUT, 0, err) : rc;
}

static aim_status write_list(writing *w, uint32_t kind, const aim__list *list, aim_error *err)
{
	aim__stored_list s = {.kind = kind, .changed_us = w->now_us};
	s.server = aim_str_from(w->b->server);
	s.first_seen_us = list->version ? list->first_seen_us : w->now_us;
	for (size_t i = 0; i < list->n; i++) {
		const aim__entry_state *next = &list->entries[i]->next;
		s.n_entries += next->state != 0;
		s.n_pending += next->state == AIM_BASELINE_PENDING;
		s.n_drifted += next->candidate.raw != NULL || next->gone;
	}
	aim_status rc = aim__baseline_list_key(w->b, kind, err);
	if (rc != AIM_OK)
		return rc;
	aim_buf_clear(&w->key);
	rc = aim__buf_add_str(&w->key, aim_buf_str(&w->b->scratch_key));
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	rc = write_record(w, &aim__stored_list_table, &s, err);
	if (rc != AIM_OK)
		return rc;
	return add_op(w, list->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT, list->version,
	              err);
}

static aim_status write_all(writing *w, uint32_t kinds, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (uint32_t kind = 1; rc == AIM_OK && kind < AIM__FINGERPRINT_KINDS; kind++) {
		const aim__list *list = &w->b->lists[kind];
		if (!(kinds & 1u << kind))
			continue;
		rc = write_list(w, kind, list, err);
		for (size_t i = 0; rc == AIM_OK && i < list->n; i++)
			if (aim__entry_dirty(list->entries[i]))
				rc = write_entry(w, kind, list->entries[i], err);
	}
	return rc;
}

/* ---- commit ---- */

static size_t count_ops(const aim_baseline *b, uint32_t kinds)
{
	size_t n = 0;
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		n++;
		for (size_t i = 0; i < b->lists[kind].n; i++)
			n += (size_t)aim__entry_dirty(b->lists[kind].entries[i]);
	}
	return n;
}

static aim_status prepare(writing *w, uint32_t kinds, const aim__baseline_addition *addition, aim_error *err)
{
	w->cap_ops = count_ops(w->b, kinds) + addition->n_ops;
	w->ops = aim__alloc_array(w->b->ctx, w->cap_ops, sizeof *w->ops);
	w->ends = aim__alloc_array(w->b->ctx, w->cap_ops, 2 * sizeof *w->ends);
	if (!w->ops || !w->ends)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = write_all(w, kinds, err);
	settle_ops(w);
	for (size_t i = 0; rc == AIM_OK && i < addition->n_ops; i++)
		w->ops[w->n_ops++] = addition->ops[i];
	return rc;
}

/* A further write adds exactly 1 to a version (aim/plugin/store.h). The first one is only known by
 * reading; what is read may already be someone else's, so such a list is read again before its use. */
static void settle_lists(aim_baseline *b, uint32_t kinds, int64_t now_us, int committed)
{
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++) {
		aim__list *list = &b->lists[kind];
		if (!(kinds & 1u << kind))
			continue;
		if (!committed) {
			aim__list_drop(b->ctx, list);
			continue;
		}
		aim__list_take_over(b->ctx, list, now_us);
		if (list->version) {
			list->version++;
		} else {
			list->first_seen_us = now_us;
			list->stale = 1;
		}
	}
}

aim_status aim__baseline_commit(aim_baseline *b, uint32_t kinds, int64_t now_us, const aim_audit_record *record,
                                const aim__baseline_addition *addition, aim_error *err)
{
	static const aim__baseline_addition nothing;
	writing w = {.b = b, .now_us = now_us};
	const aim__baseline_addition *a = addition ? addition : &nothing;
	aim__buf_init(&w.bytes, b->ctx);
	aim__buf_init(&w.key, b->ctx);
	aim__buf_init(&w.value, b->ctx);
	aim_status rc = prepare(&w, kinds, a, err);
	if (rc == AIM_OK)
		rc = aim__record_commit(b->registry, w.ops, w.n_ops, a->n_records ? a->records : record,
		                        a->n_records ? a->n_records : 1, NULL, err);
	settle_lists(b, kinds, now_us, rc == AIM_OK);
	aim__free(b->ctx, w.ends, w.cap_ops * 2 * sizeof *w.ends);
	aim__free(b->ctx, w.ops, w.cap_ops * sizeof *w.ops);
	aim__buf_dispose(&w.value);
	aim__buf_dispose(&w.key);
	aim__buf_dispose(&w.bytes);
	return rc;
}
