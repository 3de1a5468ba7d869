/* codec/der.h — a cursor over DER (X.690 §10): definite, minimal lengths and one-byte tags, which is all that
 * key files use. It takes items apart and does not know what they mean. Confined. */
#ifndef AIM_CODEC_DER_H
#define AIM_CODEC_DER_H

#include <aim/span.h>

#define AIM__DER_INTEGER 0x02u
#define AIM__DER_BIT_STRING 0x03u
#define AIM__DER_OCTET_STRING 0x04u
#define AIM__DER_OID 0x06u
#define AIM__DER_SEQUENCE 0x30u
#define AIM__DER_CONTEXT_0 0xA0u /* [0], constructed */
#define AIM__DER_CONTEXT_1 0xA1u
#define AIM__DER_CONTEXT_1_PRIMITIVE 0x81u

typedef struct aim__der {
	const uint8_t *at;
	size_t left;
} aim__der;

static inline aim__der aim__der_over(aim_bytes bytes)
{
	return (aim__der){bytes.ptr, bytes.len};
}

/* Takes the next item. NULL, or static text of what is wrong with it ("is cut short", …); then nothing is
 * taken. */
const char *aim__der_next(aim__der *in, uint8_t *out_tag, aim_bytes *out_content);
/* The same for an item that must have this tag. */
const char *aim__der_take(aim__der *in, uint8_t tag, aim_bytes *out_content);
/* The tag of the next item, 0 at the end. */
uint8_t aim__der_peek(const aim__der *in);

#endif
