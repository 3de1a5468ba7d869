/* codec/toml.h — TOML 1.0 into a tree. */
#ifndef AIM_CODEC_TOML_H
#define AIM_CODEC_TOML_H

#include "codec/tree.h"

/* Reads tree->source, which is UTF-8 without a byte order mark. Tables become objects, dates and times strings as
 * they are written, inf and nan strings too, since JSON has no such numbers; integers decimal. AIM_OK, AIM_E_TOML,
 * AIM_E_JSON_DUPLICATE for a name or table defined twice, AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE, AIM_E_NOMEM. */
aim_status aim__toml_read(aim__tree *tree, aim_error *err);

/* A number, date, time, inf or nan. On 1 *out_type is AIM_JSON_NUMBER or AIM_JSON_STRING and *out its text. 0 when it
 * is none; *out_status AIM_E_NOMEM without memory. */
int aim__toml_scalar(aim__tree *tree, aim_str token, uint32_t *out_type, aim_str *out, aim_status *out_status);

/* Undoes the escapes of a basic string. NULL, or where a bad escape stands. out has room for raw.len bytes. */
const char *aim__toml_unescape(aim_str raw, int multi_line, char *out, size_t *out_len);

#endif
