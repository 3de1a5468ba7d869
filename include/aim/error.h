/** aim/error.h — what went wrong, where, and what was expected. Caller-owned, fixed size, confined.
 *
 *      aim_error err = {0};
 *      if (aim_json_parse(doc, text, 0, &err) != AIM_OK)
 *          fprintf(stderr, "line %u, column %u: %s\n", err.line, err.column, err.message);
 *
 *  Messages never hold keys, tokens or argument values. Bytes that came from outside are shown with
 *  control characters and invalid UTF-8 replaced by '?'.
 */
#ifndef AIM_ERROR_H
#define AIM_ERROR_H

#include <aim/span.h>
#include <aim/status.h>

AIM_BEGIN_DECLS

/** The layer that failed (aim_error.layer). 0 when no error is set. @since 0.1 */
#define AIM_LAYER_NONE 0u
#define AIM_LAYER_BASE 1u
#define AIM_LAYER_CODEC 2u
#define AIM_LAYER_CRYPTO 3u
#define AIM_LAYER_STORE 4u
#define AIM_LAYER_AUDIT 5u
#define AIM_LAYER_IDENTITY 6u
#define AIM_LAYER_EVIDENCE 7u
#define AIM_LAYER_ASSESS 8u
#define AIM_LAYER_ENFORCE 9u
#define AIM_LAYER_MCP 10u
#define AIM_LAYER_BACKENDS 11u

/** Frozen at 512 bytes; its layout never changes. Zero it before first use. @since 0.1 */
typedef struct aim_error {
	aim_status status;   /**< same as the call's result */
	int32_t native_code; /**< errno, SQLite or callback code; 0 when there is none */
	uint64_t offset;     /**< byte offset from 0; meaningful when line is not 0 */
	uint32_t line;       /**< from 1; 0 when there is no position */
	uint32_t column;     /**< from 1, in bytes */
	uint32_t layer;      /**< AIM_LAYER_* */
	uint32_t reserved;   /**< 0 */
	char pointer[96];    /**< JSON Pointer (RFC 6901), NUL-terminated, "" when there is none */
	char message[384];   /**< one sentence, UTF-8, NUL-terminated, cut when too long */
} aim_error;

/** Sets every field to zero. NULL is ignored.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API void aim_error_clear(aim_error *err);

/** The layer's name, e.g. "codec"; "none" for 0 and unknown values.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_error_layer_name(uint32_t layer);

AIM_END_DECLS

#endif
