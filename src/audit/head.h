/* audit/head.h — the head of a log: how many records, and the frontier of their tree. One versioned
 * key per log, written in the batch of every append, so that two writers can never fork it. FROZEN:
 * golden files hold it.
 *
 *     key "log/<name>/head": {"frontier":["<64 hex>",…],"size":<records>,"v":1}
 *
 * The frontier is the roots of the perfect subtrees, one per set bit of size, the largest first. */
#ifndef AIM_AUDIT_HEAD_H
#define AIM_AUDIT_HEAD_H

#include <aim/audit.h>
#include "codec/writer.h"
#include "crypto/merkle.h"

#define AIM__AUDIT_MAX_NAME_BYTES 64u
#define AIM__AUDIT_HEAD_KEY_SIZE (AIM__AUDIT_MAX_NAME_BYTES + 10u)

/* What is known of the stored head. Zeroed is: nothing, ask the store. */
typedef struct aim__audit_head {
	enum { AIM__HEAD_UNKNOWN, AIM__HEAD_ABSENT, AIM__HEAD_STORED } state;
	uint64_t version; /* of the key, when STORED */
	aim__merkle_frontier tree;
} aim__audit_head;

/* The head's key; returns its length. */
size_t aim__audit_head_key(aim_str name, char out[AIM__AUDIT_HEAD_KEY_SIZE]);
/* Appends the value. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__audit_head_write(const aim__merkle_frontier *tree, aim_buf *out);
/* The same as a member of an object that is being written. */
void aim__audit_head_member(aim__json_writer *w, const char *name, const aim__merkle_frontier *tree);
/* The exact inverse: a value that write() would not give is AIM_E_AUDIT_CORRUPT, a later format
 * AIM_E_VERSION. */
aim_status aim__audit_head_read(aim_ctx *ctx, aim_bytes value, aim__merkle_frontier *out, aim_error *err);
/* Reads the key into a head that is ABSENT or STORED. scratch is cleared first. */
aim_status aim__audit_head_load(aim_store *store, aim_bytes key, aim_buf *scratch, aim__audit_head *out,
                                aim_error *err);

#endif
