/* identity/delegation.h — inside a chain of delegations, for the files that build, read, verify and keep it. */
#ifndef AIM_IDENTITY_DELEGATION_H
#define AIM_IDENTITY_DELEGATION_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/writer.h"
#include "store/fields.h"

#include <aim/delegation.h>

#define AIM__DELEGATION_ID_PREFIX "dlg_"

typedef struct aim__delegation_user {
	aim_str id, email;
	aim__text_list roles, permissions;
	int64_t expires_at_s;
} aim__delegation_user;

typedef struct aim__delegation_link {
	aim_str id, parent, child;
	aim__text_list capabilities;
	aim__delegation_user user; /* id empty: none */
	uint64_t depth;
	int64_t not_before_s, expires_at_s;
	uint8_t previous[32];
	uint8_t hash[32];
	uint8_t signature[64];
} aim__delegation_link;

struct aim_delegation {
	aim_ctx *ctx; /* referenced */
	aim__arena arena; /* owns all text */
	size_t n;
	aim__delegation_link links[AIM_DELEGATION_MAX_LINKS];
};

aim_delegation *aim__delegation_new(aim_ctx *ctx);

/* ---- delegation_form.c: what a link looks like ---- */

/* Appends the label and the canonical form of a link without its signature. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__delegation_signed_bytes(const aim__delegation_link *link, aim_buf *out);
/* SHA-256 over these and the signature. scratch is cleared. Also AIM_E_CALLBACK. */
aim_status aim__delegation_hash(const aim__delegation_link *link, aim_buf *scratch, uint8_t out[32]);
/* One link with its signature, as a value. */
void aim__delegation_write_link(aim__json_writer *w, const aim__delegation_link *link);
/* Whether each member is one that a link may have; nothing about its neighbours. */
aim_status aim__delegation_check_link(const aim_ctx *ctx, const aim__delegation_link *link, aim_error *err);
int aim__delegation_is_did_key(aim_str did);

/* ---- delegation_narrow.c: what a link may say after another ---- */

/* The first of the rules DEPTH … USER that link i of a chain breaks; VALID when none. *out_what (may be NULL) is the
 * capability, role or permission that is too much; empty for other rules. */
uint32_t aim__delegation_narrows(const aim_delegation *chain, size_t i, aim_str *out_what);
/* The first of the link's capabilities that covers one; empty when none does. */
aim_str aim__delegation_covering(const aim__delegation_link *link, aim_str capability);
/* Says in err what a broken rule means for link i; returns the rule's status. */
aim_status aim__delegation_broken(uint32_t rule, size_t i, aim_str what, aim_error *err);

/* ---- delegation_revoke.c ---- */

/* *out is 1 when the link was revoked. */
aim_status aim__delegation_revoked(aim_registry *registry, aim_str id, int *out, aim_error *err);

#endif
