/** aim/contentdigest.h — the Content-Digest field of HTTP (RFC 9530): ties a body to headers that are
 *  signed.
 *
 *      aim_buf *value = NULL;
 *      aim_buf_new(ctx, &value);
 *      rc = aim_contentdigest_make(ctx, body, value);            // "sha-256=:…:"
 *      ...
 *      rc = aim_contentdigest_verify(ctx, aim_buf_str(value), body, &err);
 *
 *  A digest alone protects from accidents only: whoever changes the body can change the field. Cover
 *  content-digest with a signature (aim/rfc9421.h), which checks the body as well.
 */
#ifndef AIM_CONTENTDIGEST_H
#define AIM_CONTENTDIGEST_H

#include <aim/buf.h>

AIM_BEGIN_DECLS

/** Appends the field's value for a body: its SHA-256.
 *  @param body  in, borrowed; may be empty     @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK
 *  Threads: confined (out).  Allocates: when out grows.  Source: RFC 9530 §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_contentdigest_make(const aim_ctx *ctx, aim_bytes body, aim_buf *out);

/** Whether the body is the one that the field describes. Algorithms other than sha-256 are ignored; one
 *  that is known must be there. Several lines of the field are joined with a comma first.
 *  @param value  in, borrowed; the field's value     @param body  in, borrowed; may be empty
 *  @return AIM_OK only when the digest matches; AIM_E_DIGEST (it does not, or none is known), AIM_E_HEADER
 *          (not a Content-Digest field), AIM_E_LIMIT, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes, freed at return.  Source: RFC 9530 §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_contentdigest_verify(const aim_ctx *ctx, aim_str value, aim_bytes body,
                                                             aim_error *err);

AIM_END_DECLS

#endif
