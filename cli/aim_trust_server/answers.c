/* cli/aim_trust_server/answers.c — what the six tools do. The decisions are libaim's; here they become JSON. */
#include "program.h"

#include <string.h>
#include <time.h>

#define US_PER_S 1000000

/* ---- trust ---- */

static void put_dimensions(put *w, const aim_trustinterop_mesh *mesh)
{
	put_open(w, "dimensions", '{');
	put_number(w, "competence", mesh->competence);
	put_number(w, "integrity", mesh->integrity);
	put_number(w, "availability", mesh->availability);
	put_number(w, "predictability", mesh->predictability);
	put_number(w, "transparency", mesh->transparency);
	put_close(w, '}');
}

static void put_level(put *w, const aim_trustinterop_mesh *mesh)
{
	put_number(w, "overall_score", mesh->overall);
	put_text(w, "trust_level", aim_str_from(aim_trustinterop_tier_name(aim_trustinterop_mesh_tier(mesh))));
}

static int is_verdict(aim_status rc)
{
	return rc == AIM_OK || rc == AIM_DENIED || rc == AIM_E_ID_STATUS || rc == AIM_E_EXPIRED;
}

aim_status answer_check_trust(program *p, const arguments *a, aim_buf *out, aim_error *err)
{
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	put w = {out, AIM_OK, 0};
	aim_status rc = aim_trustmesh_check(p->registry, a->agent, p->config->min_trust, NULL, &mesh, err);
	if (!is_verdict(rc))
		return rc;
	put_open(&w, NULL, '{');
	put_text(&w, "agent_did", a->agent);
	put_bool(&w, "trusted", rc == AIM_OK);
	put_bool(&w, "known", mesh.known == 1);
	put_level(&w, &mesh);
	put_dimensions(&w, &mesh);
	put_number(&w, "min_trust_threshold", p->config->min_trust);
	put_close(&w, '}');
	return w.rc;
}

static aim_status take_number(void *user, const aim_trustmesh_moment *moment)
{
	*(uint64_t *)user = moment->number;
	return AIM_OK;
}

static void put_time(put *w, const char *name, int64_t time_us)
{
	char text[40];
	struct tm parts;
	time_t seconds = (time_t)(time_us / US_PER_S);
	if (time_us > 0 && gmtime_r(&seconds, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts))
		put_text(w, name, aim_str_from(text));
	else
		put_null(w, name);
}

aim_status answer_get_trust_score(program *p, const arguments *a, aim_buf *out, aim_error *err)
{
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	uint64_t count = 0;
	put w = {out, AIM_OK, 0};
	aim_status rc = aim_trustmesh_score(p->registry, a->agent, NULL, &mesh, err);
	if (rc == AIM_OK)
		rc = aim_trustmesh_history(p->registry, a->agent, 1, take_number, &count, err);
	if (rc != AIM_OK)
		return rc;
	put_open(&w, NULL, '{');
	put_text(&w, "agent_did", a->agent);
	put_bool(&w, "known", mesh.known == 1);
	put_level(&w, &mesh);
	put_dimensions(&w, &mesh);
	put_number(&w, "interaction_count", (int64_t)count);
	put_time(&w, "last_updated", mesh.last_us);
	put_close(&w, '}');
	return w.rc;
}

/* Lines become one: what is recorded as a cause has no control characters. */
static aim_str one_line(aim_str text, char *out)
{
	for (size_t i = 0; i < text.len; i++)
		out[i] = text.ptr[i] == '\n' || text.ptr[i] == '\r' || text.ptr[i] == '\t' ? ' ' : text.ptr[i];
	text.ptr = text.len ? out : NULL;
	return text;
}

/* The server is the witness: it is what the host started, and whoever speaks to it over stdio or with its token is its
 * operator. What it says about itself is refused by the library. */
aim_status answer_record_interaction(program *p, const arguments *a, aim_buf *out, aim_error *err)
{
	aim_trustmesh_interaction i = {.struct_size = sizeof i};
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	char details[DETAILS_MAX];
	put w = {out, AIM_OK, 0};
	i.outcome = aim_trustmesh_outcome_named(a->outcome);
	i.subject = a->peer;
	i.source = aim_str_from(p->agent_id);
	i.cause = one_line(a->details, details);
	if (!i.outcome)
		return refuse(err, AIM_E_INVALID, "outcome must be one of success, failure, timeout, partial");
	aim_status rc = aim_trustmesh_record(p->registry, &i, NULL, NULL, err);
	if (rc == AIM_OK)
		rc = aim_trustmesh_score(p->registry, a->peer, NULL, &mesh, err);
	if (rc != AIM_OK)
		return rc;
	put_open(&w, NULL, '{');
	put_text(&w, "peer_did", a->peer);
	put_text(&w, "outcome", a->outcome);
	put_level(&w, &mesh);
	put_dimensions(&w, &mesh);
	put_close(&w, '}');
	return w.rc;
}

/* ---- handshakes ---- */

static aim_str member(const aim_json *doc, const char *name)
{
	return aim_json_string(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from(name)));
}

static void put_challenge(put *w, const aim_json *doc)
{
	put_open(w, NULL, '{');
	put_text(w, "handshake_id", member(doc, "id"));
	put_text(w, "nonce", member(doc, "nonce"));
	put_text(w, "signature", member(doc, "signature"));
	put_text(w, "status", member(doc, "status"));
	aim_bytes asked = aim_json_raw(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("capabilities")));
	put_json(w, "capabilities", asked.len ? asked : aim_bytes_from("[]", 2));
	put_json(w, "challenge", aim_json_raw(doc, AIM_JSON_ROOT));
	put_close(w, '}');
}

static aim_status show_challenge(program *p, aim_buf *challenge, aim_buf *out, aim_error *err)
{
	aim_json *doc = NULL;
	put w = {out, AIM_OK, 0};
	aim_status rc = aim_json_new(p->ctx, &doc);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, aim_buf_bytes(challenge), AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		put_challenge(&w, doc);
	aim_json_free(doc);
	return rc == AIM_OK ? w.rc : rc;
}

aim_status answer_establish_handshake(program *p, const arguments *a, aim_buf *out, aim_error *err)
{
	aim_handshake_spec spec = {.struct_size = sizeof spec};
	aim_buf *challenge = NULL;
	int64_t now_us = 0;
	spec.initiator = aim_str_from(p->did);
	spec.responder = a->peer;
	spec.capabilities = a->capabilities;
	spec.n_capabilities = a->n_capabilities;
	aim_status rc = aim_ctx_now_us(p->ctx, &now_us);
	if (rc == AIM_OK)
		rc = aim_buf_new(p->ctx, &challenge);
	if (rc == AIM_OK)
		rc = aim_handshake_begin(p->handshake, p->key, &spec, now_us, challenge, err);
	if (rc == AIM_OK)
		rc = show_challenge(p, challenge, out, err);
	aim_buf_free(challenge);
	return rc;
}

/* ---- delegations ---- */

static int is_failure(aim_status rc)
{
	static const aim_status failures[] = {AIM_E_INVALID, AIM_E_ID_CAPABILITY, AIM_E_NOMEM,   AIM_E_LIMIT,
	                                      AIM_E_CLOCK,   AIM_E_CALLBACK,      AIM_E_VERSION, AIM_E_STORE_CORRUPT};
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (rc == failures[i])
			return 1;
	return 0;
}

aim_status answer_verify_delegation(program *p, const arguments *a, aim_buf *out, aim_error *err)
{
	aim_delegation_result result = {.struct_size = sizeof result};
	aim_trustinterop_mesh agent = {.struct_size = sizeof agent}, delegator = {.struct_size = sizeof delegator};
	put w = {out, AIM_OK, 0};
	aim_error why = {0};
	aim_status verdict =
		aim_delegation_verify_agent(p->registry, a->agent, a->delegator, a->capability, 0, &result, &why);
	int valid = verdict == AIM_OK && result.rule == AIM_DELEGATION_VALID;
	if (!valid && (is_failure(verdict) || (result.rule == AIM_DELEGATION_UNVERIFIED && verdict != AIM_E_NOT_FOUND))) {
		*err = why;
		return verdict == AIM_OK ? AIM_E_INTERNAL : verdict;
	}
	aim_status rc = aim_trustmesh_score(p->registry, a->agent, NULL, &agent, err);
	if (rc == AIM_OK)
		rc = aim_trustmesh_score(p->registry, a->delegator, NULL, &delegator, err);
	if (rc != AIM_OK)
		return rc;
	put_open(&w, NULL, '{');
	put_bool(&w, "valid", valid);
	if (valid)
		put_text(&w, "reason", aim_str_from("valid"));
	else if (verdict == AIM_E_NOT_FOUND)
		put_text(&w, "reason", aim_str_from("no delegation to this agent is recorded"));
	else
		put_text(&w, "reason", aim_str_from(why.message));
	put_text(&w, "rule", aim_str_from(valid ? "valid" : verdict == AIM_E_NOT_FOUND ? "not_found" :
	                                  aim_delegation_rule_name(result.rule)));
	if (!valid && verdict != AIM_E_NOT_FOUND)
		put_number(&w, "link", result.link);
	put_text(&w, "agent_did", a->agent);
	put_text(&w, "delegator_did", a->delegator);
	put_text(&w, "capability", a->capability);
	put_number(&w, "agent_trust_score", agent.overall);
	put_number(&w, "delegator_trust_score", delegator.overall);
	put_close(&w, '}');
	return w.rc;
}

/* ---- identity ---- */

aim_status answer_get_identity(program *p, const arguments *a, aim_buf *out, aim_error *err)
{
	aim_agent *agent = NULL;
	put w = {out, AIM_OK, 0};
	(void)a;
	aim_status rc = aim_agent_find(p->registry, aim_str_from(p->agent_id), &agent, err);
	if (rc != AIM_OK)
		return rc;
	put_open(&w, NULL, '{');
	put_text(&w, "did", aim_str_from(p->did));
	put_text(&w, "public_key", aim_str_from(p->public_key));
	put_text(&w, "name", aim_agent_name(agent));
	put_open(&w, "capabilities", '[');
	for (size_t i = 0; i < aim_agent_capability_count(agent); i++)
		put_text(&w, NULL, aim_agent_capability_at(agent, i));
	put_close(&w, ']');
	put_close(&w, '}');
	aim_agent_free(agent);
	return w.rc;
}
