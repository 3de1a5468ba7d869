/* identity/record.c — reading and changing records. Layer identity. */
#include "identity/record.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "store/store.h"

#include <string.h>

void aim__record_init(aim__record *record, aim_registry *registry)
{
	memset(record, 0, sizeof *record);
	record->registry = registry;
	aim__buf_init(&record->text, registry->ctx);
	aim__json_init(&record->doc, registry->ctx);
}

void aim__record_dispose(aim__record *record)
{
	aim__json_dispose(&record->doc);
	aim__buf_dispose(&record->text);
}

aim_status aim__record_corrupt(aim_bytes key, const char *member, aim_error *err)
{
	aim_str name = {(const char *)key.ptr, key.len};
	if (!member)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
		                 "the stored value of %.*s is damaged: not a JSON object", AIM__STR(name));
	return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
	                 "the stored value of %.*s is damaged: member \"%s\" is missing or wrong",
	                 AIM__STR(name), member);
}

aim_status aim__record_parse(aim__record *record, aim_bytes key, aim_bytes value, aim_error *err)
{
	aim_status rc = aim_json_parse(&record->doc, value, AIM_JSON_BORROW, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK || aim_json_type(&record->doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return aim__record_corrupt(key, NULL, err);
	return AIM_OK;
}

aim_status aim__record_load(aim__record *record, aim_bytes key, aim_error *err)
{
	aim_status rc = aim__store_get(record->registry->store, key, &record->text, &record->version, err);
	if (rc != AIM_OK)
		return rc;
	return aim__record_parse(record, key, aim_buf_bytes(&record->text), err);
}

aim_status aim__record_read(const aim__record *record, aim_bytes key, const aim__fields *table,
                            aim__arena *arena, void *out, aim_error *err)
{
	const char *bad = NULL;
	aim_status rc = aim__fields_read(record->registry->ctx, table, &record->doc, AIM_JSON_ROOT, arena,
	                                 out, &bad);
	if (rc == AIM_E_STORE_CORRUPT)
		return aim__record_corrupt(key, bad, err);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

aim_status aim__record_commit(aim_registry *registry, const aim_store_op *ops, size_t n_ops,
                              const aim_audit_record *records, size_t n_records,
                              uint32_t *out_failed_op, aim_error *err)
{
	aim__change change = {.ops = ops, .n_ops = n_ops, .records = records, .n_records = n_records};
	aim_status rc = aim__audit_commit(registry->log, &change, err);
	if (out_failed_op)
		*out_failed_op = change.failed_op;
	if (rc == AIM_OK)
		atomic_fetch_add_explicit(&registry->generation, 1, memory_order_release);
	return rc;
}
