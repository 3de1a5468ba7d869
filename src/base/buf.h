/* base/buf.h — inside aim_buf, for the layers above that write output. Confined. */
#ifndef AIM_BASE_BUF_H
#define AIM_BASE_BUF_H

#include <aim/buf.h>

/* May be embedded (init/dispose) or on the heap (aim_buf_new). */
struct aim_buf {
	aim_ctx *ctx; /* referenced when on the heap, borrowed when embedded */
	uint8_t *ptr;
	size_t len;
	size_t cap;
	size_t max;
};

void aim__buf_init(aim_buf *buf, aim_ctx *ctx);
void aim__buf_dispose(aim_buf *buf);
/* Room for n more bytes and the NUL; then write at buf->ptr + buf->len and add to len. */
aim_status aim__buf_reserve(aim_buf *buf, size_t n);
aim_status aim__buf_add(aim_buf *buf, const void *ptr, size_t len);
aim_status aim__buf_add_str(aim_buf *buf, aim_str text);
aim_status aim__buf_add_text(aim_buf *buf, const char *text);
aim_status aim__buf_add_byte(aim_buf *buf, uint8_t byte);
aim_status aim__buf_add_u64(aim_buf *buf, uint64_t value);
aim_status aim__buf_add_i64(aim_buf *buf, int64_t value);
/* Cuts back to an earlier length, for callers that fail half way. */
void aim__buf_truncate(aim_buf *buf, size_t len);

#endif
