/** aim/api.h — the rules every function of libaim obeys, and the export macros.
 *
 *  Read this once; the other headers only say where they differ.
 *
 *  Results. Calls that can fail return aim_status: AIM_OK (0) or a negative code. Verdicts are safe
 *  when zeroed: deny, unknown, unverified. A verify call returns AIM_OK only when valid; an
 *  authorising call returns AIM_OK only for allow, else AIM_DENIED or AIM_ASK. Outputs are written
 *  only on AIM_OK, except verdicts, which are set to their safest value first.
 *
 *  Errors. Calls that parse, do I/O or run a plug-in take a caller-owned `aim_error *err` last; it
 *  may be NULL. There is no thread-local or global "last error".
 *
 *  Arguments. Handle, inputs, options, outputs, callback + user + destroy, err. Inputs are borrowed
 *  for the call unless the comment says otherwise. A NULL handle or NULL required pointer is misuse:
 *  the misuse callback of the context runs (when there is a context) and the call returns
 *  AIM_E_INVALID; nothing aborts. Free functions take NULL and do nothing.
 *
 *  Structs. Option structs start with `uint32_t struct_size` (set it to sizeof) and `uint32_t flags`;
 *  fields are only ever appended; zero means default. A non-zero tail that this library does not
 *  know is refused with AIM_E_VERSION. Output structs are written up to their struct_size.
 *
 *  Memory. Everything libaim allocates goes through the context's allocator. "owned" means free with
 *  the named function; "borrowed" says until when.
 *
 *  Threads. Each type is *immutable* (share freely), *confined* (one thread at a time) or *locked*
 *  (share freely, it locks inside). A const pointer may be used concurrently.
 *
 *  Plug-in tables carry a `user` pointer and a `destroy` that runs exactly once, also when the call
 *  that received the table fails.
 *
 *  Source: the project's docs/stability.md.  @since 0.1
 */
#ifndef AIM_API_H
#define AIM_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define AIM_BEGIN_DECLS extern "C" {
#define AIM_END_DECLS }
#else
#define AIM_BEGIN_DECLS
#define AIM_END_DECLS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define AIM_API __attribute__((visibility("default")))
#define AIM_CHECK_RESULT __attribute__((warn_unused_result))
#else
#define AIM_API
#define AIM_CHECK_RESULT
#endif

#endif
