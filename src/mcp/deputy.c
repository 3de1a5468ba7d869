/* mcp/deputy.c — a tool that this server never showed and another one did: whoever asks for it here confuses the two, or
 * was made to. Layer mcp. Only asked about tools that are unknown, so its walk over the servers costs no ordinary call. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "identity/record.h"

#include <aim/server.h>

#define SERVERS_MAX 256u

typedef struct search {
	aim_guard *guard;
	aim_str tool;
	aim__record record;
	aim_buf key;
	int found;
} search;

/* Any failure ends the walk; so does success. */
static aim_status look(void *user, const aim_server *server)
{
	search *s = user;
	aim_str parts[3] = {aim_server_id(server), aim_str_from("tool"), s->tool};
	if (aim_str_equal(parts[0], s->guard->options.server))
		return AIM_OK;
	aim_status rc = aim__record_key(&s->key, "baseline/", parts, 3, NULL);
	if (rc == AIM_OK)
		rc = aim__record_load(&s->record, aim_buf_bytes(&s->key), NULL);
	s->found = rc == AIM_OK;
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc == AIM_OK ? AIM_E_SPACE : rc;
}

int aim__deputy_is_confused(aim_guard *guard, aim_str tool)
{
	search s = {.guard = guard, .tool = tool};
	aim_registry *registry = guard->options.registry;
	aim_str from_start = {NULL, 0};
	if (!registry)
		return 0;
	aim__record_init(&s.record, registry);
	aim__buf_init(&s.key, guard->ctx);
	aim_status rc = aim_server_list(registry, from_start, SERVERS_MAX, look, &s, NULL);
	aim__buf_dispose(&s.key);
	aim__record_dispose(&s.record);
	return s.found || rc != AIM_OK; /* what cannot be looked up is not let pass */
}
