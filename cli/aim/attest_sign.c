/* cli/aim/attest_sign.c — aim mcp sign: an agent attests a server as it was seen for that agent. Nothing is
 * started. And what aim mcp attest has in common with it. */
#include "attest.h"
#include "key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) ATTEST_AT(member)
#define DAY_S 86400

const option sign_options[8] = {
	{"--server", "-s", "SERVER", OPTION_TEXT, 0, AT(server), NULL, "the server, by name or id; required"},
	ATTEST_SIGNER_OPTIONS,
};

void signing_dispose(signing *s)
{
	aim_buf_free(s->envelope);
	free(s->tools);
	aim_ledger_free(s->ledger);
	aim_baseline_free(s->baseline);
	aim_server_free(s->server);
	aim_agent_free(s->agent);
	aim_key_unref(s->key);
}

aim_str signing_actor(const signing *s)
{
	return aim_str_from(s->o->actor ? s->o->actor : "operator");
}

/* --- who signs --------------------------------------------------------------------------------------------------------- */

int signing_key(signing *s)
{
	key_file f;
	const char *path = s->o->key ? s->o->key : "agent.key";
	const key_options of_key = {.passphrase_file = s->o->passphrase_file, .passphrase_fd = s->o->passphrase_fd,
	                            .purpose = "agent"};
	int code = key_file_open(s->p, path, 1, &f);
	if (code == EXIT_OK)
		code = key_file_private(s->p, &f, path, &of_key, &s->key);
	key_file_close(&f);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_key_public(s->key, &s->public_key);
	return rc == AIM_OK ? EXIT_OK : failed(path, rc, NULL);
}

int signing_agent(signing *s)
{
	char id[64];
	aim_error err = {0};
	int code = subject_id(s->p, SUBJECT_AGENT, s->o->agent, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_agent_find_key(s->p->registry, &s->public_key, &s->agent, &err);
	if (rc == AIM_E_NOT_FOUND) {
		say("the key is registered to no agent; see aim agent register --key-file, and aim key replace");
		return EXIT_NO;
	}
	if (rc != AIM_OK)
		return failed("the agent", rc, &err);
	if (id[0] && !aim_str_equal(aim_agent_id(s->agent), aim_str_from(id))) {
		say("the key is not that of agent %s", s->o->agent);
		return EXIT_REFUSED;
	}
	return EXIT_OK;
}

/* --- what it saw ------------------------------------------------------------------------------------------------------- */

static int find_server(signing *s)
{
	char id[64];
	aim_error err = {0};
	int code = subject_id(s->p, SUBJECT_SERVER, s->o->server, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_server_find(s->p->registry, aim_str_from(id), &s->server, &err);
	if (rc == AIM_OK)
		rc = aim_baseline_open(s->p->registry, aim_str_from(id), &s->baseline, &err);
	return rc == AIM_OK ? EXIT_OK : failed(s->o->server, rc, &err);
}

/* An attestation says "I saw": so the agent must have used the server. */
int signing_link(const signing *s)
{
	aim_error err = {0};
	aim_status rc =
		aim_link_check(s->p->registry, aim_agent_id(s->agent), aim_server_id(s->server), NULL, &err);
	if (rc != AIM_E_NOT_FOUND)
		return rc == AIM_OK ? EXIT_OK : failed(s->o->server, rc, &err);
	say("agent %s has not used %s: run it through aim-guard --agent %s, or link them with aim agent link",
	    aim_agent_name(s->agent).ptr, aim_server_name(s->server).ptr, aim_agent_name(s->agent).ptr);
	return EXIT_REFUSED;
}

static int take_definition(signing *s, const aim_baseline_entry *e)
{
	if (e->flags & AIM_BASELINE_OPEN) {
		say("%s differs from its baseline: look at it and approve it first", aim_server_name(s->server).ptr);
		return EXIT_REFUSED;
	}
	s->n_shown += e->kind <= AIM_FINGERPRINT_SERVER;
	if (e->kind == AIM_FINGERPRINT_TOOL)
		s->tools[s->n_tools++] = e->name;
	return EXIT_OK;
}

int signing_surface(signing *s)
{
	size_t n = aim_baseline_count(s->baseline);
	int code = EXIT_OK;
	s->tools = calloc(n + 1, sizeof *s->tools);
	if (!s->tools) {
		say("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < n && code == EXIT_OK; i++) {
		aim_baseline_entry e = {.struct_size = sizeof e};
		aim_status rc = aim_baseline_at(s->baseline, i, &e);
		code = rc == AIM_OK ? take_definition(s, &e) : failed(s->o->server, rc, NULL);
	}
	if (code == EXIT_OK && s->n_shown == 0) {
		say("nothing was seen of %s yet: run it through aim-guard once", aim_server_name(s->server).ptr);
		code = EXIT_REFUSED;
	}
	return code;
}

/* --- signing ----------------------------------------------------------------------------------------------------------- */

static aim_status sign(signing *s, aim_error *err)
{
	int64_t now_us = 0;
	aim_attestation_payload seen = {.struct_size = sizeof seen};
	if (!s->is_unreached)
		seen.flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY;
	aim_status rc = aim_attestation_describe(s->p->ctx, s->server, &seen, err);
	if (rc == AIM_OK && !s->is_unreached)
		rc = aim_baseline_manifest(s->baseline, seen.manifest_hash, err);
	if (rc == AIM_OK)
		rc = aim_ctx_now_us(s->p->ctx, &now_us);
	seen.agent_id = aim_agent_id(s->agent);
	seen.server_version = s->version.len ? s->version : seen.server_version;
	seen.latency_us = s->latency_us;
	seen.capabilities = s->tools;
	seen.n_capabilities = s->n_tools;
	seen.issued_at_s = now_us / 1000000;
	seen.expires_at_s = s->o->days ? seen.issued_at_s + (int64_t)s->o->days * DAY_S : 0;
	return rc == AIM_OK ? aim_attestation_sign(s->key, &seen, s->envelope, err) : rc;
}

static aim_status read_confidence(const signing *s, int64_t *out, aim_error *err)
{
	judgement j;
	aim_status rc = judge(s->ledger, aim_server_id(s->server).ptr, 0, &j, err);
	*out = j.summary.confidence;
	judgement_free(&j);
	return rc;
}

static int sign_and_submit(signing *s)
{
	aim_error err = {0};
	s->receipt.struct_size = sizeof s->receipt;
	aim_status rc = read_confidence(s, &s->before, &err);
	if (rc == AIM_OK)
		rc = sign(s, &err);
	if (rc == AIM_OK)
		rc = aim_ledger_submit(s->ledger, aim_buf_str(s->envelope), signing_actor(s), &s->receipt, &err);
	if (rc == AIM_OK)
		rc = read_confidence(s, &s->after, &err);
	return rc == AIM_OK ? EXIT_OK : failed(s->o->server, rc, &err);
}

static int show_signed(const signing *s)
{
	answer a;
	char identity[AIM_ATTESTATION_IDENTITY_SIZE], change[AIM_CONFIDENCE_TEXT_SIZE], shown[300];
	aim_status rc = aim_attestation_identity_text(s->p->ctx, &s->public_key, identity);
	if (rc == AIM_OK)
		rc = aim_confidence_change_text(s->before, s->after, change);
	if (rc != AIM_OK)
		return failed(s->o->server, rc, NULL);
	if (!screen_is_json()) {
		printf("Signed %s%s with identity %s\n", printable(aim_server_name(s->server), shown, sizeof shown),
		       s->is_unreached ? " as not reached" : "", identity);
		printf("Attestation ID: %s\nConfidence score: %s\n", s->receipt.id, change);
		return EXIT_OK;
	}
	answer_begin(&a);
	answer_text(&a, "attestation", NULL, aim_str_from(s->receipt.id));
	answer_text(&a, "server", NULL, aim_server_id(s->server));
	answer_text(&a, "agent", NULL, aim_agent_id(s->agent));
	answer_text(&a, "identity", NULL, aim_str_from(identity));
	answer_bool(&a, "connected", NULL, !s->is_unreached);
	if (s->receipt.supersedes[0])
		answer_text(&a, "supersedes", NULL, aim_str_from(s->receipt.supersedes));
	answer_number(&a, "before_micro", NULL, (uint64_t)s->before);
	answer_number(&a, "after_micro", NULL, (uint64_t)s->after);
	answer_end(&a);
	return EXIT_OK;
}

int signing_end(signing *s)
{
	s->envelope = new_buf(s->p);
	int code = s->envelope ? sign_and_submit(s) : EXIT_FAILED;
	if (code == EXIT_OK)
		code = show_signed(s);
	if (code == EXIT_OK && s->o->out && file_write(s->o->out, aim_buf_bytes(s->envelope), 0) != 0)
		code = EXIT_FILE;
	return code;
}

static int look(signing *s)
{
	int code = open_log(s->p, NULL, TO_WRITE);
	if (code == EXIT_OK)
		code = open_registry(s->p);
	if (code == EXIT_OK)
		code = find_server(s);
	if (code == EXIT_OK)
		code = signing_surface(s);
	if (code == EXIT_OK)
		code = signing_key(s);
	if (code == EXIT_OK)
		code = signing_agent(s);
	if (code == EXIT_OK)
		code = signing_link(s);
	if (code == EXIT_OK)
		s->ledger = ledger_open(s->p, &code);
	return code;
}

int run_mcp_sign(program *p)
{
	signing s = {.p = p, .o = p->options};
	if (!s.o->server || s.o->days > ATTEST_DAYS_MAX) {
		say(s.o->server ? "--days is at most %u" : "sign needs --server", ATTEST_DAYS_MAX);
		return EXIT_USAGE;
	}
	int code = look(&s);
	if (code == EXIT_OK)
		code = signing_end(&s);
	signing_dispose(&s);
	return code;
}
