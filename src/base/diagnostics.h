/* base/diagnostics.h — adding to a list of problems. */
#ifndef AIM_BASE_DIAGNOSTICS_H
#define AIM_BASE_DIAGNOSTICS_H

#include <aim/diagnostics.h>

/* Adds a copy of problem; when memory or the list is full it is only counted. d may be NULL. */
void aim__diagnostics_add(aim_diagnostics *d, const aim_error *problem);

#endif
