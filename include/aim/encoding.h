/** aim/encoding.h — bytes as text and back: base64, base64url (RFC 4648), hex and base58.
 *
 *      aim_buf *text = NULL;
 *      if (aim_buf_new(ctx, &text) == AIM_OK &&
 *          aim_encoding_encode(AIM_ENCODING_HEX, digest, text) == AIM_OK)
 *          puts(aim_buf_str(text).ptr);
 *      aim_buf_free(text);
 *
 *  Decoding is strict, so that each byte string has one text: no white space, no foreign
 *  characters, exact padding, unused bits zero (RFC 4648 §3.5). Only hex is read in either case.
 *  Except base58, the time depends on the length alone, so keys may pass through.
 */
#ifndef AIM_ENCODING_H
#define AIM_ENCODING_H

#include <aim/buf.h>

AIM_BEGIN_DECLS

/** Forms of text. @since 0.1 */
#define AIM_ENCODING_BASE64 1u           /**< RFC 4648 §4, padded */
#define AIM_ENCODING_BASE64_UNPADDED 2u  /**< RFC 4648 §4 without '=' */
#define AIM_ENCODING_BASE64URL 3u        /**< RFC 4648 §5 without '=', as JOSE uses it */
#define AIM_ENCODING_BASE64URL_PADDED 4u /**< RFC 4648 §5, padded */
#define AIM_ENCODING_HEX 5u              /**< RFC 4648 §8; written in lower case, read in both */
#define AIM_ENCODING_BASE58 6u           /**< the alphabet of Bitcoin and of multibase 'z' */

/** Most bytes base58 encodes, and most characters it decodes: its cost is quadratic. @since 0.1 */
#define AIM_ENCODING_BASE58_MAX 1024u

/** Appends the text of in.
 *  @param form  in, AIM_ENCODING_*     @param in  in, borrowed
 *  @param out   in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID for an unknown form or NULL, AIM_E_NOMEM, AIM_E_LIMIT past the
 *          buffer's bound or AIM_ENCODING_BASE58_MAX
 *  Threads: confined (out).  Allocates: when out grows.  Source: RFC 4648.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_encoding_encode(uint32_t form, aim_bytes in, aim_buf *out);

/** Appends the bytes that text stands for. The error names the offset and the kind of the first
 *  byte that is wrong, never the byte.
 *  @param form  in, AIM_ENCODING_*     @param text  in, borrowed
 *  @param out   in; untouched on failure     @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_ENCODING, AIM_E_INVALID for an unknown form or NULL, AIM_E_NOMEM,
 *          AIM_E_LIMIT
 *  Threads: confined (out).  Allocates: when out grows.  Source: RFC 4648.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_encoding_decode(uint32_t form, aim_str text, aim_buf *out,
                                                        aim_error *err);

AIM_END_DECLS

#endif
