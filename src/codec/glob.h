/* codec/glob.h — the pattern language of names: '*' stands for any characters, also none; '?' for one character. The
 * whole text must match. */
#ifndef AIM_CODEC_GLOB_H
#define AIM_CODEC_GLOB_H

#include <aim/span.h>

/* folded: ASCII letters match without regard to case. */
int aim__glob_match(aim_str pattern, aim_str text, int folded);

/* The same in at most so many steps, of one byte each: 1, 0, or -1 when they do not suffice. */
int aim__glob_match_within(aim_str pattern, aim_str text, int folded, uint64_t steps);

#endif
