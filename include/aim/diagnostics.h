/** aim/diagnostics.h — a list of problems, each with its place: what a policy with twelve mistakes
 *  gives back. Confined while a call fills it, immutable afterwards.
 *
 *      aim_diagnostics *d = NULL;
 *      aim_diagnostics_new(ctx, &d);
 *      if (aim_policy_compile(ctx, text, NULL, &policy, d, &err) != AIM_OK)
 *          for (size_t i = 0; i < aim_diagnostics_count(d); i++)
 *              puts(aim_diagnostics_at(d, i)->message);
 *      aim_diagnostics_free(d);
 */
#ifndef AIM_DIAGNOSTICS_H
#define AIM_DIAGNOSTICS_H

#include <aim/ctx.h>

AIM_BEGIN_DECLS

typedef struct aim_diagnostics aim_diagnostics;

/** An empty list; at most 100 problems are kept, the rest is counted.
 *  @param out  out, owned; free with aim_diagnostics_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_diagnostics_new(aim_ctx *ctx, aim_diagnostics **out);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_diagnostics_free(aim_diagnostics *diagnostics);

/** How many are kept.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_diagnostics_count(const aim_diagnostics *diagnostics);

/** How many were found and not kept.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_diagnostics_dropped(const aim_diagnostics *diagnostics);

/** The problem at index, borrowed until the list changes or is freed; NULL past the end.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_error *aim_diagnostics_at(const aim_diagnostics *diagnostics, size_t index);

AIM_END_DECLS

#endif
