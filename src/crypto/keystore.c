/* crypto/keystore.c — seals and opens a private key at rest. Layer crypto; makes and reads bytes, where they are kept
 * is the business of files and stores above.
 *
 * The key that seals is Argon2id of the passphrase, or random and wrapped by a callback. A check value, one-way from that
 * key, says whether the passphrase is right before the seal is tried; it also commits the container to one key,
 * which Poly1305 alone does not. All secrets of a call lie in one block of secret memory. */
#include "crypto/keystore.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/utf8.h"
#include "crypto/key.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_keystore_options, 24 + sizeof(void *));
AIM__NO_PADDING(aim_keystore_wrapper, 8 + 4 * sizeof(void *));

#define DEFAULT_PASSES 3u
#define DEFAULT_MEMORY_KIB 65536u
#define DEFAULT_MAX_PASSES 16u
#define DEFAULT_MAX_MEMORY_KIB 1048576u

typedef struct secrets {
	uint8_t key[32];
	uint8_t plain[AIM__KEYSTORE_PLAIN_LEN];
} secrets;

/* --- options --- */

static aim_status check_wrapper(aim_keystore_wrapper *mine, const aim_keystore_wrapper *given, aim_error *err)
{
	aim_status rc = aim__sized_table(mine, sizeof *mine, given, sizeof(aim_keystore_wrapper),
	                                 "aim_keystore_wrapper", err);
	if (rc != AIM_OK)
		return rc;
	if (mine->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_CRYPTO, "aim_keystore_wrapper.flags must be 0");
	if (!mine->name || !mine->name[0] || strlen(mine->name) > AIM__KEYSTORE_NAME_MAX || !mine->wrap ||
	    !mine->unwrap)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_CRYPTO,
		                 "aim_keystore_wrapper needs a name of 1 to 64 bytes, wrap and unwrap");
	return AIM_OK;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

/* o->wrapper points to *wrapper afterwards, or is NULL. */
static aim_status take_options(aim_keystore_options *o, aim_keystore_wrapper *wrapper,
                               const aim_keystore_options *given, aim_error *err)
{
	memset(o, 0, sizeof *o);
	memset(wrapper, 0, sizeof *wrapper);
	aim_status rc = aim__sized_in(o, sizeof *o, given, sizeof(aim_keystore_options), "aim_keystore_options",
	                              err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_CRYPTO, "aim_keystore_options.flags must be 0");
	o->passes = or_default(o->passes, DEFAULT_PASSES);
	o->memory_kib = or_default(o->memory_kib, DEFAULT_MEMORY_KIB);
	o->max_passes = or_default(o->max_passes, DEFAULT_MAX_PASSES);
	o->max_memory_kib = or_default(o->max_memory_kib, DEFAULT_MAX_MEMORY_KIB);
	if (!o->wrapper)
		return AIM_OK;
	rc = check_wrapper(wrapper, o->wrapper, err);
	o->wrapper = wrapper;
	return rc;
}

static aim_status check_passphrase(const aim_keystore_options *o, aim_bytes passphrase, aim_error *err)
{
	if (o->wrapper && passphrase.len > 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_CRYPTO,
		                 "a passphrase and a wrapper exclude each other");
	if (!o->wrapper && passphrase.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_CRYPTO,
		                 "an empty passphrase protects nothing; a passphrase or a wrapper is needed");
	return AIM_OK;
}

static aim_status check_costs(uint32_t passes, uint32_t memory_kib, const aim_keystore_options *o,
                              aim_error *err)
{
	if (memory_kib < AIM_KEYSTORE_MIN_MEMORY_KIB)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CRYPTO,
		                 "Argon2id with %u KiB; at least %u are required", memory_kib,
		                 AIM_KEYSTORE_MIN_MEMORY_KIB);
	if (passes > o->max_passes || memory_kib > o->max_memory_kib)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CRYPTO,
		                 "Argon2id with %u passes over %u KiB; at most %u and %u are permitted", passes,
		                 memory_kib, o->max_passes, o->max_memory_kib);
	return AIM_OK;
}

/* --- the pieces of the seal --- */

/* agent id ‖ key id ‖ format version, each behind its length in 64 bits, low byte first. */
#define ASSOCIATED_MAX (3 * 8 + AIM_KEYSTORE_MAX_AGENT_BYTES + AIM_KEY_ID_SIZE + 4)

static size_t put_part(uint8_t *to, const void *part, size_t len)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)((uint64_t)len >> (8 * i));
	if (len > 0)
		memcpy(to + 8, part, len);
	return 8 + len;
}

static aim_bytes associated_data(const aim__keystore *k, uint8_t out[ASSOCIATED_MAX])
{
	const uint8_t version[4] = {AIM__KEYSTORE_VERSION, 0, 0, 0};
	size_t n = put_part(out, k->agent_id.ptr, k->agent_id.len);
	n += put_part(out + n, k->key_id, AIM_KEY_ID_SIZE - 1);
	n += put_part(out + n, version, sizeof version);
	return (aim_bytes){out, n};
}

static aim_status check_value(const aim_ctx *ctx, const uint8_t key[32], uint8_t out[AIM__KEYSTORE_CHECK_LEN])
{
	static const char label[] = "libaim/keystore/check/v1\n";
	uint8_t digest[32];
	const aim_bytes parts[] = {{(const uint8_t *)label, sizeof label - 1}, {key, 32}};
	aim_status rc = aim__sha256(ctx, parts, 2, digest);
	if (rc == AIM_OK)
		memcpy(out, digest, AIM__KEYSTORE_CHECK_LEN);
	aim__wipe(digest, sizeof digest);
	return rc;
}

static aim_status derive(const aim_ctx *ctx, const aim__keystore *k, aim_bytes passphrase, uint8_t key[32],
                         aim_error *err)
{
	aim_status rc = aim__argon2id(ctx, passphrase, k->salt, k->passes, k->memory_kib, key, 32);
	if (rc == AIM_E_UNSUPPORTED)
		return aim__fail(err, rc, AIM_LAYER_CRYPTO, "the crypto provider has no Argon2id");
	if (rc == AIM_E_NOMEM)
		return aim__fail(err, rc, AIM_LAYER_CRYPTO, "no memory for Argon2id, which needs %u KiB",
		                 k->memory_kib);
	return rc == AIM_OK ? rc : aim__fail(err, rc, AIM_LAYER_CRYPTO, "the crypto provider's Argon2id failed");
}

static aim_status wrapper_failed(const aim_keystore_wrapper *wrapper, const char *what, aim_status rc,
                                 aim_error *err)
{
	aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_CRYPTO, "the wrapper %s could not %s the data key", wrapper->name,
	          what);
	aim__error_native(err, rc);
	return AIM_E_CALLBACK;
}

/* --- sealing --- */

static aim_status new_sealing_key(const aim_ctx *ctx, aim__keystore *k, aim_bytes passphrase,
                                  const aim_keystore_options *o, aim_bytes associated, secrets *s,
                                  aim_error *err)
{
	aim_status rc;
	if (!o->wrapper) {
		k->passes = o->passes;
		k->memory_kib = o->memory_kib;
		rc = aim__ctx_random(ctx, k->salt, sizeof k->salt);
		if (rc != AIM_OK)
			return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_CRYPTO);
		return derive(ctx, k, passphrase, s->key, err);
	}
	k->wrapper_name = aim_str_from(o->wrapper->name);
	if (aim__ctx_random(ctx, s->key, sizeof s->key) != AIM_OK)
		return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_CRYPTO);
	rc = o->wrapper->wrap(o->wrapper->user, associated, s->key, k->wrapped, sizeof k->wrapped,
	                      &k->wrapped_len);
	if (rc != AIM_OK || k->wrapped_len == 0 || k->wrapped_len > sizeof k->wrapped)
		return wrapper_failed(o->wrapper, "wrap", rc, err);
	return AIM_OK;
}

static aim_status seal_seed(const aim_key *key, aim__keystore *k, aim_bytes associated, secrets *s,
                            aim_error *err)
{
	const aim_ctx *ctx = aim__key_ctx(key);
	if (aim__ctx_random(ctx, k->nonce, sizeof k->nonce) != AIM_OK)
		return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_CRYPTO);
	s->plain[0] = (uint8_t)k->purpose;
	aim_status rc = aim_key_export_seed(key, s->plain + 1);
	if (rc == AIM_OK)
		rc = check_value(ctx, s->key, k->check);
	if (rc == AIM_OK)
		rc = aim__aead_seal(ctx, s->key, k->nonce, associated, (aim_bytes){s->plain, sizeof s->plain},
		                    k->sealed);
	AIM__DECLASSIFY(k->check, sizeof k->check);
	AIM__DECLASSIFY(k->sealed, sizeof k->sealed);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
}

static aim_status seal(const aim_key *key, aim_bytes passphrase, const aim_keystore_options *o,
                       aim__keystore *k, aim_error *err)
{
	uint8_t associated[ASSOCIATED_MAX];
	const aim_ctx *ctx = aim__key_ctx(key);
	k->purpose = aim_key_purpose(key);
	k->public_key = *aim__key_public(key);
	aim_status rc = aim_key_id(ctx, &k->public_key, k->key_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	secrets *s = aim__secret_alloc(ctx, sizeof *s);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CRYPTO);
	const aim_bytes bound = associated_data(k, associated);
	rc = new_sealing_key(ctx, k, passphrase, o, bound, s, err);
	if (rc == AIM_OK)
		rc = seal_seed(key, k, bound, s, err);
	aim__secret_free(ctx, s, sizeof *s);
	return rc;
}

static aim_status check_sealable(const aim_key *key, aim_bytes passphrase, aim_str agent_id,
                                 const aim_keystore_options *o, aim_error *err)
{
	aim_status rc = check_passphrase(o, passphrase, err);
	if (rc == AIM_OK && !o->wrapper)
		rc = check_costs(o->passes, o->memory_kib, o, err);
	if (rc != AIM_OK)
		return rc;
	if (agent_id.len > AIM_KEYSTORE_MAX_AGENT_BYTES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_CRYPTO, "an agent id of %zu bytes; at most %u are kept",
		                 agent_id.len, AIM_KEYSTORE_MAX_AGENT_BYTES);
	if (!aim__utf8_valid(agent_id, NULL))
		return aim__fail(err, AIM_E_UTF8, AIM_LAYER_CRYPTO, "the agent id is not UTF-8");
	if (!aim__key_has_seed(key))
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_CRYPTO,
		                 "the private key lives outside the library and cannot be sealed");
	if (!aim__aead_available(aim__key_ctx(key)))
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_CRYPTO,
		                 "the crypto provider has no XChaCha20-Poly1305");
	return AIM_OK;
}

aim_status aim_keystore_seal(const aim_key *key, aim_bytes passphrase, aim_str agent_id,
                             const aim_keystore_options *options, aim_buf *out, aim_error *err)
{
	aim_keystore_options o;
	aim_keystore_wrapper wrapper;
	if (!key || !out || (!passphrase.ptr && passphrase.len > 0) || (!agent_id.ptr && agent_id.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, passphrase, agent_id and out are required");
	aim_status rc = take_options(&o, &wrapper, options, err);
	if (rc == AIM_OK)
		rc = check_sealable(key, passphrase, agent_id, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim__keystore k = {.agent_id = agent_id};
	rc = seal(key, passphrase, &o, &k, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__keystore_write(aim__key_ctx(key), &k, out);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
}

/* --- opening --- */

static aim_status wrong_passphrase(const aim__keystore *k, aim_error *err)
{
	return aim__fail(err, AIM_E_PASSPHRASE, AIM_LAYER_CRYPTO,
	                 k->wrapper_name.len > 0 ? "the wrapper gave another data key than the keystore's"
	                                         : "the passphrase is not that of the keystore");
}

static aim_status find_sealing_key(const aim_ctx *ctx, const aim__keystore *k, aim_bytes passphrase,
                                   const aim_keystore_options *o, aim_bytes associated, secrets *s,
                                   aim_error *err)
{
	if (k->wrapper_name.len == 0) {
		aim_status rc = check_costs(k->passes, k->memory_kib, o, err);
		return rc == AIM_OK ? derive(ctx, k, passphrase, s->key, err) : rc;
	}
	aim_status rc = o->wrapper->unwrap(o->wrapper->user, associated,
	                                   (aim_bytes){k->wrapped, k->wrapped_len}, s->key);
	return rc == AIM_OK ? rc : wrapper_failed(o->wrapper, "unwrap", rc, err);
}

static aim_status open_seed(const aim_ctx *ctx, const aim__keystore *k, aim_bytes associated, secrets *s,
                            aim_error *err)
{
	uint8_t check[AIM__KEYSTORE_CHECK_LEN];
	aim_status rc = check_value(ctx, s->key, check);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	if (!aim__equal_constant_time(check, k->check, sizeof check))
		return wrong_passphrase(k, err);
	rc = aim__aead_open(ctx, s->key, k->nonce, associated, (aim_bytes){k->sealed, sizeof k->sealed}, s->plain);
	if (rc == AIM_E_SIGNATURE)
		return aim__fail(err, AIM_E_KEYSTORE, AIM_LAYER_CRYPTO,
		                 "not a usable keystore: the passphrase is right, but what it seals was changed");
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
}

/* The purpose and public key outside are proven by what was inside. */
static aim_status make_key(aim_ctx *ctx, const aim__keystore *k, const secrets *s, aim_key **out,
                           aim_error *err)
{
	aim_key *key = NULL;
	AIM__DECLASSIFY(s->plain, 1); /* the purpose; the seed comes behind it */
	if (s->plain[0] != k->purpose)
		return aim__fail(err, AIM_E_KEYSTORE, AIM_LAYER_CRYPTO,
		                 "not a usable keystore: its purpose was changed");
	aim_status rc = aim_key_from_seed(ctx, k->purpose, (aim_bytes){s->plain + 1, AIM_KEY_SEED_LEN}, &key, err);
	if (rc != AIM_OK)
		return rc;
	if (memcmp(aim__key_public(key), &k->public_key, sizeof k->public_key) != 0) {
		aim_key_unref(key);
		return aim__fail(err, AIM_E_KEYSTORE, AIM_LAYER_CRYPTO,
		                 "not a usable keystore: its public key is of another private key");
	}
	*out = key;
	return AIM_OK;
}

static aim_status open_container(aim_ctx *ctx, const aim__keystore *k, aim_bytes passphrase,
                                 const aim_keystore_options *o, aim_key **out, aim_error *err)
{
	uint8_t associated[ASSOCIATED_MAX];
	const aim_bytes bound = associated_data(k, associated);
	secrets *s = aim__secret_alloc(ctx, sizeof *s);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CRYPTO);
	aim_status rc = find_sealing_key(ctx, k, passphrase, o, bound, s, err);
	if (rc == AIM_OK)
		rc = open_seed(ctx, k, bound, s, err);
	if (rc == AIM_OK)
		rc = make_key(ctx, k, s, out, err);
	aim__secret_free(ctx, s, sizeof *s);
	return rc;
}

static aim_status check_openable(const aim_ctx *ctx, const aim__keystore *k, aim_str agent_id,
                                 const aim_keystore_options *o, aim_error *err)
{
	if (!aim_str_equal(k->agent_id, agent_id))
		return aim__fail(err, AIM_E_KEYSTORE_AGENT, AIM_LAYER_CRYPTO,
		                 "the keystore is of agent \"%.*s\"", AIM__STR(k->agent_id));
	if (k->wrapper_name.len > 0 && !o->wrapper)
		return aim__fail(err, AIM_E_PASSPHRASE, AIM_LAYER_CRYPTO,
		                 "the keystore is sealed under wrapper %.*s, not under a passphrase",
		                 AIM__STR(k->wrapper_name));
	if (o->wrapper && !aim_str_equal(k->wrapper_name, aim_str_from(o->wrapper->name)))
		return aim__fail(err, AIM_E_PASSPHRASE, AIM_LAYER_CRYPTO,
		                 "the keystore is not sealed under wrapper %s", o->wrapper->name);
	if (!aim__aead_available(ctx))
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_CRYPTO,
		                 "the crypto provider has no XChaCha20-Poly1305");
	return AIM_OK;
}

aim_status aim_keystore_open(aim_ctx *ctx, aim_bytes sealed, aim_bytes passphrase, aim_str agent_id,
                             const aim_keystore_options *options, aim_key **out, aim_error *err)
{
	aim_keystore_options o;
	aim_keystore_wrapper wrapper;
	aim__keystore k;
	aim_json doc;
	if (!ctx || !out || (!sealed.ptr && sealed.len > 0) || (!passphrase.ptr && passphrase.len > 0) ||
	    (!agent_id.ptr && agent_id.len > 0))
		return AIM__MISUSE(ctx, "ctx, sealed, passphrase, agent_id and out are required");
	aim_status rc = take_options(&o, &wrapper, options, err);
	if (rc == AIM_OK)
		rc = check_passphrase(&o, passphrase, err);
	if (rc != AIM_OK)
		return rc;
	aim__json_init(&doc, ctx);
	rc = aim__keystore_read(&doc, sealed, &k, err);
	if (rc == AIM_OK)
		rc = check_openable(ctx, &k, agent_id, &o, err);
	if (rc == AIM_OK)
		rc = open_container(ctx, &k, passphrase, &o, out, err);
	aim__json_dispose(&doc);
	return rc;
}

aim_status aim_keystore_inspect(aim_ctx *ctx, aim_bytes sealed, aim_buf *out_agent_id,
                                aim_public_key *out_public, uint32_t *out_purpose, aim_error *err)
{
	aim__keystore k;
	aim_json doc;
	if (!ctx || (!sealed.ptr && sealed.len > 0))
		return AIM__MISUSE(ctx, "ctx and sealed are required");
	aim__json_init(&doc, ctx);
	aim_status rc = aim__keystore_read(&doc, sealed, &k, err);
	if (rc == AIM_OK && out_agent_id) {
		rc = aim__buf_add_str(out_agent_id, k.agent_id);
		if (rc != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	}
	if (rc == AIM_OK && out_public)
		*out_public = k.public_key;
	if (rc == AIM_OK && out_purpose)
		*out_purpose = k.purpose;
	aim__json_dispose(&doc);
	return rc;
}
