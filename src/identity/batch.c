/* identity/batch.c — gathering and committing what one change writes. Layer identity. */
#include "identity/batch.h"

#include "base/error.h"

#include <string.h>

void aim__batch_init(aim__batch *batch, aim_registry *registry)
{
	memset(batch, 0, sizeof *batch);
	batch->registry = registry;
	for (size_t i = 0; i < AIM__BATCH_OPS; i++) {
		aim__buf_init(&batch->keys[i], registry->ctx);
		aim__buf_init(&batch->values[i], registry->ctx);
	}
	aim__buf_init(&batch->data, registry->ctx);
}

void aim__batch_dispose(aim__batch *batch)
{
	for (size_t i = 0; i < AIM__BATCH_OPS; i++) {
		aim__buf_dispose(&batch->keys[i]);
		aim__buf_dispose(&batch->values[i]);
	}
	aim__buf_dispose(&batch->data);
}

static const aim__field index_fields[] = {{"id", 0, AIM__FIELD_TEXT, 1, NULL}};
static const aim__fields index_table = {index_fields, 1};

aim_status aim__batch_add(aim__batch *batch, uint32_t kind, uint64_t version, const char *prefix,
                          const aim_str *parts, size_t n_parts, const aim__fields *fields,
                          const void *record, aim_error *err)
{
	size_t i = batch->n_ops;
	if (i == AIM__BATCH_OPS)
		return aim__fail_plain(err, AIM_E_INTERNAL, AIM_LAYER_IDENTITY);
	aim_status rc = aim__record_key(&batch->keys[i], prefix, parts, n_parts, err);
	if (rc != AIM_OK)
		return rc;
	if (fields) {
		rc = aim__fields_object(&batch->values[i], fields, record);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	}
	aim_store_op *op = &batch->ops[batch->n_ops++];
	op->kind = kind;
	op->version = version;
	op->key = aim_buf_bytes(&batch->keys[i]);
	op->value = aim_buf_bytes(&batch->values[i]);
	return AIM_OK;
}

aim_status aim__batch_add_index(aim__batch *batch, const char *prefix, const aim_str *parts,
                                size_t n_parts, aim_str id, aim_error *err)
{
	return aim__batch_add(batch, AIM_STORE_PUT_IF_ABSENT, 0, prefix, parts, n_parts, &index_table, &id,
	                      err);
}

aim_audit_record *aim__batch_record(aim__batch *batch, const char *kind, aim_str subject, int64_t time_us)
{
	aim_audit_record *r = &batch->records[batch->n_records++];
	r->struct_size = sizeof *r;
	r->trust_micro = AIM_AUDIT_NO_TRUST;
	r->time_us = time_us;
	r->kind = aim_str_from(kind);
	r->subject = subject;
	return r;
}

aim_status aim__batch_commit(aim__batch *batch, uint32_t *out_failed_op, aim_error *err)
{
	for (size_t i = 0; i < batch->n_records; i++)
		batch->records[i].data = aim_buf_str(&batch->data);
	batch->ops[batch->n_ops] = aim__registry_epoch_step();
	return aim__record_commit(batch->registry, batch->ops, batch->n_ops + 1, batch->records,
	                          batch->n_records, out_failed_op, err);
}
