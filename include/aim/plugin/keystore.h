/** aim/plugin/keystore.h — seal keystores under a key that a key-management service keeps, instead of a passphrase.
 *
 *      static const aim_keystore_wrapper kms = {sizeof kms, 0, "example-kms", kms_wrap, kms_unwrap, NULL};
 *      aim_keystore_options o = {.struct_size = sizeof o, .wrapper = &kms};
 *      rc = aim_keystore_seal(key, (aim_bytes){NULL, 0}, agent_id, &o, out, &err);
 *
 *  The service sees a random data key of 32 bytes, never the seed. Both functions run on the thread that seals or
 *  opens and may take as long as they need; they must not call back into libaim with the same buffer.
 */
#ifndef AIM_PLUGIN_KEYSTORE_H
#define AIM_PLUGIN_KEYSTORE_H

#include <aim/span.h>
#include <aim/status.h>

AIM_BEGIN_DECLS

/** Most bytes of a wrapped data key. @since 0.1 */
#define AIM_KEYSTORE_WRAPPED_MAX 1024u

/** Borrowed for the call. @since 0.1 */
typedef struct aim_keystore_wrapper {
	uint32_t struct_size;
	uint32_t flags;   /**< 0 */
	const char *name; /**< kept in the container and compared when it is opened; at most 64 bytes; required */
	/** Wraps the data key, bound to associated where the service can. Writes at most cap bytes. Required.
	 *  @return AIM_OK; anything else is reported as AIM_E_CALLBACK with it as native_code */
	aim_status (*wrap)(void *user, aim_bytes associated, const uint8_t data_key[32], uint8_t *out, size_t cap,
	                   size_t *out_len);
	/** The data key again. Required.  @return as wrap */
	aim_status (*unwrap)(void *user, aim_bytes associated, aim_bytes wrapped, uint8_t out_data_key[32]);
	void *user;
} aim_keystore_wrapper;

AIM_END_DECLS

#endif
