/** aim/vectorscan.h — Vectorscan, or Hyperscan, as the engine of pattern sets: libaim-vectorscan, a shared
 *  object of its own with a pkg-config file of that name.
 *
 *      aim_ctx_options o = {.struct_size = sizeof o, .matcher = aim_vectorscan_matcher()};
 *      rc = aim_ctx_new(&o, &ctx, &err);       // AIM_E_SELF_TEST: this release forgets matches; go on without
 *
 *  It runs over a text once for all patterns and says which may match; PCRE2 confirms and locates those. Hits are
 *  those of PCRE2 alone. Patterns that Vectorscan cannot take exactly (lookaround, backreferences) it takes loosely, and
 *  what it cannot take at all is left to PCRE2.
 */
#ifndef AIM_VECTORSCAN_H
#define AIM_VECTORSCAN_H

#include <aim/plugin/matcher.h>

AIM_BEGIN_DECLS

/** The engine: it scans. Databases are compiled for any processor that Vectorscan runs on, and can be serialised.
 *  Vectorscan takes its memory from malloc; compiling hundreds of patterns takes it seconds.
 *  @return static table, user and destroy NULL; NULL on a processor that Vectorscan does not run on: PCRE2 is then used
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const aim_matcher *aim_vectorscan_matcher(void);

AIM_END_DECLS

#endif
