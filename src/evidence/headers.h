/* evidence/headers.h — one header after the other, for those who look for more than a name. */
#ifndef AIM_EVIDENCE_HEADERS_H
#define AIM_EVIDENCE_HEADERS_H

#include <aim/headers.h>

/* Cuts the next header off *rest and counts its line. AIM_OK, AIM_E_NOT_FOUND at the end (an empty line, or nothing
 * more), AIM_E_HEADER for a line that is no header. The value is trimmed and otherwise as it stands. */
aim_status aim__headers_next(aim_str *rest, size_t *number, aim_str *out_name, aim_str *out_value, aim_error *err);

#endif
