/** aim/keyform.h — keys in the forms that other programs read and write. Immutable.
 *
 *      aim_public_key key;
 *      aim_key *mine = NULL;
 *      rc = aim_keyform_parse_public(ctx, bytes, &key, NULL, &err);      // any form below
 *      rc = aim_keyform_public(ctx, &key, AIM_KEYFORM_DID, text);        // "did:key:z6Mk…"
 *      rc = aim_keyform_parse_private(ctx, AIM_KEY_AGENT, pem, &mine, NULL, &err);
 *      rc = aim_keyform_private(mine, AIM_KEYFORM_PEM, text, &err);      // "-----BEGIN PRIVATE KEY-----…"
 *
 *  Forms are recognised by their content. Reading is strict: exact lengths, nothing in front or behind
 *  (a file's last line end excepted), no spare bits, and a public key that is no canonical point or of small
 *  order is refused. Whatever is refused, the message says which form was recognised and what is wrong with it;
 *  keys of other algorithms, encrypted files and halves taken for each other have statuses of their own.
 */
#ifndef AIM_KEYFORM_H
#define AIM_KEYFORM_H

#include <aim/key.h>

AIM_BEGIN_DECLS

/** Forms of a key. "Seed" is the private counterpart. @since 0.1 */
#define AIM_KEYFORM_RAW 1u              /**< the 32 bytes; private: the seed */
#define AIM_KEYFORM_HEX 2u              /**< 64 digits, written in lower case */
#define AIM_KEYFORM_BASE64 3u           /**< 44 characters, padded */
#define AIM_KEYFORM_BASE64_UNPADDED 4u  /**< 43 characters */
#define AIM_KEYFORM_BASE64URL 5u        /**< 43 characters */
#define AIM_KEYFORM_BASE64URL_PADDED 6u /**< 44 characters */
#define AIM_KEYFORM_PREFIXED 7u         /**< "ed25519:" and base64; read also with '_' and the other texts */
#define AIM_KEYFORM_DER 8u              /**< SubjectPublicKeyInfo, private: PKCS#8 (RFC 8410) */
#define AIM_KEYFORM_DER_HEX 9u          /**< the same in hex */
#define AIM_KEYFORM_PEM 10u             /**< the same between BEGIN and END (RFC 7468) */
#define AIM_KEYFORM_JWK 11u             /**< JSON Web Key, kty OKP (RFC 8037) */
#define AIM_KEYFORM_DID 12u             /**< "did:key:z6Mk…"; public only */
#define AIM_KEYFORM_MULTIBASE 13u       /**< "z6Mk…"; public only */
#define AIM_KEYFORM_OPENSSH 14u         /**< "ssh-ed25519 …", private: openssh-key-v1 */
#define AIM_KEYFORM_DNS 15u             /**< "v=MCPv1; k=ed25519; p=…"; public only */
#define AIM_KEYFORM_PAIR 16u            /**< 64 bytes, seed and public key; private only */

/** Most bytes of input that are looked at: more is no key. @since 0.1 */
#define AIM_KEYFORM_MAX_BYTES 16384u

/** Size of a JWK thumbprint with its NUL. @since 0.1 */
#define AIM_KEYFORM_THUMBPRINT_SIZE 44

/** What a form is called in messages, e.g. "PEM".
 *  @return static text, never NULL; "unknown" for no form.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_keyform_name(uint32_t form);

/** Reads a public key in any form of the list; aim_key_public_parse() is the same without out_form.
 *  @param input     in, borrowed             @param out  out, set only on AIM_OK
 *  @param out_form  out, AIM_KEYFORM_*, set only on AIM_OK, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_KEY (mis-encoded or unusable), AIM_E_KEY_ALGORITHM,
 *          AIM_E_KEY_HALF (a private key)
 *  Threads: any.  Allocates: for JWK.
 *  Source: RFC 8410 §4, RFC 7468 §13, RFC 8037 §2, RFC 4253 §6.6, RFC 8709 §4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyform_parse_public(const aim_ctx *ctx, aim_bytes input,
                                                             aim_public_key *out, uint32_t *out_form,
                                                             aim_error *err);

/** Appends a public key in one form. Text forms end without a line end, except PEM.
 *  @param public_key  in, borrowed          @param form  in, AIM_KEYFORM_* that exists for public keys
 *  @param out         in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY (not usable), AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: confined (out).  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyform_public(const aim_ctx *ctx,
                                                       const aim_public_key *public_key, uint32_t form,
                                                       aim_buf *out);

/** Reads a private key in any form that exists for private keys. A public key that comes along (64 bytes, PKCS#8
 *  version 2, JWK, OpenSSH) must be that of the seed. Encrypted files are refused: remove their passphrase
 *  with the program that made them. No copy of the seed stays but the handle's; wipe the input yourself.
 *  @param purpose   AIM_KEY_*                @param input  in, borrowed
 *  @param out       out, owned; aim_key_unref()
 *  @param out_form  out, AIM_KEYFORM_*, set only on AIM_OK, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_KEY (mis-encoded or unusable),
 *          AIM_E_KEY_ALGORITHM, AIM_E_KEY_HALF (a public key), AIM_E_KEY_ENCRYPTED, AIM_E_KEY_PAIR (public key of
 *          another seed)
 *  Threads: any.  Allocates: yes.  Source: RFC 8410 §7, RFC 5958 §2, RFC 8037 §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyform_parse_private(aim_ctx *ctx, uint32_t purpose,
                                                              aim_bytes input, aim_key **out,
                                                              uint32_t *out_form, aim_error *err);

/** Appends the private key in one form: unprotected, so write it nowhere that others read. aim_buf_free() and
 *  aim_buf_clear() wipe it; appending more before that may leave a copy behind.
 *  @param form  in, AIM_KEYFORM_* that exists for private keys (PREFIXED, DID, MULTIBASE and DNS do not)
 *  @param out   in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UNSUPPORTED (an external key), AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_RANDOM
 *          (OPENSSH)
 *  Threads: const (key), confined (out).  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keyform_private(const aim_key *key, uint32_t form, aim_buf *out,
                                                        aim_error *err);

/** The RFC 7638 thumbprint: base64url of the SHA-256 of the JWK's required members, NUL-terminated.
 *  @param out  out, 44 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  Source: RFC 7638 §3, RFC 8037 §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status
aim_keyform_thumbprint(const aim_ctx *ctx, const aim_public_key *public_key,
                       char out[AIM_KEYFORM_THUMBPRINT_SIZE]);

AIM_END_DECLS

#endif
