/* mcp/entries.h — prompts, resources and resource templates that a server lists: scanned like tools, and withheld when
 * something critical is found. Confined, like the guard it belongs to. */
#ifndef AIM_MCP_ENTRIES_H
#define AIM_MCP_ENTRIES_H

#include "base/map.h"
#include "codec/json.h"

#include <aim/fingerprint.h>

struct aim_guard;
struct aim__message;
struct aim__request;

/* A definition that was scanned in this connection. */
typedef struct aim__entry_seen {
	uint8_t surface[AIM_FINGERPRINT_LEN];
	uint32_t severity;
} aim__entry_seen;

/* An entry that is withheld. */
typedef struct aim__entry_flagged {
	size_t len;
	uint8_t key[]; /* its kind, then its name */
} aim__entry_flagged;

typedef struct aim__entries {
	aim__map seen;    /* surface → aim__entry_seen *, bounded */
	aim__map flagged; /* key → aim__entry_flagged *, bounded */
} aim__entries;

void aim__entries_init(aim__entries *entries, const aim_ctx *ctx);
void aim__entries_dispose(aim__entries *entries, const aim_ctx *ctx);

/* A page of a list: what may not be shown is cut out, or marked. AIM_OK, AIM_DENIED (the page is withheld, the client was
 * told), AIM_E_NOMEM. */
aim_status aim__entries_page(struct aim_guard *guard, const struct aim__message *message,
                             const struct aim__request *request, aim_error *err);
/* Is what a request is about withheld? action: of the method. */
int aim__entries_refuses(const struct aim_guard *guard, const char *action, aim_str subject);

#endif
