/* enforce/approval_record.c — approvals as they are stored; showing and listing them, and waiting for one. Layer
 * enforce. */
#include "enforce/approval.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_approval, 16 + 32 + 24 * P);
AIM__NO_PADDING(aim_approval_wait, 8 + 16);
#undef P

#define LAYER AIM_LAYER_ENFORCE
#define FIRST_POLL_US INT64_C(100000)
#define LAST_DOUBLING 5u /* 3.2 s */

static const char *const state_names[] = {"unknown", "pending", "approved", "denied", "used", "expired", NULL};
static const char *const risk_names[] = {"unknown", "low", "medium", "high", "critical", NULL};
static const char *const urgency_names[] = {"unknown", "low", "normal", "urgent", NULL};

const char *aim_approval_state_name(uint32_t state)
{
	return state_names[state <= AIM_APPROVAL_EXPIRED ? state : 0];
}

const char *aim_approval_urgency_name(uint32_t urgency)
{
	return urgency_names[urgency <= AIM_APPROVAL_URGENT ? urgency : 0];
}

#define FIELD(name, member, type, required) {name, offsetof(aim__approval, member), type, required, NULL}
static const aim__field fields[] = {
	FIELD("id", id, AIM__FIELD_TEXT, 1),
	FIELD("namespace", name_space, AIM__FIELD_TEXT, 1),
	FIELD("agent", agent, AIM__FIELD_TEXT, 1),
	FIELD("server", server, AIM__FIELD_TEXT, 0),
	FIELD("tool", tool, AIM__FIELD_TEXT, 1),
	FIELD("resource", resource, AIM__FIELD_TEXT, 0),
	FIELD("tool_fingerprint", tool_fingerprint, AIM__FIELD_TEXT, 0),
	FIELD("policy_hash", policy_hash, AIM__FIELD_TEXT, 0),
	FIELD("arguments", arguments, AIM__FIELD_JSON, 0),
	FIELD("arguments_hash", arguments_hash, AIM__FIELD_HASH, 0),
	FIELD("binding", binding, AIM__FIELD_HASH, 1),
	{"state", offsetof(aim__approval, state), AIM__FIELD_NAME, 1, state_names},
	{"risk", offsetof(aim__approval, risk), AIM__FIELD_NAME, 0, risk_names},
	{"urgency", offsetof(aim__approval, urgency), AIM__FIELD_NAME, 1, urgency_names},
	FIELD("reason", reason, AIM__FIELD_TEXT, 0),
	FIELD("asked_at", asked_us, AIM__FIELD_TIME_US, 1),
	FIELD("expires_at", expires_at_us, AIM__FIELD_TIME_US, 1),
	FIELD("decided_at", decided_us, AIM__FIELD_TIME_US, 0),
	FIELD("decided_by", decided_by, AIM__FIELD_TEXT, 0),
	FIELD("decided_why", decided_why, AIM__FIELD_TEXT, 0),
	FIELD("used_at", used_us, AIM__FIELD_TIME_US, 0),
};
#undef FIELD
const aim__fields aim__approval_table = {fields, sizeof fields / sizeof *fields};

void aim__approval_row_init(aim__approval_row *row, aim_registry *registry)
{
	memset(row, 0, sizeof *row);
	aim__record_init(&row->record, registry);
	aim__arena_init(&row->arena, registry->ctx, 2048, 0);
	aim__buf_init(&row->key, registry->ctx);
}

void aim__approval_row_dispose(aim__approval_row *row)
{
	aim__buf_dispose(&row->key);
	aim__arena_dispose(&row->arena);
	aim__record_dispose(&row->record);
}

aim_status aim__approval_load(aim__approval_row *row, aim_str id, aim_error *err)
{
	aim__arena_reset(&row->arena);
	memset(&row->is, 0, sizeof row->is);
	aim_status rc = aim__record_key(&row->key, AIM__APPROVAL, &id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&row->record, aim_buf_bytes(&row->key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&row->record, aim_buf_bytes(&row->key), &aim__approval_table, &row->arena, &row->is, err);
	if (rc == AIM_OK && !aim_str_equal(row->is.id, id))
		rc = aim__record_corrupt(aim_buf_bytes(&row->key), "id", err);
	if (rc == AIM_OK && !aim_str_equal(row->is.name_space, aim_registry_name_space(row->record.registry)))
		rc = AIM_E_NOT_FOUND;
	return rc;
}

aim_status aim__approval_find(aim__approval_row *row, aim_str id, aim_error *err)
{
	char stored[AIM__ID_SIZE];
	aim_status rc = aim__id_parse(AIM__APPROVAL_PREFIX, id, stored, err);
	if (rc == AIM_OK)
		rc = aim__approval_load(row, aim_str_from(stored), err);
	if (rc == AIM_E_NOT_FOUND)
		rc = aim__fail(err, rc, LAYER, "there is no approval %s", stored);
	return rc;
}

uint32_t aim__approval_state(const aim__approval *a, int64_t now_us)
{
	int open = a->state == AIM_APPROVAL_PENDING || a->state == AIM_APPROVAL_APPROVED;
	return open && now_us >= a->expires_at_us ? AIM_APPROVAL_EXPIRED : a->state;
}

/* ---- showing ---- */

static aim_status show(const aim__approval *a, int64_t now_us, aim_approval_visit visit, void *user)
{
	static const uint8_t none[32] = {0};
	char hex[65] = "";
	aim_approval out = {.struct_size = sizeof out, .risk = a->risk, .urgency = a->urgency};
	if (memcmp(a->arguments_hash, none, sizeof none) != 0)
		aim__hex_write(aim_bytes_from(a->arguments_hash, 32), hex);
	hex[64] = '\0';
	out.state = aim__approval_state(a, now_us);
	out.asked_us = a->asked_us;
	out.expires_at_us = a->expires_at_us;
	out.decided_us = a->decided_us;
	out.used_us = a->used_us;
	out.id = a->id;
	out.agent = a->agent;
	out.server = a->server;
	out.tool = a->tool;
	out.resource = a->resource;
	out.tool_fingerprint = a->tool_fingerprint;
	out.policy_hash = a->policy_hash;
	out.reason = a->reason;
	out.arguments_hash = aim_str_from(hex);
	out.arguments = a->arguments;
	out.decided_by = a->decided_by;
	out.decided_why = a->decided_why;
	return visit(user, &out);
}

static aim_status now_of(const aim_registry *registry, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(registry->ctx, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

aim_status aim_approval_find(aim_registry *registry, aim_str id, aim_approval_visit visit, void *user, aim_error *err)
{
	int64_t now_us = 0;
	aim__approval_row row;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim_status rc = now_of(registry, &now_us, err);
	if (rc != AIM_OK)
		return rc;
	aim__approval_row_init(&row, registry);
	rc = aim__approval_find(&row, id, err);
	if (rc == AIM_OK)
		rc = show(&row.is, now_us, visit, user);
	aim__approval_row_dispose(&row);
	return rc;
}

/* ---- listing ---- */

typedef struct listing {
	aim__approval_row row;
	aim_approval_visit visit;
	void *user;
	int64_t now_us;
	uint32_t state;
	int done;
	size_t left;
} listing;

static aim_status visit_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	listing *l = user;
	aim_str id = {(const char *)key.ptr + key.len - AIM__ID_LEN, AIM__ID_LEN};
	(void)value, (void)version;
	if (key.len < AIM__ID_LEN)
		return aim__record_corrupt(key, NULL, err);
	aim_status rc = aim__approval_load(&l->row, id, err);
	if (rc == AIM_E_NOT_FOUND) /* forgotten meanwhile, or another namespace's */
		return AIM_OK;
	if (rc != AIM_OK || (l->state && aim__approval_state(&l->row.is, l->now_us) != l->state))
		return rc;
	rc = show(&l->row.is, l->now_us, l->visit, l->user);
	l->done = rc == AIM_OK && --l->left == 0;
	return l->done ? AIM_E_SPACE : rc; /* any failure ends the walk */
}

/* What is pending has an index of its own. */
static aim_status walk(listing *l, aim_str after, aim_error *err)
{
	aim_registry *registry = l->row.record.registry;
	int pending = l->state == AIM_APPROVAL_PENDING;
	aim_str parts[2] = {aim_registry_name_space(registry), {NULL, 0}};
	const char *prefix = pending ? AIM__APPROVAL_LIVE : AIM__APPROVAL;
	aim_buf from, behind;
	aim__buf_init(&from, registry->ctx);
	aim__buf_init(&behind, registry->ctx);
	aim_status rc = aim__record_key(&from, prefix, parts, pending ? 2 : 0, err);
	parts[pending ? 1 : 0] = after;
	if (rc == AIM_OK && after.len)
		rc = aim__record_key(&behind, prefix, parts, pending ? 2 : 1, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&from), aim_buf_bytes(&behind), visit_row, l, err);
	aim__buf_dispose(&behind);
	aim__buf_dispose(&from);
	return rc;
}

aim_status aim_approval_list(aim_registry *registry, uint32_t state, aim_str after, size_t limit,
                             aim_approval_visit visit, void *user, aim_error *err)
{
	char after_id[AIM__ID_SIZE] = "";
	listing l = {.visit = visit, .user = user, .state = state, .left = limit ? limit : SIZE_MAX};
	if (!registry || !visit || state > AIM_APPROVAL_EXPIRED)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, visit and a known state are required");
	aim_status rc = now_of(registry, &l.now_us, err);
	if (rc == AIM_OK && after.len)
		rc = aim__id_parse(AIM__APPROVAL_PREFIX, after, after_id, err);
	if (rc != AIM_OK)
		return rc;
	aim__approval_row_init(&l.row, registry);
	rc = walk(&l, aim_str_from(after_id), err);
	aim__approval_row_dispose(&l.row);
	return rc == AIM_E_SPACE && l.done ? AIM_OK : rc;
}

/* ---- waiting ---- */

static aim_status verdict(const aim__approval *a, aim_approval_wait *wait, int64_t now_us, aim_error *err)
{
	int64_t step = FIRST_POLL_US << (wait->n_polls < LAST_DOUBLING ? wait->n_polls : LAST_DOUBLING);
	int64_t end = wait->deadline_us && wait->deadline_us < a->expires_at_us ? wait->deadline_us : a->expires_at_us;
	uint32_t state = aim__approval_state(a, now_us);
	if (state == AIM_APPROVAL_APPROVED)
		return AIM_OK;
	if (state == AIM_APPROVAL_DENIED)
		return AIM_DENIED;
	if (state == AIM_APPROVAL_USED)
		return aim__fail(err, AIM_E_STATE, LAYER, "%.*s was used", AIM__STR(a->id));
	if (now_us >= end)
		return aim__fail(err, AIM_E_EXPIRED, LAYER, "nobody decided %.*s in time", AIM__STR(a->id));
	wait->n_polls++;
	wait->next_us = end - now_us < step ? end : now_us + step;
	return AIM_ASK;
}

aim_status aim_approval_poll(aim_registry *registry, aim_str id, aim_approval_wait *wait, aim_error *err)
{
	int64_t now_us = 0;
	aim__approval_row row;
	if (!registry || !wait)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and wait are required");
	if (wait->struct_size < sizeof *wait)
		return aim__fail(err, AIM_E_INVALID, LAYER, "aim_approval_wait.struct_size is too small");
	aim_status rc = now_of(registry, &now_us, err);
	if (rc != AIM_OK)
		return rc;
	aim__approval_row_init(&row, registry);
	rc = aim__approval_find(&row, id, err);
	if (rc == AIM_OK)
		rc = verdict(&row.is, wait, now_us, err);
	aim__approval_row_dispose(&row);
	return rc;
}
