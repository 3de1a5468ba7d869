/* identity/status.h — names of the statuses, as they are stored. */
#ifndef AIM_IDENTITY_STATUS_H
#define AIM_IDENTITY_STATUS_H

/* By AIM_REGISTRY_*; [0] is "unknown" and never stored; ends with NULL. */
extern const char *const aim__status_names[];

#endif
