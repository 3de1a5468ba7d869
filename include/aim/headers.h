/** aim/headers.h — finds HTTP headers by name, for the signature profiles. Confined; libaim has no
 *  HTTP of its own.
 *
 *      aim_headers h = {.struct_size = sizeof h, .block = text};   // "Host: a\r\nAIM-Nonce: …\r\n"
 *      rc = aim_headers_one(&h, aim_str_from("aim-nonce"), &value, &err);
 *
 *  Give the headers as text, or a callback that looks them up in the host's own table. Names are
 *  compared without regard to case (RFC 9110 §5.1). A header that carries a part of a signature
 *  stands exactly once: a second one would let two readers of one request see different values.
 */
#ifndef AIM_HEADERS_H
#define AIM_HEADERS_H

#include <aim/error.h>

AIM_BEGIN_DECLS

/** The most bytes of a block, and of one value. @since 0.1 */
#define AIM_HEADERS_MAX_BLOCK 65536u
#define AIM_HEADERS_MAX_VALUE 8192u

/** Where headers are. Exactly one of block and find is given. @since 0.1 */
typedef struct aim_headers {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	/** in, borrowed: lines `Name: value`, each ended by CRLF or LF, without the request line; ends at
	 *  the first empty line. */
	aim_str block;
	/** The value number index, from 0, of the headers of that name; borrowed as long as the result is
	 *  used. The name is in the case that libaim writes; compare without regard to it.
	 *  @return AIM_OK, AIM_E_NOT_FOUND when there are not so many; anything else is AIM_E_CALLBACK */
	aim_status (*find)(void *user, aim_str name, uint32_t index, aim_str *out_value);
	void *user;
} aim_headers;

/** The value of a header that must be there once, without the space around it.
 *  @param out  out, borrowed from the block or the callback, set only on AIM_OK
 *  @return AIM_OK, AIM_E_HEADER (missing, there twice, empty, longer than AIM_HEADERS_MAX_VALUE, with a
 *          control character; for a block also: a line that is no header, a folded line, longer than
 *          AIM_HEADERS_MAX_BLOCK), AIM_E_CALLBACK, AIM_E_INVALID, AIM_E_VERSION
 *  Threads: confined.  Allocates: no.  Source: RFC 9110 §5, RFC 9112 §5.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_headers_one(const aim_headers *headers, aim_str name,
                                                    aim_str *out, aim_error *err);

AIM_END_DECLS

#endif
