/* cli/aim/agent.c — aim agent: the commands, and register, list, show and the life cycle of agents. */
#include "registry.h"

#include <stdio.h>
#include <string.h>

#define AT(member) REGISTRY_AT(member)

static const char *const type_names[] = {"unknown", "ai_agent", "service", NULL};

static const option register_options[] = {
	{"--owner", NULL, "EMAIL", OPTION_TEXT, 0, AT(owner), NULL, "whose it is; a child has its parent's owner"},
	{"--public-key", NULL, "KEY", OPTION_TEXT, 0, AT(public_key), NULL, "its public key, in any form that aim key show reads"},
	{"--key-file", NULL, "FILE", OPTION_TEXT, 0, AT(key_file), NULL, "the same, from a keystore or another file"},
	{"--capabilities", NULL, "LIST", OPTION_TEXT, 0, AT(capabilities), NULL, "what it declares, separated by commas: files:read,web:get"},
	{"--type", NULL, "TYPE", OPTION_CHOICE, 0, AT(type), type_names, "default ai_agent"},
	{"--display-name", NULL, "TEXT", OPTION_TEXT, 0, AT(display_name), NULL, "its name for people"},
	{"--description", NULL, "TEXT", OPTION_TEXT, 0, AT(description), NULL, "what it is for"},
	{"--organization", NULL, "TEXT", OPTION_TEXT, 0, AT(organization), NULL, "who runs it"},
	{"--parent", NULL, "AGENT", OPTION_TEXT, 0, AT(parent), NULL, "the verified agent that it works for"},
	{"--aliases", NULL, "LIST", OPTION_TEXT, 0, AT(aliases), NULL, "DIDs and SPIFFE ids that others gave it, separated by commas"},
	{"--days", NULL, "N", OPTION_NUMBER, 0, AT(days), NULL, "expires after so many days; default: never"},
	{"--verified", NULL, NULL, OPTION_FLAG, REGISTRY_VERIFIED, AT(flags), NULL, "verify it at once, on your word"},
	REGISTRY_ACTOR,
};
static const option list_options[] = {REGISTRY_PAGING};
static const option verify_options[] = {
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
static const option grant_options[] = {
	{"--resource", NULL, "PATTERN", OPTION_TEXT, 0, AT(resource), NULL, "on what: 'report-*', 'docs/**'; default: anything"},
	{"--deny", NULL, NULL, OPTION_FLAG, REGISTRY_DENY, AT(flags), NULL, "forbid: wins over every grant that allows"},
	{"--days", NULL, "N", OPTION_NUMBER, 0, AT(days), NULL, "has no effect after so many days; default: never ends"},
	REGISTRY_REASON("why; kept with the grant"),
	REGISTRY_ACTOR,
};

static const option update_options[] = {
	{"--display-name", NULL, "TEXT", OPTION_TEXT, 0, AT(display_name), NULL, "its name for people"},
	{"--description", NULL, "TEXT", OPTION_TEXT, 0, AT(description), NULL, "what it is for"},
	{"--organization", NULL, "TEXT", OPTION_TEXT, 0, AT(organization), NULL, "who runs it"},
	REGISTRY_REASON("why, for the record"),
	REGISTRY_ACTOR,
};

static int run_update(program *p);
static int run_register(program *p);
static int run_list(program *p);
static int run_show(program *p);
static int run_verify(program *p);
static int run_suspend(program *p);
static int run_revoke(program *p);

#define WITH(options) options, N(options), sizeof(registry_options)

static const command commands[] = {
	{"register", "NAME", 1, 1, "register an agent: pending until it is verified",
	 "Names are unique, and so are keys. Makes the store when there is none. Without a key the agent gets one later: aim key "
	 "replace.",
	 WITH(register_options), run_register},
	{"list", "", 0, 0, "list the registered agents, the oldest first", NULL, WITH(list_options), run_list},
	{"show", "AGENT", 1, 1, "show one agent and the servers it uses", "AGENT is its name or id.", NULL, 0,
	 sizeof(registry_options), run_show},
	{"update", "AGENT", 1, 1, "change what is said about an agent", "What is not given stays as it is.", WITH(update_options), run_update},
	{"verify", "AGENT", 1, 1, "say that an agent is who it says, and may act", "From pending or suspended to verified.",
	 WITH(verify_options), run_verify},
	{"suspend", "AGENT", 1, 1, "let an agent do nothing for now", NULL, WITH(suspend_options), run_suspend},
	{"revoke", "AGENT", 1, 1, "end an agent for good", "Its id, keys and history stay; its name is free again.",
	 WITH(revoke_options), run_revoke},
	{"grant", "AGENT CAPABILITY", 2, 2, "let an agent do something, or forbid it",
	 "CAPABILITY is a name as files:read; a part of it may be '*': files:* covers files:read and files:read:meta.",
	 WITH(grant_options), run_agent_grant},
	{"revoke-grant", "AGENT GRANT", 2, 2, "take a grant away", "GRANT is an id as aim agent grants lists it.",
	 WITH(link_options), run_agent_revoke_grant},
	{"grants", "AGENT", 1, 1, "list the grants of an agent, expired ones too", NULL, NULL, 0, sizeof(registry_options),
	 run_agent_grants},
	{"link", "AGENT SERVER", 2, 2, "say that an agent uses a server", "The same as aim mcp link.", WITH(link_options), run_link},
	{"unlink", "AGENT SERVER", 2, 2, "say that an agent does not use a server any more", NULL, WITH(link_options), run_unlink},
};

const group group_agent = {"agent", "Agents", commands, N(commands)};

/* --- list -------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"id", "ID", 0},
	{"name", "NAME", COLUMN_SHRINKS},
	{"status", "STATUS", 0},
	{"owner", "OWNER", COLUMN_SHRINKS},
	{NULL, "KEY", 0},
	{"type", NULL, COLUMN_HIDDEN},
	{"key_id", NULL, COLUMN_HIDDEN},
	{"did", NULL, COLUMN_HIDDEN},
	{"parent", NULL, COLUMN_HIDDEN},
	{"created", NULL, COLUMN_HIDDEN},
	{"updated", NULL, COLUMN_HIDDEN},
	{"expires", "EXPIRES", 0},
};

static const char *type_text(uint32_t type)
{
	return type_names[type < 3 ? type : 0];
}

static aim_status list_agent(void *user, const aim_agent *a)
{
	page *g = user;
	char text[40];
	if (!page_takes(g, aim_agent_status(a), aim_agent_id(a)))
		return g->is_cut ? PAGE_ENOUGH : AIM_OK;
	aim_str key = aim_agent_key_id(a);
	aim_str shown = {key.ptr, key.len > 16 ? 16 : key.len};
	table_text(g->table, aim_agent_id(a));
	table_text(g->table, aim_agent_name(a));
	table_styled(g->table, aim_str_from(aim_registry_status_name(aim_agent_status(a))), status_style(aim_agent_status(a)));
	table_text(g->table, aim_agent_owner(a));
	table_text(g->table, shown);
	table_text(g->table, aim_str_from(type_text(aim_agent_type(a))));
	table_text(g->table, key);
	table_text(g->table, aim_agent_did(a));
	table_text(g->table, aim_agent_parent(a));
	table_text(g->table, when_text(aim_agent_created_us(a), text, sizeof text));
	table_text(g->table, when_text(aim_agent_updated_us(a), text, sizeof text));
	table_text(g->table, when_text(aim_agent_expires_at_s(a) * 1000000, text, sizeof text));
	table_row_end(g->table);
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
	aim_status rc = aim_agent_list(p->registry, aim_str_from(o->after), 0, list_agent, &g, &err);
	return page_end(&g, rc, &err, "no agent");
}

/* --- show -------------------------------------------------------------------------------------------------------------- */

#define ID_SIZE 40u

typedef struct linked {
	char ids[TEXTS_MAX][ID_SIZE];
	texts list;
} linked;

static aim_status take_link(void *user, const aim_link *link)
{
	linked *l = user;
	if (l->list.n == TEXTS_MAX)
		return PAGE_ENOUGH;
	char *id = l->ids[l->list.n];
	snprintf(id, ID_SIZE, "%.*s", (int)link->server.len, link->server.ptr);
	l->list.items[l->list.n++] = aim_str_from(id);
	return AIM_OK;
}

static void show_who(answer *out, const aim_agent *a)
{
	answer_text(out, "id", "id", aim_agent_id(a));
	answer_text(out, "name", "name", aim_agent_name(a));
	show_some(out, "display_name", "display name", aim_agent_display_name(a));
	answer_text(out, "type", "type", aim_str_from(type_text(aim_agent_type(a))));
	answer_styled(out, "status", "status", aim_str_from(aim_registry_status_name(aim_agent_status(a))),
	              status_style(aim_agent_status(a)));
	show_some(out, "status_reason", "because", aim_agent_status_reason(a));
	show_some(out, "description", "description", aim_agent_description(a));
	show_some(out, "owner", "owner", aim_agent_owner(a));
	if (aim_agent_owner(a).len)
		answer_bool(out, "owner_verified", NULL, aim_agent_owner_is_verified(a));
	show_some(out, "organization", "organization", aim_agent_organization(a));
	show_some(out, "parent", "parent", aim_agent_parent(a));
}

static void show_lists(answer *out, const aim_agent *a, const texts *servers, aim_buf *buf)
{
	texts t;
	for (t.n = 0; t.n < aim_agent_capability_count(a) && t.n < TEXTS_MAX; t.n++)
		t.items[t.n] = aim_agent_capability_at(a, t.n);
	show_texts(out, "capabilities", "capabilities", &t, buf);
	for (t.n = 0; t.n < aim_agent_alias_count(a) && t.n < TEXTS_MAX; t.n++)
		t.items[t.n] = aim_agent_alias_at(a, t.n);
	show_texts(out, "aliases", "aliases", &t, buf);
	show_texts(out, "servers", "servers", servers, buf);
}

static int show_agent(program *p, const aim_agent *a)
{
	answer out;
	char text[40];
	linked l = {.list.n = 0};
	aim_error err = {0};
	aim_status rc = aim_link_list(p->registry, aim_agent_id(a), aim_str_from(NULL), 0, take_link, &l, &err);
	if (rc != AIM_OK && rc != PAGE_ENOUGH)
		return refused("the servers of the agent", rc, &err);
	aim_buf *buf = new_buf(p);
	if (!buf)
		return EXIT_FAILED;
	answer_begin(&out);
	show_who(&out, a);
	show_lists(&out, a, &l.list, buf);
	show_some(&out, "key_id", "key id", aim_agent_key_id(a));
	show_some(&out, "did", "did", aim_agent_did(a));
	answer_text(&out, "created", "created", when_text(aim_agent_created_us(a), text, sizeof text));
	answer_text(&out, "updated", "updated", when_text(aim_agent_updated_us(a), text, sizeof text));
	show_some(&out, "expires", "expires", when_text(aim_agent_expires_at_s(a) * 1000000, text, sizeof text));
	answer_end(&out);
	aim_buf_free(buf);
	return EXIT_OK;
}

static int find_and_show(program *p, const char *id)
{
	aim_error err = {0};
	aim_agent *agent = NULL;
	aim_status rc = aim_agent_find(p->registry, aim_str_from(id), &agent, &err);
	int code = rc == AIM_OK ? show_agent(p, agent) : refused(p->args[0], rc, &err);
	aim_agent_free(agent);
	return code;
}

static int run_show(program *p)
{
	char id[64];
	int code = registry_open_for(p, TO_READ, SUBJECT_AGENT, id, sizeof id);
	return code == EXIT_OK ? find_and_show(p, id) : code;
}

/* --- register ------------------------------------------------------------------------------------------------------------- */

typedef struct agent_parts {
	texts capabilities, aliases;
	aim_public_key key;
	char parent[64];
} agent_parts;

static int agent_spec(program *p, const registry_options *o, aim_agent_spec *spec, agent_parts *parts)
{
	int has_key = 0;
	int code = texts_split("--capabilities", o->capabilities, &parts->capabilities);
	if (code == EXIT_OK)
		code = texts_split("--aliases", o->aliases, &parts->aliases);
	if (code == EXIT_OK)
		code = read_public_key(p, o, &parts->key, &has_key);
	*spec = (aim_agent_spec){.struct_size = sizeof *spec, .type = o->type};
	spec->name = aim_str_from(p->args[0]);
	spec->display_name = aim_str_from(o->display_name);
	spec->description = aim_str_from(o->description);
	spec->owner = aim_str_from(o->owner);
	spec->organization = aim_str_from(o->organization);
	spec->actor = actor_of(o);
	spec->status = o->flags & REGISTRY_VERIFIED ? AIM_REGISTRY_VERIFIED : 0;
	spec->capabilities = parts->capabilities.items;
	spec->n_capabilities = parts->capabilities.n;
	spec->aliases = parts->aliases.items;
	spec->n_aliases = parts->aliases.n;
	spec->public_key = has_key ? &parts->key : NULL;
	return code == EXIT_OK ? read_days(o, &spec->expires_at_s) : code;
}

static int run_register(program *p)
{
	char what[300];
	aim_agent_spec spec;
	agent_parts parts;
	aim_error err = {0};
	aim_agent *agent = NULL;
	const registry_options *o = p->options;
	int code = open_context(p);
	if (code == EXIT_OK)
		code = agent_spec(p, o, &spec, &parts);
	if (code == EXIT_OK)
		code = registry_open(p, TO_MAKE);
	if (code == EXIT_OK)
		code = subject_id(p, SUBJECT_AGENT, o->parent, parts.parent, sizeof parts.parent);
	if (code != EXIT_OK)
		return code;
	spec.parent = aim_str_from(parts.parent);
	aim_status rc = aim_agent_register(p->registry, &spec, &agent, &err);
	snprintf(what, sizeof what, "agent %.250s", p->args[0]);
	code = rc == AIM_OK ? show_agent(p, agent) : refused(what, rc, &err);
	aim_agent_free(agent);
	return code;
}

/* --- update ------------------------------------------------------------------------------------------------------------ */

static int run_update(program *p)
{
	char id[64];
	aim_error err = {0};
	const registry_options *o = p->options;
	aim_agent_update u = {.struct_size = sizeof u, .actor = actor_of(o), .reason = aim_str_from(o->reason)};
	u.display_name = aim_str_from(o->display_name);
	u.description = aim_str_from(o->description);
	u.organization = aim_str_from(o->organization);
	u.flags = (o->display_name ? AIM_AGENT_SET_DISPLAY_NAME : 0) | (o->description ? AIM_AGENT_SET_DESCRIPTION : 0) |
	          (o->organization ? AIM_AGENT_SET_ORGANIZATION : 0);
	int code = registry_open_for(p, TO_WRITE, SUBJECT_AGENT, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_agent_change(p->registry, aim_str_from(id), &u, &err);
	return rc == AIM_OK ? find_and_show(p, id) : refused(p->args[0], rc, &err);
}

/* --- life cycle ------------------------------------------------------------------------------------------------------------ */

static int move_to(program *p, uint32_t status)
{
	char id[64];
	aim_error err = {0};
	aim_registry_move move = move_of(p->options, status);
	int code = registry_open_for(p, TO_WRITE, SUBJECT_AGENT, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_agent_move(p->registry, aim_str_from(id), &move, &err);
	return rc == AIM_OK ? find_and_show(p, id) : refused(p->args[0], rc, &err);
}

static int run_verify(program *p)
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
