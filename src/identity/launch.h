/* identity/launch.h — words of a launch configuration that do not name what is started. */
#ifndef AIM_IDENTITY_LAUNCH_H
#define AIM_IDENTITY_LAUNCH_H

#include <aim/span.h>

/* 1 for the words of "cmd /c npx …" on Windows that are "npx …" elsewhere; index counts from the first word. */
int aim__launch_is_prefix(aim_str word, size_t index);
/* 1 for a command that is aim-guard, wherever it is installed: what it starts stands behind "--". */
int aim__launch_is_guard(aim_str command);

#endif
