/* cli/aim/attest_verify.c — aim mcp verify: the live attestations of a server, or one envelope and a key without a
 * store. */
#include "attest.h"
#include "key.h"

#include <stdio.h>
#include <string.h>

#define AT(member) ATTEST_AT(member)
#define SECOND_US INT64_C(1000000)
#define ENVELOPE_MAX ((size_t)4 << 20)

const option verify_options[3] = {
	{"--robust", NULL, NULL, OPTION_FLAG, ATTEST_ROBUST, AT(flags), NULL,
	 "one attestation for each verified owner at most, none of the server's own owner: where strangers attest"},
	{"--file", "-f", "FILE", OPTION_TEXT, 0, AT(file), NULL, "verify the envelope in FILE, without a store; - is standard input"},
	{"--key-file", "-k", "FILE", OPTION_TEXT, 0, AT(public_key), NULL, "with --file: the agent's key, in any form"},
};

/* --- an envelope ------------------------------------------------------------------------------------------------------- */

static int show_valid(program *p, const aim_attestation *attestation, const aim_public_key *key)
{
	answer a;
	char identity[AIM_ATTESTATION_IDENTITY_SIZE], issued[40], expires[40];
	const aim_attestation_payload *seen = aim_attestation_read(attestation);
	aim_status rc = aim_attestation_identity_text(p->ctx, key, identity);
	if (rc != AIM_OK)
		return failed("the key", rc, NULL);
	answer_begin(&a);
	answer_styled(&a, NULL, "signature", aim_str_from("valid"), STYLE_GOOD);
	answer_bool(&a, "valid", NULL, 1);
	answer_text(&a, "identity", "identity", aim_str_from(identity));
	answer_text(&a, "agent", "agent", seen->agent_id);
	answer_text(&a, "server", "server", seen->server_id);
	answer_text(&a, "server_name", "server name", seen->server_name);
	answer_number(&a, "capabilities", "capabilities", seen->n_capabilities);
	answer_hex(&a, "manifest", "manifest", seen->manifest_hash, sizeof seen->manifest_hash);
	answer_bool(&a, "reached", "reached", (seen->flags & AIM_ATTESTATION_CONNECTED) != 0);
	answer_text(&a, "issued", "issued", aim_str_from(time_text(seen->issued_at_s * SECOND_US, issued, sizeof issued)));
	answer_text(&a, "expires", "expires", aim_str_from(time_text(seen->expires_at_s * SECOND_US, expires, sizeof expires)));
	answer_end(&a);
	return EXIT_OK;
}

/* What makes the answer no. Anything else could not be judged. */
static int is_no(aim_status rc)
{
	return rc == AIM_E_SIGNATURE || rc == AIM_E_UNTRUSTED_KEY || rc == AIM_E_EXPIRED || rc == AIM_E_FUTURE ||
	       rc == AIM_E_ENVELOPE || rc == AIM_E_CLAIM || rc == AIM_E_VERSION;
}

static int verify_envelope(program *p, aim_str envelope, const aim_public_key *key)
{
	aim_error err = {0};
	aim_attestation *read = NULL;
	int64_t now_us = 0;
	const attest_options *o = p->options;
	aim_status rc = aim_ctx_now_us(p->ctx, &now_us);
	if (rc == AIM_OK)
		rc = aim_attestation_verify(p->ctx, envelope, key, now_us / SECOND_US, &read, &err);
	int code = rc == AIM_OK ? show_valid(p, read, key) : failed(o->file, rc, &err);
	aim_attestation_free(read);
	return is_no(rc) ? EXIT_NO : code;
}

static int verify_file(program *p, const attest_options *o)
{
	key_file key;
	size_t len = 0;
	if (!o->public_key) {
		say("--file needs the agent's key: --key-file");
		return EXIT_USAGE;
	}
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	char *envelope = file_read("attestation", o->file, ENVELOPE_MAX, &len);
	if (!envelope)
		return EXIT_FILE;
	while (len && (envelope[len - 1] == '\n' || envelope[len - 1] == '\r'))
		len--;
	code = key_file_open(p, o->public_key, 0, &key);
	if (code == EXIT_OK)
		code = verify_envelope(p, (aim_str){envelope, len}, &key.public_key);
	key_file_close(&key);
	file_free(envelope, len);
	return code;
}

/* --- a server ---------------------------------------------------------------------------------------------------------- */

aim_status judge(aim_ledger *ledger, const char *server_id, uint32_t flags, judgement *out, aim_error *err)
{
	aim_confidence_query q = {.struct_size = sizeof q, .flags = flags};
	memset(out, 0, sizeof *out);
	out->summary.struct_size = sizeof out->summary;
	aim_status rc = aim_confidence_compute(ledger, aim_str_from(server_id), &q, &out->confidence, err);
	if (rc == AIM_OK)
		rc = aim_confidence_read(out->confidence, &out->summary);
	if (rc == AIM_OK)
		rc = aim_confidence_open_drift(ledger, aim_str_from(server_id), &out->n_open_drift, err);
	if (rc == AIM_OK)
		out->verdict = aim_confidence_verdict(out->confidence, out->n_open_drift, 0);
	return rc;
}

void judgement_free(judgement *j)
{
	aim_confidence_free(j->confidence);
	j->confidence = NULL;
}

static const column columns[] = {
	{"id", "ATTESTATION", 0},
	{"agent", "AGENT", COLUMN_SHRINKS},
	{NULL, "ISSUED", 0},
	{NULL, "TRUST", COLUMN_NUMBER},
	{NULL, "COUNTS", 0},
};

static void list_entry(table *t, const aim_confidence_entry *e)
{
	char text[40];
	table_text(t, e->id);
	table_text(t, e->agent);
	table_text(t, aim_str_from(time_text(e->issued_at_s * SECOND_US, text, sizeof text)));
	snprintf(text, sizeof text, "%.2f%s", (double)e->trust_micro / 1e6, e->provisional ? "?" : "");
	if (e->left_out && e->left_out != AIM_CONFIDENCE_DISCONNECTED && !e->trust_micro)
		table_none(t);
	else
		table_text(t, aim_str_from(text));
	table_styled(t, aim_str_from(e->left_out ? aim_confidence_reason_name(e->left_out) : "yes"),
	             e->left_out == AIM_CONFIDENCE_SIGNATURE ? STYLE_BAD : e->left_out ? STYLE_DIM : STYLE_GOOD);
	table_row_end(t);
}

static int verdict_style(uint32_t verdict)
{
	return verdict == AIM_CONFIDENCE_PASS ? STYLE_GOOD : verdict == AIM_CONFIDENCE_FAIL ? STYLE_BAD : STYLE_BOLD;
}

static int say_judgement(const char *name, const judgement *j)
{
	char text[AIM_CONFIDENCE_TEXT_SIZE], shown[300];
	const aim_confidence_summary *s = &j->summary;
	(void)aim_confidence_text(s->confidence, text);
	printf("%s[%s]%s %s  confidence: %s  attestations: %llu\n", style(verdict_style(j->verdict)),
	       aim_confidence_verdict_name(j->verdict), style(STYLE_NONE), printable(aim_str_from(name), shown, sizeof shown),
	       text, (unsigned long long)s->n_counted);
	if (j->n_open_drift)
		printf("%llu definitions differ from the baseline\n", (unsigned long long)j->n_open_drift);
	if (aim_confidence_entry_count(j->confidence) == 0)
		return EXIT_OK;
	printf("\n");
	table *t = table_new(columns, N(columns));
	if (!t)
		return EXIT_FAILED;
	for (size_t i = 0; i < aim_confidence_entry_count(j->confidence); i++)
		list_entry(t, aim_confidence_entry_at(j->confidence, i));
	table_free(t, NULL);
	return EXIT_OK;
}

/* Ids and names of reasons need no escapes. */
static aim_status add_entry(aim_buf *out, const aim_confidence_entry *e, int first)
{
	char text[512];
	int n = snprintf(text, sizeof text,
	                 "%s{\"id\":\"%s\",\"agent\":\"%s\",\"issued_at_s\":%lld,\"expires_at_s\":%lld,\"trust_micro\":%lld,"
	                 "\"provisional\":%s,\"recent\":%s,\"counts\":%s,\"reason\":\"%s\"}",
	                 first ? "" : ",", e->id.ptr, e->agent.ptr, (long long)e->issued_at_s, (long long)e->expires_at_s,
	                 (long long)e->trust_micro, e->provisional ? "true" : "false", e->recent ? "true" : "false",
	                 e->left_out ? "false" : "true", aim_confidence_reason_name(e->left_out));
	return aim_buf_append(out, aim_bytes_from(text, (size_t)n));
}

static aim_status add_entries(aim_buf *out, const aim_confidence *c)
{
	aim_status rc = aim_buf_append(out, aim_bytes_from("[", 1));
	for (size_t i = 0; rc == AIM_OK && i < aim_confidence_entry_count(c); i++)
		rc = add_entry(out, aim_confidence_entry_at(c, i), i == 0);
	return rc == AIM_OK ? aim_buf_append(out, aim_bytes_from("]", 1)) : rc;
}

static int print_judgement(program *p, const char *name, const char *id, const judgement *j)
{
	answer a;
	const aim_confidence_summary *s = &j->summary;
	aim_buf *entries = new_buf(p);
	if (!entries)
		return EXIT_FAILED;
	aim_status rc = add_entries(entries, j->confidence);
	if (rc == AIM_OK) {
		answer_begin(&a);
		answer_text(&a, "server", NULL, aim_str_from(id));
		answer_text(&a, "given", NULL, aim_str_from(name));
		answer_text(&a, "verdict", NULL, aim_str_from(aim_confidence_verdict_name(j->verdict)));
		answer_number(&a, "confidence_micro", NULL, (uint64_t)s->confidence);
		answer_number(&a, "agents_micro", NULL, (uint64_t)s->agents);
		answer_number(&a, "trust_micro", NULL, (uint64_t)s->trust);
		answer_number(&a, "recency_micro", NULL, (uint64_t)s->recency);
		answer_number(&a, "attestations", NULL, s->n_counted);
		answer_number(&a, "owners", NULL, s->n_owners);
		answer_number(&a, "open_drift", NULL, j->n_open_drift);
		answer_bool(&a, "approved", NULL, s->approved != 0);
		answer_bool(&a, "consensus", NULL, s->consensus != 0);
		answer_json(&a, "entries", aim_buf_str(entries));
		answer_end(&a);
	}
	aim_buf_free(entries);
	return rc == AIM_OK ? EXIT_OK : failed(name, rc, NULL);
}

static int exit_of_verdict(uint32_t verdict)
{
	return verdict == AIM_CONFIDENCE_PASS ? EXIT_OK : verdict == AIM_CONFIDENCE_FAIL ? EXIT_NO : EXIT_WARN;
}

static int verify_server(program *p, const attest_options *o)
{
	char id[64];
	judgement j = {0};
	aim_error err = {0};
	int code = open_log(p, NULL, TO_READ);
	if (code == EXIT_OK)
		code = subject_id(p, SUBJECT_SERVER, p->args[0], id, sizeof id);
	if (code == EXIT_OK)
		code = open_registry(p);
	aim_ledger *ledger = code == EXIT_OK ? ledger_open(p, &code) : NULL;
	if (!ledger)
		return code;
	aim_status rc = judge(ledger, id, o->flags & ATTEST_ROBUST ? AIM_CONFIDENCE_ROBUST : 0, &j, &err);
	if (rc != AIM_OK)
		code = failed(p->args[0], rc, &err);
	else
		code = screen_is_json() ? print_judgement(p, p->args[0], id, &j) : say_judgement(p->args[0], &j);
	if (code == EXIT_OK)
		code = exit_of_verdict(j.verdict);
	judgement_free(&j);
	aim_ledger_free(ledger);
	return code;
}

int run_mcp_verify(program *p)
{
	const attest_options *o = p->options;
	if ((o->file != NULL) == (p->n_args > 0)) {
		say("verify takes the name or id of a server, or --file with --key-file");
		return EXIT_USAGE;
	}
	return o->file ? verify_file(p, o) : verify_server(p, o);
}
