/* cli/common/records.h — records of the audit log as a list. */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include "screen.h"

typedef struct records {
	table *table;
	aim_json *doc;
	int broken; /* one was not JSON */
} records;

/* Returns 0, or −1 after saying that there is no memory. */
int records_open(records *r, aim_ctx *ctx);
/* aim_audit_visit; user is the records. Ends the walk with AIM_E_IO when output fails. */
aim_status records_visit(void *user, uint64_t position, aim_str record, aim_bytes salt);
/* aim_trail_visit; the same. */
aim_status records_visit_trail(void *user, const aim_trail_record *record);
void records_close(records *r, const char *nothing);

#endif
