/* mcp/mcpdocument.h — a document as it was read.
 *
 *     mcpdocument.c        forms, reading
 *     mcpdocument_build.c  writing, signing, verifying
 */
#ifndef AIM_MCP_MCPDOCUMENT_H
#define AIM_MCP_MCPDOCUMENT_H

#include <aim/mcpdocument.h>

#include "codec/json.h"

struct aim_mcpdocument {
	aim_ctx *ctx; /* referenced */
	aim_json doc; /* everything else borrows from it */
	aim_mcpdocument_summary summary;
	aim_mcpdocument_capability *capabilities;
	aim_mcpdocument_endpoint *endpoints;
	size_t cap_capabilities, cap_endpoints;
};

/* AIM_E_MCPDOCUMENT with the place of a value, or of the root. */
aim_status aim__mcpdocument_refuse(const aim_json *doc, aim_json_value at, const char *expected, aim_error *err);

#endif
