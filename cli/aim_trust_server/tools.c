/* cli/aim_trust_server/tools.c — the six tools: what they are called and take, and a record of every call. */
#include "program.h"

#include <string.h>

#define TEXT(d) "{\"type\":\"string\",\"description\":\"" d "\"}"
#define DID(d) "{\"type\":\"string\",\"maxLength\":256,\"pattern\":\"^did:\",\"description\":\"" d "\"}"
#define OBJECT(properties, required)                                                                                   \
	"{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "],\"additionalProperties\":false}"
#define READS "{\"readOnlyHint\":true,\"openWorldHint\":false}"
#define ADDS "{\"readOnlyHint\":false,\"destructiveHint\":false,\"idempotentHint\":false,\"openWorldHint\":false}"

/* Where an argument goes. */
enum { ARGUMENT_DID, ARGUMENT_CAPABILITY, ARGUMENT_CAPABILITIES, ARGUMENT_WORD, ARGUMENT_DETAILS };

typedef struct argument {
	const char *name;
	uint32_t kind;
	size_t at; /* of an aim_str in arguments */
} argument;

#define AT(member) offsetof(arguments, member)
static const argument agent = {"agent_did", ARGUMENT_DID, AT(agent)};
static const argument peer = {"peer_did", ARGUMENT_DID, AT(peer)};
static const argument delegator = {"delegator_did", ARGUMENT_DID, AT(delegator)};
static const argument capability = {"capability", ARGUMENT_CAPABILITY, AT(capability)};
static const argument capabilities = {"capabilities", ARGUMENT_CAPABILITIES, 0};
static const argument outcome = {"outcome", ARGUMENT_WORD, AT(outcome)};
static const argument details = {"details", ARGUMENT_DETAILS, AT(details)};

typedef struct tool {
	const char *name;
	const char *description;
	const char *schema;
	const char *annotations;
	const argument *takes[4];
	aim_status (*answer)(program *p, const arguments *a, aim_buf *out, aim_error *err);
} tool;

/* clang-format off */
static const tool tools[] = {
	{"check_trust", "Quick trust check: is the agent trusted?",
	 OBJECT("\"agent_did\":" DID("DID of the agent"), "\"agent_did\""), READS, {&agent}, answer_check_trust},
	{"establish_handshake", "Initiate a cryptographic trust handshake with a peer",
	 OBJECT("\"peer_did\":" DID("DID of the peer") ",\"capabilities\":{\"type\":\"array\",\"maxItems\":64,\"items\":"
	        TEXT("a capability, such as read:data") ",\"description\":\"what the peer must have\"}",
	        "\"peer_did\",\"capabilities\""), ADDS, {&peer, &capabilities}, answer_establish_handshake},
	{"get_identity", "This server's DID, public key, and capabilities",
	 OBJECT("", ""), READS, {NULL}, answer_get_identity},
	{"get_trust_score", "Full trust breakdown with all five dimensions",
	 OBJECT("\"agent_did\":" DID("DID of the agent"), "\"agent_did\""), READS, {&agent}, answer_get_trust_score},
	{"record_interaction", "Record the outcome of an interaction and adjust the peer's trust score",
	 OBJECT("\"peer_did\":" DID("DID of the peer") ",\"outcome\":{\"type\":\"string\",\"enum\":[\"success\",\"failure\","
	        "\"timeout\",\"partial\"]},\"details\":{\"type\":\"string\",\"maxLength\":1024,\"description\":\"what happened\"}",
	        "\"peer_did\",\"outcome\""), ADDS, {&peer, &outcome, &details}, answer_record_interaction},
	{"verify_delegation", "Verify that a delegation chain is valid",
	 OBJECT("\"agent_did\":" DID("DID of the agent") ",\"delegator_did\":" DID("DID of the one who delegated")
	        ",\"capability\":" TEXT("what was delegated"), "\"agent_did\",\"delegator_did\",\"capability\""), READS,
	 {&agent, &delegator, &capability}, answer_verify_delegation},
};
/* clang-format on */

#define N_TOOLS (sizeof tools / sizeof *tools)

aim_status tools_list(void *user, aim_buf *out, aim_error *err)
{
	put w = {out, AIM_OK, 0};
	(void)user;
	(void)err;
	put_open(&w, NULL, '[');
	for (size_t i = 0; i < N_TOOLS; i++) {
		put_open(&w, NULL, '{');
		put_text(&w, "name", aim_str_from(tools[i].name));
		put_text(&w, "description", aim_str_from(tools[i].description));
		put_json(&w, "inputSchema", aim_bytes_from_str(aim_str_from(tools[i].schema)));
		put_json(&w, "annotations", aim_bytes_from_str(aim_str_from(tools[i].annotations)));
		put_close(&w, '}');
	}
	put_close(&w, ']');
	return w.rc;
}

/* ---- arguments ---- */

static aim_status read_list(const aim_json *doc, aim_json_value list, arguments *a, aim_error *err)
{
	if (aim_json_type(doc, list) != AIM_JSON_ARRAY || aim_json_count(doc, list) > CAPABILITIES_MAX)
		return refuse(err, AIM_E_INVALID, "capabilities must be a list of at most %u texts", CAPABILITIES_MAX);
	for (aim_json_value v = aim_json_first(doc, list); v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		aim_str text = aim_json_string(doc, v);
		if (!text.len)
			return refuse(err, AIM_E_INVALID, "capabilities must be a list of texts that are not empty");
		a->capabilities[a->n_capabilities++] = text;
	}
	return AIM_OK;
}

static aim_status check_text(const argument *is, aim_str text, aim_error *err)
{
	static const size_t longest[] = {DID_MAX, DID_MAX, 0, OUTCOME_MAX, DETAILS_MAX};
	aim_error why = {0};
	if (!text.ptr || (!text.len && is->kind != ARGUMENT_DETAILS))
		return refuse(err, AIM_E_INVALID, "%s must be a text that is not empty", is->name);
	if (text.len > longest[is->kind])
		return refuse(err, AIM_E_INVALID, "%s has more than %zu bytes", is->name, longest[is->kind]);
	if (memchr(text.ptr, 0, text.len))
		return refuse(err, AIM_E_INVALID, "%s must not hold U+0000", is->name);
	if (is->kind == ARGUMENT_DID && aim_did_check(text, &why) != AIM_OK)
		return refuse(err, AIM_E_ID_DID, "%s: %s", is->name, why.message);
	return AIM_OK;
}

static aim_status read_argument(const argument *is, const aim_json *doc, arguments *a, aim_error *err)
{
	aim_json_value v = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from(is->name));
	if (v == AIM_JSON_NONE && is->kind == ARGUMENT_DETAILS)
		return AIM_OK;
	if (v == AIM_JSON_NONE)
		return refuse(err, AIM_E_INVALID, "%s is required", is->name);
	if (is->kind == ARGUMENT_CAPABILITIES)
		return read_list(doc, v, a, err);
	aim_str text = aim_json_string(doc, v);
	aim_status rc = check_text(is, text, err);
	if (rc == AIM_OK)
		memcpy((char *)a + is->at, &text, sizeof text);
	return rc;
}

static int takes(const tool *t, aim_str name)
{
	for (size_t i = 0; i < sizeof t->takes / sizeof *t->takes && t->takes[i]; i++)
		if (aim_str_equal(name, aim_str_from(t->takes[i]->name)))
			return 1;
	return 0;
}

static aim_status read_arguments(const tool *t, const aim_json *doc, arguments *a, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim_json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		aim_str name = aim_json_key(doc, v);
		if (!takes(t, name))
			return refuse(err, AIM_E_INVALID, "'%.*s' is no argument of %s", (int)(name.len < 64 ? name.len : 64), name.ptr,
			              t->name);
	}
	for (size_t i = 0; rc == AIM_OK && i < sizeof t->takes / sizeof *t->takes && t->takes[i]; i++)
		rc = read_argument(t->takes[i], doc, a, err);
	return rc;
}

/* ---- the record ---- */

static aim_status record(program *p, const tool *t, const arguments *a, const char *kind, const char *decision,
                         aim_status outcome_status, aim_error *err)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from(kind);
	r.agent = aim_str_from(p->agent_id);
	r.did = aim_str_from(p->did);
	r.action = aim_str_from(t->name);
	r.resource = a->agent.len ? a->agent : a->peer;
	r.decision = aim_str_from(decision);
	if (!decision) {
		r.reason_code = aim_str_from(outcome_status == AIM_OK ? "ok" : aim_status_name(outcome_status));
		r.data = aim_str_from(outcome_status == AIM_OK ? "{\"success\":true}" : "{\"success\":false}");
	}
	return aim_audit_append(p->log, &r, NULL, err);
}

static aim_status run(program *p, const tool *t, const aim_json *doc, aim_buf *out, aim_error *err)
{
	arguments a;
	aim_error unrecorded = {0};
	memset(&a, 0, sizeof a);
	aim_status rc = read_arguments(t, doc, &a, err);
	if (rc != AIM_OK)
		memset(&a, 0, sizeof a);
	aim_status recorded = record(p, t, &a, "tool_call", rc == AIM_OK ? "allow" : "deny", AIM_OK, &unrecorded);
	if (recorded != AIM_OK)
		return refuse(err, recorded, "the call could not be recorded: %s", unrecorded.message);
	if (rc != AIM_OK)
		return rc;
	rc = t->answer(p, &a, out, err);
	recorded = record(p, t, &a, "tool_result", NULL, rc, &unrecorded);
	if (rc == AIM_OK && recorded != AIM_OK)
		return refuse(err, recorded, "what came of the call could not be recorded: %s", unrecorded.message);
	/* AIM_E_NOT_FOUND and AIM_E_MCPSERVER_CAPABILITY mean something else to the caller. */
	return rc == AIM_E_NOT_FOUND || rc == AIM_E_MCPSERVER_CAPABILITY ? AIM_E_INVALID : rc;
}

aim_status tools_call(void *user, const aim_request *caller, aim_str name, aim_bytes text, aim_buf *out,
                      aim_error *err)
{
	program *p = user;
	aim_json *doc = NULL;
	(void)caller;
	for (size_t i = 0; i < N_TOOLS; i++) {
		if (!aim_str_equal(name, aim_str_from(tools[i].name)))
			continue;
		aim_status rc = aim_json_new(p->ctx, &doc);
		if (rc == AIM_OK)
			rc = aim_json_parse(doc, text, AIM_JSON_BORROW, err);
		if (rc == AIM_OK)
			rc = run(p, &tools[i], doc, out, err);
		aim_json_free(doc);
		return rc;
	}
	return AIM_E_NOT_FOUND;
}
