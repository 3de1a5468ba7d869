/* mcp/surface.h — the tools a server shows: assembled over the pages of a list, compared with the
 * baseline, and looked up when one is called. Without a baseline the first list of the connection is the
 * one to compare with. Confined. */
#ifndef AIM_MCP_SURFACE_H
#define AIM_MCP_SURFACE_H

#include "base/buf.h"
#include "base/map.h"
#include "codec/json.h"

#include <aim/baseline.h>
#include <aim/drift.h>

/* Bits of aim__tool.state. */
#define AIM__TOOL_LISTED 1u      /* shown in this connection */
#define AIM__TOOL_CHANGED 2u     /* not as in the baseline */
#define AIM__TOOL_ADDED 4u       /* not in the baseline of a server that has one */
#define AIM__TOOL_AMBIGUOUS 8u   /* its name stands twice in the list */
#define AIM__TOOL_DESTRUCTIVE 16u /* says so itself, in so many words */
#define AIM__TOOL_APPROVED 32u
#define AIM__TOOL_FIRST 64u      /* first sight made it the baseline */
#define AIM__TOOL_UNREADABLE 128u /* not a definition that can be fingerprinted */

/* Not the tool that was agreed to. */
#define AIM__TOOL_DRIFTED (AIM__TOOL_CHANGED | AIM__TOOL_ADDED | AIM__TOOL_AMBIGUOUS)

typedef struct aim__tool {
	uint8_t *name;
	size_t name_len;
	uint32_t state;
	uint32_t told; /* state when the host was last told */
	uint64_t list; /* number of the list it was last seen in */
	uint8_t surface[AIM_FINGERPRINT_LEN]; /* of what is shown now */
	uint8_t pinned[AIM_FINGERPRINT_LEN];  /* without baseline: of the first list */
	int is_pinned;
	int is_scanned;
	uint32_t scan_severity; /* AIM_SCAN_*, of scanned; 0: nothing was found */
	uint8_t scanned[AIM_FINGERPRINT_LEN]; /* surface of what was scanned last */
	char fingerprint[AIM_FINGERPRINT_TEXT_SIZE];
} aim__tool;

/* A tool of the list in work; offsets into aim__surface.assembly. */
typedef struct aim__listed {
	size_t name;
	size_t name_len;
	size_t raw;
	size_t raw_len;
} aim__listed;

typedef struct aim__surface {
	aim_ctx *ctx;           /* borrowed */
	aim_baseline *baseline; /* owned; NULL without a registry */
	aim_drift *drift;       /* borrowed; there is one when there is a baseline */
	uint64_t settled;       /* version of the baseline's list whose drift record stands */
	aim__map by_name;
	aim__tool **tools;
	size_t n_tools;
	size_t cap_tools;
	aim_buf assembly; /* names and definitions of the list in work */
	aim__listed *listed;
	size_t n_listed;
	size_t cap_listed;
	aim_baseline_item *items; /* the same as observe wants it */
	size_t cap_items;
	aim_json scratch; /* a stored definition */
	uint64_t list;    /* number of the list in work */
	size_t n_observed; /* of listed, when last compared with the baseline */
	int first_list_done; /* without a baseline: there is something to compare with */
} aim__surface;

/* For whom a list is observed, and who hears of a drift record that is opened by it. */
typedef struct aim__surface_watcher {
	aim_str agent, session;
	aim_drift_notify opened;
	void *user;
} aim__surface_watcher;

static inline aim_str aim__tool_name(const aim__tool *tool)
{
	aim_str name = {(const char *)tool->name, tool->name_len};
	return name;
}

void aim__surface_init(aim__surface *surface, aim_ctx *ctx);
void aim__surface_dispose(aim__surface *surface);
/* Takes over the server's baseline. */
aim_status aim__surface_open(aim__surface *surface, aim_registry *registry, aim_str server, aim_error *err);

/* A first page begins: forgets the list in work. */
void aim__surface_begin(aim__surface *surface);
/* One definition of a page. *out is NULL when it is none that can be fingerprinted. *out_again: the name
 * stands in this list already. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__surface_add(aim__surface *surface, const aim_json *doc, aim_json_value definition,
                            aim__tool **out, int *out_again);
/* The list is complete: what is not in it is no longer offered. */
void aim__surface_finish(aim__surface *surface);
/* Compares the list so far with the baseline and records what that finds, unless that was done.
 * *out_done says that it was done now. */
aim_status aim__surface_observe(aim__surface *surface, const aim__surface_watcher *watcher, int *out_done, aim_error *err);
/* After a change of the baseline by others: judges again what is shown. */
aim_status aim__surface_refresh(aim__surface *surface, aim_error *err);

/* The tool of that name as listed, or as it stands in the baseline; NULL when neither. */
aim__tool *aim__surface_find(aim__surface *surface, aim_str name);
/* The definition of that name as listed last, or as it stands in the baseline; empty when neither. Borrowed until the
 * next list. */
aim_bytes aim__surface_definition(const aim__surface *surface, aim_str name);
size_t aim__surface_drifted(const aim__surface *surface);

#endif
