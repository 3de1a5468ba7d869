/* assess/ledger.h — attestations as they are stored.
 *
 *     attestation/<id>                        one attestation
 *     attestation-live/<server>/<agent>       {"id":…}: the newest of an agent on a server
 *     attestation-nonce/<key id>/<nonce>      {"id":…}: a nonce that was used
 *
 * All three end together, some time past the attestation's own end. */
#ifndef AIM_ASSESS_LEDGER_H
#define AIM_ASSESS_LEDGER_H

#include "identity/batch.h"
#include "store/id.h"

#include <aim/ledger.h>
#include <aim/server.h>

#define AIM__ATTESTATION_ID_PREFIX "att_"
#define AIM__ATTESTATION "attestation/"
#define AIM__ATTESTATION_LIVE "attestation-live/"
#define AIM__ATTESTATION_NONCE "attestation-nonce/"

struct aim_ledger {
	aim_registry *registry; /* referenced */
	aim_ledger_options options;
};

/* Forms. 0: aim/attestation.h. */
#define AIM__ATTESTATION_INTEROP 1u

/* What is stored of one. */
typedef struct aim__attestation {
	aim_str id, name_space, server, agent, key_id, superseded_by, recorded_by, revoked_by, reason;
	aim_str supersedes; /* the one before it; empty: none, or it was never live */
	aim_str reached;    /* not connected: the last one before it in which this agent reached the server; empty: none */
	int64_t issued_at_s, expires_at_s, recorded_us, revoked_us;
	uint32_t connected, healthy, form, reserved;
	aim__optional_key public_key; /* of AIM__ATTESTATION_INTEROP, which does not name it */
	aim_bytes envelope;
} aim__attestation;

extern const aim__fields aim__attestation_table;

/* A row that was read; its text lives in the arena. Confined. */
typedef struct aim__attestation_row {
	aim__record record;
	aim__arena arena;
	aim__attestation is;
	aim_buf key;
} aim__attestation_row;

void aim__attestation_row_init(aim__attestation_row *row, aim_registry *registry);
void aim__attestation_row_dispose(aim__attestation_row *row);
/* AIM_OK, AIM_E_NOT_FOUND (err untouched; also another namespace's), AIM_E_NOMEM, AIM_E_STORE_CORRUPT, … */
aim_status aim__attestation_load(aim__attestation_row *row, aim_str id, aim_error *err);
/* The same of a value at hand, borrowed as long as the row is used. */
aim_status aim__attestation_parse(aim__attestation_row *row, aim_bytes key, aim_bytes value, uint64_t version,
                                  aim_error *err);

/* The newest of each agent on a server behind an agent (empty: all); borrowed for the call. as_of_us other than 0: the
 * newest of those that were recorded by then, as far as they are kept; when all were recorded later, the first. */
typedef aim_status (*aim__attestation_visit)(void *user, aim__attestation_row *row, aim_error *err);
aim_status aim__attestation_walk(aim_registry *registry, aim_str server, aim_str after, int64_t as_of_us,
                                 aim__attestation_visit visit, void *user, aim_error *err);

/* Whether a key has used a nonce: AIM_OK, AIM_E_REPLAY, … */
aim_status aim__attestation_nonce_new(aim_registry *registry, aim_str key_id, aim_str nonce, aim_error *err);

/* Records a new attestation with its nonce in one change. is->superseded_by is set when the live one is newer, and
 * receipt->supersedes when that is the older one. AIM_E_CONFLICT: something else came between; look at the nonce
 * again. Also AIM_E_SERVER_REVOKED, AIM_E_NOT_FOUND (the server), … */
aim_status aim__attestation_record(const aim_ledger *ledger, aim__attestation *is, aim_str nonce,
                                   aim_ledger_receipt *receipt, aim_error *err);

/* Moves a pending server to verified when its attesters agree. AIM_OK also when they do not. */
aim_status aim__ledger_verify_by_consensus(aim_ledger *ledger, aim_str server, uint32_t *out_verified);

/* The envelope of AIM__ATTESTATION_INTEROP, and the two texts in it; they live in the arena. AIM_OK, AIM_E_NOMEM, …;
 * AIM_E_ENVELOPE. */
aim_status aim__ledger_interop_write(aim_str payload, aim_str signature, aim_buf *out);
aim_status aim__ledger_interop_read(aim_ctx *ctx, aim_bytes envelope, aim__arena *arena, aim_str *out_payload,
                                    aim_str *out_signature);
/* How a server is called by that form: its URL, or its command line. Appends. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__ledger_interop_url(const aim_server *server, aim_buf *out);

/* When what is stored of an attestation may go. */
int64_t aim__ledger_kept_until_us(const aim_ledger *ledger, int64_t expires_at_s);

/* How far an agent is trusted, as it is. AIM_OK, AIM_E_NOT_FOUND, AIM_E_CALLBACK, … */
aim_status aim__ledger_trust(const aim_ledger *ledger, aim_str agent, int64_t at_us, aim_ledger_trust *out,
                             aim_error *err);

/* The end of the second that an attestation names: a key registered within it was there. */
static inline int64_t aim__attestation_time_us(int64_t issued_at_s)
{
	return issued_at_s * 1000000 + 999999;
}

#endif
