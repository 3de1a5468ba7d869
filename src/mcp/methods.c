/* mcp/methods.c — the table of methods, revisions 2024-11-05 to 2026-07-28 and the tasks extension.
 * Layer mcp. A new method is a new line here. */
#include "mcp/methods.h"

#include <string.h>

#define C AIM_GUARD_CLIENT
#define S AIM_GUARD_SERVER
#define REQUEST AIM__METHOD_REQUEST
#define NOTE AIM__METHOD_NOTIFICATION
#define PASS AIM__METHOD_PASS
#define GATE AIM__METHOD_GATE

/* clang-format off */
static const aim__method table[] = { /* sorted by name */
	{"completion/complete", C, REQUEST, GATE, 0, "mcp_completion", "/ref/name", "/ref/uri", "/argument"},
	{"elicitation/create", S, REQUEST, GATE, 0, "mcp_elicitation", NULL, NULL, NULL},
	{"initialize", C, REQUEST, AIM__METHOD_INITIALIZE, 0, NULL, NULL, NULL, NULL},
	{"logging/setLevel", C, REQUEST, PASS, 0, NULL, NULL, NULL, NULL},
	{"notifications/cancelled", C | S, NOTE, AIM__METHOD_CANCEL, 0, NULL, NULL, NULL, NULL},
	{"ping", C | S, REQUEST, PASS, 0, NULL, NULL, NULL, NULL},
	{"prompts/get", C, REQUEST, GATE, 0, "mcp_prompt", "/name", NULL, "/arguments"},
	{"prompts/list", C, REQUEST, AIM__METHOD_ENTRIES, 0, NULL, NULL, NULL, NULL},
	{"resources/list", C, REQUEST, AIM__METHOD_ENTRIES, 0, NULL, NULL, NULL, NULL},
	{"resources/read", C, REQUEST, GATE, 0, "mcp_resource", "/uri", NULL, NULL},
	{"resources/subscribe", C, REQUEST, GATE, 0, "mcp_resource", "/uri", NULL, NULL},
	{"resources/templates/list", C, REQUEST, AIM__METHOD_ENTRIES, 0, NULL, NULL, NULL, NULL},
	{"resources/unsubscribe", C, REQUEST, PASS, 0, NULL, NULL, NULL, NULL},
	{"roots/list", S, REQUEST, PASS, 0, NULL, NULL, NULL, NULL},
	{"sampling/createMessage", S, REQUEST, GATE, 0, "mcp_sampling", NULL, NULL, NULL},
	{"server/discover", C, REQUEST, AIM__METHOD_DISCOVER, 0, NULL, NULL, NULL, NULL},
	{"subscriptions/listen", C, REQUEST, AIM__METHOD_LISTEN, 0, "mcp_resource", NULL, NULL, NULL},
	{"tasks/cancel", C | S, REQUEST, GATE, 0, "mcp_task", "/taskId", NULL, NULL},
	{"tasks/get", C | S, REQUEST, GATE, 0, "mcp_task", "/taskId", NULL, NULL},
	{"tasks/list", C | S, REQUEST, GATE, 0, "mcp_task", NULL, NULL, NULL},
	{"tasks/result", C | S, REQUEST, GATE, 0, "mcp_task", "/taskId", NULL, NULL},
	{"tasks/update", C, REQUEST, GATE, 0, "mcp_task", "/taskId", NULL, NULL},
	{"tools/call", C, REQUEST, GATE, 1, "mcp_tool", "/name", NULL, "/arguments"},
	{"tools/list", C, REQUEST, AIM__METHOD_TOOLS, 0, NULL, NULL, NULL, NULL},
};
/* clang-format on */

/* Progress, log messages, list_changed, updated, tasks/status and what later revisions add: they carry
 * news, never a demand. */
static const aim__method any_notification = {"notifications/", C | S, NOTE, PASS, 0, NULL, NULL, NULL, NULL};

#define N_METHODS (sizeof table / sizeof *table)

static int compare(aim_str name, const char *other)
{
	size_t len = strlen(other);
	int order = memcmp(name.ptr, other, name.len < len ? name.len : len);
	return order ? order : (name.len > len) - (name.len < len);
}

static const aim__method *search(aim_str name)
{
	size_t low = 0, high = N_METHODS;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, table[middle].name);
		if (order == 0)
			return &table[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const aim__method *aim__method_find(aim_str name, uint32_t from)
{
	if (!name.ptr)
		return NULL;
	const aim__method *method = search(name);
	size_t prefix = strlen(any_notification.name);
	if (!method && name.len > prefix && memcmp(name.ptr, any_notification.name, prefix) == 0)
		method = &any_notification;
	return method && method->from & from ? method : NULL;
}

/* Gone with sessions and handshakes (MCP 2026-07-28, changelog). */
static const char *const removed[] = {"initialize", "logging/setLevel", "ping", "resources/subscribe", "resources/unsubscribe"};

const aim__method *aim__method_of(aim_str name, uint32_t from, int modern)
{
	for (size_t i = 0; modern && name.ptr && i < sizeof removed / sizeof *removed; i++)
		if (compare(name, removed[i]) == 0)
			return NULL;
	return aim__method_find(name, from);
}

const aim__method *aim__method_table(size_t *out_count)
{
	*out_count = N_METHODS;
	return table;
}
