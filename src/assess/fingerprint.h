/* assess/fingerprint.h — fingerprinting with the caller's memory. */
#ifndef AIM_ASSESS_FINGERPRINT_H
#define AIM_ASSESS_FINGERPRINT_H

#include <aim/fingerprint.h>

#define AIM__FINGERPRINT_KINDS 9 /* AIM_FINGERPRINT_* are below it; 0 is none of them */
#define AIM__FINGERPRINT_SHOWN 6 /* kinds below it are what a server itself shows */

/* Names by kind, as they are hashed and stored; [0] is "unknown"; ends with NULL. */
extern const char *const aim__fingerprint_kinds[];

/* What the naming member says; {NULL, 0} unless definition is an object and that is a string that is
 * not empty. */
aim_str aim__definition_name(uint32_t kind, const aim_json *doc, aim_json_value definition);

/* As aim_fingerprint_value(); kind is valid. scratch is cleared and keeps its memory, so that the next
 * definition of the same size allocates nothing. */
aim_status aim__fingerprint(const aim_ctx *ctx, uint32_t kind, const aim_json *doc,
                            aim_json_value definition, aim_buf *scratch, aim_fingerprint *out,
                            aim_error *err);

#endif
