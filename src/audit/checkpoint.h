/* audit/checkpoint.h — the text of checkpoints (c2sp.org/tlog-checkpoint), and how they are kept.
 *
 *     key "checkpoint/<log>/<20 digits of 2^64 − 1 − size>", so that the newest comes first in a scan:
 *     {"checkpoint":"<signed note>","head":<as audit/head.h writes it>,"time_us":<when>,"v":1}
 *
 * The head's frontier lets the next checkpoint be checked by hashing only what is new. */
#ifndef AIM_AUDIT_CHECKPOINT_H
#define AIM_AUDIT_CHECKPOINT_H

#include <aim/checkpoint.h>
#include "audit/note.h"
#include "base/buf.h"
#include "crypto/merkle.h"

/* The fields of a note's text; spans are borrowed. AIM_OK, AIM_E_AUDIT_FORMAT. */
aim_status aim__checkpoint_read(const aim__note *note, aim_checkpoint *out, aim_error *err);
/* Appends a signed checkpoint. */
aim_status aim__checkpoint_write(const aim_key *key, const aim__note_key *as, uint64_t size,
                                 const aim__merkle_hash *root, aim_buf *out, aim_error *err);

/* A checkpoint as it is kept. Embedded; text is a buffer of its own. */
typedef struct aim__checkpoint_kept {
	aim_buf text;
	aim__merkle_frontier tree;
	int64_t time_us;
	uint64_t version; /* of the key */
} aim__checkpoint_kept;

void aim__checkpoint_kept_init(aim__checkpoint_kept *kept, aim_ctx *ctx);
void aim__checkpoint_kept_dispose(aim__checkpoint_kept *kept);
/* The newest, or the one of a size. kept is unchanged unless AIM_OK. AIM_E_NOT_FOUND, AIM_E_AUDIT_CORRUPT, … */
aim_status aim__checkpoint_load_newest(aim_audit *log, aim__checkpoint_kept *kept, aim_error *err);
aim_status aim__checkpoint_load(aim_audit *log, uint64_t size, aim__checkpoint_kept *kept, aim_error *err);
/* The newest of at most so many records. */
aim_status aim__checkpoint_load_before(aim_audit *log, uint64_t size, aim__checkpoint_kept *kept,
                                       aim_error *err);
/* Writes it; version 0: only when the size has none. AIM_E_CONFLICT otherwise. */
aim_status aim__checkpoint_store(aim_audit *log, const aim__checkpoint_kept *kept, aim_error *err);

#endif
