/* codec/jcs_sort.h — the order of members (RFC 8785 §3.2.3). */
#ifndef AIM_CODEC_JCS_SORT_H
#define AIM_CODEC_JCS_SORT_H

#include <aim/json.h>

/* Fills out with the count member values of object, the last in canonical order first. AIM_OK,
 * AIM_E_NOMEM. */
aim_status aim__jcs_sort(const aim_json *doc, aim_json_value object, size_t count, uint32_t *out);

#endif
