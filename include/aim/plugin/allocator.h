/** aim/plugin/allocator.h — bring your own memory.
 *
 *      static void *my_alloc(void *user, size_t size) { return pool_take(user, size); }
 *      static void my_free(void *user, void *ptr, size_t size) { pool_give(user, ptr, size); }
 *      ...
 *      aim_allocator a = {sizeof a, 0, my_alloc, NULL, my_free, pool, NULL};
 *
 *  The functions may be called from any thread that uses the context.
 */
#ifndef AIM_PLUGIN_ALLOCATOR_H
#define AIM_PLUGIN_ALLOCATOR_H

#include <aim/api.h>

AIM_BEGIN_DECLS

/** Copied by aim_ctx_new(). @since 0.1 */
typedef struct aim_allocator {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	/** size > 0; aligned for any type; NULL on failure. Required. */
	void *(*alloc)(void *user, size_t size);
	/** ptr not NULL, both sizes > 0; on failure NULL and ptr stays valid. Optional. */
	void *(*resize)(void *user, void *ptr, size_t old_size, size_t new_size);
	/** ptr not NULL, size as allocated. Required. */
	void (*free)(void *user, void *ptr, size_t size);
	void *user;
	/** Runs once, after the last free. Optional. */
	void (*destroy)(void *user);
} aim_allocator;

AIM_END_DECLS

#endif
