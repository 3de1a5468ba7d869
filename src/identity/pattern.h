/* identity/pattern.h — capability and resource patterns, compared segment by segment. See aim/grant.h
 * for what they mean. Pure functions; time is at most proportional to pattern times text. */
#ifndef AIM_IDENTITY_PATTERN_H
#define AIM_IDENTITY_PATTERN_H

#include <aim/span.h>

/* 1 when text is segments of [A-Za-z0-9_.-] joined by ':'; wildcards: a segment may be '*'. */
int aim__capability_valid(aim_str text, int wildcards);
/* Whether pattern covers capability. Both valid; a '*' of capability is covered only by a '*'. */
int aim__capability_covers(aim_str pattern, aim_str capability);

/* 1 when every "**" is a whole segment and there are no control characters. */
int aim__resource_pattern_valid(aim_str pattern);
int aim__resource_matches(aim_str pattern, aim_str resource);
/* 1 when a segment is "..", split at '/' or '\\', also where these are percent-encoded. */
int aim__resource_climbs(aim_str resource);

#endif
