/* identity/delegation.c — chains made, lengthened, written and looked at. Layer identity; knows keys and no registry. */
#include "identity/delegation.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/key.h"
#include "store/id.h"
#include "identity/pattern.h"

#include <aim/keyform.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_delegation_user, 8 * P + 8);
AIM__NO_PADDING(aim_delegation_spec, 8 + 5 * P + 16);
AIM__NO_PADDING(aim_delegation_link, 16 + 16 * P + 8 + 16 + 128);
#undef P

aim_delegation *aim__delegation_new(aim_ctx *ctx)
{
	aim_delegation *chain = aim__alloc_zeroed(ctx, sizeof *chain);
	if (!chain)
		return NULL;
	chain->ctx = aim__ctx_ref(ctx);
	aim__arena_init(&chain->arena, ctx, 1024, 0);
	return chain;
}

void aim_delegation_free(aim_delegation *chain)
{
	if (!chain)
		return;
	aim_ctx *ctx = chain->ctx;
	aim__arena_dispose(&chain->arena);
	aim__free(ctx, chain, sizeof *chain);
	aim__ctx_unref(ctx);
}

/* ---- copying text into a chain ---- */

/* An absent text stays absent. */
static aim_status copy_text(aim_delegation *chain, aim_str *text)
{
	if (text->len == 0)
		return AIM_OK;
	*text = aim__arena_copy(&chain->arena, *text);
	return text->ptr ? AIM_OK : AIM_E_NOMEM;
}

static aim_status copy_list(aim_delegation *chain, aim__text_list *list)
{
	if (list->n == 0)
		return AIM_OK;
	aim_str *items = aim__arena_array(&chain->arena, list->n, sizeof *items);
	if (!items)
		return AIM_E_NOMEM;
	memcpy(items, list->items, list->n * sizeof *items);
	list->items = items;
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < list->n; i++)
		rc = copy_text(chain, &items[i]);
	return rc;
}

/* Appends a link whose text is borrowed; the chain gets copies. */
static aim_status append(aim_delegation *chain, const aim__delegation_link *link)
{
	aim__delegation_link *copy = &chain->links[chain->n];
	*copy = *link;
	aim_str *texts[] = {&copy->id, &copy->parent, &copy->child, &copy->user.id, &copy->user.email};
	aim__text_list *lists[] = {&copy->capabilities, &copy->user.roles, &copy->user.permissions};
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < sizeof texts / sizeof *texts; i++)
		rc = copy_text(chain, texts[i]);
	for (size_t i = 0; rc == AIM_OK && i < sizeof lists / sizeof *lists; i++)
		rc = copy_list(chain, lists[i]);
	if (rc == AIM_OK)
		chain->n++;
	return rc;
}

static aim_status append_all(aim_delegation *chain, const aim_delegation *before)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; before && rc == AIM_OK && i < before->n; i++)
		rc = append(chain, &before->links[i]);
	return rc;
}

/* ---- making a link ---- */

static aim__delegation_user user_of(const aim_delegation_user *user)
{
	aim__delegation_user u = {.id = user->id, .email = user->email, .expires_at_s = user->expires_at_s};
	u.roles = (aim__text_list){user->roles, user->n_roles};
	u.permissions = (aim__text_list){user->permissions, user->n_permissions};
	return u;
}

/* What the spec leaves open comes from the link before, or from the clock. */
static aim_status fill(aim_ctx *ctx, const aim_delegation_spec *spec, const aim__delegation_link *before,
                       aim__delegation_link *link, char id[AIM__ID_SIZE], aim_error *err)
{
	int64_t now_us;
	aim_status rc = aim_ctx_now_us(ctx, &now_us);
	if (rc == AIM_OK)
		rc = aim__id_new(ctx, AIM__DELEGATION_ID_PREFIX, now_us, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	link->id = aim_str_from(id);
	link->child = spec->child;
	link->capabilities = (aim__text_list){spec->capabilities, spec->n_capabilities};
	link->not_before_s = spec->not_before_s ? spec->not_before_s : now_us / 1000000;
	link->expires_at_s = spec->expires_at_s;
	if (spec->user && spec->user->id.len == 0)
		return aim__fail(err, AIM_E_ID_NAME, AIM_LAYER_IDENTITY, "user id is empty");
	if (spec->user)
		link->user = user_of(spec->user);
	if (!before)
		return AIM_OK;
	link->depth = before->depth + 1;
	memcpy(link->previous, before->hash, sizeof link->previous);
	if (!spec->user)
		link->user = before->user;
	if (!spec->not_before_s && link->not_before_s < before->not_before_s)
		link->not_before_s = before->not_before_s;
	if (!spec->expires_at_s)
		link->expires_at_s = before->expires_at_s;
	return AIM_OK;
}

static aim_status sign(aim_delegation *chain, const aim_key *key, aim_error *err)
{
	aim__delegation_link *link = &chain->links[chain->n - 1];
	aim_buf bytes;
	aim__buf_init(&bytes, chain->ctx);
	aim_status rc = aim__delegation_signed_bytes(link, &bytes);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK)
		rc = aim__key_sign(key, AIM__KEY_BIT(AIM_KEY_AGENT), aim_buf_bytes(&bytes), link->signature, err);
	if (rc == AIM_OK && (rc = aim__delegation_hash(link, &bytes, link->hash)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__buf_dispose(&bytes);
	return rc;
}

/* Adds the link that spec describes to a chain that holds what comes before it. */
static aim_status add_link(aim_delegation *chain, const aim_key *key, aim_str parent,
                           const aim_delegation_spec *spec, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_str what;
	aim__delegation_link link = {.parent = parent};
	const aim__delegation_link *before = chain->n ? &chain->links[chain->n - 1] : NULL;
	aim_status rc = fill(chain->ctx, spec, before, &link, id, err);
	if (rc == AIM_OK)
		rc = aim__delegation_check_link(chain->ctx, &link, err);
	if (rc != AIM_OK)
		return rc;
	rc = append(chain, &link);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	uint32_t rule = aim__delegation_narrows(chain, chain->n - 1, &what);
	if (rule != AIM_DELEGATION_VALID)
		return aim__delegation_broken(rule, chain->n - 1, what, err);
	return sign(chain, key, err);
}

static aim_status take_spec(const aim_delegation_spec *spec, aim_delegation_spec *out, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, spec, sizeof *out, "aim_delegation_spec", err);
	if (rc == AIM_OK && out->flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY, "aim_delegation_spec.flags must be 0");
	return rc;
}

/* A did:key says which key signs for it; other DIDs do not. own is cleared and gets the did:key of key. */
static aim_status check_parent(const aim_key *key, aim_str parent, aim_buf *own, aim_error *err)
{
	aim_buf_clear(own);
	aim_status rc = aim_keyform_public(own->ctx, aim__key_public(key), AIM_KEYFORM_DID, own);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (aim__delegation_is_did_key(parent) && !aim_str_equal(parent, aim_buf_str(own)))
		return aim__fail(err, AIM_E_KEY_PAIR, AIM_LAYER_IDENTITY,
		                 "the key is %.*s and cannot sign for %.*s", AIM__STR(aim_buf_str(own)), AIM__STR(parent));
	return AIM_OK;
}

static aim_status build(aim_ctx *ctx, const aim_delegation *before, const aim_key *key, aim_str parent,
                        const aim_delegation_spec *spec, aim_delegation **out, aim_error *err)
{
	aim_delegation_spec s = {.struct_size = sizeof s};
	aim_buf own;
	aim_status rc = take_spec(spec, &s, err);
	if (rc != AIM_OK)
		return rc;
	aim_delegation *chain = aim__delegation_new(ctx);
	if (!chain)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	aim__buf_init(&own, ctx);
	rc = check_parent(key, parent, &own, err);
	if (rc == AIM_OK && (rc = append_all(chain, before)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK)
		rc = add_link(chain, key, parent.len ? parent : aim_buf_str(&own), &s, err);
	aim__buf_dispose(&own);
	if (rc == AIM_OK)
		*out = chain;
	else
		aim_delegation_free(chain);
	return rc;
}

aim_status aim_delegation_create(aim_ctx *ctx, const aim_key *key, aim_str sponsor,
                                 const aim_delegation_spec *spec, aim_delegation **out, aim_error *err)
{
	if (!ctx || !key || !spec || !out)
		return AIM__MISUSE(ctx, "ctx, key, spec and out are required");
	return build(ctx, NULL, key, sponsor, spec, out, err);
}

aim_status aim_delegation_extend(const aim_delegation *chain, const aim_key *key,
                                 const aim_delegation_spec *spec, aim_delegation **out, aim_error *err)
{
	if (!chain || !key || !spec || !out)
		return AIM__MISUSE(chain ? chain->ctx : NULL, "chain, key, spec and out are required");
	if (chain->n == AIM_DELEGATION_MAX_LINKS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "a chain has at most %u links",
		                 AIM_DELEGATION_MAX_LINKS);
	return build(chain->ctx, chain, key, aim_delegation_agent(chain), spec, out, err);
}

/* ---- looking at a chain ---- */

aim_status aim_delegation_export(const aim_delegation *chain, aim_buf *out)
{
	aim__json_writer w;
	if (!chain || !out)
		return AIM__MISUSE(chain ? chain->ctx : NULL, "chain and out are required");
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "links");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < chain->n; i++)
		aim__delegation_write_link(&w, &chain->links[i]);
	aim__write_end_array(&w);
	aim__write_member_int64(&w, "v", 1);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc == AIM_OK && out->len - w.start > AIM_DELEGATION_MAX_BYTES) {
		aim__buf_truncate(out, w.start);
		rc = AIM_E_LIMIT;
	}
	return rc;
}

size_t aim_delegation_count(const aim_delegation *chain)
{
	return chain ? chain->n : 0;
}

aim_status aim_delegation_at(const aim_delegation *chain, size_t index, aim_delegation_link *out)
{
	if (!chain || !out)
		return AIM__MISUSE(chain ? chain->ctx : NULL, "chain and out are required");
	if (index >= chain->n)
		return AIM_E_NOT_FOUND;
	const aim__delegation_link *l = &chain->links[index];
	const aim__delegation_user *u = &l->user;
	aim_delegation_link link = {.struct_size = sizeof link, .depth = (uint32_t)l->depth};
	link.has_user = u->id.len > 0;
	link.id = l->id;
	link.parent = l->parent;
	link.child = l->child;
	link.capabilities = l->capabilities.items;
	link.n_capabilities = l->capabilities.n;
	link.user = (aim_delegation_user){u->id, u->email, u->roles.items, u->roles.n, u->permissions.items,
	                                  u->permissions.n, u->expires_at_s};
	link.not_before_s = l->not_before_s;
	link.expires_at_s = l->expires_at_s;
	memcpy(link.previous, l->previous, sizeof link.previous);
	memcpy(link.hash, l->hash, sizeof link.hash);
	memcpy(link.signature, l->signature, sizeof link.signature);
	return aim__sized_out(out, &link, sizeof link, sizeof link);
}

aim_str aim_delegation_sponsor(const aim_delegation *chain)
{
	aim_str nothing = {NULL, 0};
	return chain ? chain->links[0].parent : nothing;
}

aim_str aim_delegation_agent(const aim_delegation *chain)
{
	aim_str nothing = {NULL, 0};
	return chain ? chain->links[chain->n - 1].child : nothing;
}

aim_status aim_delegation_trace(const aim_delegation *chain, aim_str capability, aim_delegation_visit visit,
                                void *user, aim_error *err)
{
	aim_str patterns[AIM_DELEGATION_MAX_LINKS];
	if (!chain || !visit)
		return AIM__MISUSE(chain ? chain->ctx : NULL, "chain and visit are required");
	if (!aim__capability_valid(capability, 1))
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY, "the capability asked for is none");
	for (size_t i = 0; i < chain->n; i++) {
		patterns[i] = aim__delegation_covering(&chain->links[i], capability);
		if (patterns[i].len == 0)
			return aim__delegation_broken(AIM_DELEGATION_SCOPE, i, capability, err);
	}
	for (size_t i = 0; i < chain->n; i++) {
		aim_status rc = visit(user, i, chain->links[i].parent, patterns[i]);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}
