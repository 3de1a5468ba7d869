/* evidence/attestation.h — the payload of an attestation: its form, writing and reading. */
#ifndef AIM_EVIDENCE_ATTESTATION_H
#define AIM_EVIDENCE_ATTESTATION_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json.h"
#include "codec/writer.h"

#include <aim/attestation.h>

struct aim_attestation {
	aim_ctx *ctx; /* referenced */
	aim__arena arena; /* holds this, too */
	aim_attestation_payload payload;
};

/* An empty one; NULL without memory. */
aim_attestation *aim__attestation_new(aim_ctx *ctx);

/* Whether every member is of its form; agent_key and the order of the capabilities are not looked at.
 * AIM_OK, AIM_E_INVALID, AIM_E_ID_NAME, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_KEY. */
aim_status aim__attestation_check(const aim_ctx *ctx, const aim_attestation_payload *p, aim_error *err);

/* Whether it counts at a time. AIM_OK, AIM_E_FUTURE, AIM_E_EXPIRED. */
aim_status aim__attestation_check_time(const aim_attestation_payload *p, int64_t at_s, aim_error *err);

/* Has the capabilities sorted, each once: as they are, or copied into the arena. AIM_OK, AIM_E_NOMEM. */
aim_status aim__attestation_sort(aim__arena *arena, aim_attestation_payload *p, aim_error *err);

/* Writes the payload in canonical form; its capabilities are sorted. */
void aim__attestation_write(const aim_attestation_payload *p, aim__json_writer *w);

/* Fills *out from the predicate; text goes to the arena. Whether it has its one spelling is the caller's to see.
 * AIM_OK, AIM_E_ENVELOPE, AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__attestation_read(const aim_json *doc, aim_json_value predicate, aim__arena *arena,
                                 aim_attestation_payload *out, aim_error *err);

#endif
