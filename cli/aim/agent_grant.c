/* cli/aim/agent_grant.c — aim agent grant, revoke-grant and grants: what an agent may do. */
#include "registry.h"

#include <stdio.h>

static int open_agent(program *p, int how, char *out, size_t size)
{
	int code = registry_open(p, how);
	return code == EXIT_OK ? subject_id(p, SUBJECT_AGENT, p->args[0], out, size) : code;
}

static aim_str end_text(int64_t expires_at_s, char *out, size_t size)
{
	return when_text(expires_at_s * 1000000, out, size);
}

int run_agent_grant(program *p)
{
	answer a;
	char agent[64], id[AIM_GRANT_ID_SIZE], text[40];
	aim_error err = {0};
	const registry_options *o = p->options;
	aim_grant_spec spec = {.struct_size = sizeof spec, .flags = o->flags & REGISTRY_DENY ? AIM_GRANT_DENY : 0};
	int code = read_days(o, &spec.expires_at_s);
	if (code == EXIT_OK)
		code = open_agent(p, TO_WRITE, agent, sizeof agent);
	if (code != EXIT_OK)
		return code;
	spec.agent = aim_str_from(agent);
	spec.capability = aim_str_from(p->args[1]);
	spec.resource = aim_str_from(o->resource);
	spec.reason = aim_str_from(o->reason);
	spec.actor = actor_of(o);
	aim_status rc = aim_grant_add(p->registry, &spec, id, &err);
	if (rc != AIM_OK)
		return refused(p->args[1], rc, &err);
	answer_begin(&a);
	answer_text(&a, "grant", "grant", aim_str_from(id));
	answer_text(&a, "agent", "agent", spec.agent);
	answer_styled(&a, "effect", "effect", aim_str_from(spec.flags ? "deny" : "allow"), spec.flags ? STYLE_BAD : STYLE_GOOD);
	answer_text(&a, "capability", "capability", spec.capability);
	show_some(&a, "resource", "resource", spec.resource);
	show_some(&a, "expires", "expires", end_text(spec.expires_at_s, text, sizeof text));
	answer_end(&a);
	return EXIT_OK;
}

int run_agent_revoke_grant(program *p)
{
	answer a;
	char agent[64];
	aim_error err = {0};
	int code = open_agent(p, TO_WRITE, agent, sizeof agent);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_grant_remove(p->registry, aim_str_from(agent), aim_str_from(p->args[1]), actor_of(p->options), &err);
	if (rc != AIM_OK)
		return refused(p->args[1], rc, &err);
	answer_begin(&a);
	answer_text(&a, "revoked", "revoked", aim_str_from(p->args[1]));
	answer_text(&a, "agent", "agent", aim_str_from(agent));
	answer_end(&a);
	return EXIT_OK;
}

/* --- grants ------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"grant", "GRANT", 0},
	{"effect", "EFFECT", 0},
	{"capability", "CAPABILITY", COLUMN_SHRINKS},
	{"resource", "RESOURCE", COLUMN_SHRINKS},
	{"expires", "EXPIRES", 0},
	{"reason", "REASON", COLUMN_SHRINKS},
	{"actor", "ACTOR", COLUMN_SHRINKS},
};

static aim_status list_grant(void *user, aim_str id, const aim_grant_spec *grant)
{
	char text[40];
	table *t = user;
	int denies = (grant->flags & AIM_GRANT_DENY) != 0;
	table_text(t, id);
	table_styled(t, aim_str_from(denies ? "deny" : "allow"), denies ? STYLE_BAD : STYLE_GOOD);
	table_text(t, grant->capability);
	table_text(t, grant->resource);
	table_text(t, end_text(grant->expires_at_s, text, sizeof text));
	table_text(t, grant->reason);
	table_text(t, grant->actor);
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

int run_agent_grants(program *p)
{
	char agent[64];
	aim_error err = {0};
	int code = open_agent(p, TO_READ, agent, sizeof agent);
	table *t = code == EXIT_OK ? table_new(columns, N(columns)) : NULL;
	if (!t)
		return code == EXIT_OK ? EXIT_FAILED : code;
	aim_status rc = aim_grant_list(p->registry, aim_str_from(agent), list_grant, t, &err);
	table_free(t, rc == AIM_OK ? "it has no grant: it may do nothing" : NULL);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : refused(p->args[0], rc, &err);
}
