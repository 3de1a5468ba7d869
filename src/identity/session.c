/* identity/session.c — tokens and what they stand for. Layer identity.
 *
 * "session/<agent>/<id>" holds a session; ids sort by age. "session-token/<first half of the token's hash>" leads
 * there: the half finds it, the whole hash in the record decides. "session-guard/<agent>" changes with every creation,
 * so that two of them at once cannot both be the tenth. */
#include "identity/session.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "identity/check.h"
#include "store/store.h"

#include <string.h>

AIM__NO_PADDING(aim_session_spec, 8 + 4 * sizeof(void *) + 8);
AIM__NO_PADDING(aim_session, 8 + 16 + 40 + 40 + 264);

#define TOKEN_LEN 43
#define TOKEN_BYTES 32
#define HALF_LEN 32
#define USER_MAX 256u
/* An expired session stays visible as such for a day. */
#define KEEP_US (INT64_C(86400) * 1000000)

static const aim__field session_fields[] = {
	{"id", offsetof(aim__session, id), AIM__FIELD_TEXT, 1, NULL},
	{"agent", offsetof(aim__session, agent), AIM__FIELD_TEXT, 1, NULL},
	{"namespace", offsetof(aim__session, name_space), AIM__FIELD_TEXT, 1, NULL},
	{"user", offsetof(aim__session, user), AIM__FIELD_TEXT, 0, NULL},
	{"token_hash", offsetof(aim__session, token_hash), AIM__FIELD_HASH, 1, NULL},
	{"created_at", offsetof(aim__session, created_us), AIM__FIELD_TIME_US, 1, NULL},
	{"expires_at", offsetof(aim__session, expires_us), AIM__FIELD_TIME_US, 1, NULL},
};
static const aim__fields session_table = {session_fields, sizeof session_fields / sizeof *session_fields};

typedef struct place {
	aim_str agent, id;
} place;

static const aim__field place_fields[] = {
	{"agent", offsetof(place, agent), AIM__FIELD_TEXT, 1, NULL},
	{"id", offsetof(place, id), AIM__FIELD_TEXT, 1, NULL},
};
static const aim__fields place_table = {place_fields, sizeof place_fields / sizeof *place_fields};

/* ---- reading ---- */

aim_status aim__session_now(const aim_registry *registry, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(registry->ctx, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

aim_status aim__session_read(aim__record *row, aim_bytes key, aim__arena *arena, aim__session *out,
                             int *out_visible, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__record_read(row, key, &session_table, arena, out, err);
	if (rc != AIM_OK)
		return rc;
	out->version = row->version;
	if (out->id.len != AIM__ID_LEN || out->agent.len != AIM__ID_LEN || out->user.len > USER_MAX)
		return aim__record_corrupt(key, "id", err);
	*out_visible = aim_str_equal(out->name_space, aim_registry_name_space(row->registry));
	return AIM_OK;
}

aim_status aim__session_key(aim_buf *key, aim_str agent, aim_str id, aim_error *err)
{
	const aim_str parts[2] = {agent, id};
	return aim__record_key(key, AIM__SESSION_BY_AGENT, parts, 2, err);
}

aim_status aim__session_token_key(aim_buf *key, const uint8_t hash[32], aim_error *err)
{
	char half[HALF_LEN];
	aim__hex_write(aim_bytes_from(hash, HALF_LEN / 2), half);
	const aim_str part = {half, sizeof half};
	return aim__record_key(key, AIM__SESSION_BY_TOKEN, &part, 1, err);
}

/* The hash of a token's bytes. AIM_E_NOT_FOUND: no token has that form. */
static aim_status hash_token(const aim_ctx *ctx, aim_str token, uint8_t out[32])
{
	uint8_t bytes[TOKEN_BYTES];
	if (token.len != TOKEN_LEN ||
	    aim__encoding_read_exact(AIM_ENCODING_BASE64URL, token, bytes, sizeof bytes) != AIM_OK)
		return AIM_E_NOT_FOUND;
	aim_status rc = aim__sha256_one(ctx, bytes, sizeof bytes, out);
	aim__wipe(bytes, sizeof bytes);
	AIM__DECLASSIFY(out, HALF_LEN / 2); /* the half that finds; the whole is compared */
	return rc;
}

/* Follows the half of the hash to the session, and compares the whole. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status load(aim__session_found *f, const uint8_t hash[32], aim_error *err)
{
	place p = {{NULL, 0}, {NULL, 0}};
	int visible = 0;
	aim_status rc = aim__session_token_key(&f->token_key, hash, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&f->row, aim_buf_bytes(&f->token_key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&f->row, aim_buf_bytes(&f->token_key), &place_table, &f->arena, &p, err);
	if (rc == AIM_OK)
		rc = aim__session_key(&f->key, p.agent, p.id, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&f->row, aim_buf_bytes(&f->key), err);
	if (rc == AIM_OK)
		rc = aim__session_read(&f->row, aim_buf_bytes(&f->key), &f->arena, &f->session, &visible, err);
	if (rc == AIM_OK &&
	    (!aim__equal_constant_time(hash, f->session.token_hash, sizeof f->session.token_hash) || !visible))
		rc = AIM_E_NOT_FOUND;
	return rc;
}

void aim__session_found_init(aim__session_found *f, aim_registry *registry)
{
	memset(f, 0, sizeof *f);
	aim__record_init(&f->row, registry);
	aim__arena_init(&f->arena, registry->ctx, 512, 0);
	aim__buf_init(&f->key, registry->ctx);
	aim__buf_init(&f->token_key, registry->ctx);
}

void aim__session_found_dispose(aim__session_found *f)
{
	aim__buf_dispose(&f->token_key);
	aim__buf_dispose(&f->key);
	aim__arena_dispose(&f->arena);
	aim__record_dispose(&f->row);
}

aim_status aim__session_find(aim__session_found *f, aim_registry *registry, aim_str token, aim_error *err)
{
	uint8_t hash[32];
	aim_status rc = hash_token(registry->ctx, token, hash);
	if (rc == AIM_OK)
		rc = load(f, hash, err);
	else if (rc != AIM_E_NOT_FOUND)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	return rc == AIM_E_NOT_FOUND
	               ? aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "there is no such session")
	               : rc;
}

/* ---- showing ---- */

static void copy_text(char *dst, aim_str text)
{
	if (text.len)
		memcpy(dst, text.ptr, text.len);
	dst[text.len] = '\0';
}

static aim_status show(const aim__session *s, aim_session *out)
{
	aim_session session = {.struct_size = sizeof session};
	session.created_us = s->created_us;
	session.expires_at_us = s->expires_us;
	copy_text(session.id, s->id);
	copy_text(session.agent, s->agent);
	copy_text(session.user, s->user);
	return aim__sized_out(out, &session, sizeof session, sizeof session);
}

/* ---- validating ---- */

aim_status aim__session_agent_active(aim_registry *registry, aim_str id, int64_t now_us, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = aim_agent_find(registry, id, &agent, err);
	if (rc == AIM_OK && !aim_agent_is_active(agent, now_us))
		rc = aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "agent %.*s is not active: it is %s",
		               AIM__STR(aim_agent_id(agent)),
		               aim_agent_status(agent) == AIM_REGISTRY_VERIFIED
		                       ? "expired"
		                       : aim_registry_status_name(aim_agent_status(agent)));
	aim_agent_free(agent);
	return rc;
}

static aim_status validate(aim__session_found *f, aim_registry *registry, aim_str agent, aim_str token,
                           aim_error *err)
{
	char id[AIM__ID_SIZE];
	int64_t now_us;
	aim_status rc = agent.len ? aim__id_parse(aim__agent_kind.id_prefix, agent, id, err) : AIM_OK;
	if (rc == AIM_OK)
		rc = aim__session_find(f, registry, token, err);
	if (rc == AIM_OK && agent.len && !aim_str_equal(f->session.agent, aim_str_from(id)))
		rc = aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "there is no such session");
	if (rc == AIM_OK)
		rc = aim__session_now(registry, &now_us, err);
	if (rc != AIM_OK)
		return rc;
	if (now_us >= f->session.expires_us)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_IDENTITY, "session %.*s is expired",
		                 AIM__STR(f->session.id));
	return aim__session_agent_active(registry, f->session.agent, now_us, err);
}

aim_status aim_session_validate(aim_registry *registry, aim_str agent, aim_str token, aim_session *out,
                                aim_error *err)
{
	aim__session_found f;
	if (!registry || (!token.ptr && token.len > 0))
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and token are required");
	if (out && out->struct_size < sizeof *out)
		return AIM__MISUSE(registry->ctx, "out.struct_size is too small");
	aim__session_found_init(&f, registry);
	aim_status rc = validate(&f, registry, agent, token, err);
	if (rc == AIM_OK && out)
		rc = show(&f.session, out);
	aim__session_found_dispose(&f);
	return rc;
}

/* ---- creating ---- */

/* A new session and what it pushes out. */
typedef struct creating {
	aim_registry *registry;
	aim__session session;
	char id[AIM__ID_SIZE];
	char agent[AIM__ID_SIZE];
	uint32_t max_sessions;
	uint32_t flags;
	aim__session_batch batch;
} creating;

static aim_status take_spec(const aim_registry *registry, const aim_session_spec *spec, aim_session_spec *out,
                            aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, spec, sizeof *out, "aim_session_spec", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags & ~AIM_SESSION_REFUSE)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY, "aim_session_spec.flags has an unknown bit");
	if (out->ttl_s > AIM_SESSION_MAX_TTL_S || out->max_sessions > AIM_SESSION_MAX)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		                 "ttl_s is %u, max_sessions %u; at most %u and %u are allowed", out->ttl_s,
		                 out->max_sessions, AIM_SESSION_MAX_TTL_S, AIM_SESSION_MAX);
	if (out->user.len > USER_MAX)
		return aim__fail(err, AIM_E_ID_NAME, AIM_LAYER_IDENTITY, "user has %zu bytes; at most %u are allowed",
		                 out->user.len, USER_MAX);
	if (out->ttl_s == 0)
		out->ttl_s = AIM_SESSION_DEFAULT_TTL_S;
	if (out->max_sessions == 0)
		out->max_sessions = AIM_SESSION_DEFAULT_MAX;
	return aim__check_name(registry->ctx, "user", out->user, 0, err);
}

/* A fresh token: its text for the caller, its hash for the store. */
static aim_status new_token(const aim_ctx *ctx, char out[AIM_SESSION_TOKEN_SIZE], uint8_t hash[32], aim_error *err)
{
	uint8_t bytes[TOKEN_BYTES];
	aim_status rc = aim__ctx_random(ctx, bytes, sizeof bytes);
	if (rc == AIM_OK)
		rc = aim__sha256_one(ctx, bytes, sizeof bytes, hash);
	if (rc == AIM_OK)
		out[aim__encoding_write(AIM_ENCODING_BASE64URL, aim_bytes_from(bytes, sizeof bytes), out)] = '\0';
	aim__wipe(bytes, sizeof bytes);
	AIM__DECLASSIFY(hash, 32);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status prepare(creating *c, const aim_session_spec *spec, aim_error *err)
{
	aim__session *s = &c->session;
	aim_status rc = aim__session_now(c->registry, &s->created_us, err);
	if (rc == AIM_OK)
		rc = aim__id_parse(aim__agent_kind.id_prefix, spec->agent, c->agent, err);
	if (rc == AIM_OK && (rc = aim__id_new(c->registry->ctx, AIM__SESSION_ID_PREFIX, s->created_us, c->id)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	s->id = aim_str_from(c->id);
	s->agent = aim_str_from(c->agent);
	s->name_space = aim_registry_name_space(c->registry);
	s->user = spec->user;
	s->expires_us = s->created_us + (int64_t)spec->ttl_s * 1000000;
	c->max_sessions = spec->max_sessions;
	c->flags = spec->flags;
	return rc;
}

static aim_status add_session(creating *c, aim_error *err)
{
	const aim__session *s = &c->session;
	const place p = {s->agent, s->id};
	const int64_t keep_us = s->expires_us + KEEP_US;
	aim__session_batch *b = &c->batch;
	aim_status rc = aim__session_key(aim__session_batch_key(b), s->agent, s->id, err);
	if (rc == AIM_OK)
		rc = aim__session_batch_put(b, AIM_STORE_PUT_IF_ABSENT, 0, keep_us, &session_table, s, err);
	if (rc == AIM_OK)
		rc = aim__session_token_key(aim__session_batch_key(b), s->token_hash, err);
	if (rc == AIM_OK)
		rc = aim__session_batch_put(b, AIM_STORE_PUT_IF_ABSENT, 0, keep_us, &place_table, &p, err);
	if (rc == AIM_OK)
		aim__session_batch_record(b, "create", s->agent, s->id, s->user, s->created_us);
	return rc;
}

/* One try: whatever sessions of the agent change meanwhile, and its status, the guard's version tells. */
static aim_status create_once(creating *c, aim_error *err)
{
	aim__session_list list;
	aim__session_batch_clear(&c->batch);
	aim__session_list_init(&list, c->registry);
	aim_status rc = aim__session_batch_guard(&c->batch, c->session.agent, err);
	if (rc == AIM_OK)
		rc = aim__session_agent_active(c->registry, c->session.agent, c->session.created_us, err);
	if (rc == AIM_OK)
		rc = aim__session_list_load(&list, c->session.agent, INT64_MAX, err);
	if (rc == AIM_OK)
		rc = add_session(c, err);
	if (rc == AIM_OK)
		rc = aim__session_make_room(&c->batch, &list, c->max_sessions - 1, c->flags, c->session.created_us, err);
	if (rc == AIM_OK)
		rc = aim__session_batch_commit(&c->batch, err);
	aim__session_list_dispose(&list);
	return rc;
}

aim_status aim_session_create(aim_registry *registry, const aim_session_spec *spec,
                              char out_token[AIM_SESSION_TOKEN_SIZE], aim_session *out, aim_error *err)
{
	aim_session_spec s = {.struct_size = sizeof s};
	char token[AIM_SESSION_TOKEN_SIZE];
	creating c;
	if (!registry || !spec || !out_token)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry, spec and out_token are required");
	if (out && out->struct_size < sizeof *out)
		return AIM__MISUSE(registry->ctx, "out.struct_size is too small");
	aim_status rc = take_spec(registry, spec, &s, err);
	if (rc != AIM_OK)
		return rc;
	memset(&c, 0, sizeof c);
	c.registry = registry;
	rc = prepare(&c, &s, err);
	if (rc == AIM_OK)
		rc = new_token(registry->ctx, token, c.session.token_hash, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__session_batch_init(&c.batch, registry, err);
	if (rc == AIM_OK)
		rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = create_once(&c, err);
	aim__session_batch_dispose(&c.batch);
	if (rc == AIM_OK && out)
		rc = show(&c.session, out);
	if (rc == AIM_OK)
		memcpy(out_token, token, sizeof token);
	aim__wipe(token, sizeof token);
	return rc;
}
