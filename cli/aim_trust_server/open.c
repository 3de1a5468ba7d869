/* cli/aim_trust_server/open.c — opens what a run needs, and who the server is. */
#include "../common/files.h"
#include "program.h"

#include <string.h>

static int failed(const char *what, aim_status rc, const aim_error *err, int code)
{
	say_error(what, rc, err);
	return code;
}

static int open_store(program *p)
{
	aim_error err = {0};
	aim_status rc = AIM_OK;
	if (p->config->backend == BACKEND_SQLITE)
		rc = store_open(p->ctx, p->config->store, 0, &p->store);
	else if ((rc = aim_store_open_memory(p->ctx, NULL, &p->store, &err)) != AIM_OK)
		say_error("store in memory", rc, &err);
	if (rc != AIM_OK)
		return EXIT_STORE;
	rc = aim_audit_open(p->store, NULL, &p->log, &err);
	if (rc == AIM_OK)
		rc = aim_registry_open(p->log, NULL, &p->registry, &err);
	if (rc == AIM_OK)
		rc = aim_handshake_new(p->ctx, NULL, &p->handshake, &err);
	return rc == AIM_OK ? EXIT_OK : failed("the store", rc, &err, EXIT_STORE);
}

/* ---- the key ---- */

static aim_status read_key(program *p, aim_str path, aim_error *err)
{
	aim_buf *seed = NULL;
	aim_status rc = aim_buf_new(p->ctx, &seed);
	if (rc == AIM_OK)
		rc = aim_keyfile_read(p->ctx, path, 0, seed, err);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(p->ctx, AIM_KEY_AGENT, aim_buf_bytes(seed), &p->key, err);
	aim_buf_free(seed); /* wiped */
	return rc;
}

static aim_status write_key(program *p, aim_str path, aim_error *err)
{
	uint8_t seed[AIM_KEY_SEED_LEN];
	aim_status rc = aim_key_generate(p->ctx, AIM_KEY_AGENT, &p->key, err);
	if (rc == AIM_OK)
		rc = aim_key_export_seed(p->key, seed);
	if (rc == AIM_OK)
		rc = aim_keyfile_write(p->ctx, path, 0, aim_bytes_from(seed, sizeof seed), err);
	aim_key_wipe(seed, sizeof seed);
	return rc;
}

/* A key that cannot be read is never replaced. */
static int open_key(program *p)
{
	aim_error err = {0};
	aim_status rc = AIM_OK;
	if (!p->config->key_file) {
		rc = aim_key_generate(p->ctx, AIM_KEY_AGENT, &p->key, &err);
		return rc == AIM_OK ? EXIT_OK : failed("the server's key", rc, &err, EXIT_FAILED);
	}
	aim_str path = aim_str_from(p->config->key_file);
	rc = read_key(p, path, &err);
	if (rc == AIM_E_NOT_FOUND)
		rc = write_key(p, path, &err);
	return rc == AIM_OK ? EXIT_OK : failed(p->config->key_file, rc, &err, EXIT_STORE);
}

/* ---- the agent ---- */

static aim_status register_self(program *p, const aim_public_key *key, aim_agent **out, aim_error *err)
{
	aim_str can[] = {aim_str_from("trust:check"), aim_str_from("trust:handshake"), aim_str_from("trust:record"),
	                 aim_str_from("delegation:verify")};
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED, .type = AIM_AGENT_SERVICE};
	spec.name = aim_str_from(p->config->name);
	spec.actor = aim_str_from("aim-trust-server");
	spec.public_key = key;
	spec.capabilities = can;
	spec.n_capabilities = sizeof can / sizeof *can;
	return aim_agent_register(p->registry, &spec, out, err);
}

static int open_agent(program *p)
{
	aim_error err = {0};
	aim_agent *self = NULL;
	aim_public_key key;
	aim_status rc = aim_key_public(p->key, &key);
	if (rc == AIM_OK)
		rc = aim_key_public_text(&key, p->public_key);
	if (rc == AIM_OK)
		rc = aim_did_mesh(p->ctx, &key, p->did);
	if (rc == AIM_OK)
		rc = aim_agent_find_key(p->registry, &key, &self, &err);
	if (rc == AIM_E_NOT_FOUND)
		rc = register_self(p, &key, &self, &err);
	if (rc == AIM_OK)
		snprintf(p->agent_id, sizeof p->agent_id, "%s", aim_agent_id(self).ptr);
	if (rc == AIM_OK && !aim_str_equal(aim_agent_name(self), aim_str_from(p->config->name)))
		say("this key is registered as %s; AGENTMESH_AGENT_NAME is ignored", aim_agent_name(self).ptr);
	aim_agent_free(self);
	if (rc == AIM_E_EXISTS)
		say("the name %s belongs to another key; give that key's file with --key", p->config->name);
	return rc == AIM_OK ? EXIT_OK : failed("the server's own agent", rc, &err, EXIT_STORE);
}

static int open_server(program *p)
{
	aim_error err = {0};
	aim_mcpserver_options o = {.struct_size = sizeof o, .list = tools_list, .call = tools_call, .user = p};
	o.name = aim_str_from("aim-trust-server");
	o.title = aim_str_from(p->config->name);
	o.version = aim_str_from(aim_version_text());
	o.instructions = aim_str_from("Ask whether an agent is trusted before working with it, and record how it went.");
	o.ttl_ms = 3600000;
	aim_status rc = aim_mcpserver_new(p->ctx, &o, &p->server, &err);
	return rc == AIM_OK ? EXIT_OK : failed("cannot start", rc, &err, EXIT_FAILED);
}

int open_all(program *p)
{
	int (*const steps[])(program *) = {open_store, open_key, open_agent, open_server};
	aim_error err = {0};
	int code = EXIT_OK;
	aim_status rc = aim_ctx_new(NULL, &p->ctx, &err);
	if (rc != AIM_OK)
		return failed("cannot start", rc, &err, EXIT_FAILED);
	for (size_t i = 0; code == EXIT_OK && i < sizeof steps / sizeof *steps; i++)
		code = steps[i](p);
	return code;
}

int close_all(program *p)
{
	aim_error err = {0};
	int code = EXIT_OK;
	aim_mcpserver_free(p->server);
	aim_handshake_free(p->handshake);
	aim_registry_free(p->registry);
	aim_key_unref(p->key);
	aim_status rc = p->log ? aim_audit_close(p->log, &err) : AIM_OK;
	if (rc != AIM_OK)
		code = failed("the last audit records could not be written", rc, &err, EXIT_STORE);
	aim_store_free(p->store);
	aim_ctx_free(p->ctx);
	return code;
}
