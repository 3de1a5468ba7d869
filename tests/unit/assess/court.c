#include "court.h"

#include <aim/keyring.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aim_status trust_of(void *user, aim_str agent, int64_t at_us, aim_ledger_trust *out)
{
	const court *c = user;
	(void)at_us;
	for (size_t i = 0; i < c->n; i++)
		if (aim_str_equal(agent, S(c->agents[i].id))) {
			out->micro = c->agents[i].trust_micro;
			out->provisional = c->agents[i].provisional;
			return AIM_OK;
		}
	return AIM_E_NOT_FOUND;
}

int court_setup(void **state)
{
	court *c = calloc(1, sizeof *c);
	void *h = NULL;
	aim_ledger_options o = {.struct_size = sizeof o, .trust_of = trust_of, .user = c};
	assert_non_null(c);
	house_setup(&h);
	c->h = h;
	house_server(c->h, "server", c->server);
	assert_status(aim_ledger_open(c->h->registry, &o, &c->ledger, NULL), AIM_OK);
	*state = c;
	return 0;
}

int court_teardown(void **state)
{
	court *c = *state;
	void *h = c->h;
	for (size_t i = 0; i < c->n; i++)
		aim_key_unref(c->agents[i].key);
	aim_ledger_free(c->ledger);
	free(c);
	return house_teardown(&h);
}

attester *court_agent(court *c, uint32_t status, const char *owner)
{
	attester *a = &c->agents[c->n++];
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = status};
	aim_agent *agent = NULL;
	aim_public_key public_key;
	char name[16];
	assert_true(c->n <= COURT_AGENTS);
	(void)snprintf(name, sizeof name, "agent-%zu", c->n);
	assert_status(aim_key_generate(c->h->ctx, AIM_KEY_AGENT, &a->key, NULL), AIM_OK);
	assert_status(aim_key_public(a->key, &public_key), AIM_OK);
	spec.name = S(name);
	spec.owner = S(owner);
	spec.public_key = &public_key;
	assert_status(aim_agent_register(c->h->registry, &spec, &agent, NULL), AIM_OK);
	strcpy(a->id, aim_agent_id(agent).ptr);
	aim_agent_free(agent);
	a->trust_micro = 900000;
	return a;
}

attester *court_add(court *c)
{
	return court_agent(c, AIM_REGISTRY_VERIFIED, "");
}

aim_attestation_payload court_payload(const court *c, const attester *a)
{
	static const aim_str tools[] = {{"read", 4}};
	aim_attestation_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY};
	p.agent_id = S(a->id);
	p.server_id = S(c->server);
	p.server_name = S("server");
	p.server_url = S("https://mcp.example.org/");
	p.capabilities = tools;
	p.n_capabilities = 1;
	memset(p.manifest_hash, 1, 32);
	return p;
}

void court_sign(const aim_key *key, const aim_attestation_payload *p, aim_buf *out)
{
	assert_status(aim_attestation_sign(key, p, out, NULL), AIM_OK);
}

aim_status court_submit(court *c, const aim_key *key, const aim_attestation_payload *p, aim_ledger_receipt *receipt)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(c->h->ctx, &out), AIM_OK);
	court_sign(key, p, out);
	aim_status rc = aim_ledger_submit(c->ledger, aim_buf_str(out), S("ana"), receipt, NULL);
	aim_buf_free(out);
	return rc;
}

aim_status court_attest(court *c, const attester *a)
{
	aim_attestation_payload p = court_payload(c, a);
	return court_submit(c, a->key, &p, NULL);
}
