/* codec/json_pointer.h — JSON Pointers (RFC 6901) into fixed memory, for messages. */
#ifndef AIM_CODEC_JSON_POINTER_H
#define AIM_CODEC_JSON_POINTER_H

#include "codec/json_read.h"

/* The place of a reader that failed, into err->pointer. Uses up the links of the open
 * containers. */
void aim__json_open_pointer(const aim__json_reader *r, aim_error *err);

#endif
