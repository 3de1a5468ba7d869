/** aim/hash.h — SHA-256 by the context's crypto provider.
 *
 *      uint8_t digest[AIM_HASH_SHA256_LEN];
 *      rc = aim_hash_sha256(ctx, aim_bytes_from(file, file_len), digest);
 */
#ifndef AIM_HASH_H
#define AIM_HASH_H

#include <aim/ctx.h>

AIM_BEGIN_DECLS

/** Bytes of a digest. @since 0.1 */
#define AIM_HASH_SHA256_LEN 32

/** SHA-256 of bytes.
 *  @param bytes  in, borrowed; may be empty      @param out  out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_CALLBACK when the provider failed
 *  Threads: any.  Allocates: no.  Source: FIPS 180-4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_hash_sha256(const aim_ctx *ctx, aim_bytes bytes,
                                                    uint8_t out[AIM_HASH_SHA256_LEN]);

AIM_END_DECLS

#endif
