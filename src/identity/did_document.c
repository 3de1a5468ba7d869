/* identity/did_document.c — DID documents and JWK Sets of registered subjects. Layer identity. */
#include <aim/did.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "identity/keyring.h"
#include "identity/subject.h"

#include <string.h>

/* Keys that count at once: one active, and those of rotations within the longest grace period. */
#define MAX_KEYS 64u

typedef struct picture {
	aim__subject *subject;
	int64_t at_us;
	size_t n;
	aim_keyring_entry keys[MAX_KEYS];
} picture;

static aim_status take_key(void *user, const aim_keyring_entry *entry)
{
	picture *p = user;
	if (entry->state != AIM_KEYRING_ACTIVE && entry->state != AIM_KEYRING_RETIRING)
		return AIM_OK;
	if (entry->valid_from_us > p->at_us || entry->revoked_at_us)
		return AIM_OK;
	if (p->n == MAX_KEYS)
		return AIM_E_LIMIT;
	p->keys[p->n++] = *entry;
	return AIM_OK;
}

static int speaks(const aim__subject *s, int64_t at_us)
{
	return s->status == AIM_REGISTRY_VERIFIED && (!s->expires_at_s || at_us < s->expires_at_s * 1000000);
}

static aim_status load(picture *p, aim_registry *registry, aim_str subject, int64_t at_us, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	p->subject = NULL;
	p->n = 0;
	p->at_us = at_us;
	aim_status rc = aim__subject_kind_needed(subject, &kind, err);
	if (rc == AIM_OK && at_us == 0 && (rc = aim_ctx_now_us(registry->ctx, &p->at_us)) != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK)
		rc = aim__subject_find(registry, kind, subject, &p->subject, err);
	if (rc != AIM_OK || !speaks(p->subject, p->at_us))
		return rc;
	return aim_keyring_list(registry, p->subject->id, p->at_us, take_key, p, err);
}

/* ---- writing; a failure sticks to the writer ---- */

static aim_str part(aim_str text, size_t from)
{
	return (aim_str){text.ptr + from, text.len - from};
}

/* crv, kty and x; in a set also what a reader picks a key by. */
static void write_jwk(aim__json_writer *w, const aim_keyring_entry *key, int in_set)
{
	char x[43];
	aim__encoding_write(AIM_ENCODING_BASE64URL, aim_bytes_from(key->public_key.bytes, AIM_KEY_PUBLIC_LEN), x);
	aim__write_begin_object(w);
	if (in_set)
		aim__write_member_text(w, "alg", "EdDSA");
	aim__write_member_text(w, "crv", "Ed25519");
	if (in_set)
		aim__write_member_text(w, "kid", key->key_id);
	aim__write_member_text(w, "kty", "OKP");
	if (in_set)
		aim__write_member_text(w, "use", "sig");
	aim__write_member_string(w, "x", (aim_str){x, sizeof x});
	aim__write_end_object(w);
}

/* "<did>#<key id>", "<did>#<key id>-jwk". */
static void write_method_id(aim__json_writer *w, aim_str did, const char *key_id, const char *suffix)
{
	char text[AIM_DID_MESH_SIZE + AIM_KEY_ID_SIZE + 8];
	aim__format(text, sizeof text, "%.*s#%s%s", AIM__STR(did), key_id, suffix);
	aim__write_text(w, text);
}

static void write_method(aim__json_writer *w, const picture *p, const aim_keyring_entry *key, int jwk)
{
	char did[AIM_DID_KEY_SIZE], time[AIM__TIME_TEXT_SIZE];
	aim__write_begin_object(w);
	aim__write_key(w, "id");
	write_method_id(w, p->subject->did, key->key_id, jwk ? "-jwk" : "");
	aim__write_member_text(w, "type", jwk ? "JsonWebKey" : "Multikey");
	aim__write_member_string(w, "controller", p->subject->did);
	if (key->expires_at_us && aim__time_format_s(time, key->expires_at_us / 1000000) == AIM_OK)
		aim__write_member_text(w, "expires", time);
	if (jwk) {
		aim__write_key(w, "publicKeyJwk");
		write_jwk(w, key, 0);
	} else if (aim_did_key(&key->public_key, did) == AIM_OK) {
		aim__write_member_string(w, "publicKeyMultibase", part(aim_str_from(did), 8));
	} else {
		w->status = AIM_E_INTERNAL; /* what was registered has been checked */
	}
	aim__write_end_object(w);
}

static void write_methods(aim__json_writer *w, const picture *p, uint32_t flags)
{
	aim__write_key(w, "verificationMethod");
	aim__write_begin_array(w);
	for (size_t i = 0; i < p->n; i++) {
		write_method(w, p, &p->keys[i], 0);
		if (flags & AIM_DID_JWK)
			write_method(w, p, &p->keys[i], 1);
	}
	aim__write_end_array(w);
}

static void write_relation(aim__json_writer *w, const picture *p, const char *name)
{
	aim__write_key(w, name);
	aim__write_begin_array(w);
	for (size_t i = 0; i < p->n; i++)
		write_method_id(w, p->subject->did, p->keys[i].key_id, "");
	aim__write_end_array(w);
}

static void write_names(aim__json_writer *w, const picture *p)
{
	char did[AIM_DID_KEY_SIZE];
	const aim__text_list *aliases = &p->subject->aliases;
	int active = p->n && p->keys[0].state == AIM_KEYRING_ACTIVE &&
	             aim_did_key(&p->keys[0].public_key, did) == AIM_OK;
	if (!active && aliases->n == 0)
		return;
	aim__write_key(w, "alsoKnownAs");
	aim__write_begin_array(w);
	if (active)
		aim__write_text(w, did);
	for (size_t i = 0; i < aliases->n; i++)
		aim__write_string(w, aliases->items[i]);
	aim__write_end_array(w);
}

static void write_document(aim__json_writer *w, const picture *p, uint32_t flags)
{
	aim__write_begin_object(w);
	aim__write_key(w, "@context");
	aim__write_begin_array(w);
	aim__write_text(w, "https://www.w3.org/ns/did/v1");
	aim__write_text(w, "https://w3id.org/security/multikey/v1");
	if (flags & AIM_DID_JWK)
		aim__write_text(w, "https://w3id.org/security/jwk/v1");
	aim__write_end_array(w);
	aim__write_member_string(w, "id", p->subject->did);
	write_names(w, p);
	write_methods(w, p, flags);
	write_relation(w, p, "authentication");
	write_relation(w, p, "assertionMethod");
	aim__write_end_object(w);
}

static void write_set(aim__json_writer *w, const picture *p)
{
	aim__write_begin_object(w);
	aim__write_key(w, "keys");
	aim__write_begin_array(w);
	for (size_t i = 0; i < p->n; i++)
		write_jwk(w, &p->keys[i], 1);
	aim__write_end_array(w);
	aim__write_end_object(w);
}

/* ---- the two calls ---- */

static aim_status export(aim_registry *registry, aim_str subject, int64_t at_us, int document,
                         uint32_t flags, aim_buf *out, aim_error *err)
{
	picture *p = aim__alloc_zeroed(registry->ctx, sizeof *p);
	if (!p)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_IDENTITY);
	aim_status rc = load(p, registry, subject, at_us, err);
	if (rc == AIM_OK && document && p->subject->did.len == 0)
		rc = aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%s %.*s has no key and so no DID",
		               p->subject->kind->noun, AIM__STR(p->subject->id));
	if (rc == AIM_OK) {
		aim__json_writer w;
		aim__write_init(&w, out);
		if (document)
			write_document(&w, p, flags);
		else
			write_set(&w, p);
		rc = aim__write_finish(&w);
		if (rc != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	}
	aim__subject_free(p->subject);
	aim__free(registry->ctx, p, sizeof *p);
	return rc;
}

aim_status aim_did_document(aim_registry *registry, aim_str subject, int64_t at_us, uint32_t flags,
                            aim_buf *out, aim_error *err)
{
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	if (flags & ~AIM_DID_JWK)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "flags of aim_did_document has an unknown bit");
	return export(registry, subject, at_us, 1, flags, out, err);
}

aim_status aim_did_jwk_set(aim_registry *registry, aim_str subject, int64_t at_us, aim_buf *out,
                           aim_error *err)
{
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	return export(registry, subject, at_us, 0, 0, out, err);
}
