/* enforce/action_record.c — actions as they are stored, and showing one. Layer enforce. */
#include "enforce/action.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_action, 16 + 8 * 8 + 14 * sizeof(void *));

static const char *const state_names[] = {"none", "open", "success", "failure", "unreported", NULL};
static const char *const risk_names[] = {"unknown", "low", "medium", "high", "critical", NULL};

#define FIELD(name, member, type, required) {name, offsetof(aim__action, member), type, required, NULL}
static const aim__field action_fields[] = {
	FIELD("id", id, AIM__FIELD_TEXT, 1),
	FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	FIELD("agent", agent, AIM__FIELD_TEXT, 1),
	FIELD("server", server, AIM__FIELD_TEXT, 0),
	FIELD("action", action, AIM__FIELD_TEXT, 1),
	FIELD("resource", resource, AIM__FIELD_TEXT, 0),
	FIELD("session", session, AIM__FIELD_TEXT, 0),
	{"state", offsetof(aim__action, state), AIM__FIELD_NAME, 1, state_names},
	{"risk", offsetof(aim__action, risk), AIM__FIELD_NAME, 1, risk_names},
	FIELD("first_use", first_use, AIM__FIELD_TEXT, 0),
	FIELD("attested", attested, AIM__FIELD_BOOL, 0),
	FIELD("token_hash", token_hash, AIM__FIELD_HASH, 1),
	FIELD("checked_at", checked_us, AIM__FIELD_TIME_US, 1),
	FIELD("expires_at", expires_at_us, AIM__FIELD_TIME_US, 1),
	FIELD("closed_at", closed_us, AIM__FIELD_TIME_US, 0),
	FIELD("summary", summary, AIM__FIELD_TEXT, 0),
	FIELD("latency_us_and_one", latency_us, AIM__FIELD_UINT, 0),
	FIELD("agent_old_micro", agent_old, AIM__FIELD_UINT, 0),
	FIELD("agent_new_micro", agent_new, AIM__FIELD_UINT, 0),
	FIELD("server_old_micro", server_old, AIM__FIELD_UINT, 0),
	FIELD("server_new_micro", server_new, AIM__FIELD_UINT, 0),
};
#undef FIELD
const aim__fields aim__action_table = {action_fields, sizeof action_fields / sizeof *action_fields};

void aim__action_row_init(aim__action_row *row, aim_registry *registry)
{
	memset(row, 0, sizeof *row);
	aim__record_init(&row->record, registry);
	aim__arena_init(&row->arena, registry->ctx, 1024, 0);
	aim__buf_init(&row->key, registry->ctx);
}

void aim__action_row_dispose(aim__action_row *row)
{
	aim__buf_dispose(&row->key);
	aim__arena_dispose(&row->arena);
	aim__record_dispose(&row->record);
}

aim_status aim__action_load(aim__action_row *row, aim_str id, aim_error *err)
{
	aim__arena_reset(&row->arena);
	memset(&row->is, 0, sizeof row->is);
	aim_status rc = aim__record_key(&row->key, AIM__ACTION, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&row->record, aim_buf_bytes(&row->key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&row->record, aim_buf_bytes(&row->key), &aim__action_table, &row->arena, &row->is, err);
	if (rc == AIM_OK && !aim_str_equal(row->is.id, id))
		rc = aim__record_corrupt(aim_buf_bytes(&row->key), "id", err);
	if (rc == AIM_OK && !aim_str_equal(row->is.name_space, aim_registry_name_space(row->record.registry)))
		rc = AIM_E_NOT_FOUND;
	return rc;
}

/* Times as 16 hex digits sort as they are. */
aim_status aim__action_due(aim__batch *batch, uint32_t kind, const aim__action *a, aim_error *err)
{
	static const aim__fields empty = {NULL, 0};
	uint8_t bytes[8];
	char time[17] = "";
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)((uint64_t)a->expires_at_us >> (56 - 8 * i));
	aim__hex_write(aim_bytes_from(bytes, sizeof bytes), time);
	aim_str parts[3] = {a->name_space, {time, 16}, a->id};
	return aim__batch_add(batch, kind, 0, AIM__ACTION_DUE, parts, 3, kind == AIM_STORE_DELETE ? NULL : &empty, a, err);
}

aim_status aim__action_count(aim__batch *batch, const aim__action *a, int64_t by, int64_t bound, aim_error *err)
{
	aim_status rc = aim__batch_add(batch, AIM_STORE_ADD, 0, AIM__ACTION_OPEN, &a->agent, 1, NULL, NULL, err);
	if (rc != AIM_OK)
		return rc;
	batch->ops[batch->n_ops - 1].delta = by;
	batch->ops[batch->n_ops - 1].bound = bound;
	return AIM_OK;
}

aim_status aim__action_use_id(const aim_ctx *ctx, aim_str session, aim_str server, char out[AIM__ACTION_USE_SIZE],
                              aim_error *err)
{
	uint8_t hash[32];
	const aim_bytes parts[] = {aim_bytes_from_str(server), aim_bytes_from_str(session)}; /* ids have one length */
	aim_status rc = aim__sha256(ctx, parts, 2, hash);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	memcpy(out, "use:", 4);
	aim__hex_write(aim_bytes_from(hash, 20), out + 4);
	out[44] = '\0';
	return AIM_OK;
}

/* ---- showing ---- */

static aim_status show(const aim__action *a, aim_action_visit visit, void *user)
{
	aim_action action = {.struct_size = sizeof action, .state = a->state, .risk = a->risk};
	action.checked_us = a->checked_us;
	action.expires_at_us = a->expires_at_us;
	action.closed_us = a->closed_us;
	action.latency_us = (int64_t)a->latency_us - 1;
	action.agent_old_micro = (int64_t)a->agent_old;
	action.agent_new_micro = (int64_t)a->agent_new;
	action.server_old_micro = (int64_t)a->server_old;
	action.server_new_micro = (int64_t)a->server_new;
	action.id = a->id;
	action.agent = a->agent;
	action.server = a->server;
	action.action = a->action;
	action.resource = a->resource;
	action.session = a->session;
	action.summary = a->summary;
	return visit(user, &action);
}

aim_status aim_action_find(aim_action_verifier *verifier, aim_str id, aim_action_visit visit, void *user,
                           aim_error *err)
{
	char stored[AIM__ID_SIZE];
	aim__action_row row;
	if (!verifier || !visit)
		return AIM__MISUSE(verifier ? verifier->ctx : NULL, "verifier and visit are required");
	aim_status rc = aim__id_parse(AIM__ACTION_ID_PREFIX, id, stored, err);
	if (rc != AIM_OK)
		return rc;
	aim__action_row_init(&row, verifier->registry);
	rc = aim__action_load(&row, aim_str_from(stored), err);
	if (rc == AIM_E_NOT_FOUND)
		rc = aim__fail(err, rc, AIM_LAYER_ENFORCE, "there is no action %s", stored);
	if (rc == AIM_OK)
		rc = show(&row.is, visit, user);
	aim__action_row_dispose(&row);
	return rc;
}
