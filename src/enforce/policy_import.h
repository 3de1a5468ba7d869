/* enforce/policy_import.h — documents of two other shapes, rewritten as policies: AIM's security policies
 * ("security_policies") and tool policies of the trust proxy ("tools"). */
#ifndef AIM_ENFORCE_POLICY_IMPORT_H
#define AIM_ENFORCE_POLICY_IMPORT_H

#include "codec/writer.h"
#include "enforce/reader.h"

/* A tool of a document of tool policies. */
typedef struct aim__tool_policy {
	aim_str name;
	aim_str description;
	uint32_t flags; /* AIM__TOOL_* */
	uint32_t min_trust;
	uint32_t max_calls_per_minute;
	aim_json_value capabilities; /* a list; AIM_JSON_NONE */
} aim__tool_policy;
#define AIM__TOOL_MIN_TRUST 1u
#define AIM__TOOL_BLOCKED 2u

typedef struct aim__tool_document {
	uint32_t default_min_trust;
	uint32_t require_did;
	aim_str name;
	aim_json_value blocked_dids; /* AIM_JSON_NONE when absent */
	aim_json_value tools;
} aim__tool_document;

/* Which shape a document has. */
int aim__is_security_document(const aim_json *doc);
int aim__is_tool_document(const aim_json *doc);

/* Writes the policy that the document amounts to at out. AIM_OK, AIM_E_POLICY, AIM_E_LIMIT, AIM_E_NOMEM; problems as in
 * reader.h, with the places of doc. */
aim_status aim__security_rewrite(aim_ctx *ctx, const aim_json *doc, aim_buf *out, aim_diagnostics *diagnostics,
                                 aim_error *err);
aim_status aim__tools_rewrite(aim_ctx *ctx, const aim_json *doc, aim_buf *out, aim_diagnostics *diagnostics,
                              aim_error *err);

/* Reads the head of a document of tool policies; then each tool. Problems go to the reader. */
void aim__tool_document_read(aim__reader *reader, aim_ctx *ctx, aim__tool_document *out);
void aim__tool_policy_read(aim__reader *reader, aim_ctx *ctx, aim_json_value value, aim__tool_policy *out);

#endif
