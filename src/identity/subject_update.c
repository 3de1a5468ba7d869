/* identity/subject_update.c — changing the fields of agents and servers that may change: one batch of the record
 * and what is said about it. Layer identity. */
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/agent.h"
#include "identity/check.h"
#include "identity/server.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_agent_update, 8 + 10 * P);
AIM__NO_PADDING(aim_server_update, 8 + 16 * P);
#undef P

void aim__subject_set(aim__subject_changes *changes, uint32_t flags, uint32_t flag, const char *name, aim_str *field,
                      aim_str text)
{
	if (!(flags & flag) || aim_str_equal(*field, text))
		return;
	*field = text;
	changes->names[changes->n++] = name;
}

/* Members in canonical order. */
static aim_status write_data(aim__batch *batch, const aim__subject *s, const aim__subject_changes *changes,
                             aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_key(&w, "changed");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < changes->n; i++)
		aim__write_text(&w, changes->names[i]);
	aim__write_end_array(&w);
	aim__write_member_string(&w, "name", s->name);
	aim__write_member_string(&w, "namespace", s->name_space);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status commit(aim_registry *registry, aim__subject *s, const aim__subject_changes *changes, aim_str actor,
                         aim_str reason, aim_error *err)
{
	aim__batch batch;
	aim_status rc = aim_ctx_now_us(registry->ctx, &s->updated_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__batch_init(&batch, registry);
	rc = aim__subject_put(&batch, s, err);
	if (rc == AIM_OK)
		rc = write_data(&batch, s, changes, err);
	if (rc == AIM_OK) {
		aim_audit_record *r = aim__batch_record(&batch, "identity_updated", s->id, s->updated_us);
		r->user = actor;
		r->action = aim_str_from(s->kind->noun);
		r->reason = reason;
		rc = aim__batch_commit(&batch, NULL, err);
	}
	aim__batch_dispose(&batch);
	return rc;
}

static aim_status update_once(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                              aim__subject_apply apply, const void *asked, aim_str actor, aim_str reason,
                              aim_error *err)
{
	aim__subject *s = NULL;
	aim__subject_changes changes = {.n = 0};
	aim_status rc = aim__subject_find(registry, kind, id, &s, err);
	if (rc != AIM_OK)
		return rc;
	if (s->status == AIM_REGISTRY_REVOKED)
		rc = aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "%s %.*s is revoked", kind->noun, AIM__STR(s->id));
	if (rc == AIM_OK)
		rc = apply(s, asked, &changes, err);
	if (rc == AIM_OK && changes.n)
		rc = commit(registry, s, &changes, actor, reason, err);
	aim__subject_free(s);
	return rc;
}

aim_status aim__subject_update(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                               aim__subject_apply apply, const void *asked, aim_str actor, aim_str reason,
                               aim_error *err)
{
	aim_status rc = aim__check_text("reason", reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = update_once(registry, kind, id, apply, asked, actor, reason, err);
	return rc;
}

/* ---- agents ---- */

#define AGENT_FLAGS (AIM_AGENT_SET_DISPLAY_NAME | AIM_AGENT_SET_DESCRIPTION | AIM_AGENT_SET_ORGANIZATION)

static aim_status apply_agent(aim__subject *subject, const void *asked, aim__subject_changes *changes, aim_error *err)
{
	aim_agent *agent = (aim_agent *)(void *)subject;
	const aim_agent_update *u = asked;
	(void)err;
	aim__subject_set(changes, u->flags, AIM_AGENT_SET_DESCRIPTION, "description", &subject->description,
	                 u->description);
	aim__subject_set(changes, u->flags, AIM_AGENT_SET_DISPLAY_NAME, "display_name", &subject->display_name,
	                 u->display_name);
	aim__subject_set(changes, u->flags, AIM_AGENT_SET_ORGANIZATION, "organization", &agent->organization,
	                 u->organization);
	return AIM_OK;
}

aim_status aim_agent_change(aim_registry *registry, aim_str id, const aim_agent_update *update, aim_error *err)
{
	aim_agent_update u = {.struct_size = sizeof u};
	if (!registry || !update)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and update are required");
	aim_status rc = aim__sized_in(&u, sizeof u, update, sizeof u, "aim_agent_update", err);
	if (rc == AIM_OK && u.flags & ~AGENT_FLAGS)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY, "aim_agent_update.flags has an unknown bit");
	if (rc == AIM_OK)
		rc = aim__check_name(registry->ctx, "display name", u.display_name, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("description", u.description, AIM__TEXT_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_name(registry->ctx, "organization", u.organization, 0, err);
	return rc == AIM_OK ? aim__subject_update(registry, &aim__agent_kind, id, apply_agent, &u, u.actor, u.reason, err)
	                    : rc;
}

/* ---- servers ---- */

#define SERVER_FLAGS                                                                                  \
	(AIM_SERVER_SET_DISPLAY_NAME | AIM_SERVER_SET_DESCRIPTION | AIM_SERVER_SET_VERSION | AIM_SERVER_SET_URL | \
	 AIM_SERVER_SET_VERIFICATION_URL | AIM_SERVER_SET_CAPABILITIES | AIM_SERVER_APPROVED)

static int lists_equal(const aim__text_list *list, const aim_str *items, size_t n)
{
	int same = list->n == n;
	for (size_t i = 0; same && i < n; i++)
		same = aim_str_equal(list->items[i], items[i]);
	return same;
}

/* What a server is: where it is reached and what it may do. Somebody stood for it when it was verified. */
static void apply_guarded(aim_server *server, const aim_server_update *u, aim__subject_changes *changes)
{
	aim__text_list *capabilities = &server->subject.capabilities;
	if (u->flags & AIM_SERVER_SET_CAPABILITIES && !lists_equal(capabilities, u->capabilities, u->n_capabilities)) {
		capabilities->items = u->capabilities;
		capabilities->n = u->n_capabilities;
		changes->names[changes->n++] = "capabilities";
	}
	aim__subject_set(changes, u->flags, AIM_SERVER_SET_URL, "url", &server->url, u->url);
	aim__subject_set(changes, u->flags, AIM_SERVER_SET_VERIFICATION_URL, "verification_url",
	                 &server->verification_url, u->verification_url);
}

static aim_status check_approval(const aim__subject *s, const aim_server_update *u, const char *what, aim_error *err)
{
	if (s->status == AIM_REGISTRY_PENDING)
		return AIM_OK;
	if (u->flags & AIM_SERVER_APPROVED && u->actor.len && u->reason.len)
		return AIM_OK;
	return aim__fail(err, AIM_E_SERVER_APPROVAL, AIM_LAYER_IDENTITY,
	                 "server %.*s is %s: changing its %s needs AIM_SERVER_APPROVED, an actor and a reason",
	                 AIM__STR(s->id), aim_registry_status_name(s->status), what);
}

static aim_status apply_server(aim__subject *subject, const void *asked, aim__subject_changes *changes, aim_error *err)
{
	aim_server *server = (aim_server *)(void *)subject;
	const aim_server_update *u = asked;
	apply_guarded(server, u, changes);
	aim_status rc = changes->n ? check_approval(subject, u, changes->names[0], err) : AIM_OK;
	if (rc == AIM_OK)
		rc = aim__server_check_reach(server, err);
	aim__subject_set(changes, u->flags, AIM_SERVER_SET_DESCRIPTION, "description", &subject->description,
	                 u->description);
	aim__subject_set(changes, u->flags, AIM_SERVER_SET_DISPLAY_NAME, "display_name", &subject->display_name,
	                 u->display_name);
	aim__subject_set(changes, u->flags, AIM_SERVER_SET_VERSION, "version", &server->version, u->version);
	return rc;
}

static aim_status check_server(const aim_ctx *ctx, const aim_server_update *u, aim_error *err)
{
	if (u->flags & ~SERVER_FLAGS)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY, "aim_server_update.flags has an unknown bit");
	aim_status rc = aim__check_name(ctx, "display name", u->display_name, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("description", u->description, AIM__TEXT_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "version", u->version, 0, err);
	if (rc == AIM_OK)
		rc = aim__server_check_verification_url(u->verification_url, err);
	return rc == AIM_OK ? aim__check_capabilities(ctx, u->capabilities, u->n_capabilities, err) : rc;
}

aim_status aim_server_change(aim_registry *registry, aim_str id, const aim_server_update *update, aim_error *err)
{
	aim_server_update u = {.struct_size = sizeof u};
	if (!registry || !update)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and update are required");
	aim_status rc = aim__sized_in(&u, sizeof u, update, sizeof u, "aim_server_update", err);
	if (rc == AIM_OK)
		rc = check_server(registry->ctx, &u, err);
	return rc == AIM_OK ? aim__subject_update(registry, &aim__server_kind, id, apply_server, &u, u.actor, u.reason, err)
	                    : rc;
}
