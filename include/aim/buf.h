/** aim/buf.h — a growable byte buffer that calls write their output into. Confined.
 *
 *      aim_buf *out = NULL;
 *      aim_buf_new(ctx, &out);
 *      aim_json_canonicalize(doc, AIM_JSON_ROOT, 0, out, &err); // appends
 *      fwrite(aim_buf_bytes(out).ptr, 1, aim_buf_bytes(out).len, stdout);
 *      aim_buf_clear(out);                        // keeps the memory for the next call
 *      aim_buf_free(out);
 *
 *  A call that appends and then fails leaves the buffer as it was before the call.
 */
#ifndef AIM_BUF_H
#define AIM_BUF_H

#include <aim/ctx.h>
#include <aim/span.h>

AIM_BEGIN_DECLS

typedef struct aim_buf aim_buf;

/** An empty buffer.
 *  @param ctx  in, borrowed; kept alive until the buffer is freed
 *  @param out  out, owned; free with aim_buf_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_buf_new(aim_ctx *ctx, aim_buf **out);

/** Frees the buffer and its bytes; the bytes are wiped first. NULL is ignored.
 *  Threads: confined.  @since 0.1 */
AIM_API void aim_buf_free(aim_buf *buf);

/** The bytes so far, borrowed until the next call that changes buf. Always followed by one NUL that
 *  is not counted, so text can be printed.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_buf_bytes(const aim_buf *buf);

/** The same bytes as text.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_buf_str(const aim_buf *buf);

/** Forgets the content (wiped), keeps the memory.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API void aim_buf_clear(aim_buf *buf);

/** Appends bytes, which may be a piece of the buffer itself.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT past limits.max_buffer_bytes
 *  Threads: confined.  Allocates: when it grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_buf_append(aim_buf *buf, aim_bytes bytes);

AIM_END_DECLS

#endif
