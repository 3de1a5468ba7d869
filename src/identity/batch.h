/* identity/batch.h — what one change of subjects and keys writes: operations, their audit records and the
 * step of the epoch, committed together. Confined. */
#ifndef AIM_IDENTITY_BATCH_H
#define AIM_IDENTITY_BATCH_H

#include "identity/record.h"

#define AIM__BATCH_OPS 16u
#define AIM__BATCH_RECORDS 2u

typedef struct aim__batch {
	aim_registry *registry; /* borrowed */
	aim_buf keys[AIM__BATCH_OPS];
	aim_buf values[AIM__BATCH_OPS];
	aim_buf data; /* of the audit records; members in canonical order */
	aim_store_op ops[AIM__BATCH_OPS + 1];
	size_t n_ops;
	aim_audit_record records[AIM__BATCH_RECORDS];
	size_t n_records;
} aim__batch;

void aim__batch_init(aim__batch *batch, aim_registry *registry);
void aim__batch_dispose(aim__batch *batch);

/* Adds an operation AIM_STORE_* on prefix and parts (aim__record_key) whose value is the object of fields,
 * none for a delete (fields NULL). AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_UTF8, AIM_E_CALLBACK. */
aim_status aim__batch_add(aim__batch *batch, uint32_t kind, uint64_t version, const char *prefix,
                          const aim_str *parts, size_t n_parts, const aim__fields *fields,
                          const void *record, aim_error *err);
/* The same with the value {"id":id}. */
aim_status aim__batch_add_index(aim__batch *batch, const char *prefix, const aim_str *parts,
                                size_t n_parts, aim_str id, aim_error *err);

/* Adds an audit record that shows batch->data as it is when committing. */
aim_audit_record *aim__batch_record(aim__batch *batch, const char *kind, aim_str subject, int64_t time_us);

/* As aim__record_commit(). */
aim_status aim__batch_commit(aim__batch *batch, uint32_t *out_failed_op, aim_error *err);

#endif
