/* codec/pem.h — the textual envelope of key files (RFC 7468). */
#ifndef AIM_CODEC_PEM_H
#define AIM_CODEC_PEM_H

#include <aim/buf.h>

/* What aim__pem_open found. */
typedef struct aim__pem {
	aim_str label; /* "PRIVATE KEY"; borrowed from the text */
	aim_str body;  /* the lines between, borrowed */
} aim__pem;

/* Finds the one envelope that text consists of; a line end may follow. NULL, or static text of what is
 * wrong ("has no END line", …). */
const char *aim__pem_open(aim_str text, aim__pem *out);

/* Decodes the body's base64, line by line, into dst. NULL, or static text of what is wrong; dst is then
 * wiped. */
const char *aim__pem_decode(const aim__pem *pem, uint8_t *dst, size_t cap, size_t *out_len);

/* Appends the envelope with lines of `width` characters (at most 76). AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT; on failure out
 * is as before. */
aim_status aim__pem_write(aim_buf *out, const char *label, aim_bytes content, size_t width);

#endif
