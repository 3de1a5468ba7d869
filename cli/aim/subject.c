/* cli/aim/subject.c — agents and servers by name or id. */
#include "program.h"

#include <stdio.h>
#include <string.h>

static aim_status agent_id(aim_registry *registry, const char *name, char *out, size_t size, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = aim_agent_find_name(registry, aim_str_from(name), &agent, err);
	if (rc == AIM_OK)
		snprintf(out, size, "%s", aim_agent_id(agent).ptr);
	aim_agent_free(agent);
	return rc;
}

static aim_status server_id(aim_registry *registry, const char *name, char *out, size_t size, aim_error *err)
{
	aim_server *server = NULL;
	aim_status rc = aim_server_find_name(registry, aim_str_from(name), &server, err);
	if (rc == AIM_OK)
		snprintf(out, size, "%s", aim_server_id(server).ptr);
	aim_server_free(server);
	return rc;
}

static aim_status find(aim_registry *registry, uint32_t kinds, const char *name, char *out, size_t size, aim_error *err)
{
	aim_status rc = AIM_E_NOT_FOUND;
	if (kinds & SUBJECT_AGENT)
		rc = agent_id(registry, name, out, size, err);
	if (rc == AIM_E_NOT_FOUND && kinds & SUBJECT_SERVER)
		rc = server_id(registry, name, out, size, err);
	return rc;
}

int open_registry(program *p)
{
	aim_error err = {0};
	aim_status rc = p->registry ? AIM_OK : aim_registry_open(p->log, NULL, &p->registry, &err);
	if (rc == AIM_OK)
		return EXIT_OK;
	say_store_error(store_path(p), rc, &err);
	return exit_of(rc);
}

int subject_id(program *p, uint32_t kinds, const char *given, char *out, size_t size)
{
	char what[300];
	aim_error err = {0};
	out[0] = 0;
	if (!given)
		return EXIT_OK;
	if ((kinds & SUBJECT_AGENT && strncmp(given, "agt_", 4) == 0) || (kinds & SUBJECT_SERVER && strncmp(given, "srv_", 4) == 0)) {
		snprintf(out, size, "%s", given);
		return EXIT_OK;
	}
	int code = open_registry(p);
	if (code != EXIT_OK)
		return code;
	aim_status rc = find(p->registry, kinds, given, out, size, &err);
	if (rc == AIM_OK)
		return EXIT_OK;
	if (rc == AIM_E_NOT_FOUND && kinds == (SUBJECT_AGENT | SUBJECT_SERVER)) /* of the last one looked for only */
		snprintf(err.message, sizeof err.message, "there is neither an agent nor a server of this name");
	snprintf(what, sizeof what, "%s %.250s", kinds == SUBJECT_SERVER ? "server" : kinds == SUBJECT_AGENT ? "agent" : "subject", given);
	return failed(what, rc, &err);
}
