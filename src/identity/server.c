/* identity/server.c — what is a server's own; the rest is in subject.c. Layer identity. */
#include "identity/server.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/status.h"

#include <aim/did.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_server_spec, 16 + 27 * P);
#undef P

static const aim__field server_fields[] = {
	AIM__SUBJECT_HEAD(struct aim_server),
	{"version", offsetof(struct aim_server, version), AIM__FIELD_TEXT, 0, NULL},
	{"url", offsetof(struct aim_server, url), AIM__FIELD_TEXT, 0, NULL},
	{"command", offsetof(struct aim_server, command), AIM__FIELD_TEXT, 0, NULL},
	{"args", offsetof(struct aim_server, args), AIM__FIELD_LIST, 0, NULL},
	{"env_names", offsetof(struct aim_server, env_names), AIM__FIELD_LIST, 0, NULL},
	{"verification_url", offsetof(struct aim_server, verification_url), AIM__FIELD_TEXT, 0, NULL},
	{"last_verified_at", offsetof(struct aim_server, last_verified_us), AIM__FIELD_TIME_US, 0, NULL},
	{"verifications_ok", offsetof(struct aim_server, verifications_ok), AIM__FIELD_UINT, 0, NULL},
	{"verifications_failed", offsetof(struct aim_server, verifications_failed), AIM__FIELD_UINT, 0, NULL},
};

const aim__subject_kind aim__server_kind = {
	"server", "srv_", "server/", "server-name/", AIM_KEYRING_SERVER,
	sizeof(struct aim_server),
	{server_fields, sizeof server_fields / sizeof *server_fields},
};

static aim_server *server_of(aim__subject *subject)
{
	return (aim_server *)(void *)subject;
}

static const char *const server_schemes[] = {"stdio", "https", "http", "wss", "ws", NULL};
static const char *const web_schemes[] = {"https", "http", NULL};

aim_status aim__server_check_reach(const aim_server *s, aim_error *err)
{
	aim_status rc = aim__check_url("url", s->url, server_schemes, err);
	if (rc == AIM_OK)
		rc = aim__check_text("command", s->command, AIM__TEXT_MAX, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_texts("arguments", s->args.items, s->args.n, err);
	if (rc == AIM_OK)
		rc = aim__check_env_names(s->env_names.items, s->env_names.n, err);
	if (rc != AIM_OK)
		return rc;
	int stdio = s->url.len >= 8 && memcmp(s->url.ptr, "stdio://", 8) == 0;
	if (s->url.len == 0 && s->command.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "a server needs a url or a command to launch it");
	if (s->command.len && s->url.len && !stdio)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "a server has a url or a command, not both, unless the url is stdio://");
	if (!s->command.len && (s->args.n || s->env_names.n))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "arguments and environment variables need a command");
	return AIM_OK;
}

aim_status aim__server_check_verification_url(aim_str url, aim_error *err)
{
	return aim__check_url("verification_url", url, web_schemes, err);
}

static aim_status check_spec(const aim_ctx *ctx, const aim_server_spec *s, aim_error *err)
{
	if (s->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY, "aim_server_spec.flags must be 0");
	aim_status rc = aim__check_name(ctx, "version", s->version, 0, err);
	return rc == AIM_OK ? aim__server_check_verification_url(s->verification_url, err) : rc;
}

static void fill_draft(aim_server *draft, const aim_server_spec *spec)
{
	aim__subject *s = &draft->subject;
	s->name = spec->name;
	s->display_name = spec->display_name;
	s->description = spec->description;
	s->owner = spec->owner;
	s->capabilities.items = spec->capabilities;
	s->capabilities.n = spec->n_capabilities;
	s->aliases.items = spec->aliases;
	s->aliases.n = spec->n_aliases;
	s->status = spec->status ? spec->status : AIM_REGISTRY_PENDING;
	draft->version = spec->version;
	draft->url = spec->url;
	draft->command = spec->command;
	draft->verification_url = spec->verification_url;
	draft->args.items = spec->args;
	draft->args.n = spec->n_args;
	draft->env_names.items = spec->env_names;
	draft->env_names.n = spec->n_env_names;
}

aim_status aim_server_register(aim_registry *registry, const aim_server_spec *spec,
                               aim_server **out, aim_error *err)
{
	aim_server_spec s = {.struct_size = sizeof s};
	aim_server draft = {.version = {NULL, 0}};
	aim__subject_key_text key_text;
	aim__subject *subject = NULL;
	if (!registry || !spec)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and spec are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, offsetof(aim_server_spec, aliases), "aim_server_spec", err);
	if (rc == AIM_OK)
		rc = check_spec(registry->ctx, &s, err);
	if (rc != AIM_OK)
		return rc;
	fill_draft(&draft, &s);
	rc = aim__server_check_reach(&draft, err);
	if (rc == AIM_OK && s.public_key)
		rc = aim__subject_set_key(registry->ctx, &draft.subject, s.public_key, &key_text, err);
	if (rc == AIM_OK)
		rc = aim__subject_register(registry, &aim__server_kind, &draft.subject, NULL, s.actor,
		                           out ? &subject : NULL, err);
	if (rc == AIM_OK && out)
		*out = server_of(subject);
	return rc;
}

/* Hands a found subject over as a server. */
static aim_status give(aim_status rc, aim__subject *subject, aim_server **out)
{
	if (rc == AIM_OK)
		*out = server_of(subject);
	return rc;
}

aim_status aim_server_find(aim_registry *registry, aim_str id, aim_server **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__subject_find(registry, &aim__server_kind, id, &subject, err);
	return give(rc, subject, out);
}

aim_status aim_server_find_name(aim_registry *registry, aim_str name, aim_server **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__subject_find_name(registry, &aim__server_kind, name, &subject, err);
	return give(rc, subject, out);
}

aim_status aim_server_find_key(aim_registry *registry, const aim_public_key *public_key,
                             aim_server **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !public_key || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL,
		                   "registry, public_key and out are required");
	aim_status rc = aim__subject_find_key(registry, &aim__server_kind, public_key, &subject, err);
	return give(rc, subject, out);
}

aim_status aim_server_find_did(aim_registry *registry, aim_str did, aim_server **out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim_did_find(registry, did, id, err);
	if (rc == AIM_OK && aim__subject_kind_of(aim_str_from(id)) != &aim__server_kind)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%.*s is an agent, no server", AIM__STR(did));
	return rc == AIM_OK ? aim_server_find(registry, aim_str_from(id), out, err) : rc;
}

typedef struct visitor {
	aim_server_visit visit;
	void *user;
} visitor;

static aim_status visit_subject(void *user, const aim__subject *subject)
{
	const visitor *v = user;
	return v->visit(v->user, (const aim_server *)(const void *)subject);
}

aim_status aim_server_list(aim_registry *registry, aim_str after, size_t limit, aim_server_visit visit,
                          void *user, aim_error *err)
{
	visitor v = {visit, user};
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	return aim__subject_list(registry, &aim__server_kind, after, limit, visit_subject, &v, err);
}

aim_status aim_server_move(aim_registry *registry, aim_str id, const aim_registry_move *move,
                          aim_error *err)
{
	if (!registry || !move)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and move are required");
	return aim__subject_move(registry, &aim__server_kind, id, move, err);
}

/* A revoked server's record does not change any more. */
static aim_status find_in_force(const aim__batch *batch, aim_str id, aim_server **out, aim_error *err)
{
	aim_status rc = aim_server_find(batch->registry, id, out, err);
	if (rc != AIM_OK || (*out)->subject.status != AIM_REGISTRY_REVOKED)
		return rc;
	aim_server_free(*out);
	*out = NULL;
	return aim__fail(err, AIM_E_SERVER_REVOKED, AIM_LAYER_IDENTITY, "server %.*s is revoked", AIM__STR(id));
}

/* Numbers that every reader of JSON keeps. */
static void count_up(uint64_t *counter)
{
	*counter += *counter < (UINT64_C(1) << 53) - 1;
}

aim_status aim__server_attested(aim__batch *batch, aim_str id, int reached, int64_t now_us, aim_error *err)
{
	aim_server *server = NULL;
	aim_status rc = find_in_force(batch, id, &server, err);
	if (rc != AIM_OK)
		return rc;
	count_up(reached ? &server->verifications_ok : &server->verifications_failed);
	if (reached && now_us > server->last_verified_us)
		server->last_verified_us = now_us;
	rc = aim__subject_put(batch, &server->subject, err);
	aim_server_free(server);
	return rc;
}

aim_status aim__server_refused(aim__batch *batch, aim_str id, aim_error *err)
{
	aim_server *server = NULL;
	aim_status rc = find_in_force(batch, id, &server, err);
	if (rc != AIM_OK)
		return rc;
	count_up(&server->verifications_failed);
	rc = aim__subject_put(batch, &server->subject, err);
	aim_server_free(server);
	return rc;
}

void aim_server_free(aim_server *server)
{
	if (server)
		aim__subject_free(&server->subject);
}

/* ---- fields ---- */

static const aim_str nothing = {NULL, 0};

aim_str aim_server_id(const aim_server *server)
{
	return server ? server->subject.id : nothing;
}

aim_str aim_server_name(const aim_server *server)
{
	return server ? server->subject.name : nothing;
}

aim_str aim_server_display_name(const aim_server *server)
{
	return server ? server->subject.display_name : nothing;
}

aim_str aim_server_description(const aim_server *server)
{
	return server ? server->subject.description : nothing;
}

aim_str aim_server_version(const aim_server *server)
{
	return server ? server->version : nothing;
}

aim_str aim_server_url(const aim_server *server)
{
	return server ? server->url : nothing;
}

aim_str aim_server_command(const aim_server *server)
{
	return server ? server->command : nothing;
}

aim_str aim_server_verification_url(const aim_server *server)
{
	return server ? server->verification_url : nothing;
}

aim_str aim_server_owner(const aim_server *server)
{
	return server ? server->subject.owner : nothing;
}

aim_str aim_server_did(const aim_server *server)
{
	return server ? server->subject.did : nothing;
}

aim_str aim_server_key_id(const aim_server *server)
{
	return server ? server->subject.key_id : nothing;
}

aim_str aim_server_status_reason(const aim_server *server)
{
	return server ? server->subject.status_reason : nothing;
}

uint32_t aim_server_status(const aim_server *server)
{
	return server ? server->subject.status : 0;
}

int64_t aim_server_created_us(const aim_server *server)
{
	return server ? server->subject.created_us : 0;
}

int64_t aim_server_updated_us(const aim_server *server)
{
	return server ? server->subject.updated_us : 0;
}

int64_t aim_server_last_verified_us(const aim_server *server)
{
	return server ? server->last_verified_us : 0;
}

uint64_t aim_server_verifications_ok(const aim_server *server)
{
	return server ? server->verifications_ok : 0;
}

uint64_t aim_server_verifications_failed(const aim_server *server)
{
	return server ? server->verifications_failed : 0;
}

aim_status aim_server_public_key(const aim_server *server, aim_public_key *out)
{
	if (!server || !out)
		return AIM__MISUSE(server ? server->subject.ctx : NULL, "server and out are required");
	if (!server->subject.key.present)
		return AIM_E_NOT_FOUND;
	*out = server->subject.key.key;
	return AIM_OK;
}

size_t aim_server_capability_count(const aim_server *server)
{
	return server ? server->subject.capabilities.n : 0;
}

aim_str aim_server_capability_at(const aim_server *server, size_t index)
{
	return server ? aim__list_at(&server->subject.capabilities, index) : nothing;
}

size_t aim_server_arg_count(const aim_server *server)
{
	return server ? server->args.n : 0;
}

aim_str aim_server_arg_at(const aim_server *server, size_t index)
{
	return server ? aim__list_at(&server->args, index) : nothing;
}

size_t aim_server_env_name_count(const aim_server *server)
{
	return server ? server->env_names.n : 0;
}

aim_str aim_server_env_name_at(const aim_server *server, size_t index)
{
	return server ? aim__list_at(&server->env_names, index) : nothing;
}

size_t aim_server_alias_count(const aim_server *server)
{
	return server ? server->subject.aliases.n : 0;
}

aim_str aim_server_alias_at(const aim_server *server, size_t index)
{
	return server ? aim__list_at(&server->subject.aliases, index) : nothing;
}
