/* identity/delegation_form.c — the bytes of a link, and what its members must look like. Layer identity. FROZEN:
 * others verify these bytes.
 *
 *     libaim/delegation/v1\n{"capabilities":[…],"child":"did:…","depth":<n>,"expires_at":<s>,"id":"dlg_…",
 *     "not_before":<s>,"parent":"did:…","previous":"<64 hex>","user":{"email":…,"expires_at":<s>,"id":…,
 *     "permissions":[…],"roles":[…]}}
 *
 * on one line. "previous" is absent in the first link; "user", and all of it but id, may be absent. */
#include "identity/delegation.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "identity/check.h"
#include "store/id.h"
#include "identity/pattern.h"

#include <string.h>

static const char label[] = "libaim/delegation/v1\n";

/* ---- writing ---- */

static void write_list(aim__json_writer *w, const char *name, const aim__text_list *list)
{
	if (list->n == 0)
		return;
	aim__write_key(w, name);
	aim__write_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		aim__write_string(w, list->items[i]);
	aim__write_end_array(w);
}

static void write_user(aim__json_writer *w, const aim__delegation_user *user)
{
	if (user->id.len == 0)
		return;
	aim__write_key(w, "user");
	aim__write_begin_object(w);
	if (user->email.len)
		aim__write_member_string(w, "email", user->email);
	if (user->expires_at_s)
		aim__write_member_int64(w, "expires_at", user->expires_at_s);
	aim__write_member_string(w, "id", user->id);
	write_list(w, "permissions", &user->permissions);
	write_list(w, "roles", &user->roles);
	aim__write_end_object(w);
}

/* Members in the order of RFC 8785 §3.2.3. */
static void write_link(aim__json_writer *w, const aim__delegation_link *link, int with_signature)
{
	static const uint8_t none[32];
	char text[88];
	aim__write_begin_object(w);
	write_list(w, "capabilities", &link->capabilities);
	aim__write_member_string(w, "child", link->child);
	aim__write_member_int64(w, "depth", (int64_t)link->depth);
	aim__write_member_int64(w, "expires_at", link->expires_at_s);
	aim__write_member_string(w, "id", link->id);
	aim__write_member_int64(w, "not_before", link->not_before_s);
	aim__write_member_string(w, "parent", link->parent);
	if (memcmp(link->previous, none, sizeof none) != 0) {
		aim__hex_write(aim_bytes_from(link->previous, 32), text);
		aim__write_member_string(w, "previous", (aim_str){text, 64});
	}
	if (with_signature) {
		size_t len = aim__encoding_write(AIM_ENCODING_BASE64URL, aim_bytes_from(link->signature, 64), text);
		aim__write_member_string(w, "signature", (aim_str){text, len});
	}
	write_user(w, &link->user);
	aim__write_end_object(w);
}

void aim__delegation_write_link(aim__json_writer *w, const aim__delegation_link *link)
{
	write_link(w, link, 1);
}

aim_status aim__delegation_signed_bytes(const aim__delegation_link *link, aim_buf *out)
{
	aim__json_writer w;
	aim_status rc = aim__buf_add(out, label, sizeof label - 1);
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&w, out);
	write_link(&w, link, 0);
	return aim__write_finish(&w);
}

aim_status aim__delegation_hash(const aim__delegation_link *link, aim_buf *scratch, uint8_t out[32])
{
	aim_buf_clear(scratch);
	aim_status rc = aim__delegation_signed_bytes(link, scratch);
	if (rc != AIM_OK)
		return rc;
	const aim_bytes parts[] = {aim_buf_bytes(scratch), {link->signature, sizeof link->signature}};
	return aim__sha256(scratch->ctx, parts, 2, out);
}

/* ---- checking ---- */

int aim__delegation_is_did_key(aim_str did)
{
	return did.ptr && did.len > 8 && memcmp(did.ptr, "did:key:", 8) == 0;
}

static aim_status check_did(const char *what, aim_str did, aim_error *err)
{
	if (aim__did_valid(did))
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
	                 "%s \"%.*s\" is no DID of at most %u bytes: expected did:<method>:<id>", what, AIM__STR(did),
	                 AIM__DID_MAX);
}

static int only_wildcards(aim_str capability)
{
	for (size_t i = 0; i < capability.len; i++)
		if (capability.ptr[i] != '*' && capability.ptr[i] != ':')
			return 0;
	return 1;
}

static aim_status check_capabilities(const aim_ctx *ctx, const aim__text_list *list, aim_error *err)
{
	if (list->n == 0 || !list->items)
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY, "a link without capabilities");
	for (size_t i = 0; i < list->n; i++) {
		aim_str c = list->items[i];
		if (c.len > ctx->limits.max_name_bytes || !aim__capability_valid(c, 1))
			return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY,
			                 "\"%.*s\" is no capability pattern: expected segments of letters, digits, '_', "
			                 "'.' and '-', or '*', joined by ':'", AIM__STR(c));
		if (only_wildcards(c))
			return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_IDENTITY,
			                 "\"%.*s\" cannot be delegated: it would cover everything", AIM__STR(c));
	}
	return AIM_OK;
}

static aim_status check_names(const aim_ctx *ctx, const char *what, const aim__text_list *list, aim_error *err)
{
	if (list->n > 0 && !list->items)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%s has a count and no pointer", what);
	for (size_t i = 0; i < list->n; i++) {
		aim_status rc = aim__check_name(ctx, what, list->items[i], AIM__CHECK_REQUIRED, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

static aim_status check_time(const char *what, int64_t time_s, aim_error *err)
{
	char text[AIM__TIME_TEXT_SIZE];
	if (time_s >= 0 && aim__time_format_s(text, time_s) == AIM_OK)
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%s is not within the years 1970 to 9999", what);
}

static aim_status check_user(const aim_ctx *ctx, const aim__delegation_user *user, aim_error *err)
{
	int any = user->email.len || user->roles.n || user->permissions.n || user->expires_at_s;
	aim_status rc = aim__check_name(ctx, "user id", user->id, any ? AIM__CHECK_REQUIRED : 0, err);
	if (rc == AIM_OK)
		rc = aim__check_email(ctx, "user e-mail", user->email, err);
	if (rc == AIM_OK)
		rc = check_names(ctx, "role", &user->roles, err);
	if (rc == AIM_OK)
		rc = check_names(ctx, "permission", &user->permissions, err);
	return rc == AIM_OK ? check_time("the user's expires_at", user->expires_at_s, err) : rc;
}

static aim_status check_counts(const aim__delegation_link *link, aim_error *err)
{
	const size_t counts[] = {link->capabilities.n, link->user.roles.n, link->user.permissions.n};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (counts[i] > AIM_DELEGATION_MAX_ITEMS)
			return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY,
			                 "%zu capabilities, roles or permissions in one link; at most %u are allowed",
			                 counts[i], AIM_DELEGATION_MAX_ITEMS);
	if (link->depth >= AIM_DELEGATION_MAX_LINKS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "depth is %llu; a chain has at most %u links",
		                 (unsigned long long)link->depth, AIM_DELEGATION_MAX_LINKS);
	return AIM_OK;
}

aim_status aim__delegation_check_link(const aim_ctx *ctx, const aim__delegation_link *link, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_status rc = aim__id_parse(AIM__DELEGATION_ID_PREFIX, link->id, id, err);
	if (rc == AIM_OK && !aim_str_equal(link->id, aim_str_from(id)))
		rc = aim__fail(err, AIM_E_ENCODING, AIM_LAYER_IDENTITY, "the id of a link is not in its stored form");
	if (rc == AIM_OK)
		rc = check_counts(link, err);
	if (rc == AIM_OK)
		rc = check_did("parent", link->parent, err);
	if (rc == AIM_OK)
		rc = check_did("child", link->child, err);
	if (rc == AIM_OK)
		rc = check_capabilities(ctx, &link->capabilities, err);
	if (rc == AIM_OK)
		rc = check_time("not_before", link->not_before_s, err);
	if (rc == AIM_OK)
		rc = check_time("expires_at", link->expires_at_s, err);
	if (rc == AIM_OK && link->expires_at_s <= link->not_before_s)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "expires_at is not behind not_before");
	return rc == AIM_OK ? check_user(ctx, &link->user, err) : rc;
}
