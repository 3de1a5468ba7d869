/* audit/record.h — one event as canonical JSON (RFC 8785): the bytes that are hashed. FROZEN: golden
 * files hold them. */
#ifndef AIM_AUDIT_RECORD_H
#define AIM_AUDIT_RECORD_H

#include <aim/audit.h>
#include "audit/row.h"

struct aim_json;

/* Bounds of one record. */
#define AIM__AUDIT_MAX_RECORD_BYTES 65536u /* as canonical JSON */
#define AIM__AUDIT_MAX_TEXT_BYTES 4096u    /* one member's text, before escaping */
#define AIM__AUDIT_MAX_KIND_BYTES 64u
#define AIM__AUDIT_MAX_DATA_BYTES 32768u

/* Copies what the caller's struct_size covers over a zeroed record and fills in the time. */
aim_status aim__audit_record_take(const aim_ctx *ctx, const aim_audit_record *record,
                                  aim_audit_record *out, aim_error *err);
/* Appends the canonical JSON of a taken record. salt is used when there are arguments. scratch is an
 * embedded document that data is parsed into. On failure out is as before. */
aim_status aim__audit_record_write(const aim_audit_record *record, uint32_t durability,
                                   const uint8_t salt[AIM__AUDIT_SALT_LEN], struct aim_json *scratch,
                                   aim_buf *out, aim_error *err);

#endif
