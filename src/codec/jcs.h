/* codec/jcs.h — parts of the canonical form (RFC 8785) that the writer shares. */
#ifndef AIM_CODEC_JCS_H
#define AIM_CODEC_JCS_H

#include <aim/json.h>

/* aim__json_quote for text already known to be UTF-8. */
aim_status aim__json_quote_valid(aim_buf *out, aim_str text);

#endif
