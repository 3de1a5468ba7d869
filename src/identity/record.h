/* identity/record.h — one way for every module of a registry to name, read, walk and change records. */
#ifndef AIM_IDENTITY_RECORD_H
#define AIM_IDENTITY_RECORD_H

#include "audit/commit.h"
#include "base/buf.h"
#include "identity/registry.h"
#include "store/fields.h"
#include "store/walk.h"

#define AIM__RECORD_ATTEMPTS AIM__COMMIT_ATTEMPTS

static inline aim_status aim__record_key(aim_buf *key, const char *prefix, const aim_str *parts, size_t n_parts,
                                         aim_error *err)
{
	return aim__store_key(key, prefix, parts, n_parts, err);
}

/* A value that was read: its text and the document over it. Confined. */
typedef struct aim__record {
	aim_registry *registry; /* borrowed */
	aim_buf text;
	aim_json doc;
	uint64_t version; /* in the store */
} aim__record;

void aim__record_init(aim__record *record, aim_registry *registry);
void aim__record_dispose(aim__record *record);
/* Reads and parses the value of a key. AIM_OK, AIM_E_NOT_FOUND (err untouched), AIM_E_NOMEM,
 * AIM_E_STORE_CORRUPT naming the key, or the store's. */
aim_status aim__record_load(aim__record *record, aim_bytes key, aim_error *err);
/* The same for a value at hand, borrowed as long as the record is used. */
aim_status aim__record_parse(aim__record *record, aim_bytes key, aim_bytes value, aim_error *err);
/* aim__fields_read on the whole value, with the message. */
aim_status aim__record_read(const aim__record *record, aim_bytes key, const aim__fields *table,
                            aim__arena *arena, void *out, aim_error *err);
aim_status aim__record_corrupt(aim_bytes key, const char *member, aim_error *err);

typedef aim__store_visit aim__record_visit;
static inline aim_status aim__record_walk(aim_registry *registry, aim_bytes prefix, aim_bytes after,
                                          aim__record_visit visit, void *user, aim_error *err)
{
	return aim__store_walk(registry->store, prefix, after, visit, user, err);
}

/* Commits operations with one audit record each change must have, and moves the generation.
 * AIM_OK, AIM_E_CONFLICT with *out_failed_op (may be NULL), or the log's. */
aim_status aim__record_commit(aim_registry *registry, const aim_store_op *ops, size_t n_ops,
                              const aim_audit_record *records, size_t n_records,
                              uint32_t *out_failed_op, aim_error *err);

#endif
