/** aim/discoveryfile.h — files and folders of a POSIX system for aim_discovery_scan(). Functions; no state.
 *
 *      aim_discovery_reader reader = {.struct_size = sizeof reader};
 *      aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX};
 *      place.home = aim_str_from(getenv("HOME"));
 *      place.cwd = aim_str_from("/srv/project");
 *      rc = aim_discoveryfile_reader(&reader);
 *      if (rc == AIM_OK)
 *          rc = aim_discovery_scan(found, &place, &reader, &err);
 *
 *  Only regular files are read: a FIFO, a device, a socket or a folder in a file's place is a problem that is reported,
 *  and nothing waits for it. Symbolic links are followed, as people keep their configuration behind them. Nothing is
 *  written, locked or started.
 */
#ifndef AIM_DISCOVERYFILE_H
#define AIM_DISCOVERYFILE_H

#include <aim/discovery.h>

AIM_BEGIN_DECLS

/** Fills in read and list; user stays NULL. What they report: AIM_E_NOT_FOUND, AIM_E_JSON_SIZE for a file that is too
 *  large, AIM_E_UNSUPPORTED for what is no regular file (or no folder), AIM_E_IO with errno as native_code and words in
 *  the message, AIM_E_NOMEM.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: any; so are the functions it fills in.  Allocates: no; read: when its buffer grows.
 *  Source: POSIX.1-2008.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_discoveryfile_reader(aim_discovery_reader *out);

AIM_END_DECLS

#endif
