/* identity/migrate.h — values of older versions of this layer's kinds. */
#ifndef AIM_IDENTITY_MIGRATE_H
#define AIM_IDENTITY_MIGRATE_H

#include "store/store.h"

/* Agents and servers, from version 1 to 2. */
aim_status aim__subject_migrate(aim_ctx *ctx, uint32_t from, aim_bytes key, aim_bytes value, aim_buf *out,
                                const aim__store_extra *extra, aim_error *err);

#endif
