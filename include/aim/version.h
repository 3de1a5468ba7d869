/** aim/version.h — the version compiled against and the one running.
 *
 *      if (aim_version() < AIM_VERSION)
 *          return refuse_old_library();
 */
#ifndef AIM_VERSION_H
#define AIM_VERSION_H

#include <aim/api.h>

AIM_BEGIN_DECLS

#define AIM_VERSION_MAJOR 0
#define AIM_VERSION_MINOR 1
#define AIM_VERSION_PATCH 0
/** major·1 000 000 + minor·1 000 + patch. @since 0.1 */
#define AIM_VERSION 1000
#define AIM_VERSION_TEXT "0.1.0"

/** The running library's AIM_VERSION.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_version(void);

/** The running library's AIM_VERSION_TEXT; static.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_version_text(void);

AIM_END_DECLS

#endif
