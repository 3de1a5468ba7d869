/* mcp/inspect.h — scanning what a server shows. Confined, like the guard it belongs to. */
#ifndef AIM_MCP_INSPECT_H
#define AIM_MCP_INSPECT_H

#include "mcp/guard.h"

/* Scans a definition of the line in work unless that was done for this fingerprint or a person approved it. AIM_OK,
 * AIM_E_NOMEM, what aim_audit_append() returns: then it stays unscanned. */
aim_status aim__inspect_listed(aim_guard *guard, aim__tool *tool, aim_json_value definition, aim_error *err);
/* The same for a tool that only the baseline knows. A failure leaves it unscanned. */
void aim__inspect_stored(aim_guard *guard, aim__tool *tool);
/* An entry of another list, which answers method: scanned, recorded, told. AIM_E_LIMIT: too much to scan. */
aim_status aim__inspect_entry(aim_guard *guard, const char *method, aim_json_value definition, aim_str name,
                              const aim_fingerprint *print, uint32_t *out_severity, aim_error *err);
/* Keeps the verdicts of the page in the store. They save work and nothing else, so only AIM_E_NOMEM is a failure. */
aim_status aim__inspect_keep(aim_guard *guard);
/* aim_drift_scan: does a text that changed carry instructions? user is the guard. */
aim_status aim__inspect_grave(void *user, aim_str text, int32_t *out_grave);
/* The server's instructions: recorded and told. */
aim_status aim__inspect_instructions(aim_guard *guard, aim_str text, uint32_t *out_severity, aim_error *err);

/* The definition that is shown now was scanned. */
int aim__inspect_done(const aim__tool *tool);
/* Critical or not scanned, and not approved. */
int aim__inspect_refuses(const aim__tool *tool);
void aim__inspect_dispose(aim_guard *guard);

/* responses.c: a result of the server that the client's model will read. AIM_OK: it goes on as it is; AIM_DENIED: it does not,
 * and the client was answered; AIM_E_NOMEM. */
aim_status aim__responses_check(aim_guard *guard, const aim__message *m, const aim__request *request, aim_error *err);

#endif
