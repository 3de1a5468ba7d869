#include "house.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>

aim_status house_open(aim_ctx *ctx, aim_store **store, aim_audit **log, aim_registry **registry)
{
	*store = NULL;
	*log = NULL;
	*registry = NULL;
	aim_status rc = aim_store_open_memory(ctx, NULL, store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(*store, NULL, log, NULL);
	if (rc == AIM_OK)
		rc = aim_registry_open(*log, NULL, registry, NULL);
	if (rc != AIM_OK)
		house_close(*store, *log, *registry);
	return rc;
}

void house_close(aim_store *store, aim_audit *log, aim_registry *registry)
{
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
}

int house_setup(void **state)
{
	house *h = calloc(1, sizeof *h);
	assert_non_null(h);
	h->ctx = test_ctx(&h->heap);
	assert_status(house_open(h->ctx, &h->store, &h->log, &h->registry), AIM_OK);
	*state = h;
	return 0;
}

int house_teardown(void **state)
{
	house *h = *state;
	house_close(h->store, h->log, h->registry);
	test_ctx_done(h->ctx, &h->heap);
	free(h);
	return 0;
}

void house_agent(house *h, const char *name, char *out_id)
{
	aim_agent_spec spec = {.struct_size = sizeof spec};
	aim_agent *agent = NULL;
	spec.name = S(name);
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	strcpy(out_id, aim_agent_id(agent).ptr);
	aim_agent_free(agent);
}

void house_server(house *h, const char *name, char *out_id)
{
	aim_server_spec spec = {.struct_size = sizeof spec};
	aim_server *server = NULL;
	spec.name = S(name);
	spec.url = S("https://mcp.example.org/");
	assert_status(aim_server_register(h->registry, &spec, &server, NULL), AIM_OK);
	strcpy(out_id, aim_server_id(server).ptr);
	aim_server_free(server);
}

typedef struct counting {
	const char *kind;
	size_t n;
	char last[4096];
} counting;

static aim_status count(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	counting *c = user;
	char wanted[128] = "";
	(void)position, (void)salt;
	assert_true(record.len < sizeof c->last);
	memcpy(c->last, record.ptr, record.len);
	c->last[record.len] = '\0';
	if (c->kind) {
		strcpy(wanted, "\"kind\":\"");
		strcat(wanted, c->kind);
		strcat(wanted, "\"");
	}
	c->n += strstr(c->last, wanted) != NULL;
	return AIM_OK;
}

static counting look(house *h, const char *kind)
{
	counting c = {.kind = kind};
	assert_status(aim_audit_read(h->log, 0, UINT64_MAX, count, &c, NULL), AIM_OK);
	return c;
}

size_t house_records(house *h, const char *kind)
{
	return look(h, kind).n;
}

const char *house_last_record(house *h)
{
	static counting c;
	c = look(h, NULL);
	return c.last;
}

void house_damage(house *h, const char *key, const char *value)
{
	aim_store_op op = {.kind = AIM_STORE_PUT};
	op.key = aim_bytes_from_str(S(key));
	op.value = aim_bytes_from_str(S(value));
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim__store_apply_group(h->store, &batch, 1, NULL), AIM_OK);
	assert_status(batch.status, AIM_OK);
}
