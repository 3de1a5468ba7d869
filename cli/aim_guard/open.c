/* cli/aim_guard/open.c — opens what a run needs and registers who takes part. */
#include "../common/files.h"
#include "program.h"

#include <string.h>

#define POLICY_MAX ((size_t)16 * 1024 * 1024)
#define ARGS_MAX 256u

int open_context(program *p)
{
	aim_error err = {0};
	aim_limits limits = {.struct_size = sizeof limits};
	aim_ctx_options o = {.struct_size = sizeof o, .limits = &limits};
	limits.max_message_bytes = p->options->max_message;
	if (limits.max_message_bytes > (uint64_t)16 * 1024 * 1024) {
		limits.max_json_bytes = limits.max_message_bytes;
		limits.max_buffer_bytes = 4 * limits.max_message_bytes;
	}
	aim_status rc = aim_ctx_new(&o, &p->ctx, &err);
	if (rc != AIM_OK)
		say_error("cannot start", rc, &err);
	return rc == AIM_OK ? EXIT_OK : EXIT_FAILED;
}

static int store_failed(const program *p, aim_status rc, const aim_error *err)
{
	say_store_error(p->options->store ? p->options->store : "in memory", rc, err);
	return EXIT_STORE;
}

int open_store(program *p, uint32_t sqlite_flags)
{
	aim_error err = {0};
	if (p->options->store)
		return store_open(p->ctx, p->options->store, sqlite_flags, &p->store) == AIM_OK ? EXIT_OK : EXIT_STORE;
	aim_status rc = aim_store_open_memory(p->ctx, NULL, &p->store, &err);
	return rc == AIM_OK ? EXIT_OK : store_failed(p, rc, &err);
}

int open_log(program *p)
{
	aim_error err = {0};
	aim_audit_options o = {.struct_size = sizeof o, .durability = p->options->durability};
	aim_status rc = aim_audit_open(p->store, &o, &p->log, &err);
	if (rc == AIM_OK)
		rc = aim_registry_open(p->log, NULL, &p->registry, &err);
	return rc == AIM_OK ? EXIT_OK : store_failed(p, rc, &err);
}

/* --- the policy -------------------------------------------------------------------------------------------- */

/* file:line:column: pointer: message */
static void say_problem(const char *path, const aim_error *e)
{
	if (e->pointer[0])
		say("%s:%u:%u: %s: %s", path, e->line, e->column, e->pointer, e->message);
	else
		say("%s:%u:%u: %s", path, e->line, e->column, e->message);
}

static void say_problems(const char *path, const aim_diagnostics *problems, const aim_error *first)
{
	size_t n = aim_diagnostics_count(problems);
	for (size_t i = 0; i < n; i++)
		say_problem(path, aim_diagnostics_at(problems, i));
	if (n == 0)
		say_problem(path, first);
	if (aim_diagnostics_dropped(problems))
		say("%s: %zu more problems", path, aim_diagnostics_dropped(problems));
}

static aim_policy *compile(const program *p, aim_bytes text, aim_diagnostics *problems)
{
	aim_error err = {0};
	aim_policy *policy = NULL;
	if (aim_policy_compile(p->ctx, text, NULL, &policy, problems, &err) != AIM_OK)
		say_problems(p->options->policy, problems, &err);
	return policy;
}

/* NULL after saying what is wrong with it. */
static aim_policy *read_policy(const program *p)
{
	size_t len = 0;
	aim_diagnostics *problems = NULL;
	aim_policy *policy = NULL;
	char *text = file_read("policy", p->options->policy, POLICY_MAX, &len);
	if (text && aim_diagnostics_new(p->ctx, &problems) == AIM_OK)
		policy = compile(p, aim_bytes_from(text, len), problems);
	aim_diagnostics_free(problems);
	if (text)
		file_free(text, len);
	return policy;
}

int open_policy(program *p)
{
	aim_error err = {0};
	if (!p->options->policy)
		return EXIT_OK;
	aim_policy *policy = read_policy(p);
	if (!policy)
		return EXIT_POLICY;
	aim_status rc = aim_authorizer_new(p->ctx, policy, &p->authorizer, &err);
	aim_policy_unref(policy);
	if (rc == AIM_OK)
		rc = aim_rates_new(p->ctx, NULL, &p->rates, &err);
	if (rc != AIM_OK)
		say_error("cannot start", rc, &err);
	return rc == AIM_OK ? EXIT_OK : EXIT_FAILED;
}

void reload_policy(program *p)
{
	if (!p->authorizer)
		return;
	aim_policy *policy = read_policy(p);
	if (!policy || aim_authorizer_replace(p->authorizer, policy) != AIM_OK) {
		say("the policy stays as it was");
		aim_policy_unref(policy);
		return;
	}
	say("policy %.16s is in force now", aim_policy_hash(policy).ptr);
	aim_policy_unref(policy);
}

/* --- agent and server --------------------------------------------------------------------------------------- */

static int subject_failed(const char *kind, const char *name, aim_status rc, const aim_error *err)
{
	char what[400];
	snprintf(what, sizeof what, "%s %s", kind, name);
	say_error(what, rc, err);
	return rc == AIM_E_ID_NAME || rc == AIM_E_INVALID ? EXIT_USAGE : EXIT_STORE;
}

/* Whoever starts a server by hand vouches for the agent that it is started for. */
static int open_agent(program *p)
{
	aim_error err = {0};
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
	spec.name = aim_str_from(p->options->agent);
	spec.actor = aim_str_from("aim-guard");
	aim_status rc = aim_agent_find_name(p->registry, spec.name, &agent, &err);
	if (rc == AIM_E_NOT_FOUND)
		rc = aim_agent_register(p->registry, &spec, &agent, &err);
	if (rc == AIM_E_EXISTS) /* another aim-guard was faster */
		rc = aim_agent_find_name(p->registry, spec.name, &agent, &err);
	if (rc != AIM_OK)
		return subject_failed("agent", p->options->agent, rc, &err);
	snprintf(p->agent_id, sizeof p->agent_id, "%s", aim_agent_id(agent).ptr);
	aim_agent_free(agent);
	return EXIT_OK;
}

static const char *launch_difference(const aim_server *server, const options *o)
{
	char **command = o->command;
	size_t n = 0;
	if (!command)
		return aim_str_equal(aim_server_url(server), aim_str_from(o->upstream)) ? NULL : "URL";
	if (!aim_str_equal(aim_server_command(server), aim_str_from(command[0])))
		return "command";
	for (; command[n + 1]; n++)
		if (!aim_str_equal(aim_server_arg_at(server, n), aim_str_from(command[n + 1])))
			return "arguments";
	return n == aim_server_arg_count(server) ? NULL : "arguments";
}

/* The record says what changed, not to what: arguments may hold secrets. */
static int report_launch(program *p, const char *what)
{
	aim_error err = {0};
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	char text[200];
	snprintf(text, sizeof text, "the %s the server is started with differ from those it was registered with", what);
	say("drift: server %s: %s", p->server_name, text);
	r.kind = aim_str_from("drift_detected");
	r.agent = aim_str_from(p->agent_id);
	r.subject = aim_str_from(p->server_id);
	r.action = aim_str_from("launch");
	r.reason_code = aim_str_from("command_changed");
	r.reason = aim_str_from(text);
	aim_status rc = aim_audit_append(p->log, &r, NULL, &err);
	return rc == AIM_OK ? EXIT_OK : store_failed(p, rc, &err);
}

static aim_status register_server(program *p, aim_server **out, aim_error *err)
{
	aim_str args[ARGS_MAX];
	aim_server_spec spec = {.struct_size = sizeof spec};
	char **command = p->options->command;
	spec.name = aim_str_from(p->server_name);
	spec.actor = aim_str_from("aim-guard");
	if (!command) {
		spec.url = aim_str_from(p->options->upstream);
		return aim_server_register(p->registry, &spec, out, err);
	}
	spec.command = aim_str_from(command[0]);
	spec.args = args;
	while (command[spec.n_args + 1] && spec.n_args < ARGS_MAX) {
		args[spec.n_args] = aim_str_from(command[spec.n_args + 1]);
		spec.n_args++;
	}
	return aim_server_register(p->registry, &spec, out, err);
}

static int open_server(program *p)
{
	aim_error err = {0};
	aim_server *server = NULL;
	aim_status rc = aim_server_find_name(p->registry, aim_str_from(p->server_name), &server, &err);
	if (rc == AIM_E_NOT_FOUND)
		rc = register_server(p, &server, &err);
	if (rc == AIM_E_EXISTS)
		rc = aim_server_find_name(p->registry, aim_str_from(p->server_name), &server, &err);
	if (rc != AIM_OK)
		return subject_failed("server", p->server_name, rc, &err);
	snprintf(p->server_id, sizeof p->server_id, "%s", aim_server_id(server).ptr);
	const char *difference = launch_difference(server, p->options);
	aim_server_free(server);
	return difference ? report_launch(p, difference) : EXIT_OK;
}

int open_subjects(program *p)
{
	aim_error err = {0};
	options_server_name(p->options, p->server_name, sizeof p->server_name);
	int code = open_agent(p);
	if (code == EXIT_OK)
		code = open_server(p);
	if (code != EXIT_OK || p->options->flags & AIM_GUARD_LEARN)
		return code;
	aim_status rc = aim_behaviour_new(p->ctx, NULL, &p->behaviour, &err);
	if (rc != AIM_OK)
		say_error("cannot start", rc, &err);
	return rc == AIM_OK ? EXIT_OK : EXIT_FAILED;
}

aim_status make_guard(program *p, aim_guard **out)
{
	aim_guard_options o = {.struct_size = sizeof o};
	o.preset = p->options->preset;
	o.response_policy = p->options->responses;
	o.flags = (p->options->flags ^ AIM_GUARD_LEARN) | AIM_GUARD_LINK; /* --no-learn sets what is on without it */
	o.registry = p->registry;
	o.audit = p->log;
	o.authorizer = p->authorizer;
	o.rates = p->rates;
	o.agent = aim_str_from(p->agent_id);
	o.agent_name = aim_str_from(p->options->agent);
	o.server = aim_str_from(p->server_id);
	o.server_name = aim_str_from(p->server_name);
	o.event = p->report;
	o.behaviour = p->behaviour;
	o.user = p;
	return aim_guard_new(p->ctx, &o, out, NULL);
}

int open_guard(program *p)
{
	aim_error err = {0};
	p->report = report_event;
	aim_status rc = make_guard(p, &p->guard);
	return rc == AIM_OK ? EXIT_OK : store_failed(p, rc, &err);
}

int close_all(program *p)
{
	aim_error err = {0};
	int code = EXIT_OK;
	aim_guard_free(p->guard);
	aim_behaviour_free(p->behaviour);
	aim_authorizer_free(p->authorizer);
	aim_rates_free(p->rates);
	aim_registry_free(p->registry);
	aim_status rc = aim_audit_close(p->log, &err);
	if (rc != AIM_OK) {
		say_error("the last audit records could not be written", rc, &err);
		code = EXIT_STORE;
	}
	aim_store_free(p->store);
	aim_ctx_free(p->ctx);
	return code;
}
