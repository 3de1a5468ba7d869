/* base/status.c — the table of status codes. Layer base. */
#include <aim/status.h>

#include <stddef.h>
#include <stdint.h>

/* One line each, name and text from one place. */
#define ALL_STATUSES(X) \
	X(AIM_OK, "success") \
	X(AIM_E_INVALID, "invalid argument") \
	X(AIM_E_NOMEM, "out of memory") \
	X(AIM_E_LIMIT, "a limit was reached") \
	X(AIM_E_STATE, "not possible in this state") \
	X(AIM_E_NOT_FOUND, "not found") \
	X(AIM_E_EXISTS, "already exists") \
	X(AIM_E_UNSUPPORTED, "not supported by this build") \
	X(AIM_E_IO, "input or output failed") \
	X(AIM_E_INTERNAL, "internal error of libaim") \
	X(AIM_E_VERSION, "made by or for a newer version") \
	X(AIM_E_EXPIRED, "expired") \
	X(AIM_E_CALLBACK, "a callback failed") \
	X(AIM_E_RANDOM, "the random source failed") \
	X(AIM_E_CLOCK, "the clock failed") \
	X(AIM_E_SPACE, "the buffer is too small") \
	X(AIM_E_JSON_SYNTAX, "not valid JSON") \
	X(AIM_E_UTF8, "not valid UTF-8") \
	X(AIM_E_JSON_DUPLICATE, "duplicate member name") \
	X(AIM_E_JSON_SURROGATE, "lone surrogate") \
	X(AIM_E_JSON_DEPTH, "nested too deeply") \
	X(AIM_E_JSON_SIZE, "document too large") \
	X(AIM_E_JSON_TRAILING, "bytes after the document") \
	X(AIM_E_JSON_NUMBER, "number not exact or out of range") \
	X(AIM_E_JSON_TYPE, "value of another type expected") \
	X(AIM_E_JSON_MISSING, "required member missing") \
	X(AIM_E_JSON_UNKNOWN, "unknown member") \
	X(AIM_E_ENCODING, "invalid encoding") \
	X(AIM_E_TOML, "not valid TOML") \
	X(AIM_E_YAML, "not valid YAML") \
	X(AIM_E_KEY, "not a usable key") \
	X(AIM_E_SIGNATURE, "invalid signature") \
	X(AIM_E_KEY_PURPOSE, "key is for another purpose") \
	X(AIM_E_SELF_TEST, "crypto self-test failed") \
	X(AIM_E_SIGNER, "external signer failed") \
	X(AIM_E_KEY_ALGORITHM, "key of another algorithm") \
	X(AIM_E_KEY_HALF, "public and private key mixed up") \
	X(AIM_E_KEY_ENCRYPTED, "private key file is encrypted") \
	X(AIM_E_KEY_PAIR, "private and public key do not belong together") \
	X(AIM_E_KEYSTORE, "not a usable keystore") \
	X(AIM_E_KEYSTORE_AGENT, "the keystore is of another agent") \
	X(AIM_E_PASSPHRASE, "wrong passphrase") \
	X(AIM_E_CONFLICT, "a precondition does not hold") \
	X(AIM_E_STORE_VERSION, "the store was written by a newer version") \
	X(AIM_E_STORE_CORRUPT, "the store is damaged") \
	X(AIM_E_STORE_READONLY, "the store is read-only") \
	X(AIM_E_STORE_FULL, "no space left in the store") \
	X(AIM_E_STORE_LOCKED, "the store is locked by another process") \
	X(AIM_E_STORE_BOUND, "a counter reached its bound") \
	X(AIM_E_STORE_ENGINE, "the store engine broke its contract") \
	X(AIM_E_STORE_FOREIGN, "the file is not a store of this library") \
	X(AIM_E_AUDIT_CORRUPT, "the audit log was changed") \
	X(AIM_E_AUDIT_GAP, "a record of the audit log is missing") \
	X(AIM_E_AUDIT_FORK, "the audit log has another history") \
	X(AIM_E_AUDIT_TRUNCATED, "the audit log was cut short") \
	X(AIM_E_AUDIT_PENDING, "no checkpoint covers the record yet") \
	X(AIM_E_AUDIT_FORMAT, "not a checkpoint, verifier key, receipt or export") \
	X(AIM_E_AUDIT_UNSIGNED, "not signed by the key that was asked for") \
	X(AIM_E_AUDIT_TRIMMED, "the record was removed by retention") \
	X(AIM_E_AUDIT_PARTIAL, "the export cannot show that it is whole") \
	X(AIM_E_ID_NAME, "not a usable name") \
	X(AIM_E_ID_STATUS, "not permitted in this status") \
	X(AIM_E_ID_CAPABILITY, "not a usable capability") \
	X(AIM_E_KEY_REVOKED, "the key is revoked") \
	X(AIM_E_KEY_EARLY, "the key was not registered yet") \
	X(AIM_E_ID_DID, "not a usable DID or SPIFFE id") \
	X(AIM_E_DELEGATION, "the delegation is not valid") \
	X(AIM_E_DELEGATION_SCOPE, "not delegated") \
	X(AIM_E_DELEGATION_REVOKED, "the delegation is revoked") \
	X(AIM_E_DELEGATION_FAMILY, "registered agents of the delegation do not fit") \
	X(AIM_E_GRANTREQUEST_SELF, "nobody decides about their own request") \
	X(AIM_E_SERVER_APPROVAL, "the change needs an approval") \
	X(AIM_E_TIMESTAMP, "not a usable timestamp") \
	X(AIM_E_STALE, "made too long ago") \
	X(AIM_E_FUTURE, "made in the future") \
	X(AIM_E_REPLAY, "seen before") \
	X(AIM_E_REPLAY_FULL, "the replay guard is full") \
	X(AIM_E_HEADER, "a header is missing or malformed") \
	X(AIM_E_UNTRUSTED_KEY, "signed by a key that is not trusted") \
	X(AIM_E_DIGEST, "the content does not match its digest") \
	X(AIM_E_ENVELOPE, "not a signed envelope") \
	X(AIM_E_UNCOVERED, "the signature does not cover what is required") \
	X(AIM_E_COMPONENT, "a covered component is unknown or missing") \
	X(AIM_E_THRESHOLD, "signed by too few keys") \
	X(AIM_E_ALGORITHM, "signed with an algorithm that is not accepted") \
	X(AIM_E_CLAIM, "signed for another purpose") \
	X(AIM_E_ISSUER, "the issuer is not trusted") \
	X(AIM_E_HANDSHAKE_SCORE, "the peer's score is too low") \
	X(AIM_E_HANDSHAKE_CAPABILITY, "the peer lacks a capability") \
	X(AIM_E_ASSESS_DEFINITION, "not a usable definition of a tool, prompt or resource") \
	X(AIM_E_ASSESS_DUPLICATE, "the same name twice in one list") \
	X(AIM_E_TRUST_SELF, "evidence of a subject about itself") \
	X(AIM_E_TRUST_WEIGHTS, "not a table of weights") \
	X(AIM_E_TRUST_EVENT, "the event id was used for other evidence") \
	X(AIM_E_TRUST_EVIDENCE, "not an export of trust evidence") \
	X(AIM_E_ATTESTER, "the attesting agent is not known") \
	X(AIM_E_SERVER_REVOKED, "the server is revoked") \
	X(AIM_E_TRUST_FLOOR, "the agent is trusted less than is needed") \
	X(AIM_E_ADVISORY, "not an OSV record, or some of many are not") \
	X(AIM_E_ADVISORY_VERSION, "not a version of its ecosystem") \
	X(AIM_E_ADVISORY_VECTOR, "not a CVSS vector") \
	X(AIM_E_PATTERN, "not a pattern that can be used") \
	X(AIM_E_SCAN_RULE, "not a rule of the scanner") \
	X(AIM_DENIED, "denied") \
	X(AIM_ASK, "approval needed") \
	X(AIM_E_POLICY, "the policy has errors") \
	X(AIM_E_ACTION_TOKEN, "no open action has this token") \
	X(AIM_E_ACTION_REPORTED, "the action was reported before") \
	X(AIM_E_LIMIT_FULL, "too many calls to follow") \
	X(AIM_E_BREAKER_OPEN, "the circuit breaker is open") \
	X(AIM_POLICY_COVERED, "the rule is covered by another") \
	X(AIM_POLICY_DUPLICATE, "another rule says the same") \
	X(AIM_POLICY_UNDECLARED, "the rule names what is not declared") \
	X(AIM_POLICY_UNDECIDED, "unknown: the analysis reached its bound") \
	X(AIM_E_FLOW_FULL, "too many sessions have labels") \
	X(AIM_E_GATEDTOOL_FAILED, "the tool's handler failed") \
	X(AIM_E_MCP_MESSAGE, "not an MCP message") \
	X(AIM_E_MCP_CLOSED, "already closed") \
	X(AIM_E_DISCOVERY_ENTRY, "an entry that names no server") \
	X(AIM_E_MCPDOCUMENT, "not a document about an MCP server") \
	X(AIM_E_MCPSERVER_VERSION, "not a version of MCP that is spoken here") \
	X(AIM_E_MCPSERVER_CAPABILITY, "the client lacks a capability that the tool needs") \
	X(AIM_E_KEYFILE_ACCESS, "not a private regular file")

/* The texts lie in one block and rows say where: no row has a pointer that would be relocated in every process. */
typedef struct strings {
#define X(code, text) char name_##code[sizeof #code]; char text_##code[sizeof text];
	ALL_STATUSES(X)
#undef X
} strings;

static const strings all = {
#define X(code, text) #code, text,
	ALL_STATUSES(X)
#undef X
};

typedef struct entry {
	int16_t code;
	uint16_t name;
	uint16_t text;
} entry;

static const entry table[] = {
#define X(code, text) {(int16_t)(code), (uint16_t)offsetof(strings, name_##code), (uint16_t)offsetof(strings, text_##code)},
	ALL_STATUSES(X)
#undef X
};

_Static_assert(sizeof(strings) <= UINT16_MAX, "an offset into the texts has 16 bits");

#define N_ENTRIES (sizeof table / sizeof *table)

static const entry *find(aim_status status)
{
	for (size_t i = 0; i < N_ENTRIES; i++)
		if (table[i].code == status)
			return &table[i];
	return NULL;
}

const char *aim_status_name(aim_status status)
{
	const entry *e = find(status);
	return e ? (const char *)&all + e->name : "AIM_E_UNKNOWN";
}

const char *aim_status_text(aim_status status)
{
	const entry *e = find(status);
	return e ? (const char *)&all + e->text : "unknown status";
}

aim_status aim_status_at(size_t index, aim_status *out)
{
	if (!out)
		return AIM_E_INVALID;
	if (index >= N_ENTRIES)
		return AIM_E_NOT_FOUND;
	*out = table[index].code;
	return AIM_OK;
}
