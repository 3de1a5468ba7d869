/* cli/aim/mcp.c — aim mcp: the commands, and list, show and the life cycle of servers. */
#include "attest.h"
#include "registry.h"

#include <stdio.h>
#include <string.h>

#define AT(member) REGISTRY_AT(member)

static const option register_options[] = {
	{"--url", NULL, "URL", OPTION_TEXT, 0, AT(url), NULL, "how it is reached: http, https, ws or wss; stdio:// beside a command"},
	{"--all", NULL, NULL, OPTION_FLAG, REGISTRY_ALL, AT(flags), NULL, "every server that aim detect finds and that is not registered"},
	{"--display-name", NULL, "TEXT", OPTION_TEXT, 0, AT(display_name), NULL, "its name for people"},
	{"--description", NULL, "TEXT", OPTION_TEXT, 0, AT(description), NULL, "what it is for"},
	{"--server-version", NULL, "TEXT", OPTION_TEXT, 0, AT(version), NULL, "the server's own version"},
	{"--capabilities", NULL, "LIST", OPTION_TEXT, 0, AT(capabilities), NULL, "what it declares, separated by commas: tools,resources"},
	{"--env", NULL, "LIST", OPTION_TEXT, 0, AT(env_names), NULL, "names of environment variables it is given, never their values"},
	{"--public-key", NULL, "KEY", OPTION_TEXT, 0, AT(public_key), NULL, "its public key, in any form that aim key show reads"},
	{"--key-file", NULL, "FILE", OPTION_TEXT, 0, AT(key_file), NULL, "the same, from a keystore or another file"},
	{"--verification-url", NULL, "URL", OPTION_TEXT, 0, AT(verification_url), NULL, "where it answers challenges"},
	{"--owner", NULL, "EMAIL", OPTION_TEXT, 0, AT(owner), NULL, "whose it is"},
	{"--verified", NULL, NULL, OPTION_FLAG, REGISTRY_VERIFIED, AT(flags), NULL, "approve it at once, on your word"},
	{"--home", NULL, "DIR", OPTION_TEXT, 0, AT(home), NULL, "as for aim detect: where --all and NAME alone look"},
	{"--cwd", NULL, "DIR", OPTION_TEXT, 0, AT(cwd), NULL, "as for aim detect"},
	REGISTRY_ACTOR,
};
static const option list_options[] = {REGISTRY_PAGING};
static const option approve_options[] = {
	REGISTRY_REASON("why; needed with --override"),
	{"--override", NULL, NULL, OPTION_FLAG, REGISTRY_OVERRIDE, AT(flags), NULL, "lift a suspension that was made for security"},
	REGISTRY_ACTOR,
};
static const option suspend_options[] = {
	REGISTRY_REASON("why, for the record"),
	{"--security", NULL, NULL, OPTION_FLAG, REGISTRY_SECURITY, AT(flags), NULL, "for security: lifting it needs --override"},
	REGISTRY_ACTOR,
};
static const option revoke_options[] = {REGISTRY_REASON("why, for the record"), REGISTRY_ACTOR};
static const option link_options[] = {REGISTRY_ACTOR};

static const option update_options[] = {
	{"--display-name", NULL, "TEXT", OPTION_TEXT, 0, AT(display_name), NULL, "its name for people"},
	{"--description", NULL, "TEXT", OPTION_TEXT, 0, AT(description), NULL, "what it is for"},
	{"--server-version", NULL, "TEXT", OPTION_TEXT, 0, AT(version), NULL, "the server's own version"},
	{"--url", NULL, "URL", OPTION_TEXT, 0, AT(url), NULL, "how it is reached"},
	{"--verification-url", NULL, "URL", OPTION_TEXT, 0, AT(verification_url), NULL, "where it answers challenges"},
	{"--capabilities", NULL, "LIST", OPTION_TEXT, 0, AT(capabilities), NULL, "what it declares, separated by commas"},
	{"--approved", NULL, NULL, OPTION_FLAG, REGISTRY_APPROVED, AT(flags), NULL,
	 "it was looked at: needed for URLs and capabilities once it was verified, with a reason"},
	REGISTRY_REASON("why, for the record; needed with --approved"),
	REGISTRY_ACTOR,
};

static int run_update(program *p);
static int run_list(program *p);
static int run_show(program *p);
static int run_approve(program *p);
static int run_suspend(program *p);
static int run_revoke(program *p);

#define WITH(options) options, N(options), sizeof(registry_options)

static const command commands[] = {
	{"register", "[NAME [COMMAND [ARG…]]]", 0, -1, "register a server: pending, with confidence 0",
	 "COMMAND and its arguments are what it is started with; put -- in front of them. NAME alone takes the server of this name "
	 "that aim detect finds. Names are unique; keep secrets out of arguments, which are kept and shown. Makes the store when "
	 "there is none.",
	 WITH(register_options), run_mcp_register},
	{"list", "", 0, 0, "list the registered servers, the oldest first", NULL, WITH(list_options), run_list},
	{"show", "SERVER", 1, 1, "show one server", "SERVER is its name or id.", NULL, 0, sizeof(registry_options), run_show},
	{"update", "SERVER", 1, 1, "change what is said about a server", "What is not given stays as it is.", WITH(update_options), run_update},
	{"approve", "SERVER", 1, 1, "say that a server is known and may be used", "From pending or suspended to verified.",
	 WITH(approve_options), run_approve},
	{"suspend", "SERVER", 1, 1, "take a server out of use for now", NULL, WITH(suspend_options), run_suspend},
	{"revoke", "SERVER", 1, 1, "take a server out of use for good", "Its id, key and history stay; its name is free again.",
	 WITH(revoke_options), run_revoke},
	{"link", "AGENT SERVER", 2, 2, "say that an agent uses a server", "Again notes that it was used again.", WITH(link_options), run_link},
	{"unlink", "AGENT SERVER", 2, 2, "say that an agent does not use a server any more", NULL, WITH(link_options), run_unlink},
	{"sign", "", 0, 0, "attest a server as an agent that has used it",
	 "Signs what aim-guard saw of the server for this agent, and submits it; shows how the confidence in the server changes. "
	 "Nothing is started. A server that differs from its baseline is refused: look at it and approve it first.",
	 sign_options, N(sign_options), sizeof(attest_options), run_mcp_sign},
	{"attest", "[--] COMMAND [ARG…]", 1, -1, "start a server, look at it, and attest what it shows",
	 "Asks before it starts COMMAND; lists the server's tools, prompts and resources, ends it, and compares them with its "
	 "baseline. What is seen for the first time becomes the baseline, pending; what differs is recorded as drift and nothing is "
	 "signed. A server that is not registered is registered, pending. Put -- in front of COMMAND.\n"
	 "Exit status 7: the server cannot be started, or does not answer as an MCP server; also with --unreachable sign.",
	 live_options, N(live_options), sizeof(attest_options), run_mcp_attest},
	{"verify", "[SERVER]", 0, 1, "verify the attestations of a server, or one envelope offline",
	 "With SERVER, a name or id: every live attestation is verified again, and what counts is shown with the verdict. With "
	 "--file and --key-file: one envelope and the agent's public key, without a store.\n"
	 "Exit status: 0 PASS or valid, 1 FAIL or not valid, 6 WARN.",
	 verify_options, N(verify_options), sizeof(attest_options), run_mcp_verify},
};

const group group_mcp = {"mcp", "MCP servers", commands, N(commands)};

/* --- list -------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"id", "ID", 0},
	{"name", "NAME", COLUMN_SHRINKS},
	{"status", "STATUS", 0},
	{"agents", "AGENTS", COLUMN_NUMBER},
	{NULL, "LAUNCH OR URL", COLUMN_SHRINKS},
	{"version", NULL, COLUMN_HIDDEN},
	{"url", NULL, COLUMN_HIDDEN},
	{"command", NULL, COLUMN_HIDDEN},
	{"args", NULL, COLUMN_RAW},
	{"capabilities", NULL, COLUMN_RAW},
	{"key_id", NULL, COLUMN_HIDDEN},
	{"created", NULL, COLUMN_HIDDEN},
	{"updated", NULL, COLUMN_HIDDEN},
};

static void args_of(const aim_server *s, texts *out)
{
	out->n = 0;
	while (out->n < aim_server_arg_count(s) && out->n < TEXTS_MAX) {
		out->items[out->n] = aim_server_arg_at(s, out->n);
		out->n++;
	}
}

static void capabilities_of(const aim_server *s, texts *out)
{
	out->n = 0;
	while (out->n < aim_server_capability_count(s) && out->n < TEXTS_MAX) {
		out->items[out->n] = aim_server_capability_at(s, out->n);
		out->n++;
	}
}

/* The command line with spaces between its words, or the URL. */
static void launch_line(const aim_server *s, char *out, size_t size)
{
	aim_str first = aim_server_command(s).len ? aim_server_command(s) : aim_server_url(s);
	int n = snprintf(out, size, "%.*s", (int)first.len, first.len ? first.ptr : "");
	for (size_t i = 0; i < aim_server_arg_count(s) && n >= 0 && (size_t)n < size; i++) {
		aim_str arg = aim_server_arg_at(s, i);
		n += snprintf(out + n, size - (size_t)n, " %.*s", (int)arg.len, arg.len ? arg.ptr : "");
	}
}

static void list_lists(page *g, const aim_server *s, aim_buf *buf)
{
	texts t;
	args_of(s, &t);
	table_text(g->table, texts_json(&t, buf));
	capabilities_of(s, &t);
	table_text(g->table, texts_json(&t, buf));
}

static aim_status list_server(void *user, const aim_server *s)
{
	page *g = user;
	uint64_t agents = 0;
	char text[4096];
	if (!page_takes(g, aim_server_status(s), aim_server_id(s)))
		return g->is_cut ? PAGE_ENOUGH : AIM_OK;
	aim_status rc = aim_link_count_agents(g->p->registry, aim_server_id(s), &agents, NULL);
	aim_buf *buf = rc == AIM_OK ? new_buf(g->p) : NULL;
	if (!buf)
		return rc == AIM_OK ? AIM_E_NOMEM : rc;
	table_text(g->table, aim_server_id(s));
	table_text(g->table, aim_server_name(s));
	table_styled(g->table, aim_str_from(aim_registry_status_name(aim_server_status(s))), status_style(aim_server_status(s)));
	table_number(g->table, agents);
	launch_line(s, text, sizeof text);
	table_text(g->table, aim_str_from(text));
	table_text(g->table, aim_server_version(s));
	table_text(g->table, aim_server_url(s));
	table_text(g->table, aim_server_command(s));
	list_lists(g, s, buf);
	table_text(g->table, aim_server_key_id(s));
	table_text(g->table, when_text(aim_server_created_us(s), text, sizeof text));
	table_text(g->table, when_text(aim_server_updated_us(s), text, sizeof text));
	table_row_end(g->table);
	aim_buf_free(buf);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int run_list(program *p)
{
	page g;
	aim_error err = {0};
	const registry_options *o = p->options;
	int code = registry_open(p, TO_READ);
	if (code == EXIT_OK)
		code = page_begin(p, columns, N(columns), &g);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_server_list(p->registry, aim_str_from(o->after), 0, list_server, &g, &err);
	return page_end(&g, rc, &err, "no server");
}

/* --- show -------------------------------------------------------------------------------------------------------------- */

static void show_lists(answer *a, const aim_server *s, aim_buf *buf)
{
	texts t;
	args_of(s, &t);
	answer_json(a, "args", texts_json(&t, buf));
	capabilities_of(s, &t);
	show_texts(a, "capabilities", "capabilities", &t, buf);
	for (t.n = 0; t.n < aim_server_env_name_count(s) && t.n < TEXTS_MAX; t.n++)
		t.items[t.n] = aim_server_env_name_at(s, t.n);
	show_texts(a, "env_names", "environment", &t, buf);
}

static void show_reach(answer *a, const aim_server *s)
{
	char text[4096];
	launch_line(s, text, sizeof text);
	answer_text(a, NULL, aim_server_command(s).len ? "launch" : "url", aim_str_from(text));
	if (aim_server_url(s).len)
		answer_text(a, "url", NULL, aim_server_url(s));
	if (aim_server_command(s).len)
		answer_text(a, "command", NULL, aim_server_command(s));
}

static void show_who(answer *a, const aim_server *s)
{
	answer_text(a, "id", "id", aim_server_id(s));
	answer_text(a, "name", "name", aim_server_name(s));
	show_some(a, "display_name", "display name", aim_server_display_name(s));
	answer_styled(a, "status", "status", aim_str_from(aim_registry_status_name(aim_server_status(s))),
	              status_style(aim_server_status(s)));
	show_some(a, "status_reason", "because", aim_server_status_reason(s));
	show_some(a, "description", "description", aim_server_description(s));
	show_some(a, "version", "version", aim_server_version(s));
}

static void show_confidence(answer *a, const judgement *j)
{
	char percent[AIM_CONFIDENCE_TEXT_SIZE] = "?";
	aim_status rc = aim_confidence_text(j->summary.confidence, percent);
	(void)rc;
	answer_number(a, "confidence_micro", NULL, (uint64_t)j->summary.confidence);
	answer_text(a, NULL, "confidence", aim_str_from(percent));
	answer_number(a, "attestations", "attestations", j->summary.n_counted);
}

static aim_status judge_server(program *p, const aim_server *s, judgement *out, aim_error *err)
{
	aim_ledger *ledger = NULL;
	memset(out, 0, sizeof *out);
	aim_status rc = aim_ledger_open(p->registry, NULL, &ledger, err);
	if (rc == AIM_OK)
		rc = judge(ledger, aim_server_id(s).ptr, 0, out, err);
	aim_ledger_free(ledger);
	return rc;
}

int show_server(program *p, const aim_server *s)
{
	judgement j;
	answer a;
	char text[40];
	uint64_t agents = 0;
	aim_error err = {0};
	aim_status rc = judge_server(p, s, &j, &err);
	if (rc == AIM_OK)
		rc = aim_link_count_agents(p->registry, aim_server_id(s), &agents, &err);
	judgement_free(&j); /* the summary stays */
	aim_buf *buf = rc == AIM_OK ? new_buf(p) : NULL;
	if (!buf)
		return rc == AIM_OK ? EXIT_FAILED : failed("the server", rc, &err);
	answer_begin(&a);
	show_who(&a, s);
	show_reach(&a, s);
	show_lists(&a, s, buf);
	show_some(&a, "verification_url", "verification", aim_server_verification_url(s));
	show_some(&a, "owner", "owner", aim_server_owner(s));
	show_some(&a, "key_id", "key id", aim_server_key_id(s));
	show_some(&a, "did", "did", aim_server_did(s));
	answer_number(&a, "agents", "agents", agents);
	show_confidence(&a, &j);
	show_some(&a, "last_verified", "last verified", when_text(aim_server_last_verified_us(s), text, sizeof text));
	answer_number(&a, "verifications_ok", "verified", aim_server_verifications_ok(s));
	answer_number(&a, "verifications_failed", "not verified", aim_server_verifications_failed(s));
	answer_text(&a, "created", "created", when_text(aim_server_created_us(s), text, sizeof text));
	answer_text(&a, "updated", "updated", when_text(aim_server_updated_us(s), text, sizeof text));
	answer_end(&a);
	aim_buf_free(buf);
	return EXIT_OK;
}

static int find_and_show(program *p, const char *id)
{
	aim_error err = {0};
	aim_server *server = NULL;
	aim_status rc = aim_server_find(p->registry, aim_str_from(id), &server, &err);
	int code = rc == AIM_OK ? show_server(p, server) : refused(p->args[0], rc, &err);
	aim_server_free(server);
	return code;
}

static int run_show(program *p)
{
	char id[64];
	int code = registry_open_for(p, TO_READ, SUBJECT_SERVER, id, sizeof id);
	return code == EXIT_OK ? find_and_show(p, id) : code;
}

/* --- update ------------------------------------------------------------------------------------------------------------ */

static int run_update(program *p)
{
	char id[64];
	texts capabilities;
	aim_error err = {0};
	const registry_options *o = p->options;
	aim_server_update u = {.struct_size = sizeof u, .actor = actor_of(o), .reason = aim_str_from(o->reason)};
	const struct {
		const char *text;
		aim_str *into;
		uint32_t flag;
	} given[] = {{o->display_name, &u.display_name, AIM_SERVER_SET_DISPLAY_NAME},
	             {o->description, &u.description, AIM_SERVER_SET_DESCRIPTION},
	             {o->version, &u.version, AIM_SERVER_SET_VERSION},
	             {o->url, &u.url, AIM_SERVER_SET_URL},
	             {o->verification_url, &u.verification_url, AIM_SERVER_SET_VERIFICATION_URL}};
	for (size_t i = 0; i < N(given); i++) {
		*given[i].into = aim_str_from(given[i].text);
		u.flags |= given[i].text ? given[i].flag : 0;
	}
	int code = texts_split("--capabilities", o->capabilities, &capabilities);
	u.capabilities = capabilities.items;
	u.n_capabilities = capabilities.n;
	u.flags |= (o->capabilities ? AIM_SERVER_SET_CAPABILITIES : 0) | (o->flags & REGISTRY_APPROVED ? AIM_SERVER_APPROVED : 0);
	if (code == EXIT_OK)
		code = registry_open_for(p, TO_WRITE, SUBJECT_SERVER, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_server_change(p->registry, aim_str_from(id), &u, &err);
	return rc == AIM_OK ? find_and_show(p, id) : refused(p->args[0], rc, &err);
}

/* --- life cycle ------------------------------------------------------------------------------------------------------------ */

static int move_to(program *p, uint32_t status)
{
	char id[64];
	aim_error err = {0};
	aim_registry_move move = move_of(p->options, status);
	int code = registry_open_for(p, TO_WRITE, SUBJECT_SERVER, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_server_move(p->registry, aim_str_from(id), &move, &err);
	return rc == AIM_OK ? find_and_show(p, id) : refused(p->args[0], rc, &err);
}

static int run_approve(program *p)
{
	return move_to(p, AIM_REGISTRY_VERIFIED);
}

static int run_suspend(program *p)
{
	return move_to(p, AIM_REGISTRY_SUSPENDED);
}

static int run_revoke(program *p)
{
	return move_to(p, AIM_REGISTRY_REVOKED);
}
