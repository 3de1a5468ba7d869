/* evidence/attestation_form.c — the payload of an attestation, member by member. Layer evidence; knows the form and
 * nobody's key. FROZEN: others verify these bytes. */
#include "evidence/attestation.h"

#include "base/error.h"
#include "base/format.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "codec/writer.h"
#include "identity/check.h"
#include "store/id.h"

#include <string.h>

#define MAX_NUMBER ((INT64_C(1) << 53) - 1)
#define ALL_FLAGS \
	(AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY | AIM_ATTESTATION_SERVER_KEY | AIM_ATTESTATION_COMMAND)

/* ---- the form ---- */

static aim_status invalid(const char *member, const char *expected, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "attestation: %s is not %s", member, expected);
}

static aim_status check_id(const char prefix[4], const char *member, aim_str id, aim_error *err)
{
	char text[AIM__ID_SIZE];
	if (aim__id_parse(prefix, id, text, NULL) != AIM_OK || !aim_str_equal(id, aim_str_from(text)))
		return invalid(member, "an id in its stored form: four characters and 32 hex digits", err);
	return AIM_OK;
}

static aim_status check_checksum(aim_str checksum, aim_error *err)
{
	static const char label[] = "sha256:";
	int ok = checksum.len == 7 + 64 && memcmp(checksum.ptr, label, 7) == 0;
	for (size_t i = 7; ok && i < checksum.len; i++)
		ok = strchr("0123456789abcdef", checksum.ptr[i]) != NULL && checksum.ptr[i] != 0;
	return checksum.len == 0 || ok ? AIM_OK : invalid("checksum", "sha256: and 64 lower-case hex digits", err);
}

static aim_status check_nonce(aim_str nonce, aim_error *err)
{
	int ok = nonce.len > 0 && nonce.len <= AIM_ATTESTATION_MAX_NONCE;
	for (size_t i = 0; ok && i < nonce.len; i++)
		ok = nonce.ptr[i] > 0x20 && nonce.ptr[i] < 0x7f;
	return ok ? AIM_OK : invalid("nonce", "1 to 128 printable ASCII characters", err);
}

static aim_status check_capabilities(const aim_ctx *ctx, const aim_attestation_payload *p, aim_error *err)
{
	if (p->n_capabilities > AIM_ATTESTATION_MAX_CAPABILITIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "attestation: more than %u capabilities",
		                 AIM_ATTESTATION_MAX_CAPABILITIES);
	if (p->n_capabilities && !p->capabilities)
		return invalid("capabilities", "a list", err);
	for (uint64_t i = 0; i < p->n_capabilities; i++) {
		aim_status rc = aim__check_text("attestation: a capability", p->capabilities[i], AIM__TEXT_MAX,
		                                AIM__CHECK_REQUIRED, err);
		if (rc != AIM_OK)
			return rc;
	}
	(void)ctx;
	return AIM_OK;
}

static aim_status check_times(const aim_attestation_payload *p, aim_error *err)
{
	char text[AIM__TIME_TEXT_SIZE];
	if (p->latency_us < 0 || p->latency_us > MAX_NUMBER)
		return invalid("latency_us", "between 0 and 2^53 - 1", err);
	if (p->issued_at_s <= 0 || aim__time_format_s(text, p->issued_at_s) != AIM_OK)
		return invalid("issued_at", "within the years 1970 to 9999", err);
	if (p->expires_at_s <= p->issued_at_s || aim__time_format_s(text, p->expires_at_s) != AIM_OK ||
	    p->expires_at_s - p->issued_at_s > AIM_ATTESTATION_MAX_LIFE_S)
		return invalid("expires_at", "1 s to 366 days behind issued_at", err);
	return AIM_OK;
}

static aim_status check_server(const aim_ctx *ctx, const aim_attestation_payload *p, aim_error *err)
{
	int launched = (p->flags & AIM_ATTESTATION_COMMAND) != 0;
	aim_status rc = check_id("srv_", "server_id", p->server_id, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "attestation: server_name", p->server_name, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "attestation: server_version", p->server_version, 0, err);
	if (rc == AIM_OK && launched && p->server_url.len)
		return invalid("server_url", "empty, though the server is launched by a command", err);
	if (rc == AIM_OK && !launched)
		rc = aim__check_text("attestation: server_url", p->server_url, AIM__URL_MAX, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK && p->flags & AIM_ATTESTATION_SERVER_KEY)
		rc = aim_key_public_check(&p->server_key, err);
	return rc;
}

aim_status aim__attestation_check(const aim_ctx *ctx, const aim_attestation_payload *p, aim_error *err)
{
	if (p->flags & ~ALL_FLAGS)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE,
		                 "aim_attestation_payload.flags has an unknown flag");
	aim_status rc = check_id("agt_", "agent_id", p->agent_id, err);
	if (rc == AIM_OK)
		rc = check_server(ctx, p, err);
	if (rc == AIM_OK)
		rc = check_checksum(p->checksum, err);
	if (rc == AIM_OK)
		rc = check_nonce(p->nonce, err);
	if (rc == AIM_OK)
		rc = check_capabilities(ctx, p, err);
	return rc == AIM_OK ? check_times(p, err) : rc;
}

/* ---- writing ---- */

static void write_hash(aim__json_writer *w, const char *name, const uint8_t hash[32])
{
	char hex[64];
	aim__hex_write(aim_bytes_from(hash, 32), hex);
	aim__write_member_string(w, name, (aim_str){hex, sizeof hex});
}

static void write_key(aim__json_writer *w, const char *name, const aim_public_key *key)
{
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];
	(void)aim_key_public_text(key, text);
	aim__write_member_text(w, name, text);
}

static void write_optional(aim__json_writer *w, const char *name, aim_str text)
{
	aim__write_key(w, name);
	if (text.len)
		aim__write_string(w, text);
	else
		aim__write_null(w);
}

static void write_server(aim__json_writer *w, const aim_attestation_payload *p)
{
	aim_str none = {NULL, 0};
	aim__write_member_string(w, "server_id", p->server_id);
	if (p->flags & AIM_ATTESTATION_SERVER_KEY)
		write_key(w, "server_key", &p->server_key);
	else
		write_optional(w, "server_key", none);
	aim__write_member_string(w, "server_name", p->server_name);
	if (!(p->flags & AIM_ATTESTATION_COMMAND))
		aim__write_member_string(w, "server_url", p->server_url);
	write_optional(w, "server_version", p->server_version);
}

/* Members in the order of RFC 8785 §3.2.3. */
void aim__attestation_write(const aim_attestation_payload *p, aim__json_writer *w)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "agent_id", p->agent_id);
	write_key(w, "agent_key", &p->agent_key);
	aim__write_key(w, "capabilities");
	aim__write_begin_array(w);
	for (uint64_t i = 0; i < p->n_capabilities; i++)
		aim__write_string(w, p->capabilities[i]);
	aim__write_end_array(w);
	write_optional(w, "checksum", p->checksum);
	if (p->flags & AIM_ATTESTATION_COMMAND)
		write_hash(w, "command_hash", p->command_hash);
	write_hash(w, "config_hash", p->config_hash);
	aim__write_member_bool(w, "connection_ok", (p->flags & AIM_ATTESTATION_CONNECTED) != 0);
	aim__write_member_int64(w, "expires_at", p->expires_at_s);
	aim__write_member_bool(w, "health_ok", (p->flags & AIM_ATTESTATION_HEALTHY) != 0);
	aim__write_member_int64(w, "issued_at", p->issued_at_s);
	aim__write_member_int64(w, "latency_us", p->latency_us);
	write_hash(w, "manifest_hash", p->manifest_hash);
	aim__write_member_string(w, "nonce", p->nonce);
	write_server(w, p);
	aim__write_end_object(w);
}

/* ---- reading ---- */

/* What the members have in common: where they go and what they are. */
#define TEXT 1u     /* a string, not empty */
#define OPTIONAL 2u /* a string or null */
#define NUMBER 3u
#define HASH 4u
#define KEY 5u

typedef struct member {
	const char *name;
	uint16_t offset;
	uint8_t type;
	uint8_t required; /* else it may be absent; its flag is set when it is there, and not null */
	uint32_t flag;
} member;

#define MEMBER(name, field, type, required, flag) \
	{name, offsetof(aim_attestation_payload, field), type, required, flag}
static const member members[] = {
	MEMBER("agent_id", agent_id, TEXT, 1, 0),
	MEMBER("agent_key", agent_key, KEY, 1, 0),
	MEMBER("checksum", checksum, OPTIONAL, 1, 0),
	MEMBER("command_hash", command_hash, HASH, 0, AIM_ATTESTATION_COMMAND),
	MEMBER("config_hash", config_hash, HASH, 1, 0),
	MEMBER("expires_at", expires_at_s, NUMBER, 1, 0),
	MEMBER("issued_at", issued_at_s, NUMBER, 1, 0),
	MEMBER("latency_us", latency_us, NUMBER, 1, 0),
	MEMBER("manifest_hash", manifest_hash, HASH, 1, 0),
	MEMBER("nonce", nonce, TEXT, 1, 0),
	MEMBER("server_id", server_id, TEXT, 1, 0),
	MEMBER("server_key", server_key, KEY, 0, AIM_ATTESTATION_SERVER_KEY),
	MEMBER("server_name", server_name, TEXT, 1, 0),
	MEMBER("server_url", server_url, TEXT, 0, 0),
	MEMBER("server_version", server_version, OPTIONAL, 1, 0),
};

static aim_status malformed(const aim_json *doc, aim_json_value at, const char *name, aim_error *err)
{
	aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "attestation: %s is missing or not of its form", name);
	aim__json_error_at(doc, at == AIM_JSON_NONE ? AIM_JSON_ROOT : at, err);
	return AIM_E_ENVELOPE;
}

static aim_status copy_text(aim__arena *arena, aim_str text, aim_str *out, aim_error *err)
{
	*out = aim__arena_copy(arena, text);
	return out->ptr ? AIM_OK : aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
}

static int read_hash(const aim_json *doc, aim_json_value v, uint8_t out[32])
{
	aim_str hex = aim__json_string(doc, v);
	return hex.ptr && aim__encoding_read_exact(AIM_ENCODING_HEX, hex, out, 32) == AIM_OK;
}

static int read_key(const aim_json *doc, aim_json_value v, aim_public_key *out)
{
	aim_str text = aim__json_string(doc, v);
	if (text.len <= 8 || memcmp(text.ptr, "ed25519:", 8) != 0)
		return 0;
	text.ptr += 8;
	text.len -= 8;
	return aim__encoding_read_exact(AIM_ENCODING_BASE64, text, out->bytes, sizeof out->bytes) == AIM_OK;
}

static aim_status read_member(const aim_json *doc, aim_json_value v, const member *m, aim__arena *arena,
                              aim_attestation_payload *p, aim_error *err)
{
	void *field = (char *)p + m->offset;
	uint32_t type = aim__json_type(doc, v);
	int ok = 0;
	if (m->type == OPTIONAL && type == AIM_JSON_NULL)
		return AIM_OK;
	switch (m->type) {
	case OPTIONAL:
	case TEXT:
		if (type == AIM_JSON_STRING && aim__json_string(doc, v).len > 0)
			return copy_text(arena, aim__json_string(doc, v), field, err);
		break;
	case NUMBER:
		ok = aim_json_int64(doc, v, field) == AIM_OK;
		break;
	case HASH:
		ok = read_hash(doc, v, field);
		break;
	default:
		if (type == AIM_JSON_NULL && !m->required)
			return AIM_OK;
		ok = read_key(doc, v, field);
	}
	if (!ok)
		return malformed(doc, v, m->name, err);
	p->flags |= m->flag;
	return AIM_OK;
}

static aim_status read_flag(const aim_json *doc, aim_json_value predicate, const char *name, uint32_t flag,
                            aim_attestation_payload *p, aim_error *err)
{
	int32_t value = 0;
	aim_json_value v = aim__json_member_text(doc, predicate, name);
	if (aim_json_bool(doc, v, &value) != AIM_OK)
		return malformed(doc, v, name, err);
	p->flags |= value ? flag : 0;
	return AIM_OK;
}

static aim_status read_capabilities(const aim_json *doc, aim_json_value predicate, aim__arena *arena,
                                    aim_attestation_payload *p, aim_error *err)
{
	aim_json_value list = aim__json_member_text(doc, predicate, "capabilities");
	if (aim__json_type(doc, list) != AIM_JSON_ARRAY)
		return malformed(doc, list, "capabilities", err);
	size_t n = aim_json_count(doc, list);
	if (n > AIM_ATTESTATION_MAX_CAPABILITIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "attestation: more than %u capabilities",
		                 AIM_ATTESTATION_MAX_CAPABILITIES);
	aim_str *items = aim__arena_array(arena, n, sizeof *items);
	if (!items)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_EVIDENCE);
	p->capabilities = items;
	p->n_capabilities = n;
	for (aim_json_value v = aim__json_first(doc, list); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_str text = aim__json_string(doc, v);
		if (text.len == 0)
			return malformed(doc, v, "a capability", err);
		aim_status rc = copy_text(arena, text, items++, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

aim_status aim__attestation_read(const aim_json *doc, aim_json_value predicate, aim__arena *arena,
                                 aim_attestation_payload *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		aim_json_value v = aim__json_member_text(doc, predicate, members[i].name);
		if (v == AIM_JSON_NONE && !members[i].required)
			continue;
		aim_status rc = read_member(doc, v, &members[i], arena, out, err);
		if (rc != AIM_OK)
			return rc;
	}
	aim_status rc = read_flag(doc, predicate, "connection_ok", AIM_ATTESTATION_CONNECTED, out, err);
	if (rc == AIM_OK)
		rc = read_flag(doc, predicate, "health_ok", AIM_ATTESTATION_HEALTHY, out, err);
	return rc == AIM_OK ? read_capabilities(doc, predicate, arena, out, err) : rc;
}
