/* crypto/keyform_ssh.c — keys as OpenSSH keeps them: the public line (RFC 8709 §4 in RFC 4253 §6.6) and the private
 * file "openssh-key-v1" (PROTOCOL.key of OpenSSH). Layer crypto. */
#include "crypto/keyform.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "codec/pem.h"

#include <string.h>

static const char type_name[] = "ssh-ed25519";
#define TYPE_LEN (sizeof type_name - 1)
#define PUBLIC_BLOB_LEN (4 + TYPE_LEN + 4 + AIM_KEY_PUBLIC_LEN)

static const struct {
	const char *type;
	const char *noun;
} other_types[] = {
	{"ssh-rsa", "an RSA key"},
	{"ssh-dss", "a DSA key"},
	{"ecdsa-sha2-nistp256", "an elliptic-curve key (P-256)"},
	{"ecdsa-sha2-nistp384", "an elliptic-curve key (P-384)"},
	{"ecdsa-sha2-nistp521", "an elliptic-curve key (P-521)"},
	{"sk-ssh-ed25519@openssh.com", "a security-key Ed25519 key, whose signatures differ"},
	{"sk-ecdsa-sha2-nistp256@openssh.com", "a security-key elliptic-curve key"},
	{"ssh-ed448", "an Ed448 key"},
};

static const char *other_noun(aim_bytes type)
{
	for (size_t i = 0; i < sizeof other_types / sizeof *other_types; i++)
		if (type.len == strlen(other_types[i].type) && memcmp(type.ptr, other_types[i].type, type.len) == 0)
			return other_types[i].noun;
	return NULL;
}

static int is_ed25519(aim_bytes type)
{
	return type.len == TYPE_LEN && memcmp(type.ptr, type_name, TYPE_LEN) == 0;
}

/* --- the wire's strings: 32-bit length, bytes (RFC 4251 §5) --- */

static int take_u32(aim_bytes *in, uint32_t *value)
{
	if (in->len < 4)
		return 0;
	*value = (uint32_t)in->ptr[0] << 24 | (uint32_t)in->ptr[1] << 16 | (uint32_t)in->ptr[2] << 8 |
	         in->ptr[3];
	in->ptr += 4;
	in->len -= 4;
	return 1;
}

static int take_string(aim_bytes *in, aim_bytes *value)
{
	uint32_t len = 0;
	aim_bytes rest = *in;
	if (!take_u32(&rest, &len) || len > rest.len)
		return 0;
	*value = (aim_bytes){rest.ptr, len};
	*in = (aim_bytes){rest.ptr + len, rest.len - len};
	return 1;
}

static uint8_t *put_u32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
	return to + 4;
}

static uint8_t *put_string(uint8_t *to, const void *bytes, size_t len)
{
	to = put_u32(to, (uint32_t)len);
	memcpy(to, bytes, len);
	return to + len;
}

/* --- the public key, alone and in its line --- */

static aim_status read_public_blob(aim__keyform *k, aim_bytes blob)
{
	aim_bytes type;
	aim_bytes key;
	if (!take_string(&blob, &type))
		return aim__keyform_flaw(k, "is cut short");
	if (!is_ed25519(type)) {
		const char *noun = other_noun(type);
		return aim__keyform_other(k, noun ? noun : "a key of an unknown algorithm");
	}
	if (!take_string(&blob, &key) || key.len != AIM_KEY_PUBLIC_LEN)
		return aim__keyform_flaw(k, "has a public key that is not 32 bytes");
	if (blob.len > 0)
		return aim__keyform_flaw(k, "has something behind the key");
	return aim__keyform_take_public(k, key.ptr);
}

/* A known type at the start; options in front of it, as authorized_keys has them, are no part of a key. */
int aim__keyform_is_ssh_line(aim_bytes input)
{
	return aim__keyform_starts(input, "ssh-") || aim__keyform_starts(input, "ecdsa-sha2-") ||
	       aim__keyform_starts(input, "sk-ssh-") || aim__keyform_starts(input, "sk-ecdsa-");
}

static aim_str take_word(aim_str *text)
{
	const char *blank = text->len > 0 ? memchr(text->ptr, ' ', text->len) : NULL;
	aim_str word = {text->ptr, blank ? (size_t)(blank - text->ptr) : text->len};
	size_t step = word.len + (blank != NULL);
	text->ptr += step;
	text->len -= step;
	return word;
}

aim_status aim__keyform_read_ssh_line(aim__keyform *k, aim_str text)
{
	uint8_t blob[96];
	size_t len = 0;
	aim__keyform_recognised(k, AIM_KEYFORM_OPENSSH, "OpenSSH");
	aim_bytes type = aim_bytes_from_str(take_word(&text));
	const char *noun = other_noun(type);
	if (noun)
		return aim__keyform_other(k, noun);
	if (!is_ed25519(type))
		return aim__keyform_other(k, "a key of an unknown algorithm");
	if (k->wants_private)
		return aim__keyform_half(k);
	if (text.len > 0 && (memchr(text.ptr, '\n', text.len) || memchr(text.ptr, '\r', text.len)))
		return aim__keyform_flaw(k, "has more than one line");
	aim_str base64 = take_word(&text);
	if (base64.len > sizeof blob ||
	    aim__encoding_read(AIM_ENCODING_BASE64, base64, blob, sizeof blob, &len, NULL) != AIM_OK)
		return aim__keyform_flaw(k, "has a second word that is not the base64 of an Ed25519 key");
	return read_public_blob(k, (aim_bytes){blob, len});
}

static void public_blob(const aim_public_key *key, uint8_t out[PUBLIC_BLOB_LEN])
{
	put_string(put_string(out, type_name, TYPE_LEN), key->bytes, AIM_KEY_PUBLIC_LEN);
}

aim_status aim__keyform_write_ssh_line(const aim_public_key *key, aim_buf *out)
{
	uint8_t blob[PUBLIC_BLOB_LEN];
	public_blob(key, blob);
	aim_status rc = aim__buf_add_text(out, "ssh-ed25519 ");
	return rc == AIM_OK ? aim__keyform_write_text(AIM_ENCODING_BASE64, blob, sizeof blob, out) : rc;
}

/* --- the private file --- */

static const char magic[] = "openssh-key-v1"; /* with its NUL */
#define BLOCK_LEN 8 /* of the cipher "none" */

/* Behind the comment: 1, 2, 3, … up to the block size. */
static int is_padding(aim_bytes rest)
{
	if (rest.len >= BLOCK_LEN)
		return 0;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] != i + 1)
			return 0;
	return 1;
}

/* Two equal check numbers, then per key: type, public key, seed and public key, comment. */
static aim_status read_private_list(aim__keyform *k, aim_bytes list)
{
	uint32_t check[2] = {0, 1};
	aim_bytes type;
	aim_bytes public_key;
	aim_bytes pair;
	aim_bytes comment;
	if (list.len % BLOCK_LEN != 0 || !take_u32(&list, &check[0]) || !take_u32(&list, &check[1]) ||
	    check[0] != check[1])
		return aim__keyform_flaw(k, "is damaged: its check numbers differ");
	if (!take_string(&list, &type) || !is_ed25519(type))
		return aim__keyform_flaw(k, "is damaged: its two halves name different types");
	if (!take_string(&list, &public_key) || public_key.len != AIM_KEY_PUBLIC_LEN ||
	    !take_string(&list, &pair) || pair.len != AIM_KEY_SEED_LEN + AIM_KEY_PUBLIC_LEN ||
	    !take_string(&list, &comment) || !is_padding(list))
		return aim__keyform_flaw(k, "has a private part of a wrong length or padding");
	if (memcmp(public_key.ptr, k->public_key.bytes, AIM_KEY_PUBLIC_LEN) != 0 ||
	    memcmp(pair.ptr + AIM_KEY_SEED_LEN, public_key.ptr, AIM_KEY_PUBLIC_LEN) != 0)
		return aim__keyform_flaw(k, "holds different public keys");
	memcpy(k->seed, pair.ptr, AIM_KEY_SEED_LEN);
	k->has_seed = 1;
	return AIM_OK;
}

aim_status aim__keyform_read_ssh_private(aim__keyform *k, aim_bytes blob)
{
	aim_bytes cipher;
	aim_bytes kdf;
	aim_bytes kdf_options;
	aim_bytes public_part;
	aim_bytes private_part;
	uint32_t n_keys = 0;
	if (blob.len < sizeof magic || memcmp(blob.ptr, magic, sizeof magic) != 0)
		return aim__keyform_flaw(k, "does not begin with openssh-key-v1");
	blob = (aim_bytes){blob.ptr + sizeof magic, blob.len - sizeof magic};
	if (!take_string(&blob, &cipher) || !take_string(&blob, &kdf) || !take_string(&blob, &kdf_options) ||
	    !take_u32(&blob, &n_keys))
		return aim__keyform_flaw(k, "is cut short");
	if (cipher.len != 4 || memcmp(cipher.ptr, "none", 4) != 0)
		return aim__keyform_encrypted(k);
	if (kdf.len != 4 || memcmp(kdf.ptr, "none", 4) != 0 || kdf_options.len != 0)
		return aim__keyform_flaw(k, "has a key derivation without a cipher");
	if (n_keys != 1)
		return aim__keyform_flaw(k, "does not hold exactly one key");
	if (!take_string(&blob, &public_part) || !take_string(&blob, &private_part))
		return aim__keyform_flaw(k, "is cut short");
	if (blob.len > 0)
		return aim__keyform_flaw(k, "has something behind the key");
	aim_status rc = read_public_blob(k, public_part);
	return rc == AIM_OK ? read_private_list(k, private_part) : rc;
}

/* Check numbers, type, public key, pair, empty comment: 130 bytes and their padding. */
#define LIST_LEN (8 + PUBLIC_BLOB_LEN + 4 + 64 + 4)
#define PADDED_LEN ((LIST_LEN + BLOCK_LEN - 1) / BLOCK_LEN * BLOCK_LEN)
#define FILE_LEN (sizeof magic + 8 + 8 + 4 + 4 + 4 + PUBLIC_BLOB_LEN + 4 + PADDED_LEN)

static uint8_t *put_private_list(uint8_t *to, uint32_t check, const aim_public_key *key,
                                 const uint8_t seed[AIM_KEY_SEED_LEN])
{
	to = put_u32(to, PADDED_LEN);
	to = put_u32(put_u32(to, check), check);
	public_blob(key, to);
	to = put_u32(to + PUBLIC_BLOB_LEN, AIM_KEY_SEED_LEN + AIM_KEY_PUBLIC_LEN);
	memcpy(to, seed, AIM_KEY_SEED_LEN);
	memcpy(to + AIM_KEY_SEED_LEN, key->bytes, AIM_KEY_PUBLIC_LEN);
	to = put_u32(to + AIM_KEY_SEED_LEN + AIM_KEY_PUBLIC_LEN, 0);
	for (uint8_t i = 1; i <= PADDED_LEN - LIST_LEN; i++)
		*to++ = i;
	return to;
}

aim_status aim__keyform_write_ssh_private(const aim_ctx *ctx, const aim_public_key *key,
                                          const uint8_t seed[AIM_KEY_SEED_LEN], aim_buf *out)
{
	uint8_t file[FILE_LEN];
	uint32_t check = 0;
	aim_status rc = aim__ctx_random(ctx, &check, sizeof check);
	if (rc != AIM_OK)
		return rc;
	memcpy(file, magic, sizeof magic);
	uint8_t *to = put_string(file + sizeof magic, "none", 4);
	to = put_string(to, "none", 4);
	to = put_u32(put_u32(to, 0), 1);
	to = put_u32(to, PUBLIC_BLOB_LEN);
	public_blob(key, to);
	to = put_private_list(to + PUBLIC_BLOB_LEN, check, key, seed);
	rc = aim__pem_write(out, "OPENSSH PRIVATE KEY", (aim_bytes){file, (size_t)(to - file)}, 70);
	aim__wipe(file, sizeof file);
	return rc;
}
