/* base/buf.c — growable byte buffer. Layer base. */
#include "base/buf.h"

#include "base/ctx.h"
#include "base/format.h"
#include "base/mem.h"

#include <string.h>

#define FIRST_CAP 256u

void aim__buf_init(aim_buf *buf, aim_ctx *ctx)
{
	memset(buf, 0, sizeof *buf);
	buf->ctx = ctx;
	/* Half the address space leaves room for the NUL and the doubling. */
	buf->max = ctx->limits.max_buffer_bytes < SIZE_MAX / 2 ? (size_t)ctx->limits.max_buffer_bytes
	                                                       : SIZE_MAX / 2;
}

void aim__buf_dispose(aim_buf *buf)
{
	aim__wipe(buf->ptr, buf->len);
	aim__free(buf->ctx, buf->ptr, buf->cap);
	buf->ptr = NULL;
	buf->len = buf->cap = 0;
}

aim_status aim__buf_reserve(aim_buf *buf, size_t n)
{
	size_t need;
	if (aim__add_overflows(buf->len, n, &need) || need > buf->max)
		return AIM_E_LIMIT;
	if (need < buf->cap)
		return AIM_OK;
	void *items = buf->ptr;
	aim_status rc = aim__grow(buf->ctx, &items, &buf->cap, need + 1, 1, FIRST_CAP, buf->max + 1);
	buf->ptr = items;
	return rc;
}

aim_status aim__buf_add(aim_buf *buf, const void *ptr, size_t len)
{
	aim_status rc = ptr || len == 0 ? aim__buf_reserve(buf, len) : AIM_E_INVALID;
	if (rc != AIM_OK)
		return rc;
	if (len)
		memcpy(buf->ptr + buf->len, ptr, len);
	buf->len += len;
	buf->ptr[buf->len] = 0;
	return AIM_OK;
}

aim_status aim__buf_add_str(aim_buf *buf, aim_str text)
{
	return aim__buf_add(buf, text.ptr, text.len);
}

aim_status aim__buf_add_text(aim_buf *buf, const char *text)
{
	return aim__buf_add(buf, text, strlen(text));
}

aim_status aim__buf_add_byte(aim_buf *buf, uint8_t byte)
{
	return aim__buf_add(buf, &byte, 1);
}

aim_status aim__buf_add_u64(aim_buf *buf, uint64_t value)
{
	char text[20];
	return aim__buf_add(buf, text, aim__u64_text(text, value));
}

aim_status aim__buf_add_i64(aim_buf *buf, int64_t value)
{
	char text[21];
	return aim__buf_add(buf, text, aim__i64_text(text, value));
}

void aim__buf_truncate(aim_buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	aim__wipe(buf->ptr + len, buf->len - len);
	buf->len = len;
}

aim_status aim_buf_new(aim_ctx *ctx, aim_buf **out)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_buf *buf = aim__alloc(ctx, sizeof *buf);
	if (!buf)
		return AIM_E_NOMEM;
	aim__buf_init(buf, aim__ctx_ref(ctx));
	*out = buf;
	return AIM_OK;
}

void aim_buf_free(aim_buf *buf)
{
	if (!buf)
		return;
	aim_ctx *ctx = buf->ctx;
	aim__buf_dispose(buf);
	aim__free(ctx, buf, sizeof *buf);
	aim__ctx_unref(ctx);
}

aim_bytes aim_buf_bytes(const aim_buf *buf)
{
	static const uint8_t nothing[1] = {0};
	aim_bytes bytes = {nothing, 0};
	if (buf && buf->ptr) {
		bytes.ptr = buf->ptr;
		bytes.len = buf->len;
	}
	return bytes;
}

aim_str aim_buf_str(const aim_buf *buf)
{
	aim_bytes bytes = aim_buf_bytes(buf);
	aim_str text = {(const char *)bytes.ptr, bytes.len};
	return text;
}

void aim_buf_clear(aim_buf *buf)
{
	if (buf && buf->ptr) {
		aim__buf_truncate(buf, 0);
		buf->ptr[0] = 0;
	}
}

aim_status aim_buf_append(aim_buf *buf, aim_bytes bytes)
{
	if (!buf)
		return AIM__MISUSE(NULL, "buf is required");
	if (!bytes.ptr && bytes.len)
		return AIM__MISUSE(buf->ctx, "bytes has a length and no pointer");
	size_t inside = (size_t)((uintptr_t)bytes.ptr - (uintptr_t)buf->ptr);
	if (!buf->ptr || inside >= buf->cap)
		return aim__buf_add(buf, bytes.ptr, bytes.len);
	aim_status rc = aim__buf_reserve(buf, bytes.len); /* a piece of itself: it may have moved */
	return rc == AIM_OK ? aim__buf_add(buf, buf->ptr + inside, bytes.len) : rc;
}
