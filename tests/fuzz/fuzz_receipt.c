/* No input but a receipt of the log that the seeds are of can be accepted: its record is then in the
 * input, byte for byte. */
#include <aim/receipt.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of the key that signed the seeds; its private half is gone. */
static const char vkey[] = "example.com/agents/log+468d75be+Ad3eiZanlWQ/W8N8vpZ1KamWEm5du5XotX77uPiVJl0d";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	aim_str bytes = {(const char *)data, size}, origin = {NULL, 0};
	aim_bytes arguments = {NULL, 0};
	aim_receipt r = {.struct_size = sizeof r};
	if (!ctx && aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		abort();
	if (aim_receipt_verify(ctx, bytes, aim_str_from(vkey), origin, arguments, &r, NULL) != AIM_OK)
		return 0;
	if (r.record.ptr < bytes.ptr || r.record.ptr + r.record.len > bytes.ptr + bytes.len ||
	    r.position >= r.size)
		abort();
	return 0;
}
