/* base/status.c — the table of status codes. Layer base. */
#include <aim/status.h>

typedef struct entry {
	aim_status code;
	const char *name;
	const char *text;
} entry;

#define ROW(code, text) {code, #code, text}

static const entry table[] = {
	ROW(AIM_OK, "success"),
	ROW(AIM_E_INVALID, "invalid argument"),
	ROW(AIM_E_NOMEM, "out of memory"),
	ROW(AIM_E_LIMIT, "a limit was reached"),
	ROW(AIM_E_STATE, "not possible in this state"),
	ROW(AIM_E_NOT_FOUND, "not found"),
	ROW(AIM_E_EXISTS, "already exists"),
	ROW(AIM_E_UNSUPPORTED, "not supported by this build"),
	ROW(AIM_E_IO, "input or output failed"),
	ROW(AIM_E_INTERNAL, "internal error of libaim"),
	ROW(AIM_E_VERSION, "made by or for a newer version"),
	ROW(AIM_E_EXPIRED, "expired"),
	ROW(AIM_E_CALLBACK, "a callback failed"),
	ROW(AIM_E_RANDOM, "the random source failed"),
	ROW(AIM_E_CLOCK, "the clock failed"),
	ROW(AIM_E_SPACE, "the buffer is too small"),
	ROW(AIM_E_JSON_SYNTAX, "not valid JSON"),
	ROW(AIM_E_UTF8, "not valid UTF-8"),
	ROW(AIM_E_JSON_DUPLICATE, "duplicate member name"),
	ROW(AIM_E_JSON_SURROGATE, "lone surrogate"),
	ROW(AIM_E_JSON_DEPTH, "nested too deeply"),
	ROW(AIM_E_JSON_SIZE, "document too large"),
	ROW(AIM_E_JSON_TRAILING, "bytes after the document"),
	ROW(AIM_E_JSON_NUMBER, "number not exact or out of range"),
	ROW(AIM_E_JSON_TYPE, "value of another type expected"),
	ROW(AIM_E_JSON_MISSING, "required member missing"),
	ROW(AIM_E_JSON_UNKNOWN, "unknown member"),
	ROW(AIM_E_ENCODING, "invalid encoding"),
	ROW(AIM_E_TOML, "not valid TOML"),
	ROW(AIM_E_YAML, "not valid YAML"),
	ROW(AIM_E_KEY, "not a usable key"),
	ROW(AIM_E_SIGNATURE, "invalid signature"),
	ROW(AIM_E_KEY_PURPOSE, "key is for another purpose"),
	ROW(AIM_E_SELF_TEST, "crypto self-test failed"),
	ROW(AIM_E_SIGNER, "external signer failed"),
	ROW(AIM_E_KEY_ALGORITHM, "key of another algorithm"),
	ROW(AIM_E_KEY_HALF, "public and private key mixed up"),
	ROW(AIM_E_KEY_ENCRYPTED, "private key file is encrypted"),
	ROW(AIM_E_KEY_PAIR, "private and public key do not belong together"),
	ROW(AIM_E_KEYSTORE, "not a usable keystore"),
	ROW(AIM_E_KEYSTORE_AGENT, "the keystore is of another agent"),
	ROW(AIM_E_PASSPHRASE, "wrong passphrase"),
	ROW(AIM_E_CONFLICT, "a precondition does not hold"),
	ROW(AIM_E_STORE_VERSION, "the store was written by a newer version"),
	ROW(AIM_E_STORE_CORRUPT, "the store is damaged"),
	ROW(AIM_E_STORE_READONLY, "the store is read-only"),
	ROW(AIM_E_STORE_FULL, "no space left in the store"),
	ROW(AIM_E_STORE_LOCKED, "the store is locked by another process"),
	ROW(AIM_E_STORE_BOUND, "a counter reached its bound"),
	ROW(AIM_E_STORE_ENGINE, "the store engine broke its contract"),
	ROW(AIM_E_STORE_FOREIGN, "the file is not a store of this library"),
	ROW(AIM_E_AUDIT_CORRUPT, "the audit log was changed"),
	ROW(AIM_E_AUDIT_GAP, "a record of the audit log is missing"),
	ROW(AIM_E_AUDIT_FORK, "the audit log has another history"),
	ROW(AIM_E_AUDIT_TRUNCATED, "the audit log was cut short"),
	ROW(AIM_E_AUDIT_PENDING, "no checkpoint covers the record yet"),
	ROW(AIM_E_AUDIT_FORMAT, "not a checkpoint, verifier key, receipt or export"),
	ROW(AIM_E_AUDIT_UNSIGNED, "not signed by the key that was asked for"),
	ROW(AIM_E_AUDIT_TRIMMED, "the record was removed by retention"),
	ROW(AIM_E_AUDIT_PARTIAL, "the export cannot show that it is whole"),
	ROW(AIM_E_ID_NAME, "not a usable name"),
	ROW(AIM_E_ID_STATUS, "not permitted in this status"),
	ROW(AIM_E_ID_CAPABILITY, "not a usable capability"),
	ROW(AIM_E_KEY_REVOKED, "the key is revoked"),
	ROW(AIM_E_KEY_EARLY, "the key was not registered yet"),
	ROW(AIM_E_ID_DID, "not a usable DID or SPIFFE id"),
	ROW(AIM_E_DELEGATION, "the delegation is not valid"),
	ROW(AIM_E_DELEGATION_SCOPE, "not delegated"),
	ROW(AIM_E_DELEGATION_REVOKED, "the delegation is revoked"),
	ROW(AIM_E_DELEGATION_FAMILY, "registered agents of the delegation do not fit"),
	ROW(AIM_E_GRANTREQUEST_SELF, "nobody decides about their own request"),
	ROW(AIM_E_SERVER_APPROVAL, "the change needs an approval"),
	ROW(AIM_E_TIMESTAMP, "not a usable timestamp"),
	ROW(AIM_E_STALE, "made too long ago"),
	ROW(AIM_E_FUTURE, "made in the future"),
	ROW(AIM_E_REPLAY, "seen before"),
	ROW(AIM_E_REPLAY_FULL, "the replay guard is full"),
	ROW(AIM_E_HEADER, "a header is missing or malformed"),
	ROW(AIM_E_UNTRUSTED_KEY, "signed by a key that is not trusted"),
	ROW(AIM_E_DIGEST, "the content does not match its digest"),
	ROW(AIM_E_ENVELOPE, "not a signed envelope"),
	ROW(AIM_E_UNCOVERED, "the signature does not cover what is required"),
	ROW(AIM_E_COMPONENT, "a covered component is unknown or missing"),
	ROW(AIM_E_THRESHOLD, "signed by too few keys"),
	ROW(AIM_E_ALGORITHM, "signed with an algorithm that is not accepted"),
	ROW(AIM_E_CLAIM, "signed for another purpose"),
	ROW(AIM_E_ISSUER, "the issuer is not trusted"),
	ROW(AIM_E_HANDSHAKE_SCORE, "the peer's score is too low"),
	ROW(AIM_E_HANDSHAKE_CAPABILITY, "the peer lacks a capability"),
	ROW(AIM_E_ASSESS_DEFINITION, "not a usable definition of a tool, prompt or resource"),
	ROW(AIM_E_ASSESS_DUPLICATE, "the same name twice in one list"),
	ROW(AIM_E_TRUST_SELF, "evidence of a subject about itself"),
	ROW(AIM_E_TRUST_WEIGHTS, "not a table of weights"),
	ROW(AIM_E_TRUST_EVENT, "the event id was used for other evidence"),
	ROW(AIM_E_TRUST_EVIDENCE, "not an export of trust evidence"),
	ROW(AIM_E_ATTESTER, "the attesting agent is not known"),
	ROW(AIM_E_SERVER_REVOKED, "the server is revoked"),
	ROW(AIM_E_TRUST_FLOOR, "the agent is trusted less than is needed"),
	ROW(AIM_E_ADVISORY, "not an OSV record, or some of many are not"),
	ROW(AIM_E_ADVISORY_VERSION, "not a version of its ecosystem"),
	ROW(AIM_E_ADVISORY_VECTOR, "not a CVSS vector"),
	ROW(AIM_E_PATTERN, "not a pattern that can be used"),
	ROW(AIM_E_SCAN_RULE, "not a rule of the scanner"),
	ROW(AIM_DENIED, "denied"),
	ROW(AIM_ASK, "approval needed"),
	ROW(AIM_E_POLICY, "the policy has errors"),
	ROW(AIM_E_ACTION_TOKEN, "no open action has this token"),
	ROW(AIM_E_ACTION_REPORTED, "the action was reported before"),
	ROW(AIM_E_LIMIT_FULL, "too many calls to follow"),
	ROW(AIM_E_BREAKER_OPEN, "the circuit breaker is open"),
	ROW(AIM_POLICY_COVERED, "the rule is covered by another"),
	ROW(AIM_POLICY_DUPLICATE, "another rule says the same"),
	ROW(AIM_POLICY_UNDECLARED, "the rule names what is not declared"),
	ROW(AIM_POLICY_UNDECIDED, "unknown: the analysis reached its bound"),
	ROW(AIM_E_FLOW_FULL, "too many sessions have labels"),
	ROW(AIM_E_GATEDTOOL_FAILED, "the tool's handler failed"),
	ROW(AIM_E_MCP_MESSAGE, "not an MCP message"),
	ROW(AIM_E_MCP_CLOSED, "already closed"),
	ROW(AIM_E_DISCOVERY_ENTRY, "an entry that names no server"),
	ROW(AIM_E_MCPDOCUMENT, "not a document about an MCP server"),
	ROW(AIM_E_MCPSERVER_VERSION, "not a version of MCP that is spoken here"),
	ROW(AIM_E_MCPSERVER_CAPABILITY, "the client lacks a capability that the tool needs"),
	ROW(AIM_E_KEYFILE_ACCESS, "not a private regular file"),
};

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
	return e ? e->name : "AIM_E_UNKNOWN";
}

const char *aim_status_text(aim_status status)
{
	const entry *e = find(status);
	return e ? e->text : "unknown status";
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
